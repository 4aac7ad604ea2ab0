/*
 * What the stories share. Times are "so long before the end".
 */
#ifndef MW_STORY_H
#define MW_STORY_H

#include "demo/streams.h"

/* Addresses and names of the stories: outside, and used by nothing else. */
#define IP_SSRF "203.0.113.77"
#define IP_LEAK "198.51.100.66"
#define IP_POOL "198.51.100.201"
#define IP_BRUTE "203.0.113.140"
#define IP_C2 "203.0.113.200"
#define IP_PROXY "192.0.2.44"
#define IP_SPRAY "203.0.113.150"
#define IP_DRIVE "192.0.2.60"
#define ACCOUNT_OUTSIDE "999988887777"
#define NEW_KEY "AKIAI44QH8DHBEXAMPLE" /* made by the first story for svc-report */
#define AGENT_ATTACK "aws-cli/1.32.101 Python/3.11.8 Linux/6.6.9-amd64 botocore/1.34.101"

mw_time story_ago(const struct demo *d, int hours, int minutes, int seconds);
/* The last time that the clock (UTC) showed this, six hours or more before the end: for what must be by day or by night. */
mw_time story_clock(const struct demo *d, int hour, int minute);
#define STORY_NIGHT 22, 40 /* when the insider works */
/* One management call. */
void story_call(struct demo *d, mw_time at, const struct caller *c, const char *service,
                const char *name, const char *params, const char *response, const char *error);
void story_call_in(struct demo *d, const char *region, mw_time at, const struct caller *c,
                   const char *service, const char *name, const char *params, const char *response,
                   const char *error);
/* A person's SAML session in AWS: the sign-in with the identity provider and the role taken. */
struct caller story_saml(struct demo *d, mw_time at, const char *user, const char *role,
                         const char *ip, bool mfa);

void stories_attack(struct demo *d);
void stories_people(struct demo *d);
void stories_benign(struct demo *d);

#endif
