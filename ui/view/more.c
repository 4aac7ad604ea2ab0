/*
 * Local steps on incidents from the queue or a card: assign, status, snooze, merge, split, suppress, close. Each is reviewed in
 * words before it is sent, and says afterwards what the engine made of it.
 */
#include "view/app.h"

#include "widget/text.h"

#define BULK_MAX 500

enum {
	M_ASSIGN,
	M_WORK,
	M_WAIT,
	M_SNOOZE,
	M_MERGE,
	M_UNMERGE,
	M_SPLIT,
	M_SUPPRESS,
	M_CLOSE,
	M_BACK
};

/* The ids that the step is about: ticked rows on the queue, else the selected or opened one. */
static size_t targets(struct app *a, const struct view *v, const char **ids)
{
	size_t n = v->ops == &queue_ops || v->ops == &storm_ops
	                   ? queue_ticked(&a->queue, ids, BULK_MAX)
	                   : 0;

	if (n)
		return n > BULK_MAX ? BULK_MAX : n;
	if (v->incident[0]) {
		ids[0] = v->incident;
		return 1;
	}
	if (!queue_selected(&a->queue))
		return 0;
	ids[0] = queue_selected(&a->queue)->id;
	return 1;
}

static void read_again(struct app *a, struct view *v)
{
	if (v->ops == &card_ops)
		app_load(a, v, "incident.get", params_new("id", v->incident), NULL);
	a->queue_own = true;
	app_read_queue(a);
}

/* What is said once the engine has done it: one step at a time is on its way. */
static struct {
	char done[200];
	size_t left, failed;
} step;

static void begin(size_t n, const char *fmt, ...) MW_PRINTF(2, 3);
static void begin(size_t n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(step.done, sizeof(step.done), fmt, ap);
	va_end(ap);
	step.left = n;
	step.failed = 0;
}

static void done(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	cJSON_Delete(result);
	step.left -= step.left > 0;
	step.failed += e != NULL;
	if (e)
		app_say_err(a, e);
	else if (!step.left && !step.failed)
		app_say(a, R_GOOD, "%s", step.done);
	if (!step.left)
		read_again(a, v);
}

/* words: what is said when it is done, "assigned to ana". */
static void update_all(struct app *a, struct view *v, const char *key, const char *value,
                       const char *words)
{
	const char *ids[BULK_MAX];
	size_t n = targets(a, v, ids);

	begin(n, "%s%s: %s", n == 1 ? ids[0] : "", n == 1 ? "" : "the ticked ones", words);
	for (size_t i = 0; i < n; i++) {
		struct qrow *r = queue_find(&a->queue, ids[i]);
		cJSON *p = params_new("id", ids[i]);
		json_add_str(p, key, value);
		if (r)
			json_add_i64(p, "rev", r->rev);
		app_call(a, v, "incident.update", p, done);
	}
}

static void owner_given(struct app *a, struct view *v, const char *text)
{
	char words[80];

	snprintf(words, sizeof(words), "assigned to %.60s", text);
	if (*text)
		update_all(a, v, "owner", text, words);
}

static void snooze_given(struct app *a, struct view *v, const char *text)
{
	int64_t span;
	char until[32];
	struct buf words = BUF_INIT;

	if (!mw_span_parse(slice_of(text), &span) || span <= 0) {
		app_say(a, R_BAD, "\"%s\" is no duration: write 30m, 4h or 2d", text);
		return;
	}
	mw_time_format((mw_now() + span) / MW_SECOND * MW_SECOND, until);
	buf_str(&words, "snoozed until ");
	say_clock(&words, mw_now() + span);
	buf_str(&words, "; H lists what is hidden");
	update_all(a, v, "snooze_until", until, words.s);
	buf_release(&words);
}

static void merge(struct app *a, struct view *v)
{
	const char *ids[BULK_MAX];
	size_t n = targets(a, v, ids);
	cJSON *p, *with;

	if (n < 2) {
		app_say(a, R_WARN,
		        "tick two or more incidents (Space) to merge them into the first");
		return;
	}
	p = params_new("id", ids[0]);
	with = json_add_arr(p, "with");
	for (size_t i = 1; i < n; i++)
		cJSON_AddItemToArray(with, cJSON_CreateString(ids[i]));
	begin(1, "merged %zu into %s; m, un-merge undoes it", n - 1, ids[0]);
	app_call(a, v, "incident.merge", p, done);
	queue_untick(&a->queue);
}

/* --- un-merge ---------------------------------------------------------------------------------- */

static void unmerge_chosen(struct app *a, struct view *v, int id)
{
	const cJSON *m = cJSON_GetArrayItem(json_arr(v->data, "merged"), id);
	cJSON *p = params_new("id", v->incident);

	json_add_str(p, "with", json_str(m, "id", ""));
	begin(1, "%s is an incident of its own again", json_str(m, "id", ""));
	app_call(a, v, "incident.unmerge", p, done);
}

static void unmerge(struct app *a, struct view *v)
{
	const cJSON *m;
	char label[160];
	int n = 0;

	app_menu(a, v, "Which incident is taken out again?", true, unmerge_chosen);
	cJSON_ArrayForEach(m, json_arr(v->data, "merged"))
	{
		snprintf(label, sizeof(label), "%s  %.120s", json_str(m, "id", ""),
		         json_str(m, "title", ""));
		menu_add(&a->menu, n++, label, "", NULL);
	}
	menu_ready(&a->menu);
}

/* --- split: a finding leaves the incident ---------------------------------------------------- */

static char *leaving;

static void split_reason(struct app *a, struct view *v, const char *text)
{
	cJSON *p;

	if (!*text || !leaving) {
		app_say(a, R_WARN, "not split: a reason is needed");
		return;
	}
	p = params_new("id", v->incident);
	cJSON_AddItemToArray(json_add_arr(p, "findings"), cJSON_CreateString(leaving));
	json_add_str(p, "reason", text);
	begin(1, "split off; it is an incident of its own");
	app_call(a, v, "incident.split", p, done);
}

/* A finding is a key, or an object that has one. */
const char *finding_key(const cJSON *f)
{
	return cJSON_IsString(f) ? f->valuestring : json_str(f, "key", json_str(f, "id", "?"));
}

static void split_chosen(struct app *a, struct view *v, int id)
{
	const cJSON *f = cJSON_GetArrayItem(json_arr(v->data, "findings"), id);

	if (!f)
		return;
	free(leaving);
	leaving = xstrdup(finding_key(f));
	app_ask_line(a, v, "why it does not belong here", "", split_reason);
}

static void split(struct app *a, struct view *v)
{
	const cJSON *f;
	int n = 0;

	app_menu(a, v, "Which finding leaves the incident?", true, split_chosen);
	cJSON_ArrayForEach(f, json_arr(v->data, "findings"))
	        menu_add(&a->menu, n++, json_str(f, "title", finding_key(f)), "", NULL);
	menu_ready(&a->menu);
}

/* --- close: verdict, reason, note ------------------------------------------------------------------------------------------------ */

static const struct {
	const char *wire, *label;
} verdicts[] = {{"true_positive", "true positive: it was an attack"},
                {"benign_positive", "benign positive: it happened, and it was meant to"},
                {"false_positive_logic", "false positive: the rule is wrong"},
                {"false_positive_data", "false positive: the data is wrong"},
                {"duplicate", "duplicate of another incident"}};
static int verdict;
static char *reason;

static void note_given(struct app *a, struct view *v, const char *note)
{
	const char *ids[BULK_MAX];
	size_t n = targets(a, v, ids);
	cJSON *p = cJSON_CreateObject(), *list = json_add_arr(p, "ids");

	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(list, cJSON_CreateString(ids[i]));
	json_add_str(p, "verdict", verdicts[verdict].wire);
	json_add_str(p, "reason", reason ? reason : "");
	if (*note)
		json_add_str(p, "note", note);
	queue_untick(&a->queue);
	open_bulk_close(a, p);
}

static void reason_given(struct app *a, struct view *v, const char *text)
{
	char label[64];
	const char *ids[BULK_MAX];

	if (!*text) {
		app_say(a, R_WARN, "not closed: a reason is needed");
		return;
	}
	free(reason);
	reason = xstrdup(text);
	snprintf(label, sizeof(label), "note (Enter: review of %zu as %.20s)", targets(a, v, ids),
	         verdicts[verdict].wire);
	app_ask_line(a, v, label, "", note_given);
}

static void verdict_chosen(struct app *a, struct view *v, int id)
{
	verdict = id;
	app_ask_line(a, v, "reason", "", reason_given);
}

void close_incident(struct app *a, struct view *v)
{
	const char *ids[BULK_MAX];
	char title[80];

	snprintf(title, sizeof(title), "Close %zu incident(s): verdict", targets(a, v, ids));
	app_menu(a, v, title, true, verdict_chosen);
	for (size_t i = 0; i < ARRAY_LEN(verdicts); i++)
		menu_add(&a->menu, (int)i, verdicts[i].label, "", NULL);
	menu_ready(&a->menu);
}

/* --- suppress ------------------------------------------------------------------------------------------------------------------------ */

static char *hidden_title;

static const char *severity_of(struct app *a, const struct view *v)
{
	const char *ids[BULK_MAX];
	const struct qrow *r = targets(a, v, ids) ? queue_find(&a->queue, ids[0]) : NULL;

	return r ? severity_word(r->severity) : "medium";
}

static void suppress_because(struct app *a, struct view *v, const char *text)
{
	char until[32];
	cJSON *p, *match;

	if (!*text || !hidden_title) {
		app_say(a, R_WARN, "not suppressed: a reason is needed");
		return;
	}
	mw_time_format((mw_now() + 7 * MW_DAY) / MW_SECOND * MW_SECOND, until);
	p = cJSON_CreateObject();
	match = json_add_obj(p, "match");
	json_add_str(match, "title", hidden_title);
	json_add_str(match, "severity", severity_of(a, v));
	json_add_str(p, "owner", a->status.user);
	json_add_str(p, "reason", text);
	json_add_str(p, "until", until);
	begin(1, "a rule until %s hides \"%.80s\"; H lists what it hides", until, hidden_title);
	app_call(a, v, "suppress.add", p, done);
}

static void suppress_given(struct app *a, struct view *v, const char *text)
{
	(void)v;
	if (!*text) {
		app_say(a, R_WARN, "not suppressed: a title is needed");
		return;
	}
	free(hidden_title);
	hidden_title = xstrdup(text);
	app_ask_line(a, v, "hidden for 7 days, because", "", suppress_because);
}

#define SHARED_LEAST 8 /* shorter beginnings would hide what is not like it */

/* A rule hides an incident where it fits each of its findings: their title, or how all of them begin. "": they share none. */
static char *shared_title(const cJSON *findings)
{
	const char *first = json_str(findings ? findings->child : NULL, "title", "");
	size_t n = strlen(first);
	const cJSON *f;
	bool same = true;

	cJSON_ArrayForEach(f, findings)
	{
		const char *title = json_str(f, "title", "");
		size_t k = 0;
		while (k < n && title[k] == first[k])
			k++;
		same = same && !first[k] && !title[k];
		n = k;
	}
	while (!same && n && ((unsigned char)first[n] & 0xC0) == 0x80)
		n--;
	if (!same && n < SHARED_LEAST)
		return xstrdup("");
	return xasprintf("%.*s%s", (int)n, first, same ? "" : "*");
}

/* What it hides is seen and can be made wider (a * at the end) or narrower before it is asked why. */
static void suppress_offered(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	char *own = e ? NULL : shared_title(json_arr(result, "findings"));

	(void)v;
	if (e)
		app_say_err(a, e);
	else
		app_ask_line(a, v, "hide titles (* at the end: all that begin so)", own,
		             suppress_given);
	free(own);
	cJSON_Delete(result);
}

static void suppress(struct app *a, struct view *v)
{
	const char *ids[BULK_MAX];

	if (targets(a, v, ids))
		app_call(a, v, "incident.get", params_new("id", ids[0]), suppress_offered);
}

/* Ends a snooze; a closed one is opened again. */
static void back_to_queue(struct app *a, struct view *v)
{
	const struct qrow *r = queue_selected(&a->queue);
	char now[32];

	if (r && !strcmp(r->state, "closed")) {
		update_all(a, v, "status", "work", "open again, in work");
		return;
	}
	mw_time_format(mw_now() / MW_SECOND * MW_SECOND, now);
	update_all(a, v, "snooze_until", now, "back in the queue");
}

static void chosen(struct app *a, struct view *v, int id)
{
	switch (id) {
	case M_ASSIGN:
		app_ask_line(a, v, "assign to", a->status.user, owner_given);
		break;
	case M_WORK:
		update_all(a, v, "status", "work", "in work");
		break;
	case M_WAIT:
		update_all(a, v, "status", "wait", "waiting");
		break;
	case M_SNOOZE:
		app_ask_line(a, v, "snooze for (30m, 4h, 2d)", "4h", snooze_given);
		break;
	case M_MERGE:
		merge(a, v);
		break;
	case M_UNMERGE:
		unmerge(a, v);
		break;
	case M_SPLIT:
		split(a, v);
		break;
	case M_SUPPRESS:
		suppress(a, v);
		break;
	case M_CLOSE:
		close_incident(a, v);
		break;
	case M_BACK:
		back_to_queue(a, v);
		break;
	default:
		break;
	}
}

void queue_more(struct app *a, struct view *v)
{
	const char *ids[BULK_MAX];
	size_t n = targets(a, v, ids);
	char title[80];

	if (!n) {
		app_say(a, R_WARN, "no incident is selected");
		return;
	}
	if (n == 1)
		snprintf(title, sizeof(title), "%s", ids[0]);
	else
		snprintf(title, sizeof(title), "%.20s and %zu more", ids[0], n - 1);
	app_menu(a, v, title, true, chosen);
	menu_add(&a->menu, M_ASSIGN, "assign", "", NULL);
	menu_add(&a->menu, M_WORK, "status: in work", "", NULL);
	menu_add(&a->menu, M_WAIT, "status: waiting", "", NULL);
	menu_add(&a->menu, M_SNOOZE, "snooze", "", NULL);
	menu_add(&a->menu, M_MERGE, "merge the ticked ones", "", n < 2 ? "tick two or more" : NULL);
	menu_add(&a->menu, M_UNMERGE, "un-merge: give a merged one back", "",
	         cJSON_GetArraySize(json_arr(v->data, "merged")) ? NULL
	         : v->ops == &card_ops                           ? "nothing was merged into it"
	                                                         : "open the incident first");
	menu_add(&a->menu, M_SPLIT, "split: take a finding out", "",
	         cJSON_GetArraySize(json_arr(v->data, "findings")) > 1 ? NULL
	         : v->ops == &card_ops                                 ? "it has one finding"
	                                                               : "open the incident first");
	menu_add(&a->menu, M_SUPPRESS, "hide others like it, with owner, reason and end", "", NULL);
	menu_add(&a->menu, M_CLOSE, "close: verdict, reason, note", "", NULL);
	if (a->queue.hidden)
		menu_add(&a->menu, M_BACK, "back to the queue: end the snooze, open again", "",
		         NULL);
	menu_ready(&a->menu);
}
