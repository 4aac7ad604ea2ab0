/* Records set aside become files of one record each, and are imported as such. */
#include <unistd.h>

#include "base/mem.h"
#include "intake/import.h"

#define AT_ONCE 200 /* an open file each */

struct again {
	struct lake *l;
	VEC(struct import_file) files;
	VEC(int64_t) numbers;
	VEC(uint64_t) lines;
};

static int add_record(void *ctx, int64_t number, const struct lake_reject *r, struct err *e)
{
	struct again *a = ctx;
	int fd = lake_batch_fd(a->l, e);

	if (fd < 0)
		return -1;
	*vec_push(&a->files) = (struct import_file){fd, xstrdup(r->file)};
	*vec_push(&a->lines) = r->line;
	*vec_push(&a->numbers) = number;
	return pwrite(fd, r->raw.s, r->raw.n, 0) == (ssize_t)r->raw.n
	               ? 0
	               : err_errno(e, "a record of %s", r->file);
}

/* What neither went in nor was set aside again could not be read at all by itself: a row without its header, say. */
static bool settled(const cJSON *file)
{
	return !json_str(file, "error", NULL) || json_i64(file, "events", 0) > 0 ||
	       json_i64(file, "duplicates", 0) > 0 || json_i64(file, "rejected", 0) > 0;
}

static int drop_settled(struct again *a, const cJSON *files, uint64_t *aside, struct err *e)
{
	size_t n = 0, i = 0;

	for (const cJSON *f = files->child; f && i < a->numbers.n; f = f->next, i++) {
		*aside += !settled(f) || json_i64(f, "rejected", 0) > 0;
		if (settled(f))
			a->numbers.v[n++] = a->numbers.v[i];
	}
	return lake_reject_drop(a->l, a->numbers.v, n, e);
}

static int import_again(struct again *a, struct graph *g, struct import_retry *r, struct err *e)
{
	struct import_opts o = {.label = "records set aside, read again",
	                        .first_lines = a->lines.v,
	                        .store = r->store,
	                        .into = r->import};
	struct import_result out = {0};
	int rc = import_run(a->l, g, a->files.v, a->files.n, &o, &out, e);

	if (rc == 0)
		rc = drop_settled(a, out.files, &r->rejected, e);
	cJSON_Delete(out.files);
	r->import = out.id;
	r->tried = a->files.n;
	r->events = out.total.events;
	r->duplicates = out.total.duplicates;
	r->nodes = out.total.nodes;
	r->edges = out.total.edges;
	return rc;
}

int import_retry_some(struct lake *l, struct graph *g, struct import_retry *r, struct err *e)
{
	struct again a = {.l = l};
	int rc;

	*r = (struct import_retry){
	        .after = r->after, .until = r->until, .import = r->import, .store = r->store};
	if (!r->until)
		r->until = lake_reject_last(l);
	rc = r->until ? lake_reject_each(l, r->after, r->until, AT_ONCE, add_record, &a, &r->after,
	                                 e)
	              : 0;
	r->more = a.files.n == AT_ONCE;
	if (rc == 0 && a.files.n)
		rc = import_again(&a, g, r, e);
	for (size_t i = 0; i < a.files.n; i++) {
		close(a.files.v[i].fd);
		free((void *)(uintptr_t)a.files.v[i].name);
	}
	vec_free(&a.files);
	vec_free(&a.numbers);
	vec_free(&a.lines);
	return rc;
}
