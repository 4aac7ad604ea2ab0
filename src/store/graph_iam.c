#include "store/graph_iam.h"

#include <ctype.h>

/* Patterns */

static int fold(char c, bool icase)
{
	return icase ? tolower((unsigned char)c) : (unsigned char)c;
}

bool iam_glob(const char *p, const char *t, bool icase)
{
	const char *star = NULL, *mark = NULL;
	while (*t) {
		if (*p == '*') {
			star = p++;
			mark = t;
		} else if (*p == '?' || (*p && fold(*p, icase) == fold(*t, icase))) {
			p++;
			t++;
		} else if (star) {
			p = star + 1;
			t = ++mark;
		} else {
			return false;
		}
	}
	while (*p == '*')
		p++;
	return !*p;
}

/* The inner pattern read as text, where its * is met only by the outer's *, its ? by * or ?. */
bool iam_covers(const char *p, const char *t, bool icase)
{
	const char *star = NULL, *mark = NULL;
	while (*t) {
		bool same = *p && *t != '*' && fold(*p, icase) == fold(*t, icase);
		if (*p == '*') {
			star = p++;
			mark = t;
		} else if ((*p == '?' && *t != '*') || (same && *p != '*')) {
			p++;
			t++;
		} else if (star) {
			p = star + 1;
			t = ++mark;
		} else {
			return false;
		}
	}
	while (*p == '*')
		p++;
	return !*p;
}

/* Both as automata, one row of reachable pairs at a time. Patterns over the cap are taken to
 * overlap: that never hides. */
#define OVERLAP_MAX 512
bool iam_overlaps(const char *a, const char *b, bool icase)
{
	size_t na = strlen(a), nb = strlen(b);
	bool row[OVERLAP_MAX + 1], next[OVERLAP_MAX + 1];

	if (na > OVERLAP_MAX || nb > OVERLAP_MAX)
		return true;
	/* row[j]: some text is matched by a[i..] and b[j..]; from the ends backwards */
	for (size_t i = na + 1; i-- > 0;) {
		for (size_t j = nb + 1; j-- > 0;) {
			bool ok = i == na && j == nb;
			if (i < na && a[i] == '*')
				ok |= next[j] || (j < nb && row[j + 1]);
			if (j < nb && b[j] == '*')
				ok |= row[j + 1] || (i < na && next[j]);
			if (i < na && j < nb && a[i] != '*' && b[j] != '*' &&
			    (a[i] == '?' || b[j] == '?' || fold(a[i], icase) == fold(b[j], icase)))
				ok |= next[j + 1];
			row[j] = ok;
		}
		memcpy(next, row, sizeof(next));
	}
	return row[0];
}

/* Parsing */

/* ${aws:username} is the holder's own; any other variable could be anything, which *open tells. */
static const char *substitute(const char *text, const char *self, bool *open, struct arena *a)
{
	struct buf b = BUF_INIT;
	const char *p = text, *var, *end, *out;
	while ((var = strstr(p, "${")) && (end = strchr(var, '}'))) {
		struct slice name = {var + 2, (size_t)(end - var) - 2};
		buf_add(&b, p, (size_t)(var - p));
		if (self && slice_ieq(name, SLICE("aws:username")))
			buf_str(&b, self);
		else
			buf_ch(&b, '*');
		*open |= !(self && slice_ieq(name, SLICE("aws:username")));
		p = end + 1;
	}
	buf_str(&b, p);
	out = arena_strndup(a, b.s, b.len);
	buf_release(&b);
	return out;
}

struct parse {
	const char *via, *self;
	struct arena *a;
	bool open;
};

static const char *string(const char *text, struct parse *p)
{
	return strstr(text, "${") ? substitute(text, p->self, &p->open, p->a)
	                          : arena_strdup(p->a, text);
}

static const char **strings(const cJSON *v, struct parse *p)
{
	size_t n = cJSON_IsArray(v) ? (size_t)cJSON_GetArraySize(v) : 1, k = 0;
	const char **out = arena_zalloc(p->a, (n + 1) * sizeof(*out));
	const cJSON *one;
	if (cJSON_IsString(v))
		out[k++] = string(v->valuestring, p);
	else
		cJSON_ArrayForEach(one, v) if (cJSON_IsString(one)) out[k++] =
		        string(one->valuestring, p);
	return out;
}

static const cJSON *either(const cJSON *s, const char *key, const char *not_key, bool *negated)
{
	const cJSON *v = json_get(s, key);
	*negated = false;
	if (v)
		return v;
	v = json_get(s, not_key);
	*negated = v != NULL;
	return v;
}

static void add_principals(struct iam_statement *s, enum iam_principal_kind kind, const cJSON *v,
                           struct parse *p)
{
	const char **ids = strings(v, p);
	size_t n = 0;
	struct iam_principal *all;
	while (ids[n])
		n++;
	all = arena_zalloc(p->a, (s->nprincipals + n) * sizeof(*all) + 1);
	if (s->nprincipals)
		memcpy(all, s->principals, s->nprincipals * sizeof(*all));
	for (size_t i = 0; i < n; i++) {
		bool any = strcmp(ids[i], "*") == 0;
		all[s->nprincipals + i] = (struct iam_principal){any ? IAM_ANYONE : kind, ids[i]};
	}
	s->principals = all;
	s->nprincipals += n;
}

static void parse_principals(struct iam_statement *s, const cJSON *stmt, struct parse *a)
{
	static const struct {
		const char *key;
		enum iam_principal_kind kind;
	} kinds[] = {{"AWS", IAM_AWS}, {"Service", IAM_SERVICE}, {"Federated", IAM_FEDERATED}};
	const cJSON *p = either(stmt, "Principal", "NotPrincipal", &s->not_principal);
	if (cJSON_IsString(p))
		add_principals(s, IAM_AWS, p, a);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (json_get(p, kinds[i].key))
			add_principals(s, kinds[i].kind, json_get(p, kinds[i].key), a);
}

static const char *text_of(const cJSON *v, struct arena *a)
{
	struct buf b = BUF_INIT;
	const char *out;
	if (!v || !v->child)
		return NULL;
	json_write(&b, v);
	out = arena_strndup(a, b.s, b.len);
	buf_release(&b);
	return out;
}

/* A variable that is not known makes the pattern wide: it holds only under that condition. */
static bool parse_statement(struct iam_statement *s, const cJSON *stmt, struct parse *p)
{
	const char *effect = json_str(stmt, "Effect", "");
	*s = (struct iam_statement){.via = p->via, .allow = strcmp(effect, "Allow") == 0};
	if (!s->allow && strcmp(effect, "Deny") != 0)
		return false;
	s->actions = strings(either(stmt, "Action", "NotAction", &s->not_action), p);
	s->resources = strings(either(stmt, "Resource", "NotResource", &s->not_resource), p);
	s->condition = text_of(json_obj(stmt, "Condition"), p->a);
	if (p->open && !s->condition)
		s->condition = "{\"policy variable\":\"unresolved\"}";
	p->open = false;
	parse_principals(s, stmt, p);
	return s->actions[0] || s->not_action;
}

static int hex(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static cJSON *document_of_text(const char *text)
{
	struct buf b = BUF_INIT;
	struct err ignored;
	cJSON *doc;
	for (const char *p = text; *p; p++) {
		if (*text == '%' && *p == '%' && hex(p[1]) >= 0 && hex(p[2]) >= 0) {
			buf_ch(&b, (char)(hex(p[1]) * 16 + hex(p[2])));
			p += 2;
		} else {
			buf_ch(&b, *p);
		}
	}
	doc = json_parse((struct slice){b.s, b.len}, 1u << 20, &ignored);
	buf_release(&b);
	return doc;
}

void iam_parse(struct iam_policy *out, const cJSON *doc, const char *via, const char *self,
               struct arena *a, size_t *bad)
{
	struct parse p = {.via = via, .self = self, .a = a};
	cJSON *own = cJSON_IsString(doc) ? document_of_text(doc->valuestring) : NULL;
	const cJSON *list = json_get(own ? own : doc, "Statement"), *s;
	size_t n = cJSON_IsArray(list) ? (size_t)cJSON_GetArraySize(list) : 1;

	*out = (struct iam_policy){.v = arena_zalloc(a, (n + 1) * sizeof(*out->v))};
	if (cJSON_IsObject(list)) {
		out->n = parse_statement(&out->v[0], list, &p);
	} else {
		cJSON_ArrayForEach(s, list) out->n += parse_statement(&out->v[out->n], s, &p);
	}
	if (bad)
		*bad += (list ? n : 1) - out->n;
	cJSON_Delete(own);
}

/* Statements */

static bool any_of(const char *const *patterns, const char *text, bool icase,
                   bool (*test)(const char *, const char *, bool))
{
	for (; *patterns; patterns++)
		if (test(*patterns, text, icase))
			return true;
	return false;
}

/* One with not_: all of x is in the rest when nothing of x is in the list; some is, unless all of
 * it is in the list. */
bool iam_action_all(const struct iam_statement *s, const char *action)
{
	if (s->not_action)
		return !any_of(s->actions, action, true, iam_overlaps);
	return any_of(s->actions, action, true, iam_covers);
}

bool iam_action_some(const struct iam_statement *s, const char *action)
{
	if (s->not_action)
		return !any_of(s->actions, action, true, iam_covers);
	return any_of(s->actions, action, true, iam_overlaps);
}

bool iam_resource_all(const struct iam_statement *s, const char *arn)
{
	if (!s->resources[0] && !s->not_resource)
		return true; /* a resource policy that leaves it out means its own resource */
	if (s->not_resource)
		return !any_of(s->resources, arn, false, iam_overlaps);
	return any_of(s->resources, arn, false, iam_covers);
}

bool iam_resource_some(const struct iam_statement *s, const char *arn)
{
	char below[1024];
	if (!s->resources[0] && !s->not_resource)
		return true;
	if (s->not_resource)
		return !any_of(s->resources, arn, false, iam_covers);
	if (any_of(s->resources, arn, false, iam_overlaps))
		return true;
	snprintf(below, sizeof(below), "%s/*", arn);
	return any_of(s->resources, below, false, iam_overlaps);
}

/* Rights */

static bool applies(const struct iam_statement *s, const char *action, const char *arn)
{
	if (!iam_action_all(s, action))
		return false;
	return !arn || iam_resource_all(s, arn);
}

static void deny_of(const struct iam_policy *p, const char *action, const char *arn,
                    struct iam_answer *out)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct iam_statement *s = &p->v[i];
		if (s->allow || !iam_action_all(s, action) || !iam_resource_all(s, arn ? arn : "*"))
			continue;
		if (!s->condition)
			out->denied = true;
		else
			out->denied_if = s->condition;
	}
}

static const struct iam_statement *allow_of(const struct iam_policy *p, const char *action,
                                            const char *arn)
{
	const struct iam_statement *best = NULL;
	for (size_t i = 0; i < p->n; i++) {
		const struct iam_statement *s = &p->v[i];
		if (!s->allow || !applies(s, action, arn))
			continue;
		if (!s->condition)
			return s;
		best = s;
	}
	return best;
}

struct iam_answer iam_may(const struct iam_rights *r, const char *action, const char *arn)
{
	struct iam_answer out = {0};
	const struct iam_statement *limit = NULL;

	for (size_t i = 0; i < r->nidentity; i++)
		deny_of(r->identity[i], action, arn, &out);
	if (r->boundary)
		deny_of(r->boundary, action, arn, &out);
	if (out.denied)
		return out;
	for (size_t i = 0; i < r->nidentity && !(out.by && !out.by->condition); i++) {
		const struct iam_statement *s = allow_of(r->identity[i], action, arn);
		out.by = s ? s : out.by;
	}
	if (!out.by || (r->boundary && !(limit = allow_of(r->boundary, action, arn))))
		return (struct iam_answer){0};
	if (out.by->condition)
		out.condition = out.by->condition;
	else if (limit && limit->condition)
		out.condition = limit->condition;
	out.verdict = out.condition || out.denied_if ? IAM_IF : IAM_YES;
	return out;
}

static const struct {
	const char *verb;
	enum iam_level level;
} verbs[] = {
        {"Describe", IAM_LIST}, {"List", IAM_LIST},     {"Head", IAM_LIST},
        {"Lookup", IAM_LIST},   {"Search", IAM_LIST},   {"Get", IAM_READ},
        {"BatchGet", IAM_READ}, {"Query", IAM_READ},    {"Scan", IAM_READ},
        {"Select", IAM_READ},   {"View", IAM_READ},     {"Read", IAM_READ},
        {"Download", IAM_READ}, {"Decrypt", IAM_READ},  {"Receive", IAM_READ},
        {"Simulate", IAM_LIST}, {"Validate", IAM_LIST}, {"Check", IAM_LIST},
        {"Preview", IAM_LIST},  {"Estimate", IAM_LIST}, {"Verify", IAM_LIST},
};

enum iam_level iam_level_of(const char *action)
{
	const char *colon = strchr(action, ':');
	const char *verb = colon ? colon + 1 : action;
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (strncasecmp(verb, verbs[i].verb, strlen(verbs[i].verb)) == 0)
			return verbs[i].level;
	return IAM_WRITE;
}
