#include "ask/term_reader.h"

#include <ctype.h>

#define NEAR_MAX 12

/* --- values in the data ----------------------------------------------------------------------------------- */

static int dataset_bit(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->nds && i < WORLD_DATASETS_MAX; i++)
		if (strcmp(w->ds[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* One entry a field and value: the datasets are added up. */
static size_t add_cand(const struct term_env *env, struct cand *out, size_t n, size_t max,
                       const struct catalog_value *v, bool near)
{
	bool raw = v->field == FIELD_NONE;
	const char *name = raw ? arena_printf(env->a, "raw:%s", v->path) : field_at(v->field)->name;
	int bit = dataset_bit(env->w, v->dataset);
	uint64_t mask = bit < 0 ? 0 : UINT64_C(1) << bit;
	size_t i = 0;

	while (i < n && !(strcmp(out[i].field, name) == 0 && slice_ieq(out[i].value, v->value)))
		i++;
	if (i == n) {
		if (n == max)
			return n;
		out[n++] = (struct cand){
		        .field = name,
		        .role = raw ? FR_NONE : field_at(v->field)->role,
		        .value = {arena_memdup(env->a, v->value.s, v->value.n), v->value.n},
		        .raw = raw,
		        .near = near};
	}
	out[i].events += v->events;
	out[i].mask |= mask;
	return n;
}

size_t cands_find(const struct term_env *env, struct slice value, bool near, struct cand *out,
                  size_t max)
{
	struct catalog_value v[48];
	size_t n = 0, k;

	k = near ? catalog_value_near(env->w->c, value, FIELD_NONE, v, NEAR_MAX)
	         : catalog_value_find(env->w->c, value, v, ARRAY_LEN(v));
	for (size_t i = 0; i < k && i < ARRAY_LEN(v); i++)
		n = add_cand(env, out, n, max, &v[i], near);
	return n;
}

static void set_cands(const struct term_env *env, struct term *t, const struct cand *c, size_t n)
{
	t->cands = arena_alloc(env->a, (n + 1) * sizeof(*c));
	if (n)
		memcpy(t->cands, c, n * sizeof(*c));
	t->ncands = n;
}

static bool find_value(const struct term_env *env, struct term *t, struct slice value)
{
	struct cand c[CANDS_MAX];
	size_t n = cands_find(env, value, false, c, ARRAY_LEN(c));

	if (n == 0)
		return false;
	t->kind = T_VALUE;
	t->value = value;
	set_cands(env, t, c, n);
	return true;
}

/* --- one reader a kind; each returns tokens taken ---------------------------------------------------------- */

const struct term *reader_previous(const struct reader *r)
{
	return r->out.n ? &r->out.v[r->out.n - 1] : NULL;
}

static bool prev_gram(const struct reader *r, enum gram g)
{
	return r->out.n && term_gram(reader_previous(r), g);
}

static size_t read_quoted(struct reader *r, size_t i, struct term *t)
{
	if (!r->t.v[i].quoted)
		return 0;
	if (!find_value(r->env, t, r->t.v[i].text))
		t->kind = T_VALUE, t->value = r->t.v[i].text;
	t->quoted = true;
	t->ent = entity_of(t->value);
	return 1;
}

/* "same but the previous day" moves the window of the question before. */
static bool day_moved(const struct reader *r, size_t i, size_t n)
{
	bool leans = false;

	for (size_t k = 0; k < r->out.n; k++)
		leans = leans || term_gram(&r->out.v[k], G_SAME) ||
		        term_gram(&r->out.v[k], G_ABOUT) ||
		        (k == 0 && term_gram(&r->out.v[k], G_AND));
	return leans && n <= 3 && (tok_is(&r->t.v[i + n - 1], "day")) && n >= 2 &&
	       (tok_is(&r->t.v[i + n - 2], "previous") || tok_is(&r->t.v[i + n - 2], "prior"));
}

static size_t read_time(struct reader *r, size_t i, struct term *t)
{
	const struct term *p = reader_previous(r);

	if (!tx_atom_at(&r->t, i, &r->env->time, &t->time))
		return 0;
	/* "before 5 minutes later", "port 2021": a weak one yields to what stands in front of it */
	if (t->time.weak && p && p->kind == T_FIELD && strcmp(p->lex->name, "time") != 0)
		return 0;
	if (t->time.weak && !slice_all_digits(r->t.v[i].word) && r->t.v[i].word.n <= 5)
		return 0;
	if (t->time.weak && p && (term_gram(p, G_TOP) || term_gram(p, G_GT) || term_gram(p, G_GE)))
		return 0;
	if (day_moved(r, i, t->time.n))
		return 0;
	t->kind = T_TIME;
	return t->time.n;
}

static size_t read_entity(struct reader *r, size_t i, struct term *t)
{
	struct slice s = r->t.v[i].text;
	enum entity e = entity_of(s);

	if (e == ENT_NAME ||
	    (e == ENT_DOMAIN && lexicon_phrase(r->env->x, arena_memdup(r->env->a, s.s, s.n))))
		return 0;
	if (!find_value(r->env, t, s)) {
		t->kind = T_VALUE;
		t->value = s;
	}
	t->ent = e;
	return 1;
}

static bool op_cands(const struct term *t)
{
	for (size_t i = 0; i < t->ncands; i++)
		if (strcmp(t->cands[i].field, "api.operation") == 0)
			return true;
	return false;
}

/* "list users" asks for users, "list users calls" for the event. */
static bool asks_for_event(const struct reader *r, size_t i, size_t end)
{
	static const char *const reading[] = {"list", "get", "show", "search", "query", NULL};
	static const char *const nouns[] = {"call", "event",    "api",      "request", "action",
	                                    "oper", "activiti", "activity", NULL};
	const struct tok *after = end < r->t.n ? &r->t.v[end] : NULL;

	return !tok_in(&r->t.v[i], reading) ||
	       (after && !r->t.v[end - 1].close &&
	        (tok_in(after, nouns) || slice_eq_str(after->stem, "call") ||
	         slice_eq_str(after->stem, "event")));
}

static bool event_named(struct reader *r, struct slice name, struct term *t)
{
	const char *known;

	if (find_value(r->env, t, name) && op_cands(t)) {
		t->value = t->cands[0].value;
		return true;
	}
	known = lexicon_event(r->env->x, name);
	if (!known)
		return false;
	memset(t, 0, sizeof(*t));
	t->kind = T_VALUE;
	t->value = slice_of(known);
	return true;
}

/* "StopLogging", "stoplogging", "assume role": the name of an event, in as many words */
static size_t read_event(struct reader *r, size_t i, struct term *t)
{
	char joined[96];
	size_t len = 0, best = 0;

	for (size_t k = i; k < r->t.n && k < i + 5; k++) {
		const struct tok *w = &r->t.v[k];
		struct term try = {0};

		if (len + w->text.n >= sizeof(joined) ||
		    (k > i && (r->t.v[k - 1].close || w->open || w->glued)))
			break;
		memcpy(joined + len, w->text.s, w->text.n);
		len += w->text.n;
		if (len < 4 ||
		    (k == i && !slice_camel(w->text) &&
		     lexicon_phrase(r->env->x, arena_memdup(r->env->a, w->word.s, w->word.n))))
			continue;
		if (event_named(r, (struct slice){joined, len}, &try) &&
		    (k == i || asks_for_event(r, i, k + 1))) {
			*t = try;
			t->ent = ENT_EVENT;
			t->value = (struct slice){arena_memdup(r->env->a, t->value.s, t->value.n),
			                          t->value.n};
			best = k - i + 1;
		}
	}
	return best;
}

struct name_in {
	struct slice name;
	bool found;
};

static void is_name(void *ctx, const char *value)
{
	struct name_in *n = ctx;

	n->found = n->found || slice_ieq(n->name, slice_of(value));
}

/* "delete trail" says one of the events that "logging tampered" means. */
static bool more_exact(const struct term *event, const struct term *lex)
{
	struct name_in n = {.name = event->value};

	if (lex->kind != T_CONCEPT || lex->lex->failed)
		return false;
	frag_each_value(lex->lex->where, "api.operation", is_name, &n);
	return n.found;
}

/* One slip, or two behind the same verb: GetObject is no typo of PutObject. */
static bool near_name(struct slice a, struct slice b)
{
	int d = mw_edit_distance(a, b, 2);

	return d <= 1 || (d == 2 && a.n >= 8 && b.n >= 4 &&
	                  slice_ieq((struct slice){a.s, 4}, (struct slice){b.s, 4}));
}

static size_t read_near(struct reader *r, size_t i, struct term *t, bool parts_only);

/* A camel-case word that the data does not have: mended to a near event name, or taken as one that is not there. */
static size_t read_camel(struct reader *r, size_t i, struct term *t)
{
	struct slice s = r->t.v[i].text;
	struct catalog_value near[4];
	const struct field *op = field_find(SLICE("api.operation"));
	size_t n;

	if (!slice_camel(s) || !isupper((unsigned char)s.s[0]) || s.n < 6)
		return 0;
	if (find_value(r->env, t, s))
		return 1;
	n = op ? catalog_value_near(r->env->w->c, s, op->id, near, ARRAY_LEN(near)) : 0;
	t->kind = T_VALUE;
	t->ent = ENT_EVENT;
	t->value = s;
	for (size_t k = 0; k < n && k < ARRAY_LEN(near); k++)
		if (near_name(s, near[k].value) && find_value(r->env, t, near[k].value)) {
			t->ent = ENT_EVENT;
			t->corrected = true;
			t->as = t->value;
			return 1;
		}
	if (!read_near(r, i, t, true)) {
		memset(t, 0, sizeof(*t));
		t->kind = T_VALUE;
		t->ent = ENT_EVENT;
		t->value = s;
	}
	return 1;
}

bool tok_name_like(const struct tok *t)
{
	bool odd = false;

	for (size_t i = 0; i < t->text.n; i++)
		odd = odd || (!isalpha((unsigned char)t->text.s[i]) && t->text.s[i] != '\'');
	return odd;
}

/* "user-agent", "source_ip": a phrase of the vocabulary written together */
static const struct lex_entry *spaced_phrase(const struct reader *r, size_t i)
{
	const struct lex_entry *e;
	struct slice w = r->t.v[i].word;
	char *text;

	if (r->t.v[i].quoted || r->t.v[i].glued ||
	    (!memchr(w.s, '-', w.n) && !memchr(w.s, '_', w.n)))
		return NULL;
	text = arena_memdup(r->env->a, w.s, w.n);
	for (char *c = text; *c; c++)
		if (*c == '-' || *c == '_')
			*c = ' ';
	e = lexicon_phrase(r->env->x, text);
	return e && e->kind == LEX_FIELD ? e : NULL; /* other such words may be parts of names */
}

static size_t read_lexicon(struct reader *r, size_t i, struct term *t)
{
	static const enum term_kind kinds[] = {
	        [LEX_GRAMMAR] = T_GRAM, [LEX_CONCEPT] = T_CONCEPT, [LEX_FIELD] = T_FIELD,
	        [LEX_VERB] = T_VERB,    [LEX_CLARIFY] = T_CLARIFY,
	};
	size_t n = 0;
	const struct lex_entry *e = lexicon_at(r->env->x, &r->t, i, &n);

	if (!e && (e = spaced_phrase(r, i)) != NULL)
		n = 1;
	if (!e)
		return 0;
	t->kind = kinds[e->kind];
	t->lex = e;
	return n;
}

/* A name of the data in several words ("AWS Internal"), longer than what the lexicon took. */
static size_t read_long_value(struct reader *r, size_t i, struct term *t, size_t than)
{
	for (size_t n = 6; n > than && n >= 2; n--) {
		const struct tok *first = &r->t.v[i], *last;

		if (i + n > r->t.n)
			continue;
		last = &r->t.v[i + n - 1];
		struct buf b = BUF_INIT;
		bool cut = false, found;

		for (size_t k = i; k < i + n; k++) {
			cut = cut || (k + 1 < i + n && r->t.v[k].close) ||
			      (k > i && r->t.v[k].from == r->t.v[k - 1].from);
			if (k > i)
				buf_ch(&b, ' ');
			buf_add(&b, r->t.v[k].text.s, r->t.v[k].text.n);
		}
		found = !cut &&
		        find_value(r->env, t,
		                   (struct slice){arena_memdup(r->env->a, b.s, b.len), b.len});
		buf_release(&b);
		(void)first;
		(void)last;
		if (found) {
			t->ent = ENT_NAME;
			return n;
		}
	}
	return 0;
}

/* Found in fields only that say little of what was meant: the product of a file, a log's provider. */
static bool only_asides(const struct term *t)
{
	for (size_t i = 0; i < t->ncands; i++)
		if (!t->cands[i].raw && strncmp(t->cands[i].field, "metadata.", 9) != 0 &&
		    strcmp(t->cands[i].field, "process.cmd_line") != 0)
			return false;
	return true;
}

static bool only_raw(const struct term *t)
{
	for (size_t i = 0; i < t->ncands; i++)
		if (!t->cands[i].raw)
			return false;
	return true;
}

static bool plain_word(const struct tok *t)
{
	for (size_t i = 0; i < t->text.n; i++)
		if (!islower((unsigned char)t->text.s[i]))
			return false;
	return true;
}

static size_t read_value(struct reader *r, size_t i, struct term *t)
{
	struct term program = {0};
	struct slice w = r->t.v[i].text;

	if (find_value(r->env, t, w) && only_raw(t) && plain_word(&r->t.v[i]))
		memset(t, 0, sizeof(*t)); /* a word of English that some record happens to hold */
	else if (t->ncands && !(only_asides(t) && w.n >= 3 && !tok_name_like(&r->t.v[i])))
		return 1;
	/* a program by its short name */
	if (t->ncands && find_value(r->env, &program,
	                            slice_of(arena_printf(r->env->a, "%.*s.exe", (int)w.n, w.s)))) {
		*t = program;
		t->ent = ENT_FILE;
		return 1;
	}
	if (t->ncands)
		return 1;
	if (w.n < 3 || tok_name_like(&r->t.v[i]) ||
	    !find_value(r->env, t, slice_of(arena_printf(r->env->a, "%.*s.exe", (int)w.n, w.s))))
		return 0;
	t->ent = ENT_FILE;
	return 1;
}

static int64_t size_unit(struct slice w)
{
	static const struct {
		const char *name;
		int64_t n;
	} units[] = {{"kb", 1000},   {"k", 1000},        {"mb", 1000000},
	             {"m", 1000000}, {"gb", 1000000000}, {"tb", 1000000000000},
	             {"kib", 1024},  {"mib", 1048576},   {"gib", 1073741824}};

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (slice_eq_str(w, units[i].name))
			return units[i].n;
	return 0;
}

static size_t read_number(struct reader *r, size_t i, struct term *t)
{
	const struct tok *w = &r->t.v[i];
	size_t d = 0, n = 1;
	int64_t scale;
	struct slice digits = w->word;

	if (tok_is(w, "one") && (prev_gram(r, G_GT) || prev_gram(r, G_GE) || prev_gram(r, G_LT) ||
	                         prev_gram(r, G_LE))) {
		t->kind = T_NUMBER;
		t->num = 1;
		t->value = w->text;
		return 1;
	}
	if (!w->open && !isdigit((unsigned char)w->word.s[0])) {
		if (w->word.n < 3 || tok_is(w, "one") || tok_is(w, "half") || tok_is(w, "couple") ||
		    !tx_number(&r->t, i, &t->num))
			return 0;
		t->kind = T_NUMBER;
		return 1;
	}
	while (d < w->word.n && isdigit((unsigned char)w->word.s[d]))
		d++;
	digits.n = d;
	if (d == 0 || d > 15 || !slice_i64(digits, &t->num))
		return 0;
	scale = d < w->word.n ? size_unit((struct slice){w->word.s + d, w->word.n - d}) : 1;
	if (d < w->word.n && scale == 0)
		return 0;
	if (d == w->word.n && i + 1 < r->t.n && r->t.v[i + 1].word.n >= 2 &&
	    size_unit(r->t.v[i + 1].word)) {
		scale = size_unit(r->t.v[i + 1].word);
		n = 2;
	}
	t->num *= scale;
	t->scale = scale;
	t->kind = T_NUMBER;
	t->value = w->text;
	return n;
}

/* "per hour", "hourly", "5-minute": a bucket of time. A bare unit only where it can be one. */
static size_t read_span(struct reader *r, size_t i, struct term *t)
{
	bool by = prev_gram(r, G_PER) || prev_gram(r, G_BY);
	size_t n = tx_unit(&r->t, i, &t->num);
	struct slice w = r->t.v[i].word;

	if (n == 0)
		return 0;
	if (n == 2 && !by) /* "busiest 3 hours": the number counts them */
		return 0;
	if (w.n < 3 && !by)
		return 0;
	t->kind = T_SPAN;
	return n;
}

#define PATHS_MAX 4
static const struct lex_entry *path_entry(const struct term_env *env, struct slice name,
                                          const struct catalog_field *const *f, size_t n)
{
	struct lex_entry *e = arena_zalloc(env->a, sizeof(*e));
	const char **names = arena_zalloc(env->a, (n + 1) * sizeof(*names));

	for (size_t i = 0; i < n; i++)
		names[i] = f[i]->path ? arena_printf(env->a, "raw:%s", f[i]->path)
		                      : field_at(f[i]->field)->name;
	e->kind = LEX_FIELD;
	e->fields = names;
	e->name = arena_memdup(env->a, name.s, name.n);
	e->thing = true;
	return e;
}

const struct lex_entry *term_path(const struct term_env *env, struct slice name)
{
	const struct catalog_field *f[PATHS_MAX];
	size_t n = catalog_path_by_word(env->w->c, name, f, ARRAY_LEN(f));

	return n && name.n >= 3 ? path_entry(env, name, f, n < PATHS_MAX ? n : PATHS_MAX) : NULL;
}

const struct lex_entry *term_column(const struct term_env *env, struct slice name)
{
	const struct catalog_field *f[16], *top[PATHS_MAX];
	size_t n = catalog_path_by_word(env->w->c, name, f, ARRAY_LEN(f)), k = 0;

	if (n == 0 && name.n > 3 && name.s[name.n - 1] == 's') {
		name.n--;
		n = catalog_path_by_word(env->w->c, name, f, ARRAY_LEN(f));
	}
	for (size_t i = 0; i < n && i < ARRAY_LEN(f) && k < PATHS_MAX; i++) {
		int d = f[i]->path && !strchr(f[i]->path, '.') ? dataset_bit(env->w, f[i]->dataset)
		                                               : -1;

		if (d >= 0 && (env->w->in_scope >> d & 1) &&
		    (k == 0 || strcmp(top[k - 1]->path, f[i]->path) != 0))
			top[k++] = f[i];
	}
	return k ? path_entry(env, name, top, k) : NULL;
}

/* A raw path by its last segment ("conn_state", "GrantedAccess", "errorCode"), or a dotted one; its name may be two words. */
static size_t read_path(struct reader *r, size_t i, struct term *t)
{
	struct slice w = r->t.v[i].text;
	const struct lex_entry *e = term_path(r->env, w);
	size_t k = 1;

	if (!e && w.n > 4 && (w.s[w.n - 1] | 0x20) == 's') /* "top repos" */
		e = term_path(r->env, (struct slice){w.s, w.n - 1});
	if (!e && i + 1 < r->t.n && !r->t.v[i].close &&
	    isalpha((unsigned char)r->t.v[i + 1].text.s[0])) {
		e = term_path(r->env, tok_words(r->env->a, &r->t.v[i], 2));
		k = 2;
	}
	if (!e)
		return 0;
	t->kind = T_FIELD;
	t->lex = e;
	return k;
}

/* The last part of a dataset's name: "smb_mapping", "conn". */
static size_t read_dataset(struct reader *r, size_t i, struct term *t)
{
	struct world *w = r->env->w;

	for (size_t d = 0; d < w->nds; d++) {
		const char *name = w->ds[d].name, *dot = strrchr(name, '.'),
		           *last = dot ? dot + 1 : name;
		struct lex_entry *e;
		char *text;

		if (!slice_ieq(r->t.v[i].text, slice_of(last)) &&
		    !slice_ieq(r->t.v[i].text, slice_of(name)))
			continue;
		text = arena_printf(r->env->a, "dataset = \"%s\"", name);
		e = arena_zalloc(r->env->a, sizeof(*e));
		e->kind = LEX_CONCEPT;
		e->concept = CK_DATASET;
		e->name = name;
		e->where = frag_parse(r->env->a, text, NULL);
		if (!e->where)
			return 0;
		t->kind = T_CONCEPT;
		t->lex = e;
		return 1;
	}
	return 0;
}

/* Fields of sentences: a word in one of them names nothing. */
static bool prose(const char *field)
{
	static const char *const fields[] = {
	        "message",      "api.response.error_message", "finding_info.desc",
	        "mw.script",    "mw.policy_document",         "remediation.desc",
	        "status_detail"};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (strcmp(field, fields[i]) == 0)
			return true;
	return false;
}

/* Parts of names, short names, typos of names. */
static size_t read_near(struct reader *r, size_t i, struct term *t, bool parts_only)
{
	struct cand c[CANDS_MAX];
	struct slice w = r->t.v[i].text;
	size_t n, keep = 0;

	bool plain = !tok_name_like(&r->t.v[i]) && !slice_camel(w);

	if (w.n < 3 || entity_of(w) == ENT_IP || slice_all_digits(w))
		return 0;
	if (plain && map_get(&r->env->x->stems, r->t.v[i].stem.s, r->t.v[i].stem.n))
		return 0; /* a word of the language, not a part of a name */
	n = cands_find(r->env, w, true, c, ARRAY_LEN(c));
	for (size_t k = 0; k < n; k++) {
		bool part = mw_memimem(c[k].value.s, c[k].value.n, w.s, w.n) != NULL;

		if (prose(c[k].field))
			continue;
		if (part || (!parts_only && w.n >= 5 &&
		             mw_edit_distance(w, c[k].value, 2) <= (w.n >= 8 ? 2 : 1)))
			c[keep++] = c[k];
	}
	if (keep == 0)
		return 0;
	t->kind = T_VALUE;
	t->value = w;
	t->ent = ENT_NAME;
	set_cands(r->env, t, c, keep);
	t->corrected = mw_memimem(c[0].value.s, c[0].value.n, w.s, w.n) == NULL;
	t->as = c[0].value;
	return 1;
}

static void finish(struct reader *r, struct term *t, size_t i, size_t n)
{
	t->tok = i;
	t->n = n;
	t->open = r->t.v[i].open;
	t->close = r->t.v[i + n - 1].close;
	t->possessive = r->t.v[i + n - 1].possessive;
	t->glued = r->t.v[i].glued;
	for (size_t k = i; k < i + n; k++)
		t->corrected = t->corrected || r->t.v[k].mended;
	*vec_push(&r->out) = *t;
}

/* Right behind a field, a value of that field is what it looks like: "user SYSTEM", "severity high". */
static size_t read_of_field(struct reader *r, size_t i, struct term *t, const struct term *lex)
{
	const struct term *p = reader_previous(r);

	if (!p || p->kind != T_FIELD || p->close || !p->lex->fields || lex->kind == T_GRAM ||
	    !find_value(r->env, t, r->t.v[i].text))
		return 0;
	for (size_t k = 0; k < t->ncands; k++)
		for (const char *const *f = p->lex->fields; *f; f++)
			if (strcmp(*f, t->cands[k].field) == 0) {
				t->ent = entity_of(t->value);
				return 1;
			}
	return 0;
}

/* "success=no": the left side is a field, by its raw name too; the right side is its value, whatever else it may mean. */
static size_t read_glued(struct reader *r, size_t i, struct term *t)
{
	const struct tok *w = &r->t.v[i];
	size_t n;

	if (w->glued) {
		if (read_number(r, i, t))
			return 1;
		memset(t, 0, sizeof(*t));
		if (!find_value(r->env, t, w->text))
			t->kind = T_VALUE, t->value = w->text;
		t->ent = entity_of(w->text);
		return 1;
	}
	if (i + 2 >= r->t.n || !r->t.v[i + 2].glued || r->t.v[i + 1].from != w->from)
		return 0;
	n = read_path(r, i, t);
	return n == 1 ? 1 : 0;
}

/* A dash by itself parts clauses. */
static size_t read_dash(struct reader *r, struct term *t)
{
	t->kind = T_GRAM;
	t->lex = lexicon_phrase(r->env->x, "please");
	if (r->out.n && !r->out.v[r->out.n - 1].close)
		r->out.v[r->out.n - 1].close = '-';
	return 1;
}

/* "net.exe user /domain": what follows a program up to its last switch is its command line. */
static size_t read_command(struct reader *r, size_t i, struct term *t)
{
	const struct term *p = reader_previous(r);
	size_t last = 0;

	if (!p || p->kind != T_VALUE || p->ent != ENT_FILE || p->close)
		return 0;
	for (size_t k = i; k < r->t.n && k < i + 6; k++) {
		struct slice w = r->t.v[k].text;

		if (w.n > 1 && (w.s[0] == '/' || w.s[0] == '-') && isalpha((unsigned char)w.s[1]))
			last = k + 1;
		if (r->t.v[k].close)
			break;
	}
	if (last == 0)
		return 0;
	struct buf b = BUF_INIT;

	for (size_t k = i; k < last; k++) {
		if (k > i)
			buf_ch(&b, ' ');
		buf_add(&b, r->t.v[k].text.s, r->t.v[k].text.n);
	}
	t->kind = T_VALUE;
	t->ent = ENT_CMD;
	t->value = (struct slice){arena_memdup(r->env->a, b.s, b.len), b.len};
	buf_release(&b);
	return last - i;
}

static bool known_word(const struct reader *r, struct slice w)
{
	return map_get(&r->env->x->words, w.s, w.n) != NULL;
}

/* "production" has the stem of "product" without being a form of it, as "products" is. */
static bool by_stem_only(const struct reader *r, const struct term *lex, struct slice w)
{
	static const char *const ends[] = {"s", "es", "d", "ed", "ing", ""};

	if (w.n < 5 || (!term_filler(lex) && lex->kind != T_FIELD))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		size_t n = strlen(ends[i]);

		if (w.n > n && memcmp(w.s + w.n - n, ends[i], n) == 0 &&
		    known_word(r, (struct slice){w.s, w.n - n}))
			return false;
	}
	return true;
}

/* "production" where the data have that name: the name is meant, not the word that shares its stem. */
static bool names_it(struct reader *r, size_t i, const struct term *lex, struct term *t)
{
	return by_stem_only(r, lex, r->t.v[i].word) && find_value(r->env, t, r->t.v[i].text) &&
	       !only_raw(t) && !only_asides(t);
}

/* "request types", "relative target name": words that together are a column's name mean it, where the language knows no more than
 * the first of them. */
static size_t read_column(struct reader *r, size_t i, size_t k, const struct term *lex,
                          struct term *t)
{
	if (k && lex->kind == T_GRAM && lex->lex->gram != G_NOUN)
		return 0;
	for (size_t n = 3; n > 1 && n > k; n--) {
		const struct lex_entry *e = NULL;
		struct buf b = BUF_INIT;
		bool whole = i + n <= r->t.n;

		for (size_t j = i; whole && j < i + n; j++) {
			whole = r->t.v[j].word.n > 1 && !(j + 1 < i + n && r->t.v[j].close) &&
			        !r->t.v[j].quoted && !r->t.v[j].glued;
			buf_printf(&b, "%s%.*s", j > i ? " " : "", (int)r->t.v[j].word.n,
			           r->t.v[j].word.s);
		}
		if (whole)
			e = term_path(r->env, (struct slice){b.s, b.len});
		if (whole && !e && b.s[b.len - 1] == 's')
			e = term_path(r->env, (struct slice){b.s, b.len - 1});
		buf_release(&b);
		if (!e)
			continue;
		t->kind = T_FIELD;
		t->lex = e;
		return n;
	}
	return 0;
}

/* Order of trust: what cannot be anything else first. */
static size_t read_one(struct reader *r, size_t i, struct term *t)
{
	const struct tok *w = &r->t.v[i];
	struct term lex = {0};
	size_t n, k;

	if (slice_eq_str(w->text, "-"))
		return read_dash(r, t);
	if ((n = read_quoted(r, i, t)) || (n = read_glued(r, i, t)) || (n = read_time(r, i, t)))
		return n;
	memset(t, 0, sizeof(*t));
	if ((n = read_command(r, i, t)))
		return n;
	k = read_lexicon(r, i, &lex);
	if (k < 2 && (n = read_of_field(r, i, t, &lex)))
		return n;
	memset(t, 0, sizeof(*t));
	if (k < 2 && (n = read_entity(r, i, t)))
		return n;
	n = read_event(r, i, t);
	if ((k < 2 && (n > k || (n && slice_camel(w->text)))) ||
	    (n && n >= k && more_exact(t, &lex)))
		return n;
	memset(t, 0, sizeof(*t));
	if (!(k && lex.kind == T_GRAM && !tok_name_like(w)) &&
	    (n = read_long_value(r, i, t, k ? k : 1)))
		return n;
	memset(t, 0, sizeof(*t));
	if (k < 2 && (n = read_column(r, i, k, &lex, t)))
		return n;
	memset(t, 0, sizeof(*t));
	if (k < 2 && (n = read_span(r, i, t)))
		return n;
	if (k == 1 && lex.kind == T_CONCEPT && !frag_alive(lex.lex->where, r->env->w) &&
	    (n = read_value(r, i, t)))
		return n; /* "curl" is a program where no log has user agents */
	memset(t, 0, sizeof(*t));
	if (k == 1 && names_it(r, i, &lex, t))
		return 1;
	memset(t, 0, sizeof(*t));
	if (k < 2 && tok_is(w, "one") && (n = read_number(r, i, t)))
		return n;
	if (k) {
		*t = lex;
		return k;
	}
	if ((n = read_number(r, i, t)) || (n = read_value(r, i, t)) ||
	    (n = read_dataset(r, i, t)) || (n = read_path(r, i, t)) || (n = read_camel(r, i, t)))
		return n;
	return 0;
}

struct terms terms_read(const struct term_env *env, struct slice question)
{
	struct reader r = {.env = env, .t = tokenise(question, env->a)};
	struct terms out;

	reader_mend_phrases(&r);
	for (size_t i = 0; i < r.t.n;) {
		struct term t = {0};
		size_t n = read_one(&r, i, &t);

		if (n == 0 && tok_name_like(&r.t.v[i]))
			n = read_near(&r, i, &t, true);
		if (n == 0 && reader_split(&r, i))
			continue;
		if (n == 0 && r.t.v[i].text.n >= 4)
			n = read_near(&r, i, &t, true);
		if (n == 0 && reader_mend(&r, i)) {
			n = read_one(&r, i, &t);
			t.corrected = true;
			t.as = r.t.v[i].word;
		}
		if (n == 0)
			n = read_near(&r, i, &t, false);
		if (n == 0 && reader_event_word(&r, i, &t))
			n = 1;
		if (n == 0) {
			memset(&t, 0, sizeof(t));
			t.kind = T_UNKNOWN;
			t.value = r.t.v[i].text;
			n = 1;
		}
		finish(&r, &t, i, n);
		i += n;
	}
	out = (struct terms){arena_alloc(env->a, (r.out.n + 1) * sizeof(*out.v)), r.out.n, r.t};
	if (out.n)
		memcpy(out.v, r.out.v, out.n * sizeof(*out.v));
	vec_free(&r.out);
	return out;
}
