/* SPDX-License-Identifier: MIT
 *
 * Ancillary data of datagrams: ip(7), ipv6(7), socket(7): IP_PKTINFO, IP_TTL, IP_TOS and their like, SO_TIMESTAMP, SO_RXQ_OVFL.
 */
#include "kernel/task.h"
#include "net/inet.h"

#define SOL_IP	 0
#define SOL_IPV6 41
#define IP_TOS	 1
#define IP_TTL	 2
#define IP_RECVTTL 12
#define IP_RECVORIGDSTADDR 20
#define IP_PKTINFO 8
#define IPV6_PKTINFO  50
#define IPV6_HOPLIMIT 52
#define IPV6_TCLASS   67
#define SCM_RIGHTS	1
#define SCM_CREDENTIALS 2
#define CONTROL_MAX   20480

struct k_cmsghdr {
	uint64_t len;
	int32_t level, type;
};

struct k_in_pktinfo {
	int32_t ifindex;
	uint32_t spec_dst, addr;
};

struct k_in6_pktinfo {
	uint8_t addr[16];
	uint32_t ifindex;
};
_Static_assert(sizeof(struct k_in_pktinfo) == 12 && sizeof(struct k_in6_pktinfo) == 20, "ABI of pktinfo");

static int
set_source(struct inet_cmsg *out, struct in16 a, int ifindex)
{
	if (ifindex && ifindex != LO_IFINDEX)
		return -ENODEV;
	if (in16_any(&a))
		return 0;
	if (!in16_local(&a))
		return -EINVAL;
	out->have_src = true;
	out->src = a;
	return 0;
}

static int
get_int(const char *data, size_t n, int min, int max, bool byte, int *v)
{
	if (n == sizeof(*v))
		memcpy(v, data, sizeof(*v));
	else if (byte && n == 1)
		*v = (unsigned char)*data;
	else
		return -EINVAL;
	return *v < min || *v > max ? -EINVAL : 0;
}

static int
send_ip(struct inet_cmsg *out, int type, const char *data, size_t n)
{
	struct k_in_pktinfo info;

	switch (type) {
	case IP_PKTINFO:
		if (n != sizeof(info))
			return -EINVAL;
		memcpy(&info, data, sizeof(info));
		return set_source(out, in16_v4(info.spec_dst), info.ifindex);
	case IP_TTL:
		out->have_ttl = true;
		return get_int(data, n, 1, 255, false, &out->ttl);
	case IP_TOS:
		out->have_tos = true;
		return get_int(data, n, 0, 255, true, &out->tos);
	default:
		return -EINVAL;
	}
}

static int
send_ipv6(struct inet_cmsg *out, int type, const char *data, size_t n)
{
	struct k_in6_pktinfo info;
	struct in16 a;
	int err;

	switch (type) {
	case IPV6_PKTINFO:
		if (n < sizeof(info))
			return -EINVAL;
		memcpy(&info, data, sizeof(info));
		memcpy(a.b, info.addr, sizeof(a.b));
		return set_source(out, a, (int)info.ifindex);
	case IPV6_HOPLIMIT:
		err = get_int(data, n, -1, 255, false, &out->ttl);
		out->have_ttl = !err && out->ttl >= 0;
		return err;
	case IPV6_TCLASS:
		err = get_int(data, n, -1, 255, false, &out->tos);
		out->have_tos = !err && out->tos >= 0;
		return err;
	default:
		return -EINVAL;
	}
}

static int
send_one(struct inet_sock *sk, struct inet_cmsg *out, const struct k_cmsghdr *h, const char *data)
{
	size_t n = h->len - sizeof(*h);

	switch (h->level) {
	case SOL_SOCKET: /* of the unix family */
		return h->type == SCM_RIGHTS || h->type == SCM_CREDENTIALS ? 0 : -EINVAL;
	case SOL_IP:
		return sk->family == AF_INET ? send_ip(out, h->type, data, n) : 0;
	case SOL_IPV6:
		return sk->family == AF_INET6 ? send_ipv6(out, h->type, data, n) : 0;
	case IPPROTO_UDP:
		return -EINVAL;
	default:
		return 0;
	}
}

static int
parse(struct inet_sock *sk, struct inet_cmsg *out, const char *buf, size_t len)
{
	struct k_cmsghdr h;
	int err;

	for (size_t at = 0; len - at >= sizeof(h); at += ALIGN_UP(h.len, (uint64_t)8)) {
		memcpy(&h, buf + at, sizeof(h));
		if (h.len < sizeof(h) || h.len > len - at)
			return -EINVAL;
		err = send_one(sk, out, &h, buf + at + sizeof(h));
		if (err)
			return err;
		if (ALIGN_UP(h.len, (uint64_t)8) > len - at)
			break;
	}
	return 0;
}

int
inet_cmsg_send(struct task *t, struct inet_sock *sk, struct sock_msg *msg, struct inet_cmsg *out)
{
	char *buf;
	int err;

	if (msg->controllen > CONTROL_MAX)
		return -ENOBUFS;
	buf = kmalloc(t->k, msg->controllen);
	if (!buf)
		return -ENOBUFS;
	err = copy_from_user(t, buf, msg->control, msg->controllen) ? -EFAULT : parse(sk, out, buf, msg->controllen);
	kfree(t->k, buf);
	return err;
}

static void
recv_stamp(struct task *t, struct inet_sock *sk, struct sock_msg *msg, const struct inet_dgram *d)
{
	int64_t at[2] = { d->stamp / NSEC_PER_SEC, d->stamp % NSEC_PER_SEC };

	if (!d->stamp)
		return;
	if (sock_flag(&sk->o, SO_TIMESTAMPNS_OLD)) {
		put_cmsg(t, msg, SOL_SOCKET, SO_TIMESTAMPNS_OLD, at, sizeof(at));
	} else {
		at[1] /= NSEC_PER_USEC;
		put_cmsg(t, msg, SOL_SOCKET, SO_TIMESTAMP_OLD, at, sizeof(at));
	}
}

static void
recv_ip(struct task *t, struct inet_sock *sk, struct sock_msg *msg, const struct inet_dgram *d)
{
	struct k_in_pktinfo info = { .ifindex = LO_IFINDEX, .spec_dst = d->to.w[3], .addr = d->to.w[3] };
	struct inet_name to = { .addr = d->to, .port = sk->b.port };
	char addr[SOCK_ADDR_MAX];
	int ttl = d->ttl;

	if (sk->io.bits & INET_OPT_PKTINFO)
		put_cmsg(t, msg, SOL_IP, IP_PKTINFO, &info, sizeof(info));
	if (sk->io.bits & INET_OPT_RECVTTL)
		put_cmsg(t, msg, SOL_IP, IP_TTL, &ttl, sizeof(ttl));
	if (sk->io.bits & INET_OPT_RECVTOS)
		put_cmsg(t, msg, SOL_IP, IP_TOS, &d->tos, 1);
	if ((sk->io.bits & INET_OPT_RECVORIGDST) && sk->family == AF_INET)
		put_cmsg(t, msg, SOL_IP, IP_RECVORIGDSTADDR, addr, (size_t)inet_name_put(sk, &to, addr));
}

static void
recv_ipv6(struct task *t, struct inet_sock *sk, struct sock_msg *msg, const struct inet_dgram *d)
{
	struct k_in6_pktinfo info = { .ifindex = LO_IFINDEX };
	int ttl = d->ttl, tclass = d->tos;

	if (sk->io.bits & INET_OPT_PKTINFO6) {
		memcpy(info.addr, d->to.b, sizeof(info.addr));
		put_cmsg(t, msg, SOL_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	}
	if (in16_is_v4(&d->to)) {
		recv_ip(t, sk, msg, d);
		return;
	}
	if (sk->io.bits & INET_OPT_RECVHOPS)
		put_cmsg(t, msg, SOL_IPV6, IPV6_HOPLIMIT, &ttl, sizeof(ttl));
	if (sk->io.bits & INET_OPT_RECVTCLASS)
		put_cmsg(t, msg, SOL_IPV6, IPV6_TCLASS, &tclass, sizeof(tclass));
}

void
inet_cmsg_recv(struct task *t, struct inet_sock *sk, struct sock_msg *msg, const struct inet_dgram *d)
{
	uint32_t drops = (uint32_t)READ_ONCE(sk->drops);

	recv_stamp(t, sk, msg, d);
	if (sock_flag(&sk->o, SO_RXQ_OVFL))
		put_cmsg(t, msg, SOL_SOCKET, SO_RXQ_OVFL, &drops, sizeof(drops));
	if (!sk->io.bits)
		return;
	if (sk->family == AF_INET)
		recv_ip(t, sk, msg, d);
	else
		recv_ipv6(t, sk, msg, d);
}
