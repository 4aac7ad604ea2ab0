/*
 * Graph answers in characters: paths with each edge marked by what the logs show, and reach folded by type. Also the log cover
 * that those marks rest on.
 */
#include "view/app.h"

#include "base/map.h"
#include "term/width.h"
#include "view/plan_lines.h"
#include "widget/text.h"

#define ROWS_PAGE 500
#define ROWS_MAX 5000
#define FOLD_ALL_ABOVE 60 /* nodes of a picture before its groups fold */
#define FOLDED_SHOWN 3    /* nodes of a folded group */

enum { N_JOB, N_PATH, N_FOLDED, N_STEP };
enum { K_NODE, K_EDGE, K_GROUP };

/* "==" seen, "--" not seen and it is logged, ".." not logged, "??" nobody knows. */
static const char *mark_of(const cJSON *edge)
{
	const char *m = json_str(json_obj(edge, "use"), "mark", "");

	if (!strcmp(m, "seen"))
		return "==";
	if (!strcmp(m, "not_seen"))
		return "--";
	return !strcmp(m, "not_logged") ? ".." : "??";
}

static void use_text(struct buf *b, const cJSON *edge)
{
	const cJSON *use = json_obj(edge, "use");
	const char *m = json_str(use, "mark", ""), *cover = json_str(use, "cover", "");
	char n[32];

	if (!strcmp(m, "seen")) {
		count_text(json_i64(use, "count", 0), n);
		buf_printf(b, "%s seen", n);
		say_ids(b, json_get(use, "evidence"), 1);
	} else if (!strcmp(m, "not_seen")) {
		buf_str(b, "0 seen, log complete to ");
		say_clock(b, say_when(use, "complete_to"));
	} else if (!strcmp(m, "not_logged")) {
		buf_str(b, "NOT LOGGED");
	} else if (use) {
		buf_str(b, "cannot be judged");
	}
	if (*cover)
		buf_printf(b, " [%s]", cover);
}

static void edge_line(struct view *v, const cJSON *edge, int indent)
{
	struct buf left = BUF_INIT, right = BUF_INIT;
	const cJSON *props = json_obj(edge, "props");

	buf_printf(&left, "%*s|%s %s", indent, "", mark_of(edge), json_str(edge, "type", ""));
	if (json_str(props, "action", NULL))
		buf_printf(&left, " %s", json_str(props, "action", ""));
	if (json_str(props, "condition", NULL))
		buf_printf(&left, ", if %s", json_str(props, "condition", ""));
	use_text(&right, edge);
	doc_two_sides(&v->doc, R_TEXT, (struct slice){left.s, left.len},
	              (struct slice){right.s, right.len});
	doc_mean(&v->doc, v->doc.lines.n - 1, NULL,
	         json_obj(edge, "use") ? json_obj(edge, "use") : edge, K_EDGE);
	buf_release(&left);
	buf_release(&right);
}

/* What tells assets apart for an analyst: two tags that are not its name, and its labels. */
static void node_props(struct buf *b, const cJSON *node)
{
	static const char *const dull[] = {"key", "value", "Name", "name"};
	const cJSON *p;
	int n = 0;

	cJSON_ArrayForEach(p, json_obj(node, "tags"))
	{
		bool skip = n == 2;
		for (size_t i = 0; i < ARRAY_LEN(dull); i++)
			skip = skip || !strcmp(p->string, dull[i]);
		if (skip)
			continue;
		n++;
		buf_printf(b, "  %s=", p->string);
		say_value(b, p);
	}
	cJSON_ArrayForEach(p, json_arr(node, "labels")) if (cJSON_IsString(p))
	        buf_printf(b, "  %s", p->valuestring);
}

/* An empty name is none. */
static const char *node_name(const cJSON *node)
{
	const char *name = json_str(node, "name", "");
	return *name ? name : json_str(node, "id", "?");
}

static void node_line(struct view *v, const cJSON *node, int indent, const char *extra)
{
	struct buf left = BUF_INIT;
	const char *name = node_name(node), *id = json_str(node, "id", "?"),
	           *type = json_str(node, "type", "");

	buf_printf(&left, "%*s%s%s%s", indent, "", strcmp(type, name) ? type : "",
	           strcmp(type, name) ? " " : "", name);
	if (strcmp(name, id) != 0 && text_width(slice_of(id)) < 46)
		buf_printf(&left, "  %s", id);
	node_props(&left, node);
	doc_two_sides(&v->doc, R_HEAD, (struct slice){left.s, left.len}, slice_of(extra));
	doc_mean(&v->doc, v->doc.lines.n - 1, id, node, K_NODE);
	buf_release(&left);
}

static const cJSON *rows_of(const struct view *v)
{
	return json_arr(v->data, "rows");
}

static int count_paths(const struct view *v)
{
	const cJSON *r;
	int n = 0;

	cJSON_ArrayForEach(r, rows_of(v)) n += json_get(r, "path") != NULL;
	return n;
}

static const cJSON *nth_row(const struct view *v, int64_t n)
{
	const cJSON *r;

	cJSON_ArrayForEach(r, rows_of(v)) if (json_get(r, "path") && n-- == 0) return r;
	return NULL;
}

static const cJSON *nth_path(const struct view *v, int64_t n)
{
	return json_get(nth_row(v, n), "path");
}

static void add_path(struct view *v, const cJSON *path)
{
	struct map seen = MAP_INIT;
	const cJSON *p;
	bool edge = false, added;

	doc_printf(&v->doc, R_TEXT,
	           " == seen in the logs  -- logged, not seen  .. not logged  ?? not judged");
	doc_add(&v->doc, R_TEXT, SLICE(""));
	cJSON_ArrayForEach(p, path)
	{
		if (edge) {
			edge_line(v, p, 3);
		} else {
			map_put_str(&seen, json_str(p, "id", ""), &added);
			node_line(v, p, 1, added ? "" : "(again: a cycle)");
		}
		edge = !edge;
	}
	map_release(&seen);
}

/* --- reach: nodes by type ----------------------------------------------------------------------------------------------------- */

struct group {
	const char *type;
	size_t n;
};

static struct group *group_of(struct group *g, size_t *n, size_t max, const char *type)
{
	for (size_t i = 0; i < *n; i++)
		if (!strcmp(g[i].type, type))
			return &g[i];
	if (*n == max)
		return &g[max - 1];
	g[*n] = (struct group){.type = type};
	return &g[(*n)++];
}

static size_t groups(const struct view *v, struct group *g, size_t max)
{
	const cJSON *r;
	size_t n = 0;

	cJSON_ArrayForEach(r, rows_of(v)) if (json_obj(r, "node"))
	        group_of(g, &n, max, json_str(json_obj(r, "node"), "type", "?"))
	                ->n++;
	return n;
}

/* Groups that were opened one by one stand in v->text as "\ninstance\nrole\n". */
static const char *opened_at(const struct view *v, const char *type)
{
	char key[80];

	snprintf(key, sizeof(key), "\n%.70s\n", type);
	return v->text ? strstr(v->text, key) : NULL;
}

static void toggle_group(struct view *v, const char *type)
{
	const char *at = opened_at(v, type);
	char *old = v->text;

	if (at)
		v->text = xasprintf("%.*s%s", (int)(at - old), old, at + 1 + strlen(type));
	else
		v->text = xasprintf("%s%s\n", old ? old : "\n", type);
	free(old);
	view_dirty(v);
}

static void via_text(char out[160], const cJSON *row)
{
	const char *via = json_str(row, "via", "");

	snprintf(out, 160, "%s%.120s  depth %lld", *via ? "by " : "", via,
	         (long long)json_i64(row, "depth", 0));
}

static void add_group(struct view *v, const struct group *g)
{
	const cJSON *r;
	size_t shown = 0,
	       cap = v->num[N_FOLDED] && !opened_at(v, g->type) ? FOLDED_SHOWN : SIZE_MAX;
	char extra[160];

	doc_printf(&v->doc, R_HEAD, "%zu %s%s", g->n, g->type,
	           g->n > cap ? "  (Enter lists all)" : "");
	doc_mean(&v->doc, v->doc.lines.n - 1, g->type, NULL, K_GROUP);
	cJSON_ArrayForEach(r, rows_of(v))
	{
		const cJSON *node = json_obj(r, "node");
		if (!node || strcmp(json_str(node, "type", "?"), g->type) != 0)
			continue;
		if (shown++ == cap)
			break;
		via_text(extra, r);
		node_line(v, node, 2, extra);
	}
	if (g->n > cap)
		doc_printf(&v->doc, R_TEXT, "  .. %zu more", g->n - cap);
}

static void graph_build(struct app *a, struct view *v)
{
	struct group g[40];
	const cJSON *path = nth_path(v, v->num[N_PATH]);
	size_t n;

	(void)a;
	if (!v->data) {
		doc_printf(&v->doc, R_TEXT,
		           v->loading ? "reading the graph.." : "asking the graph..");
		return;
	}
	if (path) {
		add_path(v, path);
		return;
	}
	n = groups(v, g, ARRAY_LEN(g));
	for (size_t i = 0; i < n; i++)
		add_group(v, &g[i]);
	if (!n)
		doc_wrap(&v->doc, R_WARN, "", 0,
		         slice_of("No path and no node. That is the graph's answer, not a proof: "
		                  "it knows only the inventory that was "
		                  "imported (J shows it)."));
}

/* --- getting the rows: a graph answer is the answer of a question --------------------------------------------------------------- */

static cJSON *rows_params(const struct view *v, int64_t offset)
{
	cJSON *p = cJSON_CreateObject();

	json_add_i64(p, "job", v->num[N_JOB]);
	json_add_i64(p, "step", v->num[N_STEP]);
	json_add_i64(p, "offset", offset);
	json_add_i64(p, "limit", ROWS_PAGE);
	return p;
}

static void got_more(struct app *a, struct view *v, cJSON *result, const struct err *e);

static void want_more(struct app *a, struct view *v)
{
	int n = cJSON_GetArraySize(rows_of(v));

	if (n && n < json_i64(v->data, "total", 0) && n < ROWS_MAX)
		app_call(a, v, "job.rows", rows_params(v, n), got_more);
}

static void got_more(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	cJSON *have = json_arr(v->data, "rows"), *more = json_arr(result, "rows");
	bool some = more && more->child;

	if (e)
		app_say_err(a, e);
	while (have && more && more->child)
		cJSON_AddItemToArray(have, cJSON_DetachItemViaPointer(more, more->child));
	cJSON_Delete(result);
	view_dirty(v);
	if (some)
		want_more(a, v);
}

static void got_rows(struct app *a, struct view *v)
{
	v->num[N_FOLDED] =
	        json_i64(v->data, "total", cJSON_GetArraySize(rows_of(v))) > FOLD_ALL_ABOVE;
	want_more(a, v);
}

static void load_rows(struct app *a, struct view *v)
{
	app_load(a, v, "job.rows", rows_params(v, 0), got_rows);
}

static bool graph_act(struct app *a, struct view *v, enum action act)
{
	const struct doc_line *l = view_selected(v);
	int paths = count_paths(v);

	switch (act) {
	case ACT_OPEN:
		if (l && l->kind == K_EDGE)
			open_evidence_of(a, l);
		else if (l && l->kind == K_GROUP)
			toggle_group(v, l->id);
		else if (l && l->ref)
			pivot_value(a, "", json_str(l->ref, "id", ""));
		return true;
	case ACT_NEXT:
	case ACT_PREV:
		if (paths) {
			v->num[N_PATH] =
			        (v->num[N_PATH] + (act == ACT_NEXT ? 1 : paths - 1)) % paths;
			v->pos = (struct doc_pos){0};
			view_dirty(v);
		}
		return true;
	case ACT_FOLD:
	case ACT_UNFOLD:
		v->num[N_FOLDED] = !v->num[N_FOLDED];
		view_dirty(v);
		return true;
	case ACT_BLAST:
		ask_graph(a, v, "blast-radius",
		          l && l->kind == K_NODE ? json_str(l->ref, "id", NULL) : NULL);
		return true;
	default:
		return false;
	}
}

static void graph_crumb(struct app *a, struct view *v, struct buf *b)
{
	int paths = count_paths(v);
	const cJSON *path = nth_path(v, v->num[N_PATH]), *last = path ? path->child : NULL;

	(void)a;
	if (path) {
		while (last->next)
			last = last->next;
		const char *source = json_str(nth_row(v, v->num[N_PATH]), "source", "graph");
		buf_printf(b, "path %lld of %d  %s to %s", (long long)v->num[N_PATH] + 1, paths,
		           node_name(path->child), node_name(last));
		if (strcmp(source, "graph") != 0)
			buf_printf(b, "  as %s has it", source);
	} else if (v->data) {
		buf_printf(b, "%d of %lld nodes", cJSON_GetArraySize(rows_of(v)),
		           (long long)json_i64(v->data, "total", 0));
	}
}

static void graph_message(struct app *a, struct view *v, struct buf *b)
{
	const cJSON *e, *path = nth_path(v, v->num[N_PATH]);
	int edges = 0, blind = 0;

	(void)a;
	cJSON_ArrayForEach(e, path) if (json_str(e, "from", NULL) || json_obj(e, "use"))
	{
		edges++;
		blind += mark_of(e)[0] == '.' || mark_of(e)[0] == '?';
	}
	if (blind)
		buf_printf(b,
		           "%d edge%s of %d cannot be judged: not logged or not known. l shows the "
		           "log cover",
		           blind, blind == 1 ? "" : "s", edges);
	if (json_i64(v->data, "total", 0) > ROWS_MAX)
		buf_printf(b, "%sPARTIAL: the first %d rows", b->len ? "  " : "", ROWS_MAX);
}

const struct view_ops graph_ops = {.name = "path",
                                   .context = CX_GRAPH,
                                   .build = graph_build,
                                   .act = graph_act,
                                   .crumb = graph_crumb,
                                   .message = graph_message};

void open_graph(struct app *a, const char *incident, int64_t job, int64_t step)
{
	struct view *v = app_push(a, &graph_ops, incident);

	v->num[N_JOB] = job;
	v->num[N_STEP] = step;
	v->session = app_session(a, incident);
	load_rows(a, v);
}

/* --- log cover --------------------------------------------------------------------------------------------------------------------- */

static void short_day(struct buf *b, mw_time t)
{
	struct buf full = BUF_INIT;

	say_day_clock(&full, t);
	buf_printf(b, "%-11.11s", t == MW_TIME_NONE ? "-" : full.s + 5); /* "03-14 02:41" */
	buf_release(&full);
}

static void cover_row(struct view *v, const cJSON *r)
{
	struct buf b = BUF_INIT;
	const char *state = json_str(r, "state", "unknown"),
	           *resource = json_str(r, "resource", "");
	char delay[16] = "-";

	if (json_i64(r, "delay_s", -1) >= 0)
		age_text(json_i64(r, "delay_s", 0) * MW_SECOND, delay);
	buf_printf(&b, " %-12.12s %-16.16s %-10.10s %-10.10s ", json_str(r, "account", "-"),
	           *resource ? resource : json_str(r, "region", "-"), json_str(r, "class", "-"),
	           state);
	short_day(&b, say_when(r, "since"));
	buf_ch(&b, ' ');
	short_day(&b, say_when(r, "newest"));
	buf_printf(&b, " %4s", delay);
	if (cJSON_GetArraySize(json_arr(r, "holes")))
		buf_printf(&b, " %d holes", cJSON_GetArraySize(json_arr(r, "holes")));
	doc_add(&v->doc, !strcmp(state, "logged") ? R_TEXT : R_WARN, (struct slice){b.s, b.len});
	doc_mean(&v->doc, v->doc.lines.n - 1, json_str(r, "id", NULL), r, 0);
	buf_release(&b);
}

static const cJSON *cover_rows(const struct view *v)
{
	return cJSON_IsArray(v->data) ? v->data : json_arr(v->data, "rows");
}

static void cover_build(struct app *a, struct view *v)
{
	const cJSON *r;

	(void)a;
	doc_printf(&v->doc, R_HEAD,
	           " Account      Region, resource Class      State      Since       Newest      "
	           "Delay");
	cJSON_ArrayForEach(r, cover_rows(v)) cover_row(v, r);
	if (v->data && !cover_rows(v)->child)
		doc_wrap(&v->doc, R_WARN, "", 0,
		         slice_of("Nothing is known about what is logged: import logs and the "
		                  "inventory."));
}

static bool cover_act(struct app *a, struct view *v, enum action act)
{
	const struct doc_line *l = view_selected(v);
	const char *id = l ? json_str(l->ref, "id", json_str(l->ref, "cover", NULL)) : NULL;

	if (act != ACT_OPEN)
		return false;
	if (id)
		open_evidence(a, id);
	else if (l)
		app_say(a, R_TEXT, "%s",
		        json_str(l->ref, "why", "no more is known about this row"));
	return true;
}

static void cover_crumb(struct app *a, struct view *v, struct buf *b)
{
	(void)a;
	buf_printf(b, "%d rows   \"not seen\" counts only where this says logged",
	           cJSON_GetArraySize(cover_rows(v)));
}

const struct view_ops cover_ops = {.name = "log cover",
                                   .context = CX_COVER,
                                   .build = cover_build,
                                   .act = cover_act,
                                   .crumb = cover_crumb};

void open_cover(struct app *a)
{
	struct view *v = app_push(a, &cover_ops, app_top(a)->incident);

	app_load(a, v, "cover.table", NULL, NULL);
}
