/*
 * Changes of Orca's alerts. There is no etag: the time of the last change stands for it. An alert has no owner and no tags of its own: a tag
 * goes into the comment. The key of the intent is in the comment too, by which a repeat is told; where only a status or score is set, setting
 * it twice is setting it once.
 */
#include "source/orca.h"

static const struct {
	const char *status, *verb, *stored;
} statuses[] = {{"new", "open", "open"},
                {"work", "in_progress", "in_progress"},
                {"wait", "in_progress", "in_progress"},
                {"closed", "close", "closed"}};

/* Scores of 0 to 10 are what can be set there. */
static const struct {
	const char *severity;
	int score;
} scores[] = {{"critical", 10}, {"high", 8}, {"medium", 6},
              {"low", 3},       {"info", 1}, {"informational", 1}};

/* A true positive was dealt with; all else is put aside. */
static bool is_dismissal(const struct source_update *u)
{
	return u->verdict && strcmp(u->verdict, "true_positive") != 0;
}

static int check(const struct orca *x, const struct source_update *u, struct err *e)
{
	bool known = !u->status;

	for (size_t i = 0; u->status && i < ARRAY_LEN(statuses); i++)
		known |= !strcmp(statuses[i].status, u->status);
	if (!known)
		return err_set(e, ERR_INVALID, "an alert has no status \"%s\"", u->status);
	known = !u->severity;
	for (size_t i = 0; u->severity && i < ARRAY_LEN(scores); i++)
		known |= !strcasecmp(scores[i].severity, u->severity);
	if (!known)
		return err_set(e, ERR_INVALID, "an alert has no severity \"%s\"", u->severity);
	if (u->owner && *u->owner)
		return err_set(
		        e, ERR_INVALID,
		        "%s: an alert has no owner there: assign it here, and say it in a comment",
		        x->c.source.name);
	return 0;
}

static int put(struct orca *x, const struct source_run *run, const char *id, const char *what,
               const cJSON *doc, struct err *e)
{
	char *path = xasprintf("/api/alerts/%s/%s", id, what);
	cJSON *answer = NULL;
	int rc = orca_json(x, run, "PUT", path, doc, &answer, e);

	cJSON_Delete(answer);
	free(path);
	return rc;
}

static int put_status(struct orca *x, const struct source_run *run, const struct source_update *u,
                      const cJSON *now, struct err *e)
{
	const char *is = json_str(json_obj(now, "state"), "status", ""), *verb = NULL, *stored = "";
	char *what;
	int rc;

	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (!strcmp(statuses[i].status, u->status)) {
			verb = statuses[i].verb;
			stored = statuses[i].stored;
		}
	if (!strcmp(u->status, "closed") && is_dismissal(u)) {
		verb = "dismiss";
		stored = "dismissed";
	}
	if (!strcmp(is, stored))
		return 0;
	what = xasprintf("status/%s", verb);
	rc = put(x, run, u->id, what, NULL, e);
	free(what);
	return rc;
}

/* The score that it has already is refused with a 400. */
static int put_score(struct orca *x, const struct source_run *run, const struct source_update *u,
                     const cJSON *now, struct err *e)
{
	cJSON *doc = cJSON_CreateObject();
	int64_t score = 0, is = call_i64(json_obj(now, "state"), "orca_score", -1);
	int rc;

	for (size_t i = 0; i < ARRAY_LEN(scores); i++)
		if (!strcasecmp(scores[i].severity, u->severity))
			score = scores[i].score;
	json_add_i64(doc, "orca_score", score);
	rc = is == score ? 0 : put(x, run, u->id, "severity", doc, e);
	if (rc && strstr(e->what, "already"))
		rc = 0;
	cJSON_Delete(doc);
	return rc;
}

static int put_note(struct orca *x, const struct source_run *run, const struct source_update *u,
                    const char *note, struct err *e)
{
	cJSON *doc = cJSON_CreateObject();
	int rc;

	json_add_str(doc, "comment", note);
	rc = put(x, run, u->id, "comment", doc, e);
	if (rc && (e->code == ERR_NOT_FOUND || strstr(e->what, " 405"))) {
		e->code = ERR_INVALID;
		err_prefix(e, "%s takes no comments, and nothing was changed; leave it out",
		           x->c.source.name);
	}
	cJSON_Delete(doc);
	return rc;
}

static bool has_note(struct orca *x, const struct source_run *run, const char *id, const char *key)
{
	cJSON *log = NULL;
	bool has = key && !orca_log(x, run, id, &log, NULL) && log && call_has(log, key);

	cJSON_Delete(log);
	return has;
}

static bool same_time(const char *a, const char *b)
{
	mw_time x, y;

	return a && b && mw_time_parse(slice_of(a), &x) && mw_time_parse(slice_of(b), &y) && x == y;
}

/* The serving layer's time of the last change, where the legacy API has another. */
static bool is_serving_time(struct orca *x, const struct source_run *run,
                            const struct source_update *u)
{
	cJSON *rows = NULL;
	bool same = !x->no_serving &&
	            !orca_rows(x, run, "Alert", orca_in("AlertId", u->id), &rows, NULL) &&
	            same_time(u->etag, orca_value(json_obj(cJSON_GetArrayItem(rows, 0), "data"),
	                                          "LastUpdated"));

	cJSON_Delete(rows);
	return same;
}

static int check_etag(struct orca *x, const struct source_run *run, const struct source_update *u,
                      const cJSON *now, struct err *e)
{
	const cJSON *state = json_obj(now, "state");
	const char *changed = json_str(state, "last_updated", NULL);

	if (!u->etag || !changed || same_time(u->etag, changed) || is_serving_time(x, run, u))
		return 0;
	return err_set(e, ERR_CONFLICT,
	               "%s: alert %s was changed meanwhile: it is now %s, risk %s, since %s",
	               x->c.source.name, u->id, json_str(state, "status", "?"),
	               json_str(state, "risk_level", "?"), changed);
}

int orca_update(struct connected *c, const struct source_run *run, const struct source_update *u,
                struct err *e)
{
	struct orca *x = orca_of(c);
	cJSON *now = NULL;
	bool says = u->comment || u->tag, again;
	char *note = says ? call_note(u) : NULL;
	int rc = check(x, u, e) || orca_details(x, run, u->id, &now, e) ||
	                         orca_check_accounts(x, now, "the alert", u->id, e)
	                 ? -1
	                 : 0;

	again = !rc && note && has_note(x, run, u->id, u->idempotency);
	if (!rc && !again)
		rc = check_etag(x, run, u, now, e);
	/* The comment goes first: it carries the key by which a repeat is told. */
	if (!rc && note && !again)
		rc = put_note(x, run, u, note, e);
	if (!rc && u->status)
		rc = put_status(x, run, u, now, e);
	if (!rc && u->severity)
		rc = put_score(x, run, u, now, e);
	cJSON_Delete(now);
	free(note);
	return rc;
}
