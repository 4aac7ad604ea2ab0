#include "plain_int.h"

#include "base/escape.h"
#include "model/say.h"
#include "model/vendor_page.h"
#include "view/app.h"

#define WORDS_MAX 64
#define RECORD_PART (192 * 1024)

/* --- words of the command line ------------------------------------------------------------------------------------------- */

struct words {
	char *v[WORDS_MAX + 1];
	int n;
};

static void add_word(struct words *w, const char *s, size_t n)
{
	if (w->n < WORDS_MAX)
		w->v[w->n++] = xstrndup(s, n);
}

static void add_words(struct words *w, const char *text)
{
	struct slice rest = slice_of(text), one;

	while (slice_split(&rest, ' ', &one))
		if (one.n)
			add_word(w, one.s, one.n);
}

/* The same line as a shell would take it: 'one word' and "one word". */
static void add_quoted(struct words *w, const char *s)
{
	while (*s) {
		char end = *s == '"' || *s == '\'' ? *s : ' ';
		size_t n;
		s += end != ' ';
		n = strcspn(s, end == '"' ? "\"" : end == '\'' ? "'" : " ");
		if (n || end != ' ')
			add_word(w, s, n);
		s += n + (s[n] != '\0');
	}
}

static void forget_words(struct words *w)
{
	for (int i = 0; i < w->n; i++)
		free(w->v[i]);
	w->n = 0;
}

static void run_words(struct plain *p, struct words *w)
{
	char *argv[WORDS_MAX + 1];
	int rc;

	fflush(stdout);
	memcpy(argv, w->v, sizeof(argv)); /* options are taken out of it */
	rc = cli_dispatch(p->cli, w->n, argv);
	fflush(stdout);
	plain_say("%s.", rc == CLI_OK        ? "Done"
	                 : rc == CLI_PARTIAL ? "Done in part"
	                 : rc == CLI_NOTHING ? "Nothing found"
	                                     : "Not done");
	forget_words(w);
	plain_read_queue(p);
}

void plain_command(struct plain *p, const char *line)
{
	struct words w = {.n = 0};

	add_quoted(&w, line);
	if (w.n && p->readonly)
		plain_say(
		        "Not done: this console was started read-only; commands run outside of it.");
	else if (w.n)
		run_words(p, &w);
	else
		plain_say(
		        "Type a command after the colon, for example :queue, or :help for all of them.");
}

/* --- entries that are a command with blanks to fill ---------------------------------------------------------------------- */

/* Words between bars: "@" the incident, "$" the analyst, "?prompt" asked for ("name=?prompt": behind the name), "%prompt" a record, "*prompt" asked for and split at blanks, the rest as
 * it is. */
struct form {
	const char *label, *words;
	bool changes;
};
static const struct form forms[] = {
        {"assign", "case|@|assign|?assign to", true},
        {"status", "case|@|status|?status (new, work, wait)", true},
        {"snooze", "case|@|snooze|?snooze for (30m, 4h, 2d)", true},
        {"merge", "case|@|merge|*incidents that go into it (INC-2 INC-3)", true},
        {"un-merge", "case|@|unmerge|?incident that is taken out again", true},
        {"hide others like it",
         "suppress|add|--until|?until (a time, 9h, 7d)|--owner|$|--reason|?because|title=?title (a * at the end: all that begin so)|severity=?worst severity that it may hide",
         true},
        {"what is hidden", "queue|--hidden", false},
        {"why it is hidden", "suppress|list", false},
        {"pin", "case|@|pin|%record (e12)|?note", true},
        {"unpin", "case|@|unpin|%record (e12)", true},
        {"watch", "watch|add|--until|?until (a time, 9h, 7d)|--incident|@|?question", true},
        {"watch without an incident", "watch|add|--until|?until (a time, 9h, 7d)|?question", true},
        {"watches", "watch|list", false},
        {"end a watch", "watch|remove|?watch (W1)", true},
        {"export the timeline",
         "export|@|--format|?format (markdown, csv, json, html)|--output|?file", false},
        {"export the last answer", "export|--job|#|--format|?format (csv, json)|--output|?file",
         false},
        {"documents", "report|list", false},
        {"show a document", "report|show|?document", false},
        {"edit a document in $EDITOR", "report|edit|?document", true},
        {"export a document",
         "report|export|?document|--format|?format (markdown, html)|--output|?file", false},
        {"sign a handoff", "handoff|sign|?document|--to|?for whom", true},
        {"show a handoff", "handoff|show|?document", false},
        {"accept of a handoff", "handoff|accept|?document|*incidents, or --all", true},
        {"reverse a step", "action|reverse|?approval (A-1)", true},
        {"write the story", "story|@", false},
        {"propose the next query", "next|@", false},
        {"models", "model|?status, on or off", true},
        {"metrics", "model|metrics", false},
        {"jobs", "engine|status", false},
        {"lake", "lake|status", false},
        {"sources", "source|list", false},
        {"query a source in its own language", "source|query|?source|?text (it has to be bounded)",
         true},
        {"imports", "import|--list", false},
        {"import", "import|*files or folders", true},
        {"every command", "help", false},
};

/* "title=?prompt" */
static bool asked_behind(struct slice part)
{
	return memmem(part.s, part.n, "=?", 2) != NULL;
}

/* False: an answer was left empty, nothing is done. */
static bool fill(struct plain *p, struct words *w, struct slice part)
{
	size_t name = asked_behind(part)
	                      ? (size_t)((const char *)memchr(part.s, '?', part.n) - part.s)
	                      : 0;
	char *prompt = xasprintf("%.*s> ", (int)(part.n - name) - 1, part.s + name + 1), wire[32],
	     *word;
	const char *line = plain_ask(p, prompt);

	free(prompt);
	if (!line || !*line)
		return false;
	if (part.s[0] == '*') {
		add_words(w, line);
		return true;
	}
	if (part.s[0] == '%' && wire_id(slice_of(line), wire))
		line = wire;
	word = xasprintf("%.*s%s", (int)name, part.s, line);
	add_word(w, word, strlen(word));
	free(word);
	return true;
}

static bool put_part(struct plain *p, struct words *w, struct slice part)
{
	const struct turn *t = session_last(&p->session);
	const char *at = memchr(part.s, '@', part.n);
	char *text;

	if (strchr("?*%", part.s[0]) || asked_behind(part))
		return fill(p, w, part);
	if (at && !plain_target(p)) {
		plain_say("No incident is selected or open.");
		return false;
	}
	if (slice_eq_str(part, "#") && !(t && turn_job_id(t))) {
		plain_say("Nothing was asked here yet.");
		return false;
	}
	text = at ? xasprintf("%.*s%s", (int)(at - part.s), part.s, plain_target(p))
	       : slice_eq_str(part, "#") ? xasprintf("%lld", (long long)turn_job_id(t))
	       : slice_eq_str(part, "$") ? xstrdup(p->user)
	                                 : xstrndup(part.s, part.n);
	add_word(w, text, strlen(text));
	free(text);
	return true;
}

static void run_form(struct plain *p, const struct form *f)
{
	struct slice rest = slice_of(f->words), part;
	struct words w = {.n = 0};
	bool whole = true;

	if (f->changes && p->readonly) {
		plain_say("Not done: this console was started read-only.");
		return;
	}
	while (whole && slice_split(&rest, '|', &part))
		whole = put_part(p, &w, part);
	if (whole) {
		run_words(p, &w);
		return;
	}
	plain_say("Not done.");
	forget_words(&w);
}

/* --- entries with more to them --------------------------------------------------------------------------------------------- */

/* Which of n: 1 to n, 0 where none was chosen. */
static int choose(struct plain *p, const char *prompt, int n)
{
	const char *line = plain_ask(p, prompt);
	int64_t at;

	if (!line || !slice_i64(slice_trim(slice_of(line)), &at) || at < 1 || at > n)
		return 0;
	return (int)at;
}

static void pivot(struct plain *p)
{
	const char *value = plain_ask(p, "pivot on which value> ");
	cJSON *menu =
	        value && *value ? plain_call(p, "pivot.menu", params_new("value", value)) : NULL;
	const cJSON *it;
	int n = 0;

	cJSON_ArrayForEach(it, json_arr(menu, "items"))
	        plain_say("%d %s", ++n, json_str(it, "label", ""));
	if (menu && !n)
		plain_say("No question fits this value.");
	it = n ? cJSON_GetArrayItem(json_arr(menu, "items"), choose(p, "question> ", n) - 1) : NULL;
	if (it && json_obj(it, "plan")) {
		cJSON *run = cJSON_CreateObject();
		cJSON_AddItemToObject(run, "plan", cJSON_Duplicate(json_obj(it, "plan"), true));
		json_add_str(run, "question", json_str(it, "question", json_str(it, "label", "")));
		plain_turn(p, json_str(it, "label", ""), "plan.run", run);
	} else if (it) {
		plain_question(p, json_str(it, "question", json_str(it, "label", "")));
	}
	cJSON_Delete(menu);
}

static void recipe(struct plain *p, const char *name, const char *prompt)
{
	const char *value = plain_ask(p, prompt);
	char *label = value && *value ? xasprintf("%s of %s", name, value) : NULL;
	cJSON *params;

	if (!label)
		return;
	params = params_new("recipe", name);
	json_add_str(params, "value", value);
	plain_turn(p, label, "recipe.run", params);
	free(label);
}

static void paths(struct plain *p)
{
	recipe(p, "exposure", "paths to which asset> ");
}

static void blast(struct plain *p)
{
	recipe(p, "blast-radius", "what can be reached from which asset> ");
}

static void around(struct plain *p)
{
	const char *at = plain_ask(p, "all events in the 10 minutes after which time> ");
	char *q = at && *at ? xasprintf("all events in the 10 minutes after %s", at) : NULL;

	if (q)
		plain_question(p, q);
	free(q);
}

static void as_sent(struct plain *p)
{
	const struct turn *t = session_last(&p->session);
	const cJSON *s;
	struct slice rest, line;

	if (!t || !t->job) {
		plain_say("Nothing was asked here yet.");
		return;
	}
	cJSON_ArrayForEach(s, json_arr(t->job, "steps"))
	{
		rest = slice_of(json_str(s, "sent", "not sent"));
		while (slice_split(&rest, '\n', &line))
			plain_say("%.*s", (int)line.n, line.s);
	}
}

static void edit_plan(struct plain *p)
{
	const struct turn *t = session_last(&p->session);
	struct buf b = BUF_INIT;
	cJSON *plan, *params;
	const char *line;
	struct err e;

	if (!t || !json_obj(t->reading, "plan")) {
		plain_say("Nothing was asked here yet.");
		return;
	}
	json_write(&b, json_obj(t->reading, "plan"));
	plain_say("%s", b.s);
	buf_release(&b);
	line = plain_ask(p, "the plan as you want it, in one line> ");
	if (!line || !*line)
		return;
	plan = json_parse(slice_of(line), MW_LINE_MAX, &e);
	if (!plan) {
		plain_say("Not run, this is no JSON: %s", e.what);
		return;
	}
	params = params_new("question", t->question);
	cJSON_AddItemToObject(params, "plan", plan);
	plain_turn(p, t->question, "plan.run", params);
}

static void cover(struct plain *p)
{
	plain_view(p, &cover_ops, plain_call(p, "cover.table", NULL));
}

static void vendor(struct plain *p)
{
	const char *id = plain_ask(p, "page of which record (e12)> ");
	char wire[32], *page;
	cJSON *params, *record;

	if (!id || !wire_id(slice_of(id), wire))
		return;
	params = params_new("id", wire);
	json_add_i64(params, "offset", 0);
	json_add_i64(params, "length", RECORD_PART);
	record = plain_call(p, "evidence.get", params);
	page = record ? vendor_page(record) : NULL;
	if (record)
		plain_say("%s", page ? page : "No page is known for this record.");
	free(page);
	cJSON_Delete(record);
}

static void zone(struct plain *p)
{
	(void)p;
	clock_face.local = !clock_face.local;
	plain_say("Times are %s.", clock_face.local ? "local" : "UTC");
}

/* A finding leaves the incident. */
static void split(struct plain *p)
{
	char id[24];
	cJSON *card, *params, *result;
	const cJSON *f;
	const char *why;
	int n = 0;

	if (!plain_target(p))
		return;
	snprintf(id, sizeof(id), "%s", plain_target(p));
	card = plain_call(p, "incident.get", params_new("id", id));
	cJSON_ArrayForEach(f, json_arr(card, "findings"))
	        plain_say("%d %s", ++n, json_str(f, "title", finding_key(f)));
	f = n > 1 ? cJSON_GetArrayItem(json_arr(card, "findings"),
	                               choose(p, "which leaves> ", n) - 1)
	          : NULL;
	why = f ? plain_ask(p, "why it does not belong here> ") : NULL;
	if (why && *why) {
		params = params_new("id", id);
		cJSON_AddItemToArray(json_add_arr(params, "findings"),
		                     cJSON_CreateString(finding_key(f)));
		json_add_str(params, "reason", why);
		result = plain_call(p, "incident.split", params);
		if (result)
			plain_say("Split off; it is an incident of its own.");
		cJSON_Delete(result);
		plain_read_queue(p);
	} else {
		plain_say(n > 1 ? "Not split." : "It has one finding.");
	}
	cJSON_Delete(card);
}

static void say_review(const cJSON *bulk)
{
	const cJSON *x, *review = json_obj(bulk, "review");

	cJSON_ArrayForEach(x, json_arr(review, "items")) plain_say(
	        "%s %s %s: %s", json_str(x, "incident", "?"), json_str(x, "severity", "?"),
	        json_str(x, "status", "?"), json_str(x, "title", ""));
	cJSON_ArrayForEach(x, json_arr(review, "systems"))
	        plain_say("%s: %s%s%s", json_str(x, "system", "?"), json_str(x, "will", ""),
	                  json_str(x, "off", NULL) ? ", " : "", json_str(x, "off", ""));
}

/* What was reviewed is run by its digest; a word, not a key, starts it. */
static void run_reviewed(struct plain *p, const cJSON *bulk)
{
	const char *word;
	cJSON *params, *result;

	say_review(bulk);
	word = plain_ask(p, "type close to close all of these, nothing to leave them> ");
	if (!word || strcmp(word, "close") != 0) {
		plain_say("Nothing was closed.");
		return;
	}
	params = cJSON_CreateObject();
	json_add_i64(params, "bulk", json_i64(bulk, "bulk", 0));
	json_add_str(params, "digest", json_str(bulk, "digest", ""));
	result = plain_call(p, "bulk.run", params);
	if (result)
		plain_say("Bulk %lld runs; bulk shows how far it is.",
		          (long long)json_i64(result, "bulk", json_i64(bulk, "bulk", 0)));
	cJSON_Delete(result);
}

static void close_many(struct plain *p)
{
	struct words w = {.n = 0};
	const char *line =
	        plain_ask(p, "which incidents (INC-1 INC-2), or those of the filter (all)> ");
	cJSON *params = cJSON_CreateObject(), *ids = json_add_arr(params, "ids"), *bulk = NULL;

	add_words(&w, line ? line : "");
	for (int i = 0; i < w.n && strcmp(w.v[i], "all") != 0; i++)
		cJSON_AddItemToArray(ids, cJSON_CreateString(w.v[i]));
	for (size_t i = 0; w.n && !strcmp(w.v[0], "all") && i < p->queue.rows.n; i++)
		if (queue_match(&p->queue.rows.v[i], slice_of(p->queue.filter), p->user, NULL))
			cJSON_AddItemToArray(ids, cJSON_CreateString(p->queue.rows.v[i].id));
	line = w.n ? plain_ask(p, PLAIN_VERDICT) : NULL;
	json_add_str(params, "verdict", line ? line : "");
	line = line && *line ? plain_ask(p, "reason> ") : NULL;
	if (line && *line) {
		json_add_str(params, "reason", line);
		bulk = plain_call(p, "bulk.review", params);
	} else {
		plain_say("Nothing was closed.");
		cJSON_Delete(params);
	}
	if (bulk)
		run_reviewed(p, bulk);
	cJSON_Delete(bulk);
	forget_words(&w);
	plain_read_queue(p);
}

static void bulk(struct plain *p)
{
	const char *line = plain_ask(p, "which bulk (its number, stop 1 stops it)> ");
	bool stop = line && !strncmp(line, "stop ", 5);
	cJSON *params, *result;
	const cJSON *x;
	int64_t n;

	if (!line || !slice_i64(slice_of(line + (stop ? 5 : 0)), &n))
		return;
	params = cJSON_CreateObject();
	json_add_i64(params, "bulk", n);
	result = plain_call(p, stop ? "bulk.stop" : "bulk.get", params);
	if (result)
		plain_say("Bulk %lld %s: %lld done, %lld failed, %lld open.", (long long)n,
		          json_str(result, "state", ""), (long long)json_i64(result, "done", 0),
		          (long long)json_i64(result, "failed", 0),
		          (long long)json_i64(result, "open", 0));
	cJSON_ArrayForEach(x, json_arr(result, "results"))
	        plain_say("%s %s %s", json_str(x, "incident", "?"), json_str(x, "state", "?"),
	                  json_str(x, "why", ""));
	cJSON_Delete(result);
}

static void sort(struct plain *p)
{
	int n;

	for (int i = 0; i < SORT_COUNT_; i++)
		plain_say("%d %s", i + 1, queue_sort_name((enum queue_sort)i));
	n = choose(p, "sort by> ", SORT_COUNT_);
	if (!n)
		return;
	queue_set_sort(&p->queue, (enum queue_sort)(n - 1));
	plain_list(p);
}

static void group(struct plain *p)
{
	int n;

	for (int i = 0; i < GROUP_COUNT_; i++)
		plain_say("%d %s", i + 1, queue_group_name((enum queue_group)i));
	n = choose(p, "group by> ", GROUP_COUNT_);
	if (!n)
		return;
	queue_set_group(&p->queue, (enum queue_group)(n - 1));
	plain_list(p);
}

static void unfold(struct plain *p)
{
	int burst = queue_selected_burst(&p->queue), heading = queue_selected_group(&p->queue);

	if (burst >= 0)
		queue_unfold(&p->queue, burst);
	else if (heading >= 0)
		queue_fold_group(&p->queue, heading);
	else
		plain_say("The selected line folds nothing.");
	if (burst >= 0 || heading >= 0)
		plain_list(p);
}

static const struct choice others[] = {
        {"pivot", pivot},
        {"paths", paths},
        {"blast radius", blast},
        {"events after a time", around},
        {"the query as it was sent", as_sent},
        {"edit the plan", edit_plan},
        {"log cover", cover},
        {"vendor page", vendor},
        {"zone", zone},
        {"split", split},
        {"close many", close_many},
        {"bulk", bulk},
        {"sort", sort},
        {"group", group},
        {"unfold", unfold},
};

static const char *more_label(size_t i)
{
	return i < ARRAY_LEN(others) ? others[i].label : forms[i - ARRAY_LEN(others)].label;
}

#define MORE_COUNT (ARRAY_LEN(others) + ARRAY_LEN(forms))

/* MORE_COUNT: none is called so. */
static size_t more_named(const char *label)
{
	size_t i = 0;

	while (i < MORE_COUNT && strcmp(more_label(i), label) != 0)
		i++;
	return i;
}

bool plain_more_has(const char *label)
{
	return more_named(label) < MORE_COUNT;
}

static void run_more(struct plain *p, size_t at)
{
	if (at < ARRAY_LEN(others))
		others[at].fn(p);
	else
		run_form(p, &forms[at - ARRAY_LEN(others)]);
}

bool plain_more_named(struct plain *p, const char *label)
{
	size_t at = more_named(label);

	if (at < MORE_COUNT)
		run_more(p, at);
	return at < MORE_COUNT;
}

void plain_more(struct plain *p)
{
	const char *line;
	int64_t n;
	size_t at;

	for (size_t i = 0; i < MORE_COUNT; i++)
		plain_say("%zu %s", i + 1, more_label(i));
	line = plain_ask(p, "which (number or name)> ");
	if (line && slice_i64(slice_trim(slice_of(line)), &n))
		at = n >= 1 && n <= (int64_t)MORE_COUNT ? (size_t)n - 1 : MORE_COUNT;
	else
		at = more_named(line ? line : "");
	if (at < MORE_COUNT)
		run_more(p, at);
	else
		plain_say("Nothing was chosen.");
}
