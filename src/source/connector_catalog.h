/*
 * A platform's own catalogue beside a rendered text: every table and column that the text needs is looked up before it is sent, so that a
 * name that the platform does not have is an answer in words and no silent "nothing found". Inside src/source.
 *
 * What is not there is not asked for. Where the platform's rows bring the record itself, the text is wider and run/ looks at the
 * records, as long as something else narrows it; where they bring their columns only, or nothing else narrows it, the search is refused
 * with the nearest names.
 */
#ifndef MW_CONNECTOR_CATALOG_H
#define MW_CONNECTOR_CATALOG_H

#include "plan/render.h"
#include "source/connector_row.h"

struct catalog_look { /* what render_catalog.ctx is */
	const struct source_catalog *catalog;
	enum render_lang lang;
};
/* False where nothing is known: then out is not to be used. */
bool catalog_of(struct catalog_look *look, const struct connector_env *env, enum render_lang lang,
                struct render_catalog *out);
/* 0, or ERR_NOT_FOUND: the table is none of the platform's. */
int catalog_check_table(const struct catalog_look *look, const char *source, const char *table,
                        struct err *e) MW_USE_RESULT;
/* Whether the text may go: 0, or ERR_NOT_FOUND with the names that are nearest. Says in done.fields what was looked at. */
int catalog_check(const struct catalog_look *look, const char *source, const char *table,
                  const struct row_conf *rows, const struct plan_search *s,
                  const struct rendered *text, struct source_done *done,
                  struct err *e) MW_USE_RESULT;

#endif
