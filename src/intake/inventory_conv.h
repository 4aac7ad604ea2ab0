/*
 * What the inventory's converters share: the context of one document and the emitting of nodes and
 * edges. After the first failure of the sink everything else is a no-op and c->rc is -1. Not for
 * others.
 */
#ifndef MW_INVENTORY_CONV_H
#define MW_INVENTORY_CONV_H

#include "base/mem.h"
#include "intake/inventory.h"

#define INVENTORY_DEPTH_MAX 24 /* nesting that a scan follows */
#define INVENTORY_PROP_MAX \
	4096 /* bytes of a scalar that is copied as it is; longer ones are left out */

struct conv {
	const struct inventory_sink *sink;
	struct err *e;
	int rc;
	size_t emitted;
	/* From the file's name and the options; "" unknown. */
	char account[16], region[32];
	char call[64], subject[256]; /* "s3-get-bucket-policy", "my-bucket" */
};
/* A node to be filled and emitted (freed in any case). Empty texts are left out. */
cJSON *conv_node(const char *id, const char *type, const char *name, const char *account,
                 const char *region);
cJSON *conv_props(cJSON *node);
void conv_tag(cJSON *node, const char *key, const char *value);
void conv_label(cJSON *node, const char *label);
/* Tags of any form: [{"Key","Value"}], [{"key","value"}], {"k":"v"}. A Name tag names a node
 * without a name. */
void conv_tags(cJSON *node, const cJSON *tags);
void conv_scalars(cJSON *props,
                  const cJSON *object); /* text, numbers and bools as they are named there */
void conv_emit(struct conv *c, cJSON *node);
/* props may be NULL, and is freed. Empty ids emit nothing. */
void conv_edge(struct conv *c, const char *from, const char *type, const char *to, cJSON *props);

/* The converters: true where they knew any part of the document. */
bool conv_aws(struct conv *c, const cJSON *doc); /* any AWS output, or a map or list of them */
bool conv_iam(struct conv *c, const cJSON *object,
              const char *account);                /* one user, role, group, policy or profile */
bool conv_nodes(struct conv *c, const cJSON *doc); /* {"node"} {"edge"} {"nodes":[],"edges":[]} */
bool conv_ocsf(struct conv *c, const cJSON *doc);
bool conv_asff(struct conv *c, const cJSON *doc);
bool conv_guardduty(struct conv *c, const cJSON *doc);
bool conv_wiz(struct conv *c, const cJSON *doc);
bool conv_prisma(struct conv *c, const cJSON *doc);
bool conv_orca(struct conv *c, const cJSON *doc);
bool conv_lacework(struct conv *c, const cJSON *doc);
bool conv_prowler(struct conv *c, const cJSON *doc);
bool conv_finding(struct conv *c, const cJSON *doc); /* no vendor that is known */
bool conv_sentinel(struct conv *c, const cJSON *doc);

#endif
