/* SPDX-License-Identifier: MIT
 *
 * Operations on names and attributes.
 */
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "random.h"
#include "rules.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

static void
put_slot(struct proc *p, int n, int fd)
{
	if (p->slot[n] >= 0)
		close(p->slot[n]);
	p->slot[n] = fd;
}

static unsigned int
pick_open_flags(struct op *o)
{
	static const unsigned int access[] = { O_RDWR, O_RDWR, O_RDONLY, O_WRONLY, O_RDWR, 3 };
	static const unsigned int often[] = { O_CREAT, O_CREAT };
	static const unsigned int rare[] = { O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY, O_NOFOLLOW, O_PATH, O_SYNC };
	unsigned int flags = access[pick(o, pick(o, 20) ? 4 : 6)] | pick_flags(o, often, 2, 3) | pick_flags(o, rare, ARRAY_SIZE(rare), 9);

	if (pick(o, 25) == 0)
		flags = (flags & ~(O_CREAT | O_APPEND)) | O_TMPFILE;
	say(o, " 0%o", flags);
	return flags | O_NONBLOCK; /* FIFOs */
}

static void
op_open(struct proc *p, struct op *o)
{
	static const unsigned int modes[] = { 0644, 0666, 0600, 0755, 0, 0444, 04755, 02750 };
	char path[PATHS_SIZE];
	int n = pick_slot(p, o), dirfd = pick_dirfd(p, o), fd;
	unsigned int flags, mode;

	pick_path(o, path);
	flags = pick_open_flags(o);
	mode = modes[pick(o, ARRAY_SIZE(modes))];
	say(o, " 0%o", mode);
	fd = openat(dirfd, path, flags | O_CLOEXEC, mode);
	say_result(o, fd < 0 ? -1 : 0);
	put_slot(p, n, fd);
}

static void
op_open_dir(struct proc *p, struct op *o)
{
	char path[PATHS_SIZE];
	int n = pick_slot(p, o), fd;

	fd = open(pick_path(o, path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	say_result(o, fd < 0 ? -1 : 0);
	put_slot(p, n, fd);
}

static void
op_openat2(struct proc *p, struct op *o)
{
	static const unsigned int resolve[] = { RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS };
	struct open_how how = { 0 };
	char path[PATHS_SIZE];
	int n = pick_slot(p, o), dirfd = pick_dirfd(p, o);
	long fd = -1;

	pick_path(o, path);
	how.flags = pick_open_flags(o) | O_CLOEXEC;
	how.mode = (how.flags & (O_CREAT | __O_TMPFILE)) ? 0640 : 0;
	how.resolve = pick_flags(o, resolve, ARRAY_SIZE(resolve), 3);
	say(o, " resolve=%llx", (unsigned long long)how.resolve);
	/* Linux cannot tell whether ".." stays below when anybody on the machine renames at that moment, and says so. */
	for (int i = 0; i < 10000; i++) {
		fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	say_result(o, fd < 0 ? -1 : 0);
	put_slot(p, n, (int)fd);
}

static void
op_close(struct proc *p, struct op *o)
{
	int n = pick_slot(p, o);

	if (pick(o, 2)) {
		say_result(o, close(p->slot[n]));
		p->slot[n] = -1;
	}
}

static void
op_dup(struct proc *p, struct op *o)
{
	int fd = pick_fd(p, o), n = pick_slot(p, o), got = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	say_result(o, got < 0 ? -1 : 0);
	put_slot(p, n, got);
}

static void
op_mkdir(struct proc *p, struct op *o)
{
	static const unsigned int modes[] = { 0755, 0777, 0700, 01770, 02775, 0555 };
	char path[PATHS_SIZE];
	int dirfd = pick_dirfd(p, o);

	pick_path(o, path);
	say_result(o, mkdirat(dirfd, path, modes[pick(o, ARRAY_SIZE(modes))]));
}

static void
op_unlink(struct proc *p, struct op *o)
{
	char path[PATHS_SIZE];
	int dirfd = pick_dirfd(p, o);

	say_result(o, unlinkat(dirfd, pick_path(o, path), 0));
}

static void
op_rmdir(struct proc *p, struct op *o)
{
	char path[PATHS_SIZE];
	int dirfd = pick_dirfd(p, o);

	say_result(o, unlinkat(dirfd, pick_path(o, path), AT_REMOVEDIR));
}

/* No descriptor of the host's keeps a FIFO there: one without the name it was opened by is changed in memory alone. */
static bool
is_fifo_without_links(int dirfd, const char *path)
{
	struct stat st;

	return lacks("fifo-links") && fstatat(dirfd, path, &st, AT_EMPTY_PATH) == 0 && S_ISFIFO(st.st_mode);
}

static void
op_link(struct proc *p, struct op *o)
{
	char from[PATHS_SIZE], to[PATHS_SIZE];
	int dirfd = pick_dirfd(p, o);

	pick_path(o, from);
	pick_path(o, to);
	if ((p->who == 1 && lacks("foreign-links")) || is_fifo_without_links(dirfd, from))
		return;
	say_result(o, linkat(dirfd, from, AT_FDCWD, to, pick(o, 3) ? 0 : AT_SYMLINK_FOLLOW));
}

/* An unnamed or removed file gets a name again. */
static void
op_link_fd(struct proc *p, struct op *o)
{
	char to[PATHS_SIZE];
	int fd = pick_fd(p, o);

	if ((p->who == 1 && lacks("foreign-links")) || is_fifo_without_links(fd, ""))
		return;
	say_result(o, linkat(fd, "", AT_FDCWD, pick_path(o, to), AT_EMPTY_PATH));
}

static void
op_symlink(struct proc *p, struct op *o)
{
	char target[PATHS_SIZE], path[PATHS_SIZE];

	pick_path(o, target);
	pick_path(o, path);
	say_result(o, symlink(target, path));
}

static void
op_readlink(struct proc *p, struct op *o)
{
	char path[PATHS_SIZE], buf[400];
	int dirfd = pick_dirfd(p, o);
	long n = readlinkat(dirfd, pick_path(o, path), buf, pick(o, 5) ? sizeof(buf) : 3);

	if (say_result(o, n) > 0)
		say(o, " %.*s", n < 40 ? (int)n : 40, buf);
}

static void
op_rename(struct proc *p, struct op *o)
{
	static const unsigned int flags[] = { 0, 0, 0, 1, 2, 3, 8 };
	char from[PATHS_SIZE], to[PATHS_SIZE];
	int dirfd = pick_dirfd(p, o);
	unsigned int f = flags[pick(o, ARRAY_SIZE(flags))];

	pick_path(o, from);
	pick_path(o, to);
	say(o, " %u", f);
	say_result(o, renameat2(dirfd, from, AT_FDCWD, to, f));
}

static void
op_mknod(struct proc *p, struct op *o)
{
	static const unsigned int modes[] = { S_IFIFO | 0666, S_IFREG | 0644, S_IFSOCK | 0600, S_IFDIR | 0700, 0660 };
	char path[PATHS_SIZE];
	unsigned int mode = modes[pick(o, ARRAY_SIZE(modes))];

	pick_path(o, path);
	say(o, " 0%o", mode);
	say_result(o, mknod(path, mode, 0));
}

static unsigned int
pick_mode(struct op *o)
{
	static const unsigned int modes[] = { 0644, 0666, 0600, 0777, 0, 0444, 0755, 04755, 02755, 06777, 01755, 02644, 0007, 0070, 0700 };
	unsigned int mode = modes[pick(o, ARRAY_SIZE(modes))];

	say(o, " 0%o", mode);
	return mode;
}

static void
op_chmod(struct proc *p, struct op *o)
{
	char path[PATHS_SIZE];
	unsigned int mode = pick_mode(o);
	int fd;

	if (pick(o, 3)) {
		say_result(o, chmod(pick_path(o, path), mode));
	} else {
		fd = pick_fd(p, o);
		say_result(o, pick(o, 3) ? fchmod(fd, mode) : syscall(SYS_fchmodat2, fd, "", mode, AT_EMPTY_PATH));
	}
}

static void
op_chown(struct proc *p, struct op *o)
{
	static const unsigned int ids[] = { 0, 1000, (unsigned int)-1, 1001 };
	char path[PATHS_SIZE];
	unsigned int uid = ids[pick(o, 4)], gid = ids[pick(o, 4)];
	int fd;

	say(o, " %d:%d", (int)uid, (int)gid);
	if (pick(o, 3)) {
		int flags = pick(o, 2) ? AT_SYMLINK_NOFOLLOW : 0;

		say_result(o, fchownat(AT_FDCWD, pick_path(o, path), uid, gid, flags));
	} else {
		fd = pick_fd(p, o);
		say_result(o, fchown(fd, uid, gid));
	}
}

static void
pick_time(struct op *o, struct timespec *ts)
{
	static const struct timespec some[] = { { 0, UTIME_NOW }, { 0, UTIME_OMIT }, { 1000, 5 }, { 999999, 999999999 }, { -5, 7 }, { 3, 1000000000 } };

	*ts = some[pick(o, pick(o, 10) ? 5 : 6)];
	say(o, " %lld.%ld", (long long)ts->tv_sec, ts->tv_nsec);
}

static void
op_utimens(struct proc *p, struct op *o)
{
	struct timespec ts[2];
	char path[PATHS_SIZE];
	int fd;

	pick_time(o, &ts[0]);
	pick_time(o, &ts[1]);
	if (pick(o, 3)) {
		pick_path(o, path);
		say_result(o, utimensat(AT_FDCWD, path, pick(o, 8) ? ts : NULL, pick(o, 2) ? AT_SYMLINK_NOFOLLOW : 0));
	} else {
		fd = pick_fd(p, o);
		say_result(o, futimens(fd, ts));
	}
}

static void
op_stat(struct proc *p, struct op *o)
{
	char path[PATHS_SIZE];
	struct stat st;
	int dirfd = pick_dirfd(p, o);

	if (say_result(o, fstatat(dirfd, pick_path(o, path), &st, pick(o, 2) ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH)) == 0)
		say_stat(o, &st);
}

static void
op_fstat(struct proc *p, struct op *o)
{
	struct stat st;

	if (say_result(o, fstat(pick_fd(p, o), &st)) == 0)
		say_stat(o, &st);
}

static void
op_statx(struct proc *p, struct op *o)
{
	static const unsigned int flags[] = { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, AT_STATX_FORCE_SYNC, AT_STATX_DONT_SYNC, AT_NO_AUTOMOUNT };
	char path[PATHS_SIZE];
	struct statx st;
	int dirfd = pick_dirfd(p, o), f;

	pick_path(o, path);
	f = (int)pick_flags(o, flags, ARRAY_SIZE(flags), 3);
	say(o, " 0x%x", f);
	if (say_result(o, statx(dirfd, path, f, STATX_BASIC_STATS, &st)) == 0)
		say(o, " %o %u:%u %x", st.stx_mode, st.stx_uid, st.stx_gid, st.stx_mask & STATX_BASIC_STATS);
}

static void
op_access(struct proc *p, struct op *o)
{
	static const unsigned int flags[] = { AT_EACCESS, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH };
	char path[PATHS_SIZE];
	int dirfd = pick_dirfd(p, o);
	unsigned int mode = pick(o, 9), f;

	pick_path(o, path);
	f = pick_flags(o, flags, 3, 3);
	say(o, " %u 0x%x", mode, f);
	say_result(o, syscall(SYS_faccessat2, dirfd, path, mode, f));
}

/* Both processes stay inside what the run made: nothing above has a name that the operations use. */
static void
op_chdir(struct proc *p, struct op *o)
{
	char path[PATHS_SIZE], cwd[4096];
	int back = pick(o, 3) == 0;

	if (back)
		say_result(o, fchdir(p->shared->root));
	else if (pick(o, 4) == 0)
		say_result(o, fchdir(pick_fd(p, o)));
	else
		say_result(o, chdir(pick_path(o, path)));
	if (!getcwd(cwd, sizeof(cwd))) {
		say(o, " %s", strerrorname_np(errno));
		return;
	}
	say(o, " %s", strstr(cwd, "/x/root") ?: cwd);
	if (!strstr(cwd, "/x/root") && fchdir(p->shared->root))
		say(o, " lost");
}

static void
op_truncate(struct proc *p, struct op *o)
{
	char path[PATHS_SIZE];
	off_t size;

	pick_path(o, path);
	size = pick_offset(o) - (pick(o, 50) == 0);
	say_result(o, truncate(path, size));
}

struct entry {
	uint64_t ino;
	int64_t off;
	unsigned short len;
	unsigned char type;
	char name[];
};

static bool
same_entries(const char *a, const char *aend, const char *b, const char *bend)
{
	while (a < aend && b < bend) {
		const struct entry *x = (const void *)a, *y = (const void *)b;

		if (x->ino != y->ino || x->type != y->type || strcmp(x->name, y->name))
			return false;
		a += x->len;
		b += y->len;
	}
	return a == aend && b == bend;
}

/* The listing from the beginning, and, from a position in its middle, again. */
static void
op_list(struct proc *p, struct op *o)
{
	struct entry *de;
	int fd = pick_fd(p, o);
	unsigned int at = pick(o, 5);
	long n = 0;

	if (lseek(fd, 0, SEEK_SET) != 0) {
		say(o, " = %s", strerrorname_np(errno));
		return;
	}
	say_listing(o, fd);
	if (lseek(fd, 0, SEEK_SET) == 0 && (n = syscall(SYS_getdents64, fd, p->buf, 8192)) > 0) {
		for (de = (void *)p->buf; at > 0 && (char *)de + de->len < p->buf + n; at--)
			de = (void *)((char *)de + de->len);
		if (lseek(fd, de->off, SEEK_SET) == de->off)
			say(o, " again:%s", same_entries((char *)de + de->len, p->buf + n, p->buf2, p->buf2 + syscall(SYS_getdents64, fd, p->buf2, 8192)) ? "same" : "other");
	}
	if (n >= 0 && lseek(fd, 0, SEEK_SET)) /* elsewhere a position says nothing */
		say(o, " cannot rewind");
}

static const char *
pick_xattr(struct op *o)
{
	static const char *const names[] = { "user.a", "user.b", "user.long-name-of-an-attribute", "trusted.t", "user.", "nothing.a", "user" };
	const char *name = names[pick(o, pick(o, 10) ? 4 : ARRAY_SIZE(names))];

	if (lacks("trusted") && !strcmp(name, "trusted.t"))
		name = "user.t";
	say(o, " %s", name);
	return name;
}

static void
op_setxattr(struct proc *p, struct op *o)
{
	static const size_t sizes[] = { 0, 1, 10, 300 };
	char path[PATHS_SIZE], value[300];
	const char *name = pick_xattr(o);
	size_t n = sizes[pick(o, 4)];
	int flags = pick(o, 3) ? 0 : (int)pick(o, 4);

	fill(o, value, n);
	say(o, " %zu %d", n, flags);
	if (pick(o, 2))
		say_result(o, lsetxattr(pick_path(o, path), name, value, n, flags));
	else
		say_result(o, fsetxattr(pick_fd(p, o), name, value, n, flags));
}

static void
op_getxattr(struct proc *p, struct op *o)
{
	char path[PATHS_SIZE], value[400];
	const char *name = pick_xattr(o);
	size_t size = (size_t[]){ sizeof(value), 0, 5 }[pick(o, 3)];
	long n;

	if (pick(o, 2))
		n = getxattr(pick_path(o, path), name, value, size);
	else
		n = fgetxattr(pick_fd(p, o), name, value, size);
	if (say_result(o, n) >= 0 && size)
		say(o, " %08x", hash(value, (size_t)n));
}

static void
op_removexattr(struct proc *p, struct op *o)
{
	char path[PATHS_SIZE];
	const char *name = pick_xattr(o);

	if (pick(o, 2))
		say_result(o, lremovexattr(pick_path(o, path), name));
	else
		say_result(o, fremovexattr(pick_fd(p, o), name));
}

static void
op_umask(struct proc *p, struct op *o)
{
	static const unsigned int masks[] = { 022, 0, 077, 002 };

	say_result(o, umask(masks[pick(o, 4)]));
}

const struct op_kind name_ops[] = {
	{ "open", 60, op_open },	   { "opendir", 10, op_open_dir }, { "openat2", 8, op_openat2 },	 { "close", 8, op_close },
	{ "dup", 4, op_dup },		   { "mkdir", 14, op_mkdir },	   { "unlink", 14, op_unlink },		 { "rmdir", 8, op_rmdir },
	{ "link", 10, op_link },	   { "linkfd", 4, op_link_fd },	   { "symlink", 8, op_symlink },	 { "readlink", 4, op_readlink },
	{ "rename", 24, op_rename },	   { "mknod", 5, op_mknod },	   { "chmod", 8, op_chmod },		 { "chown", 8, op_chown },
	{ "utimens", 6, op_utimens },	   { "stat", 8, op_stat },	   { "fstat", 6, op_fstat },		 { "statx", 5, op_statx },
	{ "access", 6, op_access },	   { "chdir", 6, op_chdir },	   { "truncate", 8, op_truncate },	 { "list", 8, op_list },
	{ "setxattr", 10, op_setxattr }, { "getxattr", 6, op_getxattr },	 { "removexattr", 4, op_removexattr },
	{ "umask", 1, op_umask },	   { NULL, 0, NULL },
};
