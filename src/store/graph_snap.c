/*
 * The snapshot: the whole graph as flat arrays, built from graph.db, saved beside it and mapped by
 * readers. A damaged or stale file is no error: it is built again.
 */
#include "store/graph_int.h"

#include <ctype.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

static const char magic[8] = "MWGRAPH2";

/* Building */

struct pool {
	struct buf text;
	struct map offsets; /* of text that repeats */
};
struct builder {
	struct pool pool;
	VEC(struct snap_node) nodes;
	VEC(struct snap_edge) edges;
	VEC(uint32_t) node_types, edge_types;
	struct map node_type_ix, edge_type_ix;
	uint32_t *dense; /* row -> node number */
	int64_t max_row;
	uint32_t *start[2];
	struct graph_edge *adj[2];
	uint32_t *hash[2];
	uint32_t nslots;
};

static uint32_t pool_add(struct pool *p, const char *s, size_t n)
{
	uint32_t at = (uint32_t)p->text.len;
	buf_add(&p->text, s, n);
	buf_ch(&p->text, '\0');
	return at;
}

static uint32_t pool_intern(struct pool *p, const char *s, size_t n)
{
	bool added;
	struct map_entry *e;
	if (!n)
		return 0;
	e = map_put(&p->offsets, s, n, &added);
	if (added)
		e->val.u = pool_add(p, s, n);
	return (uint32_t)e->val.u;
}

static uint16_t type_ix(struct map *ix, struct builder *b, bool edge, const char *type)
{
	bool added;
	struct map_entry *e = map_put_str(ix, type, &added);
	if (added) {
		uint32_t at = pool_intern(&b->pool, type, strlen(type));
		if (edge)
			*vec_push(&b->edge_types) = at;
		else
			*vec_push(&b->node_types) = at;
		e->val.u = ix->n - 1;
	}
	return (uint16_t)(e->val.u > UINT16_MAX ? UINT16_MAX : e->val.u);
}

static size_t text_size(const cJSON *v)
{
	struct buf t = BUF_INIT;
	size_t n;
	if (cJSON_IsString(v))
		return strlen(v->valuestring);
	if (!cJSON_IsObject(v) && !cJSON_IsArray(v))
		return 0;
	json_write(&t, v);
	n = t.len;
	buf_release(&t);
	return n;
}

/* Large props stay in graph.db; a row names them. */
static void brief_props(cJSON *body)
{
	cJSON *props = json_obj(body, "props"), *v = props ? props->child : NULL, *omitted = NULL;
	while (v) {
		cJSON *next = v->next;
		if (text_size(v) > GRAPH_PROP_BRIEF) {
			if (!omitted)
				omitted = json_add_arr(body, "omitted");
			cJSON_AddItemToArray(omitted, cJSON_CreateString(v->string));
			cJSON_Delete(cJSON_DetachItemViaPointer(props, v));
		}
		v = next;
	}
}

static void add_member(struct buf *t, const char *key, struct slice value)
{
	buf_printf(t, "%s\"%s\":", t->len > 1 ? "," : "", key);
	json_write_string(t, value);
}

/* A body within the cap holds no large prop: its text is taken as it is. */
static int node_text(struct buf *t, sqlite3_stmt *s, struct err *e)
{
	static const char *const cols[] = {"id", "type", "name", "account", "region"};
	struct slice body = db_col(s, 6);

	buf_reset(t);
	buf_ch(t, '{');
	for (size_t i = 0; i < ARRAY_LEN(cols); i++)
		if (i < 3 || db_col(s, (int)i + 1).n)
			add_member(t, cols[i], db_col(s, (int)i + 1));
	if (body.n <= GRAPH_PROP_BRIEF) {
		if (body.n > 2)
			buf_printf(t, ",%.*s", (int)body.n - 1, body.s + 1);
		else
			buf_ch(t, '}');
		return 0;
	}
	cJSON *tree = json_parse(body, GRAPH_OBJECT_MAX, e);
	struct buf rest = BUF_INIT;
	if (!tree)
		return -1;
	brief_props(tree);
	json_write(&rest, tree);
	buf_printf(t, ",%s", rest.s + 1);
	buf_release(&rest);
	cJSON_Delete(tree);
	return 0;
}

static int build_nodes(struct graph *g, struct builder *b, struct err *e)
{
	sqlite3_stmt *s = db_query(
	        &g->db, e, "SELECT n,id,type,name,account,region,body FROM node ORDER BY n", "");
	struct buf text = BUF_INIT;
	int rc = s ? 0 : -1;

	while (!rc && (rc = db_step(&g->db, s, e)) == 1) {
		struct snap_node *n = vec_push(&b->nodes);
		struct slice id = db_col(s, 1), name = db_col(s, 3);
		n->id = pool_add(&b->pool, id.s, id.n);
		n->name = pool_intern(&b->pool, name.s, name.n);
		n->type = type_ix(&b->node_type_ix, b, false, db_text(s, 2));
		rc = node_text(&text, s, e);
		n->text_len = (uint32_t)text.len;
		n->text = pool_add(&b->pool, text.s, text.len);
		b->dense[sqlite3_column_int64(s, 0)] = (uint32_t)(b->nodes.n - 1);
	}
	buf_release(&text);
	return rc;
}

static int build_edges(struct graph *g, struct builder *b, struct err *e)
{
	sqlite3_stmt *s = db_query(
	        &g->db, e, "SELECT src,dst,type,action,body,flags FROM edge ORDER BY n", "");
	int rc;

	if (!s)
		return -1;
	while ((rc = db_step(&g->db, s, e)) == 1) {
		struct snap_edge *x = vec_push(&b->edges);
		struct slice action = db_col(s, 3), props = db_col(s, 4);
		x->from = b->dense[sqlite3_column_int64(s, 0)];
		x->to = b->dense[sqlite3_column_int64(s, 1)];
		x->type = type_ix(&b->edge_type_ix, b, true, db_text(s, 2));
		x->label = pool_intern(&b->pool, action.s, action.n);
		x->props = pool_intern(&b->pool, props.s, props.n);
		x->flags = (uint16_t)sqlite3_column_int(s, 5);
	}
	return rc;
}

static void build_adjacency(struct builder *b)
{
	size_t n = b->nodes.n, m = b->edges.n;
	for (int in = 0; in < 2; in++) {
		uint32_t *start = xcalloc(n + 2, sizeof(*start));
		struct graph_edge *adj = xcalloc(m + 1, sizeof(*adj));
		for (size_t i = 0; i < m; i++)
			start[(in ? b->edges.v[i].to : b->edges.v[i].from) + 2]++;
		for (size_t i = 2; i < n + 2; i++)
			start[i] += start[i - 1];
		for (size_t i = 0; i < m; i++) {
			const struct snap_edge *x = &b->edges.v[i];
			uint32_t at = start[(in ? x->to : x->from) + 1]++;
			adj[at] = (struct graph_edge){.to = in ? x->from : x->to,
			                              .edge = (uint32_t)i,
			                              .type = x->type,
			                              .flags = x->flags};
		}
		b->start[in] = start;
		b->adj[in] = adj;
	}
}

static uint64_t name_hash(struct slice s)
{
	char low[256];
	size_t n = s.n < sizeof(low) ? s.n : sizeof(low);
	for (size_t i = 0; i < n; i++)
		low[i] = (char)tolower((unsigned char)s.s[i]);
	return mw_hash(low, n);
}

static void hash_put(uint32_t *slots, uint32_t nslots, uint64_t hash, uint32_t node)
{
	uint32_t i = (uint32_t)hash & (nslots - 1);
	while (slots[i])
		i = (i + 1) & (nslots - 1);
	slots[i] = node + 1;
}

static void build_hashes(struct builder *b)
{
	b->nslots = 16;
	while (b->nslots < b->nodes.n * 2)
		b->nslots *= 2;
	for (int i = 0; i < 2; i++)
		b->hash[i] = xcalloc(b->nslots, sizeof(uint32_t));
	for (size_t i = 0; i < b->nodes.n; i++) {
		struct slice id = slice_of(b->pool.text.s + b->nodes.v[i].id);
		struct slice name = slice_of(b->pool.text.s + b->nodes.v[i].name);
		hash_put(b->hash[0], b->nslots, mw_hash(id.s, id.n), (uint32_t)i);
		if (name.n)
			hash_put(b->hash[1], b->nslots, name_hash(name), (uint32_t)i);
	}
}

struct part {
	const void *p;
	size_t n;
};

static void parts_of(const struct builder *b, struct part parts[SNAP_SECTIONS])
{
	size_t n = b->nodes.n, m = b->edges.n;
	const struct part all[SNAP_SECTIONS] = {
	        [SNAP_NODES] = {b->nodes.v, n * sizeof(struct snap_node)},
	        [SNAP_EDGES] = {b->edges.v, m * sizeof(struct snap_edge)},
	        [SNAP_OUT_START] = {b->start[0], (n + 1) * sizeof(uint32_t)},
	        [SNAP_OUT] = {b->adj[0], m * sizeof(struct graph_edge)},
	        [SNAP_IN_START] = {b->start[1], (n + 1) * sizeof(uint32_t)},
	        [SNAP_IN] = {b->adj[1], m * sizeof(struct graph_edge)},
	        [SNAP_ID_HASH] = {b->hash[0], b->nslots * sizeof(uint32_t)},
	        [SNAP_NAME_HASH] = {b->hash[1], b->nslots * sizeof(uint32_t)},
	        [SNAP_NODE_TYPES] = {b->node_types.v, b->node_types.n * sizeof(uint32_t)},
	        [SNAP_EDGE_TYPES] = {b->edge_types.v, b->edge_types.n * sizeof(uint32_t)},
	        [SNAP_POOL] = {b->pool.text.s, b->pool.text.len + 1},
	};
	memcpy(parts, all, sizeof(all));
}

static void snap_point(struct snap *s, const struct snap_header *h)
{
	const char *base = (const char *)h;
	s->h = h;
	s->nodes = (const void *)(base + h->at[SNAP_NODES]);
	s->edges = (const void *)(base + h->at[SNAP_EDGES]);
	s->out_start = (const void *)(base + h->at[SNAP_OUT_START]);
	s->out = (const void *)(base + h->at[SNAP_OUT]);
	s->in_start = (const void *)(base + h->at[SNAP_IN_START]);
	s->in = (const void *)(base + h->at[SNAP_IN]);
	s->id_hash = (const void *)(base + h->at[SNAP_ID_HASH]);
	s->name_hash = (const void *)(base + h->at[SNAP_NAME_HASH]);
	s->node_types = (const void *)(base + h->at[SNAP_NODE_TYPES]);
	s->edge_types = (const void *)(base + h->at[SNAP_EDGE_TYPES]);
	s->pool = base + h->at[SNAP_POOL];
}

static uint64_t checksum(const struct snap_header *h)
{
	return XXH3_64bits((const char *)h + sizeof(*h), h->size - sizeof(*h));
}

static void assemble(const struct builder *b, int64_t generation, uint64_t file_id,
                     struct snap *out)
{
	struct part parts[SNAP_SECTIONS];
	struct snap_header h = {.generation = generation,
	                        .file_id = file_id,
	                        .nodes = (uint32_t)b->nodes.n,
	                        .edges = (uint32_t)b->edges.n,
	                        .slots = b->nslots,
	                        .node_types = (uint32_t)b->node_types.n,
	                        .edge_types = (uint32_t)b->edge_types.n,
	                        .size = sizeof(h)};
	char *base;

	memcpy(h.magic, magic, sizeof(magic));
	parts_of(b, parts);
	for (int i = 0; i < SNAP_SECTIONS; i++) {
		h.at[i] = h.size;
		h.size += (parts[i].n + 7) & ~(uint64_t)7;
	}
	base = xcalloc(1, h.size);
	for (int i = 0; i < SNAP_SECTIONS; i++)
		if (parts[i].n)
			memcpy(base + h.at[i], parts[i].p, parts[i].n);
	memcpy(base, &h, sizeof(h));
	h.checksum = checksum((const void *)base);
	memcpy(base, &h, sizeof(h));
	*out = (struct snap){0};
	snap_point(out, (const void *)base);
}

static void builder_release(struct builder *b)
{
	buf_release(&b->pool.text);
	map_release(&b->pool.offsets);
	map_release(&b->node_type_ix);
	map_release(&b->edge_type_ix);
	vec_free(&b->nodes);
	vec_free(&b->edges);
	vec_free(&b->node_types);
	vec_free(&b->edge_types);
	free(b->dense);
	for (int i = 0; i < 2; i++) {
		free(b->start[i]);
		free(b->adj[i]);
		free(b->hash[i]);
	}
}

/* Within one read transaction, so that nodes and edges belong together. */
static int build_rows(struct graph *g, struct builder *b, int64_t *generation, uint64_t *file_id,
                      struct err *e)
{
	int rc = -1;
	if (db_exec(&g->db, "BEGIN", e))
		return -1;
	if (graph_generation(g, generation, file_id, e) ||
	    db_i64(&g->db, e, &b->max_row, 0, "SELECT max(n) FROM node", ""))
		goto out;
	b->dense = xcalloc((size_t)b->max_row + 1, sizeof(*b->dense));
	if (!build_nodes(g, b, e) && !build_edges(g, b, e))
		rc = 0;
out:
	db_rollback(&g->db);
	return rc;
}

int snap_build(struct graph *g, struct snap *out, struct err *e)
{
	struct builder b = {.pool.text = BUF_INIT};
	int64_t generation;
	uint64_t file_id;
	int rc = -1;

	pool_add(&b.pool, "", 0); /* offset 0: the empty text */
	if (build_rows(g, &b, &generation, &file_id, e))
		goto out;
	if (b.pool.text.len > UINT32_MAX || b.nodes.n >= UINT32_MAX || b.edges.n >= UINT32_MAX) {
		err_set(e, ERR_LIMIT, "the graph's text is over 4 GiB");
		goto out;
	}
	build_adjacency(&b);
	build_hashes(&b);
	assemble(&b, generation, file_id, out);
	rc = 0;
out:
	builder_release(&b);
	return rc;
}

/* The file */

static int write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = write(fd, p, n);
		if (w < 0)
			return -1;
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

int snap_save(const struct snap *s, const char *dir, struct err *e)
{
	char *tmp = xasprintf("%s/graph.csr.new", dir), *path = xasprintf("%s/graph.csr", dir);
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600), rc = -1;

	if (fd < 0 || write_all(fd, (const char *)s->h, s->h->size) || fsync(fd))
		err_errno(e, "%s", tmp);
	else if (rename(tmp, path))
		err_errno(e, "%s", path);
	else
		rc = 0;
	if (fd >= 0)
		close(fd);
	if (rc)
		unlink(tmp);
	free(tmp);
	free(path);
	return rc;
}

static bool sound(const struct snap_header *h, size_t size)
{
	uint64_t need[SNAP_SECTIONS] = {
	        [SNAP_NODES] = h->nodes * sizeof(struct snap_node),
	        [SNAP_EDGES] = h->edges * sizeof(struct snap_edge),
	        [SNAP_OUT_START] = (h->nodes + 1ull) * sizeof(uint32_t),
	        [SNAP_OUT] = h->edges * sizeof(struct graph_edge),
	        [SNAP_IN_START] = (h->nodes + 1ull) * sizeof(uint32_t),
	        [SNAP_IN] = h->edges * sizeof(struct graph_edge),
	        [SNAP_ID_HASH] = h->slots * sizeof(uint32_t),
	        [SNAP_NAME_HASH] = h->slots * sizeof(uint32_t),
	        [SNAP_NODE_TYPES] = h->node_types * sizeof(uint32_t),
	        [SNAP_EDGE_TYPES] = h->edge_types * sizeof(uint32_t),
	        [SNAP_POOL] = 1,
	};
	if (memcmp(h->magic, magic, sizeof(magic)) || h->size != size)
		return false;
	for (int i = 0; i < SNAP_SECTIONS; i++)
		if (h->at[i] > size || need[i] > size - h->at[i])
			return false;
	return h->checksum == checksum(h);
}

bool snap_load(struct snap *out, const char *dir, int64_t generation, uint64_t file_id)
{
	char *path = xasprintf("%s/graph.csr", dir);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	const struct snap_header *h = MAP_FAILED;
	size_t size = 0;

	free(path);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && (size_t)st.st_size > sizeof(*h)) {
		size = (size_t)st.st_size;
		h = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	}
	close(fd);
	if (h == MAP_FAILED)
		return false;
	if (h->generation != generation || h->file_id != file_id || !sound(h, size)) {
		munmap((void *)(uintptr_t)h, size);
		return false;
	}
	*out = (struct snap){.mapped = true};
	snap_point(out, h);
	return true;
}

void snap_release(struct snap *s)
{
	void *base = (void *)(uintptr_t)s->h;
	if (s->h && s->mapped)
		munmap(base, s->h->size);
	else
		free(base);
	*s = (struct snap){0};
}

/* Reading */

int graph_refresh(struct graph *g, bool *changed, struct err *e)
{
	struct snap fresh;
	int64_t generation;
	uint64_t file_id;

	if (changed)
		*changed = false;
	if (!g->open && graph_open_db(g, e))
		return -1;
	if (!g->open)
		return 0;
	if (graph_generation(g, &generation, &file_id, e))
		return -1;
	if (g->snap.h && g->snap.h->generation == generation && g->snap.h->file_id == file_id)
		return 0;
	if (!snap_load(&fresh, g->dir, generation, file_id) && snap_build(g, &fresh, e))
		return -1;
	snap_release(&g->snap);
	g->snap = fresh;
	if (changed)
		*changed = true;
	return 0;
}

uint32_t graph_count(const struct graph *g)
{
	return g->snap.h ? g->snap.h->nodes : 0;
}

uint32_t graph_edge_count(const struct graph *g)
{
	return g->snap.h ? g->snap.h->edges : 0;
}

static const char *pool_at(const struct graph *g, uint32_t at)
{
	return g->snap.pool + at;
}

static uint32_t find_id(const struct graph *g, struct slice id)
{
	uint32_t mask = g->snap.h->slots - 1, i = (uint32_t)mw_hash(id.s, id.n) & mask;
	for (; g->snap.id_hash[i]; i = (i + 1) & mask)
		if (slice_eq_str(id, graph_node_id(g, g->snap.id_hash[i] - 1)))
			return g->snap.id_hash[i] - 1;
	return GRAPH_NONE;
}

static size_t find_name(const struct graph *g, struct slice name, uint32_t *out, size_t max)
{
	uint32_t mask = g->snap.h->slots - 1, i = (uint32_t)name_hash(name) & mask;
	size_t n = 0;
	for (; name.n && g->snap.name_hash[i]; i = (i + 1) & mask) {
		uint32_t node = g->snap.name_hash[i] - 1;
		if (!slice_ieq(name, slice_of(pool_at(g, g->snap.nodes[node].name))))
			continue;
		if (n < max)
			out[n] = node;
		n++;
	}
	return n;
}

/* The ARN of a role session lacks the role's path, so the role is found by its name within the
 * account. */
static uint32_t find_role_by_name(const struct graph *g, struct slice arn)
{
	const char *at = memmem(arn.s, arn.n, ":role/", 6), *name;
	uint32_t hits[64];
	size_t n, prefix;

	if (!at)
		return GRAPH_NONE;
	prefix = (size_t)(at + 6 - arn.s);
	name = (const char *)memrchr(arn.s, '/', arn.n) + 1;
	n = find_name(g, (struct slice){name, arn.n - (size_t)(name - arn.s)}, hits,
	              ARRAY_LEN(hits));
	for (size_t i = 0; i < n && i < ARRAY_LEN(hits); i++)
		if (strncmp(graph_node_id(g, hits[i]), arn.s, prefix) == 0)
			return hits[i];
	return GRAPH_NONE;
}

static uint32_t find_by_id(struct graph *g, struct slice id)
{
	struct buf canonical = BUF_INIT;
	struct slice c;
	uint32_t n = find_id(g, id);

	if (n == GRAPH_NONE) {
		graph_canonical_id(id, &canonical);
		c = (struct slice){canonical.s, canonical.len};
		n = find_id(g, c);
		if (n == GRAPH_NONE)
			n = find_role_by_name(g, c);
		buf_release(&canonical);
	}
	return n;
}

uint32_t graph_find(struct graph *g, struct slice id_or_name)
{
	uint32_t n = GRAPH_NONE;
	graph_find_all(g, id_or_name, &n, 1);
	return n;
}

size_t graph_find_all(struct graph *g, struct slice id_or_name, uint32_t *out, size_t max)
{
	uint32_t n;
	if (!g->snap.h || !id_or_name.n)
		return 0;
	n = find_by_id(g, id_or_name);
	if (n == GRAPH_NONE)
		return find_name(g, id_or_name, out, max);
	if (max)
		out[0] = n;
	return 1;
}

size_t graph_out(const struct graph *g, uint32_t node, const struct graph_edge **edges)
{
	*edges = g->snap.out + g->snap.out_start[node];
	return g->snap.out_start[node + 1] - g->snap.out_start[node];
}

size_t graph_in(const struct graph *g, uint32_t node, const struct graph_edge **edges)
{
	*edges = g->snap.in + g->snap.in_start[node];
	return g->snap.in_start[node + 1] - g->snap.in_start[node];
}

const char *graph_node_id(const struct graph *g, uint32_t node)
{
	return pool_at(g, g->snap.nodes[node].id);
}

uint16_t graph_node_type_ix(const struct graph *g, uint32_t node)
{
	return g->snap.nodes[node].type;
}

const char *graph_node_type_name(const struct graph *g, uint16_t type)
{
	return pool_at(g, g->snap.node_types[type]);
}

const char *graph_node_type(const struct graph *g, uint32_t node)
{
	return graph_node_type_name(g, g->snap.nodes[node].type);
}

size_t graph_node_types(const struct graph *g)
{
	return g->snap.h ? g->snap.h->node_types : 0;
}

const char *graph_type_name(const struct graph *g, uint16_t edge_type)
{
	return pool_at(g, g->snap.edge_types[edge_type]);
}

size_t graph_types(const struct graph *g)
{
	return g->snap.h ? g->snap.h->edge_types : 0;
}

void graph_expect_edges(const struct graph *g, uint32_t node)
{
	__builtin_prefetch(g->snap.out + g->snap.out_start[node]);
}

struct slice graph_node_text(const struct graph *g, uint32_t node)
{
	const struct snap_node *n = &g->snap.nodes[node];
	return (struct slice){pool_at(g, n->text), n->text_len};
}

struct slice graph_edge_props(const struct graph *g, uint32_t edge)
{
	return slice_of(pool_at(g, g->snap.edges[edge].props));
}

uint16_t graph_edge_flags(const struct graph *g, uint32_t edge)
{
	return g->snap.edges[edge].flags;
}

const char *graph_edge_label(const struct graph *g, uint32_t edge)
{
	const struct snap_edge *x = &g->snap.edges[edge];
	return x->label ? pool_at(g, x->label) : graph_type_name(g, x->type);
}

void graph_edge_ends(const struct graph *g, uint32_t edge, uint32_t *from, uint32_t *to,
                     uint16_t *type)
{
	const struct snap_edge *x = &g->snap.edges[edge];
	*from = x->from;
	*to = x->to;
	*type = x->type;
}

cJSON *graph_node_json(struct graph *g, uint32_t node, struct err *e)
{
	return json_parse(graph_node_text(g, node), GRAPH_OBJECT_MAX, e);
}

cJSON *graph_edge_json(struct graph *g, uint32_t edge, struct err *e)
{
	struct slice props = graph_edge_props(g, edge);
	cJSON *out = cJSON_CreateObject(), *p = NULL;
	uint32_t from, to;
	uint16_t type;

	graph_edge_ends(g, edge, &from, &to, &type);
	json_add_str(out, "from", graph_node_id(g, from));
	json_add_str(out, "to", graph_node_id(g, to));
	json_add_str(out, "type", graph_type_name(g, type));
	if (props.n)
		p = json_parse(props, GRAPH_OBJECT_MAX, e);
	if (props.n && !p) {
		cJSON_Delete(out);
		return NULL;
	}
	if (p)
		cJSON_AddItemToObject(out, "props", p);
	return out;
}
