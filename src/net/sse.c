/* Server-sent events as WHATWG HTML section 9.2 parses them: lines end in LF, CR or CRLF; data lines are joined by LF. */
#include "net/http.h"

void sse_init(struct sse *s)
{
	buf_init(&s->line, SSE_EVENT_MAX);
	buf_init(&s->data, SSE_EVENT_MAX);
	buf_init(&s->event, 256);
	s->cr = s->begun = false;
}

void sse_release(struct sse *s)
{
	buf_release(&s->line);
	buf_release(&s->data);
	buf_release(&s->event);
}

static int dispatch(struct sse *s, sse_fn *fn, void *ctx, struct err *e)
{
	int rc = 0;
	if (s->data.len)
		rc = fn(ctx, s->event.len ? s->event.s : "message",
		        (struct slice){s->data.s, s->data.len - 1}, e);
	buf_reset(&s->data);
	buf_reset(&s->event);
	return rc;
}

static void field(struct sse *s, struct slice name, struct slice value)
{
	if (value.n && value.s[0] == ' ')
		value = (struct slice){value.s + 1, value.n - 1};
	/* Older llama.cpp servers write a field of their own, "error: {...}" (vendor README; unconfirmed for current ones). */
	if (slice_eq(name, SLICE("error"))) {
		buf_reset(&s->event);
		buf_str(&s->event, "error");
		name = SLICE("data");
	}
	if (slice_eq(name, SLICE("data"))) {
		buf_add(&s->data, value.s, value.n);
		buf_ch(&s->data, '\n');
	} else if (slice_eq(name, SLICE("event"))) {
		buf_reset(&s->event);
		buf_add(&s->event, value.s, value.n);
	}
}

static int line_done(struct sse *s, sse_fn *fn, void *ctx, struct err *e)
{
	struct slice line = {s->line.s, s->line.len};
	const char *colon = memchr(line.s, ':', line.n);
	int rc = 0;
	if (!s->begun && line.n >= 3 && !memcmp(line.s, "\xef\xbb\xbf", 3)) {
		line = (struct slice){line.s + 3, line.n - 3};
		colon = memchr(line.s, ':', line.n);
	}
	s->begun = true;
	if (s->line.over || s->data.over)
		return err_set(e, ERR_LIMIT, "one streamed event is over %d bytes", SSE_EVENT_MAX);
	if (!line.n)
		rc = dispatch(s, fn, ctx, e);
	else if (!colon)
		field(s, line, SLICE(""));
	else if (colon != line.s)
		field(s, (struct slice){line.s, (size_t)(colon - line.s)},
		      (struct slice){colon + 1, line.n - (size_t)(colon - line.s) - 1});
	buf_reset(&s->line);
	return rc;
}

int sse_feed(struct sse *s, struct slice part, sse_fn *fn, void *ctx, struct err *e)
{
	for (size_t i = 0; i < part.n; i++) {
		char c = part.s[i];
		bool after_cr = s->cr;
		s->cr = c == '\r';
		if (c == '\n' && after_cr)
			continue;
		if (c != '\n' && c != '\r')
			buf_ch(&s->line, c);
		else if (line_done(s, fn, ctx, e))
			return -1;
	}
	return 0;
}
