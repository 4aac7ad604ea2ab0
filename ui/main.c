/*
 * midwatch: the console (view/), and the command line (cli*.c). Both are clients of an engine: client.c finds or starts it.
 */
#include "cli.h"
#include "plain.h"
#include "view/console.h"

static int connect_engine(const void *ctx, cJSON **hello, struct err *e)
{
	return client_connect(ctx, hello, e);
}

static enum colour_mode colour_of(const struct config *c)
{
	const char *word = config_str(c, OPT_UI_COLOR);

	if (strcmp(word, "always") == 0)
		return COLOUR_256;
	return strcmp(word, "never") == 0 ? COLOUR_NEVER : COLOUR_AUTO;
}

static int console(struct cli *c)
{
	bool plain, attach = c->argc && strcmp(c->argv[0], "attach") == 0;
	struct console_opts o = {.connect = connect_engine,
	                         .ctx = c->config,
	                         .attach = attach,
	                         .ascii = config_bool(c->config, OPT_UI_ASCII),
	                         .mouse = config_bool(c->config, OPT_UI_MOUSE),
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
	plain = cli_switch(c, "--plain") || plain_needed();
	if (!cli_words(c, 0, 0))
		return CLI_USAGE;
	return plain ? plain_run(c, o.incident, o.readonly) : console_run(&o);
}

int main(int argc, char **argv)
{
	return cli_main(argc, argv, console);
}
