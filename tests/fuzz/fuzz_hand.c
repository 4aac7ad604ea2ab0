/* Text written by hand: the check of every language, and Sigma rules, read any bytes and end; a refusal names why. */
#include "plan/hand.h"
#include "plan/sigma.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte picks the language. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = {0};
	struct slice text;
	int rc;

	if (size < 1)
		return 0;
	text = (struct slice){(const char *)data + 1, size - 1};
	if (data[0] % (RENDER_SIGMA + 1) == RENDER_SIGMA) {
		struct plan *p = sigma_plan(text, "rule", NULL, &e);
		rc = p ? 0 : -1;
		plan_free(p);
	} else {
		rc = render_check_hand(data[0] % (RENDER_SIGMA + 1), text, NULL, &e);
	}
	if (rc && !e.what[0])
		abort();
	return 0;
}
