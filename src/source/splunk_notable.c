/*
 * Notable events of Enterprise Security. There is no call that lists them: they are searched for, with the macro `notable`, which adds status,
 * owner and urgency. Updates go to notable_update. The searches here are fixed texts with numbers and quoted ids in them. Facts: ES REST
 * API reference, splunk-soar connectors. Unconfirmed: whether review_time is there in every version; without it a change of an old notable is
 * seen only by its own time.
 */
#include "base/evjson.h"
#include "plan/quote.h"
#include "source/splunk.h"

#define FIND_ROWS 1000
#define LOOK_BACK "-90d@d" /* how old a notable may be that is still changed */
#define ID_MAX 256

/* mw_updated: when it was made or last reviewed. */
#define CHANGED "eval mw_updated=max(_time,coalesce(tonumber(review_time),0))"

struct notable {
	struct splunk *x;
	struct ev_reader *reader;
	const struct finding_sink *sink;
	char **cursor;
	char *id, *updated, *review, *urgency; /* of the row in hand */
};

static bool take(void *ctx, const struct ev_leaf *l)
{
	struct notable *n = ctx;
	const struct {
		const char *path;
		char **to;
	} wanted[] = {{"event_id", &n->id},
	              {"mw_updated", &n->updated},
	              {"review_time", &n->review},
	              {"urgency", &n->urgency}};

	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (!*wanted[i].to && slice_eq_str(l->path, wanted[i].path))
			*wanted[i].to = xstrndup(l->value.s, l->value.n);
	return true;
}

static void forget(struct notable *n)
{
	free(n->id);
	free(n->updated);
	free(n->review);
	free(n->urgency);
	n->id = n->updated = n->review = n->urgency = NULL;
}

/* The cursor is "TIME ID" of the last one taken; of one time they come by id. */
static bool is_behind(const struct notable *n)
{
	const char *at = *n->cursor ? strchr(*n->cursor, ' ') : NULL;
	double then, now;

	if (!at || !slice_double((struct slice){*n->cursor, (size_t)(at - *n->cursor)}, &then) ||
	    !slice_double(slice_of(n->updated), &now))
		return true;
	return now > then || (now >= then && strcmp(n->id, at + 1) > 0);
}

static int give(struct notable *n, struct slice object, struct err *e)
{
	struct source_finding f = {
	        .dataset = "splunk.notable", .id = slice_of(n->id), .raw = object};

	f.etag = n->review ? n->review : "0";
	if (!row_time(slice_of(n->updated), MW_SECOND, &f.updated))
		f.updated = MW_TIME_NONE;
	if (n->urgency && !connector_in_scope(n->x->env.entry, "severities", n->urgency))
		return 0;
	return n->sink->finding(n->sink->ctx, &f, e) ? -1 : 0;
}

static int on_row(void *ctx, struct slice object, struct err *e)
{
	struct notable *n = ctx;
	int rc = 0;

	forget(n);
	if (ev_walk(n->reader, object, take, n, NULL, e))
		return -1;
	if (!n->id || !n->updated)
		return err_set(
		        e, ERR_REMOTE,
		        "%s: a notable has no event_id: is the macro `notable` of Enterprise "
		        "Security shared with this account's app?",
		        n->x->c.source.name);
	if (!is_behind(n))
		return 0;
	rc = give(n, object, e);
	if (!rc) {
		free(*n->cursor);
		*n->cursor = xasprintf("%s %s", n->updated, n->id);
	}
	return rc;
}

static double since(const char *cursor)
{
	double t = 0;

	if (cursor && strchr(cursor, ' '))
		(void)slice_double((struct slice){cursor, (size_t)(strchr(cursor, ' ') - cursor)},
		                   &t);
	return t;
}

int splunk_findings(struct connected *c, const struct source_run *run, char **cursor,
                    const struct finding_sink *sink, struct err *e)
{
	struct notable n = {
	        .x = splunk_of(c), .reader = ev_reader_new(), .sink = sink, .cursor = cursor};
	char *spl =
	        xasprintf("search `notable` | " CHANGED
	                  " | where mw_updated>=%.6f | sort 0 + mw_updated + event_id | head %d",
	                  since(*cursor), FIND_ROWS);
	struct splunk_query q = {
	        .spl = spl, .earliest = LOOK_BACK, .rows = FIND_ROWS, .row = on_row, .ctx = &n};
	int rc = splunk_run(n.x, run, &q, e);

	forget(&n);
	ev_reader_free(n.reader);
	free(spl);
	return rc < 0 ? -1 : 0;
}

/* ---- one ---- */

static int take_one(void *ctx, struct slice object, struct err *e)
{
	cJSON **out = ctx;

	*out = json_parse(object, CONNECTOR_LINE_MAX, e);
	return *out ? 1 : -1;
}

static bool id_ok(const char *id)
{
	for (const char *p = id; *p; p++)
		if (!((*p | 32) >= 'a' && (*p | 32) <= 'z') && !(*p >= '0' && *p <= '9') &&
		    !strchr("-_@.:", *p))
			return false;
	return *id && strlen(id) < ID_MAX;
}

static int read_one(struct splunk *x, const struct source_run *run, const char *id, cJSON **out,
                    struct err *e)
{
	struct buf spl = BUF_INIT;
	struct splunk_query q = {.earliest = LOOK_BACK, .rows = 1, .row = take_one, .ctx = out};
	int rc;

	*out = NULL;
	if (!id || !id_ok(id))
		return err_set(e, ERR_INVALID, "\"%s\" is no id of a notable", id ? id : "");
	buf_str(&spl, "search `notable` | search event_id=");
	quote_spl_string(&spl, slice_of(id));
	buf_str(&spl, " | head 1");
	q.spl = spl.s;
	rc = splunk_run(x, run, &q, e);
	buf_release(&spl);
	if (rc < 0)
		return -1;
	return *out ? 0
	            : err_set(e, ERR_NOT_FOUND, "%s has no notable %s in the last 90 days",
	                      x->c.source.name, id);
}

int splunk_finding(struct connected *c, const struct source_run *run, const char *id, cJSON **out,
                   struct err *e)
{
	cJSON *one;

	if (read_one(splunk_of(c), run, id, &one, e))
		return -1;
	*out = cJSON_CreateObject();
	cJSON_AddItemToObject(*out, "finding", one);
	return 0;
}

/* When it was last reviewed; "0": never. */
char *splunk_version(const cJSON *notable)
{
	return xstrdup(json_str(notable, "review_time", "0"));
}

/* ---- events behind one ---- */

/* The drilldown is a text that somebody wrote there: only a plain search runs, without commands, subsearches or macros. */
static bool is_plain_search(const char *spl)
{
	return spl && !strpbrk(spl, "|[]`") && !strchr(spl, '$');
}

/* $field$ filled in from the notable, each as a quoted text. malloc. */
static char *filled_in(const char *spl, const cJSON *notable)
{
	struct buf b = BUF_INIT;

	while (*spl) {
		const char *end = *spl == '$' ? strchr(spl + 1, '$') : NULL;
		char *name = end ? xstrndup(spl + 1, (size_t)(end - spl - 1)) : NULL;
		const char *value = name ? json_str(notable, name, NULL) : NULL;
		if (value && b.len && b.s[b.len - 1] == '"') {
			/* "$user$" is in quotes already */
			struct buf q = BUF_INIT;
			quote_spl_string(&q, slice_of(value));
			buf_add(&b, q.s + 1, q.len - 2);
			buf_release(&q);
		} else if (value) {
			quote_spl_string(&b, slice_of(value));
		} else {
			buf_ch(&b, *spl);
		}
		spl = value ? end + 1 : spl + 1;
		free(name);
	}
	return buf_take(&b, NULL);
}

static int drill_down(struct splunk *x, struct search *s, const cJSON *notable, struct err *e)
{
	char *spl = filled_in(json_str(notable, "drilldown_search", ""), notable),
	     *text = xasprintf("%s%s | head %lld", !strncmp(spl, "search ", 7) ? "" : "search ",
	                       spl, (long long)s->limit);
	struct splunk_query q = {.spl = text,
	                         .earliest = json_str(notable, "drilldown_earliest", LOOK_BACK),
	                         .latest = json_str(notable, "drilldown_latest", "now"),
	                         .rows = s->limit,
	                         .row = search_object,
	                         .ctx = s,
	                         .search = s};
	int rc;

	if (!*spl || !is_plain_search(spl)) {
		rc = err_set(
		        e, ERR_INVALID,
		        "its drilldown search has commands or macros, which are not run from here: "
		        "open it in Splunk, or ask for the events yourself");
	} else {
		s->done->sent = xstrdup(text);
		rc = splunk_run(x, s->run, &q, e);
	}
	free(spl);
	free(text);
	return rc < 0 ? -1 : 0;
}

int splunk_finding_events(struct connected *c, const struct source_run *run, const char *id,
                          const struct source_sink *sink, struct source_done *done, struct err *e)
{
	struct splunk *x = splunk_of(c);
	struct row_conf rows = splunk_rows(x);
	cJSON *notable = NULL;
	struct search s;
	int rc = search_begin_events(&s, &x->env, RENDER_SPL, FIND_ROWS, &rows, run, sink, done, e);

	rc = rc ? rc : read_one(x, run, id, &notable, e);
	rc = rc ? rc : drill_down(x, &s, notable, e);
	cJSON_Delete(notable);
	return search_end(&s, rc, e);
}

/* ---- changes ---- */

struct word {
	const char *ours, *theirs;
};
static const struct word statuses[] = {
        {"new", "1"}, {"work", "2"}, {"wait", "3"}, {"closed", "5"}, {NULL, NULL}};
static const struct word urgencies[] = {
        {"informational", "informational"}, {"low", "low"}, {"medium", "medium"}, {"high", "high"},
        {"critical", "critical"},           {NULL, NULL}};
static const struct word dispositions[] = {{"true_positive", "disposition:1"},
                                           {"benign_positive", "disposition:2"},
                                           {"false_positive_logic", "disposition:3"},
                                           {"false_positive_data", "disposition:4"},
                                           {"duplicate", "disposition:5"},
                                           {NULL, NULL}};

static int add_word(struct buf *form, const char *key, const struct word *words, const char *ours,
                    struct err *e)
{
	if (!ours)
		return 0;
	for (; words->ours; words++)
		if (!strcasecmp(words->ours, ours)) {
			call_form_str(form, key, words->theirs);
			return 0;
		}
	return err_set(e, ERR_INVALID, "a notable has no %s \"%s\"", key, ours);
}

static int fill(struct buf *form, const struct source_update *u, struct err *e)
{
	call_form_str(form, "output_mode", "json");
	call_form_str(form, "ruleUIDs", u->id);
	if (add_word(form, "status", statuses, u->status, e) ||
	    add_word(form, "urgency", urgencies, u->severity, e) ||
	    add_word(form, "disposition", dispositions, u->verdict, e))
		return -1;
	if (u->owner)
		call_form_str(form, "newOwner", *u->owner ? u->owner : "unassigned");
	return 0;
}

static void add_comment(struct buf *form, const struct source_update *u)
{
	char *text = call_note(u);

	if (text)
		call_form_str(form, "comment", text);
	free(text);
}

static bool has_key(const cJSON *notable, const char *key)
{
	const cJSON *comment = json_get(notable, "comment"), *c;

	if (!key)
		return false;
	if (cJSON_IsString(comment))
		return strstr(comment->valuestring, key) != NULL;
	cJSON_ArrayForEach(c, comment)
	{
		if (cJSON_IsString(c) && strstr(c->valuestring, key))
			return true;
	}
	return false;
}

/* 1 it is done already, 0 go on, -1 somebody else was there first. */
static int look_before(struct splunk *x, const struct source_run *run,
                       const struct source_update *u, struct err *e)
{
	cJSON *now;
	int rc = read_one(x, run, u->id, &now, e);

	if (rc)
		return -1;
	if (has_key(now, u->idempotency))
		rc = 1;
	else if (u->etag && strcmp(u->etag, json_str(now, "review_time", "0")) != 0)
		rc = err_set(
		        e, ERR_CONFLICT,
		        "%s: notable %s was changed meanwhile: it is now %s, owner %s, urgency %s",
		        x->c.source.name, u->id, json_str(now, "status_label", "?"),
		        json_str(now, "owner", "?"), json_str(now, "urgency", "?"));
	cJSON_Delete(now);
	return rc;
}

int splunk_update(struct connected *c, const struct source_run *run, const struct source_update *u,
                  struct err *e)
{
	struct splunk *x = splunk_of(c);
	struct buf form = BUF_INIT;
	struct http_request rq = {.method = "POST",
	                          .path = "/services/notable_update",
	                          .content_type = "application/x-www-form-urlencoded"};
	cJSON *answer = NULL;
	int rc = look_before(x, run, u, e);

	if (rc == 0) {
		rc = fill(&form, u, e);
		add_comment(&form, u);
		rq.body = (struct slice){form.s, form.len};
		rc = rc ? rc : call_json(x->http, run, &rq, &answer, e);
		if (!rc && !call_bool(answer, "success"))
			rc = err_set(e, ERR_INVALID, "%s did not change the notable: %s",
			             c->source.name,
			             json_str(answer, "message", "it gave no reason"));
	}
	cJSON_Delete(answer);
	buf_release(&form);
	return rc < 0 ? -1 : 0;
}
