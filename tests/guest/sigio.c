/* SPDX-License-Identifier: MIT
 *
 * Which signals O_ASYNC of sockets gives, and which it does not: data, room to write (once, and only to who found none), the other
 * end's shutdown, close and reset, connections made and refused.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guest.h"

#define BARRIER 4711

static char buf[1 << 20];

static void
block(void)
{
	sigset_t set;

	sigfillset(&set);
	CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
}

static void
set_async(int fd)
{
	CHECK_EQ(fcntl(fd, F_SETOWN, getpid()), 0);
	CHECK_EQ(fcntl(fd, F_SETSIG, SIGRTMIN), 0);
	CHECK_EQ(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC | O_NONBLOCK), 0);
}

static void
next(siginfo_t *si)
{
	struct timespec patience = { .tv_sec = 60 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	CHECK_EQ(sigtimedwait(&set, si, &patience), SIGRTMIN);
}

static void
expect(int fd, int code)
{
	siginfo_t si;

	next(&si);
	CHECK_EQ(si.si_code, code);
	CHECK_EQ(si.si_fd, fd);
}

/* Signals of one number keep their order: none has been sent before this one. */
static void
expect_none(void)
{
	siginfo_t si;

	CHECK_EQ(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = BARRIER }), 0);
	next(&si);
	CHECK_EQ(si.si_code, SI_QUEUE);
	CHECK_EQ(si.si_value.sival_int, BARRIER);
}

static void
fill(int fd)
{
	while (send(fd, buf, 4096, MSG_DONTWAIT) > 0)
		;
	CHECK_EQ(errno, EAGAIN);
}

static void
drain(int fd)
{
	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	CHECK_EQ(errno, EAGAIN);
}

static void
tcp_listen(int *l, struct sockaddr_in *a)
{
	socklen_t len = sizeof(*a);

	*a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	*l = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_EQ(bind(*l, (struct sockaddr *)a, sizeof(*a)), 0);
	CHECK_EQ(listen(*l, 5), 0);
	CHECK_EQ(getsockname(*l, (struct sockaddr *)a, &len), 0);
}

static void
tcp_pair(int *s)
{
	struct sockaddr_in a;
	int l;

	tcp_listen(&l, &a);
	s[0] = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_EQ(connect(s[0], (struct sockaddr *)&a, sizeof(a)), 0);
	s[1] = accept(l, NULL, NULL);
	CHECK(s[1] >= 0);
	close(l);
}

static void
unix_room(int type)
{
	struct pollfd p;
	int s[2];
	char c;

	block();
	CHECK_EQ(socketpair(AF_UNIX, type, 0, s), 0);
	set_async(s[0]);
	expect_none();
	/* Room, but nobody had found none. */
	CHECK_EQ(write(s[0], "x", 1), 1);
	CHECK_EQ(read(s[1], &c, 1), 1);
	expect_none();
	CHECK_EQ(write(s[1], "x", 1), 1);
	expect(s[0], POLL_IN);
	CHECK_EQ(read(s[0], &c, 1), 1);
	expect_none();
	/* A write found none. */
	fill(s[0]);
	expect_none();
	drain(s[1]);
	expect(s[0], POLL_OUT);
	expect_none();
	CHECK_EQ(write(s[0], "x", 1), 1);
	drain(s[1]);
	expect_none();
	/* And poll(), though the write had been told. */
	fill(s[0]);
	p = (struct pollfd){ .fd = s[0], .events = POLLOUT };
	CHECK_EQ(poll(&p, 1, 0), 0);
	CHECK_EQ(recv(s[1], &c, 1, 0), 1);
	expect_none(); /* not enough */
	drain(s[1]);
	expect(s[0], POLL_OUT);
	expect_none();
}

static void
unix_room_stream(void)
{
	unix_room(SOCK_STREAM);
}

static void
unix_room_seqpacket(void)
{
	unix_room(SOCK_SEQPACKET);
}

static void
unix_end(int type)
{
	int s[2];

	block();
	CHECK_EQ(socketpair(AF_UNIX, type, 0, s), 0);
	set_async(s[0]);
	CHECK_EQ(shutdown(s[1], SHUT_WR), 0);
	expect(s[0], POLL_IN);
	CHECK_EQ(shutdown(s[1], SHUT_RD), 0);
	expect_none();
	CHECK_EQ(shutdown(s[1], SHUT_RDWR), 0);
	expect(s[0], POLL_HUP);
	CHECK_EQ(shutdown(s[0], SHUT_WR), 0);
	expect_none();
	close(s[1]);
	expect(s[0], POLL_HUP);
	expect_none();
}

static void
unix_end_stream(void)
{
	unix_end(SOCK_STREAM);
}

static void
unix_end_seqpacket(void)
{
	unix_end(SOCK_SEQPACKET);
}

static void
unix_datagram(void)
{
	int s[2];

	block();
	CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, s), 0);
	set_async(s[0]);
	CHECK_EQ(write(s[1], "x", 1), 1);
	expect(s[0], POLL_IN);
	CHECK_EQ(shutdown(s[1], SHUT_WR), 0);
	close(s[1]);
	expect_none();
}

static void
tcp_shutdown(void)
{
	int s[2];
	char c;

	block();
	tcp_pair(s);
	set_async(s[0]);
	CHECK_EQ(write(s[0], "x", 1), 1);
	CHECK_EQ(read(s[1], &c, 1), 1);
	expect_none();
	CHECK_EQ(shutdown(s[1], SHUT_RD), 0);
	expect_none();
	CHECK_EQ(shutdown(s[1], SHUT_WR), 0);
	expect(s[0], POLL_IN);
	expect(s[0], POLL_IN);
	CHECK_EQ(shutdown(s[1], SHUT_WR), 0);
	close(s[1]);
	expect_none();
	/* It answers with a reset. */
	CHECK_EQ(send(s[0], "x", 1, MSG_NOSIGNAL), 1);
	expect(s[0], POLL_ERR);
	expect_none();
}

/* The second of two FINs. */
static void
tcp_both_ways(void)
{
	int s[2];

	block();
	tcp_pair(s);
	set_async(s[0]);
	CHECK_EQ(shutdown(s[0], SHUT_WR), 0);
	expect_none();
	close(s[1]);
	expect(s[0], POLL_HUP);
	expect(s[0], POLL_IN);
	expect_none();
}

static void
tcp_itself(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(a);
	int s = socket(AF_INET, SOCK_STREAM, 0);

	block();
	CHECK_EQ(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK_EQ(getsockname(s, (struct sockaddr *)&a, &len), 0);
	CHECK_EQ(connect(s, (struct sockaddr *)&a, sizeof(a)), 0);
	set_async(s);
	CHECK_EQ(shutdown(s, SHUT_WR), 0);
	expect(s, POLL_HUP);
	expect(s, POLL_IN);
	expect_none();
}

static void
tcp_reset(void)
{
	struct linger now = { .l_onoff = 1 };
	int s[2];

	block();
	tcp_pair(s);
	set_async(s[0]);
	CHECK_EQ(setsockopt(s[1], SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(s[1]);
	expect(s[0], POLL_ERR);
	expect_none();
}

static void
tcp_connect(void)
{
	struct sockaddr_in a;
	int l, s;

	block();
	tcp_listen(&l, &a);
	set_async(l);
	s = socket(AF_INET, SOCK_STREAM, 0);
	set_async(s);
	expect_none();
	CHECK(connect(s, (struct sockaddr *)&a, sizeof(a)) == 0 || errno == EINPROGRESS);
	expect(s, POLL_OUT);
	expect(l, POLL_IN);
	expect_none();
	close(accept(l, NULL, NULL));
	expect(s, POLL_IN);
	expect(s, POLL_IN);
	expect_none();
}

static void
tcp_refused(void)
{
	struct sockaddr_in a;
	int l, s;

	block();
	tcp_listen(&l, &a);
	s = socket(AF_INET, SOCK_STREAM, 0);
	set_async(s);
	CHECK(connect(s, (struct sockaddr *)&a, sizeof(a)) == 0 || errno == EINPROGRESS);
	expect(s, POLL_OUT);
	close(l); /* with a connection nobody took */
	expect(s, POLL_ERR);
	expect_none();
}

static void
udp(void)
{
	struct sockaddr_in a[2];
	socklen_t len = sizeof(a[0]);
	int s[2];
	char c;

	block();
	for (int i = 0; i < 2; i++) {
		a[i] = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
		s[i] = socket(AF_INET, SOCK_DGRAM, 0);
		CHECK_EQ(bind(s[i], (struct sockaddr *)&a[i], sizeof(a[i])), 0);
		CHECK_EQ(getsockname(s[i], (struct sockaddr *)&a[i], &len), 0);
	}
	CHECK_EQ(connect(s[0], (struct sockaddr *)&a[1], sizeof(a[1])), 0);
	CHECK_EQ(connect(s[1], (struct sockaddr *)&a[0], sizeof(a[0])), 0);
	set_async(s[0]);
	CHECK_EQ(write(s[1], "x", 1), 1);
	expect(s[0], POLL_IN);
	CHECK_EQ(write(s[0], "x", 1), 1);
	CHECK_EQ(read(s[1], &c, 1), 1);
	expect_none();
	close(s[1]);
	expect_none();
	CHECK_EQ(write(s[0], "x", 1), 1);
	expect(s[0], POLL_ERR);
	expect_none();
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(unix_room_stream), T(unix_room_seqpacket), T(unix_end_stream), T(unix_end_seqpacket), T(unix_datagram),
		T(tcp_shutdown), T(tcp_both_ways), T(tcp_itself), T(tcp_reset), T(tcp_connect), T(tcp_refused), T(udp),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
