#include "store/segout.h"

#include <unistd.h>
#include <xxhash.h>

#define OUT_BUF (1024u * 1024) /* a multiple of SEG_BLOCK */

void segout_init(struct seg_out *o, int fd)
{
	*o = (struct seg_out){.fd = fd};
	buf_init(&o->buf, 0);
}

void segout_release(struct seg_out *o)
{
	buf_release(&o->buf);
	vec_free(&o->sums);
	vec_free(&o->dir);
}

static void write_out(struct seg_out *o, const char *p, size_t n)
{
	while (n > 0 && !o->err.code) {
		ssize_t k = pwrite(o->fd, p, n, (off_t)o->written);
		if (k < 0) {
			err_errno(&o->err, "writing a batch of the lake");
			return;
		}
		p += k;
		n -= (size_t)k;
		o->written += (uint64_t)k;
	}
}

/* Sums and writes the full blocks of the buffer; `all`: what is left as well. */
static void flush(struct seg_out *o, bool all)
{
	size_t n = all ? o->buf.len : o->buf.len / SEG_BLOCK * SEG_BLOCK;

	for (size_t at = 0; at < n; at += SEG_BLOCK)
		*vec_push(&o->sums) = (uint32_t)XXH3_64bits(
		        o->buf.s + at, n - at < SEG_BLOCK ? n - at : SEG_BLOCK);
	write_out(o, o->buf.s, n);
	buf_consume(&o->buf, n);
}

void segout_bytes(struct seg_out *o, const void *p, size_t n)
{
	const char *from = p;

	o->at += n;
	while (n > 0) {
		size_t k = OUT_BUF - o->buf.len;
		k = k < n ? k : n;
		buf_add(&o->buf, from, k);
		from += k;
		n -= k;
		if (o->buf.len == OUT_BUF)
			flush(o, false);
	}
}

static void align(struct seg_out *o, size_t to)
{
	static const char zeros[SEG_BLOCK];

	segout_bytes(o, zeros, (to - o->at % to) % to);
}

static void close_section(struct seg_out *o)
{
	if (o->dir.n) {
		struct seg_section *last = &o->dir.v[o->dir.n - 1];
		last->len = o->at - last->off;
	}
	align(o, 8);
}

void segout_section(struct seg_out *o, enum seg_kind kind, uint32_t arg, const char *name)
{
	close_section(o);
	struct seg_section *s = vec_push(&o->dir);
	*s = (struct seg_section){.kind = kind, .arg = arg, .off = o->at};
	snprintf(s->name, sizeof(s->name), "%s", name);
}

void segout_col(struct seg_out *o, const struct seg_col_head *h)
{
	o->dir.v[o->dir.n - 1].col = *h;
}

int segout_end(struct seg_out *o, struct seg_head *h, struct seg_part *part, struct err *e)
{
	struct buf tail = BUF_INIT;

	close_section(o);
	flush(o, true);
	memcpy(h->magic, SEG_MAGIC, sizeof(h->magic));
	h->version = SEG_VERSION;
	h->sums = o->at;
	h->nblocks = (uint32_t)o->sums.n;
	h->ndir = (uint32_t)o->dir.n;
	buf_add(&tail, o->sums.v, o->sums.n * sizeof(*o->sums.v));
	while (tail.len % 8)
		buf_ch(&tail, 0);
	h->dir = h->sums + tail.len;
	buf_add(&tail, o->dir.v, o->dir.n * sizeof(*o->dir.v));
	h->len = h->sums + tail.len + sizeof(*h);
	h->sum = 0;
	h->sum = XXH3_64bits(tail.s, tail.len) ^ XXH3_64bits(h, sizeof(*h));
	buf_add(&tail, h, sizeof(*h));
	part->off = o->written - o->at;
	part->len = h->len;
	while ((h->sums + tail.len) % SEG_BLOCK)
		buf_ch(&tail, 0);
	write_out(o, tail.s, tail.len);
	buf_release(&tail);
	o->sums.n = o->dir.n = 0;
	o->at = 0;
	if (e && o->err.code)
		*e = o->err;
	return o->err.code ? -1 : 0;
}

int segout_foot(struct seg_out *o, const struct seg_part *parts, size_t n, struct err *e)
{
	struct seg_foot f = {.nparts = n,
	                     .sum = XXH3_64bits(parts, n * sizeof(*parts)),
	                     .magic = SEG_BATCH_MAGIC};

	write_out(o, (const char *)parts, n * sizeof(*parts));
	write_out(o, (const char *)&f, sizeof(f));
	if (e && o->err.code)
		*e = o->err;
	return o->err.code ? -1 : 0;
}

/* The largest of a second, a millisecond and a microsecond that divides all distances from the
 * least. */
static int64_t scale_of(const int64_t *v, uint32_t n, int64_t least)
{
	static const int64_t scales[] = {1000000, 1000, 1};
	size_t k = 0;

	for (uint32_t i = 0; i < n && k < 2; i++)
		while ((v[i] - least) % scales[k] != 0)
			k++;
	return scales[k];
}

void segout_ints(struct seg_out *o, enum seg_kind kind, const int64_t *v, uint32_t n)
{
	int64_t least = INT64_MAX, most = INT64_MIN, scale = 1;
	uint32_t width = 8, pad = 0;

	for (uint32_t i = 0; i < n; i++) {
		least = v[i] < least ? v[i] : least;
		most = v[i] > most ? v[i] : most;
	}
	if (n == 0 || least == most) {
		width = 0;
	} else if (least > INT64_MIN / 2 && most < INT64_MAX / 2) {
		scale = scale_of(v, n, least);
		width = (most - least) / scale <= UINT32_MAX ? 4 : 8;
	}
	if (width == 8)
		least = 0, scale = 1;
	if (n == 0)
		least = 0;
	segout_section(o, kind, 0, "");
	segout_bytes(o, &least, 8);
	segout_bytes(o, &scale, 8);
	segout_bytes(o, &width, 4);
	segout_bytes(o, &pad, 4);
	for (uint32_t i = 0; i < n && width == 4; i++) {
		uint32_t u = (uint32_t)((v[i] - least) / scale);
		segout_bytes(o, &u, 4);
	}
	if (width == 8)
		segout_bytes(o, v, (size_t)n * 8);
}
