#include "report/check.h"

#include "base/map.h"
#include "base/mem.h"
#include "ground/ground.h"
#include "report/claim.h"
#include "policy/redact.h"
#include "report/md.h"

#define EVIDENCE_ROWS_MAX 500
#define LINE_IDS_MAX 64

struct check {
	const struct check_in *in;
	struct check_out *out;
	struct map first, now; /* their lines */
	struct map seen;       /* id -> struct known */
	struct buf said;       /* what was left out or has changed, as a list */
	size_t line;
};
struct known {
	struct cited r;
	char id[CLAIM_ID_MAX];
	bool there, same;
};

/* ---- lines ---- */

static void learn_lines(struct map *m, struct slice text)
{
	struct slice line;

	while (slice_split(&text, '\n', &line)) {
		line = slice_trim(line);
		if (line.n)
			map_put(m, line.s, line.n, NULL);
	}
}

static bool has_line(const struct map *m, struct slice line)
{
	line = slice_trim(line);
	return map_get(m, line.s, line.n) != NULL;
}

static bool is_table(struct slice line)
{
	return line.n && slice_trim(line).s[0] == '|';
}

/* Structure, and what the drafts say where there is nothing: no fact of the logs. */
static bool is_frame(struct slice line)
{
	line = slice_trim(line);
	return !line.n || line.s[0] == '#' || (line.s[0] == '_' && line.s[line.n - 1] == '_') ||
	       (line.s[0] == '|' && strspn(line.s, "|- :") >= line.n);
}

void report_cites(struct slice md, cJSON *into)
{
	struct buf plain = BUF_INIT;
	char id[CLAIM_ID_MAX];
	size_t at = 0;

	claim_plain(&plain, md);
	while (claim_cite((struct slice){plain.s, plain.len}, &at, id))
		if (!json_get(into, id))
			json_add_bool(into, id, true);
	buf_release(&plain);
}

/* ---- records ---- */

static struct known *known(struct check *c, const char *id, struct err *e)
{
	struct map_entry *at = map_get(&c->seen, id, strlen(id));
	const char *was = json_str(c->in->cites, id, NULL);
	struct known *k;
	int rc;

	if (at)
		return at->val.p;
	k = xcalloc(1, sizeof(*k));
	snprintf(k->id, sizeof(k->id), "%s", id);
	rc = c->in->get(c->in->ctx, id, &k->r, e);
	k->there = rc > 0;
	k->same = !was || !*was || !k->r.sha256[0] || !strcmp(was, k->r.sha256);
	map_put(&c->seen, k->id, strlen(k->id), NULL)->val.p = k;
	return rc < 0 ? NULL : k;
}

struct fact {
	struct known *records[LINE_IDS_MAX];
	size_t n;
	const char *bad; /* why it may not leave */
	bool judged;     /* by its records: bad is a sentence of its own */
	char bad_id[CLAIM_ID_MAX];
};

static int read_records(struct check *c, struct slice plain, struct fact *f, struct err *e)
{
	char id[CLAIM_ID_MAX];
	size_t at = 0;

	while (f->n < LINE_IDS_MAX && claim_cite(plain, &at, id)) {
		struct known *k = known(c, id, e);
		if (!k)
			return -1;
		f->records[f->n++] = k;
		if (f->bad || (k->there && k->same))
			continue;
		snprintf(f->bad_id, sizeof(f->bad_id), "%s", id);
		f->bad = k->there ? "is another record than when this was drafted"
		                  : "is gone: not in the lake any more, and not pinned";
	}
	return 0;
}

/* ---- names that a record must have ---- */

static void give(struct ground *g, const struct known *k)
{
	if (k->r.event)
		ground_add_event(g, k->r.event, k->r.number);
	else
		ground_add(g,
		           &(struct ground_record){slice_of(k->id), k->r.time, NULL, 0, k->r.raw});
}

/* What the records that it cites do not show. */
static void check_claims(struct slice plain, struct fact *f)
{
	struct ground *g = ground_new();
	struct slice ids[LINE_IDS_MAX];
	struct ground_verdict v = {0};
	struct buf words = BUF_INIT;

	for (size_t i = 0; i < f->n; i++) {
		give(g, f->records[i]);
		ids[i] = slice_of(f->records[i]->id);
	}
	claim_words(&words, plain);
	ground_check(g, (struct slice){words.s, words.len}, ids, f->n, &v);
	if (v.status == GROUND_PARTLY || v.status == GROUND_UNSUPPORTED)
		f->bad = v.spans.n ? v.spans.v[0].why : "its records do not show it";
	f->judged = f->bad != NULL;
	ground_verdict_release(&v);
	ground_free(g);
	buf_release(&words);
}

static void check_written(struct slice plain, struct fact *f)
{
	struct slice name;
	size_t at = 0;

	if (f->bad)
		return;
	if (f->n)
		check_claims(plain, f);
	else if (claim_name(plain, &at, &name))
		f->bad = "names what only a record can know, and cites none";
}

/* ---- what becomes of a line ---- */

static size_t bullet(struct slice line)
{
	size_t n = 0;

	while (n < line.n && line.s[n] == ' ')
		n++;
	return n + 1 < line.n && strchr("-*+", line.s[n]) && line.s[n + 1] == ' ' ? n + 2 : n;
}

static void leave_out(struct check *c, struct slice line, const struct fact *f, struct buf *md)
{
	c->out->left_out++;
	buf_printf(&c->said, "- line %zu was left out:", c->line);
	md_id(&c->said, f->bad_id);
	buf_printf(&c->said, " %s%s\n", f->bad_id[0] || f->judged ? "" : "it ", f->bad);
	if (is_table(line))
		return;
	buf_add(md, line.s, bullet(line));
	buf_printf(md, "_left out, see the end: line %zu_\n", c->line);
}

static void keep(struct buf *md, struct slice line, const char *mark)
{
	buf_add(md, line.s, line.n);
	if (mark && !is_table(line))
		buf_printf(md, " %s", mark);
	buf_ch(md, '\n');
}

static void mark_changed(struct check *c, struct slice line, struct buf *md)
{
	c->out->changed++;
	buf_printf(&c->said, "- line %zu has changed since it was drafted\n", c->line);
	keep(md, line, "**(changed since it was drafted)**");
}

static void mark_written(struct check *c, struct slice line, const struct fact *f, struct buf *md)
{
	struct buf mark = BUF_INIT;

	c->out->written++;
	buf_str(&mark, "_(written by ");
	report_text(&mark, c->in->author);
	buf_str(&mark, f->n ? ")_" : "; cites no record)_");
	keep(md, line, mark.s);
	buf_release(&mark);
}

static int check_line(struct check *c, struct slice line, struct buf *md, struct err *e)
{
	bool drafted = has_line(&c->first, line);
	struct buf plain = BUF_INIT;
	struct fact f = {0};
	int rc;

	claim_plain(&plain, line);
	if (memmem(line.s, line.n, MD_UNSUPPORTED, strlen(MD_UNSUPPORTED)))
		f.bad = "is not supported by its records";
	rc = read_records(c, (struct slice){plain.s, plain.len}, &f, e);
	if (!rc && !drafted)
		check_written((struct slice){plain.s, plain.len}, &f);
	buf_release(&plain);
	if (rc)
		return -1;
	c->out->facts += f.n > 0;
	if (f.bad)
		leave_out(c, line, &f, md);
	else if (is_frame(line) || (drafted && (!c->in->now.n || has_line(&c->now, line))))
		keep(md, line, NULL);
	else if (drafted)
		mark_changed(c, line, md);
	else
		mark_written(c, line, &f, md);
	return 0;
}

/* ---- the two sections at the end ---- */

static void say_result(struct check *c, struct buf *md)
{
	char at[32];

	mw_time_format(c->in->at, at);
	md_head(md, "Checked at export");
	report_text(md, c->in->head);
	buf_str(md, ". Checked ");
	md_time(md, at);
	buf_printf(md,
	           ": %zu lines cite records, %zu lines were left out, %zu have changed since the "
	           "draft, %zu were written by hand.",
	           c->out->facts, c->out->left_out, c->out->changed, c->out->written);
	if (!c->in->now.n)
		buf_str(md, " It could not be drafted anew, so only its records were checked.");
	buf_str(md, "\n\n");
	buf_add(md, c->said.s, c->said.len);
}

static int by_id(const void *a, const void *b)
{
	const struct known *const *x = a, *const *y = b;
	size_t n = strlen((*x)->id), m = strlen((*y)->id);

	return n != m && (*x)->id[0] == (*y)->id[0] ? (n > m) - (n < m)
	                                            : strcmp((*x)->id, (*y)->id);
}

static void evidence_row(struct buf *md, const struct known *k)
{
	char at[32] = "";

	if (k->r.time != MW_TIME_NONE)
		mw_time_format(k->r.time, at);
	buf_str(md, "|");
	md_id(md, k->id);
	buf_str(md, " | ");
	report_text(md, k->r.dataset);
	buf_printf(md, " | %s | ", at);
	report_text(md, k->r.place);
	buf_printf(md, "%s | %s |\n", k->r.pinned ? " (only pinned)" : "", k->r.sha256);
}

static void say_evidence(struct check *c, struct buf *md)
{
	struct known **v = xcalloc(c->seen.n + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < c->seen.n; i++) {
		struct known *k = c->seen.entries[i].val.p;
		if (k->there)
			v[n++] = k;
	}
	qsort(v, n, sizeof(*v), by_id);
	md_head(md, "Evidence");
	if (n)
		buf_str(md, "| Record | Kind | Time (UTC) | Place | SHA-256 "
		            "|\n|---|---|---|---|---|\n");
	else
		buf_str(md, "_No record is cited._\n");
	for (size_t i = 0; i < n && i < EVIDENCE_ROWS_MAX; i++)
		evidence_row(md, v[i]);
	if (n > EVIDENCE_ROWS_MAX)
		buf_printf(md, "\n%zu more records are cited.\n", n - EVIDENCE_ROWS_MAX);
	free(v);
}

static void release(struct check *c)
{
	for (size_t i = 0; i < c->seen.n; i++)
		free(c->seen.entries[i].val.p);
	map_release(&c->seen);
	map_release(&c->first);
	map_release(&c->now);
	buf_release(&c->said);
}

int report_check(const struct check_in *in, struct buf *md, struct check_out *out, struct err *e)
{
	struct check c = {in, out, MAP_INIT, MAP_INIT, MAP_INIT, BUF_INIT, 0};
	struct buf masked = BUF_INIT;
	struct slice rest, line;
	int rc = 0;

	*out = (struct check_out){0};
	redact_mask(in->text, &masked);
	learn_lines(&c.first, in->first);
	learn_lines(&c.now, in->now);
	rest = (struct slice){masked.s, masked.len};
	while (!rc && slice_split(&rest, '\n', &line)) {
		c.line++;
		rc = check_line(&c, line, md, e);
	}
	if (!rc) {
		say_result(&c, md);
		say_evidence(&c, md);
	}
	release(&c);
	buf_release(&masked);
	return rc;
}
