/* Words that nothing knows as they stand: slips, words written together, words that only the data's event names have. */
#include <ctype.h>

#include "ask/term_reader.h"

/* Words of time expressions that are long enough to be told from others after one slip. */
static const char *const time_words[] = {
        "yesterday", "today",     "tonight", "morning",   "afternoon", "evening",
        "midnight",  "minutes",   "minute",  "seconds",   "hours",     "weeks",
        "months",    "monday",    "tuesday", "wednesday", "thursday",  "friday",
        "saturday",  "sunday",    "january", "february",  "march",     "april",
        "august",    "september", "october", "november",  "december",  NULL,
};

static struct slice mend_time(struct slice w)
{
	for (const char *const *t = time_words; *t && w.n >= 5; t++)
		if (mw_edit_distance(w, slice_of(*t), 2) <= (strlen(*t) >= 8 ? 2 : 1))
			return slice_of(*t);
	return (struct slice){0};
}

/* A typo of a word of the language: the token becomes that word, and is read again. */
bool reader_mend(struct reader *r, size_t i)
{
	struct tok *w = &r->t.v[i];
	char stem[STEM_MAX];
	struct slice to;
	size_t n;

	if (w->word.n < 4 || tok_name_like(w) || map_get(&r->env->x->stems, w->stem.s, w->stem.n))
		return false;
	if (r->out.n && reader_previous(r)->kind == T_FIELD)
		return false; /* a name stands there */
	to = lexicon_mend(r->env->x, w->word);
	if (to.n == 0)
		to = mend_time(w->word);
	if (to.n == 0)
		return false;
	w->word = to;
	n = ask_stem(to, stem);
	w->stem = (struct slice){arena_memdup(r->env->a, stem, n), n};
	return true;
}

/* A hyphenated word that is nothing by itself: its parts. */
bool reader_split(struct reader *r, size_t i)
{
	struct tok *w = &r->t.v[i], *v;
	struct slice rest = w->text, piece;
	struct toks parts;
	size_t k = 0;

	if (!memchr(w->text.s, '-', w->text.n) && !memchr(w->text.s, '_', w->text.n))
		return false;
	char *spaced = arena_memdup(r->env->a, rest.s, rest.n);

	for (size_t c = 0; c < rest.n; c++)
		if (spaced[c] == '-' || spaced[c] == '_')
			spaced[c] = ' ';
	parts = tokenise((struct slice){spaced, rest.n}, r->env->a);
	for (size_t c = 0; c < parts.n; c++)
		if (!map_get(&r->env->x->stems, parts.v[c].stem.s, parts.v[c].stem.n))
			return false;
	(void)piece;
	if (parts.n < 2)
		return false;
	v = arena_alloc(r->env->a, (r->t.n + parts.n) * sizeof(*v));
	memcpy(v, r->t.v, i * sizeof(*v));
	for (k = 0; k < parts.n; k++) {
		v[i + k] = parts.v[k];
		v[i + k].from = w->from;
		v[i + k].to = w->to;
	}
	v[i].open = w->open;
	v[i + parts.n - 1].close = w->close;
	memcpy(v + i + parts.n, r->t.v + i + 1, (r->t.n - i - 1) * sizeof(*v));
	r->t = (struct toks){v, r->t.n + parts.n - 1};
	return true;
}

static bool verb_said(const struct reader *r)
{
	for (size_t k = 0; k < r->out.n; k++)
		if (r->out.v[k].kind == T_VERB)
			return true;
	return false;
}

/* A word that the data's own event names are made of ("model" of InvokeModel) is an object that verbs may take. */
bool reader_event_word(const struct reader *r, size_t i, struct term *t)
{
	const struct field *op = field_find(SLICE("api.operation"));
	struct slice w = r->t.v[i].text;
	struct lex_entry *e;
	const char **camel;
	char *name;

	if (!op || w.n < 4 || tok_name_like(&r->t.v[i]) || !verb_said(r) ||
	    !(name = verb_event_word(r->env, op->id, r->t.v[i].stem)))
		return false;
	e = arena_zalloc(r->env->a, sizeof(*e));
	camel = arena_zalloc(r->env->a, 2 * sizeof(*camel));
	camel[0] = name;
	e->kind = LEX_FIELD;
	e->name = name;
	e->camel = camel;
	memset(t, 0, sizeof(*t));
	t->kind = T_FIELD;
	t->lex = e;
	return true;
}

/* "how mnay": a slip inside a phrase of several words, which no word of it shows by itself. */
void reader_mend_phrases(struct reader *r)
{
	for (size_t i = 0; i < r->t.n; i++) {
		struct tok was = r->t.v[i];
		struct cand c;
		bool whole = false;

		if (was.quoted || cands_find(r->env, was.text, false, &c, 1) || !reader_mend(r, i))
			continue;
		for (size_t k = i > 3 ? i - 3 : 0; k <= i && !whole; k++) {
			size_t n = 0;

			whole = lexicon_at(r->env->x, &r->t, k, &n) && n > 1 && k + n > i;
		}
		if (whole)
			r->t.v[i].mended = true;
		else
			r->t.v[i] = was;
	}
}
