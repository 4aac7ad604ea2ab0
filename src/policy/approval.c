#include "policy/approval.h"

#include "base/mem.h"

static const char *const role_names[] = {"reader", "analyst", "lead", "admin"};

/* Who must say yes. "you": the asker may; "lead": a lead, not the asker; "lead+1": a lead, not the
 * asker, and two persons at all. */
static const struct need {
	const char *name;
	enum role role;
	bool other;
} needs[] = {{"you", ROLE_ANALYST, false},
             {"lead", ROLE_LEAD, true},
             {"lead+1", ROLE_LEAD, true},
             {"admin", ROLE_ADMIN, true}};

static const struct need *need_of(const cJSON *action)
{
	const char *name = json_str(action, "needs", "");
	for (size_t i = 0; i < ARRAY_LEN(needs); i++)
		if (!strcmp(name, needs[i].name))
			return &needs[i];
	return NULL;
}

/* ---- digest ---- */

static const char *const not_covered[] = {"id",     "state",  "digest", "decided_by", "decided_at",
                                          "reason", "result", "off",    NULL};

static bool covered(const char *key)
{
	for (const char *const *k = not_covered; *k; k++)
		if (!strcmp(key, *k))
			return false;
	return true;
}

static int by_key(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;
	return strcmp((*x)->string, (*y)->string);
}

static void canonical(struct buf *b, const cJSON *v, bool top);

static void canonical_object(struct buf *b, const cJSON *o, bool top)
{
	size_t n = (size_t)cJSON_GetArraySize(o), i = 0, written = 0;
	const cJSON **m = xcalloc(n + 1, sizeof(*m));
	for (const cJSON *c = o->child; c; c = c->next)
		m[i++] = c;
	qsort(m, n, sizeof(const cJSON *), by_key);
	buf_ch(b, '{');
	for (i = 0; i < n; i++) {
		if (top && !covered(m[i]->string))
			continue;
		buf_str(b, written++ ? "," : "");
		json_write_string(b, slice_of(m[i]->string));
		buf_ch(b, ':');
		canonical(b, m[i], false);
	}
	buf_ch(b, '}');
	free(m);
}

static void canonical(struct buf *b, const cJSON *v, bool top)
{
	if (cJSON_IsObject(v)) {
		canonical_object(b, v, top);
	} else if (cJSON_IsArray(v)) {
		buf_ch(b, '[');
		for (const cJSON *c = v->child; c; c = c->next) {
			buf_str(b, c == v->child ? "" : ",");
			canonical(b, c, false);
		}
		buf_ch(b, ']');
	} else {
		json_write(b, v);
	}
}

void approval_digest(const cJSON *action, char hex[DIGEST_HEX])
{
	struct buf b = BUF_INIT;
	uint8_t d[32];
	canonical(&b, action, true);
	digest_sha256(b.s, b.len, d);
	digest_hex(d, hex);
	buf_release(&b);
}

/* ---- making ---- */

cJSON *approval_make(const cJSON *step, const cJSON *incident, const struct person *asker,
                     mw_time now, struct err *e)
{
	static const char *const copied[] = {"title",  "action", "system",   "target",  "params",
	                                     "effect", "scope",  "evidence", "reverse", "needs",
	                                     "word",   "risk",   "why"};
	const char *off = json_str(step, "reason_off", NULL);
	cJSON *a;
	char hex[DIGEST_HEX];
	if (off) {
		err_set(e, ERR_DENIED, "this step cannot be proposed: %s", off);
		return NULL;
	}
	a = cJSON_CreateObject();
	json_add_i64(a, "incident", json_i64(incident, "id", 0));
	json_add_str(a, "step", json_str(step, "id", ""));
	for (size_t i = 0; i < ARRAY_LEN(copied); i++) {
		cJSON *v = json_get(step, copied[i]);
		if (v)
			cJSON_AddItemToObject(a, copied[i], cJSON_Duplicate(v, true));
	}
	json_add_str(a, "asked_by", asker->name);
	json_add_i64(a, "asked_uid", asker->uid);
	json_add_time(a, "asked_at", now);
	json_add_time(a, "expires_at", now + APPROVAL_TTL);
	json_add_str(a, "state", "open");
	approval_digest(a, hex);
	json_add_str(a, "digest", hex);
	return a;
}

/* ---- checking ---- */

static int refuse(struct err *e, const char *why)
{
	return err_set(e, ERR_DENIED, "not approved: %s", why);
}

static int check_person(const cJSON *action, const struct person *by, struct err *e)
{
	const struct need *n = need_of(action);
	bool own = json_i64(action, "asked_uid", -1) == (int64_t)by->uid;
	if (!n)
		return refuse(e, "the step does not say who must approve it");
	if (n->other && by->alone)
		return refuse(e, "it needs a second person, and a private engine has one: ask on "
		                 "the team's engine");
	if (by->role < n->role)
		return err_set(e, ERR_DENIED, "not approved: it needs a %s, you are %s",
		               role_names[n->role], role_names[by->role]);
	if (n->other && own)
		return refuse(e, "asked by you; it needs somebody else");
	return 0;
}

static int check_open(const cJSON *action, mw_time now, struct err *e)
{
	const char *state = json_str(action, "state", ""),
	           *until = json_str(action, "expires_at", NULL);
	mw_time t;
	if (strcmp(state, "open"))
		return err_set(e, ERR_CONFLICT, "not approved: it is %s already", state);
	if (!until || !mw_time_parse(slice_of(until), &t) || now >= t)
		return err_set(e, ERR_DEADLINE, "not approved: it expired at %s; propose it again",
		               until ? until : "no stated time");
	return 0;
}

const char *approval_off(const cJSON *action, const struct person *by, mw_time now, struct err *e)
{
	return check_open(action, now, e) || check_person(action, by, e) ? e->what : NULL;
}

int approval_check(const cJSON *action, const struct person *by, const char *digest,
                   const char *word, mw_time now, struct err *e)
{
	char hex[DIGEST_HEX];
	const char *want = json_str(action, "word", "");
	if (check_open(action, now, e) || check_person(action, by, e))
		return -1;
	approval_digest(action, hex);
	if (strcmp(hex, json_str(action, "digest", "")) || !digest || strcmp(hex, digest))
		return err_set(
		        e, ERR_CONFLICT,
		        "not approved: the action is not the one that was shown; look at it again");
	if (!*want || !word || strcmp(want, word))
		return refuse(e, "the word typed is not the target's");
	return 0;
}

void approval_decide(cJSON *action, const char *state, const struct person *by, const char *reason,
                     mw_time now)
{
	cJSON_DeleteItemFromObjectCaseSensitive(action, "state");
	json_add_str(action, "state", state);
	json_add_str(action, "decided_by", by->name);
	json_add_time(action, "decided_at", now);
	json_add_str(action, "reason", reason);
}
