/* What words mean to the checker: English, the trade, acts and their opposites, numbers. */
#include "base/asset.h"
#include "ground/ground_int.h"

bool in_list(struct slice low, const char *words)
{
	const char *p = words;
	if (!low.n)
		return false;
	while (*p) {
		if (*p == low.s[0] && !strncmp(p, low.s, low.n) && (p[low.n] == '|' || !p[low.n]))
			return true;
		while (*p && *p != '|')
			p++;
		p += *p == '|';
	}
	return false;
}

/* ---- sorted word lists: a line a word, '#' lines first; the English one is made by the Makefile from a Debian package ---- */

struct list {
	const char *name, *data;
	size_t len;
};
static struct list english = {.name = "ground/words.txt"}, trade = {.name = "ground/trade.txt"};

static void open_list(struct list *l)
{
	const struct asset *a = l->data ? NULL : asset_find(l->name);
	if (!a)
		return;
	l->data = a->data;
	l->len = a->len;
	while (l->len && *l->data == '#') {
		const char *nl = memchr(l->data, '\n', l->len);
		size_t n = nl ? (size_t)(nl - l->data) + 1 : l->len;
		l->data += n;
		l->len -= n;
	}
}

static int compare(const char *line, size_t n, struct slice w)
{
	int c = memcmp(line, w.s, n < w.n ? n : w.n);
	return c ? c : n < w.n ? -1 : n > w.n;
}

static bool listed(struct list *l, struct slice w)
{
	size_t lo = 0, hi;
	open_list(l);
	hi = l->len;
	while (lo < hi && w.n) {
		size_t mid = lo + (hi - lo) / 2, end;
		int c;
		while (mid > lo && l->data[mid - 1] != '\n')
			mid--;
		end = mid;
		while (end < l->len && l->data[end] != '\n')
			end++;
		c = compare(l->data + mid, end - mid, w);
		if (!c)
			return true;
		if (c < 0)
			lo = end + 1;
		else
			hi = mid;
	}
	return false;
}

bool word_trade(struct slice low)
{
	return listed(&trade, low);
}

static bool plain(struct slice w)
{
	return listed(&english, w) || listed(&trade, w);
}

/* The word without an ending, or with the ending's usual other form. */
static bool inflected(struct slice w)
{
	static const struct {
		const char *end, *as;
	} ends[] = {{"s", ""},     {"es", ""},   {"ed", ""},   {"ed", "e"},    {"ing", ""},
	            {"ing", "e"},  {"er", ""},   {"er", "e"},  {"ers", ""},    {"ers", "e"},
	            {"ly", ""},    {"ies", "y"}, {"ied", "y"}, {"ness", ""},   {"able", ""},
	            {"able", "e"}, {"less", ""}, {"wise", ""}, {"ation", "e"}, {"ations", "e"},
	            {"al", ""}};
	char stem[64];
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		size_t n = strlen(ends[i].end), k = strlen(ends[i].as);
		if (w.n < n + 3 || w.n >= sizeof(stem) || memcmp(w.s + w.n - n, ends[i].end, n))
			continue;
		memcpy(stem, w.s, w.n - n);
		memcpy(stem + w.n - n, ends[i].as, k);
		if (plain((struct slice){stem, w.n - n + k}))
			return true;
		/* "logged", "stopping": a doubled letter */
		if (!k && w.n > n + 2 && stem[w.n - n - 1] == stem[w.n - n - 2] &&
		    plain((struct slice){stem, w.n - n - 1}))
			return true;
	}
	return false;
}

/* British spelling in the American list's way: behaviour, authorise. */
static bool respelt(struct slice w)
{
	static const struct {
		const char *part, *as;
	} ways[] = {{"our", "or"},  {"ise", "ize"}, {"isi", "izi"},
	            {"isa", "iza"}, {"yse", "yze"}, {"ence", "ense"},
	            {"ogue", "og"}, {"tre", "ter"}, {"ll", "l"}};
	char text[64];
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		size_t n = strlen(ways[i].part), k = strlen(ways[i].as);
		const char *at = w.n < sizeof(text) ? memmem(w.s, w.n, ways[i].part, n) : NULL;
		size_t from = at ? (size_t)(at - w.s) : 0;
		if (!at || !from)
			continue;
		memcpy(text, w.s, from);
		memcpy(text + from, ways[i].as, k);
		memcpy(text + from + k, at + n, w.n - from - n);
		struct slice other = {text, w.n - n + k};
		if (plain(other) || inflected(other))
			return true;
	}
	return false;
}

bool word_known(struct slice w)
{
	static const char *const before[] = {"un",    "re",  "non", "pre",  "sub",  "over",
	                                     "under", "mis", "de",  "anti", "auto", "multi"};
	if (w.n > 2 && !memcmp(w.s + w.n - 2, "'s", 2))
		w.n -= 2;
	if (w.n < 2 || plain(w) || inflected(w) || respelt(w))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(before); i++) {
		size_t n = strlen(before[i]);
		struct slice rest = {w.s + n, w.n > n ? w.n - n : 0};
		if (w.n > n + 3 && !memcmp(w.s, before[i], n) && (plain(rest) || inflected(rest)))
			return true;
	}
	return false;
}

/* ---- acts ---- */

enum {
	V_CREATE = 1 << 0,
	V_DELETE = 1 << 1,
	V_READ = 1 << 2,
	V_WRITE = 1 << 3,
	V_ATTACH = 1 << 4,
	V_DETACH = 1 << 5,
	V_START = 1 << 6,
	V_STOP = 1 << 7,
	V_ENABLE = 1 << 8,
	V_DISABLE = 1 << 9,
	V_LOGIN = 1 << 10,
	V_LOGOUT = 1 << 11,
	V_GRANT = 1 << 12,
	V_REVOKE = 1 << 13,
};
static const struct {
	unsigned family;
	const char *acts;  /* first words of operations */
	const char *verbs; /* as sentences have them */
} families[] = {
        {V_CREATE, "create|new|register|allocate|generate|issue|import|provision",
         "create|creates|created|creating|registered|generated|provisioned|imported"},
        {V_DELETE, "delete|remove|purge|destroy|deregister|erase|wipe|terminate|cancel",
         "delete|deletes|deleted|deleting|removed|removes|removing|destroyed|erased|wiped|purged|"
         "deregistered|terminated"},
        {V_READ,
         "get|list|describe|head|read|view|query|select|scan|lookup|search|batchget|download|"
         "export|enumerate",
         "read|reads|listed|lists|listing|enumerated|enumerates|enumerating|described|describes|"
         "viewed|queried|retrieved|fetched|"
         "downloaded|downloads|looked"},
        {V_WRITE,
         "put|update|modify|change|set|edit|write|upload|patch|reset|replace|rename|tag|copy",
         "modified|modifies|updated|updates|changed|changes|wrote|written|uploaded|uploads|edited|"
         "overwrote|replaced|renamed|tagged|copied"},
        {V_ATTACH, "attach|add|associate|join", "attached|attaches|added|adds|associated|joined"},
        {V_DETACH, "detach|disassociate", "detached|detaches|disassociated"},
        {V_START, "start|run|launch|execute|invoke|resume|reboot",
         "started|starts|launched|launches|resumed|rebooted"},
        {V_STOP, "stop|suspend|pause|halt|terminate", "stopped|stops|halted|suspended|paused"},
        {V_ENABLE, "enable|activate", "enabled|enables|activated"},
        {V_DISABLE, "disable|deactivate", "disabled|disables|deactivated"},
        {V_LOGIN,
         "consolelogin|assume|login|logon|signin|authenticate|getsessiontoken|getfederationtoken",
         "assumed|assumes|authenticated"},
        {V_LOGOUT, "logout|logoff|signout", ""},
        {V_GRANT, "grant|authorize|allow|permit", "granted|grants"},
        {V_REVOKE, "revoke|deny", "revoked|revokes"},
};
/* Acts that cannot be one act. Others may overlap: to put a policy is to add, to change, even to create it. */
static const struct {
	unsigned a, b;
} conflicts[] = {
        {V_CREATE, V_DELETE | V_READ | V_DETACH | V_STOP | V_LOGIN | V_DISABLE | V_REVOKE},
        {V_DELETE, V_CREATE | V_READ | V_ATTACH | V_START | V_LOGIN | V_ENABLE | V_GRANT | V_WRITE},
        {V_READ, V_WRITE | V_ATTACH | V_DETACH | V_START | V_STOP | V_ENABLE | V_DISABLE | V_LOGIN |
                         V_GRANT | V_REVOKE},
        {V_WRITE, V_START | V_STOP | V_LOGIN},
        {V_ATTACH, V_DETACH | V_STOP | V_LOGIN | V_REVOKE},
        {V_START, V_STOP | V_LOGIN},
        {V_ENABLE, V_DISABLE | V_STOP},
        {V_DISABLE, V_START},
        {V_LOGIN, V_LOGOUT},
        {V_GRANT, V_REVOKE},
};

unsigned verb_family(struct slice low)
{
	unsigned f = 0;
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (in_list(low, families[i].verbs))
			f |= families[i].family;
	return f;
}

unsigned verb_bare(struct slice low)
{
	unsigned f = 0;
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (in_list(low, families[i].acts))
			f |= families[i].family;
	return f;
}

static bool act_begins(struct slice act, const char *acts)
{
	while (*acts) {
		const char *bar = strchr(acts, '|');
		size_t n = bar ? (size_t)(bar - acts) : strlen(acts);
		if (act.n >= n && !memcmp(act.s, acts, n))
			return true;
		acts += n + (bar != NULL);
	}
	return false;
}

/* act is folded: "deletebucket", "s3:deletebucket", "set-itemproperty". */
unsigned act_family(struct slice act)
{
	const char *colon = memchr(act.s, ':', act.n);
	unsigned f = 0;
	if (colon)
		act = (struct slice){colon + 1, (size_t)(act.s + act.n - colon - 1)};
	if (act.n > 5 && !memcmp(act.s, "batch", 5))
		act = (struct slice){act.s + 5, act.n - 5};
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (act_begins(act, families[i].acts))
			f |= families[i].family;
	return f;
}

bool families_conflict(unsigned said, unsigned done)
{
	if (!said || !done || (said & done))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(conflicts); i++)
		if (((said & conflicts[i].a) && (done & conflicts[i].b)) ||
		    ((said & conflicts[i].b) && (done & conflicts[i].a)))
			return true;
	return false;
}

bool verb_agent(struct slice low)
{
	return verb_family(low) ||
	       in_list(low, "called|calls|made|makes|ran|runs|executed|executes|invoked|invokes|"
	                    "issued|issues|performed|performs|used|uses|"
	                    "accessed|accesses|connected|connects|opened|opens|requested|requests|"
	                    "tried|tries|attempted|attempts|sent|sends|"
	                    "got|received|receives|spawned|spawns|loaded|loads|dumped|dumps|logged|"
	                    "signed|switched|triggered|triggers|contacted|"
	                    "contacts|queried|scanned|hit|did|put|escalated|exfiltrated|moved|"
	                    "appeared|acted|failed|succeeded|was|had|has|"
	                    "touched|reached|asked|resolved|talked|came|stole|leaked");
}

bool number_word(struct slice low, int64_t *n)
{
	static const char *const names[] = {
	        "zero",     "one",     "two",     "three",     "four",     "five",    "six",
	        "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
	        "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
	static const struct {
		const char *name;
		int64_t n;
	} more[] = {{"twenty", 20},   {"thirty", 30},     {"forty", 40},  {"fifty", 50},
	            {"sixty", 60},    {"seventy", 70},    {"eighty", 80}, {"ninety", 90},
	            {"hundred", 100}, {"thousand", 1000}, {"once", 1},    {"twice", 2},
	            {"thrice", 3},    {"dozen", 12},      {"single", 1},  {"both", 2}};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq_str(low, names[i])) {
			*n = (int64_t)i;
			return true;
		}
	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		if (slice_eq_str(low, more[i].name)) {
			*n = more[i].n;
			return true;
		}
	return false;
}
