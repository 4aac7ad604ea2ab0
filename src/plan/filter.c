/* A where tree over one event. */
#include "base/evjson.h"
#include "plan/eval.h"

struct fnode {
	const struct plan_node *n;
	struct matcher *matcher; /* PN_CMP against values */
	struct fnode *child, *next;
};
struct filter {
	struct fnode *root; /* NULL: all */
};

/* ---- making ---- */

static void free_nodes(struct fnode *f)
{
	while (f) {
		struct fnode *next = f->next;
		free_nodes(f->child);
		matcher_free(f->matcher);
		free(f);
		f = next;
	}
}

static struct fnode *make(const struct plan_node *n, struct err *e)
{
	struct fnode *f = xcalloc(1, sizeof(*f)), **at = &f->child;

	f->n = n;
	if (n->from_step >= 0) {
		err_set(e, ERR_INVALID, "the values of step %d are not here yet", n->from_step);
		goto fail;
	}
	if (n->kind == PN_CMP && !n->rhs.name && !(f->matcher = matcher_new(n, e)))
		goto fail;
	for (const struct plan_node *k = n->child; k; k = k->next, at = &(*at)->next) {
		*at = make(k, e);
		if (!*at)
			goto fail;
	}
	return f;
fail:
	free_nodes(f);
	return NULL;
}

struct filter *filter_new(const struct plan_node *where, struct err *e)
{
	struct filter *f = xcalloc(1, sizeof(*f));

	if (!where || (f->root = make(where, e)))
		return f;
	free(f);
	return NULL;
}

void filter_free(struct filter *f)
{
	if (!f)
		return;
	free_nodes(f->root);
	free(f);
}

/* ---- matching ---- */

struct
try {
	const struct fnode *f;
	const struct eval_view *v;
	struct slice left; /* field against field: the left value in hand */
	bool hit;
};

static bool try_value(void *ctx, struct slice value)
{
	struct try *t = ctx;

	t->hit = matcher_value(t->f->matcher, value);
	return !t->hit;
}

static bool try_right(void *ctx, struct slice right)
{
	struct try *t = ctx;

	t->hit = matcher_pair(t->f->n->op, t->left, right);
	return !t->hit;
}

/* The left value is copied: two look-ups at once in one raw record would share the reader. */
struct values {
	struct arena arena;
	VEC(struct slice) list;
};

static bool collect(void *ctx, struct slice value)
{
	struct values *all = ctx;

	*vec_push(&all->list) =
	        (struct slice){arena_memdup(&all->arena, value.s, value.n), value.n};
	return true;
}

static bool match_fields(const struct fnode *f, const struct eval_view *v)
{
	struct try t = {.f = f, .v = v};
	struct values lefts = {0};

	v->values(v->ctx, &f->n->field, collect, &lefts);
	for (size_t i = 0; i < lefts.list.n && !t.hit; i++) {
		t.left = lefts.list.v[i];
		v->values(v->ctx, &f->n->rhs, try_right, &t);
	}
	vec_free(&lefts.list);
	arena_release(&lefts.arena);
	return t.hit;
}

static bool match_cmp(const struct fnode *f, const struct eval_view *v)
{
	struct try t = {.f = f, .v = v};

	if (f->n->rhs.name)
		return match_fields(f, v);
	if (f->n->op == OP_TEXT)
		return matcher_text(f->matcher, v->raw);
	v->values(v->ctx, &f->n->field, try_value, &t);
	return t.hit;
}

static bool match(const struct fnode *f, const struct eval_view *v)
{
	const struct fnode *k;

	switch (f->n->kind) {
	case PN_ALL:
		for (k = f->child; k; k = k->next)
			if (!match(k, v))
				return false;
		return true;
	case PN_ANY:
		for (k = f->child; k; k = k->next)
			if (match(k, v))
				return true;
		return false;
	case PN_NOT:
		return !match(f->child, v);
	default:
		return match_cmp(f, v);
	}
}

bool filter_match(const struct filter *f, const struct eval_view *v)
{
	return !f->root || match(f->root, v);
}

bool plan_match(const struct plan_node *where, const struct eval_view *v)
{
	struct filter *f = filter_new(where, NULL);
	bool hit = f && filter_match(f, v);

	filter_free(f);
	return hit;
}

/* ---- the view of an event ---- */

struct raw_search {
	bool (*fn)(void *, struct slice);
	void *ctx;
	struct slice path;
	bool any_case, found, stopped;
};

static bool raw_leaf(void *ctx, const struct ev_leaf *leaf)
{
	struct raw_search *r = ctx;

	if (r->any_case && !slice_ieq(leaf->path, r->path))
		return true;
	r->found = true; /* an exact path with null in it is there, and keeps the case-blind search
	                    away */
	if (leaf->type == EV_NULL || leaf->type == EV_OBJECT || leaf->type == EV_ARRAY ||
	    leaf->value.n == 0)
		return true;
	r->stopped = !r->fn(r->ctx, leaf->value);
	return !r->stopped;
}

void eval_raw_values(struct ev_reader *reader, struct slice raw, const char *path,
                     bool (*fn)(void *, struct slice), void *ctx)
{
	struct raw_search r = {.fn = fn, .ctx = ctx, .path = slice_of(path)};
	struct ev_reader *own = reader ? NULL : ev_reader_new();

	(void)ev_find(reader ? reader : own, raw, r.path, raw_leaf, &r, NULL);
	if (!r.found) {
		r.any_case = true;
		(void)ev_walk(reader ? reader : own, raw, raw_leaf, &r, NULL, NULL);
	}
	if (own)
		ev_reader_free(own);
}

static void pseudo_value(const struct event *ev, enum plan_pseudo which,
                         bool (*fn)(void *, struct slice), void *ctx)
{
	struct buf b = BUF_INIT;
	char time[32];
	struct slice v = {"", 0};

	if (which == PF_TIME && ev->time != MW_TIME_NONE) {
		mw_time_format(ev->time, time);
		v = slice_of(time);
	} else if (which == PF_DATASET) {
		v = slice_of(ev->dataset);
	} else if (which == PF_UID) {
		v = ev->uid;
	} else if (which == PF_FILE) {
		v = ev->basename;
	} else if (which == PF_FILE_LINE) {
		buf_printf(&b, "%.*s:%llu", (int)ev->basename.n, ev->basename.s,
		           (unsigned long long)ev->line);
		v = (struct slice){b.s, b.len};
	}
	if (v.n)
		(void)fn(ctx, v);
	buf_release(&b);
}

static void event_values(void *ctx, const struct plan_field *f, bool (*fn)(void *, struct slice),
                         void *fn_ctx)
{
	const struct event *ev = ctx;
	const struct event_val *v;

	if (f->pseudo) {
		pseudo_value(ev, f->pseudo, fn, fn_ctx);
	} else if (f->raw) {
		eval_raw_values(NULL, ev->raw, f->raw, fn, fn_ctx);
	} else if (f->f) {
		vec_each (v, &ev->vals)
			if (v->field == f->f->id && v->value.n && !fn(fn_ctx, v->value))
				return;
	}
}

void eval_view_of_event(struct eval_view *v, const struct event *ev)
{
	*v = (struct eval_view){.ctx = (void *)(uintptr_t)ev,
	                        .values = event_values,
	                        .time = ev->time,
	                        .raw = ev->raw};
}
