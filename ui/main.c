/*
 * midwatch: the console (view/), and the command line (cli*.c). Both are clients of an engine: client.c finds or starts it.
 */
#include "cli.h"

#include <unistd.h>

#include "base/paths.h"
#include "plain.h"
#include "view/console.h"

static int connect_engine(const void *ctx, cJSON **hello, struct err *e)
{
	return client_connect(ctx, hello, e);
}

static enum colour_mode colour_of(const struct config *c)
{
	const char *word = config_str(c, OPT_UI_COLOR);

	if (strcmp(word, "256") == 0 || strcmp(word, "16") == 0)
		return *word == '2' ? COLOUR_256 : COLOUR_16;
	return strcmp(word, "never") == 0 ? COLOUR_NEVER : COLOUR_AUTO;
}

/* The one that is named, else the one of the configuration directory where it is there. Caller frees; NULL: none. */
static char *keymap_file(const struct config *c)
{
	const char *named = config_str(c, OPT_UI_KEYMAP);
	char *path;

	if (*named)
		return xstrdup(named);
	path = path_config("keymap.yaml");
	if (access(path, R_OK) == 0)
		return path;
	free(path);
	return NULL;
}

/* This program with the options that lead to the same engine. */
static void program_of(const struct cli *c, const char *program[8])
{
	const char *state = config_str(c->config, OPT_STATE),
	           *engine = config_str(c->config, OPT_ENGINE);
	int n = 0;

	program[n++] = "midwatch";
	if (*state) {
		program[n++] = "--state";
		program[n++] = state;
	}
	if (*engine) {
		program[n++] = "--engine";
		program[n++] = engine;
	}
	program[n] = NULL;
}

static int console(struct cli *c)
{
	char *keymap;
	const char *program[8];
	int rc;
	bool plain, attach = c->argc && strcmp(c->argv[0], "attach") == 0;
	struct console_opts o = {.connect = connect_engine,
	                         .ctx = c->config,
	                         .attach = attach,
	                         .ascii = config_bool(c->config, OPT_UI_ASCII),
	                         .mouse = config_bool(c->config, OPT_UI_MOUSE),
	                         .local_zone = !strcmp(config_str(c->config, OPT_UI_ZONE), "local"),
	                         .bell = config_bool(c->config, OPT_UI_BELL),
	                         .colour = colour_of(c->config),
	                         .theme =
	                                 theme_find(slice_of(config_str(c->config, OPT_UI_THEME)))};

	if (attach) {
		c->argc--;
		c->argv++;
	}
	o.incident = cli_option(c, "--incident");
	o.readonly = cli_switch(c, "--read-only");
	keymap = keymap_file(c->config);
	o.keymap_file = keymap;
	program_of(c, program);
	o.program = program;
	plain = cli_switch(c, "--plain") || plain_needed();
	rc = !cli_words(c, 0, 0) ? CLI_USAGE
	     : plain             ? plain_run(c, o.incident, o.readonly)
	                         : console_run(&o);
	free(keymap);
	return rc;
}

int main(int argc, char **argv)
{
	return cli_main(argc, argv, console);
}
