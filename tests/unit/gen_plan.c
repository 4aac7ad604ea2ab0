#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include "gen_plan.h"
#include "base/json.h"
#include "plan/eval.h"

#define BASE_TIME (INT64_C(1627660800) * MW_SECOND) /* 2021-07-30T16:00:00Z */
#define WINDOW_SECONDS 7200

/* ---- chance ---- */

void gen_init(struct gen *g, uint64_t seed)
{
	*g = (struct gen){.state = seed * 0x9E3779B97F4A7C15u + 1};
}

/* splitmix64 */
uint64_t gen_rand(struct gen *g)
{
	uint64_t z = g->state += 0x9E3779B97F4A7C15u;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

unsigned gen_below(struct gen *g, unsigned n)
{
	return (unsigned)(gen_rand(g) % n);
}

bool gen_chance(struct gen *g, unsigned percent)
{
	return gen_below(g, 100) < percent;
}

/* ---- pools ---- */

#define S(lit)                       \
	{                            \
		lit, sizeof(lit) - 1 \
	}
static const struct slice texts[] = {
        S("root"),
        S("ROOT"),
        S("Root"),
        S("alice"),
        S("bob"),
        S("alice bob"),
        S("AssumeRole"),
        S("assumerole"),
        S("*"),
        S("?"),
        S("a*b"),
        S("a?b"),
        S("axb"),
        S("a\\b"),
        S("C:\\Windows\\System32\\cmd.exe"),
        S("\\\\host\\share\\"),
        S("100%"),
        S("1000"),
        S("a_b"),
        S("St. John's"),
        S("say \"hi\""),
        S("`tick`"),
        S("'"),
        S("\""),
        S("\\"),
        S("\\\\"),
        S("a\nb"),
        S("a\tb"),
        S("a\0b"),
        S("\x1b[31mred"),
        S("caf\xC3\xA9"),
        S("CAF\xC3\x89"),
        S("\xE2\x80\xAEgnp.exe"),
        S("\xFF\xFE"),
        S("\xED\xA0\x80"),
        S("true"),
        S("null"),
        S("NOT"),
        S("a OR b"),
        S("| delete"),
        S("x=1"),
        S("{\"a\":1}"),
        S("${jndi:ldap://x}"),
        S("arn:aws:iam::123456789012:role/Admin"),
        S("(paren"),
        S("[bracket"),
        S("a+b"),
        S("^$"),
        S(" lead"),
        S("trail "),
        S("10.0.0.1"),
        S("2021-07-30T16:00:00Z"),
        S("42"),
        S("042"),
        S("-1"),
        S("1e3"),
        S("\xF0\x9F\x92\xA9"),
};
static const struct slice addresses[] = {
        S("10.0.0.1"),     S("10.255.255.255"),    S("192.168.1.10"),
        S("8.8.8.8"),      S("203.0.113.7"),       S("::1"),
        S("2001:db8::1"),  S("2001:DB8::ffff"),    S("::ffff:10.0.0.1"),
        S("fe80::1%eth0"), S("ec2.amazonaws.com"), S("010.0.0.1"),
        S("10.0.0.1:443"),
};
static const struct slice blocks[] = {
        S("10.0.0.0/8"),     S("10.0.0.1"),      S("0.0.0.0/0"), S("192.168.0.0/16"),
        S("::/0"),           S("2001:db8::/32"), S("::1"),       S("::ffff:10.0.0.0/104"),
        S("203.0.113.0/29"), S("10.1.2.3/7"),
};
static const struct slice numbers[] = {
        S("0"),
        S("1"),
        S("2"),
        S("10"),
        S("9"),
        S("22"),
        S("443"),
        S("65535"),
        S("-5"),
        S("007"),
        S("9007199254740992"),
        S("9007199254740993"),
        S("18446744073709551615"),
        S("123456789012345678901234567890"),
        S("1e3"),
        S("1000"),
};
static const struct slice decimals[] = {
        S("0.1"),  S("0.10"), S("0.25"), S("-0.5"),         S("3.14159"),
        S("1e-3"), S("100"),  S("0"),    S("99.999999999"),
};
static const struct slice truths[] = {S("true"), S("false")};
static const struct slice odd_texts[] = {S("n/a"), S("-"),   S("0x10"), S("1,000"),
                                         S("inf"), S("nan"), S("12abc")};
static const struct slice regexes[] = {
        S("^[a-z]+$"), S("(?i)root"),       S("a.b"),
        S("(?s)a.b"),  S("\\d{2,}"),        S("\\\\"),
        S("[*?]"),     S("(alice|bob)"),    S("^$"),
        S("\\x00"),    S("[^\\x00-\\x7f]"), S("\\Qa+b\\E"),
        S("(a|aa)+$"), S("o{2}"),           S("(?P<n>l)i"),
        S("x*"),       S("(?i)^CAF"),
};
static const char *const datasets[] = {"cloudtrail", "windows.sysmon", "windows.security",
                                       "zeek.conn",  "zeek.dns",       "syslog",
                                       "windowsx"};
static const char *const scopes[] = {"cloudtrail", "windows", "zeek",
                                     "zeek.dns",   "syslog",  "nothing"};
static const char *const raw_paths[] = {
        "a.b",        "A.B",      "n",         "list",      "list.k", "Mixed.Case",
        "mixed.case", "deep.x.y", "esc\\.dot", "none.here", "null",   "seq",
};

#define PICK(g, pool) ((pool)[gen_below((g), (unsigned)ARRAY_LEN(pool))])

static void time_text(struct gen *g, char out[32])
{
	mw_time t = BASE_TIME + gen_below(g, WINDOW_SECONDS) * MW_SECOND;

	mw_time_format(gen_chance(g, 20) ? t + gen_below(g, 1000000) : t, out);
}

struct slice gen_value(struct gen *g, enum field_type t)
{
	static char time[8][32]; /* handed out in turn: callers copy at once */
	static unsigned turn;

	if (gen_chance(g, 5))
		return PICK(g, odd_texts);
	switch (t) {
	case FT_IP:
		return PICK(g, addresses);
	case FT_INT:
	case FT_PORT:
	case FT_SIZE:
		return PICK(g, numbers);
	case FT_FLOAT:
		return PICK(g, decimals);
	case FT_BOOL:
		return PICK(g, truths);
	case FT_TIME:
		turn = (turn + 1) % 8;
		time_text(g, time[turn]);
		return slice_of(time[turn]);
	default:
		return PICK(g, texts);
	}
}

/* The first three fields of each type: few enough to meet often. */
const struct field *gen_field(struct gen *g)
{
	static const struct field *pool[64];
	static unsigned n;

	if (g->npool)
		return g->pool[gen_below(g, (unsigned)g->npool)];
	if (n == 0) {
		unsigned of_type[16] = {0};
		for (size_t i = 0; i < field_count() && n < ARRAY_LEN(pool); i++) {
			const struct field *f = field_at((field_id)i);
			bool bound = !strcmp(f->name, "time"); /* a pseudo-field */
			if (!bound && of_type[f->type]++ < (f->type == FT_STRING ? 6 : 2))
				pool[n++] = f;
		}
		for (size_t i = 0; i < field_count() && n < ARRAY_LEN(pool); i++)
			if (field_at((field_id)i)->many && of_type[15]++ < 2)
				pool[n++] = field_at((field_id)i);
	}
	assert_true(n > 0);
	return pool[gen_below(g, n)];
}

/* ---- events ---- */

static struct slice keep(struct arena *a, struct slice s)
{
	return (struct slice){arena_memdup(a, s.s, s.n), s.n};
}

/* A JSON string, with any byte that JSON text allows to be an escape written as one now and then.
 */
static void add_string(struct gen *g, struct buf *b, struct slice s)
{
	buf_ch(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.s[i];
		if (c < 0x20 || c == '"' || c == '\\' || (c < 0x80 && gen_chance(g, 5)))
			buf_printf(b, "\\u%04x", c);
		else
			buf_ch(b, (char)c);
	}
	buf_ch(b, '"');
}

static void add_member(struct gen *g, struct buf *b, const char *key)
{
	buf_printf(b, ",\"%s\":", key);
	if (gen_chance(g, 10))
		buf_str(b, "null");
	else if (gen_chance(g, 20))
		buf_str(b, gen_chance(g, 50) ? "true" : "12345678901234567890");
	else
		add_string(g, b, gen_value(g, FT_STRING));
}

static void make_raw(struct gen *g, struct buf *b)
{
	if (gen_chance(g, 5)) { /* no JSON at all */
		struct slice v = gen_value(g, FT_STRING);
		buf_printf(b, "line %u ", g->nevents);
		buf_add(b, v.s, v.n);
		return;
	}
	buf_printf(b, "{\"seq\":%u", g->nevents);
	buf_str(b, ",\"a\":{\"z\":1");
	add_member(g, b, gen_chance(g, 80) ? "b" : "B");
	buf_ch(b, '}');
	if (gen_chance(g, 60)) {
		struct slice n = gen_value(g, FT_INT);
		buf_printf(b, ",\"n\":\"%.*s\"", (int)n.n, n.s);
	}
	if (gen_chance(g, 50)) {
		buf_str(b, ",\"list\":[\"x\",{\"z\":[]");
		add_member(g, b, "k");
		buf_str(b, "},{\"z\":{}");
		add_member(g, b, "k");
		buf_str(b, "}]");
	}
	if (gen_chance(g, 50)) {
		buf_str(b, ",\"Mixed\":{\"z\":1");
		add_member(g, b, "Case");
		buf_ch(b, '}');
	}
	add_member(g, b, "esc.dot");
	buf_str(b, ",\"null\":null");
	buf_str(b, gen_chance(g, 3) ? "" : "}"); /* sometimes cut off */
}

static void add_vals(struct gen *g, struct arena *a, struct event *ev)
{
	for (unsigned i = gen_below(g, 8); i > 0; i--) {
		const struct field *f = gen_field(g);
		unsigned n = f->many ? 1 + gen_below(g, 3) : 1;
		if (event_get(ev, f->id).n)
			continue;
		while (n-- > 0)
			event_add(ev, f->id, keep(a, gen_value(g, f->type)));
	}
}

void gen_event(struct gen *g, struct arena *a, struct event *ev)
{
	struct buf raw = BUF_INIT;

	memset(ev, 0, sizeof(*ev));
	event_reset(ev);
	g->nevents++;
	if (!gen_chance(g, 4)) {
		ev->time = BASE_TIME + gen_below(g, WINDOW_SECONDS / 10) * 10 * MW_SECOND;
		ev->time += gen_chance(g, 10) ? gen_below(g, 1000000) : 0;
	}
	ev->arrival =
	        gen_chance(g, 50) && ev->time != MW_TIME_NONE ? ev->time + MW_MINUTE : MW_TIME_NONE;
	ev->dataset = g->nscopes && gen_chance(g, 80)
	                      ? g->scopes[gen_below(g, (unsigned)g->nscopes)]
	                      : PICK(g, datasets);
	ev->line = 1 + g->nevents;
	ev->basename = slice_of(arena_printf(a, "file%u.json", g->nevents % 3));
	ev->has_own_uid = gen_chance(g, 70);
	ev->uid = slice_of(ev->has_own_uid ? arena_printf(a, "u-%u", g->nevents)
	                                   : arena_printf(a, "%s:%llu", ev->basename.s,
	                                                  (unsigned long long)ev->line));
	make_raw(g, &raw);
	ev->raw = keep(a, (struct slice){raw.s, raw.len});
	buf_release(&raw);
	add_vals(g, a, ev);
}

struct event *gen_events(struct gen *g, struct arena *a, size_t n)
{
	struct event *ev = xcalloc(n + 1, sizeof(*ev));

	for (size_t i = 0; i < n; i++)
		gen_event(g, a, &ev[i]);
	return ev;
}

void gen_events_release(struct event *ev, size_t n)
{
	for (size_t i = 0; i < n; i++)
		event_release(&ev[i]);
	free(ev);
}

/* ---- plans ---- */

void gen_fail(const char *what, const struct plan *p)
{
	cJSON *j = plan_to_json(p);
	struct buf b = BUF_INIT;

	json_write(&b, j);
	fail_msg("%s\n%s", what, b.s);
}

static const char *field_name(struct gen *g)
{
	static char raw[64];
	const struct field *f = gen_field(g);

	if (gen_chance(g, g->npool ? 5 : 20)) {
		snprintf(raw, sizeof(raw), "raw:%s", PICK(g, raw_paths));
		return raw;
	}
	if (g->npool && gen_chance(g, 4))
		return "time";
	if (!g->npool && gen_chance(g, 8))
		return (const char *[]){"dataset", "uid", "file", "file_line",
		                        "time"}[gen_below(g, 5)];
	return f->alias && gen_chance(g, 50) ? f->alias : f->name;
}

static enum field_type type_of(const struct plan_field *f)
{
	return f->f ? f->f->type : f->pseudo == PF_TIME ? FT_TIME : FT_STRING;
}

/* A part of a value for contains, starts and ends; never empty. */
static struct slice part_of(struct gen *g, struct slice v, enum plan_op op)
{
	size_t n = 1 + gen_below(g, (unsigned)v.n);
	size_t at = op == OP_STARTS ? 0
	            : op == OP_ENDS ? v.n - n
	                            : gen_below(g, (unsigned)(v.n - n + 1));

	return (struct slice){v.s + at, n};
}

/* A like pattern: a value with its special bytes quoted, then made wild. */
static struct slice like_of(struct gen *g, struct slice v)
{
	static char out[512];
	size_t n = 0;

	if (gen_chance(g, 40))
		out[n++] = '*';
	for (size_t i = 0; i < v.n && n + 4 < sizeof(out); i++) {
		bool special = v.s[i] == '*' || v.s[i] == '?' || v.s[i] == '\\';
		if (gen_chance(g, 10)) {
			out[n++] = gen_chance(g, 50) ? '*' : '?';
			continue;
		}
		if (special && gen_chance(g, 80))
			out[n++] = '\\';
		out[n++] = v.s[i];
	}
	if (gen_chance(g, 40))
		out[n++] = '*';
	return (struct slice){out, n ? n : (out[0] = '*', (size_t)1)};
}

static struct slice order_value(struct gen *g, enum field_type t)
{
	if (t == FT_TIME || (t == FT_STRING && gen_chance(g, 30)))
		for (;;) {
			struct slice v = gen_value(g, FT_TIME);
			if (v.n > 10)
				return v;
		}
	return PICK(g, numbers);
}

static struct slice operand(struct gen *g, enum plan_op op, enum field_type t)
{
	if (op == OP_CIDR)
		return PICK(g, blocks);
	if (op == OP_REGEX)
		return PICK(g, regexes);
	if (op >= OP_LT && op <= OP_GE)
		return order_value(g, t);
	if (op == OP_LIKE)
		return like_of(g, gen_value(g, t));
	if (op == OP_CONTAINS || op == OP_STARTS || op == OP_ENDS || op == OP_TEXT)
		return part_of(g, gen_value(g, t), op);
	return gen_value(g, t);
}

static enum plan_op pick_op(struct gen *g, enum field_type t)
{
	for (;;) {
		enum plan_op op = (enum plan_op)gen_below(g, OP_EXISTS + 1);
		bool order = op >= OP_LT && op <= OP_GE;
		if (op == OP_CIDR && t != FT_IP && t != FT_STRING)
			continue;
		if (order && (t == FT_BOOL || t == FT_IP))
			continue;
		if (op == OP_CIDR && t == FT_STRING && gen_chance(g, 80))
			continue;
		return op;
	}
}

static struct plan_node *gen_cmp(struct gen *g, struct plan *p)
{
	struct plan_node *n;
	enum field_type t;
	unsigned more;

	if (gen_chance(g, 12))
		return plan_cmp(p, NULL, OP_TEXT, operand(g, OP_TEXT, FT_STRING));
	n = plan_cmp(p, field_name(g), OP_EXISTS, (struct slice){NULL, 0});
	t = type_of(&n->field);
	if (gen_chance(g, 8)) {
		static const enum plan_op between[] = {OP_IS,   OP_IS_CS, OP_CONTAINS, OP_STARTS,
		                                       OP_ENDS, OP_LT,    OP_GE};
		n->op = t == FT_BOOL || t == FT_IP ? OP_IS : PICK(g, between);
		(void)plan_field_set(p, &n->rhs, field_name(g));
		return n;
	}
	n->op = pick_op(g, t);
	if (n->op == OP_EXISTS)
		return n;
	more = n->op == OP_IN || gen_chance(g, 15) ? 1 + gen_below(g, 4) : 1;
	while (more-- > 0)
		plan_cmp_value(p, n, operand(g, n->op, t));
	return n;
}

struct plan_node *gen_node(struct gen *g, struct plan *p, int depth)
{
	struct plan_node *n;

	if (depth <= 0 || gen_chance(g, 35))
		return gen_cmp(g, p);
	n = plan_group(p, (enum plan_node_kind)gen_below(g, 3));
	for (unsigned k = n->kind == PN_NOT ? 1 : gen_below(g, 4); k > 0; k--)
		plan_group_add(n, gen_node(g, p, depth - 1));
	return n;
}

static void gen_window(struct gen *g, struct plan_search *s)
{
	mw_time from = BASE_TIME + gen_below(g, WINDOW_SECONDS) * MW_SECOND;

	if (gen_chance(g, 30))
		s->from = (struct plan_time){.kind = PW_ABS, .t = from};
	if (gen_chance(g, 30))
		s->to = (struct plan_time){
		        .kind = PW_ABS, .t = from + (1 + gen_below(g, WINDOW_SECONDS)) * MW_SECOND};
}

static struct plan_field *gen_fields(struct gen *g, struct plan *p, size_t n)
{
	struct plan_field *f = arena_zalloc(&p->arena, (n + 1) * sizeof(*f));

	for (size_t i = 0; i < n;) {
		bool again = false;
		(void)plan_field_set(p, &f[i], field_name(g));
		for (size_t k = 0; k < i; k++)
			again = again || !strcmp(f[k].name, f[i].name);
		i += !again &&
		     strcmp(f[i].name, "time") != 0; /* the bucket's column has that name */
	}
	return f;
}

static void gen_sequence(struct gen *g, struct plan *p, struct plan_search *s)
{
	struct plan_sequence *q = s->sequence = arena_zalloc(&p->arena, sizeof(*q));

	q->nstages = 2 + gen_below(g, 2);
	q->stages = arena_zalloc(&p->arena, q->nstages * sizeof(*q->stages));
	for (size_t i = 0; i < q->nstages; i++)
		q->stages[i] = gen_node(g, p, 1);
	if (gen_chance(g, 80))
		q->by = *gen_fields(g, p, 1);
	if (q->by.name && gen_chance(g, 20)) {
		q->stage_by = arena_zalloc(&p->arena, q->nstages * sizeof(*q->stage_by));
		q->stage_by[1] = *gen_fields(g, p, 1);
	}
	q->within = gen_chance(g, 70) ? (1 + gen_below(g, 600)) * MW_SECOND : 0;
	q->negate_last = gen_chance(g, 30);
	q->only_last = gen_chance(g, 30);
}

static void gen_baseline(struct gen *g, struct plan *p, struct plan_search *s)
{
	struct plan_baseline *b = s->baseline = arena_zalloc(&p->arena, sizeof(*b));

	b->nkey = 1 + gen_below(g, 2);
	b->key = gen_fields(g, p, b->nkey);
	b->from = BASE_TIME;
	b->to = BASE_TIME + (1 + gen_below(g, WINDOW_SECONDS)) * MW_SECOND;
	b->max_count = gen_chance(g, 70) ? 0 : gen_below(g, 3);
}

static void gen_stats(struct gen *g, struct plan *p, struct plan_search *s)
{
	s->nby = gen_below(g, 3);
	s->by = gen_fields(g, p, s->nby);
	s->span = gen_chance(g, 25) ? (1 + gen_below(g, 3)) * 10 * MW_MINUTE : 0;
	s->nstats = s->nby || s->span ? gen_below(g, 3) : 1 + gen_below(g, 3);
	s->stats = arena_zalloc(&p->arena, (s->nstats + 1) * sizeof(*s->stats));
	for (size_t i = 0; i < s->nstats; i++) {
		struct plan_stat *t = &s->stats[i];
		t->fn = (enum plan_fn)gen_below(g, FN_LAST + 1);
		t->as = arena_printf(&p->arena, "c%zu", i);
		if (t->fn == FN_COUNT || t->fn == FN_FIRST || t->fn == FN_LAST)
			continue;
		t->field = *gen_fields(g, p, 1);
		while ((t->fn == FN_SUM || t->fn == FN_AVG) && t->field.f &&
		       (t->field.f->type == FT_BOOL || t->field.f->type == FT_IP ||
		        t->field.f->type == FT_TIME))
			t->field = *gen_fields(g, p, 1);
	}
}

static void gen_having(struct gen *g, struct plan *p, struct plan_search *s)
{
	const char *column = plan_column(s, gen_below(g, (unsigned)plan_ncolumns(s)));
	struct plan_node *n = plan_group(p, PN_CMP);

	n->field.name = arena_strdup(&p->arena, column);
	n->op = gen_chance(g, 50) ? OP_GE : gen_chance(g, 50) ? OP_EXISTS : OP_CONTAINS;
	if (n->op != OP_EXISTS)
		plan_cmp_value(p, n, n->op == OP_GE ? PICK(g, numbers) : SLICE("1"));
	s->having = n;
	if (gen_chance(g, 30)) {
		s->having = plan_group(p, PN_NOT);
		plan_group_add(s->having, n);
	}
}

static void gen_sort(struct gen *g, struct plan *p, struct plan_search *s)
{
	s->nsort = gen_below(g, 3);
	s->sort = arena_zalloc(&p->arena, (s->nsort + 1) * sizeof(*s->sort));
	for (size_t i = 0; i < s->nsort; i++) {
		const char *name =
		        plan_is_grouped(s)
		                ? plan_column(s, gen_below(g, (unsigned)plan_ncolumns(s)))
		                : field_name(g);
		s->sort[i].column = arena_strdup(&p->arena, name);
		s->sort[i].desc = gen_chance(g, 50);
	}
}

static struct plan_node *gen_pivot_on(struct gen *g, struct plan *p, int ref)
{
	struct plan_search *from = &p->steps[ref].search;
	struct plan_node *n = plan_cmp(p, field_name(g), gen_chance(g, 80) ? OP_IN : OP_CONTAINS,
	                               (struct slice){NULL, 0});

	n->from_step = ref;
	n->column = arena_strdup(
	        &p->arena, plan_is_grouped(from)
	                           ? plan_column(from, gen_below(g, (unsigned)plan_ncolumns(from)))
	                           : field_name(g));
	return n;
}

/* Two or three columns whose values come from one row; now and then not of such. */
static struct plan_node *gen_tuple_pivot(struct gen *g, struct plan *p, int ref)
{
	struct plan_node *all = plan_group(p, PN_ALL);

	all->same_row = true;
	for (unsigned n = 2 + gen_below(g, 2); n > 0; n--)
		plan_group_add(all, gen_pivot_on(g, p, ref));
	if (!gen_chance(g, 20))
		return all;
	struct plan_node *no = plan_group(p, PN_NOT);

	no->child = all;
	return no;
}

static void gen_pivot(struct gen *g, struct plan *p, size_t step)
{
	struct plan_search *s = &p->steps[step].search;
	struct plan_node *all;
	int ref = (int)gen_below(g, (unsigned)step);

	if (p->steps[ref].kind != PS_SEARCH)
		return;
	if (gen_chance(g, 30)) {
		s->from = (struct plan_time){
		        .kind = gen_chance(g, 50) ? PW_STEP_FIRST : PW_STEP_LAST, .step = ref};
		s->from.offset = ((int64_t)gen_below(g, 1200) - 600) * MW_SECOND;
	}
	all = plan_group(p, PN_ALL);
	if (s->where)
		plan_group_add(all, s->where);
	plan_group_add(all,
	               gen_chance(g, 40) ? gen_tuple_pivot(g, p, ref) : gen_pivot_on(g, p, ref));
	s->where = all;
}

static void gen_search(struct gen *g, struct plan *p)
{
	size_t i = p->nsteps;
	struct plan_search *s = &plan_add_step(p, PS_SEARCH)->search;

	if (g->nscopes || gen_chance(g, 30)) {
		s->ndatasets = 1 + gen_below(g, 2);
		s->datasets = arena_zalloc(&p->arena, s->ndatasets * sizeof(*s->datasets));
		for (size_t k = 0; k < s->ndatasets; k++)
			s->datasets[k] = arena_strdup(
			        &p->arena, g->nscopes
			                           ? g->scopes[gen_below(g, (unsigned)g->nscopes)]
			                           : PICK(g, scopes));
	}
	gen_window(g, s);
	if (!gen_chance(g, 8))
		s->where = gen_node(g, p, 3);
	if (gen_chance(g, 12))
		gen_sequence(g, p, s);
	else if (gen_chance(g, 10))
		gen_baseline(g, p, s);
	if (gen_chance(g, 40))
		gen_stats(g, p, s);
	if (plan_is_grouped(s) && gen_chance(g, 30))
		gen_having(g, p, s);
	gen_sort(g, p, s);
	s->limit = gen_chance(g, 40) ? 1 + gen_below(g, 20) : 0;
	s->with_ties = gen_chance(g, 30);
	if (i > 0 && gen_chance(g, 80))
		gen_pivot(g, p, i);
}

static void gen_graph(struct gen *g, struct plan *p)
{
	struct plan_graph *q = &plan_add_step(p, PS_GRAPH)->graph;
	struct plan_node *n = plan_group(p, PN_CMP);

	n->field.name = arena_strdup(&p->arena, "id");
	n->op = OP_IS;
	plan_cmp_value(p, n, gen_value(g, FT_STRING));
	q->fn = (enum plan_graph_fn)gen_below(g, GF_REACHED_BY + 1);
	q->start = n;
	q->start_type = gen_chance(g, 50) ? arena_strdup(&p->arena, "role") : NULL;
	q->use_from = q->use_to = MW_TIME_NONE;
	if (q->fn == GF_SHORTEST || q->fn == GF_PATHS)
		q->goal = plan_clone_node(p, n);
	if (q->fn == GF_MATCH) {
		q->nhops = 1;
		q->hops = arena_zalloc(&p->arena, sizeof(*q->hops));
		q->hops[0] = (struct plan_hop){
		        .dir = HOP_BOTH, .min = 1, .max = 1 + (int)gen_below(g, 3)};
	}
	q->max_depth = (int)gen_below(g, 6);
	q->return_paths = gen_chance(g, 50);
}

struct plan *gen_plan(struct gen *g)
{
	struct plan *p = plan_new();
	unsigned steps = !g->no_steps && gen_chance(g, 20) ? 2 + gen_below(g, 2) : 1;
	struct err e;

	while (steps-- > 0) {
		if (g->graphs && gen_chance(g, 20))
			gen_graph(g, p);
		else
			gen_search(g, p);
	}
	p->show = (enum plan_show)gen_below(g, SHOW_RANKING + 1);
	if (plan_validate(p, &e))
		gen_fail(e.what, p);
	return p;
}
