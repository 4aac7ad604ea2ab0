/*
 * The queue: incidents filtered by words, sorted, with what is hidden counted.
 */
#include <stdio.h>

#include "base/mem.h"
#include "model/incident.h"
#include "store/state_int.h"

#define QUEUE_ROWS_MAX 500
#define ROW_COLUMNS                                                                                             \
	"SELECT id, rev, status, owner, severity, score, created, changed, changed_by, snooze, "                \
	"suppressed, title, origins, n, first, last, title || ' ' || coalesce((SELECT "                         \
	"group_concat(value, ' ') FROM json_each(doc, '$.entities')), ''), (SELECT "                            \
	"iif(h.receiver = '', '?', h.receiver) FROM handoff_item i JOIN handoff h USING (doc) "                 \
	"WHERE i.incident = incident.id AND i.accepted IS NULL AND i.owner = incident.owner AND "               \
	"status <> 'closed' ORDER BY doc DESC LIMIT 1), (SELECT substr(value, instr(value, '=') + 1) FROM "     \
	"json_each(doc, '$.entities') WHERE value GLOB 'device.hostname=?*' OR value GLOB 'resources.name=?*' " \
	"OR value GLOB 'resources.uid=?*' ORDER BY substr(value, 1, instr(value, '=')), key LIMIT 1) FROM incident"

/* What was promised, from the moment an incident was made: until somebody claims it, and until it is settled. */
static const struct {
	int64_t claim, settle; /* 0: nothing */
} promises[] = {
        [SEV_INFO] = {0, 0},
        [SEV_LOW] = {MW_DAY, 3 * MW_DAY},
        [SEV_MEDIUM] = {4 * MW_HOUR, MW_DAY},
        [SEV_HIGH] = {MW_HOUR, 8 * MW_HOUR},
        [SEV_CRITICAL] = {15 * MW_MINUTE, 4 * MW_HOUR},
};

struct row {
	int64_t id, rev, score, created, changed, snooze, n, first, last;
	int severity;
	bool suppressed;
	char *status, *owner, *changed_by, *title, *origins, *text, /* what free words look in */
	        *receiver, /* a handoff waits for them; "" */
	        *asset;    /* what a reader would call it by: its host, else a resource; "" */
};

struct filter {
	struct slice words; /* as typed */
	const char *user;
	bool open, closed;
};

struct rows {
	VEC(struct row) v;
	int64_t suppressed, snoozed, closed;
};

static char *copy(sqlite3_stmt *st, int col)
{
	const char *s = db_text(st, col);

	return xstrdup(s ? s : "");
}

static void row_free(struct row *r)
{
	char *const own[] = {r->status,  r->owner, r->changed_by, r->title,
	                     r->origins, r->text,  r->receiver,   r->asset};

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		free(own[i]);
}

static mw_time time_col(sqlite3_stmt *st, int col)
{
	return sqlite3_column_type(st, col) == SQLITE_NULL ? MW_TIME_NONE
	                                                   : sqlite3_column_int64(st, col);
}

static struct row read_row(sqlite3_stmt *st)
{
	return (struct row){
	        .id = sqlite3_column_int64(st, 0),
	        .rev = sqlite3_column_int64(st, 1),
	        .status = copy(st, 2),
	        .owner = copy(st, 3),
	        .severity = sqlite3_column_int(st, 4),
	        .score = sqlite3_column_int64(st, 5),
	        .created = sqlite3_column_int64(st, 6),
	        .changed = sqlite3_column_int64(st, 7),
	        .changed_by = copy(st, 8),
	        .snooze = sqlite3_column_int64(st, 9),
	        .suppressed = sqlite3_column_int64(st, 10) != 0,
	        .title = copy(st, 11),
	        .origins = copy(st, 12),
	        .n = sqlite3_column_int64(st, 13),
	        .first = time_col(st, 14),
	        .last = time_col(st, 15),
	        .text = copy(st, 16),
	        .receiver = copy(st, 17),
	        .asset = copy(st, 18),
	};
}

/* ---- the filter's words ---- */

static bool has_prefix(struct slice w, const char *prefix, struct slice *rest)
{
	size_t n = strlen(prefix);

	if (w.n < n || !slice_ieq((struct slice){w.s, n}, slice_of(prefix)))
		return false;
	*rest = (struct slice){w.s + n, w.n - n};
	return true;
}

static bool owner_matches(const struct row *r, struct slice list, const char *user)
{
	struct slice one;

	while (slice_split(&list, ',', &one)) {
		const char *want = slice_eq_str(one, "me") ? user : NULL;
		if (slice_eq_str(one, "-")
		            ? !*r->owner
		            : slice_ieq(want ? slice_of(want) : one, slice_of(r->owner)))
			return true;
	}
	return false;
}

/* A list of severities, by letter or word. */
static bool severity_matches(const struct row *r, struct slice list)
{
	static const char letters[] = "ilmhc";
	struct slice one;

	while (slice_split(&list, ',', &one))
		if (one.n && (one.s[0] | 0x20) == letters[r->severity])
			return true;
	return false;
}

static bool origin_matches(const struct row *r, struct slice list)
{
	struct slice one;

	while (slice_split(&list, ',', &one))
		if (one.n && mw_memimem(r->origins, strlen(r->origins), one.s, one.n))
			return true;
	return false;
}

static bool is_state_word(struct slice w)
{
	static const char *const words[] = {"open", "closed", "all"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_ieq(w, slice_of(words[i])))
			return true;
	return false;
}

static bool is_status(struct slice w)
{
	return slice_ieq(w, SLICE("new")) || slice_ieq(w, SLICE("work")) ||
	       slice_ieq(w, SLICE("wait"));
}

static bool word_matches(const struct row *r, struct slice w, const char *user)
{
	struct slice rest;

	if (w.n == 0 || is_state_word(w))
		return true;
	if (is_status(w))
		return slice_ieq(w, slice_of(r->status));
	if (has_prefix(w, "owner:", &rest))
		return owner_matches(r, rest, user);
	if (has_prefix(w, "sev:", &rest) || has_prefix(w, "severity:", &rest))
		return severity_matches(r, rest);
	if (has_prefix(w, "origin:", &rest) || has_prefix(w, "src:", &rest))
		return origin_matches(r, rest);
	return mw_memimem(r->text, strlen(r->text), w.s, w.n) != NULL;
}

static bool row_matches(const struct row *r, const struct filter *f)
{
	struct slice rest = f->words, w;

	while (slice_split(&rest, ' ', &w))
		if (!word_matches(r, w, f->user))
			return false;
	return true;
}

static void read_filter(struct filter *f, const char *text, const char *user)
{
	struct slice rest, w;

	*f = (struct filter){.words = slice_of(text), .user = user, .open = true};
	rest = f->words;
	while (slice_split(&rest, ' ', &w)) {
		if (slice_ieq(w, SLICE("closed")))
			f->open = false, f->closed = true;
		else if (slice_ieq(w, SLICE("all")))
			f->open = f->closed = true;
	}
}

/* ---- sorting ---- */

static int by(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int64_t sla_end(const struct row *r)
{
	int64_t claim = promises[r->severity].claim, settle = promises[r->severity].settle;

	if (strcmp(r->status, "new") == 0 && claim)
		return r->created + claim;
	if (strcmp(r->status, "work") == 0 && settle)
		return r->created + settle;
	return INT64_MAX;
}

static int cmp_score(const struct row *a, const struct row *b)
{
	return by(b->score, a->score);
}

static int cmp_age(const struct row *a, const struct row *b)
{
	return by(a->created, b->created);
}

static int cmp_last(const struct row *a, const struct row *b)
{
	return by(b->last, a->last);
}

static int cmp_severity(const struct row *a, const struct row *b)
{
	return by(b->severity, a->severity);
}

static int cmp_sla(const struct row *a, const struct row *b)
{
	return by(sla_end(a), sla_end(b));
}

static int cmp_state(const struct row *a, const struct row *b)
{
	return strcmp(a->status, b->status);
}

static const struct {
	const char *name;
	int (*fn)(const struct row *a, const struct row *b);
} sorts[] = {
        {"score", cmp_score},       {"age", cmp_age},   {"sla", cmp_sla},
        {"severity", cmp_severity}, {"last", cmp_last}, {"state", cmp_state},
};

/* Equal ones by score, then the older first, so that rows do not jump between two looks. */
static int compare(const void *a, const void *b, void *ctx)
{
	const struct row *x = a, *y = b;
	size_t i = *(const size_t *)ctx;
	int c = sorts[i].fn(x, y);

	if (!c)
		c = cmp_score(x, y);
	return c ? c : by(x->id, y->id);
}

static int find_sort(const char *name, size_t *out, struct err *e)
{
	const char *names[ARRAY_LEN(sorts) + 1] = {NULL}, *near;

	*out = 0;
	if (!name || !*name)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(sorts); i++) {
		names[i] = sorts[i].name;
		*out = i;
		if (strcmp(name, names[i]) == 0)
			return 0;
	}
	near = mw_did_you_mean(name, names);
	return err_set(e, ERR_INVALID,
	               "the queue is sorted by score, age, sla, severity, last or state,"
	               " not \"%s\"%s%s%s",
	               name, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* ---- the answer ---- */

/* Both names stand on the row until who comes has accepted. */
static void add_owner(cJSON *o, const struct row *r)
{
	char *both = xasprintf("%s -> %s", *r->owner ? r->owner : "-", r->receiver);

	json_add_str(o, "owner", *r->receiver ? both : r->owner);
	free(both);
}

static cJSON *row_json(const struct row *r, mw_time now)
{
	static const char letters[] = "ILMHC";
	const char severity[2] = {letters[r->severity], '\0'};
	cJSON *o = cJSON_CreateObject();
	char id[32];

	snprintf(id, sizeof(id), "INC-%lld", (long long)r->id);
	json_add_str(o, "id", id);
	json_add_i64(o, "rev", r->rev);
	json_add_str(o, "severity", severity);
	json_add_i64(o, "score", r->score);
	if (sla_end(r) != INT64_MAX)
		json_add_i64(o, "sla_s", (sla_end(r) - now) / MW_SECOND);
	else
		json_add_str(o, "sla_s", NULL);
	json_add_i64(o, "age_s", (now - r->created) / MW_SECOND);
	json_add_str(o, "state", r->status);
	add_owner(o, r);
	json_add_str(o, "sources", r->origins);
	json_add_i64(o, "count", r->n);
	json_add_str(o, "title", r->title);
	json_add_str(o, "asset", r->asset);
	json_add_str(o, "changed_by", r->changed_by);
	json_add_time(o, "first", r->first);
	json_add_time(o, "last", r->last);
	return o;
}

cJSON *state_queue_row(struct state *s, int64_t id, mw_time now, struct err *e)
{
	sqlite3_stmt *st = db_query(&s->db, e, ROW_COLUMNS " WHERE id = ?", "i", id);
	int rc = st ? db_step(&s->db, st, e) : -1;
	struct row r;
	cJSON *o;

	if (rc == 0)
		err_set(e, ERR_NOT_FOUND, "there is no incident INC-%lld", (long long)id);
	if (rc != 1)
		return NULL;
	r = read_row(st);
	db_done(st);
	o = row_json(&r, now);
	row_free(&r);
	return o;
}

static bool wanted(struct rows *all, const struct row *r, const struct filter *f,
                   const struct queue_query *q)
{
	bool closed = strcmp(r->status, "closed") == 0, snoozed = !closed && r->snooze > q->now;
	bool hidden = !closed && (r->suppressed || snoozed);

	all->closed += closed;
	all->suppressed += !closed && r->suppressed;
	all->snoozed += snoozed && !r->suppressed;
	if (closed ? !f->closed : !f->open)
		return false;
	return (closed || hidden == q->hidden) && row_matches(r, f);
}

static int read_rows(struct state *s, const struct who *w, const struct queue_query *q,
                     struct rows *out, int64_t *open, struct err *e)
{
	sqlite3_stmt *st = db_query(&s->db, e, ROW_COLUMNS " WHERE merged_into IS NULL", "");
	struct filter f;
	int rc = st ? 1 : -1;

	read_filter(&f, q->filter, w->user);
	while (rc > 0 && (rc = db_step(&s->db, st, e)) > 0) {
		struct row r = read_row(st);
		*open += strcmp(r.status, "closed") != 0;
		if (wanted(out, &r, &f, q))
			*vec_push(&out->v) = r;
		else
			row_free(&r);
	}
	return rc;
}

static cJSON *queue_json(const struct rows *all, int64_t open, const struct queue_query *q)
{
	cJSON *o = cJSON_CreateObject(), *list = json_add_arr(o, "rows"), *hidden;
	int64_t limit = q->limit > 0 && q->limit < QUEUE_ROWS_MAX ? q->limit : QUEUE_ROWS_MAX;

	for (int64_t i = q->offset; i >= 0 && i < (int64_t)all->v.n && i < q->offset + limit; i++)
		cJSON_AddItemToArray(list, row_json(&all->v.v[i], q->now));
	json_add_i64(o, "shown", (int64_t)all->v.n);
	json_add_i64(o, "total", open);
	hidden = json_add_obj(o, "hidden");
	json_add_i64(hidden, "suppressed", all->suppressed);
	json_add_i64(hidden, "snoozed", all->snoozed);
	json_add_i64(hidden, "closed", all->closed);
	return o;
}

cJSON *state_queue(struct state *s, const struct who *w, const struct queue_query *q, struct err *e)
{
	struct rows all = {0};
	struct row *r;
	int64_t open = 0;
	cJSON *out = NULL;
	size_t sort;

	if (find_sort(q->sort, &sort, e) == 0 && read_rows(s, w, q, &all, &open, e) == 0) {
		if (all.v.n)
			qsort_r(all.v.v, all.v.n, sizeof(*all.v.v), compare, &sort);
		out = queue_json(&all, open, q);
	}
	vec_each (r, &all.v)
		row_free(r);
	vec_free(&all.v);
	return out;
}
