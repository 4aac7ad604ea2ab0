/*
 * export: what the engine makes and this side writes: 0600, and never over a file that is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli.h"
#include "model/base64.h"

#define EXPORT_MAX (512u * 1024 * 1024)

int cli_write(const char *path, struct slice text)
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

/* ---- the timeline as a file ---- */

/* Page by page; later pages name the time of the first, so that all are of one text. Takes params over. */
static int fetch(struct client *cl, cJSON *params, struct buf *out)
{
	int64_t total = 1;
	int rc = CLI_OK;

	while (rc == CLI_OK && (int64_t)out->len < total && !out->over) {
		cJSON *page = NULL, *ask = cJSON_Duplicate(params, 1);
		size_t before = out->len;
		json_add_i64(ask, "offset", (int64_t)before);
		rc = cli_call(cl, "report.export", ask, &page);
		total = json_i64(page, "total", 0);
		if (rc == CLI_OK && !json_get(params, "at"))
			json_add_str(params, "at", json_str(page, "at", NULL));
		if (rc == CLI_OK && (!base64_decode(out, slice_of(json_str(page, "data", ""))) ||
		                     (out->len == before && total > 0))) {
			fprintf(stderr, "midwatch: the export ended early\n");
			rc = CLI_FAILED;
		}
		cJSON_Delete(page);
	}
	cJSON_Delete(params);
	return rc;
}

int cli_export(struct cli *c, cJSON *params, const char *path)
{
	struct client cl;
	struct buf b;
	int rc = cli_open(c, &cl);

	if (rc) {
		cJSON_Delete(params);
		return rc;
	}
	buf_init(&b, EXPORT_MAX);
	rc = fetch(&cl, params, &b);
	if (rc == CLI_OK)
		rc = cli_write(path, (struct slice){b.s, b.len});
	buf_release(&b);
	client_close(&cl);
	return rc;
}

int cmd_export(struct cli *c)
{
	const char *path = cli_option(c, "--output"), *format = cli_option(c, "--format");
	const char *job = cli_option(c, "--job");
	bool defang = cli_switch(c, "--defang");
	cJSON *params;
	int64_t n = 0;

	if (!cli_words(c, job ? 0 : 1, job ? 0 : 1) || (job && !slice_i64(slice_of(job), &n)))
		return CLI_USAGE;
	params = cJSON_CreateObject();
	if (job)
		json_add_i64(params, "job", n);
	else
		json_add_str(params, "incident", c->argv[0]);
	json_add_str(params, "format", format ? format : "markdown");
	json_add_bool(params, "defang", defang);
	return cli_export(c, params, path);
}
