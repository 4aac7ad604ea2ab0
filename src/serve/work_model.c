/*
 * The model worker: one process a configured model, the only one that holds its key. It sends what a registered prompt made and
 * nothing else, and passes on what arrives while it arrives.
 */
#include "llm/chat.h"
#include "llm/prompt.h"
#include "model/field.h"
#include "net/credential.h"
#include "serve/user_assets.h"
#include "serve/work.h"

#define PART_US 40000 /* pieces of one stream are this far apart, but for the first */

struct model_state {
	cJSON *entry;
	struct prompts *prompts;
	struct chat *chat;
};

static int start(struct worker *w, const cJSON *config, struct err *e)
{
	struct model_state *s = xcalloc(1, sizeof(*s));
	struct model_conf c;
	struct secret *key = NULL;
	worker_set_state(w, s);
	s->entry = cJSON_Duplicate(json_obj(config, "entry"), true);
	if (fields_load(e) || model_conf_read(&c, s->entry, e) ||
	    user_prompts_load(json_str(config, "assets_user", NULL), &s->prompts, e))
		return -1;
	if (c.credential && credential_read(c.credential, &key, e))
		return err_prefix(e, "model %s", c.name);
	return chat_open(&s->chat, &c, key, e);
}

static void stop(struct worker *w)
{
	struct model_state *s = worker_state(w);
	if (!s)
		return;
	chat_close(s->chat);
	prompts_free(s->prompts);
	cJSON_Delete(s->entry);
	free(s);
}

static int check_prompt(const struct model_state *s, const cJSON *named, struct err *e)
{
	const struct prompt *p = prompt_find(s->prompts, json_str(named, "id", ""), e);
	if (!p)
		return -1;
	if (!strcmp(p->sha256, json_str(named, "sha256", "")))
		return 0;
	return err_set(
	        e, ERR_DENIED,
	        "the prompt \"%s\" that was used is not the registered one: restart the engine "
	        "after a change of prompts",
	        p->id);
}

struct passing {
	struct worker *w;
	struct buf text; /* not told yet */
	int64_t told;
};

static int tell(struct passing *p, struct err *e)
{
	cJSON *o;
	if (!p->text.len)
		return 0;
	o = cJSON_CreateObject();
	json_add_slice(o, "text", (struct slice){p->text.s, p->text.len});
	buf_reset(&p->text);
	p->told = mw_mono_us();
	return worker_notify(p->w, "part", o, e);
}

static int on_part(void *ctx, struct slice part, struct err *e)
{
	struct passing *p = ctx;
	buf_add(&p->text, part.s, part.n);
	return mw_mono_us() - p->told < PART_US ? 0 : tell(p, e);
}

static int model_call(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct model_state *s = worker_state(w);
	const cJSON *request = json_obj(params, "request");
	struct passing p = {.w = w, .text = BUF_INIT};
	struct chat_opts o = {.deadline_us = worker_deadline(w),
	                      .cancelled = worker_cancelled(w),
	                      .part = on_part,
	                      .ctx = &p};
	cJSON *reply;
	if (check_prompt(s, json_obj(request, "prompt"), e))
		return -1;
	reply = chat_call(s->chat, request, &o, e);
	if (reply && tell(&p, e)) {
		cJSON_Delete(reply);
		reply = NULL;
	}
	buf_release(&p.text);
	*result = reply;
	return reply ? 0 : -1;
}

static const struct worker_method model_methods[] = {{"model.call", model_call}, {NULL, NULL}};
const struct worker_kind work_model = {
        .name = "model",
        .methods = model_methods,
        .start = start,
        .stop = stop,
        .sandbox = SB_NET,
        .max = 4,
};
