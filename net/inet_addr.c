/* SPDX-License-Identifier: MIT
 *
 * Addresses of the inet families: as programs write them, and where they lead. ip(7) and ipv6(7), "Address format".
 */
#include "kernel/task.h"
#include "net/inet.h"

struct sockaddr_in_k {
	uint16_t family, port;
	uint32_t addr;
	uint8_t zero[8];
};
_Static_assert(sizeof(struct sockaddr_in_k) == 16, "ABI of sockaddr_in");

struct sockaddr_in6_k {
	uint16_t family, port;
	uint32_t flowinfo;
	uint8_t addr[16];
	uint32_t scope;
};
_Static_assert(sizeof(struct sockaddr_in6_k) == 28, "ABI of sockaddr_in6");
#define SIN6_LEN_RFC2133 24

struct in16
in16_v4(uint32_t addr)
{
	struct in16 a = { .w = { 0, 0, 0xffff0000u, addr } };

	return a;
}

static bool
is_loopback6(const struct in16 *a)
{
	return a->q[0] == 0 && a->w[2] == 0 && a->w[3] == 0x01000000u;
}

bool
in16_local(const struct in16 *a)
{
	return in16_is_v4(a) ? a->b[12] == 127 && a->w[3] != 0xffffff7fu : is_loopback6(a);
}

bool
in16_multicast(const struct in16 *a)
{
	return in16_is_v4(a) ? (a->b[12] & 0xf0) == 0xe0 : a->b[0] == 0xff;
}

static int
name_get4(const char *addr, int len, bool binding, struct inet_name *out)
{
	struct sockaddr_in_k in;

	if (len < (int)sizeof(in))
		return -EINVAL;
	memcpy(&in, addr, sizeof(in));
	if (in.family != AF_INET && !(binding && in.family == AF_UNSPEC && in.addr == 0))
		return -EAFNOSUPPORT;
	out->addr = in16_v4(in.addr);
	out->port = swap16(in.port);
	return 0;
}

int
inet_name_get(const struct inet_sock *sk, const char *addr, int len, bool binding, struct inet_name *out)
{
	struct sockaddr_in6_k in6 = { .scope = 0 };
	uint16_t family;

	memset(out, 0, sizeof(*out));
	if (sk->family == AF_INET)
		return name_get4(addr, len, binding, out);
	if (len < (int)sizeof(family))
		return -EINVAL;
	memcpy(&family, addr, sizeof(family));
	/* A socket of IPv6 that is no stream takes addresses of IPv4 to send to. */
	if (!binding && family == AF_INET && sk->type == SOCK_DGRAM)
		return sk->v6only ? -ENETUNREACH : name_get4(addr, len, false, out);
	if (len < SIN6_LEN_RFC2133)
		return -EINVAL;
	if (family != AF_INET6)
		return -EAFNOSUPPORT;
	memcpy(&in6, addr, (size_t)MIN(len, (int)sizeof(in6)));
	memcpy(out->addr.b, in6.addr, sizeof(in6.addr));
	out->port = swap16(in6.port);
	out->flowinfo = in6.flowinfo;
	out->scope = in6.scope;
	return 0;
}

int
inet_name_put(const struct inet_sock *sk, const struct inet_name *n, char *addr)
{
	struct sockaddr_in_k in = { .family = AF_INET, .port = swap16(n->port) };
	struct sockaddr_in6_k in6 = { .family = AF_INET6, .port = swap16(n->port), .flowinfo = n->flowinfo, .scope = n->scope };

	if (sk->family == AF_INET) {
		in.addr = n->addr.w[3];
		memcpy(addr, &in, sizeof(in));
		return sizeof(in);
	}
	memcpy(in6.addr, n->addr.b, sizeof(in6.addr));
	memcpy(addr, &in6, sizeof(in6));
	return sizeof(in6);
}

int
inet_route(const struct inet_sock *sk, struct in16 *to, struct in16 *from)
{
	bool v4 = in16_is_v4(to);

	if (v4 && sk->family == AF_INET6 && sk->v6only)
		return -ENETUNREACH;
	/* A socket that is bound to one kind of address reaches no other. */
	if (!in16_any(&sk->b.addr) && in16_is_v4(&sk->b.addr) != (v4 || (in16_any(to) && sk->family == AF_INET)))
		return v4 ? -ENETUNREACH : -EINVAL;
	if (in16_any(to)) {
		if (v4 || sk->family == AF_INET)
			*to = in16_any(&sk->b.addr) ? in16_v4(0x0100007fu) : sk->b.addr;
		else
			*to = (struct in16){ .b = { [15] = 1 } };
		v4 = in16_is_v4(to);
	}
	*from = sk->b.addr;
	if (in16_any(from))
		*from = v4 ? in16_v4(0x0100007fu) : (struct in16){ .b = { [15] = 1 } };
	if (v4 && (to->w[3] == 0xffffff7fu || to->w[3] == 0xffffffffu)) {
		if (to->w[3] == 0xffffffffu)
			return -ENETUNREACH;
		return sock_flag(&sk->o, SO_BROADCAST) ? 0 : -EACCES;
	}
	/* Groups are over `lo` only for who says so, by IP_MULTICAST_IF or an address to send from. */
	if (v4 && in16_multicast(to) && sk->type == SOCK_DGRAM && (sk->io.mc_if == LO_IFINDEX || in16_local(&sk->b.addr)))
		return 0;
	return in16_local(to) ? 0 : -ENETUNREACH;
}
