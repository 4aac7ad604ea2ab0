#include "intake/normalise.h"

#include "intake/schema.h"

struct normaliser {
	struct leafset leaves;
	struct mapper *mapper;
	struct schemas *schemas;
};

struct normaliser *normaliser_new(mw_time now)
{
	struct normaliser *n = xcalloc(1, sizeof(*n));

	leaves_init(&n->leaves);
	n->mapper = mapper_new(&n->leaves, now);
	n->schemas = schemas_new(&n->leaves, n->mapper);
	return n;
}

void normaliser_free(struct normaliser *n)
{
	if (!n)
		return;
	schemas_free(n->schemas);
	mapper_free(n->mapper);
	leaves_release(&n->leaves);
	free(n);
}

int normalise_record(void *ctx, struct slice raw, struct event *ev)
{
	struct normaliser *n = ctx;
	struct slice text = slice_trim(raw);
	const char *dataset;

	if (!text.n || text.s[0] != '{')
		return -1;
	dataset = schemas_read(n->schemas, raw, "", NULL, NULL);
	if (!dataset || !strcmp(dataset, "json"))
		return -1;
	mapper_apply(n->mapper, dataset, ev);
	ev->dataset = dataset;
	return 0;
}
