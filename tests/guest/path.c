/* SPDX-License-Identifier: MIT
 *
 * Every call on names with every kind of name: what it returns, compared with the host's answer. All names are relative and stay
 * below a directory of the program's own.
 */
#include <dirent.h>
#include <linux/openat2.h>
#include <sys/vfs.h>

#include "tests/guest/guest.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE	 2
#endif

static char too_long[300];

/* Of 40 links Linux counts those of a first walk without references too, when it has to walk again: hence no chain of 39. */
static const char *const paths[] = {
	"file",	    "file/",	"file/.",	"file/..",    "file/x",	      "dir",	     "dir/",	   "dir/.",
	"dir/..",   "dir/../file", "dir/f",	"dir/none",   "none",	      "none/",	     "none/x",	   "link",
	"link/",    "dlink",	"dlink/",	"dlink/f",    "dangling",     "dangling/",   "loop",	   "loop/x",
	".",	    "..",	"",		"closed",     "closed/x",     "search/x",    "chain12",	   "chain40",
	"empty",    "empty/",	"empty/.",	"empty/..",   "to-dotdot",    "to-dotdot/file", "readonly", "set-id",
	"dir/sub",  "sticky/other", "fifo",	"trail-file", "trail-dir/f",  "here/here/file", too_long,
};

static void
show(const char *op, const char *path, long ret)
{
	int err = errno;

	if (ret < 0)
		printf("%s(%.20s) = %s\n", op, path, strerrorname_np(err));
	else
		printf("%s(%.20s) = %ld\n", op, path, ret);
}

static void
make_file(const char *name, mode_t mode)
{
	guest_write_file(name, "hello", 5, mode);
}

static void
make_tree(void)
{
	char from[16], to[16];

	make_file("file", 0644);
	CHECK(mkdir("dir", 0755) == 0 && mkdir("dir/sub", 0755) == 0 && mkdir("empty", 0755) == 0 && mkdir("sticky", 0755) == 0);
	make_file("dir/f", 0644);
	make_file("readonly", 0444);
	make_file("set-id", 06755);
	make_file("sticky/other", 0666);
	CHECK(chmod("sticky", 01777) == 0 && mkfifo("fifo", 0644) == 0);
	CHECK(mkdir("search", 0755) == 0 && mkdir("closed", 0755) == 0);
	make_file("search/x", 0644);
	CHECK(chmod("search", 0311) == 0 && chmod("closed", 0) == 0);
	CHECK(symlink("file", "link") == 0 && symlink("dir", "dlink") == 0 && symlink("nowhere", "dangling") == 0);
	CHECK(symlink("loop", "loop") == 0 && symlink("dir/..", "to-dotdot") == 0 && symlink("file/", "trail-file") == 0);
	CHECK(symlink("dir/", "trail-dir") == 0 && symlink(".", "here") == 0 && symlink("file", "chain0") == 0);
	for (int i = 1; i <= 40; i++) {
		snprintf(from, sizeof(from), "chain%d", i);
		snprintf(to, sizeof(to), "chain%d", i - 1);
		CHECK(symlink(to, from) == 0);
	}
}

static void
remove_tree(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	struct dirent *e;
	DIR *d;

	if (fd < 0)
		return;
	d = fdopendir(fd);
	while (d && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, e->d_name, 0) == 0)
			continue;
		fchmodat(fd, e->d_name, 0700, 0);
		remove_tree(fd, e->d_name);
		unlinkat(fd, e->d_name, AT_REMOVEDIR);
	}
	if (d)
		closedir(d);
}

/* The tree is two levels down, so that ".." and its like are the program's own too. */
static char base[64];
static int up_fd, here_fd;

static void
enter_tree(void)
{
	snprintf(base, sizeof(base), "%s/guest-path.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	memset(too_long, 'n', 256);
	umask(022);
	CHECK(mkdtemp(base) && chdir(base) == 0 && mkdir("up", 0755) == 0 && chdir("up") == 0 && mkdir("here", 0755) == 0);
	up_fd = open(".", O_RDONLY | O_CLOEXEC);
	CHECK(up_fd >= 0 && chdir("here") == 0);
	here_fd = open(".", O_RDONLY | O_CLOEXEC);
	CHECK(here_fd >= 0);
}

static void
leave_tree(void)
{
	CHECK(close(up_fd) == 0 && close(here_fd) == 0 && chdir(base) == 0);
	remove_tree(AT_FDCWD, ".");
	CHECK(chdir("/") == 0 && rmdir(base) == 0);
}

/* @op on every path, in a child each; @changes: the tree is made anew after each. */
static void
on_every_path(void (*op)(const char *path), bool changes)
{
	enter_tree();
	make_tree();
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		pid_t pid = guest_fork();

		if (pid == 0) {
			op(paths[i]);
			fflush(stdout);
			_exit(0);
		}
		CHECK_EXITS(pid, 0);
		if (changes) {
			CHECK(fchmod(up_fd, 0755) == 0 && fchmod(here_fd, 0755) == 0);
			remove_tree(AT_FDCWD, ".");
			make_tree();
		}
	}
	leave_tree();
}

static void
op_look(const char *p)
{
	struct stat st;
	struct statfs sf;
	char buf[64];

	show("stat", p, stat(p, &st));
	show("lstat", p, lstat(p, &st));
	show("readlink", p, readlink(p, buf, sizeof(buf)));
	show("access F", p, access(p, F_OK));
	show("access R", p, access(p, R_OK));
	show("access W", p, access(p, W_OK));
	show("access X", p, access(p, X_OK));
	show("access link", p, syscall(SYS_faccessat2, AT_FDCWD, p, R_OK, AT_SYMLINK_NOFOLLOW));
	show("statfs", p, statfs(p, &sf));
	show("fstatat empty", p, fstatat(AT_FDCWD, p, &st, AT_EMPTY_PATH));
	show("fstatat bad fd", p, fstatat(99, p, &st, 0));
	show("chdir", p, chdir(p));
}

static void
look(void)
{
	on_every_path(op_look, false);
}

static void
op_resolve(const char *p)
{
	static const uint64_t resolve[] = { RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS,
					    RESOLVE_NO_XDEV, RESOLVE_BENEATH | RESOLVE_IN_ROOT, 0x1000 };

	for (size_t i = 0; i < ARRAY_SIZE(resolve); i++) {
		struct open_how how = { .flags = O_PATH, .resolve = resolve[i] };
		char name[32];

		snprintf(name, sizeof(name), "resolve %#llx", (unsigned long long)resolve[i]);
		show(name, p, syscall(SYS_openat2, AT_FDCWD, p, &how, sizeof(how)) < 0 ? -1 : 0);
	}
}

static void
resolve_restricted(void)
{
	on_every_path(op_resolve, false);
}

static int open_flags;

static void
op_open(const char *p)
{
	struct stat st;
	char name[32];
	int fd = open(p, open_flags | (open_flags & O_PATH ? 0 : O_NONBLOCK), 0666);

	snprintf(name, sizeof(name), "open %#o", (unsigned int)open_flags);
	show(name, p, fd < 0 ? -1 : 0);
	if (fd >= 0 && fstat(fd, &st) == 0)
		printf("  flags %#o mode %o size %ld\n", (unsigned int)fcntl(fd, F_GETFL), st.st_mode,
		       S_ISREG(st.st_mode) ? (long)st.st_size : 0);
}

static void
open_without_change(void)
{
	static const int flags[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDONLY | O_DIRECTORY, O_RDONLY | O_NOFOLLOW, O_PATH,
				     O_PATH | O_NOFOLLOW, O_PATH | O_DIRECTORY, O_APPEND | O_WRONLY, O_TMPFILE | O_RDWR,
				     O_TMPFILE | O_RDONLY, O_NOATIME, 3 };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		open_flags = flags[i];
		on_every_path(op_open, false);
	}
}

static void
open_that_changes(void)
{
	static const int flags[] = { O_CREAT | O_WRONLY, O_CREAT | O_RDONLY, O_CREAT | O_EXCL | O_RDWR,
				     O_CREAT | O_NOFOLLOW | O_RDWR, O_TRUNC | O_RDONLY, O_TRUNC | O_WRONLY };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		open_flags = flags[i];
		on_every_path(op_open, true);
	}
}

#define OP(name, label, expr)                                                                                             \
	static void op_##name(const char *p)                                                                              \
	{                                                                                                                 \
		show(label, p, (expr));                                                                                   \
	}                                                                                                                 \
	static void name(void)                                                                                            \
	{                                                                                                                 \
		on_every_path(op_##name, true);                                                                           \
	}

OP(make_directory, "mkdir", mkdir(p, 0777))
OP(make_node, "mknod", mknod(p, S_IFREG | 0644, 0))
OP(make_fifo, "mkfifo", mkfifo(p, 0644))
OP(make_link_here, "symlink", symlink("target", p))
OP(remove_directory, "rmdir", rmdir(p))
OP(remove_name, "unlink", unlink(p))
OP(link_from, "link from", link(p, "new"))
OP(link_to, "link to", link("file", p))
OP(link_following, "link following", linkat(AT_FDCWD, p, AT_FDCWD, "new", AT_SYMLINK_FOLLOW))
OP(rename_from, "rename from", rename(p, "new"))
OP(rename_file_to, "rename file to", rename("file", p))
OP(rename_directory_to, "rename directory to", rename("dir", p))
OP(rename_empty_to, "rename empty to", rename("empty", p))
OP(rename_to_itself, "rename to itself", rename(p, p))
OP(rename_no_replace, "rename no replace", (long)syscall(SYS_renameat2, AT_FDCWD, "file", AT_FDCWD, p, RENAME_NOREPLACE))
OP(rename_exchange, "rename exchange", (long)syscall(SYS_renameat2, AT_FDCWD, p, AT_FDCWD, "dir", RENAME_EXCHANGE))
OP(rename_over_ancestor, "rename over ancestor", rename("dir/sub", p))
OP(change_mode, "chmod", chmod(p, 0640))
OP(cut, "truncate", truncate(p, 3))
OP(touch, "utimensat", utimensat(AT_FDCWD, p, NULL, 0))
OP(touch_link, "utimensat link", utimensat(AT_FDCWD, p, NULL, AT_SYMLINK_NOFOLLOW))
OP(keep_owner, "chown", chown(p, (uid_t)-1, (gid_t)-1))
OP(run, "execve", execve(p, (char *[]){ (char *)"x", NULL }, NULL))

static const struct guest_case cases[] = {
	T(look), T(resolve_restricted), T(open_without_change), T(open_that_changes), T(make_directory), T(make_node),
	T(make_fifo), T(make_link_here), T(remove_directory), T(remove_name), T(link_from), T(link_to), T(link_following),
	T(rename_from), T(rename_file_to), T(rename_directory_to), T(rename_empty_to), T(rename_to_itself),
	T(rename_no_replace), T(rename_exchange), T(rename_over_ancestor), T(change_mode), T(cut), T(touch), T(touch_link),
	T(keep_owner), T(run),
};

int
main(int argc, char **argv)
{
	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
