/* The list of connectors. A new platform is one file and one line here. */
#include "source/connector.h"

const struct connector *const connectors[] = {
        &connector_splunk,     &connector_sentinel,
        &connector_qradar,     &connector_opensearch,
        &connector_clickhouse, &connector_wiz,
        &connector_prisma,     &connector_orca,
        &connector_lacework,   NULL,
};

const struct connector *connector_find(const char *kind)
{
	for (const struct connector *const *c = connectors; *c; c++)
		if (!strcmp((*c)->kind, kind))
			return *c;
	return NULL;
}
