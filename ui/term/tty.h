/*
 * The one owner of the terminal: modes, the only reader, the only writer, signals, and its restoration on every way out
 * (exit, fatal signals here; SIGKILL through a guard process that waits on a pipe). Output never blocks: what the terminal
 * cannot take yet waits here, and the caller draws no new frame meanwhile. One thread, one instance.
 */
#ifndef MW_UI_TTY_H
#define MW_UI_TTY_H

#include <termios.h>

#include "base/err.h"
#include "term/caps.h"
#include "term/key.h"

struct tty {
	int fd;    /* own open file description, non-blocking */
	int sigfd; /* SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT, SIGCHLD */
	int guard_pipe;
	struct termios saved;
	struct caps caps;
	struct decoder decoder;
	struct buf out; /* waiting for the terminal */
	bool active;    /* our modes are on */
	bool mouse;
	int esc_delay_ms;
};

enum tty_event { TTY_NOTHING, TTY_RESIZE, TTY_SUSPEND, TTY_CHILD, TTY_QUIT };

int tty_open(struct tty *t, enum colour_mode colour, struct err *e) MW_USE_RESULT;
void tty_close(struct tty *t); /* restores; may be called twice */
void tty_leave(struct tty *t); /* gives the terminal back for a while: $EDITOR, Ctrl-Z */
void tty_enter(struct tty *t);
void tty_stop(struct tty *t); /* Ctrl-Z: leaves, stops the process, enters when it goes on */
void tty_size(const struct tty *t, int *h, int *w);
void tty_set_mouse(struct tty *t, bool on);
void tty_bell(struct tty *t);
void tty_write(struct tty *t, const char *p, size_t n);
int tty_flush(
        struct tty
                *t); /* 0: all sent or would block (t->out.len tells); -1: the terminal is gone */
int tty_read(struct tty *t);              /* feeds the decoder; -1: the terminal is gone */
enum tty_event tty_signal(struct tty *t); /* one pending signal */
/* Runs a program on the terminal and waits: leaves, runs, enters. -1 when it could not run or failed. */
int tty_run(struct tty *t, char *const argv[], struct err *e) MW_USE_RESULT;

#endif
