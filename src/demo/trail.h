/*
 * CloudTrail records. Format: AWS "CloudTrail record contents", event version 1.10.
 */
#ifndef MW_TRAIL_H
#define MW_TRAIL_H

#include "demo/parts.h"

struct caller {
	enum acct acct;       /* whose trail it lands in */
	const char *identity; /* userIdentity, JSON */
	const char *ip, *agent;
};
struct api {
	const char *service, *name; /* "s3", "GetObject" */
	bool read, data;
	const char *region;                                /* NULL: us-east-1 */
	const char *params, *response, *extra, *resources; /* JSON or NULL */
	const char *error, *message;
	const char *type; /* eventType; NULL: AwsApiCall */
	const char *host; /* clientProvidedHostHeader; NULL: SERVICE.REGION.amazonaws.com */
};

#define AGENT_CLI "aws-cli/2.17.32 md/awscrt#0.21.2 ua/2.0 os/linux#6.1.0 lang/python#3.11.8"
#define AGENT_BOTO "Boto3/1.34.131 md/Botocore#1.34.131 ua/2.0 os/linux#6.1.94 lang/python#3.11.9"
#define AGENT_JAVA "aws-sdk-java/2.25.60 Linux/6.1.91 OpenJDK_64-Bit_Server_VM/17.0.11"
#define AGENT_GO "aws-sdk-go/1.53.16 (go1.22.4; linux; amd64)"
#define AGENT_WEB                                                                           \
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) " \
	"Chrome/126.0.0.0 Safari/537.36"
#define AGENT_TF "APN/1.0 HashiCorp/1.0 Terraform/1.8.5 aws-sdk-go-v2/1.27.2 os/linux"

/* A person or program with a long-lived key. */
struct caller caller_key(struct demo *d, const struct user *u, const char *key, const char *ip,
                         const char *agent);
/* An IAM user's console session. */
struct caller caller_console(struct demo *d, const struct user *u, bool mfa, mw_time since,
                             const char *ip);
/* The role session of an instance; ip NULL: its own network's. */
struct caller caller_instance(struct demo *d, mw_time at, const struct instance *i, const char *ip,
                              const char *agent);
/* Any role session. */
struct caller caller_role(struct demo *d, const struct role *r, const char *session,
                          const char *key, mw_time since, bool mfa, const char *ip,
                          const char *agent);
struct caller caller_service(struct demo *d, enum acct acct, const char *service);
struct caller caller_root(struct demo *d, enum acct acct, bool mfa, const char *ip);
const char *caller_session_key(struct demo *d); /* a fresh ASIA... */
/* Credentials of an instance are renewed every six hours: the key of age 0 is in use at the end, 1
 * before that ... */
const char *caller_profile_key(struct demo *d, const struct instance *i, int64_t age);

void trail(struct demo *d, mw_time at, const struct caller *c, const struct api *a);
/* The common shapes. */
void trail_s3(struct demo *d, mw_time at, const struct caller *c, const char *op,
              const struct bucket *b, const char *key, int64_t bytes_out, const char *error);
void trail_assume(struct demo *d, mw_time at, const struct caller *c, const struct role *r,
                  const char *session, const char *key, const char *error);
void trail_login(struct demo *d, mw_time at, const struct user *u, const char *ip, bool mfa,
                 const char *failure);
const char *jf(struct demo *d, const char *tmpl, ...)
        MW_PRINTF(2, 3); /* jfmt into the demo's arena */

#endif
