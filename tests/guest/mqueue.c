/* SPDX-License-Identifier: MIT
 *
 * POSIX message queues: mq_open and all that is done to an open queue, limits, the file system.
 */
#include <dirent.h>
#include <grp.h>
#include <limits.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "tests/guest/ipc.h"

static char buf[8192];

/* No other run has this name. */
static const char *
name_of(const char *what)
{
	static char names[4][80];
	static int n;
	char *s = names[n++ % 4];

	snprintf(s, sizeof(names[0]), "/stead-%x-%d-%s", guest_ipc_number(), (int)getpid(), what);
	return s;
}

/* A queue without a name. */
static mqd_t
make_queue(long maxmsg, long msgsize, int flags)
{
	struct mq_attr attr = { .mq_maxmsg = maxmsg, .mq_msgsize = msgsize };
	const char *name = name_of("q");
	mqd_t q = mq_open(name, O_CREAT | O_EXCL | O_RDWR | flags, 0600, &attr);

	CHECK(q >= 0);
	CHECK_EQ(mq_unlink(name), 0);
	return q;
}

static struct mq_attr
attr_of(mqd_t q)
{
	struct mq_attr a;

	memset(&a, 0xff, sizeof(a));
	CHECK_EQ(mq_getattr(q, &a), 0);
	return a;
}

/* The text of the next message; *prio is its priority. */
static const char *
next(mqd_t q, unsigned int *prio)
{
	memset(buf, 0, sizeof(buf));
	return mq_receive(q, buf, sizeof(buf), prio) < 0 ? "" : buf;
}

static int
send(mqd_t q, const char *text, unsigned int prio)
{
	return mq_send(q, text, strlen(text) + 1, prio);
}

static void
names(void)
{
	const char *name = name_of("names");
	char longest[300];
	mqd_t q, r;

	CHECK_ERR(mq_open(name, O_RDWR), ENOENT);
	CHECK_ERR(mq_unlink(name), ENOENT);
	q = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, NULL);
	CHECK(q >= 0);
	CHECK_EQ(fcntl(q, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, NULL), EEXIST);
	r = mq_open(name, O_CREAT | O_RDONLY, 0600, NULL);
	CHECK(r >= 0);
	CHECK_EQ(send(q, "through the name", 0), 0);
	CHECK_STR(next(r, NULL), "through the name");
	CHECK_ERR(send(r, "x", 0), EBADF);
	CHECK_EQ(mq_unlink(name), 0);
	CHECK_EQ(send(q, "without it", 0), 0);
	CHECK_STR(next(r, NULL), "without it");
	CHECK_ERR(mq_open(name, O_RDWR), ENOENT);
	CHECK_ERR(syscall(SYS_mq_open, "a/b", O_CREAT | O_RDWR, 0600, NULL), EACCES);
	CHECK_ERR(syscall(SYS_mq_open, "..", O_RDWR, 0600, NULL), EACCES);
	CHECK_ERR(syscall(SYS_mq_open, "", O_RDWR, 0600, NULL), ENOENT);
	CHECK_ERR(syscall(SYS_mq_open, guest_bad_address(), O_RDWR, 0600, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_mq_open, "x", O_RDWR, 0600, guest_bad_address()), EFAULT);
	memset(longest, 'a', sizeof(longest));
	longest[256] = '\0';
	CHECK_ERR(syscall(SYS_mq_open, longest, O_CREAT | O_RDWR, 0600, NULL), ENAMETOOLONG);
	CHECK_ERR(syscall(SYS_mq_unlink, longest), ENAMETOOLONG);
	r = mq_open(name, O_CREAT | O_WRONLY, 0600, NULL);
	CHECK_ERR(mq_receive(r, buf, sizeof(buf), NULL), EBADF);
	CHECK_ERR(syscall(SYS_mq_open, name + 1, 3, 0600, NULL), EINVAL);
	CHECK_EQ(mq_unlink(name), 0);
}

static void
attributes(void)
{
	struct mq_attr a = { .mq_flags = O_NONBLOCK, .mq_maxmsg = 77 }, old;
	mqd_t q = make_queue(3, 100, 0);

	CHECK_EQ(attr_of(q).mq_maxmsg, 3);
	CHECK_EQ(attr_of(q).mq_msgsize, 100);
	CHECK_EQ(attr_of(q).mq_flags, 0);
	CHECK_EQ(attr_of(q).mq_curmsgs, 0);
	CHECK_EQ(mq_setattr(q, &a, &old), 0);
	CHECK_EQ(old.mq_flags, 0);
	CHECK_EQ(attr_of(q).mq_flags, O_NONBLOCK);
	CHECK_EQ(attr_of(q).mq_maxmsg, 3);
	CHECK_EQ(fcntl(q, F_GETFL), O_RDWR | O_NONBLOCK);
	CHECK_ERR(mq_receive(q, buf, sizeof(buf), NULL), EAGAIN);
	a.mq_flags = O_APPEND;
	CHECK_ERR(mq_setattr(q, &a, NULL), EINVAL);
	CHECK_ERR(mq_setattr(q, guest_bad_address(), NULL), EFAULT);
	CHECK_ERR(mq_getattr(q, guest_bad_address()), EFAULT);
	CHECK_ERR(mq_getattr(0, &a), EBADF);
	CHECK_ERR(mq_getattr(-1, &a), EBADF);
	a = (struct mq_attr){ .mq_maxmsg = 0, .mq_msgsize = 10 };
	CHECK_ERR(mq_open(name_of("bad"), O_CREAT | O_RDWR, 0600, &a), EINVAL);
	a = (struct mq_attr){ .mq_maxmsg = 10, .mq_msgsize = -1 };
	CHECK_ERR(mq_open(name_of("bad"), O_CREAT | O_RDWR, 0600, &a), EINVAL);
	a = (struct mq_attr){ .mq_maxmsg = 65537, .mq_msgsize = 1 };
	CHECK_ERR(mq_open(name_of("bad"), O_CREAT | O_RDWR, 0600, &a), EINVAL);
	CHECK_ERR(mq_open(name_of("bad"), O_RDWR), ENOENT);
}

static void
priorities(void)
{
	mqd_t q = make_queue(10, 100, O_NONBLOCK);
	unsigned int prio = 99;

	CHECK_EQ(send(q, "a", 1), 0);
	CHECK_EQ(send(q, "b", 5), 0);
	CHECK_EQ(send(q, "c", 1), 0);
	CHECK_EQ(send(q, "d", 32767), 0);
	CHECK_EQ(send(q, "e", 5), 0);
	CHECK_EQ(send(q, "f", 0), 0);
	CHECK_ERR(send(q, "x", 32768), EINVAL);
	CHECK_EQ(attr_of(q).mq_curmsgs, 6);
	CHECK_STR(next(q, &prio), "d");
	CHECK_EQ(prio, 32767);
	CHECK_STR(next(q, NULL), "b");
	CHECK_STR(next(q, &prio), "e");
	CHECK_EQ(prio, 5);
	CHECK_STR(next(q, NULL), "a");
	CHECK_STR(next(q, NULL), "c");
	CHECK_STR(next(q, &prio), "f");
	CHECK_EQ(prio, 0);
	CHECK_STR(next(q, NULL), "");
	CHECK_EQ(errno, EAGAIN);
}

static void
sizes(void)
{
	mqd_t q = make_queue(2, 10, O_NONBLOCK);

	CHECK_ERR(mq_send(q, buf, 11, 0), EMSGSIZE);
	CHECK_EQ(mq_send(q, buf, 10, 0), 0);
	CHECK_EQ(mq_send(q, buf, 0, 0), 0);
	CHECK_ERR(mq_send(q, buf, 1, 0), EAGAIN);
	CHECK_ERR(mq_receive(q, buf, 9, NULL), EMSGSIZE);
	CHECK_EQ(mq_receive(q, buf, 10, NULL), 10);
	CHECK_EQ(mq_receive(q, buf, 10, NULL), 0);
	CHECK_ERR(mq_send(q, guest_bad_address(), 5, 0), EFAULT);
	CHECK_EQ(mq_send(q, buf, 5, 0), 0);
	CHECK_ERR(mq_receive(q, guest_bad_address(), 10, NULL), EFAULT);
	CHECK_EQ(attr_of(q).mq_curmsgs, 0);
}

static void
waiting(void)
{
	mqd_t q = make_queue(1, 100, 0);
	pid_t pid = guest_fork();

	if (pid == 0)
		_exit(strcmp(next(q, NULL), "for the receiver") != 0);
	guest_await_sleep(pid);
	CHECK_EQ(send(q, "for the receiver", 0), 0);
	CHECK_EXITS(pid, 0);
	CHECK_EQ(send(q, "full", 0), 0);
	pid = guest_fork();
	if (pid == 0)
		_exit(send(q, "waited", 7) != 0);
	guest_await_sleep(pid);
	CHECK_EQ(attr_of(q).mq_curmsgs, 1);
	CHECK_STR(next(q, NULL), "full");
	CHECK_EQ(attr_of(q).mq_curmsgs, 1);
	CHECK_EXITS(pid, 0);
	CHECK_STR(next(q, NULL), "waited");
}

static void
nothing(int sig)
{
	(void)sig;
}

static void
interrupted(void)
{
	struct sigaction sa = { .sa_handler = nothing };
	mqd_t q = make_queue(1, 100, 0);
	pid_t pid;

	CHECK_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
	sa.sa_flags = SA_RESTART;
	CHECK_EQ(sigaction(SIGUSR2, &sa, NULL), 0);
	pid = guest_fork();
	if (pid == 0) {
		CHECK_ERR(mq_receive(q, buf, sizeof(buf), NULL), EINTR);
		_exit(strcmp(next(q, NULL), "later") != 0);
	}
	guest_await_sleep(pid);
	CHECK_EQ(kill(pid, SIGUSR1), 0);
	guest_sleep_ms(10);
	guest_await_sleep(pid);
	CHECK_EQ(kill(pid, SIGUSR2), 0);
	guest_await_sleep(pid);
	CHECK_EQ(send(q, "later", 0), 0);
	CHECK_EXITS(pid, 0);
}

static void
timeouts(void)
{
	struct timespec ts, bad = { 0, 1000000000 }, past = { 1, 0 };
	mqd_t q = make_queue(1, 100, 0);

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec += 20000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	CHECK_ERR(mq_timedreceive(q, buf, sizeof(buf), NULL, &ts), ETIMEDOUT);
	CHECK_ERR(mq_timedreceive(q, buf, sizeof(buf), NULL, &past), ETIMEDOUT);
	CHECK_ERR(mq_timedreceive(q, buf, sizeof(buf), NULL, &bad), EINVAL);
	CHECK_EQ(mq_timedsend(q, "x", 1, 0, &past), 0);
	CHECK_ERR(mq_timedsend(q, "x", 1, 0, &past), ETIMEDOUT);
	CHECK_ERR(mq_timedsend(q, "x", 1, 0, &bad), EINVAL);
	CHECK_EQ(mq_timedreceive(q, buf, sizeof(buf), NULL, &past), 1);
	CHECK_ERR(syscall(SYS_mq_timedsend, q, "x", 1, 0, guest_bad_address()), EFAULT);
}

static void
polled(void)
{
	mqd_t q = make_queue(2, 100, 0);
	struct pollfd p = { .fd = q, .events = POLLIN | POLLOUT };
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(0);
	pid_t pid;

	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLOUT);
	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, q, &ev), 0);
	CHECK_EQ(epoll_wait(ep, &ev, 1, 0), 0);
	pid = guest_fork();
	if (pid == 0) {
		guest_sleep_ms(10);
		_exit(send(q, "x", 0) != 0);
	}
	CHECK_EQ(epoll_wait(ep, &ev, 1, -1), 1);
	CHECK_EXITS(pid, 0);
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN | POLLOUT);
	CHECK_EQ(send(q, "x", 0), 0);
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN);
	p.events = POLLOUT;
	pid = guest_fork();
	if (pid == 0) {
		guest_sleep_ms(10);
		_exit(strcmp(next(q, NULL), "x") != 0);
	}
	CHECK_EQ(poll(&p, 1, -1), 1);
	CHECK_EXITS(pid, 0);
}

static int told_pid, told_code, told_value, told;

static void
on_signal(int sig, siginfo_t *si, void *uc)
{
	(void)sig;
	(void)uc;
	told++;
	told_pid = si->si_pid;
	told_code = si->si_code;
	told_value = si->si_value.sival_int;
}

static void
notified(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 4711 };
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	mqd_t q = make_queue(10, 100, 0);
	pid_t pid;

	CHECK_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
	CHECK_EQ(mq_notify(q, &ev), 0);
	pid = guest_fork();
	if (pid == 0) {
		CHECK_ERR(mq_notify(q, &ev), EBUSY);
		CHECK_EQ(mq_notify(q, NULL), 0); /* not its own */
		_exit(send(q, "first", 0) != 0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_EQ(told, 1);
	CHECK_EQ(told_pid, pid);
	CHECK_EQ(told_code, SI_MESGQ);
	CHECK_EQ(told_value, 4711);
	CHECK_EQ(mq_notify(q, &ev), 0); /* once told, one has to ask again */
	CHECK_EQ(send(q, "not empty before", 0), 0);
	CHECK_EQ(told, 1);
	CHECK_STR(next(q, NULL), "first");
	CHECK_STR(next(q, NULL), "not empty before");
	CHECK_EQ(send(q, "empty before", 0), 0);
	CHECK_EQ(told, 2);
	CHECK_STR(next(q, NULL), "empty before");
	CHECK_EQ(mq_notify(q, &ev), 0);
	pid = guest_fork();
	if (pid == 0)
		_exit(strcmp(next(q, NULL), "taken") != 0);
	guest_await_sleep(pid);
	CHECK_EQ(send(q, "taken", 0), 0); /* a receiver that waits is first */
	CHECK_EXITS(pid, 0);
	CHECK_EQ(told, 2);
	CHECK_EQ(mq_notify(q, NULL), 0);
	CHECK_EQ(send(q, "nobody is told", 0), 0);
	CHECK_EQ(told, 2);
	ev.sigev_signo = 65;
	CHECK_ERR(mq_notify(q, &ev), EINVAL);
	ev.sigev_notify = 77;
	CHECK_ERR(mq_notify(q, &ev), EINVAL);
	CHECK_ERR(syscall(SYS_mq_notify, q, guest_bad_address()), EFAULT);
	CHECK_ERR(mq_notify(0, NULL), EBADF);
}

/* The registration goes with the process, and with any descriptor that it closes. */
static void
registration_ends(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_NONE };
	mqd_t q = make_queue(10, 100, 0);
	char text[100] = "", want[100];
	pid_t pid = guest_fork();

	if (pid == 0)
		_exit(mq_notify(q, &ev) != 0);
	CHECK_EXITS(pid, 0);
	CHECK_EQ(mq_notify(q, &ev), 0);
	CHECK(read(q, text, sizeof(text)) > 0);
	snprintf(want, sizeof(want), "QSIZE:%-10d NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n", 0, SIGEV_NONE, 0, (int)getpid());
	CHECK_STR(text, want);
	close(dup(q));
	CHECK_EQ(mq_notify(q, &ev), 0);
	CHECK_EQ(send(q, "five", 0), 0);
	memset(text, 0, sizeof(text));
	CHECK(pread(q, text, sizeof(text), 0) > 0);
	CHECK_STR(text, "QSIZE:5          NOTIFY:0     SIGNO:0     NOTIFY_PID:0     \n");
	CHECK_EQ(write(q, "x", 1), -1);
}

static void
permissions(void)
{
	const char *name = name_of("perm");
	mqd_t q;
	struct stat st;
	pid_t pid;

	umask(027);
	q = mq_open(name, O_CREAT | O_RDWR, 0666, NULL);
	CHECK(q >= 0);
	CHECK_EQ(fstat(q, &st), 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0640);
	CHECK_EQ(st.st_size, 80);
	CHECK_EQ(st.st_nlink, 1);
	CHECK_EQ(st.st_uid, geteuid());
	if (geteuid() == 0) {
		pid = guest_fork();
		if (pid == 0) {
			CHECK_EQ(setgroups(0, NULL), 0);
			CHECK_EQ(setuid(4321), 0);
			CHECK(mq_open(name, O_RDONLY) >= 0);
			CHECK_ERR(mq_open(name, O_WRONLY), EACCES);
			CHECK_ERR(mq_open(name, O_RDWR), EACCES);
			CHECK_ERR(syscall(SYS_mq_unlink, name + 1), EPERM);
			_exit(0);
		}
		CHECK_EXITS(pid, 0);
	}
	CHECK_EQ(mq_unlink(name), 0);
	CHECK_EQ(fstat(q, &st), 0);
	CHECK_EQ(st.st_nlink, 0);
}

/* Of a user who has no queues. */
static void
bytes_of_a_user(void)
{
	struct mq_attr a = { .mq_maxmsg = 10, .mq_msgsize = 1000 };
	struct rlimit lim = { 11000, 11000 };
	const char *name = name_of("bytes"), *second = name_of("bytes2");
	mqd_t q;

	CHECK_EQ(setrlimit(RLIMIT_MSGQUEUE, &lim), 0);
	CHECK_EQ(setuid(54321), 0);
	q = mq_open(name, O_CREAT | O_RDWR, 0600, &a);
	CHECK(q >= 0);
	CHECK_ERR(mq_open(second, O_CREAT | O_RDWR, 0600, &a), EMFILE);
	CHECK_EQ(mq_unlink(name), 0);
	CHECK_ERR(mq_open(second, O_CREAT | O_RDWR, 0600, &a), EMFILE);
	CHECK_EQ(mq_close(q), 0);
	q = mq_open(second, O_CREAT | O_RDWR, 0600, &a);
	CHECK(q >= 0);
	CHECK_EQ(mq_unlink(second), 0);
}

static void
limits(void)
{
	const char *name = name_of("lim");
	char old[100];
	pid_t pid;
	mqd_t q;

	if (!guest_own_ipc())
		return;
	pid = guest_fork();
	if (pid == 0) {
		bytes_of_a_user();
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	if (guest_read_limit("fs/mqueue/msg_default", old, sizeof(old)) || guest_write_limit("fs/mqueue/msg_default", "4"))
		return;
	CHECK_EQ(guest_write_limit("fs/mqueue/msgsize_default", "128"), 0);
	q = mq_open(name, O_CREAT | O_RDWR, 0600, NULL);
	CHECK_EQ(attr_of(q).mq_maxmsg, 4);
	CHECK_EQ(attr_of(q).mq_msgsize, 128);
	CHECK_EQ(mq_unlink(name), 0);
	CHECK_EQ(guest_write_limit("fs/mqueue/msg_default", old), 0);
	CHECK_EQ(guest_write_limit("fs/mqueue/msgsize_default", "8192"), 0);
	CHECK_EQ(guest_write_limit("fs/mqueue/msg_max", "0"), -1);
	CHECK_EQ(guest_write_limit("fs/mqueue/msgsize_max", "127"), -1);
}

/* Without a privilege: the limits of /proc/sys/fs/mqueue. */
static void
limits_of_others(void)
{
	struct mq_attr a = { .mq_maxmsg = 11, .mq_msgsize = 100 };
	const char *name = name_of("others");
	pid_t pid;

	if (!guest_own_ipc())
		return;
	pid = guest_fork();
	if (pid == 0) {
		CHECK_EQ(setuid(4321), 0);
		CHECK_ERR(mq_open(name, O_CREAT | O_RDWR, 0600, &a), EINVAL);
		a = (struct mq_attr){ .mq_maxmsg = 10, .mq_msgsize = 8193 };
		CHECK_ERR(mq_open(name, O_CREAT | O_RDWR, 0600, &a), EINVAL);
		a.mq_msgsize = 8192;
		CHECK(mq_open(name, O_CREAT | O_RDWR, 0600, &a) >= 0);
		CHECK_EQ(mq_unlink(name), 0);
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
}

static void
file_system(void)
{
	const char *name = name_of("fs");
	char path[100], text[100];
	struct dirent *d;
	struct statfs sf;
	struct stat st;
	int fd, found = 0;
	mqd_t q;
	DIR *dir;

	if (!guest_own_ipc())
		return;
	guest_tmpdir();
	CHECK_EQ(unshare(CLONE_NEWNS) == 0 || errno == EINVAL, 1);
	CHECK_EQ(mkdir("mq", 0755), 0);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 && errno != EINVAL)
		return;
	if (mount("none", "mq", "mqueue", 0, NULL) != 0)
		return; /* a container that may not mount */
	q = mq_open(name, O_CREAT | O_RDWR, 0600, NULL);
	CHECK(q >= 0);
	CHECK_EQ(send(q, "seven..", 0), 0);
	snprintf(path, sizeof(path), "mq%s", name);
	CHECK_EQ(stat(path, &st), 0);
	CHECK_EQ(st.st_size, 80);
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0);
	memset(text, 0, sizeof(text));
	CHECK(read(fd, text, sizeof(text)) > 0);
	CHECK_STR(text, "QSIZE:8          NOTIFY:0     SIGNO:0     NOTIFY_PID:0     \n");
	CHECK_EQ(mq_receive(fd, buf, sizeof(buf), NULL), 8);
	close(fd);
	CHECK_EQ(statfs("mq", &sf), 0);
	CHECK_EQ(sf.f_type, 0x19800202);
	CHECK_EQ(stat("mq", &st), 0);
	CHECK_EQ(st.st_mode, S_IFDIR | 01777);
	dir = opendir("mq");
	while ((d = readdir(dir)) != NULL)
		found += strcmp(d->d_name, name + 1) == 0;
	closedir(dir);
	CHECK_EQ(found, 1);
	CHECK_ERR(mkdir("mq/dir", 0755), EPERM);
	CHECK_ERR(rename(path, "mq/other"), EPERM);
	CHECK_ERR(link(path, "mq/other"), EPERM);
	CHECK_EQ(unlink(path), 0);
	CHECK_ERR(mq_open(name, O_RDWR), ENOENT);
	fd = open("mq/made", O_CREAT | O_RDWR, 0600);
	CHECK(fd >= 0);
	CHECK(attr_of(fd).mq_maxmsg > 0);
	CHECK_EQ(mq_unlink("/made"), 0);
	close(fd);
	CHECK_EQ(umount("mq"), 0);
}

/* Senders and receivers, more than there is room for: every message comes once. */
static void
storm(void)
{
	mqd_t q = make_queue(3, 8, 0);
	long sum = 0, n;
	pid_t pids[4];
	int i;

	for (i = 0; i < 4; i++) {
		pids[i] = guest_fork();
		if (pids[i] != 0)
			continue;
		for (n = 1; n <= 200; n++)
			CHECK_EQ(mq_send(q, (char *)&n, 8, (unsigned int)(n % 5)), 0);
		_exit(0);
	}
	for (i = 0; i < 800; i++) {
		CHECK_EQ(mq_receive(q, (char *)&n, 8, NULL), 8);
		sum += n;
	}
	CHECK_EQ(sum, 4 * 200 * 201 / 2);
	for (i = 0; i < 4; i++)
		CHECK_EXITS(pids[i], 0);
	CHECK_EQ(attr_of(q).mq_curmsgs, 0);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(names), T(attributes), T(priorities), T(sizes), T(waiting), T(interrupted), T(timeouts), T(polled), T(notified),
		T(registration_ends), T(permissions), T(limits), T(limits_of_others), T(file_system), T(storm),
	};

	guest_ipc_number();
	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
