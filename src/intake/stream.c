#include <errno.h>
#include <unistd.h>
#include <zlib.h>

#include "base/mem.h"
#include "intake/stream.h"
#include "intake/utf16.h"

#define PIECE (512 * 1024)

struct stream {
	int fd;
	bool ranged, gz, raw_end, end;
	uint64_t at, to, raw;
	struct buf window;
	struct slice memory;
	size_t consumed;
	z_stream z;
	unsigned char *in;
	const char *damage;
	bool begun, wide; /* UTF-16 */
	struct utf16 utf16;
	struct buf narrow; /* a piece of it as UTF-8 */
};

/* The bytes from `from` on are new in the window: UTF-16 becomes UTF-8. */
static void narrow(struct stream *s, size_t from)
{
	struct slice fresh = {s->window.s + from, s->window.len - from};

	/* Only the beginning of a file has a mark. */
	if (!s->begun && s->at == s->raw)
		s->wide = utf16_begin(&s->utf16, fresh);
	s->begun = true;
	if (!s->wide)
		return;
	buf_reset(&s->narrow);
	utf16_add(&s->utf16, fresh, &s->narrow);
	if (s->end)
		utf16_end(&s->utf16, &s->narrow);
	s->window.len = from;
	buf_add(&s->window, s->narrow.s, s->narrow.len);
}

/* Up to n bytes; 0 at the end, -1 with errno. */
static ssize_t read_raw(struct stream *s, void *p, size_t n)
{
	ssize_t got;

	if (s->ranged && s->to && s->at + n > s->to)
		n = s->to - s->at;
	if (!n)
		return 0;
	do
		got = s->ranged ? pread(s->fd, p, n, (off_t)s->at) : read(s->fd, p, n);
	while (got < 0 && errno == EINTR);
	if (got > 0) {
		s->at += (uint64_t)got;
		s->raw += (uint64_t)got;
	}
	return got;
}

static int start(struct stream *s, struct err *e)
{
	while (s->window.len < 2 && !s->raw_end) {
		ssize_t got = read_raw(s, buf_room(&s->window, PIECE), PIECE);

		if (got < 0)
			return err_errno(e, "reading the file");
		s->raw_end = got == 0;
		s->window.len += (size_t)got;
	}
	s->gz = s->window.len >= 2 && memcmp(s->window.s, "\x1f\x8b", 2) == 0;
	if (!s->gz) {
		narrow(s, 0);
		return 0;
	}
	/* What was read is compressed: it goes to where inflate takes its input from. */
	s->in = xmalloc(PIECE);
	memcpy(s->in, s->window.s, s->window.len);
	s->z.next_in = s->in;
	s->z.avail_in = (uInt)s->window.len;
	buf_reset(&s->window);
	if (inflateInit2(&s->z, 15 + 16) != Z_OK)
		mw_oom();
	return 0;
}

struct stream *stream_open(int fd, uint64_t from, uint64_t to, struct err *e)
{
	struct stream *s = xcalloc(1, sizeof(*s));

	s->fd = fd;
	s->ranged = from || to;
	s->at = from;
	s->to = to;
	buf_init(&s->window, 0);
	buf_init(&s->narrow, 0);
	if (start(s, e)) {
		stream_close(s);
		return NULL;
	}
	return s;
}

struct stream *stream_of_memory(struct slice m)
{
	struct stream *s = xcalloc(1, sizeof(*s));

	buf_init(&s->window, 0);
	s->fd = -1;
	s->memory = m;
	s->end = true;
	return s;
}

void stream_close(struct stream *s)
{
	if (!s)
		return;
	if (s->in)
		inflateEnd(&s->z);
	free(s->in);
	buf_release(&s->window);
	buf_release(&s->narrow);
	free(s);
}

struct slice stream_window(const struct stream *s)
{
	struct slice w = s->fd < 0 ? s->memory : (struct slice){s->window.s, s->window.len};

	return (struct slice){w.s + s->consumed, w.n - s->consumed};
}

void stream_consume(struct stream *s, size_t n)
{
	s->consumed += n;
}

/* 1 something came out, 0 the end (perhaps damaged), -1 the file cannot be read. */
static int inflate_some(struct stream *s, struct err *e)
{
	char *out = buf_room(&s->window, PIECE);

	s->z.next_out = (Bytef *)out;
	s->z.avail_out = PIECE;
	while (s->z.avail_out == PIECE) {
		if (!s->z.avail_in) {
			ssize_t got = read_raw(s, s->in, PIECE);

			if (got < 0)
				return err_errno(e, "reading the file");
			if (!got) {
				s->damage = "the gzip data ends early";
				break;
			}
			s->z.next_in = s->in;
			s->z.avail_in = (uInt)got;
		}
		int rc = inflate(&s->z, Z_NO_FLUSH);
		if (rc == Z_STREAM_END) {
			ssize_t got = s->z.avail_in ? 1 : read_raw(s, s->in, PIECE);

			if (got < 0)
				return err_errno(e, "reading the file");
			if (!s->z.avail_in && got) {
				s->z.next_in = s->in;
				s->z.avail_in = (uInt)got;
			}
			/* Zeroes behind the last member are padding. */
			s->end = !got || *s->z.next_in != 0x1f;
			if (s->end)
				break;
			inflateReset(&s->z);
		} else if (rc != Z_OK && rc != Z_BUF_ERROR) {
			s->damage = s->z.msg ? s->z.msg : "the gzip data is damaged";
			break;
		}
	}
	size_t n = PIECE - s->z.avail_out;
	s->window.len += n;
	s->end = s->end || s->damage;
	narrow(s, s->window.len - n);
	return n > 0;
}

int stream_more(struct stream *s, struct err *e)
{
	if (s->end)
		return 0;
	if (s->consumed) {
		buf_consume(&s->window, s->consumed);
		s->consumed = 0;
	}
	if (s->gz)
		return inflate_some(s, e);
	/* A record that fills the window: read more at once, so that the searches over it stay linear. */
	size_t want = s->window.len > PIECE ? s->window.len : PIECE;
	ssize_t got = read_raw(s, buf_room(&s->window, want), want);
	if (got < 0)
		return err_errno(e, "reading the file");
	s->window.len += (size_t)got;
	s->end = got == 0;
	narrow(s, s->window.len - (size_t)got);
	return got > 0;
}

uint64_t stream_raw_bytes(const struct stream *s)
{
	return s->raw;
}

const char *stream_damage(const struct stream *s)
{
	return s->damage;
}
