#include "model/platform.h"

#include "model/say.h"

static void add_time(struct buf *b, const char *before, const cJSON *o, const char *key)
{
	mw_time t = say_when(o, key);

	if (t == MW_TIME_NONE)
		return;
	buf_str(b, before);
	say_clock(b, t);
}

static void add_named(struct buf *b, const cJSON *o, const char *key, const char *before,
                      const char *otherwise)
{
	const char *v = json_str(o, key, "");

	if (*v || otherwise)
		buf_printf(b, "%s%s", before, *v ? v : otherwise);
}

/* Each record counts for itself, whatever the platform counts in it. */
static void add_count(struct buf *b, const cJSON *r)
{
	if (*json_str(r, "count", "") && json_str(r, "counted", NULL))
		buf_printf(b, ", it counts %s %s", json_str(r, "count", ""),
		           json_str(r, "counted", ""));
}

void say_platform(struct buf *b, const cJSON *r)
{
	buf_printf(b, "%s (%s) %s %s", json_str(r, "source", "?"), json_str(r, "kind", "?"),
	           json_str(r, "noun", "record"), json_str(r, "id", "?"));
	add_named(b, r, "status", ": ", "no status");
	add_named(b, r, "owner", ", owner ", "nobody");
	add_named(b, r, "severity", ", severity ", NULL);
	add_count(b, r);
	add_time(b, "; as of ", r, "seen");
	if (json_str(r, "was", NULL)) {
		buf_printf(b, "; changed there: %s", json_str(r, "was", ""));
		add_time(b, ", seen ", r, "changed");
	}
	add_time(b, "; written back ", r, "written");
	if (!cJSON_GetArraySize(json_arr(r, "write")))
		buf_str(b, "; nothing is written back (`write` of the source)");
}

void say_intent(struct buf *b, const cJSON *i)
{
	const char *state = json_str(i, "state", "?");
	int64_t tries = json_i64(i, "attempts", 0), id = json_i64(i, "id", 0);

	buf_printf(b, "#%lld %s %s: %s", (long long)id, json_str(i, "source", "?"), state,
	           json_str(i, "text", ""));
	if (!strcmp(state, "waiting")) {
		add_time(b, "; next try ", i, "next");
		if (tries)
			buf_printf(b, " (tried %lld)", (long long)tries);
	}
	if (json_str(i, "error", NULL) && strcmp(state, "done"))
		buf_printf(b, "; %s", json_str(i, "error", ""));
	if (!strcmp(state, "conflict"))
		buf_printf(
		        b,
		        "; yours: midwatch source outbox retry %lld, theirs: midwatch source outbox "
		        "drop %lld",
		        (long long)id, (long long)id);
	if (!strcmp(state, "failed"))
		buf_printf(b, "; midwatch source outbox retry|drop %lld", (long long)id);
}

void say_outbox(struct buf *b, const cJSON *counts)
{
	static const char *const states[] = {"waiting", "failed", "conflict"};
	int64_t n[3];
	const char *sep = "outbox ";

	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		n[i] = json_i64(counts, states[i], 0);
		if (!i)
			n[i] += json_i64(counts, "sending", 0);
		if (!n[i])
			continue;
		buf_printf(b, "%s%lld %s", sep, (long long)n[i], states[i]);
		sep = ", ";
	}
}
