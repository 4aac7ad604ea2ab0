#include "plan/render_graph.h"
#include "base/limits.h"

const char *const *pattern_words(const struct pattern_word *table, const char *ours)
{
	for (; table->ours; table++)
		if (ours && !strcmp(table->ours, ours))
			return table->theirs;
	return NULL;
}

const char *pattern_ours(const struct pattern_word *table, const char *theirs)
{
	for (; table->ours; table++)
		for (const char *const *w = table->theirs; *w; w++)
			if (!strcmp(*w, theirs))
				return table->ours;
	return "resource";
}

static int refuse(struct render *r, const char *platform, const char *what, const char *instead)
{
	return err_set(r->e, ERR_INVALID, "%s cannot be asked for %s; %s", platform, what, instead);
}

void render_neighbours(struct plan *p, struct plan_graph *g)
{
	if (g->fn != GF_NEIGHBOURS || g->max_depth > 1)
		return;
	g->hops = arena_zalloc(&p->arena, sizeof(*g->hops));
	g->hops[0] = (struct plan_hop){.dir = HOP_BOTH, .min = 1, .max = 1};
	g->nhops = 1;
	g->fn = GF_MATCH;
}

int pattern_check(struct render *r, const char *platform)
{
	struct plan_graph *g = r->g;

	render_neighbours(r->p, g);
	if (g->fn != GF_MATCH)
		return refuse(r, platform, "ways of unknown length or the blast radius",
		              "ask the embedded graph, which an import fills");
	for (size_t i = 0; i < g->nhops; i++)
		if (g->hops[i].min != g->hops[i].max)
			return refuse(r, platform, "hops of several lengths",
			              "give each its own length");
	if (g->with_use)
		render_note(r, "what the logs have seen of it is looked up afterwards");
	return 0;
}

static void leave_out(struct render *r, const struct plan_node *n)
{
	struct buf b = BUF_INIT;

	plan_paraphrase_node(n, &b);
	render_note(r, "not asked, filtered afterwards: %s", b.s);
	buf_release(&b);
	r->out->exact_where = false;
}

void pattern_conditions(struct render *r, const struct plan_node *where, render_can *can,
                        pattern_put *put, void *ctx)
{
	bool all = where && where->kind == PN_ALL;
	const struct plan_node *n = all ? where->child : where;

	for (; n; n = all ? n->next : NULL) {
		enum render_fit fit = n->kind == PN_CMP && n->from_step < 0 && !n->rhs.name
		                              ? can(r, n)
		                              : RENDER_NO;
		if (n->kind == PN_ALL) {
			pattern_conditions(r, n, can, put, ctx);
		} else if (fit == RENDER_NO) {
			leave_out(r, n);
		} else {
			r->out->exact_where = r->out->exact_where && fit == RENDER_EXACT;
			put(r, n, ctx);
		}
	}
}

const char *pattern_node_type(const struct render *r, size_t i)
{
	return i ? r->g->hops[i - 1].to_type : r->g->start_type;
}

const struct plan_node *pattern_node_where(const struct render *r, size_t i)
{
	return i ? r->g->hops[i - 1].where : r->g->start;
}

const char *const *pattern_node_types(struct render *r, const struct pattern_word *table, size_t i)
{
	const char *type = pattern_node_type(r, i);
	const char *const *words = pattern_words(table, type);

	if (type && !words) {
		render_note(r, "there is no word for a %s there: filtered afterwards", type);
		r->out->exact_where = false;
	}
	return words;
}

bool pattern_in_account(const struct render *r)
{
	const struct plan_hop *h = r->g->hops;

	return r->g->nhops == 1 && h->min == 1 && h->dir == HOP_OUT && h->edge &&
	       !strcmp(h->edge, "contains") && r->g->start_type &&
	       !strcmp(r->g->start_type, "account");
}

bool pattern_plain(struct slice v)
{
	for (size_t i = 0; i < v.n; i++)
		if (strchr("'\"\\`$", v.s[i]))
			return false;
	return v.n > 0 && quote_is_plain(v);
}

bool pattern_is(const struct plan_node *n)
{
	return n->op == OP_IS || n->op == OP_IS_CS || n->op == OP_IN;
}
