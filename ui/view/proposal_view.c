/*
 * The playbook's steps for an incident, in the order in which they are safe, each with its reverse and who must approve.
 */
#include "view/app.h"

#include "view/plan_lines.h"

static void add_step(struct view *v, const cJSON *s)
{
	struct buf left = BUF_INIT, right = BUF_INIT;
	const char *risk = json_str(s, "risk", ""), *off = json_str(s, "reason_off", "");
	size_t from = v->doc.lines.n;
	char id[16];

	snprintf(id, sizeof(id), "%lld", (long long)json_i64(s, "n", 0));
	buf_printf(&left, "%2s %s", id, json_str(s, "title", ""));
	buf_printf(&right, "%-5.5s %-8.8s %-12.12s %-9.9s", risk, json_str(s, "needs", ""),
	           json_str(s, "reverse", ""), json_str(s, "state", ""));
	doc_two_sides(&v->doc, *off ? R_LOW : R_HEAD, (struct slice){left.s, left.len},
	              (struct slice){right.s, right.len});
	buf_reset(&left);
	if (json_str(s, "target", NULL))
		buf_printf(&left, "on %s. ", json_str(s, "target", ""));
	if (json_get(s, "why"))
		say_sentence(&left, json_get(s, "why"));
	say_ids(&left, json_get(s, "evidence"), 3);
	if (left.len)
		doc_wrap(&v->doc, R_TEXT, "   ", 3, (struct slice){left.s, left.len});
	if (*off)
		doc_wrap(&v->doc, R_WARN, "   off: ", 8, slice_of(off));
	doc_mean(&v->doc, from, id, s, 0);
	buf_release(&left);
	buf_release(&right);
}

static void proposal_build(struct app *a, struct view *v)
{
	const cJSON *s;

	(void)a;
	if (!v->data) {
		doc_printf(&v->doc, R_TEXT,
		           v->loading ? "looking for the playbook.." : "no playbook");
		return;
	}
	doc_two_sides(&v->doc, R_HEAD, SLICE(" # Step"),
	              SLICE("Risk  Needs    Reverse      State    "));
	cJSON_ArrayForEach(s, json_arr(v->data, "steps")) add_step(v, s);
	doc_add(&v->doc, R_TEXT, SLICE(""));
	if (json_str(v->data, "why", NULL))
		doc_wrap(&v->doc, R_TEXT, " ", 1, slice_of(json_str(v->data, "why", "")));
	cJSON_ArrayForEach(s, json_arr(v->data, "left_out")) if (cJSON_IsString(s))
	        doc_wrap(&v->doc, R_WARN, " left out: ", 11, slice_of(s->valuestring));
	doc_wrap(&v->doc, R_TEXT, " ", 1,
	         slice_of("Nothing here acts by itself: A asks for approval of a step, the "
	                  "approval has its own screen."));
}

static void proposal_crumb(struct app *a, struct view *v, struct buf *b)
{
	(void)a;
	if (v->data)
		buf_printf(b, "%s v%s   %d steps", json_str(v->data, "playbook", ""),
		           json_str(v->data, "version", "?"),
		           cJSON_GetArraySize(json_arr(v->data, "steps")));
}

static void proposed(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	char id[40];

	if (e) {
		app_say_err(a, e);
		return;
	}
	snprintf(id, sizeof(id), "%s", json_str(result, "id", json_str(result, "action", "")));
	cJSON_Delete(result);
	app_load(a, v, "playbook.get", params_new("incident", v->incident), NULL);
	if (id[0] && (app_active(a) != v || a->menu.open || a->ask.open))
		app_say(a, R_NEW, "%s is ready; Enter on its step opens it",
		        id); /* never over what is being done */
	else if (id[0])
		open_approval(a, id);
	else
		app_say(a, R_TEXT, "done, or not needed: see its state");
}

static void propose(struct app *a, struct view *v, const cJSON *step)
{
	cJSON *p = params_new("incident", v->incident);
	const char *off = json_str(step, "reason_off", "");

	if (*off) {
		cJSON_Delete(p);
		app_say(a, R_WARN, "off: %s", off);
		return;
	}
	json_add_i64(p, "step", json_i64(step, "n", 0));
	app_call(a, v, "action.propose", p, proposed);
}

static bool proposal_act(struct app *a, struct view *v, enum action act)
{
	const struct doc_line *l = view_selected(v);
	const char *id = l ? json_str(l->ref, "request", NULL) : NULL;

	switch (act) {
	case ACT_OPEN:
		if (id && id[0] == 'A' && id[1] == '-')
			open_approval(a, id);
		else if (l)
			app_say(a, R_TEXT, "%s. A asks for its approval",
			        json_str(l->ref, "title", ""));
		return true;
	case ACT_REQUEST:
		if (l)
			propose(a, v, l->ref);
		else
			app_say(a, R_WARN, "select a step first (j, k)");
		return true;
	case ACT_WHY:
		app_say(a, R_TEXT, "%s",
		        json_str(v->data, "why", "the playbook gives no reason for its order"));
		return true;
	case ACT_REVERSE:
		if (id)
			app_call(a, v, "action.reverse", params_new("action", id), proposed);
		else
			app_say(a, R_WARN,
			        "only what was done has a reverse; this step has no request yet");
		return true;
	case ACT_DENY:
		if (id)
			open_approval(a, id);
		else
			app_say(a, R_WARN, "this step has no request yet");
		return true;
	case ACT_REFRESH:
		app_load(a, v, "playbook.get", params_new("incident", v->incident), NULL);
		return true;
	default:
		return false;
	}
}

const struct view_ops proposal_ops = {.name = "proposed plan",
                                      .context = CX_PROPOSAL,
                                      .build = proposal_build,
                                      .crumb = proposal_crumb,
                                      .act = proposal_act};

void open_proposal(struct app *a, const char *incident)
{
	struct view *v = app_push(a, &proposal_ops, incident);

	v->session = app_session(a, incident);
	app_load(a, v, "playbook.get", params_new("incident", incident), NULL);
}
