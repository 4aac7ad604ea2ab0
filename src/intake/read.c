#include "base/limits.h"
#include "intake/csv.h"
#include "intake/format.h"
#include "intake/inventory.h"
#include "intake/mapping.h"
#include "intake/schema.h"
#include "intake/stream.h"
#include "intake/text.h"

#define REJECT_RAW_MAX 65536 /* of a record that is set aside */

struct reading {
	const struct intake_format *format;
	const struct intake_opts *opts;
	const struct intake_sink *sink;
	struct err *e;
	struct stream *in;
	struct leafset leaves;
	struct mapper *mapper;
	struct schemas *schemas;
	struct text_columns columns;
	const char *dataset; /* of the file's columns */
	struct event event;
	uint64_t line;
	bool nested; /* reading the records of one line: they share its number */
};

/* Users' mappings of this process, as texts: each reading compiles them for its own reader. */
struct user_mapping {
	char *name, *yaml;
	size_t n;
};
static VEC(struct user_mapping) mappings;

/* ---- what comes out ---- */

static int reject(struct reading *r, struct slice raw, const char *reason)
{
	struct intake_reject x = {.line = r->line, .reason = reason, .raw = raw};

	if (x.raw.n > REJECT_RAW_MAX)
		x.raw.n = REJECT_RAW_MAX;
	return r->sink->reject(r->sink->ctx, &x, r->e);
}

static int deliver(struct reading *r, const char *dataset, struct slice raw)
{
	struct event *ev = &r->event;

	event_reset(ev);
	ev->raw = raw;
	ev->line = r->line;
	ev->basename = slice_of(r->opts->basename);
	mapper_apply(r->mapper, dataset, ev);
	if (!ev->uid.n) {
		char *uid = arena_printf(&r->leaves.arena, "%s:%llu", r->opts->basename,
		                         (unsigned long long)r->line);

		ev->uid = slice_of(uid);
	}
	return r->sink->event(r->sink->ctx, ev, r->e);
}

static int pass_on(void *ctx, const cJSON *object, struct err *e)
{
	struct reading *r = ctx;

	return r->sink->graph(r->sink->ctx, object, e);
}

/* Nodes and edges of a document. *none is set where it holds no part that the inventory knows. */
static int convert(struct reading *r, const struct inventory_format *f, struct slice raw,
                   bool *none)
{
	struct inventory_opts o = {.name = r->opts->path ? r->opts->path : r->opts->basename};
	struct inventory_sink sink = {.ctx = r, .graph = pass_on};
	struct err e = {0};
	cJSON *doc = cJSON_ParseWithLength(raw.s, raw.n);

	*none = true;
	if (!doc)
		return 0;
	int rc = inventory_convert(f, doc, &o, &sink, &e);
	cJSON_Delete(doc);
	*none = rc && e.code == ERR_NOT_FOUND;
	if (rc && !*none) {
		*r->e = e;
		return -1;
	}
	return 0;
}

/* Findings become events and nodes; what is inventory only becomes nodes; everything else is an event. */
static bool may_be_inventory(const char *dataset)
{
	static const char *const datasets[] = {"guardduty", "securityhub", "ocsf", "json", NULL};

	for (const char *const *d = datasets; *d; d++)
		if (strcmp(*d, dataset) == 0)
			return true;
	return strncmp(dataset, "finding.", 8) == 0;
}

static int json_record(struct reading *r, struct slice raw)
{
	struct err why = {0};
	const char *dataset =
	        schemas_read(r->schemas, raw, r->opts->basename, r->opts->mapping, &why);
	bool none = false;

	if (!dataset)
		return reject(r, raw, why.what);
	const struct inventory_format *f =
	        r->sink->graph && may_be_inventory(dataset) ? inventory_detect(raw) : NULL;
	if (f && convert(r, f, raw, &none))
		return -1;
	bool only = strcmp(r->format->name, "inventory-lines") == 0 ||
	            r->format->layout == LAYOUT_INVENTORY;
	if (f && !none && only && !inventory_format_has_events(f))
		return 0;
	return deliver(r, dataset, raw);
}

/* ---- lines ---- */

static int text_record(struct reading *r, struct slice line)
{
	leaves_begin(&r->leaves);
	const char *dataset = text_any(&r->leaves, line);
	return dataset ? deliver(r, dataset, line)
	               : reject(r, line, "no syslog, CEF, LEEF, audit or web access line");
}

/* "#separator \x09", "#path	conn", "#fields	ts	uid" of Zeek. */
static void zeek_header(struct reading *r, struct slice line)
{
	struct slice name, rest = line;
	char sep = memchr(line.s, '\t', line.n) ? '\t' : ' ';

	if (!slice_split(&rest, sep, &name))
		return;
	if (slice_eq_str(name, "#path"))
		r->dataset = schemas_zeek(r->schemas, rest);
	else if (slice_eq_str(name, "#fields"))
		text_columns_set(&r->columns, &r->leaves, rest, '\t');
}

static void split_leaf(struct reading *r, size_t i)
{
	struct leaf l = r->leaves.v.v[i];
	struct slice rest = l.value, piece;
	bool first = true;

	while (slice_split(&rest, ',', &piece)) {
		if (first)
			r->leaves.v.v[i].value = piece;
		else
			leaves_add(
			        &r->leaves,
			        &(struct leaf){.path = l.path, .type = EV_STRING, .value = piece});
		first = false;
	}
}

/* Zeek writes sets and vectors with commas; a comma in a plain string is \x2c there. */
static void split_sets(struct reading *r)
{
	static const char *const names[] = {"answers",   "TTLs",      "tx_hosts", "rx_hosts",
	                                    "conn_uids", "analyzers", "to"};
	size_t n = r->leaves.v.n;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < ARRAY_LEN(names); k++)
			if (slice_eq_str(ev_path_text(r->leaves.reader, r->leaves.v.v[i].path),
			                 names[k]))
				split_leaf(r, i);
}

static int column_record(struct reading *r, struct slice line)
{
	bool zeek = strcmp(r->format->name, "zeek-tsv") == 0;

	if (*line.s == '#') {
		zeek_header(r, line);
		return 0;
	}
	if (!zeek && format_vpcflow_header(line)) {
		text_columns_set(&r->columns, &r->leaves, line, ' ');
		return 0;
	}
	leaves_begin(&r->leaves);
	if (!text_row(&r->leaves, &r->columns, line)) {
		char why[96];

		snprintf(why, sizeof(why), "not the %zu columns that the header names",
		         r->columns.paths.n);
		return reject(r, line, why);
	}
	if (zeek)
		split_sets(r);
	return deliver(r, r->dataset, line);
}

static int json_values(struct reading *r, struct stream *in);

/* A line may be a whole file of records, as a delivery stream joins them. */
static int json_line(struct reading *r, struct slice line)
{
	struct slice head = {line.s, line.n < 16 ? line.n : 16};

	if (*line.s == '{' && memmem(head.s, head.n, "ecords\":", 8)) {
		struct stream *in = stream_of_memory(line);
		r->nested = true;
		int rc = json_values(r, in);

		r->nested = false;
		stream_close(in);
		return rc;
	}
	return json_record(r, line);
}

static int one_line(struct reading *r, struct slice line)
{
	if (line.n && line.s[line.n - 1] == '\r')
		line.n--;
	if (r->line == 1 && line.n >= 3 && memcmp(line.s, "\xef\xbb\xbf", 3) == 0)
		line = (struct slice){line.s + 3, line.n - 3};
	if (!slice_trim(line).n)
		return 0;
	if (line.n > MW_RECORD_MAX)
		return reject(r, line, "longer than a record may be (256 MiB)");
	switch (r->format->layout) {
	case LAYOUT_JSON_LINES:
		return json_line(r, line);
	case LAYOUT_COLUMNS:
		return column_record(r, line);
	default:
		return text_record(r, line);
	}
}

static int more(struct reading *r)
{
	int rc = stream_more(r->in, r->e);

	if (rc > 0 && r->sink->progress &&
	    !r->sink->progress(r->sink->ctx, stream_raw_bytes(r->in)))
		return err_set(r->e, ERR_CANCELLED, "the import was cancelled");
	return rc;
}

/* Delivers the whole lines in the window; *searched: bytes in it known to have no line end. */
static int lines_in_window(struct reading *r, size_t *searched)
{
	struct slice w = stream_window(r->in);
	size_t from = 0, at = *searched;

	for (const char *nl; (nl = memchr(w.s + at, '\n', w.n - at)); at = from) {
		r->line++;
		if (one_line(r, (struct slice){w.s + from, (size_t)(nl - w.s) - from}))
			return -1;
		from = (size_t)(nl - w.s) + 1;
	}
	stream_consume(r->in, from);
	*searched = w.n - from;
	return 0;
}

static int read_lines(struct reading *r)
{
	size_t searched = 0;
	int rc;

	do {
		if (lines_in_window(r, &searched))
			return -1;
		rc = more(r);
	} while (rc > 0);
	struct slice rest = stream_window(r->in);
	if (rc || !rest.n || stream_damage(r->in))
		return rc;
	r->line++;
	return one_line(r, rest);
}

/* ---- CSV ---- */

static int csv_record(struct reading *r, struct slice row)
{
	if (row.n && row.s[row.n - 1] == '\r')
		row.n--;
	if (!slice_trim(row).n)
		return 0;
	leaves_begin(&r->leaves);
	if (!r->columns.paths.n) {
		if (row.n >= 3 && memcmp(row.s, "\xef\xbb\xbf", 3) == 0)
			row = (struct slice){row.s + 3, row.n - 3};
		csv_header(&r->columns, &r->leaves, row);
		return 0;
	}
	if (!csv_row(&r->leaves, &r->columns, row))
		return reject(r, row, "not the columns that the header names");
	return deliver(r, schemas_claim(r->schemas, r->opts->basename), row);
}

static int read_csv(struct reading *r)
{
	size_t at = 0, lines = 0;
	int rc = 1;

	while (rc > 0) {
		struct slice w = stream_window(r->in);
		const char *nl = memchr(w.s + at, '\n', w.n - at);

		if (!nl) {
			at = w.n;
			rc = w.n > MW_RECORD_MAX ? reject(r, w, "a quote is never closed")
			                         : more(r);
			continue;
		}
		lines++;
		at = (size_t)(nl - w.s) + 1;
		if (!csv_balanced((struct slice){w.s, at}))
			continue;
		r->line++;
		if (csv_record(r, (struct slice){w.s, at - 1}))
			return -1;
		r->line += lines - 1;
		stream_consume(r->in, at);
		at = lines = 0;
	}
	struct slice rest = stream_window(r->in);
	if (rc || !rest.n || stream_damage(r->in))
		return rc;
	r->line++;
	return csv_balanced(rest) ? csv_record(r, rest)
	                          : reject(r, rest, "a quote is never closed");
}

/* ---- JSON values ---- */

/* The next byte that is no white space or comma, without taking it; 0 at the end. -1 on failure. */
static int peek(struct reading *r, struct stream *in)
{
	for (;;) {
		struct slice w = stream_window(in);
		size_t n = 0;

		while (n < w.n && strchr(" \t\r\n,", w.s[n]) && w.s[n])
			n++;
		stream_consume(in, n);
		if (n < w.n)
			return (unsigned char)w.s[n];
		int rc = in == r->in ? more(r) : 0;
		if (rc <= 0)
			return rc;
	}
}

/* The next value, whole, in the window. 1 there, 0 the text ends or is broken (*why), -1 failure. */
static int whole_value(struct reading *r, struct stream *in, struct slice *out, const char **why)
{
	for (;;) {
		struct slice w = stream_window(in);
		size_t used;
		int rc = ev_skip(w, &used);

		*out = (struct slice){w.s, rc == 1 ? used : w.n};
		if (rc == 1)
			return 1;
		*why = rc < 0 ? "brackets do not match"
		              : "the JSON text ends in the middle of a record";
		if (rc < 0)
			return 0;
		if (w.n > MW_RECORD_MAX) {
			*why = "longer than a record may be (256 MiB)";
			return 0;
		}
		rc = in == r->in ? more(r) : 0;
		if (rc < 0)
			return -1;
		if (rc == 0) { /* a number may touch the end */
			*out = stream_window(in);
			return out->n && *out->s != '{' && *out->s != '[' && *out->s != '"';
		}
	}
}

/* Sets the rest of the file aside as one record: there is no telling where the next one begins. */
static int give_up(struct reading *r, struct stream *in, struct slice rest, const char *why)
{
	r->line += !r->nested;
	int rc = reject(r, rest, why);
	int m = 1;

	while (!rc && m > 0) {
		stream_consume(in, stream_window(in).n);
		m = in == r->in ? more(r) : 0;
	}
	return rc ? rc : m;
}

/* Delivers the value that comes next. 1 done, 0 nothing more to read, -1 failure. */
static int next_record(struct reading *r, struct stream *in)
{
	const char *why;
	struct slice v;
	int rc = whole_value(r, in, &v, &why);

	if (rc <= 0)
		return rc ? rc : give_up(r, in, v, why);
	r->line += !r->nested;
	if (r->format->layout == LAYOUT_INVENTORY) {
		bool none;

		rc = convert(r, NULL, v, &none);
		if (!rc && none)
			rc = json_record(r, v);
	} else {
		rc = json_record(r, v);
	}
	stream_consume(in, v.n);
	return rc ? -1 : 1;
}

/* Elements until the array's end. */
static int array_elements(struct reading *r, struct stream *in)
{
	int c, rc = 1;

	stream_consume(in, 1);
	while (rc == 1 && (c = peek(r, in)) > 0 && c != ']')
		rc = next_record(r, in);
	if (rc == 1 && c == ']')
		stream_consume(in, 1);
	return rc == 1 && c < 0 ? -1 : rc;
}

/* Where the object's records are: the offset of the '[' or '{' behind a container key at the window's object; 0: nowhere (then
 * the object is a record itself). Keys before it are passed over. -1 on failure. */
static int find_container(struct reading *r, struct stream *in, size_t *at)
{
	size_t i = 1;

	*at = 0;
	for (;;) {
		struct slice w = stream_window(in), rest, key;
		size_t used = 0;
		int rc = 0;

		while (i < w.n && strchr(" \t\r\n,:", w.s[i]) && w.s[i])
			i++;
		rest = (struct slice){w.s + i, w.n - i};
		if (rest.n && *rest.s != '"')
			return 0;
		rc = ev_skip(rest, &used);
		if (rc == 1) {
			size_t v = i + used;

			key = (struct slice){rest.s + 1, used - 2};
			while (v < w.n && strchr(" \t\r\n:", w.s[v]) && w.s[v])
				v++;
			if (v < w.n && format_is_container(key) &&
			    (w.s[v] == '[' || w.s[v] == '{')) {
				*at = v;
				return 0;
			}
			rest = (struct slice){w.s + v, w.n - v};
			rc = ev_skip(rest, &used);
			if (rc == 1)
				i = v + used;
		}
		if (rc < 0 || w.n > MW_RECORD_MAX)
			return 0;
		if (rc == 0 && (rc = in == r->in ? more(r) : 0) <= 0)
			return rc;
	}
}

/* Whether the object ahead is a record by what it has itself: an alert may hold lists under the words that exports put records under. Only
 * those of a record's size are looked at. -1 on failure. */
static int is_record(struct reading *r, struct stream *in)
{
	const char *dataset;
	size_t used;
	int rc = ev_skip(stream_window(in), &used);

	while (rc == 0 && in == r->in && stream_window(in).n < INTAKE_HEAD) {
		rc = more(r);
		if (rc <= 0)
			return rc;
		rc = ev_skip(stream_window(in), &used);
	}
	if (rc != 1 || used > INTAKE_HEAD)
		return 0;
	dataset = schemas_read(r->schemas, (struct slice){stream_window(in).s, used},
	                       r->opts->basename, r->opts->mapping, NULL);
	return dataset && strcmp(dataset, "json") != 0;
}

/* An object: goes into its containers, or takes it as a record. */
static int object(struct reading *r, struct stream *in)
{
	int depth = 0, c, rc = 1;
	size_t at;

	if (r->format->layout == LAYOUT_INVENTORY)
		return next_record(r, in);
	c = is_record(r, in);
	if (c)
		return c < 0 ? -1 : next_record(r, in);
	while (rc == 1 && (c = peek(r, in)) > 0) {
		if (c == '}' ||
		    c == '"') { /* behind an array: the rest of this object holds no more records */
			struct slice w = stream_window(in);

			stream_consume(in, c == '}' ? 1 : w.n);
			if (c == '}' && --depth <= 0)
				return 1;
		} else if (c == '[') {
			rc = array_elements(r, in);
		} else if (c != '{' || depth == CONTAINER_DEPTH) {
			return depth ? 1 : next_record(r, in);
		} else {
			if (find_container(r, in, &at))
				return -1;
			if (!at)
				return next_record(r, in);
			stream_consume(in, at);
			depth++;
		}
	}
	return rc == 1 && c < 0 ? -1 : rc;
}

static int json_values(struct reading *r, struct stream *in)
{
	int c, rc = 1;

	while (rc == 1 && (c = peek(r, in)) > 0) {
		struct slice w = stream_window(in);

		if (w.n >= 3 && memcmp(w.s, "\xef\xbb\xbf", 3) == 0)
			stream_consume(in, 3);
		else if (c == '[' && r->format->layout != LAYOUT_INVENTORY)
			rc = array_elements(r, in);
		else if (c == '{')
			rc = object(r, in);
		else
			rc = next_record(r, in);
	}
	return rc == 1 && c < 0 ? -1 : rc < 0 ? -1 : 0;
}

/* ---- XML ---- */

static int xml_record(struct reading *r, struct slice raw)
{
	leaves_begin(&r->leaves);
	r->line++;
	if (!text_event_xml(&r->leaves, raw))
		return reject(r, raw, "no <Event> of Windows");
	return deliver(r, schemas_windows(r->schemas), raw);
}

static int read_xml(struct reading *r)
{
	static const char close[] = "</Event>";
	int rc = 1;

	while (rc > 0) {
		struct slice w = stream_window(r->in);
		const char *from = memmem(w.s, w.n, "<Event", 6), *end;

		/* "<Events>" only wraps them. */
		while (from && from + 6 < w.s + w.n && from[6] != ' ' && from[6] != '>')
			from = memmem(from + 6, (size_t)(w.s + w.n - from) - 6, "<Event", 6);
		end = from ? memmem(from, (size_t)(w.s + w.n - from), close, sizeof(close) - 1)
		           : NULL;
		if (end) {
			end += sizeof(close) - 1;
			if (xml_record(r, (struct slice){from, (size_t)(end - from)}))
				return -1;
			stream_consume(r->in, (size_t)(end - w.s));
			continue;
		}
		rc = more(r);
		if (rc == 0 && from) {
			r->line++;
			w = stream_window(r->in);
			return reject(r, w, "the XML text ends in the middle of an event");
		}
	}
	return rc;
}

/* ---- a whole file ---- */

int intake_mapping_add(const char *name, struct slice yaml, struct err *e)
{
	struct leafset s;
	int rc = fields_load(e);

	if (rc)
		return -1;
	leaves_init(&s);
	struct mapper *m = mapper_new(&s, 0);
	struct schemas *x = schemas_new(&s, m);
	rc = schemas_add(x, name, yaml, e);
	if (!rc) {
		struct user_mapping *u = vec_push(&mappings);

		*u = (struct user_mapping){xstrdup(name), xstrndup(yaml.s, yaml.n), yaml.n};
	}
	schemas_free(x);
	mapper_free(m);
	leaves_release(&s);
	return rc;
}

static int begin(struct reading *r)
{
	const struct user_mapping *u;

	if (fields_load(r->e))
		return -1;
	leaves_init(&r->leaves);
	r->mapper = mapper_new(&r->leaves, mw_now());
	r->schemas = schemas_new(&r->leaves, r->mapper);
	vec_each (u, &mappings)
		if (schemas_add(r->schemas, u->name, (struct slice){u->yaml, u->n}, r->e))
			return -1;
	if (r->format->layout == LAYOUT_COLUMNS) {
		bool zeek = strcmp(r->format->name, "zeek-tsv") == 0;

		r->dataset = zeek ? schemas_zeek(r->schemas, zeek_stream_of_file(r->opts->basename))
		                  : "vpcflow";
		if (!zeek)
			text_columns_set(&r->columns, &r->leaves, slice_of(text_vpcflow_default),
			                 ' ');
	}
	return 0;
}

static void finish(struct reading *r)
{
	stream_close(r->in);
	schemas_free(r->schemas);
	mapper_free(r->mapper);
	leaves_release(&r->leaves);
	vec_free(&r->columns.paths);
	event_release(&r->event);
}

int intake_read(int fd, const struct intake_format *f, const struct intake_opts *o,
                const struct intake_sink *sink, struct err *e)
{
	struct reading r = {.format = f, .opts = o, .sink = sink, .e = e};
	int rc = -1;

	r.line = o->first_line ? o->first_line - 1 : 0;
	r.in = stream_open(fd, o->from, o->to, e);
	if (!r.in)
		return -1;
	if (begin(&r) == 0) {
		if (f->layout == LAYOUT_JSON || f->layout == LAYOUT_INVENTORY)
			rc = json_values(&r, r.in);
		else if (f->layout == LAYOUT_XML)
			rc = read_xml(&r);
		else if (f->layout == LAYOUT_CSV)
			rc = read_csv(&r);
		else
			rc = read_lines(&r);
		if (!rc && stream_damage(r.in)) {
			r.line++;
			rc = reject(&r, stream_window(r.in), stream_damage(r.in));
		}
	}
	finish(&r);
	return rc;
}
