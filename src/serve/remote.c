#include "serve/remote.h"

#include <ctype.h>
#include <fcntl.h>
#include <strings.h>

#include "base/limits.h"
#include "proc/spool.h"
#include "serve/source_row.h"
#include "serve/work.h"

#define LOOK_US 100000 /* how often rows are looked for while a source works */
#define PAGE_ROWS 500
#define FIT_US (10 * MW_SECOND)
#define REPLAYS 8

/* Which side of the house a kind of source is: what events are asked of, and what the graph. */
static const char *const graph_kinds[] = {"wiz", "prisma", "orca", "lacework"};

struct started {
	char *key;
	struct worker_call *call;
};
struct replay {
	char *key;
	struct spool files;
	struct source_done done;
};
struct remote {
	struct source source;
	struct remotes *all;
	char *name, *kind;
	bool ask_always, is_lake;
	VEC(struct started) started;
	char *fit_key;
	unsigned fit;
};
struct remotes {
	struct worker *w;
	struct found *found;
	struct remote *v;
	size_t n, next_replay;
	struct replay replays[REPLAYS];
	bool reuse;
};

/* ---- asking ---- */

/* One step as a plan of its own, for this source. */
static cJSON *step_json(const struct remote *r, const struct plan *p, size_t i)
{
	cJSON *whole = plan_to_json(p), *one = cJSON_CreateObject(), *steps, *step;

	steps = cJSON_DetachItemFromObjectCaseSensitive(whole, "steps");
	step = cJSON_DetachItemFromArray(steps, (int)i);
	cJSON_DeleteItemFromObjectCaseSensitive(step, "source");
	json_add_str(step, "source", r->name);
	cJSON_AddItemToArray(json_add_arr(one, "steps"), step);
	cJSON_Delete(steps);
	cJSON_Delete(whole);
	return one;
}

static cJSON *search_params(const struct remote *r, const struct plan *p, size_t i,
                            const struct source_run *run)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToObject(o, "plan", step_json(r, p, i));
	json_add_bool(o, "raw", run->need_raw || p->steps[i].kind == PS_SEARCH);
	return o;
}

static char *key_of(const struct remote *r, const cJSON *params)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "%s ", r->name);
	json_write(&b, params);
	return buf_take(&b, NULL);
}

static struct worker_call *begin(struct remote *r, const char *method, const cJSON *params,
                                 int64_t deadline_us, struct err *e)
{
	cJSON *o = cJSON_Duplicate(params, 1);
	int64_t left = deadline_us && deadline_us != INT64_MAX ? deadline_us - mw_mono_us() : 0;

	if (left > 0)
		json_add_i64(o, "deadline_us", left);
	return worker_call_begin(r->all->w, work_source.name, r->name, method, o, e);
}

static struct worker_call *take_started(struct remote *r, const char *key)
{
	for (size_t i = 0; i < r->started.n; i++) {
		struct started s = r->started.v[i];
		if (strcmp(s.key, key) != 0)
			continue;
		r->started.v[i] = r->started.v[--r->started.n];
		free(s.key);
		return s.call;
	}
	return NULL;
}

static struct replay *find_replay(struct remotes *all, const char *key)
{
	for (size_t i = 0; i < REPLAYS && all->reuse; i++)
		if (all->replays[i].key && strcmp(all->replays[i].key, key) == 0)
			return &all->replays[i];
	return NULL;
}

static void replay_release(struct replay *p)
{
	if (!p->key)
		return;
	free(p->key);
	free(p->done.sent);
	spool_close(&p->files);
	*p = (struct replay){.files = SPOOL_NONE};
}

static void keep_replay(struct remotes *all, char *key, const struct spool *files,
                        const struct source_done *done)
{
	struct replay *p = &all->replays[all->next_replay++ % REPLAYS];

	replay_release(p);
	*p = (struct replay){
	        key,
	        {fcntl(files->data, F_DUPFD_CLOEXEC, 0), fcntl(files->index, F_DUPFD_CLOEXEC, 0)},
	        *done};
	p->done.sent = done->sent ? xstrdup(done->sent) : NULL;
}

static void start(struct source *s, const struct plan *p, size_t i, const struct source_run *run)
{
	struct remote *r = (struct remote *)s;
	cJSON *params = search_params(r, p, i, run);
	char *key = key_of(r, params);
	struct started x = {key, NULL};
	struct err ignored;

	if (!find_replay(r->all, key))
		x.call = begin(r, "search", params, run->deadline_us, &ignored);
	cJSON_Delete(params);
	if (x.call)
		*vec_push(&r->started) = x;
	else
		free(key); /* search begins it, and says what is wrong */
}

/* ---- rows ---- */

struct taking {
	struct remote *r;
	const struct spool *files;
	const struct source_run *run;
	const struct source_sink *sink;
	struct arena arena;
	struct event ev;
	uint64_t at;
};

static int give(struct taking *t, const cJSON *j, struct err *e)
{
	struct source_row row;

	arena_reset(&t->arena);
	if (source_row_read(j, &t->arena, &t->ev, &row, e))
		return -1;
	row.source = t->r->name;
	if (row.event && !t->run->passing &&
	    found_put(t->r->all->found, t->r->name, row.event, &row.id, e))
		return -1;
	return t->sink->row(t->sink->ctx, &row, e);
}

static int give_page(struct taking *t, const cJSON *rows, struct err *e)
{
	const cJSON *j;
	struct err late;
	int rc = 0;

	if (!t->run->passing && found_begin(t->r->all->found, e))
		return -1;
	cJSON_ArrayForEach(j, rows)
	{
		rc = give(t, j, e);
		if (rc)
			break;
	}
	if (!t->run->passing && found_commit(t->r->all->found, rc ? &late : e))
		rc = -1;
	return rc;
}

static int late(const struct taking *t, struct err *e)
{
	const struct source_run *run = t->run;

	if (run->cancelled && *run->cancelled)
		return err_set(e, ERR_CANCELLED, "cancelled");
	if (run->deadline_us && mw_mono_us() >= run->deadline_us)
		return err_set(e, ERR_DEADLINE, "%s had not answered all of it by the deadline",
		               t->r->name);
	return 0;
}

static int give_rows(struct taking *t, struct err *e)
{
	uint64_t n = 1;
	int rc = 0;

	while (rc == 0 && t->files->data >= 0 && t->at < spool_rows(t->files)) {
		cJSON *rows = spool_page_json(t->files, t->at, PAGE_ROWS, MW_ROW_MAX, &n, e);
		rc = rows ? give_page(t, rows, e) : -1;
		t->at += n;
		cJSON_Delete(rows);
		if (rc == 0)
			rc = late(t, e);
	}
	return rc;
}

static int take_all(struct taking *t, struct worker_call *c, struct err *e)
{
	int ended = 0;

	while (ended == 0) {
		ended = worker_call_wait(c, LOOK_US);
		if (give_rows(t, e) || (ended <= 0 && late(t, e)))
			return -1;
		if (t->sink->progress)
			t->sink->progress(t->sink->ctx, t->at, worker_call_share(c));
	}
	return ended < 0 ? err_set(e, ERR_CANCELLED, "cancelled") : 0;
}

static int run_call(struct taking *t, struct worker_call *c, const char *key,
                    struct source_done *done, struct err *e)
{
	cJSON *result = NULL;

	t->files = worker_call_spool(c);
	if (take_all(t, c, e) || worker_call_result(c, &result, e)) {
		done->partial = t->at > 0;
		return -1;
	}
	source_done_read(result, done);
	cJSON_Delete(result);
	keep_replay(t->r->all, xstrdup(key), t->files, done);
	return 0;
}

static int replay(struct taking *t, const struct replay *p, struct source_done *done, struct err *e)
{
	t->files = &p->files;
	*done = p->done;
	done->sent = p->done.sent ? xstrdup(p->done.sent) : NULL;
	return give_rows(t, e);
}

static int search(struct source *s, const struct plan *p, size_t i, const struct source_run *run,
                  const struct source_sink *sink, struct source_done *done, struct err *e)
{
	struct remote *r = (struct remote *)s;
	struct taking t = {.r = r, .run = run, .sink = sink};
	cJSON *params = search_params(r, p, i, run);
	char *key = key_of(r, params);
	const struct replay *old = find_replay(r->all, key);
	struct worker_call *c = old ? NULL : take_started(r, key);
	int rc = -1;

	if (!old && !c)
		c = begin(r, "search", params, run->deadline_us, e);
	if (old)
		rc = replay(&t, old, done, e);
	else if (c)
		rc = run_call(&t, c, key, done, e);
	if (c)
		worker_call_end(c);
	event_release(&t.ev);
	arena_release(&t.arena);
	cJSON_Delete(params);
	free(key);
	return rc;
}

/* ---- what the source does itself ---- */

static unsigned ask_fit(struct remote *r, const cJSON *params)
{
	struct err ignored;
	cJSON *result = NULL;
	unsigned fit = 0;
	struct worker_call *c = begin(r, "fit", params, mw_mono_us() + FIT_US, &ignored);

	if (!c)
		return 0;
	/* Where it cannot be asked, the search that follows says why. */
	if (worker_call_wait(c, FIT_US) > 0 && worker_call_result(c, &result, &ignored) == 0)
		fit = (unsigned)json_i64(result, "fit", 0);
	cJSON_Delete(result);
	worker_call_end(c);
	return fit;
}

static unsigned fit(struct source *s, const struct plan *p, size_t i)
{
	struct remote *r = (struct remote *)s;
	cJSON *params = cJSON_CreateObject();
	char *key;

	cJSON_AddItemToObject(params, "plan", step_json(r, p, i));
	key = key_of(r, params);
	if (!r->fit_key || strcmp(key, r->fit_key) != 0) {
		r->fit = ask_fit(r, params);
		free(r->fit_key);
		r->fit_key = xstrdup(key);
	}
	free(key);
	cJSON_Delete(params);
	return r->fit;
}

static void stays_open(struct source *s)
{
	(void)s; /* remotes_close ends it */
}

static const struct source_ops remote_ops = {
        .kind = "remote", .search = search, .close = stays_open, .fit = fit, .start = start};

/* ---- the list ---- */

int remotes_open(struct remotes **out, struct worker *w, const cJSON *sources, const char *lake,
                 const char *dir, struct err *e)
{
	struct remotes *r = xcalloc(1, sizeof(*r));
	size_t n = (size_t)cJSON_GetArraySize(sources);
	const cJSON *x;

	*out = r;
	r->w = w;
	r->v = xcalloc(n + 1, sizeof(*r->v));
	for (size_t i = 0; i < REPLAYS; i++)
		r->replays[i].files = (struct spool)SPOOL_NONE;
	cJSON_ArrayForEach(x, sources)
	{
		struct remote *m = &r->v[r->n++];
		m->all = r;
		m->name = xstrdup(json_str(x, "name", ""));
		m->kind = xstrdup(json_str(x, "kind", ""));
		m->is_lake = lake && strcmp(lake, m->name) == 0;
		m->ask_always = json_bool(x, "default", true) && !m->is_lake;
		m->source = (struct source){&remote_ops, m->is_lake ? "lake" : m->name};
	}
	return r->n ? found_open(&r->found, dir, e) : 0;
}

static void remote_release(struct remote *m)
{
	for (size_t i = 0; i < m->started.n; i++) {
		worker_call_end(m->started.v[i].call);
		free(m->started.v[i].key);
	}
	vec_free(&m->started);
	free(m->name);
	free(m->kind);
	free(m->fit_key);
}

void remotes_close(struct remotes *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		remote_release(&r->v[i]);
	for (size_t i = 0; i < REPLAYS; i++)
		replay_release(&r->replays[i]);
	found_close(r->found);
	free(r->v);
	free(r);
}

size_t remotes_count(const struct remotes *r)
{
	return r->n;
}

struct source *remotes_at(struct remotes *r, size_t i)
{
	return &r->v[i].source;
}

struct source *remotes_lake(struct remotes *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].is_lake)
			return &r->v[i].source;
	return NULL;
}

struct found *remotes_found(struct remotes *r)
{
	return r->found;
}

void remotes_reuse(struct remotes *r, bool reuse)
{
	r->reuse = reuse;
}

static bool is_graph_kind(const char *kind)
{
	for (size_t i = 0; i < ARRAY_LEN(graph_kinds); i++)
		if (strcmp(kind, graph_kinds[i]) == 0)
			return true;
	return false;
}

/* ---- named in the question ---- */

static bool word_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.';
}

/* Case-blind, between characters that are no part of a name. */
static char *find_word(char *text, const char *word)
{
	size_t n = strlen(word);

	for (char *p = text; *p; p++)
		if (strncasecmp(p, word, n) == 0 && (p == text || !word_char(p[-1])) &&
		    !word_char(p[n]))
			return p;
	return NULL;
}

/* "in", "on", "from", "using", "via", and "the" before the name are no part of the question either. */
static char *before(char *text, char *at)
{
	static const char *const words[] = {"the",   "in",  "on",  "from",
	                                    "using", "via", "ask", "and"};
	bool again = true;

	while (again) {
		char *end = at;
		again = false;
		while (end > text && (end[-1] == ' ' || end[-1] == ','))
			end--;
		for (size_t i = 0; i < ARRAY_LEN(words) && !again; i++) {
			size_t n = strlen(words[i]);
			again = (size_t)(end - text) >= n &&
			        strncasecmp(end - n, words[i], n) == 0 &&
			        (end - n == text || !word_char(end[-n - 1]));
			if (again)
				at = end - n;
		}
	}
	return at;
}

static bool blank(char *text, const char *word)
{
	char *p = find_word(text, word), *from;

	if (!p)
		return false;
	from = before(text, p);
	memset(from, ' ', (size_t)(p - from) + strlen(word));
	return true;
}

static bool first_of_kind(const struct remotes *r, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(r->v[k].kind, r->v[i].kind) == 0)
			return false;
	return true;
}

/* A kind names every source of that kind. False where none is named. */
static bool find_named(const struct remotes *r, char *text, bool *named)
{
	bool any = false;

	for (size_t i = 0; i < r->n; i++)
		named[i] = blank(text, r->v[i].name);
	for (size_t i = 0; i < r->n; i++)
		named[i] |= find_word(text, r->v[i].kind) != NULL;
	for (size_t i = 0; i < r->n; i++) {
		if (first_of_kind(r, i))
			blank(text, r->v[i].kind);
		any |= named[i];
	}
	return any;
}

static char *list_of(const struct remotes *r, const bool *chosen, bool graph, bool own)
{
	struct buf b = BUF_INIT;

	if (own)
		buf_str(&b, graph ? "graph" : "lake");
	for (size_t i = 0; i < r->n; i++)
		if (chosen[i] && is_graph_kind(r->v[i].kind) == graph)
			buf_printf(&b, "%s%s", b.len ? "," : "", r->v[i].source.name);
	if (!b.len)
		buf_str(&b, graph ? "graph" : "lake");
	return buf_take(&b, NULL);
}

/* A question about records that names graph sources alone is about what these have found, which the lake has. */
static char *findings_of(const struct remotes *r, const bool *named)
{
	struct buf b = BUF_INIT;
	bool others = false;

	for (size_t i = 0; i < r->n; i++) {
		bool graph = is_graph_kind(r->v[i].kind);
		others |= named[i] && !graph;
		if (named[i] && graph)
			buf_printf(&b, "%sfinding.%s", b.len ? "," : "", r->v[i].kind);
	}
	if (others || !b.len) {
		buf_release(&b);
		return NULL;
	}
	return buf_take(&b, NULL);
}

void remotes_pick(const struct remotes *r, char *text, bool has_own, struct picked *out)
{
	bool *chosen = xcalloc(r->n + 1, sizeof(*chosen));
	bool named = find_named(r, text, chosen), lake = blank(text, "lake"),
	     own = (!named && has_own) || lake;
	char *findings = named && !lake ? findings_of(r, chosen) : NULL;

	for (size_t i = 0; i < r->n && !named; i++)
		chosen[i] = r->v[i].ask_always;
	*out = (struct picked){list_of(r, chosen, false, own), list_of(r, chosen, true, own),
	                       findings, named};
	free(chosen);
}

void picked_release(struct picked *p)
{
	free(p->search);
	free(p->graph);
	free(p->findings);
}

static void limit_to(struct plan *plan, struct plan_search *s, const char *datasets)
{
	struct slice rest = slice_of(datasets), one;

	s->datasets = arena_zalloc(&plan->arena, (strlen(datasets) + 1) * sizeof(*s->datasets));
	while (slice_split(&rest, ',', &one))
		s->datasets[s->ndatasets++] = arena_strndup(&plan->arena, one.s, one.n);
}

void picked_apply(const struct picked *p, struct plan *plan)
{
	for (size_t i = 0; i < plan->nsteps; i++) {
		struct plan_step *s = &plan->steps[i];
		bool graph = s->kind == PS_GRAPH;
		if (p->findings && !graph && !s->search.ndatasets)
			limit_to(plan, &s->search, p->findings);
		if (strcmp(s->source, graph ? "graph" : "lake") == 0)
			s->source = arena_strdup(&plan->arena, graph ? p->graph : p->search);
	}
}
