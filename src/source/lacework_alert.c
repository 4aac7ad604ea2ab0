/*
 * Lacework's alerts by their start, in windows of seven days. An alert comes late and changes afterwards, so each poll looks at six days again
 * and takes what it has not seen in this state: the cursor is "TIME ID/START/STATE,...", everything before TIME having been read, with what
 * was seen of the days that are looked at again.
 */
#include "source/lacework.h"

#define AGAIN (6 * MW_DAY)
#define SEEN_MAX 20000 /* what is forgotten comes again, and the importer drops it */
#define RESERVE 60     /* requests an hour that polls leave for questions */
#define HELD_MAX 100000

struct seen {
	int64_t start; /* seconds */
	uint64_t state;
};
struct held {
	mw_time updated, start;
	char *id, *raw;
	size_t n;
	uint64_t state;
};
struct list {
	struct lacework *x;
	const struct source_run *run;
	const struct finding_sink *sink;
	char **cursor;
	mw_time to;     /* everything before it was read */
	struct map ids; /* id: index + 1 into seen */
	VEC(struct seen) seen;
	VEC(struct held) held; /* of the window in hand */
};

/* ---- the cursor ---- */

static void remember(struct list *l, struct slice id, int64_t start, uint64_t state)
{
	struct map_entry *m;

	if (l->seen.n >= SEEN_MAX && !map_get(&l->ids, id.s, id.n))
		return;
	m = map_put(&l->ids, id.s, id.n, NULL);
	if (!m->val.u) {
		(void)vec_push(&l->seen);
		m->val.u = l->seen.n;
	}
	l->seen.v[m->val.u - 1] = (struct seen){start, state};
}

static bool was_seen(const struct list *l, const char *id, uint64_t state)
{
	const struct map_entry *m = map_get_str(&l->ids, id);

	return m && l->seen.v[m->val.u - 1].state == state;
}

static void read_cursor(struct list *l)
{
	struct slice rest = slice_of(*l->cursor), at, one, id, start;
	int64_t seconds;
	uint64_t state;

	l->to = mw_now() - LACEWORK_REACH;
	if (!slice_split(&rest, ' ', &at) || !mw_time_parse(at, &l->to))
		return;
	while (slice_split(&rest, ',', &one))
		if (slice_split(&one, '/', &id) && slice_split(&one, '/', &start) &&
		    slice_i64(start, &seconds) && slice_u64(one, &state))
			remember(l, id, seconds, state);
}

static void write_cursor(struct list *l)
{
	struct buf b = BUF_INIT;
	char at[32];
	const char *before = " ";

	mw_time_format(l->to, at);
	buf_str(&b, at);
	for (size_t i = 0; i < l->ids.n; i++) {
		const struct seen *s = &l->seen.v[l->ids.entries[i].val.u - 1];
		if (s->start * MW_SECOND < l->to - AGAIN)
			continue;
		buf_printf(&b, "%s%s/%lld/%llu", before, l->ids.entries[i].key, (long long)s->start,
		           (unsigned long long)s->state);
		before = ",";
	}
	free(*l->cursor);
	*l->cursor = buf_take(&b, NULL);
}

/* ---- one row ---- */

char *lacework_etag(struct slice alert)
{
	char *status = call_text(alert, "status"), *at = call_text(alert, "lastUserUpdatedTime"),
	     *old = call_text(alert, "lastUserUpdateTime"), *etag;

	etag = xasprintf("%s %s", status ? status : "?", at ? at : old ? old : "0");
	free(status);
	free(at);
	free(old);
	return etag;
}

static bool time_at(struct slice raw, const char *key, mw_time *t)
{
	char *text = call_text(raw, key);
	bool ok = text && mw_time_parse(slice_of(text), t);

	free(text);
	return ok;
}

/* "0": nobody has touched it, so that its own end counts. */
static mw_time updated_of(struct slice raw, mw_time start)
{
	mw_time t = start;

	if (time_at(raw, "lastUserUpdatedTime", &t) || time_at(raw, "lastUserUpdateTime", &t) ||
	    time_at(raw, "endTime", &t))
		return t;
	return start;
}

/* What a change of the alert changes. */
static uint64_t state_of(struct slice raw)
{
	static const char *const keys[] = {"status", "severity", "lastUserUpdatedTime",
	                                   "lastUserUpdateTime", "endTime"};
	struct buf b = BUF_INIT;
	uint64_t h;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		char *text = call_text(raw, keys[i]);
		buf_printf(&b, "%s|", text ? text : "");
		free(text);
	}
	h = mw_hash(b.s, b.len) & 0xffffffffu;
	buf_release(&b);
	return h;
}

bool lacework_in_accounts(const struct lacework *x, struct slice alert)
{
	const cJSON *accounts = json_arr(x->env.entry, "accounts"), *a;

	if (!accounts)
		return true;
	cJSON_ArrayForEach(a, accounts)
	{
		if (cJSON_IsString(a) && *a->valuestring &&
		    memmem(alert.s, alert.n, a->valuestring, strlen(a->valuestring)))
			return true;
	}
	return false;
}

static int hold(void *ctx, struct slice raw, struct err *e)
{
	struct list *l = ctx;
	struct held h = {.id = call_text(raw, "alertId"), .n = raw.n};

	if (!h.id || !time_at(raw, "startTime", &h.start)) {
		free(h.id);
		return err_set(e, ERR_REMOTE, "%s: an alert has no alertId or startTime",
		               l->x->c.source.name);
	}
	h.state = state_of(raw);
	if (was_seen(l, h.id, h.state)) {
		free(h.id);
		return 0;
	}
	h.updated = updated_of(raw, h.start);
	h.raw = xmalloc(raw.n + 1);
	memcpy(h.raw, raw.s, raw.n);
	*vec_push(&l->held) = h;
	if (l->held.n > HELD_MAX)
		return err_set(
		        e, ERR_LIMIT,
		        "%s gave over %d new alerts of one week; set `severities` of its entry",
		        l->x->c.source.name, HELD_MAX);
	return 0;
}

static int by_change(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	if (x->updated != y->updated)
		return x->updated < y->updated ? -1 : 1;
	return strcmp(x->id, y->id);
}

static int give(struct list *l, const struct held *h, struct err *e)
{
	struct slice raw = {h->raw, h->n};
	char *etag = lacework_etag(raw);
	struct source_finding f = {.dataset = "finding.lacework",
	                           .id = slice_of(h->id),
	                           .updated = h->updated,
	                           .raw = raw,
	                           .etag = etag};
	int rc = 0;

	if (lacework_in_accounts(l->x, raw))
		rc = l->sink->finding(l->sink->ctx, &f, e);
	if (!rc)
		remember(l, f.id, h->start / MW_SECOND, h->state);
	free(etag);
	return rc;
}

/* ---- windows ---- */

/* Severity is compared by `eq` alone there: a call for each. `severity` NULL: any. */
static int ask(struct list *l, const char *severity, mw_time from, mw_time to, struct err *e)
{
	cJSON *doc = cJSON_CreateObject();
	int rc;

	lacework_time_filter(doc, from, to);
	if (severity)
		lacework_filter(doc, "severity", severity);
	rc = lacework_rows(l->x, l->run, "/api/v2/Alerts/search", doc, hold, l, e);
	cJSON_Delete(doc);
	return rc;
}

static int ask_window(struct list *l, mw_time from, mw_time to, struct err *e)
{
	static const char *const theirs[] = {"Critical", "High", "Medium", "Low", "Info"};
	const cJSON *entry = l->x->env.entry;
	int rc = 0;

	if (!json_arr(entry, "severities"))
		return ask(l, NULL, from, to, e);
	for (size_t i = 0; !rc && i < ARRAY_LEN(theirs); i++)
		if (connector_in_scope(entry, "severities", theirs[i]) ||
		    (!strcmp(theirs[i], "Info") &&
		     connector_in_scope(entry, "severities", "informational")))
			rc = ask(l, theirs[i], from, to, e);
	return rc;
}

static int give_window(struct list *l, int rc, struct err *e)
{
	if (l->held.n)
		qsort(l->held.v, l->held.n, sizeof(*l->held.v), by_change);
	for (size_t i = 0; i < l->held.n; i++) {
		rc = rc ? rc : give(l, &l->held.v[i], e);
		free(l->held.v[i].id);
		free(l->held.v[i].raw);
	}
	l->held.n = 0;
	return rc;
}

int lacework_findings(struct connected *c, const struct source_run *run, char **cursor,
                      const struct finding_sink *sink, struct err *e)
{
	struct list l = {.x = lacework_of(c), .run = run, .sink = sink, .cursor = cursor};
	mw_time now = mw_now(), reach = now - LACEWORK_REACH, from;
	int windows = 0, rc = connector_index_scope(l.x->env.entry, "the function ", "Alerts", e);

	read_cursor(&l);
	from = l.to - AGAIN > reach ? l.to - AGAIN : reach;
	while (!rc && from < now) {
		mw_time to = from + LACEWORK_WINDOW < now ? from + LACEWORK_WINDOW : now;
		if (lacework_left(l.x, "Alerts") <= RESERVE) {
			rc = windows ? 1
			             : err_set(e, ERR_LIMIT,
			                       "%s: the hour's requests for alerts are used up but for "
			                       "the %d that polls leave to questions",
			                       c->source.name, RESERVE);
			break;
		}
		rc = give_window(&l, ask_window(&l, from, to, e), e);
		if (!rc)
			l.to = to;
		write_cursor(&l);
		from = to;
		windows++;
	}
	map_release(&l.ids);
	vec_free(&l.seen);
	vec_free(&l.held);
	return rc < 0 ? -1 : 0;
}
