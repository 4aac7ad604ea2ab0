/*
 * What came of the models' texts and of the queue, each figure with its formula.
 */
#include "view/app.h"

#include "model/metrics.h"

#define HANG 25 /* of what stands behind a name (metrics_text) */

static void metrics_build(struct app *a, struct view *v)
{
	struct buf b = BUF_INIT;
	struct slice rest, line;

	(void)a;
	if (!v->data)
		return;
	metrics_text(&b, v->data);
	for (rest = (struct slice){b.s, b.len}; rest.n && slice_split(&rest, '\n', &line);) {
		size_t hang = line.n > HANG && line.s[0] == ' ' ? HANG : 0;
		char *name = xstrndup(line.s, hang);
		doc_wrap(&v->doc, hang ? R_TEXT : R_HEAD, name, (int)hang,
		         (struct slice){line.s + hang, line.n - hang});
		free(name);
	}
	buf_release(&b);
}

static bool metrics_act(struct app *a, struct view *v, enum action act)
{
	if (act != ACT_REFRESH)
		return false;
	app_load(a, v, "model.metrics", NULL, NULL);
	return true;
}

static const struct view_ops metrics_ops = {
        .name = "metrics", .context = CX_HELP, .build = metrics_build, .act = metrics_act};

void open_metrics(struct app *a)
{
	app_load(a, app_push(a, &metrics_ops, app_top(a)->incident), "model.metrics", NULL, NULL);
}
