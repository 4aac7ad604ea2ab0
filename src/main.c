/*
 * midwatchd: the engine and its workers. Which room runs in which process:
 *
 *   engine   serve/ (sessions, dispatch, jobs, the keeper's thread over store/state), proc/ (loop, pool, spawner's thread), proto/
 *   lake     ask/ run/ plan/ source/ investigate/ report/ act/ over store/lake, store/graph, store/catalog and store/cover, read-only
 *   import   intake/ into store/lake and store/graph, the one writer; it forks parsers, which hold nothing but open files
 *   compute  correlate/ over the lake
 *   source   source/'s connector of one configured source over net/, with its secret
 *   model    llm/ over net/: one a configured model, the only one with its key
 *   test     proc/testworker: tries what no worker may do (midwatch doctor)
 *
 * base/ and model/ are everywhere; demo/ makes data and runs in no engine. The console and the command line are ui/main.c.
 */
#include "base/log.h"
#include "demo/cli.h"
#include "proc/testworker.h"
#include "serve/engine.h"
#include "serve/work.h"

#define WORKER_FD 3 /* as proc/process.c starts it */

static const struct worker_kind *const kinds[] = {
        &work_lake, &work_import, &work_compute, &work_source, &work_model, &worker_test, NULL};

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
