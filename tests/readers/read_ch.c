/*
 * ClickHouse SQL over the events table: a column of strings for each field (an array, empty where
 * there is no value), time, dataset and raw beside them. Names and functions tell case apart,
 * keywords do not. A regular expression sees characters, \C a byte. arrayExists(x -> test, column)
 * is a test of any value; several tests of one x joined by AND are none of any value, so that only
 * the guards that belong to a conversion are understood.
 */
#include "plan/cidr.h"
#include "plan/number.h"
#include "read_text.h"

static const char *const puncts[] = {"->", "<>", "!=", "<=", ">=", "==", "=", "<", ">", "(", ")",
                                     "[",  "]",  ",",  "*",  "+",  "-",  "/", "%", ".", NULL};
static const struct lex_rules ch_rules = {
        .quotes = {{'\'', TOK_STR, QUOTE_BOTH},
                   {'`', TOK_QNAME, QUOTE_BOTH},
                   {'"', TOK_QNAME, QUOTE_BOTH}},
        .puncts = puncts,
        .comment = "--",
        .raw_controls = true,
};
static const struct op_rule ch_ops[] = {
        {"->", 1, OP_INFIX}, {"or", 2, OP_INFIX},     {"and", 3, OP_INFIX}, {"not", 4, OP_PREFIX},
        {"=", 5, OP_INFIX},  {"==", 5, OP_INFIX},     {"!=", 5, OP_INFIX},  {"<>", 5, OP_INFIX},
        {"<", 5, OP_INFIX},  {"<=", 5, OP_INFIX},     {">", 5, OP_INFIX},   {">=", 5, OP_INFIX},
        {"in", 5, OP_INFIX}, {"not in", 5, OP_INFIX}, {"*", 7, OP_INFIX},   {"/", 7, OP_INFIX},
        {"-", 8, OP_PREFIX}, {NULL, 0, OP_INFIX},
};
#define NUMBER_FORM "^-?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?$"
#define MAPPED_FORM "^(?i)::ffff:"

/* ---- what a name stands for ---- */

#define VARS_MAX 4
struct vars {
	struct slice name[VARS_MAX];
	const char *field[VARS_MAX]; /* "" : the raw record */
	size_t n;
};
static struct vars vars; /* of the lambdas around; one text at a time */

static const char *column_field(struct rd *r, struct slice name)
{
	if (slice_eq(name, SLICE("raw")))
		return "";
	if (slice_eq(name, SLICE("time")) || slice_eq(name, SLICE("dataset")))
		return rd_str(r, name);
	if (slice_eq(name, SLICE("id")))
		return "uid";
	return read_field(r->p, NAMES_CH, NULL, name);
}

static const char *var_field(const struct ex *x)
{
	for (size_t i = vars.n; x->kind == EX_NAME && i-- > 0;)
		if (slice_eq(vars.name[i], x->s))
			return vars.field[i];
	return NULL;
}

static bool is_name(const struct ex *x)
{
	return x->kind == EX_NAME || x->kind == EX_QNAME;
}

/* A variable of a lambda, or a single-valued column. */
static const char *value_of(struct rd *r, const struct ex *x)
{
	const char *var = var_field(x);

	if (var || !is_name(x))
		return var;
	return slice_eq(x->s, SLICE("time")) || slice_eq(x->s, SLICE("dataset")) ||
	                       slice_eq(x->s, SLICE("raw"))
	               ? column_field(r, x->s)
	               : NULL;
}

/* What arrayExists runs over: an array column, [(column)], or time where it is not null. */
static const char *array_of(struct rd *r, const struct ex *x)
{
	if (is_name(x))
		return column_field(r, x->s);
	if (x->kind == EX_LIST && x->n == 1 && slice_eq(x->s, SLICE("[]")) && is_name(x->arg[0]))
		return column_field(r, x->arg[0]->s);
	if (ex_call(x, "if", 3) && ex_call(x->arg[0], "isNull", 1) && x->arg[1]->kind == EX_LIST &&
	    x->arg[1]->n == 0 && x->arg[2]->kind == EX_LIST && x->arg[2]->n == 1 &&
	    ex_call(x->arg[2]->arg[0], "assumeNotNull", 1))
		return array_of(r, x->arg[2]->arg[0]->arg[0]);
	return NULL;
}

static struct leaf not_understood(struct rd *r, const struct ex *x)
{
	rd_fail(r, x->at, "not understood here: %.*s", (int)x->s.n, x->s.s);
	return (struct leaf){0};
}

static struct leaf always(struct plan_node *n)
{
	return (struct leaf){n, NULL};
}

/* ---- tests of one value ---- */

/* lower(V) or V, where V has a field. */
struct operand {
	const char *field;
	bool fold;
};

static bool operand(struct rd *r, const struct ex *x, struct operand *o)
{
	*o = (struct operand){.fold = ex_call(x, "lower", 1)};
	o->field = value_of(r, o->fold ? x->arg[0] : x);
	return o->field != NULL;
}

static bool has_capital(struct slice v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.s[i] >= 'A' && v.s[i] <= 'Z')
			return true;
	return false;
}

/* Bytes of a value in any case; of the raw record as a text condition. */
static struct plan_node *part(struct rd *r, const struct operand *o, enum plan_op op,
                              const struct ex *v)
{
	if (v->kind != EX_STR)
		return not_understood(r, v).yes;
	if (!*o->field && op == OP_CONTAINS)
		return rd_cmp(r, NULL, OP_TEXT, v->s);
	if (!*o->field || (!o->fold && strcmp(o->field, "dataset") != 0))
		return not_understood(r, v).yes;
	if (o->fold && has_capital(v->s))
		return rd_const(r, false);
	return rd_cmp(r, o->field, op, v->s);
}

/* Two variables: any value of one against any of the other. */
static struct plan_node *pair(struct rd *r, const struct operand *a, enum plan_op op,
                              const struct operand *b)
{
	struct plan_node *n = rd_exists(r, a->field);

	n->op = op;
	(void)plan_field_set(r->p, &n->rhs, b->field);
	return n;
}

static struct leaf text_test(struct rd *r, enum plan_op op, const struct ex *a, const struct ex *b)
{
	struct operand x, y;

	if (!operand(r, a, &x))
		return not_understood(r, a);
	if (operand(r, b, &y))
		return x.fold && y.fold ? always(pair(r, &x, op, &y)) : not_understood(r, b);
	return always(part(r, &x, op, b));
}

static struct plan_node *equal_one(struct rd *r, const struct operand *o, const struct ex *v)
{
	if (v->kind != EX_STR || !*o->field)
		return not_understood(r, v).yes;
	if (o->fold && has_capital(v->s))
		return rd_const(r, false);
	return rd_cmp(r, o->field, o->fold ? OP_IS : OP_IS_CS, v->s);
}

static struct leaf equality(struct rd *r, const struct ex *x)
{
	const struct ex *v = x->arg[1];
	struct plan_node *any = plan_group(r->p, PN_ANY);
	struct operand a, b;

	if (!operand(r, x->arg[0], &a))
		return not_understood(r, x);
	if (operand(r, v, &b))
		return a.fold == b.fold ? always(pair(r, &a, a.fold ? OP_IS : OP_IS_CS, &b))
		                        : not_understood(r, x);
	if (v->kind != EX_LIST)
		plan_group_add(any, equal_one(r, &a, v));
	for (size_t i = 0; v->kind == EX_LIST && i < v->n && !rd_failed(r); i++)
		rd_or(r, any, equal_one(r, &a, v->arg[i]));
	return always(any);
}

/* \C is a byte, everything else of RE2 a character. */
static struct slice regex_text(struct rd *r, struct slice re)
{
	struct slice runes = memmem(re.s, re.n, "\\C", 2) ? re : rd_rune_regex(r, re);
	struct buf b = BUF_INIT;
	struct slice out;

	for (size_t i = 0; i < runes.n; i++) {
		bool byte = i + 1 < runes.n && runes.s[i] == '\\' && runes.s[i + 1] == 'C';
		buf_add(&b, byte ? "[\\x00-\\xff]" : runes.s + i,
		        byte                                    ? 11
		        : runes.s[i] == '\\' && i + 1 < runes.n ? 2
		                                                : 1);
		i += runes.s[i] == '\\';
	}
	out = (struct slice){arena_memdup(&r->p->arena, b.s, b.len), b.len};
	buf_release(&b);
	return out;
}

static struct leaf regex_test(struct rd *r, const struct ex *x)
{
	const char *field = value_of(r, x->arg[0]);

	if (!field || !*field || x->arg[1]->kind != EX_STR)
		return not_understood(r, x);
	return always(rd_cmp(r, field, OP_REGEX, regex_text(r, x->arg[1]->s)));
}

static enum plan_op order_op(const struct ex *x)
{
	return ex_op(x, "<") ? OP_LT : ex_op(x, "<=") ? OP_LE : ex_op(x, ">") ? OP_GT : OP_GE;
}

static bool is_moment(const struct ex *x)
{
	return ex_call(x, "fromUnixTimestamp64Micro", 2) && x->arg[0]->kind == EX_NUM &&
	       ex_is(x->arg[1], EX_STR, "UTC");
}

static struct leaf ordered(struct rd *r, const struct ex *x)
{
	const char *field = value_of(r, x->arg[0]);
	int64_t us;

	if (!field || strcmp(field, "time") != 0 || !is_moment(x->arg[1]) ||
	    !slice_i64(x->arg[1]->arg[0]->s, &us))
		return not_understood(r, x);
	return (struct leaf){rd_cmp(r, "time", order_op(x), rd_time_text(r, us)),
	                     rd_exists(r, "time")};
}

/* ifNull(toFloat64OrNull(x) > N, 0), where the text has the form of a number. */
static struct plan_node *number_test(struct rd *r, const struct ex *guard, const struct ex *x)
{
	const struct ex *c =
	        ex_call(x, "ifNull", 2) && ex_is(x->arg[1], EX_NUM, "0") ? x->arg[0] : NULL;
	const char *field = ex_call(guard, "match", 2) ? value_of(r, guard->arg[0]) : NULL, *other;
	struct plan_node *n;

	if (!field || !*field || !ex_is(guard->arg[1], EX_STR, NUMBER_FORM) || !c ||
	    c->kind != EX_OP || c->n != 2 || !ex_call(c->arg[0], "toFloat64OrNull", 1) ||
	    value_of(r, c->arg[0]->arg[0]) != field)
		return NULL;
	if (c->arg[1]->kind == EX_NUM)
		return rd_cmp(r, field, order_op(c), c->arg[1]->s);
	other = ex_call(c->arg[1], "toFloat64OrNull", 1) ? value_of(r, c->arg[1]->arg[0]) : NULL;
	if (!other)
		return NULL;
	n = rd_exists(r, field);
	n->op = order_op(c);
	(void)plan_field_set(r->p, &n->rhs, other);
	return n;
}

/* x, or x without ::ffff: in front. */
static const char *address_value(struct rd *r, const struct ex *x)
{
	if (ex_call(x, "replaceRegexpOne", 3) && ex_is(x->arg[1], EX_STR, MAPPED_FORM) &&
	    ex_is(x->arg[2], EX_STR, ""))
		return value_of(r, x->arg[0]);
	return value_of(r, x);
}

/* isIPAddressInRange(x, 'block') fails on what is no address: it needs a guard. */
static struct plan_node *address_test(struct rd *r, const struct ex *guard, const struct ex *x)
{
	bool v4 = ex_call(guard, "isIPv4String", 1);
	const struct ex *v6 = ex_op(guard, "and") ? guard->arg[0] : guard;
	const char *field;
	struct cidr c;
	struct err e;

	if (!ex_call(x, "isIPAddressInRange", 2) || x->arg[1]->kind != EX_STR ||
	    cidr_parse(x->arg[1]->s, &c, &e) || (!v4 && !ex_call(v6, "isIPv6String", 1)))
		return NULL;
	field = address_value(r, x->arg[0]);
	if (!field || field != address_value(r, v4 ? guard->arg[0] : v6->arg[0]))
		return NULL;
	if (v4 != (c.ip.len == 4))
		return rd_const(r, false);
	return rd_cmp(r, field, OP_CIDR, x->arg[1]->s);
}

static struct leaf guarded(struct rd *r, const struct ex *x)
{
	struct plan_node *n = NULL;

	if (ex_is(x->arg[2], EX_NUM, "0")) {
		n = number_test(r, x->arg[0], x->arg[1]);
		n = n ? n : address_test(r, x->arg[0], x->arg[1]);
	}
	return n ? always(n) : not_understood(r, x);
}

/* AND and NOT inside of a lambda would speak of one value, which a plan cannot. */
static bool any_of_tests(const struct ex *x)
{
	if (ex_op(x, "or"))
		return any_of_tests(x->arg[0]) && any_of_tests(x->arg[1]);
	return !ex_op(x, "and") && !ex_op(x, "not");
}

static struct leaf exists(struct rd *r, const struct ex *x)
{
	const struct ex *fn = x->arg[0];
	const char *field = array_of(r, x->arg[1]);
	struct leaf f = {0};

	if (!field || !ex_op(fn, "->") || fn->arg[0]->kind != EX_NAME || vars.n == VARS_MAX ||
	    !any_of_tests(fn->arg[1]))
		return not_understood(r, x);
	vars.name[vars.n] = fn->arg[0]->s;
	vars.field[vars.n++] = field;
	f.yes = rd_tree(r, fn->arg[1], true);
	vars.n--;
	return f;
}

static struct leaf call(struct rd *r, const struct ex *x)
{
	const char *field;

	if (ex_call(x, "arrayExists", 2))
		return exists(r, x);
	if (ex_call(x, "if", 3))
		return guarded(r, x);
	if (ex_call(x, "ifNull", 2) && ex_is(x->arg[1], EX_NUM, "0"))
		return always(rd_tree(r, x->arg[0], true));
	if (ex_call(x, "match", 2))
		return regex_test(r, x);
	if (ex_call(x, "startsWith", 2))
		return text_test(r, OP_STARTS, x->arg[0], x->arg[1]);
	if (ex_call(x, "endsWith", 2))
		return text_test(r, OP_ENDS, x->arg[0], x->arg[1]);
	field = x->n == 1 ? array_of(r, x->arg[0]) : NULL;
	if (field && *field && (ex_call(x, "notEmpty", 1) || ex_call(x, "isNotNull", 1)))
		return always(rd_exists(r, field));
	return not_understood(r, x);
}

static struct leaf ch_leaf(struct rd *r, const struct ex *x)
{
	if (ex_is(x, EX_NUM, "1") || ex_is(x, EX_NUM, "0"))
		return always(rd_const(r, ex_is(x, EX_NUM, "1")));
	if (x->kind == EX_CALL)
		return call(r, x);
	if (ex_op(x, ">") && ex_call(x->arg[0], "position", 2) && ex_is(x->arg[1], EX_NUM, "0"))
		return text_test(r, OP_CONTAINS, x->arg[0]->arg[0], x->arg[0]->arg[1]);
	if (ex_op(x, "=") || ex_op(x, "in"))
		return equality(r, x);
	return x->kind == EX_OP && x->n == 2 && strchr("<>", x->s.s[0]) ? ordered(r, x)
	                                                                : not_understood(r, x);
}

/* ---- clauses ---- */

struct item {
	const char *as;
	struct ex *x;
};
#define ITEMS_MAX 64
struct items {
	struct item v[ITEMS_MAX];
	size_t n;
	bool star;
};

static void select_list(struct rd *r, struct items *out)
{
	rd_need(r, "select");
	do {
		if (rd_take(r, "*")) {
			out->star = true;
			continue;
		}
		if (out->n == ITEMS_MAX)
			break;
		out->v[out->n].x = rd_ex(r);
		if (out->v[out->n].x && !rd_need(r, "as"))
			out->v[out->n++].as = rd_str(r, rd_need_name(r));
	} while (!rd_failed(r) && rd_take(r, ","));
}

/* intDiv(toUnixTimestamp64Micro(assumeNotNull(time)),N)*N as a time. */
static int64_t bucket(const struct ex *x)
{
	const struct ex *m = ex_call(x, "fromUnixTimestamp64Micro", 2) ? x->arg[0] : NULL;
	const struct ex *div =
	        m && ex_op(m, "*") && ex_call(m->arg[0], "intDiv", 2) ? m->arg[0] : NULL;
	int64_t us;

	if (!div || !ex_call(div->arg[0], "toUnixTimestamp64Micro", 1) ||
	    !slice_eq(div->arg[1]->s, m->arg[1]->s) || !slice_i64(m->arg[1]->s, &us))
		return 0;
	return us;
}

/* What the inner SELECT calls a column that the outer one groups by. */
static void inner_column(struct rd *r, const struct items *in, struct slice name, const char *as)
{
	for (size_t i = 0; i < in->n; i++) {
		const struct ex *x = in->v[i].x;
		const char *field;
		if (!slice_eq_str(name, in->v[i].as))
			continue;
		if (bucket(x)) {
			rd_search(r)->span = bucket(x);
			rd_column(r, as, "time");
			return;
		}
		field = ex_call(x, "arrayJoin", 1) && ex_call(x->arg[0], "arrayDistinct", 1)
		                ? array_of(r, x->arg[0]->arg[0])
		                : NULL;
		if (!field || !*field)
			break;
		rd_add_by(r, field);
		rd_column(r, as, field);
		return;
	}
	rd_fail(r, rd_tok(r)->at, "no such column: %.*s", (int)name.n, name.s);
}

static void aggregate(struct rd *r, const struct item *it)
{
	const char *field = it->x->n == 1 ? array_of(r, it->x->arg[0]) : NULL;

	if (ex_call(it->x, "count", 0))
		rd_add_stat(r, FN_COUNT, NULL, it->as);
	else if (field && ex_call(it->x, "uniqExactArray", 1))
		rd_add_stat(r, FN_DISTINCT, field, it->as);
	else if (field && !strcmp(field, "time") &&
	         (ex_call(it->x, "min", 1) || ex_call(it->x, "max", 1)))
		rd_add_stat(r, ex_call(it->x, "min", 1) ? FN_FIRST : FN_LAST, NULL, it->as);
	else
		not_understood(r, it->x);
}

static void where_clause(struct rd *r)
{
	struct ex *x = rd_take(r, "where") ? rd_ex(r) : NULL;

	if (x)
		rd_where(r, rd_tree(r, x, true));
}

/* FROM table, or FROM (SELECT *, what groups need FROM table WHERE ...). */
static void from_clause(struct rd *r, struct items *in)
{
	rd_need(r, "from");
	if (!rd_take(r, "(")) {
		r->out->table = rd_str(r, rd_need_name(r));
		return;
	}
	select_list(r, in);
	rd_need(r, "from");
	r->out->table = rd_str(r, rd_need_name(r));
	where_clause(r);
	rd_need(r, ")");
}

/* A name of the outer list or of the inner one. */
static const char *sort_column(struct rd *r, const struct items *out, struct slice name)
{
	for (size_t i = 0; i < out->n; i++)
		if (is_name(out->v[i].x) && slice_eq(out->v[i].x->s, name))
			return rd_column_field(r, slice_of(out->v[i].as));
	return rd_column_field(r, name);
}

static void group_sort(struct rd *r, const struct items *out)
{
	do {
		const char *column = sort_column(r, out, rd_need_name(r));
		bool desc = rd_take(r, "desc"), text = false;
		for (size_t i = 0; i < rd_search(r)->nby; i++)
			text = text || !strcmp(rd_search(r)->by[i].name, column);
		(text ? rd_sort_text : rd_add_sort)(r, column, desc);
	} while (!rd_failed(r) && rd_take(r, ","));
}

/* time [DESC] NULLS LAST, id: what a plan does by itself, but for the direction. */
static void event_sort(struct rd *r)
{
	bool desc;

	rd_need(r, "time");
	desc = rd_take(r, "desc");
	rd_need(r, "nulls last");
	rd_need(r, ",");
	rd_need(r, "id");
	if (desc)
		rd_add_sort(r, "time", true);
}

static void group_keys(struct rd *r, const struct items *out, const struct items *in)
{
	for (size_t i = 0; i < out->n && !rd_failed(r); i++)
		if (is_name(out->v[i].x))
			inner_column(r, in, out->v[i].x->s, out->v[i].as);
	for (size_t i = 0; i < out->n && !rd_failed(r); i++) {
		if (is_name(out->v[i].x))
			continue;
		aggregate(r, &out->v[i]);
		rd_column(r, out->v[i].as, out->v[i].as);
	}
	r->columns = true;
}

static void statement(struct rd *r)
{
	struct items out = {0}, in = {0};
	size_t keys = 0;

	select_list(r, &out);
	from_clause(r, &in);
	where_clause(r);
	if (!out.star)
		group_keys(r, &out, &in);
	if (rd_take(r, "group by"))
		do {
			keys++;
			(void)sort_column(r, &out, rd_need_name(r));
		} while (!rd_failed(r) && rd_take(r, ","));
	if (keys != rd_search(r)->nby + (rd_search(r)->span > 0))
		rd_fail(r, rd_tok(r)->at, "GROUP BY does not name what SELECT does");
	rd_need(r, "order by");
	if (out.star)
		event_sort(r);
	else if (rd_tok(r)->kind == TOK_NUM)
		rd_need_int(r);
	else
		group_sort(r, &out);
	rd_need(r, "limit");
	rd_search(r)->limit = rd_need_int(r);
}

int read_ch(struct slice text, struct reading *out, struct err *e)
{
	struct rd r = {.rules = &ch_rules,
	               .ops = ch_ops,
	               .blind = true,
	               .brackets = true,
	               .leaf = ch_leaf};

	vars.n = 0;
	if (!rd_begin(&r, text, out, e))
		statement(&r);
	return rd_end(&r);
}
