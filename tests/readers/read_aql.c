/*
 * AQL. Clauses stand in one order: SELECT FROM WHERE GROUP BY HAVING ORDER BY LIMIT, then the time.
 * Words are the same in any case, text is compared exactly but by ILIKE. Logic has three values: a
 * test of a null is unknown, and so is its NOT. GROUP BY makes a group of nulls too.
 */
#include "read_text.h"
#include "plan/number.h"

static const char *const puncts[] = {"<>", "!=", "<=", ">=", "=", "<", ">", "(", ")",
                                     ",",  "*",  "+",  "-",  "/", "%", ".", NULL};
static const struct lex_rules aql_rules = {
        .quotes = {{'\'', TOK_STR, QUOTE_DOUBLED}, {'"', TOK_QNAME, QUOTE_DOUBLED}},
        .puncts = puncts,
};
static const struct op_rule aql_ops[] = {
        {"or", 1, OP_INFIX},        {"and", 2, OP_INFIX},
        {"not", 3, OP_PREFIX},      {"=", 4, OP_INFIX},
        {"!=", 4, OP_INFIX},        {"<>", 4, OP_INFIX},
        {"<", 4, OP_INFIX},         {"<=", 4, OP_INFIX},
        {">", 4, OP_INFIX},         {">=", 4, OP_INFIX},
        {"in", 4, OP_INFIX},        {"not in", 4, OP_INFIX},
        {"like", 4, OP_INFIX},      {"ilike", 4, OP_INFIX},
        {"is null", 4, OP_POSTFIX}, {"is not null", 4, OP_POSTFIX},
        {"/", 6, OP_INFIX},         {"*", 6, OP_INFIX},
        {"-", 7, OP_PREFIX},        {NULL, 0, OP_INFIX},
};

/* ---- columns ---- */

/* The name as fields.yaml has it: bare, "in quotes", or a CALL(of one). NULL: none of these. */
static const char *as_written(struct rd *r, const struct ex *x)
{
	const char *in;

	if (x->kind == EX_NAME)
		return rd_str(r, x->s);
	if (x->kind == EX_QNAME)
		return arena_printf(&r->p->arena, "\"%.*s\"", (int)x->s.n, x->s.s);
	in = x->kind == EX_CALL && x->n == 1 ? as_written(r, x->arg[0]) : NULL;
	return in ? arena_printf(&r->p->arena, "%.*s(%s)", (int)x->s.n, x->s.s, in) : NULL;
}

static const char *field_of(struct rd *r, const struct ex *x)
{
	const char *name = as_written(r, x);

	if (!name)
		return NULL;
	if (!strcmp(name, "starttime"))
		return "time";
	for (size_t i = 0; i < field_count(); i++) {
		const struct field *f = field_at((field_id)i);
		if (f->aql && slice_ieq(slice_of(f->aql), slice_of(name)))
			return f->name;
	}
	if (x->kind == EX_CALL)
		return NULL;
	return arena_printf(&r->p->arena, "raw:%.*s", (int)x->s.n, x->s.s);
}

/* Functions that only change a column's type, and LOWER. */
struct operand {
	const char *field;
	bool text, number, fold;
};

static bool operand(struct rd *r, const struct ex *x, struct operand *o)
{
	*o = (struct operand){0};
	if (r->columns && (x->kind == EX_NAME || x->kind == EX_QNAME)) {
		o->field = rd_column_field(r, x->s);
		return true;
	}
	for (; x->kind == EX_CALL && x->n == 1; x = x->arg[0]) {
		if (slice_ieq(x->s, SLICE("LOWER")))
			o->fold = o->text = true;
		else if (slice_ieq(x->s, SLICE("STR")))
			o->text = true;
		else if (slice_ieq(x->s, SLICE("DOUBLE")) || slice_ieq(x->s, SLICE("LONG")))
			o->number = true;
		else
			break;
	}
	o->field = field_of(r, x);
	return o->field != NULL;
}

/* ---- tests ---- */

static struct leaf not_understood(struct rd *r, const struct ex *x)
{
	rd_fail(r, x->at, "not understood here: %.*s", (int)x->s.n, x->s.s);
	return (struct leaf){0};
}

static struct leaf known_if(struct rd *r, struct plan_node *yes, const char *field)
{
	return (struct leaf){yes, rd_exists(r, field)};
}

static bool has_capital(struct slice v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.s[i] >= 'A' && v.s[i] <= 'Z')
			return true;
	return false;
}

static struct plan_node *equal_one(struct rd *r, struct operand *o, const struct ex *v)
{
	if (v->kind != EX_STR && v->kind != EX_NUM)
		return not_understood(r, v).yes;
	if (o->fold && has_capital(v->s))
		return rd_const(r, false);
	return rd_cmp(r, o->field, o->fold ? OP_IS : OP_IS_CS, v->s);
}

static struct leaf equality(struct rd *r, const struct ex *x, struct operand *o)
{
	const struct ex *v = x->arg[1];
	struct plan_node *any = plan_group(r->p, PN_ANY);
	bool negated = ex_op(x, "!=") || ex_op(x, "<>") || ex_op(x, "not in");

	if (v->kind != EX_LIST)
		plan_group_add(any, equal_one(r, o, v));
	for (size_t i = 0; v->kind == EX_LIST && i < v->n && !rd_failed(r); i++)
		rd_or(r, any, equal_one(r, o, v->arg[i]));
	if (negated)
		any = rd_two(r, PN_ALL, rd_exists(r, o->field), rd_not(r, any));
	return known_if(r, any, o->field);
}

static struct leaf pair(struct rd *r, const struct ex *x, struct operand *a, struct operand *b,
                        enum plan_op op)
{
	struct plan_node *n = rd_exists(r, a->field);

	if (op == OP_IS && !(a->fold && b->fold))
		op = OP_IS_CS;
	if (a->fold != b->fold || a->number != b->number)
		return not_understood(r, x);
	n->op = op;
	(void)plan_field_set(r->p, &n->rhs, b->field);
	return (struct leaf){n, rd_two(r, PN_ALL, rd_exists(r, a->field), rd_exists(r, b->field))};
}

static enum plan_op order_op(const struct ex *x)
{
	return ex_op(x, "<") ? OP_LT : ex_op(x, "<=") ? OP_LE : ex_op(x, ">") ? OP_GT : OP_GE;
}

/* starttime is in milliseconds since 1970. */
static struct leaf ordered(struct rd *r, const struct ex *x, struct operand *o)
{
	struct slice v = x->arg[1]->s;
	int64_t ms;

	if (x->arg[1]->kind != EX_NUM || o->text)
		return not_understood(r, x);
	if (!strcmp(o->field, "time")) {
		if (!slice_i64(v, &ms))
			return not_understood(r, x->arg[1]);
		v = rd_time_text(r, ms * 1000);
	}
	return known_if(r, rd_cmp(r, o->field, order_op(x), v), o->field);
}

static struct leaf compare(struct rd *r, const struct ex *x)
{
	struct operand a, b;
	bool equals = ex_op(x, "=") || ex_op(x, "!=") || ex_op(x, "<>");
	int c;

	if (x->arg[0]->kind == EX_NUM && x->arg[1]->kind == EX_NUM) {
		c = num_cmp(x->arg[0]->s, x->arg[1]->s);
		return (struct leaf){rd_const(r, ex_op(x, "=") ? c == 0 : c != 0), NULL};
	}
	if (!operand(r, x->arg[0], &a))
		return not_understood(r, x);
	if (operand(r, x->arg[1], &b))
		return pair(r, x, &a, &b, equals ? OP_IS : order_op(x));
	return equals ? equality(r, x, &a) : ordered(r, x, &a);
}

static bool is_payload(const struct ex *x)
{
	return ex_call(x, "UTF8", 1) && ex_is(x->arg[0], EX_NAME, "payload");
}

/* Nothing quotes % and _ there. */
static struct leaf like_test(struct rd *r, const struct ex *x)
{
	struct operand o;
	struct slice v = x->arg[1]->s;

	if (x->arg[1]->kind != EX_STR)
		return not_understood(r, x);
	if (is_payload(x->arg[0]) && ex_op(x, "ilike") && v.n > 2 && v.s[0] == '%' &&
	    v.s[v.n - 1] == '%' && !memchr(v.s + 1, '%', v.n - 2) && !memchr(v.s, '_', v.n))
		return (struct leaf){rd_cmp(r, NULL, OP_TEXT, (struct slice){v.s + 1, v.n - 2}),
		                     NULL};
	if (!operand(r, x->arg[0], &o) || !(ex_op(x, "ilike") || o.fold))
		return not_understood(r, x);
	return known_if(r, rd_cmp(r, o.field, OP_LIKE, rd_like(r, v, '%', '_', 0)), o.field);
}

static struct leaf aql_leaf(struct rd *r, const struct ex *x)
{
	struct plan_node *n;
	struct operand o;

	if (ex_op(x, "is null") || ex_op(x, "is not null")) {
		if (!operand(r, x->arg[0], &o))
			return not_understood(r, x->arg[0]);
		n = rd_exists(r, o.field);
		return (struct leaf){ex_op(x, "is null") ? rd_not(r, n) : n, NULL};
	}
	if (ex_call(x, "INCIDR", 2) && x->arg[0]->kind == EX_STR && operand(r, x->arg[1], &o))
		return known_if(r, rd_cmp(r, o.field, OP_CIDR, x->arg[0]->s), o.field);
	if (ex_op(x, "like") || ex_op(x, "ilike"))
		return like_test(r, x);
	if ((ex_op(x, "in") || ex_op(x, "not in")) && operand(r, x->arg[0], &o))
		return equality(r, x, &o);
	return x->kind == EX_OP && x->n == 2 ? compare(r, x) : not_understood(r, x);
}

/* ---- clauses ---- */

static const struct {
	const char *name;
	enum plan_fn fn, of_time;
} aggregates[] = {
        {"UNIQUECOUNT", FN_DISTINCT, FN_DISTINCT},
        {"SUM", FN_SUM, FN_SUM},
        {"AVG", FN_AVG, FN_AVG},
        {"MIN", FN_MIN, FN_FIRST},
        {"MAX", FN_MAX, FN_LAST},
};

/* True where x is an aggregate, which is added. */
static bool aggregate(struct rd *r, const struct ex *x, const char *as)
{
	struct operand o;

	if (ex_call(x, "COUNT", 1) && ex_is(x->arg[0], EX_NAME, "*")) {
		rd_add_stat(r, FN_COUNT, NULL, as);
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(aggregates); i++) {
		if (!ex_call(x, aggregates[i].name, 1))
			continue;
		if (!operand(r, x->arg[0], &o))
			rd_fail(r, x->at, "an aggregate of what is no column");
		else if (!strcmp(o.field, "time"))
			rd_add_stat(r, aggregates[i].of_time, NULL, as);
		else
			rd_add_stat(r, aggregates[i].fn, o.field, as);
		return true;
	}
	return false;
}

struct item {
	const char *as, *field; /* field NULL: an aggregate */
	int64_t span;
};

/* LONG(starttime/N)*N, starttime/N*N and DATEFORMAT are buckets; only the second is read. */
static int64_t bucket(const struct ex *x)
{
	int64_t ms;

	if (ex_op(x, "*") && x->arg[1]->kind == EX_NUM && ex_call(x->arg[0], "LONG", 1) &&
	    ex_op(x->arg[0]->arg[0], "/") &&
	    ex_is(x->arg[0]->arg[0]->arg[0], EX_NAME, "starttime") &&
	    slice_eq(x->arg[0]->arg[0]->arg[1]->s, x->arg[1]->s) && slice_i64(x->arg[1]->s, &ms))
		return ms * 1000;
	return 0;
}

#define ITEMS_MAX 64

/* COUNT(*): the star is an expression there and nowhere else. */
static struct ex *item_ex(struct rd *r)
{
	static struct ex star = {.kind = EX_NAME, .s = {"*", 1}}, *args[] = {&star},
	                 count = {.kind = EX_CALL, .s = {"COUNT", 5}, .arg = args, .n = 1};

	return rd_take(r, "count ( * )") ? &count : rd_ex(r);
}

static size_t select_list(struct rd *r, struct item *items)
{
	size_t n = 0;

	do {
		struct ex *x = item_ex(r);
		struct item *it = &items[n];
		struct operand o;
		if (!x || rd_need(r, "as"))
			break;
		*it = (struct item){.as = rd_str(r, rd_need_name(r)), .span = bucket(x)};
		if (!it->span && !aggregate(r, x, it->as)) {
			if (!operand(r, x, &o))
				rd_fail(r, x->at, "a column is missing");
			it->field = o.field;
		}
		n++;
	} while (!rd_failed(r) && n < ITEMS_MAX && rd_take(r, ","));
	return n;
}

static void group_by(struct rd *r, const struct item *items, size_t n)
{
	do {
		struct slice name = rd_need_name(r);
		size_t i = 0;
		while (i < n && !slice_eq_str(name, items[i].as))
			i++;
		if (i == n || (!items[i].field && !items[i].span)) {
			rd_fail(r, rd_tok(r)->at, "only columns of SELECT are grouped by");
		} else if (items[i].span) {
			rd_search(r)->span = items[i].span;
			rd_column(r, items[i].as, "time");
		} else {
			if (!rd_guarded(r, items[i].field))
				rd_fail(r, rd_tok(r)->at, "records without %s make a group",
				        items[i].field);
			rd_column(r, items[i].as, items[i].field);
			rd_add_by(r, items[i].field);
		}
	} while (!rd_failed(r) && rd_take(r, ","));
}

static void order_by(struct rd *r)
{
	do {
		struct slice name = rd_need_name(r);
		const char *column = rd_column_field(r, name);
		bool desc = rd_take(r, "desc"), text = false;
		(void)(!desc && rd_take(r, "asc"));
		for (size_t i = 0; i < rd_search(r)->nby; i++)
			text = text || !strcmp(rd_search(r)->by[i].name, column);
		(text ? rd_sort_text : rd_add_sort)(r, column, desc);
	} while (!rd_failed(r) && rd_take(r, ","));
}

static mw_time milliseconds(struct rd *r)
{
	return rd_need_int(r) * 1000;
}

static void time_clause(struct rd *r)
{
	static const struct {
		const char *unit;
		int64_t us;
	} units[] = {{"minutes", MW_MINUTE}, {"hours", MW_HOUR}, {"days", MW_DAY}};
	struct plan_search *s = rd_search(r);
	int64_t n;

	if (rd_take(r, "start")) {
		s->from = (struct plan_time){.kind = PW_ABS, .t = milliseconds(r)};
		if (rd_take(r, "stop"))
			s->to = (struct plan_time){.kind = PW_ABS, .t = milliseconds(r)};
		return;
	}
	if (rd_need(r, "last"))
		return;
	n = rd_need_int(r);
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (rd_take(r, units[i].unit)) {
			s->from =
			        (struct plan_time){.kind = PW_ABS, .t = mw_now() - n * units[i].us};
			return;
		}
	rd_fail(r, rd_tok(r)->at, "MINUTES, HOURS or DAYS is missing");
}

static void condition(struct rd *r, bool having)
{
	struct ex *x = rd_ex(r);

	if (!x)
		return;
	if (having)
		rd_search(r)->having = rd_tree(r, x, true);
	else
		rd_where(r, rd_tree(r, x, true));
}

static void statement(struct rd *r)
{
	struct item items[ITEMS_MAX];
	size_t n;

	rd_need(r, "select");
	n = select_list(r, items);
	rd_need(r, "from");
	r->out->table = rd_str(r, rd_need_name(r));
	if (rd_take(r, "where"))
		condition(r, false);
	if (rd_take(r, "group by"))
		group_by(r, items, n);
	for (size_t i = 0; i < n && !plan_is_grouped(rd_search(r)); i++)
		rd_column(r, items[i].as, items[i].field);
	for (size_t i = 0; i < rd_search(r)->nstats; i++)
		rd_column(r, rd_search(r)->stats[i].as, rd_search(r)->stats[i].as);
	r->columns = true;
	if (rd_take(r, "having"))
		condition(r, true);
	if (rd_take(r, "order by"))
		order_by(r);
	rd_need(r, "limit");
	rd_search(r)->limit = rd_need_int(r);
	time_clause(r);
}

int read_aql(struct slice text, struct reading *out, struct err *e)
{
	struct rd r = {.rules = &aql_rules, .ops = aql_ops, .blind = true, .leaf = aql_leaf};

	if (!rd_begin(&r, text, out, e))
		statement(&r);
	return rd_end(&r);
}
