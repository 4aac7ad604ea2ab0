/* Configured sources: what they are, how they fare, checks, and a guided entry in the configuration. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/paths.h"
#include "cli.h"
#include "cli_source.h"
#include "model/platform.h"

#define CONFIG_TEXT_MAX (256 * 1024)
#define SEND_FILE_MAX (64u * 1024 * 1024)
#define SECTION "sources"

/* Lines of outside text, each escaped. */
static void put_lines(const char *text)
{
	struct slice rest = slice_of(text), line;

	while (slice_split(&rest, '\n', &line)) {
		cli_put(line);
		putchar('\n');
	}
}

/* ---- what there is ---- */

static int show_list(const cJSON *result)
{
	const cJSON *x, *all = json_arr(result, "sources");

	if (!cJSON_GetArraySize(all))
		puts("no source outside: questions are asked of the lake. `midwatch source add "
		     "KIND` adds one");
	cJSON_ArrayForEach(x, all)
	{
		struct buf b = BUF_INIT;
		buf_printf(&b, "%-16s %-11s %-8s %s", json_str(x, "name", ""),
		           json_str(x, "kind", ""), json_str(x, "state", ""),
		           json_str(x, "url", ""));
		if (json_str(x, "error", NULL))
			buf_printf(&b, "\n    %s", json_str(x, "error", ""));
		if (json_str(x, "insecure_why", NULL))
			buf_printf(&b, "\n    its certificate is NOT checked: %s",
			           json_str(x, "insecure_why", ""));
		put_lines(b.s);
		buf_release(&b);
	}
	return cJSON_GetArraySize(all) ? CLI_OK : CLI_NOTHING;
}

static int show_checks(const cJSON *result)
{
	const cJSON *x;
	bool failed = false;

	cJSON_ArrayForEach(x, json_arr(result, "checks"))
	{
		const char *state = json_str(x, "state", ""), *fix = json_str(x, "fix", NULL);
		struct buf b = BUF_INIT;
		buf_printf(&b, "%-8s %s: %s", state, json_str(x, "what", ""),
		           json_str(x, "found", ""));
		if (fix && strcmp(state, "ok") != 0)
			buf_printf(&b, "\n         %s", fix);
		put_lines(b.s);
		buf_release(&b);
		failed |= strcmp(state, "failed") == 0;
	}
	if (failed) {
		puts("\nWhat it needs:");
		put_lines(json_str(result, "rights", ""));
	}
	return failed ? CLI_FAILED : CLI_OK;
}

static int show_poll(const cJSON *result)
{
	printf("%lld findings taken in%s\n", (long long)json_i64(result, "findings", 0),
	       json_bool(result, "more", false) ? "; there are more, they come next" : "");
	return CLI_OK;
}

static int show_record(const cJSON *result)
{
	char *text = cJSON_Print(result);

	put_lines(text);
	cJSON_free(text);
	return CLI_OK;
}

/* ---- adding one ---- */

/* One line of the terminal; false at its end. */
static bool ask_line(const char *prompt, char *line, int size)
{
	size_t n;

	fputs(prompt, stdout);
	fflush(stdout);
	if (!fgets(line, size, stdin))
		return false;
	n = strlen(line);
	while (n && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		line[--n] = '\0';
	return true;
}

static const char *given(const struct cli *c, const char *key)
{
	size_t n = strlen(key);

	for (int i = 2; i < c->argc; i++)
		if (strncmp(c->argv[i], key, n) == 0 && c->argv[i][n] == '=')
			return c->argv[i] + n + 1;
	return NULL;
}

/* Says which word is no KEY=VALUE of the kind. */
static bool words_fit(const struct cli *c, const char *kind)
{
	for (int i = 2; i < c->argc; i++) {
		bool fits = false;
		for (const struct section_key *k = section_keys; k->section && !fits; k++)
			fits = section_key_fits(k, SECTION, kind) && given(c, k->name) &&
			       given(c, k->name) == c->argv[i] + strlen(k->name) + 1;
		if (fits)
			continue;
		fprintf(stderr, "midwatch: \"%s\" is no KEY=VALUE of %s; there are:\n", c->argv[i],
		        kind);
		for (const struct section_key *k = section_keys; k->section; k++)
			if (section_key_fits(k, SECTION, kind))
				fprintf(stderr, "  %-13s %s\n", k->name, k->help);
		return false;
	}
	return true;
}

static void add_value(struct buf *b, bool *first, const char *key, const char *value)
{
	buf_printf(b, "  %s %s: ", *first ? "-" : " ", key);
	json_write_string(b, slice_of(value)); /* JSON strings are YAML */
	buf_ch(b, '\n');
	*first = false;
}

/* Every key that the kind may have: as given on the command line, else asked on a terminal. False where the input ended. */
static bool gather(const struct cli *c, const char *kind, struct buf *b)
{
	bool first = true, asks = isatty(STDIN_FILENO) && c->argc == 2;

	for (const struct section_key *k = section_keys; k->section; k++) {
		const char *value = given(c, k->name);
		char line[4096], *prompt;
		if (!section_key_fits(k, SECTION, kind))
			continue;
		if (strcmp(k->name, "kind") == 0)
			value = kind;
		if (!value && asks) {
			prompt = xasprintf("%s%s\n  %s: ", k->help,
			                   k->required ? "" : " (Enter: none)", k->name);
			if (!ask_line(prompt, line, sizeof(line))) {
				free(prompt);
				return false;
			}
			free(prompt);
			value = *line ? line : NULL;
		}
		if (value)
			add_value(b, &first, k->name, value);
	}
	return true;
}

/* There may be none yet. */
static int read_config(const char *path, struct buf *b, struct err *e)
{
	if (access(path, F_OK) && errno == ENOENT)
		return 0;
	return cli_read(path, CONFIG_TEXT_MAX, b, e);
}

/* Behind the line "sources:" where there is one, else at the end. */
static void put_in(const struct buf *old, const struct buf *entry, struct buf *out)
{
	const char *at = old->len && strncmp(old->s, SECTION ":", 8) == 0 ? old->s : NULL;
	const char *line;

	if (!at && old->len && (line = strstr(old->s, "\n" SECTION ":")))
		at = line + 1;
	line = at ? strchr(at, '\n') : NULL;
	buf_add(out, old->s, line ? (size_t)(line + 1 - old->s) : old->len);
	if (!at)
		buf_printf(out, "%s" SECTION ":\n",
		           out->len && out->s[out->len - 1] != '\n' ? "\n" : "");
	else if (!line)
		buf_ch(out, '\n');
	buf_add(out, entry->s, entry->len);
	if (line)
		buf_str(out, line + 1);
}

static int write_text(const char *path, const struct buf *text, struct err *e)
{
	char *next = xasprintf("%s.new", path);
	int fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), rc = 0;

	if (fd < 0 || write(fd, text->s, text->len) != (ssize_t)text->len || fsync(fd))
		rc = err_errno(e, "write %s", next);
	if (fd >= 0)
		close(fd);
	if (rc == 0 && rename(next, path))
		rc = err_errno(e, "rename %s", next);
	free(next);
	return rc;
}

static int check_text(const struct buf *text, const char *path, struct err *e)
{
	struct config *own = config_new();
	int rc = config_file(own, (struct slice){text->s, text->len}, path, e);

	config_free(own);
	return rc;
}

static int add_entry(const struct buf *entry, const char *path)
{
	struct buf old = BUF_INIT, text = BUF_INIT;
	struct err e;
	int rc = read_config(path, &old, &e);

	if (rc == 0) {
		put_in(&old, entry, &text);
		rc = check_text(&text, path, &e);
	}
	if (rc == 0)
		rc = write_text(path, &text, &e);
	buf_release(&old);
	buf_release(&text);
	return rc ? cli_error(&e) : CLI_OK;
}

/* What the platform has to allow, as the connector says it; nothing where there is no engine to ask. */
static void explain(struct cli *c, const char *kind)
{
	struct client cl;
	cJSON *result = NULL;
	const cJSON *k;
	struct err e;

	if (client_open(&cl, c->config, true, &e))
		return;
	if (client_call(&cl, "source.kinds", NULL, &result, &e) == 0)
		cJSON_ArrayForEach(k, json_arr(result, "kinds"))
		{
			if (strcmp(json_str(k, "kind", ""), kind) != 0)
				continue;
			puts("What Midwatch needs there, and no more:");
			put_lines(json_str(k, "rights", ""));
			putchar('\n');
		}
	cJSON_Delete(result);
	client_close(&cl);
}

static bool reload(struct cli *c)
{
	struct client cl;
	cJSON *result = NULL;
	struct err e;
	int rc;

	if (client_open(&cl, c->config, true, &e))
		return false;
	rc = client_call(&cl, "config.reload", NULL, &result, &e);
	cJSON_Delete(result);
	client_close(&cl);
	return rc == 0;
}

static bool known_kind(const char *kind)
{
	bool known = false;

	for (const struct section_kind *k = section_kinds; k->section; k++)
		known |= strcmp(k->section, SECTION) == 0 && strcmp(k->kind, kind) == 0;
	if (known)
		return true;
	fprintf(stderr, "midwatch: there is no kind \"%s\"; there are:\n", kind);
	for (const struct section_kind *k = section_kinds; k->section; k++)
		if (strcmp(k->section, SECTION) == 0)
			fprintf(stderr, "  %-11s %s\n", k->kind, k->help);
	return false;
}

static int add(struct cli *c)
{
	const char *kind = c->argc > 1 ? c->argv[1] : "";
	struct buf entry = BUF_INIT;
	char *path;
	int rc = CLI_USAGE;

	if (!known_kind(kind) || !words_fit(c, kind))
		return CLI_USAGE;
	explain(c, kind);
	path = config_path(c->config_flag);
	if (gather(c, kind, &entry))
		rc = add_entry(&entry, path);
	if (rc == CLI_OK)
		printf("added to %s%s. Next: midwatch source test NAME\n", path,
		       reload(c) ? ""
		                 : "; the engine still has the old configuration: midwatch engine "
		                   "reload");
	buf_release(&entry);
	free(path);
	return rc;
}

/* ---- what is written there ---- */

static int show_outbox(const cJSON *result)
{
	const cJSON *x, *all = json_arr(result, "intents");

	cJSON_ArrayForEach(x, all)
	{
		struct buf b = BUF_INIT;
		say_intent(&b, x);
		if (*json_str(x, "incident", ""))
			buf_printf(&b, " [%s, %s]", json_str(x, "incident", ""),
			           json_str(x, "user", ""));
		put_lines(b.s);
		buf_release(&b);
	}
	if (!cJSON_GetArraySize(all))
		puts("nothing was or is to be written to any source");
	return CLI_OK;
}

static int show_intents(const cJSON *result)
{
	const cJSON *x;

	cJSON_ArrayForEach(x, json_arr(result, "intents"))
	        printf("#%lld is on its way; midwatch source outbox shows how it fares\n",
	               (long long)x->valuedouble);
	return CLI_OK;
}

/* source outbox [list | retry N | drop N] */
static int outbox(struct cli *c)
{
	cJSON *params;
	int64_t n;

	if (c->argc == 1 || (c->argc == 2 && !strcmp(c->argv[1], "list")))
		return cli_show(c, "outbox.list", NULL, show_outbox);
	if (c->argc != 3 || !slice_i64(slice_of(c->argv[2] + (*c->argv[2] == '#')), &n)) {
		cli_words(c, c->argc + 1, 0);
		return CLI_USAGE;
	}
	params = cJSON_CreateObject();
	json_add_i64(params, "intent", n);
	json_add_str(params, "what", c->argv[1]);
	return cli_show(c, "outbox.decide", params, NULL);
}

/* source create NAME INC-12 */
static int create(struct cli *c)
{
	cJSON *params = cJSON_CreateObject();

	json_add_str(params, "source", c->argv[1]);
	json_add_str(params, "incident", c->argv[2]);
	return cli_show(c, "source.create", params, show_intents);
}

#define SEND_BYTES (512 * 1024) /* of events in one request, which has a cap */

/* The next lines of the text as one request; NULL at its end. */
static cJSON *next_part(const struct cli *c, const char *incident, struct slice *rest)
{
	cJSON *params = cJSON_CreateObject(), *events = json_add_arr(params, "events");
	struct slice line;
	size_t bytes = 0;

	json_add_str(params, "source", c->argv[1]);
	if (incident)
		json_add_str(params, "incident", incident);
	while (bytes < SEND_BYTES && slice_split(rest, '\n', &line)) {
		char *text = xstrndup(line.s, line.n);
		bytes += 2 * line.n;
		if (slice_trim(line).n)
			cJSON_AddItemToArray(events, cJSON_CreateString(text));
		free(text);
	}
	if (cJSON_GetArraySize(events))
		return params;
	cJSON_Delete(params);
	return NULL;
}

/* source send NAME FILE [--incident INC-12]: a JSON object a line */
static int send_events(struct cli *c)
{
	const char *incident = cli_option(c, "--incident");
	struct buf text = BUF_INIT;
	struct slice rest;
	struct err e;
	cJSON *params;
	int rc;

	if (!cli_words(c, 3, 3))
		return CLI_USAGE;
	rc = cli_read(c->argv[2], SEND_FILE_MAX, &text, &e) ? cli_error(&e) : CLI_OK;
	rest = (struct slice){text.s, text.len};
	while (rc == CLI_OK && (params = next_part(c, incident, &rest)))
		rc = cli_show(c, "source.send", params, show_intents);
	buf_release(&text);
	return rc;
}

/* ---- the table ---- */

/* Most call a method with the source and an id and show what came; own: has more to do. */
static const struct {
	const char *word;
	int least, most; /* words with the verb */
	int (*own)(struct cli *c);
	const char *method;
	int (*show)(const cJSON *result);
} verbs[] = {
        {"list", 1, 1, NULL, "source.list", show_list},
        {"test", 2, 2, NULL, "source.test", show_checks},
        {"poll", 2, 2, NULL, "source.poll", show_poll},
        {"finding", 3, 3, NULL, "source.finding", show_record},
        {"asset", 3, 3, NULL, "source.asset", show_record},
        {"add", 1, INT_MAX, add, NULL, NULL},
        {"catalog", 2, 3, source_catalog, NULL, NULL},
        {"query", 1, INT_MAX, source_query, NULL, NULL},
        {"outbox", 1, INT_MAX, outbox, NULL, NULL},
        {"create", 3, 3, create, NULL, NULL},
        {"send", 3, INT_MAX, send_events, NULL, NULL},
};

int cmd_source(struct cli *c)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs) && c->argc > 0; i++) {
		cJSON *params;
		if (strcmp(c->argv[0], verbs[i].word) != 0 || c->argc < verbs[i].least ||
		    c->argc > verbs[i].most)
			continue;
		if (verbs[i].own)
			return verbs[i].own(c);
		params = cJSON_CreateObject();
		if (c->argc > 1)
			json_add_str(params, "source", c->argv[1]);
		if (c->argc > 2)
			json_add_str(params, "id", c->argv[2]);
		return cli_show(c, verbs[i].method, params, verbs[i].show);
	}
	cli_words(c, c->argc + 1, 0);
	return CLI_USAGE;
}
