/*
 * Graph answers in characters: a cycle is said once, a thousand nodes are folded so that every type stays in sight.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "view/app.h"

static struct view make(cJSON *data)
{
	struct view v = {.ops = &graph_ops, .data = data, .find = BUF_INIT};

	v.pos.rows = 18;
	doc_reset(&v.doc, 80);
	return v;
}

static void done(struct view *v)
{
	doc_release(&v->doc);
	cJSON_Delete(v->data);
	buf_release(&v->find);
	free(v->text);
}

static int lines_with(const struct view *v, const char *text)
{
	const struct doc_line *l;
	int n = 0;

	vec_each (l, &v->doc.lines)
		n += strstr(l->text, text) != NULL;
	return n;
}

static cJSON *node(const char *type, int i)
{
	cJSON *n = cJSON_CreateObject();
	char id[32];

	snprintf(id, sizeof(id), "%s-%d", type, i);
	json_add_str(n, "id", id);
	json_add_str(n, "type", type);
	json_add_str(n, "name", "");
	return n;
}

static void a_cycle_is_said_once(void **state)
{
	cJSON *data = cJSON_CreateObject(), *row = cJSON_CreateObject(), *path;
	struct view v;

	(void)state;
	cJSON_AddItemToArray(json_add_arr(data, "rows"), row);
	path = json_add_arr(row, "path");
	for (int i = 0; i < 4; i++) {
		cJSON *edge = cJSON_CreateObject();
		json_add_str(edge, "type", "assumes");
		cJSON_AddItemToArray(path, node("role", i % 3));
		if (i < 3)
			cJSON_AddItemToArray(path, edge);
	}
	v = make(data);
	graph_ops.build(NULL, &v);
	assert_int_equal(lines_with(&v, "again: a cycle"), 1);
	assert_int_equal(lines_with(&v, "|?? assumes"), 3);
	assert_int_equal(lines_with(&v, "role role-0"), 2);
	done(&v);
}

static void a_thousand_nodes_fold(void **state)
{
	static const char *const types[] = {"instance", "role", "bucket", "user", "key"};
	cJSON *data = cJSON_CreateObject(), *rows = json_add_arr(data, "rows");
	struct view v;
	size_t folded;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		cJSON *row = cJSON_CreateObject();
		cJSON_AddItemToObject(row, "node", node(types[i % 5], i));
		json_add_i64(row, "depth", i % 7);
		cJSON_AddItemToArray(rows, row);
	}
	json_add_i64(data, "total", 1000);
	v = make(data);
	v.num[2] = 1; /* folded, as more than 60 are */
	graph_ops.build(NULL, &v);
	folded = v.doc.lines.n;
	assert_true(folded <= 5 * 5);
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		char head[40];
		snprintf(head, sizeof(head), "200 %s", types[i]);
		assert_int_equal(lines_with(&v, head), 1);
	}
	v.pos.sel = 0; /* Enter on a group lists it whole, and folds it again */
	assert_true(graph_ops.act(NULL, &v, ACT_OPEN));
	doc_reset(&v.doc, 80);
	graph_ops.build(NULL, &v);
	assert_int_equal(v.doc.lines.n, folded + 200 - 4);
	v.pos.sel = 0;
	assert_true(graph_ops.act(NULL, &v, ACT_OPEN));
	doc_reset(&v.doc, 80);
	graph_ops.build(NULL, &v);
	assert_int_equal(v.doc.lines.n, folded);
	done(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_cycle_is_said_once),
	        cmocka_unit_test(a_thousand_nodes_fold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
