/*
 * SPL. In `search` OR binds tighter than AND, which may be left out; a value is compared in any case,
 * * is any run of bytes and cannot be quoted, a value that is a block of addresses means what is in
 * it. In `where` and `eval` values are exact, a name with dots stands in single quotes, and a test of
 * a missing field has no value, so that its NOT has none either.
 */
#include "read_text.h"
#include "plan/cidr.h"
#include "plan/number.h"

static const char *const puncts[] = {"==", "!=", "<=", ">=", "=", "<", ">", "(", ")", "[",
                                     "]",  ",",  "|",  "*",  "+", "-", "/", "%", ".", NULL};
static const struct lex_rules spl_rules = {
        .quotes = {{'"', TOK_STR, QUOTE_PLAIN}, {'\'', TOK_QNAME, QUOTE_PLAIN}},
        .name_more = ".:{}@",
        .puncts = puncts,
};
static const struct op_rule spl_ops[] = {
        {"or", 1, OP_INFIX}, {"and", 2, OP_INFIX}, {"not", 3, OP_PREFIX}, {"=", 4, OP_INFIX},
        {"==", 4, OP_INFIX}, {"!=", 4, OP_INFIX},  {"<", 4, OP_INFIX},    {">", 4, OP_INFIX},
        {"<=", 4, OP_INFIX}, {">=", 4, OP_INFIX},  {"+", 5, OP_INFIX},    {"-", 5, OP_INFIX},
        {"*", 6, OP_INFIX},  {"/", 6, OP_INFIX},   {"-", 7, OP_PREFIX},   {NULL, 0, OP_INFIX},
};

static const char *field_of(struct rd *r, struct slice name)
{
	return r->columns ? rd_column_field(r, name) : read_field(r->p, NAMES_CIM, NULL, name);
}

/* ---- the predicates of `search` ---- */

static struct plan_node *pred_all(struct rd *r);

static bool has_star(struct slice v)
{
	return v.n && memchr(v.s, '*', v.n);
}

static bool is_block(struct slice v)
{
	struct cidr c;
	struct err e;

	return v.n && memchr(v.s, '/', v.n) && !cidr_parse(v, &c, &e);
}

static struct plan_node *equal_one(struct rd *r, const char *field, struct slice v)
{
	struct plan_node *is;

	if (slice_eq(v, SLICE("*")))
		return rd_exists(r, field);
	if (has_star(v))
		return rd_cmp(r, field, OP_LIKE, rd_like(r, v, '*', 0, 0));
	is = rd_cmp(r, field, OP_IS, v);
	return is_block(v) ? rd_two(r, PN_ANY, is, rd_cmp(r, field, OP_CIDR, v)) : is;
}

static struct plan_node *sourcetype(struct rd *r, struct slice v)
{
	const char *const *sets = read_datasets(NAMES_CIM, v);

	return sets ? rd_dataset(r, sets)
	            : equal_one(r, read_field(r->p, NAMES_CIM, NULL, SLICE("sourcetype")), v);
}

static struct plan_node *equal(struct rd *r, struct slice name, struct slice v)
{
	if (slice_eq(name, SLICE("sourcetype")))
		return sourcetype(r, v);
	return equal_one(r, field_of(r, name), v);
}

/* A value: quoted, bare, a number, or a lone star. */
static struct slice pred_value(struct rd *r)
{
	const struct tok *t = rd_tok(r);

	if (t->kind == TOK_END || (t->kind == TOK_PUNCT && !rd_is(r, "*"))) {
		rd_fail(r, t->at, "a value is missing");
		return SLICE("");
	}
	r->i++;
	if (t->kind != TOK_STR && !rd_tok(r)->spaced && rd_tok(r)->kind != TOK_END &&
	    !rd_is(r, ")") && !rd_is(r, ","))
		rd_fail(r, t->at, "a value that is not quoted has to be one word");
	return t->s;
}

static struct plan_node *in_list(struct rd *r, struct slice name)
{
	struct plan_node *any = plan_group(r->p, PN_ANY);

	if (rd_need(r, "("))
		return any;
	do {
		rd_or(r, any, equal(r, name, pred_value(r)));
	} while (!rd_failed(r) && rd_take(r, ","));
	rd_need(r, ")");
	return any;
}

static mw_time epoch(struct rd *r, struct slice v, size_t at)
{
	double d;

	if (!slice_double(v, &d) || d < 0 || d > 1e11) {
		rd_fail(r, at, "a time in seconds since 1970 is missing");
		return 0;
	}
	return (mw_time)(d * 1e6 + 0.5);
}

/* index, earliest, latest are no fields. */
static bool bound_of(struct rd *r, struct slice name, struct slice v, size_t at)
{
	struct plan_search *s = rd_search(r);

	if (slice_eq(name, SLICE("index")))
		r->out->table = rd_str(r, v);
	else if (slice_eq(name, SLICE("earliest")))
		s->from = (struct plan_time){.kind = PW_ABS, .t = epoch(r, v, at)};
	else if (slice_eq(name, SLICE("latest")))
		s->to = (struct plan_time){.kind = PW_ABS, .t = epoch(r, v, at)};
	else
		return false;
	return true;
}

static struct plan_node *ordered(struct rd *r, struct slice name, struct slice op, struct slice v,
                                 size_t at)
{
	enum plan_op ops = op.s[0] == '<' ? op.n == 2 ? OP_LE : OP_LT : op.n == 2 ? OP_GE : OP_GT;

	if (!num_is(v))
		rd_fail(r, at, "only numbers are ordered in search");
	return rd_cmp(r, field_of(r, name), ops, v);
}

static struct plan_node *comparison(struct rd *r, const struct tok *name)
{
	struct slice op, v;

	if (rd_take(r, "IN"))
		return in_list(r, name->s);
	op = rd_tok(r)->s;
	r->i++;
	v = pred_value(r);
	if (slice_eq(op, SLICE("=")) && bound_of(r, name->s, v, name->at))
		return NULL;
	if (slice_eq(op, SLICE("=")))
		return equal(r, name->s, v);
	if (slice_eq(op, SLICE("!=")))
		return rd_two(r, PN_ALL, rd_exists(r, field_of(r, name->s)),
		              rd_not(r, equal(r, name->s, v)));
	return ordered(r, name->s, op, v, name->at);
}

static bool comparison_next(const struct rd *r)
{
	return rd_is(r, "=") || rd_is(r, "!=") || rd_is(r, "<") || rd_is(r, ">") ||
	       rd_is(r, "<=") || rd_is(r, ">=") || rd_is(r, "IN");
}

/* Words are looked for in the raw event, in any case. */
static struct plan_node *term(struct rd *r, const struct tok *t)
{
	if (t->kind == TOK_PUNCT || t->kind == TOK_END || has_star(t->s) || !t->s.n) {
		rd_fail(r, t->at, "a search term is missing");
		return NULL;
	}
	return rd_cmp(r, NULL, OP_TEXT, t->s);
}

static struct plan_node *pred_one(struct rd *r)
{
	const struct tok *t = rd_tok(r);
	struct plan_node *n;

	if (++r->depth > 200)
		rd_fail(r, t->at, "nested too deep");
	if (rd_failed(r))
		return NULL;
	if (rd_take(r, "NOT")) {
		n = rd_not(r, pred_one(r));
	} else if (rd_take(r, "(")) {
		n = pred_all(r);
		rd_need(r, ")");
	} else {
		r->i++;
		n = (t->kind == TOK_NAME || t->kind == TOK_STR) && comparison_next(r)
		            ? comparison(r, t)
		    : t->kind == TOK_PUNCT && slice_eq(t->s, SLICE("*")) ? rd_const(r, true)
		                                                         : term(r, t);
	}
	r->depth--;
	return n;
}

static struct plan_node *pred_any(struct rd *r)
{
	struct plan_node *n = pred_one(r);

	while (!rd_failed(r) && rd_take(r, "OR"))
		n = rd_two(r, PN_ANY, n, pred_one(r));
	return n;
}

static bool pred_ends(const struct rd *r)
{
	return rd_failed(r) || rd_tok(r)->kind == TOK_END || rd_is(r, "|") || rd_is(r, ")");
}

static struct plan_node *pred_all(struct rd *r)
{
	struct plan_node *all = plan_group(r->p, PN_ALL);

	while (!pred_ends(r)) {
		struct plan_node *n = pred_any(r);
		if (n)
			plan_group_add(all, n);
		(void)rd_take(r, "AND");
	}
	return all;
}

/* ---- the expressions of `where` ---- */

/* 'name' or a name without dots; wrappers as ts, lower in fold, tonumber in number. */
struct operand {
	const char *field;
	bool time, fold, number;
};

static bool operand(struct rd *r, const struct ex *x, struct operand *o)
{
	*o = (struct operand){0};
	for (; x->kind == EX_CALL && x->n == 1; x = x->arg[0]) {
		if (slice_eq(x->s, SLICE("lower")))
			o->fold = true;
		else if (slice_eq(x->s, SLICE("tonumber")))
			o->number = true;
		else if (!slice_eq(x->s, SLICE("tostring")))
			return false;
	}
	if (x->kind != EX_QNAME && !(x->kind == EX_NAME && !memchr(x->s.s, '.', x->s.n)))
		return false;
	o->time = slice_eq(x->s, SLICE("_time"));
	o->field = field_of(r, x->s);
	return true;
}

static struct leaf known_if(struct rd *r, struct plan_node *yes, const char *field)
{
	return (struct leaf){yes, rd_exists(r, field)};
}

static struct leaf not_understood(struct rd *r, const struct ex *x)
{
	rd_fail(r, x->at, "not understood here: %.*s", (int)x->s.n, x->s.s);
	return (struct leaf){0};
}

static enum plan_op order_op(const struct ex *x)
{
	return ex_op(x, "<") ? OP_LT : ex_op(x, "<=") ? OP_LE : ex_op(x, ">") ? OP_GT : OP_GE;
}

/* Values of eval are exact; lower() of a value that is lower-case already is any case. */
static struct leaf equality(struct rd *r, const struct ex *x, struct operand *o, struct slice v)
{
	bool lower = true;
	struct leaf f;

	for (size_t i = 0; i < v.n; i++)
		lower = lower && !(v.s[i] >= 'A' && v.s[i] <= 'Z');
	f = known_if(r,
	             o->fold && !lower ? rd_const(r, false)
	                               : rd_cmp(r, o->field, o->fold ? OP_IS : OP_IS_CS, v),
	             o->field);
	if (ex_op(x, "!="))
		f.yes = rd_two(r, PN_ALL, f.known, rd_not(r, f.yes));
	return f;
}

static struct leaf order(struct rd *r, const struct ex *x, struct operand *o, const struct ex *num)
{
	struct slice v = num->s;

	if (num->kind != EX_NUM)
		return not_understood(r, num);
	if (o->time)
		v = rd_time_text(r, epoch(r, v, num->at));
	return known_if(r, rd_cmp(r, o->field, order_op(x), v), o->field);
}

static struct leaf constants(struct rd *r, const struct ex *x)
{
	int c = value_cmp(x->arg[0]->s, x->arg[1]->s);

	return (struct leaf){rd_const(r, ex_op(x, "=") || ex_op(x, "==") ? c == 0 : c != 0), NULL};
}

/* A field against a field: both single values of eval, exact. */
static struct leaf two_fields(struct rd *r, const struct ex *x, struct operand *a,
                              struct operand *b)
{
	bool same = ex_op(x, "=") || ex_op(x, "==");
	struct plan_node *n = rd_cmp(r, a->field,
	                             !same                ? order_op(x)
	                             : a->fold && b->fold ? OP_IS
	                                                  : OP_IS_CS,
	                             SLICE(""));

	n->nvalues = 0;
	(void)plan_field_set(r->p, &n->rhs, b->field);
	return (struct leaf){n, rd_two(r, PN_ALL, rd_exists(r, a->field), rd_exists(r, b->field))};
}

static struct leaf compare(struct rd *r, const struct ex *x)
{
	const struct ex *b = x->arg[1];
	struct operand o, o2;

	if (x->arg[0]->kind == EX_NUM && b->kind == EX_NUM)
		return constants(r, x);
	if (ex_call(x->arg[0], "if", 3) && ex_op(x, "=") && ex_is(x->arg[0]->arg[1], EX_NUM, "1") &&
	    ex_is(x->arg[0]->arg[2], EX_NUM, "0") && ex_is(b, EX_NUM, "1"))
		return (struct leaf){rd_tree(r, x->arg[0]->arg[0], true), NULL};
	if (!operand(r, x->arg[0], &o))
		return not_understood(r, x->arg[0]);
	if (operand(r, b, &o2))
		return two_fields(r, x, &o, &o2);
	if (ex_op(x, "=") || ex_op(x, "==") || ex_op(x, "!="))
		return b->kind == EX_STR || b->kind == EX_NUM ? equality(r, x, &o, b->s)
		                                              : not_understood(r, b);
	return order(r, x, &o, b);
}

static bool is_raw(const struct ex *x)
{
	return ex_is(x, EX_NAME, "_raw") || ex_is(x, EX_QNAME, "_raw");
}

/* match(field, "regex"), mvfind(field, "regex"): the latter gives a place, or nothing. */
static struct plan_node *regex_test(struct rd *r, const struct ex *x)
{
	struct operand o;

	if (x->n == 2 && is_raw(x->arg[0]))
		return rd_raw_regex(r, x->arg[1]);
	if (x->n != 2 || x->arg[1]->kind != EX_STR || !operand(r, x->arg[0], &o) || o.fold)
		return not_understood(r, x).yes;
	return rd_cmp(r, o.field, OP_REGEX, x->arg[1]->s);
}

static struct leaf cidr_test(struct rd *r, const struct ex *x)
{
	struct operand o;

	if (x->arg[0]->kind != EX_STR || !operand(r, x->arg[1], &o))
		return not_understood(r, x);
	return known_if(r, rd_cmp(r, o.field, OP_CIDR, x->arg[0]->s), o.field);
}

static struct leaf like_test(struct rd *r, const struct ex *x)
{
	struct operand o;

	if (x->arg[1]->kind != EX_STR || !operand(r, x->arg[0], &o) || !o.fold)
		return not_understood(r, x);
	return known_if(r, rd_cmp(r, o.field, OP_LIKE, rd_like(r, x->arg[1]->s, '%', '_', 0)),
	                o.field);
}

/* isnotnull(mvfind(..)), isnotnull(mvfilter(test)), isnotnull(field), isnotnull(tonumber(field)). */
static struct leaf not_null(struct rd *r, const struct ex *a)
{
	struct operand o;

	if (ex_call(a, "mvfind", 2))
		return (struct leaf){regex_test(r, a), NULL};
	if (ex_call(a, "mvfilter", 1))
		return (struct leaf){rd_tree(r, a->arg[0], true), NULL};
	if (operand(r, a, &o) && !o.number)
		return (struct leaf){rd_exists(r, o.field), NULL};
	return not_understood(r, a);
}

static struct leaf one_of(struct rd *r, const struct ex *x)
{
	struct plan_node *n;
	struct operand o;

	if (x->n < 2 || !operand(r, x->arg[0], &o) || o.fold)
		return not_understood(r, x);
	n = rd_cmp(r, o.field, OP_IS_CS, x->arg[1]->s);
	for (size_t i = 2; i < x->n; i++)
		plan_cmp_value(r->p, n, x->arg[i]->s);
	return known_if(r, n, o.field);
}

static struct leaf spl_leaf(struct rd *r, const struct ex *x)
{
	struct operand o;
	struct leaf f;

	if (ex_call(x, "isnotnull", 1))
		return not_null(r, x->arg[0]);
	if (ex_call(x, "isnull", 1)) {
		f = not_null(r, x->arg[0]);
		return (struct leaf){rd_not(r, f.yes), NULL};
	}
	if (ex_call(x, "match", 2)) {
		if (is_raw(x->arg[0]))
			return (struct leaf){regex_test(r, x), NULL};
		return operand(r, x->arg[0], &o) ? known_if(r, regex_test(r, x), o.field)
		                                 : not_understood(r, x);
	}
	if (ex_call(x, "cidrmatch", 2))
		return cidr_test(r, x);
	if (ex_call(x, "like", 2))
		return like_test(r, x);
	if (ex_call(x, "in", SIZE_MAX))
		return one_of(r, x);
	if (ex_call(x, "true", 0) || ex_call(x, "false", 0))
		return (struct leaf){rd_const(r, ex_call(x, "true", 0)), NULL};
	return x->kind == EX_OP && x->n == 2 ? compare(r, x) : not_understood(r, x);
}

/* ---- commands ---- */

/* Operators of eval may be written in any case, those of search in capitals alone. */
static struct ex *eval_ex(struct rd *r)
{
	struct ex *x;

	r->blind = true;
	x = rd_ex(r);
	r->blind = false;
	return x;
}

static void cmd_search(struct rd *r)
{
	if (r->columns)
		rd_fail(r, rd_tok(r)->at, "search after stats is not understood");
	rd_where(r, pred_all(r));
}

static void cmd_where(struct rd *r)
{
	struct plan_search *s = rd_search(r);
	struct ex *x = eval_ex(r);
	struct plan_node *n = x ? rd_tree(r, x, true) : NULL;

	if (!n)
		return;
	if (!r->columns)
		rd_where(r, n);
	else
		s->having = s->having ? rd_two(r, PN_ALL, s->having, n) : n;
}

static void cmd_regex(struct rd *r)
{
	struct slice name = rd_need_name(r);
	const struct tok *v;

	rd_need(r, "=");
	v = rd_tok(r);
	if (v->kind != TOK_STR) {
		rd_fail(r, v->at, "a regular expression is missing");
		return;
	}
	r->i++;
	rd_where(r, rd_cmp(r, field_of(r, name), OP_REGEX, v->s));
}

static const struct {
	const char *name;
	enum plan_fn fn, of_time; /* the same over _time */
} aggregates[] = {
        {"count", FN_COUNT, FN_COUNT},    {"c", FN_COUNT, FN_COUNT},
        {"dc", FN_DISTINCT, FN_DISTINCT}, {"distinct_count", FN_DISTINCT, FN_DISTINCT},
        {"sum", FN_SUM, FN_SUM},          {"avg", FN_AVG, FN_AVG},
        {"min", FN_MIN, FN_FIRST},        {"max", FN_MAX, FN_LAST},
};

/* A name as stats has it: bare, or in double quotes where it has odd bytes. */
static struct slice any_name(struct rd *r)
{
	const struct tok *t = rd_tok(r);

	if (t->kind != TOK_STR)
		return rd_need_name(r);
	r->i++;
	return t->s;
}

static void aggregate(struct rd *r)
{
	const struct tok *t = rd_tok(r), *arg = NULL;
	const char *as, *field = NULL;
	enum plan_fn fn = FN_COUNT;
	size_t k = 0;

	while (k < ARRAY_LEN(aggregates) && !slice_eq(t->s, slice_of(aggregates[k].name)))
		k++;
	if (k == ARRAY_LEN(aggregates)) {
		rd_fail(r, t->at, "no such aggregate: %.*s", (int)t->s.n, t->s.s);
		return;
	}
	r->i++;
	fn = aggregates[k].fn;
	if (rd_take(r, "(")) {
		arg = rd_tok(r);
		(void)any_name(r);
		rd_need(r, ")");
		if (slice_eq(arg->s, SLICE("_time")))
			fn = aggregates[k].of_time;
		field = read_field(r->p, NAMES_CIM, NULL, arg->s);
	}
	if ((fn == FN_COUNT) != (arg == NULL))
		rd_fail(r, t->at, "count takes no field here, the others need one");
	as = rd_take(r, "AS") || rd_take(r, "as") ? rd_str(r, rd_need_name(r))
	     : arg ? arena_printf(&r->p->arena, "%.*s(%.*s)", (int)t->s.n, t->s.s, (int)arg->s.n,
	                          arg->s.s)
	           : "count";
	if (!strcmp(as, "mw_rows")) /* stats has to count something where a plan only groups */
		return;
	rd_add_stat(r, fn, fn == FN_FIRST || fn == FN_LAST ? NULL : field, as);
}

static void by_fields(struct rd *r)
{
	while (!rd_failed(r) && rd_tok(r)->kind != TOK_END && !rd_is(r, "|")) {
		struct slice name = any_name(r);
		if (slice_eq(name, SLICE("_time")) || slice_eq(name, SLICE("time"))) {
			if (!rd_search(r)->span)
				rd_fail(r, rd_tok(r)->at, "a time without a bucket");
			rd_column(r, rd_str(r, name), "time");
			continue;
		}
		rd_add_by(r, read_field(r->p, NAMES_CIM, NULL, name));
		rd_column(r, rd_str(r, name), rd_search(r)->by[rd_search(r)->nby - 1].name);
		(void)rd_take(r, ",");
	}
}

static void cmd_stats(struct rd *r)
{
	struct plan_search *s = rd_search(r);

	if (r->columns)
		rd_fail(r, rd_tok(r)->at, "a second stats is not understood");
	while (!rd_failed(r) && rd_tok(r)->kind == TOK_NAME && !rd_is(r, "BY") && !rd_is(r, "by")) {
		aggregate(r);
		(void)rd_take(r, ",");
	}
	if (rd_take(r, "BY") || rd_take(r, "by"))
		by_fields(r);
	for (size_t i = 0; i < s->nstats; i++)
		rd_column(r, s->stats[i].as, s->stats[i].as);
	r->columns = true;
}

static int64_t span_of(struct rd *r, const struct ex *x)
{
	double d = 0;

	if (!x || x->kind != EX_NUM || !slice_double(x->s, &d) || d < 1)
		rd_fail(r, rd_tok(r)->at, "a bucket's length in seconds is missing");
	return (int64_t)(d * 1e6);
}

/* eval time=floor(_time/S)*S is a bucket; +n and -n inside shift it (weeks begin on Mondays). */
static void cmd_eval(struct rd *r)
{
	struct slice name = rd_need_name(r);
	struct ex *x = rd_need(r, "=") ? NULL : eval_ex(r);
	const struct ex *div;

	if (!x)
		return;
	if (slice_eq(name, SLICE("time")) && ex_op(x, "*") && ex_call(x->arg[0], "floor", 1)) {
		div = x->arg[0]->arg[0];
		if (ex_op(div, "/") && ex_is(div->arg[0], EX_NAME, "_time") &&
		    slice_eq(div->arg[1]->s, x->arg[1]->s)) {
			rd_search(r)->span = span_of(r, x->arg[1]);
			return;
		}
	}
	rd_fail(r, x->at, "this eval is not understood");
}

static void cmd_bin(struct rd *r)
{
	struct slice name = rd_need_name(r);

	rd_need(r, "span");
	rd_need(r, "=");
	if (!slice_eq(name, SLICE("_time")))
		rd_fail(r, rd_tok(r)->at, "only _time is put into buckets");
	rd_search(r)->span = rd_need_int(r) * MW_SECOND;
}

static void cmd_sort(struct rd *r)
{
	if (rd_tok(r)->kind == TOK_NUM && rd_need_int(r) != 0)
		rd_fail(r, rd_tok(r)->at, "sort cuts rows off: 0 keeps them");
	while (!rd_failed(r) && rd_tok(r)->kind != TOK_END && !rd_is(r, "|")) {
		bool desc = rd_take(r, "-");
		const char *column;
		bool text;
		struct slice name;
		(void)(!desc && rd_take(r, "+"));
		text = rd_take(r, "str (");
		name = any_name(r);
		column = !r->columns && slice_eq(name, SLICE("_time")) ? "time" : field_of(r, name);
		if (text)
			rd_need(r, ")");
		(text ? rd_sort_text : rd_add_sort)(r, column, desc);
		(void)rd_take(r, ",");
	}
}

static void cmd_head(struct rd *r)
{
	rd_search(r)->limit = rd_need_int(r);
}

/* rename OLD AS NEW: of an output column after stats. */
static void cmd_rename(struct rd *r)
{
	const char *from = rd_str(r, any_name(r)), *to;
	bool found = false;

	if (!rd_take(r, "AS") && !rd_take(r, "as"))
		rd_fail(r, rd_tok(r)->at, "AS is missing");
	to = rd_str(r, any_name(r));
	for (size_t i = 0; i < r->out->ncolumns; i++) {
		struct read_column *c = &r->out->columns[i];
		if (strcmp(c->name, from) != 0)
			continue;
		c->name = to;
		found = true;
	}
	if (!found)
		rd_fail(r, rd_tok(r)->at, "there is no column %s to rename", from);
}

static void cmd_table(struct rd *r)
{
	while (!rd_failed(r) && rd_tok(r)->kind != TOK_END && !rd_is(r, "|")) {
		struct slice name = any_name(r);
		if (!r->columns)
			rd_column(r, rd_str(r, name), field_of(r, name));
		(void)rd_take(r, ",");
	}
}

static const struct {
	const char *name;
	void (*run)(struct rd *r);
} commands[] = {
        {"search", cmd_search}, {"where", cmd_where},   {"regex", cmd_regex}, {"stats", cmd_stats},
        {"eval", cmd_eval},     {"bin", cmd_bin},       {"bucket", cmd_bin},  {"sort", cmd_sort},
        {"head", cmd_head},     {"rename", cmd_rename}, {"table", cmd_table}, {"fields", cmd_table},
};

static void command(struct rd *r)
{
	const struct tok *t = rd_tok(r);

	if (rd_search(r)->limit && !rd_is(r, "rename") && !rd_is(r, "table") && !rd_is(r, "fields"))
		rd_fail(r, t->at, "only names may change after head");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (rd_take(r, commands[i].name)) {
			commands[i].run(r);
			return;
		}
	rd_fail(r, t->at, "no such command is understood: %.*s", (int)t->s.n, t->s.s);
}

int read_spl(struct slice text, struct reading *out, struct err *e)
{
	struct rd r = {.rules = &spl_rules, .ops = spl_ops, .leaf = spl_leaf};

	if (!rd_begin(&r, text, out, e)) {
		(void)rd_take(&r, "search");
		rd_where(&r, pred_all(&r));
		while (!rd_failed(&r) && rd_take(&r, "|"))
			command(&r);
	}
	return rd_end(&r);
}
