#include "source/connector_catalog.h"

#include <ctype.h>
#include <strings.h>

#include "base/mem.h"

#define NEAREST 3

/* ---- looking up ---- */

/* AQL names its database itself; a pattern is as good as any table that it finds, and the catalogue has no others. */
static const cJSON *exact_table(const struct catalog_look *l, const char *table)
{
	if (!table && l->lang == RENDER_AQL)
		table = "events";
	return table ? json_obj(l->catalog->tables, table) : NULL;
}

static bool one_table(const struct catalog_look *l, const char *table)
{
	return l->lang == RENDER_KQL || l->lang == RENDER_AQL ||
	       (table && !strpbrk(table, "*,") && exact_table(l, table));
}

/* "" where its table was not found or has no column that is known: then nothing can be said against any. */
static const char *type_of(void *ctx, const char *table, const char *column)
{
	const struct catalog_look *l = ctx;
	const cJSON *t;
	bool known = false;

	if (one_table(l, table)) {
		t = exact_table(l, table);
		return t && t->child ? json_str(t, column, NULL) : "";
	}
	cJSON_ArrayForEach(t, l->catalog->tables)
	{
		const char *type = json_str(t, column, NULL);
		known |= t->child != NULL;
		if (type)
			return type;
	}
	return known ? NULL : "";
}

bool catalog_of(struct catalog_look *look, const struct connector_env *env, enum render_lang lang,
                struct render_catalog *out)
{
	*look = (struct catalog_look){env->catalog, lang};
	if (!env->catalog || !env->catalog->tables)
		return false;
	*out = (struct render_catalog){look, type_of};
	return true;
}

/* ---- names like one ---- */

struct near {
	const char *name;
	int far;
};
struct nearest {
	const char *word;
	struct near v[NEAREST];
	size_t n;
};

static struct slice last_part(const char *s)
{
	const char *dot = strrchr(s, '.');

	return slice_of(dot ? dot + 1 : s);
}

static struct slice folded(char *room, size_t size, struct slice s)
{
	size_t n = s.n < size ? s.n : size - 1;

	for (size_t i = 0; i < n; i++)
		room[i] = (char)tolower((unsigned char)s.s[i]);
	return (struct slice){room, n};
}

/* 0 the same but for case; -1 too far. */
static int how_far(const char *word, const char *name)
{
	char a[256], b[256];
	struct slice x = folded(a, sizeof(a), slice_of(word)),
	             y = folded(b, sizeof(b), slice_of(name));
	int cap = x.n / 3 > 2 ? (int)(x.n / 3) : 2, d = mw_edit_distance(x, y, cap);
	struct slice p = folded(a, sizeof(a), last_part(word)),
	             q = folded(b, sizeof(b), last_part(name));

	if (d <= cap)
		return d;
	if (p.n > 2 && slice_eq(p, q))
		return cap + 1;
	if (p.n > 3 && q.n > 3 && mw_edit_distance(p, q, 2) <= 2)
		return cap + 3;
	return p.n > 3 && mw_memimem(name, strlen(name), last_part(word).s, p.n) ? cap + 4 : -1;
}

static void consider(struct nearest *x, const char *name)
{
	int far = how_far(x->word, name);
	size_t at = x->n;

	for (size_t i = 0; i < x->n; i++)
		if (!strcmp(x->v[i].name, name))
			return;
	while (at > 0 && x->v[at - 1].far > far)
		at--;
	if (far < 0 || at == NEAREST)
		return;
	x->n += x->n < NEAREST;
	memmove(&x->v[at + 1], &x->v[at], (x->n - 1 - at) * sizeof(x->v[0]));
	x->v[at] = (struct near){name, far};
}

static void add_nearest(struct buf *b, const struct nearest *x)
{
	for (size_t i = 0; i < x->n; i++)
		buf_printf(b, "%s%s", i ? ", " : "; nearest: ", x->v[i].name);
}

static void near_columns(const struct catalog_look *l, const char *table, struct nearest *x)
{
	const cJSON *only = one_table(l, table) ? exact_table(l, table) : NULL, *t, *c;

	cJSON_ArrayForEach(t, l->catalog->tables)
	{
		if (only && t != only)
			continue;
		cJSON_ArrayForEach(c, t) consider(x, c->string);
	}
}

/* ---- what is said ---- */

static void add_age(struct buf *b, const struct catalog_look *l)
{
	char at[32];

	mw_time_format(l->catalog->at, at);
	buf_printf(b, "%s%.19sZ",
	           l->catalog->sample ? "its newest events as of " : "its catalogue of ", at);
}

int catalog_check_table(const struct catalog_look *look, const char *source, const char *table,
                        struct err *e)
{
	struct nearest x = {.word = table};
	struct buf b = BUF_INIT;
	const cJSON *t;

	if ((look->lang != RENDER_KQL && look->lang != RENDER_CH) || !table ||
	    !look->catalog->tables->child || json_obj(look->catalog->tables, table))
		return 0;
	cJSON_ArrayForEach(t, look->catalog->tables) consider(&x, t->string);
	buf_printf(&b, "%s has no table %s by ", source, table);
	add_age(&b, look);
	add_nearest(&b, &x);
	err_set(e, ERR_NOT_FOUND, "%s. Nothing was sent", b.s);
	buf_release(&b);
	return -1;
}

static void say_missing(const struct catalog_look *l, const char *source, const char *table,
                        const struct render_column *c, struct buf *b)
{
	struct nearest x = {.word = c->column};

	near_columns(l, table, &x);
	buf_printf(b, "%s%s%s has no field %s", source,
	           table ? l->lang == RENDER_SPL ? ": index " : ": " : "", table ? table : "",
	           c->column);
	if (strcmp(c->field, c->column) != 0)
		buf_printf(b, " (for %s)", c->field);
	buf_str(b, " by ");
	add_age(b, l);
	add_nearest(b, &x);
}

static const struct render_column *first_missing(const struct rendered *text, size_t *there)
{
	const struct render_column *found = NULL;

	*there = 0;
	for (size_t i = 0; i < text->columns.n; i++) {
		if (!text->columns.v[i].missing)
			(*there)++;
		else if (!found)
			found = &text->columns.v[i];
	}
	return found;
}

int catalog_check(const struct catalog_look *look, const char *source, const char *table,
                  const struct row_conf *rows, const struct plan_search *s,
                  const struct rendered *text, struct source_done *done, struct err *e)
{
	size_t there;
	const struct render_column *missing = first_missing(text, &there);
	struct buf b = BUF_INIT;
	bool refused = missing && render_hangs_on_missing(s, text) &&
	               (rows->columns_only || !text->narrows);

	if (missing) {
		say_missing(look, source, table, missing, &b);
	} else {
		buf_printf(&b, "%zu of %zu checked against ", there, text->columns.n);
		add_age(&b, look);
	}
	if (refused)
		err_set(e, ERR_NOT_FOUND, "%s. Nothing was sent", b.s);
	else if (missing)
		buf_str(&b, ": looked for in the records themselves");
	if (!refused)
		snprintf(done->fields, sizeof(done->fields), "%s", b.s);
	buf_release(&b);
	return refused ? -1 : 0;
}
