/* SPDX-License-Identifier: MIT
 *
 * Options of sockets of the inet families: levels SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6 and IPPROTO_UDP. ip(7), ipv6(7), udp(7).
 */
#include <linux/capability.h>
#include <linux/in.h>
#undef IPPROTO_IP
#undef IPPROTO_ICMP
#undef IPPROTO_TCP
#undef IPPROTO_UDP
#undef IPPROTO_IPV6
#undef IPPROTO_UDPLITE
#include <linux/in6.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "net/inet.h"

#define LEVEL_IP   0
#define LEVEL_TCP  6
#define LEVEL_UDP  17
#define LEVEL_IPV6 41
#define LEVEL_UDPLITE 136

#define UDP_CORK 1
#define UDP_NO_CHECK6_TX 101
#define UDP_NO_CHECK6_RX 102
#define UDPLITE_SEND_CSCOV 10
#define UDPLITE_RECV_CSCOV 11

#define MULTICAST_TTL_DEFAULT 1
#define PMTUDISC_WANT 1

/* Options that are on or off. */
static const struct {
	uint8_t level, name;
	uint32_t bit;
} bits[] = {
	{ LEVEL_IP, IP_PKTINFO, INET_OPT_PKTINFO },
	{ LEVEL_IP, IP_RECVTTL, INET_OPT_RECVTTL },
	{ LEVEL_IP, IP_RECVTOS, INET_OPT_RECVTOS },
	{ LEVEL_IP, IP_RECVERR, INET_OPT_RECVERR },
	{ LEVEL_IP, IP_RECVOPTS, INET_OPT_RECVOPTS },
	{ LEVEL_IP, IP_RETOPTS, INET_OPT_RETOPTS },
	{ LEVEL_IP, IP_FREEBIND, INET_OPT_FREEBIND },
	{ LEVEL_IP, IP_TRANSPARENT, INET_OPT_TRANSPARENT },
	{ LEVEL_IP, IP_BIND_ADDRESS_NO_PORT, INET_OPT_BIND_NOPORT },
	{ LEVEL_IP, IP_RECVORIGDSTADDR, INET_OPT_RECVORIGDST },
	{ LEVEL_IPV6, IPV6_RECVPKTINFO, INET_OPT_PKTINFO6 },
	{ LEVEL_IPV6, IPV6_RECVHOPLIMIT, INET_OPT_RECVHOPS },
	{ LEVEL_IPV6, IPV6_RECVTCLASS, INET_OPT_RECVTCLASS },
	{ LEVEL_IPV6, IPV6_RECVERR, INET_OPT_RECVERR6 },
	{ LEVEL_IPV6, IPV6_AUTOFLOWLABEL, INET_OPT_AUTOFLOW },
};

static uint32_t
bit_of(int level, int name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(bits); i++)
		if (bits[i].level == level && bits[i].name == name)
			return bits[i].bit;
	return 0;
}

void
inet_opts_init(struct inet_sock *sk)
{
	sk->io.mc_ttl = MULTICAST_TTL_DEFAULT;
	sk->io.mc_loop = 1;
	sk->io.mc_all = 1;
	sk->io.hops = -1;
	sk->io.mc_hops = 1;
	sk->io.pmtudisc = sk->io.mtu_discover6 = PMTUDISC_WANT;
}

static int
set_bit(struct task *t, struct inet_sock *sk, uint32_t bit, bool on)
{
	if (bit == INET_OPT_TRANSPARENT && on && !capable(t, CAP_NET_ADMIN) && !capable(t, CAP_NET_RAW))
		return -EPERM;
	if (on)
		set_bits(&sk->io.bits, bit);
	else
		clear_bits(&sk->io.bits, bit);
	return 0;
}

/* Of what a program names an interface by: an address or an index. 0: none. */
static int
find_interface(uint32_t addr, int ifindex, int *out)
{
	struct in16 a = in16_v4(addr);

	*out = 0;
	if (ifindex) {
		if (ifindex != LO_IFINDEX)
			return -ENODEV;
		*out = ifindex;
	} else if (addr) {
		if (!in16_local(&a))
			return -EADDRNOTAVAIL;
		*out = LO_IFINDEX;
	}
	return 0;
}

static int
set_mc_if(struct task *t, struct inet_sock *sk, uaddr_t val, int len)
{
	struct ip_mreqn m = { .imr_ifindex = 0 };

	if (len < (int)sizeof(struct in_addr))
		return -EINVAL;
	if (len >= (int)sizeof(m)) {
		if (copy_in(t, &m, val))
			return -EFAULT;
	} else if (len >= (int)sizeof(struct ip_mreq)) {
		if (copy_from_user(t, &m, val, sizeof(struct ip_mreq)))
			return -EFAULT;
	} else if (copy_in(t, &m.imr_address, val)) {
		return -EFAULT;
	}
	return find_interface(m.imr_address.s_addr, m.imr_ifindex, &sk->io.mc_if);
}

static int
membership(struct task *t, struct inet_sock *sk, int name, uaddr_t val, int len)
{
	struct ip_mreqn m = { .imr_ifindex = 0 };
	struct in16 group;
	int ifindex, err;

	if (len < (int)sizeof(struct ip_mreq))
		return -EINVAL;
	if (copy_from_user(t, &m, val, (size_t)MIN(len, (int)sizeof(m))))
		return -EFAULT;
	if (sk->type == SOCK_STREAM)
		return -EPROTO;
	group = in16_v4(m.imr_multiaddr.s_addr);
	if (!in16_multicast(&group))
		return -EINVAL;
	err = find_interface(m.imr_address.s_addr, m.imr_ifindex, &ifindex);
	if (err == -EADDRNOTAVAIL || (!err && !ifindex))
		err = -ENODEV; /* no route to the group */
	if (err)
		return err;
	return name == IP_DROP_MEMBERSHIP ? inet_leave_group(sk, &group) : inet_join_group(sk, &group);
}

static int
membership6(struct task *t, struct inet_sock *sk, int name, uaddr_t val, int len)
{
	struct ipv6_mreq m;
	struct in16 group;

	if (len < (int)sizeof(m))
		return -EINVAL;
	if (sk->type == SOCK_STREAM)
		return -EPROTO;
	if (copy_in(t, &m, val))
		return -EFAULT;
	memcpy(group.b, &m.ipv6mr_multiaddr, sizeof(group.b));
	if (in16_is_v4(&group) || !in16_multicast(&group))
		return -EINVAL;
	if (m.ipv6mr_ifindex != LO_IFINDEX) /* 0: there is no route to any group */
		return -ENODEV;
	return name == IPV6_DROP_MEMBERSHIP ? inet_leave_group(sk, &group) : inet_join_group(sk, &group);
}

static int
set_ip(struct task *t, struct inet_sock *sk, int name, uaddr_t val, int len)
{
	uint32_t bit = bit_of(LEVEL_IP, name);
	uint8_t byte = 0;
	int v = 0;

	if (name == IP_MULTICAST_IF)
		return set_mc_if(t, sk, val, len);
	if (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP)
		return membership(t, sk, name, val, len);
	if (len >= (int)sizeof(v)) {
		if (copy_in(t, &v, val))
			return -EFAULT;
	} else if (len >= 1) {
		if (copy_in(t, &byte, val))
			return -EFAULT;
		v = byte;
	}
	if (bit)
		return len < 1 ? -EINVAL : set_bit(t, sk, bit, v != 0);
	switch (name) {
	case IP_TOS:
		sk->io.tos = (uint8_t)(sk->type == SOCK_STREAM ? (v & ~3) | (sk->io.tos & 3) : v);
		return 0;
	case IP_TTL:
		if (len < 1 || (v != -1 && (v < 1 || v > 255)))
			return -EINVAL;
		sk->io.ttl = (uint8_t)(v == -1 ? 0 : v);
		return 0;
	case IP_MTU_DISCOVER:
		if (v < 0 || v > 5)
			return -EINVAL;
		sk->io.pmtudisc = (uint8_t)v;
		return 0;
	case IP_MULTICAST_TTL:
		if (sk->type == SOCK_STREAM || len < 1 || v < -1 || v > 255)
			return -EINVAL;
		sk->io.mc_ttl = (uint8_t)(v == -1 ? 1 : v);
		return 0;
	case IP_MULTICAST_LOOP:
		if (len < 1)
			return -EINVAL;
		sk->io.mc_loop = v != 0;
		return 0;
	case IP_MULTICAST_ALL:
		if (len < 1 || (v != 0 && v != 1))
			return -EINVAL;
		sk->io.mc_all = (uint8_t)v;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int
set_ipv6(struct task *t, struct inet_sock *sk, int name, uaddr_t val, int len)
{
	uint32_t bit = bit_of(LEVEL_IPV6, name);
	int v;

	if (sk->family != AF_INET6)
		return -ENOPROTOOPT;
	if (name == IPV6_ADD_MEMBERSHIP || name == IPV6_DROP_MEMBERSHIP)
		return membership6(t, sk, name, val, len);
	if (len < (int)sizeof(v))
		return -EINVAL;
	if (copy_in(t, &v, val))
		return -EFAULT;
	if (bit)
		return set_bit(t, sk, bit, v != 0);
	switch (name) {
	case IPV6_V6ONLY:
		if (sk->b.port)
			return -EINVAL;
		sk->v6only = v != 0;
		return 0;
	case IPV6_UNICAST_HOPS:
		if (v < -1 || v > 255)
			return -EINVAL;
		sk->io.hops = (int16_t)v;
		return 0;
	case IPV6_MULTICAST_HOPS:
		if (sk->type == SOCK_STREAM)
			return -ENOPROTOOPT;
		if (v < -1 || v > 255)
			return -EINVAL;
		sk->io.mc_hops = (int16_t)(v == -1 ? 1 : v);
		return 0;
	case IPV6_MULTICAST_LOOP:
		if (v != 0 && v != 1)
			return -EINVAL;
		return set_bit(t, sk, INET_OPT_MC_LOOP6_OFF, !v);
	case IPV6_MULTICAST_IF:
		if (sk->type == SOCK_STREAM)
			return -ENOPROTOOPT;
		return find_interface(0, v, &sk->io.mc_if);
	case IPV6_TCLASS:
		if (v < -1 || v > 255)
			return -EINVAL;
		sk->io.tclass = (uint8_t)(v == -1 ? 0 : v);
		return 0;
	case IPV6_MTU_DISCOVER:
		if (v < 0 || v > 5)
			return -EINVAL;
		sk->io.mtu_discover6 = (uint8_t)v;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int
bind_to_device(struct task *t, uaddr_t val, int len)
{
	char name[16] = { 0 };

	if (copy_from_user(t, name, val, (size_t)MIN(len, 15)))
		return -EFAULT;
	return !name[0] || strcmp(name, "lo") == 0 ? 0 : -ENODEV;
}

static int
set_socket(struct task *t, struct inet_sock *sk, int name, uaddr_t val, int len)
{
	struct inet_net *in = inet_net(t->k);
	int err;

	if (name == SO_BINDTODEVICE)
		return bind_to_device(t, val, len);
	err = sock_opts_set(t, &sk->o, name, val, len);
	if (!err && (name == SO_REUSEADDR || name == SO_REUSEPORT)) {
		mutex_guard(&in->lock);
		sk->b.reuse = sock_flag(&sk->o, SO_REUSEADDR);
		sk->b.reuseport = sock_flag(&sk->o, SO_REUSEPORT);
	}
	if (!err && (name == SO_SNDBUF || name == SO_SNDBUFFORCE))
		inet_wake(sk, K_POLLOUT | K_POLLWRNORM | K_POLLWRBAND);
	return err;
}

/* Nothing has checksums, and each call is a datagram. */
static int
set_udp(struct task *t, struct inet_sock *sk, int name, uaddr_t val, int len)
{
	int v;

	if (len < (int)sizeof(v))
		return -EINVAL;
	if (copy_in(t, &v, val))
		return -EFAULT;
	if (name == UDP_NO_CHECK6_TX || name == UDP_NO_CHECK6_RX)
		return 0;
	if (sk->protocol == IPPROTO_UDPLITE && (name == UDPLITE_SEND_CSCOV || name == UDPLITE_RECV_CSCOV)) {
		v = v > 0xffff ? 0xffff : v != 0 && v < 8 ? 8 : v;
		sk->io.cscov[name - UDPLITE_SEND_CSCOV] = (uint16_t)v;
		return 0;
	}
	return name == UDP_CORK && !v ? 0 : -ENOPROTOOPT;
}

int
inet_setsockopt(struct task *t, struct socket *sock, int level, int name, uaddr_t val, int len)
{
	struct inet_sock *sk = inet_sk(sock);

	switch (level) {
	case SOL_SOCKET:
		return set_socket(t, sk, name, val, len);
	case LEVEL_IP:
		return set_ip(t, sk, name, val, len);
	case LEVEL_IPV6:
		return set_ipv6(t, sk, name, val, len);
	case LEVEL_UDP:
	case LEVEL_UDPLITE:
		return sk->protocol == level || (level == LEVEL_UDP && sk->protocol == IPPROTO_UDPLITE) ? set_udp(t, sk, name, val, len) :
												      -ENOPROTOOPT;
	case LEVEL_TCP:
		return sk->type == SOCK_STREAM ? tcp_setsockopt(t, sk, name, val, len) : -ENOPROTOOPT;
	default:
		return -ENOPROTOOPT;
	}
}

/* ---- and back ---- */

static int
get_socket(struct inet_sock *sk, int name, int *v)
{
	switch (name) {
	case SO_TYPE:
		*v = sk->type;
		return 0;
	case SO_DOMAIN:
		*v = sk->family;
		return 0;
	case SO_PROTOCOL:
		*v = sk->protocol;
		return 0;
	case SO_ERROR:
		*v = -inet_error(sk);
		return 0;
	case SO_ACCEPTCONN:
		*v = READ_ONCE(sk->state) == TCP_LISTEN;
		return 0;
	case SO_INCOMING_CPU:
		*v = -1;
		return 0;
	case SO_INCOMING_NAPI_ID:
	case SO_BUSY_POLL:
	case SO_TIMESTAMPING_OLD:
	case SO_PASSCRED:
	case SO_ZEROCOPY:
		*v = 0;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int
get_socket_opt(struct task *t, struct socket *sock, int name, uaddr_t val, uaddr_t ulen, uint32_t room)
{
	struct inet_sock *sk = inet_sk(sock);
	static const uint32_t nobody[3] = { 0, UINT32_MAX, UINT32_MAX };
	char addr[SOCK_ADDR_MAX];
	uint64_t cookie;
	int v, err;

	switch (name) {
	case SO_BINDTODEVICE:
		return put_user_u32(t, 0, ulen) ? -EFAULT : 0;
	case SO_PEERCRED:
		return sock_put_opt(t, val, ulen, room, nobody, sizeof(nobody));
	case SO_COOKIE:
		cookie = (uint64_t)(uintptr_t)sk >> 6;
		return room < sizeof(cookie) ? -EINVAL : sock_put_opt(t, val, ulen, room, &cookie, sizeof(cookie));
	case SO_PEERNAME:
		v = inet_getname(t, sock, addr, true);
		if (v < 0)
			return -ENOTCONN;
		return (uint32_t)v < room ? -EINVAL : sock_put_opt(t, val, ulen, room, addr, room);
	default:
		err = sock_opts_get(t, &sk->o, name, val, ulen, room);
		if (err != -ENOPROTOOPT)
			return err;
		err = get_socket(sk, name, &v);
		return err ? err : sock_put_opt(t, val, ulen, room, &v, sizeof(v));
	}
}

static int
get_ip(struct inet_sock *sk, int name, int *v)
{
	uint32_t bit = bit_of(LEVEL_IP, name);

	if (bit) {
		*v = (READ_ONCE(sk->io.bits) & bit) != 0;
		return 0;
	}
	switch (name) {
	case IP_TOS:
		*v = sk->io.tos;
		return 0;
	case IP_TTL:
		*v = sk->io.ttl ? sk->io.ttl : 64;
		return 0;
	case IP_MTU_DISCOVER:
		*v = sk->io.pmtudisc;
		return 0;
	case IP_MTU:
		*v = LO_MTU;
		return sk->connected || (sk->type == SOCK_STREAM && sk->peer) ? 0 : -ENOTCONN;
	case IP_MULTICAST_TTL:
		*v = sk->io.mc_ttl;
		return 0;
	case IP_MULTICAST_LOOP:
		*v = sk->io.mc_loop;
		return 0;
	case IP_MULTICAST_ALL:
		*v = sk->io.mc_all;
		return 0;
	case IP_MULTICAST_IF:
		*v = sk->io.mc_if ? 0x0100007f : 0;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int
get_ipv6(struct inet_sock *sk, int name, int *v)
{
	uint32_t bit = bit_of(LEVEL_IPV6, name);

	if (sk->family != AF_INET6)
		return -ENOPROTOOPT;
	if (bit) {
		*v = (READ_ONCE(sk->io.bits) & bit) != 0;
		return 0;
	}
	switch (name) {
	case IPV6_V6ONLY:
		*v = sk->v6only;
		return 0;
	case IPV6_UNICAST_HOPS:
		*v = sk->io.hops < 0 ? 64 : sk->io.hops;
		return 0;
	case IPV6_MULTICAST_HOPS:
		*v = sk->io.mc_hops;
		return 0;
	case IPV6_MULTICAST_LOOP:
		*v = !(sk->io.bits & INET_OPT_MC_LOOP6_OFF);
		return 0;
	case IPV6_MULTICAST_IF:
		*v = sk->io.mc_if;
		return 0;
	case IPV6_TCLASS:
		*v = sk->io.tclass;
		return 0;
	case IPV6_MTU_DISCOVER:
		*v = sk->io.mtu_discover6;
		return 0;
	case IPV6_MTU:
		*v = LO_MTU;
		return sk->connected || (sk->type == SOCK_STREAM && sk->peer) ? 0 : -ENOTCONN;
	default:
		return -ENOPROTOOPT;
	}
}

/* Options of IP are a byte to who has room for no more. */
static int
put_ip(struct task *t, uaddr_t val, uaddr_t ulen, uint32_t room, int v)
{
	uint8_t byte = (uint8_t)v;

	if (room < sizeof(v) && room > 0 && v >= 0 && v <= 255)
		return sock_put_opt(t, val, ulen, room, &byte, 1);
	return sock_put_opt(t, val, ulen, room, &v, sizeof(v));
}

int
inet_getsockopt(struct task *t, struct socket *sock, int level, int name, uaddr_t val, uaddr_t ulen)
{
	struct inet_sock *sk = inet_sk(sock);
	uint32_t room;
	int v = 0, err;

	if (get_user_u32(t, &room, ulen))
		return -EFAULT;
	if ((int)room < 0)
		return -EINVAL;
	switch (level) {
	case SOL_SOCKET:
		return get_socket_opt(t, sock, name, val, ulen, room);
	case LEVEL_TCP:
		return sk->type == SOCK_STREAM ? tcp_getsockopt(t, sk, name, val, ulen, room) : -ENOPROTOOPT;
	case LEVEL_IP:
		if (name == IP_OPTIONS)
			return put_user_u32(t, 0, ulen) ? -EFAULT : 0;
		err = get_ip(sk, name, &v);
		return err ? err : put_ip(t, val, ulen, room, v);
	case LEVEL_IPV6:
		err = get_ipv6(sk, name, &v);
		break;
	case LEVEL_UDP:
		err = sk->type == SOCK_DGRAM && (name == UDP_CORK || name == UDP_NO_CHECK6_TX || name == UDP_NO_CHECK6_RX) ? 0 : -ENOPROTOOPT;
		break;
	case LEVEL_UDPLITE:
		err = sk->protocol == level && (name == UDPLITE_SEND_CSCOV || name == UDPLITE_RECV_CSCOV) ? 0 : -ENOPROTOOPT;
		v = err ? 0 : sk->io.cscov[name - UDPLITE_SEND_CSCOV];
		break;
	default:
		err = -ENOPROTOOPT;
	}
	return err ? err : sock_put_opt(t, val, ulen, room, &v, sizeof(v));
}
