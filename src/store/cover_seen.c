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

struct seen *seen_of(struct seen_all *all, enum cover_class cls, const char *dataset,
                     struct slice account, struct slice region, struct slice resource)
{
	struct buf key = BUF_INIT;
	struct map_entry *e;
	struct seen *s;
	bool added;

	buf_printf(&key, "%d\n%s\n%.*s\n%.*s\n%.*s", (int)cls, dataset, (int)account.n, account.s,
	           (int)region.n, region.s, (int)resource.n, resource.s);
	e = map_put(&all->index, key.s, key.len, &added);
	buf_release(&key);
	if (!added)
		return &all->v.v[e->val.u];
	e->val.u = all->v.n;
	s = vec_push(&all->v);
	s->cls = cls;
	snprintf(s->dataset, sizeof(s->dataset), "%s", dataset);
	s->account = arena_strndup(&all->arena, account.s, account.n);
	s->region = arena_strndup(&all->arena, region.s, region.n);
	s->resource = arena_strndup(&all->arena, resource.s, resource.n);
	s->from = s->to = s->newest = MW_TIME_NONE;
	return s;
}

static size_t place_of(struct reading *r, enum cover_class cls, const uint32_t codes[3])
{
	bool told = cls == COVER_DATA || cls == COVER_FLOW;
	struct seen *s = seen_of(r->out, cls, r->dataset, value_of(&r->account, codes[0]),
	                         value_of(&r->region, codes[1]),
	                         told ? value_of(&r->resource, codes[2]) : (struct slice){"", 0});

	return (size_t)(s - r->out->v.v);
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
	if (rc)
		seen_release(out);
	return rc;
}

void seen_release(struct seen_all *s)
{
	for (size_t i = 0; i < s->v.n; i++)
		free(s->v.v[i].hours);
	vec_free(&s->v);
	map_release(&s->index);
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
