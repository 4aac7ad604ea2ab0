/*
 * The process's own log (stderr or the engine's log file), one line an entry: time, level, process, text. Outside text is
 * escaped by the caller's %s going through mw_log: control bytes are written as \xNN, so that a forged newline cannot make
 * a second entry. Never give it a secret. Thread-safe.
 */
#ifndef MW_LOG_H
#define MW_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
void log_init(const char *process, int fd, enum log_level least); /* fd stays the caller's */
void mw_log(enum log_level level, const char *fmt, ...) MW_PRINTF(2, 3);
/* Logs, then exits with status 70. For our own broken invariants only. */
MW_NORETURN void mw_die(const char *fmt, ...) MW_PRINTF(1, 2);

#endif
