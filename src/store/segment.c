#include "store/segment.h"

#include <sys/mman.h>
#include <xxhash.h>
#include <zstd.h>

#include "base/limits.h"

#define READ_AHEAD \
	(4 * SEG_BLOCK) /* longer reads are announced; short ones shall not read what lies around */

static int broken(const struct seg *s, uint64_t off, const char *what, struct err *e)
{
	return err_set(
	        e, ERR_IO,
	        "%s: damaged at byte %llu (%s); import its logs again after `midwatch lake drop`, "
	        "cited evidence is kept apart",
	        s->where, (unsigned long long)off, what);
}

static int other_version(const struct seg *s, struct err *e)
{
	if (s->head.version > SEG_VERSION)
		return err_set(
		        e, ERR_IO,
		        "%s: made by a newer version of Midwatch (segment format %u, this one "
		        "reads %d); use that version, or import the logs again after `midwatch "
		        "lake drop`",
		        s->where, s->head.version, SEG_VERSION);
	return err_set(
	        e, ERR_IO,
	        "%s: made by an older version of Midwatch (segment format %u, this one reads "
	        "%d); import the logs again after `midwatch lake drop`, cited evidence is kept "
	        "apart",
	        s->where, s->head.version, SEG_VERSION);
}

static int check_head(const struct seg *s, const uint8_t *base, uint64_t len, struct err *e)
{
	const struct seg_head *h = &s->head;

	if (memcmp(h->magic, SEG_MAGIC, sizeof(h->magic)) != 0 || h->len != len)
		return broken(s, 0, "no segment head", e);
	if (h->version != SEG_VERSION)
		return other_version(s, e);
	uint64_t sums = (uint64_t)h->nblocks * 4,
	         dir = (uint64_t)h->ndir * sizeof(struct seg_section);
	if (h->sums > len || h->dir > len || sums > len - h->sums || dir > len - h->dir ||
	    h->sums > (uint64_t)h->nblocks * SEG_BLOCK || h->sums + sums > h->dir || h->sums % 8 ||
	    h->dir % 8 || h->dir + dir != len - sizeof(*h))
		return broken(s, 0, "head out of bounds", e);
	struct seg_head zero = *h;
	zero.sum = 0;
	XXH64_hash_t sum = XXH3_64bits(base + h->sums, len - sizeof(*h) - h->sums);
	if ((sum ^ XXH3_64bits(&zero, sizeof(zero))) != h->sum)
		return broken(s, h->sums, "checksum of the directory", e);
	if (!memchr(h->dataset, 0, SEG_NAME_MAX) || h->rows > SEG_ROWS_MAX)
		return broken(s, 0, "head", e);
	return 0;
}

int seg_open(struct seg *s, const uint8_t *base, uint64_t len, const char *where, struct err *e)
{
	*s = (struct seg){.base = base};
	snprintf(s->where, sizeof(s->where), "%s", where);
	if (len < sizeof(s->head))
		return broken(s, 0, "too short", e);
	memcpy(&s->head, base + len - sizeof(s->head), sizeof(s->head));
	if (check_head(s, base, len, e))
		return -1;
	s->dir = (const struct seg_section *)(const void *)(base + s->head.dir);
	s->sums = (const uint32_t *)(const void *)(base + s->head.sums);
	for (uint32_t i = 0; i < s->head.ndir; i++)
		if (s->dir[i].off > s->head.sums || s->dir[i].len > s->head.sums - s->dir[i].off ||
		    !memchr(s->dir[i].name, 0, SEG_NAME_MAX))
			return broken(s, s->head.dir, "directory", e);
	s->verified = xcalloc(s->head.nblocks / 64 + 1, sizeof(*s->verified));
	return 0;
}

void seg_close(struct seg *s)
{
	for (size_t i = 0; i < FIELD_MAX; i++)
		free(s->cols[i]);
	free(s->uid);
	free(s->file);
	free(s->verified);
	*s = (struct seg){0};
}

static bool verify(struct seg *s, uint64_t block)
{
	uint64_t at = block * SEG_BLOCK;
	uint64_t n = s->head.sums - at < SEG_BLOCK ? s->head.sums - at : SEG_BLOCK;

	if ((uint32_t)XXH3_64bits(s->base + at, n) != s->sums[block])
		return false;
	s->verified[block / 64] |= UINT64_C(1) << (block % 64);
	return true;
}

/* Then the bytes were in memory a while ago, and a call to ask for them would cost more than it saves. */
static bool all_verified(const struct seg *s, uint64_t off, uint64_t len)
{
	if (off >= s->head.sums)
		return false;
	for (uint64_t b = off / SEG_BLOCK; b <= (off + len - (len > 0)) / SEG_BLOCK; b++)
		if (b >= s->head.nblocks || !(s->verified[b / 64] >> (b % 64) & 1))
			return false;
	return true;
}

void seg_soon(const struct seg *s, uint64_t off, uint64_t len)
{
	uintptr_t from = (uintptr_t)(s->base + off) & ~(uintptr_t)(SEG_BLOCK - 1);

	if (off <= s->head.len && len <= s->head.len - off && !all_verified(s, off, len))
		madvise((void *)from, (uintptr_t)(s->base + off) - from + len, MADV_WILLNEED);
}

/* All of a longer range at once: read ahead as a whole, then mapped by one call instead of a fault a page. A kernel that does
 * not know the second call does without. */
static void take_in(const struct seg *s, uint64_t off, uint64_t len)
{
	uintptr_t from = (uintptr_t)(s->base + off) & ~(uintptr_t)(SEG_BLOCK - 1);

	seg_soon(s, off, len);
	(void)madvise((void *)from, (uintptr_t)(s->base + off) - from + len, MADV_POPULATE_READ);
}

const void *seg_bytes(struct seg *s, uint64_t off, uint64_t len, struct err *e)
{
	if (off > s->head.sums || len > s->head.sums - off) {
		broken(s, off, "a section out of bounds", e);
		return NULL;
	}
	if (len == 0)
		return s->base + off;
	if (len > READ_AHEAD && !all_verified(s, off, len))
		take_in(s, off, len);
	for (uint64_t b = off / SEG_BLOCK; b <= (off + len - 1) / SEG_BLOCK; b++) {
		if (s->verified[b / 64] >> (b % 64) & 1)
			continue;
		if (!verify(s, b)) {
			broken(s, b * SEG_BLOCK, "checksum", e);
			return NULL;
		}
	}
	return s->base + off;
}

const struct seg_section *seg_section(const struct seg *s, enum seg_kind kind)
{
	for (uint32_t i = 0; i < s->head.ndir; i++)
		if (s->dir[i].kind == kind)
			return &s->dir[i];
	return NULL;
}

static const struct seg_section *must_have(struct seg *s, enum seg_kind kind, uint64_t least,
                                           struct err *e)
{
	const struct seg_section *sec = seg_section(s, kind);

	if (sec && sec->len >= least)
		return sec;
	broken(s, s->head.dir, "a section is missing", e);
	return NULL;
}

#define INTS_HEAD 24

static int ints_head(struct seg *s, const struct seg_section *sec, struct seg_ints *out,
                     struct err *e)
{
	const uint8_t *p = seg_bytes(s, sec->off, INTS_HEAD, e);

	if (!p)
		return -1;
	memcpy(&out->base, p, 8);
	memcpy(&out->scale, p + 8, 8);
	memcpy(&out->width, p + 16, 4);
	out->at = p + INTS_HEAD;
	if ((out->width != 0 && out->width != 4 && out->width != 8) ||
	    sec->len - INTS_HEAD < (uint64_t)out->width * s->head.rows)
		return broken(s, sec->off, "integers", e);
	return 0;
}

int seg_ints(struct seg *s, enum seg_kind kind, struct seg_ints *out, struct err *e)
{
	const struct seg_section *sec = must_have(s, kind, INTS_HEAD, e);

	return sec && seg_bytes(s, sec->off, sec->len, e) ? ints_head(s, sec, out, e) : -1;
}

int seg_int_at(struct seg *s, enum seg_kind kind, uint32_t row, int64_t *out, struct err *e)
{
	const struct seg_section *sec = must_have(s, kind, INTS_HEAD, e);
	struct seg_ints v;

	if (!sec || ints_head(s, sec, &v, e) ||
	    !seg_bytes(s, sec->off + INTS_HEAD + (uint64_t)row * v.width, v.width, e))
		return -1;
	*out = seg_int(&v, row);
	return 0;
}

const struct seg_frame *seg_frames(struct seg *s, uint32_t *n, struct err *e)
{
	const struct seg_section *sec = must_have(s, SEG_FRAMES, 0, e);

	if (!sec)
		return NULL;
	*n = (uint32_t)(sec->len / sizeof(struct seg_frame));
	return seg_bytes(s, sec->off, sec->len, e);
}

const struct seg_frame *seg_frame_of(struct seg *s, uint32_t row, struct err *e)
{
	uint32_t n, lo = 0;
	const struct seg_frame *f = seg_frames(s, &n, e);

	if (!f)
		return NULL;
	for (uint32_t hi = n; hi - lo > 1;) {
		uint32_t mid = (lo + hi) / 2;
		*(f[mid].first <= row ? &lo : &hi) = mid;
	}
	if (n == 0 || row < f[lo].first || row - f[lo].first >= f[lo].rows) {
		broken(s, 0, "frames", e);
		return NULL;
	}
	return &f[lo];
}

/* ---- columns ---- */

static struct seg_col *col_open(struct seg *s, const struct seg_section *sec, struct err *e)
{
	struct seg_col c = {.name = sec->name, .h = sec->col};
	uint64_t at = sec->off, n = c.h.nvalues;

	c.counts = at;
	c.hashes = at += n * 4;
	c.voffs = at += n * 4;
	c.text = at += (n + 1) * 4;
	if (c.h.text > sec->len) {
		broken(s, sec->off, "column", e);
		return NULL;
	}
	c.rowoffs = at += c.h.text;
	c.codes = at += c.h.many ? ((uint64_t)s->head.rows + 1) * 4 : 0;
	c.end = at += (uint64_t)c.h.ncodes * c.h.width;
	if (at - sec->off > sec->len || c.h.width > 4 || c.h.width == 3 ||
	    (!c.h.many && c.h.ncodes != s->head.rows)) {
		broken(s, sec->off, "column", e);
		return NULL;
	}
	struct seg_col *out = xmalloc(sizeof(*out));
	*out = c;
	return out;
}

/* sec is not looked at when the column is open already; NULL: there is none. */
static int open_once(struct seg *s, const struct seg_section *sec, struct seg_col **keep,
                     struct seg_col **out, struct err *e)
{
	if (!*keep && sec) {
		*keep = col_open(s, sec, e);
		if (!*keep)
			return -1;
	}
	*out = *keep;
	return 0;
}

static const struct seg_section *field_section(const struct seg *s, const char *name)
{
	for (uint32_t i = 0; i < s->head.ndir; i++)
		if (s->dir[i].kind == SEG_FIELD && strcmp(s->dir[i].name, name) == 0)
			return &s->dir[i];
	return NULL;
}

int seg_col_uid(struct seg *s, struct seg_col **out, struct err *e)
{
	const struct seg_section *sec = s->uid ? NULL : seg_section(s, SEG_UID);

	if (sec && sec->name[0]) {
		sec = field_section(s, sec->name);
		if (!sec)
			return broken(s, s->head.dir, "a section is missing", e);
	}
	return open_once(s, sec, &s->uid, out, e);
}

int seg_col_file(struct seg *s, struct seg_col **out, struct err *e)
{
	return open_once(s, s->file ? NULL : seg_section(s, SEG_FILE), &s->file, out, e);
}

int seg_col(struct seg *s, field_id f, struct seg_col **out, struct err *e)
{
	bool looked = s->looked[f / 64] >> (f % 64) & 1;

	if (open_once(s, looked ? NULL : field_section(s, field_at(f)->name), &s->cols[f], out, e))
		return -1;
	s->looked[f / 64] |= UINT64_C(1) << (f % 64);
	return 0;
}

static bool offsets_fit(const struct seg *s, uint64_t at, uint64_t n, uint64_t last)
{
	uint32_t before = 0, v = 0;

	for (uint64_t i = 0; i < n; i++, before = v) {
		memcpy(&v, s->base + at + i * 4, 4);
		if (v < before || v > last)
			return false;
	}
	return true;
}

static bool codes_fit(const struct seg *s, const struct seg_col *c)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < c->h.ncodes; i++) {
		uint32_t v = seg_code(s, c, i);
		most = v > most ? v : most;
	}
	return most <= c->h.nvalues;
}

int seg_col_load_values(struct seg *s, struct seg_col *c, struct err *e)
{
	if (c->has_values)
		return 0;
	if (!seg_bytes(s, c->counts, c->rowoffs - c->counts, e))
		return -1;
	if (!offsets_fit(s, c->voffs, (uint64_t)c->h.nvalues + 1, c->h.text))
		return broken(s, c->voffs, "column", e);
	c->has_values = true;
	return 0;
}

int seg_col_load_codes(struct seg *s, struct seg_col *c, struct err *e)
{
	if (c->has_codes)
		return 0;
	if (!seg_bytes(s, c->rowoffs, c->end - c->rowoffs, e))
		return -1;
	if (!codes_fit(s, c) ||
	    (c->h.many && !offsets_fit(s, c->rowoffs, (uint64_t)s->head.rows + 1, c->h.ncodes)))
		return broken(s, c->codes, "column", e);
	c->has_codes = true;
	return 0;
}

int seg_col_load(struct seg *s, struct seg_col *c, struct err *e)
{
	if (c->loaded)
		return 0;
	seg_soon(s, c->counts, c->end - c->counts);
	if (seg_col_load_values(s, c, e) || seg_col_load_codes(s, c, e))
		return -1;
	c->loaded = true;
	return 0;
}

void seg_fold(char *out, struct slice v)
{
	for (size_t i = 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.s[i];
		out[i] = (char)(c - 'A' + 0u < 26u ? c | 0x20 : c);
	}
}

uint64_t seg_hash(struct slice v)
{
	char small[256] = {0}, *p = v.n <= sizeof(small) ? small : xmalloc(v.n);

	seg_fold(p, v);
	uint64_t h = XXH3_64bits(p, v.n);
	if (p != small)
		free(p);
	return h;
}

static int hash_at(struct seg *s, const struct seg_col *c, uint32_t i, uint32_t *out, struct err *e)
{
	const void *p = seg_bytes(s, c->hashes + (uint64_t)i * 4, 4, e);

	if (!p)
		return -1;
	memcpy(out, p, 4);
	return 0;
}

#define NEAR 256 /* hashes either side of the guess */

static uint32_t guess_of(const struct seg_col *c, uint32_t want)
{
	return (uint32_t)((uint64_t)want * c->h.nvalues >> 32);
}

void seg_col_find_soon(const struct seg *s, const struct seg_col *c, struct slice v)
{
	uint32_t n = c->h.nvalues, guess = guess_of(c, (uint32_t)(seg_hash(v) >> 32));
	uint32_t lo = guess > NEAR ? guess - NEAR : 0, hi = n - guess > NEAR ? guess + NEAR : n;

	seg_soon(s, c->hashes + (uint64_t)lo * 4, (uint64_t)(hi - lo) * 4);
}

/* Hashes are evenly spread, so the place is guessed from the value: mostly within one page. */
static int bracket(struct seg *s, const struct seg_col *c, uint32_t want, uint32_t *lo,
                   uint32_t *hi, struct err *e)
{
	uint32_t n = c->h.nvalues, guess = guess_of(c, want), h;

	for (uint32_t w = NEAR;; w *= 4) {
		*lo = guess > w ? guess - w : 0;
		*hi = n - guess > w ? guess + w : n;
		if (*lo > 0) {
			if (hash_at(s, c, *lo, &h, e))
				return -1;
			if (h >= want)
				continue;
		}
		if (*hi == n)
			return 0;
		if (hash_at(s, c, *hi, &h, e))
			return -1;
		if (h >= want)
			return 0;
	}
}

static int lower_bound(struct seg *s, const struct seg_col *c, uint32_t want, uint32_t *out,
                       struct err *e)
{
	uint32_t lo, hi, h;

	if (bracket(s, c, want, &lo, &hi, e))
		return -1;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (hash_at(s, c, mid, &h, e))
			return -1;
		if (h < want)
			lo = mid + 1;
		else
			hi = mid;
	}
	*out = lo;
	return 0;
}

int seg_col_find(struct seg *s, const struct seg_col *c, struct slice v, uint32_t *first,
                 uint32_t *n, struct err *e)
{
	uint32_t want = (uint32_t)(seg_hash(v) >> 32), at, h;

	*n = 0;
	if (lower_bound(s, c, want, &at, e))
		return -1;
	*first = at + 1;
	for (; at < c->h.nvalues; at++, ++*n) {
		if (hash_at(s, c, at, &h, e))
			return -1;
		if (h != want)
			break;
	}
	return 0;
}

int seg_col_value(struct seg *s, const struct seg_col *c, uint32_t code, struct slice *out,
                  struct err *e)
{
	const uint8_t *p = seg_bytes(s, c->voffs + (uint64_t)(code - 1) * 4, 8, e);
	uint32_t from, to;

	if (!p)
		return -1;
	memcpy(&from, p, 4);
	memcpy(&to, p + 4, 4);
	if (from > to || to > c->h.text)
		return broken(s, c->voffs, "column", e);
	out->s = seg_bytes(s, c->text + from, to - from, e);
	out->n = to - from;
	return out->s ? 0 : -1;
}

struct slice seg_value_at(const struct seg *s, const struct seg_col *c, uint32_t code)
{
	uint32_t from, to;

	memcpy(&from, s->base + c->voffs + (size_t)(code - 1) * 4, 4);
	memcpy(&to, s->base + c->voffs + (size_t)code * 4, 4);
	return (struct slice){(const char *)s->base + c->text + from, to - from};
}

uint32_t seg_count_at(const struct seg *s, const struct seg_col *c, uint32_t code)
{
	uint32_t n;

	memcpy(&n, s->base + c->counts + (size_t)(code - 1) * 4, 4);
	return n;
}

/* ---- raw records ---- */

void seg_raw_release(struct seg_raw *r)
{
	buf_release(&r->text);
	ZSTD_freeDCtx(r->zstd);
	*r = (struct seg_raw){0};
}

int seg_raw_frame(struct seg_raw *r, struct seg *s, const struct seg_frame *f, struct err *e)
{
	const void *packed;
	size_t n;

	if (r->seg == s && r->frame == f)
		return 0;
	r->frame = NULL;
	if (!r->zstd) {
		r->zstd = ZSTD_createDCtx();
		if (!r->zstd)
			mw_oom();
		buf_init(&r->text, 0);
	}
	packed = seg_bytes(s, f->off, f->packed, e);
	if (!packed || seg_ints(s, SEG_RAWLEN, &r->lengths, e))
		return -1;
	buf_reset(&r->text);
	n = ZSTD_decompressDCtx(r->zstd, buf_room(&r->text, (size_t)f->size + 1), f->size, packed,
	                        f->packed);
	if (ZSTD_isError(n) || n != f->size)
		return broken(s, f->off, ZSTD_isError(n) ? ZSTD_getErrorName(n) : "frame size", e);
	r->text.len = n;
	r->text.s[n] = '\0';
	r->seg = s;
	r->frame = f;
	r->row = f->first;
	r->at = 0;
	return 0;
}

int seg_raw_row(struct seg_raw *r, struct seg *s, uint32_t row, struct slice *out, struct err *e)
{
	const struct seg_frame *f = r->frame;
	uint64_t n;

	if (r->seg != s || !f || row < f->first || row - f->first >= f->rows)
		f = seg_frame_of(s, row, e);
	if (!f || seg_raw_frame(r, s, f, e))
		return -1;
	if (row < r->row) {
		r->row = f->first;
		r->at = 0;
	}
	for (; r->row < row; r->row++)
		r->at += (uint64_t)seg_int(&r->lengths, r->row);
	n = (uint64_t)seg_int(&r->lengths, row);
	if (r->at > r->text.len || n > r->text.len - r->at)
		return broken(s, f->off, "record lengths", e);
	*out = (struct slice){r->text.s + r->at, n};
	return 0;
}

/* ---- raw paths ---- */

static bool take(struct seg_path_iter *it, void *out, size_t n)
{
	if ((size_t)(it->end - it->at) < n)
		return false;
	memcpy(out, it->at, n);
	it->at += n;
	return true;
}

static bool take_text(struct seg_path_iter *it, struct slice *out)
{
	uint32_t n;

	if (!take(it, &n, 4) || (size_t)(it->end - it->at) < n)
		return false;
	*out = (struct slice){(const char *)it->at, n};
	it->at += n;
	return true;
}

int seg_paths(struct seg *s, struct seg_path_iter *it, struct err *e)
{
	const struct seg_section *sec = must_have(s, SEG_PATHS, 0, e);

	if (!sec)
		return -1;
	it->at = seg_bytes(s, sec->off, sec->len, e);
	if (!it->at)
		return -1;
	it->end = it->at + sec->len;
	it->complete = sec->arg == 0;
	return 0;
}

bool seg_path_next(struct seg_path_iter *it, struct seg_path *p)
{
	uint32_t n[3];

	if (!take(it, n, sizeof(n)))
		return false;
	p->events = n[0];
	p->all_kept = n[1] != 0;
	p->nvalues = n[2];
	return take_text(it, &p->path);
}

bool seg_path_value(struct seg_path_iter *it, struct slice *value, uint32_t *events)
{
	return take(it, events, 4) && take_text(it, value);
}
