/*
 * Changes of Wiz's issues, and what the service account may do. Wiz resolves most issues itself, once the resource is right: only threats can be
 * resolved by hand; the others can be rejected, with a reason. What it has no place for (owner, severity, tag) goes into a note.
 */
#include "source/wiz.h"

#define NOTE_MAX 2000 /* bytes; the platform's own bound is not known */

/* ---- closing ---- */

static const struct {
	const char *verdict, *threat, *other; /* other NULL: only a right resource ends it */
} verdicts[] = {
        {"true_positive", "MALICIOUS_THREAT", NULL},
        {"benign_positive", "PLANNED_ACTION_THREAT", "EXCEPTION"},
        {"false_positive_logic", "NOT_MALICIOUS_THREAT", "FALSE_POSITIVE"},
        {"false_positive_data", "NOT_MALICIOUS_THREAT", "FALSE_POSITIVE"},
        {"duplicate", "INCONCLUSIVE_THREAT", "WONT_FIX"},
};
static const struct {
	const char *ours, *theirs;
} statuses[] = {{"new", "OPEN"}, {"work", "IN_PROGRESS"}, {"wait", "IN_PROGRESS"}};

static const char *reason_of(const char *verdict, bool threat)
{
	for (size_t i = 0; verdict && i < ARRAY_LEN(verdicts); i++)
		if (!strcmp(verdicts[i].verdict, verdict))
			return threat ? verdicts[i].threat : verdicts[i].other;
	return threat ? "INCONCLUSIVE_THREAT" : NULL;
}

static bool is_threat(const cJSON *issue)
{
	return !strcmp(json_str(issue, "type", ""), "THREAT_DETECTION");
}

/* The patch that makes the issue what u wants; NULL where it is that already, or *e is set where there is no such thing. */
static int make_patch(const cJSON *issue, const struct source_update *u, cJSON **patch,
                      bool *stays_open, struct err *e)
{
	const char *status = NULL, *reason = NULL;
	bool threat = is_threat(issue), closed = u->status && !strcmp(u->status, "closed");

	*patch = NULL;
	for (size_t i = 0; u->status && i < ARRAY_LEN(statuses); i++)
		if (!strcmp(statuses[i].ours, u->status))
			status = statuses[i].theirs;
	if (u->status && !status && !closed)
		return err_set(e, ERR_INVALID, "an issue has no status \"%s\"", u->status);
	if (closed) {
		reason = reason_of(u->verdict, threat);
		status = threat ? "RESOLVED" : reason ? "REJECTED" : "IN_PROGRESS";
		*stays_open = !reason;
	}
	if (!status || !strcmp(json_str(issue, "status", ""), status) ||
	    (*stays_open && !strcmp(json_str(issue, "status", ""), "RESOLVED")))
		return 0;
	*patch = cJSON_CreateObject();
	json_add_str(*patch, "status", status);
	if (reason)
		json_add_str(*patch, "resolutionReason", reason);
	if (reason && u->reason)
		json_add_str(*patch, "note", u->reason);
	return 0;
}

/* ---- calls ---- */

/* A call whose answer is whole, or nothing: what the platform says of another one is an error of that code. Takes vars. */
static int call_whole(struct wiz *x, const struct source_run *run, const char *document,
                      cJSON *vars, enum err_code code, struct err *e)
{
	struct wiz_answer a;
	int rc = wiz_call(x, run, document, vars, &a, e);

	if (!rc && a.part)
		rc = err_set(e, code, "%s: %s", x->c.source.name, a.part);
	wiz_answer_release(&a);
	return rc;
}

static bool has_note(const cJSON *issue, const char *key)
{
	char *mark = xasprintf("[midwatch %s]", key ? key : "");
	const cJSON *n;
	bool has = false;

	cJSON_ArrayForEach(n, json_arr(issue, "notes")) has |=
	        key && strstr(json_str(n, "text", ""), mark) != NULL;
	free(mark);
	return has;
}

/* What a note says besides the comment itself. malloc; NULL where there is nothing to say. */
static char *note_text(const struct source_update *u, bool stays_open)
{
	struct buf b = BUF_INIT;
	struct source_update copy = *u;
	char *out;

	buf_init(&b, NOTE_MAX);
	if (u->comment)
		buf_str(&b, u->comment);
	if (stays_open)
		buf_printf(
		        &b,
		        "%sClosed at the SOC%s%s%s. Wiz resolves this issue once the resource is "
		        "right.",
		        b.len ? " " : "", u->verdict ? " as " : "", u->verdict ? u->verdict : "",
		        u->reason ? u->reason : "");
	if (u->owner)
		buf_printf(&b, "%sOwner at the SOC: %s.", b.len ? " " : "",
		           *u->owner ? u->owner : "none");
	if (u->severity)
		buf_printf(&b, "%sSeverity at the SOC: %s.", b.len ? " " : "", u->severity);
	copy.comment = b.len ? b.s : NULL;
	out = copy.comment || copy.tag ? call_note(&copy) : NULL;
	buf_release(&b);
	return out;
}

static int put_note(struct wiz *x, const struct source_run *run, const struct source_update *u,
                    const char *text, struct err *e)
{
	cJSON *vars = cJSON_CreateObject(), *input = json_add_obj(vars, "input");

	json_add_str(input, "issueId", u->id);
	json_add_str(input, "text", text);
	return call_whole(x, run, wiz_doc_note, vars, ERR_REMOTE, e);
}

static int put_patch(struct wiz *x, const struct source_run *run, const char *id, cJSON *patch,
                     struct err *e)
{
	cJSON *vars = cJSON_CreateObject();

	json_add_str(vars, "issueId", id);
	cJSON_AddItemToObject(vars, "patch", patch);
	return call_whole(x, run, wiz_doc_update, vars, ERR_REMOTE, e);
}

static int conflict(const struct wiz *x, const cJSON *issue, struct err *e)
{
	return err_set(
	        e, ERR_CONFLICT, "%s: the issue was changed meanwhile: it is now %s%s%s, since %s",
	        x->c.source.name, json_str(issue, "status", "?"),
	        json_str(issue, "resolutionReason", NULL) ? ", " : "",
	        json_str(issue, "resolutionReason", ""), json_str(issue, "statusChangedAt", "?"));
}

int wiz_update(struct connected *c, const struct source_run *run, const struct source_update *u,
               struct err *e)
{
	struct wiz *x = wiz_of(c);
	cJSON *issue = NULL, *patch = NULL;
	bool stays_open = false;
	char *note;
	int rc = wiz_issue(x, run, u->id, &issue, e);

	if (rc)
		return -1;
	rc = make_patch(issue, u, &patch, &stays_open, e);
	/* What is there already needs no change: a repeat of one that went through. */
	if (!rc && patch && u->etag &&
	    strcmp(u->etag, json_str(issue, "statusChangedAt", json_str(issue, "createdAt", "")))) {
		rc = conflict(x, issue, e);
		cJSON_Delete(patch);
		patch = NULL;
	}
	if (!rc && patch)
		rc = put_patch(x, run, u->id, patch, e);
	note = rc ? NULL : note_text(u, stays_open);
	if (note && !has_note(issue, u->idempotency))
		rc = put_note(x, run, u, note, e);
	free(note);
	cJSON_Delete(issue);
	return rc;
}

/* ---- source test ---- */

static cJSON *one_of_any(void)
{
	cJSON *vars = cJSON_CreateObject(), *query = json_add_obj(vars, "query");

	cJSON_AddItemToArray(json_add_arr(query, "type"), cJSON_CreateString("SUBSCRIPTION"));
	json_add_bool(query, "select", true);
	json_add_str(vars, "projectId", "*");
	json_add_i64(vars, "first", 1);
	json_add_bool(vars, "quick", true);
	return vars;
}

static cJSON *first_one(void)
{
	return wiz_filter(cJSON_CreateObject(), 1);
}

static const struct {
	const char *what, *document, *found;
	cJSON *(*vars)(void);
} permissions[] = {
        {"read:issues", wiz_doc_issues_small, "issues can be read", first_one},
        {"read:resources", wiz_doc_resources, "resources can be read", first_one},
        {"graph", wiz_doc_paths, "the graph can be searched", one_of_any},
        {"read:vulnerabilities", wiz_doc_vulnerabilities, "vulnerabilities can be read", first_one},
        {"read:projects", wiz_doc_projects, "owners of projects can be read", first_one},
};

/* The scopes in the token, where it tells them. malloc or NULL. */
static char *scopes_of(const struct wiz *x)
{
	static const char *const names[] = {"scope", "scopes", "permissions", "scp"};
	cJSON *claims = x->claims ? json_parse(slice_of(x->claims), 65536, NULL) : NULL;
	struct buf b = BUF_INIT;
	const cJSON *v, *one;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		v = json_get(claims, names[i]);
		if (cJSON_IsString(v))
			buf_printf(&b, "%s ", v->valuestring);
		cJSON_ArrayForEach(one, v)
		{
			if (cJSON_IsString(one))
				buf_printf(&b, "%s ", one->valuestring);
		}
	}
	cJSON_Delete(claims);
	if (!b.len)
		return NULL;
	buf_truncate(&b, b.len - 1);
	return buf_take(&b, NULL);
}

static void check_scopes(const struct wiz *x, const struct check_sink *sink)
{
	char *scopes = scopes_of(x);
	bool admin = scopes && (strstr(scopes, "admin:") || strstr(scopes, "create:") ||
	                        strstr(scopes, "delete:") || strstr(scopes, "write:all")),
	     changes =
	             scopes && (strstr(scopes, "update:issues") || strstr(scopes, "write:issues"));

	if (!scopes)
		check_say(sink, "may not write", CHECK_SKIPPED, NULL,
		          "the token does not tell its scopes; look at the service account");
	else
		check_say(sink, "may not write", admin ? CHECK_WARN : CHECK_OK,
		          admin ? WIZ_RIGHTS : NULL, "%s: %s",
		          admin     ? "it may do more than is needed"
		          : changes ? "only reading, and changes of issues"
		                    : "only reading",
		          scopes);
	free(scopes);
}

/* The token names the data centre whose API is its own. */
static void check_centre(const struct wiz *x, const struct check_sink *sink)
{
	cJSON *claims = x->claims ? json_parse(slice_of(x->claims), 65536, NULL) : NULL;
	const char *dc = json_str(claims, "dc", NULL), *url = json_str(x->env.entry, "url", "");
	char *host = dc ? xasprintf("//api.%s.", dc) : NULL;

	if (host && !strstr(url, host) && strstr(url, ".wiz."))
		check_say(sink, "data centre", CHECK_WARN,
		          "set url to the API endpoint of this tenant",
		          "the token is of %s, url is %s", dc, url);
	free(host);
	cJSON_Delete(claims);
}

static void check_newest(struct wiz *x, const struct source_run *run, const struct check_sink *sink)
{
	cJSON *vars = cJSON_CreateObject(), *order = json_add_obj(vars, "orderBy"), *j = NULL;
	const cJSON *nodes, *list;
	struct wiz_answer a;
	struct err e = {0};

	json_add_i64(vars, "first", 1);
	json_add_str(order, "field", "STATUS_CHANGED_AT");
	json_add_str(order, "direction", "DESC");
	if (wiz_call(x, run, wiz_doc_count, vars, &a, &e) ||
	    !(j = json_parse(a.data, CONNECTOR_LINE_MAX, &e))) {
		check_say(sink, "newest event", CHECK_SKIPPED, NULL, "%s", e.what);
	} else {
		list = json_obj(j, "issuesV2");
		nodes = json_arr(list, "nodes");
		check_say(sink, "newest event", nodes && nodes->child ? CHECK_OK : CHECK_WARN,
		          nodes && nodes->child ? NULL
		                                : "is a project missing in the account's scope?",
		          "%s; %lld issues",
		          nodes && nodes->child ? json_str(nodes->child, "statusChangedAt", "?")
		                                : "none",
		          (long long)json_i64(list, "totalCount", 0));
	}
	cJSON_Delete(j);
	wiz_answer_release(&a);
}

int wiz_test(struct connected *c, const struct source_run *run, const struct check_sink *sink,
             struct err *e)
{
	struct wiz *x = wiz_of(c);
	struct http_request rq = {
	        .method = "POST",
	        .path = "/graphql",
	        .body = SLICE("{\"query\":\"query Reach { __typename }\",\"variables\":{}}"),
	        .content_type = "application/json",
	        .idempotent = true};
	cJSON *answer;
	int rc;

	x->run = *run;
	rc = check_reach(x->api, run, sink, &rq, WIZ_RIGHTS, &answer, e);
	cJSON_Delete(answer);
	if (rc)
		return 0;
	check_say(sink, "login", CHECK_OK, NULL, "as service account %s",
	          json_str(x->env.entry, "client", "?"));
	check_centre(x, sink);
	for (size_t i = 0; i < ARRAY_LEN(permissions); i++) {
		struct err why = {0};
		rc = call_whole(x, run, permissions[i].document, permissions[i].vars(), ERR_DENIED,
		                &why);
		(void)check_result(sink, permissions[i].what, rc, &why, WIZ_RIGHTS,
		                   permissions[i].found);
	}
	check_scopes(x, sink);
	check_newest(x, run, sink);
	return 0;
}
