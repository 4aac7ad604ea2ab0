/* Every transcript of ../shared/data/llm gives what its expected.json says, whole and cut into every pair of chunks. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "llm/reply.h"

static struct err err;
static char dir[4096];

static char *slurp(const char *name, size_t *n)
{
	char path[8192];
	struct stat st;
	char *s;
	int fd;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return NULL;
	assert_int_equal(fstat(fd, &st), 0);
	s = xmalloc((size_t)st.st_size + 1);
	assert_int_equal(read(fd, s, (size_t)st.st_size), st.st_size);
	s[st.st_size] = '\0';
	*n = (size_t)st.st_size;
	close(fd);
	return s;
}

static bool text_is(const cJSON *want, const cJSON *alternatives, const struct buf *got)
{
	if (!want || cJSON_IsNull(want))
		return got->len == 0;
	if (!strcmp(want->valuestring, got->s))
		return true;
	for (const cJSON *a = alternatives ? alternatives->child : NULL; a; a = a->next)
		if (!strcmp(a->valuestring, got->s))
			return true;
	return false;
}

static bool same_or_absent(const cJSON *o, const char *key, const char *got)
{
	const char *want = json_str(o, key, NULL);
	return !want || (got && !strcmp(want, got));
}

static bool calls_are(const cJSON *want, const struct reply *r)
{
	int i = 0;
	if (cJSON_GetArraySize(want) != (int)r->calls.n)
		return false;
	for (const cJSON *w = want ? want->child : NULL; w; w = w->next, i++) {
		const struct tool_call *c = &r->calls.v[i];
		if (strcmp(json_str(w, "id", ""), c->id ? c->id : "") ||
		    strcmp(json_str(w, "name", ""), c->name ? c->name : "") ||
		    strcmp(json_str(w, "arguments_text", ""), c->args.s))
			return false;
	}
	return true;
}

static bool acts_as(const cJSON *x, const struct reply *r)
{
	for (size_t i = 0; i < r->calls.n; i++) {
		cJSON *args = reply_call_args(r, i, &err);
		bool acted = args != NULL;
		cJSON_Delete(args);
		if (acted && json_bool(x, "must_not_execute", false))
			return false;
	}
	return true;
}

static const char *differs(const cJSON *x, const struct reply *r)
{
	const cJSON *e = json_obj(x, "error");
	if (strcmp(json_str(x, "terminal", ""), reply_end_name(r->end)))
		return reply_end_name(r->end);
	if (!text_is(json_get(x, "content"), json_arr(x, "accept_alternatives"), &r->content))
		return r->content.s;
	if (!text_is(json_get(x, "refusal"), NULL, &r->refusal) ||
	    (json_get(x, "reasoning") && !text_is(json_get(x, "reasoning"), NULL, &r->reasoning)))
		return "refusal or reasoning";
	if (!calls_are(json_arr(x, "tool_calls"), r))
		return "tool calls";
	if (!same_or_absent(x, "finish_reason", r->finish))
		return "finish reason";
	if (!same_or_absent(e, "type", r->error_type) ||
	    !same_or_absent(e, "code", r->error_code) ||
	    !same_or_absent(e, "message", r->error_message))
		return "error";
	if (!acts_as(x, r))
		return "it would act";
	return NULL;
}

static const char *feed(const cJSON *x, const char *name, const char *s, size_t n, size_t cut)
{
	struct reply r;
	static char why[256];
	const char *d;
	reply_init(&r, strncmp(name, "anthropic", 9) ? REPLY_OPENAI : REPLY_ANTHROPIC);
	assert_int_equal(reply_feed(&r, (struct slice){s, cut}, &err), 0);
	assert_int_equal(reply_feed(&r, (struct slice){s + cut, n - cut}, &err), 0);
	reply_close(&r);
	d = differs(x, &r);
	snprintf(why, sizeof(why), "%s", d ? d : "");
	reply_release(&r);
	return d ? why : NULL;
}

static void every_transcript_in_every_pair_of_chunks(void **state)
{
	size_t n, files = 0;
	char *text = slurp("expected.json", &n);
	cJSON *expected;
	(void)state;
	if (!text) {
		print_message("skipped: no ../shared\n");
		return;
	}
	expected = cJSON_Parse(text);
	assert_non_null(expected);
	for (const cJSON *x = json_obj(expected, "files")->child; x; x = x->next) {
		char *s = slurp(x->string, &n);
		assert_non_null(s);
		for (size_t cut = 0; cut <= n; cut++) {
			const char *why = feed(x, x->string, s, n, cut);
			if (why)
				fail_msg("%s cut at %zu: %s", x->string, cut, why);
		}
		files++;
		free(s);
	}
	assert_true(files > 40);
	cJSON_Delete(expected);
	free(text);
}

static void a_cap_ends_a_flood(void **state)
{
	struct reply r;
	struct buf b = BUF_INIT;
	int rc = 0;
	(void)state;
	reply_init(&r, REPLY_OPENAI);
	buf_str(&b, "data: {\"choices\":[{\"delta\":{\"content\":\"");
	for (int i = 0; i < 65536; i++)
		buf_ch(&b, 'x');
	buf_str(&b, "\"}}]}\n\n");
	for (int i = 0; i < 100 && !rc; i++)
		rc = reply_feed(&r, (struct slice){b.s, b.len}, &err);
	assert_int_equal(rc, -1);
	assert_int_equal(err.code, ERR_LIMIT);
	buf_release(&b);
	reply_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_transcript_in_every_pair_of_chunks),
	        cmocka_unit_test(a_cap_ends_a_flood),
	};
	const char *shared = getenv("MW_SHARED");
	snprintf(dir, sizeof(dir), "%s/data/llm", shared ? shared : "../shared");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
