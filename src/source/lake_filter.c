/* Baseline and sequence: which of the matching rows stay because of other events. */
#include "source/lake_exec.h"

#include <pthread.h>

#include "plan/sequence.h"

/* ---- baseline ---- */

struct lx_baseline {
	const struct plan_baseline *b;
	pthread_mutex_t lock;
	struct map counts; /* folded tuple -> events */
};

struct lx_baseline *lx_baseline_new(const struct plan_baseline *b)
{
	struct lx_baseline *x = xcalloc(1, sizeof(*x));

	x->b = b;
	pthread_mutex_init(&x->lock, NULL);
	return x;
}

void lx_baseline_free(struct lx_baseline *b)
{
	if (!b)
		return;
	map_release(&b->counts);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

static int key_columns(const struct plan_baseline *b, struct lx_ctx *c, const struct lx_rows *rows,
                       struct lx_tuples *t)
{
	for (t->ncols = 0; t->ncols < b->nkey; t->ncols++)
		if (lx_col_make(c, &b->key[t->ncols], rows, &t->cols[t->ncols]))
			return -1;
	return 0;
}

struct tally { /* events of each tuple of a segment */
	VEC(uint64_t) n;
};

static void tally(void *ctx, uint32_t tuple, uint32_t row)
{
	struct tally *t = ctx;

	(void)row;
	while (t->n.n <= tuple)
		*vec_push(&t->n) = 0;
	t->n.v[tuple]++;
}

static struct slice folded_key(const struct lx_tuples *t, uint32_t tuple, struct buf *key)
{
	struct slice values[LX_COLS_MAX];

	lx_tuple_values(t, tuple, values);
	buf_reset(key);
	tuple_key_folded(key, values, t->ncols);
	return (struct slice){key->s, key->len};
}

int lx_baseline_learn(struct lx_baseline *b, struct lx_ctx *c, const struct lx_rows *rows)
{
	struct lx_tuples t = {0};
	struct tally sum = {0};
	struct buf key = BUF_INIT;
	uint32_t n = c->s->head.rows;
	int rc = key_columns(b->b, c, rows, &t);

	for (uint32_t row = lx_next(rows, 0); rc == 0 && row < n; row = lx_next(rows, row + 1))
		lx_tuples_each(&t, row, tally, &sum);
	pthread_mutex_lock(&b->lock);
	for (uint32_t i = 0; i < sum.n.n; i++) {
		struct slice k = folded_key(&t, i, &key);
		map_put(&b->counts, k.s, k.n, NULL)->val.u += sum.n.v[i];
	}
	pthread_mutex_unlock(&b->lock);
	lx_tuples_release(&t);
	vec_free(&sum.n);
	buf_release(&key);
	return rc;
}

struct keeping {
	const struct lx_baseline *b;
	const struct lx_tuples *t;
	VEC(uint8_t) fresh; /* by tuple: 0 not yet asked, 1 yes, 2 no */
	struct buf key;
	struct lx_rows *out;
};

static void keep_fresh(void *ctx, uint32_t tuple, uint32_t row)
{
	struct keeping *k = ctx;

	while (k->fresh.n <= tuple)
		*vec_push(&k->fresh) = 0;
	if (!k->fresh.v[tuple]) {
		struct slice key = folded_key(k->t, tuple, &k->key);
		const struct map_entry *m = map_get(&k->b->counts, key.s, key.n);
		k->fresh.v[tuple] = !m || m->val.u <= (uint64_t)k->b->b->max_count ? 1 : 2;
	}
	if (k->fresh.v[tuple] == 1)
		lx_set(k->out, row);
}

int lx_baseline_keep(struct lx_baseline *b, struct lx_ctx *c, struct lx_rows *rows)
{
	struct lx_rows *out = arena_zalloc(&c->arena, sizeof(*out));
	struct lx_tuples t = {0};
	struct keeping k = {.b = b, .t = &t, .out = out};
	uint32_t n = c->s->head.rows;
	int rc = key_columns(b->b, c, rows, &t);

	buf_init(&k.key, 0);
	for (uint32_t row = lx_next(rows, 0); rc == 0 && row < n; row = lx_next(rows, row + 1))
		lx_tuples_each(&t, row, keep_fresh, &k);
	*rows = *out;
	lx_tuples_release(&t);
	vec_free(&k.fresh);
	buf_release(&k.key);
	return rc;
}

/* ---- sequence ---- */

#define HITS_MAX 20000000u /* of all stages together; more is an error with what to do */

struct hit {
	event_id id;
	mw_time time;
	uint32_t segment, row, stage;
	struct slice value;
};
struct lx_sequence {
	const struct plan_sequence *q;
	pthread_mutex_t lock;
	VEC(struct hit) hits;
	struct arena arena;
};

struct lx_sequence *lx_sequence_new(const struct plan_sequence *q)
{
	struct lx_sequence *s = xcalloc(1, sizeof(*s));

	s->q = q;
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void lx_sequence_free(struct lx_sequence *s)
{
	if (!s)
		return;
	vec_free(&s->hits);
	arena_release(&s->arena);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

struct adding {
	struct lx_sequence *s;
	const struct lx_tuples *t;
	const struct lake_seg *ls;
	struct seg_ints time;
	struct hit like; /* segment and stage */
};

static void add_hit(void *ctx, uint32_t tuple, uint32_t row)
{
	struct adding *a = ctx;
	mw_time t = seg_int(&a->time, row);
	struct slice v = {"", 0};

	if (t == MW_TIME_NONE)
		return;
	if (a->t->ncols)
		lx_tuple_values(a->t, tuple, &v);
	struct hit *h = vec_push(&a->s->hits);
	*h = a->like;
	h->id = lake_row_id(a->ls, row);
	h->time = t;
	h->row = row;
	/* A value of the segment's own column stays mapped; one made for this search does not. */
	h->value = a->t->ncols && a->t->cols[0].own
	                   ? (struct slice){arena_memdup(&a->s->arena, v.s, v.n), v.n}
	                   : v;
}

int lx_sequence_add(struct lx_sequence *s, struct lx_ctx *c, size_t segment, size_t stage,
                    const struct lx_rows *rows)
{
	const struct plan_sequence *q = s->q;
	const struct plan_field *by =
	        q->stage_by && q->stage_by[stage].name ? &q->stage_by[stage] : &q->by;
	struct lx_tuples t = {.ncols = q->by.name ? 1 : 0};
	struct adding a = {.s = s,
	                   .t = &t,
	                   .ls = c->ls,
	                   .like = {.segment = (uint32_t)segment, .stage = (uint32_t)stage}};
	uint32_t n = c->s->head.rows;
	int rc = seg_ints(c->s, SEG_TIME, &a.time, c->e);

	if (rc == 0 && t.ncols)
		rc = lx_col_make(c, by, rows, &t.cols[0]);
	pthread_mutex_lock(&s->lock);
	for (uint32_t row = lx_next(rows, 0); rc == 0 && row < n; row = lx_next(rows, row + 1))
		lx_tuples_each(&t, row, add_hit, &a);
	if (s->hits.n > HITS_MAX)
		rc = err_set(c->e, ERR_LIMIT,
		             "the stages of the sequence match more than %u events; narrow the "
		             "time span or "
		             "the stages' conditions",
		             HITS_MAX);
	pthread_mutex_unlock(&s->lock);
	lx_tuples_release(&t);
	return rc;
}

static int by_id(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return (x->stage > y->stage) - (x->stage < y->stage);
}

static void keep_row(struct lx_rows **keep, const struct hit *h)
{
	if (!keep[h->segment])
		keep[h->segment] = xcalloc(1, sizeof(struct lx_rows));
	lx_set(keep[h->segment], h->row);
}

void lx_sequence_finish(struct lx_sequence *s, struct lx_rows **keep)
{
	struct sequence_join *j = sequence_new(s->q);
	const struct hit *h;
	size_t n = 0;
	bool *kept;

	if (s->hits.n)
		qsort(s->hits.v, s->hits.n, sizeof(*s->hits.v), by_id);
	for (size_t i = 0; i < s->hits.n; i++) {
		h = &s->hits.v[i];
		n += i == 0 || h[-1].id != h->id;
		sequence_add(j, h->stage, n - 1, h->time, h->value);
	}
	kept = xcalloc(n + 1, sizeof(*kept));
	sequence_finish(j, kept, n);
	n = 0;
	for (size_t i = 0; i < s->hits.n; i++) {
		h = &s->hits.v[i];
		n += i == 0 || h[-1].id != h->id;
		if (kept[n - 1])
			keep_row(keep, h);
	}
	free(kept);
	sequence_free(j);
}
