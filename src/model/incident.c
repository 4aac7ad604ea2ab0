#include "model/incident.h"

#include "model/event.h"

static const struct severity_name {
	const char *word;
	enum severity severity;
} severity_names[] = {
        {"critical", SEV_CRITICAL},
        {"c", SEV_CRITICAL},
        {"fatal", SEV_CRITICAL},
        {"emergency", SEV_CRITICAL},
        {"high", SEV_HIGH},
        {"h", SEV_HIGH},
        {"error", SEV_HIGH},
        {"medium", SEV_MEDIUM},
        {"m", SEV_MEDIUM},
        {"moderate", SEV_MEDIUM},
        {"warning", SEV_MEDIUM},
        {"low", SEV_LOW},
        {"l", SEV_LOW},
        {"minor", SEV_LOW},
        {"informational", SEV_INFO},
        {"information", SEV_INFO},
        {"info", SEV_INFO},
        {"i", SEV_INFO},
        {"none", SEV_INFO},
        {"notice", SEV_INFO},
};

char *finding_key(const char *dataset, struct slice uid, struct slice source)
{
	return xasprintf("%s:%.*s%s%.*s", dataset, (int)uid.n, uid.s ? uid.s : "",
	                 source.n ? "@" : "", (int)source.n, source.n ? source.s : "");
}

const char *const finding_families[] = {"guardduty", "securityhub", "ocsf",   "finding",  "alerts",
                                        "defender",  "splunk",      "qradar", "sentinel", NULL};

bool finding_dataset(const char *dataset)
{
	for (size_t i = 0; finding_families[i]; i++)
		if (dataset_within(dataset, slice_of(finding_families[i])))
			return true;
	return false;
}

char severity_letter(enum severity s)
{
	return "ILMHC"[s];
}

bool severity_parse(struct slice s, enum severity *out)
{
	for (size_t i = 0; i < ARRAY_LEN(severity_names); i++)
		if (slice_ieq(s, slice_of(severity_names[i].word))) {
			*out = severity_names[i].severity;
			return true;
		}
	return false;
}

#define FREE_ALL(list)                                    \
	do {                                              \
		for (size_t i_ = 0; i_ < (list)->n; i_++) \
			free((list)->v[i_]);              \
		vec_free(list);                           \
	} while (0)

void finding_release(struct finding *f)
{
	free(f->key);
	free(f->title);
	free(f->rule);
	free(f->dataset);
	FREE_ALL(&f->entities);
	FREE_ALL(&f->evidence);
	FREE_ALL(&f->attack);
	vec_free(&f->ids);
	*f = (struct finding){0};
}

void incident_release(struct incident *i)
{
	struct finding *f;
	struct link *l;
	struct score_part *p;
	free(i->title);
	free(i->suppressed_why);
	vec_each (f, &i->findings)
		finding_release(f);
	vec_each (l, &i->links)
		free(l->reason);
	vec_each (p, &i->parts) {
		free(p->label);
		free(p->why);
	}
	vec_free(&i->findings);
	vec_free(&i->links);
	vec_free(&i->parts);
	FREE_ALL(&i->entities);
	FREE_ALL(&i->attack);
	*i = (struct incident){0};
}

static void add_severity(cJSON *o, enum severity s)
{
	json_add_str(o, "severity", (char[]){severity_letter(s), 0});
}

static void add_texts(cJSON *o, const char *key, char *const *v, size_t n)
{
	cJSON *a = json_add_arr(o, key);
	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(a, cJSON_CreateString(v[i]));
}

static cJSON *finding_to_json(const struct finding *f)
{
	cJSON *o = cJSON_CreateObject();
	json_add_str(o, "key", f->key);
	json_add_str(o, "title", f->title);
	json_add_str(o, "rule", f->rule);
	json_add_str(o, "dataset", f->dataset);
	add_severity(o, f->severity);
	json_add_time(o, "first", f->first);
	json_add_time(o, "last", f->last);
	add_texts(o, "entities", f->entities.v, f->entities.n);
	add_texts(o, "evidence", f->evidence.v, f->evidence.n);
	json_add_i64(o, "events", (int64_t)f->events);
	add_texts(o, "attack", f->attack.v, f->attack.n);
	json_add_i64(o, "confidence", f->confidence);
	return o;
}

cJSON *incident_to_json(const struct incident *i)
{
	const struct finding *f;
	const struct link *l;
	const struct score_part *p;
	cJSON *o = cJSON_CreateObject();
	json_add_i64(o, "id", i->id);
	json_add_str(o, "title", i->title);
	add_severity(o, i->severity);
	json_add_i64(o, "score", i->score);
	json_add_time(o, "first", i->first);
	json_add_time(o, "last", i->last);
	json_add_str(o, "origins", i->origins);
	json_add_i64(o, "records", i->records);
	cJSON *a = json_add_arr(o, "findings");
	vec_each (f, &i->findings)
		cJSON_AddItemToArray(a, finding_to_json(f));
	a = json_add_arr(o, "links");
	vec_each (l, &i->links) {
		cJSON *x = cJSON_CreateObject();
		json_add_i64(x, "a", (int64_t)l->a);
		json_add_i64(x, "b", (int64_t)l->b);
		json_add_str(x, "reason", l->reason);
		json_add_i64(x, "confidence", l->confidence);
		cJSON_AddItemToArray(a, x);
	}
	a = json_add_arr(o, "parts");
	vec_each (p, &i->parts) {
		cJSON *x = cJSON_CreateObject();
		json_add_str(x, "label", p->label);
		json_add_i64(x, "points", p->points);
		json_add_str(x, "why", p->why);
		cJSON_AddItemToArray(a, x);
	}
	add_texts(o, "entities", i->entities.v, i->entities.n);
	add_texts(o, "attack", i->attack.v, i->attack.n);
	json_add_bool(o, "suppressed", i->suppressed_by != 0);
	if (i->suppressed_by) {
		json_add_i64(o, "suppressed_by", i->suppressed_by);
		json_add_str(o, "suppressed_why", i->suppressed_why);
	}
	return o;
}

/* ---- reading ---- */

static char *need_text(const cJSON *o, const char *key, struct err *e)
{
	const char *s = json_str(o, key, NULL);
	if (!s)
		err_set(e, ERR_INVALID, "an incident's \"%s\" is missing or is no text", key);
	return s ? xstrdup(s) : NULL;
}

static int read_severity(const cJSON *o, enum severity *out, struct err *e)
{
	const char *s = json_str(o, "severity", "");
	if (severity_parse(slice_of(s), out))
		return 0;
	return err_set(e, ERR_INVALID, "\"%s\" is no severity", s);
}

#define READ_TEXTS(o, key, list)                                                         \
	do {                                                                             \
		const cJSON *item_;                                                      \
		cJSON_ArrayForEach(item_, json_arr(o, key)) if (cJSON_IsString(item_)) * \
		        vec_push(list) = xstrdup(item_->valuestring);                    \
	} while (0)

static int finding_from_json(const cJSON *o, struct finding *f, struct err *e)
{
	if (!(f->key = need_text(o, "key", e)) || !(f->title = need_text(o, "title", e)) ||
	    read_severity(o, &f->severity, e))
		return -1;
	f->rule = xstrdup(json_str(o, "rule", ""));
	f->dataset = xstrdup(json_str(o, "dataset", ""));
	f->first = json_time(o, "first");
	f->last = json_time(o, "last");
	f->events = (uint64_t)json_i64(o, "events", 1);
	f->confidence = (int)json_i64(o, "confidence", 50);
	READ_TEXTS(o, "entities", &f->entities);
	READ_TEXTS(o, "evidence", &f->evidence);
	READ_TEXTS(o, "attack", &f->attack);
	return 0;
}

static void read_links(const cJSON *j, struct incident *out)
{
	const cJSON *x;
	cJSON_ArrayForEach(x, json_arr(j, "links"))
	{
		struct link *l = vec_push(&out->links);
		l->a = (size_t)json_i64(x, "a", 0);
		l->b = (size_t)json_i64(x, "b", 0);
		l->reason = xstrdup(json_str(x, "reason", ""));
		l->confidence = (int)json_i64(x, "confidence", 0);
	}
	cJSON_ArrayForEach(x, json_arr(j, "parts"))
	{
		struct score_part *p = vec_push(&out->parts);
		p->label = xstrdup(json_str(x, "label", ""));
		p->points = (int)json_i64(x, "points", 0);
		p->why = xstrdup(json_str(x, "why", ""));
	}
}

int incident_from_json(const cJSON *j, struct incident *out, struct err *e)
{
	const cJSON *x;
	*out = (struct incident){0};
	if (!(out->title = need_text(j, "title", e)) || read_severity(j, &out->severity, e))
		goto bad;
	out->id = json_i64(j, "id", 0);
	out->score = (int)json_i64(j, "score", 0);
	out->records = json_i64(j, "records", 0);
	out->suppressed_by = json_i64(j, "suppressed_by", 0);
	if (out->suppressed_by)
		out->suppressed_why = xstrdup(json_str(j, "suppressed_why", ""));
	out->first = json_time(j, "first");
	out->last = json_time(j, "last");
	snprintf(out->origins, sizeof(out->origins), "%s", json_str(j, "origins", ""));
	cJSON_ArrayForEach(
	        x, json_arr(j, "findings")) if (finding_from_json(x, vec_push(&out->findings),
	                                                          e)) goto bad;
	read_links(j, out);
	READ_TEXTS(j, "entities", &out->entities);
	READ_TEXTS(j, "attack", &out->attack);
	return 0;
bad:
	incident_release(out);
	return -1;
}
