#include "model/event.h"

void event_reset(struct event *ev)
{
	size_t cap = ev->vals.cap;
	struct event_val *v = ev->vals.v;

	memset(ev, 0, sizeof(*ev));
	ev->time = ev->arrival = MW_TIME_NONE;
	ev->vals.v = v;
	ev->vals.cap = cap;
}

void event_release(struct event *ev)
{
	vec_free(&ev->vals);
	event_reset(ev);
}

void event_add(struct event *ev, field_id f, struct slice value)
{
	if (value.n == 0 || f == FIELD_NONE)
		return;
	*vec_push(&ev->vals) = (struct event_val){f, value};
}

struct slice event_get(const struct event *ev, field_id f)
{
	const struct event_val *v;

	vec_each (v, &ev->vals)
		if (v->field == f)
			return v->value;
	return (struct slice){"", 0};
}

static struct slice keep(struct arena *a, struct slice s)
{
	return (struct slice){arena_memdup(a, s.s, s.n), s.n};
}

void event_copy(struct event *to, const struct event *from, struct arena *a)
{
	const struct event_val *v;

	*to = *from;
	to->dataset = arena_strdup(a, from->dataset ? from->dataset : "");
	to->uid = keep(a, from->uid);
	to->basename = keep(a, from->basename);
	to->raw = keep(a, from->raw);
	to->vals.v = NULL;
	to->vals.n = to->vals.cap = 0;
	vec_each (v, &from->vals)
		*vec_push(&to->vals) = (struct event_val){v->field, keep(a, v->value)};
}

bool dataset_within(const char *dataset, struct slice name)
{
	size_t n = strlen(dataset);

	return n >= name.n && memcmp(dataset, name.s, name.n) == 0 &&
	       (n == name.n || dataset[name.n] == '.');
}
