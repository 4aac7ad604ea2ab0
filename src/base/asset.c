#include "base/asset.h"

const struct asset *asset_find(const char *name)
{
	for (const struct asset *a = mw_assets; a->name; a++)
		if (strcmp(a->name, name) == 0)
			return a;
	return NULL;
}
