/* Any bytes as a file, plain or gzip: detection and reading end, and stay inside. */
#include <sys/mman.h>
#include <unistd.h>

#include "intake/intake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_event(void *ctx, const struct event *ev, struct err *e)
{
	unsigned char *sum = ctx;

	(void)e;
	for (size_t i = 0; i < ev->vals.n; i++)
		for (size_t k = 0; k < ev->vals.v[i].value.n; k++)
			*sum ^= (unsigned char)ev->vals.v[i].value.s[k];
	if (!ev->uid.n || !ev->dataset)
		abort();
	return 0;
}

static int on_graph(void *ctx, const cJSON *o, struct err *e)
{
	(void)ctx;
	(void)o;
	(void)e;
	return 0;
}

static int on_reject(void *ctx, const struct intake_reject *r, struct err *e)
{
	unsigned char *sum = ctx;

	(void)e;
	for (size_t i = 0; i < r->raw.n; i++)
		*sum ^= (unsigned char)r->raw.s[i];
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"x.json", "conn.log", "a.b.c"};
	struct slice head = {(const char *)data, size};
	unsigned char sum = 0;
	struct intake_sink sink = {&sum, on_event, on_graph, on_reject, NULL};
	struct err e;
	const struct intake_format *f = intake_detect(head, names[size % 3], &e);
	struct intake_opts o = {.basename = names[size % 3]};
	int fd;

	if (!f)
		return 0;
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	(void)!intake_read(fd, f, &o, &sink, &e);
	close(fd);
	return 0;
}
