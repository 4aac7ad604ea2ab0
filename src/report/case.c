/* What was thought of a case, what is ruled out and by what proof, what is not known, and what comes next. */
#include "report/md.h"

#define CASE_LINES_MAX 8 /* of one kind */

/* ---- notes ---- */

static const char *const kinds[] = {"think", "ruled out", "not known", "next"};
enum kind { K_THINK, K_RULED_OUT, K_NOT_KNOWN, K_NEXT };

/* The text behind "think:", or NULL where the note is of another kind. */
static const char *note_of(const cJSON *note, enum kind k)
{
	const char *s = json_str(note, "text", "");
	size_t n = strlen(kinds[k]);

	if (strncasecmp(s, kinds[k], n) || !strchr(": ", s[n]))
		return NULL;
	return s + n + strspn(s + n, ": ");
}

static void begin(struct buf *md, const struct case_lines *c, enum kind k)
{
	buf_printf(md, "%s- %s: ", c->indent, kinds[k]);
}

static int notes(struct buf *md, const struct case_lines *c, enum kind k)
{
	const cJSON *note;
	int n = 0;

	cJSON_ArrayForEach(note, json_arr(c->incident, "notes"))
	{
		const char *s = note_of(note, k);
		if (!s)
			continue;
		begin(md, c, k);
		report_text(md, s);
		buf_str(md, " (");
		report_text(md, json_str(note, "by", "?"));
		buf_ch(md, ' ');
		md_time(md, json_str(note, "at", NULL));
		buf_str(md, ")\n");
		n++;
	}
	return n;
}

static void nothing(struct buf *md, const struct case_lines *c, enum kind k, int written)
{
	if (written)
		return;
	begin(md, c, k);
	buf_str(md, "_nothing written_\n");
}

/* ---- think ---- */

static int weight(const cJSON *finding)
{
	static const char order[] = "CHMLI";
	const char *at = strchr(order, json_str(finding, "severity", "I")[0]);

	return at && *at ? (int)(at - order) : (int)sizeof(order);
}

/* The finding that gave the incident its name, else the gravest. */
static const cJSON *telling(const cJSON *incident)
{
	const cJSON *f, *best = NULL;

	cJSON_ArrayForEach(f, json_arr(incident, "findings"))
	{
		if (!strcmp(json_str(f, "title", ""), json_str(incident, "title", "?")))
			return f;
		if (!best || weight(f) < weight(best))
			best = f;
	}
	return best;
}

static void finding_line(struct buf *md, const struct case_lines *c)
{
	const cJSON *f = telling(c->incident);

	if (!f) {
		buf_ch(md, '\n');
		return;
	}
	buf_str(md, "; it rests on: ");
	md_time(md, json_str(f, "first", NULL));
	buf_ch(md, ' ');
	report_text(md, json_str(f, "title", "?"));
	md_ids(md, json_arr(f, "evidence"));
	buf_ch(md, '\n');
}

static void think(struct buf *md, const struct case_lines *c)
{
	if (notes(md, c, K_THINK))
		return;
	begin(md, c, K_THINK);
	buf_str(md, "_nothing written_");
	finding_line(md, c);
}

/* ---- questions that came back empty ---- */

static bool proves(const cJSON *asked)
{
	return !strcmp(json_str(asked, "reason", ""), "truly_none") &&
	       *json_str(asked, "cover", "");
}

static bool leaves_open(const cJSON *asked)
{
	return *json_str(asked, "reason", "") && !proves(asked);
}

static int empty_answers(struct buf *md, const struct case_lines *c, enum kind k,
                         bool (*wanted)(const cJSON *asked))
{
	const cJSON *asked;
	int n = 0;

	cJSON_ArrayForEach(asked, json_arr(c->incident, "asked"))
	{
		if (!wanted(asked) || n >= CASE_LINES_MAX)
			continue;
		begin(md, c, k);
		report_text(md, json_str(asked, "question", ""));
		buf_str(md, ": ");
		report_text(md, json_str(asked, "sentence", ""));
		md_id(md, json_str(asked, "cover", NULL));
		buf_str(md, " (asked ");
		md_time(md, json_str(asked, "at", NULL));
		buf_str(md, ")\n");
		n++;
	}
	return n;
}

static int gap_lines(struct buf *md, const struct case_lines *c)
{
	const cJSON *gap;
	int n = 0;

	cJSON_ArrayForEach(gap, c->gaps)
	{
		begin(md, c, K_NOT_KNOWN);
		report_text(md, json_str(gap, "text", "?"));
		md_id(md, json_str(gap, "cover", NULL));
		buf_ch(md, '\n');
		n++;
	}
	return n;
}

/* ---- next ---- */

static void who_and_when(struct buf *md, const struct case_lines *c)
{
	const char *owner = json_str(c->incident, "owner", ""),
	           *due = json_str(c->incident, "sla_due", NULL);

	buf_str(md, "; with ");
	report_text(md, *owner ? owner : "nobody");
	if (due) {
		buf_str(md, ", promised by ");
		md_time(md, due);
	} else {
		buf_str(md, ", no time is promised");
	}
	buf_ch(md, '\n');
}

static void next(struct buf *md, const struct case_lines *c)
{
	if (notes(md, c, K_NEXT))
		return;
	begin(md, c, K_NEXT);
	buf_str(md, "_nothing written_");
	if (c->plan) {
		buf_str(md, "; the playbook's next step: ");
		report_text(md, json_str(c->plan, "title", "?"));
		buf_str(md, ", needs ");
		report_text(md, json_str(c->plan, "needs", "?"));
	}
	who_and_when(md, c);
}

static void pins(struct buf *md, const struct case_lines *c)
{
	const cJSON *pin;

	cJSON_ArrayForEach(pin, json_arr(c->incident, "pins"))
	{
		buf_printf(md, "%s- pinned", c->indent);
		md_id(md, json_str(pin, "id", NULL));
		buf_ch(md, ' ');
		report_text(md, json_str(pin, "note", ""));
		buf_str(md, " (");
		report_text(md, json_str(pin, "by", "?"));
		buf_str(md, ")\n");
	}
}

/* Nobody has noted, pinned, asked, claimed or changed anything. */
static bool untouched(const cJSON *i)
{
	return !cJSON_GetArraySize(json_arr(i, "notes")) &&
	       !cJSON_GetArraySize(json_arr(i, "pins")) &&
	       !cJSON_GetArraySize(json_arr(i, "asked")) &&
	       !cJSON_GetArraySize(json_arr(i, "actions")) && !*json_str(i, "owner", "") &&
	       !strcmp(json_str(i, "status", "new"), "new");
}

void md_case(struct buf *md, const struct case_lines *c)
{
	int n;

	if (untouched(c->incident)) {
		buf_printf(md, "%s- nobody has looked at it yet", c->indent);
		finding_line(md, c);
		gap_lines(md, c);
		next(md, c);
		return;
	}
	think(md, c);
	n = notes(md, c, K_RULED_OUT);
	nothing(md, c, K_RULED_OUT, n + empty_answers(md, c, K_RULED_OUT, proves));
	n = notes(md, c, K_NOT_KNOWN);
	n += empty_answers(md, c, K_NOT_KNOWN, leaves_open);
	nothing(md, c, K_NOT_KNOWN, n + gap_lines(md, c));
	next(md, c);
	pins(md, c);
}
