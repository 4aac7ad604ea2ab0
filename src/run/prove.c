/*
 * Why an answer is empty. The order of the questions is that of what an analyst could be misled by most: is there data at all,
 * is it kept so long, is there any in the window, do the logs have the field, does the value exist, would such an event have
 * been logged; only then is nothing a fact about the world.
 */
#include "base/limits.h"
#include "plan/number.h"
#include "run/probe.h"
#include "run/scope.h"
#include "plan/resolve.h"
#include "store/cover.h"
#include "store/graph.h"

#define NEAR_MAX 5        /* near values told */
#define OPERATIONS_MAX 16 /* named operations looked at for their class of log */
#define CLASSES_MAX 8
#define CONDITIONS_MAX 6 /* single conditions of a where that are counted apart */

const char *empty_reason_name(enum empty_reason r)
{
	static const char *const names[] = {
	        [EMPTY_NO_SUCH_FIELD] = "no_such_field",
	        [EMPTY_NO_SUCH_VALUE] = "no_such_value",
	        [EMPTY_NO_DATA_IN_WINDOW] = "no_data_in_window",
	        [EMPTY_RETENTION_ENDED] = "retention_ended",
	        [EMPTY_NOT_LOGGED] = "not_logged",
	        [EMPTY_TRULY_NONE] = "truly_none",
	};

	return names[r];
}

void empty_proof_release(struct empty_proof *p)
{
	struct empty_probe *b;
	char **s;

	vec_each (b, &p->probes) {
		free(b->what);
		free(b->found);
	}
	vec_each (s, &p->near_values)
		free(*s);
	vec_each (s, &p->next)
		free(*s);
	vec_free(&p->probes);
	vec_free(&p->near_values);
	vec_free(&p->next);
	free(p->sentence);
	*p = (struct empty_proof){0};
}

/* 1: that is the reason; 0: it is not. */
static int conclude(struct prover *v, enum empty_reason reason, char *sentence)
{
	v->out->reason = reason;
	v->out->sentence = sentence;
	return 1;
}

/* ---- is there data ---- */

static int ask_any_data(struct prover *v)
{
	const struct catalog_dataset *d;
	mw_time from, to;
	uint64_t events = probe_events(v, &from, &to);
	struct buf names = BUF_INIT;
	int rc;

	if (events) {
		struct buf span = BUF_INIT;
		if (from != MW_TIME_NONE)
			say_time_span(from, to, &span);
		probe_note(v, true, xasprintf("events in scope, at any time"),
		           xasprintf("%llu%s%s", (unsigned long long)events, span.len ? ", " : "",
		                     span.s));
		buf_release(&span);
		return 0;
	}
	probe_note(v, false, xasprintf("events in scope, at any time"), xasprintf("none"));
	if (catalog_datasets(v->env->catalog, &d) == 0)
		return conclude(v, EMPTY_NO_DATA_IN_WINDOW,
		                xasprintf("Nothing has been imported yet."));
	for (size_t i = 0; i < v->s->ndatasets; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", v->s->datasets[i]);
	rc = conclude(v, EMPTY_NOT_LOGGED,
	              xasprintf("No %s logs are here: none were imported.", names.s));
	buf_release(&names);
	return rc;
}

static mw_time retained_from(struct prover *v)
{
	struct cJSON *status = v->env->lake ? lake_status(v->env->lake, NULL) : NULL;
	const char *text = json_str(status, "retained_from", NULL);
	mw_time t;

	if (!text || !mw_time_parse(slice_of(text), &t))
		t = MW_TIME_NONE;
	cJSON_Delete(status);
	return t;
}

static int ask_retention(struct prover *v)
{
	mw_time kept = retained_from(v);
	char text[32];

	if (kept == MW_TIME_NONE || v->s->to.kind != PW_ABS || v->s->to.t > kept)
		return 0;
	mw_time_format(kept, text);
	probe_note(v, false, xasprintf("oldest time that is kept"), xasprintf("%s", text));
	return conclude(
	        v, EMPTY_RETENTION_ENDED,
	        xasprintf("The window ends before %s; older events are no longer kept.", text));
}

static bool has_window(const struct plan_search *s)
{
	return s->from.kind != PW_NONE || s->to.kind != PW_NONE;
}

static void offer_span(struct prover *v)
{
	struct buf b = BUF_INIT;
	mw_time from, to;

	if (probe_events(v, &from, &to) && from != MW_TIME_NONE) {
		buf_str(&b, "the same from ");
		say_time_span(from, to, &b);
		*vec_push(&v->out->next) = buf_take(&b, NULL);
	}
	buf_release(&b);
}

/* The events on both sides of the window. */
static int say_nearest(struct prover *v, struct buf *b)
{
	mw_time before = MW_TIME_NONE, after = MW_TIME_NONE;
	char text[32];

	if (v->s->from.kind == PW_ABS && probe_nearest(v, v->s->from.t, true, &before))
		return -1;
	if (v->s->to.kind == PW_ABS && probe_nearest(v, v->s->to.t, false, &after))
		return -1;
	if (before != MW_TIME_NONE) {
		mw_time_format(before, text);
		buf_printf(b, ", with the last one before it at %s", text);
	}
	if (after != MW_TIME_NONE) {
		mw_time_format(after, text);
		buf_printf(b, "%s the next one behind it at %s",
		           before == MW_TIME_NONE ? ", with" : " and", text);
	}
	return 0;
}

static int no_data(struct prover *v)
{
	struct buf b = BUF_INIT;
	mw_time from, to;

	buf_str(&b, "No event at all ");
	say_window(v->s, &b);
	(void)probe_events(v, &from, &to);
	if (from == MW_TIME_NONE) {
		buf_str(&b, "; the imported events have no time.");
	} else {
		buf_str(&b, "; the data goes from ");
		say_time_span(from, to, &b);
		if (say_nearest(v, &b)) {
			buf_release(&b);
			return -1;
		}
		buf_ch(&b, '.');
	}
	offer_span(v);
	return conclude(v, EMPTY_NO_DATA_IN_WINDOW, buf_take(&b, NULL));
}

static int ask_window(struct prover *v)
{
	struct plan *p;
	struct buf window = BUF_INIT;
	uint64_t n;
	int rc;

	if (!has_window(v->s))
		return 0;
	p = probe_plan(v);
	p->steps[v->step].search.where = NULL;
	rc = probe_count(v, p, &n);
	plan_free(p);
	if (rc)
		return -1;
	say_window(v->s, &window);
	probe_note(v, n > 0, xasprintf("events in scope %s", window.s),
	           xasprintf("%llu", (unsigned long long)n));
	buf_release(&window);
	return n ? 0 : no_data(v);
}

/* ---- can the conditions be met ---- */

struct blame {
	const struct plan_field *field; /* that no log in scope has */
	const struct plan_node *cmp;    /* of the value that occurs nowhere */
	size_t value;
};

/* A named value and one of the plan belong together where one holds the other ("mallory", "arn:...:user/mallory"). */
static bool is_named(const struct prover *v, struct slice value)
{
	if (!v->named)
		return true;
	for (size_t i = 0; i < v->nnamed; i++) {
		struct slice name = slice_of(v->named[i]);
		if (name.n && (probe_stands_alone(value, name) || probe_stands_alone(name, value)))
			return true;
	}
	return false;
}

/* 1 where the comparison may be true of some event; 0 with the blame where it cannot; -1 on an error. */
static int cmp_possible(struct prover *v, const struct plan_node *n, struct blame *b)
{
	bool exists;

	if (n->op != OP_TEXT && !probe_field(v, &n->field)) {
		*b = (struct blame){.field = &n->field};
		return 0;
	}
	if (n->rhs.name && !probe_field(v, &n->rhs)) {
		*b = (struct blame){.field = &n->rhs};
		return 0;
	}
	if (n->rhs.name || n->from_step >= 0 || n->nvalues == 0 || n->nvalues > CONDITIONS_MAX)
		return 1;
	for (size_t i = 0; i < n->nvalues; i++) {
		if (!is_named(v, n->values[i]))
			return 1;
		if (probe_value(v, n, i, &exists))
			return -1;
		if (exists)
			return 1;
	}
	*b = (struct blame){.cmp = n};
	return 0;
}

/* The first branch of an any is blamed for a value rather than for a field: the field of another format is no news. */
static int any_possible(struct prover *v, const struct plan_node *n, struct blame *b);

static int possible(struct prover *v, const struct plan_node *n, struct blame *b)
{
	int rc;

	switch (n->kind) {
	case PN_CMP:
		return cmp_possible(v, n, b);
	case PN_NOT:
		return 1;
	case PN_ANY:
		return any_possible(v, n, b);
	default:
		for (const struct plan_node *k = n->child; k; k = k->next) {
			rc = possible(v, k, b);
			if (rc != 1)
				return rc;
		}
		return 1;
	}
}

static int any_possible(struct prover *v, const struct plan_node *n, struct blame *b)
{
	struct blame one;
	int rc;

	*b = (struct blame){0};
	for (const struct plan_node *k = n->child; k; k = k->next) {
		rc = possible(v, k, &one);
		if (rc)
			return rc;
		if ((!b->cmp && one.cmp) || (!b->cmp && !b->field))
			*b = one;
	}
	return 0;
}

static int no_field(struct prover *v, const struct plan_field *f)
{
	struct buf b = BUF_INIT, name = BUF_INIT, where = BUF_INIT;

	say_field(f, &name);
	probe_field_elsewhere(v, f, &where);
	probe_note(v, false, xasprintf("events in scope that have %s", name.s),
	           where.len ? xasprintf("none; only %s", where.s) : xasprintf("none"));
	if (where.len)
		buf_printf(&b, "These logs have no field %s; %s has it.", name.s, where.s);
	else
		buf_printf(&b, "No imported log has a field %s.", name.s);
	buf_release(&name);
	buf_release(&where);
	return conclude(v, EMPTY_NO_SUCH_FIELD, buf_take(&b, NULL));
}

static bool told_already(const struct prover *v, struct slice value)
{
	char **s;

	vec_each (s, &v->out->near_values)
		if (slice_ieq(slice_of(*s), value))
			return true;
	return false;
}

static void find_near(struct prover *v, struct slice value, field_id field)
{
	struct catalog_value near[NEAR_MAX * 2];
	size_t n = catalog_value_near(v->env->catalog, value, field, near, ARRAY_LEN(near));

	for (size_t i = 0; i < n && i < ARRAY_LEN(near) && v->out->near_values.n < NEAR_MAX; i++) {
		if (told_already(v, near[i].value))
			continue;
		*vec_push(&v->out->near_values) =
		        xasprintf("%.*s", (int)near[i].value.n, near[i].value.s);
		*vec_push(&v->out->next) =
		        xasprintf("the same with \"%.*s\"", (int)near[i].value.n, near[i].value.s);
	}
}

static int no_value(struct prover *v, const struct plan_node *cmp)
{
	struct slice value = cmp->values[0];
	struct buf b = BUF_INIT;

	find_near(v, value, cmp->field.f ? cmp->field.f->id : FIELD_NONE);
	if (cmp->field.f && v->out->near_values.n == 0)
		find_near(v, value, FIELD_NONE);
	if (cmp->op == OP_CIDR)
		buf_printf(&b, "No imported event has an address in %.*s", (int)value.n, value.s);
	else if (cmp->op == OP_LIKE)
		buf_printf(&b, "Nothing like \"%.*s\" occurs in any imported event", (int)value.n,
		           value.s);
	else
		buf_printf(&b, "\"%.*s\" occurs in no imported event", (int)value.n, value.s);
	for (size_t i = 0; i < v->out->near_values.n; i++)
		buf_printf(&b, "%s\"%s\"", i ? ", " : "; what does exist and looks like it: ",
		           v->out->near_values.v[i]);
	buf_ch(&b, '.');
	return conclude(v, EMPTY_NO_SUCH_VALUE, buf_take(&b, NULL));
}

static int ask_tree(struct prover *v, const struct plan_node *n)
{
	struct blame b = {0};
	int rc = n ? possible(v, n, &b) : 1;

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (b.cmp)
		return no_value(v, b.cmp);
	return b.field ? no_field(v, b.field) : 0; /* an empty any: false by itself */
}

static int ask_fields(struct prover *v, const struct plan_field *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!probe_field(v, &f[i]))
			return no_field(v, &f[i]);
	return 0;
}

/* ---- which condition it is ---- */

static int count_condition(struct prover *v, const struct plan_node *n, uint64_t *count)
{
	struct plan *p = probe_plan(v);
	struct buf b = BUF_INIT;
	int rc;

	p->steps[v->step].search.where = plan_clone_node(p, n);
	rc = probe_count(v, p, count);
	plan_free(p);
	if (rc)
		return -1;
	plan_paraphrase_node(n, &b);
	probe_note(v, *count > 0, xasprintf("events where %s", b.s),
	           xasprintf("%llu", (unsigned long long)*count));
	buf_release(&b);
	return 0;
}

/* The where without its k-th condition. */
static int offer_without(struct prover *v, const struct plan_node *without)
{
	struct plan *p = probe_plan(v);
	struct plan_node *all = plan_group(p, PN_ALL);
	struct buf b = BUF_INIT;
	uint64_t n;
	int rc;

	for (const struct plan_node *k = v->s->where->child; k; k = k->next)
		if (k != without)
			plan_group_add(all, plan_clone_node(p, k));
	p->steps[v->step].search.where = all;
	rc = probe_count(v, p, &n);
	plan_free(p);
	if (rc || n == 0)
		return rc;
	plan_paraphrase_node(without, &b);
	*vec_push(&v->out->next) = xasprintf("leaving out that %s: %llu event%s", b.s,
	                                     (unsigned long long)n, n == 1 ? "" : "s");
	buf_release(&b);
	return 0;
}

static int ask_conditions(struct prover *v)
{
	const struct plan_node *w = v->s->where, *k;
	size_t n = 0;
	uint64_t count;

	if (!w || w->kind != PN_ALL || !w->child || !w->child->next)
		return w ? count_condition(v, w, &count) : 0;
	for (k = w->child; k && n < CONDITIONS_MAX; k = k->next, n++)
		if (count_condition(v, k, &count) || offer_without(v, k))
			return -1;
	return 0;
}

/* ---- the conditions are met, and yet there is no row ---- */

static int count_matches(struct prover *v, bool with_groups, uint64_t *n)
{
	struct plan *p = probe_plan(v);
	struct plan_search *s = &p->steps[v->step].search;
	struct plan_node *all = plan_group(p, PN_ALL);
	int rc;

	if (s->where)
		plan_group_add(all, s->where);
	for (size_t i = 0; with_groups && i < v->s->nby; i++)
		plan_group_add(all,
		               plan_cmp(p, v->s->by[i].name, OP_EXISTS, (struct slice){NULL, 0}));
	s->where = all;
	rc = probe_count(v, p, n);
	plan_free(p);
	return rc;
}

static int count_stages(struct prover *v)
{
	uint64_t n;

	for (size_t i = 0; i < v->s->sequence->nstages; i++)
		if (count_condition(v, v->s->sequence->stages[i], &n))
			return -1;
	return 0;
}

static void name_groups(const struct prover *v, struct buf *b)
{
	for (size_t i = 0; i < v->s->nby; i++) {
		buf_str(b, i ? " and " : "");
		say_field(&v->s->by[i], b);
	}
}

static int no_groups(struct prover *v, uint64_t matches)
{
	struct buf names = BUF_INIT;
	uint64_t n;
	int rc = count_matches(v, true, &n);

	if (rc)
		return -1;
	name_groups(v, &names);
	probe_note(v, n > 0, xasprintf("events of these that have %s", names.s),
	           xasprintf("%llu", (unsigned long long)n));
	if (n == 0) {
		rc = conclude(v, EMPTY_NO_SUCH_FIELD,
		              xasprintf("%llu event%s, but none has %s.",
		                        (unsigned long long)matches,
		                        matches == 1 ? " matches" : "s match", names.s));
		*vec_push(&v->out->next) = xasprintf("the events themselves, not by %s", names.s);
	} else {
		rc = conclude(v, EMPTY_TRULY_NONE,
		              xasprintf("%llu events match, but no group of them is such.",
		                        (unsigned long long)n));
	}
	buf_release(&names);
	return rc;
}

static int ask_shape(struct prover *v)
{
	uint64_t n;

	if (!v->s->sequence && !v->s->baseline && !v->s->nby && !v->s->having)
		return 0;
	if (count_matches(v, false, &n))
		return -1;
	probe_note(v, n > 0, xasprintf("events that match the conditions"),
	           xasprintf("%llu", (unsigned long long)n));
	if (n == 0)
		return 0;
	if (v->s->sequence) {
		if (count_stages(v))
			return -1;
		return conclude(v, EMPTY_TRULY_NONE,
		                xasprintf("The events do not follow each other as asked."));
	}
	if (v->s->baseline)
		return conclude(
		        v, EMPTY_TRULY_NONE,
		        xasprintf("%llu events match, but all of it was seen in the window before.",
		                  (unsigned long long)n));
	return no_groups(v, n);
}

/* ---- would it have been logged ---- */

/* The value of a field that the where demands, if it demands one: an is under ALLs only. */
static const struct plan_node *demanded(const struct plan_node *n, const char *field)
{
	const struct plan_node *hit;

	if (!n || n->kind == PN_NOT || n->kind == PN_ANY)
		return NULL;
	if (n->kind == PN_CMP)
		return n->nvalues == 1 && (n->op == OP_IS || n->op == OP_IS_CS || n->op == OP_IN) &&
		                       n->field.f && !strcmp(n->field.f->name, field)
		               ? n
		               : NULL;
	for (const struct plan_node *k = n->child; k; k = k->next) {
		hit = demanded(k, field);
		if (hit)
			return hit;
	}
	return NULL;
}

static const char *demanded_text(struct arena *a, const struct plan_node *w, const char *field)
{
	const struct plan_node *n = demanded(w, field);

	return n ? arena_strndup(a, n->values[0].s, n->values[0].n) : NULL;
}

/* Operations that the where names anywhere but under not. */
static void collect_operations(const struct plan_node *n, struct slice *out, size_t *count)
{
	if (n->kind == PN_NOT)
		return;
	for (size_t i = 0; n->kind == PN_CMP && n->field.f &&
	                   !strcmp(n->field.f->name, "api.operation") && i < n->nvalues;
	     i++)
		if (*count < OPERATIONS_MAX)
			out[(*count)++] = n->values[i];
	for (const struct plan_node *k = n->child; k; k = k->next)
		collect_operations(k, out, count);
}

/* The classes of log that such an event would be in. */
static size_t find_classes(const struct prover *v, enum cover_class *out)
{
	struct slice ops[OPERATIONS_MAX] = {{"", 0}};
	const struct catalog_dataset *d;
	size_t nops = 0, n = catalog_datasets(v->env->catalog, &d), found = 0;

	if (v->s->where)
		collect_operations(v->s->where, ops, &nops);
	for (size_t i = 0; i < n; i++) {
		if (!scope_may_hold(v->env->catalog, v->s, d[i].name))
			continue;
		for (size_t k = 0; k < (nops ? nops : 1); k++) {
			enum cover_class c = cover_class_of(d[i].name, ops[k]);
			size_t at = 0;
			while (at < found && out[at] != c)
				at++;
			if (at == found && found < CLASSES_MAX)
				out[found++] = c;
		}
	}
	return found;
}

static void truly_none(struct prover *v, const struct cover_proof *proof)
{
	struct buf b = BUF_INIT;
	char text[32];

	if (proof->state == COVER_LOGGED && proof->complete_to != MW_TIME_NONE) {
		mw_time_format(proof->complete_to, text);
		buf_printf(&b,
		           "None, and that is a true none up to %s: such events are logged (%s).",
		           text, proof->why);
	} else if (proof->state == COVER_LOGGED) {
		buf_printf(&b,
		           "None: such events are logged (%s), but how far the log is complete is "
		           "not known.",
		           proof->why);
	} else {
		buf_str(&b, "None in the imported data: the window has events, and the fields and "
		            "values exist. Whether such "
		            "events would have been logged is not known");
		buf_printf(&b, "%s%s.", proof->why[0] ? ": " : "", proof->why);
	}
	v->out->complete_to = proof->complete_to;
	(void)conclude(v, EMPTY_TRULY_NONE, buf_take(&b, NULL));
}

static void add_why(struct cover_proof *all, const struct cover_proof *one)
{
	size_t n = strlen(all->why);

	if (one->why[0])
		snprintf(all->why + n, sizeof(all->why) - n, "%s%s", n ? "; " : "", one->why);
}

/* Of several classes the whole is logged if each is, up to the earliest end, and not logged if none is. */
static void merge_proof(struct cover_proof *all, const struct cover_proof *one, bool first)
{
	if (first) {
		*all = *one;
		return;
	}
	if (all->state != one->state)
		all->state = COVER_UNKNOWN;
	if (one->complete_to == MW_TIME_NONE || all->complete_to == MW_TIME_NONE ||
	    one->complete_to < all->complete_to)
		all->complete_to = one->complete_to;
	add_why(all, one);
}

static int prove_class(struct prover *v, struct cover_query *q, struct cover_proof *out)
{
	static const char *const states[] = {
	        [COVER_UNKNOWN] = "unknown",
	        [COVER_LOGGED] = "yes",
	        [COVER_NOT_LOGGED] = "no",
	};

	if (cover_prove(v->env->lake, v->env->graph, q, out, v->e))
		return -1;
	probe_note(v, out->state != COVER_NOT_LOGGED,
	           xasprintf("are %s events logged there", cover_class_name(q->cls)),
	           xasprintf("%s%s%s", states[out->state], out->why[0] ? ": " : "", out->why));
	return 0;
}

static int prove_classes(struct prover *v, struct cover_query *q, struct cover_proof *all)
{
	enum cover_class classes[CLASSES_MAX];
	size_t n = v->env->lake || v->env->graph ? find_classes(v, classes) : 0;
	struct cover_proof one;

	for (size_t i = 0; i < n; i++) {
		q->cls = classes[i];
		if (prove_class(v, q, &one))
			return -1;
		merge_proof(all, &one, i == 0);
	}
	return 0;
}

static int ask_cover(struct prover *v)
{
	struct arena a = ARENA_INIT;
	struct cover_query q = {
	        .account = demanded_text(&a, v->s->where, "cloud.account.uid"),
	        .region = demanded_text(&a, v->s->where, "cloud.region"),
	        .resource = demanded_text(&a, v->s->where, "mw.bucket"),
	        .from = v->s->from.kind == PW_ABS ? v->s->from.t : MW_TIME_NONE,
	        .to = v->s->to.kind == PW_ABS ? v->s->to.t : MW_TIME_NONE,
	};
	struct cover_proof proof = {.state = COVER_UNKNOWN, .complete_to = MW_TIME_NONE};
	int rc = prove_classes(v, &q, &proof);

	arena_release(&a);
	if (rc)
		return -1;
	snprintf(v->out->cover, sizeof(v->out->cover), "%s", proof.id);
	if (proof.state == COVER_NOT_LOGGED)
		return conclude(v, EMPTY_NOT_LOGGED,
		                xasprintf("Not logged, so nothing can be said: %s.", proof.why));
	truly_none(v, &proof);
	return 1;
}

/* ---- searches and graphs ---- */

typedef int question(struct prover *v);

static int ask_where(struct prover *v)
{
	const struct plan_sequence *q = v->s->sequence;
	int rc = ask_tree(v, v->s->where);

	/* The last stage of "A without B" need not exist. */
	for (size_t i = 0; q && i < q->nstages - q->negate_last && !rc; i++)
		rc = ask_tree(v, q->stages[i]);
	return rc ? rc : ask_fields(v, v->s->by, v->s->nby);
}

static int prove_search(struct prover *v)
{
	static question *const questions[] = {
	        ask_any_data, ask_retention,  ask_window, ask_where,
	        ask_shape,    ask_conditions, ask_cover,
	};
	int rc = 0;

	if (!v->env->catalog)
		return err_set(v->e, ERR_INVALID,
		               "without the lake's catalogue nothing can be proved");
	for (size_t i = 0; i < ARRAY_LEN(questions) && rc == 0; i++)
		rc = questions[i](v);
	return rc < 0 ? -1 : 0;
}

/* A node that the start demands by id or name and that is not there. */
static int prove_graph(struct prover *v)
{
	const struct plan_graph *g = &v->p->steps[v->step].graph;
	const struct plan_node *n = g->start;

	while (n && n->kind == PN_ALL)
		n = n->child;
	if (n && n->kind == PN_CMP && n->nvalues && v->env->graph &&
	    (!strcmp(n->field.name, "id") || !strcmp(n->field.name, "name"))) {
		bool there = graph_find(v->env->graph, n->values[0]) != UINT32_MAX;
		probe_note(v, there,
		           xasprintf("a node \"%.*s\" in the inventory", (int)n->values[0].n,
		                     n->values[0].s),
		           xasprintf("%s", there ? "yes" : "no"));
		if (!there) {
			if (v->env->catalog)
				find_near(v, n->values[0], FIELD_NONE);
			(void)conclude(v, EMPTY_NO_SUCH_VALUE,
			               xasprintf("The inventory has nothing called \"%.*s\".",
			                         (int)n->values[0].n, n->values[0].s));
			return 0;
		}
	}
	(void)conclude(v, EMPTY_TRULY_NONE,
	               xasprintf("The inventory as imported has no such path or neighbour."));
	return 0;
}

/* ---- which step ---- */

static int take_nothing(void *ctx, size_t step, const struct source_row *r, struct err *e)
{
	(void)ctx;
	(void)step;
	(void)r;
	(void)e;
	return 0;
}

/* Steps that the last one hangs on, directly or not. */
static bool leads_to_last(const struct plan *p, size_t i)
{
	if (i + 1 == p->nsteps)
		return true;
	for (size_t k = i + 1; k < p->nsteps; k++)
		if (plan_step_needs(p, k, i) && leads_to_last(p, k))
			return true;
	return false;
}

/* An empty step that others hang on is where the answer was lost. */
static int find_step(struct prover *v)
{
	struct run_sink sink = {.row = take_nothing};
	struct run_result r;
	int rc = 0;

	v->step = v->p->nsteps - 1;
	if (v->p->nsteps == 1)
		return 0;
	rc = run_plan(v->p, v->env, &sink, &r, v->e);
	for (size_t i = 0; !rc && i < v->p->nsteps; i++) {
		if (r.steps[i].state != RUN_DONE || r.steps[i].done.rows || !leads_to_last(v->p, i))
			continue;
		v->step = i;
		break;
	}
	run_result_release(&r);
	return rc;
}

int run_prove_empty(const struct plan *p, const struct run_env *env, const char *const *named,
                    size_t nnamed, struct empty_proof *out, struct err *e)
{
	struct prover v = {
	        .p = p, .env = env, .named = named, .nnamed = nnamed, .out = out, .e = e};
	int rc;

	*out = (struct empty_proof){.complete_to = MW_TIME_NONE};
	rc = find_step(&v);
	v.s = &p->steps[v.step].search;
	if (!rc)
		rc = p->steps[v.step].kind == PS_GRAPH ? prove_graph(&v) : prove_search(&v);
	map_release(&v.exist);
	if (rc)
		empty_proof_release(out);
	return rc;
}
