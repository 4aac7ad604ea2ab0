#include "base/map.h"
#include "plan/number.h"
#include "plan/sequence.h"

struct hit {
	uint64_t key; /* dense number of the folded value */
	mw_time t;
	size_t event;
};
struct stage {
	VEC(struct hit) hits; /* by key, time, event once finished */
	bool *before, *after; /* a hit has a chain up to it, from it */
};
struct sequence_join {
	const struct plan_sequence *q;
	struct map keys;
	struct stage *stages;
};

struct sequence_join *sequence_new(const struct plan_sequence *q)
{
	struct sequence_join *j = xcalloc(1, sizeof(*j));

	j->q = q;
	j->stages = xcalloc(q->nstages, sizeof(*j->stages));
	return j;
}

void sequence_free(struct sequence_join *j)
{
	if (!j)
		return;
	for (size_t i = 0; i < j->q->nstages; i++) {
		vec_free(&j->stages[i].hits);
		free(j->stages[i].before);
		free(j->stages[i].after);
	}
	free(j->stages);
	map_release(&j->keys);
	free(j);
}

static uint64_t key_of(struct sequence_join *j, struct slice value)
{
	struct map_entry *m;
	char *folded;
	bool added;

	if (!j->q->by.name)
		return 0;
	folded = xmalloc(value.n + 1);
	slice_fold(folded, value);
	m = map_put(&j->keys, folded, value.n, &added);
	free(folded);
	if (added)
		m->val.u = j->keys.n;
	return m->val.u;
}

void sequence_add(struct sequence_join *j, size_t stage, size_t event, mw_time t,
                  struct slice value)
{
	*vec_push(&j->stages[stage].hits) = (struct hit){key_of(j, value), t, event};
}

static int by_key_and_time(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->t != y->t)
		return x->t < y->t ? -1 : 1;
	return x->event < y->event ? -1 : x->event > y->event;
}

/* Sorts, and drops the same event under the same key: an event may carry one value twice, or in two
 * cases. */
static void put_in_order(struct stage *s)
{
	size_t n = 0;

	if (s->hits.n)
		qsort(s->hits.v, s->hits.n, sizeof(struct hit), by_key_and_time);
	for (size_t i = 0; i < s->hits.n; i++)
		if (n == 0 || by_key_and_time(&s->hits.v[n - 1], &s->hits.v[i]))
			s->hits.v[n++] = s->hits.v[i];
	s->hits.n = n;
	s->before = xcalloc(n + 1, sizeof(bool));
	s->after = xcalloc(n + 1, sizeof(bool));
}

/* p stands before h, or at the same time, when time runs forwards (or backwards). */
static bool not_later(const struct hit *p, const struct hit *h, bool backwards)
{
	if (p->key != h->key)
		return backwards ? p->key > h->key : p->key < h->key;
	return backwards ? p->t >= h->t : p->t <= h->t;
}

static bool reaches(const struct hit *p, const struct hit *h, int64_t within)
{
	int64_t apart;

	if (!p || p->key != h->key || p->event == h->event)
		return false;
	apart = p->t < h->t ? h->t - p->t : p->t - h->t;
	return !within || apart <= within;
}

/*
 * out[k] for each hit of `to` that some hit of `from` with ok set reaches. Both are walked side by
 * side; the two nearest hits passed suffice, since only one of them can be the event itself.
 */
static void reach(const struct stage *from, const bool *ok, const struct stage *to, bool *out,
                  int64_t within, bool backwards)
{
	const struct hit *nearest = NULL, *second = NULL;
	size_t j = 0;

	for (size_t i = 0; i < to->hits.n; i++) {
		size_t k = backwards ? to->hits.n - 1 - i : i;
		const struct hit *h = &to->hits.v[k];
		for (; j < from->hits.n; j++) {
			size_t at = backwards ? from->hits.n - 1 - j : j;
			if (!not_later(&from->hits.v[at], h, backwards))
				break;
			if (!ok[at])
				continue;
			second = nearest;
			nearest = &from->hits.v[at];
		}
		out[k] = reaches(nearest, h, within) ||
		         (nearest && nearest->event == h->event && reaches(second, h, within));
	}
}

/* Events of the last positive stage that the negated one follows end no chain, under any of their
 * values. */
static void drop_followed(struct sequence_join *j, size_t last, size_t events)
{
	struct stage *s = &j->stages[last], *negated = &j->stages[last + 1];
	bool *all = xcalloc(negated->hits.n + 1, sizeof(bool)),
	     *dropped = xcalloc(events + 1, sizeof(bool));
	bool *followed = xcalloc(s->hits.n + 1, sizeof(bool));

	memset(all, true, negated->hits.n);
	reach(negated, all, s, followed, j->q->within, true);
	for (size_t i = 0; i < s->hits.n; i++)
		if (followed[i])
			dropped[s->hits.v[i].event] = true;
	for (size_t i = 0; i < s->hits.n; i++)
		if (dropped[s->hits.v[i].event])
			s->after[i] = false;
	free(all);
	free(dropped);
	free(followed);
}

void sequence_finish(struct sequence_join *j, bool *keep, size_t events)
{
	size_t last = j->q->nstages - 1 - j->q->negate_last;

	for (size_t i = 0; i < j->q->nstages; i++)
		put_in_order(&j->stages[i]);
	memset(j->stages[0].before, true, j->stages[0].hits.n);
	for (size_t i = 1; i <= last; i++)
		reach(&j->stages[i - 1], j->stages[i - 1].before, &j->stages[i],
		      j->stages[i].before, j->q->within, false);
	memset(j->stages[last].after, true, j->stages[last].hits.n);
	if (j->q->negate_last)
		drop_followed(j, last, events);
	for (size_t i = last; i-- > 0;)
		reach(&j->stages[i + 1], j->stages[i + 1].after, &j->stages[i], j->stages[i].after,
		      j->q->within, true);
	memset(keep, 0, events * sizeof(*keep));
	for (size_t i = j->q->only_last ? last : 0; i <= last; i++)
		for (size_t k = 0; k < j->stages[i].hits.n; k++)
			if (j->stages[i].before[k] && j->stages[i].after[k])
				keep[j->stages[i].hits.v[k].event] = true;
}
