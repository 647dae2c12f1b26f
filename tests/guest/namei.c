/* SPDX-License-Identifier: MIT
 *
 * Names: path walks, directories, links, renames, permissions of directories, *at calls.
 */
#include <dirent.h>
#include <linux/openat2.h>
#include <sys/xattr.h>

#include "tests/guest/guest.h"

static void
touch(const char *path)
{
	guest_write_file(path, "", 0, 0644);
}

static void
walking(void)
{
	struct stat st;
	char longname[300], deep[5000] = "";

	guest_tmpdir();
	CHECK_EQ(mkdir("d", 0755), 0);
	touch("d/f");
	CHECK_EQ(stat("d/../d/./f", &st), 0);
	CHECK_EQ(stat("d//f", &st), 0);
	CHECK_EQ(stat("d/", &st), 0);
	CHECK_ERR(stat("d/f/", &st), ENOTDIR);
	CHECK_ERR(stat("d/f/x", &st), ENOTDIR);
	CHECK_ERR(stat("d/f/..", &st), ENOTDIR);
	CHECK_ERR(stat("d/g/x", &st), ENOENT);
	CHECK_ERR(stat("", &st), ENOENT);
	CHECK_EQ(stat("/..", &st), 0);
	CHECK_EQ(stat("/../../usr", &st), 0);
	memset(longname, 'n', sizeof(longname));
	longname[256] = '\0';
	CHECK_ERR(stat(longname, &st), ENAMETOOLONG);
	longname[255] = '\0';
	CHECK_ERR(stat(longname, &st), ENOENT);
	CHECK_EQ(mkdir(longname, 0700), 0);
	memset(deep, '/', 4096);
	deep[4096] = '\0';
	CHECK_ERR(stat(deep, &st), ENAMETOOLONG);
	deep[4095] = '\0';
	CHECK_EQ(stat(deep, &st), 0);
}

static void
directories(void)
{
	struct stat st;
	char cwd[300], was[300];

	guest_tmpdir();
	CHECK(getcwd(was, sizeof(was)) != NULL);
	CHECK_EQ(mkdir("a", 0700), 0);
	CHECK_ERR(mkdir("a", 0700), EEXIST);
	CHECK_ERR(mkdir("x/y", 0700), ENOENT);
	CHECK_EQ(mkdir("a/b/", 0700), 0);
	CHECK_EQ(stat("a", &st), 0);
	CHECK_EQ(st.st_nlink, 3);
	CHECK_ERR(rmdir("a"), ENOTEMPTY);
	CHECK_ERR(rmdir("a/."), EINVAL);
	CHECK_ERR(rmdir("a/b/.."), ENOTEMPTY);
	CHECK_ERR(unlink("a"), EISDIR);
	touch("f");
	CHECK_ERR(rmdir("f"), ENOTDIR);
	CHECK_ERR(mkdir("f/x", 0700), ENOTDIR);
	CHECK_EQ(chdir("a/b"), 0);
	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	CHECK(strncmp(cwd, was, strlen(was)) == 0 && strcmp(cwd + strlen(was), "/a/b") == 0);
	CHECK_EQ(rmdir("../b"), 0);
	CHECK(getcwd(cwd, sizeof(cwd)) == NULL);
	CHECK_EQ(errno, ENOENT);
	CHECK_ERR(open("x", O_CREAT | O_RDWR, 0600), ENOENT);
	memset(cwd, 'n', 299);
	cwd[299] = 0;
	CHECK_ERR(stat(cwd, &st), ENOENT); /* that comes before its length */
	CHECK_EQ(chdir(".."), 0);
	CHECK_ERR(stat(cwd, &st), ENAMETOOLONG);
	CHECK_EQ(chdir(was), 0);
	CHECK_ERR(syscall(SYS_getcwd, cwd, 3), ERANGE);
	CHECK_ERR(chdir("f"), ENOTDIR);
	CHECK_EQ(fchdir(open("a", O_RDONLY)), 0);
	CHECK_EQ(chdir(was), 0);
}

static int
count_entries(const char *path, char *seen, size_t n)
{
	DIR *d = opendir(path);
	struct dirent *e;
	int count = 0;

	CHECK(d != NULL);
	memset(seen, 0, n);
	while ((e = readdir(d))) {
		count++;
		if (e->d_name[0] == 'f') {
			int i = atoi(e->d_name + 1);

			CHECK(i >= 0 && (size_t)i < n && !seen[i]);
			CHECK_EQ(e->d_type, DT_REG);
			seen[i] = 1;
		}
	}
	closedir(d);
	return count;
}

static void
reading_directories(void)
{
	static char seen[2000];
	char name[16];
	int i, fd, k;
	char buf[512];
	long n, pos;

	guest_tmpdir();
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		touch(name);
	}
	CHECK_EQ(count_entries(".", seen, sizeof(seen)), 1002);
	for (i = 0; i < 1000; i += 2) {
		snprintf(name, sizeof(name), "f%d", i);
		CHECK_EQ(unlink(name), 0);
	}
	CHECK_EQ(count_entries(".", seen, sizeof(seen)), 502);
	fd = open(".", O_RDONLY);
	for (k = 0; (n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0; k++)
		CHECK(n <= 512);
	CHECK_EQ(n, 0);
	CHECK(k > 10);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	n = syscall(SYS_getdents64, fd, buf, sizeof(buf));
	CHECK(n > 0);
	pos = lseek(fd, 0, SEEK_CUR);
	CHECK(pos > 0);
	CHECK_ERR(syscall(SYS_getdents64, fd, buf, 5), EINVAL);
	CHECK_ERR(syscall(SYS_getdents64, open("f1", O_RDONLY), buf, 512), ENOTDIR);
	CHECK_ERR(read(fd, buf, 10), EISDIR);
}

static void
removing_while_reading(void)
{
	char name[16];
	struct dirent *e;
	DIR *d;
	int i, n = 0;

	guest_tmpdir();
	for (i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		touch(name);
	}
	d = opendir(".");
	while ((e = readdir(d))) {
		if (e->d_name[0] == 'f') {
			CHECK_EQ(unlink(e->d_name), 0);
			n++;
		}
	}
	CHECK_EQ(n, 300);
}

static void
hard_links(void)
{
	struct stat a, b;

	guest_tmpdir();
	touch("f");
	CHECK_EQ(link("f", "g"), 0);
	CHECK_EQ(stat("f", &a), 0);
	CHECK_EQ(stat("g", &b), 0);
	CHECK(a.st_ino == b.st_ino && a.st_nlink == 2);
	CHECK_ERR(link("f", "g"), EEXIST);
	CHECK_ERR(link("missing", "h"), ENOENT);
	CHECK_EQ(mkdir("d", 0700), 0);
	CHECK_ERR(link("d", "e"), EPERM);
	CHECK_EQ(unlink("f"), 0);
	CHECK_EQ(stat("g", &b), 0);
	CHECK_EQ(b.st_nlink, 1);
	CHECK_EQ(symlink("g", "l"), 0);
	CHECK_EQ(link("l", "m"), 0); /* the link itself */
	CHECK_EQ(lstat("m", &b), 0);
	CHECK(S_ISLNK(b.st_mode));
	CHECK_EQ(linkat(AT_FDCWD, "l", AT_FDCWD, "n", AT_SYMLINK_FOLLOW), 0);
	CHECK_EQ(lstat("n", &b), 0);
	CHECK(S_ISREG(b.st_mode));
}

static void
symbolic_links(void)
{
	struct stat st;
	char buf[64], name[16], to[16];
	int i;

	guest_tmpdir();
	CHECK_EQ(mkdir("d", 0755), 0);
	touch("d/f");
	CHECK_EQ(symlink("d", "l"), 0);
	CHECK_EQ(stat("l/f", &st), 0);
	CHECK_EQ(readlink("l", buf, sizeof(buf)), 1);
	CHECK_EQ(readlink("l", buf, 1), 1);
	CHECK_ERR(readlink("d", buf, sizeof(buf)), EINVAL);
	CHECK_ERR(readlink("l", buf, 0), EINVAL);
	CHECK_EQ(lstat("l", &st), 0);
	CHECK(S_ISLNK(st.st_mode) && st.st_size == 1);
	CHECK_EQ(lstat("l/", &st), 0);
	CHECK(S_ISDIR(st.st_mode));
	CHECK_EQ(symlink("loop", "loop"), 0);
	CHECK_ERR(stat("loop", &st), ELOOP);
	CHECK_EQ(lstat("loop", &st), 0);
	for (i = 0; i < 45; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		snprintf(to, sizeof(to), i ? "c%d" : "d", i - 1);
		CHECK_EQ(symlink(to, name), 0);
	}
	CHECK_EQ(stat("c39", &st), 0); /* 40 links */
	CHECK_ERR(stat("c40", &st), ELOOP);
	CHECK_EQ(symlink("nowhere", "dangling"), 0);
	CHECK_ERR(open("dangling", O_RDONLY), ENOENT);
	CHECK(open("dangling", O_WRONLY | O_CREAT, 0600) >= 0);
	CHECK_EQ(stat("nowhere", &st), 0);
	CHECK_ERR(open("dangling", O_WRONLY | O_CREAT | O_EXCL, 0600), EEXIST);
	CHECK_ERR(symlink("", "e"), ENOENT);
	CHECK_ERR(symlink("x", "l"), EEXIST);
	CHECK_ERR(rmdir("l"), ENOTDIR);
	CHECK_EQ(unlink("l"), 0);
	CHECK_EQ(stat("d/f", &st), 0);
}

static void
renames(void)
{
	struct stat a, b;

	guest_tmpdir();
	touch("f");
	CHECK_EQ(stat("f", &a), 0);
	CHECK_EQ(rename("f", "g"), 0);
	CHECK_EQ(stat("g", &b), 0);
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_ERR(stat("f", &a), ENOENT);
	touch("h");
	CHECK_EQ(rename("g", "h"), 0);
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_EQ(mkdir("e", 0755), 0);
	CHECK_ERR(rename("h", "d"), EISDIR);
	CHECK_ERR(rename("d", "h"), ENOTDIR);
	CHECK_EQ(rename("d", "e"), 0); /* over an empty directory */
	touch("e/x");
	CHECK_EQ(mkdir("d", 0755), 0);
	CHECK_ERR(rename("d", "e"), ENOTEMPTY);
	CHECK_ERR(rename("e", "e/inside"), EINVAL);
	CHECK_ERR(rename("missing", "y"), ENOENT);
	CHECK_EQ(rename("h", "h"), 0);
	CHECK_EQ(link("h", "same"), 0);
	CHECK_EQ(rename("h", "same"), 0);
	CHECK_EQ(stat("h", &a), 0); /* both stay */
	CHECK_ERR(renameat2(AT_FDCWD, "h", AT_FDCWD, "e/x", RENAME_NOREPLACE), EEXIST);
	CHECK_EQ(renameat2(AT_FDCWD, "d", AT_FDCWD, "e/x", RENAME_EXCHANGE), 0);
	CHECK_EQ(stat("e/x", &a), 0);
	CHECK(S_ISDIR(a.st_mode));
	CHECK_ERR(renameat2(AT_FDCWD, "d", AT_FDCWD, "z", 0x100), EINVAL);
	CHECK_ERR(rename(".", "z"), EBUSY);
	CHECK_ERR(rename("e/", "h/"), ENOTDIR);
}

static void
renames_move_trees(void)
{
	struct stat st;

	guest_tmpdir();
	CHECK_EQ(mkdir("a", 0755) + mkdir("a/b", 0755) + mkdir("c", 0755), 0);
	touch("a/b/f");
	CHECK_EQ(chdir("a/b"), 0);
	CHECK_EQ(rename("../../a", "../../c/z"), 0);
	CHECK_EQ(stat("f", &st), 0);
	CHECK_EQ(stat("../../../c/z/b/f", &st), 0);
	CHECK_EQ(chdir("../../.."), 0);
}

static void
permissions_of_directories(void)
{
	struct stat st;

	guest_tmpdir();
	if (geteuid() == 0) {
		CHECK_EQ(chmod(".", 0777), 0);
		CHECK_EQ(setresgid(500, 500, 500), 0);
		CHECK_EQ(setresuid(500, 500, 500), 0);
	}
	CHECK_EQ(mkdir("d", 0700), 0);
	touch("d/f");
	CHECK_EQ(chmod("d", 0600), 0);
	CHECK_ERR(stat("d/f", &st), EACCES);
	CHECK_EQ(chmod("d", 0500), 0);
	CHECK_EQ(stat("d/f", &st), 0);
	CHECK_ERR(unlink("d/f"), EACCES);
	CHECK_ERR(open("d/g", O_CREAT | O_WRONLY, 0600), EACCES);
	CHECK_EQ(chmod("d", 0300), 0);
	CHECK_ERR(open("d", O_RDONLY), EACCES);
	CHECK_EQ(unlink("d/f"), 0);
	CHECK_ERR(access("d", R_OK), EACCES);
	CHECK_EQ(access("d", W_OK | X_OK), 0);
	CHECK_ERR(access("d", 64), EINVAL);
	CHECK_EQ(chmod("d", 0700), 0);
	CHECK_ERR(unlink("/usr/bin/env"), EACCES);
	CHECK_ERR(mkdir("/usr/new", 0700), EACCES);
}

static void
at_calls(void)
{
	struct stat st;
	int d;
	char buf[10];

	guest_tmpdir();
	CHECK_EQ(mkdir("d", 0755), 0);
	d = open("d", O_RDONLY | O_DIRECTORY);
	CHECK(openat(d, "f", O_CREAT | O_RDWR, 0600) >= 0);
	CHECK_EQ(fstatat(d, "f", &st, 0), 0);
	CHECK_EQ(mkdirat(d, "e", 0700), 0);
	CHECK_EQ(symlinkat("f", d, "l"), 0);
	CHECK_EQ(readlinkat(d, "l", buf, sizeof(buf)), 1);
	CHECK_EQ(renameat(d, "f", AT_FDCWD, "g"), 0);
	CHECK_EQ(faccessat(d, "e", X_OK, 0), 0);
	CHECK_EQ(fchmodat(d, "e", 0711, 0), 0);
	CHECK_EQ(unlinkat(d, "e", AT_REMOVEDIR), 0);
	CHECK_ERR(unlinkat(d, "l", AT_REMOVEDIR), ENOTDIR);
	CHECK_ERR(unlinkat(d, "l", 0x40000), EINVAL);
	CHECK_EQ(unlinkat(d, "l", 0), 0);
	CHECK_ERR(openat(99, "f", O_RDONLY), EBADF);
	CHECK_ERR(openat(open("g", O_RDONLY), "f", O_RDONLY), ENOTDIR);
	CHECK_EQ(fstatat(99, "/usr", &st, 0), 0); /* absolute: not looked at */
	CHECK_EQ(fstatat(d, "", &st, AT_EMPTY_PATH), 0);
	CHECK_ERR(fstatat(d, "", &st, 0), ENOENT);
	CHECK_EQ(mknodat(d, "p", S_IFIFO | 0600, 0), 0);
	CHECK_EQ(fstatat(d, "p", &st, 0), 0);
	CHECK(S_ISFIFO(st.st_mode));
	CHECK_EQ(linkat(open("g", O_RDONLY), "", d, "h", AT_EMPTY_PATH) == 0 || errno == ENOENT, 1);
}

static long
openat2_raw(int dirfd, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags, .resolve = resolve };
	long fd;

	do /* any rename on the machine meanwhile is EAGAIN, says openat2(2) */
		fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN);
	return fd;
}

static void
openat2_resolves(void)
{
	int d;

	guest_tmpdir();
	CHECK_EQ(mkdir("d", 0755), 0);
	touch("d/f");
	touch("out");
	CHECK_EQ(symlink("/usr", "d/abs") + symlink("f", "d/rel") + symlink("../out", "d/up"), 0);
	d = open("d", O_RDONLY);
	CHECK(openat2_raw(d, "rel", O_RDONLY, RESOLVE_BENEATH) >= 0);
	CHECK_ERR(openat2_raw(d, "../out", O_RDONLY, RESOLVE_BENEATH), EXDEV);
	CHECK_ERR(openat2_raw(d, "up", O_RDONLY, RESOLVE_BENEATH), EXDEV);
	CHECK_ERR(openat2_raw(d, "abs", O_RDONLY, RESOLVE_BENEATH), EXDEV);
	CHECK_ERR(openat2_raw(d, "/usr", O_RDONLY, RESOLVE_BENEATH), EXDEV);
	CHECK_ERR(openat2_raw(d, "rel", O_RDONLY, RESOLVE_NO_SYMLINKS), ELOOP);
	CHECK_ERR(openat2_raw(d, "up", O_RDONLY, RESOLVE_IN_ROOT), ENOENT);
	CHECK(openat2_raw(d, "/f", O_RDONLY, RESOLVE_IN_ROOT) >= 0);
	CHECK_ERR(openat2_raw(d, "f", O_RDONLY, 0x1000), EINVAL);
	CHECK_ERR(openat2_raw(d, "f", 0x4000000000ull, 0), EINVAL);
	CHECK_ERR(syscall(SYS_openat2, d, "f", "", 4), EINVAL);
}

static void
extended_attributes(void)
{
	char buf[64];

	guest_tmpdir();
	touch("f");
	if (setxattr("f", "user.name", "value", 5, 0) != 0) {
		CHECK_EQ(errno, EOPNOTSUPP);
		return;
	}
	CHECK_EQ(getxattr("f", "user.name", buf, sizeof(buf)), 5);
	CHECK_ERR(getxattr("f", "user.other", buf, sizeof(buf)), ENODATA);
	CHECK_ERR(setxattr("f", "user.name", "v", 1, XATTR_CREATE), EEXIST);
	CHECK_EQ(removexattr("f", "user.name"), 0);
	CHECK_ERR(removexattr("f", "user.name"), ENODATA);
}

static void
owners_and_modes(void)
{
	struct stat st;

	guest_tmpdir();
	touch("f");
	CHECK_EQ(chmod("f", 07777), 0);
	CHECK_EQ(stat("f", &st), 0);
	CHECK_EQ(st.st_mode & 07777, 07777);
	CHECK_EQ(chown("f", (uid_t)-1, (gid_t)-1), 0);
	if (geteuid() == 0) {
		CHECK_EQ(chown("f", 12, 34), 0);
		CHECK_EQ(stat("f", &st), 0);
		CHECK(st.st_uid == 12 && st.st_gid == 34);
		CHECK_EQ(st.st_mode & 07777, 01777); /* set-id bits go */
	}
	CHECK_ERR(chmod("missing", 0), ENOENT);
	CHECK_EQ(symlink("f", "l"), 0);
	if (geteuid() == 0) {
		CHECK_EQ(lchown("l", 5, 6), 0);
		CHECK_EQ(lstat("l", &st), 0);
		CHECK_EQ(st.st_uid, 5);
	}
}

static void
sticky_directories(void)
{
	if (geteuid() != 0)
		return;
	guest_tmpdir();
	CHECK_EQ(chmod(".", 0777), 0);
	CHECK_EQ(mkdir("s", 0777) + chmod("s", 01777), 0);
	touch("s/f");
	CHECK_EQ(chmod("s/f", 0666), 0);
	if (guest_fork() == 0) {
		if (setuid(500) != 0)
			_exit(9);
		if (unlink("s/f") != -1 || (errno != EPERM && errno != EACCES))
			_exit(1);
		if (rename("s/f", "s/g") != -1)
			_exit(2);
		_exit(open("s/mine", O_CREAT | O_WRONLY, 0600) >= 0 && unlink("s/mine") == 0 ? 0 : 3);
	}
	CHECK_EXITS(-1, 0);
}

static void
chroot_confines(void)
{
	struct stat st;

	if (geteuid() != 0)
		return;
	guest_tmpdir();
	CHECK_EQ(mkdir("root", 0755) + mkdir("root/inside", 0755), 0);
	if (guest_fork() == 0) {
		if (chroot("root") != 0 || chdir("/") != 0)
			_exit(1);
		if (stat("/inside", &st) != 0 || stat("/usr", &st) == 0 || stat("/../usr", &st) == 0)
			_exit(2);
		_exit(0);
	}
	CHECK_EXITS(-1, 0);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(walking), T(directories), T(reading_directories), T(removing_while_reading), T(hard_links), T(symbolic_links),
		T(renames), T(renames_move_trees), T(permissions_of_directories), T(at_calls),
		T(openat2_resolves), T(extended_attributes), T(owners_and_modes), T(sticky_directories), T(chroot_confines),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
