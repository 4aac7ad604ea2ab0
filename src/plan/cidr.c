#include <arpa/inet.h>
#include "plan/cidr.h"

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
#define MAPPED_BITS 96

bool ip_parse(struct slice s, struct ip *out)
{
	char text[INET6_ADDRSTRLEN];
	bool v6;

	if (s.n < 2 || s.n >= sizeof(text) || memchr(s.s, '\0', s.n))
		return false;
	memcpy(text, s.s, s.n);
	text[s.n] = '\0';
	v6 = strchr(text, ':') != NULL;
	if (inet_pton(v6 ? AF_INET6 : AF_INET, text, out->bytes) != 1)
		return false;
	out->len = v6 ? 16 : 4;
	if (v6 && !memcmp(out->bytes, mapped_prefix, sizeof(mapped_prefix))) {
		memmove(out->bytes, out->bytes + sizeof(mapped_prefix), 4);
		out->len = 4;
	}
	return true;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned n)
{
	unsigned whole = n / 8, rest = n % 8;

	return !memcmp(a, b, whole) && (!rest || !((a[whole] ^ b[whole]) >> (8 - rest)));
}

static void clear_host_bits(struct cidr *c)
{
	for (unsigned i = c->prefix; i < c->ip.len * 8u; i++)
		c->ip.bytes[i / 8] &= (uint8_t) ~(0x80u >> (i % 8));
}

/* "::ffff:a.b.c.d/n" is written in v6 bits; with a prefix that leaves the mapped part open it stays
 * a v6 block. */
static bool fit_mapped(struct slice addr, struct cidr *c, uint64_t *prefix)
{
	bool mapped = c->ip.len == 4 && memchr(addr.s, ':', addr.n);

	if (!mapped)
		return *prefix <= c->ip.len * 8u;
	if (*prefix > 128)
		return false;
	if (*prefix >= MAPPED_BITS) {
		*prefix -= MAPPED_BITS;
		return true;
	}
	memmove(c->ip.bytes + sizeof(mapped_prefix), c->ip.bytes, 4);
	memcpy(c->ip.bytes, mapped_prefix, sizeof(mapped_prefix));
	c->ip.len = 16;
	return true;
}

int cidr_parse(struct slice s, struct cidr *out, struct err *e)
{
	const char *slash = s.n ? memchr(s.s, '/', s.n) : NULL;
	struct slice addr = slash ? (struct slice){s.s, (size_t)(slash - s.s)} : s;
	struct slice bits =
	        slash ? (struct slice){slash + 1, s.n - addr.n - 1} : (struct slice){"", 0};
	uint64_t prefix;

	if (!ip_parse(addr, &out->ip))
		return err_set(e, ERR_INVALID,
		               "\"%.*s\" is no IP address or block such as 10.0.0.0/8", (int)s.n,
		               s.s);
	prefix = out->ip.len * 8u;
	if (!slash) {
		out->prefix = (uint8_t)prefix;
		return 0;
	}
	if (!slice_u64(bits, &prefix) || bits.n > 3 || (bits.n > 1 && bits.s[0] == '0') ||
	    bits.s[0] == '+' || !fit_mapped(addr, out, &prefix))
		return err_set(e, ERR_INVALID, "\"%.*s\": the prefix length is 0 to %d", (int)s.n,
		               s.s, memchr(addr.s, ':', addr.n) ? 128 : 32);
	out->prefix = (uint8_t)prefix;
	clear_host_bits(out);
	return 0;
}

bool cidr_holds(const struct cidr *c, const struct ip *ip)
{
	return c->ip.len == ip->len && same_bits(c->ip.bytes, ip->bytes, c->prefix);
}

void cidr_text(const struct cidr *c, char out[CIDR_TEXT])
{
	char addr[INET6_ADDRSTRLEN] = "";

	(void)inet_ntop(c->ip.len == 4 ? AF_INET : AF_INET6, c->ip.bytes, addr, sizeof(addr));
	snprintf(out, CIDR_TEXT, "%s/%u", addr, c->prefix);
}
