#include "intake/utf16.h"

#include "base/escape.h"

#define MARK 2 /* bytes */

bool utf16_begin(struct utf16 *u, struct slice text)
{
	*u = (struct utf16){0};
	if (text.n < 2)
		return false;
	u->big = memcmp(text.s, "\xfe\xff", 2) == 0;
	return u->big || memcmp(text.s, "\xff\xfe", 2) == 0;
}

static uint32_t unit_at(const struct utf16 *u, const unsigned char *p)
{
	return u->big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static void put(struct buf *out, uint32_t cp)
{
	out->len += utf8_encode(buf_room(out, 5), cp);
}

/* Takes one character; 0 where more bytes are needed to tell. */
static size_t take(const struct utf16 *u, const unsigned char *p, size_t n, struct buf *out)
{
	uint32_t first, second;

	if (n < 2)
		return 0;
	first = unit_at(u, p);
	if (first < 0xD800 || first > 0xDBFF) {
		put(out, first);
		return 2;
	}
	if (n < 4)
		return 0;
	second = unit_at(u, p + 2);
	if (second < 0xDC00 || second > 0xDFFF) {
		put(out, first);
		return 2;
	}
	put(out, 0x10000u + ((first - 0xD800) << 10 | (second - 0xDC00)));
	return 4;
}

void utf16_add(struct utf16 *u, struct slice piece, struct buf *out)
{
	const unsigned char *p = (const unsigned char *)piece.s;
	size_t at = u->begun ? 0 : MARK, n;

	u->begun = true;

	/* What was kept is joined by as many bytes as make one character of it. */
	while (u->nkept && at < piece.n) {
		unsigned char some[4];
		size_t have = u->nkept;
		memcpy(some, u->kept, have);
		some[have] = p[at++];
		n = take(u, some, have + 1, out);
		u->nkept = have + 1 - n;
		memcpy(u->kept, some + n, u->nkept);
	}
	if (u->nkept)
		return;
	while ((n = take(u, p + at, piece.n - at, out)))
		at += n;
	u->nkept = piece.n - at;
	memcpy(u->kept, p + at, u->nkept);
}

void utf16_end(struct utf16 *u, struct buf *out)
{
	if (u->nkept >= 2)
		put(out, unit_at(u, u->kept));
	if (u->nkept % 2)
		put(out, 0xFFFD);
	u->nkept = 0;
}
