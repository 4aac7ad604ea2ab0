/*
 * What a model writes about a case: sentences, each with the records that it rests on, checked against those records before anybody
 * sees them; the next step of an investigation; a prompt tried or an interaction replayed. Everything it said that does not hold is
 * marked so and leaves the console on no path.
 */
#include "ask/model_plan.h"
#include "base/digest.h"
#include "base/limits.h"
#include "ground/ground.h"
#include "serve/work_chat.h"

#define RECORDS_MAX 60 /* of one incident that are sent */
#define ASSETS_MAX 12
#define EDGES_MAX 8 /* of one type and direction */

/* ---- records of a case ---- */

struct records { /* events by id, in one arena */
	struct arena arena;
	struct event *ev;
	event_id *ids;
	size_t n;
};

static void records_release(struct records *r)
{
	for (size_t i = 0; i < r->n; i++)
		event_release(&r->ev[i]);
	arena_release(&r->arena);
}

static bool has_id(const struct records *r, event_id id)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->ids[i] == id)
			return true;
	return false;
}

/* What retention ate is left out: nothing can rest on it here. */
static int records_add(struct records *r, struct lake *l, const char *text, struct err *e)
{
	event_id id;
	if (event_id_parse(text, &id, e))
		return -1;
	if (r->n == RECORDS_MAX || has_id(r, id))
		return 0;
	if (lake_get(l, id, &r->arena, &r->ev[r->n], e))
		return e->code == ERR_NOT_FOUND ? 0 : -1;
	r->ids[r->n++] = id;
	return 0;
}

static void records_init(struct records *r)
{
	*r = (struct records){0};
	r->ev = arena_zalloc(&r->arena, RECORDS_MAX * sizeof(*r->ev));
	r->ids = arena_zalloc(&r->arena, RECORDS_MAX * sizeof(*r->ids));
}

static bool is_event(const cJSON *named)
{
	return !json_get(named, "text") && !strncmp(json_str(named, "id", ""), "ev:", 3);
}

/* ids: [{id}]; those that have their text with them are not of the lake. */
static int records_of_ids(struct records *r, struct lake *l, const cJSON *ids, struct err *e)
{
	const cJSON *x;
	records_init(r);
	cJSON_ArrayForEach(x, ids) if (is_event(x) &&
	                               records_add(r, l, json_str(x, "id", ""), e)) return -1;
	return 0;
}

static int records_of_incident(struct records *r, struct lake *l, const cJSON *incident,
                               struct err *e)
{
	const cJSON *f, *id;
	records_init(r);
	cJSON_ArrayForEach(f, json_arr(incident, "findings")) cJSON_ArrayForEach(
	        id, json_arr(f, "evidence")) if (cJSON_IsString(id) &&
	                                         records_add(r, l, id->valuestring, e)) return -1;
	return 0;
}

static void add_evidence(cJSON *list, struct slice raw, const char *id)
{
	cJSON *o = cJSON_CreateObject();
	uint8_t d[32];
	char hex[DIGEST_HEX];
	digest_sha256(raw.s, raw.n, d);
	digest_hex(d, hex);
	json_add_str(o, "id", id);
	json_add_str(o, "sha256", hex);
	cJSON_AddItemToArray(list, o);
}

/* An account contains thousands of things: the count says so, a few edges are enough. */
static void trim_edges(cJSON *directions)
{
	cJSON *type;
	cJSON_ArrayForEach(type, directions)
	{
		cJSON *edges = json_arr(type, "edges");
		while (cJSON_GetArraySize(edges) > EDGES_MAX)
			cJSON_DeleteItemFromArray(edges, EDGES_MAX);
	}
}

/* Assets of the case as the inventory has them, each a record under its own id. */
static void add_assets(struct work_chat *c, cJSON *list, const cJSON *incident)
{
	struct lake_state *s = worker_state(c->w);
	const cJSON *v;
	int n = 0;
	cJSON_ArrayForEach(v, json_arr(incident, "entities"))
	{
		const char *eq = cJSON_IsString(v) ? strchr(v->valuestring, '=') : NULL;
		struct err ignored;
		cJSON *node = eq && n < ASSETS_MAX ? graph_node(s->graph, eq + 1, &ignored) : NULL,
		      *out;
		struct buf b = BUF_INIT, label = BUF_INIT;
		if (!node)
			continue;
		n++;
		trim_edges(json_obj(node, "out"));
		trim_edges(json_obj(node, "in"));
		json_write(&b, node);
		add_evidence(c->evidence, (struct slice){b.s, b.len}, eq + 1);
		out = redact_json(c->redact, node);
		buf_reset(&b);
		json_write(&b, out);
		/* After the node, so that what was taken out of it is taken out of its name as well. */
		redact_text(c->redact, slice_of(eq + 1), &label);
		work_add_piece(list, label.s, b.s);
		buf_release(&label);
		buf_release(&b);
		cJSON_Delete(out);
		cJSON_Delete(node);
	}
}

int work_add_records(struct work_chat *c, cJSON *inputs, const char *key, const cJSON *incident,
                     struct err *e)
{
	struct lake_state *s = worker_state(c->w);
	cJSON *list = json_add_arr(inputs, key);
	struct records r;
	int rc = records_of_incident(&r, s->lake, incident, e);
	c->evidence = cJSON_CreateArray();
	for (size_t i = 0; !rc && i < r.n; i++) {
		cJSON *out = redact_event(c->redact, &r.ev[i]);
		struct buf b = BUF_INIT;
		char id[32];
		snprintf(id, sizeof(id), "ev:%llu", (unsigned long long)r.ids[i]);
		json_write(&b, out);
		work_add_piece(list, id, b.s);
		add_evidence(c->evidence, r.ev[i].raw, id);
		buf_release(&b);
		cJSON_Delete(out);
	}
	if (!rc)
		add_assets(c, list, incident);
	records_release(&r);
	return rc;
}

/* ---- what a reply comes to ---- */

/* A model that was only asked for JSON puts words or a fence around it. */
static cJSON *object_of(const char *text, struct err *e)
{
	const char *from = strchr(text, '{'), *to = strrchr(text, '}');
	cJSON *o = from && to > from ? json_parse((struct slice){from, (size_t)(to - from) + 1},
	                                          MW_LINE_MAX, e)
	                             : NULL;
	if (!from || to <= from)
		err_set(e, ERR_INVALID, "the answer is no JSON object");
	return o;
}

static int check_sentences(const cJSON *list, struct err *e)
{
	const cJSON *x;
	if (!cJSON_IsArray(list))
		return err_set(e, ERR_INVALID, "the answer has no list of sentences");
	cJSON_ArrayForEach(x, list) if (
	        !json_str(x, "text", NULL) ||
	        !json_arr(x, "evidence")) return err_set(e, ERR_INVALID,
	                                                 "a sentence without text or evidence");
	return 0;
}

/* The case's own figures count as a record: title, severity, counts, first and last. */
static void index_incident(struct ground *g, const cJSON *incident)
{
	static const char *const keys[] = {"title", "severity", "score",  "records",
	                                   "first", "last",     "attack", "entities"};
	cJSON *o;
	if (!incident)
		return;
	o = cJSON_CreateObject();
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (json_get(incident, keys[i]))
			cJSON_AddItemToObject(o, keys[i],
			                      cJSON_Duplicate(json_get(incident, keys[i]), true));
	ground_add_json(g, "incident", o);
	cJSON_Delete(o);
}

/* Records that are not of the lake: assets of the inventory, and what was given as text, since what is tried is checked against its own
 * inputs. */
static void index_others(struct ground *g, struct graph *assets, const cJSON *ids)
{
	const cJSON *x;
	cJSON_ArrayForEach(x, ids)
	{
		struct err ignored;
		const char *text = json_str(x, "text", NULL), *id = json_str(x, "id", "");
		cJSON *j = text          ? json_parse(slice_of(text), MW_LINE_MAX, &ignored)
		           : is_event(x) ? NULL
		                         : graph_node(assets, id, &ignored);
		if (j)
			ground_add_json(g, id, j);
		cJSON_Delete(j);
	}
}

static int ground_sentences(struct worker *w, cJSON *list, const cJSON *ids, const cJSON *incident,
                            size_t *failed, struct err *e)
{
	struct lake_state *s = worker_state(w);
	struct records r;
	struct ground *g;
	int rc = records_of_ids(&r, s->lake, ids, e);
	if (!rc) {
		g = ground_new();
		for (size_t i = 0; i < r.n; i++)
			ground_add_event(g, &r.ev[i], r.ids[i]);
		index_others(g, s->graph, ids);
		index_incident(g, incident);
		*failed = ground_check_json(g, list);
		ground_free(g);
	}
	records_release(&r);
	return rc;
}

static const char *take_sentences(struct worker *w, cJSON *object, const cJSON *ids,
                                  const cJSON *incident, cJSON *out, struct err *e)
{
	cJSON *list = cJSON_DetachItemFromObjectCaseSensitive(object, "sentences");
	size_t failed = 0;
	const cJSON *x;
	int64_t checked = 0;
	if (check_sentences(list, e) || ground_sentences(w, list, ids, incident, &failed, e)) {
		cJSON_Delete(list);
		return "refused";
	}
	cJSON_ArrayForEach(x, list) checked += strcmp(json_str(x, "status", ""), "opinion") != 0;
	cJSON_AddItemToObject(out, "sentences", list);
	json_add_i64(out, "checked", checked);
	json_add_i64(out, "supported", checked - (int64_t)failed);
	return "sentences";
}

static const char *take_call(struct worker *w, const cJSON *reply, const struct redact *r,
                             const cJSON *use, cJSON *out, struct err *e)
{
	static const char *const names[] = {[MODEL_PLANNED] = "plan",
	                                    [MODEL_ASKS_BACK] = "asked back",
	                                    [MODEL_DONE] = "done",
	                                    [MODEL_WRONG] = "refused"};
	struct lake_state *s = worker_state(w);
	struct arena a = ARENA_INIT;
	struct model_scope scope = {s->catalog, work_model_sources(s, use, &a)};
	struct model_said_plan said;
	enum model_said what;
	model_plan_read(reply, r, &scope, &said);
	what = said.said;
	if (said.plan)
		cJSON_AddItemToObject(out, "plan", plan_to_json(said.plan));
	if (said.text)
		json_add_str(out, "text", said.text);
	*e = said.wrong;
	model_said_release(&said);
	arena_release(&a);
	return names[what];
}

static const char *broken(const cJSON *reply, struct err *e)
{
	const char *end = json_str(reply, "end", "");
	if (*json_str(reply, "refusal", ""))
		err_set(e, ERR_REMOTE, "the model refused: %.300s", json_str(reply, "refusal", ""));
	else if (strcmp(end, "done") && strcmp(end, "eof_after_finish"))
		err_set(e, ERR_REMOTE, "the model's reply broke off (%s)%s%.200s", end,
		        json_str(reply, "error", NULL) ? ": " : "", json_str(reply, "error", ""));
	else if (!strcmp(json_str(reply, "finish", ""), "length") ||
	         !strcmp(json_str(reply, "finish", ""), "max_tokens"))
		err_set(e, ERR_LIMIT, "the model's reply was cut at its token limit");
	else
		return NULL;
	return "refused";
}

cJSON *work_outcome(struct worker *w, const struct prompt *p, const cJSON *reply,
                    const struct redact *r, const cJSON *ids, const cJSON *incident,
                    const cJSON *use, const char **outcome)
{
	cJSON *out = cJSON_CreateObject(), *object = NULL;
	struct err e = {0};
	*outcome = broken(reply, &e);
	if (!*outcome && p->tools) {
		*outcome = take_call(w, reply, r, use, out, &e);
	} else if (!*outcome) {
		object = object_of(json_str(reply, "text", ""), &e);
		redact_restore_json(r, object);
		*outcome = !object ? "refused"
		           : json_get(object, "sentences")
		                   ? take_sentences(w, object, ids, incident, out, &e)
		                   : "object";
	}
	if (object && !strcmp(*outcome, "object"))
		cJSON_AddItemToObject(out, "object", object);
	else
		cJSON_Delete(object);
	if (!strcmp(*outcome, "refused"))
		json_add_str(out, "error", e.what);
	return out;
}

/* ---- model.write ---- */

/* What the card has from templates (investigate/story.h) for each text that a model may write. */
static const struct {
	const char *prompt;
	const char *parts[4];
} twins[] = {
        {"narrative", {"narrative"}},
        {"risk", {"risk", "business"}},
        {"root-cause", {"how", "rivals"}},
        {"remediation", {"remediation"}},
        {"exploit-path", {"how", "risk"}},
        {"report", {"narrative", "how", "business", "remediation"}},
        {"handoff", {"risk", "narrative", "rivals"}},
};

static void take_part(cJSON *list, cJSON *from)
{
	while (from && from->child)
		cJSON_AddItemToArray(list, cJSON_DetachItemViaPointer(from, from->child));
}

/* ---- a query in words ---- */

#define PLAN_ID "plan"

/* {says, plan}: the record that its explanation rests on. NULL with e: there is no plan, or it does not hold. */
static cJSON *plan_record(const cJSON *params, struct err *e)
{
	struct plan *p =
	        json_obj(params, "plan") ? plan_from_json(json_obj(params, "plan"), e) : NULL;
	struct buf says = BUF_INIT;
	cJSON *o;
	if (!json_obj(params, "plan"))
		err_set(e, ERR_INVALID, "the prompt \"query\" explains a plan, and none was given");
	if (!p || plan_validate(p, e)) {
		plan_free(p);
		return NULL;
	}
	o = cJSON_CreateObject();
	plan_paraphrase(p, &says);
	json_add_slice(o, "says", (struct slice){says.s, says.len});
	cJSON_AddItemToObject(o, "plan", plan_to_json(p));
	buf_release(&says);
	plan_free(p);
	return o;
}

static int add_plan(struct work_chat *c, cJSON *inputs, struct err *e)
{
	cJSON *record = plan_record(c->params, e), *list = json_add_arr(inputs, "plan");
	struct buf raw = BUF_INIT, out = BUF_INIT;
	if (!record)
		return -1;
	json_write(&raw, record);
	redact_text(c->redact, (struct slice){raw.s, raw.len}, &out);
	work_add_piece(list, PLAN_ID, out.s);
	c->evidence = cJSON_CreateArray();
	add_evidence(c->evidence, (struct slice){raw.s, raw.len}, PLAN_ID);
	json_add_str(c->evidence->child, "text", raw.s);
	buf_release(&raw);
	buf_release(&out);
	cJSON_Delete(record);
	return 0;
}

/* Our own words for the plan, found as a whole in its record. */
static cJSON *paraphrase_sentence(const cJSON *params, struct err *e)
{
	cJSON *record = plan_record(params, e), *list, *o;
	struct slice says = slice_of(json_str(record, "says", "")), id = SLICE(PLAN_ID);
	struct ground_copied whole = {0, says.n};
	struct ground_verdict v = {0};
	struct ground *g;
	if (!record)
		return NULL;
	g = ground_new();
	ground_add_json(g, PLAN_ID, record);
	ground_check_made(g, says, &id, 1, &whole, 1, &v);
	list = cJSON_CreateArray();
	o = cJSON_CreateObject();
	json_add_slice(o, "text", says);
	cJSON_AddItemToArray(json_add_arr(o, "evidence"), cJSON_CreateString(PLAN_ID));
	ground_verdict_json(o, &v);
	cJSON_AddItemToArray(list, o);
	ground_verdict_release(&v);
	ground_free(g);
	cJSON_Delete(record);
	return list;
}

/* With the model off, or wrong: the templates' text of the same case; what happened, where there is none for this prompt. */
static cJSON *template_sentences(struct worker *w, const cJSON *params, const char *prompt,
                                 struct err *e)
{
	cJSON *card = NULL, *list;
	if (!strcmp(prompt, "query"))
		return paraphrase_sentence(params, e);
	list = cJSON_CreateArray();
	if (work_incident(w, params, &card, e)) {
		cJSON_Delete(list);
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_LEN(twins); i++)
		for (size_t k = 0; k < ARRAY_LEN(twins[i].parts) && twins[i].parts[k] &&
		                   !strcmp(twins[i].prompt, prompt);
		     k++)
			take_part(list, json_arr(card, twins[i].parts[k]));
	if (!list->child)
		take_part(list, json_arr(card, "what"));
	cJSON_Delete(card);
	return list;
}

static cJSON *text_result(cJSON *sentences, const char *writer, const char *title, cJSON *model)
{
	cJSON *o = cJSON_CreateObject(), *reading = json_add_obj(o, "reading"),
	      *answer = json_add_obj(o, "answer");
	json_add_str(reading, "kind", "text");
	json_add_str(reading, "paraphrase", title);
	json_add_arr(reading, "chips");
	json_add_arr(reading, "unread");
	json_add_str(reading, "planner", writer);
	if (model)
		cJSON_AddItemToObject(reading, "model", model);
	json_add_str(answer, "kind", "text");
	json_add_i64(answer, "total", cJSON_GetArraySize(sentences));
	cJSON_AddItemToObject(answer, "sentences", sentences);
	return o;
}

/* The model's sentences, or NULL with e. */
static cJSON *written(struct work_chat *c, const struct prompt *p, struct err *e)
{
	const cJSON *incident = json_obj(json_obj(c->params, "ctx"), "incident");
	cJSON *inputs = cJSON_CreateObject(), *request = NULL, *reply = NULL, *out, *list = NULL;
	const char *outcome;
	int rc;
	if (!strcmp(p->id, "query")) {
		rc = add_plan(c, inputs, e);
	} else {
		json_add_time(inputs, "now", work_now(c->params));
		work_add_incident(inputs, c->redact, incident);
		rc = work_add_records(c, inputs, "records", incident, e);
	}
	if (!rc)
		request = prompt_request(p, inputs, e);
	cJSON_Delete(inputs);
	reply = request ? work_chat(c, request, e) : NULL;
	if (!reply)
		return NULL;
	out = work_outcome(c->w, p, reply, c->redact, c->evidence, incident, NULL, &outcome);
	list = cJSON_Duplicate(json_arr(out, "sentences"), true);
	if (!list)
		err_set(e, ERR_REMOTE, "%s",
		        json_str(out, "error", "the model wrote no sentences"));
	if (work_chat_settle(c, outcome, out, e)) {
		cJSON_Delete(list);
		list = NULL;
	}
	cJSON_Delete(reply);
	return list;
}

int work_model_write(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct lake_state *s = worker_state(w);
	struct work_chat c = {.w = w, .params = params};
	const struct prompt *p = prompt_find(s->prompts, json_str(params, "prompt", ""), e);
	cJSON *list = NULL, *note = NULL;
	const char *writer = "model";
	if (!p || lake_state_refresh(s, e))
		return -1;
	if (strcmp(p->id, "query") && !json_obj(json_obj(params, "ctx"), "incident"))
		return err_set(e, ERR_INVALID,
		               "the prompt \"%s\" is about an incident, and none was named", p->id);
	c.purpose = p->id;
	c.redact = work_redact(params);
	if (work_model_use(params, p->role)) {
		list = written(&c, p, e);
		note = work_model_note(&c, list ? "written" : "failed", list ? NULL : e->what);
	} else {
		note = work_model_note(&c, "off", "no model is on for this");
	}
	redact_free(c.redact);
	cJSON_Delete(c.evidence);
	if (!list && *worker_cancelled(w)) {
		cJSON_Delete(note);
		return err_set(e, ERR_CANCELLED, "cancelled");
	}
	if (!list) {
		writer = "template";
		list = template_sentences(w, params, p->id, e);
	}
	if (!list) {
		cJSON_Delete(note);
		return -1;
	}
	*result = text_result(list, writer, p->purpose, note);
	return 0;
}

/* ---- model.next ---- */

static cJSON *next_inputs(struct work_chat *c, int64_t left, int64_t all, struct err *e)
{
	const cJSON *ctx = json_obj(c->params, "ctx"), *incident = json_obj(ctx, "incident");
	cJSON *in = cJSON_CreateObject();
	char budget[64];
	snprintf(budget, sizeof(budget), "%lld of %lld steps left", (long long)left,
	         (long long)all);
	json_add_time(in, "now", work_now(c->params));
	cJSON_AddItemToObject(in, "catalogue",
	                      work_model_catalogue(c, json_str(incident, "title", "")));
	json_add_str(in, "budget", budget);
	work_add_incident(in, c->redact, incident);
	work_add_turns(in, c->redact, json_arr(ctx, "turns"));
	if (!work_add_records(c, in, "findings", incident, e))
		return in;
	cJSON_Delete(in);
	return NULL;
}

static cJSON *done_reading(const char *why)
{
	cJSON *o = cJSON_CreateObject();
	struct buf b = BUF_INIT;
	buf_printf(&b, "No further step is proposed: %s", why);
	json_add_str(o, "kind", "clarify");
	json_add_str(o, "clarify", b.s);
	json_add_arr(o, "choices");
	json_add_arr(o, "chips");
	json_add_arr(o, "unread");
	json_add_str(o, "planner", "model");
	buf_release(&b);
	return o;
}

static int proposed(struct work_chat *c, const struct prompt *p, cJSON *request, cJSON **reading,
                    struct plan **plan, struct err *e)
{
	const cJSON *use = work_model_use(c->params, p->role);
	cJSON *reply = work_chat(c, request, e), *out;
	const char *outcome;
	if (!reply)
		return -1;
	out = work_outcome(c->w, p, reply, c->redact, NULL, NULL, use, &outcome);
	cJSON_Delete(reply);
	if (!strcmp(outcome, "plan")) {
		*plan = plan_from_json(json_obj(out, "plan"), e);
		*reading = *plan ? work_plan_reading(*plan, "model") : NULL;
	} else if (!strcmp(outcome, "done")) {
		*reading = done_reading(json_str(out, "text", ""));
	} else {
		err_set(e, ERR_REMOTE, "the proposed step does not hold: %s",
		        json_str(out, "error", json_str(out, "text", "?")));
	}
	if (*reading)
		json_add_str(*reading, "why", json_str(out, "text", NULL));
	if (work_chat_settle(c, outcome, out, e) || !*reading) {
		cJSON_Delete(*reading);
		return -1;
	}
	cJSON_AddItemToObject(*reading, "model", work_model_note(c, outcome, NULL));
	return 0;
}

/* What reads like an instruction was in what was sent, now or earlier in this conversation. */
static bool flagged(const cJSON *params, const cJSON *reading)
{
	const cJSON *now = json_arr(json_obj(reading, "model"), "flagged");

	return json_obj(json_obj(params, "ctx"), "flagged") || (now && now->child);
}

int work_model_next(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct lake_state *s = worker_state(w);
	const cJSON *use = work_model_use(params, "plan");
	struct work_chat c = {.w = w, .params = params, .purpose = "next"};
	const struct prompt *p = prompt_find(s->prompts, "next", e);
	int64_t all = json_i64(use, "steps", 0),
	        left = all - json_i64(json_obj(params, "ctx"), "steps", 0);
	cJSON *inputs = NULL, *request = NULL, *reading = NULL;
	struct plan *plan = NULL;
	int rc = -1;
	if (!p || lake_state_refresh(s, e))
		return -1;
	if (!use)
		return err_set(e, ERR_DENIED,
		               "no model is on that could propose a step: midwatch model");
	if (left <= 0)
		return err_set(e, ERR_LIMIT,
		               "all %lld steps of this investigation are used up (model.steps)",
		               (long long)all);
	c.redact = work_redact(params);
	inputs = next_inputs(&c, left, all, e);
	if (inputs)
		request = prompt_request(p, inputs, e);
	if (request)
		rc = proposed(&c, p, request, &reading, &plan, e);
	if (!rc) {
		bool held = json_bool(params, "run", false) && flagged(params, reading);
		json_add_i64(reading, "steps_left", left - 1);
		if (held)
			json_add_str(reading, "held",
			             "text in the evidence reads like an instruction: the step is "
			             "proposed, not run");
		rc = work_run_reading(w, reading,
		                      json_bool(params, "run", false) && !held ? plan : NULL,
		                      work_now(params), result, e);
	}
	plan_free(plan);
	redact_free(c.redact);
	cJSON_Delete(c.evidence);
	cJSON_Delete(c.spent);
	cJSON_Delete(inputs);
	return rc;
}
