/* Prompts as a registry that can be looked at and tried, and interactions replayed through the present checks or another model. */
#include "serve/work_chat.h"

int work_prompt_list(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	const struct prompts *ps = ((struct lake_state *)worker_state(w))->prompts;
	cJSON *list;
	(void)params;
	*result = cJSON_CreateObject();
	list = json_add_arr(*result, "prompts");
	for (size_t i = 0; i < prompts_count(ps); i++)
		/* Of two of the same id only the one that counts. */
		if (prompt_find(ps, prompts_at(ps, i)->id, e) == prompts_at(ps, i))
			cJSON_AddItemToArray(list, prompt_json(prompts_at(ps, i)));
	return 0;
}

int work_prompt_get(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	const struct prompts *ps = ((struct lake_state *)worker_state(w))->prompts;
	const struct prompt *p = prompt_find(ps, json_str(params, "id", ""), e), *ours;
	if (!p)
		return -1;
	ours = prompt_built_in(ps, p->id);
	*result = prompt_json(p);
	json_add_slice(*result, "text", (struct slice){p->text, p->len});
	if (p->own && ours)
		json_add_slice(*result, "built_in", (struct slice){ours->text, ours->len});
	if (p->tests)
		cJSON_ReplaceItemInObjectCaseSensitive(*result, "tests",
		                                       cJSON_Duplicate(p->tests, true));
	return 0;
}

/* ---- trying ---- */

static void redact_inputs(struct redact *r, cJSON *v)
{
	cJSON *c;
	struct buf b = BUF_INIT;
	if (cJSON_IsString(v)) {
		redact_text(r, slice_of(v->valuestring), &b);
		cJSON_SetValuestring(v, b.s);
	}
	buf_release(&b);
	cJSON_ArrayForEach(c, v) if (!c->string || strcmp(c->string, "label")) redact_inputs(r, c);
}

/* Every labelled piece of the inputs is a record that a sentence may rest on. */
static cJSON *given_records(const cJSON *inputs)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *i, *piece;
	cJSON_ArrayForEach(i, inputs) for (piece = cJSON_IsArray(i) ? i->child : NULL; piece;
	                                   piece = piece->next)
	{
		cJSON *o = cJSON_CreateObject();
		json_add_str(o, "id", json_str(piece, "label", ""));
		json_add_str(o, "text", json_str(piece, "text", ""));
		cJSON_AddItemToArray(list, o);
	}
	return list;
}

int work_model_try(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct lake_state *s = worker_state(w);
	struct work_chat c = {.w = w, .params = params, .purpose = "try"};
	const struct prompt *p = prompt_find(s->prompts, json_str(params, "prompt", ""), e);
	const char *outcome;
	cJSON *inputs, *request, *reply, *out, *given;
	int rc = -1;
	if (!p || lake_state_refresh(s, e))
		return -1;
	if (!work_model_use(params, p->role) && !json_bool(params, "recorded", false))
		return err_set(e, ERR_DENIED, "no model is on for \"%s\": midwatch model", p->role);
	c.redact = work_redact(params);
	c.model = json_str(params, "model", NULL);
	c.recorded = json_bool(params, "recorded", false);
	inputs = cJSON_Duplicate(json_obj(params, "inputs"), true);
	redact_inputs(c.redact, inputs);
	request = prompt_request(p, inputs, e);
	cJSON_Delete(inputs);
	reply = request ? work_chat(&c, request, e) : NULL;
	if (reply) {
		given = given_records(json_obj(params, "inputs"));
		out = work_outcome(w, p, reply, c.redact, given, NULL,
		                   work_model_use(params, p->role), &outcome);
		cJSON_Delete(given);
		*result = cJSON_CreateObject();
		json_add_str(*result, "outcome", outcome);
		cJSON_AddItemToObject(*result, "output", cJSON_Duplicate(out, true));
		cJSON_AddItemToObject(*result, "reply", reply);
		rc = work_chat_settle(&c, outcome, out, e);
		cJSON_AddItemToObject(*result, "model", work_model_note(&c, "tried", NULL));
	}
	redact_free(c.redact);
	cJSON_Delete(c.spent);
	return rc;
}

/* ---- replay ---- */

static bool same_member(const cJSON *a, const cJSON *b, const char *key)
{
	const cJSON *x = json_get(a, key), *y = json_get(b, key);
	struct plan *p, *q;
	struct err ignored;
	bool same;
	if (!x || !y || cJSON_IsNull(x) || cJSON_IsNull(y))
		return (!x || cJSON_IsNull(x)) == (!y || cJSON_IsNull(y));
	if (strcmp(key, "plan"))
		return cJSON_Compare(x, y, true);
	p = plan_from_json(x, &ignored);
	q = plan_from_json(y, &ignored);
	same = p && q && plan_equal(p, q);
	plan_free(p);
	plan_free(q);
	return same;
}

/* The request as it was, or what another prompt makes of the same inputs. */
static cJSON *request_again(const struct prompt *p, const cJSON *request, bool other, struct err *e)
{
	cJSON *inputs = other ? cJSON_CreateObject() : NULL, *out;
	const cJSON *i;
	if (!other)
		return cJSON_Duplicate(request, true);
	cJSON_ArrayForEach(i, json_obj(request, "inputs")) if (json_get(p->inputs, i->string))
	        cJSON_AddItemToObject(inputs, i->string, cJSON_Duplicate(i, true));
	out = prompt_request(p, inputs, e);
	cJSON_Delete(inputs);
	return out;
}

static void add_ids(cJSON *links, const cJSON *ids)
{
	const cJSON *id, *x;
	cJSON_ArrayForEach(id, ids)
	{
		bool there = false;
		cJSON_ArrayForEach(x, links) there = there || cJSON_Compare(x, id, true);
		if (!there && cJSON_IsString(id))
			cJSON_AddItemToArray(links, cJSON_Duplicate(id, true));
	}
}

/* What was said, with the records that it is linked to, each once and in order, and the figures that it comes to. */
static cJSON *with_links(const cJSON *said)
{
	static const char *const figures[] = {"checked", "supported", "confidence", "verdict",
	                                      "technique"};
	cJSON *o = said ? cJSON_Duplicate(said, true) : cJSON_CreateObject(),
	      *links = cJSON_CreateArray(), *scores = cJSON_CreateObject();
	const cJSON *s;
	cJSON_ArrayForEach(s, json_arr(said, "sentences")) add_ids(links, json_arr(s, "evidence"));
	add_ids(links, json_arr(json_obj(said, "object"), "evidence"));
	for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
		const cJSON *v = json_get(said, figures[i]);
		v = v ? v : json_get(json_obj(said, "object"), figures[i]);
		if (v)
			cJSON_AddItemToObject(scores, figures[i], cJSON_Duplicate(v, true));
	}
	cJSON_AddItemToObject(o, "links", links);
	cJSON_AddItemToObject(o, "scores", scores);
	return o;
}

static void compare(cJSON *result, const cJSON *before, const cJSON *after)
{
	static const char *const keys[] = {"plan",   "text",   "sentences", "links",
	                                   "scores", "object", "error"};
	cJSON *differs = json_add_arr(result, "differs"), *was = with_links(before),
	      *is = with_links(after);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (!same_member(was, is, keys[i]))
			cJSON_AddItemToArray(differs, cJSON_CreateString(keys[i]));
	cJSON_AddItemToObject(result, "recorded", was);
	cJSON_AddItemToObject(result, "replayed", is);
}

int work_model_replay(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct lake_state *s = worker_state(w);
	const cJSON *ctx = json_obj(params, "ctx"), *record = json_obj(ctx, "record");
	const char *other = json_str(params, "prompt", NULL),
	           *id = other ? other : json_str(record, "prompt", ""), *outcome;
	struct work_chat c = {.w = w, .params = params, .purpose = "replay"};
	const struct prompt *p = prompt_find(s->prompts, id, e);
	const cJSON *use = p ? work_model_use(params, p->role) : NULL;
	cJSON *reply = NULL, *out;
	bool live = other || json_str(params, "model", NULL);
	int rc = -1;
	if (!p || lake_state_refresh(s, e))
		return -1;
	c.redact = work_redact(params);
	c.model = json_str(params, "model", NULL);
	if (live) {
		cJSON *request = request_again(p, json_obj(record, "request"), other != NULL, e);
		reply = request ? work_chat(&c, request, e) : NULL;
	} else if (json_obj(record, "reply")) {
		reply = cJSON_Duplicate(json_obj(record, "reply"), true);
	} else {
		err_set(e, ERR_NOT_FOUND, "record %lld has no reply: %s",
		        (long long)json_i64(record, "id", 0), json_str(record, "error", "?"));
	}
	if (reply) {
		out = work_outcome(w, p, reply, c.redact, json_arr(record, "evidence"),
		                   json_obj(ctx, "incident"), use, &outcome);
		*result = cJSON_CreateObject();
		json_add_i64(*result, "record", json_i64(record, "id", 0));
		json_add_bool(*result, "live", live);
		json_add_str(*result, "outcome", outcome);
		compare(*result, json_obj(record, "detail"), out);
		rc = live ? work_chat_settle(&c, outcome, out, e) : 0;
		if (!live)
			cJSON_Delete(out);
	}
	cJSON_Delete(reply);
	redact_free(c.redact);
	cJSON_Delete(c.spent);
	return rc;
}
