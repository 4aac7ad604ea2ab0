/*
 * KQL. Everything is case-sensitive but the operators that say otherwise. A column as text is never
 * null but may be "", which a test can hit: `matches regex "x*"` holds for a record without the
 * column. Conversions to numbers and times give null, and so does every test of it, until coalesce
 * says false. summarize makes a group of "" too, so that a text has to keep such records out.
 */
#include "read_text.h"
#include "plan/cidr.h"

static const char *const puncts[] = {"==", "=~", "!=", "!~", "<=", ">=", "..", "=", "<",
                                     ">",  "(",  ")",  "[",  "]",  ",",  "|",  ";", "+",
                                     "-",  "*",  "/",  ".",  "!",  "~",  ":",  NULL};
static const struct lex_rules kql_rules = {
        .quotes = {{'"', TOK_STR, QUOTE_C}, {'\'', TOK_STR, QUOTE_C}},
        .puncts = puncts,
        .comment = "//",
        .verbatim = true,
        .raw_call = "datetime",
        .number_words = "smhd",
};
static const struct op_rule kql_ops[] = {
        {"or", 1, OP_INFIX},
        {"and", 2, OP_INFIX},
        {"==", 4, OP_INFIX},
        {"=~", 4, OP_INFIX},
        {"!=", 4, OP_INFIX},
        {"!~", 4, OP_INFIX},
        {"<", 4, OP_INFIX},
        {"<=", 4, OP_INFIX},
        {">", 4, OP_INFIX},
        {">=", 4, OP_INFIX},
        {"in", 4, OP_INFIX},
        {"in ~", 4, OP_INFIX},
        {"! in", 4, OP_INFIX},
        {"! in ~", 4, OP_INFIX},
        {"contains", 4, OP_INFIX},
        {"contains_cs", 4, OP_INFIX},
        {"startswith", 4, OP_INFIX},
        {"endswith", 4, OP_INFIX},
        {"startswith_cs", 4, OP_INFIX},
        {"endswith_cs", 4, OP_INFIX},
        {"! contains", 4, OP_INFIX},
        {"! startswith", 4, OP_INFIX},
        {"! endswith", 4, OP_INFIX},
        {"matches regex", 4, OP_INFIX},
        {"between", 4, OP_INFIX},
        {"..", 3, OP_INFIX},
        {"-", 7, OP_PREFIX},
        {NULL, 0, OP_INFIX},
};

/* ---- columns ---- */

/* name, ['name']; NULL: none. */
static const struct slice *column_name(const struct ex *x)
{
	if (x->kind == EX_NAME)
		return &x->s;
	if (x->kind == EX_LIST && slice_eq(x->s, SLICE("[]")) && x->n == 1 &&
	    x->arg[0]->kind == EX_STR)
		return &x->arg[0]->s;
	return NULL;
}

enum as { AS_ITSELF, AS_TEXT, AS_NUMBER, AS_TIME };
struct operand {
	const char *field;
	enum as as;
	bool fold;
};

static bool operand(struct rd *r, const struct ex *x, struct operand *o)
{
	static const struct {
		const char *call;
		enum as as;
	} to[] = {{"tostring", AS_TEXT},    {"tolower", AS_TEXT},   {"todouble", AS_NUMBER},
	          {"toreal", AS_NUMBER},    {"tolong", AS_NUMBER},  {"toint", AS_NUMBER},
	          {"todecimal", AS_NUMBER}, {"todatetime", AS_TIME}};
	const struct slice *name;

	*o = (struct operand){0};
	for (; x->kind == EX_CALL && x->n == 1; x = x->arg[0]) {
		size_t k = 0;
		while (k < ARRAY_LEN(to) && !slice_eq(x->s, slice_of(to[k].call)))
			k++;
		if (k == ARRAY_LEN(to))
			return false;
		o->as = o->as ? o->as : to[k].as;
		o->fold = o->fold || slice_eq(x->s, SLICE("tolower"));
	}
	name = column_name(x);
	if (!name || slice_eq(*name, SLICE("true")) || slice_eq(*name, SLICE("false")))
		return false;
	o->field = r->columns ? rd_column_field(r, *name)
	           : slice_eq(*name, SLICE("TimeGenerated"))
	                   ? "time"
	                   : read_field(r->p, NAMES_SENTINEL, r->table, *name);
	return true;
}

static struct leaf not_understood(struct rd *r, const struct ex *x)
{
	rd_fail(r, x->at, "not understood here: %.*s", (int)x->s.n, x->s.s);
	return (struct leaf){0};
}

/* ---- tests of text ---- */

static const struct {
	const char *words;
	enum plan_op op;
	bool negated, fold, list;
} tests[] = {
        {"==", OP_IS_CS, false, false, false},
        {"=~", OP_IS, false, true, false},
        {"!=", OP_IS_CS, true, false, false},
        {"!~", OP_IS, true, true, false},
        {"in", OP_IS_CS, false, false, true},
        {"in ~", OP_IS, false, true, true},
        {"! in", OP_IS_CS, true, false, true},
        {"! in ~", OP_IS, true, true, true},
        {"contains", OP_CONTAINS, false, true, false},
        {"startswith", OP_STARTS, false, true, false},
        {"endswith", OP_ENDS, false, true, false},
        {"! contains", OP_CONTAINS, true, true, false},
        {"! startswith", OP_STARTS, true, true, false},
        {"! endswith", OP_ENDS, true, true, false},
};

/* One value; "" hits what has no value. */
static struct plan_node *text_test(struct rd *r, const char *field, enum plan_op op,
                                   const struct ex *v)
{
	if (v->kind != EX_STR) {
		not_understood(r, v);
		return NULL;
	}
	if (v->s.n > 0)
		return rd_cmp(r, field, op, v->s);
	return op == OP_IS || op == OP_IS_CS ? rd_not(r, rd_exists(r, field)) : rd_const(r, true);
}

static struct plan_node *any_of(struct rd *r, const char *field, enum plan_op op,
                                const struct ex *list)
{
	struct plan_node *any = plan_group(r->p, PN_ANY);

	if (list->kind != EX_LIST)
		plan_group_add(any, text_test(r, field, op, list));
	for (size_t i = 0; list->kind == EX_LIST && i < list->n && !rd_failed(r); i++)
		rd_or(r, any, text_test(r, field, op, list->arg[i]));
	return any;
}

static struct plan_node *pair_test(struct rd *r, const char *a, enum plan_op op, const char *b)
{
	struct plan_node *n = rd_exists(r, a);

	n->op = op;
	(void)plan_field_set(r->p, &n->rhs, b);
	return n;
}

/* Text against text of another column: "" is equal to "", holds nothing but "", and is in all. */
static struct plan_node *pair_of_text(struct rd *r, const char *a, enum plan_op op, const char *b)
{
	struct plan_node *none = rd_not(r, rd_exists(r, b));

	if (op == OP_IS || op == OP_IS_CS)
		none = rd_two(r, PN_ALL, none, rd_not(r, rd_exists(r, a)));
	return rd_two(r, PN_ANY, pair_test(r, a, op, b), none);
}

static bool packed(const struct ex *x)
{
	return ex_call(x, "tostring", 1) && ex_call(x->arg[0], "pack_all", 0);
}

static struct leaf test_of_text(struct rd *r, const struct ex *x, size_t k)
{
	struct operand a, b;
	struct plan_node *n;

	if (packed(x->arg[0]) && tests[k].op == OP_CONTAINS && x->arg[1]->kind == EX_STR) {
		n = rd_cmp(r, NULL, OP_TEXT, x->arg[1]->s);
		return (struct leaf){tests[k].negated ? rd_not(r, n) : n, NULL};
	}
	if (!operand(r, x->arg[0], &a) || a.as > AS_TEXT)
		return not_understood(r, x);
	if (!tests[k].list && operand(r, x->arg[1], &b))
		n = pair_of_text(r, a.field, tests[k].op, b.field);
	else if (a.fold && !tests[k].fold)
		return not_understood(r, x);
	else
		n = any_of(r, a.field, tests[k].op, x->arg[1]);
	return (struct leaf){tests[k].negated ? rd_not(r, n) : n, NULL};
}

static struct leaf regex_test(struct rd *r, const struct ex *x)
{
	struct operand o;
	struct plan_node *n;

	if (packed(x->arg[0]))
		return (struct leaf){rd_raw_regex(r, x->arg[1]), NULL};
	if (!operand(r, x->arg[0], &o) || o.as > AS_TEXT || x->arg[1]->kind != EX_STR)
		return not_understood(r, x);
	n = rd_cmp(r, o.field, OP_REGEX, rd_rune_regex(r, x->arg[1]->s));
	if (rd_matches_empty(x->arg[1]->s))
		n = rd_two(r, PN_ANY, n, rd_not(r, rd_exists(r, o.field)));
	return (struct leaf){n, NULL};
}

/* ---- numbers, times, addresses ---- */

static struct slice moment(struct rd *r, const struct ex *x)
{
	mw_time t;

	if (!ex_call(x, "datetime", 1) || !mw_time_parse(x->arg[0]->s, &t)) {
		rd_fail(r, x->at, "a datetime is missing");
		return SLICE("");
	}
	return rd_time_text(r, t);
}

static enum plan_op order_op(const struct ex *x)
{
	return ex_op(x, "<") ? OP_LT : ex_op(x, "<=") ? OP_LE : ex_op(x, ">") ? OP_GT : OP_GE;
}

static enum plan_op opposite(enum plan_op op)
{
	static const enum plan_op other[] = {
	        [OP_LT] = OP_GE, [OP_LE] = OP_GT, [OP_GT] = OP_LE, [OP_GE] = OP_LT};

	return other[op];
}

/* Null, and so without a value, wherever the column is no number or time. */
static struct leaf ordered(struct rd *r, const struct ex *x)
{
	enum plan_op op = order_op(x);
	struct operand a, b;
	struct slice v;

	if (!operand(r, x->arg[0], &a) || a.as == AS_TEXT)
		return not_understood(r, x);
	if (operand(r, x->arg[1], &b))
		return a.as == b.as
		               ? (struct leaf){pair_test(r, a.field, op, b.field),
		                               rd_two(r, PN_ANY, pair_test(r, a.field, op, b.field),
		                                      pair_test(r, a.field, opposite(op), b.field))}
		               : not_understood(r, x);
	if (a.as == AS_TIME || (a.as == AS_ITSELF && x->arg[1]->kind == EX_CALL))
		v = moment(r, x->arg[1]);
	else if (x->arg[1]->kind == EX_NUM)
		v = x->arg[1]->s;
	else
		return not_understood(r, x->arg[1]);
	return (struct leaf){
	        rd_cmp(r, a.field, op, v),
	        rd_two(r, PN_ANY, rd_cmp(r, a.field, op, v), rd_cmp(r, a.field, opposite(op), v))};
}

/* A v4 address counts as ::ffff:a.b.c.d here, so that ::/0 holds it. */
static struct plan_node *v6_block(struct rd *r, const char *field, struct slice block)
{
	struct plan_node *n = rd_cmp(r, field, OP_CIDR, block);
	struct cidr c;
	struct ip mapped = {16, {[10] = 0xff, [11] = 0xff}};
	struct err e;

	if (!cidr_parse(block, &c, &e) && c.ip.len == 16 && cidr_holds(&c, &mapped))
		n = rd_two(r, PN_ANY, n, rd_cmp(r, field, OP_CIDR, SLICE("0.0.0.0/0")));
	return n;
}

static struct leaf address_test(struct rd *r, const struct ex *x)
{
	bool v6 = ex_call(x, "ipv6_is_in_range", 2);
	const struct ex *text = x->arg[0];
	struct plan_node *known;
	struct operand o;

	if (ex_call(text, "trim_start", 2) && ex_is(text->arg[0], EX_STR, "(?i)::ffff:"))
		text = text->arg[1]; /* what is left of a mapped address is the v4 address */
	if (!operand(r, text, &o) || x->arg[1]->kind != EX_STR)
		return not_understood(r, x);
	known = rd_cmp(r, o.field, OP_CIDR, SLICE("0.0.0.0/0"));
	if (!v6)
		return (struct leaf){rd_cmp(r, o.field, OP_CIDR, x->arg[1]->s), known};
	known = rd_two(r, PN_ANY, known, rd_cmp(r, o.field, OP_CIDR, SLICE("::/0")));
	return (struct leaf){v6_block(r, o.field, x->arg[1]->s), known};
}

static struct leaf kql_leaf(struct rd *r, const struct ex *x)
{
	struct operand o;
	struct plan_node *n;

	if (ex_is(x, EX_NAME, "true") || ex_is(x, EX_NAME, "false"))
		return (struct leaf){rd_const(r, ex_is(x, EX_NAME, "true")), NULL};
	if (ex_call(x, "coalesce", 2) && ex_is(x->arg[1], EX_NAME, "false"))
		return (struct leaf){rd_tree(r, x->arg[0], true), NULL};
	if ((ex_call(x, "isnotempty", 1) || ex_call(x, "isempty", 1) ||
	     ex_call(x, "isnotnull", 1)) &&
	    operand(r, x->arg[0], &o) && o.as <= AS_TEXT) {
		n = rd_exists(r, o.field);
		return (struct leaf){ex_call(x, "isempty", 1) ? rd_not(r, n) : n, NULL};
	}
	if (ex_call(x, "ipv4_is_in_range", 2) || ex_call(x, "ipv6_is_in_range", 2))
		return address_test(r, x);
	if (ex_op(x, "matches regex"))
		return regex_test(r, x);
	for (size_t k = 0; k < ARRAY_LEN(tests); k++)
		if (ex_op(x, tests[k].words))
			return test_of_text(r, x, k);
	return x->kind == EX_OP && x->n == 2 && (x->s.s[0] == '<' || x->s.s[0] == '>')
	               ? ordered(r, x)
	               : not_understood(r, x);
}

/* ---- operators of the pipeline ---- */

static void op_where(struct rd *r)
{
	struct plan_search *s = rd_search(r);
	struct ex *x = rd_ex(r);
	struct plan_node *n = x ? rd_tree(r, x, true) : NULL;

	if (!n)
		return;
	if (!r->columns)
		rd_where(r, n);
	else
		s->having = s->having ? rd_two(r, PN_ALL, s->having, n) : n;
}

/* NAME = or ['NAME'] = before an expression; NULL where there is none. */
static const char *alias(struct rd *r)
{
	size_t back = r->i;
	struct slice name = SLICE("");

	if (rd_take(r, "[") && rd_tok(r)->kind == TOK_STR) {
		name = rd_tok(r)->s;
		r->i++;
		(void)rd_take(r, "]");
	} else if (rd_tok(r)->kind == TOK_NAME) {
		name = rd_need_name(r);
	}
	if (name.n && rd_take(r, "="))
		return rd_str(r, name);
	r->i = back;
	return NULL;
}

static const struct {
	const char *name;
	enum plan_fn fn, of_time;
	bool number; /* over numbers alone */
} aggregates[] = {
        {"sum", FN_SUM, FN_SUM, true},
        {"avg", FN_AVG, FN_AVG, true},
        {"min", FN_MIN, FN_FIRST, false},
        {"max", FN_MAX, FN_LAST, false},
        {"count_distinct", FN_DISTINCT, FN_DISTINCT, false},
};

/* The same call of text, in another place. */
static bool same_operand(struct rd *r, const struct ex *a, const struct ex *b)
{
	struct operand x, y;

	return operand(r, a, &x) && operand(r, b, &y) && !strcmp(x.field, y.field);
}

/* count_distinctif(X, isnotempty(X)): "" is no value. */
static bool distinct_values(struct rd *r, const struct ex *x)
{
	return ex_call(x, "count_distinctif", 2) && ex_call(x->arg[1], "isnotempty", 1) &&
	       same_operand(r, x->arg[0], x->arg[1]->arg[0]);
}

static void aggregate(struct rd *r, const char *as, const struct ex *x)
{
	struct operand o;

	if (!as)
		rd_fail(r, x->at, "an aggregate without a name");
	if (rd_failed(r))
		return;
	if (ex_call(x, "count", 0)) {
		rd_add_stat(r, FN_COUNT, NULL, as);
		return;
	}
	if (distinct_values(r, x) && operand(r, x->arg[0], &o)) {
		rd_add_stat(r, FN_DISTINCT, o.field, as);
		return;
	}
	for (size_t k = 0; k < ARRAY_LEN(aggregates); k++) {
		if (!ex_call(x, aggregates[k].name, 1) || !operand(r, x->arg[0], &o))
			continue;
		if (!strcmp(o.field, "time"))
			rd_add_stat(r, aggregates[k].of_time, NULL, as);
		else if (aggregates[k].number == (o.as == AS_NUMBER))
			rd_add_stat(r, aggregates[k].fn, o.field, as);
		else
			break;
		return;
	}
	not_understood(r, x);
}

static int64_t span_of(struct rd *r, const struct ex *x)
{
	int64_t us = 0;

	if (x->kind != EX_NUM || !mw_span_parse(x->s, &us))
		rd_fail(r, x->at, "a length of time is missing");
	return us;
}

/* bin(TimeGenerated,1h), bin_at(TimeGenerated,1h,datetime(1970-01-01)). */
static bool bucket(struct rd *r, const struct ex *x)
{
	mw_time at = 0;

	if (!ex_call(x, "bin", 2) && !ex_call(x, "bin_at", 3))
		return false;
	if (!ex_is(x->arg[0], EX_NAME, "TimeGenerated"))
		rd_fail(r, x->at, "only TimeGenerated is put into buckets");
	rd_search(r)->span = span_of(r, x->arg[1]);
	if (x->n == 3 &&
	    (!ex_call(x->arg[2], "datetime", 1) || !mw_time_parse(x->arg[2]->arg[0]->s, &at) ||
	     !rd_search(r)->span || at % rd_search(r)->span != 0))
		rd_fail(r, x->at, "buckets are not counted from 1970");
	return true;
}

static void group_key(struct rd *r)
{
	const char *as = alias(r);
	struct ex *x = rd_ex(r);
	struct operand o;
	const struct slice *name;

	if (!x)
		return;
	if (bucket(r, x)) {
		rd_column(r, as ? as : "TimeGenerated", "time");
		return;
	}
	if (!operand(r, x, &o) || o.as > AS_TEXT) {
		not_understood(r, x);
		return;
	}
	name = column_name(x);
	if (!as && !name)
		rd_fail(r, x->at, "a key without a name");
	rd_column(r, as ? as : rd_str(r, *name), o.field);
	rd_add_by(r, o.field);
}

/* A group of "" has to be kept out, before or behind. */
static void check_keys(struct rd *r)
{
	struct plan_search *s = rd_search(r);

	for (size_t i = 0; i < s->nby && !rd_failed(r); i++)
		if (!rd_guarded(r, s->by[i].name))
			rd_fail(r, r->text.n, "records without %s make a group", s->by[i].name);
}

/* Keys stand behind the aggregates in the text and before them among the columns. */
static void op_summarize(struct rd *r)
{
	struct plan_search *s = rd_search(r);

	while (!rd_failed(r) && rd_tok(r)->kind != TOK_END && !rd_is(r, "by") && !rd_is(r, "|")) {
		const char *as = alias(r);
		struct ex *x = rd_ex(r);
		if (x)
			aggregate(r, as, x);
		(void)rd_take(r, ",");
	}
	if (rd_take(r, "by"))
		do
			group_key(r);
		while (!rd_failed(r) && rd_take(r, ","));
	for (size_t i = 0; i < s->nstats; i++)
		rd_column(r, s->stats[i].as, s->stats[i].as);
	r->columns = true;
}

static void sort_key(struct rd *r, bool desc)
{
	struct ex *x = rd_ex(r);
	const struct slice *name;
	const char *column;
	bool text = false;

	for (; x && x->kind == EX_CALL && x->n == 1 && slice_eq(x->s, SLICE("tostring"));)
		x = x->arg[0];
	name = x ? column_name(x) : NULL;
	if (!name) {
		rd_fail(r, rd_tok(r)->at, "a column to sort by is missing");
		return;
	}
	if (rd_take(r, "asc"))
		desc = false;
	else
		(void)rd_take(r, "desc");
	if (rd_take(r, "nulls") && !rd_take(r, "last"))
		rd_fail(r, rd_tok(r)->at, "nulls come last in a plan");
	if (!r->columns) {
		rd_add_sort(r,
		            slice_eq(*name, SLICE("TimeGenerated"))
		                    ? "time"
		                    : read_field(r->p, NAMES_SENTINEL, r->table, *name),
		            desc);
		return;
	}
	column = rd_column_field(r, *name);
	for (size_t i = 0; i < rd_search(r)->nby; i++)
		text = text || !strcmp(rd_search(r)->by[i].name, column);
	(text ? rd_sort_text : rd_add_sort)(r, column, desc);
}

static void op_sort(struct rd *r)
{
	rd_need(r, "by");
	do
		sort_key(r, true);
	while (!rd_failed(r) && rd_take(r, ","));
}

static void op_take(struct rd *r)
{
	rd_search(r)->limit = rd_need_int(r);
}

static void op_top(struct rd *r)
{
	op_take(r);
	op_sort(r);
}

static void op_project(struct rd *r)
{
	do {
		const char *as = alias(r);
		struct ex *x = rd_ex(r);
		const struct slice *name = x ? column_name(x) : NULL;
		struct operand o;
		if (!x || !operand(r, x, &o) || (!as && !name))
			rd_fail(r, rd_tok(r)->at, "a column is missing");
		else if (!r->columns)
			rd_column(r, as ? as : rd_str(r, *name), o.field);
	} while (!rd_failed(r) && rd_take(r, ","));
}

static const struct {
	const char *name;
	void (*run)(struct rd *r);
} operators[] = {
        {"where", op_where}, {"summarize", op_summarize}, {"sort", op_sort},
        {"order", op_sort},  {"take", op_take},           {"limit", op_take},
        {"top", op_top},     {"project", op_project},
};

static void pipe_operator(struct rd *r)
{
	const struct tok *t = rd_tok(r);

	if (rd_search(r)->limit && !rd_is(r, "project"))
		rd_fail(r, t->at, "only project may follow take");
	for (size_t i = 0; i < ARRAY_LEN(operators); i++)
		if (rd_take(r, operators[i].name)) {
			operators[i].run(r);
			return;
		}
	rd_fail(r, t->at, "no such operator is understood: %.*s", (int)t->s.n, t->s.s);
}

/* A table, or union T1, T2 of tables with the same columns. */
static void source(struct rd *r)
{
	struct plan_node *any = plan_group(r->p, PN_ANY);
	bool united = rd_take(r, "union");
	const char *const *sets;

	do {
		struct slice name = rd_need_name(r);
		r->table = rd_str(r, name);
		r->out->table = r->table;
		sets = read_datasets(NAMES_SENTINEL, name);
		if (sets)
			plan_group_add(any, rd_dataset(r, sets));
		else
			rd_fail(r, rd_tok(r)->at, "no dataset is known for %s", r->table);
	} while (united && !rd_failed(r) && rd_take(r, ","));
	rd_where(r, any);
}

int read_kql(struct slice text, struct reading *out, struct err *e)
{
	struct rd r = {.rules = &kql_rules, .ops = kql_ops, .brackets = true, .leaf = kql_leaf};

	if (!rd_begin(&r, text, out, e)) {
		source(&r);
		while (!rd_failed(&r) && rd_take(&r, "|"))
			pipe_operator(&r);
		check_keys(&r);
	}
	return rd_end(&r);
}
