#include "report/md.h"

#include "base/escape.h"
#include "policy/redact.h"

void report_text(struct buf *md, const char *s)
{
	struct buf masked = BUF_INIT;

	redact_mask(slice_of(s ? s : ""), &masked);
	esc_markdown(md, (struct slice){masked.s, masked.len});
	buf_release(&masked);
}

void md_head(struct buf *md, const char *title)
{
	buf_str(md, md->len ? "\n## " : "## ");
	report_text(md, title);
	buf_str(md, "\n\n");
}

void md_id(struct buf *md, const char *id)
{
	if (!id || !*id)
		return;
	buf_str(md, " [");
	report_text(md, !strncmp(id, "ev:", 3) ? "e" : "");
	report_text(md, !strncmp(id, "ev:", 3) ? id + 3 : id);
	buf_ch(md, ']');
}

void md_ids(struct buf *md, const cJSON *ids)
{
	int n = cJSON_GetArraySize(ids), shown = 0;
	const cJSON *v;

	cJSON_ArrayForEach(v, ids)
	{
		if (shown++ < MD_IDS_MAX && cJSON_IsString(v))
			md_id(md, v->valuestring);
	}
	if (n > MD_IDS_MAX)
		buf_printf(md, " +%d", n - MD_IDS_MAX);
}

void md_time(struct buf *md, const char *rfc3339)
{
	struct civil c;
	mw_time t;

	if (!rfc3339 || !mw_time_parse(slice_of(rfc3339), &t)) {
		report_text(md, rfc3339 && *rfc3339 ? rfc3339 : "an unknown time");
		return;
	}
	mw_time_civil(t, &c);
	buf_printf(md, "%04d-%02d-%02d %02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute);
}
