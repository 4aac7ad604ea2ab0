/* The shift handoff: what burns first, what is open and what was thought of it, what was closed and
 * why, where the floor was blind. */
#include "report/report.h"

static bool is_closed(const cJSON *i)
{
	return !strcmp(json_str(i, "status", "new"), "closed");
}

static int rank(const cJSON *i)
{
	static const char order[] = "CHMLI";
	const char *at = strchr(order, json_str(i, "severity", "I")[0]);
	return at ? (int)(at - order) : 4;
}

static int by_urgency(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;
	int d = rank(*x) - rank(*y);
	return d ? d : (int)(json_i64(*y, "score", 0) - json_i64(*x, "score", 0));
}

static void line(struct buf *md, const cJSON *i)
{
	const char *owner = json_str(i, "owner", "");
	buf_printf(md, "- **INC-%lld** %s %lld ", (long long)json_i64(i, "id", 0),
	           json_str(i, "severity", "?"), (long long)json_i64(i, "score", 0));
	report_text(md, json_str(i, "title", "?"));
	buf_str(md, ", ");
	report_text(md, *owner ? owner : "no owner");
	buf_printf(md, ", %lld records\n", (long long)cJSON_GetArraySize(json_arr(i, "findings")));
}

/* Notes that begin with one of these words fill the lines of the handoff; others are listed as
 * notes. */
static const struct {
	const char *word, *label;
} kinds[] = {{"think", "think"},
             {"ruled out", "ruled out"},
             {"not known", "not known"},
             {"next", "next"}};

static bool starts(const char *s, const char *word)
{
	return !strncasecmp(s, word, strlen(word));
}

static void case_notes(struct buf *md, const cJSON *i)
{
	const cJSON *list = json_arr(i, "notes");
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		int n = 0;
		for (const cJSON *v = list ? list->child : NULL; v; v = v->next) {
			const char *s = json_str(v, "text", "");
			if (!starts(s, kinds[k].word))
				continue;
			s += strlen(kinds[k].word);
			s += strspn(s, ": ");
			buf_printf(md, "    - %s: ", kinds[k].label);
			report_text(md, s);
			buf_printf(md, " (%s %s)\n", json_str(v, "by", "?"),
			           json_str(v, "at", "?"));
			n++;
		}
		if (!n)
			buf_printf(md, "    - %s: _nothing written_\n", kinds[k].label);
	}
	for (const cJSON *v = json_arr(i, "pins") ? json_arr(i, "pins")->child : NULL; v;
	     v = v->next) {
		buf_printf(md, "    - pinned `%s` ",
		           json_str(v, "id", json_str(v, "evidence", "?")));
		report_text(md, json_str(v, "note", ""));
		buf_ch(md, '\n');
	}
}

static void open_cases(const cJSON **v, size_t n, struct buf *md)
{
	size_t open = 0;
	for (size_t i = 0; i < n; i++)
		open += !is_closed(v[i]);
	buf_printf(md, "\n## Open (%zu)\n\n", open);
	for (size_t i = 0; i < n; i++) {
		if (is_closed(v[i]))
			continue;
		line(md, v[i]);
		case_notes(md, v[i]);
	}
	if (!open)
		buf_str(md, "_None._\n");
}

static void closed_cases(const cJSON **v, size_t n, struct buf *md)
{
	size_t closed = 0;
	buf_str(md, "\n## Closed since then\n\n");
	for (size_t i = 0; i < n; i++) {
		if (!is_closed(v[i]))
			continue;
		closed++;
		line(md, v[i]);
		buf_str(md, "    - verdict: ");
		report_text(md, json_str(v[i], "verdict", "none recorded"));
		buf_str(md, "; reason: ");
		report_text(md, json_str(v[i], "reason", "none recorded"));
		buf_ch(md, '\n');
	}
	if (!closed)
		buf_str(md, "_None._\n");
}

static void list(struct buf *md, const char *title, const cJSON *l, const char *absent)
{
	buf_printf(md, "\n## %s\n\n", title);
	for (const cJSON *v = l ? l->child : NULL; v; v = v->next) {
		buf_str(md, "- ");
		report_text(md,
		            json_str(v, "text",
		                     json_str(v, "question",
		                              json_str(v, "reason", json_str(v, "name", "?")))));
		if (json_str(v, "until", NULL))
			buf_printf(md, ", until %s", json_str(v, "until", ""));
		if (json_str(v, "state", NULL))
			buf_printf(md, ", %s", json_str(v, "state", ""));
		buf_ch(md, '\n');
	}
	if (!l || !l->child)
		buf_printf(md, "_%s_\n", absent);
}

static void first(const cJSON **v, size_t n, struct buf *md)
{
	buf_str(md, "\n## First\n\n");
	for (size_t i = 0; i < n; i++)
		if (!is_closed(v[i])) {
			line(md, v[i]);
			return;
		}
	buf_str(md, "_Nothing is open._\n");
}

void report_handoff(const struct handoff_in *in, struct buf *md)
{
	size_t n = (size_t)cJSON_GetArraySize(in->incidents), i = 0;
	const cJSON **v = xcalloc(n + 1, sizeof(*v));
	char since[32], now[32];
	for (const cJSON *x = in->incidents ? in->incidents->child : NULL; x; x = x->next)
		v[i++] = x;
	qsort(v, n, sizeof(const cJSON *), by_urgency);
	mw_time_format(in->since, since);
	mw_time_format(in->now, now);
	buf_printf(md, "# Handoff %s\n\nSince %s, by ", now, since);
	report_text(md, in->author);
	buf_str(md, ".\n");
	first(v, n, md);
	open_cases(v, n, md);
	closed_cases(v, n, md);
	list(md, "Hidden", in->suppressed, "Nothing is suppressed.");
	list(md, "Blind", in->sources, "No source was down or silent in this time.");
	list(md, "Watches", in->watches, "None stands.");
	free(v);
}
