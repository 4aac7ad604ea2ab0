#include "investigate/story.h"

#include "base/asset.h"
#include "base/yaml.h"
#include "ground/ground.h"
#include "model/incident.h"
#include "plan/plan.h"

#define STORIES_NAME "stories.yaml"
#define FINDINGS_TOLD 5
#define RIVALS_MAX 3
#define REMEDIES_MAX 6
#define HINTS_MAX 6
#define SIGNS_TOLD 4
#define IDS_MAX 8
#define IDS_PER_SIGN 2
#define CASE_ID \
	"case" /* the incident's own figures, as a record for the check; never cited on the wire */

/* Read once a process. */
static const struct yaml_node *stories(struct err *e)
{
	static struct yaml_doc doc;
	const struct asset *a = doc.root ? NULL : asset_find(STORIES_NAME);
	if (a && yaml_parse(&doc, (struct slice){a->data, a->len}, STORIES_NAME, e))
		return NULL;
	if (!doc.root)
		err_set(e, ERR_INTERNAL, "assets/%s is not compiled in", STORIES_NAME);
	return doc.root;
}

/* ---- a sentence being made ---- */

struct line {
	struct buf text;
	VEC(struct ground_copied) copied;
	VEC(const cJSON *) findings; /* that it is about */
	cJSON *evidence;
};
struct told {
	struct ground *g;
	const cJSON *card;
};

static void line_start(struct line *l, const char *text)
{
	*l = (struct line){.text = BUF_INIT, .evidence = cJSON_CreateArray()};
	buf_str(&l->text, text);
}

/* A value of the records, as it is. */
static void copy(struct line *l, struct slice v)
{
	struct ground_copied *c = vec_push(&l->copied);
	c->from = l->text.len;
	buf_add(&l->text, v.s, v.n);
	c->to = l->text.len;
}

/* An event may be in several findings: what is checked is the finding, what is shown are its events. */
static void cite(struct line *l, const cJSON *finding, size_t most)
{
	const cJSON *ids = json_arr(finding, "evidence");
	*vec_push(&l->findings) = finding;
	for (const cJSON *v = ids ? ids->child : NULL; v && most--; v = v->next) {
		bool there = cJSON_GetArraySize(l->evidence) >= IDS_MAX;
		for (const cJSON *x = l->evidence->child; x && !there; x = x->next)
			there = cJSON_IsString(v) && !strcmp(x->valuestring, v->valuestring);
		if (!there && cJSON_IsString(v))
			cJSON_AddItemToArray(l->evidence, cJSON_CreateString(v->valuestring));
	}
}

static const cJSON *first_finding(const cJSON *card)
{
	const cJSON *list = json_arr(card, "findings");
	return list ? list->child : NULL;
}

/* Its record's id in the check: never cited on the wire. */
static const char *finding_id(struct arena *a, const cJSON *card, const cJSON *finding)
{
	size_t n = 0;
	for (const cJSON *f = first_finding(card); f && f != finding; f = f->next)
		n++;
	return arena_printf(a, "finding:%zu", n);
}

static cJSON *line_end(const struct told *t, struct line *l, const char *also)
{
	cJSON *o = cJSON_CreateObject();
	struct ground_verdict v = {0};
	struct arena a = {0};
	VEC(struct slice) ids = {0};
	for (size_t i = 0; i < l->findings.n; i++)
		*vec_push(&ids) = slice_of(finding_id(&a, t->card, l->findings.v[i]));
	if (also)
		*vec_push(&ids) = slice_of(also);
	ground_check_made(t->g, (struct slice){l->text.s, l->text.len}, ids.v, ids.n, l->copied.v,
	                  l->copied.n, &v);
	json_add_slice(o, "text", (struct slice){l->text.s, l->text.len});
	cJSON_AddItemToObject(o, "evidence", l->evidence);
	ground_verdict_json(o, &v);
	ground_verdict_release(&v);
	vec_free(&ids);
	vec_free(&l->copied);
	vec_free(&l->findings);
	arena_release(&a);
	buf_release(&l->text);
	return o;
}

/* ---- signs ---- */

/* What of the finding shows the sign: a piece of its JSON, or nothing. */
static struct slice sign_in(const cJSON *f, const char *sign)
{
	const char *colon = strchr(sign, ':'), *title = json_str(f, "title", ""), *at;
	size_t n = colon ? strlen(colon + 1) : 0;
	const cJSON *list = json_arr(f, !strncmp(sign, "attack", 6) ? "attack" : "entities");
	if (!n)
		return (struct slice){"", 0};
	if (!strncmp(sign, "title", 5)) {
		at = mw_memimem(title, strlen(title), colon + 1, n);
		return at ? (struct slice){title, strlen(title)} : (struct slice){"", 0};
	}
	for (const cJSON *v = list ? list->child : NULL; v; v = v->next) {
		const char *s = cJSON_IsString(v) ? v->valuestring : "";
		char end = strncmp(s, colon + 1, n) ? 'x' : s[n];
		if (!end || end == '.')
			return slice_of(s);
		if (end == '=')
			return slice_of(s + n + 1);
	}
	return (struct slice){"", 0};
}

struct shown {
	struct slice what;
	const cJSON *finding;
};

static size_t signs_of(const cJSON *card, const struct yaml_node *list, struct shown *out,
                       size_t max)
{
	size_t n = 0;
	for (const struct yaml_node *s = list ? list->child : NULL; s && n < max; s = s->next)
		for (const cJSON *f = first_finding(card); f && n < max; f = f->next) {
			struct slice what = sign_in(f, s->text ? s->text : "");
			bool again = !what.n;
			for (size_t i = 0; i < n && !again; i++)
				again = slice_eq(out[i].what, what);
			if (again)
				continue;
			out[n++] = (struct shown){what, f};
			break;
		}
	return n;
}

static void tell_signs(struct line *l, const char *word, const struct shown *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_str(&l->text, i ? "; " : word);
		copy(l, s[i].what);
		cite(l, s[i].finding, IDS_PER_SIGN);
	}
}

/* ---- sections ---- */

static const char *severity_word(const cJSON *o)
{
	static const char *const words[] = {"informational", "low", "medium", "high", "critical"};
	enum severity s;
	return severity_parse(slice_of(json_str(o, "severity", "")), &s) ? words[s] : "unknown";
}

static int severity_rank(const cJSON *o)
{
	enum severity s;
	return severity_parse(slice_of(json_str(o, "severity", "")), &s) ? (int)s : 0;
}

static void add_narrative(const struct told *t, cJSON *card)
{
	cJSON *list = json_add_arr(card, "narrative"), *active = json_obj(card, "active");
	size_t n = 0;
	for (int level = SEV_CRITICAL; level >= SEV_INFO; level--)
		for (const cJSON *f = first_finding(card); f && n < FINDINGS_TOLD; f = f->next) {
			struct line l;
			if (severity_rank(f) != level)
				continue;
			line_start(&l, "Risk: ");
			copy(&l, slice_of(json_str(f, "title", "?")));
			buf_printf(&l.text, ", severity %s, %lld event%s", severity_word(f),
			           (long long)json_i64(f, "events", 1),
			           json_i64(f, "events", 1) == 1 ? "" : "s");
			if (json_str(f, "first", NULL)) {
				buf_str(&l.text, ", first at ");
				copy(&l, slice_of(json_str(f, "first", "")));
			}
			buf_ch(&l.text, '.');
			cite(&l, f, IDS_MAX);
			cJSON_AddItemToArray(list, line_end(t, &l, NULL));
			n++;
		}
	if (!n)
		cJSON_AddItemToArray(list, cJSON_CreateString("No finding is recorded."));
	/* The activity is what the card has looked up and shows already. */
	cJSON_AddItemToArray(list, active ? cJSON_Duplicate(active, true)
	                                  : cJSON_CreateString("No activity was seen."));
}

/* In two units: "1d6h", "4h30m", "12s". */
static void tell_span(int64_t us, char out[32])
{
	static const struct {
		int64_t us;
		char name;
	} units[] = {{MW_DAY, 'd'}, {MW_HOUR, 'h'}, {MW_MINUTE, 'm'}, {MW_SECOND, 's'}};
	size_t i = 0;
	while (i + 1 < ARRAY_LEN(units) && us < units[i].us)
		i++;
	int64_t rest = i + 1 < ARRAY_LEN(units) ? us % units[i].us / units[i + 1].us : 0;
	int n = snprintf(out, 32, "%lld%c", (long long)(us / units[i].us), units[i].name);
	if (rest)
		snprintf(out + n, 32 - (size_t)n, "%lld%c", (long long)rest, units[i + 1].name);
}

static void add_risk(const struct told *t, cJSON *card)
{
	struct line l;
	mw_time first, last;
	char span[32];
	bool timed = mw_time_parse(slice_of(json_str(card, "first", "")), &first) &&
	             mw_time_parse(slice_of(json_str(card, "last", "")), &last);
	const char *owner = json_str(card, "asset_owner", NULL);
	cJSON *list = json_add_arr(card, "risk");
	line_start(&l, "");
	buf_printf(&l.text, "%lld records in %d findings", (long long)json_i64(card, "records", 0),
	           cJSON_GetArraySize(json_arr(card, "findings")));
	if (timed && last > first) {
		tell_span(last - first, span);
		buf_printf(&l.text, " over %s", span);
	}
	buf_str(&l.text, "; owner ");
	if (owner)
		copy(&l, slice_of(owner));
	else
		buf_str(&l.text, "is unknown");
	buf_printf(&l.text, "; severity %s.", severity_word(card));
	for (const cJSON *f = first_finding(card); f; f = f->next)
		cite(&l, f, IDS_MAX);
	cJSON_AddItemToArray(list, line_end(t, &l, CASE_ID));
}

struct cause {
	const struct yaml_node *node;
	size_t nfor, nagainst;
};

static int by_weight(const void *a, const void *b)
{
	const struct cause *x = a, *y = b;
	long wx = 2 * (long)x->nfor - 3 * (long)x->nagainst,
	     wy = 2 * (long)y->nfor - 3 * (long)y->nagainst;
	return wx != wy ? (wx > wy ? -1 : 1)
	                : (x->node->line > y->node->line) - (x->node->line < y->node->line);
}

static cJSON *cause_line(const struct told *t, const struct cause *c, const char *word)
{
	struct shown s[SIGNS_TOLD];
	struct line l;
	size_t n;
	line_start(&l, word);
	buf_str(&l.text, yaml_str(c->node, "text", "?"));
	n = signs_of(t->card, yaml_get(c->node, "for"), s, SIGNS_TOLD);
	tell_signs(&l, ". For it: ", s, n);
	n = signs_of(t->card, yaml_get(c->node, "against"), s, SIGNS_TOLD);
	tell_signs(&l, ". Against it: ", s, n);
	buf_str(&l.text, n ? "." : ". Against it: nothing in these findings.");
	return line_end(t, &l, NULL);
}

static void add_causes(const struct told *t, const struct yaml_node *st, cJSON *card)
{
	const struct yaml_node *causes = yaml_get(st, "causes");
	cJSON *how = json_add_arr(card, "how"), *rivals = json_add_arr(card, "rivals");
	VEC(struct cause) v = {0};
	for (const struct yaml_node *c = causes ? causes->child : NULL; c; c = c->next) {
		struct shown s[16];
		size_t n = signs_of(card, yaml_get(c, "for"), s, ARRAY_LEN(s));
		if (n)
			*vec_push(&v) = (struct cause){
			        c, n, signs_of(card, yaml_get(c, "against"), s, ARRAY_LEN(s))};
	}
	if (v.n)
		qsort(v.v, v.n, sizeof(*v.v), by_weight);
	for (size_t i = 0; i < v.n && i <= RIVALS_MAX; i++)
		cJSON_AddItemToArray(i ? rivals : how,
		                     cause_line(t, &v.v[i], i ? "Or " : "Likely "));
	vec_free(&v);
}

/* Names the data and the unit, from the inventory's tags. */
static void add_business(const struct told *t, cJSON *card, const cJSON *assets)
{
	cJSON *list = json_add_arr(card, "business");
	for (const cJSON *a = assets ? assets->child : NULL; a; a = a->next) {
		const cJSON *tags = json_obj(a, "tags");
		struct line l;
		int n = 0;
		if (!tags || !tags->child)
			continue;
		line_start(&l, "");
		copy(&l, slice_of(json_str(a, "id", "?")));
		buf_str(&l.text, " is tagged ");
		for (const cJSON *tag = tags->child; tag; tag = tag->next) {
			/* a tag list as some inventories write it says each tag twice */
			if (!cJSON_IsString(tag) || !strcasecmp(tag->string, "key") ||
			    !strcasecmp(tag->string, "value"))
				continue;
			buf_str(&l.text, n++ ? ", " : "");
			copy(&l, slice_of(tag->string));
			buf_ch(&l.text, ' ');
			copy(&l, slice_of(tag->valuestring));
		}
		buf_ch(&l.text, '.');
		cJSON *o = line_end(t, &l, json_str(a, "id", "?"));
		json_add_str(o, "asset", json_str(a, "id", "?"));
		cJSON_AddItemToArray(list, o);
	}
}

struct remedy {
	const struct yaml_node *node;
	struct shown sign;
	int rank;
};

static int by_rank(const void *a, const void *b)
{
	const struct remedy *x = a, *y = b;
	return x->rank != y->rank
	               ? (x->rank > y->rank ? -1 : 1)
	               : (x->node->line > y->node->line) - (x->node->line < y->node->line);
}

static void add_remedies(const struct told *t, const struct yaml_node *st, cJSON *card)
{
	const struct yaml_node *all = yaml_get(st, "remedies");
	cJSON *list = json_add_arr(card, "remediation");
	VEC(struct remedy) v = {0};
	for (const struct yaml_node *r = all ? all->child : NULL; r; r = r->next) {
		struct remedy best = {.node = r, .rank = -1};
		for (const cJSON *f = first_finding(card); f; f = f->next) {
			struct slice what = sign_in(f, yaml_str(r, "when", ""));
			int rank = severity_rank(f) * 10 -
			           (int)strtol(yaml_str(r, "priority", "9"), NULL, 10);
			if (what.n && rank > best.rank)
				best = (struct remedy){r, {what, f}, rank};
		}
		if (best.sign.finding)
			*vec_push(&v) = best;
	}
	if (v.n)
		qsort(v.v, v.n, sizeof(*v.v), by_rank);
	for (size_t i = 0; i < v.n && i < REMEDIES_MAX; i++) {
		struct line l;
		line_start(&l, yaml_str(v.v[i].node, "text", "?"));
		tell_signs(&l, ": ", &v.v[i].sign, 1);
		buf_ch(&l.text, '.');
		cJSON_AddItemToArray(list, line_end(t, &l, NULL));
	}
	vec_free(&v);
}

/* ---- hints ---- */

static struct plan *hint_plan(const char *field, struct slice value, const char *by)
{
	struct plan *p = plan_new();
	struct plan_search *q = &plan_add_step(p, PS_SEARCH)->search;
	struct err ignored;
	p->show = SHOW_RANKING;
	q->where = plan_cmp(p, field, OP_IN, value);
	q->by = arena_zalloc(&p->arena, sizeof(*q->by));
	q->nby = 1;
	q->stats = arena_zalloc(&p->arena, sizeof(*q->stats));
	q->nstats = 1;
	q->stats->fn = FN_COUNT;
	q->stats->as = arena_strdup(&p->arena, "count");
	if (!plan_field_set(p, q->by, by) || !q->where || plan_validate(p, &ignored)) {
		plan_free(p);
		return NULL;
	}
	return p;
}

static void add_hints(const struct yaml_node *st, cJSON *card)
{
	const struct yaml_node *hints = yaml_get(st, "hints");
	cJSON *list = json_add_arr(card, "hints");
	const cJSON *entities = json_arr(card, "entities");
	for (const struct yaml_node *h = hints ? hints->child : NULL; h; h = h->next)
		for (const cJSON *v = entities ? entities->child : NULL;
		     v && cJSON_GetArraySize(list) < HINTS_MAX; v = v->next) {
			const char *field = yaml_str(h, "entity", ""),
			           *s = cJSON_IsString(v) ? v->valuestring : "";
			size_t n = strlen(field);
			struct plan *p = !strncmp(s, field, n) && s[n] == '='
			                         ? hint_plan(field, slice_of(s + n + 1),
			                                     yaml_str(h, "by", ""))
			                         : NULL;
			cJSON *o;
			char *label;
			if (!p)
				continue;
			o = cJSON_CreateObject();
			label = xasprintf("%s %s?", yaml_str(h, "text", "?"), s + n + 1);
			json_add_slice(o, "label", slice_of(label));
			cJSON_AddItemToObject(o, "plan", plan_to_json(p));
			cJSON_AddItemToArray(list, o);
			free(label);
			plan_free(p);
			break;
		}
}

/* ---- together ---- */

static struct ground *records_of(cJSON *figures, const cJSON *card, const cJSON *assets)
{
	static const char *const keys[] = {"records", "severity", "first", "last", "asset_owner"};
	struct ground *g = ground_new();
	mw_time first, last;
	struct arena names = {0};
	for (const cJSON *f = first_finding(card); f; f = f->next)
		ground_add_json(g, finding_id(&names, card, f), f);
	arena_release(&names);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (json_get(card, keys[i]))
			cJSON_AddItemToObject(figures, keys[i],
			                      cJSON_Duplicate(json_get(card, keys[i]), true));
	json_add_i64(figures, "findings", cJSON_GetArraySize(json_arr(card, "findings")));
	ground_add_json(g, CASE_ID, figures);
	for (const cJSON *a = assets ? assets->child : NULL; a; a = a->next)
		ground_add_json(g, json_str(a, "id", "?"), a);
	if (mw_time_parse(slice_of(json_str(card, "first", "")), &first) &&
	    mw_time_parse(slice_of(json_str(card, "last", "")), &last))
		ground_set_span(g, first, last);
	return g;
}

int story_add(cJSON *card, const cJSON *assets, struct err *e)
{
	const struct yaml_node *s = stories(e);
	cJSON *figures;
	struct told t;
	if (!s)
		return -1;
	figures = cJSON_CreateObject();
	t = (struct told){records_of(figures, card, assets), card};
	add_narrative(&t, card);
	add_risk(&t, card);
	add_causes(&t, s, card);
	add_business(&t, card, assets);
	add_remedies(&t, s, card);
	add_hints(s, card);
	ground_free(t.g);
	cJSON_Delete(figures);
	return 0;
}
