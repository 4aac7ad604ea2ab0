#include "source/cnapp.h"

#include <ctype.h>

#include "base/limits.h"
#include "plan/eval.h"
#include "source/graph_node.h"

#define FIRST_LOAD "first "
#define PLAIN_ID_MAX 64
#define CURSOR_IDS_MAX \
	(16u * 1024) /* bytes; beyond it what is taken again is dropped by the importer */

/* ---- nodes and edges ---- */

static void add_text(cJSON *o, const char *key, const char *value)
{
	if (value && *value)
		json_add_str(o, key, value);
}

static char *id_of(const struct cnapp_facts *f)
{
	struct buf b = BUF_INIT;
	char *id;

	if (!f->cloud_id || !*f->cloud_id)
		return xasprintf("%s:%s", f->platform, f->own_id ? f->own_id : "");
	id = graph_cloud_id(f->cloud_id, f->type ? f->type : "", f->platform);
	graph_canonical_id(slice_of(id), &b);
	free(id);
	return buf_take(&b, NULL);
}

cJSON *cnapp_node(const struct cnapp_facts *f)
{
	cJSON *o = cJSON_CreateObject();
	char *id = id_of(f);

	json_add_str(o, "id", id);
	json_add_str(o, "type",
	             f->type && strcmp(f->type, "resource") != 0
	                     ? f->type
	                     : graph_type_of(id, f->word ? f->word : ""));
	add_text(o, "name", f->name);
	add_text(o, "account", f->account);
	add_text(o, "region", f->region);
	json_add_obj(o, "props");
	cnapp_prop(o, "provider_id", f->cloud_id);
	cnapp_prop(o, "vendor_id", f->own_id);
	cnapp_prop(o, "vendor_type", f->word);
	free(id);
	return o;
}

static bool is_small(const cJSON *v)
{
	struct buf b = BUF_INIT;
	bool small;

	if (!cJSON_IsObject(v) && !cJSON_IsArray(v) && !cJSON_IsString(v))
		return true;
	json_write(&b, v);
	small = b.len <= GRAPH_PROP_BRIEF;
	buf_release(&b);
	return small;
}

static void put_prop(cJSON *node, const cJSON *v)
{
	cJSON *props = json_obj(node, "props");

	if (!v || !v->string || cJSON_IsNull(v) || json_get(props, v->string))
		return;
	if (is_small(v))
		cJSON_AddItemToObject(props, v->string, cJSON_Duplicate(v, true));
	else
		cJSON_AddItemToArray(cnapp_list(node, "omitted"), cJSON_CreateString(v->string));
}

void cnapp_props(cJSON *node, const cJSON *o)
{
	const cJSON *v;

	cJSON_ArrayForEach(v, o) put_prop(node, v);
}

void cnapp_props_of(cJSON *node, const cJSON *o, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_prop(node, json_get(o, names[i]));
}

void cnapp_prop(cJSON *node, const char *name, const char *value)
{
	cJSON *props = json_obj(node, "props");

	if (!json_get(props, name))
		add_text(props, name, value);
}

static void add_tag(cJSON *out, const char *key, const cJSON *value)
{
	struct buf b = BUF_INIT;

	if (!key || !*key || json_get(out, key))
		return;
	if (value && !cJSON_IsString(value) && !cJSON_IsNull(value))
		json_write(&b, value);
	json_add_str(out, key, cJSON_IsString(value) ? value->valuestring : b.len ? b.s : "");
	buf_release(&b);
}

cJSON *cnapp_tags(const cJSON *tags)
{
	cJSON *out = cJSON_CreateObject();
	const cJSON *t;

	cJSON_ArrayForEach(t, tags)
	{
		if (cJSON_IsObject(tags))
			add_tag(out, t->string, t);
		else
			add_tag(out, json_str(t, "key", json_str(t, "Key", NULL)),
			        json_get(t, json_get(t, "value") ? "value" : "Value"));
	}
	return out;
}

const char *cnapp_id(const cJSON *node)
{
	return json_str(node, "id", "");
}

cJSON *cnapp_edge(const char *type, const char *from, const char *to, const char *label)
{
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, "type", type);
	json_add_str(o, "from", from);
	json_add_str(o, "to", to);
	json_add_str(o, "label", label ? label : type);
	return o;
}

cJSON *cnapp_path(cJSON *parts)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToObject(o, "path", parts);
	json_add_i64(o, "length", cJSON_GetArraySize(parts) / 2);
	return o;
}

/* ---- what a step asks of a node ---- */

/* Any of a thing's ids is its id, and so is its name, as the embedded graph has it. */
static const char *const ids_of_node[] = {
        "id", "name", "props.provider_id", "props.external_id", "props.vendor_id", NULL};

static bool is_id(const struct plan_field *f)
{
	return f->name && !strcmp(f->name, "id");
}

static void values_of(void *ctx, const struct plan_field *f, bool (*fn)(void *, struct slice),
                      void *fn_ctx)
{
	const cJSON *node = ctx;
	const char *const one[] = {f->raw ? f->raw : f->name, NULL}, *const *m = one;

	if (is_id(f))
		m = ids_of_node;
	for (; *m; m++)
		if (!node_json_values(node, *m, fn, fn_ctx))
			return;
}

static bool say_have(void *ctx, struct slice v)
{
	*(bool *)ctx = v.n > 0;
	return false;
}

/* Whether the tree asks about something that the record does not tell: then it is not known to fail. */
static bool lacks(const struct plan_node *n, const cJSON *node)
{
	bool have = false;

	if (!n || (n->kind == PN_CMP && (n->op == OP_EXISTS || n->op == OP_TEXT)))
		return false;
	if (n->kind == PN_CMP) {
		values_of((void *)(uintptr_t)node, &n->field, say_have, &have);
		return !have;
	}
	for (const struct plan_node *k = n->child; k && !have; k = k->next)
		have = lacks(k, node);
	return have;
}

static bool same_type(const char *want, const char *is)
{
	static const char *const same[][2] = {{"vm", "instance"}, {"subscription", "account"}};

	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		if ((!strcmp(want, same[i][0]) && !strcmp(is, same[i][1])) ||
		    (!strcmp(want, same[i][1]) && !strcmp(is, same[i][0])))
			return true;
	return !strcmp(want, is);
}

static bool meets(const struct filter *f, const char *type, const cJSON *node)
{
	struct buf raw = BUF_INIT;
	struct eval_view v = {
	        .ctx = (void *)(uintptr_t)node, .values = values_of, .time = MW_TIME_NONE};
	bool ok = cJSON_IsObject(node) && (!type || same_type(type, json_str(node, "type", "")));

	if (ok) {
		json_write(&raw, node);
		v.raw = (struct slice){raw.s, raw.len};
		ok = filter_match(f, &v);
	}
	buf_release(&raw);
	return ok;
}

/* ---- rows of a graph step ---- */

/* Which hop leads to node i of the chain; hop 0 is the start itself. */
static size_t hop_of(const struct plan_graph *g, size_t i)
{
	size_t hop = 0, last = 0;

	while (hop < g->nhops && i > last)
		last += (size_t)g->hops[hop++].min;
	return hop;
}

/* Only the last repetition of a hop has to be what the hop leads to. */
static bool ends_hop(const struct plan_graph *g, size_t i)
{
	size_t last = 0;

	for (size_t hop = 0; hop < g->nhops && last < i; hop++)
		last += (size_t)g->hops[hop].min;
	return i == last;
}

static const struct plan_node *where_of(const struct plan_graph *g, size_t hop)
{
	return hop ? g->hops[hop - 1].where : g->start;
}

static const char *type_of(const struct plan_graph *g, size_t hop)
{
	return hop ? g->hops[hop - 1].to_type : g->start_type;
}

int cnapp_begin(struct cnapp_graph *x, const struct connector_env *env, enum render_lang lang,
                const struct plan *p, size_t step, const struct source_run *run,
                const struct source_sink *sink, struct source_done *done, struct err *e)
{
	*x = (struct cnapp_graph){.width = 1};
	if (search_begin_graph(&x->s, env, lang, p, step, run, sink, done, e))
		return -1;
	x->g = &x->s.p->steps[step].graph;
	x->filters = xcalloc(x->g->nhops + 1, sizeof(struct filter *));
	for (size_t i = 0; i <= x->g->nhops; i++) {
		x->filters[i] = filter_new(where_of(x->g, i), e);
		if (!x->filters[i])
			return -1;
		if (i)
			x->width += (size_t)x->g->hops[i - 1].min;
	}
	return 0;
}

bool cnapp_in_scope(const cJSON *entry, const cJSON *node)
{
	const char *account = json_str(node, "account", NULL);

	return !account || connector_in_scope(entry, "accounts", account);
}

int cnapp_check_scope(const cJSON *entry, const cJSON *node, const char *id, struct err *e)
{
	if (cnapp_in_scope(entry, node))
		return 0;
	return err_set(e, ERR_DENIED,
	               "%s: \"%s\" is in account %s, which is out of the scope that its entry of "
	               "the configuration sets",
	               json_str(entry, "name", "source"), id, json_str(node, "account", "?"));
}

/* A row that names no account at all is not known to be in scope. */
static bool in_scope(struct cnapp_graph *x, const cJSON *parts)
{
	const cJSON *entry = x->s.env->entry, *n;
	bool named = false, in = true;

	if (!json_arr(entry, "accounts"))
		return true;
	cJSON_ArrayForEach(n, parts)
	{
		named |= json_str(n, "account", NULL) != NULL;
		in = in && cnapp_in_scope(entry, n);
	}
	x->s.left_out += !(named && in);
	return named && in;
}

static int give(struct cnapp_graph *x, cJSON *row, struct err *e)
{
	struct buf b = BUF_INIT;
	int rc;

	json_write(&b, row);
	rc = search_json(&x->s, (struct slice){b.s, b.len}, e);
	buf_release(&b);
	cJSON_Delete(row);
	return rc;
}

static bool chain_meets(struct cnapp_graph *x, const cJSON *nodes)
{
	const cJSON *n = nodes->child;

	for (size_t i = 0; i < x->width; i++, n = n->next) {
		size_t hop = hop_of(x->g, i);
		if (!ends_hop(x->g, i) || meets(x->filters[hop], type_of(x->g, hop), n))
			continue;
		x->unknown += cJSON_IsObject(n) && lacks(where_of(x->g, hop), n);
		return false;
	}
	return true;
}

/* The edge into node i of a chain: the step knows its kind, which no platform repeats; what else is known of it is in edges. */
static cJSON *edge_into(const struct cnapp_graph *x, size_t i, const cJSON *from, const cJSON *to,
                        const cJSON *edges)
{
	const struct plan_hop *h = &x->g->hops[hop_of(x->g, i) - 1];
	const cJSON *known = cJSON_GetArrayItem(edges, (int)i - 1),
	            *props = json_obj(known, "props");
	bool in = h->dir == HOP_IN;
	cJSON *edge = cnapp_edge(h->edge ? h->edge : "related", cnapp_id(in ? to : from),
	                         cnapp_id(in ? from : to), json_str(known, "label", NULL));

	if (props)
		cJSON_AddItemToObject(edge, "props", cJSON_Duplicate(props, true));
	return edge;
}

static cJSON *chain_path(const struct cnapp_graph *x, const cJSON *nodes, const cJSON *edges)
{
	cJSON *parts = cJSON_CreateArray();
	const cJSON *n, *before = NULL;
	size_t i = 0;

	cJSON_ArrayForEach(n, nodes)
	{
		if (before)
			cJSON_AddItemToArray(parts, edge_into(x, i, before, n, edges));
		cJSON_AddItemToArray(parts, cJSON_Duplicate(n, true));
		before = n;
		i++;
	}
	return cnapp_path(parts);
}

static cJSON *chain_end(const struct cnapp_graph *x, const cJSON *nodes, const cJSON *edges)
{
	const cJSON *last = cJSON_GetArrayItem(nodes, (int)x->width - 1), *from = last->prev;
	cJSON *row = cJSON_CreateObject(), *edge;

	cJSON_AddItemToObject(row, "node", cJSON_Duplicate(last, true));
	json_add_i64(row, "depth", (int64_t)x->width - 1);
	if (x->width < 2)
		return row;
	edge = edge_into(x, x->width - 1, from, last, edges);
	json_add_str(row, "via", json_str(edge, "label", ""));
	json_add_str(row, "via_type", json_str(edge, "type", ""));
	json_add_str(row, "from", cnapp_id(from));
	cJSON_Delete(edge);
	return row;
}

int cnapp_chain(struct cnapp_graph *x, const cJSON *nodes, struct err *e)
{
	return cnapp_chain_with(x, nodes, NULL, e);
}

int cnapp_row(struct cnapp_graph *x, cJSON *before, cJSON *node, struct err *e)
{
	cJSON *chain = cJSON_CreateArray();
	int rc;

	if (before)
		cJSON_AddItemToArray(chain, before);
	cJSON_AddItemToArray(chain, node);
	rc = cnapp_chain(x, chain, e);
	cJSON_Delete(chain);
	return rc;
}

int cnapp_chain_with(struct cnapp_graph *x, const cJSON *nodes, const cJSON *edges, struct err *e)
{
	const cJSON *last = cJSON_GetArrayItem(nodes, (int)x->width - 1);
	bool added = true;

	x->s.done->scanned++;
	if ((size_t)cJSON_GetArraySize(nodes) != x->width || !chain_meets(x, nodes) ||
	    !in_scope(x, nodes))
		return 0;
	if (x->g->return_paths)
		return give(x, chain_path(x, nodes, edges), e);
	(void)map_put_str(&x->seen, cnapp_id(last), &added);
	return added ? give(x, chain_end(x, nodes, edges), e) : 0;
}

int cnapp_way(struct cnapp_graph *x, cJSON *parts, struct err *e)
{
	const cJSON *last = cJSON_GetArrayItem(parts, cJSON_GetArraySize(parts) - 1);

	x->s.done->scanned++;
	if (meets(x->filters[0], x->g->start_type, last) && in_scope(x, parts))
		return give(x, cnapp_path(parts), e);
	cJSON_Delete(parts);
	return 0;
}

int cnapp_end(struct cnapp_graph *x, int rc, struct err *e)
{
	for (size_t i = 0; x->filters && i <= x->g->nhops; i++)
		filter_free(x->filters[i]);
	free(x->filters);
	map_release(&x->seen);
	if (x->unknown && rc >= 0)
		search_partial(&x->s,
		               "%lld rows were left out because its records do not say what the "
		               "question asks about them",
		               (long long)x->unknown);
	return search_end(&x->s, rc, e);
}

/* ---- this or that ---- */

#define ALTERNATIVES_MAX 8

/* How many single comparisons the start is any of; 1 where it is no such thing. */
static size_t alternatives(const struct plan_graph *g)
{
	size_t n = 0;

	if (!g->start || g->start->kind != PN_ANY)
		return 1;
	for (const struct plan_node *k = g->start->child; k; k = k->next, n++)
		if (k->kind != PN_CMP)
			return 1;
	return n > 1 && n <= ALTERNATIVES_MAX ? n : 1;
}

static struct plan *with_alternative(const struct plan *p, size_t step, size_t k)
{
	struct plan *one = plan_clone(p);
	struct plan_node *start = one->steps[step].graph.start->child;

	while (k--)
		start = start->next;
	start->next = NULL;
	one->steps[step].graph.start = start;
	return one;
}

struct merged {
	const struct source_sink *sink;
	struct source_done *done;
	uint64_t limit;
	struct map seen;
};

static int on_merged(void *ctx, const struct source_row *row, struct err *e)
{
	struct merged *m = ctx;
	bool added;

	(void)map_put(&m->seen, row->json.s, row->json.n, &added);
	if (!added)
		return 0;
	if (m->done->rows >= m->limit) {
		m->done->limited = true;
		return 0;
	}
	m->done->rows++;
	return m->sink->row(m->sink->ctx, row, e);
}

static void add_done(struct source_done *all, struct source_done *one)
{
	char *before = all->sent;

	all->scanned += one->scanned;
	all->limited |= one->limited;
	all->complete_to = one->complete_to;
	if (one->partial && !all->partial)
		memcpy(all->why, one->why, sizeof(all->why));
	all->partial |= one->partial;
	all->sent = before && one->sent ? xasprintf("%s\n\n%s", before, one->sent)
	            : one->sent         ? xstrdup(one->sent)
	                                : NULL;
	if (!all->sent)
		all->sent = before;
	else
		free(before);
	free(one->sent);
}

static int run_one(const struct cnapp_step *q, const struct plan *p, const struct source_run *run,
                   const struct source_sink *sink, struct source_done *done, struct err *e)
{
	struct cnapp_graph x;
	int rc = cnapp_begin(&x, q->env, q->lang, p, q->step, run, sink, done, e);

	rc = rc ? rc : q->ask(q->ctx, &x, e);
	return cnapp_end(&x, rc, e);
}

int cnapp_run(const struct cnapp_step *q, const struct source_run *run,
              const struct source_sink *sink, struct source_done *done, struct err *e)
{
	const struct plan_graph *g = &q->p->steps[q->step].graph;
	struct merged m = {.sink = sink,
	                   .done = done,
	                   .limit = g->limit ? (uint64_t)g->limit : MW_PLAN_ROWS_DEFAULT};
	struct source_sink own = {.ctx = &m, .row = on_merged};
	size_t n = q->p->steps[q->step].kind == PS_GRAPH ? alternatives(g) : 1;
	int rc = 0;

	if (n == 1)
		return run_one(q, q->p, run, sink, done, e);
	*done = (struct source_done){.complete_to = MW_TIME_NONE};
	for (size_t k = 0; !rc && k < n; k++) {
		struct plan *one = with_alternative(q->p, q->step, k);
		struct source_done d;
		rc = run_one(q, one, run, &own, &d, e);
		add_done(done, &d);
		plan_free(one);
	}
	map_release(&m.seen);
	if (!rc || !done->rows)
		return rc;
	done->partial = true;
	snprintf(done->why, sizeof(done->why), "%.*s", (int)sizeof(done->why) - 1, e->what);
	return 0;
}

/* ---- findings ---- */

void cnapp_cursor_read(struct cnapp_cursor *c, const char *text)
{
	bool going_on = text && !strncmp(text, FIRST_LOAD, strlen(FIRST_LOAD));
	const char *end;

	text = going_on ? text + strlen(FIRST_LOAD) : text;
	end = text ? strchr(text, ' ') : NULL;
	*c = (struct cnapp_cursor){.at = MW_TIME_NONE, .first_load = !text || going_on};
	buf_init(&c->ids, 0);
	if (!end || !mw_time_parse((struct slice){text, (size_t)(end - text)}, &c->at))
		c->at = MW_TIME_NONE;
	else
		buf_str(&c->ids, end + 1);
}

bool cnapp_cursor_is_new(const struct cnapp_cursor *c, mw_time at, struct slice id)
{
	struct slice rest = {c->ids.s, c->ids.len}, one;

	if (c->at == MW_TIME_NONE || at > c->at)
		return true;
	if (at < c->at)
		return false;
	while (slice_split(&rest, ',', &one))
		if (slice_eq(one, id))
			return false;
	return true;
}

void cnapp_cursor_took(struct cnapp_cursor *c, mw_time at, struct slice id)
{
	if (c->at == MW_TIME_NONE || at > c->at) {
		c->at = at;
		buf_reset(&c->ids);
	}
	if (at < c->at || c->ids.len + id.n > CURSOR_IDS_MAX)
		return;
	if (c->ids.len)
		buf_ch(&c->ids, ',');
	buf_add(&c->ids, id.s, id.n);
}

void cnapp_cursor_write(const struct cnapp_cursor *c, bool whole, char **text)
{
	char at[32];

	if (c->at == MW_TIME_NONE)
		return;
	mw_time_format(c->at, at);
	free(*text);
	*text = xasprintf("%s%s %s", c->first_load && !whole ? FIRST_LOAD : "", at,
	                  c->ids.len ? c->ids.s : "");
}

void cnapp_cursor_release(struct cnapp_cursor *c)
{
	buf_release(&c->ids);
}

bool cnapp_plain_id(const char *id)
{
	size_t n = 0;

	for (; id && id[n]; n++)
		if (!isalnum((unsigned char)id[n]) && id[n] != '-')
			return false;
	return n > 0 && n <= PLAIN_ID_MAX;
}

cJSON *cnapp_list(cJSON *whole, const char *name)
{
	cJSON *list = json_arr(whole, name);

	return list ? list : json_add_arr(whole, name);
}

cJSON *cnapp_unfolded(const cJSON *v)
{
	if (cJSON_IsString(v))
		return json_parse(slice_of(v->valuestring), CONNECTOR_LINE_MAX, NULL);
	return cJSON_IsObject(v) || cJSON_IsArray(v) ? cJSON_Duplicate(v, true) : NULL;
}

void cnapp_part(cJSON *whole, const char *name, cJSON *part, int rc, const struct err *e)
{
	cJSON *o;

	if (!rc && part) {
		cJSON_AddItemToObject(whole, name, part);
		return;
	}
	cJSON_Delete(part);
	if (!rc)
		return;
	o = cJSON_CreateObject();
	json_add_str(o, "part", name);
	json_add_str(o, "why", e->what);
	cJSON_AddItemToArray(cnapp_list(whole, "missing"), o);
}

void cnapp_first_only(cJSON *whole, const char *name, int n)
{
	struct err e = {0};

	cnapp_part(whole, name, NULL, err_set(&e, ERR_LIMIT, "the first %d are here", n), &e);
}

static bool has_text(const cJSON *list, const char *text)
{
	const cJSON *x;

	cJSON_ArrayForEach(x, list)
	{
		if (cJSON_IsString(x) && !strcmp(x->valuestring, text))
			return true;
	}
	return false;
}

void cnapp_text(cJSON *out, const char *text)
{
	if (*text && !has_text(out, text))
		cJSON_AddItemToArray(out, cJSON_CreateString(text));
}

void cnapp_texts(cJSON *out, const cJSON *list, const char *key)
{
	const cJSON *x;

	cJSON_ArrayForEach(x, list)
	{
		cnapp_text(out, cJSON_IsString(x) ? x->valuestring
		                : key             ? json_str(x, key, "")
		                                  : "");
	}
}

void cnapp_owners(cJSON *out, const cJSON *tags)
{
	static const char *const keys[] = {"owner", "owned-by", "team", "contact"};
	const cJSON *t;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		cJSON_ArrayForEach(t, tags)
		{
			if (cJSON_IsString(t) && t->string && !strcasecmp(t->string, keys[i]))
				cnapp_text(out, t->valuestring);
		}
}
