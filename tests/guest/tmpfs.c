/* SPDX-License-Identifier: MIT
 *
 * tmpfs: data and holes, limits, directories under change, rename flags, extended attributes. In /dev/shm, which is a tmpfs
 * everywhere.
 */
#include <dirent.h>
#include <grp.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

#include "tests/guest/guest.h"

#define PAGE 4096

static char dir[] = "/dev/shm/guest.XXXXXX";

static void
leave(void)
{
	if (getpid() != guest_case_pid)
		return;
	if (chdir("/") == 0 && fork() == 0) {
		execl("/bin/rm", "rm", "-rf", dir, (char *)NULL);
		_exit(1);
	}
	while (wait(NULL) > 0)
		;
}

static void
enter(void)
{
	CHECK(mkdtemp(dir) != NULL);
	CHECK_EQ(chdir(dir), 0);
	atexit(leave);
	umask(022);
}

static int
make(const char *name, const char *data)
{
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0644);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, data, strlen(data)), (ssize_t)strlen(data));
	return fd;
}

static bool
is_zero(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

static void
sparse_ten_gigabytes(void)
{
	const off_t big = 10LL << 30;
	struct stat st;
	char buf[100];
	int fd;

	enter();
	fd = make("big", "start");
	CHECK_EQ(pwrite(fd, "end", 3, big), 3);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, big + 3);
	CHECK_EQ(st.st_blocks, 16);
	CHECK_EQ(pread(fd, buf, 100, big - 50), 53);
	CHECK(is_zero(buf, 50) && memcmp(buf + 50, "end", 3) == 0);
	CHECK_EQ(lseek(fd, 0, SEEK_DATA), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_HOLE), PAGE);
	CHECK_EQ(lseek(fd, PAGE, SEEK_DATA), big);
	CHECK_EQ(lseek(fd, big, SEEK_HOLE), big + 3);
	CHECK_ERR(lseek(fd, big + 3, SEEK_DATA), ENXIO);
	CHECK_EQ(ftruncate(fd, 5), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_blocks, 8);
}

static void
truncate_zeroes_the_tail(void)
{
	char buf[3 * PAGE];
	int fd;

	enter();
	fd = make("f", "");
	memset(buf, 'x', sizeof(buf));
	CHECK_EQ(write(fd, buf, sizeof(buf)), (ssize_t)sizeof(buf));
	CHECK_EQ(ftruncate(fd, PAGE + 10), 0);
	CHECK_EQ(ftruncate(fd, sizeof(buf)), 0);
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), (ssize_t)sizeof(buf));
	CHECK(buf[PAGE + 9] == 'x' && is_zero(buf + PAGE + 10, 2 * PAGE - 10));
}

static void
fallocate_modes(void)
{
	struct stat st;
	char buf[2 * PAGE];
	int fd;

	enter();
	fd = make("f", "");
	CHECK_EQ(fallocate(fd, 0, 0, 5 * PAGE), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 5 * PAGE);
	CHECK_EQ(st.st_blocks, 40);
	CHECK_EQ(fallocate(fd, FALLOC_FL_KEEP_SIZE, 8 * PAGE, PAGE), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 5 * PAGE);
	CHECK_EQ(st.st_blocks, 48);
	memset(buf, 'y', sizeof(buf));
	CHECK_EQ(pwrite(fd, buf, sizeof(buf), PAGE), (ssize_t)sizeof(buf));
	CHECK_EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE + 100, PAGE), 0);
	CHECK_EQ(pread(fd, buf, sizeof(buf), PAGE), (ssize_t)sizeof(buf));
	CHECK(buf[99] == 'y' && is_zero(buf + 100, PAGE) && buf[PAGE + 100] == 'y');
	CHECK_EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, 2 * PAGE), 0);
	CHECK_ERR(lseek(fd, PAGE, SEEK_DATA), ENXIO); /* what is only reserved is no data */
	CHECK_EQ(lseek(fd, 0, SEEK_HOLE), 0);
	CHECK_EQ(pwrite(fd, "x", 1, 4 * PAGE), 1);
	CHECK_EQ(lseek(fd, PAGE, SEEK_DATA), 4 * PAGE);
	CHECK_ERR(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, PAGE), EOPNOTSUPP);
	CHECK_ERR(fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, PAGE), EOPNOTSUPP);
	CHECK_ERR(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, PAGE), EOPNOTSUPP);
	CHECK_ERR(fallocate(fd, 0, 0, 0), EINVAL);
	CHECK_ERR(fallocate(fd, 0, -1, 5), EINVAL);
}

static void
mapping_and_file_agree(void)
{
	char buf[PAGE], *p;
	int fd;

	enter();
	fd = make("f", "");
	CHECK_EQ(ftruncate(fd, 6 << 20), 0);
	p = mmap(NULL, 6 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	for (size_t at = 0; at < 6 << 20; at += 1 << 20) {
		strcpy(p + at, "by mapping");
		CHECK_EQ(pread(fd, buf, 11, (off_t)at), 11);
		CHECK_STR(buf, "by mapping");
		CHECK_EQ(pwrite(fd, "by write!!", 11, (off_t)at + 50), 11);
		CHECK_STR(p + at + 50, "by write!!");
	}
	CHECK_EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1 << 20, 2 << 20), 0);
	CHECK(is_zero(p + (1 << 20), 2 << 20));
	CHECK_STR(p, "by mapping");
	CHECK_STR(p + (3 << 20), "by mapping");
	CHECK_EQ(ftruncate(fd, 8 << 20), 0);
	CHECK_EQ(munmap(p, 6 << 20), 0);
	CHECK_EQ(pread(fd, buf, 11, 0), 11);
	CHECK_STR(buf, "by mapping");
}

static void
private_mapping_keeps_the_file(void)
{
	char *p, c;
	int fd;

	enter();
	fd = make("f", "abc");
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED);
	p[0] = 'X';
	CHECK_EQ(pread(fd, &c, 1, 0), 1);
	CHECK_EQ(c, 'a');
	CHECK_EQ(p[1], 'b');
	CHECK_EQ(p[3], 0);
}

static int
count_entries(DIR *d)
{
	int n = 0;

	while (readdir(d))
		n++;
	return n;
}

static void
listing_under_change(void)
{
	enum { N = 3000 };
	static bool seen[N];
	struct dirent *de;
	char name[20];
	long where = 0;
	DIR *d;
	int i, n = 0;

	enter();
	for (i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		close(make(name, ""));
	}
	d = opendir(".");
	while ((de = readdir(d))) {
		if (de->d_name[0] != 'f')
			continue;
		i = atoi(de->d_name + 1);
		CHECK(!seen[i]);
		seen[i] = true;
		if (++n == 100)
			where = telldir(d);
		/* the one just seen goes, and its name does not hide another */
		CHECK_EQ(unlink(de->d_name), 0);
		if (i % 10 == 0) {
			snprintf(name, sizeof(name), "new%d", i);
			close(make(name, ""));
		}
	}
	for (i = 0; i < N; i++)
		CHECK(seen[i]);
	seekdir(d, where);
	CHECK(count_entries(d) >= 0);
	rewinddir(d);
	CHECK_EQ(count_entries(d), N / 10 + 2);
}

static void
rename_flags(void)
{
	struct stat a, b;

	enter();
	close(make("a", "A"));
	close(make("b", "BB"));
	CHECK_ERR(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE), EEXIST);
	CHECK_EQ(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE), 0);
	CHECK_EQ(stat("a", &a), 0);
	CHECK_EQ(a.st_size, 2);
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(mkdir("d/e", 0755), 0);
	CHECK_EQ(renameat2(AT_FDCWD, "d/e", AT_FDCWD, "b", RENAME_EXCHANGE), 0);
	CHECK_EQ(stat("d", &b), 0);
	CHECK_EQ(b.st_nlink, 2);
	CHECK_EQ(stat("b", &b), 0);
	CHECK(S_ISDIR(b.st_mode));
	CHECK_ERR(renameat2(AT_FDCWD, "a", AT_FDCWD, "nothing", RENAME_EXCHANGE), ENOENT);
	CHECK_ERR(renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_EXCHANGE | RENAME_NOREPLACE), EINVAL);
	CHECK_ERR(rename("a", "d"), EISDIR);
	CHECK_ERR(rename("d", "a"), ENOTDIR);
	CHECK_ERR(rename("b", "d"), ENOTEMPTY);
	CHECK_ERR(rename("d", "d/e/f"), ENOTDIR);
	CHECK_EQ(mkdir("x", 0755), 0);
	CHECK_ERR(rename("x", "x/y"), EINVAL);
	CHECK_EQ(rename("x", "b"), 0);
}

static void
link_counts(void)
{
	struct stat st;
	int fd;

	enter();
	fd = make("a", "1");
	CHECK_EQ(link("a", "b"), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_nlink, 2);
	CHECK_EQ(unlink("a"), 0);
	CHECK_EQ(unlink("b"), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(pwrite(fd, "still", 5, 0), 5);
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(mkdir("d/e", 0755), 0);
	CHECK_EQ(stat("d", &st), 0);
	CHECK_EQ(st.st_nlink, 3);
	CHECK_EQ(st.st_size, 60);
	CHECK_ERR(rmdir("d"), ENOTEMPTY);
	CHECK_ERR(link("d", "d2"), EPERM);
	CHECK_ERR(unlink("d"), EISDIR);
}

static void
unnamed_file_gets_a_name(void)
{
	char path[40], buf[10];
	struct stat st;
	int fd;

	enter();
	fd = open(".", O_TMPFILE | O_RDWR, 0600);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "hidden", 6), 6);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_nlink, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_EQ(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), 0);
	fd = open("named", O_RDONLY);
	CHECK_EQ(read(fd, buf, 10), 6);
	fd = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_ERR(linkat(AT_FDCWD, path, AT_FDCWD, "never", AT_SYMLINK_FOLLOW), ENOENT);
	CHECK_ERR(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
}

static void
special_nodes(void)
{
	struct stat st;

	enter();
	CHECK_EQ(mkfifo("fifo", 0640), 0);
	CHECK_EQ(stat("fifo", &st), 0);
	CHECK(S_ISFIFO(st.st_mode) && (st.st_mode & 0777) == 0640);
	CHECK_EQ(mknod("sock", S_IFSOCK | 0600, 0), 0);
	CHECK_ERR(open("sock", O_RDONLY), ENXIO);
	CHECK_EQ(symlink("a/very/long/target/that/does/not/exist/anywhere/at/all/whatsoever", "link"), 0);
	CHECK_EQ(lstat("link", &st), 0);
	CHECK_EQ(st.st_size, (off_t)strlen("a/very/long/target/that/does/not/exist/anywhere/at/all/whatsoever"));
	CHECK_ERR(mkdir("link", 0777), EEXIST);
}

static void
trusted_attributes(void)
{
	char buf[40];

	enter();
	if (geteuid() != 0)
		return;
	close(make("f", ""));
	CHECK_ERR(getxattr("f", "trusted.x", buf, 40), ENODATA);
	CHECK_EQ(setxattr("f", "trusted.x", "value", 5, XATTR_CREATE), 0);
	CHECK_ERR(setxattr("f", "trusted.x", "value", 5, XATTR_CREATE), EEXIST);
	CHECK_ERR(setxattr("f", "trusted.y", "value", 5, XATTR_REPLACE), ENODATA);
	CHECK_EQ(getxattr("f", "trusted.x", NULL, 0), 5);
	CHECK_ERR(getxattr("f", "trusted.x", buf, 4), ERANGE);
	CHECK_EQ(setxattr("f", "trusted.x", "other value", 11, 0), 0);
	CHECK_EQ(getxattr("f", "trusted.x", buf, 40), 11);
	CHECK(memcmp(buf, "other value", 11) == 0);
	CHECK_EQ(removexattr("f", "trusted.x"), 0);
	CHECK_ERR(removexattr("f", "trusted.x"), ENODATA);
	CHECK_ERR(setxattr("f", "nonsense", "v", 1, 0), EOPNOTSUPP);
}

static void
file_system_facts(void)
{
	struct statfs fs;
	int fd;

	enter();
	CHECK_EQ(statfs(".", &fs), 0);
	CHECK_EQ(fs.f_type, TMPFS_MAGIC);
	CHECK_EQ(fs.f_bsize, PAGE);
	CHECK_EQ(fs.f_namelen, 255);
	fd = make("f", "x");
	CHECK_EQ(fsync(fd), 0);
	CHECK_EQ(fdatasync(fd), 0);
	CHECK_ERR(open("f/x", O_RDONLY), ENOTDIR);
}

static void
limits_of_a_mount(void)
{
	char buf[64 * 1024];
	ssize_t n;
	int fd, i;

	enter();
	CHECK_EQ(mkdir("m", 0755), 0);
	if (mount("none", "m", "tmpfs", 0, "size=256k,nr_inodes=10") != 0)
		return; /* not allowed to */
	memset(buf, 1, sizeof(buf));
	fd = make("m/f", "");
	for (i = 0; (n = write(fd, buf, sizeof(buf))) == (ssize_t)sizeof(buf); i++)
		;
	CHECK_EQ(n, -1);
	CHECK_EQ(errno, ENOSPC);
	CHECK_EQ(i, 4);
	CHECK_EQ(ftruncate(fd, 100 * 1024), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 100 * 1024);
	CHECK_ERR(fallocate(fd, 0, 0, 1 << 20), ENOSPC);
	CHECK_EQ(write(fd, buf, sizeof(buf)), (ssize_t)sizeof(buf));
	for (i = 0; i < 20; i++) {
		char name[20];

		snprintf(name, sizeof(name), "m/d%d", i);
		if (mkdir(name, 0755) != 0)
			break;
	}
	CHECK_EQ(errno, ENOSPC);
	CHECK_EQ(i, 8); /* the root and f are two */
	close(fd);
	CHECK_EQ(umount("m"), 0);
	CHECK_ERR(mount("none", "m", "tmpfs", 0, "size=much"), EINVAL);
	CHECK_ERR(mount("none", "m", "tmpfs", 0, "nonsense=1"), EINVAL);
}

static void
append_and_file_size_limit(void)
{
	struct rlimit rl = { 1000, 1000 };
	char buf[600];
	int fd, fd2;

	enter();
	fd = make("f", "abc");
	fd2 = open("f", O_WRONLY | O_APPEND);
	CHECK_EQ(write(fd2, "def", 3), 3);
	CHECK_EQ(pwrite(fd2, "ghi", 3, 0), 3); /* appends all the same */
	CHECK_EQ(lseek(fd2, 0, SEEK_CUR), 6);
	CHECK_EQ(pread(fd, buf, 20, 0), 9);
	CHECK(memcmp(buf, "abcdefghi", 9) == 0);
	signal(SIGXFSZ, SIG_IGN);
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &rl), 0);
	memset(buf, 'z', sizeof(buf));
	CHECK_EQ(pwrite(fd, buf, 600, 700), 300);
	CHECK_ERR(pwrite(fd, buf, 1, 1000), EFBIG);
	CHECK_ERR(ftruncate(fd, 1001), EFBIG);
	CHECK_EQ(ftruncate(fd, 1000), 0);
}

/* What fallocate(2) reserves is a hole until it is reserved a second time. */
static void
reserved_twice(void)
{
	int fd;

	enter();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	CHECK_EQ(fallocate(fd, 0, 0, 4 * PAGE), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_HOLE), 0);
	CHECK_EQ(fallocate(fd, 0, PAGE, PAGE), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_DATA), PAGE);
	CHECK_EQ(lseek(fd, PAGE, SEEK_HOLE), 2 * PAGE);
	CHECK_EQ(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 3 * PAGE + 1), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_HOLE), 4 * PAGE);
}

/* Set-group-id of a new file is judged by the mode that was asked for, then the umask is taken off. */
static void
set_group_id_and_umask(void)
{
	struct stat st;

	enter();
	CHECK_EQ(mkdir("d", 0700), 0);
	CHECK_EQ(chmod("d", 06777), 0);
	CHECK_EQ(chmod(".", 0755), 0);
	if (geteuid() != 0 || setgroups(0, NULL) || setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000))
		return;
	umask(077);
	CHECK(open("d/a", O_CREAT | O_RDWR, 02750) >= 0);
	CHECK_EQ(stat("d/a", &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0700);
	CHECK(open("d/b", O_CREAT | O_RDWR, 02740) >= 0);
	CHECK_EQ(stat("d/b", &st), 0);
	CHECK_EQ(st.st_mode & 07777, 02700);
	CHECK_EQ(mknod("d/c", S_IFIFO | 02770, 0), 0);
	CHECK_EQ(stat("d/c", &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0700);
	CHECK_EQ(fstat(open("d", O_TMPFILE | O_RDWR, 02770), &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0700);
	CHECK_EQ(unlink("d/a") | unlink("d/b") | unlink("d/c"), 0);
}

static void
refused_writes_change_nothing(void)
{
	struct rlimit rl = { 1000, 1000 };
	struct stat st;
	int fd;

	enter();
	fd = make("f", "abc");
	CHECK_EQ(fchown(fd, 1000, 1000), geteuid() ? -1 : 0);
	CHECK_EQ(fchmod(fd, 04755), 0);
	signal(SIGXFSZ, SIG_IGN);
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &rl), 0);
	CHECK_EQ(chmod(".", 0755), 0);
	if (geteuid() != 0 || setresuid(1000, 1000, 1000))
		return;
	CHECK_ERR(pwrite(fd, "x", 1, 1000), EFBIG);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 04755);
	CHECK_ERR(fallocate(fd, 0, 0, 1001), EFBIG);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 04755);
	CHECK_EQ(pwrite(fd, "x", 1, 999), 1);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0755);
}

/* ftruncate() to the length that a file has: with data it is a change, without it is none. */
static void
cutting_at_the_end(void)
{
	struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	struct stat st;
	int fd;

	enter();
	fd = make("f", "abc");
	CHECK_EQ(futimens(fd, old), 0);
	CHECK_EQ(truncate("f", 3), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK(st.st_mtime != 1000);
	fd = open("empty", O_RDWR | O_CREAT, 0600);
	CHECK_EQ(ftruncate(fd, 5000), 0);
	CHECK_EQ(futimens(fd, old), 0);
	CHECK_EQ(truncate("empty", 5000), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_mtime, 1000);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(sparse_ten_gigabytes), T(truncate_zeroes_the_tail), T(fallocate_modes), T(mapping_and_file_agree),
		T(private_mapping_keeps_the_file), T(listing_under_change), T(rename_flags), T(link_counts),
		T(unnamed_file_gets_a_name), T(special_nodes), T(trusted_attributes), T(file_system_facts), T(limits_of_a_mount),
		T(append_and_file_size_limit), T(reserved_twice), T(set_group_id_and_umask), T(refused_writes_change_nothing),
		T(cutting_at_the_end),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
