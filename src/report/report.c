#include "ground/ground.h"
#include "report/md.h"
#include "report/report.h"

#define TIMELINE_ROWS_MAX 200

/* ---- Markdown pieces ---- */

/* A list of {text, evidence}, or the sentence that says why there is none. */
static void md_list(struct buf *md, const cJSON *list, const char *absent)
{
	int n = 0;
	for (const cJSON *v = list ? list->child : NULL; v; v = v->next, n++) {
		buf_str(md, "- ");
		report_text(md, json_str(v, "text",
		                         json_str(v, "label",
		                                  cJSON_IsString(v) ? v->valuestring : "?")));
		md_ids(md, json_arr(v, "evidence"));
		if (cJSON_IsObject(v) && json_get(v, "status") && !ground_may_leave(v))
			buf_str(md, " " MD_UNSUPPORTED);
		buf_ch(md, '\n');
	}
	if (!n)
		buf_printf(md, "_%s_\n", absent);
}

static void md_row(struct buf *md, const char *label, const char *value)
{
	buf_printf(md, "| %s | ", label);
	report_text(md, value);
	buf_str(md, " |\n");
}

/* ---- the incident report ---- */

static void head(const struct report_in *in, struct buf *md)
{
	char id[32], now[32], score[16];
	const char *owner = json_str(in->incident, "owner", NULL);
	snprintf(id, sizeof(id), "INC-%lld", (long long)json_i64(in->incident, "id", 0));
	snprintf(score, sizeof(score), "%lld", (long long)json_i64(in->incident, "score", 0));
	mw_time_format(in->now, now);
	buf_printf(md, "# %s: ", id);
	report_text(md, json_str(in->incident, "title", "?"));
	buf_str(md, "\n\n|  |  |\n|---|---|\n");
	md_row(md, "Severity", json_str(in->incident, "severity", "?"));
	md_row(md, "Score", score);
	md_row(md, "Status", json_str(in->incident, "status", "new"));
	md_row(md, "Owner", owner && *owner ? owner : "none");
	md_row(md, "First seen", json_str(in->incident, "first", "not known"));
	md_row(md, "Last seen", json_str(in->incident, "last", "not known"));
	md_row(md, "Draft by", in->author);
	md_row(md, "Drafted at", now);
}

static void statement(struct buf *md, const cJSON *card, const char *key)
{
	const cJSON *o = json_obj(card, key);
	buf_str(md, "- ");
	report_text(md, json_str(o, "text", "not known"));
	md_ids(md, json_arr(o, "evidence"));
	buf_ch(md, '\n');
}

static void score_parts(struct buf *md, const cJSON *card)
{
	const cJSON *parts = json_arr(card, "parts");
	buf_printf(md, "Score %lld =", (long long)json_i64(card, "score", 0));
	for (const cJSON *p = parts ? parts->child : NULL; p; p = p->next) {
		buf_printf(md, "%s%lld ", p == parts->child ? " " : " + ",
		           (long long)json_i64(p, "points", 0));
		report_text(md, json_str(p, "label", "?"));
	}
	buf_str(md, "\n");
}

static void timeline(const struct report_in *in, struct buf *md)
{
	const struct timeline_row *rows;
	size_t n = in->timeline ? timeline_rows(in->timeline, &rows) : 0;
	md_head(md, "Timeline");
	if (!n) {
		buf_str(md, "_No event of the lake names an entity of this incident._\n");
		return;
	}
	timeline_export(in->timeline, TL_MARKDOWN, false, TIMELINE_ROWS_MAX, md);
	buf_printf(md, "\n%zu events in %zu rows, times UTC.", timeline_events(in->timeline), n);
	if (n > TIMELINE_ROWS_MAX)
		buf_printf(md,
		           " Shown are the telling ones, at most %d: refused, rare, first and last "
		           "of each actor, large bursts.",
		           TIMELINE_ROWS_MAX);
	buf_ch(md, '\n');
}

static void attack(struct buf *md, const cJSON *card)
{
	const cJSON *list = json_arr(card, "attack");
	md_head(md, "ATT&CK");
	for (const cJSON *v = list ? list->child : NULL; v; v = v->next) {
		buf_str(md, "- ");
		report_text(md, cJSON_IsString(v) ? v->valuestring : json_str(v, "id", "?"));
		buf_ch(md, ' ');
		report_text(md, json_str(v, "name", ""));
		buf_ch(md, '\n');
	}
	if (!list || !list->child)
		buf_str(md, "_No technique was named from these events._\n");
}

static void notes(struct buf *md, const cJSON *card)
{
	const cJSON *list = json_arr(card, "notes");
	md_head(md, "Notes of the analysts");
	for (const cJSON *v = list ? list->child : NULL; v; v = v->next) {
		buf_printf(md, "- %s ", json_str(v, "at", "?"));
		report_text(md, json_str(v, "by", "?"));
		buf_str(md, ": ");
		report_text(md, json_str(v, "text", ""));
		buf_ch(md, '\n');
	}
	if (!list || !list->child)
		buf_str(md, "_None._\n");
}

void report_incident(const struct report_in *in, struct buf *md)
{
	struct case_lines lines = {in->stored ? in->stored : in->incident, in->plan,
	                           json_arr(in->incident, "gaps"), ""};

	head(in, md);
	md_head(md, "State");
	statement(md, in->incident, "active");
	statement(md, in->incident, "contained");
	md_head(md, "What happened");
	md_list(md, json_arr(in->incident, "what"), "No finding is recorded.");
	md_head(md, "Asset inventory");
	md_list(md, in->assets, "Absent: the inventory holds none of this incident's entities.");
	md_list(md, json_arr(in->incident, "whose"), "Owner not known.");
	md_head(md, "Identity logs");
	md_list(md, in->identity, "Absent: no identity event names this incident's entities.");
	md_head(md, "Network flows");
	md_list(md, in->flows, "Absent: no flow record names this incident's addresses.");
	timeline(in, md);
	md_head(md, "Not known");
	md_list(md, json_arr(in->incident, "gaps"),
	        "No gap in the logs is recorded for its accounts. That is not proof that "
	        "everything is logged.");
	attack(md, in->incident);
	md_head(md, "Why this score");
	score_parts(md, in->incident);
	md_head(md, "Hypothesis, ruled out, next");
	md_case(md, &lines);
	md_head(md, "Next questions");
	md_list(md, json_arr(in->incident, "next"), "None fits its entities.");
	notes(md, in->incident);
}
