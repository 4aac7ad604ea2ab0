/* Counts and shares: of records, of distinct values, as a record states them, as the engine counted them. */
#include <math.h>

#include "ground/ground_int.h"

static const char event_nouns[] =
        "events|event|records|record|calls|call|requests|request|times|time|attempts|attempt|"
        "entries|entry|occurrences|rows|actions|"
        "operations|logs|hits|more|others|other|alerts|findings|logins|logons|queries|connections";

static size_t distinct_values(struct ground *g, const struct set *of, const struct field *f)
{
	struct map seen = MAP_INIT;
	size_t n;
	for (uint32_t i = 0; i < g->recs.n; i++)
		for (uint32_t k = g->recs.v[i].from; set_has(of, i) && k < g->recs.v[i].to; k++)
			if (g->facts.v[k].field == f)
				map_put(&seen, &g->facts.v[k].value, sizeof(g->facts.v[k].value),
				        NULL);
	n = seen.n;
	map_release(&seen);
	return n;
}

static bool counts_distinct(struct ground *g, const struct atom *a, const struct set *of)
{
	const struct field *f[NOUN_FIELDS];
	size_t n = a->noun.n ? field_by_word(a->noun, f, NOUN_FIELDS) : 0;
	for (size_t i = 0; i < n && i < NOUN_FIELDS; i++)
		if (fits((double)distinct_values(g, of, f[i]), a->real, a->cmp))
			return true;
	return false;
}

/* 1 out, -1 in, 0 neither */
static int way_of_word(const struct sentence *s, size_t i)
{
	return word_is(s, i, "sent|sends|sending|uploaded|outbound|outgoing|out")        ? 1
	       : word_is(s, i, "received|returned|downloaded|inbound|incoming|answered") ? -1
	                                                                                 : 0;
}

static int way_of_path(const char *path)
{
	static const struct {
		const char *part;
		int way;
	} parts[] = {{"_out", 1}, {"orig_", 1},  {"sent", 1},
	             {"_in", -1}, {"resp_", -1}, {"receiv", -1}};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (strstr(path, parts[i].part))
			return parts[i].way;
	return 0;
}

/* "894 bytes sent", "returned 55,873 bytes": the way that the number is said to have gone. */
static int way_said(const struct sentence *s, const struct atom *a)
{
	int after = way_of_word(s, a->tok_to + 1);
	return after ? after : a->tok ? way_of_word(s, a->tok - 1) : 0;
}

/* A number of the record itself, under a name that the sentence also says: "15,000 records" and pii_record_count. */
static bool stated_number(struct ground *g, const struct sentence *s, const struct atom *a)
{
	for (size_t i = 0; i < s->cited.n; i++) {
		const struct rec *r = &g->recs.v[s->cited.v[i]];
		for (uint32_t k = r->from; k < r->to; k++) {
			const struct fact *f = &g->facts.v[k];
			struct slice v = g->values.v[f->value].text;
			double d;
			if (v.n > 24 || !slice_double(v, &d) || !fits(d, a->real, a->cmp))
				continue;
			if (a->cmp != CMP_EQUAL && d == 0)
				continue;
			if (way_said(s, a) * way_of_path(f->path) < 0)
				continue;
			for (size_t t = a->tok > 3 ? a->tok - 3 : 0; t < s->nt && t < a->tok + 6;
			     t++) {
				struct slice w = s->t[t].low;
				if (w.n > 3 && t != a->tok &&
				    mw_memimem(f->path, strlen(f->path), w.s,
				               w.s[w.n - 1] == 's' ? w.n - 1 : w.n))
					return true;
			}
		}
	}
	return false;
}

/* From the engine's own totals, where not all records are at hand. */
static bool counted(struct ground *g, const struct sentence *s, const struct atom *a, size_t from,
                    size_t to)
{
	uint64_t events = 0, least = UINT64_MAX;
	size_t names = 0, varying = 0;
	const struct total *t;
	vec_each (t, &g->totals)
		if (!t->field)
			events = t->n;
	for (size_t k = 0; k < s->na; k++) {
		const struct atom *x = &s->a[k];
		bool mine = a->of >= 0 ? k == (size_t)a->of
		                       : x->tok >= from && x->tok < to && x->kind == AT_NAME &&
		                                 !x->soft;
		uint64_t n = 0;
		if (!mine)
			continue;
		names++;
		vec_each (t, &g->totals)
			if (t->field && !t->distinct && text_holds(t->value, x->key) &&
			    (t->n > n || slice_eq(t->value, x->key))) {
				n = t->n;
				if (slice_eq(t->value, x->key))
					break;
			}
		least = n < least ? n : least;
		varying += n != events;
	}
	if (names)
		return varying <= 1 && least && fits((double)least, a->real, a->cmp);
	return events && in_list(a->noun, event_nouns) && fits((double)events, a->real, a->cmp);
}

static bool counted_distinct(struct ground *g, const struct atom *a, double already)
{
	const struct field *f[NOUN_FIELDS];
	size_t n = a->noun.n ? field_by_word(a->noun, f, NOUN_FIELDS) : 0;
	const struct total *t;
	bool more = in_list(a->noun, "more|others|other");
	vec_each (t, &g->totals)
		for (size_t i = 0; t->distinct && i < (more ? 1 : n) && i < NOUN_FIELDS; i++)
			if ((more || (t->field && !strcmp(t->field, f[i]->name))) &&
			    fits((double)t->n - (more ? already : 0), a->real, a->cmp))
				return true;
	return false;
}

static double named_before(const struct sentence *s, const struct atom *a)
{
	double n = 0;
	for (size_t k = 0; k < s->na; k++)
		n += s->a[k].kind == AT_NAME && s->a[k].tok < a->tok;
	return n;
}

static bool has_outcome(const struct sentence *s, size_t from, size_t to)
{
	for (size_t k = 0; k < s->na; k++)
		if (s->a[k].kind == AT_OUTCOME && s->a[k].tok >= from && s->a[k].tok < to)
			return true;
	return false;
}

/* "listed the roles five times": that many operations of the act, by who is named. */
static bool act_count_holds(struct ground *g, struct sentence *s, const struct atom *a, size_t from,
                            size_t to)
{
	struct set acts, match;
	size_t named;
	struct scope sc = {.from = from, .to = to, .outcomes = true, .times = true};
	if (!g->complete || g->cut || !act_counted(g, s, a, &acts))
		return false;
	match = matching(g, s, a->clause, &sc, &named);
	set_and(&match, &acts);
	return fits((double)set_count(&match), a->real, a->cmp);
}

/* "three denied: A, B and C": as many as are named after it, all of one kind. */
static bool named_count(const struct sentence *s, const struct atom *a)
{
	unsigned roles = UINT32_MAX;
	size_t n = 0;
	for (size_t k = 0; k < s->na; k++) {
		const struct atom *x = &s->a[k];
		if (x->tok < a->tok || x->kind != AT_NAME || x->soft || x->fail || x->want)
			continue;
		if (x->tok && word_is(s, x->tok - 1, "in|of|by|from|on|with|at|to"))
			continue;
		roles &= x->roles;
		n++;
	}
	return n > 1 && roles && a->cmp == CMP_EQUAL && (double)n == a->real && s->cited.n >= n;
}

/* What is counted is of the clause's act: "attached three policies" counts none that were read. */
static void drop_other_acts(struct ground *g, const struct sentence *s, int clause,
                            struct set *match)
{
	unsigned said = 0;
	for (size_t k = 0; k < s->na; k++)
		if (s->a[k].kind == AT_VERB && s->a[k].clause == clause)
			said |= (unsigned)s->a[k].num;
	for (uint32_t i = 0; said && i < g->recs.n; i++)
		if (set_has(match, i) && families_conflict(said, acts_of(g, i)))
			set_drop(match, i);
}

static bool count_holds(struct ground *g, struct sentence *s, const struct atom *a,
                        struct set *match)
{
	size_t from, to, named;
	bool more = in_list(a->noun, "more|others|other");
	clause_bounds(s, a->clause, &from, &to);
	if (a->of >= 0) {
		from = s->a[a->of].tok;
		to = s->a[a->of].tok_to;
	}
	/* "4 of which": of what the sentence spoke before */
	if (word_is(s, a->tok_to, "of") && word_is(s, a->tok_to + 1, "which|them|these|those"))
		from = 0;
	struct scope sc = {.from = from, .to = to, .outcomes = true, .times = true};
	*match = matching(g, s, a->clause, &sc, &named);
	drop_other_acts(g, s, a->clause, match);
	if (stated_number(g, s, a))
		return true;
	if (g->complete && !g->cut) {
		if (fits((double)set_count(match), a->real, a->cmp) &&
		    (named || has_outcome(s, from, to) || in_list(a->noun, event_nouns) ||
		     a->of >= 0))
			return true;
		if (counts_distinct(g, a, match))
			return true;
	} else if (!g->totals.n) {
		set_and(match, &s->cited_set);
		if (set_count(match) == s->cited.n && fits((double)s->cited.n, a->real, a->cmp))
			return true;
	}
	/* Each of them is cited, and the sentence may restrict them by more than is understood here ("tried to stop"). */
	if (s->cited.n >= 2 && a->cmp == CMP_EQUAL && (double)s->cited.n == a->real &&
	    s->cited.n == s->nids) {
		set_and(match, &s->cited_set);
		if (set_count(match) == s->cited.n)
			return true;
	}
	return act_count_holds(g, s, a, from, to) || named_count(s, a) ||
	       counted(g, s, a, from, to) || counted_distinct(g, a, more ? named_before(s, a) : 0);
}

/* "cmd.exe (7024)", "cleared (1102)": the id, port or code of a record that has the name. */
static bool value_of_name(struct ground *g, const struct sentence *s, const struct atom *a)
{
	static const char *const ids[] = {"id", "code", "port", "number", NULL};
	for (size_t i = 0; a->of >= 0 && a->real >= 20 && i < s->cited.n; i++) {
		const struct rec *r = &g->recs.v[s->cited.v[i]];
		for (uint32_t k = r->from; k < r->to && set_has(&s->a[a->of].cited, s->cited.v[i]);
		     k++) {
			const struct fact *f = &g->facts.v[k];
			struct slice v = g->values.v[f->value].text;
			double d;
			for (size_t w = 0; ids[w]; w++)
				if (v.n < 16 && strstr(f->path, ids[w]) && slice_double(v, &d) &&
				    d == a->real)
					return true;
		}
	}
	return false;
}

void check_count(struct ground *g, struct sentence *s, struct atom *a)
{
	struct set match;
	if (count_holds(g, s, a, &match) || value_of_name(g, s, a))
		return;
	a->fail = "the records do not count to this";
	for (uint32_t i = 0; i < g->recs.n && s->out->nagainst < GROUND_AGAINST_MAX; i++)
		if (set_has(&match, i))
			sentence_against(g, s, i);
}

void check_percent(struct ground *g, struct sentence *s, struct atom *a)
{
	size_t from, to, named, part, whole;
	struct scope sc = {.outcomes = true, .times = true};
	struct set m;
	clause_bounds(s, a->clause, &from, &to);
	sc.from = from;
	sc.to = to;
	if (stated_number(g, s, a))
		return;
	a->fail = "the records do not give this share";
	if (!g->complete)
		return;
	m = matching(g, s, a->clause, &sc, &named);
	part = set_count(&m);
	sc.outcomes = false;
	m = matching(g, s, a->clause, &sc, &named);
	whole = set_count(&m);
	if ((whole && fabs(100.0 * (double)part / (double)whole - a->real) <= 0.5) ||
	    fabs(100.0 * (double)part / (double)g->recs.n - a->real) <= 0.5)
		a->fail = NULL;
}
