/* Templates without a model: every sentence passes the checker, causes have rivals and what speaks against them, hints can be run. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "investigate/story.h"
#include "model/field.h"
#include "plan/render.h"

static struct err err;

static const char case_text[] =
        "{\"id\":7,\"title\":\"x\",\"severity\":\"C\",\"score\":90,\"records\":312,\"first\":"
        "\"2026-03-14T03:00:00Z\",\"last\":\"2026-03-14T07:30:00Z\","
        "\"asset_owner\":\"FinTech-App\",\"entities\":[\"src_endpoint.ip=203.0.113.7\",\"actor."
        "user.name=bob\",\"mw.bucket=fin-archive-prod\"],"
        "\"active\":{\"text\":\"Last seen\",\"evidence\":[\"ev:9\"],\"status\":\"supported\"},"
        "\"findings\":[{\"title\":\"Logging was stopped; all calls denied "
        "since\",\"severity\":\"H\",\"dataset\":\"cloudtrail\",\"events\":2,\"first\":\"2026-03-"
        "14T07:00:00Z\","
        "\"entities\":[\"actor.user.credential_uid=AKIAEXAMPLE0000000000\",\"actor.user.name=bob\"]"
        ",\"evidence\":[\"ev:4\"],\"attack\":[\"T1562.008\"]},"
        "{\"title\":\"Public bucket read by nobody "
        "before\",\"severity\":\"C\",\"dataset\":\"finding.wiz\",\"events\":310,\"first\":\"2026-"
        "03-14T03:00:00Z\","
        "\"entities\":[\"mw.bucket=fin-archive-prod\"],\"evidence\":[\"ev:5\",\"ev:6\"],\"attack\":"
        "[\"T1530\"]}]}";

static cJSON *told(const cJSON *assets)
{
	cJSON *card = json_parse(slice_of(case_text), 1 << 16, &err);
	assert_non_null(card);
	assert_int_equal(story_add(card, assets, &err), 0);
	return card;
}

static void every_sentence_is_supported_or_an_opinion(void **state)
{
	static const char *const parts[] = {"narrative", "risk",     "how",
	                                    "rivals",    "business", "remediation"};
	cJSON *assets = json_parse(SLICE("[{\"id\":\"fin-archive-prod\",\"tags\":{\"data\":\"pii\","
	                                 "\"unit\":\"HR database\"}}]"),
	                           4096, &err),
	      *card = told(assets);
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const cJSON *list = json_arr(card, parts[i]);
		assert_non_null(list);
		assert_non_null(list->child);
		for (const cJSON *s = list->child; s; s = s->next) {
			const char *status = json_str(s, "status", "");
			if (strcmp(status, "supported") && strcmp(status, "opinion")) {
				char *text = cJSON_Print(s);
				fail_msg("%s: %s", parts[i], text);
			}
		}
	}
	assert_non_null(strstr(
	        json_str(json_arr(card, "risk")->child, "text", ""),
	        "312 records in 2 findings over 4h30m; owner FinTech-App; severity critical."));
	assert_non_null(strstr(json_str(json_arr(card, "business")->child, "text", ""),
	                       "fin-archive-prod is tagged data pii, unit HR database."));
	cJSON_Delete(card);
	cJSON_Delete(assets);
}

/* Two findings rest on one event: each keeps its own severity, count, time and techniques. */
static void findings_that_share_an_event_are_told_apart(void **state)
{
	cJSON *card = json_parse(slice_of(case_text), 1 << 16, &err),
	      *second = json_arr(card, "findings")->child->next;
	(void)state;
	cJSON_ReplaceItemInObject(second, "evidence", json_parse(SLICE("[\"ev:4\"]"), 64, &err));
	assert_int_equal(story_add(card, NULL, &err), 0);
	for (const cJSON *s = json_arr(card, "narrative")->child; s; s = s->next)
		assert_string_equal(json_str(s, "status", ""), "supported");
	assert_string_equal(
	        json_arr(json_arr(card, "narrative")->child, "evidence")->child->valuestring,
	        "ev:4");
	cJSON_Delete(card);
}

static void the_worst_comes_first_and_causes_have_rivals(void **state)
{
	cJSON *card = told(NULL);
	const char *first = json_str(json_arr(card, "narrative")->child, "text", ""),
	           *how = json_str(json_arr(card, "how")->child, "text", "");
	(void)state;
	assert_non_null(strstr(first, "Public bucket"));
	assert_int_equal(cJSON_GetArraySize(json_arr(card, "how")), 1);
	assert_true(cJSON_GetArraySize(json_arr(card, "rivals")) >= 1);
	assert_non_null(strstr(how, "For it: "));
	assert_non_null(strstr(how, "Against it: "));
	assert_non_null(json_arr(json_arr(card, "how")->child, "evidence")->child);
	cJSON_Delete(card);
}

/* Other data, other text; and a wrong number is caught by the same check that passed the right one. */
static void text_follows_the_data(void **state)
{
	cJSON *card = json_parse(slice_of(case_text), 1 << 16, &err);
	(void)state;
	json_add_i64(card, "ignored", 1);
	cJSON_SetNumberValue(json_get(card, "records"), 15000);
	cJSON_DeleteItemFromObject(card, "asset_owner");
	assert_int_equal(story_add(card, NULL, &err), 0);
	const char *risk = json_str(json_arr(card, "risk")->child, "text", "");
	assert_non_null(strstr(risk, "15000 records in 2 findings"));
	assert_non_null(strstr(risk, "owner is unknown"));
	cJSON_Delete(card);
}

static void hints_run_and_compile_in_three_languages(void **state)
{
	static const enum render_lang langs[] = {RENDER_SPL, RENDER_KQL, RENDER_AQL};
	cJSON *card = told(NULL);
	const cJSON *hints = json_arr(card, "hints");
	(void)state;
	assert_int_equal(cJSON_GetArraySize(hints), 3);
	for (const cJSON *h = hints->child; h; h = h->next) {
		struct plan *p = plan_from_json(json_obj(h, "plan"), &err);
		assert_non_null(p);
		for (size_t i = 0; i < ARRAY_LEN(langs); i++) {
			struct render_target t = {0};
			struct rendered out;
			assert_int_equal(plan_render(langs[i], p, 0, &t, &out, &err), 0);
			assert_true(out.text.len > 0);
			rendered_release(&out);
		}
		plan_free(p);
	}
	cJSON_Delete(card);
}

static void an_empty_case_says_so(void **state)
{
	cJSON *card = json_parse(
	        SLICE("{\"id\":1,\"title\":\"x\",\"severity\":\"L\",\"records\":0}"), 4096, &err);
	(void)state;
	assert_int_equal(story_add(card, NULL, &err), 0);
	assert_string_equal(json_arr(card, "narrative")->child->valuestring,
	                    "No finding is recorded.");
	assert_null(json_arr(card, "how")->child);
	cJSON_Delete(card);
}

static int load(void **state)
{
	(void)state;
	return fields_load(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_sentence_is_supported_or_an_opinion),
	        cmocka_unit_test(findings_that_share_an_event_are_told_apart),
	        cmocka_unit_test(the_worst_comes_first_and_causes_have_rivals),
	        cmocka_unit_test(text_follows_the_data),
	        cmocka_unit_test(hints_run_and_compile_in_three_languages),
	        cmocka_unit_test(an_empty_case_says_so),
	};
	return cmocka_run_group_tests(tests, load, NULL);
}
