/* Drawings of a report: inline SVG, nothing to fetch. A lane with a mark a row (or a bar an incident), and a histogram below it. */
#include "base/escape.h"
#include "base/mem.h"
#include "report/report.h"

#define W 1000
#define MARGIN 10
#define LANE_H 70
#define BAR_H 14
#define BARS_MAX 40
#define LABEL_W 90
#define HISTOGRAM_H 60
#define BUCKETS 60

struct scale {
	mw_time from;
	int64_t span;
	double left;
};

static double x_of(const struct scale *s, mw_time t)
{
	return s->left + (W - MARGIN - s->left) * ((double)(t - s->from) / (double)s->span);
}

static void begin(struct buf *out, int height, const char *label)
{
	buf_printf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", W, height,
	           label);
}

static void rect(struct buf *out, double x, double y, double w, double h, const char *fill,
                 struct slice title)
{
	buf_printf(out,
	           "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"><title>",
	           x, y, w < 3 ? 3 : w, h, fill);
	esc_html(out, title);
	buf_str(out, "</title></rect>\n");
}

/* The time axis: a line with its two ends written below. */
static void axis(struct buf *out, const struct scale *s, int y)
{
	char a[32], b[32];

	mw_time_format(s->from - s->from % MW_SECOND, a);
	mw_time_format(s->from + s->span - (s->from + s->span) % MW_SECOND, b);
	buf_printf(out,
	           "<line x1=\"%.0f\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#333\"/>\n"
	           "<text x=\"%.0f\" y=\"%d\" font-size=\"12\">%s</text><text x=\"%d\" y=\"%d\" "
	           "font-size=\"12\" text-anchor=\"end\">%s</text>\n",
	           s->left, y, W - MARGIN, y, s->left, y + 16, a, W - MARGIN, y + 16, b);
}

static void histogram(struct buf *out, const struct scale *s, const size_t n[BUCKETS],
                      const char *what)
{
	double w = (W - MARGIN - s->left) / BUCKETS;
	size_t most = 1;

	for (int i = 0; i < BUCKETS; i++)
		most = n[i] > most ? n[i] : most;
	begin(out, HISTOGRAM_H + 22, "histogram");
	for (int i = 0; i < BUCKETS; i++) {
		struct buf title = BUF_INIT;
		double h = HISTOGRAM_H * (double)n[i] / (double)most;
		if (!n[i])
			continue;
		buf_printf(&title, "%zu %s", n[i], what);
		rect(out, s->left + i * w, HISTOGRAM_H - h, w - 1, h < 1 ? 1 : h, "#1f5fa8",
		     (struct slice){title.s, title.len});
		buf_release(&title);
	}
	axis(out, s, HISTOGRAM_H);
	buf_printf(out,
	           "</svg><figcaption>Number of %s over time; the highest bar is %zu.</figcaption>",
	           what, most);
}

static void put(size_t n[BUCKETS], const struct scale *s, mw_time t, size_t count)
{
	int64_t at = (t - s->from) * BUCKETS / s->span;

	if (t != MW_TIME_NONE && at >= 0)
		n[at < BUCKETS ? at : BUCKETS - 1] += count;
}

/* ---- a timeline ---- */

static const char *fill_of(const struct timeline_row *r)
{
	return r->gap ? "#999" : r->denied ? "#b00020" : r->rare ? "#c77700" : "#1f5fa8";
}

static double height_of(size_t count)
{
	return count > 1000 ? 50 : count > 100 ? 40 : count > 10 ? 28 : 16;
}

static bool scale_rows(const struct timeline_row *rows, size_t n, struct scale *s)
{
	mw_time to = MW_TIME_NONE;

	*s = (struct scale){MW_TIME_NONE, 0, MARGIN};
	for (size_t i = 0; i < n; i++) {
		if (rows[i].time == MW_TIME_NONE)
			continue;
		s->from = s->from == MW_TIME_NONE ? rows[i].time : s->from;
		to = rows[i].to > to ? rows[i].to : to;
	}
	s->span = to == MW_TIME_NONE ? 0 : to - s->from + 1;
	return s->from != MW_TIME_NONE && s->span > 0;
}

static void timeline(const struct timeline *t, struct buf *out)
{
	const struct timeline_row *rows;
	size_t n = timeline_rows(t, &rows), counts[BUCKETS] = {0};
	struct scale s;

	if (!scale_rows(rows, n, &s))
		return;
	buf_str(out, "<figure>\n");
	begin(out, LANE_H + 22, "timeline");
	for (size_t i = 0; i < n; i++) {
		const struct timeline_row *r = &rows[i];
		double h = height_of(r->count);
		struct buf title = BUF_INIT;
		if (r->time == MW_TIME_NONE)
			continue;
		buf_add(&title, r->what.s, r->what.n);
		buf_printf(&title, " x %zu", r->count);
		rect(out, x_of(&s, r->time), LANE_H - h, x_of(&s, r->to) - x_of(&s, r->time), h,
		     fill_of(r), (struct slice){title.s, title.len});
		put(counts, &s, r->time, r->count);
		buf_release(&title);
	}
	axis(out, &s, LANE_H);
	buf_str(out,
	        "</svg><figcaption>Each mark is a row of the timeline: blue seen, orange rare, red "
	        "denied, grey a source silent.</figcaption>\n");
	histogram(out, &s, counts, "events");
	buf_str(out, "</figure>\n");
}

/* ---- incidents ---- */

static bool scale_incidents(const cJSON *list, struct scale *s)
{
	mw_time to = MW_TIME_NONE;
	const cJSON *i;

	*s = (struct scale){MW_TIME_NONE, 0, LABEL_W};
	cJSON_ArrayForEach(i, list)
	{
		mw_time first = json_time(i, "first"), last = json_time(i, "last");
		if (first == MW_TIME_NONE || last == MW_TIME_NONE)
			continue;
		s->from = s->from == MW_TIME_NONE || first < s->from ? first : s->from;
		to = last > to ? last : to;
	}
	s->span = to == MW_TIME_NONE ? 0 : to - s->from + 1;
	return s->from != MW_TIME_NONE && s->span > 0;
}

static const char *severity_fill(const cJSON *incident)
{
	static const char letters[] = "CHMLI";
	static const char *const fills[] = {"#b00020", "#c77700", "#8a7a00", "#1f5fa8", "#777"};
	const char *at = strchr(letters, json_str(incident, "severity", "I")[0]);

	return fills[at && *at ? at - letters : 4];
}

static void incident_bar(const cJSON *i, const struct scale *s, int y, struct buf *out)
{
	mw_time first = json_time(i, "first"), last = json_time(i, "last");

	buf_printf(out, "<text x=\"%d\" y=\"%d\" font-size=\"11\">%s INC-%lld</text>\n", MARGIN,
	           y + BAR_H - 4, json_str(i, "severity", "?"), (long long)json_i64(i, "id", 0));
	rect(out, x_of(s, first), y, x_of(s, last) - x_of(s, first), BAR_H - 4, severity_fill(i),
	     slice_of(json_str(i, "title", "?")));
}

static void incidents(const cJSON *list, struct buf *out)
{
	size_t counts[BUCKETS] = {0};
	int n = 0, rows = cJSON_GetArraySize(list);
	const cJSON *i, *f;
	struct scale s;

	if (!scale_incidents(list, &s))
		return;
	rows = rows < BARS_MAX ? rows : BARS_MAX;
	buf_str(out, "<figure>\n");
	begin(out, rows * BAR_H + 26, "incidents");
	cJSON_ArrayForEach(i, list)
	{
		if (json_time(i, "first") != MW_TIME_NONE && n < rows)
			incident_bar(i, &s, n++ * BAR_H, out);
		cJSON_ArrayForEach(f, json_arr(i, "findings"))
		        put(counts, &s, json_time(f, "first"), 1);
	}
	axis(out, &s, rows * BAR_H + 4);
	buf_str(out, "</svg><figcaption>From the first to the last record of each incident: red "
	             "critical, "
	             "orange high, olive medium, blue low, grey informational.</figcaption>\n");
	histogram(out, &s, counts, "findings");
	buf_str(out, "</figure>\n");
}

void report_figures(const struct report_figures *f, struct buf *html)
{
	if (f->timeline)
		timeline(f->timeline, html);
	if (f->incidents)
		incidents(f->incidents, html);
}
