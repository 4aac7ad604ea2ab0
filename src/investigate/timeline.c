#include "investigate/timeline.h"

#include "base/map.h"
#include "investigate/describe.h"

#define BURST_GAP (5 * MW_MINUTE)
#define BUCKETS 60
#define RARE_IN_LAKE 3
#define ROW_EVIDENCE_MAX 50

struct tl_event {
	mw_time time;
	event_id id;
	size_t order; /* of arrival */
	const char *dataset, *source;
	struct slice uid, actor, what, target, from, outcome;
	bool denied, failed, gap;
	mw_time to; /* of a gap */
};
struct timeline {
	struct arena arena;
	struct map seen;    /* identity -> 1 */
	struct map strings; /* interned values -> pointer */
	VEC(struct tl_event) events;
	VEC(struct timeline_row) rows;
	VEC(size_t) members; /* event indexes, grouped by row */
	VEC(size_t) starts;  /* first member of each row, and one past the last */
	bool cut;
};

struct timeline *timeline_new(void)
{
	return xcalloc(1, sizeof(struct timeline));
}

void timeline_free(struct timeline *t)
{
	if (!t)
		return;
	arena_release(&t->arena);
	map_release(&t->seen);
	map_release(&t->strings);
	vec_free(&t->events);
	vec_free(&t->rows);
	vec_free(&t->members);
	vec_free(&t->starts);
	free(t);
}

static struct slice keep(struct timeline *t, struct slice s)
{
	bool added;
	struct map_entry *m;
	if (!s.n)
		return (struct slice){"", 0};
	m = map_put(&t->strings, s.s, s.n, &added);
	return (struct slice){m->key, m->len};
}

/* The same record from two sources is one row: identity is dataset and the source's own id. */
static bool is_new(struct timeline *t, const struct source_row *r)
{
	struct buf key = BUF_INIT;
	bool added;
	buf_str(&key, r->event->dataset);
	buf_ch(&key, '\0');
	buf_add(&key, r->event->uid.s, r->event->uid.n);
	if (!r->event->has_own_uid)
		buf_printf(&key, "%c%llu", '\0', (unsigned long long)r->id);
	map_put(&t->seen, key.s, key.len, &added);
	buf_release(&key);
	return added;
}

int timeline_add(struct timeline *t, const struct source_row *r, struct err *e)
{
	struct described d;
	struct tl_event *v;
	if (!r->event || !is_new(t, r))
		return 0;
	if (t->events.n >= TIMELINE_EVENTS_MAX) {
		t->cut = true;
		return err_set(e, ERR_LIMIT,
		               "the timeline is full at %d events: narrow the time or add a filter",
		               TIMELINE_EVENTS_MAX);
	}
	describe_event(r->event, &d);
	v = vec_push(&t->events);
	v->time = r->event->time;
	v->id = r->id;
	v->order = t->events.n;
	v->dataset = keep(t, slice_of(r->event->dataset)).s;
	v->source = keep(t, slice_of(r->source)).s;
	v->uid = keep(t, r->event->uid);
	v->actor = keep(t, d.actor);
	v->what = keep(t, d.what);
	v->target = keep(t, d.target);
	v->from = keep(t, d.from);
	v->outcome = keep(t, d.outcome);
	v->denied = d.denied;
	v->failed = d.failed;
	return 0;
}

void timeline_gap(struct timeline *t, mw_time from, mw_time to, const char *text)
{
	struct tl_event *v = vec_push(&t->events);
	v->time = from;
	v->to = to;
	v->id = EVENT_ID_NONE;
	v->order = t->events.n;
	v->dataset = v->source = "";
	v->what = keep(t, slice_of(text));
	v->uid = v->actor = v->target = v->from = v->outcome = (struct slice){"", 0};
	v->gap = true;
}

static int by_time(const void *a, const void *b)
{
	const struct tl_event *x = a, *y = b;
	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static bool line_has(const struct tl_event *v, struct slice word)
{
	const struct slice parts[] = {
	        v->actor, v->what, v->target, v->from, v->outcome, slice_of(v->dataset), v->uid};
	if (slice_ieq(word, SLICE("denied")) && v->denied)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (mw_memimem(parts[i].s, parts[i].n, word.s, word.n))
			return true;
	return false;
}

static bool passes(const struct tl_event *v, const char *filter)
{
	struct slice rest = slice_of(filter), word;
	while (slice_split(&rest, ' ', &word)) {
		bool not = word.n > 1 && word.s[0] == '-';
		if (not )
			word = (struct slice){word.s + 1, word.n - 1};
		if (word.n && line_has(v, word) == not )
			return false;
	}
	return true;
}

/* Interned strings are equal where their pointers are. */
static bool same_act(const struct timeline_row *r, const struct tl_event *v)
{
	return r->actor.s == v->actor.s && r->what.s == v->what.s && r->from.s == v->from.s &&
	       r->dataset == v->dataset && r->denied == v->denied && r->outcome.s == v->outcome.s;
}

static void row_start(struct timeline_row *r, const struct tl_event *v)
{
	*r = (struct timeline_row){
	        .time = v->time,
	        .to = v->gap ? v->to : v->time,
	        .dataset = v->dataset,
	        .source = v->source,
	        .actor = v->actor,
	        .what = v->what,
	        .target = v->target,
	        .from = v->from,
	        .outcome = v->outcome,
	        .count = 1,
	        .first_id = v->id,
	        .last_id = v->id,
	        .uid = v->uid,
	        .denied = v->denied,
	        .failed = v->failed,
	        .gap = v->gap,
	};
}

/* Finds the open row that the event prolongs: the actor's newest row, if it is the same act and not
 * long ago. */
static size_t *open_row(struct map *open, const struct tl_event *v)
{
	const char *key[2] = {v->actor.s, v->dataset};
	bool added;
	struct map_entry *m = map_put(open, key, sizeof(key), &added);
	if (added)
		m->val.u = SIZE_MAX;
	return (size_t *)&m->val.u;
}

static void fold(struct timeline *t, const char *filter, size_t *row_of)
{
	struct map open = MAP_INIT;
	for (size_t i = 0; i < t->events.n; i++) {
		const struct tl_event *v = &t->events.v[i];
		size_t *at;
		row_of[i] = SIZE_MAX;
		if (filter && !v->gap && !passes(v, filter))
			continue;
		at = open_row(&open, v);
		if (!v->gap && *at != SIZE_MAX && same_act(&t->rows.v[*at], v) &&
		    v->time - t->rows.v[*at].to <= BURST_GAP) {
			struct timeline_row *r = &t->rows.v[*at];
			r->to = v->time;
			r->last_id = v->id;
			r->count++;
			if (r->target.s != v->target.s)
				r->target = (struct slice){"", 0};
		} else {
			row_start(vec_push(&t->rows), v);
			*at = t->rows.n - 1;
		}
		row_of[i] = *at;
	}
	map_release(&open);
}

/* Counting sort of events by row, so that a row can list its members. */
static void index_members(struct timeline *t, const size_t *row_of)
{
	t->members.n = t->starts.n = 0;
	for (size_t i = 0; i <= t->rows.n; i++)
		*vec_push(&t->starts) = 0;
	for (size_t i = 0; i < t->events.n; i++)
		if (row_of[i] != SIZE_MAX)
			t->starts.v[row_of[i] + 1]++;
	for (size_t i = 1; i <= t->rows.n; i++)
		t->starts.v[i] += t->starts.v[i - 1];
	for (size_t i = 0; i < t->starts.v[t->rows.n]; i++)
		vec_push(&t->members);
	size_t *next = xcalloc(t->rows.n + 1, sizeof(*next));
	for (size_t i = 0; i < t->events.n; i++)
		if (row_of[i] != SIZE_MAX)
			t->members.v[t->starts.v[row_of[i]] + next[row_of[i]]++] = i;
	free(next);
}

static void mark_edges(struct timeline *t)
{
	struct map last = MAP_INIT;
	for (size_t i = 0; i < t->rows.n; i++) {
		struct timeline_row *r = &t->rows.v[i];
		bool added;
		struct map_entry *m;
		if (r->gap || !r->actor.n)
			continue;
		m = map_put(&last, &r->actor.s, sizeof(r->actor.s), &added);
		r->first = added;
		m->val.u = i;
	}
	for (size_t i = 0; i < last.n; i++)
		t->rows.v[last.entries[i].val.u].last = true;
	map_release(&last);
}

static void mark_rare(struct timeline *t, timeline_count_fn *count, void *ctx)
{
	for (size_t i = 0; i < t->rows.n; i++) {
		struct timeline_row *r = &t->rows.v[i];
		int64_t n = count && !r->gap ? count(ctx, r->what) : -1;
		r->rare = n > 0 && n <= RARE_IN_LAKE;
	}
}

/* A time without a fraction is good to a second only: neighbours of another dataset inside it may
 * have come in any order. */
static void mark_uncertain(struct timeline *t)
{
	for (size_t i = 1; i < t->rows.n; i++) {
		struct timeline_row *a = &t->rows.v[i - 1], *b = &t->rows.v[i];
		if (a->dataset == b->dataset || a->gap || b->gap || b->time - a->time >= MW_SECOND)
			continue;
		if (a->time % MW_SECOND == 0 || b->time % MW_SECOND == 0)
			a->uncertain = b->uncertain = true;
	}
}

void timeline_build(struct timeline *t, const char *filter, timeline_count_fn *count, void *ctx)
{
	size_t *row_of = xcalloc(t->events.n + 1, sizeof(*row_of));
	t->rows.n = 0;
	if (t->events.n)
		qsort(t->events.v, t->events.n, sizeof(*t->events.v), by_time);
	fold(t, filter, row_of);
	index_members(t, row_of);
	free(row_of);
	mark_edges(t);
	mark_rare(t, count, ctx);
	mark_uncertain(t);
}

size_t timeline_rows(const struct timeline *t, const struct timeline_row **rows)
{
	*rows = t->rows.v;
	return t->rows.n;
}

size_t timeline_events(const struct timeline *t)
{
	return t->events.n;
}

static void span_of(const struct timeline *t, mw_time *from, mw_time *to)
{
	*from = *to = MW_TIME_NONE;
	for (size_t i = 0; i < t->rows.n; i++) {
		const struct timeline_row *r = &t->rows.v[i];
		if (r->time == MW_TIME_NONE)
			continue;
		if (*from == MW_TIME_NONE)
			*from = r->time;
		if (*to == MW_TIME_NONE || r->to > *to)
			*to = r->to;
	}
}

static void add_histogram(cJSON *o, const struct timeline *t, mw_time from, mw_time to)
{
	cJSON *h = json_add_arr(o, "histogram");
	int64_t width = (to - from) / BUCKETS + 1;
	int64_t n[BUCKETS] = {0};
	json_add_i64(o, "bucket_s", width / MW_SECOND);
	for (size_t i = 0; i < t->members.n; i++) {
		const struct tl_event *v = &t->events.v[t->members.v[i]];
		if (!v->gap && v->time != MW_TIME_NONE && v->time >= from)
			n[(v->time - from) / width < BUCKETS ? (v->time - from) / width
			                                     : BUCKETS - 1]++;
	}
	for (size_t i = 0; i < BUCKETS; i++)
		cJSON_AddItemToArray(h, cJSON_CreateNumber((double)n[i]));
}

static void add_evidence(cJSON *o, const struct timeline *t, size_t row)
{
	cJSON *a = json_add_arr(o, "evidence");
	size_t from = t->starts.v[row], to = t->starts.v[row + 1];
	for (size_t i = from; i < to && i < from + ROW_EVIDENCE_MAX; i++) {
		event_id id = t->events.v[t->members.v[i]].id;
		char text[32];
		if (id == EVENT_ID_NONE)
			continue;
		snprintf(text, sizeof(text), "ev:%llu", (unsigned long long)id);
		cJSON_AddItemToArray(a, cJSON_CreateString(text));
	}
}

static cJSON *row_json(const struct timeline *t, size_t i)
{
	const struct timeline_row *r = &t->rows.v[i];
	const char *marks[] = {"first", "last", "rare", "denied", "failed", "gap"};
	const bool set[] = {r->first, r->last, r->rare, r->denied, r->failed, r->gap};
	cJSON *o = cJSON_CreateObject();
	json_add_time(o, "time", r->time);
	json_add_time(o, "to", r->to);
	json_add_str(o, "source", r->source);
	json_add_str(o, "dataset", r->dataset);
	json_add_slice(o, "actor", r->actor);
	json_add_slice(o, "what", r->what);
	json_add_slice(o, "target", r->target);
	json_add_slice(o, "from", r->from);
	json_add_slice(o, "outcome", r->outcome);
	json_add_i64(o, "count", (int64_t)r->count);
	json_add_i64(o, "uncertain_s", r->uncertain ? 1 : 0);
	for (size_t k = 0; k < ARRAY_LEN(marks); k++)
		if (set[k])
			json_add_bool(o, marks[k], true);
	add_evidence(o, t, i);
	return o;
}

cJSON *timeline_page(const struct timeline *t, size_t offset, size_t limit)
{
	cJSON *o = cJSON_CreateObject(), *rows;
	mw_time from, to;
	span_of(t, &from, &to);
	json_add_i64(o, "total_events", (int64_t)t->members.n);
	json_add_i64(o, "total_rows", (int64_t)t->rows.n);
	json_add_bool(o, "cut", t->cut);
	json_add_time(o, "from", from);
	json_add_time(o, "to", to);
	if (from != MW_TIME_NONE)
		add_histogram(o, t, from, to);
	rows = json_add_arr(o, "rows");
	for (size_t i = offset; i < t->rows.n && i - offset < limit; i++)
		cJSON_AddItemToArray(rows, row_json(t, i));
	return o;
}
