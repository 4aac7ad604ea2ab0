/*
 * ask and search: a question or a plan becomes a job; this waits for it, pages its rows and prints them. With --json exactly one
 * object: {plan, rows:[{uid}], result:{kind, ids, value, values, pairs, reason}, unread_words, elapsed_ms}.
 */
#include <signal.h>
#include <unistd.h>

#include "cli.h"
#include "model/say.h"

#define PAGE_ROWS 2000
#define POLL_US 200000

struct run {
	struct client *cl;
	int64_t job;
	cJSON *reading, *done; /* done: the JOB once it has ended */
	bool resync;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

static void on_news(void *ctx, const char *method, const cJSON *params)
{
	struct run *r = ctx;

	if (strcmp(method, "resync") == 0)
		r->resync = true;
	if (strcmp(method, "job.done") != 0)
		return;
	cJSON_Delete(r->done);
	r->done = cJSON_Duplicate(params, 1);
}

static cJSON *job_param(int64_t job)
{
	cJSON *o = cJSON_CreateObject();

	json_add_i64(o, "job", job);
	return o;
}

/* After a resync the notification may be among those that were dropped. */
static int look_again(struct run *r, struct err *e)
{
	cJSON *job = NULL;

	r->resync = false;
	if (client_call(r->cl, "job.get", job_param(r->job), &job, e))
		return -1;
	if (strcmp(json_str(job, "state", ""), "running") == 0) {
		cJSON_Delete(job);
		return 0;
	}
	cJSON_Delete(r->done);
	r->done = job;
	return 0;
}

static bool ended(const struct run *r)
{
	return r->done && json_i64(r->done, "job", 0) == r->job;
}

static int wait_job(struct run *r, struct err *e)
{
	struct sigaction act = {.sa_handler = on_interrupt};

	sigaction(SIGINT, &act, NULL);
	while (!ended(r)) {
		if (client_wait_news(r->cl, mw_mono_us() + POLL_US, e) < 0)
			return -1;
		if (r->resync && look_again(r, e))
			return -1;
		if (interrupted) {
			cJSON *nothing = NULL;
			interrupted = 0;
			if (client_call(r->cl, "job.cancel", job_param(r->job), &nothing, e))
				return -1;
			cJSON_Delete(nothing);
		}
	}
	return 0;
}

static int begin(struct run *r, const char *method, cJSON *params, struct err *e)
{
	cJSON *started = NULL, *nothing = NULL;

	r->cl->news = on_news;
	r->cl->ctx = r;
	if (client_call(r->cl, "subscribe", NULL, &nothing, e) ||
	    client_call(r->cl, method, params, &started, e)) {
		cJSON_Delete(nothing);
		return -1;
	}
	cJSON_Delete(nothing);
	r->job = json_i64(started, "job", 0);
	r->reading = cJSON_DetachItemFromObjectCaseSensitive(started, "reading");
	cJSON_Delete(started);
	return r->job ? wait_job(r, e) : 0;
}

/* ---- rows ---- */

typedef void row_fn(void *ctx, const cJSON *row);

static int each_row(struct run *r, int64_t step, row_fn *fn, void *ctx, struct err *e)
{
	int64_t offset = 0, total;

	do {
		cJSON *params = job_param(r->job), *page = NULL;
		const cJSON *row;
		json_add_i64(params, "step", step);
		json_add_i64(params, "offset", offset);
		json_add_i64(params, "limit", PAGE_ROWS);
		if (client_call(r->cl, "job.rows", params, &page, e))
			return -1;
		cJSON_ArrayForEach(row, json_arr(page, "rows"))
		{
			fn(ctx, row);
			offset++;
		}
		total = json_i64(page, "total", 0);
		if (!cJSON_GetArraySize(json_arr(page, "rows")))
			total = 0;
		cJSON_Delete(page);
	} while (offset < total);
	return 0;
}

static int64_t last_step(const struct run *r)
{
	int n = cJSON_GetArraySize(json_arr(json_obj(r->reading, "plan"), "steps"));

	return n ? n - 1 : 0;
}

/* "<file>:<line>": the one name that every record has, also where its source has no id or repeats it. */
static char *row_place(const cJSON *row)
{
	const char *file = json_str(row, "file", ""), *base = strrchr(file, '/');

	return *file ? xasprintf("%s:%lld", base ? base + 1 : file,
	                         (long long)json_i64(row, "line", 0))
	             : xstrdup(json_str(row, "uid", ""));
}

/* ---- JSON ---- */

struct collect {
	cJSON *ids, *rows, *columns, *table;
};

static cJSON *cell(const cJSON *v)
{
	int n = cJSON_GetArraySize(v);

	if (!cJSON_IsArray(v))
		return cJSON_Duplicate(v, 1);
	return n == 0 ? cJSON_CreateNull() : cJSON_Duplicate(n == 1 ? v->child : v, 1);
}

/* A line of the table: what was asked of each event, or the columns of a group. */
static void collect_cells(struct collect *c, const cJSON *row)
{
	const cJSON *cols = json_obj(row, json_get(row, "told") ? "told" : "cols"), *v;
	bool first = c->columns && !c->columns->child;
	cJSON *line;

	if (!cols || !c->table)
		return;
	line = cJSON_CreateArray();
	cJSON_ArrayForEach(v, cols)
	{
		if (first)
			cJSON_AddItemToArray(c->columns, cJSON_CreateString(v->string));
		cJSON_AddItemToArray(line, cell(v));
	}
	cJSON_AddItemToArray(c->table, line);
}

static void collect_row(void *ctx, const cJSON *row)
{
	struct collect *c = ctx;
	cJSON *o = cJSON_CreateObject();
	char *place = row_place(row);
	const char *uid = json_str(row, "uid", "");

	cJSON_AddItemToArray(c->ids, cJSON_CreateString(place));
	json_add_str(o, "uid", *uid ? uid : place);
	cJSON_AddItemToArray(c->rows, o);
	free(place);
	collect_cells(c, row);
}

static void collect_group(void *ctx, const cJSON *row)
{
	collect_cells(ctx, row);
}

static void copy(cJSON *into, const char *as, const cJSON *from, const char *key)
{
	const cJSON *v = json_get(from, key);

	cJSON_AddItemToObject(into, as, v ? cJSON_Duplicate(v, 1) : cJSON_CreateNull());
}

static void copy_set(cJSON *into, const cJSON *from, const char *key)
{
	const cJSON *v = json_get(from, key);

	if (v && !cJSON_IsNull(v))
		copy(into, key, from, key);
}

static int list_size(const cJSON *o, const char *key)
{
	return cJSON_GetArraySize(json_arr(o, key));
}

/* More than a name and a number a line? */
static bool is_wide(const struct run *r)
{
	const cJSON *step = cJSON_GetArrayItem(json_arr(json_obj(r->reading, "plan"), "steps"),
	                                       (int)last_step(r));
	int by = list_size(step, "by") + (json_get(step, "span") ? 1 : 0);

	return list_size(step, "columns") > 0 || by > 1 || (by > 0 && list_size(step, "stats") > 1);
}

static int fill_result(struct run *r, cJSON *result, cJSON *rows, struct err *e)
{
	const cJSON *answer = json_obj(r->done, "answer"), *empty = json_obj(answer, "empty");
	const char *kind = json_str(answer, "kind", r->job ? "error" : "clarify");
	struct collect c = {.rows = rows};

	json_add_str(result, "kind", kind);
	copy_set(result, answer, "value");
	copy_set(result, answer, "values");
	copy_set(result, answer, "pairs");
	copy_set(result, answer, "parts");
	copy_set(result, empty, "reason");
	if (strcmp(kind, "clarify") == 0)
		copy(result, "clarify", r->reading, "clarify");
	if (is_wide(r) && strcmp(kind, "empty") != 0) {
		c.columns = json_add_arr(result, "columns");
		c.table = json_add_arr(result, "table");
	}
	if (strcmp(kind, "events") == 0)
		c.ids = json_add_arr(result, "ids");
	else if (!c.table)
		return 0;
	return each_row(r, last_step(r), c.ids ? collect_row : collect_group, &c, e);
}

cJSON *cli_result(struct client *cl, cJSON *reading, cJSON *done, struct err *e)
{
	struct run r = {
	        .cl = cl, .reading = reading, .done = done, .job = json_i64(done, "job", 0)};
	cJSON *result = cJSON_CreateObject(), *rows = cJSON_CreateArray();
	int rc = fill_result(&r, result, rows, e);
	cJSON *uids = json_add_arr(result, "uids"), *row;

	cJSON_ArrayForEach(row, rows)
	        cJSON_AddItemToArray(uids, cJSON_CreateString(json_str(row, "uid", "")));
	cJSON_Delete(rows);
	if (!rc)
		return result;
	cJSON_Delete(result);
	return NULL;
}

static int print_json(struct run *r, struct err *e)
{
	cJSON *o = cJSON_CreateObject(), *rows;
	int rc;

	copy(o, "plan", r->reading, "plan");
	rows = json_add_arr(o, "rows");
	rc = fill_result(r, json_add_obj(o, "result"), rows, e);
	copy(o, "unread_words", r->reading, "unread");
	copy(o, "reading", r->reading, "paraphrase");
	copy_set(o, r->reading, "planner");
	copy_set(o, r->reading, "model");
	copy_set(o, r->reading, "other");
	copy_set(o, r->done, "error");
	json_add_i64(o, "elapsed_ms", json_i64(r->done, "elapsed_ms", 0));
	if (rc == 0)
		cli_json(o);
	cJSON_Delete(o);
	return rc;
}

/* ---- text ---- */

static void print_value(const cJSON *v)
{
	if (cJSON_IsString(v))
		cli_puts(v->valuestring);
	else if (cJSON_IsArray(v) && v->child)
		print_value(v->child);
	else if (cJSON_IsNumber(v))
		printf("%.15g", v->valuedouble);
}

/* Who planned or wrote where a model had part in it. */
static void print_model(const cJSON *reading)
{
	const cJSON *m = json_obj(reading, "model"), *other = json_obj(reading, "other"), *f;
	struct buf b = BUF_INIT;

	if (!m)
		return;
	say_model(&b, m);
	printf("model ");
	cli_put((struct slice){b.s, b.len});
	printf("\n");
	buf_release(&b);
	if (other) {
		printf("      %s planner: ", json_str(other, "planner", "other"));
		cli_puts(json_bool(other, "same", false) ? "reads it the same way"
		                                         : json_str(other, "text", ""));
		printf("\n");
	}
	if (json_str(reading, "held", NULL))
		printf("      %s\n", json_str(reading, "held", ""));
	cJSON_ArrayForEach(f, json_arr(m, "flagged")) if (cJSON_IsString(f))
	{
		printf("      reads like an instruction, sent as data: ");
		cli_puts(f->valuestring);
		printf("\n");
	}
}

static void print_reading(const cJSON *reading)
{
	const cJSON *x;

	if (json_str(reading, "paraphrase", NULL)) {
		printf("read  ");
		cli_puts(json_str(reading, "paraphrase", ""));
		printf("\n");
	}
	print_model(reading);
	cJSON_ArrayForEach(x, json_arr(reading, "chips")) if (json_bool(x, "assumed", false))
	{
		printf("      assumed: ");
		cli_puts(json_str(x, "text", ""));
		printf("\n");
	}
	cJSON_ArrayForEach(x, json_arr(reading, "unread"))
	{
		printf("      not understood: ");
		print_value(x);
		printf("\n");
	}
}

static int print_clarify(const cJSON *reading)
{
	const cJSON *x;

	printf("asks  ");
	cli_puts(json_str(reading, "clarify", "this question was not understood"));
	printf("\n");
	cJSON_ArrayForEach(x, json_arr(reading, "choices"))
	{
		printf("      - ");
		print_value(x);
		printf("\n");
	}
	return CLI_ASKS;
}

/* What a line of text shows of an event, in this order; --json has all of it. */
static const char *const shown_fields[] = {
        "api.operation",
        "finding_info.title",
        "metadata.event_code",
        "activity_name",
        "actor.user.name",
        "user.name",
        "process.name",
        "process.cmd_line",
        "query.hostname",
        "mw.bucket",
        "resources.name",
        "device.hostname",
        "src_endpoint.ip",
        "dst_endpoint.ip",
        "dst_endpoint.port",
        "api.response.error",
        "status",
        NULL,
};
#define SHOWN_MAX 7

static void print_fields(const cJSON *vals)
{
	int n = 0;

	for (const char *const *f = shown_fields; *f && n < SHOWN_MAX; f++) {
		const cJSON *v = json_get(vals, *f);

		if (!v)
			continue;
		printf("\t%s=", *f);
		print_value(v);
		n++;
	}
}

static void print_event(void *ctx, const cJSON *row)
{
	const cJSON *v;

	(void)ctx;
	if (json_get(row, "cols") || json_get(row, "told")) {
		cJSON_ArrayForEach(v, json_obj(row, json_get(row, "told") ? "told" : "cols"))
		{
			print_value(v);
			printf(v->next ? "\t" : "");
		}
		if (json_get(row, "id"))
			printf("\t[%s]", json_str(row, "id", ""));
		printf("\n");
		return;
	}
	printf("%s\t", json_str(row, "time", "-"));
	cli_puts(json_str(row, "dataset", json_str(row, "source", "")));
	print_fields(json_obj(row, "vals"));
	if (json_get(row, "node") || json_get(row, "path")) {
		struct buf b = BUF_INIT;
		json_write(&b, row);
		cli_put((struct slice){b.s, b.len});
		buf_release(&b);
	}
	printf("\t[%s]\n", json_str(row, "id", ""));
}

static void print_empty(const cJSON *answer)
{
	const cJSON *empty = json_obj(answer, "empty"), *x;

	cli_puts(json_str(empty, "sentence", "nothing"));
	printf(" (%s)\n", json_str(empty, "reason", "unknown"));
	cJSON_ArrayForEach(x, json_arr(empty, "probes"))
	{
		printf("  %s ", json_bool(x, "ok", false) ? "ok " : "no ");
		cli_puts(json_str(x, "what", ""));
		printf(": ");
		cli_puts(json_str(x, "found", ""));
		printf("\n");
	}
	cJSON_ArrayForEach(x, json_arr(empty, "near"))
	{
		printf("  like it: ");
		print_value(x);
		printf("\n");
	}
}

static int print_body(struct run *r, const char *kind, const cJSON *answer, struct err *e)
{
	const cJSON *x;

	if (strcmp(kind, "count") && json_get(answer, "value")) {
		print_value(json_get(answer, "value"));
		printf("\n");
	}
	if (strcmp(kind, "count") == 0) {
		print_value(json_get(answer, "value"));
		printf("\n");
	} else if (strcmp(kind, "values") == 0) {
		cJSON_ArrayForEach(x, json_arr(answer, "values"))
		{
			print_value(x);
			printf("\n");
		}
	} else if (strcmp(kind, "ranking") == 0) {
		cJSON_ArrayForEach(x, json_arr(answer, "pairs"))
		{
			print_value(cJSON_GetArrayItem(x, 0));
			printf("\t");
			print_value(cJSON_GetArrayItem(x, 1));
			printf("\n");
		}
	} else {
		return each_row(r, last_step(r), print_event, NULL, e);
	}
	return 0;
}

static void print_reach(const cJSON *answer)
{
	const cJSON *x;

	cJSON_ArrayForEach(x, json_arr(answer, "missing"))
	{
		printf("missing: ");
		print_value(x);
		printf("\n");
	}
	cJSON_ArrayForEach(x, json_arr(answer, "reach"))
	{
		printf("reach: ");
		cli_puts(json_str(x, "text", ""));
		printf("\n");
	}
}

/* Sentences with the records that they rest on; what those do not hold is struck. */
static void print_sentences(const cJSON *answer)
{
	const cJSON *x;

	cJSON_ArrayForEach(x, json_arr(answer, "sentences"))
	{
		struct buf b = BUF_INIT;
		say_sentence(&b, x);
		cli_put((struct slice){b.s, b.len});
		printf("\n");
		buf_release(&b);
	}
}

/* A step that was proposed and not run: its plan is what there is. */
static int print_proposed(const cJSON *reading)
{
	struct buf b = BUF_INIT;

	json_write(&b, json_obj(reading, "plan"));
	printf("why   ");
	cli_puts(json_str(reading, "why", ""));
	printf("\nplan  ");
	cli_put((struct slice){b.s, b.len});
	printf("\nnot run; %lld steps left (--run runs the next one at once)\n",
	       (long long)json_i64(reading, "steps_left", 0));
	buf_release(&b);
	return CLI_OK;
}

/* A count has one row, which nobody wants to know. */
static void print_cost(struct run *r, const cJSON *answer, bool partial, bool count)
{
	long long ms = (long long)json_i64(r->done, "elapsed_ms", 0),
	          rows = (long long)json_i64(answer, "total", 0);

	if (partial)
		printf("PARTIAL: what is missing, as said above, is not in this %s\n",
		       count ? "count" : "answer");
	if (count)
		printf("counted in %lld ms\n", ms);
	else
		printf("%lld %s in %lld ms\n", rows, rows == 1 ? "row" : "rows", ms);
}

static int print_text(struct run *r, struct err *e)
{
	const cJSON *answer = json_obj(r->done, "answer");
	const char *kind = json_str(answer, "kind", "");
	bool partial = json_bool(answer, "partial", false);

	print_reading(r->reading);
	if (!r->job || strcmp(kind, "clarify") == 0)
		return print_clarify(r->reading);
	if (json_str(r->done, "error", NULL)) {
		err_set(e, ERR_REMOTE, "%s", json_str(r->done, "error", ""));
		return -1;
	}
	if (!answer)
		return print_proposed(r->reading);
	if (strcmp(kind, "text") == 0) {
		print_sentences(answer);
		return CLI_OK;
	}
	if (strcmp(kind, "empty") == 0)
		print_empty(answer);
	else if (print_body(r, kind, answer, e))
		return -1;
	print_reach(answer);
	print_cost(r, answer, partial, strcmp(kind, "count") == 0);
	if (partial)
		return CLI_PARTIAL;
	return strcmp(kind, "empty") == 0 ? CLI_NOTHING : CLI_OK;
}

/* ---- commands ---- */

int cli_question(struct cli *c, const char *method, cJSON *params)
{
	struct client cl;
	struct run r = {.cl = &cl};
	struct err e;
	int rc = cli_open(c, &cl);

	if (rc) {
		cJSON_Delete(params);
		return rc;
	}
	if (begin(&r, method, params, &e))
		rc = -1;
	else
		rc = c->json ? print_json(&r, &e) : print_text(&r, &e);
	cJSON_Delete(r.reading);
	cJSON_Delete(r.done);
	client_close(&cl);
	return rc < 0 ? cli_error(&e) : rc;
}

int cli_run(struct client *cl, const char *method, cJSON *params, cJSON **reading, cJSON **done,
            struct err *e)
{
	struct run r = {.cl = cl};
	int rc = begin(&r, method, params, e);

	*reading = r.reading;
	*done = r.done;
	return rc;
}

void cli_session(struct cli *c, cJSON *params)
{
	const char *session = cli_option(c, "--session");
	char own[32];

	/* Without a name each call stands alone: no earlier question is meant by "those". */
	snprintf(own, sizeof(own), "cli-%lld", (long long)mw_now());
	json_add_str(params, "session", session ? session : own);
}

char *cli_join(const struct cli *c)
{
	struct buf b = BUF_INIT;

	for (int i = 0; i < c->argc; i++)
		buf_printf(&b, "%s%s", i ? " " : "", c->argv[i]);
	return buf_take(&b, NULL);
}

int cmd_ask(struct cli *c)
{
	cJSON *params = cJSON_CreateObject();
	const char *now = cli_option(c, "--now"), *incident = cli_option(c, "--incident");
	bool model = cli_switch(c, "--model");
	char *question;

	cli_session(c, params);
	if (!cli_words(c, 1, 256)) {
		cJSON_Delete(params);
		return CLI_USAGE;
	}
	question = cli_join(c);
	json_add_str(params, "question", question);
	free(question);
	if (now)
		json_add_str(params, "now", now);
	if (incident)
		json_add_str(params, "incident", incident);
	if (model)
		json_add_str(params, "planner", "model");
	return cli_question(c, "ask", params);
}

static int about_incident(struct cli *c, const char *method, cJSON *params)
{
	cli_session(c, params);
	if (!cli_words(c, 1, 1)) {
		cJSON_Delete(params);
		return CLI_USAGE;
	}
	json_add_str(params, "incident", c->argv[0]);
	return cli_question(c, method, params);
}

int cmd_story(struct cli *c)
{
	const char *prompt = cli_option(c, "--prompt");
	cJSON *params = cJSON_CreateObject();

	json_add_str(params, "prompt", prompt ? prompt : "narrative");
	return about_incident(c, "model.write", params);
}

int cmd_next(struct cli *c)
{
	cJSON *params = cJSON_CreateObject();

	json_add_bool(params, "run", cli_switch(c, "--run"));
	return about_incident(c, "model.next", params);
}

/* ---- search: words to a plan, without reading English ---- */

static const struct {
	const char *sign, *op;
	bool negate;
} signs[] = {
        /* longer ones first */
        {"!=", "is", true}, {"!~", "contains", true}, {">=", "ge", false}, {"<=", "le", false},
        {"=", "is", false}, {"~", "contains", false}, {">", "gt", false},  {"<", "lt", false},
};

static cJSON *node_of(const char *word)
{
	cJSON *n = cJSON_CreateObject(), *outer;

	for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
		const char *at = strstr(word, signs[i].sign);
		if (!at || at == word)
			continue;
		json_add_slice(n, "field", (struct slice){word, (size_t)(at - word)});
		json_add_str(n, "op",
		             strchr(at, '*') && signs[i].op[0] == 'i' ? "like" : signs[i].op);
		json_add_str(n, "value", at + strlen(signs[i].sign));
		if (!signs[i].negate)
			return n;
		outer = cJSON_CreateObject();
		cJSON_AddItemToObject(outer, "not", n);
		return outer;
	}
	json_add_str(n, "op", "text");
	json_add_str(n, "value", word);
	return n;
}

int cmd_search(struct cli *c)
{
	const char *from = cli_option(c, "--from"), *to = cli_option(c, "--to");
	const char *limit = cli_option(c, "--limit");
	cJSON *params = cJSON_CreateObject(), *plan, *step, *all;
	int64_t n = 0;

	cli_session(c, params);
	if (!cli_words(c, 1, 64) || (limit && !slice_i64(slice_of(limit), &n))) {
		cJSON_Delete(params);
		return CLI_USAGE;
	}
	plan = json_add_obj(params, "plan");
	json_add_str(plan, "show", "events");
	step = cJSON_CreateObject();
	cJSON_AddItemToArray(json_add_arr(plan, "steps"), step);
	json_add_str(step, "kind", "search");
	if (from)
		json_add_str(step, "from", from);
	if (to)
		json_add_str(step, "to", to);
	if (n)
		json_add_i64(step, "limit", n);
	all = json_add_arr(json_add_obj(step, "where"), "all");
	for (int i = 0; i < c->argc; i++)
		cJSON_AddItemToArray(all, node_of(c->argv[i]));
	return cli_question(c, "plan.run", params);
}
