/*
 * What a program costs its terminal: tool_tty ROWS COLS START KEY TIMES PROGRAM ARGS.. Runs it on a pseudo-terminal, types START (escapes \e \r \t
 * \xNN) once, then KEY that many times, and then leaves it alone. Prints
 *
 *   first_ms N settled_ms N paint N key N key_ms N idle_bytes N idle_cpu_ms N rss_kib N
 *
 * first and settled: after the start; paint: bytes until then; key: median bytes a key; key_ms: median time until the last byte of
 * what a key brings; idle: over IDLE_MS, or TTY_IDLE_MS of the environment. It answers nothing that the program asks the terminal but where the cursor is.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SETTLE_MS 500
#define KEY_SETTLE_MS 60
#define IDLE_MS 5000
#define START_MS 15000
#define KEYS_MAX 1000

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

struct seen {
	size_t bytes;
	int64_t first, last; /* 0: nothing came */
};

static void answer(int fd, const char *s, size_t n)
{
	static const char where[] = "\033[1;1R";

	if (memmem(s, n, "\033[6n", 4) && write(fd, where, sizeof(where) - 1) < 0)
		perror("tool_tty");
}

/* Reads until nothing came for quiet ms (counted from the first byte where wait_first), or most ms are over. */
static struct seen drain(int fd, int quiet, int most, bool wait_first)
{
	struct seen s = {0, 0, 0};
	int64_t start = now_us();
	char buf[65536];

	while (now_us() - start < (int64_t)most * 1000) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int left = most - (int)((now_us() - start) / 1000);
		ssize_t n;
		if (poll(&p, 1, s.first || !wait_first ? (quiet < left ? quiet : left) : left) == 0)
			break;
		n = read(fd, buf, sizeof(buf));
		if (n <= 0)
			break;
		answer(fd, buf, (size_t)n);
		s.bytes += (size_t)n;
		s.last = now_us();
		s.first = s.first ? s.first : s.last;
	}
	return s;
}

static size_t unescape(const char *s, char *out)
{
	size_t n = 0;

	for (; *s; s++) {
		char hex[3] = {0};
		if (*s != '\\' || !s[1]) {
			out[n++] = *s;
			continue;
		}
		s++;
		if (*s == 'x' && s[1] && s[2]) {
			memcpy(hex, s + 1, 2);
			out[n++] = (char)strtol(hex, NULL, 16);
			s += 2;
		} else {
			out[n++] = *s == 'e' ? '\033' : *s == 'r' ? '\r' : *s == 't' ? '\t' : *s;
		}
	}
	return n;
}

static void type(int fd, const char *keys)
{
	char bytes[256];
	size_t n = unescape(keys, bytes);

	if (write(fd, bytes, n) < 0)
		perror("tool_tty");
}

static int64_t cpu_ms(pid_t pid)
{
	char path[64], text[1024], *at;
	unsigned long user = 0, kernel = 0;
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	at = strrchr(text, ')');
	if (!at || sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
	                  &kernel) != 2)
		return -1;
	return (int64_t)(user + kernel) * 1000 / sysconf(_SC_CLK_TCK);
}

static long rss_kib(pid_t pid)
{
	char path[64], line[256];
	long kib = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && kib < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmRSS: %ld", &kib) != 1)
			kib = -1;
	if (f)
		fclose(f);
	return kib;
}

static int by_size(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int64_t median(int64_t *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), by_size);
	return n ? v[n / 2] : 0;
}

static void measure(int fd, pid_t pid, int64_t started, const char *start, const char *key,
                    int times)
{
	int64_t bytes[KEYS_MAX], took[KEYS_MAX], cpu;
	struct seen paint = drain(fd, SETTLE_MS, START_MS, true), idle;
	const char *longer = getenv("TTY_IDLE_MS");
	int look_on = longer ? (int)strtol(longer, NULL, 10) : IDLE_MS;
	long rss;

	type(fd, start);
	if (*start)
		drain(fd, SETTLE_MS, START_MS, true);
	for (int i = 0; i < times; i++) {
		int64_t at = now_us();
		struct seen s;
		type(fd, key);
		s = drain(fd, KEY_SETTLE_MS, 2000, true);
		bytes[i] = (int64_t)s.bytes;
		took[i] = s.last ? (s.last - at) / 1000 : 0;
	}
	drain(fd, SETTLE_MS, 2000, false);
	cpu = cpu_ms(pid);
	idle = drain(fd, look_on, look_on, false);
	rss = rss_kib(pid);
	printf("first_ms %lld settled_ms %lld paint %zu key %lld key_ms %lld idle_bytes %zu "
	       "idle_cpu_ms %lld rss_kib %ld\n",
	       (long long)(paint.first - started) / 1000, (long long)(paint.last - started) / 1000,
	       paint.bytes, (long long)median(bytes, times), (long long)median(took, times),
	       idle.bytes, (long long)(cpu_ms(pid) - cpu), rss);
}

int main(int argc, char **argv)
{
	struct winsize size = {0};
	int fd, times;
	pid_t pid;
	int64_t started = now_us();

	if (argc < 7)
		return 2;
	size.ws_row = (unsigned short)strtol(argv[1], NULL, 10);
	size.ws_col = (unsigned short)strtol(argv[2], NULL, 10);
	times = (int)strtol(argv[5], NULL, 10);
	pid = forkpty(&fd, NULL, NULL, &size);
	if (pid < 0)
		return 1;
	if (pid == 0) {
		execvp(argv[6], argv + 6);
		_exit(127);
	}
	measure(fd, pid, started, argv[3], argv[4], times < KEYS_MAX ? times : KEYS_MAX);
	kill(pid, SIGTERM);
	close(fd);
	waitpid(pid, NULL, 0);
	return 0;
}
