#include "investigate/describe.h"

#include "base/mem.h"

#define NAMES_MAX 8
struct shape {
	const char *family; /* dataset, or the part before its dot; NULL: any other */
	const char *what[NAMES_MAX], *target[NAMES_MAX];
};
/* Order matters: the most telling name first. Every name must be in fields.yaml
 * (tests/unit/test_investigate.c). */
static const struct shape shapes[] = {
        {"cloudtrail",
         {"api.operation"},
         {"mw.bucket", "resources.name", "mw.instance", "mw.role", "mw.trail", "mw.secret",
          "resources.uid"}},
        {"vpcflow", {"disposition", "connection_info.protocol_name"}, {"dst_endpoint.ip"}},
        {"zeek", {"query.hostname", "mw.conn_state", "mw.share"}, {"dst_endpoint.ip", "mw.share"}},
        {"windows",
         {"metadata.event_code", "activity_name"},
         {"mw.target_image", "process.name", "mw.share", "file.path", "user.name", "query.hostname",
          "dst_endpoint.ip"}},
        {"auditd", {"process.name", "activity_name"}, {"process.cmd_line", "file.path"}},
        {"syslog", {"process.name", "activity_name"}, {"process.cmd_line", "message"}},
        {NULL,
         {"api.operation", "finding_info.title", "activity_name", "rule.name",
          "metadata.event_code", "query.hostname", "process.name"},
         {"resources.name", "resources.uid", "dst_endpoint.hostname", "dst_endpoint.ip",
          "file.path", "user.name"}},
};
static const char *const actor_names[] = {"actor.user.name",    "user.name",
                                          "actor.process.name", "process.name",
                                          "device.hostname",    NULL};
static const char *const from_names[] = {"src_endpoint.ip", "src_endpoint.hostname",
                                         "device.hostname", NULL};
static const char *const outcome_names[] = {"api.response.error", "status", "status_detail",
                                            "disposition", NULL};
static const char *const denied_words[] = {"denied",  "unauthorized",   "forbidden", "reject",
                                           "blocked", "not authorized", NULL};
static const char *const failed_words[] = {"fail",   "error",    "exception", "invalid",
                                           "nosuch", "notfound", NULL};

static struct slice first_of(const struct event *ev, const char *const *names)
{
	for (; *names; names++) {
		const struct field *f = field_find(slice_of(*names));
		struct slice v = f ? event_get(ev, f->id) : (struct slice){0};
		if (v.n)
			return v;
	}
	return (struct slice){0};
}

static const struct shape *shape_of(const char *dataset)
{
	const struct shape *s = shapes;
	for (; s->family; s++) {
		size_t n = strlen(s->family);
		if (!strncmp(dataset, s->family, n) && (!dataset[n] || dataset[n] == '.'))
			break;
	}
	return s;
}

static bool any_word(struct slice text, const char *const *words)
{
	for (; *words; words++)
		if (mw_memimem(text.s, text.n, *words, strlen(*words)))
			return true;
	return false;
}

void describe_event(const struct event *ev, struct described *d)
{
	const struct shape *s = shape_of(ev->dataset);
	*d = (struct described){0};
	d->actor = first_of(ev, actor_names);
	d->what = first_of(ev, s->what);
	d->target = first_of(ev, s->target);
	d->from = first_of(ev, from_names);
	d->outcome = first_of(ev, outcome_names);
	if (!d->what.n)
		d->what = slice_of(ev->dataset);
	d->denied = any_word(d->outcome, denied_words);
	d->failed = d->denied || any_word(d->outcome, failed_words) ||
	            (s->family && !strcmp(s->family, "cloudtrail") && d->outcome.n &&
	             !slice_ieq(d->outcome, SLICE("success")));
}

void describe_line(const struct described *d, struct buf *out)
{
	const struct slice parts[] = {d->what, d->target, d->actor, d->from};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (!parts[i].n)
			continue;
		if (out->len)
			buf_ch(out, ' ');
		buf_add(out, parts[i].s, parts[i].n);
	}
	if (d->denied)
		buf_str(out, " DENIED");
	else if (d->failed)
		buf_printf(out, " FAILED");
}

static const char *const common_fields[] = {
        "cloud.account.uid", "cloud.region",  "process.name",     "dst_endpoint.ip",
        "dst_endpoint.port", "api.operation", "api.service.name", NULL};

bool entity_is_telling(const char *entity)
{
	for (const char *const *f = common_fields; *f; f++) {
		size_t n = strlen(*f);
		if (!strncmp(entity, *f, n) && entity[n] == '=')
			return false;
	}
	return true;
}

static const struct {
	const char *family;
	char letter;
} letters[] = {
        {"cloudtrail", 'A'},  {"vpcflow", 'F'},   {"route53dns", 'D'}, {"guardduty", 'G'},
        {"securityhub", 'H'}, {"azure", 'M'},     {"m365", 'M'},       {"defender", 'M'},
        {"alerts", 'M'},      {"incidents", 'M'}, {"windows", 'E'},    {"auditd", 'E'},
        {"syslog", 'E'},      {"k8s", 'K'},       {"zeek", 'Z'},       {"okta", 'K'},
        {"finding", 'W'},     {"s3", 'A'},
};

char describe_source_letter(const char *dataset)
{
	for (size_t i = 0; i < ARRAY_LEN(letters); i++)
		if (!strncmp(dataset, letters[i].family, strlen(letters[i].family)))
			return letters[i].letter;
	return 'L';
}
