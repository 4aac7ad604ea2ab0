#include "serve/work_chat.h"

#include "ask/model_brief.h"
#include "ask/model_plan.h"
#include "llm/prompt.h"

#define WAIT_US (500 * 1000)

const cJSON *work_model_use(const cJSON *params, const char *role)
{
	const cJSON *use = json_obj(json_obj(params, "ctx"), "model");
	return json_bool(use, role, false) ? use : NULL;
}

struct redact *work_redact(const cJSON *params)
{
	const cJSON *ctx = json_obj(params, "ctx"), *use = json_obj(ctx, "model");
	struct redact_policy p = {.free_text = json_bool(use, "free_text", false),
	                          .accounts = json_bool(use, "accounts", false),
	                          .hostnames = json_bool(use, "hostnames", false),
	                          .addresses = json_bool(use, "addresses", false)};
	const cJSON *table = json_get(ctx, "redact");
	return table ? redact_from_json(&p, table) : redact_new(&p);
}

/* ---- one call ---- */

static void add_up(cJSON *spent, const cJSON *reply, const char *key)
{
	const cJSON *v = json_get(reply, key), *old = json_get(spent, key);
	if (cJSON_IsNumber(v))
		cJSON_AddItemToObject(
		        spent, key,
		        cJSON_CreateNumber(v->valuedouble + (old ? old->valuedouble : 0)));
	if (cJSON_IsNumber(v) && old)
		cJSON_DeleteItemFromObjectCaseSensitive(spent,
		                                        key); /* the first of that name: the old */
}

static void put(cJSON *o, const char *key, const cJSON *v)
{
	cJSON_DeleteItemFromObjectCaseSensitive(o, key);
	cJSON_AddItemToObject(o, key, v ? cJSON_Duplicate(v, true) : cJSON_CreateNull());
}

static void count_reply(struct work_chat *c, const cJSON *request, const cJSON *result)
{
	static const char *const sums[] = {"tokens_in", "tokens_out", "cost_micro", "elapsed_us",
	                                   "calls"};
	const cJSON *reply = json_obj(result, "reply");
	cJSON *one = cJSON_Duplicate(reply, true);
	cJSON_DeleteItemFromObjectCaseSensitive(one, "calls");
	json_add_i64(one, "calls", 1);
	for (size_t i = 0; i < ARRAY_LEN(sums); i++)
		add_up(c->spent, one, sums[i]);
	put(c->spent, "model", json_get(reply, "model"));
	put(c->spent, "record", json_get(result, "record"));
	put(c->spent, "currency", json_get(result, "currency"));
	put(c->spent, "prompt", json_get(request, "prompt"));
	put(c->spent, "flagged", json_get(request, "flagged"));
	if (!json_get(c->spent, "before"))
		put(c->spent, "before", json_get(result, "before"));
	cJSON_Delete(one);
}

static cJSON *wait_for(struct worker_call *call, struct err *e)
{
	cJSON *result = NULL;
	int rc;
	do
		rc = worker_call_wait(call, WAIT_US);
	while (!rc);
	if (rc < 0)
		err_set(e, ERR_CANCELLED, "cancelled");
	else if (worker_call_result(call, &result, e))
		result = NULL;
	worker_call_end(call);
	return result;
}

/* What the record needs beside the request. */
static cJSON *call_params(const struct work_chat *c, cJSON *request)
{
	cJSON *o = cJSON_CreateObject();
	cJSON_AddItemToObject(o, "request", request);
	json_add_str(o, "purpose", c->purpose);
	put(o, "session", json_get(c->params, "session"));
	put(o, "incident", json_get(c->params, "incident"));
	put(o, "evidence", c->evidence);
	if (c->model)
		json_add_str(o, "model", c->model);
	if (c->recorded)
		json_add_bool(o, "recorded", true);
	cJSON_AddItemToObject(o, "redact", redact_to_json(c->redact));
	return o;
}

cJSON *work_chat(struct work_chat *c, cJSON *request, struct err *e)
{
	struct worker_call *call;
	cJSON *kept = cJSON_Duplicate(request, true), *result = NULL, *reply = NULL;
	if (!c->spent)
		c->spent = cJSON_CreateObject();
	call = worker_call_begin(c->w, "model", "", "model.call", call_params(c, request), e);
	if (call)
		result = wait_for(call, e);
	if (result) {
		count_reply(c, kept, result);
		reply = cJSON_DetachItemFromObjectCaseSensitive(result, "reply");
	}
	cJSON_Delete(result);
	cJSON_Delete(kept);
	return reply;
}

int work_chat_settle(struct work_chat *c, const char *outcome, cJSON *detail, struct err *e)
{
	cJSON *o = cJSON_CreateObject(), *result;
	struct worker_call *call;
	put(o, "record", json_get(c->spent, "record"));
	json_add_str(o, "outcome", outcome);
	cJSON_AddItemToObject(o, "detail", detail ? detail : cJSON_CreateNull());
	call = worker_call_begin(c->w, "model", "", "model.settle", o, e);
	result = call ? wait_for(call, e) : NULL;
	if (!result)
		return err_prefix(e, "what the model said is not on record, so it is not shown");
	cJSON_Delete(result);
	return 0;
}

/* ---- planning ---- */

#define ROUNDS_DEFAULT 3

void work_add_piece(cJSON *list, const char *label, const char *text)
{
	cJSON *o = cJSON_CreateObject();
	json_add_str(o, "label", label);
	json_add_str(o, "text", text);
	cJSON_AddItemToArray(list, o);
}

static void add_redacted(cJSON *inputs, const char *key, struct redact *r, const char *text)
{
	struct buf b = BUF_INIT;
	redact_text(r, slice_of(text), &b);
	json_add_str(inputs, key, b.s);
	buf_release(&b);
}

void work_add_incident(cJSON *inputs, struct redact *r, const cJSON *incident)
{
	static const char *const keys[] = {"title", "severity", "first", "last", "entities"};
	cJSON *list = json_add_arr(inputs, "incident"), *short_form = cJSON_CreateObject(), *out;
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (json_get(incident, keys[i]))
			put(short_form, keys[i], json_get(incident, keys[i]));
	out = redact_json(r, short_form);
	json_write(&b, out);
	if (incident)
		work_add_piece(list, "incident", b.s);
	buf_release(&b);
	cJSON_Delete(out);
	cJSON_Delete(short_form);
}

void work_add_turns(cJSON *inputs, struct redact *r, const cJSON *turns)
{
	cJSON *list = json_add_arr(inputs, "turns");
	const cJSON *t;
	cJSON_ArrayForEach(t, turns)
	{
		struct buf text = BUF_INIT, out = BUF_INIT;
		struct err ignored;
		struct plan *p =
		        json_obj(t, "plan") ? plan_from_json(json_obj(t, "plan"), &ignored) : NULL;
		buf_printf(&text, "asked: %s", json_str(t, "question", ""));
		if (p) {
			buf_str(&text, "; read as: ");
			plan_paraphrase(p, &text);
		}
		redact_text(r, (struct slice){text.s, text.len}, &out);
		work_add_piece(list, "turn", out.s);
		plan_free(p);
		buf_release(&text);
		buf_release(&out);
	}
}

cJSON *work_model_catalogue(struct work_chat *c, const char *question)
{
	struct lake_state *s = worker_state(c->w);
	struct buf b = BUF_INIT;
	cJSON *text;
	brief_catalogue(s->catalog, c->redact, slice_of(question), &b);
	text = cJSON_CreateString(b.s);
	buf_release(&b);
	return text;
}

/* What is there, cut by the service policy. */
const char *const *work_model_sources(const struct lake_state *s, const cJSON *use, struct arena *a)
{
	const cJSON *allowed = json_arr(use, "sources"), *v;
	const char **out = arena_zalloc(a, (s->nsources + 1) * sizeof(*out));
	size_t n = 0;
	for (size_t i = 0; i < s->nsources; i++) {
		bool in = !allowed;
		cJSON_ArrayForEach(v, allowed) in =
		        in || (cJSON_IsString(v) && !strcmp(v->valuestring, s->sources[i]->name));
		if (in)
			out[n++] = s->sources[i]->name;
	}
	return out;
}

static cJSON *plan_inputs(struct work_chat *c, const struct ask_reading *offline, struct err *e)
{
	const cJSON *ctx = json_obj(c->params, "ctx");
	const char *question = json_str(c->params, "question", "");
	cJSON *in = cJSON_CreateObject();
	struct buf examples = BUF_INIT;
	int rc;
	json_add_time(in, "now", work_now(c->params));
	cJSON_AddItemToObject(in, "catalogue", work_model_catalogue(c, question));
	rc = brief_examples(slice_of(question), &examples, e);
	json_add_str(in, "examples", examples.s);
	work_add_incident(in, c->redact, json_obj(ctx, "incident"));
	work_add_turns(in, c->redact, json_arr(ctx, "turns"));
	add_redacted(in, "question", c->redact, question);
	add_redacted(in, "misread", c->redact,
	             offline->kind == ASK_CLARIFY && offline->clarify ? offline->clarify
	                                                              : "nothing");
	buf_release(&examples);
	if (!rc)
		return in;
	cJSON_Delete(in);
	return NULL;
}

/* The call that was wrong and why, for the next round. */
static void tell_wrong(cJSON *messages, const cJSON *reply, const struct model_said_plan *said)
{
	cJSON *call = cJSON_CreateObject(), *result = cJSON_CreateObject();
	const cJSON *calls = json_arr(reply, "calls");
	json_add_str(call, "role", "assistant");
	json_add_str(call, "text", json_str(reply, "text", ""));
	json_add_str(result, "text", said->wrong.what);
	if (said->call_id) {
		cJSON_AddItemToObject(call, "calls", cJSON_CreateArray());
		cJSON_AddItemToArray(json_arr(call, "calls"), cJSON_Duplicate(calls->child, true));
		json_add_str(result, "role", "tool");
		json_add_str(result, "id", said->call_id);
		json_add_bool(result, "error", true);
	} else {
		json_add_str(result, "role", "user");
	}
	cJSON_AddItemToArray(messages, call);
	cJSON_AddItemToArray(messages, result);
}

static int settle(struct work_chat *c, const struct model_said_plan *said, struct err *e)
{
	static const char *const outcomes[] = {[MODEL_PLANNED] = "plan",
	                                       [MODEL_ASKS_BACK] = "asked back",
	                                       [MODEL_DONE] = "done",
	                                       [MODEL_WRONG] = "refused"};
	cJSON *detail = cJSON_CreateObject();
	if (said->plan)
		cJSON_AddItemToObject(detail, "plan", plan_to_json(said->plan));
	json_add_str(detail, "text", said->text);
	if (said->said == MODEL_WRONG)
		json_add_str(detail, "error", said->wrong.what);
	return work_chat_settle(c, outcomes[said->said], detail, e);
}

/* Rounds until a plan holds, the model gives up, or there are no more. -1: no reply came. */
static int plan_rounds(struct work_chat *c, cJSON *request, int rounds,
                       struct model_said_plan *said, struct err *e)
{
	struct lake_state *s = worker_state(c->w);
	struct arena a = ARENA_INIT;
	struct model_scope scope = {s->catalog,
	                            work_model_sources(s, work_model_use(c->params, "plan"), &a)};
	int rc = 0;
	for (int i = 0; i < rounds; i++) {
		cJSON *reply = work_chat(c, cJSON_Duplicate(request, true), e);
		if (i)
			model_said_release(said);
		*said = (struct model_said_plan){.said = MODEL_WRONG};
		rc = reply ? 0 : -1;
		if (rc)
			break;
		model_plan_read(reply, c->redact, &scope, said);
		rc = settle(c, said, e);
		if (!rc && said->said == MODEL_WRONG && !said->final)
			tell_wrong(json_arr(request, "messages"), reply, said);
		cJSON_Delete(reply);
		if (rc || said->said != MODEL_WRONG || said->final)
			break;
	}
	arena_release(&a);
	return rc;
}

/* ---- what is shown of it ---- */

static cJSON *other_json(const struct ask_reading *offline, const struct plan *model)
{
	cJSON *o = cJSON_CreateObject();
	struct buf b = BUF_INIT;
	json_add_str(o, "planner", "offline");
	if (offline->kind == ASK_PLAN && offline->plan)
		plan_paraphrase(offline->plan, &b);
	else
		buf_printf(&b, "asked back: %s", offline->clarify ? offline->clarify : "");
	json_add_slice(o, "text", (struct slice){b.s, b.len});
	json_add_bool(o, "same",
	              model && offline->kind == ASK_PLAN && offline->plan &&
	                      plan_equal(model, offline->plan));
	buf_release(&b);
	return o;
}

static cJSON *back_reading(const char *question)
{
	cJSON *o = cJSON_CreateObject();
	json_add_str(o, "kind", "clarify");
	json_add_str(o, "clarify", question);
	json_add_arr(o, "choices");
	json_add_arr(o, "chips");
	json_add_arr(o, "unread");
	json_add_str(o, "planner", "model");
	return o;
}

cJSON *work_model_note(struct work_chat *c, const char *state, const char *why)
{
	cJSON *o = c->spent ? c->spent : cJSON_CreateObject();
	c->spent = NULL;
	json_add_str(o, "state", state);
	json_add_str(o, "why", why);
	return o;
}

static int finish(struct work_chat *c, const struct ask_reading *offline,
                  struct model_said_plan *said, int rc, cJSON **reading, struct plan **plan,
                  cJSON **note, struct err *e)
{
	if (rc && e->code == ERR_CANCELLED && *worker_cancelled(c->w))
		return -1;
	if (rc || said->said == MODEL_WRONG || said->said == MODEL_DONE) {
		*note = work_model_note(c, "failed", rc ? e->what : said->wrong.what);
		return 0;
	}
	*reading = said->plan ? work_plan_reading(said->plan, "model") : back_reading(said->text);
	cJSON_AddItemToObject(*reading, "model",
	                      work_model_note(c, said->plan ? "planned" : "asked back", NULL));
	cJSON_AddItemToObject(*reading, "other", other_json(offline, said->plan));
	*plan = said->plan;
	said->plan = NULL;
	return 1;
}

int work_model_plan(struct worker *w, const cJSON *params, const struct ask_reading *offline,
                    cJSON **reading, struct plan **plan, cJSON **note, struct err *e)
{
	const cJSON *use = work_model_use(params, "plan");
	bool wanted = !strcmp(json_str(params, "planner", ""), "model");
	struct work_chat c = {.w = w, .params = params, .purpose = "plan"};
	struct model_said_plan said = {.said = MODEL_WRONG};
	const struct prompt *p;
	cJSON *inputs = NULL, *request = NULL;
	int rc = -1;
	if (!use || (offline->kind == ASK_PLAN && !wanted))
		return 0;
	c.redact = work_redact(params);
	p = prompt_find(((struct lake_state *)worker_state(w))->prompts, "plan", e);
	if (p && (inputs = plan_inputs(&c, offline, e)))
		request = prompt_request(p, inputs, e);
	if (request)
		rc = plan_rounds(&c, request, (int)json_i64(use, "rounds", ROUNDS_DEFAULT), &said,
		                 e);
	rc = finish(&c, offline, &said, rc, reading, plan, note, e);
	model_said_release(&said);
	redact_free(c.redact);
	cJSON_Delete(c.spent);
	cJSON_Delete(inputs);
	cJSON_Delete(request);
	return rc;
}
