#include "cli.h"
#include "keys/keys.h"

int cmd_keys(struct cli *c)
{
	bool man = cli_switch(c, "--man"), sample = cli_switch(c, "--sample");
	struct buf b = BUF_INIT;

	if (!cli_words(c, 0, 0))
		return CLI_USAGE;
	if (man)
		keys_man(&b);
	else if (sample)
		keys_sample(&b);
	for (int a = 1; !man && !sample && a < ACT_COUNT; a++)
		buf_printf(&b, "%-16s %-14s %s\n", actions[a].keys[0] ? actions[a].keys : ":",
		           actions[a].name, actions[a].effect);
	fwrite(b.s, 1, b.len, stdout);
	buf_release(&b);
	return CLI_OK;
}
