/* The HTTP layer against a real server on loopback that misbehaves on purpose. */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "net/address.h"
#include "net/credential.h"
#include "net/http.h"

static struct err err;
static struct MHD_Daemon *server;
static char base[64];
static volatile int hits;

static enum MHD_Result reply(struct MHD_Connection *c, unsigned status, const char *body,
                             const char *header, const char *value)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(
	        strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result rc;
	if (header)
		MHD_add_response_header(r, header, value);
	rc = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result flaky(struct MHD_Connection *c)
{
	return hits < 3 ? reply(c, 503, "later", "Retry-After", "0")
	                : reply(c, 200, "ok", NULL, NULL);
}

static enum MHD_Result away(struct MHD_Connection *c)
{
	return reply(c, 302, "", "Location", "https://evil.example/steal");
}

static enum MHD_Result near(struct MHD_Connection *c)
{
	return reply(c, 302, "", "Location", "/ok");
}

static enum MHD_Result ok(struct MHD_Connection *c)
{
	return reply(c, 200, "fine", NULL, NULL);
}

static enum MHD_Result big(struct MHD_Connection *c)
{
	static char body[200001];
	memset(body, 'x', sizeof(body) - 1);
	return reply(c, 200, body, NULL, NULL);
}

static enum MHD_Result private(struct MHD_Connection *c) {
	const char *a = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");
	return a && !strcmp(a, "Bearer fresh") ? reply(c, 200, "in", NULL, NULL)
	                                       : reply(c, 401, "token expired", NULL, NULL);
}

static ssize_t never(void *ctx, uint64_t pos, char *buf, size_t max)
{
	(void)ctx, (void)pos, (void)buf, (void)max;
	return 0; /* nothing yet: MHD asks again */
}

static enum MHD_Result stall(struct MHD_Connection *c)
{
	struct MHD_Response *r =
	        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1024, never, NULL, NULL);
	enum MHD_Result rc = MHD_queue_response(c, 200, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result forbidden(struct MHD_Connection *c)
{
	return reply(c, 403, "missing \x1b]52;c;x\x07 right: read:issues", NULL, NULL);
}

static const struct {
	const char *path;
	enum MHD_Result (*fn)(struct MHD_Connection *);
} paths[] = {
        {"/flaky", flaky}, {"/away", away},       {"/near", near},   {"/ok", ok},
        {"/big", big},     {"/private", private}, {"/stall", stall}, {"/forbidden", forbidden}};

static enum MHD_Result handle(void *ctx, struct MHD_Connection *c, const char *url,
                              const char *method, const char *version, const char *data, size_t *n,
                              void **state)
{
	static int begun;
	(void)ctx, (void)method, (void)version, (void)data;
	if (!*state) {
		*state = &begun;
		return MHD_YES;
	}
	if (*n) {
		*n = 0;
		return MHD_YES;
	}
	hits++;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (!strcmp(url, paths[i].path))
			return paths[i].fn(c);
	return reply(c, 404, "no", NULL, NULL);
}

static int setup(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	(void)state;
	server = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION,
	                          0, NULL, NULL, handle, NULL, MHD_OPTION_SOCK_ADDR, &a,
	                          MHD_OPTION_END);
	if (!server)
		return -1;
	snprintf(base, sizeof(base), "http://127.0.0.1:%u",
	         MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT)->port);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	MHD_stop_daemon(server);
	return 0;
}

static struct http *client(int retries, http_auth_fn *auth, void *ctx)
{
	struct http_conf c = {.name = "twin", .base_url = base, .max_retries = retries};
	struct http *h = NULL;
	assert_int_equal(http_new(&h, &c, auth, ctx, &err), 0);
	hits = 0;
	return h;
}

static void retries_what_may_be_repeated(void **state)
{
	struct http *h = client(4, NULL, NULL);
	struct http_request r = {.method = "GET", .path = "/flaky", .idempotent = true};
	struct http_response out;
	(void)state;
	assert_int_equal(http_do(h, &r, &out, &err), 0);
	assert_int_equal(out.status, 200);
	assert_int_equal(out.tries, 3);
	http_response_release(&out);
	hits = 0;
	r.method = "POST";
	r.idempotent = false;
	assert_int_equal(http_do(h, &r, &out, &err), 0);
	assert_int_equal(out.status, 503);
	assert_int_equal(hits, 1);
	http_response_release(&out);
	http_free(h);
}

static void follows_its_own_host_only(void **state)
{
	struct http *h = client(0, NULL, NULL);
	struct http_request r = {.method = "GET", .path = "/near", .idempotent = true};
	struct http_response out;
	(void)state;
	assert_int_equal(http_do(h, &r, &out, &err), 0);
	assert_string_equal(out.body.s, "fine");
	http_response_release(&out);
	r.path = "/away";
	assert_int_equal(http_do(h, &r, &out, &err), -1);
	assert_int_equal(err.code, ERR_DENIED);
	assert_non_null(strstr(err.what, "evil.example"));
	http_response_release(&out);
	http_free(h);
}

static int token(void *ctx, struct http *h, bool force, struct secret **header, mw_time *expires,
                 struct err *e)
{
	const char *text = force ? "Authorization: Bearer fresh" : "Authorization: Bearer stale";
	(void)h, (void)e;
	++*(int *)ctx;
	*header = secret_new(text, strlen(text));
	*expires = mw_now() + MW_HOUR;
	return 0;
}

static void renews_a_token_once_after_401(void **state)
{
	int fetched = 0;
	struct http *h = client(0, token, &fetched);
	struct http_request r = {.method = "GET", .path = "/private", .idempotent = true};
	struct http_response out;
	(void)state;
	assert_int_equal(http_do(h, &r, &out, &err), 0);
	assert_int_equal(out.status, 200);
	assert_int_equal(fetched, 2);
	http_response_release(&out);
	http_free(h);
}

static void caps_deadlines_and_cancels(void **state)
{
	struct http *h = client(0, NULL, NULL);
	struct http_request r = {
	        .method = "GET", .path = "/big", .idempotent = true, .max_body = 1000};
	struct http_response out;
	volatile bool cancelled = true;
	int64_t start;
	(void)state;
	assert_int_equal(http_do(h, &r, &out, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	http_response_release(&out);
	r = (struct http_request){.method = "GET",
	                          .path = "/stall",
	                          .idempotent = true,
	                          .deadline_us = mw_mono_us() + 300000};
	start = mw_mono_us();
	assert_int_equal(http_do(h, &r, &out, &err), -1);
	assert_int_equal(err.code, ERR_DEADLINE);
	assert_true(mw_mono_us() - start < 3 * MW_SECOND);
	http_response_release(&out);
	r.deadline_us = 0;
	r.cancelled = &cancelled;
	assert_int_equal(http_do(h, &r, &out, &err), -1);
	assert_int_equal(err.code, ERR_CANCELLED);
	http_response_release(&out);
	http_free(h);
}

static void an_error_quotes_the_source_without_control_bytes(void **state)
{
	struct http *h = client(0, NULL, NULL);
	struct http_request r = {.method = "GET", .path = "/forbidden", .idempotent = true};
	struct http_response out;
	(void)state;
	assert_int_equal(http_do(h, &r, &out, &err), 0);
	assert_int_equal(http_status_err(h, &out, &err), -1);
	assert_non_null(strstr(err.what, "403"));
	assert_non_null(strstr(err.what, "read:issues"));
	assert_null(strchr(err.what, 0x1b));
	assert_true(out.skew_us > -5 * MW_SECOND && out.skew_us < 5 * MW_SECOND);
	http_response_release(&out);
	http_free(h);
}

/* Where nobody wants to know why: what is said to a platform after all else. */
static void a_call_without_an_error_to_fill_fails_like_any(void **state)
{
	struct http_conf c = {.name = "gone", .base_url = "http://127.0.0.1:1", .max_retries = 1};
	struct http_request r = {.method = "GET", .path = "/", .idempotent = true};
	struct http_response out;
	struct http *h;

	(void)state;
	assert_int_equal(http_new(&h, &c, NULL, NULL, &err), 0);
	assert_int_equal(http_do(h, &r, &out, NULL), -1);
	assert_int_equal(out.tries, 2);
	http_response_release(&out);
	http_free(h);
}

static void plain_http_is_refused_off_loopback(void **state)
{
	struct http_conf c = {.name = "x", .base_url = "http://siem.example"};
	struct http *h;
	(void)state;
	assert_int_equal(http_new(&h, &c, NULL, NULL, &err), -1);
	c.base_url = "file:///etc/passwd";
	assert_int_equal(http_new(&h, &c, NULL, NULL, &err), -1);
}

static void metadata_and_special_addresses_are_refused(void **state)
{
	static const struct {
		const char *text;
		bool loopback_ok, refused;
	} cases[] = {
	        {"169.254.169.254", true, true},
	        {"100.100.100.200", true, true},
	        {"127.0.0.1", false, true},
	        {"127.0.0.1", true, false},
	        {"10.0.0.1", false, false},
	        {"8.8.8.8", false, false},
	        {"::1", false, true},
	        {"fe80::1", true, true},
	        {"fd00:ec2::254", true, true},
	        {"::ffff:169.254.169.254", true, true},
	        {"64:ff9b::a9fe:a9fe", true, true},
	        {"2001:db8::1", false, false},
	        {"0.0.0.0", true, true},
	        {"224.0.0.1", true, true},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sockaddr_storage ss = {0};
		struct sockaddr_in *v4 = (struct sockaddr_in *)&ss;
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ss;
		if (inet_pton(AF_INET, cases[i].text, &v4->sin_addr) == 1) {
			v4->sin_family = AF_INET;
		} else {
			assert_int_equal(inet_pton(AF_INET6, cases[i].text, &v6->sin6_addr), 1);
			v6->sin6_family = AF_INET6;
		}
		if ((address_refused((struct sockaddr *)&ss, cases[i].loopback_ok) != NULL) !=
		    cases[i].refused)
			fail_msg("%s", cases[i].text);
	}
}

static void secrets_come_from_guarded_places(void **state)
{
	char path[] = "/tmp/mw-cred.XXXXXX", spec[64];
	struct secret *s;
	int fd = mkstemp(path);
	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "hunter2\n", 8), 8);
	snprintf(spec, sizeof(spec), "file:%s", path);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(credential_read(spec, &s, &err), -1);
	assert_int_equal(err.code, ERR_DENIED);
	assert_int_equal(fchmod(fd, 0600), 0);
	assert_int_equal(credential_read(spec, &s, &err), 0);
	assert_true(slice_eq(secret_bytes(s), SLICE("hunter2")));
	secret_free(s);
	assert_int_equal(credential_read("command:/bin/echo from-command", &s, &err), 0);
	assert_true(slice_eq(secret_bytes(s), SLICE("from-command")));
	secret_free(s);
	assert_int_equal(credential_read("command:/bin/false", &s, &err), -1);
	assert_int_equal(credential_read("hunter2", &s, &err), -1);
	assert_null(strstr(err.what, "hunter2"));
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(retries_what_may_be_repeated),
	        cmocka_unit_test(follows_its_own_host_only),
	        cmocka_unit_test(renews_a_token_once_after_401),
	        cmocka_unit_test(caps_deadlines_and_cancels),
	        cmocka_unit_test(an_error_quotes_the_source_without_control_bytes),
	        cmocka_unit_test(a_call_without_an_error_to_fill_fails_like_any),
	        cmocka_unit_test(plain_http_is_refused_off_loopback),
	        cmocka_unit_test(metadata_and_special_addresses_are_refused),
	        cmocka_unit_test(secrets_come_from_guarded_places),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
