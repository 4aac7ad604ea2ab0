#include "ask/model_brief.h"

#include <ctype.h>

#include "base/asset.h"
#include "base/map.h"

#define EXAMPLES_ASSET "prompts/examples.jsonl"
#define WORD_MIN 3
#define NEAR_MAX 4
#define WORDS_MAX 64

/* ---- fields ---- */

struct seen { /* a normalised field over all datasets */
	uint64_t events;
	int named; /* how strongly the question names it */
	struct slice values[BRIEF_VALUES_MAX];
	size_t nvalues;
};

static bool next_word(struct slice *rest, struct slice *word)
{
	size_t i = 0, n;
	while (i < rest->n && !isalnum((unsigned char)rest->s[i]))
		i++;
	for (n = i;
	     n < rest->n && (isalnum((unsigned char)rest->s[n]) || strchr("._-:/@", rest->s[n]));)
		n++;
	*word = (struct slice){rest->s + i, n - i};
	while (word->n && strchr(".-:/", word->s[word->n - 1]))
		word->n--;
	rest->s += n;
	rest->n -= n;
	return word->n > 0;
}

static void add_value(struct seen *s, struct slice v)
{
	for (size_t i = 0; i < s->nvalues; i++)
		if (slice_ieq(s->values[i], v))
			return;
	if (s->nvalues < BRIEF_VALUES_MAX)
		s->values[s->nvalues++] = v;
}

static void name_by_word(struct seen *all, struct slice word)
{
	const struct field *f[16];
	size_t n = field_by_word(word, f, ARRAY_LEN(f));
	for (size_t i = 0; i < n && i < ARRAY_LEN(f); i++)
		all[f[i]->id].named += 2;
}

static void name_by_value(struct catalog *c, struct seen *all, struct arena *a, struct slice word)
{
	struct catalog_value v[NEAR_MAX];
	size_t n = catalog_value_near(c, word, FIELD_NONE, v, ARRAY_LEN(v));
	for (size_t i = 0; i < n && i < ARRAY_LEN(v); i++) {
		if (v[i].field == FIELD_NONE)
			continue;
		all[v[i].field].named++;
		add_value(
		        &all[v[i].field],
		        (struct slice){arena_memdup(a, v[i].value.s, v[i].value.n), v[i].value.n});
	}
}

static void count_fields(struct catalog *c, struct seen *all)
{
	const struct catalog_field *f;
	size_t n = catalog_fields(c, NULL, &f);
	for (size_t i = 0; i < n; i++)
		if (f[i].field != FIELD_NONE)
			all[f[i].field].events += f[i].events;
}

static const struct seen *order_by; /* qsort has no context; one thread */

static int by_weight(const void *a, const void *b)
{
	const struct seen *x = &order_by[*(const field_id *)a],
	                  *y = &order_by[*(const field_id *)b];
	if (x->named != y->named)
		return y->named - x->named;
	return (x->events < y->events) - (x->events > y->events);
}

static void fill_values(struct catalog *c, struct seen *s, field_id id, struct arena *a)
{
	struct catalog_value v[BRIEF_VALUES_MAX];
	size_t n = catalog_value_top(c, id, v, ARRAY_LEN(v));
	for (size_t i = 0; i < n && i < ARRAY_LEN(v); i++)
		add_value(s, (struct slice){arena_memdup(a, v[i].value.s, v[i].value.n),
		                            v[i].value.n});
}

static void put_field(struct redact *r, const struct field *f, const struct seen *s,
                      struct buf *out)
{
	bool first = true;
	buf_printf(out, "field %s (%s) %s", f->name, f->alias ? f->alias : "-",
	           field_type_name(f->type));
	for (size_t i = 0; i < s->nvalues; i++) {
		struct buf v = BUF_INIT;
		if (redact_value(r, f, s->values[i], &v)) {
			buf_str(out, first ? ": " : ", ");
			json_write_string(out, (struct slice){v.s, v.len < 120 ? v.len : 120});
			first = false;
		}
		buf_release(&v);
	}
	buf_ch(out, '\n');
}

static void put_fields(struct catalog *c, struct redact *r, struct seen *all, struct arena *a,
                       struct buf *out)
{
	field_id ids[FIELD_MAX];
	size_t n = 0;
	for (size_t i = 0; i < field_count(); i++)
		if (all[i].events)
			ids[n++] = (field_id)i;
	order_by = all;
	qsort(ids, n, sizeof(*ids), by_weight);
	for (size_t i = 0; i < n && i < BRIEF_FIELDS_MAX && out->len < BRIEF_BYTES_MAX; i++) {
		fill_values(c, &all[ids[i]], ids[i], a);
		put_field(r, field_at(ids[i]), &all[ids[i]], out);
	}
}

/* ---- datasets and raw paths ---- */

static void put_datasets(struct catalog *c, struct buf *out)
{
	const struct catalog_dataset *d;
	size_t n = catalog_datasets(c, &d);
	for (size_t i = 0; i < n; i++) {
		char from[32] = "no time", to[32] = "no time";
		if (d[i].from != MW_TIME_NONE)
			mw_time_format(d[i].from, from);
		if (d[i].to != MW_TIME_NONE)
			mw_time_format(d[i].to, to);
		buf_printf(out, "dataset %s: %llu events, %s to %s\n", d[i].name,
		           (unsigned long long)d[i].events, from, to);
	}
}

static void put_paths(struct catalog *c, struct slice word, struct buf *out)
{
	const struct catalog_field *f[NEAR_MAX];
	size_t n = catalog_path_by_word(c, word, f, ARRAY_LEN(f));
	for (size_t i = 0; i < n && i < ARRAY_LEN(f); i++)
		if (f[i]->path)
			buf_printf(out, "field raw:%s in %s, %llu events\n", f[i]->path,
			           f[i]->dataset, (unsigned long long)f[i]->events);
}

void brief_catalogue(struct catalog *c, struct redact *r, struct slice question, struct buf *out)
{
	struct seen *all = xcalloc(FIELD_MAX, sizeof(*all));
	struct arena a = ARENA_INIT;
	struct slice rest = question, word;
	struct buf paths = BUF_INIT;
	int words = 0;
	count_fields(c, all);
	while (next_word(&rest, &word) && words++ < WORDS_MAX) {
		if (word.n < WORD_MIN)
			continue;
		name_by_word(all, word);
		name_by_value(c, all, &a, word);
		put_paths(c, word, &paths);
	}
	put_datasets(c, out);
	put_fields(c, r, all, &a, out);
	buf_add(out, paths.s, paths.len);
	buf_release(&paths);
	arena_release(&a);
	free(all);
}

/* ---- examples ---- */

#define GRAMS 4096

static size_t mark_grams(struct slice s, unsigned char set[GRAMS])
{
	size_t n = 0;
	for (size_t i = 0; i + 3 <= s.n; i++) {
		char g[3];
		size_t at;
		for (int k = 0; k < 3; k++)
			g[k] = (char)tolower((unsigned char)s.s[i + (size_t)k]);
		at = mw_hash(g, 3) % GRAMS;
		n += !set[at];
		set[at] = 1;
	}
	return n;
}

/* Dice: shared trigrams over all, from 0 to 1. */
static double likeness(const unsigned char *a, size_t na, struct slice other)
{
	unsigned char b[GRAMS] = {0};
	size_t nb = mark_grams(other, b), both = 0;
	for (size_t i = 0; i < GRAMS; i++)
		both += a[i] && b[i];
	return na + nb ? 2.0 * (double)both / (double)(na + nb) : 0;
}

struct example {
	double like;
	struct slice line;
};

static void keep_best(struct example best[BRIEF_EXAMPLES], struct example x)
{
	for (size_t i = 0; i < BRIEF_EXAMPLES; i++)
		if (x.like > best[i].like) {
			struct example out = best[i];
			best[i] = x;
			x = out;
		}
}

static int put_example(struct slice line, struct buf *out, struct err *e)
{
	cJSON *j = json_parse(line, line.n, e);
	if (!j)
		return err_prefix(e, EXAMPLES_ASSET);
	buf_printf(out, "%s -> ", json_str(j, "question", ""));
	json_write(out, json_obj(j, "plan"));
	buf_ch(out, '\n');
	cJSON_Delete(j);
	return 0;
}

int brief_examples(struct slice question, struct buf *out, struct err *e)
{
	const struct asset *a = asset_find(EXAMPLES_ASSET);
	struct slice rest = {a ? a->data : "", a ? a->len : 0}, line;
	struct example best[BRIEF_EXAMPLES] = {0};
	unsigned char grams[GRAMS] = {0};
	size_t n = mark_grams(question, grams);
	while (slice_split(&rest, '\n', &line)) {
		/* The question is the first member: what follows it is the plan. */
		const char *end = memmem(line.s, line.n, "\"plan\"", 6);
		if (end)
			keep_best(best,
			          (struct example){
			                  likeness(grams, n,
			                           (struct slice){line.s, (size_t)(end - line.s)}),
			                  line});
	}
	for (size_t i = 0; i < BRIEF_EXAMPLES; i++)
		if (best[i].line.n && put_example(best[i].line, out, e))
			return -1;
	return 0;
}
