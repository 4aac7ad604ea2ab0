/* The client of the providers against a scripted stand-in on loopback. */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "gen_model.h"
#include "llm/chat.h"

static struct err err;

struct bench {
	struct model_twin *twin;
	struct chat *chat;
	cJSON *entry;
	struct buf seen;
};

static void open_bench(struct bench *b, const char *kind, const char *script, const char *extra)
{
	struct model_conf c;
	cJSON *rules = cJSON_Parse(script);
	char *text;
	assert_non_null(rules);
	*b = (struct bench){.twin = model_twin_start(rules, 0)};
	assert_non_null(b->twin);
	text = xasprintf("{\"name\":\"m\",\"kind\":\"%s\",\"model\":\"x-1\",\"url\":\"http://"
	                 "127.0.0.1:%u\"%s}",
	                 kind, model_twin_port(b->twin), extra);
	b->entry = cJSON_Parse(text);
	free(text);
	assert_non_null(b->entry);
	assert_int_equal(model_conf_read(&c, b->entry, &err), 0);
	assert_int_equal(chat_open(&b->chat, &c, secret_new("k-123", 5), &err), 0);
	buf_init(&b->seen, 0);
}

static void close_bench(struct bench *b)
{
	chat_close(b->chat);
	model_twin_stop(b->twin);
	cJSON_Delete(b->entry);
	buf_release(&b->seen);
}

static int on_part(void *ctx, struct slice part, struct err *e)
{
	(void)e;
	buf_add(ctx, part.s, part.n);
	return 0;
}

static cJSON *ask(struct bench *b, const char *request)
{
	struct chat_opts o = {.part = on_part, .ctx = &b->seen};
	cJSON *q = cJSON_Parse(request), *reply;
	assert_non_null(q);
	reply = chat_call(b->chat, q, &o, &err);
	cJSON_Delete(q);
	return reply;
}

static const cJSON *sent(cJSON *requests)
{
	return json_obj(cJSON_GetArrayItem(requests, cJSON_GetArraySize(requests) - 1), "body");
}

#define SAY "{\"system\":\"be brief\",\"messages\":[{\"role\":\"user\",\"text\":\"hello\"}]}"
#define CALL                                                                                 \
	"{\"system\":\"s\",\"messages\":[{\"role\":\"user\",\"text\":\"who\"},"              \
	"{\"role\":\"assistant\",\"text\":\"\",\"calls\":[{\"id\":\"c9\",\"name\":\"plan\"," \
	"\"args\":\"{\\\"a\\\":1}\"}]},"                                                     \
	"{\"role\":\"tool\",\"id\":\"c9\",\"text\":\"steps is missing\",\"error\":true}],"   \
	"\"tools\":[{\"name\":\"plan\",\"description\":\"d\",\"schema\":{\"type\":\"object\"}}]}"
#define ANSWER                                                                     \
	"{\"system\":\"s\",\"messages\":[{\"role\":\"user\",\"text\":\"write\"}]," \
	"\"answer\":{\"name\":\"story\",\"description\":\"d\",\"schema\":{\"type\":\"object\"}}}"

static void openai_streams_text_and_counts(void **state)
{
	struct bench b;
	cJSON *r, *q;
	(void)state;
	open_bench(&b, "openai", "[{\"text\":\"good morning\",\"piece\":3,\"usage\":[10,4]}]",
	           ",\"price_in\":\"2.5\",\"price_out\":\"10\"");
	r = ask(&b, SAY);
	assert_non_null(r);
	assert_string_equal(json_str(r, "text", ""), "good morning");
	assert_string_equal(b.seen.s, "good morning");
	assert_string_equal(json_str(r, "end", ""), "done");
	assert_int_equal(json_i64(r, "tokens_in", 0), 10);
	assert_int_equal(json_i64(r, "cost_micro", 0), 65);
	q = model_twin_requests(b.twin);
	assert_string_equal(json_str(q->child, "key", ""), "Bearer k-123");
	assert_string_equal(json_str(q->child, "path", ""), "/chat/completions");
	assert_string_equal(json_str(sent(q), "model", ""), "x-1");
	assert_true(json_bool(sent(q), "stream", false));
	cJSON_Delete(q);
	cJSON_Delete(r);
	close_bench(&b);
}

static void azure_names_version_and_key(void **state)
{
	struct bench b;
	cJSON *r, *q;
	(void)state;
	open_bench(&b, "openai", "[{\"text\":\"x\"}]", ",\"api_version\":\"2024-10-21\"");
	r = ask(&b, SAY);
	assert_non_null(r);
	assert_true(cJSON_IsNull(json_get(r, "cost_micro")));
	q = model_twin_requests(b.twin);
	assert_string_equal(json_str(q->child, "key", ""), "k-123");
	cJSON_Delete(q);
	cJSON_Delete(r);
	close_bench(&b);
}

static void calls_come_whole_and_results_go_back(void **state)
{
	static const char *const kinds[] = {"openai", "anthropic"};
	struct bench b;
	cJSON *r, *q;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const cJSON *call, *m;
		open_bench(
		        &b, kinds[i],
		        "[{\"call\":{\"name\":\"plan\",\"args\":{\"steps\":[1,2]}},\"piece\":2}]",
		        "");
		r = ask(&b, CALL);
		assert_non_null(r);
		call = json_arr(r, "calls")->child;
		assert_string_equal(json_str(call, "name", ""), "plan");
		assert_string_equal(json_str(call, "args", ""), "{\"steps\":[1,2]}");
		assert_true(cJSON_IsNull(json_get(call, "refused")));
		assert_string_equal(b.seen.s, "{\"steps\":[1,2]}");
		q = model_twin_requests(b.twin);
		m = json_arr(sent(q), "messages");
		/* system, user, assistant, tool; Anthropic has the system outside */
		assert_int_equal(cJSON_GetArraySize(m), i ? 3 : 4);
		assert_non_null(json_get(sent(q), "tool_choice"));
		cJSON_Delete(q);
		cJSON_Delete(r);
		close_bench(&b);
	}
}

static void an_answer_is_one_object_either_way(void **state)
{
	static const struct {
		const char *kind, *script, *extra, *member;
	} ways[] = {
	        {"openai", "[{\"text\":\"{\\\"a\\\":1}\"}]", "", "response_format"},
	        {"openai", "[{\"call\":{\"name\":\"story\",\"args\":{\"a\":1}}}]",
	         ",\"answer\":\"tool\"", "tool_choice"},
	        {"anthropic", "[{\"call\":{\"name\":\"story\",\"args\":{\"a\":1}}}]", "",
	         "tool_choice"},
	        {"anthropic", "[{\"text\":\"{\\\"a\\\":1}\"}]", ",\"answer\":\"schema\"",
	         "output_config"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct bench b;
		cJSON *r, *q;
		open_bench(&b, ways[i].kind, ways[i].script, ways[i].extra);
		r = ask(&b, ANSWER);
		assert_non_null(r);
		assert_string_equal(json_str(r, "text", ""), "{\"a\":1}");
		q = model_twin_requests(b.twin);
		assert_non_null(json_get(sent(q), ways[i].member));
		cJSON_Delete(q);
		cJSON_Delete(r);
		close_bench(&b);
	}
}

static void a_broken_stream_keeps_what_came(void **state)
{
	struct bench b;
	cJSON *r;
	(void)state;
	open_bench(&b, "openai", "[{\"text\":\"half a sen\",\"cut\":true}]", "");
	r = ask(&b, SAY);
	assert_non_null(r);
	assert_string_equal(json_str(r, "end", ""), "eof_truncated");
	assert_string_equal(json_str(r, "text", ""), "half a sen");
	cJSON_Delete(r);
	close_bench(&b);
	open_bench(&b, "openai",
	           "[{\"call\":{\"name\":\"plan\",\"args\":{}},\"finish\":\"length\"}]", "");
	r = ask(&b, CALL);
	assert_non_null(r);
	assert_non_null(json_str(json_arr(r, "calls")->child, "refused", NULL));
	cJSON_Delete(r);
	close_bench(&b);
}

static void tries_again_where_it_may_help(void **state)
{
	static const struct {
		const char *rule;
		int requests;
	} cases[] = {
	        {"\"status\":429,\"headers\":{\"retry-after-ms\":\"1\"},\"body\":{\"error\":{"
	         "\"code\":"
	         "\"rate_limit_exceeded\"}}",
	         2},
	        {"\"status\":529,\"headers\":{\"retry-after\":\"0\"},\"body\":{\"type\":\"error\"}",
	         2},
	        {"\"status\":429,\"body\":{\"error\":{\"code\":\"insufficient_quota\"}}", 1},
	        {"\"status\":503,\"headers\":{\"x-should-retry\":\"false\"},\"body\":{}", 1},
	        {"\"status\":503,\"headers\":{\"retry-after\":\"3600\"},\"body\":{}", 1},
	        {"\"status\":400,\"body\":{\"error\":{\"code\":\"context_length_exceeded\"}}", 1},
	        {"\"status\":401,\"body\":{\"error\":{\"message\":\"no\"}}", 1},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bench b;
		char *script = xasprintf("[{\"times\":1,%s},{\"text\":\"ok\"}]", cases[i].rule);
		cJSON *r, *q;
		open_bench(&b, "openai", script, "");
		r = ask(&b, SAY);
		q = model_twin_requests(b.twin);
		assert_int_equal(cJSON_GetArraySize(q), cases[i].requests);
		assert_int_equal(r != NULL, cases[i].requests > 1);
		assert_true(r || !strstr(err.what, "k-123"));
		cJSON_Delete(q);
		cJSON_Delete(r);
		close_bench(&b);
		free(script);
	}
}

/* The providers' own error bodies: tried again where the facts say that it may help, their words in ours. */
static void known_errors_are_told_apart(void **state)
{
	const char *root = getenv("MW_SHARED");
	char *path = xasprintf("%s/data/llm/http_errors.json", root ? root : "../shared");
	FILE *f = fopen(path, "re");
	struct buf text = BUF_INIT;
	char part[4096];
	cJSON *all;
	const cJSON *x;
	(void)state;
	free(path);
	if (!f) {
		print_message("skipped: no ../shared\n");
		return;
	}
	for (size_t n; (n = fread(part, 1, sizeof(part), f)) > 0;)
		buf_add(&text, part, n);
	fclose(f);
	all = cJSON_Parse(text.s);
	assert_true(cJSON_GetArraySize(all) > 20);
	cJSON_ArrayForEach(x, all)
	{
		bool again = !strncmp(json_str(x, "retry", ""), "yes", 3),
		     anthropic = !strcmp(json_str(x, "provider", ""), "anthropic");
		cJSON *rule = cJSON_CreateObject(), *h = json_add_obj(rule, "headers"), *q, *r;
		struct buf script = BUF_INIT;
		struct bench b;
		json_add_i64(rule, "times", 1);
		json_add_i64(rule, "status", json_i64(x, "status", 0));
		/* The wait itself is another test's business. */
		json_add_str(h, "retry-after-ms", "1");
		cJSON_AddItemToObject(rule, "body", cJSON_Duplicate(json_get(x, "body"), true));
		buf_ch(&script, '[');
		json_write(&script, rule);
		buf_str(&script, ",{\"text\":\"ok\"}]");
		open_bench(&b, anthropic ? "anthropic" : "openai", script.s, "");
		r = ask(&b, SAY);
		q = model_twin_requests(b.twin);
		if ((cJSON_GetArraySize(q) > 1) != again || (r != NULL) != again)
			fail_msg("%s %lld: %d requests", json_str(x, "provider", ""),
			         (long long)json_i64(x, "status", 0), cJSON_GetArraySize(q));
		cJSON_Delete(q);
		cJSON_Delete(r);
		close_bench(&b);
		cJSON_Delete(rule);
		buf_release(&script);
	}
	cJSON_Delete(all);
	buf_release(&text);
}

/* ---- cancel: the connection is closed, so that the provider stops and stops counting ---- */

struct stopping {
	struct bench b;
	volatile bool cancelled;
};

static int stop_at_first(void *ctx, struct slice part, struct err *e)
{
	struct stopping *s = ctx;
	(void)part, (void)e;
	s->cancelled = true;
	return 0;
}

static void a_cancel_ends_the_stream_at_its_source(void **state)
{
	struct stopping s = {0};
	struct chat_opts o = {.part = stop_at_first, .ctx = &s, .cancelled = &s.cancelled};
	cJSON *q = cJSON_Parse(SAY), *r;
	int64_t began = mw_mono_us(), until;
	(void)state;
	open_bench(&s.b, "openai",
	           "[{\"text\":"
	           "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	           "\",\"piece\":1,\"delay_ms\":100}]",
	           "");
	r = chat_call(s.b.chat, q, &o, &err);
	assert_null(r);
	assert_int_equal(err.code, ERR_CANCELLED);
	assert_true(mw_mono_us() - began < 2 * MW_SECOND);
	until = mw_mono_us() + 3 * MW_SECOND;
	while (model_twin_streaming(s.b.twin) && mw_mono_us() < until)
		poll(NULL, 0, 10);
	assert_int_equal(model_twin_streaming(s.b.twin), 0);
	cJSON_Delete(q);
	close_bench(&s.b);
}

/* Our own share of a call: what is left beside the stand-in's time, which itself is in it. */
static void a_call_costs_little(void **state)
{
	struct bench b;
	int64_t best = INT64_MAX;
	(void)state;
	open_bench(&b, "openai", "[{\"text\":\"ok\",\"usage\":[1,1]}]", "");
	for (int i = 0; i < 20; i++) {
		int64_t at = mw_mono_us();
		cJSON *r = ask(&b, SAY);
		assert_non_null(r);
		best = mw_mono_us() - at < best ? mw_mono_us() - at : best;
		cJSON_Delete(r);
	}
	print_message("one call, sent, streamed and read: %lld us at best\n", (long long)best);
	assert_true(best < 5000);
	close_bench(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(openai_streams_text_and_counts),
	        cmocka_unit_test(azure_names_version_and_key),
	        cmocka_unit_test(calls_come_whole_and_results_go_back),
	        cmocka_unit_test(an_answer_is_one_object_either_way),
	        cmocka_unit_test(a_broken_stream_keeps_what_came),
	        cmocka_unit_test(tries_again_where_it_may_help),
	        cmocka_unit_test(known_errors_are_told_apart),
	        cmocka_unit_test(a_cancel_ends_the_stream_at_its_source),
	        cmocka_unit_test(a_call_costs_little),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
