/* SPDX-License-Identifier: MIT
 *
 * What the guest programs about sockets over the loopback interface share. Ports are the kernel's choice; IPv6 may be absent.
 */
#ifndef GUEST_INET_H
#define GUEST_INET_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "guest.h"

union addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage ss;
};

__attribute__((unused)) static union addr
v4(uint32_t ip, int port)
{
	union addr a = { .in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(ip) } };

	return a;
}

__attribute__((unused)) static union addr
v6(const char *ip, int port)
{
	union addr a = { .in6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) } };

	CHECK_EQ(inet_pton(AF_INET6, ip, &a.in6.sin6_addr), 1);
	return a;
}

static socklen_t
addr_len(const union addr *a)
{
	return a->sa.sa_family == AF_INET6 ? sizeof(a->in6) : sizeof(a->in);
}

__attribute__((unused)) static int
do_bind(int s, union addr a)
{
	return bind(s, &a.sa, addr_len(&a));
}

__attribute__((unused)) static int
do_connect(int s, union addr a)
{
	return connect(s, &a.sa, addr_len(&a));
}

__attribute__((unused)) static union addr
name_of(int s)
{
	union addr a;
	socklen_t len = sizeof(a);

	memset(&a, 0, sizeof(a));
	CHECK_EQ(getsockname(s, &a.sa, &len), 0);
	CHECK_EQ(len, addr_len(&a));
	return a;
}

__attribute__((unused)) static union addr
peer_of(int s)
{
	union addr a;
	socklen_t len = sizeof(a);

	memset(&a, 0, sizeof(a));
	CHECK_EQ(getpeername(s, &a.sa, &len), 0);
	return a;
}

static int
port_of(int s)
{
	return ntohs(name_of(s).in.sin_port);
}

__attribute__((unused)) static bool
same(union addr a, union addr b)
{
	return memcmp(&a, &b, addr_len(&a)) == 0;
}

/* A socket bound to a port of the kernel's choice. */
__attribute__((unused)) static int
bound(int type, union addr a)
{
	int s = socket(a.sa.sa_family, type, 0);

	CHECK(s >= 0);
	CHECK_EQ(do_bind(s, a), 0);
	CHECK(port_of(s) != 0);
	return s;
}

__attribute__((unused)) static bool
have_v6(void)
{
	union addr a = { .in6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT } };
	int s = socket(AF_INET6, SOCK_DGRAM, 0);
	bool ok = s >= 0 && bind(s, &a.sa, sizeof(a.in6)) == 0;

	if (s >= 0)
		close(s);
	return ok;
}

__attribute__((unused)) static int
int_opt(int s, int level, int name)
{
	int v = -12345;
	socklen_t len = sizeof(v);

	CHECK_EQ(getsockopt(s, level, name, &v, &len), 0);
	CHECK_EQ(len, sizeof(v));
	return v;
}

__attribute__((unused)) static int
set_opt(int s, int level, int name, int v)
{
	return setsockopt(s, level, name, &v, sizeof(v));
}

/* What poll(2) says of a descriptor, at once or within a time. */
__attribute__((unused)) static int
ready(int s, int ms)
{
	struct pollfd p = { .fd = s, .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP };

	poll(&p, 1, ms);
	return p.revents;
}

/* Wait for one event. */
__attribute__((unused)) static void
await(int s, int events)
{
	struct pollfd p = { .fd = s, .events = (short)events };

	CHECK_EQ(poll(&p, 1, 20000), 1);
	CHECK(p.revents & (events | POLLERR | POLLHUP));
}

#define LO INADDR_LOOPBACK

#endif
