/*
 * IP addresses and blocks as the cidr operator sees them. Strict text forms (inet_pton's): no
 * leading zeros, no zone, no port. A v4-mapped v6 address is its v4 address.
 */
#ifndef MW_PLAN_CIDR_H
#define MW_PLAN_CIDR_H

#include "base/buf.h"
#include "base/err.h"

struct ip {
	uint8_t len; /* 4 or 16 */
	uint8_t bytes[16];
};
struct cidr {
	struct ip ip; /* host bits are zero */
	uint8_t prefix;
};
bool ip_parse(struct slice s, struct ip *out);
int cidr_parse(struct slice s, struct cidr *out, struct err *e) MW_USE_RESULT;
#define CIDR_TEXT 64
void cidr_text(const struct cidr *c,
               char out[CIDR_TEXT]); /* "10.0.0.0/8": always with a prefix, v4 as v4 */
bool cidr_holds(const struct cidr *c, const struct ip *ip);

#endif
