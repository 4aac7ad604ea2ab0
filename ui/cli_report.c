/*
 * report, handoff, export: documents that the engine makes and this side writes: 0600, and never over a file that is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli.h"
#include "model/base64.h"

#define EXPORT_MAX (512u * 1024 * 1024)

static int write_out(const char *path, struct slice text)
{
	struct err e;
	int fd;

	if (!path)
		return fwrite(text.s, 1, text.n, stdout) == text.n ? CLI_OK : CLI_FAILED;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		err_errno(&e, "%s", path);
		return cli_error(&e);
	}
	for (size_t at = 0; at < text.n;) {
		ssize_t n = write(fd, text.s + at, text.n - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_errno(&e, "%s", path);
			close(fd);
			unlink(path);
			return cli_error(&e);
		}
		at += (size_t)n;
	}
	close(fd);
	fprintf(stderr, "%s: %zu bytes\n", path, text.n);
	return CLI_OK;
}

/* ---- drafts ---- */

static int draft(struct cli *c, cJSON *params, const char *path)
{
	struct client cl;
	cJSON *result = NULL;
	int rc = cli_open(c, &cl);

	if (rc) {
		cJSON_Delete(params);
		return rc;
	}
	rc = cli_call(&cl, "report.draft", params, &result);
	if (rc == CLI_OK && c->json)
		cli_json(result);
	else if (rc == CLI_OK)
		rc = write_out(path, slice_of(json_str(result, "markdown", "")));
	cJSON_Delete(result);
	client_close(&cl);
	return rc;
}

int cmd_report(struct cli *c)
{
	const char *path = cli_option(c, "--output");
	cJSON *params;

	if (!cli_words(c, 1, 1))
		return CLI_USAGE;
	params = cJSON_CreateObject();
	json_add_str(params, "kind", "incident");
	json_add_str(params, "incident", c->argv[0]);
	return draft(c, params, path);
}

int cmd_handoff(struct cli *c)
{
	const char *path = cli_option(c, "--output"), *since = cli_option(c, "--since");
	cJSON *params;

	if (!cli_words(c, 0, 0))
		return CLI_USAGE;
	params = cJSON_CreateObject();
	json_add_str(params, "kind", "handoff");
	if (since)
		json_add_str(params, "since", since);
	return draft(c, params, path);
}

/* ---- the timeline as a file ---- */

struct export
{
	const char *incident, *format;
	int64_t job;
	bool defang;
};

static cJSON *page_params(const struct export *x, int64_t offset)
{
	cJSON *o = cJSON_CreateObject();

	if (x->incident)
		json_add_str(o, "incident", x->incident);
	else
		json_add_i64(o, "job", x->job);
	json_add_str(o, "format", x->format);
	json_add_bool(o, "defang", x->defang);
	json_add_i64(o, "offset", offset);
	return o;
}

static int fetch(struct client *cl, const struct export *x, struct buf *out)
{
	int64_t total = 1;

	while ((int64_t)out->len < total && !out->over) {
		cJSON *page = NULL;
		size_t before = out->len;
		int rc = cli_call(cl, "report.export", page_params(x, (int64_t)out->len), &page);
		if (rc)
			return rc;
		total = json_i64(page, "total", 0);
		if (!base64_decode(out, slice_of(json_str(page, "data", ""))))
			total = -1;
		cJSON_Delete(page);
		if (total < 0 || (out->len == before && total > 0)) {
			fprintf(stderr, "midwatch: the export ended early\n");
			return CLI_FAILED;
		}
	}
	return CLI_OK;
}

int cmd_export(struct cli *c)
{
	const char *path = cli_option(c, "--output"), *format = cli_option(c, "--format");
	const char *job = cli_option(c, "--job");
	struct export x = {.format = format ? format : "markdown",
	                   .defang = cli_switch(c, "--defang")};
	struct client cl;
	struct buf b;
	int rc;

	if (!cli_words(c, job ? 0 : 1, job ? 0 : 1) || (job && !slice_i64(slice_of(job), &x.job)))
		return CLI_USAGE;
	x.incident = job ? NULL : c->argv[0];
	rc = cli_open(c, &cl);
	if (rc)
		return rc;
	buf_init(&b, EXPORT_MAX);
	rc = fetch(&cl, &x, &b);
	if (rc == CLI_OK)
		rc = write_out(path, (struct slice){b.s, b.len});
	buf_release(&b);
	client_close(&cl);
	return rc;
}
