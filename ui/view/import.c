/*
 * Import from inside the console: this program's own `import` command as a child, so that files are opened by the analyst's side and
 * the engine opens none; its progress comes as news like anybody else's. Importing the same again goes on where it stopped.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "view/app.h"

#define ARGS_MAX 16

MW_NORETURN static void child(char *const argv[], int out)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execv("/proc/self/exe", argv);
	_exit(127);
}

static void started(struct app *a, char *path)
{
	char *argv[ARGS_MAX];
	int n = 0;

	for (; a->opts->program && a->opts->program[n] && n < ARGS_MAX - 3; n++)
		argv[n] = xstrdup(a->opts->program[n]);
	argv[n++] = xstrdup("import");
	argv[n++] = xstrdup(path);
	argv[n] = NULL;
	a->import_out = memfd_create("midwatch-import", MFD_CLOEXEC);
	a->import_pid = fork();
	if (a->import_pid == 0)
		child(argv, a->import_out);
	for (int i = 0; i < n; i++)
		free(argv[i]);
	if (a->import_pid < 0) {
		a->import_pid = 0;
		app_say(a, R_BAD, "cannot start the import");
		return;
	}
	app_say(a, R_TEXT,
	        "importing %s; Enter on its job stops it, the same import again goes on from there",
	        path);
}

static void path_given(struct app *a, struct view *v, const char *text)
{
	const char *home = getenv("HOME");
	char *path;

	(void)v;
	if (!*text)
		return;
	path = text[0] == '~' && text[1] == '/' && home ? xasprintf("%s%s", home, text + 1)
	                                                : xstrdup(text);
	if (access(path, R_OK))
		app_say(a, R_BAD, "%s cannot be read", path);
	else
		started(a, path);
	free(path);
}

void ask_import(struct app *a)
{
	if (a->import_pid)
		app_say(a, R_WARN, "an import runs already; J shows it");
	else
		app_ask_line(a, app_active(a), "import file or folder", "", path_given);
}

/* The last line that the command wrote: its sums, or why it failed. */
static void last_words(struct app *a, char out[300])
{
	char text[4096];
	off_t end = lseek(a->import_out, 0, SEEK_END);
	ssize_t n = pread(a->import_out, text, sizeof(text) - 1, end > 4095 ? end - 4095 : 0);
	char *line;

	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	text[n > 0 ? n : 0] = '\0';
	line = strrchr(text, '\n');
	snprintf(out, 300, "%.299s", line ? line + 1 : text);
}

void import_ended(struct app *a)
{
	char words[300];
	int status;

	if (!a->import_pid || waitpid(a->import_pid, &status, WNOHANG) != a->import_pid)
		return;
	last_words(a, words);
	close(a->import_out);
	a->import_pid = 0;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		app_say(a, R_GOOD, "import done: %s", words);
	else
		app_say(a, R_BAD, "import ended: %s", *words ? words : "it was stopped");
	app_read_queue(a);
	app_read_status(a);
}
