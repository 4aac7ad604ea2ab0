#include "demo/streams.h"

void part_begin(struct demo *d, const char *name)
{
	rng_seed(&d->rng, d->seed, name);
}

int part_scaled(const struct demo *d, int n)
{
	return (int)(n * d->scale);
}

mw_time part_midnight(mw_time t)
{
	return t - t % MW_DAY;
}

int part_busy(mw_time t)
{
	static const int hours[24] = {2,  1,  1,  1,  2,  4,  12, 40, 80, 100, 100, 95,
	                              70, 85, 95, 90, 75, 50, 25, 15, 10, 8,   5,   3};
	int day = (int)((t / MW_DAY + 4) % 7); /* 1970-01-01 was a Thursday; 0 is Sunday */
	int busy = hours[t % MW_DAY / MW_HOUR];
	return day == 0 || day == 6 ? (busy + 5) / 6 : busy;
}

mw_time part_any_time(struct demo *d)
{
	return d->start + (mw_time)(rng_next(&d->rng) % (uint64_t)(d->end - d->start));
}

const char *part_office_ip(struct demo *d)
{
	return rng_chance(&d->rng, 70) ? "198.51.100.10" : "198.51.100.11";
}

const char *part_outside_ip(struct demo *d)
{
	/* 203.0.113.128 and up belong to the stories, as 198.51.100.64 and up do. */
	return arena_printf(&d->out.arena, "203.0.113.%u", 1 + rng_skewed(&d->rng, 70));
}

static int generate(struct demo *d, struct err *e)
{
	noise_aws(d);
	noise_people(d);
	noise_net(d);
	noise_hosts(d);
	noise_azure(d);
	noise_kube(d);
	stories_put(d);
	findings_put(d);
	out_noise(&d->out);
	if (inventory_aws(d, e) || inventory_iam(d, e) || inventory_graph(d, e) ||
	    inventory_logging(d, e) || context_files(d, e))
		return -1;
	return out_flush(&d->out, e);
}

int demo_generate(int dir, const struct demo_opts *o, struct demo_stats *stats, struct err *e)
{
	struct demo d = {.seed = o->seed, .scale = o->scale, .b = BUF_INIT};
	d.end = o->end - o->end % MW_SECOND;
	d.start = d.end - PART_DAYS * MW_DAY;
	world_init(&d.w, o->seed, d.end);
	out_init(&d.out, dir, o->seed);
	int rc = generate(&d, e);
	*stats = (struct demo_stats){d.out.nevents, d.out.nfiles, d.out.bytes};
	out_release(&d.out);
	world_release(&d.w);
	buf_release(&d.b);
	return rc;
}
