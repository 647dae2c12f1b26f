/* SPDX-License-Identifier: MIT
 *
 * A file system that refuses: what is below a directory, but for calls that a file of rules names. The host's kernel seldom has
 * quotas, and a disk that fails only for fsync(2) is hard to come by.
 *
 * Usage: refusing RULES DIRECTORY MOUNTPOINT [option of FUSE...]
 * A line of RULES is "CALL ERRNO [OFFSET]": `mkdir 122`, `fsync 5`, `write 122 65536` (bytes from there on are refused, those before
 * it are written). It is read at every call that it may name.
 */
#define FUSE_USE_VERSION 31
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char *rules;
static int top;

/* The rule for a call: its error, and from where on; or 0. */
static int
rule(const char *call, off_t *from)
{
	char name[32], line[128];
	long long offset;
	int error, found = 0;
	FILE *f = fopen(rules, "re");

	while (f && !found && fgets(line, sizeof(line), f)) {
		offset = 0;
		if (sscanf(line, "%31s %d %lld", name, &error, &offset) >= 2 && strcmp(name, call) == 0) {
			found = -error;
			if (from)
				*from = offset;
		}
	}
	if (f)
		fclose(f);
	return found;
}

static const char *
below(const char *path)
{
	return path[1] ? path + 1 : ".";
}

/* For calls of path alone, which are not there relative to a directory. */
static const char *
absolute(const char *path)
{
	static char buf[PATH_MAX];

	snprintf(buf, sizeof(buf), "/proc/self/fd/%d/%s", top, below(path));
	return buf;
}

static int
result(int r)
{
	return r < 0 ? -errno : 0;
}

#define REFUSE(call)                          \
	do {                                  \
		int err_ = rule(call, NULL);  \
		if (err_)                     \
			return err_;          \
	} while (0)

static void *
r_init(struct fuse_conn_info *conn, struct fuse_config *cfg)
{
	conn->want &= ~(unsigned int)FUSE_CAP_ATOMIC_O_TRUNC; /* open(2), then truncate, as of a disk */
	cfg->use_ino = 1;
	cfg->nullpath_ok = 0;
	cfg->entry_timeout = cfg->attr_timeout = cfg->negative_timeout = 0;
	cfg->hard_remove = 1;
	return NULL;
}

static int
r_getattr(const char *path, struct stat *st, struct fuse_file_info *fi)
{
	return result(fi ? fstat((int)fi->fh, st) : fstatat(top, below(path), st, AT_SYMLINK_NOFOLLOW));
}

static int
r_readlink(const char *path, char *buf, size_t size)
{
	ssize_t n = readlinkat(top, below(path), buf, size - 1);

	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

static int
r_readdir(const char *path, void *buf, fuse_fill_dir_t fill, off_t at, struct fuse_file_info *fi, enum fuse_readdir_flags flags)
{
	int fd = openat(top, below(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		struct stat st = { .st_ino = e->d_ino, .st_mode = (mode_t)DTTOIF(e->d_type) };

		if (fill(buf, e->d_name, &st, 0, 0))
			break;
	}
	closedir(d);
	return 0;
}

static int
r_mknod(const char *path, mode_t mode, dev_t dev)
{
	REFUSE("mknod");
	return result(mknodat(top, below(path), mode, dev));
}

static int
r_mkdir(const char *path, mode_t mode)
{
	REFUSE("mkdir");
	return result(mkdirat(top, below(path), mode));
}

static int
r_unlink(const char *path)
{
	REFUSE("unlink");
	return result(unlinkat(top, below(path), 0));
}

static int
r_rmdir(const char *path)
{
	REFUSE("rmdir");
	return result(unlinkat(top, below(path), AT_REMOVEDIR));
}

static int
r_symlink(const char *to, const char *path)
{
	REFUSE("symlink");
	return result(symlinkat(to, top, below(path)));
}

static int
r_rename(const char *from, const char *to, unsigned int flags)
{
	REFUSE("rename");
	return result(renameat2(top, below(from), top, below(to), flags));
}

static int
r_link(const char *from, const char *to)
{
	REFUSE("link");
	return result(linkat(top, below(from), top, below(to), 0));
}

static int
r_chmod(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	REFUSE("chmod");
	return result(fi ? fchmod((int)fi->fh, mode) : fchmodat(top, below(path), mode, 0));
}

static int
r_chown(const char *path, uid_t uid, gid_t gid, struct fuse_file_info *fi)
{
	REFUSE("chown");
	return result(fchownat(top, below(path), uid, gid, AT_SYMLINK_NOFOLLOW));
}

static int
r_truncate(const char *path, off_t size, struct fuse_file_info *fi)
{
	REFUSE("truncate");
	return result(fi ? ftruncate((int)fi->fh, size) : truncate(absolute(path), size));
}

static int
r_utimens(const char *path, const struct timespec tv[2], struct fuse_file_info *fi)
{
	REFUSE("utimens");
	return result(utimensat(top, below(path), tv, AT_SYMLINK_NOFOLLOW));
}

static int
r_open(const char *path, struct fuse_file_info *fi)
{
	int fd;

	REFUSE("open");
	fd = openat(top, below(path), (fi->flags & ~(O_NOFOLLOW | O_APPEND)) | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	fi->fh = (uint64_t)fd;
	return 0;
}

static int
r_create(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	int fd;

	REFUSE("create");
	fd = openat(top, below(path), (fi->flags & ~(O_NOFOLLOW | O_APPEND)) | O_CREAT | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	fi->fh = (uint64_t)fd;
	return 0;
}

static int
r_read(const char *path, char *buf, size_t size, off_t at, struct fuse_file_info *fi)
{
	ssize_t n;

	REFUSE("read");
	n = pread((int)fi->fh, buf, size, at);
	return n < 0 ? -errno : (int)n;
}

static int
r_write(const char *path, const char *buf, size_t size, off_t at, struct fuse_file_info *fi)
{
	off_t from;
	int err = rule("write", &from);
	ssize_t n;

	if (err && at >= from)
		return err;
	if (err && at + (off_t)size > from)
		size = (size_t)(from - at);
	n = pwrite((int)fi->fh, buf, size, at);
	return n < 0 ? -errno : (int)n;
}

static int
r_fallocate(const char *path, int mode, off_t at, off_t len, struct fuse_file_info *fi)
{
	REFUSE("fallocate");
	return result(fallocate((int)fi->fh, mode, at, len));
}

static int
r_flush(const char *path, struct fuse_file_info *fi)
{
	REFUSE("flush");
	return 0;
}

static int
r_release(const char *path, struct fuse_file_info *fi)
{
	close((int)fi->fh);
	return 0;
}

static int
r_fsync(const char *path, int data, struct fuse_file_info *fi)
{
	REFUSE("fsync");
	return 0;
}

static int
r_fsyncdir(const char *path, int data, struct fuse_file_info *fi)
{
	REFUSE("fsyncdir");
	return 0;
}

static int
r_statfs(const char *path, struct statvfs *st)
{
	return result(fstatvfs(top, st));
}

static int
r_setxattr(const char *path, const char *name, const char *value, size_t size, int flags)
{
	REFUSE("setxattr");
	return result(lsetxattr(absolute(path), name, value, size, flags));
}

static int
r_getxattr(const char *path, const char *name, char *value, size_t size)
{
	ssize_t n = lgetxattr(absolute(path), name, value, size);

	return n < 0 ? -errno : (int)n;
}

static int
r_listxattr(const char *path, char *list, size_t size)
{
	ssize_t n = llistxattr(absolute(path), list, size);

	return n < 0 ? -errno : (int)n;
}

static int
r_removexattr(const char *path, const char *name)
{
	REFUSE("removexattr");
	return result(lremovexattr(absolute(path), name));
}

static const struct fuse_operations operations = {
	.init = r_init,
	.getattr = r_getattr,
	.readlink = r_readlink,
	.readdir = r_readdir,
	.mknod = r_mknod,
	.mkdir = r_mkdir,
	.unlink = r_unlink,
	.rmdir = r_rmdir,
	.symlink = r_symlink,
	.rename = r_rename,
	.link = r_link,
	.chmod = r_chmod,
	.chown = r_chown,
	.truncate = r_truncate,
	.utimens = r_utimens,
	.open = r_open,
	.create = r_create,
	.read = r_read,
	.write = r_write,
	.fallocate = r_fallocate,
	.flush = r_flush,
	.release = r_release,
	.fsync = r_fsync,
	.fsyncdir = r_fsyncdir,
	.statfs = r_statfs,
	.setxattr = r_setxattr,
	.getxattr = r_getxattr,
	.listxattr = r_listxattr,
	.removexattr = r_removexattr,
};

int
main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: refusing RULES DIRECTORY MOUNTPOINT [OPTION...]\n");
		return 2;
	}
	rules = realpath(argv[1], NULL);
	top = open(argv[2], O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!rules || top < 0) {
		perror(argv[1]);
		return 1;
	}
	umask(0);
	argv[2] = argv[0];
	return fuse_main(argc - 2, argv + 2, &operations, NULL);
}
