#include "ask/token.h"

#include <ctype.h>

#include "base/escape.h"
#include "base/limits.h"

struct scan {
	struct slice q;
	struct arena *a;
	VEC(struct tok) out;
};

bool tok_is(const struct tok *t, const char *word)
{
	return slice_eq_str(t->word, word);
}

bool tok_in(const struct tok *t, const char *const *words)
{
	for (; *words; words++)
		if (tok_is(t, *words))
			return true;
	return false;
}

struct slice tok_words(struct arena *a, const struct tok *t, size_t n)
{
	struct buf b = BUF_INIT;
	struct slice s;

	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s%.*s", i ? " " : "", (int)t[i].text.n, t[i].text.s);
	s = (struct slice){arena_memdup(a, b.s, b.len), b.len};
	buf_release(&b);
	return s;
}

bool slice_all_digits(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isdigit((unsigned char)s.s[i]))
			return false;
	return s.n > 0;
}

bool slice_camel(struct slice s)
{
	bool lower = false, hump = false;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.s[i];

		if (!isalnum(c))
			return false;
		lower = lower || islower(c);
		hump = hump || (i > 0 && isupper(c) && islower((unsigned char)s.s[i - 1]));
	}
	return lower && hump;
}

/* --- stems
 * ------------------------------------------------------------------------------------------------
 */

static bool ends(const char *w, size_t n, const char *tail)
{
	size_t t = strlen(tail);

	return n >= t && memcmp(w + n - t, tail, t) == 0;
}

static bool has_vowel(const char *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strchr("aeiouy", w[i]))
			return true;
	return false;
}

static size_t strip_plural(const char *w, size_t n)
{
	static const char *const es[] = {"sses", "xes", "zes", "ches", "shes"};

	for (size_t i = 0; i < ARRAY_LEN(es); i++)
		if (ends(w, n, es[i]))
			return n - 2;
	if (ends(w, n, "ies") && n > 4)
		return n - 2; /* policies: polici, as policy */
	if (n == 4 && memcmp(w, "apis", 4) == 0)
		return 3;
	if (ends(w, n, "s") && !ends(w, n, "ss") && !ends(w, n, "us") && !ends(w, n, "is"))
		return n - 1;
	return n;
}

static size_t strip_verb(const char *w, size_t n)
{
	static const char twins[] = "bdgmnprt";
	size_t m = n;

	if (ends(w, n, "ing") && n >= 6 && has_vowel(w, n - 3))
		m = n - 3;
	else if (ends(w, n, "ed") && n >= 5 && has_vowel(w, n - 2))
		m = n - 2;
	else if ((ends(w, n, "tion") || ends(w, n, "sion")) && n >= 6)
		return n - 3;
	else
		return n;
	if (m > 2 && w[m - 1] == w[m - 2] && strchr(twins, w[m - 1]))
		m--;
	return m;
}

/* "ips", "ids", but not "dns" */
static bool short_plural(const char *w)
{
	static const char *const plurals[] = {"ins", "ons", "ips", "ids", "vms",
	                                      "sgs", "dbs", "uas", "pcs", "dcs"};

	for (size_t i = 0; i < ARRAY_LEN(plurals); i++)
		if (memcmp(w, plurals[i], 3) == 0)
			return true;
	return false;
}

size_t ask_stem(struct slice word, char out[STEM_MAX])
{
	size_t n = word.n < STEM_MAX ? word.n : STEM_MAX;
	bool hyphen = false;

	for (size_t i = 0; i < n; i++)
		out[i] = (char)tolower((unsigned char)word.s[i]);
	for (size_t i = 0; i < n; i++)
		if (out[i] == '-' && i > 1 && i + 3 < n)
			hyphen = true;
		else if (!isalpha((unsigned char)out[i]))
			return n; /* names and numbers are not inflected */
	if (hyphen)
		return strip_plural(out, n);
	if (n == 6 && memcmp(out, "called", 6) == 0)
		return n; /* named, not an API call */
	if (n == 3 && short_plural(out))
		return 2;
	if (n <= 3)
		return n;
	n = strip_plural(out, n);
	n = strip_verb(out, n);
	if (n > 3 && out[n - 1] == 'e')
		n--;
	if (n > 2 && out[n - 1] == 'y' && !strchr("aeou", out[n - 2]))
		out[n - 1] = 'i';
	return n;
}

/* --- words
 * ------------------------------------------------------------------------------------------------
 */

static struct slice copy_lower(struct arena *a, struct slice s)
{
	char *p = arena_memdup(a, s.s, s.n);

	for (size_t i = 0; i < s.n; i++)
		p[i] = (char)tolower((unsigned char)p[i]);
	return (struct slice){p, s.n};
}

static struct slice refang(struct arena *a, struct slice s)
{
	struct buf b = BUF_INIT;

	if (!mw_memimem(s.s, s.n, "hxxp", 4) && !memchr(s.s, '[', s.n) &&
	    !mw_memimem(s.s, s.n, "(dot)", 5) && !mw_memimem(s.s, s.n, "(.)", 3))
		return s;
	esc_refang(&b, s);
	s = (struct slice){arena_memdup(a, b.s, b.len), b.len};
	buf_release(&b);
	return s;
}

static struct tok *emit(struct scan *sc, struct slice text, size_t from, size_t to)
{
	char stem[STEM_MAX];
	struct tok *t;
	size_t n;

	if (text.n == 0 || sc->out.n >= MW_QUESTION_TOKENS_MAX)
		return NULL;
	t = vec_push(&sc->out);
	t->from = from;
	t->to = to;
	t->text = text;
	t->word = copy_lower(sc->a, text);
	n = ask_stem(t->word, stem);
	t->stem = (struct slice){arena_memdup(sc->a, stem, n), n};
	return t;
}

static struct tok *emit_str(struct scan *sc, const char *s, size_t from, size_t to)
{
	return emit(sc, slice_of(s), from, to);
}

/* Short forms that stand for other words. */
static const struct short_form {
	const char *from, *a, *b;
} short_forms[] = {
        {"w/o", "without", NULL},   {"w/out", "without", NULL}, {"w/", "with", NULL},
        {"b/w", "between", NULL},   {"btw", "between", NULL},   {"btwn", "between", NULL},
        {"can't", "can", "not"},    {"cannot", "can", "not"},   {"won't", "will", "not"},
        {"what's", "what", "is"},   {"whats", "what", "is"},    {"who's", "who", "is"},
        {"where's", "where", "is"}, {"when's", "when", "is"},   {"that's", "that", "is"},
        {"it's", "it", "is"},       {"there's", "there", "is"}, {"how's", "how", "is"},
        {"let's", "let", NULL},     {"i'm", "i", NULL},         {"i'd", "i", NULL},
        {"didnt", "did", "not"},    {"wasnt", "was", "not"},    {"isnt", "is", "not"},
        {"arent", "are", "not"},    {"werent", "were", "not"},  {"doesnt", "does", "not"},
        {"dont", "do", "not"},      {"hasnt", "has", "not"},    {"havent", "have", "not"},
        {"!", "not", NULL},         {"&", "and", NULL},         {"|", "or", NULL},
        {"+", "and", NULL},         {"vs", "and", NULL},        {"n't", "not", NULL},
};

static bool emit_short(struct scan *sc, struct slice w, size_t from, size_t to)
{
	struct slice low = copy_lower(sc->a, w);

	for (size_t i = 0; i < ARRAY_LEN(short_forms); i++) {
		if (!slice_eq_str(low, short_forms[i].from))
			continue;
		emit_str(sc, short_forms[i].a, from, to);
		if (short_forms[i].b)
			emit_str(sc, short_forms[i].b, from, to);
		return true;
	}
	if (low.n > 4 && ends(low.s, low.n, "n't")) {
		emit(sc, (struct slice){w.s, w.n - 3}, from, to);
		emit_str(sc, "not", from, to);
		return true;
	}
	return false;
}

static bool clockish(struct slice s)
{
	bool digit = false;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.s[i];

		if (isdigit((unsigned char)c))
			digit = true;
		else if (c != ':' && !(i + 1 == s.n && (c == 'Z' || c == 'z' || c == 'h')))
			return false;
	}
	return digit;
}

/* "00:20-00:30", "28-30": both sides clocks or short numbers. Dates and ids are no ranges. */
static bool emit_range(struct scan *sc, struct slice w, size_t from, size_t to)
{
	const char *p = memchr(w.s, '-', w.n), *dots = memmem(w.s, w.n, "..", 2);
	size_t gap = 1;
	struct slice a, b;

	if (dots)
		p = dots, gap = 2;
	if (!p)
		return false;
	a = (struct slice){w.s, (size_t)(p - w.s)};
	b = (struct slice){p + gap, w.n - a.n - gap};
	if (a.n == 0 || b.n == 0)
		return false;
	if (gap == 1 &&
	    (!clockish(a) || !clockish(b) || a.n > 9 || (a.n > 2 && !memchr(a.s, ':', a.n))))
		return false;
	emit(sc, a, from, to);
	emit_str(sc, "-", from, to);
	emit(sc, b, from, to);
	return true;
}

static bool identifier(struct slice s)
{
	bool alpha = false;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.s[i];

		if (!isalnum(c) && c != '_' && c != '.' && c != '@')
			return false;
		alpha = alpha || isalpha(c);
	}
	return alpha;
}

static size_t comparison(struct slice s)
{
	static const char *const ops[] = {">=", "<=", "!=", "==", ">", "<", "=", "\xc2\xb1"};

	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		size_t n = strlen(ops[i]);

		if (s.n >= n && memcmp(s.s, ops[i], n) == 0)
			return n;
	}
	return 0;
}

static void emit_word(struct scan *sc, struct slice w, size_t from, size_t to);

/* ">5", "port=443", "user:bob", "dst_port>=1024" */
static bool emit_compared(struct scan *sc, struct slice w, size_t from, size_t to)
{
	size_t i, n;
	struct slice left, right;

	for (i = 0; i < w.n && !comparison((struct slice){w.s + i, w.n - i}); i++)
		if (w.s[i] == ':' && i + 1 < w.n)
			break;
	if (i >= w.n)
		return false;
	left = (struct slice){w.s, i};
	n = w.s[i] == ':' ? 1 : comparison((struct slice){w.s + i, w.n - i});
	right = (struct slice){w.s + i + n, w.n - i - n};
	if (w.s[i] == ':' && (i < 2 || !isalpha((unsigned char)w.s[0]) || right.s[0] == '/' ||
	                      right.s[0] == ':' || slice_eq_str(left, "arn") ||
	                      (left.n == 3 && right.n && isdigit((unsigned char)right.s[0]))))
		return false; /* URL, ARN, drive, address */
	if (left.n && !identifier(left))
		return false;
	if (left.n)
		emit(sc, left, from, to);
	emit_str(sc, w.s[i] == ':' ? "=" : arena_memdup(sc->a, w.s + i, n), from, to);
	if (right.n) {
		size_t at = sc->out.n;

		emit_word(sc, right, from, to);
		if (left.n && at < sc->out.n)
			sc->out.v[at].glued = true;
	}
	return true;
}

/* "user/role", "stop/delete": two short words; paths, versions and addresses are not split. */
static bool emit_slashed(struct scan *sc, struct slice w, size_t from, size_t to)
{
	const char *p = memchr(w.s, '/', w.n);
	struct slice a, b;

	if (!p || memchr(p + 1, '/', w.n - (size_t)(p + 1 - w.s)) || memchr(w.s, '.', w.n) ||
	    memchr(w.s, ':', w.n) || memchr(w.s, '-', w.n) || memchr(w.s, '\\', w.n))
		return false;
	a = (struct slice){w.s, (size_t)(p - w.s)};
	b = (struct slice){p + 1, w.n - a.n - 1};
	if (a.n < 2 || b.n < 2 || !identifier(a) || !identifier(b))
		return false;
	emit(sc, a, from, to);
	emit_str(sc, "or", from, to);
	emit(sc, b, from, to);
	return true;
}

static void emit_word(struct scan *sc, struct slice w, size_t from, size_t to)
{
	struct tok *t;
	bool poss = false;

	if (emit_short(sc, w, from, to))
		return;
	w = refang(sc->a, w);
	if (w.n > 2 && (ends(w.s, w.n, "'s") || ends(w.s, w.n, "'S")))
		w.n -= 2, poss = true;
	else if (w.n > 2 && ends(w.s, w.n, "s'"))
		w.n -= 1, poss = true;
	if (emit_range(sc, w, from, to) || emit_compared(sc, w, from, to) ||
	    emit_slashed(sc, w, from, to))
		return;
	t = emit(sc, w, from, to);
	if (t)
		t->possessive = poss;
}

/* The question with typographic quotes and dashes made plain, each in as many bytes as before. */
static struct slice plain(struct slice q, struct arena *a)
{
	static const struct {
		const char *from, *to;
	} map[] = {
	        {"\xe2\x80\x99", "'"},  {"\xe2\x80\x98", "'"}, {"\xe2\x80\x9c", "\""},
	        {"\xe2\x80\x9d", "\""}, {"\xe2\x80\x93", "-"}, {"\xe2\x80\x94", "-"},
	};
	char *p = arena_memdup(a, q.s, q.n);

	for (size_t i = 0; i < q.n; i++)
		if ((unsigned char)p[i] < ' ')
			p[i] = ' ';
	for (size_t i = 0; i + 2 < q.n; i++)
		for (size_t k = 0; k < ARRAY_LEN(map); k++)
			if (memcmp(p + i, map[k].from, 3) == 0) {
				/* 0x01 is skipped wherever it stands, so that offsets stay true */
				p[i] = map[k].to[0];
				p[i + 1] = p[i + 2] = 1;
			}
	return (struct slice){p, q.n};
}

static struct slice without_marks(struct slice w, struct arena *a)
{
	char *p;
	size_t n = 0;

	if (!memchr(w.s, 1, w.n))
		return w;
	p = arena_memdup(a, w.s, w.n);
	for (size_t i = 0; i < w.n; i++)
		if (p[i] != 1)
			p[n++] = p[i];
	return (struct slice){p, n};
}

static size_t quoted_end(struct slice q, size_t i)
{
	char c = q.s[i];

	if (c != '"' && c != '`' && c != '\'')
		return 0;
	for (size_t k = i + 1; k < q.n; k++)
		if (q.s[k] == c &&
		    (c != '\'' || k + 1 == q.n || !isalnum((unsigned char)q.s[k + 1])))
			return k > i + 1 ? k : 0;
	return 0;
}

static bool trailing(struct slice w)
{
	char c = w.s[w.n - 1];

	if (strchr(",:;?.!\"'`", c))
		return true;
	/* a bracket that was not opened inside this word */
	return (c == ')' && !memchr(w.s, '(', w.n)) || (c == ']' && !memchr(w.s, '[', w.n)) ||
	       (c == '}' && !memchr(w.s, '{', w.n)) || (c == '>' && w.n > 1 && w.s[0] != '<');
}

static void take_word(struct scan *sc, size_t from, size_t to)
{
	struct slice w = {sc->q.s + from, to - from};
	char open = 0, close = 0;
	size_t at = sc->out.n;

	while (w.n > 1 &&
	       (strchr("(\"'`{,", w.s[0]) || (w.s[0] == '[' && w.n > 1 && !strchr(".:", w.s[1])))) {
		if (w.s[0] == '(')
			open = '(';
		w.s++, w.n--, from++;
	}
	while (w.n > 1 && trailing(w)) {
		char c = w.s[w.n - 1];

		close = c == ')' || !close ? c : close;
		w.n--, to--;
	}
	if (w.n == 1 && strchr(",:;?.-()\"'", w.s[0])) {
		if (sc->out.n && w.s[0] != '-')
			sc->out.v[sc->out.n - 1].close = w.s[0];
		else if (w.s[0] == '-')
			emit_str(sc, "-", from, to);
		return;
	}
	emit_word(sc, without_marks(w, sc->a), from, to);
	if (at < sc->out.n) {
		sc->out.v[at].open = open;
		sc->out.v[sc->out.n - 1].close = close;
	}
}

struct toks tokenise(struct slice question, struct arena *a)
{
	struct scan sc = {.q = plain(question, a), .a = a};
	struct toks out;
	size_t i = 0;

	while (i < sc.q.n) {
		size_t from = i, end = quoted_end(sc.q, i);
		struct tok *t;

		if (isspace((unsigned char)sc.q.s[i]) || sc.q.s[i] == 1) {
			i++;
		} else if (end) {
			t = emit(
			        &sc,
			        without_marks((struct slice){sc.q.s + from + 1, end - from - 1}, a),
			        from + 1, end);
			if (t)
				t->quoted = true;
			i = end + 1;
		} else {
			while (i < sc.q.n && !isspace((unsigned char)sc.q.s[i]))
				i++;
			take_word(&sc, from, i);
		}
	}
	out.n = sc.out.n;
	out.v = arena_alloc(a, (out.n + 1) * sizeof(*out.v));
	if (out.n)
		memcpy(out.v, sc.out.v, out.n * sizeof(*out.v));
	vec_free(&sc.out);
	return out;
}
