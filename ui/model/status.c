#include "model/status.h"

#include <ctype.h>

#include "model/platform.h"
#include "model/say.h"
#include "keys/keys.h"
#include "widget/text.h"

void status_release(struct status *s)
{
	cJSON_Delete(s->engine);
	s->engine = NULL;
}

void status_hello(struct status *s, const cJSON *r)
{
	s->link = LINK_UP;
	snprintf(s->user, sizeof(s->user), "%s", json_str(r, "user", "?"));
	snprintf(s->role, sizeof(s->role), "%s", json_str(r, "role", "?"));
	snprintf(s->phase, sizeof(s->phase), "%s", json_str(r, "phase", ""));
	s->private = json_bool(r, "private", false);
}

void status_engine(struct status *s, cJSON *reply, mw_time now)
{
	cJSON_Delete(s->engine);
	s->engine = reply;
	s->read_at = now;
}

static int badness(const cJSON *source)
{
	const char *state = json_str(source, "state", "up");
	return !strcmp(state, "down") ? 2 : !strcmp(state, "slow") ? 1 : 0;
}

static const cJSON *worst_source(const struct status *s, int *up, int *all)
{
	const cJSON *src, *worst = NULL;

	*up = *all = 0;
	cJSON_ArrayForEach(src, json_arr(s->engine, "sources"))
	{
		++*all;
		*up += badness(src) < 2;
		if (badness(src) > (worst ? badness(worst) : 0))
			worst = src;
	}
	return worst;
}

int status_jobs(const struct status *s)
{
	const cJSON *j;
	int n = 0;

	cJSON_ArrayForEach(j, json_arr(s->engine, "jobs")) n +=
	        !strcmp(json_str(j, "state", ""), "running");
	return n;
}

static void add_upper(struct buf *b, const char *s)
{
	for (; *s; s++)
		buf_ch(b, (char)toupper((unsigned char)*s));
}

static void add_sources(const struct status *s, mw_time now, struct buf *out)
{
	int up, all;
	const cJSON *worst = worst_source(s, &up, &all);
	mw_time since = say_when(worst, "since");
	char age[16];

	if (!all)
		return;
	buf_printf(out, " | src %d/%d", up, all);
	if (!worst)
		return;
	buf_printf(out, " %s ", json_str(worst, "name", "?"));
	add_upper(out, json_str(worst, "state", ""));
	if (since == MW_TIME_NONE)
		return;
	age_text(now - since, age);
	buf_printf(out, " %s", age);
}

static void add_outbox(const struct status *s, struct buf *out)
{
	struct buf b = BUF_INIT;

	say_outbox(&b, json_obj(s->engine, "outbox"));
	if (b.len)
		buf_printf(out, " | %s", b.s);
	buf_release(&b);
}

static void add_clock(mw_time now, struct buf *out)
{
	struct buf c = BUF_INIT;

	say_clock(&c, now);
	buf_printf(out, " | %.5s%s", c.s, clock_face.local ? " local" : "Z");
	buf_release(&c);
}

void status_row(const struct status *s, mw_time now, struct buf *out)
{
	const char *model = json_str(json_obj(s->engine, "model"), "name", NULL);

	buf_str(out, "MW ");
	if (s->link != LINK_UP) {
		buf_printf(out, "%s %s",
		           s->link == LINK_LOST ? "ENGINE LOST:" : "connecting:", s->link_text);
		add_clock(now, out);
		return;
	}
	buf_printf(out, "%s %s%s", s->user, s->role, s->readonly ? " READ-ONLY" : "");
	add_sources(s, now, out);
	add_outbox(s, out);
	buf_printf(out, " | %s", model ? model : "no model");
	if (model && s->phase[0]) { /* how far what it proposes may go */
		buf_ch(out, ' ');
		add_upper(out, s->phase);
	}
	if (status_jobs(s))
		buf_printf(out, " | %d running", status_jobs(s));
	if (s->watches)
		buf_printf(out, " | watch %d", s->watches);
	add_clock(now, out);
}

void status_trust(const struct status *s, struct buf *out)
{
	int up, all;
	const cJSON *worst = worst_source(s, &up, &all);
	const char *error = json_str(worst, "error", "");

	if (s->link == LINK_LOST)
		buf_printf(out,
		           "The engine does not answer (%s). What is shown is as of the last "
		           "answer; trying again.",
		           s->link_text);
	else if (worst)
		buf_printf(out, "%s is %s%s%s: answers lack what only it knows",
		           json_str(worst, "name", "?"), json_str(worst, "state", ""),
		           *error ? ": " : "", error);
}

bool status_may(const struct status *s, int perm)
{
	int have = PERM_READ;

	for (int p = PERM_READ; p <= PERM_ADMIN; p++)
		if (!strcmp(s->role, perm_name((enum perm)p)))
			have = p;
	return have >= perm && !(s->readonly && perm > PERM_READ);
}
