/*
 * Actions: proposed from a playbook's step, shown, approved or denied, carried out. On the keeper's thread; the intent is stored
 * before the effect, each outcome is an entry of the audit chain, and a change of state is a note on the incident. Only what
 * the engine does itself can be carried out: the rest is refused when it is proposed (act/playbook.h says why).
 */
#include "act/playbook.h"
#include "act/verdict.h"
#include "correlate/suppress.h"
#include "policy/approval.h"
#include "serve/engine.h"

#define SUPPRESS_DAYS 1

static struct person person_of(const struct request *r)
{
	return (struct person){r->user, r->who.uid, (enum role)r->role, !r->e->team};
}

static void incident_name(const cJSON *action, char out[32])
{
	snprintf(out, 32, "INC-%lld", (long long)json_i64(action, "incident", 0));
}

static void set(cJSON *o, const char *key, cJSON *v)
{
	cJSON_DeleteItemFromObjectCaseSensitive(o, key);
	cJSON_AddItemToObject(o, key, v);
}

/* ---- the record ---- */

/* Where the incident is gone, the audit chain still has it. */
static int note(struct state *s, struct request *r, const cJSON *action, const char *text,
                struct err *e)
{
	char id[32];

	incident_name(action, id);
	if (state_note_add(s, &r->who, id, text, r->now, e))
		return e->code == ERR_NOT_FOUND ? 0 : -1;
	request_changed(r, id);
	return 0;
}

static int audit(struct state *s, struct request *r, const cJSON *action, const char *what,
                 const char *why, struct err *e)
{
	cJSON *detail = cJSON_CreateObject();
	int rc;

	json_add_i64(detail, "incident", json_i64(action, "incident", 0));
	json_add_str(detail, "step", json_str(action, "step", ""));
	json_add_str(detail, "action", json_str(action, "action", ""));
	json_add_str(detail, "target", json_str(action, "target", ""));
	json_add_str(detail, "digest", json_str(action, "digest", ""));
	json_add_str(detail, "state", json_str(action, "state", ""));
	json_add_str(detail, "why", why);
	rc = state_audit(s, &r->who, what, json_str(action, "id", ""), detail, r->now, e);
	cJSON_Delete(detail);
	return rc;
}

/* Stores the action in its new state, with its entry and its note. */
static int record(struct state *s, struct request *r, cJSON *action, const char *why, struct err *e)
{
	char *what = xasprintf("action.%s", json_str(action, "state", ""));
	char *text = xasprintf("%s %s: %s%s%s", json_str(action, "id", ""),
	                       json_str(action, "state", ""), json_str(action, "title", ""),
	                       why ? "; " : "", why ? why : "");
	int rc = state_action_put(s, action, e) || audit(s, r, action, what, why, e) ||
	                         note(s, r, action, text, e)
	                 ? -1
	                 : 0;

	free(what);
	free(text);
	return rc;
}

/* Refused, and that stays on record: the caller gets the error, what was written is kept. */
static int refuse(struct state *s, struct request *r, const cJSON *action, const struct err *why,
                  struct err *e)
{
	if (audit(s, r, action, "action.refused", why->what, e))
		return -1;
	request_refused(r, why);
	return 0;
}

static bool is_open(const cJSON *action)
{
	return !strcmp(json_str(action, "state", ""), "open");
}

/* An open action whose time has passed is written down as expired by whoever finds it so. */
static int expire(struct state *s, struct request *r, cJSON *action, struct err *e)
{
	const char *until = json_str(action, "expires_at", "");
	mw_time t;

	if (!is_open(action) || (mw_time_parse(slice_of(until), &t) && r->now < t))
		return 0;
	set(action, "state", cJSON_CreateString("expired"));
	return record(s, r, action, "nobody approved it in time", e);
}

static cJSON *stored(struct state *s, struct request *r, struct err *e)
{
	cJSON *action = state_action_get(s, request_str(r, "action"), e);

	if (action && expire(s, r, action, e)) {
		cJSON_Delete(action);
		return NULL;
	}
	return action;
}

/* ---- proposing ---- */

/* What has to be so still when it is carried out. */
static cJSON *before_of(const cJSON *incident)
{
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, "status", json_str(incident, "status", ""));
	json_add_str(o, "owner", json_str(incident, "owner", ""));
	json_add_i64(o, "findings", cJSON_GetArraySize(json_arr(incident, "findings")));
	return o;
}

static const cJSON *step_numbered(const cJSON *playbook, int64_t n)
{
	const cJSON *step;

	cJSON_ArrayForEach(step, json_arr(playbook, "steps"))
	{
		if (json_i64(step, "n", 0) == n)
			return step;
	}
	return NULL;
}

static const char *state_of_step(const cJSON *playbook, const char *id)
{
	const cJSON *step;

	cJSON_ArrayForEach(step, json_arr(playbook, "steps"))
	{
		if (!strcmp(json_str(step, "id", ""), id))
			return json_str(step, "state", "");
	}
	return "done"; /* left out: the incident has nothing to do it on */
}

static int check_step(const cJSON *playbook, const cJSON *step, int64_t n, struct err *e)
{
	const cJSON *after;

	if (!step)
		return err_set(e, ERR_NOT_FOUND, "the playbook %s has no step %lld",
		               json_str(playbook, "playbook", "?"), (long long)n);
	if (!strcmp(json_str(step, "state", ""), "open"))
		return err_set(e, ERR_CONFLICT, "%s asks for this step already",
		               json_str(step, "request", "an action"));
	if (!strcmp(json_str(step, "action", ""), "report.export"))
		return err_set(e, ERR_DENIED,
		               "an export is written by who reads it: midwatch report export");
	cJSON_ArrayForEach(after, json_arr(step, "after"))
	{
		if (cJSON_IsString(after) &&
		    strcmp(state_of_step(playbook, after->valuestring), "done"))
			return err_set(e, ERR_DENIED, "the step \"%s\" comes before this one",
			               after->valuestring);
	}
	return 0;
}

/* Takes action over; its result is the action as it is stored. */
static int put_forward(struct state *s, struct request *r, const cJSON *incident, cJSON *action,
                       struct err *e)
{
	char hex[DIGEST_HEX], until[32];

	set(action, "before", before_of(incident));
	mw_time_format(r->now + config_i64(r->e->config, OPT_APPROVAL_EXPIRES), until);
	set(action, "expires_at", cJSON_CreateString(until));
	approval_digest(action, hex);
	set(action, "digest", cJSON_CreateString(hex));
	r->result = action;
	if (state_action_add(s, action, e))
		return -1;
	return record(s, r, action, "proposed, waits for approval", e);
}

static int propose_step(struct state *s, struct request *r, const cJSON *incident, struct err *e)
{
	static const char *const systems[] = {NULL};
	struct person by = person_of(r);
	int64_t n = json_i64(r->params, "step", 0);
	struct playbooks *all;
	const cJSON *step;
	cJSON *playbook, *action = NULL;

	if (playbooks_load(&all, e))
		return -1;
	playbook = playbook_for(all, incident, r->user, systems, e);
	step = playbook ? step_numbered(playbook, n) : NULL;
	if (playbook && !check_step(playbook, step, n, e))
		action = approval_make(step, incident, &by, r->now, e);
	cJSON_Delete(playbook);
	playbooks_free(all);
	return action ? put_forward(s, r, incident, action, e) : -1;
}

/* Actions that nobody approved in time are no longer open when a new one is asked for. */
static int expire_all(struct state *s, struct request *r, cJSON *actions, struct err *e)
{
	cJSON *action;

	cJSON_ArrayForEach(action, actions)
	{
		if (expire(s, r, action, e))
			return -1;
	}
	return 0;
}

int actions_expire(struct state *s, struct request *r, struct err *e)
{
	cJSON *list = state_actions_in(s, "open", e);
	int rc = list ? expire_all(s, r, list, e) : -1;

	cJSON_Delete(list);
	return rc;
}

static int action_propose(struct state *s, struct request *r, struct err *e)
{
	cJSON *incident = state_incident(s, request_str(r, "incident"), e);
	int rc = incident ? expire_all(s, r, json_arr(incident, "actions"), e) : -1;

	if (rc == 0)
		rc = propose_step(s, r, incident, e);
	cJSON_Delete(incident);
	return rc;
}

static int action_get(struct state *s, struct request *r, struct err *e)
{
	struct person by = person_of(r);
	cJSON *action = stored(s, r, e);
	struct err off;

	if (!action)
		return -1;
	r->result = action;
	if (approval_off(action, &by, r->now, &off))
		json_add_str(action, "off", off.what);
	return 0;
}

/* ---- carrying out ---- */

static int do_update(struct state *s, struct request *r, const cJSON *action, cJSON *result,
                     struct err *e)
{
	const cJSON *p = json_obj(action, "params");
	struct incident_change c = {.status = json_str(p, "status", NULL),
	                            .owner = json_str(p, "owner", NULL),
	                            .snooze_until = MW_TIME_NONE};
	char id[32];

	(void)result;
	incident_name(action, id);
	return state_incident_update(s, &r->who, id, &c, r->now, e);
}

static int do_note(struct state *s, struct request *r, const cJSON *action, cJSON *result,
                   struct err *e)
{
	char id[32];

	(void)result;
	incident_name(action, id);
	return state_note_add(s, &r->who, id, json_str(json_obj(action, "params"), "text", ""),
	                      r->now, e);
}

static int do_close(struct state *s, struct request *r, const cJSON *action, cJSON *result,
                    struct err *e)
{
	const cJSON *p = json_obj(action, "params");
	char id[32];

	(void)result;
	incident_name(action, id);
	return verdict_check(json_str(p, "verdict", ""), json_str(p, "reason", ""), e) ||
	                       state_incident_close(s, &r->who, id, json_str(p, "verdict", ""),
	                                            json_str(p, "reason", ""), r->now, e)
	               ? -1
	               : 0;
}

static int do_suppress(struct state *s, struct request *r, const cJSON *action, cJSON *result,
                       struct err *e)
{
	static const char *const terms[] = {"rule", "title", "dataset", "entity", "severity"};
	const cJSON *p = json_obj(action, "params");
	cJSON *rule = cJSON_CreateObject(), *match = json_add_obj(rule, "match");
	int rc;

	for (size_t i = 0; i < ARRAY_LEN(terms); i++)
		if (json_str(p, terms[i], NULL))
			json_add_str(match, terms[i], json_str(p, terms[i], ""));
	json_add_str(rule, "owner", json_str(p, "owner", r->user));
	json_add_str(rule, "reason", json_str(p, "reason", json_str(action, "title", "")));
	json_add_time(rule, "until", r->now + SUPPRESS_DAYS * MW_DAY);
	json_add_time(result, "until", r->now + SUPPRESS_DAYS * MW_DAY);
	rc = suppress_check(match, e) || state_suppress_add(s, &r->who, rule, r->now, e) ? -1 : 0;
	cJSON_Delete(rule);
	return rc;
}

/* Made by a worker after this: the action stays "running" until action_drafted or action_failed. */
static int do_draft(struct state *s, struct request *r, const cJSON *action, cJSON *result,
                    struct err *e)
{
	(void)s;
	(void)r;
	(void)action;
	(void)result;
	(void)e;
	return 0;
}

static const struct effect {
	const char *action, *state;
	int (*fn)(struct state *s, struct request *r, const cJSON *action, cJSON *result,
	          struct err *e);
} effects[] = {
        {"incident.update", "done", do_update}, {"incident.note", "done", do_note},
        {"incident.close", "done", do_close},   {"suppress.add", "done", do_suppress},
        {"report.draft", "running", do_draft},
};

static const struct effect *effect_of(const cJSON *action)
{
	for (size_t i = 0; i < ARRAY_LEN(effects); i++)
		if (!strcmp(effects[i].action, json_str(action, "action", "")))
			return &effects[i];
	return NULL;
}

/* Is all that was read when it was proposed so still? */
static int check_before(const cJSON *action, const cJSON *incident, struct err *e)
{
	cJSON *now = before_of(incident);
	const cJSON *was = json_obj(action, "before"), *m;
	int rc = 0;

	cJSON_ArrayForEach(m, now)
	{
		const cJSON *old = json_get(was, m->string);
		if (!rc && !cJSON_Compare(old, m, true)) {
			struct buf a = BUF_INIT, b = BUF_INIT;
			if (old)
				json_write(&a, old);
			json_write(&b, m);
			rc = err_set(e, ERR_CONFLICT,
			             "not approved: the incident's %s was %s when this was "
			             "proposed and is %s now; propose it again",
			             m->string, a.s ? a.s : "not there", b.s);
			buf_release(&a);
			buf_release(&b);
		}
	}
	cJSON_Delete(now);
	return rc;
}

/* What the incident says after the effect, for the record. */
static int read_back(struct state *s, const cJSON *action, cJSON *result, struct err *e)
{
	char id[32];
	cJSON *incident;

	incident_name(action, id);
	incident = state_incident(s, id, e);
	if (!incident)
		return -1;
	json_add_str(result, "status", json_str(incident, "status", ""));
	json_add_str(result, "owner", json_str(incident, "owner", ""));
	cJSON_Delete(incident);
	return 0;
}

/* The effect in a savepoint of its own: one that fails leaves nothing, and the failure is recorded. */
static int carry_out(struct state *s, struct request *r, cJSON *action, struct err *e)
{
	const struct effect *f = effect_of(action);
	cJSON *result = cJSON_CreateObject();
	struct err why, ignored;
	int rc;

	if (db_exec(&s->db, "SAVEPOINT effect", e)) {
		cJSON_Delete(result);
		return -1;
	}
	rc = f ? f->fn(s, r, action, result, &why)
	       : err_set(&why, ERR_DENIED, "nothing is configured that could carry it out");
	if (rc == 0)
		rc = read_back(s, action, result, &why);
	if (rc)
		(void)!db_exec(&s->db, "ROLLBACK TO effect", &ignored);
	(void)!db_exec(&s->db, "RELEASE effect", &ignored);
	if (rc)
		json_add_str(result, "error", why.what);
	set(action, "state", cJSON_CreateString(rc || !f ? "failed" : f->state));
	set(action, "result", result);
	return record(s, r, action, rc ? why.what : NULL, e);
}

static int decide_yes(struct state *s, struct request *r, cJSON *action, struct err *e)
{
	struct person by = person_of(r);
	char id[32];
	cJSON *incident;
	struct err why;
	int rc = approval_check(action, &by, request_str(r, "digest"), request_str(r, "word"),
	                        r->now, &why);

	incident_name(action, id);
	incident = rc ? NULL : state_incident(s, id, &why);
	if (!rc)
		rc = incident ? check_before(action, incident, &why) : -1;
	cJSON_Delete(incident);
	if (rc)
		return refuse(s, r, action, &why, e);
	approval_decide(action, "approved", &by, "", r->now);
	return audit(s, r, action, "action.approved", NULL, e) ? -1 : carry_out(s, r, action, e);
}

static int action_approve(struct state *s, struct request *r, struct err *e)
{
	r->result = stored(s, r, e);
	return r->result ? decide_yes(s, r, r->result, e) : -1;
}

static int action_deny(struct state *s, struct request *r, struct err *e)
{
	struct person by = person_of(r);
	const char *reason = request_str(r, "reason");
	struct err why;

	if (!reason[strspn(reason, " \t")])
		return err_set(e, ERR_INVALID, "a denial needs its reason");
	r->result = stored(s, r, e);
	if (!r->result)
		return -1;
	if (!is_open(r->result)) {
		err_set(&why, ERR_CONFLICT, "not denied: it is %s already",
		        json_str(r->result, "state", ""));
		return refuse(s, r, r->result, &why, e);
	}
	approval_decide(r->result, "denied", &by, reason, r->now);
	return record(s, r, r->result, reason, e);
}

/* ---- reversing: a new action, that is looked at and approved like any other ---- */

static cJSON *reverse_step(const cJSON *action, struct err *e)
{
	const cJSON *was = json_obj(action, "before");
	const char *what = json_str(action, "action", "");
	cJSON *step, *p;
	char *title;

	if (strcmp(what, "incident.update") && strcmp(what, "incident.close")) {
		err_set(e, ERR_DENIED, "%s has no reverse that the engine carries out: %s",
		        json_str(action, "id", "it"), json_str(action, "reverse", "none"));
		return NULL;
	}
	step = cJSON_CreateObject();
	title = xasprintf("Reverse of %s: status back to %s, owner %s", json_str(action, "id", ""),
	                  json_str(was, "status", ""),
	                  *json_str(was, "owner", "") ? json_str(was, "owner", "") : "none");
	json_add_str(step, "title", title);
	free(title);
	json_add_str(step, "id", "reverse");
	json_add_str(step, "action", "incident.update");
	json_add_str(step, "system", json_str(action, "system", ""));
	json_add_str(step, "target", json_str(action, "target", ""));
	json_add_str(step, "word", json_str(action, "word", ""));
	json_add_str(step, "needs", json_str(action, "needs", ""));
	json_add_str(step, "reverse", "propose the step again");
	p = json_add_obj(step, "params");
	json_add_str(p, "status", json_str(was, "status", ""));
	json_add_str(p, "owner", json_str(was, "owner", ""));
	return step;
}

static int propose_reverse(struct state *s, struct request *r, const cJSON *action, struct err *e)
{
	struct person by = person_of(r);
	char id[32];
	cJSON *step, *incident, *made = NULL;

	if (strcmp(json_str(action, "state", ""), "done"))
		return err_set(e, ERR_CONFLICT, "%s is %s: only what was done can be reversed",
		               json_str(action, "id", "it"), json_str(action, "state", ""));
	incident_name(action, id);
	step = reverse_step(action, e);
	incident = step ? state_incident(s, id, e) : NULL;
	if (incident)
		made = approval_make(step, incident, &by, r->now, e);
	cJSON_Delete(step);
	if (made)
		set(made, "reverses", cJSON_CreateString(json_str(action, "id", "")));
	if (!made || put_forward(s, r, incident, made, e)) {
		cJSON_Delete(incident);
		return -1;
	}
	cJSON_Delete(incident);
	return 0;
}

static int action_reverse(struct state *s, struct request *r, struct err *e)
{
	cJSON *action = stored(s, r, e);
	int rc = action ? propose_reverse(s, r, action, e) : -1;

	cJSON_Delete(action);
	return rc;
}

/* ---- an approved draft, which a worker makes ---- */

bool action_goes_on(const struct request *r)
{
	return r->method == M_ACTION_APPROVE &&
	       !strcmp(json_str(r->result, "state", ""), "running");
}

void action_go_on(struct request *r)
{
	char id[32];

	incident_name(r->result, id);
	cJSON_Delete(r->params);
	r->params = cJSON_CreateObject();
	json_add_str(r->params, "kind", "incident");
	json_add_str(r->params, "incident", id);
	json_add_str(r->params, "action", json_str(r->result, "id", ""));
	cJSON_Delete(r->result);
	r->result = NULL;
	r->method = M_REPORT_DRAFT;
	request_dispatch(r);
}

/* The answer of the approval is the action, with the document in its result. */
int action_drafted(struct state *s, struct request *r, struct err *e)
{
	const char *id = request_str(r, "action");
	cJSON *action, *result;
	char *why;
	int rc;

	if (!id)
		return 0;
	action = state_action_get(s, id, e);
	if (!action)
		return -1;
	result = cJSON_CreateObject();
	json_add_i64(result, "doc", json_i64(r->result, "doc", 0));
	json_add_i64(result, "version", json_i64(r->result, "version", 0));
	set(action, "state", cJSON_CreateString("done"));
	set(action, "result", result);
	cJSON_Delete(r->result);
	r->result = action;
	why = xasprintf("document %lld", (long long)json_i64(result, "doc", 0));
	rc = record(s, r, action, why, e);
	free(why);
	return rc;
}

static int draft_failed(struct state *s, struct request *r, struct err *e)
{
	cJSON *action = state_action_get(s, request_str(r, "action"), e), *result;
	const char *why = request_str(r, "error");

	if (!action)
		return -1;
	r->result = action;
	result = cJSON_CreateObject();
	json_add_str(result, "error", why);
	set(action, "state", cJSON_CreateString("failed"));
	set(action, "result", result);
	return record(s, r, action, why, e);
}

bool action_failed(struct request *r, const struct err *e)
{
	if (!request_str(r, "action"))
		return false;
	json_add_str(r->params, "error", e->what);
	route_state(r, draft_failed, 0);
	return true;
}

/* ---- merged away, and a new engine ---- */

/* Nothing that an engine before this one was asked is approved by this one. */
static int lapse_list(struct state *s, struct request *r, cJSON *list, const char *to,
                      const char *why, struct err *e)
{
	cJSON *action;
	int rc = list ? 0 : -1;

	cJSON_ArrayForEach(action, list)
	{
		set(action, "state", cJSON_CreateString(to));
		if (rc == 0)
			rc = record(s, r, action, why, e);
	}
	return rc;
}

static int lapse_in(struct state *s, struct request *r, const char *state, const char *to,
                    const char *why, struct err *e)
{
	cJSON *list = state_actions_in(s, state, e);
	int rc = lapse_list(s, r, list, to, why, e);

	cJSON_Delete(list);
	return rc;
}

int actions_merged(struct state *s, struct request *r, const char *incident, const char *into,
                   struct err *e)
{
	cJSON *i = state_incident(s, incident, e), *list = json_arr(i, "actions"),
	      *a = list ? list->child : NULL;
	char *why = xasprintf("%s was merged into %s: propose it there", incident, into);
	int rc = i ? 0 : -1;

	while (a) {
		cJSON *next = a->next;
		if (!is_open(a))
			cJSON_Delete(cJSON_DetachItemViaPointer(list, a));
		a = next;
	}
	if (!rc)
		rc = lapse_list(s, r, list, "lapsed", why, e);
	free(why);
	cJSON_Delete(i);
	return rc;
}

static int lapse(struct state *s, struct request *r, struct err *e)
{
	return lapse_in(s, r, "open", "lapsed",
	                "not approved: the engine was started anew; propose it again", e) ||
	                       lapse_in(s, r, "running", "failed",
	                                "the engine ended before the result was known", e) ||
	                       state_bulk_set(s, 0, "running", "stopped", e)
	               ? -1
	               : 0;
}

void actions_lapse(struct engine *e)
{
	route_state(request_internal(e, M_ACTION_DENY, NULL), lapse, 0);
}

const struct state_route action_routes[] = {
        {M_ACTION_PROPOSE, action_propose, ROUTE_EXPIRY},
        {M_ACTION_GET, action_get, 0},
        {M_ACTION_APPROVE, action_approve, 0},
        {M_ACTION_DENY, action_deny, 0},
        {M_ACTION_REVERSE, action_reverse, ROUTE_EXPIRY},
        {-1, NULL, 0},
};
