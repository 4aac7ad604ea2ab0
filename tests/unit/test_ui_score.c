/* Scoring: pointers, expectations, shares. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "model/score.h"

static cJSON *parse(const char *s)
{
	cJSON *j = cJSON_Parse(s);
	assert_non_null(j);
	return j;
}

static void expectations(void **state)
{
	static const struct {
		const char *expect;
		bool holds;
	} cases[] = {
	        {"{\"at\":\"/a/b/1\",\"is\":7}", true},
	        {"{\"at\":\"/a/b/1\",\"is\":8}", false},
	        {"{\"at\":\"/a/b/9\",\"is\":7}", false},
	        {"{\"at\":\"/a/b/9\",\"exists\":false}", true},
	        {"{\"at\":\"/t\",\"starts\":\"T1562\"}", true},
	        {"{\"at\":\"/t\",\"starts\":\"T1098\"}", false},
	        {"{\"at\":\"/t\",\"in\":[\"x\",\"T1562.008\"]}", true},
	        {"{\"at\":\"/t\",\"in\":[]}", false},
	        {"{\"at\":\"/t\",\"has\":\"562\"}", true},
	        {"{\"tool\":\"plan\"}", true},
	        {"{\"tool\":\"done\"}", false},
	        {"{\"grounded\":true}", false},
	};
	cJSON *doc =
	        parse("{\"a\":{\"b\":[1,7]},\"t\":\"T1562.008\",\"outcome\":\"plan\",\"checked\":2,"
	              "\"supported\":1,\"sentences\":[]}");
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cJSON *x = parse(cases[i].expect);
		struct buf why = BUF_INIT;
		if (score_holds(x, doc, &why) != cases[i].holds)
			fail_msg("%s", cases[i].expect);
		assert_true(cases[i].holds == !why.len);
		buf_release(&why);
		cJSON_Delete(x);
	}
	cJSON_Delete(doc);
}

static void bias_is_a_band_over_variants(void **state)
{
	cJSON *a = parse("{\"c\":80,\"v\":\"x\"}"), *b = parse("{\"c\":86,\"v\":\"x\"}"),
	      *c = parse("{\"v\":\"y\"}");
	const cJSON *two[] = {a, b}, *three[] = {a, b, c};
	struct buf why = BUF_INIT;
	cJSON *band = parse("{\"at\":\"/c\",\"band\":10}"),
	      *narrow = parse("{\"at\":\"/c\",\"band\":5}"),
	      *same = parse("{\"at\":\"/v\",\"same\":true}");
	(void)state;
	assert_true(score_holds_over(band, two, 2, &why));
	assert_false(score_holds_over(narrow, two, 2, &why));
	assert_false(score_holds_over(band, three, 3,
	                              &why)); /* a missing score is no score within a band */
	assert_true(score_holds_over(same, two, 2, &why));
	assert_false(score_holds_over(same, three, 3, &why));
	buf_release(&why);
	cJSON_Delete(a);
	cJSON_Delete(b);
	cJSON_Delete(c);
	cJSON_Delete(band);
	cJSON_Delete(narrow);
	cJSON_Delete(same);
}

static void answers(void **state)
{
	cJSON *want = parse("{\"kind\":\"values\",\"values\":[\"b\",\"a\"]}"),
	      *good = parse("{\"kind\":\"values\",\"values\":[\"a\",\"b\"],\"value\":null}"),
	      *bad = parse("{\"kind\":\"values\",\"values\":[\"a\"]}");
	struct buf why = BUF_INIT;
	(void)state;
	assert_true(score_answer(want, good, &why));
	assert_false(score_answer(want, bad, &why));
	buf_release(&why);
	cJSON_Delete(want);
	cJSON_Delete(good);
	cJSON_Delete(bad);
}

/* Worked by hand: Wilson, 95 %, 8 of 10. */
static void wilson(void **state)
{
	struct share s = share_of(8, 10), none = share_of(0, 0);
	(void)state;
	assert_true(fabs(s.low - 0.4902) < 0.001 && fabs(s.high - 0.9433) < 0.001);
	assert_true(none.low == 0 && none.high == 1);
	s = share_of(10, 10);
	assert_true(s.high <= 1 && s.low > 0.7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(expectations),
	        cmocka_unit_test(bias_is_a_band_over_variants),
	        cmocka_unit_test(answers),
	        cmocka_unit_test(wilson),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
