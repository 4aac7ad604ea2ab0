/*
 * Commands about the engine and this machine: engine, config, paths, doctor, support-bundle, proxy, call.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/paths.h"
#include "carry.h"
#include "cli.h"

#define BUNDLE_LOG_MAX (256 * 1024)

/* ---- engine ---- */

static void show_list(const cJSON *list, const char *title, const char *const *keys)
{
	const cJSON *x;

	cJSON_ArrayForEach(x, list)
	{
		printf("%-9s", title);
		for (const char *const *k = keys; *k; k++) {
			const cJSON *v = json_get(x, *k);
			if (cJSON_IsNumber(v))
				printf(" %s %lld", *k, (long long)v->valuedouble);
			else if (cJSON_IsString(v)) {
				printf(" ");
				cli_puts(v->valuestring);
			}
		}
		printf("\n");
	}
}

static int show_status(const cJSON *s)
{
	static const char *const worker[] = {"kind", "pid", "state", "requests", NULL};
	static const char *const job[] = {"job", "state", "elapsed_ms", "what", NULL};
	const cJSON *lake = json_obj(s, "lake");

	printf("engine    %s, pid %lld, up %lld s, %lld clients, %lld KiB\n",
	       json_str(s, "version", "?"), (long long)json_i64(s, "pid", 0),
	       (long long)json_i64(s, "uptime_s", 0), (long long)json_i64(s, "clients", 0),
	       (long long)json_i64(s, "rss_kib", 0));
	printf("state     ");
	cli_puts(json_str(s, "state", ""));
	printf("\nloop      p99 %.1f ms, worst %.1f ms of %lld turns; cancel acknowledged in %.1f "
	       "ms at most\n",
	       (double)json_i64(s, "loop_p99_us", 0) / 1000,
	       (double)json_i64(s, "loop_max_us", 0) / 1000,
	       (long long)json_i64(s, "loop_turns", 0),
	       (double)json_i64(s, "cancel_ack_max_us", 0) / 1000);
	printf("sandbox   %s\n", json_str(s, "sandbox", "?"));
	if (lake)
		printf("lake      %lld events, %lld bytes, %s to %s\n",
		       (long long)json_i64(lake, "events", 0),
		       (long long)json_i64(lake, "bytes", 0), json_str(lake, "from", "-"),
		       json_str(lake, "to", "-"));
	show_list(json_arr(s, "workers"), "worker", worker);
	show_list(json_arr(s, "jobs"), "job", job);
	return CLI_OK;
}

/* Commands that make no sense with an engine started for them. */
static int on_running(struct cli *c, const char *method)
{
	struct client cl;
	cJSON *result = NULL;
	struct err e;
	int rc;

	if (client_open(&cl, c->config, false, &e))
		return cli_error(&e);
	rc = cli_call(&cl, method, NULL, &result);
	if (rc == CLI_OK && c->json)
		cli_json(result);
	cJSON_Delete(result);
	client_close(&cl);
	return rc;
}

int cmd_engine(struct cli *c)
{
	if (!cli_words(c, 1, 1))
		return CLI_USAGE;
	if (strcmp(c->argv[0], "status") == 0)
		return cli_show(c, "engine.status", NULL, show_status);
	if (strcmp(c->argv[0], "stop") == 0)
		return on_running(c, "engine.stop");
	if (strcmp(c->argv[0], "reload") == 0)
		return on_running(c, "config.reload");
	cli_words(c, 2, 0); /* prints the usage */
	return CLI_USAGE;
}

int cmd_call(struct cli *c)
{
	cJSON *params = NULL;
	struct err e;

	if (!cli_words(c, 1, 2))
		return CLI_USAGE;
	if (c->argc == 2 && !(params = json_parse(slice_of(c->argv[1]), MW_LINE_MAX, &e)))
		return cli_error(&e);
	c->json = true;
	return cli_show(c, c->argv[0], params, NULL);
}

/* ---- configuration and paths ---- */

static int config_check(struct cli *c, const char *file)
{
	struct config *own = config_new();
	char *path = config_path(file ? file : c->config_flag);
	struct err e;
	int rc = config_load(own, file ? file : c->config_flag, &e);

	if (rc == 0)
		printf("%s: %s\n", path,
		       access(path, F_OK) == 0 ? "good" : "not there; the defaults hold");
	else
		cli_error(&e);
	config_free(own);
	free(path);
	return rc ? CLI_FAILED : CLI_OK;
}

static int config_show(const struct config *c)
{
	struct buf b = BUF_INIT;

	config_print(c, &b);
	fputs(b.s, stdout);
	buf_release(&b);
	return CLI_OK;
}

static int config_options(void)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		printf("%s (default: %s)\n    %s\n", options[i].name,
		       *options[i].def ? options[i].def : "none", options[i].help);
		if (*options[i].flag)
			printf("    flag --%s\n", options[i].flag);
		if (*options[i].env)
			printf("    environment %s\n", options[i].env);
	}
	return CLI_OK;
}

int cmd_config(struct cli *c)
{
	if (!cli_words(c, 1, 2))
		return CLI_USAGE;
	if (strcmp(c->argv[0], "check") == 0)
		return config_check(c, c->argv[1]);
	if (strcmp(c->argv[0], "show") == 0)
		return config_show(c->config);
	if (strcmp(c->argv[0], "options") == 0)
		return config_options();
	cli_words(c, 3, 0);
	return CLI_USAGE;
}

static void add_path(cJSON *o, const char *key, char *path)
{
	json_add_str(o, key, path);
	free(path);
}

static cJSON *paths_json(const struct cli *c)
{
	const char *state = config_state_dir(c->config);
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, "state", state);
	add_path(o, "socket", path_join(state, STATE_SOCKET));
	add_path(o, "log", path_join(state, STATE_LOG));
	add_path(o, "config", config_path(c->config_flag));
	add_path(o, "assets",
	         *config_str(c->config, OPT_ASSETS) ? xstrdup(config_str(c->config, OPT_ASSETS))
	                                            : path_config(""));
	add_path(o, "engine", path_program("midwatchd"));
	return o;
}

int cmd_paths(struct cli *c)
{
	cJSON *o, *x;

	if (!cli_words(c, 0, 0))
		return CLI_USAGE;
	o = paths_json(c);
	if (c->json)
		cli_json(o);
	else
		cJSON_ArrayForEach(x, o) printf("%-8s %s\n", x->string, x->valuestring);
	cJSON_Delete(o);
	return CLI_OK;
}

/* ---- doctor ---- */

struct check {
	cJSON *list;
	bool failed;
};

/* The entry, for whoever has more to say. */
static cJSON *note(struct check *k, const char *what, bool ok, const char *text)
{
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, "what", what);
	json_add_bool(o, "ok", ok);
	json_add_str(o, "text", text);
	cJSON_AddItemToArray(k->list, o);
	k->failed = k->failed || !ok;
	return o;
}

/* Each check of one source, with what to do where it is not well. */
static void check_source(struct client *cl, struct check *k, const char *name)
{
	cJSON *p = cJSON_CreateObject(), *result = NULL;
	const cJSON *x;
	struct err e;

	json_add_str(p, "source", name);
	if (client_call(cl, "source.test", p, &result, &e)) {
		note(k, name, false, e.what);
		return;
	}
	cJSON_ArrayForEach(x, json_arr(result, "checks"))
	{
		const char *state = json_str(x, "state", ""), *fix = json_str(x, "fix", NULL);
		char *what = xasprintf("%s %s", name, json_str(x, "what", "")),
		     *text = xasprintf("%s%s%s", json_str(x, "found", ""), fix ? ". To do: " : "",
		                       fix ? fix : "");
		json_add_str(note(k, what, strcmp(state, "failed") != 0, text), "state", state);
		free(what);
		free(text);
	}
	cJSON_Delete(result);
}

static void check_sources(struct client *cl, struct check *k)
{
	cJSON *list = NULL;
	const cJSON *s;
	struct err e;

	if (client_call(cl, "source.list", NULL, &list, &e))
		note(k, "sources", false, e.what);
	cJSON_ArrayForEach(s, json_arr(list, "sources"))
	        check_source(cl, k, json_str(s, "name", ""));
	cJSON_Delete(list);
}

static void check_engine(struct cli *c, struct check *k)
{
	struct client cl;
	cJSON *s = NULL, *doctor = NULL, *t;
	struct err e;
	char text[160];

	if (client_open(&cl, c->config, true, &e)) {
		note(k, "engine", false, e.what);
		return;
	}
	if (client_call(&cl, "engine.status", NULL, &s, &e)) {
		note(k, "engine", false, e.what);
	} else {
		snprintf(text, sizeof(text), "%s, pid %lld, loop p99 %.1f ms",
		         json_str(s, "version", "?"), (long long)json_i64(s, "pid", 0),
		         (double)json_i64(s, "loop_p99_us", 0) / 1000);
		note(k, "engine", true, text);
		note(k, "sandbox of workers", true, json_str(s, "sandbox", "?"));
	}
	if (client_call(&cl, "engine.doctor", NULL, &doctor, &e))
		note(k, "sandbox probe", false, e.what);
	cJSON_ArrayForEach(t, json_arr(doctor, "tries"))
	{
		snprintf(text, sizeof(text), "a worker may not %s", json_str(t, "what", "?"));
		note(k, text, json_bool(t, "refused", false), json_str(t, "error", ""));
	}
	check_sources(&cl, k);
	cJSON_Delete(s);
	cJSON_Delete(doctor);
	client_close(&cl);
}

static void check_place(struct cli *c, struct check *k)
{
	const char *term = getenv("TERM"), *lang = getenv("LC_ALL");
	char *config = config_path(c->config_flag);
	struct config *own = config_new();
	struct err e;
	int rc;

	rc = config_load(own, c->config_flag, &e);
	note(k, "configuration", rc == 0, rc ? e.what : config);
	config_free(own);
	free(config);
	note(k, "terminal", term && strcmp(term, "dumb") != 0,
	     term ? term : "TERM is not set: the console needs it, the command line does not");
	if (!lang)
		lang = getenv("LC_CTYPE");
	if (!lang)
		lang = getenv("LANG");
	note(k, "locale", lang && (strstr(lang, "UTF-8") || strstr(lang, "utf8")),
	     lang ? lang : "none: without UTF-8 the console draws with ASCII");
}

/* What a source says of itself is outside text. */
static void put_check(const cJSON *x)
{
	const char *state = json_str(x, "state", NULL);
	bool ok = json_bool(x, "ok", false);

	printf("%-4s ", !ok ? "BAD" : state && strcmp(state, "ok") != 0 ? state : "ok");
	cli_puts(json_str(x, "what", ""));
	fputs(": ", stdout);
	cli_puts(json_str(x, "text", ""));
	putchar('\n');
}

int cmd_doctor(struct cli *c)
{
	struct check k = {0};
	cJSON *o, *x;

	if (!cli_words(c, 0, 0))
		return CLI_USAGE;
	o = cJSON_CreateObject();
	k.list = json_add_arr(o, "checks");
	check_place(c, &k);
	check_engine(c, &k);
	if (c->json)
		cli_json(o);
	else
		cJSON_ArrayForEach(x, k.list) put_check(x);
	cJSON_Delete(o);
	return k.failed ? CLI_FAILED : CLI_OK;
}

/* ---- support bundle ---- */

/* The last part of the engine's log, from a line's start. It holds no secret and no event: base/log.h. */
static void add_log(struct buf *b, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *text, *line;
	off_t from;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st)) {
		buf_printf(b, "no log: %s\n", strerror(errno));
		return;
	}
	from = st.st_size > BUNDLE_LOG_MAX ? st.st_size - BUNDLE_LOG_MAX : 0;
	text = xmalloc(BUNDLE_LOG_MAX + 1);
	n = pread(fd, text, BUNDLE_LOG_MAX, from);
	text[n > 0 ? n : 0] = '\0';
	line = from ? strchr(text, '\n') : NULL;
	buf_str(b, line ? line + 1 : text);
	free(text);
	close(fd);
}

static void add_call(struct buf *b, struct client *cl, const char *method)
{
	cJSON *result = NULL;
	struct err e;

	buf_printf(b, "\n== %s ==\n", method);
	if (client_call(cl, method, NULL, &result, &e))
		buf_str(b, e.what);
	else
		json_write(b, result);
	buf_ch(b, '\n');
	cJSON_Delete(result);
}

static void fill_bundle(struct cli *c, struct buf *b)
{
	char *log = path_join(config_state_dir(c->config), STATE_LOG);
	struct client cl;
	struct err e;

	buf_printf(b, "midwatch %s, protocol %d\n\n== configuration ==\n", MW_VERSION,
	           MW_PROTO_VERSION);
	config_print(c->config, b);
	if (client_open(&cl, c->config, true, &e)) {
		buf_printf(b, "\nno engine: %s\n", e.what);
	} else {
		add_call(b, &cl, "engine.status");
		add_call(b, &cl, "lake.status");
		client_close(&cl);
	}
	buf_str(b, "\n== engine log ==\n");
	add_log(b, log);
	free(log);
}

int cmd_bundle(struct cli *c)
{
	struct buf b = BUF_INIT;
	struct err e;
	int fd, rc = CLI_OK;

	if (!cli_words(c, 1, 1))
		return CLI_USAGE;
	fd = open(c->argv[0], O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0) {
		err_errno(&e, "%s", c->argv[0]);
		return cli_error(&e);
	}
	fill_bundle(c, &b);
	if (write(fd, b.s, b.len) != (ssize_t)b.len || close(fd)) {
		err_errno(&e, "%s", c->argv[0]);
		rc = cli_error(&e);
	} else {
		printf("%s: %zu bytes; read it before you send it\n", c->argv[0], b.len);
	}
	buf_release(&b);
	return rc;
}

/* ---- proxy ---- */

/* The far client says hello itself, so ours ends here and a second connection is relayed. */
int cmd_proxy(struct cli *c)
{
	struct client cl;
	struct err e;
	int fd, rc;

	if (!cli_words(c, 0, 0))
		return CLI_USAGE;
	if (client_open(&cl, c->config, true, &e))
		return cli_error(&e);
	client_close(&cl);
	fd = client_socket(c->config, &e);
	if (fd < 0)
		return cli_error(&e);
	rc = carry_relay(STDIN_FILENO, STDOUT_FILENO, fd, &e);
	close(fd);
	return rc ? cli_error(&e) : CLI_OK;
}
