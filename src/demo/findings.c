#include "demo/trail.h"

int findings_files(struct demo *d, struct err *e)
{
	(void)d;
	(void)e;
	return 0;
}
