/*
 * Inside Splunk's connector: the connection, a search job from its creation to its cancel, and the parts that stand on it.
 */
#ifndef MW_SPLUNK_H
#define MW_SPLUNK_H

#include "source/connector_search.h"

struct splunk {
	struct connected c;
	struct connector_env env;
	struct http *http, *hec; /* hec: NULL where no hec_url is configured */
	struct secret *login, *hec_login;
	bool old; /* search/v2 is not there: before 9.0.2 */
};
static inline struct splunk *splunk_of(struct connected *c)
{
	return (struct splunk *)c;
}
#define SPLUNK_RIGHTS                                                                             \
	"A role with the capability `search`, srchIndexesAllowed set to the indexes to be asked " \
	"and no "                                                                                 \
	"write capability; a token of an account with that role (Settings > Tokens). For "        \
	"notables also "                                                                          \
	"`edit_notable_events`. For writing: an HTTP Event Collector token of its own, limited "  \
	"to one index."

/* One row of a job's results. As search_each_fn. */
struct splunk_query {
	const char *spl;
	const char *earliest, *latest; /* NULL: what the text says */
	int64_t rows;                  /* at most these */
	search_each_fn *row;
	void *ctx;
	struct search *search; /* for progress and partial results; may be NULL */
};
/* Creates the job, waits, hands over its rows, cancels it in any case. 1: row said that it has enough. */
int splunk_run(struct splunk *x, const struct source_run *run, const struct splunk_query *q,
               struct err *e);
/* The same as a stream, without a job that could be paged: for many rows. */
int splunk_export(struct splunk *x, const struct source_run *run, const struct splunk_query *q,
                  struct err *e);
/* GET with output_mode=json; *out is the caller's. */
int splunk_get(struct splunk *x, const struct source_run *run, const char *path, cJSON **out,
               struct err *e);
/* entry[0].content of such an answer, or NULL. */
const cJSON *splunk_content(const cJSON *answer);

int splunk_findings(struct connected *c, const struct source_run *run, char **cursor,
                    const struct finding_sink *sink, struct err *e);
int splunk_finding(struct connected *c, const struct source_run *run, const char *id, cJSON **out,
                   struct err *e);
int splunk_finding_events(struct connected *c, const struct source_run *run, const char *id,
                          const struct source_sink *sink, struct source_done *done, struct err *e);
int splunk_update(struct connected *c, const struct source_run *run, const struct source_update *u,
                  struct err *e);
int splunk_ingest(struct connected *c, const struct source_run *run, const struct slice *events,
                  size_t n, const char *batch_key, size_t *taken, struct err *e);
int splunk_catalog(struct connected *c, const struct source_run *run, struct source_catalog *out,
                   struct err *e);
int splunk_test(struct connected *c, const struct source_run *run, const struct check_sink *sink,
                struct err *e);
struct row_conf splunk_rows(const struct splunk *x);
/* The i-th index to ask: `table`, else each of `indexes`; NULL behind the last one ("*" is asked where neither is set). */
const char *splunk_index(const struct splunk *x, size_t i);
char *splunk_version(const cJSON *notable);

#endif
