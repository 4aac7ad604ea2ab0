#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const code_names[] = {
        [ERR_NONE] = "none",         [ERR_INVALID] = "invalid", [ERR_NOT_FOUND] = "not_found",
        [ERR_DENIED] = "denied",     [ERR_LIMIT] = "limit",     [ERR_CANCELLED] = "cancelled",
        [ERR_DEADLINE] = "deadline", [ERR_IO] = "io",           [ERR_REMOTE] = "remote",
        [ERR_CONFLICT] = "conflict", [ERR_FULL] = "full",       [ERR_INTERNAL] = "internal",
};

/* Marks a text that did not fit, without leaving half a UTF-8 character in front of the mark. */
static void mark_cut(char *what, size_t size)
{
	size_t at = size - 4;

	while (at > 0 && ((unsigned char)what[at] & 0xC0) == 0x80)
		at--;
	memcpy(what + at, "...", 4);
}

MW_PRINTF(3, 0) static void put(struct err *e, enum err_code code, const char *fmt, va_list ap)
{
	int n = vsnprintf(e->what, sizeof(e->what), fmt, ap);

	e->code = code;
	if (n >= (int)sizeof(e->what))
		mark_cut(e->what, sizeof(e->what));
}

static void append(struct err *e, const char *sep, const char *text)
{
	size_t at = strlen(e->what);
	int n = snprintf(e->what + at, sizeof(e->what) - at, "%s%s", sep, text);

	if (n >= (int)(sizeof(e->what) - at))
		mark_cut(e->what, sizeof(e->what));
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return -1;
	va_start(ap, fmt);
	put(e, code, fmt, ap);
	va_end(ap);
	return -1;
}

int err_errno(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (!e)
		return -1;
	va_start(ap, fmt);
	put(e, saved == ENOSPC || saved == EDQUOT ? ERR_FULL : ERR_IO, fmt, ap);
	va_end(ap);
	append(e, ": ", strerror(saved));
	return -1;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->what)];
	va_list ap;

	if (!e)
		return -1;
	memcpy(old, e->what, sizeof(old));
	va_start(ap, fmt);
	put(e, e->code, fmt, ap);
	va_end(ap);
	append(e, ": ", old);
	return -1;
}

const char *err_code_name(enum err_code code)
{
	return (size_t)code < ARRAY_LEN(code_names) ? code_names[code] : "internal";
}

enum err_code err_code_from_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(code_names); i++)
		if (name && strcmp(name, code_names[i]) == 0)
			return (enum err_code)i;
	return ERR_INTERNAL;
}
