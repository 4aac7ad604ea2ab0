/* The shift handoff: what burns first, what is open and what was thought of it, what changed and was closed, who waits for
 * whom, where the floor was blind. What else stands on it is in handoff_rest.c. */
#include "investigate/card.h"
#include "report/handoff_int.h"

bool shift_closed(const cJSON *i)
{
	return !strcmp(json_str(i, "status", "new"), "closed");
}

static bool is_open(const cJSON *i)
{
	return !shift_closed(i);
}

bool shift_late(const cJSON *i, mw_time now)
{
	mw_time due;

	return mw_time_parse(slice_of(json_str(i, "sla_due", "")), &due) && due < now;
}

int shift_rank(const cJSON *i)
{
	static const char order[] = "CHMLI";
	const char *severity = json_str(i, "severity", "I"), *at = strchr(order, severity[0]);

	return at && *at ? (int)(at - order) : 4;
}

static int by_urgency(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;
	int d = shift_rank(*x) - shift_rank(*y);

	return d ? d : (int)(json_i64(*y, "score", 0) - json_i64(*x, "score", 0));
}

/* ---- one incident ---- */

static void title(struct buf *md, const cJSON *i)
{
	const char *owner = json_str(i, "row_owner", json_str(i, "owner", ""));

	buf_printf(md, "- **INC-%lld** %s %lld ", (long long)json_i64(i, "id", 0),
	           json_str(i, "severity", "?"), (long long)json_i64(i, "score", 0));
	report_text(md, json_str(i, "title", "?"));
	buf_str(md, "; ");
	report_text(md, *owner ? owner : "no owner");
	buf_printf(md, ", %s, %lld records", json_str(i, "status", "new"),
	           (long long)json_i64(i, "count", 0));
	if (json_str(i, "last", NULL)) {
		buf_str(md, ", last ");
		md_time(md, json_str(i, "last", ""));
	}
}

static void promise(struct buf *md, const cJSON *i, mw_time now)
{
	if (!json_str(i, "sla_due", NULL))
		return;
	buf_str(md, shift_late(i, now) ? ", **promise broken** " : ", promised by ");
	md_time(md, json_str(i, "sla_due", ""));
}

static void open_approvals(struct buf *md, const cJSON *i, const char *indent)
{
	const cJSON *a;

	cJSON_ArrayForEach(a, json_arr(i, "actions"))
	{
		if (strcmp(json_str(a, "state", ""), "open"))
			continue;
		buf_printf(md, "%s- waits: %s ", indent, json_str(a, "id", "?"));
		report_text(md, json_str(a, "title", "?"));
		buf_str(md, ", needs ");
		report_text(md, json_str(a, "needs", "?"));
		buf_str(md, ", expires ");
		md_time(md, json_str(a, "expires_at", NULL));
		buf_ch(md, '\n');
	}
}

static cJSON *gaps_of(const struct handoff_in *in, const cJSON *incident)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *row;

	cJSON_ArrayForEach(row, in->cover)
	{
		cJSON *gap;
		if (strcmp(json_str(row, "state", ""), "not_logged") ||
		    !card_concerns(row, json_arr(incident, "entities")))
			continue;
		gap = cJSON_CreateObject();
		json_add_str(gap, "text", json_str(row, "why", "?"));
		json_add_str(gap, "cover", json_str(row, "id", NULL));
		cJSON_AddItemToArray(list, gap);
	}
	return list;
}

static void open_case(const struct handoff_in *in, struct buf *md, const cJSON *i)
{
	char id[32];
	cJSON *gaps = gaps_of(in, i);
	struct case_lines lines = {i, NULL, gaps, "    "};

	snprintf(id, sizeof(id), "INC-%lld", (long long)json_i64(i, "id", 0));
	lines.plan = json_obj(in->plans, id);
	title(md, i);
	promise(md, i, in->now);
	buf_ch(md, '\n');
	md_case(md, &lines);
	open_approvals(md, i, "    ");
	cJSON_Delete(gaps);
}

/* ---- the parts ---- */

static size_t number(const struct shift_view *v, bool (*wanted)(const cJSON *i))
{
	size_t n = 0;

	for (size_t k = 0; k < v->n; k++)
		n += wanted(v->incidents[k]);
	return n;
}

static void first(const struct handoff_in *in, const struct shift_view *v, struct buf *md)
{
	md_head(md, "First");
	for (size_t k = 0; k < v->n; k++) {
		const cJSON *i = v->incidents[k];
		if (shift_closed(i) || (shift_rank(i) > 0 && !shift_late(i, in->now)))
			continue;
		title(md, i);
		promise(md, i, in->now);
		buf_ch(md, '\n');
		open_approvals(md, i, "    ");
	}
	if (!strncmp(md->s + md->len - 2, "\n\n", 2))
		buf_str(md, "_No critical incident is open, and no promise is broken._\n");
}

static void open_cases(const struct handoff_in *in, const struct shift_view *v, struct buf *md)
{
	char head[32];

	snprintf(head, sizeof(head), "Open (%zu)", number(v, is_open));
	md_head(md, head);
	for (size_t k = 0; k < v->n; k++)
		if (is_open(v->incidents[k]))
			open_case(in, md, v->incidents[k]);
	if (!number(v, is_open))
		buf_str(md, "_None._\n");
}

static void closed_cases(const struct shift_view *v, struct buf *md)
{
	char head[48];

	snprintf(head, sizeof(head), "Closed since then (%zu)", number(v, shift_closed));
	md_head(md, head);
	for (size_t k = 0; k < v->n; k++) {
		const cJSON *i = v->incidents[k], *verdict = json_obj(i, "verdict");
		if (!shift_closed(i))
			continue;
		title(md, i);
		buf_str(md, "\n    - verdict: ");
		report_text(md, json_str(verdict, "verdict", "none recorded"));
		buf_str(md, "; reason: ");
		report_text(md, json_str(verdict, "reason", "none recorded"));
		buf_str(md, " (");
		report_text(md, json_str(verdict, "by", "?"));
		buf_ch(md, ' ');
		md_time(md, json_str(verdict, "at", NULL));
		buf_str(md, ")\n");
	}
	if (!number(v, shift_closed))
		buf_str(md, "_None._\n");
}

static void head(const struct handoff_in *in, struct buf *md)
{
	const cJSON *last = cJSON_GetArrayItem(json_arr(in->shift, "last"), 0);
	const char *user = json_str(in->shift, "user", NULL);
	char now[32];

	mw_time_format(in->now, now);
	buf_str(md, "# Handoff ");
	md_time(md, now);
	buf_str(md, ", ");
	report_text(md, user ? user : "the floor");
	buf_str(md, "\n\nSince ");
	md_time(md, json_str(in->shift, "since", NULL));
	if (last) {
		buf_printf(md, ", when document %lld was signed by ",
		           (long long)json_i64(last, "doc", 0));
		report_text(md, json_str(last, "by", "?"));
	}
	buf_str(md, ". Drafted by ");
	report_text(md, in->author);
	buf_str(md, ", times UTC.\n");
}

void report_handoff(const struct handoff_in *in, struct buf *md)
{
	const cJSON *list = json_arr(in->shift, "incidents"), *x;
	struct shift_view v = {xcalloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*v.incidents)),
	                       0};

	cJSON_ArrayForEach(x, list) v.incidents[v.n++] = x;
	qsort(v.incidents, v.n, sizeof(*v.incidents), by_urgency);
	head(in, md);
	first(in, &v, md);
	open_cases(in, &v, md);
	closed_cases(&v, md);
	handoff_rest(in, &v, md);
	free(v.incidents);
}
