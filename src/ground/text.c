/* Reading a sentence: tokens, atoms, clauses. */
#include "ground/ground_int.h"
#include "model/incident.h"

bool word_is(const struct sentence *s, size_t i, const char *words)
{
	return i < s->nt && in_list(s->t[i].low, words);
}

struct atom *atom_add(struct sentence *s, enum atom_kind kind, size_t tok, size_t tok_to)
{
	struct atom *a;
	if (s->na >= GROUND_ATOMS_MAX || tok >= tok_to) {
		s->over = s->over || tok < tok_to;
		return NULL;
	}
	a = &s->a[s->na];
	*a = (struct atom){.kind = kind, .tok = tok, .tok_to = tok_to, .of = -1};
	a->from = s->t[tok].from;
	a->to = s->t[tok_to - 1].to;
	a->key = s->t[tok].low;
	for (size_t i = tok; i < tok_to; i++)
		s->t[i].atom = (int)s->na;
	s->na++;
	return a;
}

void sentence_fail(struct sentence *s, size_t from, size_t to, const char *why)
{
	struct ground_span *x;
	vec_each (x, &s->out->spans)
		if (x->from == from && x->to == to)
			return;
	*vec_push(&s->out->spans) = (struct ground_span){from, to, why};
}

void sentence_against(struct ground *g, struct sentence *s, uint32_t rec)
{
	struct ground_verdict *v = s->out;
	for (size_t i = 0; i < v->nagainst; i++)
		if (v->against[i].s == g->recs.v[rec].id.s)
			return;
	if (v->nagainst < GROUND_AGAINST_MAX)
		v->against[v->nagainst++] = g->recs.v[rec].id;
}

/* ---- tokens ---- */

static bool letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Blanks, dashes longer than a hyphen, arrows and dots of omission part tokens. */
static size_t gap_at(const char *s, size_t n)
{
	static const char *const wide[] = {"\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x80\xa6",
	                                   "\xe2\x86\x92", "\xc2\xa0",     "\xe2\x80\x9c",
	                                   "\xe2\x80\x9d", "\xe2\x80\xa2", "\xc2\xb7"};
	if (s[0] == ' ' || (s[0] >= '\t' && s[0] <= '\r') || s[0] == '\0')
		return 1;
	for (size_t i = 0; i < ARRAY_LEN(wide); i++)
		if (n >= strlen(wide[i]) && !memcmp(s, wide[i], strlen(wide[i])))
			return strlen(wide[i]);
	return 0;
}

static bool one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static void add_token(struct sentence *s, size_t from, size_t to)
{
	const char *x = s->text.s;
	size_t a = from, b = to;
	struct tok *t, *last = s->nt ? &s->t[s->nt - 1] : NULL;
	while (a < b && one_of(x[a], "([{<\"'`*~|"))
		a++;
	while (b > a && one_of(x[b - 1], ")]}>\"'`*~.,;:!?|"))
		b--;
	if (b - a > 2 && x[b - 1] == 's' && x[b - 2] == '\'')
		b -= 2;
	else if (b - a > 4 && x[b - 1] == 's' && !memcmp(x + b - 4, "\xe2\x80\x99", 3))
		b -= 4;
	/* a dash that stands alone parts what is said, or begins an entry of a list */
	if (b - a <= 2 && b > a && one_of(x[a], "-+") && one_of(x[b - 1], "-+"))
		a = b;
	if (a == b) {
		if (last && (memchr(x + from, ',', to - from) || memchr(x + from, '-', to - from)))
			last->comma = true;
		return;
	}
	if (s->nt >= TOKENS_MAX) {
		s->over = true;
		return;
	}
	t = &s->t[s->nt++];
	*t = (struct tok){.from = a, .to = b, .atom = -1, .low = {s->low.s + a, b - a}};
	t->upper = x[a] >= 'A' && x[a] <= 'Z';
	t->start = !last || last->stop;
	t->paren = a > from && memchr(x + from, '(', a - from);
	for (size_t i = b; i < to; i++) {
		t->comma = t->comma || x[i] == ',';
		t->stop = t->stop || one_of(x[i], ".;:!?");
	}
}

static void tokens(struct sentence *s)
{
	size_t from = 0, i = 0;
	while (i < s->text.n) {
		size_t n = gap_at(s->text.s + i, s->text.n - i);
		if (!n) {
			i++;
			continue;
		}
		if (i > from)
			add_token(s, from, i);
		i += n;
		from = i;
	}
	if (i > from)
		add_token(s, from, i);
}

/* ---- quoted names and evidence ids ---- */

static void quote(struct sentence *s, size_t from, size_t to)
{
	size_t tok = 0, tok_to;
	struct atom *a;
	while (tok < s->nt && s->t[tok].to <= from)
		tok++;
	for (tok_to = tok; tok_to < s->nt && s->t[tok_to].from < to; tok_to++)
		;
	if (tok_to == tok || s->t[tok].atom >= 0)
		return;
	a = atom_add(s, AT_NAME, tok, tok_to);
	if (!a)
		return;
	a->from = from;
	a->to = to;
	a->key = slice_trim((struct slice){s->low.s + from, to - from});
}

#define QUOTE_MAX 300
static void quoted(struct sentence *s, char mark)
{
	const char *x = s->text.s;
	for (size_t i = 0; i < s->text.n; i++) {
		const char *end = x[i] == mark ? memchr(x + i + 1, mark, s->text.n - i - 1) : NULL;
		size_t from = i + 1;
		if (!end)
			continue;
		i = (size_t)(end - x);
		if (i - from <= QUOTE_MAX)
			quote(s, from, i);
	}
}

static void ids(struct ground *g, struct sentence *s)
{
	for (size_t i = 0; i < s->nt; i++) {
		struct slice w = {s->text.s + s->t[i].from, s->t[i].to - s->t[i].from};
		bool named = s->t[i].low.n > 3 && !memcmp(s->t[i].low.s, "ev:", 3) &&
		             digit(s->t[i].low.s[3]);
		if (s->t[i].atom < 0 &&
		    (named || (memchr(w.s, ':', w.n) && ground_rec(g, w) != REC_NONE)))
			atom_add(s, AT_ID, i, i + 1);
	}
}

/* ---- numbers ---- */

static bool plain_number(struct slice w, double *out)
{
	char text[48];
	size_t n = 0;
	bool dot = false;
	for (size_t i = 0; i < w.n; i++) {
		if (w.s[i] == ',' && i && i + 3 < w.n && digit(w.s[i + 1]))
			continue;
		if (w.s[i] == '.' && dot)
			return false;
		dot = dot || w.s[i] == '.';
		if ((!digit(w.s[i]) && w.s[i] != '.') || n + 1 >= sizeof(text))
			return false;
		text[n++] = w.s[i];
	}
	return n && digit(text[0]) && slice_double((struct slice){text, n}, out);
}

/* "at least", "more than", "about" in front of token i. */
static enum compare compared(const struct sentence *s, size_t i)
{
	if (i >= 2 && word_is(s, i - 1, "least|minimum") && word_is(s, i - 2, "at|a"))
		return CMP_LEAST;
	if (i >= 2 && word_is(s, i - 1, "most") && word_is(s, i - 2, "at"))
		return CMP_MOST;
	if (i >= 2 && word_is(s, i - 1, "than"))
		return word_is(s, i - 2, "more|greater|longer") ? CMP_MORE : CMP_LESS;
	if (i >= 2 && word_is(s, i - 1, "to") && word_is(s, i - 2, "up"))
		return CMP_UP_TO;
	if (i >= 2 && word_is(s, i - 1, "over|above|under|below|short|less|more") &&
	    word_is(s, i - 2, "just|slightly|barely|little"))
		return CMP_ABOUT;
	if (i && word_is(s, i - 1, "over|above|exceeding"))
		return CMP_MORE;
	if (i && word_is(s, i - 1, "under|below|within"))
		return CMP_MOST;
	if (i && word_is(s, i - 1, "about|around|approximately|roughly|nearly|almost|some|circa|~"))
		return CMP_ABOUT;
	return CMP_EQUAL;
}

static const char value_words[] =
        "port|ports|id|ids|eventid|code|codes|status|pid|rule|type|number|line|version|level|score|"
        "error|asn|record|vlan|as|event|#";

static bool value_context(const struct sentence *s, size_t i)
{
	bool ends = i + 1 >= s->nt || s->t[i].comma || s->t[i].stop ||
	            word_is(s, i + 1, "was|were|is|on|and|then|to|in|at");
	if (ends && (word_is(s, i + 1, "was|were|is") ||
	             (i && word_is(s, i - 1, "process|first|was|is|="))))
		return true;
	if (!i)
		return false;
	if (word_is(s, i - 1, "event|record|as|line|type|level|error"))
		return i + 1 >= s->nt || s->t[i].comma || s->t[i].stop ||
		       !word_known(s->t[i + 1].low) ||
		       word_is(s, i + 1,
		               "was|is|on|in|from|at|by|to|with|and|for|shows|came|records|says|"
		               "has|"
		               "appeared|occurred|happened");
	return word_is(s, i - 1, value_words) ||
	       (i >= 2 && word_is(s, i - 1, "of|is|was|=|to|equals") &&
	        word_is(s, i - 2, "score|status|code|port|level|pid|id"));
}

struct slice sentence_noun(const struct sentence *s, size_t i)
{
	const struct field *f;
	size_t first = i;
	for (size_t k = i; k < s->nt && k < i + 5 && !(k > i && s->t[k - 1].comma) &&
	                   !(k > i && s->t[k - 1].stop);
	     k++) {
		if (s->t[k].verb && k > first)
			break;
		if (s->t[k].atom < 0 &&
		    (word_is(s, k,
		             "events|event|records|record|calls|call|requests|request|times|time|"
		             "attempts|attempt|entries|entry|occurrences|rows|actions|"
		             "operations|logs|hits|more|others|other") ||
		     field_by_word(s->t[k].low, &f, 1)))
			return s->t[k].low;
	}
	return first < s->nt ? s->t[first].low : (struct slice){"", 0};
}

/* "two access keys were created": things that an act was done to. */
static bool counts_acts(const struct sentence *s, size_t i)
{
	size_t k = i + 1;
	while (k < s->nt && k < i + 4 && !word_is(s, k, "were|are") && !s->t[k - 1].comma)
		k++;
	return k > i + 1 && word_is(s, k, "were|are") && k + 1 < s->nt &&
	       verb_family(s->t[k + 1].low);
}

static void numbers(struct sentence *s)
{
	for (size_t i = 0; i < s->nt; i++) {
		double v;
		int64_t w;
		struct slice low = s->t[i].low;
		bool percent = low.n > 1 && low.s[low.n - 1] == '%',
		     times_x = low.n > 1 && low.s[low.n - 1] == 'x' && digit(low.s[0]), word;
		struct atom *a;
		if (s->t[i].atom >= 0)
			continue;
		if (percent || times_x)
			low.n--;
		word = !percent && number_word(low, &w);
		if (word && (w == 1 || w == 2) && !(w == 2 && counts_acts(s, i)) &&
		    !(word_is(s, i, "once|twice") ||
		      (i + 1 < s->nt &&
		       word_is(s, i + 1,
		               "event|call|record|request|user|time|address|bucket|"
		               "attempt|failed|denied|"
		               "events|calls|records|requests|users|times|"
		               "addresses|attempts|buckets"))))
			continue;
		if (!word && !plain_number(low, &v))
			continue;
		if (word)
			v = (double)w;
		/* "worker process (12)", where that is a name: how often it is there */
		bool of_name = s->t[i].paren && i && s->t[i - 1].atom >= 0 &&
		               s->a[s->t[i - 1].atom].kind == AT_NAME;
		a = atom_add(s,
		             percent || word_is(s, i + 1, "percent|%")  ? AT_PERCENT
		             : !word && !of_name && value_context(s, i) ? AT_VALUE
		                                                        : AT_COUNT,
		             i, i + 1);
		if (!a)
			return;
		a->real = v;
		a->cmp = compared(s, i);
		a->noun = sentence_noun(s, i + 1);
		if (a->kind == AT_COUNT && of_name)
			a->of = s->t[i - 1].atom;
	}
}

/* ---- severities, outcomes, verbs ---- */

static bool severity_word(struct slice low, enum severity *v)
{
	static const struct {
		const char *words;
		enum severity v;
	} names[] = {{"critical", SEV_CRITICAL},
	             {"high", SEV_HIGH},
	             {"medium|moderate", SEV_MEDIUM},
	             {"low", SEV_LOW},
	             {"informational|info", SEV_INFO}};
	struct slice first = low;
	const char *dash = memchr(low.s, '-', low.n);
	if (dash)
		first.n = (size_t)(dash - low.s);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (in_list(first, names[i].words) &&
		    (!dash ||
		     slice_eq_str((struct slice){dash + 1, low.n - first.n - 1}, "severity"))) {
			*v = names[i].v;
			return true;
		}
	return false;
}

static void severities(struct sentence *s)
{
	static const char near[] = "severity|finding|findings|alert|alerts|incident|vulnerability|"
	                           "vulnerabilities|rated|priority|issue|issues|risk";
	for (size_t i = 0; i < s->nt; i++) {
		enum severity v;
		bool about = memchr(s->t[i].low.s, '-', s->t[i].low.n) || word_is(s, i + 1, near) ||
		             (i && word_is(s, i - 1, "severity|rated|priority|as|risk")) ||
		             (i > 1 && word_is(s, i - 1, "is|was|of|at|to|as") &&
		              word_is(s, i - 2, "severity|rated|priority|risk"));
		struct atom *a;
		if (s->t[i].atom >= 0 || !about || !severity_word(s->t[i].low, &v))
			continue;
		if (word_is(s, i - (i > 0), "as") &&
		    !(i > 1 && word_is(s, i - 2, "rated|classified|marked|reported|raised|scored")))
			continue;
		a = atom_add(s, AT_SEVERITY, i, i + 1);
		if (a)
			a->num = v;
	}
}

static const char negators[] =
        "not|never|no|none|without|nobody|neither|nor|cannot|nothing|zero|hardly";

static bool negated(struct slice w)
{
	return in_list(w, negators) || (w.n > 3 && !memcmp(w.s + w.n - 3, "n't", 3)) ||
	       (w.n > 5 && !memcmp(w.s + w.n - 5, "n\xe2\x80\x99t", 5));
}

static void outcomes(struct sentence *s)
{
	static const struct {
		const char *words;
		enum outcome v;
	} names[] = {
	        {"denied|refused|rejected|blocked|unauthorized|forbidden|denials|denial",
	         OUT_DENIED},
	        {"failed|fails|fail|failure|failures|unsuccessful|unsuccessfully|failing|errored",
	         OUT_FAILED},
	        {"succeeded|worked|successful|successfully|allowed|permitted|granted|succeed|"
	         "success|"
	         "succeeds|accepted|works|fine",
	         OUT_OK},
	};
	for (size_t i = 0; i < s->nt; i++)
		for (size_t k = 0; k < ARRAY_LEN(names) && s->t[i].atom < 0; k++) {
			struct atom *a = in_list(s->t[i].low, names[k].words)
			                         ? atom_add(s, AT_OUTCOME, i, i + 1)
			                         : NULL;
			bool flip = false;
			if (!a)
				continue;
			for (size_t b = 1; b <= 2 && b <= i; b++)
				flip = flip || in_list(s->t[i - b].low, "not") ||
				       (negated(s->t[i - b].low) &&
				        !in_list(s->t[i - b].low, negators));
			a->num = flip ? -(int64_t)names[k].v : (int64_t)names[k].v;
			if (flip)
				a->from = s->t[i - 1].from;
		}
}

/* "went through", "without an error". */
static void outcome_phrases(struct sentence *s)
{
	for (size_t i = 0; i + 1 < s->nt; i++) {
		size_t n = word_is(s, i, "went|got|came") && word_is(s, i + 1, "through") ? 2
		           : word_is(s, i, "without") &&
		                           word_is(s, i + 1, "error|errors|failure|failures")
		                   ? 2
		           : word_is(s, i, "without") && word_is(s, i + 1, "an|any|a") &&
		                           word_is(s, i + 2, "error|errors|failure")
		                   ? 3
		                   : 0;
		struct atom *a = n && s->t[i].atom < 0 ? atom_add(s, AT_OUTCOME, i, i + n) : NULL;
		if (a)
			a->num = OUT_OK;
	}
}

static void verbs(struct sentence *s)
{
	for (size_t i = 0; i < s->nt; i++) {
		unsigned f = verb_family(s->t[i].low);
		if (!f && i && word_is(s, i - 1, "to|not|did|never|cannot|could"))
			f = verb_bare(s->t[i].low);
		if (word_is(s, i + 1, "as|nothing|none|no") || word_is(s, i + 1, "nobody"))
			f = 0;
		/* "the created key", "a deleted bucket": no act of this sentence's records */
		bool adjective = i && word_is(s, i - 1, "the|a|an|newly|this|that") &&
		                 i + 1 < s->nt && !s->t[i].comma;
		/* "which policies are attached": how things are */
		adjective = adjective || (i && word_is(s, i - 1, "are|is"));
		s->t[i].verb = s->t[i].atom < 0 &&
		               (f || verb_agent(s->t[i].low) || word_is(s, i, "were|is|are|been"));
		if (s->t[i].atom < 0 && f && !adjective) {
			struct atom *a = atom_add(s, AT_VERB, i, i + 1);
			if (a)
				a->num = f;
		}
	}
}

/* ---- names ---- */

/* Words that are written with a capital and name nothing of a case. */
static const char titles[] = "january|february|march|april|may|june|july|august|september|october|"
                             "november|december|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|"
                             "dec|monday|tuesday|wednesday|thursday|friday|saturday|sunday|initial|"
                             "access|credential|credentials|defense|evasion|impact|collection|"
                             "command|control|lateral|movement|privilege|escalation|resource|"
                             "development|cloud|storage|object|account|accounts|domain|group|"
                             "policy|directory|security|hub|event|log|task|scheduler|service|"
                             "services|manager|internet|technique|tactic|severity|critical|high|"
                             "medium|low|denied|failed|success|what|who|when|where|from|to|the|a|"
                             "an|it|this|these|those|that|they|he|she|we|no|not|all|only|"
                             "user|role|action|api|secure|simple|elastic|compute|identity|"
                             "management|key|vault|office|server|active|registry|network|discovery|"
                             "enumeration|execution|persistence|exfiltration|reconnaissance|data|"
                             "center|web|file|share|admin|console|login|sign|in|out";

static bool generic(struct slice w)
{
	return in_list(w, "user|users|attacker|attackers|actor|actors|adversary|account|accounts|"
	                  "role|roles|session|sessions|host|hosts|process|"
	                  "processes|machine|instance|principal|identity|caller|someone|somebody|"
	                  "something|anybody|anything|everybody|everything|"
	                  "nobody|he|she|it|they|who|that|which|this|these|"
	                  "those|call|calls|event|events|request|requests|record|records|attempt|"
	                  "attempts|and|or|then|also|first|later|only|not|"
	                  "never|there|what|both|all|each|one|nothing|none|others|other|same|"
	                  "client|source|address|key|client|we|you|i|again|"
	                  "subsequently|immediately|successfully|activity|access|data|credentials|"
	                  "to|for|from|by|as|but|activity|had|have|has|"
	                  "was|were|is|are|been|be|being|did|does|do|system|service|operation|"
	                  "operations|action|actions|finding|findings|alert|"
	                  "alerts|login|logins|logon|logons|traffic|connection|connections|nor|"
	                  "which|whoever|everyone|anyone|it's|where|when|"
	                  "script|program|command|tool|malware|campaign|incident|bucket|buckets|"
	                  "object|objects|file|files|admin|root|day|days");
}

static bool word_parts_known(struct slice w)
{
	size_t from = 0;
	for (size_t i = 0; i <= w.n; i++) {
		if (i < w.n && w.s[i] != '-' && w.s[i] != '/')
			continue;
		struct slice part = {w.s + from, i - from};
		double v;
		/* "24-hour" is a word, "us-west-1" a name */
		if (part.n && (plain_number(part, &v) ? from || i == w.n : !word_known(part)))
			return false;
		from = i + 1;
	}
	return true;
}

/* Digits, dots and other marks inside; a hump in its case; capitals alone. */
static bool technical(const struct sentence *s, size_t i)
{
	struct slice w = {s->text.s + s->t[i].from, s->t[i].to - s->t[i].from};
	bool low = false, up = false, hump = false, mark = false;
	for (size_t k = 0; k < w.n; k++) {
		bool u = w.s[k] >= 'A' && w.s[k] <= 'Z';
		hump = hump || (u && low);
		low = low || (w.s[k] >= 'a' && w.s[k] <= 'z');
		up = up || u;
		mark = mark || digit(w.s[k]) || one_of(w.s[k], "_@:\\$=*%#+.&");
	}
	return hump || mark || (up && !low && w.n > 1);
}

static bool ends_part(const struct sentence *s, size_t i)
{
	return i + 1 >= s->nt || s->t[i].comma || s->t[i].stop;
}

/* A plain word in the place of a doer: "carol called", "made by carol", "it was carol who", "denied for carol". */
static bool doer_place(const struct sentence *s, size_t i)
{
	static const char after_name[] = "at|in|on|from|to|and|was|were|with|for|using|through|via|"
	                                 "over|but|between|during|before|after|who|which";
	struct slice w = s->t[i].low;
	bool trade = word_trade(w), opens, ends;
	size_t next = i + 1;
	int64_t number;
	if (generic(w) || number_word(w, &number) || negated(w) ||
	    (s->t[i].upper && s->t[i].start && w.n > 4 && word_known(w) &&
	     !memcmp(w.s + w.n - 3, "ing", 3)) ||
	    in_list(w, "the|a|an|his|her|its|their|no|any|some|in|on|at|our|your|my|"
	               "most|many|few|one|two|another"))
		return false;
	opens = !i || s->t[i - 1].comma || s->t[i - 1].stop ||
	        word_is(s, i - 1,
	                "and|then|while|but|user|when|after|before|because|that|role|or|times|"
	                "once");
	while (word_is(s, next, "never|also|then|first|later|did|not|had|has|only"))
		next++;
	if (!ends_part(s, i) && next < s->nt && opens && (s->t[i].upper || w.s[w.n - 1] != 's') &&
	    (trade ? verb_agent(s->t[next].low) &&
	                     !word_is(s, next,
	                              "logged|was|had|has|appeared|failed|triggered|reached|got|"
	                              "received|is") &&
	                     s->t[next].to > 0
	           : verb_agent(s->t[next].low) ||
	                     (next > i + 1 && word_is(s, next,
	                                              "call|use|make|run|access|delete|create|read|"
	                                              "list|touch|log|assume"))))
		return true;
	if (word_is(s, i + 1, "who") &&
	    (s->t[i].upper || !word_known(w) || (i && word_is(s, i - 1, "was|is"))))
		return true;
	ends = ends_part(s, i) || !word_known(s->t[i + 1].low) || verb_agent(s->t[i + 1].low) ||
	       word_is(s, i + 1, after_name);
	if (!i || !ends || (w.n > 4 && !memcmp(w.s + w.n - 3, "ing", 3)))
		return false;
	if (word_is(s, i - 1, "by"))
		return !word_is(s, i,
		                "a|an|the|default|design|hand|its|their|his|her|any|way|means|"
		                "mistake|another|using") &&
		       !(trade && i > 1 &&
		         word_is(s, i - 2,
		                 "logged|recorded|reported|detected|flagged|seen|raised|found"));
	return word_is(s, i - 1, "for") && i > 1 &&
	       word_is(s, i - 2, "denied|refused|allowed|succeeded|failed|blocked|rejected");
}

static bool names_something(const struct sentence *s, size_t i)
{
	const struct tok *t = &s->t[i];
	bool words = word_parts_known(t->low);
	double number;
	if (t->low.n < 2 ||
	    plain_number((struct slice){t->low.s, t->low.n - one_of(t->low.s[t->low.n - 1], "%x")},
	                 &number))
		return false;
	if (negated(t->low))
		return false;
	for (size_t k = 0; k < t->low.n; k++)
		if (letter(t->low.s[k]) || digit(t->low.s[k]))
			goto says;
	return false;
says:
	if (in_list(t->low, "e.g|i.e|etc|vs|utc|gmt|am|pm|a.m|p.m|btw|fyi|afaik|iirc|imo|imho|tbh|"
	                    "asap|wrt|aka|cf|resp|approx|incl|tl;dr|tldr"))
		return false;
	if (doer_place(s, i))
		return true;
	if (word_trade(t->low))
		return false;
	if (!words)
		return true;
	if (technical(s, i) && !(t->upper && t->start))
		return !in_list(t->low, titles) && !memchr(t->low.s, '-', t->low.n)
		               ? true
		               : technical(s, i) && memchr(t->low.s, '_', t->low.n);
	return t->upper && !t->start && !in_list(t->low, titles) &&
	       !(t->low.n > 1 && negated(t->low));
}

/* Whether a field of these parts has the word for its whole value in some record. */
static bool is_value(const struct ground *g, struct slice low, unsigned roles, bool acts)
{
	const struct map_entry *m = map_get(&g->by_value, low.s, low.n);
	for (size_t k = 0; m && k < g->values.v[m->val.u].at.n; k++) {
		const struct field *f = g->facts.v[g->values.v[m->val.u].at.v[k].fact].field;
		if (f && f->type == FT_STRING &&
		    ((roles & 1u << f->role && f->sens != FS_PUBLIC) ||
		     (acts && !strcmp(f->name, "api.operation"))))
			return true;
	}
	return false;
}

/* "the dns log": a kind of log that some record is of. */
static bool names_log(const struct ground *g, const struct sentence *s, size_t i)
{
	bool log = word_is(s, i + 1, "log|logs") &&
	           !word_is(s, i, "the|a|this|audit|event|access|security");
	for (size_t k = 0; log && k < g->facts.n; k++)
		if (!strcmp(g->facts.v[k].path, "dataset") &&
		    text_holds(g->values.v[g->facts.v[k].value].text, s->t[i].low))
			return true;
	return false;
}

/* "root", "admin": the name of one who acts, where the records have one of that name. */
static bool names_superuser(const struct ground *g, const struct sentence *s, size_t i)
{
	const struct map_entry *m;
	if (!word_is(s, i, "root|admin|administrator|system") ||
	    (i && word_is(s, i - 1, "the|a|an|this|that|as|each|every")))
		return false;
	m = map_get(&g->by_value, s->t[i].low.s, s->t[i].low.n);
	for (size_t k = 0; m && k < g->values.v[m->val.u].at.n; k++) {
		const struct fact *f = &g->facts.v[g->values.v[m->val.u].at.v[k].fact];
		if (f->field && f->field->role == FR_ACTOR)
			return true;
	}
	return false;
}

static void names(struct ground *g, struct sentence *s)
{
	static const unsigned people = 1u << FR_ACTOR | 1u << FR_TARGET;
	for (size_t i = 0; i < s->nt; i++) {
		struct atom *a;
		if (s->t[i].atom >= 0)
			continue;
		if (names_something(s, i) || names_superuser(g, s, i) ||
		    (s->t[i].upper && is_value(g, s->t[i].low, 0, true)) || names_log(g, s, i)) {
			atom_add(s, AT_NAME, i, i + 1);
			continue;
		}
		/* A plain word that some record has as a whole name: looked at, but only held against the sentence where it cannot
		 * be anything else. */
		if (s->t[i].low.n < 3 || generic(s->t[i].low) || word_trade(s->t[i].low) ||
		    in_list(s->t[i].low, titles) || !is_value(g, s->t[i].low, people, false))
			continue;
		a = atom_add(s, AT_NAME, i, i + 1);
		if (a)
			a->soft = true;
	}
}

/* "29 GetPasswordData calls": what looks like a verb is what is counted. */
static bool counted_noun(const struct sentence *s, size_t verb)
{
	size_t name = verb - 1;
	if (!verb || !word_is(s, verb,
	                      "calls|requests|attempts|reads|lists|hits|runs|changes|updates|uses|"
	                      "contacts|loads|starts|stops|copies|moves"))
		return false;
	if (word_is(s, verb + 1,
	            "were|was|came|from|by|in|on|with|for|at|and|between|that|which|are") ||
	    verb + 1 >= s->nt || s->t[verb].stop || s->t[verb].comma)
		return true;
	return name && ((s->t[name - 1].atom >= 0 && s->a[s->t[name - 1].atom].kind == AT_COUNT) ||
	                word_is(s, name - 1,
	                        "all|every|the|no|of|these|those|only|further|most|many|more|any|"
	                        "several|few|some"));
}

/* "policy X added to user Y by Z": who did it comes later. */
static bool passive(const struct sentence *s, size_t verb)
{
	for (size_t k = verb + 1; verb_family(s->t[verb].low) && k + 1 < s->nt; k++) {
		if (s->t[k - 1].comma || s->t[k - 1].stop || s->t[k].verb)
			return false;
		if (word_is(s, k, "by") && s->t[k + 1].atom >= 0 &&
		    s->a[s->t[k + 1].atom].kind == AT_NAME)
			return true;
	}
	return false;
}

/* The part that the sentence gives each name. */
static void parts(struct sentence *s)
{
	for (size_t k = 0; k < s->na; k++) {
		struct atom *a = &s->a[k];
		size_t next = a->tok_to;
		if (a->kind != AT_NAME)
			continue;
		if ((a->tok && word_is(s, a->tok - 1, "by")) || word_is(s, next, "who"))
			a->want = FR_ACTOR;
		else if (a->tok && word_is(s, a->tok - 1, "from"))
			a->want = FR_SOURCE;
		if (a->tok && word_is(s, a->tok - 1, "user|principal|identity") && a->tok > 1 &&
		    word_is(s, a->tok - 2, "by"))
			a->want = FR_ACTOR;
		while (word_is(s, next,
		               "also|then|first|later|successfully|subsequently|immediately|again|"
		               "never|did|not"))
			next++;
		if (next < s->nt && !s->t[next - 1].comma && !s->t[next - 1].stop &&
		    (s->t[next].verb || word_is(s, next - 1, "not")) && !counted_noun(s, next) &&
		    !word_is(s, next,
		             "was|were|is|are|been|had|has|appeared|came|failed|succeeded|logged|"
		             "signed|authenticated|hit|reached") &&
		    !passive(s, next) &&
		    !word_is(s, next + 1, "by|from|in|on|at|with|via|for|through|during|as") &&
		    !(a->tok && word_is(s, a->tok - 1, "to|on|of|in|for|with|from|at|key|by")))
			a->want = FR_ACTOR;
	}
}

/* ---- clauses ---- */

/* A conjunction or comma parts clauses where both sides have a verb and something to check. */
static bool clause_worth(const struct sentence *s, size_t from, size_t to)
{
	bool verb = false, atom = false, outcome = false, time = false;
	for (size_t i = from; i < to; i++) {
		enum atom_kind kind = s->t[i].atom < 0 ? AT_VERB : s->a[s->t[i].atom].kind;
		outcome = outcome || kind == AT_OUTCOME;
		time = time || kind == AT_TIME;
		verb = verb || s->t[i].verb;
		atom = atom || kind != AT_VERB;
	}
	/* "denied at 13:03, fine at 13:07" */
	return (verb && atom) || (outcome && time);
}

static bool parts_here(const struct sentence *s, size_t i)
{
	return s->t[i - 1].stop || s->t[i - 1].comma ||
	       word_is(s, i,
	               "and|then|while|but|whereas|before|after|when|until|because|which|who|so|"
	               "preceded|followed|following|prior");
}

/* What stands on the two sides of these are two events, verb or no verb. */
static bool parts_events(const struct sentence *s, size_t i)
{
	bool opened = false;
	if (word_is(s, i, "before|after|preceded|following") ||
	    (word_is(s, i, "followed") && word_is(s, i + 1, "by")) ||
	    (word_is(s, i, "prior") && word_is(s, i + 1, "to")))
		return i + 1 < s->nt;
	if (!s->t[i - 1].comma)
		return false;
	for (size_t k = i; k-- > 0 && !s->t[k].stop && !(k + 1 < i && s->t[k].comma);)
		opened = opened ||
		         (word_is(s, k, "before|after|following") &&
		          (!k || s->t[k - 1].stop ||
		           s->a[s->t[k - 1].atom < 0 ? 0 : s->t[k - 1].atom].kind == AT_SPAN));
	return opened;
}

static void clauses(struct sentence *s)
{
	size_t from = 0, end;
	s->clauses = 1;
	for (size_t i = 1; i < s->nt; i++) {
		if (!parts_here(s, i))
			continue;
		for (end = i + 1; end < s->nt && !parts_here(s, end); end++)
			;
		/* look to the next parting with a verb of its own */
		while (end < s->nt && !clause_worth(s, i, end))
			for (end++; end < s->nt && !parts_here(s, end); end++)
				;
		if (!s->t[i - 1].stop && !parts_events(s, i) &&
		    !(clause_worth(s, from, i) && clause_worth(s, i, end)))
			continue;
		for (size_t k = i; k < s->nt; k++)
			s->t[k].clause = s->clauses;
		s->clauses++;
		from = i;
	}
	for (size_t k = 0; k < s->na; k++)
		s->a[k].clause = s->t[s->a[k].tok].clause;
}

void sentence_read(struct ground *g, struct sentence *s)
{
	s->low = ground_fold(&s->arena, s->text);
	tokens(s);
	for (size_t i = 0; i < s->ncopied; i++)
		quote(s, s->copied[i].from, s->copied[i].to);
	quoted(s, '`');
	quoted(s, '"');
	ids(g, s);
	s->over = !times_read(s) || s->over;
	severities(s);
	outcome_phrases(s);
	outcomes(s);
	verbs(s);
	names(g, s);
	numbers(s);
	parts(s);
	clauses(s);
}
