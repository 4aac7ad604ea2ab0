/*
 * The company's own records that explain events: CMDB, networks, scanners, indicators, changes.
 * JSON lines.
 */
#include "demo/trail.h"

static int put(struct demo *d, const char *path, struct err *e)
{
	int rc = out_file(&d->out, path, (struct slice){d->b.s, d->b.len}, e);
	buf_reset(&d->b);
	return rc;
}

static void cmdb_row(struct demo *d, const char *id, const char *name, const char *owner,
                     int criticality)
{
	const struct owner *o = world_owner(&d->w, owner);
	jfmt(&d->b,
	     "{'record':'cmdb','asset':%s,'name':%s,'owner':%s,'on_call':%s,'service':%s,'"
	     "criticality':%d,'updated':%s}\n",
	     id, name, owner, o->on_call, o->service, criticality ? criticality : o->criticality,
	     iso(d->end - 2 * MW_HOUR).s);
}

static int cmdb(struct demo *d, struct err *e)
{
	struct instance *i;
	vec_each (i, &d->w.instances)
		cmdb_row(d, world_instance_arn(&d->w, i), i->name, i->owner, i->criticality);
	struct bucket *b;
	vec_each (b, &d->w.buckets)
		cmdb_row(d, b->arn, b->name, b->owner, 0);
	struct database *db;
	vec_each (db, &d->w.databases)
		cmdb_row(d, db->arn, db->name, db->owner, 0);
	struct workload *k;
	vec_each (k, &d->w.workloads)
		cmdb_row(d, k->id, k->name, k->owner, 0);
	struct azure_vm *v;
	vec_each (v, &d->w.vms)
		cmdb_row(d, v->id, v->name, v->owner, 0);
	return put(d, "context/cmdb.jsonl", e);
}

struct network {
	const char *cidr, *name, *kind; /* kind: internal, own, provider, home */
};
static const struct network networks[] = {
        {"10.20.0.0/16", "prod-main", "internal"},
        {"10.21.0.0/16", "prod-eu", "internal"},
        {"10.30.0.0/16", "sec-tools", "internal"},
        {"10.40.0.0/16", "dev-main", "internal"},
        {"10.41.0.0/16", "sandbox", "internal"},
        {"10.60.0.0/16", "azure desktops", "internal"},
        {"198.51.100.0/27", "NAT, office, VPN", "own"},
        {"198.51.100.224/27", "cloud service endpoints", "provider"},
        {"192.0.2.128/26", "home lines of staff", "home"},
};

struct indicator {
	const char *value, *type, *about, *confidence;
};
static const struct indicator indicators[] = {
        {"203.0.113.77", "ip", "seen in metadata-service attacks, 9 days ago", "medium"},
        {"198.51.100.66", "ip", "credential harvesting from public repositories", "high"},
        {"pool.xmr-lake.example", "domain", "mining pool", "high"},
        {"198.51.100.201", "ip", "mining pool", "high"},
        {"203.0.113.140", "ip", "database password guessing", "high"},
        {"cdn-telemetry.example", "domain", "command and control of a loader", "high"},
        {"203.0.113.200", "ip", "command and control of a loader", "high"},
        {"192.0.2.44", "ip", "phishing proxy that takes sessions", "medium"},
        {"203.0.113.9", "ip", "internet-wide scanner", "low"},
        {"198.51.100.90", "ip", "mass scanner", "low"},
};

struct change {
	const char *id, *title, *owner, *about;
	int from_hours, to_hours; /* before the end */
};
static const struct change changes[] = {
        {"CHG-88121", "monthly scan 10.20.0.0/16 by scanner-02", "vuln-team", "scanner-02", 22, 19},
        {"CHG-88097", "open 3306 on orders-replica-db to the migration partner", "payments",
         "orders-replica-db", 31, 29},
        {"CHG-88102", "GPU training run, eight g5 instances in us-west-2", "ml-research",
         "ml-train", 40, 28},
        {"CHG-88110", "new service users for the mail relay", "identity", "svc-mail", 27, 26},
        {"CHG-88115", "export-worker 2.4 roll-out in namespace batch", "data-platform",
         "export-worker", 9, 8},
        {"CHG-88119", "share golden snapshot with the security account", "platform",
         "orders-mongo-01", 20, 19},
        {"CHG-88123", "break-glass drill", "security", "break-glass-1", 11, 10},
        {"CHG-88126", "rotate the password of the reporting jobs", "data-platform", "reporting-db",
         15, 14},
};

static int changes_file(struct demo *d, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		const struct change *c = &changes[i];
		jfmt(&d->b,
		     "{'record':'change','id':%s,'title':%s,'owner':%s,'asset':%s,'from':%s,'to':%"
		     "s,'state':'approved'}\n",
		     c->id, c->title, c->owner, c->about, iso(d->end - c->from_hours * MW_HOUR).s,
		     iso(d->end - c->to_hours * MW_HOUR).s);
	}
	return put(d, "context/changes.jsonl", e);
}

int context_files(struct demo *d, struct err *e)
{
	if (cmdb(d, e))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(networks); i++)
		jfmt(&d->b, "{'record':'network','cidr':%s,'name':%s,'kind':%s}\n",
		     networks[i].cidr, networks[i].name, networks[i].kind);
	if (put(d, "context/networks.jsonl", e))
		return -1;
	for (int k = 1; k <= 2; k++)
		jfmt(&d->b,
		     "{'record':'scanner','asset':'scanner-0%d','address':%s,'owner':'vuln-team'}"
		     "\n",
		     k, world_instance(&d->w, k == 1 ? "scanner-01" : "scanner-02")->ip);
	if (put(d, "context/scanners.jsonl", e))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(indicators); i++) {
		const struct indicator *t = &indicators[i];
		jfmt(&d->b,
		     "{'record':'indicator','value':%s,'type':%s,'about':%s,'confidence':%s,'added'"
		     ":%s}\n",
		     t->value, t->type, t->about, t->confidence, iso(d->end - 9 * MW_DAY).s);
	}
	if (put(d, "context/indicators.jsonl", e))
		return -1;
	return changes_file(d, e);
}
