#include "model/score.h"

#include <math.h>

/* ---- pointers ---- */

static const cJSON *member(const cJSON *o, struct slice name)
{
	char *key = xstrndup(name.s, name.n);
	uint64_t i;
	const cJSON *v =
	        cJSON_IsArray(o)
	                ? slice_u64(name, &i) && i < 1000000 ? cJSON_GetArrayItem(o, (int)i) : NULL
	                : json_get(o, key);

	free(key);
	return v;
}

const cJSON *score_at(const cJSON *doc, const char *pointer)
{
	struct slice rest = slice_of(*pointer == '/' ? pointer + 1 : pointer), name;

	while (doc && rest.n && slice_split(&rest, '/', &name))
		doc = member(doc, name);
	return doc;
}

/* ---- one document ---- */

static void say_found(struct buf *why, const char *what, const cJSON *v)
{
	buf_printf(why, "%s: found ", what);
	if (v)
		json_write(why, v);
	else
		buf_str(why, "nothing");
}

static const char *text_of(const cJSON *v)
{
	return cJSON_IsString(v) ? v->valuestring : "";
}

static bool is_in(const cJSON *list, const cJSON *v)
{
	const cJSON *x;

	cJSON_ArrayForEach(x, list) if (v && cJSON_Compare(x, v, true)) return true;
	return false;
}

/* Each test of an expectation that is there has to hold. */
static bool holds_at(const cJSON *expect, const cJSON *v)
{
	const cJSON *is = json_get(expect, "is"), *in = json_arr(expect, "in"),
	            *exists = json_get(expect, "exists");
	const char *starts = json_str(expect, "starts", NULL), *has = json_str(expect, "has", NULL);

	return (!is || (v && cJSON_Compare(is, v, true))) && (!in || is_in(in, v)) &&
	       (!exists || cJSON_IsTrue(exists) == (v && !cJSON_IsNull(v))) &&
	       (!starts || strncmp(text_of(v), starts, strlen(starts)) == 0) &&
	       (!has || mw_memimem(text_of(v), strlen(text_of(v)), has, strlen(has)));
}

static bool is_grounded(const cJSON *doc)
{
	return json_get(doc, "sentences") &&
	       json_i64(doc, "checked", -1) == json_i64(doc, "supported", -2);
}

bool score_holds(const cJSON *expect, const cJSON *doc, struct buf *why)
{
	const char *at = json_str(expect, "at", NULL), *tool = json_str(expect, "tool", NULL);
	const cJSON *v = at ? score_at(doc, at) : NULL;

	if (tool && strcmp(tool, json_str(doc, "outcome", "")) != 0) {
		say_found(why, "outcome",
		          json_get(doc, json_get(doc, "error") ? "error" : "outcome"));
		return false;
	}
	if (json_bool(expect, "grounded", false) && !is_grounded(doc)) {
		say_found(why, "not all sentences are supported", json_get(doc, "sentences"));
		return false;
	}
	if (!at || holds_at(expect, v))
		return true;
	say_found(why, at, v);
	return false;
}

/* ---- variants ---- */

bool score_holds_over(const cJSON *expect, const cJSON *const *docs, size_t n, struct buf *why)
{
	const char *at = json_str(expect, "at", "");
	const cJSON *band = json_get(expect, "band"), *first = n ? score_at(docs[0], at) : NULL;
	double low = HUGE_VAL, high = -HUGE_VAL;

	for (size_t i = 0; i < n; i++) {
		const cJSON *v = score_at(docs[i], at);
		if (json_bool(expect, "same", false) &&
		    (!v || !first || !cJSON_Compare(v, first, true))) {
			say_found(why, at, v);
			return false;
		}
		low = fmin(low, cJSON_IsNumber(v) ? v->valuedouble : -HUGE_VAL);
		high = fmax(high, cJSON_IsNumber(v) ? v->valuedouble : HUGE_VAL);
	}
	if (!cJSON_IsNumber(band) || high - low <= band->valuedouble)
		return true;
	buf_printf(why, "%s: moves from %g to %g over the variants", at, low, high);
	return false;
}

/* ---- answers of ask ---- */

static bool same_set(const cJSON *a, const cJSON *b)
{
	const cJSON *x;

	if (!cJSON_IsArray(a) || !cJSON_IsArray(b) ||
	    cJSON_GetArraySize(a) != cJSON_GetArraySize(b))
		return false;
	cJSON_ArrayForEach(x, a) if (!is_in(b, x)) return false;
	return true;
}

bool score_answer(const cJSON *expect, const cJSON *result, struct buf *why)
{
	static const char *const sets[] = {"values", "pairs", "ids"};
	static const char *const plain[] = {"kind", "value", "reason"};

	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		const cJSON *want = json_get(expect, plain[i]), *is = json_get(result, plain[i]);
		if (want && (!is || !cJSON_Compare(want, is, true))) {
			say_found(why, plain[i], is);
			return false;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		const cJSON *want = json_get(expect, sets[i]);
		bool own = !strcmp(sets[i], "ids") && same_set(want, json_get(result, "uids"));
		if (want && !own && !same_set(want, json_get(result, sets[i]))) {
			buf_printf(why, "%s: found %d, wanted %d, or others", sets[i],
			           cJSON_GetArraySize(json_get(result, sets[i])),
			           cJSON_GetArraySize(want));
			return false;
		}
	}
	return true;
}

/* ---- shares ---- */

#define Z95 1.959964

struct share share_of(int64_t hits, int64_t n)
{
	struct share s = {.hits = hits, .n = n, .low = 0, .high = 1};
	double p, zz = Z95 * Z95, mid, half;

	if (n <= 0)
		return s;
	s.share = p = (double)hits / (double)n;
	mid = (p + zz / (2 * (double)n)) / (1 + zz / (double)n);
	half = Z95 * sqrt(p * (1 - p) / (double)n + zz / (4 * (double)n * (double)n)) /
	       (1 + zz / (double)n);
	s.low = fmax(0, mid - half);
	s.high = fmin(1, mid + half);
	return s;
}

void share_text(const struct share *s, struct buf *out)
{
	if (!s->n)
		buf_str(out, "no data (0 of 0)");
	else
		buf_printf(out, "%.3f (%lld of %lld, 95 %% %.3f..%.3f)", s->share,
		           (long long)s->hits, (long long)s->n, s->low, s->high);
}

void tally_add(struct tally *t, const char *name, bool hit)
{
	struct tally_row *r;

	vec_each (r, &t->rows)
		if (strcmp(r->name, name) == 0)
			break;
	if (r == t->rows.v + t->rows.n) {
		r = vec_push(&t->rows);
		r->name = xstrdup(name);
	}
	r->n++;
	r->hits += hit;
}

void tally_release(struct tally *t)
{
	for (size_t i = 0; i < t->rows.n; i++)
		free(t->rows.v[i].name);
	vec_free(&t->rows);
}
