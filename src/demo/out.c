#include "demo/out.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

void out_init(struct out *o, int dir, uint64_t seed)
{
	*o = (struct out){.dir = dir, .truth = BUF_INIT};
	rng_seed(&o->rng, seed, "out");
	vec_push(&o->stories);
}

void out_release(struct out *o)
{
	vec_free(&o->stream);
	vec_free(&o->events);
	vec_free(&o->stories);
	map_release(&o->streams);
	buf_release(&o->truth);
	arena_release(&o->arena);
}

void out_story(struct out *o, const char *id, const char *kind, const char *severity,
               const char *title)
{
	o->story = (uint32_t)o->stories.n;
	*vec_push(&o->stories) = (struct out_story){id, kind, severity, title};
}

void out_resume(struct out *o, const char *id)
{
	o->story = 0;
	for (uint32_t i = 1; id && i < o->stories.n; i++)
		if (!strcmp(o->stories.v[i].id, id))
			o->story = i;
}

void out_noise(struct out *o)
{
	o->story = 0;
}

uint32_t out_stream(struct out *o, const char *path, enum out_wrap wrap, int64_t slice,
                    const char *header)
{
	struct map_entry *m = map_put_str(&o->streams, path, NULL);
	if (!m->val.u) {
		*vec_push(&o->stream) =
		        (struct out_stream){arena_strdup(&o->arena, path), wrap, slice, header};
		m->val.u = o->stream.n;
	}
	return (uint32_t)m->val.u - 1;
}

void out_put(struct out *o, uint32_t stream, mw_time at, const char *id, struct buf *b)
{
	struct out_event *ev = vec_push(&o->events);
	*ev = (struct out_event){.at = at, .stream = stream, .story = o->story};
	ev->seq = (uint32_t)o->events.n;
	ev->len = (uint32_t)b->len;
	ev->id = id ? arena_strdup(&o->arena, id) : NULL;
	ev->body = arena_strndup(&o->arena, b->s, b->len);
	buf_reset(b);
}

const char *out_uuid(struct out *o)
{
	char uuid[RNG_UUID];
	rng_uuid(&o->rng, uuid);
	return arena_strndup(&o->arena, uuid, sizeof(uuid));
}

static int make_folders(int dir, const char *path, struct err *e)
{
	for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
		char *part = xstrndup(path, (size_t)(p - path));
		int bad = mkdirat(dir, part, 0700) && errno != EEXIST;
		if (bad)
			err_errno(e, "cannot make the folder %s", part);
		free(part);
		if (bad)
			return -1;
	}
	return 0;
}

/* One gzip member without time or name, so that the same records give the same bytes. */
static void gzip_bytes(struct buf *to, struct slice from)
{
	z_stream z = {0};
	deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	size_t bound = deflateBound(&z, from.n);
	z.next_in = (z_const Bytef *)(uintptr_t)from.s;
	z.avail_in = (uInt)from.n;
	z.next_out = (Bytef *)buf_room(to, bound);
	z.avail_out = (uInt)bound;
	deflate(&z, Z_FINISH);
	to->len += bound - z.avail_out;
	deflateEnd(&z);
}

static int write_all(int fd, struct slice s)
{
	while (s.n) {
		ssize_t n = write(fd, s.s, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		s.s += n;
		s.n -= (size_t)n;
	}
	return 0;
}

int out_file(struct out *o, const char *path, struct slice bytes, struct err *e)
{
	struct buf gz = BUF_INIT;
	size_t n = strlen(path);
	if (n > 3 && !strcmp(path + n - 3, ".gz")) {
		gzip_bytes(&gz, bytes);
		bytes = (struct slice){gz.s, gz.len};
	}
	int rc = make_folders(o->dir, path, e);
	int fd = rc ? -1 : openat(o->dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (!rc && fd < 0)
		rc = err_errno(e, "cannot create %s", path);
	if (fd >= 0 && write_all(fd, bytes))
		rc = err_errno(e, "cannot write %s", path);
	if (fd >= 0 && close(fd) && !rc)
		rc = err_errno(e, "cannot write %s", path);
	o->nfiles++;
	o->bytes += bytes.n;
	buf_release(&gz);
	return rc;
}

static int by_place_and_time(const void *a, const void *b)
{
	const struct out_event *x = a, *y = b;
	if (x->stream != y->stream)
		return x->stream < y->stream ? -1 : 1;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* %D 2026/03/14, %d 2026-03-14, %T 20260314T0240Z, %H 16 hex digits of a hash */
static char *file_name(struct out *o, const struct out_stream *s, mw_time from)
{
	struct buf b = BUF_INIT;
	struct civil c;
	mw_time_civil(from, &c);
	for (const char *p = s->path; *p; p++) {
		if (*p != '%') {
			buf_ch(&b, *p);
			continue;
		}
		p++;
		if (*p == 'D')
			buf_printf(&b, "%04d/%02d/%02d", c.year, c.month, c.day);
		else if (*p == 'd')
			buf_printf(&b, "%04d-%02d-%02d", c.year, c.month, c.day);
		else if (*p == 'T')
			buf_str(&b, iso_file(from).s);
		else
			buf_printf(&b, "%016lx",
			           (unsigned long)(mw_hash(s->path, strlen(s->path)) ^
			                           (uint64_t)from * UINT64_C(0x9e3779b97f4a7c15)));
	}
	char *name = arena_strndup(&o->arena, b.s, b.len);
	buf_release(&b);
	return name;
}

/* One truth line a run of events of the same story in one file. */
static void note_story(struct out *o, const struct out_event *ev, const char *path, uint32_t line,
                       bool first)
{
	const struct out_story *s = &o->stories.v[ev->story];
	const char *base = strrchr(path, '/');
	if (first)
		jfmt(&o->truth,
		     "{'story':%s,'kind':%s,'severity':%s,'title':%s,'file':%s,'event_ids':[",
		     s->id, s->kind, s->severity, s->title, path);
	else
		buf_ch(&o->truth, ',');
	if (ev->id)
		jfmt(&o->truth, "%s", ev->id);
	else
		buf_printf(&o->truth, "\"%s:%u\"", base ? base + 1 : path, line);
}

static void note_stories(struct out *o, size_t from, size_t to, const char *path, bool header)
{
	for (uint32_t s = 1; s < o->stories.n; s++) {
		bool any = false;
		for (size_t i = from; i < to; i++) {
			if (o->events.v[i].story != s)
				continue;
			note_story(o, &o->events.v[i], path, (uint32_t)(i - from) + 1 + header,
			           !any);
			any = true;
		}
		if (any)
			buf_str(&o->truth, "]}\n");
	}
}

static int flush_file(struct out *o, size_t from, size_t to, struct err *e)
{
	const struct out_stream *s = &o->stream.v[o->events.v[from].stream];
	mw_time at = o->events.v[from].at;
	const char *path = file_name(o, s, at - at % s->slice);
	struct buf b = BUF_INIT;
	bool records = s->wrap == OUT_RECORDS;
	if (records)
		buf_str(&b, "{\"Records\":[");
	if (s->header)
		buf_printf(&b, "%s\n", s->header);
	for (size_t i = from; i < to; i++) {
		if (records && i > from)
			buf_ch(&b, ',');
		buf_add(&b, o->events.v[i].body, o->events.v[i].len);
		if (!records)
			buf_ch(&b, '\n');
	}
	if (records)
		buf_str(&b, "]}");
	int rc = out_file(o, path, (struct slice){b.s, b.len}, e);
	note_stories(o, from, to, path, s->header != NULL);
	buf_release(&b);
	return rc;
}

int out_flush(struct out *o, struct err *e)
{
	qsort(o->events.v, o->events.n, sizeof(*o->events.v), by_place_and_time);
	for (size_t from = 0, to; from < o->events.n; from = to) {
		const struct out_event *first = &o->events.v[from];
		int64_t slice = o->stream.v[first->stream].slice;
		for (to = from + 1; to < o->events.n; to++) {
			const struct out_event *ev = &o->events.v[to];
			if (ev->stream != first->stream || ev->at / slice != first->at / slice)
				break;
		}
		if (flush_file(o, from, to, e))
			return -1;
	}
	o->nevents = o->events.n;
	return out_file(o, "truth.jsonl", (struct slice){o->truth.s, o->truth.len}, e);
}
