/* One page that carries everything with it: style inline, no script, no address to fetch, a policy
 * that forbids both. */
#include <md4c-html.h>

#include "base/escape.h"
#include "report/report.h"

static const char page_head[] =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'\">\n"
        "<style>\n"
        "body{font:11pt/1.45 system-ui,sans-serif;max-width:76em;margin:2em auto;padding:0 "
        "1em;color:#111;background:#fff}\n"
        "h1{font-size:1.5em}h2{font-size:1.15em;border-bottom:1px solid "
        "#bbb;padding-bottom:.2em;margin-top:1.6em}\n"
        "table{border-collapse:collapse;width:100%;font-size:.85em}td,th{border:1px solid "
        "#bbb;padding:.2em .45em;text-align:left;\n"
        "overflow-wrap:anywhere;vertical-align:top}th,td:first-child,td:nth-child(3),td:last-child{white-space:nowrap}code{background:#eee;padding:0 "
        ".2em}svg{width:100%;height:auto}\n"
        "@page{margin:16mm}@media "
        "print{body{margin:0;max-width:none}h2{break-after:avoid}tr{break-inside:avoid}}\n"
        "</style>\n<title>";

#define SVG_W 1000
#define SVG_H 90
#define SVG_BASE 70

static void svg_mark(struct buf *out, const struct timeline_row *r, mw_time from, int64_t span)
{
	double x = 10 + (SVG_W - 20) * ((double)(r->time - from) / (double)span);
	double w = (SVG_W - 20) * ((double)(r->to - r->time) / (double)span);
	double h = r->count > 1000 ? 50 : r->count > 100 ? 40 : r->count > 10 ? 28 : 16;
	struct buf label = BUF_INIT;
	buf_add(&label, r->what.s, r->what.n);
	buf_printf(out,
	           "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"><title>",
	           x, SVG_BASE - h, w < 3 ? 3 : w, h,
	           r->gap      ? "#999"
	           : r->denied ? "#b00020"
	           : r->rare   ? "#c77700"
	                       : "#1f5fa8");
	esc_html(out, (struct slice){label.s, label.len});
	buf_printf(out, " x %zu</title></rect>\n", r->count);
	buf_release(&label);
}

static void svg(const struct timeline *t, struct buf *out)
{
	const struct timeline_row *rows;
	size_t n = t ? timeline_rows(t, &rows) : 0, i = 0;
	mw_time to = MW_TIME_NONE;
	char a[32], b[32];
	while (i < n && rows[i].time == MW_TIME_NONE)
		i++;
	if (i >= n)
		return;
	for (size_t k = i; k < n; k++)
		if (rows[k].to > to)
			to = rows[k].to;
	mw_time_format(rows[i].time, a);
	mw_time_format(to, b);
	buf_printf(out,
	           "<figure><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"timeline\">\n",
	           SVG_W, SVG_H);
	buf_printf(out, "<line x1=\"10\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#333\"/>\n",
	           SVG_BASE, SVG_W - 10, SVG_BASE);
	for (size_t k = i; k < n; k++)
		svg_mark(out, &rows[k], rows[i].time, to - rows[i].time + 1);
	buf_printf(out,
	           "<text x=\"10\" y=\"%d\" font-size=\"12\">%s</text><text x=\"%d\" y=\"%d\" "
	           "font-size=\"12\" text-anchor=\"end\">%s</text>\n",
	           SVG_H - 4, a, SVG_W - 10, SVG_H - 4, b);
	buf_str(out, "</svg><figcaption>Each mark is a row of the timeline: blue seen, orange "
	             "rare, red denied, grey a source silent.</figcaption></figure>\n");
}

static void on_html(const MD_CHAR *s, MD_SIZE n, void *out)
{
	buf_add(out, s, n);
}

int report_html(struct slice md, const char *title, const struct timeline *t, struct buf *html,
                struct err *e)
{
	unsigned flags = MD_FLAG_TABLES | MD_FLAG_NOHTML | MD_FLAG_STRIKETHROUGH;
	buf_str(html, page_head);
	esc_html(html, slice_of(title));
	buf_str(html, "</title></head><body>\n");
	svg(t, html);
	if (md_html(md.s, (MD_SIZE)md.n, on_html, html, flags, MD_HTML_FLAG_SKIP_UTF8_BOM))
		return err_set(e, ERR_INTERNAL, "the Markdown could not be turned into HTML");
	buf_str(html, "</body></html>\n");
	return html->over ? err_set(e, ERR_LIMIT, "the report is over %zu bytes", html->max) : 0;
}
