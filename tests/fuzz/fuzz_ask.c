/*
 * Any bytes as a conversation, a question a line: the planner must answer each with a valid plan or ask back, keep its chips
 * inside the question, and leave nothing behind. The last line is read as a time expression as well.
 */
#include "../ask/memcat.h"
#include "ask/ask.h"

#define TURNS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct lexicon *lexicon;
static struct catalog *catalog;

static void put(const char *dataset, const char *field, const char *value, const char *op)
{
	struct event ev = {.dataset = dataset,
	                   .uid = SLICE("u"),
	                   .basename = SLICE("f.jsonl"),
	                   .raw = SLICE("{\"a_b\":\"c\"}"),
	                   .time = 1709287200 * MW_SECOND};
	struct err e;

	event_add(&ev, field_find(slice_of(field))->id, slice_of(value));
	event_add(&ev, field_find(SLICE("api.operation"))->id, slice_of(op));
	(void)mem_event(catalog, &ev, &e);
	event_release(&ev);
}

static void set_up(void)
{
	struct err e;

	if (fields_load(&e) || lexicon_load(&lexicon, (struct slice){NULL, 0}, &e))
		abort();
	catalog = mem_new();
	put("cloudtrail", "actor.user.name", "alice", "DeleteBucket");
	put("cloudtrail", "mw.role", "audit-read-role", "AssumeRole");
	put("windows.security", "user.name", "bob$", "x");
	put("windows.sysmon", "process.name", "cmd.exe", "y");
	put("zeek.conn", "dst_endpoint.port", "445", "z");
}

static void check(const struct ask_reading *r, struct slice q)
{
	cJSON *j = ask_reading_json(r);

	for (size_t i = 0; i < r->chips.n; i++)
		if (r->chips.v[i].from > r->chips.v[i].to || r->chips.v[i].to > q.n)
			abort();
	if ((r->kind == ASK_PLAN) != (r->plan != NULL))
		abort();
	cJSON_Delete(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = {(const char *)data, size}, q;
	struct ask_turn turns[TURNS];
	struct ask_reading read[TURNS];
	struct ask_time t;
	size_t n = 0;

	if (!lexicon)
		set_up();
	while (n < TURNS && slice_split(&rest, '\n', &q)) {
		struct ask_context ctx = {.now = 1709370000 * MW_SECOND,
		                          .turns = turns,
		                          .nturns = n,
		                          .incident_from = MW_TIME_NONE,
		                          .incident_to = MW_TIME_NONE};
		struct err e = {0};

		(void)ask_time_find(q, ctx.now, 0, &t);
		if (ask_read(lexicon, catalog, &ctx, q, &read[n], &e)) {
			if (e.code != ERR_LIMIT && e.code != ERR_INVALID)
				abort();
			break;
		}
		check(&read[n], q);
		turns[n] = (struct ask_turn){.plan = read[n].plan, .question = q};
		n++;
	}
	for (size_t i = 0; i < n; i++)
		ask_reading_release(&read[i]);
	return 0;
}
