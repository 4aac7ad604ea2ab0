/*
 * Kusto Query Language over the tables of Microsoft Sentinel. Source of facts: the Kusto reference (learn.microsoft.com/kusto/query)
 * and the Azure Monitor table reference. Columns are read with tostring, since one name has different types in different tables;
 * an empty string is no value, as in plans. Comparisons that can give null are wrapped in coalesce, so that not works on them.
 */
#include "plan/cidr.h"
#include "plan/number.h"
#include "plan/render_lang.h"

/* The Sentinel table of each dataset. */
static const struct {
	const char *dataset, *table;
} tables[] = {
        {"cloudtrail", "AWSCloudTrail"},
        {"vpcflow", "AWSVPCFlow"},
        {"guardduty", "AWSGuardDuty"},
        {"azure.signin", "SigninLogs"},
        {"azure.audit", "AuditLogs"},
        {"azure.activity", "AzureActivity"},
        {"okta", "OktaV2_CL"},
        {"syslog", "Syslog"},
        {"auditd", "Syslog"},
        {"cef", "CommonSecurityLog"},
        {"leef", "CommonSecurityLog"},
        {"windows.security", "SecurityEvent"},
        {"windows", "WindowsEvent"},
        {"alerts", "SecurityAlert"},
        {"incidents", "SecurityIncident"},
        {"m365", "OfficeActivity"},
        {"route53dns", "AWSRoute53Resolver"},
};
#define TABLE_DEFAULT "AWSCloudTrail"
#define DIGITS_EXACT 15 /* Kusto compares as double */

const char *kql_dataset(const char *table)
{
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		if (!strcmp(tables[i].table, table))
			return tables[i].dataset;
	return NULL;
}

const char *kql_table_at(size_t i)
{
	return i < ARRAY_LEN(tables) ? tables[i].table : NULL;
}

const char *kql_table(const char *dataset)
{
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		if (!strcmp(tables[i].dataset, dataset))
			return tables[i].table;
	return NULL;
}

/* The table to ask; one a text. *less: the plan wants more than is in it. */
static int choose_table(struct render *r, bool *less)
{
	const char *t;

	*less = false;
	for (size_t i = 0; !r->table && i < r->s->ndatasets; i++) {
		t = kql_table(r->s->datasets[i]);
		if (!t)
			return err_set(r->e, ERR_INVALID,
			               "no Sentinel table is known for the dataset %s; name one "
			               "with --table",
			               r->s->datasets[i]);
		r->table = t;
	}
	for (size_t i = 1; i < r->s->ndatasets; i++) {
		t = kql_table(r->s->datasets[i]);
		*less = *less || !t || strcmp(t, r->table) != 0;
	}
	if (*less)
		render_note(r, "only %s is asked; render again for the other datasets", r->table);
	if (!r->table) {
		*less = true;
		r->table = TABLE_DEFAULT;
		render_note(r, "the plan names no dataset: %s is asked", r->table);
	}
	return 0;
}

/* ---- columns ---- */

static const char *mapped_column(struct render *r, const struct plan_field *f)
{
	const char *any = NULL;

	if (f->pseudo == PF_TIME)
		return "TimeGenerated";
	for (const struct field_name *n = f->f ? f->f->sentinel : NULL; n && n->where; n++) {
		if (!strcmp(n->where, r->table))
			return n->paths[0];
		if (!strcmp(n->where, "*"))
			any = n->paths[0];
	}
	return any;
}

/* The catalogue knows columns, not the keys in one. */
static const char *sentinel_column(struct render *r, const struct plan_field *f)
{
	const char *path = mapped_column(r, f);
	char *column = path ? xstrndup(path, strcspn(path, ".")) : NULL;
	bool has = render_has(r, f, column) != NULL;

	free(column);
	return has ? path : NULL;
}

/* "DeviceDetail.displayName": a dynamic column and keys in it. */
static void write_path(struct buf *b, const char *path)
{
	struct slice rest = slice_of(path), part;
	bool first = true;
	char *name;

	while (slice_split(&rest, '.', &part)) {
		name = xstrndup(part.s, part.n);
		if (first) {
			quote_kql_column(b, name);
		} else {
			buf_ch(b, '[');
			quote_kql_string(b, part);
			buf_ch(b, ']');
		}
		free(name);
		first = false;
	}
}

static void write_text(struct render *r, const struct plan_field *f)
{
	buf_str(r->b, "tostring(");
	if (r->columns)
		quote_kql_column(r->b, f->name);
	else
		write_path(r->b, sentinel_column(r, f));
	buf_ch(r->b, ')');
}

/* ---- comparisons ---- */

static size_t digits_of(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.s[i] >= '0' && s.s[i] <= '9';
	return n;
}

/* Kusto folds all of Unicode where plans fold ASCII: a value outside ASCII finds more. */
static enum render_fit text_fit(struct slice v)
{
	if (!quote_kql_able(v))
		return RENDER_NO;
	return quote_is_ascii(v) ? RENDER_EXACT : RENDER_SUPERSET;
}

static enum render_fit value_fit(enum plan_op op, struct slice v)
{
	enum render_fit fit, text;
	struct cidr c;

	if (plan_op_is_order(op))
		return !num_is(v) || digits_of(v) <= DIGITS_EXACT ? RENDER_EXACT : RENDER_NO;
	if (op == OP_CIDR)
		return cidr_parse(v, &c, NULL) ? RENDER_NO
		       : c.ip.len == 4         ? RENDER_EXACT
		                               : RENDER_SUPERSET;
	if (op == OP_IS_CS)
		return quote_kql_able(v) ? RENDER_EXACT : RENDER_NO;
	fit = op == OP_REGEX || op == OP_LIKE ? render_regex_fit(op, v) : RENDER_EXACT;
	text = text_fit(v);
	return text < fit ? text : fit;
}

static enum render_fit values_fit(const struct plan_node *n)
{
	enum render_fit fit = RENDER_EXACT, one;

	for (size_t i = 0; i < n->nvalues; i++) {
		one = value_fit(n->op, n->values[i]);
		if (one < fit)
			fit = one;
	}
	return fit;
}

/* The record as the source shows it; what JSON may write in two ways cannot be looked for in it. */
static enum render_fit raw_fit(const struct plan_node *n)
{
	for (size_t i = 0; i < n->nvalues; i++)
		if (quote_json_varies(n->values[i]))
			return RENDER_NO;
	return RENDER_EXACT;
}

static enum render_fit can(void *ctx, const struct plan_node *n)
{
	struct render *r = ctx;
	enum render_fit fit;

	if (n->op == OP_TEXT)
		fit = raw_fit(n);
	else if (!sentinel_column(r, &n->field) || (n->rhs.name && !sentinel_column(r, &n->rhs)))
		fit = RENDER_NO;
	else
		fit = values_fit(n);
	if (fit == RENDER_EXACT)
		return fit;
	if (n->op != OP_TEXT && !sentinel_column(r, &n->field))
		render_note(r, "%s has no column in %s: filtered afterwards",
		            render_alias(&n->field), r->table);
	else
		render_note(r, "%s on %s cannot be said exactly: filtered afterwards",
		            plan_op_name(n->op),
		            n->field.name ? render_alias(&n->field) : "the record");
	return fit;
}

static void write_list(struct render *r, const struct plan_node *n, const char *op)
{
	write_text(r, &n->field);
	buf_printf(r->b, " %s (", op);
	for (size_t i = 0; i < n->nvalues; i++) {
		buf_str(r->b, i ? "," : "");
		quote_kql_string(r->b, n->values[i]);
	}
	buf_ch(r->b, ')');
}

static void write_regex(struct render *r, const struct plan_node *n, struct slice v)
{
	struct buf re = BUF_INIT;
	bool empty;

	buf_str(&re, n->op == OP_LIKE ? "(?is)" : "");
	render_regex(&re, n->op, v);
	empty = render_regex_empty((struct slice){re.s, re.len});
	if (empty) { /* a column that is not there is "" as text */
		buf_str(r->b, "(isnotempty(");
		write_text(r, &n->field);
		buf_str(r->b, ") and ");
	}
	write_text(r, &n->field);
	buf_str(r->b, " matches regex ");
	quote_kql_string(r->b, (struct slice){re.s, re.len});
	buf_str(r->b, empty ? ")" : "");
	buf_release(&re);
}

/* A v4-mapped v6 address counts as v4. */
static void write_cidr(struct render *r, const struct plan_node *n, struct slice v)
{
	struct cidr c;
	char block[CIDR_TEXT];
	bool v6;

	if (cidr_parse(v, &c, NULL))
		return; /* value_fit has parsed it */
	v6 = c.ip.len == 16;
	cidr_text(&c, block);
	buf_printf(r->b, "coalesce(%s(", v6 ? "ipv6_is_in_range" : "ipv4_is_in_range");
	if (!v6)
		buf_str(r->b, "trim_start(\"(?i)::ffff:\",");
	write_text(r, &n->field);
	buf_str(r->b, v6 ? "," : "),");
	quote_kql_string(r->b, slice_of(block));
	buf_str(r->b, "),false)");
}

static const char *order_sign(enum plan_op op)
{
	static const char *const signs[] = {"<", "<=", ">", ">="};

	return signs[op - OP_LT];
}

static void write_time(struct render *r, mw_time t)
{
	char text[32];

	mw_time_format(t, text);
	buf_printf(r->b, "datetime(%s)", text);
}

static void write_order(struct render *r, const struct plan_node *n, struct slice v)
{
	bool number = num_is(v);
	mw_time t = MW_TIME_NONE;

	buf_printf(r->b, "coalesce(%s(", number ? "todouble" : "todatetime");
	write_text(r, &n->field);
	buf_printf(r->b, ") %s ", order_sign(n->op));
	if (number)
		buf_printf(r->b, "%.*s", (int)v.n, v.s); /* num_is has read every byte of it */
	else if (mw_time_parse(v, &t))
		write_time(r, t);
	buf_str(r->b, ",false)");
}

static void write_one(struct render *r, const struct plan_node *n, struct slice v)
{
	static const char *const words[] = {
	        [OP_CONTAINS] = "contains",
	        [OP_STARTS] = "startswith",
	        [OP_ENDS] = "endswith",
	        [OP_TEXT] = NULL,
	};

	if (n->op == OP_LIKE || n->op == OP_REGEX) {
		write_regex(r, n, v);
	} else if (n->op == OP_CIDR) {
		write_cidr(r, n, v);
	} else if (plan_op_is_order(n->op)) {
		write_order(r, n, v);
	} else if (n->op == OP_TEXT) {
		buf_str(r->b, "tostring(pack_all()) contains ");
		quote_kql_string(r->b, v);
	} else {
		write_text(r, &n->field);
		buf_printf(r->b, " %s ", words[n->op]);
		quote_kql_string(r->b, v);
	}
}

static void write_rhs(struct render *r, const struct plan_node *n)
{
	static const char *const words[] = {
	        [OP_IS] = "=~",
	        [OP_IS_CS] = "==",
	        [OP_CONTAINS] = "contains",
	        [OP_STARTS] = "startswith",
	        [OP_ENDS] = "endswith",
	};
	bool order = plan_op_is_order(n->op);

	buf_str(r->b, order ? "coalesce(todouble(" : "(isnotempty(");
	write_text(r, &n->field);
	buf_printf(r->b, order ? ") %s todouble(" : ") and isnotempty(",
	           order ? order_sign(n->op) : "");
	write_text(r, &n->rhs);
	if (order) {
		buf_str(r->b, "),false)");
		return;
	}
	buf_str(r->b, ") and ");
	write_text(r, &n->field);
	buf_printf(r->b, " %s ", words[n->op]);
	write_text(r, &n->rhs);
	buf_ch(r->b, ')');
}

static void write_cmp(struct render *r, const struct plan_node *n)
{
	if (n->op == OP_EXISTS) {
		buf_str(r->b, "isnotempty(");
		write_text(r, &n->field);
		buf_ch(r->b, ')');
	} else if (n->rhs.name) {
		write_rhs(r, n);
	} else if (n->op == OP_IS || n->op == OP_IN) {
		write_list(r, n, "in~");
	} else if (n->op == OP_IS_CS) {
		write_list(r, n, "in");
	} else {
		buf_str(r->b, n->nvalues > 1 ? "(" : "");
		for (size_t i = 0; i < n->nvalues; i++) {
			buf_str(r->b, i ? " or " : "");
			write_one(r, n, n->values[i]);
		}
		buf_str(r->b, n->nvalues > 1 ? ")" : "");
	}
}

/* ---- rows ---- */

static enum render_fit can_column(void *ctx, const struct plan_node *n)
{
	(void)ctx;
	return values_fit(n);
}

static void write_stat(struct render *r, const struct plan_stat *t)
{
	static const char *const calls[] = {
	        [FN_SUM] = "sum",
	        [FN_MIN] = "min",
	        [FN_MAX] = "max",
	        [FN_AVG] = "avg",
	};

	quote_kql_column(r->b, t->as);
	if (t->fn == FN_COUNT) {
		buf_str(r->b, "=count()");
	} else if (t->fn == FN_FIRST || t->fn == FN_LAST) {
		buf_printf(r->b, "=%s(TimeGenerated)", t->fn == FN_FIRST ? "min" : "max");
	} else if (t->fn == FN_DISTINCT) {
		buf_str(r->b, "=count_distinctif(");
		write_text(r, &t->field);
		buf_str(r->b, ",isnotempty(");
		write_text(r, &t->field);
		buf_str(r->b, "))");
	} else {
		bool text = (t->fn == FN_MIN || t->fn == FN_MAX) &&
		            (!t->field.f || t->field.f->type == FT_STRING);
		buf_printf(r->b, "=%s(%s", calls[t->fn], text ? "" : "todouble(");
		write_text(r, &t->field);
		buf_str(r->b, text ? ")" : "))");
	}
}

static void write_span(struct render *r)
{
	char span[32];

	mw_span_format(r->s->span, span);
	buf_printf(r->b, "['time']=bin_at(TimeGenerated,%s,datetime(1970-01-01))", span);
}

static void write_summary(struct render *r)
{
	const struct plan_search *s = r->s;

	buf_str(r->b, "\n| summarize ");
	for (size_t i = 0; i < s->nstats; i++) {
		buf_str(r->b, i ? ", " : "");
		write_stat(r, &s->stats[i]);
	}
	buf_str(r->b, s->nby || s->span > 0 ? " by " : "");
	if (s->span > 0)
		write_span(r);
	for (size_t i = 0; i < s->nby; i++) {
		buf_str(r->b, i || s->span > 0 ? ", " : "");
		quote_kql_column(r->b, s->by[i].name);
		buf_ch(r->b, '=');
		write_text(r, &s->by[i]);
	}
	for (size_t i = 0; i < s->nby; i++) {
		buf_str(r->b, i ? " and isnotempty(" : "\n| where isnotempty(");
		quote_kql_column(r->b, s->by[i].name);
		buf_ch(r->b, ')');
	}
}

static void write_having(struct render *r)
{
	r->columns = true;
	buf_str(r->b, "\n| where ");
	render_tree(r, r->s->having);
	r->columns = false;
}

/* Kusto sorts by type: keys of text that are empty have been taken out. */
static void write_sort_key(struct render *r, size_t column, bool desc, bool first)
{
	buf_str(r->b, first ? "" : ", ");
	quote_kql_column(r->b, plan_column(r->s, column));
	buf_str(r->b, desc ? " desc nulls last" : " asc nulls last");
}

static void write_order_and_limit(struct render *r)
{
	buf_str(r->b, "\n| sort by ");
	if (plan_is_grouped(r->s) && r->out->exact_rows)
		render_group_order(r, write_sort_key);
	else
		buf_str(r->b, r->out->exact_rows && r->s->nsort && r->s->sort[0].desc
		                      ? "TimeGenerated desc"
		                      : "TimeGenerated asc");
	buf_printf(r->b, "\n| take %lld", render_limit(r));
}

static void write_window(struct render *r)
{
	if (r->s->from.kind == PW_ABS) {
		buf_str(r->b, "\n| where TimeGenerated >= ");
		write_time(r, r->s->from.t);
	}
	if (r->s->to.kind == PW_ABS) {
		buf_str(r->b, "\n| where TimeGenerated < ");
		write_time(r, r->s->to.t);
	}
}

int render_kql(struct render *r)
{
	bool less;
	struct plan_node *where;

	if (choose_table(r, &less))
		return -1;
	r->word[PN_ALL] = " and ";
	r->word[PN_ANY] = " or ";
	r->word[PN_NOT] = "not";
	r->cmp = write_cmp;
	where = render_where(r, can);
	if (less)
		r->out->exact_where = r->out->exact_rows = false;
	r->out->exact_rows = r->out->exact_rows && render_groups_able(r, sentinel_column) &&
	                     render_having_able(r, can_column) && render_sort_able(r);
	quote_kql_column(r->b, r->table);
	write_window(r);
	if (plan_is_nothing(where)) {
		buf_str(r->b, "\n| where false");
	} else if (where) {
		buf_str(r->b, "\n| where ");
		render_tree(r, where);
	}
	if (plan_is_grouped(r->s) && r->out->exact_rows) {
		write_summary(r);
		if (r->s->having)
			write_having(r);
	}
	write_order_and_limit(r);
	return 0;
}
