#include "widget/text.h"

#include <ctype.h>

#include "base/mwtime.h"
#include "term/width.h"

bool wrap_next(struct slice *rest, int width, struct slice *line)
{
	const char *nl;
	size_t n, cut;

	if (!rest->s)
		return false;
	nl = rest->n ? memchr(rest->s, '\n', rest->n) : NULL;
	n = nl ? (size_t)(nl - rest->s) : rest->n;
	cut = text_prefix((struct slice){rest->s, n}, width < 1 ? 1 : width, NULL);
	if (cut < n) {
		size_t sp = cut;
		while (sp > 0 && rest->s[sp] != ' ')
			sp--;
		if (sp > cut / 3)
			cut = sp;
		if (!cut)
			cut = grapheme_first(*rest).len;
		*line = (struct slice){rest->s, cut};
		while (cut < n && rest->s[cut] == ' ')
			cut++;
		*rest = (struct slice){rest->s + cut, rest->n - cut};
		return true;
	}
	*line = (struct slice){rest->s, n};
	*rest = nl ? (struct slice){nl + 1, rest->n - n - 1} : (struct slice){NULL, 0};
	return true;
}

static int letters_in_order(struct slice word, struct slice text)
{
	int score = 0, run = 0;
	size_t t = 0;

	for (size_t i = 0; i < word.n; i++) {
		int c = tolower((unsigned char)word.s[i]);
		size_t from = t;
		while (t < text.n && tolower((unsigned char)text.s[t]) != c)
			t++;
		if (t == text.n)
			return -1;
		run = t == from && i ? run + 1 : 0;
		score += 1 + 3 * run + (t == 0 || !isalnum((unsigned char)text.s[t - 1]) ? 4 : 0);
		t++;
	}
	return score;
}

static int word_score(struct slice word, struct slice text)
{
	const char *at;

	if (word.n > 1 && word.s[0] == '!')
		return mw_memimem(text.s, text.n, word.s + 1, word.n - 1) ? -1 : 0;
	if (word.n > 1 && word.s[0] == '\'')
		return mw_memimem(text.s, text.n, word.s + 1, word.n - 1) ? 20 : -1;
	if (word.n > 1 && word.s[0] == '^')
		return text.n >= word.n - 1 && !strncasecmp(text.s, word.s + 1, word.n - 1) ? 40
		                                                                            : -1;
	at = mw_memimem(text.s, text.n, word.s, word.n);
	if (at)
		return 50 + (int)word.n + (at == text.s ? 20 : 0) - (int)(text.n / 16);
	return letters_in_order(word, text);
}

int fuzzy_match(struct slice pattern, struct slice text)
{
	struct slice word;
	int sum = 0;

	while (slice_split(&pattern, ' ', &word)) {
		int s = word.n ? word_score(word, text) : 0;
		if (s < 0)
			return -1;
		sum += s;
	}
	return sum;
}

void count_text(int64_t n, char out[32])
{
	char digits[24];
	size_t len, o = 0;

	snprintf(digits, sizeof(digits), "%lld", (long long)(n < 0 ? -n : n));
	len = strlen(digits);
	if (n < 0)
		out[o++] = '-';
	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			out[o++] = ',';
		out[o++] = digits[i];
	}
	out[o] = '\0';
}

void age_text(int64_t us, char out[16])
{
	const char *sign = us < 0 ? "-" : "";
	int64_t a = us < 0 ? -us : us;

	if (a < MW_MINUTE)
		snprintf(out, 16, "%s%ds", sign, (int)(a / MW_SECOND));
	else if (a < MW_HOUR)
		snprintf(out, 16, "%s%dm", sign, (int)(a / MW_MINUTE));
	else if (a < MW_DAY)
		snprintf(out, 16, "%s%dh", sign, (int)(a / MW_HOUR));
	else
		snprintf(out, 16, "%s%dd", sign, (int)(a / MW_DAY % 100000));
}
