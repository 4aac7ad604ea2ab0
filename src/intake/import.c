/*
 * The import worker's side: forks a parse process a unit, a few at a time, appends their batches in the order of the files,
 * so that ids follow it however fast each of them was.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/map.h"
#include "intake/import_int.h"
#include "model/incident.h"
#include "store/graph.h"
#include "store/lake_batch.h"

#define PARSERS_MAX 4
#define TELL_US 200000
#define POLL_MS 50
#define REJECTS_AT_ONCE 1000

struct reject { /* copied, until its unit's turn */
	uint64_t file, line;
	char *reason, *raw;
	size_t nraw;
};
struct file_sum {
	uint64_t events, duplicates, rejected;
	char *format, *error;
	bool crashed;
};
struct running { /* a unit and its process */
	struct unit *unit;
	pid_t pid;
	struct wire wire;
	int batch_fd;     /* with the parser */
	VEC(int) batches; /* full, not yet appended */
	VEC(struct reject) rejects;
	uint64_t bytes; /* told */
	size_t told;    /* files of the unit that are done */
	bool ended, closed;
};
struct import {
	struct lake *l;
	struct graph *g;
	struct import_file *files;
	size_t nfiles;
	const struct import_opts *o;
	struct import_result *out;
	struct import_units units;
	struct running *runs;  /* one a unit */
	struct file_sum *sums; /* one a file */
	size_t started, done;  /* units */
	uint64_t lines;        /* before the next range of the file in hand */
	bool graph_open;
	struct unit *on_its_way; /* whose batch the store has, not yet acknowledged; NULL: none */
	int64_t began, told;
};

/* ---- what a parser says ---- */

static void keep_reject(struct running *r, struct slice body)
{
	struct im_reject m;
	struct reject *x;
	size_t n;

	if (body.n < sizeof(m))
		return;
	memcpy(&m, body.s, sizeof(m));
	body.s += sizeof(m);
	body.n -= sizeof(m);
	n = strnlen(body.s, body.n);
	x = vec_push(&r->rejects);
	*x = (struct reject){m.file, m.line, xstrndup(body.s, n), NULL,
	                     body.n > n ? body.n - n - 1 : 0};
	x->raw = xmalloc(x->nraw + 1);
	memcpy(x->raw, body.s + body.n - x->nraw, x->nraw);
}

static int keep_graph(struct import *im, struct slice body, struct err *e)
{
	cJSON *object = im->g ? cJSON_ParseWithLength(body.s, body.n) : NULL;
	int rc = 0;

	if (!object)
		return 0;
	if (!im->graph_open) {
		rc = graph_begin(im->g, e);
		im->graph_open = rc == 0;
	}
	if (rc == 0)
		rc = graph_add(im->g, object, e);
	im->out->total.nodes += cJSON_HasObjectItem(object, "node") != 0;
	im->out->total.edges += cJSON_HasObjectItem(object, "edge") != 0;
	cJSON_Delete(object);
	return rc;
}

static void set_text(char **at, const char *text)
{
	if (!*text || *at)
		return;
	*at = xstrdup(text);
}

static void keep_file(struct import *im, struct running *r, struct slice body)
{
	struct im_file m;
	const char *format, *error;

	if (body.n < sizeof(m) + 2 || body.s[body.n - 1] != '\0')
		return;
	memcpy(&m, body.s, sizeof(m));
	format = body.s + sizeof(m);
	error = format + strlen(format) + 1;
	if (m.file >= im->nfiles || error >= body.s + body.n)
		return;
	im->sums[m.file].events += m.events;
	set_text(&im->sums[m.file].format, format);
	set_text(&im->sums[m.file].error, error);
	r->told++;
}

static int take_message(struct import *im, struct running *r, const struct im_head *h,
                        struct slice body, struct err *e)
{
	struct im_progress p;

	switch (h->type) {
	case IM_PROGRESS:
		memcpy(&p, body.s, body.n == sizeof(p) ? sizeof(p) : 0);
		r->bytes += body.n == sizeof(p) ? p.bytes : 0;
		return 0;
	case IM_BATCH:
		*vec_push(&r->batches) = r->batch_fd;
		r->batch_fd = lake_batch_fd(im->l, e);
		return r->batch_fd < 0 ? -1 : wire_give_fd(r->wire.fd, r->batch_fd, e);
	case IM_REJECT:
		keep_reject(r, body);
		return 0;
	case IM_GRAPH:
		return keep_graph(im, body, e);
	case IM_FILE:
		keep_file(im, r, body);
		return 0;
	default:
		r->ended = true;
		return 0;
	}
}

/* ---- processes ---- */

static void release(struct running *r)
{
	for (size_t i = 0; i < r->batches.n; i++)
		close(r->batches.v[i]);
	for (size_t i = 0; i < r->rejects.n; i++) {
		free(r->rejects.v[i].reason);
		free(r->rejects.v[i].raw);
	}
	r->batches.n = r->rejects.n = 0;
	vec_free(&r->batches);
	vec_free(&r->rejects);
	buf_release(&r->wire.in);
	if (r->batch_fd > 0)
		close(r->batch_fd);
	r->batch_fd = -1;
}

static void reap(struct running *r, int *status)
{
	close(r->wire.fd);
	r->closed = true;
	while (waitpid(r->pid, status, 0) < 0 && errno == EINTR)
		;
	r->pid = 0;
}

static void number_lines(struct import *im, struct unit *u)
{
	struct unit_file *f = &u->files.v[0];

	if (!f->to)
		return;
	if (f->from == 0)
		im->lines = 0;
	f->first_line = im->lines + 1;
	im->lines += import_count_lines(im->files[f->file].fd, f->from, f->to);
}

static int start(struct import *im, struct running *r, struct unit *u, struct err *e)
{
	int pair[2];

	*r = (struct running){.unit = u, .batch_fd = lake_batch_fd(im->l, e)};
	if (r->batch_fd < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(e, "starting a parser");
	r->wire.fd = pair[0];
	buf_init(&r->wire.in, 0);
	r->pid = fork();
	if (r->pid == 0) {
		close(pair[0]);
		lake_forked(im->l);
		import_parse(pair[1], im->files, u, im->o);
	}
	close(pair[1]);
	if (r->pid < 0)
		return err_errno(e, "starting a parser");
	return wire_give_fd(pair[0], r->batch_fd, e);
}

/* The file that a parser died on has had its say; the unit's other files go in by a second try without it. */
static int restart_without(struct import *im, struct running *r, int status, struct err *e)
{
	struct unit *u = r->unit;
	size_t bad = r->told < u->files.n ? r->told : u->files.n - 1;
	struct file_sum *sum = &im->sums[u->files.v[bad].file];

	if (!sum->error)
		sum->error =
		        xasprintf("the parser of this file ended with %s %d; what came before in "
		                  "it is kept where a batch "
		                  "was full",
		                  WIFSIGNALED(status) ? "signal" : "status",
		                  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	for (size_t i = 0; i < bad; i++) {
		im->sums[u->files.v[i].file].events = 0;
		free(im->sums[u->files.v[i].file].error);
		im->sums[u->files.v[i].file].error = NULL;
	}
	memmove(&u->files.v[bad], &u->files.v[bad + 1],
	        (u->files.n - bad - 1) * sizeof(u->files.v[0]));
	u->files.n--;
	if (u->files.n == 0) {
		r->ended = true;
		return 0;
	}
	release(r);
	return start(im, r, u, e);
}

static int hear(struct import *im, struct running *r, struct err *e)
{
	struct im_head h;
	struct slice body;
	int status = 0, more = wire_read(&r->wire, e);

	while (more >= 0 && wire_next(&r->wire, &h, &body)) {
		if (take_message(im, r, &h, body, e))
			return -1;
		wire_drop(&r->wire, &h);
	}
	if (more > 0)
		return 0;
	reap(r, &status);
	if (WIFEXITED(status) && WEXITSTATUS(status) == PARSE_FULL)
		return err_set(e, ERR_FULL,
		               "no space is left for the lake; free some and import the same "
		               "again: what is stored stays, and the import goes on from there");
	return r->ended ? 0 : restart_without(im, r, status, e);
}

/* ---- appending ---- */

static void count_duplicates(struct import *im, const struct unit *u, const struct map *by_file)
{
	for (size_t i = 0; i < u->files.n; i++) {
		size_t file = u->files.v[i].file;
		const char *name = import_base_name(im->files[file].name);
		struct map_entry *m = map_get_str(by_file, name);
		if (!m)
			continue;
		im->sums[file].duplicates += m->val.u;
		m->val.u = 0;
	}
}

static int keep_findings(struct import *im, int fd, struct err *e)
{
	struct lake_appended a = {0};
	size_t n = 0;
	int own = lake_batch_fd(im->l, e), rc;

	if (own < 0)
		return -1;
	rc = lake_batch_pick(fd, finding_dataset, own, &n, e);
	if (rc == 0 && n)
		rc = lake_append(im->l, 0, own, &a, e);
	close(own);
	return rc;
}

/* Until the store has acknowledged what is on its way. */
static int settle_stored(struct import *im, struct err *e)
{
	struct map by_file = MAP_INIT;
	struct import_stored s = {.by_file = &by_file};
	int rc;

	if (!im->on_its_way)
		return 0;
	rc = im->o->store->end(im->o->store->ctx, &s, e);
	if (rc == 0) {
		im->out->total.events += s.events;
		im->out->total.duplicates += s.duplicates;
		count_duplicates(im, im->on_its_way, &by_file);
		rc = lake_import_count(im->l, im->out->id, s.events, s.duplicates, e);
	}
	im->on_its_way = NULL;
	map_release(&by_file);
	return rc;
}

static int store_batch(struct import *im, const struct running *r, int fd, struct err *e)
{
	int rc = settle_stored(im, e);

	if (rc == 0)
		rc = im->o->store->begin(im->o->store->ctx, fd, e);
	if (rc == 0) {
		im->on_its_way = r->unit;
		rc = keep_findings(im, fd, e);
	}
	close(fd);
	return rc;
}

static int append_batch(struct import *im, struct running *r, int fd, struct err *e)
{
	struct map by_file = MAP_INIT;
	struct lake_appended a = {.duplicates_by_file = &by_file};
	int rc = lake_append(im->l, im->out->id, fd, &a, e);

	close(fd);
	im->out->total.events += a.added;
	im->out->total.duplicates += a.duplicates;
	count_duplicates(im, r->unit, &by_file);
	map_release(&by_file);
	return rc;
}

static int append_rejects(struct import *im, struct running *r, struct err *e)
{
	struct lake_reject some[REJECTS_AT_ONCE];

	for (size_t at = 0; at < r->rejects.n; at += REJECTS_AT_ONCE) {
		size_t n =
		        r->rejects.n - at < REJECTS_AT_ONCE ? r->rejects.n - at : REJECTS_AT_ONCE;
		for (size_t i = 0; i < n; i++) {
			const struct reject *x = &r->rejects.v[at + i];
			size_t file = x->file < im->nfiles ? x->file : 0;
			some[i] = (struct lake_reject){
			        im->files[file].name, x->line, x->reason, {x->raw, x->nraw}};
			im->sums[file].rejected++;
		}
		if (lake_reject_add(im->l, im->out->id, some, n, e))
			return -1;
		im->out->total.rejected += n;
	}
	return 0;
}

/* Batches of a unit of several files wait for its end, since it may have to run again. */
static int append_due(struct import *im, struct err *e)
{
	while (im->done < im->started) {
		struct running *r = &im->runs[im->done];
		bool whole = r->ended && r->closed;
		if (!whole && r->unit->files.n > 1)
			return 0;
		while (r->batches.n) {
			int fd = r->batches.v[0];
			memmove(r->batches.v, r->batches.v + 1, --r->batches.n * sizeof(int));
			if (im->o->store ? store_batch(im, r, fd, e) : append_batch(im, r, fd, e))
				return -1;
		}
		if (!whole)
			return 0;
		if (append_rejects(im, r, e))
			return -1;
		r->bytes = r->unit->bytes;
		release(r);
		im->done++;
	}
	return 0;
}

/* ---- the loop ---- */

static size_t at_work(const struct import *im)
{
	size_t n = 0;

	for (size_t i = im->done; i < im->started; i++)
		n += !im->runs[i].closed;
	return n;
}

static bool tell(struct import *im, bool always)
{
	struct import_progress *p = &im->out->total;
	int64_t now = mw_mono_us();

	if (!im->o->progress || (!always && now - im->told < TELL_US))
		return true;
	im->told = now;
	p->bytes = 0;
	for (size_t i = 0; i < im->started; i++)
		p->bytes += im->runs[i].bytes;
	p->bytes = p->bytes < p->bytes_total ? p->bytes : p->bytes_total;
	p->seconds = (double)(now - im->began) / 1e6;
	p->file = im->done < im->units.n ? im->files[im->units.v[im->done].files.v[0].file].name
	                                 : NULL;
	return im->o->progress(im->o->ctx, p);
}

static int listen_once(struct import *im, struct err *e)
{
	struct pollfd fds[PARSERS_MAX + 1];
	struct running *of[PARSERS_MAX + 1];
	size_t n = 0;

	for (size_t i = im->done; i < im->started && n < ARRAY_LEN(fds); i++) {
		if (im->runs[i].closed)
			continue;
		of[n] = &im->runs[i];
		fds[n++] = (struct pollfd){.fd = im->runs[i].wire.fd, .events = POLLIN};
	}
	if (n == 0)
		return 0;
	if (poll(fds, n, POLL_MS) < 0 && errno != EINTR)
		return err_errno(e, "waiting for the parsers");
	for (size_t i = 0; i < n; i++)
		if (fds[i].revents && hear(im, of[i], e))
			return -1;
	return 0;
}

/* One more process than parsers, so that no core waits while a batch is being stored. */
static int start_due(struct import *im, size_t parsers, struct err *e)
{
	while (im->started < im->units.n && at_work(im) < parsers + 1 &&
	       im->started - im->done < 2 * parsers + 1) {
		struct unit *u = &im->units.v[im->started];
		number_lines(im, u);
		if (start(im, &im->runs[im->started], u, e))
			return -1;
		im->started++;
	}
	return 0;
}

static int loop(struct import *im, size_t parsers, struct err *e)
{
	while (im->done < im->units.n) {
		if (start_due(im, parsers, e) || listen_once(im, e) || start_due(im, parsers, e) ||
		    append_due(im, e))
			return -1;
		if (!tell(im, false)) {
			im->out->cancelled = true;
			break;
		}
	}
	return settle_stored(im, e);
}

static void stop_all(struct import *im)
{
	int status;

	for (size_t i = 0; i < im->started; i++) {
		struct running *r = &im->runs[i];
		if (r->pid > 0) {
			kill(r->pid, SIGKILL);
			reap(r, &status);
		}
		release(r);
	}
}

static int finish_graph(struct import *im, int rc, struct err *e)
{
	if (!im->graph_open)
		return rc;
	if (rc == 0)
		return graph_commit(im->g, e);
	graph_rollback(im->g);
	return rc;
}

static cJSON *files_json(const struct import *im)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < im->nfiles; i++) {
		const struct file_sum *s = &im->sums[i];
		cJSON *o = cJSON_CreateObject();
		cJSON_AddItemToArray(list, o);
		json_add_str(o, "name", im->files[i].name);
		json_add_str(o, "format", s->format);
		json_add_i64(o, "events", (int64_t)(s->events - s->duplicates));
		json_add_i64(o, "duplicates", (int64_t)s->duplicates);
		json_add_i64(o, "rejected", (int64_t)s->rejected);
		if (s->error)
			json_add_str(o, "error", s->error);
	}
	return list;
}

/* A pipe is read into a file first: it has to be looked at before it is parsed. */
static int settle(struct import *im, struct import_file *f, struct err *e)
{
	struct stat st;
	char *piece;
	ssize_t n;
	int fd;

	if (fstat(f->fd, &st) < 0)
		return err_errno(e, "%s", f->name);
	if (S_ISREG(st.st_mode))
		return 0;
	fd = lake_batch_fd(im->l, e);
	if (fd < 0)
		return -1;
	piece = xmalloc(1 << 20);
	while ((n = read(f->fd, piece, 1 << 20)) > 0)
		if (write(fd, piece, (size_t)n) != n)
			break;
	free(piece);
	f->fd = fd;
	return n == 0 ? 0 : err_errno(e, "reading %s", f->name);
}

static void import_release(struct import *im, const struct import_file *files)
{
	for (size_t i = 0; i < im->units.n; i++)
		vec_free(&im->units.v[i].files);
	for (size_t i = 0; i < im->nfiles; i++) {
		free(im->sums[i].format);
		free(im->sums[i].error);
		if (im->files[i].fd != files[i].fd)
			close(im->files[i].fd);
	}
	vec_free(&im->units);
	free(im->runs);
	free(im->sums);
	free(im->files);
}

int import_run(struct lake *l, struct graph *g, const struct import_file *files, size_t n,
               const struct import_opts *o, struct import_result *out, struct err *e)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int parsers = o->parsers > 0 ? o->parsers : cores < 1 ? 1 : (int)cores;
	struct import im = {.l = l, .g = g, .nfiles = n, .o = o, .out = out, .began = mw_mono_us()};
	int rc = 0;

	parsers = parsers > PARSERS_MAX ? PARSERS_MAX : parsers;
	*out = (struct import_result){0};
	im.files = xcalloc(n + 1, sizeof(*im.files));
	im.sums = xcalloc(n + 1, sizeof(*im.sums));
	memcpy(im.files, files, n * sizeof(*files));
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = settle(&im, &im.files[i], e);
	out->id = o->into;
	if (rc == 0)
		rc = o->into ? lake_import_check(l, o->into, e)
		             : lake_import_begin(l, o->label, &out->id, e);
	if (rc == 0) {
		out->total.bytes_total =
		        import_cut(im.files, n, o->first_lines, parsers, &im.units);
		im.runs = xcalloc(im.units.n + 1, sizeof(*im.runs));
		rc = loop(&im, (size_t)parsers, e);
		stop_all(&im);
	}
	rc = finish_graph(&im, rc, e);
	tell(&im, true);
	out->files = files_json(&im);
	import_release(&im, files);
	return rc;
}
