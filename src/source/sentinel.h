/* Inside Sentinel's connector: one token an audience, queries, incidents, ingestion. */
#ifndef MW_SENTINEL_H
#define MW_SENTINEL_H

#include "source/connector_search.h"

struct sentinel;
struct sentinel_api { /* one API with a token of its own */
	struct sentinel *x;
	struct http *http;
	char *scope;
};
struct sentinel {
	struct connected c;
	struct connector_env env;
	struct http *login;
	struct sentinel_api logs, manage, ingest, collector; /* http NULL where not configured */
	struct source_run run; /* of the call in hand: tokens are fetched within it */
	cJSON *tables;         /* of the workspace, once asked */
};
static inline struct sentinel *sentinel_of(struct connected *c)
{
	return (struct sentinel *)c;
}
#define SENTINEL_RIGHTS                                                                          \
	"An app registration with `Microsoft Sentinel Reader` on the workspace (for changes of " \
	"incidents "                                                                             \
	"`Microsoft Sentinel Responder`) and the API permission Data.Read of the Log Analytics " \
	"API. For "                                                                              \
	"writing: `Monitoring Metrics Publisher` on the data collection rule, nothing on the "   \
	"workspace."

/* Runs a text over [from, to) and hands over its rows as JSON objects. 1: row has enough. *part: NULL, or what the platform says of an answer that
 * is not whole (free()); then no row was handed over unless take_part. */
int sentinel_query(struct sentinel *x, const struct source_run *run, const char *kql, mw_time from,
                   mw_time to, bool take_part, char **part, search_each_fn *row, void *ctx,
                   struct err *e);
/* Fetched once: {"table":{"column":"type"}}. Borrowed. */
int sentinel_tables(struct sentinel *x, const struct source_run *run, const cJSON **out,
                    struct err *e);
struct row_conf sentinel_rows(const struct sentinel *x, const char *table);

int sentinel_findings(struct connected *c, const struct source_run *run, char **cursor,
                      const struct finding_sink *sink, struct err *e);
int sentinel_finding(struct connected *c, const struct source_run *run, const char *id, cJSON **out,
                     struct err *e);
int sentinel_finding_events(struct connected *c, const struct source_run *run, const char *id,
                            const struct source_sink *sink, struct source_done *done,
                            struct err *e);
int sentinel_update(struct connected *c, const struct source_run *run,
                    const struct source_update *u, struct err *e);
int sentinel_create(struct connected *c, const struct source_run *run, const cJSON *incident,
                    char **id, struct err *e);
int sentinel_ingest(struct connected *c, const struct source_run *run, const struct slice *events,
                    size_t n, const char *batch_key, size_t *taken, struct err *e);
int sentinel_test(struct connected *c, const struct source_run *run, const struct check_sink *sink,
                  struct err *e);
int sentinel_catalog(struct connected *c, const struct source_run *run, struct source_catalog *out,
                     struct err *e);
/* "SharedKey WORKSPACE:SIGNATURE" of the legacy collector. malloc; NULL where the key is no base64. */
char *sentinel_signature(const char *workspace, struct slice key, size_t length, const char *date);
char *sentinel_version(const cJSON *incident);

#endif
