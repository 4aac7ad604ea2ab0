/* What stands together must hold together: parts of a clause in one record, outcomes, acts, roles, orders. */
#include "ground/ground_int.h"

#define CLASSES_MAX 64

/* Atoms of one class are alternatives ("A, B and C"); atoms of different classes belong to one event. */
static unsigned class_of(const struct atom *a)
{
	unsigned roles = a->roles;
	if (a->kind == AT_TIME)
		return 40;
	if (a->kind == AT_SEVERITY)
		return 41;
	if (a->kind == AT_VALUE)
		return 42;
	if (a->want)
		return (unsigned)a->want;
	for (unsigned r = 1; r <= FR_WHEN; r++)
		if (roles & 1u << r)
			return r;
	return a->path ? 10 + (unsigned)(mw_hash(a->path, strlen(a->path)) % 20) : 30;
}

static bool joins(const struct atom *a)
{
	return (a->kind == AT_NAME || a->kind == AT_TIME || a->kind == AT_VALUE ||
	        a->kind == AT_SEVERITY) &&
	       !a->fail && !a->proved && !a->soft && !a->range_from && !a->range_to;
}

struct row_test {
	const struct atom *a[GROUND_ATOMS_MAX];
	unsigned class[GROUND_ATOMS_MAX];
	size_t n;
};

/* Whether record rec holds at least one atom of each class, `without` left out. */
static bool full_row(const struct row_test *t, uint32_t rec, const struct atom *without)
{
	uint64_t have = 0, need = 0;
	for (size_t i = 0; i < t->n; i++) {
		if (t->a[i] == without)
			continue;
		need |= UINT64_C(1) << t->class[i];
		if (set_has(&t->a[i]->cited, rec))
			have |= UINT64_C(1) << t->class[i];
	}
	return have == need;
}

static bool in_row(const struct sentence *s, const struct row_test *t, const struct atom *a,
                   const struct atom *without)
{
	for (size_t i = 0; i < s->cited.n; i++)
		if (set_has(&a->cited, s->cited.v[i]) && full_row(t, s->cited.v[i], without))
			return true;
	return false;
}

static bool all_in_rows(const struct sentence *s, const struct row_test *t,
                        const struct atom *without)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->a[i] != without && !in_row(s, t, t->a[i], without))
			return false;
	return true;
}

/* The doer of the sentence, for clauses that begin with a verb. */
static const struct atom *subject_of(const struct sentence *s)
{
	for (size_t i = 0; i < s->nt && !s->t[i].verb; i++)
		if (s->t[i].atom >= 0 && s->a[s->t[i].atom].kind == AT_NAME)
			return &s->a[s->t[i].atom];
	return NULL;
}

static bool begins_with_verb(const struct sentence *s, int clause)
{
	for (size_t i = 0; i < s->nt; i++)
		if (s->t[i].clause == clause &&
		    !word_is(s, i,
		             "and|then|but|also|later|subsequently|immediately|finally|afterwards|"
		             "again|first"))
			return (s->t[i].verb && !word_is(s, i, "was|were|is|are")) ||
			       (s->t[i].atom >= 0 && s->a[s->t[i].atom].kind == AT_OUTCOME);
	return false;
}

/* "from A, B, C": the word before the first speaks of the others as well. */
static bool goes_on(const struct atom *head, const struct atom *a)
{
	return head->kind == AT_NAME && a->kind == AT_NAME && head->want && !a->want &&
	       head->path && a->path && strcmp(head->path, a->path) == 0;
}

static void collect(const struct sentence *s, int clause, struct row_test *t)
{
	const struct atom *subject = clause && begins_with_verb(s, clause) ? subject_of(s) : NULL;
	size_t head = 0; /* of the list that goes on */
	t->n = 0;
	if (subject && joins(subject) && subject->clause != clause)
		t->a[t->n++] = subject;
	for (size_t k = 0; k < s->na; k++)
		if (s->a[k].clause == clause && joins(&s->a[k]) && t->n < GROUND_ATOMS_MAX)
			t->a[t->n++] = &s->a[k];
	for (size_t i = 0; i < t->n; i++) {
		if (!i || !goes_on(t->a[head], t->a[i]))
			head = i;
		t->class[i] = class_of(t->a[head]);
	}
	/* The doer that was carried over is not an alternative to names of its own clause. */
	if (subject && t->n > 1 && t->a[0] == subject)
		t->class[0] = 62;
}

static void blame(struct sentence *s, const struct row_test *t, int clause)
{
	static const char why[] = "no cited record holds this together with the rest";
	const struct atom *odd = NULL;
	size_t odds = 0;
	for (size_t i = 0; i < t->n; i++)
		if (t->a[i]->clause == clause && all_in_rows(s, t, t->a[i])) {
			odd = t->a[i];
			odds++;
		}
	for (size_t i = 0; i < t->n; i++) {
		struct atom *a = &s->a[t->a[i] - s->a];
		bool guilty = odds == 1  ? a == odd
		              : odds > 1 ? all_in_rows(s, t, a)
		                         : !in_row(s, t, a, NULL);
		if (guilty && a->clause == clause)
			a->fail = why;
	}
}

static void clause_rows(struct ground *g, struct sentence *s, int clause, struct row_test *t)
{
	collect(s, clause, t);
	if (t->n < 2 || all_in_rows(s, t, NULL))
		return;
	blame(s, t, clause);
	for (size_t i = 0; i < s->cited.n; i++)
		for (size_t k = 0; k < t->n; k++)
			if (!t->a[k]->fail && set_has(&t->a[k]->cited, s->cited.v[i]))
				sentence_against(g, s, s->cited.v[i]);
}

/* ---- roles ---- */

static bool has_other_in_role(struct ground *g, const struct sentence *s, const struct atom *a,
                              enum field_role role)
{
	for (size_t i = 0; i < s->cited.n; i++) {
		const struct rec *r = &g->recs.v[s->cited.v[i]];
		for (uint32_t k = r->from; set_has(&a->cited, s->cited.v[i]) && k < r->to; k++) {
			const struct field *f = g->facts.v[k].field;
			if (f && f->role == role && f->sens != FS_PUBLIC &&
			    (role == FR_ACTOR ? strstr(f->name, "name") != NULL : f->type == FT_IP))
				return true;
		}
	}
	return false;
}

/* Whether all fields of the actor's kind in the records that hold the name are of another part. */
static void check_roles(struct ground *g, struct sentence *s)
{
	for (size_t k = 0; k < s->na; k++) {
		struct atom *a = &s->a[k];
		unsigned good = 1u << FR_ACTOR | 1u << FR_SOURCE | 1u << FR_WHERE | 1u << 31;
		unsigned bad = 1u << FR_TARGET | 1u << FR_DESTINATION;
		if (a->kind != AT_NAME || a->fail || a->soft || a->proved || !a->want)
			continue;
		if (a->want == FR_SOURCE) {
			bad = 1u << FR_DESTINATION;
			good = ~bad;
		} else if (a->roles == 1u << FR_WHAT) {
			/* "by GetObject", "from the policy X": no part that a person plays */
			continue;
		}
		if ((a->roles & bad) && !(a->roles & good) && has_other_in_role(g, s, a, a->want))
			a->fail = a->want == FR_ACTOR
			                  ? "the records name another as the one who acted"
			                  : "the records name it as the other end";
	}
}

/* ---- outcomes and acts ---- */

/* The part fails, and every record that has the rest of its clause says so. */
static void rows_deny(struct ground *g, struct sentence *s, struct atom *a,
                      const struct row_test *t, const char *why)
{
	a->fail = why;
	for (size_t i = 0; i < s->cited.n; i++)
		if (full_row(t, s->cited.v[i], NULL))
			sentence_against(g, s, s->cited.v[i]);
}

static void check_outcome(struct ground *g, struct sentence *s, struct atom *a,
                          const struct row_test *t)
{
	bool fits = false;
	/* "4 of which were denied": counted with its outcome */
	for (size_t k = 0; k < s->na && g->complete && !t->n; k++)
		fits = fits || (s->a[k].kind == AT_COUNT && s->a[k].clause == a->clause);
	for (size_t i = 0; i < s->cited.n && !fits; i++)
		fits = full_row(t, s->cited.v[i], NULL) &&
		       ground_outcome_is(g, s->cited.v[i], a->num);
	if (!fits)
		rows_deny(g, s, a, t, "the records say another outcome");
}

unsigned acts_of(struct ground *g, uint32_t rec)
{
	const struct rec *r = &g->recs.v[rec];
	unsigned f = 0;
	for (uint32_t i = r->from; i < r->to; i++) {
		const struct field *x = g->facts.v[i].field;
		if (x && (!strcmp(x->name, "api.operation") || !strcmp(x->name, "activity_name")))
			f |= act_family(g->values.v[g->facts.v[i].value].text);
	}
	return f;
}

/* "assumed the role": what was done with the role shows it as well as the act itself. */
static bool by_session(const struct ground *g, const struct sentence *s, const struct atom *a,
                       uint32_t rec)
{
	const struct rec *r = &g->recs.v[rec];
	for (uint32_t i = r->from; i < r->to && word_is(s, a->tok, "assumed|assumes"); i++) {
		struct slice v = g->values.v[g->facts.v[i].value].text;
		if (memmem(v.s, v.n, ":assumed-role/", 14))
			return true;
	}
	return false;
}

static void check_verb(struct ground *g, struct sentence *s, struct atom *a,
                       const struct row_test *t)
{
	bool bad = false, good = false;
	for (size_t i = 0; i < s->cited.n && t->n; i++) {
		if (!full_row(t, s->cited.v[i], NULL))
			continue;
		if (families_conflict((unsigned)a->num, acts_of(g, s->cited.v[i])) &&
		    !by_session(g, s, a, s->cited.v[i]))
			bad = true;
		else
			good = true;
	}
	if (bad && !good)
		rows_deny(g, s, a, t, "the records say another act");
}

void check_together(struct ground *g, struct sentence *s)
{
	struct row_test t;
	check_roles(g, s);
	for (int c = 0; c < s->clauses; c++) {
		clause_rows(g, s, c, &t);
		/* again, without what failed: the rest can still say something of outcome and act */
		collect(s, c, &t);
		for (size_t k = 0; k < s->na; k++) {
			struct atom *a = &s->a[k];
			if (a->clause != c || a->proved || a->fail)
				continue;
			if (a->kind == AT_OUTCOME)
				check_outcome(g, s, a, &t);
			else if (a->kind == AT_VERB)
				check_verb(g, s, a, &t);
		}
	}
}

/* ---- orders ---- */

struct operand {
	size_t from, to; /* tokens */
	bool named;      /* it holds something to look for */
	mw_time first, last;
};

/* Times of the cited records that hold all names between the tokens. */
static void measure(struct ground *g, const struct sentence *s, struct operand *o)
{
	o->first = o->last = MW_TIME_NONE;
	o->named = false;
	for (size_t i = 0; i < s->cited.n; i++) {
		mw_time t = g->recs.v[s->cited.v[i]].time;
		bool all = true;
		for (size_t k = 0; k < s->na; k++) {
			const struct atom *a = &s->a[k];
			if (a->tok < o->from || a->tok >= o->to ||
			    (a->kind != AT_NAME && a->kind != AT_TIME && a->kind != AT_VALUE) ||
			    a->soft)
				continue;
			o->named = true;
			all = all && set_has(&a->cited, s->cited.v[i]);
		}
		if (!all || !o->named || t == MW_TIME_NONE)
			continue;
		if (o->first == MW_TIME_NONE || t < o->first)
			o->first = t;
		if (o->last == MW_TIME_NONE || t > o->last)
			o->last = t;
	}
}

/* A bare time as operand: its own value. */
static bool time_only(const struct sentence *s, const struct operand *o, mw_time near, mw_time *at)
{
	const struct atom *found = NULL;
	mw_time to;
	for (size_t k = 0; k < s->na; k++) {
		if (s->a[k].tok < o->from || s->a[k].tok >= o->to || s->a[k].kind == AT_VERB)
			continue;
		if (s->a[k].kind != AT_TIME || found)
			return false;
		found = &s->a[k];
	}
	return found && when_resolve(&found->when, near, at, &to);
}

static size_t end_of_part(const struct sentence *s, size_t i)
{
	while (i < s->nt && !s->t[i].stop && !s->t[i].comma &&
	       !(i > 0 && word_is(s, i, "before|after|then|while")))
		i++;
	return i < s->nt && (s->t[i].comma || s->t[i].stop) ? i + 1 : i;
}

/* Judges "left came before right" for the connective at token c. */
static void judge(struct ground *g, struct sentence *s, size_t c, struct operand left,
                  struct operand right)
{
	mw_time at;
	bool ok;
	measure(g, s, &left);
	measure(g, s, &right);
	if (!left.named || !right.named)
		return;
	s->checked = true;
	if (time_only(s, &right, left.first, &at))
		ok = left.first != MW_TIME_NONE && left.first < at;
	else if (time_only(s, &left, right.last, &at))
		ok = right.last != MW_TIME_NONE && right.last >= at;
	else
		ok = left.first != MW_TIME_NONE && right.first != MW_TIME_NONE &&
		     left.first < right.last && left.first <= right.first;
	for (size_t k = 0; k < s->na; k++)
		if (s->a[k].kind == AT_TIME && s->a[k].fail && ok &&
		    ((s->a[k].tok >= left.from && s->a[k].tok < left.to) ||
		     (s->a[k].tok >= right.from && s->a[k].tok < right.to)))
			s->a[k].fail = NULL;
	if (!ok)
		sentence_fail(s, s->t[c].from, s->t[c].to,
		              "the times of the records say another order");
}

/* Of the words before the connective, those of its own part: a sentence may hold several. */
static size_t part_start(const struct sentence *s, size_t c)
{
	size_t i = c;
	while (i > 0 && !s->t[i - 1].stop && !word_is(s, i - 1, "before|after|then|while"))
		i--;
	return i;
}

static const struct {
	const char *words;
	bool swapped;     /* right came first */
	const char *next; /* a word that must follow; NULL: none */
} connectives[] = {
        {"before|preceded|preceding|ahead", false, NULL},
        {"prior", false, "to"},
        {"after|following", true, NULL},
        {"then|subsequently|afterwards|thereafter", false, NULL},
        {"followed", false, "by"},
        {"later", false, NULL},
        {"earlier", true, "than"},
        {"next", false, NULL},
};

static bool is_count_word(const struct sentence *s, size_t i)
{
	/* "5 minutes later", "an hour after": the length is judged as a length */
	return i && s->t[i - 1].atom >= 0 && s->a[s->t[i - 1].atom].kind == AT_SPAN;
}

/* An adverb inside its clause ("B called Y later") sets the clause after what stands before it. */
static bool inside_clause(const struct sentence *s, size_t i, size_t *start)
{
	bool named = false;
	*start = i;
	while (*start > 0 && s->t[*start - 1].clause == s->t[i].clause) {
		--*start;
		named = named ||
		        (s->t[*start].atom >= 0 && s->a[s->t[*start].atom].kind == AT_NAME);
	}
	return named && *start > 0;
}

/* "X was then changed", "X then appeared": after what an earlier sentence told. */
static bool after_another(const struct sentence *s, size_t i, size_t from)
{
	size_t before = i - 1;
	if (!i || s->t[before].comma || s->t[before].stop || from == i ||
	    !word_is(s, i, "later|subsequently|afterwards|thereafter|then"))
		return false;
	if (!word_is(s, before, "was|were|is|has|had|been") &&
	    !(before++, i + 1 < s->nt && (s->t[i + 1].verb || s->t[i + 1].atom >= 0) &&
	                        verb_agent(s->t[i + 1].low)))
		return false;
	while (from < before && !s->t[from].verb)
		from++;
	return from == before;
}

static void one_connective(struct ground *g, struct sentence *s, size_t i, bool swapped, bool sub)
{
	struct operand left = {.from = part_start(s, i), .to = i},
	               right = {.from = i + 1, .to = end_of_part(s, i + 1)};
	size_t start;
	bool adverb = word_is(s, i, "later|subsequently|afterwards|thereafter|next");
	if (after_another(s, i, left.from))
		return;
	if (adverb && inside_clause(s, i, &start)) {
		judge(g, s, i,
		      (struct operand){.from = part_start(s, start ? start - 1 : 0), .to = start},
		      (struct operand){.from = start, .to = s->nt});
		return;
	}
	bool front = left.from == i || (is_count_word(s, i) && left.from + 2 >= i);
	if (front && sub) { /* "After X, Y" */
		left = right;
		right = (struct operand){.from = left.to, .to = s->nt};
		for (size_t k = right.from; k < s->nt; k++)
			if (s->t[k].stop) {
				right.to = k + 1;
				break;
			}
		swapped = !swapped;
	} else {
		right.to = right.to > i + 1 ? right.to : s->nt;
	}
	if (swapped) {
		struct operand x = left;
		left = right;
		right = x;
	}
	judge(g, s, i, left, right);
}

void check_order(struct ground *g, struct sentence *s)
{
	for (size_t i = 0; i < s->nt; i++)
		for (size_t k = 0; k < ARRAY_LEN(connectives); k++) {
			if (!word_is(s, i, connectives[k].words) ||
			    (connectives[k].next && !word_is(s, i + 1, connectives[k].next)))
				continue;
			if (word_is(s, i, "later|next") &&
			    word_is(s, i + 1, "than|steps|step|questions"))
				continue;
			if (word_is(s, i, "following") && i && word_is(s, i - 1, "the"))
				continue;
			one_connective(g, s, i, connectives[k].swapped, k < 3);
			break;
		}
}
