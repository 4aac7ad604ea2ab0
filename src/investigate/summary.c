#include "investigate/summary.h"

#include "base/map.h"

#define TALLY_MAX 10000 /* different values followed a slot; more: the sentence says "at least" */
#define NAMED 3         /* values named in a sentence */

struct count {
	uint64_t n;
	event_id first;
};
struct tally {
	struct map by_value;
	VEC(struct count) v;
	bool full;
};
enum { T_WHAT, T_ACTOR, T_FROM, T_TARGET, T_DENIED, T_FAILED, TALLIES };
struct summary {
	struct tally t[TALLIES];
	uint64_t events, denied, failed, untimed;
	mw_time from, to;
	event_id first, last;
};

struct summary *summary_new(void)
{
	struct summary *s = xcalloc(1, sizeof(*s));
	s->from = s->to = MW_TIME_NONE;
	return s;
}

void summary_free(struct summary *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < TALLIES; i++) {
		map_release(&s->t[i].by_value);
		vec_free(&s->t[i].v);
	}
	free(s);
}

static void count(struct tally *t, struct slice v, event_id id)
{
	struct map_entry *m;
	bool added = false;
	if (!v.n)
		return;
	m = map_get(&t->by_value, v.s, v.n);
	if (!m && t->v.n >= TALLY_MAX) {
		t->full = true;
		return;
	}
	if (!m)
		m = map_put(&t->by_value, v.s, v.n, &added);
	if (added) {
		m->val.u = t->v.n;
		vec_push(&t->v)->first = id;
	}
	t->v.v[m->val.u].n++;
}

void summary_add(struct summary *s, const struct event *ev, event_id id, const struct described *d)
{
	s->events++;
	count(&s->t[T_WHAT], d->what, id);
	count(&s->t[T_ACTOR], d->actor, id);
	count(&s->t[T_FROM], d->from, id);
	count(&s->t[T_TARGET], d->target, id);
	if (d->denied) {
		s->denied++;
		count(&s->t[T_DENIED], d->what, id);
	} else if (d->failed) {
		s->failed++;
		count(&s->t[T_FAILED], d->what, id);
	}
	if (ev->time == MW_TIME_NONE) {
		s->untimed++;
		return;
	}
	if (s->from == MW_TIME_NONE || ev->time < s->from) {
		s->from = ev->time;
		s->first = id;
	}
	if (s->to == MW_TIME_NONE || ev->time >= s->to) {
		s->to = ev->time;
		s->last = id;
	}
}

/* ---- sentences ---- */

struct sentence {
	struct buf text;
	cJSON *evidence;
};

static void cite(struct sentence *x, event_id id)
{
	char text[32];
	if (id == EVENT_ID_NONE)
		return;
	snprintf(text, sizeof(text), "ev:%llu", (unsigned long long)id);
	cJSON_AddItemToArray(x->evidence, cJSON_CreateString(text));
}

static void emit(cJSON *list, struct sentence *x)
{
	cJSON *o = cJSON_CreateObject();
	json_add_slice(o, "text", (struct slice){x->text.s, x->text.len});
	cJSON_AddItemToObject(o, "evidence", x->evidence);
	json_add_str(o, "status", "supported");
	cJSON_AddItemToArray(list, o);
	buf_release(&x->text);
}

struct ranked {
	size_t index;
	uint64_t n;
};
static int by_count(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	return x->n != y->n ? (x->n > y->n ? -1 : 1)
	                    : (x->index > y->index) - (x->index < y->index);
}

/* "A (3), B (1) and 4 more" with evidence of the named ones. */
static void name_top(struct sentence *x, const struct tally *t)
{
	struct ranked *r = xcalloc(t->v.n + 1, sizeof(*r));
	for (size_t i = 0; i < t->v.n; i++)
		r[i] = (struct ranked){i, t->v.v[i].n};
	qsort(r, t->v.n, sizeof(*r), by_count);
	for (size_t i = 0; i < t->v.n && i < NAMED; i++) {
		const struct map_entry *m = &t->by_value.entries[r[i].index];
		buf_str(&x->text, i ? ", " : "");
		buf_add(&x->text, m->key, m->len);
		if (t->v.n > 1)
			buf_printf(&x->text, " (%llu)", (unsigned long long)r[i].n);
		cite(x, t->v.v[r[i].index].first);
	}
	if (t->v.n > NAMED)
		buf_printf(&x->text, " and %s%zu more", t->full ? "at least " : "", t->v.n - NAMED);
	free(r);
}

static void tally_sentence(cJSON *list, const struct tally *t, const char *prefix,
                           const char *suffix)
{
	struct sentence x = {.text = BUF_INIT};
	if (!t->v.n)
		return;
	x.evidence = cJSON_CreateArray();
	buf_str(&x.text, prefix);
	name_top(&x, t);
	buf_str(&x.text, suffix);
	emit(list, &x);
}

static void when_sentence(cJSON *list, const struct summary *s)
{
	struct sentence x = {.text = BUF_INIT};
	char from[32], to[32], span[32];
	if (s->from == MW_TIME_NONE)
		return;
	x.evidence = cJSON_CreateArray();
	mw_time_format(s->from, from);
	mw_time_format(s->to, to);
	if (s->from == s->to) {
		buf_printf(&x.text, "%llu event%s at %s.",
		           (unsigned long long)(s->events - s->untimed),
		           s->events - s->untimed == 1 ? "" : "s", from);
	} else {
		int64_t d = s->to - s->from;
		mw_span_words(d, span);
		buf_printf(&x.text, "%llu events from %s to %s (%s).",
		           (unsigned long long)(s->events - s->untimed), from, to, span);
	}
	cite(&x, s->first);
	if (s->last != s->first)
		cite(&x, s->last);
	if (s->untimed)
		buf_printf(&x.text, " %llu carry no time.", (unsigned long long)s->untimed);
	emit(list, &x);
}

cJSON *summary_json(const struct summary *s)
{
	cJSON *list = cJSON_CreateArray();
	if (!s->events)
		return list;
	when_sentence(list, s);
	tally_sentence(list, &s->t[T_WHAT], "What: ", ".");
	tally_sentence(list, &s->t[T_ACTOR], "Who: ", ".");
	tally_sentence(list, &s->t[T_FROM], "From: ", ".");
	tally_sentence(list, &s->t[T_TARGET], "To: ", ".");
	tally_sentence(list, &s->t[T_DENIED], "Denied: ", ".");
	tally_sentence(list, &s->t[T_FAILED], "Failed: ", ".");
	return list;
}
