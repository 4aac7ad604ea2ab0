#include "llm/reply.h"

#include "base/limits.h"

#define HEAD_MAX 65536
#define FIELD_MAX_BYTES 4096 /* ids, names, finish reasons */

static const char *const end_names[] = {"running", "done", "eof_after_finish", "eof_truncated",
                                        "error"};

const char *reply_end_name(enum reply_end e)
{
	return end_names[e];
}

void reply_init(struct reply *r, enum reply_dialect d)
{
	*r = (struct reply){.dialect = d};
	sse_init(&r->sse);
	buf_init(&r->content, REPLY_TEXT_MAX);
	buf_init(&r->reasoning, REPLY_TEXT_MAX);
	buf_init(&r->refusal, REPLY_TEXT_MAX);
	buf_init(&r->head, HEAD_MAX);
}

void reply_release(struct reply *r)
{
	sse_release(&r->sse);
	buf_release(&r->content);
	buf_release(&r->reasoning);
	buf_release(&r->refusal);
	buf_release(&r->head);
	for (size_t i = 0; i < r->calls.n; i++) {
		free(r->calls.v[i].id);
		free(r->calls.v[i].name);
		buf_release(&r->calls.v[i].args);
	}
	vec_free(&r->calls);
	free(r->finish);
	free(r->error_type);
	free(r->error_code);
	free(r->error_message);
	cJSON_Delete(r->usage);
}

/* ---- JSON that servers really send ---- */

static bool high(unsigned u)
{
	return u >= 0xd800 && u <= 0xdbff;
}

static bool low(unsigned u)
{
	return u >= 0xdc00 && u <= 0xdfff;
}

static bool escape_at(struct slice s, size_t i, unsigned *u)
{
	char hex[5] = {0}, *end;
	if (i + 6 > s.n || s.s[i] != '\\' || s.s[i + 1] != 'u')
		return false;
	memcpy(hex, s.s + i + 2, 4);
	*u = (unsigned)strtoul(hex, &end, 16);
	return end == hex + 4;
}

/* A lone surrogate and \u0000 become U+FFFD, which cJSON takes; the rest passes byte for byte, half characters included. */
static cJSON *parse_lenient(struct slice s)
{
	struct buf b = BUF_INIT;
	cJSON *j;
	unsigned u, v;
	for (size_t i = 0; i < s.n;) {
		size_t n = 1;
		if (s.s[i] == '\\' && !escape_at(s, i, &u)) {
			n = i + 1 < s.n ? 2 : 1;
		} else if (s.s[i] == '\\') {
			bool pair = high(u) && escape_at(s, i + 6, &v) && low(v);
			n = pair ? 12 : 6;
			if (!u || (!pair && (high(u) || low(u)))) {
				buf_str(&b, "\\ufffd");
				i += n;
				continue;
			}
		}
		buf_add(&b, s.s + i, n);
		i += n;
	}
	j = cJSON_ParseWithLength(b.s, b.len);
	buf_release(&b);
	return j;
}

/* ---- small setters ---- */

static void set_text(char **to, const char *text)
{
	if (!text)
		return;
	free(*to);
	*to = xstrndup(text, strnlen(text, FIELD_MAX_BYTES));
}

static void set_error(struct reply *r, const cJSON *err)
{
	const cJSON *code = json_get(err, "code");
	r->end = REPLY_ERROR;
	set_text(&r->error_type, json_str(err, "type", NULL));
	set_text(&r->error_message,
	         cJSON_IsString(err) ? err->valuestring : json_str(err, "message", "no message"));
	if (cJSON_IsString(code))
		set_text(&r->error_code, code->valuestring);
	else if (cJSON_IsNumber(code)) {
		free(r->error_code);
		r->error_code = xasprintf("%.0f", code->valuedouble);
	}
}

static void add(struct buf *b, const cJSON *v)
{
	if (cJSON_IsString(v))
		buf_str(b, v->valuestring);
}

static struct tool_call *call_of(struct reply *r, int64_t index)
{
	struct tool_call *c;
	vec_each (c, &r->calls)
		if (c->index == index)
			return c;
	if (r->calls.n >= REPLY_CALLS_MAX)
		return NULL;
	c = vec_push(&r->calls);
	c->index = index;
	buf_init(&c->args, REPLY_TEXT_MAX);
	return c;
}

static void set_usage(struct reply *r, const cJSON *u)
{
	if (!cJSON_IsObject(u))
		return;
	cJSON_Delete(r->usage);
	r->usage = cJSON_Duplicate(u, true);
}

/* ---- OpenAI ---- */

static void openai_calls(struct reply *r, const cJSON *calls)
{
	for (const cJSON *x = calls ? calls->child : NULL; x; x = x->next) {
		struct tool_call *c = call_of(r, json_i64(x, "index", (int64_t)r->calls.n));
		const cJSON *fn = json_obj(x, "function"), *args = json_get(fn, "arguments");
		if (!c)
			continue;
		if (!c->id)
			set_text(&c->id, json_str(x, "id", NULL));
		if (!c->name)
			set_text(&c->name, json_str(fn, "name", NULL));
		if (cJSON_IsObject(args))
			json_write(&c->args, args);
		else
			add(&c->args, args);
	}
}

static void openai_event(struct reply *r, const cJSON *j)
{
	const cJSON *choice = json_arr(j, "choices") ? json_arr(j, "choices")->child : NULL,
	            *delta = json_obj(choice, "delta");
	set_usage(r, json_get(j, "usage"));
	/* One choice is asked for; a server that sends more is read for its first. */
	if (!choice || json_i64(choice, "index", 0) != 0)
		return;
	add(&r->content, json_get(delta, "content"));
	add(&r->refusal, json_get(delta, "refusal"));
	add(&r->reasoning, json_get(delta, "reasoning_content"));
	openai_calls(r, json_arr(delta, "tool_calls"));
	set_text(&r->finish, json_str(choice, "finish_reason", NULL));
}

/* ---- Anthropic ---- */

static void anthropic_usage(struct reply *r, const cJSON *u)
{
	static const char *const keys[] = {"input_tokens", "output_tokens"};
	for (size_t i = 0; u && i < ARRAY_LEN(keys); i++) {
		if (!cJSON_IsNumber(json_get(u, keys[i])))
			continue;
		if (!r->usage)
			r->usage = cJSON_CreateObject();
		cJSON_DeleteItemFromObjectCaseSensitive(r->usage, keys[i]);
		json_add_i64(r->usage, keys[i], json_i64(u, keys[i], 0));
	}
}

static void a_start(struct reply *r, const cJSON *j)
{
	anthropic_usage(r, json_obj(json_obj(j, "message"), "usage"));
}

static void a_block(struct reply *r, const cJSON *j)
{
	const cJSON *b = json_obj(j, "content_block");
	struct tool_call *c;
	if (strcmp(json_str(b, "type", ""), "tool_use")) {
		add(&r->content, json_get(b, "text"));
		return;
	}
	c = call_of(r, json_i64(j, "index", 0));
	if (!c)
		return;
	set_text(&c->id, json_str(b, "id", NULL));
	set_text(&c->name, json_str(b, "name", NULL));
}

static void a_delta(struct reply *r, const cJSON *j)
{
	const cJSON *d = json_obj(j, "delta"), *partial = json_get(d, "partial_json");
	add(&r->content, json_get(d, "text"));
	add(&r->reasoning, json_get(d, "thinking"));
	if (partial) {
		struct tool_call *c = call_of(r, json_i64(j, "index", 0));
		if (c)
			add(&c->args, partial);
	}
}

static void a_message(struct reply *r, const cJSON *j)
{
	set_text(&r->finish, json_str(json_obj(j, "delta"), "stop_reason", NULL));
	anthropic_usage(r, json_obj(j, "usage"));
}

static void a_stop(struct reply *r, const cJSON *j)
{
	(void)j;
	r->terminator = true;
}

static const struct {
	const char *type;
	void (*fn)(struct reply *, const cJSON *);
} anthropic_events[] = {
        {"message_start", a_start},       {"content_block_start", a_block},
        {"content_block_delta", a_delta}, {"message_delta", a_message},
        {"message_stop", a_stop},
};

static void anthropic_event(struct reply *r, const cJSON *j)
{
	const char *type = json_str(j, "type", "");
	for (size_t i = 0; i < ARRAY_LEN(anthropic_events); i++)
		if (!strcmp(type, anthropic_events[i].type))
			anthropic_events[i].fn(r, j);
}

/* ---- the stream ---- */

static int on_event(void *ctx, const char *event, struct slice data, struct err *e)
{
	struct reply *r = ctx;
	cJSON *j;
	const cJSON *err;
	(void)e;
	r->events++;
	if (r->end == REPLY_ERROR)
		return 0;
	if (slice_eq(slice_trim(data), SLICE("[DONE]"))) {
		r->terminator = true;
		return 0;
	}
	j = parse_lenient(data);
	err = json_get(j, "error");
	if (err && !cJSON_IsNull(err))
		set_error(r, err);
	else if (!strcmp(event, "error") && j)
		set_error(r, j);
	else if (j && r->dialect == REPLY_OPENAI)
		openai_event(r, j);
	else if (j)
		anthropic_event(r, j);
	cJSON_Delete(j);
	return 0;
}

int reply_feed(struct reply *r, struct slice part, struct err *e)
{
	if (r->head.len < HEAD_MAX && !r->events)
		buf_add(&r->head, part.s,
		        part.n < HEAD_MAX - r->head.len ? part.n : HEAD_MAX - r->head.len);
	if (sse_feed(&r->sse, part, on_event, r, e))
		return -1;
	if (r->content.over || r->reasoning.over)
		return err_set(e, ERR_LIMIT, "the model wrote more than %d bytes: stopped",
		               REPLY_TEXT_MAX);
	return 0;
}

static bool head_is_error(struct reply *r)
{
	cJSON *j = r->events ? NULL : parse_lenient((struct slice){r->head.s, r->head.len});
	const cJSON *err = json_get(j, "error");
	bool is = err && !cJSON_IsNull(err);
	if (is)
		set_error(r, err);
	cJSON_Delete(j);
	return is;
}

void reply_close(struct reply *r)
{
	if (r->end == REPLY_ERROR || head_is_error(r))
		return;
	r->end = r->terminator ? REPLY_DONE : r->finish ? REPLY_EOF_AFTER_FINISH : REPLY_TRUNCATED;
}

static const char *const acting_reasons[] = {"stop",     "tool_calls", "function_call",
                                             "tool_use", "end_turn",   NULL};

cJSON *reply_call_args(const struct reply *r, size_t i, struct err *e)
{
	const struct tool_call *c = &r->calls.v[i];
	const char *const *ok = acting_reasons;
	cJSON *j;
	if (r->end != REPLY_DONE && r->end != REPLY_EOF_AFTER_FINISH) {
		err_set(e, ERR_REMOTE, "the reply is not whole (%s): its tool call does not count",
		        reply_end_name(r->end));
		return NULL;
	}
	while (*ok && (!r->finish || strcmp(*ok, r->finish)))
		ok++;
	if (!*ok) {
		err_set(e, ERR_REMOTE, "the model stopped for \"%s\": its tool call does not count",
		        r->finish ? r->finish : "no stated reason");
		return NULL;
	}
	if (!c->args.len)
		return cJSON_CreateObject();
	j = json_parse((struct slice){c->args.s, c->args.len}, MW_PLAN_JSON_MAX, e);
	if (!j)
		err_prefix(e, "the arguments of tool call \"%s\"", c->name ? c->name : "?");
	return j;
}
