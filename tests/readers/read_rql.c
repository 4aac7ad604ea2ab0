/*
 * Prisma Cloud RQL: KIND from SOURCE where A AND B ... Text stands in single quotes without escapes;
 * json.rule comes last and holds parts joined by `and`. Words are told apart by case. Whether = and
 * contains tell case apart is not known: they are read as not.
 */
#include "read_text.h"

static const char *const puncts[] = {"!=", "<=", ">=", "=", "<", ">", "(", ")", ",", "$", NULL};
static const struct lex_rules rql_rules = {
        .quotes = {{'\'', TOK_STR, QUOTE_NONE}, {'"', TOK_STR, QUOTE_NONE}},
        .name_more = ".[]*",
        .puncts = puncts,
};

struct attribute {
	const char *name, *field;
};
static const struct attribute flow[] = {
        {"source.ip", "src_endpoint.ip"},   {"dest.ip", "dst_endpoint.ip"},
        {"dest.port", "dst_endpoint.port"}, {"bytes", "traffic.bytes"},
        {"packets", "traffic.packets"},     {NULL, NULL}};
static const struct attribute audit[] = {{"operation", "api.operation"},
                                         {"user", "actor.user.name"},
                                         {"ip", "src_endpoint.ip"},
                                         {NULL, NULL}};
static const struct {
	const char *api, *type, *id, *name;
} apis[] = {
        {"aws-ec2-describe-instances", "instance", "instanceId", NULL},
        {"aws-ec2-describe-security-groups", "security_group", "groupId", "groupName"},
        {"aws-ec2-describe-vpcs", "vpc", "vpcId", NULL},
        {"aws-ec2-describe-subnets", "subnet", "subnetId", NULL},
        {"aws-s3api-get-bucket-acl", "bucket", "bucketName", "bucketName"},
        {"aws-iam-list-roles", "role", "role.arn", "role.roleName"},
        {"aws-iam-list-users", "user", "arn", "userName"},
        {"aws-lambda-list-functions", "function", "functionArn", "functionName"},
        {"aws-rds-describe-db-instances", "database", "dbinstanceArn", "dbinstanceIdentifier"},
        {"aws-ec2-describe-images", "image", "image.imageId", "image.name"},
        {"azure-storage-account-list", "storage_account", "id", "name"},
        {"azure-vm-list", "vm", "id", "name"},
        {"gcloud-container-describe-clusters", "k8s_cluster", "selfLink", "name"},
};

static struct slice value(struct rd *r)
{
	const struct tok *t = rd_tok(r);

	if (t->kind != TOK_STR && t->kind != TOK_NUM) {
		rd_fail(r, t->at, "a value is missing");
		return SLICE("");
	}
	r->i++;
	return t->s;
}

/* = 'v', IN ('v', 'w'), or an order with a number; puts values into n. */
static void operator_and_values(struct rd *r, struct plan_node *n)
{
	static const struct {
		const char *sign;
		enum plan_op op;
	} orders[] = {{"<=", OP_LE}, {">=", OP_GE}, {"<", OP_LT}, {">", OP_GT}};

	n->op = OP_IS;
	if (rd_take(r, "=")) {
		plan_cmp_value(r->p, n, value(r));
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(orders); i++)
		if (rd_take(r, orders[i].sign)) {
			n->op = orders[i].op;
			plan_cmp_value(r->p, n, value(r));
			return;
		}
	if (!rd_take(r, "IN") || rd_need(r, "(")) {
		rd_fail(r, rd_tok(r)->at, "no operator that is understood");
		return;
	}
	do
		plan_cmp_value(r->p, n, value(r));
	while (!rd_failed(r) && rd_take(r, ","));
	rd_need(r, ")");
}

static struct plan_node *node_cmp(struct rd *r, const char *name, enum plan_op op)
{
	struct plan_node *n = plan_group(r->p, PN_CMP);

	n->op = op;
	n->field.name = arena_strdup(&r->p->arena, name);
	return n;
}

/* ---- logs ---- */

static void log_condition(struct rd *r, const struct attribute *list)
{
	struct slice name = rd_need_name(r);
	struct plan_node *n;

	if (slice_eq(name, SLICE("cloud.type"))) {
		static const char *const names[] = {"cloudtrail", NULL};
		rd_need(r, "=");
		if (!slice_eq(value(r), SLICE("aws")))
			rd_fail(r, rd_tok(r)->at, "no log that is known");
		rd_where(r, rd_dataset(r, names));
		return;
	}
	while (list->name && !slice_eq_str(name, list->name))
		list++;
	if (!list->name) {
		rd_fail(r, rd_tok(r)->at, "no attribute that is known: %.*s", (int)name.n, name.s);
		return;
	}
	n = rd_exists(r, list->field);
	operator_and_values(r, n);
	if (n->op == OP_GE && n->nvalues == 1 && slice_eq(n->values[0], SLICE("0")))
		return; /* every flow */
	rd_where(r, n);
}

static void read_log(struct rd *r, const struct attribute *list)
{
	static const char *const names[] = {"vpcflow", NULL};

	if (list == flow)
		rd_where(r, rd_dataset(r, names));
	do
		log_condition(r, list);
	while (!rd_failed(r) && rd_take(r, "AND"));
}

/* ---- the graph ---- */

static struct plan_graph *begin_graph(struct rd *r)
{
	struct plan_graph *g = &r->p->steps[0].graph;

	r->p->steps[0].kind = PS_GRAPH;
	r->p->show = SHOW_GRAPH;
	g->use_from = g->use_to = MW_TIME_NONE;
	g->start = plan_group(r->p, PN_ALL);
	return g;
}

/* PATH contains "v": of an id, a name, or what is both. */
static void rule_part(struct rd *r, struct plan_node *all, size_t api)
{
	struct slice path = rd_need_name(r), v;
	struct plan_node *any = plan_group(r->p, PN_ANY);

	rd_need(r, "contains");
	v = value(r);
	for (int i = 0; i < 2 && !rd_failed(r); i++) {
		const char *there = i ? apis[api].name : apis[api].id;
		struct plan_node *n = node_cmp(r, i ? "name" : "id", OP_CONTAINS);
		plan_cmp_value(r->p, n, v);
		if (there && slice_eq_str(path, there))
			plan_group_add(any, n);
	}
	if (!any->child)
		rd_fail(r, rd_tok(r)->at, "no path that is known");
	plan_group_add(all, any);
}

static void read_config(struct rd *r)
{
	struct plan_graph *g = begin_graph(r);
	size_t api = 0;
	struct slice v;

	rd_need(r, "cloud.type =");
	(void)value(r);
	rd_need(r, "AND api.name =");
	v = value(r);
	while (api < ARRAY_LEN(apis) && !slice_eq_str(v, apis[api].api))
		api++;
	if (api == ARRAY_LEN(apis)) {
		rd_fail(r, rd_tok(r)->at, "no API that is known");
		return;
	}
	g->start_type = arena_strdup(&r->p->arena, apis[api].type);
	if (!rd_take(r, "AND json.rule ="))
		return;
	do
		rule_part(r, g->start, api);
	while (!rd_failed(r) && rd_take(r, "and"));
}

/* From who holds a permission to what it is for. Services are not read as types: several types are in one. */
static void read_iam(struct rd *r)
{
	struct plan_graph *g = begin_graph(r);
	struct slice name;
	struct plan_node *n;

	g->hops = arena_zalloc(&r->p->arena, sizeof(*g->hops));
	g->hops[0] = (struct plan_hop){.edge = arena_strdup(&r->p->arena, "can"),
	                               .min = 1,
	                               .max = 1,
	                               .where = plan_group(r->p, PN_ALL)};
	g->nhops = 1;
	rd_need(r, "action.name !=");
	(void)value(r);
	while (!rd_failed(r) && rd_take(r, "AND")) {
		name = rd_need_name(r);
		n = node_cmp(r, "name", OP_IS);
		operator_and_values(r, n);
		if (slice_eq(name, SLICE("source.cloud.resource.name")))
			plan_group_add(g->start, n);
		else if (slice_eq(name, SLICE("dest.cloud.resource.name")))
			plan_group_add(g->hops[0].where, n);
		else if (!slice_eq(name, SLICE("source.cloud.service.name")) &&
		         !slice_eq(name, SLICE("dest.cloud.service.name")))
			rd_fail(r, rd_tok(r)->at, "no attribute that is known");
	}
}

int read_rql(struct slice text, struct reading *out, struct err *e)
{
	struct rd r = {.rules = &rql_rules};

	if (rd_begin(&r, text, out, e))
		return rd_end(&r);
	if (rd_take(&r, "network from vpc.flow_record where"))
		read_log(&r, flow);
	else if (rd_take(&r, "event from cloud.audit_logs where"))
		read_log(&r, audit);
	else if (rd_take(&r, "config from cloud.resource where"))
		read_config(&r);
	else if (rd_take(&r, "config from iam where"))
		read_iam(&r);
	else
		rd_fail(&r, 0, "no kind of search that is known");
	return rd_end(&r);
}
