/*
 * The company's own records that explain events: CMDB, networks, scanners, indicators, changes. In
 * the node/edge form, as any company may give its own: a record that is no asset is a node of type
 * resource with props.record; a CMDB row adds its props to the asset's node; a change has an
 * `affects` edge to what it is about. src/correlate/context.c reads them.
 */
#include "demo/story.h"

static int put(struct demo *d, const char *path, struct err *e)
{
	int rc = out_file(&d->out, path, (struct slice){d->b.s, d->b.len}, e);
	buf_reset(&d->b);
	return rc;
}

static void cmdb_row(struct demo *d, const char *id, const char *type, const char *owner,
                     int criticality)
{
	const struct owner *o = world_owner(&d->w, owner);
	jfmt(&d->b,
	     "{'node':{'id':%s,'type':%s,'props':{'cmdb_owner':%s,'on_call':%s,'service':%s,'"
	     "criticality':%d,'cmdb_updated':%s}}}\n",
	     id, type, owner, o->on_call, o->service, criticality ? criticality : o->criticality,
	     iso(d->end - 2 * MW_HOUR).s);
}

static int cmdb(struct demo *d, struct err *e)
{
	struct instance *i;
	vec_each (i, &d->w.instances)
		cmdb_row(d, world_instance_arn(&d->w, i), "instance", i->owner, i->criticality);
	struct bucket *b;
	vec_each (b, &d->w.buckets)
		cmdb_row(d, b->arn, "bucket", b->owner, 0);
	struct database *db;
	vec_each (db, &d->w.databases)
		cmdb_row(d, db->arn, "database", db->owner, 0);
	struct workload *k;
	vec_each (k, &d->w.workloads)
		cmdb_row(d, k->id, "k8s_workload", k->owner, 0);
	struct azure_vm *v;
	vec_each (v, &d->w.vms)
		cmdb_row(d, v->id, "vm", v->owner, 0);
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
	const char *value, *kind, *about, *confidence;
};
static const struct indicator indicators[] = {
        {IP_SSRF, "ip", "seen in metadata-service attacks, 9 days ago", "medium"},
        {IP_LEAK, "ip", "credential harvesting from public repositories", "high"},
        {"pool.xmr-lake.example", "domain", "mining pool", "high"},
        {IP_POOL, "ip", "mining pool", "high"},
        {IP_BRUTE, "ip", "database password guessing", "high"},
        {"cdn-telemetry.example", "domain", "command and control of a loader", "high"},
        {IP_C2, "ip", "command and control of a loader", "high"},
        {IP_PROXY, "ip", "phishing proxy that takes sessions", "medium"},
        {"203.0.113.9", "ip", "internet-wide scanner", "low"},
        {"198.51.100.90", "ip", "mass scanner", "low"},
};

struct change {
	const char *id, *title, *owner, *requester;
	char on; /* as in findings_table.c: i instance, d database, k workload, u user; - nothing of
	            the inventory */
	const char *name;
	int from_hours, to_hours; /* before the end */
};
static const struct change changes[] = {
        {"CHG-88121", "monthly scan 10.20.0.0/16 by scanner-02", "vuln-team", "vuln-team", 'i',
         "scanner-02", 22, 19},
        {"CHG-88097",
         "let the migration partner reach orders-replica-db on 3306, from the partner's address "
         "only",
         "payments", "hana.sato", '-', "", 31, 29},
        {"CHG-88102", "GPU training run, eight g5 instances in us-west-2", "ml-research",
         "xenia.popov", '-', "", 40, 28},
        {"CHG-88110", "new service users for the mail relay", "identity", "carla.ruiz", '-', "", 27,
         26},
        {"CHG-88115", "export-worker 2.4 roll-out in namespace batch", "data-platform",
         "jonas.weber", 'k', "export-worker", 9, 8},
        {"CHG-88119", "share golden snapshot with the security account", "platform", "bjorn.lind",
         'i', "orders-mongo-01", 20, 19},
        {"CHG-88123", "break-glass drill", "security", "rosa.klein", 'u', "break-glass-1", 11, 10},
        {"CHG-88126", "rotate the password of the reporting jobs", "data-platform", "jonas.weber",
         'd', "reporting-db", 15, 14},
};

static const char *subject_id(struct demo *d, const struct change *c)
{
	switch (c->on) {
	case 'i':
		return world_instance_arn(&d->w, world_instance(&d->w, c->name));
	case 'd':
		return world_database(&d->w, c->name)->arn;
	case 'k':
		return world_workload(&d->w, c->name)->id;
	case 'u':
		return world_user(&d->w, c->name)->arn;
	default:
		return NULL;
	}
}

static int changes_file(struct demo *d, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		const struct change *c = &changes[i];
		const char *about = subject_id(d, c);
		jfmt(&d->b,
		     "{'node':{'id':'change:%-s','type':'resource','name':%s,'props':{'record':'"
		     "change','title':%s,'owner':%s,'requester':%s,"
		     "'from':%s,'to':%s,'state':'approved'}}}\n",
		     c->id, c->id, c->title, c->owner, c->requester,
		     iso(d->end - c->from_hours * MW_HOUR).s,
		     iso(d->end - c->to_hours * MW_HOUR).s);
		if (about)
			jfmt(&d->b, "{'edge':{'from':'change:%-s','to':%s,'type':'affects'}}\n",
			     c->id, about);
	}
	return put(d, "context/changes.jsonl", e);
}

static int networks_file(struct demo *d, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(networks); i++) {
		const struct network *n = &networks[i];
		jfmt(&d->b,
		     "{'node':{'id':'network:%-s','type':'resource','name':%s,'props':{'record':'"
		     "network','cidr':%s,'kind':%s}}}\n",
		     n->cidr, n->name, n->cidr, n->kind);
	}
	return put(d, "context/networks.jsonl", e);
}

static int scanners_file(struct demo *d, struct err *e)
{
	struct instance *i;
	vec_each (i, &d->w.instances) {
		if (!strcmp(i->fleet, "scanner"))
			jfmt(&d->b,
			     "{'node':{'id':%s,'type':'instance','props':{'private_ip':%s},'labels'"
			     ":['scanner']}}\n",
			     world_instance_arn(&d->w, i), i->ip);
	}
	return put(d, "context/scanners.jsonl", e);
}

static int indicators_file(struct demo *d, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(indicators); i++) {
		const struct indicator *t = &indicators[i];
		jfmt(&d->b,
		     "{'node':{'id':'indicator:%-s','type':'resource','name':%s,'props':{'record':'"
		     "indicator','kind':%s,'value':%s,'about':%s,"
		     "'confidence':%s,'added':%s}}}\n",
		     t->value, t->value, t->kind, t->value, t->about, t->confidence,
		     iso(d->end - 9 * MW_DAY).s);
	}
	return put(d, "context/indicators.jsonl", e);
}

int context_files(struct demo *d, struct err *e)
{
	return cmdb(d, e) || networks_file(d, e) || scanners_file(d, e) || indicators_file(d, e) ||
	                       changes_file(d, e)
	               ? -1
	               : 0;
}
