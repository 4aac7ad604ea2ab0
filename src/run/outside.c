/* An empty answer of sources outside. */
#include "base/mem.h"
#include "run/run.h"

static bool embedded(struct slice name)
{
	return slice_eq_str(name, "lake") || slice_eq_str(name, "graph");
}

bool run_asks_outside(const struct plan *p)
{
	for (size_t i = 0; i < p->nsteps; i++) {
		struct slice rest = slice_of(p->steps[i].source), name;
		while (slice_split(&rest, ',', &name))
			if (!embedded(slice_trim(name)))
				return true;
	}
	return false;
}

static void add_probe(struct empty_proof *out, struct slice name, const struct run_step *s)
{
	struct empty_probe *probe = vec_push(&out->probes);
	char to[32];

	probe->what = xasprintf("%.*s was asked for exactly this", (int)name.n, name.s);
	if (s->done.complete_to == MW_TIME_NONE) {
		probe->found = xstrdup("no such record");
	} else {
		mw_time_format(s->done.complete_to, to);
		probe->found = xasprintf("no such record; its data reaches to %s", to);
	}
	probe->ok = true;
}

void run_prove_outside(const struct plan *p, const struct run_result *r, struct empty_proof *out)
{
	struct buf b = BUF_INIT;
	size_t last = p->nsteps - 1;
	struct slice rest = slice_of(p->steps[last].source), name;

	*out = (struct empty_proof){.reason = EMPTY_TRULY_NONE, .complete_to = MW_TIME_NONE};
	while (slice_split(&rest, ',', &name)) {
		name = slice_trim(name);
		add_probe(out, name, &r->steps[last]);
		buf_printf(&b, "%s%.*s", b.len ? ", " : "", (int)name.n, name.s);
	}
	out->sentence =
	        xasprintf("Asked and answered without a record: %s. What a source outside does not "
	                  "take in cannot be proved from here.",
	                  b.s);
	buf_release(&b);
}
