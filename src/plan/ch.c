/*
 * ClickHouse SQL over the event table that midwatch itself keeps there: id UInt64 (in the order of import), time
 * Nullable(DateTime64(6, 'UTC')), dataset, uid, file,
 * line, raw, and one Array(String) column for each normalised field, by its OCSF name with _ for each dot (arrays named a.b and a.c
 * would be one Nested column there, of one length). Arrays give the meaning of plans to fields with several values and with none. lower() is ASCII there, as `is` is. Source of facts: clickhouse.com/docs (24.x and later).
 */
#include "plan/cidr.h"
#include "plan/number.h"
#include "plan/render_lang.h"

#define TABLE_DEFAULT "events"
#define DIGITS_EXACT 15
/* toFloat64OrNull also takes inf, nan and hexadecimal. */
#define NUMBER_RE "^-?[0-9]+(\\\\.[0-9]+)?([eE][+-]?[0-9]+)?$"

static const char *const pseudo_columns[] = {
        [PF_TIME] = "time",
        [PF_DATASET] = "dataset",
        [PF_UID] = "uid",
        [PF_FILE] = "file",
};

char *ch_column(char *name)
{
	for (char *c = name; *c; c++)
		if (*c == '.')
			*c = '_';
	return name;
}

/* NULL where there is none. In the plan's arena. */
static const char *mapped_column(struct plan *p, const struct plan_field *f)
{
	if (f->pseudo)
		return f->pseudo == PF_FILE_LINE ? NULL : pseudo_columns[f->pseudo];
	return f->f ? ch_column(arena_strdup(&p->arena, f->f->name)) : NULL;
}

static const char *column_of(struct render *r, const struct plan_field *f)
{
	return render_has(r, f, mapped_column(r->p, f));
}

/* ---- what can be said ---- */

static enum render_fit order_fit(const struct plan_node *n, struct slice v)
{
	size_t digits = 0;

	if (n->field.pseudo == PF_TIME)
		return num_is(v) ? RENDER_NO : RENDER_EXACT;
	for (size_t i = 0; i < v.n; i++)
		digits += v.s[i] >= '0' && v.s[i] <= '9';
	return num_is(v) && digits <= DIGITS_EXACT ? RENDER_EXACT : RENDER_NO;
}

/* RE2 there reads UTF-8: what is outside ASCII may be one character where plans see bytes. */
static enum render_fit value_fit(const struct plan_node *n, struct slice v)
{
	struct cidr c;

	if (plan_op_is_order(n->op))
		return order_fit(n, v);
	if (n->op == OP_CIDR)
		return cidr_parse(v, &c, NULL) ? RENDER_NO : RENDER_EXACT;
	if (n->op == OP_REGEX)
		return render_regex_fit(n->op, v);
	if (n->op == OP_LIKE && !quote_kql_able(v))
		return RENDER_NO;
	if (n->op == OP_TEXT) /* a record may hold it written as \\u00.. */
		return quote_json_varies(v) ? RENDER_NO : RENDER_SUPERSET;
	return RENDER_EXACT;
}

static enum render_fit field_fit(struct render *r, const struct plan_node *n)
{
	if (r->columns || n->op == OP_TEXT)
		return RENDER_EXACT;
	if (!column_of(r, &n->field) ||
	    (n->rhs.name && (!column_of(r, &n->rhs) || n->rhs.pseudo || n->field.pseudo)))
		return RENDER_NO;
	if (n->rhs.name && plan_op_is_order(n->op))
		return RENDER_NO; /* as doubles they would not be exact */
	return n->field.pseudo == PF_TIME && !plan_op_is_order(n->op) && n->op != OP_EXISTS
	               ? RENDER_NO
	               : RENDER_EXACT;
}

static enum render_fit quiet_can(struct render *r, const struct plan_node *n)
{
	enum render_fit fit = field_fit(r, n), one;

	for (size_t i = 0; i < n->nvalues && fit != RENDER_NO; i++) {
		one = value_fit(n, n->values[i]);
		fit = one < fit ? one : fit;
	}
	return fit;
}

static enum render_fit can(void *ctx, const struct plan_node *n)
{
	struct render *r = ctx;
	enum render_fit fit = quiet_can(r, n);

	if (fit != RENDER_EXACT)
		render_note(r, "%s on %s cannot be said exactly: filtered afterwards",
		            plan_op_name(n->op),
		            n->field.name ? render_alias(&n->field) : "the record");
	return fit;
}

/* ---- comparisons: each is a condition on x, one value ---- */

static void write_lower(struct buf *b, struct slice v)
{
	char *low = xmalloc(v.n + 1);

	slice_fold(low, v);
	quote_ch_string(b, (struct slice){low, v.n});
	free(low);
}

static void write_list(struct render *r, const struct plan_node *n, bool fold)
{
	buf_str(r->b, fold ? "lower(x) IN (" : "x IN (");
	for (size_t i = 0; i < n->nvalues; i++) {
		buf_str(r->b, i ? "," : "");
		if (fold)
			write_lower(r->b, n->values[i]);
		else
			quote_ch_string(r->b, n->values[i]);
	}
	buf_ch(r->b, ')');
}

static void write_regex(struct render *r, enum plan_op op, struct slice v)
{
	struct buf re = BUF_INIT;

	if (op == OP_LIKE) {
		buf_str(&re, "(?i)");
		quote_like_regex(&re, v, "\\C");
	} else {
		render_regex(&re, op, v);
	}
	buf_str(r->b, "match(x,");
	quote_ch_string(r->b, (struct slice){re.s, re.len});
	buf_ch(r->b, ')');
	buf_release(&re);
}

/* isIPAddressInRange throws at what is no address, so the test for one comes first; a v4-mapped v6 address counts as v4. */
static void write_cidr(struct render *r, struct slice v)
{
	struct cidr c;
	char block[CIDR_TEXT];

	if (cidr_parse(v, &c, NULL))
		return; /* value_fit has parsed it */
	if (c.ip.len == 4)
		buf_str(r->b, "if(isIPv4String(replaceRegexpOne(x,'^(?i)::ffff:','')),"
		              "isIPAddressInRange(replaceRegexpOne(x,'^(?i)::ffff:',''),");
	else
		buf_str(r->b, "if(isIPv6String(x) AND NOT "
		              "startsWith(lower(x),'::ffff:'),isIPAddressInRange(x,");
	cidr_text(&c, block);
	quote_ch_string(r->b, slice_of(block));
	buf_str(r->b, "),0)");
}

static void write_micros(struct buf *b, mw_time t)
{
	buf_printf(b, "fromUnixTimestamp64Micro(%lld,'UTC')", (long long)t);
}

static void write_order(struct render *r, const struct plan_node *n, struct slice v)
{
	static const char *const signs[] = {"<", "<=", ">", ">="};
	mw_time t;

	if (mw_time_parse(v, &t) && !num_is(v)) {
		buf_printf(r->b, "x %s ", signs[n->op - OP_LT]);
		write_micros(r->b, t);
		return;
	}
	buf_printf(r->b, "if(match(x,'" NUMBER_RE "'),ifNull(toFloat64OrNull(x) %s %.*s,0),0)",
	           signs[n->op - OP_LT], (int)v.n, v.s);
}

static void write_one(struct render *r, const struct plan_node *n, struct slice v)
{
	static const char *const calls[] = {
	        [OP_CONTAINS] = "position(lower(x),",
	        [OP_STARTS] = "startsWith(lower(x),",
	        [OP_ENDS] = "endsWith(lower(x),",
	        [OP_TEXT] = "position(lower(x),",
	};

	if (n->op == OP_LIKE || n->op == OP_REGEX) {
		write_regex(r, n->op, v);
	} else if (n->op == OP_CIDR) {
		write_cidr(r, v);
	} else if (plan_op_is_order(n->op)) {
		write_order(r, n, v);
	} else {
		buf_str(r->b, calls[n->op]);
		write_lower(r->b, v);
		buf_str(r->b, n->op == OP_CONTAINS || n->op == OP_TEXT ? ")>0" : ")");
		if (n->op == OP_TEXT)
			buf_str(r->b, " OR position(x,'\\\\u00')>0");
	}
}

static void write_condition(struct render *r, const struct plan_node *n)
{
	if (n->op == OP_IS || n->op == OP_IN || n->op == OP_IS_CS) {
		write_list(r, n, n->op != OP_IS_CS);
		return;
	}
	for (size_t i = 0; i < n->nvalues; i++) {
		buf_str(r->b, i ? " OR " : "");
		write_one(r, n, n->values[i]);
	}
}

static void write_rhs(struct render *r, const struct plan_node *n)
{
	static const char *const pairs[] = {
	        [OP_IS] = "lower(x)=lower(y)",
	        [OP_IS_CS] = "x=y",
	        [OP_CONTAINS] = "position(lower(x),lower(y))>0",
	        [OP_STARTS] = "startsWith(lower(x),lower(y))",
	        [OP_ENDS] = "endsWith(lower(x),lower(y))",
	};

	buf_printf(r->b, "arrayExists(x -> arrayExists(y -> %s,", pairs[n->op]);
	quote_ch_name(r->b, column_of(r, &n->rhs));
	buf_str(r->b, "),");
	quote_ch_name(r->b, column_of(r, &n->field));
	buf_ch(r->b, ')');
}

/* A column that is no array stands as an array of what it holds. */
static void write_array(struct render *r, const struct plan_node *n)
{
	if (r->columns || n->field.pseudo || n->op == OP_TEXT) {
		buf_str(r->b, n->field.pseudo == PF_TIME && !r->columns
		                      ? "if(isNull(time),[],[assumeNotNull("
		                      : "[(");
		quote_ch_name(r->b, n->op == OP_TEXT ? "raw"
		                    : r->columns     ? n->field.name
		                                     : column_of(r, &n->field));
		buf_str(r->b, n->field.pseudo == PF_TIME && !r->columns ? ")])" : ")]");
		return;
	}
	quote_ch_name(r->b, column_of(r, &n->field));
}

static void write_cmp(struct render *r, const struct plan_node *n)
{
	if (n->rhs.name) {
		write_rhs(r, n);
		return;
	}
	if (n->op == OP_EXISTS) {
		buf_str(r->b, "notEmpty(");
		write_array(r, n);
		buf_ch(r->b, ')');
		return;
	}
	buf_str(r->b, "arrayExists(x -> ");
	write_condition(r, n);
	buf_ch(r->b, ',');
	write_array(r, n);
	buf_ch(r->b, ')');
}

/* ---- rows ---- */

static bool stat_exact(const struct plan_stat *t)
{
	return t->fn == FN_COUNT || t->fn == FN_FIRST || t->fn == FN_LAST ||
	       (t->fn == FN_DISTINCT && t->field.f);
}

static const char *normalised(struct render *r, const struct plan_field *f)
{
	return f->f ? column_of(r, f) : NULL;
}

/* Sums are exact decimals in plans: these and having are done afterwards. */
static bool rows_able(struct render *r)
{
	bool ok = render_groups_able(r, normalised) && render_sort_able(r) && !r->s->having;

	for (size_t i = 0; i < r->s->nstats; i++)
		ok = ok && stat_exact(&r->s->stats[i]);
	if (!ok)
		render_note(r, "groups, order or ties are made after the rows have been fetched");
	return ok;
}

static void write_stat(struct render *r, const struct plan_stat *t)
{
	if (t->fn == FN_COUNT) {
		buf_str(r->b, "count()");
	} else if (t->fn == FN_DISTINCT) {
		buf_str(r->b, "uniqExactArray(");
		quote_ch_name(r->b, column_of(r, &t->field));
		buf_ch(r->b, ')');
	} else {
		buf_str(r->b, t->fn == FN_FIRST ? "min(time)" : "max(time)");
	}
	buf_str(r->b, " AS ");
	quote_ch_name(r->b, t->as);
}

/* Groups are made over a row for each combination of values: arrayJoin of different arrays multiplies. */
static void write_group_columns(struct render *r)
{
	const struct plan_search *s = r->s;

	if (s->span > 0)
		buf_printf(r->b,
		           "fromUnixTimestamp64Micro(intDiv(toUnixTimestamp64Micro(assumeNotNull("
		           "time)),%lld)*%lld,'UTC') AS bucket",
		           (long long)s->span, (long long)s->span);
	for (size_t i = 0; i < s->nby; i++) {
		buf_str(r->b, i || s->span > 0 ? ", arrayJoin(arrayDistinct("
		                               : "arrayJoin(arrayDistinct(");
		quote_ch_name(r->b, column_of(r, &s->by[i]));
		buf_printf(r->b, ")) AS by%zu", i);
	}
}

static void write_group_names(struct render *r, bool with_names)
{
	const struct plan_search *s = r->s;

	if (s->span > 0)
		buf_str(r->b, with_names ? "bucket AS `time`" : "bucket");
	for (size_t i = 0; i < s->nby; i++) {
		buf_printf(r->b, i || s->span > 0 ? ", by%zu" : "by%zu", i);
		if (!with_names)
			continue;
		buf_str(r->b, " AS ");
		quote_ch_name(r->b, s->by[i].name);
	}
}

static void write_select(struct render *r)
{
	const struct plan_search *s = r->s;
	bool keys = s->nby || s->span > 0;

	buf_str(r->b, "SELECT ");
	if (!plan_is_grouped(s) || !r->out->exact_rows) {
		buf_ch(r->b, '*');
		return;
	}
	write_group_names(r, true);
	for (size_t i = 0; i < s->nstats; i++) {
		buf_str(r->b, i || keys ? ", " : "");
		write_stat(r, &s->stats[i]);
	}
}

static void write_from(struct render *r)
{
	bool keys = plan_is_grouped(r->s) && r->out->exact_rows && (r->s->nby || r->s->span > 0);

	buf_str(r->b, "\nFROM ");
	if (keys) {
		buf_str(r->b, "(SELECT *, ");
		write_group_columns(r);
		buf_str(r->b, " FROM ");
	}
	quote_ch_name(r->b, r->table ? r->table : TABLE_DEFAULT);
}

static void write_datasets(struct render *r)
{
	buf_str(r->b, " AND (");
	for (size_t i = 0; i < r->s->ndatasets; i++) {
		struct buf below = BUF_INIT;
		buf_printf(&below, "%s.", r->s->datasets[i]);
		buf_str(r->b, i ? " OR dataset=" : "dataset=");
		quote_ch_string(r->b, slice_of(r->s->datasets[i]));
		buf_str(r->b, " OR startsWith(dataset,");
		quote_ch_string(r->b, (struct slice){below.s, below.len});
		buf_ch(r->b, ')');
		buf_release(&below);
	}
	buf_ch(r->b, ')');
}

static void write_where(struct render *r, const struct plan_node *where)
{
	buf_str(r->b, "\nWHERE 1");
	if (r->s->from.kind == PW_ABS) {
		buf_str(r->b, " AND ifNull(time>=");
		write_micros(r->b, r->s->from.t);
		buf_str(r->b, ",0)");
	}
	if (r->s->to.kind == PW_ABS) {
		buf_str(r->b, " AND ifNull(time<");
		write_micros(r->b, r->s->to.t);
		buf_str(r->b, ",0)");
	}
	if (r->s->span > 0 && r->out->exact_rows)
		buf_str(r->b, " AND isNotNull(time)");
	if (r->s->ndatasets)
		write_datasets(r);
	if (plan_is_nothing(where)) {
		buf_str(r->b, " AND 0");
	} else if (where) {
		buf_str(r->b, " AND ");
		render_tree(r, where);
	}
}

static void write_sort_key(struct render *r, size_t column, bool desc, bool first)
{
	size_t span = r->s->span > 0;

	buf_str(r->b, first ? "" : ", ");
	if (column < span)
		buf_str(r->b, "bucket");
	else if (column < span + r->s->nby)
		buf_printf(r->b, "by%zu", column - span);
	else
		quote_ch_name(r->b, plan_column(r->s, column));
	buf_str(r->b, desc ? " DESC" : "");
}

static void write_group_order(struct render *r)
{
	if (r->s->nby || r->s->span > 0) {
		buf_str(r->b, ")\nGROUP BY ");
		write_group_names(r, false);
	}
	buf_str(r->b, "\nORDER BY ");
	render_group_order(r, write_sort_key);
}

int render_ch(struct render *r)
{
	struct plan_node *where;

	r->word[PN_ALL] = " AND ";
	r->word[PN_ANY] = " OR ";
	r->word[PN_NOT] = "NOT ";
	r->cmp = write_cmp;
	where = render_where(r, can);
	r->out->exact_rows = r->out->exact_rows && rows_able(r);
	write_select(r);
	write_from(r);
	write_where(r, where);
	if (plan_is_grouped(r->s) && r->out->exact_rows) {
		write_group_order(r);
	} else {
		buf_printf(r->b, "\nORDER BY time%s NULLS LAST, id",
		           r->out->exact_rows && r->s->nsort && r->s->sort[0].desc ? " DESC" : "");
	}
	buf_printf(r->b, "\nLIMIT %lld", render_limit(r));
	return 0;
}
