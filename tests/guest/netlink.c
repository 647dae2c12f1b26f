/* SPDX-License-Identifier: MIT
 *
 * What programs ask about interfaces: netlink(7), rtnetlink(7), netdevice(7), getifaddrs(3). Of the host's other interfaces nothing
 * is looked at.
 */
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netdb.h>

#include "inet.h"

static int
route_socket(uint32_t *portid)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(a);
	int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	CHECK(s >= 0);
	CHECK_EQ(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK_EQ(getsockname(s, (struct sockaddr *)&a, &len), 0);
	CHECK_EQ(len, sizeof(a));
	CHECK(a.nl_pid != 0);
	*portid = a.nl_pid;
	return s;
}

struct request {
	struct nlmsghdr h;
	struct ifinfomsg i;
};

static void
names(void)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	uint32_t one, two;
	int s = route_socket(&one), t = route_socket(&two);

	CHECK_EQ(one, (uint32_t)getpid());
	CHECK(one != two);
	a.nl_pid = one;
	CHECK_ERR(bind(t, (struct sockaddr *)&a, sizeof(a)), EINVAL);
	close(t);
	t = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE);
	CHECK_ERR(bind(t, (struct sockaddr *)&a, sizeof(a)), EADDRINUSE);
	CHECK_ERR(bind(t, (struct sockaddr *)&a, 4), EINVAL);
	CHECK_EQ(int_opt(s, SOL_SOCKET, SO_TYPE), SOCK_RAW);
	CHECK_EQ(int_opt(s, SOL_SOCKET, SO_DOMAIN), AF_NETLINK);
	CHECK_ERR(socket(AF_NETLINK, SOCK_STREAM, 0), ESOCKTNOSUPPORT);
	CHECK_ERR(socket(AF_NETLINK, SOCK_RAW, 99), EPROTONOSUPPORT);
	CHECK_ERR(listen(s, 1), EOPNOTSUPP);
	CHECK_ERR(recv(s, &a, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(ready(s, 0), POLLOUT);
}

/* One link by its index; by one that is none. */
static void
link_by_index(void)
{
	struct request q = { .h = { sizeof(q), RTM_GETLINK, NLM_F_REQUEST, 7, 0 }, .i = { .ifi_index = (int)if_nametoindex("lo") } };
	_Alignas(8) static char buf[16384];
	struct nlmsghdr *h = (void *)buf;
	struct ifinfomsg *i = NLMSG_DATA(h);
	struct nlmsgerr *e = NLMSG_DATA(h);
	struct rtattr *a;
	uint32_t portid;
	int s = route_socket(&portid), n, left, name = 0, mtu = 0;
	struct sockaddr_nl from;
	socklen_t len = sizeof(from);

	CHECK(q.i.ifi_index > 0);
	CHECK_EQ(send(s, &q, sizeof(q), 0), sizeof(q));
	await(s, POLLIN);
	n = (int)recvfrom(s, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);
	CHECK(n > (int)sizeof(q));
	CHECK_EQ(from.nl_family, AF_NETLINK);
	CHECK_EQ(from.nl_pid, 0);
	CHECK_EQ(h->nlmsg_type, RTM_NEWLINK);
	CHECK_EQ(h->nlmsg_seq, 7);
	CHECK_EQ(h->nlmsg_pid, portid);
	CHECK_EQ(h->nlmsg_len, n);
	CHECK(i->ifi_flags & IFF_LOOPBACK);
	left = (int)IFLA_PAYLOAD(h);
	for (a = IFLA_RTA(i); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == IFLA_IFNAME)
			name += strcmp(RTA_DATA(a), "lo") == 0;
		if (a->rta_type == IFLA_MTU)
			mtu = *(int *)RTA_DATA(a);
	}
	CHECK_EQ(name, 1);
	CHECK(mtu >= 1280);
	q.i.ifi_index = 0x7ffffff0;
	CHECK_EQ(send(s, &q, sizeof(q), 0), sizeof(q));
	n = (int)recv(s, buf, sizeof(buf), 0);
	CHECK(n >= (int)sizeof(*h) + (int)sizeof(*e));
	CHECK_EQ(h->nlmsg_type, NLMSG_ERROR);
	CHECK_EQ(e->error, -ENODEV);
	CHECK_EQ(e->msg.nlmsg_seq, 7);
}

static void
dumped(void)
{
	struct request q = { .h = { sizeof(q), RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 9, 0 }, .i = { .ifi_family = AF_INET } };
	_Alignas(8) static char buf[65536];
	uint32_t portid;
	int s = route_socket(&portid), found = 0;
	bool end = false;

	CHECK_EQ(send(s, &q, sizeof(q), 0), sizeof(q));
	while (!end) {
		int n = (int)recv(s, buf, sizeof(buf), 0);

		CHECK(n > 0);
		for (struct nlmsghdr *h = (void *)buf; NLMSG_OK(h, (unsigned int)n); h = NLMSG_NEXT(h, n)) {
			struct ifaddrmsg *m = NLMSG_DATA(h);
			int left = (int)IFA_PAYLOAD(h);

			CHECK_EQ(h->nlmsg_seq, 9);
			CHECK(h->nlmsg_flags & NLM_F_MULTI);
			end = h->nlmsg_type == NLMSG_DONE;
			if (end)
				break;
			CHECK_EQ(h->nlmsg_type, RTM_NEWADDR);
			CHECK_EQ(m->ifa_family, AF_INET);
			for (struct rtattr *a = IFA_RTA(m); RTA_OK(a, left); a = RTA_NEXT(a, left))
				found += a->rta_type == IFA_LOCAL && *(uint32_t *)RTA_DATA(a) == htonl(LO);
		}
	}
	CHECK_EQ(found, 1);
	CHECK_ERR(recv(s, buf, 1, MSG_DONTWAIT), EAGAIN);
}

static void
by_libc(void)
{
	struct addrinfo hint = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM, .ai_family = AF_INET }, *ai;
	struct ifaddrs *list;
	int found = 0;
	char name[IF_NAMESIZE];

	CHECK_EQ(getifaddrs(&list), 0);
	for (struct ifaddrs *i = list; i; i = i->ifa_next)
		if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET && strcmp(i->ifa_name, "lo") == 0)
			found += ((struct sockaddr_in *)(void *)i->ifa_addr)->sin_addr.s_addr == htonl(LO) && (i->ifa_flags & IFF_UP);
	freeifaddrs(list);
	CHECK_EQ(found, 1);
	CHECK(if_nametoindex("lo") > 0);
	CHECK_STR(if_indextoname(if_nametoindex("lo"), name), "lo");
	CHECK_EQ(if_nametoindex("no-such-one"), 0);
	CHECK_EQ(errno, ENODEV);
	CHECK_EQ(getaddrinfo("127.0.0.1", "80", &hint, &ai), 0);
	freeaddrinfo(ai);
}

static void
by_ioctl(void)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0), u = socket(AF_UNIX, SOCK_STREAM, 0), found = 0;
	struct ifreq r = { .ifr_name = "lo" }, all[64];
	struct ifconf c = { .ifc_len = sizeof(all), .ifc_req = all };

	CHECK_EQ(ioctl(s, SIOCGIFFLAGS, &r), 0);
	CHECK_EQ(r.ifr_flags & (IFF_UP | IFF_LOOPBACK | IFF_RUNNING), IFF_UP | IFF_LOOPBACK | IFF_RUNNING);
	CHECK_EQ(ioctl(s, SIOCGIFADDR, &r), 0);
	CHECK_EQ(((struct sockaddr_in *)(void *)&r.ifr_addr)->sin_addr.s_addr, htonl(LO));
	CHECK_EQ(ioctl(s, SIOCGIFNETMASK, &r), 0);
	CHECK_EQ(((struct sockaddr_in *)(void *)&r.ifr_addr)->sin_addr.s_addr, htonl(0xff000000));
	CHECK_EQ(ioctl(s, SIOCGIFHWADDR, &r), 0);
	CHECK_EQ(r.ifr_hwaddr.sa_family, 772);
	CHECK_EQ(ioctl(u, SIOCGIFINDEX, &r), 0);
	CHECK_EQ(r.ifr_ifindex, (int)if_nametoindex("lo"));
	memset(r.ifr_name, 0, sizeof(r.ifr_name));
	CHECK_EQ(ioctl(s, SIOCGIFNAME, &r), 0);
	CHECK_STR(r.ifr_name, "lo");
	strcpy(r.ifr_name, "nope");
	CHECK_ERR(ioctl(s, SIOCGIFFLAGS, &r), ENODEV);
	CHECK_ERR(ioctl(s, SIOCGIFFLAGS, guest_bad_address()), EFAULT);
	CHECK_EQ(ioctl(s, SIOCGIFCONF, &c), 0);
	CHECK(c.ifc_len >= (int)sizeof(all[0]));
	for (size_t i = 0; i < (size_t)c.ifc_len / sizeof(all[0]); i++)
		found += strcmp(all[i].ifr_name, "lo") == 0;
	CHECK(found >= 1);
	CHECK_ERR(ioctl(s, 0x1234, &r), ENOTTY);
}

static const struct guest_case cases[] = {
	T(names), T(link_by_index), T(dumped), T(by_libc), T(by_ioctl),
};

int
main(int argc, char **argv)
{
	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
