/* Building, copying and comparing plans; the names of operators and functions; output columns. */
#include "plan/plan.h"
#include "plan/place.h"

const char *const plan_op_words[] = {
        [OP_IS] = "is",         [OP_IS_CS] = "is_cs",
        [OP_IN] = "in",         [OP_CONTAINS] = "contains",
        [OP_STARTS] = "starts", [OP_ENDS] = "ends",
        [OP_LIKE] = "like",     [OP_REGEX] = "regex",
        [OP_CIDR] = "cidr",     [OP_LT] = "lt",
        [OP_LE] = "le",         [OP_GT] = "gt",
        [OP_GE] = "ge",         [OP_EXISTS] = "exists",
        [OP_TEXT] = "text",     NULL,
};
const char *const plan_fn_words[] = {
        [FN_COUNT] = "count", [FN_DISTINCT] = "distinct", [FN_SUM] = "sum",
        [FN_MIN] = "min",     [FN_MAX] = "max",           [FN_AVG] = "avg",
        [FN_FIRST] = "first", [FN_LAST] = "last",         NULL,
};
const char *const plan_show_words[] = {"events", "count", "values", "ranking", "graph", NULL};
const char *const plan_kind_words[] = {"search", "graph", NULL};
const char *const plan_dir_words[] = {"out", "in", "both", NULL};
const char *const plan_at_words[] = {"first", "last", NULL};
const char *const plan_graph_fn_words[] = {
        "match", "neighbours", "shortest", "paths", "blast", "exposure", "reached_by", NULL,
};

static const struct {
	const char *name;
	enum plan_pseudo pseudo;
} pseudo_fields[] = {
        {"time", PF_TIME}, {"dataset", PF_DATASET},     {"uid", PF_UID},
        {"file", PF_FILE}, {"file_line", PF_FILE_LINE},
};
#define RAW_PREFIX "raw:"

const char *plan_field_name(const struct plan_field *f)
{
	for (size_t i = 0; f->pseudo && i < ARRAY_LEN(pseudo_fields); i++)
		if (pseudo_fields[i].pseudo == f->pseudo)
			return pseudo_fields[i].name;
	return f->f ? f->f->name : f->name;
}

const char *plan_op_name(enum plan_op op)
{
	return plan_op_words[op];
}

const char *plan_fn_name(enum plan_fn fn)
{
	return plan_fn_words[fn];
}

struct plan *plan_new(void)
{
	struct arena a = ARENA_INIT;
	struct plan *p = arena_zalloc(&a, sizeof(*p));

	p->arena = a;
	return p;
}

void plan_free(struct plan *p)
{
	struct arena a;

	if (!p)
		return;
	a = p->arena; /* the plan itself lives in its arena */
	arena_release(&a);
}

struct plan_step *plan_add_step(struct plan *p, enum plan_kind kind)
{
	struct plan_step *steps = arena_zalloc(&p->arena, (p->nsteps + 1) * sizeof(*steps));
	struct plan_step *s = &steps[p->nsteps];

	if (p->nsteps)
		memcpy(steps, p->steps, p->nsteps * sizeof(*steps));
	p->steps = steps;
	p->nsteps++;
	s->kind = kind;
	s->source = arena_strdup(&p->arena, kind == PS_GRAPH ? "graph" : "lake");
	return s;
}

static enum plan_pseudo pseudo_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(pseudo_fields); i++)
		if (!strcmp(name, pseudo_fields[i].name))
			return pseudo_fields[i].pseudo;
	return PF_NONE;
}

bool plan_field_set(struct plan *p, struct plan_field *f, const char *name)
{
	*f = (struct plan_field){.name = arena_strdup(&p->arena, name)};
	if (!strncmp(name, RAW_PREFIX, sizeof(RAW_PREFIX) - 1)) {
		f->raw = f->name + sizeof(RAW_PREFIX) - 1;
		return f->raw[0] != '\0';
	}
	f->f = field_find(slice_of(name));
	f->pseudo = pseudo_of(f->f ? f->f->name : name); /* by its alias too */
	if (f->pseudo)
		f->f = NULL;
	return f->pseudo || f->f;
}

struct plan_node *plan_group(struct plan *p, enum plan_node_kind kind)
{
	struct plan_node *n = arena_zalloc(&p->arena, sizeof(*n));

	n->kind = kind;
	n->from_step = -1;
	return n;
}

void plan_group_add(struct plan_node *group, struct plan_node *child)
{
	struct plan_node **at = &group->child;

	while (*at)
		at = &(*at)->next;
	*at = child;
}

struct plan_node *plan_cmp(struct plan *p, const char *field, enum plan_op op, struct slice value)
{
	struct plan_node *n = plan_group(p, PN_CMP);

	n->op = op;
	if (field)
		(void)plan_field_set(p, &n->field, field);
	if (value.s)
		plan_cmp_value(p, n, value);
	return n;
}

/* Lists double, so that one of MW_PLAN_LIST_MAX values does not take their square in the arena. */
void plan_cmp_value(struct plan *p, struct plan_node *cmp, struct slice value)
{
	size_t n = cmp->nvalues;

	if ((n & (n - 1)) == 0) {
		struct slice *grown = arena_alloc(&p->arena, (n ? n * 2 : 1) * sizeof(*grown));
		if (n)
			memcpy(grown, cmp->values, n * sizeof(*grown));
		cmp->values = grown;
	}
	cmp->values[n] = (struct slice){arena_memdup(&p->arena, value.s, value.n), value.n};
	cmp->nvalues++;
}

/* ---- copies ---- */

static char *copy_str(struct plan *p, const char *s)
{
	return s ? arena_strdup(&p->arena, s) : NULL;
}

static void *copy_array(struct plan *p, const void *v, size_t n, size_t size)
{
	void *out = n ? arena_alloc(&p->arena, n * size) : NULL;

	if (n)
		memcpy(out, v, n * size);
	return out;
}

static void copy_field(struct plan *p, struct plan_field *f)
{
	ptrdiff_t raw = f->raw ? f->raw - f->name : 0;

	f->name = copy_str(p, f->name);
	f->raw = raw ? f->name + raw : NULL;
}

static struct plan_field *copy_fields(struct plan *p, const struct plan_field *v, size_t n)
{
	struct plan_field *out = copy_array(p, v, n, sizeof(*v));

	for (size_t i = 0; i < n; i++)
		copy_field(p, &out[i]);
	return out;
}

/* Values grow by doubling in plan_cmp_value, so a copy keeps that room. */
static void copy_values(struct plan *p, struct plan_node *to, const struct plan_node *from)
{
	to->values = NULL;
	to->nvalues = 0;
	for (size_t i = 0; i < from->nvalues; i++)
		plan_cmp_value(p, to, from->values[i]);
}

struct plan_node *plan_clone_node(struct plan *into, const struct plan_node *n)
{
	struct plan_node *c, **at;

	if (!n)
		return NULL;
	c = copy_array(into, n, 1, sizeof(*n));
	c->next = NULL;
	copy_field(into, &c->field);
	copy_field(into, &c->rhs);
	copy_values(into, c, n);
	c->column = copy_str(into, n->column);
	at = &c->child;
	for (const struct plan_node *k = n->child; k; k = k->next) {
		*at = plan_clone_node(into, k);
		at = &(*at)->next;
	}
	return c;
}

static struct plan_sequence *copy_sequence(struct plan *p, const struct plan_sequence *s)
{
	struct plan_sequence *c;

	if (!s)
		return NULL;
	c = copy_array(p, s, 1, sizeof(*s));
	c->stages = copy_array(p, s->stages, s->nstages, sizeof(*s->stages));
	for (size_t i = 0; i < s->nstages; i++)
		c->stages[i] = plan_clone_node(p, s->stages[i]);
	copy_field(p, &c->by);
	c->stage_by = s->stage_by ? copy_fields(p, s->stage_by, s->nstages) : NULL;
	return c;
}

static struct plan_baseline *copy_baseline(struct plan *p, const struct plan_baseline *b)
{
	struct plan_baseline *c;

	if (!b)
		return NULL;
	c = copy_array(p, b, 1, sizeof(*b));
	c->key = copy_fields(p, b->key, b->nkey);
	return c;
}

static void copy_search(struct plan *p, struct plan_search *s)
{
	s->datasets = copy_array(p, s->datasets, s->ndatasets, sizeof(*s->datasets));
	for (size_t i = 0; i < s->ndatasets; i++)
		s->datasets[i] = copy_str(p, s->datasets[i]);
	s->where = plan_clone_node(p, s->where);
	s->sequence = copy_sequence(p, s->sequence);
	s->baseline = copy_baseline(p, s->baseline);
	s->stats = copy_array(p, s->stats, s->nstats, sizeof(*s->stats));
	for (size_t i = 0; i < s->nstats; i++) {
		copy_field(p, &s->stats[i].field);
		s->stats[i].as = copy_str(p, s->stats[i].as);
	}
	s->by = copy_fields(p, s->by, s->nby);
	s->columns = copy_fields(p, s->columns, s->ncolumns);
	s->having = plan_clone_node(p, s->having);
	s->sort = copy_array(p, s->sort, s->nsort, sizeof(*s->sort));
	for (size_t i = 0; i < s->nsort; i++)
		s->sort[i].column = copy_str(p, s->sort[i].column);
}

static void copy_graph(struct plan *p, struct plan_graph *g)
{
	g->start_type = copy_str(p, g->start_type);
	g->start = plan_clone_node(p, g->start);
	g->goal = plan_clone_node(p, g->goal);
	g->hops = copy_array(p, g->hops, g->nhops, sizeof(*g->hops));
	for (size_t i = 0; i < g->nhops; i++) {
		g->hops[i].edge = copy_str(p, g->hops[i].edge);
		g->hops[i].to_type = copy_str(p, g->hops[i].to_type);
		g->hops[i].where = plan_clone_node(p, g->hops[i].where);
	}
}

struct plan *plan_clone(const struct plan *p)
{
	struct plan *c = plan_new();

	c->steps = copy_array(c, p->steps, p->nsteps, sizeof(*p->steps));
	c->nsteps = p->nsteps;
	c->show = p->show;
	c->max_seconds = p->max_seconds;
	c->value_field = p->value_field;
	copy_field(c, &c->value_field);
	for (size_t i = 0; i < c->nsteps; i++) {
		c->steps[i].name = copy_str(c, c->steps[i].name);
		c->steps[i].source = copy_str(c, c->steps[i].source);
		c->steps[i].hand = copy_str(c, c->steps[i].hand);
		copy_search(c, &c->steps[i].search);
		copy_graph(c, &c->steps[i].graph);
	}
	return c;
}

/* ---- scope ---- */

bool plan_dataset_in(const struct plan_search *s, const char *dataset)
{
	for (size_t i = 0; i < s->ndatasets; i++) {
		size_t n = strlen(s->datasets[i]);
		if (!strncmp(dataset, s->datasets[i], n) &&
		    (dataset[n] == '\0' || dataset[n] == '.'))
			return true;
	}
	return s->ndatasets == 0;
}

bool plan_time_in(const struct plan_search *s, mw_time t)
{
	bool from = s->from.kind == PW_ABS, to = s->to.kind == PW_ABS;

	if (t == MW_TIME_NONE)
		return !from && !to;
	return (!from || t >= s->from.t) && (!to || t < s->to.t);
}

/* ---- output columns ---- */

bool plan_is_grouped(const struct plan_search *s)
{
	return s->nstats || s->nby || s->span > 0;
}

size_t plan_ncolumns(const struct plan_search *s)
{
	return plan_is_grouped(s) ? (s->span > 0) + s->nby + s->nstats : 0;
}

const char *plan_column(const struct plan_search *s, size_t i)
{
	if (s->span > 0 && i-- == 0)
		return "time";
	return i < s->nby ? s->by[i].name : s->stats[i - s->nby].as;
}

static bool names_field(const struct plan_field *f, const char *name)
{
	const struct field *other = field_find(slice_of(name));

	return !strcmp(f->name, name) ||
	       (other && (f->f == other || (f->pseudo && f->pseudo == pseudo_of(other->name))));
}

int plan_column_find(const struct plan_search *s, const char *name)
{
	size_t n = plan_ncolumns(s), first_by = s->span > 0;

	for (size_t i = 0; i < n; i++)
		if (!strcmp(plan_column(s, i), name))
			return (int)i;
	for (size_t i = 0; i < s->nby; i++)
		if (names_field(&s->by[i], name))
			return (int)(first_by + i);
	return -1;
}

bool plan_has_hand(const struct plan *p)
{
	for (size_t i = 0; p && i < p->nsteps; i++)
		if (p->steps[i].hand)
			return true;
	return false;
}
