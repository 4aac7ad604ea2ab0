/* Widening, and what all languages share. */
#include "base/limits.h"
#include "plan/cidr.h"
#include "plan/regex.h"
#include "plan/render_lang.h"

const char *const render_lang_words[] = {"spl", "kql",  "aql", "dsl",   "sql", "wiz",
                                         "rql", "orca", "lql", "sigma", NULL};

/* ---- widening ---- */

struct widening {
	struct plan *p;
	render_can *can;
	void *ctx;
	bool exact;
};

static struct plan_node *constant(struct widening *w, bool value)
{
	return plan_group(w->p, value ? PN_ALL : PN_ANY);
}

static bool is_constant(const struct plan_node *n, bool value)
{
	return !n->child && n->kind == (value ? PN_ALL : PN_ANY);
}

/* `positive`: more matches are allowed here; otherwise fewer. */
static struct plan_node *widen_cmp(struct widening *w, const struct plan_node *n, bool positive)
{
	/* The values of a pivot are there only when the earlier step has run. */
	enum render_fit fit = n->from_step >= 0 ? RENDER_NO : w->can(w->ctx, n);
	struct plan_node *c;

	if (fit != RENDER_EXACT)
		w->exact = false;
	if (fit == RENDER_NO || (fit == RENDER_SUPERSET && !positive))
		return constant(w, positive);
	c = plan_clone_node(w->p, n);
	c->inexact = fit == RENDER_SUPERSET;
	return c;
}

static struct plan_node *widen(struct widening *w, const struct plan_node *n, bool positive);

static struct plan_node *widen_not(struct widening *w, const struct plan_node *n, bool positive)
{
	struct plan_node *child = widen(w, n->child, !positive), *no;

	if (is_constant(child, true) || is_constant(child, false))
		return constant(w, is_constant(child, false));
	no = plan_group(w->p, PN_NOT);
	plan_group_add(no, child);
	return no;
}

/* ALL drops what is always true and is false with anything that is always false; ANY the other way round. */
static struct plan_node *widen_group(struct widening *w, const struct plan_node *n, bool positive)
{
	struct plan_node *group = plan_group(w->p, n->kind);
	bool all = n->kind == PN_ALL;

	for (const struct plan_node *k = n->child; k; k = k->next) {
		struct plan_node *child = widen(w, k, positive);
		if (is_constant(child, !all))
			return child;
		if (!is_constant(child, all))
			plan_group_add(group, child);
	}
	return group->child && !group->child->next ? group->child : group;
}

static struct plan_node *widen(struct widening *w, const struct plan_node *n, bool positive)
{
	if (n->kind == PN_CMP)
		return widen_cmp(w, n, positive);
	return n->kind == PN_NOT ? widen_not(w, n, positive) : widen_group(w, n, positive);
}

struct plan_node *render_widen(struct plan *p, const struct plan_node *where, render_can *can,
                               void *ctx, bool *exact)
{
	struct widening w = {p, can, ctx, true};
	struct plan_node *n = where ? widen(&w, where, true) : NULL;

	*exact = w.exact;
	return n && is_constant(n, true) ? NULL : n;
}

/* ---- shared by the renderers ---- */

void render_note(struct render *r, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;
	char **s;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	vec_each (s, &r->out->notes)
		if (!strcmp(*s, b.s)) {
			buf_release(&b);
			return;
		}
	*vec_push(&r->out->notes) = buf_take(&b, NULL);
}

static void keep_column(struct render *r, const char *field, const char *column, bool missing)
{
	struct render_column *c;

	vec_each (c, &r->out->columns)
		if (!strcmp(c->column, column) && !strcmp(c->field, field))
			return;
	*vec_push(&r->out->columns) =
	        (struct render_column){xstrdup(field), xstrdup(column), missing};
}

const char *render_type(struct render *r, const struct plan_field *f, const char *column)
{
	const char *type;

	if (!column || !r->catalog)
		return column ? "" : NULL;
	type = r->catalog->type(r->catalog->ctx, r->table, column);
	keep_column(r, f->name ? f->name : column, column, !type);
	if (!type)
		render_note(r, "the source has no %s: %s is looked at afterwards", column,
		            render_alias(f));
	return type;
}

const char *render_has(struct render *r, const struct plan_field *f, const char *column)
{
	return render_type(r, f, column) ? column : NULL;
}

void render_tree(struct render *r, const struct plan_node *n)
{
	if (n->kind == PN_CMP) {
		r->cmp(r, n);
	} else if (n->kind == PN_NOT) {
		buf_printf(r->b, "%s(", r->word[PN_NOT]);
		render_tree(r, n->child);
		buf_ch(r->b, ')');
	} else {
		buf_ch(r->b, '(');
		for (const struct plan_node *k = n->child; k; k = k->next) {
			render_tree(r, k);
			if (k->next)
				buf_str(r->b, r->word[n->kind]);
		}
		buf_ch(r->b, ')');
	}
}

static void note_pivots(struct render *r, const struct plan_node *n)
{
	if (n->from_step >= 0)
		render_note(
		        r, "%s takes its values from step %d: they are filled in when that has run",
		        render_alias(&n->field), n->from_step + 1);
	for (const struct plan_node *k = n->child; k; k = k->next)
		note_pivots(r, k);
}

static bool hangs_on_step(const struct plan_time *t)
{
	return t->kind == PW_STEP_FIRST || t->kind == PW_STEP_LAST;
}

struct plan_node *render_where(struct render *r, render_can *can)
{
	struct plan_node *n = render_widen(r->p, r->s->where, can, r, &r->out->exact_where);

	if (r->s->where)
		note_pivots(r, r->s->where);
	if (hangs_on_step(&r->s->from) || hangs_on_step(&r->s->to)) {
		r->out->exact_where = false;
		render_note(
		        r,
		        "the window is that of an earlier step: it is filled in when that has run");
	}
	r->out->narrows = n != NULL;
	r->out->exact_rows = r->out->exact_where && !r->s->sequence && !r->s->baseline;
	if (r->s->sequence)
		render_note(r, "the sequence is joined after the events have been fetched");
	if (r->s->baseline)
		render_note(r,
		            "what was seen before is compared after the events have been fetched");
	return n;
}

void render_datasets_after(struct render *r)
{
	if (r->s->ndatasets == 0)
		return;
	r->out->exact_where = r->out->exact_rows = false;
	render_note(r, "the datasets are told apart after the events have been fetched");
}

enum render_fit render_regex_fit(enum plan_op op, struct slice v)
{
	if (op == OP_LIKE)
		return quote_like_has_one(v) ? RENDER_SUPERSET : RENDER_EXACT;
	if (!quote_is_plain(v))
		return RENDER_NO;
	return quote_regex_wide(NULL, v) ? RENDER_SUPERSET : RENDER_EXACT;
}

void render_regex(struct buf *b, enum plan_op op, struct slice v)
{
	if (op == OP_LIKE)
		quote_like_regex(b, v, NULL);
	else
		(void)quote_regex_wide(b, v);
}

bool render_regex_empty(struct slice re)
{
	struct regex *c = regex_new(re, NULL);
	bool hit = c && regex_match(c, SLICE(""));

	regex_free(c);
	return hit;
}

void render_block(struct render *r, struct slice v, void (*quote)(struct buf *b, struct slice s))
{
	struct cidr c;
	char block[CIDR_TEXT] = "";

	if (!cidr_parse(v, &c, NULL))
		cidr_text(&c, block);
	quote(r->b, slice_of(block));
}

long long render_limit(const struct render *r)
{
	if (!r->out->exact_rows)
		return MW_RUN_FETCH_MAX;
	return r->s->limit ? r->s->limit : MW_PLAN_ROWS_DEFAULT;
}

const char *render_alias(const struct plan_field *f)
{
	return f->f && f->f->alias ? f->f->alias : f->raw ? f->raw : f->name;
}

static const struct {
	render_fn *render;
	bool searches, graphs;
} langs[] = {
        [RENDER_SPL] = {render_spl, true, false}, [RENDER_KQL] = {render_kql, true, false},
        [RENDER_AQL] = {render_aql, true, false}, [RENDER_DSL] = {render_dsl, true, false},
        [RENDER_CH] = {render_ch, true, false},   [RENDER_WIZ] = {render_wiz, false, true},
        [RENDER_RQL] = {render_rql, true, true},  [RENDER_ORCA] = {render_orca, false, true},
        [RENDER_LQL] = {render_lql, true, true},  [RENDER_SIGMA] = {render_sigma, true, false},
};

static int check_kind(enum render_lang lang, const struct plan_step *step, size_t i, struct err *e)
{
	bool graph = step->kind == PS_GRAPH;

	if (graph ? langs[lang].graphs : langs[lang].searches)
		return 0;
	return err_set(e, ERR_INVALID, "step %zu %s; only %s are rendered to %s", i + 1,
	               graph ? "asks the graph" : "searches events",
	               graph ? "searches" : "questions to the graph", render_lang_words[lang]);
}

int plan_render(enum render_lang lang, const struct plan *p, size_t i,
                const struct render_target *t, struct rendered *out, struct err *e)
{
	struct render r = {
	        .table = t ? t->table : NULL, .catalog = t ? t->catalog : NULL, .out = out, .e = e};
	int rc;

	*out = (struct rendered){.exact_where = true};
	buf_init(&out->text, 0);
	if (check_kind(lang, &p->steps[i], i, e))
		return -1;
	r.p = plan_clone(p);
	r.s = &r.p->steps[i].search;
	r.g = p->steps[i].kind == PS_GRAPH ? &r.p->steps[i].graph : NULL;
	r.b = &out->text;
	if (r.g)
		out->limit = r.g->limit ? r.g->limit : MW_PLAN_ROWS_DEFAULT;
	rc = langs[lang].render(&r);
	if (r.g)
		out->exact_rows = out->exact_where;
	else
		out->limit = render_limit(&r);
	plan_free(r.p);
	return rc;
}

void rendered_release(struct rendered *r)
{
	char **s;

	vec_each (s, &r->notes)
		free(*s);
	vec_free(&r->notes);
	for (size_t i = 0; i < r->columns.n; i++) {
		free(r->columns.v[i].field);
		free(r->columns.v[i].column);
	}
	vec_free(&r->columns);
	buf_release(&r->text);
}

static bool is_missing(const struct rendered *out, const struct plan_field *f)
{
	for (size_t i = 0; i < out->columns.n; i++)
		if (out->columns.v[i].missing && f->name &&
		    !strcmp(out->columns.v[i].field, f->name))
			return true;
	return false;
}

/* Two-valued: a comparison with a field that is not there is false, so its `not` is true. */
static bool hangs(const struct plan_node *n, const struct rendered *out)
{
	bool any = n->kind == PN_ALL;
	const struct plan_node *k;

	if (n->kind == PN_CMP)
		return is_missing(out, &n->field) || is_missing(out, &n->rhs);
	if (n->kind == PN_NOT || !n->child)
		return false;
	for (k = n->child; k; k = k->next)
		if (hangs(k, out) == any)
			return any;
	return !any;
}

bool render_hangs_on_missing(const struct plan_search *s, const struct rendered *out)
{
	for (size_t i = 0; i < s->nby; i++)
		if (is_missing(out, &s->by[i]))
			return true;
	return s->where && hangs(s->where, out);
}
