/*
 * `o`: the address of a record's page in the vendor's console, printed whole, and copied only when that is chosen.
 */
#include "view/app.h"

#include "model/vendor_page.h"

#define RECORD_PART (192 * 1024)

enum { WEB_SHOW, WEB_COPY };

static char *page; /* of the menu that is open */

static void chosen(struct app *a, struct view *v, int id)
{
	(void)v;
	if (id == WEB_COPY)
		copy_out(a, "address of the vendor's page", slice_of(page));
	else
		open_text(a, "vendor page", page);
}

static void offer(struct app *a, const struct view *v)
{
	app_menu(a, v, "The record in the vendor's console", true, chosen);
	menu_add(&a->menu, WEB_SHOW, page, "", NULL);
	menu_add(&a->menu, WEB_COPY, "copy it through the terminal (OSC 52)", "", NULL);
	menu_ready(&a->menu);
}

static void got_record(struct app *a, struct view *v, cJSON *result, const struct err *e)
{
	free(page);
	page = e ? NULL : vendor_page(result);
	if (e)
		app_say_err(a, e);
	else if (page)
		offer(a, v);
	else
		app_say(a, R_WARN,
		        "no page is known for this record: it carries no address, and %s "
		        "has no known pages",
		        json_str(result, "dataset", "its source"));
	cJSON_Delete(result);
}

void open_web(struct app *a, struct view *v, const char *wire)
{
	cJSON *p = params_new("id", wire);

	json_add_i64(p, "offset", 0);
	json_add_i64(p, "length", RECORD_PART);
	app_call(a, v, "evidence.get", p, got_record);
}

void open_web_of(struct app *a, struct view *v, const cJSON *thing)
{
	const cJSON *e = row_evidence(thing), *one = cJSON_IsArray(e) ? e->child : e;
	const char *link = json_str(thing, "link", NULL);

	if (link) { /* the platform's own record */
		free(page);
		page = xstrdup(link);
		offer(a, v);
	} else if (cJSON_IsString(one))
		open_web(a, v, one->valuestring);
	else
		app_say(a, R_WARN, "select a line that stands on a record; o then gives its page");
}
