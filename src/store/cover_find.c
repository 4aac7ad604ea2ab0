/* A cover proof by its id: a row of the table, or one that was asked for a class as a whole (an empty answer over all accounts). */
#include "base/mem.h"
#include "store/cover.h"

struct search {
	struct lake *l;
	struct graph *g;
	const char *id;
	VEC(const char *) accounts, regions; /* of the table; NULL stands for any */
};

static void learn(const cJSON *table, const char *key, const char ***v, size_t *n)
{
	const cJSON *row;

	*v = xcalloc((size_t)cJSON_GetArraySize(table) + 1, sizeof(**v));
	*n = 1;
	cJSON_ArrayForEach(row, table)
	{
		const char *name = json_str(row, key, NULL);
		size_t i = 1;
		while (name && i < *n && strcmp((*v)[i], name))
			i++;
		if (name && i == *n)
			(*v)[(*n)++] = name;
	}
}

static cJSON *proof_json(const struct cover_query *q, const struct cover_proof *p)
{
	static const char *const states[] = {"unknown", "logged", "not_logged"};
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, "id", p->id);
	json_add_str(o, "class", cover_class_name(q->cls));
	json_add_str(o, "account", q->account);
	json_add_str(o, "region", q->region);
	json_add_str(o, "resource", NULL);
	json_add_str(o, "source", "all");
	json_add_str(o, "state", states[p->state]);
	json_add_str(o, "why", p->why);
	json_add_time(o, "since", p->since);
	json_add_time(o, "newest", p->newest);
	json_add_time(o, "complete_to", p->complete_to);
	json_add_i64(o, "delay_s", p->usual_delay < 0 ? -1 : p->usual_delay / MW_SECOND);
	json_add_arr(o, "holes");
	return o;
}

/* *out where this class of that account and region has the id. */
static int try_one(const struct search *s, const struct cover_query *q, cJSON **out, struct err *e)
{
	struct cover_proof p;

	if (cover_prove(s->l, s->g, q, &p, e))
		return -1;
	if (!strcmp(p.id, s->id))
		*out = proof_json(q, &p);
	return 0;
}

static int try_all(const struct search *s, cJSON **out, struct err *e)
{
	for (size_t a = 0; a < s->accounts.n; a++)
		for (size_t r = 0; r < s->regions.n; r++)
			for (int c = 0; c <= COVER_FINDING && !*out; c++) {
				struct cover_query q = {.cls = (enum cover_class)c,
				                        .account = s->accounts.v[a],
				                        .region = s->regions.v[r],
				                        .from = MW_TIME_NONE,
				                        .to = MW_TIME_NONE};
				if (try_one(s, &q, out, e))
					return -1;
			}
	return 0;
}

cJSON *cover_find(struct lake *l, struct graph *g, const char *id, struct err *e)
{
	struct search s = {.l = l, .g = g, .id = id};
	cJSON *table = cover_table(l, g, e), *out = NULL, *row;
	int rc = table ? 0 : -1;

	cJSON_ArrayForEach(row, table)
	{
		if (!out && !strcmp(json_str(row, "id", ""), id))
			out = cJSON_Duplicate(row, true);
	}
	if (!rc && !out) {
		learn(table, "account", &s.accounts.v, &s.accounts.n);
		learn(table, "region", &s.regions.v, &s.regions.n);
		rc = try_all(&s, &out, e);
		free(s.accounts.v);
		free(s.regions.v);
	}
	cJSON_Delete(table);
	if (!rc && !out)
		err_set(e, ERR_NOT_FOUND, "there is no cover proof \"%s\"", id);
	return out;
}
