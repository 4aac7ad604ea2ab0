/* Detection of inventory formats, what a file's name tells, and the emitting of nodes and edges. */
#include "intake/inventory_conv.h"

#include <ctype.h>

/* Keys near the top of the document, as "key" or "key.key"; an array counts as its first elements.
 */

#define HEAD_KEYS_MAX 400

struct head {
	struct {
		int depth;
		struct slice key, parent;
	} keys[HEAD_KEYS_MAX];
	size_t n;
};

struct scanner {
	struct slice text;
	size_t at;
	int depth;       /* of objects; arrays are see-through */
	char stack[128]; /* '{' or '[' */
	int nstack;
	struct slice parent[4];
	struct head *out;
};

static bool scan_string(struct scanner *s, struct slice *out)
{
	size_t start = ++s->at;
	for (; s->at < s->text.n; s->at++) {
		if (s->text.s[s->at] == '\\') {
			s->at++;
		} else if (s->text.s[s->at] == '"') {
			*out = (struct slice){s->text.s + start, s->at - start};
			s->at++;
			return true;
		}
	}
	return false;
}

static void scan_key(struct scanner *s, struct slice key)
{
	struct head *h = s->out;
	struct slice parent = {"", 0};
	if (s->depth < 1 || s->depth > 3)
		return;
	if (s->depth > 1)
		parent = s->parent[s->depth - 1];
	s->parent[s->depth] = key;
	for (size_t i = 0; i < h->n; i++)
		if (h->keys[i].depth == s->depth && slice_eq(h->keys[i].key, key) &&
		    slice_eq(h->keys[i].parent, parent))
			return;
	if (h->n == HEAD_KEYS_MAX)
		return;
	h->keys[h->n].depth = s->depth;
	h->keys[h->n].key = key;
	h->keys[h->n].parent = parent;
	h->n++;
}

static bool scan_open(struct scanner *s, char c)
{
	if (s->nstack == (int)sizeof(s->stack))
		return false;
	s->stack[s->nstack++] = c;
	s->depth += c == '{';
	return true;
}

static bool scan_close(struct scanner *s)
{
	if (!s->nstack)
		return false;
	s->depth -= s->stack[--s->nstack] == '{';
	return s->nstack > 0;
}

/* A string right before a colon is a key. */
static bool scan_step(struct scanner *s)
{
	char c = s->text.s[s->at];
	struct slice str;

	if (c == '"') {
		if (!scan_string(s, &str))
			return false;
		while (s->at < s->text.n && isspace((unsigned char)s->text.s[s->at]))
			s->at++;
		if (s->at < s->text.n && s->text.s[s->at] == ':')
			scan_key(s, str);
		return true;
	}
	s->at++;
	if (c == '{' || c == '[')
		return scan_open(s, c);
	if (c == '}' || c == ']')
		return scan_close(s);
	return true;
}

static bool head_read(struct slice text, struct head *out)
{
	struct scanner s = {.text = text, .out = out};
	out->n = 0;
	if (text.n >= 3 && memcmp(text.s, "\xef\xbb\xbf", 3) == 0)
		s.at = 3;
	while (s.at < text.n && isspace((unsigned char)text.s[s.at]))
		s.at++;
	if (s.at == text.n || (text.s[s.at] != '{' && text.s[s.at] != '['))
		return false;
	while (s.at < text.n && scan_step(&s))
		;
	return out->n > 0;
}

/* "key" at the top, or "parent.key" one level down. */
static bool has(const struct head *h, const char *path)
{
	const char *dot = strchr(path, '.');
	struct slice parent = {path, dot ? (size_t)(dot - path) : 0};
	struct slice key = slice_of(dot ? dot + 1 : path);
	for (size_t i = 0; i < h->n; i++)
		if (h->keys[i].depth == (dot ? 2 : 1) && slice_eq(h->keys[i].key, key) &&
		    (!dot || slice_eq(h->keys[i].parent, parent)))
			return true;
	return false;
}

/* One alternative of a detection: all of these paths. */
#define KEYS_MAX 4
struct signature {
	const char *keys[KEYS_MAX];
};

static bool matches(const struct head *h, const struct signature *s)
{
	for (int i = 0; i < KEYS_MAX && s->keys[i]; i++)
		if (!has(h, s->keys[i]))
			return false;
	return true;
}

static const struct signature nodes_sig[] = {
        {{"node.id"}}, {{"edge.from", "edge.to"}}, {{"nodes.id", "edges.from"}}, {{NULL}}};
static const struct signature sentinel_sig[] = {{{"incident", "nodes.entry"}}, {{NULL}}};
static const struct signature iam_sig[] = {{{"UserDetailList"}},
                                           {{"RoleDetailList"}},
                                           {{"GroupDetailList"}},
                                           {{"Policies.PolicyVersionList"}},
                                           {{NULL}}};
static const struct signature ocsf_sig[] = {{{"class_uid", "metadata", "resources"}},
                                            {{"class_uid", "metadata", "finding_info"}},
                                            {{"class_uid", "metadata", "finding"}},
                                            {{"event.class_uid"}},
                                            {{NULL}}};
static const struct signature asff_sig[] = {{{"ProductArn", "Resources", "AwsAccountId"}},
                                            {{"Findings.ProductArn", "Findings.Resources"}},
                                            {{NULL}}};
static const struct signature guardduty_sig[] = {
        {{"Type", "Resource", "Service", "AccountId"}},
        {{"type", "resource", "service", "accountId"}},
        {{"Findings.Resource", "Findings.Service"}},
        {{"detail.service", "detail.resource", "detail.type"}},
        {{NULL}}};
static const struct signature wiz_sig[] = {{{"data.issuesV2"}},
                                           {{"data.issues"}},
                                           {{"data.cloudResourcesV2"}},
                                           {{"data.graphSearch"}},
                                           {{"entitySnapshot", "sourceRule"}},
                                           {{"trigger", "issue", "resource"}},
                                           {{"trigger", "primaryResource"}},
                                           {{NULL}}};
static const struct signature prisma_sig[] = {{{"items.policy", "items.resource"}},
                                              {{"items.rrn"}},
                                              {{"data.asset"}},
                                              {{"searchType", "data.items"}},
                                              {{"graphs.graph"}},
                                              {{"alertRuleName", "policyName", "resourceId"}},
                                              {{"policy", "resource", "policyId"}},
                                              {{NULL}}};
static const struct signature orca_sig[] = {
        {{"data.asset_unique_id"}}, {{"asset_unique_id", "asset_type"}}, {{NULL}}};
static const struct signature lacework_sig[] = {{{"data.alertId"}},
                                                {{"data.urn", "data.resourceType"}},
                                                {{"data.recommendation", "data.resource"}},
                                                {{"data.mid", "data.hostname"}},
                                                {{"data.RESOURCE_KEY"}},
                                                {{"alertId", "alertType", "alertInfo"}},
                                                {{NULL}}};
static const struct signature prowler_sig[] = {{{"check_id", "check_metadata", "uid"}},
                                               {{"provider", "uid", "service", "type"}},
                                               {{"finding", "resource"}},
                                               {{NULL}}};
static const struct signature finding_sig[] = {{{"id", "title", "severity", "resource.name"}},
                                               {{NULL}}};
/* Wrappers of the AWS command line and bare records of it. */
static const struct signature aws_sig[] = {{{"Reservations"}},
                                           {{"SecurityGroups.GroupId"}},
                                           {{"Subnets.SubnetId"}},
                                           {{"Vpcs.VpcId"}},
                                           {{"RouteTables"}},
                                           {{"NetworkInterfaces.OwnerId"}},
                                           {{"NetworkInterfaces"}},
                                           {{"Volumes"}},
                                           {{"Snapshots"}},
                                           {{"InternetGateways"}},
                                           {{"NatGateways"}},
                                           {{"NetworkAcls"}},
                                           {{"VpcEndpoints"}},
                                           {{"Buckets"}},
                                           {{"Policy"}},
                                           {{"PublicAccessBlockConfiguration"}},
                                           {{"TagSet"}},
                                           {{"DBInstances"}},
                                           {{"DBClusters"}},
                                           {{"DBSnapshots"}},
                                           {{"Functions.FunctionArn"}},
                                           {{"clusters"}},
                                           {{"cluster.arn"}},
                                           {{"LoadBalancers"}},
                                           {{"LoadBalancerDescriptions"}},
                                           {{"TargetGroups"}},
                                           {{"TargetHealthDescriptions"}},
                                           {{"Listeners.ListenerArn"}},
                                           {{"trailList"}},
                                           {{"TrailARN", "EventSelectors"}},
                                           {{"TrailARN", "AdvancedEventSelectors"}},
                                           {{"IsLogging", "LatestDeliveryTime"}},
                                           {{"FlowLogs"}},
                                           {{"Keys.KeyArn"}},
                                           {{"KeyMetadata"}},
                                           {{"SecretList"}},
                                           {{"ResourcePolicy", "ARN"}},
                                           {{"AccessKeyMetadata"}},
                                           {{"Users.UserName"}},
                                           {{"Roles.RoleName"}},
                                           {{"Role.RoleName"}},
                                           {{"User.UserName"}},
                                           {{"InstanceProfiles"}},
                                           {{"TopicArn"}},
                                           {{"Topics.TopicArn"}},
                                           {{"Attributes.QueueArn"}},
                                           {{"Attributes.TopicArn"}},
                                           {{"taskDefinition.taskDefinitionArn"}},
                                           {{"tasks.taskArn"}},
                                           {{"services.serviceArn"}},
                                           {{"repositories"}},
                                           {{"Images.ImageId"}},
                                           {{"DomainStatus"}},
                                           {{"TableNames"}},
                                           {{"Table.TableArn"}},
                                           {{"ResolverQueryLogConfigAssociations"}},
                                           {{"DetectorIds"}},
                                           {{"Regions.RegionName"}},
                                           {{"LocationConstraint"}},
                                           {{"Grants", "Owner"}},
                                           {{"policyText"}},
                                           {{"ResourceTagMappingList"}},
                                           {{"Clusters.ClusterIdentifier"}},
                                           {{"InstanceId", "ImageId"}},
                                           {{"Account", "Arn", "UserId"}},
                                           {{"value.properties.logs"}},
                                           {{NULL}}};
static const struct signature azure_sig[] = {{{"value.id", "value.properties"}}, {{NULL}}};

/* A map from calls to their outputs (cloudmapper): the keys are file names. */
static bool is_cloudmapper(const struct head *h)
{
	static const char *const verbs[] = {"-describe-", "-list-", "-get-"};
	for (size_t i = 0; i < h->n; i++)
		for (size_t v = 0; h->keys[i].depth == 1 && v < ARRAY_LEN(verbs); v++)
			if (mw_memimem(h->keys[i].key.s, h->keys[i].key.n, verbs[v],
			               strlen(verbs[v])))
				return true;
	return false;
}

static bool is_constant(struct slice key)
{
	bool underscore = false;
	for (size_t i = 0; i < key.n; i++) {
		underscore |= key.s[i] == '_';
		if (!isupper((unsigned char)key.s[i]) && !isdigit((unsigned char)key.s[i]) &&
		    key.s[i] != '_')
			return false;
	}
	return underscore && key.n > 4;
}

/* A map from names of constants to API responses (cartography). */
static bool is_cartography(const struct head *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->keys[i].depth <= 2 && is_constant(h->keys[i].key) &&
		    !slice_eq_str(h->keys[i].key, "RESOURCE_KEY") &&
		    !slice_eq_str(h->keys[i].key, "ACCOUNT_ID"))
			return true;
	return false;
}

struct inventory_format {
	const char *name;
	const struct signature *signatures; /* ends with an empty one; or */
	bool (*claims)(const struct head *h);
	bool has_events;
	bool (*convert)(struct conv *c, const cJSON *doc);
};

static bool conv_azure(struct conv *c, const cJSON *doc);

/* In this order: the first that claims the document. */
static const struct inventory_format formats[] = {
        {"inventory-sentinel", sentinel_sig, NULL, false, conv_sentinel},
        {"inventory-nodes", nodes_sig, NULL, false, conv_nodes},
        {"inventory-cloudmapper", NULL, is_cloudmapper, false, conv_aws},
        {"inventory-aws-iam", iam_sig, NULL, false, conv_aws},
        {"inventory-ocsf", ocsf_sig, NULL, true, conv_ocsf},
        {"inventory-securityhub", asff_sig, NULL, true, conv_asff},
        {"inventory-guardduty", guardduty_sig, NULL, true, conv_guardduty},
        {"inventory-wiz", wiz_sig, NULL, true, conv_wiz},
        {"inventory-orca", orca_sig, NULL, true, conv_orca},
        {"inventory-lacework", lacework_sig, NULL, true, conv_lacework},
        {"inventory-prisma", prisma_sig, NULL, true, conv_prisma},
        {"inventory-prowler", prowler_sig, NULL, true, conv_prowler},
        {"inventory-finding", finding_sig, NULL, true, conv_finding},
        {"inventory-cartography", NULL, is_cartography, false, conv_aws},
        {"inventory-aws", aws_sig, NULL, false, conv_aws},
        {"inventory-azure", azure_sig, NULL, false, conv_azure},
};

const struct inventory_format *inventory_detect(struct slice text)
{
	struct head *h = xmalloc(sizeof(*h));
	const struct inventory_format *found = NULL;

	if (head_read(text, h))
		for (size_t i = 0; i < ARRAY_LEN(formats) && !found; i++) {
			const struct signature *s = formats[i].signatures;
			if (formats[i].claims && formats[i].claims(h))
				found = &formats[i];
			for (; s && s->keys[0] && !found; s++)
				if (matches(h, s))
					found = &formats[i];
		}
	free(h);
	return found;
}

const char *inventory_format_name(const struct inventory_format *f)
{
	return f->name;
}

bool inventory_format_has_events(const struct inventory_format *f)
{
	return f->has_events;
}

/* What a name tells */

static bool is_account(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isdigit((unsigned char)s.s[i]))
			return false;
	return s.n == 12;
}

/* "us-east-1", "ap-southeast-2", "us-gov-west-1": letters, words, a digit at the end. */
static bool is_region(struct slice s)
{
	int dashes = 0;
	if (s.n < 9 || s.n > 16 || !isdigit((unsigned char)s.s[s.n - 1]))
		return false;
	for (size_t i = 0; i + 1 < s.n; i++) {
		dashes += s.s[i] == '-';
		if (s.s[i] != '-' && !islower((unsigned char)s.s[i]))
			return false;
	}
	return (dashes == 2 || dashes == 3) && s.s[2] == '-' && s.s[s.n - 2] == '-';
}

static void keep(char *out, size_t size, struct slice s)
{
	snprintf(out, size, "%.*s", (int)s.n, s.s);
}

/* "s3-get-bucket-policy/NAME", "ec2-describe-instances.json", "s3-get-bucket-policy_NAME.json" */
static bool is_call(struct slice s)
{
	return mw_memimem(s.s, s.n, "-get-", 5) || mw_memimem(s.s, s.n, "-describe-", 10) ||
	       mw_memimem(s.s, s.n, "-list-", 6) || mw_memimem(s.s, s.n, "get-", 4) == s.s;
}

static struct slice without_json(struct slice s)
{
	if (s.n > 5 && memcmp(s.s + s.n - 5, ".json", 5) == 0)
		s.n -= 5;
	return s;
}

static void name_hints(struct conv *c, const char *name)
{
	struct slice rest = slice_of(name), piece;
	while (rest.n && slice_split(&rest, '/', &piece)) {
		if (is_account(piece))
			keep(c->account, sizeof(c->account), piece);
		else if (is_region(piece))
			keep(c->region, sizeof(c->region), piece);
		else if (is_call(piece)) {
			struct slice call, subject = without_json(piece);
			slice_split(&subject, '_', &call);
			keep(c->call, sizeof(c->call), call);
			keep(c->subject, sizeof(c->subject), rest.n ? without_json(rest) : subject);
			return;
		}
	}
}

int inventory_convert(const struct inventory_format *f, const cJSON *doc,
                      const struct inventory_opts *o, const struct inventory_sink *sink,
                      struct err *e)
{
	struct conv c = {.sink = sink, .e = e};
	struct buf text = BUF_INIT;

	if (!f) {
		json_write(&text, doc);
		f = inventory_detect((struct slice){text.s, text.len});
		buf_release(&text);
	}
	if (!f)
		return err_set(e, ERR_NOT_FOUND, "no inventory or finding is known by these keys");
	if (o && o->name)
		name_hints(&c, o->name);
	if (o && o->account)
		keep(c.account, sizeof(c.account), slice_of(o->account));
	if (o && o->region)
		keep(c.region, sizeof(c.region), slice_of(o->region));
	if (!f->convert(&c, doc) && !c.rc && !f->has_events)
		return err_set(e, ERR_NOT_FOUND, "%s: no known resource in this document", f->name);
	return c.rc;
}

/* Emitting */

cJSON *conv_node(const char *id, const char *type, const char *name, const char *account,
                 const char *region)
{
	cJSON *n = cJSON_CreateObject();
	json_add_str(n, "id", id);
	json_add_str(n, "type", type);
	if (name && *name)
		json_add_str(n, "name", name);
	if (account && *account)
		json_add_str(n, "account", account);
	if (region && *region)
		json_add_str(n, "region", region);
	return n;
}

static cJSON *member(cJSON *node, const char *key, bool array)
{
	cJSON *v = json_get(node, key);
	if (v)
		return v;
	return array ? json_add_arr(node, key) : json_add_obj(node, key);
}

cJSON *conv_props(cJSON *node)
{
	return member(node, "props", false);
}

void conv_tag(cJSON *node, const char *key, const char *value)
{
	cJSON *tags = member(node, "tags", false);
	if (!key || !*key || json_get(tags, key))
		return;
	json_add_str(tags, key, value ? value : "");
	if (strcmp(key, "Name") == 0 && value && !*json_str(node, "name", ""))
		json_add_str(node, "name", value);
}

void conv_label(cJSON *node, const char *label)
{
	if (label && *label)
		cJSON_AddItemToArray(member(node, "labels", true), cJSON_CreateString(label));
}

void conv_tags(cJSON *node, const cJSON *tags)
{
	const cJSON *t;
	cJSON_ArrayForEach(t, tags)
	{
		if (cJSON_IsObject(t))
			conv_tag(node, json_str(t, "Key", json_str(t, "key", NULL)),
			         json_str(t, "Value", json_str(t, "value", NULL)));
		else if (cJSON_IsString(t) && t->string)
			conv_tag(node, t->string, t->valuestring);
	}
}

void conv_scalars(cJSON *props, const cJSON *object)
{
	const cJSON *v;
	cJSON_ArrayForEach(v, object)
	{
		bool text = cJSON_IsString(v) && *v->valuestring &&
		            strlen(v->valuestring) <= INVENTORY_PROP_MAX;
		if ((text || cJSON_IsNumber(v) || cJSON_IsBool(v)) && !json_get(props, v->string))
			cJSON_AddItemToObject(props, v->string, cJSON_Duplicate(v, false));
	}
}

static void emit(struct conv *c, const char *kind, cJSON *what)
{
	cJSON *object = cJSON_CreateObject();
	cJSON_AddItemToObject(object, kind, what);
	if (!c->rc) {
		c->rc = c->sink->graph(c->sink->ctx, object, c->e);
		c->emitted++;
	}
	cJSON_Delete(object);
}

void conv_emit(struct conv *c, cJSON *node)
{
	if (*json_str(node, "id", ""))
		emit(c, "node", node);
	else
		cJSON_Delete(node);
}

void conv_edge(struct conv *c, const char *from, const char *type, const char *to, cJSON *props)
{
	cJSON *e;
	if (!from || !*from || !to || !*to) {
		cJSON_Delete(props);
		return;
	}
	e = cJSON_CreateObject();
	json_add_str(e, "from", from);
	json_add_str(e, "to", to);
	json_add_str(e, "type", type);
	if (props)
		cJSON_AddItemToObject(e, "props", props);
	emit(c, "edge", e);
}

/* Plain objects: one a line, or lists of them */

static bool emit_plain(struct conv *c, const char *kind, const cJSON *what)
{
	if (!cJSON_IsObject(what))
		return false;
	emit(c, kind, cJSON_Duplicate(what, true));
	return true;
}

bool conv_nodes(struct conv *c, const cJSON *doc)
{
	static const char *const lists[][2] = {{"nodes", "node"}, {"edges", "edge"}};
	bool any = false;
	const cJSON *v;

	if (cJSON_IsArray(doc)) {
		cJSON_ArrayForEach(v, doc) any |= conv_nodes(c, v);
		return any;
	}
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		any |= emit_plain(c, lists[i][1], json_obj(doc, lists[i][1]));
		cJSON_ArrayForEach(v, json_arr(doc, lists[i][0])) any |=
		        emit_plain(c, lists[i][1], v);
	}
	return any;
}

/* Azure resource lists and diagnostic settings: {"value":[{"id","name","type","properties"}]} */
static bool conv_azure(struct conv *c, const cJSON *doc)
{
	const cJSON *v;
	bool any = false;
	cJSON_ArrayForEach(v, json_arr(doc, "value"))
	{
		const char *id = json_str(v, "id", "");
		bool diagnostic = mw_memimem(id, strlen(id), "diagnosticSettings", 18);
		cJSON *n = conv_node(id, diagnostic ? "trail" : NULL, json_str(v, "name", ""), "",
		                     json_str(v, "location", ""));
		conv_scalars(conv_props(n), json_obj(v, "properties"));
		if (json_arr(json_obj(v, "properties"), "logs"))
			cJSON_AddItemToObject(
			        conv_props(n), "logs",
			        cJSON_Duplicate(json_arr(json_obj(v, "properties"), "logs"), true));
		conv_tags(n, json_obj(v, "tags"));
		conv_emit(c, n);
		any = true;
	}
	return any;
}
