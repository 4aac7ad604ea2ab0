/*
 * Splunk's search language. Source of facts: the Search Reference (docs.splunk.com), CIM 5 for the field names. `search` is fast
 * and case-blind but knows only patterns, so what it says exactly goes there and the rest into `where`: there mvfind and
 * mvfilter look at each value of a field and are null without one, and isnotnull makes that a plain false.
 */
#include "plan/cidr.h"
#include "plan/number.h"
#include "plan/render_lang.h"

/* The sourcetype of each dataset, as the vendors' add-ons set it. */
static const struct {
	const char *dataset, *sourcetype;
} sourcetypes[] = {
        {"cloudtrail", "aws:cloudtrail"},
        {"vpcflow", "aws:cloudwatchlogs:vpcflow"},
        {"guardduty", "aws:cloudwatch:guardduty"},
        {"securityhub", "aws:securityhub:finding"},
        {"azure.signin", "azure:monitor:aad"},
        {"azure.audit", "azure:monitor:aad"},
        {"azure.activity", "azure:monitor:activity"},
        {"m365", "o365:management:activity"},
        {"okta", "OktaIM2:log"},
        {"k8s.audit", "kube:apiserver:audit"},
        {"windows", "XmlWinEventLog"},
        {"windows.security", "XmlWinEventLog"},
        {"windows.sysmon", "XmlWinEventLog"},
        {"zeek", "bro:*"},
        {"auditd", "linux:audit"},
        {"syslog", "syslog"},
};
#define DIGITS_EXACT 15 /* Splunk compares as double */

const char *spl_dataset(const char *sourcetype)
{
	for (size_t i = 0; i < ARRAY_LEN(sourcetypes); i++)
		if (!strcmp(sourcetypes[i].sourcetype, sourcetype))
			return sourcetypes[i].dataset;
	return NULL;
}

static const char *cim_name(const struct plan_field *f)
{
	if (f->pseudo == PF_TIME)
		return "_time";
	return f->raw ? f->raw : f->f ? f->f->cim : NULL;
}

static bool nameable(struct render *r, const struct plan_field *f)
{
	struct buf b = BUF_INIT;
	const char *name = r->columns ? f->name : cim_name(f);
	bool ok = name && quote_spl_field(&b, name) && (r->columns || render_has(r, f, name));

	buf_release(&b);
	return ok;
}

static void write_field(struct render *r, const struct plan_field *f)
{
	(void)quote_spl_field(r->b, r->columns ? f->name : cim_name(f));
}

/* ---- what can be said ---- */

static enum render_fit number_fit(const struct plan_node *n, struct slice v)
{
	size_t digits = 0;

	if (n->field.pseudo == PF_TIME)
		return num_is(v) ? RENDER_NO : RENDER_EXACT;
	for (size_t i = 0; i < v.n; i++)
		digits += v.s[i] >= '0' && v.s[i] <= '9';
	return num_is(v) && digits <= DIGITS_EXACT ? RENDER_EXACT : RENDER_NO;
}

/* PCRE there folds Unicode, and $ also stands before a last line feed: both find more. */
static enum render_fit value_fit(const struct plan_node *n, struct slice v)
{
	struct cidr c;

	if (plan_op_is_order(n->op))
		return number_fit(n, v);
	if (n->op == OP_CIDR)
		return cidr_parse(v, &c, NULL) ? RENDER_NO
		       : c.ip.len == 4         ? RENDER_EXACT
		                               : RENDER_SUPERSET;
	if (!quote_kql_able(v))
		return RENDER_NO;
	if (n->op == OP_REGEX)
		return memchr(v.s, '$', v.n) && quote_is_plain(v) ? RENDER_SUPERSET
		                                                  : render_regex_fit(n->op, v);
	if (n->op == OP_TEXT)
		return quote_json_varies(v) ? RENDER_NO : RENDER_SUPERSET; /* see regex_of */
	if (n->op == OP_LIKE && render_regex_fit(n->op, v) < RENDER_EXACT)
		return RENDER_SUPERSET;
	return quote_is_ascii(v) || n->op == OP_IS_CS ? RENDER_EXACT : RENDER_SUPERSET;
}

static enum render_fit fields_fit(struct render *r, const struct plan_node *n)
{
	if (n->op == OP_TEXT)
		return RENDER_EXACT;
	if (!nameable(r, &n->field))
		return RENDER_NO;
	if (n->field.pseudo == PF_TIME && !plan_op_is_order(n->op) && n->op != OP_EXISTS)
		return RENDER_NO;
	if (!n->rhs.name)
		return RENDER_EXACT;
	if (!nameable(r, &n->rhs) || n->rhs.pseudo || n->field.pseudo ||
	    (n->op != OP_IS_CS && !plan_op_is_order(n->op)))
		return RENDER_NO; /* lower() there is Unicode's */
	return (n->field.f && n->field.f->many) || (n->rhs.f && n->rhs.f->many) || n->field.raw ||
	                       n->rhs.raw
	               ? RENDER_NO
	               : RENDER_EXACT;
}

static enum render_fit quiet_can(struct render *r, const struct plan_node *n)
{
	enum render_fit fit = fields_fit(r, n), one;

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

	if (fit == RENDER_EXACT && n->field.raw)
		render_note(r, "Splunk writes arrays in %s as name{}: mind that where there is one",
		            n->field.raw);
	if (fit != RENDER_EXACT)
		render_note(r, "%s on %s cannot be said exactly: filtered afterwards",
		            plan_op_name(n->op),
		            n->field.name ? render_alias(&n->field) : "the record");
	return fit;
}

/* ---- search: patterns, case-blind ---- */

/* search takes a block of addresses for what is in it. */
static bool is_block(struct slice v)
{
	struct cidr c;

	return memchr(v.s, '/', v.n) && !cidr_parse(v, &c, NULL);
}

static bool in_search(const struct plan_node *n)
{
	if (n->kind != PN_CMP) {
		for (const struct plan_node *k = n->child; k; k = k->next)
			if (!in_search(k))
				return false;
		return true;
	}
	if (n->rhs.name || n->field.pseudo || n->inexact)
		return false;
	if (n->op != OP_IS && n->op != OP_IN && n->op != OP_CONTAINS && n->op != OP_STARTS &&
	    n->op != OP_ENDS && n->op != OP_EXISTS)
		return false;
	for (size_t i = 0; i < n->nvalues; i++)
		if (!quote_spl_literal(n->values[i]) || !quote_is_ascii(n->values[i]) ||
		    is_block(n->values[i]))
			return false;
	return true;
}

static void write_pattern(struct render *r, enum plan_op op, struct slice v)
{
	struct buf b = BUF_INIT;

	if (op == OP_CONTAINS || op == OP_ENDS)
		buf_ch(&b, '*');
	buf_add(&b, v.s, v.n);
	if (op == OP_CONTAINS || op == OP_STARTS)
		buf_ch(&b, '*');
	quote_spl_string(r->b, (struct slice){b.s, b.len});
	buf_release(&b);
}

static void search_cmp(struct render *r, const struct plan_node *n)
{
	(void)quote_spl_name(r->b, cim_name(&n->field));
	if (n->op == OP_EXISTS) {
		buf_str(r->b, "=*");
		return;
	}
	buf_str(r->b, n->nvalues > 1 ? " IN (" : "=");
	for (size_t i = 0; i < n->nvalues; i++) {
		buf_str(r->b, i ? "," : "");
		write_pattern(r, n->op, n->values[i]);
	}
	buf_str(r->b, n->nvalues > 1 ? ")" : "");
}

/* ---- where: any operator ---- */

static void regex_of(struct buf *re, enum plan_op op, struct slice v)
{
	if (op == OP_REGEX) {
		render_regex(re, op, v);
		return;
	}
	buf_str(re, op == OP_IS_CS ? "(?s)" : "(?is)");
	if (op == OP_LIKE) {
		render_regex(re, op, v);
		return;
	}
	if (op != OP_CONTAINS && op != OP_ENDS && op != OP_TEXT)
		buf_ch(re, '^');
	quote_regex(re, v);
	if (op == OP_TEXT)
		buf_str(re, "|\\\\u00"); /* a record may hold it written in escapes */
	if (op != OP_CONTAINS && op != OP_STARTS && op != OP_TEXT)
		buf_str(re, "\\z");
}

static void write_regex(struct render *r, const struct plan_node *n, struct slice v)
{
	struct buf re = BUF_INIT;

	regex_of(&re, n->op, v);
	if (n->op == OP_TEXT) {
		buf_str(r->b, "match(_raw,");
		quote_spl_string(r->b, (struct slice){re.s, re.len});
		buf_ch(r->b, ')');
	} else {
		buf_str(r->b, "isnotnull(mvfind(");
		write_field(r, &n->field);
		buf_ch(r->b, ',');
		quote_spl_string(r->b, (struct slice){re.s, re.len});
		buf_str(r->b, "))");
	}
	buf_release(&re);
}

static void write_epoch(struct buf *b, mw_time t)
{
	int64_t whole = t / MW_SECOND, part = t % MW_SECOND;

	if (part < 0) {
		whole--;
		part += MW_SECOND;
	}
	buf_printf(b, "%lld", (long long)whole);
	if (part)
		buf_printf(b, ".%06lld", (long long)part);
}

static void write_order(struct render *r, const struct plan_node *n, struct slice v)
{
	static const char *const signs[] = {"<", "<=", ">", ">="};
	mw_time t;

	if (n->field.pseudo == PF_TIME && mw_time_parse(v, &t)) {
		buf_printf(r->b, "_time%s", signs[n->op - OP_LT]);
		write_epoch(r->b, t);
		return;
	}
	buf_str(r->b, "isnotnull(mvfilter(tonumber(");
	write_field(r, &n->field);
	buf_printf(r->b, ")%s%.*s))", signs[n->op - OP_LT], (int)v.n, v.s);
}

static void write_one(struct render *r, const struct plan_node *n, struct slice v)
{
	if (plan_op_is_order(n->op)) {
		write_order(r, n, v);
	} else if (n->op == OP_CIDR) {
		buf_str(r->b, "isnotnull(mvfilter(cidrmatch(");
		render_block(r, v, quote_spl_string);
		buf_ch(r->b, ',');
		write_field(r, &n->field);
		buf_str(r->b, ")))");
	} else {
		write_regex(r, n, v);
	}
}

static void write_rhs(struct render *r, const struct plan_node *n)
{
	static const char *const signs[] = {
	        [OP_IS_CS] = "=", [OP_LT] = "<", [OP_LE] = "<=", [OP_GT] = ">", [OP_GE] = ">="};
	const char *open = plan_op_is_order(n->op) ? "tonumber(" : "",
	           *close = plan_op_is_order(n->op) ? ")" : "";

	buf_printf(r->b, "if(%s", open);
	write_field(r, &n->field);
	buf_printf(r->b, "%s%s%s", close, signs[n->op], open);
	write_field(r, &n->rhs);
	buf_printf(r->b, "%s,1,0)=1", close);
}

static void where_cmp(struct render *r, const struct plan_node *n)
{
	if (n->op == OP_EXISTS) {
		buf_str(r->b, "isnotnull(");
		write_field(r, &n->field);
		buf_ch(r->b, ')');
		return;
	}
	if (n->rhs.name) {
		write_rhs(r, n);
		return;
	}
	buf_str(r->b, n->nvalues > 1 ? "(" : "");
	for (size_t i = 0; i < n->nvalues; i++) {
		buf_str(r->b, i ? " OR " : "");
		write_one(r, n, n->values[i]);
	}
	buf_str(r->b, n->nvalues > 1 ? ")" : "");
}

/* ---- the base search ---- */

static void write_scope(struct render *r)
{
	buf_str(r->b, "search index=");
	buf_str(r->b, r->table ? r->table : "*");
	if (r->s->from.kind == PW_ABS) {
		buf_str(r->b, " earliest=");
		write_epoch(r->b, r->s->from.t);
	}
	if (r->s->to.kind == PW_ABS) {
		buf_str(r->b, " latest=");
		write_epoch(r->b, r->s->to.t);
	}
}

static const char *sourcetype_of(const char *dataset)
{
	for (size_t i = 0; i < ARRAY_LEN(sourcetypes); i++)
		if (!strcmp(sourcetypes[i].dataset, dataset))
			return sourcetypes[i].sourcetype;
	return NULL;
}

static int write_sourcetypes(struct render *r)
{
	for (size_t i = 0; i < r->s->ndatasets; i++) {
		const char *t = sourcetype_of(r->s->datasets[i]);
		if (!t)
			return err_set(r->e, ERR_INVALID,
			               "no Splunk sourcetype is known for the dataset %s",
			               r->s->datasets[i]);
		buf_printf(r->b, "%ssourcetype=\"%s\"", i ? " OR " : " (", t);
	}
	buf_str(r->b, r->s->ndatasets ? ")" : "");
	return 0;
}

/* Parts of the outer ALL that search can say go there; the others follow in where. */
static void write_conditions(struct render *r, const struct plan_node *where)
{
	const struct plan_node *first = where && where->kind == PN_ALL ? where->child : where;
	bool all = where && where->kind == PN_ALL, more = false;

	r->cmp = search_cmp;
	for (const struct plan_node *k = first; k; k = all ? k->next : NULL) {
		if (!in_search(k)) {
			more = true;
			continue;
		}
		buf_ch(r->b, ' ');
		render_tree(r, k);
	}
	r->cmp = where_cmp;
	if (more)
		buf_str(r->b, "\n| where ");
	more = false;
	for (const struct plan_node *k = first; k; k = all ? k->next : NULL) {
		if (in_search(k))
			continue;
		buf_str(r->b, more ? " AND " : "");
		render_tree(r, k);
		more = true;
	}
}

/* ---- rows ---- */

static enum render_fit can_column(void *ctx, const struct plan_node *n)
{
	return quiet_can(ctx, n);
}

static const char *column(struct render *r, const struct plan_field *f)
{
	return nameable(r, f) ? cim_name(f) : NULL;
}

static bool columns_able(const struct plan_search *s)
{
	struct buf b = BUF_INIT;
	bool ok = true;

	for (size_t i = 0; i < plan_ncolumns(s); i++)
		ok = ok && quote_spl_field(&b, plan_column(s, i));
	buf_release(&b);
	return ok;
}

static void write_stat(struct render *r, const struct plan_stat *t)
{
	static const char *const calls[] = {
	        [FN_COUNT] = "count",     [FN_DISTINCT] = "dc(",   [FN_SUM] = "sum(",
	        [FN_MIN] = "min(",        [FN_MAX] = "max(",       [FN_AVG] = "avg(",
	        [FN_FIRST] = "min(_time", [FN_LAST] = "max(_time",
	};

	buf_printf(r->b, " %s", calls[t->fn]);
	if (t->field.name)
		(void)quote_spl_name(r->b, cim_name(&t->field));
	buf_str(r->b, t->fn == FN_COUNT ? " AS " : ") AS ");
	(void)quote_spl_name(r->b, t->as);
}

/* bin would align days to the searcher's own zone. */
static void write_stats(struct render *r)
{
	const struct plan_search *s = r->s;

	if (s->span > 0) {
		struct buf span = BUF_INIT;
		write_epoch(&span, s->span);
		buf_printf(r->b, "\n| eval time=floor(_time/%s)*%s", span.s, span.s);
		buf_release(&span);
	}
	buf_str(r->b, "\n| stats");
	for (size_t i = 0; i < s->nstats; i++)
		write_stat(r, &s->stats[i]);
	if (s->nstats == 0)
		buf_str(r->b, " count AS mw_rows");
	buf_str(r->b, s->nby || s->span > 0 ? " BY" : "");
	buf_str(r->b, s->span > 0 ? " time" : "");
	for (size_t i = 0; i < s->nby; i++) {
		buf_ch(r->b, ' ');
		(void)quote_spl_name(r->b, cim_name(&s->by[i]));
	}
	for (size_t i = 0; i < s->nby; i++) {
		if (!strcmp(cim_name(&s->by[i]), s->by[i].name))
			continue;
		buf_str(r->b, "\n| rename ");
		(void)quote_spl_name(r->b, cim_name(&s->by[i]));
		buf_str(r->b, " AS ");
		(void)quote_spl_name(r->b, s->by[i].name);
	}
}

/* Left to itself sort takes what looks like numbers or addresses as such; plans go by text there. */
static void write_sort_key(struct render *r, size_t column, bool desc, bool first)
{
	bool text = column >= (size_t)(r->s->span > 0) && column < (r->s->span > 0) + r->s->nby;

	(void)first;
	buf_str(r->b, desc ? " - " : " + ");
	buf_str(r->b, text ? "str(" : "");
	(void)quote_spl_name(r->b, plan_column(r->s, column));
	buf_str(r->b, text ? ")" : "");
}

static void write_order_and_limit(struct render *r)
{
	const struct plan_search *s = r->s;

	buf_str(r->b, "\n| sort 0");
	if (plan_is_grouped(s) && r->out->exact_rows)
		render_group_order(r, write_sort_key);
	else
		buf_str(r->b,
		        r->out->exact_rows && s->nsort && s->sort[0].desc ? " - _time" : " _time");
	buf_printf(r->b, "\n| head %lld", render_limit(r));
}

static bool index_ok(const char *name)
{
	for (; *name; name++)
		if (!((*name | 32) >= 'a' && (*name | 32) <= 'z') &&
		    !(*name >= '0' && *name <= '9') && !strchr("_*-", *name))
			return false;
	return true;
}

int render_spl(struct render *r)
{
	struct plan_node *where;

	if (r->table && !index_ok(r->table))
		return err_set(r->e, ERR_INVALID, "\"%s\" is no name of a Splunk index", r->table);
	r->word[PN_ALL] = " AND ";
	r->word[PN_ANY] = " OR ";
	r->word[PN_NOT] = "NOT ";
	where = render_where(r, can);
	r->out->exact_rows = r->out->exact_rows && columns_able(r->s) &&
	                     render_groups_able(r, column) && render_having_able(r, can_column) &&
	                     render_sort_able(r);
	write_scope(r);
	if (write_sourcetypes(r))
		return -1;
	if (plan_is_nothing(where))
		buf_str(r->b, "\n| where 1=0");
	else
		write_conditions(r, where);
	if (plan_is_grouped(r->s) && r->out->exact_rows) {
		write_stats(r);
		if (r->s->having) {
			r->columns = true;
			r->cmp = where_cmp;
			buf_str(r->b, "\n| where ");
			render_tree(r, r->s->having);
			r->columns = false;
		}
	}
	write_order_and_limit(r);
	return 0;
}
