/*
 * report, handoff: drafts, their versions, their export, and handing over.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

static cJSON *doc_param(const char *word)
{
	cJSON *o;
	int64_t n;

	if (!slice_i64(slice_of(word), &n)) {
		fprintf(stderr,
		        "midwatch: \"%s\" is no document: they have numbers (report list)\n", word);
		return NULL;
	}
	o = cJSON_CreateObject();
	json_add_i64(o, "doc", n);
	return o;
}

static bool add_version(cJSON *params, const char *version)
{
	int64_t n;

	if (!version)
		return true;
	if (!slice_i64(slice_of(version), &n)) {
		fprintf(stderr, "midwatch: --version takes a number\n");
		return false;
	}
	json_add_i64(params, "version", n);
	return true;
}

/* ---- a document, made or got ---- */

static int put_markdown(struct cli *c, const char *method, cJSON *params, const char *path)
{
	cJSON *result = NULL;
	int rc = cli_get(c, method, params, &result);

	if (rc == CLI_OK && c->json)
		cli_json(result);
	else if (rc == CLI_OK)
		rc = cli_write(path, slice_of(json_str(result, "markdown", "")));
	if (rc == CLI_OK && !c->json)
		fprintf(stderr, "document %lld, version %lld\n",
		        (long long)json_i64(result, "doc", 0),
		        (long long)json_i64(result, "version", 0));
	cJSON_Delete(result);
	return rc;
}

static int show_list(const cJSON *result)
{
	const cJSON *d;

	cJSON_ArrayForEach(d, json_arr(result, "docs"))
	{
		printf("%4lld v%-3lld %-8s %s  ", (long long)json_i64(d, "doc", 0),
		       (long long)json_i64(d, "version", 0), json_str(d, "kind", "?"),
		       json_str(d, "at", ""));
		cli_puts(json_str(d, "by", "?"));
		printf("  ");
		cli_puts(json_str(d, "incident", ""));
		if (json_str(d, "signed_by", NULL)) {
			printf("signed by ");
			cli_puts(json_str(d, "signed_by", ""));
			printf(", %lld items not accepted", (long long)json_i64(d, "left", 0));
		}
		printf("\n");
	}
	return CLI_OK;
}

/* ---- $EDITOR ---- */

static int run_editor(const char *path)
{
	const char *prog = getenv("VISUAL") ? getenv("VISUAL") : getenv("EDITOR");
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execlp(prog ? prog : "vi", prog ? prog : "vi", path, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status)) {
		fprintf(stderr, "midwatch: the editor %s failed; nothing was saved\n",
		        prog ? prog : "vi");
		return CLI_FAILED;
	}
	return CLI_OK;
}

static bool read_back(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "re");
	size_t n = 1;

	while (f && n) {
		char *at = buf_room(out, 8192);
		n = at ? fread(at, 1, 8192, f) : 0;
		out->len += n;
	}
	if (f)
		fclose(f);
	buf_ch(out, '\0');
	return f && !out->over;
}

static int save(struct client *cl, const cJSON *doc, const char *path)
{
	struct buf text = BUF_INIT;
	cJSON *params, *result = NULL;
	int rc = CLI_FAILED;

	if (!read_back(path, &text)) {
		fprintf(stderr, "midwatch: %s cannot be read back\n", path);
	} else if (!strcmp(text.s, json_str(doc, "markdown", ""))) {
		fprintf(stderr, "nothing was changed\n");
		rc = CLI_OK;
	} else {
		params = cJSON_CreateObject();
		json_add_i64(params, "doc", json_i64(doc, "doc", 0));
		json_add_str(params, "markdown", text.s);
		rc = cli_call(cl, "report.save", params, &result);
		if (rc == CLI_OK)
			fprintf(stderr, "kept as version %lld\n",
			        (long long)json_i64(result, "version", 0));
		cJSON_Delete(result);
	}
	buf_release(&text);
	return rc;
}

static int edit(struct cli *c, cJSON *params)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	char *path = xasprintf("%s/midwatch-draft-XXXXXX.md", dir ? dir : "/tmp");
	struct client cl;
	cJSON *doc = NULL;
	int fd = -1, rc = cli_open(c, &cl);

	if (rc) {
		cJSON_Delete(params);
		free(path);
		return rc;
	}
	rc = cli_call(&cl, "report.get", params, &doc);
	if (rc == CLI_OK) {
		const char *text = json_str(doc, "markdown", "");
		fd = mkstemps(path, 3);
		rc = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text)
		             ? run_editor(path)
		             : CLI_FAILED;
	}
	if (rc == CLI_OK)
		rc = save(&cl, doc, path);
	if (fd >= 0) {
		close(fd);
		unlink(path);
	}
	cJSON_Delete(doc);
	client_close(&cl);
	free(path);
	return rc;
}

/* ---- report ---- */

static int with_doc(struct cli *c, const char *verb, const char *path, const char *version,
                    const char *format)
{
	cJSON *params = doc_param(c->argv[1]);

	if (!params || !add_version(params, version)) {
		cJSON_Delete(params);
		return CLI_USAGE;
	}
	if (!strcmp(verb, "show"))
		return put_markdown(c, "report.get", params, path);
	if (!strcmp(verb, "edit"))
		return edit(c, params);
	json_add_str(params, "format", format ? format : "markdown");
	return cli_export(c, params, path);
}

int cmd_report(struct cli *c)
{
	const char *path = cli_option(c, "--output"), *version = cli_option(c, "--version"),
	           *format = cli_option(c, "--format");
	static const char *const verbs[] = {"show", "edit", "export"};
	cJSON *params;

	if (!cli_words(c, 1, 2))
		return CLI_USAGE;
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (!strcmp(c->argv[0], verbs[i]))
			return cli_words(c, 2, 2) ? with_doc(c, verbs[i], path, version, format)
			                          : CLI_USAGE;
	if (!cli_words(c, 1, 1))
		return CLI_USAGE;
	if (!strcmp(c->argv[0], "list"))
		return cli_show(c, "report.list", NULL, show_list);
	params = cJSON_CreateObject();
	json_add_str(params, "kind", "incident");
	json_add_str(params, "incident", c->argv[0]);
	return put_markdown(c, "report.draft", params, path);
}

/* ---- handoff ---- */

static int show_handoff(const cJSON *h)
{
	const cJSON *i;

	printf("document %lld, version %lld", (long long)json_i64(h, "doc", 0),
	       (long long)json_i64(h, "version", 0));
	if (json_str(h, "by", NULL)) {
		printf(", signed by ");
		cli_puts(json_str(h, "by", ""));
		printf(" %s, for ", json_str(h, "at", ""));
		cli_puts(*json_str(h, "to", "") ? json_str(h, "to", "") : "whoever comes");
	}
	printf("\n");
	cJSON_ArrayForEach(i, json_arr(h, "items"))
	{
		printf("%-9s ", json_str(i, "item", "?"));
		cli_puts(*json_str(i, "owner", "") ? json_str(i, "owner", "") : "nobody");
		if (json_str(i, "accepted_by", NULL)) {
			printf(" -> ");
			cli_puts(json_str(i, "accepted_by", ""));
			printf(", accepted %s", json_str(i, "accepted", ""));
		} else {
			printf(", not accepted");
		}
		printf("\n");
	}
	return CLI_OK;
}

static int accept_one(struct client *cl, int64_t doc, const char *item)
{
	cJSON *params = cJSON_CreateObject(), *result = NULL;
	int rc;

	json_add_i64(params, "doc", doc);
	json_add_str(params, "item", item);
	rc = cli_call(cl, "handoff.accept", params, &result);
	if (rc == CLI_OK) {
		printf("%s is yours; %lld not accepted yet\n", item,
		       (long long)json_i64(result, "left", 0));
		fflush(stdout);
	}
	cJSON_Delete(result);
	return rc;
}

/* One by one, as on the screen: what cannot be taken is said, and the rest is taken. */
static int accept_all(struct client *cl, int64_t doc)
{
	cJSON *params = cJSON_CreateObject(), *h = NULL;
	const cJSON *i;
	int rc;

	json_add_i64(params, "doc", doc);
	rc = cli_call(cl, "handoff.get", params, &h);
	cJSON_ArrayForEach(i, json_arr(h, "items"))
	{
		if (!json_str(i, "accepted_by", NULL) &&
		    accept_one(cl, doc, json_str(i, "item", "")) != CLI_OK)
			rc = CLI_PARTIAL;
	}
	cJSON_Delete(h);
	return rc;
}

static int accept(struct cli *c, bool all)
{
	struct client cl;
	int64_t doc;
	int rc = CLI_OK, one;

	if (!cli_words(c, all ? 2 : 3, all ? 2 : 64) || !slice_i64(slice_of(c->argv[1]), &doc))
		return CLI_USAGE;
	if (cli_open(c, &cl))
		return CLI_FAILED;
	if (all)
		rc = accept_all(&cl, doc);
	for (int i = 2; i < c->argc; i++) {
		one = accept_one(&cl, doc, c->argv[i]);
		rc = one ? one : rc;
	}
	client_close(&cl);
	return rc;
}

static int hand_over(struct cli *c, const char *to, bool all)
{
	cJSON *params;

	if (!strcmp(c->argv[0], "accept"))
		return accept(c, all);
	params = cli_words(c, 2, 2) ? doc_param(c->argv[1]) : NULL;
	if (!params)
		return CLI_USAGE;
	if (!strcmp(c->argv[0], "show"))
		return cli_show(c, "handoff.get", params, show_handoff);
	if (to)
		json_add_str(params, "to", to);
	return cli_show(c, "handoff.sign", params, show_handoff);
}

int cmd_handoff(struct cli *c)
{
	static const char *const verbs[] = {"sign", "accept", "show"};
	const char *path = cli_option(c, "--output"), *since = cli_option(c, "--since"),
	           *who = cli_option(c, "--for"), *to = cli_option(c, "--to");
	bool all = cli_switch(c, "--all");
	cJSON *params;

	for (size_t i = 0; i < ARRAY_LEN(verbs) && c->argc; i++)
		if (!strcmp(c->argv[0], verbs[i]))
			return hand_over(c, to, all);
	if (!cli_words(c, 0, 0))
		return CLI_USAGE;
	params = cJSON_CreateObject();
	json_add_str(params, "kind", "handoff");
	if (since)
		json_add_str(params, "since", since);
	if (who)
		json_add_str(params, "owner", who);
	return put_markdown(c, "report.draft", params, path);
}
