/*
 * For t_clickhouse.sh: random events as statements that load them into ClickHouse, then random plans rendered to its SQL with the
 * rows that the reference evaluator gives. One JSON object a line: {"load": sql} or {"sql", "exact_where", "exact_rows", "grouped",
 * "want": [uid...] or [[cell in hex...]...]}. Usage: tool_chdump SEED PLANS.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include "../unit/gen_plan.h"
#include "plan/eval.h"
#include "plan/quote.h"
#include "plan/render.h"

#define NEVENTS 300

static void say(const char *key, const struct buf *text)
{
	struct buf b = BUF_INIT;

	json_write_string(&b, (struct slice){text->s, text->len});
	printf("{\"%s\":%s", key, b.s);
	buf_release(&b);
}

static void column_name(struct buf *b, const struct field *f)
{
	char *name = xstrdup(f->name);

	for (char *c = name; *c; c++)
		if (*c == '.')
			*c = '_';
	quote_ch_name(b, name);
	free(name);
}

static void create_table(void)
{
	struct buf b = BUF_INIT;

	buf_str(&b, "CREATE TABLE events (id UInt64, time Nullable(DateTime64(6, 'UTC')), dataset "
	            "String, uid String, file String, "
	            "line UInt64, raw String");
	for (size_t i = 0; i < field_count(); i++) {
		const struct field *f = field_at((field_id)i);
		if (!strcmp(f->name, "time"))
			continue;
		buf_str(&b, ", ");
		column_name(&b, f);
		buf_str(&b, " Array(String)");
	}
	buf_str(&b, ") ENGINE=Memory");
	say("load", &b);
	puts("}");
	buf_release(&b);
}

/* Calls for each field of the event once. */
static void each_field(struct buf *b, const struct event *ev,
                       void (*fn)(struct buf *, const struct event *, field_id))
{
	bool seen[FIELD_MAX] = {false};

	for (size_t i = 0; i < ev->vals.n; i++) {
		field_id f = ev->vals.v[i].field;
		if (!seen[f])
			fn(b, ev, f);
		seen[f] = true;
	}
}

static void add_name(struct buf *b, const struct event *ev, field_id f)
{
	(void)ev;
	buf_ch(b, ',');
	column_name(b, field_at(f));
}

static void add_array(struct buf *b, const struct event *ev, field_id f)
{
	const char *sep = ",[";

	for (size_t i = 0; i < ev->vals.n; i++) {
		if (ev->vals.v[i].field != f)
			continue;
		buf_str(b, sep);
		quote_ch_string(b, ev->vals.v[i].value);
		sep = ",";
	}
	buf_ch(b, ']');
}

static void insert_event(const struct event *ev, size_t id)
{
	struct buf b = BUF_INIT;

	buf_str(&b, "INSERT INTO events (id,time,dataset,uid,file,line,raw");
	each_field(&b, ev, add_name);
	buf_printf(&b, ") VALUES (%zu,", id);
	if (ev->time == MW_TIME_NONE)
		buf_str(&b, "NULL,");
	else
		buf_printf(&b, "fromUnixTimestamp64Micro(%lld,'UTC'),", (long long)ev->time);
	quote_ch_string(&b, slice_of(ev->dataset));
	buf_ch(&b, ',');
	quote_ch_string(&b, ev->uid);
	buf_ch(&b, ',');
	quote_ch_string(&b, ev->basename);
	buf_printf(&b, ",%llu,", (unsigned long long)ev->line);
	quote_ch_string(&b, ev->raw);
	each_field(&b, ev, add_array);
	buf_ch(&b, ')');
	say("load", &b);
	puts("}");
	buf_release(&b);
}

static void print_row(const struct eval_row *row, size_t ncols)
{
	if (row->event) {
		printf("\"%.*s\"", (int)row->event->uid.n, row->event->uid.s);
		return;
	}
	putchar('[');
	for (size_t c = 0; c < ncols; c++) {
		printf(c ? ",\"" : "\"");
		for (size_t i = 0; i < row->cols[c].n; i++)
			printf("%02X", (unsigned)(unsigned char)row->cols[c].s[i]);
		putchar('"');
	}
	putchar(']');
}

/* What the text leaves to run/ is left out of what is wanted. */
static void only_where(struct plan_search *s)
{
	s->sequence = NULL;
	s->baseline = NULL;
	s->having = NULL;
	s->nstats = s->nby = s->nsort = 0;
	s->span = s->limit = 0;
	s->with_ties = false;
}

static void print_plan(struct plan *p, const struct event *ev)
{
	struct rendered out;
	struct eval_result r;
	struct err e = {0};

	if (plan_render(RENDER_CH, p, 0, NULL, &out, &e))
		gen_fail(e.what, p);
	if (!out.exact_rows)
		only_where(&p->steps[0].search);
	if (plan_eval_step(p, 0, ev, NEVENTS, NULL, &r, &e))
		gen_fail(e.what, p);
	say("sql", &out.text);
	printf(",\"exact_where\":%s,\"exact_rows\":%s,\"grouped\":%s,\"want\":[",
	       out.exact_where ? "true" : "false", out.exact_rows ? "true" : "false",
	       plan_is_grouped(&p->steps[0].search) ? "true" : "false");
	for (size_t i = 0; i < r.rows.n; i++) {
		printf(i ? "," : "");
		print_row(&r.rows.v[i], r.ncols);
	}
	puts("]}");
	eval_result_release(&r);
	rendered_release(&out);
}

int main(int argc, char **argv)
{
	struct arena a = ARENA_INIT;
	struct event *ev;
	struct gen g;
	struct err e;
	int64_t seed, plans;

	if (argc != 3 || !slice_i64(slice_of(argv[1]), &seed) ||
	    !slice_i64(slice_of(argv[2]), &plans) || fields_load(&e))
		return 2;
	gen_init(&g, (uint64_t)seed);
	g.no_steps = true;
	ev = gen_events(&g, &a, NEVENTS);
	create_table();
	for (size_t i = 0; i < NEVENTS; i++)
		insert_event(&ev[i], i);
	for (; plans > 0; plans--) {
		struct plan *p = gen_plan(&g);
		print_plan(p, ev);
		plan_free(p);
	}
	gen_events_release(ev, NEVENTS);
	arena_release(&a);
	return 0;
}
