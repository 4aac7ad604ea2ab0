#include "demo/streams.h"

static bool inside(const struct demo *d, mw_time at)
{
	return at >= d->start && at < d->end;
}

#define FLOW_V2                                                                                   \
	"version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes " \
	"start end action "                                                                       \
	"log-status"
#define FLOW_V5                                                                                \
	FLOW_V2 " vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region " \
	        "az-id "                                                                       \
	        "flow-direction"

static uint32_t flow_stream(struct demo *d, const struct vpc *v)
{
	char path[256];
	const char *account = world_accounts[v->acct].uid;
	snprintf(path, sizeof(path),
	         "logs/AWSLogs/%s/vpcflowlogs/%s/%%D/%s_vpcflowlogs_%s_%s_%%T_%%H.log.gz", account,
	         v->region, account, v->region, v->flow_id);
	return out_stream(&d->out, path, OUT_LINES_GZ, 12 * MW_HOUR,
	                  v->flow == 5 ? FLOW_V5 : FLOW_V2);
}

void flow_put(struct demo *d, mw_time at, const struct flow *f)
{
	const struct vpc *v = &d->w.vpcs[f->vpc];
	if (!v->flow || !inside(d, at))
		return;
	long start = (long)(at / MW_SECOND);
	buf_printf(&d->b, "%d %s %s %s %s %d %d %d %d %ld %ld %ld %s OK", v->flow,
	           world_accounts[v->acct].uid, f->eni, f->src, f->dst, f->sport, f->dport,
	           f->protocol, f->packets, (long)f->bytes, start, start + f->seconds,
	           f->reject ? "REJECT" : "ACCEPT");
	if (v->flow == 5) {
		const struct subnet *s = f->subnet < 0 ? NULL : &d->w.subnets.v[f->subnet];
		buf_printf(&d->b, " %s %s %s %d IPv4 %s %s %s %s %s", v->id, s ? s->id : "-",
		           f->instance ? f->instance : "-",
		           f->protocol == 6 ? (f->reject ? 2 : 19) : 0, f->src, f->dst, v->region,
		           s ? s->az : "-", f->ingress ? "ingress" : "egress");
	}
	out_put(&d->out, flow_stream(d, v), at, NULL, &d->b);
}

static void flow_peer(struct demo *d, struct flow *f, const char *own, const char *peer, int port,
                      bool ingress)
{
	int high = rng_between(&d->rng, 32768, 60999);
	f->src = ingress ? peer : own;
	f->dst = ingress ? own : peer;
	f->sport = high;
	f->dport = port;
	f->protocol = port == 53 || port == 123 || port == 514 ? 17 : 6;
	f->ingress = ingress;
	f->packets = f->reject ? 1 : (int)(2 + f->bytes / 900);
	f->seconds = f->reject ? 1 : rng_between(&d->rng, 5, 58);
}

void flow_out(struct demo *d, mw_time at, const struct instance *i, const char *peer, int port,
              int64_t bytes)
{
	struct flow f = {.vpc = i->vpc,
	                 .eni = i->eni,
	                 .instance = i->id,
	                 .subnet = i->subnet,
	                 .bytes = bytes};
	flow_peer(d, &f, i->ip, peer, port, false);
	flow_put(d, at, &f);
}

void flow_in(struct demo *d, mw_time at, const struct instance *i, const char *peer, int port,
             int64_t bytes, bool reject)
{
	struct flow f = {.vpc = i->vpc,
	                 .eni = i->eni,
	                 .instance = i->id,
	                 .subnet = i->subnet,
	                 .bytes = bytes};
	f.reject = reject;
	flow_peer(d, &f, i->ip, peer, port, true);
	flow_put(d, at, &f);
}

void flow_db(struct demo *d, mw_time at, const struct database *db, const char *peer, bool ingress,
             int64_t bytes)
{
	struct flow f = {.vpc = db->vpc, .eni = db->eni, .subnet = -1, .bytes = bytes};
	int port = strcmp(db->engine, "mysql") ? 5432 : 3306;
	flow_peer(d, &f, db->ip, peer, port, ingress);
	if (!ingress) { /* the answer: from the server's port to the client's */
		f.dport = f.sport;
		f.sport = port;
	}
	flow_put(d, at, &f);
}

void dns_put(struct demo *d, mw_time at, const struct instance *i, const char *name,
             const char *type, const char *answer)
{
	const struct vpc *v = &d->w.vpcs[i->vpc];
	char path[256];
	if (!v->flow ||
	    !inside(d, at)) /* the sandbox has no query log either: see inventory_logging */
		return;
	snprintf(path, sizeof(path),
	         "logs/AWSLogs/%s/vpcdnsquerylogs/%s/%%D/%s_vpcdnsquerylogs_%s_%%T_%%H.log.gz",
	         world_accounts[v->acct].uid, v->id, v->id, world_accounts[v->acct].uid);
	jfmt(&d->b,
	     "{'version':'1.100000','account_id':%s,'region':%s,'vpc_id':%s,'query_timestamp':%s,'"
	     "query_name':'%-s.',"
	     "'query_type':%s,'query_class':'IN','rcode':%s,'answers':[",
	     world_accounts[v->acct].uid, v->region, v->id, iso(at).s, name, type,
	     answer ? "NOERROR" : "NXDOMAIN");
	if (answer)
		jfmt(&d->b, "{'Rdata':%s,'Type':%s,'Class':'IN'}", world_address(&d->w, answer),
		     type);
	jfmt(&d->b, "],'srcaddr':%s,'srcport':'%d','transport':'UDP','srcids':{'instance':%s}}",
	     i->ip, rng_between(&d->rng, 32768, 60999), i->id);
	out_put(&d->out, out_stream(&d->out, path, OUT_LINES_GZ, MW_DAY, NULL), at, NULL, &d->b);
}

void azure_signin(struct demo *d, mw_time at, const struct signin *s)
{
	const char *id = out_uuid(&d->out), *session = s->session ? s->session : out_uuid(&d->out);
	if (!inside(d, at))
		return;
	jfmt(&d->b,
	     "{'time':%s,'resourceId':'/tenants/1c9d5a3e-7f20-4b6c-8a11-2d3e4f5a6b7c/providers/"
	     "Microsoft.aadiam',"
	     "'operationName':'Sign-in "
	     "activity','operationVersion':'1.0','category':'SignInLogs','tenantId':"
	     "'1c9d5a3e-7f20-4b6c-8a11-2d3e4f5a6b7c','resultType':'%d','resultDescription':%s,'"
	     "callerIpAddress':%s,"
	     "'correlationId':%s,'Level':4,'location':%s,",
	     iso_ms(at).s, s->error, s->failure, s->ip, session, s->country);
	jfmt(&d->b,
	     "'properties':{'id':%s,'createdDateTime':%s,'userDisplayName':%s,'userPrincipalName':'"
	     "%-s@harborlight.example',"
	     "'appDisplayName':%s,'ipAddress':%s,'clientAppUsed':%s,'correlationId':%s,'sessionId':"
	     "%s,"
	     "'conditionalAccessStatus':%s,'isInteractive':true,'authenticationRequirement':%s,'"
	     "status':{'errorCode':%d,"
	     "'failureReason':%s},",
	     id, iso_ms(at).s, s->user, s->user, s->app, s->ip, s->client, out_uuid(&d->out),
	     session, s->error ? "failure" : "success",
	     s->mfa ? "multiFactorAuthentication" : "singleFactorAuthentication", s->error,
	     s->failure ? s->failure : "Other.");
	jfmt(&d->b,
	     "'deviceDetail':{'deviceId':%s,'displayName':%s,'operatingSystem':%s,'browser':'"
	     "Chrome 126.0.0','isCompliant':%i},"
	     "'location':{'city':%s,'countryOrRegion':%s},'authenticationDetails':[{'"
	     "authenticationMethod':%s,'succeeded':%i}],"
	     "'riskLevelDuringSignIn':'none'}}",
	     s->device ? s->device : "", s->device ? s->device : "",
	     s->device ? "Windows 11" : "Linux", s->device != NULL, s->city, s->country,
	     s->mfa ? "Mobile app notification" : "Previously satisfied", !s->error);
	out_put(&d->out,
	        out_stream(&d->out, "logs/azure/signin/%d_signin.jsonl", OUT_LINES, MW_DAY, NULL),
	        at, id, &d->b);
}

void azure_audit(struct demo *d, mw_time at, const char *operation, const char *by,
                 const char *target, const char *ip, const char *detail)
{
	const char *id = out_uuid(&d->out);
	if (!inside(d, at))
		return;
	jfmt(&d->b,
	     "{'time':%s,'resourceId':'/tenants/1c9d5a3e-7f20-4b6c-8a11-2d3e4f5a6b7c/providers/"
	     "Microsoft.aadiam',"
	     "'operationName':%s,'category':'AuditLogs','resultType':'success','callerIpAddress':%"
	     "s,'correlationId':%s,"
	     "'properties':{'id':%s,'category':'UserManagement','activityDateTime':%s,'"
	     "activityDisplayName':%s,'result':'success',"
	     "'loggedByService':'Core "
	     "Directory','initiatedBy':{'user':{'userPrincipalName':'%-s@harborlight.example','"
	     "ipAddress':"
	     "%s}},'targetResources':[{'type':'User','userPrincipalName':'%-s@harborlight.example',"
	     "'modifiedProperties':%-s}]}}",
	     iso_ms(at).s, operation, ip, out_uuid(&d->out), id, iso_ms(at).s, operation, by, ip,
	     target, detail ? detail : "[]");
	out_put(&d->out,
	        out_stream(&d->out, "logs/azure/audit/%d_audit.jsonl", OUT_LINES, MW_DAY, NULL), at,
	        id, &d->b);
}

void windows_put(struct demo *d, mw_time at, const char *host, int event, const char *channel,
                 const char *provider, const char *data)
{
	if (!inside(d, at))
		return;
	jfmt(&d->b,
	     "{'@timestamp':%s,'event':{'code':'%d','kind':'event','provider':%s},'host':{'name':%"
	     "s},'agent':{'type':'winlogbeat',"
	     "'version':'8.13.4'},'winlog':{'channel':%s,'event_id':%d,'provider_name':%s,'"
	     "computer_name':'%-s.harborlight.example',"
	     "'record_id':%d,'event_data':{%-s}}}",
	     iso_ms(at).s, event, provider, host, channel, event, provider, host,
	     rng_between(&d->rng, 100000, 9999999), data);
	out_put(&d->out,
	        out_stream(&d->out, "logs/endpoint/windows/%d_winlogbeat.jsonl", OUT_LINES, MW_DAY,
	                   NULL),
	        at, NULL, &d->b);
}

#define SYSMON "Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon"

static const char *guid(struct demo *d)
{
	return jf(d, "{%-s}", out_uuid(&d->out));
}

void sysmon_process(struct demo *d, mw_time at, const char *host, const char *user,
                    const char *image, const char *command, const char *parent)
{
	char sha[64];
	rng_hex(&d->rng, sha, sizeof(sha));
	windows_put(d, at, host, 1, SYSMON,
	            jf(d,
	               "'UtcTime':%s,'ProcessGuid':%s,'ProcessId':'%d','Image':%s,'CommandLine':%s,"
	               "'User':%s,'IntegrityLevel':'Medium',"
	               "'Hashes':'SHA256=%-s','ParentProcessGuid':%s,'ParentProcessId':'%d','"
	               "ParentImage':%s",
	               iso_ms(at).s, guid(d), rng_between(&d->rng, 1000, 19999), image, command,
	               jf(d, "HARBORLIGHT\\%-s", user),
	               arena_strndup(&d->out.arena, sha, sizeof(sha)), guid(d),
	               rng_between(&d->rng, 500, 9999), parent));
}

void sysmon_network(struct demo *d, mw_time at, const char *host, const char *user,
                    const char *image, const char *src, const char *dst, int port, const char *name)
{
	windows_put(d, at, host, 3, SYSMON,
	            jf(d,
	               "'UtcTime':%s,'ProcessGuid':%s,'ProcessId':'%d','Image':%s,'User':%s,'"
	               "Protocol':'tcp','Initiated':'true',"
	               "'SourceIp':%s,'SourcePort':'%d','DestinationIp':%s,'DestinationPort':'%d','"
	               "DestinationHostname':%s",
	               iso_ms(at).s, guid(d), rng_between(&d->rng, 1000, 19999), image,
	               jf(d, "HARBORLIGHT\\%-s", user), src, rng_between(&d->rng, 49152, 65000),
	               dst, port, name));
}

void linux_syslog(struct demo *d, mw_time at, const struct instance *i, const char *process,
                  const char *text)
{
	if (!inside(d, at))
		return;
	jfmt(&d->b,
	     "{'TenantId':'9f2b6c1d-harborlight','SourceSystem':'Linux','TimeGenerated':%s,'"
	     "Computer':%s,'EventTime':%s,'Facility':%s,"
	     "'HostName':%s,'SeverityLevel':'info','SyslogMessage':%s,'HostIP':%s,'ProcessName':%s,"
	     "'Type':'Syslog'}",
	     iso_ms(at).s, i->name, iso(at).s, strcmp(process, "sshd") ? "user" : "authpriv",
	     i->name, text, i->ip, process);
	out_put(&d->out,
	        out_stream(&d->out, "logs/endpoint/linux/%d_syslog.jsonl", OUT_LINES, MW_DAY, NULL),
	        at, NULL, &d->b);
}

void linux_exec(struct demo *d, mw_time at, const struct instance *i, const char *user,
                const char *exe, const char *args, const char *parent)
{
	const char *name = strrchr(exe, '/');
	linux_syslog(
	        d, at, i, "auoms",
	        arena_printf(&d->out.arena,
	                     "type=AUOMS_EXECVE audit(%ld.%03d:%d): SchemaVersion=\"1\" node=%s "
	                     "arch=x86_64 syscall=execve "
	                     "success=yes exit=0 ppid=%d pid=%d audit_user=unset user=%s "
	                     "effective_user=%s tty=(none) "
	                     "comm=\"%s\" exe=\"%s\" parent_exe=\"%s\" cwd=\"/\" cmdline=\"%s\"",
	                     (long)(at / MW_SECOND), (int)(at % MW_SECOND / 1000),
	                     rng_between(&d->rng, 10000, 99999), i->name,
	                     rng_between(&d->rng, 100, 9999), rng_between(&d->rng, 10000, 32000),
	                     user, user, name ? name + 1 : exe, exe, parent, args));
}

void kube_put(struct demo *d, mw_time at, const struct kube *k)
{
	const char *id = out_uuid(&d->out);
	char path[128];
	if (!inside(d, at))
		return;
	snprintf(path, sizeof(path), "logs/kubernetes/%s/%%d_%s_audit.jsonl", k->cluster,
	         k->cluster);
	jfmt(&d->b,
	     "{'kind':'Event','apiVersion':'audit.k8s.io/"
	     "v1','level':%s,'auditID':%s,'stage':'ResponseComplete','requestURI':"
	     "'/api/v1/namespaces/%-s/"
	     "%-s%-s%-s%-s%-s','verb':%s,'user':{'username':%s,'groups':[%-s]},'sourceIPs':[%s],'"
	     "userAgent':%s,",
	     k->request ? "RequestResponse" : "Metadata", id, k->ns, k->resource,
	     k->name ? "/" : "", k->name ? k->name : "", k->sub ? "/" : "", k->sub ? k->sub : "",
	     k->verb, k->user, k->groups, k->ip, k->agent);
	jfmt(&d->b,
	     "'objectRef':{'resource':%s,'namespace':%s,'name':%s%-s,'apiVersion':'v1'},'"
	     "responseStatus':{'metadata':{},'code':%d},",
	     k->resource, k->ns, k->name, k->sub ? jf(d, ",'subresource':%s", k->sub) : "",
	     k->code);
	if (k->request)
		jfmt(&d->b, "'requestObject':%-s,", k->request);
	jfmt(&d->b,
	     "'requestReceivedTimestamp':%s,'stageTimestamp':%s,'annotations':{'authorization.k8s."
	     "io/decision':%s,"
	     "'cluster':%s}}",
	     iso_ms(at).s, iso_ms(at + 4000).s, k->code == 403 ? "forbid" : "allow", k->cluster);
	/* an auditID is shared by the stages of one request, so it is not the id of a record */
	out_put(&d->out, out_stream(&d->out, path, OUT_LINES, MW_DAY, NULL), at, NULL, &d->b);
}
