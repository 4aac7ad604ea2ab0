#include "model/session.h"

void session_init(struct session *s, const char *name)
{
	*s = (struct session){.loaded = false};
	snprintf(s->name, sizeof(s->name), "%s", name);
}

static void turn_release(struct turn *t)
{
	free(t->question);
	cJSON_Delete(t->reading);
	cJSON_Delete(t->job);
	cJSON_Delete(t->answer);
	cJSON_Delete(t->part);
}

void session_release(struct session *s)
{
	struct turn *t;

	vec_each (t, &s->turns)
		turn_release(t);
	vec_free(&s->turns);
}

static cJSON *detach(cJSON *o, const char *key)
{
	cJSON *v = cJSON_DetachItemFromObjectCaseSensitive(o, key);

	if (!cJSON_IsNull(v))
		return v;
	cJSON_Delete(v);
	return NULL;
}

static void set(cJSON **to, cJSON *v)
{
	if (!v)
		return;
	cJSON_Delete(*to);
	*to = v;
}

/* `job` is a JOB object, or the number of one of which nothing is known but, from where it came, its state. */
static void take_job(struct turn *t, cJSON *job, const char *state)
{
	cJSON *o;

	if (cJSON_IsNumber(job)) {
		o = cJSON_CreateObject();
		json_add_i64(o, "job", (int64_t)job->valuedouble);
		json_add_str(o, "state", t->answer ? "done" : state);
		cJSON_Delete(job);
		job = o;
	}
	if (cJSON_IsObject(job))
		set(&t->answer, detach(job, "answer"));
	set(&t->job, job);
}

void session_load(struct session *s, cJSON *reply)
{
	cJSON *j, *turns = json_arr(reply, "turns");
	struct turn *t;

	vec_each (t, &s->turns)
		turn_release(t);
	s->turns.n = 0;
	cJSON_ArrayForEach(j, turns)
	{
		mw_time at;
		t = vec_push(&s->turns);
		t->turn = json_i64(j, "turn", 0);
		t->question = xstrdup(json_str(j, "question", ""));
		t->at = mw_time_parse(slice_of(json_str(j, "at", "")), &at) ? at : MW_TIME_NONE;
		t->reading = detach(j, "reading");
		t->answer = detach(j, "answer");
		take_job(t, detach(j, "job"), "unknown");
	}
	s->loaded = true;
	s->flagged = json_obj(reply, "flagged") != NULL;
	s->seen = s->turns.n;
	cJSON_Delete(reply);
}

bool session_flagged(const struct session *s)
{
	bool flagged = s->flagged;

	/* what came since it was loaded */
	for (size_t i = s->seen; i < s->turns.n && !flagged; i++) {
		const cJSON *list = json_arr(json_obj(s->turns.v[i].reading, "model"), "flagged");
		flagged = list && list->child;
	}
	return flagged;
}

size_t session_ask(struct session *s, const char *question, mw_time at)
{
	struct turn *t = vec_push(&s->turns);

	t->question = xstrdup(question);
	t->at = at;
	t->asked_us = mw_mono_us();
	return s->turns.n - 1;
}

void session_asked(struct session *s, size_t i, cJSON *result, const struct err *e)
{
	struct turn *t = i < s->turns.n ? &s->turns.v[i] : NULL;

	if (t && e)
		t->error = *e;
	if (t && result) {
		t->turn = json_i64(result, "turn", 0);
		set(&t->reading, detach(result, "reading"));
		set(&t->answer, detach(result, "answer"));
		if (!t->job)
			take_job(t, detach(result, "job"), "running");
	}
	cJSON_Delete(result);
}

int64_t turn_job_id(const struct turn *t)
{
	return json_i64(t->job, "job", json_i64(t->part, "job", 0));
}

#define PART_MAX 4000 /* of what a model writes: the end of it is looked at */

/* The first part may come before the engine told the number of its job: then it is the turn that waits. */
size_t session_part(struct session *s, const cJSON *part)
{
	struct turn *t = session_running_turn(s);
	struct buf b = BUF_INIT;
	cJSON *o;

	if (strcmp(json_str(part, "session", ""), s->name) != 0 || !t ||
	    (turn_job_id(t) && turn_job_id(t) != json_i64(part, "job", 0)))
		return SIZE_MAX;
	buf_str(&b, json_str(t->part, "text", ""));
	buf_str(&b, json_str(part, "text", ""));
	if (b.len > PART_MAX)
		buf_consume(&b, b.len - PART_MAX);
	o = cJSON_CreateObject();
	json_add_i64(o, "job", json_i64(part, "job", 0));
	json_add_str(o, "model", json_str(part, "model", json_str(t->part, "model", "")));
	json_add_slice(o, "text", (struct slice){b.s, b.len});
	set(&t->part, o);
	buf_release(&b);
	return (size_t)(t - s->turns.v);
}

bool turn_running(const struct turn *t)
{
	const char *state = json_str(t->job, "state", "");

	if (t->error.code)
		return false;
	return t->job ? !strcmp(state, "running") : !t->reading && !t->answer && !t->turn;
}

size_t session_turn_of(const struct session *s, const cJSON *job)
{
	if (strcmp(json_str(job, "session", ""), s->name) != 0)
		return SIZE_MAX;
	for (size_t i = s->turns.n; i > 0; i--) {
		const struct turn *t = &s->turns.v[i - 1];
		bool mine = turn_job_id(t) ? turn_job_id(t) == json_i64(job, "job", -1)
		                           : t->turn && t->turn == json_i64(job, "turn", -1);
		if (mine)
			return i - 1;
	}
	return SIZE_MAX;
}

bool session_job(struct session *s, const cJSON *job)
{
	size_t i = session_turn_of(s, job);

	if (i == SIZE_MAX)
		return false;
	take_job(&s->turns.v[i], cJSON_Duplicate(job, true), "");
	return true;
}

const struct turn *session_running(const struct session *s)
{
	for (size_t i = s->turns.n; i > 0; i--)
		if (turn_running(&s->turns.v[i - 1]))
			return &s->turns.v[i - 1];
	return NULL;
}

struct turn *session_running_turn(struct session *s)
{
	const struct turn *t = session_running(s);

	return t ? &s->turns.v[t - s->turns.v] : NULL;
}

struct turn *session_last(struct session *s)
{
	for (size_t i = s->turns.n; i > 0; i--)
		if (s->turns.v[i - 1].reading || s->turns.v[i - 1].answer)
			return &s->turns.v[i - 1];
	return NULL;
}
