#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/proto.h"

struct pair {
	struct conn a, b;
};

static int set_up(void **state)
{
	static struct pair p;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds))
		return -1;
	conn_init(&p.a, fds[0]);
	conn_init(&p.b, fds[1]);
	*state = &p;
	return 0;
}

static int tear_down(void **state)
{
	struct pair *p = *state;

	conn_release(&p->a);
	conn_release(&p->b);
	return 0;
}

static void send_text(struct pair *p, const char *text)
{
	assert_int_equal(write(p->a.fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void messages_are_lines(void **state)
{
	struct pair *p = *state;
	struct err e = {0};
	cJSON *m, *params = cJSON_CreateObject();

	json_add_str(params, "text", "two\nlines");
	assert_int_equal(conn_queue(&p->a, rpc_request(7, "ask", params), &e), 0);
	assert_int_equal(conn_queue(&p->a, rpc_notification("ping", NULL), &e), 0);
	assert_int_equal(conn_flush(&p->a, &e), 0);
	assert_int_equal(conn_wait(&p->b, mw_mono_us() + MW_SECOND, &m, &e), 1);
	assert_int_equal(json_i64(m, "id", 0), 7);
	assert_string_equal(json_str(json_obj(m, "params"), "text", ""), "two\nlines");
	cJSON_Delete(m);
	assert_int_equal(conn_next(&p->b, &m, &e), 1);
	assert_string_equal(json_str(m, "method", ""), "ping");
	cJSON_Delete(m);
	assert_int_equal(conn_next(&p->b, &m, &e), 0);
	assert_int_equal(conn_wait(&p->b, mw_mono_us() + 1000, &m, &e), 0);
}

static void a_message_in_pieces(void **state)
{
	static const char text[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}\n";
	struct pair *p = *state;
	struct err e = {0};
	cJSON *m;

	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		assert_int_equal(conn_next(&p->b, &m, &e), 0);
		assert_int_equal(write(p->a.fd, text + i, 1), 1);
		assert_int_equal(conn_fill(&p->b, &e), 0);
	}
	assert_int_equal(conn_next(&p->b, &m, &e), 1);
	cJSON_Delete(m);
}

static void bad_messages_are_the_senders_fault(void **state)
{
	static const char *const wrong[] = {
	        "hello\n",
	        "[]\n",
	        "{}\n",
	        "{\"jsonrpc\":\"1.0\",\"method\":\"x\"}\n",
	        "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"x\"}\n",
	        "{\"jsonrpc\":\"2.0\",\"id\":1}\n",
	        "\n",
	        "{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"method\":\"b\"}\n",
	};
	struct pair *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct err e = {0};
		cJSON *m;
		send_text(p, wrong[i]);
		assert_int_equal(conn_fill(&p->b, &e), 0);
		assert_int_equal(conn_next(&p->b, &m, &e), -1);
		assert_int_equal(e.code, ERR_INVALID);
	}
}

static void a_line_has_a_cap(void **state)
{
	struct pair *p = *state;
	struct err e = {0};
	char *big = xmalloc(MW_LINE_MAX + 1);
	size_t sent = 0;
	cJSON *m;
	int rc = 0;

	memset(big, 'x', MW_LINE_MAX);
	big[MW_LINE_MAX] = '\0';
	while (rc == 0 && sent < 2 * (size_t)MW_LINE_MAX) {
		ssize_t n = write(p->a.fd, big, 32768);
		sent += n > 0 ? (size_t)n : 0;
		assert_int_equal(conn_fill(&p->b, &e), 0);
		rc = conn_next(&p->b, &m, &e);
	}
	assert_int_equal(rc, -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_int_equal(conn_queue(&p->a, rpc_notification(big, NULL), &e), -1);
	assert_int_equal(p->a.out.len, 0);
	free(big);
}

static void descriptors_come_with_their_message(void **state)
{
	struct pair *p = *state;
	int fds[MW_FDS_PER_MESSAGE_MAX], one = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct err e = {0};
	char byte = 1;
	cJSON *m;

	assert_true(one >= 0);
	p->a.out_fds[p->a.nout_fds++] = one;
	assert_int_equal(conn_queue(&p->a, rpc_notification("take", NULL), &e), 0);
	assert_int_equal(conn_flush(&p->a, &e), 0);
	assert_int_equal(p->a.nout_fds, 0);
	assert_int_equal(fcntl(one, F_GETFD), -1); /* closed after sending */
	assert_int_equal(conn_wait(&p->b, mw_mono_us() + MW_SECOND, &m, &e), 1);
	cJSON_Delete(m);
	assert_int_equal(conn_take_fds(&p->b, fds), 1);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	assert_int_equal(byte, 0);
	close(fds[0]);
	assert_int_equal(conn_take_fds(&p->b, fds), 0);
}

static void closing_is_noticed(void **state)
{
	struct pair *p = *state;
	struct err e = {0};
	cJSON *m;

	close(p->a.fd);
	p->a.fd = -1;
	assert_int_equal(conn_wait(&p->b, 0, &m, &e), -1);
	assert_true(p->b.eof);
}

static void errors_go_both_ways(void **state)
{
	struct err e = {0}, back = {0};
	cJSON *id = cJSON_CreateNumber(3), *m;

	(void)state;
	err_set(&e, ERR_CONFLICT, "somebody was faster");
	m = rpc_error(id, &e);
	assert_int_equal(json_i64(m, "id", 0), 3);
	rpc_error_read(json_obj(m, "error"), &back);
	assert_int_equal(back.code, ERR_CONFLICT);
	assert_string_equal(back.what, "somebody was faster");
	cJSON_Delete(m);
	cJSON_Delete(id);
}

static void parameters_are_checked(void **state)
{
	static const struct {
		const char *method, *params, *error;
	} cases[] = {
	        {"job.get", "{\"job\":5}", NULL},
	        {"job.get", "{}", "\"job\" is missing"},
	        {"job.get", "{\"job\":1.5}", "must be an integer"},
	        {"job.get", "{\"job\":\"1\"}", "must be an integer"},
	        {"job.get", "{\"job\":5,\"jop\":1}", "did you mean \"job\""},
	        {"ask", "{\"session\":\"s\",\"question\":\"q\",\"now\":\"2021-07-30T16:00:00Z\"}",
	         NULL},
	        {"ask", "{\"session\":\"s\",\"question\":\"q\",\"now\":\"noon\"}", "RFC 3339"},
	        {"plan.check", "{\"plan\":[]}", "must be an object"},
	        {"engine.status", "[]", "must be an object"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int id = method_find(cases[i].method);
		struct err e = {0};
		cJSON *v = json_parse(slice_of(cases[i].params), 1000, &e);
		assert_true(id >= 0);
		assert_int_equal(method_check(&methods[id], v, &e), cases[i].error ? -1 : 0);
		if (cases[i].error && !strstr(e.what, cases[i].error))
			fail_msg("%s: %s", cases[i].params, e.what);
		cJSON_Delete(v);
	}
	assert_int_equal(method_find("no.such"), -1);
	{
		struct err e = {0};
		assert_int_equal(method_check(&methods[M_ENGINE_STATUS], NULL, &e), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(messages_are_lines, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(a_message_in_pieces, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(bad_messages_are_the_senders_fault, set_up,
	                                        tear_down),
	        cmocka_unit_test_setup_teardown(a_line_has_a_cap, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(descriptors_come_with_their_message, set_up,
	                                        tear_down),
	        cmocka_unit_test_setup_teardown(closing_is_noticed, set_up, tear_down),
	        cmocka_unit_test(errors_go_both_ways),
	        cmocka_unit_test(parameters_are_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
