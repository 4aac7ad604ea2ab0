#include "cli.h"

#include <unistd.h>

#include "base/paths.h"

/* Only for the help: cli_main takes it before the table is looked at. */
static int cmd_attach(struct cli *c)
{
	(void)c;
	return CLI_USAGE;
}

static int cmd_version(struct cli *c)
{
	if (!cli_words(c, 0, 0))
		return CLI_USAGE;
	printf("midwatch %s (protocol %d)\n", MW_VERSION, MW_PROTO_VERSION);
	return CLI_OK;
}

static int cmd_help(struct cli *c);

const struct cli_command cli_commands[] = {
        {"attach", "[--incident ID]", "the console, with the screen that was left", cmd_attach},
        {"ask", "[--session NAME] [--now TIME] [--incident ID] [--model] QUESTION",
         "ask in plain words; prints reading and answer", cmd_ask},
        {"story", "[--prompt ID] INCIDENT",
         "an incident in sentences, each checked against its records", cmd_story},
        {"next", "[--run] [--session NAME] INCIDENT",
         "the next query of an investigation, as a model proposes it", cmd_next},
        {"search", "[--from TIME] [--to TIME] [--limit N] FIELD=VALUE|TEXT...",
         "search events by fields", cmd_search},
        {"translate",
         "--to spl|kql|aql|dsl|sql|wiz|rql|orca|lql|sigma|words [--table NAME] QUESTION|PLAN | --from "
         "sigma FILE",
         "a question, a plan's JSON or a Sigma rule in a platform's own language", cmd_translate},
        {"import",
         "[--to SOURCE] [--label NAME] [--mapping NAME] [--follow] FILE|DIR... | --rejected | --retry | --list | "
         "--undo N",
         "read logs, findings and inventories into the lake", cmd_import},
        {"lake", "status | drop [DATASET] | retain [--size N] [--days N]",
         "what the lake holds, and its bounds", cmd_lake},
        {"source",
         "list | add KIND [KEY=VALUE...] | test NAME | catalog NAME [TABLE] | query "
         "NAME TEXT [--limit N] | poll NAME | finding NAME ID "
         "| asset NAME ID | outbox [list | retry N | drop N] | create NAME INCIDENT | send NAME "
         "FILE [--incident ID]",
         "the SIEM and CNAPP platforms that questions are asked of", cmd_source},
        {"queue", "[--filter WORDS] [--sort KEY] [--hidden]", "the incident queue", cmd_queue},
        {"case",
         "ID [claim | assign NAME | status new|work|wait | snooze TIME|SPAN | note TEXT | "
         "severity WORD | tag WORD | pin EVIDENCE "
         "[NOTE] | unpin EVIDENCE | merge ID... | unmerge ID | split REASON FINDING... | close "
         "VERDICT "
         "REASON [NOTE]]",
         "one incident", cmd_case},
        {"export",
         "INCIDENT | --job N [--format markdown|csv|json|html] [--defang] [--output FILE]",
         "a timeline as a file", cmd_export},
        {"report",
         "INCIDENT | list | show DOC [--version N] | edit DOC | export DOC [--format "
         "markdown|html] "
         "[--version N]; [--output FILE]",
         "drafts of incidents; an export checks each fact again", cmd_report},
        {"handoff",
         "[--since TIME] [--for NAME|me] [--output FILE] | show DOC | sign DOC [--to NAME] | "
         "accept "
         "DOC INCIDENT...|--all",
         "the draft for the next shift; who comes accepts item by item", cmd_handoff},
        {"playbook", "INCIDENT", "the steps that fit an incident", cmd_playbook},
        {"action",
         "propose INCIDENT STEP | show A-N | approve A-N DIGEST WORD | deny A-N REASON | reverse "
         "A-N",
         "a step's approval; DIGEST and WORD as action show prints them", cmd_action},
        {"watch", "[list] | add --until TIME|SPAN [--incident ID] QUESTION | remove N",
         "questions that are asked again as data comes; they ring, and stand on the handoff",
         cmd_watch},
        {"suppress", "[list] | add --until TIME|SPAN --owner NAME --reason TEXT MEMBER=VALUE...",
         "what is hidden from the queue, by whom, why and until when", cmd_suppress},
        {"bulk", "close VERDICT REASON ID... [--note TEXT] | run N DIGEST | stop N | show N",
         "closes many incidents: reviewed first, then one after the other, with a result each",
         cmd_bulk},
        {"recipe", "[list] | RECIPE VALUE [--field NAME] [--incident ID]",
         "the questions that are ready made", cmd_recipe},
        {"model",
         "[status | on | off | metrics | records [INCIDENT] | show N | unflag SESSION REASON]",
         "the language models: what is on, spent, sent and what came of it", cmd_model},
        {"prompt", "list | show ID | diff ID | test [ID] [--model NAME] [--recorded]",
         "the registry of prompts", cmd_prompt},
        {"replay", "INCIDENT|N [--model NAME] [--prompt ID]",
         "what a model said, checked again; with a model or prompt: said again, and how it differs",
         cmd_replay},
        {"label", "N accept|edit|reject|\"wrong link\" [TEXT] | export",
         "what you thought of a model's record; export: all of it as JSON lines", cmd_label},
        {"eval", "[--model NAME] [--planner offline|model] [--least SHARE] [--recorded] SUITE...",
         "accuracy over suites of questions and prompts; the exit status gates a release",
         cmd_eval},
        {"engine", "status | stop | reload", "the engine that serves you", cmd_engine},
        {"config", "check [FILE] | show | options",
         "the configuration and where each value came from", cmd_config},
        {"keys", "[--man | --sample]",
         "keys and actions of the console; --sample prints a keymap file", cmd_keys},
        {"docs", "man | bash | zsh | fish",
         "the man page and completions, from the program's own tables", cmd_docs},
        {"paths", "", "where state, configuration and log are", cmd_paths},
        {"doctor", "", "what works on this machine and what does not", cmd_doctor},
        {"support-bundle", "FILE",
         "status, configuration and log for a bug report, without secrets or events", cmd_bundle},
        {"proxy", "", "carries the protocol over stdin and stdout (what --engine ssh:// runs)",
         cmd_proxy},
        {"call", "METHOD [JSON]", "one request of the protocol, for scripts", cmd_call},
        {"version", "", "the version", cmd_version},
        {"help", "[COMMAND]", "this text", cmd_help},
        {NULL, NULL, NULL, NULL},
};

/* ---- output ---- */

void cli_put(struct slice text)
{
	struct buf b = BUF_INIT;

	esc_term(&b, text);
	fwrite(b.s, 1, b.len, stdout);
	buf_release(&b);
}

void cli_puts(const char *text)
{
	cli_put(slice_of(text));
}

void cli_json(const cJSON *v)
{
	struct buf b = BUF_INIT;

	json_write(&b, v);
	buf_ch(&b, '\n');
	fwrite(b.s, 1, b.len, stdout);
	buf_release(&b);
}

int cli_error(const struct err *e)
{
	struct buf b = BUF_INIT;

	esc_term(&b, slice_of(e->what));
	fflush(stdout);
	fprintf(stderr, "midwatch: %s\n", b.s);
	buf_release(&b);
	return e->code == ERR_NOT_FOUND ? CLI_NOTHING : CLI_FAILED;
}

/* ---- words and options ---- */

static void take_out(struct cli *c, int at, int n)
{
	for (int i = at; i + n <= c->argc; i++)
		c->argv[i] = c->argv[i + n]; /* the closing NULL moves too */
	c->argc -= n;
}

const char *cli_option(struct cli *c, const char *name)
{
	size_t n = strlen(name);

	for (int i = 0; i < c->argc && strcmp(c->argv[i], "--") != 0; i++) {
		const char *v = c->argv[i];
		if (strncmp(v, name, n) != 0 || (v[n] && v[n] != '='))
			continue;
		if (v[n] == '=') {
			take_out(c, i, 1);
			return v + n + 1;
		}
		if (i + 1 >= c->argc)
			return NULL; /* cli_words says that it is left over */
		v = c->argv[i + 1];
		take_out(c, i, 2);
		return v;
	}
	return NULL;
}

bool cli_switch(struct cli *c, const char *name)
{
	for (int i = 0; i < c->argc && strcmp(c->argv[i], "--") != 0; i++)
		if (strcmp(c->argv[i], name) == 0) {
			take_out(c, i, 1);
			return true;
		}
	return false;
}

static const struct cli_command *running = &cli_commands[0]; /* for its usage text */

static void usage(void)
{
	fprintf(stderr, "usage: midwatch %s %s\n", running->name, running->args);
}

bool cli_words(struct cli *c, int least, int most)
{
	for (int i = 0; i < c->argc; i++) {
		if (strcmp(c->argv[i], "--") == 0) {
			take_out(c, i, 1);
			break;
		}
		if (strncmp(c->argv[i], "--", 2) == 0) {
			fprintf(stderr,
			        "midwatch: %s does not know \"%s\", or its value is missing\n",
			        running->name, c->argv[i]);
			usage();
			return false;
		}
	}
	if (c->argc >= least && c->argc <= most)
		return true;
	usage();
	return false;
}

/* ---- calls ---- */

int cli_open(struct cli *c, struct client *cl)
{
	struct err e;

	return client_open(cl, c->config, true, &e) ? cli_error(&e) : CLI_OK;
}

int cli_call(struct client *cl, const char *method, cJSON *params, cJSON **result)
{
	struct err e;

	return client_call(cl, method, params, result, &e) ? cli_error(&e) : CLI_OK;
}

int cli_get(struct cli *c, const char *method, cJSON *params, cJSON **result)
{
	struct client cl;
	int rc = cli_open(c, &cl);

	if (rc) {
		cJSON_Delete(params);
		return rc;
	}
	rc = cli_call(&cl, method, params, result);
	client_close(&cl);
	return rc;
}

int cli_show(struct cli *c, const char *method, cJSON *params, int (*show)(const cJSON *result))
{
	cJSON *result = NULL;
	int rc = cli_get(c, method, params, &result);

	if (rc == CLI_OK && c->json)
		cli_json(result);
	else if (rc == CLI_OK && show)
		rc = show(result);
	cJSON_Delete(result);
	return rc;
}

/* ---- dispatch ---- */

static int cmd_help(struct cli *c)
{
	if (!cli_words(c, 0, 1))
		return CLI_USAGE;
	if (!c->argc)
		printf("usage: midwatch [options] [command]\n\nWithout a command the console "
		       "opens.\n\n");
	for (const struct cli_command *x = cli_commands; x->name; x++) {
		if (c->argc && strcmp(c->argv[0], x->name) != 0)
			continue;
		printf("  %s %s\n      %s\n", x->name, x->args, x->help);
	}
	if (c->argc)
		return CLI_OK;
	printf("\nOptions, before or after the command; --json prints JSON:\n");
	for (int i = 0; i < OPTION_COUNT; i++)
		if (*options[i].flag)
			printf("  --%-8s %s\n", options[i].flag, options[i].help);
	return CLI_OK;
}

static const struct cli_command *find_command(const char *name)
{
	const char *names[64] = {NULL}, *near;
	size_t n = 0;

	for (const struct cli_command *x = cli_commands; x->name; x++) {
		if (strcmp(x->name, name) == 0)
			return x;
		if (n + 1 < ARRAY_LEN(names))
			names[n++] = x->name;
	}
	near = mw_did_you_mean(name, names);
	fprintf(stderr, "midwatch: there is no command \"%s\"%s%s%s\n", name,
	        near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	return NULL;
}

/* Takes the options of options.def, --config and --json out of argv, wherever they stand; a word "--" ends them. */
static int take_options(struct cli *c, int argc, char **argv, struct config *into, struct err *e)
{
	c->argc = 0;
	for (int i = 1; i < argc;) {
		int rc = 0;
		if (strcmp(argv[i], "--") == 0) {
			while (i < argc)
				c->argv[c->argc++] = argv[i++];
			break;
		}
		if (strcmp(argv[i], "--json") == 0) {
			c->json = true;
			i++;
		} else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
			c->config_flag = argv[i + 1];
			i += 2;
		} else if ((rc = config_flag(into, argc, argv, &i, e)) < 0) {
			return -1;
		} else if (rc == 0) {
			c->argv[c->argc++] = argv[i++];
		}
	}
	c->argv[c->argc] = NULL;
	return 0;
}

static int configure(struct cli *c, int argc, char **argv, struct err *e)
{
	struct config *scan = config_new();
	int rc = take_options(c, argc, argv, scan, e);

	config_free(scan);
	if (rc == 0 && c->config_flag) { /* an engine that is started reads the same file */
		char *path = path_absolute(c->config_flag);
		setenv("MW_CONFIG", path, 1);
		free(path);
	}
	if (rc || config_load(c->config, c->config_flag, e))
		return -1;
	return take_options(c, argc, argv, c->config, e);
}

/* A broken configuration must not keep one from the command that says where it is broken. */
static bool tolerates_config(const struct cli *c)
{
	static const char *const names[] = {"config", "paths", "version", "help"};

	for (size_t i = 0; i < ARRAY_LEN(names) && c->argc; i++)
		if (strcmp(c->argv[0], names[i]) == 0)
			return true;
	return false;
}

static int dispatch(struct cli *c)
{
	running = find_command(c->argv[0]);
	if (!running)
		return CLI_USAGE;
	c->argc--;
	c->argv++;
	return running->fn(c);
}

int cli_dispatch(struct cli *c, int argc, char **argv)
{
	struct cli own = {
	        .config = c->config, .config_flag = c->config_flag, .argc = argc, .argv = argv};

	return dispatch(&own);
}

int cli_main(int argc, char **argv, cli_fn *console)
{
	struct cli c = {.config = config_new()};
	char **words = xcalloc((size_t)argc + 1, sizeof(*words));
	struct err e;
	int rc;

	c.argv = words;
	if (configure(&c, argc, argv, &e) && !tolerates_config(&c))
		rc = cli_error(&e) == CLI_NOTHING ? CLI_FAILED : CLI_USAGE;
	else if (c.argc && strncmp(c.argv[0], "--", 2) != 0 && strcmp(c.argv[0], "attach") != 0)
		rc = dispatch(&c);
	else
		rc = console(&c);
	if (fflush(stdout) || ferror(stdout))
		rc = rc ? rc : CLI_FAILED;
	free(words);
	config_free(c.config);
	return rc;
}
