/*
 * Different values of one normalised field with their events, over all segments. Each segment counts by code; what it has is
 * in order of hash already, so that one radix sort brings equal values of different segments together, without a table of
 * texts. This is what counting a million different ids costs a few hundredths of a second with.
 */
#include "source/lake_exec.h"

#include <pthread.h>

struct entry {
	uint32_t hash, code, count;
	uint32_t column; /* in columns */
};
struct lx_values {
	pthread_mutex_t lock;
	VEC(struct entry) entries;
	VEC(struct lx_col) columns;
	uint64_t rows; /* all that were added, with a value or without */
};

struct lx_values *lx_values_new(void)
{
	struct lx_values *v = xcalloc(1, sizeof(*v));

	pthread_mutex_init(&v->lock, NULL);
	return v;
}

void lx_values_free(struct lx_values *v)
{
	if (!v)
		return;
	vec_free(&v->entries);
	vec_free(&v->columns);
	pthread_mutex_destroy(&v->lock);
	free(v);
}

static bool repeated(const struct seg *s, const struct seg_col *c, uint32_t from, uint32_t at)
{
	uint32_t code = seg_code(s, c, at);

	while (from < at)
		if (seg_code(s, c, from++) == code)
			return true;
	return false;
}

static void count_many(const struct seg *s, const struct seg_col *c, const struct lx_rows *rows,
                       uint32_t *n)
{
	uint32_t from, to;

	for (uint32_t row = lx_next(rows, 0); row < s->head.rows; row = lx_next(rows, row + 1)) {
		seg_places(s, c, row, &from, &to);
		for (uint32_t i = from; i < to; i++)
			if (!repeated(s, c, from, i))
				n[seg_code(s, c, i)]++;
	}
}

static void count_one(const struct seg *s, const struct seg_col *c, const struct lx_rows *rows,
                      uint32_t *n)
{
	for (uint32_t w = 0; w * 64 < s->head.rows; w++)
		for (uint64_t bits = rows->w[w]; bits; bits &= bits - 1)
			n[seg_code(s, c, w * 64 + (uint32_t)__builtin_ctzll(bits))]++;
}

static void keep_counts(struct lx_values *v, struct lx_ctx *c, const struct seg_col *col,
                        const uint32_t *n)
{
	struct lx_col *keep = vec_push(&v->columns);
	uint32_t column = (uint32_t)v->columns.n - 1;

	*keep = (struct lx_col){.seg = c->s, .col = col};
	for (uint32_t code = 1; code <= col->h.nvalues; code++) {
		uint32_t hash;
		if (!n[code])
			continue;
		memcpy(&hash, c->s->base + col->hashes + (size_t)(code - 1) * 4, 4);
		*vec_push(&v->entries) = (struct entry){hash, code, n[code], column};
	}
}

int lx_values_add(struct lx_values *v, struct lx_ctx *c, field_id f, const struct lx_rows *rows)
{
	struct seg_col *col;
	uint32_t *n = NULL;

	if (seg_col(c->s, f, &col, c->e) || (col && seg_col_load(c->s, col, c->e)))
		return -1;
	if (col) {
		n = arena_zalloc(&c->arena, ((size_t)col->h.nvalues + 1) * sizeof(*n));
		if (col->h.many)
			count_many(c->s, col, rows, n);
		else
			count_one(c->s, col, rows, n);
	}
	pthread_mutex_lock(&v->lock);
	v->rows += lx_count(rows);
	if (col)
		keep_counts(v, c, col, n);
	pthread_mutex_unlock(&v->lock);
	return 0;
}

uint64_t lx_values_rows(const struct lx_values *v)
{
	return v->rows;
}

static void radix_pass(const struct entry *from, struct entry *to, size_t n, int shift)
{
	size_t at[2049] = {0};

	for (size_t i = 0; i < n; i++)
		at[(from[i].hash >> shift & 2047) + 1]++;
	for (size_t i = 1; i < 2049; i++)
		at[i] += at[i - 1];
	for (size_t i = 0; i < n; i++)
		to[at[from[i].hash >> shift & 2047]++] = from[i];
}

static void sort_entries(struct lx_values *v)
{
	size_t n = v->entries.n;
	struct entry *other = xcalloc(n + 1, sizeof(*other));

	radix_pass(v->entries.v, other, n, 0);
	radix_pass(other, v->entries.v, n, 11);
	radix_pass(v->entries.v, other, n, 22);
	free(v->entries.v);
	v->entries.v = other;
	v->entries.cap = n + 1;
}

static struct slice text_of(const struct lx_values *v, const struct entry *e)
{
	return lx_value(&v->columns.v[e->column], e->code);
}

/* Entries [from, to) have one hash: mostly one value, in several segments. Counts of equal ones are moved to the first. */
static void give_run(struct lx_values *v, size_t from, size_t to,
                     void (*fn)(void *, struct slice, uint64_t), void *ctx)
{
	for (size_t i = from; i < to; i++) {
		struct slice text;
		uint64_t count = v->entries.v[i].count;
		if (!count)
			continue;
		text = text_of(v, &v->entries.v[i]);
		for (size_t k = i + 1; k < to; k++) {
			if (!v->entries.v[k].count || !slice_eq(text_of(v, &v->entries.v[k]), text))
				continue;
			count += v->entries.v[k].count;
			v->entries.v[k].count = 0;
		}
		fn(ctx, text, count);
	}
}

void lx_values_each(struct lx_values *v, void (*fn)(void *, struct slice, uint64_t), void *ctx)
{
	size_t from = 0;

	sort_entries(v);
	for (size_t i = 1; i <= v->entries.n; i++) {
		if (i < v->entries.n && v->entries.v[i].hash == v->entries.v[from].hash)
			continue;
		give_run(v, from, i, fn, ctx);
		from = i;
	}
}
