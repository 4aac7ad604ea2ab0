/*
 * import: this side opens what the user names (the engine never does) and passes descriptors, as many as one message takes; a larger
 * tree goes in several requests, which are one import with one progress and one sum.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/map.h"
#include "cli.h"

#define TREE_DEPTH_MAX 32
#define FOLLOW_SECONDS 2
#define WORDS_MAX 1000000

struct files {
	VEC(char *) names;
	int failed;
	struct map
	        *seen; /* when following: path -> size and time it was imported with; else NULL */
};

/* True for a file that is as it was when it was imported; one that has grown is read again, and gives only what is new. */
static bool was_imported(const struct files *f, const char *path, const struct stat *st)
{
	uint64_t now = (uint64_t)st->st_mtim.tv_sec * 1000003 + (uint64_t)st->st_mtim.tv_nsec +
	               (uint64_t)st->st_size;
	struct map_entry *m;

	if (!f->seen)
		return false;
	m = map_put_str(f->seen, path, NULL);
	if (m->val.u == now)
		return true;
	m->val.u = now;
	return false;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_path(struct files *f, const char *path, int depth);

static void add_dir(struct files *f, const char *path, int depth)
{
	DIR *d = depth > TREE_DEPTH_MAX ? NULL : opendir(path);
	struct dirent *de;

	if (!d) {
		fprintf(stderr, "midwatch: %s: %s\n", path,
		        depth > TREE_DEPTH_MAX ? "too deep" : strerror(errno));
		f->failed++;
		return;
	}
	while ((de = readdir(d))) {
		char *name;
		if (de->d_name[0] == '.')
			continue;
		name = xasprintf("%s/%s", path, de->d_name);
		add_path(f, name, depth + 1);
		free(name);
	}
	closedir(d);
}

/* Links inside a tree are not followed; one that was named is. */
static void add_path(struct files *f, const char *path, int depth)
{
	struct stat st;

	if (depth ? lstat(path, &st) : stat(path, &st)) {
		fprintf(stderr, "midwatch: %s: %s\n", path, strerror(errno));
		f->failed++;
	} else if (S_ISDIR(st.st_mode)) {
		add_dir(f, path, depth);
	} else if ((S_ISREG(st.st_mode) && !was_imported(f, path, &st)) ||
	           (!depth && S_ISFIFO(st.st_mode))) {
		*vec_push(&f->names) = xstrdup(path);
	}
}

struct run {
	struct client *cl;
	int64_t job, import; /* import: the number that all parts go into */
	int64_t bytes, bytes_all;
	cJSON *done;
	bool quiet, shown, resync;
	int failed; /* files that could not be read, or not to their end */
	int64_t events, duplicates, rejected, nodes, edges;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

static void show_progress(struct run *r, const cJSON *p)
{
	int64_t bytes = json_i64(p, "bytes", 0), total = json_i64(p, "bytes_total", 0);
	const cJSON *sec = json_get(p, "seconds");
	double seconds = cJSON_IsNumber(sec) ? sec->valuedouble : 0;

	if (r->quiet || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r%3lld%%  %lld events, %lld rejected, %.1f MB/s  ",
	        total ? (long long)(bytes * 100 / total) : 0LL, (long long)json_i64(p, "events", 0),
	        (long long)json_i64(p, "rejected", 0),
	        seconds > 0 ? (double)bytes / seconds / 1e6 : 0.0);
	r->shown = true;
}

static void on_news(void *ctx, const char *method, const cJSON *params)
{
	struct run *r = ctx;

	if (strcmp(method, "resync") == 0)
		r->resync = true;
	if (strcmp(method, "import.progress") == 0)
		show_progress(r, params);
	if (strcmp(method, "job.done") != 0)
		return;
	cJSON_Delete(r->done);
	r->done = cJSON_Duplicate(params, 1);
}

static int open_some(struct files *f, size_t *at, cJSON *names, int *fds, int64_t *bytes)
{
	struct stat st;
	int n = 0;

	while (*at < f->names.n && n < MW_FDS_PER_MESSAGE_MAX) {
		const char *path = f->names.v[(*at)++];
		int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0) {
			fprintf(stderr, "midwatch: %s: %s\n", path, strerror(errno));
			f->failed++;
			continue;
		}
		*bytes += fstat(fd, &st) == 0 ? (int64_t)st.st_size : 0;
		fds[n++] = fd;
		cJSON_AddItemToArray(names, cJSON_CreateString(path));
	}
	return n;
}

static cJSON *job_param(const struct run *r)
{
	cJSON *o = cJSON_CreateObject();

	json_add_i64(o, "job", r->job);
	return o;
}

/* After a resync the end may be among what was dropped. */
static int look_again(struct run *r, struct err *e)
{
	cJSON *job = NULL;

	r->resync = false;
	if (client_call(r->cl, "job.get", job_param(r), &job, e))
		return -1;
	if (strcmp(json_str(job, "state", ""), "running") == 0) {
		cJSON_Delete(job);
		return 0;
	}
	cJSON_Delete(r->done);
	r->done = job;
	return 0;
}

static int cancel(struct run *r, struct err *e)
{
	cJSON *nothing = NULL;

	if (client_call(r->cl, "job.cancel", job_param(r), &nothing, e))
		return -1;
	cJSON_Delete(nothing);
	return err_set(e, ERR_CANCELLED,
	               "cancelled; what was stored stays, and the same import goes on from there");
}

static int wait_done(struct run *r, struct err *e)
{
	while (!r->done || json_i64(r->done, "job", 0) != r->job) {
		if (client_wait_news(r->cl, mw_mono_us() + MW_SECOND / 5, e) < 0)
			return -1;
		if (r->resync && look_again(r, e))
			return -1;
		if (interrupted)
			return cancel(r, e);
	}
	return 0;
}

/* What could not be read, or not to its end, is told a file. */
static void tell_failed(struct run *r, const cJSON *files)
{
	struct buf line = BUF_INIT;
	const cJSON *f;

	cJSON_ArrayForEach(f, files)
	{
		const char *error = json_str(f, "error", NULL);
		if (!error)
			continue;
		buf_reset(&line);
		esc_term(&line, slice_of(json_str(f, "name", "?")));
		buf_str(&line, ": ");
		esc_term(&line, slice_of(error));
		fprintf(stderr, "%smidwatch: %s\n", r->shown ? "\r\x1b[K" : "", line.s);
		r->failed++;
	}
	buf_release(&line);
}

static int import_some(struct run *r, cJSON *params, const int *fds, int n, struct err *e)
{
	cJSON *started = NULL;
	const cJSON *a;
	int rc = client_call_fds(r->cl, "import.start", params, fds, n, &started, e);

	if (rc == 0) {
		r->job = json_i64(started, "job", 0);
		rc = wait_done(r, e);
	}
	cJSON_Delete(started);
	if (rc)
		return -1;
	if (json_str(r->done, "error", NULL))
		return err_set(e, ERR_REMOTE, "%s", json_str(r->done, "error", ""));
	a = json_obj(r->done, "answer");
	r->import = json_i64(a, "import", 0);
	r->events += json_i64(a, "events", 0);
	r->duplicates += json_i64(a, "duplicates", 0);
	r->rejected += json_i64(a, "rejected", 0);
	r->nodes += json_i64(a, "nodes", 0);
	r->edges += json_i64(a, "edges", 0);
	tell_failed(r, json_arr(a, "files"));
	return 0;
}

static cJSON *sums(const struct run *r, const struct files *f)
{
	cJSON *o = cJSON_CreateObject();

	json_add_i64(o, "files", (int64_t)f->names.n - f->failed - r->failed);
	json_add_i64(o, "unreadable", f->failed + r->failed);
	json_add_i64(o, "events", r->events);
	json_add_i64(o, "duplicates", r->duplicates);
	json_add_i64(o, "rejected", r->rejected);
	json_add_i64(o, "nodes", r->nodes);
	json_add_i64(o, "edges", r->edges);
	return o;
}

static void print_sums(struct cli *c, const struct run *r, const struct files *f)
{
	cJSON *o = sums(r, f), *x;

	if (r->shown)
		fprintf(stderr, "\r\x1b[K");
	if (c->json) {
		cli_json(o);
	} else {
		cJSON_ArrayForEach(x, o) printf("%s%s %lld", x == o->child ? "" : ", ", x->string,
		                                (long long)x->valuedouble);
		printf("\n");
	}
	cJSON_Delete(o);
	fflush(stdout); /* --follow goes on for days */
}

static int64_t bytes_of(const struct files *f)
{
	struct stat st;
	int64_t bytes = 0;

	for (size_t i = 0; i < f->names.n; i++)
		bytes += stat(f->names.v[i], &st) == 0 ? (int64_t)st.st_size : 0;
	return bytes;
}

static void add_part(const struct run *r, cJSON *params)
{
	if (r->import)
		json_add_i64(params, "into", r->import);
	if (!r->bytes_all)
		return;
	json_add_i64(params, "bytes_before", r->bytes);
	json_add_i64(params, "bytes_all", r->bytes_all);
}

struct import {
	const char *label, *mapping, *to;
};

static void add_named(cJSON *params, const struct import *o)
{
	const char *const given[][2] = {
	        {"label", o->label}, {"mapping", o->mapping}, {"to", o->to}};

	for (size_t i = 0; i < ARRAY_LEN(given); i++)
		if (given[i][1])
			json_add_str(params, given[i][0], given[i][1]);
}

static int import_all(struct run *r, struct files *f, const struct import *o, struct err *e)
{
	int fds[MW_FDS_PER_MESSAGE_MAX], n, rc = 0;
	size_t at = 0;

	r->bytes_all = f->names.n > MW_FDS_PER_MESSAGE_MAX ? bytes_of(f) : 0;
	while (at < f->names.n && rc == 0) {
		cJSON *params = cJSON_CreateObject(), *names = json_add_arr(params, "names");
		int64_t bytes = 0;
		add_named(params, o);
		n = open_some(f, &at, names, fds, &bytes);
		add_part(r, params);
		if (n)
			rc = import_some(r, params, fds, n, e);
		else
			cJSON_Delete(params);
		r->bytes += bytes;
	}
	return rc;
}

static int import_files(struct cli *c, struct files *f, const struct import *o)
{
	struct sigaction act = {.sa_handler = on_interrupt};
	struct client cl;
	struct run r = {.cl = &cl, .quiet = c->json};
	cJSON *nothing = NULL;
	struct err e;
	int rc;

	rc = cli_open(c, &cl);
	if (rc)
		return rc;
	sigaction(SIGINT, &act, NULL);
	cl.news = on_news;
	cl.ctx = &r;
	rc = cli_call(&cl, "subscribe", NULL, &nothing);
	cJSON_Delete(nothing);
	if (rc == CLI_OK && import_all(&r, f, o, &e))
		rc = cli_error(&e);
	print_sums(c, &r, f);
	cJSON_Delete(r.done);
	client_close(&cl);
	if (rc == CLI_OK && f->failed + r.failed)
		return CLI_PARTIAL;
	return rc;
}

static int show_rejected(const cJSON *list)
{
	const cJSON *x;

	cJSON_ArrayForEach(x, list)
	{
		cli_puts(json_str(x, "file", "?"));
		printf(":%lld: ", (long long)json_i64(x, "line", 0));
		cli_puts(json_str(x, "reason", ""));
		printf("\n");
	}
	return CLI_OK;
}

static int show_imports(const cJSON *r)
{
	const cJSON *x;

	cJSON_ArrayForEach(x, json_arr(r, "imports"))
	{
		printf("%lld  %s  ", (long long)json_i64(x, "id", 0), json_str(x, "at", ""));
		cli_puts(json_str(x, "label", "-"));
		printf("  %lld events, %lld duplicates, %lld rejected%s\n",
		       (long long)json_i64(x, "events", 0), (long long)json_i64(x, "duplicates", 0),
		       (long long)json_i64(x, "rejected", 0),
		       json_bool(x, "undone", false) ? ", undone" : "");
	}
	return CLI_OK;
}

static int import_named(struct cli *c, const struct import *o, struct map *seen, bool must)
{
	struct files f = {.seen = seen};
	int rc = must ? CLI_FAILED : CLI_OK;

	for (int i = 0; i < c->argc; i++)
		add_path(&f, c->argv[i], 0);
	if (f.names.n) {
		qsort(f.names.v, f.names.n, sizeof(*f.names.v), by_name);
		rc = import_files(c, &f, o);
	}
	for (size_t i = 0; i < f.names.n; i++)
		free(f.names.v[i]);
	vec_free(&f.names);
	return rc;
}

/* Looks again and again until it is interrupted. */
static int follow(struct cli *c, const struct import *o)
{
	struct sigaction act = {.sa_handler = on_interrupt};
	struct timespec ts = {.tv_sec = FOLLOW_SECONDS};
	struct map seen = MAP_INIT;
	int rc = CLI_OK;

	sigaction(SIGINT, &act, NULL);
	while (!interrupted && rc != CLI_FAILED) {
		rc = import_named(c, o, &seen, false);
		if (!interrupted)
			nanosleep(&ts, NULL);
	}
	map_release(&seen);
	return rc;
}

static int show_undone(const cJSON *r)
{
	printf("%lld events removed\n", (long long)json_i64(r, "removed", 0));
	return CLI_OK;
}

static int undo_import(struct cli *c, const char *text)
{
	cJSON *params = cJSON_CreateObject();
	int64_t n;

	json_add_i64(params, "import", slice_i64(slice_of(text), &n) ? n : 0);
	return cli_show(c, "import.undo", params, show_undone);
}

/* A few hundred records a call, until all that were set aside before the first one have had their turn. */
static int retry_all(struct client *cl, int64_t sum[4])
{
	static const char *const names[] = {"tried", "events", "duplicates", "rejected"};
	static const char *const next[] = {"after", "until", "import"};
	cJSON *last = NULL;
	bool more = true;
	int rc = CLI_OK;

	while (more && rc == CLI_OK) {
		cJSON *params = cJSON_CreateObject(), *r = NULL;
		for (size_t i = 0; last && i < ARRAY_LEN(next); i++)
			json_add_i64(params, next[i], json_i64(last, next[i], 0));
		rc = cli_call(cl, "import.retry", params, &r);
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			sum[i] += json_i64(r, names[i], 0);
		more = json_bool(r, "more", false);
		cJSON_Delete(last);
		last = r;
	}
	cJSON_Delete(last);
	return rc;
}

static int retry_rejected(struct cli *c)
{
	struct client cl;
	int64_t sum[4] = {0};
	int rc = cli_open(c, &cl);

	if (rc)
		return rc;
	rc = retry_all(&cl, sum);
	client_close(&cl);
	if (rc == CLI_OK && c->json)
		printf("{\"tried\":%lld,\"events\":%lld,\"duplicates\":%lld,\"rejected\":%lld}\n",
		       (long long)sum[0], (long long)sum[1], (long long)sum[2], (long long)sum[3]);
	else if (rc == CLI_OK)
		printf("%lld records read again: %lld events, %lld there already, %lld still set "
		       "aside\n",
		       (long long)sum[0], (long long)sum[1], (long long)sum[2], (long long)sum[3]);
	return rc;
}

int cmd_import(struct cli *c)
{
	struct import o = {cli_option(c, "--label"), cli_option(c, "--mapping"),
	                   cli_option(c, "--to")};
	const char *undo = cli_option(c, "--undo");
	bool rejected = cli_switch(c, "--rejected"), list = cli_switch(c, "--list");
	bool following = cli_switch(c, "--follow"), retry = cli_switch(c, "--retry");

	if (!cli_words(c, undo || rejected || retry || list ? 0 : 1, WORDS_MAX))
		return CLI_USAGE;
	if (rejected)
		return cli_show(c, "import.rejected", NULL, show_rejected);
	if (retry)
		return retry_rejected(c);
	if (list)
		return cli_show(c, "import.list", NULL, show_imports);
	if (undo)
		return undo_import(c, undo);
	return following ? follow(c, &o) : import_named(c, &o, NULL, true);
}
