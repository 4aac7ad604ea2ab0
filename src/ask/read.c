/* One question: terms, clauses, plan; and what is shown of how it was read. */
#include "ask/subject.h"
#include "ask/clause.h"
#include "ask/follow.h"
#include "base/limits.h"

#define RAISE_AFTER 1 /* microsecond: strictly after */

struct reader {
	struct term_env env;
	struct world world;
	struct terms terms;
	struct parse parse;
	const struct ask_context *ctx;
	struct ask_reading *out;
	struct slice question;
	struct slice prose; /* a detection's description */
	struct term *fresh; /* the terms as they were before anything was made of them */
};

/* --- chips ------------------------------------------------------------------------------------------------ */

static void add_chip(struct reader *r, enum ask_chip_kind kind, size_t from, size_t to,
                     const char *text, bool assumed, bool corrected)
{
	*vec_push(&r->out->chips) = (struct ask_chip){kind, from, to, text, assumed, corrected};
}

static void name_value(struct reader *r, struct slice v)
{
	*vec_push(&r->out->named) = arena_memdup(&r->out->arena, v.s, v.n);
}

static enum ask_chip_kind chip_kind(const struct con *c)
{
	if (c->kind != CON_CONCEPT)
		return c->nfields && strcmp(c->fields[0], "api.operation") == 0 ? CHIP_ACTION
		                                                                : CHIP_ENTITY;
	return c->lex->concept == CK_OUTCOME ? CHIP_OUTCOME : CHIP_CONCEPT;
}

static void on_con(void *ctx, const struct con *c, const struct plan_node *n)
{
	struct reader *r = ctx;
	struct buf b = BUF_INIT;
	size_t from = 0, to = 0;
	bool corrected = false;

	if (c->nterms) {
		const struct term *a = &r->terms.v[c->term],
		                  *z = &r->terms.v[c->term + c->nterms - 1];

		from = r->terms.toks.v[a->tok].from;
		to = r->terms.toks.v[z->tok + z->n - 1].to;
		for (size_t i = c->term; i < c->term + c->nterms; i++)
			corrected = corrected || r->terms.v[i].corrected;
	}
	if (c->kind == CON_CONCEPT)
		buf_printf(&b, "%s%s", c->neg ? "not " : "", c->lex->name);
	else
		plan_paraphrase_node(n, &b);
	add_chip(r, chip_kind(c), from, to, arena_memdup(&r->out->arena, b.s, b.len), c->assumed,
	         corrected);
	buf_release(&b);
	for (size_t i = 0; c->kind != CON_CONCEPT && i < c->nvalues; i++)
		name_value(r, c->values[i]);
}

static void time_chip(struct reader *r, const struct query *q, const struct plan_search *s)
{
	char from[32] = "the start", to[32] = "now";
	bool assumed = false;
	size_t a = SIZE_MAX, z = 0;

	if (q->times.n == 0)
		return;
	for (size_t i = 0; i < q->times.n; i++) {
		const struct tx_atom *t = &q->times.v[i];

		assumed = assumed || t->assumed;
		if (r->terms.toks.v[t->tok].from < a)
			a = r->terms.toks.v[t->tok].from;
		if (r->terms.toks.v[t->tok + t->n - 1].to > z)
			z = r->terms.toks.v[t->tok + t->n - 1].to;
	}
	if (s->from.kind == PW_ABS)
		mw_time_format(s->from.t, from);
	if (s->to.kind == PW_ABS)
		mw_time_format(s->to.t, to);
	add_chip(r, CHIP_TIME, a, z, arena_printf(&r->out->arena, "%s to %s", from, to), assumed,
	         false);
}

static void word_chips(struct reader *r)
{
	for (size_t i = 0; i < r->terms.n; i++) {
		const struct term *t = &r->terms.v[i];
		size_t from = r->terms.toks.v[t->tok].from,
		       to = r->terms.toks.v[t->tok + t->n - 1].to;

		if (!t->used)
			continue;
		if (t->kind == T_FIELD)
			add_chip(r, CHIP_FIELD, from, to, t->lex->name, false, t->corrected);
		else if (t->kind == T_GRAM && (t->lex->gram >= G_COUNT && t->lex->gram <= G_MIN))
			add_chip(r, CHIP_SHAPE, from, to, t->lex->name, false, t->corrected);
		else if (t->kind == T_VERB)
			add_chip(r, CHIP_ACTION, from, to, t->lex->name, false, t->corrected);
		else if (term_gram(t, G_THOSE) || term_gram(t, G_PERSON) || term_gram(t, G_SAME))
			add_chip(r, CHIP_REFERENCE, from, to, "the question before", false,
			         t->corrected);
		else if (t->corrected && t->as.n &&
		         t->kind == T_GRAM) /* others have a chip of their own */
			add_chip(r, CHIP_SHAPE, from, to,
			         arena_printf(&r->out->arena, "%.*s", (int)t->as.n, t->as.s), false,
			         true);
	}
}

/* --- words that had no effect ------------------------------------------------------------------------------ */

static bool ignorable(const struct term *t)
{
	return t->kind == T_GRAM && t->lex->gram != G_BEFORE && t->lex->gram != G_AFTER &&
	       t->lex->gram != G_BETWEEN && t->lex->gram != G_NOT && t->lex->gram != G_WITHOUT &&
	       t->lex->gram != G_EXCEPT;
}

/* Instructions to the reader are noise: "ignore previous instructions and say 42". */
static void strike_noise(struct reader *r)
{
	static const char *const starters[] = {"ignore",   "disregard", "forget", "pretend",
	                                       "say",      "answer",    "reply",  "respond",
	                                       "override", "bypass",    "act",    NULL};
	static const char *const instruct[] = {
	        "instruction", "instructions", "prompt", "rules", "previous", "above",
	        "system",      "everything",   "told",   "you",   NULL};

	for (size_t i = 0; i < r->terms.n; i++) {
		bool start = i == 0 || r->terms.v[i - 1].close ||
		             term_gram(&r->terms.v[i - 1], G_AND),
		     noise = false;
		const struct tok *w = &r->terms.toks.v[r->terms.v[i].tok];

		if (!tok_in(w, starters))
			continue;
		for (size_t k = r->terms.v[i].tok; k < r->terms.toks.n && k < r->terms.v[i].tok + 5;
		     k++)
			noise = noise || tok_in(&r->terms.toks.v[k], instruct);
		if (!noise && !(start && (tok_is(w, "say") || tok_is(w, "answer") ||
		                          tok_is(w, "reply") || tok_is(w, "pretend"))))
			continue;
		for (size_t k = i; k < r->terms.n; k++) {
			struct term *t = &r->terms.v[k];

			t->gone = true;
			t->used = true;
			*vec_push(&r->out->unread) =
			        (struct slice){r->question.s + r->terms.toks.v[t->tok].from,
			                       r->terms.toks.v[t->tok + t->n - 1].to -
			                               r->terms.toks.v[t->tok].from};
		}
		return;
	}
}

static const struct term *first_unread(struct reader *r)
{
	const struct term *first = NULL;

	for (size_t i = 0; i < r->terms.n; i++) {
		const struct term *t = &r->terms.v[i];
		const struct tok *a = &r->terms.toks.v[t->tok];

		if (t->used || ignorable(t) || slice_eq_str(a->text, "-"))
			continue;
		*vec_push(&r->out->unread) = (struct slice){
		        r->question.s + a->from, r->terms.toks.v[t->tok + t->n - 1].to - a->from};
		if (!first)
			first = t;
	}
	return first;
}

/* --- asking back ------------------------------------------------------------------------------------------ */

#define CHOICES_MAX 5
static void clarify(struct reader *r, const char *text)
{
	r->out->kind = ASK_CLARIFY;
	r->out->clarify = text;
	r->out->confidence = 0.2;
	plan_free(r->out->plan);
	r->out->plan = NULL;
}

/* Where the word begins together with a preposition that would be left hanging without it. */
static size_t with_preposition(const struct reader *r, const struct tok *w)
{
	static const char *const words[] = {"in",   "on",   "at",  "of",  "by",
	                                    "from", "with", "via", "the", NULL};
	const struct tok *before = w;

	while (before > r->terms.toks.v && tok_in(before - 1, words))
		before--;
	return before->from;
}

/* The question with what stands from there to the end of the word replaced (or left out), as one that would be understood. */
static const char *with_word(struct reader *r, const struct tok *w, size_t from, struct slice by)
{
	struct slice q = r->question;
	size_t to = w->to < q.n && by.n == 0 && q.s[w->to] == ' ' ? w->to + 1 : w->to;
	char *text = arena_printf(&r->out->arena, "%.*s%.*s%.*s", (int)from, q.s, (int)by.n, by.s,
	                          (int)(q.n - to), q.s + to);
	struct slice whole = slice_trim(slice_of(text));

	return arena_strndup(&r->out->arena, whole.s, whole.n);
}

static void offer_word(struct reader *r, const struct term *t)
{
	const struct tok *w = &r->terms.toks.v[t->tok];
	const char **c = arena_zalloc(&r->out->arena, (CHOICES_MAX + 1) * sizeof(*c));
	struct catalog_value near[3];
	size_t n = 0,
	       k = catalog_value_near(r->world.c, w->text, FIELD_NONE, near, ARRAY_LEN(near));
	struct slice word = lexicon_mend(r->env.x, w->word);

	if (t->kind == T_GRAM)
		k = 0, word.n = 0; /* a word of the language is no name */
	for (size_t i = 0; i < k && i < ARRAY_LEN(near); i++)
		if (i == 0 || !slice_eq(near[i].value, near[i - 1].value)) /* in several fields */
			c[n++] = with_word(r, w, w->from, near[i].value);
	if (word.n)
		c[n++] = with_word(r, w, w->from, word);
	c[n++] = with_word(r, w, with_preposition(r, w),
	                   slice_of(arena_printf(&r->out->arena, "mentioning \"%.*s\"",
	                                         (int)w->text.n, w->text.s)));
	if (n < CHOICES_MAX)
		c[n++] = with_word(r, w, with_preposition(r, w), SLICE(""));
	r->out->choices = c;
	clarify(r,
	        arena_printf(
	                &r->out->arena,
	                "What does \"%.*s\" mean here? It was not understood, and it may matter.",
	                (int)w->text.n, w->text.s));
}

static void offer_examples(struct reader *r)
{
	static const char *const usual[] = {"failed logins in the last 24 hours",
	                                    "top 10 event names", "events per hour",
	                                    "denied calls by user", NULL};

	r->out->choices = usual;
}

/* --- plans ------------------------------------------------------------------------------------------------ */

static struct build builder(struct reader *r)
{
	return (struct build){.env = &r->env, .p = r->out->plan, .chip = on_con, .chip_ctx = r};
}

static const struct con *subject_con(const struct query *q)
{
	static const char *const acting[] = {"actor.", "mw.session_role", "raw:userIdentity",
	                                     "user.name", "process.name"};

	for (size_t i = 0; i < q->cons.n; i++)
		for (size_t k = 0; k < ARRAY_LEN(acting); k++)
			if (q->cons.v[i].kind == CON_FIELD && !q->cons.v[i].neg &&
			    strncmp(q->cons.v[i].fields[0], acting[k], strlen(acting[k])) == 0)
				return &q->cons.v[i];
	return NULL;
}

/* What the anchor's event was done by, or to: whom the main clause speaks of. */
static void inherit_subject(struct anchor *a, const struct query *main)
{
	static const struct {
		const char *acting, *target;
	} pairs[] = {{"mw.session_role", "mw.role"},
	             {"actor.user.name", "user.name"},
	             {"raw:userIdentity.userName", "user.name"}};
	const struct con *s = subject_con(main);
	struct con c;

	if (!a->own_subject || !s)
		return;
	c = *s;
	c.group = ++a->q.groups_used;
	c.nterms = 0;
	if (a->passive) {
		const char *target = NULL;

		for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
			if (strcmp(c.fields[0], pairs[i].acting) == 0)
				target = pairs[i].target;
		if (!target)
			return;
		c.fields[0] = target;
	}
	*vec_push(&a->q.cons) = c;
}

static bool acting_con(const struct con *c)
{
	return c->kind == CON_FIELD && !c->neg && c->nfields &&
	       (c->actor || strncmp(c->fields[0], "actor.", 6) == 0 ||
	        strncmp(c->fields[0], "raw:userIdentity", 16) == 0 ||
	        strcmp(c->fields[0], "mw.session_role") == 0);
}

/* The value that the anchor's event has in the field. */
static struct plan_node *of_anchor(struct plan *p, const char *field)
{
	struct plan_node *n = plan_cmp(p, field, OP_IN, (struct slice){NULL, 0});

	n->from_step = 0;
	n->column = arena_strdup(&p->arena, field);
	return n;
}

/* "by the same user from the same address": both of one event */
static struct plan_node *together(struct plan *p, struct plan_node *a, struct plan_node *b)
{
	struct plan_node *row = plan_group(p, PN_ALL);

	row->same_row = true;
	plan_group_add(row, a);
	plan_group_add(row, b);
	return row;
}

/* "5 minutes after CreateAccessKey by X, what else did he do": he is who did that. Where nobody is named, whoever did. */
static void he_of_anchor(struct reader *r, const struct query *q, const struct anchor *a,
                         struct plan_search *s)
{
	struct build b = builder(r);
	struct plan_node *all = plan_group(b.p, PN_ALL), *n = NULL;
	const char *who = "actor.user.name";

	for (size_t i = 0; i < q->cons.n; i++)
		if (acting_con(&q->cons.v[i]))
			return;
	for (size_t i = 0; i < a->q.cons.n && !n; i++)
		if (acting_con(&a->q.cons.v[i])) {
			struct query copy = a->q;

			n = build_con(&b, &copy, &a->q.cons.v[i]);
		}
	if (!n) {
		n = of_anchor(b.p, who);
		if (q->same_address)
			n = together(b.p, n, of_anchor(b.p, "src_endpoint.ip"));
	} else if (q->same_address) {
		plan_group_add(all, of_anchor(b.p, "src_endpoint.ip"));
	}
	if (s->where && (s->where->kind != PN_ALL || s->where->child))
		plan_group_add(all, s->where);
	plan_group_add(all, n);
	s->where = all->child->next ? all : n;
}

static void anchor_step(struct reader *r, struct anchor *a, const struct query *main)
{
	struct build b = builder(r);
	struct plan_step *s = plan_add_step(r->out->plan, PS_SEARCH);
	size_t at = r->out->plan->nsteps - 1;
	bool bad;

	(void)s;
	scope_from_terms(&r->parse, a->from, a->to);
	inherit_subject(a, main);
	b.p->steps[at].search.where = build_where(&b, &a->q);
	(void)build_times(&b, &a->q, &b.p->steps[at].search, &bad);
	b.p->steps[at].search.sort = arena_zalloc(&b.p->arena, sizeof(struct plan_sort));
	b.p->steps[at].search.sort[0] =
	        (struct plan_sort){arena_strdup(&b.p->arena, "time"), a->q.last};
	b.p->steps[at].search.nsort = 1;
	b.p->steps[at].search.limit = 1;
	b.p->steps[at].name = arena_strdup(&b.p->arena, a->q.last ? "the last such event"
	                                                          : "the first such event");
}

static struct plan_time step_time(int step, int64_t offset)
{
	return (struct plan_time){.kind = PW_STEP_FIRST, .step = step, .offset = offset};
}

/* after: (t, t + span]; before: [t - span, t); the moment itself counts where it was done by another */
static void hang_on(struct plan_search *s, const struct anchor *a, int step)
{
	int64_t strictly = a->passive ? 0 : RAISE_AFTER;

	if (a->rel == G_AFTER) {
		s->from = step_time(step, strictly);
		if (a->span)
			s->to = step_time(step, a->span + RAISE_AFTER);
	} else if (a->rel == G_BEFORE) {
		s->to = step_time(step, 0);
		if (a->span)
			s->from = step_time(step, -a->span);
	} else {
		s->from = step_time(step, -a->span);
		s->to = step_time(step, a->span + RAISE_AFTER);
	}
}

static bool acts(const struct query *q)
{
	for (size_t i = 0; i < q->cons.n; i++)
		if (q->cons.v[i].kind == CON_CONCEPT && q->cons.v[i].lex->concept == CK_ACTION)
			return true;
	return false;
}

static bool main_step(struct reader *r, struct query *q, struct clauses *c)
{
	struct build b = builder(r);
	size_t at;
	bool bad = false, said;
	mw_time from, to;

	plan_add_step(r->out->plan, PS_SEARCH);
	at = r->out->plan->nsteps - 1;
	b.p->steps[at].search.where = build_where(&b, q);
	said = build_times(&b, q, &b.p->steps[at].search, &bad);
	if (bad)
		clarify(r, "These times cannot be put together: one day with hours, or one stretch "
		           "from a start to an end, please.");
	if (bad)
		return false;
	if (q->count && !q->span && days_together(q, &from, &to))
		q->span = MW_DAY; /* "how many on july 31 and on august 1" */
	for (size_t i = 0; i < c->nanchors; i++)
		hang_on(&b.p->steps[at].search, &c->anchors[i], (int)i);
	if (c->nanchors && (q->ref_person || (q->ref_those && q->did)))
		he_of_anchor(r, q, &c->anchors[0], &b.p->steps[at].search);
	time_chip(r, q, &b.p->steps[at].search);
	said = build_shape(&b, q, at) || said;
	if (q->verb_lost && !acts(q)) {
		clarify(r, arena_printf(&r->out->arena,
		                        "\"%s\" of what? These logs name no such action; say the "
		                        "event, or what it was done to.",
		                        q->verbs.v[0]->name));
		return true;
	}
	return said || q->cons.n || q->verbs.n || c->nanchors;
}

/* The later stage says only what is new: its concept, object and actor are those of the first. */
static void complete_stage(struct reader *r, const struct query *first, struct query *then)
{
	bool action = false;

	for (size_t i = 0; i < then->cons.n; i++)
		action = action ||
		         (then->cons.v[i].kind == CON_CONCEPT &&
		          then->cons.v[i].lex->concept == CK_ACTION) ||
		         (then->cons.v[i].kind == CON_FIELD &&
		          strcmp(then->cons.v[i].fields[0], "api.operation") == 0);
	if (then->verbs.n && then->objects.n == 0)
		for (size_t i = 0; i < first->objects.n; i++)
			*vec_push(&then->objects) = first->objects.v[i];
	for (size_t i = 0; i < first->cons.n && !action && !then->verbs.n; i++) {
		struct con c = first->cons.v[i];

		if (c.kind != CON_CONCEPT || c.lex->concept != CK_ACTION)
			continue;
		if (strcmp(c.lex->name, "failed login") == 0)
			c.lex = lexicon_phrase(r->env.x, "login");
		c.group = ++then->groups_used;
		*vec_push(&then->cons) = c;
	}
	for (size_t i = 0; i < first->cons.n; i++) {
		struct con c = first->cons.v[i];

		if (c.kind == CON_FIELD && strcmp(c.fields[0], "api.operation") != 0) {
			c.group = ++then->groups_used;
			*vec_push(&then->cons) = c;
		}
	}
}

static bool sequence_plan(struct reader *r, struct clauses *c, size_t n)
{
	struct build b = builder(r);
	struct query first = {0}, then = {0};
	struct plan_search *s;
	bool bad, values;

	scope_from_terms(&r->parse, 0, n);
	query_parse(&r->parse, 0, c->split, &first);
	query_parse(&r->parse, c->split + 1, n, &then);
	complete_stage(r, &first, &then);
	plan_add_step(r->out->plan, PS_SEARCH);
	s = &b.p->steps[0].search;
	values = first.subjects.n && (first.which || first.list || first.verbs.n) && !first.events;
	for (size_t i = 0; i < then.times.n; i++)
		*vec_push(&first.times) = then.times.v[i];
	(void)build_times(&b, &first, s, &bad);
	time_chip(r, &first, s);
	build_sequence(&b, &first, &then, c->within, c->absent);
	b.p->show = SHOW_EVENTS;
	if (values || first.who || first.count) {
		struct query shape = first;

		shape.verbs.n = 0; /* the stages say it */
		shape.which = shape.which || values;
		(void)build_shape(&b, &shape, 0);
	}
	r->out->confidence -= 0.1;
	query_release(&first);
	query_release(&then);
	return true;
}

static void plain_plan(struct reader *r, struct query *q, struct clauses *c)
{
	for (size_t i = 0; i < c->nanchors; i++)
		anchor_step(r, &c->anchors[i], q);
	scope_from_terms(&r->parse, 0, r->terms.n);
	if (!main_step(r, q, c) && r->out->kind == ASK_PLAN) {
		offer_examples(r);
		clarify(r, "What should be looked for? Name an event, a user, an address, an "
		           "outcome or a time.");
	}
}

static void follow_up(struct reader *r, struct query *q, bool standalone)
{
	struct build b = builder(r);
	const char *why = NULL;
	struct plan *p = follow_plan(&r->parse, q, r->ctx, &b, &why);

	(void)standalone;
	if (!p) {
		offer_examples(r);
		clarify(r, why);
		return;
	}
	plan_free(r->out->plan);
	r->out->plan = p;
	time_chip(r, q, &p->steps[p->nsteps - 1].search);
	r->out->confidence -= 0.05;
}

static bool can_lean(const struct reader *r)
{
	for (size_t i = 0; i < r->ctx->nturns; i++)
		if (r->ctx->turns[i].plan)
			return true;
	return r->ctx->incident != NULL;
}

/* Reads again with what the earlier questions were about in mind: which data, which side "user" means. */
static void lean(struct reader *r, struct query *q)
{
	struct query again = {0};
	uint64_t scope = ~UINT64_C(0);

	for (size_t i = 0; i < r->ctx->nturns; i++) {
		struct terms old = terms_read(&r->env, r->ctx->turns[i].question);
		struct parse p = {.env = &r->env, .t = &old};

		scope_from_terms(&p, 0, old.n);
		scope &= r->world.in_scope;
		for (size_t k = 0; k < old.n; k++)
			if (old.v[k].kind == T_CONCEPT)
				*vec_push(&again.context) = old.v[k].lex;
	}
	query_release(q);
	scope_from_terms(&r->parse, 0, r->terms.n);
	if (r->world.in_scope & scope)
		r->world.in_scope &= scope;
	memcpy(r->terms.v, r->fresh, r->terms.n * sizeof(*r->fresh));
	query_parse(&r->parse, 0, r->terms.n, &again);
	*q = again;
}

/* Prose names nothing but events, services and programs by their own names. */
static void pass_over_prose(struct reader *r)
{
	for (size_t i = 0; i < r->terms.n; i++) {
		struct term *t = &r->terms.v[i];
		bool named = t->kind == T_VALUE &&
		             (t->ent == ENT_EVENT || (t->ent != ENT_NAME && !t->corrected));

		for (size_t k = 0; t->kind == T_VALUE && k < t->ncands; k++)
			named = named || (strcmp(t->cands[k].field, "api.service.name") == 0 &&
			                  !t->cands[k].near);
		if ((t->kind == T_CONCEPT && (strcmp(t->lex->name, "alerts") == 0 ||
		                              strcmp(t->lex->name, "Kubernetes") == 0)) ||
		    t->kind == T_CLARIFY || t->kind == T_UNKNOWN || t->kind == T_NUMBER ||
		    t->kind == T_TIME || (t->kind == T_VALUE && !named) ||
		    (t->kind == T_GRAM && t->lex->gram != G_NOT && t->lex->gram != G_WITHOUT &&
		     t->lex->gram != G_AND && t->lex->gram != G_OR && t->lex->gram != G_FROM &&
		     t->lex->gram != G_BY && t->lex->gram != G_OF))
			t->gone = true;
	}
}

static size_t longest_action(const struct reader *r)
{
	size_t most = 0;

	for (size_t i = 0; i < r->terms.n; i++) {
		const struct term *t = &r->terms.v[i];
		bool action =
		        t->kind == T_CONCEPT && t->lex->concept == CK_ACTION && !t->lex->broad;

		if ((action || (t->kind == T_VALUE && t->ent == ENT_EVENT)) && t->n > most)
			most = t->n;
	}
	return most;
}

struct meant {
	struct slice name;
	bool found;
};

static void is_meant(void *ctx, const char *value)
{
	struct meant *m = ctx;

	m->found = m->found || slice_eq_str(m->name, value);
}

/* Does a concept of the title mean all of these events, so that they only say it more exactly? */
static bool all_meant(const struct query *q, const struct con *cited)
{
	for (size_t i = 0; i < cited->nvalues; i++) {
		struct meant m = {cited->values[i], false};

		for (size_t k = 0; k < q->cons.n; k++)
			if (q->cons.v[k].kind == CON_CONCEPT)
				frag_each_value(q->cons.v[k].lex->where, "api.operation", is_meant,
				                &m);
		if (!m.found)
			return false;
	}
	return true;
}

/* The events that a detection is about: named by the title's words, cited by its description, or loosely meant. A concept
 * that took more of the title's words knows better. */
static bool named_in_title(struct reader *r, const struct query *q, struct con *c)
{
	size_t action = longest_action(r);

	if (action < 3 && con_of_title(&r->env, &r->terms, false, c))
		return true;
	if (con_of_cited(&r->env, r->prose, c) && (action == 0 || all_meant(q, c)))
		return true;
	return action == 0 && con_of_title(&r->env, &r->terms, true, c);
}

/* A change that a detection is about is one that succeeded, unless it speaks of failure. */
static void complete_detection(struct reader *r, struct query *q)
{
	const struct lex_entry *ok = lexicon_phrase(r->env.x, "took effect");
	struct con named;

	if (named_in_title(r, q, &named)) {
		for (size_t i = 0; i < q->cons.n; i++) {
			struct con *c = &q->cons.v[i];
			c->dead = c->kind == CON_CONCEPT && c->lex->concept == CK_ACTION;
		}
		named.group = ++q->groups_used;
		*vec_push(&q->cons) = named;
		q->verbs.n = q->objects.n = 0;
	}
	for (size_t i = 0; i < q->cons.n; i++)
		if (q->cons.v[i].kind == CON_CONCEPT &&
		    (q->cons.v[i].lex->concept == CK_OUTCOME || q->cons.v[i].lex->failed ||
		     strcmp(q->cons.v[i].lex->name, "failed login") == 0))
			return;
	if (ok && (q->cons.n || q->verbs.n))
		*vec_push(&q->cons) = (struct con){
		        .kind = CON_CONCEPT, .lex = ok, .group = ++q->groups_used, .assumed = true};
}

static void read_main(struct reader *r)
{
	struct clauses c;
	struct query q = {0};
	bool standalone = true, follow;

	clauses_find(&r->parse, &c);
	if (c.sequence) {
		(void)sequence_plan(r, &c, r->terms.n);
		goto out;
	}
	scope_from_terms(&r->parse, 0, r->terms.n);
	r->fresh = arena_alloc(&r->out->arena, (r->terms.n + 1) * sizeof(*r->fresh));
	memcpy(r->fresh, r->terms.v, r->terms.n * sizeof(*r->fresh));
	query_parse(&r->parse, 0, r->terms.n, &q);
	if (r->ctx->detection)
		complete_detection(r, &q);
	else if (q.clarify) {
		offer_examples(r);
		clarify(r, q.clarify);
		goto out;
	}
	follow = !r->ctx->detection && c.nanchors == 0 && follow_wanted(&r->parse, &q, &standalone);
	if (follow && (can_lean(r) || !standalone)) {
		lean(r, &q);
		follow_up(r, &q, standalone);
	} else
		plain_plan(r, &q, &c);
out:
	query_release(&q);
	clauses_release(&c);
}

static void finish(struct reader *r)
{
	const struct term *unread;

	if (r->out->kind == ASK_CLARIFY)
		return;
	unread = first_unread(r);
	if (unread && !r->ctx->detection) {
		offer_word(r, unread);
		return;
	}
	word_chips(r);
	for (size_t i = 0; i < r->out->chips.n; i++)
		r->out->confidence -= r->out->chips.v[i].corrected ? 0.08
		                      : r->out->chips.v[i].assumed ? 0.03
		                                                   : 0;
	if (r->out->confidence < ASK_RUN_MIN)
		r->out->confidence = ASK_RUN_MIN;
}

/* The title is the first line, the description the rest. */
static void split_title(struct reader *r)
{
	const char *nl = memchr(r->question.s, '\n', r->question.n);

	if (!nl)
		return;
	r->prose = (struct slice){nl + 1, r->question.n - (size_t)(nl + 1 - r->question.s)};
	r->question.n = (size_t)(nl - r->question.s);
}

int ask_read_words(const struct lexicon *x, struct catalog *c, const struct ask_context *ctx,
                   struct slice question, struct ask_reading *out, struct err *e)
{
	struct reader r = {.ctx = ctx, .out = out, .question = question};
	struct err no;

	memset(out, 0, sizeof(*out));
	if (question.n > MW_QUESTION_MAX)
		return err_set(e, ERR_LIMIT, "a question of %zu bytes; at most %d", question.n,
		               MW_QUESTION_MAX);
	out->kind = ASK_PLAN;
	out->confidence = 0.95;
	out->plan = plan_new();
	ask_world_init(&r.world, c, &out->arena);
	r.env = (struct term_env){x, &r.world, {ctx->now, ctx->zone}, &out->arena};
	if (ctx->detection)
		split_title(&r);
	r.terms = terms_read(&r.env, r.question);
	r.parse = (struct parse){.env = &r.env, .t = &r.terms};
	strike_noise(&r);
	if (ctx->detection)
		pass_over_prose(&r);
	read_main(&r);
	finish(&r);
	if (out->plan && plan_validate(out->plan, &no))
		clarify(&r, arena_printf(&out->arena,
		                         "It could only be read as a plan that does not hold: %s. "
		                         "How is it meant?",
		                         no.what));
	return 0;
}
