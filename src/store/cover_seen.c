#include "store/cover_seen.h"

/* Which column tells the resource that a class is logged by. */
static const char *const resource_fields[] = {
        [COVER_DATA] = "mw.bucket", [COVER_FLOW] = "src_endpoint.vpc_uid", [COVER_FINDING] = NULL};

struct column {
	struct seg *seg;
	struct seg_col *col; /* NULL: the segment has none */
};

static int open_column(struct column *c, struct seg *s, const char *name, struct err *e)
{
	const struct field *f = name ? field_find(slice_of(name)) : NULL;
	*c = (struct column){s, NULL};
	if (!f)
		return 0;
	if (seg_col(s, f->id, &c->col, e))
		return -1;
	return c->col ? seg_col_load(s, c->col, e) : 0;
}

static uint32_t code_at(const struct column *c, uint32_t row)
{
	uint32_t from, to;
	if (!c->col)
		return 0;
	seg_places(c->seg, c->col, row, &from, &to);
	return from < to ? seg_code(c->seg, c->col, from) : 0;
}

static struct slice value_of(const struct column *c, uint32_t code)
{
	return code ? seg_value_at(c->seg, c->col, code) : (struct slice){"", 0};
}

struct reading {
	struct seen_all *out;
	struct map index; /* class, dataset, account, region, resource -> place + 1 */
	const char *dataset;
	struct column account, region, resource, management, operation;
	struct seg_ints time, arrival;
	/* the row before: rows come in runs of the same kind */
	uint32_t codes[5];
	size_t last;
	uint64_t rnd;
};

static enum cover_class class_at(const struct reading *r, uint32_t row)
{
	uint32_t m = code_at(&r->management, row);
	if (m && strcmp(r->dataset, "cloudtrail") == 0)
		return slice_ieq(value_of(&r->management, m), SLICE("false")) ? COVER_DATA
		                                                              : COVER_MANAGEMENT;
	return cover_class_of(r->dataset, value_of(&r->operation, code_at(&r->operation, row)));
}

static const char *kept(struct reading *r, struct slice s)
{
	return arena_strndup(&r->out->arena, s.s, s.n);
}

static size_t place_of(struct reading *r, enum cover_class cls, const uint32_t codes[3])
{
	struct buf key = BUF_INIT;
	struct slice account = value_of(&r->account, codes[0]),
	             region = value_of(&r->region, codes[1]), resource = {"", 0};
	struct map_entry *e;
	bool added;

	if (cls == COVER_DATA || cls == COVER_FLOW)
		resource = value_of(&r->resource, codes[2]);
	buf_printf(&key, "%d\n%s\n%.*s\n%.*s\n%.*s", (int)cls, r->dataset, (int)account.n,
	           account.s, (int)region.n, region.s, (int)resource.n, resource.s);
	e = map_put(&r->index, key.s, key.len, &added);
	buf_release(&key);
	if (added) {
		struct seen *s = vec_push(&r->out->v);
		s->cls = cls;
		snprintf(s->dataset, sizeof(s->dataset), "%s", r->dataset);
		s->account = kept(r, account);
		s->region = kept(r, region);
		s->resource = kept(r, resource);
		s->from = s->to = s->newest = MW_TIME_NONE;
		e->val.u = r->out->v.n - 1;
	}
	return (size_t)e->val.u;
}

static void note_delay(struct reading *r, struct seen *s, int64_t delay)
{
	r->rnd = r->rnd * 6364136223846793005u + 1442695040888963407u;
	s->with_arrival++;
	if (s->ndelays < SEEN_SAMPLES)
		s->delays[s->ndelays++] = delay;
	else if ((r->rnd >> 33) % s->with_arrival < SEEN_SAMPLES)
		s->delays[(r->rnd >> 20) % SEEN_SAMPLES] = delay;
}

static void note_hour(struct seen *s, int64_t hour)
{
	if (s->nhours && s->hours[s->nhours - 1] == hour)
		return;
	if (s->nhours == s->hours_cap)
		s->hours = vec_grow(s->hours, &s->hours_cap, sizeof(*s->hours));
	s->hours[s->nhours++] = hour;
}

static void note(struct reading *r, struct seen *s, mw_time time, mw_time arrival)
{
	s->events++;
	if (arrival != MW_TIME_NONE) {
		s->newest = arrival > s->newest ? arrival : s->newest;
		if (time != MW_TIME_NONE && arrival >= time)
			note_delay(r, s, arrival - time);
	}
	if (time == MW_TIME_NONE)
		return;
	s->from = s->from == MW_TIME_NONE || time < s->from ? time : s->from;
	s->to = time > s->to ? time : s->to;
	note_hour(s, time / MW_HOUR - (time < 0));
}

static int read_columns(struct reading *r, struct lake_seg *ls, struct err *e)
{
	const char *resource = strcmp(ls->dataset, "cloudtrail") == 0 ? resource_fields[COVER_DATA]
	                                                              : resource_fields[COVER_FLOW];
	return open_column(&r->account, &ls->seg, "cloud.account.uid", e) ||
	                       open_column(&r->region, &ls->seg, "cloud.region", e) ||
	                       open_column(&r->resource, &ls->seg, resource, e) ||
	                       open_column(&r->management, &ls->seg, "mw.management", e) ||
	                       open_column(&r->operation, &ls->seg, "api.operation", e) ||
	                       seg_ints(&ls->seg, SEG_TIME, &r->time, e) ||
	                       seg_ints(&ls->seg, SEG_ARRIVAL, &r->arrival, e)
	               ? -1
	               : 0;
}

static int read_segment(struct reading *r, struct lake_seg *ls, struct err *e)
{
	r->dataset = ls->dataset;
	if (lake_seg_open(ls, e) || read_columns(r, ls, e))
		return -1;
	r->last = SIZE_MAX;
	for (uint32_t row = 0; row < ls->rows; row++) {
		uint32_t codes[5] = {code_at(&r->account, row), code_at(&r->region, row),
		                     code_at(&r->resource, row), code_at(&r->management, row),
		                     code_at(&r->operation, row)};
		if (lake_row_dead(ls, row))
			continue;
		if (r->last == SIZE_MAX || memcmp(codes, r->codes, sizeof(codes)) != 0) {
			memcpy(r->codes, codes, sizeof(codes));
			r->last = place_of(r, class_at(r, row), codes);
		}
		note(r, &r->out->v.v[r->last], seg_int(&r->time, row), seg_int(&r->arrival, row));
	}
	return 0;
}

int seen_read(struct seen_all *out, struct lake *l, struct err *e)
{
	struct reading r = {.out = out};
	int rc = 0;
	*out = (struct seen_all){0};
	for (size_t i = 0; i < l->segs.n && !rc; i++)
		rc = read_segment(&r, l->segs.v[i], e);
	map_release(&r.index);
	if (rc)
		seen_release(out);
	return rc;
}

static bool same_kind(const struct seen *a, const struct seen *b)
{
	return a->cls == b->cls && !strcmp(a->dataset, b->dataset) &&
	       !strcmp(a->account, b->account) && !strcmp(a->region, b->region) &&
	       !strcmp(a->resource, b->resource);
}

void seen_add(struct seen_all *to, const struct seen *s)
{
	struct seen *have = NULL, *x;

	vec_each (x, &to->v)
		if (same_kind(x, s))
			have = x;
	if (!have) {
		have = vec_push(&to->v);
		*have = *s;
		have->account = arena_strdup(&to->arena, s->account);
		have->region = arena_strdup(&to->arena, s->region);
		have->resource = arena_strdup(&to->arena, s->resource);
		return;
	}
	have->events += s->events;
	if (s->from != MW_TIME_NONE && (have->from == MW_TIME_NONE || s->from < have->from))
		have->from = s->from;
	have->to = s->to > have->to ? s->to : have->to;
	have->newest = s->newest > have->newest ? s->newest : have->newest;
}

void seen_release(struct seen_all *s)
{
	for (size_t i = 0; i < s->v.n; i++)
		free(s->v.v[i].hours);
	vec_free(&s->v);
	arena_release(&s->arena);
	*s = (struct seen_all){0};
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

int64_t seen_delay(const struct seen *s, int percent)
{
	int64_t sorted[SEEN_SAMPLES];
	if (!s->ndelays)
		return -1;
	memcpy(sorted, s->delays, s->ndelays * sizeof(*sorted));
	qsort(sorted, s->ndelays, sizeof(*sorted), by_value);
	return sorted[(s->ndelays - 1) * (size_t)percent / 100];
}

#define HOLE_HOURS 6  /* shorter ones say nothing */
#define HOLE_FACTOR 8 /* and it is so many times as long as hours with events are apart */

size_t seen_holes(struct seen *s, struct hole *out, size_t max)
{
	size_t n = 0, distinct = 1;
	int64_t least;
	if (s->nhours < 2)
		return 0;
	qsort(s->hours, s->nhours, sizeof(*s->hours), by_value);
	for (size_t i = 1; i < s->nhours; i++)
		if (s->hours[i] != s->hours[distinct - 1])
			s->hours[distinct++] = s->hours[i];
	s->nhours = distinct;
	least = HOLE_FACTOR * (s->hours[distinct - 1] - s->hours[0]) / (int64_t)distinct;
	least = least < HOLE_HOURS ? HOLE_HOURS : least;
	for (size_t i = 1; i < distinct && n < max; i++)
		if (s->hours[i] - s->hours[i - 1] > least)
			out[n++] = (struct hole){(s->hours[i - 1] + 1) * MW_HOUR,
			                         s->hours[i] * MW_HOUR};
	return n;
}
