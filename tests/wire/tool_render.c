/* tool_render LANGUAGE: plans as JSON, one a line on stdin, as texts on stdout, one a line (line ends inside as \n).
 * A plan that cannot be said prints nothing and fails the run. */
#include "base/limits.h"
#include "plan/render.h"

static int render_line(enum render_lang lang, struct slice line)
{
	struct rendered out = {0};
	struct err e = {0};
	cJSON *j = json_parse(line, MW_PLAN_JSON_MAX, &e);
	struct plan *p = j ? plan_from_json(j, &e) : NULL;
	int rc = p ? plan_render(lang, p, 0, NULL, &out, &e) : -1;

	for (size_t i = 0; !rc && i < out.text.len; i++)
		fputs(out.text.s[i] == '\n' ? "\\n" : (char[]){out.text.s[i], 0}, stdout);
	fputs(rc ? "" : "\n", stdout);
	if (rc)
		fprintf(stderr, "%s\n", e.what);
	if (p)
		rendered_release(&out);
	plan_free(p);
	cJSON_Delete(j);
	return rc;
}

int main(int argc, char **argv)
{
	struct err e;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int lang = 0, rc = 0;

	while (argc > 1 && render_lang_words[lang] && strcmp(render_lang_words[lang], argv[1]) != 0)
		lang++;
	if (argc < 2 || !render_lang_words[lang] || fields_load(&e))
		return 2;
	while ((n = getline(&line, &cap, stdin)) > 0)
		rc |= render_line((enum render_lang)lang,
		                  slice_trim((struct slice){line, (size_t)n}));
	free(line);
	return rc ? 1 : 0;
}
