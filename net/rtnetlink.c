/* SPDX-License-Identifier: MIT
 *
 * NETLINK_ROUTE, rtnetlink(7): the one interface, its addresses and the routes to them, for who asks. Nothing can be changed.
 */
#include <linux/capability.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "net/inet.h"
#include "net/netlink.h"

#define RTM_NEWLINK 16
#define RTM_GETLINK 18
#define RTM_NEWADDR 20
#define RTM_GETADDR 22
#define RTM_NEWROUTE 24
#define RTM_GETROUTE 26
#define RTM_GETNEIGH 30
#define RTM_GETRULE 34
#define RTM_GETQDISC 38
#define RTM_MAX 120

#define IFLA_ADDRESS	1
#define IFLA_BROADCAST	2
#define IFLA_IFNAME	3
#define IFLA_MTU	4
#define IFLA_QDISC	6
#define IFLA_STATS	7
#define IFLA_TXQLEN	13
#define IFLA_OPERSTATE	16
#define IFLA_LINKMODE	17
#define IFLA_STATS64	23
#define IFLA_GROUP	27
#define IFLA_PROMISCUITY 30
#define IFLA_NUM_TX_QUEUES 31
#define IFLA_NUM_RX_QUEUES 32
#define IFLA_CARRIER	33

#define IFA_ADDRESS   1
#define IFA_LOCAL     2
#define IFA_LABEL     3
#define IFA_CACHEINFO 6
#define IFA_FLAGS     8
#define IFA_F_PERMANENT 0x80

#define RTA_DST	      1
#define RTA_OIF	      4
#define RTA_PRIORITY  6
#define RTA_PREFSRC   7
#define RTA_CACHEINFO 12
#define RTA_TABLE     15
#define RTA_PREF      20
#define RT_TABLE_LOCAL 255
#define RTPROT_KERNEL 2
#define RT_SCOPE_UNIVERSE 0
#define RT_SCOPE_LINK 253
#define RT_SCOPE_HOST 254
#define RTN_LOCAL     2
#define RTN_BROADCAST 3

#define ARPHRD_LOOPBACK 772
#define LO_FLAGS	0x10049u /* UP, LOOPBACK, RUNNING, LOWER_UP */
#define LO_TXQLEN	1000u
#define STATS_SIZE	96
#define STATS64_SIZE	200

struct ifinfomsg_k {
	uint8_t family, pad;
	uint16_t type;
	int32_t index;
	uint32_t flags, change;
};

struct ifaddrmsg_k {
	uint8_t family, prefixlen, flags, scope;
	uint32_t index;
};

struct rtmsg_k {
	uint8_t family, dst_len, src_len, tos, table, protocol, scope, type;
	uint32_t flags;
};

struct attr_k {
	uint16_t len, type;
};

static void
attr_u32(struct nl_reply *r, uint16_t attr, uint32_t v)
{
	nl_reply_attr(r, attr, &v, sizeof(v));
}

static void
attr_u8(struct nl_reply *r, uint16_t attr, uint8_t v)
{
	nl_reply_attr(r, attr, &v, sizeof(v));
}

static void
put_link(struct nl_reply *r, const struct nlmsghdr_k *req, uint32_t portid, uint16_t flags)
{
	static const struct ifinfomsg_k info = { .type = ARPHRD_LOOPBACK, .index = LO_IFINDEX, .flags = LO_FLAGS };
	static const char zeros[STATS64_SIZE]; /* nobody counts */
	uint32_t start = nl_reply_start(r, req, portid, RTM_NEWLINK, flags);

	nl_reply_add(r, &info, sizeof(info));
	nl_reply_attr(r, IFLA_IFNAME, "lo", 3);
	attr_u32(r, IFLA_TXQLEN, LO_TXQLEN);
	attr_u8(r, IFLA_OPERSTATE, 0);
	attr_u8(r, IFLA_LINKMODE, 0);
	attr_u32(r, IFLA_MTU, LO_MTU);
	attr_u32(r, IFLA_GROUP, 0);
	attr_u32(r, IFLA_PROMISCUITY, 0);
	attr_u32(r, IFLA_NUM_TX_QUEUES, 1);
	attr_u32(r, IFLA_NUM_RX_QUEUES, 1);
	attr_u8(r, IFLA_CARRIER, 1);
	nl_reply_attr(r, IFLA_ADDRESS, zeros, 6);
	nl_reply_attr(r, IFLA_BROADCAST, zeros, 6);
	nl_reply_attr(r, IFLA_STATS64, zeros, STATS64_SIZE);
	nl_reply_attr(r, IFLA_STATS, zeros, STATS_SIZE);
	nl_reply_attr(r, IFLA_QDISC, "noqueue", 8);
	nl_reply_end(r, start);
}

/* Does a request for one link mean ours: by its index, or by its name? */
static bool
means_lo(const struct nlmsghdr_k *req)
{
	const char *p = (const char *)(req + 1);
	uint32_t at = sizeof(struct ifinfomsg_k), n = req->len - (uint32_t)sizeof(*req);
	struct ifinfomsg_k info;
	struct attr_k a;

	memcpy(&info, p, sizeof(info));
	if (info.index)
		return info.index == LO_IFINDEX;
	while (n - at >= sizeof(a) && at <= n) {
		memcpy(&a, p + at, sizeof(a));
		if (a.len < sizeof(a) || a.len > n - at)
			break;
		if (a.type == IFLA_IFNAME)
			return a.len >= sizeof(a) + 2 && memcmp(p + at + sizeof(a), "lo", 2) == 0 &&
			       (a.len == sizeof(a) + 2 || p[at + sizeof(a) + 2] == '\0');
		at += ALIGN_UP((uint32_t)a.len, 4u);
	}
	return false;
}

static int
get_link(const struct nlmsghdr_k *req, uint32_t portid, struct nl_reply *r, bool dump)
{
	if (!dump && req->len < sizeof(*req) + sizeof(struct ifinfomsg_k))
		return -EINVAL;
	if (!dump && !means_lo(req))
		return -ENODEV;
	put_link(r, req, portid, dump ? NLM_F_MULTI : 0);
	return dump;
}

static void
put_addr(struct nl_reply *r, const struct nlmsghdr_k *req, uint32_t portid, uint8_t family)
{
	struct ifaddrmsg_k msg = { .family = family, .prefixlen = family == AF_INET ? 8 : 128, .flags = IFA_F_PERMANENT,
				   .scope = RT_SCOPE_HOST, .index = LO_IFINDEX };
	static const uint8_t four[4] = { 127, 0, 0, 1 }, six[16] = { [15] = 1 };
	static const uint32_t cache[4] = { UINT32_MAX, UINT32_MAX, 0, 0 }; /* valid for ever */
	uint32_t start = nl_reply_start(r, req, portid, RTM_NEWADDR, NLM_F_MULTI);

	nl_reply_add(r, &msg, sizeof(msg));
	if (family == AF_INET) {
		nl_reply_attr(r, IFA_ADDRESS, four, sizeof(four));
		nl_reply_attr(r, IFA_LOCAL, four, sizeof(four));
		nl_reply_attr(r, IFA_LABEL, "lo", 3);
		attr_u32(r, IFA_FLAGS, IFA_F_PERMANENT);
		nl_reply_attr(r, IFA_CACHEINFO, cache, sizeof(cache));
	} else {
		nl_reply_attr(r, IFA_ADDRESS, six, sizeof(six));
		nl_reply_attr(r, IFA_CACHEINFO, cache, sizeof(cache));
		attr_u32(r, IFA_FLAGS, IFA_F_PERMANENT);
	}
	nl_reply_end(r, start);
}

static void
put_route4(struct nl_reply *r, const struct nlmsghdr_k *req, uint32_t portid, uint32_t dst, uint8_t len, uint8_t type)
{
	struct rtmsg_k msg = { .family = AF_INET, .dst_len = len, .table = RT_TABLE_LOCAL, .protocol = RTPROT_KERNEL,
			       .scope = type == RTN_LOCAL ? RT_SCOPE_HOST : RT_SCOPE_LINK, .type = type };
	uint32_t start = nl_reply_start(r, req, portid, RTM_NEWROUTE, NLM_F_MULTI);

	nl_reply_add(r, &msg, sizeof(msg));
	attr_u32(r, RTA_TABLE, RT_TABLE_LOCAL);
	attr_u32(r, RTA_DST, dst);
	attr_u32(r, RTA_PREFSRC, 0x0100007f);
	attr_u32(r, RTA_OIF, LO_IFINDEX);
	nl_reply_end(r, start);
}

static void
put_route6(struct nl_reply *r, const struct nlmsghdr_k *req, uint32_t portid)
{
	static const struct rtmsg_k msg = { .family = AF_INET6, .dst_len = 128, .table = RT_TABLE_LOCAL, .protocol = RTPROT_KERNEL,
					    .scope = RT_SCOPE_UNIVERSE, .type = RTN_LOCAL };
	static const uint8_t dst[16] = { [15] = 1 }, cache[32];
	uint32_t start = nl_reply_start(r, req, portid, RTM_NEWROUTE, NLM_F_MULTI);

	nl_reply_add(r, &msg, sizeof(msg));
	attr_u32(r, RTA_TABLE, RT_TABLE_LOCAL);
	nl_reply_attr(r, RTA_DST, dst, sizeof(dst));
	attr_u32(r, RTA_PRIORITY, 0);
	attr_u32(r, RTA_OIF, LO_IFINDEX);
	nl_reply_attr(r, RTA_CACHEINFO, cache, sizeof(cache));
	attr_u8(r, RTA_PREF, 0);
	nl_reply_end(r, start);
}

static void
put_routes(struct nl_reply *r, const struct nlmsghdr_k *req, uint32_t portid, uint8_t family)
{
	if (family != AF_INET6) {
		put_route4(r, req, portid, 0x0000007f, 8, RTN_LOCAL);
		put_route4(r, req, portid, 0x0100007f, 32, RTN_LOCAL);
		put_route4(r, req, portid, 0xffffff7f, 32, RTN_BROADCAST);
	}
	if (family != AF_INET)
		put_route6(r, req, portid);
}

int
rtnetlink_rcv(struct task *t, const struct nlmsghdr_k *req, uint32_t portid, struct nl_reply *r)
{
	uint8_t family = req->len > sizeof(*req) ? *(const uint8_t *)(req + 1) : 0;
	bool dump = (req->flags & NLM_F_DUMP) == NLM_F_DUMP;

	if (req->type > RTM_MAX)
		return -EOPNOTSUPP;
	if (req->len < sizeof(*req) + 1) /* not even a family */
		return 0;
	if ((req->type & 3) != 2) /* RTM_NEW*, RTM_DEL*, RTM_SET*: not a question */
		return capable(t, CAP_NET_ADMIN) ? -EOPNOTSUPP : -EPERM;
	switch (req->type) {
	case RTM_GETLINK:
		return get_link(req, portid, r, dump);
	case RTM_GETADDR:
		if (!dump)
			return -EOPNOTSUPP;
		if (family != AF_INET6)
			put_addr(r, req, portid, AF_INET);
		if (family != AF_INET)
			put_addr(r, req, portid, AF_INET6);
		return 1;
	case RTM_GETROUTE:
		if (!dump)
			return -EOPNOTSUPP;
		put_routes(r, req, portid, family);
		return 1;
	case RTM_GETNEIGH:
	case RTM_GETQDISC:
	case RTM_GETRULE:
		return dump ? 1 : -EOPNOTSUPP;
	default:
		return -EOPNOTSUPP;
	}
}
