/*
 * AWS: resources are known by their own keys, wherever in a document they stand. So the outputs of
 * the command line, maps of them and vendors' copies of a resource's configuration are all read by
 * one scan: a table says which keys make an object a resource, another which keys inside it point
 * at other resources.
 */
#include "intake/inventory_conv.h"

#include "base/map.h"
#include "store/graph.h"

struct scope {
	const char *account, *region;
	const char *owner, *owner_type; /* the resource that the scan is inside of; NULL */
	const char *parent;             /* key of the list or object around */
	int depth;
};

/* Resources */

struct resource {
	const char *type;
	const char *id;     /* key of its id */
	const char *need;   /* "A B|C": A and one of B, C must be there too */
	const char *name;   /* key of its name, NULL: tags only */
	const char *parent; /* it must stand under this key; NULL: anywhere */
	const char *arn; /* the id is no id by itself: "service:kind-prefix" to build an ARN from */
	bool leaf;       /* nothing below it is a resource or a reference */
	void (*more)(struct conv *c, const cJSON *o, cJSON *node, const char *id);
};

static void more_instance(struct conv *c, const cJSON *o, cJSON *node, const char *id);
static void more_interface(struct conv *c, const cJSON *o, cJSON *node, const char *id);
static void more_group(struct conv *c, const cJSON *o, cJSON *node, const char *id);
static void more_routes(struct conv *c, const cJSON *o, cJSON *node, const char *id);
static void more_database(struct conv *c, const cJSON *o, cJSON *node, const char *id);
static void more_balancer(struct conv *c, const cJSON *o, cJSON *node, const char *id);
static void more_trail(struct conv *c, const cJSON *o, cJSON *node, const char *id);
static void more_cluster(struct conv *c, const cJSON *o, cJSON *node, const char *id);
static void more_key(struct conv *c, const cJSON *o, cJSON *node, const char *id);
static void more_domain(struct conv *c, const cJSON *o, cJSON *node, const char *id);

static const struct resource resources[] = {
        {"instance", "InstanceId", "ImageId|InstanceType", NULL, NULL, NULL, false, more_instance},
        {"network_interface", "NetworkInterfaceId", "PrivateIpAddress", NULL, NULL, NULL, false,
         more_interface},
        {"subnet", "SubnetId", "CidrBlock", NULL, NULL, NULL, false, NULL},
        {"route_table", "RouteTableId", "Routes", NULL, NULL, NULL, true, more_routes},
        {"security_group", "GroupId", "IpPermissions", "GroupName", NULL, NULL, true, more_group},
        {"internet_gateway", "InternetGatewayId", "Attachments", NULL, NULL, NULL, false, NULL},
        {"nat_gateway", "NatGatewayId", "NatGatewayAddresses", NULL, NULL, NULL, false, NULL},
        {"vpc_endpoint", "VpcEndpointId", "ServiceName", NULL, NULL, NULL, false, NULL},
        {"flow_log", "FlowLogId", "ResourceId", NULL, NULL, NULL, false, NULL},
        {"dns_log", "ResourceId", "ResolverQueryLogConfigId", NULL, NULL, "route53resolver:log/",
         false, NULL},
        {"snapshot", "SnapshotId", "VolumeSize|StartTime", NULL, NULL, NULL, false, NULL},
        {"volume", "VolumeId", "Size", NULL, NULL, NULL, false, NULL},
        {"image", "ImageId", "ImageLocation|RootDeviceType", "Name", "Images", NULL, false, NULL},
        {"vpc", "VpcId", "CidrBlock", NULL, NULL, NULL, false, NULL},
        {"load_balancer", "LoadBalancerArn", "LoadBalancerName", "LoadBalancerName", NULL, NULL,
         false, more_balancer},
        {"load_balancer", "LoadBalancerName", "ListenerDescriptions", "LoadBalancerName", NULL,
         "elasticloadbalancing:loadbalancer/", false, more_balancer},
        {"target_group", "TargetGroupName", "TargetGroupArn", "TargetGroupName", NULL,
         "elasticloadbalancing:targetgroup/", false, NULL},
        {"database", "DBInstanceArn", "DBInstanceIdentifier", "DBInstanceIdentifier", NULL, NULL,
         false, more_database},
        {"database", "DBClusterArn", "DBClusterIdentifier", "DBClusterIdentifier", NULL, NULL,
         false, more_database},
        {"snapshot", "DBSnapshotArn", "", "DBSnapshotIdentifier", NULL, NULL, false, NULL},
        {"database", "TableArn", "TableName", "TableName", NULL, NULL, false, NULL},
        {"database", "ClusterIdentifier", "NodeType", "ClusterIdentifier", NULL,
         "redshift:cluster:", false, more_database},
        {"database", "ARN", "DomainId DomainName", "DomainName", NULL, NULL, false, more_domain},
        {"function", "FunctionArn", "FunctionName", "FunctionName", NULL, NULL, false, NULL},
        {"k8s_cluster", "arn", "resourcesVpcConfig", "name", NULL, NULL, false, more_cluster},
        {"container", "taskArn", "", NULL, NULL, NULL, false, NULL},
        {"container", "serviceArn", "serviceName", "serviceName", NULL, NULL, false, NULL},
        {"container", "taskDefinitionArn", "containerDefinitions", "family", NULL, NULL, false,
         NULL},
        {"kms_key", "KeyArn", "KeyId", NULL, NULL, NULL, false, NULL},
        {"kms_key", "Arn", "KeyManager|KeyState", NULL, NULL, NULL, false, more_key},
        {"secret", "ARN", "Name", "Name", NULL, NULL, false, NULL},
        {"trail", "TrailARN", "S3BucketName|EventSelectors|AdvancedEventSelectors", "Name", NULL,
         NULL, true, more_trail},
        {"access_key", "AccessKeyId", "UserName", NULL, NULL, NULL, false, NULL},
        {"bucket", "Name", "CreationDate", "Name", "Buckets", "s3:", false, NULL},
        {"topic", "TopicArn", "", NULL, "Topics", NULL, false, NULL},
        {"topic", "TopicArn", "Owner|Policy", NULL, NULL, NULL, false, NULL},
        {"queue", "QueueArn", "", NULL, NULL, NULL, false, NULL},
};

static bool present(const cJSON *o, struct slice key)
{
	const cJSON *v;
	cJSON_ArrayForEach(v, o) if (slice_eq_str(key, v->string)) return true;
	return false;
}

static bool needed(const cJSON *o, const char *need)
{
	struct slice rest = slice_of(need), all;
	while (rest.n && slice_split(&rest, ' ', &all)) {
		struct slice one;
		bool any = false;
		while (all.n && slice_split(&all, '|', &one))
			any |= present(o, one);
		if (!any)
			return false;
	}
	return true;
}

static const struct resource *resource_of(const cJSON *o, const char *parent)
{
	for (size_t i = 0; i < ARRAY_LEN(resources); i++) {
		const struct resource *r = &resources[i];
		if (*json_str(o, r->id, "") && needed(o, r->need) &&
		    (!r->parent || (parent && strcmp(parent, r->parent) == 0)))
			return r;
	}
	return NULL;
}

/* References */

struct reference {
	const char *key;    /* of a text, or of a list of texts */
	const char *under;  /* the key around it; NULL: any */
	const char *starts; /* what its value begins with; "" anything */
	const char *owners; /* types that it counts for; NULL: all */
	const char *edge;
	bool in; /* from the other to this one */
};
static const struct reference references[] = {
        {"SubnetId", NULL, "subnet-", NULL, "contains", true},
        {"subnetId", NULL, "subnet-", NULL, "contains", true},
        {"SubnetIdentifier", NULL, "subnet-", NULL, "contains", true},
        {"SubnetIds", NULL, "subnet-", NULL, "contains", true},
        {"subnetIds", NULL, "subnet-", NULL, "contains", true},
        {"Subnets", NULL, "subnet-", NULL, "contains", true},
        {"ClientSubnets", NULL, "subnet-", NULL, "contains", true},
        {"VpcId", NULL, "vpc-", NULL, "contains", true},
        {"VPCId", NULL, "vpc-", NULL, "contains", true},
        {"vpcId", NULL, "vpc-", NULL, "contains", true},
        {"GroupId", NULL, "sg-", NULL, "uses", false},
        {"VpcSecurityGroupId", NULL, "sg-", NULL, "uses", false},
        {"SecurityGroupIds", NULL, "sg-", NULL, "uses", false},
        {"SecurityGroups", NULL, "sg-", NULL, "uses", false},
        {"securityGroupIds", NULL, "sg-", NULL, "uses", false},
        {"securityGroups", NULL, "sg-", NULL, "uses", false},
        {"clusterSecurityGroupId", NULL, "sg-", NULL, "uses", false},
        {"VolumeId", NULL, "vol-", "instance snapshot", "uses", false},
        {"SnapshotId", NULL, "snap-", "volume image", "uses", false},
        {"InstanceId", NULL, "i-", "volume network_interface", "attached_to", false},
        {"InstanceId", NULL, "i-", "load_balancer", "forwards_to", false},
        {"Id", "Target", "", "target_group", "forwards_to", false},
        {"LoadBalancerArns", NULL, "arn:", "target_group", "forwards_to", true},
        {"ImageId", NULL, "ami-", "instance", "uses", false},
        {"KmsKeyId", NULL, "arn:", NULL, "uses", false},
        {"KMSKeyArn", NULL, "arn:", NULL, "uses", false},
        {"kmsKeyId", NULL, "arn:", NULL, "uses", false},
        {"KmsMasterKeyId", NULL, "arn:", NULL, "uses", false},
        {"Arn", "IamInstanceProfile", "arn:", "instance", "uses", false},
        {"Role", NULL, "arn:", "function", "runs_as", false},
        {"roleArn", NULL, "arn:", NULL, "runs_as", false},
        {"RoleArn", NULL, "arn:", NULL, "runs_as", false},
        {"RoleARN", NULL, "arn:", NULL, "runs_as", false},
        {"roleARN", NULL, "arn:", NULL, "runs_as", false},
        {"serviceRole", NULL, "arn:", NULL, "runs_as", false},
        {"ServiceRole", NULL, "arn:", NULL, "runs_as", false},
        {"taskRoleArn", NULL, "arn:", NULL, "runs_as", false},
        {"nodeRole", NULL, "arn:", NULL, "runs_as", false},
        {"agentResourceRoleArn", NULL, "arn:", NULL, "runs_as", false},
        {"IamRoleArn", NULL, "arn:", NULL, "runs_as", false},
        {"taskDefinitionArn", NULL, "arn:", "container", "uses", false},
        {"taskDefinition", NULL, "arn:", "container", "uses", false},
        {"clusterArn", NULL, "arn:", NULL, "contains", true},
        {"ResourceId", NULL, "", "flow_log dns_log", "attached_to", false},
};

static bool listed(const char *words, const char *word)
{
	struct slice rest = slice_of(words), one;
	while (rest.n && slice_split(&rest, ' ', &one))
		if (slice_eq_str(one, word))
			return true;
	return false;
}

static const char *canonical(const char *id, struct buf *b)
{
	buf_reset(b);
	graph_canonical_id(slice_of(id), b);
	return b->s;
}

static void refer(struct conv *c, const struct reference *r, const struct scope *s, const cJSON *v)
{
	size_t n = strlen(r->starts);
	if (!cJSON_IsString(v) || strncmp(v->valuestring, r->starts, n) != 0 ||
	    strcmp(v->valuestring, s->owner) == 0)
		return;
	if (strcmp(r->edge, "runs_as") == 0 && !strstr(v->valuestring, ":role/"))
		return;
	if (r->in)
		conv_edge(c, v->valuestring, r->edge, s->owner, NULL);
	else
		conv_edge(c, s->owner, r->edge, v->valuestring, NULL);
}

static void refer_all(struct conv *c, const struct scope *s, const cJSON *member)
{
	for (size_t i = 0; i < ARRAY_LEN(references); i++) {
		const struct reference *r = &references[i];
		const cJSON *v;
		if (strcmp(r->key, member->string) != 0 ||
		    (r->under && (!s->parent || strcmp(s->parent, r->under) != 0)) ||
		    (r->owners && !listed(r->owners, s->owner_type)))
			continue;
		if (cJSON_IsArray(member))
			cJSON_ArrayForEach(v, member) refer(c, r, s, v);
		else
			refer(c, r, s, member);
	}
}

/* Policies of resources: JSON, or JSON as text */

static const char *const policy_keys[] = {"Policy", "AccessPolicies", "ResourcePolicy",
                                          "policyText", "PolicyDocument"};

static cJSON *policy_of(const cJSON *o)
{
	struct err ignored;
	for (size_t i = 0; i < ARRAY_LEN(policy_keys); i++) {
		const cJSON *v = json_get(o, policy_keys[i]);
		cJSON *doc = NULL;
		if (cJSON_IsString(v))
			doc = json_parse(slice_of(v->valuestring), GRAPH_OBJECT_MAX, &ignored);
		else if (cJSON_IsObject(v))
			doc = cJSON_Duplicate(v, true);
		if (doc && json_get(doc, "Statement"))
			return doc;
		cJSON_Delete(doc);
	}
	return NULL;
}

static void add_policy(cJSON *node, const cJSON *o)
{
	cJSON *doc = policy_of(o), *props = conv_props(node);
	if (!doc)
		return;
	for (size_t i = 0; i < ARRAY_LEN(policy_keys); i++)
		cJSON_DeleteItemFromObjectCaseSensitive(props, policy_keys[i]);
	cJSON_AddItemToObject(props, "policy", doc);
}

/* What single kinds of resources say beyond their scalars */

static void normal(cJSON *props, const char *key, const char *value)
{
	if (value && *value && !json_get(props, key))
		json_add_str(props, key, value);
}

static void more_instance(struct conv *c, const cJSON *o, cJSON *node, const char *id)
{
	cJSON *props = conv_props(node);
	const cJSON *meta = json_obj(o, "MetadataOptions");
	(void)c, (void)id;
	normal(props, "public_ip", json_str(o, "PublicIpAddress", NULL));
	normal(props, "private_ip", json_str(o, "PrivateIpAddress", NULL));
	normal(props, "state", json_str(json_obj(o, "State"), "Name", NULL));
	if (meta)
		json_add_bool(props, "imds_v1",
		              strcmp(json_str(meta, "HttpTokens", ""), "optional") == 0);
}

static void more_interface(struct conv *c, const cJSON *o, cJSON *node, const char *id)
{
	cJSON *props = conv_props(node);
	(void)c, (void)id;
	normal(props, "public_ip", json_str(json_obj(o, "Association"), "PublicIp", NULL));
	normal(props, "private_ip", json_str(o, "PrivateIpAddress", NULL));
}

static void add_all(cJSON *list, const cJSON *from, const char *key)
{
	const cJSON *v;
	cJSON_ArrayForEach(v, from) if (json_str(v, key, NULL))
	        cJSON_AddItemToArray(list, cJSON_CreateString(json_str(v, key, "")));
}

static void more_group(struct conv *c, const cJSON *o, cJSON *node, const char *id)
{
	cJSON *list = json_add_arr(conv_props(node), "ingress");
	const cJSON *p;
	cJSON_ArrayForEach(p, json_arr(o, "IpPermissions"))
	{
		cJSON *rule = cJSON_CreateObject(), *cidrs;
		json_add_str(rule, "protocol", json_str(p, "IpProtocol", "-1"));
		json_add_i64(rule, "from", json_i64(p, "FromPort", -1));
		json_add_i64(rule, "to", json_i64(p, "ToPort", -1));
		cidrs = json_add_arr(rule, "cidrs");
		add_all(cidrs, json_arr(p, "IpRanges"), "CidrIp");
		add_all(cidrs, json_arr(p, "Ipv6Ranges"), "CidrIpv6");
		add_all(json_add_arr(rule, "groups"), json_arr(p, "UserIdGroupPairs"), "GroupId");
		cJSON_AddItemToArray(list, rule);
	}
	conv_edge(c, json_str(o, "VpcId", ""), "contains", id, NULL);
}

static const char *const route_targets[] = {"GatewayId",
                                            "NatGatewayId",
                                            "TransitGatewayId",
                                            "InstanceId",
                                            "VpcPeeringConnectionId",
                                            "NetworkInterfaceId",
                                            "EgressOnlyInternetGatewayId"};

static void more_routes(struct conv *c, const cJSON *o, cJSON *node, const char *id)
{
	cJSON *list = json_add_arr(conv_props(node), "routes");
	const cJSON *v;
	cJSON_ArrayForEach(v, json_arr(o, "Routes"))
	{
		cJSON *route = cJSON_CreateObject();
		json_add_str(route, "cidr",
		             json_str(v, "DestinationCidrBlock",
		                      json_str(v, "DestinationIpv6CidrBlock", NULL)));
		for (size_t i = 0; i < ARRAY_LEN(route_targets); i++)
			normal(route, "target", json_str(v, route_targets[i], NULL));
		cJSON_AddItemToArray(list, route);
	}
	cJSON_ArrayForEach(v, json_arr(o, "Associations"))
	{
		conv_edge(c, json_str(v, "SubnetId", ""), "uses", id, NULL);
		if (json_bool(v, "Main", false))
			conv_edge(c, json_str(o, "VpcId", ""), "uses", id, NULL);
	}
	conv_edge(c, json_str(o, "VpcId", ""), "contains", id, NULL);
}

static void more_database(struct conv *c, const cJSON *o, cJSON *node, const char *id)
{
	cJSON *props = conv_props(node);
	(void)c, (void)id;
	json_add_bool(props, "publicly_accessible", json_bool(o, "PubliclyAccessible", false));
	normal(props, "address", json_str(json_obj(o, "Endpoint"), "Address", NULL));
	json_add_i64(props, "port", json_i64(json_obj(o, "Endpoint"), "Port", 0));
}

/* A search domain outside of a VPC has a public address; who may call it is its policy's business.
 */
static void more_domain(struct conv *c, const cJSON *o, cJSON *node, const char *id)
{
	(void)c, (void)id;
	if (!json_obj(o, "VPCOptions"))
		json_add_bool(conv_props(node), "publicly_accessible", true);
}

static void more_balancer(struct conv *c, const cJSON *o, cJSON *node, const char *id)
{
	const cJSON *z;
	json_add_bool(conv_props(node), "internet_facing",
	              strcmp(json_str(o, "Scheme", ""), "internet-facing") == 0);
	cJSON_ArrayForEach(z, json_arr(o, "AvailabilityZones")) if (cJSON_IsObject(z))
	        conv_edge(c, json_str(z, "SubnetId", ""), "contains", id, NULL);
}

/* Selectors may differ from account to account of an organisation's trail, so each keeps its own
 * prop. */
static void more_trail(struct conv *c, const cJSON *o, cJSON *node, const char *id)
{
	static const char *const keys[] = {"EventSelectors", "AdvancedEventSelectors"};
	cJSON *props = conv_props(node);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		char name[64];
		if (!json_arr(o, keys[i]))
			continue;
		snprintf(name, sizeof(name), "%s_%s", keys[i], *c->account ? c->account : "all");
		cJSON_AddItemToObject(props, name, cJSON_Duplicate(json_arr(o, keys[i]), true));
	}
	if (json_str(o, "S3BucketName", NULL)) {
		char *bucket = xasprintf("arn:aws:s3:::%s", json_str(o, "S3BucketName", ""));
		conv_edge(c, id, "writes", bucket, NULL);
		free(bucket);
	}
}

static void more_cluster(struct conv *c, const cJSON *o, cJSON *node, const char *id)
{
	const cJSON *vpc = json_obj(o, "resourcesVpcConfig");
	const cJSON *logging = json_obj(o, "logging");
	(void)c, (void)id;
	json_add_bool(conv_props(node), "endpoint_public",
	              json_bool(vpc, "endpointPublicAccess", false));
	if (json_arr(vpc, "publicAccessCidrs"))
		cJSON_AddItemToObject(conv_props(node), "endpoint_cidrs",
		                      cJSON_Duplicate(json_arr(vpc, "publicAccessCidrs"), true));
	if (logging)
		cJSON_AddItemToObject(conv_props(node), "logging", cJSON_Duplicate(logging, true));
}

static void more_key(struct conv *c, const cJSON *o, cJSON *node, const char *id)
{
	(void)c, (void)id;
	normal(node, "name", json_str(o, "Description", NULL));
}

/* The scan */

static void arn_piece(const char *arn, int piece, char *out, size_t size)
{
	struct slice rest = slice_of(arn), one = {"", 0};
	for (int i = 0; i <= piece; i++)
		if (!slice_split(&rest, ':', &one))
			return;
	if (one.n && one.n < size)
		snprintf(out, size, "%.*s", (int)one.n, one.s);
}

/* The ids of global kinds have no place in them. */
static char *built_arn(const char *what, const char *name, const struct scope *s)
{
	const char *colon = strchr(what, ':');
	int n = (int)(colon - what);
	if (strcmp(what, "s3:") == 0)
		return xasprintf("arn:aws:s3:::%s", name);
	return xasprintf("arn:aws:%.*s:%s:%s:%s%s", n, what, s->region, s->account, colon + 1,
	                 name);
}

static char *resource_id(const struct resource *r, const cJSON *o, const struct scope *s)
{
	const char *own = json_str(o, r->id, "");
	struct buf b = BUF_INIT;
	char *id;
	if (r->arn) {
		/* a target group's ARN gives the place, its last piece is left off: files name it
		 * without */
		const char *arn = json_str(o, "TargetGroupArn", NULL);
		char region[32] = "", account[16] = "";
		struct scope place = *s;
		if (arn) {
			arn_piece(arn, 3, region, sizeof(region));
			arn_piece(arn, 4, account, sizeof(account));
			place.region = region;
			place.account = account;
		}
		return built_arn(r->arn, own, &place);
	}
	id = xstrdup(canonical(own, &b));
	buf_release(&b);
	return id;
}

static void in_account(struct conv *c, const cJSON *o, const char *account, const char *id)
{
	static const char *const places[] = {"SubnetId", "VpcId", "VPCId", "vpcId"};
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (json_str(o, places[i], NULL) && strcmp(json_str(o, places[i], ""), id) != 0)
			return;
	conv_edge(c, account, "contains", id, NULL);
}

static void emit_resource(struct conv *c, const struct resource *r, const cJSON *o, const char *id,
                          const struct scope *s)
{
	static const char *const tag_keys[] = {"Tags", "TagSet", "TagList", "tags", "resourceTags"};
	cJSON *node = conv_node(id, r->type, r->name ? json_str(o, r->name, "") : "", s->account,
	                        s->region);
	conv_scalars(conv_props(node), o);
	for (size_t i = 0; i < ARRAY_LEN(tag_keys); i++)
		conv_tags(node, json_get(o, tag_keys[i]));
	add_policy(node, o);
	if (r->more)
		r->more(c, o, node, id);
	conv_emit(c, node);
	in_account(c, o, s->account, id);
	if (strcmp(r->type, "access_key") == 0 && *s->account) {
		char *user = xasprintf("arn:aws:iam::%s:user/%s", s->account,
		                       json_str(o, "UserName", ""));
		conv_edge(c, user, "owns", id, NULL);
		free(user);
	}
}

/* A resource of no row is still one where it names itself by an ARN. */
static const char *own_arn(const cJSON *o)
{
	const cJSON *v;
	cJSON_ArrayForEach(v, o)
	{
		size_t n = strlen(v->string);
		char name[128];
		if (!cJSON_IsString(v) || strncmp(v->valuestring, "arn:", 4) != 0)
			continue;
		if (strcmp(v->string, "Arn") == 0 || strcmp(v->string, "ARN") == 0 ||
		    strcmp(v->string, "arn") == 0 || strcmp(v->string, "ResourceARN") == 0)
			return v->valuestring;
		if (n < 4 || n > 120 ||
		    !slice_ieq((struct slice){v->string + n - 3, 3}, SLICE("arn")))
			continue;
		snprintf(name, sizeof(name), "%.*sName", (int)n - 3, v->string);
		if (json_str(o, name, NULL))
			return v->valuestring;
	}
	return NULL;
}

static void emit_by_arn(struct conv *c, const cJSON *o, const char *id, struct scope *s)
{
	static const char *const names[] = {"Name", "name"};
	cJSON *node = conv_node(id, graph_type_of_id(slice_of(id)), "", s->account, s->region);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		normal(node, "name", json_str(o, names[i], NULL));
	conv_scalars(conv_props(node), o);
	conv_tags(node, json_get(o, "Tags"));
	conv_tags(node, json_get(o, "tags"));
	add_policy(node, o);
	conv_emit(c, node);
	in_account(c, o, s->account, id);
}

static bool scan(struct conv *c, const cJSON *v, struct scope s);

static bool scan_children(struct conv *c, const cJSON *o, const struct scope *s)
{
	const cJSON *v;
	bool any = false;
	cJSON_ArrayForEach(v, o)
	{
		struct scope below = *s;
		below.depth++;
		if (v->string) {
			if (s->owner)
				refer_all(c, s, v);
			if (cJSON_IsObject(v) || cJSON_IsArray(v))
				below.parent = v->string;
		}
		any |= scan(c, v, below);
	}
	return any;
}

/* Where a record says whose and where it is, its parts are there too. */
struct place {
	char account[16], region[32];
};

static void place_of(const cJSON *o, const char *arn, struct place *p, struct scope *s)
{
	static const char *const owners[] = {"OwnerId", "AccountId", "AwsAccountId", "accountId"};
	const char *az = json_str(o, "AvailabilityZone",
	                          json_str(json_obj(o, "Placement"), "AvailabilityZone", ""));
	snprintf(p->account, sizeof(p->account), "%s", s->account);
	snprintf(p->region, sizeof(p->region), "%s", s->region);
	for (size_t i = 0; i < ARRAY_LEN(owners); i++)
		if (strlen(json_str(o, owners[i], "")) == 12)
			snprintf(p->account, sizeof(p->account), "%s", json_str(o, owners[i], ""));
	if (strlen(az) > 8)
		snprintf(p->region, sizeof(p->region), "%.*s", (int)strlen(az) - 1, az);
	if (arn && strncmp(arn, "arn:", 4) == 0) {
		arn_piece(arn, 3, p->region, sizeof(p->region));
		arn_piece(arn, 4, p->account, sizeof(p->account));
	}
	s->account = p->account;
	s->region = p->region;
}

static bool scan_object(struct conv *c, const cJSON *o, struct scope s)
{
	const struct resource *r = resource_of(o, s.parent);
	struct place place;
	struct buf b = BUF_INIT;
	const char *arn;
	char *id = NULL;
	bool any = true;

	place_of(o, r ? json_str(o, r->id, "") : own_arn(o), &place, &s);
	if (conv_iam(c, o, s.account))
		return true;
	arn = r ? NULL : own_arn(o);
	if (r) {
		emit_resource(c, r, o, id = resource_id(r, o, &s), &s);
		if (s.owner && strcmp(r->type, "network_interface") == 0)
			conv_edge(c, id, "attached_to", s.owner, NULL);
	}
	if (arn && !s.owner)
		emit_by_arn(c, o, id = xstrdup(canonical(arn, &b)), &s);
	if (id) {
		s.owner = id;
		s.owner_type = r ? r->type : graph_type_of_id(slice_of(id));
	}
	if (!r || !r->leaf)
		any = scan_children(c, o, &s) || id;
	free(id);
	buf_release(&b);
	return any;
}

static bool scan(struct conv *c, const cJSON *v, struct scope s)
{
	if (s.depth > INVENTORY_DEPTH_MAX || c->rc)
		return false;
	if (cJSON_IsObject(v))
		return scan_object(c, v, s);
	if (cJSON_IsArray(v))
		return scan_children(c, v, &s);
	return false;
}

/* Outputs about one thing that do not name it: the file's name does, or the policy's own resource.
 */

static const struct {
	const char *call,
	        *arn; /* what the call begins with; how an ARN is built from the subject */
	const char *type;
} subjects[] = {
        {"s3-", "s3:", "bucket"},
        {"s3api-", "s3:", "bucket"},
        {"get-bucket-", "s3:", "bucket"},
        {"get-public-access-block", "s3:", "bucket"},
        {"lambda-get-policy", "lambda:function:", "function"},
        {"kms-get-key-policy", "kms:key/", "kms_key"},
        {"secretsmanager-get-resource-policy", "secretsmanager:secret:", "secret"},
        {"ecr-get-repository-policy", "ecr:repository/", "image"},
        {"cloudtrail-get-trail-status", "cloudtrail:trail/", "trail"},
        {"elbv2-describe-target-health", "elasticloadbalancing:targetgroup/", "target_group"},
};

static char *subject_of_policy(const cJSON *doc)
{
	cJSON *policy = policy_of(doc);
	const cJSON *first = json_get(policy, "Statement"), *resource;
	struct buf b = BUF_INIT;
	char *id = NULL;
	if (cJSON_IsArray(first))
		first = first->child;
	resource = json_get(first, "Resource");
	if (cJSON_IsArray(resource))
		resource = resource->child;
	if (cJSON_IsString(resource) && strncmp(resource->valuestring, "arn:", 4) == 0 &&
	    !strchr(canonical(resource->valuestring, &b), '*'))
		id = xstrdup(b.s);
	buf_release(&b);
	cJSON_Delete(policy);
	return id;
}

static char *subject_id(struct conv *c, const cJSON *doc, const struct scope *s, const char **type)
{
	const char *bucket = json_str(doc, "Bucket", NULL);
	if (bucket) {
		*type = "bucket";
		return built_arn("s3:", bucket, s);
	}
	for (size_t i = 0; i < ARRAY_LEN(subjects) && *c->subject; i++)
		if (strncmp(c->call, subjects[i].call, strlen(subjects[i].call)) == 0) {
			*type = subjects[i].type;
			return built_arn(subjects[i].arn, c->subject, s);
		}
	*type = NULL;
	return subject_of_policy(doc);
}

static bool public_grant(const cJSON *doc)
{
	const cJSON *g;
	cJSON_ArrayForEach(
	        g, json_arr(doc, "Grants")) if (strstr(json_str(json_obj(g, "Grantee"), "URI", ""),
	                                               "global/AllUsers")) return true;
	return false;
}

static bool conv_subject(struct conv *c, const cJSON *doc, struct scope s)
{
	static const char *const about[] = {
	        "Policy",    "policyText",         "PublicAccessBlockConfiguration",
	        "TagSet",    "LocationConstraint", "Grants",
	        "IsLogging", "ResourcePolicy",     "TargetHealthDescriptions"};
	const char *type;
	char *id = NULL;
	cJSON *node;
	bool known = false;

	for (size_t i = 0; i < ARRAY_LEN(about); i++)
		known |= json_get(doc, about[i]) != NULL;
	if (!known || own_arn(doc) || !(id = subject_id(c, doc, &s, &type)))
		return false;
	node = conv_node(id, type ? type : graph_type_of_id(slice_of(id)), "", s.account,
	                 json_str(doc, "LocationConstraint", ""));
	conv_scalars(conv_props(node), doc);
	add_policy(node, doc);
	conv_tags(node, json_arr(doc, "TagSet"));
	if (json_obj(doc, "PublicAccessBlockConfiguration"))
		cJSON_AddItemToObject(
		        conv_props(node), "public_access_block",
		        cJSON_Duplicate(json_obj(doc, "PublicAccessBlockConfiguration"), true));
	if (public_grant(doc))
		json_add_bool(conv_props(node), "public_acl", true);
	conv_emit(c, node);
	s.owner = id;
	s.owner_type = type ? type : "";
	scan_children(c, doc, &s);
	free(id);
	return true;
}

/* The account that most ARNs and owners of a map name: it is a map of one account's outputs. */
static void count_accounts(const cJSON *v, struct map *counts, int depth)
{
	const cJSON *child;
	char account[16] = "";
	if (depth > INVENTORY_DEPTH_MAX)
		return;
	if (cJSON_IsString(v) && strncmp(v->valuestring, "arn:", 4) == 0)
		arn_piece(v->valuestring, 4, account, sizeof(account));
	else if (cJSON_IsString(v) && v->string && strcmp(v->string, "OwnerId") == 0)
		snprintf(account, sizeof(account), "%.12s", v->valuestring);
	if (strlen(account) == 12)
		map_put_str(counts, account, NULL)->val.u++;
	cJSON_ArrayForEach(child, v) count_accounts(child, counts, depth + 1);
}

static void infer_account(struct conv *c, const cJSON *doc)
{
	struct map counts = MAP_INIT;
	uint64_t most = 0;
	count_accounts(doc, &counts, 0);
	for (size_t i = 0; i < counts.n; i++)
		if (counts.entries[i].val.u > most) {
			most = counts.entries[i].val.u;
			snprintf(c->account, sizeof(c->account), "%s", counts.entries[i].key);
		}
	map_release(&counts);
}

/* A map from file names to outputs: each value is read as that file would be. */
static bool conv_map(struct conv *c, const cJSON *doc)
{
	const cJSON *v;
	bool any = false;
	if (!*c->account)
		infer_account(c, doc);
	cJSON_ArrayForEach(v, doc)
	{
		struct inventory_opts o = {.name = v->string,
		                           .account = *c->account ? c->account : NULL,
		                           .region = *c->region ? c->region : NULL};
		struct err e;
		if (!cJSON_IsObject(v) || c->rc)
			continue;
		if (inventory_convert(NULL, v, &o, c->sink, &e) == 0)
			any = true;
		else if (e.code != ERR_NOT_FOUND) {
			*c->e = e;
			c->rc = -1;
		}
	}
	return any;
}

/* What was listed, even where the list is empty: "no flow log" is known only where flow logs were asked for. */
static const char *const listings[] = {
        "FlowLogs",    "ResolverQueryLogConfigAssociations",
        "trailList",   "DetectorIds",
        "Trails",      "Reservations",
        "DBInstances", "SecurityGroups",
};

static bool note_listing(struct conv *c, const cJSON *doc)
{
	bool any = false;
	for (size_t i = 0; i < ARRAY_LEN(listings); i++) {
		char key[96];
		cJSON *node;
		if (!json_arr(doc, listings[i]))
			continue;
		any = true;
		if (!*c->account)
			continue;
		snprintf(key, sizeof(key), "listed:%s:%s", listings[i], c->region);
		node = conv_node(c->account, "account", "", c->account, "");
		json_add_bool(conv_props(node), key, true);
		conv_emit(c, node);
	}
	return any;
}

bool conv_aws(struct conv *c, const cJSON *doc)
{
	struct scope s = {.account = c->account, .region = c->region};
	const char *first = doc->child && doc->child->string ? doc->child->string : "";
	if (cJSON_IsObject(doc) && (strchr(first, '/') || strstr(first, ".json")))
		return conv_map(c, doc);
	bool subject = conv_subject(c, doc, s);

	bool listed = note_listing(c, doc);
	return scan(c, doc, s) || subject || listed;
}
