/* plan.text: a step in the language of the source that would be asked. plan.sigma: a Sigma rule as a plan. */
#include "base/limits.h"
#include "plan/render.h"
#include "plan/sigma.h"
#include "serve/work_lake.h"

/* The lake is told the plan itself: that is its program. */
static int own_text(const struct plan *p, size_t step, cJSON *result)
{
	cJSON *j = plan_to_json(p);
	const char *hand = p->steps[step].hand;
	char *text = cJSON_Print(cJSON_GetArrayItem(json_arr(j, "steps"), (int)step));

	json_add_str(result, "text", hand ? hand : text);
	json_add_bool(result, "exact", true);
	if (hand)
		cJSON_AddItemToArray(json_add_arr(result, "notes"),
		                     cJSON_CreateString("written by hand: sent as it is"));
	else
		json_add_arr(result, "notes");
	cJSON_free(text);
	cJSON_Delete(j);
	return 0;
}

static int find_language(const char *word, enum render_lang *lang, struct err *e)
{
	const char *near;

	for (int i = 0; render_lang_words[i]; i++) {
		if (strcmp(render_lang_words[i], word))
			continue;
		*lang = (enum render_lang)i;
		return 0;
	}
	near = mw_did_you_mean(word, render_lang_words);
	return err_set(e, ERR_INVALID,
	               "there is no language \"%s\" (spl, kql, aql, dsl, sql, wiz, rql, orca, lql, "
	               "sigma, plan)%s%s%s",
	               word, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int siem_text(const struct plan *p, size_t step, const char *language, const char *table,
                     cJSON *result, struct err *e)
{
	struct render_target target = {.table = table};
	struct rendered out = {0};
	enum render_lang lang = RENDER_SPL;
	cJSON *notes;
	int rc;

	if (find_language(language, &lang, e))
		return -1;
	rc = plan_render(lang, p, step, &target, &out, e);
	if (!rc) {
		json_add_slice(result, "text", (struct slice){out.text.s, out.text.len});
		json_add_bool(result, "exact", out.exact_rows);
		notes = json_add_arr(result, "notes");
		for (size_t i = 0; i < out.notes.n; i++)
			cJSON_AddItemToArray(notes, cJSON_CreateString(out.notes.v[i]));
	}
	rendered_release(&out);
	return rc;
}

int work_plan_text(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct plan *p = plan_from_json(json_obj(params, "plan"), e);
	const char *language = json_str(params, "language", "plan");
	int64_t step = json_i64(params, "step", 0);
	int rc;

	(void)w;
	if (!p)
		return -1;
	if (step < 0 || (size_t)step >= p->nsteps) {
		err_set(e, ERR_INVALID, "the plan has %zu steps, there is no step %lld", p->nsteps,
		        (long long)step + 1);
		plan_free(p);
		return -1;
	}
	*result = cJSON_CreateObject();
	json_add_str(*result, "language", language);
	if (strcmp(language, "plan") == 0 || p->steps[step].hand)
		rc = own_text(p, (size_t)step, *result);
	else
		rc = siem_text(p, (size_t)step, language, json_str(params, "table", NULL), *result,
		               e);
	plan_free(p);
	if (rc) {
		cJSON_Delete(*result);
		*result = NULL;
	}
	return rc;
}

int work_plan_sigma(struct worker *w, const cJSON *params, cJSON **result, struct err *e)
{
	struct buf note = BUF_INIT;
	struct plan *p = sigma_plan(slice_of(json_str(params, "text", "")),
	                            json_str(params, "name", "the rule"), &note, e);

	(void)w;
	if (p) {
		*result = cJSON_CreateObject();
		cJSON_AddItemToObject(*result, "plan", plan_to_json(p));
		json_add_str(*result, "note", note.s);
		plan_free(p);
	}
	buf_release(&note);
	return p ? 0 : -1;
}
