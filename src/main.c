/*
 * midwatchd: the engine and its workers. The map of the house is in this file as rooms land.
 */
#include "base/log.h"
#include "demo/cli.h"
#include "proc/testworker.h"
#include "serve/engine.h"

#define WORKER_FD 3 /* as proc/process.c starts it */

static const struct worker_kind *const kinds[] = {&worker_test, NULL};

static int cmd_worker(int argc, char **argv)
{
	const char *name = argc == 2 ? argv[1] : "";

	for (const struct worker_kind *const *k = kinds; *k; k++)
		if (strcmp((*k)->name, name) == 0)
			return worker_main(*k, WORKER_FD);
	mw_log(LOG_ERROR, "there is no worker kind \"%s\"", name);
	return 64;
}

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
};
static const struct command commands[] = {
        {"worker", cmd_worker},
        {"demo-data", demo_cmd_data},
        {"gen-cloudtrail", demo_cmd_cloudtrail},
        {"gen-graph", demo_cmd_graph},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < ARRAY_LEN(commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	return engine_main(argc, argv, kinds);
}
