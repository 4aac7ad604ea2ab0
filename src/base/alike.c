#include "base/alike.h"

#include <ctype.h>

#include "base/map.h"

#define VALUES_MAX 8
#define SHARED_PERCENT 80

/* --- words --------------------------------------------------------------------------------------------------------------- */

static bool next_word(struct slice *rest, struct slice *word)
{
	size_t n = 0;

	while (rest->n && *rest->s == ' ') {
		rest->s++;
		rest->n--;
	}
	while (n < rest->n && rest->s[n] != ' ')
		n++;
	*word = (struct slice){rest->s, n};
	rest->s += n;
	rest->n -= n;
	return n > 0;
}

/* Words that name the thing after them. */
static bool names_next(struct slice w)
{
	static const char *const words[] = {"by",      "of",      "from", "for",    "on",
	                                    "to",      "user",    "host", "in",     "with",
	                                    "account", "between", "role", "bucket", "at"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_ieq(w, slice_of(words[i])))
			return true;
	return false;
}

static bool is_value(struct slice w, bool named)
{
	if (named && !names_next(w))
		return true;
	for (size_t i = 0; i < w.n; i++)
		if (isdigit((unsigned char)w.s[i]) || strchr("@/_\\=", w.s[i]) ||
		    ((w.s[i] == '.' || w.s[i] == ':') && i + 1 < w.n))
			return true;
	return false;
}

/* Calls fn for each word with whether it is a value. */
static void each_word(const char *title, void (*fn)(void *ctx, struct slice w, bool value),
                      void *ctx)
{
	struct slice rest = slice_of(title), w;
	bool named = false;

	while (next_word(&rest, &w)) {
		struct slice bare = w;
		while (bare.n && strchr(",.:;", bare.s[bare.n - 1]))
			bare.n--;
		fn(ctx, bare, is_value(bare, named));
		named = w.n == bare.n && names_next(w);
	}
}

static void add_pattern_word(void *ctx, struct slice w, bool value)
{
	struct buf *b = ctx;

	buf_str(b, b->len ? " " : "");
	if (value)
		buf_ch(b, '*');
	else
		buf_add(b, w.s, w.n);
}

char *alike_pattern(const char *title)
{
	struct buf b = BUF_INIT;

	each_word(title, add_pattern_word, &b);
	return buf_take(&b, NULL);
}

struct values {
	struct slice v[VALUES_MAX];
	size_t n;
};

static void add_value(void *ctx, struct slice w, bool value)
{
	struct values *v = ctx;

	if (value && v->n < VALUES_MAX)
		v->v[v->n++] = w;
}

/* --- what most share ------------------------------------------------------------------------------------------------------- */

/* The value at place k that at least SHARED_PERCENT of the members have; n 0: none. */
static struct slice shared_value(const struct alike *g, const struct alike_item *items, size_t k)
{
	struct map count = MAP_INIT;
	struct slice best = {NULL, 0};
	const struct alike_member *m;

	vec_each (m, &g->members) {
		struct values v = {.n = 0};
		struct map_entry *e;
		each_word(items[m->item].title, add_value, &v);
		if (k >= v.n)
			continue;
		e = map_put(&count, v.v[k].s, v.v[k].n, NULL);
		if (++e->val.u * 100 >= g->members.n * SHARED_PERCENT)
			best = v.v[k];
	}
	map_release(&count);
	return best;
}

static char usual_severity(const struct alike *g, const struct alike_item *items)
{
	static const char order[] = "CHMLI";
	size_t count[5] = {0}, best = 4;
	const struct alike_member *m;

	vec_each (m, &g->members) {
		const char *at = strchr(order, items[m->item].severity);
		count[at && *at ? at - order : 4]++;
	}
	for (size_t i = 0; i < 5; i++)
		if (count[i] > count[best])
			best = i;
	return order[best];
}

static bool worse(char a, char b)
{
	static const char order[] = "CHMLI";
	const char *x = strchr(order, a), *y = strchr(order, b);

	return x && y && x < y;
}

static void judge(struct alike *g, const struct alike_item *items, const struct slice *shared)
{
	struct alike_member *m;

	vec_each (m, &g->members) {
		struct values v = {.n = 0};
		each_word(items[m->item].title, add_value, &v);
		for (size_t k = 0; k < v.n && !m->odd; k++)
			if (shared[k].n && !slice_eq(v.v[k], shared[k])) {
				m->odd = true;
				snprintf(m->why, sizeof(m->why), "%.*s, the others %.*s",
				         (int)(v.v[k].n < 40 ? v.v[k].n : 40), v.v[k].s,
				         (int)(shared[k].n < 40 ? shared[k].n : 40), shared[k].s);
			}
		if (!m->odd && worse(items[m->item].severity, g->severity)) {
			m->odd = true;
			snprintf(m->why, sizeof(m->why), "severity %c, the others %c",
			         items[m->item].severity, g->severity);
		}
		g->odd += m->odd;
	}
}

static char *filled(const char *pattern, const struct slice *shared)
{
	struct buf b = BUF_INIT;
	size_t k = 0;

	for (; *pattern; pattern++) {
		if (*pattern == '*' && k < VALUES_MAX && shared[k].n)
			buf_add(&b, shared[k].s, shared[k].n);
		else
			buf_ch(&b, *pattern);
		k += *pattern == '*';
	}
	return buf_take(&b, NULL);
}

static void finish(struct alike *g, const struct alike_item *items)
{
	struct slice shared[VALUES_MAX] = {{NULL, 0}};
	size_t stars = 0;

	for (const char *p = items[g->members.v[0].item].pattern; *p; p++)
		stars += *p == '*';
	for (size_t k = 0; k < VALUES_MAX && k < stars; k++)
		shared[k] = shared_value(g, items, k);
	g->severity = usual_severity(g, items);
	judge(g, items, shared);
	g->pattern = filled(items[g->members.v[0].item].pattern, shared);
}

/* --- groups ------------------------------------------------------------------------------------------------------------------ */

void alike_find(const struct alike_item *items, size_t n, size_t least, struct alike_list *out)
{
	struct map at = MAP_INIT; /* pattern -> count, then index + 1 of the group */
	struct map_entry *e;

	for (size_t i = 0; i < n; i++)
		if (items[i].pattern)
			map_put_str(&at, items[i].pattern, NULL)->val.u++;
	for (size_t i = 0; i < at.n; i++)
		at.entries[i].val.u = at.entries[i].val.u >= least ? UINT64_MAX : 0;
	for (size_t i = 0; i < n; i++) {
		e = items[i].pattern ? map_get_str(&at, items[i].pattern) : NULL;
		if (!e || !e->val.u)
			continue;
		if (e->val.u == UINT64_MAX) {
			*vec_push(&out->v) = (struct alike){.pattern = NULL};
			e->val.u = out->v.n;
		}
		*vec_push(&out->v.v[e->val.u - 1].members) = (struct alike_member){.item = i};
	}
	map_release(&at);
	for (size_t i = 0; i < out->v.n; i++)
		finish(&out->v.v[i], items);
}

void alike_release(struct alike_list *l)
{
	struct alike *g;

	vec_each (g, &l->v) {
		vec_free(&g->members);
		free(g->pattern);
	}
	vec_free(&l->v);
}
