/* Runs of a text that are another text, encoded. */
#include "policy/disguise.h"

#define BLOB_LEAST 8 /* characters */

static const char base64_set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base32_set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static int digit64(char c)
{
	const char *at = c ? strchr(base64_set, c == '-' ? '+' : c == '_' ? '/' : c) : NULL;
	return at ? (int)(at - base64_set) : -1;
}

static int digit32(char c)
{
	const char *at = c ? strchr(base32_set, c) : NULL;
	return at ? (int)(at - base32_set) : -1;
}

static int digit16(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                              : -1;
}

/* Length of the run at s, line breaks inside a long one included. */
static size_t run_length(const char *s, size_t n, int (*digit)(char))
{
	size_t i = 0, last = 0;
	while (i < n) {
		if (digit(s[i]) >= 0)
			last = ++i;
		else if (i >= 32 && (s[i] == '\n' || s[i] == '\r'))
			i++;
		else
			break;
	}
	return last;
}

static void unpack(const char *s, size_t n, int (*digit)(char), unsigned bits, struct buf *out)
{
	unsigned acc = 0, have = 0;
	for (size_t i = 0; i < n; i++) {
		int d = digit(s[i]);
		if (d < 0)
			continue;
		acc = acc << bits | (unsigned)d;
		have += bits;
		if (have < 8)
			continue;
		have -= 8;
		buf_ch(out, (char)(acc >> have & 0xFF));
		acc &= (1u << have) - 1;
	}
}

/* UTF-16 text (either end first) becomes its low bytes. */
static void drop_nuls(struct buf *b)
{
	size_t zeros = 0, k = 0;
	for (size_t i = 0; i < b->len; i++)
		zeros += !b->s[i];
	if (b->len < 8 || zeros * 3 < b->len)
		return;
	for (size_t i = 0; i < b->len; i++)
		if (b->s[i])
			b->s[k++] = b->s[i];
	buf_truncate(b, k);
}

static bool readable(const struct buf *b)
{
	size_t good = 0;
	for (size_t i = 0; i < b->len; i++) {
		unsigned char c = (unsigned char)b->s[i];
		good += (c >= 0x20 && c < 0x7F) || c == '\n' || c == '\t' || c == '\r';
	}
	return b->len >= 4 && good * 20 >= b->len * 19;
}

static bool take(struct blob *out, const char *s, size_t from, size_t n, int (*digit)(char),
                 unsigned bits)
{
	buf_reset(&out->plain);
	unpack(s, n, digit, bits, &out->plain);
	drop_nuls(&out->plain);
	out->readable = readable(&out->plain);
	out->from = from;
	out->to = from + n;
	return out->readable;
}

/* Hex pairs with one separator between them ("41:4b", "0x41, 0x4b", "41 4b"), or none. */
static size_t hex_pairs(const char *s, size_t n, struct buf *plain)
{
	size_t i = 0, end = 0, pairs = 0;
	while (i < n) {
		size_t k = i;
		if (n - k > 1 && (s[k] == '0' || s[k] == '\\') &&
		    (s[k + 1] == 'x' || s[k + 1] == 'X'))
			k += 2;
		if (n - k < 2 || digit16(s[k]) < 0 || digit16(s[k + 1]) < 0)
			break;
		buf_ch(plain, (char)(digit16(s[k]) * 16 + digit16(s[k + 1])));
		end = i = k + 2;
		pairs++;
		if (i < n && strchr(":,- ;", s[i]) && s[i])
			i++;
		if (i < n && s[i] == ' ')
			i++;
	}
	return pairs >= 4 ? end : 0;
}

/* "65,75,73" or char(65)+chr(75): decimal codes of printable characters. */
static size_t code_list(const char *s, size_t n, struct buf *plain)
{
	size_t i = 0, end = 0, count = 0;
	while (i < n) {
		unsigned v = 0;
		size_t d = i;
		for (; d < n && d < i + 4 && s[d] >= '0' && s[d] <= '9'; d++)
			v = v * 10 + (unsigned)(s[d] - '0');
		if (d == i || v < 32 || v > 126)
			break;
		buf_ch(plain, (char)v);
		count++;
		end = i = d;
		while (i < n && i < end + 12 && strchr(" ,;+()[]&charCHARwW$", s[i]) && s[i])
			i++;
		if (i == end)
			break;
	}
	return count >= 6 ? end : 0;
}

static bool blob_here(const struct view *v, size_t i, struct blob *out)
{
	const char *s = v->s + i;
	size_t left = v->n - i, n;
	static size_t (*const lists[])(const char *, size_t, struct buf *) = {hex_pairs, code_list};
	for (size_t k = 0; k < ARRAY_LEN(lists); k++) {
		buf_reset(&out->plain);
		n = lists[k](s, left, &out->plain);
		drop_nuls(&out->plain);
		out->readable = n && readable(&out->plain);
		out->from = i;
		out->to = i + n;
		if (out->readable)
			return true;
	}
	n = run_length(s, left, digit32);
	if (n >= BLOB_LEAST && take(out, s, i, n, digit32, 5))
		return true;
	n = run_length(s, left, digit64);
	if (n < BLOB_LEAST)
		return false;
	/* A run may start inside another word ("x=QWxp..", "/QWxp.."): every phase of four is tried. */
	for (size_t skip = 0; skip < 4 && n - skip >= BLOB_LEAST; skip++)
		if (take(out, s + skip, i + skip, n - skip, digit64, 6))
			return true;
	take(out, s, i, n, digit64, 6);
	return true;
}

bool view_blob(const struct view *v, size_t *at, struct blob *out)
{
	for (size_t i = *at; i + BLOB_LEAST <= v->n; i++) {
		bool inside = i > *at && digit64(v->s[i - 1]) >= 0;
		if (inside || (digit64(v->s[i]) < 0 && v->s[i] != '\\'))
			continue;
		if (!blob_here(v, i, out))
			continue;
		while (out->to < v->n && v->s[out->to] == '=')
			out->to++;
		*at = out->to > i ? out->to : i + 1;
		return true;
	}
	*at = v->n;
	return false;
}
