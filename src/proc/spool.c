#include "proc/spool.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/evjson.h"
#include "base/mem.h"
#include "base/limits.h"
#include "base/mwtime.h"

#define FLUSH_BYTES (64 * 1024)
#define FLUSH_US 100000
#define INDEX_PAGE 4096 /* rows looked at for one page */

int spool_create(struct spool *s, int dirfd, struct err *e)
{
	s->data = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	s->index = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->data >= 0 && s->index >= 0)
		return 0;
	err_errno(e, "spool file");
	spool_close(s);
	return -1;
}

void spool_close(struct spool *s)
{
	if (s->data >= 0)
		close(s->data);
	if (s->index >= 0)
		close(s->index);
	s->data = s->index = -1;
}

void spool_writer_init(struct spool_writer *w, struct spool files)
{
	*w = (struct spool_writer){.files = files, .data = BUF_INIT, .index = BUF_INIT};
	w->flushed_at = mw_mono_us();
}

void spool_writer_release(struct spool_writer *w)
{
	spool_close(&w->files);
	buf_release(&w->data);
	buf_release(&w->index);
}

static int write_all(int fd, struct buf *b, struct err *e)
{
	size_t at = 0;

	while (at < b->len) {
		ssize_t n = write(fd, b->s + at, b->len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, "writing rows");
		at += (size_t)n;
	}
	buf_reset(b);
	return 0;
}

int spool_flush(struct spool_writer *w, struct err *e)
{
	w->flushed_at = mw_mono_us();
	if (write_all(w->files.data, &w->data,
	              e)) /* the index after the data: what it names is there */
		return -1;
	return write_all(w->files.index, &w->index, e);
}

int spool_add(struct spool_writer *w, struct slice json, struct err *e)
{
	uint64_t end;

	if (json.n > MW_ROW_MAX)
		return err_set(e, ERR_LIMIT, "a row of %zu bytes; the cap is %d", json.n,
		               MW_ROW_MAX);
	buf_add(&w->data, json.s, json.n);
	buf_ch(&w->data, '\n');
	w->bytes += json.n + 1;
	w->rows++;
	end = htole64(w->bytes);
	buf_add(&w->index, &end, sizeof(end));
	if (w->data.len >= FLUSH_BYTES || mw_mono_us() - w->flushed_at >= FLUSH_US)
		return spool_flush(w, e);
	return 0;
}

uint64_t spool_rows(const struct spool *s)
{
	struct stat st;

	return s->index >= 0 && fstat(s->index, &st) == 0 ? (uint64_t)st.st_size / 8 : 0;
}

/* The offsets around rows [offset, offset + n): n + 1 of them. False where the index does not hold
 * them. */
static bool read_ends(const struct spool *s, uint64_t offset, uint64_t n, uint64_t *ends)
{
	uint64_t skip = offset ? 0 : 1;
	size_t want = (size_t)(n + 1 - skip) * 8;

	ends[0] = 0;
	if (pread(s->index, ends + skip, want, (off_t)((offset - 1 + skip) * 8)) != (ssize_t)want)
		return false;
	for (uint64_t i = skip; i <= n; i++)
		ends[i] = le64toh(ends[i]);
	for (uint64_t i = 0; i < n; i++)
		if (ends[i + 1] <= ends[i] || ends[i + 1] - ends[i] > MW_ROW_MAX + 1)
			return false;
	return true;
}

static bool one_json_line(const char *p, size_t n)
{
	size_t used;

	return n > 1 && p[n - 1] == '\n' && !memchr(p, '\n', n - 1) &&
	       ev_skip((struct slice){p, n - 1}, &used) == 1 &&
	       slice_trim((struct slice){p + used, n - 1 - used}).n == 0;
}

static int join_rows(const char *text, const uint64_t *ends, uint64_t n, struct buf *out,
                     struct err *e)
{
	for (uint64_t i = 0; i < n; i++) {
		const char *row = text + (ends[i] - ends[0]);
		size_t len = (size_t)(ends[i + 1] - ends[i]);
		if (!one_json_line(row, len))
			return err_set(e, ERR_INTERNAL, "a worker wrote a row that is no JSON");
		if (i)
			buf_ch(out, ',');
		buf_add(out, row, len - 1);
	}
	return 0;
}

int spool_page(const struct spool *s, uint64_t offset, uint64_t limit, size_t max_bytes,
               struct buf *out, uint64_t *n, struct err *e)
{
	uint64_t have = spool_rows(s), ends[INDEX_PAGE + 1], count;
	char *text;
	int rc = -1;

	*n = 0;
	if (offset >= have || limit == 0)
		return 0;
	count = have - offset < limit ? have - offset : limit;
	if (count > INDEX_PAGE)
		count = INDEX_PAGE;
	if (!read_ends(s, offset, count, ends))
		return err_set(e, ERR_INTERNAL,
		               "the row index of this job is broken; run it again");
	while (count > 1 && ends[count] - ends[0] > max_bytes)
		count--;
	text = xmalloc((size_t)(ends[count] - ends[0]));
	if (pread(s->data, text, (size_t)(ends[count] - ends[0]), (off_t)ends[0]) !=
	    (ssize_t)(ends[count] - ends[0]))
		err_set(e, ERR_INTERNAL, "the rows of this job are broken; run it again");
	else
		rc = join_rows(text, ends, count, out, e);
	free(text);
	*n = rc ? 0 : count;
	return rc;
}

cJSON *spool_page_json(const struct spool *s, uint64_t offset, uint64_t limit, size_t max_bytes,
                       uint64_t *n, struct err *e)
{
	struct buf b = BUF_INIT;
	cJSON *rows = NULL;

	buf_ch(&b, '[');
	if (!spool_page(s, offset, limit, max_bytes, &b, n, e)) {
		buf_ch(&b, ']');
		rows = json_parse((struct slice){b.s, b.len}, b.len, e);
	}
	buf_release(&b);
	return rows;
}
