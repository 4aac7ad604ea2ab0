/*
 * The score: a sum whose parts are shown. Each part says why it is there; what is not known adds nothing, and says so.
 */
#include "base/map.h"
#include "correlate/cluster.h"

enum {
	PUBLIC_POINTS = 10,
	OUTSIDE_POINTS = 20, /* used successfully from an outside address */
	SEEN_POINTS = 8,     /* an outside address takes part */
	PATH_POINTS = 9, /* from here classified data or an administrator's rights can be reached */
	WEAK_POINTS = 8, /* a weakness that is exploited elsewhere */
	MANY_POINTS = 4, /* three or more kinds of source agree */
	CHANGE_POINTS = -15, /* an approved change explains it */
	WALK_MAX = 4000,     /* nodes that one walk looks at */
	WALK_DEPTH = 6,
};
static const int base_points[] = {
        [SEV_INFO] = 4, [SEV_LOW] = 12, [SEV_MEDIUM] = 24, [SEV_HIGH] = 34, [SEV_CRITICAL] = 40};
static const char *const severity_words[] = {"info", "low", "medium", "high", "critical"};

struct class_points {
	const char *name;
	int points;
};
static const struct class_points class_points[] = {
        {"secret", 15}, {"health", 15}, {"card", 15}, {"pii", 15}, {"financial", 10},
};
static const struct class_points confidence_points[] = {{"high", 8}, {"medium", 5}, {"low", 2}};

static void add(struct incident *i, const char *label, int points, char *why)
{
	*vec_push(&i->parts) = (struct score_part){xstrdup(label), points, why};
	i->score += points;
}

/* ---- walks over the graph ---- */

struct walk {
	struct graph *g;
	const char *const *types; /* edges to follow, NULL-terminated */
	bool backwards;
	bool (*hit)(const struct walk *w, const struct graph_edge *e);
	const struct facts *f;
};

static bool follows(const struct walk *w, const struct graph_edge *e)
{
	if (e->flags & GRAPH_EDGE_DENY)
		return false;
	for (const char *const *t = w->types; *t; t++)
		if (!strcmp(graph_type_name(w->g, e->type), *t))
			return true;
	return false;
}

/* The first node that hits, breadth first; GRAPH_NONE. The start itself does not count. */
static uint32_t walk(const struct walk *w, uint32_t start)
{
	struct map seen = MAP_INIT;
	VEC(uint32_t) queue = {0};
	uint32_t found = GRAPH_NONE;
	*vec_push(&queue) = start;
	map_put(&seen, &start, sizeof(start), NULL);
	size_t level_end = 1;
	for (size_t at = 0, depth = 0; at < queue.n && depth < WALK_DEPTH && found == GRAPH_NONE;
	     at++) {
		const struct graph_edge *edges;
		size_t n = w->backwards ? graph_in(w->g, queue.v[at], &edges)
		                        : graph_out(w->g, queue.v[at], &edges);
		for (size_t k = 0; k < n && queue.n < WALK_MAX && found == GRAPH_NONE; k++) {
			bool added = false;
			if (follows(w, &edges[k]))
				map_put(&seen, &edges[k].to, sizeof(edges[k].to), &added);
			if (!added)
				continue;
			*vec_push(&queue) = edges[k].to;
			if (w->hit(w, &edges[k]))
				found = edges[k].to;
		}
		if (at + 1 == level_end) {
			level_end = queue.n;
			depth++;
		}
	}
	vec_free(&queue);
	map_release(&seen);
	return found;
}

static bool is_internet(const struct walk *w, const struct graph_edge *e)
{
	return !strcmp(graph_node_type(w->g, e->to), "internet");
}

/* Classified data, or an account whose administrator one can become. */
static bool is_prize(const struct walk *w, const struct graph_edge *e)
{
	return facts_data_class(w->f, e->to) ||
	       (!strcmp(graph_type_name(w->g, e->type), "escalates_to") &&
	        !strcmp(graph_node_type(w->g, e->to), "account"));
}

static uint32_t exposed_from(const struct facts *f, uint32_t node)
{
	static const char *const types[] = {"exposes", "forwards_to", "routes_to", NULL};
	const struct walk w = {facts_graph(f), types, true, is_internet, f};
	return walk(&w, node);
}

static uint32_t reaches(const struct facts *f, uint32_t node)
{
	static const char *const types[] = {"runs_as", "can_assume",   "can",      "reads",
	                                    "writes",  "escalates_to", "includes", NULL};
	const struct walk w = {facts_graph(f), types, false, is_prize, f};
	return walk(&w, node);
}

/* ---- the parts ---- */

struct scoring {
	struct incident *i;
	const struct keyset *const *keys;
	const struct facts *f;
	VEC(uint32_t) nodes; /* assets of the incident, each once, in order of coming */
};

static void collect_nodes(struct scoring *s)
{
	struct map seen = MAP_INIT;
	for (size_t k = 0; k < s->i->findings.n; k++) {
		const struct key *key;
		vec_each (key, &s->keys[k]->v) {
			bool added = false;
			if (key->node != GRAPH_NONE)
				map_put(&seen, &key->node, sizeof(key->node), &added);
			if (added)
				*vec_push(&s->nodes) = key->node;
		}
	}
	map_release(&seen);
}

static bool is_container(const char *type)
{
	static const char *const types[] = {
	        "account",        "vpc",         "subnet",  "subscription",
	        "resource_group", "k8s_cluster", "internet"};
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (!strcmp(type, types[i]))
			return true;
	return false;
}

static void part_public(struct scoring *s)
{
	for (size_t k = 0; k < s->nodes.n; k++) {
		uint32_t node = s->nodes.v[k];
		if (is_container(graph_node_type(facts_graph(s->f), node)) ||
		    exposed_from(s->f, node) == GRAPH_NONE)
			continue;
		add(s->i, "public", PUBLIC_POINTS,
		    xasprintf("%s can be reached from the internet", facts_name(s->f, node)));
		return;
	}
}

static void part_data(struct scoring *s)
{
	for (size_t c = 0; c < ARRAY_LEN(class_points); c++)
		for (size_t k = 0; k < s->nodes.n; k++) {
			const char *class = facts_data_class(s->f, s->nodes.v[k]);
			if (!class || strcmp(class, class_points[c].name) != 0)
				continue;
			add(s->i, "data", class_points[c].points,
			    xasprintf("%s holds %s data", facts_name(s->f, s->nodes.v[k]), class));
			return;
		}
}

/* An outside address among a finding's entities; the empty slice where there is none. */
static struct slice outside_address(const struct facts *f, const struct finding *finding)
{
	struct slice field, value;
	for (size_t i = 0; i < finding->entities.n; i++)
		if (entity_split(finding->entities.v[i], &field, &value) &&
		    slice_eq_str(field, "src_endpoint.ip") && facts_public_address(value) &&
		    !facts_own_address(f, value))
			return value;
	return (struct slice){0};
}

static void part_outside(struct scoring *s)
{
	const struct finding *f;
	struct slice seen = {0};
	if (!facts_knows_networks(s->f)) {
		add(s->i, "outside use", 0,
		    xstrdup("not known: the inventory names no networks of ours"));
		return;
	}
	vec_each (f, &s->i->findings) {
		struct slice ip = outside_address(s->f, f);
		if (ip.n && !strcmp(f->dataset, "detection.outside")) {
			add(s->i, "outside use", OUTSIDE_POINTS,
			    xasprintf("used from %.*s, none of our addresses", (int)ip.n, ip.s));
			return;
		}
		seen = ip.n ? ip : seen;
	}
	if (seen.n)
		add(s->i, "outside", SEEN_POINTS,
		    xasprintf("%.*s, none of our addresses, takes part", (int)seen.n, seen.s));
}

static void part_path(struct scoring *s)
{
	static const char *const starts[] = {"instance", "role",         "user",
	                                     "function", "k8s_workload", "vm"};
	for (size_t k = 0; k < s->nodes.n; k++) {
		const char *type = graph_node_type(facts_graph(s->f), s->nodes.v[k]);
		bool start = false;
		for (size_t t = 0; t < ARRAY_LEN(starts); t++)
			start |= !strcmp(type, starts[t]);
		uint32_t prize = start ? reaches(s->f, s->nodes.v[k]) : GRAPH_NONE;
		if (prize == GRAPH_NONE)
			continue;
		add(s->i, "path", PATH_POINTS,
		    xasprintf("%s can reach %s", facts_name(s->f, s->nodes.v[k]),
		              facts_name(s->f, prize)));
		return;
	}
}

static void part_criticality(struct scoring *s)
{
	int best = 0;
	uint32_t node = GRAPH_NONE;
	for (size_t k = 0; k < s->nodes.n; k++) {
		int c = facts_criticality(s->f, s->nodes.v[k]);
		if (c && (!best || c < best)) {
			best = c;
			node = s->nodes.v[k];
		}
	}
	if (best == 1 || best == 2)
		add(s->i, "criticality", best == 1 ? 6 : 3,
		    xasprintf("%s is of criticality %d of 4", facts_name(s->f, node), best));
}

static void part_intelligence(struct scoring *s)
{
	struct slice field, value;
	const struct fact_indicator *best = NULL;
	int points = 0;
	for (size_t k = 0; k < s->i->entities.n; k++) {
		const struct fact_indicator *t = entity_split(s->i->entities.v[k], &field, &value)
		                                         ? facts_indicator(s->f, value)
		                                         : NULL;
		for (size_t c = 0; t && c < ARRAY_LEN(confidence_points); c++)
			if (!strcmp(t->confidence, confidence_points[c].name) &&
			    confidence_points[c].points > points) {
				points = confidence_points[c].points;
				best = t;
			}
	}
	if (best)
		add(s->i, "intelligence", points,
		    xasprintf("%s: %s (%s confidence)", best->value, best->about,
		              best->confidence));
}

static void part_weakness(struct scoring *s)
{
	struct graph *g = facts_graph(s->f);
	for (size_t k = 0; k < s->nodes.n; k++) {
		const struct graph_edge *edges;
		size_t n = graph_out(g, s->nodes.v[k], &edges);
		for (size_t i = 0; i < n; i++) {
			struct slice text = graph_node_text(g, edges[i].to);
			if (strcmp(graph_type_name(g, edges[i].type), "has_vuln") != 0 ||
			    !memmem(text.s, text.n, "\"exploited\":true", 16))
				continue;
			add(s->i, "weakness", WEAK_POINTS,
			    xasprintf("%s has %s, known to be exploited",
			              facts_name(s->f, s->nodes.v[k]),
			              facts_name(s->f, edges[i].to)));
			return;
		}
	}
}

static void part_sources(struct scoring *s)
{
	int kinds = (int)(strlen(s->i->origins) + 1) / 2;
	if (kinds >= 3)
		add(s->i, "agreement", MANY_POINTS,
		    xasprintf("%d kinds of source report it", kinds));
}

/* Is this finding about the change's asset, or by its requester? */
static bool concerns(const struct keyset *keys, const struct fact_change *c)
{
	const struct key *key;
	vec_each (key, &keys->v) {
		for (size_t k = 0; k < c->nabout; k++)
			if (key->node == c->about[k])
				return true;
		if (*c->requester && !strncmp(key->text, "actor ", 6) &&
		    !strcmp(key->text + 6, c->requester))
			return true;
	}
	return false;
}

/* All that happened lies in the change's hours, and concerns it; or some of it does, and nothing came from outside. States have
 * no hours and are left out. */
static bool explains(const struct scoring *s, const struct fact_change *c)
{
	size_t happened = 0, about = 0;
	bool outside = !facts_knows_networks(s->f);
	for (size_t i = 0; i < s->i->findings.n; i++) {
		const struct finding *f = &s->i->findings.v[i];
		if (finding_is_state(f) || f->first == MW_TIME_NONE)
			continue;
		if (f->first < c->from - MW_HOUR || f->last > c->to + MW_HOUR)
			return false;
		happened++;
		about += concerns(s->keys[i], c);
		outside |= outside_address(s->f, f).n > 0;
	}
	return happened && (about == happened || (about && !outside));
}

static void part_change(struct scoring *s)
{
	size_t n;
	const struct fact_change *c = facts_changes(s->f, &n);
	for (size_t k = 0; k < n; k++) {
		if (!explains(s, &c[k]))
			continue;
		add(s->i, "approved change", CHANGE_POINTS,
		    xasprintf("%s \"%s\" covers all of it; severity one lower", c[k].id,
		              c[k].title));
		if (s->i->severity > SEV_INFO)
			s->i->severity--;
		return;
	}
}

typedef void part_fn(struct scoring *s);
static part_fn *const graph_parts[] = {part_public,   part_data,        part_outside,
                                       part_path,     part_criticality, part_intelligence,
                                       part_weakness, part_sources,     part_change};

void incident_score(struct incident *i, const struct keyset *const *keys, const struct facts *f)
{
	const struct finding *x;
	struct scoring s = {.i = i, .keys = keys, .f = f};
	vec_each (x, &i->findings)
		i->severity = x->severity > i->severity ? x->severity : i->severity;
	add(i, "base", base_points[i->severity],
	    xasprintf("%s is the worst of %zu finding%s", severity_words[i->severity],
	              i->findings.n, i->findings.n == 1 ? "" : "s"));
	if (!facts_graph(f)) {
		add(i, "inventory", 0,
		    xstrdup("none: exposure, data class, owner and changes are not known"));
		return;
	}
	collect_nodes(&s);
	for (size_t k = 0; k < ARRAY_LEN(graph_parts); k++)
		graph_parts[k](&s);
	vec_free(&s.nodes);
	i->score = i->score < 0 ? 0 : i->score > 100 ? 100 : i->score;
}
