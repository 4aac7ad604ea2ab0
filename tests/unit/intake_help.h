/*
 * Reading small files through intake/ in tests: what came out is kept as text, one event a line group.
 */
#ifndef MW_INTAKE_HELP_H
#define MW_INTAKE_HELP_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "intake/intake.h"

struct got {
	struct buf text; /* the newest event: "field=value\n" for each value, after its members */
	struct buf ids;  /* all uids, with a newline each */
	struct buf rejects; /* "line: reason\n" */
	uint64_t events, graph, rejected, raw_bytes;
	uint64_t stop_after; /* progress says stop after so many calls; 0 never */
};

static inline void got_release(struct got *g)
{
	buf_release(&g->text);
	buf_release(&g->ids);
	buf_release(&g->rejects);
}

static inline int got_event(void *ctx, const struct event *ev, struct err *e)
{
	struct got *g = ctx;
	char time[32] = "none";

	(void)e;
	if (ev->time != MW_TIME_NONE)
		mw_time_format(ev->time, time);
	buf_reset(&g->text);
	buf_printf(&g->text, "dataset=%s\ntime=%s\nuid=%.*s\n", ev->dataset, time, (int)ev->uid.n,
	           ev->uid.s);
	for (size_t i = 0; i < ev->vals.n; i++)
		buf_printf(&g->text, "%s=%.*s\n", field_at(ev->vals.v[i].field)->name,
		           (int)ev->vals.v[i].value.n, ev->vals.v[i].value.s);
	buf_printf(&g->ids, "%.*s\n", (int)ev->uid.n, ev->uid.s);
	g->events++;
	g->raw_bytes += ev->raw.n;
	return 0;
}

static inline int got_graph(void *ctx, const cJSON *o, struct err *e)
{
	(void)o;
	(void)e;
	((struct got *)ctx)->graph++;
	return 0;
}

static inline int got_reject(void *ctx, const struct intake_reject *r, struct err *e)
{
	struct got *g = ctx;

	(void)e;
	g->rejected++;
	buf_printf(&g->rejects, "%llu: %s\n", (unsigned long long)r->line, r->reason);
	return 0;
}

static inline bool got_progress(void *ctx, uint64_t bytes)
{
	struct got *g = ctx;

	(void)bytes;
	return !g->stop_after || --g->stop_after;
}

static inline int fd_of(const void *p, size_t n)
{
	int fd = memfd_create("mw-test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	while (n) {
		ssize_t w = write(fd, p, n);

		assert_true(w > 0);
		p = (const char *)p + w;
		n -= (size_t)w;
	}
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* Detects by the head given (NULL: from the file itself, plain) and reads all of fd. */
static inline int read_fd(int fd, struct slice head, const char *basename, const char **format,
                          struct got *g, struct err *e)
{
	struct intake_sink sink = {g, got_event, got_graph, got_reject, got_progress};
	struct intake_opts o = {.basename = basename};
	const struct intake_format *f = intake_detect(head, basename, e);

	if (!f)
		return -1;
	if (format)
		*format = intake_format_name(f);
	return intake_read(fd, f, &o, &sink, e);
}

/* Reads a text as a file; the format must be the one said. */
static inline void read_text(const char *text, size_t n, const char *basename, const char *format,
                             struct got *g)
{
	const char *found = "none";
	struct err e = {0};
	int fd = fd_of(text, n);

	*g = (struct got){.text = BUF_INIT, .ids = BUF_INIT, .rejects = BUF_INIT};
	int rc = read_fd(fd, (struct slice){text, n < INTAKE_HEAD ? n : INTAKE_HEAD}, basename,
	                 &found, g, &e);
	close(fd);
	assert_string_equal(rc ? e.what : "", "");
	assert_string_equal(found, format);
}

/* The newest event has this "field=value" line. */
static inline void has_line(const struct got *g, const char *line)
{
	char want[512];

	snprintf(want, sizeof(want), "%s\n", line);
	if (!strstr(g->text.s, want)) {
		print_message("no \"%s\" in:\n%s", line, g->text.s);
		fail();
	}
}

static inline void has_no(const struct got *g, const char *field)
{
	char want[128];

	snprintf(want, sizeof(want), "\n%s=", field);
	if (strstr(g->text.s, want)) {
		print_message("unwanted %s in:\n%s", field, g->text.s);
		fail();
	}
}

#endif
