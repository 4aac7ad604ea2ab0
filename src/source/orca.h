/* Inside Orca's connector: calls and their envelope, alerts of both APIs, one alert with what is known around it. */
#ifndef MW_ORCA_H
#define MW_ORCA_H

#include "source/connector_search.h"

struct orca {
	struct connected c;
	struct connector_env env;
	struct http *http;
	struct secret *login;
	char *no_serving; /* why alerts are read from the legacy API; NULL: they are not */
};
static inline struct orca *orca_of(struct connected *c)
{
	return (struct orca *)c;
}
#define ORCA_RIGHTS                                                                               \
	"An API token (Settings > API tokens) with the role Viewer, limited to the accounts or "  \
	"business units that may be seen. For status, score and comments of alerts a role that "  \
	"may change alerts, no more: none of its calls changes the cloud. Give the token an end " \
	"date."
#define ORCA_QUERY "/api/serving-layer/query"

/* One call whose answer is {"status":"success", ...}: what else it says is an error with its own words. doc: JSON body or NULL. rs is the
 * caller's to release in any case. */
int orca_call(struct orca *x, const struct source_run *run, const char *method, const char *path,
              const cJSON *doc, struct http_response *rs, struct err *e);
int orca_json(struct orca *x, const struct source_run *run, const char *method, const char *path,
              const cJSON *doc, cJSON **out, struct err *e);
/* The answer's own status; 0 where it says success or nothing. */
int orca_success(const struct orca *x, struct slice body, struct err *e);

/* The body of a query for objects of one model: with (taken; NULL: all) as its condition. */
cJSON *orca_query(const char *model, cJSON *with, int64_t limit, int64_t start);
cJSON *orca_in(const char *key, const char *value);
/* A relation: objects of the model that key leads to and that fulfil with (taken). */
cJSON *orca_has(const char *key, const char *model, cJSON *with);
/* What an answer counts; -1 where it does not. */
int64_t orca_total(struct slice body);
/* {"key":{"value":..}} of a row, else {"key":..}. */
const char *orca_value(const cJSON *data, const char *key);

/* Whether a row or alert is of the accounts that the entry allows; one that names none of them is not. */
bool orca_in_accounts(const struct orca *x, struct slice raw);
/* Refuses where the entry's `indexes` do not name the model. */
int orca_model_scope(const struct orca *x, const char *model, struct err *e) MW_USE_RESULT;
/* Letters, digits and what ids of alerts and assets have besides; nothing that ends a path. */
bool orca_id_ok(const char *id);

/* The first rows of a model (an array, the caller's); takes with. */
int orca_rows(struct orca *x, const struct source_run *run, const char *model, cJSON *with,
              cJSON **rows, struct err *e);
/* A row of the serving layer as a node; the account that it is in, NULL where the row does not tell. */
cJSON *orca_node(const cJSON *row);
cJSON *orca_account_node(const cJSON *row);
/* The legacy API's record of an alert, and its log of changes and comments. */
int orca_details(struct orca *x, const struct source_run *run, const char *id, cJSON **out,
                 struct err *e);
int orca_log(struct orca *x, const struct source_run *run, const char *id, cJSON **out,
             struct err *e);
int orca_check_accounts(const struct orca *x, const cJSON *o, const char *what, const char *id,
                        struct err *e);

int orca_search(struct source *src, const struct plan *p, size_t step, const struct source_run *run,
                const struct source_sink *sink, struct source_done *done, struct err *e);
unsigned orca_fit(struct source *src, const struct plan *p, size_t step);
int orca_findings(struct connected *c, const struct source_run *run, char **cursor,
                  const struct finding_sink *sink, struct err *e);
int orca_finding(struct connected *c, const struct source_run *run, const char *id, cJSON **out,
                 struct err *e);
int orca_asset(struct connected *c, const struct source_run *run, const char *any_id, cJSON **out,
               struct err *e);
int orca_update(struct connected *c, const struct source_run *run, const struct source_update *u,
                struct err *e);
int orca_test(struct connected *c, const struct source_run *run, const struct check_sink *sink,
              struct err *e);

#endif
