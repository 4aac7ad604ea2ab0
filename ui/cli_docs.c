/* Man page and completions, printed from the tables that the program itself runs on, so that they cannot drift. */
#include "base/config.h"
#include "cli.h"
#include "keys/keys.h"

static void roff(const char *s, struct buf *out)
{
	if (*s == '.' || *s == '\'')
		buf_str(out, "\\&");
	for (; *s; s++) {
		if (*s == '-' || *s == '\\')
			buf_ch(out, '\\');
		buf_ch(out, *s);
	}
}

static void roff_line(const char *macro, const char *a, const char *b, struct buf *out)
{
	buf_str(out, macro);
	roff(a, out);
	if (b && *b) {
		buf_ch(out, ' ');
		roff(b, out);
	}
	buf_ch(out, '\n');
}

static void man_commands(struct buf *out)
{
	buf_str(out, ".SH COMMANDS\nWithout a command the console opens.\n");
	for (const struct cli_command *c = cli_commands; c->name; c++) {
		buf_str(out, ".TP\n");
		roff_line(".B ", c->name, c->args, out);
		roff_line("", c->help, NULL, out);
	}
}

static void man_options(struct buf *out)
{
	buf_str(out, ".SH OPTIONS AND CONFIGURATION\nA flag wins over the environment, that over "
	             "the file, that over the default.\n");
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_info *o = &options[i];
		buf_str(out, ".TP\n.B ");
		roff(o->name, out);
		if (o->flag && *o->flag) {
			buf_str(out, " (\\-\\-");
			roff(o->flag, out);
			buf_ch(out, ')');
		}
		if (o->env && *o->env)
			buf_printf(out, " %s", o->env);
		buf_ch(out, '\n');
		roff_line("", o->help, NULL, out);
	}
}

static const char man_head[] =
        ".TH MIDWATCH 1 \"\" \"midwatch " MW_VERSION "\" \"User commands\"\n"
        ".SH NAME\nmidwatch \\- a terminal console for security operations analysts\n"
        ".SH SYNOPSIS\n.B midwatch\n[\\fIoptions\\fR] [\\fIcommand\\fR]\n"
        ".SH DESCRIPTION\nThe incident queue on one side, a conversation about the selected "
        "incident on the other. A question in "
        "plain words becomes a typed, read-only query plan, which is run over your logs and asset "
        "graph.\n";
static const char man_tail[] =
        ".SH EXIT STATUS\n0 it worked; 1 it failed; 2 wrong usage; 3 "
        "nothing was found; 4 the question was not understood and is asked "
        "back; 5 partial. With \\-\\-json ask and search end with 0 whenever the "
        "object could be printed: its result says what was found.\n.SH FILES\n.B midwatch paths\nprints them all.\n";

static void man(struct buf *out)
{
	buf_str(out, man_head);
	man_commands(out);
	man_options(out);
	buf_str(out, ".SH KEYS\n");
	keys_man(out);
	buf_str(out, man_tail);
}

/* ---- completions: commands first, then flags ---- */

static void words(struct buf *out, const char *sep)
{
	for (const struct cli_command *c = cli_commands; c->name; c++)
		buf_printf(out, "%s%s", c == cli_commands ? "" : sep, c->name);
}

static void flags(struct buf *out)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (options[i].flag && *options[i].flag)
			buf_printf(out, " --%s", options[i].flag);
	buf_str(out, " --config --json");
}

static void bash(struct buf *out)
{
	buf_str(out, "_midwatch() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n\tCOMPREPLY=()\n\tif "
	             "[[ $cur == -* ]]; then\n\t\tCOMPREPLY=($(compgen -W \"");
	flags(out);
	buf_str(out, "\" -- \"$cur\"))\n\telif [ \"$COMP_CWORD\" = 1 ]; "
	             "then\n\t\tCOMPREPLY=($(compgen -W \"");
	words(out, " ");
	buf_str(out, "\" -- \"$cur\"))\n\telse\n\t\tCOMPREPLY=($(compgen -f -- "
	             "\"$cur\"))\n\tfi\n}\ncomplete -o filenames -F _midwatch midwatch\n");
}

static void zsh(struct buf *out)
{
	buf_str(out, "#compdef midwatch\nlocal -a commands\ncommands=(\n");
	for (const struct cli_command *c = cli_commands; c->name; c++) {
		buf_printf(out, "\t'%s:", c->name);
		for (const char *s = c->help; *s; s++)
			buf_str(out, *s == '\'' ? "'\\''" : *s == ':' ? "\\:" : (char[2]){*s, 0});
		buf_str(out, "'\n");
	}
	buf_str(out, ")\n_arguments");
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (options[i].flag && *options[i].flag)
			buf_printf(out, " --%s", options[i].flag);
	buf_str(out, " --config --json '1: :{_describe command commands}' '*:file:_files'\n");
}

static void fish(struct buf *out)
{
	for (const struct cli_command *c = cli_commands; c->name; c++) {
		buf_printf(out, "complete -c midwatch -n __fish_use_subcommand -a %s -d '",
		           c->name);
		for (const char *s = c->help; *s; s++)
			buf_str(out, *s == '\'' ? "\\'" : (char[2]){*s, 0});
		buf_str(out, "'\n");
	}
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (options[i].flag && *options[i].flag)
			buf_printf(out, "complete -c midwatch -l %s\n", options[i].flag);
}

static const struct {
	const char *name;
	void (*write)(struct buf *);
} kinds[] = {{"man", man}, {"bash", bash}, {"zsh", zsh}, {"fish", fish}};

int cmd_docs(struct cli *c)
{
	struct buf b = BUF_INIT;
	bool known;
	if (!cli_words(c, 1, 1))
		return CLI_USAGE;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (!strcmp(c->argv[0], kinds[i].name))
			kinds[i].write(&b);
	known = b.len > 0;
	if (known)
		fwrite(b.s, 1, b.len, stdout);
	else
		fprintf(stderr, "midwatch: there are man, bash, zsh and fish\n");
	buf_release(&b);
	return known ? CLI_OK : CLI_USAGE;
}
