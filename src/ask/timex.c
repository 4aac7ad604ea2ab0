#include "ask/timex.h"

#include "ask/ask.h"
#include "ask/timex_date.h"
#include "ask/timex_words.h"

#define AROUND (15 * MW_MINUTE)

size_t tx_number(const struct toks *t, size_t i, int64_t *n)
{
	const struct tok *w = tx_tok(t, i);

	if (tok_is(w, "a") && tok_is(tx_tok(t, i + 1), "couple")) {
		*n = 2;
		return tok_is(tx_tok(t, i + 2), "of") ? 3 : 2;
	}
	return txw_number(w->word, n) ? 1 : 0;
}

/* "24h", "15min" */
static bool joined_duration(struct slice w, int64_t *us)
{
	size_t d = 0;
	int64_t n, unit;

	while (d < w.n && w.s[d] >= '0' && w.s[d] <= '9')
		d++;
	if (d == 0 || d == w.n || d > 6 || !slice_i64((struct slice){w.s, d}, &n))
		return false;
	if (w.s[d] == '-')
		d++;
	if (!txw_unit((struct slice){w.s + d, w.n - d}, &unit))
		return false;
	*us = n * unit;
	return true;
}

size_t tx_unit(const struct toks *t, size_t i, int64_t *us)
{
	int64_t n;

	if (joined_duration(tx_tok(t, i)->word, us) ||
	    (tx_tok(t, i)->word.n > 2 && txw_unit(tx_tok(t, i)->word, us)))
		return 1;
	if (txw_number(tx_tok(t, i)->word, &n) && txw_unit(tx_tok(t, i + 1)->word, us)) {
		*us *= n;
		return 2;
	}
	return 0;
}

size_t tx_duration(const struct toks *t, size_t i, bool bare, int64_t *us)
{
	int64_t n;
	size_t k;

	if (joined_duration(tx_tok(t, i)->word, us))
		return 1;
	if (tok_is(tx_tok(t, i), "half") &&
	    (tok_is(tx_tok(t, i + 1), "an") || tok_is(tx_tok(t, i + 1), "hour"))) {
		*us = 30 * MW_MINUTE;
		return tok_is(tx_tok(t, i + 1), "an") ? 3 : 2;
	}
	if (tok_is(tx_tok(t, i), "a") && tok_is(tx_tok(t, i + 1), "quarter"))
		i++, k = 1;
	else
		k = 0;
	if (tok_is(tx_tok(t, i), "quarter") && tok_is(tx_tok(t, i + 1), "of") &&
	    tok_is(tx_tok(t, i + 2), "an") && tok_is(tx_tok(t, i + 3), "hour")) {
		*us = 15 * MW_MINUTE;
		return k + 4;
	}
	k = tx_number(t, i, &n);
	if (k && txw_unit(tx_tok(t, i + k)->word, us)) {
		*us *= n;
		return k + 1;
	}
	if (bare && tx_tok(t, i)->word.n > 2 && txw_unit(tx_tok(t, i)->word, us))
		return 1;
	return 0;
}

static void atom_open(struct tx_atom *a)
{
	memset(a, 0, sizeof(*a));
	a->from = a->to = MW_TIME_NONE;
	a->tod_from = a->tod_to = TX_OPEN;
}

enum edge { EDGE_START, EDGE_END, EDGE_WHOLE };

/* The instant or hour where a point begins or ends, as a bound of the atom. */
static void set_edge(struct tx_atom *a, const struct tx_point *p, bool lower, enum edge e)
{
	bool end = e == EDGE_END;

	if (p->abs || (p->has_day && p->has_clock)) {
		mw_time at = p->abs ? p->at : p->d0 + p->tod;

		*(lower ? &a->from : &a->to) = end ? at + p->width : at;
		a->kind = TX_ABS;
	} else if (p->has_day) {
		*(lower ? &a->from : &a->to) = end ? p->d1 : p->d0;
		a->kind = p->d1 - p->d0 >= MW_DAY && a->kind != TX_ABS ? TX_DAYS : TX_ABS;
	} else {
		*(lower ? &a->tod_from : &a->tod_to) = end ? p->tod + p->width : p->tod;
		a->kind = TX_CLOCK;
	}
	a->assumed = a->assumed || p->assumed;
}

static void set_whole(struct tx_atom *a, const struct tx_point *p)
{
	set_edge(a, p, true, EDGE_START);
	set_edge(a, p, false, EDGE_END);
	a->weak = p->weak;
}

static void widen(struct tx_atom *a, int64_t before, int64_t after)
{
	if (a->kind == TX_CLOCK) {
		a->tod_to = a->tod_from + after;
		a->tod_from -= before;
	} else {
		a->to = a->from + after;
		a->from -= before;
		a->kind = TX_ABS;
	}
}

static size_t skip_words(const struct toks *t, size_t i, const char *const *words)
{
	size_t n = 0;

	while (i + n < t->n && tok_in(&t->v[i + n], words))
		n++;
	return n;
}

static const char *const fill[] = {"the", "at", "on", "about", "of", "time", NULL};
static const char *const range_to[] = {"to",      "-",    "until", "till", "til",
                                       "through", "thru", "and",   "up",   NULL};

/* "between 09:00 and 10:00 CET": one zone for both */
static void share_zone(struct tx_point *p, struct tx_point *q)
{
	if (!p->has_clock || !q->has_clock || p->has_zone == q->has_zone)
		return;
	if (q->has_zone)
		p->tod -= q->zone;
	else
		q->tod -= p->zone;
}

/* Two points with a word of range between them; "and" only after "between". */
static size_t range_at(const struct toks *t, size_t i, const struct tx_env *env, struct tx_atom *a)
{
	bool between = tok_is(tx_tok(t, i), "between"),
	     from = tok_is(tx_tok(t, i), "from") || tok_is(tx_tok(t, i), "in");
	size_t n = between || from ? 1 : 0, k;
	struct tx_point p, q;

	n += skip_words(t, i + n, fill);
	k = tx_point_at(t, i + n, env, &p);
	if (k == 0)
		return 0;
	n += k;
	if (!tok_in(tx_tok(t, i + n), range_to) || (tok_is(tx_tok(t, i + n), "and") && !between))
		return 0;
	n++;
	n += skip_words(t, i + n, range_to);
	n += skip_words(t, i + n, fill);
	k = tx_point_at(t, i + n, env, &q);
	if (k == 0) { /* "july 28-30" */
		int d;
		bool suffix;

		if (!p.has_day || p.has_clock || p.d1 - p.d0 != MW_DAY ||
		    !txw_ordinal(tx_tok(t, i + n)->word, &d, &suffix))
			return 0;
		struct civil c;

		mw_time_civil(p.d0 + env->zone, &c);
		if (d <= c.day || d > mw_days_in_month(c.year, c.month))
			return 0;
		q = p;
		q.d0 += (d - c.day) * MW_DAY;
		q.d1 = q.d0 + MW_DAY;
		k = 1;
	}
	share_zone(&p, &q);
	if (p.has_day && p.has_clock && !q.has_day && q.has_clock)
		q.has_day = true, q.d0 = p.d0, q.d1 = p.d1;
	if (q.has_day && q.has_clock && !p.has_day && p.has_clock)
		p.has_day = true, p.d0 = q.d0, p.d1 = q.d1;
	if (!p.abs && !q.abs && p.has_day && !p.has_clock && q.has_clock && !q.has_day)
		return 0;
	set_edge(a, &p, true, EDGE_START);
	set_edge(a, &q, false, q.has_clock || q.abs ? EDGE_START : EDGE_END);
	a->assumed = p.assumed || q.assumed;
	if (a->kind != TX_CLOCK && a->to != MW_TIME_NONE && a->to <= a->from && q.has_clock)
		a->to += MW_DAY;
	return n + k;
}

/* Words in front of one point, and which bound it then is. */
enum relation { R_BEFORE, R_AFTER, R_SINCE, R_UNTIL, R_AROUND, R_ON };
static const struct {
	const char *words[4];
	enum relation r;
} relations[] = {
        {{"before"}, R_BEFORE},
        {{"prior", "to"}, R_BEFORE},
        {{"earlier", "than"}, R_BEFORE},
        {{"older", "than"}, R_BEFORE},
        {{"preceding"}, R_BEFORE},
        {{"ahead", "of"}, R_BEFORE},
        {{"after"}, R_AFTER},
        {{"later", "than"}, R_AFTER},
        {{"past"}, R_AFTER},
        {{"following"}, R_AFTER},
        {{"newer", "than"}, R_AFTER},
        {{"since"}, R_SINCE},
        {{"starting"}, R_SINCE},
        {{"beginning"}, R_SINCE},
        {{"as", "of"}, R_SINCE},
        {{"until"}, R_UNTIL},
        {{"till"}, R_UNTIL},
        {{"til"}, R_UNTIL},
        {{"up", "to"}, R_UNTIL},
        {{"up", "until"}, R_UNTIL},
        {{"no", "later", "than"}, R_UNTIL},
        {{"through"}, R_UNTIL},
        {{"around"}, R_AROUND},
        {{"about"}, R_AROUND},
        {{"circa"}, R_AROUND},
        {{"near"}, R_AROUND},
        {{"approximately"}, R_AROUND},
        {{"roughly"}, R_AROUND},
        {{"~"}, R_AROUND},
        {{"at", "around"}, R_AROUND},
        {{"at", "about"}, R_AROUND},
        {{"on"}, R_ON},
        {{"in"}, R_ON},
        {{"at"}, R_ON},
        {{"during"}, R_ON},
        {{"over"}, R_ON},
        {{"for"}, R_ON},
        {{"from"}, R_ON},
        {{"throughout"}, R_ON},
        {{"within"}, R_ON},
        {{"dated"}, R_ON},
        {{"@"}, R_ON},
        {{"of"}, R_ON},
};

static size_t relation_at(const struct toks *t, size_t i, enum relation *r)
{
	size_t best = 0;

	for (size_t k = 0; k < ARRAY_LEN(relations); k++) {
		size_t n = 0;

		while (n < 4 && relations[k].words[n] &&
		       tok_is(tx_tok(t, i + n), relations[k].words[n]))
			n++;
		if ((n == 4 || !relations[k].words[n]) && n > best) {
			best = n;
			*r = relations[k].r;
		}
	}
	return best;
}

static void apply_relation(struct tx_atom *a, const struct tx_point *p, enum relation r)
{
	switch (r) {
	case R_BEFORE:
		set_edge(a, p, false, EDGE_START);
		if (p->has_day && p->has_clock)
			a->from = p->d0;
		break;
	case R_AFTER:
		set_edge(a, p, true, p->has_clock || p->abs ? EDGE_START : EDGE_END);
		if (p->has_day && p->has_clock)
			a->to = p->d1;
		break;
	case R_SINCE:
		set_edge(a, p, true, EDGE_START);
		a->since = true;
		break;
	case R_UNTIL:
		set_edge(a, p, false, p->has_clock || p->abs ? EDGE_START : EDGE_END);
		break;
	case R_AROUND:
		set_edge(a, p, true, EDGE_START);
		if (a->kind == TX_DAYS)
			widen(a, MW_DAY, 2 * MW_DAY);
		else
			widen(a, AROUND, AROUND);
		a->assumed = true;
		break;
	case R_ON:
		set_whole(a, p);
		a->weak = false;
		break;
	}
}

static size_t plus_minus(const struct toks *t, size_t i, struct tx_atom *a)
{
	const struct tok *w = tx_tok(t, i);
	int64_t us;
	size_t k;

	if (!tok_is(w, "+/-") && !tok_is(w, "+-") && !tok_is(w, "\xc2\xb1") &&
	    !(tok_is(w, "plus") && tok_is(tx_tok(t, i + 2), "minus")))
		return 0;
	k = tok_is(w, "plus") ? 3 : 1;
	if (!tx_duration(t, i + k, true, &us))
		return 0;
	widen(a, us, us);
	return k + tx_duration(t, i + k, true, &us);
}

static size_t related_at(const struct toks *t, size_t i, const struct tx_env *env,
                         struct tx_atom *a)
{
	static const char *const onward[] = {"on", "onward", "onwards", "forward", NULL};
	enum relation r = R_ON;
	size_t n = relation_at(t, i, &r), k, said = n;
	struct tx_point p;
	bool from = tok_is(tx_tok(t, i), "from");

	n += skip_words(t, i + n, fill);
	k = tx_point_at(t, i + n, env, &p);
	if (k == 0)
		return 0;
	n += k;
	if ((p.weak && said == 0 && n > 1) || (p.abs && p.at == env->now && r == R_ON))
		return 0; /* "now" is a bound, not a time of events */
	if (from && (tok_in(tx_tok(t, i + n), onward) || (p.has_clock && !p.has_day))) {
		r = R_SINCE;
		n += tok_in(tx_tok(t, i + n), onward) ? 1 : 0;
	}
	if (tok_is(tx_tok(t, i), "for") && p.has_clock)
		return 0;
	apply_relation(a, &p, r);
	a->weak = p.weak && (said == 0 || tok_is(tx_tok(t, i), "of") ||
	                     tok_is(tx_tok(t, i), "for") || tok_is(tx_tok(t, i), "from"));
	if (r == R_ON)
		n += plus_minus(t, i + n, a);
	return n;
}

/* "24h before T", "within 5 min of T", "in the hour after T", "5 minutes either side of T" */
static size_t beside_at(const struct toks *t, size_t i, const struct tx_env *env, struct tx_atom *a)
{
	static const char *const lead[] = {"in",   "within", "the", "during", "for",
	                                   "over", "-",      "+",   NULL};
	static const char *const both[] = {"of", "around", "about", "either", "from", NULL};
	static const char *const tail[] = {"side", "of", "the", "to", "and", "after", NULL};
	size_t n = skip_words(t, i, lead), k;
	const struct tok *w;
	int64_t us;
	struct tx_point p;
	bool before, after;

	k = tx_duration(t, i + n, n > 0 && !tok_is(tx_tok(t, i), "the"), &us);
	if (k == 0)
		return 0;
	w = tx_tok(t, i + n + k);
	before = tok_is(w, "before") || tok_is(w, "prior") || tok_is(w, "preceding");
	after = tok_is(w, "after") || tok_is(w, "following") || tok_is(w, "past");
	if (before && tok_is(tx_tok(t, i + n + k + 1), "and") &&
	    tok_is(tx_tok(t, i + n + k + 2), "after"))
		after = true;
	if (!before && !after &&
	    !(tok_in(w, both) && (n > 0 || tok_is(w, "around") || tok_is(w, "either"))))
		return 0;
	n += k + 1;
	n += skip_words(t, i + n, tail);
	k = tx_point_at(t, i + n, env, &p);
	if (k == 0)
		return 0;
	set_edge(a, &p, true,
	         after && !before && p.has_day && !p.has_clock ? EDGE_END : EDGE_START);
	widen(a, before || !after ? us : 0, after || !before ? us : 0);
	return n + k;
}

/* "in the first 2 hours of august 1" */
static size_t part_of_at(const struct toks *t, size_t i, const struct tx_env *env,
                         struct tx_atom *a)
{
	static const char *const lead[] = {"in", "within", "the", "during", "for", "over", NULL};
	size_t n = skip_words(t, i, lead), k;
	bool first = tok_is(tx_tok(t, i + n), "first"), last = tok_is(tx_tok(t, i + n), "last");
	struct tx_point p;
	int64_t us;

	if (!first && !last)
		return 0;
	n++;
	k = tx_duration(t, i + n, true, &us);
	if (k == 0 || !(tok_is(tx_tok(t, i + n + k), "of") || tok_is(tx_tok(t, i + n + k), "on")))
		return 0;
	n += k + 1;
	n += skip_words(t, i + n, fill);
	k = tx_point_at(t, i + n, env, &p);
	if (k == 0 || !p.has_day || p.has_clock || p.abs)
		return 0;
	a->kind = TX_ABS;
	a->from = first ? p.d0 : p.d1 - us;
	a->to = first ? p.d0 + us : p.d1;
	a->assumed = p.assumed;
	return n + k;
}

/* "last 10 minutes", "in the past day": up to now */
static size_t rolling_at(const struct toks *t, size_t i, const struct tx_env *env,
                         struct tx_atom *a)
{
	static const char *const lead[] = {"in",  "within", "the",  "during",
	                                   "for", "over",   "from", NULL};
	static const char *const back[] = {"last",     "past",   "previous",  "prior",
	                                   "trailing", "latest", "preceding", NULL};
	size_t n = skip_words(t, i, lead), k;
	int64_t us;
	bool counted;

	if (!tok_in(tx_tok(t, i + n), back))
		return 0;
	counted = txw_number(tx_tok(t, i + n + 1)->word, &us) ||
	          tx_tok(t, i + n + 1)->word.s[0] <= '9';
	k = tx_duration(t, i + n + 1, true, &us);
	if (k == 0)
		return 0;
	/* calendar: last week, month, year; rolling: past week, last hour, last day, last 2 weeks
	 */
	if (!counted && !tok_is(tx_tok(t, i + n), "past") && us >= 7 * MW_DAY)
		return 0;
	if (!counted && tok_is(tx_tok(t, i + n), "previous") && us >= MW_DAY)
		return 0;
	a->kind = TX_ABS;
	a->from = env->now - us;
	a->to = env->now;
	return n + 1 + k;
}

static const struct day_part {
	const char *word;
	int from, to;
} day_parts[] = {{"morning", 0, 12},
                 {"afternoon", 12, 18},
                 {"evening", 18, 24},
                 {"night", 18, 30},
                 {"overnight", 18, 30}};

/* "last night", "this morning", "yesterday evening", "in the morning", "overnight" */
static size_t day_part_at(const struct toks *t, size_t i, const struct tx_env *env,
                          struct tx_atom *a)
{
	static const char *const lead[] = {"in", "the", "during", "on", "over", NULL};
	size_t n = skip_words(t, i, lead);
	const struct tok *w = tx_tok(t, i + n);
	mw_time day = MW_TIME_NONE, today = tx_today(env);
	struct tx_point p;

	if (tok_is(w, "last"))
		day = today - MW_DAY, n++;
	else if (tok_is(w, "this"))
		day = today, n++;
	else if (tok_is(w, "tonight"))
		day = today;
	else if (tok_is(w, "yesterday"))
		day = today - MW_DAY, n++;
	else if (tx_point_at(t, i + n, env, &p) == 1 && p.has_day && !p.has_clock &&
	         p.d1 - p.d0 == MW_DAY)
		day = p.d0, n++;
	for (size_t k = 0; k < ARRAY_LEN(day_parts); k++) {
		const struct day_part *d = &day_parts[k];

		if (!tok_is(tx_tok(t, i + n), d->word) && !(tok_is(w, "tonight") && d->to == 30))
			continue;
		a->assumed = true;
		if (day == MW_TIME_NONE) {
			a->kind = TX_CLOCK;
			a->tod_from = d->from * MW_HOUR;
			a->tod_to = d->to * MW_HOUR;
		} else {
			a->kind = TX_ABS;
			a->from = day + d->from * MW_HOUR;
			a->to = day + d->to * MW_HOUR;
		}
		return n + 1;
	}
	return 0;
}

bool tx_atom_at(const struct toks *t, size_t i, const struct tx_env *env, struct tx_atom *out)
{
	static size_t (*const readers[])(const struct toks *, size_t, const struct tx_env *,
	                                 struct tx_atom *) = {
	        range_at, beside_at, part_of_at, rolling_at, day_part_at, related_at,
	};
	size_t best = 0;

	if (i >= t->n || t->v[i].quoted)
		return false;
	for (size_t k = 0; k < ARRAY_LEN(readers); k++) {
		struct tx_atom a;
		size_t n;

		atom_open(&a);
		n = readers[k](t, i, env, &a);
		if (n <= best)
			continue;
		best = n;
		*out = a;
		out->tok = i;
		out->n = n;
	}
	return best > 0;
}

static void intersect(mw_time *from, mw_time *to, mw_time f, mw_time t)
{
	if (f != MW_TIME_NONE && (*from == MW_TIME_NONE || f > *from))
		*from = f;
	if (t != MW_TIME_NONE && (*to == MW_TIME_NONE || t < *to))
		*to = t;
}

struct sum {
	mw_time d0, d1, a0, a1;
	int64_t t0, t1;
	bool days, clock, abs, since;
};

static void add_up(struct sum *s, const struct tx_atom *a)
{
	s->since = s->since || a->since;
	if (a->kind == TX_DAYS) {
		s->days = true;
		intersect(&s->d0, &s->d1, a->from, a->to);
	} else if (a->kind == TX_ABS) {
		s->abs = true;
		intersect(&s->a0, &s->a1, a->from, a->to);
	} else {
		s->clock = true;
		if (a->tod_from != TX_OPEN && (s->t0 == TX_OPEN || a->tod_from > s->t0))
			s->t0 = a->tod_from;
		if (a->tod_to != TX_OPEN && (s->t1 == TX_OPEN || a->tod_to < s->t1))
			s->t1 = a->tod_to;
	}
}

/* Hours of one day; false where the days are not one day, since a plan has no "every day from 2 to
 * 4". */
static bool place_clock(const struct sum *s, const struct tx_env *env, mw_time *from, mw_time *to)
{
	mw_time base = s->days ? s->d0 : tx_today(env);
	int64_t t1 = s->t1;

	if (s->days && (s->d0 == MW_TIME_NONE || s->d1 == MW_TIME_NONE || s->d1 - s->d0 != MW_DAY))
		return false;
	if (t1 != TX_OPEN && s->t0 != TX_OPEN && t1 <= s->t0)
		t1 += MW_DAY;
	if (!s->days && base + (s->t0 != TX_OPEN ? s->t0 : 0) > env->now)
		base -= MW_DAY;
	*from = s->t0 == TX_OPEN ? base : base + s->t0;
	if (t1 != TX_OPEN)
		*to = base + t1;
	else
		*to = s->days && !s->since ? base + MW_DAY : MW_TIME_NONE;
	return true;
}

bool tx_combine(const struct tx_atom *a, size_t n, const struct tx_env *env, mw_time *from,
                mw_time *to)
{
	struct sum s = {MW_TIME_NONE, MW_TIME_NONE, MW_TIME_NONE, MW_TIME_NONE, TX_OPEN,
	                TX_OPEN,      false,        false,        false,        false};

	*from = *to = MW_TIME_NONE;
	for (size_t i = 0; i < n; i++)
		add_up(&s, &a[i]);
	if (n == 0)
		return false;
	if (s.clock) {
		if (!place_clock(&s, env, from, to))
			return false;
	} else if (s.days) {
		*from = s.d0;
		*to = s.d1;
	}
	if (s.abs)
		intersect(from, to, s.a0, s.a1);
	return true;
}

bool ask_time_find(struct slice text, mw_time now, int64_t zone, struct ask_time *out)
{
	struct arena arena = ARENA_INIT;
	struct toks t = tokenise(text, &arena);
	struct tx_env env = {now, zone};
	struct tx_atom atoms[8];
	size_t n = 0, first = 0, last = 0;
	bool ok;

	for (size_t i = 0; i < t.n && n < ARRAY_LEN(atoms);) {
		if (!tx_atom_at(&t, i, &env, &atoms[n])) {
			if (n)
				break;
			i++;
			continue;
		}
		if (n == 0)
			first = i;
		i += atoms[n].n;
		last = i - 1;
		n++;
	}
	ok = tx_combine(atoms, n, &env, &out->from, &out->to);
	if (ok) {
		out->at = t.v[first].from;
		out->len = t.v[last].to - t.v[first].from;
	}
	arena_release(&arena);
	return ok;
}
