/* What speaks of all records: lengths of time, universals, negations, firsts and lasts. */
#include <math.h>

#include "ground/ground_int.h"

bool fits(double is, double said, enum compare cmp)
{
	switch (cmp) {
	case CMP_ABOUT:
		return fabs(is - said) <= said * 0.15 + 0.5;
	case CMP_MOST:
		return is <= said;
	case CMP_UP_TO:
		return is <= said && is * 2 >= said;
	case CMP_LESS:
		return is < said;
	case CMP_LEAST:
		return is >= said;
	case CMP_MORE:
		return is > said;
	case CMP_EQUAL:
		break;
	}
	return is == said;
}

/* ---- all records that a part of the sentence speaks of ---- */

static bool restricts(const struct atom *a)
{
	return (a->kind == AT_NAME && !a->soft) || a->kind == AT_SEVERITY ||
	       (a->kind == AT_VALUE) || (a->kind == AT_TIME && !a->range_from && !a->range_to);
}

static unsigned kind_class(const struct atom *a)
{
	if (a->kind == AT_TIME)
		return 40;
	if (a->kind != AT_NAME)
		return 41;
	for (unsigned r = 1; r <= FR_WHEN; r++)
		if (a->roles & 1u << r)
			return r;
	return 30 + (a->want ? (unsigned)a->want : 0);
}

static bool within_range(struct ground *g, const struct sentence *s, int clause, uint32_t rec)
{
	mw_time t = g->recs.v[rec].time, near = g->first != MW_TIME_NONE ? g->first : t, from = 0,
	        to = 0, unused;
	const struct atom *a = NULL, *b = NULL;
	for (size_t k = 0; k < s->na; k++) {
		a = s->a[k].range_from && s->a[k].clause == clause ? &s->a[k] : a;
		b = s->a[k].range_to && s->a[k].clause == clause ? &s->a[k] : b;
	}
	if (!a || !b)
		return true;
	if (t == MW_TIME_NONE || !when_resolve(&a->when, near, &from, &unused) ||
	    !when_resolve(&b->when, from, &unused, &to))
		return false;
	return t >= from && t <= to;
}

/* Records that hold, of each class of the part's atoms, at least one. *named: how many atoms restricted it. */
struct set matching(struct ground *g, struct sentence *s, int clause, const struct scope *sc,
                    size_t *named)
{
	struct set all = set_new(&s->arena, g, true), by[64];
	bool used[64] = {false};
	*named = 0;
	for (size_t k = 0; k < s->na; k++) {
		struct atom *a = &s->a[k];
		unsigned c = kind_class(a);
		if (a->tok < sc->from || a->tok >= sc->to || !restricts(a) || a == sc->without ||
		    (a->kind == AT_TIME && !sc->times))
			continue;
		if (sc->without && sc->by_class && c == kind_class(sc->without))
			continue;
		if (!used[c])
			by[c] = set_new(&s->arena, g, false);
		used[c] = true;
		atom_everywhere(g, s, a, &by[c]);
		++*named;
	}
	for (size_t c = 0; c < ARRAY_LEN(by); c++)
		if (used[c])
			set_and(&all, &by[c]);
	for (uint32_t i = 0; i < g->recs.n; i++) {
		if (!set_has(&all, i))
			continue;
		bool keep = (!sc->times || within_range(g, s, clause, i));
		for (size_t k = 0; keep && sc->outcomes && k < s->na; k++)
			if (s->a[k].kind == AT_OUTCOME && !s->a[k].proved &&
			    s->a[k].tok >= sc->from && s->a[k].tok < sc->to)
				keep = ground_outcome_is(g, i, s->a[k].num);
		if (!keep)
			set_drop(&all, i);
	}
	return all;
}

void clause_bounds(const struct sentence *s, int clause, size_t *from, size_t *to)
{
	*from = s->nt;
	*to = 0;
	for (size_t i = 0; i < s->nt; i++)
		if (s->t[i].clause == clause) {
			*from = i < *from ? i : *from;
			*to = i + 1;
		}
}

/* ---- lengths of time ---- */

static bool span_fits(int64_t is, const struct atom *a)
{
	int64_t off = is > a->num ? is - a->num : a->num - is;
	switch (a->cmp) {
	case CMP_MOST:
	case CMP_UP_TO:
	case CMP_LESS:
		return is <= a->num;
	case CMP_LEAST:
	case CMP_MORE:
		return is >= a->num;
	case CMP_ABOUT:
		return off <= a->num / 5 + a->unit / 2;
	case CMP_EQUAL:
		break;
	}
	/* said in whole units: cut off or rounded */
	return off < a->unit;
}

static int64_t unit_of_path(const char *path)
{
	static const struct {
		const char *word;
		int64_t us;
	} units[] = {{"millis", 1000},       {"_ms", 1000},     {"second", MW_SECOND},
	             {"minute", MW_MINUTE},  {"hour", MW_HOUR}, {"day", MW_DAY},
	             {"duration", MW_SECOND}};
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (mw_memimem(path, strlen(path), units[i].word, strlen(units[i].word)))
			return units[i].us;
	return 0;
}

/* "duration_hours": 72, "duration": "4m38s". */
static bool stated_span(struct ground *g, const struct sentence *s, const struct atom *a)
{
	for (size_t i = 0; i < s->cited.n; i++) {
		const struct rec *r = &g->recs.v[s->cited.v[i]];
		for (uint32_t k = r->from; k < r->to; k++) {
			struct slice v = g->values.v[g->facts.v[k].value].text;
			int64_t unit = unit_of_path(g->facts.v[k].path), us;
			double d;
			if (v.n > 24 || !unit)
				continue;
			if (slice_double(v, &d) && fabs(d) < 1e12 &&
			    span_fits((int64_t)(d * (double)unit), a))
				return true;
			if (mw_span_parse(v, &us) && span_fits(us, a))
				return true;
		}
	}
	return false;
}

static bool cited_span(struct ground *g, const struct sentence *s, const struct atom *a)
{
	for (size_t i = 0; i < s->cited.n && s->cited.n <= 6; i++)
		for (size_t k = i + 1; k < s->cited.n; k++) {
			mw_time x = g->recs.v[s->cited.v[i]].time,
			        y = g->recs.v[s->cited.v[k]].time;
			if (x != MW_TIME_NONE && y != MW_TIME_NONE &&
			    span_fits(x > y ? x - y : y - x, a))
				return true;
		}
	return false;
}

static bool set_span(struct ground *g, const struct set *m, mw_time *first, mw_time *last)
{
	*first = *last = MW_TIME_NONE;
	for (uint32_t i = 0; i < g->recs.n; i++) {
		mw_time t = g->recs.v[i].time;
		if (!set_has(m, i) || t == MW_TIME_NONE)
			continue;
		*first = *first == MW_TIME_NONE || t < *first ? t : *first;
		*last = *last == MW_TIME_NONE || t > *last ? t : *last;
	}
	return *first != MW_TIME_NONE;
}

static void check_span(struct ground *g, struct sentence *s, struct atom *a)
{
	bool lasting;
	size_t from, to, named;
	mw_time first, last;
	struct set m;
	clause_bounds(s, a->clause, &from, &to);
	struct scope sc = {.from = from, .to = to, .outcomes = true};
	if (stated_span(g, s, a) || cited_span(g, s, a))
		return;
	if (set_span(g, &s->cited_set, &first, &last) && last > first && span_fits(last - first, a))
		return;
	lasting = a->tok && word_is(s, a->tok - 1, "over|for|lasted|spanned|took|in|within");
	if ((s->cited.n < 2 || lasting) && g->first != MW_TIME_NONE &&
	    span_fits(g->last - g->first, a))
		return;
	m = matching(g, s, a->clause, &sc, &named);
	if ((s->cited.n < 2 || lasting) && g->complete && set_span(g, &m, &first, &last) &&
	    span_fits(last - first, a))
		return;
	a->fail = "no cited records lie so far apart";
}

/* "from A to B": the first and the last of what it speaks of. */
static void check_range(struct ground *g, struct sentence *s, struct atom *a)
{
	size_t from, to, named;
	mw_time first, last, edge, x = 0, y = 0;
	struct set m;
	clause_bounds(s, a->clause, &from, &to);
	struct scope sc = {.from = from, .to = to};
	a->fail = NULL;
	a->proved = true;
	edge = a->range_from ? g->first : g->last;
	if (when_matches(&a->when, edge))
		return;
	m = g->complete ? matching(g, s, a->clause, &sc, &named) : s->cited_set;
	for (int pass = 0; pass < 2; pass++, m = s->cited_set) {
		if (!set_span(g, &m, &first, &last))
			continue;
		if (when_matches(&a->when, a->range_from ? first : last))
			return;
		if (a->between && when_resolve(&a->when, first, &x, &y) &&
		    (a->range_from ? x <= first : y >= last))
			return;
	}
	/* a window with a count in it is judged by that count */
	for (size_t k = 0; g->complete && k < s->na; k++)
		if (s->a[k].kind == AT_COUNT && s->a[k].clause == a->clause && !s->a[k].fail)
			return;
	a->fail = a->range_from ? "not the time of the first record"
	                        : "not the time of the last record";
}

/* ---- negations and universals ---- */

static const char unknown[] = "cannot be shown by the records that were given";

static bool negator(const struct sentence *s, size_t i)
{
	struct slice w = s->t[i].low;
	return word_is(s, i, "not|never|no|none|without|nobody|neither|nor|nothing") ||
	       (w.n > 3 && !memcmp(w.s + w.n - 3, "n't", 3)) || word_is(s, i, "cannot");
}

static void against_all(struct ground *g, struct sentence *s, const struct set *m)
{
	for (uint32_t i = 0; i < g->recs.n; i++)
		if (set_has(m, i))
			sentence_against(g, s, i);
}

static void proved_between(struct sentence *s, size_t from, size_t to)
{
	for (size_t k = 0; k < s->na; k++)
		if (s->a[k].tok >= from && s->a[k].tok < to && s->a[k].kind != AT_COUNT &&
		    s->a[k].kind != AT_SPAN) {
			s->a[k].fail = NULL;
			s->a[k].proved = true;
		}
}

/* Fields of the record that a word names and that hold yes or no: "without MFA", "is not encrypted". */
static int truth(struct slice v)
{
	return in_list(v, "true|yes|enabled|1") ? 1 : in_list(v, "false|no|disabled|0") ? 0 : -1;
}

static bool path_word(const char *path, struct slice w)
{
	size_t n = w.n > 6 && !memcmp(w.s + w.n - 2, "ed", 2) ? w.n - 2
	           : w.n > 4 && w.s[w.n - 1] == 's'           ? w.n - 1
	                                                      : w.n;
	return w.n >= 3 && mw_memimem(path, strlen(path), w.s, n) != NULL;
}

/* -1: no such field in the cited records; else whether the word's field says `want`. *at gets the token. */
static int flag_says(struct ground *g, struct sentence *s, size_t from, size_t to, int want,
                     size_t *at)
{
	int seen = -1;
	for (size_t i = from; i < to && i < s->nt; i++)
		for (size_t c = 0; c < s->cited.n; c++) {
			const struct rec *r = &g->recs.v[s->cited.v[c]];
			for (uint32_t k = r->from; k < r->to; k++) {
				const struct fact *f = &g->facts.v[k];
				int v = truth(g->values.v[f->value].text);
				bool yes_no = v >= 0 && (!f->field || f->field->type == FT_BOOL);
				if (!yes_no || !path_word(f->path, s->t[i].low) ||
				    in_list(s->t[i].low,
				            "the|was|and|for|from|with|has|its|not|type|event|"
				            "events|read|management|"
				            "only|user|api|call|key|session|access|name|log"))
					continue;
				seen = seen == 1 ? 1 : v == want;
				*at = i;
				if (v != want)
					sentence_against(g, s, s->cited.v[c]);
			}
		}
	return seen;
}

static void deny_existence(struct ground *g, struct sentence *s, size_t i, size_t from, size_t to)
{
	size_t named, at = i;
	bool outcome = false;
	struct scope sc = {.from = from, .to = to, .outcomes = true, .times = true};
	struct set m;
	int flag = flag_says(g, s, i + 1, i + 5, 0, &at);
	bool adjective = word_is(s, i, "not") && i && word_is(s, i - 1, "was|is|were|are") &&
	                 i + 1 < s->nt && s->t[i + 1].atom < 0 && !s->t[i + 1].verb;
	for (size_t k = 0; k < s->na; k++)
		outcome = outcome || (s->a[k].kind == AT_OUTCOME && s->a[k].tok > i &&
		                      s->a[k].tok < to && !word_is(s, i, "not"));
	if (flag >= 0) {
		s->checked = true;
		if (!flag)
			sentence_fail(s, s->t[i].from, s->t[at].to, "the records say the opposite");
		return;
	}
	if (adjective)
		return;
	/* Inside "X was not denied" the negation belongs to the outcome, which is judged by itself. */
	if (word_is(s, i + 1,
	            "denied|refused|rejected|blocked|fail|failed|succeed|successful|allowed|"
	            "granted|"
	            "permitted|forbidden|authorized") &&
	    !word_is(s, i, "never|no"))
		return;
	m = matching(g, s, s->t[i].clause, &sc, &named);
	for (size_t k = 0, after = 0; k < s->na; k++) {
		after += s->a[k].tok > i && s->a[k].tok < to && restricts(&s->a[k]);
		if (k + 1 == s->na && !after && !outcome)
			return;
	}
	if (!named && !outcome)
		return;
	s->checked = true;
	proved_between(s, from, to);
	if (set_count(&m)) {
		sentence_fail(s, s->t[i].from, s->t[to - 1].to, "a record says otherwise");
		against_all(g, s, &m);
	} else if (!g->complete || g->cut) {
		sentence_fail(s, s->t[i].from, s->t[to - 1].to, unknown);
	}
}

/* "bob never created an access key": no operation of that act by those before the negation. */
static bool deny_act(struct ground *g, struct sentence *s, size_t i, size_t from)
{
	struct set acts, m;
	size_t named;
	struct scope sc = {.from = from, .to = i};
	bool none = act_denied(g, s, i, &acts);
	if (!none && (!word_is(s, i, "never|not") || !act_after(g, s, i + 1, &acts)))
		return false;
	m = matching(g, s, s->t[i].clause, &sc, &named);
	set_and(&m, &acts);
	if ((!named && !none) || !set_count(&m))
		return false;
	s->checked = true;
	sentence_fail(s, s->t[i].from, s->t[i + 1].to, "a record says otherwise");
	against_all(g, s, &m);
	return true;
}

/* The words that a negation governs: from its clause's start (the names before it say of what) to the clause's end. */
static void check_negation(struct ground *g, struct sentence *s, size_t i)
{
	size_t from, to;
	clause_bounds(s, s->t[i].clause, &from, &to);
	for (size_t k = i + 1; k < to; k++)
		if (s->t[k - 1].comma || s->t[k - 1].stop ||
		    word_is(s, k, "but|although|while|and|before|after|until")) {
			to = k;
			break;
		}
	for (size_t k = i; k-- > from;)
		if (s->t[k].comma || s->t[k].stop || word_is(s, k, "but|although|while")) {
			/* "bob called A but not B": bob, and B, but not A */
			from = k + 1;
			break;
		}
	if (s->t[i].atom >= 0 && s->a[s->t[i].atom].kind == AT_OUTCOME)
		return;
	if (deny_act(g, s, i, from))
		return;
	/* "29 requests, none of which succeeded": of what the sentence spoke before */
	if (word_is(s, i, "none") && word_is(s, i + 1, "of") &&
	    word_is(s, i + 2, "which|them|these|those"))
		from = 0;
	if (word_is(s, i, "no") && word_is(s, i + 1,
	                                   "longer|doubt|matter|need|way|details|information|"
	                                   "indication|context|explanation|reason"))
		return;
	deny_existence(g, s, i, from, to);
}

/* Whether every record of `all` is in `held`. */
static void all_hold(struct ground *g, struct sentence *s, struct set all, const struct set *held,
                     size_t a, size_t b)
{
	size_t whole = set_count(&all);
	s->checked = true;
	set_minus(&all, held);
	if (set_count(&all)) {
		sentence_fail(s, s->t[a].from, s->t[b].to, "a record says otherwise");
		against_all(g, s, &all);
	} else if (!g->complete || g->cut || !whole) {
		sentence_fail(s, s->t[a].from, s->t[b].to, unknown);
	}
}

/* The engine's totals can show that all of many have one value. */
static bool total_of_all(struct ground *g, const struct atom *a)
{
	uint64_t events = 0;
	const struct total *t;
	vec_each (t, &g->totals)
		if (!t->field)
			events = t->n;
	vec_each (t, &g->totals)
		if (t->field && !t->distinct && events && t->n == events &&
		    text_holds(t->value, a->key))
			return true;
	return false;
}

static const struct atom *focus_of(const struct sentence *s, size_t i, size_t from, size_t to)
{
	const struct atom *before = NULL;
	for (size_t k = 0; k < s->na; k++) {
		if (s->a[k].kind != AT_NAME && s->a[k].kind != AT_VALUE)
			continue;
		if (s->a[k].tok > i && s->a[k].tok < to)
			return &s->a[k];
		if (s->a[k].tok >= from && s->a[k].tok < i)
			before = &s->a[k];
	}
	return before;
}

static size_t verb_after(const struct sentence *s, size_t i, size_t to)
{
	while (i < to && !s->t[i].verb)
		i++;
	return i;
}

static void check_only(struct ground *g, struct sentence *s, size_t i)
{
	size_t from, to, named;
	const struct atom *focus;
	struct set all, held;
	clause_bounds(s, s->t[i].clause, &from, &to);
	if (i + 1 < s->nt && s->t[i + 1].atom >= 0 && s->a[s->t[i + 1].atom].kind == AT_COUNT)
		return;
	focus = focus_of(s, i, from, to);
	if (!focus || focus->fail)
		return;
	struct scope sc = {
	        .from = from, .to = to, .without = focus, .by_class = true, .outcomes = true};
	all = matching(g, s, s->t[i].clause, &sc, &named);
	if (act_after(g, s, verb_after(s, i, to), &held))
		set_and(&all, &held);
	held = set_new(&s->arena, g, false);
	for (size_t k = 0; k < s->na; k++)
		if (&s->a[k] == focus ||
		    (s->a[k].kind == AT_NAME && s->a[k].clause == focus->clause &&
		     kind_class(&s->a[k]) == kind_class(focus) && s->a[k].tok >= focus->tok))
			atom_everywhere(g, s, &s->a[k], &held);
	if (!named && total_of_all(g, focus)) {
		s->checked = true;
		return;
	}
	all_hold(g, s, all, &held, i, focus->tok_to - 1 > i ? focus->tok_to - 1 : i);
}

/* "all calls by X came from Y": what stands before the verb says of which, what stands after must hold. */
static void check_all(struct ground *g, struct sentence *s, size_t i)
{
	size_t from, to, named, verb, held_named;
	struct set all, held;
	bool outcome = false;
	clause_bounds(s, s->t[i].clause, &from, &to);
	verb = verb_after(s, i + 1, to);
	if (verb >= to && i > from) { /* "they came from X, all of them" */
		return;
	}
	if (word_is(s, i, "always|exclusively|solely|consistently"))
		verb = i;
	struct scope of = {.from = from, .to = verb, .outcomes = true, .times = true},
	             that = {.from = verb, .to = to, .outcomes = true, .times = true};
	for (size_t k = 0; k < s->na; k++)
		outcome = outcome ||
		          (s->a[k].kind == AT_OUTCOME && s->a[k].tok >= verb && s->a[k].tok < to);
	held = matching(g, s, s->t[i].clause, &that, &held_named);
	all = matching(g, s, s->t[i].clause, &of, &named);
	if (!held_named && !outcome)
		return;
	for (size_t k = 0; k < s->na; k++)
		if (s->a[k].kind == AT_NAME && s->a[k].tok >= verb && s->a[k].tok < to && !named &&
		    !outcome && total_of_all(g, &s->a[k])) {
			s->checked = true;
			return;
		}
	all_hold(g, s, all, &held, i, to - 1);
}

/* "no other address": of that kind, only those that the sentence names. */
static void check_no_other(struct ground *g, struct sentence *s, size_t i)
{
	const struct field *f[NOUN_FIELDS];
	struct slice noun = sentence_noun(s, i + 2);
	size_t n = noun.n ? field_by_word(noun, f, NOUN_FIELDS) : 0, hits = 0, named;
	const struct atom *mine = NULL;
	struct scope sc = {.from = 0, .to = s->nt, .by_class = true};
	struct set all, held;
	s->checked = true;
	if (!word_is(s, i, "no") && g->complete && !g->cut && act_by_others(g, s, i + 2, &held)) {
		if (set_count(&held))
			sentence_fail(s, s->t[i].from, s->t[i + 1].to, "a record says otherwise");
		against_all(g, s, &held);
		return;
	}
	held = set_new(&s->arena, g, false);
	for (size_t k = 0; k < s->na && n; k++)
		if (s->a[k].kind == AT_NAME)
			for (size_t j = 0; j < n && j < NOUN_FIELDS; j++)
				if (s->a[k].roles & 1u << f[j]->role) {
					mine = &s->a[k];
					atom_everywhere(g, s, mine, &held);
					hits++;
					break;
				}
	if (!hits || !g->complete || g->cut) {
		sentence_fail(s, s->t[i].from, s->t[i + 1].to, unknown);
		return;
	}
	sc.without = mine;
	all = matching(g, s, 0, &sc, &named);
	set_minus(&all, &held);
	for (uint32_t r = 0; r < g->recs.n; r++) {
		bool has = false;
		for (uint32_t k = g->recs.v[r].from; set_has(&all, r) && k < g->recs.v[r].to; k++)
			for (size_t j = 0; j < n && j < NOUN_FIELDS; j++)
				has = has || (g->facts.v[k].field == f[j] && f[j]->role != FR_NONE);
		if (has) {
			sentence_fail(s, s->t[i].from, s->t[i + 1].to, "a record says otherwise");
			sentence_against(g, s, r);
		}
	}
}

/* ---- firsts and lasts ---- */

static bool superlative(const struct sentence *s, size_t i, bool *last)
{
	*last = word_is(s, i, "last|latest|final|finally|lastly|ended|ends");
	if (word_is(s, i, "ended|ends|began|begins|started|starts|opened|begun"))
		return word_is(s, i + 1, "with|by");
	if (!*last && !word_is(s, i, "first|earliest|initially|initial"))
		return false;
	for (size_t k = i + 1; word_is(s, i, "first") && s->t[i].start && k < s->nt; k++)
		if (word_is(s, k, "then|next|later|afterwards|subsequently"))
			return false;
	/* "first 5 rows", "last 24 hours", "at last", "initial access" */
	return !(i + 1 < s->nt && s->t[i + 1].atom >= 0 &&
	         (s->a[s->t[i + 1].atom].kind == AT_COUNT ||
	          s->a[s->t[i + 1].atom].kind == AT_SPAN)) &&
	       !word_is(s, i + 1, "access|week|month|year|hour|day|hours|days|name") &&
	       !(i && word_is(s, i - 1, "at"));
}

/* The cited records that hold all names between the tokens. */
static struct set cited_with(struct ground *g, struct sentence *s, size_t from, size_t to,
                             size_t *named)
{
	struct set m = set_new(&s->arena, g, false);
	set_or(&m, &s->cited_set);
	*named = 0;
	for (size_t k = 0; k < s->na; k++)
		if (s->a[k].tok >= from && s->a[k].tok < to && restricts(&s->a[k]) &&
		    !s->a[k].fail) {
			set_and(&m, &s->a[k].cited);
			++*named;
		}
	return m;
}

static bool is_extreme(struct ground *g, const struct set *one, const struct set *of, bool last)
{
	mw_time f, l, edge_f, edge_l;
	if (!set_span(g, one, &f, &l) || !set_span(g, of, &edge_f, &edge_l))
		return false;
	return last ? l == edge_l : f == edge_f;
}

static void check_extreme(struct ground *g, struct sentence *s, size_t i, bool last)
{
	size_t from, to, named, mine, verb;
	struct set cited, of;
	bool adjective = i && word_is(s, i - 1, "the|its|their|his|her|'s"), ok, copula;
	clause_bounds(s, s->t[i].clause, &from, &to);
	cited = cited_with(g, s, from, to, &mine);
	if (!mine || !set_count(&cited))
		return;
	verb = verb_after(s, i + 1, to);
	copula = adjective && verb < to &&
	         word_is(s, verb, "was|is|were|came|happened|occurred|hit|had");
	struct scope sc = {.from = from, .to = to, .outcomes = true};
	if (copula) /* "the first call by X was Y": first of the calls by X */
		sc.to = verb;
	else if (adjective && verb_after(s, from, i) < i) /* "Y was the first call by X" */
		sc.from = i;
	else if (word_is(s, i,
	                 "ended|ends|began|begins|started|starts|opened|begun|initially|finally|"
	                 "lastly|initial|final"))
		sc.to = sc.from; /* of all */
	of = matching(g, s, s->t[i].clause, &sc, &named);
	ok = is_extreme(g, &cited, &of, last);
	if (!ok && !copula && !adjective && sc.to == sc.from) {
		/* "X finally called Y": last of what X did */
		sc = (struct scope){.from = from, .to = i > from ? i : from, .outcomes = true};
		of = matching(g, s, s->t[i].clause, &sc, &named);
		ok = named && is_extreme(g, &cited, &of, last);
	}
	s->checked = true;
	if (!ok)
		sentence_fail(s, s->t[i].from, s->t[i].to,
		              last ? "not the last by the times of the records"
		                   : "not the first by the times of the records");
	else if ((!g->complete || g->cut) && !is_extreme(g, &cited, &s->cited_set, last))
		sentence_fail(s, s->t[i].from, s->t[i].to, unknown);
	else if (!g->complete && g->first == MW_TIME_NONE)
		sentence_fail(s, s->t[i].from, s->t[i].to, unknown);
}

/* ---- all of it ---- */

/* "is public", "was encrypted": a yes or no of the record. */
static void check_flag(struct ground *g, struct sentence *s, size_t i)
{
	size_t at = i;
	int says;
	if (i + 1 >= s->nt || negator(s, i + 1))
		return;
	says = flag_says(g, s, i + 1, i + 2, 1, &at);
	s->checked = s->checked || says >= 0;
	if (!says)
		sentence_fail(s, s->t[i].from, s->t[at].to, "the records say the opposite");
}

static void check_words(struct ground *g, struct sentence *s)
{
	for (size_t i = 0; i < s->nt; i++) {
		bool last, other = word_is(s, i, "no") &&
		                   word_is(s, i + 1, "other|others|further|additional|more");
		if (other || (word_is(s, i, "nothing|nobody|noone") && word_is(s, i + 1, "else")))
			check_no_other(g, s, i);
		else if (negator(s, i) &&
		         !(word_is(s, i, "not") && word_is(s, i + 1, "only|known|clear|yet")))
			check_negation(g, s, i);
		else if (word_is(s, i, "only|solely|exclusively") &&
		         !word_is(s, i + 1, "after|when|if|because|then"))
			check_only(g, s, i);
		else if (word_is(s, i, "all|every|each|always|consistently|everything") &&
		         !(i && word_is(s, i - 1, "at|after|above|not|of|it|this|that")))
			check_all(g, s, i);
		else if (word_is(s, i, "is|was|are|were|be|been"))
			check_flag(g, s, i);
		else if (s->t[i].atom < 0 && superlative(s, i, &last))
			check_extreme(g, s, i, last);
	}
}

void check_scope(struct ground *g, struct sentence *s)
{
	for (size_t k = 0; k < s->na; k++) {
		struct atom *a = &s->a[k];
		if (a->kind == AT_TIME && (a->range_from || a->range_to))
			check_range(g, s, a);
	}
	check_words(g, s);
	check_opposites(g, s);
	check_levels(g, s);
	for (size_t k = 0; k < s->na; k++) {
		struct atom *a = &s->a[k];
		if (a->proved)
			continue;
		if (a->kind == AT_COUNT)
			check_count(g, s, a);
		else if (a->kind == AT_SPAN)
			check_span(g, s, a);
		else if (a->kind == AT_PERCENT)
			check_percent(g, s, a);
	}
}
