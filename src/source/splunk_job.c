/*
 * A search job: created under a sid of our own (so that a lost answer can still be found and cancelled), polled, its results paged,
 * cancelled at the end whatever happened, since jobs count against the account's quota. Facts: Splunk Enterprise REST API reference
 * (search endpoints), splunk-sdk-python. Unconfirmed and handled both ways: flags as booleans, numbers or text; GET or 204 while a job is young.
 */
#include "base/evjson.h"
#include "source/splunk.h"

#define POLL_FIRST_US (MW_SECOND / 4)
#define POLL_MAX_US (3 * MW_SECOND)
#define QUEUE_FIRST_US (2 * MW_SECOND)
#define QUEUE_MAX_US (60 * MW_SECOND)
#define PAGE_ROWS 5000
#define JOB_KEEP_SECONDS "600"
#define JOB_IDLE_SECONDS "120"
#define FINALIZE_BEFORE_US (3 * MW_SECOND) /* of the deadline: what is there by then is taken */

struct job {
	struct splunk *x;
	const struct source_run *run;
	const struct splunk_query *q;
	char *sid;
	bool finalized;
	int64_t results;
	const char *name;
};

static char *path_of(const struct splunk *x, const char *rest)
{
	return xasprintf("/services/search/%sjobs%s", x->old ? "" : "v2/", rest);
}

static void add_common(struct buf *b, const struct splunk *x, const struct splunk_query *q)
{
	call_form_str(b, "output_mode", "json");
	call_form_str(b, "search", q->spl);
	call_form_str(b, "namespace", json_str(x->env.entry, "app", "search"));
	if (q->earliest)
		call_form_str(b, "earliest_time", q->earliest);
	if (q->latest)
		call_form_str(b, "latest_time", q->latest);
}

static int post(struct splunk *x, const struct source_run *run, const char *path,
                const struct buf *form, struct http_response *rs, struct err *e)
{
	struct http_request rq = {.method = "POST",
	                          .path = path,
	                          .body = {form->s, form->len},
	                          .content_type = "application/x-www-form-urlencoded"};

	return call_do(x->http, run, &rq, rs, e);
}

int splunk_get(struct splunk *x, const struct source_run *run, const char *path, cJSON **out,
               struct err *e)
{
	char *full = xasprintf("%s%soutput_mode=json", path, strchr(path, '?') ? "&" : "?");
	struct http_request rq = {.method = "GET", .path = full, .idempotent = true};
	int rc = call_json(x->http, run, &rq, out, e);

	free(full);
	return rc;
}

const cJSON *splunk_content(const cJSON *answer)
{
	return json_obj(cJSON_GetArrayItem(json_arr(answer, "entry"), 0), "content");
}

/* ---- creating ---- */

static bool job_is_there(struct job *j)
{
	char *tail = xasprintf("/%s", j->sid), *path = path_of(j->x, tail);
	cJSON *answer = NULL;
	int rc = splunk_get(j->x, j->run, path, &answer, NULL);

	cJSON_Delete(answer);
	free(tail);
	free(path);
	return rc == 0;
}

static int create_once(struct job *j, int *status, struct err *e)
{
	char *path = path_of(j->x, "");
	struct http_response rs;
	struct buf form = BUF_INIT;
	int rc;

	add_common(&form, j->x, j->q);
	call_form_str(&form, "id", j->sid);
	call_form_str(&form, "exec_mode", "normal");
	call_form_str(&form, "adhoc_search_level", "smart");
	call_form_str(&form, "preview", "1");
	call_form_i64(&form, "max_time", call_seconds_left(j->run));
	call_form_i64(&form, "max_count", j->q->rows);
	call_form_str(&form, "timeout", JOB_KEEP_SECONDS);
	call_form_str(&form, "auto_cancel", JOB_IDLE_SECONDS);
	rc = post(j->x, j->run, path, &form, &rs, e);
	*status = rs.status;
	http_response_release(&rs);
	buf_release(&form);
	free(path);
	return rc;
}

/* 503 before a job runs means that the account's or the machine's searches are all taken: it waits its turn. */
static int create(struct job *j, struct err *e)
{
	int64_t wait = QUEUE_FIRST_US;
	int status = 0;

	for (;;) {
		struct err own = {0};
		if (!create_once(j, &status, &own) || status == 409 ||
		    (own.code == ERR_REMOTE && status == 0 && job_is_there(j)))
			break;
		if (status == 404 && !j->x->old) {
			j->x->old = true;
			continue;
		}
		if (status != 503 || mw_mono_us() + wait > j->run->deadline_us) {
			*e = own;
			return -1;
		}
		if (j->q->search)
			search_progress(j->q->search, 0);
		if (call_wait(j->run, wait, j->name, e))
			return -1;
		wait = wait * 2 > QUEUE_MAX_US ? QUEUE_MAX_US : wait * 2;
	}
	return 0;
}

static void control(struct job *j, const struct source_run *run, const char *action)
{
	char *path = xasprintf("/services/search/jobs/%s/control", j->sid);
	struct http_response rs;
	struct buf form = BUF_INIT;

	call_form_str(&form, "output_mode", "json");
	call_form_str(&form, "action", action);
	/* 404: it is gone, which is what was wanted. */
	(void)post(j->x, run, path, &form, &rs, NULL);
	http_response_release(&rs);
	buf_release(&form);
	free(path);
}

/* ---- waiting ---- */

static const char *message_of(const cJSON *content, const char *types)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, json_arr(content, "messages"))
	{
		const char *type = json_str(m, "type", "");
		if (*type && strstr(types, type))
			return json_str(m, "text", "");
	}
	return NULL;
}

static bool has_failed(const cJSON *content)
{
	static const char *const words[] = {"FAILED", "INTERNAL_CANCEL", "USER_CANCEL",
	                                    "BAD_INPUT_CANCEL", "QUIT"};
	const char *state = json_str(content, "dispatchState", "");

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(state, words[i]))
			return true;
	return call_bool(content, "isFailed") || call_bool(content, "isZombie");
}

static void tell(struct job *j, const cJSON *content)
{
	const cJSON *share = json_get(content, "doneProgress");
	struct search *s = j->q->search;
	int64_t scanned = call_i64(content, "scanCount", 0);
	double d = -1;

	j->results = call_i64(content, "resultCount", -1);
	if (!s)
		return;
	if (scanned > 0)
		s->done->scanned = (uint64_t)scanned;
	if (cJSON_IsNumber(share))
		d = share->valuedouble;
	else if (cJSON_IsString(share) && !slice_double(slice_of(share->valuestring), &d))
		d = -1;
	search_progress(s, d);
}

/* 1 done, 0 not yet, -1. */
static int look(struct job *j, struct err *e)
{
	char *tail = xasprintf("/%s", j->sid), *path = path_of(j->x, tail);
	cJSON *answer = NULL;
	const cJSON *content;
	const char *why;
	int rc = splunk_get(j->x, j->run, path, &answer, e);

	free(tail);
	free(path);
	if (rc)
		return -1;
	content = splunk_content(answer);
	if (answer && !content) {
		rc = err_set(e, ERR_REMOTE, "%s: the state of its search job has no content",
		             j->name);
	} else if (content) {
		tell(j, content);
		why = message_of(content, "FATAL ERROR");
		if (has_failed(content))
			rc = err_set(e, ERR_REMOTE, "%s: its search job failed: %s", j->name,
			             why ? why : "it gave no reason");
		else if (call_bool(content, "isDone"))
			rc = 1;
		if (rc == 1 && j->q->search && (why || (why = message_of(content, "WARN"))))
			search_partial(j->q->search, "it warned: %s", why);
	}
	cJSON_Delete(answer);
	return rc;
}

static int wait_done(struct job *j, struct err *e)
{
	int64_t wait = POLL_FIRST_US;
	int rc;

	while ((rc = look(j, e)) == 0) {
		int64_t left = j->run->deadline_us - mw_mono_us();
		if (!j->finalized && left < FINALIZE_BEFORE_US) {
			control(j, j->run, "finalize");
			j->finalized = true;
			if (j->q->search)
				search_partial(j->q->search,
				               "the time was up: these are the results so far");
		}
		if (call_wait(j->run, wait, j->name, e))
			return -1;
		wait = wait * 3 / 2 > POLL_MAX_US ? POLL_MAX_US : wait * 3 / 2;
	}
	return rc < 0 ? -1 : 0;
}

/* ---- results ---- */

struct page {
	const struct splunk_query *q;
	int64_t rows;
};

static int on_row(void *ctx, struct slice object, struct err *e)
{
	struct page *p = ctx;

	p->rows++;
	return p->q->row(p->q->ctx, object, e);
}

static int64_t offset_of(struct slice body)
{
	static const char key[] = "\"init_offset\":";
	const char *at = memmem(body.s, body.n < 512 ? body.n : 512, key, sizeof(key) - 1);
	struct slice v;
	int64_t n;
	size_t len = 0;

	if (!at)
		return -1;
	at += sizeof(key) - 1;
	while (*at == ' ')
		at++;
	while (at[len] >= '0' && at[len] <= '9')
		len++;
	v = (struct slice){at, len};
	return slice_i64(v, &n) ? n : -1;
}

static int get_page(struct job *j, struct ev_reader *reader, struct map *seen, int64_t offset,
                    struct page *p, struct err *e)
{
	char *tail = xasprintf(
	             "/%s/results?output_mode=json&count=%d&offset=%lld&segmentation=none", j->sid,
	             PAGE_ROWS, (long long)offset),
	     *path = path_of(j->x, tail);
	struct http_request rq = {.method = "GET", .path = path, .idempotent = true};
	struct http_response rs;
	struct slice body;
	int rc = call_do(j->x->http, j->run, &rq, &rs, e);

	body = (struct slice){rs.body.s, rs.body.len};
	if (!rc && rs.status != 204 && body.n) {
		int64_t at = offset_of(body);
		rc = call_expect_json(j->name, &rs, e);
		if (!rc && at >= 0 && at != offset)
			rc = err_set(e, ERR_REMOTE,
			             "%s gave results from %lld on where %lld was asked for",
			             j->name, (long long)at, (long long)offset);
		rc = rc ? rc : call_once(seen, j->name, "page of results", body, e);
		rc = rc ? rc : search_each(reader, body, "results", on_row, p, e);
	}
	http_response_release(&rs);
	free(tail);
	free(path);
	return rc;
}

static int take_results(struct job *j, struct err *e)
{
	struct ev_reader *reader = ev_reader_new();
	struct map seen = MAP_INIT;
	int64_t offset = 0;
	int rc = 0;

	while (!rc && offset < j->q->rows && (j->results < 0 || offset < j->results)) {
		struct page p = {.q = j->q};
		rc = get_page(j, reader, &seen, offset, &p, e);
		offset += p.rows;
		if (p.rows == 0)
			break;
	}
	if (!rc && j->results > offset && offset < j->q->rows)
		rc = err_set(e, ERR_REMOTE, "%s has %lld results and gave only %lld of them",
		             j->name, (long long)j->results, (long long)offset);
	map_release(&seen);
	ev_reader_free(reader);
	return rc;
}

int splunk_run(struct splunk *x, const struct source_run *run, const struct splunk_query *q,
               struct err *e)
{
	struct job j = {.x = x,
	                .run = run,
	                .q = q,
	                .sid = call_new_id("midwatch_"),
	                .results = -1,
	                .name = x->c.source.name};
	struct source_run last;
	int rc = create(&j, e);

	if (!rc)
		rc = wait_done(&j, e);
	if (!rc)
		rc = take_results(&j, e);
	last = call_last_words();
	/* Also where its creation was not answered: it may run there all the same. */
	control(&j, &last, "cancel");
	free(j.sid);
	return rc;
}

/* ---- export ---- */

struct stream {
	struct splunk *x;
	const struct splunk_query *q;
	struct call_lines lines;
	struct ev_reader *reader;
	bool last, enough;
	int64_t next; /* offset of the row to come */
};

static int on_message(struct stream *s, const cJSON *line, struct err *e)
{
	const char *why = message_of(line, "FATAL ERROR");

	if (why)
		return err_set(e, ERR_REMOTE, "%s: its search failed: %s", s->x->c.source.name,
		               why);
	why = message_of(line, "WARN");
	if (why && s->q->search)
		search_partial(s->q->search, "it warned: %s", why);
	return 0;
}

static int on_result(void *ctx, struct slice object, struct err *e)
{
	struct stream *s = ctx;
	int rc = s->q->row(s->q->ctx, object, e);

	s->enough = rc > 0;
	return rc;
}

/* {"preview":false,"offset":7,"lastrow":true,"result":{...}}: the members around the row are few and come first. */
static int on_line(void *ctx, struct slice line, struct err *e)
{
	static const char mark[] = "\"result\":";
	struct stream *s = ctx;
	const char *at = memmem(line.s, line.n, mark, sizeof(mark) - 1);
	struct slice head = {line.s, at ? (size_t)(at - line.s) : line.n};
	char *text;
	cJSON *j;
	int64_t offset;
	int rc = 0;

	text = at ? xasprintf("%.*s\"x\":0}", (int)head.n, head.s) : xstrndup(head.s, head.n);
	j = json_parse(slice_of(text), CONNECTOR_LINE_MAX, e);
	free(text);
	if (!j)
		return err_prefix(e, "%s sent a line that is no JSON", s->x->c.source.name);
	offset = call_i64(j, "offset", s->next);
	s->last |= call_bool(j, "lastrow");
	if (json_arr(j, "messages"))
		rc = on_message(s, j, e);
	if (!rc && at && !call_bool(j, "preview")) {
		if (offset != s->next)
			rc = err_set(e, ERR_REMOTE, "%s sent row %lld where row %lld was due",
			             s->x->c.source.name, (long long)offset, (long long)s->next);
		s->next = offset + 1;
		rc = rc ? rc : search_each(s->reader, line, "result", on_result, s, e);
	}
	cJSON_Delete(j);
	return rc ? -1 : 0;
}

static int on_body(void *ctx, struct slice part, struct err *e)
{
	struct stream *s = ctx;

	return call_lines_feed(&s->lines, part, e);
}

static int send_export(struct stream *s, const struct source_run *run, const struct buf *form,
                       struct err *e)
{
	char *path = path_of(s->x, "/export");
	struct http_request rq = {.method = "POST",
	                          .path = path,
	                          .body = {form->s, form->len},
	                          .content_type = "application/x-www-form-urlencoded",
	                          .on_body = on_body,
	                          .ctx = s};
	struct http_response rs;
	int rc = call_do(s->x->http, run, &rq, &rs, e), status = rs.status;

	http_response_release(&rs);
	free(path);
	if (status != 404 || s->x->old)
		return rc;
	s->x->old = true;
	return send_export(s, run, form, e);
}

int splunk_export(struct splunk *x, const struct source_run *run, const struct splunk_query *q,
                  struct err *e)
{
	struct stream s = {.x = x, .q = q, .reader = ev_reader_new()};
	int64_t wait = QUEUE_FIRST_US;
	struct buf form = BUF_INIT;
	struct err own = {0};
	int rc;

	add_common(&form, x, q);
	call_form_str(&form, "preview", "false");
	call_form_i64(&form, "max_time", call_seconds_left(run));
	call_lines_init(&s.lines, x->c.source.name, on_line, &s);
	/* Nothing has run where it says that all searches are taken: it may be asked again. */
	while ((rc = send_export(&s, run, &form, &own)) && !s.next &&
	       strstr(own.what, "answered 503") && mw_mono_us() + wait < run->deadline_us &&
	       !call_wait(run, wait, x->c.source.name, &own))
		wait = wait * 2 > QUEUE_MAX_US ? QUEUE_MAX_US : wait * 2;
	if (!rc)
		rc = call_lines_end(&s.lines, &own);
	if (!rc && !s.last)
		rc = err_set(&own, ERR_REMOTE, "%s ended its stream before the last row",
		             x->c.source.name);
	if (s.enough)
		rc = 1;
	else if (rc)
		*e = own;
	call_lines_release(&s.lines);
	ev_reader_free(s.reader);
	buf_release(&form);
	return rc;
}
