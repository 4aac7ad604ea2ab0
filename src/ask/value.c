/* Which field a value is meant in: its looks, the word in front of it, a field named beside it, and where the data has it. */
#include "ask/query.h"

static const struct {
	enum gram prep;
	int actor, target, source, destination, what, outcome, where;
} wants[] = {
        {G_FROM, 45, 20, 60, 10, 30, 20, 55}, {G_BY, 60, 10, 45, 5, 45, 10, 30},
        {G_TO, 10, 55, 5, 60, 40, 20, 40},    {G_ON, 15, 50, 20, 42, 46, 20, 60},
        {G_IN, 15, 40, 10, 10, 42, 30, 60},   {G_OF, 50, 48, 40, 40, 42, 30, 42},
        {G_WITH, 30, 40, 45, 30, 50, 55, 30}, {G_FOR, 50, 46, 30, 40, 46, 30, 50},
        {G_NONE, 40, 28, 34, 30, 38, 36, 36},
};
/* Fields that repeat what others say better, or that hold long text. */
static const struct {
	const char *prefix;
	int points;
} handicaps[] = {
        {"resources.name", 14},
        {"resources.uid", 14},
        {"mw.alert_entity", 24},
        {"message", 40},
        {"rule.name", 24},
        {"metadata.", 14},
        {"category_name", 12},
        {"class_name", 10},
        {"raw:", 22},
        {"actor.process.", 8},
        {"mw.target_image", 8},
        {"process.parent_process.", 9},
        {"actor.user.full_name", 8},
        {"actor.user.email", 6},
        {"finding_info.desc", 40},
        {"mw.script", 30},
        {"file.internal_name", 14},
        {"file.path", 3},
        {"process.user.name", 3},
        {"module.", 6},
        {"actor.user.domain", 10},
        {"user.domain", 12},
        {"src_endpoint.hostname", 8},
        {"actor.app_name", 4},
        {"connection_info.uid", 10},
        {"mw.analyzer", 10},
        {"device.domain", 10},
        {"device.uid", 6},
};
/* What looks like this is in these fields, unless the data says otherwise. */
static const struct {
	enum entity e;
	const char *fields[5];
} homes[] = {
        {ENT_KEY, {"actor.user.credential_uid", "actor.user.uid_alt"}},
        {ENT_ACCOUNT, {"cloud.account.uid", "actor.user.account.uid"}},
        {ENT_TECHNIQUE, {"finding_info.attacks.technique.uid"}},
        {ENT_REGION, {"cloud.region"}},
        {ENT_EVENT, {"api.operation", "activity_name"}},
        {ENT_FILE, {"process.name", "file.name"}},
        {ENT_EMAIL, {"actor.user.name", "actor.user.email_addr"}},
        {ENT_DOMAIN, {"query.hostname", "http_request.url.hostname", "dst_endpoint.hostname"}},
        {ENT_MAC, {"src_endpoint.mac", "dst_endpoint.mac"}},
        {ENT_CVE, {"vulnerabilities.cve.uid"}},
        {ENT_HASH, {"file.hashes.value"}},
        {ENT_URL, {"http_request.url.url_string"}},
        {ENT_SID, {"actor.user.uid", "user.uid"}},
};

static int want(enum gram prep, enum field_role r)
{
	size_t i = 0;

	while (wants[i].prep != prep && wants[i].prep != G_NONE)
		i++;
	switch (r) {
	case FR_ACTOR:
		return wants[i].actor;
	case FR_TARGET:
		return wants[i].target;
	case FR_SOURCE:
		return wants[i].source;
	case FR_DESTINATION:
		return wants[i].destination;
	case FR_WHAT:
		return wants[i].what;
	case FR_OUTCOME:
		return wants[i].outcome;
	case FR_WHERE:
		return wants[i].where;
	default:
		return 20;
	}
}

static int log2_of(uint64_t n)
{
	int k = 0;

	while (n >>= 1)
		k++;
	return k < 12 ? k : 12;
}

static bool in_list(const char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

static int score(const struct term_env *env, const struct cand *c, enum gram prep)
{
	int s = want(prep, c->role) + log2_of(c->events) / 2;

	if (prep == G_AS && strstr(c->field, "user.name"))
		s += 40; /* "run as SYSTEM" */

	for (size_t i = 0; i < ARRAY_LEN(handicaps); i++)
		if (strncmp(c->field, handicaps[i].prefix, strlen(handicaps[i].prefix)) == 0)
			s -= handicaps[i].points;
	if (!(c->mask & env->w->in_scope))
		s -= 60;
	/* a file's name is a program's before it is a file's, and a program acts */
	if (strcmp(c->field, "process.name") == 0 || strcmp(c->field, "api.operation") == 0)
		s += 6;
	return s;
}

/* "AssumeRole of X": the event is done to X */
static bool after_event(const struct query *q)
{
	const struct con *last = q->cons.n ? &q->cons.v[q->cons.n - 1] : NULL;

	return last && last->kind == CON_FIELD && strcmp(last->fields[0], "api.operation") == 0;
}

static const struct cand *best_cand(const struct term_env *env, const struct term *t,
                                    enum gram prep, const char *const *only)
{
	const struct cand *best = NULL;
	int most = 0;

	for (size_t i = 0; i < t->ncands; i++) {
		int s = score(env, &t->cands[i], prep);

		if (only && !in_list(only, t->cands[i].field))
			continue;
		if (!best || s > most)
			best = &t->cands[i], most = s;
	}
	return best;
}

static void one_value(const struct term_env *env, struct con *c, struct slice v)
{
	c->values = arena_alloc(env->a, sizeof(*c->values));
	c->values[0] = v;
	c->nvalues = 1;
}

static void con_open(struct con *c, enum con_kind kind, enum gram prep)
{
	memset(c, 0, sizeof(*c));
	c->kind = kind;
	c->op = OP_IS;
	c->prep = prep;
}

static bool text_con(const struct term_env *env, struct con *c, struct slice v, enum gram prep)
{
	con_open(c, CON_TEXT, prep);
	c->op = OP_TEXT;
	one_value(env, c, v);
	return true;
}

static bool long_text(const char *field)
{
	static const char *const fields[] = {"http_request.user_agent",
	                                     "process.cmd_line",
	                                     "mw.script",
	                                     "message",
	                                     "finding_info.title",
	                                     "finding_info.desc",
	                                     "api.response.error_message",
	                                     "process.parent_process.cmd_line",
	                                     "process.file.path",
	                                     "file.path",
	                                     "mw.policy_document",
	                                     "module.file.path",
	                                     "reg_key.path",
	                                     "process.parent_process.file.path",
	                                     "mw.target_image",
	                                     "actor.process.file.path",
	                                     "status_detail",
	                                     "mw.share",
	                                     "http_request.url.url_string",
	                                     "api.response.error",
	                                     "win_service.cmd_line",
	                                     "mw.call_trace",
	                                     "actor.app_name",
	                                     NULL};

	return in_list(fields, field);
}

#define NEAR_LIST_MAX 8
/* All near values of the chosen field: a list where they are few, "contains" where they are many or long. */
static void near_values(const struct term_env *env, const struct term *t, const struct cand *best,
                        struct con *c)
{
	struct slice v[NEAR_LIST_MAX];
	size_t n = 0, parts = 0;

	for (size_t i = 0; i < t->ncands; i++) {
		const struct cand *k = &t->cands[i];

		if (strcmp(k->field, best->field) != 0)
			continue;
		parts += mw_memimem(k->value.s, k->value.n, t->value.s, t->value.n) ? 1 : 0;
		if (n < NEAR_LIST_MAX)
			v[n] = k->value;
		n++;
	}
	if (parts == 0)
		n = 1, v[0] = best->value; /* a typo: the one that is nearest */
	if (n > NEAR_LIST_MAX || (parts && long_text(best->field))) {
		c->op = OP_CONTAINS;
		one_value(env, c, t->value);
		return;
	}
	c->op = n > 1 ? OP_IN : OP_IS;
	c->values = arena_alloc(env->a, n * sizeof(*v));
	memcpy(c->values, v, n * sizeof(*v));
	c->nvalues = n;
}

static bool cand_con(const struct term_env *env, const struct term *t, const struct cand *best,
                     enum gram prep, struct con *c)
{
	con_open(c, CON_FIELD, prep);
	c->fields[c->nfields++] = best->field;
	c->actor = best->role == FR_ACTOR;
	if (best->near)
		near_values(env, t, best, c);
	else
		one_value(env, c, best->value);
	return true;
}

const char *field_here(const struct term_env *env, const struct lex_entry *e)
{
	const char *best = NULL;
	int most = 0;

	for (const char *const *f = e->fields; f && *f; f++) {
		int n = __builtin_popcountll(
		        world_field_mask(env->w, *f) & env->w->in_scope &
		        ((UINT64_C(1) << (env->w->nds < 63 ? env->w->nds : 63)) - 1));

		/* In order of preference; a later name wins only where the data hardly has an earlier one. */
		if (most ? n > 3 * most : n > 0)
			best = *f, most = n;
	}
	return best ? best : e->fields ? e->fields[0] : NULL;
}

/* "windows:user.name" counts where all data in scope is of that family. */
static const char *slot_here(const struct term_env *env, const char *text)
{
	const char *colon = strchr(text, ':');

	if (!colon)
		return text;
	for (size_t d = 0; d < env->w->nds && d < WORLD_DATASETS_MAX; d++)
		if ((env->w->in_scope >> d & 1) &&
		    !dataset_within(env->w->ds[d].name,
		                    (struct slice){text, (size_t)(colon - text)}))
			return NULL;
	return colon + 1;
}

const char *slot_field(const struct term_env *env, const struct query *q, const char *slot)
{
	for (size_t i = 0; i < q->context.n; i++) {
		const struct lex_entry *e = q->context.v[i];

		for (size_t k = 0; k < e->nslots; k++) {
			const char *f = strcmp(e->slots[k].name, slot) == 0
			                        ? slot_here(env, e->slots[k].field)
			                        : NULL;

			if (f)
				return f;
		}
	}
	return NULL;
}

/* --- addresses -------------------------------------------------------------------------------------------- */

static struct slice block_of(const struct term_env *env, struct slice s)
{
	unsigned part[4] = {0, 0, 0, 0};
	int n = 0;
	struct slice rest = s, piece;
	int64_t v;

	if (memchr(s.s, '/', s.n))
		return s;
	while (n < 4 && slice_split(&rest, '.', &piece) && slice_i64(piece, &v) && v < 256)
		part[n++] = (unsigned)v;
	char *text =
	        arena_printf(env->a, "%u.%u.%u.%u/%d", part[0], part[1], part[2], part[3], n * 8);

	return slice_of(text);
}

static bool address_con(const struct term_env *env, const struct query *q, const struct term *t,
                        enum gram prep, const struct lex_entry *field, struct con *c)
{
	static const char *const any[] = {"src_endpoint.ip", "dst_endpoint.ip", "device.ip", NULL};
	const char *only = NULL;

	con_open(c, CON_FIELD, prep);
	if (prep == G_FROM || prep == G_BY)
		only = "src_endpoint.ip";
	if (prep == G_TO)
		only = "dst_endpoint.ip";
	if (prep == G_NONE && (q->did || q->toward))
		only = "src_endpoint.ip";
	if (field && field->fields && strcmp(field->fields[0], "src_endpoint.ip") != 0)
		only = field_here(env, field);
	if (field && strstr(field->name, "source") && prep != G_NONE)
		only = "src_endpoint.ip";
	if (only && world_has_field(env->w, only)) {
		c->fields[c->nfields++] = only;
	} else {
		for (size_t i = 0; any[i]; i++)
			if (world_has_field(env->w, any[i]))
				c->fields[c->nfields++] = any[i];
	}
	if (c->nfields == 0)
		c->fields[c->nfields++] = only ? only : "src_endpoint.ip";
	c->op = t->ent == ENT_CIDR ? OP_CIDR : OP_IS;
	one_value(env, c, t->ent == ENT_CIDR ? block_of(env, t->value) : t->value);
	return true;
}

/* --- by the field that stands beside it -------------------------------------------------------------------- */

static const struct {
	const char *target, *actor;
} pairs[] = {{"mw.role", "mw.session_role"}, {"user.name", "actor.user.name"}};

/* "role X did" is its session, "role X was deleted" the role: the actor's field unless an event on such objects is named. */
static bool about_object(const struct query *q, const struct lex_entry *field)
{
	for (size_t i = 0; i < q->context.n; i++)
		for (const char *const *k = q->context.v[i]->fields;
		     k && *k && q->context.v[i]->concept == CK_ACTION; k++)
			if (in_list(field->fields, *k))
				return true;
	for (size_t i = 0; i < q->cons.n; i++) {
		const struct con *c = &q->cons.v[i];

		if (c->kind != CON_FIELD || strcmp(c->fields[0], "api.operation") != 0)
			continue;
		for (size_t v = 0; v < c->nvalues; v++)
			for (const char *const *k = field->camel; k && *k; k++)
				if (memmem(c->values[v].s, c->values[v].n, *k, strlen(*k)))
					return true;
	}
	return false;
}

const char *acting_field(const struct term_env *env, const struct query *q,
                         const struct lex_entry *e, enum gram prep, const char *name)
{
	if (slot_field(env, q, e->name))
		return name; /* the concept says which side is meant */
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		if (strcmp(name, pairs[i].target) != 0 && strcmp(name, pairs[i].actor) != 0)
			continue;
		if (prep == G_BY || q->did || !about_object(q, e))
			return world_has_field(env->w, pairs[i].actor) ? pairs[i].actor : name;
		return world_has_field(env->w, pairs[i].target) ? pairs[i].target : name;
	}
	return name;
}

static bool word_field(const struct lex_entry *e, const char *slot)
{
	return strcmp(e->name, slot) == 0 ||
	       (strcmp(slot, "user") == 0 && strcmp(e->name, "IAM user") == 0);
}

/* The name of a file where the field holds whole paths: the field of names beside it, else the end of the path. */
static bool file_con(const struct term_env *env, const struct term *t, enum gram prep,
                     const char *name, struct con *c)
{
	static const struct {
		const char *path, *name;
	} twins[] = {{"process.file.path", "process.name"},
	             {"process.parent_process.file.path", "process.parent_process.name"},
	             {"actor.process.file.path", "actor.process.name"},
	             {"file.path", "file.name"},
	             {"module.file.path", "module.file.name"},
	             {"mw.target_image", NULL}};

	for (size_t i = 0; i < ARRAY_LEN(twins); i++) {
		if (strcmp(name, twins[i].path) != 0)
			continue;
		con_open(c, CON_FIELD, prep);
		c->fields[c->nfields++] = twins[i].name && world_has_field(env->w, twins[i].name)
		                                  ? twins[i].name
		                                  : name;
		c->op = c->fields[0] == name ? OP_ENDS : OP_IS;
		one_value(env, c,
		          c->op == OP_IS ? t->value
		                         : slice_of(arena_printf(env->a, "\\%.*s", (int)t->value.n,
		                                                 t->value.s)));
		return true;
	}
	return false;
}

static bool field_con(const struct term_env *env, const struct query *q, const struct term *t,
                      enum gram prep, const struct lex_entry *e, struct con *c)
{
	const char *slot = word_field(e, "user")   ? slot_field(env, q, "user")
	                   : word_field(e, "role") ? slot_field(env, q, "role")
	                                           : NULL;
	const char *only[2] = {slot, NULL};
	const struct cand *best = best_cand(env, t, prep, slot ? only : e->fields);
	struct cand near[CANDS_MAX];
	struct term as = *t;
	const char *name;

	if (word_field(e, "user") &&
	    !slot) { /* a name of a person is looked for wherever people are */
		static const char *const people[] = {"actor.user.name", "user.name",
		                                     "process.user.name",
		                                     "raw:userIdentity.userName", NULL};

		if (!best || best->raw)
			best = best_cand(env, t, prep, people);
	}
	if ((!best || best->near) && !slice_all_digits(t->value) &&
	    t->ent == ENT_NAME) { /* a short name of it */
		as.cands = near;
		as.ncands = cands_find(env, t->value, true, near, ARRAY_LEN(near));
		if (!best)
			best = best_cand(env, &as, prep, slot ? only : e->fields);
	}
	name = slot ? slot : best ? best->field : field_here(env, e);
	if (!name)
		return false;
	if (!best && t->ent == ENT_FILE && file_con(env, t, prep, name, c))
		return true;
	if (best && !best->near) {
		const char *acting = acting_field(env, q, e, prep, name);
		const char *list[2] = {acting, NULL};
		const struct cand *other = best_cand(env, t, prep, list);

		if (other)
			best = other;
		return cand_con(env, t, best, prep, c);
	}
	if (best) {
		const char *list[2] = {acting_field(env, q, e, prep, name), NULL};
		const struct cand *other = best_cand(env, &as, prep, list);

		as.value = t->value;
		(void)cand_con(env, &as, other ? other : best, prep, c);
		if (!other) { /* a role's session has the role's name */
			c->fields[0] = list[0];
			c->actor = true;
		}
		return true;
	}
	con_open(c, CON_FIELD, prep);
	c->op = long_text(name) ? OP_CONTAINS : OP_IS;
	c->fields[c->nfields++] = word_field(e, "user") && !slot
	                                  ? "actor.user.name"
	                                  : acting_field(env, q, e, prep, name);
	one_value(env, c, t->value);
	return true;
}

/* --- any value -------------------------------------------------------------------------------------------- */

static bool home_con(const struct term_env *env, const struct term *t, enum gram prep,
                     struct con *c)
{
	for (size_t i = 0; i < ARRAY_LEN(homes); i++) {
		if (homes[i].e != t->ent)
			continue;
		con_open(c, CON_FIELD, prep);
		for (size_t k = 0; k < ARRAY_LEN(homes[i].fields) && homes[i].fields[k]; k++)
			if (c->nfields == 0 && world_has_field(env->w, homes[i].fields[k]))
				c->fields[c->nfields++] = homes[i].fields[k];
		if (c->nfields == 0 && t->ent != ENT_EVENT && t->ent != ENT_KEY &&
		    t->ent != ENT_TECHNIQUE)
			return false;
		if (c->nfields == 0)
			c->fields[c->nfields++] = homes[i].fields[0];
		c->op = t->ent == ENT_TECHNIQUE && t->value.n == 5 ? OP_STARTS : OP_IS;
		one_value(env, c, t->value);
		c->actor = t->ent == ENT_KEY;
		return true;
	}
	return false;
}

static bool wild_con(const struct term_env *env, const struct term *t, enum gram prep,
                     const struct lex_entry *field, struct con *c)
{
	const char *name = field ? field_here(env, field) : NULL;

	con_open(c, CON_FIELD, prep);
	if (!name && mw_memimem(t->value.s, t->value.n, ".exe", 4))
		name = "process.name";
	if (!name)
		name = world_has_field(env->w, "api.operation") && t->value.s[0] >= 'A' &&
		                       t->value.s[0] <= 'Z'
		               ? "api.operation"
		               : NULL;
	if (!name)
		return false;
	c->fields[c->nfields++] = name;
	c->op = OP_LIKE;
	one_value(env, c, t->value);
	return true;
}

/* Ids of things: what acts is a field; what is acted on may be named in many places, so anywhere. */
static bool thing_con(const struct term_env *env, const struct query *q, const struct term *t,
                      enum gram prep, struct con *c)
{
	static const char *const acting[] = {"actor.session.uid", "actor.user.uid",
	                                     "actor.session.issuer", "raw:userIdentity.arn", NULL};
	const struct cand *best = best_cand(env, t, G_BY, acting);

	if (best && (prep == G_BY || q->did || q->himself || t->possessive))
		return cand_con(env, t, best, prep, c);
	return text_con(env, c, t->value, prep);
}

/* "processes accessing net.exe": right behind the action, the one that it was done to */
static bool onto_con(const struct term_env *env, const struct query *q, const struct term *t,
                     enum gram prep, struct con *c)
{
	const char *onto = slot_field(env, q, "onto");

	return onto && q->cons.n && q->cons.v[q->cons.n - 1].kind == CON_CONCEPT &&
	       world_has_field(env->w, onto) && file_con(env, t, prep, onto, c);
}

bool con_of_value(const struct term_env *env, const struct query *q, const struct term *t,
                  enum gram prep, const struct lex_entry *field, struct con *c)
{
	const struct cand *best;

	if (t->ent == ENT_IP || t->ent == ENT_CIDR)
		return address_con(env, q, t, prep, field, c);
	if (t->ent == ENT_CMD) {
		con_open(c, CON_FIELD, prep);
		c->fields[c->nfields++] = "process.cmd_line";
		c->op = OP_CONTAINS;
		one_value(env, c, t->value);
		return true;
	}
	if (t->ent == ENT_WILD && wild_con(env, t, prep, field, c))
		return true;
	if (q->everything && !q->did && prep != G_FROM && prep != G_BY && prep != G_IN &&
	    t->ent != ENT_EVENT) {
		best = best_cand(env, t, prep, NULL);
		if (!(best && best->role == FR_WHERE) && t->kind == T_VALUE)
			return text_con(env, c, t->value, prep);
	}
	if (t->ent == ENT_RESOURCE || t->ent == ENT_ARN || t->ent == ENT_GUID)
		return thing_con(env, q, t, prep, c);
	if (field && field->fields)
		return field_con(env, q, t, prep, field, c);
	if (t->ent == ENT_TECHNIQUE)
		return home_con(env, t, prep, c);
	if (t->kind == T_VALUE) {
		const char *slot = slot_field(env, q, "user"),
		           *proc = slot_field(env, q, "process");
		const char *list[2] = {slot, NULL}, *plist[2] = {proc, NULL};

		best = best_cand(env, t, prep == G_OF && after_event(q) ? G_TO : prep, NULL);
		if (best && strcmp(best->field, "process.name") == 0 && prep != G_BY &&
		    prep != G_FROM && onto_con(env, q, t, prep, c))
			return true;
		if (best && slot && best->role == FR_ACTOR && prep != G_BY &&
		    best_cand(env, t, prep, list))
			best = best_cand(env, t, prep, list);
		if (best && proc && strcmp(best->field, "process.name") == 0 &&
		    best_cand(env, t, prep, plist))
			best = best_cand(env, t, prep, plist);
		if (best && (prep == G_BY || prep == G_OF) &&
		    strcmp(best->field, "process.name") == 0 && slot_field(env, q, "by_process")) {
			cand_con(env, t, best, prep, c); /* "started by X": its parent */
			c->fields[0] = slot_field(env, q, "by_process");
			return true;
		}
		if (best && (best->mask & env->w->in_scope || !home_con(env, t, prep, c)))
			return cand_con(env, t, best, prep, c);
	}
	if (home_con(env, t, prep, c))
		return true;
	return t->kind == T_VALUE && text_con(env, c, t->value, prep);
}

/* A word that neither the language nor the data knows, where a name is expected: it stays a constraint, and the proof tells. */
bool con_of_unknown(const struct term_env *env, const struct query *q, const struct term *t,
                    enum gram prep, const struct lex_entry *field, struct con *c)
{
	static const char *const who[] = {"actor.user.name", "user.name", "actor.session.uid",
	                                  NULL};
	bool odd = false;

	if (field && field->fields)
		return field_con(env, q, t, prep, field, c);
	for (size_t i = 0; i < t->value.n; i++)
		odd = odd || strchr("0123456789-_.$@\\/", t->value.s[i]);
	if (prep != G_BY && !q->did && !odd && !t->quoted && !t->possessive)
		return false;
	con_open(c, CON_FIELD, prep);
	c->fields[c->nfields++] =
	        world_first_field(env->w, who) ? world_first_field(env->w, who) : who[0];
	c->actor = true;
	if (odd || t->quoted)
		return text_con(env, c, t->value, prep);
	one_value(env, c, t->value);
	return true;
}
