#include "correlate/suppress.h"

#include "base/log.h"
#include "model/event.h"

static const char *const members[] = {"rule", "title", "dataset", "entity", "severity", NULL};

static bool fits(const char *pattern, const char *text)
{
	size_t n = strlen(pattern);
	if (n && pattern[n - 1] == '*')
		return !strncasecmp(pattern, text, n - 1);
	return !strcasecmp(pattern, text);
}

static bool has_entity(const struct finding *f, const cJSON *entity)
{
	const cJSON *one;
	if (cJSON_IsArray(entity)) {
		cJSON_ArrayForEach(one, entity) if (has_entity(f, one)) return true;
		return false;
	}
	for (size_t i = 0; i < f->entities.n; i++)
		if (fits(entity->valuestring, f->entities.v[i]))
			return true;
	return false;
}

static enum severity worst_of(const cJSON *match)
{
	enum severity s = SEV_MEDIUM;
	const char *text = json_str(match, "severity", NULL);
	if (text)
		severity_parse(slice_of(text), &s);
	return s;
}

static bool hides(const cJSON *match, const struct finding *f)
{
	const char *rule = json_str(match, "rule", NULL), *title = json_str(match, "title", NULL);
	const char *dataset = json_str(match, "dataset", NULL);
	const cJSON *entity = json_get(match, "entity");
	return (!rule || fits(rule, f->rule)) && (!title || fits(title, f->title)) &&
	       (!dataset || dataset_within(f->dataset, slice_of(dataset))) &&
	       (!entity || has_entity(f, entity)) && f->severity <= worst_of(match);
}

static int check_entity(const cJSON *entity, struct err *e)
{
	const cJSON *one;
	if (cJSON_IsArray(entity) && entity->child) {
		cJSON_ArrayForEach(
		        one,
		        entity) if (cJSON_IsArray(one) ||
		                    check_entity(one,
		                                 e)) return err_set(e, ERR_INVALID,
		                                                    "\"entity\" is \"field=value\" "
		                                                    "or a list of these");
		return 0;
	}
	if (cJSON_IsString(entity) && strchr(entity->valuestring, '=') > entity->valuestring)
		return 0;
	return err_set(e, ERR_INVALID, "\"entity\" is \"field=value\" or a list of these");
}

int suppress_check(const cJSON *match, struct err *e)
{
	enum severity s;
	const cJSON *m;
	if (json_only(match, members, "match", e))
		return -1;
	cJSON_ArrayForEach(m, match) if (strcmp(m->string, "entity") != 0 &&
	                                 (!cJSON_IsString(m) || !m->valuestring[0] ||
	                                  !strcmp(m->valuestring,
	                                          "*"))) return err_set(e, ERR_INVALID,
	                                                                "\"%s\" of a suppression "
	                                                                "needs a text, not * alone",
	                                                                m->string);
	if (json_get(match, "entity") && check_entity(json_get(match, "entity"), e))
		return -1;
	if (json_get(match, "severity") &&
	    !severity_parse(slice_of(json_str(match, "severity", "")), &s))
		return err_set(e, ERR_INVALID,
		               "\"severity\" is critical, high, medium, low or info");
	if (cJSON_GetArraySize(match) - (json_get(match, "severity") != NULL) < 1)
		return err_set(e, ERR_INVALID,
		               "a suppression needs a rule, title, dataset or entity");
	return 0;
}

bool suppress_matches(const cJSON *match, const struct incident *i)
{
	const struct finding *f;
	vec_each (f, &i->findings)
		if (!hides(match, f))
			return false;
	return i->findings.n > 0;
}

static void apply_one(struct incident_list *l, const cJSON *rule, mw_time now)
{
	const cJSON *match = json_obj(rule, "match");
	struct incident *i;
	struct err e = {0};
	mw_time until;
	if (!mw_time_parse(slice_of(json_str(rule, "until", "")), &until) || until <= now)
		return;
	if (!match || suppress_check(match, &e)) {
		mw_log(LOG_WARN, "suppression %lld hides nothing: %s",
		       (long long)json_i64(rule, "id", 0), match ? e.what : "no match");
		return;
	}
	vec_each (i, &l->v) {
		if (i->suppressed_by || !suppress_matches(match, i))
			continue;
		i->suppressed_by = json_i64(rule, "id", 0);
		i->suppressed_why =
		        xasprintf("%s (owner %s, until %s)", json_str(rule, "reason", ""),
		                  json_str(rule, "owner", "?"), json_str(rule, "until", "?"));
	}
}

void suppress_apply(struct incident_list *l, const cJSON *rules, mw_time now)
{
	const cJSON *rule;
	cJSON_ArrayForEach(rule, rules) apply_one(l, rule, now);
}
