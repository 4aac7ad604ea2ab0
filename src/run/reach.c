/* How far the data that a plan reads reaches. */
#include "run/run.h"
#include "run/scope.h"

/* Arrival can lie before the newest event's time only where a clock is wrong. */
static int64_t delay_of(const struct catalog_dataset *d)
{
	return d->newest_arrival == MW_TIME_NONE || d->to == MW_TIME_NONE ||
	                       d->newest_arrival < d->to
	               ? -1
	               : (d->newest_arrival - d->to) / MW_SECOND;
}

static cJSON *dataset_reach(const char *source, const struct catalog_dataset *d)
{
	cJSON *o = cJSON_CreateObject();
	int64_t delay = delay_of(d);
	char to[32], text[128];

	json_add_str(o, "source", source);
	json_add_str(o, "dataset", d->name);
	json_add_time(o, "from", d->from);
	json_add_time(o, "complete_to", d->to);
	if (delay >= 0)
		json_add_i64(o, "delay_s", delay);
	if (d->to == MW_TIME_NONE) {
		snprintf(text, sizeof(text), "%s: events without a time", d->name);
		json_add_str(o, "text", text);
		return o;
	}
	mw_time_format(d->to, to);
	snprintf(text, sizeof(text), "%s to %s", d->name, to);
	json_add_str(o, "text", text);
	return o;
}

static bool reads(const struct plan *p, const struct run_env *env, const char *dataset)
{
	for (size_t i = 0; i < p->nsteps; i++)
		if (p->steps[i].kind == PS_SEARCH &&
		    scope_may_hold(env->catalog, &p->steps[i].search, dataset))
			return true;
	return false;
}

cJSON *run_reach(const struct plan *p, const struct run_env *env, struct err *e)
{
	const struct catalog_dataset *d;
	cJSON *list = cJSON_CreateArray();
	size_t n = env->catalog ? catalog_datasets(env->catalog, &d) : 0;

	(void)e;
	for (size_t i = 0; i < n; i++)
		if (d[i].events && reads(p, env, d[i].name))
			cJSON_AddItemToArray(list, dataset_reach("lake", &d[i]));
	return list;
}
