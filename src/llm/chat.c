/* The call itself: sending, what arrives, trying again, what it cost. */
#include "llm/chat.h"

#include <poll.h>
#include <sys/random.h>

#define BACKOFF_US (500 * 1000)
#define WAIT_MAX_US (20 * MW_SECOND) /* a server that asks for more is answered by another model */

struct chat {
	struct model_conf c;
	struct secret *key;
	struct http *http;
};

/* ---- opening ---- */

static int key_header(void *ctx, struct http *h, bool force, struct secret **header,
                      mw_time *expires, struct err *e)
{
	struct chat *c = ctx;
	struct slice key = secret_bytes(c->key);
	const char *name = c->c.dialect == REPLY_ANTHROPIC ? "x-api-key: "
	                   : c->c.api_version              ? "api-key: "
	                                                   : "Authorization: Bearer ";
	struct buf b = BUF_INIT;
	(void)h;
	if (force)
		return err_set(e, ERR_DENIED,
		               "%s refused its key (401): renew what \"credential\" points to",
		               c->c.name);
	buf_str(&b, name);
	buf_add(&b, key.s, key.n);
	*header = secret_new(b.s, b.len);
	*expires = MW_TIME_NONE;
	secret_wipe(b.s, b.len);
	buf_release(&b);
	return 0;
}

int chat_open(struct chat **out, const struct model_conf *c, struct secret *key, struct err *e)
{
	struct chat *x = xcalloc(1, sizeof(*x));
	struct http_conf h = {.name = c->name,
	                      .base_url = c->url,
	                      .proxy = c->proxy,
	                      .ca_file = c->ca_file,
	                      .insecure_why = c->insecure_why};
	x->c = *c;
	x->key = key;
	if (http_new(&x->http, &h, key ? key_header : NULL, x, e)) {
		secret_free(key);
		free(x);
		return -1;
	}
	*out = x;
	return 0;
}

void chat_close(struct chat *c)
{
	if (!c)
		return;
	http_free(c->http);
	secret_free(c->key);
	free(c);
}

/* ---- what arrives ---- */

struct arriving {
	struct reply reply;
	const struct chat_opts *o;
	int64_t began, first;
	size_t told_text, told_args;
};

static int tell_rest(struct arriving *a, const struct buf *b, size_t *told, struct err *e)
{
	struct slice part = {b->s + *told, b->len - *told};
	*told = b->len;
	if (!part.n)
		return 0;
	if (!a->first)
		a->first = mw_mono_us() - a->began;
	return a->o->part ? a->o->part(a->o->ctx, part, e) : 0;
}

static int on_body(void *ctx, struct slice part, struct err *e)
{
	struct arriving *a = ctx;
	if (reply_feed(&a->reply, part, e) || tell_rest(a, &a->reply.content, &a->told_text, e))
		return -1;
	/* A second call at once is not asked for: only the first is shown while it comes. */
	return a->reply.calls.n ? tell_rest(a, &a->reply.calls.v[0].args, &a->told_args, e) : 0;
}

/* ---- what it cost ---- */

static int64_t usage_of(const struct reply *r, const char *openai, const char *anthropic)
{
	const char *key = r->dialect == REPLY_ANTHROPIC ? anthropic : openai;
	return r->usage ? json_i64(r->usage, key, -1) : -1;
}

static void add_count(cJSON *o, const char *key, int64_t n)
{
	if (n < 0)
		json_add_str(o, key, NULL);
	else
		json_add_i64(o, key, n);
}

static void add_cost(cJSON *o, const struct model_conf *c, const struct reply *r)
{
	int64_t in = usage_of(r, "prompt_tokens", "input_tokens"),
	        out = usage_of(r, "completion_tokens", "output_tokens");
	bool known = in >= 0 && out >= 0 && c->price_in >= 0 && c->price_out >= 0;
	add_count(o, "tokens_in", in);
	add_count(o, "tokens_out", out);
	/* A price is of a million tokens, a cost in millionths: the factors cancel. */
	add_count(o, "cost_micro",
	          known ? (int64_t)((double)in * c->price_in + (double)out * c->price_out + 0.5)
	                : -1);
}

/* ---- the reply ---- */

/* Where the answer was a forced call its arguments are the answer. */
static struct slice answer_text(const struct model_conf *c, const struct reply *r)
{
	if (c->answer == CHAT_ANSWER_TOOL && !r->content.len && r->calls.n)
		return (struct slice){r->calls.v[0].args.s, r->calls.v[0].args.len};
	return (struct slice){r->content.s, r->content.len};
}

cJSON *chat_reply_json(const struct model_conf *c, const struct reply *r)
{
	cJSON *o = cJSON_CreateObject(), *calls;
	const struct tool_call *t;
	json_add_str(o, "model", c->name);
	json_add_str(o, "end", reply_end_name(r->end));
	json_add_str(o, "finish", r->finish);
	json_add_slice(o, "text", answer_text(c, r));
	json_add_slice(o, "refusal", (struct slice){r->refusal.s, r->refusal.len});
	if (r->end == REPLY_ERROR)
		json_add_str(o, "error", r->error_message ? r->error_message : r->error_type);
	calls = json_add_arr(o, "calls");
	vec_each (t, &r->calls) {
		cJSON *x = cJSON_CreateObject();
		struct err why;
		cJSON *args = reply_call_args(r, (size_t)(t - r->calls.v), &why);
		json_add_str(x, "id", t->id ? t->id : "");
		json_add_str(x, "name", t->name ? t->name : "");
		json_add_slice(x, "args", (struct slice){t->args.s, t->args.len});
		/* The execute rule was looked at where the stream is known. */
		json_add_str(x, "refused", args ? NULL : why.what);
		cJSON_Delete(args);
		cJSON_AddItemToArray(calls, x);
	}
	add_cost(o, c, r);
	return o;
}

/* ---- trying again ---- */

static bool is_quota(const struct http_response *r)
{
	return mw_memimem(r->body.s, r->body.len, "insufficient_quota", 18) != NULL;
}

/* The SDKs' order: the server's own word, then the status. */
static bool worth_retrying(const struct http_response *r)
{
	struct slice said = http_header(r, "x-should-retry");
	if (said.n)
		return slice_eq(said, SLICE("true"));
	if (r->status == 408 || r->status == 409 || r->status == 429)
		return !is_quota(r);
	return r->status >= 500 && r->status != 501;
}

static int64_t wait_of(const struct http_response *r, int tries)
{
	uint32_t jitter = 0;
	double n;
	int64_t us = (int64_t)BACKOFF_US << (tries - 1);
	if (slice_double(http_header(r, "retry-after-ms"), &n) && n >= 0)
		return (int64_t)(n * 1000);
	if (slice_double(http_header(r, "retry-after"), &n) && n >= 0)
		return (int64_t)(n * 1e6);
	if (getrandom(&jitter, sizeof(jitter), GRND_NONBLOCK) != sizeof(jitter))
		jitter = (uint32_t)mw_mono_us();
	return us / 2 + jitter % (us / 2);
}

/* False where it would take too long, or was cancelled. */
static bool sleep_for(int64_t us, const struct chat_opts *o)
{
	int64_t until = mw_mono_us() + us;
	if (us > WAIT_MAX_US || (o->deadline_us && until > o->deadline_us))
		return false;
	while (mw_mono_us() < until) {
		if (o->cancelled && *o->cancelled)
			return false;
		poll(NULL, 0, (int)((until - mw_mono_us()) / 1000 % 20) + 1);
	}
	return true;
}

static char *path_of(const struct model_conf *c)
{
	if (c->dialect == REPLY_ANTHROPIC)
		return xstrdup("/v1/messages");
	return c->api_version ? xasprintf("/chat/completions?api-version=%s", c->api_version)
	                      : xstrdup("/chat/completions");
}

static int send_with_retries(struct chat *c, struct arriving *a, const struct http_request *q,
                             struct http_response *out, int *tries, struct err *e)
{
	for (*tries = 1;; ++*tries) {
		int rc = http_do(c->http, q, out, e);
		bool again = !rc && out->status / 100 != 2 && *tries <= CHAT_RETRIES &&
		             worth_retrying(out);
		if (!again || !sleep_for(wait_of(out, *tries), a->o))
			return rc;
		http_response_release(out);
	}
}

/* What had arrived is kept: a broken stream is a reply that says so. A cancel or a deadline is not the reply's fault. */
static cJSON *finish(struct chat *c, struct arriving *a, int rc, const struct http_response *out,
                     struct err *e)
{
	cJSON *o;
	if (!rc && out->status / 100 != 2) {
		(void)http_status_err(c->http, out, e);
		return NULL;
	}
	if (rc && (!a->first || e->code != ERR_REMOTE))
		return NULL;
	reply_close(&a->reply);
	o = chat_reply_json(&c->c, &a->reply);
	json_add_i64(o, "first_us", a->first);
	json_add_i64(o, "elapsed_us", mw_mono_us() - a->began);
	return o;
}

cJSON *chat_call(struct chat *c, const cJSON *request, const struct chat_opts *o, struct err *e)
{
	static const char *const anthropic_headers[] = {"anthropic-version: 2023-06-01", NULL};
	struct arriving a = {.o = o, .began = mw_mono_us()};
	struct http_response out = {0};
	struct buf text = BUF_INIT;
	cJSON *body = chat_body(&c->c, request, e), *reply;
	char *path;
	int rc, tries = 0;
	if (!body)
		return NULL;
	text.max = CHAT_REQUEST_MAX;
	json_write(&text, body);
	cJSON_Delete(body);
	if (text.over) {
		buf_release(&text);
		err_set(e, ERR_LIMIT,
		        "what %s is asked has more than %d bytes: narrow the question", c->c.name,
		        CHAT_REQUEST_MAX);
		return NULL;
	}
	path = path_of(&c->c);
	reply_init(&a.reply, c->c.dialect);
	rc = send_with_retries(c, &a,
	                       &(struct http_request){.method = "POST",
	                                              .path = path,
	                                              .headers = c->c.dialect == REPLY_ANTHROPIC
	                                                                 ? anthropic_headers
	                                                                 : NULL,
	                                              .body = {text.s, text.len},
	                                              .content_type = "application/json",
	                                              .deadline_us = o->deadline_us,
	                                              .cancelled = o->cancelled,
	                                              .on_body = on_body,
	                                              .ctx = &a},
	                       &out, &tries, e);
	reply = finish(c, &a, rc, &out, e);
	if (reply)
		json_add_i64(reply, "tries", tries);
	http_response_release(&out);
	reply_release(&a.reply);
	buf_release(&text);
	free(path);
	return reply;
}
