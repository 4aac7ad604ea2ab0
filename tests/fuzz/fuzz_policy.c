/*
 * Policy documents from anywhere: parsing takes any JSON, and the pattern functions agree with each other: what covers a
 * text also matches it, and patterns that match the same text overlap.
 */
#include "store/graph_iam.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first line is a pattern, the second another, the third a text, the rest a document. */
static struct slice line(struct slice *rest)
{
	struct slice out = {"", 0};
	slice_split(rest, '\n', &out);
	return out;
}

static char *text_of(struct slice s)
{
	char *t = xstrndup(s.s, s.n < 200 ? s.n : 200);
	for (char *p = t; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = '?';
	return t;
}

static void patterns(const char *p, const char *q, const char *t)
{
	bool in_p = iam_glob(p, t, false), in_q = iam_glob(q, t, false);
	bool plain = !strpbrk(t, "*?");
	if (plain && iam_covers(p, t, false) != in_p)
		abort();
	if (in_p && in_q && !iam_overlaps(p, q, false))
		abort();
	if (iam_covers(p, q, false) && in_q && !in_p)
		abort();
	if (iam_overlaps(p, q, true) != iam_overlaps(q, p, true))
		abort();
}

static void document(struct slice text)
{
	static const char *const actions[] = {"s3:GetObject", "iam:PassRole", "*"};
	struct arena a = ARENA_INIT;
	struct iam_policy p;
	const struct iam_policy *list[1] = {&p};
	struct iam_rights r = {list, 1, NULL};
	struct err e;
	size_t bad = 0;
	cJSON *doc = json_parse(text, 1 << 20, &e);

	if (!doc)
		return;
	iam_parse(&p, doc, "fuzz", "alice", &a, &bad);
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		struct iam_answer all = iam_may(&r, actions[i], "*");
		struct iam_answer one = iam_may(&r, actions[i], "arn:aws:s3:::b/k");
		if (all.verdict != IAM_NO && !all.by)
			abort();
		/* what is allowed on everything is allowed on one thing, or a deny about that one took it */
		if (all.verdict == IAM_YES && one.verdict == IAM_NO && !one.denied)
			abort();
	}
	arena_release(&a);
	cJSON_Delete(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = {(const char *)data, size};
	char *p = text_of(line(&rest)), *q = text_of(line(&rest)), *t = text_of(line(&rest));
	patterns(p, q, t);
	document(rest);
	free(p);
	free(q);
	free(t);
	return 0;
}
