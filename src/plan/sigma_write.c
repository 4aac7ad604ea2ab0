/*
 * A search step as a Sigma rule. Each comparison is a selection of its own, the condition joins them. Names are those of the
 * log (the first path of a field in the step's dataset). A rule has no window, order or limit, and groups are no rule at all:
 * these are told. Source of facts: the Sigma specification 2.0.
 */
#include "plan/render_lang.h"
#include "plan/sigma.h"

struct writing {
	const char *dataset;
	struct buf detection;
	size_t n; /* selections so far */
};

static const char *dataset_of(const struct render *r)
{
	return r->s->ndatasets == 1 ? r->s->datasets[0] : NULL;
}

/* ---- what can be said ---- */

static bool name_fits(const struct render *r, const struct plan_field *f)
{
	return sigma_name(f, dataset_of(r)) != NULL;
}

static enum render_fit can(void *ctx, const struct plan_node *n)
{
	struct render *r = ctx;
	bool fine = n->op == OP_TEXT || name_fits(r, &n->field);

	if (n->rhs.name)
		fine = fine && n->op == OP_IS && name_fits(r, &n->rhs);
	for (size_t i = 0; i < n->nvalues; i++)
		fine = fine && n->values[i].n && quote_kql_able(n->values[i]) &&
		       !memchr(n->values[i].s, 0, n->values[i].n);
	if (fine)
		return RENDER_EXACT;
	render_note(r, "%s on %s cannot be said in a rule: it is left out", plan_op_name(n->op),
	            n->field.name ? render_alias(&n->field) : "the record");
	return RENDER_NO;
}

/* ---- YAML ---- */

static void write_scalar(struct buf *b, struct slice v)
{
	bool plain = true;

	for (size_t i = 0; i < v.n; i++)
		plain = plain && (unsigned char)v.s[i] >= 0x20 && v.s[i] != 0x7f;
	buf_ch(b, plain ? '\'' : '"');
	for (size_t i = 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.s[i];
		if (plain)
			buf_printf(b, c == '\'' ? "''" : "%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(b, "\\x%02x", c);
		else
			buf_printf(b, c == '"' || c == '\\' ? "\\%c" : "%c", c);
	}
	buf_ch(b, plain ? '\'' : '"');
}

/* Literal in a value that may have wildcards. */
static void add_literal(struct buf *b, struct slice v)
{
	for (size_t i = 0; i < v.n; i++) {
		if (strchr("*?\\", v.s[i]))
			buf_ch(b, '\\');
		buf_ch(b, v.s[i]);
	}
}

static void add_like(struct buf *b, struct slice v)
{
	for (size_t i = 0; i < v.n; i++) {
		bool quoted = v.s[i] == '\\' && i + 1 < v.n, wild = v.s[i] == '*' || v.s[i] == '?';
		if (wild)
			buf_ch(b, v.s[i]);
		else
			add_literal(b, (struct slice){&v.s[quoted ? ++i : i], 1});
	}
}

static void write_value(struct buf *b, enum plan_op op, struct slice v)
{
	struct buf text = BUF_INIT;

	if (op == OP_LIKE)
		add_like(&text, v);
	else if (op == OP_REGEX || op == OP_CIDR || plan_op_is_order(op))
		buf_add(&text, v.s, v.n);
	else
		add_literal(&text, v);
	write_scalar(b, (struct slice){text.s, text.len});
	buf_release(&text);
}

static const char *const modifiers[] = {
        [OP_IS] = "",
        [OP_IS_CS] = "|cased",
        [OP_IN] = "",
        [OP_CONTAINS] = "|contains",
        [OP_STARTS] = "|startswith",
        [OP_ENDS] = "|endswith",
        [OP_LIKE] = "",
        [OP_REGEX] = "|re",
        [OP_CIDR] = "|cidr",
        [OP_LT] = "|lt",
        [OP_LE] = "|lte",
        [OP_GT] = "|gt",
        [OP_GE] = "|gte",
        [OP_EXISTS] = "|exists",
        [OP_TEXT] = "",
};

/* One selection; the condition gets its name. */
static void write_selection(struct writing *w, const struct plan_node *n)
{
	struct buf *b = &w->detection;
	struct buf key = BUF_INIT;

	buf_printf(b, "  selection_%zu:\n", ++w->n);
	if (n->op != OP_TEXT) {
		buf_printf(&key, "%s%s", sigma_name(&n->field, w->dataset),
		           n->rhs.name ? "|fieldref" : modifiers[n->op]);
		buf_str(b, "    ");
		write_scalar(b, (struct slice){key.s, key.len});
		buf_str(b, n->op == OP_EXISTS ? ": true\n" : ":");
		buf_release(&key);
	}
	if (n->rhs.name) {
		buf_ch(b, ' ');
		write_scalar(b, slice_of(sigma_name(&n->rhs, w->dataset)));
		buf_ch(b, '\n');
	} else if (n->op != OP_EXISTS) {
		buf_str(b, n->op == OP_TEXT ? "" : "\n");
		for (size_t i = 0; i < n->nvalues; i++) {
			buf_str(b, n->op == OP_TEXT ? "    - " : "      - ");
			write_value(b, n->op, n->values[i]);
			buf_ch(b, '\n');
		}
	}
}

static void write_condition(struct writing *w, const struct plan_node *n, struct buf *b)
{
	if (n->kind == PN_CMP) {
		write_selection(w, n);
		buf_printf(b, "selection_%zu", w->n);
	} else if (n->kind == PN_NOT) {
		buf_str(b, "not ");
		write_condition(w, n->child, b);
	} else {
		buf_ch(b, '(');
		for (const struct plan_node *k = n->child; k; k = k->next) {
			write_condition(w, k, b);
			if (k->next)
				buf_str(b, n->kind == PN_ALL ? " and " : " or ");
		}
		buf_ch(b, ')');
	}
}

static void write_source(struct render *r, const char *dataset)
{
	const struct sigma_source *s = sigma_source_for(dataset);

	buf_str(r->b, "logsource:\n");
	if (s && s->product)
		buf_printf(r->b, "  product: %s\n", s->product);
	if (s && s->service)
		buf_printf(r->b, "  service: %s\n", s->service);
	if (s)
		return;
	buf_str(r->b, "  category: ");
	write_scalar(r->b, slice_of(dataset ? dataset : "any"));
	buf_ch(r->b, '\n');
	render_note(r, "Sigma has no log source for %s", dataset ? dataset : "every dataset");
}

static void note_rest(struct render *r)
{
	const struct plan_search *s = r->s;

	if (s->from.kind != PW_NONE || s->to.kind != PW_NONE)
		render_note(r, "a rule has no window: the one of the plan is left out");
	if (plan_is_grouped(s) || s->nsort || s->limit || s->with_ties)
		render_note(r,
		            "a rule says which records, not how they are counted, sorted or cut");
	if (s->ndatasets > 1)
		render_note(r, "a rule has one log source, the plan has %zu datasets",
		            s->ndatasets);
	r->out->exact_rows = r->out->exact_rows && s->from.kind == PW_NONE &&
	                     s->to.kind == PW_NONE && !plan_is_grouped(s) && !s->nsort &&
	                     !s->limit && !s->with_ties && s->ndatasets == 1;
}

int render_sigma(struct render *r)
{
	struct writing w = {.dataset = dataset_of(r), .detection = BUF_INIT};
	struct plan_node *where = render_where(r, can);
	struct buf condition = BUF_INIT, title = BUF_INIT;

	if (!where || (where->kind != PN_CMP && !where->child))
		return err_set(r->e, ERR_INVALID,
		               "nothing of this plan's conditions can be said in a Sigma rule");
	plan_paraphrase_node(where, &title);
	write_condition(&w, where, &condition);
	buf_str(r->b, "title: ");
	write_scalar(r->b, (struct slice){title.s, title.len < 200 ? title.len : 200});
	buf_str(r->b, "\nstatus: experimental\n");
	write_source(r, w.dataset);
	buf_printf(r->b, "detection:\n%s  condition: %s\nlevel: medium\n", w.detection.s,
	           condition.s);
	note_rest(r);
	buf_release(&w.detection);
	buf_release(&condition);
	buf_release(&title);
	return 0;
}
