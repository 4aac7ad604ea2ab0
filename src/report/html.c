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
        "table{border-collapse:collapse;width:100%;font-size:.78em}td,th{border:1px solid "
        "#bbb;padding:.15em .35em;text-align:left;min-width:3.4em;\n"
        "overflow-wrap:anywhere;vertical-align:top}th{overflow-wrap:normal}th:first-child,td:first-"
        "child{min-width:10.5em}th:empty{display:none}\n"
        "figure{margin:1em 0}figcaption{font-size:.8em;color:#444}code{background:#eee;padding:0 "
        ".2em}svg{width:100%;height:auto}\n"
        "@page{margin:16mm}@media "
        "print{table{font-size:.7em}body{margin:0;max-width:none}h2{break-after:avoid}tr{break-"
        "inside:avoid}}\n"
        "</style>\n<title>";

/* A link or a picture of the text keeps its words and loses its target: it stands as the title, where nothing follows it. */
static void on_html(const MD_CHAR *text, MD_SIZE n, void *out)
{
	static const struct {
		const char *from, *to;
	} targets[] = {{"<a href=\"", "<a title=\""}, {"<img src=\"", "<img title=\""}};

	for (size_t i = 0; i < ARRAY_LEN(targets); i++)
		if (n == strlen(targets[i].from) && !memcmp(text, targets[i].from, n)) {
			buf_str(out, targets[i].to);
			return;
		}
	buf_add(out, text, n);
}

/* The drawings stand below the title. */
static void put_body(const struct buf *body, const struct report_figures *f, struct buf *html)
{
	static const char end[] = "</h1>\n";
	const char *at = memmem(body->s, body->len, end, strlen(end));
	size_t head = at ? (size_t)(at - body->s) + strlen(end) : 0;

	buf_add(html, body->s, head);
	if (f)
		report_figures(f, html);
	buf_add(html, body->s + head, body->len - head);
}

int report_html(struct slice md, const char *title, const struct report_figures *f,
                struct buf *html, struct err *e)
{
	struct buf body = BUF_INIT;
	unsigned flags = MD_FLAG_TABLES | MD_FLAG_NOHTML | MD_FLAG_STRIKETHROUGH;
	buf_str(html, page_head);
	esc_html(html, slice_of(title));
	buf_str(html, "</title></head><body>\n");
	if (md_html(md.s, (MD_SIZE)md.n, on_html, &body, flags, MD_HTML_FLAG_SKIP_UTF8_BOM)) {
		buf_release(&body);
		return err_set(e, ERR_INTERNAL, "the Markdown could not be turned into HTML");
	}
	put_body(&body, f, html);
	buf_release(&body);
	buf_str(html, "</body></html>\n");
	return html->over ? err_set(e, ERR_LIMIT, "the report is over %zu bytes", html->max) : 0;
}
