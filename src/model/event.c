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
