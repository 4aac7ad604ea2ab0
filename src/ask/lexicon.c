#include "ask/lexicon.h"

#include <ctype.h>

#include "base/asset.h"
#include "base/map.h"
#include "base/yaml.h"

#define LEXICON_ASSET "lexicon.yaml"
#define PHRASE_MAX 160
#define PHRASE_WORDS 8

static const struct {
	const char *name;
	enum gram gram;
} grammar[] = {
#define X(id, name) {name, G_##id},
        GRAMMAR(X)
#undef X
};

struct loader {
	struct lexicon *x;
	const char *file;
	bool override; /* the user's entries win over ours; the field table's lose */
	struct err *e;
};

/* Words that may stand inside a phrase without changing it. */
static const char *const articles[] = {"the",  "a",     "an",  "of",  "was",  "were", "is", "are",
                                       "been", "being", "got", "has", "have", "had",  NULL};

/* --- phrases ---------------------------------------------------------------------------------------------- */

static void add_word(struct lexicon *x, struct slice w)
{
	char stem[STEM_MAX];
	size_t n = ask_stem(w, stem);

	map_put(&x->words, w.s, w.n, NULL);
	map_put(&x->stems, stem, n, NULL);
}

/* Stems of the phrase's words, articles inside left out; "" where it is too long. */
static void phrase_key(struct lexicon *x, const char *phrase, struct buf *key, size_t *words)
{
	struct arena a = ARENA_INIT;
	struct toks t = tokenise(slice_of(phrase), &a);

	*words = 0;
	for (size_t i = 0; i < t.n; i++) {
		if (i > 0 && tok_in(&t.v[i], articles) && (i + 1 < t.n || tok_is(&t.v[i], "of")))
			continue;
		if ((*words)++)
			buf_ch(key, ' ');
		buf_add(key, t.v[i].stem.s, t.v[i].stem.n);
		if (x)
			add_word(x, t.v[i].word);
	}
	arena_release(&a);
}

static void add_phrase(struct loader *l, const char *phrase, const struct lex_entry *e)
{
	struct buf key = BUF_INIT;
	struct map_entry *m;
	size_t words;
	bool added;

	phrase_key(l->x, phrase, &key, &words);
	if (key.len && words <= PHRASE_WORDS) {
		m = map_put(&l->x->phrases, key.s, key.len, &added);
		if (added || l->override)
			m->val.p = (void *)(uintptr_t)e;
		if (words > l->x->longest)
			l->x->longest = words;
	}
	buf_release(&key);
}

struct lex_entry *lex_field(struct arena *a, const char *name, const char *field)
{
	struct lex_entry *e = arena_zalloc(a, sizeof(*e));
	const char **fields = arena_zalloc(a, 2 * sizeof(*fields));

	fields[0] = field;
	e->kind = LEX_FIELD;
	e->name = name;
	e->fields = fields;
	return e;
}

const struct lex_entry *lexicon_phrase(const struct lexicon *x, const char *phrase)
{
	struct buf key = BUF_INIT;
	struct map_entry *m;
	size_t words;

	phrase_key(NULL, phrase, &key, &words);
	m = map_get(&x->phrases, key.s, key.len);
	buf_release(&key);
	return m ? m->val.p : NULL;
}

/* The longest phrase that begins at token i; shorter gets the one before it in length (NULL where there is none). */
static const struct lex_entry *longest_at(const struct lexicon *x, const struct toks *t, size_t i,
                                          size_t *n, const struct lex_entry **shorter, size_t *m_n)
{
	char key[PHRASE_MAX];
	size_t len = 0, words = 0, k = i, before;
	const struct lex_entry *best = NULL;

	*shorter = NULL;

	for (; k < t->n && words < x->longest; k++) {
		const struct tok *w = &t->v[k];
		struct map_entry *m;

		if (w->quoted || (k > i && (t->v[k - 1].close || w->open)))
			break;
		if (len + w->stem.n + 1 >= sizeof(key))
			break;
		before = len;
		if (words)
			key[len++] = ' ';
		memcpy(key + len, w->stem.s, w->stem.n);
		len += w->stem.n;
		m = map_get(&x->phrases, key, len);
		if (m) {
			*shorter = best;
			*m_n = *n;
			best = m->val.p;
			*n = k - i + 1;
		}
		if (k > i && tok_in(w, articles))
			len = before;
		else
			words++;
	}
	return best;
}

const struct lex_entry *lexicon_at(const struct lexicon *x, const struct toks *t, size_t i,
                                   size_t *n)
{
	const struct lex_entry *shorter, *ignored, *next, *best;
	size_t m = 0, k = 0, none = 0;

	best = longest_at(x, t, i, n, &shorter, &m);
	if (i + 1 < t->n && tok_in(&t->v[i], articles) && !t->v[i].close) {
		next = longest_at(x, t, i + 1, &k, &ignored, &none); /* "the most common" */
		if (next && k > 1 && k + 1 > *n) {
			*n = k + 1;
			return next;
		}
	}
	if (!best || !shorter || *n != m + 1 || i + *n >= t->n)
		return best;
	next = longest_at(x, t, i + m, &k, &ignored, &none);
	if (!next || k < 2 || !(next->kind == LEX_FIELD || (next->kind == LEX_CONCEPT && k > 2)))
		return best;
	*n = m; /* "sysmon event ids" are the event ids of Sysmon */
	return shorter;
}

/* Of words equally near, one that names something wins over one that only shapes the question ("failled" is failed, not filled); a
 * comparison is never guessed, since without it the answer would be wider than was asked. */
static int mend_rank(const struct lexicon *x, const char *word)
{
	const struct lex_entry *e = lexicon_phrase(x, word);

	if (!e)
		return 2;
	if (e->kind == LEX_CONCEPT && e->concept == CK_OUTCOME)
		return 0;
	if (e->kind != LEX_GRAMMAR)
		return 1;
	return e->gram == G_EXISTS || e->gram == G_MISSING ? -1 : 2;
}

struct slice lexicon_mend(const struct lexicon *x, struct slice word)
{
	int cap = word.n >= 8 ? 2 : 1, best = 4 * (cap + 1);
	struct slice found = {"", 0};

	for (size_t i = 0; i < x->words.n; i++) {
		const struct map_entry *m = &x->words.entries[i];
		int d, rank;

		if (m->len < 4 || m->len + 2 < word.n || m->len > word.n + 2)
			continue;
		if (m->key[0] != word.s[0] && m->key[1] != word.s[1])
			continue;
		d = mw_edit_distance(word, (struct slice){m->key, m->len}, cap);
		if (d > cap || 4 * d >= best)
			continue;
		rank = mend_rank(x, m->key);
		if (rank >= 0 && 4 * d + rank < best) {
			best = 4 * d + rank;
			found = (struct slice){m->key, m->len};
		}
	}
	return found;
}

/* --- loading ---------------------------------------------------------------------------------------------- */

static int bad(struct loader *l, const struct yaml_node *n, const char *why)
{
	return err_set(l->e, ERR_INVALID, "%s:%d: %s", l->file, n->line, why);
}

static const char *const *strings(struct loader *l, const struct yaml_node *n)
{
	size_t count = !n ? 0 : n->kind == YAML_SCALAR ? 1 : n->count, i = 0;
	const char **out;

	if (count == 0)
		return NULL;
	out = arena_zalloc(&l->x->arena, (count + 1) * sizeof(*out));
	if (n->kind == YAML_SCALAR)
		out[i++] = arena_strdup(&l->x->arena, n->text);
	else
		for (const struct yaml_node *c = n->child; c; c = c->next)
			out[i++] = arena_strdup(&l->x->arena, c->text ? c->text : "");
	return out;
}

/* "a|b c|d" in all its readings; "_" is a space inside an alternative. rest is what is still to be added to done. */
static void expand(struct loader *l, const struct lex_entry *e, const char *done, struct slice rest)
{
	struct slice piece, alt;

	rest = slice_trim(rest);
	if (rest.n == 0) {
		add_phrase(l, done, e);
		return;
	}
	slice_split(&rest, ' ', &piece);
	while (slice_split(&piece, '|', &alt)) {
		char *so_far = xasprintf("%s %.*s", done, (int)alt.n, alt.s);

		for (char *p = so_far + strlen(done); *p; p++)
			if (*p == '_')
				*p = ' ';
		expand(l, e, so_far, rest);
		free(so_far);
	}
}

static void say_one(struct loader *l, const char *text, const struct lex_entry *e)
{
	struct slice rest = slice_of(text), first;
	char *turned;

	if (!strchr(text, '|') && strncmp(text, "<> ", 3) != 0) {
		add_phrase(l, text, e);
		return;
	}
	if (strncmp(text, "<> ", 3) == 0) {
		rest = slice_of(text + 3);
		expand(l, e, "", rest);
		slice_split(&rest, ' ', &first);
		turned = xasprintf("%.*s %.*s", (int)rest.n, rest.s, (int)first.n, first.s);
		expand(l, e, "", slice_of(turned));
		free(turned);
		return;
	}
	expand(l, e, "", rest);
}

static void say(struct loader *l, const struct yaml_node *n, const struct lex_entry *e)
{
	if (n && n->kind == YAML_SCALAR)
		say_one(l, n->text, e);
	else
		for (const struct yaml_node *c = n ? n->child : NULL; c; c = c->next)
			if (c->text)
				say_one(l, c->text, e);
}

static int load_grammar(struct loader *l, const struct yaml_node *section)
{
	for (const struct yaml_node *c = section->child; c; c = c->next) {
		struct lex_entry *e = arena_zalloc(&l->x->arena, sizeof(*e));

		e->kind = LEX_GRAMMAR;
		e->gram = G_NONE;
		for (size_t i = 0; i < ARRAY_LEN(grammar); i++)
			if (strcmp(grammar[i].name, c->key) == 0)
				e->gram = grammar[i].gram;
		if (e->gram == G_NONE)
			return bad(l, c, "there is no such kind of word");
		e->name = arena_strdup(&l->x->arena, c->key);
		say(l, c, e);
	}
	return 0;
}

static int fragment(struct loader *l, const struct yaml_node *n, const char *key,
                    const struct frag **out)
{
	const struct yaml_node *m = yaml_get(n, key);

	if (!m)
		return 0;
	if (!m->text)
		return bad(l, m, "a fragment is one line of text");
	*out = frag_parse(&l->x->arena, arena_strdup(&l->x->arena, m->text), l->e);
	return *out ? 0 : err_prefix(l->e, "%s:%d", l->file, m->line);
}

static int check_fields(struct loader *l, const struct yaml_node *at, const char *const *f)
{
	for (; f && *f; f++)
		if (strncmp(*f, "raw:", 4) != 0 && strcmp(*f, "time") != 0 &&
		    strcmp(*f, "dataset") != 0 && strcmp(*f, "file") != 0 &&
		    !field_find(slice_of(*f)))
			return err_set(l->e, ERR_INVALID, "%s:%d: no field \"%s\"", l->file,
			               at->line, *f);
	return 0;
}

static int choice(struct loader *l, const struct yaml_node *n, const char *key,
                  const char *const *names, int *out)
{
	const struct yaml_node *m = yaml_get(n, key);

	if (!m)
		return 0;
	for (int i = 0; names[i]; i++)
		if (m->text && strcmp(m->text, names[i]) == 0) {
			*out = i;
			return 0;
		}
	return bad(l, m, "unknown word");
}

static void load_slots(struct loader *l, const struct yaml_node *map, struct lex_entry *e)
{
	struct frag_slot *s;

	if (!map || map->kind != YAML_MAP)
		return;
	s = arena_zalloc(&l->x->arena, map->count * sizeof(*s));
	for (const struct yaml_node *c = map->child; c; c = c->next)
		s[e->nslots++] =
		        (struct frag_slot){arena_strdup(&l->x->arena, c->key),
		                           arena_strdup(&l->x->arena, c->text ? c->text : "")};
	e->slots = s;
}

static void keep_event(void *ctx, const char *name)
{
	struct lexicon *x = ctx;
	struct map_entry *m;
	char low[96];
	size_t n = strlen(name);

	if (n >= sizeof(low) || !slice_camel(slice_of(name)))
		return;
	for (size_t i = 0; i < n; i++)
		low[i] = (char)tolower((unsigned char)name[i]);
	m = map_put(&x->events, low, n, NULL);
	m->val.p = (void *)(uintptr_t)name;
}

const char *lexicon_event(const struct lexicon *x, struct slice name)
{
	char low[96];
	struct map_entry *m;

	if (name.n >= sizeof(low))
		return NULL;
	for (size_t i = 0; i < name.n; i++)
		low[i] = (char)tolower((unsigned char)name.s[i]);
	m = map_get(&x->events, low, name.n);
	return m ? m->val.p : NULL;
}

static int load_concept(struct loader *l, const struct yaml_node *n)
{
	static const char *const keys[] = {"concept", "say",     "where", "failed", "ok",
	                                   "kind",    "outcome", "broad", "attack", "object",
	                                   "slots",   "lists",   "kinds", NULL};
	static const char *const kinds[] = {"plain",   "action",    "dataset",
	                                    "outcome", "adjective", NULL};
	static const char *const outcomes[] = {"none", "failed", "ok", "denied", NULL};
	struct lex_entry *e = arena_zalloc(&l->x->arena, sizeof(*e));
	int kind = CK_PLAIN, out = OUT_NONE;

	if (yaml_only(n, keys, l->file, l->e) || fragment(l, n, "where", &e->where) ||
	    fragment(l, n, "failed", &e->failed) || fragment(l, n, "ok", &e->ok) ||
	    choice(l, n, "kind", kinds, &kind) || choice(l, n, "outcome", outcomes, &out))
		return -1;
	if (!e->where)
		return bad(l, n, "a concept needs a where");
	e->kind = LEX_CONCEPT;
	e->concept = (enum concept_kind)kind;
	e->outcome = (enum outcome)out;
	e->name = arena_strdup(&l->x->arena, yaml_str(n, "concept", "?"));
	e->broad = yaml_get(n, "broad") != NULL;
	e->lists = yaml_get(n, "lists") != NULL;
	e->kinds = yaml_get(n, "kinds") != NULL;
	e->attack = strings(l, yaml_get(n, "attack"));
	e->fields = strings(l, yaml_get(n, "object"));
	load_slots(l, yaml_get(n, "slots"), e);
	if (check_fields(l, n, e->fields))
		return -1;
	frag_each_value(e->where, "api.operation", keep_event, l->x);
	say(l, yaml_get(n, "say"), e);
	return 0;
}

static int load_field(struct loader *l, const struct yaml_node *n)
{
	static const char *const keys[] = {"field", "say",  "fields", "camel",
	                                   "thing", "noun", NULL};
	struct lex_entry *e = arena_zalloc(&l->x->arena, sizeof(*e));

	if (yaml_only(n, keys, l->file, l->e))
		return -1;
	e->kind = LEX_FIELD;
	e->name = arena_strdup(&l->x->arena, yaml_str(n, "field", "?"));
	e->fields = strings(l, yaml_get(n, "fields"));
	e->camel = strings(l, yaml_get(n, "camel"));
	e->thing = yaml_get(n, "thing") != NULL;
	e->noun = yaml_get(n, "noun") != NULL;
	if (!e->fields && !e->camel)
		return bad(l, n, "a field entry needs fields or camel");
	if (check_fields(l, n, e->fields))
		return -1;
	say(l, yaml_get(n, "say"), e);
	return 0;
}

static int load_verb(struct loader *l, const struct yaml_node *n)
{
	static const char *const keys[] = {"verb", "say", "camel", NULL};
	struct lex_entry *e = arena_zalloc(&l->x->arena, sizeof(*e));

	if (yaml_only(n, keys, l->file, l->e))
		return -1;
	e->kind = LEX_VERB;
	e->name = arena_strdup(&l->x->arena, yaml_str(n, "verb", "?"));
	e->camel = strings(l, yaml_get(n, "camel"));
	if (!e->camel)
		return bad(l, n, "a verb needs camel");
	say(l, yaml_get(n, "say"), e);
	return 0;
}

static int load_clarify(struct loader *l, const struct yaml_node *n)
{
	static const char *const keys[] = {"clarify", "say", NULL};
	struct lex_entry *e = arena_zalloc(&l->x->arena, sizeof(*e));

	if (yaml_only(n, keys, l->file, l->e))
		return -1;
	e->kind = LEX_CLARIFY;
	e->name = e->clarify = arena_strdup(&l->x->arena, yaml_str(n, "clarify", "?"));
	say(l, yaml_get(n, "say"), e);
	return 0;
}

static int each(struct loader *l, const struct yaml_node *list,
                int (*one)(struct loader *, const struct yaml_node *))
{
	for (const struct yaml_node *c = list ? list->child : NULL; c; c = c->next)
		if (c->kind != YAML_MAP ? bad(l, c, "an entry is a map") : one(l, c))
			return -1;
	return 0;
}

static int load_text(struct lexicon *x, struct slice text, const char *file, bool override,
                     struct err *e)
{
	static const char *const keys[] = {"grammar", "concepts", "fields",
	                                   "verbs",   "clarify",  NULL};
	struct loader l = {x, file, override, e};
	struct yaml_doc d = {0};
	const struct yaml_node *g;
	int rc = yaml_parse(&d, text, file, e);

	if (rc == 0 && d.root) {
		g = yaml_get(d.root, "grammar");
		rc = yaml_only(d.root, keys, file, e) || (g && load_grammar(&l, g)) ||
		                     each(&l, yaml_get(d.root, "clarify"), load_clarify) ||
		                     each(&l, yaml_get(d.root, "concepts"), load_concept) ||
		                     each(&l, yaml_get(d.root, "verbs"), load_verb) ||
		                     each(&l, yaml_get(d.root, "fields"), load_field)
		             ? -1
		             : 0;
	}
	yaml_release(&d);
	return rc;
}

/* The words and names of the field table, behind all that the lexicon says itself. */
static void load_field_words(struct lexicon *x)
{
	struct loader l = {x, "fields.yaml", false, NULL};

	for (size_t i = 0; i < field_count(); i++) {
		const struct field *f = field_at((field_id)i);
		struct lex_entry *e = lex_field(&x->arena,
		                                f->words[0] ? f->words[0]
		                                : f->alias  ? f->alias
		                                            : f->name,
		                                f->name);

		add_phrase(&l, f->name, e);
		if (f->alias)
			add_phrase(&l, f->alias, e);
		for (size_t w = 0; f->words[w]; w++)
			add_phrase(&l, f->words[w], e);
	}
}

int lexicon_load(struct lexicon **out, struct slice user_yaml, struct err *e)
{
	struct lexicon *x = xcalloc(1, sizeof(*x));
	const struct asset *a = asset_find(LEXICON_ASSET);
	int rc;

	*out = NULL;
	if (!a) {
		lexicon_free(x);
		return err_set(e, ERR_INTERNAL, "%s is not compiled in", LEXICON_ASSET);
	}
	rc = load_text(x, (struct slice){a->data, a->len}, LEXICON_ASSET, false, e);
	if (rc == 0 && user_yaml.n)
		rc = load_text(x, user_yaml, "your lexicon", true, e);
	if (rc) {
		lexicon_free(x);
		return -1;
	}
	load_field_words(x);
	*out = x;
	return 0;
}

void lexicon_free(struct lexicon *x)
{
	if (!x)
		return;
	map_release(&x->phrases);
	map_release(&x->words);
	map_release(&x->events);
	map_release(&x->stems);
	arena_release(&x->arena);
	free(x);
}
