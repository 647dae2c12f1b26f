/* SPDX-License-Identifier: MIT
 *
 * inotify(7), and F_NOTIFY of fcntl(2).
 */
#include <poll.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/xattr.h>

#include "guest.h"

#ifndef IN_MASK_CREATE
#define IN_MASK_CREATE 0x10000000
#endif

static int in;
static char buf[65536];
static ssize_t got, at;

static void
start(void)
{
	guest_tmpdir();
	in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	CHECK(in >= 0);
}

/* The next event, or NULL. */
static struct inotify_event *
next(void)
{
	struct inotify_event *e;

	if (at >= got) {
		at = 0;
		got = read(in, buf, sizeof(buf));
		if (got < 0) {
			CHECK_EQ(errno, EAGAIN);
			got = 0;
			return NULL;
		}
	}
	e = (struct inotify_event *)(buf + at);
	at += (ssize_t)(sizeof(*e) + e->len);
	CHECK_EQ(e->len % sizeof(*e), 0);
	return e;
}

static uint32_t cookie;

static void
expect(int line, int wd, uint32_t mask, const char *name)
{
	struct inotify_event *e = next();

	if (!e)
		guest_fail(__FILE__, line, "no event, not 0x%x", mask);
	if (e->wd != wd || e->mask != mask || strcmp(e->len ? e->name : "", name) != 0)
		guest_fail(__FILE__, line, "wd %d mask 0x%x name \"%s\", not wd %d mask 0x%x name \"%s\"", e->wd, e->mask,
			   e->len ? e->name : "", wd, mask, name);
	cookie = e->cookie;
}
#define EXPECT(wd, mask, name) expect(__LINE__, wd, mask, name)
#define EXPECT_NONE()                                                                                                     \
	do {                                                                                                              \
		struct inotify_event *e_ = next();                                                                        \
		if (e_)                                                                                                   \
			guest_fail(__FILE__, __LINE__, "an event: mask 0x%x name \"%s\"", e_->mask, e_->len ? e_->name : ""); \
	} while (0)

static int
watch(const char *path, uint32_t mask)
{
	int wd = inotify_add_watch(in, path, mask);

	CHECK(wd > 0);
	return wd;
}

static void
arguments(void)
{
	int null = open("/dev/null", O_RDONLY), d;

	start();
	CHECK_ERR(inotify_init1(0x40), EINVAL);
	CHECK_ERR(inotify_add_watch(999, ".", IN_OPEN), EBADF);
	CHECK_ERR(inotify_add_watch(null, ".", IN_OPEN), EINVAL);
	CHECK_ERR(inotify_rm_watch(null, 1), EINVAL);
	CHECK_ERR(inotify_rm_watch(999, 1), EBADF);
	CHECK_ERR(inotify_rm_watch(in, 1), EINVAL);
	CHECK_ERR(inotify_add_watch(in, ".", 0), EINVAL);
	CHECK_ERR(inotify_add_watch(in, "none", IN_OPEN), ENOENT);
	CHECK_ERR(inotify_add_watch(in, "", IN_OPEN), ENOENT);
	CHECK_ERR(inotify_add_watch(in, guest_bad_address(), IN_OPEN), EFAULT);
	guest_write_file("f", "x", 1, 0644);
	CHECK_ERR(inotify_add_watch(in, "f", IN_OPEN | IN_ONLYDIR), ENOTDIR);
	CHECK_ERR(inotify_add_watch(in, "f", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE), EINVAL);
	d = watch("f", IN_OPEN);
	CHECK_EQ(watch("f", IN_OPEN), d);
	CHECK_ERR(inotify_add_watch(in, "f", IN_OPEN | IN_MASK_CREATE), EEXIST);
	CHECK_EQ(inotify_rm_watch(in, d), 0);
	EXPECT(d, IN_IGNORED, "");
	CHECK_ERR(inotify_rm_watch(in, d), EINVAL);
	CHECK_EQ(watch("f", IN_OPEN), d + 1);
	if (geteuid() == 0) {
		guest_write_file("secret", "x", 1, 0600);
		CHECK_EQ(chmod(".", 0755), 0);
		CHECK_EQ(seteuid(65534), 0);
		CHECK_ERR(inotify_add_watch(in, "secret", IN_OPEN), EACCES);
		CHECK_EQ(seteuid(0), 0);
	}
}

static void
a_file_in_a_directory(void)
{
	char c;
	int d, fd;

	start();
	d = watch(".", IN_ALL_EVENTS);
	fd = open("f", O_RDWR | O_CREAT, 0600);
	EXPECT(d, IN_CREATE, "f");
	EXPECT(d, IN_OPEN, "f");
	EXPECT_NONE();
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(write(fd, "x", 1), 1);
	EXPECT(d, IN_MODIFY, "f"); /* two alike are one */
	CHECK_EQ(pread(fd, &c, 1, 0), 1);
	EXPECT(d, IN_ACCESS, "f");
	CHECK_EQ(pread(fd, &c, 1, 10), 0);
	CHECK_EQ(fsync(fd), 0);
	EXPECT_NONE();
	CHECK_EQ(ftruncate(fd, 100), 0);
	EXPECT(d, IN_MODIFY, "f");
	CHECK_EQ(fchmod(fd, 0640), 0);
	EXPECT(d, IN_ATTRIB, "f");
	CHECK_EQ(fallocate(fd, 0, 0, 4096), 0);
	EXPECT(d, IN_MODIFY, "f");
	CHECK_EQ(close(fd), 0);
	EXPECT(d, IN_CLOSE_WRITE, "f");
	CHECK_EQ(utimensat(AT_FDCWD, "f", NULL, 0), 0);
	EXPECT(d, IN_ATTRIB, "f");
	CHECK_EQ(truncate("f", 10), 0);
	EXPECT(d, IN_MODIFY, "f");
	fd = open("f", O_WRONLY | O_TRUNC);
	CHECK(next() && next()); /* IN_OPEN and IN_MODIFY; before Linux 6.8 the other way round */
	close(fd);
	EXPECT(d, IN_CLOSE_WRITE, "f");
	fd = open("f", O_PATH);
	close(fd);
	EXPECT_NONE();
	fd = open("f", O_RDONLY);
	EXPECT(d, IN_OPEN, "f");
	close(fd);
	EXPECT(d, IN_CLOSE_NOWRITE, "f");
	CHECK_EQ(chown("f", -1, getegid()), 0);
	EXPECT(d, IN_ATTRIB, "f");
	CHECK_EQ(unlink("f"), 0);
	EXPECT(d, IN_DELETE, "f");
	EXPECT_NONE();
}

static void
names(void)
{
	int d, s;
	uint32_t first;

	start();
	CHECK_EQ(mkdir("d", 0700), 0);
	CHECK_EQ(mkdir("e", 0700), 0);
	d = watch("d", IN_ALL_EVENTS);
	CHECK_EQ(mkdir("d/x", 0700), 0);
	EXPECT(d, IN_CREATE | IN_ISDIR, "x");
	CHECK_EQ(symlink("a", "d/l"), 0);
	EXPECT(d, IN_CREATE, "l");
	CHECK_EQ(mkfifo("d/p", 0600), 0);
	EXPECT(d, IN_CREATE, "p");
	guest_write_file("f", "x", 1, 0600);
	CHECK_EQ(link("f", "d/f"), 0);
	EXPECT(d, IN_CREATE, "f");
	CHECK_EQ(rename("d/f", "d/g"), 0);
	EXPECT(d, IN_MOVED_FROM, "f");
	first = cookie;
	CHECK(first != 0);
	EXPECT(d, IN_MOVED_TO, "g");
	CHECK_EQ(cookie, first);
	CHECK_EQ(rename("d/g", "e/g"), 0);
	EXPECT(d, IN_MOVED_FROM, "g");
	CHECK(cookie != first);
	CHECK_EQ(rename("e/g", "d/f"), 0);
	EXPECT(d, IN_MOVED_TO, "f");
	CHECK_EQ(rename("d/x", "d/y"), 0);
	EXPECT(d, IN_MOVED_FROM | IN_ISDIR, "x");
	EXPECT(d, IN_MOVED_TO | IN_ISDIR, "y");
	CHECK_EQ(syscall(SYS_renameat2, AT_FDCWD, "d/y", AT_FDCWD, "d/f", 2 /* RENAME_EXCHANGE */), 0);
	EXPECT(d, IN_MOVED_FROM | IN_ISDIR, "y");
	first = cookie;
	EXPECT(d, IN_MOVED_TO | IN_ISDIR, "f");
	CHECK_EQ(cookie, first);
	EXPECT(d, IN_MOVED_FROM, "f");
	CHECK(cookie != first);
	EXPECT(d, IN_MOVED_TO, "y");
	CHECK_EQ(rmdir("d/f"), 0);
	EXPECT(d, IN_DELETE | IN_ISDIR, "f");
	CHECK_EQ(unlink("d/l"), 0);
	EXPECT(d, IN_DELETE, "l");
	CHECK_EQ(chmod("d", 0755), 0);
	EXPECT(d, IN_ATTRIB | IN_ISDIR, "");
	CHECK_EQ(rename("d", "dd"), 0);
	EXPECT(d, IN_MOVE_SELF, "");
	s = open("dd", O_RDONLY);
	EXPECT(d, IN_OPEN | IN_ISDIR, "");
	CHECK(syscall(SYS_getdents64, s, buf + 32768, 1024) > 0);
	EXPECT(d, IN_ACCESS | IN_ISDIR, "");
	close(s);
	EXPECT(d, IN_CLOSE_NOWRITE | IN_ISDIR, "");
	EXPECT_NONE();
}

static void
the_end_of_a_file(void)
{
	int f, fd;

	start();
	guest_write_file("f", "x", 1, 0600);
	f = watch("f", IN_ALL_EVENTS);
	CHECK_EQ(link("f", "g"), 0);
	EXPECT(f, IN_ATTRIB, "");
	CHECK_EQ(unlink("g"), 0);
	EXPECT(f, IN_ATTRIB, "");
	fd = open("f", O_RDONLY);
	EXPECT(f, IN_OPEN, "");
	CHECK_EQ(unlink("f"), 0);
	EXPECT(f, IN_ATTRIB, "");
	EXPECT_NONE();
	close(fd);
	EXPECT(f, IN_CLOSE_NOWRITE, "");
	EXPECT(f, IN_DELETE_SELF, "");
	EXPECT(f, IN_IGNORED, "");
	EXPECT_NONE();
	CHECK_ERR(inotify_rm_watch(in, f), EINVAL);
}

static void
the_end_of_a_directory(void)
{
	int d, p;

	start();
	CHECK_EQ(mkdir("d", 0700), 0);
	d = watch("d", IN_ALL_EVENTS);
	p = watch(".", IN_ALL_EVENTS);
	CHECK_EQ(rmdir("d"), 0);
	EXPECT(d, IN_DELETE_SELF, "");
	EXPECT(d, IN_IGNORED, "");
	EXPECT(p, IN_DELETE | IN_ISDIR, "d");
	EXPECT_NONE();
	guest_write_file("a", "x", 1, 0600);
	guest_write_file("b", "x", 1, 0600);
	while (next())
		;
	d = watch("b", IN_ALL_EVENTS);
	CHECK_EQ(rename("a", "b"), 0);
	EXPECT(p, IN_MOVED_FROM, "a");
	EXPECT(p, IN_MOVED_TO, "b");
	EXPECT(d, IN_ATTRIB, "");
	EXPECT(d, IN_DELETE_SELF, "");
	EXPECT(d, IN_IGNORED, "");
	EXPECT_NONE();
}

static void
flags_of_watches(void)
{
	int d, fd;

	start();
	guest_write_file("f", "x", 1, 0600);
	d = watch("f", IN_OPEN | IN_ONESHOT);
	close(open("f", O_RDONLY));
	EXPECT(d, IN_OPEN, "");
	EXPECT(d, IN_IGNORED, "");
	EXPECT_NONE();
	d = watch("f", IN_OPEN);
	CHECK_EQ(watch("f", IN_CLOSE_NOWRITE | IN_MASK_ADD), d);
	close(open("f", O_RDONLY));
	EXPECT(d, IN_OPEN, "");
	EXPECT(d, IN_CLOSE_NOWRITE, "");
	CHECK_EQ(watch("f", IN_CLOSE_NOWRITE), d);
	close(open("f", O_RDONLY));
	EXPECT(d, IN_CLOSE_NOWRITE, "");
	EXPECT_NONE();
	CHECK_EQ(inotify_rm_watch(in, d), 0);
	EXPECT(d, IN_IGNORED, "");
	CHECK_EQ(symlink("f", "l"), 0);
	d = watch("l", IN_ATTRIB | IN_DONT_FOLLOW);
	CHECK_EQ(chmod("f", 0644), 0);
	EXPECT_NONE();
	if (lchown("l", -1, getegid()) == 0)
		EXPECT(d, IN_ATTRIB, "");
	CHECK_EQ(inotify_rm_watch(in, d), 0);
	EXPECT(d, IN_IGNORED, "");
	d = watch(".", IN_MODIFY | IN_EXCL_UNLINK);
	fd = open("f", O_WRONLY);
	CHECK_EQ(write(fd, "a", 1), 1);
	EXPECT(d, IN_MODIFY, "f");
	CHECK_EQ(unlink("f"), 0);
	CHECK_EQ(write(fd, "a", 1), 1);
	EXPECT_NONE();
	CHECK_EQ(watch(".", IN_MODIFY), d);
	CHECK_EQ(write(fd, "a", 1), 1);
	EXPECT(d, IN_MODIFY, "f");
}

static void
reading(void)
{
	struct inotify_event *e = (struct inotify_event *)buf;
	struct pollfd p;
	int n;

	start();
	p = (struct pollfd){ in, POLLIN | POLLOUT, 0 };
	CHECK_EQ(poll(&p, 1, 0), 0);
	CHECK_EQ(ioctl(in, FIONREAD, &n), 0);
	CHECK_EQ(n, 0);
	CHECK_ERR(read(in, buf, 1), EAGAIN);
	watch(".", IN_CREATE);
	CHECK_EQ(mkdir("short", 0700), 0);
	CHECK_EQ(mkdir("a-name-of-sixteen-and-more-bytes", 0700), 0);
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN);
	CHECK_EQ(ioctl(in, FIONREAD, &n), 0);
	CHECK_EQ(n, 16 + 16 + 16 + 48);
	CHECK_ERR(read(in, buf, 31), EINVAL);
	CHECK_EQ(read(in, buf, 32), 32);
	CHECK_EQ(e->len, 16);
	CHECK_EQ(memcmp(e->name, "short\0\0\0\0\0\0\0\0\0\0\0", 16), 0);
	CHECK_EQ(read(in, buf, sizeof(buf)), 64);
	CHECK_ERR(write(in, buf, 1), EBADF);
	CHECK_EQ(mkdir("x", 0700), 0);
	CHECK_ERR(read(in, guest_bad_address(), 100), EFAULT);
}

static void
blocking_read(void)
{
	pid_t pid;
	int d;

	guest_tmpdir();
	in = inotify_init();
	d = watch(".", IN_CREATE);
	pid = guest_fork();
	if (pid == 0) {
		EXPECT(d, IN_CREATE | IN_ISDIR, "x");
		_exit(0);
	}
	guest_await_sleep(pid);
	CHECK_EQ(mkdir("x", 0700), 0);
	CHECK_EXITS(pid, 0);
}

static void
attributes(void)
{
	int d;

	start();
	guest_write_file("f", "x", 1, 0600);
	d = watch("f", IN_ALL_EVENTS);
	if (setxattr("f", "user.a", "b", 1, 0) == 0) {
		EXPECT(d, IN_ATTRIB, "");
		CHECK_EQ(removexattr("f", "user.a"), 0);
		EXPECT(d, IN_ATTRIB, "");
	}
	struct timespec ts[2] = { { 1, 0 }, { 0, UTIME_OMIT } };
	CHECK_EQ(utimensat(AT_FDCWD, "f", ts, 0), 0);
	EXPECT(d, IN_ACCESS, "");
	ts[0].tv_nsec = UTIME_OMIT;
	ts[1].tv_nsec = 0;
	CHECK_EQ(utimensat(AT_FDCWD, "f", ts, 0), 0);
	EXPECT(d, IN_MODIFY, "");
	EXPECT_NONE();
}

static void
overflow(void)
{
	int d, n = 0, max = 16384;
	FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	uint32_t last = 0;

	if (f) {
		CHECK_EQ(fscanf(f, "%d", &max), 1);
		fclose(f);
	}
	if (max > 70000)
		return;
	start();
	guest_write_file("f", "x", 1, 0600);
	d = watch("f", IN_OPEN | IN_CLOSE);
	for (int i = 0; i < max / 2 + 10; i++)
		close(open("f", O_RDONLY));
	for (struct inotify_event *e; (e = next()); n++) {
		CHECK_EQ(e->wd, e->mask == IN_Q_OVERFLOW ? -1 : d);
		last = e->mask;
	}
	CHECK_EQ(last, IN_Q_OVERFLOW);
	CHECK_EQ(n, max + 1);
	close(open("f", O_RDONLY));
	EXPECT(d, IN_OPEN, "");
	EXPECT(d, IN_CLOSE_NOWRITE, "");
}

static void
unmounting(void)
{
	int d;

	start();
	CHECK_EQ(mkdir("m", 0700), 0);
	if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("t", "m", "tmpfs", 0, NULL) != 0)
		return;
	guest_write_file("m/f", "x", 1, 0600);
	d = watch("m/f", IN_ALL_EVENTS);
	CHECK_EQ(umount("m"), 0);
	EXPECT(d, IN_UNMOUNT, "");
	EXPECT(d, IN_IGNORED, "");
	EXPECT_NONE();
}

static void
closing_with_watches(void)
{
	start();
	watch(".", IN_ALL_EVENTS);
	guest_write_file("f", "x", 1, 0600);
	close(in);
	CHECK_EQ(unlink("f"), 0);
}

static volatile sig_atomic_t dn_fd, dn_count;

static void
on_signal(int sig, siginfo_t *si, void *ctx)
{
	dn_fd = si->si_fd;
	dn_count++;
}

static void
directory_notification(void)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	int d, f;

	guest_tmpdir();
	sigaction(SIGRTMIN + 1, &sa, NULL);
	sigaction(SIGIO, &sa, NULL);
	CHECK_EQ(mkdir("d", 0700), 0);
	guest_write_file("f", "x", 1, 0600);
	f = open("f", O_RDONLY);
	d = open("d", O_RDONLY);
	CHECK_ERR(fcntl(f, F_NOTIFY, DN_CREATE), ENOTDIR);
	CHECK_EQ(fcntl(d, F_SETSIG, SIGRTMIN + 1), 0);
	CHECK_EQ(fcntl(d, F_NOTIFY, DN_CREATE), 0);
	CHECK_EQ(fcntl(d, F_GETOWN), getpid());
	guest_write_file("d/a", "x", 1, 0600);
	CHECK_EQ(dn_count, 1);
	CHECK_EQ(dn_fd, d);
	guest_write_file("d/b", "x", 1, 0600);
	CHECK_EQ(dn_count, 1); /* once */
	CHECK_EQ(fcntl(d, F_NOTIFY, DN_DELETE | DN_MODIFY | DN_MULTISHOT), 0);
	CHECK_EQ(unlink("d/a"), 0);
	CHECK_EQ(dn_count, 2);
	CHECK_EQ(rename("d/b", "b"), 0);
	CHECK_EQ(dn_count, 3);
	CHECK_EQ(rename("b", "d/b"), 0);
	CHECK_EQ(dn_count, 3);
	CHECK_EQ(truncate("d/b", 0), 0);
	CHECK_EQ(dn_count, 4);
	CHECK_EQ(fcntl(d, F_NOTIFY, DN_RENAME | DN_ATTRIB | DN_ACCESS | DN_MULTISHOT), 0);
	CHECK_EQ(rename("d/b", "d/c"), 0);
	CHECK_EQ(dn_count >= 5, 1);
	dn_count = 0;
	CHECK_EQ(chmod("d/c", 0640), 0);
	CHECK_EQ(dn_count, 1);
	CHECK_EQ(fcntl(d, F_NOTIFY, 0), 0);
	CHECK_EQ(chmod("d/c", 0600), 0);
	CHECK_EQ(dn_count, 1);
	CHECK_EQ(fcntl(d, F_NOTIFY, DN_ATTRIB | DN_MULTISHOT), 0);
	close(dup(d)); /* any close ends it */
	CHECK_EQ(chmod("d/c", 0640), 0);
	CHECK_EQ(dn_count, 1);
	CHECK_EQ(fcntl(d, F_SETSIG, 0), 0);
	CHECK_EQ(fcntl(d, F_NOTIFY, DN_ATTRIB), 0);
	CHECK_EQ(chmod("d/c", 0600), 0);
	CHECK_EQ(dn_count, 2);
}

static void
renaming_in_a_directory(void)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	int d;

	guest_tmpdir();
	sigaction(SIGRTMIN + 1, &sa, NULL);
	CHECK_EQ(mkdir("d", 0700) | mkdir("e", 0700), 0);
	guest_write_file("d/a", "x", 1, 0600);
	d = open("d", O_RDONLY);
	CHECK_EQ(fcntl(d, F_SETSIG, SIGRTMIN + 1), 0);
	CHECK_EQ(fcntl(d, F_NOTIFY, DN_RENAME | DN_MULTISHOT), 0);
	CHECK_EQ(rename("d/a", "e/a"), 0);
	CHECK_EQ(rename("e/a", "d/a"), 0);
	CHECK_EQ(dn_count, 0);
	CHECK_EQ(rename("d/a", "d/b"), 0);
	CHECK_EQ(dn_count, 1);
}

static void
flags_in_fdinfo(void)
{
	char path[64], text[512] = "", want[64];
	FILE *f;

	start();
	CHECK(inotify_add_watch(in, ".", IN_CREATE | IN_ONESHOT | IN_EXCL_UNLINK | IN_ONLYDIR) >= 0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", in);
	f = fopen(path, "r");
	CHECK(f && fread(text, 1, sizeof(text) - 1, f) > 0);
	snprintf(want, sizeof(want), "mask:%x ", (unsigned int)(IN_CREATE | IN_ONESHOT | IN_EXCL_UNLINK));
	CHECK(strstr(text, want));
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(arguments), T(a_file_in_a_directory), T(names), T(the_end_of_a_file), T(the_end_of_a_directory), T(flags_of_watches),
		T(reading), T(blocking_read), T(attributes), T(overflow), T(unmounting), T(closing_with_watches), T(directory_notification),
		T(renaming_in_a_directory), T(flags_in_fdinfo),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
