#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include "base/limits.h"
#include "gen_plan.h"
#include "plan/eval.h"
#include "plan/number.h"
#include "plan/sequence.h"

#define T0 (INT64_C(1627660800) * MW_SECOND) /* 2021-07-30T16:00:00Z */

static int setup(void **state)
{
	struct err e;

	(void)state;
	return fields_load(&e);
}

static size_t rounds(size_t sample, size_t full)
{
	return getenv("MW_LONG") ? full : sample;
}

/* ---- tables ---- */

/* "second dataset user operation bytes", "-" for none; groups are two values where separated by a
 * comma. */
static void make_event(struct arena *a, const char *line, size_t i, struct event *ev)
{
	static const char *const fields[] = {"user", "event_name", "traffic.bytes", "group"};
	struct slice rest = slice_of(line), word;
	int64_t second;

	memset(ev, 0, sizeof(*ev));
	event_reset(ev);
	assert_true(slice_split(&rest, ' ', &word));
	if (slice_i64(word, &second))
		ev->time = T0 + second * MW_SECOND;
	assert_true(slice_split(&rest, ' ', &word));
	ev->dataset = arena_strndup(a, word.s, word.n);
	ev->uid = slice_of(arena_printf(a, "e%zu", i));
	ev->basename = SLICE("f.json");
	ev->line = i + 1;
	ev->raw = slice_of(arena_printf(a, "{\"i\":%zu,\"Case\":\"v%zu\",\"nil\":null}", i, i % 2));
	for (size_t k = 0; k < ARRAY_LEN(fields) && slice_split(&rest, ' ', &word); k++) {
		const struct field *f = field_find(slice_of(fields[k]));
		struct slice value;
		assert_non_null(f);
		while (slice_split(&word, ',', &value))
			if (!slice_eq_str(value, "-"))
				event_add(ev, f->id,
				          (struct slice){arena_strndup(a, value.s, value.n),
				                         value.n});
	}
}

static struct plan *plan_of(const char *json)
{
	struct err e;
	cJSON *j = json_parse(slice_of(json), MW_PLAN_JSON_MAX, &e);
	struct plan *p;

	if (!j)
		fail_msg("%s\n%s", e.what, json);
	p = plan_from_json(j, &e);
	if (!p)
		fail_msg("%s\n%s", e.what, json);
	cJSON_Delete(j);
	return p;
}

/* Event rows as "e0 e3", group rows as "cell|cell cell|cell". */
static void write_rows(const struct eval_result *r, struct buf *b)
{
	for (size_t i = 0; i < r->rows.n; i++) {
		const struct eval_row *row = &r->rows.v[i];
		buf_str(b, i ? " " : "");
		if (row->event)
			buf_printf(b, "%.*s", (int)row->event->uid.n, row->event->uid.s);
		for (size_t k = 0; !row->event && k < r->ncols; k++)
			buf_printf(b, "%s%.*s", k ? "|" : "", (int)row->cols[k].n, row->cols[k].s);
	}
	buf_str(b, r->limited ? " ..." : "");
}

static void run_all(const struct plan *p, const struct event *ev, size_t n, struct eval_result *out)
{
	struct err e = {0};

	for (size_t i = 0; i < p->nsteps; i++)
		if (plan_eval_step(p, i, ev, n, out, &out[i], &e))
			gen_fail(e.what, p);
}

static void check_rows(const char *const *lines, size_t n, const char *json, const char *want)
{
	struct eval_result r[MW_PLAN_STEPS_MAX];
	struct arena a = ARENA_INIT;
	struct event *ev = xcalloc(n, sizeof(*ev));
	struct plan *p = plan_of(json);
	struct buf got = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		make_event(&a, lines[i], i, &ev[i]);
	run_all(p, ev, n, r);
	write_rows(&r[p->nsteps - 1], &got);
	if (strcmp(got.s, want))
		fail_msg("%s\ngives %s\nnot   %s", json, got.s, want);
	for (size_t i = 0; i < p->nsteps; i++)
		eval_result_release(&r[i]);
	buf_release(&got);
	plan_free(p);
	gen_events_release(ev, n);
	arena_release(&a);
}

struct row {
	const char *json, *want;
};

static void check_table(const char *const *lines, size_t n, const struct row *rows, size_t nrows)
{
	for (size_t i = 0; i < nrows; i++)
		check_rows(lines, n, rows[i].json, rows[i].want);
}

#define STEP(x) "{\"steps\":[{" x "}]}"
#define IS(f, v) "{\"field\":\"" f "\",\"op\":\"is\",\"value\":\"" v "\"}"
#define WHERE(x) STEP("\"where\":" x)

static const char *const plain[] = {
        "0 cloudtrail alice Login 5 a,b",   "10 cloudtrail bob List 7 b",
        "20 windows.sysmon ALICE List - -", "30 windowsx carol Login 9 a,c",
        "- syslog alice List 1 -",          "10 cloudtrail alice Get 10 b,b",
};

static void test_where(void **state)
{
	static const struct row rows[] = {
	        {WHERE(IS("user", "alice")), "e0 e5 e2 e4"},
	        {WHERE("{\"field\":\"user\",\"op\":\"is_cs\",\"value\":\"alice\"}"), "e0 e5 e4"},
	        {WHERE("{\"not\":" IS("traffic.bytes", "5") "}"),
	         "e1 e5 e2 e3 e4"}, /* missing: the comparison is false, not of it true */
	        {WHERE("{\"not\":" IS("group", "a") "}"),
	         "e1 e5 e2 e4"}, /* none of the values is a */
	        {WHERE("{\"field\":\"group\",\"op\":\"exists\"}"), "e0 e1 e5 e3"},
	        {WHERE("{\"field\":\"traffic.bytes\",\"op\":\"gt\",\"value\":7}"), "e5 e3"},
	        {WHERE("{\"all\":[]}"), "e0 e1 e5 e2 e3 e4"},
	        {WHERE("{\"any\":[]}"), ""},
	        {WHERE(IS("raw:Case", "v1")), "e1 e5 e3"},
	        {WHERE(IS("raw:case", "v1")),
	         "e1 e5 e3"}, /* case-blind where the exact path is absent */
	        {WHERE("{\"field\":\"raw:nil\",\"op\":\"exists\"}"), ""},
	        {WHERE(IS("file_line", "f.json:2")), "e1"},
	        {WHERE(IS("uid", "E3")), "e3"},
	        {WHERE("{\"field\":\"time\",\"op\":\"ge\",\"value\":\"2021-07-30T16:00:20Z\"}"),
	         "e2 e3"},
	        {WHERE("{\"field\":\"user\",\"op\":\"is\",\"other\":\"event_name\"}"), ""},
	        {STEP("\"datasets\":[\"windows\"]"), "e2"},
	        {STEP("\"from\":\"2021-07-30T16:00:10Z\",\"to\":\"2021-07-30T16:00:30Z\""),
	         "e1 e5 e2"},
	        {STEP("\"limit\":2"), "e0 e1 ..."},
	        {STEP("\"limit\":2,\"with_ties\":true"), "e0 e1 e5 ..."},
	        {STEP("\"sort\":[{\"column\":\"traffic.bytes\",\"desc\":true}]"),
	         "e5 e3 e1 e0 e4 e2"}, /* missing last */
	        {STEP("\"sort\":[{\"column\":\"traffic.bytes\"}],\"limit\":1"), "e4 ..."},
	};
	(void)state;
	check_table(plain, ARRAY_LEN(plain), rows, ARRAY_LEN(rows));
}

static void test_stats(void **state)
{
	static const struct row rows[] = {
	        {STEP("\"stats\":[{\"fn\":\"count\"}]"), "6"},
	        {STEP("\"where\":{\"any\":[]},\"stats\":[{\"fn\":\"count\"},{\"fn\":\"sum\","
	              "\"field\":\"traffic.bytes\"}]"),
	         "0|"},
	        {STEP("\"where\":{\"any\":[]},\"stats\":[{\"fn\":\"count\"}],\"by\":[\"user\"]"),
	         ""},
	        {STEP("\"stats\":[{\"fn\":\"count\"}],\"by\":[\"user\"]"),
	         "alice|3 ALICE|1 bob|1 carol|1"},
	        {STEP("\"stats\":[{\"fn\":\"count\"}],\"by\":[\"user\"],\"limit\":2"),
	         "alice|3 ALICE|1 ..."},
	        {STEP("\"stats\":[{\"fn\":\"count\"}],\"by\":[\"user\"],\"limit\":2,\"with_ties\":"
	              "true"),
	         "alice|3 ALICE|1 bob|1 carol|1"},
	        {STEP("\"stats\":[{\"fn\":\"count\"}],\"by\":[\"group\"]"),
	         "b|3 a|2 c|1"}, /* e5 has b twice and counts once */
	        {STEP("\"stats\":[{\"fn\":\"count\"}],\"by\":[\"group\",\"event_name\"],\"having\":"
	              "{\"field\":\"event_name\",\"op\":\"is\",\"value\":\"login\"}"),
	         "a|Login|2 b|Login|1 c|Login|1"},
	        {STEP("\"by\":[\"event_name\"]"), "Get List Login"},
	        {STEP("\"stats\":[{\"fn\":\"sum\",\"field\":\"traffic.bytes\"},{\"fn\":\"max\","
	              "\"field\":\"traffic.bytes\"},{\"fn\":\"distinct\",\"field\":\"user\"}]"),
	         "32|10|4"},
	        {STEP("\"stats\":[{\"fn\":\"first\"},{\"fn\":\"last\"}],\"by\":[\"user\"],\"sort\":"
	              "[{\"column\":\"last\",\"desc\":true}]"),
	         "carol|2021-07-30T16:00:30Z|2021-07-30T16:00:30Z "
	         "ALICE|2021-07-30T16:00:20Z|2021-07-30T16:00:20Z "
	         "alice|2021-07-30T16:00:00Z|2021-07-30T16:00:10Z "
	         "bob|2021-07-30T16:00:10Z|2021-07-30T16:00:10Z"},
	        {STEP("\"stats\":[{\"fn\":\"count\"}],\"span\":\"20s\""),
	         "2021-07-30T16:00:00Z|3 2021-07-30T16:00:20Z|2"},
	        {STEP("\"stats\":[{\"fn\":\"count\",\"as\":\"n\"}],\"by\":[\"user\"],\"having\":{"
	              "\"field\":\"n\",\"op\":\"gt\",\"value\":1}"),
	         "alice|3"},
	        {STEP("\"stats\":[{\"fn\":\"avg\",\"field\":\"traffic.bytes\"}],\"by\":[\"user\"],"
	              "\"sort\":[{\"column\":\"avg_traffic.bytes\"}]"),
	         "alice|5.333333333333333 bob|7 carol|9 ALICE|"},
	};
	(void)state;
	check_table(plain, ARRAY_LEN(plain), rows, ARRAY_LEN(rows));
}

static void test_sequences(void **state)
{
	static const char *const lines[] = {
	        "0 d alice Fail",   "5 d bob Fail",    "8 d alice Fail", "10 d Alice Login",
	        "12 d carol Login", "40 d bob Login",  "50 d - Fail",    "51 d - Login",
	        "60 d dave Fail",   "60 d dave Login", "61 d dave Drop", "- d bob Login",
	};
#define SEQ(more)                                                                       \
	STEP("\"sequence\":{\"stages\":[" IS("event_name", "fail") "," IS("event_name", \
	                                                                  "login") "]" more "}")
	static const struct row rows[] = {
	        {SEQ(",\"by\":\"user\""),
	         "e0 e1 e2 e3 e5 e8 e9"}, /* e6, e7 have no user; alice and Alice are the same */
	        {SEQ(",\"by\":\"user\",\"within\":\"5s\""), "e2 e3 e8 e9"},
	        {SEQ(",\"by\":\"user\",\"within\":\"2s\",\"only_last\":true"), "e3 e9"},
	        {SEQ(",\"by\":\"user\",\"within\":\"5s\",\"negate_last\":true"), "e0 e1"},
	        {SEQ(",\"by\":\"user\",\"negate_last\":true"), ""},
	        {SEQ(",\"within\":\"1s\""), "e6 e7 e8 e9"},
	        {STEP("\"sequence\":{\"stages\":[" IS("event_name", "fail") "," IS(
	                 "event_name",
	                 "login") "," IS("event_name",
	                                 "drop") "],\"by\":\"user\",\"within\":\"5s\"}"),
	         "e8 e9 e10"},
	        {STEP("\"sequence\":{\"stages\":[" IS("event_name", "fail") "," IS(
	                 "event_name", "fail") "],\"by\":\"user\"}"),
	         "e0 e2"},
	        {STEP("\"sequence\":{\"stages\":[" IS("event_name", "fail") "," IS(
	                 "event_name", "login") "," IS("event_name",
	                                               "drop") "],\"by\":\"user\",\"within\":"
	                                                       "\"5s\",\"negate_last\":true}"),
	         "e2 e3"},
	        {STEP("\"sequence\":{\"stages\":[" IS("event_name", "fail") "," IS(
	                 "event_name", "login") "],\"by\":\"user\"},\"stats\":[{\"fn\":\"count\"}],"
	                                        "\"by\":[\"event_name\"]"),
	         "Fail|4 Login|3"},
	};
	(void)state;
	check_table(lines, ARRAY_LEN(lines), rows, ARRAY_LEN(rows));
}

static void test_baselines(void **state)
{
	static const char *const lines[] = {
	        "0 d alice Get", "1 d alice Get",   "2 d bob Get", "100 d ALICE Get",
	        "101 d bob Get", "102 d carol Get", "103 d - Get", "104 d bob Put",
	};
#define BASE(key, more)                                                      \
	STEP("\"from\":\"2021-07-30T16:01:00Z\",\"baseline\":{\"key\":[" key \
	     "],\"from\":\"2021-07-30T16:00:00Z\",\"to\":\"2021-07-30T16:01:00Z\"" more "}")
	static const struct row rows[] = {
	        {BASE("\"user\"", ""), "e5"},
	        {BASE("\"user\"", ",\"max_count\":1"), "e4 e5 e7"},
	        {BASE("\"user\",\"event_name\"", ""), "e5 e7"},
	};
	(void)state;
	check_table(lines, ARRAY_LEN(lines), rows, ARRAY_LEN(rows));
}

static void test_steps(void **state)
{
#define TWO(a, b) "{\"steps\":[{" a "},{" b "}]}"
	static const struct row rows[] = {
	        {TWO("\"where\":" IS("event_name", "Login"),
	             "\"where\":{\"field\":\"user\",\"op\":\"in\",\"from_step\":0,\"column\":"
	             "\"user\"}"),
	         "e0 e5 e2 e3 e4"},
	        {TWO("\"stats\":[{\"fn\":\"count\"}],\"by\":[\"user\"],\"having\":{\"field\":"
	             "\"count\",\"op\":\"gt\",\"value\":1}",
	             "\"where\":{\"field\":\"actor.user.name\",\"op\":\"is_cs\",\"from_step\":0,"
	             "\"column\":\"actor.user.name\"}"),
	         "e0 e5 e4"},
	        {TWO("\"where\":" IS("user", "nobody"),
	             "\"where\":{\"field\":\"user\",\"op\":\"in\",\"from_step\":0,\"column\":"
	             "\"user\"}"),
	         ""},
	        {TWO("\"where\":" IS("user", "nobody"),
	             "\"where\":{\"not\":{\"field\":\"user\",\"op\":\"in\",\"from_step\":0,"
	             "\"column\":\"user\"}},\"limit\":1"),
	         "e0 ..."},
	        /* alice with what alice did, not with what bob did */
	        {TWO("\"where\":{\"field\":\"traffic.bytes\",\"op\":\"in\",\"values\":[5,7]}",
	             "\"where\":{\"same_row\":[{\"field\":\"user\",\"op\":\"in\",\"from_step\":0,"
	             "\"column\":\"user\"},{\"field\":\"event_name\",\"op\":\"in\","
	             "\"from_step\":0,\"column\":\"event_name\"}]}"),
	         "e0 e1"},
	        /* values that the row has for the length of a call only: its time and its line */
	        {TWO("\"where\":{\"field\":\"traffic.bytes\",\"op\":\"in\",\"values\":[5,7]}",
	             "\"where\":{\"same_row\":[{\"field\":\"user\",\"op\":\"in\",\"from_step\":0,"
	             "\"column\":\"user\"},{\"field\":\"file_line\",\"op\":\"in\","
	             "\"from_step\":0,\"column\":\"file_line\"}]}"),
	         "e0 e1"},
	        {TWO("\"where\":" IS("user", "bob"),
	             "\"from\":{\"step\":0,\"at\":\"first\",\"offset\":\"-10s\"},\"to\":{\"step\":"
	             "0,\"at\":\"last\","
	             "\"offset\":\"10s\"}"),
	         "e0 e1 e5"},
	        {TWO("\"where\":" IS("user", "nobody"), "\"from\":{\"step\":0,\"at\":\"first\"}"),
	         ""}, /* a bound that hangs on nothing */
	        {TWO("\"stats\":[{\"fn\":\"last\"}]", "\"from\":{\"step\":0,\"at\":\"last\"}"),
	         "e3"},
	};
	(void)state;
	check_table(plain, ARRAY_LEN(plain), rows, ARRAY_LEN(rows));
}

/* ---- laws over generated plans and events ---- */

#define NEVENTS 60
struct world {
	struct gen g;
	struct arena a;
	struct event *ev;
};

static void world_init(struct world *w, uint64_t seed)
{
	gen_init(&w->g, seed);
	w->a = (struct arena)ARENA_INIT;
	w->ev = gen_events(&w->g, &w->a, NEVENTS);
}

static void world_release(struct world *w)
{
	gen_events_release(w->ev, NEVENTS);
	arena_release(&w->a);
}

static void hits(const struct world *w, const struct plan_node *n, bool *out)
{
	struct eval_view v;

	for (size_t i = 0; i < NEVENTS; i++) {
		eval_view_of_event(&v, &w->ev[i]);
		out[i] = plan_match(n, &v);
	}
}

static struct plan_node *negation(struct plan *p, struct plan_node *n)
{
	struct plan_node *no = plan_group(p, PN_NOT);

	plan_group_add(no, plan_clone_node(p, n));
	return no;
}

static struct plan_node *both(struct plan *p, enum plan_node_kind kind, struct plan_node *x,
                              struct plan_node *y)
{
	struct plan_node *n = plan_group(p, kind);

	plan_group_add(n, plan_clone_node(p, x));
	plan_group_add(n, plan_clone_node(p, y));
	return n;
}

/* not (x and y) = not x or not y; not not x = x; x or y commutes; a list is any of its values. */
static void test_boolean_laws(void **state)
{
	(void)state;
	for (size_t i = rounds(300, 20000); i > 0; i--) {
		bool one[NEVENTS], other[NEVENTS];
		struct plan *p = plan_new();
		struct plan_node *x, *y, *any;
		struct world w;
		world_init(&w, i);
		x = gen_node(&w.g, p, 2);
		y = gen_node(&w.g, p, 2);
		hits(&w, negation(p, both(p, PN_ALL, x, y)), one);
		hits(&w, both(p, PN_ANY, negation(p, x), negation(p, y)), other);
		assert_memory_equal(one, other, sizeof(one));
		hits(&w, x, one);
		hits(&w, negation(p, negation(p, x)), other);
		assert_memory_equal(one, other, sizeof(one));
		hits(&w, both(p, PN_ANY, x, y), one);
		hits(&w, both(p, PN_ANY, y, x), other);
		assert_memory_equal(one, other, sizeof(one));
		if (x->kind == PN_CMP && x->nvalues) {
			any = plan_group(p, PN_ANY);
			for (size_t k = 0; k < x->nvalues; k++) {
				struct plan_node *single = plan_clone_node(p, x);
				single->values += k;
				single->nvalues = 1;
				plan_group_add(any, single);
			}
			hits(&w, x, one);
			hits(&w, any, other);
			assert_memory_equal(one, other, sizeof(one));
		}
		world_release(&w);
		plan_free(p);
	}
}

/* Limits cut a prefix; ties only add to it; a bare count is the number of rows; groups of one field
 * without having add up. */
static void test_row_laws(void **state)
{
	(void)state;
	for (size_t i = rounds(1500, 50000); i > 0; i--) {
		struct eval_result r[MW_PLAN_STEPS_MAX], whole;
		struct err e;
		struct world w;
		struct plan *p;
		struct plan_search *last;
		world_init(&w, i);
		p = gen_plan(&w.g);
		run_all(p, w.ev, NEVENTS, r);
		last = &p->steps[p->nsteps - 1].search;
		if (last->limit && r[p->nsteps - 1].rows.n > (size_t)last->limit)
			assert_true(last->with_ties);
		last->limit = 0;
		assert_int_equal(plan_eval_step(p, p->nsteps - 1, w.ev, NEVENTS, r, &whole, &e), 0);
		assert_true(whole.rows.n >= r[p->nsteps - 1].rows.n);
		assert_int_equal(r[p->nsteps - 1].limited, whole.rows.n > r[p->nsteps - 1].rows.n);
		for (size_t k = 0; k < r[p->nsteps - 1].rows.n; k++) {
			const struct eval_row *x = &whole.rows.v[k],
			                      *y = &r[p->nsteps - 1].rows.v[k];
			assert_ptr_equal(x->event, y->event);
			for (size_t c = 0; c < whole.ncols; c++)
				assert_true(slice_eq(x->cols[c], y->cols[c]));
		}
		eval_result_release(&whole);
		for (size_t k = 0; k < p->nsteps; k++)
			eval_result_release(&r[k]);
		plan_free(p);
		world_release(&w);
	}
}

/* ---- sequences against plain enumeration ---- */

struct seq_event {
	mw_time t;
	unsigned stages; /* bits */
	unsigned keys;   /* bits */
};

static bool follows(const struct seq_event *ev, size_t a, size_t b, unsigned key, int64_t within)
{
	return a != b && (ev[b].keys & key) && ev[b].t >= ev[a].t &&
	       (!within || ev[b].t - ev[a].t <= within);
}

/* All chains, one after the other. */
static void enumerate(const struct plan_sequence *q, const struct seq_event *ev, size_t n,
                      size_t *chain, size_t len, unsigned key, bool *keep)
{
	size_t last = q->nstages - q->negate_last;

	if (len == last) {
		for (size_t i = 0; q->negate_last && i < n; i++)
			for (unsigned k = 1; k < 8; k <<= 1)
				if ((ev[i].stages & (1u << last)) &&
				    (ev[chain[len - 1]].keys & k) &&
				    follows(ev, chain[len - 1], i, k, q->within))
					return;
		for (size_t i = q->only_last ? last - 1 : 0; i < last; i++)
			keep[chain[i]] = true;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (!(ev[i].stages & (1u << len)) || !(ev[i].keys & key) ||
		    (len && !follows(ev, chain[len - 1], i, key, q->within)))
			continue;
		chain[len] = i;
		enumerate(q, ev, n, chain, len + 1, key, keep);
	}
}

static void test_sequence_enumerated(void **state)
{
	enum { N = 12 };
	static const char *const names[] = {"a", "B", "c"};
	struct gen g;

	(void)state;
	gen_init(&g, 7);
	for (size_t round = rounds(3000, 300000); round > 0; round--) {
		struct plan_sequence q = {.nstages = 2 + gen_below(&g, 2),
		                          .by = {.name = (char[]){"user"}}};
		struct sequence_join *j = sequence_new(&q);
		struct seq_event ev[N];
		bool want[N] = {false}, got[N];
		size_t chain[MW_PLAN_STAGES_MAX];
		q.within = gen_below(&g, 2) * (1 + gen_below(&g, 6));
		q.negate_last = gen_chance(&g, 40);
		q.only_last = gen_chance(&g, 30);
		for (size_t i = 0; i < N; i++) {
			ev[i] = (struct seq_event){gen_below(&g, 12), gen_below(&g, 8),
			                           gen_below(&g, 8)};
			for (size_t s = 0; s < q.nstages; s++)
				for (unsigned k = 0; k < 3; k++)
					if ((ev[i].stages & (1u << s)) && (ev[i].keys & (1u << k)))
						sequence_add(j, s, i, ev[i].t, slice_of(names[k]));
		}
		for (unsigned k = 1; k < 8; k <<= 1)
			enumerate(&q, ev, N, chain, 0, k, want);
		sequence_finish(j, got, N);
		assert_memory_equal(want, got, sizeof(got));
		sequence_free(j);
	}
}

/* The order of values is total. */
static void test_value_order(void **state)
{
	struct gen g;

	(void)state;
	gen_init(&g, 3);
	for (size_t i = 0; i < 20000; i++) {
		struct slice a = gen_value(&g, (enum field_type)gen_below(&g, FT_SIZE + 1));
		struct slice b = gen_value(&g, (enum field_type)gen_below(&g, FT_SIZE + 1));
		struct slice c = gen_value(&g, (enum field_type)gen_below(&g, FT_SIZE + 1));
		assert_int_equal(value_cmp(a, b), -value_cmp(b, a));
		assert_int_equal(value_cmp(a, b) == 0, slice_eq(a, b));
		if (value_cmp(a, b) <= 0 && value_cmp(b, c) <= 0)
			assert_true(value_cmp(a, c) <= 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_where),       cmocka_unit_test(test_stats),
	        cmocka_unit_test(test_sequences),   cmocka_unit_test(test_baselines),
	        cmocka_unit_test(test_steps),       cmocka_unit_test(test_boolean_laws),
	        cmocka_unit_test(test_row_laws),    cmocka_unit_test(test_sequence_enumerated),
	        cmocka_unit_test(test_value_order),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
