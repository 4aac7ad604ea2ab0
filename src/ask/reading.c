/* What a client sees of a reading. */
#include "ask/ask.h"

static const char *const chip_names[] = {"entity", "time",    "concept", "action",
                                         "field",  "outcome", "shape",   "reference"};

void ask_reading_release(struct ask_reading *r)
{
	plan_free(r->plan);
	vec_free(&r->chips);
	vec_free(&r->unread);
	vec_free(&r->named);
	arena_release(&r->arena);
	memset(r, 0, sizeof(*r));
}

static void add_text(cJSON *list, struct slice s)
{
	cJSON *holder = cJSON_CreateObject();

	json_add_slice(holder, "s", s);
	cJSON_AddItemToArray(list, cJSON_DetachItemFromObjectCaseSensitive(holder, "s"));
	cJSON_Delete(holder);
}

static void chips_json(cJSON *o, const struct ask_reading *r)
{
	cJSON *list = json_add_arr(o, "chips");

	for (size_t i = 0; i < r->chips.n; i++) {
		const struct ask_chip *c = &r->chips.v[i];
		cJSON *j = cJSON_CreateObject();

		json_add_str(j, "kind", chip_names[c->kind]);
		json_add_i64(j, "from", (int64_t)c->from);
		json_add_i64(j, "to", (int64_t)c->to);
		json_add_str(j, "text", c->text);
		json_add_bool(j, "assumed", c->assumed);
		json_add_bool(j, "corrected", c->corrected);
		cJSON_AddItemToArray(list, j);
	}
}

cJSON *ask_reading_json(const struct ask_reading *r)
{
	cJSON *o = cJSON_CreateObject(), *list;
	struct buf b = BUF_INIT;

	json_add_str(o, "kind", r->kind == ASK_PLAN ? "plan" : "clarify");
	cJSON_AddNumberToObject(o, "confidence", r->confidence);
	chips_json(o, r);
	list = json_add_arr(o, "unread");
	for (size_t i = 0; i < r->unread.n; i++)
		add_text(list, r->unread.v[i]);
	list = json_add_arr(o, "named");
	for (size_t i = 0; i < r->named.n; i++)
		add_text(list, slice_of(r->named.v[i]));
	if (r->kind == ASK_CLARIFY) {
		json_add_str(o, "clarify", r->clarify);
		list = json_add_arr(o, "choices");
		for (const char *const *c = r->choices; c && *c; c++)
			add_text(list, slice_of(*c));
		return o;
	}
	plan_paraphrase(r->plan, &b);
	json_add_slice(o, "paraphrase", (struct slice){b.s, b.len});
	buf_release(&b);
	cJSON_AddItemToObject(o, "plan", plan_to_json(r->plan));
	return o;
}
