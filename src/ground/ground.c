/* A sentence from its text to its verdict. */
#include "ground/ground_int.h"

static const char *const status_names[] = {"supported", "partly", "unsupported", "opinion"};

const char *ground_status_name(enum ground_status s)
{
	return status_names[s];
}

void ground_verdict_release(struct ground_verdict *v)
{
	vec_free(&v->spans);
	*v = (struct ground_verdict){0};
}

static void resolve_ids(struct ground *g, struct sentence *s)
{
	s->cited_set = set_new(&s->arena, g, false);
	for (size_t i = 0; i < s->nids; i++) {
		uint32_t rec = ground_rec(g, s->ids[i]);
		if (rec == REC_NONE) {
			sentence_fail(s, 0, s->text.n, "cites evidence that was not given");
			continue;
		}
		if (!set_has(&s->cited_set, rec))
			*vec_push(&s->cited) = rec;
		set_add(&s->cited_set, rec);
	}
	/* A sentence about all that was given may cite none of it. */
	for (uint32_t i = 0; !s->nids && g->complete && i < g->recs.n; i++) {
		set_add(&s->cited_set, i);
		*vec_push(&s->cited) = i;
	}
}

static int by_place(const void *a, const void *b)
{
	const struct ground_span *x = a, *y = b;
	return x->from != y->from ? (x->from < y->from ? -1 : 1)
	                          : (x->to > y->to) - (x->to < y->to);
}

/* A plain word that is a name elsewhere counts against the sentence only where no article makes it a common noun. */
static bool counts(const struct sentence *s, const struct atom *a)
{
	return !a->soft || !a->tok ||
	       !word_is(s, a->tok - 1, "the|a|an|this|that|its|their|any|some|of|no");
}

static void settle(struct sentence *s)
{
	struct ground_verdict *v = s->out;
	size_t good = 0, claims = 0;
	for (size_t k = 0; k < s->na; k++) {
		const struct atom *a = &s->a[k];
		bool claim = a->kind != AT_VERB && (!a->soft || a->roles);
		if (a->fail && counts(s, a)) {
			sentence_fail(s, a->from, a->to, a->fail);
			claims++;
		} else if (claim && !a->fail) {
			claims++;
			good++;
		}
	}
	if (v->spans.n)
		qsort(v->spans.v, v->spans.n, sizeof(*v->spans.v), by_place);
	if (s->over) {
		sentence_fail(s, 0, s->text.n, "too long to be checked");
		good = 0;
	}
	if (!v->spans.n)
		v->status = claims || s->checked ? GROUND_SUPPORTED : GROUND_OPINION;
	else
		v->status = good && !(v->spans.v[0].from == 0 && v->spans.v[0].to == s->text.n)
		                    ? GROUND_PARTLY
		                    : GROUND_UNSUPPORTED;
	if (v->status == GROUND_SUPPORTED || v->status == GROUND_OPINION)
		v->nagainst = 0;
}

void ground_check_made(struct ground *g, struct slice text, const struct slice *ids, size_t nids,
                       const struct ground_copied *copied, size_t ncopied,
                       struct ground_verdict *out)
{
	struct sentence *s = xcalloc(1, sizeof(*s));
	vec_free(&out->spans);
	*out = (struct ground_verdict){0};
	s->text = text;
	s->ids = ids;
	s->nids = nids;
	s->copied = copied;
	s->ncopied = ncopied;
	s->out = out;
	if (text.n > GROUND_TEXT_MAX || nids > GROUND_RECORDS_MAX) {
		s->over = true;
	} else {
		resolve_ids(g, s);
		sentence_read(g, s);
		look_for_atoms(g, s);
		check_scope(g, s);
		check_together(g, s);
		check_order(g, s);
	}
	settle(s);
	vec_free(&s->cited);
	arena_release(&s->arena);
	free(s);
}

void ground_check(struct ground *g, struct slice text, const struct slice *ids, size_t nids,
                  struct ground_verdict *out)
{
	ground_check_made(g, text, ids, nids, NULL, 0, out);
}

/* ---- protocol form ---- */

void ground_verdict_json(cJSON *o, const struct ground_verdict *v)
{
	cJSON *list;
	cJSON_DeleteItemFromObjectCaseSensitive(o, "status");
	cJSON_DeleteItemFromObjectCaseSensitive(o, "spans");
	cJSON_DeleteItemFromObjectCaseSensitive(o, "against");
	json_add_str(o, "status", ground_status_name(v->status));
	if (v->spans.n) {
		list = json_add_arr(o, "spans");
		for (size_t i = 0; i < v->spans.n; i++) {
			cJSON *x = cJSON_CreateObject();
			json_add_i64(x, "from", (int64_t)v->spans.v[i].from);
			json_add_i64(x, "to", (int64_t)v->spans.v[i].to);
			json_add_str(x, "why", v->spans.v[i].why);
			cJSON_AddItemToArray(list, x);
		}
	}
	if (v->nagainst) {
		list = json_add_arr(o, "against");
		for (size_t i = 0; i < v->nagainst; i++) {
			char *id = xstrndup(v->against[i].s, v->against[i].n);
			cJSON_AddItemToArray(list, cJSON_CreateString(id));
			free(id);
		}
	}
}

size_t ground_check_json(struct ground *g, cJSON *list)
{
	size_t bad = 0;
	for (cJSON *o = list ? list->child : NULL; o; o = o->next) {
		struct ground_verdict v = {0};
		VEC(struct slice) ids = {0};
		const cJSON *e = json_arr(o, "evidence");
		for (const cJSON *x = e ? e->child : NULL; x; x = x->next)
			*vec_push(&ids) = cJSON_IsString(x) ? slice_of(x->valuestring) : SLICE("?");
		ground_check(g, slice_of(json_str(o, "text", "")), ids.v, ids.n, &v);
		bad += v.status == GROUND_PARTLY || v.status == GROUND_UNSUPPORTED;
		ground_verdict_json(o, &v);
		ground_verdict_release(&v);
		vec_free(&ids);
	}
	return bad;
}

bool ground_may_leave(const cJSON *sentence)
{
	const char *status = json_str(sentence, "status", "");
	return !strcmp(status, "supported") || !strcmp(status, "opinion");
}
