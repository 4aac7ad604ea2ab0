#include "investigate/answer.h"

#include <math.h>

#include "base/limits.h"
#include "base/map.h"
#include "investigate/describe.h"
#include "investigate/rowjson.h"
#include "investigate/summary.h"
#include "investigate/table.h"

enum { KEEP_FIRST, KEEP_LAST, KEEP_DENIED, KEEP_RARE, KEEP_COUNT };
#define RARE_TRACK_MAX 4096 /* distinct acts followed for the choice of rows */

struct kept {       /* one row of the preview */
	char *json; /* NULL: none */
	mw_time time;
	event_id id;
};
struct part { /* what one step says: values, pairs or a number */
	size_t step;
	enum plan_show show;
	uint64_t rows;
	cJSON *values, *pairs;
	struct map value_set;
	bool cut;
	double value;
	char *value_text;
	struct table *table; /* NULL: its rows have no columns */
};
struct answer {
	const struct plan *plan;
	size_t last;        /* the step that answers */
	struct part *parts; /* those that answer a part by themselves, then the last step */
	size_t nparts;
	struct kept keep[KEEP_COUNT];
	struct map acts; /* act -> times seen; its first row's time decides which single one is
	                    shown */
	VEC(struct kept) singles;
	VEC(char *) graph_preview;
	struct attack_tally *attack;
	struct summary *summary;
};

static void part_open(struct answer *a, size_t step, enum plan_show show)
{
	struct part *x = &a->parts[a->nparts++];
	x->step = step;
	x->show = show;
	x->values = cJSON_CreateArray();
	x->pairs = cJSON_CreateArray();
	x->table = table_new(&a->plan->steps[step]);
}

static struct part *main_part(const struct answer *a)
{
	return &a->parts[a->nparts - 1];
}

struct answer *answer_new(const struct plan *p, const struct attack_rules *attack)
{
	struct answer *a = xcalloc(1, sizeof(*a));
	a->plan = p;
	a->last = p->nsteps - 1;
	a->parts = xcalloc(p->nsteps, sizeof(*a->parts));
	for (size_t i = 0; i < a->last; i++)
		if (p->steps[i].part)
			part_open(a, i, p->steps[i].part_show);
	part_open(a, a->last, p->show);
	a->attack = attack ? attack_tally_new(attack) : NULL;
	a->summary = summary_new();
	return a;
}

void answer_free(struct answer *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < KEEP_COUNT; i++)
		free(a->keep[i].json);
	for (size_t i = 0; i < a->singles.n; i++)
		free(a->singles.v[i].json);
	for (size_t i = 0; i < a->graph_preview.n; i++)
		free(a->graph_preview.v[i]);
	vec_free(&a->singles);
	vec_free(&a->graph_preview);
	map_release(&a->acts);
	for (size_t i = 0; i < a->nparts; i++) {
		map_release(&a->parts[i].value_set);
		cJSON_Delete(a->parts[i].values);
		cJSON_Delete(a->parts[i].pairs);
		free(a->parts[i].value_text);
		table_free(a->parts[i].table);
	}
	free(a->parts);
	attack_tally_free(a->attack);
	summary_free(a->summary);
	free(a);
}

static void keep(struct kept *k, const struct source_row *r, const struct plan_step *step)
{
	struct buf b = BUF_INIT;
	free(k->json);
	row_json(&b, r, step);
	k->json = buf_take(&b, NULL);
	k->time = r->event->time;
	k->id = r->id;
}

/* An act seen once so far is a candidate for "rare"; a second sighting strikes it out. */
static void follow_act(struct answer *a, const struct source_row *r, const struct described *d,
                       const struct plan_step *step)
{
	struct buf key = BUF_INIT;
	struct map_entry *m;
	bool added = false;
	buf_add(&key, d->what.s, d->what.n);
	buf_ch(&key, '\0');
	buf_add(&key, d->actor.s, d->actor.n);
	m = a->acts.n < RARE_TRACK_MAX ? map_put(&a->acts, key.s, key.len, &added)
	                               : map_get(&a->acts, key.s, key.len);
	buf_release(&key);
	if (!m)
		return;
	if (added) {
		m->val.u = a->singles.n;
		keep(vec_push(&a->singles), r, step);
	} else if (m->val.u != UINT64_MAX) {
		struct kept *k = &a->singles.v[m->val.u];
		free(k->json);
		k->json = NULL;
		m->val.u = UINT64_MAX;
	}
}

static void event_row(struct answer *a, const struct source_row *r)
{
	const struct plan_step *step = &a->plan->steps[a->last];
	struct described d;
	mw_time t = r->event->time;
	describe_event(r->event, &d);
	if (!a->keep[KEEP_FIRST].json || t < a->keep[KEEP_FIRST].time)
		keep(&a->keep[KEEP_FIRST], r, step);
	if (!a->keep[KEEP_LAST].json || t >= a->keep[KEEP_LAST].time)
		keep(&a->keep[KEEP_LAST], r, step);
	if (d.denied && !a->keep[KEEP_DENIED].json)
		keep(&a->keep[KEEP_DENIED], r, step);
	follow_act(a, r, &d, step);
	if (a->attack)
		attack_tally_add(a->attack, r->event, r->id);
	summary_add(a->summary, r->event, r->id, &d);
}

static size_t value_column(const struct answer *a, size_t step)
{
	const struct plan_step *s = &a->plan->steps[step];
	const char *want = step == a->last ? a->plan->value_field.name : NULL;
	for (size_t i = 0; want && row_column(s, i); i++)
		if (!strcmp(row_column(s, i), want))
			return i;
	return 0;
}

/* The group's name: every column before the stats, joined. */
static struct slice group_name(const struct plan_search *s, const struct source_row *r,
                               struct buf *b)
{
	size_t n = s->nby + (s->span > 0);
	if (n == 1)
		return r->cols[0];
	for (size_t i = 0; i < n && i < r->ncols; i++) {
		if (i)
			buf_str(b, " | ");
		buf_add(b, r->cols[i].s, r->cols[i].n);
	}
	return (struct slice){b->s, b->len};
}

static void add_number(cJSON *pair, struct slice s)
{
	double d;
	cJSON_AddItemToArray(pair, slice_double(s, &d) ? cJSON_CreateNumber(d) : json_slice(s));
}

static void stats_row(const struct answer *a, struct part *x, const struct source_row *r)
{
	const struct plan_search *s = &a->plan->steps[x->step].search;
	size_t groups = s->nby + (s->span > 0), col = value_column(a, x->step);
	bool added;
	if (!groups && r->ncols) {
		free(x->value_text);
		x->value_text = xstrndup(r->cols[0].s, r->cols[0].n);
		slice_double(r->cols[0], &x->value);
		return;
	}
	if (x->value_set.n >= ANSWER_VALUES_MAX) {
		x->cut = true;
		return;
	}
	if (col < r->ncols) {
		map_put(&x->value_set, r->cols[col].s, r->cols[col].n, &added);
		if (added)
			cJSON_AddItemToArray(x->values, json_slice(r->cols[col]));
	}
	if (groups < r->ncols) {
		struct buf b = BUF_INIT;
		cJSON *pair = cJSON_CreateArray();
		cJSON_AddItemToArray(pair, json_slice(group_name(s, r, &b)));
		add_number(pair, r->cols[groups]);
		cJSON_AddItemToArray(x->pairs, pair);
		buf_release(&b);
	}
}

void answer_row(struct answer *a, size_t step, const struct source_row *r)
{
	for (size_t i = 0; i < a->nparts; i++) {
		if (a->parts[i].step != step)
			continue;
		a->parts[i].rows++;
		if (a->parts[i].table)
			table_row(a->parts[i].table, r);
		if (!r->event && !r->json.n)
			stats_row(a, &a->parts[i], r);
	}
	if (step != a->last)
		return;
	if (r->event)
		event_row(a, r);
	else if (r->json.n && a->graph_preview.n < ANSWER_PREVIEW)
		*vec_push(&a->graph_preview) = xstrndup(r->json.s, r->json.n);
}

static bool part_is_empty(const struct answer *a, const struct part *x)
{
	const struct plan_step *s = &a->plan->steps[x->step];
	bool one_number =
	        s->kind == PS_SEARCH && s->search.nstats && !s->search.nby && s->search.span <= 0;
	return one_number ? !(x->value > 0) : x->rows == 0;
}

bool answer_is_empty(const struct answer *a)
{
	for (size_t i = 0; i < a->nparts; i++)
		if (!part_is_empty(a, &a->parts[i]))
			return false;
	return true;
}

/* ---- out ---- */

static int by_time(const void *x, const void *y)
{
	const struct kept *a = x, *b = y;
	return a->time != b->time ? (a->time < b->time ? -1 : 1)
	                          : (a->id > b->id) - (a->id < b->id);
}

static bool among(const struct kept *v, size_t n, const struct kept *k)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].id == k->id && v[i].time == k->time)
			return true;
	return false;
}

static size_t distinct(struct kept *v, size_t n)
{
	size_t m = 0;
	for (size_t i = 0; i < n; i++)
		if (!among(v, m, &v[i]))
			v[m++] = v[i];
	return m;
}

static void add_preview(const struct answer *a, cJSON *o)
{
	struct kept pick[KEEP_COUNT + ANSWER_PREVIEW];
	cJSON *list = json_add_arr(o, "preview");
	size_t n = 0, i;
	for (i = 0; i < KEEP_COUNT; i++)
		if (a->keep[i].json)
			pick[n++] = a->keep[i];
	n = distinct(pick, n);
	for (i = 0; i < a->singles.n && n < ANSWER_PREVIEW; i++)
		if (a->singles.v[i].json && !among(pick, n, &a->singles.v[i]))
			pick[n++] = a->singles.v[i];
	qsort(pick, n, sizeof(*pick), by_time);
	for (i = 0; i < n; i++)
		cJSON_AddItemToArray(list, cJSON_CreateRaw(pick[i].json));
	for (i = 0; i < a->graph_preview.n; i++)
		cJSON_AddItemToArray(list, cJSON_CreateRaw(a->graph_preview.v[i]));
	json_add_str(o, "preview_rule", "first, last, denied, then acts seen once");
}

static void add_missing(cJSON *o, const struct plan *p, const struct run_result *run)
{
	cJSON *list = json_add_arr(o, "missing");
	for (size_t i = 0; i < run->nsteps; i++) {
		const struct run_step *s = &run->steps[i];
		char *text = NULL;
		const char *source = p->steps[i].source ? p->steps[i].source : "lake";
		if (s->state == RUN_FAILED || s->state == RUN_SKIPPED)
			text = xasprintf("step %zu (%s): %s", i + 1, source, s->error.what);
		else if (s->done.partial)
			text = xasprintf("step %zu (%s): partial, %s", i + 1, source, s->done.why);
		else if (s->pivot_cut)
			text = xasprintf(
			        "step %zu took only the first %d values (or %d values that go "
			        "together) of the step before",
			        i + 1, MW_PIVOT_VALUES_MAX, MW_PIVOT_TUPLES_MAX);
		else if (s->done.rows && s->done.why[0])
			text = xasprintf("step %zu (%s): %s", i + 1, source, s->done.why);
		if (text)
			cJSON_AddItemToArray(list, json_slice(slice_of(text)));
		free(text);
	}
}

static void add_attack(const struct answer *a, cJSON *o)
{
	struct attack_found top[3];
	size_t n = a->attack ? attack_tally_top(a->attack, top, ARRAY_LEN(top)) : 0;
	cJSON *list = json_add_arr(o, "attack");
	for (size_t i = 0; i < n; i++) {
		cJSON *t = cJSON_CreateObject();
		char id[32];
		json_add_str(t, "id", top[i].id);
		json_add_str(t, "name", top[i].name);
		json_add_str(t, "why", top[i].why);
		json_add_i64(t, "events", (int64_t)top[i].events);
		snprintf(id, sizeof(id), "ev:%llu", (unsigned long long)top[i].evidence);
		json_add_str(t, "evidence", id);
		cJSON_AddItemToArray(list, t);
	}
}

static void add_strings(cJSON *o, const char *key, char *const *v, size_t n)
{
	cJSON *list = json_add_arr(o, key);
	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(list, json_slice(slice_of(v[i])));
}

static cJSON *proof_json(const struct empty_proof *p)
{
	cJSON *o = cJSON_CreateObject(), *probes;
	json_add_str(o, "reason", empty_reason_name(p->reason));
	json_add_str(o, "sentence", p->sentence);
	json_add_str(o, "cover", p->cover[0] ? p->cover : NULL);
	json_add_time(o, "complete_to", p->complete_to);
	add_strings(o, "near", p->near_values.v, p->near_values.n);
	add_strings(o, "next", p->next.v, p->next.n);
	probes = json_add_arr(o, "probes");
	for (size_t i = 0; i < p->probes.n; i++) {
		cJSON *q = cJSON_CreateObject();
		json_add_str(q, "what", p->probes.v[i].what);
		json_add_str(q, "found", p->probes.v[i].found);
		json_add_bool(q, "ok", p->probes.v[i].ok);
		cJSON_AddItemToArray(probes, q);
	}
	return o;
}

static const char *const kinds[] = {[SHOW_EVENTS] = "events",
                                    [SHOW_COUNT] = "count",
                                    [SHOW_VALUES] = "values",
                                    [SHOW_RANKING] = "ranking",
                                    [SHOW_GRAPH] = "graph"};

static double part_value(const struct part *x)
{
	return x->value_text ? x->value : (double)x->rows;
}

static void add_table(cJSON *o, const struct part *x)
{
	cJSON *t = table_json(x->table);
	if (t)
		cJSON_AddItemToObject(o, "table", t);
}

/* Where all parts ask of the same events, what is asked is enough to tell them apart. */
static bool same_tails(const struct answer *a)
{
	struct buf first = BUF_INIT, b = BUF_INIT;
	bool same = true;
	for (size_t i = 0; i < a->nparts && same; i++) {
		const struct plan_step *s = &a->plan->steps[a->parts[i].step];
		struct buf head = BUF_INIT;
		buf_reset(&b);
		plan_paraphrase_head(s, &head);
		plan_paraphrase_step(s, &b);
		if (i == 0)
			buf_str(&first, b.s + head.len);
		same = !strcmp(first.s ? first.s : "", b.s + head.len);
		buf_release(&head);
	}
	buf_release(&first);
	buf_release(&b);
	return same;
}

static void add_label(cJSON *o, const struct plan_step *s, bool brief)
{
	struct buf b = BUF_INIT;
	if (brief)
		plan_paraphrase_head(s, &b);
	else
		plan_paraphrase_step(s, &b);
	json_add_slice(o, "label", (struct slice){b.s, b.len});
	buf_release(&b);
}

static cJSON *part_json(const struct answer *a, const struct part *x, bool brief)
{
	cJSON *o = cJSON_CreateObject();
	json_add_str(o, "kind", kinds[x->show]);
	json_add_i64(o, "step", (int64_t)x->step);
	add_label(o, &a->plan->steps[x->step], brief);
	if (x->show == SHOW_COUNT) {
		cJSON_AddItemToObject(o, "value", cJSON_CreateNumber(part_value(x)));
		return o;
	}
	json_add_i64(o, "total", (int64_t)x->rows);
	add_table(o, x);
	cJSON_AddItemToObject(o, "values", cJSON_Duplicate(x->values, true));
	cJSON_AddItemToObject(o, "pairs", cJSON_Duplicate(x->pairs, true));
	return o;
}

static void move_items(cJSON *to, cJSON *from)
{
	cJSON *v;
	while ((v = cJSON_DetachItemFromArray(from, 0)))
		cJSON_AddItemToArray(to, v);
}

/* Parts of one kind with the last step ("snapshots or images") are one list; a number beside a list is its value. */
static void add_parts(struct answer *a, cJSON *o)
{
	struct part *last = main_part(a);
	bool brief = same_tails(a);
	cJSON *list;
	if (a->nparts < 2)
		return;
	list = json_add_arr(o, "parts");
	for (size_t i = 0; i < a->nparts; i++)
		cJSON_AddItemToArray(list, part_json(a, &a->parts[i], brief));
	for (size_t i = a->nparts - 1; i-- > 0;) {
		struct part *x = &a->parts[i];
		if (x->show == last->show && x->show != SHOW_COUNT) {
			move_items(x->values, last->values);
			move_items(x->pairs, last->pairs);
			move_items(last->values, x->values);
			move_items(last->pairs, x->pairs);
			last->rows += x->rows;
		} else if (x->show == SHOW_COUNT && !json_get(o, "value")) {
			cJSON_AddItemToObject(o, "value", cJSON_CreateNumber(part_value(x)));
		}
	}
}

static void add_result(struct answer *a, cJSON *o, bool empty)
{
	struct part *x = main_part(a);
	bool count = x->show == SHOW_COUNT;
	json_add_str(o, "kind", empty && !count ? "empty" : kinds[x->show]);
	if (count)
		cJSON_AddItemToObject(o, "value", cJSON_CreateNumber(part_value(x)));
	add_parts(a, o);
	json_add_i64(o, "total", (int64_t)x->rows);
	if (a->nparts == 1)
		add_table(o, x);
	if (x->show == SHOW_VALUES || x->show == SHOW_RANKING) {
		cJSON_AddItemToObject(o, "values", x->values);
		cJSON_AddItemToObject(o, "pairs", x->pairs);
		x->values = x->pairs = NULL;
		json_add_bool(o, "cut", x->cut);
	}
}

cJSON *answer_json(struct answer *a, const struct run_result *run, const struct empty_proof *proof,
                   cJSON *reach, int64_t elapsed_us)
{
	cJSON *o = cJSON_CreateObject();
	bool limited = run->nsteps && run->steps[run->nsteps - 1].done.limited;
	add_result(a, o, proof != NULL);
	json_add_bool(o, "partial", run->partial);
	json_add_bool(o, "limited", limited);
	add_missing(o, a->plan, run);
	add_preview(a, o);
	add_attack(a, o);
	cJSON_AddItemToObject(o, "sentences", summary_json(a->summary));
	cJSON_AddItemToObject(o, "reach", reach ? reach : cJSON_CreateArray());
	if (proof)
		cJSON_AddItemToObject(o, "empty", proof_json(proof));
	json_add_i64(o, "elapsed_ms", elapsed_us / 1000);
	return o;
}
