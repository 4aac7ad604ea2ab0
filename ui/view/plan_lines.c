#include "view/plan_lines.h"

#include "model/say.h"
#include "term/width.h"
#include "widget/text.h"

void doc_two_sides(struct doc *d, enum role role, struct slice left, struct slice right)
{
	struct buf b = BUF_INIT;
	int rw = text_width(right), room = d->width - rw - 1, used;
	size_t n = text_prefix(left, room, &used);

	if (n < left.n) {
		n = text_prefix(left, room - 2, &used);
		buf_add(&b, left.s, n);
		buf_str(&b, "..");
		used += 2;
	} else {
		buf_add(&b, left.s, left.n);
	}
	for (; used < d->width - rw; used++)
		buf_ch(&b, ' ');
	buf_add(&b, right.s, right.n);
	doc_add(d, role, (struct slice){b.s, b.len});
	buf_release(&b);
}

static enum role state_role(const char *state)
{
	return !strcmp(state, "failed") ? R_BAD : !strcmp(state, "skipped") ? R_WARN : R_TEXT;
}

void plan_step_line(struct doc *d, const cJSON *s, const cJSON *plan)
{
	struct buf left = BUF_INIT, right = BUF_INIT;
	const char *state = json_str(s, "state", "waiting"), *why = json_str(s, "why", "");
	char rows[32];

	count_text(json_i64(s, "rows", 0), rows);
	buf_printf(&left, "%2lld %s %s  %s", (long long)json_i64(s, "n", 0) + 1,
	           json_str(s, "kind", json_str(plan, "kind", "")),
	           json_str(s, "source", json_str(plan, "source", "lake")),
	           json_str(s, "title", json_str(plan, "name", "")));
	if (!strcmp(state, "done") || !strcmp(state, "running"))
		buf_printf(&right, "%s row%s  ", rows, strcmp(rows, "1") ? "s" : "");
	if (json_i64(s, "elapsed_ms", 0))
		say_elapsed(&right, json_i64(s, "elapsed_ms", 0));
	buf_printf(&right, " %s%s", state, json_bool(s, "partial", false) ? " PARTIAL" : "");
	doc_two_sides(d, state_role(state), (struct slice){left.s, left.len},
	              (struct slice){right.s, right.len});
	if (*why && state_role(state) != R_TEXT)
		doc_wrap(d, state_role(state), "   ", 3, slice_of(why));
	buf_release(&left);
	buf_release(&right);
}

void doc_row_line(struct doc *d, int indent, const cJSON *row, bool days)
{
	struct buf left = BUF_INIT, right = BUF_INIT;

	for (int i = 0; i < indent; i++)
		buf_ch(&left, ' ');
	if (say_when(row, "time") != MW_TIME_NONE) {
		(days ? say_day_clock : say_clock)(&left, say_when(row, "time"));
		buf_ch(&left, ' ');
	}
	say_row(&left, row);
	say_ids(&right, row_evidence(row), 1);
	doc_two_sides(d, R_TEXT, (struct slice){left.s, left.len},
	              (struct slice){right.s, right.len});
	buf_release(&left);
	buf_release(&right);
}
