#include "intake/normalise.h"

#include "intake/schema.h"

#define HEADER_MAX 256

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

	const char *object = memchr(text.s, '{', text.n);

	/* A relay may have put a syslog header before it. */
	if (!object || object - text.s > HEADER_MAX || text.s[text.n - 1] != '}')
		return -1;
	text = (struct slice){object, text.n - (size_t)(object - text.s)};
	dataset = schemas_read(n->schemas, text, "", NULL, NULL);
	if (!dataset || !strcmp(dataset, "json"))
		return -1;
	mapper_apply(n->mapper, dataset, ev);
	ev->dataset = dataset;
	return 0;
}
