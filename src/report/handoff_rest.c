/* What stands on a handoff beside the incidents: what changed, who waits for whom, watches, what was hidden, where the floor was
 * blind, the share of each analyst, and numbers. */
#include "report/handoff_int.h"

#define CHANGES_MAX 40
#define LATE_AFTER MW_HOUR /* a source whose data ends earlier than this is named */
#define NAMES_MAX 8

static void none(struct buf *md, size_t before, const char *absent)
{
	if (md->len == before)
		buf_printf(md, "_%s_\n", absent);
}

static void text_of(struct buf *md, const cJSON *o, const char *key, const char *otherwise)
{
	const char *s = json_str(o, key, "");

	report_text(md, *s ? s : otherwise);
}

/* ---- changed: the audit chain in words ---- */

/* What a method did, and the parameters that say how. */
static const struct {
	const char *action, *words, *params[3];
} acts[] = {
        {"incident.update", "changed", {"status", "owner", "snooze_until"}},
        {"incident.close", "closed", {"verdict", "reason"}},
        {"incident.note", "noted", {"text"}},
        {"incident.pin", "pinned", {"evidence"}},
        {"incident.merge", "merged into it", {"with"}},
        {"incident.split", "split off a part", {"reason"}},
        {"suppress.add", "hid incidents", {"match", "reason", "until"}},
        {"watch.add", "set a watch", {"question", "until"}},
        {"watch.remove", "took a watch off", {"watch"}},
        {"action.open", "asked for approval", {"target", "action"}},
        {"action.done", "carried out", {"target", "action"}},
        {"action.failed", "failed", {"target", "action", "why"}},
        {"action.denied", "denied", {"target", "why"}},
        {"action.expired", "let expire", {"target", "action"}},
        {"handoff.sign", "signed the handoff", {"doc", "to"}},
        {"handoff.accept", "accepted", {"item", "doc"}},
};

/* A list of words reads as a, b; what has more to it as JSON. */
static void value(struct buf *md, const cJSON *v)
{
	struct buf b = BUF_INIT;
	const cJSON *one;

	if (cJSON_IsString(v))
		buf_str(&b, v->valuestring);
	else if (cJSON_IsArray(v) && (!v->child || cJSON_IsString(v->child)))
		cJSON_ArrayForEach(one, v) buf_printf(&b, "%s%s", one == v->child ? "" : ", ",
		                                      cJSON_IsString(one) ? one->valuestring : "?");
	else
		json_write(&b, v);
	report_text(md, b.s);
	buf_release(&b);
}

static void how(struct buf *md, const cJSON *change, const char *const params[3])
{
	for (size_t i = 0; i < 3 && params[i]; i++) {
		const cJSON *v = json_get(json_obj(change, "detail"), params[i]);
		if (!v || cJSON_IsNull(v) || (cJSON_IsString(v) && !*v->valuestring))
			continue;
		buf_printf(md, ", %s ", params[i]);
		if (cJSON_IsString(v) && !strcmp(v->valuestring, "me"))
			v = json_get(change, "by");
		value(md, v);
	}
}

/* The incident of an entry: its object, or those that its parameters name. */
static void object(struct buf *md, const cJSON *change)
{
	const cJSON *detail = json_obj(change, "detail"), *ids = json_arr(detail, "ids");
	const char *id = json_str(change, "object", "");

	buf_ch(md, ' ');
	if (*id)
		report_text(md, id);
	else if (ids)
		value(md, ids);
	else if (json_get(detail, "incident"))
		value(md, json_get(detail, "incident"));
}

static bool change_line(struct buf *md, const cJSON *change)
{
	for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
		if (strcmp(acts[i].action, json_str(change, "action", "")))
			continue;
		buf_str(md, "- ");
		md_time(md, json_str(change, "at", NULL));
		buf_ch(md, ' ');
		report_text(md, json_str(change, "by", "?"));
		buf_printf(md, " %s", acts[i].words);
		object(md, change);
		how(md, change, acts[i].params);
		buf_ch(md, '\n');
		return true;
	}
	return false;
}

static void changed(const struct handoff_in *in, const struct shift_view *v, struct buf *md)
{
	const cJSON *c;
	mw_time since, made;
	size_t before;
	int n = 0;

	md_head(md, "Changed since the last handoff");
	before = md->len;
	if (mw_time_parse(slice_of(json_str(in->shift, "since", "")), &since))
		for (size_t k = 0; k < v->n; k++)
			n += mw_time_parse(slice_of(json_str(v->incidents[k], "created", "")),
			                   &made) &&
			     made >= since;
	if (n)
		buf_printf(md, "- %d incidents of this list are new\n", n);
	n = 0;
	cJSON_ArrayForEach(c, json_arr(in->shift, "changes"))
	{
		if (n < CHANGES_MAX)
			n += change_line(md, c);
	}
	if (n == CHANGES_MAX)
		buf_str(md, "- earlier ones are in the audit log\n");
	none(md, before, "Nothing was done.");
}

/* ---- waits ---- */

static void approvals(const struct handoff_in *in, struct buf *md)
{
	const cJSON *a;

	cJSON_ArrayForEach(a, json_arr(in->shift, "approvals"))
	{
		buf_printf(md, "- approval %s, INC-%lld: ", json_str(a, "id", "?"),
		           (long long)json_i64(a, "incident", 0));
		report_text(md, json_str(a, "title", "?"));
		buf_str(md, "; asked by ");
		text_of(md, a, "asked_by", "?");
		buf_str(md, ", waits for ");
		report_text(md, !strcmp(json_str(a, "needs", ""), "you")
		                        ? json_str(a, "asked_by", "?")
		                        : json_str(a, "needs", "?"));
		buf_str(md, ", expires ");
		md_time(md, json_str(a, "expires_at", NULL));
		buf_ch(md, '\n');
	}
}

static void waits(const struct handoff_in *in, const struct shift_view *v, struct buf *md)
{
	const cJSON *u;
	size_t before;

	md_head(md, "Who waits for whom");
	before = md->len;
	approvals(in, md);
	cJSON_ArrayForEach(u, json_arr(in->shift, "unaccepted"))
	{
		buf_str(md, "- ");
		report_text(md, json_str(u, "incident", "?"));
		buf_printf(md, " of document %lld, signed by ", (long long)json_i64(u, "doc", 0));
		text_of(md, u, "by", "?");
		buf_str(md, ", waits for ");
		text_of(md, u, "receiver", "whoever comes");
		buf_str(md, " to accept it\n");
	}
	for (size_t k = 0; k < v->n; k++) {
		const cJSON *i = v->incidents[k];
		if (strcmp(json_str(i, "status", ""), "wait"))
			continue;
		buf_printf(md, "- INC-%lld waits, set by ", (long long)json_i64(i, "id", 0));
		text_of(md, i, "changed_by", "?");
		buf_ch(md, ' ');
		md_time(md, json_str(i, "changed", NULL));
		buf_ch(md, '\n');
	}
	none(md, before, "Nobody waits for anybody.");
}

/* ---- watches, hidden ---- */

static void watches(const struct handoff_in *in, struct buf *md)
{
	const cJSON *w;
	size_t before;

	md_head(md, "Watches");
	before = md->len;
	cJSON_ArrayForEach(w, json_arr(in->shift, "watches"))
	{
		int64_t hits = json_i64(w, "hits", 0);
		buf_printf(md, "- W%lld ", (long long)json_i64(w, "watch", 0));
		report_text(md, json_str(w, "question", "?"));
		buf_str(md, "; ");
		text_of(md, w, "owner", "?");
		if (json_str(w, "incident", NULL)) {
			buf_str(md, ", ");
			report_text(md, json_str(w, "incident", ""));
		}
		if (hits) {
			buf_printf(md, ", rang %lld times, last ", (long long)hits);
			md_time(md, json_str(w, "hit", NULL));
		} else {
			buf_str(md, cJSON_IsNull(json_get(w, "seen")) ? ", not asked yet"
			                                              : ", has not rung");
		}
		buf_str(md, ", ends ");
		md_time(md, json_str(w, "until", NULL));
		buf_ch(md, '\n');
	}
	none(md, before, "None stands.");
}

static void hidden(const struct handoff_in *in, struct buf *md)
{
	const cJSON *r;
	size_t before;

	md_head(md, "Hidden");
	before = md->len;
	cJSON_ArrayForEach(r, json_arr(in->shift, "suppressed"))
	{
		buf_str(md, "- what matches ");
		value(md, json_get(r, "match"));
		buf_str(md, ", until ");
		md_time(md, json_str(r, "until", NULL));
		buf_str(md, ", owner ");
		text_of(md, r, "owner", "none");
		buf_str(md, ", because ");
		text_of(md, r, "reason", "no reason given");
		buf_ch(md, '\n');
	}
	cJSON_ArrayForEach(r, json_arr(in->shift, "snoozed"))
	{
		buf_str(md, "- ");
		report_text(md, json_str(r, "incident", "?"));
		buf_str(md, " is snoozed until ");
		md_time(md, json_str(r, "until", NULL));
		buf_str(md, ": ");
		report_text(md, json_str(r, "title", ""));
		buf_ch(md, '\n');
	}
	if (md->len > before)
		buf_printf(md, "- hidden by these rules now: %lld incidents\n",
		           (long long)json_i64(json_obj(in->shift, "numbers"), "hidden", 0));
	none(md, before, "Nothing is suppressed or snoozed.");
}

/* ---- blind ---- */

static void what_of(struct buf *md, const cJSON *row)
{
	static const char *const parts[] = {"source", "class", "account", "region", "resource"};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (json_str(row, parts[i], NULL)) {
			buf_str(md, i ? " " : "");
			report_text(md, json_str(row, parts[i], ""));
		}
}

static void holes(const struct handoff_in *in, const cJSON *row, mw_time since, struct buf *md)
{
	const cJSON *h;
	mw_time from, to;

	cJSON_ArrayForEach(h, json_arr(row, "holes"))
	{
		if (!mw_time_parse(slice_of(json_str(h, "from", "")), &from) ||
		    !mw_time_parse(slice_of(json_str(h, "to", "")), &to) || to < since ||
		    from > in->now)
			continue;
		buf_str(md, "- ");
		what_of(md, row);
		buf_str(md, ": nothing from ");
		md_time(md, json_str(h, "from", NULL));
		buf_str(md, " to ");
		md_time(md, json_str(h, "to", NULL));
		md_id(md, json_str(row, "id", NULL));
		buf_ch(md, '\n');
	}
}

static bool better(const cJSON *a, const cJSON *b)
{
	mw_time x, y;

	return mw_time_parse(slice_of(json_str(a, "complete_to", "")), &x) &&
	       (!mw_time_parse(slice_of(json_str(b, "complete_to", "")), &y) || x > y);
}

/* Of a source's rows the one that reaches farthest; NULL where this is not it. */
static bool reaches_farthest(const cJSON *rows, const cJSON *row)
{
	const cJSON *other;

	cJSON_ArrayForEach(other, rows)
	{
		if (other != row &&
		    !strcmp(json_str(other, "source", ""), json_str(row, "source", "?")) &&
		    (better(other, row) || (other < row && !better(row, other))))
			return false;
	}
	return true;
}

static void late(const struct handoff_in *in, const cJSON *row, struct buf *md)
{
	mw_time to;

	if (!strcmp(json_str(row, "source", ""), "inventory") ||
	    !mw_time_parse(slice_of(json_str(row, "complete_to", "")), &to) ||
	    to > in->now - LATE_AFTER || !reaches_farthest(in->cover, row))
		return;
	buf_str(md, "- ");
	report_text(md, json_str(row, "source", "?"));
	buf_str(md, " reaches no farther than ");
	md_time(md, json_str(row, "complete_to", NULL));
	md_id(md, json_str(row, "id", NULL));
	buf_ch(md, '\n');
}

static void not_logged(const struct handoff_in *in, struct buf *md)
{
	const cJSON *row;
	int n = 0;

	cJSON_ArrayForEach(row, in->cover)
	{
		const char *what = json_str(row, "resource", json_str(row, "account", "?"));
		if (strcmp(json_str(row, "state", ""), "not_logged"))
			continue;
		if (n++ < NAMES_MAX) {
			buf_str(md, n == 1 ? "- not logged at all: " : ", ");
			report_text(md, json_str(row, "class", ""));
			buf_str(md, " of ");
			report_text(md, what);
			md_id(md, json_str(row, "id", NULL));
		}
	}
	if (n > NAMES_MAX)
		buf_printf(md, " and %d more (log cover)", n - NAMES_MAX);
	if (n)
		buf_ch(md, '\n');
}

static void blind(const struct handoff_in *in, struct buf *md)
{
	const cJSON *row;
	mw_time since;
	size_t before;

	md_head(md, "Blind");
	before = md->len;
	if (!mw_time_parse(slice_of(json_str(in->shift, "since", "")), &since))
		since = in->now;
	cJSON_ArrayForEach(row, in->cover)
	{
		holes(in, row, since, md);
		late(in, row, md);
	}
	not_logged(in, md);
	none(md, before,
	     in->cover ? "No source was silent in this time, as far as its rhythm shows."
	               : "Not known: the log cover could not be read.");
}

/* ---- per analyst, numbers ---- */

struct share {
	const char *owner;
	int open, grave, late, closed;
};

static struct share *share_of(struct share *all, size_t *n, const char *owner)
{
	for (size_t i = 0; i < *n; i++)
		if (!strcmp(all[i].owner, owner))
			return &all[i];
	all[*n] = (struct share){.owner = owner};
	return &all[(*n)++];
}

static void per_analyst(const struct handoff_in *in, const struct shift_view *v, struct buf *md)
{
	struct share *all = xcalloc(v->n + 1, sizeof(*all));
	size_t n = 0;

	md_head(md, "Per analyst");
	for (size_t k = 0; k < v->n; k++) {
		const cJSON *i = v->incidents[k];
		struct share *s = share_of(all, &n, json_str(i, "owner", ""));
		s->closed += shift_closed(i);
		s->open += !shift_closed(i);
		s->grave += !shift_closed(i) && shift_rank(i) <= 1;
		s->late += !shift_closed(i) && shift_late(i, in->now);
	}
	buf_str(md, "| Analyst | Open | Critical or high | Promise broken | Closed |\n"
	            "|---|---|---|---|---|\n");
	for (size_t i = 0; i < n; i++) {
		buf_str(md, "| ");
		report_text(md, *all[i].owner ? all[i].owner : "nobody");
		buf_printf(md, " | %d | %d | %d | %d |\n", all[i].open, all[i].grave, all[i].late,
		           all[i].closed);
	}
	free(all);
}

static int64_t percentile(const cJSON *sorted, int percent)
{
	int n = cJSON_GetArraySize(sorted), at = n ? (n - 1) * percent / 100 : 0;
	const cJSON *v = cJSON_GetArrayItem(sorted, at);

	return v ? (int64_t)v->valuedouble : 0;
}

static void numbers(const struct handoff_in *in, const struct shift_view *v, struct buf *md)
{
	const cJSON *n = json_obj(in->shift, "numbers"), *triage = json_arr(n, "triage_s");
	int late_ones = 0;

	md_head(md, "Numbers");
	for (size_t k = 0; k < v->n; k++)
		late_ones += !shift_closed(v->incidents[k]) && shift_late(v->incidents[k], in->now);
	buf_printf(md, "- new incidents on the floor: %lld; promises broken in this list: %d\n",
	           (long long)json_i64(n, "made", 0), late_ones);
	if (cJSON_GetArraySize(triage))
		buf_printf(md,
		           "- to the first hand on an incident: median %lld min, p90 %lld min (n "
		           "%d)\n",
		           (long long)percentile(triage, 50) / 60,
		           (long long)percentile(triage, 90) / 60, cJSON_GetArraySize(triage));
	else
		buf_str(md,
		        "- to the first hand on an incident: none of the new ones was touched\n");
}

void handoff_rest(const struct handoff_in *in, const struct shift_view *v, struct buf *md)
{
	changed(in, v, md);
	waits(in, v, md);
	watches(in, md);
	hidden(in, md);
	blind(in, md);
	if (!json_str(in->shift, "user", NULL))
		per_analyst(in, v, md);
	numbers(in, v, md);
}
