#include "source/connector_hand.h"

#include <ctype.h>
#include <strings.h>

#include "base/mem.h"

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* The next place of word in text, as a whole word in any case; NULL. */
static const char *find_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = text; *p; p++)
		if (!strncasecmp(p, word, n) && !is_word(p[n]) && (p == text || !is_word(p[-1])))
			return p;
	return NULL;
}

static const char *blanks(const char *p)
{
	while (*p && isspace((unsigned char)*p))
		p++;
	return p;
}

static int refuse(const cJSON *entry, struct err *e, const char *what)
{
	return err_set(e, ERR_DENIED, "%s may be asked for parts of it only, and %s",
	               json_str(entry, "name", "the source"), what);
}

/* ---- Splunk: OR binds closer than what stands side by side, so index=a OR x would leave the index ---- */

static bool index_allowed(const cJSON *entry, const char *name)
{
	const char *table = json_str(entry, "table", NULL);

	return json_arr(entry, "indexes") ? connector_in_scope(entry, "indexes", name)
	                                  : !strcasecmp(table, name);
}

/* Behind "index=NAME" at p, where NAME may be asked and nothing widens it; NULL. */
static const char *behind_index(const cJSON *entry, const char *p)
{
	const char *end;
	char *name;
	bool ok;

	p = blanks(p);
	if (strncmp(p, "index=", 6) != 0)
		return NULL;
	p += 6;
	for (end = p; is_word(*end); end++)
		;
	name = xstrndup(p, (size_t)(end - p));
	ok = end > p && index_allowed(entry, name);
	free(name);
	p = blanks(end);
	return ok && !(find_word(p, "OR") == p) ? end : NULL;
}

static int spl_scope(const cJSON *entry, const char *text, struct err *e)
{
	static const char form[] =
	        "each search in it has to begin with index=NAME of those in its entry";
	const char *p = blanks(text), *rest;

	if (!json_arr(entry, "indexes") && !json_str(entry, "table", NULL))
		return 0;
	rest = find_word(p, "search") == p ? behind_index(entry, p + 6) : NULL;
	while (rest) {
		const char *sub = strchr(rest, '['), *other = find_word(rest, "index");
		if (find_word(rest, "append") || find_word(rest, "union") ||
		    find_word(rest, "tstats") || (other && (!sub || other < sub)))
			break;
		if (!sub)
			return 0;
		sub = blanks(sub + 1);
		rest = find_word(sub, "search") == sub ? behind_index(entry, sub + 6) : NULL;
	}
	return refuse(entry, e, form);
}

/* ---- tables by name ---- */

static int kql_scope(const cJSON *entry, const char *text, struct err *e)
{
	const char *t;

	for (size_t i = 0; (t = kql_table_at(i)); i++)
		if (find_word(text, t) && connector_index_scope(entry, "the table ", t, e))
			return -1;
	return 0;
}

int hand_scope(const cJSON *entry, enum render_lang lang, const char *text, struct err *e)
{
	if (json_arr(entry, "classes"))
		return refuse(entry, e,
		              "which classes of data a text written by hand shows is not known");
	if (lang == RENDER_SPL)
		return spl_scope(entry, text, e);
	return lang == RENDER_KQL ? kql_scope(entry, text, e) : 0;
}
