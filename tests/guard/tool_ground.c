/*
 * Checks sentences from standard input, a JSON object a line:
 *   {"load": file, "from": line, "to": line}   a new index over these records, read as an import reads them; ids are "ev:<line>"
 *   {"id": id, "record": {..}}                 one more record, any JSON
 *   {"text": .., "ids": [..]}                  answers {"status", "spans":[{from,to,why}], "against":[..]}
 *   {"time": n}                                answers microseconds: index, and n rounds over the sentences since the last load
 */
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "ground/ground.h"
#include "intake/intake.h"

struct kept {
	struct event ev;
	uint64_t line;
};
static struct {
	struct arena arena;
	VEC(struct kept) events;
	VEC(cJSON *) asked;
	struct ground *g;
	uint64_t from, to;
} now;

static int take(void *ctx, const struct event *ev, struct err *e)
{
	struct kept *k;
	(void)ctx;
	(void)e;
	if (ev->line < now.from || (now.to && ev->line > now.to))
		return 0;
	k = vec_push(&now.events);
	event_copy(&k->ev, ev, &now.arena);
	k->line = ev->line;
	return 0;
}

static int drop_graph(void *ctx, const cJSON *o, struct err *e)
{
	(void)ctx;
	(void)o;
	(void)e;
	return 0;
}

static int drop_reject(void *ctx, const struct intake_reject *r, struct err *e)
{
	(void)ctx;
	(void)r;
	(void)e;
	return 0;
}

static bool go_on(void *ctx, uint64_t bytes)
{
	(void)ctx;
	(void)bytes;
	return true;
}

static void index_all(void)
{
	ground_free(now.g);
	now.g = ground_new();
	for (size_t i = 0; i < now.events.n; i++)
		ground_add_event(now.g, &now.events.v[i].ev, now.events.v[i].line);
	ground_set_complete(now.g, true);
}

static void forget(void)
{
	for (size_t i = 0; i < now.events.n; i++)
		event_release(&now.events.v[i].ev);
	now.events.n = 0;
	for (size_t i = 0; i < now.asked.n; i++)
		cJSON_Delete(now.asked.v[i]);
	now.asked.n = 0;
	arena_reset(&now.arena);
}

static int load(const cJSON *in, struct err *e)
{
	static char head[INTAKE_HEAD];
	const char *path = json_str(in, "load", ""),
	           *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	struct intake_sink sink = {NULL, take, drop_graph, drop_reject, go_on};
	struct intake_opts o = {.basename = base, .path = path};
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = -1;
	ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof(head));
	const struct intake_format *f;
	forget();
	now.from = (uint64_t)json_i64(in, "from", 0);
	now.to = (uint64_t)json_i64(in, "to", 0);
	f = n > 0 && !lseek(fd, 0, SEEK_SET)
	            ? intake_detect((struct slice){head, (size_t)n}, base, e)
	            : NULL;
	if (f)
		rc = intake_read(fd, f, &o, &sink, e);
	if (fd >= 0)
		close(fd);
	index_all();
	return rc;
}

static void answer(cJSON *in)
{
	cJSON *list = cJSON_CreateArray(), *o = cJSON_CreateObject();
	struct buf b = BUF_INIT;
	json_add_str(o, "text", json_str(in, "text", ""));
	cJSON_AddItemToObject(o, "evidence", cJSON_Duplicate(json_arr(in, "ids"), true));
	cJSON_AddItemToArray(list, o);
	ground_check_json(now.g, list);
	json_write(&b, o);
	puts(b.s);
	buf_release(&b);
	cJSON_Delete(list);
	*vec_push(&now.asked) = cJSON_Duplicate(in, true);
}

/* Time of this process: the machine may have other things to do. */
static int64_t cpu_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void measure(int64_t rounds)
{
	cJSON *list = cJSON_CreateArray();
	int64_t t0 = cpu_us(), t1, first, t2;
	for (size_t i = 0; i < now.asked.n; i++) {
		cJSON *o = cJSON_CreateObject();
		json_add_str(o, "text", json_str(now.asked.v[i], "text", ""));
		cJSON_AddItemToObject(o, "evidence",
		                      cJSON_Duplicate(json_arr(now.asked.v[i], "ids"), true));
		cJSON_AddItemToArray(list, o);
	}
	t0 = cpu_us();
	index_all();
	t1 = cpu_us();
	ground_check_json(now.g, list);
	first = cpu_us() - t1;
	t2 = cpu_us();
	for (int64_t i = 0; i < rounds; i++)
		ground_check_json(now.g, list);
	printf("{\"records\":%zu,\"sentences\":%zu,\"index_us\":%lld,\"first_us\":%lld,\"check_"
	       "us\":%lld}\n",
	       now.events.n, now.asked.n, (long long)(t1 - t0), (long long)first,
	       (long long)((cpu_us() - t2) / (rounds ? rounds : 1)));
	cJSON_Delete(list);
}

int main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	struct err e = {0};
	int rc = fields_load(&e);
	while (!rc && (n = getline(&line, &cap, stdin)) > 0) {
		cJSON *in = json_parse((struct slice){line, (size_t)n}, 4u << 20, &e);
		if (!in)
			rc = -1;
		else if (json_str(in, "load", NULL))
			rc = load(in, &e);
		else if (json_obj(in, "record"))
			ground_add_json(now.g, json_str(in, "id", "?"), json_obj(in, "record"));
		else if (json_get(in, "time"))
			measure(json_i64(in, "time", 1));
		else
			answer(in);
		/* records of a ground_add_json are borrowed */
		if (!in || !json_obj(in, "record"))
			cJSON_Delete(in);
	}
	if (rc)
		fprintf(stderr, "%s\n", e.what);
	ground_free(now.g);
	forget();
	arena_release(&now.arena);
	free(line);
	return rc ? 1 : 0;
}
