/*
 * QRadar's Ariel query language over events. Source of facts: IBM QRadar AQL guide. Columns stand in fields.yaml as AQL writes
 * them. Folding there is by LOWER; LIKE has no escape, so values with % or _ go another way; what AQL cannot say exactly is filtered
 * afterwards. Aggregates come as doubles over coalesced events, so groups are always made afterwards.
 */
#include "plan/cidr.h"
#include "plan/number.h"
#include "plan/render_lang.h"

#define DIGITS_EXACT 15
#define LAST_DEFAULT_DAYS 7 /* a query without a window must still be bounded */

static const char *column_of(const struct plan_field *f)
{
	return f->pseudo == PF_TIME ? "starttime" : f->f ? f->f->aql : NULL;
}

/* The column that the catalogue knows of `"Error Code"` and of QIDNAME(qid). */
static bool is_there(struct render *r, const struct plan_field *f)
{
	const char *text = column_of(f), *from = text ? strchr(text, '(') : NULL;
	char *column;
	bool there;

	if (!text)
		return false;
	from = from ? from + 1 : text;
	from += *from == '"';
	column = xstrndup(from, strcspn(from, "\")"));
	there = render_has(r, f, column) != NULL;
	free(column);
	return there;
}

static bool has_wild(struct slice v)
{
	return memchr(v.s, '%', v.n) || memchr(v.s, '_', v.n);
}

static enum render_fit order_fit(const struct plan_node *n, struct slice v)
{
	size_t digits = 0;

	if (n->field.pseudo == PF_TIME)
		return num_is(v) ? RENDER_NO : RENDER_EXACT;
	for (size_t i = 0; i < v.n; i++)
		digits += v.s[i] >= '0' && v.s[i] <= '9';
	return num_is(v) && digits <= DIGITS_EXACT && n->field.f && n->field.f->type != FT_STRING
	               ? RENDER_EXACT
	               : RENDER_NO;
}

static enum render_fit value_fit(const struct plan_node *n, struct slice v)
{
	struct cidr c;

	if (plan_op_is_order(n->op))
		return order_fit(n, v);
	if (n->op == OP_CIDR)
		return cidr_parse(v, &c, NULL) || c.ip.len != 4 ? RENDER_NO : RENDER_EXACT;
	if (n->op == OP_REGEX || n->op == OP_TEXT || !quote_aql_able(v))
		return RENDER_NO; /* Java's dialect; payloads are cut */
	if (n->op == OP_CONTAINS || n->op == OP_STARTS || n->op == OP_ENDS)
		return has_wild(v) ? RENDER_NO : quote_is_ascii(v) ? RENDER_EXACT : RENDER_SUPERSET;
	if (n->op == OP_LIKE)
		return RENDER_NO;
	return quote_is_ascii(v) || n->op == OP_IS_CS ? RENDER_EXACT : RENDER_SUPERSET;
}

static enum render_fit quiet_can(struct render *r, const struct plan_node *n)
{
	enum render_fit fit = RENDER_EXACT, one;

	if (n->rhs.name || n->op == OP_TEXT || !is_there(r, &n->field))
		return RENDER_NO;
	if (n->field.pseudo == PF_TIME && !plan_op_is_order(n->op) && n->op != OP_EXISTS)
		return RENDER_NO;
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

	if (fit == RENDER_EXACT)
		return fit;
	if (n->op != OP_TEXT && !column_of(&n->field))
		render_note(r, "%s has no AQL column: filtered afterwards",
		            render_alias(&n->field));
	else
		render_note(r, "%s on %s cannot be said exactly: filtered afterwards",
		            plan_op_name(n->op),
		            n->field.name ? render_alias(&n->field) : "the record");
	return fit;
}

/* ---- comparisons ---- */

/* Numeric columns are compared as text where the plan compares text. */
static void write_text(struct render *r, const struct plan_field *f)
{
	buf_printf(r->b, "STR(%s)", column_of(f));
}

static void write_lower(struct buf *b, struct slice v, const char *before, const char *after)
{
	struct buf low = BUF_INIT;

	buf_str(&low, before);
	slice_fold(buf_room(&low, v.n + 1), v);
	low.len += v.n;
	buf_str(&low, after);
	quote_aql_string(b, (struct slice){low.s, low.len});
	buf_release(&low);
}

static void write_list(struct render *r, const struct plan_node *n)
{
	bool fold = n->op != OP_IS_CS;

	buf_str(r->b, fold ? "LOWER(" : "(");
	write_text(r, &n->field);
	buf_str(r->b, n->nvalues > 1 ? ") IN (" : ") = ");
	for (size_t i = 0; i < n->nvalues; i++) {
		buf_str(r->b, i ? "," : "");
		if (fold)
			write_lower(r->b, n->values[i], "", "");
		else
			quote_aql_string(r->b, n->values[i]);
	}
	buf_str(r->b, n->nvalues > 1 ? ")" : "");
}

static void write_order(struct render *r, const struct plan_node *n, struct slice v)
{
	static const char *const signs[] = {"<", "<=", ">", ">="};
	mw_time t;

	buf_printf(r->b, "%s %s ", column_of(&n->field), signs[n->op - OP_LT]);
	if (!num_is(v) && mw_time_parse(v, &t))
		buf_printf(r->b, "%lld", (long long)(t / 1000));
	else
		buf_add(r->b, v.s, v.n);
}

static void write_one(struct render *r, const struct plan_node *n, struct slice v)
{
	if (plan_op_is_order(n->op)) {
		write_order(r, n, v);
		return;
	}
	if (n->op == OP_CIDR) {
		buf_str(r->b, "INCIDR(");
		render_block(r, v, quote_aql_string);
		buf_printf(r->b, ", %s)", column_of(&n->field));
		return;
	}
	buf_str(r->b, "LOWER(");
	write_text(r, &n->field);
	buf_str(r->b, ") LIKE ");
	write_lower(r->b, v, n->op == OP_STARTS ? "" : "%", n->op == OP_ENDS ? "" : "%");
}

/* A comparison with null is null there, and so is its NOT: each is tied to the column being there. */
static void write_cmp(struct render *r, const struct plan_node *n)
{
	buf_printf(r->b, "(%s IS NOT NULL", column_of(&n->field));
	if (n->op != OP_EXISTS)
		buf_str(r->b, " AND ");
	if (n->op == OP_IS || n->op == OP_IN || n->op == OP_IS_CS) {
		write_list(r, n);
	} else {
		buf_str(r->b, n->nvalues > 1 ? "(" : "");
		for (size_t i = 0; i < n->nvalues; i++) {
			buf_str(r->b, i ? " OR " : "");
			write_one(r, n, n->values[i]);
		}
		buf_str(r->b, n->nvalues > 1 ? ")" : "");
	}
	buf_ch(r->b, ')');
}

/* ---- the query ---- */

static void write_columns(struct render *r)
{
	buf_str(r->b, "SELECT starttime AS starttime, QIDNAME(qid) AS event_name, "
	              "LOGSOURCETYPENAME(devicetype) AS log_source_type, "
	              "sourceip AS sourceip, destinationip AS destinationip, username AS username, "
	              "UTF8(payload) AS payload");
	buf_str(r->b, "\nFROM events");
}

static void write_time(struct render *r)
{
	const struct plan_search *s = r->s;
	bool ends = s->to.kind == PW_ABS;
	mw_time from = s->from.t;

	if (s->from.kind != PW_ABS) {
		render_note(r, "the plan has no beginning: the last %d days%s are asked",
		            LAST_DEFAULT_DAYS, ends ? " before its end" : "");
		from = ends ? s->to.t - LAST_DEFAULT_DAYS * MW_DAY : MW_TIME_NONE;
	}
	if (from == MW_TIME_NONE)
		buf_printf(r->b, "\nLAST %d DAYS", LAST_DEFAULT_DAYS);
	else
		buf_printf(r->b, "\nSTART %lld", (long long)(from / 1000));
	if (ends) /* no event of a part of a millisecond is lost */
		buf_printf(r->b, " STOP %lld", (long long)((s->to.t + 999) / 1000));
}

int render_aql(struct render *r)
{
	struct plan_node *where;
	bool desc;

	r->word[PN_ALL] = " AND ";
	r->word[PN_ANY] = " OR ";
	r->word[PN_NOT] = "NOT ";
	r->cmp = write_cmp;
	where = render_where(r, can);
	render_datasets_after(r);
	if (plan_is_grouped(r->s))
		render_note(r, "groups are made after the events have been fetched");
	if (r->s->with_ties)
		render_note(r, "ties are kept after the rows have been fetched");
	r->out->exact_rows =
	        r->out->exact_rows && !plan_is_grouped(r->s) && !r->s->with_ties &&
	        (r->s->nsort == 0 || (r->s->nsort == 1 && !strcmp(r->s->sort[0].column, "time")));
	desc = r->out->exact_rows && r->s->nsort && r->s->sort[0].desc;
	write_columns(r);
	if (plan_is_nothing(where)) {
		buf_str(r->b, "\nWHERE 1 = 0");
	} else if (where) {
		buf_str(r->b, "\nWHERE ");
		render_tree(r, where);
	}
	buf_printf(r->b, "\nORDER BY starttime %s\nLIMIT %lld", desc ? "DESC" : "ASC",
	           render_limit(r));
	write_time(r);
	return 0;
}
