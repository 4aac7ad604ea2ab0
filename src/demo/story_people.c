/*
 * Stories that start at a person: the stolen session, the insider, the mailbox, the sprayed
 * passwords, and changes made in good faith that open a door.
 */
#include "demo/story.h"

struct caller story_saml(struct demo *d, mw_time at, const char *user, const char *role,
                         const char *ip, bool mfa)
{
	const struct role *r = world_role(&d->w, role);
	const char *key = caller_session_key(d), *uid = world_accounts[r->acct].uid;
	struct caller c = {r->acct,
	                   jf(d,
	                      "{'type':'SAMLUser','principalId':'harborlight-entra:%-s@harborlight."
	                      "example','userName':"
	                      "'%-s@harborlight.example','identityProvider':'harborlight-entra'}",
	                      user, user),
	                   ip, AGENT_WEB};
	struct api a = {.service = "sts", .name = "AssumeRoleWithSAML", .read = true};
	a.params = jf(d,
	              "{'roleArn':%s,'principalArn':'arn:aws:iam::%-s:saml-provider/"
	              "harborlight-entra','durationSeconds':3600}",
	              r->arn, uid);
	a.response = jf(d,
	                "{'credentials':{'accessKeyId':%s,'expiration':%s},'assumedRoleUser':{'arn'"
	                ":'arn:aws:sts::%-s:"
	                "assumed-role/%-s/%-s'},'subject':'%-s@harborlight.example'}",
	                key, iso(at + MW_HOUR).s, uid, r->name, user, user);
	trail(d, at, &c, &a);
	return caller_role(d, r, user, key, at, mfa, ip, AGENT_WEB);
}

static const char *snapshot(struct demo *d, mw_time at, const struct caller *c,
                            const struct instance *i)
{
	const char *id = world_id(&d->w, "snap-", 17);
	story_call(d, at, c, "ec2", "CreateSnapshot",
	           jf(d, "{'volumeId':%s,'description':'tmp'}", i->volume),
	           jf(d, "{'snapshotId':%s,'volumeId':%s,'status':'pending'}", id, i->volume),
	           NULL);
	return id;
}

static void share(struct demo *d, mw_time at, const struct caller *c, const char *id,
                  const char *account)
{
	story_call(d, at, c, "ec2", "ModifySnapshotAttribute",
	           jf(d,
	              "{'snapshotId':%s,'attributeType':'CREATE_VOLUME_PERMISSION','"
	              "createVolumePermission':{'add':{'items':[{"
	              "'userId':%s}]}}}",
	              id, account),
	           "{\"_return\":true}", NULL);
}

static void stolen_session(struct demo *d)
{
	out_story(&d->out, "stolen-session-snapshot", "attack", "H",
	          "Snapshot shared with unknown account");
	const char *session = out_uuid(&d->out);
	struct signin s = {.user = "dana.reyes",
	                   .ip = "198.51.100.10",
	                   .app = "AWS Single-Account Access",
	                   .client = "Browser"};
	s.city = "Utrecht";
	s.country = "NL";
	s.device = "avd-desk-07";
	s.session = session;
	s.mfa = true;
	azure_signin(d, story_ago(d, 8, 2, 0), &s);
	s.ip = IP_PROXY; /* the same session, another device, no second factor asked */
	s.city = "Newark";
	s.country = "US";
	s.device = NULL;
	s.mfa = false;
	azure_signin(d, story_ago(d, 4, 20, 0), &s);
	mw_time at = story_ago(d, 4, 18, 0);
	struct caller c = story_saml(d, at, "dana.reyes", "ops-admin", IP_PROXY, false);
	story_call(d, at + 20 * MW_SECOND, &c, "ec2", "DescribeVolumes", "{\"volumeSet\":{}}", NULL,
	           NULL);
	story_call(d, at + 60 * MW_SECOND, &c, "ec2", "DescribeSnapshots",
	           "{\"ownersSet\":{\"items\":[{\"owner\":\"self\"}]}}", NULL, NULL);
	story_call(d, at + 75 * MW_SECOND, &c, "iam", "ListUsers", "{\"maxItems\":100}", NULL,
	           "AccessDenied");
	story_call(d, at + 80 * MW_SECOND, &c, "cloudtrail", "StopLogging",
	           "{\"name\":\"org-trail\"}", NULL, "AccessDenied");
	const char *one =
	        snapshot(d, at + 3 * MW_MINUTE, &c, world_instance(&d->w, "orders-mongo-01"));
	const char *two =
	        snapshot(d, at + 4 * MW_MINUTE, &c, world_instance(&d->w, "orders-mongo-02"));
	share(d, at + 9 * MW_MINUTE, &c, one, ACCOUNT_OUTSIDE);
	share(d, at + 10 * MW_MINUTE, &c, two, ACCOUNT_OUTSIDE);
}

static void insider_desk(struct demo *d, mw_time at)
{
	const struct azure_vm *v = world_vm(&d->w, "avd-desk-03");
	const char *tool = "C:\\Users\\marek.olsen\\Downloads\\rclone.exe",
	           *cmd = "C:\\Windows\\System32\\cmd.exe";
	sysmon_process(d, at, v->name, "marek.olsen", "C:\\Program Files\\7-Zip\\7z.exe",
	               "7z.exe a -pOlsen private.7z C:\\work\\segments", cmd);
	sysmon_process(d, at + 5 * MW_MINUTE, v->name, "marek.olsen", tool,
	               "rclone.exe copy private.7z mydrive:backup --transfers 8", cmd);
	for (int k = 0; k < 20; k++)
		sysmon_network(d, at + (6 + k) * MW_MINUTE, v->name, "marek.olsen", tool, v->ip,
		               IP_DRIVE, 443, "drive.personal-cloud.example");
}

static void insider(struct demo *d)
{
	out_story(&d->out, "insider-export", "attack", "M",
	          "Customer exports copied at night by one engineer");
	const struct user *u = world_user(&d->w, "marek.olsen");
	for (int night = 2; night >= 1; night--) {
		mw_time at = story_clock(d, STORY_NIGHT) - (night - 1) * MW_DAY;
		struct signin s = {.user = u->name,
		                   .ip = u->home_ip,
		                   .app = "AWS Single-Account Access",
		                   .client = "Browser"};
		s.city = "Utrecht";
		s.country = "NL";
		s.device = "avd-desk-03";
		s.mfa = true;
		azure_signin(d, at - MW_MINUTE, &s);
		struct caller c = story_saml(d, at, u->name, "data-engineer", u->home_ip, true);
		for (int k = 0; k < 330; k++)
			trail_s3(d, at + (60 + 6 * k) * MW_SECOND, &c, "GetObject",
			         world_bucket(&d->w, "customer-exports"),
			         jf(d, "full/segment-%d.csv", 1000 * night + k),
			         1400000 + rng_below(&d->rng, 900000), NULL);
		for (int k = 0; k < 12; k++)
			trail_s3(d, at + (2100 + 5 * k) * MW_SECOND, &c, "GetObject",
			         world_bucket(&d->w, "kyc-documents"),
			         jf(d, "person-%d/passport.jpg", 40 + k), 300000, NULL);
		insider_desk(d, at + 50 * MW_MINUTE);
	}
}

/* Microsoft 365 unified audit log, Exchange workload. */
static void mailbox_rule(struct demo *d, mw_time at, const char *user, const char *ip,
                         const char *to)
{
	const char *id = out_uuid(&d->out);
	jfmt(&d->b,
	     "{'CreationTime':%s,'Id':%s,'Operation':'New-InboxRule','OrganizationId':'1c9d5a3e-"
	     "7f20-4b6c-8a11-2d3e4f5a6b7c',"
	     "'RecordType':1,'ResultStatus':'True','UserKey':'10032001EXAMPLE','UserType':0,'"
	     "Version':1,'Workload':'Exchange',"
	     "'ClientIP':%s,'ObjectId':'Inbox\\\\.','UserId':'%-s@harborlight.example','Parameters'"
	     ":[{'Name':'Name','Value':'.'},"
	     "{'Name':'SubjectContainsWords','Value':'invoice;payroll'},{'Name':'ForwardTo','Value'"
	     ":%s},{'Name':'DeleteMessage',"
	     "'Value':'True'}]}",
	     iso(at).s, id, ip, user, to);
	out_put(&d->out,
	        out_stream(&d->out, "logs/m365/%d_exchange.jsonl", OUT_LINES, MW_DAY, NULL), at, id,
	        &d->b);
}

static void mfa_reset(struct demo *d)
{
	out_story(&d->out, "mfa-reset-mailbox", "attack", "H", "MFA reset, then mailbox rule");
	mw_time at = story_ago(d, 2, 10, 0);
	azure_audit(d, at, "Reset user password", "kim.tran", "paula.rossi", "192.0.2.71", NULL);
	azure_audit(d, at + 90 * MW_SECOND, "Admin deleted security info", "kim.tran",
	            "paula.rossi", "192.0.2.71", NULL);
	azure_audit(d, at + 6 * MW_MINUTE, "User registered security info", "paula.rossi",
	            "paula.rossi", "192.0.2.71",
	            "[{\"displayName\":\"StrongAuthenticationMethod\",\"newValue\":"
	            "\"PhoneAppNotification\"}]");
	struct signin s = {.user = "paula.rossi",
	                   .ip = "192.0.2.71",
	                   .app = "Office 365 Exchange Online",
	                   .client = "Browser"};
	s.city = "Lyon";
	s.country = "FR";
	s.mfa = true;
	azure_signin(d, at + 8 * MW_MINUTE, &s);
	mailbox_rule(d, at + 12 * MW_MINUTE, "paula.rossi", "192.0.2.71",
	             "p.rossi.hr@free-mail.example");
}

static void spray(struct demo *d)
{
	out_story(&d->out, "password-spray", "attack", "M", "VPN password spray, no success");
	for (int k = 0; k < 66; k++) {
		struct signin s = {.user = d->w.users.v[k % 17].name,
		                   .ip = IP_SPRAY,
		                   .app = "Harborlight VPN",
		                   .client = "Browser"};
		s.city = "Unknown";
		s.country = "XX";
		s.error = 50126;
		s.failure = "Invalid username or password";
		azure_signin(d, story_ago(d, 3, 40, 0) + k * 7 * MW_SECOND, &s);
	}
}

static void open_bucket(struct demo *d)
{
	out_story(&d->out, "bucket-opened", "attack", "M", "Bucket policy opened to the world");
	const struct bucket *b = world_bucket(&d->w, "support-attachments");
	mw_time at = story_ago(d, 12, 30, 0);
	struct caller c = story_saml(d, at, "kim.tran", "support-agent", "198.51.100.11", true);
	struct api a = {.service = "s3", .name = "PutBucketPolicy"};
	a.params = jf(d,
	              "{'bucketName':%s,'bucketPolicy':{'Version':'2012-10-17','Statement':[{'"
	              "Effect':'Allow','Principal':'*',"
	              "'Action':'s3:GetObject','Resource':'%-s/*'}]}}",
	              b->name, b->arn);
	a.resources =
	        jf(d, "[{'accountId':'111122223333','type':'AWS::S3::Bucket','ARN':%s}]", b->arn);
	trail(d, at + 2 * MW_MINUTE, &c, &a);
	for (int k = 0; k < 9; k++) {
		struct caller anyone = {PROD,
		                        "{\"type\":\"AWSAccount\",\"principalId\":\"\","
		                        "\"accountId\":\"anonymous\"}",
		                        "203.0.113.9", "curl/8.5.0"};
		trail_s3(d, at + (20 + 3 * k) * MW_MINUTE, &anyone, k ? "GetObject" : "ListObjects",
		         b, k ? jf(d, "ticket-%d.png", k) : NULL, 40000, k ? NULL : "AccessDenied");
	}
	struct caller fix = story_saml(d, at + 60 * MW_MINUTE, "nadia.haddad", "support-agent",
	                               "198.51.100.10", true);
	struct api undo = {.service = "s3",
	                   .name = "DeleteBucketPolicy",
	                   .params = jf(d, "{'bucketName':%s}", b->name)};
	trail(d, at + 62 * MW_MINUTE, &fix, &undo);
}

void stories_people(struct demo *d)
{
	stolen_session(d);
	insider(d);
	mfa_reset(d);
	spray(d);
	open_bucket(d);
}
