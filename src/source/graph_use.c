#include "source/graph_use.h"

#include "base/map.h"
#include "store/cover.h"

#define USE_COUNT_MAX 1000 /* events that are counted; more: "count" is at least that */

struct use {
	struct graph *g;
	struct lake *l;
	struct source *source; /* the lake's */
	const struct source_run *run;
	mw_time from, to;
	struct map marks; /* edge and member -> JSON text */
};

struct use *use_new(struct graph *g, struct lake *l, const struct source_run *run, mw_time from,
                    mw_time to)
{
	struct use *u = xcalloc(1, sizeof(*u));
	*u = (struct use){.g = g, .l = l, .run = run, .from = from, .to = to};
	if (l)
		u->source = source_lake_open(l, "lake");
	return u;
}

void use_free(struct use *u)
{
	if (!u)
		return;
	for (size_t i = 0; i < u->marks.n; i++)
		free(u->marks.entries[i].val.p);
	map_release(&u->marks);
	if (u->source)
		u->source->ops->close(u->source);
	free(u);
}

/* One edge as a search. */

struct asked {
	struct use *u;
	uint32_t edge, from, to;
	const char *type;
	cJSON *props, *source_node, *target_node;
	struct plan *p;
	struct plan_node *all; /* where */
	enum cover_class cls;
	const char *resource; /* for the cover */
	char account[40];
};

static struct plan_node *add_any(struct asked *a)
{
	struct plan_node *any = plan_group(a->p, PN_ANY);
	plan_group_add(a->all, any);
	return any;
}

static void is(struct asked *a, struct plan_node *group, const char *field, enum plan_op op,
               const char *value)
{
	if (value && *value)
		plan_group_add(group, plan_cmp(a->p, field, op, slice_of(value)));
}

/* Who acts: by the ARNs that an event may name it with. */
static void by_role(struct asked *a, struct plan_node *any, const char *arn, const char *name)
{
	char session[300];
	const char *acct = strstr(arn, "::");
	is(a, any, "actor.session.issuer", OP_IS, arn);
	is(a, any, "actor.user.uid", OP_IS, arn);
	if (acct && strlen(acct) > 14) {
		snprintf(session, sizeof(session), "arn:aws:sts::%.12s:assumed-role/%.128s/",
		         acct + 2, name);
		is(a, any, "actor.user.uid", OP_STARTS, session);
	}
}

static bool by_actor(struct asked *a)
{
	const char *type = json_str(a->source_node, "type", ""),
	           *id = graph_node_id(a->u->g, a->from),
	           *name = json_str(a->source_node, "name", "");
	struct plan_node *any = add_any(a);

	if (strcmp(type, "role") == 0)
		by_role(a, any, id, name);
	else if (strcmp(type, "user") == 0 && strncmp(id, "arn:", 4) == 0)
		is(a, any, "actor.user.uid", OP_IS, id);
	else if (strcmp(type, "user") == 0)
		is(a, any, "actor.user.name", OP_IS, name);
	else if (strcmp(type, "access_key") == 0)
		is(a, any, "actor.user.credential_uid", OP_IS, id);
	else if (strcmp(type, "instance") == 0)
		is(a, any, "actor.session.uid", OP_IS, id);
	else if (strcmp(type, "service") == 0)
		is(a, any, "actor.invoked_by", OP_IS, id);
	else
		return strcmp(type, "internet") == 0;
	return true;
}

/* What is acted on: the fields that name a resource of its kind. */
static const struct {
	const char *type, *field;
	bool by_name; /* else by id */
} targets[] = {
        {"bucket", "mw.bucket", true},
        {"role", "mw.role", true},
        {"user", "user.name", true},
        {"instance", "mw.instance", false},
        {"function", "mw.function", true},
        {"secret", "mw.secret", true},
        {"database", "mw.db", true},
        {"snapshot", "mw.snapshot", false},
        {"volume", "mw.volume", false},
        {"kms_key", "mw.kms_key", false},
        {"security_group", "mw.security_group", false},
};

static void by_target(struct asked *a)
{
	const char *type = json_str(a->target_node, "type", ""),
	           *id = graph_node_id(a->u->g, a->to),
	           *name = json_str(a->target_node, "name", "");
	struct plan_node *any = add_any(a);
	is(a, any, "resources.uid", OP_IS, id);
	for (size_t i = 0; i < ARRAY_LEN(targets); i++)
		if (strcmp(type, targets[i].type) == 0)
			is(a, any, targets[i].field, OP_IS, targets[i].by_name ? name : id);
	if (strcmp(type, "bucket") == 0)
		a->resource = id;
}

/* Permissions and the calls that they are for, where the names differ. */
static const struct {
	const char *action, *calls;
} renamed[] = {
        {"s3:GetObject", "GetObject HeadObject SelectObjectContent"},
        {"s3:PutObject", "PutObject CopyObject UploadPart CreateMultipartUpload "
                         "CompleteMultipartUpload PostObject"},
        {"s3:ListBucket", "ListObjects ListObjectsV2 HeadBucket"},
        {"s3:DeleteObject", "DeleteObject DeleteObjects"},
        {"lambda:InvokeFunction", "Invoke"},
        {"iam:PassRole", ""},
};

static const char *calls_of(const char *action)
{
	for (size_t i = 0; i < ARRAY_LEN(renamed); i++)
		if (strcasecmp(action, renamed[i].action) == 0)
			return renamed[i].calls;
	return NULL;
}

static void one_call(struct asked *a, struct plan_node *any, struct slice service,
                     struct slice call)
{
	struct plan_node *both = plan_group(a->p, PN_ALL);
	if (service.n && !memchr(service.s, '*', service.n))
		plan_group_add(both, plan_cmp(a->p, "api.service.name", OP_IS, service));
	plan_group_add(both, plan_cmp(a->p, "api.operation", OP_LIKE, call));
	plan_group_add(any, both);
	if (cover_class_of("cloudtrail", call) == COVER_DATA)
		a->cls = COVER_DATA;
}

static void one_action(struct asked *a, struct plan_node *any, const char *action)
{
	struct slice rest = slice_of(action), service, call;
	const char *calls = calls_of(action);
	if (!slice_split(&rest, ':', &service))
		return;
	if (!calls) {
		one_call(a, any, rest.n ? service : (struct slice){"", 0},
		         rest.n ? rest : SLICE("*"));
		return;
	}
	for (rest = slice_of(calls); rest.n && slice_split(&rest, ' ', &call);)
		one_call(a, any, service, call);
}

static void by_label(struct asked *a)
{
	struct slice rest = slice_of(graph_edge_label(a->u->g, a->edge)), one;
	struct plan_node *any = add_any(a);
	while (rest.n && slice_split(&rest, ',', &one)) {
		char action[160];
		one = slice_trim(one);
		if (!one.n || one.s[0] == '+')
			continue;
		snprintf(action, sizeof(action), "%.*s", (int)one.n, one.s);
		one_action(a, any, action);
	}
	/* objects are reached by data events, whatever the pattern */
	if (strcmp(json_str(a->target_node, "type", ""), "bucket") == 0 &&
	    strcmp(json_str(a->props, "access", ""), "metadata") != 0)
		a->cls = COVER_DATA;
}

static bool ask_permission(struct asked *a)
{
	if (!by_actor(a))
		return false;
	by_target(a);
	by_label(a);
	return true;
}

static bool ask_assume(struct asked *a)
{
	if (!by_actor(a))
		return false;
	by_target(a);
	is(a, a->all, "api.operation", OP_LIKE, "AssumeRole*");
	return true;
}

/* A machine acting as its role: the session bears the machine's id. */
static bool ask_runs_as(struct asked *a)
{
	const char *type = json_str(a->source_node, "type", "");
	const char *id = graph_node_id(a->u->g, a->from);
	struct plan_node *any = add_any(a);
	by_role(a, any, graph_node_id(a->u->g, a->to), json_str(a->target_node, "name", ""));
	if (strcmp(type, "instance") == 0)
		is(a, a->all, "actor.session.uid", OP_IS, id);
	else if (strcmp(type, "function") == 0)
		is(a, a->all, "actor.session.uid", OP_IS, json_str(a->source_node, "name", ""));
	else
		return false;
	return true;
}

/* A method that works on its target leaves the target's name; a role that is passed may be named in many ways. */
static bool ask_escalation(struct asked *a)
{
	struct plan_node *any;
	const cJSON *v;
	bool passes = false;
	if (!by_actor(a))
		return false;
	any = add_any(a);
	cJSON_ArrayForEach(v, json_arr(a->props, "actions")) if (cJSON_IsString(v))
	{
		passes |= strcmp(v->valuestring, "iam:PassRole") == 0;
		one_action(a, any, v->valuestring);
	}
	if (!passes && strcmp(json_str(a->target_node, "type", ""), "account") != 0)
		by_target(a);
	return true;
}

static bool ask_access(struct asked *a)
{
	if (!by_actor(a))
		return false;
	by_target(a);
	return true;
}

/* Blocks that are not the internet. */
static const char *const inside[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"};

static void from_outside(struct asked *a)
{
	struct plan_node *not_ = plan_group(a->p, PN_NOT);
	struct plan_node *cmp = plan_cmp(a->p, "src_endpoint.ip", OP_CIDR, slice_of(inside[0]));
	for (size_t i = 1; i < ARRAY_LEN(inside); i++)
		plan_cmp_value(a->p, cmp, slice_of(inside[i]));
	plan_group_add(not_, cmp);
	plan_group_add(a->all, not_);
}

static const char *network_of(struct asked *a)
{
	const struct graph_edge *e;
	size_t n = graph_in(a->u->g, a->to, &e);
	for (size_t i = 0; i < n; i++)
		if (strcmp(graph_node_type(a->u->g, e[i].to), "vpc") == 0)
			return graph_node_id(a->u->g, e[i].to);
	return NULL;
}

/* A port that is open: what came to it from outside, as the flow logs have it. */
static bool ask_exposure(struct asked *a)
{
	const cJSON *props = json_obj(a->target_node, "props");
	const char *port = strrchr(json_str(a->props, "port", ""), '/');
	const char *addresses[] = {json_str(props, "private_ip", NULL),
	                           json_str(props, "public_ip", NULL)};
	struct plan_node *any;
	int64_t number;

	if (!addresses[0] && !addresses[1])
		return false;
	any = add_any(a);
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
		is(a, any, "dst_endpoint.ip", OP_IS, addresses[i]);
	if (port && slice_i64(slice_of(port + 1), &number))
		is(a, a->all, "dst_endpoint.port", OP_IS, port + 1);
	is(a, a->all, "disposition", OP_IS, "ACCEPT");
	from_outside(a);
	a->cls = COVER_FLOW;
	a->resource = network_of(a);
	return true;
}

static const struct {
	const char *type;
	bool (*ask)(struct asked *a); /* false: such an edge, or its ends, cannot be asked about */
} questions[] = {
        {"can", ask_permission},          {"can_assume", ask_assume}, {"runs_as", ask_runs_as},
        {"escalates_to", ask_escalation}, {"reads", ask_access},      {"writes", ask_access},
        {"exposes", ask_exposure},
};

/* Answers */

struct found {
	uint64_t n;
	event_id ids[USE_EVIDENCE_MAX];
};

static int take(void *ctx, const struct source_row *r, struct err *e)
{
	struct found *f = ctx;
	(void)e;
	if (f->n < USE_EVIDENCE_MAX)
		f->ids[f->n] = r->id;
	f->n++;
	return 0;
}

static int search(struct asked *a, struct found *f, struct err *e)
{
	struct source_sink sink = {.ctx = f, .row = take};
	struct source_done done = {0};
	struct source_run run = {.deadline_us = a->u->run->deadline_us,
	                         .cancelled = a->u->run->cancelled};
	int rc = a->u->source->ops->search(a->u->source, a->p, 0, &run, &sink, &done, e);
	free(done.sent);
	return rc;
}

static void unknown(struct buf *out, const char *why)
{
	buf_str(out, "{\"mark\":\"unknown\",\"evidence\":[],\"count\":0,\"why\":");
	json_write_string(out, slice_of(why));
	buf_ch(out, '}');
}

static void seen(struct buf *out, const struct found *f)
{
	buf_str(out, "{\"mark\":\"seen\",\"evidence\":[");
	for (size_t i = 0; i < f->n && i < USE_EVIDENCE_MAX; i++)
		buf_printf(out, "%s\"ev:%llu\"", i ? "," : "", (unsigned long long)f->ids[i]);
	buf_printf(out, "],\"count\":%llu%s}", (unsigned long long)f->n,
	           f->n >= USE_COUNT_MAX ? ",\"at_least\":true" : "");
}

/* Nothing was found: whether that says anything depends on the cover. */
static int absent(struct asked *a, struct buf *out, struct err *e)
{
	static const char *const marks[] = {[COVER_UNKNOWN] = "unknown",
	                                    [COVER_LOGGED] = "not_seen",
	                                    [COVER_NOT_LOGGED] = "not_logged"};
	struct cover_query q = {.cls = a->cls,
	                        .account = *a->account ? a->account : NULL,
	                        .resource = a->resource,
	                        .from = a->u->from,
	                        .to = a->u->to};
	struct cover_proof p;
	char t[32];

	if (cover_prove(a->u->l, a->u->g, &q, &p, e))
		return -1;
	buf_printf(out, "{\"mark\":\"%s\",\"evidence\":[],\"count\":0,\"cover\":\"%s\",\"why\":",
	           marks[p.state], p.id);
	json_write_string(out, slice_of(p.why));
	if (p.state == COVER_LOGGED && p.complete_to != MW_TIME_NONE) {
		mw_time_format(p.complete_to, t);
		buf_printf(out, ",\"complete_to\":\"%s\"", t);
	}
	buf_ch(out, '}');
	return 0;
}

static void set_window(struct plan_search *s, const struct use *u)
{
	if (u->from != MW_TIME_NONE)
		s->from = (struct plan_time){.kind = PW_ABS, .t = u->from};
	if (u->to != MW_TIME_NONE)
		s->to = (struct plan_time){.kind = PW_ABS, .t = u->to};
	s->limit = USE_COUNT_MAX;
}

static bool build(struct asked *a)
{
	struct plan_step *step = plan_add_step(a->p, PS_SEARCH);
	const char *account = json_str(a->target_node, "account", "");
	bool ok = false;
	set_window(&step->search, a->u);
	a->all = plan_group(a->p, PN_ALL);
	step->search.where = a->all;
	a->cls = COVER_MANAGEMENT;
	if (!*account)
		account = json_str(a->source_node, "account", "");
	snprintf(a->account, sizeof(a->account), "%s", account);
	for (size_t i = 0; i < ARRAY_LEN(questions); i++)
		if (strcmp(a->type, questions[i].type) == 0)
			ok = questions[i].ask(a);
	return ok;
}

static int ask(struct asked *a, struct buf *out, struct err *e)
{
	struct found f = {0};
	if (!build(a)) {
		unknown(out, "a relation of this kind leaves no events of its own");
		return 0;
	}
	if (plan_validate(a->p, e)) {
		unknown(out, e->what);
		return 0;
	}
	if (search(a, &f, e))
		return -1;
	if (f.n) {
		seen(out, &f);
		return 0;
	}
	return absent(a, out, e);
}

static int ask_edge(struct use *u, uint32_t edge, uint32_t member, struct buf *out, struct err *e)
{
	struct asked a = {.u = u, .edge = edge, .p = plan_new()};
	struct slice props = graph_edge_props(u->g, edge);
	uint16_t type;
	int rc;

	graph_edge_ends(u->g, edge, &a.from, &a.to, &type);
	if (member != GRAPH_NONE)
		a.to = member;
	a.type = graph_type_name(u->g, type);
	a.source_node = graph_node_json(u->g, a.from, e);
	a.target_node = graph_node_json(u->g, a.to, e);
	a.props = props.n ? json_parse(props, GRAPH_OBJECT_MAX, e) : NULL;
	rc = ask(&a, out, e);
	cJSON_Delete(a.source_node);
	cJSON_Delete(a.target_node);
	cJSON_Delete(a.props);
	plan_free(a.p);
	return rc;
}

int use_mark(struct use *u, uint32_t edge, uint32_t member, struct buf *out, struct err *e)
{
	uint32_t key[2] = {edge, member};
	bool added;
	struct map_entry *known;
	struct buf text = BUF_INIT;

	if (!u->l) {
		unknown(out, "there is no lake to ask");
		return 0;
	}
	if (u->marks.n >= USE_EDGES_MAX && !map_get(&u->marks, key, sizeof(key))) {
		unknown(out, "too many edges in one question to ask the logs about each");
		return 0;
	}
	known = map_put(&u->marks, key, sizeof(key), &added);
	if (added) {
		if (ask_edge(u, edge, member, &text, e)) {
			buf_release(&text);
			return -1;
		}
		known->val.p = buf_take(&text, NULL);
	}
	buf_str(out, known->val.p);
	return 0;
}
