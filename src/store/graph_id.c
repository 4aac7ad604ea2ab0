/* Ids: the spellings of one thing, and the type that an id gives away. */
#include "store/graph.h"

#include <ctype.h>

#include "base/mem.h"

struct arn {
	struct slice partition, service, region, account, rest;
};

static bool arn_parse(struct slice id, struct arn *a)
{
	struct slice rest = id, arn;
	if (!slice_split(&rest, ':', &arn) || !slice_eq_str(arn, "arn"))
		return false;
	return slice_split(&rest, ':', &a->partition) && slice_split(&rest, ':', &a->service) &&
	       slice_split(&rest, ':', &a->region) && slice_split(&rest, ':', &a->account) &&
	       (a->rest = rest, rest.n > 0);
}

static bool starts(struct slice s, const char *prefix)
{
	size_t n = strlen(prefix);
	return s.n >= n && memcmp(s.s, prefix, n) == 0;
}

static struct slice after(struct slice s, size_t n)
{
	return (struct slice){s.s + n, s.n - n};
}

static struct slice until(struct slice s, char c)
{
	const char *p = memchr(s.s, c, s.n);
	return (struct slice){s.s, p ? (size_t)(p - s.s) : s.n};
}

static bool all_digits(struct slice s, size_t n)
{
	if (s.n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isdigit((unsigned char)s.s[i]))
			return false;
	return true;
}

/* EC2's own ids say what they are; the ARN's last piece is the id. */
static const struct {
	const char *prefix, *type;
} short_ids[] = {
        {"i-", "instance"},
        {"vpc-", "vpc"},
        {"subnet-", "subnet"},
        {"sg-", "security_group"},
        {"eni-", "network_interface"},
        {"rtb-", "route_table"},
        {"vol-", "volume"},
        {"snap-", "snapshot"},
        {"ami-", "image"},
        {"fl-", "flow_log"},
        {"igw-", "internet_gateway"},
        {"nat-", "nat_gateway"},
        {"acl-", "network_acl"},
        {"vpce-", "vpc_endpoint"},
        {"AKIA", "access_key"},
        {"ASIA", "access_key"},
        {"CVE-", "vulnerability"},
};

static const char *short_type(struct slice id)
{
	for (size_t i = 0; i < ARRAY_LEN(short_ids); i++) {
		size_t n = strlen(short_ids[i].prefix);
		if (starts(id, short_ids[i].prefix) && id.n > n &&
		    (isalnum((unsigned char)id.s[n])))
			return short_ids[i].type;
	}
	return NULL;
}

/* An STS ARN names a session; what acts is the role. Its path is not in it: see graph_find. */
static void canonical_sts(const struct arn *a, struct buf *out)
{
	struct slice role = until(after(a->rest, strlen("assumed-role/")), '/');
	buf_printf(out, "arn:%.*s:iam::%.*s:role/%.*s", (int)a->partition.n, a->partition.s,
	           (int)a->account.n, a->account.s, (int)role.n, role.s);
}

static bool canonical_arn(struct slice id, struct buf *out)
{
	struct arn a;
	if (!arn_parse(id, &a))
		return false;
	if (slice_eq_str(a.service, "ec2")) {
		const char *slash = memrchr(a.rest.s, '/', a.rest.n);
		struct slice last = slash ? after(a.rest, (size_t)(slash + 1 - a.rest.s)) : a.rest;
		if (!short_type(last))
			return false;
		buf_add(out, last.s, last.n);
	} else if (slice_eq_str(a.service, "sts") && starts(a.rest, "assumed-role/")) {
		canonical_sts(&a, out);
	} else if (slice_eq_str(a.service, "iam") && slice_eq_str(a.rest, "root") && a.account.n) {
		buf_add(out, a.account.s, a.account.n);
	} else if (slice_eq_str(a.service, "s3") && !a.account.n && !a.region.n) {
		struct slice bucket = until(a.rest, '/');
		buf_add(out, id.s, (size_t)(bucket.s + bucket.n - id.s));
	} else if (slice_eq_str(a.service, "lambda") && starts(a.rest, "function:")) {
		struct slice fn = until(after(a.rest, strlen("function:")), ':');
		buf_add(out, id.s, (size_t)(fn.s + fn.n - id.s));
	} else {
		return false;
	}
	return true;
}

void graph_canonical_id(struct slice id, struct buf *out)
{
	id = slice_trim(id);
	if (starts(id, "arn:") && canonical_arn(id, out))
		return;
	buf_add(out, id.s, id.n);
}

/* service and the start of the resource part; the first row that fits */
static const struct {
	const char *service, *rest, *type;
} arn_types[] = {
        {"iam", "user/", "user"},
        {"iam", "role/", "role"},
        {"iam", "group/", "group"},
        {"iam", "policy/", "policy"},
        {"iam", "instance-profile/", "instance_profile"},
        {"iam", "saml-provider/", "identity_provider"},
        {"iam", "oidc-provider/", "identity_provider"},
        {"iam", "root", "account"},
        {"sts", "assumed-role/", "role"},
        {"s3", "", "bucket"},
        {"lambda", "function:", "function"},
        {"lambda", "event-source-mapping:", "resource"},
        {"rds", "db:", "database"},
        {"rds", "cluster:", "database"},
        {"rds", "snapshot:", "snapshot"},
        {"rds", "cluster-snapshot:", "snapshot"},
        {"dynamodb", "table/", "database"},
        {"redshift", "cluster:", "database"},
        {"elasticache", "cluster:", "database"},
        {"es", "domain/", "database"},
        {"kms", "key/", "kms_key"},
        {"kms", "alias/", "kms_key"},
        {"secretsmanager", "secret:", "secret"},
        {"ssm", "parameter/", "secret"},
        {"eks", "cluster/", "k8s_cluster"},
        {"ecs", "", "container"},
        {"ecr", "repository/", "image"},
        {"sns", "", "topic"},
        {"sqs", "", "queue"},
        {"elasticloadbalancing", "loadbalancer/", "load_balancer"},
        {"cloudtrail", "trail/", "trail"},
        {"ec2", "instance/", "instance"},
        {"ec2", "vpc/", "vpc"},
        {"ec2", "subnet/", "subnet"},
        {"ec2", "security-group/", "security_group"},
        {"ec2", "volume/", "volume"},
        {"ec2", "snapshot/", "snapshot"},
        {"ec2", "network-interface/", "network_interface"},
};

static const char *arn_type(struct slice id)
{
	struct arn a;
	if (!arn_parse(id, &a))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(arn_types); i++)
		if (slice_eq_str(a.service, arn_types[i].service) &&
		    starts(a.rest, arn_types[i].rest))
			return arn_types[i].type;
	return "resource";
}

/* The deepest known piece of an Azure resource id decides; tried in this order. */
static const struct {
	const char *part, *type;
} azure_types[] = {
        {"/providers/microsoft.compute/virtualmachines/", "vm"},
        {"/providers/microsoft.storage/storageaccounts/", "storage_account"},
        {"/providers/microsoft.sql/servers/", "database"},
        {"/providers/microsoft.keyvault/vaults/", "secret"},
        {"/providers/microsoft.containerservice/managedclusters/", "k8s_cluster"},
        {"/providers/microsoft.network/networkinterfaces/", "network_interface"},
        {"/providers/microsoft.network/networksecuritygroups/", "security_group"},
        {"/providers/microsoft.network/virtualnetworks/", "vpc"},
        {"/providers/microsoft.web/sites/", "function"},
        {"/providers/", "resource"},
        {"/resourcegroups/", "resource_group"},
        {"/subscriptions/", "subscription"},
};

static const char *azure_type(struct slice id)
{
	for (size_t i = 0; i < ARRAY_LEN(azure_types); i++)
		if (mw_memimem(id.s, id.n, azure_types[i].part, strlen(azure_types[i].part)))
			return azure_types[i].type;
	return NULL;
}

static bool ends(struct slice s, const char *suffix)
{
	size_t n = strlen(suffix);
	return s.n > n && memcmp(s.s + s.n - n, suffix, n) == 0;
}

const char *graph_type_of_id(struct slice id)
{
	const char *type = NULL;
	if (starts(id, "arn:"))
		type = arn_type(id);
	else if (starts(id, "/"))
		type = azure_type(id);
	else if (all_digits(id, 12))
		type = "account";
	else if (slice_eq_str(id, "internet"))
		type = "internet";
	else if (ends(id, ".amazonaws.com"))
		type = "service";
	else
		type = short_type(id);
	return type ? type : "resource";
}

/* Words in vendors' type names, the more special first. */
static const struct {
	const char *word, *type;
} type_words[] = {
        {"security_group", "security_group"},
        {"securitygroup", "security_group"},
        {"firewall", "security_group"},
        {"networkacl", "network_acl"},
        {"bucket", "bucket"},
        {"storageaccount", "storage_account"},
        {"load_balancer", "load_balancer"},
        {"instance_profile", "instance_profile"},
        {"instanceprofile", "instance_profile"},
        {"dbinstance", "database"},
        {"database", "database"},
        {"db_server", "database"},
        {"dynamodb", "database"},
        {"ec2instance", "instance"},
        {"ec2#instance", "instance"},
        {"ec2 instance", "instance"},
        {"virtual_machine", "instance"},
        {"virtualmachine", "instance"},
        {"accesskey", "access_key"},
        {"service_account", "role"},
        {"serviceaccount", "role"},
        {"iamuser", "user"},
        {"user", "user"},
        {"iamrole", "role"},
        {"role", "role"},
        {"policy", "policy"},
        {"lambda", "function"},
        {"function", "function"},
        {"cluster", "k8s_cluster"},
        {"pod", "k8s_workload"},
        {"deployment", "k8s_workload"},
        {"container", "container"},
        {"snapshot", "snapshot"},
        {"volume", "volume"},
        {"secret", "secret"},
        {"subnet", "subnet"},
        {"vpc", "vpc"},
        {"account", "account"},
        {"instance", "instance"},
        {"vm", "instance"},
};

const char *graph_type_of(const char *id, const char *word)
{
	const char *type = graph_type_of_id(slice_of(id));
	size_t n = strlen(word);
	for (size_t i = 0; i < ARRAY_LEN(type_words) && strcmp(type, "resource") == 0; i++)
		if (mw_memimem(word, n, type_words[i].word, strlen(type_words[i].word)))
			type = type_words[i].type;
	return type;
}

char *graph_cloud_id(const char *id, const char *type, const char *vendor)
{
	if (strncmp(id, "AWS::::Account:", 15) == 0)
		return xstrdup(id + 15);
	if (strncmp(id, "arn:", 4) == 0 || *id == '/' ||
	    strcmp(graph_type_of_id(slice_of(id)), "resource") != 0)
		return xstrdup(id);
	if (strcmp(type, "bucket") == 0 && !strchr(id, '_') && !strchr(id, ':') && strlen(id) != 36)
		return xasprintf("arn:aws:s3:::%s", id);
	return xasprintf("%s:%s", vendor, id);
}
