/* SPDX-License-Identifier: MIT
 *
 * Options of sockets of the internet's families: socket(7), ip(7), ipv6(7), tcp(7), udp(7).
 */
#include "inet.h"

static void
sockets(void)
{
	int s = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0), v;
	struct linger lg = { 1, 30 }, got;
	socklen_t len = sizeof(got);
	struct timeval tv = { 1, 500000 }, tg;

	CHECK_EQ(int_opt(s, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
	CHECK_EQ(int_opt(s, SOL_SOCKET, SO_DOMAIN), AF_INET);
	CHECK_EQ(int_opt(s, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
	CHECK_EQ(int_opt(u, SOL_SOCKET, SO_PROTOCOL), IPPROTO_UDP);
	CHECK_EQ(int_opt(u, SOL_SOCKET, SO_ERROR), 0);
	CHECK_ERR(set_opt(u, SOL_SOCKET, SO_TYPE, 1), ENOPROTOOPT);
	CHECK_ERR(set_opt(u, SOL_SOCKET, 999, 1), ENOPROTOOPT);
	CHECK_ERR(setsockopt(u, SOL_SOCKET, SO_REUSEADDR, &v, 2), EINVAL);
	CHECK_ERR(setsockopt(u, SOL_SOCKET, SO_REUSEADDR, guest_bad_address(), 4), EFAULT);
	CHECK_EQ(int_opt(s, SOL_SOCKET, SO_REUSEADDR), 0);
	CHECK_EQ(set_opt(s, SOL_SOCKET, SO_REUSEADDR, 7), 0);
	CHECK_EQ(int_opt(s, SOL_SOCKET, SO_REUSEADDR), 1);
	CHECK_EQ(set_opt(u, SOL_SOCKET, SO_SNDBUF, 1), 0);
	CHECK_EQ(int_opt(u, SOL_SOCKET, SO_SNDBUF), 4608);
	CHECK_EQ(set_opt(u, SOL_SOCKET, SO_RCVBUF, 1), 0);
	CHECK_EQ(int_opt(u, SOL_SOCKET, SO_RCVBUF), 2304);
	CHECK_EQ(set_opt(u, SOL_SOCKET, SO_BROADCAST, 1), 0);
	CHECK_EQ(int_opt(u, SOL_SOCKET, SO_BROADCAST), 1);
	CHECK_EQ(setsockopt(s, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)), 0);
	CHECK_EQ(getsockopt(s, SOL_SOCKET, SO_LINGER, &got, &len), 0);
	CHECK_EQ(got.l_onoff, 1);
	CHECK_EQ(got.l_linger, 30);
	CHECK_EQ(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	len = sizeof(tg);
	CHECK_EQ(getsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tg, &len), 0);
	CHECK_EQ(tg.tv_sec, 1);
	CHECK_EQ(tg.tv_usec, 500000);
	len = 2;
	CHECK_EQ(getsockopt(s, SOL_SOCKET, SO_TYPE, &v, &len), 0);
	CHECK_EQ(len, 2);
	len = (socklen_t)-1;
	CHECK_ERR(getsockopt(s, SOL_SOCKET, SO_TYPE, &v, &len), EINVAL);
}

static void
internet(void)
{
	int s = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned char byte = 3, got;
	socklen_t len = 1;

	CHECK_EQ(int_opt(u, IPPROTO_IP, IP_TOS), 0);
	CHECK_EQ(set_opt(u, IPPROTO_IP, IP_TOS, 0xb8), 0);
	CHECK_EQ(int_opt(u, IPPROTO_IP, IP_TOS), 0xb8);
	CHECK_EQ(set_opt(u, IPPROTO_IP, IP_TTL, 9), 0);
	CHECK_EQ(int_opt(u, IPPROTO_IP, IP_TTL), 9);
	CHECK_ERR(set_opt(u, IPPROTO_IP, IP_TTL, 0), EINVAL);
	CHECK_EQ(set_opt(u, IPPROTO_IP, IP_TTL, -1), 0);
	CHECK_EQ(int_opt(u, IPPROTO_IP, IP_MULTICAST_TTL), 1);
	CHECK_EQ(setsockopt(u, IPPROTO_IP, IP_MULTICAST_TTL, &byte, 1), 0);
	CHECK_EQ(getsockopt(u, IPPROTO_IP, IP_MULTICAST_TTL, &got, &len), 0);
	CHECK_EQ(got, 3);
	CHECK_ERR(set_opt(s, IPPROTO_IP, IP_MULTICAST_TTL, 3), EINVAL);
	CHECK_EQ(int_opt(u, IPPROTO_IP, IP_MULTICAST_LOOP), 1);
	CHECK_EQ(set_opt(u, IPPROTO_IP, IP_MULTICAST_LOOP, 0), 0);
	CHECK_EQ(int_opt(u, IPPROTO_IP, IP_MULTICAST_LOOP), 0);
	CHECK_EQ(set_opt(u, IPPROTO_IP, IP_PKTINFO, 1), 0);
	CHECK_EQ(int_opt(u, IPPROTO_IP, IP_PKTINFO), 1);
	CHECK_EQ(set_opt(u, IPPROTO_IP, IP_RECVERR, 1), 0);
	CHECK_EQ(int_opt(u, IPPROTO_IP, IP_RECVERR), 1);
	CHECK_EQ(set_opt(u, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO), 0);
	CHECK_EQ(int_opt(u, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_DO);
	CHECK_ERR(set_opt(u, IPPROTO_IP, IP_MTU_DISCOVER, 77), EINVAL);
	len = sizeof(int);
	CHECK_ERR(getsockopt(u, IPPROTO_IP, IP_MTU, &(int){ 0 }, &len), ENOTCONN);
	CHECK_ERR(set_opt(u, IPPROTO_IP, 250, 1), ENOPROTOOPT);
	CHECK_ERR(set_opt(u, IPPROTO_IPV6, IPV6_V6ONLY, 1), ENOPROTOOPT);
	CHECK_ERR(set_opt(u, IPPROTO_TCP, TCP_NODELAY, 1), ENOPROTOOPT);
	CHECK_EQ(set_opt(s, IPPROTO_IP, IP_TOS, 0x13), 0); /* without the bits that are TCP's */
	CHECK_EQ(int_opt(s, IPPROTO_IP, IP_TOS), 0x10);
}

static void
internet6(void)
{
	int u = socket(AF_INET6, SOCK_DGRAM, 0);

	if (!have_v6())
		return;
	CHECK_EQ(int_opt(u, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 64);
	CHECK_EQ(set_opt(u, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 5), 0);
	CHECK_EQ(int_opt(u, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 5);
	CHECK_ERR(set_opt(u, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 256), EINVAL);
	CHECK_EQ(int_opt(u, IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 1);
	CHECK_EQ(int_opt(u, IPPROTO_IPV6, IPV6_MULTICAST_LOOP), 1);
	CHECK_EQ(set_opt(u, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1), 0);
	CHECK_EQ(int_opt(u, IPPROTO_IPV6, IPV6_RECVPKTINFO), 1);
	CHECK_EQ(set_opt(u, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1), 0);
	CHECK_EQ(set_opt(u, IPPROTO_IPV6, IPV6_TCLASS, 33), 0);
	CHECK_EQ(int_opt(u, IPPROTO_IPV6, IPV6_TCLASS), 33);
	CHECK_ERR(setsockopt(u, IPPROTO_IPV6, IPV6_V6ONLY, &(char){ 1 }, 1), EINVAL);
	CHECK_ERR(set_opt(u, IPPROTO_IPV6, 250, 1), ENOPROTOOPT);
}

static void
connections(void)
{
	static const struct {
		int name, def, set, get, bad;
	} opts[] = {
		{ TCP_NODELAY, 0, 1, 1, 0 },
		{ TCP_CORK, 0, 1, 1, 0 },
		{ TCP_KEEPIDLE, 7200, 100, 100, 40000 },
		{ TCP_KEEPINTVL, 75, 10, 10, 40000 },
		{ TCP_KEEPCNT, 9, 3, 3, 200 },
		{ TCP_SYNCNT, 6, 4, 4, 200 },
		{ TCP_DEFER_ACCEPT, 0, 5, 7, 0 },
		{ TCP_USER_TIMEOUT, 0, 1234, 1234, -1 },
		{ TCP_LINGER2, 60, 30, 30, 0 },
		{ TCP_QUICKACK, 1, 0, 0, 0 },
	};
	int s = socket(AF_INET, SOCK_STREAM, 0);
	char name[16] = { 0 };
	socklen_t len = sizeof(name);

	for (size_t i = 0; i < ARRAY_SIZE(opts); i++) {
		int def = int_opt(s, IPPROTO_TCP, opts[i].name);

		/* What a sysctl sets may be another number on this machine. */
		if (opts[i].def < 2 && opts[i].def != def)
			guest_fail(__FILE__, __LINE__, "option %d is %d", opts[i].name, def);
		CHECK_EQ(set_opt(s, IPPROTO_TCP, opts[i].name, opts[i].set), 0);
		if (int_opt(s, IPPROTO_TCP, opts[i].name) != opts[i].get)
			guest_fail(__FILE__, __LINE__, "option %d became %d", opts[i].name, int_opt(s, IPPROTO_TCP, opts[i].name));
		if (opts[i].bad)
			CHECK_ERR(set_opt(s, IPPROTO_TCP, opts[i].name, opts[i].bad), EINVAL);
	}
	CHECK_EQ(getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
	CHECK_EQ(len, 16);
	CHECK_EQ(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "reno", 4), 0);
	CHECK_EQ(getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
	CHECK_STR(name, "reno");
	CHECK_ERR(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "nosuch", 6), ENOENT);
	CHECK_ERR(set_opt(s, IPPROTO_TCP, TCP_MAXSEG, 5), EINVAL);
	CHECK_EQ(set_opt(s, IPPROTO_TCP, TCP_MAXSEG, 1000), 0);
	CHECK_ERR(set_opt(s, IPPROTO_TCP, 250, 1), ENOPROTOOPT);
	CHECK_ERR(set_opt(s, IPPROTO_UDP, 1, 1), ENOPROTOOPT);
}

/* Who may have a port below net.ipv4.ip_unprivileged_port_start. */
static void
privileged_ports(void)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "r");
	int start = 0, s = socket(AF_INET, SOCK_STREAM, 0);

	if (!f || fscanf(f, "%d", &start) != 1 || start < 2)
		return;
	fclose(f);
	if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
		return;
	CHECK_ERR(do_bind(s, v4(LO, 1)), EACCES);
}

static const struct guest_case cases[] = {
	T(sockets), T(internet), T(internet6), T(connections), T(privileged_ports),
};

int
main(int argc, char **argv)
{
	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
