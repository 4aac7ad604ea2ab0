#include "demo/trail.h"

const char *jf(struct demo *d, const char *tmpl, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;
	va_start(ap, tmpl);
	jfmt_v(&b, tmpl, ap);
	va_end(ap);
	const char *s = arena_strndup(&d->out.arena, b.s, b.len);
	buf_release(&b);
	return s;
}

const char *caller_session_key(struct demo *d)
{
	char mid[9];
	rng_base32(&d->rng, mid, sizeof(mid));
	return arena_printf(&d->out.arena, "ASIA%.9sEXAMPLE", mid);
}

static const char *account_of(enum acct a)
{
	return world_accounts[a].uid;
}

struct caller caller_key(struct demo *d, const struct user *u, const char *key, const char *ip,
                         const char *agent)
{
	return (struct caller){
	        u->acct,
	        jf(d,
	           "{'type':'IAMUser','principalId':%s,'arn':%s,'accountId':%s,'accessKeyId':%s,"
	           "'userName':%s}",
	           u->uid, u->arn, account_of(u->acct), key, u->name),
	        ip, agent};
}

struct caller caller_console(struct demo *d, const struct user *u, bool mfa, mw_time since,
                             const char *ip)
{
	return (struct caller){
	        u->acct,
	        jf(d,
	           "{'type':'IAMUser','principalId':%s,'arn':%s,'accountId':%s,'accessKeyId':%s,"
	           "'userName':%s,'sessionContext':{'attributes':{'creationDate':%s,"
	           "'mfaAuthenticated':'%-s'}}}",
	           u->uid, u->arn, account_of(u->acct), caller_session_key(d), u->name,
	           iso(since).s, mfa ? "true" : "false"),
	        ip, AGENT_WEB};
}

static const char *role_identity(struct demo *d, const struct role *r, const char *session,
                                 const char *key, mw_time since, bool mfa, const char *delivery)
{
	return jf(d,
	          "{'type':'AssumedRole','principalId':'%-s:%-s','arn':'arn:aws:sts::%-s:assumed-"
	          "role/"
	          "%-s/%-s','accountId':%s,'accessKeyId':%s,'sessionContext':{'sessionIssuer':{"
	          "'type':'Role','principalId':%s,'arn':%s,'accountId':%s,'userName':%s},"
	          "'attributes':{'creationDate':%s,'mfaAuthenticated':'%-s'}%-s}}",
	          r->uid, session, account_of(r->acct), r->name, session, account_of(r->acct), key,
	          r->uid, r->arn, account_of(r->acct), r->name, iso(since).s,
	          mfa ? "true" : "false", delivery);
}

struct caller caller_role(struct demo *d, const struct role *r, const char *session,
                          const char *key, mw_time since, bool mfa, const char *ip,
                          const char *agent)
{
	return (struct caller){r->acct, role_identity(d, r, session, key, since, mfa, ""), ip,
	                       agent};
}

const char *caller_profile_key(struct demo *d, const struct instance *i, int64_t age)
{
	char name[64], mid[9];
	struct rng r;
	if (age <= 0)
		return i->profile_key;
	snprintf(name, sizeof(name), "%s/%d", i->id, (int)age);
	rng_seed(&r, d->seed, name);
	rng_base32(&r, mid, sizeof(mid));
	return arena_printf(&d->out.arena, "ASIA%.9sEXAMPLE", mid);
}

struct caller caller_instance(struct demo *d, mw_time at, const struct instance *i, const char *ip,
                              const char *agent)
{
	const struct role *r = &d->w.roles.v[i->role];
	mw_time newest = d->end - PART_PROFILE_AGE;
	int64_t age = at >= newest ? 0 : (newest - at - 1) / (6 * MW_HOUR) + 1;
	return (struct caller){r->acct,
	                       role_identity(d, r, i->id, caller_profile_key(d, i, age),
	                                     newest - age * 6 * MW_HOUR, false,
	                                     i->imds_v1 ? ",\"ec2RoleDelivery\":\"1.0\""
	                                                : ",\"ec2RoleDelivery\":\"2.0\""),
	                       ip ? ip : d->w.vpcs[i->vpc].nat_ip, agent};
}

struct caller caller_service(struct demo *d, enum acct acct, const char *service)
{
	return (struct caller){acct, jf(d, "{'type':'AWSService','invokedBy':%s}", service),
	                       service, service};
}

struct caller caller_root(struct demo *d, enum acct acct, bool mfa, const char *ip)
{
	const char *uid = account_of(acct);
	return (struct caller){
	        acct,
	        jf(d,
	           "{'type':'Root','principalId':%s,'arn':'arn:aws:iam::%-s:root','accountId':%s,"
	           "'accessKeyId':'','sessionContext':{'attributes':{'mfaAuthenticated':'%-s'}}}",
	           uid, uid, uid, mfa ? "true" : "false"),
	        ip, AGENT_WEB};
}

static void optional(struct buf *b, const char *name, const char *json)
{
	if (json)
		jfmt(b, ",'%-s':%-s", name, json);
}

static void request_id(struct demo *d, const struct api *a)
{
	char id[16];
	if (strcmp(a->service, "s3") != 0) {
		jfmt(&d->b, ",'requestID':%s", out_uuid(&d->out));
		return;
	}
	rng_base32(&d->rng, id, sizeof(id));
	buf_printf(&d->b, ",\"requestID\":\"%.16s\"", id);
}

static uint32_t trail_stream(struct demo *d, enum acct acct, const char *region)
{
	char path[256];
	snprintf(path, sizeof(path),
	         "logs/AWSLogs/%s/CloudTrail/%s/%%D/%s_CloudTrail_%s_%%T_%%H.json.gz",
	         account_of(acct), region, account_of(acct), region);
	return out_stream(&d->out, path, OUT_RECORDS, 6 * MW_HOUR, NULL);
}

void trail(struct demo *d, mw_time at, const struct caller *c, const struct api *a)
{
	const char *region = a->region ? a->region : "us-east-1", *id = out_uuid(&d->out);
	if (at >= d->end || at < d->start)
		return;
	jfmt(&d->b,
	     "{'eventVersion':'1.10','userIdentity':%-s,'eventTime':%s,"
	     "'eventSource':'%-s.amazonaws.com','eventName':%s,'awsRegion':%s,'sourceIPAddress':%s,"
	     "'userAgent':%s",
	     c->identity, iso(at).s, a->service, a->name, region, c->ip, c->agent);
	if (a->error)
		jfmt(&d->b, ",'errorCode':%s", a->error);
	if (a->message)
		jfmt(&d->b, ",'errorMessage':%s", a->message);
	jfmt(&d->b, ",'requestParameters':%-s,'responseElements':%-s",
	     a->params ? a->params : "null", a->response ? a->response : "null");
	optional(&d->b, "additionalEventData", a->extra);
	request_id(d, a);
	jfmt(&d->b, ",'eventID':%s,'readOnly':%i", id, a->read);
	optional(&d->b, "resources", a->resources);
	jfmt(&d->b,
	     ",'eventType':%s,'managementEvent':%i,'recipientAccountId':%s,'eventCategory':%s",
	     a->type ? a->type : "AwsApiCall", !a->data, account_of(c->acct),
	     a->data ? "Data" : "Management");
	if (strcmp(c->ip, c->agent) != 0) /* not a service's own call */
		jfmt(&d->b,
		     ",'tlsDetails':{'tlsVersion':'TLSv1.3','cipherSuite':'TLS_AES_128_GCM_SHA256',"
		     "'clientProvidedHostHeader':'%-s.%-s.amazonaws.com'}",
		     a->host ? a->host : a->service, region);
	buf_ch(&d->b, '}');
	out_put(&d->out, trail_stream(d, c->acct, region), at, id, &d->b);
}

void trail_s3(struct demo *d, mw_time at, const struct caller *c, const char *op,
              const struct bucket *b, const char *key, int64_t bytes_out, const char *error)
{
	bool read = !strncmp(op, "Get", 3) || !strncmp(op, "List", 4) || !strncmp(op, "Head", 4);
	bool object = strstr(op, "Object") != NULL;
	if (object && !b->data_events)
		return; /* happens, but no trail has a selector for it: see inventory_logging */
	struct api a = {
	        .service = "s3", .name = op, .read = read, .data = object, .region = b->region};
	a.params = jf(d, "{'bucketName':%s,'Host':'%-s.s3.%-s.amazonaws.com'%-s}", b->name, b->name,
	              b->region, key ? jf(d, ",'key':%s", key) : "");
	a.extra = jf(d,
	             "{'SignatureVersion':'SigV4','CipherSuite':'TLS_AES_128_GCM_SHA256',"
	             "'bytesTransferredIn':%d,'AuthenticationMethod':'AuthHeader',"
	             "'bytesTransferredOut':%ld}",
	             read ? 0 : 2048, error ? 243 : bytes_out);
	const char *entry = jf(d, "{'accountId':%s,'type':'AWS::S3::Bucket','ARN':%s}",
	                       account_of(b->acct), b->arn);
	a.resources =
	        key ? jf(d, "[{'type':'AWS::S3::Object','ARN':'%-s/%-s'},%-s]", b->arn, key, entry)
	            : jf(d, "[%-s]", entry);
	a.error = error;
	a.message = error ? "Access Denied" : NULL;
	a.host = jf(d, "%-s.s3", b->name);
	trail(d, at, c, &a);
}

void trail_assume(struct demo *d, mw_time at, const struct caller *c, const struct role *r,
                  const char *session, const char *key, const char *error)
{
	struct api a = {.service = "sts", .name = "AssumeRole", .read = true};
	a.params = jf(d, "{'roleArn':%s,'roleSessionName':%s,'durationSeconds':3600}", r->arn,
	              session);
	if (!error)
		a.response = jf(d,
		                "{'credentials':{'accessKeyId':%s,'sessionToken':"
		                "'<redacted>','expiration':%s},'assumedRoleUser':{"
		                "'assumedRoleId':'%-s:%-s','arn':'arn:aws:sts::%-s:assumed-role/"
		                "%-s/%-s'}}",
		                key, iso(at + MW_HOUR).s, r->uid, session, account_of(r->acct),
		                r->name, session);
	a.error = error;
	if (error)
		a.message =
		        jf(d, "User is not authorized to perform: sts:AssumeRole on resource: %-s",
		           r->arn);
	a.resources = jf(d, "[{'accountId':%s,'type':'AWS::IAM::Role','ARN':%s}]",
	                 account_of(r->acct), r->arn);
	trail(d, at, c, &a);
}

void trail_login(struct demo *d, mw_time at, const struct user *u, const char *ip, bool mfa,
                 const char *failure)
{
	struct caller c = {u->acct,
	                   jf(d,
	                      "{'type':'IAMUser','principalId':%s,'arn':%s,'accountId':%s,"
	                      "'accessKeyId':'','userName':%s}",
	                      u->uid, u->arn, account_of(u->acct), u->name),
	                   ip, AGENT_WEB};
	struct api a = {.service = "signin", .name = "ConsoleLogin", .type = "AwsConsoleSignIn"};
	a.response = failure ? "{\"ConsoleLogin\":\"Failure\"}" : "{\"ConsoleLogin\":\"Success\"}";
	a.message = failure; /* a failed sign-in has a message and no code */
	a.extra =
	        jf(d,
	           "{'LoginTo':'https://console.aws.amazon.com/console/home','MobileVersion':'No',"
	           "'MFAUsed':%s}",
	           mfa ? "Yes" : "No");
	trail(d, at, &c, &a);
}
