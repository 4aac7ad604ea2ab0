#include "read_text.h"
#include "base/limits.h"

#define DEPTH_MAX 200

int rd_fail(struct rd *r, size_t at, const char *fmt, ...)
{
	size_t line = 1, col = 1;
	char what[256];
	va_list ap;

	if (rd_failed(r))
		return -1;
	for (size_t i = 0; i < at && i < r->text.n; i++) {
		col = r->text.s[i] == '\n' ? 1 : col + 1;
		line += r->text.s[i] == '\n';
	}
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_set(r->e, ERR_INVALID, "%zu:%zu: %s", line, col, what);
}

bool rd_failed(const struct rd *r)
{
	return r->e->code != ERR_NONE;
}

/* ---- lexer ---- */

static bool name_byte(const struct rd *r, char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || (r->rules->name_more && c && strchr(r->rules->name_more, c));
}

static size_t skip_blank(const struct rd *r, size_t i)
{
	const char *com = r->rules->comment;

	while (i < r->text.n) {
		if (strchr(" \t\r\n", r->text.s[i]) && r->text.s[i]) {
			i++;
		} else if (com && r->text.n - i >= 2 && !memcmp(r->text.s + i, com, 2)) {
			while (i < r->text.n && r->text.s[i] != '\n')
				i++;
		} else {
			break;
		}
	}
	return i;
}

static int hex_of(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

static void add_utf8(struct buf *b, unsigned u)
{
	if (u < 0x80) {
		buf_ch(b, (char)u);
		return;
	}
	if (u < 0x800) {
		buf_ch(b, (char)(0xc0 | u >> 6));
	} else {
		buf_ch(b, (char)(0xe0 | u >> 12));
		buf_ch(b, (char)(0x80 | (u >> 6 & 0x3f)));
	}
	buf_ch(b, (char)(0x80 | (u & 0x3f)));
}

/* The escape after a backslash at i; returns the place behind it, 0 where it is none. */
static size_t c_escape(const struct rd *r, size_t i, struct buf *b)
{
	static const char from[] = "nrtabfv0\\'\"`%_/", to[] = "\n\r\t\a\b\f\v\0\\'\"`%_/";
	char c = i < r->text.n ? r->text.s[i] : 0;
	const char *at = c ? strchr(from, c) : NULL;
	unsigned u = 0, digits = c == 'x' ? 2 : c == 'u' ? 4 : 0;

	if (at) {
		buf_ch(b, to[at - from]);
		return i + 1;
	}
	if (!digits || i + digits >= r->text.n)
		return 0;
	for (unsigned k = 1; k <= digits; k++) {
		int h = hex_of(r->text.s[i + k]);
		if (h < 0)
			return 0;
		u = u * 16 + (unsigned)h;
	}
	if (digits == 2)
		buf_ch(b, (char)u);
	else
		add_utf8(b, u);
	return i + 1 + digits;
}

static size_t quoted_byte(struct rd *r, size_t i, const struct lex_quote *q, struct buf *b)
{
	char c = r->text.s[i], next = i + 1 < r->text.n ? r->text.s[i + 1] : 0;

	if (c == '\\' && q->how == QUOTE_PLAIN && (next == '\\' || next == q->open)) {
		buf_ch(b, next);
		return i + 2;
	}
	if (c == '\\' && (q->how == QUOTE_C || q->how == QUOTE_BOTH)) {
		size_t after = c_escape(r, i + 1, b);
		if (!after)
			rd_fail(r, i, "no such escape in a string");
		return after;
	}
	if ((unsigned char)c < 0x20 && !r->rules->raw_controls) {
		rd_fail(r, i, "a control byte in a string");
		return 0;
	}
	buf_ch(b, c);
	return i + 1;
}

/* From behind the opening quote; returns the place behind the closing one, 0 on error. */
static size_t quoted(struct rd *r, size_t i, const struct lex_quote *q, struct buf *b)
{
	size_t at = i;

	while (i < r->text.n && !rd_failed(r)) {
		bool twice = i + 1 < r->text.n && r->text.s[i + 1] == q->open &&
		             (q->how == QUOTE_DOUBLED || q->how == QUOTE_BOTH);
		if (r->text.s[i] == q->open && !twice)
			return i + 1;
		if (r->text.s[i] == q->open) {
			buf_ch(b, q->open);
			i += 2;
		} else {
			i = quoted_byte(r, i, q, b);
		}
	}
	rd_fail(r, at ? at - 1 : 0, "a quote that never ends");
	return 0;
}

static const struct lex_quote *quote_at(const struct rd *r, char c)
{
	for (const struct lex_quote *q = r->rules->quotes; q->open; q++)
		if (q->open == c)
			return q;
	return NULL;
}

static size_t number_end(const struct rd *r, size_t i)
{
	size_t n = r->text.n;
	const char *s = r->text.s;

	while (i < n && s[i] >= '0' && s[i] <= '9')
		i++;
	if (i + 1 < n && s[i] == '.' && s[i + 1] >= '0' && s[i + 1] <= '9')
		for (i++; i < n && s[i] >= '0' && s[i] <= '9';)
			i++;
	if (i + 1 < n && (s[i] == 'e' || s[i] == 'E')) {
		size_t k = i + 1 + (s[i + 1] == '-' || s[i + 1] == '+');
		if (k < n && s[k] >= '0' && s[k] <= '9')
			for (i = k; i < n && s[i] >= '0' && s[i] <= '9';)
				i++;
	}
	if (r->rules->number_words && i < n && s[i] && strchr(r->rules->number_words, s[i]))
		i++;
	return i;
}

struct tok_list {
	VEC(struct tok) v;
};

static size_t lex_word(struct rd *r, size_t i, struct tok *t)
{
	size_t end = i;
	bool digit = r->text.s[i] >= '0' && r->text.s[i] <= '9';

	t->kind = digit ? TOK_NUM : TOK_NAME;
	if (digit)
		end = number_end(r, i);
	if (!digit || (end < r->text.n && name_byte(r, r->text.s[end]) && r->text.s[end] != '.')) {
		t->kind = digit ? TOK_NUM : TOK_NAME;
		while (end < r->text.n && name_byte(r, r->text.s[end]))
			end++;
		if (digit)
			rd_fail(r, i, "no number");
	}
	t->s = (struct slice){r->text.s + i, end - i};
	return end;
}

static size_t lex_punct(struct rd *r, size_t i, struct tok *t)
{
	for (const char *const *p = r->rules->puncts; *p; p++) {
		size_t n = strlen(*p);
		if (r->text.n - i < n || memcmp(r->text.s + i, *p, n) != 0)
			continue;
		*t = (struct tok){.kind = TOK_PUNCT, .s = {r->text.s + i, n}, .at = i};
		return i + n;
	}
	rd_fail(r, i, "unexpected byte 0x%02x", (unsigned char)r->text.s[i]);
	return 0;
}

static size_t lex_one(struct rd *r, size_t i, struct tok *t)
{
	char c = r->text.s[i];
	const struct lex_quote *q = quote_at(r, c);
	struct lex_quote verbatim = {'"', TOK_STR, QUOTE_DOUBLED};
	struct buf b = BUF_INIT;
	bool at = r->rules->verbatim && c == '@' && i + 1 < r->text.n && r->text.s[i + 1] == '"';

	t->at = i;
	if (!q && !at)
		return name_byte(r, c) ? lex_word(r, i, t) : lex_punct(r, i, t);
	t->kind = at ? TOK_STR : q->makes;
	i = quoted(r, i + 1 + (size_t)at, at ? &verbatim : q, &b);
	t->s = (struct slice){arena_memdup(&r->p->arena, b.s, b.len), b.len};
	buf_release(&b);
	return i;
}

/* Behind "datetime(": everything up to the bracket is one string. */
static size_t lex_raw_arg(struct rd *r, size_t i, struct tok_list *list)
{
	const char *call = r->rules->raw_call, *end;
	const struct tok *t = list->v.n > 1 ? &list->v.v[list->v.n - 2] : NULL;

	if (!call || !t || t->kind != TOK_NAME || !slice_eq_str(t->s, call) ||
	    !slice_eq(t[1].s, SLICE("(")))
		return i;
	end = memchr(r->text.s + i, ')', r->text.n - i);
	if (!end) {
		rd_fail(r, i, "a bracket that never ends");
		return i;
	}
	*vec_push(&list->v) = (struct tok){
	        .kind = TOK_STR, .s = {r->text.s + i, (size_t)(end - r->text.s) - i}, .at = i};
	return (size_t)(end - r->text.s);
}

static int lex(struct rd *r)
{
	struct tok_list list = {0};

	for (size_t i = skip_blank(r, 0), from = 0; i < r->text.n && !rd_failed(r);) {
		struct tok *t = vec_push(&list.v);
		bool spaced = i > from;
		from = lex_one(r, i, t);
		t->at = i;
		t->spaced = spaced;
		from = rd_failed(r) ? from : lex_raw_arg(r, from, &list);
		i = rd_failed(r) ? r->text.n : skip_blank(r, from);
	}
	*vec_push(&list.v) = (struct tok){.kind = TOK_END, .at = r->text.n};
	r->ntok = list.v.n;
	r->tok = (struct tok *)(void *)arena_memdup(&r->p->arena, list.v.v,
	                                            list.v.n * sizeof(struct tok));
	vec_free(&list.v);
	return rd_failed(r) ? -1 : 0;
}

/* ---- the text's frame ---- */

int rd_begin(struct rd *r, struct slice text, struct reading *out, struct err *e)
{
	e->code = ERR_NONE;
	*out = (struct reading){.plan = plan_new()};
	plan_add_step(out->plan, PS_SEARCH);
	r->text = text;
	r->p = out->plan;
	r->out = out;
	r->e = e;
	r->i = 0;
	return r->rules ? lex(r) : 0;
}

int rd_end(struct rd *r)
{
	if (!rd_failed(r) && r->rules && rd_tok(r)->kind != TOK_END)
		rd_fail(r, rd_tok(r)->at, "not understood: %.*s", (int)rd_tok(r)->s.n,
		        rd_tok(r)->s.s);
	if (!rd_failed(r) && plan_validate(r->p, r->e))
		err_prefix(r->e, "as a plan");
	if (!rd_failed(r))
		return 0;
	reading_release(r->out);
	return -1;
}

void reading_release(struct reading *r)
{
	plan_free(r->plan);
	*r = (struct reading){0};
}

struct plan_search *rd_search(struct rd *r)
{
	return &r->p->steps[0].search;
}

/* ---- taking tokens ---- */

const struct tok *rd_tok(const struct rd *r)
{
	return &r->tok[r->i];
}

static bool tok_is(const struct rd *r, const struct tok *t, struct slice word)
{
	if (t->kind != TOK_NAME && t->kind != TOK_PUNCT)
		return false;
	return r->blind ? slice_ieq(t->s, word) : slice_eq(t->s, word);
}

/* How many tokens the words are from token i on; 0: they are not there. */
static size_t words_at(const struct rd *r, size_t i, const char *words)
{
	struct slice rest = slice_of(words), word;
	size_t n = 0;

	while (slice_split(&rest, ' ', &word)) {
		if (i + n >= r->ntok || !tok_is(r, &r->tok[i + n], word))
			return 0;
		n++;
	}
	return n;
}

bool rd_is(const struct rd *r, const char *words)
{
	return words_at(r, r->i, words) > 0;
}

bool rd_take(struct rd *r, const char *words)
{
	size_t n = words_at(r, r->i, words);

	r->i += n;
	return n > 0;
}

int rd_need(struct rd *r, const char *word)
{
	return rd_take(r, word) ? 0 : rd_fail(r, rd_tok(r)->at, "%s is missing", word);
}

struct slice rd_need_name(struct rd *r)
{
	const struct tok *t = rd_tok(r);

	if (t->kind != TOK_NAME && t->kind != TOK_QNAME) {
		rd_fail(r, t->at, "a name is missing");
		return SLICE("");
	}
	r->i++;
	return t->s;
}

int64_t rd_need_int(struct rd *r)
{
	const struct tok *t = rd_tok(r);
	int64_t v = 0;

	if (t->kind != TOK_NUM || !slice_i64(t->s, &v))
		rd_fail(r, t->at, "a whole number is missing");
	else
		r->i++;
	return v;
}

const char *rd_str(struct rd *r, struct slice s)
{
	return arena_strndup(&r->p->arena, s.s, s.n);
}

/* ---- expressions ---- */

static struct ex *new_ex(struct rd *r, enum ex_kind kind, struct slice s, size_t at)
{
	struct ex *x = arena_zalloc(&r->p->arena, sizeof(*x));

	*x = (struct ex){.kind = kind, .s = s, .at = at};
	return x;
}

static void add_arg(struct rd *r, struct ex *x, struct ex *a)
{
	if ((x->n & (x->n - 1)) == 0) { /* room doubles at each power of two */
		struct ex **more =
		        arena_alloc(&r->p->arena, (x->n ? 2 * x->n : 1) * sizeof(struct ex *));
		if (x->n)
			memcpy(more, x->arg, x->n * sizeof(struct ex *));
		x->arg = more;
	}
	x->arg[x->n++] = a;
}

static struct ex *ex_at(struct rd *r, int prec);

static struct ex *list_until(struct rd *r, struct ex *x, const char *end)
{
	if (rd_take(r, end))
		return x;
	do {
		struct ex *a = ex_at(r, 0);
		if (!a)
			return NULL;
		add_arg(r, x, a);
	} while (rd_take(r, ","));
	return rd_need(r, end) ? NULL : x;
}

/* The rule of this place that matches the most tokens here. */
static const struct op_rule *op_here(struct rd *r, bool prefix, size_t *n)
{
	const struct op_rule *best = NULL;

	*n = 0;
	for (const struct op_rule *o = r->ops; o->words; o++) {
		size_t k = (o->place == OP_PREFIX) == prefix ? words_at(r, r->i, o->words) : 0;
		if (k > *n) {
			*n = k;
			best = o;
		}
	}
	return best;
}

static struct ex *primary(struct rd *r)
{
	static const enum ex_kind kinds[] = {[TOK_NAME] = EX_NAME,
	                                     [TOK_QNAME] = EX_QNAME,
	                                     [TOK_STR] = EX_STR,
	                                     [TOK_NUM] = EX_NUM};
	const struct tok *t = rd_tok(r);
	struct ex *x;

	if (rd_take(r, "(")) {
		x = list_until(r, new_ex(r, EX_LIST, SLICE("()"), t->at), ")");
		return x && x->n == 1 && x->arg[0]->kind != EX_LIST ? x->arg[0] : x;
	}
	if (r->brackets && rd_take(r, "["))
		return list_until(r, new_ex(r, EX_LIST, SLICE("[]"), t->at), "]");
	if (t->kind == TOK_END || t->kind == TOK_PUNCT) {
		rd_fail(r, t->at, "an expression is missing");
		return NULL;
	}
	r->i++;
	if (t->kind == TOK_NAME && rd_is(r, "("))
		return r->i++, list_until(r, new_ex(r, EX_CALL, t->s, t->at), ")");
	return new_ex(r, kinds[t->kind], t->s, t->at);
}

static struct ex *prefixed(struct rd *r)
{
	size_t n, at = rd_tok(r)->at;
	const struct op_rule *o = op_here(r, true, &n);
	struct ex *x, *a;

	if (!o)
		return primary(r);
	r->i += n;
	a = ex_at(r, o->prec);
	if (a && a->kind == EX_NUM && !strcmp(o->words, "-") && a->s.s == r->text.s + at + 1)
		return new_ex(r, EX_NUM, (struct slice){a->s.s - 1, a->s.n + 1}, at);
	x = new_ex(r, EX_OP, slice_of(o->words), at);
	if (a)
		add_arg(r, x, a);
	return a ? x : NULL;
}

/* One operator behind x, if there is one that binds at least as tight; NULL: an error. */
static struct ex *extended(struct rd *r, struct ex *x, int prec, bool *more)
{
	size_t n, at = rd_tok(r)->at;
	const struct op_rule *o = op_here(r, false, &n);
	struct ex *y, *b;

	*more = true;
	if (r->index && rd_take(r, "[")) {
		y = new_ex(r, EX_OP, SLICE("[]"), at);
		add_arg(r, y, x);
		return list_until(r, y, "]");
	}
	*more = o && o->prec > prec;
	if (!*more)
		return x;
	r->i += n;
	y = new_ex(r, EX_OP, slice_of(o->words), at);
	add_arg(r, y, x);
	if (o->place == OP_POSTFIX)
		return y;
	b = ex_at(r, o->prec);
	if (b)
		add_arg(r, y, b);
	return b ? y : NULL;
}

static struct ex *ex_at(struct rd *r, int prec)
{
	struct ex *x;
	bool more = true;

	if (++r->depth > DEPTH_MAX) {
		rd_fail(r, rd_tok(r)->at, "nested too deep");
		return NULL;
	}
	x = prefixed(r);
	while (x && more)
		x = extended(r, x, prec, &more);
	r->depth--;
	return rd_failed(r) ? NULL : x;
}

struct ex *rd_ex(struct rd *r)
{
	return ex_at(r, 0);
}

bool ex_is(const struct ex *x, enum ex_kind kind, const char *s)
{
	return x->kind == kind && slice_ieq(x->s, slice_of(s));
}

bool ex_call(const struct ex *x, const char *name, size_t n)
{
	return ex_is(x, EX_CALL, name) && (n == SIZE_MAX || x->n == n);
}

bool ex_op(const struct ex *x, const char *words)
{
	return ex_is(x, EX_OP, words);
}
