/* SPDX-License-Identifier: MIT
 *
 * Datagrams over the loopback interface: udp(7), ip(7), ipv6(7).
 */
#include "inet.h"

static void
names(void)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	union addr a, b;
	socklen_t len;

	CHECK(s >= 0);
	CHECK_EQ(fcntl(s, F_GETFD), FD_CLOEXEC);
	a = name_of(s);
	CHECK_EQ(a.in.sin_family, AF_INET);
	CHECK_EQ(a.in.sin_port, 0);
	len = sizeof(b);
	CHECK_ERR(getpeername(s, &b.sa, &len), ENOTCONN);
	CHECK_EQ(do_bind(s, v4(LO, 0)), 0);
	a = name_of(s);
	CHECK_EQ(a.in.sin_addr.s_addr, htonl(LO));
	CHECK(a.in.sin_port != 0);
	CHECK_ERR(do_bind(s, v4(LO, 0)), EINVAL);
	len = 4;
	CHECK_EQ(getsockname(s, &b.sa, &len), 0);
	CHECK_EQ(len, sizeof(a.in));
	CHECK_ERR(listen(s, 1), EOPNOTSUPP);
	CHECK_ERR(accept(s, NULL, NULL), EOPNOTSUPP);
	close(s);
	CHECK_ERR(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
	CHECK_ERR(socketpair(AF_INET, SOCK_DGRAM, 0, (int[2]){ 0 }), EOPNOTSUPP);
}

static void
bad_addresses(void)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	union addr a = v4(LO, 0);

	CHECK_ERR(bind(s, &a.sa, 8), EINVAL);
	CHECK_ERR(bind(s, &a.sa, 200), EINVAL);
	CHECK_ERR(bind(s, guest_bad_address(), sizeof(a.in)), EFAULT);
	a.in.sin_family = AF_UNIX;
	CHECK_ERR(bind(s, &a.sa, sizeof(a.in)), EAFNOSUPPORT);
	a.in.sin_family = AF_UNSPEC;
	CHECK_ERR(bind(s, &a.sa, sizeof(a.in)), EAFNOSUPPORT);
	a.in.sin_addr.s_addr = 0;
	CHECK_EQ(bind(s, &a.sa, sizeof(a.in)), 0); /* as old programs write it */
	CHECK_ERR(do_bind(socket(AF_INET, SOCK_DGRAM, 0), v4(0xc0000201, 0)), EADDRNOTAVAIL);
	CHECK_ERR(sendto(s, "x", 1, 0, &a.sa, 8), EINVAL);
	a = v4(LO, 0);
	CHECK_ERR(sendto(s, "x", 1, 0, &a.sa, sizeof(a.in)), EINVAL);
	CHECK_ERR(send(s, "x", 1, 0), EDESTADDRREQ);
	CHECK_ERR(send(s, "x", 1, MSG_OOB), EOPNOTSUPP);
}

static void
to_and_fro(void)
{
	int r = bound(SOCK_DGRAM, v4(LO, 0)), s = socket(AF_INET, SOCK_DGRAM, 0), n;
	union addr to = name_of(r), from, self;
	socklen_t len = sizeof(from);
	char buf[16];

	CHECK_EQ(ready(r, 0), POLLOUT);
	CHECK_EQ(sendto(s, "hello", 5, 0, &to.sa, sizeof(to.in)), 5);
	self = name_of(s);
	CHECK_EQ(self.in.sin_addr.s_addr, 0);
	CHECK(self.in.sin_port != 0);
	await(r, POLLIN);
	CHECK_EQ(recvfrom(r, buf, sizeof(buf), MSG_PEEK, NULL, NULL), 5);
	CHECK_EQ(ioctl(r, FIONREAD, &n), 0);
	CHECK_EQ(n, 5);
	CHECK_EQ(recvfrom(r, buf, 2, MSG_PEEK | MSG_TRUNC, NULL, NULL), 5);
	memset(&from, 0, sizeof(from));
	CHECK_EQ(recvfrom(r, buf, 3, 0, &from.sa, &len), 3);
	CHECK_EQ(memcmp(buf, "hel", 3), 0);
	CHECK_EQ(len, sizeof(from.in));
	CHECK_EQ(from.in.sin_addr.s_addr, htonl(LO));
	CHECK_EQ(from.in.sin_port, self.in.sin_port);
	CHECK_ERR(recv(r, buf, 1, MSG_DONTWAIT), EAGAIN); /* the rest is gone */
	CHECK_EQ(sendto(r, "", 0, 0, &from.sa, sizeof(from.in)), 0);
	await(s, POLLIN);
	CHECK_EQ(recv(s, buf, sizeof(buf), 0), 0);
	CHECK_EQ(write(fcntl(s, F_DUPFD, 0), "x", 1), -1);
	CHECK_EQ(errno, EDESTADDRREQ);
	/* 127.0.0.0/8 is all here. */
	close(r);
	r = bound(SOCK_DGRAM, v4(0x7f010203, 0));
	to = name_of(r);
	CHECK_EQ(sendto(s, "y", 1, 0, &to.sa, sizeof(to.in)), 1);
	CHECK_EQ(recv(r, buf, sizeof(buf), 0), 1);
}

static void
sizes(void)
{
	int r = bound(SOCK_DGRAM, v4(LO, 0)), s = socket(AF_INET, SOCK_DGRAM, 0);
	char *big = calloc(1, 70000);

	CHECK_EQ(do_connect(s, name_of(r)), 0);
	CHECK_EQ(send(s, big, 65507, 0), 65507);
	CHECK_ERR(send(s, big, 65508, 0), EMSGSIZE);
	CHECK_ERR(send(s, big, 70000, 0), EMSGSIZE);
	CHECK_EQ(recv(r, big, 70000, 0), 65507);
	free(big);
}

static void
connected(void)
{
	int a = bound(SOCK_DGRAM, v4(LO, 0)), b = bound(SOCK_DGRAM, v4(INADDR_ANY, 0)), c = bound(SOCK_DGRAM, v4(LO, 0));
	union addr none = { .sa.sa_family = AF_UNSPEC }, to = name_of(a);
	char buf[8];

	CHECK_EQ(do_connect(b, name_of(a)), 0);
	CHECK_EQ(name_of(b).in.sin_addr.s_addr, htonl(LO));
	CHECK(same(peer_of(b), name_of(a)));
	CHECK_EQ(send(b, "1", 1, 0), 1);
	CHECK_EQ(recv(a, buf, 8, 0), 1);
	to = name_of(b);
	CHECK_EQ(sendto(c, "2", 1, 0, &to.sa, sizeof(to.in)), 1); /* not from its peer: nobody gets it */
	CHECK_EQ(sendto(a, "3", 1, 0, &to.sa, sizeof(to.in)), 1);
	CHECK_EQ(recv(b, buf, 8, 0), 1);
	CHECK_EQ(buf[0], '3');
	to = name_of(c); /* who is connected may send elsewhere */
	CHECK_EQ(sendto(b, "4", 1, 0, &to.sa, sizeof(to.in)), 1);
	CHECK_EQ(recv(c, buf, 8, 0), 1);
	CHECK_EQ(connect(b, &none.sa, sizeof(none.sa)), 0);
	CHECK_ERR(send(b, "5", 1, 0), EDESTADDRREQ);
	CHECK_ERR(getpeername(b, &to.sa, &(socklen_t){ sizeof(to) }), ENOTCONN);
	CHECK_EQ(name_of(b).in.sin_addr.s_addr, 0);
	CHECK_EQ(do_connect(b, v4(INADDR_ANY, port_of(a))), 0);
	CHECK_EQ(peer_of(b).in.sin_addr.s_addr, htonl(LO));
}

static void
refused(void)
{
	int gone = bound(SOCK_DGRAM, v4(LO, 0)), s = socket(AF_INET, SOCK_DGRAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0);
	union addr to = name_of(gone);
	char c;

	close(gone);
	CHECK_EQ(sendto(u, "x", 1, 0, &to.sa, sizeof(to.in)), 1); /* nobody is told */
	CHECK_EQ(ready(u, 0), POLLOUT);
	CHECK_EQ(do_connect(s, to), 0);
	CHECK_EQ(send(s, "x", 1, 0), 1);
	await(s, POLLIN);
	CHECK_EQ(ready(s, 0), POLLOUT | POLLERR);
	CHECK_ERR(send(s, "x", 1, 0), ECONNREFUSED);
	CHECK_EQ(send(s, "x", 1, 0), 1);
	await(s, POLLIN);
	CHECK_ERR(recv(s, &c, 1, 0), ECONNREFUSED);
	CHECK_EQ(send(s, "x", 1, 0), 1);
	await(s, POLLIN);
	CHECK_EQ(int_opt(s, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	CHECK_EQ(int_opt(s, SOL_SOCKET, SO_ERROR), 0);
}

static void
conflicts(void)
{
	int a = bound(SOCK_DGRAM, v4(LO, 0)), b = socket(AF_INET, SOCK_DGRAM, 0), port = port_of(a), c, d;

	CHECK_ERR(do_bind(b, v4(LO, port)), EADDRINUSE);
	CHECK_ERR(do_bind(b, v4(INADDR_ANY, port)), EADDRINUSE);
	CHECK_EQ(do_bind(b, v4(0x7f000009, port)), 0);
	close(a);
	close(b);
	a = socket(AF_INET, SOCK_DGRAM, 0);
	b = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK_EQ(set_opt(a, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	CHECK_EQ(do_bind(a, v4(LO, 0)), 0);
	CHECK_ERR(do_bind(b, v4(LO, port_of(a))), EADDRINUSE);
	CHECK_EQ(set_opt(b, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	CHECK_EQ(do_bind(b, v4(LO, port_of(a))), 0);
	c = socket(AF_INET, SOCK_DGRAM, 0);
	d = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK_EQ(set_opt(c, SOL_SOCKET, SO_REUSEPORT, 1), 0);
	CHECK_EQ(set_opt(d, SOL_SOCKET, SO_REUSEPORT, 1), 0);
	CHECK_EQ(do_bind(c, v4(LO, 0)), 0);
	CHECK_EQ(do_bind(d, v4(LO, port_of(c))), 0);
	CHECK_ERR(do_bind(socket(AF_INET, SOCK_DGRAM, 0), v4(LO, port_of(c))), EADDRINUSE);
}

static void
queue_limit(void)
{
	int r = bound(SOCK_DGRAM, v4(LO, 0)), s = socket(AF_INET, SOCK_DGRAM, 0), n = 0;
	char buf[1000] = { 0 };

	CHECK_EQ(set_opt(r, SOL_SOCKET, SO_RCVBUF, 8192), 0);
	CHECK_EQ(int_opt(r, SOL_SOCKET, SO_RCVBUF), 16384);
	CHECK_EQ(do_connect(s, name_of(r)), 0);
	for (int i = 0; i < 100; i++)
		CHECK_EQ(send(s, buf, sizeof(buf), 0), 1000); /* never blocks, never fails */
	while (recv(r, buf, sizeof(buf), MSG_DONTWAIT) == 1000)
		n++;
	CHECK(n >= 4 && n < 30);
	CHECK_EQ(send(s, buf, 1, 0), 1);
	CHECK_EQ(recv(r, buf, sizeof(buf), 0), 1);
}

static void
many(void)
{
	int r = bound(SOCK_DGRAM, v4(LO, 0)), s = socket(AF_INET, SOCK_DGRAM, 0);
	struct iovec v[4];
	struct mmsghdr m[4];
	char buf[4][8];
	union addr from[4];

	CHECK_EQ(do_connect(s, name_of(r)), 0);
	memset(m, 0, sizeof(m));
	for (int i = 0; i < 4; i++) {
		v[i] = (struct iovec){ "abcdefg", (size_t)i + 1 };
		m[i].msg_hdr.msg_iov = &v[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	CHECK_EQ(sendmmsg(s, m, 4, 0), 4);
	CHECK_EQ(m[3].msg_len, 4);
	for (int i = 0; i < 4; i++) {
		v[i] = (struct iovec){ buf[i], 2 };
		m[i].msg_hdr.msg_name = &from[i];
		m[i].msg_hdr.msg_namelen = sizeof(from[i]);
	}
	CHECK_EQ(recvmmsg(r, m, 4, MSG_WAITFORONE, NULL), 4);
	CHECK_EQ(m[0].msg_len, 1);
	CHECK_EQ(m[2].msg_len, 2);
	CHECK_EQ(m[1].msg_hdr.msg_flags, 0);
	CHECK_EQ(m[2].msg_hdr.msg_flags, MSG_TRUNC);
	CHECK_EQ(from[3].in.sin_port, name_of(s).in.sin_port);
}

static void
shut_down(void)
{
	int r = bound(SOCK_DGRAM, v4(LO, 0)), s = socket(AF_INET, SOCK_DGRAM, 0);
	char c;

	CHECK_ERR(shutdown(socket(AF_INET, SOCK_DGRAM, 0), SHUT_RD), ENOTCONN);
	CHECK_EQ(do_connect(s, name_of(r)), 0);
	CHECK_ERR(shutdown(s, 5), EINVAL);
	CHECK_EQ(shutdown(s, SHUT_WR), 0);
	signal(SIGPIPE, SIG_DFL);
	CHECK_ERR(send(s, "x", 1, 0), EPIPE); /* and no signal */
	CHECK_EQ(shutdown(s, SHUT_RD), 0);
	CHECK_EQ(recv(s, &c, 1, 0), 0);
	CHECK_ERR(recv(s, &c, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(ready(s, 0), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
}

static void
dual_stack(void)
{
	int six, four = bound(SOCK_DGRAM, v4(LO, 0)), only;
	union addr from, to;
	socklen_t len = sizeof(from);
	char buf[8];

	if (!have_v6())
		return;
	six = socket(AF_INET6, SOCK_DGRAM, 0);
	CHECK_EQ(set_opt(six, IPPROTO_IPV6, IPV6_V6ONLY, 0), 0);
	CHECK_EQ(do_bind(six, v6("::", 0)), 0);
	CHECK_ERR(set_opt(six, IPPROTO_IPV6, IPV6_V6ONLY, 1), EINVAL);
	to = v4(LO, port_of(six));
	CHECK_EQ(sendto(four, "x", 1, 0, &to.sa, sizeof(to.in)), 1);
	CHECK_EQ(recvfrom(six, buf, 8, 0, &from.sa, &len), 1);
	CHECK_EQ(len, sizeof(from.in6));
	CHECK_EQ(from.in6.sin6_family, AF_INET6);
	CHECK(IN6_IS_ADDR_V4MAPPED(&from.in6.sin6_addr));
	CHECK_EQ(sendto(six, "yz", 2, 0, &from.sa, len), 2);
	CHECK_EQ(recv(four, buf, 8, 0), 2);
	CHECK_ERR(do_bind(socket(AF_INET, SOCK_DGRAM, 0), v4(LO, port_of(six))), EADDRINUSE);
	only = socket(AF_INET6, SOCK_DGRAM, 0);
	CHECK_EQ(set_opt(only, IPPROTO_IPV6, IPV6_V6ONLY, 1), 0);
	CHECK_EQ(int_opt(only, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	CHECK_EQ(do_bind(only, v6("::", port_of(four))), 0);
	to = v6("::1", port_of(only));
	CHECK_EQ(sendto(six, "abc", 3, 0, &to.sa, sizeof(to.in6)), 3);
	len = sizeof(from);
	CHECK_EQ(recvfrom(only, buf, 8, 0, &from.sa, &len), 3);
	CHECK(IN6_IS_ADDR_LOOPBACK(&from.in6.sin6_addr));
	CHECK_EQ(from.in6.sin6_port, name_of(six).in6.sin6_port);
	to = v6("::ffff:127.0.0.1", port_of(four));
	CHECK_ERR(sendto(only, "x", 1, 0, &to.sa, sizeof(to.in6)), ENETUNREACH);
	CHECK_ERR(do_bind(socket(AF_INET6, SOCK_DGRAM, 0), v6("2001:db8::1", 0)), EADDRNOTAVAIL);
	CHECK_EQ(do_connect(six, v6("::1", port_of(only))), 0);
	from = name_of(six);
	CHECK(IN6_IS_ADDR_LOOPBACK(&from.in6.sin6_addr));
}

/* What came along, by level and type; NULL: it did not. */
static void *
find_cmsg(struct msghdr *m, int level, int type)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == level && c->cmsg_type == type)
			return CMSG_DATA(c);
	return NULL;
}

static void
ancillary(void)
{
	int r = bound(SOCK_DGRAM, v4(INADDR_ANY, 0)), s = socket(AF_INET, SOCK_DGRAM, 0);
	union addr to = v4(0x7f000005, port_of(r));
	_Alignas(8) char control[256];
	char buf[8];
	struct iovec v = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct in_pktinfo *info;

	CHECK_EQ(set_opt(r, IPPROTO_IP, IP_PKTINFO, 1), 0);
	CHECK_EQ(set_opt(r, IPPROTO_IP, IP_RECVTTL, 1), 0);
	CHECK_EQ(set_opt(r, IPPROTO_IP, IP_RECVTOS, 1), 0);
	CHECK_EQ(set_opt(r, SOL_SOCKET, SO_TIMESTAMP, 1), 0);
	CHECK_EQ(set_opt(s, IPPROTO_IP, IP_TTL, 17), 0);
	CHECK_EQ(set_opt(s, IPPROTO_IP, IP_TOS, 0x10), 0);
	CHECK_EQ(sendto(s, "x", 1, 0, &to.sa, sizeof(to.in)), 1);
	CHECK_EQ(recvmsg(r, &m, 0), 1);
	CHECK_EQ(m.msg_flags, 0);
	info = find_cmsg(&m, IPPROTO_IP, IP_PKTINFO);
	CHECK(info != NULL);
	CHECK_EQ(info->ipi_ifindex, 1);
	CHECK_EQ(info->ipi_addr.s_addr, htonl(0x7f000005));
	CHECK_EQ(*(int *)find_cmsg(&m, IPPROTO_IP, IP_TTL), 17);
	CHECK_EQ(*(unsigned char *)find_cmsg(&m, IPPROTO_IP, IP_TOS), 0x10);
	CHECK(find_cmsg(&m, SOL_SOCKET, SO_TIMESTAMP) != NULL);
	CHECK_ERR(set_opt(s, IPPROTO_IP, IP_TTL, 256), EINVAL);
}

static void
interrupted(void)
{
	int r = bound(SOCK_DGRAM, v4(LO, 0)), s = socket(AF_INET, SOCK_DGRAM, 0), ep = epoll_create1(0);
	struct timeval tv = { 0, 20000 };
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	pid_t pid;
	char c;

	CHECK_EQ(do_connect(s, name_of(r)), 0);
	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, r, &e), 0);
	pid = guest_fork();
	if (pid == 0)
		_exit(recv(r, &c, 1, 0) == 1 && c == 'k' ? 0 : 1);
	guest_await_sleep(pid);
	CHECK_EQ(send(s, "k", 1, 0), 1);
	CHECK_EXITS(pid, 0);
	CHECK_EQ(send(s, "l", 1, 0), 1);
	CHECK_EQ(epoll_wait(ep, &e, 1, 20000), 1);
	CHECK_EQ(recv(r, &c, 1, 0), 1);
	CHECK_EQ(setsockopt(r, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	CHECK_ERR(recv(r, &c, 1, 0), EAGAIN);
}

static bool
arrives(int s)
{
	char c;

	return recv(s, &c, 1, MSG_DONTWAIT) == 1;
}

/* A group on `lo`. */
static void
groups(void)
{
	struct ip_mreq m = { .imr_multiaddr.s_addr = inet_addr("239.192.7.9"), .imr_interface.s_addr = htonl(LO) };
	struct ip_mreqn n = { .imr_multiaddr = m.imr_multiaddr, .imr_ifindex = 1 };
	int from = socket(AF_INET, SOCK_DGRAM, 0), stream = socket(AF_INET, SOCK_STREAM, 0), r[3];
	union addr to = { 0 };

	for (int i = 0; i < 3; i++) {
		r[i] = socket(AF_INET, SOCK_DGRAM, 0);
		CHECK_EQ(set_opt(r[i], SOL_SOCKET, SO_REUSEADDR, 1), 0);
		CHECK_EQ(do_bind(r[i], v4(INADDR_ANY, i ? port_of(r[0]) : 0)), 0);
	}
	CHECK_ERR(setsockopt(r[0], IPPROTO_IP, IP_DROP_MEMBERSHIP, &m, sizeof(m)), EADDRNOTAVAIL);
	CHECK_EQ(setsockopt(r[0], IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)), 0);
	CHECK_ERR(setsockopt(r[0], IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)), EADDRINUSE);
	CHECK_EQ(setsockopt(r[1], IPPROTO_IP, IP_ADD_MEMBERSHIP, &n, sizeof(n)), 0);
	CHECK_ERR(setsockopt(stream, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)), EPROTO);
	m.imr_multiaddr.s_addr = htonl(LO);
	CHECK_ERR(setsockopt(r[0], IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)), EINVAL);
	m.imr_multiaddr = n.imr_multiaddr;
	CHECK_EQ(set_opt(r[2], IPPROTO_IP, IP_MULTICAST_ALL, 0), 0);

	to = v4(ntohl(m.imr_multiaddr.s_addr), port_of(r[0]));
	CHECK_EQ(setsockopt(from, IPPROTO_IP, IP_MULTICAST_IF, &m.imr_interface, sizeof(m.imr_interface)), 0);
	for (int loop = 1; loop >= 0; loop--) { /* over `lo` it makes no difference */
		CHECK_EQ(set_opt(from, IPPROTO_IP, IP_MULTICAST_LOOP, loop), 0);
		CHECK_EQ(sendto(from, "x", 1, 0, &to.sa, sizeof(to.in)), 1);
		await(r[0], POLLIN);
		await(r[1], POLLIN);
		CHECK(arrives(r[0]) && arrives(r[1]) && !arrives(r[0]) && !arrives(r[1]) && !arrives(r[2]));
	}
	/* Who is not in the group, but shares the port with who is. */
	CHECK_EQ(set_opt(r[2], IPPROTO_IP, IP_MULTICAST_ALL, 1), 0);
	CHECK_EQ(setsockopt(r[0], IPPROTO_IP, IP_DROP_MEMBERSHIP, &m, sizeof(m)), 0);
	CHECK_EQ(set_opt(r[0], IPPROTO_IP, IP_MULTICAST_ALL, 0), 0);
	CHECK_EQ(do_connect(from, to), 0);
	CHECK(same(name_of(from), v4(LO, port_of(from))));
	CHECK_EQ(send(from, "x", 1, 0), 1);
	await(r[2], POLLIN);
	await(r[1], POLLIN);
	CHECK(!arrives(r[0]) && arrives(r[1]) && arrives(r[2]));
	/* Nobody is in it: closing leaves, too. */
	close(r[1]);
	CHECK_EQ(send(from, "x", 1, 0), 1);
	CHECK_EQ(send(from, "x", 1, 0), 1);
	CHECK(!arrives(r[2]));
	for (uint32_t i = 0; i < 10; i++) {
		m.imr_multiaddr.s_addr = htonl(0xefc00800u + i);
		CHECK_EQ(setsockopt(r[0], IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)), 0);
	}
	close(from);
	close(stream);
	close(r[0]);
	close(r[2]);
}

static void
groups6(void)
{
	struct ipv6_mreq m = { .ipv6mr_interface = 1 };
	int s, stream;

	if (!have_v6())
		return;
	s = socket(AF_INET6, SOCK_DGRAM, 0);
	stream = socket(AF_INET6, SOCK_STREAM, 0);
	CHECK_EQ(inet_pton(AF_INET6, "ff02::1234", &m.ipv6mr_multiaddr), 1);
	CHECK_ERR(setsockopt(s, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &m, sizeof(m)), EADDRNOTAVAIL);
	CHECK_EQ(setsockopt(s, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m, sizeof(m)), 0);
	CHECK_ERR(setsockopt(s, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m, sizeof(m)), EADDRINUSE);
	CHECK_EQ(setsockopt(s, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &m, sizeof(m)), 0);
	CHECK_ERR(setsockopt(stream, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m, sizeof(m)), EPROTO);
	m.ipv6mr_multiaddr = in6addr_loopback;
	CHECK_ERR(setsockopt(s, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m, sizeof(m)), EINVAL);
	close(s);
	close(stream);
}

static const struct guest_case cases[] = {
	T(names), T(bad_addresses), T(to_and_fro), T(sizes), T(connected), T(refused), T(conflicts), T(queue_limit), T(many),
	T(shut_down), T(dual_stack), T(ancillary), T(interrupted),
	T(groups), T(groups6),
};

int
main(int argc, char **argv)
{
	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
