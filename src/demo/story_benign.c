/*
 * Look-alikes: each resembles one of the attacks and has its lawful explanation in context/ or in
 * the address it came from.
 */
#include "demo/story.h"

static void debug_with_role_key(struct demo *d)
{
	out_story(&d->out, "benign-role-key-office", "benign", "L",
	          "Role key of web-03 used from the office");
	const struct instance *web = world_instance(&d->w, "web-03");
	mw_time at = story_ago(d, 18, 10, 0);
	struct caller c = caller_instance(d, at, web, "198.51.100.10", AGENT_CLI);
	story_call(d, at, &c, "sts", "GetCallerIdentity", NULL, NULL, NULL);
	for (int k = 1; k < 14; k++)
		story_call(d, at + 20 * k * MW_SECOND, &c, "s3", "ListBuckets",
		           "{\"Host\":\"s3.us-east-1.amazonaws.com\"}", NULL, "AccessDenied");
}

static void new_service_users(struct demo *d)
{
	static const char *const names[] = {"svc-mail-eu", "svc-mail-us"};
	out_story(&d->out, "benign-new-users", "benign", "I", "New service users under CHG-88110");
	mw_time at = story_ago(d, 26, 40, 0);
	struct caller c = story_saml(d, at, "carla.ruiz", "iam-admin", "198.51.100.10", true);
	for (size_t k = 0; k < ARRAY_LEN(names); k++) {
		at += 2 * MW_MINUTE;
		const char *user = jf(d, "{'userName':%s}", names[k]);
		story_call(d, at, &c, "iam", "CreateUser", user,
		           jf(d,
		              "{'user':{'userName':%s,'arn':'arn:aws:iam::111122223333:user/%-s'}}",
		              names[k], names[k]),
		           NULL);
		story_call(d, at + 20 * MW_SECOND, &c, "iam", "AttachUserPolicy",
		           jf(d,
		              "{'userName':%s,'policyArn':'arn:aws:iam::111122223333:policy/"
		              "ServerBasics'}",
		              names[k]),
		           NULL, NULL);
		story_call(d, at + 35 * MW_SECOND, &c, "iam", "CreateAccessKey", user,
		           jf(d, "{'accessKey':{'userName':%s,'status':'Active','accessKeyId':%s}}",
		              names[k], world_key_id(&d->w, "AKIA")),
		           NULL);
	}
}

static void training_run(struct demo *d)
{
	out_story(&d->out, "benign-gpu-training", "benign", "L",
	          "GPU training run under CHG-88102");
	mw_time at = story_ago(d, 39, 0, 0);
	struct caller c = story_saml(d, at, "xenia.popov", "dev-power", "198.51.100.10", true);
	const char *image = world_instance(&d->w, "ml-train-01")->image;
	for (int k = 0; k < 8; k++) {
		const char *id = world_id(&d->w, "i-", 17);
		story_call_in(d, "us-west-2", at + (60 + 8 * k) * MW_SECOND, &c, "ec2",
		              "RunInstances",
		              jf(d,
		                 "{'instancesSet':{'items':[{'imageId':%s,'minCount':1,'maxCount':"
		                 "1}]},'instanceType':'g5.12xlarge'}",
		                 image),
		              jf(d, "{'instancesSet':{'items':[{'instanceId':%s,'imageId':%s}]}}",
		                 id, image),
		              NULL);
		story_call_in(d, "us-west-2", at + 10 * MW_HOUR + k * MW_SECOND, &c, "ec2",
		              "TerminateInstances",
		              jf(d, "{'instancesSet':{'items':[{'instanceId':%s}]}}", id), NULL,
		              NULL);
	}
}

static void monthly_scan(struct demo *d)
{
	static const int ports[] = {22, 80, 443, 445, 3306, 3389, 5432, 8080, 8081};
	out_story(&d->out, "benign-vuln-scan", "benign", "I",
	          "Monthly scan by scanner-02 under CHG-88121");
	struct instance *i, *scanner = world_instance(&d->w, "scanner-02");
	mw_time at = story_ago(d, 21, 50, 0);
	vec_each (i, &d->w.instances) {
		if (i->vpc != VPC_PROD || i == scanner)
			continue;
		for (size_t p = 0; p < ARRAY_LEN(ports); p++) {
			struct flow f = {.vpc = VPC_PROD,
			                 .eni = i->eni,
			                 .instance = i->id,
			                 .subnet = i->subnet,
			                 .src = scanner->ip,
			                 .dst = i->ip};
			f.sport = rng_between(&d->rng, 40000, 60000);
			f.dport = ports[p];
			f.protocol = 6;
			f.packets = 1;
			f.bytes = 60;
			f.seconds = 1;
			f.ingress = f.reject = true;
			flow_put(d, at += rng_between(&d->rng, 2, 14) * MW_SECOND, &f);
		}
	}
}

static void rotated_password(struct demo *d)
{
	out_story(&d->out, "benign-rotated-password", "benign", "I",
	          "Reporting jobs retry with the old password, CHG-88126");
	struct database *db = world_database(&d->w, "reporting-db");
	const char *from = world_instance(&d->w, "report-02")->ip;
	for (int k = 0; k < 160; k++)
		flow_db(d, story_ago(d, 14, 50, 0) + k * 15 * MW_SECOND, db, from, true,
		        1200 + k % 7);
}

static void roll_out(struct demo *d)
{
	out_story(&d->out, "benign-rollout", "benign", "I", "export-worker 2.4 under CHG-88115");
	struct kube k = {.cluster = "prod-eks",
	                 .user = "system:serviceaccount:argocd:argocd-controller",
	                 .verb = "patch",
	                 .ns = "batch"};
	k.groups = "\"system:authenticated\",\"system:serviceaccounts\"";
	k.resource = "deployments";
	k.name = "export-worker";
	k.ip = world_address(&d->w, "@eks-node-05");
	k.agent = "argocd-application-controller/v2.11";
	k.code = 200;
	k.request = "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"export\","
	            "\"image\":\"111122223333.dkr.ecr.us-east-1.amazonaws.com/"
	            "batch/export:2.4.0\"}]}}}}";
	mw_time at = story_ago(d, 8, 50, 0);
	kube_put(d, at, &k);
	struct instance *node = world_instance(&d->w, "eks-node-05");
	linux_exec(d, at + 40 * MW_SECOND, node, "root", "/usr/bin/export-worker",
	           "export-worker --queue exports", "/usr/bin/containerd-shim-runc-v2");
	for (int n = 0; n < 120; n++)
		flow_out(d, at + (60 + 60 * n) * MW_SECOND, node, "192.0.2.30", 443,
		         rng_between(&d->rng, 1500, 2600));
}

static void break_glass(struct demo *d)
{
	out_story(&d->out, "benign-break-glass", "benign", "L",
	          "Console login without MFA, break-glass drill CHG-88123");
	struct user *u = world_user(&d->w, "break-glass-1");
	mw_time at = story_ago(d, 10, 40, 0);
	trail_login(d, at, u, "198.51.100.10", false, NULL);
	struct caller c = caller_console(d, u, false, at, "198.51.100.10");
	story_call(d, at + 30 * MW_SECOND, &c, "iam", "ListUsers", "{\"maxItems\":100}", NULL,
	           NULL);
	story_call(d, at + 70 * MW_SECOND, &c, "iam", "GetAccountSummary", NULL, NULL, NULL);
}

static void golden_snapshot(struct demo *d)
{
	out_story(&d->out, "benign-snapshot-share", "benign", "I",
	          "Snapshot shared with the security account, CHG-88119");
	mw_time at = story_ago(d, 19, 30, 0);
	struct caller c = story_saml(d, at, "bjorn.lind", "ops-admin", "198.51.100.11", true);
	const struct instance *i = world_instance(&d->w, "orders-mongo-01");
	const char *id = world_id(&d->w, "snap-", 17);
	story_call(d, at + MW_MINUTE, &c, "ec2", "CreateSnapshot",
	           jf(d, "{'volumeId':%s,'description':'golden'}", i->volume),
	           jf(d, "{'snapshotId':%s,'volumeId':%s}", id, i->volume), NULL);
	story_call(d, at + 7 * MW_MINUTE, &c, "ec2", "ModifySnapshotAttribute",
	           jf(d,
	              "{'snapshotId':%s,'attributeType':'CREATE_VOLUME_PERMISSION','"
	              "createVolumePermission':{'add':{'items':[{'userId':%s}]}}}",
	              id, world_accounts[SEC].uid),
	           "{\"_return\":true}", NULL);
}

static void travel(struct demo *d)
{
	out_story(&d->out, "benign-two-countries", "benign", "M",
	          "Sign-ins from two countries, 20 min");
	struct signin s = {.user = "emil.novak",
	                   .ip = "198.51.100.10",
	                   .app = "Azure Portal",
	                   .client = "Browser"};
	s.city = "Utrecht";
	s.country = "NL";
	s.device = "lap-emil.novak";
	s.mfa = true;
	for (int k = 0; k < 4; k++)
		azure_signin(d, story_ago(d, 2, 40, 0) + k * MW_MINUTE, &s);
	s.ip = "192.0.2.90";
	s.city = "Berlin";
	s.country = "DE";
	for (int k = 0; k < 7; k++)
		azure_signin(d, story_ago(d, 2, 20, 0) + k * MW_MINUTE, &s);
}

static void daytime_export(struct demo *d)
{
	out_story(&d->out, "benign-monthly-export", "benign", "L",
	          "Monthly customer export in office hours");
	mw_time at = story_clock(d, 10, 30);
	struct caller c = story_saml(d, at, "ines.costa", "data-engineer", "198.51.100.10", true);
	for (int k = 0; k < 260; k++)
		trail_s3(d, at + (60 + 9 * k) * MW_SECOND, &c, "GetObject",
		         world_bucket(&d->w, "customer-exports"),
		         jf(d, "monthly/segment-%d.csv", k), 900000, NULL);
}

void stories_benign(struct demo *d)
{
	debug_with_role_key(d);
	new_service_users(d);
	training_run(d);
	monthly_scan(d);
	rotated_password(d);
	roll_out(d);
	break_glass(d);
	golden_snapshot(d);
	travel(d);
	daytime_export(d);
}

void stories_put(struct demo *d)
{
	part_begin(d, "stories");
	stories_attack(d);
	stories_people(d);
	stories_benign(d);
	out_noise(&d->out);
}
