/*
 * Lacework LQL: { source { TABLE } filter { condition } return [distinct] { columns } }. Keywords in any
 * case, text in single quotes without escapes. Logic has three values. CloudTrailRawEvents is a
 * search of CloudTrail's records, the LW_CFG tables are nodes of the graph with their account.
 * rlike is read where it means the same anchored or not.
 */
#include "read_text.h"

static const char *const puncts[] = {"::", "<>", "<=", ">=", "=", "<", ">", "(",
                                     ")",  "{",  "}",  ",",  ":", ".", "*", NULL};
static const struct lex_rules lql_rules = {
        .quotes = {{'\'', TOK_STR, QUOTE_NONE}},
        .puncts = puncts,
};
static const struct op_rule lql_ops[] = {
        {"or", 1, OP_INFIX},    {"and", 2, OP_INFIX},       {"not", 3, OP_PREFIX},
        {"=", 4, OP_INFIX},     {"<>", 4, OP_INFIX},        {"in", 4, OP_INFIX},
        {"rlike", 4, OP_INFIX}, {"is null", 4, OP_POSTFIX}, {"is not null", 4, OP_POSTFIX},
        {"::", 8, OP_INFIX},    {":", 9, OP_INFIX},         {".", 10, OP_INFIX},
        {NULL, 0, OP_INFIX},
};
static const struct {
	const char *table, *type;
} tables[] = {
        {"LW_CFG_AWS_EC2_INSTANCES", "instance"},
        {"LW_CFG_AWS_EC2_SECURITY_GROUPS", "security_group"},
        {"LW_CFG_AWS_S3", "bucket"},
        {"LW_CFG_AWS_IAM_USERS", "user"},
        {"LW_CFG_AWS_ACCOUNTS", "account"},
        {"LW_CFG_AWS_CLOUDTRAIL", "trail"},
};

/* ---- columns ---- */

/* a.b.c of names and dots. */
static bool path_text(const struct ex *x, struct buf *b)
{
	if (x->kind == EX_NAME) {
		buf_add(b, x->s.s, x->s.n);
		return true;
	}
	if (!ex_op(x, ".") || !path_text(x->arg[0], b))
		return false;
	buf_ch(b, '.');
	return path_text(x->arg[1], b);
}

static const char *json_column(struct rd *r, const struct ex *x)
{
	struct buf b = BUF_INIT;
	const char *name = NULL;

	if (x->arg[0]->kind == EX_NAME && path_text(x->arg[1], &b)) {
		if (!r->columns && ex_is(x->arg[0], EX_NAME, "EVENT"))
			name = read_field(r->p, NAMES_CLOUDTRAIL, NULL, (struct slice){b.s, b.len});
		else if (r->columns && ex_is(x->arg[0], EX_NAME, "RESOURCE_TAGS"))
			name = arena_printf(&r->p->arena, "tags.%s", b.s);
	}
	buf_release(&b);
	return name;
}

/* r->columns: of a node. NULL: no column that is known. */
static const char *column(struct rd *r, const struct ex *x)
{
	static const struct {
		const char *column, *name;
	} node[] = {{"RESOURCE_ID", "id"},
	            {"ARN", "id"},
	            {"ACCOUNT_ID", "account"},
	            {"RESOURCE_REGION", "region"}};

	if (ex_op(x, "::") && ex_is(x->arg[1], EX_NAME, "string"))
		x = x->arg[0];
	if (ex_op(x, ":"))
		return json_column(r, x);
	for (size_t i = 0; r->columns && i < ARRAY_LEN(node); i++)
		if (ex_is(x, EX_NAME, node[i].column))
			return node[i].name;
	return NULL;
}

/* ---- tests ---- */

static struct leaf not_understood(struct rd *r, const struct ex *x)
{
	rd_fail(r, x->at, "not understood here: %.*s", (int)x->s.n, x->s.s);
	return (struct leaf){0};
}

/* [aA] and [.] and digits: a text in any case. False at anything else. */
static bool any_case(struct slice re, size_t *i, struct buf *b)
{
	const char *s = re.s + *i;
	size_t left = re.n - *i;

	if (left >= 4 && s[0] == '[' && s[3] == ']' && s[1] >= 'a' && s[1] <= 'z' &&
	    s[2] == s[1] - 'a' + 'A') {
		buf_ch(b, s[1]);
		*i += 4;
	} else if (left >= 3 && s[0] == '[' && s[2] == ']' && s[1] != '^') {
		buf_ch(b, s[1]);
		*i += 3;
	} else if (left >= 1 && s[0] >= '0' && s[0] <= '9') {
		buf_ch(b, s[0]);
		*i += 1;
	} else {
		return false;
	}
	return true;
}

/* ^ [.*] text [.*] $ */
static struct plan_node *rlike(struct rd *r, const char *field, const struct ex *v)
{
	struct slice re = v->s;
	struct buf b = BUF_INIT;
	struct plan_node *n = NULL;
	size_t i = 1;
	bool before, after;

	before = re.n >= 3 && !memcmp(re.s + 1, ".*", 2);
	i += before ? 2 : 0;
	while (i < re.n && any_case(re, &i, &b))
		;
	after = re.n - i == 3 && !memcmp(re.s + i, ".*$", 3);
	if (v->kind == EX_STR && re.n && re.s[0] == '^' &&
	    (after || (re.n - i == 1 && re.s[i] == '$')))
		n = rd_cmp(r, field,
		           before  ? after ? OP_CONTAINS : OP_ENDS
		           : after ? OP_STARTS
		                   : OP_IS,
		           (struct slice){b.s, b.len});
	buf_release(&b);
	return n ? n : not_understood(r, v).yes;
}

static struct plan_node *equal_to(struct rd *r, const char *field, const struct ex *v)
{
	struct plan_node *any = plan_group(r->p, PN_ANY);

	if (v->kind == EX_STR && !v->s.n)
		return any; /* "" is no value in plans */
	if (v->kind == EX_STR)
		return rd_cmp(r, field, OP_IS_CS, v->s);
	for (size_t i = 0; v->kind == EX_LIST && i < v->n; i++)
		rd_or(r, any, equal_to(r, field, v->arg[i]));
	return v->kind == EX_LIST ? any : not_understood(r, v).yes;
}

static struct leaf lql_leaf(struct rd *r, const struct ex *x)
{
	const char *field = x->kind == EX_OP ? column(r, x->arg[0]) : NULL;
	struct plan_node *n;

	if (ex_op(x, "=") && ex_is(x->arg[0], EX_NUM, "1") && ex_is(x->arg[1], EX_NUM, "0"))
		return (struct leaf){rd_const(r, false), NULL};
	if (!field)
		return not_understood(r, x);
	n = rd_exists(r, field);
	if (ex_op(x, "is not null"))
		return (struct leaf){n, NULL};
	if (ex_op(x, "is null"))
		return (struct leaf){rd_not(r, n), NULL};
	if (ex_op(x, "rlike"))
		return (struct leaf){rlike(r, field, x->arg[1]), n};
	if (ex_op(x, "<>"))
		return (struct leaf){rd_two(r, PN_ALL, n, rd_not(r, equal_to(r, field, x->arg[1]))),
		                     n};
	return (struct leaf){equal_to(r, field, x->arg[1]), n};
}

/* ---- the query ---- */

static void table(struct rd *r)
{
	static const char *const cloudtrail[] = {"cloudtrail", NULL};
	struct slice name = rd_need_name(r);
	struct plan_graph *g = &r->p->steps[0].graph;

	r->out->table = rd_str(r, name);
	if (slice_eq(name, SLICE("CloudTrailRawEvents"))) {
		rd_where(r, rd_dataset(r, cloudtrail));
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		if (!slice_eq_str(name, tables[i].table))
			continue;
		r->columns = true;
		r->p->steps[0].kind = PS_GRAPH;
		r->p->show = SHOW_GRAPH;
		g->use_from = g->use_to = MW_TIME_NONE;
		g->start_type = arena_strdup(&r->p->arena, tables[i].type);
		return;
	}
	rd_fail(r, rd_tok(r)->at, "no table that is known");
}

static void filter(struct rd *r)
{
	struct ex *x = rd_ex(r);
	struct plan_node *n = x ? rd_tree(r, x, true) : NULL;

	if (r->columns)
		r->p->steps[0].graph.start = n;
	else
		rd_where(r, n);
}

int read_lql(struct slice text, struct reading *out, struct err *e)
{
	struct rd r = {.rules = &lql_rules, .ops = lql_ops, .blind = true, .leaf = lql_leaf};

	if (!rd_begin(&r, text, out, e)) {
		rd_need(&r, "{");
		rd_need(&r, "source {");
		table(&r);
		rd_need(&r, "}");
		if (rd_take(&r, "filter {")) {
			filter(&r);
			rd_need(&r, "}");
		}
		rd_need(&r, "return");
		(void)rd_take(&r, "distinct");
		rd_need(&r, "{");
		do {
			struct slice name = rd_need_name(&r);
			rd_column(&r, rd_str(&r, name), rd_str(&r, name));
		} while (!rd_failed(&r) && rd_take(&r, ","));
		rd_need(&r, "}");
		rd_need(&r, "}");
	}
	return rd_end(&r);
}
