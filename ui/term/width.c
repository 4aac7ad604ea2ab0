#include "term/width.h"

#include <utf8proc.h>

#include "base/escape.h"

static bool uncertain_cp(uint32_t cp)
{
	const utf8proc_property_t *p = utf8proc_get_property((utf8proc_int32_t)cp);
	return p->bidi_class == UTF8PROC_BIDI_CLASS_R || p->bidi_class == UTF8PROC_BIDI_CLASS_AL ||
	       utf8proc_charwidth((utf8proc_int32_t)cp) != 1 || p->category == UTF8PROC_CATEGORY_CO;
}

struct grapheme grapheme_first(struct slice s)
{
	struct grapheme g = {.len = 1, .width = 1, .uncertain = false};
	uint32_t cp, next;
	utf8proc_int32_t state = 0;
	size_t n;

	if ((unsigned char)s.s[0] < 0x80 && (s.n == 1 || (unsigned char)s.s[1] < 0x80))
		return g;
	g.len = utf8_decode(s.s, s.n, &cp);
	if (!g.len)
		return (struct grapheme){.len = 1, .width = 1, .uncertain = true};
	g.width = utf8proc_charwidth((utf8proc_int32_t)cp) == 2 ? 2 : 1;
	g.uncertain = uncertain_cp(cp);
	while (g.len < s.n && (n = utf8_decode(s.s + g.len, s.n - g.len, &next)) > 0) {
		if (utf8proc_grapheme_break_stateful((utf8proc_int32_t)cp, (utf8proc_int32_t)next,
		                                     &state))
			break;
		g.len += n;
		g.uncertain = true;
		cp = next;
	}
	return g;
}

size_t text_prefix(struct slice s, int columns, int *used)
{
	size_t at = 0;
	int w = 0;

	while (at < s.n) {
		struct grapheme g = grapheme_first((struct slice){s.s + at, s.n - at});
		if (w + g.width > columns)
			break;
		w += g.width;
		at += g.len;
	}
	if (used)
		*used = w;
	return at;
}

int text_width(struct slice s)
{
	int w;

	text_prefix(s, INT32_MAX, &w);
	return w;
}
