/*
 * AWS describe and list outputs as the command line prints them, one folder an account and region,
 * named as cloudmapper names them: SERVICE-describe-THINGS.json, and SERVICE-get-THING/NAME where
 * one call asks about one thing.
 */
#include "demo/trail.h"

struct place {
	enum acct acct;
	const char *region;
};
static const struct place places[] = {
        {PROD, "us-east-1"}, {PROD, "eu-west-1"}, {SEC, "us-east-1"},
        {DEV, "us-east-1"},  {DEV, "us-west-2"},
};

static bool vpc_here(const struct demo *d, int v, const struct place *p)
{
	return d->w.vpcs[v].acct == p->acct && !strcmp(d->w.vpcs[v].region, p->region);
}

static void comma(struct buf *b)
{
	if (b->len && b->s[b->len - 1] != '[')
		buf_ch(b, ',');
}

/* Closes the list that b holds and writes it as the output of one call; nothing where the list is empty. */
static int put(struct demo *d, const struct place *p, const char *call, struct err *e)
{
	char path[256];
	if (d->b.len && d->b.s[d->b.len - 1] == '[') {
		buf_reset(&d->b);
		return 0;
	}
	snprintf(path, sizeof(path), "inventory/aws/%s/%s/%s", world_accounts[p->acct].uid,
	         p->region, call);
	buf_str(&d->b, "]}\n");
	int rc = out_file(&d->out, path, (struct slice){d->b.s, d->b.len}, e);
	buf_reset(&d->b);
	return rc;
}

/* The output of a call about one thing: b holds it whole. */
static int put_one(struct demo *d, const struct place *p, const char *call, const char *name,
                   struct err *e)
{
	char path[256];
	snprintf(path, sizeof(path), "inventory/aws/%s/%s/%s/%s", world_accounts[p->acct].uid,
	         p->region, call, name);
	buf_ch(&d->b, '\n');
	int rc = out_file(&d->out, path, (struct slice){d->b.s, d->b.len}, e);
	buf_reset(&d->b);
	return rc;
}

static int vpcs(struct demo *d, const struct place *p, struct err *e)
{
	jfmt(&d->b, "{'Vpcs':[");
	for (int v = 0; v < NVPC; v++) {
		if (!vpc_here(d, v, p))
			continue;
		comma(&d->b);
		jfmt(&d->b,
		     "{'CidrBlock':'10.%d.0.0/16','State':'available','VpcId':%s,'OwnerId':%s,"
		     "'InstanceTenancy':'default','IsDefault':false,'Tags':[{'Key':'Name','Value':%"
		     "s}]}",
		     d->w.vpcs[v].net, d->w.vpcs[v].id, world_accounts[p->acct].uid,
		     d->w.vpcs[v].name);
	}
	return put(d, p, "ec2-describe-vpcs.json", e);
}

static int subnets(struct demo *d, const struct place *p, struct err *e)
{
	struct subnet *s;
	jfmt(&d->b, "{'Subnets':[");
	vec_each (s, &d->w.subnets) {
		if (!vpc_here(d, s->vpc, p))
			continue;
		comma(&d->b);
		jfmt(&d->b,
		     "{'AvailabilityZone':%s,'CidrBlock':'10.%d.%d.0/24','MapPublicIpOnLaunch':%i,"
		     "'State':'available','SubnetId':%s,'VpcId':%s,'OwnerId':%s,'SubnetArn':%s,"
		     "'Tags':[{'Key':'Name','Value':%s}]}",
		     s->az, d->w.vpcs[s->vpc].net, s->third, s->open, s->id, d->w.vpcs[s->vpc].id,
		     world_accounts[p->acct].uid,
		     world_arn(&d->w, "ec2", p->region, p->acct, jf(d, "subnet/%-s", s->id)),
		     s->name);
	}
	return put(d, p, "ec2-describe-subnets.json", e);
}

/* One table for the open subnets of a VPC, one for the rest. */
static void route_table(struct demo *d, int v, bool open)
{
	const struct vpc *vpc = &d->w.vpcs[v];
	struct subnet *s;
	comma(&d->b);
	jfmt(&d->b,
	     "{'RouteTableId':%s,'VpcId':%s,'OwnerId':%s,'Routes':[{'DestinationCidrBlock':"
	     "'10.%d.0.0/16','GatewayId':'local','State':'active'},{'DestinationCidrBlock':"
	     "'0.0.0.0/0',%-s,'State':'active'}],'Associations':[",
	     world_id(&d->w, "rtb-", 17), vpc->id, world_accounts[vpc->acct].uid, vpc->net,
	     open ? jf(d, "'GatewayId':%s", vpc->igw)
	          : jf(d, "'NatGatewayId':%s", world_id(&d->w, "nat-", 17)));
	vec_each (s, &d->w.subnets) {
		if ((int)s->vpc != v || s->open != open)
			continue;
		comma(&d->b);
		jfmt(&d->b, "{'Main':false,'SubnetId':%s}", s->id);
	}
	buf_str(&d->b, "]}");
}

static int routes(struct demo *d, const struct place *p, struct err *e)
{
	jfmt(&d->b, "{'RouteTables':[");
	for (int v = 0; v < NVPC; v++)
		if (vpc_here(d, v, p)) {
			route_table(d, v, true);
			route_table(d, v, false);
		}
	if (put(d, p, "ec2-describe-route-tables.json", e))
		return -1;
	jfmt(&d->b, "{'InternetGateways':[");
	for (int v = 0; v < NVPC; v++) {
		if (!vpc_here(d, v, p))
			continue;
		comma(&d->b);
		jfmt(&d->b,
		     "{'InternetGatewayId':%s,'OwnerId':%s,'Attachments':[{'State':'available','"
		     "VpcId':%s}]}",
		     d->w.vpcs[v].igw, world_accounts[p->acct].uid, d->w.vpcs[v].id);
	}
	return put(d, p, "ec2-describe-internet-gateways.json", e);
}

/* "tcp 443 0.0.0.0/0" or "tcp 8080 @alb-web" as one IpPermissions entry. */
static void permission(struct demo *d, struct slice rule)
{
	struct slice proto, port, from = rule;
	slice_split(&from, ' ', &proto);
	slice_split(&from, ' ', &port);
	bool all = slice_eq_str(proto, "all");
	comma(&d->b);
	jfmt(&d->b, "{'IpProtocol':'%-s'",
	     all ? "-1" : arena_strndup(&d->out.arena, proto.s, proto.n));
	const char *number = arena_strndup(&d->out.arena, port.s, port.n);
	if (!all)
		jfmt(&d->b, ",'FromPort':%-s,'ToPort':%-s", number, number);
	const char *what = arena_strndup(&d->out.arena, from.s, from.n);
	if (*what == '@')
		jfmt(&d->b, ",'IpRanges':[],'UserIdGroupPairs':[{'GroupId':%s}]}",
		     world_group(&d->w, what + 1)->id);
	else
		jfmt(&d->b, ",'IpRanges':[{'CidrIp':%s}],'UserIdGroupPairs':[]}", what);
}

static int groups(struct demo *d, const struct place *p, struct err *e)
{
	struct secgroup *g;
	jfmt(&d->b, "{'SecurityGroups':[");
	vec_each (g, &d->w.groups) {
		if (!vpc_here(d, g->vpc, p))
			continue;
		comma(&d->b);
		jfmt(&d->b,
		     "{'GroupId':%s,'GroupName':%s,'Description':%s,'OwnerId':%s,'VpcId':%s,"
		     "'IpPermissions':[",
		     g->id, g->name, g->about, world_accounts[p->acct].uid, d->w.vpcs[g->vpc].id);
		struct slice rest = slice_of(g->rules), rule;
		while (rest.n && slice_split(&rest, ';', &rule))
			permission(d, rule);
		jfmt(&d->b, "],'IpPermissionsEgress':[%-s]}",
		     *g->rules ? "{\"IpProtocol\":\"-1\",\"IpRanges\":[{\"CidrIp\":\"0.0.0.0/0\"}],"
		                 "\"UserIdGroupPairs\":[]}"
		               : "");
	}
	return put(d, p, "ec2-describe-security-groups.json", e);
}

static void instance(struct demo *d, const struct instance *i)
{
	const struct vpc *v = &d->w.vpcs[i->vpc];
	const struct subnet *s = &d->w.subnets.v[i->subnet];
	const struct secgroup *g = &d->w.groups.v[i->group];
	const char *group = jf(d, "{'GroupId':%s,'GroupName':%s}", g->id, g->name);
	const char *role = i->role < 0 ? NULL : d->w.roles.v[i->role].name;
	comma(&d->b);
	jfmt(&d->b,
	     "{'Groups':[],'OwnerId':%s,'ReservationId':%s,'Instances':[{'InstanceId':%s,"
	     "'ImageId':%s,'InstanceType':%s,'LaunchTime':%s,'PrivateIpAddress':%s,'State':{'Code':"
	     "16,"
	     "'Name':'running'},'SubnetId':%s,'VpcId':%s,'SecurityGroups':[%-s]",
	     world_accounts[v->acct].uid, world_id(&d->w, "r-", 17), i->id, i->image, i->type,
	     iso(i->launched).s, i->ip, s->id, v->id, group);
	if (i->public_ip)
		jfmt(&d->b, ",'PublicIpAddress':%s", i->public_ip);
	if (role)
		jfmt(&d->b, ",'IamInstanceProfile':{'Arn':%s,'Id':%s}",
		     world_arn(&d->w, "iam", "", v->acct, jf(d, "instance-profile/%-s", role)),
		     world_id(&d->w, "AIPA4EXAMPLE", 9));
	jfmt(&d->b,
	     ",'Placement':{'AvailabilityZone':%s},'MetadataOptions':{'State':'applied','"
	     "HttpTokens':%s,"
	     "'HttpPutResponseHopLimit':1,'HttpEndpoint':'enabled'},'NetworkInterfaces':[{"
	     "'NetworkInterfaceId':%s,'PrivateIpAddress':%s,'SubnetId':%s,'VpcId':%s,'Groups':[%-s]"
	     "}],"
	     "'BlockDeviceMappings':[{'DeviceName':'/dev/"
	     "xvda','Ebs':{'VolumeId':%s,'Status':'attached',"
	     "'DeleteOnTermination':true}}],'Platform':%s,'Tags':[{'Key':'Name','Value':%s},{'Key':"
	     "'owner',"
	     "'Value':%s},{'Key':'fleet','Value':%s},{'Key':'criticality','Value':'%d'}]}]}",
	     s->az, i->imds_v1 ? "optional" : "required", i->eni, i->ip, s->id, v->id, group,
	     i->volume, strcmp(i->os, "windows") ? "" : "windows", i->name, i->owner, i->fleet,
	     i->criticality);
}

static int instances(struct demo *d, const struct place *p, struct err *e)
{
	struct instance *i;
	jfmt(&d->b, "{'Reservations':[");
	vec_each (i, &d->w.instances)
		if (vpc_here(d, i->vpc, p))
			instance(d, i);
	if (put(d, p, "ec2-describe-instances.json", e))
		return -1;
	jfmt(&d->b, "{'Volumes':[");
	vec_each (i, &d->w.instances) {
		if (!vpc_here(d, i->vpc, p))
			continue;
		comma(&d->b);
		jfmt(&d->b,
		     "{'VolumeId':%s,'Size':%d,'State':'in-use','Encrypted':%i,'AvailabilityZone':%"
		     "s,"
		     "'Attachments':[{'InstanceId':%s,'State':'attached','VolumeId':%s}],'Tags':[{'"
		     "Key':'Name',"
		     "'Value':%s}]}",
		     i->volume, i->criticality == 1 ? 200 : 50, i->vpc != VPC_SANDBOX,
		     d->w.subnets.v[i->subnet].az, i->id, i->volume, i->name);
	}
	return put(d, p, "ec2-describe-volumes.json", e);
}

static int interfaces(struct demo *d, const struct place *p, struct err *e)
{
	struct instance *i;
	struct database *db;
	jfmt(&d->b, "{'NetworkInterfaces':[");
	vec_each (i, &d->w.instances) {
		if (!vpc_here(d, i->vpc, p))
			continue;
		comma(&d->b);
		jfmt(&d->b,
		     "{'NetworkInterfaceId':%s,'Status':'in-use','OwnerId':%s,'VpcId':%s,'SubnetId'"
		     ":%s,"
		     "'PrivateIpAddress':%s,'InterfaceType':'interface','Groups':[{'GroupId':%s}],"
		     "'Attachment':{'InstanceId':%s,'Status':'attached'}}",
		     i->eni, world_accounts[p->acct].uid, d->w.vpcs[i->vpc].id,
		     d->w.subnets.v[i->subnet].id, i->ip, d->w.groups.v[i->group].id, i->id);
	}
	vec_each (db, &d->w.databases) {
		if (!vpc_here(d, db->vpc, p))
			continue;
		comma(&d->b);
		jfmt(&d->b,
		     "{'NetworkInterfaceId':%s,'Status':'in-use','OwnerId':%s,'VpcId':%s,'"
		     "PrivateIpAddress':%s,"
		     "'InterfaceType':'interface','RequesterId':'amazon-rds','Description':'"
		     "RDSNetworkInterface %-s',"
		     "'Groups':[{'GroupId':%s}]%-s}",
		     db->eni, world_accounts[p->acct].uid, d->w.vpcs[db->vpc].id, db->ip, db->name,
		     d->w.groups.v[db->group].id,
		     db->public_ip ? jf(d, ",'Association':{'PublicIp':%s}", db->public_ip) : "");
	}
	if (p == &places[0]) {
		comma(&d->b);
		jfmt(&d->b,
		     "{'NetworkInterfaceId':%s,'Status':'in-use','OwnerId':%s,'VpcId':%s,'"
		     "PrivateIpAddress':%s,"
		     "'InterfaceType':'interface','RequesterId':'amazon-elb','Description':'ELB "
		     "app/alb-web/"
		     "50dc6c495c0c9188','Groups':[{'GroupId':%s}],'Association':{'PublicIp':%s}}",
		     d->w.alb_eni, world_accounts[p->acct].uid, d->w.vpcs[VPC_PROD].id,
		     WORLD_ALB_IP, world_group(&d->w, "alb-web")->id, WORLD_ALB_PUBLIC);
	}
	return put(d, p, "ec2-describe-network-interfaces.json", e);
}

static int databases(struct demo *d, const struct place *p, struct err *e)
{
	struct database *db;
	jfmt(&d->b, "{'DBInstances':[");
	vec_each (db, &d->w.databases) {
		const struct secgroup *g = &d->w.groups.v[db->group];
		if (!vpc_here(d, db->vpc, p))
			continue;
		comma(&d->b);
		jfmt(&d->b,
		     "{'DBInstanceIdentifier':%s,'DBInstanceArn':%s,'Engine':%s,'DBInstanceStatus':"
		     "'available','PubliclyAccessible':%i,'StorageEncrypted':true,'MultiAZ':%i,'"
		     "Endpoint':{"
		     "'Address':'%-s.cxexample.%-s.rds.amazonaws.com','Port':%d},'"
		     "VpcSecurityGroups':[{"
		     "'VpcSecurityGroupId':%s,'Status':'active'}],'DBSubnetGroup':{'VpcId':%s,'"
		     "Subnets':[",
		     db->name, db->arn, db->engine, db->is_public, !db->is_public, db->name,
		     p->region, strcmp(db->engine, "mysql") ? 5432 : 3306, g->id,
		     d->w.vpcs[db->vpc].id);
		struct subnet *s;
		vec_each (s, &d->w.subnets) {
			if (s->vpc != db->vpc || s->open != db->is_public)
				continue;
			comma(&d->b);
			jfmt(&d->b, "{'SubnetIdentifier':%s}", s->id);
		}
		jfmt(&d->b,
		     "]},'TagList':[{'Key':'owner','Value':%s},{'Key':'data-class','Value':%s}]}",
		     db->owner, db->data_class);
	}
	return put(d, p, "rds-describe-db-instances.json", e);
}

static int bucket_details(struct demo *d, const struct place *p, const struct bucket *b,
                          struct err *e)
{
	jfmt(&d->b,
	     "{'PublicAccessBlockConfiguration':{'BlockPublicAcls':%i,'IgnorePublicAcls':%i,"
	     "'BlockPublicPolicy':%i,'RestrictPublicBuckets':%i}}",
	     !b->is_public, !b->is_public, !b->is_public, !b->is_public);
	if (put_one(d, p, "s3-get-public-access-block", b->name, e))
		return -1;
	if (!b->is_public)
		return 0;
	const char *doc =
	        jf(d,
	           "{'Version':'2012-10-17','Statement':[{'Sid':'PublicRead','Effect':'Allow',"
	           "'Principal':'*','Action':'s3:GetObject','Resource':'%-s/*'}]}",
	           b->arn);
	jfmt(&d->b, "{'Policy':%s}", doc);
	return put_one(d, p, "s3-get-bucket-policy", b->name, e);
}

static int buckets(struct demo *d, const struct place *p, struct err *e)
{
	struct bucket *b;
	if (strcmp(p->region, "us-east-1") != 0)
		return 0; /* the list is global */
	jfmt(&d->b, "{'Owner':{'DisplayName':%s,'ID':%s},'Buckets':[", world_accounts[p->acct].name,
	     world_accounts[p->acct].uid);
	vec_each (b, &d->w.buckets) {
		if (b->acct != p->acct)
			continue;
		comma(&d->b);
		jfmt(&d->b, "{'Name':%s,'CreationDate':%s}", b->name,
		     iso(d->start - 400 * MW_DAY).s);
	}
	if (put(d, p, "s3-list-buckets.json", e))
		return -1;
	vec_each (b, &d->w.buckets)
		if (b->acct == p->acct && bucket_details(d, p, b, e))
			return -1;
	return 0;
}

static int functions(struct demo *d, const struct place *p, struct err *e)
{
	struct function *f;
	jfmt(&d->b, "{'Functions':[");
	vec_each (f, &d->w.functions) {
		if (f->acct != p->acct || strcmp(f->region, p->region) != 0)
			continue;
		comma(&d->b);
		jfmt(&d->b,
		     "{'FunctionName':%s,'FunctionArn':%s,'Runtime':'python3.12','Role':%s,'"
		     "Handler':"
		     "'main.handler','Timeout':30,'MemorySize':256,'PackageType':'Zip'}",
		     f->name, f->arn, d->w.roles.v[f->role].arn);
	}
	return put(d, p, "lambda-list-functions.json", e);
}

static int keys_and_secrets(struct demo *d, const struct place *p, struct err *e)
{
	struct key_secret *k;
	if (strcmp(p->region, "us-east-1") != 0)
		return 0;
	jfmt(&d->b, "{'Keys':[");
	vec_each (k, &d->w.keys) {
		if (k->acct != p->acct || strcmp(k->kind, "kms_key") != 0)
			continue;
		comma(&d->b);
		jfmt(&d->b, "{'KeyId':%s,'KeyArn':%s}", strrchr(k->arn, '/') + 1, k->arn);
	}
	if (put(d, p, "kms-list-keys.json", e))
		return -1;
	jfmt(&d->b, "{'SecretList':[");
	vec_each (k, &d->w.keys) {
		if (k->acct != p->acct || strcmp(k->kind, "secret") != 0)
			continue;
		comma(&d->b);
		jfmt(&d->b, "{'ARN':%s,'Name':%s,'Tags':[{'Key':'owner','Value':%s}]}", k->arn,
		     k->name, k->owner);
	}
	return put(d, p, "secretsmanager-list-secrets.json", e);
}

/* Load balancers stand only in front of the web tier and the cluster. */
struct balancer {
	const char *name, *group, *fleet;
	int port;
};
static const struct balancer balancers[] = {
        {"alb-web", "alb-web", "web", 8080},
        {"alb-eks", "alb-web", "eks-node", 443},
};

static const char *balancer_arn(struct demo *d, const char *kind, const char *name)
{
	return world_arn(&d->w, "elasticloadbalancing", "us-east-1", PROD,
	                 jf(d, "%-s/%-s%-s/50dc6c495c0c9188", kind,
	                    strcmp(kind, "targetgroup") ? "app/" : "", name));
}

static int load_balancers(struct demo *d, const struct place *p, struct err *e)
{
	if (p != &places[0])
		return 0;
	jfmt(&d->b, "{'LoadBalancers':[");
	for (size_t k = 0; k < ARRAY_LEN(balancers); k++) {
		const struct balancer *lb = &balancers[k];
		comma(&d->b);
		jfmt(&d->b,
		     "{'LoadBalancerArn':%s,'LoadBalancerName':%s,'DNSName':'%-s-1234567890.us-"
		     "east-1.elb."
		     "amazonaws.com','Scheme':'internet-facing','Type':'application','VpcId':%s,"
		     "'SecurityGroups':[%s],'State':{'Code':'active'}}",
		     balancer_arn(d, "loadbalancer", lb->name), lb->name, lb->name,
		     d->w.vpcs[VPC_PROD].id, world_group(&d->w, lb->group)->id);
	}
	if (put(d, p, "elbv2-describe-load-balancers.json", e))
		return -1;
	jfmt(&d->b, "{'TargetGroups':[");
	for (size_t k = 0; k < ARRAY_LEN(balancers); k++) {
		const struct balancer *lb = &balancers[k];
		comma(&d->b);
		jfmt(&d->b,
		     "{'TargetGroupArn':%s,'TargetGroupName':%s,'Protocol':'HTTP','Port':%d,'VpcId'"
		     ":%s,"
		     "'TargetType':'instance','LoadBalancerArns':[%s]}",
		     balancer_arn(d, "targetgroup", lb->name), lb->name, lb->port,
		     d->w.vpcs[VPC_PROD].id, balancer_arn(d, "loadbalancer", lb->name));
	}
	return put(d, p, "elbv2-describe-target-groups.json", e);
}

static int clusters(struct demo *d, const struct place *p, struct err *e)
{
	const char *name = p->acct == PROD ? "prod-eks" : "dev-eks";
	if (p->acct == SEC || strcmp(p->region, "us-east-1") != 0)
		return 0;
	jfmt(&d->b,
	     "{'cluster':{'name':%s,'arn':%s,'version':'1.29','status':'ACTIVE','"
	     "resourcesVpcConfig':{"
	     "'vpcId':%s,'endpointPublicAccess':%i},'logging':{'clusterLogging':[{'types':['audit',"
	     "'api'],"
	     "'enabled':true}]}}}",
	     name, world_arn(&d->w, "eks", p->region, p->acct, jf(d, "cluster/%-s", name)),
	     d->w.vpcs[p->acct == PROD ? VPC_PROD : VPC_DEV].id, p->acct == DEV);
	return put_one(d, p, "eks-describe-cluster", name, e);
}

typedef int inventory_fn(struct demo *d, const struct place *p, struct err *e);
static inventory_fn *const calls[] = {
        vpcs,      subnets, routes,    groups,           instances,      interfaces,
        databases, buckets, functions, keys_and_secrets, load_balancers, clusters,
};

int inventory_aws(struct demo *d, struct err *e)
{
	for (size_t p = 0; p < ARRAY_LEN(places); p++)
		for (size_t c = 0; c < ARRAY_LEN(calls); c++)
			if (calls[c](d, &places[p], e))
				return -1;
	return 0;
}
