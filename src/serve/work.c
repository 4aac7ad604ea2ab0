#include "serve/work.h"

static const struct worker_kind *const kinds[] = {&work_lake, &work_import, &work_compute};

const struct worker_kind *work_find(const char *method)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		for (const struct worker_method *m = kinds[i]->methods; m->name; m++)
			if (!strcmp(m->name, method))
				return kinds[i];
	return NULL;
}
