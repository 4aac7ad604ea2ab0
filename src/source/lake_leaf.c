/* Single conditions over the rows of one segment. */
#include "source/lake_exec.h"

#include "store/gram.h"

#define GRAM_ROWS 12 /* filter rows that one needle ANDs */
#define GRAM_FIRST 4 /* of them that are asked of the disk at once */

enum { COST_DATASET, COST_COLUMN, COST_PLACE, COST_ROW, COST_TEXT, COST_RAW, COST_PAIR };

/* ---- making ---- */

static void add_needle(struct lx_leaf *l, size_t list, struct slice text)
{
	if (text.n >= 4)
		*vec_push(&l->needles[list]) = text;
}

/* The parts of a pattern between its * and ?, backslashes taken away. */
static void add_like_needles(struct lx_leaf *l, size_t list, struct slice p)
{
	struct buf part = BUF_INIT;

	for (size_t i = 0; i <= p.n; i++) {
		bool quoted = i + 1 < p.n && p.s[i] == '\\';
		if (i == p.n || (!quoted && (p.s[i] == '*' || p.s[i] == '?'))) {
			add_needle(l, list,
			           (struct slice){arena_memdup(&l->arena, part.s, part.len),
			                          part.len});
			buf_reset(&part);
			continue;
		}
		i += quoted;
		buf_ch(&part, p.s[i]);
	}
	buf_release(&part);
}

static void add_value_needles(struct lx_leaf *l, size_t list, struct slice v)
{
	switch (l->n->op) {
	case OP_IS:
	case OP_IS_CS:
	case OP_IN:
	case OP_CONTAINS:
	case OP_STARTS:
	case OP_ENDS:
	case OP_TEXT:
		add_needle(l, list, v);
		break;
	case OP_LIKE:
		add_like_needles(l, list, v);
		break;
	default:
		break;
	}
}

/* The keys of a raw path are in the record as well. */
static void add_path_needles(struct lx_leaf *l, size_t list, const char *path)
{
	struct buf key = BUF_INIT;

	for (const char *p = path;; p++) {
		if (*p == '\\' && p[1]) {
			buf_ch(&key, *++p);
			continue;
		}
		if (*p && *p != '.') {
			buf_ch(&key, *p);
			continue;
		}
		add_needle(l, list,
		           (struct slice){arena_memdup(&l->arena, key.s, key.len), key.len});
		buf_reset(&key);
		if (!*p)
			break;
	}
	buf_release(&key);
}

static void find_needles(struct lx_leaf *l)
{
	const struct plan_node *n = l->n;

	l->nneedles = n->nvalues ? n->nvalues : 1;
	l->needles = xcalloc(l->nneedles, sizeof(*l->needles));
	for (size_t i = 0; i < l->nneedles; i++) {
		if (n->nvalues)
			add_value_needles(l, i, n->values[i]);
		if (n->op != OP_TEXT)
			add_path_needles(l, i, n->field.raw);
		l->always_raw |= l->needles[i].n == 0;
	}
}

static bool is_equality(enum plan_op op)
{
	return op == OP_IS || op == OP_IS_CS || op == OP_IN;
}

static int cost_of(const struct plan_node *n)
{
	if (n->rhs.name)
		return COST_PAIR;
	if (n->op == OP_TEXT)
		return COST_TEXT;
	if (n->field.raw)
		return COST_RAW;
	if (n->field.pseudo == PF_DATASET)
		return COST_DATASET;
	if ((n->field.pseudo == PF_UID || n->field.pseudo == PF_FILE_LINE) && is_equality(n->op))
		return COST_PLACE;
	return n->field.pseudo && n->field.pseudo != PF_FILE ? COST_ROW : COST_COLUMN;
}

int lx_leaf_init(struct lx_leaf *l, const struct plan_node *n, struct err *e)
{
	*l = (struct lx_leaf){.n = n, .cost = cost_of(n)};
	if (n->from_step >= 0)
		return err_set(e, ERR_INVALID, "the values of step %d are not here yet",
		               n->from_step);
	if (n->rhs.name)
		l->pair = filter_new(n, e);
	else
		l->m = matcher_new(n, e);
	if (!l->pair && !l->m)
		return -1;
	if (l->cost == COST_TEXT || l->cost == COST_RAW)
		find_needles(l);
	return 0;
}

void lx_leaf_release(struct lx_leaf *l)
{
	for (size_t i = 0; i < l->nneedles; i++)
		vec_free(&l->needles[i]);
	free(l->needles);
	matcher_free(l->m);
	filter_free(l->pair);
	arena_release(&l->arena);
}

/* ---- columns ---- */

struct hits {        /* codes that match */
	uint8_t *is; /* by code; NULL: only `one` or none */
	uint32_t one, n;
};

static void hit(struct hits *h, struct lx_ctx *c, const struct seg_col *col, uint32_t code)
{
	if (h->n++ == 0) {
		h->one = code;
		return;
	}
	if (!h->is) {
		h->is = arena_zalloc(&c->arena, (size_t)col->h.nvalues + 2);
		h->is[h->one] = 1;
	}
	h->is[code] = 1;
}

/* Equality reads only where the value would stand. Codes of several values may repeat. */
static int probe(const struct lx_leaf *l, struct lx_ctx *c, struct seg_col *col, struct hits *h)
{
	uint32_t first, n;
	struct slice v;

	for (size_t i = 0; i < l->n->nvalues; i++) {
		if (seg_col_find(c->s, col, l->n->values[i], &first, &n, c->e))
			return -1;
		for (uint32_t code = first; code < first + n; code++) {
			if (seg_col_value(c->s, col, code, &v, c->e))
				return -1;
			if (matcher_value(l->m, v) &&
			    !(h->n && (h->is ? h->is[code] : h->one == code)))
				hit(h, c, col, code);
		}
	}
	return 0;
}

static int try_all(const struct lx_leaf *l, struct lx_ctx *c, struct seg_col *col, struct hits *h)
{
	if (seg_col_load(c->s, col, c->e))
		return -1;
	for (uint32_t code = 1; code <= col->h.nvalues; code++)
		if (matcher_value(l->m, seg_value_at(c->s, col, code)))
			hit(h, c, col, code);
	return 0;
}

static inline bool code_hits(const struct hits *h, uint32_t code)
{
	return h->is ? h->is[code] : code == h->one;
}

static void scan_many(const struct hits *h, struct lx_ctx *c, const struct seg_col *col,
                      const struct lx_rows *in, struct lx_rows *out)
{
	uint32_t rows = c->s->head.rows, from, to;

	for (uint32_t row = lx_next(in, 0); row < rows; row = lx_next(in, row + 1)) {
		seg_places(c->s, col, row, &from, &to);
		for (bool found = false; from < to && !found; from++) {
			found = code_hits(h, seg_code(c->s, col, from));
			if (found)
				lx_set(out, row);
		}
	}
}

/* A word of 64 rows at a time. */
#define SCAN(type, test)                                                                       \
	for (uint32_t w = 0; w * 64 < rows; w++) {                                             \
		uint32_t k = rows - w * 64 < 64 ? rows - w * 64 : 64;                          \
		uint64_t bits = 0;                                                             \
		if (!in->w[w])                                                                 \
			continue;                                                              \
		for (uint32_t i = 0; i < k; i++) {                                             \
			type code;                                                             \
			memcpy(&code, at + ((size_t)w * 64 + i) * sizeof(type), sizeof(type)); \
			bits |= (uint64_t)(test) << i;                                         \
		}                                                                              \
		out->w[w] = bits & in->w[w];                                                   \
	}

static void scan_one(const struct hits *h, const struct seg_col *col, const uint8_t *at,
                     uint32_t rows, const struct lx_rows *in, struct lx_rows *out)
{
	uint32_t one = h->one;
	const uint8_t *is = h->is;

	if (col->h.width == 1 && is) {
		SCAN(uint8_t, is[code])
	} else if (col->h.width == 1) {
		SCAN(uint8_t, code == one)
	} else if (col->h.width == 2 && is) {
		SCAN(uint16_t, is[code])
	} else if (col->h.width == 2) {
		SCAN(uint16_t, code == one)
	} else if (is) {
		SCAN(uint32_t, is[code])
	} else {
		SCAN(uint32_t, code == one)
	}
}

/* Few values of equality are looked up; all others are tried on each value of the column. */
static bool looks_up(const struct lx_leaf *l, const struct seg_col *col)
{
	return is_equality(l->n->op) && l->n->nvalues < (size_t)col->h.nvalues / 4 + 2;
}

static int column_rows(const struct lx_leaf *l, struct lx_ctx *c, struct seg_col *col,
                       const struct lx_rows *in, struct lx_rows *out)
{
	struct hits h = {0};

	if (looks_up(l, col) ? probe(l, c, col, &h) : try_all(l, c, col, &h))
		return -1;
	memset(out, 0, sizeof(*out));
	if (h.n == 0)
		return 0;
	if (col->h.width == 0 && !col->h.many) {
		*out = *in;
		return 0;
	}
	if (seg_col_load_codes(c->s, col, c->e))
		return -1;
	if (col->h.many)
		scan_many(&h, c, col, in, out);
	else
		scan_one(&h, col, c->s->base + col->codes, c->s->head.rows, in, out);
	return 0;
}

/* ---- row by row ---- */

struct value_test {
	const struct matcher *m;
	bool hit;
};

static bool test_value(void *ctx, struct slice v)
{
	struct value_test *t = ctx;

	t->hit = matcher_value(t->m, v);
	return !t->hit;
}

static int by_value(struct lx_leaf *l, struct lx_ctx *c, uint32_t row, bool *is)
{
	struct value_test t = {.m = l->m};
	int rc = lx_row_values(c, row, &l->n->field, test_value, &t);

	*is = t.hit;
	return rc;
}

static int by_text(struct lx_leaf *l, struct lx_ctx *c, uint32_t row, bool *is)
{
	struct slice raw;

	if (seg_raw_row(&c->raw, c->s, row, &raw, c->e))
		return -1;
	*is = matcher_text(l->m, raw);
	return 0;
}

struct row_view {
	struct lx_ctx *c;
	uint32_t row;
	int rc;
};

static void view_values_of(void *ctx, const struct plan_field *f, bool (*fn)(void *, struct slice),
                           void *fn_ctx)
{
	struct row_view *v = ctx;

	v->rc |= lx_row_values(v->c, v->row, f, fn, fn_ctx);
}

static int by_pair(struct lx_leaf *l, struct lx_ctx *c, uint32_t row, bool *is)
{
	struct row_view rv = {c, row, 0};
	struct eval_view v = {.ctx = &rv, .values = view_values_of, .time = MW_TIME_NONE};

	*is = filter_match(l->pair, &v);
	return rv.rc;
}

typedef int row_fn(struct lx_leaf *l, struct lx_ctx *c, uint32_t row, bool *is);

static int test_rows(struct lx_leaf *l, struct lx_ctx *c, row_fn *fn, const struct lx_rows *in,
                     uint32_t from, uint32_t to, struct lx_rows *out)
{
	bool is;

	for (uint32_t row = lx_next(in, from); row < to; row = lx_next(in, row + 1)) {
		if (fn(l, c, row, &is))
			return -1;
		if (is)
			lx_set(out, row);
		if (row % 4096 == 0 && lx_pause(c))
			return -1;
	}
	return 0;
}

/* ---- raw records ---- */

/* Asks for the next few of a needle's rows in the filter. */
static void rows_soon(const struct seg *s, const struct seg_section *filter, const uint32_t *rows,
                      size_t n, size_t width)
{
	for (size_t i = 0; i < n && i < GRAM_FIRST; i++)
		seg_soon(s, filter->off + (uint64_t)rows[i] * width, width);
}

/* ANDs one row into bits; *any is false when none is left. */
static int and_row(struct lx_ctx *c, uint64_t at, uint8_t *bits, size_t width, bool *any)
{
	const uint8_t *r = seg_bytes(c->s, at, width, c->e);
	uint8_t left = 0;

	if (!r)
		return -1;
	for (size_t k = 0; k < width; k++)
		left |= bits[k] &= r[k];
	*any = left != 0;
	return 0;
}

/* AND of the filter's rows for one needle into bits. Mostly the first few leave nothing. */
static int and_needle(struct lx_ctx *c, const struct seg_section *filter, struct slice text,
                      uint8_t *bits, size_t width)
{
	uint32_t rows[GRAM_ROWS];
	size_t n = gram_rows(text, (int)filter->arg, rows, GRAM_ROWS);
	bool any = true;

	for (size_t i = 0; i < n && any; i++) {
		if (i % GRAM_FIRST == 0)
			rows_soon(c->s, filter, rows + i, n - i, width);
		if (and_row(c, filter->off + (uint64_t)rows[i] * width, bits, width, &any))
			return -1;
	}
	return 0;
}

static void needles_soon(const struct lx_leaf *l, struct seg *s)
{
	const struct seg_section *filter = seg_section(s, SEG_FILTER),
	                         *frames = seg_section(s, SEG_FRAMES);
	uint32_t rows[GRAM_ROWS];

	if (!filter || !frames || filter->arg > GRAM_LOG_MAX)
		return;
	seg_soon(s, frames->off, frames->len);
	for (size_t i = 0; i < l->nneedles && !l->always_raw; i++)
		for (size_t k = 0; k < l->needles[i].n; k++)
			rows_soon(s, filter, rows,
			          gram_rows(l->needles[i].v[k], (int)filter->arg, rows, GRAM_ROWS),
			          (frames->len / sizeof(struct seg_frame) + 7) / 8);
}

/* Which frames may hold one of the values. */
static int maybe_frames(const struct lx_leaf *l, struct lx_ctx *c, size_t nframes, uint8_t *any)
{
	const struct seg_section *filter = seg_section(c->s, SEG_FILTER);
	size_t width = (nframes + 7) / 8;
	uint8_t *bits = arena_alloc(&c->arena, width + 1);

	memset(any, l->always_raw || !filter ? 0xFF : 0, width);
	if (l->always_raw || !filter)
		return 0;
	if (filter->arg > GRAM_LOG_MAX || filter->len < ((uint64_t)width << filter->arg))
		return err_set(c->e, ERR_IO, "%s: damaged text filter", c->s->where);
	for (size_t i = 0; i < l->nneedles; i++) {
		memset(bits, 0xFF, width);
		for (size_t k = 0; k < l->needles[i].n; k++)
			if (and_needle(c, filter, l->needles[i].v[k], bits, width))
				return -1;
		for (size_t k = 0; k < width; k++)
			any[k] |= bits[k];
	}
	return 0;
}

/* The whole of an unpacked frame at once, before its records one by one. */
static int frame_holds(const struct lx_leaf *l, struct lx_ctx *c, const struct seg_frame *f,
                       bool *holds)
{
	if (seg_raw_frame(&c->raw, c->s, f, c->e))
		return -1;
	*holds = memchr(c->raw.text.s, '\\', c->raw.text.len) != NULL;
	for (size_t i = 0; i < l->n->nvalues && !*holds; i++)
		*holds = mw_memimem(c->raw.text.s, c->raw.text.len, l->n->values[i].s,
		                    l->n->values[i].n) != NULL;
	return 0;
}

static int raw_rows(struct lx_leaf *l, struct lx_ctx *c, row_fn *fn, const struct lx_rows *in,
                    struct lx_rows *out)
{
	uint32_t n;
	const struct lx_path *path = l->cost == COST_RAW ? lx_path(c, l->n->field.raw) : NULL;
	const struct seg_frame *f = seg_frames(c->s, &n, c->e);
	uint8_t *may = f ? arena_alloc(&c->arena, n / 8 + 1) : NULL;

	if (!f || (l->cost == COST_RAW && !path) || maybe_frames(l, c, n, may))
		return -1;
	c->notes.frames += n;
	if (path && path->state == LX_PATH_NONE)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		if (!lx_any_in(in, f[i].first, f[i].rows))
			may[i / 8] &= (uint8_t) ~(1u << (i % 8));
		else if (may[i / 8] >> (i % 8) & 1)
			seg_soon(c->s, f[i].off, f[i].packed);
	}
	for (uint32_t i = 0; i < n; i++) {
		bool holds = may[i / 8] >> (i % 8) & 1;
		if (!holds)
			continue;
		c->notes.frames_read++;
		if (lx_pause(c) || (fn == by_text && frame_holds(l, c, &f[i], &holds)) ||
		    (holds && test_rows(l, c, fn, in, f[i].first, f[i].first + f[i].rows, out)))
			return -1;
	}
	return 0;
}

/* ---- uid and file_line ---- */

static bool line_of(struct slice place, int64_t *line)
{
	const char *colon = place.n ? memrchr(place.s, ':', place.n) : NULL;

	return colon &&
	       slice_i64((struct slice){colon + 1, place.n - (size_t)(colon + 1 - place.s)}, line);
}

/* "<basename>:<line>": rows of that line are few, and looked at one by one. */
static int place_rows(struct lx_leaf *l, struct lx_ctx *c, const struct lx_rows *in,
                      struct lx_rows *out)
{
	struct lx_rows *some = arena_zalloc(&c->arena, sizeof(*some));
	struct seg_ints lines;
	int64_t line;

	if (seg_ints(c->s, SEG_LINE, &lines, c->e))
		return -1;
	for (size_t i = 0; i < l->n->nvalues; i++) {
		if (!line_of(l->n->values[i], &line))
			continue;
		for (uint32_t row = 0; row < c->s->head.rows; row++)
			if (seg_int(&lines, row) == line && lx_has(in, row))
				lx_set(some, row);
	}
	return test_rows(l, c, by_value, some, 0, c->s->head.rows, out);
}

static int uid_rows(struct lx_leaf *l, struct lx_ctx *c, const struct lx_rows *in,
                    struct lx_rows *out)
{
	struct seg_col *col;

	memset(out, 0, sizeof(*out));
	if (l->n->field.pseudo == PF_UID) {
		if (seg_col_uid(c->s, &col, c->e) || (col && column_rows(l, c, col, in, out)))
			return -1;
		if (col && col->h.events == c->s->head.rows)
			return 0;
	}
	/* Many values at once: each row's own is made and looked up instead. */
	return l->n->nvalues > 16 ? test_rows(l, c, by_value, in, 0, c->s->head.rows, out)
	                          : place_rows(l, c, in, out);
}

/* ---- all kinds ---- */

static int field_rows(struct lx_leaf *l, struct lx_ctx *c, const struct lx_rows *in,
                      struct lx_rows *out)
{
	struct seg_col *col;

	if (l->n->field.pseudo ? seg_col_file(c->s, &col, c->e)
	                       : seg_col(c->s, l->n->field.f->id, &col, c->e))
		return -1;
	if (col)
		return column_rows(l, c, col, in, out);
	memset(out, 0, sizeof(*out));
	return 0;
}

static void column_soon(const struct lx_leaf *l, struct seg *s, const struct seg_col *col)
{
	if (!looks_up(l, col))
		seg_soon(s, col->counts, col->end - col->counts);
	for (size_t i = 0; i < l->n->nvalues && looks_up(l, col); i++)
		seg_col_find_soon(s, col, l->n->values[i]);
}

void lx_leaf_soon(const struct lx_leaf *l, struct seg *s)
{
	const struct plan_field *f = &l->n->field;
	struct seg_col *col = NULL;
	int rc = 0;

	if (l->cost == COST_TEXT || l->cost == COST_RAW)
		needles_soon(l, s);
	else if (l->cost == COST_COLUMN && f->f)
		rc = seg_col(s, f->f->id, &col, NULL);
	else if (l->cost == COST_PLACE && f->pseudo == PF_UID)
		rc = seg_col_uid(s, &col, NULL);
	if (rc == 0 && col)
		column_soon(l, s, col);
}

int lx_leaf_rows(struct lx_leaf *l, struct lx_ctx *c, const struct lx_rows *in, struct lx_rows *out)
{
	const struct plan_field *f = &l->n->field;
	uint32_t rows = c->s->head.rows;

	if (l->cost == COST_COLUMN && (f->f || f->pseudo))
		return field_rows(l, c, in, out);
	if (l->cost == COST_PLACE)
		return uid_rows(l, c, in, out);
	memset(out, 0, sizeof(*out));
	switch (l->cost) {
	case COST_DATASET:
		if (matcher_value(l->m, slice_of(c->ls->dataset)))
			*out = *in;
		return 0;
	case COST_TEXT:
		return raw_rows(l, c, by_text, in, out);
	case COST_RAW:
		return raw_rows(l, c, by_value, in, out);
	case COST_PAIR:
		return test_rows(l, c, by_pair, in, 0, rows, out);
	case COST_ROW:
		return test_rows(l, c, by_value, in, 0, rows, out);
	default:
		return 0;
	}
}
