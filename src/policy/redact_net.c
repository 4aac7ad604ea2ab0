#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/limits.h"
#include "policy/redact_net.h"

#define VIEWS_MAX 12
#define LAYERS_MAX 3 /* encodings inside encodings */

static bool luhn(struct slice s)
{
	int sum = 0, digits = 0;
	for (size_t i = s.n; i-- > 0;) {
		int d = s.s[i] - '0';
		if (d < 0 || d > 9)
			continue;
		if (digits++ % 2 && (d *= 2) > 9)
			d -= 9;
		sum += d;
	}
	return digits >= 13 && digits <= 19 && sum % 10 == 0;
}

static bool random_looking(struct slice s)
{
	bool up = false, low = false, digit = false;
	for (size_t i = 0; i < s.n; i++) {
		up = up || (s.s[i] >= 'A' && s.s[i] <= 'Z');
		low = low || (s.s[i] >= 'a' && s.s[i] <= 'z');
		digit = digit || (s.s[i] >= '0' && s.s[i] <= '9');
	}
	return up && low && digit;
}

/* A name in title case, unless one of its words is one of the trade's. */
static bool person(struct slice s)
{
	static const char *const trade[] = {"Amazon",       "Azure",       "Microsoft",
	                                    "Google",       "Windows",     "Linux",
	                                    "Security",     "Server",      "Service",
	                                    "Cloud",        "System",      "Access",
	                                    "Network",      "Active",      "Directory",
	                                    "Internet",     "Explorer",    "Mozilla",
	                                    "Program",      "Files",       "Visual",
	                                    "Studio",       "Control",     "Local",
	                                    "Remote",       "Event",       "Events",
	                                    "Audit",        "Policy",      "Account",
	                                    "Apple",        "Office",      "Data",
	                                    "Identity",     "Web",         "User",
	                                    "Users",        "Log",         "Logs",
	                                    "Common",       "Defender",    "Guard",
	                                    "Hub",          "Key",         "Vault",
	                                    "Command",      "Prompt",      "Power",
	                                    "Shell",        "Task",        "Manager",
	                                    "Discovery",    "Execution",   "Persistence",
	                                    "Exfiltration", "Collection",  "Impact",
	                                    "Privilege",    "Escalation",  "Defense",
	                                    "Evasion",      "Credential",  "Lateral",
	                                    "Movement",     "Initial",     "Reconnaissance",
	                                    "Resource",     "Development", "Public",
	                                    "Private",      "Block",       "The",
	                                    "This",         "That",        "These",
	                                    "When",         "What",        "Who",
	                                    "Which",        "How",         "Why",
	                                    "In",           "An",          "For",
	                                    "From",         "With",        "Not",
	                                    "No",           "All",         "Any",
	                                    "Process",      "Create",      "Delete",
	                                    "Special",      "Logon",       "Object",
	                                    "Handle",       "File",        "Group",
	                                    "Domain"};
	struct slice rest = s, word;
	while (slice_split(&rest, ' ', &word))
		for (size_t i = 0; i < ARRAY_LEN(trade); i++)
			if (slice_eq_str(word, trade[i]))
				return false;
	return true;
}

#define SEP "[\"'\\]]{0,2}\\s*(?:=>|:=|[:=])\\s*[\"'\\[<({]{0,2}"
#define SECRET_NAME                                                                       \
	"(?:pass(?:word|wd|phrase|code)?|pwd|passwd|secret(?:[_-]?(?:access[_-]?)?key)?|" \
	"[a-z_-]{0,40}token|api[_-]?key|access[_-]?key|account[_-]?key|shared[_-]?key|"   \
	"private[_-]?key|client[_-]?secret|credentials?|cookie|session[_-]?id|signature|sig|pin)"
struct pattern {
	const char *kind, *text;
	bool (*really)(struct slice);
	bool (*wanted)(const struct redact_policy *); /* NULL: always */
	unsigned is;
};
enum {
	P_SECRET = 1, /* gives access by itself */
	P_CASE = 2,   /* found by its letters' case: not in a view that is turned about */
};

static bool by_accounts(const struct redact_policy *p)
{
	return p->accounts;
}

static bool by_hostnames(const struct redact_policy *p)
{
	return p->hostnames;
}

static bool by_addresses(const struct redact_policy *p)
{
	return p->addresses;
}

static bool real_name(struct slice s)
{
	return s.n >= 2;
}

static const struct pattern patterns[] = {
        {"SECRET",
         "-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----[\\s\\S]*?(?:-----END [A-Z0-9 ]*PRIVATE "
         "KEY[A-Z ]*-----|$)",
         NULL, NULL, P_SECRET},
        {"SECRET", "\\beyJ[A-Za-z0-9_-]{6,}\\.[A-Za-z0-9_-]{6,}(?:\\.[A-Za-z0-9_-]*)*", NULL, NULL,
         P_SECRET},
        {"SECRET",
         "\\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\\w{20,}|glpat-[\\w-]{16,}|xox[abeprs]-[A-Za-"
         "z0-9-]{8,}|"
         "sk-[A-Za-z0-9_-]{16,}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|AIza[\\w-]{30,}|ya29\\.[\\w-]{"
         "20,}|"
         "SG\\.[\\w-]{16,}\\.[\\w-]{16,}|npm_[A-Za-z0-9]{30,}|pypi-[\\w-]{16,}|hf_[A-Za-z0-9]{20,}|"
         "dop_v1_[a-f0-9]{32,}|"
         "hvs\\.[\\w-]{20,}|AGE-SECRET-KEY-1[A-Z0-9]{20,}|shpat_[a-f0-9]{32}|key-[a-f0-9]{32})",
         NULL, NULL, P_SECRET},
        {"SECRET", "(?<![A-Za-z0-9/+=_-])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=_-])", random_looking,
         NULL, P_SECRET},
        {"SECRET", "(?<=://)[^/\\s:@]*:[^/\\s@]+(?=@)", NULL, NULL, P_SECRET},
        {"SECRET", "(?i)\\b(?:bearer|basic|digest|negotiate)\\s+\\K[A-Za-z0-9+/=._~-]{8,}", NULL,
         NULL, P_SECRET},
        {"SECRET", "(?i)" SECRET_NAME SEP "\\K[^\\s\"'&,;<>)\\]}]{3,}", NULL, NULL, P_SECRET},
        {"SECRET", "(?i)<[^<>/]*" SECRET_NAME "[^<>/]*>\\s*\\K[^<>\\s]{3,}", NULL, NULL, P_SECRET},
        {"SECRET",
         "(?i)(?:^|\\s)(?:-p|/p:|/"
         "pass:|--?pass\\w*|--?pw|--?secret\\S*|--?token|--?api-?key|-AsPlainText|-Password)[ "
         "=:]+[\"']?\\K[^\\s\"']{3,}",
         NULL, NULL, P_SECRET},
        {"SECRET", "(?i)(?:^|\\s)(?:-u|--user)[ =][\"']?[^\\s:\"']+:\\K[^\\s\"']{3,}", NULL, NULL,
         P_SECRET},
        {"SECRET", "(?i)\\bnet\\s+user\\s+\\S+\\s+\\K(?!/)\\S{3,}", NULL, NULL, P_SECRET},
        {"SECRET",
         "(?i)\\b(?:password|passphrase|secret|token|pin)\\s+(?:is|was|of\\s+\\S+\\s+is)\\s+[\"']?"
         "\\K[^\\s\"',;]{3,}",
         NULL, NULL, P_SECRET},
        {"KEY", "(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}(?![A-Za-z0-9])", NULL, NULL,
         0},
        {"MAIL",
         "[A-Za-z0-9_][A-Za-z0-9._%+'-]*@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9-]"
         "+)*\\.[A-Za-z]{2,}",
         NULL, NULL, 0},
        {"MAIL",
         "(?i)[a-z0-9][\\w.+-]*\\s*[\\[({]\\s*at\\s*[\\])}]\\s*[a-z0-9-]+(?:\\s*(?:\\.|[\\[({]\\s*"
         "dot\\s*[\\])}])\\s*[a-z0-9-]+)+",
         NULL, NULL, 0},
        {"CARD", "(?<![0-9A-Za-z.-])\\d(?:[ -]{0,2}\\d){12,18}(?![0-9A-Za-z])", luhn, NULL, 0},
        {"ID",
         "(?<![0-9A-Za-z-])(?:\\d{3}[- ]\\d{2}[- ]\\d{4}|[A-CEGHJ-PR-TW-Z]{2} ?\\d{2} ?\\d{2} "
         "?\\d{2} ?[A-D]|[A-Z]{6}\\d{2}[A-Z]\\d{2}[A-Z]\\d{3}[A-Z]|"
         "\\d{3}\\.\\d{3}\\.\\d{3}-\\d{2}|\\d{6,8}[-+]\\d{4}|\\d{8}-?[A-HJ-NP-TV-Z]|[XYZ]-?\\d{7}-?"
         "[A-Z]|[12] ?\\d{2} ?[01]\\d ?\\d{2} ?\\d{3} ?\\d{3} ?\\d{2}|"
         "\\d{4} \\d{4} \\d{4}|[A-Z]{2}\\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: "
         "?[A-Z0-9]{1,3})?)(?![0-9A-Za-z])",
         NULL, NULL, 0},
        {"ID",
         "(?i)\\b(?:ssn|social\\s+security(?:\\s+n\\w+)?|passport(?:\\s+n\\w+)?|national\\s+id|"
         "tax\\s+id|steuer-?id|nif|dni|nino|id\\s+card)[\"']?\\s*(?:is|no\\.?|[:=#])?\\s*[\"']?\\K["
         "A-Z0-9][A-Z0-9 -]{4,}[A-Z0-9]",
         NULL, NULL, 0},
        {"PHONE", "(?<![0-9A-Za-z.])(?:\\+|00)[1-9]\\d{0,2}(?:[ ().-]{0,2}\\d){6,13}(?![0-9])",
         NULL, NULL, 0},
        {"PHONE",
         "(?<![0-9A-Za-z.-])(?:\\(\\d{2,5}\\)[ -]?\\d{3,4}[ -]?\\d{3,5}|\\d{3}[-. ]\\d{3}[-. "
         "]\\d{4}|0\\d{2,4}[ /-]\\d{3,4}[ -]?\\d{3,5})(?![0-9A-Za-z.-])",
         NULL, NULL, 0},
        {"NAME",
         "(?<![\\w.@/\\\\-])[\\p{Lu}][\\p{Ll}'’-]+(?:[ _+.,-]{1,2}\\p{Lu}\\.?)?(?:[ ]|\\+|, "
         "?)(?:(?:van|von|de|der|del|la|bin|al|di) )*[\\p{Lu}][\\p{Ll}\\p{Lu}'’-]+(?![\\w@/\\\\])",
         person, NULL, P_CASE},
        {"NAME",
         "(?i)\"?(?:display_?name|full_?name|given_?name|family_?name|first_?name|last_?name|"
         "surname|employee(?:_name)?|customer(?:_name)?|owner_name)" SEP "\\K[^\"',;&<>{}]{2,60}",
         real_name, NULL, 0},
        {"ACCOUNT",
         "(?<![0-9A-Za-z.-])\\d{12}(?![0-9A-Za-z.-])|(?<=:)\\d{12}(?=:)|(?<=subscriptions/"
         ")[0-9a-fA-F-]{36}",
         NULL, by_accounts, 0},
        {"IP",
         "(?<![0-9A-Za-z.])(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)\\.){3}(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)"
         "(?![0-9A-Za-z]|\\.\\d)",
         NULL, by_addresses, 0},
        {"IP",
         "(?<![0-9A-Za-z:.])(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}(?![0-9A-Za-z:])|(?<![0-9A-Za-"
         "z:.])(?:[0-9a-fA-F]{1,4}:){1,6}(?::[0-9a-fA-F]{1,4}){1,6}(?![0-9A-Za-z:])",
         NULL, by_addresses, 0},
        {"HOST",
         "(?i)(?<![\\w.@-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\\.)+(?:com|net|org|io|local|internal|"
         "lan|corp|example|test|invalid|edu|gov|cloud|dev|info|biz|[a-z]{2})(?![\\w-]|\\.[a-z0-9])|"
         "\\bip-\\d+-\\d+-\\d+-\\d+\\b|\\b(?:DESKTOP|LAPTOP|WIN|WORKSTATION|SRV|EC2AMAZ)-[A-Z0-9-]{"
         "3,}\\b",
         NULL, by_hostnames, P_CASE},
};

static pcre2_code *compiled[ARRAY_LEN(patterns)];
static pcre2_match_data *matches;
static pcre2_match_context *bounds;

static bool compile_all(void)
{
	int number;
	PCRE2_SIZE at;
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		if (!compiled[i])
			compiled[i] = pcre2_compile(
			        (PCRE2_SPTR)patterns[i].text, PCRE2_ZERO_TERMINATED,
			        PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &number, &at, NULL);
		if (!compiled[i])
			return false;
	}
	if (!matches) {
		matches = pcre2_match_data_create(4, NULL);
		bounds = pcre2_match_context_create(NULL);
		pcre2_set_match_limit(bounds, MW_REGEX_MATCH_LIMIT * 10);
	}
	return matches && bounds;
}

static void add_hit(const struct view *v, size_t a, size_t b, const char *kind, struct slice plain,
                    net_hits *out)
{
	struct net_hit *h;
	size_t lo = SIZE_MAX, hi = 0;
	for (size_t i = a; i < b; i++) {
		lo = v->from[i] < lo ? v->from[i] : lo;
		hi = v->to[i] > hi ? v->to[i] : hi;
	}
	if (lo >= hi)
		return;
	h = vec_push(out);
	*h = (struct net_hit){.from = lo, .to = hi, .kind = kind, .plain = BUF_INIT};
	buf_add(&h->plain, plain.s, plain.n);
}

/* One pattern over one view. Where the matcher gives up, all of the text is a hit: fail closed. */
static void match_all(size_t i, const struct view *v, net_hits *out)
{
	size_t at = 0;
	int rc = 0;
	while (at < v->n && (rc = pcre2_match(compiled[i], (PCRE2_SPTR)v->s, v->n, at, 0, matches,
	                                      bounds)) > 0) {
		PCRE2_SIZE *o = pcre2_get_ovector_pointer(matches);
		struct slice m = {v->s + o[0], o[1] > o[0] ? o[1] - o[0] : 0};
		if (m.n && (!patterns[i].really || patterns[i].really(m)))
			add_hit(v, o[0], o[1], patterns[i].kind, m, out);
		at = o[1] > at ? o[1] : at + 1;
	}
	if (rc < 0 && rc != PCRE2_ERROR_NOMATCH)
		add_hit(v, 0, v->n, "TEXT", (struct slice){v->s, v->n}, out);
}

enum which { ALL, SECRETS, TURNED };

static bool applies(const struct pattern *x, const struct redact_policy *p, enum which which)
{
	if (which == SECRETS)
		return x->is & P_SECRET;
	return (!x->wanted || x->wanted(p)) && !(which == TURNED && (x->is & P_CASE));
}

static void match_patterns(const struct view *v, const struct redact_policy *p, enum which which,
                           net_hits *out)
{
	if (!compile_all()) {
		add_hit(v, 0, v->n, "TEXT", (struct slice){v->s, v->n}, out);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++)
		if (applies(&patterns[i], p, which))
			match_all(i, v, out);
}

/* ---- known values ---- */

static char *squeeze(struct slice s, size_t *n)
{
	struct view v, q;
	char *text;
	view_of(&v, s);
	view_squeezed(&v, &q);
	text = xstrndup(q.s, q.n);
	*n = strlen(text);
	view_release(&v);
	view_release(&q);
	return text;
}

void net_learn(struct net_known *k, const char *kind, struct slice value)
{
	uint32_t id = (uint32_t)k->v.n;
	struct net_value *x = vec_push(&k->v);
	struct map_entry *m;
	bool added;
	x->squeezed = squeeze(value, &x->n);
	x->kind = kind;
	x->value = value;
	if (x->n >= 2 && x->n < 8)
		map_put(&k->words, x->squeezed, x->n, NULL)->val.u = id;
	if (x->n < 8)
		return;
	m = map_put(&k->grams, x->squeezed, 4, &added);
	if (added) {
		m->val.u = k->lists.n;
		vec_push(&k->lists);
	}
	*vec_push(&k->lists.v[m->val.u].ids) = id;
}

void net_known_release(struct net_known *k)
{
	for (size_t i = 0; i < k->lists.n; i++)
		vec_free(&k->lists.v[i].ids);
	for (size_t i = 0; i < k->v.n; i++)
		free(k->v.v[i].squeezed);
	vec_free(&k->lists);
	vec_free(&k->v);
	map_release(&k->grams);
	map_release(&k->words);
}

static bool word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (unsigned char)c >= 0x80;
}

static void add_known(const struct view *v, size_t a, size_t b, const struct net_value *x,
                      net_hits *out)
{
	size_t n = out->n;
	add_hit(v, a, b, x->kind, x->value, out);
	if (out->n > n)
		out->v[n].known = true;
}

static void known_words(const struct net_known *k, const struct view *v, net_hits *out)
{
	for (size_t i = 0; i < v->n;) {
		char low[8];
		size_t n = 0;
		while (i + n < v->n && word_byte(v->s[i + n])) {
			char c = v->s[i + n];
			if (n < sizeof(low))
				low[n] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
			n++;
		}
		const struct map_entry *m =
		        n && n < sizeof(low) ? map_get(&k->words, low, n) : NULL;
		if (m)
			add_known(v, i, i + n, &k->v.v[m->val.u], out);
		i += n ? n : 1;
	}
}

static void known_long(const struct net_known *k, const struct view *v, net_hits *out)
{
	struct view q;
	view_squeezed(v, &q);
	for (size_t i = 0; i + 8 <= q.n; i++) {
		const struct map_entry *m = map_get(&k->grams, q.s + i, 4);
		size_t lists = m ? k->lists.v[m->val.u].ids.n : 0;
		for (size_t j = 0; j < lists; j++) {
			const struct net_value *x = &k->v.v[k->lists.v[m->val.u].ids.v[j]];
			if (x->n <= q.n - i && !memcmp(q.s + i, x->squeezed, x->n))
				add_known(&q, i, i + x->n, x, out);
		}
	}
	view_release(&q);
}

static void known_values(const struct net_known *k, const struct view *v, net_hits *out)
{
	if (k && k->words.n)
		known_words(k, v, out);
	if (k && k->grams.n)
		known_long(k, v, out);
}

/* ---- all together ---- */

static void find(const struct net_known *k, const struct redact_policy *p, struct slice text,
                 int depth, net_hits *out);

/* Whether a decoded text holds anything that must not leave. */
static bool hides(const struct net_known *k, const struct redact_policy *p, struct slice text,
                  int depth)
{
	net_hits h = {0};
	bool any;
	find(k, p, text, depth, &h);
	any = h.n > 0;
	net_hits_release(&h);
	return any;
}

/* Encoded runs: a readable one of some length hides something by being encoded; a short one only if it decodes to a hit; an
 * unreadable one that looks random is taken for key material. */
#define BLOB_SURE 16
#define BLOB_RANDOM 32
static bool is_word(struct slice s)
{
	size_t humps = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (!((s.s[i] >= 'a' && s.s[i] <= 'z') || (s.s[i] >= 'A' && s.s[i] <= 'Z')))
			return false;
		humps += i && s.s[i] >= 'A' && s.s[i] <= 'Z';
	}
	return humps * 4 < s.n;
}

static bool hex_only(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.s[i] >= '0' && s.s[i] <= '9') || (s.s[i] >= 'a' && s.s[i] <= 'f') ||
		      (s.s[i] >= 'A' && s.s[i] <= 'F')))
			return false;
	return true;
}

static void find_blobs(const struct net_known *k, const struct redact_policy *p,
                       const struct view *v, int depth, net_hits *out)
{
	struct blob b = {.plain = BUF_INIT};
	size_t at = 0;
	while (view_blob(v, &at, &b)) {
		struct slice run = {v->s + b.from, b.to - b.from}, plain = {b.plain.s, b.plain.len};
		bool take;
		if (b.readable)
			take = (run.n >= BLOB_SURE && !is_word(run)) ||
			       hides(k, p, plain, depth + 1);
		else
			take = run.n >= BLOB_RANDOM && random_looking(run) && !hex_only(run) &&
			       !memchr(run.s, '/', run.n < 12 ? run.n : 12);
		if (take)
			add_hit(v, b.from, b.to, "BLOB", run, out);
	}
	buf_release(&b.plain);
}

static size_t make_views(const struct view *base, struct view *v)
{
	size_t n = 0, last;
	const struct view *in = base;
	while (n < LAYERS_MAX && view_unfold(in, &v[n]))
		in = &v[n++];
	last = n;
	if (view_form(base, &v[n])) {
		n++;
		n += view_unfold(&v[n - 1], &v[n]);
	}
	n += view_joined(last ? &v[last - 1] : base, &v[n]);
	n += view_quoted(base, &v[n]);
	view_rot13(last ? &v[last - 1] : base, &v[n++]);
	view_reversed(last ? &v[last - 1] : base, &v[n++]);
	return n;
}

static void find(const struct net_known *k, const struct redact_policy *p, struct slice text,
                 int depth, net_hits *out)
{
	struct view base, v[VIEWS_MAX];
	size_t n;
	if (!text.n || depth > LAYERS_MAX)
		return;
	view_of(&base, text);
	match_patterns(&base, p, ALL, out);
	known_values(k, &base, out);
	find_blobs(k, p, &base, depth, out);
	n = make_views(&base, v);
	for (size_t i = 0; i < n; i++) {
		bool turned = i + 2 >= n;
		match_patterns(&v[i], p, turned ? TURNED : ALL, out);
		known_values(k, &v[i], out);
		if (!turned)
			find_blobs(k, p, &v[i], depth, out);
		view_release(&v[i]);
	}
	view_release(&base);
}

static int by_place(const void *a, const void *b)
{
	const struct net_hit *x = a, *y = b;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to < y->to) - (x->to > y->to);
}

/* Overlapping hits become one, of the longer one's kind. */
static void settle(struct slice text, net_hits *h)
{
	size_t n = 0;
	if (h->n)
		qsort(h->v, h->n, sizeof(*h->v), by_place);
	for (size_t i = 0; i < h->n; i++) {
		struct net_hit *last = n ? &h->v[n - 1] : NULL, *x = &h->v[i];
		if (!last || x->from >= last->to) {
			if (n != i)
				h->v[n] = *x;
			n++;
			continue;
		}
		last->known = last->known || x->known;
		if (x->to > last->to) {
			last->to = x->to;
			buf_reset(&last->plain);
			buf_add(&last->plain, text.s + last->from, last->to - last->from);
			if (!strcmp(last->kind, "NAME"))
				last->kind = x->kind;
		}
		buf_release(&x->plain);
	}
	h->n = n;
}

void net_find(const struct net_known *known, const struct redact_policy *p, struct slice text,
              net_hits *out)
{
	if (text.n > DISGUISE_TEXT_MAX) {
		struct net_hit *h = vec_push(out);
		*h = (struct net_hit){.from = 0, .to = text.n, .kind = "TEXT", .plain = BUF_INIT};
		buf_add(&h->plain, text.s, text.n);
		return;
	}
	find(known, p, text, 0, out);
	settle(text, out);
}

void net_find_secrets(struct slice text, net_hits *out)
{
	static const struct redact_policy none = {0};
	struct view base;
	if (!text.n)
		return;
	view_of(&base, text);
	match_patterns(&base, &none, SECRETS, out);
	view_release(&base);
	settle(text, out);
}

void net_hits_release(net_hits *h)
{
	for (size_t i = 0; i < h->n; i++)
		buf_release(&h->v[i].plain);
	vec_free(h);
}
