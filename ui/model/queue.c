#include "model/queue.h"

#include <ctype.h>

#include "base/map.h"

void queue_init(struct queue *q)
{
	*q = (struct queue){.filter = xstrdup(""), .me = xstrdup("")};
}

static void row_release(struct qrow *r)
{
	free(r->owner);
	free(r->sources);
	free(r->title);
	free(r->changed_by);
	free(r->asset);
	free(r->rule);
}

static void rows_release(struct qrow_vec *rows)
{
	struct qrow *r;

	vec_each (r, rows)
		row_release(r);
	vec_free(rows);
	*rows = (struct qrow_vec){NULL, 0, 0};
}

static void groups_reset(struct queue *q)
{
	for (size_t i = 0; i < q->groups.n; i++)
		free(q->groups.v[i].key);
	q->groups.n = 0;
}

void queue_release(struct queue *q)
{
	rows_release(&q->rows);
	vec_free(&q->view);
	alike_release(&q->alike);
	vec_free(&q->bursts);
	groups_reset(q);
	vec_free(&q->groups);
	for (size_t i = 0; i < q->toggled.n; i++)
		free(q->toggled.v[i]);
	vec_free(&q->toggled);
	free(q->filter);
	free(q->me);
	rows_release(&q->latest);
	rows_release(&q->incoming);
}

static char severity_of(const cJSON *j)
{
	const char *s = json_str(j, "severity", "I");
	return *s ? (char)toupper((unsigned char)*s) : 'I';
}

static int64_t seconds_of(const cJSON *j, const char *key)
{
	return cJSON_IsNumber(json_get(j, key)) ? json_i64(j, key, 0) : INT64_MIN;
}

static void row_read(struct qrow *r, const cJSON *j)
{
	*r = (struct qrow){.rev = json_i64(j, "rev", 0),
	                   .severity = severity_of(j),
	                   .score = (int)json_i64(j, "score", 0),
	                   .sla_s = seconds_of(j, "sla_s"),
	                   .age_s = seconds_of(j, "age_s"),
	                   .owner = xstrdup(json_str(j, "owner", "")),
	                   .sources = xstrdup(json_str(j, "sources", "")),
	                   .title = xstrdup(json_str(j, "title", "")),
	                   .changed_by = xstrdup(json_str(j, "changed_by", "")),
	                   .asset = xstrdup(json_str(j, "asset", "")),
	                   .count = json_i64(j, "count", 0),
	                   .burst = -1};
	snprintf(r->id, sizeof(r->id), "%s", json_str(j, "id", ""));
	snprintf(r->state, sizeof(r->state), "%s", json_str(j, "state", ""));
	r->rule = alike_pattern(r->title);
}

const char *severity_word(char letter)
{
	return letter == 'C'   ? "critical"
	       : letter == 'H' ? "high"
	       : letter == 'M' ? "medium"
	       : letter == 'L' ? "low"
	                       : "informational";
}

struct qrow *queue_find(struct queue *q, const char *id)
{
	struct qrow *r;

	vec_each (r, &q->rows)
		if (!strcmp(r->id, id))
			return r;
	return NULL;
}

/* --- filter --------------------------------------------------------------------------------------------------------- */

static bool glob(struct slice pattern, const char *text)
{
	size_t n = strlen(text);

	if (pattern.n && pattern.s[pattern.n - 1] == '*')
		return n >= pattern.n - 1 && !strncasecmp(text, pattern.s, pattern.n - 1);
	return slice_ieq(pattern, (struct slice){text, n});
}

static bool severity_term(const struct qrow *r, struct slice v)
{
	return v.n && toupper((unsigned char)v.s[0]) == r->severity;
}

static bool owner_term(const struct qrow *r, struct slice v, const char *me)
{
	if (slice_eq_str(v, "-") || slice_eq_str(v, "none"))
		return !r->owner[0];
	return slice_eq_str(v, "me") ? !strcmp(r->owner, me) : glob(v, r->owner);
}

static bool score_term(const struct qrow *r, struct slice v)
{
	int64_t n;
	char op = v.n ? v.s[0] : 0;

	if (op == '>' || op == '<') {
		v.s++;
		v.n--;
	}
	if (!slice_i64(v, &n))
		return true; /* still being typed */
	return op == '>' ? r->score > n : op == '<' ? r->score < n : r->score == n;
}

static bool one_value(const struct qrow *r, struct slice name, struct slice v, const char *me,
                      bool *known)
{
	*known = true;
	if (slice_ieq(name, SLICE("sev")) || slice_ieq(name, SLICE("severity")))
		return severity_term(r, v);
	if (slice_ieq(name, SLICE("owner")))
		return owner_term(r, v, me);
	if (slice_ieq(name, SLICE("state")) || slice_ieq(name, SLICE("status")))
		return glob(v, r->state);
	if (slice_ieq(name, SLICE("src")) || slice_ieq(name, SLICE("source")))
		return v.n && mw_memimem(r->sources, strlen(r->sources), v.s, v.n);
	if (slice_ieq(name, SLICE("score")))
		return score_term(r, v);
	if (slice_ieq(name, SLICE("id")))
		return glob(v, r->id);
	*known = false;
	return false;
}

static bool word_in(const struct qrow *r, struct slice w)
{
	const char *in[] = {r->title, r->id, r->owner, r->sources};

	for (size_t i = 0; i < ARRAY_LEN(in); i++)
		if (mw_memimem(in[i], strlen(in[i]), w.s, w.n))
			return true;
	return false;
}

static bool term_match(const struct qrow *r, struct slice term, const char *me, struct slice *bad)
{
	const char *colon = memchr(term.s, ':', term.n);
	bool no = term.n > 1 && term.s[0] == '!', hit = false, known = true;
	struct slice name, values, v;

	if (no)
		term = (struct slice){term.s + 1, term.n - 1};
	if (!colon)
		return word_in(r, term) != no;
	name = (struct slice){term.s, (size_t)(colon - term.s)};
	values = (struct slice){colon + 1, term.n - name.n - 1};
	if (!values.n)
		return true;
	while (slice_split(&values, ',', &v) && !hit && known)
		hit = one_value(r, name, v, me, &known);
	if (!known) {
		if (bad)
			*bad = name;
		return word_in(r, term) != no;
	}
	return hit != no;
}

bool queue_match(const struct qrow *r, struct slice filter, const char *me, struct slice *bad)
{
	struct slice term;

	while (slice_split(&filter, ' ', &term))
		if (term.n && !term_match(r, term, me, bad))
			return false;
	return true;
}

/* --- order and view --------------------------------------------------------------------------------------------------- */

static int severity_rank(char c)
{
	const char *order = "CHMLI", *at = strchr(order, c);
	return at ? (int)(at - order) : 5;
}

static int cmp_i64(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare(const struct qrow *a, const struct qrow *b, enum queue_sort sort)
{
	int d = 0;

	switch (sort) {
	case SORT_SLA:
		d = cmp_i64(a->sla_s == INT64_MIN ? INT64_MAX : a->sla_s,
		            b->sla_s == INT64_MIN ? INT64_MAX : b->sla_s);
		break;
	case SORT_AGE:
		d = cmp_i64(a->age_s, b->age_s);
		break;
	case SORT_TITLE:
		d = strcasecmp(a->title, b->title);
		break;
	case SORT_SEVERITY:
		d = severity_rank(a->severity) - severity_rank(b->severity);
		break;
	case SORT_OWNER:
		d = strcmp(a->owner, b->owner);
		break;
	case SORT_STATE:
		d = strcmp(a->state, b->state);
		break;
	case SORT_SOURCE:
		d = strcmp(a->sources, b->sources);
		break;
	default:
		break;
	}
	return d ? d : b->score != a->score ? b->score - a->score : strcmp(a->id, b->id);
}

static struct queue *sorting;

static int by_sort(const void *a, const void *b)
{
	return compare(&sorting->rows.v[((const struct qline *)a)->row],
	               &sorting->rows.v[((const struct qline *)b)->row], sorting->sort);
}

const char *queue_view_id(const void *rows, size_t i)
{
	const struct queue *q = rows;
	const struct qline *l = &q->view.v[i];

	return l->group >= 0   ? q->groups.v[l->group].id
	       : l->burst >= 0 ? q->bursts.v[l->burst].id
	                       : q->rows.v[l->row].id;
}

/* --- bursts ------------------------------------------------------------------------------------------------------------- */

static bool is_toggled(const struct queue *q, const char *id)
{
	for (size_t i = 0; i < q->toggled.n; i++)
		if (!strcmp(q->toggled.v[i], id))
			return true;
	return false;
}

/* Somebody works on it: it stays out of folds. */
static bool in_work(const struct qrow *r)
{
	return strcmp(r->state, "new") != 0 || r->owner[0];
}

/* Finds what is alike anew: after the rows changed. */
static void find_bursts(struct queue *q)
{
	VEC(struct alike_item) items = {0};
	struct qrow *r;

	vec_each (r, &q->rows) {
		*vec_push(&items) =
		        (struct alike_item){r->title, in_work(r) ? NULL : r->rule, r->severity};
		r->burst = -1;
		r->odd = NULL;
	}
	alike_release(&q->alike);
	alike_find(items.v, items.n, ALIKE_LEAST, &q->alike);
	vec_free(&items);
	q->bursts.n = 0;
	for (size_t i = 0; i < q->alike.v.n; i++) {
		const struct alike *g = &q->alike.v.v[i];
		const struct alike_member *m;
		struct qburst *b = vec_push(&q->bursts);
		*b = (struct qburst){.n = 0};
		snprintf(b->id, sizeof(b->id), "burst %016llx",
		         (unsigned long long)mw_hash(g->pattern, strlen(g->pattern)));
		b->open = is_toggled(q, b->id);
		vec_each (m, &g->members) {
			q->rows.v[m->item].burst = (int)i;
			q->rows.v[m->item].odd = m->odd ? m->why : NULL;
		}
	}
}

static void sum_up(struct qburst *b, const struct qrow *r, size_t row)
{
	if (!b->n++) {
		b->first = row;
		b->severity = r->severity;
		b->score = r->score;
		b->sla_s = r->sla_s;
		b->age_s = r->age_s;
		b->count = 0;
	}
	if (severity_rank(r->severity) < severity_rank(b->severity))
		b->severity = r->severity;
	b->score = r->score > b->score ? r->score : b->score;
	if (r->sla_s != INT64_MIN && (b->sla_s == INT64_MIN || r->sla_s < b->sla_s))
		b->sla_s = r->sla_s;
	b->age_s = r->age_s < b->age_s ? r->age_s : b->age_s;
	b->count += r->count;
}

/* A burst of which the filter leaves a few is no burst. */
static bool folds(const struct queue *q, const struct qrow *r)
{
	return r->burst >= 0 && q->bursts.v[r->burst].n >= ALIKE_LEAST;
}

/* The burst's odd ones, the line that stands for it, and its members where it is open; the selected one is never folded. */
static void put_burst(struct queue *q, const struct qline *sorted, size_t n, int burst)
{
	struct qburst *b = &q->bursts.v[burst];

	for (int odd = 1; odd >= 0; odd--) {
		for (size_t i = 0; i < n; i++) {
			const struct qrow *r = &q->rows.v[sorted[i].row];
			if (r->burst == burst && (r->odd != NULL) == odd &&
			    (odd || b->open || !strcmp(r->id, q->list.id)))
				*vec_push(&q->view) = sorted[i];
		}
		if (odd)
			*vec_push(&q->view) = (struct qline){b->first, burst, -1};
	}
}

static void lay_lines(struct queue *q, const struct qline *sorted, size_t n)
{
	bool *put = xcalloc(q->bursts.n + 1, sizeof(*put));

	for (size_t i = 0; i < n; i++) {
		const struct qrow *r = &q->rows.v[sorted[i].row];
		if (!folds(q, r)) {
			*vec_push(&q->view) = sorted[i];
		} else if (!put[r->burst]) {
			put[r->burst] = true;
			put_burst(q, sorted, n, r->burst);
		}
	}
	free(put);
}

/* --- groups -------------------------------------------------------------------------------------------------------------- */

static const char *group_key(const struct qrow *r, enum queue_group by, char severity[2])
{
	severity[0] = r->severity;
	severity[1] = '\0';
	return by == GROUP_ASSET    ? r->asset
	       : by == GROUP_OWNER  ? r->owner
	       : by == GROUP_SOURCE ? r->sources
	       : by == GROUP_RULE   ? r->rule
	       : by == GROUP_STATE  ? r->state
	                            : severity;
}

static struct qgroup *group_new(struct queue *q, const char *key, const struct qline *first)
{
	struct qgroup *g = vec_push(&q->groups);

	*g = (struct qgroup){.key = xstrdup(key), .first = first->row, .sla_s = INT64_MIN};
	snprintf(g->id, sizeof(g->id), "group %d %016llx", (int)q->group,
	         (unsigned long long)mw_hash(key, strlen(key)));
	g->shut = is_toggled(q, g->id);
	return g;
}

static void group_add(struct qgroup *g, const struct qrow *r)
{
	g->n++;
	g->criticals += r->severity == 'C';
	if (r->sla_s != INT64_MIN && (g->sla_s == INT64_MIN || r->sla_s < g->sla_s))
		g->sla_s = r->sla_s;
}

/* The group of each sorted line, in `of`. */
static void find_groups(struct queue *q, const struct qline *sorted, size_t n, size_t *of)
{
	struct map at = MAP_INIT;

	groups_reset(q);
	for (size_t i = 0; i < n; i++) {
		const struct qrow *r = &q->rows.v[sorted[i].row];
		char severity[2];
		const char *key = group_key(r, q->group, severity);
		struct map_entry *e = map_get_str(&at, key);
		if (!e) {
			e = map_put_str(&at, key, NULL);
			e->val.u = q->groups.n;
			group_new(q, key, &sorted[i]);
		}
		of[i] = (size_t)e->val.u;
		group_add(&q->groups.v[of[i]], r);
	}
	map_release(&at);
}

/* Headings stand in the order of their first incidents, so that what presses most is on top. */
static void lay_groups(struct queue *q, const struct qline *sorted, size_t n)
{
	size_t *of = xcalloc(n + 1, sizeof(*of)), *end;
	struct qline *lines = xcalloc(n + 1, sizeof(*lines));

	find_groups(q, sorted, n, of);
	end = xcalloc(q->groups.n + 1, sizeof(*end));
	for (size_t g = 1; g < q->groups.n; g++)
		end[g] = end[g - 1] + q->groups.v[g - 1].n;
	for (size_t i = 0; i < n; i++)
		lines[end[of[i]]++] = sorted[i];
	for (size_t g = 0; g < q->groups.n; g++) {
		const struct qgroup *it = &q->groups.v[g];
		*vec_push(&q->view) = (struct qline){it->first, -1, (int)g};
		for (size_t i = end[g] - it->n; !it->shut && i < end[g]; i++)
			*vec_push(&q->view) = lines[i];
	}
	free(end);
	free(lines);
	free(of);
}

static void rebuild_view(struct queue *q)
{
	VEC(struct qline) sorted = {0};
	struct qburst *b;

	vec_each (b, &q->bursts)
		b->n = 0;
	for (size_t i = 0; i < q->rows.n; i++)
		if (queue_match(&q->rows.v[i], slice_of(q->filter), q->me, NULL))
			*vec_push(&sorted) = (struct qline){i, -1, -1};
	q->passing = sorted.n;
	sorting = q;
	if (sorted.n)
		qsort(sorted.v, sorted.n, sizeof(*sorted.v), by_sort);
	for (size_t i = 0; i < sorted.n; i++) {
		const struct qrow *r = &q->rows.v[sorted.v[i].row];
		if (r->burst >= 0 && !r->odd)
			sum_up(&q->bursts.v[r->burst], r, sorted.v[i].row);
	}
	q->view.n = 0;
	if (q->group != GROUP_NONE)
		lay_groups(q, sorted.v, sorted.n);
	else
		lay_lines(q, sorted.v, sorted.n);
	vec_free(&sorted);
	list_sync(&q->list, q, q->view.n, queue_view_id);
}

int queue_selected_burst(const struct queue *q)
{
	return q->view.n ? q->view.v[q->list.sel].burst : -1;
}

/* One that is worked on stands outside of the fold, and is of the rule all the same. */
int queue_burst_of(struct queue *q, const char *id)
{
	const struct qrow *r = queue_find(q, id);

	for (size_t i = 0; r && i < q->alike.v.n; i++) {
		const struct alike_member *m = q->alike.v.v[i].members.v;
		if (!strcmp(q->rows.v[m->item].rule, r->rule))
			return (int)i;
	}
	return -1;
}

int queue_selected_group(const struct queue *q)
{
	return q->view.n ? q->view.v[q->list.sel].group : -1;
}

static bool toggle(struct queue *q, const char *id)
{
	for (size_t i = 0; i < q->toggled.n; i++) {
		if (strcmp(q->toggled.v[i], id) != 0)
			continue;
		free(q->toggled.v[i]);
		q->toggled.v[i] = q->toggled.v[--q->toggled.n];
		return false;
	}
	*vec_push(&q->toggled) = xstrdup(id);
	return true;
}

void queue_unfold(struct queue *q, int burst)
{
	struct qburst *b = &q->bursts.v[burst];

	b->open = toggle(q, b->id);
	rebuild_view(q);
}

void queue_fold_group(struct queue *q, int group)
{
	(void)toggle(q, q->groups.v[group].id);
	rebuild_view(q);
}

void queue_tick_group(struct queue *q, int group)
{
	const char *key = q->groups.v[group].key;
	char severity[2];
	bool all = true;
	struct qrow *r;

	for (int turn = 0; turn < 2; turn++)
		vec_each (r, &q->rows) {
			if (strcmp(group_key(r, q->group, severity), key) != 0 ||
			    !queue_match(r, slice_of(q->filter), q->me, NULL))
				continue;
			if (!turn)
				all &= r->ticked;
			else
				r->ticked = !all;
		}
}

void queue_tick_burst(struct queue *q, int burst, bool odd_too)
{
	bool all = true;
	struct qrow *r;

	for (int turn = 0; turn < 2; turn++)
		vec_each (r, &q->rows) {
			if (r->burst != burst || (r->odd && !odd_too) ||
			    !queue_match(r, slice_of(q->filter), q->me, NULL))
				continue;
			if (!turn)
				all &= r->ticked;
			else
				r->ticked = !all;
		}
}

void queue_set_filter(struct queue *q, const char *filter)
{
	char *copy = xstrdup(filter);

	free(q->filter);
	q->filter = copy;
	rebuild_view(q);
}

void queue_set_sort(struct queue *q, enum queue_sort sort)
{
	q->sort = sort;
	rebuild_view(q);
}

const char *queue_sort_name(enum queue_sort s)
{
	static const char *const name[] = {"score",    "sla",   "age",   "title",
	                                   "severity", "owner", "state", "source"};
	return name[s];
}

void queue_set_group(struct queue *q, enum queue_group group)
{
	q->group = group;
	q->list.top = 0; /* so that the first heading is seen */
	rebuild_view(q);
}

const char *queue_group_name(enum queue_group g)
{
	static const char *const name[] = {"none", "asset", "owner",   "source",
	                                   "rule", "state", "severity"};
	return name[g];
}

struct qrow *queue_selected(struct queue *q)
{
	return q->view.n && queue_selected_burst(q) < 0 && queue_selected_group(q) < 0
	               ? &q->rows.v[q->view.v[q->list.sel].row]
	               : NULL;
}

size_t queue_ticked(const struct queue *q, const char **ids, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < q->rows.n; i++)
		if (q->rows.v[i].ticked && n++ < max && ids)
			ids[n - 1] = q->rows.v[i].id;
	return n;
}

void queue_untick(struct queue *q)
{
	struct qrow *r;

	vec_each (r, &q->rows)
		r->ticked = false;
}

bool queue_rang(struct queue *q)
{
	bool rang = q->fresh_critical;

	q->fresh_critical = false;
	return rang;
}

/* --- news from the engine ----------------------------------------------------------------------------------------------- */

/* Where each shown row is, so that 10,000 rows are merged in linear time. */
static void index_rows(struct queue *q, struct map *m)
{
	for (size_t i = 0; i < q->rows.n; i++)
		map_put_str(m, q->rows.v[i].id, NULL)->val.u = i;
}

static char *again(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

/* What another did to it; the tick is the analyst's own. */
static void row_update(struct qrow *r, const struct qrow *j, const char *me)
{
	bool ticked = r->ticked;

	row_release(r);
	*r = *j;
	r->owner = again(j->owner);
	r->sources = again(j->sources);
	r->title = again(j->title);
	r->changed_by = again(j->changed_by);
	r->asset = again(j->asset);
	r->rule = again(j->rule);
	r->ticked = ticked;
	r->changed = *j->changed_by && strcmp(j->changed_by, me) != 0;
}

static void merge(struct queue *q)
{
	struct map at = MAP_INIT;
	const struct qrow *j;
	struct qrow *r;

	index_rows(q, &at);
	vec_each (r, &q->rows)
		r->gone = true;
	q->fresh = 0;
	vec_each (j, &q->latest) {
		struct map_entry *e = map_get_str(&at, j->id);
		if (!e) {
			q->fresh++;
			q->fresh_critical |= j->severity == 'C';
			continue;
		}
		r = &q->rows.v[e->val.u];
		if (r->rev != j->rev) {
			row_update(r, j, q->me);
		} else {
			r->sla_s = j->sla_s;
			r->age_s = j->age_s;
		}
		r->gone = false;
	}
	map_release(&at);
	if (!q->fresh) /* all of it is shown: 10,000 incidents are not held twice */
		rows_release(&q->latest);
	find_bursts(q);
}

static void show_latest(struct queue *q)
{
	struct map ticked = MAP_INIT;
	struct qrow *r;

	vec_each (r, &q->rows)
		if (r->ticked)
			map_put_str(&ticked, r->id, NULL);
	rows_release(&q->rows);
	q->rows = q->latest;
	q->latest = (struct qrow_vec){NULL, 0, 0};
	vec_each (r, &q->rows)
		r->ticked = map_get_str(&ticked, r->id) != NULL;
	map_release(&ticked);
}

void queue_refresh(struct queue *q)
{
	struct qrow *r;

	if (q->latest.n)
		show_latest(q);
	vec_each (r, &q->rows)
		r->changed = false;
	q->fresh = 0;
	queue_drop_gone(q);
}

void queue_drop_gone(struct queue *q)
{
	size_t n = 0;

	for (size_t i = 0; i < q->rows.n; i++) {
		if (q->rows.v[i].gone)
			row_release(&q->rows.v[i]);
		else
			q->rows.v[n++] = q->rows.v[i];
	}
	q->rows.n = n;
	find_bursts(q);
	rebuild_view(q);
}

void queue_forget_pages(struct queue *q)
{
	rows_release(&q->incoming);
}

int64_t queue_page(struct queue *q, const cJSON *reply, const char *me, mw_time now)
{
	const cJSON *hidden = json_obj(reply, "hidden");
	const cJSON *rows = json_arr(reply, "rows"), *j;

	free(q->me);
	q->me = xstrdup(me);
	cJSON_ArrayForEach(j, rows) row_read(vec_push(&q->incoming), j);
	q->total = json_i64(reply, "total", 0);
	q->suppressed = json_i64(hidden, "suppressed", 0);
	q->snoozed = json_i64(hidden, "snoozed", 0);
	q->closed = json_i64(hidden, "closed", 0);
	q->rev = json_i64(reply, "rev", 0);
	if (rows && rows->child && (int64_t)q->incoming.n < json_i64(reply, "shown", 0))
		return (int64_t)q->incoming.n;
	rows_release(&q->latest);
	q->latest = q->incoming;
	q->incoming = (struct qrow_vec){NULL, 0, 0};
	q->read_at = now;
	merge(q);
	if (!q->loaded)
		q->fresh_critical = false; /* what was there before is no news */
	if (!q->loaded || !q->rows.n)
		queue_refresh(q);
	else
		rebuild_view(q);
	q->loaded = true;
	return -1;
}
