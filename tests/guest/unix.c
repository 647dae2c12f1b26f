/* SPDX-License-Identifier: MIT
 *
 * Unix sockets: streams, packets, datagrams, names, ancillary data, options, readiness.
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/guest/guest.h"

/* A name in a directory of the case's own. */
static struct sockaddr_un
path_addr(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	guest_tmpdir();
	strcpy(a.sun_path, name);
	return a;
}

static void
pair(int type, int sv[2])
{
	CHECK_EQ(socketpair(AF_UNIX, type, 0, sv), 0);
}

static int
poll_of(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents;
}

static void
creation(void)
{
	int sv[2], fd;

	CHECK_ERR(socket(AF_UNIX, SOCK_STREAM, 7), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_UNIX, SOCK_RDM, 0), ESOCKTNOSUPPORT);
	CHECK_ERR(socket(AF_UNIX, 11, 0), EINVAL);
	CHECK_ERR(socket(200, SOCK_STREAM, 0), EAFNOSUPPORT);
	CHECK_ERR(socket(AF_UNIX, SOCK_STREAM | 0x100000, 0), EINVAL);
	CHECK_ERR(socketpair(AF_UNIX, SOCK_STREAM, 0, guest_bad_address()), EFAULT);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	CHECK(fd >= 0);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
	CHECK_EQ(poll_of(fd, POLLIN | POLLOUT), POLLOUT | POLLHUP);
	CHECK_ERR(lseek(fd, 0, SEEK_SET), ESPIPE);
	CHECK_ERR(listen(fd, 1), EINVAL);
	CHECK_ERR(recv(fd, sv, 1, 0), EINVAL);
	CHECK_ERR(send(fd, "x", 1, MSG_NOSIGNAL), ENOTCONN);
	CHECK_ERR(accept(fd, NULL, NULL), EINVAL);
	CHECK_ERR(recv(0 + 55, sv, 1, 0), EBADF);
	CHECK_ERR(shutdown(fd, 9), EINVAL);
	pair(SOCK_STREAM, sv);
	CHECK_ERR(accept(sv[0], NULL, NULL), EINVAL);
	close(sv[0]);
	CHECK_EQ(poll_of(sv[1], POLLIN | POLLOUT | POLLRDHUP), POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
}

static void
stream(void)
{
	char buf[64];
	int sv[2], n;

	pair(SOCK_STREAM, sv);
	CHECK_EQ(poll_of(sv[0], POLLIN | POLLOUT), POLLOUT);
	CHECK_EQ(write(sv[0], "abc", 3), 3);
	CHECK_EQ(send(sv[0], "defgh", 5, 0), 5);
	CHECK_EQ(ioctl(sv[1], FIONREAD, &n), 0);
	CHECK_EQ(n, 8);
	CHECK_EQ(recv(sv[1], buf, 4, MSG_PEEK), 4);
	CHECK_EQ(read(sv[1], buf, sizeof(buf)), 8);
	CHECK(memcmp(buf, "abcdefgh", 8) == 0);
	CHECK_ERR(recv(sv[1], buf, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_ERR(sendto(sv[0], "x", 1, 0, (struct sockaddr *)&(struct sockaddr_un){ .sun_family = AF_UNIX }, 3), EISCONN);
	CHECK_EQ(shutdown(sv[0], SHUT_WR), 0);
	CHECK_EQ(poll_of(sv[1], POLLIN | POLLRDHUP), POLLIN | POLLRDHUP);
	CHECK_EQ(read(sv[1], buf, 1), 0);
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(write(sv[0], "x", 1), EPIPE);
	CHECK_EQ(write(sv[1], "back", 4), 4);
	CHECK_EQ(read(sv[0], buf, 10), 4);
	close(sv[1]);
	CHECK_EQ(poll_of(sv[0], POLLIN), POLLIN | POLLHUP);
}

/* To receive no bytes is to wait for some all the same, but not with read(2). */
static void
stream_of_nothing(void)
{
	struct msghdr none = { 0 };
	int s[2];
	char c;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	CHECK_ERR(recv(s[0], &c, 0, MSG_DONTWAIT), EAGAIN);
	CHECK_ERR(recvmsg(s[0], &none, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(fcntl(s[0], F_SETFL, O_NONBLOCK), 0);
	CHECK_EQ(read(s[0], &c, 0), 0);
	CHECK_EQ(send(s[1], "x", 1, 0), 1);
	CHECK_EQ(recv(s[0], &c, 0, 0), 0);
	CHECK_EQ(recv(s[0], &c, 1, 0), 1);
	close(s[1]);
	CHECK_EQ(recv(s[0], &c, 0, 0), 0);
	close(s[0]);
}

static void
stream_reset(void)
{
	int sv[2], err;
	socklen_t len = sizeof(err);
	char c;

	pair(SOCK_STREAM, sv);
	CHECK_EQ(write(sv[0], "unread", 6), 6);
	close(sv[1]);
	CHECK_EQ(poll_of(sv[0], POLLIN), POLLIN | POLLHUP | POLLERR);
	CHECK_ERR(read(sv[0], &c, 1), ECONNRESET);
	CHECK_EQ(read(sv[0], &c, 1), 0);
	CHECK_EQ(getsockopt(sv[0], SOL_SOCKET, SO_ERROR, &err, &len), 0);
	CHECK_EQ(err, 0);
}

static void
stream_waitall_and_timeouts(void)
{
	struct timeval tv = { 0, 30000 };
	char buf[64];
	long start;
	pid_t pid;
	int sv[2];

	pair(SOCK_STREAM, sv);
	pid = guest_fork();
	if (pid == 0) {
		for (int i = 0; i < 10; i++) {
			guest_sleep_ms(5);
			if (write(sv[0], &"0123456789"[i], 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	CHECK_EQ(recv(sv[1], buf, 10, MSG_WAITALL), 10);
	CHECK(memcmp(buf, "0123456789", 10) == 0);
	CHECK_EXITS(pid, 0);
	CHECK_EQ(setsockopt(sv[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	start = guest_ms();
	CHECK_ERR(recv(sv[1], buf, 1, 0), EAGAIN);
	CHECK(guest_ms() - start >= 29);
}

static void
stream_buffer(void)
{
	static char big[65536];
	long total = 0, got = 0, n;
	int sv[2];

	pair(SOCK_STREAM | SOCK_NONBLOCK, sv);
	while ((n = write(sv[0], big, sizeof(big))) > 0)
		total += n;
	CHECK(n == -1 && errno == EAGAIN && total > 65536);
	CHECK_EQ(poll_of(sv[0], POLLOUT), 0);
	while ((n = read(sv[1], big, 4096)) > 0)
		got += n;
	CHECK_EQ(got, total);
	CHECK_EQ(poll_of(sv[0], POLLOUT), POLLOUT);
}

static void
connections(int type)
{
	struct sockaddr_un a = path_addr("s"), got;
	socklen_t len;
	struct stat st;
	int l, c, s, x;
	char buf[8];

	l = socket(AF_UNIX, type, 0);
	c = socket(AF_UNIX, type, 0);
	CHECK_ERR(connect(c, (struct sockaddr *)&a, sizeof(a)), ENOENT);
	CHECK_EQ(bind(l, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK_EQ(stat(a.sun_path, &st), 0);
	CHECK(S_ISSOCK(st.st_mode));
	CHECK_ERR(open(a.sun_path, O_RDWR), ENXIO);
	CHECK_ERR(bind(l, (struct sockaddr *)&a, sizeof(a)), EADDRINUSE);
	got = a;
	strcat(got.sun_path, "2");
	CHECK_ERR(bind(l, (struct sockaddr *)&got, sizeof(got)), EINVAL);
	CHECK_ERR(stat(got.sun_path, &st), ENOENT);
	CHECK_ERR(bind(c, (struct sockaddr *)&a, sizeof(a)), EADDRINUSE);
	CHECK_ERR(connect(c, (struct sockaddr *)&a, sizeof(a)), ECONNREFUSED);
	CHECK_EQ(listen(l, 0), 0);
	CHECK_EQ(connect(c, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK_EQ(poll_of(l, POLLIN | POLLOUT), POLLIN);
	x = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);
	CHECK_ERR(connect(x, (struct sockaddr *)&a, sizeof(a)), EAGAIN);
	CHECK_EQ(write(c, "early", 5), 5);
	len = sizeof(got);
	memset(&got, 7, sizeof(got));
	s = accept4(l, (struct sockaddr *)&got, &len, SOCK_CLOEXEC);
	CHECK(s >= 0);
	CHECK_ERR(connect(c, (struct sockaddr *)&a, sizeof(a)), EISCONN);
	CHECK_EQ(len, 2);
	CHECK_EQ(got.sun_family, AF_UNIX);
	CHECK_EQ(read(s, buf, 8), 5);
	len = sizeof(got);
	CHECK_EQ(getsockname(s, (struct sockaddr *)&got, &len), 0);
	CHECK_STR(got.sun_path, a.sun_path);
	CHECK_EQ(len, 2 + strlen(a.sun_path) + 1);
	len = sizeof(got);
	CHECK_EQ(getpeername(c, (struct sockaddr *)&got, &len), 0);
	CHECK_STR(got.sun_path, a.sun_path);
	CHECK_EQ(connect(x, (struct sockaddr *)&a, sizeof(a)), 0);
	close(l);
	CHECK_ERR(read(x, buf, 1), ECONNRESET);
	close(s);
	close(x);
	x = socket(AF_UNIX, type, 0);
	CHECK_ERR(connect(x, (struct sockaddr *)&a, sizeof(a)), ECONNREFUSED);
}

static void
stream_connections(void)
{
	connections(SOCK_STREAM);
}

static void
seqpacket_connections(void)
{
	connections(SOCK_SEQPACKET);
}

static void
connect_waits_for_the_backlog(void)
{
	struct sockaddr_un a = path_addr("b");
	int l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0), d = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t pid;

	CHECK_EQ(bind(l, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK_EQ(listen(l, 0), 0);
	CHECK_EQ(connect(c, (struct sockaddr *)&a, sizeof(a)), 0);
	pid = guest_fork();
	if (pid == 0) {
		guest_sleep_ms(40);
		_exit(accept(l, NULL, NULL) < 0);
	}
	CHECK_EQ(connect(d, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK_EXITS(pid, 0);
}

static void
packets(void)
{
	char buf[16];
	struct iovec iov = { buf, 3 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	int sv[2];

	pair(SOCK_SEQPACKET, sv);
	CHECK_EQ(write(sv[0], "first", 5), 5);
	CHECK_EQ(write(sv[0], "second", 6), 6);
	CHECK_EQ(recv(sv[1], buf, 16, MSG_PEEK), 5);
	CHECK_EQ(recvmsg(sv[1], &m, 0), 3);
	CHECK_EQ(m.msg_flags & MSG_TRUNC, MSG_TRUNC);
	CHECK_EQ(recv(sv[1], buf, 2, MSG_TRUNC), 6);
	CHECK_ERR(recv(sv[1], buf, 2, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(send(sv[0], buf, 0, 0), 0);
	CHECK_EQ(recv(sv[1], buf, 1, 0), 0);
	close(sv[0]);
	CHECK_EQ(read(sv[1], buf, 1), 0);
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(write(sv[1], buf, 1), EPIPE);
}

static void
datagrams(void)
{
	struct sockaddr_un a = path_addr("d"), from;
	int r = socket(AF_UNIX, SOCK_DGRAM, 0), s = socket(AF_UNIX, SOCK_DGRAM, 0);
	sa_family_t family = AF_UNIX;
	socklen_t len = sizeof(from);
	char buf[16];

	CHECK_EQ(bind(r, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK_ERR(send(s, "x", 1, 0), ENOTCONN);
	CHECK_EQ(sendto(s, "one", 3, 0, (struct sockaddr *)&a, sizeof(a)), 3);
	CHECK_EQ(recvfrom(r, buf, 16, 0, (struct sockaddr *)&from, &len), 3);
	CHECK_EQ(len, 0);
	CHECK_EQ(bind(s, (struct sockaddr *)&family, sizeof(family)), 0);
	CHECK_EQ(connect(s, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK_EQ(send(s, "two", 3, 0), 3);
	len = sizeof(from);
	CHECK_EQ(recvfrom(r, buf, 16, 0, (struct sockaddr *)&from, &len), 3);
	CHECK_EQ(len, 8);
	CHECK_EQ(from.sun_path[0], 0);
	CHECK_EQ(sendto(r, "reply", 5, 0, (struct sockaddr *)&from, len), 5);
	CHECK_EQ(recv(s, buf, 16, 0), 5);
	family = AF_UNSPEC;
	CHECK_EQ(connect(s, (struct sockaddr *)&family, sizeof(family)), 0);
	CHECK_ERR(send(s, "x", 1, 0), ENOTCONN);
	CHECK_EQ(connect(s, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK_ERR(send(s, guest_bad_address(), 1, 0), EFAULT);
	CHECK_ERR(listen(s, 1), EOPNOTSUPP);
	close(r);
	CHECK_ERR(send(s, "x", 1, 0), ECONNREFUSED);
	CHECK_ERR(send(s, "x", 1, 0), ENOTCONN);
}

static void
datagram_queue_is_short(void)
{
	struct sockaddr_un a = path_addr("q");
	int r = socket(AF_UNIX, SOCK_DGRAM, 0), s = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), ep = epoll_create1(0);
	struct epoll_event ev = { .events = EPOLLOUT };
	char buf[16];
	pid_t pid;

	CHECK_EQ(bind(r, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK_EQ(connect(s, (struct sockaddr *)&a, sizeof(a)), 0);
	while (send(s, "m", 1, 0) == 1)
		;
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(poll_of(s, POLLOUT), 0);
	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, s, &ev), 0);
	CHECK_EQ(epoll_wait(ep, &ev, 1, 0), 0);
	pid = guest_fork();
	if (pid == 0) {
		guest_sleep_ms(30);
		_exit(recv(r, buf, 16, 0) != 1);
	}
	CHECK_EQ(epoll_wait(ep, &ev, 1, 5000), 1);
	CHECK_EXITS(pid, 0);
}

static void
abstract_names(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int l = socket(AF_UNIX, SOCK_STREAM, 0), m = socket(AF_UNIX, SOCK_STREAM, 0), d = socket(AF_UNIX, SOCK_DGRAM, 0);
	int n = snprintf(a.sun_path + 1, 50, "guest-unix-%d", getpid());
	socklen_t len = (socklen_t)(2 + 1 + n);

	CHECK_EQ(bind(l, (struct sockaddr *)&a, len), 0);
	CHECK_ERR(bind(m, (struct sockaddr *)&a, len), EADDRINUSE);
	CHECK_EQ(bind(d, (struct sockaddr *)&a, len), 0); /* names are of a type */
	CHECK_ERR(connect(m, (struct sockaddr *)&a, len + 1), ECONNREFUSED);
	CHECK_EQ(listen(l, 1), 0);
	CHECK_EQ(connect(m, (struct sockaddr *)&a, len), 0);
	CHECK_ERR(bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, 200), EINVAL);
	a.sun_family = AF_INET;
	CHECK_ERR(bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, len), EINVAL);
	close(l);
	a.sun_family = AF_UNIX;
	CHECK_EQ(bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, len), 0);
}

/* Send one byte with descriptors. */
static long
send_fds(int sock, const int *fds, int n)
{
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(300 * sizeof(int))];
	} u = { .h = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct iovec iov = { "x", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = CMSG_SPACE((size_t)n * sizeof(int)) };

	u.h.cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
	memcpy(CMSG_DATA(&u.h), fds, (size_t)n * sizeof(int));
	return sendmsg(sock, &m, 0);
}

static int
recv_fds(int sock, int *fds, int max, int *flags)
{
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(300 * sizeof(int))];
	} u;
	char buf[8];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = CMSG_LEN((size_t)max * sizeof(int)) };
	int n;

	CHECK(recvmsg(sock, &m, *flags) >= 1);
	*flags = m.msg_flags;
	if (m.msg_controllen < sizeof(struct cmsghdr))
		return 0;
	CHECK_EQ(u.h.cmsg_type, SCM_RIGHTS);
	n = (int)((u.h.cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(fds, CMSG_DATA(&u.h), (size_t)n * sizeof(int));
	return n;
}

static void
files(void)
{
	int sv[2], p[2], fds[300], flags = 0, many[254];
	char buf[8];

	pair(SOCK_STREAM, sv);
	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(send_fds(sv[0], (int[]){ p[0], p[0] }, 2), 1);
	CHECK_EQ(write(sv[0], "more", 4), 4);
	close(p[0]);
	CHECK_EQ(recv_fds(sv[1], fds, 2, &flags), 2);
	CHECK_EQ(flags, 0);
	CHECK_EQ(fcntl(fds[0], F_GETFD), 0);
	CHECK_EQ(write(p[1], "via", 3), 3);
	CHECK_EQ(read(fds[1], buf, 8), 3);
	/* Bytes behind the files are a read of their own. */
	CHECK_EQ(read(sv[1], buf, 8), 4);
	/* Room for one only. */
	CHECK_EQ(send_fds(sv[0], fds, 2), 1);
	flags = MSG_CMSG_CLOEXEC;
	CHECK_EQ(recv_fds(sv[1], fds + 2, 1, &flags), 1);
	CHECK_EQ(flags, MSG_CTRUNC | MSG_CMSG_CLOEXEC);
	CHECK_EQ(fcntl(fds[2], F_GETFD), FD_CLOEXEC);
	CHECK_ERR(send_fds(sv[0], (int[]){ 99 }, 1), EBADF);
	for (int i = 0; i < 254; i++)
		many[i] = p[1];
	CHECK_ERR(send_fds(sv[0], many, 254), EINVAL);
	CHECK_EQ(send_fds(sv[0], many, 253), 1);
	/* Files that nobody takes are closed with the socket. */
	CHECK_EQ(send_fds(sv[0], p + 1, 1), 1);
	close(p[1]);
	CHECK_EQ(poll_of(fds[0], POLLIN), 0);
	close(sv[0]);
	close(sv[1]);
	CHECK_EQ(poll_of(fds[0], POLLIN), POLLHUP);
}

static void
a_chain_of_sockets_in_flight(void)
{
	int prev[2], sv[2], p[2], n = geteuid() == 0 ? 2000 : 200; /* users have a limit */

	/* Each pair is in the queue of the next: closing the last closes them all. */
	CHECK_EQ(pipe(p), 0);
	pair(SOCK_DGRAM, prev);
	CHECK_EQ(send_fds(prev[0], p + 1, 1), 1);
	close(p[1]);
	for (int i = 0; i < n; i++) {
		pair(SOCK_DGRAM, sv);
		CHECK_EQ(send_fds(sv[0], prev, 2), 1);
		close(prev[0]);
		close(prev[1]);
		prev[0] = sv[0];
		prev[1] = sv[1];
	}
	CHECK_EQ(poll_of(p[0], POLLIN), 0);
	close(prev[0]);
	close(prev[1]);
	for (int i = 0; i < 500 && poll_of(p[0], POLLIN) == 0; i++)
		guest_sleep_ms(10);
	CHECK_EQ(poll_of(p[0], POLLIN), POLLHUP);
}

/* A user may have as many on their way as a process may have open, and then one message more. */
static void
files_in_flight_are_limited(void)
{
	struct rlimit r = { 64, 64 };
	int sv[2], p[2], n = 0, other;
	char buf[1];

	pair(SOCK_STREAM, sv);
	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(send_fds(sv[0], p, 2), 1); /* root's */
	if (geteuid() != 0 || setresuid(54321, 54321, 54321) != 0)
		return; /* others of this user may have some */
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &r), 0);
	while (n < 100 && send_fds(sv[0], p, 2) == 1)
		n++;
	CHECK_EQ(n, 33);
	CHECK_ERR(send_fds(sv[0], p, 1), ETOOMANYREFS);
	CHECK_EQ(send(sv[0], "x", 1, 0), 1);
	/* A look changes nothing; what is taken, or thrown away, counts no more. */
	CHECK_EQ(recv(sv[1], buf, 1, MSG_PEEK), 1);
	CHECK_ERR(send_fds(sv[0], p, 1), ETOOMANYREFS);
	for (int i = 0; i < 2; i++)
		CHECK_EQ(recv(sv[1], buf, 1, 0), 1);
	CHECK_EQ(send_fds(sv[0], p, 2), 1);
	CHECK_ERR(send_fds(sv[0], p, 2), ETOOMANYREFS);
	close(sv[0]);
	close(sv[1]);
	pair(SOCK_DGRAM, sv);
	for (other = 0; other < 100 && send_fds(sv[0], p, 2) == 1; other++)
		;
	CHECK_EQ(other, n);
	CHECK_EQ(errno, ETOOMANYREFS);
}

static void
credentials(void)
{
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(sizeof(struct ucred))];
	} u;
	char buf[8];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof(u) };
	struct ucred cr;
	socklen_t len = sizeof(cr);
	int sv[2], on = 1, v;

	pair(SOCK_STREAM, sv);
	CHECK_EQ(getsockopt(sv[0], SOL_SOCKET, SO_PEERCRED, &cr, &len), 0);
	CHECK(cr.pid == getpid() && cr.uid == geteuid() && cr.gid == getegid());
	CHECK_EQ(setsockopt(sv[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
	len = sizeof(v);
	CHECK_EQ(getsockopt(sv[1], SOL_SOCKET, SO_PASSCRED, &v, &len), 0);
	CHECK_EQ(v, 1);
	CHECK_EQ(write(sv[0], "x", 1), 1);
	CHECK_EQ(recvmsg(sv[1], &m, 0), 1);
	CHECK_EQ(u.h.cmsg_type, SCM_CREDENTIALS);
	memcpy(&cr, CMSG_DATA(&u.h), sizeof(cr));
	CHECK(cr.pid == getpid() && cr.uid == getuid() && cr.gid == getgid());
	cr.pid = 1;
	memcpy(CMSG_DATA(&u.h), &cr, sizeof(cr));
	m.msg_controllen = sizeof(u);
	if (geteuid() != 0)
		CHECK_ERR(sendmsg(sv[0], &m, 0), EPERM);
	CHECK_EQ(getsockopt(sv[0], SOL_SOCKET, SO_TYPE, &v, &len), 0);
	CHECK_EQ(v, SOCK_STREAM);
	CHECK_EQ(getsockopt(sv[0], SOL_SOCKET, SO_DOMAIN, &v, &len), 0);
	CHECK_EQ(v, AF_UNIX);
	CHECK_EQ(getsockopt(sv[0], SOL_SOCKET, SO_ACCEPTCONN, &v, &len), 0);
	CHECK_EQ(v, 0);
	v = 10000;
	CHECK_EQ(setsockopt(sv[0], SOL_SOCKET, SO_SNDBUF, &v, sizeof(v)), 0);
	CHECK_EQ(getsockopt(sv[0], SOL_SOCKET, SO_SNDBUF, &v, &len), 0);
	CHECK_EQ(v, 20000);
	CHECK_ERR(getsockopt(sv[0], SOL_SOCKET, 9999, &v, &len), ENOPROTOOPT);
	CHECK_ERR(setsockopt(sv[0], SOL_SOCKET, SO_SNDBUF, &v, 2), EINVAL);
	CHECK_ERR(getsockopt(sv[0], SOL_SOCKET, SO_TYPE, &v, guest_bad_address()), EFAULT);
}

static void
many_messages(void)
{
	struct mmsghdr mm[4];
	struct iovec iov[4];
	char buf[4][8] = { "a", "bb", "ccc", "dddd" };
	int sv[2];

	pair(SOCK_DGRAM, sv);
	memset(mm, 0, sizeof(mm));
	for (int i = 0; i < 4; i++) {
		iov[i] = (struct iovec){ buf[i], (size_t)i + 1 };
		mm[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	CHECK_EQ(sendmmsg(sv[0], mm, 4, 0), 4);
	CHECK_EQ(mm[3].msg_len, 4);
	for (int i = 0; i < 4; i++)
		iov[i].iov_len = 8;
	CHECK_EQ(recvmmsg(sv[1], mm, 2, 0, NULL), 2);
	CHECK_EQ(recvmmsg(sv[1], mm + 2, 2, MSG_WAITFORONE, NULL), 2);
	CHECK_EQ(mm[2].msg_len, 3);
	CHECK_ERR(recvmmsg(sv[1], mm, 2, MSG_DONTWAIT, NULL), EAGAIN);
}

static void
set_peek_offset(int fd, int off)
{
	CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof(off)), 0);
}

/* What a receive gives, and where MSG_PEEK goes on. */
static void
receives(int fd, int flags, const char *text, int off)
{
	socklen_t len = sizeof(int);
	char buf[100];
	int now;

	if (text) {
		CHECK_EQ(recv(fd, buf, sizeof(buf), flags | MSG_DONTWAIT), (long)strlen(text));
		CHECK(memcmp(buf, text, strlen(text)) == 0);
	} else {
		CHECK_ERR(recv(fd, buf, sizeof(buf), flags | MSG_DONTWAIT), EAGAIN);
	}
	CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &now, &len), 0);
	CHECK_EQ(now, off);
}

static void
peek_offset_of(int type)
{
	int sv[2];

	pair(type, sv);
	set_peek_offset(sv[1], 0);
	CHECK_EQ(send(sv[0], "aaa", 3, 0), 3);
	CHECK_EQ(send(sv[0], "", 0, 0), 0);
	CHECK_EQ(send(sv[0], "bbbb", 4, 0), 4);
	receives(sv[1], MSG_PEEK, "aaa", 3);
	receives(sv[1], MSG_PEEK, "", 3);
	receives(sv[1], MSG_PEEK, "bbbb", 7);
	receives(sv[1], MSG_PEEK, NULL, 7);
	receives(sv[1], 0, "aaa", 4);
	receives(sv[1], MSG_PEEK, NULL, 4);
	receives(sv[1], 0, "", 4);
	receives(sv[1], 0, "bbbb", 0);
	set_peek_offset(sv[1], 2);
	CHECK_EQ(send(sv[0], "hello", 5, 0), 5);
	CHECK_EQ(send(sv[0], "world", 5, 0), 5);
	receives(sv[1], MSG_PEEK, "llo", 5);
	receives(sv[1], 0, "hello", 0);
	set_peek_offset(sv[1], 9);
	receives(sv[1], MSG_PEEK, NULL, 9);
	receives(sv[1], 0, "world", 4);
	close(sv[0]);
	close(sv[1]);
}

static void
peek_offset_of_messages(void)
{
	peek_offset_of(SOCK_DGRAM);
	peek_offset_of(SOCK_SEQPACKET);
}

/* Who leaves a connection loses what it has not read, of which the other end is told before it gets what it has. */
static void
datagrams_disconnected(void)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	char buf[4];
	int sv[2];

	pair(SOCK_DGRAM, sv);
	CHECK_EQ(send(sv[0], "x", 1, 0), 1);
	CHECK_EQ(send(sv[1], "y", 1, 0), 1);
	CHECK_EQ(connect(sv[1], &none, sizeof(none)), 0);
	CHECK_ERR(recv(sv[1], buf, 4, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(poll_of(sv[0], POLLIN | POLLOUT), POLLIN | POLLOUT | POLLERR);
	CHECK_ERR(recv(sv[0], buf, 4, 0), ECONNRESET);
	CHECK_EQ(recv(sv[0], buf, 4, 0), 1);
	close(sv[0]);
	close(sv[1]);

	/* Found out by sending */
	pair(SOCK_DGRAM, sv);
	CHECK_EQ(send(sv[1], "y", 1, 0), 1);
	close(sv[1]);
	CHECK_ERR(send(sv[0], "z", 1, 0), ECONNREFUSED);
	CHECK_ERR(recv(sv[0], buf, 4, MSG_DONTWAIT), EAGAIN);
	CHECK_ERR(send(sv[0], "z", 1, 0), ENOTCONN);
}

static void
round_trips(void)
{
	char buf[100];
	pid_t pid;
	int sv[2];

	pair(SOCK_STREAM, sv);
	pid = guest_fork();
	if (pid == 0) {
		for (int i = 0; i < 500; i++)
			if (read(sv[1], buf, 100) != 7 || write(sv[1], buf, 7) != 7)
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < 500; i++) {
		CHECK_EQ(write(sv[0], "message", 7), 7);
		CHECK_EQ(read(sv[0], buf, 100), 7);
	}
	CHECK_EXITS(pid, 0);
}

static void
owners(void)
{
	int sv[2], who = 99;

	pair(SOCK_STREAM, sv);
	CHECK_EQ(ioctl(sv[0], SIOCGPGRP, &who), 0);
	CHECK_EQ(who, 0);
	who = getpid();
	CHECK_EQ(ioctl(sv[0], SIOCSPGRP, &who), 0);
	CHECK_EQ(fcntl(sv[0], F_GETOWN), getpid());
	CHECK_EQ(setpgid(0, 0), 0);
	who = -getpid();
	CHECK_EQ(ioctl(sv[0], FIOSETOWN, &who), 0);
	who = 0;
	CHECK_EQ(ioctl(sv[0], FIOGETOWN, &who), 0);
	CHECK_EQ(who, -getpid());
	CHECK_ERR(ioctl(sv[0], FIOSETOWN, guest_bad_address()), EFAULT);
	CHECK_ERR(setsockopt(sv[0], SOL_SOCKET, SO_LINGER, guest_bad_address(), sizeof(int)), EFAULT);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(creation), T(stream), T(stream_of_nothing), T(stream_reset), T(stream_waitall_and_timeouts), T(stream_buffer),
		T(stream_connections), T(seqpacket_connections), T(connect_waits_for_the_backlog), T(packets),
		T(datagrams), T(datagram_queue_is_short), T(abstract_names), T(files), T(a_chain_of_sockets_in_flight),
		T(files_in_flight_are_limited), T(credentials), T(many_messages), T(peek_offset_of_messages),
		T(datagrams_disconnected), T(round_trips), T(owners),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
