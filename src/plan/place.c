#include "plan/place.h"

void place_write(const struct place *at, struct buf *b)
{
	if (!at)
		return;
	place_write(at->up, b);
	if (at->key)
		buf_printf(b, "%s%s", b->len ? "." : "", at->key);
	else
		buf_printf(b, "[%zu]", at->index);
}

int place_err(const struct place *at, struct err *e, const char *fmt, ...)
{
	struct buf b;
	va_list ap;

	buf_init(&b, 0);
	place_write(at, &b);
	buf_str(&b, b.len ? ": " : "the plan: ");
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	err_set(e, ERR_INVALID, "%s", b.s);
	buf_release(&b);
	return -1;
}
