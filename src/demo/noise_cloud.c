/*
 * Ordinary sign-ins and directory changes in Azure, and the Kubernetes audit log of both clusters.
 */
#include "demo/streams.h"

static const char *desk_of(struct demo *d, const struct user *u)
{
	struct azure_vm *v;
	vec_each (v, &d->w.vms)
		if (v->user && !strcmp(v->user, u->name))
			return v->name;
	return jf(d, "lap-%-s", u->name);
}

static void person(struct demo *d, const struct user *u)
{
	static const char *const apps[] = {"Office 365 Exchange Online", "Microsoft Teams",
	                                   "AWS Single-Account Access", "Azure Portal",
	                                   "Azure Virtual Desktop"};
	for (int k = part_scaled(d, 90); k > 0; k--) {
		mw_time at = part_any_time(d) + rng_between(&d->rng, 0, 999) * 1000;
		if (!rng_chance(&d->rng, part_busy(at)))
			continue;
		bool office = rng_chance(&d->rng, 60);
		struct signin s = {.user = u->name,
		                   .ip = office ? part_office_ip(d) : u->home_ip,
		                   .city = "Utrecht"};
		s.app = apps[rng_skewed(&d->rng, ARRAY_LEN(apps))];
		s.client = rng_chance(&d->rng, 70) ? "Browser" : "Mobile Apps and Desktop clients";
		s.country = "NL";
		s.device = desk_of(d, u);
		s.mfa = u->mfa;
		if (rng_chance(&d->rng, 5)) {
			s.error = 50126;
			s.failure = "Invalid username or password";
			azure_signin(d, at - 30 * MW_SECOND, &s);
			s.error = 0;
			s.failure = NULL;
		}
		azure_signin(d, at, &s);
	}
}

void noise_azure(struct demo *d)
{
	static const char *const operations[] = {"Update user", "Add member to group",
	                                         "User registered security info",
	                                         "Change user password", "Update device"};
	part_begin(d, "azure");
	struct user *u;
	vec_each (u, &d->w.users)
		if (u->console && *u->full_name)
			person(d, u);
	for (int k = part_scaled(d, 60); k > 0; k--) {
		struct user *target = &d->w.users.v[rng_below(&d->rng, 17)];
		azure_audit(d, part_any_time(d),
		            operations[rng_below(&d->rng, ARRAY_LEN(operations))], "carla.ruiz",
		            target->name, "198.51.100.10", NULL);
	}
}

#define CONTROLLERS "\"system:authenticated\",\"system:serviceaccounts\""
struct kube_habit {
	const char *user, *groups, *verb, *resource, *ns, *agent;
	int times;
};
static const struct kube_habit habits[] = {
        {"system:serviceaccount:argocd:argocd-controller", CONTROLLERS, "list", "deployments",
         "checkout", "argocd-application-controller/v2.11", 500},
        {"system:serviceaccount:argocd:argocd-controller", CONTROLLERS, "patch", "deployments",
         "checkout", "argocd-application-controller/v2.11", 30},
        {"system:serviceaccount:kube-system:cluster-autoscaler", CONTROLLERS, "get", "configmaps",
         "kube-system", "cluster-autoscaler/v1.29", 600},
        {"system:serviceaccount:monitoring:prometheus", CONTROLLERS, "watch", "endpoints",
         "monitoring", "Prometheus/2.52", 500},
        {"system:serviceaccount:ledger:ledger", CONTROLLERS, "get", "configmaps", "ledger",
         "ledger/3.1", 250},
        {"system:serviceaccount:batch:batch-runner", CONTROLLERS, "create", "pods", "batch",
         "batch-runner/2.4", 220},
        {"system:serviceaccount:batch:batch-runner", CONTROLLERS, "delete", "pods", "batch",
         "batch-runner/2.4", 220},
        {"system:kube-controller-manager", "\"system:authenticated\"", "update", "endpointslices",
         "checkout", "kube-controller-manager/v1.29", 700},
        {"system:kube-scheduler", "\"system:authenticated\"", "create", "bindings", "batch",
         "kube-scheduler/v1.29", 300},
        {"system:apiserver", "\"system:masters\"", "get", "secrets", "kube-system",
         "kube-apiserver/v1.29", 150},
        {"alice.moreau", "\"platform\",\"system:authenticated\"", "get", "pods", "checkout",
         "kubectl/v1.29.3 (linux/amd64)", 120},
        {"bjorn.lind", "\"platform\",\"system:authenticated\"", "list", "pods", "ledger",
         "kubectl/v1.29.3 (linux/amd64)", 110},
        {"farah.khan", "\"payments\",\"system:authenticated\"", "get", "pods", "checkout",
         "kubectl/v1.29.3 (darwin/arm64)", 120},
        {"goran.petrov", "\"payments\",\"system:authenticated\"", "get", "secrets", "ledger",
         "kubectl/v1.29.3 (linux/amd64)", 12},
};

static void kube_habit(struct demo *d, const struct kube_habit *h, const char *cluster, int times)
{
	bool person = strchr(h->user, '.') && strncmp(h->user, "system:", 7) != 0;
	for (int k = part_scaled(d, times); k > 0; k--) {
		mw_time at = part_any_time(d) + rng_between(&d->rng, 0, 999) * 1000;
		if (person && !rng_chance(&d->rng, part_busy(at)))
			continue;
		struct kube e = {
		        .cluster = cluster, .user = h->user, .groups = h->groups, .verb = h->verb};
		e.resource = h->resource;
		e.ns = h->ns;
		e.agent = h->agent;
		e.ip = person ? part_office_ip(d)
		              : world_address(&d->w, arena_printf(&d->out.arena, "@eks-node-0%u",
		                                                  1 + rng_below(&d->rng, 8)));
		e.code = person && !strcmp(h->resource, "secrets") ? 403
		         : !strcmp(h->verb, "create")              ? 201
		                                                   : 200;
		if (!strcmp(h->resource, "pods") && strcmp(h->verb, "list") != 0)
			e.name = arena_printf(&d->out.arena, "%s-%04x",
			                      strcmp(h->ns, "batch") ? "checkout" : "job",
			                      rng_below(&d->rng, 65536));
		kube_put(d, at, &e);
	}
}

void noise_kube(struct demo *d)
{
	part_begin(d, "kube");
	for (size_t i = 0; i < ARRAY_LEN(habits); i++) {
		kube_habit(d, &habits[i], "prod-eks", habits[i].times);
		kube_habit(d, &habits[i], "dev-eks", habits[i].times / 4);
	}
}
