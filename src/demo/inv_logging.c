/*
 * What is logged where: trail selectors, flow logs, DNS query logs, detectors, Azure diagnostic
 * settings. Deliberate gaps: reads of hr-exports (and of the other buckets without data events),
 * the sandbox's flows and DNS, Azure storage reads.
 */
#include "demo/trail.h"

static int put(struct demo *d, const char *path, struct err *e)
{
	buf_ch(&d->b, '\n');
	int rc = out_file(&d->out, path, (struct slice){d->b.s, d->b.len}, e);
	buf_reset(&d->b);
	return rc;
}

static void comma(struct buf *b)
{
	if (b->len && b->s[b->len - 1] != '[')
		buf_ch(b, ',');
}

static const char *aws_path(struct demo *d, enum acct a, const char *region, const char *call)
{
	return jf(d, "inventory/aws/%-s/%-s/%-s", world_accounts[a].uid, region, call);
}

static int trails(struct demo *d, struct err *e)
{
	const char *arn = world_arn(&d->w, "cloudtrail", "us-east-1", SEC, "trail/org-trail");
	for (int a = 0; a < NACCT; a++) {
		jfmt(&d->b,
		     "{'trailList':[{'Name':'org-trail','S3BucketName':'org-trail-logs','"
		     "IncludeGlobalServiceEvents':true,"
		     "'IsMultiRegionTrail':true,'HomeRegion':'us-east-1','TrailARN':%s,'"
		     "LogFileValidationEnabled':true,"
		     "'HasCustomEventSelectors':true,'IsOrganizationTrail':true}]}",
		     arn);
		if (put(d,
		        aws_path(d, (enum acct)a, "us-east-1", "cloudtrail-describe-trails.json"),
		        e))
			return -1;
		jfmt(&d->b, "{'IsLogging':true,'StartLoggingTime':%s,'LatestDeliveryTime':%s}",
		     iso(d->start - 390 * MW_DAY).s, iso(d->end - 2 * MW_MINUTE).s);
		if (put(d,
		        aws_path(d, (enum acct)a, "us-east-1",
		                 "cloudtrail-get-trail-status/org-trail"),
		        e))
			return -1;
		jfmt(&d->b,
		     "{'TrailARN':%s,'EventSelectors':[{'ReadWriteType':'All','"
		     "IncludeManagementEvents':true,"
		     "'DataResources':[{'Type':'AWS::S3::Object','Values':[",
		     arn);
		struct bucket *b;
		vec_each (b, &d->w.buckets) {
			if (!b->data_events || b->acct != (enum acct)a)
				continue;
			comma(&d->b);
			jfmt(&d->b, "'%-s/'", b->arn);
		}
		buf_str(&d->b, "]}],\"ExcludeManagementEventSources\":[]}]}");
		if (put(d,
		        aws_path(d, (enum acct)a, "us-east-1",
		                 "cloudtrail-get-event-selectors/org-trail"),
		        e))
			return -1;
	}
	return 0;
}

/* An empty list tells as much as a full one: that there are none. */
static int no_logs(struct demo *d, const struct vpc *v, struct err *e)
{
	jfmt(&d->b, "{'FlowLogs':[]}");
	if (put(d, aws_path(d, v->acct, v->region, "ec2-describe-flow-logs.json"), e))
		return -1;
	jfmt(&d->b, "{'ResolverQueryLogConfigAssociations':[]}");
	return put(d,
	           aws_path(d, v->acct, v->region,
	                    "route53resolver-list-resolver-query-log-config-associations.json"),
	           e);
}

static int flow_logs(struct demo *d, const struct vpc *v, struct err *e)
{
	if (!v->flow)
		return no_logs(d, v, e);
	jfmt(&d->b,
	     "{'FlowLogs':[{'FlowLogId':%s,'FlowLogStatus':'ACTIVE','ResourceId':%s,'TrafficType':'"
	     "ALL',"
	     "'LogDestinationType':'s3','LogDestination':'arn:aws:s3:::org-flow-logs','"
	     "MaxAggregationInterval':600,"
	     "'CreationTime':%s}]}",
	     v->flow_id, v->id, iso(d->start - 200 * MW_DAY).s);
	if (put(d, aws_path(d, v->acct, v->region, "ec2-describe-flow-logs.json"), e))
		return -1;
	jfmt(&d->b,
	     "{'ResolverQueryLogConfigAssociations':[{'ResourceId':%s,'Status':'ACTIVE','"
	     "ResolverQueryLogConfigId':"
	     "'rqlc-0example','CreationTime':%s}]}",
	     v->id, iso(d->start - 200 * MW_DAY).s);
	return put(d,
	           aws_path(d, v->acct, v->region,
	                    "route53resolver-list-resolver-query-log-config-associations.json"),
	           e);
}

static int azure_settings(struct demo *d, struct err *e)
{
	const char *sub = jf(d, "/subscriptions/%-s", d->w.subscription);
	jfmt(&d->b,
	     "{'value':[{'id':'/providers/microsoft.aadiam/diagnosticSettings/"
	     "to-siem','name':'to-siem','properties':{'logs':["
	     "{'category':'SignInLogs','enabled':true},{'category':'AuditLogs','enabled':true},{'"
	     "category':"
	     "'NonInteractiveUserSignInLogs','enabled':false}]}},{'id':'%-s/providers/"
	     "microsoft.insights/diagnosticSettings/"
	     "activity','name':'activity','properties':{'logs':[{'category':'Administrative','"
	     "enabled':true},{'category':"
	     "'Security','enabled':true}]}}]}",
	     sub);
	return put(d, "inventory/azure/diagnostic-settings.json", e);
}

int inventory_logging(struct demo *d, struct err *e)
{
	if (trails(d, e))
		return -1;
	for (int v = 0; v < NVPC; v++)
		if (flow_logs(d, &d->w.vpcs[v], e))
			return -1;
	return azure_settings(d, e);
}
