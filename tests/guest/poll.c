/* SPDX-License-Identifier: MIT
 *
 * poll, select, epoll, and the descriptors made for them: eventfd, timerfd, signalfd, pidfd.
 */
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "tests/guest/guest.h"

static int
later(void (*fn)(int), int arg)
{
	pid_t pid = guest_fork();

	if (pid == 0) {
		guest_sleep_ms(40);
		fn(arg);
		_exit(0);
	}
	return pid;
}

static void
write_one(int fd)
{
	if (write(fd, "x", 1) != 1)
		_exit(1);
}

static void
poll_arguments(void)
{
	struct pollfd f[3] = { { .fd = -1, .events = POLLIN, .revents = 7 }, { .fd = 99, .events = POLLIN }, { .fd = -5 } };
	struct rlimit rl = { 16, 16 };
	struct timespec bad = { 0, 2000000000 };
	long start = guest_ms();

	CHECK_EQ(poll(NULL, 0, 0), 0);
	CHECK_EQ(poll(NULL, 0, 30), 0);
	CHECK(guest_ms() - start >= 29);
	CHECK_EQ(poll(f, 3, -1), 1);
	CHECK_EQ(f[0].revents, 0);
	CHECK_EQ(f[1].revents, POLLNVAL);
	CHECK_ERR(syscall(SYS_poll, 8, 1, 0), EFAULT);
	CHECK_ERR(ppoll(f, 1, &bad, NULL), EINVAL);
	setrlimit(RLIMIT_NOFILE, &rl);
	CHECK_ERR(syscall(SYS_poll, f, 17, 0), EINVAL);
}

static void
poll_waits(void)
{
	struct pollfd f = { .events = POLLIN };
	long start;
	pid_t pid;
	int p[2];

	CHECK_EQ(pipe(p), 0);
	f.fd = p[0];
	start = guest_ms();
	CHECK_EQ(poll(&f, 1, 30), 0);
	CHECK(guest_ms() - start >= 29);
	pid = later(write_one, p[1]);
	CHECK_EQ(poll(&f, 1, 10000), 1);
	CHECK_EQ(f.revents, POLLIN);
	CHECK_EXITS(pid, 0);
}

static void
the_same_descriptor_twice(void)
{
	struct pollfd f[2] = { { .fd = 1, .events = POLLOUT }, { .fd = 1, .events = POLLOUT } };
	int p[2];

	CHECK_EQ(pipe(p), 0);
	f[0].fd = f[1].fd = p[1];
	CHECK_EQ(poll(f, 2, 0), 2);
}

static volatile int handled;

static void
count(int sig)
{
	handled++;
}

static void
ppoll_sets_the_mask_atomically(void)
{
	sigset_t block, empty;
	struct pollfd f = { .fd = -1 };
	struct timespec ts = { 5, 0 };

	sigemptyset(&empty);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	signal(SIGUSR1, count);
	sigprocmask(SIG_BLOCK, &block, NULL);
	raise(SIGUSR1);
	CHECK_EQ(handled, 0);
	CHECK_ERR(ppoll(&f, 1, &ts, &empty), EINTR);
	CHECK_EQ(handled, 1);
	raise(SIGUSR1);
	CHECK_EQ(handled, 1);
	CHECK_ERR(pselect(0, NULL, NULL, NULL, &ts, &empty), EINTR);
	CHECK_EQ(handled, 2);
	raise(SIGUSR1);
	ts.tv_sec = 0;
	CHECK_ERR(ppoll(&f, 1, &ts, &empty), EINTR); /* even with nothing to wait for */
	CHECK_EQ(handled, 3);
}

static void
select_sets(void)
{
	struct timeval tv = { 0, 20000 };
	fd_set r, w, e;
	int p[2];
	pid_t pid;

	CHECK_EQ(pipe(p), 0);
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_ZERO(&e);
	FD_SET(p[0], &r);
	FD_SET(p[1], &w);
	FD_SET(p[0], &e);
	CHECK_EQ(select(p[1] + 1, &r, &w, &e, &tv), 1);
	CHECK(!FD_ISSET(p[0], &r) && FD_ISSET(p[1], &w) && !FD_ISSET(p[0], &e));
	FD_SET(p[0], &r);
	tv = (struct timeval){ 0, 20000 };
	CHECK_EQ(select(p[0] + 1, &r, NULL, NULL, &tv), 0);
	CHECK(!FD_ISSET(p[0], &r));
	CHECK(tv.tv_sec == 0 && tv.tv_usec == 0); /* Linux tells the rest */
	FD_SET(p[0], &r);
	pid = later(write_one, p[1]);
	tv = (struct timeval){ 10, 0 };
	CHECK_EQ(select(p[0] + 1, &r, NULL, NULL, &tv), 1);
	CHECK(tv.tv_sec >= 5 && tv.tv_sec < 10);
	CHECK_EXITS(pid, 0);
	CHECK_ERR(select(-1, NULL, NULL, NULL, NULL), EINVAL);
	FD_ZERO(&r);
	FD_SET(50, &r); /* within every table: beyond it Linux looks at nothing */
	CHECK_ERR(select(51, &r, NULL, NULL, &tv), EBADF);
	tv = (struct timeval){ -1, 0 };
	CHECK_ERR(select(0, NULL, NULL, NULL, &tv), EINVAL);
}

static void
regular_files_are_always_ready(void)
{
	struct pollfd f = { .events = POLLIN | POLLOUT };

	f.fd = open("/etc/passwd", O_RDONLY);
	CHECK_EQ(poll(&f, 1, -1), 1);
	CHECK_EQ(f.revents, POLLIN | POLLOUT);
	f.fd = open("/dev/null", O_RDWR);
	CHECK_EQ(poll(&f, 1, -1), 1);
	CHECK_EQ(f.revents, POLLIN | POLLOUT);
}

/* epoll */

static int
add(int ep, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = { .events = events, .data.u64 = data };

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
}

static void
epoll_level_triggered(void)
{
	struct epoll_event ev[4];
	int ep = epoll_create1(EPOLL_CLOEXEC), p[2];
	char c;

	CHECK(ep >= 0);
	CHECK_EQ(fcntl(ep, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(add(ep, p[0], EPOLLIN, 0x1122334455667788), 0);
	CHECK_EQ(epoll_wait(ep, ev, 4, 0), 0);
	CHECK_EQ(write(p[1], "ab", 2), 2);
	CHECK_EQ(epoll_wait(ep, ev, 4, -1), 1);
	CHECK(ev[0].events == EPOLLIN && ev[0].data.u64 == 0x1122334455667788);
	CHECK_EQ(epoll_wait(ep, ev, 4, 0), 1);
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EQ(epoll_wait(ep, ev, 4, 0), 1);
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EQ(epoll_wait(ep, ev, 4, 0), 0);
}

static void
epoll_edge_triggered_and_oneshot(void)
{
	struct epoll_event ev[4], mod = { .events = EPOLLIN | EPOLLONESHOT, .data.u64 = 2 };
	int ep = epoll_create1(0), p[2], q[2];

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(pipe(q), 0);
	CHECK_EQ(add(ep, p[0], EPOLLIN | EPOLLET, 1), 0);
	CHECK_EQ(write(p[1], "a", 1), 1);
	CHECK_EQ(epoll_wait(ep, ev, 4, 0), 1);
	CHECK_EQ(epoll_wait(ep, ev, 4, 0), 0);
	CHECK_EQ(write(p[1], "b", 1), 1);
	CHECK_EQ(epoll_wait(ep, ev, 4, 0), 1);
	CHECK_EQ(add(ep, q[0], EPOLLIN | EPOLLONESHOT, 2), 0);
	CHECK_EQ(write(q[1], "a", 1), 1);
	CHECK_EQ(epoll_wait(ep, ev, 4, 0), 1);
	CHECK_EQ(epoll_wait(ep, ev, 4, 0), 0);
	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, q[0], &mod), 0);
	CHECK_EQ(epoll_wait(ep, ev, 4, 0), 1);
	CHECK_EQ(ev[0].data.u64, 2);
}

static void
epoll_errors(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(0), file = open("/etc/passwd", O_RDONLY), p[2];

	CHECK_EQ(pipe(p), 0);
	CHECK_ERR(epoll_create(0), EINVAL);
	CHECK_ERR(epoll_create1(77), EINVAL);
	CHECK_ERR(add(ep, file, EPOLLIN, 0), EPERM);
	CHECK_ERR(add(ep, 99, EPOLLIN, 0), EBADF);
	CHECK_ERR(add(99, p[0], EPOLLIN, 0), EBADF);
	CHECK_ERR(add(p[0], p[1], EPOLLIN, 0), EINVAL);
	CHECK_ERR(add(ep, ep, EPOLLIN, 0), EINVAL);
	CHECK_EQ(add(ep, p[0], EPOLLIN, 0), 0);
	CHECK_ERR(add(ep, p[0], EPOLLIN, 0), EEXIST);
	CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_MOD, p[1], &ev), ENOENT);
	CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_DEL, p[1], NULL), ENOENT);
	CHECK_ERR(epoll_ctl(ep, 9, p[0], &ev), EINVAL);
	CHECK_ERR(epoll_wait(ep, &ev, 0, 0), EINVAL);
	CHECK_ERR(epoll_wait(p[0], &ev, 1, 0), EINVAL);
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_ERR(syscall(SYS_epoll_wait, ep, 8, 1, 0), EFAULT);
	CHECK_EQ(epoll_wait(ep, &ev, 1, 0), 1);
}

static void
epoll_forgets_closed_files(void)
{
	struct epoll_event ev;
	int ep = epoll_create1(0), p[2], copy;

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(add(ep, p[0], EPOLLIN, 5), 0);
	copy = dup(p[0]);
	CHECK_EQ(write(p[1], "x", 1), 1);
	close(p[0]);
	CHECK_EQ(epoll_wait(ep, &ev, 1, 0), 1); /* the file is still open */
	close(copy);
	CHECK_EQ(epoll_wait(ep, &ev, 1, 0), 0);
}

static void
epoll_nested_and_polled(void)
{
	struct epoll_event ev;
	struct pollfd f = { .events = POLLIN };
	int a = epoll_create1(0), b = epoll_create1(0), p[2];

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(add(a, p[0], EPOLLIN, 1), 0);
	CHECK_EQ(add(b, a, EPOLLIN, 2), 0);
	CHECK_ERR(add(a, b, EPOLLIN, 3), ELOOP);
	f.fd = b;
	CHECK_EQ(poll(&f, 1, 0), 0);
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_EQ(poll(&f, 1, 0), 1);
	CHECK_EQ(epoll_wait(b, &ev, 1, 0), 1);
	CHECK_EQ(ev.data.u64, 2);
}

static void
epoll_wakes_a_waiter(void)
{
	struct epoll_event ev[2];
	int ep = epoll_create1(0), p[2];
	long start;
	pid_t pid;

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(add(ep, p[0], EPOLLIN | EPOLLET, 1), 0);
	start = guest_ms();
	CHECK_EQ(epoll_wait(ep, ev, 2, 30), 0);
	CHECK(guest_ms() - start >= 29);
	pid = later(write_one, p[1]);
	CHECK_EQ(epoll_wait(ep, ev, 2, 10000), 1);
	CHECK_EXITS(pid, 0);
	close(p[1]);
	CHECK_EQ(epoll_wait(ep, ev, 2, 10000), 1);
	CHECK(ev[0].events & EPOLLHUP);
}

static void
epoll_many(void)
{
	struct epoll_event ev[64];
	int ep = epoll_create1(0), fds[100], i, n, total = 0;

	for (i = 0; i < 100; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		CHECK_EQ(add(ep, fds[i], EPOLLIN | EPOLLET, (uint64_t)i), 0);
	}
	for (i = 0; i < 100; i += 2)
		CHECK_EQ(eventfd_write(fds[i], 1), 0);
	while ((n = epoll_wait(ep, ev, 7, 0)) > 0) {
		for (i = 0; i < n; i++)
			CHECK(ev[i].data.u64 % 2 == 0);
		total += n;
	}
	CHECK_EQ(total, 50);
}

/* Descriptors */

static void
eventfds(void)
{
	int fd = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC), sem = eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK);
	uint64_t v = 0;

	CHECK_EQ(read(fd, &v, 8), 8);
	CHECK_EQ(v, 3);
	CHECK_ERR(read(fd, &v, 8), EAGAIN);
	v = 5;
	CHECK_EQ(write(fd, &v, 8), 8);
	CHECK_EQ(write(fd, &v, 8), 8);
	CHECK_ERR(read(fd, &v, 7), EINVAL);
	CHECK_EQ(read(fd, &v, 8), 8);
	CHECK_EQ(v, 10);
	v = UINT64_MAX;
	CHECK_ERR(write(fd, &v, 8), EINVAL);
	v = UINT64_MAX - 1;
	CHECK_EQ(write(fd, &v, 8), 8);
	v = 1;
	CHECK_ERR(write(fd, &v, 8), EAGAIN);
	CHECK_EQ(read(sem, &v, 8), 8);
	CHECK_EQ(v, 1);
	CHECK_EQ(read(sem, &v, 8), 8);
	CHECK_EQ(read(sem, &v, 8), 8);
	CHECK_ERR(read(sem, &v, 8), EAGAIN);
	CHECK_ERR(eventfd(0, 0x40000000), EINVAL);
}

static void
timerfds(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	struct itimerspec it = { { 0, 10000000 }, { 0, 20000000 } }, got;
	struct pollfd f = { .fd = fd, .events = POLLIN };
	uint64_t n = 0;

	CHECK(fd >= 0);
	CHECK_ERR(read(fd, &n, 8), EAGAIN);
	CHECK_EQ(timerfd_settime(fd, 0, &it, NULL), 0);
	CHECK_EQ(timerfd_gettime(fd, &got), 0);
	CHECK(got.it_interval.tv_nsec == 10000000 && got.it_value.tv_nsec > 0);
	CHECK_EQ(poll(&f, 1, 5000), 1);
	CHECK_EQ(read(fd, &n, 8), 8);
	CHECK(n >= 1);
	guest_sleep_ms(55);
	CHECK_EQ(read(fd, &n, 8), 8);
	CHECK(n >= 4 && n < 1000);
	memset(&it, 0, sizeof(it));
	CHECK_EQ(timerfd_settime(fd, 0, &it, &got), 0);
	guest_sleep_ms(20);
	CHECK_ERR(read(fd, &n, 8), EAGAIN);
	CHECK_ERR(timerfd_create(99, 0), EINVAL);
	CHECK_ERR(timerfd_settime(0, 0, &it, NULL), EINVAL);
	clock_gettime(CLOCK_MONOTONIC, &it.it_value);
	CHECK_EQ(timerfd_settime(fd, TFD_TIMER_ABSTIME, &it, NULL), 0);
	CHECK_EQ(poll(&f, 1, 5000), 1);
}

static void
signalfds(void)
{
	struct signalfd_siginfo si[3];
	union sigval v = { .sival_int = 42 };
	struct pollfd f = { .events = POLLIN };
	sigset_t s;
	int fd;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR1);
	sigaddset(&s, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &s, NULL);
	fd = signalfd(-1, &s, SFD_NONBLOCK | SFD_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_ERR(read(fd, si, sizeof(si)), EAGAIN);
	f.fd = fd;
	CHECK_EQ(poll(&f, 1, 0), 0);
	kill(getpid(), SIGUSR1);
	sigqueue(getpid(), SIGRTMIN, v);
	CHECK_EQ(poll(&f, 1, 0), 1);
	CHECK_EQ(read(fd, si, sizeof(si)), 2 * sizeof(si[0]));
	CHECK_EQ(si[0].ssi_signo, SIGUSR1);
	CHECK_EQ(si[0].ssi_pid, getpid());
	CHECK_EQ(si[0].ssi_code, SI_USER);
	CHECK_EQ(si[1].ssi_int, 42);
	CHECK_ERR(read(fd, si, 10), EINVAL);
	sigdelset(&s, SIGUSR1);
	CHECK_EQ(signalfd(fd, &s, 0), fd);
	kill(getpid(), SIGUSR1);
	CHECK_ERR(read(fd, si, sizeof(si)), EAGAIN);
	CHECK_ERR(signalfd(0, &s, 0), EINVAL);
}

static void
signalfd_for_sigchld(void)
{
	struct signalfd_siginfo si;
	sigset_t s;
	int fd;
	pid_t pid;

	sigemptyset(&s);
	sigaddset(&s, SIGCHLD);
	sigprocmask(SIG_BLOCK, &s, NULL);
	fd = signalfd(-1, &s, 0);
	pid = guest_fork();
	if (pid == 0)
		_exit(8);
	CHECK_EQ(read(fd, &si, sizeof(si)), sizeof(si));
	CHECK_EQ(si.ssi_pid, pid);
	CHECK_EQ(si.ssi_status, 8);
	CHECK_EXITS(pid, 8);
}

static void
pidfds(void)
{
	struct pollfd f = { .events = POLLIN };
	pid_t pid = guest_fork();
	int fd;

	if (pid == 0) {
		for (;;)
			pause();
	}
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	CHECK(fd >= 0);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	f.fd = fd;
	CHECK_EQ(poll(&f, 1, 0), 0);
	CHECK_EQ(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), 0);
	CHECK_EQ(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0), 0);
	CHECK_EQ(poll(&f, 1, 10000), 1);
	CHECK_EQ(f.revents, POLLIN);
	CHECK_KILLED(pid, SIGKILL);
	CHECK_ERR(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), ESRCH);
	CHECK_ERR(syscall(SYS_pidfd_open, 0x3ffffff, 0), ESRCH);
	CHECK_ERR(syscall(SYS_pidfd_open, -1, 0), EINVAL);
	CHECK_ERR(syscall(SYS_pidfd_open, getpid(), 0x1000000), EINVAL);
}

static void *
sleeper(void *arg)
{
	*(volatile int *)arg = (int)syscall(SYS_gettid);
	syscall(SYS_futex, arg, FUTEX_WAKE, 1, NULL, NULL, 0);
	for (;;)
		pause();
	return NULL;
}

static volatile sig_atomic_t caught_by;

static void
catch_tid(int sig)
{
	(void)sig;
	caught_by = (sig_atomic_t)syscall(SYS_gettid);
}

/* PIDFD_THREAD and the flags of pidfd_send_signal are of Linux 6.9. */
static void
pidfds_of_threads(void)
{
	struct pollfd f = { .events = POLLIN };
	volatile int tid = 0;
	pthread_t thread;
	int fd;

	CHECK_EQ(pthread_create(&thread, NULL, sleeper, (void *)&tid), 0);
	while (!tid)
		syscall(SYS_futex, &tid, FUTEX_WAIT, 0, NULL, NULL, 0);
	CHECK(syscall(SYS_pidfd_open, tid, 0) < 0);
	fd = (int)syscall(SYS_pidfd_open, tid, O_EXCL);
	CHECK(fd >= 0);
	signal(SIGUSR1, catch_tid);
	CHECK_EQ(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 0), 0);
	while (!caught_by)
		sched_yield();
	CHECK_EQ(caught_by, tid);
	CHECK_ERR(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 3), EINVAL);
	CHECK_ERR(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 8), EINVAL);
	f.fd = fd;
	CHECK_EQ(poll(&f, 1, 0), 0);
	pthread_cancel(thread);
	CHECK_EQ(poll(&f, 1, 10000), 1);
	CHECK((f.revents & POLLIN) != 0);
	pthread_join(thread, NULL);
	/* told of its end before it is out of the table */
	while (syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) == 0)
		sched_yield();
	CHECK_ERR(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), ESRCH);
	close(fd);
}

/* A directory /proc/PID is as good as a pidfd for signals. */
static void
signals_by_proc_directory(void)
{
	siginfo_t si = { .si_signo = SIGTERM, .si_code = SI_USER };
	pid_t pid = guest_fork();
	char name[40];
	int fd, self = open("/proc/self", O_RDONLY | O_DIRECTORY), file = open("/proc/self/stat", O_RDONLY);

	if (pid == 0) {
		for (;;)
			pause();
	}
	snprintf(name, sizeof(name), "/proc/%d", pid);
	fd = open(name, O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0 && self >= 0 && file >= 0);
	CHECK_ERR(syscall(SYS_pidfd_send_signal, file, 0, NULL, 0), EBADF);
	CHECK_ERR(syscall(SYS_pidfd_send_signal, fd, SIGKILL, &si, 0), EINVAL);
	CHECK_ERR(syscall(SYS_pidfd_send_signal, fd, SIGTERM, &si, 0), EPERM);
	CHECK_EQ(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0), 0);
	CHECK_KILLED(pid, SIGKILL);
	CHECK_ERR(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), ESRCH);
	caught_by = 0;
	signal(SIGUSR1, catch_tid);
	CHECK_EQ(syscall(SYS_pidfd_send_signal, self, SIGUSR1, NULL, 0), 0);
	CHECK_EQ(caught_by, getpid());
	close(fd);
	close(self);
	close(file);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(poll_arguments), T(poll_waits), T(the_same_descriptor_twice), T(ppoll_sets_the_mask_atomically), T(select_sets),
		T(regular_files_are_always_ready), T(epoll_level_triggered), T(epoll_edge_triggered_and_oneshot), T(epoll_errors),
		T(epoll_forgets_closed_files), T(epoll_nested_and_polled), T(epoll_wakes_a_waiter), T(epoll_many), T(eventfds),
		T(timerfds), T(signalfds), T(signalfd_for_sigchld), T(pidfds), T(pidfds_of_threads),
		T(signals_by_proc_directory),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
