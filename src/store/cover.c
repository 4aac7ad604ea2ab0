/* Log cover: what the inventory says is logged, joined with what arrived. */
#include "store/catalog_int.h"
#include "store/cover_seen.h"

#include "store/graph_int.h"

static const char *const class_names[] = {[COVER_MANAGEMENT] = "management",
                                          [COVER_DATA] = "data",
                                          [COVER_FLOW] = "flow",
                                          [COVER_DNS] = "dns",
                                          [COVER_SIGNIN] = "signin",
                                          [COVER_ENDPOINT] = "endpoint",
                                          [COVER_AUDIT] = "audit",
                                          [COVER_FINDING] = "finding"};

const char *cover_class_name(enum cover_class c)
{
	return class_names[c];
}

int cover_class_parse(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(class_names); i++)
		if (strcmp(class_names[i], name) == 0)
			return (int)i;
	return -1;
}

/* A dataset, or every dataset below it. */
static const struct {
	const char *dataset;
	enum cover_class cls;
} datasets[] = {
        {"cloudtrail", COVER_MANAGEMENT},
        {"vpcflow", COVER_FLOW},
        {"route53dns", COVER_DNS},
        {"azure.signin", COVER_SIGNIN},
        {"okta", COVER_SIGNIN},
        {"windows", COVER_ENDPOINT},
        {"auditd", COVER_ENDPOINT},
        {"defender", COVER_ENDPOINT},
        {"syslog", COVER_ENDPOINT},
        {"zeek.dns", COVER_DNS},
        {"zeek", COVER_FLOW},
        {"guardduty", COVER_FINDING},
        {"securityhub", COVER_FINDING},
        {"ocsf", COVER_FINDING},
        {"finding", COVER_FINDING},
        {"alerts", COVER_FINDING},
        {"incidents", COVER_FINDING},
        {"s3.honeybucket", COVER_DATA},
        {"azure.activity", COVER_MANAGEMENT},
};
/* CloudTrail calls that only data event selectors record. */
static const char *const data_calls[] = {
        "GetObject",
        "PutObject",
        "DeleteObject",
        "DeleteObjects",
        "HeadObject",
        "CopyObject",
        "ListObjects",
        "GetObjectAcl",
        "PutObjectAcl",
        "RestoreObject",
        "UploadPart",
        "Invoke",
        "InvokeAsync",
        "GetItem",
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "Query",
        "Scan",
        "BatchGetItem",
        "SelectObjectContent",
        "CompleteMultipartUpload",
        "CreateMultipartUpload",
        "GetObjectTagging",
        "PutObjectTagging",
        "HeadBucket",
        "ListObjectVersions",
};

enum cover_class cover_class_of(const char *dataset, struct slice op)
{
	if (strcmp(dataset, "cloudtrail") == 0)
		for (size_t i = 0; i < ARRAY_LEN(data_calls); i++)
			if (slice_ieq(op, slice_of(data_calls[i])))
				return COVER_DATA;
	for (size_t i = 0; i < ARRAY_LEN(datasets); i++)
		if (dataset_within(dataset, slice_of(datasets[i].dataset)))
			return datasets[i].cls;
	return COVER_AUDIT;
}

/* The inventory's side */

struct trail {
	const char *id, *name, *account, *home;
	const cJSON *props;
	bool org, multi, logging;
	mw_time since;
};
struct log_setting { /* a flow log or a DNS query log */
	enum cover_class cls;
	const char *id;
	uint32_t of; /* what it is attached to; GRAPH_NONE */
	mw_time since;
	bool active;
};
struct inventory {
	struct arena arena;
	VEC(cJSON *) trees;
	VEC(struct trail) trails;
	VEC(struct log_setting) logs;
	VEC(const cJSON *) azure; /* props of diagnostic settings */
	mw_time read;             /* when it was imported */
};

static void add_trail(struct inventory *v, const cJSON *node)
{
	const cJSON *p = json_obj(node, "props");
	struct trail *t;
	if (json_arr(p, "logs")) {
		*vec_push(&v->azure) = node;
		return;
	}
	t = vec_push(&v->trails);
	*t = (struct trail){.id = json_str(node, "id", ""),
	                    .name = json_str(node, "name", ""),
	                    .account = json_str(node, "account", ""),
	                    .home = json_str(p, "HomeRegion", ""),
	                    .props = p,
	                    .org = json_bool(p, "IsOrganizationTrail", false),
	                    .multi = json_bool(p, "IsMultiRegionTrail", false),
	                    .logging = json_bool(p, "IsLogging", true),
	                    .since = json_time(p, "StartLoggingTime")};
}

static uint32_t attached_to(struct graph *g, uint32_t node)
{
	const struct graph_edge *e;
	size_t n = graph_out(g, node, &e);
	for (size_t i = 0; i < n; i++)
		if (strcmp(graph_type_name(g, e[i].type), "attached_to") == 0)
			return e[i].to;
	return GRAPH_NONE;
}

static void add_log(struct inventory *v, struct graph *g, uint32_t node, enum cover_class cls,
                    const cJSON *tree)
{
	const cJSON *p = json_obj(tree, "props");
	const char *status = json_str(p, "FlowLogStatus", json_str(p, "Status", "ACTIVE"));
	*vec_push(&v->logs) =
	        (struct log_setting){cls, json_str(tree, "id", ""), attached_to(g, node),
	                             json_time(p, "CreationTime"), strcmp(status, "ACTIVE") == 0};
}

static int read_node(struct inventory *v, struct graph *g, uint32_t i, struct err *e)
{
	const char *type = graph_node_type(g, i);
	bool trail = strcmp(type, "trail") == 0, flow = strcmp(type, "flow_log") == 0,
	     dns = strcmp(type, "dns_log") == 0;
	cJSON *whole;
	const cJSON *node;

	if (!trail && !flow && !dns)
		return 0;
	whole = graph_node(g, graph_node_id(g, i), e);
	if (!whole)
		return -1;
	*vec_push(&v->trees) = whole;
	node = json_obj(whole, "node");
	if (trail)
		add_trail(v, node);
	else
		add_log(v, g, i, flow ? COVER_FLOW : COVER_DNS, node);
	return 0;
}

/* A status that another account's listing gave stands on a node of its own, without selectors: it belongs to the trail of
 * that name. */
static void join_status(struct inventory *v)
{
	struct trail *t, *s;
	vec_each (t, &v->trails) {
		if (!*t->home)
			continue;
		vec_each (s, &v->trails) {
			const char *base = strrchr(s->id, '/');
			if (*s->home || !base || strcmp(base + 1, t->name) != 0)
				continue;
			t->logging &= s->logging;
			t->since = t->since == MW_TIME_NONE ? s->since : t->since;
		}
	}
}

static void inventory_release(struct inventory *v)
{
	for (size_t i = 0; i < v->trees.n; i++)
		cJSON_Delete(v->trees.v[i]);
	vec_free(&v->trees);
	vec_free(&v->trails);
	vec_free(&v->logs);
	vec_free(&v->azure);
	arena_release(&v->arena);
	*v = (struct inventory){0};
}

static int inventory_read(struct inventory *v, struct graph *g, struct err *e)
{
	cJSON *status;
	*v = (struct inventory){.read = MW_TIME_NONE};
	for (uint32_t i = 0; i < graph_count(g); i++)
		if (read_node(v, g, i, e)) {
			inventory_release(v);
			return -1;
		}
	join_status(v);
	status = graph_status(g, e);
	v->read = json_time(status, "imported");
	cJSON_Delete(status);
	return 0;
}

/* Both sides, kept until the lake or the graph moves: one of each a thread. */

struct sides {
	char lake_dir[256], graph_dir[256];
	int64_t lake_generation, graph_generation;
	uint64_t graph_file;
	bool have_lake, have_graph;
	struct seen_all in_lake, *seen; /* seen: in_lake, or of another store */
	struct inventory inv;
};
static _Thread_local struct sides kept;
static _Thread_local struct catalog *rows_of_store;

void cover_arrived(struct catalog *c)
{
	rows_of_store = c;
}

static int refresh_lake(struct sides *s, struct lake *l, struct err *e)
{
	bool changed;
	s->seen = !l && rows_of_store ? &rows_of_store->seen : &s->in_lake;
	if (!l || lake_refresh(l, &changed, e))
		return l ? -1 : 0;
	if (s->have_lake && s->lake_generation == l->generation && strcmp(s->lake_dir, l->dir) == 0)
		return 0;
	seen_release(&s->in_lake);
	s->have_lake = false;
	if (seen_read(&s->in_lake, l, e))
		return -1;
	s->have_lake = true;
	s->lake_generation = l->generation;
	snprintf(s->lake_dir, sizeof(s->lake_dir), "%s", l->dir);
	return 0;
}

static int refresh_graph(struct sides *s, struct graph *g, struct err *e)
{
	if (!g || graph_refresh(g, NULL, e) || !g->snap.h)
		return 0;
	if (s->have_graph && s->graph_generation == g->snap.h->generation &&
	    s->graph_file == g->snap.h->file_id && strcmp(s->graph_dir, g->dir) == 0)
		return 0;
	inventory_release(&s->inv);
	s->have_graph = false;
	if (inventory_read(&s->inv, g, e))
		return -1;
	s->have_graph = true;
	s->graph_generation = g->snap.h->generation;
	s->graph_file = g->snap.h->file_id;
	snprintf(s->graph_dir, sizeof(s->graph_dir), "%s", g->dir);
	return 0;
}

static int both_sides(struct lake *l, struct graph *g, struct sides **out, struct err *e)
{
	*out = &kept;
	return refresh_lake(&kept, l, e) || refresh_graph(&kept, g, e) ? -1 : 0;
}

/* Proving */

struct proving {
	struct graph *g;
	const struct sides *s;
	const struct cover_query *q;
	struct cover_proof *out;
	const char *account; /* of the query, or of the resource; "" any */
	const char *bucket;  /* name of a bucket; NULL */
	uint32_t resource;   /* node; GRAPH_NONE */
	const char *setting; /* what logs it */
};

static void say(struct proving *p, const char *fmt, ...) MW_PRINTF(2, 3);
static void say(struct proving *p, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(p->out->why, sizeof(p->out->why), fmt, ap);
	va_end(ap);
}

static bool trail_is_for(const struct proving *p, const struct trail *t)
{
	if (!*t->home)
		return false;
	if (*p->account && *t->account && strcmp(t->account, p->account) != 0 && !t->org)
		return false;
	return t->multi || !p->q->region || strcmp(t->home, p->q->region) == 0;
}

/* Selectors of the account where they were read for it, else every account's that were read. */
static bool selector_key(const struct proving *p, const struct trail *t, const char *key,
                         const char *kind)
{
	char own[64];
	size_t n = strlen(kind);
	if (strncmp(key, kind, n) != 0 || key[n] != '_')
		return false;
	if (!*p->account)
		return true;
	snprintf(own, sizeof(own), "%s_%s", kind, p->account);
	return !json_get(t->props, own) || strcmp(key, own) == 0;
}

static bool values_hold(const cJSON *values, const char *bucket)
{
	const cJSON *v;
	size_t n = strlen(bucket);
	cJSON_ArrayForEach(v, values)
	{
		const char *s = cJSON_IsString(v) ? v->valuestring : "";
		if (strcmp(s, "arn:aws:s3") == 0 || strcmp(s, "arn:aws:s3:::") == 0)
			return true;
		if (strncmp(s, "arn:aws:s3:::", 13) == 0 && strncmp(s + 13, bucket, n) == 0 &&
		    (!s[13 + n] || strcmp(s + 13 + n, "/") == 0))
			return true;
	}
	return false;
}

static bool plain_selects_bucket(const cJSON *selectors, const char *bucket)
{
	const cJSON *s, *d;
	cJSON_ArrayForEach(s, selectors) cJSON_ArrayForEach(
	        d, json_arr(s, "DataResources")) if (strcmp(json_str(d, "Type", ""),
	                                                    "AWS::S3::Object") == 0 &&
	                                             values_hold(json_arr(d, "Values"),
	                                                         bucket)) return true;
	return false;
}

static bool has_value(const cJSON *list, const char *value)
{
	const cJSON *v;
	cJSON_ArrayForEach(v, list) if (cJSON_IsString(v) &&
	                                strcmp(v->valuestring, value) == 0) return true;
	return false;
}

/* Whether one advanced selector is of this category, and leaves the bucket in. */
static bool advanced_selects(const cJSON *selector, const char *category, const char *bucket)
{
	const cJSON *f;
	bool of_category = false, in = true;
	cJSON_ArrayForEach(f, json_arr(selector, "FieldSelectors"))
	{
		const char *field = json_str(f, "Field", "");
		if (strcmp(field, "eventCategory") == 0)
			of_category = has_value(json_arr(f, "Equals"), category);
		else if (strcmp(field, "resources.type") == 0)
			in &= !bucket || has_value(json_arr(f, "Equals"), "AWS::S3::Object");
		else if (strcmp(field, "resources.ARN") == 0 && bucket)
			in &= values_hold(json_arr(f, "StartsWith"), bucket) ||
			      values_hold(json_arr(f, "Equals"), bucket);
	}
	return of_category && in;
}

static bool advanced_any(const cJSON *selectors, const char *category, const char *bucket)
{
	const cJSON *s;
	cJSON_ArrayForEach(s, selectors) if (advanced_selects(s, category, bucket)) return true;
	return false;
}

static bool includes_management(const cJSON *selectors)
{
	const cJSON *s;
	cJSON_ArrayForEach(
	        s, selectors) if (json_bool(s, "IncludeManagementEvents", false)) return true;
	return false;
}

/* 1 yes, 0 no, -1 its selectors were not read */
static int trail_selects(const struct proving *p, const struct trail *t)
{
	const cJSON *v;
	int known = -1;
	bool data = p->q->cls == COVER_DATA, yes = false;
	cJSON_ArrayForEach(v, t->props)
	{
		if (selector_key(p, t, v->string, "EventSelectors"))
			yes |= data ? p->bucket && plain_selects_bucket(v, p->bucket)
			            : includes_management(v);
		else if (selector_key(p, t, v->string, "AdvancedEventSelectors"))
			yes |= advanced_any(v, data ? "Data" : "Management",
			                    data ? p->bucket : NULL);
		else
			continue;
		known = 0;
	}
	if (known < 0 && !data && !json_bool(t->props, "HasCustomEventSelectors", true))
		return 1; /* without own selectors a trail takes management events */
	return yes ? 1 : known;
}

static enum cover_state by_trails(struct proving *p)
{
	const struct trail *t, *names = NULL;
	bool unread = false;
	vec_each (t, &p->s->inv.trails) {
		int selects;
		if (!trail_is_for(p, t))
			continue;
		names = t;
		selects = t->logging ? trail_selects(p, t) : 0;
		unread |= selects < 0;
		if (selects == 1) {
			p->setting = t->name;
			p->out->since = t->since;
			return COVER_LOGGED;
		}
	}
	if (unread || !names || (p->q->cls == COVER_DATA && !p->bucket))
		return COVER_UNKNOWN;
	p->setting = names->name;
	return COVER_NOT_LOGGED;
}

/* A listing that came back empty is knowledge too: the importer notes on the account what was listed. */
static bool was_listed(const struct proving *p, const char *what)
{
	uint32_t a = *p->account ? graph_find(p->g, slice_of(p->account)) : GRAPH_NONE;
	const char *region = p->q->region;
	struct err ignored;
	cJSON *node;
	char key[96];
	bool yes;

	if (a == GRAPH_NONE)
		return false;
	node = graph_node_json(p->g, a, &ignored);
	if (!region && p->resource != GRAPH_NONE) {
		cJSON *r = graph_node_json(p->g, p->resource, &ignored);
		snprintf(key, sizeof(key), "listed:%s:%s", what, json_str(r, "region", ""));
		cJSON_Delete(r);
	} else {
		snprintf(key, sizeof(key), "listed:%s:%s", what, region ? region : "");
	}
	yes = json_bool(json_obj(node, "props"), key, false);
	cJSON_Delete(node);
	return yes;
}

static enum cover_state by_logs(struct proving *p)
{
	static const char *const lists[] = {
	        [COVER_FLOW] = "FlowLogs", [COVER_DNS] = "ResolverQueryLogConfigAssociations"};
	const struct log_setting *s;
	vec_each (s, &p->s->inv.logs) {
		if (s->cls != p->q->cls || !s->active ||
		    (p->resource != GRAPH_NONE && s->of != p->resource))
			continue;
		if (p->resource == GRAPH_NONE && (p->q->account || p->q->region))
			continue; /* one network's log says nothing about the whole account */
		p->setting = s->id;
		p->out->since = s->since;
		return COVER_LOGGED;
	}
	return p->resource != GRAPH_NONE && was_listed(p, lists[p->q->cls]) ? COVER_NOT_LOGGED
	                                                                    : COVER_UNKNOWN;
}

static enum cover_state by_azure(struct proving *p)
{
	static const char *const categories[] = {"SignInLogs", "NonInteractiveUserSignInLogs"};
	const cJSON *const *node;
	const cJSON *log;
	bool known = false;
	vec_each (node, &p->s->inv.azure)
		cJSON_ArrayForEach(log, json_arr(json_obj(*node, "props"), "logs"))
		{
			if (strcmp(json_str(log, "category", ""), categories[0]) != 0)
				continue;
			known = true;
			if (json_bool(log, "enabled", false)) {
				p->setting = json_str(*node, "name", "");
				return COVER_LOGGED;
			}
		}
	return known ? COVER_NOT_LOGGED : COVER_UNKNOWN;
}

static enum cover_state by_inventory(struct proving *p)
{
	bool aws = strlen(p->account) == 12;
	if (!p->s->have_graph)
		return COVER_UNKNOWN;
	switch (p->q->cls) {
	case COVER_MANAGEMENT:
	case COVER_DATA:
		return by_trails(p);
	case COVER_FLOW:
	case COVER_DNS:
		return by_logs(p);
	case COVER_SIGNIN:
		return aws ? by_trails(p) : by_azure(p);
	case COVER_ENDPOINT:
	case COVER_AUDIT:
	case COVER_FINDING:
		break;
	}
	return COVER_UNKNOWN;
}

/* The lake's side */

enum fit {
	FIT_NO,
	FIT_MAYBE,
	FIT_YES
}; /* maybe: the events do not say which resource they are of */

static enum fit seen_fits(const struct proving *p, const struct seen *s)
{
	enum cover_class cls = p->q->cls;
	const char *own = p->bucket                   ? p->bucket
	                  : p->resource != GRAPH_NONE ? graph_node_id(p->g, p->resource)
	                                              : NULL;
	if (cls == COVER_SIGNIN && strlen(p->account) == 12)
		cls = COVER_MANAGEMENT; /* console sign-ins are management events */
	if (s->cls != cls || (*p->account && strcmp(s->account, p->account) != 0) ||
	    (p->q->region && *s->region && strcmp(s->region, p->q->region) != 0))
		return FIT_NO;
	if (!own)
		return FIT_YES;
	if (!*s->resource)
		return FIT_MAYBE;
	return strcmp(s->resource, own) == 0 ? FIT_YES : FIT_NO;
}

/* How far the whole stream has come that such events arrive in: the quiet of one bucket is no gap. */
static void stream_end(struct proving *p, const struct seen *like)
{
	struct cover_proof *o = p->out;
	const struct seen *s, *last = NULL;
	int64_t usual;
	vec_each (s, &p->s->seen->v)
		if (strcmp(s->dataset, like->dataset) == 0 &&
		    strcmp(s->account, like->account) == 0 && (!last || s->to > last->to))
			last = s;
	usual = seen_delay(last, 50);
	if (o->complete_to != MW_TIME_NONE && o->complete_to >= last->to)
		return;
	o->usual_delay = usual;
	o->complete_to = last->to - (usual >= 0 ? seen_delay(last, 95) - usual : 0);
}

/* Whether such events are here; fills newest, since and complete_to. maybe: those that may be of the resource count. */
static bool by_lake(struct proving *p, bool maybe)
{
	const struct seen *s;
	struct cover_proof *o = p->out;
	mw_time from = MW_TIME_NONE;
	vec_each (s, &p->s->seen->v) {
		enum fit fit = seen_fits(p, s);
		if (s->to == MW_TIME_NONE || fit == FIT_NO || (fit == FIT_MAYBE && !maybe))
			continue;
		from = from == MW_TIME_NONE || s->from < from ? s->from : from;
		o->newest = s->to > o->newest ? s->to : o->newest;
		stream_end(p, s);
	}
	if (from == MW_TIME_NONE)
		return false;
	o->since = o->since == MW_TIME_NONE || o->since < from ? from : o->since;
	return true;
}

/* Settings say that it is logged, and the stream that it would come in is here, if not with this resource. */
static bool stream_is_here(struct proving *p)
{
	const struct seen *s;
	static const char stream[] = "cloudtrail";
	if (p->q->cls != COVER_DATA)
		return false;
	vec_each (s, &p->s->seen->v)
		if (strcmp(s->dataset, stream) == 0 && s->cls == COVER_DATA &&
		    s->to != MW_TIME_NONE && strcmp(s->account, p->account) == 0) {
			stream_end(p, s);
			return true;
		}
	return false;
}

static const char *thing(const struct proving *p, char out[200])
{
	static const char *const what[] = {[COVER_MANAGEMENT] = "management events",
	                                   [COVER_DATA] = "data events",
	                                   [COVER_FLOW] = "flow logs",
	                                   [COVER_DNS] = "DNS query logs",
	                                   [COVER_SIGNIN] = "sign-in logs",
	                                   [COVER_ENDPOINT] = "endpoint logs",
	                                   [COVER_AUDIT] = "audit logs",
	                                   [COVER_FINDING] = "findings"};
	const char *of = p->bucket                   ? p->bucket
	                 : p->resource != GRAPH_NONE ? graph_node_id(p->g, p->resource)
	                                             : p->account;
	snprintf(out, 200, "%s%s%.120s%s%.40s", what[p->q->cls], *of ? " for " : "", of,
	         p->q->region ? " in " : "", p->q->region ? p->q->region : "");
	return out;
}

static void read_time(const struct proving *p, char out[48])
{
	char t[32];
	out[0] = '\0';
	if (p->s->inv.read == MW_TIME_NONE)
		return;
	mw_time_format(p->s->inv.read, t);
	snprintf(out, 48, ", read %.16sZ", t);
}

static void not_logged(struct proving *p)
{
	char what[200], read[48];
	read_time(p, read);
	if (p->setting)
		say(p, "%s are on no trail (trail %.60s%s)", thing(p, what), p->setting, read);
	else
		say(p, "%s are not switched on%s", thing(p, what), read);
}

static void logged(struct proving *p)
{
	char what[200], to[32];
	mw_time_format(p->out->complete_to, to);
	say(p, "%s are logged%s%.60s, complete to %s", thing(p, what), p->setting ? " by " : "",
	    p->setting ? p->setting : "", to);
}

/* Events of the class arrived from this account: so it is logged, unless it hangs on the single resource. */
static bool arrival_proves(const struct proving *p, bool arrived)
{
	if (!arrived)
		return false;
	return p->q->cls != COVER_DATA || p->bucket;
}

static void judge(struct proving *p)
{
	enum cover_state set = by_inventory(p);
	bool arrived = by_lake(p, set == COVER_LOGGED);
	char what[200];

	if (set == COVER_LOGGED && !arrived)
		arrived = stream_is_here(p);
	p->out->state = COVER_UNKNOWN;
	if (set == COVER_NOT_LOGGED && !arrived) {
		p->out->state = COVER_NOT_LOGGED;
		not_logged(p);
	} else if ((set == COVER_LOGGED && arrived) || arrival_proves(p, arrived)) {
		p->out->state = COVER_LOGGED;
		logged(p);
	} else if (set == COVER_LOGGED) {
		say(p, "%s are logged by %.60s, but none of them is in this lake", thing(p, what),
		    p->setting);
	} else {
		say(p, "nothing says whether %s are logged, and none is here", thing(p, what));
	}
}

static const char *bucket_name(const char *resource)
{
	const char *arn = "arn:aws:s3:::";
	return strncmp(resource, arn, strlen(arn)) == 0 ? resource + strlen(arn) : resource;
}

static void find_resource(struct proving *p, char account[32])
{
	struct err ignored;
	cJSON *node;
	const char *r = p->q->resource;
	if (!r || !p->g)
		return;
	p->resource = graph_find(p->g, slice_of(r));
	if (p->q->cls == COVER_DATA)
		p->bucket = bucket_name(r);
	if (p->resource == GRAPH_NONE)
		return;
	node = graph_node_json(p->g, p->resource, &ignored);
	if (!*p->account) {
		snprintf(account, 32, "%s", json_str(node, "account", ""));
		p->account = account;
	}
	cJSON_Delete(node);
}

static void make_id(struct proving *p)
{
	struct buf key = BUF_INIT;
	const struct cover_query *q = p->q;
	buf_printf(&key, "%s|%s|%s|%s", class_names[q->cls], q->account ? q->account : p->account,
	           q->region ? q->region : "",
	           p->bucket                   ? p->bucket
	           : p->resource != GRAPH_NONE ? graph_node_id(p->g, p->resource)
	           : q->resource               ? q->resource
	                                       : "");
	/* a name for the same question, now and later: it needs no writer */
	snprintf(p->out->id, sizeof(p->out->id), "c%llu",
	         (unsigned long long)(mw_hash(key.s, key.len) % 1000000000000ull));
	buf_release(&key);
}

static void prove(struct graph *g, const struct sides *s, const struct cover_query *q,
                  struct cover_proof *out)
{
	char account[32];
	struct proving p = {.g = g, .s = s, .q = q, .out = out, .resource = GRAPH_NONE};
	p.account = q->account ? q->account : "";
	*out = (struct cover_proof){.since = MW_TIME_NONE,
	                            .newest = MW_TIME_NONE,
	                            .complete_to = MW_TIME_NONE,
	                            .usual_delay = -1};
	find_resource(&p, account);
	make_id(&p);
	judge(&p);
}

int cover_prove(struct lake *l, struct graph *g, const struct cover_query *q,
                struct cover_proof *out, struct err *e)
{
	struct sides *s;
	if (both_sides(l, g, &s, e))
		return -1;
	prove(g, s, q, out);
	return 0;
}

/* The table: every question that the inventory or the lake gives rise to, once. */

#define COVER_ROWS_MAX 2000
#define HOLES_MAX 20

struct table {
	struct lake *l;
	struct graph *g;
	struct sides *s;
	cJSON *rows;
	struct map ids;
};

static void add_holes(struct table *t, cJSON *row, const struct cover_query *q)
{
	struct hole holes[HOLES_MAX];
	cJSON *list = json_add_arr(row, "holes");
	struct seen *s;
	vec_each (s, &t->s->seen->v) {
		size_t n;
		if (s->cls != q->cls || (q->account && strcmp(q->account, s->account) != 0) ||
		    (q->region && strcmp(q->region, s->region) != 0) ||
		    (q->resource && strcmp(bucket_name(q->resource), s->resource) != 0))
			continue;
		n = seen_holes(s, holes, HOLES_MAX);
		for (size_t i = 0; i < n; i++) {
			cJSON *h = cJSON_CreateObject();
			json_add_time(h, "from", holes[i].from);
			json_add_time(h, "to", holes[i].to);
			cJSON_AddItemToArray(list, h);
		}
	}
}

static void add_row(struct table *t, enum cover_class cls, const char *account, const char *region,
                    const char *resource, const char *source)
{
	static const char *const states[] = {[COVER_UNKNOWN] = "unknown",
	                                     [COVER_LOGGED] = "logged",
	                                     [COVER_NOT_LOGGED] = "not_logged"};
	struct cover_query q = {.cls = cls,
	                        .account = account,
	                        .region = region,
	                        .resource = resource,
	                        .from = MW_TIME_NONE,
	                        .to = MW_TIME_NONE};
	struct cover_proof p;
	cJSON *row;
	bool added;

	if (t->ids.n >= COVER_ROWS_MAX)
		return;
	prove(t->g, t->s, &q, &p);
	map_put_str(&t->ids, p.id, &added);
	if (!added)
		return;
	row = cJSON_CreateObject();
	json_add_str(row, "id", p.id);
	json_add_str(row, "class", class_names[cls]);
	json_add_str(row, "account", account);
	json_add_str(row, "region", region);
	json_add_str(row, "resource", resource);
	json_add_str(row, "source", source);
	json_add_str(row, "state", states[p.state]);
	json_add_str(row, "why", p.why);
	json_add_time(row, "since", p.since);
	json_add_time(row, "newest", p.newest);
	json_add_time(row, "complete_to", p.complete_to);
	json_add_i64(row, "delay_s", p.usual_delay < 0 ? -1 : p.usual_delay / MW_SECOND);
	add_holes(t, row, &q);
	cJSON_AddItemToArray(t->rows, row);
}

static const char *or_null(const char *s)
{
	return *s ? s : NULL;
}

static void rows_of_lake(struct table *t)
{
	const struct seen *s;
	vec_each (s, &t->s->seen->v) {
		bool single = (s->cls == COVER_DATA || s->cls == COVER_FLOW) && *s->resource;
		bool placed =
		        s->cls == COVER_MANAGEMENT || s->cls == COVER_FLOW || s->cls == COVER_DNS;
		add_row(t, s->cls, single ? NULL : or_null(s->account),
		        single || !placed ? NULL : or_null(s->region), single ? s->resource : NULL,
		        s->dataset);
	}
}

static void rows_of_graph(struct table *t)
{
	for (uint32_t i = 0; t->g && i < graph_count(t->g); i++) {
		const char *type = graph_node_type(t->g, i), *id = graph_node_id(t->g, i);
		if (strcmp(type, "account") == 0 && strlen(id) == 12)
			add_row(t, COVER_MANAGEMENT, id, NULL, NULL, "inventory");
		else if (strcmp(type, "bucket") == 0)
			add_row(t, COVER_DATA, NULL, NULL, id, "inventory");
		else if (strcmp(type, "vpc") == 0) {
			add_row(t, COVER_FLOW, NULL, NULL, id, "inventory");
			add_row(t, COVER_DNS, NULL, NULL, id, "inventory");
		} else if (strcmp(type, "subscription") == 0) {
			add_row(t, COVER_SIGNIN, NULL, NULL, NULL, "inventory");
		}
	}
}

cJSON *cover_table(struct lake *l, struct graph *g, struct err *e)
{
	struct table t = {.l = l, .g = g};
	if (both_sides(l, g, &t.s, e))
		return NULL;
	t.rows = cJSON_CreateArray();
	rows_of_lake(&t);
	rows_of_graph(&t);
	map_release(&t.ids);
	return t.rows;
}
