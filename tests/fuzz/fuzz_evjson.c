/* The evidence reader on any bytes: it ends, stays inside, and agrees with ev_skip about where a
 * value ends. */
#include "base/evjson.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct tally {
	const char *start, *end;
	unsigned char sum; /* reads every byte that was handed over */
};

static bool look(void *ctx, const struct ev_leaf *leaf)
{
	struct tally *t = ctx;

	for (size_t i = 0; i < leaf->value.n; i++)
		t->sum ^= (unsigned char)leaf->value.s[i];
	for (size_t i = 0; i < leaf->path.n; i++)
		t->sum ^= (unsigned char)leaf->path.s[i];
	if (leaf->raw.s < t->start || leaf->raw.s + leaf->raw.n > t->end ||
	    leaf->value.n > leaf->raw.n)
		abort();
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size}, path = {text.s, size < 8 ? size : 8};
	struct tally t = {text.s, text.s + size, 0};
	struct ev_reader *r = ev_reader_new();
	size_t used = 0, end = 0;
	struct err e;

	int rc = ev_walk(r, text, look, &t, &used, &e);
	int found = ev_skip(text, &end);
	if (rc == 0 && (found < 0 || used > size))
		abort();
	/* A bare number has no end of its own: only what is bracketed or quoted must end at the
	 * same byte. */
	if (rc == 0 && used && strchr("}]\"", text.s[used - 1]) && (found != 1 || end != used))
		abort();
	ev_walk(r, text, look, &t, &used, &e);
	ev_find(r, text, path, look, &t, &e);
	ev_path_id(r, path);
	ev_reader_free(r);
	return 0;
}
