/*
 * Redacts cases from standard input, a JSON object a line: {policy:[names], fields:[[field, value]..], text, again?}. Writes for each
 * {event, text, again, restored}. Each line is a case of its own. What to make of it is for redact_corpus.py to say.
 */
#include "base/json.h"
#include "policy/redact.h"

static struct redact_policy policy_of(const cJSON *list)
{
	struct redact_policy p = {0};
	for (const cJSON *v = list ? list->child : NULL; v; v = v->next) {
		p.free_text = p.free_text || !strcmp(v->valuestring, "free_text");
		p.accounts = p.accounts || !strcmp(v->valuestring, "accounts");
		p.hostnames = p.hostnames || !strcmp(v->valuestring, "hostnames");
		p.addresses = p.addresses || !strcmp(v->valuestring, "addresses");
	}
	return p;
}

static void add_text(struct redact *r, const cJSON *in, const char *key, cJSON *out)
{
	struct buf b = BUF_INIT;
	if (json_str(in, key, NULL))
		redact_text(r, slice_of(json_str(in, key, "")), &b);
	json_add_slice(out, key, (struct slice){b.s, b.len});
	buf_release(&b);
}

static void one(const cJSON *in)
{
	struct redact_policy p = policy_of(json_arr(in, "policy"));
	struct redact *r = redact_new(&p);
	struct event ev = {.dataset = "json", .time = MW_TIME_NONE};
	cJSON *out = cJSON_CreateObject();
	struct buf b = BUF_INIT, line = BUF_INIT;
	const cJSON *fields = json_arr(in, "fields");
	for (const cJSON *f = fields ? fields->child : NULL; f; f = f->next) {
		const struct field *field = field_find(slice_of(f->child->valuestring));
		event_add(&ev, field ? field->id : FIELD_NONE,
		          slice_of(f->child->next->valuestring));
	}
	cJSON_AddItemToObject(out, "event", redact_event(r, &ev));
	add_text(r, in, "text", out);
	add_text(r, in, "again", out);
	redact_restore(r, slice_of(json_str(out, "text", "")), &b);
	json_add_slice(out, "restored", (struct slice){b.s, b.len});
	json_write(&line, out);
	puts(line.s);
	buf_release(&line);
	buf_release(&b);
	cJSON_Delete(out);
	event_release(&ev);
	redact_free(r);
}

int main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	struct err e = {0};
	if (fields_load(&e)) {
		fprintf(stderr, "%s\n", e.what);
		return 1;
	}
	while ((n = getline(&line, &cap, stdin)) > 0) {
		cJSON *in = json_parse((struct slice){line, (size_t)n}, 1u << 20, &e);
		if (!in) {
			fprintf(stderr, "%s\n", e.what);
			return 1;
		}
		one(in);
		cJSON_Delete(in);
	}
	free(line);
	return 0;
}
