/*
 * A scripted language model on loopback, for flow and screen tests and for trying things by hand: tool_model SCRIPT [PORT [LOG]].
 * Prints "listening PORT", serves until its stdin ends. The script is gen_model.h's array of rules.
 */
#include <unistd.h>

#include "../unit/gen_model.h"
#include "base/mem.h"

static cJSON *read_script(const char *path)
{
	FILE *f = fopen(path, "re");
	struct buf b = BUF_INIT;
	char part[4096];
	size_t n;
	cJSON *j;

	if (!f)
		return NULL;
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(&b, part, n);
	fclose(f);
	j = cJSON_Parse(b.s);
	buf_release(&b);
	return j;
}

int main(int argc, char **argv)
{
	cJSON *script = argc > 1 ? read_script(argv[1]) : NULL;
	FILE *log = argc > 3 ? fopen(argv[3], "ae") : NULL;
	struct model_twin *t;
	char c;

	if (!script) {
		fprintf(stderr, "tool_model: no script\n");
		return 1;
	}
	t = model_twin_start(script, argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0);
	if (!t)
		return 1;
	model_twin_log(t, log);
	printf("listening %u\n", model_twin_port(t));
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		continue;
	model_twin_stop(t);
	if (log)
		fclose(log);
	return 0;
}
