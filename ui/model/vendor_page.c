#include "model/vendor_page.h"

#include <ctype.h>

#include "base/json.h"
#include "base/mem.h"
#include "model/base64.h"

#define DEPTH_MAX 12
#define RECORD_MAX (1024 * 1024)

/* Fields that vendors made for this, in any spelling of case. */
static const char *const link_fields[] = {"src_url",    "sourceurl",   "portalurl",
                                          "alertlink",  "incidenturl", "weburl",
                                          "consoleurl", "deeplink",    "permalink"};

/* {name}: the value of that field of the record, {uid} the record's id. */
static const struct {
	const char *dataset, *page;
} pages[] = {
        {"cloudtrail", "https://{cloud.region}.console.aws.amazon.com/cloudtrailv2/home"
                       "?region={cloud.region}#/events/{uid}"},
        {"guardduty", "https://{cloud.region}.console.aws.amazon.com/guardduty/home"
                      "?region={cloud.region}#/findings?macros=current&fId={uid}"},
        {"finding.wiz", "https://app.wiz.io/issues#~(issue~'{uid})"},
};

static bool is_link(const cJSON *j)
{
	if (!cJSON_IsString(j) || !j->string || strncmp(j->valuestring, "https://", 8) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(link_fields); i++)
		if (!strcasecmp(j->string, link_fields[i]))
			return true;
	return false;
}

static const cJSON *find_link(const cJSON *j, int depth)
{
	const cJSON *c, *found = is_link(j) ? j : NULL;

	if (!found && depth < DEPTH_MAX)
		cJSON_ArrayForEach(c, j) if ((found = find_link(c, depth + 1))) break;
	return found;
}

static char *carried(const cJSON *evidence)
{
	struct buf raw = BUF_INIT;
	struct err e;
	cJSON *record = NULL;
	const cJSON *link;
	char *out = NULL;

	if (base64_decode(&raw, slice_of(json_str(evidence, "raw", ""))))
		record = json_parse((struct slice){raw.s, raw.len}, RECORD_MAX, &e);
	link = find_link(record, 0);
	if (link)
		out = xstrdup(link->valuestring);
	cJSON_Delete(record);
	buf_release(&raw);
	return out;
}

static const char *value_of(const cJSON *evidence, struct slice name)
{
	const cJSON *f;

	if (slice_eq_str(name, "uid"))
		return json_str(evidence, "uid", "");
	cJSON_ArrayForEach(
	        f, json_arr(evidence,
	                    "fields")) if (slice_eq_str(name,
	                                                json_str(f, "name",
	                                                         ""))) return json_str(f, "value",
	                                                                               "");
	return "";
}

/* Percent-encoded: a value never becomes a part of the address's structure. */
static void add_encoded(struct buf *b, const char *s)
{
	for (; *s; s++)
		if (isalnum((unsigned char)*s) || strchr("-._~", *s))
			buf_ch(b, *s);
		else
			buf_printf(b, "%%%02X", (unsigned char)*s);
}

/* NULL where a value is missing. */
static char *filled(const char *page, const cJSON *evidence)
{
	struct buf b = BUF_INIT;

	while (*page) {
		const char *end = *page == '{' ? strchr(page, '}') : NULL, *value;
		if (!end) {
			buf_ch(&b, *page++);
			continue;
		}
		value = value_of(evidence, (struct slice){page + 1, (size_t)(end - page - 1)});
		if (!*value) {
			buf_release(&b);
			return NULL;
		}
		add_encoded(&b, value);
		page = end + 1;
	}
	return buf_take(&b, NULL);
}

char *vendor_page(const cJSON *evidence)
{
	char *out = carried(evidence);

	for (size_t i = 0; i < ARRAY_LEN(pages) && !out; i++)
		if (!strcmp(json_str(evidence, "dataset", ""), pages[i].dataset))
			out = filled(pages[i].page, evidence);
	return out;
}
