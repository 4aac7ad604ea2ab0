#include "proto/proto.h"

#include <stdio.h>

#define PARAMS_MAX 16

const struct method methods[METHOD_COUNT] = {
#define METHOD(sym, name, perm, params) [M_##sym] = {name, PERM_##perm, params},
#include "proto/methods.def"
#undef METHOD
};

int method_find(const char *name)
{
	for (int i = 0; i < METHOD_COUNT; i++)
		if (strcmp(methods[i].name, name) == 0)
			return i;
	return -1;
}

struct param {
	struct slice name;
	char type;
	bool optional;
};

/* The schema text of methods.def: "id:s limit:i?". */
static size_t parse_schema(const char *text, struct param out[PARAMS_MAX])
{
	struct slice rest = slice_of(text), word, name;
	size_t n = 0;

	while (rest.n && n < PARAMS_MAX && slice_split(&rest, ' ', &word)) {
		if (!slice_split(&word, ':', &name) || !word.n)
			continue;
		out[n++] = (struct param){name, word.s[0], word.n > 1 && word.s[1] == '?'};
	}
	return n;
}

static const struct {
	char type;
	const char *name;
} types[] = {
        {'s', "a string"},
        {'i', "an integer"},
        {'n', "a number"},
        {'b', "a boolean"},
        {'o', "an object"},
        {'a', "an array"},
        {'t', "an RFC 3339 time, as 2026-03-14T03:05:30Z"},
};

static bool is_type(const cJSON *v, char type)
{
	mw_time t;

	switch (type) {
	case 's':
		return cJSON_IsString(v);
	case 'i':
		return cJSON_IsNumber(v) && v->valuedouble >= -9007199254740992.0 &&
		       v->valuedouble <= 9007199254740992.0 &&
		       (double)(int64_t)v->valuedouble >= v->valuedouble &&
		       (double)(int64_t)v->valuedouble <= v->valuedouble;
	case 'n':
		return cJSON_IsNumber(v);
	case 'b':
		return cJSON_IsBool(v);
	case 'o':
		return cJSON_IsObject(v);
	case 'a':
		return cJSON_IsArray(v);
	case 't':
		return cJSON_IsString(v) && mw_time_parse(slice_of(v->valuestring), &t);
	default:
		return false;
	}
}

static const char *type_name(char type)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return "something else";
}

static int check_known(const struct method *m, const struct param *p, size_t n, const cJSON *params,
                       struct err *e)
{
	char names[PARAMS_MAX][32];
	const char *list[PARAMS_MAX + 1] = {NULL};

	for (size_t i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "%.*s", (int)p[i].name.n, p[i].name.s);
		list[i] = names[i];
	}
	return json_only(params, list, m->name, e);
}

int method_check(const struct method *m, const cJSON *params, struct err *e)
{
	struct param p[PARAMS_MAX];
	size_t n = parse_schema(m->params, p);

	if (params && !cJSON_IsObject(params))
		return err_set(e, ERR_INVALID, "%s: params must be an object", m->name);
	for (size_t i = 0; i < n; i++) {
		char name[32];
		const cJSON *v;
		snprintf(name, sizeof(name), "%.*s", (int)p[i].name.n, p[i].name.s);
		v = json_get(params, name);
		if (!v && !p[i].optional)
			return err_set(e, ERR_INVALID, "%s: parameter \"%s\" is missing", m->name,
			               name);
		if (v && !is_type(v, p[i].type))
			return err_set(e, ERR_INVALID, "%s: parameter \"%s\" must be %s", m->name,
			               name, type_name(p[i].type));
	}
	return check_known(m, p, n, params, e);
}
