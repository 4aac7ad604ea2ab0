/*
 * IAM: get-account-authorization-details and the access keys of each account.
 */
#include "demo/trail.h"

static void comma(struct buf *b)
{
	if (b->len && b->s[b->len - 1] != '[')
		buf_ch(b, ',');
}

static const char *policy_arn(struct demo *d, const char *name)
{
	struct policy *p;
	vec_each (p, &d->w.policies)
		if (!strcmp(p->name, name))
			return p->arn;
	return jf(d, "arn:aws:iam::aws:policy/%-s", name);
}

/* A role may use a policy of the same name that another account owns: then it is this account's
 * copy. */
static const char *local_arn(struct demo *d, const char *name, enum acct acct)
{
	return world_arn(&d->w, "iam", "", acct,
	                 jf(d, "policy/%-s", strrchr(policy_arn(d, name), '/') + 1));
}

static void attached(struct demo *d, const char *names, enum acct acct)
{
	struct slice rest = slice_of(names), one;
	jfmt(&d->b, ",'AttachedManagedPolicies':[");
	while (rest.n && slice_split(&rest, ',', &one)) {
		const char *name = arena_strndup(&d->out.arena, one.s, one.n);
		comma(&d->b);
		jfmt(&d->b, "{'PolicyName':%s,'PolicyArn':%s}", name, local_arn(d, name, acct));
	}
	buf_ch(&d->b, ']');
}

static void user(struct demo *d, const struct user *u)
{
	comma(&d->b);
	jfmt(&d->b, "{'Path':'/','UserName':%s,'UserId':%s,'Arn':%s,'CreateDate':%s,'GroupList':[",
	     u->name, u->uid, u->arn, iso(d->start - (u->key_age_days + 90) * MW_DAY).s);
	if (*u->groups)
		jfmt(&d->b, "%s", u->groups);
	buf_ch(&d->b, ']');
	attached(d, u->policies, u->acct);
	jfmt(&d->b, ",'Tags':[{'Key':'team','Value':%s},{'Key':'title','Value':%s}]}", u->team,
	     u->title);
}

struct group_policies {
	const char *group, *policies;
	enum acct acct;
};
static const struct group_policies group_table[] = {
        {"admins", "OpsAdmin", PROD},    {"iam-admins", "IamAdmin", PROD},
        {"ops", "OpsAdmin", PROD},       {"developers", "ReadOnlyAll", PROD},
        {"data", "DataEngineer", PROD},  {"support", "SupportRead", PROD},
        {"people", "ReadOnlyAll", PROD}, {"marketing", "ReadOnlyAll", PROD},
        {"soc", "SecurityAudit", SEC},   {"developers", "DevPower", DEV},
        {"ml", "MlTrain", DEV},
};

static void group(struct demo *d, const struct group_policies *g)
{
	comma(&d->b);
	jfmt(&d->b, "{'Path':'/','GroupName':%s,'GroupId':%s,'Arn':%s", g->group,
	     world_id(&d->w, "AGPA4EXAMPLE", 9),
	     world_arn(&d->w, "iam", "", g->acct, jf(d, "group/%-s", g->group)));
	attached(d, g->policies, g->acct);
	buf_str(&d->b, ",\"GroupPolicyList\":[]}");
}

/* The trust column of world_tables.c as a statement's Principal and Condition. */
static const char *trust(struct demo *d, const struct role *r)
{
	const char *uid = world_accounts[r->acct].uid;
	if (!strncmp(r->trust, "acct:", 5))
		return jf(d,
		          "'Principal':{'AWS':'arn:aws:iam::%-s:root'},'Action':'sts:AssumeRole'",
		          r->trust + 5);
	if (!strcmp(r->trust, "saml"))
		return jf(
		        d,
		        "'Principal':{'Federated':'arn:aws:iam::%-s:saml-provider/"
		        "harborlight-entra'},"
		        "'Action':'sts:AssumeRoleWithSAML','Condition':{'StringEquals':{'SAML:aud':"
		        "'https://signin.aws.amazon.com/saml'}}",
		        uid);
	if (!strncmp(r->trust, "oidc:", 5)) {
		const char *account = strchr(r->trust + 5, ':') + 1;
		return jf(d,
		          "'Principal':{'Federated':'arn:aws:iam::%-s:oidc-provider/"
		          "oidc.eks.us-east-1."
		          "amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E'},'Action':"
		          "'sts:AssumeRoleWithWebIdentity','Condition':{'StringEquals':{'oidc.eks."
		          "us-east-1."
		          "amazonaws.com/id/"
		          "EXAMPLED539D4633E53DE1B716D3041E:sub':'system:serviceaccount:%-s'}}",
		          uid, account);
	}
	return jf(d, "'Principal':{'Service':'%-s.amazonaws.com'},'Action':'sts:AssumeRole'",
	          r->trust);
}

static void role(struct demo *d, const struct role *r)
{
	comma(&d->b);
	jfmt(&d->b,
	     "{'Path':'/"
	     "','RoleName':%s,'RoleId':%s,'Arn':%s,'CreateDate':%s,'AssumeRolePolicyDocument':{"
	     "'Version':'2012-10-17','Statement':[{'Effect':'Allow',%-s}]},'RolePolicyList':[]",
	     r->name, r->uid, r->arn, iso(d->start - 380 * MW_DAY).s, trust(d, r));
	attached(d, r->policies, r->acct);
	jfmt(&d->b, ",'InstanceProfileList':[");
	if (!strcmp(r->trust, "ec2"))
		jfmt(&d->b,
		     "{'InstanceProfileName':%s,'Arn':%s,'Roles':[{'RoleName':%s,'Arn':%s}]}",
		     r->name,
		     world_arn(&d->w, "iam", "", r->acct, jf(d, "instance-profile/%-s", r->name)),
		     r->name, r->arn);
	buf_ch(&d->b, ']');
	if (r->boundary)
		jfmt(&d->b,
		     ",'PermissionsBoundary':{'PermissionsBoundaryType':'Policy','"
		     "PermissionsBoundaryArn':%s}",
		     local_arn(d, r->boundary, r->acct));
	buf_str(&d->b, ",\"Tags\":[]}");
}

/* All policies of the company exist in each account: the landing zone rolls them out. */
static void policy(struct demo *d, const struct policy *p, enum acct acct)
{
	comma(&d->b);
	jfmt(&d->b,
	     "{'PolicyName':%s,'PolicyId':%s,'Arn':%s,'Path':'/"
	     "','DefaultVersionId':'v1','IsAttachable':true,"
	     "'PolicyVersionList':[{'VersionId':'v1','IsDefaultVersion':true,'Document':%-s}]}",
	     p->name, world_id(&d->w, "ANPA4EXAMPLE", 9), local_arn(d, p->name, acct), p->document);
}

static bool used_in(struct demo *d, const char *name, enum acct acct)
{
	const struct policy *p;
	const struct role *r;
	vec_each (p, &d->w.policies)
		if (!strcmp(p->name, name) && p->acct == acct)
			return true;
	vec_each (r, &d->w.roles)
		if (r->acct == acct && strstr(r->policies, name))
			return true;
	return false;
}

static int put(struct demo *d, enum acct acct, const char *call, struct err *e)
{
	char path[256];
	snprintf(path, sizeof(path), "inventory/aws/%s/us-east-1/%s", world_accounts[acct].uid,
	         call);
	buf_ch(&d->b, '\n');
	int rc = out_file(&d->out, path, (struct slice){d->b.s, d->b.len}, e);
	buf_reset(&d->b);
	return rc;
}

static int authorization(struct demo *d, enum acct acct, struct err *e)
{
	struct user *u;
	struct role *r;
	struct policy *p;
	jfmt(&d->b, "{'UserDetailList':[");
	vec_each (u, &d->w.users)
		if (u->acct == acct)
			user(d, u);
	jfmt(&d->b, "],'GroupDetailList':[");
	for (size_t i = 0; i < ARRAY_LEN(group_table); i++)
		if (group_table[i].acct == acct)
			group(d, &group_table[i]);
	jfmt(&d->b, "],'RoleDetailList':[");
	vec_each (r, &d->w.roles)
		if (r->acct == acct)
			role(d, r);
	jfmt(&d->b, "],'Policies':[");
	vec_each (p, &d->w.policies)
		if (used_in(d, p->name, acct))
			policy(d, p, acct);
	buf_str(&d->b, "]}");
	return put(d, acct, "iam-get-account-authorization-details.json", e);
}

static int access_keys(struct demo *d, const struct user *u, struct err *e)
{
	jfmt(&d->b,
	     "{'AccessKeyMetadata':[{'UserName':%s,'AccessKeyId':%s,'Status':'Active','CreateDate':"
	     "%s}]}",
	     u->name, u->key, iso(d->end - u->key_age_days * MW_DAY).s);
	return put(d, u->acct, jf(d, "iam-list-access-keys/%-s", u->name), e);
}

int inventory_iam(struct demo *d, struct err *e)
{
	for (int a = 0; a < NACCT; a++)
		if (authorization(d, (enum acct)a, e))
			return -1;
	struct user *u;
	vec_each (u, &d->w.users)
		if (u->key && access_keys(d, u, e))
			return -1;
	return 0;
}
