#include "plan/sigma.h"
#include "base/limits.h"
#include "base/yaml.h"

#define DEPTH_MAX 20

/* ---- log sources and fields ---- */

/* The first that fits: a rule's source fits where all that is named here is the same. */
static const struct sigma_source sources[] = {
        {"aws", "cloudtrail", "cloudtrail"},
        {"azure", "signinlogs", "azure.signin"},
        {"azure", "auditlogs", "azure.audit"},
        {"azure", "pim", "azure.audit"},
        {"azure", "activitylogs", "azure.activity"},
        {"okta", NULL, "okta"},
        {"gcp", "gcp.audit", "gcp.audit"},
        {"github", "audit", "github.audit"},
        {"kubernetes", "audit", "k8s.audit"},
        {"m365", NULL, "m365"},
        {"windows", "security", "windows.security"},
        {"windows", "sysmon", "windows.sysmon"},
        {"windows", NULL, "windows"},
        {"zeek", "dns", "zeek.dns"},
        {"zeek", "http", "zeek.http"},
        {"zeek", "smb_files", "zeek.smb_files"},
        {"zeek", "dce_rpc", "zeek.dce_rpc"},
        {"zeek", "kerberos", "zeek.kerberos"},
        {"zeek", NULL, "zeek"},
        {"linux", "auditd", "auditd"},
        {"linux", "syslog", "syslog"},
};

static bool fits(const char *want, const char *is)
{
	return !want || (is && !strcmp(want, is));
}

static const struct sigma_source *source_of(const char *product, const char *service)
{
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		if (fits(sources[i].product, product) && fits(sources[i].service, service))
			return &sources[i];
	return NULL;
}

const struct sigma_source *sigma_source_for(const char *dataset)
{
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		if (dataset && !strcmp(sources[i].dataset, dataset))
			return &sources[i];
	return NULL;
}

/* The paths of a field in a dataset: the longest dotted prefix of its name counts. */
static const char *const *paths_in(const struct field *f, const char *dataset)
{
	const struct field_name *best = NULL;
	size_t n, longest = 0;

	for (const struct field_name *k = f->formats; dataset && k && k->where; k++) {
		n = strlen(k->where);
		if (strncmp(dataset, k->where, n) != 0 || (dataset[n] && dataset[n] != '.') ||
		    n < longest)
			continue;
		best = k;
		longest = n;
	}
	return best ? best->paths : NULL;
}

/* Conditions, transforms, constants and computed values are no paths. */
static bool plain_path(const char *path)
{
	return *path != '=' && *path != '@' && !strpbrk(path, " |\\");
}

/* The field that has this path in the dataset, the earliest in its own list where several have. */
static const struct field *field_with(const char *path, const char *dataset)
{
	const struct field *best = NULL;
	size_t at = SIZE_MAX;

	for (size_t i = 0; i < field_count(); i++) {
		const struct field *f = field_at((field_id)i);
		const char *const *paths = paths_in(f, dataset);
		for (size_t k = 0; paths && paths[k] && k < at; k++)
			if (!strcmp(paths[k], path)) {
				best = f;
				at = k;
			}
	}
	return best;
}

/* Of its paths the first that is not better known as another field's. */
const char *sigma_name(const struct plan_field *f, const char *dataset)
{
	const char *const *paths = f->f ? paths_in(f->f, dataset) : NULL;

	if (f->raw)
		return plain_path(f->raw) && !field_with(f->raw, dataset) ? f->raw : NULL;
	for (; paths && *paths; paths++)
		if (plain_path(*paths) && field_with(*paths, dataset) == f->f)
			return *paths;
	return NULL;
}

const char *sigma_field(struct plan *p, const char *name, const char *dataset)
{
	const struct field *f = field_with(name, dataset);

	return f ? f->name : arena_printf(&p->arena, "raw:%s", name);
}

/* ---- a rule being read ---- */

struct rule {
	struct plan *p;
	const char *name, *dataset;
	const struct yaml_node *detection;
	struct err *e;
	int depth;
};

static struct plan_node *fail(const struct rule *r, const struct yaml_node *at, const char *what,
                              const char *which)
{
	err_set(r->e, ERR_INVALID, "%s:%d: %s%s%s", r->name, at ? at->line : 1, what,
	        which ? ": " : "", which ? which : "");
	return NULL;
}

/* ---- values ---- */

/* A value with its wildcards told apart: the text of a like, and of a literal where nothing is wild. */
struct pattern {
	struct buf like, literal;
	size_t wild;      /* how many * and ? are wild */
	bool first, last; /* a * is the first, the last byte */
};

static void pattern_literal(struct pattern *t, char c)
{
	if (c == '*' || c == '?' || c == '\\')
		buf_ch(&t->like, '\\');
	buf_ch(&t->like, c);
	buf_ch(&t->literal, c);
}

/* A backslash takes *, ? and itself literally; before anything else it is itself. */
static void pattern_read(struct pattern *t, const char *s)
{
	size_t n = strlen(s);

	*t = (struct pattern){.like = BUF_INIT, .literal = BUF_INIT};
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\\' && i + 1 < n && strchr("*?\\", s[i + 1])) {
			pattern_literal(t, s[++i]);
		} else if (s[i] == '*' || s[i] == '?') {
			t->wild++;
			t->first = t->first || (i == 0 && s[i] == '*');
			t->last = t->last || (i + 1 == n && s[i] == '*');
			buf_ch(&t->like, s[i]);
		} else {
			pattern_literal(t, s[i]);
		}
	}
}

static void pattern_release(struct pattern *t)
{
	buf_release(&t->like);
	buf_release(&t->literal);
}

static struct slice kept(struct rule *r, const struct buf *b)
{
	return (struct slice){arena_memdup(&r->p->arena, b->s, b->len), b->len};
}

/* op is what the modifiers say: OP_IS where there is none. */
static enum plan_op pattern_op(const struct pattern *t, enum plan_op op)
{
	if (t->wild == 0)
		return op;
	if (op != OP_IS || t->literal.len == 0)
		return OP_LIKE;
	if (t->wild == 1 && t->first)
		return OP_ENDS;
	if (t->wild == 1 && t->last)
		return OP_STARTS;
	return t->wild == 2 && t->first && t->last ? OP_CONTAINS : OP_LIKE;
}

/* contains of a pattern is a like with * around it. */
static struct slice like_value(struct rule *r, const struct pattern *t, enum plan_op op)
{
	struct buf b = BUF_INIT;
	struct slice v;

	buf_str(&b, !t->first && (op == OP_CONTAINS || op == OP_ENDS) ? "*" : "");
	buf_add(&b, t->like.s, t->like.len);
	buf_str(&b, !t->last && (op == OP_CONTAINS || op == OP_STARTS) ? "*" : "");
	v = kept(r, &b);
	buf_release(&b);
	return v;
}

static struct plan_node *text_test(struct rule *r, const char *field, enum plan_op op,
                                   const char *text)
{
	struct pattern t;
	struct plan_node *n;
	enum plan_op real;

	pattern_read(&t, text);
	real = pattern_op(&t, op);
	n = plan_cmp(r->p, field, real,
	             real == OP_LIKE ? like_value(r, &t, op) : kept(r, &t.literal));
	pattern_release(&t);
	return n;
}

static struct plan_node *exists(struct rule *r, const char *field, bool is)
{
	struct plan_node *n = plan_cmp(r->p, field, OP_EXISTS, SLICE("")), *not ;

	n->nvalues = 0;
	if (is)
		return n;
	not = plan_group(r->p, PN_NOT);
	plan_group_add(not, n);
	return not ;
}

/* ---- modifiers ---- */

struct modifiers {
	enum plan_op op;
	bool all, cased, blind_regex, exists, fieldref;
};
static const struct {
	const char *word;
	enum plan_op op;
} op_words[] = {{"contains", OP_CONTAINS},
                {"startswith", OP_STARTS},
                {"endswith", OP_ENDS},
                {"re", OP_REGEX},
                {"cidr", OP_CIDR},
                {"lt", OP_LT},
                {"lte", OP_LE},
                {"gt", OP_GT},
                {"gte", OP_GE}};

static bool modifier(struct modifiers *m, struct slice word)
{
	static const struct {
		const char *word;
		size_t at;
	} flags[] = {{"all", offsetof(struct modifiers, all)},
	             {"cased", offsetof(struct modifiers, cased)},
	             {"i", offsetof(struct modifiers, blind_regex)},
	             {"exists", offsetof(struct modifiers, exists)},
	             {"fieldref", offsetof(struct modifiers, fieldref)}};

	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (slice_eq_str(word, flags[i].word)) {
			*(bool *)((char *)m + flags[i].at) = true;
			return true;
		}
	for (size_t i = 0; i < ARRAY_LEN(op_words); i++)
		if (slice_eq_str(word, op_words[i].word) && m->op == OP_IS) {
			m->op = op_words[i].op;
			return true;
		}
	return false;
}

/* "Field|contains|all" in parts; the field's own name, or NULL after an error. */
static const char *key_parts(struct rule *r, const struct yaml_node *n, struct modifiers *m)
{
	struct slice rest = slice_of(n->key), name, word;

	*m = (struct modifiers){.op = OP_IS};
	(void)slice_split(&rest, '|', &name);
	while (slice_split(&rest, '|', &word))
		if (!modifier(m, word)) {
			fail(r, n, "this modifier cannot be said in a plan", n->key);
			return NULL;
		}
	if (m->cased && m->op != OP_IS) {
		fail(r, n, "cased is only understood of whole values", n->key);
		return NULL;
	}
	m->op = m->cased ? OP_IS_CS : m->op;
	return arena_strndup(&r->p->arena, name.s, name.n);
}

static struct plan_node *fieldref(struct rule *r, const char *field, enum plan_op op,
                                  const char *other)
{
	struct plan_node *n = exists(r, field, true);

	n->op = op;
	(void)plan_field_set(r->p, &n->rhs, sigma_field(r->p, other, r->dataset));
	return n;
}

static bool is_null(const struct yaml_node *v)
{
	return !v->text || !*v->text ||
	       (!v->quoted && (!strcmp(v->text, "null") || !strcmp(v->text, "~")));
}

static struct plan_node *value_test(struct rule *r, const char *field, const struct modifiers *m,
                                    const struct yaml_node *v)
{
	const char *text = v->text;

	if (v->kind != YAML_SCALAR)
		return fail(r, v, "a value is wanted here", v->key);
	if (m->exists)
		return exists(r, field, text && !strcmp(text, "true"));
	if (is_null(v))
		return exists(r, field, false);
	if (m->fieldref)
		return fieldref(r, field, m->op, text);
	if (m->op == OP_REGEX && m->blind_regex)
		text = arena_printf(&r->p->arena, "(?i)%s", text);
	if (m->op == OP_IS || m->op == OP_CONTAINS || m->op == OP_STARTS || m->op == OP_ENDS)
		return text_test(r, field, m->op, text);
	return plan_cmp(r->p, field, m->op, slice_of(arena_strdup(&r->p->arena, text)));
}

/* One more of a group; values of one test become one list where any of them will do. */
static void add(struct rule *r, struct plan_node *group, struct plan_node *n)
{
	struct plan_node *last = group->child;

	while (last && last->next)
		last = last->next;
	if (group->kind == PN_ANY && last && last->kind == PN_CMP && n->kind == PN_CMP &&
	    last->op == n->op && n->nvalues == 1 && last->nvalues && !n->rhs.name &&
	    !last->rhs.name &&
	    !strcmp(last->field.name ? last->field.name : "", n->field.name ? n->field.name : ""))
		plan_cmp_value(r->p, last, n->values[0]);
	else
		plan_group_add(group, n);
}

static struct plan_node *field_test(struct rule *r, const struct yaml_node *n)
{
	struct modifiers m;
	const char *name = key_parts(r, n, &m), *field;
	struct plan_node *group, *one;

	if (!name)
		return NULL;
	field = sigma_field(r->p, name, r->dataset);
	if (n->kind == YAML_SCALAR)
		return value_test(r, field, &m, n);
	if (n->kind != YAML_SEQ || !n->child)
		return fail(r, n, "a value or a list of values is wanted", n->key);
	group = plan_group(r->p, m.all ? PN_ALL : PN_ANY);
	for (const struct yaml_node *v = n->child; v; v = v->next) {
		one = value_test(r, field, &m, v);
		if (!one)
			return NULL;
		add(r, group, one);
	}
	return group->child && !group->child->next ? group->child : group;
}

/* ---- selections ---- */

/* A word looked for in the whole record: wild only at its ends, where it changes nothing. */
static struct plan_node *keyword(struct rule *r, const struct yaml_node *v)
{
	struct pattern t;
	struct plan_node *n = NULL;

	if (v->kind != YAML_SCALAR || is_null(v))
		return fail(r, v, "a keyword is wanted here", NULL);
	pattern_read(&t, v->text);
	if (t.wild == (size_t)t.first + t.last && t.literal.len)
		n = plan_cmp(r->p, NULL, OP_TEXT, kept(r, &t.literal));
	pattern_release(&t);
	return n ? n
	         : fail(r, v, "a keyword with a wildcard inside cannot be said in a plan", v->text);
}

static struct plan_node *selection(struct rule *r, const struct yaml_node *n);

static struct plan_node *
each_of(struct rule *r, const struct yaml_node *n, enum plan_node_kind kind,
        struct plan_node *(*read)(struct rule *r, const struct yaml_node *n))
{
	struct plan_node *group = plan_group(r->p, kind), *one;

	for (const struct yaml_node *k = n->child; k; k = k->next) {
		one = read(r, k);
		if (!one)
			return NULL;
		add(r, group, one);
	}
	if (!group->child)
		return fail(r, n, "an empty selection", n->key);
	return group->child->next ? group : group->child;
}

/* A map is all of its fields, a list any of its maps or words. */
static struct plan_node *selection(struct rule *r, const struct yaml_node *n)
{
	bool all = n->key && !strcmp(n->key, "|all");

	if (n->kind == YAML_SCALAR)
		return keyword(r, n);
	if (n->kind == YAML_MAP && n->child && n->child->key[0] == '|')
		return selection(r, n->child);
	return n->kind == YAML_MAP ? each_of(r, n, PN_ALL, field_test)
	                           : each_of(r, n, all ? PN_ALL : PN_ANY, selection);
}

/* ---- condition ---- */

struct cond {
	struct rule *r;
	const struct yaml_node *at;
	struct slice rest, word; /* word: the next one, "" at the end */
};

static void next_word(struct cond *c)
{
	size_t n = 0;

	c->rest = slice_trim(c->rest);
	if (c->rest.n && strchr("()|", c->rest.s[0]))
		n = 1;
	else
		while (n < c->rest.n && !strchr("()| \t\r\n", c->rest.s[n]))
			n++;
	c->word = (struct slice){c->rest.s, n};
	c->rest = (struct slice){c->rest.s + n, c->rest.n - n};
}

static bool take(struct cond *c, const char *word)
{
	if (!slice_ieq(c->word, slice_of(word)))
		return false;
	next_word(c);
	return true;
}

static struct plan_node *cond_or(struct cond *c);

/* sel_* against a name; "them" is every name that does not begin with _. */
static bool named(struct slice pattern, const char *name)
{
	if (!strcmp(name, "condition") || !strcmp(name, "timeframe"))
		return false;
	if (slice_eq(pattern, SLICE("them")))
		return *name != '_';
	if (pattern.n && pattern.s[pattern.n - 1] == '*')
		return strncmp(name, pattern.s, pattern.n - 1) == 0;
	return slice_eq_str(pattern, name);
}

static struct plan_node *quantified(struct cond *c, enum plan_node_kind kind)
{
	struct plan_node *group = plan_group(c->r->p, kind), *one;

	for (const struct yaml_node *k = c->r->detection->child; k; k = k->next) {
		if (!named(c->word, k->key))
			continue;
		one = selection(c->r, k);
		if (!one)
			return NULL;
		plan_group_add(group, one);
	}
	if (!group->child)
		return fail(c->r, c->at, "the condition names no selection that is there", NULL);
	next_word(c);
	return group->child->next ? group : group->child;
}

static struct plan_node *cond_one(struct cond *c)
{
	struct plan_node *n, *not ;
	bool one = slice_eq(c->word, SLICE("1"));

	if (++c->r->depth > DEPTH_MAX)
		return fail(c->r, c->at, "the condition is nested too deep", NULL);
	if (take(c, "not")) {
		n = cond_one(c);
		not = plan_group(c->r->p, PN_NOT);
		if (n)
			plan_group_add(not, n);
		c->r->depth--;
		return n ? not : NULL;
	}
	if (take(c, "(")) {
		n = cond_or(c);
		c->r->depth--;
		return !n || take(c, ")") ? n : fail(c->r, c->at, "a bracket is missing", NULL);
	}
	c->r->depth--;
	if ((one || slice_ieq(c->word, SLICE("all"))) &&
	    slice_ieq(slice_trim(c->rest).n > 2 ? (struct slice){slice_trim(c->rest).s, 2}
	                                        : SLICE(""),
	              SLICE("of"))) {
		next_word(c);
		next_word(c);
		return quantified(c, one ? PN_ANY : PN_ALL);
	}
	return quantified(c, PN_ALL);
}

static struct plan_node *cond_list(struct cond *c, const char *word, enum plan_node_kind kind,
                                   struct plan_node *(*part)(struct cond *c))
{
	struct plan_node *n = part(c), *group = NULL;

	while (n && take(c, word)) {
		struct plan_node *more = part(c);
		if (!more)
			return NULL;
		if (!group) {
			group = plan_group(c->r->p, kind);
			plan_group_add(group, n);
		}
		plan_group_add(group, more);
	}
	return n && group ? group : n;
}

static struct plan_node *cond_and(struct cond *c)
{
	return cond_list(c, "and", PN_ALL, cond_one);
}

static struct plan_node *cond_or(struct cond *c)
{
	return cond_list(c, "or", PN_ANY, cond_and);
}

static struct plan_node *condition(struct rule *r, const struct yaml_node *n)
{
	struct cond c = {.r = r, .at = n, .rest = slice_of(n->text)};
	struct plan_node *where;

	next_word(&c);
	where = cond_or(&c);
	if (where && c.word.n)
		return fail(r, n, "this part of the condition cannot be said in a plan",
		            arena_strndup(&r->p->arena, c.word.s, c.word.n));
	return where;
}

/* ---- the rule ---- */

static void set_dataset(struct rule *r, const struct yaml_node *source, struct buf *note)
{
	const char *product = source ? yaml_str(source, "product", NULL) : NULL,
	           *service = source ? yaml_str(source, "service", NULL) : NULL,
	           *category = source ? yaml_str(source, "category", NULL) : NULL;
	const struct sigma_source *s = source_of(product, service);
	struct plan_search *search = &r->p->steps[0].search;

	if (!s) {
		if (note)
			buf_printf(
			        note,
			        "no dataset is known for the log source %s %s %s: every dataset is "
			        "searched, by the record's own names",
			        product ? product : "", service ? service : "",
			        category ? category : "");
		return;
	}
	r->dataset = s->dataset;
	search->ndatasets = 1;
	search->datasets = arena_zalloc(&r->p->arena, sizeof(char *));
	search->datasets[0] = arena_strdup(&r->p->arena, s->dataset);
}

static int read_rule(struct rule *r, const struct yaml_node *root, struct buf *note)
{
	const struct yaml_node *condition_node;
	const char *title;

	r->detection = root && root->kind == YAML_MAP ? yaml_get(root, "detection") : NULL;
	condition_node = r->detection && r->detection->kind == YAML_MAP
	                         ? yaml_get(r->detection, "condition")
	                         : NULL;
	if (!condition_node || condition_node->kind != YAML_SCALAR)
		return err_set(r->e, ERR_INVALID, "%s: a rule has a detection with one condition",
		               r->name);
	if (yaml_get(r->detection, "timeframe"))
		return err_set(r->e, ERR_INVALID,
		               "%s: a rule over a time frame is no plan of one step", r->name);
	set_dataset(r, yaml_get(root, "logsource"), note);
	title = yaml_str(root, "title", NULL);
	if (title)
		r->p->steps[0].name = arena_strdup(&r->p->arena, title);
	r->p->steps[0].search.where = condition(r, condition_node);
	return r->p->steps[0].search.where ? 0 : -1;
}

struct plan *sigma_plan(struct slice text, const char *name, struct buf *note, struct err *e)
{
	struct rule r = {.p = plan_new(), .name = name, .e = e};
	struct yaml_doc doc;

	if (yaml_parse(&doc, text, name, e)) {
		plan_free(r.p);
		return NULL;
	}
	plan_add_step(r.p, PS_SEARCH);
	if (read_rule(&r, doc.root, note) || plan_validate(r.p, e)) {
		plan_free(r.p);
		r.p = NULL;
	}
	yaml_release(&doc);
	return r.p;
}
