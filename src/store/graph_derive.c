/* What follows from the rows: for now only that nothing stale stays. */
#include "store/graph_int.h"

int graph_derive(struct graph *g, struct err *e)
{
	g->nderived = g->limited = 0;
	if (db_run(&g->db, e, "DELETE FROM edge WHERE (flags & 4)<>0", "") ||
	    db_run(&g->db, e, "DELETE FROM node WHERE derived=1", ""))
		return -1;
	return 0;
}
