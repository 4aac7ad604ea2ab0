/* A model's stream: any bytes end in a state, and where the stream is cut changes nothing. */
#include "llm/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_in(struct reply *r, enum reply_dialect d, struct slice text, size_t cut)
{
	struct err e = {0};

	reply_init(r, d);
	if (!reply_feed(r, (struct slice){text.s, cut}, &e))
		(void)!reply_feed(r, (struct slice){text.s + cut, text.n - cut}, &e);
	reply_close(r);
	if (r->end == REPLY_RUNNING)
		abort();
	for (size_t i = 0; i < r->calls.n; i++)
		cJSON_Delete(reply_call_args(r, i, &e));
}

/* The first byte picks the dialect, the second the cut. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reply whole, cut;
	struct slice text;

	if (size < 3)
		return 0;
	text = (struct slice){(const char *)data + 2, size - 2};
	read_in(&whole, data[0] & 1 ? REPLY_ANTHROPIC : REPLY_OPENAI, text, text.n);
	read_in(&cut, data[0] & 1 ? REPLY_ANTHROPIC : REPLY_OPENAI, text, data[1] % text.n);
	if (whole.end != cut.end || whole.events != cut.events || whole.calls.n != cut.calls.n ||
	    whole.content.len != cut.content.len ||
	    (whole.content.len && memcmp(whole.content.s, cut.content.s, cut.content.len) != 0))
		abort();
	reply_release(&whole);
	reply_release(&cut);
	return 0;
}
