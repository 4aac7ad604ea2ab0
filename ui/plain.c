#include "plain_int.h"

#include <signal.h>
#include <unistd.h>

#include "model/link.h"
#include "view/app.h"
#include "view/plain_view.h"
#include "widget/text.h"

#define WIDTH 78

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* --- lines out and in ------------------------------------------------------------------------------------------------------ */

/* One line for a reader: escaped, runs of blanks made two, since columns mean nothing to the ear. */
static void say_line(const char *text)
{
	struct buf clean = BUF_INIT;
	int blanks = 0;

	esc_term(&clean, slice_of(text));
	for (size_t i = 0; i < clean.len; i++) {
		blanks = clean.s[i] == ' ' ? blanks + 1 : 0;
		if (blanks <= 2)
			putchar(clean.s[i]);
	}
	putchar('\n');
	buf_release(&clean);
}

void plain_say(const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	say_line(b.s);
	buf_release(&b);
}

/* The next line of input without its newline, or NULL at the end. */
const char *plain_ask(struct plain *p, const char *prompt)
{
	ssize_t n;

	fputs(prompt, stdout);
	fflush(stdout);
	n = getline(&p->line, &p->cap, stdin);
	if (n < 0) {
		p->quit = true;
		return NULL;
	}
	while (n > 0 && (p->line[n - 1] == '\n' || p->line[n - 1] == '\r'))
		p->line[--n] = '\0';
	return p->line;
}

cJSON *plain_call(struct plain *p, const char *method, cJSON *params)
{
	struct err e;
	cJSON *result = NULL;

	if (p->readonly && !method_reads(method)) {
		cJSON_Delete(params);
		plain_say("Not done: this console was started read-only.");
		return NULL;
	}
	if (client_call(&p->cl, method, params ? params : cJSON_CreateObject(), &result, &e)) {
		plain_say("Failed: %s", e.what);
		return NULL;
	}
	return result;
}

/* Says what the screen of these ops would show for the data. Takes data over. */
void plain_view(struct plain *p, const struct view_ops *ops, cJSON *data)
{
	struct view v = {.ops = ops, .data = data, .find = BUF_INIT, .session = &p->session};
	const struct doc_line *l;

	if (!data && ops != &chat_ops)
		return;
	snprintf(v.incident, sizeof(v.incident), "%s", p->incident);
	plain_view_open(&v);
	doc_reset(&v.doc, WIDTH);
	ops->build(NULL, &v);
	vec_each (l, &v.doc.lines)
		if (l->text[0])
			say_line(l->text);
	plain_view_close(&v);
	doc_release(&v.doc);
	cJSON_Delete(v.data);
	buf_release(&v.find);
}

/* --- questions --------------------------------------------------------------------------------------------------------------- */

static void on_news(void *ctx, const char *method, const cJSON *params)
{
	struct plain *p = ctx;
	const cJSON *job = json_obj(params, "job") ? json_obj(params, "job") : params;

	if (!strncmp(method, "job.", 4))
		session_job(&p->session, job);
	else if (!strcmp(method, "watch.hit"))
		plain_say("Watch: %s", json_str(params, "text", ""));
	else if (!strcmp(method, "engine.notice"))
		plain_say("Engine: %s", json_str(params, "text", ""));
}

static void cancel(struct plain *p, int64_t job)
{
	cJSON *params = cJSON_CreateObject();

	interrupted = 0;
	plain_say("Cancelling; what came so far stays and is marked partial.");
	json_add_i64(params, "job", job);
	cJSON_Delete(plain_call(p, "job.cancel", params));
}

static void say_steps(const struct turn *t, char states[16])
{
	const cJSON *s;
	int i = 0;

	cJSON_ArrayForEach(s, json_arr(t->job, "steps"))
	{
		const char *state = json_str(s, "state", "");
		if (i < 16 && states[i] != state[0] &&
		    (state[0] == 'd' || state[0] == 'f' || state[0] == 's'))
			plain_say("Step %lld%s%s: %s, %lld rows.",
			          (long long)json_i64(s, "n", i) + 1,
			          *json_str(s, "title", "") ? ", " : "", json_str(s, "title", ""),
			          state, (long long)json_i64(s, "rows", 0));
		if (i < 16)
			states[i] = state[0];
		i++;
	}
}

static void wait_answer(struct plain *p, size_t turn)
{
	char states[16] = {0};
	struct err e;

	while (turn_running(&p->session.turns.v[turn])) {
		int64_t job = turn_job_id(&p->session.turns.v[turn]);
		if (interrupted && job)
			cancel(p, job);
		if (client_wait_news(&p->cl, mw_mono_us() + MW_SECOND / 2, &e) < 0) {
			if (interrupted)
				continue;
			plain_say("Failed: %s", e.what);
			p->quit = true;
			return;
		}
		say_steps(&p->session.turns.v[turn], states);
	}
}

/* Sends what makes a turn (ask, recipe.run), waits for its answer and says that turn only. */
void plain_turn(struct plain *p, const char *question, const char *method, cJSON *params)
{
	size_t i = session_ask(&p->session, question, mw_now());
	struct session one = {.loaded = true};
	cJSON *result = NULL;
	struct err e;

	json_add_str(params, "session", p->session.name);
	if (p->incident[0])
		json_add_str(params, "incident", p->incident);
	if (client_call(&p->cl, method, params, &result, &e))
		session_asked(&p->session, i, NULL, &e);
	else
		session_asked(&p->session, i, result, NULL);
	wait_answer(p, i);
	*vec_push(&one.turns) = p->session.turns.v[i];
	struct session all = p->session;
	p->session.turns.v = one.turns.v;
	p->session.turns.n = 1;
	plain_view(p, &chat_ops, NULL);
	p->session.turns = all.turns;
	vec_free(&one.turns);
}

void plain_question(struct plain *p, const char *question)
{
	plain_turn(p, question, "ask", params_new("question", question));
}

/* A numbered question of the card. */
static void ask_next(struct plain *p)
{
	cJSON *card = plain_call(p, "incident.get", params_new("id", p->incident)), *params;
	const char *line = plain_ask(p, "question number> ");
	const cJSON *n;
	int64_t at = 0;

	(void)slice_i64(slice_trim(slice_of(line ? line : "")), &at);
	cJSON_ArrayForEach(n, json_arr(card, "next")) if (json_i64(n, "n", -1) == at) break;
	if (n) {
		params = params_new("recipe", json_str(n, "recipe", ""));
		json_add_str(params, "value", json_str(n, "value", ""));
		plain_turn(p, json_str(n, "label", ""), "recipe.run", params);
	} else {
		plain_say("There is no question of that number; 1 says the card again.");
	}
	cJSON_Delete(card);
}

static void ask_words(struct plain *p)
{
	const char *q = plain_ask(p, "ask> ");
	char *copy = q && *q ? xstrdup(q) : NULL;

	if (copy)
		plain_question(p, copy);
	free(copy);
}

static void open_session(struct plain *p, const char *name)
{
	session_release(&p->session);
	session_init(&p->session, name);
	cJSON_Delete(plain_call(p, "subscribe", params_new("session", name)));
}

/* --- the queue ----------------------------------------------------------------------------------------------------------------- */

void plain_read_queue(struct plain *p)
{
	int64_t offset = 0;

	while (offset >= 0) {
		cJSON *params = cJSON_CreateObject(), *page;
		json_add_i64(params, "offset", offset);
		json_add_i64(params, "limit", 1000);
		page = plain_call(p, "queue.list", params);
		if (!page)
			return;
		offset = queue_page(&p->queue, page, p->user, mw_now());
		cJSON_Delete(page);
	}
	queue_refresh(&p->queue);
}

static void say_row_of(const struct qrow *r)
{
	char sla[16] = "";

	if (r->sla_s != INT64_MIN)
		age_text(r->sla_s * MW_SECOND, sla);
	plain_say("%s %s, score %d, %s, %s%s, %s%s.", r->id, severity_word(r->severity), r->score,
	          r->state, r->owner[0] ? "owner " : "no owner", r->owner,
	          r->sla_s != INT64_MIN ? sla : "no promise",
	          r->sla_s != INT64_MIN
	                  ? (r->sla_s < 0 ? " over the promise" : " to the next promise")
	                  : "");
	plain_say("From %s, %lld records. %s.", r->sources, (long long)r->count, r->title);
}

static void say_burst(const struct plain *p, int burst)
{
	const struct qburst *b = &p->queue.bursts.v[burst];

	plain_say("%zu alike incidents of one rule, worst %s: %s.%s", b->n,
	          severity_word(b->severity), p->queue.alike.v.v[burst].pattern,
	          b->open ? "" : " Open lists them.");
}

static void say_group(const struct plain *p, int group)
{
	const struct qgroup *g = &p->queue.groups.v[group];

	plain_say("%s %s, %zu incident%s, %zu critical%s", queue_group_name(p->queue.group),
	          g->key[0] ? g->key : "unknown", g->n, g->n == 1 ? "" : "s", g->criticals,
	          g->shut ? ", folded." : ":");
}

static void say_selected(struct plain *p)
{
	const struct qrow *r = queue_selected(&p->queue);

	if (queue_selected_group(&p->queue) >= 0)
		say_group(p, queue_selected_group(&p->queue));
	else if (queue_selected_burst(&p->queue) >= 0)
		say_burst(p, queue_selected_burst(&p->queue));
	else if (r)
		say_row_of(r);
	else
		plain_say("No incident%s.",
		          p->queue.filter[0] ? " passes the filter" : " in the queue");
}

void plain_list(struct plain *p)
{
	plain_say("%zu of %lld incidents, hidden %lld.", p->queue.passing,
	          (long long)p->queue.total,
	          (long long)(p->queue.suppressed + p->queue.snoozed + p->queue.closed));
	for (size_t i = 0; i < p->queue.view.n && i < 40; i++) {
		const struct qline *l = &p->queue.view.v[i];
		const struct qrow *r = &p->queue.rows.v[l->row];
		if (l->group >= 0) {
			say_group(p, l->group);
			continue;
		}
		if (l->burst >= 0) {
			say_burst(p, l->burst);
			continue;
		}
		plain_say("%s %s, score %d, %s: %s.", r->id, severity_word(r->severity), r->score,
		          r->state, r->title);
	}
}

static void queue_next(struct plain *p)
{
	list_move(&p->queue.list, &p->queue, p->queue.view.n, queue_view_id, 1);
	say_selected(p);
}

static void queue_previous(struct plain *p)
{
	list_move(&p->queue.list, &p->queue, p->queue.view.n, queue_view_id, -1);
	say_selected(p);
}

static void queue_filter(struct plain *p)
{
	const char *f = plain_ask(p, "filter (sev: owner: state: src: score: words)> ");

	if (!f)
		return;
	queue_set_filter(&p->queue, f);
	plain_say("%zu of %lld incidents.", p->queue.passing, (long long)p->queue.total);
	say_selected(p);
}

static void update(struct plain *p, const char *id, const char *key, const char *value)
{
	const struct qrow *r = queue_find(&p->queue, id);
	cJSON *params = params_new("id", id), *result;

	json_add_str(params, key, value);
	if (r)
		json_add_i64(params, "rev", r->rev);
	result = plain_call(p, "incident.update", params);
	if (result)
		plain_say("%s: %s is now %s.", id, key, value);
	cJSON_Delete(result);
	plain_read_queue(p);
}

const char *plain_target(struct plain *p)
{
	const struct qrow *r = queue_selected(&p->queue);

	return p->incident[0] ? p->incident : r ? r->id : NULL;
}

static void claim(struct plain *p)
{
	char id[24];

	if (!plain_target(p))
		return;
	snprintf(id, sizeof(id), "%s", plain_target(p));
	update(p, id, "owner", p->user);
	update(p, id, "status", "work");
}

/* --- one incident ------------------------------------------------------------------------------------------------------------------- */

static void card(struct plain *p)
{
	plain_view(p, &card_ops, plain_call(p, "incident.get", params_new("id", p->incident)));
}

static void timeline(struct plain *p)
{
	cJSON *params = params_new("incident", p->incident);

	json_add_i64(params, "offset", 0);
	json_add_i64(params, "limit", 60);
	plain_view(p, &timeline_ops, plain_call(p, "timeline.get", params));
}

static void evidence(struct plain *p)
{
	const char *id = plain_ask(p, "which record (e12, c3)> ");
	char wire[32];

	if (!id || !wire_id(slice_of(id), wire)) {
		if (id && *id)
			plain_say("\"%s\" is no record: they look like e12 or c3.", id);
		return;
	}
	plain_view(p, &evidence_ops,
	           plain_call(p, wire[0] == 'c' ? "cover.get" : "evidence.get",
	                      params_new("id", wire)));
}

static void note(struct plain *p)
{
	const char *text = plain_ask(p, "note> ");
	cJSON *params, *result;

	if (!text || !*text)
		return;
	params = params_new("id", p->incident);
	json_add_str(params, "text", text);
	result = plain_call(p, "incident.note", params);
	if (result)
		plain_say("Noted.");
	cJSON_Delete(result);
}

static void close_it(struct plain *p)
{
	cJSON *params = cJSON_CreateObject(), *ids = json_add_arr(params, "ids"), *result;
	const char *word;

	cJSON_AddItemToArray(ids, cJSON_CreateString(p->incident));
	word = plain_ask(p, PLAIN_VERDICT);
	json_add_str(params, "verdict", word ? word : "");
	word = word && *word ? plain_ask(p, "reason> ") : NULL;
	if (!word || !*word) {
		cJSON_Delete(params);
		plain_say("Not closed.");
		return;
	}
	json_add_str(params, "reason", word);
	result = plain_call(p, "incident.close", params);
	if (result)
		plain_say("Closed.");
	cJSON_Delete(result);
}

/* --- approvals ------------------------------------------------------------------------------------------------------------------------ */

static void decide(struct plain *p, const char *id, const cJSON *action)
{
	const char *off = json_str(action, "off", NULL), *word;
	cJSON *params = params_new("action", id), *result;
	bool deny;

	if (off)
		plain_say("Approving is off for you: %s.", off);
	word = plain_ask(
	        p, "type the target's name to approve, deny to deny, nothing to leave it open> ");
	if (!word || !*word) {
		cJSON_Delete(params);
		plain_say("Left open, nothing decided.");
		return;
	}
	deny = !strcmp(word, "deny");
	if (deny) {
		word = plain_ask(p, "deny, because> ");
		json_add_str(params, "reason", word ? word : "");
	} else {
		json_add_str(params, "digest", json_str(action, "digest", ""));
		json_add_str(params, "word", word);
	}
	result = plain_call(p, deny ? "action.deny" : "action.approve", params);
	if (result)
		plain_say("%s: %s.", id, json_str(result, "state", deny ? "denied" : "approved"));
	else
		plain_say("NOT approved.");
	cJSON_Delete(result);
}

/* The request for a step: the one that is open, else a new one. "" in id: there is none, and it was said why. */
static void request_of(struct plain *p, int64_t step, char id[40])
{
	cJSON *book = plain_call(p, "playbook.get", params_new("incident", p->incident)), *params,
	      *result;
	const cJSON *s;

	id[0] = '\0';
	cJSON_ArrayForEach(s, json_arr(book, "steps"))
	{
		if (json_i64(s, "n", -1) == step && !strcmp(json_str(s, "state", ""), "open"))
			snprintf(id, 40, "%s", json_str(s, "request", ""));
	}
	cJSON_Delete(book);
	if (id[0])
		return;
	params = params_new("incident", p->incident);
	json_add_i64(params, "step", step);
	result = plain_call(p, "action.propose", params);
	snprintf(id, 40, "%s", json_str(result, "id", ""));
	cJSON_Delete(result);
}

static void response(struct plain *p)
{
	const char *n;
	char id[40];
	cJSON *action;

	plain_view(p, &proposal_ops,
	           plain_call(p, "playbook.get", params_new("incident", p->incident)));
	n = plain_ask(p, "ask approval of step (number, nothing to go back)> ");
	if (!n || !*n)
		return;
	request_of(p, strtol(n, NULL, 10), id);
	action = id[0] ? plain_call(p, "action.get", params_new("action", id)) : NULL;
	if (!action)
		return;
	plain_say("Approval %s, everything that is asked for:", id);
	plain_view(p, &approval_ops, cJSON_Duplicate(action, true));
	decide(p, id, action);
	cJSON_Delete(action);
}

static void draft(struct plain *p)
{
	cJSON *params = params_new("kind", p->incident[0] ? "incident" : "handoff"), *result;
	struct slice rest, line;

	if (p->incident[0])
		json_add_str(params, "incident", p->incident);
	result = plain_call(p, "report.draft", params);
	rest = slice_of(json_str(result, "markdown", ""));
	while (slice_split(&rest, '\n', &line)) {
		char *one = xstrndup(line.s, line.n);
		say_line(one);
		free(one);
	}
	cJSON_Delete(result);
}

static void leave_incident(struct plain *p)
{
	p->incident[0] = '\0';
	open_session(p, "main");
	plain_read_queue(p);
	say_selected(p);
}

static void open_incident(struct plain *p)
{
	if (!plain_target(p))
		return;
	snprintf(p->incident, sizeof(p->incident), "%s", plain_target(p));
	open_session(p, p->incident);
	card(p);
}

static void quit(struct plain *p)
{
	p->quit = true;
}

/* --- menus ------------------------------------------------------------------------------------------------------------------------------ */

static const struct choice queue_menu[] = {
        {"open", open_incident},      {"claim", claim},     {"next incident", queue_next},
        {"previous", queue_previous}, {"list", plain_list}, {"filter", queue_filter},
        {"ask", ask_words},           {"handoff", draft},   {"quit", quit},
        {"more", plain_more}};
static const struct choice card_menu[] = {{"card", card},
                                          {"ask", ask_words},
                                          {"timeline", timeline},
                                          {"evidence", evidence},
                                          {"claim", claim},
                                          {"note", note},
                                          {"response", response},
                                          {"report", draft},
                                          {"close", close_it},
                                          {"back", leave_incident},
                                          {"question of the card", ask_next},
                                          {"more", plain_more}};

/* n: none is called so. */
static size_t named(const struct choice *menu, size_t n, const char *label)
{
	size_t i = 0;

	while (i < n && strcmp(menu[i].label, label) != 0)
		i++;
	return i;
}

static void turn(struct plain *p)
{
	const struct choice *menu = p->incident[0] ? card_menu : queue_menu;
	size_t n = p->incident[0] ? ARRAY_LEN(card_menu) : ARRAY_LEN(queue_menu);
	struct buf b = BUF_INIT;
	const char *line;
	int64_t at;

	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s%zu %s", i ? "  " : "", i + 1, menu[i].label);
	puts(b.s);
	buf_release(&b);
	line = plain_ask(p, "> ");
	if (!line || !*line)
		return;
	if (slice_i64(slice_trim(slice_of(line)), &at) && at >= 1 && at <= (int64_t)n) {
		menu[at - 1].fn(p);
	} else if (named(menu, n, line) < n) {
		menu[named(menu, n, line)].fn(p);
	} else if (plain_more_named(p, line)) {
		return;
	} else if (!strcmp(line, "quit")) {
		p->quit = true;
	} else if (line[0] == ':') { /* words of the command line */
		char *words = xstrdup(line + 1);
		plain_command(p, words);
		free(words);
	} else if (strchr(line, ' ')) { /* words are a question */
		char *q = xstrdup(line);
		plain_question(p, q);
		free(q);
	} else {
		plain_say(
		        "Type a number of the menu, a question in words, or a command after a colon (:help).");
	}
}

bool plain_has(const char *label)
{
	return named(queue_menu, ARRAY_LEN(queue_menu), label) < ARRAY_LEN(queue_menu) ||
	       named(card_menu, ARRAY_LEN(card_menu), label) < ARRAY_LEN(card_menu) ||
	       plain_more_has(label);
}

bool plain_needed(void)
{
	const char *term = getenv("TERM");

	return !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || !term || !*term ||
	       !strcmp(term, "dumb");
}

static int start(struct plain *p, struct cli *c, const char *incident)
{
	struct sigaction sa = {
	        .sa_handler = on_interrupt}; /* no restart: a wait ends, the job is cancelled */
	int rc = cli_open(c, &p->cl);

	if (rc)
		return rc;
	sigaction(SIGINT, &sa, NULL);
	p->cl.news = on_news;
	p->cl.ctx = p;
	snprintf(p->user, sizeof(p->user), "%s", json_str(p->cl.hello, "user", "?"));
	queue_init(&p->queue);
	session_init(&p->session, "main");
	plain_say(
	        "Midwatch. You are %s, role %s%s. Every line that appears here is new; nothing moves.",
	        p->user, json_str(p->cl.hello, "role", "?"), p->readonly ? ", read-only" : "");
	open_session(p, "main");
	plain_read_queue(p);
	if (incident) {
		snprintf(p->incident, sizeof(p->incident), "%s", incident);
		open_incident(p);
	} else {
		say_selected(p);
	}
	return CLI_OK;
}

int plain_run(struct cli *c, const char *incident, bool readonly)
{
	struct plain p = {.cli = c, .readonly = readonly};
	int rc = start(&p, c, incident);

	if (rc)
		return rc;
	while (!p.quit)
		turn(&p);
	session_release(&p.session);
	queue_release(&p.queue);
	client_close(&p.cl);
	free(p.line);
	return CLI_OK;
}
