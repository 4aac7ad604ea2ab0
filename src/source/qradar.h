/* Inside QRadar's connector. */
#ifndef MW_QRADAR_H
#define MW_QRADAR_H

#include "source/connector_search.h"

struct qradar {
	struct connected c;
	struct connector_env env;
	struct http *http, *syslog; /* syslog: NULL where none is configured */
	struct secret *login;
	bool cef; /* events are written as CEF, else as LEEF 2.0 */
};
static inline struct qradar *qradar_of(struct connected *c)
{
	return (struct qradar *)c;
}
#define QRADAR_RIGHTS                                                                           \
	"An authorized service (Admin > Authorized Services) with a user role that has Log "    \
	"Activity and "                                                                         \
	"Offenses (for changes: Manage Offense Closing Reasons is not needed, Assign Offenses " \
	"is), and a "                                                                           \
	"security profile limited to the log sources that may be seen. New tokens need Deploy " \
	"Changes."

/* One call; rows: a Range of "items=A-B", or NULL. */
int qradar_call(struct qradar *x, const struct source_run *run, const char *method,
                const char *path, const char *range, struct http_response *rs, struct err *e);
int qradar_json(struct qradar *x, const struct source_run *run, const char *method,
                const char *path, cJSON **out, struct err *e);
/* Runs an AQL text: creates, waits, pages, deletes. 1: row has enough. s: for progress and partial results; may be NULL. */
int qradar_run(struct qradar *x, const struct source_run *run, const char *aql, int64_t rows,
               search_each_fn *row, void *ctx, struct search *s, struct err *e);
struct row_conf qradar_rows(const struct qradar *x);

int qradar_findings(struct connected *c, const struct source_run *run, char **cursor,
                    const struct finding_sink *sink, struct err *e);
int qradar_finding(struct connected *c, const struct source_run *run, const char *id, cJSON **out,
                   struct err *e);
int qradar_finding_events(struct connected *c, const struct source_run *run, const char *id,
                          const struct source_sink *sink, struct source_done *done, struct err *e);
int qradar_update(struct connected *c, const struct source_run *run, const struct source_update *u,
                  struct err *e);
int qradar_ingest(struct connected *c, const struct source_run *run, const struct slice *events,
                  size_t n, const char *batch_key, size_t *taken, struct err *e);
/* One JSON object as a line of syslog with LEEF 2.0 or CEF in it, its newline included. */
int qradar_line(struct buf *out, struct slice event, bool cef, const char *key, struct err *e);
char *qradar_version(const cJSON *offense);

#endif
