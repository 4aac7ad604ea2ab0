#include "term/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

#define PASTE_ON "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
#define MOUSE_ON "\033[?1000h\033[?1006h"
#define MOUSE_OFF "\033[?1006l\033[?1000l"
#define ASK_BACKGROUND "\033]11;?\033\\"

/* What a fatal signal handler and the guard need; set before either can run. */
static struct {
	int fd;
	volatile sig_atomic_t active;
	struct termios saved;
	char reset[256];
	size_t len;
} rescue = {.fd = -1};

static void add_reset(const char *s)
{
	size_t n = s ? strlen(s) : 0;

	if (rescue.len + n > sizeof(rescue.reset))
		return;
	memcpy(rescue.reset + rescue.len, s ? s : "", n);
	rescue.len += n;
}

static void build_reset(const struct caps *c)
{
	rescue.len = 0;
	if (c->ansi)
		add_reset(MOUSE_OFF);
	if (c->paste)
		add_reset(PASTE_OFF);
	add_reset(c->rmkx);
	add_reset(c->sgr0);
	add_reset(c->cnorm);
	add_reset(c->rmcup ? c->rmcup : "\r\n");
}

/* Async-signal-safe. */
static void restore_now(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0)
		(void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	if (write(fd, rescue.reset, rescue.len) < 0)
		return; /* the terminal is gone */
	tcflush(fd, TCIFLUSH);
	tcsetattr(fd, TCSANOW, &rescue.saved);
}

static void on_fatal(int sig)
{
	if (rescue.active)
		restore_now(rescue.fd);
	rescue.active = 0;
	signal(sig, SIG_DFL);
	raise(sig);
}

static void catch_fatal(void)
{
	static const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE,
	                            SIGILL,  SIGSYS, SIGXCPU, SIGQUIT};
	struct sigaction sa = {.sa_handler = on_fatal, .sa_flags = SA_NODEFER};

	for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
		sigaction(fatal[i], &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

MW_NORETURN static void guard_main(int pipe_fd, int tty_fd)
{
	char word = 0;
	sigset_t all;
	ssize_t n;

	setsid(); /* not of the console's group: a hang-up or Ctrl-C of that group leaves it alone */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	prctl(PR_SET_NAME, "midwatch-guard");
	do
		n = read(pipe_fd, &word, 1);
	while (n < 0 && errno == EINTR);
	if (n == 0) /* closed without a word: the console was killed */
		restore_now(tty_fd);
	_exit(0);
}

static int start_guard(struct tty *t, struct err *e)
{
	int p[2];
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_errno(e, "pipe");
	pid = fork();
	if (pid < 0) {
		close(p[0]);
		close(p[1]);
		return err_errno(e, "cannot start the terminal guard");
	}
	if (pid == 0) {
		/* fork twice, so that nobody has to reap it */
		if (fork() != 0)
			_exit(0);
		for (int fd = 0; fd < 256; fd++)
			if (fd != p[0] && fd != t->fd)
				close(fd);
		guard_main(p[0], t->fd);
	}
	close(p[0]);
	waitpid(pid, NULL, 0);
	t->guard_pipe = p[1];
	return 0;
}

static int open_device(struct err *e)
{
	int fd = open("/dev/tty", O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	const char *name = ttyname(STDIN_FILENO);

	if (fd < 0 && name)
		fd = open(name, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e,
		                 "no terminal (use midwatch --plain, or midwatch ask in a script)");
	return fd;
}

static int esc_delay(void)
{
	int64_t ms;
	const char *v = getenv("ESCDELAY");

	return v && slice_i64(slice_of(v), &ms) && ms > 0 && ms <= 5000 ? (int)ms : 25;
}

static int open_signals(void)
{
	static const int wanted[] = {SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT, SIGCHLD};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		sigaddset(&set, wanted[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int tty_open(struct tty *t, enum colour_mode colour, struct err *e)
{
	*t = (struct tty){.fd = -1,
	                  .sigfd = -1,
	                  .guard_pipe = -1,
	                  .out = BUF_INIT,
	                  .esc_delay_ms = esc_delay()};
	decoder_init(&t->decoder);
	if (caps_load(&t->caps, NULL, colour, e))
		return -1;
	t->fd = open_device(e);
	if (t->fd < 0)
		return -1;
	if (tcgetattr(t->fd, &t->saved))
		return err_errno(e, "cannot read the terminal's modes");
	rescue.fd = t->fd;
	rescue.saved = t->saved;
	build_reset(&t->caps);
	if (start_guard(t, e))
		return -1;
	catch_fatal();
	t->sigfd = open_signals();
	tty_enter(t);
	return 0;
}

static void send_now(struct tty *t)
{
	int flags = fcntl(t->fd, F_GETFL);

	(void)fcntl(t->fd, F_SETFL, flags & ~O_NONBLOCK);
	(void)tty_flush(t);
	(void)fcntl(t->fd, F_SETFL, flags | O_NONBLOCK);
}

void tty_leave(struct tty *t)
{
	if (!t->active)
		return;
	t->active = false;
	buf_reset(&t->out);
	buf_add(&t->out, rescue.reset, rescue.len);
	send_now(t);
	tcsetattr(t->fd, TCSADRAIN, &t->saved);
	rescue.active = 0;
}

void tty_enter(struct tty *t)
{
	struct termios raw = t->saved;

	if (t->active)
		return;
	cfmakeraw(&raw);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	t->active = true;
	rescue.active = 1;
	tcsetattr(t->fd, TCSADRAIN, &raw);
	if (t->caps.smcup)
		buf_str(&t->out, t->caps.smcup);
	if (t->caps.smkx)
		buf_str(&t->out, t->caps.smkx);
	if (t->caps.paste)
		buf_str(&t->out, PASTE_ON);
	if (t->mouse)
		buf_str(&t->out, MOUSE_ON);
	if (t->caps.colours && t->caps.paste)
		buf_str(&t->out, ASK_BACKGROUND);
}

void tty_stop(struct tty *t)
{
	sigset_t set, old;

	tty_leave(t);
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, &old);
	signal(SIGTSTP, SIG_DFL);
	kill(0, SIGTSTP);
	sigprocmask(SIG_SETMASK, &old, NULL);
	tty_enter(t);
}

void tty_close(struct tty *t)
{
	tty_leave(t);
	if (t->fd >= 0)
		tcflush(t->fd,
		        TCIFLUSH); /* a late answer of the terminal must not become a shell command */
	if (t->guard_pipe >= 0) {
		if (write(t->guard_pipe, "q", 1) < 0 && errno != EPIPE)
			perror("midwatch: terminal guard");
		close(t->guard_pipe);
	}
	if (t->sigfd >= 0)
		close(t->sigfd);
	if (t->fd >= 0)
		close(t->fd);
	t->fd = t->sigfd = t->guard_pipe = -1;
	decoder_release(&t->decoder);
	buf_release(&t->out);
	caps_release(&t->caps);
}

void tty_size(const struct tty *t, int *h, int *w)
{
	struct winsize ws = {0};

	if (ioctl(t->fd, TIOCGWINSZ, &ws) || !ws.ws_row || !ws.ws_col)
		ws = (struct winsize){.ws_row = 24, .ws_col = 80};
	*h = ws.ws_row > 500 ? 500 : ws.ws_row;
	*w = ws.ws_col > 1000 ? 1000 : ws.ws_col;
}

void tty_set_mouse(struct tty *t, bool on)
{
	t->mouse = on && t->caps.ansi;
	buf_str(&t->out, t->mouse ? MOUSE_ON : MOUSE_OFF);
}

void tty_bell(struct tty *t)
{
	buf_ch(&t->out, '\a');
}

void tty_write(struct tty *t, const char *p, size_t n)
{
	buf_add(&t->out, p, n);
}

int tty_flush(struct tty *t)
{
	while (t->out.len) {
		ssize_t n = write(t->fd, t->out.s, t->out.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		buf_consume(&t->out, (size_t)n);
	}
	return 0;
}

int tty_read(struct tty *t)
{
	char chunk[4096];
	ssize_t n = read(t->fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0)
		return -1;
	decoder_feed(&t->decoder, chunk, (size_t)n);
	return 0;
}

enum tty_event tty_signal(struct tty *t)
{
	struct signalfd_siginfo info;

	if (read(t->sigfd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return TTY_NOTHING;
	switch (info.ssi_signo) {
	case SIGWINCH:
		return TTY_RESIZE;
	case SIGTSTP:
		return TTY_SUSPEND;
	case SIGCHLD:
		return TTY_CHILD;
	case SIGCONT:
		return t->active ? TTY_RESIZE : TTY_NOTHING;
	default:
		return TTY_QUIT;
	}
}

static pid_t spawn(char *const argv[])
{
	pid_t pid = fork();
	sigset_t none;

	if (pid)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], argv);
	_exit(127);
}

int tty_run(struct tty *t, char *const argv[], struct err *e)
{
	int status = 0;
	pid_t pid;

	tty_leave(t);
	pid = spawn(argv);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	tty_enter(t);
	if (pid < 0)
		return err_errno(e, "cannot run %s", argv[0]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return err_set(e, ERR_NOT_FOUND, "%s could not be run; set EDITOR", argv[0]);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return err_set(e, ERR_CANCELLED, "%s ended without success; nothing was changed",
		               argv[0]);
	return 0;
}
