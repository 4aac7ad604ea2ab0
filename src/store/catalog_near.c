/* Values like a word: an index of the values' beginnings and of the words inside them, made when first asked for. */
#include <ctype.h>

#include "base/json.h"
#include "store/catalog_int.h"

#define NEAR_VALUE_MAX 200 /* longer values are texts rather than names */
#define NEAR_ENTRIES_MAX 400000
#define NEAR_PART_LEAST 3
#define UNIQUE_LEAST \
	2000 /* a field whose values hardly repeat is an id of events, no name: not indexed */
#define CANDIDATES_MAX 4096

struct indexing {
	struct catalog *c;
	field_id field;
	const char *path;
};

static uint32_t letters_of(const char *s, size_t n)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < n; i++)
		bits |= s[i] >= 'a' && s[i] <= 'z' ? 1u << (s[i] - 'a')
		                                   : 1u << (26 + (unsigned char)s[i] % 6);
	return bits;
}

static bool add_entry(void *ctx, const char *dataset, struct slice v, uint64_t events)
{
	const struct indexing *in = ctx;
	struct catalog *c = in->c;
	struct near_entry *e;
	char *folded;

	if (v.n > NEAR_VALUE_MAX || c->near.n >= NEAR_ENTRIES_MAX)
		return c->near.n < NEAR_ENTRIES_MAX;
	folded = arena_alloc(&c->arena, v.n + 1);
	seg_fold(folded, v);
	folded[v.n] = '\0';
	e = vec_push(&c->near);
	*e = (struct near_entry){folded,
	                         (uint32_t)v.n,
	                         letters_of(folded, v.n),
	                         {dataset, in->field, in->path, v, events}};
	return true;
}

static int by_text(const char *a, uint32_t na, const char *b, uint32_t nb)
{
	int c = memcmp(a, b, na < nb ? na : nb);

	return c ? c : (na > nb) - (na < nb);
}

static int by_folded(const void *a, const void *b)
{
	const struct near_entry *x = a, *y = b;

	return by_text(x->folded, x->n, y->folded, y->n);
}

static int by_part(const void *a, const void *b)
{
	const struct near_part *x = a, *y = b;

	return by_text(x->text, x->n, y->text, y->n);
}

static bool is_word(char ch)
{
	return isalnum((unsigned char)ch) || (unsigned char)ch >= 0x80;
}

/* Words inside the value; its beginning is found without. */
static void add_parts(struct catalog *c, uint32_t entry)
{
	const struct near_entry *e = &c->near.v[entry];
	uint32_t from = 0;

	for (uint32_t i = 0; i <= e->n; i++) {
		if (i < e->n && is_word(e->folded[i]))
			continue;
		if (from > 0 && i - from >= NEAR_PART_LEAST)
			*vec_push(&c->parts) =
			        (struct near_part){e->folded + from, i - from, entry};
		from = i + 1;
	}
}

/* And no ids of events. */
static bool names_things(struct catalog *c, const struct catalog_field *f)
{
	uint64_t n = catalog_distinct(c, f);

	return n <= CATALOG_VALUES_MAX && (n <= UNIQUE_LEAST || n * 10 <= f->events * 9);
}

static void make_index(struct catalog *c)
{
	for (size_t i = 0; i < c->fields.n; i++) {
		const struct catalog_field *f = &c->fields.v[i];
		struct indexing in = {c, f->field, NULL};
		if (f->field != FIELD_NONE && names_things(c, f))
			catalog_merge(c, f->dataset, f->field, add_entry, &in);
	}
	for (size_t i = 0; i < c->paths.n; i++) {
		const struct cat_path *p = c->paths.v[i];
		struct indexing in = {c, FIELD_NONE, p->path};
		for (size_t k = 0; p->path && p->all_kept && k < p->values.n; k++) {
			const struct map_entry *v = &p->values.entries[k];
			add_entry(&in, p->dataset, (struct slice){v->key, v->len}, v->val.u);
		}
	}
	if (c->near.n)
		qsort(c->near.v, c->near.n, sizeof(*c->near.v), by_folded);
	for (uint32_t i = 0; i < c->near.n; i++)
		add_parts(c, i);
	if (c->parts.n)
		qsort(c->parts.v, c->parts.n, sizeof(*c->parts.v), by_part);
	c->indexed = true;
}

/* ---- looking ---- */

enum rank { RANK_SAME, RANK_BEGINS, RANK_PART, RANK_TYPO1, RANK_TYPO2 };

struct candidate {
	uint32_t entry;
	int rank;
};
struct looking {
	const struct catalog *c;
	struct slice word; /* folded */
	field_id field;
	VEC(struct candidate) found;
};

static void found(struct looking *l, uint32_t entry, int rank)
{
	const struct near_entry *e = &l->c->near.v[entry];

	if (l->found.n < CANDIDATES_MAX && (l->field == FIELD_NONE || l->field == e->v.field))
		*vec_push(&l->found) = (struct candidate){entry, rank};
}

static uint32_t first_entry(const struct catalog *c, struct slice word)
{
	uint32_t lo = 0;

	for (uint32_t hi = (uint32_t)c->near.n; lo < hi;) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (by_text(c->near.v[mid].folded, c->near.v[mid].n, word.s, (uint32_t)word.n) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void look_beginnings(struct looking *l)
{
	const struct catalog *c = l->c;

	for (uint32_t i = first_entry(c, l->word); i < c->near.n && l->found.n < CANDIDATES_MAX;
	     i++) {
		const struct near_entry *e = &c->near.v[i];
		if (e->n < l->word.n || memcmp(e->folded, l->word.s, l->word.n) != 0)
			break;
		found(l, i, e->n == l->word.n ? RANK_SAME : RANK_BEGINS);
	}
}

/* The word stands in the value between separators. */
static bool is_whole_part(const struct near_entry *e, const char *at, struct slice word)
{
	size_t from = (size_t)(at - e->folded);

	return e->n - from >= word.n && memcmp(at, word.s, word.n) == 0 &&
	       (from + word.n == e->n || !is_word(at[word.n]));
}

static void look_parts(struct looking *l)
{
	const struct catalog *c = l->c;
	uint32_t n = 0, lo = 0;

	while (n < l->word.n && is_word(l->word.s[n]))
		n++;
	for (uint32_t hi = (uint32_t)c->parts.n; lo < hi;) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (by_text(c->parts.v[mid].text, c->parts.v[mid].n, l->word.s, n) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; n && lo < c->parts.n && l->found.n < CANDIDATES_MAX; lo++) {
		const struct near_part *p = &c->parts.v[lo];
		if (by_text(p->text, p->n, l->word.s, n) != 0)
			break;
		if (is_whole_part(&c->near.v[p->entry], p->text, l->word))
			found(l, p->entry, RANK_PART);
	}
}

static void look_typos(struct looking *l)
{
	int most = l->word.n < 4 ? 0 : l->word.n < 6 ? 1 : 2;
	uint32_t letters = letters_of(l->word.s, l->word.n);

	for (uint32_t i = 0; most && i < l->c->near.n; i++) {
		const struct near_entry *e = &l->c->near.v[i];
		size_t apart = e->n > l->word.n ? e->n - l->word.n : l->word.n - e->n;
		if (apart > (size_t)most || __builtin_popcount(e->letters ^ letters) > 2 * most)
			continue;
		int d = mw_edit_distance((struct slice){e->folded, e->n}, l->word, most);
		if (d > 0 && d <= most)
			found(l, i, d == 1 ? RANK_TYPO1 : RANK_TYPO2);
	}
}

static int by_rank(const void *a, const void *b, void *ctx)
{
	const struct candidate *x = a, *y = b;
	const struct near_entry *near = ctx;

	if (x->rank != y->rank)
		return x->rank - y->rank;
	if (near[x->entry].v.events != near[y->entry].v.events)
		return near[x->entry].v.events > near[y->entry].v.events ? -1 : 1;
	return (x->entry > y->entry) - (x->entry < y->entry);
}

size_t catalog_value_near(struct catalog *c, struct slice word, field_id field,
                          struct catalog_value *out, size_t max)
{
	char folded[NEAR_VALUE_MAX];
	struct looking l = {.c = c, .word = {folded, word.n}, .field = field};
	size_t n = 0;

	catalog_follow(c);
	if (!c->indexed)
		make_index(c);
	if (word.n == 0 || word.n > sizeof(folded))
		return 0;
	seg_fold(folded, word);
	look_beginnings(&l);
	look_parts(&l);
	look_typos(&l);
	if (l.found.n)
		qsort_r(l.found.v, l.found.n, sizeof(*l.found.v), by_rank, c->near.v);
	for (size_t i = 0; i < l.found.n && n < max; i++) {
		bool again = false;
		for (size_t k = 0; k < i && !again; k++)
			again = l.found.v[k].entry == l.found.v[i].entry;
		if (!again)
			out[n++] = c->near.v[l.found.v[i].entry].v;
	}
	vec_free(&l.found);
	return n;
}
