/* Inside Wiz's connector: GraphQL calls, pages, issues, assets, changes. */
#ifndef MW_WIZ_H
#define MW_WIZ_H

#include "source/cnapp.h"

struct wiz {
	struct connected c;
	struct connector_env env;
	struct http *login, *api;
	char *login_path;
	const char *audience;
	struct source_run run; /* of the call in hand: tokens are fetched within it */
	char *claims;          /* the token's own JSON, where it is a JWT; NULL */
	bool small;            /* the tenant's schema lacks fields of the whole issue */
	bool no_change_order;  /* issues cannot be ordered by their last change */
};
static inline struct wiz *wiz_of(struct connected *c)
{
	return (struct wiz *)c;
}
#define WIZ_RIGHTS                                                                                 \
	"A service account of type Custom Integration (GraphQL API) with the scopes read:issues, " \
	"read:resources, read:vulnerabilities, read:projects and read:controls, limited to the "   \
	"projects that the analysts look after; for status and notes also update:issues. Not "     \
	"read:all, no admin scope."

extern const char wiz_doc_issues[], wiz_doc_issues_small[], wiz_doc_issue[], wiz_doc_issue_small[],
        wiz_doc_threat[], wiz_doc_resources[], wiz_doc_vulnerabilities[], wiz_doc_projects[],
        wiz_doc_paths[], wiz_doc_count[], wiz_doc_update[], wiz_doc_note[];

struct wiz_answer {
	struct http_response rs;
	struct slice data; /* of its body */
	char *part;        /* what the platform says of an answer that is not whole; NULL */
};
/* One GraphQL call; takes vars. An error in a 200 without data is an error; with data it is in part. Release in any case. */
int wiz_call(struct wiz *x, const struct source_run *run, const char *document, cJSON *vars,
             struct wiz_answer *out, struct err *e) MW_USE_RESULT;
void wiz_answer_release(struct wiz_answer *a);
/* The same for a parsed body {"query","variables"}. */
int wiz_post(struct wiz *x, const struct source_run *run, const cJSON *body, struct wiz_answer *out,
             struct err *e) MW_USE_RESULT;
/* All pages of root ("issuesV2"): each node byte for byte; vars gets "after". 1 where each has enough. *part as above, NULL at first. */
int wiz_each(struct wiz *x, const struct source_run *run, cJSON *body, const char *root,
             call_each_fn *each, void *ctx, char **part, struct err *e) MW_USE_RESULT;
cJSON *wiz_body(const char *document, cJSON *vars); /* takes vars */
/* {"filterBy":{..},"first":n}: filter is taken */
cJSON *wiz_filter(cJSON *filter, int64_t first);
/* {"equals":[value]} */
cJSON *wiz_equals(const char *value);
/* A GraphEntity as a node. */
cJSON *wiz_entity_node(const cJSON *entity);
/* The ways from the internet into a GraphEntity, as parts of paths: an array of arrays. */
cJSON *wiz_ways(const cJSON *entity);

int wiz_findings(struct connected *c, const struct source_run *run, char **cursor,
                 const struct finding_sink *sink, struct err *e);
int wiz_finding(struct connected *c, const struct source_run *run, const char *id, cJSON **out,
                struct err *e);
/* The issue itself. */
int wiz_issue(struct wiz *x, const struct source_run *run, const char *id, cJSON **out,
              struct err *e);
int wiz_asset(struct connected *c, const struct source_run *run, const char *any_id, cJSON **out,
              struct err *e);
int wiz_update(struct connected *c, const struct source_run *run, const struct source_update *u,
               struct err *e);
int wiz_test(struct connected *c, const struct source_run *run, const struct check_sink *sink,
             struct err *e);

#endif
