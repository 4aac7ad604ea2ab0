/* Inside Prisma Cloud's connector: calls, alerts, assets, changes. */
#ifndef MW_PRISMA_H
#define MW_PRISMA_H

#include "source/cnapp.h"

struct prisma {
	struct connected c;
	struct connector_env env;
	struct http *login, *api;
	struct source_run run; /* of the call in hand: tokens are fetched within it */
	struct secret *token;  /* the whole header, to be extended; NULL */
	bool no_updated;       /* lists cannot be by the time of the last change */
};
static inline struct prisma *prisma_of(struct connected *c)
{
	return (struct prisma *)c;
}
#define PRISMA_RIGHTS                                                                             \
	"An access key of a service account whose role is `Account Group Read Only` over the "    \
	"account groups that the analysts look after; for vulnerability searches also View on "   \
	"investigateVulnerabilityRql. For dismissing, snoozing and reopening of alerts a custom " \
	"permission group with View and Update on Alerts > Overview instead. No system admin."

/* One call; doc NULL: no body. It may be sent again: what it changes is no change the second time. What goes wrong is told in Prisma's own words, which stand in the header x-redlock-status. Release rs in any case. */
int prisma_call(struct prisma *x, const struct source_run *run, const char *method,
                const char *path, const cJSON *doc, struct http_response *rs,
                struct err *e) MW_USE_RESULT;
/* The same for a JSON answer; NULL where the body is empty. */
int prisma_json(struct prisma *x, const struct source_run *run, const char *method,
                const char *path, const cJSON *doc, cJSON **out, struct err *e) MW_USE_RESULT;
/* {"type":"absolute","value":{"startTime","endTime"}} in ms, added to o as timeRange. */
void prisma_range(cJSON *o, mw_time from, mw_time to);
/* One more {"name","operator":"=","value"} of a list of filters. */
void prisma_filter(cJSON *filters, const char *name, const char *value);
mw_time prisma_time(const cJSON *o, const char *key); /* ms; MW_TIME_NONE where there is none */

int prisma_search(struct source *src, const struct plan *p, size_t i, const struct source_run *run,
                  const struct source_sink *sink, struct source_done *done, struct err *e);
unsigned prisma_fit(struct source *src, const struct plan *p, size_t i);
int prisma_findings(struct connected *c, const struct source_run *run, char **cursor,
                    const struct finding_sink *sink, struct err *e);
int prisma_finding(struct connected *c, const struct source_run *run, const char *id, cJSON **out,
                   struct err *e);
/* The alert itself. */
int prisma_alert(struct prisma *x, const struct source_run *run, const char *id, cJSON **out,
                 struct err *e);
int prisma_asset(struct connected *c, const struct source_run *run, const char *any_id, cJSON **out,
                 struct err *e);
/* The parts of an asset in whole; id: a unified asset id or an RRN. */
int prisma_asset_parts(struct prisma *x, const struct source_run *run, const char *id, cJSON *whole,
                       struct err *e);
int prisma_update(struct connected *c, const struct source_run *run, const struct source_update *u,
                  struct err *e);
int prisma_test(struct connected *c, const struct source_run *run, const struct check_sink *sink,
                struct err *e);

#endif
