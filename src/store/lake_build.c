#include "store/lake.h"

#include <sodium.h>
#include <zstd.h>

#include "base/evjson.h"
#include "base/limits.h"
#include "base/map.h"
#include "store/catalog.h"
#include "store/column.h"
#include "store/gram.h"
#include "store/segout.h"

#define ZSTD_LEVEL 1
#define PATH_VALUE_MAX 1024 /* longer values of a raw path are not kept in the catalogue */
#define RECORD_LEAST \
	1024 /* what a small record counts, so that LAKE_BATCH_BYTES bounds the rows as well */
#define PARTS_MAX 4096 /* datasets of one batch */

struct path_stat {             /* what a raw path held */
	uint32_t events, last; /* last: row + 1 */
	bool seen, overflow;
	struct column values;
};

struct part { /* the events of one dataset */
	char dataset[SEG_NAME_MAX];
	uint32_t rows;
	uint64_t raw_bytes;
	VEC(int64_t) time, arrival, line, rawlen;
	struct buf keys;    /* SEG_KEY bytes a row */
	struct map repeats; /* file and key of records without an id -> how often so far */
	struct column *fields[FIELD_MAX];
	struct column uid, file;
	field_id
	        uid_field; /* every uid so far is that field's first value; FIELD_NONE: they are in uid */
	VEC(struct path_stat) paths; /* by the reader's path number */
	uint32_t npaths;
	bool paths_cut;
	struct buf raw; /* the frame being filled */
	struct buf
	        decoded; /* texts of it that are not in raw as they are: a zero byte after each */
	VEC(uint32_t) spelled; /* by path number: frame + 1 in which the path's keys were added */
	uint32_t frame_first;
	VEC(struct seg_frame) frames;
	VEC(uint8_t *) grams; /* GRAM_BYTES a frame */
	struct buf packed;
};

struct lake_builder {
	struct map parts; /* dataset -> struct part */
	struct ev_reader *reader;
	struct gram_set *grams;
	ZSTD_CCtx *zstd;
	size_t bytes;
	/* of the record being walked */
	struct part *part;
	bool has_escapes;
};

struct lake_builder *lake_builder_new(void)
{
	struct lake_builder *b = xcalloc(1, sizeof(*b));

	b->reader = ev_reader_new();
	b->grams = gram_new();
	b->zstd = ZSTD_createCCtx();
	if (!b->zstd)
		mw_oom();
	ZSTD_CCtx_setParameter(b->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	return b;
}

static void part_free(struct part *p)
{
	for (size_t i = 0; i < FIELD_MAX; i++) {
		if (!p->fields[i])
			continue;
		column_release(p->fields[i]);
		free(p->fields[i]);
	}
	for (size_t i = 0; i < p->paths.n; i++)
		column_release(&p->paths.v[i].values);
	for (size_t i = 0; i < p->grams.n; i++)
		free(p->grams.v[i]);
	column_release(&p->uid);
	column_release(&p->file);
	vec_free(&p->time);
	vec_free(&p->arrival);
	vec_free(&p->line);
	vec_free(&p->rawlen);
	buf_release(&p->keys);
	map_release(&p->repeats);
	vec_free(&p->paths);
	vec_free(&p->spelled);
	vec_free(&p->frames);
	vec_free(&p->grams);
	buf_release(&p->raw);
	buf_release(&p->decoded);
	buf_release(&p->packed);
	free(p);
}

static void drop_parts(struct lake_builder *b)
{
	for (size_t i = 0; i < b->parts.n; i++)
		part_free(b->parts.entries[i].val.p);
	map_release(&b->parts);
	b->bytes = 0;
}

void lake_builder_free(struct lake_builder *b)
{
	if (!b)
		return;
	drop_parts(b);
	ev_reader_free(b->reader);
	gram_free(b->grams);
	ZSTD_freeCCtx(b->zstd);
	free(b);
}

size_t lake_builder_bytes(const struct lake_builder *b)
{
	return b->bytes;
}

static struct part *part_of(struct lake_builder *b, const char *dataset, struct err *e)
{
	struct map_entry *at;
	bool added;

	if (!dataset || !*dataset || strlen(dataset) >= SEG_NAME_MAX || b->parts.n >= PARTS_MAX) {
		err_set(e, ERR_LIMIT,
		        "the dataset name '%.80s' is empty or longer than %d bytes, or there are "
		        "more than %d",
		        dataset ? dataset : "", SEG_NAME_MAX - 1, PARTS_MAX);
		return NULL;
	}
	at = map_put_str(&b->parts, dataset, &added);
	if (added) {
		struct part *p = xcalloc(1, sizeof(*p));
		snprintf(p->dataset, sizeof(p->dataset), "%s", dataset);
		p->uid_field = FIELD_MAX;
		column_init(&p->uid);
		column_init(&p->file);
		buf_init(&p->keys, 0);
		buf_init(&p->raw, 0);
		buf_init(&p->decoded, 0);
		buf_init(&p->packed, 0);
		at->val.p = p;
	}
	return at->val.p;
}

/* ---- raw paths and decoded texts ---- */

/* A text that is searched for as decoded, but is not in the raw bytes in that form. */
static void add_decoded(struct part *p, struct slice text)
{
	buf_add(&p->decoded, text.s, text.n);
	buf_ch(&p->decoded, '\0');
}

/* Keys with escapes too: the path has them decoded. Once a frame and path. */
static void add_path_text(struct part *p, const struct ev_leaf *leaf)
{
	uint32_t frame = (uint32_t)p->frames.n + 1;

	if (leaf->path_id != EV_PATH_OTHER) {
		while (p->spelled.n <= leaf->path_id)
			*vec_push(&p->spelled) = 0;
		if (p->spelled.v[leaf->path_id] == frame)
			return;
		p->spelled.v[leaf->path_id] = frame;
	}
	for (size_t i = 0; i < leaf->path.n; i++)
		if (leaf->path.s[i] != '\\')
			buf_ch(&p->decoded, leaf->path.s[i]);
	buf_ch(&p->decoded, '\0');
}

static struct path_stat *stat_of(struct part *p, uint32_t id)
{
	while (p->paths.n <= id)
		(void)vec_push(&p->paths);
	struct path_stat *s = &p->paths.v[id];

	if (!s->seen) {
		if (p->npaths >= CATALOG_PATHS_MAX)
			return NULL;
		p->npaths++;
		s->seen = true;
		column_init(&s->values);
	}
	return s;
}

static void count_path(struct part *p, const struct ev_leaf *leaf)
{
	struct path_stat *s = leaf->path_id == EV_PATH_OTHER ? NULL : stat_of(p, leaf->path_id);
	uint32_t number;

	if (!s) {
		p->paths_cut = true;
		return;
	}
	s->events += s->last != p->rows + 1;
	s->last = p->rows + 1;
	if (s->overflow)
		return;
	number = leaf->value.n > PATH_VALUE_MAX
	                 ? UINT32_MAX
	                 : column_number(&s->values, leaf->value, CATALOG_RAW_VALUES_MAX);
	if (number == UINT32_MAX)
		s->overflow = true;
	else
		s->values.values.v[number - 1].events++;
}

static bool walk_leaf(void *ctx, const struct ev_leaf *leaf)
{
	struct lake_builder *b = ctx;

	if (b->has_escapes) {
		if (leaf->escaped)
			add_decoded(b->part, leaf->value);
		add_path_text(b->part, leaf);
	}
	if (leaf->value.n && leaf->type != EV_NULL)
		count_path(b->part, leaf);
	return true;
}

/* ---- frames ---- */

static void close_frame(struct lake_builder *b, struct part *p)
{
	struct seg_frame *f;
	size_t bound = ZSTD_compressBound(p->raw.len), n;

	if (p->rows == p->frame_first)
		return;
	n = ZSTD_compress2(b->zstd, buf_room(&p->packed, bound), bound, p->raw.s, p->raw.len);
	if (ZSTD_isError(n))
		mw_oom();
	f = vec_push(&p->frames);
	*f = (struct seg_frame){.off = p->packed.len,
	                        .packed = (uint32_t)n,
	                        .size = (uint32_t)p->raw.len,
	                        .first = p->frame_first,
	                        .rows = p->rows - p->frame_first};
	p->packed.len += n;
	gram_add(b->grams, (struct slice){p->raw.s, p->raw.len});
	gram_add(b->grams, (struct slice){p->decoded.s, p->decoded.len});
	uint8_t *bits = *vec_push(&p->grams) = xmalloc(GRAM_BYTES);
	gram_take(b->grams, bits);
	buf_reset(&p->raw);
	buf_reset(&p->decoded);
	p->frame_first = p->rows;
}

/* ---- adding ---- */

static void hash_key(const struct part *p, const char *kind, struct slice text, uint64_t repeat,
                     uint8_t key[SEG_KEY])
{
	crypto_generichash_state st;

	crypto_generichash_init(&st, NULL, 0, SEG_KEY);
	crypto_generichash_update(&st, (const uint8_t *)p->dataset, strlen(p->dataset) + 1);
	crypto_generichash_update(&st, (const uint8_t *)kind, 1);
	if (repeat)
		crypto_generichash_update(&st, (const uint8_t *)&repeat, sizeof(repeat));
	crypto_generichash_update(&st, (const uint8_t *)text.s, text.n);
	crypto_generichash_final(&st, key, SEG_KEY);
}

/* How often the same record without an id has come in this file before: each is an event. */
static uint64_t repeat_of(struct part *p, const struct event *ev, const uint8_t key[SEG_KEY])
{
	struct buf b = BUF_INIT;
	struct map_entry *m;

	buf_add(&b, key, SEG_KEY);
	buf_add(&b, ev->basename.s, ev->basename.n);
	m = map_put(&p->repeats, b.s, b.len, NULL);
	buf_release(&b);
	return m->val.u++;
}

/* What an event is known by, for dedup. BLAKE2b, since content may be made to collide by whoever
 * writes the log. */
static void make_key(struct part *p, const struct event *ev)
{
	uint8_t key[SEG_KEY];
	uint64_t repeat;

	hash_key(p, ev->has_own_uid ? "u" : "r", ev->has_own_uid ? ev->uid : ev->raw, 0, key);
	repeat = ev->has_own_uid ? 0 : repeat_of(p, ev, key);
	if (repeat)
		hash_key(p, "n", ev->raw, repeat, key);
	buf_add(&p->keys, key, sizeof(key));
}

/* "<basename>:<line>" is made up again when it is asked for. */
static bool is_place(const struct event *ev)
{
	char line[24];
	size_t n = (size_t)snprintf(line, sizeof(line), ":%llu", (unsigned long long)ev->line);

	return ev->basename.n && ev->uid.n == ev->basename.n + n &&
	       memcmp(ev->uid.s, ev->basename.s, ev->basename.n) == 0 &&
	       memcmp(ev->uid.s + ev->basename.n, line, n) == 0;
}

/* The field whose first value is this very text. */
static field_id uid_field_of(const struct event *ev)
{
	const struct event_val *v;

	vec_each (v, &ev->vals)
		if (v->value.s == ev->uid.s && v->value.n == ev->uid.n &&
		    slice_eq(event_get(ev, v->field), ev->uid))
			return v->field;
	return FIELD_NONE;
}

/* Uids so far go into a column of their own after all. */
static void split_uids(struct part *p)
{
	const struct column *c = p->uid_field < FIELD_MAX ? p->fields[p->uid_field] : NULL;

	p->uid_field = FIELD_NONE;
	for (uint32_t row = 0; c && row < p->rows && row < c->codes.n; row++) {
		const struct column_value *v =
		        c->codes.v[row] ? &c->values.v[c->codes.v[row] - 1] : NULL;
		if (v)
			column_add(&p->uid, row, (struct slice){c->text.s + v->off, v->len});
	}
}

/* Mostly the uid is also a field (metadata.uid): one column for both is enough, as long as that holds for every row. */
static void add_uid(struct part *p, const struct event *ev)
{
	bool own = ev->uid.n && (ev->has_own_uid || !is_place(ev));
	field_id f = own && p->uid_field != FIELD_NONE ? uid_field_of(ev) : FIELD_NONE;

	if (p->uid_field == FIELD_MAX && p->rows == 0 && f != FIELD_NONE)
		p->uid_field = f;
	if (p->uid_field != FIELD_NONE && (p->uid_field == FIELD_MAX || f != p->uid_field))
		split_uids(p);
	if (own && p->uid_field == FIELD_NONE)
		column_add(&p->uid, p->rows, ev->uid);
}

static void add_values(struct part *p, const struct event *ev)
{
	const struct event_val *v;

	vec_each (v, &ev->vals) {
		struct column **c = &p->fields[v->field];
		if (!*c) {
			*c = xmalloc(sizeof(**c));
			column_init(*c);
		}
		column_add(*c, p->rows, v->value);
	}
	add_uid(p, ev);
	if (ev->basename.n)
		column_add(&p->file, p->rows, ev->basename);
	*vec_push(&p->time) = ev->time;
	*vec_push(&p->arrival) = ev->arrival;
	*vec_push(&p->line) = (int64_t)ev->line;
	*vec_push(&p->rawlen) = (int64_t)ev->raw.n;
}

static void walk_raw(struct lake_builder *b, struct part *p, struct slice raw)
{
	struct slice body = slice_trim(raw);

	if (body.n == 0 || (body.s[0] != '{' && body.s[0] != '['))
		return;
	b->part = p;
	b->has_escapes = memchr(raw.s, '\\', raw.n) != NULL;
	/* Text that turns out to be no JSON has shown the leaves that a search finds in it. */
	(void)!ev_walk(b->reader, raw, walk_leaf, b, NULL, NULL);
}

int lake_builder_add(struct lake_builder *b, const struct event *ev, struct err *e)
{
	struct part *p = part_of(b, ev->dataset, e);

	if (!p)
		return -1;
	if (p->rows >= SEG_ROWS_MAX)
		return err_set(e, ERR_INTERNAL, "a batch of %u events was not finished", p->rows);
	if (ev->raw.n > MW_RECORD_MAX)
		return err_set(e, ERR_LIMIT, "a record of %zu bytes is over the cap of %u",
		               ev->raw.n, MW_RECORD_MAX);
	if (p->raw.len && p->raw.len + ev->raw.n > SEG_FRAME)
		close_frame(b, p);
	make_key(p, ev);
	add_values(p, ev);
	walk_raw(b, p, ev->raw);
	buf_add(&p->raw, ev->raw.s, ev->raw.n);
	p->rows++;
	p->raw_bytes += ev->raw.n;
	b->bytes += ev->raw.n > RECORD_LEAST ? ev->raw.n : RECORD_LEAST;
	return 0;
}

/* ---- writing ---- */

struct key_order {
	const uint8_t *key;
	uint32_t row;
};

static int by_key(const void *a, const void *b)
{
	const struct key_order *x = a, *y = b;
	int c = memcmp(x->key, y->key, SEG_KEY);

	return c ? c : (x->row > y->row) - (x->row < y->row);
}

static void write_keys(const struct part *p, struct seg_out *out)
{
	struct key_order *o = xcalloc(p->rows + 1, sizeof(*o));

	for (uint32_t i = 0; i < p->rows; i++)
		o[i] = (struct key_order){(const uint8_t *)p->keys.s + (size_t)i * SEG_KEY, i};
	qsort(o, p->rows, sizeof(*o), by_key);
	segout_section(out, SEG_KEYS, 0, "");
	for (uint32_t i = 0; i < p->rows; i++)
		segout_bytes(out, o[i].key, SEG_KEY);
	segout_section(out, SEG_KEYROWS, 0, "");
	for (uint32_t i = 0; i < p->rows; i++)
		segout_bytes(out, &o[i].row, 4);
	free(o);
}

static void write_frames(struct part *p, struct seg_out *out)
{
	size_t n = p->frames.n, width = (n + 7) / 8;
	uint8_t *matrix = xcalloc(GRAM_BYTES * 8, width + 1);
	int log = gram_matrix((const uint8_t *const *)p->grams.v, n, matrix);
	uint64_t start;

	segout_section(out, SEG_RAW, 0, "");
	start = out->at;
	segout_bytes(out, p->packed.s, p->packed.len);
	for (size_t i = 0; i < n; i++)
		p->frames.v[i].off += start;
	segout_section(out, SEG_FRAMES, 0, "");
	segout_bytes(out, p->frames.v, n * sizeof(*p->frames.v));
	segout_section(out, SEG_FILTER, (uint32_t)log, "");
	segout_bytes(out, matrix, ((size_t)1 << log) * width);
	free(matrix);
}

static void write_text(struct seg_out *out, struct slice text)
{
	uint32_t n = (uint32_t)text.n;

	segout_bytes(out, &n, 4);
	segout_bytes(out, text.s, text.n);
}

static void write_path(const struct path_stat *s, struct slice path, struct seg_out *out)
{
	uint32_t n[3] = {s->events, !s->overflow, (uint32_t)s->values.values.n};

	segout_bytes(out, n, sizeof(n));
	write_text(out, path);
	for (size_t i = 0; i < s->values.values.n; i++) {
		const struct column_value *v = &s->values.values.v[i];
		segout_bytes(out, &v->events, 4);
		write_text(out, (struct slice){s->values.text.s + v->off, v->len});
	}
}

static void write_columns(struct part *p, struct seg_out *out)
{
	if (p->uid_field < FIELD_MAX && p->fields[p->uid_field]->more.n)
		split_uids(p);
	if (p->uid_field < FIELD_MAX)
		segout_section(out, SEG_UID, 0, field_at(p->uid_field)->name);
	if (p->uid.values.n) {
		segout_section(out, SEG_UID, 0, "");
		column_write(&p->uid, p->rows, out);
	}
	if (p->file.values.n) {
		segout_section(out, SEG_FILE, 0, "");
		column_write(&p->file, p->rows, out);
	}
	for (size_t i = 0; i < FIELD_MAX; i++) {
		if (!p->fields[i])
			continue;
		segout_section(out, SEG_FIELD, 0, field_at((field_id)i)->name);
		column_write(p->fields[i], p->rows, out);
	}
}

static void make_head(const struct part *p, struct seg_head *h)
{
	*h = (struct seg_head){.rows = p->rows,
	                       .raw_bytes = p->raw_bytes,
	                       .from = MW_TIME_NONE,
	                       .to = MW_TIME_NONE,
	                       .newest = MW_TIME_NONE};
	snprintf(h->dataset, sizeof(h->dataset), "%s", p->dataset);
	for (uint32_t i = 0; i < p->rows; i++) {
		int64_t t = p->time.v[i];
		h->newest = p->arrival.v[i] > h->newest ? p->arrival.v[i] : h->newest;
		if (t == MW_TIME_NONE) {
			h->untimed++;
			continue;
		}
		h->from = h->from == MW_TIME_NONE || t < h->from ? t : h->from;
		h->to = t > h->to ? t : h->to;
	}
}

static int write_part(struct lake_builder *b, struct part *p, struct seg_out *out,
                      struct seg_part *where, struct err *e)
{
	struct seg_head h;

	close_frame(b, p);
	make_head(p, &h);
	write_frames(p, out);
	write_columns(p, out);
	write_keys(p, out);
	segout_section(out, SEG_PATHS, p->paths_cut, "");
	for (uint32_t i = 0; i < p->paths.n; i++)
		if (p->paths.v[i].seen)
			write_path(&p->paths.v[i], ev_path_text(b->reader, i), out);
	segout_ints(out, SEG_TIME, p->time.v, p->rows);
	segout_ints(out, SEG_ARRIVAL, p->arrival.v, p->rows);
	segout_ints(out, SEG_LINE, p->line.v, p->rows);
	segout_ints(out, SEG_RAWLEN, p->rawlen.v, p->rows);
	return segout_end(out, &h, where, e);
}

int lake_builder_finish(struct lake_builder *b, int fd, struct err *e)
{
	struct seg_out out;
	struct seg_part *parts = xcalloc(b->parts.n + 1, sizeof(*parts));
	int rc = 0;

	segout_init(&out, fd);
	for (size_t i = 0; i < b->parts.n && rc == 0; i++)
		rc = write_part(b, b->parts.entries[i].val.p, &out, &parts[i], e);
	if (rc == 0)
		rc = segout_foot(&out, parts, b->parts.n, e);
	segout_release(&out);
	free(parts);
	drop_parts(b);
	return rc;
}
