/* Where a record holds an atom. */
#include "ground/ground_int.h"
#include "model/incident.h"

#define RAW_MAX (1u << 20) /* bytes of a cited raw record that are searched */
#define ELSEWHERE (1u << 31)

static bool alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (unsigned char)c >= 0x80;
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool number_like(struct slice key)
{
	for (size_t i = 0; i < key.n; i++)
		if (!digit(key.s[i]) && key.s[i] != '.' && key.s[i] != ':')
			return false;
	return true;
}

/* Whether the name goes on after (dir 1) or before (dir -1) the place: "fin-archive" is not "fin-archive-prod", but a host may be named
 * without its domain, a program without its ending, a domain without its host. */
static bool goes_on(struct slice text, size_t at, int dir, struct slice key)
{
	char c, next;
	bool dotted = memchr(key.s, '.', key.n) != NULL;
	if (dir > 0 ? at >= text.n : at == 0)
		return false;
	c = text.s[dir > 0 ? at : at - 1];
	next = dir > 0 ? (at + 1 < text.n ? text.s[at + 1] : '\0') : at > 1 ? text.s[at - 2] : '\0';
	if (alnum(c) && alnum(dir > 0 ? key.s[key.n - 1] : key.s[0]))
		return true;
	if (c == '.' && alnum(next))
		return number_like(key) || (dir > 0 ? dotted : !dotted && digit(next));
	if ((c == '-' || c == '_') && alnum(next))
		return true;
	return c == ':' && number_like(key) && digit(next);
}

bool text_holds(struct slice text, struct slice key)
{
	const char *at = text.s;
	size_t left = text.n;
	if (!key.n || key.n > text.n)
		return false;
	while ((at = memmem(at, left, key.s, key.n))) {
		size_t from = (size_t)(at - text.s);
		if (!goes_on(text, from, -1, key) && !goes_on(text, from + key.n, 1, key))
			return true;
		at++;
		left = text.n - (size_t)(at - text.s);
	}
	return false;
}

static bool time_fact(const struct fact *f, struct slice v, mw_time *t)
{
	return f->field && f->field->type == FT_TIME && mw_time_parse(v, t);
}

void record_raw(struct ground *g, struct rec *r)
{
	struct slice s = r->raw;
	if (r->raw_read)
		return;
	s.n = s.n < RAW_MAX ? s.n : RAW_MAX;
	r->raw_low = ground_fold(&g->arena, s);
	r->raw_read = true;
}

static unsigned rec_time(struct ground *g, uint32_t rec, const struct atom *a)
{
	struct rec *r = &g->recs.v[rec];
	mw_time t;
	if (when_matches(&a->when, r->time))
		return 1u << FR_WHEN;
	if (a->cmp == CMP_ABOUT && r->time != MW_TIME_NONE) {
		mw_time from, to;
		if (when_resolve(&a->when, r->time, &from, &to) &&
		    r->time >= from - 5 * MW_MINUTE && r->time <= to + 5 * MW_MINUTE)
			return 1u << FR_WHEN;
	}
	for (uint32_t i = r->from; i < r->to; i++) {
		char text[64];
		struct slice v = g->values.v[g->facts.v[i].value].text;
		if (v.n < 10 || v.n >= sizeof(text))
			continue;
		for (size_t k = 0; k < v.n; k++)
			text[k] = v.s[k] == 't' ? 'T' : v.s[k] == 'z' ? 'Z' : v.s[k];
		if ((time_fact(&g->facts.v[i], (struct slice){text, v.n}, &t) ||
		     (!g->facts.v[i].field && mw_time_parse((struct slice){text, v.n}, &t))) &&
		    when_matches(&a->when, t))
			return 1u << FR_WHEN;
	}
	return 0;
}

/* Times that stand only in the raw record, in any field: 2020-09-21 23:35:42.12 */
static bool raw_time(struct slice raw, const struct when *w)
{
	for (size_t i = 0; i + 19 <= raw.n; i++) {
		const char *p = raw.s + i;
		char text[32];
		size_t n = 19;
		mw_time t;
		if (p[4] != '-' || p[7] != '-' || p[13] != ':' || p[16] != ':' ||
		    (i && digit(p[-1])))
			continue;
		while (n < 26 && i + n < raw.n && (digit(p[n]) || p[n] == '.'))
			n++;
		memcpy(text, p, n);
		text[10] = 'T';
		if (mw_time_parse((struct slice){text, n}, &t) && when_matches(w, t))
			return true;
	}
	return false;
}

static bool same_number(struct slice v, double want)
{
	double d;
	return v.n && v.n < 32 && slice_double(v, &d) && d == want;
}

static bool path_says(const struct fact *f, const char *const *words)
{
	for (; *words; words++)
		if (mw_memimem(f->path, strlen(f->path), *words, strlen(*words)))
			return true;
	return false;
}

static bool severity_fact(const struct fact *f)
{
	static const char *const words[] = {"severity", "priority", "risk", "level", NULL};
	return path_says(f, words);
}

/* A record's own word for a thing: "criticality", of a tag by that name. */
static bool names_path(const struct fact *f, struct slice key)
{
	const char *dot = strrchr(f->path, '.'), *last = dot ? dot + 1 : f->path;
	return !f->field && slice_ieq(slice_of(last), key);
}

static bool may_act(const struct fact *f)
{
	return f->field ? f->field->sens != FS_PUBLIC || f->field->role == FR_ACTOR ||
	                          f->field->role == FR_SOURCE
	                : strcmp(f->path, "dataset") != 0;
}

static bool fact_holds(struct ground *g, const struct fact *f, const struct atom *a)
{
	struct slice v = g->values.v[f->value].text;
	enum severity sev;
	/* who acts is no kind of log and no product */
	if (a->want == FR_ACTOR && !may_act(f))
		return false;
	if (a->kind == AT_VALUE)
		return same_number(v, a->real) ||
		       (v.n < 64 && !memchr(a->key.s, '.', a->key.n) && !memchr(v.s, ' ', v.n) &&
		        text_holds(v, a->key) && !number_like(v));
	if (a->kind == AT_SEVERITY)
		return severity_fact(f) && severity_parse(v, &sev) && (int64_t)sev == a->num;
	return text_holds(v, a->key) || names_path(f, a->key);
}

static bool raw_holds(struct ground *g, struct rec *r, const struct atom *a)
{
	if (a->kind == AT_SEVERITY || !r->raw.n)
		return false;
	record_raw(g, r);
	if (a->kind == AT_VALUE) {
		/* a whole value: in quotes, or between the marks of JSON, or of key=value */
		for (const char *at = r->raw_low.s;
		     (at = memmem(at, (size_t)(r->raw_low.s + r->raw_low.n - at), a->key.s,
		                  a->key.n));
		     at++) {
			char before = at > r->raw_low.s ? at[-1] : ' ',
			     after = at + a->key.n < r->raw_low.s + r->raw_low.n ? at[a->key.n]
			                                                         : ' ';
			if (strchr("\":=, [(\t", before) && strchr("\",} ])\t\r\n", after))
				return true;
		}
		return false;
	}
	if (text_holds(r->raw_low, a->key))
		return true;
	if (!memchr(a->key.s, '\\', a->key.n))
		return false;
	/* in JSON a backslash is written twice */
	struct buf twice = BUF_INIT;
	for (size_t i = 0; i < a->key.n; i++) {
		buf_ch(&twice, a->key.s[i]);
		if (a->key.s[i] == '\\')
			buf_ch(&twice, '\\');
	}
	bool found = text_holds(r->raw_low, (struct slice){twice.s, twice.len});
	buf_release(&twice);
	return found;
}

unsigned rec_holds(struct ground *g, uint32_t rec, struct atom *a)
{
	struct rec *r = &g->recs.v[rec];
	unsigned roles = 0;
	if (a->kind == AT_TIME) {
		roles = rec_time(g, rec, a);
		if (!roles && r->raw.n)
			record_raw(g, r);
		return roles || !r->raw.n || !raw_time(r->raw_low, &a->when) ? roles
		                                                             : 1u << FR_WHEN;
	}
	for (uint32_t i = r->from; i < r->to; i++)
		if (fact_holds(g, &g->facts.v[i], a)) {
			if (!g->facts.v[i].field && !a->path)
				a->path = g->facts.v[i].path;
			roles |= g->facts.v[i].field ? 1u << g->facts.v[i].field->role : ELSEWHERE;
		}
	if (!roles && raw_holds(g, r, a))
		roles = ELSEWHERE;
	return roles;
}

/* ---- everywhere: by the tokens of values ---- */

static size_t next_token(struct slice s, size_t *at, struct slice *out)
{
	while (*at < s.n && !alnum(s.s[*at]))
		++*at;
	size_t from = *at;
	while (*at < s.n && alnum(s.s[*at]))
		++*at;
	*out = (struct slice){s.s + from, *at - from};
	return out->n;
}

static void index_tokens(struct ground *g)
{
	for (; g->tokened < g->values.n; g->tokened++) {
		const struct value *v = &g->values.v[g->tokened];
		struct slice t;
		for (size_t at = 0; !v->cut && next_token(v->text, &at, &t);) {
			bool added;
			struct map_entry *m = map_put(&g->tokens, t.s, t.n, &added);
			if (added) {
				m->val.u = g->lists.n;
				(void)vec_push(&g->lists);
			}
			struct value_list *l = &g->lists.v[m->val.u];
			if (!l->v.n || l->v.v[l->v.n - 1] != g->tokened)
				*vec_push(&l->v) = (uint32_t)g->tokened;
		}
	}
}

/* Of one who acts, the records in which he does; of others all that hold the value. */
static void add_value(struct ground *g, const struct value *v, const struct atom *a, bool acts,
                      struct set *out)
{
	for (size_t i = 0; i < v->at.n; i++) {
		const struct fact *f = &g->facts.v[v->at.v[i].fact];
		if (acts ? f->field && f->field->role == FR_ACTOR
		         : a->want != FR_ACTOR || may_act(f))
			set_add(out, v->at.v[i].rec);
	}
}

static void find_everywhere(struct ground *g, const struct atom *a, struct set *out)
{
	const struct value_list *best = NULL;
	struct slice t;
	if (a->kind == AT_TIME) {
		for (uint32_t i = 0; i < g->recs.n; i++)
			if (when_matches(&a->when, g->recs.v[i].time))
				set_add(out, i);
		return;
	}
	if (a->kind == AT_SEVERITY) {
		struct atom copy = *a;
		for (uint32_t i = 0; i < g->recs.n; i++)
			if (rec_holds(g, i, &copy))
				set_add(out, i);
		return;
	}
	index_tokens(g);
	for (size_t at = 0; next_token(a->key, &at, &t);) {
		const struct map_entry *m = map_get(&g->tokens, t.s, t.n);
		if (!m) {
			best = NULL;
			break;
		}
		if (!best || g->lists.v[m->val.u].v.n < best->v.n)
			best = &g->lists.v[m->val.u];
	}
	for (int acts = a->want == FR_ACTOR; acts >= 0 && !set_count(out); acts--)
		for (size_t i = 0; best && i < best->v.n; i++) {
			const struct value *v = &g->values.v[best->v.v[i]];
			if (a->kind == AT_VALUE ? same_number(v->text, a->real)
			                        : text_holds(v->text, a->key))
				add_value(g, v, a, acts, out);
		}
}

void atom_everywhere(struct ground *g, struct sentence *s, const struct atom *a, struct set *out)
{
	struct atom *own = &s->a[a - s->a];
	if (!own->all.w) {
		own->all = set_new(&s->arena, g, false);
		find_everywhere(g, own, &own->all);
		set_or(&own->all, &own->cited);
	}
	set_or(out, &own->all);
}

/* ---- a sentence's atoms in its cited records ---- */

static bool looked_for(const struct atom *a)
{
	return a->kind == AT_NAME || a->kind == AT_TIME || a->kind == AT_VALUE ||
	       a->kind == AT_SEVERITY;
}

static const char *const absent[] = {
        [AT_NAME] = "no cited record holds this name",
        [AT_ID] = "no such evidence was given",
        [AT_TIME] = "no cited record has this time",
        [AT_SPAN] = "no cited records lie so far apart",
        [AT_COUNT] = "the records do not count to this",
        [AT_VALUE] = "no cited record has this value",
        [AT_PERCENT] = "the records do not give this share",
        [AT_SEVERITY] = "no cited record has this severity",
        [AT_OUTCOME] = "the records say another outcome",
        [AT_VERB] = "the records say another act",
};

static void id_atom(struct ground *g, struct sentence *s, struct atom *a)
{
	uint32_t rec = ground_rec(g, (struct slice){s->text.s + a->from, a->to - a->from});
	if (rec == REC_NONE)
		a->fail = absent[AT_ID];
	else
		set_add(&a->cited, rec);
	a->proved = true;
}

void look_for_atoms(struct ground *g, struct sentence *s)
{
	for (size_t k = 0; k < s->na; k++) {
		struct atom *a = &s->a[k];
		a->cited = set_new(&s->arena, g, false);
		if (a->kind == AT_ID)
			id_atom(g, s, a);
		if (!looked_for(a))
			continue;
		for (size_t i = 0; i < s->cited.n; i++) {
			unsigned roles = rec_holds(g, s->cited.v[i], a);
			if (roles)
				set_add(&a->cited, s->cited.v[i]);
			a->roles |= roles;
		}
		if (!a->roles)
			a->fail = absent[a->kind];
	}
}
