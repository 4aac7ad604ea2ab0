/* graph.db: rows of nodes and edges, merging, and the writer's transaction. */
#include "store/graph_int.h"

#include <sys/stat.h>

#include "base/log.h"

static const char *const schema[] = {
        "CREATE TABLE node(n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL,"
        " name TEXT NOT NULL DEFAULT '', account TEXT NOT NULL DEFAULT '',"
        " region TEXT NOT NULL DEFAULT '', body TEXT NOT NULL DEFAULT '{}',"
        " known INTEGER NOT NULL DEFAULT 0, derived INTEGER NOT NULL DEFAULT 0);"
        "CREATE TABLE edge(n INTEGER PRIMARY KEY, src INTEGER NOT NULL, dst INTEGER NOT NULL,"
        " type TEXT NOT NULL, action TEXT NOT NULL DEFAULT '', body TEXT NOT NULL DEFAULT '',"
        " flags INTEGER NOT NULL DEFAULT 0, UNIQUE(src,dst,type,action));"
        "CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;"
        "INSERT INTO meta VALUES('file_id', random());",
};

/* A reader may come before the writer has made the file, or its tables: then there is nothing yet. */
int graph_open_db(struct graph *g, struct err *e)
{
	char *path = xasprintf("%s/graph.db", g->dir);
	bool write = g->mode == GRAPH_WRITE;
	int64_t version = 1;
	struct stat st;
	int rc = 0;

	if (write || stat(path, &st) == 0) {
		rc = db_open(&g->db, path, write ? DB_WRITE : DB_READ, NULL, e);
		g->open = rc == 0;
		if (!rc && write)
			rc = db_migrate(&g->db, schema, ARRAY_LEN(schema), e);
		else if (!rc)
			rc = db_i64(&g->db, e, &version, 0, "PRAGMA user_version", "");
		if (!rc && !version) {
			db_close(&g->db);
			g->open = false;
		}
	}
	free(path);
	return rc;
}

int graph_open(struct graph **out, const char *dir, enum graph_mode mode, struct err *e)
{
	struct graph *g = xcalloc(1, sizeof(*g));

	g->mode = mode;
	g->dir = xstrdup(dir);
	if (graph_open_db(g, e) || graph_refresh(g, NULL, e)) {
		graph_close(g);
		return -1;
	}
	*out = g;
	return 0;
}

void graph_close(struct graph *g)
{
	if (!g)
		return;
	if (g->changing)
		graph_rollback(g);
	snap_release(&g->snap);
	if (g->open)
		db_close(&g->db);
	map_release(&g->rows);
	free(g->dir);
	free(g);
}

static int meta_get(struct graph *g, const char *key, int64_t *out, struct err *e)
{
	return db_i64(&g->db, e, out, 0, "SELECT value FROM meta WHERE key=?", "s", key);
}

static int meta_set(struct graph *g, const char *key, int64_t value, struct err *e)
{
	return db_run(&g->db, e, "INSERT OR REPLACE INTO meta VALUES(?,?)", "si", key, value);
}

int graph_generation(struct graph *g, int64_t *generation, uint64_t *file_id, struct err *e)
{
	int64_t id = 0;
	if (meta_get(g, "generation", generation, e) || meta_get(g, "file_id", &id, e))
		return -1;
	*file_id = (uint64_t)id;
	return 0;
}

int graph_begin(struct graph *g, struct err *e)
{
	if (g->mode != GRAPH_WRITE)
		return err_set(e, ERR_INTERNAL, "graph.db is open for reading only");
	if (db_begin(&g->db, e))
		return -1;
	g->changing = true;
	return 0;
}

void graph_rollback(struct graph *g)
{
	db_rollback(&g->db);
	g->changing = false;
	map_release(&g->rows);
	g->rows = (struct map)MAP_INIT;
}

static int commit_rows(struct graph *g, struct err *e)
{
	int64_t generation;
	uint64_t file_id;

	if (graph_derive(g, e) || graph_generation(g, &generation, &file_id, e) ||
	    meta_set(g, "generation", generation + 1, e) || meta_set(g, "imported", mw_now(), e) ||
	    meta_set(g, "limited", (int64_t)g->limited, e))
		return -1;
	return db_commit(&g->db, e);
}

/* The snapshot is a cache: where it cannot be written, readers build their own from the rows. */
int graph_commit(struct graph *g, struct err *e)
{
	bool changed;
	struct err ignored;

	if (commit_rows(g, e)) {
		graph_rollback(g);
		return -1;
	}
	g->changing = false;
	if (graph_refresh(g, &changed, e))
		return -1;
	if (!g->snap.mapped && snap_save(&g->snap, g->dir, &ignored))
		mw_log(LOG_WARN, "graph: no snapshot: %s", ignored.what);
	return 0;
}

static int row_find(struct graph *g, const char *id, int64_t *row, struct err *e)
{
	struct map_entry *known = map_get_str(&g->rows, id);
	if (known) {
		*row = (int64_t)known->val.u;
		return 0;
	}
	if (db_i64(&g->db, e, row, 0, "SELECT n FROM node WHERE id=?", "s", id))
		return -1;
	if (*row)
		map_put_str(&g->rows, id, NULL)->val.u = (uint64_t)*row;
	return 0;
}

static void row_new(struct graph *g, const char *id, int64_t *row)
{
	*row = sqlite3_last_insert_rowid(g->db.h);
	map_put_str(&g->rows, id, NULL)->val.u = (uint64_t)*row;
}

int graph_row(struct graph *g, const char *id, const char *type, int64_t *row, struct err *e)
{
	if (row_find(g, id, row, e))
		return -1;
	if (*row)
		return 0;
	if (db_run(&g->db, e, "INSERT INTO node(id,type) VALUES(?,?)", "ss", id,
	           type ? type : graph_type_of_id(slice_of(id))))
		return -1;
	row_new(g, id, row);
	return 0;
}

int graph_put_class(struct graph *g, const char *id, const char *name, const char *account,
                    int64_t *row, struct err *e)
{
	if (db_run(&g->db, e,
	           "INSERT INTO node(id,type,name,account,known,derived) "
	           "VALUES(?,'resource_class',?,?,1,1)",
	           "sss", id, name, account))
		return -1;
	*row = sqlite3_last_insert_rowid(g->db.h);
	return 0;
}

/* Props that say that an edge does not hold as such. */
static const char *const if_props[] = {"condition",          "denied_if",  "caller_condition",
                                       "boundary_condition", "limited_by", "route"};

static uint16_t if_flag(const cJSON *props)
{
	bool is = json_bool(props, "possible", false);
	for (size_t i = 0; i < ARRAY_LEN(if_props); i++)
		is |= json_get(props, if_props[i]) != NULL;
	return is ? GRAPH_EDGE_IF : 0;
}

/* An edge that was imported is never taken over by a derived one. */
int graph_put_edge(struct graph *g, const struct graph_edge_row *r, struct err *e)
{
	struct buf body = BUF_INIT;
	bool derived = r->flags & GRAPH_EDGE_DERIVED;
	int rc;

	if (derived && g->nderived >= GRAPH_DERIVED_MAX) {
		g->limited++;
		return 0;
	}
	if (r->props && r->props->child)
		json_write(&body, r->props);
	g->nderived += derived;
	rc = db_run(&g->db, e,
	            "INSERT INTO edge(src,dst,type,action,body,flags) VALUES(?,?,?,?,?,?) "
	            "ON CONFLICT(src,dst,type,action) DO UPDATE SET body=excluded.body,"
	            "flags=excluded.flags WHERE (excluded.flags & 4)=0 OR (edge.flags & 4)<>0",
	            "iissti", r->from, r->to, r->type, r->action, (struct slice){body.s, body.len},
	            (int64_t)(r->flags | if_flag(r->props)));
	buf_release(&body);
	return rc;
}

/* Merging */

static cJSON *member(cJSON *body, const char *key, bool array)
{
	cJSON *v = json_get(body, key);
	if (v)
		return v;
	v = array ? cJSON_CreateArray() : cJSON_CreateObject();
	cJSON_AddItemToObject(body, key, v);
	return v;
}

static void merge_object(cJSON *into, const cJSON *from)
{
	const cJSON *v;
	cJSON_ArrayForEach(v, from)
	{
		cJSON *copy = cJSON_Duplicate(v, true);
		if (json_get(into, v->string))
			cJSON_ReplaceItemInObjectCaseSensitive(into, v->string, copy);
		else
			cJSON_AddItemToObject(into, v->string, copy);
	}
}

static void merge_labels(cJSON *into, const cJSON *from)
{
	const cJSON *v, *old;
	cJSON_ArrayForEach(v, from)
	{
		bool have = false;
		cJSON_ArrayForEach(old, into) have |= cJSON_Compare(old, v, true);
		if (!have)
			cJSON_AddItemToArray(into, cJSON_Duplicate(v, true));
	}
}

static void merge_body(cJSON *body, const cJSON *node)
{
	merge_object(member(body, "props", false), json_obj(node, "props"));
	merge_object(member(body, "tags", false), json_obj(node, "tags"));
	merge_labels(member(body, "labels", true), json_arr(node, "labels"));
}

struct node_row {
	int64_t n;
	bool known;
	char *type;
	cJSON *body;
};

static int node_read(struct graph *g, const char *id, struct node_row *r, struct err *e)
{
	sqlite3_stmt *s;
	int rc;

	*r = (struct node_row){0};
	if (row_find(g, id, &r->n, e))
		return -1;
	if (!r->n)
		return 0;
	s = db_query(&g->db, e, "SELECT type,body,known FROM node WHERE n=?", "i", r->n);
	if (!s)
		return -1;
	rc = db_step(&g->db, s, e);
	if (rc == 1) {
		r->type = xstrdup(db_text(s, 0));
		r->body = json_parse(db_col(s, 1), GRAPH_OBJECT_MAX, e);
		r->known = sqlite3_column_int(s, 2);
		db_done(s);
	}
	return rc == 1 && r->body ? 0 : -1;
}

/* What the newer import does not say stays; a type that says more than "resource" stays too. */
static int node_write(struct graph *g, const char *id, const char *type, const cJSON *node,
                      const struct node_row *old, struct err *e)
{
	struct buf body = BUF_INIT;
	const char *name = json_str(node, "name", ""), *account = json_str(node, "account", ""),
	           *region = json_str(node, "region", "");
	int64_t row;
	int rc;

	if (old->known && strcmp(type, "resource") == 0)
		type = old->type;
	json_write(&body, old->body);
	if (body.len > GRAPH_OBJECT_MAX)
		rc = err_set(e, ERR_LIMIT, "node %s has %zu bytes, the most is %u", id, body.len,
		             GRAPH_OBJECT_MAX);
	else if (old->n)
		rc = db_run(&g->db, e,
		            "UPDATE node SET type=?, name=iif(?2='',name,?2),"
		            "account=iif(?3='',account,?3),region=iif(?4='',region,?4),body=?,"
		            "known=1,derived=0 WHERE n=?",
		            "sssssi", type, name, account, region, body.s, old->n);
	else
		rc = db_run(&g->db, e,
		            "INSERT INTO node(type,name,account,region,body,known,id) "
		            "VALUES(?,?,?,?,?,1,?)",
		            "ssssss", type, name, account, region, body.s, id);
	if (!rc && !old->n)
		row_new(g, id, &row);
	buf_release(&body);
	return rc;
}

static int canonical_of(const cJSON *o, const char *key, struct buf *out, struct err *e)
{
	const char *id = json_str(o, key, NULL);
	if (!id || !*id)
		return err_set(e, ERR_INVALID, "a graph object needs a text \"%s\"", key);
	graph_canonical_id(slice_of(id), out);
	return 0;
}

static int add_node(struct graph *g, const cJSON *node, struct err *e)
{
	struct buf id = BUF_INIT;
	struct node_row old = {0};
	const char *type;
	int rc = -1;

	if (canonical_of(node, "id", &id, e) || node_read(g, id.s, &old, e))
		goto out;
	type = json_str(node, "type", NULL);
	if (!type || !*type)
		type = graph_type_of_id(slice_of(id.s));
	if (!old.body)
		old.body = cJSON_CreateObject();
	merge_body(old.body, node);
	rc = node_write(g, id.s, type, node, &old, e);
out:
	cJSON_Delete(old.body);
	free(old.type);
	buf_release(&id);
	return rc;
}

/* Actions that hand over the whole of the other end, when an import names them itself. */
static bool action_controls(const char *action)
{
	static const char *const all[] = {"*", "*:*", "sts:AssumeRole", "sts:*"};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (strcmp(action, all[i]) == 0)
			return true;
	return false;
}

static uint16_t edge_flags(const char *action, const cJSON *props)
{
	uint16_t flags = 0;
	if (slice_ieq(slice_of(json_str(props, "effect", "")), SLICE("deny")))
		flags |= GRAPH_EDGE_DENY;
	else if (action_controls(action) || json_bool(props, "control", false))
		flags |= GRAPH_EDGE_CONTROL;
	return flags;
}

static int add_edge(struct graph *g, const cJSON *edge, struct err *e)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	const cJSON *props = json_obj(edge, "props");
	struct graph_edge_row r = {.type = json_str(edge, "type", NULL), .props = props};
	int rc = -1;

	if (canonical_of(edge, "from", &from, e) || canonical_of(edge, "to", &to, e))
		goto out;
	if (!r.type || !*r.type) {
		err_set(e, ERR_INVALID, "the edge %s -> %s has no \"type\"", from.s, to.s);
		goto out;
	}
	r.action = json_str(props, "action", "");
	r.flags = edge_flags(r.action, props);
	if (graph_row(g, from.s, NULL, &r.from, e) || graph_row(g, to.s, NULL, &r.to, e))
		goto out;
	rc = graph_put_edge(g, &r, e);
out:
	buf_release(&from);
	buf_release(&to);
	return rc;
}

int graph_add(struct graph *g, const cJSON *object, struct err *e)
{
	const cJSON *node = json_obj(object, "node"), *edge = json_obj(object, "edge");

	if (!g->changing)
		return err_set(e, ERR_INTERNAL, "graph_add outside graph_begin");
	if (node)
		return add_node(g, node, e);
	if (edge)
		return add_edge(g, edge, e);
	return err_set(e, ERR_INVALID, "a graph object has a \"node\" or an \"edge\"");
}

/* Status and one node */

static int count_types(struct graph *g, cJSON *into, const char *sql, struct err *e)
{
	sqlite3_stmt *s = db_query(&g->db, e, sql, "");
	int rc;
	if (!s)
		return -1;
	while ((rc = db_step(&g->db, s, e)) == 1)
		json_add_i64(into, db_text(s, 0), sqlite3_column_int64(s, 1));
	return rc;
}

static int status_fill(struct graph *g, cJSON *out, struct err *e)
{
	static const struct {
		const char *key, *sql;
	} counts[] = {{"nodes", "SELECT count(*) FROM node WHERE derived=0"},
	              {"edges", "SELECT count(*) FROM edge WHERE (flags & 4)=0"},
	              {"derived", "SELECT count(*) FROM edge WHERE (flags & 4)<>0"}};
	int64_t v = 0;

	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		if (db_i64(&g->db, e, &v, 0, counts[i].sql, ""))
			return -1;
		json_add_i64(out, counts[i].key, v);
	}
	if (meta_get(g, "limited", &v, e))
		return -1;
	json_add_bool(out, "limited", v > 0);
	if (meta_get(g, "imported", &v, e))
		return -1;
	json_add_time(out, "imported", v ? v : MW_TIME_NONE);
	if (meta_get(g, "generation", &v, e))
		return -1;
	json_add_i64(out, "generation", v);
	return count_types(g, json_add_obj(out, "types"),
	                   "SELECT type,count(*) FROM node GROUP BY type ORDER BY type", e) ||
	       count_types(g, json_add_obj(out, "edge_types"),
	                   "SELECT type,count(*) FROM edge GROUP BY type ORDER BY type", e);
}

cJSON *graph_status(struct graph *g, struct err *e)
{
	cJSON *out = cJSON_CreateObject();
	if (g->open && status_fill(g, out, e)) {
		cJSON_Delete(out);
		return NULL;
	}
	if (!g->open)
		json_add_i64(out, "nodes", 0);
	return out;
}

static cJSON *node_whole(struct graph *g, const char *id, struct err *e)
{
	sqlite3_stmt *s = db_query(
	        &g->db, e, "SELECT id,type,name,account,region,body FROM node WHERE id=?", "s", id);
	static const char *const cols[] = {"id", "type", "name", "account", "region"};
	cJSON *node = NULL, *body;

	if (!s || db_step(&g->db, s, e) != 1)
		return NULL;
	body = json_parse(db_col(s, 5), GRAPH_OBJECT_MAX, e);
	if (body) {
		node = cJSON_CreateObject();
		for (size_t i = 0; i < ARRAY_LEN(cols); i++)
			json_add_str(node, cols[i], db_text(s, (int)i));
		merge_object(node, body);
	}
	cJSON_Delete(body);
	db_done(s);
	return node;
}

static int add_edges(struct graph *g, cJSON *into, const struct graph_edge *edges, size_t n,
                     struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const char *type = graph_type_name(g, edges[i].type);
		cJSON *group = json_get(into, type), *list, *edge;
		if (!group) {
			group = json_add_obj(into, type);
			json_add_i64(group, "count", 0);
			json_add_arr(group, "edges");
		}
		list = json_arr(group, "edges");
		cJSON_SetNumberValue(json_get(group, "count"),
		                     (double)json_i64(group, "count", 0) + 1);
		if (cJSON_GetArraySize(list) >= GRAPH_NODE_EDGES_MAX)
			continue;
		edge = graph_edge_json(g, edges[i].edge, e);
		if (!edge)
			return -1;
		cJSON_AddItemToArray(list, edge);
	}
	return 0;
}

cJSON *graph_node(struct graph *g, const char *id, struct err *e)
{
	uint32_t n = graph_find(g, slice_of(id));
	const struct graph_edge *edges;
	cJSON *node, *out;
	size_t count;

	if (n == GRAPH_NONE) {
		err_set(e, ERR_NOT_FOUND, "no node %s in the graph", id);
		return NULL;
	}
	node = node_whole(g, graph_node_id(g, n), e);
	if (!node)
		return NULL;
	out = cJSON_CreateObject();
	cJSON_AddItemToObject(out, "node", node);
	count = graph_out(g, n, &edges);
	if (add_edges(g, json_add_obj(out, "out"), edges, count, e))
		goto fail;
	count = graph_in(g, n, &edges);
	if (add_edges(g, json_add_obj(out, "in"), edges, count, e))
		goto fail;
	return out;
fail:
	cJSON_Delete(out);
	return NULL;
}
