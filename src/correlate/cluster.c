/*
 * Findings that share keys within a time become one incident. Two findings are linked by the best key that they share plus half
 * of the others, less the further apart they are; a link needs KEY_LINK points and keeps its reason. Incidents are what links
 * connect.
 */
#include "base/map.h"
#include "correlate/cluster.h"

#include "base/alike.h"
#define PAIRS_MAX \
	64 /* findings of one key that are compared each with each; beyond, neighbours in time */
#define COMMON_SHARE 5 /* a key of more than 1/5 of all findings ... */
#define COMMON_MIN 12  /* ... and of at least so many links nothing, unless it is an asset */
#define ENTITIES_MAX 64
#define LINKS_MAX 500 /* kept of one incident */

struct pair {
	uint32_t a, b;
	int best, rest; /* points of the best shared key, and of the others that add */
	bool best_adds;
	const char *reason;
};
struct work {
	const struct facts *f;
	struct finding **findings; /* sorted */
	struct keyset *keys;
	size_t n;
	struct map pair_index; /* a, b -> pair number + 1 */
	VEC(struct pair) pairs;
	uint32_t *root; /* union-find */
};

bool finding_is_state(const struct finding *f)
{
	return !strncmp(f->dataset, "finding", 7) || !strcmp(f->dataset, "ocsf");
}

static int by_time_and_key(const void *a, const void *b)
{
	const struct finding *x = *(struct finding *const *)a, *y = *(struct finding *const *)b;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return strcmp(x->key, y->key);
}

/* Time between two findings; 0 where they overlap, or a state was there when the other happened. */
static int64_t gap(const struct finding *a, const struct finding *b)
{
	if (a->first == MW_TIME_NONE || b->first == MW_TIME_NONE)
		return 0;
	mw_time enda = finding_is_state(a) ? INT64_MAX : a->last,
	        endb = finding_is_state(b) ? INT64_MAX : b->last;
	if (a->first > endb)
		return a->first - endb;
	return b->first > enda ? b->first - enda : 0;
}

/* Hundredths of its weight that a shared key keeps over a gap. */
static int fade(int64_t us)
{
	static const struct {
		int hours, keep;
	} steps[] = {{6, 100}, {24, 85}, {72, 60}};
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (us <= steps[i].hours * MW_HOUR)
			return steps[i].keep;
	return 30;
}

static void share(struct work *w, uint32_t a, uint32_t b, const struct key *key)
{
	uint32_t ids[2] = {a, b};
	int points = key->weight * fade(gap(w->findings[a], w->findings[b])) / 100;
	struct map_entry *m = map_put(&w->pair_index, ids, sizeof(ids), NULL);
	if (!m->val.u) {
		*vec_push(&w->pairs) = (struct pair){.a = a, .b = b};
		m->val.u = w->pairs.n;
	}
	struct pair *p = &w->pairs.v[m->val.u - 1];
	if (points > p->best ||
	    (points == p->best && (!p->reason || strcmp(key->text, p->reason) < 0))) {
		p->rest += p->best_adds ? p->best : 0;
		p->best = points;
		p->best_adds = !key->alone;
		p->reason = key->text;
	} else if (!key->alone) {
		p->rest += points;
	}
}

struct holder { /* who has a key */
	VEC(uint32_t) findings;
	const struct key *key;
};

static void compare(struct work *w, const struct holder *h)
{
	size_t n = h->findings.n;
	if (!h->key->asset && n >= COMMON_MIN && n * COMMON_SHARE > w->n)
		return;
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n && (n <= PAIRS_MAX || k == i + 1); k++)
			share(w, h->findings.v[i], h->findings.v[k], h->key);
}

static void compare_all(struct work *w)
{
	struct map index = MAP_INIT;
	VEC(struct holder) holders = {0};
	for (uint32_t i = 0; i < w->n; i++) {
		struct key *k;
		vec_each (k, &w->keys[i].v) {
			struct map_entry *m = map_put_str(&index, k->text, NULL);
			if (!m->val.u) {
				vec_push(&holders)->key = k;
				m->val.u = holders.n;
			}
			// NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a number in the map has its holder
			*vec_push(&holders.v[m->val.u - 1].findings) = i;
		}
	}
	for (size_t i = 0; i < holders.n; i++) {
		compare(w, &holders.v[i]);
		vec_free(&holders.v[i].findings);
	}
	vec_free(&holders);
	map_release(&index);
}

static uint32_t root_of(struct work *w, uint32_t i)
{
	while (w->root[i] != i)
		i = w->root[i] = w->root[w->root[i]];
	return i;
}

static int points_of(const struct pair *p)
{
	return p->best + p->rest / 2;
}

static void join(struct work *w)
{
	struct pair *p;
	for (uint32_t i = 0; i < w->n; i++)
		w->root[i] = i;
	vec_each (p, &w->pairs) {
		if (points_of(p) < KEY_LINK)
			continue;
		uint32_t a = root_of(w, p->a), b = root_of(w, p->b);
		if (a < b)
			w->root[b] = a;
		else
			w->root[a] = b;
	}
}

/* ---- states of one rule ---- */

/* The rule that all of a cluster's findings have, where all are states; NULL otherwise. */
static const char *only_rule(struct work *w, uint32_t root)
{
	const char *rule = NULL;
	for (uint32_t i = root; i < w->n; i++) {
		const struct finding *f = w->findings[i];
		if (root_of(w, i) != root)
			continue;
		if (!finding_is_state(f) || !*f->rule || (rule && strcmp(rule, f->rule) != 0))
			return NULL;
		rule = f->rule;
	}
	return rule;
}

/* One setting that is wrong in forty places is one row of the queue, unless something else has happened in a place. */
static void fold_states(struct work *w)
{
	struct map rules = MAP_INIT;
	for (uint32_t i = 0; i < w->n; i++) {
		const char *rule = root_of(w, i) == i ? only_rule(w, i) : NULL;
		if (!rule)
			continue;
		struct map_entry *m = map_put_str(&rules, rule, NULL);
		if (!m->val.u) {
			m->val.u = i + UINT64_C(1);
			continue;
		}
		uint32_t first = (uint32_t)(m->val.u - 1);
		w->root[i] = first;
		*vec_push(&w->pairs) = (struct pair){
		        .a = first, .b = i, .best = KEY_LINK, .reason = w->findings[i]->rule};
	}
	map_release(&rules);
}

/* ---- incidents ---- */

static char *copy(const char *s)
{
	return xstrdup(s ? s : "");
}

static void copy_finding(struct finding *to, const struct finding *f)
{
	*to = (struct finding){.key = copy(f->key),
	                       .title = copy(f->title),
	                       .rule = copy(f->rule),
	                       .dataset = copy(f->dataset)};
	to->severity = f->severity;
	to->first = f->first;
	to->last = f->last;
	to->events = f->events;
	to->confidence = f->confidence;
	for (size_t i = 0; i < f->entities.n; i++)
		*vec_push(&to->entities) = copy(f->entities.v[i]);
	for (size_t i = 0; i < f->evidence.n; i++)
		*vec_push(&to->evidence) = copy(f->evidence.v[i]);
	for (size_t i = 0; i < f->attack.n; i++)
		*vec_push(&to->attack) = copy(f->attack.v[i]);
}

struct origin {
	const char *dataset; /* what it begins with; the first that fits counts */
	char letter;
};
static const struct origin origins[] = {
        {"finding.wiz", 'W'},  {"finding.prisma", 'P'},
        {"finding.orca", 'O'}, {"finding.lacework", 'K'},
        {"finding", 'V'},      {"guardduty", 'G'},
        {"securityhub", 'H'},  {"alerts", 'M'},
        {"defender", 'D'},     {"ocsf", 'C'},
        {"splunk", 'S'},       {"qradar", 'Q'},
        {"sentinel", 'M'},     {"detection", 'L'},
};

static char origin_of(const char *dataset)
{
	for (size_t o = 0; o < ARRAY_LEN(origins); o++)
		if (!strncmp(dataset, origins[o].dataset, strlen(origins[o].dataset)))
			return origins[o].letter;
	return '?';
}

static void fill_origins(struct incident *inc)
{
	size_t n = 0;
	for (size_t o = 0; o < ARRAY_LEN(origins); o++)
		for (size_t i = 0; i < inc->findings.n && n + 3 < sizeof(inc->origins); i++) {
			if (origin_of(inc->findings.v[i].dataset) != origins[o].letter ||
			    strchr(inc->origins, origins[o].letter))
				continue;
			if (n)
				inc->origins[n++] = '+';
			inc->origins[n++] = origins[o].letter;
			break;
		}
}

/* The worst finding speaks for the incident; among those the surest, then the earliest. */
static const struct finding *speaker(const struct incident *inc)
{
	const struct finding *best = &inc->findings.v[0], *f;
	vec_each (f, &inc->findings) {
		if (f->severity > best->severity ||
		    (f->severity == best->severity && f->confidence > best->confidence))
			best = f;
	}
	return best;
}

/* "38 x Denies from 10.20.4.15 to *, 2 unlike": where one rule made most of the findings. NULL: none did. */
static char *storm_title(const struct incident *inc)
{
	VEC(struct alike_item) items = {0};
	struct alike_list found = {0};
	char *title = NULL;
	const struct alike *g;
	const struct finding *f;
	vec_each (f, &inc->findings)
		*vec_push(&items) = (struct alike_item){f->title, alike_pattern(f->title),
		                                        "ILMHC"[f->severity]};
	alike_find(items.v, items.n, ALIKE_LEAST, &found);
	vec_each (g, &found.v)
		if (!title && g->members.n * 2 >= inc->findings.n)
			title = inc->findings.n == g->members.n - g->odd
			                ? xasprintf("%zu x %s", g->members.n, g->pattern)
			                : xasprintf("%zu x %s, and %zu unlike",
			                            g->members.n - g->odd, g->pattern,
			                            inc->findings.n - g->members.n + g->odd);
	alike_release(&found);
	for (size_t i = 0; i < items.n; i++)
		free(items.v[i].pattern);
	vec_free(&items);
	return title;
}

/* Alike ones are told by what they share, alike states by the worst one and their number. */
static char *title_of(const struct incident *inc)
{
	const struct finding *best = speaker(inc), *f;
	char *storm = storm_title(inc);
	if (storm)
		return storm;
	vec_each (f, &inc->findings)
		if (!finding_is_state(f) || strcmp(f->rule, best->rule) != 0)
			return copy(best->title);
	return inc->findings.n == 1
	               ? copy(best->title)
	               : xasprintf("%s, and %zu more", best->title, inc->findings.n - 1);
}

static void fill_entities(struct incident *inc)
{
	struct map seen = MAP_INIT;
	const struct finding *f;
	bool added;
	for (size_t rank = 0; inc->entities.n < ENTITIES_MAX;
	     rank++) { /* the first of each finding, then the second ... */
		bool any = false;
		vec_each (f, &inc->findings) {
			if (rank >= f->entities.n)
				continue;
			any = true;
			map_put_str(&seen, f->entities.v[rank], &added);
			if (added && inc->entities.n < ENTITIES_MAX)
				*vec_push(&inc->entities) = copy(f->entities.v[rank]);
		}
		if (!any)
			break;
	}
	map_release(&seen);
	vec_each (f, &inc->findings)
		for (size_t i = 0; i < f->attack.n; i++) {
			map_put_str(&seen, f->attack.v[i], &added);
			if (added)
				*vec_push(&inc->attack) = copy(f->attack.v[i]);
		}
	map_release(&seen);
}

static void fill_span(struct incident *inc)
{
	const struct finding *f;
	inc->first = inc->last = MW_TIME_NONE;
	vec_each (f, &inc->findings) {
		if (f->first != MW_TIME_NONE &&
		    (inc->first == MW_TIME_NONE || f->first < inc->first))
			inc->first = f->first;
		inc->last = f->last > inc->last ? f->last : inc->last;
	}
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/* Two findings may stand for the same records: each counts once. What has no ids counts as it says. */
static void count_records(struct incident *inc, struct finding *const *members)
{
	VEC(uint64_t) all = {0};
	for (size_t i = 0; i < inc->findings.n; i++) {
		// NOLINTNEXTLINE(clang-analyzer-core.NullDereference): as many members as findings
		const struct finding *f = members[i];
		if (!f->ids.n)
			inc->records += (int64_t)f->events;
		for (size_t k = 0; k < f->ids.n; k++)
			*vec_push(&all) = f->ids.v[k];
	}
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), by_number);
	for (size_t k = 0; k < all.n; k++)
		inc->records += !k || all.v[k] != all.v[k - 1];
	vec_free(&all);
}

static void fill_links(struct work *w, struct incident *inc, uint32_t root, const uint32_t *place)
{
	struct pair *p;
	vec_each (p, &w->pairs) {
		if (points_of(p) < KEY_LINK || root_of(w, p->a) != root ||
		    inc->links.n == LINKS_MAX)
			continue;
		struct link *l = vec_push(&inc->links);
		int confidence = 40 + points_of(p);
		*l = (struct link){place[p->a], place[p->b], copy(p->reason),
		                   confidence > 99 ? 99 : confidence};
	}
}

static void make_incident(struct work *w, uint32_t root, uint32_t *place, struct incident *inc)
{
	VEC(const struct keyset *) keys = {0};
	VEC(struct finding *) members = {0};
	for (uint32_t i = root; i < w->n; i++) {
		if (root_of(w, i) != root)
			continue;
		place[i] = (uint32_t)inc->findings.n;
		copy_finding(vec_push(&inc->findings), w->findings[i]);
		*vec_push(&keys) = &w->keys[i];
		*vec_push(&members) = w->findings[i];
	}
	count_records(inc, members.v);
	inc->title = title_of(inc);
	fill_links(w, inc, root, place);
	fill_span(inc);
	fill_origins(inc);
	fill_entities(inc);
	incident_score(inc, keys.v, w->f);
	vec_free(&keys);
	vec_free(&members);
}

static int by_score(const void *a, const void *b)
{
	const struct incident *x = a, *y = b;
	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return strcmp(x->findings.v[0].key, y->findings.v[0].key);
}

static void cluster(struct work *w, struct incident_list *out)
{
	uint32_t *place = xcalloc(w->n + 1, sizeof(*place));
	for (uint32_t i = 0; i < w->n; i++)
		keys_of(w->findings[i], w->f, &w->keys[i]);
	compare_all(w);
	join(w);
	fold_states(w);
	for (uint32_t i = 0; i < w->n; i++)
		if (root_of(w, i) == i)
			make_incident(w, i, place, vec_push(&out->v));
	if (out->v.n)
		qsort(out->v.v, out->v.n, sizeof(*out->v.v), by_score);
	free(place);
}

int correlate_cluster(const struct finding_list *f, struct graph *g, struct incident_list *out,
                      struct err *e)
{
	struct facts *facts;
	struct work w = {.n = f->v.n};
	if (facts_load(&facts, g, e))
		return -1;
	w.f = facts;
	w.findings = xcalloc(w.n + 1, sizeof(struct finding *));
	w.keys = xcalloc(w.n + 1, sizeof(*w.keys));
	w.root = xcalloc(w.n + 1, sizeof(*w.root));
	for (size_t i = 0; i < w.n; i++)
		w.findings[i] = &f->v.v[i];
	qsort(w.findings, w.n, sizeof(*w.findings), by_time_and_key);
	cluster(&w, out);
	for (size_t i = 0; i < w.n; i++)
		keyset_release(&w.keys[i]);
	free(w.findings);
	free(w.keys);
	free(w.root);
	vec_free(&w.pairs);
	map_release(&w.pair_index);
	facts_free(facts);
	return 0;
}

void finding_list_release(struct finding_list *l)
{
	for (size_t i = 0; i < l->v.n; i++)
		finding_release(&l->v.v[i]);
	vec_free(&l->v);
}

void incident_list_release(struct incident_list *l)
{
	for (size_t i = 0; i < l->v.n; i++)
		incident_release(&l->v.v[i]);
	vec_free(&l->v);
}
