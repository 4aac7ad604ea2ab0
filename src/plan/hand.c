#include "plan/hand.h"
#include "plan/hand_json.h"
#include "base/limits.h"
#include "base/mem.h"

#define TEXT_MAX (256u << 10)

/* ---- tokens ---- */

enum kind { T_END, T_NAME, T_TEXT, T_NUMBER, T_PUNCT };
struct token {
	enum kind kind;
	struct slice s;
	size_t at;
};
struct grammar {
	const char *text_quotes, *name_quotes; /* what opens and closes texts and names */
	const char *escape;                    /* a backslash, or "": the quote twice */
	const char *comment;
	const char *name_more;        /* bytes of a name besides letters, digits and _ */
	bool blind;                   /* keywords in any case */
	const char *const *commands;  /* behind a | */
	const char *const *functions; /* before a ( */
	const char *const *tables;
	const char *const *never; /* words that may not stand anywhere outside of quotes */
};
struct hand {
	struct slice text;
	const struct grammar *g;
	const char *table;
	VEC(struct token) tok;
	struct err *e;
	bool failed;
};

static int deny(struct hand *h, size_t at, const char *fmt, ...) MW_PRINTF(3, 4);
static int deny(struct hand *h, size_t at, const char *fmt, ...)
{
	size_t line = 1, col = 1;
	char what[300];
	va_list ap;

	if (h->failed)
		return -1;
	h->failed = true;
	for (size_t i = 0; i < at && i < h->text.n; i++) {
		line += h->text.s[i] == '\n';
		col = h->text.s[i] == '\n' ? 1 : col + 1;
	}
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_set(h->e, ERR_DENIED, "%zu:%zu: %s", line, col, what);
}

static bool is_name(const struct hand *h, char c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
	       (c && strchr(h->g->name_more, c));
}

/* Behind the closing quote; 0 where there is none. */
static size_t quoted_end(const struct hand *h, size_t i)
{
	char quote = h->text.s[i];

	for (i++; i < h->text.n; i++) {
		if (*h->g->escape && h->text.s[i] == *h->g->escape)
			i++;
		else if (h->text.s[i] == quote && i + 1 < h->text.n && h->text.s[i + 1] == quote &&
		         !*h->g->escape)
			i++;
		else if (h->text.s[i] == quote)
			return i + 1;
	}
	return 0;
}

static bool comment_at(const struct hand *h, size_t i)
{
	const char *c = h->g->comment;

	return *c && h->text.n - i >= 2 && !memcmp(h->text.s + i, c, 2);
}

static void add_token(struct hand *h, enum kind kind, size_t from, size_t to)
{
	*vec_push(&h->tok) = (struct token){kind, {h->text.s + from, to - from}, from};
}

static size_t take_token(struct hand *h, size_t i)
{
	char c = h->text.s[i];
	size_t end = i + 1;

	if (strchr(h->g->text_quotes, c) || strchr(h->g->name_quotes, c)) {
		end = quoted_end(h, i);
		if (!end) {
			deny(h, i, "a quote that never ends");
			return h->text.n;
		}
		add_token(h, strchr(h->g->text_quotes, c) ? T_TEXT : T_NAME, i, end);
	} else if (is_name(h, c)) {
		while (end < h->text.n && is_name(h, h->text.s[end]))
			end++;
		add_token(h, c >= '0' && c <= '9' ? T_NUMBER : T_NAME, i, end);
	} else {
		add_token(h, T_PUNCT, i, end);
	}
	return end;
}

static int tokens(struct hand *h)
{
	size_t i = 0;

	if (h->text.n > TEXT_MAX)
		return deny(h, 0, "over %u bytes", TEXT_MAX);
	while (i < h->text.n && !h->failed) {
		char c = h->text.s[i];
		if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
			i++;
		} else if (comment_at(h, i) ||
		           !memcmp(h->text.s + i, "/*", i + 1 < h->text.n ? 2 : 1)) {
			deny(h, i, "comments are not sent: take it out");
		} else if ((unsigned char)c < 0x20 || (unsigned char)c >= 0x7f) {
			deny(h, i, "byte 0x%02x outside of quotes", (unsigned char)c);
		} else {
			i = take_token(h, i);
		}
	}
	add_token(h, T_END, h->text.n, h->text.n);
	return h->failed ? -1 : 0;
}

static bool word_is(const struct hand *h, size_t i, const char *word)
{
	if (i >= h->tok.n || (h->tok.v[i].kind != T_NAME && h->tok.v[i].kind != T_PUNCT))
		return false;
	return h->g->blind ? slice_ieq(h->tok.v[i].s, slice_of(word))
	                   : slice_eq(h->tok.v[i].s, slice_of(word));
}

static bool in_list(const struct hand *h, size_t i, const char *const *list)
{
	for (; *list; list++)
		if (word_is(h, i, *list))
			return true;
	return false;
}

/* ---- what holds in every language ---- */

static int check_words(struct hand *h)
{
	for (size_t i = 0; i + 1 < h->tok.n; i++) {
		const struct token *t = &h->tok.v[i];
		if (t->kind == T_PUNCT && (*t->s.s == ';' || *t->s.s == '`'))
			return deny(
			        h, t->at,
			        *t->s.s == ';'
			                ? "one statement alone is sent: ; ends it"
			                : "a macro could hide any command: write what it means");
		if (in_list(h, i, h->g->never))
			return deny(h, t->at, "%.*s is not allowed", (int)t->s.n, t->s.s);
		if (t->kind == T_NAME && word_is(h, i + 1, "(") && !in_list(h, i, h->g->functions))
			return deny(h, t->at, "the function %.*s is not on the list", (int)t->s.n,
			            t->s.s);
	}
	return 0;
}

/* WORD NUMBER with at least one of words; the number in bounds. */
static int check_rows(struct hand *h, const char *const *words, int64_t most)
{
	bool found = false;
	int64_t n;

	for (size_t i = 0; i + 1 < h->tok.n; i++) {
		if (!in_list(h, i, words) || h->tok.v[i + 1].kind != T_NUMBER)
			continue;
		if (!slice_i64(h->tok.v[i + 1].s, &n) || n < 1 || n > most)
			return deny(h, h->tok.v[i + 1].at, "1 to %lld rows may be asked for",
			            (long long)most);
		found = true;
	}
	return found ? 0 : deny(h, h->text.n, "it is not bounded: say %s N at the end", words[0]);
}

static bool has_word(const struct hand *h, const char *const *words)
{
	for (size_t i = 0; i < h->tok.n; i++)
		if (in_list(h, i, words))
			return true;
	return false;
}

static bool table_allowed(const struct hand *h, size_t i)
{
	return (h->table && word_is(h, i, h->table)) || in_list(h, i, h->g->tables);
}

static const char *const nothing[] = {NULL};

/* ---- SPL ---- */

static const char *const spl_commands[] = {
        "search",      "where",  "regex",      "stats",     "eval",    "bin",    "bucket",
        "sort",        "head",   "tail",       "table",     "fields",  "rename", "dedup",
        "top",         "rare",   "chart",      "timechart", "rex",     "spath",  "eventstats",
        "streamstats", "makemv", "mvexpand",   "fillnull",  "reverse", "format", "return",
        "tstats",      "append", "appendcols", "join",      "union",   NULL};
static const char *const spl_functions[] = {"isnotnull",
                                            "isnull",
                                            "mvfind",
                                            "mvfilter",
                                            "mvcount",
                                            "mvindex",
                                            "mvjoin",
                                            "match",
                                            "like",
                                            "cidrmatch",
                                            "in",
                                            "tonumber",
                                            "tostring",
                                            "lower",
                                            "upper",
                                            "len",
                                            "substr",
                                            "replace",
                                            "split",
                                            "if",
                                            "case",
                                            "coalesce",
                                            "floor",
                                            "ceiling",
                                            "round",
                                            "abs",
                                            "min",
                                            "max",
                                            "sum",
                                            "avg",
                                            "count",
                                            "c",
                                            "dc",
                                            "distinct_count",
                                            "values",
                                            "list",
                                            "earliest",
                                            "latest",
                                            "first",
                                            "last",
                                            "stdev",
                                            "perc95",
                                            "median",
                                            "mode",
                                            "strftime",
                                            "strptime",
                                            "relative_time",
                                            "now",
                                            "true",
                                            "false",
                                            "str",
                                            "num",
                                            "ip",
                                            "auto",
                                            "TERM",
                                            "CASE",
                                            "IN",
                                            "AND",
                                            "OR",
                                            "NOT",
                                            "BY",
                                            "by",
                                            "AS",
                                            "as",
                                            "where",
                                            "search",
                                            "and",
                                            "or",
                                            "not",
                                            "sourcetype",
                                            NULL};
/* Everything that writes, sends, runs, or reads what is no event. */
static const char *const spl_never[] = {
        "outputlookup", "outputcsv", "outputtext", "collect",        "mcollect", "meventcollect",
        "sendemail",    "sendalert", "script",     "runshellscript", "map",      "rest",
        "dump",         "tscollect", "delete",     "inputlookup",    NULL};
static const struct grammar spl = {"\"",  "'",          "\\",          "",      ".:{}@*",
                                   false, spl_commands, spl_functions, nothing, spl_never};

/* Each command of a pipeline, and of each [subsearch] in it. */
static int check_spl_commands(struct hand *h)
{
	for (size_t i = 0; i + 1 < h->tok.n; i++) {
		bool pipe = word_is(h, i, "|"), sub = word_is(h, i, "[");
		if (!pipe && !sub)
			continue;
		if (sub && word_is(h, i + 1, "|"))
			continue;
		if (h->tok.v[i + 1].kind != T_NAME || !in_list(h, i + 1, h->g->commands))
			return deny(h, h->tok.v[i + 1].at, "the command %.*s is not on the list",
			            (int)h->tok.v[i + 1].s.n, h->tok.v[i + 1].s.s);
	}
	return 0;
}

static int check_spl(struct hand *h)
{
	static const char *const rows[] = {"head", NULL}, *const from[] = {"earliest", NULL};

	if (!word_is(h, 0, "search") && !word_is(h, 0, "|"))
		return deny(h, 0, "it begins with search, or with | tstats");
	if (word_is(h, 0, "|") && !word_is(h, 1, "tstats") && !word_is(h, 1, "search"))
		return deny(h, h->tok.v[1].at, "it begins with search, or with | tstats");
	if (check_spl_commands(h) || check_rows(h, rows, MW_PLAN_ROWS_MAX))
		return -1;
	return has_word(h, from) ? 0
	                         : deny(h, h->text.n, "it has no beginning in time: say earliest=");
}

/* ---- KQL ---- */

static const char *const kql_commands[] = {
        "where",     "summarize", "sort",        "order",        "take",
        "limit",     "top",       "project",     "extend",       "count",
        "distinct",  "join",      "union",       "project-away", "project-rename",
        "mv-expand", "parse",     "make-series", "sample",       "getschema",
        NULL};
static const char *const kql_functions[] = {"tostring",
                                            "tolower",
                                            "toupper",
                                            "todouble",
                                            "toreal",
                                            "tolong",
                                            "toint",
                                            "todatetime",
                                            "tobool",
                                            "totimespan",
                                            "parse_json",
                                            "parse_url",
                                            "parse_ipv4",
                                            "datetime",
                                            "ago",
                                            "now",
                                            "bin",
                                            "bin_at",
                                            "startofday",
                                            "endofday",
                                            "startofweek",
                                            "startofmonth",
                                            "coalesce",
                                            "iff",
                                            "iif",
                                            "case",
                                            "isempty",
                                            "isnotempty",
                                            "isnull",
                                            "isnotnull",
                                            "not",
                                            "strlen",
                                            "substring",
                                            "split",
                                            "strcat",
                                            "strcat_array",
                                            "replace_string",
                                            "replace_regex",
                                            "extract",
                                            "extract_all",
                                            "trim",
                                            "trim_start",
                                            "trim_end",
                                            "indexof",
                                            "has_any",
                                            "has_all",
                                            "ipv4_is_in_range",
                                            "ipv4_is_in_any_range",
                                            "ipv6_is_in_range",
                                            "ipv4_is_private",
                                            "count",
                                            "countif",
                                            "dcount",
                                            "dcountif",
                                            "count_distinct",
                                            "count_distinctif",
                                            "sum",
                                            "sumif",
                                            "avg",
                                            "min",
                                            "max",
                                            "minif",
                                            "maxif",
                                            "arg_max",
                                            "arg_min",
                                            "make_set",
                                            "make_list",
                                            "percentile",
                                            "stdev",
                                            "take_any",
                                            "any",
                                            "array_length",
                                            "bag_keys",
                                            "pack_all",
                                            "pack",
                                            "bag_pack",
                                            "dynamic",
                                            "round",
                                            "floor",
                                            "abs",
                                            "format_datetime",
                                            "datetime_diff",
                                            "hash",
                                            "in",
                                            "and",
                                            "or",
                                            "by",
                                            "on",
                                            "has",
                                            "between",
                                            "where",
                                            "kind",
                                            "union",
                                            "join",
                                            "contains",
                                            "matches",
                                            "regex",
                                            "inner",
                                            "innerunique",
                                            "leftouter",
                                            "leftanti",
                                            "leftsemi",
                                            NULL};
static const char *const kql_never[] = {
        "externaldata", "evaluate",     "cluster", "database", "adx",     "arg",   "workspace",
        "app",          "invoke",       "let",     "set",      "declare", "alias", "restrict",
        "pattern",      "http_request", "find",    "search",   NULL};
static const struct grammar kql = {"\"'", "",           "\\",          "//",    "",
                                   false, kql_commands, kql_functions, nothing, kql_never};

/* The tables that fields.yaml knows columns of. */
static bool table_known(const struct hand *h, size_t i)
{
	if (table_allowed(h, i))
		return true;
	for (size_t k = 0; k < field_count(); k++)
		for (const struct field_name *n = field_at((field_id)k)->sentinel; n && n->where;
		     n++)
			if (strcmp(n->where, "*") != 0 && word_is(h, i, n->where))
				return true;
	return false;
}

/* "mv-expand" is three tokens. */
static bool kql_command(const struct hand *h, size_t i)
{
	const struct token *t = &h->tok.v[i];
	struct slice whole = t->s;

	if (i + 2 < h->tok.n && word_is(h, i + 1, "-") && h->tok.v[i + 2].kind == T_NAME)
		whole.n = h->tok.v[i + 2].at + h->tok.v[i + 2].s.n - t->at;
	for (const char *const *c = kql_commands; *c; c++)
		if (t->kind == T_NAME && (slice_eq_str(whole, *c) || slice_eq_str(t->s, *c)))
			return true;
	return false;
}

/* Where rows may come from: the beginning, what a bracket pipes on, and the tables of union and join. */
static int check_kql_sources(struct hand *h)
{
	bool names = false; /* in the list behind union */

	for (size_t i = 0; i + 1 < h->tok.n; i++) {
		const struct token *t = &h->tok.v[i];
		bool source = i == 0 || (i && word_is(h, i - 1, "(") && word_is(h, i + 1, "|")) ||
		              (names && t->kind == T_NAME && !word_is(h, i + 1, "="));
		if (word_is(h, i, "|")) {
			names = false;
			if (!kql_command(h, i + 1))
				return deny(h, h->tok.v[i + 1].at,
				            "the operator %.*s is not on the list",
				            (int)h->tok.v[i + 1].s.n, h->tok.v[i + 1].s.s);
			continue;
		}
		if (word_is(h, i, "union")) {
			names = true;
			continue;
		}
		if (word_is(h, i, ")"))
			names = false;
		if (names && word_is(h, i, "*"))
			return deny(h, t->at, "union of all tables: name them");
		if (word_is(h, i, "join") && i && word_is(h, i - 1, "|")) {
			size_t k = i + 1;
			while (k + 1 < h->tok.n && !word_is(h, k, "(") && !word_is(h, k, "on"))
				k++;
			if (!word_is(h, k, "("))
				return deny(h, t->at, "join takes a query in brackets here");
		}
		if (source && t->kind == T_NAME && !table_known(h, i))
			return deny(h, t->at, "the table %.*s is not on the list", (int)t->s.n,
			            t->s.s);
	}
	return 0;
}

static int check_kql(struct hand *h)
{
	static const char *const rows[] = {"take", "limit", "top", NULL}, *const when[] = {
	                                                                          "TimeGenerated",
	                                                                          "Timestamp",
	                                                                          NULL};

	if (h->tok.v[0].kind != T_NAME)
		return deny(h, 0, "it begins with a table");
	if (check_kql_sources(h) || check_rows(h, rows, MW_PLAN_ROWS_MAX))
		return -1;
	return has_word(h, when)
	               ? 0
	               : deny(h, h->text.n, "it has no window: say where TimeGenerated >= ...");
}

/* ---- AQL and ClickHouse: one SELECT ---- */

static const char *const aql_functions[] = {"COUNT",
                                            "UNIQUECOUNT",
                                            "SUM",
                                            "MIN",
                                            "MAX",
                                            "AVG",
                                            "FIRST",
                                            "LAST",
                                            "STDEV",
                                            "STR",
                                            "LOWER",
                                            "UPPER",
                                            "LONG",
                                            "DOUBLE",
                                            "UTF8",
                                            "QIDNAME",
                                            "LOGSOURCENAME",
                                            "LOGSOURCETYPENAME",
                                            "CATEGORYNAME",
                                            "PROTOCOLNAME",
                                            "RULENAME",
                                            "APPLICATIONNAME",
                                            "INCIDR",
                                            "INOFFENSE",
                                            "DATEFORMAT",
                                            "REFERENCESETCONTAINS",
                                            "SUBSTRING",
                                            "STRPOS",
                                            "STRLEN",
                                            "REPLACEALL",
                                            "CONCAT",
                                            "NOW",
                                            "IN",
                                            "AND",
                                            "OR",
                                            "NOT",
                                            "WHERE",
                                            "HAVING",
                                            "BY",
                                            NULL};
static const char *const aql_tables[] = {"events", "flows", NULL};
static const char *const aql_never[] = {"INTO",   "PARAMETERS", "INSERT", "UPDATE",
                                        "DELETE", "DROP",       NULL};
static const struct grammar aql = {"'",     "\"",          "",         "--",     "", true,
                                   nothing, aql_functions, aql_tables, aql_never};

static const char *const ch_functions[] = {"count",
                                           "uniq",
                                           "uniqExact",
                                           "uniqExactArray",
                                           "min",
                                           "max",
                                           "sum",
                                           "avg",
                                           "any",
                                           "anyLast",
                                           "topK",
                                           "groupArray",
                                           "groupUniqArray",
                                           "quantile",
                                           "if",
                                           "ifNull",
                                           "isNull",
                                           "isNotNull",
                                           "assumeNotNull",
                                           "empty",
                                           "notEmpty",
                                           "length",
                                           "lower",
                                           "upper",
                                           "lowerUTF8",
                                           "upperUTF8",
                                           "position",
                                           "positionCaseInsensitive",
                                           "startsWith",
                                           "endsWith",
                                           "match",
                                           "extract",
                                           "replaceRegexpOne",
                                           "replaceAll",
                                           "substring",
                                           "concat",
                                           "splitByChar",
                                           "arrayExists",
                                           "arrayJoin",
                                           "arrayDistinct",
                                           "arrayMap",
                                           "arrayFilter",
                                           "arrayCount",
                                           "has",
                                           "hasAny",
                                           "hasToken",
                                           "toString",
                                           "toFloat64OrNull",
                                           "toInt64OrNull",
                                           "toUInt64OrNull",
                                           "toDateTime",
                                           "toDateTime64",
                                           "toDate",
                                           "toStartOfInterval",
                                           "toStartOfHour",
                                           "toStartOfDay",
                                           "toStartOfWeek",
                                           "toStartOfMonth",
                                           "fromUnixTimestamp64Micro",
                                           "toUnixTimestamp64Micro",
                                           "intDiv",
                                           "round",
                                           "now",
                                           "isIPv4String",
                                           "isIPv6String",
                                           "isIPAddressInRange",
                                           "JSONExtractString",
                                           "JSONExtractRaw",
                                           "JSONHas",
                                           "and",
                                           "or",
                                           "not",
                                           "in",
                                           "IN",
                                           "AND",
                                           "OR",
                                           "NOT",
                                           "WHERE",
                                           "where",
                                           "FROM",
                                           "from",
                                           "BY",
                                           "by",
                                           "SELECT",
                                           "select",
                                           "AS",
                                           "as",
                                           "x",
                                           "tuple",
                                           "HAVING",
                                           "having",
                                           NULL};
static const char *const ch_tables[] = {"events", "`events`", NULL};
static const char *const ch_never[] = {"INTO",       "OUTFILE",  "SETTINGS", "FORMAT",   "INSERT",
                                       "ALTER",      "DROP",     "ATTACH",   "SYSTEM",   "KILL",
                                       "GRANT",      "OPTIMIZE", "RENAME",   "TRUNCATE", "EXPLAIN",
                                       "DICTIONARY", "UNION",    NULL};
static const struct grammar ch = {"'",  "`\"",   "\\",         "--",      "",
                                  true, nothing, ch_functions, ch_tables, ch_never};

/* Behind each FROM or JOIN: a table, or another SELECT in brackets. */
static int check_select(struct hand *h)
{
	if (!word_is(h, 0, "select"))
		return deny(h, 0, "it begins with SELECT");
	for (size_t i = 0; i + 1 < h->tok.n; i++) {
		bool from = word_is(h, i, "from") || word_is(h, i, "join");
		bool sub = word_is(h, i + 1, "(") && word_is(h, i + 2, "select");
		if (from && !sub &&
		    (!table_allowed(h, i + 1) || word_is(h, i + 2, ".") || word_is(h, i + 2, "(") ||
		     word_is(h, i + 2, ",")))
			return deny(h, h->tok.v[i + 1].at, "the table %.*s is not on the list",
			            (int)h->tok.v[i + 1].s.n, h->tok.v[i + 1].s.s);
	}
	return 0;
}

static int check_aql(struct hand *h)
{
	static const char *const rows[] = {"limit", NULL}, *const when[] = {"last", "start", NULL};

	if (check_select(h) || check_rows(h, rows, MW_PLAN_ROWS_MAX))
		return -1;
	return has_word(h, when) ? 0 : deny(h, h->text.n, "it has no window: say START or LAST");
}

static int check_ch(struct hand *h)
{
	static const char *const rows[] = {"limit", NULL}, *const when[] = {"time", "`time`", NULL};

	if (check_select(h) || check_rows(h, rows, MW_PLAN_ROWS_MAX))
		return -1;
	return has_word(h, when) ? 0 : deny(h, h->text.n, "it has no window: say time >= ...");
}

/* ---- RQL and LQL ---- */

static const char *const rql_functions[] = {"IN",
                                            "in",
                                            "tag",
                                            "resource",
                                            "AND",
                                            "OR",
                                            "and",
                                            "or",
                                            "not",
                                            "where",
                                            "_DateTime.ageInDays",
                                            "_DateTime.daysBetween",
                                            "_IPAddress.inRange",
                                            "_Set.intersection",
                                            "intersect",
                                            NULL};
static const char *const rql_tables[] = {"cloud.resource", "iam", "vpc.flow_record",
                                         "cloud.audit_logs", NULL};
static const struct grammar rql = {"'\"",         "",         "",     "", ".$@*_", false, nothing,
                                   rql_functions, rql_tables, nothing};

static int check_rql(struct hand *h)
{
	static const char *const kinds[] = {"config", "network", "event", NULL};

	if (word_is(h, 0, "vulnerability") && word_is(h, 1, "where"))
		return 0;
	if (!in_list(h, 0, kinds) || !word_is(h, 1, "from"))
		return deny(h, 0, "it begins with config, network or event from ...");
	if (!in_list(h, 2, rql_tables) || !word_is(h, 3, "where"))
		return deny(h, h->tok.v[2].at, "%.*s is not on the list of what is searched",
		            (int)h->tok.v[2].s.n, h->tok.v[2].s.s);
	return 0;
}

static const char *const lql_functions[] = {"array_to_rows",
                                            "value_exists",
                                            "contains",
                                            "starts_with",
                                            "ends_with",
                                            "regex_match",
                                            "length",
                                            "lower",
                                            "upper",
                                            "and",
                                            "or",
                                            "not",
                                            "in",
                                            "as",
                                            NULL};
static const char *const lql_tables[] = {"CloudTrailRawEvents",
                                         "LW_ACT_GCP_ACTIVITY",
                                         "LW_ACT_K8S_AUDIT",
                                         "LW_CFG_AWS_EC2_INSTANCES",
                                         "LW_CFG_AWS_EC2_SECURITY_GROUPS",
                                         "LW_CFG_AWS_S3",
                                         "LW_CFG_AWS_S3_GET_BUCKET_POLICY",
                                         "LW_CFG_AWS_S3_GET_BUCKET_LOGGING",
                                         "LW_CFG_AWS_IAM_USERS",
                                         "LW_CFG_AWS_ACCOUNTS",
                                         "LW_CFG_AWS_CLOUDTRAIL",
                                         "LW_HE_FILES",
                                         "LW_HE_PROCESSES",
                                         "LW_HE_MACHINES",
                                         "LW_HE_CONTAINERS",
                                         NULL};
static const struct grammar lql = {"'",           "",         "",     "", "", true, nothing,
                                   lql_functions, lql_tables, nothing};

/* In each `source { ... }`: a table or array_to_rows(...) at the beginning, behind a comma and behind `with`. */
static int check_lql(struct hand *h)
{
	bool source = false, wanted = false;
	int depth = 0;

	if (!word_is(h, 0, "{"))
		return deny(h, 0, "it begins with { source {");
	for (size_t i = 0; i + 1 < h->tok.n; i++) {
		const struct token *t = &h->tok.v[i];
		if (word_is(h, i, "source") && word_is(h, i + 1, "{")) {
			source = wanted = true;
			i++;
			continue;
		}
		if (source && wanted && !in_list(h, i, lql_tables) &&
		    !word_is(h, i, "array_to_rows"))
			return deny(h, t->at, "the table %.*s is not on the list", (int)t->s.n,
			            t->s.s);
		depth += word_is(h, i, "(") - word_is(h, i, ")");
		wanted = source && depth == 0 && (word_is(h, i, "with") || word_is(h, i, ","));
		source = source && !word_is(h, i, "}");
	}
	return 0;
}

/* ---- languages ---- */

static const struct {
	const struct grammar *g;
	int (*check)(struct hand *h);
	int (*check_json)(const cJSON *j, struct err *e); /* of a language that is JSON */
} languages[] = {
        [RENDER_SPL] = {&spl, check_spl, NULL}, [RENDER_KQL] = {&kql, check_kql, NULL},
        [RENDER_AQL] = {&aql, check_aql, NULL}, [RENDER_DSL] = {NULL, NULL, hand_check_dsl},
        [RENDER_CH] = {&ch, check_ch, NULL},    [RENDER_WIZ] = {NULL, NULL, hand_check_wiz},
        [RENDER_RQL] = {&rql, check_rql, NULL}, [RENDER_ORCA] = {NULL, NULL, hand_check_orca},
        [RENDER_LQL] = {&lql, check_lql, NULL},
};

static int check_json(enum render_lang lang, struct slice text, struct err *e)
{
	cJSON *j = json_parse(text, TEXT_MAX, e);
	int rc = j ? languages[lang].check_json(j, e) : -1;

	cJSON_Delete(j);
	return rc;
}

int render_check_hand(enum render_lang lang, struct slice text, const struct render_target *t,
                      struct err *e)
{
	struct hand h = {.text = text, .table = t ? t->table : NULL, .e = e};
	int rc;

	if ((size_t)lang >= ARRAY_LEN(languages) ||
	    (!languages[lang].g && !languages[lang].check_json))
		return err_set(e, ERR_INVALID, "%s is not sent to any source",
		               render_lang_words[lang]);
	if (languages[lang].check_json)
		return check_json(lang, text, e);
	h.g = languages[lang].g;
	rc = tokens(&h) || h.tok.v[0].kind == T_END ? -1 : 0;
	if (!rc)
		rc = check_words(&h) || languages[lang].check(&h) ? -1 : 0;
	else if (!h.failed)
		rc = deny(&h, 0, "there is no text");
	vec_free(&h.tok);
	return rc;
}
