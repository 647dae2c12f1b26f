/* SPDX-License-Identifier: MIT
 *
 * fcntl(2): descriptors, status flags, owners and signals of I/O. Record locks and seals have programs of their own.
 */
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <termios.h>

#include "guest.h"

#ifndef F_DUPFD_QUERY
#define F_DUPFD_QUERY 1027
#endif
#ifndef F_CREATED_QUERY
#define F_CREATED_QUERY 1028
#endif
#ifndef F_GETOWNER_UIDS
#define F_GETOWNER_UIDS 17
#endif
#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif
#ifndef F_GET_RW_HINT
#define F_GET_RW_HINT 1035
#define F_SET_RW_HINT 1036
#endif

static void
descriptors(void)
{
	struct rlimit lim;
	int fd = open("/dev/null", O_RDONLY), d;

	CHECK_ERR(fcntl(-1, F_GETFD), EBADF);
	CHECK_ERR(fcntl(fd, 9999), EINVAL);
	CHECK_ERR(fcntl(999, F_DUPFD, 0), EBADF);
	d = fcntl(fd, F_DUPFD, 100);
	CHECK_EQ(d, 100);
	CHECK_EQ(fcntl(d, F_GETFD), 0);
	CHECK_EQ(fcntl(fd, F_DUPFD_CLOEXEC, 100), 101);
	CHECK_EQ(fcntl(101, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(101, F_SETFD, 0), 0);
	CHECK_EQ(fcntl(101, F_GETFD), 0);
	CHECK_EQ(fcntl(101, F_SETFD, -1), 0);
	CHECK_EQ(fcntl(101, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(fcntl(fd, F_DUPFD, -1), EINVAL);
	lim = (struct rlimit){ 102, 102 };
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &lim), 0);
	CHECK_ERR(fcntl(fd, F_DUPFD, 102), EINVAL);
	CHECK_ERR(fcntl(fd, F_DUPFD, 100), EMFILE);
	CHECK_ERR(dup2(fd, 102), EBADF);
	CHECK_ERR(dup2(fd, -1), EBADF);
	CHECK_EQ(dup2(fd, fd), fd);
	CHECK_ERR(dup2(99, 99), EBADF);
	CHECK_ERR(dup3(fd, fd, 0), EINVAL);
	CHECK_ERR(dup3(fd, 50, 1), EINVAL);
	CHECK_ERR(dup3(99, 50, 0), EBADF);
	CHECK_ERR(dup3(fd, 102, 0), EBADF);
	CHECK_EQ(dup3(fd, 50, O_CLOEXEC), 50);
	CHECK_EQ(fcntl(50, F_GETFD), FD_CLOEXEC);
}

static void
queries(void)
{
	int fd, other, again;

	guest_tmpdir();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	other = open("f", O_RDWR | O_CREAT, 0600);
	again = dup(fd);
	CHECK(fd >= 0 && other >= 0 && again >= 0);
	if (fcntl(fd, F_DUPFD_QUERY, fd) < 0)
		return; /* before Linux 6.10 */
	CHECK_EQ(fcntl(fd, F_DUPFD_QUERY, fd), 1);
	CHECK_EQ(fcntl(fd, F_DUPFD_QUERY, again), 1);
	CHECK_EQ(fcntl(fd, F_DUPFD_QUERY, other), 0);
	CHECK_ERR(fcntl(fd, F_DUPFD_QUERY, 999), EBADF);
	if (fcntl(fd, F_CREATED_QUERY, 0) < 0)
		return; /* before Linux 6.12 */
	CHECK_EQ(fcntl(fd, F_CREATED_QUERY), 1);
	CHECK_EQ(fcntl(again, F_CREATED_QUERY), 1);
	CHECK_EQ(fcntl(other, F_CREATED_QUERY), 0);
	other = open("f", O_PATH);
	CHECK_EQ(fcntl(other, F_CREATED_QUERY), 0);
	CHECK_EQ(fcntl(other, F_DUPFD_QUERY, other), 1);
}

static void
path_descriptors(void)
{
	int fd = open("/", O_PATH), d;
	uint64_t hint = 0;

	CHECK_EQ(fcntl(fd, F_GETFL), O_PATH);
	d = fcntl(fd, F_DUPFD, 0);
	CHECK(d >= 0);
	CHECK_EQ(fcntl(d, F_SETFD, FD_CLOEXEC), 0);
	CHECK_EQ(fcntl(d, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(fcntl(fd, F_SETFL, 0), EBADF);
	CHECK_ERR(fcntl(fd, F_GETOWN), EBADF);
	CHECK_ERR(fcntl(fd, F_GETSIG), EBADF);
	CHECK_ERR(fcntl(fd, F_GETLEASE), EBADF);
	CHECK_ERR(fcntl(fd, F_GET_SEALS), EBADF);
	CHECK_ERR(fcntl(fd, F_GET_RW_HINT, &hint), EBADF);
	CHECK_ERR(fcntl(fd, 9999), EBADF);
}

static void
status_flags(void)
{
	int fd, all = O_APPEND | O_NONBLOCK | O_NOATIME, was;

	guest_tmpdir();
	fd = open("f", O_RDWR | O_CREAT | O_EXCL | O_TRUNC | O_NOFOLLOW | O_SYNC, 0600);
	was = fcntl(fd, F_GETFL);
	CHECK_EQ(was & (O_CREAT | O_EXCL | O_TRUNC), 0);
	CHECK_EQ(was & O_NOFOLLOW, O_NOFOLLOW);
	CHECK_EQ(was & O_SYNC, O_SYNC);
	CHECK_EQ(was & O_ACCMODE, O_RDWR);
	CHECK_EQ(fcntl(fd, F_SETFL, all | O_CREAT | O_RDONLY), 0);
	CHECK_EQ(fcntl(fd, F_GETFL), was | all);
	CHECK_EQ(fcntl(fd, F_SETFL, 0), 0);
	CHECK_EQ(fcntl(fd, F_GETFL), was);
	if (geteuid() == 0) {
		CHECK_EQ(fchown(fd, 1, 1), 0);
		CHECK_EQ(seteuid(65534), 0);
		CHECK_ERR(fcntl(fd, F_SETFL, O_NOATIME), EPERM);
		CHECK_EQ(seteuid(0), 0);
	}
}

static void
owners(void)
{
	struct f_owner_ex ex;
	uint32_t ids[2] = { 9, 9 };
	int p[2];

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(fcntl(p[0], F_GETOWN), 0);
	CHECK_EQ(fcntl(p[0], F_GETOWN_EX, &ex), 0);
	CHECK_EQ(ex.type, F_OWNER_TID);
	CHECK_EQ(ex.pid, 0);
	CHECK_EQ(fcntl(p[0], F_SETOWN, getpid()), 0);
	CHECK_EQ(fcntl(p[0], F_GETOWN), getpid());
	CHECK_EQ(fcntl(p[1], F_GETOWN), 0);
	CHECK_EQ(fcntl(p[0], F_SETOWN, 0), 0);
	CHECK_EQ(fcntl(p[0], F_GETOWN), 0);
	CHECK_ERR(fcntl(p[0], F_SETOWN, 0x3ffffff), ESRCH);
	CHECK_ERR(fcntl(p[0], F_SETOWN, -0x3ffffff), ESRCH);
	CHECK_ERR(fcntl(p[0], F_SETOWN, INT_MIN), EINVAL);
	CHECK_ERR(fcntl(p[0], F_SETOWN_EX, guest_bad_address()), EFAULT);
	CHECK_ERR(fcntl(p[0], F_GETOWN_EX, guest_bad_address()), EFAULT);
	ex = (struct f_owner_ex){ 7, 0 };
	CHECK_ERR(fcntl(p[0], F_SETOWN_EX, &ex), EINVAL);
	ex = (struct f_owner_ex){ F_OWNER_TID, (int)syscall(SYS_gettid) };
	CHECK_EQ(fcntl(p[0], F_SETOWN_EX, &ex), 0);
	ex.pid = 0;
	CHECK_EQ(fcntl(p[0], F_GETOWN_EX, &ex), 0);
	CHECK_EQ(ex.type, F_OWNER_TID);
	CHECK_EQ(ex.pid, getpid());
	if (fcntl(p[0], F_GETOWNER_UIDS, ids) == 0) {
		CHECK_EQ(ids[0], getuid());
		CHECK_EQ(ids[1], geteuid());
	}
	CHECK_EQ(setpgid(0, 0), 0);
	ex = (struct f_owner_ex){ F_OWNER_PGRP, getpid() };
	CHECK_EQ(fcntl(p[0], F_SETOWN_EX, &ex), 0);
	CHECK_EQ(fcntl(p[0], F_GETOWN), -getpid()); /* by way of F_GETOWN_EX: a small negative number is no error */
	CHECK_EQ(fcntl(p[0], F_GETSIG), 0);
	CHECK_EQ(fcntl(p[0], F_SETSIG, SIGRTMIN), 0);
	CHECK_EQ(fcntl(p[0], F_GETSIG), SIGRTMIN);
	CHECK_ERR(fcntl(p[0], F_SETSIG, 65), EINVAL);
	CHECK_ERR(fcntl(p[0], F_SETSIG, -1), EINVAL);
	CHECK_EQ(fcntl(p[0], F_SETSIG, 0), 0);
}

/* The next of the blocked signals, or 0 after a second. */
static int
next_signal(siginfo_t *si)
{
	struct timespec second = { 1, 0 }, none = { 0, 0 };
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, SIGRTMIN);
	memset(si, 0, sizeof(*si));
	sig = sigtimedwait(&set, si, &none);
	if (sig < 0)
		sig = sigtimedwait(&set, si, &second);
	return sig < 0 ? 0 : sig;
}

static void
drain_signals(void)
{
	struct timespec none = { 0, 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, SIGRTMIN);
	while (sigtimedwait(&set, NULL, &none) > 0)
		;
}

static void
block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, SIGRTMIN);
	CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
}

static void
set_async(int fd, int sig)
{
	CHECK_EQ(fcntl(fd, F_SETOWN, getpid()), 0);
	CHECK_EQ(fcntl(fd, F_SETSIG, sig), 0);
	CHECK_EQ(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC), 0);
	CHECK(fcntl(fd, F_GETFL) & O_ASYNC);
}

static void
expect_signal(int fd, int code, long band)
{
	siginfo_t si;

	CHECK_EQ(next_signal(&si), SIGRTMIN);
	CHECK_EQ(si.si_code, code);
	CHECK_EQ(si.si_fd, fd);
	CHECK_EQ(si.si_band, band);
	drain_signals();
}

static void
async_pipe(void)
{
	siginfo_t si;
	int p[2], on = 0;
	char c;

	block_signals();
	CHECK_EQ(pipe(p), 0);
	set_async(p[0], SIGRTMIN);
	CHECK_EQ(write(p[1], "x", 1), 1);
	expect_signal(p[0], POLL_IN, POLLIN | POLLRDNORM);
	set_async(p[1], SIGRTMIN);
	CHECK_EQ(read(p[0], &c, 1), 1);
	expect_signal(p[1], POLL_OUT, POLLOUT | POLLWRNORM | POLLWRBAND);
	/* Without F_SETSIG: plain SIGIO. */
	CHECK_EQ(fcntl(p[0], F_SETSIG, 0), 0);
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_EQ(next_signal(&si), SIGIO);
	CHECK_EQ(si.si_code, SI_KERNEL);
	drain_signals();
	/* Switched off, here by the other way. */
	CHECK_EQ(ioctl(p[0], FIOASYNC, &on), 0);
	CHECK_EQ(fcntl(p[0], F_GETFL) & O_ASYNC, 0);
	CHECK_EQ(write(p[1], "x", 1), 1);
	sigset_t pending;
	CHECK_EQ(sigpending(&pending), 0);
	CHECK_EQ(sigismember(&pending, SIGIO), 0);
	set_async(p[0], SIGRTMIN);
	drain_signals();
	close(p[1]);
	expect_signal(p[0], POLL_IN, POLLIN | POLLRDNORM);
}

static void
async_fifo(void)
{
	int r, w;

	block_signals();
	guest_tmpdir();
	CHECK_EQ(mkfifo("p", 0600), 0);
	r = open("p", O_RDONLY | O_NONBLOCK);
	w = open("p", O_WRONLY);
	set_async(r, SIGRTMIN);
	CHECK_EQ(write(w, "x", 1), 1);
	expect_signal(r, POLL_IN, POLLIN | POLLRDNORM);
}

static void
async_socket(void)
{
	int s[2];

	block_signals();
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	set_async(s[0], SIGRTMIN);
	CHECK_EQ(write(s[1], "x", 1), 1);
	expect_signal(s[0], POLL_IN, POLLIN | POLLRDNORM);
	close(s[1]);
	expect_signal(s[0], POLL_HUP, POLLHUP | POLLERR);
}

static void
async_terminal(void)
{
	int m = open("/dev/ptmx", O_RDWR | O_NOCTTY), s;
	struct termios tio;

	block_signals();
	if (m < 0)
		return;
	CHECK_EQ(grantpt(m), 0);
	CHECK_EQ(unlockpt(m), 0);
	s = open(ptsname(m), O_RDWR | O_NOCTTY);
	CHECK(s >= 0);
	CHECK_EQ(tcgetattr(s, &tio), 0);
	tio.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	CHECK_EQ(tcsetattr(s, TCSANOW, &tio), 0);
	set_async(s, SIGRTMIN);
	CHECK_EQ(write(m, "x", 1), 1);
	expect_signal(s, POLL_IN, POLLIN | POLLRDNORM);
}

/* To one thread, to a group, and to nobody who may not be signalled. */
static void
async_owners(void)
{
	struct f_owner_ex ex = { F_OWNER_TID, (int)syscall(SYS_gettid) };
	siginfo_t si;
	int p[2];
	pid_t pid;

	block_signals();
	CHECK_EQ(pipe(p), 0);
	set_async(p[0], SIGRTMIN);
	CHECK_EQ(fcntl(p[0], F_SETOWN_EX, &ex), 0);
	CHECK_EQ(write(p[1], "x", 1), 1);
	expect_signal(p[0], POLL_IN, POLLIN | POLLRDNORM);
	CHECK_EQ(setpgid(0, 0), 0);
	CHECK_EQ(fcntl(p[0], F_SETOWN, -getpid()), 0);
	pid = guest_fork();
	if (pid == 0) {
		CHECK_EQ(next_signal(&si), SIGRTMIN);
		_exit(0);
	}
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_EQ(next_signal(&si), SIGRTMIN);
	CHECK_EXITS(pid, 0);
}

/* A closed descriptor with another of the same file left goes on. */
static void
async_after_close(void)
{
	int p[2], d;

	block_signals();
	CHECK_EQ(pipe(p), 0);
	set_async(p[0], SIGRTMIN);
	d = p[0];
	CHECK(dup(p[0]) >= 0);
	close(p[0]);
	CHECK_EQ(write(p[1], "x", 1), 1);
	expect_signal(d, POLL_IN, POLLIN | POLLRDNORM);
}

static void
write_hints(void)
{
	uint64_t hint = 9;
	int fd;

	guest_tmpdir();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	CHECK_EQ(fcntl(fd, F_GET_RW_HINT, &hint), 0);
	CHECK_EQ(hint, 0);
	hint = 3;
	CHECK_EQ(fcntl(fd, F_SET_RW_HINT, &hint), 0);
	hint = 0;
	CHECK_EQ(fcntl(fd, F_GET_RW_HINT, &hint), 0);
	CHECK_EQ(hint, 3);
	hint = 6;
	CHECK_ERR(fcntl(fd, F_SET_RW_HINT, &hint), EINVAL);
	CHECK_ERR(fcntl(fd, F_SET_RW_HINT, guest_bad_address()), EFAULT);
}

static void
vector_flags(void)
{
	struct iovec v = { "abc", 3 };
	char buf[8];
	int fd;

	guest_tmpdir();
	fd = open("f", O_RDWR | O_CREAT | O_APPEND, 0600);
	CHECK_EQ(pwritev2(fd, &v, 1, 0, RWF_DSYNC), 3);
	CHECK_EQ(pwritev2(fd, &v, 1, 0, RWF_SYNC), 3);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 6);
	CHECK_ERR(pwritev2(fd, &v, 1, -2, 0), EINVAL);
	CHECK_ERR(pwritev2(fd, &v, 1, 0, 0x40000000), EOPNOTSUPP);
	CHECK_ERR(preadv2(fd, &v, 1, 0, (int)0x80000000), EOPNOTSUPP);
	v.iov_base = buf;
	CHECK_EQ(preadv2(fd, &v, 1, 0, RWF_HIPRI), 3);
	CHECK_EQ(preadv2(fd, &v, 1, 0, RWF_APPEND | RWF_DSYNC), 3);
	v = (struct iovec){ "XYZ", 3 };
	if (pwritev2(fd, &v, 1, 0, RWF_NOAPPEND) == 3) { /* Linux 6.9 */
		CHECK_EQ(lseek(fd, 0, SEEK_END), 6);
		CHECK_EQ(pread(fd, buf, 8, 0), 6);
		CHECK_EQ(memcmp(buf, "XYZabc", 6), 0);
		CHECK_ERR(pwritev2(fd, &v, 1, 0, RWF_NOAPPEND | RWF_APPEND), EINVAL);
		CHECK_EQ(lseek(fd, 1, SEEK_SET), 1);
		CHECK_EQ(pwritev2(fd, &v, 1, -1, RWF_NOAPPEND), 3);
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
	}
}

/* RWF_NOWAIT where it is known everywhere, and files that take no flags but RWF_HIPRI. */
static void
flags_of_other_files(void)
{
	static const char *const old[] = { "/proc/self/stat", "/proc/self/maps", "/proc/self/cmdline", "." };
	char buf[4096] = "";
	struct iovec v = { buf, 8 };
	int p[2], s[2], fd;
	ssize_t n;

	CHECK_EQ(pipe(p), 0);
	CHECK_ERR(preadv2(p[0], &v, 1, -1, RWF_NOWAIT), EAGAIN);
	CHECK_EQ(pwritev2(p[1], &v, 1, -1, RWF_NOWAIT), 8);
	CHECK_EQ(preadv2(p[0], &v, 1, -1, RWF_NOWAIT), 8);
	CHECK_ERR(preadv2(p[0], &v, 1, 0, RWF_NOWAIT), ESPIPE);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	CHECK_ERR(preadv2(s[0], &v, 1, -1, RWF_NOWAIT), EAGAIN);
	CHECK_EQ(pwritev2(s[1], &v, 1, -1, RWF_NOWAIT), 8);
	CHECK_EQ(preadv2(s[0], &v, 1, -1, RWF_NOWAIT), 8);
	for (size_t i = 0; i < ARRAY_SIZE(old); i++) {
		fd = open(old[i], O_RDONLY);
		CHECK_ERR(preadv2(fd, &v, 1, 0, RWF_NOWAIT), EOPNOTSUPP);
		CHECK_ERR(preadv2(fd, &v, 1, 0, RWF_DSYNC), EOPNOTSUPP);
		CHECK_ERR(preadv2(fd, &v, 1, 0, 0x4000000), EOPNOTSUPP);
		if (i < 3)
			CHECK_EQ(preadv2(fd, &v, 1, 0, RWF_HIPRI), 8);
		else
			CHECK_ERR(preadv2(fd, &v, 1, 0, RWF_HIPRI), EISDIR);
		close(fd);
	}
	fd = open("/proc/self/comm", O_RDWR);
	CHECK_ERR(pwrite(fd, "x", 1, 0), ESPIPE);
	CHECK_EQ(write(fd, "x", 1), 1);
	fd = open("/proc/self/oom_score_adj", O_RDWR);
	n = pread(fd, buf, sizeof(buf), 0);
	CHECK(n > 0);
	CHECK_EQ(pwrite(fd, buf, (size_t)n, 0), n);
	fd = open("/dev/full", O_RDWR);
	CHECK_ERR(pwritev2(fd, &v, 1, 0, RWF_DSYNC), EOPNOTSUPP);
	CHECK_ERR(pwritev2(fd, &v, 1, 0, 0), ENOSPC);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(descriptors), T(queries), T(path_descriptors), T(status_flags), T(owners), T(async_pipe), T(async_fifo), T(async_socket), T(async_terminal),
		T(async_owners), T(async_after_close), T(write_hints), T(vector_flags), T(flags_of_other_files),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
