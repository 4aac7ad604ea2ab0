#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static const struct block4 {
	uint32_t net, mask;
	const char *why;
} blocks4[] = {
        {0x00000000, 0xff000000, "it is no host's address (0.0.0.0/8)"},
        {0xa9fe0000, 0xffff0000,
         "it is link-local, where clouds keep their metadata service (169.254.0.0/16)"},
        {0xc00000c0, 0xffffffff, "it is a cloud's metadata service (192.0.0.192)"},
        {0x646464c8, 0xffffffff, "it is a cloud's metadata service (100.100.100.200)"},
        {0xe0000000, 0xf0000000, "it is multicast (224.0.0.0/4)"},
        {0xf0000000, 0xf0000000, "it is reserved (240.0.0.0/4)"},
};

static const char *refused4(uint32_t a, bool loopback)
{
	if ((a & 0xff000000) == 0x7f000000)
		return loopback ? NULL : "it is loopback, and the configured host is not";
	for (size_t i = 0; i < ARRAY_LEN(blocks4); i++)
		if ((a & blocks4[i].mask) == blocks4[i].net)
			return blocks4[i].why;
	return NULL;
}

static const char *refused6(const struct in6_addr *a, bool loopback)
{
	static const uint8_t ec2[16] = {0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54};
	if (IN6_IS_ADDR_V4MAPPED(a) || (IN6_IS_ADDR_V4COMPAT(a) && a->s6_addr[12]))
		return refused4(ntohl(*(const uint32_t *)(const void *)(a->s6_addr + 12)),
		                loopback);
	if (IN6_IS_ADDR_LOOPBACK(a))
		return loopback ? NULL : "it is loopback, and the configured host is not";
	if (IN6_IS_ADDR_UNSPECIFIED(a))
		return "it is no host's address (::)";
	if (IN6_IS_ADDR_LINKLOCAL(a))
		return "it is link-local (fe80::/10)";
	if (IN6_IS_ADDR_MULTICAST(a))
		return "it is multicast (ff00::/8)";
	/* NAT64 would carry us to an IPv4 address that was refused above. */
	if (a->s6_addr[0] == 0 && a->s6_addr[1] == 0x64 && a->s6_addr[2] == 0xff &&
	    a->s6_addr[3] == 0x9b)
		return refused4(ntohl(*(const uint32_t *)(const void *)(a->s6_addr + 12)), false);
	return memcmp(a->s6_addr, ec2, sizeof(ec2))
	               ? NULL
	               : "it is a cloud's metadata service (fd00:ec2::254)";
}

const char *address_refused(const struct sockaddr *a, bool loopback)
{
	if (a->sa_family == AF_INET)
		return refused4(
		        ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr),
		        loopback);
	if (a->sa_family == AF_INET6)
		return refused6(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
		                loopback);
	return "it is neither IPv4 nor IPv6";
}
