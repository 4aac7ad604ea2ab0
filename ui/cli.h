/*
 * The command line: one table of commands (cli.c), each a function in a cli_*.c. What the screen can do, a script can do.
 *
 * Exit statuses, the same for every command:
 *   0  it worked              3  nothing was found (an empty answer, an id that is not there)
 *   1  it failed              4  the question was not understood: it asks back
 *   2  wrong usage            5  partial: some of it is missing, and the output says what
 */
#ifndef MW_CLI_H
#define MW_CLI_H

#include "base/escape.h"
#include "client.h"

enum cli_exit { CLI_OK, CLI_FAILED, CLI_USAGE, CLI_NOTHING, CLI_ASKS, CLI_PARTIAL };

struct cli { /* what every command gets */
	struct config *config;
	const char *config_flag; /* --config, or NULL */
	bool json;               /* --json: one JSON object on stdout instead of text */
	int argc;                /* the command's own words, without options that were taken */
	char **argv;             /* argv[0] is the first word after the command */
};
typedef int cli_fn(struct cli *c);
struct cli_command {
	const char *name, *args, *help;
	cli_fn *fn;
};
extern const struct cli_command cli_commands[]; /* ends with a NULL name */

/* Without a command `console` runs, as does `midwatch attach`. */
int cli_main(int argc, char **argv, cli_fn *console);

/* Runs one command of the table for a client that stays; argv is changed and ends with a NULL. */
int cli_dispatch(struct cli *c, int argc, char **argv);

/* ---- for the commands (cli.c) ---- */

/* Takes --name VALUE or --name=VALUE out of the command's words; NULL where it is not there. */
const char *cli_option(struct cli *c, const char *name);
bool cli_switch(struct cli *c, const char *name); /* the same for --name alone */
/* Refuses words that begin with -- and are left, and more words than most; says the usage. */
bool cli_words(struct cli *c, int least, int most);
int cli_open(struct cli *c, struct client *cl); /* CLI_OK, or says why and CLI_FAILED */
int cli_call(struct client *cl, const char *method, cJSON *params, cJSON **result); /* the same */
int cli_error(const struct err *e); /* says it; the exit status that fits */
void cli_put(struct slice text);    /* outside text to stdout, escaped */
void cli_puts(const char *text);
void cli_json(const cJSON *v); /* one line on stdout */
/* Opens, calls once, closes: CLI_OK and *result, or says why. Takes params over. */
int cli_get(struct cli *c, const char *method, cJSON *params, cJSON **result);
/* Calls and prints the result as JSON, or by show. */
int cli_show(struct cli *c, const char *method, cJSON *params, int (*show)(const cJSON *result));

/* A new file 0600, never over one that is there; NULL: stdout. */
int cli_write(const char *path, struct slice text);
/* All pages of report.export into a file or stdout. Takes params over. */
int cli_export(struct cli *c, cJSON *params, const char *path);

/* Runs a method that makes a job (ask, plan.run, recipe.run), waits, prints reading and answer. Takes params over. */
int cli_question(struct cli *c, const char *method, cJSON *params);
void cli_session(struct cli *c, cJSON *params); /* --session, or one of this call's own */
char *cli_join(const struct cli *c);            /* the words with blanks between; caller frees */
bool cli_until(const char *text, char out[32]); /* a time, or a span from now; false says why not */

int cmd_ask(struct cli *c);
int cmd_search(struct cli *c);
int cmd_translate(struct cli *c);
int cmd_import(struct cli *c);
int cmd_lake(struct cli *c);
int cmd_source(struct cli *c);
int cmd_queue(struct cli *c);
int cmd_case(struct cli *c);
int cmd_report(struct cli *c);
int cmd_handoff(struct cli *c);
int cmd_export(struct cli *c);
int cmd_engine(struct cli *c);
int cmd_config(struct cli *c);
int cmd_paths(struct cli *c);
int cmd_keys(struct cli *c);
int cmd_docs(struct cli *c);
int cmd_doctor(struct cli *c);
int cmd_proxy(struct cli *c);
int cmd_bundle(struct cli *c);
int cmd_call(struct cli *c);
int cmd_playbook(struct cli *c);
int cmd_action(struct cli *c);
int cmd_watch(struct cli *c);
int cmd_suppress(struct cli *c);
int cmd_recipe(struct cli *c);
int cmd_bulk(struct cli *c);
int cmd_story(struct cli *c);
int cmd_next(struct cli *c);
int cmd_model(struct cli *c);
int cmd_prompt(struct cli *c);
int cmd_replay(struct cli *c);
int cmd_label(struct cli *c);
int cmd_eval(struct cli *c);

/* Runs a method that makes a job, to its end. Both results are the caller's and may be NULL. */
int cli_run(struct client *cl, const char *method, cJSON *params, cJSON **reading, cJSON **done,
            struct err *e) MW_USE_RESULT;
/* What it came to, as `ask --json` has it under "result", all ids with it, and the sources' own ids as uids; NULL
 * with e. */
cJSON *cli_result(struct client *cl, cJSON *reading, cJSON *done, struct err *e);
/* A file's text as it is; more than `most` bytes are an error. `out` has no cap of its own. */
int cli_read(const char *path, size_t most, struct buf *out, struct err *e) MW_USE_RESULT;
struct tally;
/* Each row with its share; CLI_FAILED where one is below. */
int cli_put_tally(const struct tally *t, double least);
/* The tests of a prompt (prompt.get), counted into t under its version and model; prints each that fails. */
int cli_test_prompt(struct client *cl, const cJSON *prompt, const char *model, bool recorded,
                    struct tally *t, struct err *e);

#endif
