/*
 * Measures the embedded graph without engine and console:
 *   tool_graph load DIR FILE         node and edge JSON lines into DIR; seconds, sizes as JSON
 *   tool_graph query DIR SEED ROUNDS blast radius, reached-by, shortest path from drawn nodes; a JSON line each
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "model/field.h"
#include "source/source.h"
#include "store/graph.h"

static int die(const char *what)
{
	fprintf(stderr, "tool_graph: %s\n", what);
	return 1;
}

static int load(const char *dir, const char *file)
{
	struct graph *g;
	struct err e;
	FILE *f = fopen(file, "r");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int64_t start = mw_mono_us();

	mkdir(dir, 0700);
	if (!f)
		return die(file);
	if (graph_open(&g, dir, GRAPH_WRITE, &e) || graph_begin(g, &e))
		return die(e.what);
	while ((n = getline(&line, &cap, f)) > 0) {
		cJSON *o = json_parse(slice_trim((struct slice){line, (size_t)n}), 1 << 20, &e);
		if (!o || graph_add(g, o, &e))
			return die(e.what);
		cJSON_Delete(o);
	}
	free(line);
	fclose(f);
	if (graph_commit(g, &e))
		return die(e.what);
	printf("{\"nodes\":%u,\"edges\":%u,\"seconds\":%.2f}\n", graph_count(g),
	       graph_edge_count(g), (double)(mw_mono_us() - start) / 1e6);
	graph_close(g);
	return 0;
}

static int count(void *ctx, const struct source_row *r, struct err *e)
{
	(void)e;
	*(uint64_t *)ctx += r->json.n;
	return 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

struct bench {
	struct graph *g;
	struct source *s;
	uint64_t rnd;
};

static const char *draw(struct bench *b)
{
	b->rnd = b->rnd * 6364136223846793005u + 1442695040888963407u;
	return graph_node_id(b->g, (uint32_t)((b->rnd >> 33) % graph_count(b->g)));
}

static int once(struct bench *b, const char *fn, bool goal, double *ms, uint64_t *rows)
{
	bool no = false;
	struct source_run run = {.cancelled = &no};
	struct source_done done;
	struct buf text = BUF_INIT;
	uint64_t bytes = 0;
	struct source_sink sink = {.ctx = &bytes, .row = count};
	struct err e;
	int64_t start;
	cJSON *j;
	struct plan *p;

	buf_printf(&text,
	           "{\"steps\":[{\"kind\":\"graph\",\"fn\":\"%s\",\"start\":{\"field\":\"id\","
	           "\"op\":\"is\",\"value\":\"%s\"}",
	           fn, draw(b));
	if (goal)
		buf_printf(&text, ",\"goal\":{\"field\":\"id\",\"op\":\"is\",\"value\":\"%s\"}",
		           draw(b));
	buf_str(&text, "}],\"show\":\"graph\"}");
	j = json_parse((struct slice){text.s, text.len}, 1 << 20, &e);
	p = j ? plan_from_json(j, &e) : NULL;
	if (!p)
		return die(e.what);
	start = mw_mono_us();
	if (b->s->ops->search(b->s, p, 0, &run, &sink, &done, &e))
		return die(e.what);
	*ms = (double)(mw_mono_us() - start) / 1e3;
	*rows += done.rows;
	free(done.sent);
	plan_free(p);
	cJSON_Delete(j);
	buf_release(&text);
	return 0;
}

#define ROUNDS_MAX 1000

static int rounds(struct bench *b, const char *fn, bool goal, int n)
{
	double ms[ROUNDS_MAX];
	uint64_t rows = 0;
	for (int i = 0; i < n; i++)
		if (once(b, fn, goal, &ms[i], &rows))
			return 1;
	qsort(ms, (size_t)n, sizeof(*ms), by_value);
	printf("{\"class\":\"graph "
	       "%s\",\"rounds\":%d,\"rows\":%llu,\"p50_ms\":%.2f,\"p95_ms\":%.2f}\n",
	       fn, n, (unsigned long long)(rows / (uint64_t)n), ms[n / 2], ms[n * 95 / 100]);
	return 0;
}

static int query(const char *dir, uint64_t seed, int n)
{
	struct bench b = {.rnd = seed};
	struct err e;
	int64_t start = mw_mono_us();
	int rc;

	if (n < 1 || n > ROUNDS_MAX)
		return die("rounds are 1 to 1000");
	if (graph_open(&b.g, dir, GRAPH_READ, &e))
		return die(e.what);
	printf("{\"class\":\"graph open\",\"nodes\":%u,\"edges\":%u,\"p50_ms\":%.2f}\n",
	       graph_count(b.g), graph_edge_count(b.g), (double)(mw_mono_us() - start) / 1e3);
	b.s = source_graph_open(b.g, NULL, "graph");
	rc = rounds(&b, "blast", false, n) || rounds(&b, "reached_by", false, n) ||
	     rounds(&b, "shortest", true, n);
	b.s->ops->close(b.s);
	graph_close(b.g);
	return rc;
}

int main(int argc, char **argv)
{
	struct err e;
	uint64_t seed, n;
	if (fields_load(&e))
		return die(e.what);
	if (argc == 4 && strcmp(argv[1], "load") == 0)
		return load(argv[2], argv[3]);
	if (argc == 5 && strcmp(argv[1], "query") == 0 && slice_u64(slice_of(argv[3]), &seed) &&
	    slice_u64(slice_of(argv[4]), &n))
		return query(argv[2], seed, (int)n);
	return die("tool_graph load DIR FILE | tool_graph query DIR SEED ROUNDS");
}
