/*
 * Several things asked of the same events: a number and what it is made of, who and when, two kinds of thing in one list. A part
 * that cannot be a column beside the rest is a step of its own, in front of the last one.
 */
#include "ask/shape.h"

static size_t subjects_end(const struct query *q, size_t ask)
{
	return ask + 1 < q->nasks ? q->asks[ask + 1].subject : q->subjects.n;
}

/* The field that one asking word asks for; NULL where it asks for the events. */
static const char *asked_field(const struct build *b, const struct query *q, size_t ask)
{
	const struct ask_word *a = &q->asks[ask];

	if (a->g == G_WHO)
		return who_field(b, q);
	if (a->g == G_WHEN || a->g == G_EACH)
		return NULL;
	if (a->subject < subjects_end(q, ask))
		return subject_field(b, q, q->subjects.v[a->subject]);
	return a->g == G_WHERE ? "src_endpoint.ip" : NULL;
}

static bool asks(const struct query *q, enum gram g)
{
	for (size_t i = 0; i < q->nasks; i++)
		if (q->asks[i].g == g)
			return true;
	return false;
}

/* The step so far becomes a part that answers by itself; the step that is made has the same events. */
static struct plan_search *split_part(const struct build *b, struct plan_search *s,
                                      enum plan_show show)
{
	struct plan *p = b->p;
	size_t at = 0;
	struct plan_step *part, *last;

	while (&p->steps[at].search != s)
		at++;
	last = plan_add_step(p, PS_SEARCH);
	part = &p->steps[at];
	last->search = part->search;
	last->search.where = plan_clone_node(p, part->search.where);
	part->part = true;
	part->part_show = show;
	if (show == SHOW_COUNT)
		shape_stat(b, &part->search, FN_COUNT, NULL, "count");
	return &last->search;
}

static void tell(const struct build *b, struct plan_search *s, const char *field)
{
	struct plan_field *f = arena_zalloc(&b->p->arena, (s->ncolumns + 1) * sizeof(*f));

	for (size_t i = 0; i < s->ncolumns; i++)
		if (strcmp(s->columns[i].name, field) == 0)
			return;
	if (s->ncolumns)
		memcpy(f, s->columns, s->ncolumns * sizeof(*f));
	s->columns = f;
	(void)plan_field_set(b->p, &s->columns[s->ncolumns++], field);
}

/* The events themselves, each with its time, what it is, and what was asked of it. */
static void tell_events(const struct build *b, const struct query *q, struct plan_search *s)
{
	static const char *const what[] = {"api.operation", "finding_info.title",
	                                   "metadata.event_code", "activity_name", NULL};
	const char *name = world_first_field(b->env->w, what);

	tell(b, s, "time");
	if (name)
		tell(b, s, name);
	for (size_t i = 0; i < q->nasks; i++) {
		const char *f = asked_field(b, q, i);

		if (f)
			tell(b, s, f);
	}
	b->p->show = SHOW_EVENTS;
}

static void group_asked(const struct build *b, const struct query *q, struct plan_search *s,
                        size_t from)
{
	for (size_t i = from; i < q->nasks; i++) {
		const char *f = q->asks[i].g == G_COUNT ? NULL : asked_field(b, q, i);

		if (f)
			shape_by(b, s, f);
	}
	shape_stat(b, s, FN_COUNT, NULL, "count");
	if (s->nby)
		(void)plan_field_set(b->p, &b->p->value_field, s->by[0].name);
}

/* "how many logins, and from which addresses" */
static bool number_and_names(const struct build *b, const struct query *q, struct plan_search *s)
{
	bool named = false;

	for (size_t i = 1; i < q->nasks; i++)
		named = named || asked_field(b, q, i);
	if (q->asks[0].g != G_COUNT || asked_field(b, q, 0) || (!named && !asks(q, G_WHEN)))
		return false;
	s = split_part(b, s, SHOW_COUNT);
	if (asks(q, G_WHEN)) {
		tell_events(b, q, s);
		return true;
	}
	group_asked(b, q, s, 1);
	b->p->show = SHOW_RANKING;
	return true;
}

/* "which snapshots or images": two fields, one list */
static size_t either_fields(const struct build *b, const struct query *q, const char *f[2])
{
	if (q->subjects.n == 0 && q->ninside == 2) {
		f[0] = q->inside[0];
		f[1] = q->inside[1];
	} else if (q->either && q->subjects.n == 2) {
		f[0] = subject_field(b, q, q->subjects.v[0]);
		f[1] = subject_field(b, q, q->subjects.v[1]);
	} else {
		return 0;
	}
	return strcmp(f[0], f[1]) == 0 ? 0 : 2;
}

static bool one_list(const struct build *b, struct query *q, struct plan_search *s)
{
	const char *f[2];

	if (!(q->which || q->list) || either_fields(b, q, f) != 2)
		return false;
	shape_done(b, q, s);
	b->p->show = q->each ? SHOW_RANKING : SHOW_VALUES;
	(void)split_part(b, s, b->p->show);
	for (size_t i = 0; i < 2; i++) {
		s = &b->p->steps[b->p->nsteps - 2 + i].search;
		shape_by(b, s, f[i]);
		shape_stat(b, s, FN_COUNT, NULL, "count");
	}
	return true;
}

/* "which events used X, and how many" */
static bool events_and_number(const struct build *b, const struct query *q, struct plan_search *s,
                              const struct want *w)
{
	if (q->nasks != 2 || q->asks[0].g != G_WHICH || q->asks[1].g != G_EACH || w->subject ||
	    !q->noun)
		return false;
	split_part(b, s, SHOW_COUNT);
	b->p->show = SHOW_EVENTS;
	return true;
}

bool shape_compound(const struct build *b, struct query *q, struct plan_search *s,
                    const struct want *w)
{
	size_t fields = 0;

	if (q->top || q->least || q->busiest || q->once || q->fresh || q->span || q->series ||
	    q->distinct || q->having != G_NONE || q->fn >= 0)
		return false;
	if (one_list(b, q, s))
		return true;
	for (size_t i = 0; i < q->nasks; i++)
		fields += asked_field(b, q, i) ? 1 : 0;
	if (w->ngroups) {
		/* "which buckets by which user, how many objects each" */
		if (!w->subject || !q->which || !asks(q, G_COUNT) || q->asks[0].g == G_COUNT)
			return false;
		for (size_t i = 0; i < w->ngroups; i++)
			shape_by(b, s, w->groups[i]);
		shape_by(b, s, w->subject);
		shape_stat(b, s, FN_COUNT, NULL, "count");
		b->p->show = SHOW_RANKING;
		return true;
	}
	if (q->in_order && fields) {
		tell_events(b, q, s);
		return true;
	}
	if (q->nasks < 2)
		return false;
	if (number_and_names(b, q, s) || events_and_number(b, q, s, w))
		return true;
	if (asks(q, G_WHEN) && fields) {
		tell_events(b, q, s);
		return true;
	}
	if (fields < 2 || q->asks[0].g == G_COUNT)
		return false;
	shape_done(b, q, s);
	group_asked(b, q, s, 0);
	b->p->show = q->each ? SHOW_RANKING : SHOW_VALUES;
	return true;
}
