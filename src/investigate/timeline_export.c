/* The timeline as a file: one row format described once, written through each format's own escaper.
 */
#include "investigate/timeline.h"

#include "base/escape.h"

enum {
	COL_TIME,
	COL_TO,
	COL_SOURCE,
	COL_ACTOR,
	COL_WHAT,
	COL_TARGET,
	COL_FROM,
	COL_OUTCOME,
	COL_COUNT,
	COL_MARKS,
	COL_EVIDENCE,
	COLS
};
static const char *const titles[COLS] = {"Time (UTC)", "To",     "Source",  "Actor",
                                         "What",       "Target", "From",    "Outcome",
                                         "Count",      "Marks",  "Evidence"};

static void cell(const struct timeline_row *r, int col, struct buf *out)
{
	const struct slice text[COLS] = {
	        [COL_SOURCE] = slice_of(r->dataset),
	        [COL_ACTOR] = r->actor,
	        [COL_WHAT] = r->what,
	        [COL_TARGET] = r->target,
	        [COL_FROM] = r->from,
	        [COL_OUTCOME] = r->outcome,
	};
	char t[32];
	if (text[col].n)
		buf_add(out, text[col].s, text[col].n);
	else if (col == COL_TIME || (col == COL_TO && r->to != r->time)) {
		mw_time_format(col == COL_TO ? r->to : r->time, t);
		buf_str(out, t);
	} else if (col == COL_COUNT)
		buf_printf(out, "%zu", r->count);
	else if (col == COL_MARKS)
		buf_printf(out, "%s%s%s%s%s", r->first ? "FIRST " : "", r->last ? "LAST " : "",
		           r->rare ? "RARE " : "", r->denied ? "DENIED " : "",
		           r->uncertain ? "~1s" : "");
	else if (col == COL_EVIDENCE && r->first_id != EVENT_ID_NONE) {
		buf_printf(out, "ev:%llu", (unsigned long long)r->first_id);
		if (r->count > 1)
			buf_printf(out, " +%zu", r->count - 1);
	}
}

static void cell_as(const struct timeline_row *r, int col, bool defang,
                    void (*escape)(struct buf *, struct slice), struct buf *out)
{
	struct buf raw = BUF_INIT, safe = BUF_INIT;
	cell(r, col, &raw);
	if (defang && col != COL_TIME && col != COL_TO)
		esc_defang(&safe, (struct slice){raw.s, raw.len});
	else
		buf_add(&safe, raw.s, raw.len);
	escape(out, (struct slice){safe.s, safe.len});
	buf_release(&raw);
	buf_release(&safe);
}

struct table_style { /* what a format puts around cells */
	const char *begin, *row, *head_row, *before, *between, *after, *end;
	void (*escape)(struct buf *, struct slice);
};
static const struct table_style styles[] = {
        [TL_MARKDOWN] = {"", "| ", "| ", "", " | ", " |\n", "", esc_markdown},
        [TL_CSV] = {"", "", "", "", ",", "\r\n", "", esc_csv},
        [TL_JSON] = {"", "", "", "", "", "", "", NULL},
        [TL_HTML] = {"<table>\n", "<tr><td>", "<tr><td>", "", "</td><td>", "</td></tr>\n",
                     "</table>\n", esc_html},
};

static void head(const struct table_style *s, enum timeline_format f, struct buf *out)
{
	buf_str(out, s->begin);
	buf_str(out, s->head_row);
	for (int c = 0; c < COLS; c++) {
		buf_str(out, c ? s->between : "");
		s->escape(out, slice_of(titles[c]));
	}
	buf_str(out, s->after);
	if (f == TL_MARKDOWN) {
		for (int c = 0; c < COLS; c++)
			buf_str(out, "|---");
		buf_str(out, "|\n");
	}
}

static void export_json(const struct timeline *t, struct buf *out)
{
	const struct timeline_row *rows;
	cJSON *page = timeline_page(t, 0, timeline_rows(t, &rows));
	json_write(out, page);
	buf_ch(out, '\n');
	cJSON_Delete(page);
}

static int telling(const struct timeline_row *r)
{
	return 8 * r->gap + 4 * r->denied + 4 * r->rare + 2 * r->first + 2 * r->last +
	       (r->count > 50);
}

/* The least weight that keeps at most `most` rows, by counting weights. */
static int least_weight(const struct timeline_row *rows, size_t n, size_t most)
{
	size_t at[32] = {0}, sum = 0;
	int w = 31;
	for (size_t i = 0; i < n; i++)
		at[telling(&rows[i])]++;
	while (w >= 0 && sum + at[w] <= most)
		sum += at[w--];
	return w + 1;
}

void timeline_export(const struct timeline *t, enum timeline_format f, bool defang, size_t most,
                     struct buf *out)
{
	const struct table_style *s = &styles[f];
	const struct timeline_row *rows;
	size_t n = timeline_rows(t, &rows);
	int least = most && n > most ? least_weight(rows, n, most) : 0;
	if (f == TL_JSON) {
		export_json(t, out);
		return;
	}
	head(s, f, out);
	for (size_t i = 0; i < n; i++) {
		if (telling(&rows[i]) < least)
			continue;
		buf_str(out, s->row);
		for (int c = 0; c < COLS; c++) {
			buf_str(out, c ? s->between : "");
			cell_as(&rows[i], c, defang, s->escape, out);
		}
		buf_str(out, s->after);
	}
	buf_str(out, s->end);
}
