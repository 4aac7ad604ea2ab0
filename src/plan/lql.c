/*
 * Lacework LQL: { source { TABLE } filter { ... } return distinct { ... } }. Source of facts: the vendor's SDK and its tests for
 * the form, `=`, `<>`, in, rlike, `is null`, paths COL:a.b and casts ::string. No way to quote a quote is documented: values with
 * quotes, backslashes or other than printable ASCII are filtered afterwards. Text is compared as written; in any case goes through
 * rlike with both letters, anchored, which holds whether rlike is anchored or not. Logic has three values, so that each test says
 * `is not null` first. Rows and the window are the request's (options.limit, StartTimeRange, EndTimeRange).
 */
#include "plan/render_graph.h"

static const struct pattern_word tables[] = {
        {"instance", {"LW_CFG_AWS_EC2_INSTANCES"}},
        {"security_group", {"LW_CFG_AWS_EC2_SECURITY_GROUPS"}},
        {"bucket", {"LW_CFG_AWS_S3"}},
        {"user", {"LW_CFG_AWS_IAM_USERS"}},
        {"account", {"LW_CFG_AWS_ACCOUNTS"}},
        {"trail", {"LW_CFG_AWS_CLOUDTRAIL"}},
        {NULL, {NULL}},
};
#define LOG_TABLE "CloudTrailRawEvents"
#define CONFIG_COLUMNS                                                                  \
	"ACCOUNT_ID, ACCOUNT_ALIAS, ARN, RESOURCE_ID, RESOURCE_TYPE, RESOURCE_REGION, " \
	"RESOURCE_TAGS, "                                                               \
	"RESOURCE_CONFIG"
#define LOG_COLUMNS "INSERT_ID, INSERT_TIME, EVENT_TIME, EVENT"
#define COLUMN_MAX 256

/* ---- names ---- */

static bool is_path(const char *s)
{
	if (!*s || *s == '.' || (*s >= '0' && *s <= '9'))
		return false;
	for (; *s; s++)
		if (!((*s | 0x20) >= 'a' && (*s | 0x20) <= 'z') && !(*s >= '0' && *s <= '9') &&
		    *s != '_' && (*s != '.' || s[1] == '.' || !s[1]))
			return false;
	return true;
}

/* Where a value of ours may stand: several columns are tried, any of them. */
struct columns {
	char name[4][COLUMN_MAX];
	size_t n;
};

static bool add_column(struct columns *c, const char *before, const char *path, const char *after)
{
	int n = c->n < ARRAY_LEN(c->name)
	                ? snprintf(c->name[c->n], COLUMN_MAX, "%s%s%s", before, path, after)
	                : -1;

	c->n += n > 0;
	return n > 0 && n < COLUMN_MAX;
}

/* Each path of a field in CloudTrail's records. A raw path may lead through arrays, whose values cannot be asked for one by one. */
static bool log_columns(const struct plan_field *f, struct columns *c)
{
	for (const struct field_name *n = f->f && !f->f->many ? f->f->formats : NULL; n && n->where;
	     n++) {
		if (strcmp(n->where, "cloudtrail") != 0)
			continue;
		for (const char *const *path = n->paths; *path; path++)
			if (!is_path(*path) || !add_column(c, "EVENT:", *path, "::string"))
				return false;
	}
	return c->n > 0;
}

/* A short id and an ARN stand in two columns. */
static bool node_columns(const struct plan_field *f, struct columns *c)
{
	const char *tag = strncmp(f->name, "tags.", 5) ? NULL : f->name + 5;

	if (!strcmp(f->name, "id"))
		return add_column(c, "RESOURCE_ID", "", "") && add_column(c, "ARN", "", "");
	if (!strcmp(f->name, "account"))
		return add_column(c, "ACCOUNT_ID", "", "");
	if (!strcmp(f->name, "region"))
		return add_column(c, "RESOURCE_REGION", "", "");
	return tag && is_path(tag) && !strchr(tag, '.') &&
	       add_column(c, "RESOURCE_TAGS:", tag, "::string");
}

static bool columns_of(const struct render *r, const struct plan_field *f, struct columns *c)
{
	c->n = 0;
	return f->name && (r->g ? node_columns(f, c) : log_columns(f, c));
}

/* ---- tests ---- */

static enum render_fit value_fit(const struct plan_node *n, struct slice v)
{
	if (!pattern_plain(v) || memchr(v.s, '^', v.n))
		return RENDER_NO;
	switch (n->op) {
	case OP_IS:
	case OP_IS_CS:
	case OP_IN:
		return RENDER_EXACT;
	case OP_STARTS:
	case OP_ENDS:
	case OP_CONTAINS:
		return RENDER_SUPERSET; /* what . is there is not known for line ends */
	default:
		return RENDER_NO;
	}
}

static enum render_fit can(void *ctx, const struct plan_node *n)
{
	struct render *r = ctx;
	struct columns c;
	enum render_fit fit = n->op != OP_TEXT && !n->rhs.name && columns_of(r, &n->field, &c)
	                              ? RENDER_EXACT
	                              : RENDER_NO,
	                one;

	for (size_t i = 0; i < n->nvalues && fit != RENDER_NO; i++) {
		one = value_fit(n, n->values[i]);
		fit = one < fit ? one : fit;
	}
	if (fit == RENDER_EXACT && c.n > 1)
		fit = RENDER_SUPERSET; /* plans take the first that is there */
	if (fit != RENDER_EXACT)
		render_note(r, "%s on %s cannot be said exactly: filtered afterwards",
		            plan_op_name(n->op),
		            n->field.name ? render_alias(&n->field) : "the record");
	return fit;
}

/* Each byte as itself in any case, without an escape. */
static void write_any_case(struct buf *b, struct slice v)
{
	for (size_t i = 0; i < v.n; i++) {
		char c = v.s[i];
		if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
			buf_printf(b, "[%c%c]", c | 0x20, c & ~0x20);
		else
			buf_printf(b, c >= '0' && c <= '9' ? "%c" : "[%c]", c);
	}
}

static void write_one(struct render *r, const struct plan_node *n, const char *name, struct slice v)
{
	buf_str(r->b, name);
	if (n->op == OP_IS_CS) {
		buf_printf(r->b, " = '%.*s'", (int)v.n, v.s);
		return;
	}
	buf_printf(r->b, " rlike '^%s", n->op == OP_CONTAINS || n->op == OP_ENDS ? ".*" : "");
	write_any_case(r->b, v);
	buf_printf(r->b, "%s$'", n->op == OP_CONTAINS || n->op == OP_STARTS ? ".*" : "");
}

static void write_tests(struct render *r, const struct plan_node *n, const char *name)
{
	if (n->op == OP_EXISTS) {
		buf_printf(r->b, "(%s is not null and %s <> '')", name, name);
		return;
	}
	buf_printf(r->b, "(%s is not null and (", name);
	for (size_t i = 0; i < n->nvalues; i++) {
		buf_str(r->b, i ? " or " : "");
		write_one(r, n, name, n->values[i]);
	}
	buf_str(r->b, "))");
}

static void write_cmp(struct render *r, const struct plan_node *n)
{
	struct columns c;

	(void)columns_of(r, &n->field, &c);
	buf_str(r->b, c.n > 1 ? "(" : "");
	for (size_t i = 0; i < c.n; i++) {
		buf_str(r->b, i ? " or " : "");
		write_tests(r, n, c.name[i]);
	}
	buf_str(r->b, c.n > 1 ? ")" : "");
}

static void write_filter(struct render *r, const struct plan_node *where)
{
	if (!where)
		return;
	buf_str(r->b, " filter { ");
	if (plan_is_nothing(where))
		buf_str(r->b, "1 = 0");
	else
		render_tree(r, where);
	buf_str(r->b, " }");
}

/* ---- steps ---- */

static int write_log(struct render *r)
{
	const struct plan_search *s = r->s;
	struct plan_node *where;

	for (size_t i = 0; i < s->ndatasets; i++)
		if (strcmp(s->datasets[i], "cloudtrail") != 0)
			return err_set(
			        r->e, ERR_INVALID,
			        "LQL has CloudTrail's records; %s is in no table that is known",
			        s->datasets[i]);
	where = render_where(r, can);
	if (!s->ndatasets) {
		render_note(r, "the plan names no dataset: CloudTrail's records are asked");
		r->out->exact_where = false;
	}
	r->out->exact_rows = false;
	buf_str(r->b, "{ source { " LOG_TABLE " }");
	write_filter(r, where);
	buf_str(r->b, " return { " LOG_COLUMNS " } }");
	render_note(r, "the request carries the window and at most %lld rows", render_limit(r));
	return 0;
}

/* The node that rows are of. A row itself holds one hop: the account that it is in. */
static int row_node(struct render *r, size_t *node)
{
	*node = r->g->nhops;
	if (r->g->nhops == 0 || pattern_in_account(r))
		return 0;
	return err_set(
	        r->e, ERR_INVALID,
	        "LQL joins no relations of a graph but an account and what it contains; ask the "
	        "embedded graph");
}

/* Of the account only its id is in a resource's row. */
static struct plan_node *account_condition(struct render *r)
{
	const struct plan_node *w = r->g->nhops ? r->g->start : NULL;
	struct plan_node *n;

	if (!w)
		return NULL;
	if (w->kind == PN_CMP && pattern_is(w) && !w->rhs.name && w->from_step < 0 &&
	    (!strcmp(w->field.name, "id") || !strcmp(w->field.name, "account"))) {
		n = plan_clone_node(r->p, w);
		n->field = (struct plan_field){.name = arena_strdup(&r->p->arena, "account")};
		return n;
	}
	render_note(r, "of the account only its number can be asked: filtered afterwards");
	r->out->exact_where = false;
	return NULL;
}

static struct plan_node *config_where(struct render *r, size_t node)
{
	struct plan_node *all = plan_group(r->p, PN_ALL), *account = account_condition(r), *where;
	bool exact;

	if (pattern_node_where(r, node))
		plan_group_add(all, plan_clone_node(r->p, pattern_node_where(r, node)));
	if (account)
		plan_group_add(all, account);
	where = render_widen(r->p, all->child ? all : NULL, can, r, &exact);
	r->out->exact_where = r->out->exact_where && exact;
	return where;
}

static int write_config(struct render *r)
{
	const char *type, *const *table;
	size_t node;

	if (pattern_check(r, "Lacework") || row_node(r, &node))
		return -1;
	type = pattern_node_type(r, node);
	table = pattern_words(tables, type);
	if (!table)
		return err_set(r->e, ERR_INVALID, "LQL has no table that is known for a %s",
		               type ? type : "node of any type");
	buf_printf(r->b, "{ source { %s }", table[0]);
	write_filter(r, config_where(r, node));
	buf_str(r->b, " return distinct { " CONFIG_COLUMNS " } }");
	return 0;
}

int render_lql(struct render *r)
{
	r->word[PN_ALL] = " and ";
	r->word[PN_ANY] = " or ";
	r->word[PN_NOT] = "not ";
	r->cmp = write_cmp;
	return r->g ? write_config(r) : write_log(r);
}
