#include "demo/world.h"
#include "base/log.h"

static const char *fixed_id(const char *name)
{
	for (const struct fixed_id *f = world_fixed_ids; f->name; f++)
		if (!strcmp(f->name, name))
			return f->id;
	return NULL;
}

const char *world_id(struct world *w, const char *prefix, size_t digits)
{
	char hex[32];
	rng_hex(&w->rng, hex, digits);
	if (digits == 17)
		hex[0] = '0'; /* as all long EC2 ids so far */
	return arena_printf(&w->arena, "%s%.*s", prefix, (int)digits, hex);
}

const char *world_key_id(struct world *w, const char *prefix)
{
	char mid[9];
	rng_base32(&w->rng, mid, sizeof(mid));
	return arena_printf(&w->arena, "%s%.9sEXAMPLE", prefix, mid);
}

/* AIDA... and AROA...: 21 characters */
static const char *principal_id(struct world *w, const char *prefix)
{
	char mid[17];
	rng_base32(&w->rng, mid, sizeof(mid));
	return arena_printf(&w->arena, "%s%.17s", prefix, mid);
}

const char *world_arn(struct world *w, const char *service, const char *region, enum acct acct,
                      const char *rest)
{
	return arena_printf(&w->arena, "arn:aws:%s:%s:%s:%s", service, region,
	                    world_accounts[acct].uid, rest);
}

static const char *arn_of(struct world *w, const char *service, const char *region, enum acct acct,
                          const char *kind, const char *name)
{
	return world_arn(w, service, region, acct, arena_printf(&w->arena, "%s%s", kind, name));
}

const char *world_instance_arn(struct world *w, const struct instance *i)
{
	const struct vpc *v = &w->vpcs[i->vpc];
	return arn_of(w, "ec2", v->region, v->acct, "instance/", i->id);
}

/* One look-up a noun, by the name in the tables. */
#define FINDER(fn, type, list)                               \
	struct type *fn(struct world *w, const char *name)   \
	{                                                    \
		struct type *p;                              \
		vec_each (p, &w->list)                       \
			if (!strcmp(p->name, name))          \
				return p;                    \
		mw_die("demo: no " #type " named %s", name); \
	}
FINDER(world_instance, instance, instances)
FINDER(world_role, role, roles)
FINDER(world_user, user, users)
FINDER(world_bucket, bucket, buckets)
FINDER(world_database, database, databases)
FINDER(world_group, secgroup, groups)
FINDER(world_vm, azure_vm, vms)
FINDER(world_workload, workload, workloads)

const struct owner *world_owner(struct world *w, const char *name)
{
	for (size_t i = 0; i < w->nowners; i++)
		if (!strcmp(w->owners[i].name, name))
			return &w->owners[i];
	mw_die("demo: no owner named %s", name);
}

const char *world_address(struct world *w, const char *text)
{
	if (*text != '@')
		return text;
	struct database *db;
	struct azure_vm *v;
	vec_each (db, &w->databases)
		if (!strcmp(db->name, text + 1))
			return db->ip;
	vec_each (v, &w->vms)
		if (!strcmp(v->name, text + 1))
			return v->ip;
	return world_instance(w, text + 1)->ip;
}

static void add_subnet(struct world *w, enum vpc_ix v, const char *kind, char az, int third)
{
	struct subnet *s = vec_push(&w->subnets);
	s->id = world_id(w, "subnet-", 17);
	s->name = arena_printf(&w->arena, "%s-%s-%c", w->vpcs[v].name, kind, az);
	s->az = arena_printf(&w->arena, "%s%c", w->vpcs[v].region, az);
	s->vpc = v;
	s->third = third;
	s->open = !strcmp(kind, "public");
}

static void make_networks(struct world *w)
{
	static const char *const kinds[] = {"public", "private", "data"};
	for (int v = 0; v < NVPC; v++) {
		w->vpcs[v] = world_vpc_rows[v];
		struct vpc *vpc = &w->vpcs[v];
		const char *fixed = fixed_id(vpc->name);
		vpc->id = fixed ? fixed : world_id(w, "vpc-", 17);
		vpc->flow_id = vpc->flow ? world_id(w, "fl-", 17) : NULL;
		vpc->igw = world_id(w, "igw-", 17);
		int nkinds = v == VPC_PROD || v == VPC_EU ? 3 : 2;
		for (int k = 0; k < nkinds; k++)
			for (int az = 0; az < 2; az++)
				add_subnet(w, (enum vpc_ix)v, kinds[k], (char)('a' + az),
				           k * 4 + az);
	}
}

static int find_subnet(struct world *w, enum vpc_ix v, const char *kind, int az)
{
	const char *name = arena_printf(&w->arena, "%s-%s-%c", w->vpcs[v].name, kind, 'a' + az);
	for (size_t i = 0; i < w->subnets.n; i++)
		if (!strcmp(w->subnets.v[i].name, name))
			return (int)i;
	mw_die("demo: no subnet %s", name);
}

static void make_groups(struct world *w)
{
	for (const struct group_row *g = world_group_rows; g->name; g++) {
		struct secgroup *s = vec_push(&w->groups);
		const char *fixed = fixed_id(g->name);
		*s = (struct secgroup){.id = fixed ? fixed : world_id(w, "sg-", 17),
		                       .name = g->name,
		                       .about = g->about,
		                       .vpc = g->vpc,
		                       .rules = g->rules};
	}
}

static void make_policies(struct world *w)
{
	for (const struct policy_row *p = world_policy_rows; p->name; p++) {
		struct buf b = BUF_INIT;
		buf_str(&b, "{\"Version\":\"2012-10-17\",\"Statement\":[");
		for (const char *s = p->statements; *s; s++)
			buf_ch(&b, *s == '\'' ? '"' : *s);
		buf_str(&b, "]}");
		struct policy *to = vec_push(&w->policies);
		to->name = p->name;
		to->acct = p->acct;
		to->arn = arn_of(w, "iam", "", p->acct, "policy/", p->name);
		to->document = arena_strndup(&w->arena, b.s, b.len);
		buf_release(&b);
	}
}

static void make_roles(struct world *w)
{
	for (const struct role_row *r = world_role_rows; r->name; r++) {
		const char *fixed = fixed_id(r->name);
		struct role *to = vec_push(&w->roles);
		*to = (struct role){.name = r->name,
		                    .arn = arn_of(w, "iam", "", r->acct, "role/", r->name),
		                    .uid = fixed ? fixed : principal_id(w, "AROA"),
		                    .acct = r->acct,
		                    .trust = r->trust,
		                    .policies = r->policies,
		                    .boundary = r->boundary};
	}
}

static void make_user(struct world *w, const struct user_row *r)
{
	struct user *u = vec_push(&w->users);
	*u = (struct user){.name = r->name, .full_name = r->full_name, .title = r->title};
	u->arn = arn_of(w, "iam", "", r->acct, "user/", r->name);
	u->uid = principal_id(w, "AIDA");
	u->team = r->team;
	u->acct = r->acct;
	u->groups = r->groups;
	u->policies = r->policies;
	u->machine = r->kind == 'm';
	u->console = !u->machine;
	u->mfa = r->kind == 'h' || r->kind == 'k';
	u->key_age_days = r->key_age_days;
	/* People work from home half of the time, each from a fixed address of their own. */
	u->home_ip = arena_printf(&w->arena, "192.0.2.%d", 130 + (int)w->users.n);
	const char *fixed = fixed_id(r->name);
	if (r->kind == 'k' || r->kind == 'm')
		u->key = fixed ? fixed : world_key_id(w, "AKIA");
	if (!strcmp(r->name,
	            "svc-report")) { /* its fixed key is made by the story; this one its jobs use */
		u->key = world_key_id(w, "AKIA");
	}
}

static int role_index(struct world *w, const char *name)
{
	return name ? (int)(world_role(w, name) - w->roles.v) : -1;
}

static void make_instance(struct world *w, const struct fleet *f, int number)
{
	struct instance *i = vec_push(&w->instances);
	struct vpc *v = &w->vpcs[f->vpc];
	i->fleet = f->name;
	i->name = arena_printf(&w->arena, "%s-%02d", f->name, number);
	const char *fixed = fixed_id(i->name);
	i->id = fixed ? fixed : world_id(w, "i-", 17);
	i->type = f->type;
	i->vpc = f->vpc;
	i->subnet = find_subnet(w, f->vpc, f->subnet, number % 2);
	i->group = (int)(world_group(w, f->group) - w->groups.v);
	i->role = role_index(w, f->role);
	i->ip = strcmp(i->name, "scanner-02")
	                ? arena_printf(&w->arena, "10.%d.%d.%d", v->net,
	                               w->subnets.v[i->subnet].third, 20 + (int)w->instances.n)
	                : "10.20.4.15";
	if (f->public_ip)
		i->public_ip =
		        arena_printf(&w->arena, "198.51.100.%d", 12 + (int)(w->instances.n % 18));
	i->eni = world_id(w, "eni-", 17);
	fixed = fixed_id(arena_printf(&w->arena, "%s/volume", i->name));
	i->volume = fixed ? fixed : world_id(w, "vol-", 17);
	i->image = world_id(w, "ami-", 17);
	i->owner = f->owner;
	i->os = f->os;
	i->criticality = f->criticality;
	i->imds_v1 = f->imds_v1;
	i->launched = w->end - rng_between(&w->rng, 5, 200) * MW_DAY;
	i->profile_key = world_key_id(w, "ASIA");
}

static void make_instances(struct world *w)
{
	const char *last = "";
	int number = 0;
	for (const struct fleet *f = world_fleets; f->name; f++) {
		if (strcmp(f->name, last) != 0)
			number = 0;
		last = f->name;
		for (int k = 0; k < f->count; k++)
			make_instance(w, f, ++number);
	}
	/* One machine image a fleet and account. */
	for (size_t k = 1; k < w->instances.n; k++)
		if (!strcmp(w->instances.v[k].fleet, w->instances.v[k - 1].fleet))
			w->instances.v[k].image = w->instances.v[k - 1].image;
	world_instance(w, "web-07")->profile_key = "ASIAIOSFODNN7EXAMPLE";
}

static void make_data(struct world *w)
{
	for (const struct bucket_row *r = world_bucket_rows; r->name; r++) {
		struct bucket *b = vec_push(&w->buckets);
		*b = (struct bucket){
		        .name = r->name, .owner = r->owner, .data_class = r->data_class};
		b->arn = arena_printf(&w->arena, "arn:aws:s3:::%s", r->name);
		b->acct = r->acct;
		b->region = !strcmp(r->name, "backups-eu") ? "eu-west-1" : "us-east-1";
		b->data_events = r->data_events;
		b->is_public = r->is_public;
	}
	for (const struct database_row *r = world_database_rows; r->name; r++) {
		struct database *d = vec_push(&w->databases);
		const struct vpc *v = &w->vpcs[r->vpc];
		*d = (struct database){.name = r->name, .engine = r->engine, .owner = r->owner};
		d->arn = arn_of(w, "rds", v->region, v->acct, "db:", r->name);
		d->data_class = r->data_class;
		d->vpc = r->vpc;
		d->group = (int)(world_group(w, r->group) - w->groups.v);
		d->is_public = r->is_public;
		d->public_ip = r->is_public ? "198.51.100.30" : NULL;
		d->eni = world_id(w, "eni-", 17);
		d->ip = arena_printf(&w->arena, "10.%d.%d.%d", v->net, r->vpc == VPC_DEV ? 4 : 8,
		                     200 + (int)w->databases.n);
	}
}

static void make_functions(struct world *w)
{
	for (const struct named_row *r = world_function_rows; r->name; r++) {
		struct function *f = vec_push(&w->functions);
		*f = (struct function){.name = r->name, .owner = r->owner, .region = "us-east-1"};
		f->acct = r->acct;
		f->role = role_index(w, r->kind);
		f->arn = arn_of(w, "lambda", f->region, f->acct, "function:", r->name);
	}
	for (const struct named_row *r = world_key_rows; r->name; r++) {
		struct key_secret *k = vec_push(&w->keys);
		bool kms = !strcmp(r->kind, "kms_key");
		char uuid[RNG_UUID];
		rng_uuid(&w->rng, uuid);
		*k = (struct key_secret){.name = r->name, .kind = r->kind, .owner = r->owner};
		k->acct = r->acct;
		k->arn =
		        kms ? arn_of(w, "kms", "us-east-1", r->acct, "key/",
		                     arena_strndup(&w->arena, uuid, sizeof(uuid)))
		            : arn_of(w, "secretsmanager", "us-east-1", r->acct, "secret:", r->name);
	}
}

static void make_workloads(struct world *w)
{
	for (const struct workload_row *r = world_workload_rows; r->name; r++) {
		struct workload *k = vec_push(&w->workloads);
		*k = (struct workload){.cluster = r->cluster, .ns = r->ns, .name = r->name};
		k->id = arena_printf(&w->arena, "k8s:%s/%s/deployment/%s", r->cluster, r->ns,
		                     r->name);
		k->image = arena_printf(&w->arena, "%s.dkr.ecr.us-east-1.amazonaws.com/%s",
		                        world_accounts[PROD].uid, r->image);
		k->owner = r->owner;
		k->account = r->role ? strchr(strchr(strchr(world_role(w, r->role)->trust, ':') + 1,
		                                     ':') +
		                                      1,
		                              ':') +
		                               1
		                     : "default";
		k->role = role_index(w, r->role);
		k->replicas = r->replicas;
	}
}

static void make_azure(struct world *w)
{
	w->subscription = "5f1c0b7e-8d2a-4c39-9b64-0e7d1a2b3c4d";
	for (const struct vm_row *r = world_vm_rows; r->name; r++) {
		struct azure_vm *v = vec_push(&w->vms);
		*v = (struct azure_vm){.name = r->name, .group = r->group, .user = r->user};
		v->owner = r->owner;
		v->ip = arena_printf(&w->arena, "10.60.1.%d", 10 + (int)w->vms.n);
		v->id = arena_printf(&w->arena,
		                     "/subscriptions/%s/resourceGroups/%s/providers/"
		                     "Microsoft.Compute/virtualMachines/%s",
		                     w->subscription, r->group, r->name);
	}
}

void world_init(struct world *w, uint64_t seed, mw_time end)
{
	*w = (struct world){.end = end, .accounts = world_accounts, .owners = world_owner_rows};
	while (w->owners[w->nowners].name)
		w->nowners++;
	rng_seed(&w->rng, seed, "world");
	make_networks(w);
	make_groups(w);
	make_policies(w);
	make_roles(w);
	for (const struct user_row *r = world_user_rows; r->name; r++)
		make_user(w, r);
	make_instances(w);
	make_data(w);
	make_functions(w);
	make_workloads(w);
	make_azure(w);
	w->alb_eni = world_id(w, "eni-", 17);
}

void world_release(struct world *w)
{
	vec_free(&w->subnets);
	vec_free(&w->groups);
	vec_free(&w->instances);
	vec_free(&w->roles);
	vec_free(&w->users);
	vec_free(&w->policies);
	vec_free(&w->buckets);
	vec_free(&w->databases);
	vec_free(&w->functions);
	vec_free(&w->workloads);
	vec_free(&w->keys);
	vec_free(&w->vms);
	arena_release(&w->arena);
}
