/*
 * The raw record, as it came, with what was read out of it; control bytes are drawn as text. A cover proof opens here too.
 */
#include "view/app.h"

#include "base/escape.h"
#include "model/base64.h"
#include "view/plain_view.h"
#include "view/plan_lines.h"
#include "widget/text.h"

#define RAW_SHOWN_MAX (1024 * 1024)
#define CHUNK (192 * 1024)

struct record {
	struct buf raw;
	char **around; /* ids for [ and ]: of the row it was opened from, or of the rows beside it */
	size_t n, at;
	int64_t burst; /* records that the row stands for, which may be more than it names; 0: no burst */
	char wire[32]; /* its id */
	int hidden;    /* control and invisible characters in raw */
};

static struct record *rec(const struct view *v)
{
	return v->own;
}

/* JSON gets a line a member; nothing but white space between tokens is changed. */
static void lay_out(struct buf *out, struct slice raw)
{
	int depth = 0;
	bool in_string = false, json = raw.n && (raw.s[0] == '{' || raw.s[0] == '[');

	for (size_t i = 0; i < raw.n; i++) {
		char c = raw.s[i];
		if (in_string || !json) {
			if (in_string && c == '\\' && i + 1 < raw.n) {
				buf_add(out, raw.s + i++, 2);
				continue;
			}
			in_string = in_string && c != '"';
			buf_ch(out, c);
			continue;
		}
		if (c == ' ' || c == '\n' || c == '\t' || c == '\r')
			continue;
		if (c == '}' || c == ']') {
			depth -= depth > 0;
			if (out->len && out->s[out->len - 1] != '{' && out->s[out->len - 1] != '[')
				buf_printf(out, "\n%*s", 2 * depth, "");
		}
		buf_ch(out, c);
		in_string = c == '"';
		depth += c == '{' || c == '[';
		if ((c == '{' || c == '[') && i + 1 < raw.n && raw.s[i + 1] != '}' &&
		    raw.s[i + 1] != ']')
			buf_printf(out, "\n%*s", 2 * depth, "");
		if (c == ',')
			buf_printf(out, "\n%*s", 2 * depth, "");
		if (c == ':')
			buf_ch(out, ' ');
	}
}

/* The normalised field whose value stands on this line, longest value first. */
static const cJSON *field_on(const struct view *v, struct slice line)
{
	const cJSON *f, *best = NULL;
	size_t len = 2;

	cJSON_ArrayForEach(f, json_arr(v->data, "fields"))
	{
		const char *value = json_str(f, "value", "");
		size_t n = strlen(value);
		if (n > len && memmem(line.s, line.n, value, n)) {
			best = f;
			len = n;
		}
	}
	return best;
}

static void add_raw(struct view *v)
{
	struct buf text = BUF_INIT;
	struct slice rest, line;
	int n = 0;

	lay_out(&text, (struct slice){rec(v)->raw.s, rec(v)->raw.len});
	rest = (struct slice){text.s, text.len};
	while (slice_split(&rest, '\n', &line)) {
		const cJSON *f = field_on(v, line);
		char head[16];
		size_t from;
		snprintf(head, sizeof(head), "%c%4d ", f ? '>' : ' ', ++n);
		from = doc_wrap(&v->doc, f ? R_HEAD : R_TEXT, head, 6, line);
		if (f)
			doc_mean(&v->doc, from, NULL, f, 1);
	}
	buf_release(&text);
}

static void add_cover(struct view *v)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, v->data)
	{
		struct buf b = BUF_INIT;
		char head[32];
		snprintf(head, sizeof(head), "%-14.14s ", m->string);
		say_value(&b, m);
		doc_wrap(&v->doc, R_TEXT, head, 15, (struct slice){b.s, b.len});
		buf_release(&b);
	}
}

static void add_head(struct view *v)
{
	const cJSON *d = v->data;
	struct buf b = BUF_INIT;
	const char *sha = json_str(d, "sha256", "");
	char length[32];

	say_id(&b, json_str(d, "id", v->title));
	buf_printf(&b, "  %s  ", json_str(d, "dataset", ""));
	say_day_clock(&b, say_when(d, "time"));
	doc_add(&v->doc, R_HEAD, (struct slice){b.s, b.len});
	buf_reset(&b);
	buf_printf(&b, "from %s", json_str(d, "source", "?"));
	if (json_str(d, "file", NULL))
		buf_printf(&b, ", %s line %lld", json_str(d, "file", ""),
		           (long long)json_i64(d, "line", 0));
	if (say_when(d, "arrival") != MW_TIME_NONE) {
		buf_str(&b, ", arrived ");
		say_day_clock(&b, say_when(d, "arrival"));
	}
	if (cJSON_GetArraySize(json_arr(d, "also"))) {
		buf_str(&b, "; also in ");
		say_value(&b, json_arr(d, "also"));
	}
	doc_wrap(&v->doc, R_TEXT, "", 0, (struct slice){b.s, b.len});
	count_text(json_i64(d, "length", 0), length);
	buf_reset(&b);
	buf_printf(&b, "sha256 %.4s..%s  %s bytes  cited %lld times  id %s", sha,
	           strlen(sha) > 8 ? sha + strlen(sha) - 4 : "", length,
	           (long long)json_i64(d, "cited", 0), json_str(d, "uid", "-"));
	doc_wrap(&v->doc, R_TEXT, "", 0, (struct slice){b.s, b.len});
	buf_release(&b);
}

static void evidence_build(struct app *a, struct view *v)
{
	(void)a;
	if (!v->data) {
		doc_printf(&v->doc, R_TEXT, v->loading ? "reading %s.." : "no record %s", v->title);
		return;
	}
	if (!json_get(v->data, "raw")) {
		add_cover(v);
		return;
	}
	add_head(v);
	add_raw(v);
	if (!v->pos.moved)
		v->pos.sel = 3;
}

static void count_hidden(struct record *r)
{
	uint32_t cp;
	size_t n;

	r->hidden = 0;
	for (size_t i = 0; i < r->raw.len; i += n) {
		n = utf8_decode(r->raw.s + i, r->raw.len - i, &cp);
		r->hidden += !n || (mw_invisible(cp) && cp != '\n' && cp != '\r' && cp != '\t');
		n = n ? n : 1;
	}
}

static void got_chunk(struct app *a, struct view *v);

static void ask_chunk(struct app *a, struct view *v)
{
	cJSON *p = params_new("id", rec(v)->wire);

	json_add_i64(p, "offset", (int64_t)rec(v)->raw.len);
	json_add_i64(p, "length", CHUNK);
	app_load(a, v, "evidence.get", p, got_chunk);
}

static void got_chunk(struct app *a, struct view *v)
{
	struct record *r = rec(v);
	size_t before = r->raw.len;

	if (!base64_decode(&r->raw, slice_of(json_str(v->data, "raw", "")))) {
		err_set(&v->error, ERR_INVALID,
		        "the engine sent this record in a form that cannot be read");
		return;
	}
	count_hidden(r);
	if (r->raw.len > before && (int64_t)r->raw.len < json_i64(v->data, "length", 0) &&
	    r->raw.len < RAW_SHOWN_MAX)
		ask_chunk(a, v);
}

static void got_cover(struct app *a, struct view *v)
{
	(void)a;
	view_dirty(v);
}

static void load(struct app *a, struct view *v, const char *wire)
{
	struct record *r = rec(v);

	snprintf(r->wire, sizeof(r->wire), "%s", wire);
	snprintf(v->title, sizeof(v->title), "%s%s", wire[0] == 'e' ? "e" : "",
	         wire[0] == 'e' ? wire + 3 : wire);
	buf_reset(&r->raw);
	v->pos = (struct doc_pos){0};
	if (wire[0] == 'c')
		app_load(a, v, "cover.get", params_new("id", wire), got_cover);
	else
		ask_chunk(a, v);
}

static void evidence_closed(struct app *a, struct view *v)
{
	struct record *r = rec(v);

	(void)a;
	for (size_t i = 0; i < r->n; i++)
		free(r->around[i]);
	free(r->around);
	buf_release(&r->raw);
	free(r);
}

static bool evidence_act(struct app *a, struct view *v, enum action act)
{
	struct record *r = rec(v);
	const struct doc_line *l = view_selected(v);

	switch (act) {
	case ACT_OPEN:
		if (l)
			pivot_value(a, json_str(l->ref, "name", ""), json_str(l->ref, "value", ""));
		return true;
	case ACT_PREV:
	case ACT_NEXT:
		if (act == ACT_PREV ? r->at > 0 : r->at + 1 < r->n) {
			r->at = act == ACT_PREV ? r->at - 1 : r->at + 1;
			load(a, v, r->around[r->at]);
		} else {
			app_say(a, R_TEXT, "no record %s this one",
			        act == ACT_PREV ? "before" : "after");
		}
		return true;
	case ACT_WEB:
		open_web(a, v, r->wire);
		return true;
	default:
		return false;
	}
}

static void evidence_crumb(struct app *a, struct view *v, struct buf *b)
{
	struct record *r = rec(v);
	size_t last = v->pos.top + (size_t)v->pos.rows;

	(void)a;
	buf_printf(b, "line %zu-%zu of %zu", v->pos.top + 1,
	           last < v->doc.lines.n ? last : v->doc.lines.n, v->doc.lines.n);
	if (r->n > 1)
		buf_printf(b, "   record %zu of %zu", r->at + 1, r->n);
	if (r->burst > (int64_t)r->n) {
		char n[32];
		count_text(r->burst, n);
		buf_printf(b, " (of %s in this row)", n);
	}
}

static void evidence_message(struct app *a, struct view *v, struct buf *b)
{
	struct record *r = rec(v);

	(void)a;
	if (!v->data || !json_get(v->data, "raw"))
		return;
	if ((int64_t)r->raw.len < json_i64(v->data, "length", 0))
		buf_printf(b, "PARTIAL: the first %zu bytes. ", r->raw.len);
	if (r->hidden)
		buf_printf(b, "%d control or invisible byte%s shown as text; they did nothing. ",
		           r->hidden, r->hidden == 1 ? "" : "s");
	buf_str(b, "> a field that answers are made of: Enter pivots on it");
}

const struct view_ops evidence_ops = {.name = "evidence",
                                      .context = CX_EVIDENCE,
                                      .build = evidence_build,
                                      .crumb = evidence_crumb,
                                      .message = evidence_message,
                                      .act = evidence_act,
                                      .closed = evidence_closed};

static void add_id(struct record *r, const char *wire, const char *mine)
{
	if (r->n && !strcmp(r->around[r->n - 1], wire))
		return;
	r->around = xreallocarray(r->around, r->n + 1, sizeof(*r->around));
	if (!strcmp(wire, mine))
		r->at = r->n;
	r->around[r->n++] = xstrdup(wire);
}

/* The records of the screen it was opened from, in their order. */
static void add_around(struct record *r, const struct view *from, const char *mine)
{
	const struct doc_line *l;

	vec_each (l, &from->doc.lines) {
		const cJSON *e = l->ref ? row_evidence(l->ref) : NULL, *id;
		if (cJSON_IsString(e))
			add_id(r, e->valuestring, mine);
		else if (cJSON_IsArray(e))
			cJSON_ArrayForEach(id, e) if (cJSON_IsString(id))
			        add_id(r, id->valuestring, mine);
	}
}

static void open_record(struct app *a, const char *wire, const cJSON *burst, int64_t count)
{
	struct view *from = app_top(a), *v;
	char *own = xstrdup(wire); /* it may point into what the push releases */
	struct record *r = xcalloc(1, sizeof(*r));
	const cJSON *id;

	r->raw = (struct buf)BUF_INIT;
	r->burst = count;
	cJSON_ArrayForEach(id, burst) if (cJSON_IsString(id)) add_id(r, id->valuestring, own);
	if (!burst)
		add_around(r, from, own);
	v = app_push(a, &evidence_ops, from->incident);
	v->own = r;
	v->session = from->session;
	load(a, v, own);
	free(own);
}

void open_evidence(struct app *a, const char *wire)
{
	open_record(a, wire, NULL, 0);
}

/* A row that stands for several records opens with the first of them; ] goes on within the row. */
void open_evidence_of(struct app *a, const struct doc_line *l)
{
	const cJSON *e = l && l->ref ? row_evidence(l->ref) : NULL;
	const char *cover = l && l->ref ? json_str(l->ref, "cover", NULL) : NULL;
	const cJSON *first = cJSON_IsArray(e) ? e->child : e;

	if (cJSON_IsString(first) && cJSON_GetArraySize(e) > 1)
		open_record(a, first->valuestring, e, json_i64(l->ref, "count", 0));
	else if (cJSON_IsString(first))
		open_evidence(a, first->valuestring);
	else if (cover && *cover)
		open_evidence(a, cover);
	else
		app_say(a, R_TEXT, "%s",
		        app_top(a)->loading
		                ? "still reading; a moment"
		                : "nothing to open on this line; j and k go to one with a record");
}

void plain_view_open(struct view *v)
{
	if (v->ops != &evidence_ops)
		return;
	v->own = xcalloc(1, sizeof(struct record));
	rec(v)->raw = (struct buf)BUF_INIT;
	(void)base64_decode(&rec(v)->raw, slice_of(json_str(v->data, "raw", "")));
}

void plain_view_close(struct view *v)
{
	if (v->ops->closed && v->own)
		v->ops->closed(NULL, v);
}
