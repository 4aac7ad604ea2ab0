/*
 * People in the console and on the command line: sign-ins with MFA at work hours, browsing, a few
 * changes, refused calls, wrong passwords.
 */
#include "demo/trail.h"

struct group_way {
	const char *group, *role; /* role NULL: as the IAM user itself */
	enum acct acct;
};
static const struct group_way ways[] = {
        {"ops", "ops-admin", PROD},      {"iam-admins", "iam-admin", PROD},
        {"data", "data-engineer", PROD}, {"support", "support-agent", PROD},
        {"soc", "soc-analyst", SEC},     {"ml", "dev-power", DEV},
        {"admins", "ops-admin", PROD},
};

struct act {
	const char *service, *name;
	bool read;
	char on; /* what it is about: i instance, b bucket, d database, u user, f function, r role,
	            - nothing */
	int weight;
};
static const struct act acts[] = {
        {"ec2", "DescribeInstances", true, 'i', 12},
        {"ec2", "DescribeInstanceStatus", true, 'i', 6},
        {"ec2", "DescribeSecurityGroups", true, '-', 6},
        {"ec2", "DescribeVolumes", true, '-', 4},
        {"ec2", "DescribeTags", true, '-', 4},
        {"s3", "ListBuckets", true, '-', 5},
        {"s3", "GetBucketLocation", true, 'b', 5},
        {"s3", "GetBucketPolicy", true, 'b', 2},
        {"s3", "GetBucketEncryption", true, 'b', 2},
        {"rds", "DescribeDBInstances", true, 'd', 6},
        {"cloudwatch", "DescribeAlarms", true, '-', 8},
        {"logs", "FilterLogEvents", true, '-', 8},
        {"logs", "DescribeLogGroups", true, '-', 5},
        {"lambda", "GetFunction20150331v2", true, 'f', 4},
        {"lambda", "ListFunctions20150331", true, '-', 4},
        {"iam", "ListUsers", true, '-', 2},
        {"iam", "GetUser", true, 'u', 2},
        {"iam", "GetRole", true, 'r', 3},
        {"iam", "ListAttachedRolePolicies", true, 'r', 2},
        {"eks", "DescribeCluster", true, '-', 3},
        {"cloudtrail", "LookupEvents", true, '-', 1},
        {"ec2", "RebootInstances", false, 'i', 1},
        {"ec2", "CreateTags", false, 'i', 1},
        {"rds", "ModifyDBInstance", false, 'd', 1},
        {"cloudwatch", "PutMetricAlarm", false, '-', 1},
};

static const char *subject(struct demo *d, char on, enum acct acct)
{
	struct world *w = &d->w;
	uint32_t n = (uint32_t)w->instances.n;
	const struct instance *i = &w->instances.v[rng_skewed(&d->rng, n)];
	while (on == 'i' && w->vpcs[i->vpc].acct != acct)
		i = &w->instances.v[rng_below(&d->rng, n)];
	switch (on) {
	case 'i':
		return jf(d, "{'instancesSet':{'items':[{'instanceId':%s}]}}", i->id);
	case 'b':
		return jf(d, "{'bucketName':%s}",
		          w->buckets.v[rng_skewed(&d->rng, (uint32_t)w->buckets.n)].name);
	case 'd':
		return jf(d, "{'dBInstanceIdentifier':%s}",
		          w->databases.v[rng_skewed(&d->rng, (uint32_t)w->databases.n)].name);
	case 'f':
		return jf(d, "{'functionName':%s}",
		          w->functions.v[rng_skewed(&d->rng, (uint32_t)w->functions.n)].name);
	case 'u':
		return jf(d, "{'userName':%s}",
		          w->users.v[rng_below(&d->rng, (uint32_t)w->users.n)].name);
	case 'r':
		return jf(d, "{'roleName':%s}",
		          w->roles.v[rng_below(&d->rng, (uint32_t)w->roles.n)].name);
	default:
		return NULL;
	}
}

static const struct act *pick_act(struct demo *d)
{
	static int total;
	if (!total)
		for (size_t i = 0; i < ARRAY_LEN(acts); i++)
			total += acts[i].weight;
	int x = rng_between(&d->rng, 0, total - 1);
	for (size_t i = 0;; i++)
		if ((x -= acts[i].weight) < 0)
			return &acts[i];
}

/* Ten to thirty calls of someone clicking through pages. */
static void browse(struct demo *d, mw_time at, const struct caller *c)
{
	for (int k = rng_between(&d->rng, 8, 28); k > 0; k--) {
		const struct act *act = pick_act(d);
		struct api a = {.service = act->service, .name = act->name, .read = act->read};
		a.params = subject(d, act->on, c->acct);
		if (!act->read && !strstr(c->identity, "ops-admin")) {
			a.error = "AccessDenied";
			a.message = jf(d, "User is not authorized to perform: %-s:%-s",
			               act->service, act->name);
			if (!strcmp(act->service, "ec2"))
				a.error = "Client.UnauthorizedOperation";
		}
		trail(d, at, c, &a);
		at += rng_between(&d->rng, 1, 45) * MW_SECOND;
	}
}

static void saml_login(struct demo *d, mw_time at, const struct user *u, const struct role *r,
                       const char *key, const char *ip)
{
	struct caller c = {r->acct,
	                   jf(d,
	                      "{'type':'SAMLUser','principalId':'harborlight-entra:%-s@"
	                      "harborlight.example','userName':'%-s@harborlight.example',"
	                      "'identityProvider':'harborlight-entra'}",
	                      u->name, u->name),
	                   ip, AGENT_WEB};
	struct api a = {.service = "sts", .name = "AssumeRoleWithSAML", .read = true};
	a.params = jf(
	        d,
	        "{'roleArn':%s,'principalArn':'arn:aws:iam::%-s:saml-provider/harborlight-entra',"
	        "'durationSeconds':3600}",
	        r->arn, world_accounts[r->acct].uid);
	a.response = jf(
	        d,
	        "{'credentials':{'accessKeyId':%s,'expiration':%s},'assumedRoleUser':{'arn':"
	        "'arn:aws:sts::%-s:assumed-role/%-s/%-s'},'subject':'%-s@harborlight.example'}",
	        key, iso(at + MW_HOUR).s, world_accounts[r->acct].uid, r->name, u->name, u->name);
	trail(d, at, &c, &a);
}

static const struct role *way_of(struct demo *d, const struct user *u)
{
	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		if (!strcmp(ways[i].group, u->groups))
			return world_role(&d->w, ways[i].role);
	return NULL;
}

/* A data engineer looks into a few files. */
static void read_data(struct demo *d, mw_time at, const struct caller *c)
{
	static const char *const from[] = {"data-lake-curated", "customer-exports"};
	for (int k = rng_between(&d->rng, 2, 7); k > 0; k--) {
		at += rng_between(&d->rng, 5, 200) * MW_SECOND;
		trail_s3(d, at, c, "GetObject", world_bucket(&d->w, from[rng_chance(&d->rng, 25)]),
		         arena_printf(&d->out.arena, "daily/segment-%03u.csv",
		                      rng_below(&d->rng, 90)),
		         rng_between(&d->rng, 20000, 900000), NULL);
	}
}

static void work_session(struct demo *d, const struct user *u, mw_time at)
{
	const char *ip = rng_chance(&d->rng, 60) ? part_office_ip(d) : u->home_ip;
	const struct role *r = way_of(d, u);
	struct caller c;
	if (r) {
		const char *key = caller_session_key(d);
		saml_login(d, at, u, r, key, ip);
		c = caller_role(d, r, u->name, key, at, true, ip, AGENT_WEB);
	} else {
		if (rng_chance(&d->rng, 8))
			trail_login(d, at - 20 * MW_SECOND, u, ip, false, "Failed authentication");
		trail_login(d, at, u, ip, u->mfa, NULL);
		c = caller_console(d, u, u->mfa, at, ip);
	}
	browse(d, at + 5 * MW_SECOND, &c);
	if (!strcmp(u->groups, "data"))
		read_data(d, at + 3 * MW_MINUTE, &c);
}

/* Developers also use their own key from the command line. */
static void key_session(struct demo *d, const struct user *u, mw_time at)
{
	struct caller c = caller_key(d, u, u->key, part_office_ip(d),
	                             rng_chance(&d->rng, 50) ? AGENT_CLI : AGENT_TF);
	browse(d, at, &c);
}

void noise_people(struct demo *d)
{
	part_begin(d, "people");
	struct user *u;
	vec_each (u, &d->w.users) {
		/* break-glass-1 and the retired keys have no ordinary day */
		if (!u->console || !strncmp(u->name, "break-glass", 11))
			continue;
		for (int k = part_scaled(d, 40); k > 0; k--) {
			mw_time at = part_any_time(d);
			if (!rng_chance(&d->rng, part_busy(at)))
				continue;
			work_session(d, u, at);
			if (u->key && rng_chance(&d->rng, 30))
				key_session(d, u, at + 9 * MW_MINUTE);
		}
	}
}
