/* Inside Lacework's connector: token, calls within the hourly budget, pages, alerts, assets, LQL. */
#ifndef MW_LACEWORK_H
#define MW_LACEWORK_H

#include "source/connector_search.h"

#define LACEWORK_HOURLY 480 /* requests an hour, user and group of functions */
#define LACEWORK_GROUPS 16
#define LACEWORK_WINDOW (7 * MW_DAY) /* of one request */
#define LACEWORK_REACH (92 * MW_DAY) /* how far back it answers */
#define LACEWORK_PAGE_ROWS 5000

/* What was asked of one group of functions ("Alerts"), and what it said of the rest. */
struct lacework_group {
	char name[32];
	int64_t at[LACEWORK_HOURLY]; /* mw_mono_us of the last requests, a ring */
	size_t next, n;
	int64_t left, until_us; /* as it said; left -1: nothing. until: mono, when it counts anew */
};
struct lacework {
	struct connected c;
	struct connector_env env;
	struct http *login, *http;
	struct secret *key;
	struct source_run run; /* of the call in hand: tokens are fetched within it */
	struct lacework_group groups[LACEWORK_GROUPS];
	bool no_dataset; /* Inventory takes no `dataset` here */
};
static inline struct lacework *lacework_of(struct connected *c)
{
	return (struct lacework *)c;
}
#define LACEWORK_RIGHTS                                                                              \
	"An API key (Settings > API keys) of a service user whose group may read alerts, resource "  \
	"inventory, entities, vulnerabilities, policies and LQL queries. For comments and closing "  \
	"of alerts also the right to change alerts, no more. 480 requests an hour are allowed to a " \
	"user and group of functions: give Midwatch a user of its own."

/* One call. An empty answer (204) is no error: rs->body is empty. reads: it changes nothing, and may be sent again. */
int lacework_call(struct lacework *x, const struct source_run *run, const char *method,
                  const char *path, const cJSON *doc, bool reads, struct http_response *rs,
                  struct err *e);
/* The same for its JSON; *out NULL where there is none. */
int lacework_json(struct lacework *x, const struct source_run *run, const char *method,
                  const char *path, const cJSON *doc, bool reads, cJSON **out, struct err *e);
/* Requests that the hour still has for the group. */
int64_t lacework_left(struct lacework *x, const char *group);
/* Each row of `data`, over all pages. path: of a search, with doc as its body (NULL: GET). 1 as soon as fn gives it. */
int lacework_rows(struct lacework *x, const struct source_run *run, const char *path,
                  const cJSON *doc, call_each_fn *fn, void *ctx, struct err *e);
/* {"startTime","endTime"} under `timeFilter`. */
void lacework_time_filter(cJSON *doc, mw_time from, mw_time to);
/* One more of doc's filters. */
void lacework_filter(cJSON *doc, const char *field, const char *value);
/* "2026-01-01T00:00:00.000Z" */
void lacework_time(mw_time t, char out[40]);

/* An inventory row, or a row of a configuration table, as a node; and the account of the latter. */
cJSON *lacework_node(const cJSON *row);
cJSON *lacework_account_node(const cJSON *row);

int lacework_search(struct source *src, const struct plan *p, size_t step,
                    const struct source_run *run, const struct source_sink *sink,
                    struct source_done *done, struct err *e);
unsigned lacework_fit(struct source *src, const struct plan *p, size_t step);
/* Runs a text over a window, rows byte for byte. */
int lacework_lql(struct lacework *x, const struct source_run *run, const char *lql, int64_t limit,
                 mw_time from, mw_time to, struct http_response *rs, struct slice *rows,
                 struct err *e);
int lacework_findings(struct connected *c, const struct source_run *run, char **cursor,
                      const struct finding_sink *sink, struct err *e);
int lacework_finding(struct connected *c, const struct source_run *run, const char *id, cJSON **out,
                     struct err *e);
int lacework_finding_events(struct connected *c, const struct source_run *run, const char *id,
                            const struct source_sink *sink, struct source_done *done,
                            struct err *e);
int lacework_asset(struct connected *c, const struct source_run *run, const char *any_id,
                   cJSON **out, struct err *e);
/* {"data": ..} of GET Alerts/ID?scope=.. ; *out is what is in data, NULL where it is empty. */
int lacework_scope(struct lacework *x, const struct source_run *run, const char *id,
                   const char *scope, cJSON **out, struct err *e);
/* An alert of the accounts that the entry allows. */
int lacework_details(struct lacework *x, const struct source_run *run, const char *id, cJSON **out,
                     struct err *e);
/* Where accounts are limited an alert has to name one of them. */
bool lacework_in_accounts(const struct lacework *x, struct slice alert);
/* How its records of CloudTrail are read. */
struct row_conf lacework_records(const struct lacework *x);
/* What a finding has as its etag: the state that a change would meet. malloc */
char *lacework_etag(struct slice alert);
int lacework_update(struct connected *c, const struct source_run *run,
                    const struct source_update *u, struct err *e);
int lacework_test(struct connected *c, const struct source_run *run, const struct check_sink *sink,
                  struct err *e);
int lacework_catalog(struct connected *c, const struct source_run *run, struct source_catalog *out,
                     struct err *e);

#endif
