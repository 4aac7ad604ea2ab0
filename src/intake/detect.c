#include "base/evjson.h"
#include "intake/csv.h"
#include "intake/format.h"
#include "intake/inventory.h"
#include "intake/schema.h"
#include "intake/text.h"
#include "intake/utf16.h"

static const struct intake_format formats[] = {
        {"json-lines", LAYOUT_JSON_LINES, true},
        {"json", LAYOUT_JSON, false},
        {"inventory", LAYOUT_INVENTORY, false},
        {"inventory-lines", LAYOUT_JSON_LINES, true},
        {"zeek-tsv", LAYOUT_COLUMNS, false},
        {"vpcflow", LAYOUT_COLUMNS, false},
        {"cef", LAYOUT_TEXT, true},
        {"leef", LAYOUT_TEXT, true},
        {"auditd", LAYOUT_TEXT, true},
        {"syslog", LAYOUT_TEXT, true},
        {"web.access", LAYOUT_TEXT, true},
        {"windows-xml", LAYOUT_XML, false},
        {"csv", LAYOUT_CSV, false},
};

static const struct intake_format *named(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

const char *intake_format_name(const struct intake_format *f)
{
	return f->name;
}

bool intake_format_splittable(const struct intake_format *f)
{
	return f->splittable;
}

bool format_is_container(struct slice key)
{
	static const char *const keys[] = {"Records",   "records", "value", "Findings", "findings",
	                                   "alerts",    "hits",    "data",  "issuesV2", "nodes",
	                                   "logEvents", "results", "items"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (slice_eq_str(key, keys[i]))
			return true;
	return false;
}

static bool has(struct slice s, const char *what)
{
	return memmem(s.s, s.n, what, strlen(what)) != NULL;
}

bool format_vpcflow_header(struct slice line)
{
	return has(line, "srcaddr") && has(line, "dstaddr") && !has(line, "\"");
}

/* ---- JSON ---- */

static struct slice skip_blank(struct slice s)
{
	while (s.n && strchr(" \t\r\n", *s.s) && *s.s) {
		s.s++;
		s.n--;
	}
	return s;
}

static struct slice after(struct slice s, size_t n)
{
	return skip_blank((struct slice){s.s + n, s.n - n});
}

static bool begins(struct slice s, char c)
{
	return s.n && *s.s == c;
}

/* Whether a key of the object holds records: {"owner":"1","logEvents":[{ or {"hits":{"hits":[{ */
static bool holds_records(struct slice s, int depth)
{
	size_t used = 0;

	for (s = after(s, 1); begins(s, '"') && ev_skip(s, &used) == 1; s = after(s, 1)) {
		struct slice key = {s.s + 1, used - 2};

		s = after(s, used);
		s = s.n ? after(s, 1) : s; /* the colon */
		if (format_is_container(key) &&
		    ((begins(s, '[') && begins(after(s, 1), '{')) ||
		     (begins(s, '{') && depth > 0 && holds_records(s, depth - 1))))
			return true;
		if (ev_skip(s, &used) != 1)
			return false;
		s = after(s, used);
		if (!begins(s, ','))
			return false;
	}
	return false;
}

static bool json_is_lines(struct slice s)
{
	size_t used = 0;
	int rc = *s.s == '{' ? ev_skip(s, &used) : 0;

	if (*s.s != '{')
		return false;
	if (rc < 0)
		return memchr(s.s, '\n', s.n) != NULL;
	if (rc == 0 || memchr(s.s, '\n', used))
		return false;
	struct slice rest = skip_blank((struct slice){s.s + used, s.n - used});
	return rest.n ? memchr(s.s + used, '\n', (size_t)(rest.s - s.s) - used) != NULL
	              : !holds_records(s, CONTAINER_DEPTH);
}

/* Whether a log schema claims the record: then words of an inventory in its texts mean nothing. */
static bool is_event(struct slice record, const char *basename)
{
	struct leafset s;

	leaves_init(&s);
	struct mapper *m = mapper_new(&s, 0);
	struct schemas *x = schemas_new(&s, m);
	const char *dataset = schemas_read(x, record, basename, NULL, NULL);
	bool is = dataset && strcmp(dataset, "json") != 0;

	schemas_free(x);
	mapper_free(m);
	leaves_release(&s);
	return is;
}

static const struct intake_format *detect_json(struct slice s, const char *basename)
{
	bool lines = json_is_lines(s);
	size_t first = 0;
	/* Of lines the first one speaks; further ones may hold anything in their texts. */
	bool whole = lines && ev_skip(s, &first) == 1;
	struct slice head = whole ? (struct slice){s.s, first} : s;
	const struct inventory_format *inv = inventory_detect(head);

	if (inv && !inventory_format_has_events(inv) && !(whole && is_event(head, basename)))
		return named(lines ? "inventory-lines" : "inventory");
	return named(lines ? "json-lines" : "json");
}

/* ---- text ---- */

/* What the line is by itself: the names of text formats are those of their datasets. */
static const struct intake_format *text_format(struct slice line)
{
	struct leafset s;

	leaves_init(&s);
	const char *dataset = format_vpcflow_header(line) ? "vpcflow" : text_any(&s, line);
	leaves_release(&s);
	return dataset ? named(dataset) : NULL;
}

static const struct intake_format *detect_text(struct slice head)
{
	const struct intake_format *f = NULL;
	struct slice line;

	for (int i = 0; !f && i < 8 && slice_split(&head, '\n', &line); i++)
		f = slice_trim(line).n ? text_format(slice_trim(line)) : NULL;
	return f;
}

static const struct intake_format *detect(struct slice head, const char *basename, struct err *e)
{
	const struct intake_format *f = NULL;

	if (head.n >= 3 && memcmp(head.s, "\xef\xbb\xbf", 3) == 0)
		head = (struct slice){head.s + 3, head.n - 3};
	head = skip_blank(head);
	if (!head.n) {
		err_set(e, ERR_INVALID, "%s is empty", basename);
		return NULL;
	}
	if (*head.s == '{' || *head.s == '[')
		f = detect_json(head, basename);
	else if (*head.s == '#' && (has(head, "#fields") || has(head, "#separator")))
		f = named("zeek-tsv");
	else if (*head.s == '<' &&
	         (has(head, "<Event>") || has(head, "<Event ") || has(head, "<Events")))
		f = named("windows-xml");
	else
		f = detect_text(head);
	if (!f && csv_looks_like(head))
		f = named("csv");
	if (!f)
		err_set(e, ERR_INVALID,
		        "%s is in no format that is known here: JSON, JSON lines, VPC flow, Zeek, "
		        "CEF, LEEF, audit, syslog, web access, CSV or "
		        "Windows event XML",
		        basename);
	return f;
}

const struct intake_format *intake_detect(struct slice head, const char *basename, struct err *e)
{
	struct utf16 wide = {0};
	struct buf text = BUF_INIT;
	const struct intake_format *f;

	if (fields_load(e))
		return NULL;
	if (utf16_begin(&wide, head)) {
		utf16_add(&wide, head, &text);
		head = (struct slice){text.s, text.len};
	}
	f = detect(head, basename, e);
	buf_release(&text);
	return f;
}
