#include "source/lake_exec.h"

#include "plan/number.h"

uint32_t lx_count(const struct lx_rows *r)
{
	uint32_t n = 0;

	for (size_t i = 0; i < LX_WORDS; i++)
		n += (uint32_t)__builtin_popcountll(r->w[i]);
	return n;
}

bool lx_none(const struct lx_rows *r)
{
	uint64_t any = 0;

	for (size_t i = 0; i < LX_WORDS; i++)
		any |= r->w[i];
	return any == 0;
}

uint32_t lx_next(const struct lx_rows *r, uint32_t from)
{
	size_t i = from / 64;
	uint64_t w;

	if (from >= SEG_ROWS_MAX)
		return SEG_ROWS_MAX;
	w = r->w[i] & ~UINT64_C(0) << (from % 64);
	while (!w && ++i < LX_WORDS)
		w = r->w[i];
	return w ? (uint32_t)(i * 64) + (uint32_t)__builtin_ctzll(w) : SEG_ROWS_MAX;
}

bool lx_any_in(const struct lx_rows *r, uint32_t from, uint32_t n)
{
	return n > 0 && lx_next(r, from) < from + n;
}

/* ---- a thread on a segment ---- */

int lx_enter(struct lx_ctx *c, struct lake_seg *ls)
{
	c->ls = ls;
	if (!c->reader)
		c->reader = ev_reader_new();
	if (lake_seg_open(ls, c->e))
		return -1;
	c->s = &ls->seg;
	return 0;
}

void lx_leave(struct lx_ctx *c)
{
	for (size_t i = 0; i < c->owned.n; i++) {
		column_release(c->owned.v[i]);
		free(c->owned.v[i]);
	}
	c->owned.n = 0;
	arena_reset(&c->arena);
	c->raw.frame = NULL;
	c->npaths = 0;
}

void lx_ctx_release(struct lx_ctx *c)
{
	lx_leave(c);
	vec_free(&c->owned);
	arena_release(&c->arena);
	seg_raw_release(&c->raw);
	ev_reader_free(c->reader);
}

int lx_pause(struct lx_ctx *c)
{
	if (c->run->cancelled && *c->run->cancelled)
		return err_set(c->e, ERR_CANCELLED, "the search was cancelled");
	if (c->run->deadline_us && mw_mono_us() > c->run->deadline_us)
		return err_set(c->e, ERR_DEADLINE,
		               "the search took longer than it may; narrow its time span or "
		               "add a condition on a field");
	return 0;
}

/* ---- raw paths ---- */

/* Escaped and indexed paths have several writings: no conclusions from the list. */
static bool simple_path(const char *path)
{
	return !strpbrk(path, "\\[]");
}

static int path_state(struct lx_ctx *c, struct lx_path *p)
{
	struct slice path = slice_of(p->path), value;
	struct seg_path_iter it;
	struct seg_path have;
	uint32_t events;
	bool exact = false, other = false;
	const char *dot = strrchr(p->path, '.');

	if (seg_paths(c->s, &it, c->e))
		return -1;
	while (seg_path_next(&it, &have)) {
		if (slice_eq(have.path, path))
			exact = true;
		else if (slice_ieq(have.path, path))
			other = true;
		for (uint32_t i = 0; i < have.nvalues && seg_path_value(&it, &value, &events); i++)
			;
	}
	p->key = slice_of(dot ? dot + 1 : p->path);
	if (!it.complete || !simple_path(p->path) || other || !p->key.n)
		p->state = LX_PATH_ANY;
	else
		p->state = exact ? LX_PATH_PLAIN : LX_PATH_NONE;
	return 0;
}

const struct lx_path *lx_path(struct lx_ctx *c, const char *path)
{
	struct lx_path *p;

	for (size_t i = 0; i < c->npaths && i < LX_PATHS_KEPT; i++)
		if (c->paths[i].path == path)
			return &c->paths[i];
	p = &c->paths[c->npaths++ % LX_PATHS_KEPT];
	*p = (struct lx_path){.path = path};
	return path_state(c, p) ? NULL : p;
}

static int raw_value(struct lx_ctx *c, uint32_t row, const char *path,
                     bool (*fn)(void *, struct slice), void *ctx)
{
	const struct lx_path *p = lx_path(c, path);
	struct slice raw;

	if (!p)
		return -1;
	if (p->state == LX_PATH_NONE)
		return 0;
	if (seg_raw_row(&c->raw, c->s, row, &raw, c->e))
		return -1;
	if (p->state == LX_PATH_PLAIN && !memmem(raw.s, raw.n, p->key.s, p->key.n) &&
	    !memchr(raw.s, '\\', raw.n))
		return 0;
	eval_raw_values(c->reader, raw, path, fn, ctx);
	return 0;
}

/* ---- values of a row ---- */

static int text_value(struct lx_ctx *c, struct slice v, bool (*fn)(void *, struct slice), void *ctx)
{
	(void)c;
	if (v.n)
		(void)fn(ctx, v);
	return 0;
}

static int time_value(struct lx_ctx *c, uint32_t row, bool (*fn)(void *, struct slice), void *ctx)
{
	struct seg_ints time;
	char text[32];

	if (seg_ints(c->s, SEG_TIME, &time, c->e))
		return -1;
	if (seg_int(&time, row) == MW_TIME_NONE)
		return 0;
	mw_time_format(seg_int(&time, row), text);
	return text_value(c, slice_of(text), fn, ctx);
}

static int pseudo_value(struct lx_ctx *c, uint32_t row, enum plan_pseudo which,
                        bool (*fn)(void *, struct slice), void *ctx)
{
	struct arena a = ARENA_INIT;
	struct slice v = {0};
	int rc;

	switch (which) {
	case PF_TIME:
		return time_value(c, row, fn, ctx);
	case PF_DATASET:
		return text_value(c, slice_of(c->ls->dataset), fn, ctx);
	case PF_UID:
		rc = lake_row_uid(c->ls, row, &a, &v, c->e);
		break;
	case PF_FILE:
		rc = lake_row_file(c->ls, row, &v, c->e);
		break;
	default:
		rc = lake_row_place(c->ls, row, &a, &v, c->e);
		break;
	}
	if (rc == 0)
		text_value(c, v, fn, ctx);
	arena_release(&a);
	return rc;
}

static int field_value(struct lx_ctx *c, uint32_t row, field_id f, bool (*fn)(void *, struct slice),
                       void *ctx)
{
	struct seg_col *col;
	uint32_t from, to, code;

	if (seg_col(c->s, f, &col, c->e))
		return -1;
	if (!col)
		return 0;
	if (seg_col_load(c->s, col, c->e))
		return -1;
	seg_places(c->s, col, row, &from, &to);
	for (; from < to; from++) {
		code = seg_code(c->s, col, from);
		if (code && !fn(ctx, seg_value_at(c->s, col, code)))
			break;
	}
	return 0;
}

int lx_row_values(struct lx_ctx *c, uint32_t row, const struct plan_field *f,
                  bool (*fn)(void *, struct slice), void *ctx)
{
	if (f->pseudo)
		return pseudo_value(c, row, f->pseudo, fn, ctx);
	if (f->f)
		return field_value(c, row, f->f->id, fn, ctx);
	return f->raw ? raw_value(c, row, f->raw, fn, ctx) : 0;
}

/* ---- columns ---- */

static uint32_t *unpack(struct lx_ctx *c, const struct seg_col *col)
{
	uint32_t n = col->h.ncodes, *codes = arena_alloc(&c->arena, (size_t)n * 4 + 4);
	const uint8_t *at = c->s->base + col->codes;

	switch (col->h.width) {
	case 1:
		for (uint32_t i = 0; i < n; i++)
			codes[i] = at[i];
		break;
	case 2:
		for (uint32_t i = 0; i < n; i++)
			codes[i] = (uint32_t)at[i * 2] | (uint32_t)at[i * 2 + 1] << 8;
		break;
	default:
		for (uint32_t i = 0; i < n; i++)
			codes[i] = seg_code(c->s, col, i);
	}
	return codes;
}

static int from_segment(struct lx_ctx *c, struct seg_col *col, struct lx_col *out)
{
	if (seg_col_load(c->s, col, c->e))
		return -1;
	*out = (struct lx_col){
	        .seg = c->s, .col = col, .nvalues = col->h.nvalues, .codes = unpack(c, col)};
	if (col->h.many) {
		uint32_t *off = arena_alloc(&c->arena, ((size_t)c->s->head.rows + 1) * 4);
		memcpy(off, c->s->base + col->rowoffs, ((size_t)c->s->head.rows + 1) * 4);
		out->rowoff = off;
	}
	return 0;
}

static struct column *own_column(struct lx_ctx *c)
{
	struct column *own = xmalloc(sizeof(*own));

	column_init(own);
	*vec_push(&c->owned) = own;
	return own;
}

struct interning {
	struct column *own;
	uint32_t *codes, n, cap;
};

static bool intern(void *ctx, struct slice v)
{
	struct interning *in = ctx;

	if (in->n == in->cap) {
		in->cap = in->cap ? in->cap * 2 : 1024;
		in->codes = xreallocarray(in->codes, in->cap, sizeof(*in->codes));
	}
	in->codes[in->n++] = column_number(in->own, v, UINT32_MAX - 1);
	return true;
}

static int make_own(struct lx_ctx *c, const struct plan_field *f, const struct lx_rows *rows,
                    struct lx_col *out)
{
	struct interning in = {.own = own_column(c)};
	uint32_t n = c->s->head.rows, *off = arena_alloc(&c->arena, ((size_t)n + 1) * 4), *codes;
	int rc = 0;

	for (uint32_t row = 0; row < n && rc == 0; row++) {
		off[row] = in.n;
		if (lx_has(rows, row))
			rc = lx_row_values(c, row, f, intern, &in);
		if (row % 4096 == 0 && rc == 0)
			rc = lx_pause(c);
	}
	off[n] = in.n;
	codes = arena_alloc(&c->arena, (size_t)in.n * 4 + 4);
	if (in.n)
		memcpy(codes, in.codes, (size_t)in.n * 4);
	free(in.codes);
	*out = (struct lx_col){.own = in.own,
	                       .codes = codes,
	                       .rowoff = off,
	                       .nvalues = (uint32_t)in.own->values.n};
	return rc;
}

static void no_values(struct lx_ctx *c, struct lx_col *out)
{
	uint32_t *codes = arena_zalloc(&c->arena, (size_t)c->s->head.rows * 4 + 4);

	*out = (struct lx_col){.codes = codes};
}

int lx_col_make(struct lx_ctx *c, const struct plan_field *f, const struct lx_rows *rows,
                struct lx_col *out)
{
	const struct lx_path *path = NULL;
	struct seg_col *col = NULL;

	if (f->pseudo == PF_FILE && seg_col_file(c->s, &col, c->e))
		return -1;
	if (f->f && seg_col(c->s, f->f->id, &col, c->e))
		return -1;
	if (col)
		return from_segment(c, col, out);
	if (f->raw && !(path = lx_path(c, f->raw)))
		return -1;
	if (f->f || f->pseudo == PF_FILE || (path && path->state == LX_PATH_NONE)) {
		no_values(c, out);
		return 0;
	}
	return make_own(c, f, rows, out);
}

int lx_col_buckets(struct lx_ctx *c, int64_t span, const struct lx_rows *rows, struct lx_col *out)
{
	struct column *own = own_column(c);
	uint32_t n = c->s->head.rows, *codes = arena_zalloc(&c->arena, (size_t)n * 4 + 4), last = 0;
	struct seg_ints time;
	mw_time bucket = MW_TIME_NONE;

	if (seg_ints(c->s, SEG_TIME, &time, c->e))
		return -1;
	for (uint32_t row = lx_next(rows, 0); row < n; row = lx_next(rows, row + 1)) {
		mw_time t = seg_int(&time, row);
		char text[32];
		if (t == MW_TIME_NONE)
			continue;
		if (bucket == MW_TIME_NONE || t < bucket || t - bucket >= span) {
			bucket = span_bucket(t, span);
			mw_time_format(bucket, text);
			last = column_number(own, slice_of(text), UINT32_MAX - 1);
		}
		codes[row] = last;
	}
	*out = (struct lx_col){.own = own, .codes = codes, .nvalues = (uint32_t)own->values.n};
	return 0;
}

struct slice lx_value(const struct lx_col *col, uint32_t code)
{
	if (col->col)
		return seg_value_at(col->seg, col->col, code);
	const struct column_value *v = &col->own->values.v[code - 1];
	return (struct slice){col->own->text.s + v->off, v->len};
}
