/* Plan JSON from anywhere: what is taken is valid, says something, comes back equal from its own JSON, and runs. */
#include "base/limits.h"
#include "plan/eval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct plan *read_plan(struct slice text)
{
	struct err e;
	cJSON *j = json_parse(text, MW_PLAN_JSON_MAX, &e);
	struct plan *p = j ? plan_from_json(j, &e) : NULL;

	cJSON_Delete(j);
	return p;
}

static void check_back(const struct plan *p)
{
	cJSON *j = plan_to_json(p);
	struct buf b = BUF_INIT;
	struct plan *back;

	json_write(&b, j);
	cJSON_Delete(j);
	back = read_plan((struct slice){b.s, b.len});
	if (!back || !plan_equal(p, back))
		abort();
	plan_free(back);
	buf_reset(&b);
	plan_paraphrase(p, &b);
	if (b.len == 0)
		abort();
	buf_release(&b);
}

static void run(const struct plan *p)
{
	struct event ev = {.dataset = "cloudtrail",
	                   .raw = SLICE("{\"a\":{\"b\":[\"x\\ny\",1,null]}}"),
	                   .time = 0};
	struct eval_result r[MW_PLAN_STEPS_MAX] = {0};
	size_t done = 0;

	event_add(&ev, 0, SLICE("x"));
	while (done < p->nsteps && !plan_eval_step(p, done, &ev, 1, r, &r[done], NULL))
		done++;
	for (size_t i = 0; i < done; i++)
		eval_result_release(&r[i]);
	event_release(&ev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool loaded;
	struct plan *p;

	if (!loaded && fields_load(NULL))
		abort();
	loaded = true;
	p = read_plan((struct slice){(const char *)data, size});
	if (!p)
		return 0;
	check_back(p);
	run(p);
	plan_free(p);
	return 0;
}
