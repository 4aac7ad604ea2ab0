/* The frame of derivation: rows into memory, derived edges and classes out of it. */
#include "store/graph_derive.h"

#include "base/asset.h"

/* Loading */

/* Bodies are kept only where some derivation reads them: a graph of a hundred thousand plain nodes
 * stays small. */
static const char load_nodes_sql[] =
        "SELECT n,id,type,name,account,region,CASE WHEN length(body)>40 THEN body ELSE '' END "
        "FROM node ORDER BY n";

static int load_nodes(struct derive *d)
{
	sqlite3_stmt *s = db_query(&d->g->db, d->e, load_nodes_sql, "");
	int64_t last = 0;
	int rc = s ? 0 : -1;

	while (!rc && (rc = db_step(&d->g->db, s, d->e)) == 1) {
		struct dnode *n = vec_push(&d->nodes);
		n->row = last = sqlite3_column_int64(s, 0);
		n->id = arena_strdup(&d->arena, db_text(s, 1));
		n->type = arena_strdup(&d->arena, db_text(s, 2));
		n->name = arena_strdup(&d->arena, db_text(s, 3));
		n->account = arena_strdup(&d->arena, db_text(s, 4));
		n->region = arena_strdup(&d->arena, db_text(s, 5));
		n->body = arena_strdup(&d->arena, db_text(s, 6));
		map_put_str(&d->by_id, n->id, NULL)->val.u = d->nodes.n - 1;
		rc = 0;
	}
	d->by_row = xcalloc((size_t)last + 1, sizeof(*d->by_row));
	for (size_t i = 0; i < d->nodes.n; i++)
		d->by_row[d->nodes.v[i].row] = (uint32_t)i;
	return rc;
}

static const char *const edge_names[DE_TYPES] = {
        [DE_HAS_POLICY] = "has_policy", [DE_BOUNDARY] = "has_policy",
        [DE_MEMBER_OF] = "member_of",   [DE_USES] = "uses",
        [DE_CONTAINS] = "contains",     [DE_RUNS_AS] = "runs_as",
        [DE_ATTACHED] = "attached_to",  [DE_FORWARDS] = "forwards_to"};

static int load_edges(struct derive *d, enum dedge_type t)
{
	sqlite3_stmt *s = db_query(&d->g->db, d->e,
	                           "SELECT src,dst,instr(body,'\"boundary\":true') FROM edge "
	                           "WHERE type=? ORDER BY src",
	                           "s", edge_names[t]);
	int rc = s ? 0 : -1;

	while (!rc && (rc = db_step(&d->g->db, s, d->e)) == 1) {
		bool boundary = sqlite3_column_int(s, 2) > 0;
		rc = 0;
		if ((t == DE_HAS_POLICY && boundary) || (t == DE_BOUNDARY && !boundary))
			continue;
		*vec_push(&d->edges[t].v) = (struct dedge){d->by_row[sqlite3_column_int64(s, 0)],
		                                           d->by_row[sqlite3_column_int64(s, 1)]};
	}
	return rc;
}

static void index_edges(struct dedges *e, size_t nodes)
{
	e->start = xcalloc(nodes + 2, sizeof(*e->start));
	for (size_t i = 0; i < e->v.n; i++)
		e->start[e->v.v[i].from + 1]++;
	for (size_t i = 0; i < nodes; i++)
		e->start[i + 1] += e->start[i];
}

static int by_from(const void *a, const void *b)
{
	const struct dedge *x = a, *y = b;
	return (x->from > y->from) - (x->from < y->from);
}

static void reverse_edges(struct dedges *e, size_t nodes)
{
	e->reverse = xcalloc(1, sizeof(*e->reverse));
	for (size_t i = 0; i < e->v.n; i++)
		*vec_push(&e->reverse->v) = (struct dedge){e->v.v[i].to, e->v.v[i].from};
	if (e->v.n)
		qsort(e->reverse->v.v, e->v.n, sizeof(struct dedge), by_from);
	index_edges(e->reverse, nodes);
	index_edges(e, nodes);
}

static int load(struct derive *d)
{
	if (load_nodes(d))
		return -1;
	for (int t = 0; t < DE_TYPES; t++) {
		if (load_edges(d, (enum dedge_type)t))
			return -1;
		reverse_edges(&d->edges[t], d->nodes.n);
	}
	d->loaded = d->nodes.n;
	d->principal_of = xcalloc(d->nodes.n + 1, sizeof(*d->principal_of));
	return 0;
}

static int load_table(struct derive *d, const char *name, struct yaml_doc *out)
{
	const struct asset *a = asset_find(name);
	if (!a)
		return err_set(d->e, ERR_INTERNAL, "assets/%s is missing", name);
	return yaml_parse(out, (struct slice){a->data, a->len}, name, d->e);
}

/* Looking */

const cJSON *dnode_props(struct derive *d, uint32_t node)
{
	struct dnode *n = &d->nodes.v[node];
	struct err ignored;
	if (!n->parsed && *n->body)
		n->parsed = json_parse(slice_of(n->body), GRAPH_OBJECT_MAX, &ignored);
	return json_obj(n->parsed, "props");
}

uint32_t derive_find(const struct derive *d, const char *id)
{
	struct buf b = BUF_INIT;
	const struct map_entry *e = map_get_str(&d->by_id, id);
	if (!e) {
		graph_canonical_id(slice_of(id), &b);
		e = map_get_str(&d->by_id, b.s);
		buf_release(&b);
	}
	return e ? (uint32_t)e->val.u : GRAPH_NONE;
}

/* A node made here has no edges of the kinds that were loaded, so that the index stays whole. */
uint32_t derive_make(struct derive *d, const char *id, const char *type, const char *name)
{
	uint32_t at = derive_find(d, id);
	struct dnode *n;
	struct buf b = BUF_INIT;
	int64_t row;

	if (at != GRAPH_NONE || d->rc)
		return at;
	graph_canonical_id(slice_of(id), &b);
	if (!type)
		type = graph_type_of_id(slice_of(b.s));
	d->rc = graph_row(d->g, b.s, type, &row, d->e);
	n = vec_push(&d->nodes);
	*n = (struct dnode){row, arena_strdup(&d->arena, b.s), type, name, "", "", "", NULL};
	map_put_str(&d->by_id, n->id, NULL)->val.u = d->nodes.n - 1;
	buf_release(&b);
	return (uint32_t)(d->nodes.n - 1);
}

static size_t range(const struct dedges *e, size_t indexed, uint32_t node, const struct dedge **out)
{
	if (node >= indexed)
		return 0;
	*out = e->v.v + e->start[node];
	return e->start[node + 1] - e->start[node];
}

size_t derive_out(const struct derive *d, enum dedge_type t, uint32_t node,
                  const struct dedge **out)
{
	return range(&d->edges[t], d->loaded, node, out);
}

size_t derive_in(const struct derive *d, enum dedge_type t, uint32_t node, const struct dedge **out)
{
	return range(d->edges[t].reverse, d->loaded, node, out);
}

static const struct {
	const char *type, *kind;
} ec2_kinds[] = {
        {"instance", "instance"},
        {"vpc", "vpc"},
        {"subnet", "subnet"},
        {"security_group", "security-group"},
        {"volume", "volume"},
        {"snapshot", "snapshot"},
        {"image", "image"},
        {"network_interface", "network-interface"},
        {"route_table", "route-table"},
};

static const char *or_any(const char *s)
{
	return *s ? s : "*";
}

const char *derive_arn(struct derive *d, uint32_t node)
{
	const struct dnode *n = &d->nodes.v[node];
	if (strncmp(n->id, "arn:", 4) == 0)
		return n->id;
	for (size_t i = 0; i < ARRAY_LEN(ec2_kinds); i++)
		if (strcmp(n->type, ec2_kinds[i].type) == 0)
			return arena_printf(&d->arena, "arn:aws:ec2:%s:%s:%s/%s", or_any(n->region),
			                    or_any(n->account), ec2_kinds[i].kind, n->id);
	return n->id;
}

bool derive_is(const struct derive *d, uint32_t node, const char *type)
{
	return strcmp(d->nodes.v[node].type, type) == 0;
}

const struct principal *derive_principal(const struct derive *d, uint32_t node)
{
	uint32_t at = node < d->loaded ? d->principal_of[node] : 0;
	return at ? &d->principals.v[at - 1] : NULL;
}

/* Writing */

void derive_edge(struct derive *d, uint32_t from, uint32_t to, const char *type, const char *action,
                 cJSON *props, uint16_t flags)
{
	if (!d->rc && from != GRAPH_NONE && to != GRAPH_NONE) {
		struct graph_edge_row r = {.from = d->nodes.v[from].row,
		                           .to = d->nodes.v[to].row,
		                           .type = type,
		                           .action = action,
		                           .props = props,
		                           .flags = flags | GRAPH_EDGE_DERIVED};
		d->rc = graph_put_edge(d->g, &r, d->e);
	}
	cJSON_Delete(props);
}

void derive_condition(cJSON *props, const char *key, const char *condition)
{
	struct err ignored;
	cJSON *c;
	if (!condition)
		return;
	c = json_parse(slice_of(condition), GRAPH_OBJECT_MAX, &ignored);
	if (c)
		cJSON_AddItemToObject(props, key, c);
	else
		json_add_str(props, key, condition);
}

static int64_t class_of(struct derive *d, const char *key, const char *name, const char *account,
                        const uint32_t *members, size_t n)
{
	bool added;
	struct map_entry *e = map_put_str(&d->classes, key, &added);
	int64_t row = 0;
	char *id;

	if (!added || d->rc)
		return (int64_t)e->val.u;
	id = xasprintf("class:%s", key);
	d->rc = graph_put_class(d->g, id, name, account, &row, d->e);
	free(id);
	map_get_str(&d->classes, key)->val.u = (uint64_t)row;
	for (size_t i = 0; i < n && !d->rc; i++) {
		struct graph_edge_row r = {.from = row,
		                           .to = d->nodes.v[members[i]].row,
		                           .type = "includes",
		                           .action = "",
		                           .flags = GRAPH_EDGE_DERIVED};
		d->rc = graph_put_edge(d->g, &r, d->e);
	}
	return row;
}

void derive_to_members(struct derive *d, uint32_t from, const char *type, const char *action,
                       cJSON *props, uint16_t flags, const char *class_key, const char *class_name,
                       const char *account, const uint32_t *members, size_t n)
{
	if (n < DERIVE_CLASS_MIN) {
		for (size_t i = 0; i < n; i++)
			if (members[i] != from)
				derive_edge(d, from, members[i], type, action,
				            cJSON_Duplicate(props, true), flags);
	} else if (!d->rc) {
		struct graph_edge_row r = {.from = d->nodes.v[from].row,
		                           .type = type,
		                           .action = action,
		                           .props = props,
		                           .flags = flags | GRAPH_EDGE_DERIVED};
		r.to = class_of(d, class_key, class_name, account, members, n);
		if (!d->rc)
			d->rc = graph_put_edge(d->g, &r, d->e);
	}
	cJSON_Delete(props);
}

/* The whole */

static void release(struct derive *d)
{
	struct dnode *n;
	vec_each (n, &d->nodes)
		cJSON_Delete(n->parsed);
	for (int t = 0; t < DE_TYPES; t++) {
		struct dedges *e = &d->edges[t];
		vec_free(&e->v);
		free(e->start);
		if (e->reverse) {
			vec_free(&e->reverse->v);
			free(e->reverse->start);
			free(e->reverse);
		}
	}
	vec_free(&d->nodes);
	vec_free(&d->principals);
	free(d->by_row);
	free(d->principal_of);
	map_release(&d->by_id);
	map_release(&d->members);
	map_release(&d->classes);
	yaml_release(&d->services);
	yaml_release(&d->escalation);
	arena_release(&d->arena);
}

static void (*const steps[])(struct derive *d) = {derive_principals,  derive_risks,
                                                  derive_permissions, derive_trust,
                                                  derive_escalation,  derive_network};

int graph_derive(struct graph *g, struct err *e)
{
	struct derive d = {.g = g, .e = e};

	g->nderived = g->limited = 0;
	if (db_run(&g->db, e, "DELETE FROM edge WHERE (flags & 4)<>0", "") ||
	    db_run(&g->db, e, "DELETE FROM node WHERE derived=1", ""))
		return -1;
	d.rc = load(&d) || load_table(&d, "iam/services.yaml", &d.services) ||
	                       load_table(&d, "iam/escalation.yaml", &d.escalation)
	               ? -1
	               : 0;
	for (size_t i = 0; i < ARRAY_LEN(steps) && !d.rc; i++)
		steps[i](&d);
	release(&d);
	return d.rc;
}
