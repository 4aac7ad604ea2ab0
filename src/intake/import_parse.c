/* The parse process: one unit, from open descriptors to batches. */
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <zlib.h>

#include "intake/import_int.h"
#include "proc/sandbox.h"

#define HEAP_STEP (96 << 20)
#define LARGE_PAGE (2 << 20)
#define PROGRESS_STEP (4u * 1024 * 1024)

struct parsing {
	int sock, batch_fd;
	const struct import_opts *opts;
	struct lake_builder *builder;
	size_t file;
	uint64_t events, told;
	char *text; /* of a graph object */
};

/* Waits for the file of the next batch only when there is something to put into it. */
static int finish_batch(struct parsing *p, struct err *e)
{
	int rc;

	if (lake_builder_bytes(p->builder) == 0)
		return 0;
	p->batch_fd = wire_take_fd(p->sock, e);
	if (p->batch_fd < 0)
		return -1;
	rc = lake_builder_finish(p->builder, p->batch_fd, e);
	if (rc == 0 && fdatasync(p->batch_fd) < 0)
		rc = err_errno(e, "writing a batch of events");
	close(p->batch_fd);
	return rc ? rc : wire_send(p->sock, IM_BATCH, NULL, 0, NULL, 0, e);
}

static int on_event(void *ctx, const struct event *ev, struct err *e)
{
	struct parsing *p = ctx;

	p->events++;
	if (lake_builder_add(p->builder, ev, e))
		return -1;
	return lake_builder_bytes(p->builder) >= LAKE_BATCH_BYTES ? finish_batch(p, e) : 0;
}

static int on_graph(void *ctx, const cJSON *object, struct err *e)
{
	struct parsing *p = ctx;
	struct buf text = BUF_INIT;
	int rc;

	json_write(&text, object);
	rc = wire_send(p->sock, IM_GRAPH, text.s, text.len, NULL, 0, e);
	buf_release(&text);
	return rc;
}

static int on_reject(void *ctx, const struct intake_reject *r, struct err *e)
{
	struct parsing *p = ctx;
	struct im_reject head = {p->file, r->line};
	struct buf text = BUF_INIT;
	size_t n = r->raw.n > LAKE_REJECT_RAW_MAX + 1 ? LAKE_REJECT_RAW_MAX + 1 : r->raw.n;
	int rc;

	buf_str(&text, r->reason);
	buf_ch(&text, '\0');
	buf_add(&text, r->raw.s, n);
	rc = wire_send(p->sock, IM_REJECT, &head, sizeof(head), text.s, text.len, e);
	buf_release(&text);
	return rc;
}

static bool on_progress(void *ctx, uint64_t bytes)
{
	struct parsing *p = ctx;
	struct im_progress m = {bytes - p->told};

	if (m.bytes < PROGRESS_STEP)
		return true;
	p->told = bytes;
	return wire_send(p->sock, IM_PROGRESS, &m, sizeof(m), NULL, 0, NULL) == 0;
}

void import_head(int fd, struct buf *head)
{
	char *raw = xmalloc(INTAKE_HEAD);
	ssize_t n = pread(fd, raw, INTAKE_HEAD, 0);
	z_stream z = {0};

	buf_reset(head);
	if (n > 2 && memcmp(raw, "\x1f\x8b", 2) == 0 && inflateInit2(&z, 15 + 16) == Z_OK) {
		z.next_in = (Bytef *)raw;
		z.avail_in = (uInt)n;
		z.next_out = (Bytef *)buf_room(head, INTAKE_HEAD);
		z.avail_out = INTAKE_HEAD;
		inflate(&z, Z_SYNC_FLUSH);
		head->len = INTAKE_HEAD - z.avail_out;
		inflateEnd(&z);
	} else if (n > 0) {
		buf_add(head, raw, (size_t)n);
	}
	free(raw);
}

const char *import_base_name(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash && slash[1] ? slash + 1 : name;
}

static int tell_file(struct parsing *p, const char *format, const char *what, struct err *e)
{
	struct im_file m = {p->file, p->events};
	struct buf text = BUF_INIT;
	int rc;

	buf_str(&text, format);
	buf_ch(&text, '\0');
	buf_str(&text, what);
	buf_ch(&text, '\0');
	rc = wire_send(p->sock, IM_FILE, &m, sizeof(m), text.s, text.len, e);
	buf_release(&text);
	return rc;
}

/* 0 also where the file could not be read: that is told. */
static int parse_file(struct parsing *p, const struct import_file *f, const struct unit_file *u,
                      struct err *e)
{
	struct intake_opts o = {.basename = import_base_name(f->name),
	                        .path = f->name,
	                        .mapping = p->opts->mapping,
	                        .from = u->from,
	                        .to = u->to,
	                        .first_line = u->first_line};
	struct intake_sink sink = {p, on_event, on_graph, on_reject, on_progress};
	const struct intake_format *format;
	struct buf head = BUF_INIT;
	struct err why = {0};

	p->file = u->file;
	p->events = p->told = 0;
	import_head(f->fd, &head);
	format = intake_detect((struct slice){head.s, head.len}, o.basename, &why);
	buf_release(&head);
	if (format && !u->to)
		lseek(f->fd, 0, SEEK_SET);
	if (format && intake_read(f->fd, format, &o, &sink, &why) == 0)
		why.what[0] = '\0';
	if (why.code == ERR_FULL || why.code == ERR_CANCELLED) {
		*e = why;
		return -1;
	}
	return tell_file(p, format ? intake_format_name(format) : "", why.what, e);
}

/* A parser touches tens of megabytes once: in large pages that costs a few page faults instead of ten thousand. */
static void use_large_pages(void)
{
	uintptr_t from = ((uintptr_t)sbrk(0) + LARGE_PAGE - 1) & ~(uintptr_t)(LARGE_PAGE - 1);
	void *volatile first; /* volatile, so that the pair of calls stays */

	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, INT_MAX);
	mallopt(M_TOP_PAD, HEAP_STEP);
	first = xmalloc(LARGE_PAGE);
	free(first);
	madvise((void *)from, ((uintptr_t)sbrk(0) - from) & ~(uintptr_t)(LARGE_PAGE - 1),
	        MADV_HUGEPAGE);
}

void import_parse(int sock, const struct import_file *files, const struct unit *u,
                  const struct import_opts *o)
{
	struct parsing p = {.sock = sock, .batch_fd = -1, .opts = o};
	struct err e = {0};
	int rc;

	use_large_pages();
	p.builder = lake_builder_new();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	rc = sandbox_enter(SB_NONE, NULL, &e);
	for (size_t i = 0; i < u->files.n && rc == 0; i++)
		rc = parse_file(&p, &files[u->files.v[i].file], &u->files.v[i], &e);
	if (rc == 0)
		rc = finish_batch(&p, &e);
	if (rc && e.what[0])
		(void)tell_file(&p, "", e.what, NULL);
	if (rc == 0)
		rc = wire_send(sock, IM_END, NULL, 0, NULL, 0, &e);
	_exit(!rc ? 0 : e.code == ERR_FULL ? PARSE_FULL : 1);
}
