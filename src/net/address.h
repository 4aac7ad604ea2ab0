/*
 * Addresses that nothing may connect to: link-local, cloud metadata, multicast, unspecified; loopback only by configuration. RFC 6890, RFC
 * 3927, RFC 4291; AWS, GCP and Azure all use 169.254.169.254, AWS also fd00:ec2::254, Alibaba 100.100.100.200, Oracle 192.0.0.192.
 */
#ifndef MW_ADDRESS_H
#define MW_ADDRESS_H

#include <sys/socket.h>

/* NULL where it may be connected to, else why not. */
const char *address_refused(const struct sockaddr *a, bool loopback_allowed);

#endif
