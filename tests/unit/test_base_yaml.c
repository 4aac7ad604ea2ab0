#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/yaml.h"

static void tree_with_lines(void **state)
{
	struct yaml_doc d;
	struct err e = {0};

	(void)state;
	assert_int_equal(
	        yaml_parse(&d, SLICE("a: 1\nb:\n  - x\n  - \"no\"\nc: {d: e}\n"), "t.yaml", &e), 0);
	assert_int_equal(d.root->kind, YAML_MAP);
	assert_int_equal(d.root->count, 3);
	assert_string_equal(yaml_str(d.root, "a", ""), "1");
	struct yaml_node *b = yaml_get(d.root, "b");
	assert_int_equal(b->line, 3);
	assert_int_equal(b->count, 2);
	assert_false(b->child->quoted);
	assert_true(b->child->next->quoted);
	assert_string_equal(b->child->next->text, "no");
	assert_string_equal(yaml_str(yaml_get(d.root, "c"), "d", ""), "e");
	assert_null(yaml_get(d.root, "z"));
	yaml_release(&d);
	assert_int_equal(yaml_parse(&d, SLICE("# nothing\n"), "t.yaml", &e), 0);
	assert_null(d.root);
	yaml_release(&d);
}

static void refused(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
	        {"a: 1\nb: 2\na: 3\n", "t.yaml:3: \"a\" is given twice (first in line 1)"},
	        {"a: &x 1\n", "t.yaml:1: anchors are not used here; write the value out"},
	        {"a: 1\nb: *x\n", "t.yaml:2: aliases are not used here; write the value out"},
	        {"a: !!int 1\n", "t.yaml:1: tags are not used here; quote the text instead"},
	        {"? [a]\n: 1\n", "t.yaml:1: a key must be plain text"},
	        {"a: 1\n---\nb: 1\n", "t.yaml:2: more than one document"},
	        {"a: \"x\\0y\"\n", "t.yaml:1: a NUL in a value"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct yaml_doc d;
		struct err e = {0};

		assert_int_equal(yaml_parse(&d, slice_of(cases[i].text), "t.yaml", &e), -1);
		assert_string_equal(e.what, cases[i].says);
		assert_int_equal(e.code, ERR_INVALID);
	}
}

static void syntax_errors_have_their_line(void **state)
{
	struct yaml_doc d;
	struct err e = {0};

	(void)state;
	assert_int_equal(yaml_parse(&d, SLICE("a: 1\nb: [1, 2\nc: 3\n"), "t.yaml", &e), -1);
	assert_ptr_equal(strstr(e.what, "t.yaml:3: "), e.what);
}

static void too_deep(void **state)
{
	struct buf b = BUF_INIT;
	struct yaml_doc d;
	struct err e = {0};

	(void)state;
	for (int i = 0; i < 100; i++)
		buf_ch(&b, '[');
	for (int i = 0; i < 100; i++)
		buf_ch(&b, ']');
	assert_int_equal(yaml_parse(&d, (struct slice){b.s, b.len}, "t.yaml", &e), -1);
	assert_string_equal(e.what, "t.yaml:1: nested too deeply");
	buf_release(&b);
}

static void unknown_key_is_named(void **state)
{
	static const char *const keys[] = {"model", "limit", NULL};
	struct yaml_doc d;
	struct err e = {0};

	(void)state;
	assert_int_equal(yaml_parse(&d, SLICE("model: x\nlimt: 3\n"), "t.yaml", &e), 0);
	assert_int_equal(yaml_only(d.root, keys, "t.yaml", &e), -1);
	assert_string_equal(e.what, "t.yaml:2: unknown key \"limt\"; did you mean \"limit\"?");
	yaml_release(&d);
}

static void becomes_json(void **state)
{
	struct yaml_doc d;
	struct err e = {0};
	struct buf b = BUF_INIT;
	cJSON *j;

	(void)state;
	assert_int_equal(yaml_parse(&d,
	                            SLICE("a: [1, 2.5, true, null, x, \"7\"]\nb: {c: 'true'}\n"),
	                            "t.yaml", &e),
	                 0);
	j = yaml_to_json(d.root);
	json_write(&b, j);
	assert_string_equal(b.s, "{\"a\":[1,2.5,true,null,\"x\",\"7\"],\"b\":{\"c\":\"true\"}}");
	cJSON_Delete(j);
	buf_release(&b);
	yaml_release(&d);
	assert_null(yaml_to_json(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(tree_with_lines),
	        cmocka_unit_test(refused),
	        cmocka_unit_test(syntax_errors_have_their_line),
	        cmocka_unit_test(too_deep),
	        cmocka_unit_test(unknown_key_is_named),
	        cmocka_unit_test(becomes_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
