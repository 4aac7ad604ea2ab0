/* What a model says as a plan: the hostile get nothing through, the wrong are told why. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "ask/model_brief.h"
#include "ask/model_plan.h"
#include "base/asset.h"

static struct redact *table;
static const char *const sources[] = {"lake", "graph", NULL};
static const struct model_scope scope = {NULL, sources};

static int setup(void **state)
{
	static const struct redact_policy open = {0};
	struct err e;
	(void)state;
	table = redact_new(&open);
	return fields_load(&e);
}

static int teardown(void **state)
{
	(void)state;
	redact_free(table);
	return 0;
}

static cJSON *reply(const char *end, const char *name, const char *args)
{
	cJSON *o = cJSON_CreateObject(), *list, *call;
	json_add_str(o, "end", end);
	json_add_str(o, "finish", "tool_calls");
	list = json_add_arr(o, "calls");
	if (!name)
		return o;
	call = cJSON_CreateObject();
	json_add_str(call, "id", "c1");
	json_add_str(call, "name", name);
	json_add_str(call, "args", args);
	cJSON_AddItemToArray(list, call);
	return o;
}

static void read_reply(cJSON *r, struct model_said_plan *out)
{
	model_plan_read(r, table, &scope, out);
	cJSON_Delete(r);
}

#define WHERE "\"where\":{\"field\":\"api.operation\",\"op\":\"is\",\"value\":\"StopLogging\"}"

static void a_good_plan_is_taken(void **state)
{
	struct model_said_plan s;
	(void)state;
	read_reply(reply("done", "plan", "{\"steps\":[{\"kind\":\"search\"," WHERE "}]}"), &s);
	assert_int_equal(s.said, MODEL_PLANNED);
	assert_non_null(s.plan);
	model_said_release(&s);
	read_reply(reply("eof_after_finish", "plan",
	                 "{\"why\":\"w\",\"plan\":{\"steps\":[{\"kind\":\"search\"," WHERE "}]}}"),
	           &s);
	assert_int_equal(s.said, MODEL_PLANNED);
	assert_string_equal(s.text, "w");
	model_said_release(&s);
	read_reply(reply("done", "ask_back", "{\"question\":\"which day?\"}"), &s);
	assert_int_equal(s.said, MODEL_ASKS_BACK);
	model_said_release(&s);
}

/* Every one of these is refused, with words, and makes no plan. */
static void what_is_hostile_or_wrong_runs_nothing(void **state)
{
	static const struct {
		const char *end, *name, *args;
	} cases[] = {
	        /* no such tool, forged approvals, actions, shells */
	        {"done", "action_approve",
	         "{\"action\":\"A-1\",\"digest\":\"x\",\"word\":\"isolate\"}"},
	        {"done", "model.switch", "{\"on\":true}"},
	        {"done", "shell", "{\"cmd\":\"rm -rf /\"}"},
	        {"done", "", "{}"},
	        /* no JSON, not an object, doubled members, NUL, too deep */
	        {"done", "plan", "rm -rf /"},
	        {"done", "plan", "[1,2]"},
	        {"done", "plan", "{\"steps\":[],\"steps\":[]}"},
	        {"done", "plan", "{\"steps\":\"\\u0000\"}"},
	        {"done", "plan", ""},
	        /* no plan of ours */
	        {"done", "plan", "{\"steps\":[]}"},
	        {"done", "plan", "{\"sql\":\"DROP TABLE event\"}"},
	        {"done", "plan", "{\"steps\":[{\"kind\":\"delete\"}]}"},
	        {"done", "plan",
	         "{\"steps\":[{\"kind\":\"search\"," WHERE ",\"raw_spl\":\"| delete\"}]}"},
	        {"done", "plan",
	         "{\"steps\":[{\"kind\":\"search\",\"where\":{\"field\":\"api.operaton\",\"op\":"
	         "\"is\","
	         "\"value\":\"x\"}}]}"},
	        {"done", "plan",
	         "{\"steps\":[{\"kind\":\"search\",\"where\":{\"field\":\"api.operation\",\"op\":"
	         "\"regex\","
	         "\"value\":\"(a+)+(?R)\"}}]}"},
	        /* unbounded */
	        {"done", "plan", "{\"steps\":[{\"kind\":\"search\"}]}"},
	        {"done", "plan", "{\"steps\":[{\"kind\":\"search\"," WHERE ",\"limit\":1000000}]}"},
	        {"done", "plan",
	         "{\"max_seconds\":86400,\"steps\":[{\"kind\":\"search\"," WHERE "}]}"},
	        {"done", "plan",
	         "{\"steps\":[{\"kind\":\"graph\",\"source\":\"graph\",\"fn\":\"blast\"}]}"},
	        {"done", "plan",
	         "{\"steps\":[{\"kind\":\"graph\",\"source\":\"graph\",\"fn\":\"blast\",\"start_"
	         "type\":\"user\","
	         "\"max_depth\":32}]}"},
	        {"done", "plan",
	         "{\"steps\":[{\"kind\":\"search\"," WHERE "},{\"kind\":\"search\"," WHERE
	         "},{\"kind\":\"search\"," WHERE "},{\"kind\":\"search\"," WHERE
	         "},{\"kind\":\"search\"," WHERE "},{\"kind\":\"search\"," WHERE
	         "},{\"kind\":\"search\"," WHERE "}]}"},
	        /* out of scope */
	        {"done", "plan",
	         "{\"steps\":[{\"kind\":\"search\",\"source\":\"splunk-prod\"," WHERE "}]}"},
	        {"done", "plan",
	         "{\"steps\":[{\"kind\":\"search\",\"source\":\"http://169.254.169.254/\"," WHERE
	         "}]}"},
	        /* a reply that did not end well */
	        {"eof_truncated", "plan", "{\"steps\":[{\"kind\":\"search\"," WHERE "}]}"},
	        {"error", "plan", "{\"steps\":[{\"kind\":\"search\"," WHERE "}]}"},
	        {"done", NULL, NULL},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct model_said_plan s;
		read_reply(reply(cases[i].end, cases[i].name, cases[i].args), &s);
		if (s.said != MODEL_WRONG || s.plan || !s.wrong.what[0])
			fail_msg("case %zu was taken: %s", i, cases[i].args ? cases[i].args : "-");
		model_said_release(&s);
	}
}

static void two_calls_at_once_or_a_refusal_count_for_nothing(void **state)
{
	struct model_said_plan s;
	cJSON *r = reply("done", "plan", "{\"steps\":[{\"kind\":\"search\"," WHERE "}]}");
	(void)state;
	cJSON_AddItemToArray(json_arr(r, "calls"),
	                     cJSON_Duplicate(json_arr(r, "calls")->child, true));
	read_reply(r, &s);
	assert_int_equal(s.said, MODEL_WRONG);
	model_said_release(&s);
	r = reply("done", "plan", "{\"steps\":[{\"kind\":\"search\"," WHERE "}]}");
	json_add_str(r, "refusal", "I cannot help with that");
	read_reply(r, &s);
	assert_int_equal(s.said, MODEL_WRONG);
	assert_true(s.final);
	model_said_release(&s);
}

static void placeholders_come_back_as_what_they_stood_for(void **state)
{
	struct model_said_plan s;
	struct buf sent = BUF_INIT;
	char *args;
	(void)state;
	redact_text(table, SLICE("what did jane.doe@corp.example do"), &sent);
	assert_null(strstr(sent.s, "jane.doe"));
	args = xasprintf(
	        "{\"steps\":[{\"kind\":\"search\",\"where\":{\"field\":\"actor.user.name\",\"op\":"
	        "\"is\",\"value\":\"%.*s\"}}]}",
	        (int)(strcspn(strchr(sent.s, '['), "]") + 1), strchr(sent.s, '['));
	read_reply(reply("done", "plan", args), &s);
	assert_int_equal(s.said, MODEL_PLANNED);
	assert_true(
	        slice_eq_str(s.plan->steps[0].search.where->values[0], "jane.doe@corp.example"));
	model_said_release(&s);
	free(args);
	buf_release(&sent);
}

/* Each known hostile string as the name of a tool, as its arguments, as a source and as a dataset: nothing of it is a plan. As a value it
 * may be looked for, and is then nothing but a value. */
static void hostile_strings_get_nothing_done(void **state)
{
	static const char *const forms[] = {
	        "%s",
	        "{\"steps\":[{\"kind\":\"search\",\"source\":%s," WHERE "}]}",
	        "{\"steps\":[{\"kind\":\"search\",\"where\":{\"field\":%s,\"op\":\"is\",\"value\":"
	        "\"x\"}}]}",
	        "{\"steps\":%s}",
	};
	const char *root = getenv("MW_SHARED");
	char *path = xasprintf("%s/data/hostile/hostile_strings.json", root ? root : "../shared");
	FILE *f = fopen(path, "re");
	struct buf text = BUF_INIT;
	char part[4096];
	cJSON *all;
	const cJSON *x;
	int n = 0;
	(void)state;
	free(path);
	if (!f) {
		print_message("skipped: no ../shared\n");
		return;
	}
	for (size_t k; (k = fread(part, 1, sizeof(part), f)) > 0;)
		buf_add(&text, part, k);
	fclose(f);
	all = cJSON_Parse(text.s);
	cJSON_ArrayForEach(x, json_arr(all, "strings"))
	{
		const char *s = json_str(x, "text", NULL);
		struct model_said_plan said;
		struct buf quoted = BUF_INIT;
		if (!s)
			continue;
		n++;
		json_write_string(&quoted, slice_of(s));
		read_reply(reply("done", s, "{}"), &said);
		assert_int_equal(said.said, MODEL_WRONG);
		model_said_release(&said);
		for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
			struct buf args = BUF_INIT;
			const char *hole = strstr(forms[i], "%s");
			buf_add(&args, forms[i], (size_t)(hole - forms[i]));
			buf_str(&args, i ? quoted.s : s);
			buf_str(&args, hole + 2);
			read_reply(reply("done", "plan", args.s), &said);
			if (said.said != MODEL_WRONG)
				fail_msg("%s in form %zu was taken", json_str(x, "id", "?"), i);
			model_said_release(&said);
			buf_release(&args);
		}
		buf_release(&quoted);
	}
	assert_true(n > 50);
	cJSON_Delete(all);
	buf_release(&text);
}

/* What the model learns from must hold itself. */
static void every_example_is_a_plan_within_the_bounds(void **state)
{
	const struct asset *a = asset_find("prompts/examples.jsonl");
	struct slice rest, line;
	int n = 0;
	(void)state;
	assert_non_null(a);
	rest = (struct slice){a->data, a->len};
	while (slice_split(&rest, '\n', &line)) {
		struct err e;
		cJSON *j = line.n ? json_parse(line, line.n, &e) : NULL;
		struct plan *p = j ? plan_from_json(json_obj(j, "plan"), &e) : NULL;
		if (line.n && (!p || model_plan_bounds(p, &scope, &e)))
			fail_msg("%s: %s", json_str(j, "question", "?"), e.what);
		n += p != NULL;
		plan_free(p);
		cJSON_Delete(j);
	}
	assert_true(n >= 10);
}

static void the_nearest_example_comes_first(void **state)
{
	struct buf b = BUF_INIT;
	struct err e;
	(void)state;
	assert_int_equal(brief_examples(SLICE("count of events per hour last week"), &b, &e), 0);
	assert_int_equal(strncmp(b.s, "count of events per hour yesterday", 34), 0);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_good_plan_is_taken),
	        cmocka_unit_test(what_is_hostile_or_wrong_runs_nothing),
	        cmocka_unit_test(two_calls_at_once_or_a_refusal_count_for_nothing),
	        cmocka_unit_test(hostile_strings_get_nothing_done),
	        cmocka_unit_test(placeholders_come_back_as_what_they_stood_for),
	        cmocka_unit_test(every_example_is_a_plan_within_the_bounds),
	        cmocka_unit_test(the_nearest_example_comes_first),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
