/* Inside the connector of OpenSearch and Elasticsearch. */
#ifndef MW_OPENSEARCH_H
#define MW_OPENSEARCH_H

#include "source/connector_search.h"

enum os_dialect { OS_UNKNOWN, OS_OPENSEARCH, OS_ELASTIC };
struct opensearch {
	struct connected c;
	struct connector_env env;
	struct http *http;
	struct secret *login;
	enum os_dialect dialect;
	char *version;
	bool no_shard_doc; /* it cannot sort by _shard_doc: _id breaks ties */
};
static inline struct opensearch *opensearch_of(struct connected *c)
{
	return (struct opensearch *)c;
}
#define OPENSEARCH_RIGHTS                                                                     \
	"A role with `read` and `view_index_metadata` on the index patterns to be asked and " \
	"nothing "                                                                            \
	"else (OpenSearch: indices:data/read/*, indices:admin/mappings/get). To load events " \
	"another "                                                                            \
	"account with `create_doc` (and `create_index`) on its own index."

/* Which of the two it is, asked once. */
int opensearch_dialect(struct opensearch *x, const struct source_run *run, struct err *e);
/* The pattern that is asked, in scope: `table`, else `indexes` with commas between. malloc. */
int opensearch_pattern(const struct opensearch *x, char **out, struct err *e);

int opensearch_catalog(struct connected *c, const struct source_run *run,
                       struct source_catalog *out, struct err *e);
int opensearch_test(struct connected *c, const struct source_run *run,
                    const struct check_sink *sink, struct err *e);
int opensearch_ingest(struct connected *c, const struct source_run *run, const struct slice *events,
                      size_t n, const char *batch_key, size_t *taken, struct err *e);

#endif
