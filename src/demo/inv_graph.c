/*
 * What no AWS call tells, as nodes and edges, one JSON object a line: owners, data classes,
 * Kubernetes workloads, images, weaknesses, keys, the Azure side, and which person of the directory
 * may become which role.
 */
#include "demo/trail.h"

static void edge(struct demo *d, const char *from, const char *type, const char *to)
{
	jfmt(&d->b, "{'edge':{'from':%s,'to':%s,'type':%s}}\n", from, to, type);
}

static const char *owner_id(struct demo *d, const char *name)
{
	return jf(d, "owner:%-s", name);
}

static void owned(struct demo *d, const char *owner, const char *id)
{
	edge(d, owner_id(d, owner), "owns", id);
}

static void owners_and_accounts(struct demo *d)
{
	for (size_t i = 0; i < d->w.nowners; i++) {
		const struct owner *o = &d->w.owners[i];
		jfmt(&d->b,
		     "{'node':{'id':%s,'type':'owner','name':%s,'props':{'on_call':%s,'service':%s,"
		     "'criticality':%d}}}\n",
		     owner_id(d, o->name), o->name, o->on_call, o->service, o->criticality);
	}
	for (int a = 0; a < NACCT; a++)
		jfmt(&d->b,
		     "{'node':{'id':'arn:aws:iam::%-s:root','type':'account','name':%s,'account':%"
		     "s,'props':{'root_email':%s}}}\n",
		     world_accounts[a].uid, world_accounts[a].name, world_accounts[a].uid,
		     world_accounts[a].root_email);
}

static void data_stores(struct demo *d)
{
	struct bucket *b;
	vec_each (b, &d->w.buckets) {
		jfmt(&d->b,
		     "{'node':{'id':%s,'type':'bucket','name':%s,'account':%s,'region':%s,'props':{"
		     "'data_class':%s,"
		     "'criticality':%d,'s3_data_events':%i},'tags':{'owner':%s,'data-class':%s},'"
		     "labels':[%s]}}\n",
		     b->arn, b->name, world_accounts[b->acct].uid, b->region, b->data_class,
		     world_owner(&d->w, b->owner)->criticality, b->data_events, b->owner,
		     b->data_class, b->data_class);
		owned(d, b->owner, b->arn);
	}
	struct database *db;
	vec_each (db, &d->w.databases) {
		const struct vpc *v = &d->w.vpcs[db->vpc];
		jfmt(&d->b,
		     "{'node':{'id':%s,'type':'database','name':%s,'account':%s,'region':%s,'props'"
		     ":{'data_class':%s,"
		     "'criticality':%d,'private_ip':%s},'tags':{'owner':%s},'labels':[%s]}}\n",
		     db->arn, db->name, world_accounts[v->acct].uid, v->region, db->data_class,
		     world_owner(&d->w, db->owner)->criticality, db->ip, db->owner, db->data_class);
		owned(d, db->owner, db->arn);
	}
}

static void compute(struct demo *d)
{
	struct instance *i;
	vec_each (i, &d->w.instances) {
		const struct vpc *v = &d->w.vpcs[i->vpc];
		const char *arn = world_instance_arn(&d->w, i);
		jfmt(&d->b,
		     "{'node':{'id':%s,'type':'instance','name':%s,'account':%s,'region':%s,'props'"
		     ":{'criticality':%d,"
		     "'os':%s},'tags':{'owner':%s}}}\n",
		     arn, i->name, world_accounts[v->acct].uid, v->region, i->criticality, i->os,
		     i->owner);
		owned(d, i->owner, arn);
	}
	struct function *f;
	vec_each (f, &d->w.functions)
		owned(d, f->owner, f->arn);
	struct key_secret *k;
	vec_each (k, &d->w.keys) {
		jfmt(&d->b,
		     "{'node':{'id':%s,'type':%s,'name':%s,'account':%s,'region':'us-east-1','tags'"
		     ":{'owner':%s}}}\n",
		     k->arn, k->kind, k->name, world_accounts[k->acct].uid, k->owner);
		owned(d, k->owner, k->arn);
	}
}

/* Target groups are asked for one by one; here their outcome: which machines stand behind which balancer. */
static void balancers(struct demo *d)
{
	static const char *const behind[][2] = {{"alb-web", "web"}, {"alb-eks", "eks-node"}};
	struct instance *i;
	for (size_t k = 0; k < ARRAY_LEN(behind); k++) {
		const char *arn =
		        world_arn(&d->w, "elasticloadbalancing", "us-east-1", PROD,
		                  jf(d, "loadbalancer/app/%-s/50dc6c495c0c9188", behind[k][0]));
		vec_each (i, &d->w.instances)
			if (!strcmp(i->fleet, behind[k][1]))
				edge(d, arn, "forwards_to", world_instance_arn(&d->w, i));
		owned(d, "edge-team", arn);
	}
}

static const char *cluster_arn(struct demo *d, const char *name)
{
	return world_arn(&d->w, "eks", "us-east-1", strcmp(name, "prod-eks") ? DEV : PROD,
	                 jf(d, "cluster/%-s", name));
}

static void kubernetes(struct demo *d)
{
	static const char *const names[] = {"prod-eks", "dev-eks"};
	struct instance *i;
	for (size_t c = 0; c < ARRAY_LEN(names); c++) {
		enum acct a = c ? DEV : PROD;
		jfmt(&d->b,
		     "{'node':{'id':%s,'type':'k8s_cluster','name':%s,'account':%s,'region':'us-"
		     "east-1','tags':{'owner':'platform'}}}\n",
		     cluster_arn(d, names[c]), names[c], world_accounts[a].uid);
		vec_each (i, &d->w.instances)
			if (!strcmp(i->fleet, c ? "dev-node" : "eks-node"))
				edge(d, cluster_arn(d, names[c]), "contains",
				     world_instance_arn(&d->w, i));
	}
	struct workload *k;
	vec_each (k, &d->w.workloads) {
		const char *image = world_arn(&d->w, "ecr", "us-east-1", PROD,
		                              jf(d, "repository/%-s", strchr(k->image, '/') + 1));
		enum acct a = strcmp(k->cluster, "prod-eks") ? DEV : PROD;
		jfmt(&d->b,
		     "{'node':{'id':%s,'type':'k8s_workload','name':'%-s/"
		     "%-s','account':%s,'region':'us-east-1','props':{"
		     "'cluster':%s,'namespace':%s,'kind':'Deployment','service_account':%s,'image':"
		     "%s,'replicas':%d},"
		     "'tags':{'owner':%s}}}\n",
		     k->id, k->ns, k->name, world_accounts[a].uid, k->cluster, k->ns, k->account,
		     k->image, k->replicas, k->owner);
		jfmt(&d->b,
		     "{'node':{'id':%s,'type':'image','name':%s,'account':%s,'region':'us-east-1'}}"
		     "\n",
		     image, strchr(k->image, '/') + 1, world_accounts[PROD].uid);
		edge(d, cluster_arn(d, k->cluster), "contains", k->id);
		edge(d, k->id, "uses", image);
		owned(d, k->owner, k->id);
		if (k->role >= 0)
			edge(d, k->id, "runs_as", d->w.roles.v[k->role].arn);
	}
}

/* Weaknesses. The numbers are invented: no such CVE is published. */
struct weakness {
	const char *cve, *on, *package, *severity;
	bool fleet, exploited; /* on: a fleet or one instance */
};
static const struct weakness weaknesses[] = {
        {"CVE-2026-99001", "legacy-gw-01", "acme-gateway 7.1.2", "CRITICAL", false, true},
        {"CVE-2026-99002", "web-07", "fetch-proxy 0.9.4", "HIGH", false, false},
        {"CVE-2026-99002", "web-08", "fetch-proxy 0.9.4", "HIGH", false, false},
        {"CVE-2026-99002", "web-09", "fetch-proxy 0.9.4", "HIGH", false, false},
        {"CVE-2026-99003", "worker", "libxmlish 2.9.1", "MEDIUM", true, false},
        {"CVE-2026-99004", "dev-app", "curlish 8.1.0", "HIGH", true, false},
        {"CVE-2026-99005", "fs-win", "print-spool 10.0", "HIGH", true, true},
        {"CVE-2026-99006", "sandbox", "notebook-server 6.4", "CRITICAL", true, false},
        {"CVE-2026-99007", "eks-node", "containerdish 1.6.1", "MEDIUM", true, false},
};

static void vulnerabilities(struct demo *d)
{
	struct instance *i;
	for (size_t k = 0; k < ARRAY_LEN(weaknesses); k++) {
		const struct weakness *v = &weaknesses[k];
		jfmt(&d->b,
		     "{'node':{'id':%s,'type':'vulnerability','name':%s,'props':{'severity':%s,'"
		     "exploited':%i,'package':%s}}}\n",
		     v->cve, v->cve, v->severity, v->exploited, v->package);
		vec_each (i, &d->w.instances)
			if (!strcmp(v->fleet ? i->fleet : i->name, v->on))
				edge(d, world_instance_arn(&d->w, i), "has_vuln", v->cve);
	}
}

static void keys(struct demo *d)
{
	struct user *u;
	vec_each (u, &d->w.users) {
		if (!u->key)
			continue;
		jfmt(&d->b,
		     "{'node':{'id':%s,'type':'access_key','name':%s,'account':%s,'props':{'age_"
		     "days':%d,'status':'Active'}}}\n",
		     u->key, u->key, world_accounts[u->acct].uid, u->key_age_days);
		edge(d, u->arn, "owns", u->key);
	}
}

/* Directory group -> the AWS role that its members may take by SAML. */
static const char *const saml_ways[][2] = {
        {"ops", "ops-admin"},         {"iam-admins", "iam-admin"}, {"data", "data-engineer"},
        {"support", "support-agent"}, {"soc", "soc-analyst"},      {"ml", "dev-power"},
        {"admins", "ops-admin"},
};

static void directory(struct demo *d)
{
	struct user *u;
	vec_each (u, &d->w.users) {
		if (!u->console || !*u->full_name)
			continue;
		const char *id = jf(d, "entra:%-s@harborlight.example", u->name);
		jfmt(&d->b,
		     "{'node':{'id':%s,'type':'user','name':'%-s@harborlight.example','props':{'"
		     "full_name':%s,'title':%s,'directory':"
		     "'entra','mfa':%i},'tags':{'team':%s}}}\n",
		     id, u->name, u->full_name, u->title, u->mfa, u->team);
		for (size_t k = 0; k < ARRAY_LEN(saml_ways); k++)
			if (!strcmp(saml_ways[k][0], u->groups))
				edge(d, id, "can_assume", world_role(&d->w, saml_ways[k][1])->arn);
	}
}

static const char *const storage_accounts[][3] = {
        {"hlfileshare01", "rg-files", "internal"},
        {"hlhrarchive01", "rg-files", "pii"},
        {"hldiag01", "rg-network", "internal"},
        {"hlbackups01", "rg-files", "financial"},
};
static const char *const resource_groups[] = {"rg-desktops", "rg-files", "rg-identity",
                                              "rg-network"};

static void azure(struct demo *d)
{
	const char *sub = jf(d, "/subscriptions/%-s", d->w.subscription);
	jfmt(&d->b,
	     "{'node':{'id':%s,'type':'subscription','name':'harborlight-office','account':%s}}\n",
	     sub, d->w.subscription);
	for (size_t k = 0; k < ARRAY_LEN(resource_groups); k++) {
		const char *id = jf(d, "%-s/resourceGroups/%-s", sub, resource_groups[k]);
		jfmt(&d->b,
		     "{'node':{'id':%s,'type':'resource_group','name':%s,'account':%s,'region':'"
		     "westeurope'}}\n",
		     id, resource_groups[k], d->w.subscription);
		edge(d, sub, "contains", id);
	}
	struct azure_vm *v;
	vec_each (v, &d->w.vms) {
		jfmt(&d->b,
		     "{'node':{'id':%s,'type':'vm','name':%s,'account':%s,'region':'westeurope','"
		     "props':{'private_ip':%s,'os':'windows'"
		     "},'tags':{'owner':%s}}}\n",
		     v->id, v->name, d->w.subscription, v->ip, v->owner);
		edge(d, jf(d, "%-s/resourceGroups/%-s", sub, v->group), "contains", v->id);
		owned(d, v->owner, v->id);
		if (v->user)
			edge(d, jf(d, "entra:%-s@harborlight.example", v->user), "uses", v->id);
	}
	for (size_t k = 0; k < ARRAY_LEN(storage_accounts); k++) {
		const char *group = jf(d, "%-s/resourceGroups/%-s", sub, storage_accounts[k][1]);
		const char *id = jf(d, "%-s/providers/Microsoft.Storage/storageAccounts/%-s", group,
		                    storage_accounts[k][0]);
		jfmt(&d->b,
		     "{'node':{'id':%s,'type':'storage_account','name':%s,'account':%s,'region':'"
		     "westeurope','props':{'data_class':%s},"
		     "'labels':[%s]}}\n",
		     id, storage_accounts[k][0], d->w.subscription, storage_accounts[k][2],
		     storage_accounts[k][2]);
		edge(d, group, "contains", id);
	}
}

static int put(struct demo *d, const char *path, struct err *e)
{
	int rc = out_file(&d->out, path, (struct slice){d->b.s, d->b.len}, e);
	buf_reset(&d->b);
	return rc;
}

int inventory_graph(struct demo *d, struct err *e)
{
	owners_and_accounts(d);
	data_stores(d);
	compute(d);
	balancers(d);
	kubernetes(d);
	vulnerabilities(d);
	keys(d);
	directory(d);
	azure(d);
	return put(d, "inventory/graph/nodes.jsonl", e);
}
