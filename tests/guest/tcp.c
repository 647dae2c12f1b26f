/* SPDX-License-Identifier: MIT
 *
 * Connections over the loopback interface: tcp(7).
 */
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/sendfile.h>

#include "inet.h"

static int
listening(int backlog)
{
	int l = bound(SOCK_STREAM, v4(LO, 0));

	CHECK_EQ(listen(l, backlog), 0);
	return l;
}

/* c[0] connected, c[1] accepted. */
static void
pair(int c[2])
{
	int l = listening(5);

	c[0] = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_EQ(do_connect(c[0], name_of(l)), 0);
	c[1] = accept(l, NULL, NULL);
	CHECK(c[1] >= 0);
	close(l);
}

static int
tcp_state(int s)
{
	struct tcp_info i;
	socklen_t len = sizeof(i);

	CHECK_EQ(getsockopt(s, IPPROTO_TCP, TCP_INFO, &i, &len), 0);
	return i.tcpi_state;
}

static void
await_state(int s, int state)
{
	for (int i = 0; i < 2000 && tcp_state(s) != state; i++)
		guest_sleep_ms(5);
	CHECK_EQ(tcp_state(s), state);
}

static void
basics(void)
{
	int l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0), a;
	union addr from;
	socklen_t len = sizeof(from);
	char buf[16];

	CHECK_EQ(ready(c, 0), POLLOUT | POLLHUP);
	CHECK_ERR(accept(l, NULL, NULL), EINVAL);
	CHECK_ERR(recv(c, buf, 1, 0), ENOTCONN);
	CHECK_ERR(shutdown(socket(AF_INET, SOCK_STREAM, 0), SHUT_WR), ENOTCONN);
	CHECK_EQ(listen(l, 3), 0); /* on any port */
	CHECK(port_of(l) != 0);
	CHECK_EQ(int_opt(l, SOL_SOCKET, SO_ACCEPTCONN), 1);
	CHECK_EQ(int_opt(c, SOL_SOCKET, SO_ACCEPTCONN), 0);
	CHECK_EQ(tcp_state(l), TCP_LISTEN);
	CHECK_EQ(ready(l, 0), 0);
	CHECK_ERR(recv(l, buf, 1, 0), ENOTCONN);
	CHECK_ERR(do_connect(l, name_of(l)), EISCONN);
	CHECK_ERR(getpeername(c, &from.sa, &len), ENOTCONN);
	CHECK_EQ(do_connect(c, v4(LO, port_of(l))), 0);
	CHECK_EQ(name_of(c).in.sin_addr.s_addr, htonl(LO));
	CHECK_ERR(do_connect(c, v4(LO, port_of(l))), EISCONN);
	await(l, POLLIN);
	len = sizeof(from);
	a = accept4(l, &from.sa, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	CHECK(a >= 0);
	CHECK_EQ(len, sizeof(from.in));
	CHECK(same(from, name_of(c)));
	CHECK(same(peer_of(a), name_of(c)));
	CHECK(same(peer_of(c), name_of(a)));
	CHECK_EQ(fcntl(a, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	CHECK_EQ(ready(a, 0), POLLOUT);
	CHECK_ERR(recv(a, buf, 1, 0), EAGAIN);
	CHECK_EQ(send(c, "hello ", 6, 0), 6);
	CHECK_EQ(write(c, "world", 5), 5);
	await(a, POLLIN);
	guest_sleep_ms(10);
	CHECK_EQ(recv(a, buf, 16, MSG_PEEK), 11);
	CHECK_EQ(ioctl(a, SIOCINQ, &len), 0);
	CHECK_EQ(len, 11);
	CHECK_EQ(recv(a, buf, 4, MSG_TRUNC), 4);
	CHECK_EQ(read(a, buf, 16), 7);
	CHECK_EQ(memcmp(buf, "o world", 7), 0);
	CHECK_ERR(accept4(l, NULL, NULL, 1), EINVAL);
	CHECK_EQ(fcntl(l, F_SETFL, O_NONBLOCK), 0);
	CHECK_ERR(accept(l, NULL, NULL), EAGAIN);
	CHECK_EQ(tcp_state(c), TCP_ESTABLISHED);
}

static void
refused(void)
{
	int gone = bound(SOCK_STREAM, v4(LO, 0)), s = socket(AF_INET, SOCK_STREAM, 0), err;
	union addr to = name_of(gone);

	CHECK_ERR(do_connect(s, to), ECONNREFUSED); /* bound, and not listening */
	close(gone);
	CHECK_ERR(do_connect(s, to), ECONNREFUSED);
	CHECK_EQ(fcntl(s, F_SETFL, O_NONBLOCK), 0);
	err = do_connect(s, to) ? errno : 0;
	CHECK_EQ(err, EINPROGRESS);
	await(s, POLLOUT);
	CHECK_EQ(ready(s, 0) & (POLLERR | POLLHUP), POLLERR | POLLHUP);
	CHECK_EQ(int_opt(s, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	CHECK_ERR(do_connect(s, to), ECONNABORTED);
	CHECK_ERR(do_connect(s, to), EINPROGRESS);
	await(s, POLLOUT);
	CHECK_ERR(do_connect(s, to), ECONNREFUSED);
	CHECK_ERR(send(s, "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_ERR(connect(s, &to.sa, 1), EINVAL);
	to.sa.sa_family = AF_UNIX;
	CHECK_ERR(connect(s, &to.sa, sizeof(to.in)), EAFNOSUPPORT);
}

static void
not_blocking(void)
{
	int l = listening(1), s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), a;

	CHECK_ERR(do_connect(s, name_of(l)), EINPROGRESS);
	await(s, POLLOUT);
	CHECK_EQ(int_opt(s, SOL_SOCKET, SO_ERROR), 0);
	CHECK_EQ(do_connect(s, name_of(l)), 0);
	CHECK_ERR(do_connect(s, name_of(l)), EISCONN);
	CHECK_EQ(fcntl(l, F_SETFL, 0), 0);
	a = accept(l, NULL, NULL);
	CHECK(a >= 0);
	CHECK_EQ(fcntl(a, F_GETFL) & O_NONBLOCK, 0);
}

/* More than the buffers hold: partial writes, a writer that waits, a reader that wants all. */
static void
volume(void)
{
	enum { TOTAL = 20 << 20 };
	char *buf = malloc(1 << 20);
	long sent = 0, n;
	int c[2], status;
	pid_t pid;

	pair(c);
	memset(buf, 'a', 1 << 20);
	CHECK_EQ(fcntl(c[0], F_SETFL, O_NONBLOCK), 0);
	while ((n = write(c[0], buf, 1 << 20)) > 0)
		sent += n;
	CHECK_EQ(errno, EAGAIN);
	CHECK(sent > 65536 && sent < 64 << 20);
	CHECK_EQ(ready(c[0], 0), 0);
	pid = guest_fork();
	if (pid == 0) {
		long got = 0;

		close(c[0]);
		while ((n = recv(c[1], buf, 300000, MSG_WAITALL)) > 0) {
			for (long i = 0; i < n; i += 4099)
				if (buf[i] != 'a')
					_exit(2);
			got += n;
		}
		_exit(n == 0 && got == TOTAL ? 0 : 1);
	}
	close(c[1]);
	await(c[0], POLLOUT);
	CHECK_EQ(fcntl(c[0], F_SETFL, 0), 0);
	while (sent < TOTAL) {
		n = write(c[0], buf, (size_t)(TOTAL - sent < 1 << 20 ? TOTAL - sent : 1 << 20));
		CHECK(n > 0);
		sent += n;
	}
	close(c[0]);
	status = guest_wait(pid);
	CHECK_EQ(status, 0);
}

static void
half_closed(void)
{
	int c[2];
	char buf[8];

	pair(c);
	CHECK_EQ(send(c[0], "last", 4, 0), 4);
	CHECK_EQ(shutdown(c[0], SHUT_WR), 0);
	CHECK_ERR(send(c[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	await(c[1], POLLRDHUP);
	CHECK_EQ(ready(c[1], 0), POLLIN | POLLOUT | POLLRDHUP);
	await_state(c[1], TCP_CLOSE_WAIT);
	await_state(c[0], TCP_FIN_WAIT2);
	CHECK_EQ(recv(c[1], buf, 8, 0), 4);
	CHECK_EQ(recv(c[1], buf, 8, 0), 0);
	CHECK_EQ(recv(c[1], buf, 8, 0), 0);
	CHECK_EQ(send(c[1], "back", 4, 0), 4);
	CHECK_EQ(recv(c[0], buf, 4, MSG_WAITALL | MSG_PEEK), 4);
	CHECK_EQ(shutdown(c[1], SHUT_WR), 0);
	await_state(c[1], TCP_CLOSE);
	CHECK_EQ(recv(c[0], buf, 8, MSG_WAITALL), 4);
	CHECK_EQ(recv(c[0], buf, 8, 0), 0);
	await(c[0], POLLHUP);
	CHECK_EQ(ready(c[0], 0), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	CHECK_ERR(shutdown(c[0], SHUT_RD), ENOTCONN);
	CHECK_ERR(getpeername(c[0], &(struct sockaddr){ 0 }, &(socklen_t){ sizeof(struct sockaddr) }), ENOTCONN);
	CHECK_ERR(shutdown(c[0], 3), EINVAL);
}

static void
shut_reading(void)
{
	int c[2];
	char buf[8];

	pair(c);
	CHECK_EQ(send(c[1], "abc", 3, 0), 3);
	await(c[0], POLLIN);
	CHECK_EQ(shutdown(c[0], SHUT_RD), 0);
	CHECK_EQ(recv(c[0], buf, 8, 0), 3);
	CHECK_EQ(recv(c[0], buf, 8, 0), 0);
	CHECK_EQ(send(c[1], "d", 1, 0), 1);
	CHECK_EQ(send(c[0], "e", 1, 0), 1);
	CHECK_EQ(recv(c[1], buf, 8, 0), 1);
}

static void
closed(void)
{
	int c[2];
	char buf[8];
	pid_t pid;

	pair(c);
	close(c[0]);
	CHECK_EQ(recv(c[1], buf, 8, 0), 0);
	CHECK_EQ(send(c[1], "x", 1, 0), 1); /* answered by a reset */
	await(c[1], POLLHUP);
	CHECK_ERR(send(c[1], "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_EQ(recv(c[1], buf, 8, 0), 0);
	pid = guest_fork();
	if (pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		send(c[1], "x", 1, 0);
		_exit(1);
	}
	CHECK_KILLED(pid, SIGPIPE);
	pair(c);
	close(c[0]);
	CHECK(send(c[1], calloc(1, 64 << 20), 64 << 20, MSG_NOSIGNAL) < 64 << 20); /* not all of it goes nowhere */
}

static void
reset(void)
{
	struct linger lg = { 1, 0 };
	int c[2];
	char buf[8];

	pair(c);
	CHECK_EQ(send(c[0], "unread", 6, 0), 6);
	CHECK_EQ(send(c[1], "more", 4, 0), 4);
	await(c[1], POLLIN);
	close(c[1]); /* with what was not read */
	await(c[0], POLLERR);
	CHECK_EQ(ready(c[0], 0), POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP);
	CHECK_EQ(recv(c[0], buf, 8, 0), 4);
	CHECK_ERR(recv(c[0], buf, 8, 0), ECONNRESET);
	CHECK_EQ(recv(c[0], buf, 8, 0), 0);
	CHECK_ERR(send(c[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	pair(c);
	CHECK_EQ(setsockopt(c[1], SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)), 0);
	close(c[1]);
	await(c[0], POLLERR);
	CHECK_ERR(send(c[0], "x", 1, MSG_NOSIGNAL), ECONNRESET);
	CHECK_ERR(send(c[0], "x", 1, MSG_NOSIGNAL), EPIPE);
}

static void
backlog(void)
{
	int l = listening(0), a = socket(AF_INET, SOCK_STREAM, 0), b = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), s;
	struct timeval tv = { 0, 100000 };
	int slow = socket(AF_INET, SOCK_STREAM, 0);

	CHECK_EQ(do_connect(a, name_of(l)), 0);
	CHECK_EQ(setsockopt(slow, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), 0);
	await(l, POLLIN);
	CHECK_ERR(do_connect(b, name_of(l)), EINPROGRESS); /* its SYN is dropped */
	CHECK_ERR(do_connect(slow, name_of(l)), EINPROGRESS);
	CHECK_ERR(do_connect(b, name_of(l)), EALREADY);
	CHECK_EQ(ready(b, 0), 0);
	CHECK_EQ(tcp_state(b), TCP_SYN_SENT);
	CHECK_ERR(send(b, "x", 1, 0), EAGAIN);
	CHECK_EQ(close(slow), 0);
	s = accept(l, NULL, NULL);
	CHECK(s >= 0);
	await(b, POLLOUT);
	CHECK_EQ(int_opt(b, SOL_SOCKET, SO_ERROR), 0);
	close(l); /* with a connection nobody accepted */
	await(b, POLLERR);
	CHECK_EQ(int_opt(b, SOL_SOCKET, SO_ERROR), ECONNRESET);
	CHECK_EQ(send(a, "x", 1, 0), 1);
	CHECK_EQ(recv(s, &tv, 1, 0), 1);
}

static void
time_wait(void)
{
	int l = listening(1), c = socket(AF_INET, SOCK_STREAM, 0), a, n;
	union addr at = name_of(l);
	char x;

	CHECK_EQ(do_connect(c, at), 0);
	a = accept(l, NULL, NULL);
	close(l);
	n = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_ERR(do_bind(n, at), EADDRINUSE); /* by the connection */
	close(a);
	CHECK_EQ(recv(c, &x, 1, 0), 0);
	close(c);
	CHECK_ERR(do_bind(n, at), EADDRINUSE); /* by what it leaves */
	CHECK_EQ(set_opt(n, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	CHECK_ERR(do_bind(n, at), EADDRINUSE); /* since that did not have it */
}

static void
reused(void)
{
	int l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0), a, n, m;
	union addr at;
	char x;

	CHECK_EQ(set_opt(l, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	CHECK_EQ(do_bind(l, v4(LO, 0)), 0);
	at = name_of(l);
	CHECK_EQ(listen(l, 1), 0);
	CHECK_EQ(do_connect(c, at), 0);
	a = accept(l, NULL, NULL);
	n = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_EQ(set_opt(n, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	CHECK_ERR(do_bind(n, at), EADDRINUSE); /* somebody listens */
	close(l);
	CHECK_EQ(do_bind(n, at), 0);
	close(a);
	CHECK_EQ(recv(c, &x, 1, 0), 0);
	close(c);
	m = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_EQ(set_opt(m, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	CHECK_EQ(do_bind(m, at), 0);
	CHECK_EQ(listen(n, 1), 0);
	CHECK_ERR(listen(m, 1), EADDRINUSE);
}

static void
reuse_port(void)
{
	int l[2], n = 0;

	for (int i = 0; i < 2; i++) {
		l[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		CHECK_EQ(set_opt(l[i], SOL_SOCKET, SO_REUSEPORT, 1), 0);
		CHECK_EQ(do_bind(l[i], v4(LO, i ? port_of(l[0]) : 0)), 0);
		CHECK_EQ(listen(l[i], 64), 0);
	}
	for (int i = 0; i < 40; i++)
		CHECK_EQ(do_connect(socket(AF_INET, SOCK_STREAM, 0), name_of(l[0])), 0);
	while (accept(l[0], NULL, NULL) >= 0)
		n++;
	CHECK(n > 0 && n < 40);
	while (accept(l[1], NULL, NULL) >= 0)
		n++;
	CHECK_EQ(n, 40);
}

static volatile sig_atomic_t urgent_seen;

static void
on_urgent(int sig)
{
	urgent_seen = sig;
}

static void
urgent(void)
{
	int c[2], n;
	char buf[16];

	pair(c);
	signal(SIGURG, on_urgent);
	CHECK_EQ(fcntl(c[1], F_SETOWN, getpid()), 0);
	CHECK_ERR(recv(c[1], buf, 1, MSG_OOB), EINVAL);
	CHECK_EQ(send(c[0], "abc", 3, 0), 3);
	CHECK_EQ(send(c[0], "XY", 2, MSG_OOB), 2);
	CHECK_EQ(send(c[0], "de", 2, 0), 2);
	await(c[1], POLLPRI);
	for (int i = 0; i < 2000 && !urgent_seen; i++)
		guest_sleep_ms(5);
	CHECK_EQ(urgent_seen, SIGURG);
	for (n = 0; n != 4;)
		CHECK_EQ(ioctl(c[1], SIOCINQ, &n), 0);
	CHECK_EQ(recv(c[1], buf, 16, 0), 4);
	CHECK_EQ(memcmp(buf, "abcX", 4), 0);
	CHECK_EQ(ioctl(c[1], SIOCATMARK, &n), 0);
	CHECK_EQ(n, 1);
	CHECK_EQ(recv(c[1], buf, 16, MSG_OOB | MSG_PEEK), 1);
	CHECK_EQ(recv(c[1], buf, 16, MSG_OOB), 1);
	CHECK_EQ(buf[0], 'Y');
	CHECK_ERR(recv(c[1], buf, 16, MSG_OOB), EINVAL);
	CHECK_EQ(recv(c[1], buf, 2, MSG_WAITALL), 2);
	CHECK_EQ(memcmp(buf, "de", 2), 0);
	CHECK_EQ(ioctl(c[1], SIOCATMARK, &n), 0);
	CHECK_EQ(n, 0);
	CHECK_EQ(set_opt(c[1], SOL_SOCKET, SO_OOBINLINE, 1), 0);
	CHECK_EQ(send(c[0], "1", 1, 0), 1);
	CHECK_EQ(send(c[0], "2", 1, MSG_OOB), 1);
	await(c[1], POLLPRI);
	CHECK_ERR(recv(c[1], buf, 1, MSG_OOB), EINVAL);
	CHECK_EQ(recv(c[1], buf, 16, 0), 1);
	CHECK_EQ(recv(c[1], buf, 16, 0), 1);
	CHECK_EQ(buf[0], '2');
}

static void
disconnected(void)
{
	union addr none = { .sa.sa_family = AF_UNSPEC };
	int c[2], l = listening(2);
	char x;

	pair(c);
	CHECK_EQ(connect(c[0], &none.sa, sizeof(none.sa)), 0);
	CHECK_ERR(recv(c[1], &x, 1, 0), ECONNRESET);
	int_opt(c[0], SOL_SOCKET, SO_ERROR);
	CHECK_EQ(do_connect(c[0], name_of(l)), 0);
	CHECK_EQ(send(c[0], "x", 1, 0), 1);
	CHECK_EQ(recv(accept(l, NULL, NULL), &x, 1, 0), 1);
	CHECK_EQ(shutdown(l, SHUT_RD), 0);
	CHECK_ERR(accept(l, NULL, NULL), EINVAL);
	CHECK_EQ(listen(l, 1), 0);
	CHECK_EQ(do_connect(socket(AF_INET, SOCK_STREAM, 0), name_of(l)), 0);
}

static void
inherited(void)
{
	int l = listening(1), c = socket(AF_INET, SOCK_STREAM, 0), a;

	CHECK_EQ(set_opt(l, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	CHECK_EQ(set_opt(l, IPPROTO_TCP, TCP_NODELAY, 1), 0);
	CHECK_EQ(set_opt(l, IPPROTO_TCP, TCP_KEEPIDLE, 77), 0);
	CHECK_EQ(set_opt(l, SOL_SOCKET, SO_RCVBUF, 10000), 0);
	CHECK_EQ(do_connect(c, name_of(l)), 0);
	a = accept(l, NULL, NULL);
	CHECK_EQ(int_opt(a, SOL_SOCKET, SO_KEEPALIVE), 1);
	CHECK_EQ(int_opt(a, IPPROTO_TCP, TCP_NODELAY), 1);
	CHECK_EQ(int_opt(a, IPPROTO_TCP, TCP_KEEPIDLE), 77);
	CHECK_EQ(int_opt(a, SOL_SOCKET, SO_RCVBUF), 20000);
	CHECK_EQ(int_opt(c, SOL_SOCKET, SO_KEEPALIVE), 0);
}

static void
waiting(void)
{
	int l = listening(1), c = socket(AF_INET, SOCK_STREAM, 0), s, ep = epoll_create1(0);
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	char buf[8];
	pid_t pid = guest_fork();

	if (pid == 0) {
		s = accept(l, NULL, NULL);
		_exit(s >= 0 && recv(s, buf, 4, MSG_WAITALL) == 4 && send(s, "done", 4, 0) == 4 ? 0 : 1);
	}
	guest_await_sleep(pid);
	CHECK_EQ(do_connect(c, name_of(l)), 0);
	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, c, &e), 0);
	guest_await_sleep(pid);
	CHECK_EQ(send(c, "ab", 2, 0), 2);
	guest_await_sleep(pid);
	CHECK_EQ(send(c, "cd", 2, 0), 2);
	CHECK_EQ(epoll_wait(ep, &e, 1, 20000), 1);
	CHECK_EQ(recv(c, buf, 8, MSG_WAITALL), 4);
	CHECK_EXITS(pid, 0);
	CHECK_EQ(recv(c, buf, 8, 0), 0);
}

static void
files(void)
{
	int c[2], p[2], fd;
	char buf[16];

	guest_tmpdir();
	guest_write_file("data", "0123456789", 10, 0600);
	fd = open("data", O_RDONLY);
	pair(c);
	CHECK_EQ(sendfile(c[0], fd, NULL, 10), 10);
	CHECK_EQ(recv(c[1], buf, 10, MSG_WAITALL), 10);
	CHECK_EQ(memcmp(buf, "0123456789", 10), 0);
	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(send(c[0], "abcdef", 6, 0), 6);
	await(c[1], POLLIN);
	CHECK_EQ(splice(c[1], NULL, p[1], NULL, 100, 0), 6);
	CHECK_EQ(splice(p[0], NULL, c[1], NULL, 6, 0), 6);
	CHECK_EQ(recv(c[0], buf, 6, MSG_WAITALL), 6);
	CHECK_EQ(memcmp(buf, "abcdef", 6), 0);
	CHECK_ERR(lseek(c[0], 0, SEEK_CUR), ESPIPE);
	CHECK_ERR(pread(c[0], buf, 1, 0), ESPIPE);
}

static void
dual_stack(void)
{
	int l = socket(AF_INET6, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0), a;
	union addr from;
	socklen_t len = sizeof(from);

	if (!have_v6())
		return;
	CHECK_EQ(set_opt(l, IPPROTO_IPV6, IPV6_V6ONLY, 0), 0);
	CHECK_EQ(do_bind(l, v6("::", 0)), 0);
	CHECK_EQ(listen(l, 5), 0);
	CHECK_EQ(do_connect(c, v4(LO, port_of(l))), 0);
	a = accept(l, &from.sa, &len);
	CHECK(a >= 0);
	CHECK_EQ(from.sa.sa_family, AF_INET6);
	CHECK(IN6_IS_ADDR_V4MAPPED(&from.in6.sin6_addr));
	close(c);
	close(a);
	c = socket(AF_INET6, SOCK_STREAM, 0);
	CHECK_EQ(do_connect(c, v6("::1", port_of(l))), 0);
	a = accept(l, NULL, NULL);
	from = peer_of(a);
	CHECK(IN6_IS_ADDR_LOOPBACK(&from.in6.sin6_addr));
	CHECK_EQ(from.in6.sin6_port, name_of(c).in6.sin6_port);
	c = socket(AF_INET6, SOCK_STREAM, 0);
	CHECK_EQ(do_connect(c, v6("::ffff:127.0.0.1", port_of(l))), 0);
	CHECK_ERR(do_bind(socket(AF_INET, SOCK_STREAM, 0), v4(LO, port_of(l))), EADDRINUSE);
}

/* Both ends send and close at the same time, many times over: nothing may be lost or hang. */
static void
racing(void)
{
	int l = listening(64);
	pid_t pid = guest_fork();
	char buf[64];
	long n;

	if (pid == 0) {
		for (int i = 0; i < 300; i++) {
			int s = accept(l, NULL, NULL);

			if (s < 0 || send(s, "server", 6, MSG_NOSIGNAL) != 6 || recv(s, buf, 6, MSG_WAITALL) != 6)
				_exit(1);
			close(s);
		}
		_exit(0);
	}
	for (int i = 0; i < 300; i++) {
		int c = socket(AF_INET, SOCK_STREAM, 0);

		CHECK_EQ(do_connect(c, name_of(l)), 0);
		CHECK_EQ(send(c, "client", 6, 0), 6);
		CHECK_EQ(recv(c, buf, 6, MSG_WAITALL), 6);
		n = i % 3 ? recv(c, buf, 6, 0) : 0;
		CHECK_EQ(n, 0);
		close(c);
	}
	CHECK_EXITS(pid, 0);
}

/* Threads that do anything to the same few sockets, in any order: nothing but survival counts. */
enum { FEW = 8, FEW_FD = 100 };
/* A socket that connects to its own place is both ends. */
static void
to_itself(void)
{
	struct linger at_once = { .l_onoff = 1 };
	char buf[8] = "";
	int s = bound(SOCK_STREAM, v4(LO, 0)), t;

	CHECK_EQ(do_connect(s, name_of(s)), 0);
	CHECK(same(name_of(s), peer_of(s)));
	CHECK_EQ(tcp_state(s), TCP_ESTABLISHED);
	CHECK_ERR(do_connect(s, name_of(s)), EISCONN);
	CHECK_EQ(ready(s, 0), POLLOUT);
	CHECK_EQ(send(s, "abcd", 4, 0), 4);
	await(s, POLLIN);
	CHECK_EQ(recv(s, buf, 2, 0), 2);
	CHECK(memcmp(buf, "ab", 2) == 0);
	CHECK_EQ(shutdown(s, SHUT_WR), 0);
	await(s, POLLHUP);
	await_state(s, TCP_CLOSE);
	CHECK_EQ(recv(s, buf, 8, 0), 2);
	CHECK(memcmp(buf, "cd", 2) == 0);
	CHECK_EQ(recv(s, buf, 8, 0), 0);
	CHECK_ERR(send(s, "x", 1, MSG_NOSIGNAL), EPIPE);
	close(s);

	/* With something unread, and a reset. */
	for (int how = 0; how < 2; how++) {
		s = bound(SOCK_STREAM, v4(LO, 0));
		CHECK_EQ(fcntl(s, F_SETFL, O_NONBLOCK), 0);
		CHECK_ERR(do_connect(s, name_of(s)), EINPROGRESS);
		await(s, POLLOUT);
		CHECK_EQ(int_opt(s, SOL_SOCKET, SO_ERROR), 0);
		CHECK_EQ(send(s, "abcd", 4, 0), 4);
		if (how)
			CHECK_EQ(setsockopt(s, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
		t = socket(AF_INET, SOCK_STREAM, 0);
		CHECK_EQ(set_opt(t, SOL_SOCKET, SO_REUSEADDR, 1), 0);
		CHECK_ERR(do_bind(t, name_of(s)), EADDRINUSE);
		close(t);
		close(s);
	}
}

/* The state of a connection by /proc/net/tcp, also of one nobody has any more; 0: there is none. */
static int
listed_once(union addr from, union addr to)
{
	char line[512], want[64];
	unsigned int state = 0;
	FILE *f = fopen("/proc/net/tcp", "r");

	CHECK(f != NULL);
	snprintf(want, sizeof(want), " %08X:%04X %08X:%04X", from.in.sin_addr.s_addr, ntohs(from.in.sin_port), to.in.sin_addr.s_addr,
		 ntohs(to.in.sin_port));
	while (!state && fgets(line, sizeof(line), f)) {
		char *at = strstr(line, want);

		if (at)
			CHECK_EQ(sscanf(at + strlen(want), "%X", &state), 1);
	}
	fclose(f);
	return (int)state;
}

/* A table that changes while it is read may lack a line. */
static int
listed_state(union addr from, union addr to)
{
	int state = 0;

	for (int i = 0; !state && i < 5; i++)
		state = listed_once(from, to);
	return state;
}

/* An end that was closed waits for the other end to close; TCP_LINGER2 says how long. */
static void
orphans(void)
{
	union addr a, b;
	char c;
	int p[2];

	pair(p);
	a = name_of(p[0]);
	b = peer_of(p[0]);
	CHECK_EQ(listed_state(a, b), TCP_ESTABLISHED);
	CHECK_EQ(set_opt(p[0], IPPROTO_TCP, TCP_LINGER2, 1), 0);
	close(p[0]);
	await_state(p[1], TCP_CLOSE_WAIT);
	for (int i = 0; listed_state(a, b) && i < 2000; i++) {
		CHECK_EQ(listed_state(b, a), TCP_CLOSE_WAIT);
		usleep(10000);
	}
	CHECK_EQ(listed_state(a, b), 0);
	CHECK_EQ(send(p[1], "x", 1, MSG_NOSIGNAL), 1);
	await_state(p[1], TCP_CLOSE);
	CHECK_ERR(send(p[1], "x", 1, MSG_NOSIGNAL), EPIPE);
	close(p[1]);
	CHECK_EQ(listed_state(b, a), 0);

	/* Not at all. */
	pair(p);
	a = name_of(p[0]);
	b = peer_of(p[0]);
	CHECK_EQ(set_opt(p[0], IPPROTO_TCP, TCP_LINGER2, -1), 0);
	close(p[0]);
	await_state(p[1], TCP_CLOSE);
	CHECK_EQ(listed_state(a, b), 0);
	CHECK_EQ(recv(p[1], &c, 1, 0), 0);
	CHECK_ERR(send(p[1], "x", 1, MSG_NOSIGNAL), EPIPE);
	close(p[1]);
}

/* A connect that nobody lets in gives up by itself. */
static void
given_up(void)
{
	int l = listening(0), s[3], spare = socket(AF_INET, SOCK_STREAM, 0);

	for (int i = 0; i < 3; i++) {
		s[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		CHECK_EQ(set_opt(s[i], IPPROTO_TCP, TCP_USER_TIMEOUT, 1), 0);
		CHECK_ERR(do_connect(s[i], name_of(l)), EINPROGRESS);
	}
	await(s[2], POLLOUT);
	CHECK_EQ(ready(s[2], 0) & (POLLERR | POLLHUP), POLLERR | POLLHUP);
	CHECK_EQ(tcp_state(s[2]), TCP_CLOSE);
	CHECK_EQ(int_opt(s[2], SOL_SOCKET, SO_ERROR), ETIMEDOUT);
	CHECK_EQ(set_opt(spare, IPPROTO_TCP, TCP_USER_TIMEOUT, 1), 0);
	CHECK_ERR(do_connect(spare, name_of(l)), ETIMEDOUT);
	for (int i = 0; i < 3; i++)
		close(s[i]);
	close(spare);
	close(l);
}

static void *
close_it(void *arg)
{
	CHECK_EQ(close((int)(intptr_t)arg), 0);
	return NULL;
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* close(2) waits for what the other end has no room for, and for no longer than SO_LINGER says. */
static void
lingering(void)
{
	static char buf[65536];
	struct linger lg = { .l_onoff = 1 };
	pthread_t t;
	int p[2];

	for (int how = 0; how < 2; how++) {
		int64_t sent = 0, got = 0, n, start;

		pair(p);
		CHECK_EQ(set_opt(p[1], SOL_SOCKET, SO_RCVBUF, 65536), 0);
		lg.l_linger = how ? 1 : 100;
		CHECK_EQ(setsockopt(p[0], SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)), 0);
		while ((n = send(p[0], buf, sizeof(buf), MSG_DONTWAIT)) > 0)
			sent += n;
		start = now_ms();
		CHECK_EQ(pthread_create(&t, NULL, close_it, (void *)(intptr_t)p[0]), 0);
		if (how) { /* nobody reads */
			CHECK_EQ(pthread_join(t, NULL), 0);
			CHECK(now_ms() - start >= 900);
		}
		while ((n = recv(p[1], buf, sizeof(buf), 0)) > 0)
			got += n;
		CHECK_EQ(n, 0);
		CHECK_EQ(got, sent);
		if (!how) {
			CHECK_EQ(pthread_join(t, NULL), 0);
			CHECK(now_ms() - start < 90000);
		}
		close(p[1]);
	}
}

/* The line of a socket's inode in a table of /proc/net: addresses, state, owner. Is it there? */
static bool
find_listed(const char *table, int s, union addr from, union addr to, unsigned int state)
{
	unsigned int a[2], port[2], st, uid, found = 0;
	unsigned long ino;
	char line[512];
	struct stat sb;
	FILE *f = fopen(table, "r");

	CHECK(f != NULL);
	CHECK_EQ(fstat(s, &sb), 0);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %*u: %8X:%4X %8X:%4X %X %*X:%*X %*X:%*X %*X %u %*u %lu", &a[0], &port[0], &a[1], &port[1], &st, &uid,
			   &ino) != 7 || ino != sb.st_ino)
			continue;
		found++;
		CHECK_EQ(a[0], from.in.sin_addr.s_addr);
		CHECK_EQ(port[0], ntohs(from.in.sin_port));
		CHECK_EQ(a[1], to.in.sin_addr.s_addr);
		CHECK_EQ(port[1], ntohs(to.in.sin_port));
		CHECK_EQ(st, state);
		CHECK_EQ(uid, geteuid());
	}
	fclose(f);
	return found > 0;
}

static void
check_listed(const char *table, int s, union addr from, union addr to, unsigned int state)
{
	bool found = false;

	for (int i = 0; !found && i < 5; i++)
		found = find_listed(table, s, from, to, state);
	CHECK(found);
}

static void
tables(void)
{
	int l = listening(5), c = socket(AF_INET, SOCK_STREAM, 0), s, u = bound(SOCK_DGRAM, v4(LO, 0));

	check_listed("/proc/net/tcp", l, name_of(l), v4(0, 0), TCP_LISTEN);
	CHECK_EQ(do_connect(c, name_of(l)), 0);
	s = accept(l, NULL, NULL);
	check_listed("/proc/net/tcp", c, name_of(c), name_of(l), TCP_ESTABLISHED);
	check_listed("/proc/net/tcp", s, name_of(l), name_of(c), TCP_ESTABLISHED);
	CHECK_EQ(shutdown(c, SHUT_WR), 0);
	await_state(s, TCP_CLOSE_WAIT);
	await_state(c, TCP_FIN_WAIT2);
	check_listed("/proc/net/tcp", c, name_of(c), name_of(l), TCP_FIN_WAIT2);
	check_listed("/proc/net/tcp", s, name_of(l), name_of(c), TCP_CLOSE_WAIT);
	check_listed("/proc/net/udp", u, name_of(u), v4(0, 0), TCP_CLOSE);
	CHECK_EQ(do_connect(u, name_of(l)), 0);
	check_listed("/proc/net/udp", u, name_of(u), name_of(l), TCP_ESTABLISHED);
	close(l);
	close(c);
	close(s);
	close(u);
}

/* Without a cookie from before it is a connect as any. */
static void
fast_open_connect(void)
{
	int l = listening(5), c = socket(AF_INET, SOCK_STREAM, 0);

	CHECK_ERR(set_opt(c, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 2), EINVAL);
	if (set_opt(c, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1) == 0) { /* else a machine where it is off */
		CHECK_EQ(int_opt(c, IPPROTO_TCP, TCP_FASTOPEN_CONNECT), 1);
		CHECK_EQ(do_connect(c, name_of(l)), 0);
		CHECK_EQ(tcp_state(c), TCP_ESTABLISHED);
		CHECK_ERR(set_opt(c, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1), EINVAL);
	}
	close(c);
	close(l);
}

/* Where `lo` is all there is, nothing leads elsewhere. */
static void
elsewhere(void)
{
	struct if_nameindex *all = if_nameindex();
	int s, u;

	CHECK(all != NULL);
	if (all[0].if_index == 0 || (all[1].if_index == 0 && strcmp(all[0].if_name, "lo") == 0)) {
		s = socket(AF_INET, SOCK_STREAM, 0);
		u = socket(AF_INET, SOCK_DGRAM, 0);
		CHECK_ERR(do_connect(s, v4(0xc0000201, 9)), ENETUNREACH);
		CHECK_ERR(do_connect(u, v4(0xc0000201, 9)), ENETUNREACH);
		close(s);
		close(u);
	}
	if_freenameindex(all);
}

static union addr disorder_at[2];

static int
hasty_socket(void)
{
	struct timeval tv = { 0, 2000 };
	int s = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	return s;
}

static void
put_socket(int s, int at)
{
	if (s >= 0) {
		dup2(s, at);
		close(s);
	}
}

static void
one_of_many(unsigned int *seed, char *buf, size_t size)
{
	int fd = FEW_FD + (int)(rand_r(seed) % FEW), flags = MSG_NOSIGNAL | (rand_r(seed) % 4 ? MSG_DONTWAIT : 0);
	const struct sockaddr none = { .sa_family = AF_UNSPEC };
	const struct linger lg = { 1, 0 };

	switch (rand_r(seed) % 16) {
	case 0: put_socket(hasty_socket(), fd); break;
	case 1: case 2: case 3: do_connect(fd, disorder_at[rand_r(seed) % 2]); break;
	case 4: connect(fd, &none, sizeof(none)); break;
	case 5: case 6:
		set_opt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
		do_bind(fd, disorder_at[rand_r(seed) % 2]);
		listen(fd, (int)(rand_r(seed) % 4));
		break;
	case 7: case 8: put_socket(accept(fd, NULL, NULL), FEW_FD + (int)(rand_r(seed) % FEW)); break;
	case 9: send(fd, buf, rand_r(seed) % size, flags); break;
	case 10: send(fd, buf, 1, flags | MSG_OOB); break;
	case 11: recv(fd, buf, rand_r(seed) % size, flags); break;
	case 12: recv(fd, buf, rand_r(seed) % size, flags | MSG_PEEK); break;
	case 13: shutdown(fd, (int)(rand_r(seed) % 3)); break;
	case 14: setsockopt(fd, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)); break;
	case 15: ready(fd, 1); break;
	}
}

static void *
disorderly(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;
	char *buf = calloc(1, 200000);

	for (int i = 0; i < 1000; i++)
		one_of_many(&seed, buf, 200000);
	free(buf);
	return NULL;
}

static void
in_disorder(void)
{
	pthread_t t[6];

	for (int i = 0; i < 2; i++) {
		int s = bound(SOCK_STREAM, v4(LO, 0));

		disorder_at[i] = name_of(s);
		close(s);
	}
	for (int i = 0; i < FEW; i++)
		put_socket(hasty_socket(), FEW_FD + i);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		CHECK_EQ(pthread_create(&t[i], NULL, disorderly, (void *)(i + 1)), 0);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		pthread_join(t[i], NULL);
}

static const struct guest_case cases[] = {
	T(basics), T(refused), T(not_blocking), T(volume), T(half_closed), T(shut_reading), T(closed), T(reset), T(backlog), T(time_wait),
	T(reused), T(reuse_port), T(urgent), T(disconnected), T(inherited), T(waiting), T(files), T(dual_stack), T(racing),
	T(to_itself), T(orphans), T(given_up), T(lingering), T(tables), T(elsewhere),
	T(fast_open_connect), T(in_disorder),
};

int
main(int argc, char **argv)
{
	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
