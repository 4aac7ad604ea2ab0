/*
 * Prisma Cloud RQL. A search of flow logs is `network from vpc.flow_record`, of audit logs `event from cloud.audit_logs`; a graph
 * step is `config from cloud.resource` for resources, and `config from iam` where the hop is a permission. Source of facts: the vendor's documentation and policies. Text stands in single
 * quotes, and no way to quote a quote is documented: other values are filtered afterwards. Conditions are joined by AND; whether =
 * tells case apart is not known, so that all is filtered again afterwards. json.rule comes last. Rows and the window are the
 * request's.
 */
#include "plan/render_graph.h"

/* How a resource is asked for: its API and where its id and name stand in it. */
static const struct {
	const char *type, *cloud, *api, *id, *name;
} apis[] = {
        {"instance", "aws", "aws-ec2-describe-instances", "instanceId", NULL},
        {"security_group", "aws", "aws-ec2-describe-security-groups", "groupId", "groupName"},
        {"vpc", "aws", "aws-ec2-describe-vpcs", "vpcId", NULL},
        {"subnet", "aws", "aws-ec2-describe-subnets", "subnetId", NULL},
        {"bucket", "aws", "aws-s3api-get-bucket-acl", "bucketName", "bucketName"},
        {"role", "aws", "aws-iam-list-roles", "role.arn", "role.roleName"},
        {"user", "aws", "aws-iam-list-users", "arn", "userName"},
        {"function", "aws", "aws-lambda-list-functions", "functionArn", "functionName"},
        {"database", "aws", "aws-rds-describe-db-instances", "dbinstanceArn",
         "dbinstanceIdentifier"},
        {"image", "aws", "aws-ec2-describe-images", "image.imageId", "image.name"},
        {"storage_account", "azure", "azure-storage-account-list", "id", "name"},
        {"vm", "azure", "azure-vm-list", "id", "name"},
        {"k8s_cluster", "gcp", "gcloud-container-describe-clusters", "selfLink", "name"},
};
static const struct pattern_word services[] = {
        {"bucket", {"s3"}},
        {"function", {"lambda"}},
        {"instance", {"ec2"}},
        {"queue", {"sqs"}},
        {"topic", {"sns"}},
        {"kms_key", {"kms"}},
        {"secret", {"secretsmanager"}},
        {"role", {"iam"}},
        {"user", {"iam"}},
        {NULL, {NULL}},
};
struct attribute {
	const char *field, *name;
	bool number;
};
static const struct attribute flow_attributes[] = {
        {"src_endpoint.ip", "source.ip", false},  {"dst_endpoint.ip", "dest.ip", false},
        {"dst_endpoint.port", "dest.port", true}, {"traffic.bytes", "bytes", true},
        {"traffic.packets", "packets", true},     {NULL, NULL, false},
};
static const struct attribute event_attributes[] = {
        {"api.operation", "operation", false},
        {"actor.user.name", "user", false},
        {"src_endpoint.ip", "ip", false},
        {NULL, NULL, false},
};
static const struct {
	const char *dataset, *cloud; /* cloud NULL: any */
	bool flow;
} logs[] = {{"vpcflow", NULL, true},
            {"cloudtrail", "aws", false},
            {"azure.activity", "azure", false},
            {"gcp.audit", "gcp", false}};

static bool all_plain(const struct plan_node *n)
{
	for (size_t i = 0; i < n->nvalues; i++)
		if (!pattern_plain(n->values[i]))
			return false;
	return true;
}

static void note_case(struct render *r)
{
	render_note(
	        r,
	        "Prisma Cloud compares text in its own way: a value in other case may be missing");
}

/* NAME = 'v', NAME IN ('v', 'w'). */
static void write_values(struct render *r, const char *name, const struct plan_node *n)
{
	buf_printf(r->b, " AND %s %s", name, n->nvalues > 1 ? "IN (" : "= ");
	for (size_t i = 0; i < n->nvalues; i++)
		buf_printf(r->b, "%s'%.*s'", i ? ", " : "", (int)n->values[i].n, n->values[i].s);
	buf_str(r->b, n->nvalues > 1 ? ")" : "");
}

/* ---- logs ---- */

static const struct attribute *attribute(const struct attribute *list, const struct plan_node *n)
{
	for (; list->field; list++)
		if (n->field.f && !strcmp(n->field.f->name, list->field))
			return list;
	return NULL;
}

static enum render_fit fit_of(struct render *r, const struct attribute *list,
                              const struct plan_node *n)
{
	const struct attribute *a = n->op == OP_TEXT ? NULL : attribute(list, n);
	struct slice v = n->nvalues == 1 ? n->values[0] : SLICE("");

	if (!a || n->rhs.name)
		return RENDER_NO;
	if (plan_op_is_order(n->op)) /* digits alone: no sign, point or exponent is documented */
		return a->number && v.n > 0 && v.n <= 15 && strspn(v.s, "0123456789") >= v.n
		               ? RENDER_SUPERSET
		               : RENDER_NO;
	if (!pattern_is(n) || a->number || !all_plain(n))
		return RENDER_NO;
	note_case(r);
	return RENDER_SUPERSET;
}

static enum render_fit can_flow(void *ctx, const struct plan_node *n)
{
	return fit_of(ctx, flow_attributes, n);
}

static enum render_fit can_event(void *ctx, const struct plan_node *n)
{
	return fit_of(ctx, event_attributes, n);
}

static void put_log(struct render *r, const struct plan_node *n, void *list)
{
	static const char *const signs[] = {"<", "<=", ">", ">="};
	const struct attribute *a = attribute(list, n);

	if (plan_op_is_order(n->op))
		buf_printf(r->b, " AND %s %s %.*s", a->name, signs[n->op - OP_LT],
		           (int)n->values[0].n, n->values[0].s);
	else
		write_values(r, a->name, n);
}

static int log_of(struct render *r, size_t *at)
{
	const struct plan_search *s = r->s;
	bool one = s->ndatasets > 0;

	for (size_t i = 1; i < s->ndatasets; i++)
		one = one && !strcmp(s->datasets[i], s->datasets[0]);
	for (*at = 0; one && *at < ARRAY_LEN(logs); ++*at)
		if (!strcmp(logs[*at].dataset, s->datasets[0]))
			return 0;
	return err_set(
	        r->e, ERR_INVALID,
	        "RQL searches one log at a time: vpcflow, cloudtrail, azure.activity or gcp.audit");
}

static int write_log(struct render *r)
{
	const struct attribute *list;
	size_t at;

	if (log_of(r, &at))
		return -1;
	list = logs[at].flow ? flow_attributes : event_attributes;
	buf_str(r->b, logs[at].flow ? "network from vpc.flow_record where bytes >= 0"
	                            : "event from cloud.audit_logs where cloud.type = ");
	if (!logs[at].flow)
		buf_printf(r->b, "'%s'", logs[at].cloud);
	pattern_conditions(r, r->s->where, logs[at].flow ? can_flow : can_event, put_log,
	                   (void *)(uintptr_t)list);
	r->out->exact_where = r->out->exact_rows = false;
	render_note(r, "the request carries the window and the number of rows");
	return 0;
}

/* ---- resources ---- */

static size_t api_of(const char *type)
{
	size_t i = 0;

	while (i < ARRAY_LEN(apis) && !(type && !strcmp(apis[i].type, type)))
		i++;
	return i;
}

struct rule {
	size_t api;
	size_t n; /* parts of json.rule written */
};

static const char *rule_path(const struct rule *rule, const struct plan_node *n)
{
	return !strcmp(n->field.name, "id")     ? apis[rule->api].id
	       : !strcmp(n->field.name, "name") ? apis[rule->api].name
	                                        : NULL;
}

static enum render_fit can_config(void *ctx, const struct plan_node *n)
{
	struct render *r = ctx;
	const struct rule rule = {.api = api_of(pattern_node_type(r, 0))};
	bool part = n->op == OP_CONTAINS || n->op == OP_STARTS || n->op == OP_ENDS;

	if (!n->field.name || !rule_path(&rule, n) || n->nvalues != 1 || !(pattern_is(n) || part) ||
	    !all_plain(n))
		return RENDER_NO;
	note_case(r);
	return RENDER_SUPERSET;
}

static void put_rule(struct render *r, const struct plan_node *n, void *ctx)
{
	struct rule *rule = ctx;

	buf_printf(r->b, "%s%s contains \"%.*s\"",
	           rule->n++ ? " and " : " AND json.rule = ", rule_path(rule, n),
	           (int)n->values[0].n, n->values[0].s);
}

static int write_config(struct render *r)
{
	struct rule rule = {.api = api_of(r->g->start_type)};

	if (r->g->nhops)
		return err_set(r->e, ERR_INVALID,
		               "RQL follows permissions alone; ask the embedded graph for other "
		               "relations");
	if (rule.api == ARRAY_LEN(apis))
		return err_set(r->e, ERR_INVALID, "no API of Prisma Cloud is known for a %s",
		               r->g->start_type ? r->g->start_type : "node of any type");
	buf_printf(r->b, "config from cloud.resource where cloud.type = '%s' AND api.name = '%s'",
	           apis[rule.api].cloud, apis[rule.api].api);
	pattern_conditions(r, r->g->start, can_config, put_rule, &rule);
	return 0;
}

/* ---- permissions ---- */

static enum render_fit can_iam(void *ctx, const struct plan_node *n)
{
	if (!n->field.name || strcmp(n->field.name, "name") != 0 || !pattern_is(n) || !all_plain(n))
		return RENDER_NO;
	note_case(ctx);
	return RENDER_SUPERSET;
}

static void put_iam(struct render *r, const struct plan_node *n, void *side)
{
	write_values(r, side, n);
}

static int write_iam(struct render *r)
{
	const struct plan_hop *h = r->g->hops;
	const char *const *from, *const *to;
	char source[] = "source.cloud.resource.name", dest[] = "dest.cloud.resource.name";

	if (r->g->nhops != 1 || h->dir != HOP_OUT || h->min != 1)
		return err_set(r->e, ERR_INVALID,
		               "RQL answers one permission at a time, from the one who holds it");
	from = pattern_node_types(r, services, 0);
	to = pattern_node_types(r, services, 1);
	buf_str(r->b, "config from iam where action.name != ''");
	if (from)
		buf_printf(r->b, " AND source.cloud.service.name = '%s'", from[0]);
	if (to)
		buf_printf(r->b, " AND dest.cloud.service.name = '%s'", to[0]);
	pattern_conditions(r, r->g->start, can_iam, put_iam, source);
	pattern_conditions(r, h->where, can_iam, put_iam, dest);
	r->out->exact_where = false;
	return 0;
}

int render_rql(struct render *r)
{
	bool permission;

	if (!r->g)
		return write_log(r);
	if (pattern_check(r, "Prisma Cloud"))
		return -1;
	permission = r->g->nhops && r->g->hops[0].edge && !strcmp(r->g->hops[0].edge, "can");
	return permission ? write_iam(r) : write_config(r);
}
