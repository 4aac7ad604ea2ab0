#include "source/graph_walk.h"

#include "base/mem.h"

/* What taking over a node leads to: one row an edge type and direction. */

enum node_kind {
	KIND_OTHER = 0,
	KIND_COMPUTE = 1,
	KIND_HOLDER = 2,
	KIND_GROUP = 4,
	KIND_KEY = 8,
	KIND_CLASS = 16
};
static const struct {
	const char *type;
	enum node_kind kind;
} kinds[] = {
        {"instance", KIND_COMPUTE},      {"vm", KIND_COMPUTE},
        {"function", KIND_COMPUTE},      {"k8s_workload", KIND_COMPUTE},
        {"container", KIND_COMPUTE},     {"load_balancer", KIND_COMPUTE},
        {"target_group", KIND_COMPUTE},  {"network_interface", KIND_COMPUTE},
        {"account", KIND_HOLDER},        {"subscription", KIND_HOLDER},
        {"resource_group", KIND_HOLDER}, {"k8s_cluster", KIND_HOLDER},
        {"resource_class", KIND_CLASS},  {"security_group", KIND_GROUP},
        {"access_key", KIND_KEY},
};

enum rule_to { TO_NOTHING, TO_REACHED, TO_CONTROL, TO_NET_FROM, TO_NET_TO, TO_BY_FLAG, TO_BY_KIND };
struct attack_rule {
	uint8_t from;      /* state it starts in */
	uint8_t from_kind; /* kinds of the node that it starts at; 0 any */
	uint8_t to_kind;   /* and of the one that it leads to; 0 any */
	uint8_t to;        /* enum rule_to */
	bool against;      /* along the edge backwards */
	bool set;
};
#define RULES_EACH 3 /* rows that one edge type may have */
static const struct {
	const char *type;
	struct attack_rule rule;
} rule_table[] = {
        {"runs_as", {AT_CONTROL, 0, 0, TO_CONTROL, false, true}},
        {"can_assume", {AT_CONTROL, 0, 0, TO_CONTROL, false, true}},
        {"escalates_to", {AT_CONTROL, 0, 0, TO_CONTROL, false, true}},
        {"member_of", {AT_CONTROL, 0, 0, TO_CONTROL, false, true}},
        {"forwards_to", {AT_CONTROL, 0, 0, TO_CONTROL, false, true}},
        {"affects", {AT_CONTROL, 0, 0, TO_CONTROL, false, true}},
        {"can", {AT_CONTROL, 0, 0, TO_BY_FLAG, false, true}},
        {"exposes", {AT_CONTROL, 0, 0, TO_BY_KIND, false, true}},
        {"contains", {AT_CONTROL, KIND_HOLDER, 0, TO_CONTROL, false, true}},
        {"reads", {AT_CONTROL, 0, 0, TO_REACHED, false, true}},
        {"writes", {AT_CONTROL, 0, 0, TO_REACHED, false, true}},
        {"owns", {AT_CONTROL, 0, 0, TO_REACHED, false, true}},
        {"owns", {AT_CONTROL, KIND_KEY, 0, TO_CONTROL, true, true}},
        {"uses", {AT_CONTROL, 0, KIND_GROUP, TO_NET_FROM, false, true}},
        {"uses", {AT_CONTROL, 0, 0, TO_REACHED, false, true}},
        {"routes_to", {AT_NET_FROM, 0, 0, TO_NET_TO, false, true}},
        {"attached_to", {AT_NET_TO, KIND_GROUP, 0, TO_REACHED, false, true}},
        {"attached_to", {AT_CONTROL, KIND_COMPUTE, 0, TO_REACHED, true, true}},
        {"includes", {AT_CONTROL, 0, 0, TO_CONTROL, false, true}},
        {"has_policy", {AT_CONTROL, 0, 0, TO_NOTHING, false, true}},
        {"has_vuln", {AT_CONTROL, 0, 0, TO_NOTHING, false, true}},
};
/* Edge types of an import that no row knows: the other end is reached, no more is claimed. */
static const struct attack_rule unknown_rule = {AT_CONTROL, 0, 0, TO_REACHED, false, true};

static void prepare_rules(struct walk *w)
{
	size_t n = graph_types(w->g);
	w->rules = xcalloc(n * RULES_EACH + 1, sizeof(*w->rules));
	for (size_t t = 0; t < n; t++) {
		size_t k = 0;
		for (size_t i = 0; i < ARRAY_LEN(rule_table); i++)
			if (strcmp(graph_type_name(w->g, (uint16_t)t), rule_table[i].type) == 0)
				w->rules[t * RULES_EACH + k++] = rule_table[i].rule;
		if (!k)
			w->rules[t * RULES_EACH] = unknown_rule;
	}
}

/* States that a rule's end may have, as bits. */
static uint8_t ends_of(const struct attack_rule *r)
{
	static const uint8_t bits[] = {
	        [TO_NOTHING] = 0,
	        [TO_REACHED] = 1 << AT_REACHED,
	        [TO_CONTROL] = 1 << AT_CONTROL,
	        [TO_NET_FROM] = 1 << AT_NET_FROM,
	        [TO_NET_TO] = 1 << AT_NET_TO,
	        [TO_BY_FLAG] = 1 << AT_REACHED | 1 << AT_CONTROL,
	        [TO_BY_KIND] = 1 << AT_REACHED | 1 << AT_CONTROL,
	};
	return bits[r->to];
}

/* So that most edges are passed over by one look at their type. */
static void prepare_states(struct walk *w)
{
	size_t n = graph_types(w->g);
	w->leads = xcalloc(n + 1, 1);
	w->comes = xcalloc(n + 1, 1);
	for (size_t t = 0; t < n; t++)
		for (int i = 0; i < RULES_EACH; i++) {
			const struct attack_rule *r = &w->rules[t * RULES_EACH + (size_t)i];
			int shift = r->against ? WALK_STATES : 0;
			if (!r->set || !ends_of(r))
				continue;
			w->leads[t] |= (uint8_t)(1 << r->from << shift);
			w->comes[t] |= (uint8_t)(ends_of(r) << shift);
		}
}

static uint8_t kind_of_type(const char *type)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(type, kinds[i].type) == 0)
			return (uint8_t)kinds[i].kind;
	return KIND_OTHER;
}

static void prepare_kinds(struct walk *w)
{
	size_t n = graph_node_types(w->g);
	uint8_t *of_type = xcalloc(n + 1, 1);
	for (size_t t = 0; t < n; t++)
		of_type[t] = kind_of_type(graph_node_type_name(w->g, (uint16_t)t));
	w->kinds = xcalloc(graph_count(w->g) + 1, 1);
	for (uint32_t i = 0; i < graph_count(w->g); i++)
		w->kinds[i] = of_type[graph_node_type_ix(w->g, i)];
	free(of_type);
}

int walk_init(struct walk *w, struct graph *g, const struct source_run *run, struct err *e)
{
	*w = (struct walk){.g = g, .run = run, .rel = {.dir = WALK_OUT, .edge_type = -1}};
	prepare_kinds(w);
	prepare_rules(w);
	prepare_states(w);
	return walk_check(w, e);
}

void walk_release(struct walk *w)
{
	free(w->rules);
	free(w->leads);
	free(w->comes);
	free(w->kinds);
	free(w->class_seen);
	*w = (struct walk){0};
}

int walk_check(const struct walk *w, struct err *e)
{
	if (w->run->cancelled && *w->run->cancelled)
		return err_set(e, ERR_CANCELLED, "the graph question was cancelled");
	if (w->run->deadline_us && mw_mono_us() > w->run->deadline_us)
		return err_set(e, ERR_DEADLINE,
		               "the graph question ran out of time after %llu edges",
		               (unsigned long long)w->steps);
	return 0;
}

static uint8_t kind_of(const struct walk *w, uint32_t node)
{
	return w->kinds[node];
}

static bool is_class(const struct walk *w, uint32_t node)
{
	return w->kinds[node] & KIND_CLASS;
}

/* What a step along this edge makes of the node at its end; -1 nothing. `to` is the real end, past a class. */
static int outcome(const struct walk *w, const struct attack_rule *r, uint16_t flags, uint32_t to)
{
	switch ((enum rule_to)r->to) {
	case TO_NOTHING:
		return -1;
	case TO_REACHED:
		return AT_REACHED;
	case TO_CONTROL:
		return AT_CONTROL;
	case TO_NET_FROM:
		return AT_NET_FROM;
	case TO_NET_TO:
		return AT_NET_TO;
	case TO_BY_FLAG:
		return flags & GRAPH_EDGE_CONTROL ? AT_CONTROL
		       : flags & GRAPH_EDGE_META  ? -1
		                                  : AT_REACHED;
	case TO_BY_KIND: /* a policy's public grant is no way in, a port of a machine may be */
		if ((flags & GRAPH_EDGE_DERIVED) && !(flags & GRAPH_EDGE_CONTROL))
			return AT_REACHED;
		return kind_of(w, to) & (KIND_COMPUTE | KIND_HOLDER) ? AT_CONTROL : AT_REACHED;
	}
	return -1;
}

static int attack_step(const struct walk *w, uint32_t from, int state, const struct graph_edge *e,
                       uint32_t to, bool against)
{
	const struct attack_rule *r = &w->rules[e->type * RULES_EACH];
	for (int i = 0; i < RULES_EACH && r[i].set; i++) {
		if (r[i].from != state || r[i].against != against ||
		    (r[i].from_kind && !(r[i].from_kind & kind_of(w, from))) ||
		    (r[i].to_kind && !(r[i].to_kind & kind_of(w, to))))
			continue;
		return outcome(w, &r[i], e->flags, to);
	}
	return -1;
}

struct stepper {
	struct walk *w;
	struct position p;
	bool backward; /* of the search, not of the edge */
	bool against;  /* this list of edges is looked at from its far end */
	hop_fn *fn;
	void *ctx;
	bool stopped;
};

static void offer(struct stepper *s, uint32_t node, int state, const struct graph_edge *e,
                  uint32_t through)
{
	struct hop h = {{node, (uint8_t)state}, e->edge, through, e->flags};
	if (!s->stopped && !s->fn(s->ctx, &h))
		s->stopped = true;
}

/* One edge between p and `other`, neither a class. */
static void step(struct stepper *s, const struct graph_edge *e, uint32_t other, uint32_t through)
{
	struct walk *w = s->w;
	int to;
	if (!w->rel.attack) {
		offer(s, other, 0, e, through);
		return;
	}
	if (!s->backward) {
		to = attack_step(w, s->p.node, s->p.state, e, other, s->against);
		if (to >= 0)
			offer(s, other, to, e, through);
		return;
	}
	/* backward: which states of the other end lead here? */
	for (int state = 0; state < WALK_STATES; state++)
		if (attack_step(w, other, state, e, s->p.node, !s->against) == s->p.state)
			offer(s, other, state, e, through);
}

static bool wanted(const struct walk *w, const struct graph_edge *e)
{
	return !(e->flags & GRAPH_EDGE_DENY) &&
	       (w->rel.attack || w->rel.edge_type < 0 || e->type == w->rel.edge_type);
}

/* During a search a class is opened once for each way of coming to it: forward what the edge makes of its members, backward
 * what its members are. */
static bool opened(struct stepper *s, const struct graph_edge *e)
{
	uint8_t *seen = s->w->class_seen, bit = 1;
	if (!seen)
		return false;
	if (s->w->rel.attack && s->backward)
		bit = (uint8_t)(1 << s->p.state);
	else if (s->w->rel.attack)
		bit = e->flags & GRAPH_EDGE_CONTROL ? 1 : e->flags & GRAPH_EDGE_META ? 2 : 4;
	if (seen[e->to] & bit)
		return true;
	seen[e->to] |= bit;
	return false;
}

/* The edges on the far side of a class, as if they began at p. */
static void through_class(struct stepper *s, const struct graph_edge *e, bool in)
{
	const struct graph_edge *far;
	uint32_t c = e->to;
	size_t n;

	if ((s->w->rel.attack && in != s->backward) || opened(s, e))
		return;
	n = in ? graph_in(s->w->g, c, &far) : graph_out(s->w->g, c, &far);
	for (size_t i = 0; i < n && !s->stopped; i++) {
		if (is_class(s->w, far[i].to) || far[i].to == s->p.node)
			continue;
		if (!in)
			step(s, e, far[i].to, c);
		else if (wanted(s->w, &far[i]))
			step(s, &far[i], far[i].to, c);
	}
}

/* Whether an edge of this type can matter at a position, looked at from this side. */
static bool matters(const struct stepper *s, uint16_t type, bool in)
{
	const struct walk *w = s->w;
	bool against = in != s->backward;
	uint8_t bits = s->backward ? w->comes[type] : w->leads[type];
	return bits >> (against ? WALK_STATES : 0) >> s->p.state & 1;
}

static void each_edge(struct stepper *s, bool in)
{
	const struct graph_edge *edges;
	struct walk *w = s->w;
	size_t n = in ? graph_in(w->g, s->p.node, &edges) : graph_out(w->g, s->p.node, &edges);
	bool from_class = is_class(w, s->p.node);

	s->against = in;
	for (size_t i = 0; i < n && !s->stopped; i++) {
		bool to_class = is_class(w, edges[i].to) && !from_class;
		w->steps++;
		if (to_class && in)
			through_class(s, &edges[i], true);
		else if (!wanted(w, &edges[i]) || (w->rel.attack && !matters(s, edges[i].type, in)))
			continue;
		else if (to_class)
			through_class(s, &edges[i], false);
		else
			step(s, &edges[i], edges[i].to, GRAPH_NONE);
	}
}

/* Nothing follows from what is only reached; and only keys and machines have rules against an edge. */
static int attack_dirs(const struct walk *w, struct position p, bool backward)
{
	if (backward)
		return WALK_BOTH;
	if (p.state == AT_REACHED)
		return 0;
	return kind_of(w, p.node) & (KIND_KEY | KIND_COMPUTE) ? WALK_BOTH : WALK_OUT;
}

void walk_from(struct walk *w, struct position p, bool backward, hop_fn *fn, void *ctx)
{
	struct stepper s = {.w = w, .p = p, .backward = backward, .fn = fn, .ctx = ctx};
	int dir = w->rel.attack ? attack_dirs(w, p, backward) : (int)w->rel.dir;
	if (!w->rel.attack && backward)
		dir = (dir & WALK_OUT ? WALK_IN : 0) | (dir & WALK_IN ? WALK_OUT : 0);
	if (dir & WALK_OUT)
		each_edge(&s, false);
	if (dir & WALK_IN)
		each_edge(&s, true);
}

/* Breadth first */

struct bfs {
	struct search *s;
	uint32_t from;
	int depth;
	bool conditional;
};

static void arrive(struct search *s, struct position p, struct arrival a)
{
	uint32_t ix = p.node * WALK_STATES + p.state;
	s->seen[p.node] |= (uint8_t)(1 << p.state);
	s->at[ix] = a;
	s->order[s->n++] = ix;
}

static bool visit(void *ctx, const struct hop *h)
{
	struct bfs *b = ctx;
	if (!search_reached(b->s, h->to))
		arrive(b->s, h->to,
		       (struct arrival){b->from, h->edge, h->through, (int16_t)(b->depth + 1),
		                        b->conditional || (h->flags & GRAPH_EDGE_IF)});
	return true;
}

#define AHEAD 6         /* positions whose memory is asked for before its turn */
#define CHECK_EACH 1024 /* positions between two looks at the clock */

int walk_search(struct walk *w, const struct position *starts, size_t n, bool backward,
                int max_depth, struct search *out, struct err *e)
{
	size_t nodes = graph_count(w->g);
	int rc = 0;

	*out = (struct search){.at = xmalloc((nodes * WALK_STATES + 1) * sizeof(*out->at)),
	                       .seen = xcalloc(nodes + 1, 1),
	                       .order = xmalloc((nodes * WALK_STATES + 1) * sizeof(*out->order))};
	free(w->class_seen);
	w->class_seen = xcalloc(nodes + 1, 1);
	for (size_t i = 0; i < n; i++)
		if (!search_reached(out, starts[i]))
			arrive(out, starts[i],
			       (struct arrival){GRAPH_NONE, GRAPH_NONE, GRAPH_NONE, 0, false});
	for (size_t i = 0; i < out->n && !rc; i++) {
		uint32_t ix = out->order[i];
		struct bfs b = {out, ix, out->at[ix].depth, out->at[ix].conditional};
		struct position p = {ix / WALK_STATES, ix % WALK_STATES};
		if (i + AHEAD < out->n)
			graph_expect_edges(w->g, out->order[i + AHEAD] / WALK_STATES);
		if (b.depth < max_depth)
			walk_from(w, p, backward, visit, &b);
		if (i % CHECK_EACH == CHECK_EACH - 1)
			rc = walk_check(w, e);
	}
	free(w->class_seen);
	w->class_seen = NULL;
	if (rc)
		search_release(out);
	return rc;
}

void search_release(struct search *s)
{
	free(s->at);
	free(s->seen);
	free(s->order);
	*s = (struct search){0};
}

/* All simple paths: by growing length; what cannot reach a goal in the length left is not entered. */

struct dfs {
	struct walk *w;
	const struct search *to_goal;
	bool *on_path, *goal;
	struct path_step *steps;
	size_t n;
	size_t length;
	bool tight;
	path_fn *fn;
	void *ctx;
	struct err *e;
	uint64_t visits;
	int rc;
};

static void found(struct dfs *d)
{
	int rc = d->fn(d->ctx, d->steps, d->n, d->e);
	if (rc)
		d->rc = rc;
}

static bool descend(void *ctx, const struct hop *h)
{
	struct dfs *d = ctx;
	const struct arrival *left = &d->to_goal->at[h->to.node * WALK_STATES + h->to.state];

	if (d->on_path[h->to.node] || !search_reached(d->to_goal, h->to) ||
	    (size_t)left->depth + d->n > d->length ||
	    (d->tight && (size_t)left->depth + d->n != d->length))
		return true;
	if (++d->visits % CHECK_EACH == 0 && walk_check(d->w, d->e)) {
		d->rc = -1;
		return false;
	}
	d->steps[d->n++] = (struct path_step){h->to.node, h->edge, h->through};
	d->on_path[h->to.node] = true;
	if (d->n == d->length + 1) {
		if (d->goal[h->to.node])
			found(d);
	} else {
		walk_from(d->w, h->to, false, descend, d);
	}
	d->on_path[h->to.node] = false;
	d->n--;
	return d->rc == 0;
}

static void paths_of_length(struct dfs *d, const struct position *starts, size_t n)
{
	for (size_t i = 0; i < n && !d->rc; i++) {
		d->n = 1;
		d->steps[0] = (struct path_step){starts[i].node, GRAPH_NONE, GRAPH_NONE};
		d->on_path[starts[i].node] = true;
		walk_from(d->w, starts[i], false, descend, d);
		d->on_path[starts[i].node] = false;
	}
}

static struct position *goal_positions(const struct walk *w, const uint32_t *goals, size_t n,
                                       size_t *count)
{
	struct position *out = xcalloc(n * 2 + 1, sizeof(*out));
	*count = 0;
	for (size_t i = 0; i < n; i++) {
		out[(*count)++] = (struct position){goals[i], 0};
		if (w->rel.attack)
			out[(*count)++] = (struct position){goals[i], AT_CONTROL};
	}
	return out;
}

int walk_paths(struct walk *w, const struct position *starts, size_t n, const uint32_t *goals,
               size_t ngoals, int max_depth, bool tight, path_fn *fn, void *ctx, struct err *e)
{
	size_t count, nodes = graph_count(w->g);
	struct position *ends = goal_positions(w, goals, ngoals, &count);
	struct search back;
	struct dfs d = {.w = w, .to_goal = &back, .tight = tight, .fn = fn, .ctx = ctx, .e = e};
	int rc = walk_search(w, ends, count, true, max_depth, &back, e);

	free(ends);
	if (rc)
		return -1;
	d.on_path = xcalloc(nodes + 1, sizeof(bool));
	d.goal = xcalloc(nodes + 1, sizeof(bool));
	d.steps = xcalloc((size_t)max_depth + 2, sizeof(*d.steps));
	for (size_t i = 0; i < ngoals; i++)
		d.goal[goals[i]] = true;
	for (d.length = 1; d.length <= (size_t)max_depth && !d.rc; d.length++)
		paths_of_length(&d, starts, n);
	free(d.on_path);
	free(d.goal);
	free(d.steps);
	search_release(&back);
	return d.rc < 0 ? -1 : 0;
}
