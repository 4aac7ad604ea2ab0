#include "run/probe.h"

#include "base/limits.h"
#include "plan/cidr.h"
#include "plan/number.h"
#include "run/scope.h"

/* ---- words ---- */

void probe_note(struct prover *v, bool ok, char *what, char *found)
{
	*vec_push(&v->out->probes) = (struct empty_probe){what, found, ok};
}

static void say_time(struct buf *b, mw_time t)
{
	char text[32];

	mw_time_format(t, text);
	buf_str(b, text);
}

void say_time_span(mw_time from, mw_time to, struct buf *b)
{
	say_time(b, from);
	buf_str(b, " to ");
	say_time(b, to);
}

void say_window(const struct plan_search *s, struct buf *b)
{
	bool from = s->from.kind == PW_ABS, to = s->to.kind == PW_ABS;

	if (from && to) {
		buf_str(b, "from ");
		say_time_span(s->from.t, s->to.t, b);
	} else if (from || to) {
		buf_str(b, from ? "since " : "before ");
		say_time(b, from ? s->from.t : s->to.t);
	} else {
		buf_str(b, s->from.kind == PW_NONE && s->to.kind == PW_NONE
		                   ? "at any time"
		                   : "around the step before");
	}
}

void say_field(const struct plan_field *f, struct buf *b)
{
	buf_str(b, f->f && f->f->alias ? f->f->alias : f->raw ? f->raw : f->name);
}

/* ---- counting ---- */

struct plan *probe_plan(const struct prover *v)
{
	struct plan *c = plan_clone(v->p);
	struct plan_search *s = &c->steps[v->step].search;

	c->nsteps = v->step + 1;
	c->value_field.name = NULL;
	s->sequence = NULL;
	s->baseline = NULL;
	s->having = NULL;
	s->nby = s->nsort = 0;
	s->span = s->limit = 0;
	s->with_ties = false;
	s->stats = arena_zalloc(&c->arena, sizeof(*s->stats));
	s->stats[0].as = arena_strdup(&c->arena, "count");
	s->nstats = 1;
	return c;
}

struct counting {
	size_t step;
	uint64_t n;
};

static int take_count(void *ctx, size_t step, const struct source_row *r, struct err *e)
{
	struct counting *c = ctx;

	(void)e;
	if (step == c->step && r->ncols == 1)
		(void)slice_u64(r->cols[0], &c->n);
	return 0;
}

static int run_quietly(struct prover *v, const struct plan *p, const struct run_sink *sink)
{
	struct run_result r;
	int rc = run_plan(p, v->env, sink, &r, v->e);

	if (!rc && r.steps[v->step].state != RUN_DONE)
		rc = err_set(v->e, r.steps[v->step].error.code, "%s", r.steps[v->step].error.what);
	run_result_release(&r);
	return rc;
}

int probe_count(struct prover *v, const struct plan *probe, uint64_t *n)
{
	struct counting c = {.step = v->step};
	struct run_sink sink = {.ctx = &c, .row = take_count};
	int rc = run_quietly(v, probe, &sink);

	*n = c.n;
	return rc;
}

struct nearest {
	size_t step;
	mw_time t;
};

static int take_time(void *ctx, size_t step, const struct source_row *r, struct err *e)
{
	struct nearest *n = ctx;

	(void)e;
	if (step == n->step && r->event)
		n->t = r->event->time;
	return 0;
}

int probe_nearest(struct prover *v, mw_time at, bool before, mw_time *t)
{
	struct nearest near = {v->step, MW_TIME_NONE};
	struct run_sink sink = {.ctx = &near, .row = take_time};
	struct plan *p = probe_plan(v);
	struct plan_search *s = &p->steps[v->step].search;
	int rc;

	s->where = NULL;
	s->nstats = 0;
	s->limit = 1;
	s->from = s->to = (struct plan_time){.kind = PW_NONE};
	*(before ? &s->to : &s->from) = (struct plan_time){.kind = PW_ABS, .t = at};
	s->sort = arena_zalloc(&p->arena, sizeof(*s->sort));
	s->sort[0] = (struct plan_sort){.column = arena_strdup(&p->arena, "time"), .desc = before};
	s->nsort = 1;
	rc = run_quietly(v, p, &sink);
	*t = near.t;
	plan_free(p);
	return rc;
}

/* ---- the catalogue ---- */

uint64_t probe_events(const struct prover *v, mw_time *from, mw_time *to)
{
	const struct catalog_dataset *d;
	size_t n = catalog_datasets(v->env->catalog, &d);
	uint64_t events = 0;

	*from = *to = MW_TIME_NONE;
	for (size_t i = 0; i < n; i++) {
		if (!plan_dataset_in(v->s, d[i].name))
			continue;
		events += d[i].events;
		if (d[i].from != MW_TIME_NONE && (*from == MW_TIME_NONE || d[i].from < *from))
			*from = d[i].from;
		if (d[i].to != MW_TIME_NONE && (*to == MW_TIME_NONE || d[i].to > *to))
			*to = d[i].to;
	}
	return events;
}

uint64_t probe_field(const struct prover *v, const struct plan_field *f)
{
	return scope_field(v->env->catalog, v->s, NULL, f);
}

void probe_field_elsewhere(const struct prover *v, const struct plan_field *f, struct buf *b)
{
	const struct catalog_dataset *d;
	size_t n = catalog_datasets(v->env->catalog, &d);

	for (size_t i = 0; i < n; i++)
		if (!plan_dataset_in(v->s, d[i].name) &&
		    scope_field(v->env->catalog, v->s, d[i].name, f))
			buf_printf(b, "%s%s", b->len ? ", " : "", d[i].name);
}

/* ---- values ---- */

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
}

bool probe_stands_alone(struct slice raw, struct slice v)
{
	const char *at = raw.s, *end = raw.s + raw.n, *hit;

	while ((hit = mw_memimem(at, (size_t)(end - at), v.s, v.n))) {
		bool before = hit == raw.s || !is_word(hit[-1]) || !is_word(v.s[0]);
		bool after = hit + v.n == end || !is_word(hit[v.n]) || !is_word(v.s[v.n - 1]);
		if (before && after)
			return true;
		at = hit + 1;
	}
	return false;
}

#define TEXT_HITS_MAX 200 /* records looked at to tell a word from a part of one */

struct text_hits {
	size_t step;
	struct slice v;
	bool whole_words;
	uint64_t n;
	bool found;
};

static int take_hit(void *ctx, size_t step, const struct source_row *r, struct err *e)
{
	struct text_hits *h = ctx;

	(void)e;
	if (step != h->step || !r->event)
		return 0;
	h->n++;
	h->found = h->found || !h->whole_words || probe_stands_alone(r->event->raw, h->v);
	return 0;
}

/* Over everything imported, whatever the step's scope. */
static int search_text(struct prover *v, struct slice text, bool whole_words, bool *found)
{
	struct text_hits h = {0, text, whole_words, 0, false};
	struct run_sink sink = {.ctx = &h, .row = take_hit};
	struct prover first = *v;
	struct plan *p = plan_new();
	struct run_env env = *v->env;
	int rc;

	plan_add_step(p, PS_SEARCH)->search =
	        (struct plan_search){.limit = whole_words ? TEXT_HITS_MAX : 1};
	p->steps[0].source = arena_strdup(&p->arena, v->p->steps[v->step].source);
	p->steps[0].search.where = plan_cmp(p, NULL, OP_TEXT, text);
	env.need_raw = true;
	first.env = &env;
	first.step = 0;
	rc = run_quietly(&first, p, &sink);
	*found = h.found ||
	         h.n >= TEXT_HITS_MAX; /* too many to look at all: it cannot be ruled out */
	plan_free(p);
	return rc;
}

/* Does the same field ever meet this one value? For operators whose value is no text of the data. */
static int search_same(struct prover *v, const struct plan_node *cmp, size_t i, bool *found)
{
	struct plan *p = probe_plan(v);
	struct plan_search *s = &p->steps[v->step].search;
	uint64_t n;
	int rc;

	s->from = s->to = (struct plan_time){.kind = PW_NONE};
	s->where = plan_cmp(p, cmp->field.name, cmp->op, cmp->values[i]);
	rc = probe_count(v, p, &n);
	*found = n > 0;
	plan_free(p);
	return rc;
}

/* The field and dataset with the most events of a value: adding up would count an event once for each of its fields. */
static char *where_seen(const struct catalog_value *hit, size_t n)
{
	const struct catalog_value *best = hit;
	const struct field *f;

	for (size_t i = 1; i < n; i++)
		if (hit[i].events > best->events)
			best = &hit[i];
	f = best->path || best->field == FIELD_NONE ? NULL : field_at(best->field);
	return xasprintf("yes, as %s in %llu %s event%s",
	                 f            ? f->alias
	                 : best->path ? best->path
	                              : "a value",
	                 (unsigned long long)best->events, best->dataset ? best->dataset : "",
	                 best->events == 1 ? "" : "s");
}

/* *seen: where, if the catalogue knows; free it. */
static int look_for(struct prover *v, const struct plan_node *cmp, size_t i, bool *found,
                    char **seen)
{
	struct catalog_value hit[16];
	struct slice value = cmp->values[i];
	size_t n;

	switch (cmp->op) {
	case OP_IS:
	case OP_IS_CS:
	case OP_IN:
		n = catalog_value_find(v->env->catalog, value, hit, ARRAY_LEN(hit));
		*found = n > 0;
		if (n)
			*seen = where_seen(hit, n < ARRAY_LEN(hit) ? n : ARRAY_LEN(hit));
		return n ? 0 : search_text(v, value, true, found);
	case OP_CONTAINS:
	case OP_STARTS:
	case OP_ENDS:
	case OP_TEXT:
		return search_text(v, value, false, found);
	case OP_CIDR:
	case OP_LIKE:
		return search_same(v, cmp, i, found);
	default:
		*found = true;
		return 0;
	}
}

int probe_value(struct prover *v, const struct plan_node *cmp, size_t i, bool *exists)
{
	struct slice value = cmp->values[i];
	struct map_entry *m = map_get(&v->exist, value.s, value.n);
	char *seen = NULL;

	if (m) {
		*exists = m->val.u;
		return 0;
	}
	if (look_for(v, cmp, i, exists, &seen))
		return -1;
	map_put(&v->exist, value.s, value.n, NULL)->val.u = *exists;
	probe_note(v, *exists,
	           xasprintf("\"%.*s\" anywhere in what was imported", (int)value.n, value.s),
	           seen ? seen : xasprintf("%s", *exists ? "yes, in the raw records" : "no"));
	return 0;
}
