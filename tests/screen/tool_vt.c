/*
 * A terminal for tests: runs a program on a pseudo-terminal of a given size, draws it with libvterm, types keys and waits for what
 * the screen must show. It never sleeps: every wait is for a condition and has a deadline. One script a run:
 *
 *   tool_vt NAME < SCRIPT      prints `ok NAME` or `not ok NAME: ...` with the screen at that moment
 *
 *   size ROWS COLS             before run (default 24 80)          env NAME=VALUE     for the program
 *   run PROGRAM ARGS..         starts it                            deadline MS        of each wait from here on (default 8000)
 *   key NAME..                 Enter Esc Tab Up Ctrl-X Alt-Enter, or single characters
 *   type TEXT                  as typed                             paste TEXT         in paste brackets; \n is a newline
 *   expect TEXT                until a row has it                   absent TEXT        until no row has it
 *   column X TEXT              every row but the first and the last three has it at column X
 *   within MS TEXT             a row has it at most MS after the last byte was typed
 *   row N TEXT                 until row N (from 0) has it          cursor ROW COL     until the cursor is there
 *   never TEXT                 the screen does not have it now      settle             until nothing came for 150 ms
 *   mark                       counts bytes from here               most BYTES         at most so many since the mark
 *   median BYTES KEY TIMES     median cost of a key, settled        quiet MS BYTES     at most so many bytes in MS
 *   paint MS                   first byte came within MS of run     resize ROWS COLS
 *   nocolour | ascii           of all bytes so far                  lacks TEXT | has TEXT   raw bytes so far, with \e \xNN
 *   signal NAME                TERM HUP KILL ABRT to the program    exit STATUS        it ends with it (128+n for a signal)
 *   restored                   terminal modes as before run, main screen, cursor shown, paste and mouse off
 *   slow BYTES_PER_S DELAY_MS  from here on the line is slow        dump FILE          the screen as text
 *   sh COMMAND                 a shell command that must succeed, with the program's environment
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <utmp.h>
#include <unistd.h>
#include <vterm.h>

#define RAW_MAX (64u * 1024 * 1024)

static struct {
	const char *name;
	int line, rows, cols, fd, slave;
	pid_t pid;
	bool gone;
	int status;
	VTerm *vt;
	VTermScreen *screen;
	bool alt, cursor_shown;
	VTermPos cursor;
	char *raw;
	size_t nraw, mark;
	int64_t started, first_byte, last_byte, typed, deadline_us;
	struct termios before;
	int rate, delay_ms; /* slow line */
	int64_t budget_at;
} t = {.rows = 24, .cols = 80, .fd = -1, .deadline_us = 8000000, .cursor_shown = true};

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* --- the screen ----------------------------------------------------------------------------------------------------------------- */

static void add_utf8(char *out, size_t *n, uint32_t c)
{
	if (c < 0x80) {
		out[(*n)++] = (char)c;
	} else if (c < 0x800) {
		out[(*n)++] = (char)(0xc0 | c >> 6);
		out[(*n)++] = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		out[(*n)++] = (char)(0xe0 | c >> 12);
		out[(*n)++] = (char)(0x80 | (c >> 6 & 63));
		out[(*n)++] = (char)(0x80 | (c & 63));
	} else {
		out[(*n)++] = (char)(0xf0 | c >> 18);
		out[(*n)++] = (char)(0x80 | (c >> 12 & 63));
		out[(*n)++] = (char)(0x80 | (c >> 6 & 63));
		out[(*n)++] = (char)(0x80 | (c & 63));
	}
}

static const char *row_text(int y)
{
	static char out[8192];
	size_t n = 0, end = 0;

	for (int x = 0; x < t.cols && n + 32 < sizeof(out); x++) {
		VTermScreenCell cell;
		vterm_screen_get_cell(t.screen, (VTermPos){.row = y, .col = x}, &cell);
		if (!cell.chars[0]) {
			out[n++] = ' ';
		} else if (cell.chars[0] != (uint32_t)-1) {
			for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i]; i++)
				add_utf8(out, &n, cell.chars[i]);
			end = n;
		}
		if (cell.width == 2)
			x++;
	}
	out[end] = '\0';
	return out;
}

static void dump(FILE *f)
{
	for (int y = 0; y < t.rows; y++)
		fprintf(f, "%s\n", row_text(y));
}

static void stop_child(void)
{
	if (t.pid > 0 && !t.gone) {
		kill(t.pid, SIGKILL);
		waitpid(t.pid, NULL, 0);
	}
}

MW_NORETURN MW_PRINTF(1, 2) static void fail(const char *fmt, ...)
{
	va_list ap;

	printf("not ok %s: line %d: ", t.name, t.line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	if (t.screen) {
		printf("---- screen ----\n");
		dump(stdout);
		printf("---- end ----\n");
	}
	stop_child();
	exit(1);
}

static int on_prop(VTermProp prop, VTermValue *val, void *user)
{
	(void)user;
	if (prop == VTERM_PROP_ALTSCREEN)
		t.alt = val->boolean;
	else if (prop == VTERM_PROP_CURSORVISIBLE)
		t.cursor_shown = val->boolean;
	return 1;
}

static int on_cursor(VTermPos pos, VTermPos old, int visible, void *user)
{
	(void)old;
	(void)visible;
	(void)user;
	t.cursor = pos;
	return 1;
}

static void make_screen(void)
{
	static const VTermScreenCallbacks callbacks = {.settermprop = on_prop,
	                                               .movecursor = on_cursor};

	t.vt = vterm_new(t.rows, t.cols);
	vterm_set_utf8(t.vt, 1);
	t.screen = vterm_obtain_screen(t.vt);
	vterm_screen_enable_altscreen(t.screen, 1);
	vterm_screen_set_callbacks(t.screen, &callbacks, NULL);
	vterm_screen_reset(t.screen, 1);
}

/* --- the program ------------------------------------------------------------------------------------------------------------------- */

static void keep_raw(const char *p, size_t n)
{
	if (t.nraw + n > RAW_MAX)
		fail("more than %u bytes of output", RAW_MAX);
	memcpy(t.raw + t.nraw, p, n);
	t.nraw += n;
}

static void reap(void)
{
	if (!t.gone && t.pid > 0 && waitpid(t.pid, &t.status, WNOHANG) == t.pid)
		t.gone = true;
}

/* How many bytes the slow line lets through now. */
static size_t allowance(size_t most)
{
	int64_t n;

	if (!t.rate)
		return most;
	n = (now_us() - t.budget_at) * t.rate / 1000000;
	return n <= 0 ? 0 : (size_t)n > most ? most : (size_t)n;
}

/* Takes what the program wrote within ms. True when something came. */
static bool pump(int ms)
{
	char chunk[16384], reply[512];
	struct pollfd p = {.fd = t.fd, .events = POLLIN};
	size_t room = allowance(sizeof(chunk)), n;
	ssize_t got;

	if (!room)
		ms = ms > 20 ? 20 : ms;
	if (!room) {
		poll(NULL, 0, ms);
		return false;
	}
	if (poll(&p, 1, ms) <= 0 || !(p.revents & POLLIN)) {
		reap();
		return false;
	}
	got = read(t.fd, chunk, room);
	if (got <= 0)
		return false;
	if (t.rate)
		t.budget_at += got * 1000000 / t.rate;
	t.last_byte = now_us();
	t.first_byte = t.first_byte ? t.first_byte : t.last_byte;
	keep_raw(chunk, (size_t)got);
	vterm_input_write(t.vt, chunk, (size_t)got);
	n = vterm_output_read(t.vt, reply, sizeof(reply));
	if (n && write(t.fd, reply, n) < 0)
		fail("cannot answer the program");
	return true;
}

static void run(char *args)
{
	char *argv[64];
	int n = 0;
	struct winsize ws = {.ws_row = (unsigned short)t.rows, .ws_col = (unsigned short)t.cols};

	for (char *a = strtok_r(args, " ", &args); a && n < 63; a = strtok_r(NULL, " ", &args))
		argv[n++] = a;
	argv[n] = NULL;
	if (openpty(&t.fd, &t.slave, NULL, NULL, &ws))
		fail("openpty: %s", strerror(errno));
	fcntl(t.fd, F_SETFD, FD_CLOEXEC);
	tcgetattr(t.slave, &t.before);
	make_screen();
	t.started = now_us();
	t.pid = fork();
	if (t.pid == 0) {
		login_tty(dup(t.slave));
		execvp(argv[0], argv);
		fprintf(stderr, "cannot run %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
}

/* --- waits -------------------------------------------------------------------------------------------------------------------------- */

static bool has_text(const char *text)
{
	for (int y = 0; y < t.rows; y++)
		if (strstr(row_text(y), text))
			return true;
	return false;
}

static void wait_text(const char *text, bool wanted, int row)
{
	int64_t end = now_us() + t.deadline_us;

	for (;;) {
		bool hit = row >= 0 ? strstr(row_text(row), text) != NULL : has_text(text);
		if (hit == wanted)
			return;
		if (now_us() > end)
			fail("%s \"%s\"%s", wanted ? "no row shows" : "still on the screen:", text,
			     t.gone ? " (the program ended)" : "");
		pump(50);
	}
}

static void wait_cursor(int y, int x)
{
	int64_t end = now_us() + t.deadline_us;

	while (t.cursor.row != y || t.cursor.col != x) {
		if (now_us() > end)
			fail("the cursor is at %d,%d, not %d,%d", t.cursor.row, t.cursor.col, y, x);
		pump(50);
	}
}

static void settle(void)
{
	int64_t end = now_us() + t.deadline_us, quiet = now_us();

	while (now_us() - quiet < 150000) {
		if (pump(20))
			quiet = now_us();
		if (now_us() > end)
			fail("the program never stops writing");
	}
}

/* --- keys ---------------------------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *bytes;
} key_table[] = {{"Enter", "\r"},         {"Esc", "\033"},        {"Tab", "\t"},
                 {"Space", " "},          {"Backspace", "\177"},  {"Up", "\033OA"},
                 {"Down", "\033OB"},      {"Right", "\033OC"},    {"Left", "\033OD"},
                 {"Home", "\033OH"},      {"End", "\033OF"},      {"PgUp", "\033[5~"},
                 {"PgDn", "\033[6~"},     {"Del", "\033[3~"},     {"F1", "\033OP"},
                 {"Shift-Tab", "\033[Z"}, {"Alt-Enter", "\033\r"}};

static void send_bytes(const char *p, size_t n)
{
	int64_t until = now_us() + (int64_t)t.delay_ms * 1000;

	while (t.delay_ms && now_us() < until)
		pump(10);
	t.typed = now_us();
	while (n) {
		ssize_t w = write(t.fd, p, n > 512 ? 512 : n);
		if (w < 0 && errno != EAGAIN && errno != EINTR)
			fail("typing: %s", strerror(errno));
		if (w > 0) {
			p += w;
			n -= (size_t)w;
		}
		pump(0);
	}
}

static void send_key(const char *name)
{
	char c;

	for (size_t i = 0; i < sizeof(key_table) / sizeof(key_table[0]); i++)
		if (!strcmp(key_table[i].name, name)) {
			send_bytes(key_table[i].bytes, strlen(key_table[i].bytes));
			return;
		}
	if (!strncmp(name, "Ctrl-", 5)) {
		c = (char)(name[5] & 31);
		send_bytes(&c, 1);
	} else if (!strncmp(name, "Alt-", 4)) {
		char seq[2] = {'\033', name[4]};
		send_bytes(seq, 2);
	} else {
		send_bytes(name, strlen(name));
	}
}

/* \n \e \\ \xNN */
static size_t unescape(char *s)
{
	char *out = s, *start = s;

	while (*s) {
		if (s[0] == '\\' && s[1] == 'n') {
			*out++ = '\n';
			s += 2;
		} else if (s[0] == '\\' && s[1] == 'e') {
			*out++ = '\033';
			s += 2;
		} else if (s[0] == '\\' && s[1] == '\\') {
			*out++ = '\\';
			s += 2;
		} else if (s[0] == '\\' && s[1] == 'x' && isxdigit((unsigned char)s[2]) &&
		           isxdigit((unsigned char)s[3])) {
			char hex[3] = {s[2], s[3], 0};
			*out++ = (char)strtol(hex, NULL, 16);
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
	return (size_t)(out - start);
}

/* --- measures and checks ---------------------------------------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	return x < y ? -1 : x > y;
}

static void median(size_t most, const char *key, int times)
{
	size_t cost[200];

	times = times > 200 ? 200 : times;
	for (int i = 0; i < times; i++) {
		size_t before = t.nraw;
		send_key(key);
		settle();
		cost[i] = t.nraw - before;
	}
	qsort(cost, (size_t)times, sizeof(cost[0]), by_size);
	printf("# %s: median %zu bytes, most %zu (key %s)\n", t.name, cost[times / 2],
	       cost[times - 1], key);
	if (cost[times / 2] > most)
		fail("key %s costs %zu bytes, at most %zu allowed", key, cost[times / 2], most);
}

static void quiet(int ms, size_t most)
{
	size_t before = t.nraw;
	int64_t end = now_us() + (int64_t)ms * 1000;

	while (now_us() < end)
		pump((int)((end - now_us()) / 1000) + 1);
	if (t.nraw - before > most)
		fail("%zu bytes in %d ms, at most %zu allowed", t.nraw - before, ms, most);
}

static void check_no_colour(void)
{
	for (size_t i = 0; i + 2 < t.nraw; i++) {
		size_t k = i + 2;
		int n = 0;
		if (t.raw[i] != '\033' || t.raw[i + 1] != '[')
			continue;
		for (; k < t.nraw && (isdigit((unsigned char)t.raw[k]) || t.raw[k] == ';'); k++) {
			n = t.raw[k] == ';' ? 0 : n * 10 + (t.raw[k] - '0');
			if (n >= 30 && n <= 107 && k + 1 < t.nraw &&
			    (t.raw[k + 1] == 'm' || t.raw[k + 1] == ';')) {
				size_t e = k;
				while (e < t.nraw && !isalpha((unsigned char)t.raw[e]))
					e++;
				if (e < t.nraw && t.raw[e] == 'm')
					fail("a colour was sent: SGR %d", n);
			}
		}
	}
}

static void check_ascii(void)
{
	for (size_t i = 0; i < t.nraw; i++)
		if ((unsigned char)t.raw[i] > 0x7e && t.raw[i] != 0x7f)
			fail("byte 0x%02x was sent", (unsigned char)t.raw[i]);
}

static void wait_exit(int wanted)
{
	int64_t end = now_us() + t.deadline_us;
	int got;

	while (!t.gone && now_us() < end) {
		pump(20);
		reap();
	}
	if (!t.gone)
		fail("the program did not end");
	got = WIFEXITED(t.status) ? WEXITSTATUS(t.status) : 128 + WTERMSIG(t.status);
	while (pump(100))
		;
	if (got != wanted)
		fail("exit status %d, not %d", got, wanted);
}

static bool last_is(const char *on, const char *off)
{
	const char *at = t.raw, *end = t.raw + t.nraw;
	bool state = false;

	for (; at < end; at++) {
		if ((size_t)(end - at) >= strlen(on) && !memcmp(at, on, strlen(on)))
			state = true;
		if ((size_t)(end - at) >= strlen(off) && !memcmp(at, off, strlen(off)))
			state = false;
	}
	return state;
}

static bool modes_back(void)
{
	struct termios after;

	tcgetattr(t.slave, &after);
	return after.c_lflag == t.before.c_lflag && after.c_iflag == t.before.c_iflag &&
	       after.c_oflag == t.before.c_oflag && !t.alt && t.cursor_shown &&
	       !last_is("\033[?2004h", "\033[?2004l") && !last_is("\033[?1000h", "\033[?1000l");
}

static void check_restored(void)
{
	int64_t end = now_us() + t.deadline_us;

	while (!modes_back()) { /* after a SIGKILL it is the guard that does it */
		if (now_us() > end)
			fail("the terminal was not restored%s%s", t.alt ? ", alternate screen" : "",
			     t.cursor_shown ? "" : ", cursor hidden");
		pump(20);
	}
}

static void resize(int rows, int cols)
{
	struct winsize ws = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};

	t.rows = rows;
	t.cols = cols;
	vterm_set_size(t.vt, rows, cols);
	ioctl(t.fd, TIOCSWINSZ, &ws);
}

static void send_signal(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} all[] = {{"TERM", SIGTERM}, {"HUP", SIGHUP},   {"KILL", SIGKILL}, {"ABRT", SIGABRT},
	           {"SEGV", SIGSEGV}, {"STOP", SIGSTOP}, {"CONT", SIGCONT}, {"QUIT", SIGQUIT}};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i].name, name)) {
			kill(t.pid, all[i].number);
			return;
		}
	fail("unknown signal %s", name);
}

static void shell(const char *command)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	if (status)
		fail("this command failed: %s", command);
}

/* --- the script -------------------------------------------------------------------------------------------------------------------------- */

static int number(const char **s)
{
	char *end;
	long n = strtol(*s, &end, 10);

	while (*end == ' ')
		end++;
	*s = end;
	return (int)n;
}

static void do_size(char *a)
{
	const char *s = a;

	t.rows = number(&s);
	t.cols = number(&s);
}

static void do_env(char *a)
{
	char *eq = strchr(a, '=');

	if (!eq) {
		unsetenv(a);
		return;
	}
	*eq = '\0';
	setenv(a, eq + 1, 1);
}

static void do_deadline(char *a)
{
	const char *s = a;

	t.deadline_us = (int64_t)number(&s) * 1000;
}

static void do_key(char *a)
{
	for (char *k = strtok_r(a, " ", &a); k; k = strtok_r(NULL, " ", &a))
		send_key(k);
}

static void do_type(char *a)
{
	send_bytes(a, unescape(a));
}

static void do_paste(char *a)
{
	size_t n = unescape(a);

	send_bytes("\033[200~", 6);
	send_bytes(a, n);
	send_bytes("\033[201~", 6);
}

static void do_expect(char *a)
{
	wait_text(a, true, -1);
}

static void do_absent(char *a)
{
	wait_text(a, false, -1);
}

static void do_row(char *a)
{
	const char *s = a;
	int y = number(&s);

	wait_text(s, true, y < 0 ? t.rows + y : y);
}

static void do_column(char *a)
{
	const char *s = a;
	int x = number(&s);

	for (int y = 1; y < t.rows - 3; y++) {
		VTermScreenCell cell;
		char text[64];
		size_t n = 0;
		vterm_screen_get_cell(t.screen, (VTermPos){.row = y, .col = x}, &cell);
		if (cell.chars[0] && cell.chars[0] != (uint32_t)-1)
			add_utf8(text, &n, cell.chars[0]);
		text[n] = '\0';
		if (strcmp(text, s) != 0)
			fail("row %d has \"%s\" at column %d, not \"%s\"", y, text, x, s);
	}
}

static void do_within(char *a)
{
	const char *s = a;
	int ms = number(&s);

	while (!has_text(s)) {
		if (now_us() > t.typed + (int64_t)ms * 1000)
			fail("\"%s\" was not there %d ms after the key", s, ms);
		pump(5);
	}
}

static void do_cursor(char *a)
{
	const char *s = a;
	int y = number(&s), x = number(&s);

	wait_cursor(y < 0 ? t.rows + y : y, x);
}

static void do_never(char *a)
{
	if (has_text(a))
		fail("the screen shows \"%s\"", a);
}

static void do_settle(char *a)
{
	(void)a;
	settle();
}

static void do_mark(char *a)
{
	(void)a;
	t.mark = t.nraw;
}

static void do_most(char *a)
{
	const char *s = a;
	size_t n = (size_t)number(&s);

	printf("# %s: %zu bytes since the mark\n", t.name, t.nraw - t.mark);
	if (t.nraw - t.mark > n)
		fail("%zu bytes since the mark, at most %zu allowed", t.nraw - t.mark, n);
}

static void do_median(char *a)
{
	const char *s = a;
	int most = number(&s);
	char key[32];
	size_t n = 0;

	while (*s && *s != ' ' && n < sizeof(key) - 1)
		key[n++] = *s++;
	key[n] = '\0';
	median((size_t)most, key, number(&s));
}

static void do_quiet(char *a)
{
	const char *s = a;
	int ms = number(&s);

	quiet(ms, (size_t)number(&s));
}

static void do_paint(char *a)
{
	const char *s = a;
	int64_t most = (int64_t)number(&s) * 1000, end = now_us() + t.deadline_us;

	while (!t.first_byte && now_us() < end)
		pump(10);
	printf("# %s: first paint after %lld ms\n", t.name,
	       (long long)(t.first_byte - t.started) / 1000);
	if (!t.first_byte || t.first_byte - t.started > most)
		fail("first byte after %lld ms", (long long)(t.first_byte - t.started) / 1000);
}

static void do_resize(char *a)
{
	const char *s = a;
	int rows = number(&s);

	resize(rows, number(&s));
}

static void do_nocolour(char *a)
{
	(void)a;
	check_no_colour();
}

static void do_ascii(char *a)
{
	(void)a;
	check_ascii();
}

static void do_lacks(char *a)
{
	size_t n = unescape(a);

	if (memmem(t.raw, t.nraw, a, n))
		fail("these bytes were sent to the terminal");
}

static void do_has(char *a)
{
	size_t n = unescape(a);
	int64_t end = now_us() + t.deadline_us;

	while (!memmem(t.raw, t.nraw, a, n)) {
		if (now_us() > end)
			fail("these bytes were never sent to the terminal");
		pump(20);
	}
}

static void do_exit(char *a)
{
	const char *s = a;

	wait_exit(number(&s));
}

static void do_restored(char *a)
{
	(void)a;
	check_restored();
}

static void do_slow(char *a)
{
	const char *s = a;

	t.rate = number(&s);
	t.delay_ms = number(&s);
	t.budget_at = now_us();
}

static void do_dump(char *a)
{
	FILE *f = strcmp(a, "-") ? fopen(a, "we") : stdout;

	if (!f)
		fail("cannot write %s", a);
	dump(f);
	if (f != stdout)
		fclose(f);
}

static void do_signal(char *a)
{
	send_signal(a);
}

static void do_sh(char *a)
{
	shell(a);
}

static const struct {
	const char *name;
	void (*fn)(char *args);
} commands[] = {{"size", do_size},
                {"env", do_env},
                {"run", run},
                {"deadline", do_deadline},
                {"key", do_key},
                {"type", do_type},
                {"paste", do_paste},
                {"expect", do_expect},
                {"absent", do_absent},
                {"row", do_row},
                {"column", do_column},
                {"within", do_within},
                {"cursor", do_cursor},
                {"never", do_never},
                {"settle", do_settle},
                {"mark", do_mark},
                {"most", do_most},
                {"median", do_median},
                {"quiet", do_quiet},
                {"paint", do_paint},
                {"resize", do_resize},
                {"nocolour", do_nocolour},
                {"ascii", do_ascii},
                {"lacks", do_lacks},
                {"has", do_has},
                {"exit", do_exit},
                {"restored", do_restored},
                {"slow", do_slow},
                {"dump", do_dump},
                {"signal", do_signal},
                {"sh", do_sh}};

static void do_line(char *line)
{
	char *args = strchr(line, ' ');

	if (!*line || *line == '#')
		return;
	if (args)
		*args++ = '\0';
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, line)) {
			commands[i].fn(args ? args : line + strlen(line));
			return;
		}
	fail("unknown command %s", line);
}

int main(int argc, char **argv)
{
	static char line[65536];

	t.name = argc > 1 ? argv[1] : "screen";
	t.raw = malloc(RAW_MAX);
	signal(SIGPIPE, SIG_IGN);
	while (t.raw && fgets(line, sizeof(line), stdin)) {
		t.line++;
		line[strcspn(line, "\n")] = '\0';
		do_line(line);
	}
	if (!t.started)
		fail("the script ran nothing");
	stop_child();
	printf("ok %s\n", t.name);
	free(t.raw);
	return 0;
}
