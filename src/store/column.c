#include "store/column.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "store/segout.h"

void column_init(struct column *c)
{
	*c = (struct column){.nslots = 64};
	buf_init(&c->text, 0);
	c->slots = xcalloc(c->nslots, sizeof(*c->slots));
}

void column_release(struct column *c)
{
	vec_free(&c->values);
	vec_free(&c->codes);
	vec_free(&c->more);
	free(c->slots);
	buf_release(&c->text);
	*c = (struct column){0};
}

static void grow(struct column *c)
{
	free(c->slots);
	c->nslots *= 4;
	c->slots = xcalloc(c->nslots, sizeof(*c->slots));
	for (size_t i = 0; i < c->values.n; i++) {
		size_t at = c->values.v[i].hash & (c->nslots - 1);
		while (c->slots[at])
			at = (at + 1) & (c->nslots - 1);
		c->slots[at] = (uint32_t)i + 1;
	}
}

static bool same_text(const struct column *c, uint32_t number, struct slice v)
{
	const struct column_value *have = &c->values.v[number - 1];

	return have->len == v.n && memcmp(c->text.s + have->off, v.s, v.n) == 0;
}

uint32_t column_number(struct column *c, struct slice v, uint32_t max)
{
	uint64_t hash;
	size_t at;

	if (c->last && same_text(c, c->last, v))
		return c->last;
	hash = XXH3_64bits(v.s, v.n);
	at = hash & (c->nslots - 1);
	for (; c->slots[at]; at = (at + 1) & (c->nslots - 1))
		if (c->values.v[c->slots[at] - 1].hash == hash && same_text(c, c->slots[at], v))
			return c->last = c->slots[at];
	if (c->values.n >= max)
		return UINT32_MAX;
	*vec_push(&c->values) =
	        (struct column_value){hash, (uint32_t)c->text.len, (uint32_t)v.n, 0};
	buf_add(&c->text, v.s, v.n);
	c->slots[at] = (uint32_t)c->values.n;
	if (c->values.n * 2 > c->nslots)
		grow(c);
	return c->last = (uint32_t)c->values.n;
}

/* Rows up to and with this one get a place. */
static void reach(struct column *c, uint32_t rows)
{
	while (c->codes.n < rows)
		*vec_push(&c->codes) = 0;
}

static bool has_already(const struct column *c, uint32_t row, uint32_t code)
{
	if (c->codes.v[row] == code)
		return true;
	for (size_t i = c->more.n; i >= 2 && c->more.v[i - 2] == row; i -= 2)
		if (c->more.v[i - 1] == code)
			return true;
	return false;
}

void column_add(struct column *c, uint32_t row, struct slice v)
{
	uint32_t code = column_number(c, v, UINT32_MAX - 1);

	reach(c, row + 1);
	if (!has_already(c, row, code))
		c->values.v[code - 1].events++;
	if (!c->codes.v[row]) {
		c->events++;
		c->codes.v[row] = code;
		return;
	}
	*vec_push(&c->more) = row;
	*vec_push(&c->more) = code;
}

size_t column_bytes(const struct column *c)
{
	return c->text.cap + c->values.cap * sizeof(*c->values.v) + c->nslots * 4 +
	       c->codes.cap * 4 + c->more.cap * 4;
}

/* ---- writing ---- */

struct order { /* a value's place in the sorted column */
	uint32_t hash, number;
};

static void radix_pass(const struct order *from, struct order *to, size_t n, int shift)
{
	uint32_t at[257] = {0};

	for (size_t i = 0; i < n; i++)
		at[(from[i].hash >> shift & 0xFF) + 1]++;
	for (size_t i = 1; i < 257; i++)
		at[i] += at[i - 1];
	for (size_t i = 0; i < n; i++)
		to[at[from[i].hash >> shift & 0xFF]++] = from[i];
}

static struct order *sorted(const struct column *c)
{
	size_t n = c->values.n;
	struct order *a = xcalloc(n + 1, sizeof(*a)), *b = xcalloc(n + 1, sizeof(*b));

	for (size_t i = 0; i < n; i++) {
		const struct column_value *v = &c->values.v[i];
		a[i] = (struct order){
		        (uint32_t)(seg_hash((struct slice){c->text.s + v->off, v->len}) >> 32),
		        (uint32_t)i};
	}
	for (int shift = 0; shift < 32; shift += 16) {
		radix_pass(a, b, n, shift);
		radix_pass(b, a, n, shift + 8);
	}
	free(b);
	return a;
}

static void write_values(const struct column *c, const struct order *o, struct seg_out *out)
{
	size_t n = c->values.n;
	uint32_t *part = xcalloc(n + 1, sizeof(*part)), at = 0;

	for (size_t i = 0; i < n; i++)
		part[i] = c->values.v[o[i].number].events;
	segout_bytes(out, part, n * 4);
	for (size_t i = 0; i < n; i++)
		part[i] = o[i].hash;
	segout_bytes(out, part, n * 4);
	for (size_t i = 0; i < n; i++) {
		part[i] = at;
		at += c->values.v[o[i].number].len;
	}
	part[n] = at;
	segout_bytes(out, part, (n + 1) * 4);
	free(part);
}

static void write_text(const struct column *c, const struct order *o, struct seg_out *out)
{
	char *text = xmalloc(c->text.len + 1), *to = text;

	for (size_t i = 0; i < c->values.n; i++) {
		const struct column_value *v = &c->values.v[o[i].number];
		memcpy(to, c->text.s + v->off, v->len);
		to += v->len;
	}
	segout_bytes(out, text, c->text.len);
	free(text);
}

/* Puts further values behind their row's first: codes in row order, with the rows' offsets. */
static void spread(struct column *c, uint32_t rows, struct seg_out *out)
{
	uint32_t *codes = xcalloc(c->codes.n + c->more.n / 2 + 1, sizeof(*codes)), n = 0;

	for (uint32_t row = 0, m = 0; row < rows; row++) {
		segout_bytes(out, &n, 4);
		if (c->codes.v[row])
			codes[n++] = c->codes.v[row];
		for (; m < c->more.n && c->more.v[m] == row; m += 2)
			codes[n++] = c->more.v[m + 1];
	}
	segout_bytes(out, &n, 4);
	free(c->codes.v);
	c->codes.v = codes;
	c->codes.n = c->codes.cap = n;
}

static void write_codes(const struct column *c, uint32_t width, const uint32_t *renumber,
                        struct seg_out *out)
{
	uint8_t *p = xmalloc(c->codes.n * width + 1);

	for (size_t i = 0; i < c->codes.n; i++) {
		uint32_t code = c->codes.v[i] ? renumber[c->codes.v[i] - 1] : 0;
		memcpy(p + i * width, &code, width); /* little endian */
	}
	segout_bytes(out, p, c->codes.n * width);
	free(p);
}

static uint32_t code_width(const struct column *c, uint32_t rows)
{
	size_t n = c->values.n;

	if (n == 1 && !c->more.n && c->events == rows)
		return 0;
	return n <= UINT8_MAX ? 1 : n <= UINT16_MAX ? 2 : 4;
}

void column_write(struct column *c, uint32_t rows, struct seg_out *out)
{
	struct order *o = sorted(c);
	uint32_t *renumber = xcalloc(c->values.n + 1, sizeof(*renumber));
	struct seg_col_head h = {.nvalues = (uint32_t)c->values.n,
	                         .many = c->more.n > 0,
	                         .text = c->text.len,
	                         .events = c->events};

	reach(c, rows);
	h.width = code_width(c, rows);
	h.ncodes = rows;
	if (h.many) {
		h.ncodes = (uint32_t)c->more.n / 2;
		for (uint32_t i = 0; i < rows; i++)
			h.ncodes += c->codes.v[i] != 0;
	}
	for (uint32_t i = 0; i < h.nvalues; i++)
		renumber[o[i].number] = i + 1;
	segout_col(out, &h);
	write_values(c, o, out);
	write_text(c, o, out);
	if (h.many)
		spread(c, rows, out);
	write_codes(c, h.width, renumber, out);
	free(renumber);
	free(o);
}
