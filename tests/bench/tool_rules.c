/*
 * Detections as questions: the title (and where that names no action, the first sentence of the description) of each rule in a
 * file of rule tests is read as a plan; the plan is run on the rule's own test events by the reference evaluator. A rule is
 * right when every one of its tests has the verdict that the file expects. No rule is known to the planner.
 *
 *   tool_rules RULE_TESTS.jsonl LOG_TYPE [-v]     prints "N of M rules right"
 */
#include <stdio.h>

#include "../ask/memcat.h"
#include "ask/ask.h"
#include "base/json.h"
#include "plan/eval.h"

struct rule_test {
	const char *rule, *title, *desc;
	bool expected;
	size_t line; /* of the event in the temporary file, from 1 */
};
static VEC(struct rule_test) tests;

static bool has_type(const cJSON *r, const char *type)
{
	const cJSON *t;

	cJSON_ArrayForEach(t, json_arr(r, "log_types")) if (cJSON_IsString(t) &&
	                                                    strcmp(t->valuestring, type) ==
	                                                            0) return true;
	return false;
}

/* Writes the events to path, one a line; keeps the trees alive, since the titles point into them. */
static void read_rules(const char *file, const char *type, const char *path)
{
	FILE *in = fopen(file, "r"), *out = fopen(path, "w");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	struct err e;

	while (in && out && (n = getline(&line, &cap, in)) > 0) {
		cJSON *r = json_parse((struct slice){line, (size_t)n}, 1 << 24, &e);
		struct buf b = BUF_INIT;

		if (!r || !has_type(r, type) || strcmp(json_str(r, "kind", ""), "rule") != 0) {
			cJSON_Delete(r);
			continue;
		}
		json_write(&b, json_get(r, "event"));
		fprintf(out, "%s\n", b.s);
		buf_release(&b);
		size_t at = tests.n + 1;

		*vec_push(&tests) = (struct rule_test){
		        json_str(r, "rule_id", ""), json_str(r, "rule_title", ""),
		        json_str(r, "description", ""), json_bool(r, "expected", false), at};
	}
	free(line);
	if (in)
		(void)fclose(in);
	if (out)
		(void)fclose(out);
}

static bool matches(const struct plan *p, struct catalog *c, size_t line)
{
	struct eval_view v;

	for (size_t i = 0; i < c->events.n; i++)
		if (c->events.v[i].line == line) {
			eval_view_of_event(&v, &c->events.v[i]);
			return plan_match(p->steps[p->nsteps - 1].search.where, &v);
		}
	return false;
}

static struct slice first_sentence(const char *s)
{
	const char *dot = strstr(s, ". ");

	return (struct slice){s, dot ? (size_t)(dot - s) : strlen(s)};
}

static bool says_something(const struct ask_reading *r)
{
	const struct plan_node *w =
	        r->plan ? r->plan->steps[r->plan->nsteps - 1].search.where : NULL;

	return w && (w->kind == PN_CMP || w->child);
}

static struct plan *read_rule(const struct lexicon *x, struct catalog *c, const struct rule_test *t)
{
	struct ask_context ctx = {.now = 1700000000 * MW_SECOND,
	                          .detection = true,
	                          .incident_from = MW_TIME_NONE,
	                          .incident_to = MW_TIME_NONE};
	char *whole = xasprintf("%s\n%s", t->title, t->desc);
	struct slice texts[2] = {slice_of(whole), first_sentence(t->desc)};
	struct plan *found = NULL;
	struct err e;

	for (size_t i = 0; i < 2 && !found; i++) {
		struct ask_reading r;
		struct plan *p = NULL;

		if (texts[i].n == 0 || ask_read(x, c, &ctx, texts[i], &r, &e))
			continue;
		if (says_something(&r))
			p = r.plan, r.plan = NULL;
		ask_reading_release(&r);
		found = p;
	}
	free(whole);
	return found;
}

static void say(const struct rule_test *t, const struct plan *p, bool right)
{
	struct buf b = BUF_INIT;

	if (p)
		plan_paraphrase(p, &b);
	printf("%s %s: %s | %s\n", right ? "ok" : "--", t->rule, t->title, b.s);
	buf_release(&b);
}

int main(int argc, char **argv)
{
	struct catalog *c = mem_new();
	struct lexicon *x = NULL;
	struct err e = {0};
	char path[] = "/tmp/midwatch-rules-XXXXXX";
	size_t rules = 0, right = 0;
	int fd = mkstemp(path);

	if (argc < 3 || fd < 0 || fields_load(&e) ||
	    lexicon_load(&x, (struct slice){NULL, 0}, &e)) {
		fprintf(stderr, "tool_rules RULE_TESTS.jsonl LOG_TYPE [-v] %s\n", e.what);
		return 1;
	}
	close(fd);
	read_rules(argv[1], argv[2], path);
	if (mem_load(c, path, &e))
		fprintf(stderr, "%s\n", e.what);
	(void)unlink(path);
	for (size_t i = 0; i < tests.n;) {
		struct plan *p = read_rule(x, c, &tests.v[i]);
		size_t first = i;
		bool all = p != NULL;

		for (; i < tests.n && strcmp(tests.v[i].rule, tests.v[first].rule) == 0; i++)
			all = all && matches(p, c, tests.v[i].line) == tests.v[i].expected;
		rules++;
		right += all ? 1 : 0;
		if (argc > 3)
			say(&tests.v[first], p, all);
		plan_free(p);
	}
	printf("%zu of %zu rules right (%.0f %%)\n", right, rules,
	       rules ? 100.0 * (double)right / (double)rules : 0);
	lexicon_free(x);
	mem_free(c);
	return 0;
}
