/*
 * What machines do in the accounts all day: posture reading, configuration snapshots, instance
 * roles at work, pipelines, backups, autoscaling, service calls. Quantities are for three days at
 * scale 1.
 */
#include "demo/trail.h"

/* Read calls without a subject of their own. */
struct plain_call {
	const char *service, *name, *params;
};
static const struct plain_call posture_calls[] = {
        {"ec2", "DescribeInstances", "{\"maxResults\":1000,\"instancesSet\":{},\"filterSet\":{}}"},
        {"ec2", "DescribeSecurityGroups",
         "{\"maxResults\":1000,\"securityGroupSet\":{},\"filterSet\":{}}"},
        {"ec2", "DescribeVolumes", "{\"volumeSet\":{},\"filterSet\":{}}"},
        {"ec2", "DescribeSnapshots",
         "{\"ownersSet\":{\"items\":[{\"owner\":\"self\"}]},\"filterSet\":{}}"},
        {"iam", "ListUsers", "{\"maxItems\":1000}"},
        {"iam", "ListRoles", "{\"maxItems\":1000}"},
        {"iam", "GetAccountAuthorizationDetails", "{\"maxItems\":1000}"},
        {"s3", "ListBuckets", "{\"Host\":\"s3.us-east-1.amazonaws.com\"}"},
        {"rds", "DescribeDBInstances", "{\"maxRecords\":100}"},
        {"lambda", "ListFunctions20150331", "{\"maxItems\":50}"},
        {"kms", "ListKeys", "{\"limit\":1000}"},
        {"cloudtrail", "DescribeTrails", "{\"includeShadowTrails\":true}"},
        {"guardduty", "ListDetectors", "{\"maxResults\":50}"},
        {"eks", "ListClusters", "{\"maxResults\":100}"},
};

static void plain(struct demo *d, mw_time at, const struct caller *c, const struct plain_call *p,
                  const char *region)
{
	struct api a = {.service = p->service, .name = p->name, .read = true, .params = p->params};
	a.region = region;
	trail(d, at, c, &a);
}

/* The security account's posture tool walks through the other two every half hour. */
static void posture(struct demo *d)
{
	struct instance *from = world_instance(&d->w, "collector-01");
	struct role *r = world_role(&d->w, "posture-reader");
	int rounds = part_scaled(d, 144);
	for (int k = 0; k < rounds; k++) {
		mw_time at = d->start + k * (PART_DAYS * MW_DAY / rounds) +
		             rng_between(&d->rng, 0, 90) * MW_SECOND;
		const char *key = caller_session_key(d), *ip = d->w.vpcs[VPC_SEC].nat_ip;
		struct caller self = caller_instance(d, at, from, NULL, AGENT_BOTO);
		trail_assume(d, at, &self, r, "posture-scan", key, NULL);
		struct caller c = caller_role(d, r, "posture-scan", key, at, false, ip, AGENT_BOTO);
		for (size_t i = 0; i < ARRAY_LEN(posture_calls); i++) {
			at += rng_between(&d->rng, 1, 3) * MW_SECOND;
			plain(d, at, &c, &posture_calls[i], NULL);
		}
	}
}

struct service_call {
	const char *service, *call_service, *name, *params;
	int rounds; /* an account, in three days */
	bool read;
};
static const struct service_call service_calls[] = {
        {"config.amazonaws.com", "ec2", "DescribeRegions", "{\"regionSet\":{}}", 72, true},
        {"config.amazonaws.com", "s3", "GetBucketAcl", "{\"bucketName\":\"org-findings\"}", 144,
         true},
        {"cloudtrail.amazonaws.com", "s3", "GetBucketAcl", "{\"bucketName\":\"org-trail-logs\"}",
         288, true},
        {"cloudtrail.amazonaws.com", "kms", "GenerateDataKey",
         "{\"keySpec\":\"AES_256\",\"encryptionContext\":{\"aws:cloudtrail:arn\":\"org-trail\"}}",
         288, true},
        {"autoscaling.amazonaws.com", "ec2", "DescribeInstanceStatus",
         "{\"includeAllInstances\":true}", 216, true},
        {"elasticloadbalancing.amazonaws.com", "ec2", "DescribeNetworkInterfaces",
         "{\"filterSet\":{}}", 100, true},
        {"guardduty.amazonaws.com", "ec2", "DescribeVpcs", "{\"vpcSet\":{}}", 72, true},
        {"trustedadvisor.amazonaws.com", "iam", "GenerateCredentialReport", NULL, 12, true},
};

static void services(struct demo *d)
{
	for (size_t i = 0; i < ARRAY_LEN(service_calls); i++) {
		const struct service_call *s = &service_calls[i];
		for (int a = 0; a < NACCT; a++) {
			struct caller c = caller_service(d, (enum acct)a, s->service);
			struct api api = {
			        .service = s->call_service, .name = s->name, .read = s->read};
			api.params = s->params;
			for (int k = part_scaled(d, s->rounds); k > 0; k--)
				trail(d, part_any_time(d), &c, &api);
		}
	}
}

/* A role of functions and of instances is assumed by the service. */
static void service_assumes(struct demo *d)
{
	struct function *f;
	vec_each (f, &d->w.functions) {
		struct caller c = caller_service(d, f->acct, "lambda.amazonaws.com");
		for (int k = part_scaled(d, 26); k > 0; k--)
			trail_assume(d, part_any_time(d), &c, &d->w.roles.v[f->role], f->name,
			             caller_session_key(d), NULL);
	}
	struct instance *i;
	vec_each (i, &d->w.instances) {
		if (i->role < 0)
			continue;
		struct caller c =
		        caller_service(d, d->w.roles.v[i->role].acct, "ec2.amazonaws.com");
		for (int k = 0; k < 12; k++)
			trail_assume(d, d->end - PART_PROFILE_AGE - k * 6 * MW_HOUR, &c,
			             &d->w.roles.v[i->role], i->id, caller_profile_key(d, i, k),
			             NULL);
	}
}

static void secret_read(struct demo *d, mw_time at, const struct caller *c, const char *name)
{
	struct key_secret *k;
	vec_each (k, &d->w.keys) {
		if (strcmp(k->name, name) != 0)
			continue;
		struct api a = {
		        .service = "secretsmanager", .name = "GetSecretValue", .read = true};
		a.params = jf(d, "{'secretId':%s}", k->arn);
		trail(d, at, c, &a);
	}
}

static void decrypt(struct demo *d, mw_time at, const struct caller *c, const char *key)
{
	struct key_secret *k;
	vec_each (k, &d->w.keys) {
		if (strcmp(k->name, key) != 0)
			continue;
		struct api a = {.service = "kms", .name = "Decrypt", .read = true};
		a.params = jf(d, "{'encryptionAlgorithm':'SYMMETRIC_DEFAULT','keyId':%s}", k->arn);
		a.resources = jf(d, "[{'accountId':%s,'type':'AWS::KMS::Key','ARN':%s}]",
		                 world_accounts[k->acct].uid, k->arn);
		trail(d, at, c, &a);
	}
}

/* What the instances of a fleet do with their role. */
struct habit {
	const char *fleet, *op, *bucket, *key, *secret, *agent;
	int times; /* an instance, in three days */
};
static const struct habit habits[] = {
        {"api", "GetObject", "invoices-prod", "2026/invoice-%06u.pdf", NULL, AGENT_JAVA, 120},
        {"api", "PutObject", "invoices-prod", "2026/invoice-%06u.pdf", NULL, AGENT_JAVA, 60},
        {"api", "GetObject", "statements-prod", "monthly/account-%05u.pdf", NULL, AGENT_JAVA, 60},
        {"api", "GetObject", "kyc-documents", "person-%05u/passport.jpg", NULL, AGENT_JAVA, 20},
        {"api", NULL, NULL, NULL, "api-orders-db", AGENT_JAVA, 24},
        {"api", NULL, NULL, NULL, "api-ledger-db", AGENT_JAVA, 24},
        {"api", NULL, NULL, NULL, "api-psp-token", AGENT_JAVA, 12},
        {"web", NULL, NULL, NULL, "web-session", AGENT_GO, 12},
        {"eu-api", "GetObject", "statements-prod", "monthly/account-%05u.pdf", NULL, AGENT_JAVA,
         40},
        {"eu-api", NULL, NULL, NULL, "api-psp-token", AGENT_JAVA, 12},
        {"report", NULL, NULL, NULL, "report-db", AGENT_BOTO, 30},
        {"collector", "GetObject", "org-trail-logs", "AWSLogs/batch-%06u.json.gz", NULL, AGENT_BOTO,
         400},
        {"dev-app", NULL, NULL, NULL, "dev-db", AGENT_JAVA, 20},
};

static void one_habit(struct demo *d, const struct habit *h, const struct instance *i)
{
	for (int k = part_scaled(d, h->times); k > 0; k--) {
		mw_time at = part_any_time(d);
		if (!rng_chance(&d->rng, 40 + part_busy(at) / 2))
			at -= at % MW_HOUR % (20 * MW_MINUTE); /* cron-like */
		struct caller c = caller_instance(d, at, i, NULL, h->agent);
		if (h->secret) {
			secret_read(d, at, &c, h->secret);
			continue;
		}
		char key[64];
		snprintf(key, sizeof(key), "%s", h->key);
		char *hole = strchr(key, '%');
		char number[16];
		snprintf(number, sizeof(number), "%06u", rng_skewed(&d->rng, 20000));
		const char *full = arena_printf(&d->out.arena, "%.*s%s%s", (int)(hole - key), key,
		                                number, hole + 4);
		trail_s3(d, at, &c, h->op, world_bucket(&d->w, h->bucket), full,
		         20000 + rng_below(&d->rng, 400000), NULL);
	}
}

static void instances(struct demo *d)
{
	struct instance *i;
	for (size_t h = 0; h < ARRAY_LEN(habits); h++)
		vec_each (i, &d->w.instances)
			if (i->role >= 0 && !strcmp(i->fleet, habits[h].fleet))
				one_habit(d, &habits[h], i);
	/* The old web tier serves archived statements now and then. */
	static const char *const old_web[] = {"web-07", "web-08", "web-09"};
	for (int k = part_scaled(d, 150); k > 0; k--) {
		mw_time at = part_any_time(d);
		i = world_instance(&d->w, old_web[rng_below(&d->rng, 3)]);
		struct caller c = caller_instance(d, at, i, NULL, AGENT_GO);
		const char *key = arena_printf(&d->out.arena, "2025/statement-%05u.pdf",
		                               rng_below(&d->rng, 4000));
		trail_s3(d, at, &c, "GetObject", world_bucket(&d->w, "fin-archive-prod"), key,
		         60000 + rng_below(&d->rng, 200000), NULL);
		decrypt(d, at + MW_SECOND, &c, "fin-archive");
	}
}

/* Deploys: a build in dev assumes the pipeline role in prod, in working hours. */
static void deploy(struct demo *d, mw_time at)
{
	static const struct plain_call steps[] = {
	        {"ecr", "GetAuthorizationToken", NULL},
	        {"ecr", "InitiateLayerUpload", "{\"repositoryName\":\"shop/checkout\"}"},
	        {"ecr", "PutImage", "{\"repositoryName\":\"shop/checkout\",\"imageTag\":\"main\"}"},
	        {"eks", "DescribeCluster", "{\"name\":\"prod-eks\"}"},
	        {"cloudformation", "CreateChangeSet",
	         "{\"stackName\":\"shop\",\"changeSetType\":\"UPDATE\"}"},
	        {"cloudformation", "ExecuteChangeSet", "{\"stackName\":\"shop\"}"},
	        {"lambda", "UpdateFunctionCode20150331v2",
	         "{\"functionName\":\"order-router\",\"publish\":true}"},
	        {"elasticloadbalancing", "DescribeTargetHealth",
	         "{\"targetGroupArn\":\"shop-web\"}"},
	};
	const struct role *runner = world_role(&d->w, "ci-runner"),
	                  *pipe = world_role(&d->w, "pipeline-deploy");
	const char *ip = d->w.vpcs[VPC_DEV].nat_ip, *key = caller_session_key(d);
	const char *session = arena_printf(&d->out.arena, "build-%04u", rng_below(&d->rng, 10000));
	struct caller build =
	        caller_role(d, runner, session, caller_session_key(d), at, false, ip, AGENT_CLI);
	trail_assume(d, at, &build, pipe, session, key, NULL);
	struct caller c = caller_role(d, pipe, session, key, at, false, ip, AGENT_CLI);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		at += rng_between(&d->rng, 2, 40) * MW_SECOND;
		struct api a = {.service = steps[i].service, .name = steps[i].name};
		a.params = steps[i].params;
		a.read = !strncmp(a.name, "Describe", 8) || !strncmp(a.name, "Get", 3);
		trail(d, at, &c, &a);
	}
}

static void deploys(struct demo *d)
{
	for (int k = part_scaled(d, 90); k > 0; k--) {
		mw_time at = part_any_time(d);
		if (rng_chance(&d->rng, part_busy(at) + 5))
			deploy(d, at);
	}
}

static void snapshot(struct demo *d, mw_time at, const struct caller *c, const struct instance *i)
{
	struct api a = {.service = "ec2", .name = "CreateSnapshot"};
	const char *id = world_id(&d->w, "snap-", 17);
	a.params =
	        jf(d, "{'volumeId':%s,'description':'nightly backup of %-s'}", i->volume, i->name);
	a.response = jf(d, "{'snapshotId':%s,'volumeId':%s,'status':'pending','encrypted':true}",
	                id, i->volume);
	trail(d, at, c, &a);
}

/* Between 01:00 and 02:30: a snapshot a volume, one a database, and a copy of yesterday's
 * statements. */
static void backups(struct demo *d)
{
	const struct role *r = world_role(&d->w, "backup");
	for (int day = 0; day <= PART_DAYS; day++) {
		mw_time at = part_midnight(d->start) + day * MW_DAY + MW_HOUR;
		struct caller c =
		        caller_role(d, r, "AWSBackup-nightly", caller_session_key(d), at, false,
		                    "backup.amazonaws.com", "backup.amazonaws.com");
		struct instance *i;
		vec_each (i, &d->w.instances)
			if (d->w.vpcs[i->vpc].acct == PROD)
				snapshot(d, at += 20 * MW_SECOND, &c, i);
		struct database *db;
		vec_each (db, &d->w.databases) {
			if (d->w.vpcs[db->vpc].acct != PROD)
				continue;
			struct api a = {.service = "rds", .name = "CreateDBSnapshot"};
			a.region = d->w.vpcs[db->vpc].region;
			a.params = jf(
			        d,
			        "{'dBInstanceIdentifier':%s,'dBSnapshotIdentifier':'%-s-nightly'}",
			        db->name, db->name);
			trail(d, at += 15 * MW_SECOND, &c, &a);
		}
		for (int k = 0; k < part_scaled(d, 420); k++) {
			const char *key =
			        arena_printf(&d->out.arena, "monthly/account-%05d.pdf", k * 3);
			at += rng_between(&d->rng, 1, 5) * MW_SECOND;
			trail_s3(d, at, &c, "GetObject", world_bucket(&d->w, "statements-prod"),
			         key, 90000, NULL);
			trail_s3(d, at, &c, "PutObject", world_bucket(&d->w, "backups-main"), key,
			         0, NULL);
		}
	}
}

/* Nightly report and the monthly-style customer export: large, lawful reads. */
static void reports(struct demo *d)
{
	for (int day = 0; day <= PART_DAYS; day++) {
		mw_time at = part_midnight(d->start) + day * MW_DAY + 3 * MW_HOUR + 30 * MW_MINUTE;
		struct caller c = caller_instance(d, at, world_instance(&d->w, "report-01"), NULL,
		                                  AGENT_BOTO);
		for (int k = 0; k < part_scaled(d, 380); k++) {
			at += rng_between(&d->rng, 1, 8) * MW_SECOND;
			trail_s3(d, at, &c, "GetObject", world_bucket(&d->w, "data-lake-curated"),
			         arena_printf(&d->out.arena, "sales/part-%05d.parquet", k), 3000000,
			         NULL);
		}
		const struct role *r = world_role(&d->w, "fn-report");
		struct caller fn = caller_role(d, r, "export-daily", caller_session_key(d), at,
		                               false, d->w.vpcs[VPC_PROD].nat_ip, AGENT_BOTO);
		for (int k = 0; k < part_scaled(d, 90); k++) {
			at += rng_between(&d->rng, 1, 6) * MW_SECOND;
			trail_s3(d, at, &fn, "GetObject", world_bucket(&d->w, "customer-exports"),
			         arena_printf(&d->out.arena, "daily/segment-%03d.csv", k), 800000,
			         NULL);
		}
	}
}

struct robot {
	const char *user, *service, *name, *params, *ip, *agent;
	int times;
	bool read;
};
static const struct robot robots[] = {
        {"svc-metrics", "monitoring", "DescribeAlarms", "{\"maxRecords\":100}", "198.51.100.4",
         AGENT_GO, 288, true},
        {"svc-metrics", "ec2", "DescribeInstances", "{\"instancesSet\":{},\"filterSet\":{}}",
         "198.51.100.4", AGENT_GO, 144, true},
        {"svc-report", "athena", "StartQueryExecution", "{\"workGroup\":\"reports\"}",
         "198.51.100.4", AGENT_BOTO, 72, false},
        {"svc-report", "athena", "GetQueryResults", "{\"maxResults\":1000}", "198.51.100.4",
         AGENT_BOTO, 140, true},
        {"svc-siem", "guardduty", "ListFindings", "{\"maxResults\":50}", "198.51.100.6", AGENT_BOTO,
         288, true},
        {"svc-mail", "sesv2", "GetAccount", NULL, "198.51.100.4", AGENT_JAVA, 72, true},
        {"ci-deploy", "s3", "ListBuckets", "{\"Host\":\"s3.us-east-1.amazonaws.com\"}",
         "198.51.100.7", AGENT_CLI, 9, true},
        {"ci-deploy", "sts", "GetCallerIdentity", NULL, "198.51.100.7", AGENT_CLI, 30, true},
        {"svc-build", "codebuild", "BatchGetBuilds", "{\"ids\":[]}", "198.51.100.7", AGENT_CLI, 430,
         true},
        {"svc-build", "codebuild", "StartBuild", "{\"projectName\":\"shop\"}", "198.51.100.7",
         AGENT_CLI, 90, false},
        {"wim.devries", "s3", "ListBuckets", "{\"Host\":\"s3.us-east-1.amazonaws.com\"}",
         "198.51.100.7", AGENT_BOTO, 20, true},
};

static void robots_at_work(struct demo *d)
{
	for (size_t i = 0; i < ARRAY_LEN(robots); i++) {
		const struct robot *r = &robots[i];
		struct user *u = world_user(&d->w, r->user);
		struct caller c = caller_key(d, u, u->key, r->ip, r->agent);
		struct api a = {.service = r->service, .name = r->name, .read = r->read};
		a.params = r->params;
		for (int k = part_scaled(d, r->times); k > 0; k--)
			trail(d, part_any_time(d), &c, &a);
	}
}

/* Workers come in the morning and go in the evening. */
static void autoscaling(struct demo *d)
{
	struct caller c = caller_service(d, PROD, "autoscaling.amazonaws.com");
	const struct instance *like = world_instance(&d->w, "worker-01");
	for (int day = 0; day <= PART_DAYS; day++) {
		for (int k = 0; k < 5; k++) {
			mw_time up = part_midnight(d->start) + day * MW_DAY + 7 * MW_HOUR +
			             k * 11 * MW_MINUTE;
			const char *id = world_id(&d->w, "i-", 17);
			struct api a = {.service = "ec2", .name = "RunInstances"};
			a.params = jf(d,
			              "{'instancesSet':{'items':[{'imageId':%s,'minCount':1,'"
			              "maxCount':1}]},"
			              "'instanceType':'c6i.large','subnetId':%s}",
			              like->image, d->w.subnets.v[like->subnet].id);
			a.response = jf(d,
			                "{'instancesSet':{'items':[{'instanceId':%s,'imageId':%s,"
			                "'instanceType':'c6i.large'}]}}",
			                id, like->image);
			trail(d, up, &c, &a);
			a = (struct api){.service = "ec2", .name = "TerminateInstances"};
			a.params = jf(d, "{'instancesSet':{'items':[{'instanceId':%s}]}}", id);
			trail(d, up + 11 * MW_HOUR, &c, &a);
		}
	}
}

void noise_aws(struct demo *d)
{
	part_begin(d, "aws");
	posture(d);
	services(d);
	service_assumes(d);
	instances(d);
	deploys(d);
	backups(d);
	reports(d);
	robots_at_work(d);
	autoscaling(d);
}
