/*
 * Ordinary traffic and name look-ups.
 */
#include "demo/streams.h"

static const struct instance *any_of(struct demo *d, const char *fleet)
{
	const struct instance *hit[64];
	uint32_t n = 0;
	struct instance *i;
	vec_each (i, &d->w.instances)
		if (!strcmp(i->fleet, fleet) && n < ARRAY_LEN(hit))
			hit[n++] = i;
	return hit[rng_below(&d->rng, n)];
}

/* Who talks to whom. to: a fleet, "@db" a database by name, "internet", or "cloud" for the
 * provider's endpoints. */
struct talk {
	const char *from, *to;
	int port, times; /* in three days */
	int lo, hi;      /* kilobytes */
	bool by_day;     /* follows people's hours */
};
static const struct talk talks[] = {
        {"web", "api", 8081, 2600, 4, 900, true},
        {"api", "@orders-db", 3306, 1700, 2, 400, true},
        {"api", "@ledger-db", 5432, 1100, 2, 300, true},
        {"api", "@users-db", 5432, 700, 1, 90, true},
        {"worker", "@orders-db", 3306, 700, 2, 700, false},
        {"worker", "cloud", 443, 900, 3, 2000, false},
        {"api", "cloud", 443, 900, 3, 900, true},
        {"web", "cloud", 443, 500, 2, 200, true},
        {"report", "@reporting-db", 5432, 300, 20, 9000, false},
        {"report", "cloud", 443, 300, 50, 40000, false},
        {"eks-node", "eks-node", 10250, 900, 1, 60, false},
        {"eks-node", "cloud", 443, 800, 2, 3000, false},
        {"eks-node", "api", 9100, 600, 1, 30, false},
        {"bastion", "web", 22, 60, 4, 200, true},
        {"bastion", "worker", 22, 40, 4, 200, true},
        {"fs-win", "dc-win", 389, 260, 1, 40, true},
        {"dc-win", "dc-win", 445, 160, 1, 80, false},
        {"web", "collector", 514, 600, 1, 60, false},
        {"api", "collector", 514, 600, 1, 60, false},
        {"eu-web", "eu-api", 8081, 900, 3, 500, true},
        {"eu-api", "@eu-orders-db", 5432, 500, 2, 300, true},
        {"eu-api", "cloud", 443, 400, 2, 500, true},
        {"collector", "cloud", 443, 900, 20, 9000, false},
        {"dev-app", "@dev-orders-db", 5432, 400, 1, 100, true},
        {"dev-app", "cloud", 443, 700, 1, 900, true},
        {"dev-node", "cloud", 443, 400, 1, 900, false},
        {"ml-train", "cloud", 443, 300, 100, 90000, false},
        {"dev-app", "dev-app", 8080, 500, 1, 90, true},
        {"orders-mongo", "orders-mongo", 27017, 500, 4, 600, false},
};

static const char *cloud_ip(struct demo *d)
{
	return arena_printf(&d->out.arena, "198.51.100.%d", 224 + rng_between(&d->rng, 1, 28));
}

static mw_time people_time(struct demo *d)
{
	mw_time at = part_any_time(d);
	for (int k = 0; k < 12 && !rng_chance(&d->rng, part_busy(at)); k++)
		at = part_any_time(d);
	return at;
}

static void one_talk(struct demo *d, const struct talk *t)
{
	mw_time at = t->by_day ? people_time(d) : part_any_time(d);
	const struct instance *from = any_of(d, t->from);
	int64_t bytes = (int64_t)rng_between(&d->rng, t->lo, t->hi) * 1024;
	if (*t->to == '@')
		flow_out(d, at, from, world_database(&d->w, t->to + 1)->ip, t->port, bytes);
	else if (!strcmp(t->to, "cloud"))
		flow_out(d, at, from, cloud_ip(d), t->port, bytes);
	else
		flow_out(d, at, from, any_of(d, t->to)->ip, t->port, bytes);
}

/* The load balancer's nodes in front of the web tier, and customers at the EU web servers. */
static void customers(struct demo *d)
{
	for (int k = part_scaled(d, 2200); k > 0; k--) {
		flow_in(d, people_time(d), any_of(d, "web"), WORLD_ALB_IP, 8080,
		        rng_between(&d->rng, 2, 300) * 1024, false);
	}
	for (int k = part_scaled(d, 900); k > 0; k--)
		flow_in(d, people_time(d), any_of(d, "eu-web"),
		        arena_printf(&d->out.arena, "192.0.2.%u", 1 + rng_below(&d->rng, 40)), 443,
		        rng_between(&d->rng, 2, 90) * 1024, false);
}

/* The internet tries every door. */
static void background(struct demo *d)
{
	static const int ports[] = {22, 23, 445, 3389, 8080, 6379, 5900, 1433, 9200, 2375};
	static const char *const open_fleets[] = {"bastion", "legacy-gw", "eu-web"};
	for (int k = part_scaled(d, 1500); k > 0; k--)
		flow_in(d, part_any_time(d), any_of(d, open_fleets[rng_below(&d->rng, 3)]),
		        part_outside_ip(d), ports[rng_skewed(&d->rng, ARRAY_LEN(ports))], 44, true);
	for (int k = part_scaled(d, 160); k > 0; k--)
		flow_in(d, part_any_time(d), any_of(d, "legacy-gw"), part_outside_ip(d), 8443,
		        rng_between(&d->rng, 2, 30) * 1024, false);
}

struct name {
	const char *fleet, *name, *type, *answer;
	int times;
};
static const struct name names[] = {
        {"web", "api.internal.harborlight.example", "A", "@api-01", 900},
        {"web", "secretsmanager.us-east-1.amazonaws.com", "A", "198.51.100.230", 200},
        {"api", "orders-db.cxexample.us-east-1.rds.amazonaws.com", "A", "@orders-db", 800},
        {"api", "s3.us-east-1.amazonaws.com", "A", "198.51.100.233", 600},
        {"api", "psp.partner-pay.example", "A", "192.0.2.20", 500},
        {"worker", "sqs.us-east-1.amazonaws.com", "A", "198.51.100.231", 900},
        {"eks-node", "111122223333.dkr.ecr.us-east-1.amazonaws.com", "A", "198.51.100.235", 500},
        {"eks-node", "checkout.checkout.svc.cluster.local", "A", NULL, 400},
        {"eks-node", "metrics.agent-vendor.example", "A", "192.0.2.30", 500},
        {"report", "athena.us-east-1.amazonaws.com", "A", "198.51.100.236", 250},
        {"bastion", "ssm.us-east-1.amazonaws.com", "A", "198.51.100.237", 120},
        {"legacy-gw", "updates.acme-gateway.example", "A", "192.0.2.33", 60},
        {"eu-api", "s3.eu-west-1.amazonaws.com", "A", "198.51.100.240", 300},
        {"eu-web", "api.internal.harborlight.example", "AAAA", NULL, 120},
        {"collector", "guardduty.us-east-1.amazonaws.com", "A", "198.51.100.241", 300},
        {"dev-app", "registry.npm-mirror.example", "A", "192.0.2.35", 260},
        {"dev-app", "pypi-mirror.example", "A", "192.0.2.36", 200},
        {"ml-train", "datasets.ml-hub.example", "A", "192.0.2.37", 120},
        {"fs-win", "dc-win-01.harborlight.example", "A", "@dc-win-01", 150},
};

void noise_net(struct demo *d)
{
	part_begin(d, "net");
	for (size_t t = 0; t < ARRAY_LEN(talks); t++)
		for (int k = part_scaled(d, talks[t].times * 4 / 5); k > 0; k--)
			one_talk(d, &talks[t]);
	customers(d);
	background(d);
	for (size_t n = 0; n < ARRAY_LEN(names); n++)
		for (int k = part_scaled(d, names[n].times); k > 0; k--)
			dns_put(d, part_any_time(d), any_of(d, names[n].fleet), names[n].name,
			        names[n].type, names[n].answer);
}
