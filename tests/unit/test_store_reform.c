/*
 * Correlation's outcome meets what is stored: untouched incidents are formed anew, touched ones keep what is theirs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <ftw.h>
#include <unistd.h>

#include "store/state.h"

static char folder[64];
static struct state state;
static const struct who ana = {1000, "ana"};

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st, (void)flag, (void)f;
	return remove(path);
}

static int before(void **s)
{
	struct err e = {0};
	(void)s;
	snprintf(folder, sizeof(folder), "/tmp/mw-reform-XXXXXX");
	return !mkdtemp(folder) || state_open(&state, folder, NULL, &e) ? -1 : 0;
}

static int after(void **s)
{
	(void)s;
	state_close(&state);
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* "abc|d": one incident of findings a, b and c, and one of d. */
static void take(const char *clusters)
{
	struct err e = {0};
	cJSON *list = cJSON_CreateArray(), *changed, *findings = NULL;
	for (const char *p = clusters; *p; p++) {
		if (p == clusters || *p == '|') {
			cJSON *i = cJSON_CreateObject();
			json_add_str(i, "title", "t");
			json_add_str(i, "severity", "H");
			findings = json_add_arr(i, "findings");
			cJSON_AddItemToArray(list, i);
		}
		if (*p == '|')
			continue;
		cJSON *f = cJSON_CreateObject();
		json_add_str(f, "key", (char[]){*p, 0});
		cJSON_AddItemToArray(findings, f);
	}
	assert_int_equal(db_begin(&state.db, &e), 0);
	if (state_incidents_merge_in(&state, list, 1, &changed, &e))
		fail_msg("%s", e.what);
	assert_int_equal(db_commit(&state.db, &e), 0);
	cJSON_Delete(changed);
	cJSON_Delete(list);
}

/* "1:abc 2:d" */
static const char *stored(void)
{
	static char text[256];
	struct err e = {0};
	size_t n = 0;
	*text = 0;
	for (int id = 1; id < 12; id++) {
		char name[16];
		snprintf(name, sizeof(name), "INC-%d", id);
		cJSON *i = state_incident(&state, name, &e);
		const cJSON *f;
		if (!i)
			continue;
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%d:", n ? " " : "", id);
		cJSON_ArrayForEach(f, json_arr(i, "findings")) n +=
		        (size_t)snprintf(text + n, sizeof(text) - n, "%s", json_str(f, "key", "?"));
		cJSON_Delete(i);
	}
	return text;
}

static void untouched_ones_are_formed_anew(void **s)
{
	(void)s;
	take("a|b|c");
	assert_string_equal(stored(), "1:a 2:b 3:c");
	take("abd|c");
	assert_string_equal(stored(), "1:abd 3:c");
	take("a|bd|c");
	assert_string_equal(stored(), "1:a 3:c 4:bd");
	take("a|bd|c");
	assert_string_equal(stored(), "1:a 3:c 4:bd");
}

static void touched_ones_keep_what_is_theirs(void **s)
{
	struct err e = {0};
	(void)s;
	take("ab|c|d");
	assert_int_equal(state_note_add(&state, &ana, "INC-2", "mine", 1, &e), 0);
	take("abc|d");
	assert_string_equal(stored(), "1:ab 2:c 3:d");
	take("abcde");
	assert_string_equal(stored(), "1:abde 2:c");
	cJSON *two = cJSON_CreateArray();
	cJSON_AddItemToArray(two, cJSON_CreateString("d"));
	char made[32];
	assert_int_equal(
	        state_incident_split(&state, &ana, "INC-1", two, "not the same", 1, made, &e), 0);
	cJSON_Delete(two);
	take("abcde");
	assert_string_equal(stored(), "1:abe 2:c 4:d");
}

static int in_queue(void)
{
	struct err e = {0};
	struct queue_query q = {.now = 1};
	cJSON *j = state_queue(&state, &ana, &q, &e);
	int n = cJSON_GetArraySize(json_arr(j, "rows"));
	cJSON_Delete(j);
	return n;
}

static void an_unmerge_gives_back_what_was_merged(void **s)
{
	struct err e = {0};
	cJSON *with = cJSON_CreateArray();
	(void)s;
	take("ab|c|d");
	cJSON_AddItemToArray(with, cJSON_CreateString("INC-2"));
	cJSON_AddItemToArray(with, cJSON_CreateString("INC-3"));
	assert_int_equal(state_incident_merge(&state, &ana, "INC-1", with, 1, &e), 0);
	cJSON_Delete(with);
	assert_string_equal(stored(), "1:abcd 2:c 3:d"); /* the merged ones keep their document */
	assert_int_equal(in_queue(), 1);
	assert_int_equal(state_incident_unmerge(&state, &ana, "INC-1", "INC-2", 1, &e), 0);
	assert_string_equal(stored(), "1:abd 2:c 3:d");
	assert_int_equal(in_queue(), 2);
	assert_int_equal(state_incident_unmerge(&state, &ana, "INC-1", "INC-2", 1, &e), -1);
	assert_int_equal(e.code, ERR_INVALID);
	assert_int_equal(state_incident_unmerge(&state, &ana, "INC-1", "INC-3", 1, &e), 0);
	take("abcd"); /* what people took apart stays apart */
	assert_string_equal(stored(), "1:ab 2:c 3:d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(untouched_ones_are_formed_anew, before, after),
	        cmocka_unit_test_setup_teardown(an_unmerge_gives_back_what_was_merged, before,
	                                        after),
	        cmocka_unit_test_setup_teardown(touched_ones_keep_what_is_theirs, before, after),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
