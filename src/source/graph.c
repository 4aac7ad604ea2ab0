/* The embedded graph as a source: runs graph steps of a plan. */
#include "source/graph_node.h"
#include "source/graph_use.h"
#include "source/graph_walk.h"

#include "base/limits.h"

#define DEPTH_DEFAULT 32      /* hops where a plan sets no bound */
#define PATH_DEPTH_DEFAULT 8  /* of all simple paths, whose number grows with it */
#define PATH_ROWS_DEFAULT 100 /* paths where a plan sets no limit */
#define PROGRESS_EACH 1024    /* rows */

struct graph_source {
	struct source base;
	struct graph *g;
	struct lake *l;
	char *name;
};

struct exec {
	struct graph *g;
	const struct plan_graph *q;
	const struct source_run *run;
	const struct source_sink *sink;
	struct source_done *done;
	const char *name;
	struct walk w;
	struct use *use; /* NULL: not asked for */
	struct buf row;
	uint64_t limit;
	node_vec starts, goals;
};

/* Rows */

/* 0 go on, 1 the limit is reached, -1 the sink or the clock said no */
static int push(struct exec *x, struct err *e)
{
	struct source_row row = {
	        .source = x->name, .id = EVENT_ID_NONE, .json = {x->row.s, x->row.len}};
	if (x->done->rows >= x->limit) {
		x->done->limited = true;
		return 1;
	}
	if (x->sink->row(x->sink->ctx, &row, e))
		return -1;
	if (++x->done->rows % PROGRESS_EACH == 0 && x->sink->progress)
		x->sink->progress(x->sink->ctx, x->done->rows, -1);
	return 0;
}

static void member_text(struct buf *b, const char *key, const char *value)
{
	buf_add(b, ",\"", 2);
	buf_str(b, key);
	buf_add(b, "\":", 2);
	json_write_string(b, slice_of(value));
}

/* A blast radius may be a hundred thousand rows: no printf for each. */
static void number_text(struct buf *b, uint32_t n)
{
	char digits[12];
	size_t at = sizeof(digits);
	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	buf_add(b, digits + at, sizeof(digits) - at);
}

static void node_text(struct exec *x, uint32_t node)
{
	struct slice t = graph_node_text(x->g, node);
	buf_add(&x->row, t.s, t.n);
}

static int use_text(struct exec *x, uint32_t edge, uint32_t member, struct err *e)
{
	if (!x->use)
		return 0;
	buf_str(&x->row, ",\"use\":");
	return use_mark(x->use, edge, member, &x->row, e);
}

/* member: where the edge led to, through a class. */
static int edge_text(struct exec *x, uint32_t edge, uint32_t through, uint32_t member,
                     struct err *e)
{
	uint32_t from, to;
	uint16_t type;
	struct slice props = graph_edge_props(x->g, edge);
	int rc;

	graph_edge_ends(x->g, edge, &from, &to, &type);
	buf_str(&x->row, "{\"type\":");
	json_write_string(&x->row, slice_of(graph_type_name(x->g, type)));
	member_text(&x->row, "from", graph_node_id(x->g, from));
	member_text(&x->row, "to", graph_node_id(x->g, to));
	member_text(&x->row, "label", graph_edge_label(x->g, edge));
	if (through != GRAPH_NONE)
		member_text(&x->row, "through", graph_node_id(x->g, through));
	if (props.n)
		buf_printf(&x->row, ",\"props\":%.*s", (int)props.n, props.s);
	rc = use_text(x, edge, through == GRAPH_NONE ? GRAPH_NONE : member, e);
	buf_ch(&x->row, '}');
	return rc;
}

static bool conditional_edge(const struct exec *x, uint32_t edge)
{
	return graph_edge_flags(x->g, edge) & GRAPH_EDGE_IF;
}

static int path_row(struct exec *x, const struct path_step *steps, size_t n, struct err *e)
{
	bool conditional = false;
	buf_reset(&x->row);
	buf_str(&x->row, "{\"path\":[");
	for (size_t i = 0; i < n; i++) {
		if (i) {
			buf_ch(&x->row, ',');
			if (edge_text(x, steps[i].edge, steps[i].through, steps[i].node, e))
				return -1;
			buf_ch(&x->row, ',');
		}
		node_text(x, steps[i].node);
	}
	buf_printf(&x->row, "],\"length\":%zu", n - 1);
	for (size_t i = 1; i < n; i++)
		conditional |= conditional_edge(x, steps[i].edge);
	buf_str(&x->row, conditional ? ",\"conditional\":true}" : "}");
	return push(x, e);
}

/* A node with how it was come to; a NULL arrival is a start. more: further members, or "". */
static int node_row(struct exec *x, uint32_t node, const struct arrival *a, uint32_t from,
                    bool backward, const char *more, struct err *e)
{
	uint32_t member = backward ? from : node; /* the far end of the edge */
	buf_reset(&x->row);
	buf_str(&x->row, "{\"node\":");
	node_text(x, node);
	buf_str(&x->row, ",\"depth\":");
	number_text(&x->row, a ? (uint32_t)a->depth : 0);
	if (a && a->edge != GRAPH_NONE) {
		uint32_t ends[2];
		uint16_t type;
		graph_edge_ends(x->g, a->edge, &ends[0], &ends[1], &type);
		member_text(&x->row, "via", graph_edge_label(x->g, a->edge));
		member_text(&x->row, "via_type", graph_type_name(x->g, type));
		member_text(&x->row, "from", graph_node_id(x->g, from));
		if (a->through != GRAPH_NONE)
			member_text(&x->row, "through", graph_node_id(x->g, a->through));
		if (use_text(x, a->edge, a->through == GRAPH_NONE ? GRAPH_NONE : member, e))
			return -1;
	}
	buf_str(&x->row, more);
	buf_ch(&x->row, '}');
	return push(x, e);
}

/* The way that a search came to a position, from its start. */
static int search_path_row(struct exec *x, const struct search *s, uint32_t ix, bool backward,
                           struct err *e)
{
	int32_t n = s->at[ix].depth + 1;
	struct path_step *steps = xcalloc((size_t)n + 1, sizeof(*steps));
	int rc;

	/* walked from the far end to the start; the edge stands with the second of its nodes */
	for (int32_t i = n - 1; i >= 0; i--) {
		const struct arrival *a = &s->at[ix];
		struct path_step *p = &steps[backward ? n - 1 - i : i];
		p->node = ix / WALK_STATES;
		if (i > 0) {
			p[backward].edge = a->edge;
			p[backward].through = a->through;
		}
		ix = a->from;
	}
	rc = path_row(x, steps, (size_t)n, e);
	free(steps);
	return rc;
}

/* Starts */

static int check(void *ctx, struct err *e)
{
	return walk_check(&((struct exec *)ctx)->w, e);
}

static int find_nodes(struct exec *x, const char *type, const struct plan_node *where,
                      node_vec *out, struct err *e)
{
	struct node_filter *f = node_filter_new(x->g, type, where, e);
	int rc;
	if (!f)
		return -1;
	rc = node_filter_all(f, out, check, x, e);
	node_filter_free(f);
	return rc;
}

static struct position *positions(const node_vec *v, uint8_t state)
{
	struct position *out = xcalloc(v->n + 1, sizeof(*out));
	for (size_t i = 0; i < v->n; i++)
		out[i] = (struct position){v->v[i], state};
	return out;
}

static int depth_of(const struct exec *x, int fallback)
{
	return x->q->max_depth ? x->q->max_depth : fallback;
}

/* The questions. Each: 0 done, 1 limit reached, -1 error. */

/* What is known of a position besides its node: access, and whether its way is conditional. */
static const char *found_more(const struct exec *x, uint8_t state, bool conditional)
{
	static const char *const texts[2][2] = {
	        {",\"access\":\"reach\"", ",\"access\":\"reach\",\"conditional\":true"},
	        {",\"access\":\"control\"", ",\"access\":\"control\",\"conditional\":true"}};
	if (!x->w.rel.attack)
		return conditional ? ",\"conditional\":true" : "";
	return texts[state == AT_CONTROL][conditional];
}

static int found_row(struct exec *x, const struct search *s, uint32_t ix, bool backward,
                     struct err *e)
{
	const struct arrival *a = &s->at[ix];
	if (x->q->return_paths)
		return search_path_row(x, s, ix, backward, e);
	return node_row(x, ix / WALK_STATES, a, a->from / WALK_STATES, backward,
	                found_more(x, ix % WALK_STATES, a->conditional), e);
}

/* What is as near as a node that is acted as counts as that, not as merely reached. */
static bool outdone(const struct search *s, uint32_t ix)
{
	struct position control = {ix / WALK_STATES, AT_CONTROL};
	return ix % WALK_STATES == AT_REACHED && search_reached(s, control) &&
	       s->at[control.node * WALK_STATES + AT_CONTROL].depth <= s->at[ix].depth;
}

static int each_found(struct exec *x, const struct search *s, bool backward, struct err *e,
                      bool (*wanted)(const struct exec *x, uint32_t node, uint8_t state))
{
	uint8_t *shown = xcalloc(graph_count(x->g) + 1, 1);
	int rc = 0;
	for (size_t i = 0; i < s->n && !rc; i++) {
		uint32_t ix = s->order[i], node = ix / WALK_STATES;
		if (s->at[ix].depth == 0 || shown[node] || !wanted(x, node, ix % WALK_STATES) ||
		    (x->w.rel.attack && outdone(s, ix)))
			continue;
		shown[node] = 1;
		rc = found_row(x, s, ix, backward, e);
		if (!rc && i % PROGRESS_EACH == 0)
			rc = walk_check(&x->w, e);
	}
	free(shown);
	return rc;
}

static bool any_node(const struct exec *x, uint32_t node, uint8_t state)
{
	(void)x, (void)node, (void)state;
	return true;
}

static bool reached(const struct exec *x, uint32_t node, uint8_t state)
{
	(void)x, (void)node;
	return state == AT_CONTROL || state == AT_REACHED;
}

static bool actor(const struct exec *x, uint32_t node, uint8_t state)
{
	(void)x, (void)node;
	return state == AT_CONTROL;
}

static int run_search(struct exec *x, const struct position *from, size_t n, bool backward,
                      int depth, struct err *e,
                      bool (*wanted)(const struct exec *x, uint32_t node, uint8_t state))
{
	struct search s;
	int rc = walk_search(&x->w, from, n, backward, depth, &s, e);
	if (rc)
		return -1;
	rc = each_found(x, &s, backward, e, wanted);
	search_release(&s);
	return rc;
}

static int neighbours(struct exec *x, struct err *e)
{
	struct position *from = positions(&x->starts, 0);
	int rc;
	x->w.rel.dir = WALK_BOTH;
	rc = run_search(x, from, x->starts.n, false, depth_of(x, 1), e, any_node);
	free(from);
	return rc;
}

static int blast(struct exec *x, struct err *e)
{
	struct position *from = positions(&x->starts, AT_CONTROL);
	int rc;
	x->w.rel.attack = true;
	rc = run_search(x, from, x->starts.n, false, depth_of(x, DEPTH_DEFAULT), e, reached);
	free(from);
	return rc;
}

static int reached_by(struct exec *x, struct err *e)
{
	struct position *from = xcalloc(x->starts.n * 2 + 1, sizeof(*from));
	int rc;
	for (size_t i = 0; i < x->starts.n; i++) {
		from[2 * i] = (struct position){x->starts.v[i], AT_REACHED};
		from[2 * i + 1] = (struct position){x->starts.v[i], AT_CONTROL};
	}
	x->w.rel.attack = true;
	rc = run_search(x, from, x->starts.n * 2, true, depth_of(x, DEPTH_DEFAULT), e, actor);
	free(from);
	return rc;
}

static int shortest(struct exec *x, struct err *e)
{
	struct position *from = positions(&x->starts, 0);
	struct search s;
	int rc = walk_search(&x->w, from, x->starts.n, false, depth_of(x, DEPTH_DEFAULT), &s, e);
	uint8_t *goal;

	free(from);
	if (rc)
		return -1;
	goal = xcalloc(graph_count(x->g) + 1, 1);
	for (size_t i = 0; i < x->goals.n; i++)
		goal[x->goals.v[i]] = 1;
	for (size_t i = 0; i < s.n && !rc; i++)
		if (goal[s.order[i] / WALK_STATES])
			rc = search_path_row(x, &s, s.order[i], false, e);
	free(goal);
	search_release(&s);
	return rc;
}

static int on_path(void *ctx, const struct path_step *steps, size_t n, struct err *e)
{
	return path_row(ctx, steps, n, e);
}

static void limit_paths(struct exec *x)
{
	if (!x->q->limit)
		x->limit = PATH_ROWS_DEFAULT;
}

static int paths(struct exec *x, struct err *e)
{
	struct position *from = positions(&x->starts, 0);
	int rc;
	limit_paths(x);
	rc = walk_paths(&x->w, from, x->starts.n, x->goals.v, x->goals.n,
	                depth_of(x, PATH_DEPTH_DEFAULT), false, on_path, x, e);
	free(from);
	return rc;
}

/* Ways in. Rights over a whole account reach all that is in it: such ways say nothing of the asset, so they are given only where
 * there is no other, and counted otherwise. */
struct ways {
	struct exec *x;
	bool wide;         /* the second round: those through whole accounts */
	uint64_t left;     /* such ways that the first round left out */
	node_vec last;     /* nodes of the way before: parallel edges between them are one way */
	const char *entry; /* how it came in */
};
#define WIDE_WAYS_MAX 10000 /* counted; then the search ends */

static bool through_account(struct graph *g, const struct path_step *steps, size_t n)
{
	static const char *const wholes[] = {"account", "subscription", "organization", "project",
	                                     "management_group"};

	for (size_t i = 1; i + 1 < n; i++)
		for (size_t k = 0; k < ARRAY_LEN(wholes); k++)
			if (strcmp(graph_node_type(g, steps[i].node), wholes[k]) == 0)
				return true;
	return false;
}

/* The same nodes by the same entry as the way before? Remembers this one. */
static bool same_way(struct ways *v, const struct path_step *steps, size_t n)
{
	const char *entry = n > 1 ? graph_edge_label(v->x->g, steps[1].edge) : "";
	bool same = v->last.n == n && v->entry && strcmp(v->entry, entry) == 0;

	for (size_t i = 0; i < n && same; i++)
		same = v->last.v[i] == steps[i].node;
	v->last.n = 0;
	for (size_t i = 0; i < n; i++)
		*vec_push(&v->last) = steps[i].node;
	v->entry = entry;
	return same;
}

static int on_way(void *ctx, const struct path_step *steps, size_t n, struct err *e)
{
	struct ways *v = ctx;
	bool wide = through_account(v->x->g, steps, n);

	if (same_way(v, steps, n) || (v->wide && !wide))
		return 0;
	if (wide == v->wide)
		return path_row(v->x, steps, n, e);
	return ++v->left >= WIDE_WAYS_MAX ? 1 : 0;
}

static int ways_in(struct ways *v, const struct position *from, struct err *e)
{
	v->last.n = 0;
	v->entry = NULL;
	return walk_paths(&v->x->w, from, 1, v->x->starts.v, v->x->starts.n,
	                  depth_of(v->x, PATH_DEPTH_DEFAULT), true, on_way, v, e);
}

/* From the internet to the assets, by what an attacker could do on the way: every way in, and the shortest ways on. */
static int exposure(struct exec *x, struct err *e)
{
	struct position from = {graph_find(x->g, SLICE("internet")), AT_CONTROL};
	struct ways v = {.x = x};
	int rc;

	if (from.node == GRAPH_NONE) {
		snprintf(x->done->why, sizeof(x->done->why),
		         "the inventory shows no way in from the internet to anything");
		return 0;
	}
	limit_paths(x);
	x->w.rel.attack = true;
	rc = ways_in(&v, &from, e);
	v.wide = !rc && x->done->rows == 0 && v.left;
	if (v.wide)
		rc = ways_in(&v, &from, e);
	else if (!rc && v.left)
		snprintf(x->done->why, sizeof(x->done->why),
		         "%s%llu more %s over a whole account, which reach all that is in it",
		         v.left >= WIDE_WAYS_MAX ? "at least " : "", (unsigned long long)v.left,
		         v.left == 1 ? "way by rights" : "ways by rights");
	vec_free(&v.last);
	return rc;
}

/* Match: hop by hop */

struct match {
	struct exec *x;
	struct node_filter **filters; /* one a hop */
	int *edge_types;              /* -1 any, -2 a type that the graph does not have */
	/* nodes: the frontier with how each node was come to */
	struct arrival *at;
	node_vec next;
	uint32_t from;
	int depth;
	/* paths */
	struct path_step *steps;
	bool *on_path;
	size_t n, cap;
	size_t hop, times;
	struct err *e;
	int rc;
};

static int edge_type_ix(struct graph *g, const char *name)
{
	if (!name)
		return -1;
	for (size_t t = 0; t < graph_types(g); t++)
		if (strcmp(graph_type_name(g, (uint16_t)t), name) == 0)
			return (int)t;
	return -2;
}

static const enum walk_dir hop_dirs[] = {
        [HOP_OUT] = WALK_OUT, [HOP_IN] = WALK_IN, [HOP_BOTH] = WALK_BOTH};

static void use_hop(struct match *m, size_t i)
{
	m->x->w.rel.dir = hop_dirs[m->x->q->hops[i].dir];
	m->x->w.rel.edge_type = m->edge_types[i];
}

static bool into_next(void *ctx, const struct hop *h)
{
	struct match *m = ctx;
	if (m->at[h->to.node].depth < 0) {
		m->at[h->to.node] =
		        (struct arrival){m->from, h->edge, h->through, (int16_t)m->depth, false};
		*vec_push(&m->next) = h->to.node;
	}
	return true;
}

/* One repetition of a hop from every node of the frontier. */
static int advance(struct match *m, const node_vec *frontier)
{
	for (size_t i = 0; i < graph_count(m->x->g); i++)
		m->at[i].depth = -1;
	m->next.n = 0;
	for (size_t i = 0; i < frontier->n; i++) {
		m->from = frontier->v[i];
		walk_from(&m->x->w, (struct position){m->from, 0}, false, into_next, m);
		if (i % 256 == 255 && walk_check(&m->x->w, m->e))
			return -1;
	}
	return 0;
}

struct ends { /* of a hop: each node once, with its first arrival */
	node_vec nodes;
	struct arrival *at;
	bool *have;
};

static void keep_ends(struct match *m, size_t hop, const node_vec *from, struct ends *out,
                      bool arrived)
{
	for (size_t i = 0; i < from->n; i++) {
		uint32_t n = from->v[i];
		if (out->have[n] || !node_filter_match(m->filters[hop], n))
			continue;
		out->have[n] = true;
		out->at[n] = arrived ? m->at[n]
		                     : (struct arrival){GRAPH_NONE, GRAPH_NONE, GRAPH_NONE,
		                                        (int16_t)m->depth, false};
		*vec_push(&out->nodes) = n;
	}
}

static int hop_nodes(struct match *m, size_t i, node_vec *frontier, struct ends *out)
{
	const struct plan_hop *h = &m->x->q->hops[i];
	int rc = 0;
	use_hop(m, i);
	out->nodes.n = 0;
	memset(out->have, 0, graph_count(m->x->g) * sizeof(bool));
	if (h->min == 0)
		keep_ends(m, i, frontier, out, false);
	for (int k = 1; k <= h->max && !rc && frontier->n; k++) {
		m->depth++;
		rc = m->edge_types[i] == -2 ? 0 : advance(m, frontier);
		if (m->edge_types[i] == -2)
			m->next.n = 0;
		if (!rc && k >= h->min)
			keep_ends(m, i, &m->next, out, true);
		frontier->n = 0;
		for (size_t j = 0; j < m->next.n; j++)
			*vec_push(frontier) = m->next.v[j];
	}
	return rc;
}

static int match_nodes(struct match *m)
{
	struct exec *x = m->x;
	size_t n = graph_count(x->g);
	struct ends ends = {.at = xcalloc(n + 1, sizeof(struct arrival)),
	                    .have = xcalloc(n + 1, sizeof(bool))};
	node_vec frontier = {0};
	int rc = 0;

	m->at = xcalloc(n + 1, sizeof(*m->at));
	for (size_t i = 0; i < x->starts.n; i++)
		*vec_push(&frontier) = x->starts.v[i];
	for (size_t i = 0; i < x->q->nhops && !rc; i++) {
		rc = hop_nodes(m, i, &frontier, &ends);
		frontier.n = 0;
		for (size_t j = 0; j < ends.nodes.n; j++)
			*vec_push(&frontier) = ends.nodes.v[j];
	}
	for (size_t i = 0; i < frontier.n && !rc; i++) {
		const struct arrival *a = x->q->nhops ? &ends.at[frontier.v[i]] : NULL;
		rc = node_row(x, frontier.v[i], a, a ? a->from : GRAPH_NONE, false, "", m->e);
	}
	vec_free(&frontier);
	vec_free(&ends.nodes);
	vec_free(&m->next);
	free(ends.at);
	free(ends.have);
	free(m->at);
	return rc;
}

static void match_from(struct match *m, uint32_t node);

static bool match_step(void *ctx, const struct hop *h)
{
	struct match *m = ctx;
	size_t hop = m->hop, times = m->times;
	if (m->on_path[h->to.node])
		return true;
	m->steps[m->n++] = (struct path_step){h->to.node, h->edge, h->through};
	m->on_path[h->to.node] = true;
	m->times++;
	match_from(m, h->to.node);
	m->on_path[h->to.node] = false;
	m->n--;
	m->hop = hop;
	m->times = times;
	use_hop(m, hop);
	return m->rc == 0;
}

/* At node, having done `times` repetitions of hop `hop`: the hop may end here, and it may go on. */
static void match_from(struct match *m, uint32_t node)
{
	const struct plan_hop *h = &m->x->q->hops[m->hop];
	size_t hop = m->hop, times = m->times;

	if (m->rc || (m->rc = walk_check(&m->x->w, m->e)) != 0)
		return;
	if (times >= (size_t)h->min && node_filter_match(m->filters[hop], node)) {
		if (hop + 1 == m->x->q->nhops) {
			m->rc = path_row(m->x, m->steps, m->n, m->e);
		} else {
			m->hop++;
			m->times = 0;
			match_from(m, node);
			m->hop = hop;
			m->times = times;
		}
	}
	if (m->rc || times >= (size_t)h->max || m->edge_types[hop] == -2)
		return;
	use_hop(m, hop);
	walk_from(&m->x->w, (struct position){node, 0}, false, match_step, m);
}

static int match_paths(struct match *m)
{
	struct exec *x = m->x;
	size_t most = 1;
	limit_paths(x);
	for (size_t i = 0; i < x->q->nhops; i++)
		most += (size_t)x->q->hops[i].max;
	m->steps = xcalloc(most + 1, sizeof(*m->steps));
	m->on_path = xcalloc(graph_count(x->g) + 1, sizeof(bool));
	for (size_t i = 0; i < x->starts.n && !m->rc; i++) {
		m->n = 1;
		m->hop = m->times = 0;
		m->steps[0] = (struct path_step){x->starts.v[i], GRAPH_NONE, GRAPH_NONE};
		m->on_path[x->starts.v[i]] = true;
		if (x->q->nhops)
			match_from(m, x->starts.v[i]);
		else
			m->rc = path_row(x, m->steps, 1, m->e);
		m->on_path[x->starts.v[i]] = false;
	}
	free(m->steps);
	free(m->on_path);
	return m->rc;
}

static int match(struct exec *x, struct err *e)
{
	size_t n = x->q->nhops;
	struct match m = {.x = x, .e = e};
	int rc = 0;

	m.filters = xcalloc(n + 1, sizeof(*m.filters));
	m.edge_types = xcalloc(n + 1, sizeof(*m.edge_types));
	for (size_t i = 0; i < n && !rc; i++) {
		const struct plan_hop *h = &x->q->hops[i];
		m.edge_types[i] = edge_type_ix(x->g, h->edge);
		m.filters[i] = node_filter_new(x->g, h->to_type, h->where, e);
		rc = m.filters[i] ? 0 : -1;
	}
	if (!rc)
		rc = x->q->return_paths ? match_paths(&m) : match_nodes(&m);
	for (size_t i = 0; i < n; i++)
		node_filter_free(m.filters[i]);
	free(m.filters);
	free(m.edge_types);
	return rc;
}

static const struct {
	const char *name;
	int (*run)(struct exec *x, struct err *e);
} questions[] = {
        [GF_MATCH] = {"match", match},
        [GF_NEIGHBOURS] = {"neighbours", neighbours},
        [GF_SHORTEST] = {"shortest", shortest},
        [GF_PATHS] = {"paths", paths},
        [GF_BLAST] = {"blast", blast},
        [GF_EXPOSURE] = {"exposure", exposure},
        [GF_REACHED_BY] = {"reached_by", reached_by},
};

/* What was asked, for the screen: the question and what it started from. */
static char *sent_text(const struct exec *x)
{
	struct buf b = BUF_INIT;
	buf_printf(&b, "%s from ", questions[x->q->fn].name);
	for (size_t i = 0; i < x->starts.n && i < 5; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", graph_node_id(x->g, x->starts.v[i]));
	if (x->starts.n != 1)
		buf_printf(&b, "%s(%zu nodes)", x->starts.n ? " " : "", x->starts.n);
	if (x->q->goal)
		buf_printf(&b, " to %zu nodes", x->goals.n);
	if (x->q->max_depth)
		buf_printf(&b, ", at most %d hops", x->q->max_depth);
	return buf_take(&b, NULL);
}

static int run_question(struct exec *x, struct err *e)
{
	const struct plan_graph *q = x->q;
	if (find_nodes(x, q->start_type, q->start, &x->starts, e) ||
	    (q->goal && find_nodes(x, NULL, q->goal, &x->goals, e)))
		return -1;
	x->done->sent = sent_text(x);
	if (!x->starts.n)
		snprintf(x->done->why, sizeof(x->done->why),
		         "no node of the graph is what the question starts from");
	return questions[q->fn].run(x, e);
}

static int graph_search(struct source *s, const struct plan *p, size_t i,
                        const struct source_run *run, const struct source_sink *sink,
                        struct source_done *done, struct err *e)
{
	struct graph_source *gs = (struct graph_source *)s;
	struct exec x = {.g = gs->g,
	                 .q = &p->steps[i].graph,
	                 .run = run,
	                 .sink = sink,
	                 .done = done,
	                 .name = gs->base.name,
	                 .row = BUF_INIT};
	int rc;

	*done = (struct source_done){.complete_to = MW_TIME_NONE};
	if (p->steps[i].kind != PS_GRAPH)
		return err_set(e, ERR_INVALID, "step %zu is no graph step", i + 1);
	x.limit = x.q->limit ? (uint64_t)x.q->limit : MW_PLAN_ROWS_DEFAULT;
	if (graph_refresh(x.g, NULL, e))
		return -1;
	if (x.q->with_use)
		x.use = use_new(x.g, gs->l, run, x.q->use_from, x.q->use_to);
	rc = walk_init(&x.w, x.g, run, e) || run_question(&x, e) < 0 ? -1 : 0;
	done->scanned = x.w.steps;
	if (rc && done->rows) {
		done->partial = true;
		snprintf(done->why, sizeof(done->why), "%.255s", e->what);
	}
	walk_release(&x.w);
	use_free(x.use);
	buf_release(&x.row);
	vec_free(&x.starts);
	vec_free(&x.goals);
	return rc;
}

static void graph_source_close(struct source *s)
{
	struct graph_source *gs = (struct graph_source *)s;
	free(gs->name);
	free(gs);
}

static const struct source_ops ops = {
        .kind = "graph", .search = graph_search, .close = graph_source_close};

struct source *source_graph_open(struct graph *g, struct lake *l, const char *name)
{
	struct graph_source *s = xcalloc(1, sizeof(*s));
	s->g = g;
	s->l = l;
	s->name = xstrdup(name);
	s->base = (struct source){&ops, s->name};
	return &s->base;
}
