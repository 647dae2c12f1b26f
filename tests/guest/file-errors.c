/* SPDX-License-Identifier: MIT
 *
 * The errors that the man pages list, call by call, for descriptors and flags; those of paths are in path.c.
 */
#include <dirent.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <sys/xattr.h>

#include "guest.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef FALLOC_FL_COLLAPSE_RANGE
#define FALLOC_FL_COLLAPSE_RANGE 8
#define FALLOC_FL_ZERO_RANGE 16
#define FALLOC_FL_INSERT_RANGE 32
#endif

static int file, rd_only, wr_only, dir, path_fd, p[2];

/* A file of five bytes in several ways, a directory, a pipe. */
static void
setup(void)
{
	guest_tmpdir();
	umask(022);
	guest_write_file("f", "12345", 5, 0644);
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(symlink("f", "l"), 0);
	file = open("f", O_RDWR);
	rd_only = open("f", O_RDONLY);
	wr_only = open("f", O_WRONLY);
	dir = open("d", O_RDONLY | O_DIRECTORY);
	path_fd = open("f", O_PATH);
	CHECK(file >= 0 && rd_only >= 0 && wr_only >= 0 && dir >= 0 && path_fd >= 0);
	CHECK_EQ(pipe(p), 0);
}

static void
reading_and_writing(void)
{
	void *bad = guest_bad_address();
	char c;

	setup();
	CHECK_ERR(read(-1, &c, 1), EBADF);
	CHECK_ERR(read(wr_only, &c, 1), EBADF);
	CHECK_ERR(write(rd_only, &c, 1), EBADF);
	CHECK_ERR(read(path_fd, &c, 1), EBADF);
	CHECK_ERR(write(path_fd, &c, 1), EBADF);
	CHECK_ERR(read(dir, &c, 1), EISDIR);
	CHECK_ERR(write(dir, &c, 1), EBADF);
	CHECK_ERR(read(rd_only, bad, 1), EFAULT);
	CHECK_ERR(write(wr_only, bad, 1), EFAULT);
	CHECK_EQ(read(rd_only, bad, 0), 0);
	CHECK_EQ(write(wr_only, bad, 0), 0);
	CHECK_ERR(read(wr_only, bad, 0), EBADF);
	CHECK_ERR(syscall(SYS_read, rd_only, &c, -1L), EFAULT);
	CHECK_ERR(syscall(SYS_read, rd_only, &c, 1L << 47), EFAULT);
	CHECK_ERR(syscall(SYS_read, wr_only, &c, -1L), EBADF);
	CHECK_ERR(syscall(SYS_write, wr_only, &c, -1L), EFAULT);
	CHECK_ERR(syscall(SYS_pread64, rd_only, &c, -1L, 0), EFAULT);
	CHECK_ERR(pread(p[0], &c, 1, 0), ESPIPE);
	CHECK_ERR(pwrite(p[1], &c, 1, 0), ESPIPE);
	CHECK_ERR(pread(p[1], &c, 1, 0), ESPIPE); /* before the access mode is looked at */
	CHECK_ERR(pwrite(p[0], &c, 1, 0), ESPIPE);
	CHECK_ERR(pread(rd_only, &c, 1, -1), EINVAL);
	CHECK_ERR(pwrite(wr_only, &c, 1, -1), EINVAL);
	CHECK_ERR(pread(wr_only, &c, 1, 0), EBADF);
	CHECK_ERR(pwrite(rd_only, &c, 1, 0), EBADF);
	CHECK_ERR(pread(dir, &c, 1, 0), EISDIR);
	CHECK_ERR(pread(-1, &c, 1, 0), EBADF);
	CHECK_EQ(pread(rd_only, &c, 1, LLONG_MAX - 1), 0);
	CHECK_ERR(pread(rd_only, &c, 2, LLONG_MAX), EINVAL);
	CHECK_ERR(pwrite(wr_only, &c, 2, LLONG_MAX), EINVAL);
}

static void
vectors(void)
{
	static struct iovec many[UIO_MAXIOV + 1];
	struct iovec v[2] = { { "ab", 2 }, { "cd", 2 } };
	char b[4];

	setup();
	CHECK_ERR(readv(rd_only, many, UIO_MAXIOV + 1), EINVAL);
	CHECK_EQ(readv(rd_only, many, UIO_MAXIOV), 0);
	CHECK_EQ(readv(rd_only, NULL, 0), 0);
	CHECK_EQ(writev(wr_only, NULL, 0), 0);
	CHECK_ERR(readv(rd_only, v, -1), EINVAL);
	CHECK_ERR(readv(rd_only, guest_bad_address(), 1), EFAULT);
	v[1].iov_len = (size_t)-1;
	CHECK_ERR(writev(wr_only, v, 2), EINVAL);
	v[1].iov_len = 2;
	CHECK_ERR(writev(rd_only, v, 2), EBADF);
	CHECK_ERR(preadv(p[0], v, 2, 0), ESPIPE);
	CHECK_ERR(pwritev(p[1], v, 2, 0), ESPIPE);
	CHECK_ERR(preadv(rd_only, v, 2, -1), EINVAL);
	CHECK_ERR(readv(dir, v, 2), EISDIR);
	v[1] = (struct iovec){ guest_bad_address(), 2 };
	v[0] = (struct iovec){ b, 2 };
	CHECK_EQ(preadv(rd_only, v, 2, 0), 2); /* as far as it goes */
	CHECK_EQ(memcmp(b, "12", 2), 0);
}

static void
seeking(void)
{
	setup();
	CHECK_ERR(lseek(-1, 0, SEEK_SET), EBADF);
	CHECK_ERR(lseek(p[0], 0, SEEK_SET), ESPIPE);
	CHECK_ERR(lseek(path_fd, 0, SEEK_SET), EBADF);
	CHECK_ERR(lseek(file, 0, 5), EINVAL);
	CHECK_ERR(lseek(file, 0, -1), EINVAL);
	CHECK_ERR(lseek(file, -1, SEEK_SET), EINVAL);
	CHECK_ERR(lseek(file, -6, SEEK_END), EINVAL);
	CHECK_EQ(lseek(file, 3, SEEK_SET), 3);
	CHECK_ERR(lseek(file, -4, SEEK_CUR), EINVAL);
	CHECK_ERR(lseek(file, LLONG_MAX, SEEK_CUR), EINVAL);
	CHECK_EQ(lseek(file, 0, SEEK_CUR), 3);
	CHECK_EQ(lseek(file, 0, SEEK_DATA), 0);
	CHECK_EQ(lseek(file, 2, SEEK_DATA), 2);
	CHECK_EQ(lseek(file, 2, SEEK_HOLE), 5);
	CHECK_ERR(lseek(file, 5, SEEK_DATA), ENXIO);
	CHECK_ERR(lseek(file, 5, SEEK_HOLE), ENXIO);
	CHECK_ERR(lseek(file, -1, SEEK_DATA), ENXIO);
	CHECK_ERR(lseek(file, -1, SEEK_HOLE), ENXIO);
	CHECK_EQ(lseek(dir, 0, SEEK_SET), 0);
}

static void
sizes(void)
{
	setup();
	CHECK_ERR(ftruncate(-1, 0), EBADF);
	CHECK_ERR(ftruncate(rd_only, 0), EINVAL);
	CHECK_ERR(ftruncate(p[1], 0), EINVAL);
	CHECK_ERR(ftruncate(dir, 0), EINVAL);
	CHECK_ERR(ftruncate(file, -1), EINVAL);
	CHECK_ERR(ftruncate(path_fd, 0), EBADF);
	CHECK_ERR(truncate("f", -1), EINVAL);
	CHECK_ERR(truncate("d", 0), EISDIR);
	CHECK_EQ(mkfifo("p", 0600), 0);
	CHECK_ERR(truncate("p", 0), EINVAL);
	CHECK_ERR(fallocate(-1, 0, 0, 1), EBADF);
	CHECK_ERR(fallocate(rd_only, 0, 0, 1), EBADF);
	CHECK_ERR(fallocate(path_fd, 0, 0, 1), EBADF);
	CHECK_ERR(fallocate(file, 0, -1, 1), EINVAL);
	CHECK_ERR(fallocate(file, 0, 0, 0), EINVAL);
	CHECK_ERR(fallocate(file, 0, 0, -1), EINVAL);
	CHECK_ERR(fallocate(file, 0, LLONG_MAX, 1), EFBIG);
	CHECK_ERR(fallocate(file, 0x1000, 0, 1), EOPNOTSUPP);
	CHECK_ERR(fallocate(file, FALLOC_FL_PUNCH_HOLE, 0, 1), EOPNOTSUPP);
	CHECK_ERR(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE | FALLOC_FL_ZERO_RANGE, 0, 1), EOPNOTSUPP);
	CHECK(fallocate(file, FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_KEEP_SIZE, 0, 4096) < 0 && (errno == EINVAL || errno == EOPNOTSUPP));
	CHECK_ERR(fallocate(p[1], 0, 0, 1), ESPIPE);
	CHECK_ERR(fallocate(dir, 0, 0, 1), EBADF);
}

static void
limits_of_files(void)
{
	struct rlimit lim = { 100, 100 };
	char buf[200] = { 0 };
	sigset_t set;

	setup();
	sigemptyset(&set);
	sigaddset(&set, SIGXFSZ);
	CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &lim), 0);
	CHECK_EQ(pwrite(file, buf, 200, 0), 100);
	CHECK_ERR(pwrite(file, buf, 1, 100), EFBIG);
	siginfo_t si;
	struct timespec none = { 0, 0 };
	CHECK_EQ(sigtimedwait(&set, &si, &none), SIGXFSZ);
	CHECK_ERR(ftruncate(file, 101), EFBIG);
	CHECK_EQ(sigtimedwait(&set, &si, &none), SIGXFSZ);
	CHECK_ERR(truncate("f", 101), EFBIG);
	CHECK_EQ(sigtimedwait(&set, &si, &none), SIGXFSZ);
	CHECK_ERR(fallocate(file, 0, 0, 101), EFBIG);
	CHECK_EQ(sigtimedwait(&set, &si, &none), SIGXFSZ);
	CHECK_EQ(pwrite(file, buf, 0, 200), 0);
	CHECK_EQ(ftruncate(file, 50), 0);
	CHECK_ERR(sigtimedwait(&set, &si, &none), EAGAIN);
}

static void
stat_and_statx(void)
{
	struct statx stx;
	struct statfs sf;
	struct stat st;
	void *bad = guest_bad_address();

	setup();
	CHECK_ERR(fstat(-1, &st), EBADF);
	CHECK_EQ(fstat(path_fd, &st), 0);
	CHECK_ERR(syscall(SYS_fstat, file, bad), EFAULT);
	CHECK_ERR(syscall(SYS_newfstatat, AT_FDCWD, "f", &st, 0x10), EINVAL);
	CHECK_ERR(syscall(SYS_newfstatat, AT_FDCWD, "", &st, 0), ENOENT);
	CHECK_EQ(syscall(SYS_newfstatat, AT_FDCWD, "", &st, AT_EMPTY_PATH), 0);
	CHECK_EQ(S_ISDIR(st.st_mode), 1);
	CHECK_ERR(syscall(SYS_newfstatat, 999, "f", &st, 0), EBADF);
	CHECK_ERR(syscall(SYS_newfstatat, file, "f", &st, 0), ENOTDIR);
	CHECK_ERR(statx(AT_FDCWD, "f", 0x10, STATX_ALL, &stx), EINVAL);
	CHECK_ERR(statx(AT_FDCWD, "f", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_ALL, &stx), EINVAL);
	CHECK_ERR(statx(AT_FDCWD, "f", 0, 0x80000000u, &stx), EINVAL);
	CHECK_ERR(syscall(SYS_statx, AT_FDCWD, "f", 0, STATX_ALL, bad), EFAULT);
	CHECK_ERR(syscall(SYS_statx, AT_FDCWD, bad, 0, STATX_ALL, &stx), EFAULT);
	CHECK_EQ(statx(AT_FDCWD, "f", AT_STATX_DONT_SYNC, STATX_SIZE, &stx), 0);
	CHECK_EQ(stx.stx_size, 5);
	CHECK_EQ(statx(path_fd, "", AT_EMPTY_PATH, STATX_SIZE, &stx), 0);
	CHECK_ERR(statx(path_fd, "", 0, STATX_SIZE, &stx), ENOENT);
	CHECK_EQ(statx(AT_FDCWD, "l", AT_SYMLINK_NOFOLLOW, STATX_MODE, &stx), 0);
	CHECK_EQ(S_ISLNK(stx.stx_mode), 1);
	CHECK_ERR(fstatfs(-1, &sf), EBADF);
	CHECK_EQ(fstatfs(path_fd, &sf), 0);
	CHECK_ERR(syscall(SYS_fstatfs, file, bad), EFAULT);
	CHECK_ERR(statfs("none", &sf), ENOENT);
	CHECK_EQ(fstatfs(p[0], &sf), 0);
	CHECK_EQ(sf.f_type, 0x50495045);
}

static void
access_and_modes(void)
{
	setup();
	CHECK_ERR(access("f", 8), EINVAL);
	CHECK_ERR(access("f", -1), EINVAL);
	CHECK_ERR(syscall(439, AT_FDCWD, "f", R_OK, 1), EINVAL); /* faccessat2 */
	CHECK_EQ(syscall(439, AT_FDCWD, "l", R_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW), 0);
	CHECK_EQ(syscall(439, path_fd, "", R_OK, AT_EMPTY_PATH), 0);
	CHECK_ERR(syscall(439, path_fd, "", R_OK, 0), ENOENT);
	CHECK_ERR(syscall(439, 999, "f", R_OK, 0), EBADF);
	CHECK_ERR(access("f", X_OK), EACCES);
	CHECK_ERR(fchmod(-1, 0), EBADF);
	CHECK_ERR(fchmod(path_fd, 0644), EBADF);
	CHECK_ERR(fchown(path_fd, -1, -1), EBADF);
	CHECK_ERR(fchownat(AT_FDCWD, "f", -1, -1, 0x10), EINVAL);
	CHECK_EQ(fchownat(path_fd, "", -1, -1, AT_EMPTY_PATH), 0);
	CHECK_EQ(fchownat(AT_FDCWD, "l", -1, -1, AT_SYMLINK_NOFOLLOW), 0);
	if (syscall(SYS_fchmodat2, AT_FDCWD, "f", 0644, 0) == 0) { /* Linux 6.6 */
		CHECK_ERR(syscall(SYS_fchmodat2, AT_FDCWD, "f", 0644, 0x10), EINVAL);
		CHECK_ERR(syscall(SYS_fchmodat2, AT_FDCWD, "l", 0644, AT_SYMLINK_NOFOLLOW), EOPNOTSUPP);
		CHECK_EQ(syscall(SYS_fchmodat2, path_fd, "", 0600, AT_EMPTY_PATH), 0);
		CHECK_EQ(syscall(SYS_fchmodat2, AT_FDCWD, "f", 0644, AT_SYMLINK_NOFOLLOW), 0);
	}
}

static void
times(void)
{
	struct timespec ts[2] = { { 1, 2 }, { 3, 4 } };
	struct stat st;

	setup();
	CHECK_EQ(utimensat(AT_FDCWD, "f", ts, 0), 0);
	CHECK_ERR(utimensat(AT_FDCWD, "f", ts, 0x10), EINVAL);
	CHECK_ERR(utimensat(AT_FDCWD, "none", ts, 0), ENOENT);
	CHECK_ERR(utimensat(999, "f", ts, 0), EBADF);
	CHECK_ERR(syscall(SYS_utimensat, AT_FDCWD, NULL, ts, 0), EFAULT);
	CHECK_EQ(syscall(SYS_utimensat, rd_only, NULL, ts, 0), 0);
	CHECK_ERR(syscall(SYS_utimensat, rd_only, NULL, ts, AT_SYMLINK_NOFOLLOW), EINVAL);
	CHECK_ERR(syscall(SYS_utimensat, path_fd, NULL, ts, 0), EBADF);
	CHECK_ERR(syscall(SYS_utimensat, AT_FDCWD, "f", guest_bad_address(), 0), EFAULT);
	ts[0].tv_nsec = 1000000000;
	CHECK_ERR(utimensat(AT_FDCWD, "f", ts, 0), EINVAL);
	ts[0].tv_nsec = -1;
	CHECK_ERR(utimensat(AT_FDCWD, "f", ts, 0), EINVAL);
	ts[0].tv_nsec = UTIME_OMIT;
	ts[1].tv_nsec = UTIME_OMIT;
	CHECK_EQ(utimensat(AT_FDCWD, "none", ts, 0), 0); /* nothing to do is not looked at */
	ts[1].tv_nsec = 7;
	CHECK_EQ(utimensat(AT_FDCWD, "f", ts, 0), 0);
	CHECK_EQ(stat("f", &st), 0);
	CHECK_EQ(st.st_atim.tv_nsec, 2);
	CHECK_EQ(st.st_mtim.tv_nsec, 7);
	if (geteuid() == 0) {
		CHECK_EQ(chmod(".", 0755), 0);
		CHECK_EQ(seteuid(65534), 0);
		CHECK_ERR(utimensat(AT_FDCWD, "f", ts, 0), EPERM);
		CHECK_ERR(utimensat(AT_FDCWD, "f", NULL, 0), EACCES);
		CHECK_EQ(seteuid(0), 0);
	}
}

static void
names(void)
{
	char b[8];

	setup();
	CHECK_ERR(linkat(AT_FDCWD, "f", AT_FDCWD, "g", 0x10), EINVAL);
	CHECK_ERR(link("d", "g"), EPERM);
	CHECK_ERR(link("f", "d"), EEXIST);
	CHECK_ERR(unlinkat(AT_FDCWD, "f", 1), EINVAL);
	CHECK_ERR(unlinkat(AT_FDCWD, "f", AT_REMOVEDIR), ENOTDIR);
	CHECK_ERR(unlink("d"), EISDIR);
	CHECK_ERR(rmdir("."), EINVAL);
	CHECK_ERR(rmdir("d/.."), ENOTEMPTY);
	CHECK_ERR(readlink("f", b, sizeof(b)), EINVAL);
	CHECK_ERR(syscall(SYS_readlink, "l", b, 0), EINVAL);
	CHECK_ERR(syscall(SYS_readlink, "l", b, -1), EINVAL);
	CHECK_ERR(syscall(SYS_readlink, "l", guest_bad_address(), 8), EFAULT);
	CHECK_ERR(readlinkat(file, "", b, sizeof(b)), ENOENT);
	CHECK_ERR(symlink("", "s"), ENOENT);
	CHECK_ERR(symlink("x", "f"), EEXIST);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "g", 8), EINVAL);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "g", RENAME_NOREPLACE | RENAME_EXCHANGE), EINVAL);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "g", RENAME_WHITEOUT | RENAME_EXCHANGE), EINVAL);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "d", RENAME_NOREPLACE), EEXIST);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "g", RENAME_EXCHANGE), ENOENT);
	CHECK_ERR(mknod("f", S_IFREG | 0600, 0), EEXIST);
	CHECK_ERR(mknod("n", S_IFDIR | 0600, 0), EPERM);
	CHECK_ERR(mknod("n", 0170000 | 0600, 0), EINVAL);
	CHECK_ERR(mkdir("f", 0700), EEXIST);
	CHECK_ERR(mkdir("f/x", 0700), ENOTDIR);
	CHECK_ERR(chdir("f"), ENOTDIR);
	CHECK_ERR(fchdir(file), ENOTDIR);
	CHECK_ERR(fchdir(-1), EBADF);
	CHECK_ERR(syscall(SYS_getcwd, b, 1), ERANGE);
	if (geteuid() != 0)
		CHECK_ERR(chroot("."), EPERM);
	else
		CHECK_ERR(chroot("f"), ENOTDIR);
}

static void
opening(void)
{
	setup();
	CHECK_ERR(open("f", O_DIRECTORY | O_RDONLY), ENOTDIR);
	CHECK_ERR(open("d", O_WRONLY), EISDIR);
	CHECK_ERR(open("d", O_RDONLY | O_CREAT, 0600), EISDIR);
	CHECK_ERR(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_ERR(open("f", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	CHECK_ERR(open("l", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	CHECK_ERR(open("d", O_TMPFILE | O_RDONLY, 0600), EINVAL);
	CHECK_ERR(open("f", O_TMPFILE | O_RDWR, 0600), ENOTDIR);
	CHECK_ERR(open("none", O_TMPFILE | O_RDWR, 0600), ENOENT);
	CHECK_ERR(open("g/", O_RDWR | O_CREAT, 0600), EISDIR);
	CHECK_ERR(openat(file, "f", O_RDONLY), ENOTDIR);
	CHECK_ERR(openat(999, "f", O_RDONLY), EBADF);
	CHECK_EQ(mkfifo("p", 0600), 0);
	CHECK_ERR(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
	struct { uint64_t flags, mode, resolve; } how = { 0, 0, 0 };
	CHECK_ERR(syscall(437, AT_FDCWD, "f", &how, sizeof(how) - 1), EINVAL);
	CHECK_ERR(syscall(437, AT_FDCWD, "f", &how, 5000), E2BIG);
	CHECK_ERR(syscall(437, AT_FDCWD, "f", guest_bad_address(), sizeof(how)), EFAULT);
	how.mode = 0600;
	CHECK_ERR(syscall(437, AT_FDCWD, "f", &how, sizeof(how)), EINVAL);
	how.mode = 0;
	how.resolve = 0x100;
	CHECK_ERR(syscall(437, AT_FDCWD, "f", &how, sizeof(how)), EINVAL);
	how.resolve = 0;
	how.flags = 1ull << 40;
	CHECK_ERR(syscall(437, AT_FDCWD, "f", &how, sizeof(how)), EINVAL);
	how.flags = O_CREAT;
	how.mode = 010000;
	CHECK_ERR(syscall(437, AT_FDCWD, "f", &how, sizeof(how)), EINVAL);
	struct rlimit lim = { 20, 20 };
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &lim), 0);
	for (int i = 0; i < 30; i++)
		dup(file);
	CHECK_ERR(open("f", O_RDONLY), EMFILE);
	CHECK_ERR(open("none", O_RDONLY), EMFILE);
	CHECK_ERR(pipe(p), EMFILE);
	CHECK_ERR(dup(file), EMFILE);
}

static void
copying(void)
{
	loff_t off = 0, neg = -1;
	int app;

	setup();
	app = open("f", O_WRONLY | O_APPEND);
	CHECK_ERR(sendfile(wr_only, -1, NULL, 1), EBADF);
	CHECK_ERR(sendfile(-1, rd_only, NULL, 1), EBADF);
	CHECK_ERR(sendfile(rd_only, rd_only, NULL, 1), EBADF);
	CHECK_ERR(sendfile(wr_only, wr_only, NULL, 1), EBADF);
	CHECK_ERR(sendfile(wr_only, rd_only, &neg, 1), EINVAL);
	CHECK_ERR(sendfile(app, rd_only, NULL, 1), EINVAL);
	CHECK_ERR(sendfile(wr_only, p[0], &off, 1), ESPIPE);
	CHECK_ERR(syscall(SYS_sendfile, wr_only, rd_only, guest_bad_address(), 1), EFAULT);
	CHECK_ERR(copy_file_range(rd_only, NULL, wr_only, NULL, 1, 1), EINVAL);
	CHECK_ERR(copy_file_range(-1, NULL, wr_only, NULL, 1, 0), EBADF);
	CHECK_ERR(copy_file_range(wr_only, NULL, wr_only, NULL, 1, 0), EBADF);
	CHECK_ERR(copy_file_range(rd_only, NULL, rd_only, NULL, 1, 0), EBADF);
	CHECK_ERR(copy_file_range(rd_only, NULL, app, NULL, 1, 0), EBADF);
	CHECK_ERR(copy_file_range(dir, NULL, wr_only, NULL, 1, 0), EISDIR);
	CHECK_ERR(copy_file_range(p[0], NULL, wr_only, NULL, 1, 0), EINVAL);
	CHECK_ERR(copy_file_range(rd_only, NULL, wr_only, NULL, 5, 0), EINVAL); /* onto itself */
	CHECK_ERR(splice(-1, NULL, p[1], NULL, 1, 0), EBADF);
	CHECK_ERR(splice(rd_only, NULL, wr_only, NULL, 1, 0), EINVAL);
	CHECK_ERR(splice(rd_only, NULL, p[1], &off, 1, 0), ESPIPE);
	CHECK_ERR(splice(p[0], &off, wr_only, NULL, 1, 0), ESPIPE);
	CHECK_ERR(splice(p[0], NULL, p[1], NULL, 1, 0), EINVAL);
	CHECK_ERR(splice(p[0], NULL, app, NULL, 1, SPLICE_F_NONBLOCK), EINVAL);
	CHECK_ERR(splice(rd_only, NULL, p[1], NULL, 1, 0x100), EINVAL);
	CHECK_ERR(splice(wr_only, NULL, p[1], NULL, 1, 0), EBADF);
	CHECK_ERR(splice(p[0], NULL, wr_only, NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
	CHECK_EQ(splice(rd_only, NULL, p[1], NULL, 0, 0), 0);
	CHECK_ERR(tee(p[0], rd_only, 1, 0), EBADF);
	CHECK_ERR(tee(p[0], p[1], 1, 0), EINVAL);
	CHECK_ERR(tee(rd_only, p[1], 1, 0), EINVAL);
	CHECK_ERR(tee(p[0], p[1], 1, 0x100), EINVAL);
	struct iovec v = { "x", 1 };
	CHECK_ERR(vmsplice(rd_only, &v, 1, 0), EBADF);
	CHECK_ERR(vmsplice(p[1], &v, UIO_MAXIOV + 1, 0), EINVAL);
	CHECK_ERR(vmsplice(p[1], &v, 1, 0x100), EINVAL);
	CHECK_EQ(vmsplice(p[1], &v, 0, 0), 0);
}

static void
entries_locks_and_syncs(void)
{
	char b[256];

	setup();
	CHECK_ERR(syscall(SYS_getdents64, file, b, sizeof(b)), ENOTDIR);
	CHECK_ERR(syscall(SYS_getdents64, -1, b, sizeof(b)), EBADF);
	CHECK_ERR(syscall(SYS_getdents64, dir, b, 1), EINVAL);
	CHECK_ERR(syscall(SYS_getdents64, dir, guest_bad_address(), 256), EFAULT);
	CHECK_ERR(syscall(SYS_getdents64, path_fd, b, sizeof(b)), EBADF);
	CHECK_ERR(flock(-1, LOCK_SH), EBADF);
	CHECK_ERR(flock(path_fd, LOCK_SH), EBADF);
	CHECK_ERR(flock(file, 0), EINVAL);
	CHECK_ERR(flock(file, LOCK_SH | LOCK_EX), EINVAL);
	CHECK_EQ(flock(file, LOCK_EX), 0);
	CHECK_ERR(flock(rd_only, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	CHECK_ERR(fsync(-1), EBADF);
	CHECK_ERR(fsync(path_fd), EBADF);
	CHECK_ERR(fsync(p[0]), EINVAL);
	CHECK_ERR(fdatasync(p[0]), EINVAL);
	CHECK_EQ(fsync(dir), 0);
	CHECK_EQ(fsync(rd_only), 0);
	CHECK_ERR(syncfs(-1), EBADF);
	CHECK_ERR(sync_file_range(-1, 0, 0, 0), EBADF);
	CHECK_ERR(sync_file_range(file, -1, 0, 0), EINVAL);
	CHECK_ERR(sync_file_range(file, 0, -1, 0), EINVAL);
	CHECK_ERR(sync_file_range(file, 0, 0, 8), EINVAL);
	CHECK_ERR(sync_file_range(p[0], 0, 0, 0), ESPIPE);
	CHECK_EQ(sync_file_range(file, 0, 0, 7), 0);
	CHECK_ERR(close(-1), EBADF);
	CHECK_ERR(syscall(SYS_close_range, 10, 5, 0), EINVAL);
	CHECK_ERR(syscall(SYS_close_range, 10, 20, 8), EINVAL);
	CHECK_EQ(posix_fadvise(p[0], 0, 0, 0), ESPIPE);
	CHECK_EQ(posix_fadvise(file, 0, 0, 9), EINVAL);
	CHECK_EQ(posix_fadvise(file, 0, -1, 0), EINVAL);
	CHECK_EQ(posix_fadvise(path_fd, 0, 0, 0), EBADF);
	CHECK_ERR(readahead(wr_only, 0, 1), EBADF);
	CHECK_ERR(readahead(p[0], 0, 1), EINVAL);
}

static void
attributes(void)
{
	static char big[65537];
	char b[16];

	setup();
	if (setxattr("f", "user.a", "123", 3, 0) != 0)
		return; /* the file system has none */
	CHECK_ERR(setxattr("f", "user.a", "1", 1, XATTR_CREATE), EEXIST);
	CHECK_ERR(setxattr("f", "user.b", "1", 1, XATTR_REPLACE), ENODATA);
	CHECK_ERR(setxattr("f", "user.b", "1", 1, 4), EINVAL);
	CHECK_ERR(setxattr("f", "user.", "1", 1, 0), EINVAL);
	CHECK_ERR(setxattr("f", "", "1", 1, 0), ERANGE);
	CHECK_ERR(setxattr("f", "nothing.a", "1", 1, 0), EOPNOTSUPP);
	CHECK_ERR(setxattr("f", "user.b", big, sizeof(big), 0), E2BIG);
	CHECK_ERR(setxattr("f", "user.b", guest_bad_address(), 5, 0), EFAULT);
	CHECK_ERR(getxattr("f", "user.a", b, 2), ERANGE);
	CHECK_EQ(getxattr("f", "user.a", NULL, 0), 3);
	CHECK_ERR(getxattr("f", "user.b", b, 2), ENODATA);
	CHECK_ERR(removexattr("f", "user.b"), ENODATA);
	CHECK_ERR(listxattr("f", b, 1), ERANGE);
	CHECK_ERR(fsetxattr(path_fd, "user.a", "1", 1, 0), EBADF);
	CHECK_ERR(fgetxattr(-1, "user.a", b, 1), EBADF);
	CHECK_ERR(lsetxattr("l", "user.a", "1", 1, 0), EPERM);
	memset(big, 'a', 300);
	memcpy(big, "user.", 5);
	CHECK_ERR(setxattr("f", big, "1", 1, 0), ERANGE);
	if (geteuid() != 0)
		CHECK_ERR(setxattr("f", "trusted.a", "1", 1, 0), EPERM);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(reading_and_writing), T(vectors), T(seeking), T(sizes), T(limits_of_files), T(stat_and_statx), T(access_and_modes),
		T(times), T(names), T(opening), T(copying), T(entries_locks_and_syncs), T(attributes),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
