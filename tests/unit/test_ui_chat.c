/* The conversation's screen: what it says of a turn, and that news cost what they change, however long the talk is. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "view/app.h"

static cJSON *parse(const char *text)
{
	struct err e;
	cJSON *j = json_parse(slice_of(text), MW_LINE_MAX, &e);

	if (!j)
		fail_msg("%s", e.what);
	return j;
}

static void add_turn(struct session *s, int64_t n, const char *answer)
{
	struct turn *t = vec_push(&s->turns);

	t->turn = n;
	t->question = xstrdup("who used that key");
	t->reading = parse("{\"kind\":\"plan\",\"paraphrase\":\"events of the "
	                   "key\",\"chips\":[{\"text\":\"key AKIA\"},"
	                   "{\"text\":\"yesterday\",\"assumed\":true}],\"unread\":[\"pretty\"],"
	                   "\"planner\":\"offline\",\"plan\":{}}");
	t->answer = answer ? parse(answer) : NULL;
}

static struct view chat_of(struct session *s)
{
	return (struct view){
	        .ops = &chat_ops, .session = s, .find = BUF_INIT, .doc = {.width = 80}};
}

static void release(struct view *v, struct session *s)
{
	chat_ops.closed(NULL, v);
	doc_release(&v->doc);
	session_release(s);
}

static bool says(const struct view *v, const char *text)
{
	const struct doc_line *l;

	vec_each (l, &v->doc.lines)
		if (strstr(l->text, text))
			return true;
	return false;
}

static void a_turn_shows_how_it_was_read(void **state)
{
	struct session s;
	struct view v = chat_of(&s);

	(void)state;
	session_init(&s, "main");
	add_turn(&s, 1,
	         "{\"kind\":\"events\",\"total\":3,\"partial\":true,\"missing\":[\"QRadar\"],"
	         "\"limited\":true,"
	         "\"preview\":[{\"id\":\"ev:7\",\"time\":\"2026-03-14T02:41:06Z\",\"vals\":{\"api."
	         "operation\":\"GetObject\"}}],"
	         "\"preview_rule\":\"first of 3\"}");
	chat_ops.build(NULL, &v);
	assert_true(says(&v, "events of the key [key AKIA] [yesterday, assumed]"));
	assert_true(says(&v, "No effect: -pretty-"));
	assert_true(says(&v, "PARTIAL 3 events. LIMIT reached: there are more. Missing: QRadar."));
	assert_true(says(&v, "2026-03-14 02:41:06Z GetObject"));
	assert_true(says(&v, "[e7]"));
	release(&v, &s);
}

static void an_empty_answer_is_proved(void **state)
{
	struct session s;
	struct view v = chat_of(&s);

	(void)state;
	session_init(&s, "main");
	add_turn(&s, 1,
	         "{\"kind\":\"empty\",\"total\":0,\"empty\":{\"reason\":\"not_logged\","
	         "\"sentence\":\"0 rows. THIS IS NOT A "
	         "NO.\",\"cover\":\"c3\",\"probes\":[{\"what\":\"any "
	         "trail\",\"found\":\"NO\",\"ok\":false}],\"near\":[\"hr-export\"],"
	         "\"next\":[\"bytes out of web-07\"]}}");
	chat_ops.build(NULL, &v);
	assert_true(says(&v, "0 rows. THIS IS NOT A NO. [c3]"));
	assert_true(says(&v, "probe 1  any trail: NO"));
	assert_true(says(&v, "hr-export"));
	assert_true(says(&v, "1 bytes out of web-07"));
	release(&v, &s);
}

static void a_question_that_is_asked_back(void **state)
{
	struct session s;
	struct view v = chat_of(&s);

	(void)state;
	session_init(&s, "main");
	session_ask(&s, "show me the thing", 0);
	session_asked(&s, 0,
	              parse("{\"turn\":1,\"job\":null,\"reading\":{\"kind\":\"clarify\","
	                    "\"clarify\":\"Which thing?\","
	                    "\"choices\":[\"the instance\",\"the key\"],\"unread\":[\"thing\"]}}"),
	              NULL);
	chat_ops.build(NULL, &v);
	assert_true(says(&v, "Which thing?"));
	assert_true(says(&v, "2 the key"));
	assert_false(says(&v, "running"));
	release(&v, &s);
}

/* Acceptance item 18: with 5,000 messages a piece of news costs what it changes. */
static void news_cost_is_flat(void **state)
{
	struct session s;
	struct view v = chat_of(&s);
	size_t lines, steps = 0;
	int64_t start;

	(void)state;
	session_init(&s, "main");
	for (int i = 0; i < 2500; i++) /* a question and its answer each */
		add_turn(&s, i + 1, "{\"kind\":\"events\",\"total\":3}");
	session_ask(&s, "the running one", 0);
	session_asked(
	        &s, 2500,
	        parse("{\"turn\":2501,\"job\":9,\"reading\":{\"kind\":\"plan\",\"plan\":{}}}"),
	        NULL);
	chat_ops.build(NULL, &v);
	lines = v.doc.lines.n;
	start = mw_mono_us();
	for (; steps < 200; steps++) {
		cJSON *job = parse("{\"job\":9,\"session\":\"main\",\"turn\":2501,\"state\":"
		                   "\"running\",\"elapsed_ms\":500}");
		chat_forget(&v, session_turn_of(&s, job));
		session_job(&s, job);
		chat_ops.build(NULL, &v);
		cJSON_Delete(job);
		assert_true(v.doc.lines.n >= lines && v.doc.lines.n < lines + 5);
	}
	print_message("200 pieces of news in a talk of 5,000 messages: %lld us\n",
	              (long long)(mw_mono_us() - start));
	assert_true(mw_mono_us() - start < 2000000);
	assert_true(says(&v, "running.. 0.5s"));
	release(&v, &s);
}

static bool all_fit(const struct view *v, int width)
{
	const struct doc_line *l;

	vec_each (l, &v->doc.lines)
		if ((int)strlen(l->text) > width) {
			print_error("%zu columns: %s\n", strlen(l->text), l->text);
			return false;
		}
	return true;
}

static void each_part_has_its_label_and_answer(void **state)
{
	struct session s;
	struct view v = chat_of(&s);

	(void)state;
	session_init(&s, "main");
	add_turn(
	        &s, 1,
	        "{\"kind\":\"ranking\",\"total\":2,\"value\":4,\"parts\":[{\"kind\":\"count\","
	        "\"label\":\"count of events\",\"value\":4},{\"kind\":\"ranking\",\"label\":"
	        "\"count of events by src_ip\",\"total\":2,\"values\":[\"192.0.2.1\",\"192.0.2.2\"],"
	        "\"table\":{\"columns\":[{\"name\":\"src_endpoint.ip\",\"label\":\"src_ip\"},"
	        "{\"name\":\"count\",\"label\":\"count\"}],\"sum\":4,\"rows\":[{\"cells\":"
	        "[\"192.0.2.1\",3]},{\"cells\":[\"192.0.2.2\",1]}]}}]}");
	chat_ops.build(NULL, &v);
	assert_true(says(&v, "ans  1. count of events: 4."));
	assert_true(says(&v, "2. count of events by src_ip: 2 values of 4 events."));
	assert_true(says(&v, "src_ip     count"));
	assert_true(says(&v, "192.0.2.1      3"));
	release(&v, &s);
}

/* Three columns of which none fits whole in 80, and a record behind each line. */
static void a_table_fits_the_width(void **state)
{
	struct session s;
	struct view v = chat_of(&s);
	struct buf b = BUF_INIT;

	(void)state;
	session_init(&s, "main");
	buf_str(&b, "{\"kind\":\"events\",\"total\":14,\"table\":{\"columns\":[{\"name\":\"time\","
	            "\"label\":\"time\"},{\"name\":\"a\",\"label\":\"user\"},{\"name\":\"b\","
	            "\"label\":\"role\"}],\"rows\":[");
	for (int i = 0; i < 14; i++)
		buf_printf(
		        &b,
		        "%s{\"id\":\"ev:12345%d\",\"cells\":[[\"2026-11-21T17:51:29Z\"],"
		        "[\"arn:aws:sts::111122223333:assumed-role/a-very-long-name/begin-%d\"],[]]}",
		        i ? "," : "", i, i);
	buf_str(&b, "]}}");
	add_turn(&s, 1, b.s);
	chat_ops.build(NULL, &v);
	assert_true(all_fit(&v, 80));
	assert_true(says(&v, "2026-11-21 17:51:29Z  arn:aws:sts::1"));
	assert_true(says(&v, "begin-9  -     [e123459]"));
	assert_false(says(&v, "begin-10 ")); /* folded */
	assert_true(says(&v, "10 of 14 shown; + unfolds"));
	chat_ops.act(NULL, &v, ACT_UNFOLD);
	chat_ops.build(NULL, &v);
	assert_true(says(&v, "begin-13"));
	buf_release(&b);
	release(&v, &s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_turn_shows_how_it_was_read),
	        cmocka_unit_test(an_empty_answer_is_proved),
	        cmocka_unit_test(a_question_that_is_asked_back),
	        cmocka_unit_test(each_part_has_its_label_and_answer),
	        cmocka_unit_test(a_table_fits_the_width),
	        cmocka_unit_test(news_cost_is_flat),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
