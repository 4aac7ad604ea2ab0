/*
 * The demo company, Harborlight, a payments firm that does not exist: its accounts, networks,
 * machines, people, rights, data. Everything that an event may name is here first, so that events
 * and inventory agree. The tables (world_tables.c) fix who and what; ids come from the seed, except
 * the few that the stories and the manual call by name.
 *
 * Addresses. Inside: 10.20/16 prod, 10.21/16 prod-eu, 10.30/16 security, 10.40/16 dev, 10.41/16
 * sandbox, 10.60/16 Azure. The company's own public ones: 198.51.100.0/27. Cloud service endpoints:
 * 198.51.100.224/27. All else in 192.0.2.0/24, 198.51.100.0/24 and 203.0.113.0/24 (RFC 5737) is
 * outside; the stories' addresses are never used by noise.
 *
 * All strings live in the world's arena.
 */
#ifndef MW_WORLD_H
#define MW_WORLD_H

#include "demo/jfmt.h"
#include "demo/rng.h"

enum acct { PROD, SEC, DEV, NACCT };
enum vpc_ix { VPC_PROD, VPC_EU, VPC_SEC, VPC_DEV, VPC_SANDBOX, NVPC };

struct account {
	const char *uid, *name, *root_email;
};
struct vpc {
	const char *id, *name;
	enum acct acct;
	const char *region;
	int net;  /* 10.net.0.0/16 */
	int flow; /* flow log version, 0: none */
	const char *flow_id, *igw, *nat_ip;
};
struct subnet {
	const char *id, *name;
	enum vpc_ix vpc;
	const char *az;
	int third; /* 10.net.third.0/24 */
	bool open; /* has a route to the internet gateway */
};
struct secgroup {
	const char *id, *name, *about;
	enum vpc_ix vpc;
	const char *rules; /* "tcp 443 0.0.0.0/0;tcp 8080 @alb-web": @ names another group */
};
struct instance {
	const char *id, *name, *fleet, *type, *ip, *public_ip, *eni, *volume, *image;
	enum vpc_ix vpc;
	int subnet, group, role; /* indices; role -1: no profile */
	const char *owner, *os;  /* os: linux, windows */
	int criticality;         /* 1 (most) .. 4 */
	bool imds_v1;
	mw_time launched;
	const char *profile_key; /* access key id of the role session of today */
};
struct role {
	const char *name, *arn, *uid; /* uid: AROA... */
	enum acct acct;
	const char *trust;    /* "ec2", "lambda", "saml", "acct:444455556666",
	                         "oidc:prod-eks:batch:batch-runner" */
	const char *policies; /* "name,name": managed policies */
	const char *boundary; /* NULL: none */
};
struct user {
	const char *name, *arn, *uid, *full_name, *title, *team;
	enum acct acct;
	const char *groups, *policies, *key, *old_key; /* key: NULL where there is none */
	const char *home_ip;
	bool console, mfa, machine;
	int key_age_days, old_key_age_days;
};
struct policy {
	const char *name, *arn;
	enum acct acct;
	const char *document; /* template of jfmt, already expanded */
};
struct bucket {
	const char *name, *arn, *owner, *data_class; /* "pii", "financial", "internal", "public" */
	enum acct acct;
	const char *region;
	bool data_events, is_public;
};
struct database {
	const char *name, *arn, *engine, *owner, *data_class, *ip, *public_ip, *eni;
	enum vpc_ix vpc;
	int group;
	bool is_public;
};
struct function {
	const char *name, *arn, *owner;
	enum acct acct;
	const char *region;
	int role;
};
struct workload {
	const char *id, *cluster, *ns, *name, *image, *owner,
	        *account;   /* account: Kubernetes service account */
	int role, replicas; /* role -1: none */
};
struct key_secret {
	const char *name, *arn, *kind; /* "kms_key", "secret" */
	const char *owner;
	enum acct acct;
};
struct azure_vm {
	const char *name, *id, *group, *ip, *user,
	        *owner; /* user: who works on it, NULL for a server */
};
struct owner {
	const char *name, *on_call, *service;
	int criticality;
};

struct world {
	struct arena arena;
	struct rng rng;
	mw_time end; /* the demo's now */
	const struct account *accounts;
	struct vpc vpcs[NVPC];
	VEC(struct subnet) subnets;
	VEC(struct secgroup) groups;
	VEC(struct instance) instances;
	VEC(struct role) roles;
	VEC(struct user) users;
	VEC(struct policy) policies;
	VEC(struct bucket) buckets;
	VEC(struct database) databases;
	VEC(struct function) functions;
	VEC(struct workload) workloads;
	VEC(struct key_secret) keys;
	VEC(struct azure_vm) vms;
	const struct owner *owners;
	size_t nowners;
	const char *subscription;
	const char *alb_eni; /* of alb-web: WORLD_ALB_IP, WORLD_ALB_PUBLIC */
};
#define WORLD_ALB_IP "10.20.0.11"
#define WORLD_ALB_PUBLIC "198.51.100.31"

void world_init(struct world *w, uint64_t seed, mw_time end);
void world_release(struct world *w);

/* Look-ups by the name used in the tables. An unknown name ends the process: the tables are ours.
 */
struct instance *world_instance(struct world *w, const char *name);
struct role *world_role(struct world *w, const char *name);
struct user *world_user(struct world *w, const char *name);
struct bucket *world_bucket(struct world *w, const char *name);
struct database *world_database(struct world *w, const char *name);
struct secgroup *world_group(struct world *w, const char *name);
struct azure_vm *world_vm(struct world *w, const char *name);
struct workload *world_workload(struct world *w, const char *name);
const struct owner *world_owner(struct world *w, const char *name);
const char *world_instance_arn(struct world *w, const struct instance *i);
const char *world_arn(struct world *w, const char *service, const char *region, enum acct acct,
                      const char *rest);
/* "@web-07" gives the private address of that instance, database or desktop; other text is an address already. */
const char *world_address(struct world *w, const char *text);
/* "i-" and 17 hex digits, and the like. */
const char *world_id(struct world *w, const char *prefix, size_t digits);
const char *world_key_id(struct world *w,
                         const char *prefix); /* AKIA/ASIA, 9 of base 32, EXAMPLE */

/* The tables */
struct fleet {
	const char *name; /* instances are name-01, name-02 ... */
	int count;
	enum vpc_ix vpc;
	const char *subnet, *group, *role, *type, *owner,
	        *os; /* subnet: "public", "private", "data" */
	int criticality;
	bool imds_v1, public_ip;
};
struct fixed_id {
	const char *name, *id;
};
struct bucket_row {
	const char *name, *owner, *data_class;
	enum acct acct;
	bool data_events, is_public;
};
struct database_row {
	const char *name, *engine, *owner, *data_class;
	enum vpc_ix vpc;
	const char *group;
	bool is_public;
};
struct user_row {
	const char *name, *full_name, *title, *team;
	enum acct acct;
	const char *groups, *policies;
	char kind; /* h human with console and MFA, n human without MFA, k also with a key, m
	              machine with a key */
	int key_age_days;
};
struct role_row {
	const char *name;
	enum acct acct;
	const char *trust, *policies, *boundary;
};
struct policy_row {
	const char *name;
	enum acct acct;
	const char *statements; /* JSON with single quotes */
};
struct group_row {
	const char *name;
	enum vpc_ix vpc;
	const char *rules, *about;
};
struct workload_row {
	const char *cluster, *ns, *name, *image, *owner, *role;
	int replicas;
};
struct vm_row {
	const char *name, *group, *user, *owner;
};
struct named_row {
	const char *name, *kind, *owner;
	enum acct acct;
};
/* Each ends with a row without a name. */
extern const struct account world_accounts[NACCT];
extern const struct vpc world_vpc_rows[NVPC];
extern const struct fleet world_fleets[];
extern const struct fixed_id world_fixed_ids[];
extern const struct bucket_row world_bucket_rows[];
extern const struct database_row world_database_rows[];
extern const struct user_row world_user_rows[];
extern const struct role_row world_role_rows[];
extern const struct policy_row world_policy_rows[];
extern const struct group_row world_group_rows[];
extern const struct workload_row world_workload_rows[];
extern const struct vm_row world_vm_rows[];
extern const struct named_row world_key_rows[];
extern const struct named_row world_function_rows[]; /* kind: the role's name */
extern const struct owner world_owner_rows[];

#endif
