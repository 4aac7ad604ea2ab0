/*
 * Changes of Lacework's alerts: comments, and closing with a reason, which cannot be taken back. There is no state between open and closed, so
 * that "work" and "wait" change nothing there. Severity is the policy's, and there is no owner. A comment carries the key of the intent, by
 * which a repeat is told.
 */
#include "source/lacework.h"

enum { OTHER, FALSE_POSITIVE, NOT_ENOUGH, RESOLVED, TESTING, EXPECTED };
static const struct {
	const char *verdict;
	int reason;
} reasons[] = {{"true_positive", RESOLVED},
               {"benign_positive", EXPECTED},
               {"false_positive_logic", FALSE_POSITIVE},
               {"false_positive_data", FALSE_POSITIVE},
               {"duplicate", OTHER}};

static int reason_of(const struct source_update *u)
{
	for (size_t i = 0; u->verdict && i < ARRAY_LEN(reasons); i++)
		if (!strcmp(reasons[i].verdict, u->verdict))
			return reasons[i].reason;
	return OTHER;
}

static int check(const struct lacework *x, const struct source_update *u, const cJSON *now,
                 struct err *e)
{
	static const char *const known[] = {"new", "work", "wait", "closed"};
	const char *name = x->c.source.name;
	bool ok = !u->status;

	for (size_t i = 0; u->status && i < ARRAY_LEN(known); i++)
		ok |= !strcmp(known[i], u->status);
	if (!ok)
		return err_set(e, ERR_INVALID, "an alert has no status \"%s\"", u->status);
	if (u->severity)
		return err_set(e, ERR_INVALID,
		               "%s: the severity of an alert is its policy's: it cannot be set",
		               name);
	if (u->owner && *u->owner)
		return err_set(
		        e, ERR_INVALID,
		        "%s: an alert has no owner there: assign it here, and say it in a comment",
		        name);
	if (u->status && strcmp(u->status, "closed") != 0 &&
	    !strcmp(json_str(now, "status", ""), "Closed"))
		return err_set(e, ERR_INVALID, "%s: alert %s is closed, and cannot be opened again",
		               name, u->id);
	return 0;
}

static int check_etag(const struct lacework *x, const struct source_update *u, const cJSON *now,
                      struct err *e)
{
	struct buf b = BUF_INIT;
	char *is;
	int rc = 0;

	json_write(&b, now);
	is = lacework_etag((struct slice){b.s, b.len});
	if (u->etag && strcmp(u->etag, is) != 0)
		rc = err_set(e, ERR_CONFLICT,
		             "%s: alert %s was changed meanwhile: it is now %s, last changed %s",
		             x->c.source.name, u->id, json_str(now, "status", "?"),
		             json_str(now, "lastUserUpdatedTime", "?"));
	free(is);
	buf_release(&b);
	return rc;
}

static int post(struct lacework *x, const struct source_run *run, const char *id, const char *what,
                const cJSON *doc, struct err *e)
{
	char *path = xasprintf("/api/v2/Alerts/%s/%s", id, what);
	cJSON *answer = NULL;
	int rc = lacework_json(x, run, "POST", path, doc, false, &answer, e);

	cJSON_Delete(answer);
	free(path);
	return rc;
}

static int comment(struct lacework *x, const struct source_run *run, const char *id,
                   const char *note, struct err *e)
{
	cJSON *doc = cJSON_CreateObject();
	int rc;

	json_add_str(doc, "comment", note);
	rc = post(x, run, id, "comment", doc, e);
	cJSON_Delete(doc);
	return rc;
}

/* "Other" wants a comment. */
static int close_alert(struct lacework *x, const struct source_run *run,
                       const struct source_update *u, const char *note, struct err *e)
{
	cJSON *doc = cJSON_CreateObject();
	int reason = reason_of(u), rc;

	json_add_i64(doc, "reason", reason);
	if (note || u->reason || reason == OTHER)
		json_add_str(doc, "comment",
		             note         ? note
		             : u->reason  ? u->reason
		             : u->verdict ? u->verdict
		                          : "closed without a reason given");
	rc = post(x, run, u->id, "close", doc, e);
	cJSON_Delete(doc);
	return rc;
}

static int has_note(struct lacework *x, const struct source_run *run, const char *id,
                    const char *key, bool *has, struct err *e)
{
	cJSON *log = NULL;
	int rc = key ? lacework_scope(x, run, id, "Timeline", &log, e) : 0;

	*has = log && call_has(log, key);
	cJSON_Delete(log);
	return rc;
}

int lacework_update(struct connected *c, const struct source_run *run,
                    const struct source_update *u, struct err *e)
{
	struct lacework *x = lacework_of(c);
	cJSON *now = NULL;
	char *note = u->comment || u->tag ? call_note(u) : NULL;
	bool again = false, close = u->status && !strcmp(u->status, "closed"), closed;
	int rc = lacework_details(x, run, u->id, &now, e) || check(x, u, now, e) ? -1 : 0;

	closed = !strcmp(json_str(now, "status", ""), "Closed");
	if (!rc && note)
		rc = has_note(x, run, u->id, u->idempotency, &again, e);
	if (!rc && !again)
		rc = check_etag(x, u, now, e);
	/* A comment on its own; a closing carries it with it. */
	if (!rc && note && !again && (!close || closed))
		rc = comment(x, run, u->id, note, e);
	if (!rc && close && !closed)
		rc = close_alert(x, run, u, again ? NULL : note, e);
	cJSON_Delete(now);
	free(note);
	return rc;
}
