/*
 * midwatchd: the engine and its workers. The map of the house is in this file as rooms land.
 */
#include "demo/cli.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
};
static const struct command commands[] = {
        {"demo-data", demo_cmd_data},
        {"gen-cloudtrail", demo_cmd_cloudtrail},
        {"gen-graph", demo_cmd_graph},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < ARRAY_LEN(commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	return 0;
}
