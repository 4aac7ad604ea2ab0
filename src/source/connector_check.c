/* What `source test` says of every platform alike. */
#include "base/mem.h"
#include "source/connector_call.h"

#define SKEW_WARN_US (30 * MW_SECOND)
#define SLOW_US (2 * MW_SECOND)

void check_say(const struct check_sink *sink, const char *what, enum check_state state,
               const char *fix, const char *found, ...)
{
	struct source_check c = {.what = what, .state = state, .fix = fix};
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, found);
	buf_vprintf(&text, found, ap);
	va_end(ap);
	c.found = text.s;
	sink->check(sink->ctx, &c);
	buf_release(&text);
}

int check_result(const struct check_sink *sink, const char *what, int rc, const struct err *e,
                 const char *fix, const char *found)
{
	if (rc)
		check_say(sink, what, CHECK_FAILED, fix, "%s", e->what);
	else
		check_say(sink, what, CHECK_OK, NULL, "%s", found);
	return rc;
}

/* Which of the first steps of a connection failed, by what the call said. */
static const char *failed_step(const struct http_response *rs, const struct err *e)
{
	if (rs->status == 401 || rs->status == 403)
		return "login";
	if (rs->status)
		return "API";
	if (strstr(e->what, "resolve host") || strstr(e->what, "resolve proxy"))
		return "DNS";
	return strstr(e->what, "certificate") || strstr(e->what, "SSL") ? "TLS" : "connection";
}

static const struct {
	const char *step, *fix;
} step_fixes[] = {
        {"DNS", "check the host of url, and this machine's name servers"},
        {"TLS",
         "give the CA of its certificate as ca_file; the host of url must be in the certificate"},
        {"connection", "check host and port of url, the firewall between, and proxy"},
        {"API", "check the path of url, and whether the platform is up"},
};

static void say_failed(const struct check_sink *sink, const struct http_response *rs,
                       const char *rights, const struct err *e)
{
	const char *step = failed_step(rs, e), *fix = rights;

	for (size_t i = 0; i < ARRAY_LEN(step_fixes); i++)
		if (!strcmp(step_fixes[i].step, step))
			fix = step_fixes[i].fix;
	check_say(sink, step, CHECK_FAILED, fix, "%s", e->what);
}

static void say_clock(const struct check_sink *sink, const struct http_response *rs)
{
	int64_t skew = rs->skew_us < 0 ? -rs->skew_us : rs->skew_us;

	if (rs->skew_us == INT64_MIN) {
		check_say(sink, "clock", CHECK_SKIPPED, NULL, "it does not say its time");
		return;
	}
	check_say(sink, "clock", skew > SKEW_WARN_US ? CHECK_WARN : CHECK_OK,
	          skew > SKEW_WARN_US ? "set both clocks by NTP: windows of questions are cut by it"
	                              : NULL,
	          "%s ours by %lld s", rs->skew_us < 0 ? "behind" : "ahead of",
	          (long long)(skew / MW_SECOND));
}

int check_reach(struct http *h, const struct source_run *run, const struct check_sink *sink,
                struct http_request *rq, const char *rights, cJSON **out, struct err *e)
{
	struct http_response rs;
	int rc = call_do(h, run, rq, &rs, e);

	*out = NULL;
	if (!rc)
		rc = call_parse(http_name(h), &rs, out, e);
	if (rc) {
		say_failed(sink, &rs, rights, e);
	} else {
		check_say(sink, "connection", CHECK_OK, NULL,
		          "reached, certificate checked, logged in");
		say_clock(sink, &rs);
		check_say(sink, "latency", rs.elapsed_us > SLOW_US ? CHECK_WARN : CHECK_OK,
		          rs.elapsed_us > SLOW_US ? "look at the network between" : NULL, "%lld ms",
		          (long long)(rs.elapsed_us / 1000));
	}
	http_response_release(&rs);
	return rc;
}
