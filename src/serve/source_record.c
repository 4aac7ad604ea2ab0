#include "serve/source_record.h"

#include "base/limits.h"
#include "model/incident.h"
#include "source/connector_call.h"

/* What each calls its own, where its pages are ({id}: the record's, {web}: web_url), and what it counts. Splunk's and QRadar's addresses are
 * those of their consoles; no document fixes them. Splunk's API has another port than its pages, so web_url has to be set. */
static const struct vendor {
	const char *kind, *noun, *page, *counted;
	bool web_is_url;
} vendors[] = {
        {"splunk", "notable",
         "{web}/app/SplunkEnterpriseSecuritySuite/incident_review?earliest=0&latest=now"
         "&search=event_id%3D%22{id}%22",
         NULL, false},
        {"sentinel", "incident", NULL, "alerts", false},
        {"qradar", "offense",
         "{web}/console/do/sem/offensesummary?appName=Sem&pageId=OffenseSummary&summaryId={id}",
         "events", true},
        {"wiz", "issue", "https://app.wiz.io/issues#~(issue~'{id})", NULL, false},
        {NULL, "alert", NULL, NULL, false},
};

static const struct vendor *vendor_of(const char *kind)
{
	const struct vendor *v = vendors;

	while (v->kind && strcmp(v->kind, kind) != 0)
		v++;
	return v;
}

static char *page_of(const struct vendor *v, const cJSON *entry, const char *id)
{
	const char *web = json_str(entry, "web_url",
	                           v->web_is_url ? json_str(entry, "url", "") : NULL),
	           *p = v->page;
	struct buf b = BUF_INIT;

	if (!p || (!web && strstr(p, "{web}")))
		return NULL;
	while (*p) {
		if (!strncmp(p, "{web}", 5)) {
			buf_str(&b, web);
			p += 5;
		} else if (!strncmp(p, "{id}", 4)) {
			call_escape(&b, slice_of(id));
			p += 4;
		} else {
			buf_ch(&b, *p++);
		}
	}
	return buf_take(&b, NULL);
}

/* The record may carry its own address. */
static void add_link(cJSON *o, const struct vendor *v, const cJSON *entry,
                     const struct record_in *in)
{
	const char *own = json_str(json_obj(in->finding, "properties"), "incidentUrl", NULL);
	char *page = own && !strncmp(own, "https://", 8) ? xstrdup(own) : page_of(v, entry, in->id);

	json_add_str(o, "link", page);
	free(page);
}

static void add_field(cJSON *o, const char *key, const struct event *ev, const char *field)
{
	const struct field *f = field_find(slice_of(field));
	struct slice v = f ? event_get(ev, f->id) : (struct slice){0};
	char *text = xstrndup(v.n ? v.s : "", v.n);

	json_add_str(o, key, strcasecmp(text, "unassigned") ? text : "");
	free(text);
}

static void add_key(cJSON *o, const char *name, const struct event *ev, const char *source)
{
	char *key = finding_key(ev->dataset, ev->uid, slice_of(source));

	json_add_str(o, name, key);
	free(key);
}

cJSON *source_record(const cJSON *entry, connector_normalise_fn *normalise, void *normalise_ctx,
                     const struct record_in *in)
{
	const char *source = json_str(entry, "name", ""), *kind = json_str(entry, "kind", "");
	const struct vendor *v = vendor_of(kind);
	struct event ev = {0};
	cJSON *o = NULL;

	if (normalise(normalise_ctx, in->text, &ev) == 0 && ev.uid.n) {
		o = cJSON_CreateObject();
		add_key(o, "key", &ev, source);
		add_key(o, "bare", &ev, "");
		json_add_str(o, "source", source);
		json_add_str(o, "kind", kind);
		json_add_str(o, "noun", v->noun);
		json_add_str(o, "id", in->id);
		json_add_str(o, "etag", in->etag);
		add_field(o, "status", &ev, "status");
		add_field(o, "owner", &ev, "mw.assignee");
		add_field(o, "severity", &ev, "severity");
		add_field(o, "title", &ev, "finding_info.title");
		add_field(o, "count", &ev, "count");
		json_add_str(o, "counted", v->counted);
		add_link(o, v, entry, in);
	}
	event_release(&ev);
	return o;
}

void source_record_text(const cJSON *answer, bool thin, struct slice raw, struct buf *out)
{
	const cJSON *m;

	if (thin)
		buf_str(out, "{\"finding\":");
	if (raw.n)
		buf_add(out, raw.s, raw.n);
	else
		json_write(out, json_obj(answer, "finding"));
	if (!thin)
		return;
	cJSON_ArrayForEach(m, answer)
	{
		if (!strcmp(m->string, "finding"))
			continue;
		buf_ch(out, ',');
		json_write_string(out, slice_of(m->string));
		buf_ch(out, ':');
		json_write(out, m);
	}
	buf_ch(out, '}');
}
