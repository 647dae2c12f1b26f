/* SPDX-License-Identifier: MIT
 *
 * Open files: reading, writing, positions, flags, duplicates, locks, sizes, times.
 */
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/uio.h>

#include "tests/guest/guest.h"

static void
read_write_and_positions(void)
{
	int fd = guest_new_file("0123456789");
	char buf[20] = "";

	CHECK_EQ(read(fd, buf, 4), 4);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
	CHECK_EQ(pread(fd, buf, 3, 7), 3);
	CHECK(memcmp(buf, "789", 3) == 0);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
	CHECK_EQ(write(fd, "XY", 2), 2);
	CHECK_EQ(lseek(fd, -2, SEEK_END), 8);
	CHECK_EQ(read(fd, buf, 10), 2);
	CHECK_EQ(read(fd, buf, 10), 0);
	CHECK_EQ(lseek(fd, 100, SEEK_SET), 100);
	CHECK_EQ(read(fd, buf, 1), 0);
	CHECK_EQ(write(fd, "e", 1), 1);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 101);
	CHECK_EQ(pread(fd, buf, 10, 95), 6);
	CHECK(buf[0] == 0 && buf[5] == 'e');
	CHECK_ERR(lseek(fd, -1, SEEK_SET), EINVAL);
	CHECK_ERR(lseek(fd, 0, 99), EINVAL);
	CHECK_ERR(pread(fd, buf, 1, -1), EINVAL);
	CHECK_EQ(read(fd, NULL, 0), 0);
	CHECK_ERR(read(-1, buf, 1), EBADF);
	CHECK_ERR(read(fd, guest_bad_address(), 1) == 0 ? pread(fd, guest_bad_address(), 1, 0) : -1, EFAULT);
}

static void
open_flags(void)
{
	char buf[10];
	int fd;

	close(guest_new_file("content"));
	CHECK_ERR(open("f", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	CHECK_ERR(open("g", O_RDWR), ENOENT);
	fd = open("f", O_WRONLY | O_APPEND);
	CHECK_EQ(write(fd, "+", 1), 1);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 8);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(write(fd, "+", 1), 1);
	CHECK_ERR(read(fd, buf, 1), EBADF);
	CHECK_EQ(pwrite(fd, "!", 1, 0), 1); /* Linux appends all the same */
	close(fd);
	fd = open("f", O_RDONLY);
	CHECK_EQ(read(fd, buf, 10), 10);
	CHECK(memcmp(buf, "content++!", 10) == 0);
	CHECK_ERR(write(fd, "x", 1), EBADF);
	close(fd);
	fd = open("f", O_WRONLY | O_TRUNC);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 0);
	CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_TRUNC), O_WRONLY);
	CHECK_ERR(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_ERR(open(".", O_WRONLY), EISDIR);
	CHECK_ERR(open(".", O_RDWR | O_CREAT, 0600), EISDIR);
	CHECK_EQ(symlink("f", "l"), 0);
	CHECK_ERR(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
	fd = open("l", O_PATH | O_NOFOLLOW);
	CHECK(fd >= 0);
	CHECK_ERR(read(fd, buf, 1), EBADF);
	fd = open(".", O_RDWR | O_TMPFILE, 0600);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "t", 1), 1);
}

static void
lowest_descriptor_and_dup(void)
{
	int fd = guest_new_file("abc"), d, e;
	char c;

	d = dup(fd);
	CHECK_EQ(d, fd + 1);
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(read(d, &c, 1), 1);
	CHECK_EQ(c, 'b'); /* one position */
	CHECK_EQ(dup2(fd, 50), 50);
	CHECK_EQ(dup2(fd, fd), fd);
	CHECK_ERR(dup2(49, 49), EBADF);
	CHECK_ERR(dup3(fd, fd, 0), EINVAL);
	CHECK_EQ(dup3(fd, 51, O_CLOEXEC), 51);
	CHECK_EQ(fcntl(51, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(fd, F_DUPFD, 60), 60);
	CHECK_EQ(fcntl(fd, F_DUPFD_CLOEXEC, 60), 61);
	close(fd);
	e = open("/dev/null", O_RDONLY);
	CHECK_EQ(e, fd);
	CHECK_EQ(fcntl(50, F_SETFD, FD_CLOEXEC), 0);
	CHECK_EQ(fcntl(d, F_GETFD), 0);
	CHECK_EQ(fcntl(50, F_SETFL, O_APPEND | O_NONBLOCK), 0);
	CHECK_EQ(fcntl(d, F_GETFL) & (O_APPEND | O_NONBLOCK), O_APPEND | O_NONBLOCK); /* one file */
	CHECK_ERR(fcntl(d, 9999), EINVAL);
	CHECK_ERR(close(e + 40), EBADF);
}

static void
close_ranges(void)
{
	int i;

	for (i = 20; i < 40; i++)
		CHECK_EQ(dup2(0, i), i);
	CHECK_EQ(syscall(SYS_close_range, 25, 30, 0), 0);
	CHECK(fcntl(24, F_GETFD) == 0 && fcntl(25, F_GETFD) == -1 && fcntl(30, F_GETFD) == -1 && fcntl(31, F_GETFD) == 0);
	CHECK_EQ(syscall(SYS_close_range, 31, ~0u, 4 /* CLOEXEC */), 0);
	CHECK_EQ(fcntl(31, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(syscall(SYS_close_range, 5, 4, 0), EINVAL);
}

static void
sizes(void)
{
	int fd = guest_new_file("0123456789");
	struct stat st;
	char buf[10];

	CHECK_EQ(ftruncate(fd, 4), 0);
	CHECK_EQ(ftruncate(fd, 8), 0);
	CHECK_EQ(pread(fd, buf, 10, 0), 8);
	CHECK(memcmp(buf, "0123\0\0\0\0", 8) == 0);
	CHECK_EQ(truncate("f", 100000), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 100000);
	CHECK_ERR(ftruncate(fd, -1), EINVAL);
	CHECK_ERR(truncate(".", 0), EISDIR);
	CHECK_EQ(posix_fallocate(fd, 0, 200000), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 200000);
	CHECK_EQ(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 300000), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 200000);
	CHECK_EQ(pwrite(fd, "zz", 2, 5000), 2);
	CHECK_EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 4096), 0);
	CHECK_EQ(pread(fd, buf, 2, 5000), 2);
	CHECK(buf[0] == 0 && buf[1] == 0);
	close(fd);
	fd = open("f", O_RDONLY);
	CHECK_ERR(ftruncate(fd, 0), EINVAL);
	CHECK_ERR(fallocate(fd, 0, 0, 10), EBADF);
}

static void
holes(void)
{
	int fd = guest_new_file("");
	struct stat st;

	CHECK_EQ(pwrite(fd, "x", 1, 1 << 20), 1);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, (1 << 20) + 1);
	CHECK(st.st_blocks < 2048);
	CHECK_EQ(lseek(fd, 0, SEEK_DATA), 1 << 20);
	CHECK_EQ(lseek(fd, 0, SEEK_HOLE), 0);
	CHECK_EQ(lseek(fd, 1 << 20, SEEK_HOLE), (1 << 20) + 1);
	CHECK_ERR(lseek(fd, (1 << 20) + 1, SEEK_DATA), ENXIO);
}

static void
vectors(void)
{
	int fd = guest_new_file("");
	char a[4] = "", b[4] = "";
	struct iovec w[2] = { { "abc", 3 }, { "def", 3 } }, r[2] = { { a, 2 }, { b, 3 } };

	CHECK_EQ(writev(fd, w, 2), 6);
	CHECK_EQ(preadv(fd, r, 2, 1), 5);
	CHECK_STR(a, "bc");
	CHECK_STR(b, "def");
	CHECK_EQ(pwritev(fd, w, 2, 3), 6);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 9);
	CHECK_EQ(pwritev2(fd, w, 1, -1, RWF_APPEND), 3);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 12);
	CHECK_ERR(preadv2(fd, r, 2, 0, 0x8000), EOPNOTSUPP);
	r[0].iov_base = guest_bad_address();
	CHECK_ERR(preadv(fd, r, 1, 0), EFAULT);
	CHECK_EQ(readv(fd, r, 0), 0);
}

static void
sendfile_and_copy_file_range(void)
{
	int fd = guest_new_file("0123456789"), out = open("g", O_RDWR | O_CREAT, 0600), p[2];
	off_t off = 2;
	char buf[20] = "";

	CHECK_EQ(sendfile(out, fd, &off, 4), 4);
	CHECK_EQ(off, 6);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ(pread(out, buf, 20, 0), 4);
	CHECK_STR(buf, "2345");
	CHECK_EQ(copy_file_range(fd, NULL, out, NULL, 5, 0), 5);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 5);
	CHECK_EQ(pread(out, buf, 20, 0), 9);
	CHECK_STR(buf, "234501234");
	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(sendfile(p[1], fd, NULL, 100), 5);
	CHECK_EQ(read(p[0], buf, 20), 5);
	CHECK(memcmp(buf, "56789", 5) == 0);
	CHECK_ERR(copy_file_range(fd, NULL, p[1], NULL, 5, 0), EINVAL);
}

static void
posix_locks(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 10 };
	int fd = guest_new_file("x");
	pid_t pid, me = getpid();

	CHECK_EQ(fcntl(fd, F_SETLK, &fl), 0);
	pid = guest_fork();
	if (pid == 0) {
		fl.l_start = 15;
		if (fcntl(fd, F_SETLK, &fl) != -1 || errno != EAGAIN)
			_exit(1);
		fl.l_type = F_RDLCK;
		if (fcntl(fd, F_GETLK, &fl) != 0 || fl.l_type != F_WRLCK || fl.l_pid != me || fl.l_start != 10 || fl.l_len != 10)
			_exit(2);
		fl = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 20, .l_len = 5 };
		_exit(fcntl(fd, F_SETLK, &fl) == 0 ? 0 : 3);
	}
	CHECK_EXITS(pid, 0);
	fl = (struct flock){ .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = 12, .l_len = 2 }; /* splits it */
	CHECK_EQ(fcntl(fd, F_SETLK, &fl), 0);
	pid = guest_fork();
	if (pid == 0) {
		fl = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 12, .l_len = 2 };
		if (fcntl(fd, F_SETLK, &fl) != 0)
			_exit(1);
		fl.l_len = 3;
		_exit(fcntl(fd, F_SETLK, &fl) == -1 ? 0 : 2);
	}
	CHECK_EXITS(pid, 0);
	close(open("f", O_RDONLY)); /* closing any descriptor of the file ends them all */
	pid = guest_fork();
	if (pid == 0) {
		fl = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
		_exit(fcntl(fd, F_SETLK, &fl) == 0 ? 0 : 1);
	}
	CHECK_EXITS(pid, 0);
	fl.l_type = 99;
	CHECK_ERR(fcntl(fd, F_SETLK, &fl), EINVAL);
}

static void
posix_lock_deadlock(void)
{
	struct flock a = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 }, b = a;
	int fd = guest_new_file("x"), p[2];
	char c;
	pid_t pid;

	b.l_start = 1;
	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(fcntl(fd, F_SETLK, &a), 0);
	pid = guest_fork();
	if (pid == 0) {
		if (fcntl(fd, F_SETLK, &b) != 0 || write(p[1], "x", 1) != 1)
			_exit(1);
		_exit(fcntl(fd, F_SETLKW, &a) == 0 ? 0 : 2);
	}
	CHECK_EQ(read(p[0], &c, 1), 1);
	guest_await_sleep(pid);
	CHECK_ERR(fcntl(fd, F_SETLKW, &b), EDEADLK);
	a.l_type = F_UNLCK;
	CHECK_EQ(fcntl(fd, F_SETLK, &a), 0);
	CHECK_EXITS(pid, 0);
}

static void
flock_and_ofd_locks(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int a = guest_new_file("x"), b = open("f", O_RDWR), c = dup(a);

	CHECK_EQ(flock(a, LOCK_EX), 0);
	CHECK_ERR(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	CHECK_EQ(flock(c, LOCK_SH), 0);
	CHECK_EQ(flock(b, LOCK_SH | LOCK_NB), 0);
	CHECK_EQ(flock(a, LOCK_UN), 0);
	CHECK_EQ(flock(b, LOCK_EX | LOCK_NB), 0);
	close(b);
	CHECK_EQ(flock(a, LOCK_EX | LOCK_NB), 0);
	CHECK_ERR(flock(a, 77), EINVAL);
	b = open("f", O_RDWR);
	CHECK_EQ(fcntl(a, F_OFD_SETLK, &fl), 0);
	CHECK_ERR(fcntl(b, F_OFD_SETLK, &fl), EAGAIN);
	CHECK_EQ(fcntl(c, F_OFD_SETLK, &fl), 0);
}

/* Of several locks in the way F_GETLK tells of the owner's that had its first lock before the others. */
static void
lock_in_the_way(void)
{
	struct flock fl = { .l_type = F_RDLCK, .l_start = 5 };
	int fd = guest_new_file("0123456789"), other = open("f", O_RDWR), p[2], q[2];
	pid_t pid;
	char c;

	CHECK_EQ(pipe(p) | pipe(q), 0);
	CHECK_EQ(fcntl(other, F_OFD_SETLK, &fl), 0);
	pid = guest_fork();
	if (pid == 0) {
		fl = (struct flock){ .l_type = F_RDLCK, .l_start = 1, .l_len = 5 };
		CHECK_EQ(fcntl(fd, F_SETLK, &fl), 0);
		CHECK_EQ(write(p[1], "x", 1), 1);
		CHECK_EQ(read(q[0], &c, 1), 1);
		_exit(0);
	}
	CHECK_EQ(read(p[0], &c, 1), 1);
	fl = (struct flock){ .l_type = F_WRLCK };
	CHECK_EQ(fcntl(fd, F_GETLK, &fl), 0);
	CHECK(fl.l_type == F_RDLCK && fl.l_start == 5 && fl.l_len == 0 && fl.l_pid == -1);
	fl = (struct flock){ .l_type = F_RDLCK, .l_start = 0, .l_len = 6 }; /* a part more, and one less: it stays the first */
	CHECK_EQ(fcntl(other, F_OFD_SETLK, &fl), 0);
	fl = (struct flock){ .l_type = F_UNLCK, .l_start = 2, .l_len = 1 };
	CHECK_EQ(fcntl(other, F_OFD_SETLK, &fl), 0);
	fl = (struct flock){ .l_type = F_WRLCK };
	CHECK_EQ(fcntl(fd, F_GETLK, &fl), 0);
	CHECK(fl.l_type == F_RDLCK && fl.l_start == 0 && fl.l_len == 2 && fl.l_pid == -1);
	CHECK_EQ(write(q[1], "x", 1), 1);
	CHECK_EXITS(pid, 0);
}

static void
stat_fields(void)
{
	struct stat st;
	int fd = guest_new_file("hello");

	CHECK_EQ(fstat(fd, &st), 0);
	CHECK(S_ISREG(st.st_mode));
	CHECK_EQ(st.st_mode & 07777, 0644);
	CHECK_EQ(st.st_size, 5);
	CHECK_EQ(st.st_nlink, 1);
	CHECK(st.st_uid == geteuid() && st.st_gid == getegid());
	CHECK(labs(st.st_mtime - time(NULL)) <= 5);
	CHECK_EQ(link("f", "g"), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_nlink, 2);
	CHECK_EQ(fchmod(fd, 04711), 0);
	CHECK_EQ(stat("g", &st), 0);
	CHECK_EQ(st.st_mode & 07777, 04711);
	CHECK_EQ(write(fd, "x", 1), 1); /* takes the set-user-id bit away, but from root */
	CHECK_EQ(stat("g", &st), 0);
	CHECK_EQ((st.st_mode & 04000) != 0, false || geteuid() == 0);
	CHECK_ERR(fstat(99, &st), EBADF);
	CHECK_ERR(stat("nothing", &st), ENOENT);
	CHECK_ERR(stat(guest_bad_address(), &st), EFAULT);
}

static void
statx_fields(void)
{
	struct statx x;

	close(guest_new_file("hello"));
	CHECK_EQ(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x), 0);
	CHECK_EQ(x.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
	CHECK_EQ(x.stx_size, 5);
	CHECK_EQ(x.stx_mode, S_IFREG | 0644);
	CHECK_ERR(statx(AT_FDCWD, "f", 0x40000000, STATX_ALL, &x), EINVAL);
	CHECK_ERR(statx(AT_FDCWD, "f", 0, 0x80000000, &x), EINVAL);
	CHECK_EQ(statx(open("f", O_RDONLY), "", AT_EMPTY_PATH, STATX_ALL, &x), 0);
}

static void
times_are_kept(void)
{
	struct timespec ts[2] = { { 1000, 5 }, { 2000, 6 } };
	struct stat st;
	int fd = guest_new_file("x");

	CHECK_EQ(futimens(fd, ts), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK(st.st_atim.tv_sec == 1000 && st.st_atim.tv_nsec == 5 && st.st_mtim.tv_sec == 2000 && st.st_mtim.tv_nsec == 6);
	ts[0].tv_nsec = UTIME_OMIT;
	ts[1].tv_nsec = UTIME_NOW;
	CHECK_EQ(utimensat(AT_FDCWD, "f", ts, 0), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK(st.st_atime == 1000 && labs(st.st_mtime - time(NULL)) <= 5);
	CHECK_EQ(write(fd, "y", 1), 1);
	ts[0].tv_nsec = 1000000000;
	CHECK_ERR(futimens(fd, ts), EINVAL);
	CHECK_EQ(symlink("f", "l"), 0);
	ts[0] = ts[1] = (struct timespec){ 77, 0 };
	CHECK_EQ(utimensat(AT_FDCWD, "l", ts, AT_SYMLINK_NOFOLLOW), 0);
	CHECK_EQ(lstat("l", &st), 0);
	CHECK_EQ(st.st_mtime, 77);
	CHECK_EQ(stat("f", &st), 0);
	CHECK(st.st_mtime != 77);
}

static void
unlinked_files_live_on(void)
{
	int fd = guest_new_file("kept");
	struct stat st;
	char buf[4];

	CHECK_EQ(unlink("f"), 0);
	CHECK_ERR(open("f", O_RDONLY), ENOENT);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(pread(fd, buf, 4, 0), 4);
	CHECK_EQ(write(fd, "new!", 4), 4);
}

static void
syncing(void)
{
	int fd = guest_new_file("x"), p[2];

	CHECK_EQ(fsync(fd), 0);
	CHECK_EQ(fdatasync(fd), 0);
	sync();
	CHECK_EQ(syncfs(fd), 0);
	CHECK_EQ(pipe(p), 0);
	CHECK_ERR(fsync(p[0]), EINVAL);
	CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL), 0);
	CHECK_EQ(posix_fadvise(fd, 0, 0, 99), EINVAL);
	CHECK_EQ(posix_fadvise(p[0], 0, 0, POSIX_FADV_NORMAL), ESPIPE);
	CHECK_EQ(readahead(fd, 0, 100), 0);
}

static void
file_systems(void)
{
	struct statfs s;

	CHECK_EQ(statfs("/proc", &s), 0);
	CHECK_EQ(s.f_type, 0x9fa0);
	CHECK_EQ(statfs("/dev/shm", &s), 0);
	CHECK_EQ(s.f_type, 0x01021994);
	CHECK_EQ(statfs("/", &s), 0);
	CHECK(s.f_bsize >= 512 && s.f_namelen >= 200);
	CHECK_ERR(statfs("/nothing", &s), ENOENT);
}

static void
devices(void)
{
	char buf[64];
	int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR), full = open("/dev/full", O_RDWR),
	    rnd = open("/dev/urandom", O_RDONLY), i, sum = 0;
	struct stat st;

	CHECK(null >= 0 && zero >= 0 && full >= 0 && rnd >= 0);
	CHECK_EQ(read(null, buf, 64), 0);
	CHECK_EQ(write(null, buf, 64), 64);
	memset(buf, 1, sizeof(buf));
	CHECK_EQ(read(zero, buf, 64), 64);
	for (i = 0; i < 64; i++)
		sum |= buf[i];
	CHECK_EQ(sum, 0);
	CHECK_EQ(read(full, buf, 64), 64);
	CHECK_ERR(write(full, buf, 1), ENOSPC);
	CHECK_EQ(read(rnd, buf, 64), 64);
	for (i = 0; i < 64; i++)
		sum |= buf[i];
	CHECK(sum != 0);
	CHECK_EQ(stat("/dev/null", &st), 0);
	CHECK(S_ISCHR(st.st_mode) && st.st_rdev == 0x103);
	CHECK_EQ(stat("/dev/zero", &st), 0);
	CHECK_EQ(st.st_rdev, 0x105);
	CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO); /* no controlling terminal: the driver runs us in a new session */
	CHECK_ERR(ioctl(null, TCGETS, buf), ENOTTY);
	CHECK_EQ(isatty(0), 0);
}

static void
shared_descriptors_of_proc(void)
{
	char path[32], target[256] = "";
	int fd = guest_new_file("via proc"), again;
	char buf[8], cwd[200], want[220];

	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(readlink(path, target, sizeof(target) - 1) > 0);
	snprintf(want, sizeof(want), "%s/f", cwd);
	CHECK_STR(target, want);
	again = open(path, O_RDONLY);
	CHECK_EQ(read(again, buf, 8), 8);
	CHECK(memcmp(buf, "via proc", 8) == 0);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0); /* another file */
	CHECK_EQ(unlink("f"), 0);
	memset(target, 0, sizeof(target));
	CHECK(readlink(path, target, sizeof(target) - 1) > 0);
	CHECK(strstr(target, "/f (deleted)") != NULL);
	again = open(path, O_RDONLY);
	CHECK_EQ(read(again, buf, 8), 8);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(read_write_and_positions), T(open_flags), T(lowest_descriptor_and_dup), T(close_ranges), T(sizes), T(holes),
		T(vectors), T(sendfile_and_copy_file_range), T(posix_locks), T(posix_lock_deadlock), T(flock_and_ofd_locks),
		T(lock_in_the_way), T(stat_fields), T(statx_fields), T(times_are_kept), T(unlinked_files_live_on), T(syncing), T(file_systems),
		T(devices), T(shared_descriptors_of_proc),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
