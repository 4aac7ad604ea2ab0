/*
 * Changes of Prisma's alerts, and what the access key may do. An alert is open until its resource is right: it can be dismissed or snoozed with a
 * note, and reopened; there is no call that resolves one, none that comments on one, and no owner.
 */
#include "source/prisma.h"

#define NOTE_MAX 2000 /* bytes; the platform's own bound is not known */

/* ---- changes ---- */

static cJSON *change_doc(const char *id)
{
	cJSON *doc = cJSON_CreateObject(), *range;

	cJSON_AddItemToArray(json_add_arr(doc, "alerts"), cJSON_CreateString(id));
	json_add_arr(doc, "policies");
	range = json_add_obj(json_add_obj(doc, "filter"), "timeRange");
	json_add_str(range, "type", "to_now");
	json_add_str(range, "value", "epoch");
	return doc;
}

static int change(struct prisma *x, const struct source_run *run, const char *path, cJSON *doc,
                  struct err *e)
{
	struct http_response rs;
	int rc = prisma_call(x, run, "POST", path, doc, &rs, e);

	http_response_release(&rs);
	cJSON_Delete(doc);
	return rc;
}

/* The note is all that can be said: why it was closed, and what the change is otherwise. malloc. */
static char *note_of(const struct source_update *u)
{
	struct buf b = BUF_INIT;
	struct source_update copy = *u;
	char *out;

	buf_init(&b, NOTE_MAX);
	if (u->verdict)
		buf_printf(&b, "%s.", u->verdict);
	if (u->reason)
		buf_printf(&b, "%s%s", b.len ? " " : "", u->reason);
	if (u->comment)
		buf_printf(&b, "%s%s", b.len ? " " : "", u->comment);
	if (u->owner && *u->owner)
		buf_printf(&b, "%sOwner at the SOC: %s.", b.len ? " " : "", u->owner);
	copy.comment = b.len ? b.s : "Closed at the SOC.";
	out = call_note(&copy);
	buf_release(&b);
	return out;
}

static int dismiss(struct prisma *x, const struct source_run *run, const struct source_update *u,
                   struct err *e)
{
	cJSON *doc = change_doc(u->id);
	char *note = note_of(u);

	json_add_str(doc, "dismissalNote", note);
	free(note);
	return change(x, run, "/alert/dismiss", doc, e);
}

/* Waiting is a day of snooze there. */
static int snooze(struct prisma *x, const struct source_run *run, const struct source_update *u,
                  struct err *e)
{
	cJSON *doc = change_doc(u->id), *range = json_add_obj(doc, "dismissalTimeRange"), *value;
	char *note = note_of(u);

	json_add_str(range, "type", "relative");
	value = json_add_obj(range, "value");
	json_add_i64(value, "amount", 1);
	json_add_str(value, "unit", "day");
	json_add_str(doc, "dismissalNote", note);
	free(note);
	return change(x, run, "/alert/dismiss", doc, e);
}

static int reopen(struct prisma *x, const struct source_run *run, const struct source_update *u,
                  struct err *e)
{
	return change(x, run, "/alert/reopen", change_doc(u->id), e);
}

static int stay(struct prisma *x, const struct source_run *run, const struct source_update *u,
                struct err *e)
{
	(void)x, (void)run, (void)u, (void)e;
	return 0;
}

/* What takes an alert from what it is (row) to what is wanted. A true positive stays open there until its resource is right. */
static const struct {
	const char *is, *wanted;
	int (*act)(struct prisma *x, const struct source_run *run, const struct source_update *u,
	           struct err *e);
} changes[] = {
        {"open", "closed", dismiss},
        {"snoozed", "closed", dismiss},
        {"dismissed", "closed", stay},
        {"resolved", "closed", stay},
        {"open", "wait", snooze},
        {"snoozed", "wait", stay},
        {"open", "new", stay},
        {"open", "work", stay},
        {"dismissed", "new", reopen},
        {"dismissed", "work", reopen},
        {"snoozed", "new", reopen},
        {"snoozed", "work", reopen},
        {"dismissed", "wait", stay},
        {"pending_resolution", "closed", stay},
        {"pending_resolution", "work", stay},
        {"pending_resolution", "new", stay},
        {"pending_resolution", "wait", stay},
};

static int conflict(const struct prisma *x, const cJSON *alert, struct err *e)
{
	return err_set(e, ERR_CONFLICT, "%s: the alert was changed meanwhile: it is now %s (%s)",
	               x->c.source.name, json_str(alert, "status", "?"),
	               json_str(alert, "reason", "no reason given"));
}

static bool is_old(const cJSON *alert, const char *etag)
{
	int64_t at;

	return etag && slice_i64(slice_of(etag), &at) && call_i64(alert, "lastUpdated", at) != at;
}

static int set_status(struct prisma *x, const struct source_run *run, const struct source_update *u,
                      const cJSON *alert, struct err *e)
{
	const char *is = json_str(alert, "status", "");

	if (!strcmp(u->status, "closed") && u->verdict && !strcmp(u->verdict, "true_positive"))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		if (strcmp(changes[i].is, is) != 0 || strcmp(changes[i].wanted, u->status) != 0)
			continue;
		if (changes[i].act != stay && is_old(alert, u->etag))
			return conflict(x, alert, e);
		return changes[i].act(x, run, u, e);
	}
	return err_set(e, ERR_INVALID, "%s: an alert that is %s cannot be made %s by hand",
	               x->c.source.name, is, u->status);
}

int prisma_update(struct connected *c, const struct source_run *run, const struct source_update *u,
                  struct err *e)
{
	struct prisma *x = prisma_of(c);
	cJSON *alert = NULL;
	int rc;

	if (!u->status)
		return u->comment || u->owner || u->severity || u->tag
		               ? err_set(e, ERR_INVALID,
		                         "%s: Prisma Cloud has no comments, owners, severities or tags "
		                         "of alerts that can be set; a note goes with a dismissal",
		                         c->source.name)
		               : 0;
	rc = prisma_alert(x, run, u->id, &alert, e);
	rc = rc ? rc : set_status(x, run, u, alert, e);
	cJSON_Delete(alert);
	return rc;
}

/* ---- source test ---- */

/* The newest change of the last week, as its test and its check. */
static void check_alerts(struct prisma *x, const struct source_run *run,
                         const struct check_sink *sink)
{
	cJSON *doc = cJSON_CreateObject(), *answer = NULL;
	const cJSON *items;
	struct err e = {0};
	char at[32];
	mw_time t;

	prisma_range(doc, mw_now() - 7 * MW_DAY, mw_now());
	cJSON_AddItemToArray(json_add_arr(doc, "sortBy"), cJSON_CreateString("alertTime:desc"));
	json_add_i64(doc, "limit", 1);
	if (!check_result(sink, "alerts",
	                  prisma_json(x, run, "POST", "/v2/alert", doc, &answer, &e), &e,
	                  PRISMA_RIGHTS, "can be read")) {
		items = json_arr(answer, "items");
		t = items && items->child ? prisma_time(items->child, "alertTime") : MW_TIME_NONE;
		if (t != MW_TIME_NONE)
			mw_time_format(t, at);
		check_say(sink, "newest event", t == MW_TIME_NONE ? CHECK_WARN : CHECK_OK,
		          t == MW_TIME_NONE ? "are the account groups of its role the right ones?"
		                            : NULL,
		          "%s; %lld alerts in the last 7 days", t == MW_TIME_NONE ? "none" : at,
		          (long long)json_i64(answer, "totalRows", 0));
	}
	cJSON_Delete(answer);
	cJSON_Delete(doc);
}

static const struct {
	const char *what, *query, *found;
} permissions[] = {
        {"config search",
         "config from cloud.resource where api.name = 'aws-ec2-describe-instances'",
         "RQL over resources can be asked"},
        {"permission search", "config from iam where action.name = 's3:GetObject'",
         "RQL over permissions can be asked"},
};

static void check_searches(struct prisma *x, const struct source_run *run,
                           const struct check_sink *sink)
{
	for (size_t i = 0; i < ARRAY_LEN(permissions); i++) {
		cJSON *doc = cJSON_CreateObject(), *answer = NULL;
		struct err e = {0};
		json_add_str(doc, "query", permissions[i].query);
		(void)check_result(sink, permissions[i].what,
		                   prisma_json(x, run, "POST", "/search/suggest", doc, &answer, &e),
		                   &e, PRISMA_RIGHTS, permissions[i].found);
		cJSON_Delete(answer);
		cJSON_Delete(doc);
	}
}

/* The roles of the key's owner: read-only ones say so. */
static void check_roles(const cJSON *me, const struct check_sink *sink)
{
	struct buf names = BUF_INIT;
	bool writes = false, any = false;
	const cJSON *r;

	cJSON_ArrayForEach(r, json_arr(me, "roles"))
	{
		const char *type = json_str(r, "type", json_str(r, "name", "?"));
		buf_printf(&names, "%s%s", names.len ? ", " : "", type);
		writes = writes || (!json_bool(r, "onlyAllowReadAccess", false) &&
		                    !strcasestr(type, "read only"));
		any = true;
	}
	check_say(sink, "may not write",
	          !any     ? CHECK_SKIPPED
	          : writes ? CHECK_WARN
	                   : CHECK_OK,
	          writes ? PRISMA_RIGHTS : NULL, "%s",
	          !any ? "it does not tell its roles" : names.s);
	buf_release(&names);
}

int prisma_test(struct connected *c, const struct source_run *run, const struct check_sink *sink,
                struct err *e)
{
	struct prisma *x = prisma_of(c);
	struct http_request rq = {.method = "GET", .path = "/user/me", .idempotent = true};
	cJSON *me;

	x->run = *run;
	if (check_reach(x->api, run, sink, &rq, PRISMA_RIGHTS, &me, e))
		return 0;
	check_say(sink, "login", CHECK_OK, NULL, "as %s",
	          json_str(me, "email",
	                   json_str(me, "displayName", json_str(x->env.entry, "client", "?"))));
	check_alerts(x, run, sink);
	check_searches(x, run, sink);
	check_roles(me, sink);
	cJSON_Delete(me);
	return 0;
}
