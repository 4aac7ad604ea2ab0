#include "ask/subject.h"

/* Nouns for a kind of entity, and the fields that hold it, the most telling first. */
#define SUBJECT_FIELDS 4
static const struct kind {
	const char *noun;
	const char *fields[SUBJECT_FIELDS];
} kinds[] = {
        {"instance", {"mw.instance", "device.hostname"}},
        {"machine", {"device.hostname", "mw.instance"}},
        {"server", {"device.hostname", "mw.instance"}},
        {"host", {"device.hostname", "mw.instance"}},
        {"box", {"device.hostname", "mw.instance"}},
        {"vm", {"mw.instance", "device.hostname"}},
        {"ec2", {"mw.instance"}},
        {"bucket", {"mw.bucket"}},
        {"user", {"actor.user.name", "user.name"}},
        {"identity", {"actor.user.name", "user.name"}},
        {"principal", {"actor.user.name"}},
        {"role", {"mw.session_role", "actor.user.name", "mw.role"}},
        {"session", {"actor.session.uid"}},
        {"key", {"actor.user.credential_uid"}},
        {"credential", {"actor.user.credential_uid"}},
        {"ip", {"src_endpoint.ip"}},
        {"address", {"src_endpoint.ip"}},
        {"database", {"mw.db", "resources.name"}},
        {"db", {"mw.db", "resources.name"}},
        {"container", {"container.name", "resources.name"}},
        {"pod", {"container.name", "resources.name"}},
        {"account", {"cloud.account.uid"}},
        {"process", {"process.name"}},
};
static const char *const determiners[] = {"this", "these", "that", "the", NULL};
/* Words that may stand between the determiner and the noun without narrowing what is meant. */
static const char *const adjectives[] = {
        "compromised", "affected", "infected", "suspicious", "suspected", "impacted",
        "breached",    "hacked",   "stolen",   "leaked",     "exposed",   "malicious",
        "attacked",    "victim",   "aws",      "ec2",        "s3",        "iam",
        "access",      "source",   "src",      "cloud",      "same",      "whole",
        "selected",    "current",  "azure",    "windows",    "linux",     NULL,
};

struct word {
	size_t at, len;
};

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

static bool next_word(struct slice q, size_t *pos, struct word *w)
{
	while (*pos < q.n && !is_word_byte(q.s[*pos]))
		(*pos)++;
	w->at = *pos;
	while (*pos < q.n && is_word_byte(q.s[*pos]))
		(*pos)++;
	w->len = *pos - w->at;
	return w->len > 0;
}

static bool is_one_of(struct slice w, const char *const *list)
{
	for (; *list; list++)
		if (slice_ieq(w, slice_of(*list)))
			return true;
	return false;
}

static const struct kind *kind_of(struct slice w)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (slice_ieq(w, slice_of(kinds[i].noun)))
			return &kinds[i];
	return NULL;
}

/* The incident's first value of the kind; counts the others of the same field. */
static bool entity_of(const struct ask_context *ctx, const struct kind *k, struct subject *out)
{
	out->value = NULL;
	out->others = 0;
	for (size_t f = 0; f < SUBJECT_FIELDS && k->fields[f] && !out->value; f++) {
		size_t n = strlen(k->fields[f]);
		for (const char *const *e = ctx->incident; *e; e++) {
			if (strncmp(*e, k->fields[f], n) || (*e)[n] != '=' || !(*e)[n + 1])
				continue;
			out->others += out->value != NULL;
			if (!out->value) {
				out->value = *e + n + 1;
				out->field = k->fields[f];
			}
		}
	}
	return out->value != NULL;
}

/* The phrase that begins with a determiner at `start`: adjectives, then a noun. "ec2" is an adjective before another noun. */
static const struct kind *phrase(struct slice q, size_t start, size_t *end)
{
	const struct kind *last = NULL;
	struct word w;
	size_t pos = start;
	while (next_word(q, &pos, &w)) {
		struct slice s = {q.s + w.at, w.len};
		const struct kind *k = kind_of(s);
		if (k) {
			last = k;
			*end = w.at + w.len;
		} else if (last || !is_one_of(s, adjectives)) {
			break;
		}
	}
	return last;
}

bool subject_find(const struct ask_context *ctx, struct slice question, struct subject *out)
{
	struct word w;
	size_t pos = 0;
	while (ctx->incident && next_word(question, &pos, &w)) {
		struct slice s = {question.s + w.at, w.len};
		const struct kind *k;
		size_t end = 0;
		if (!is_one_of(s, determiners) || (ctx->nturns && !slice_ieq(s, SLICE("this"))))
			continue;
		k = phrase(question, pos, &end);
		if (k && entity_of(ctx, k, out)) {
			out->at = w.at;
			out->len = end - w.at;
			return true;
		}
	}
	return false;
}

/* ---- chips back to the words as typed ---- */

static size_t moved(const struct subject *s, size_t value_len, size_t at, bool is_end)
{
	if (at <= s->at)
		return at;
	if (at < s->at + value_len)
		return is_end ? s->at + s->len : s->at;
	return at - value_len + s->len;
}

static void settle(struct ask_reading *r, const struct subject *s, const char *text)
{
	size_t n = strlen(s->value);
	struct ask_chip *c;
	for (size_t i = 0; i < r->chips.n; i++) {
		r->chips.v[i].from = moved(s, n, r->chips.v[i].from, false);
		r->chips.v[i].to = moved(s, n, r->chips.v[i].to, true);
	}
	for (size_t i = 0; i < r->unread.n; i++)
		if (r->unread.v[i].s >= text && r->unread.v[i].s <= text + strlen(text))
			r->unread.v[i].s =
			        arena_strndup(&r->arena, r->unread.v[i].s, r->unread.v[i].n);
	c = vec_push(&r->chips);
	c->kind = CHIP_REFERENCE;
	c->from = s->at;
	c->to = s->at + s->len;
	c->assumed = s->others > 0;
	c->text = s->others ? arena_printf(&r->arena, "%s is %s, the first of %zu in this incident",
	                                   s->field, s->value, s->others + 1)
	                    : arena_printf(&r->arena, "%s is %s, of this incident", s->field,
	                                   s->value);
}

/* ---- verdicts ---- */

static const char *const askers[] = {"is", "was", "are", "were", "has", "have", NULL};
static const char *const verdicts[] = {"compromised", "hacked",   "breached", "infected",
                                       "owned",       "pwned",    "guilty",   "safe",
                                       "clean",       "innocent", NULL};

/* "is web-07 compromised": the first and the last word make it a question for a verdict. *what gets the words between. */
static bool asks_verdict(struct slice q, struct slice *what)
{
	struct word w, first = {0}, last = {0};
	size_t pos = 0, n = 0;
	while (next_word(q, &pos, &w)) {
		if (!n++)
			first = w;
		last = w;
	}
	if (n < 3 || !is_one_of((struct slice){q.s + first.at, first.len}, askers) ||
	    !is_one_of((struct slice){q.s + last.at, last.len}, verdicts))
		return false;
	*what = slice_trim(
	        (struct slice){q.s + first.at + first.len, last.at - first.at - first.len});
	return true;
}

/* Logs hold acts, not verdicts: it is asked back, with questions that they can answer. */
static void ask_back(struct slice what, struct ask_reading *out)
{
	const char **choices;
	memset(out, 0, sizeof(*out));
	out->kind = ASK_CLARIFY;
	choices = arena_zalloc(&out->arena, 3 * sizeof(*choices));
	choices[0] = arena_printf(&out->arena, "everything about %.*s", (int)what.n, what.s);
	choices[1] = arena_printf(&out->arena, "denied calls by %.*s", (int)what.n, what.s);
	out->choices = choices;
	out->clarify =
	        "That is a verdict, and logs hold only acts. Which acts should be looked at?";
}

int ask_read(const struct lexicon *x, struct catalog *c, const struct ask_context *ctx,
             struct slice question, struct ask_reading *out, struct err *e)
{
	struct subject s;
	struct slice what;
	struct buf text = BUF_INIT;
	int rc;
	if (asks_verdict(question, &what)) {
		ask_back(what, out);
		return 0;
	}
	if (!subject_find(ctx, question, &s))
		return ask_read_words(x, c, ctx, question, out, e);
	buf_add(&text, question.s, s.at);
	buf_str(&text, s.value);
	buf_add(&text, question.s + s.at + s.len, question.n - s.at - s.len);
	rc = ask_read_words(x, c, ctx, (struct slice){text.s, text.len}, out, e);
	if (!rc)
		settle(out, &s, text.s);
	buf_release(&text);
	return rc;
}
