#include "source/graph_use.h"

struct use {
	struct graph *g;
	struct lake *l;
	const struct source_run *run;
	mw_time from, to;
};

struct use *use_new(struct graph *g, struct lake *l, const struct source_run *run, mw_time from,
                    mw_time to)
{
	struct use *u = xcalloc(1, sizeof(*u));
	*u = (struct use){g, l, run, from, to};
	return u;
}

void use_free(struct use *u)
{
	free(u);
}

int use_mark(struct use *u, uint32_t edge, struct buf *out, struct err *e)
{
	(void)u, (void)edge, (void)e;
	buf_str(out,
	        "{\"mark\":\"unknown\",\"evidence\":[],\"count\":0,\"why\":\"no log to ask\"}");
	return 0;
}
