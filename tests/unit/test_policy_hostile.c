/* Every string of the hostile set down every path that outside text takes: log field, tag, finding title, ticket, model reply, tool
 * argument. Nothing acts, nothing is planned, nothing reaches a terminal or a page live, no approval appears, no data stands in a URL. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/escape.h"
#include "ground/ground.h"
#include "investigate/summary.h"
#include "llm/reply.h"
#include "plan/plan.h"
#include "policy/approval.h"
#include "policy/fence.h"
#include "policy/redact.h"
#include "report/report.h"

static struct err err;

struct hostile {
	char id[8];
	bool injection;
	struct buf text;
};
static VEC(struct hostile) strings;

static void add_string(const cJSON *x)
{
	struct hostile *h = vec_push(&strings);
	const char *hex = json_str(x, "bytes_hex", NULL);
	snprintf(h->id, sizeof(h->id), "%s", json_str(x, "id", "?"));
	h->injection = !strcmp(json_str(x, "category", ""), "prompt_injection");
	h->text = (struct buf)BUF_INIT;
	buf_str(&h->text, json_str(x, "text", ""));
	for (size_t i = 0; hex && hex[i] && hex[i + 1]; i += 2) {
		char two[3] = {hex[i], hex[i + 1], 0};
		buf_ch(&h->text, (char)strtoul(two, NULL, 16));
	}
}

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *s = f ? xcalloc(1, 1 << 20) : NULL;
	if (f) {
		s[fread(s, 1, (1 << 20) - 1, f)] = '\0';
		fclose(f);
	}
	return s;
}

static int load(void **state)
{
	const char *shared = getenv("MW_SHARED");
	char *path = xasprintf("%s/data/hostile/hostile_strings.json",
	                       shared ? shared : "../shared"),
	     *text = slurp(path);
	/* The file is read leniently: it holds what our own readers refuse. */
	cJSON *j = text ? cJSON_Parse(text) : NULL;
	const cJSON *list = json_arr(j, "strings");
	(void)state;
	for (const cJSON *x = list ? list->child : NULL; x; x = x->next)
		add_string(x);
	cJSON_Delete(j);
	free(text);
	free(path);
	return fields_load(&err);
}

/* ---- what a path makes of a string ---- */

enum kind { OUT_TERMINAL, OUT_HTML, OUT_PROMPT };

static struct slice of(const struct hostile *h)
{
	return (struct slice){h->text.s, h->text.len};
}

static void log_field(const struct hostile *h, struct buf *out)
{
	struct event ev = {.dataset = "cloudtrail", .time = MW_SECOND, .arrival = MW_TIME_NONE};
	struct summary *s = summary_new();
	struct described d;
	struct buf json = BUF_INIT;
	cJSON *list;
	event_add(&ev, field_find(SLICE("actor.user.name"))->id, of(h));
	event_add(&ev, field_find(SLICE("http_request.user_agent"))->id, of(h));
	describe_event(&ev, &d);
	summary_add(s, &ev, 1, &d);
	list = summary_json(s);
	for (const cJSON *x = list->child; x; x = x->next)
		buf_str(&json, json_str(x, "text", ""));
	esc_term(out, (struct slice){json.s, json.len});
	cJSON_Delete(list);
	buf_release(&json);
	summary_free(s);
	event_release(&ev);
}

/* As a title, a note and an entity of a case, into the report that leaves. */
static void finding_title(const struct hostile *h, struct buf *out)
{
	cJSON *card = cJSON_CreateObject(), *what = json_add_arr(card, "what"),
	      *one = cJSON_CreateObject(), *notes = json_add_arr(card, "notes"),
	      *note = cJSON_CreateObject();
	struct report_in in = {.incident = card, .author = "a"};
	struct buf md = BUF_INIT;
	json_add_slice(card, "title", of(h));
	json_add_slice(one, "text", of(h));
	json_add_arr(one, "evidence");
	cJSON_AddItemToArray(what, one);
	json_add_slice(note, "text", of(h));
	json_add_str(note, "by", "a");
	cJSON_AddItemToArray(notes, note);
	report_incident(&in, &md);
	assert_int_equal(report_html((struct slice){md.s, md.len}, "x", NULL, out, &err), 0);
	buf_release(&md);
	cJSON_Delete(card);
}

static void fenced(const struct hostile *h, struct buf *out)
{
	char nonce[FENCE_NONCE];
	const char *end;
	bool flagged;
	fence_nonce(nonce);
	flagged = fence_value(out, nonce, "ticket comment", of(h));
	if (h->injection && !flagged)
		fail_msg("%s: no flag", h->id);
	end = strstr(out->s, "<<end ");
	if (!end || strstr(end + 1, "<<end ") || memchr(out->s, '\n', out->len - 1))
		fail_msg("%s closes its fence", h->id);
}

static void tag(const struct hostile *h, struct buf *out)
{
	struct redact_policy p = {
	        .free_text = true, .accounts = true, .hostnames = true, .addresses = true};
	struct redact *r = redact_new(&p);
	cJSON *node = cJSON_CreateObject(), *tags = json_add_obj(node, "tags"), *sent;
	struct buf json = BUF_INIT;
	json_add_slice(tags, "owner", of(h));
	sent = redact_json(r, node);
	json_write(&json, sent);
	fence_text(out, NULL, (struct slice){json.s, json.len}, FENCE_VALUE_MAX);
	buf_release(&json);
	cJSON_Delete(sent);
	cJSON_Delete(node);
	redact_free(r);
}

/* The model says it: words, never a call, and no sentence that counts as shown. */
static void model_reply(const struct hostile *h, struct buf *out)
{
	struct reply r;
	struct buf sse = BUF_INIT;
	struct ground *g = ground_new();
	struct ground_verdict v = {0};
	struct slice id = SLICE("ev:1");
	reply_init(&r, REPLY_OPENAI);
	buf_str(&sse, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":");
	json_write_string(&sse, of(h));
	buf_str(&sse, "},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
	assert_int_equal(reply_feed(&r, (struct slice){sse.s, sse.len}, &err), 0);
	reply_close(&r);
	if (r.calls.n)
		fail_msg("%s became a tool call", h->id);
	ground_check(g, (struct slice){r.content.s, r.content.len}, &id, 1, &v);
	if (v.status == GROUND_SUPPORTED || v.status == GROUND_OPINION)
		fail_msg("%s counts as shown by a record that was never given", h->id);
	esc_term(out, (struct slice){r.content.s, r.content.len});
	ground_verdict_release(&v);
	ground_free(g);
	buf_release(&sse);
	reply_release(&r);
}

/* The model calls the plan tool with it as value, field, source and as the whole plan. */
static void tool_argument(const struct hostile *h, struct buf *out)
{
	static const char *const frames[] = {
	        "{\"steps\":[{\"search\":{\"source\":\"lake\",\"where\":{\"field\":\"actor.user."
	        "name\",\"op\":\"eq\",\"value\":%s}}}]}",
	        "{\"steps\":[{\"search\":{\"source\":\"lake\",\"where\":{\"field\":%s,\"op\":"
	        "\"eq\",\"value\":\"x\"}}}]}",
	        "{\"steps\":[{\"search\":{\"source\":\"lake\",\"where\":{\"field\":\"actor.user."
	        "name\",\"op\":%s,\"value\":\"x\"}}}]}",
	        "{\"action\":%s,\"steps\":[]}",
	};
	struct buf value = BUF_INIT;
	json_write_string(&value, of(h));
	for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
		const char *slot = strstr(frames[i], "%s");
		struct buf text = BUF_INIT;
		cJSON *j;
		struct plan *p;
		buf_add(&text, frames[i], (size_t)(slot - frames[i]));
		buf_add(&text, value.s, value.len);
		buf_str(&text, slot + 2);
		j = json_parse((struct slice){text.s, text.len}, 1 << 20, &err);
		p = j ? plan_from_json(j, &err) : NULL;
		if (i && p && !plan_validate(p, &err))
			fail_msg("%s made a plan where it stood for a name (%zu)", h->id, i);
		if (!p)
			esc_term(out, slice_of(err.what));
		plan_free(p);
		cJSON_Delete(j);
		buf_release(&text);
	}
	buf_release(&value);
}

static const struct {
	const char *name;
	void (*walk)(const struct hostile *h, struct buf *out);
	enum kind kind;
} paths[] = {
        {"log field", log_field, OUT_TERMINAL},
        {"finding title and note", finding_title, OUT_HTML},
        {"ticket, fenced", fenced, OUT_PROMPT},
        {"resource tag", tag, OUT_PROMPT},
        {"model reply", model_reply, OUT_TERMINAL},
        {"tool argument", tool_argument, OUT_TERMINAL},
};

/* ---- what must hold of anything that came out ---- */

static bool raw_control(const struct buf *b, bool lines)
{
	for (size_t i = 0; i < b->len;) {
		uint32_t cp;
		size_t n = utf8_decode(b->s + i, b->len - i, &cp);
		if (!n || (mw_invisible(cp) && !(lines && (cp == '\n' || cp == '\t'))))
			return true;
		i += n;
	}
	return false;
}

static bool live_html(const char *s)
{
	static const char *const live[] = {
	        "<script",  "<img",  "<a href=\"http", "<iframe", "javascript:alert\"",
	        "onerror=", "<form", "src=\"http",     "<link",   "<meta http-equiv=\"refresh",
	        "<object",  "<embed"};
	for (size_t i = 0; i < ARRAY_LEN(live); i++)
		if (strcasestr(s, live[i]))
			return true;
	return false;
}

static void every_string_down_every_path(void **state)
{
	size_t walked = 0;
	(void)state;
	if (!strings.n) {
		print_message("skipped: no ../shared\n");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		for (size_t k = 0; k < strings.n; k++) {
			struct buf out = BUF_INIT;
			paths[i].walk(&strings.v[k], &out);
			if (raw_control(&out, paths[i].kind != OUT_TERMINAL))
				fail_msg("%s by the path of a %s: control characters came out",
				         strings.v[k].id, paths[i].name);
			if (paths[i].kind == OUT_HTML && live_html(out.s))
				fail_msg("%s by the path of a %s: the page is live",
				         strings.v[k].id, paths[i].name);
			walked++;
			buf_release(&out);
		}
	print_message("%zu strings down %zu paths\n", strings.n, ARRAY_LEN(paths));
	assert_int_equal(walked, strings.n * ARRAY_LEN(paths));
}

/* Nothing that anybody writes is an approval: only the digest of what was shown, the typed word, and a person's own rights. */
static void no_text_approves(void **state)
{
	cJSON *step = json_parse(
	        SLICE("{\"title\":\"Contain "
	              "web-07\",\"action\":\"crowdstrike.contain\",\"system\":\"crowdstrike\","
	              "\"target\":\"web-07\",\"needs\":\"lead\",\"state\":\"ready\"}"),
	        4096, &err);
	cJSON *incident =
	              json_parse(SLICE("{\"id\":42,\"title\":\"x\",\"evidence\":[]}"), 4096, &err),
	      *action;
	struct person asker = {.name = "a", .uid = 1, .role = ROLE_ANALYST},
	              lead = {.name = "b", .uid = 2, .role = ROLE_LEAD};
	char digest[DIGEST_HEX];
	(void)state;
	action = approval_make(step, incident, &asker, MW_SECOND, &err);
	assert_non_null(action);
	approval_digest(action, digest);
	for (size_t k = 0; k < strings.n; k++) {
		const char *s = strings.v[k].text.s;
		assert_int_equal(approval_check(action, &lead, s, json_str(action, "word", ""),
		                                2 * MW_SECOND, &err),
		                 -1);
		assert_int_equal(approval_check(action, &lead, digest, s, 2 * MW_SECOND, &err), -1);
	}
	cJSON_Delete(action);
	cJSON_Delete(incident);
	cJSON_Delete(step);
}

static int drop(void **state)
{
	(void)state;
	for (size_t i = 0; i < strings.n; i++)
		buf_release(&strings.v[i].text);
	vec_free(&strings);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_string_down_every_path),
	        cmocka_unit_test(no_text_approves),
	};
	return cmocka_run_group_tests(tests, load, drop);
}
