#include "demo/findings.h"

/* What a finding is about, resolved. */
struct subject {
	const char *id, *short_id, *name, *kind, *account, *region;
};

static struct subject subject_of(struct demo *d, char on, const char *name)
{
	const char *prod = world_accounts[PROD].uid;
	struct subject s = {.name = name, .account = prod, .region = "us-east-1"};
	if (on == 'i') {
		const struct instance *i = world_instance(&d->w, name);
		s.id = world_instance_arn(&d->w, i);
		s.short_id = i->id;
		s.account = world_accounts[d->w.vpcs[i->vpc].acct].uid;
		s.region = d->w.vpcs[i->vpc].region;
		s.kind = "AwsEc2Instance";
	} else if (on == 'b') {
		const struct bucket *b = world_bucket(&d->w, name);
		s.id = b->arn;
		s.account = world_accounts[b->acct].uid;
		s.kind = "AwsS3Bucket";
	} else if (on == 'd') {
		s.id = world_database(&d->w, name)->arn;
		s.kind = "AwsRdsDbInstance";
	} else if (on == 'u') {
		s.id = world_user(&d->w, name)->arn;
		s.kind = "AwsIamUser";
	} else if (on == 'r') {
		const struct role *r = world_role(&d->w, name);
		s.id = r->arn;
		s.account = world_accounts[r->acct].uid;
		s.kind = "AwsIamRole";
	} else if (on == 'k') {
		s.id = world_workload(&d->w, name)->id;
		s.kind = "KubernetesDeployment";
	} else {
		const struct vpc *v = &d->w.vpcs[VPC_SANDBOX];
		s.id = world_arn(&d->w, "ec2", v->region, v->acct, jf(d, "vpc/%-s", v->id));
		s.short_id = v->id;
		s.account = world_accounts[v->acct].uid;
		s.region = v->region;
		s.kind = "AwsEc2Vpc";
	}
	return s;
}

static const char *const severity_words[] = {"",       "INFORMATIONAL", "LOW",
                                             "MEDIUM", "HIGH",          "CRITICAL"};

static const char *guardduty_resource(struct demo *d, const struct finding_row *f,
                                      const struct subject *s)
{
	switch (f->on) {
	case 'i': {
		const struct instance *i = world_instance(&d->w, f->name);
		return jf(d,
		          "{'resourceType':'Instance','instanceDetails':{'instanceId':%s,'"
		          "instanceType':%s,'imageId':%s,'tags':[{'key':'Name',"
		          "'value':%s},{'key':'owner','value':%s}],'networkInterfaces':[{'"
		          "networkInterfaceId':%s,'privateIpAddress':%s,"
		          "'vpcId':%s}]}}",
		          i->id, i->type, i->image, i->name, i->owner, i->eni, i->ip,
		          d->w.vpcs[i->vpc].id);
	}
	case 'b':
		return jf(d,
		          "{'resourceType':'S3Bucket','s3BucketDetails':[{'arn':%s,'name':%s,'type'"
		          ":'Destination'}]}",
		          s->id, f->name);
	case 'd':
		return jf(d,
		          "{'resourceType':'RDSDBInstance','rdsDbInstanceDetails':{'"
		          "dbInstanceIdentifier':%s,'dbInstanceArn':%s,'engine':%s}}",
		          f->name, s->id, world_database(&d->w, f->name)->engine);
	case 'u':
		return jf(d,
		          "{'resourceType':'AccessKey','accessKeyDetails':{'accessKeyId':%s,'"
		          "principalId':%s,'userName':%s,'userType':'IAMUser'}}",
		          world_user(&d->w, f->name)->key, world_user(&d->w, f->name)->uid,
		          f->name);
	default:
		return jf(d,
		          "{'resourceType':'AccessKey','accessKeyDetails':{'principalId':%s,'"
		          "userName':%s,'userType':'AssumedRole'}}",
		          world_role(&d->w, f->name)->uid, f->name);
	}
}

static void guardduty(struct demo *d, const struct finding_row *f, const struct subject *s,
                      mw_time at)
{
	static const char *const scores[] = {"0", "1", "2", "5", "8", "9"};
	char id[32];
	rng_hex(&d->rng, id, sizeof(id));
	const char *uid = arena_strndup(&d->out.arena, id, sizeof(id));
	const char *action = f->ip ? jf(d,
	                                "{'actionType':'AWS_API_CALL','awsApiCallAction':{'"
	                                "callerType':'Remote IP','remoteIpDetails':{"
	                                "'ipAddressV4':%s}}}",
	                                f->ip)
	                           : "{\"actionType\":\"NETWORK_CONNECTION\"}";
	jfmt(&d->b,
	     "{'schemaVersion':'2.0','accountId':%s,'region':%s,'partition':'aws','id':%s,'arn':'"
	     "arn:aws:guardduty:%-s:%-s:detector/"
	     "12abc34d567e8fa901bc2d34e56789f0/finding/%-s','type':%s,'resource':%-s,",
	     s->account, s->region, uid, s->region, s->account, uid, f->type,
	     guardduty_resource(d, f, s));
	jfmt(&d->b,
	     "'service':{'serviceName':'guardduty','detectorId':'12abc34d567e8fa901bc2d34e56789f0',"
	     "'action':%-s,'resourceRole':'TARGET',"
	     "'archived':false,'count':%d,'eventFirstSeen':%s,'eventLastSeen':%s},'severity':%-s,'"
	     "title':%s,'description':%s,'createdAt':%s,"
	     "'updatedAt':%s}",
	     action, f->count, iso(at - 2 * MW_MINUTE).s, iso(at).s, scores[f->severity], f->title,
	     f->title, iso_ms(at).s, iso_ms(at).s);
	out_put(&d->out,
	        out_stream(&d->out, "findings/guardduty.jsonl", OUT_LINES, INT64_MAX, NULL), at,
	        uid, &d->b);
}

static void wiz(struct demo *d, const struct finding_row *f, const struct subject *s, mw_time at)
{
	const char *id = out_uuid(&d->out);
	const char *mitre = f->attack ? jf(d,
	                                   "{'title':'%-s','category':{'name':'MITRE','framework':{"
	                                   "'name':'MITRE ATT&CK Matrix'}}}",
	                                   f->attack)
	                              : "";
	jfmt(&d->b,
	     "{'id':%s,'type':'TOXIC_COMBINATION','status':'OPEN','severity':%s,'createdAt':%s,'"
	     "updatedAt':%s,'statusChangedAt':%s,"
	     "'sourceRule':{'__typename':'Control','id':'wc-id-%-s','name':%s,'controlDescription':"
	     "%s,'resolutionRecommendation':"
	     "'Ask the owner','securitySubCategories':[%-s]},",
	     id, severity_words[f->severity], iso_ms(at).s, iso_ms(at).s, iso_ms(at).s, f->type,
	     f->title, f->title, mitre);
	jfmt(&d->b,
	     "'entitySnapshot':{'id':%s,'type':%s,'nativeType':%s,'name':%s,'providerId':%s,'"
	     "externalId':%s,'cloudPlatform':'AWS','region':%s,"
	     "'subscriptionExternalId':%s,'subscriptionName':%s,'tags':{}},'projects':[],'"
	     "serviceTickets':[],'notes':[]}",
	     out_uuid(&d->out),
	     f->on == 'i'   ? "VIRTUAL_MACHINE"
	     : f->on == 'b' ? "BUCKET"
	                    : "RESOURCE",
	     s->kind, s->name, s->id, s->short_id ? s->short_id : s->id, s->region, s->account,
	     s->account);
	out_put(&d->out,
	        out_stream(&d->out, "findings/wiz_issues.jsonl", OUT_LINES, INT64_MAX, NULL), at,
	        id, &d->b);
}

static void asff(struct demo *d, const struct finding_row *f, const struct subject *s, mw_time at)
{
	static const int normalized[] = {0, 0, 20, 50, 80, 95};
	const char *id = jf(d, "arn:aws:securityhub:%-s:%-s:subscription/harborlight/finding/%-s",
	                    s->region, s->account, out_uuid(&d->out));
	jfmt(&d->b,
	     "{'SchemaVersion':'2018-10-08','Id':%s,'ProductArn':'arn:aws:securityhub:%-s:%-s:"
	     "product/%-s/default','ProductName':'Default',"
	     "'CompanyName':'Harborlight','GeneratorId':%s,'AwsAccountId':%s,'Region':%s,'Types':[%"
	     "s],'FirstObservedAt':%s,'CreatedAt':%s,"
	     "'UpdatedAt':%s,'Severity':{'Label':%s,'Normalized':%d},'Title':%s,'Description':%s,",
	     id, s->region, s->account, s->account, f->type, s->account, s->region, f->type,
	     iso_ms(at).s, iso_ms(at).s, iso_ms(at).s, severity_words[f->severity],
	     normalized[f->severity], f->title, f->title);
	if (f->ip)
		jfmt(&d->b,
		     "'Action':{'ActionType':'AWS_API_CALL','AwsApiCallAction':{'CallerType':'"
		     "remoteIp','RemoteIpDetails':{'IpAddressV4':%s}}},",
		     f->ip);
	jfmt(&d->b,
	     "'Resources':[{'Type':%s,'Id':%s,'Partition':'aws','Region':%s}],'RecordState':'"
	     "ACTIVE','Workflow':{'Status':'NEW'}}",
	     s->kind, s->id, s->region);
	out_put(&d->out,
	        out_stream(&d->out, "findings/securityhub.jsonl", OUT_LINES, INT64_MAX, NULL), at,
	        id, &d->b);
}

static void ocsf(struct demo *d, const struct finding_row *f, const struct subject *s, mw_time at)
{
	static const char *const words[] = {"Unknown", "Informational", "Low",
	                                    "Medium",  "High",          "Critical"};
	const char *id = jf(d, "posture-%-s-%-s", f->type, out_uuid(&d->out));
	jfmt(&d->b,
	     "{'class_uid':2004,'class_name':'Detection "
	     "Finding','category_uid':2,'category_name':'Findings','activity_id':1,'activity_name':"
	     "'Create','type_uid':200401,'type_name':'Detection Finding: "
	     "Create','time':%ld,'time_dt':%s,'severity_id':%d,'severity':%s,"
	     "'status':'New','status_id':1,'status_code':'FAIL','message':%s,",
	     (int64_t)(at / MW_SECOND), iso_ms(at).s, f->severity, words[f->severity], f->title);
	jfmt(&d->b,
	     "'metadata':{'event_code':%s,'version':'1.4.0','product':{'name':'Posture','vendor_"
	     "name':'Harborlight','version':'2'}},"
	     "'finding_info':{'uid':%s,'title':%s,'desc':%s,'created_time':%ld,'types':['Posture']}"
	     ",'cloud':{'provider':'aws','region':%s,"
	     "'account':{'uid':%s,'type':'AWS Account','type_id':10}},",
	     f->type, id, f->title, f->title, (int64_t)(at / MW_SECOND), s->region, s->account);
	jfmt(&d->b,
	     "'resources':[{'uid':%s,'name':%s,'type':%s,'region':%s,'cloud_partition':'aws'}]}",
	     s->id, s->name, s->kind, s->region);
	out_put(&d->out,
	        out_stream(&d->out, "findings/posture_ocsf.jsonl", OUT_LINES, INT64_MAX, NULL), at,
	        id, &d->b);
}

typedef void writer_fn(struct demo *d, const struct finding_row *f, const struct subject *s,
                       mw_time at);
static writer_fn *const writers[] = {
        [GUARDDUTY] = guardduty, [WIZ] = wiz, [ASFF] = asff, [OCSF] = ocsf};

void findings_put(struct demo *d)
{
	part_begin(d, "findings");
	for (const struct finding_row *f = findings_table; f->type; f++) {
		struct subject s = subject_of(d, f->on, f->name);
		out_resume(&d->out, f->story);
		mw_time at = f->hours == FINDING_NIGHT
		                     ? story_clock(d, STORY_NIGHT) + f->minutes * MW_MINUTE
		                     : story_ago(d, f->hours, f->minutes, 0);
		writers[f->vendor](d, f, &s, at);
	}
	out_noise(&d->out);
}
