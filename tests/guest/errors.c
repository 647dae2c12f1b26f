/* SPDX-License-Identifier: MIT
 *
 * Every call that takes a path, with every kind of path, and every call that takes a descriptor, with every kind of descriptor: which
 * error it is that comes first. What is printed natively is what is to be printed.
 */
#include <dirent.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <utime.h>

#include "tests/guest/guest.h"

#define BAD ((void *)8)

static int home; /* the directory that the tree is in */
static char long_name[300], long_path[5000], buf[8192];

static void
remove_tree(int at, const char *name)
{
	int fd = (fchmodat(at, name, 0755, 0), openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, e->d_name, 0))
			remove_tree(fd, e->d_name);
	}
	closedir(d);
	unlinkat(at, name, AT_REMOVEDIR);
}

/* What calls find: made anew for each, so that none sees what another did. */
static void
make_tree(void)
{
	int fd;

	remove_tree(AT_FDCWD, "tree");
	CHECK_EQ(mkdir("tree", 0755), 0);
	CHECK_EQ(chdir("tree"), 0);
	fd = open("file", O_RDWR | O_CREAT, 0644);
	CHECK_EQ(write(fd, "data", 4), 4);
	close(fd);
	CHECK_EQ(mkdir("dir", 0755), 0);
	CHECK_EQ(mkdir("full", 0755), 0);
	CHECK_EQ(mkdir("closed", 0), 0);
	close(open("full/f", O_RDWR | O_CREAT, 0644));
	CHECK_EQ(symlink("loop", "loop"), 0);
	CHECK_EQ(symlink("missing", "dangling"), 0);
	CHECK_EQ(symlink("file", "tofile"), 0);
	CHECK_EQ(symlink("dir", "todir"), 0);
	CHECK_EQ(mkfifo("fifo", 0644), 0);
	close(open("other", O_RDWR | O_CREAT, 0644));
}

/* @changes: what calls find is made anew after one that succeeded. */
struct path_call {
	bool changes;
	const char *name;
	long (*call)(const char *path);
};

#define CALL(n, expr)                    \
	static long                      \
	call_##n(const char *path)       \
	{                                \
		return (long)(expr);     \
	}

static struct stat st;
static struct statfs sfs;
static struct timespec ts[2] = { { 1, 2 }, { 3, 4 } };

CALL(open_read, open(path, O_RDONLY | O_NONBLOCK))
CALL(open_write, open(path, O_WRONLY | O_NONBLOCK))
CALL(open_rdwr, open(path, O_RDWR | O_NONBLOCK))
CALL(open_creat, open(path, O_RDWR | O_CREAT | O_NONBLOCK, 0644))
CALL(open_excl, open(path, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0644))
CALL(open_trunc, open(path, O_WRONLY | O_TRUNC | O_NONBLOCK))
CALL(open_directory, open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK))
CALL(open_nofollow, open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK))
CALL(open_path, open(path, O_PATH))
CALL(open_path_nofollow, open(path, O_PATH | O_NOFOLLOW))
CALL(stat, stat(path, &st))
CALL(lstat, lstat(path, &st))
CALL(statx, statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, (struct statx *)buf))
CALL(statx_nofollow, statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, (struct statx *)buf))
CALL(stat_fault, syscall(SYS_newfstatat, AT_FDCWD, path, BAD, 0))
CALL(statfs, statfs(path, &sfs))
CALL(access, syscall(SYS_access, path, R_OK))
CALL(access_x, syscall(SYS_access, path, X_OK))
CALL(access_bad, syscall(SYS_access, path, 8))
CALL(chmod, chmod(path, 0600))
CALL(chown, chown(path, -1, -1))
CALL(lchown, lchown(path, -1, -1))
CALL(utimensat, utimensat(AT_FDCWD, path, ts, 0))
CALL(utimensat_nofollow, utimensat(AT_FDCWD, path, ts, AT_SYMLINK_NOFOLLOW))
CALL(utime, syscall(SYS_utime, path, NULL))
CALL(utimes, syscall(SYS_utimes, path, NULL))
CALL(truncate, truncate(path, 2))
CALL(truncate_negative, truncate(path, -1))
CALL(unlink, unlink(path))
CALL(rmdir, rmdir(path))
CALL(unlinkat_bad, syscall(SYS_unlinkat, AT_FDCWD, path, 0x40000))
CALL(mkdir, mkdir(path, 0755))
CALL(mknod_fifo, mknod(path, S_IFIFO | 0644, 0))
CALL(mknod_regular, mknod(path, 0644, 0))
CALL(mknod_directory, mknod(path, S_IFDIR | 0644, 0))
CALL(mknod_bad, mknod(path, 0170000 | 0644, 0))
CALL(symlink_at, symlink("x", path))
CALL(symlink_to, symlink(path, "newlink"))
CALL(link_from, link(path, "newlink"))
CALL(link_to, link("file", path))
CALL(link_follow, linkat(AT_FDCWD, path, AT_FDCWD, "newlink", AT_SYMLINK_FOLLOW))
CALL(link_directory, link("dir", path))
CALL(rename_from, rename(path, "newname"))
CALL(rename_to, rename("file", path))
CALL(rename_dir_to, rename("dir", path))
CALL(rename_missing_to, rename("missing", path))
CALL(rename_over, rename(path, "other"))
CALL(rename_over_dir, rename(path, "dir"))
CALL(rename_over_full, rename(path, "full"))
CALL(rename_noreplace, syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, "other", 1))
CALL(rename_exchange, syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, "other", 2))
CALL(rename_exchange_missing, syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, "missing", 2))
CALL(rename_both, syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, "other", 3))
CALL(rename_into_itself, rename("dir", path && path != BAD ? strcat(strcpy(buf, "dir/"), path) : path))
CALL(readlink, syscall(SYS_readlink, path, buf, 10))
CALL(readlink_none, syscall(SYS_readlink, path, buf, 0))
CALL(readlink_fault, syscall(SYS_readlink, path, BAD, 10))
CALL(chdir, chdir(path))
CALL(execve, (signal(SIGPIPE, SIG_DFL), execve(path, (char *[]){ "x", NULL }, NULL)))
CALL(inotify, inotify_add_watch(inotify_init(), path, IN_OPEN))
CALL(inotify_onlydir, inotify_add_watch(inotify_init(), path, IN_OPEN | IN_ONLYDIR))
CALL(inotify_dontfollow, inotify_add_watch(inotify_init(), path, IN_OPEN | IN_DONT_FOLLOW))
CALL(fd_is_file, openat(3, path, O_RDONLY | O_NONBLOCK))
CALL(fd_is_bad, openat(99, path, O_RDONLY | O_NONBLOCK))
CALL(mkdirat_file, mkdirat(3, path, 0755))
CALL(fstatat_bad, syscall(SYS_newfstatat, 99, path, &st, AT_EMPTY_PATH))
CALL(fstatat_file, syscall(SYS_newfstatat, 3, path, &st, AT_EMPTY_PATH))
CALL(fchownat_bad_flags, syscall(SYS_fchownat, AT_FDCWD, path, -1, -1, 0x40000))
CALL(linkat_bad_flags, syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, "newlink", 0x40000))
CALL(renameat2_bad_flags, syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, "newname", 8))
CALL(umount, syscall(SYS_umount2, path, 0x1000))

#define P(n) { false, #n, call_##n }
#define PC(n) { true, #n, call_##n }
static const struct path_call path_calls[] = {
	P(open_read), P(open_write), P(open_rdwr), PC(open_creat), PC(open_excl), PC(open_trunc), P(open_directory),
	P(open_nofollow), P(open_path), P(open_path_nofollow), P(stat), P(lstat), P(statx), P(statx_nofollow),
	P(stat_fault), P(statfs), P(access), P(access_x), P(access_bad), PC(chmod), P(chown), P(lchown), PC(utimensat),
	PC(utimensat_nofollow), PC(utime), PC(utimes), PC(truncate), PC(truncate_negative), PC(unlink), PC(rmdir), PC(unlinkat_bad), PC(mkdir),
	PC(mknod_fifo), PC(mknod_regular), PC(mknod_directory), PC(mknod_bad), PC(symlink_at), PC(symlink_to), PC(link_from), PC(link_to),
	PC(link_follow), PC(link_directory), PC(rename_from), PC(rename_to), PC(rename_dir_to), PC(rename_missing_to), PC(rename_over),
	PC(rename_over_dir), PC(rename_over_full), PC(rename_noreplace), PC(rename_exchange), PC(rename_exchange_missing), PC(rename_both),
	PC(rename_into_itself), P(readlink), P(readlink_none), P(readlink_fault), P(chdir), P(execve), P(inotify), P(inotify_onlydir),
	P(inotify_dontfollow), P(fd_is_file), P(fd_is_bad), PC(mkdirat_file), P(fstatat_bad), P(fstatat_file), P(fchownat_bad_flags),
	PC(linkat_bad_flags), PC(renameat2_bad_flags), P(umount),
};

static const char *const kinds[] = {
	"", "file", "dir", "full", "missing", "tofile", "todir", "dangling", "loop", "fifo", ".", "/", "/..", "file/", "dir/", "missing/",
	"tofile/", "todir/", "dangling/", "loop/", "file/x", "file/..", "file/.", "missing/x", "missing/..", "dir/.", "dir/..", "todir/.",
	"todir/..", "dir/x", "todir/x", "loop/x", "dangling/x", "full/f", "full/f/", "//", "./file", "dir//", "closed/x", "closed",
};
#define SPECIAL 4u

static const char *
kind_path(size_t i)
{
	const char *const special[SPECIAL] = { NULL, BAD, long_name, long_path };

	return i < SPECIAL ? special[i] : kinds[i - SPECIAL];
}

/* Whether the root itself may be touched: as anybody but root, nothing happens to it; as root it is left alone. */
static bool
leave_alone(const char *path)
{
	return path && path != BAD && (strcmp(path, "/") == 0 || strcmp(path, "/..") == 0 || strcmp(path, "//") == 0);
}

static void
try_path(const struct path_call *c, size_t kind)
{
	static bool made;
	int status;
	pid_t pid;

	if (!made)
		make_tree();
	made = true;
	fflush(stdout);
	pid = guest_fork();
	if (pid == 0) {
		const char *path = kind_path(kind);
		long ret;
		int fd = open("file", O_RDONLY);

		if (leave_alone(path))
			_exit(0);
		dup2(fd, 3);
		close(99);
		errno = 0;
		ret = c->call(path);
		printf(" %zu:%s", kind, ret < 0 ? strerrorname_np(errno) : "-");
		fflush(stdout);
		_exit(ret >= 0 && c->changes);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	if (status & ~0x100)
		guest_fail(__FILE__, __LINE__, "%s: status %x", c->name, status);
	if (status) {
		CHECK_EQ(fchdir(home), 0);
		made = false;
	}
}

/* Calls that change the tree have it made anew for each try. */
static void
try_paths(bool changing)
{
	alarm(4 * GUEST_CASE_SECONDS); /* thousands of files are made, perhaps on a busy disk */
	guest_tmpdir();
	home = open(".", O_RDONLY | O_DIRECTORY);
	memset(long_name, 'n', sizeof(long_name) - 1);
	memset(long_path, '/', sizeof(long_path) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(path_calls); i++) {
		if (path_calls[i].changes != changing)
			continue;
		printf("%s:", path_calls[i].name);
		for (size_t k = 0; k < SPECIAL + ARRAY_SIZE(kinds); k++)
			try_path(&path_calls[i], k);
		printf("\n");
	}
	CHECK_EQ(fchdir(home), 0);
	remove_tree(AT_FDCWD, "tree");
}

static void
paths_looked_at(void)
{
	try_paths(false);
}

static void
paths_changed(void)
{
	try_paths(true);
}

static struct iovec iov = { buf, 8 };
static loff_t off;

struct fd_call {
	bool changes;
	const char *name;
	long (*call)(int fd);
};

#define FCALL(n, expr)                   \
	static long                      \
	fcall_##n(int fd)                \
	{                                \
		return (long)(expr);     \
	}

FCALL(read, read(fd, buf, 8))
FCALL(read_none, read(fd, buf, 0))
FCALL(read_fault, read(fd, BAD, 8))
FCALL(write, write(fd, buf, 8))
FCALL(write_none, write(fd, buf, 0))
FCALL(write_fault, write(fd, BAD, 8))
FCALL(pread, pread(fd, buf, 8, 0))
FCALL(pread_negative, pread(fd, buf, 8, -1))
FCALL(pwrite, pwrite(fd, buf, 8, 0))
FCALL(pwrite_negative, pwrite(fd, buf, 8, -1))
FCALL(readv_many, readv(fd, &iov, 1025))
FCALL(readv_none, readv(fd, &iov, 0))
FCALL(readv_negative, readv(fd, &iov, -1))
FCALL(writev_none, writev(fd, &iov, 0))
FCALL(lseek_set, lseek(fd, 0, SEEK_SET))
FCALL(lseek_cur, lseek(fd, 0, SEEK_CUR))
FCALL(lseek_negative, lseek(fd, -5, SEEK_SET))
FCALL(lseek_bad, lseek(fd, 0, 9))
FCALL(ftruncate, ftruncate(fd, 3))
FCALL(ftruncate_negative, ftruncate(fd, -3))
FCALL(fallocate, fallocate(fd, 0, 0, 8))
FCALL(fallocate_none, fallocate(fd, 0, 0, 0))
FCALL(fadvise, posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL) ? (errno = posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL), -1) : 0)
FCALL(fadvise_bad, posix_fadvise(fd, 0, 0, 77) ? (errno = posix_fadvise(fd, 0, 0, 77), -1) : 0)
FCALL(readahead, readahead(fd, 0, 8))
FCALL(getdents, syscall(SYS_getdents64, fd, buf, sizeof(buf)) < 0 ? -1 : 0)
FCALL(getdents_small, syscall(SYS_getdents64, fd, buf, 8))
FCALL(fchdir, fchdir(fd))
FCALL(fchmod, fchmod(fd, 0644))
FCALL(fchown, fchown(fd, -1, -1))
FCALL(flock, flock(fd, LOCK_SH | LOCK_NB))
FCALL(flock_bad, flock(fd, 99))
FCALL(fionread, ioctl(fd, FIONREAD, buf))
FCALL(tcgets, ioctl(fd, TCGETS, buf))
FCALL(fionbio, ioctl(fd, FIONBIO, &(int){ 1 }))
FCALL(ioctl_bad, ioctl(fd, 0x12345678, buf))
FCALL(fioclex, ioctl(fd, FIOCLEX))
FCALL(mmap_read, (intptr_t)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == -1 ? -1 : 0)
FCALL(mmap_shared, (intptr_t)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == -1 ? -1 : 0)
FCALL(mmap_odd, (intptr_t)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 1) == -1 ? -1 : 0)
FCALL(fstat, fstat(fd, &st))
FCALL(fstatfs, fstatfs(fd, &sfs))
FCALL(futimens, futimens(fd, ts))
FCALL(dup3_same, dup3(fd, fd, 0))
FCALL(dup3_bad, dup3(fd, 50, 5))
FCALL(dup2_far, dup2(fd, 1 << 30))
FCALL(getlk, fcntl(fd, F_GETLK, &(struct flock){ .l_type = F_RDLCK }))
FCALL(setlk_read, fcntl(fd, F_SETLK, &(struct flock){ .l_type = F_RDLCK }))
FCALL(setlk_write, fcntl(fd, F_SETLK, &(struct flock){ .l_type = F_WRLCK }))
FCALL(setlk_bad, fcntl(fd, F_SETLK, &(struct flock){ .l_type = 9 }))
FCALL(setlease, fcntl(fd, F_SETLEASE, F_UNLCK))
FCALL(getlease, fcntl(fd, F_GETLEASE))
FCALL(getpipe, fcntl(fd, F_GETPIPE_SZ) < 0 ? -1 : 0)
FCALL(setpipe, fcntl(fd, F_SETPIPE_SZ, 4096))
FCALL(seals, fcntl(fd, F_GET_SEALS))
FCALL(notify, fcntl(fd, F_NOTIFY, 0))
FCALL(getfl, fcntl(fd, F_GETFL) < 0 ? -1 : 0)
FCALL(setfl_direct, fcntl(fd, F_SETFL, O_NONBLOCK | O_APPEND))
FCALL(getown, fcntl(fd, F_GETOWN))
FCALL(setsig, fcntl(fd, F_SETSIG, 99))
FCALL(dupfd_far, fcntl(fd, F_DUPFD, 1 << 30))
FCALL(fcntl_bad, fcntl(fd, 7777))
FCALL(sendfile_from, sendfile(4, fd, NULL, 2))
FCALL(sendfile_from_at, sendfile(4, fd, &(off_t){ 0 }, 2))
FCALL(sendfile_to, sendfile(fd, 3, &(off_t){ 0 }, 2))
FCALL(copy_range_from, (off = 0, copy_file_range(fd, NULL, 4, NULL, 2, 0)))
FCALL(copy_range_to, (off = 0, copy_file_range(3, &off, fd, NULL, 2, 0)))
FCALL(copy_range_flags, copy_file_range(3, NULL, fd, NULL, 2, 5))
FCALL(splice_to, splice(6, NULL, fd, NULL, 2, SPLICE_F_NONBLOCK))
FCALL(tee, tee(fd, 7, 2, SPLICE_F_NONBLOCK))
FCALL(epoll_add, epoll_ctl(5, EPOLL_CTL_ADD, fd, &(struct epoll_event){ .events = EPOLLIN }))
FCALL(epoll_mod, epoll_ctl(5, EPOLL_CTL_MOD, fd, &(struct epoll_event){ .events = EPOLLIN }))
FCALL(accept, accept4(fd, NULL, NULL, SOCK_NONBLOCK))
FCALL(send, send(fd, buf, 2, MSG_DONTWAIT | MSG_NOSIGNAL))
FCALL(recv, recv(fd, buf, 2, MSG_DONTWAIT))
FCALL(listen, listen(fd, 1))
FCALL(getsockname, getsockname(fd, (struct sockaddr *)buf, &(socklen_t){ 100 }))
FCALL(inotify_rm, inotify_rm_watch(fd, 5))
FCALL(timerfd_get, timerfd_gettime(fd, (struct itimerspec *)buf))
FCALL(openat_below, openat(fd, "x", O_RDONLY))
FCALL(mkdirat_below, mkdirat(fd, "made", 0755))
FCALL(fstat_empty, syscall(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH))
FCALL(fchmodat_below, fchmodat(fd, "x", 0644, 0))
FCALL(linkat_empty, linkat(fd, "", AT_FDCWD, "linked", 0))
FCALL(close, close(fd))
FCALL(close_range, syscall(SYS_close_range, fd, fd, 8))

#define F(n) { false, #n, fcall_##n }
#define FC(n) { true, #n, fcall_##n }
static const struct fd_call fd_calls[] = {
	F(read), F(read_none), F(read_fault), FC(write), FC(write_none), FC(write_fault), F(pread), F(pread_negative), FC(pwrite),
	FC(pwrite_negative), F(readv_many), F(readv_none), F(readv_negative), FC(writev_none), F(lseek_set), F(lseek_cur), F(lseek_negative),
	F(lseek_bad), FC(ftruncate), FC(ftruncate_negative), FC(fallocate), FC(fallocate_none),
	F(fadvise), F(fadvise_bad), F(readahead), F(getdents), F(getdents_small), F(fchdir), FC(fchmod), F(fchown),
	F(flock), F(flock_bad), F(fionread), F(tcgets), F(fionbio), F(ioctl_bad), F(fioclex), F(mmap_read), F(mmap_shared), F(mmap_odd),
	F(fstat), F(fstatfs), FC(futimens), F(dup3_same), F(dup3_bad), F(dup2_far), F(getlk), F(setlk_read),
	F(setlk_write), F(setlk_bad), F(setlease), F(getlease), F(getpipe), F(setpipe), F(seals), F(notify), F(getfl), F(setfl_direct),
	F(getown), F(setsig), F(dupfd_far), F(fcntl_bad), FC(sendfile_from), FC(sendfile_from_at), FC(sendfile_to), FC(copy_range_from),
	FC(copy_range_to), FC(copy_range_flags), FC(splice_to), F(tee), F(epoll_add), F(epoll_mod), F(accept), F(send), F(recv), F(listen),
	F(getsockname), F(inotify_rm), F(timerfd_get), F(openat_below), FC(mkdirat_below), F(fstat_empty), F(fchmodat_below), FC(linkat_empty),
	F(close), F(close_range),
};

enum { CLOSED, READ_ONLY, WRITE_ONLY, READ_WRITE, APPENDING, PATH_ONLY, DIRECTORY, PIPE_READ, PIPE_WRITE, SOCKET, EVENT, NULL_DEVICE, ZERO_DEVICE,
       PROC_TEXT, EPOLL, INOTIFY, TIMER, FIFO, NR_KINDS };

static int
open_kind(int kind)
{
	int p[2] = { -1, -1 }, fd;

	switch (kind) {
	case READ_ONLY: return open("file", O_RDONLY);
	case WRITE_ONLY: return open("other", O_WRONLY);
	case READ_WRITE: return open("other", O_RDWR);
	case APPENDING: return open("other", O_RDWR | O_APPEND);
	case PATH_ONLY: return open("file", O_PATH);
	case DIRECTORY: return open("dir", O_RDONLY | O_DIRECTORY);
	case PIPE_READ: return pipe2(p, O_NONBLOCK) ? -1 : p[0];
	case PIPE_WRITE: return pipe2(p, O_NONBLOCK) ? -1 : p[1];
	case SOCKET: return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p) ? -1 : p[0];
	case EVENT: return eventfd(1, EFD_NONBLOCK);
	case NULL_DEVICE: return open("/dev/null", geteuid() ? O_RDONLY : O_RDWR);
	case ZERO_DEVICE: return open("/dev/zero", geteuid() ? O_RDONLY : O_RDWR);
	case PROC_TEXT: return open("/proc/self/stat", O_RDONLY);
	case EPOLL: return epoll_create1(0);
	case INOTIFY: return inotify_init1(IN_NONBLOCK);
	case TIMER: return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	case FIFO: return open("fifo", O_RDWR | O_NONBLOCK);
	default:
		fd = dup(0);
		close(fd);
		return -1;
	}
}

static void
try_fd(const struct fd_call *c, int kind)
{
	int fd = open_kind(kind), p[2], other;
	long ret;

	CHECK(fd >= 0 || kind == CLOSED);
	if (fd >= 0) {
		dup2(fd, 20);
		close(fd);
	} else {
		close(20);
	}
	dup2(open("full/f", O_RDONLY), 3);
	dup2(open("file", O_RDONLY), 3);
	other = open("full/f", O_RDWR);
	dup2(other, 4);
	dup2(epoll_create1(0), 5);
	CHECK_EQ(pipe2(p, O_NONBLOCK), 0);
	CHECK_EQ(write(p[1], "in the pipe", 11), 11);
	dup2(p[0], 6);
	dup2(p[1], 7);
	errno = 0;
	signal(SIGPIPE, SIG_IGN);
	ret = c->call(20);
	printf(" %d:%s", kind, ret < 0 ? strerrorname_np(errno) : "-");
	fflush(stdout);
	_exit(ret >= 0 && c->changes);
}

/* What Linux has answered differently in versions that may be the host's. */
static bool
not_everywhere(const char *call, int kind)
{
	static const char *const anonymous[] = { "lseek", "pread", "pwrite", "fchmod", "fchown", "futimens", "fadvise", "fionread", "tcgets",
						 "ioctl_bad" };
	static const char *const moving[] = { "sendfile", "splice", "copy_range" };

	for (size_t i = 0; i < ARRAY_SIZE(anonymous); i++)
		if (strncmp(call, anonymous[i], strlen(anonymous[i])) == 0 &&
		    (kind == EVENT || kind == EPOLL || kind == INOTIFY || kind == TIMER))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(moving); i++)
		if (strncmp(call, moving[i], strlen(moving[i])) == 0 && kind >= SOCKET)
			return true;
	if (strcmp(call, "seals") == 0 && kind < PIPE_READ) /* there are some in tmpfs */
		return true;
	return strcmp(call, "ioctl_bad") == 0 && kind == SOCKET;
}

/* Natively the devices are the machine's own. */
static bool
changes_machine(const char *call, int kind)
{
	return (kind == NULL_DEVICE || kind == ZERO_DEVICE) &&
	       (strcmp(call, "fchmod") == 0 || strcmp(call, "fchown") == 0 || strcmp(call, "futimens") == 0);
}

static void
try_descriptors(bool changing)
{
	bool made = false;

	alarm(4 * GUEST_CASE_SECONDS); /* thousands of files are made, perhaps on a busy disk */
	guest_tmpdir();
	home = open(".", O_RDONLY | O_DIRECTORY);
	for (size_t i = 0; i < ARRAY_SIZE(fd_calls); i++) {
		if (fd_calls[i].changes != changing)
			continue;
		printf("%s:", fd_calls[i].name);
		for (int k = 0; k < NR_KINDS; k++) {
			int status;
			pid_t pid;

			if (not_everywhere(fd_calls[i].name, k) || changes_machine(fd_calls[i].name, k))
				continue;
			if (!made)
				make_tree();
			made = true;
			fflush(stdout);
			pid = guest_fork();
			if (pid == 0)
				try_fd(&fd_calls[i], k);
			CHECK_EQ(waitpid(pid, &status, 0), pid);
			if (status & ~0x100)
				guest_fail(__FILE__, __LINE__, "%s: status %x", fd_calls[i].name, status);
			if (status) {
				CHECK_EQ(fchdir(home), 0);
				made = false;
			}
		}
		printf("\n");
	}
	CHECK_EQ(fchdir(home), 0);
	remove_tree(AT_FDCWD, "tree");
}

static void
descriptors_looked_at(void)
{
	try_descriptors(false);
}

static void
descriptors_changed(void)
{
	try_descriptors(true);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(paths_looked_at),
		T(paths_changed),
		T(descriptors_looked_at),
		T(descriptors_changed),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
