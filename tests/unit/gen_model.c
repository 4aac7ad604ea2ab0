#include "gen_model.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/mem.h"

struct model_twin {
	struct MHD_Daemon *server;
	cJSON *script, *requests;
	pthread_mutex_t lock;
	unsigned streaming;
	FILE *log;
};

struct stream { /* one answer on its way */
	struct model_twin *twin;
	cJSON *pieces; /* strings */
	int at, delay_ms;
	size_t sent; /* of the piece */
};

/* ---- events of each dialect ---- */

static void put(struct stream *s, const char *event, cJSON *data)
{
	struct buf b = BUF_INIT;
	if (event)
		buf_printf(&b, "event: %s\n", event);
	buf_str(&b, "data: ");
	json_write(&b, data);
	buf_str(&b, "\n\n");
	cJSON_AddItemToArray(s->pieces, cJSON_CreateString(b.s));
	cJSON_Delete(data);
	buf_release(&b);
}

static cJSON *parse(const char *fmt, ...) MW_PRINTF(1, 2);
static cJSON *parse(const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;
	cJSON *j;
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	j = cJSON_Parse(b.s);
	buf_release(&b);
	return j;
}

static cJSON *openai_chunk(cJSON *delta, const char *finish)
{
	cJSON *o = parse(
	              "{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":"
	              "\"twin\",\"choices\":[{\"index\":0}]}"),
	      *choice = json_arr(o, "choices")->child;
	cJSON_AddItemToObject(choice, "delta", delta);
	json_add_str(choice, "finish_reason", finish);
	return o;
}

/* What comes in pieces: the text, or the arguments of the call. */
static void each_piece(struct stream *s, const cJSON *rule, const char *text,
                       void (*fn)(struct stream *s, const char *part))
{
	size_t n = strlen(text), step = (size_t)json_i64(rule, "piece", (int64_t)n);
	for (size_t i = 0; i < n; i += step ? step : n) {
		char *part = xstrndup(text + i, n - i < step ? n - i : step);
		fn(s, part);
		free(part);
	}
}

static void openai_text(struct stream *s, const char *part)
{
	cJSON *d = cJSON_CreateObject();
	json_add_str(d, "content", part);
	put(s, NULL, openai_chunk(d, NULL));
}

static void openai_args(struct stream *s, const char *part)
{
	cJSON *d = parse("{\"tool_calls\":[{\"index\":0,\"function\":{}}]}");
	json_add_str(json_obj(json_arr(d, "tool_calls")->child, "function"), "arguments", part);
	put(s, NULL, openai_chunk(d, NULL));
}

static char *args_of(const cJSON *call)
{
	const cJSON *args = json_get(call, "args");
	struct buf b = BUF_INIT;
	if (cJSON_IsString(args))
		buf_str(&b, args->valuestring);
	else
		json_write(&b, args);
	return buf_take(&b, NULL);
}

static void openai(struct stream *s, const cJSON *rule)
{
	const cJSON *call = json_obj(rule, "call"), *usage = json_arr(rule, "usage");
	const char *finish = json_str(rule, "finish", call ? "tool_calls" : "stop");
	cJSON *d;
	put(s, NULL, openai_chunk(parse("{\"role\":\"assistant\"}"), NULL));
	each_piece(s, rule, json_str(rule, "text", ""), openai_text);
	if (call) {
		char *args = args_of(call);
		d = parse("{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\"type\":\"function\","
		          "\"function\":{\"name\":\"%s\",\"arguments\":\"\"}}]}",
		          json_str(call, "name", ""));
		put(s, NULL, openai_chunk(d, NULL));
		each_piece(s, rule, args, openai_args);
		free(args);
	}
	if (json_str(rule, "refusal", NULL)) {
		d = cJSON_CreateObject();
		json_add_str(d, "refusal", json_str(rule, "refusal", ""));
		put(s, NULL, openai_chunk(d, NULL));
	}
	if (json_bool(rule, "cut", false))
		return;
	put(s, NULL, openai_chunk(cJSON_CreateObject(), finish));
	if (usage)
		put(s, NULL,
		    parse("{\"choices\":[],\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%"
		          "d}}",
		          cJSON_GetArrayItem(usage, 0)->valueint,
		          cJSON_GetArrayItem(usage, 1)->valueint));
	cJSON_AddItemToArray(s->pieces, cJSON_CreateString("data: [DONE]\n\n"));
}

static void anthropic_delta(struct stream *s, const char *type, const char *key, const char *part)
{
	cJSON *o = parse(
	        "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"%s\"}}", type);
	json_add_str(json_obj(o, "delta"), key, part);
	put(s, "content_block_delta", o);
}

static void anthropic_text(struct stream *s, const char *part)
{
	anthropic_delta(s, "text_delta", "text", part);
}

static void anthropic_args(struct stream *s, const char *part)
{
	anthropic_delta(s, "input_json_delta", "partial_json", part);
}

static void anthropic(struct stream *s, const cJSON *rule)
{
	const cJSON *call = json_obj(rule, "call"), *usage = json_arr(rule, "usage");
	int in = usage ? cJSON_GetArrayItem(usage, 0)->valueint : 0,
	    out = usage ? cJSON_GetArrayItem(usage, 1)->valueint : 0;
	char *args = call ? args_of(call) : xstrdup(json_str(rule, "text", ""));
	put(s, "message_start",
	    parse("{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_"
	          "tokens\":%d}}}",
	          in));
	put(s, "content_block_start",
	    call ? parse("{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{"
	                 "\"type\":"
	                 "\"tool_use\",\"id\":\"toolu_1\",\"name\":\"%s\",\"input\":{}}}",
	                 json_str(call, "name", ""))
	         : parse("{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{"
	                 "\"type\":"
	                 "\"text\",\"text\":\"\"}}"));
	each_piece(s, rule, args, call ? anthropic_args : anthropic_text);
	free(args);
	if (json_bool(rule, "cut", false))
		return;
	put(s, "content_block_stop", parse("{\"type\":\"content_block_stop\",\"index\":0}"));
	put(s, "message_delta",
	    parse("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"%s\"},\"usage\":{"
	          "\"output_"
	          "tokens\":%d}}",
	          json_str(rule, "finish", call ? "tool_use" : "end_turn"), out));
	put(s, "message_stop", parse("{\"type\":\"message_stop\"}"));
}

/* ---- HTTP ---- */

static ssize_t next_bytes(void *ctx, uint64_t pos, char *out, size_t max)
{
	struct stream *s = ctx;
	const cJSON *p = cJSON_GetArrayItem(s->pieces, s->at);
	size_t n;
	(void)pos;
	if (!p)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (!s->sent && s->delay_ms)
		poll(NULL, 0, s->delay_ms);
	n = strlen(p->valuestring) - s->sent;
	n = n < max ? n : max;
	memcpy(out, p->valuestring + s->sent, n);
	s->sent += n;
	if (!p->valuestring[s->sent]) {
		s->at++;
		s->sent = 0;
	}
	return (ssize_t)n;
}

static void count(struct model_twin *t, int by)
{
	pthread_mutex_lock(&t->lock);
	t->streaming += (unsigned)by;
	pthread_mutex_unlock(&t->lock);
}

static void stream_end(void *ctx)
{
	struct stream *s = ctx;
	count(s->twin, -1);
	cJSON_Delete(s->pieces);
	free(s);
}

static struct MHD_Response *stream_response(struct model_twin *t, const cJSON *rule,
                                            const char *path)
{
	struct stream *s = xcalloc(1, sizeof(*s));
	struct MHD_Response *r;
	*s = (struct stream){t, cJSON_CreateArray(), 0, (int)json_i64(rule, "delay_ms", 0), 0};
	count(t, 1);
	if (json_str(rule, "sse", NULL))
		cJSON_AddItemToArray(s->pieces, cJSON_CreateString(json_str(rule, "sse", "")));
	else if (strstr(path, "/messages"))
		anthropic(s, rule);
	else
		openai(s, rule);
	r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, next_bytes, s, stream_end);
	MHD_add_response_header(r, "Content-Type", "text/event-stream");
	return r;
}

static struct MHD_Response *plain_response(const cJSON *body)
{
	struct buf b = BUF_INIT;
	struct MHD_Response *r;
	if (cJSON_IsString(body))
		buf_str(&b, body->valuestring);
	else
		json_write(&b, body);
	r = MHD_create_response_from_buffer(b.len, b.s, MHD_RESPMEM_MUST_COPY);
	MHD_add_response_header(r, "Content-Type", "application/json");
	buf_release(&b);
	return r;
}

static const cJSON *take_rule(struct model_twin *t, const char *body)
{
	cJSON *rule;
	cJSON_ArrayForEach(rule, t->script)
	{
		const char *when = json_str(rule, "when", ""), *not = json_str(rule, "not", NULL);
		cJSON *times = json_get(rule, "times");
		if (!strstr(body, when) || (not &&strstr(body, not )) ||
		    (times && times->valueint < 1))
			continue;
		if (times)
			cJSON_SetIntValue(times, times->valueint - 1);
		return rule;
	}
	return NULL;
}

static void keep_request(struct model_twin *t, struct MHD_Connection *c, const char *path,
                         const char *body)
{
	static const char *const keys[] = {"Authorization", "x-api-key", "api-key"};
	cJSON *o = cJSON_CreateObject(), *parsed = cJSON_Parse(body);
	struct buf line = BUF_INIT;
	json_add_str(o, "path", path);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *v = MHD_lookup_connection_value(c, MHD_HEADER_KIND, keys[i]);
		if (v)
			json_add_str(o, "key", v);
	}
	cJSON_AddItemToObject(o, "body", parsed ? parsed : cJSON_CreateString(body));
	json_write(&line, o);
	if (t->log) {
		fprintf(t->log, "%s\n", line.s);
		fflush(t->log);
	}
	buf_release(&line);
	cJSON_AddItemToArray(t->requests, o);
}

static enum MHD_Result answer(struct model_twin *t, struct MHD_Connection *c, const char *path,
                              const char *body)
{
	const cJSON *rule, *h;
	struct MHD_Response *r;
	enum MHD_Result rc;
	pthread_mutex_lock(&t->lock);
	keep_request(t, c, path, body);
	rule = take_rule(t, body);
	pthread_mutex_unlock(&t->lock);
	r = rule && !json_get(rule, "body") ? stream_response(t, rule, path)
	                                    : plain_response(json_get(rule, "body"));
	cJSON_ArrayForEach(h, json_obj(rule, "headers"))
	        MHD_add_response_header(r, h->string, h->valuestring);
	rc = MHD_queue_response(c, rule ? (unsigned)json_i64(rule, "status", 200) : 404, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *c, const char *url,
                              const char *method, const char *version, const char *data, size_t *n,
                              void **state)
{
	struct buf *b = *state;
	(void)method, (void)version;
	if (!b) {
		*state = b = xcalloc(1, sizeof(*b));
		buf_init(b, 0);
		return MHD_YES;
	}
	if (*n) {
		buf_add(b, data, *n);
		*n = 0;
		return MHD_YES;
	}
	return answer(ctx, c, url, b->s);
}

static void completed(void *ctx, struct MHD_Connection *c, void **state,
                      enum MHD_RequestTerminationCode why)
{
	struct buf *b = *state;
	(void)ctx, (void)c, (void)why;
	if (!b)
		return;
	buf_release(b);
	free(b);
}

struct model_twin *model_twin_start(cJSON *script, unsigned port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	                        .sin_port = htons((uint16_t)port),
	                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct model_twin *t = xcalloc(1, sizeof(*t));
	t->script = script;
	t->requests = cJSON_CreateArray();
	pthread_mutex_init(&t->lock, NULL);
	t->server =
	        MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0,
	                         NULL, NULL, handle, t, MHD_OPTION_SOCK_ADDR, &a,
	                         MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
	if (t->server)
		return t;
	model_twin_stop(t);
	return NULL;
}

void model_twin_stop(struct model_twin *t)
{
	if (t->server)
		MHD_stop_daemon(t->server);
	pthread_mutex_destroy(&t->lock);
	cJSON_Delete(t->script);
	cJSON_Delete(t->requests);
	free(t);
}

unsigned model_twin_port(const struct model_twin *t)
{
	return MHD_get_daemon_info(t->server, MHD_DAEMON_INFO_BIND_PORT)->port;
}

cJSON *model_twin_requests(struct model_twin *t)
{
	cJSON *copy;
	pthread_mutex_lock(&t->lock);
	copy = cJSON_Duplicate(t->requests, true);
	pthread_mutex_unlock(&t->lock);
	return copy;
}

unsigned model_twin_streaming(struct model_twin *t)
{
	unsigned n;
	pthread_mutex_lock(&t->lock);
	n = t->streaming;
	pthread_mutex_unlock(&t->lock);
	return n;
}

void model_twin_log(struct model_twin *t, FILE *f)
{
	t->log = f;
}
