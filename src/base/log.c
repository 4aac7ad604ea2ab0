#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mwtime.h"

#define LOG_ENTRY_MAX 8192

static char log_process[32] = "midwatch";
static int log_fd = STDERR_FILENO;
static enum log_level log_least = LOG_INFO;

void log_init(const char *process, int fd, enum log_level least)
{
	snprintf(log_process, sizeof(log_process), "%s", process);
	log_fd = fd;
	log_least = least;
}

/* Only bytes that could start a new entry or drive a terminal are changed; UTF-8 text stays
 * readable. */
static void add_escaped(struct buf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		bool c1 = c == 0xC2 && i + 1 < n && ((unsigned char)s[i + 1] & 0xE0) == 0x80;
		if (c1)
			buf_printf(out, "\\x%02x", (unsigned char)s[++i]);
		else if (c < 0x20 || c == 0x7F)
			buf_printf(out, "\\x%02x", c);
		else
			buf_ch(out, (char)c);
	}
}

MW_PRINTF(2, 0) static void log_entry(enum log_level level, const char *fmt, va_list ap)
{
	static const char *const names[] = {"debug", "info", "warn", "error"};
	char when[32], text[LOG_ENTRY_MAX / 2];
	struct buf out;
	int saved = errno, n = vsnprintf(text, sizeof(text), fmt, ap);

	mw_time_format(mw_now(), when);
	buf_init(&out, 0);
	buf_printf(&out, "%s %s %s[%d]: ", when, names[level], log_process, (int)getpid());
	if (n > 0)
		add_escaped(&out, text, strlen(text));
	buf_str(&out, n >= (int)sizeof(text) ? "...\n" : "\n");
	(void)!write(log_fd, out.s,
	             out.len); /* one write, so that entries of several processes do not mix */
	buf_release(&out);
	errno = saved;
}

void mw_log(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (level < log_least)
		return;
	va_start(ap, fmt);
	log_entry(level, fmt, ap);
	va_end(ap);
}

void mw_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_entry(LOG_ERROR, fmt, ap);
	va_end(ap);
	exit(70);
}
