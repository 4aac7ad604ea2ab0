#include "investigate/summary.h"

#include "base/map.h"
#include "ground/ground.h"

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

/* ---- sentences, each checked against what was tallied ---- */

struct shown { /* a value that a sentence names, and its first record */
	struct ground_copied at;
	struct slice value;
	event_id id;
	uint64_t n;
};
struct sentence {
	struct buf text;
	VEC(struct shown) shown;
};

static void id_text(event_id id, char out[32])
{
	snprintf(out, 32, "ev:%llu", (unsigned long long)id);
}

static void cite(cJSON *evidence, event_id id)
{
	char text[32];
	if (id == EVENT_ID_NONE)
		return;
	id_text(id, text);
	cJSON_AddItemToArray(evidence, cJSON_CreateString(text));
}

static void emit(cJSON *list, struct ground *g, struct sentence *x, cJSON *evidence)
{
	cJSON *o = cJSON_CreateObject();
	struct ground_verdict v = {0};
	VEC(struct slice) ids = {0};
	VEC(struct ground_copied) copied = {0};
	for (const cJSON *e = evidence->child; e; e = e->next)
		*vec_push(&ids) = slice_of(e->valuestring);
	for (size_t i = 0; i < x->shown.n; i++)
		*vec_push(&copied) = x->shown.v[i].at;
	ground_check_made(g, (struct slice){x->text.s, x->text.len}, ids.v, ids.n, copied.v,
	                  copied.n, &v);
	json_add_slice(o, "text", (struct slice){x->text.s, x->text.len});
	cJSON_AddItemToObject(o, "evidence", evidence);
	ground_verdict_json(o, &v);
	cJSON_AddItemToArray(list, o);
	ground_verdict_release(&v);
	ground_free(g);
	vec_free(&ids);
	vec_free(&copied);
	vec_free(&x->shown);
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
		struct shown *s = vec_push(&x->shown);
		buf_str(&x->text, i ? ", " : "");
		s->at.from = x->text.len;
		buf_add(&x->text, m->key, m->len);
		s->at.to = x->text.len;
		s->value = (struct slice){m->key, m->len};
		s->id = t->v.v[r[i].index].first;
		s->n = r[i].n;
		if (t->v.n > 1)
			buf_printf(&x->text, " (%llu)", (unsigned long long)r[i].n);
	}
	if (t->v.n > NAMED)
		buf_printf(&x->text, " and %s%zu more", t->full ? "at least " : "", t->v.n - NAMED);
	free(r);
}

/* What the records and the tally say of a sentence's values: one record may be the first of several. outcome: that of all of them, where
 * the tally is of one; else NULL. */
static struct ground *told(const struct sentence *x, const struct tally *t, const char *outcome,
                           cJSON *evidence)
{
	struct ground *g = ground_new();
	for (size_t i = 0; i < x->shown.n; i++) {
		struct ground_fact facts[NAMED + 1];
		struct ground_record r = {.time = MW_TIME_NONE, .facts = facts, .raw = {"", 0}};
		char id[32];
		bool again = false;
		for (size_t k = 0; k < x->shown.n; k++) {
			again = again || (k < i && x->shown.v[k].id == x->shown.v[i].id);
			if (x->shown.v[k].id == x->shown.v[i].id)
				facts[r.nfacts++] =
				        (struct ground_fact){"value", x->shown.v[k].value};
		}
		if (outcome)
			facts[r.nfacts++] = (struct ground_fact){"status", slice_of(outcome)};
		id_text(x->shown.v[i].id, id);
		r.id = slice_of(id);
		if (!again) {
			ground_add(g, &r);
			cite(evidence, x->shown.v[i].id);
		}
		ground_add_total(g, "value", x->shown.v[i].value, x->shown.v[i].n);
	}
	ground_add_distinct(g, "value", t->v.n);
	return g;
}

static void tally_sentence(cJSON *list, const struct tally *t, const char *prefix,
                           const char *outcome)
{
	struct sentence x = {.text = BUF_INIT};
	cJSON *evidence;
	if (!t->v.n)
		return;
	evidence = cJSON_CreateArray();
	buf_str(&x.text, prefix);
	name_top(&x, t);
	buf_ch(&x.text, '.');
	emit(list, told(&x, t, outcome, evidence), &x, evidence);
}

/* The first and last record with their times, and how many there are. */
static struct ground *told_when(const struct summary *s, cJSON *evidence)
{
	struct ground *g = ground_new();
	char first[32], last[32], untimed[32];
	snprintf(untimed, sizeof(untimed), "%llu", (unsigned long long)s->untimed);
	const struct ground_fact fact = {"records that carry no time", slice_of(untimed)};
	id_text(s->first, first);
	id_text(s->last, last);
	ground_add(g, &(struct ground_record){slice_of(first), s->from, &fact, 1, {"", 0}});
	ground_add(g, &(struct ground_record){slice_of(last), s->to, &fact, 1, {"", 0}});
	ground_add_total(g, NULL, SLICE(""), s->events - s->untimed);
	ground_set_span(g, s->from, s->to);
	cite(evidence, s->first);
	if (s->last != s->first)
		cite(evidence, s->last);
	return g;
}

static void when_sentence(cJSON *list, const struct summary *s)
{
	struct sentence x = {.text = BUF_INIT};
	char from[32], to[32], span[32];
	unsigned long long timed = (unsigned long long)(s->events - s->untimed);
	cJSON *evidence;
	if (s->from == MW_TIME_NONE)
		return;
	mw_time_format(s->from, from);
	mw_time_format(s->to, to);
	if (s->from == s->to) {
		buf_printf(&x.text, "%llu event%s at %s.", timed, timed == 1 ? "" : "s", from);
	} else {
		int64_t d = s->to - s->from;
		mw_span_format(d >= MW_SECOND ? d - d % MW_SECOND : d, span);
		buf_printf(&x.text, "%llu events from %s to %s (%s).", timed, from, to, span);
	}
	if (s->untimed)
		buf_printf(&x.text, " %llu carry no time.", (unsigned long long)s->untimed);
	evidence = cJSON_CreateArray();
	emit(list, told_when(s, evidence), &x, evidence);
}

cJSON *summary_json(const struct summary *s)
{
	cJSON *list = cJSON_CreateArray();
	if (!s->events)
		return list;
	when_sentence(list, s);
	tally_sentence(list, &s->t[T_WHAT], "What: ", NULL);
	tally_sentence(list, &s->t[T_ACTOR], "Who: ", NULL);
	tally_sentence(list, &s->t[T_FROM], "From: ", NULL);
	tally_sentence(list, &s->t[T_TARGET], "To: ", NULL);
	tally_sentence(list, &s->t[T_DENIED], "Denied: ", "denied");
	tally_sentence(list, &s->t[T_FAILED], "Failed: ", "failure");
	return list;
}
