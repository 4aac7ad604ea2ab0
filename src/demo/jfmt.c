#include "demo/jfmt.h"
#include "base/json.h"
#include "base/log.h"

static void put_string(struct buf *b, const char *s)
{
	if (s)
		json_write_string(b, slice_of(s));
	else
		buf_str(b, "null");
}

/* One conversion, p behind the percent sign; returns where the template goes on. */
static const char *convert(struct buf *b, const char *p, va_list *ap)
{
	switch (*p) {
	case 's':
		put_string(b, va_arg(*ap, const char *));
		return p + 1;
	case '-':
		buf_str(b, va_arg(*ap, const char *));
		return p + 2;
	case 'd':
		buf_printf(b, "%d", va_arg(*ap, int));
		return p + 1;
	case 'i':
		buf_str(b, va_arg(*ap, int) ? "true" : "false");
		return p + 1;
	case 'l':
		buf_printf(b, "%ld", va_arg(*ap, long));
		return p + 2;
	default:
		mw_die("jfmt: unknown conversion %%%c", *p);
	}
}

void jfmt_v(struct buf *b, const char *tmpl, va_list ap)
{
	va_list copy;
	va_copy(copy, ap);
	while (*tmpl) {
		size_t n = strcspn(tmpl, "%'");
		buf_add(b, tmpl, n);
		tmpl += n;
		if (*tmpl == '\'') {
			buf_ch(b, '"');
			tmpl++;
		} else if (*tmpl == '%') {
			tmpl = convert(b, tmpl + 1, &copy);
		}
	}
	va_end(copy);
}

void jfmt(struct buf *b, const char *tmpl, ...)
{
	va_list ap;
	va_start(ap, tmpl);
	jfmt_v(b, tmpl, ap);
	va_end(ap);
}

char *jfmt_arena(struct arena *a, const char *tmpl, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;
	va_start(ap, tmpl);
	jfmt_v(&b, tmpl, ap);
	va_end(ap);
	char *s = arena_strndup(a, b.s, b.len);
	buf_release(&b);
	return s;
}

struct iso iso(mw_time t)
{
	struct iso out;
	mw_time_format(t - t % MW_SECOND, out.s);
	return out;
}

struct iso iso_ms(mw_time t)
{
	struct iso out = iso(t);
	snprintf(out.s + 19, sizeof(out.s) - 19, ".%03dZ", (int)(t % MW_SECOND / 1000));
	return out;
}

struct iso iso_file(mw_time t)
{
	struct iso out;
	struct civil c;
	mw_time_civil(t, &c);
	snprintf(out.s, sizeof(out.s), "%04u%02u%02uT%02u%02uZ", (unsigned)c.year % 10000,
	         (unsigned)c.month % 100, (unsigned)c.day % 100, (unsigned)c.hour % 100,
	         (unsigned)c.minute % 100);
	return out;
}
