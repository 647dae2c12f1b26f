/* SPDX-License-Identifier: MIT
 *
 * Unpacks an archive into the guest's root: libarchive reads it (and undoes gzip, xz, zstd), the kernel's own calls make the
 * files. libarchive and the libraries it needs are loaded only here, so that no other run pays for them.
 */
#include "src/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "kernel/task.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"

/* What is used of libarchive, with its own types. */
#define LIBARCHIVE_CALLS(X)                                                                                               \
	X(archive_read_new) X(archive_read_free) X(archive_read_support_filter_all) X(archive_read_support_format_tar)    \
	X(archive_read_open_fd) X(archive_read_next_header) X(archive_read_data_block) X(archive_error_string)            \
	X(archive_entry_pathname) X(archive_entry_hardlink) X(archive_entry_symlink) X(archive_entry_mode)                \
	X(archive_entry_size) X(archive_entry_uid) X(archive_entry_gid) X(archive_entry_mtime)                            \
	X(archive_entry_mtime_nsec) X(archive_entry_rdev) X(archive_entry_xattr_reset) X(archive_entry_xattr_next)

struct libarchive {
#define X(name) __typeof__(name) *name;
	LIBARCHIVE_CALLS(X)
#undef X
};

/* A directory's times are set when everything below it is there. */
struct dir_time {
	struct dir_time *next;
	struct k_timespec mtime;
	char path[];
};

struct unpack {
	struct libarchive lib;
	struct archive *a;
	struct task *t;
	const struct archive_job *job;
	struct dir_time *dirs; /* the last one first */
	unsigned long entries;
};

static int __attribute__((format(printf, 2, 3)))
complain(const struct archive_job *job, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "stead run: --root=%s: ", job->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return -ECANCELED;
}

static int
load_library(struct unpack *u)
{
	void *so = dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);

	if (!so)
		return complain(u->job, "an archive needs libarchive (package libarchive13): %s", dlerror());
#define X(name)                                                                                                           \
	u->lib.name = (__typeof__(u->lib.name))(uintptr_t)dlsym(so, #name);                                               \
	if (!u->lib.name)                                                                                                 \
		return complain(u->job, "this libarchive has no %s", #name);
	LIBARCHIVE_CALLS(X)
#undef X
	return 0;
}

/* A name of the archive as an absolute path inside, without "." and doubled slashes; NULL if it climbs or is too long. */
static char *
inside_path(const char *name)
{
	char *out = calloc(1, strlen(name) + 2), *p = out;

	if (!out)
		return NULL;
	while (*name) {
		size_t n = strcspn(name, "/");

		if (n == 2 && name[0] == '.' && name[1] == '.') {
			free(out);
			return NULL;
		}
		if (n > 0 && !(n == 1 && name[0] == '.')) {
			*p++ = '/';
			memcpy(p, name, n);
			p += n;
		}
		name += n;
		name += strspn(name, "/");
	}
	return out; /* "" is the root */
}

/* The directory that holds @path, made with all above it if it is not there. @last is the rest of @path. */
static int
open_parent(struct unpack *u, const char *path, struct path *parent, const char **last)
{
	const char *slash = strrchr(path, '/');
	char *above = strndup(path, (size_t)(slash - path));
	int err = above ? kern_path(u->t, *above ? above : "/", LOOKUP_FOLLOW | LOOKUP_DIRECTORY, parent) : -ENOMEM;

	*last = slash + 1;
	if (err == -ENOENT && *above) {
		struct path grand;
		const char *name;

		err = open_parent(u, above, &grand, &name);
		if (!err) {
			struct inode *dir = d_inode(grand.dentry);
			struct dentry *d;

			mutex_lock(&dir->i_rwsem);
			d = lookup_one(u->t, &QSTR(name), grand.dentry);
			err = IS_ERR(d) ? (int)PTR_ERR(d) : vfs_mkdir(u->t, dir, d, 0755);
			if (!IS_ERR(d))
				dput(d);
			mutex_unlock(&dir->i_rwsem);
			path_put(u->t, &grand);
		}
		if (!err)
			err = kern_path(u->t, above, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, parent);
	}
	free(above);
	return err;
}

static int
make_link(struct unpack *u, struct inode *dir, struct dentry *d, const char *target)
{
	char *to = inside_path(target);
	struct path old;
	int err = to ? kern_path(u->t, to, 0, &old) : -EINVAL;

	free(to);
	if (err)
		return err;
	err = vfs_link(u->t, old.dentry, dir, d);
	path_put(u->t, &old);
	return err;
}

/* The name itself: nothing else is there any more, but for a directory that stays one. The directory is locked. */
static int
make_name(struct unpack *u, struct inode *dir, struct dentry *d, struct archive_entry *e)
{
	const struct libarchive *l = &u->lib;
	const char *link = l->archive_entry_hardlink(e);
	mode_t mode = l->archive_entry_mode(e);

	if (link)
		return make_link(u, dir, d, link);
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return d_is_negative(d) ? vfs_mkdir(u->t, dir, d, (uint16_t)(mode & 07777)) : 0;
	case S_IFLNK:
		return vfs_symlink(u->t, dir, d, l->archive_entry_symlink(e) ? l->archive_entry_symlink(e) : "");
	case S_IFREG:
	case 0:
		return vfs_create(u->t, dir, d, (uint16_t)((mode & 07777) | S_IFREG), true);
	default:
		return vfs_mknod(u->t, dir, d, (uint16_t)mode, (uint64_t)l->archive_entry_rdev(e));
	}
}

/* *@out is the new file, with references. */
static int
make_entry(struct unpack *u, const char *path, struct archive_entry *e, struct path *out)
{
	bool isdir = S_ISDIR(u->lib.archive_entry_mode(e)) && !u->lib.archive_entry_hardlink(e);
	struct path parent;
	const char *name;
	struct inode *dir;
	struct dentry *d;
	int err = open_parent(u, path, &parent, &name);

	if (err)
		return err;
	dir = d_inode(parent.dentry);
	mutex_lock(&dir->i_rwsem);
	d = lookup_one(u->t, &QSTR(name), parent.dentry);
	err = IS_ERR(d) ? (int)PTR_ERR(d) : 0;
	if (!err && !d_is_negative(d) && !(isdir && S_ISDIR(d_inode(d)->i_mode))) {
		err = S_ISDIR(d_inode(d)->i_mode) ? vfs_rmdir(u->t, dir, d) : vfs_unlink(u->t, dir, d);
		dput(d);
		d = err ? ERR_PTR(err) : lookup_one(u->t, &QSTR(name), parent.dentry);
		err = IS_ERR(d) ? (int)PTR_ERR(d) : 0;
	}
	if (!err)
		err = make_name(u, dir, d, e);
	mutex_unlock(&dir->i_rwsem);
	if (err && !IS_ERR(d))
		dput(d);
	if (!err) {
		mntget(parent.mnt);
		*out = (struct path){ parent.mnt, d };
	}
	path_put(u->t, &parent);
	return err;
}

static int
write_block(struct unpack *u, struct file *f, const char *buf, size_t n, int64_t pos)
{
	while (n > 0) {
		int64_t done = kernel_write(u->t, f, buf, n, &pos);

		if (done <= 0)
			return done ? (int)done : -EIO;
		buf += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Data in pieces with their places: what is between them is a hole. */
static int
unpack_data(struct unpack *u, const struct path *file, int64_t size)
{
	struct iattr attr = { .ia_valid = ATTR_SIZE | ATTR_FORCE, .ia_size = size };
	struct file *f = dentry_open(u->t, file, O_WRONLY);
	const void *buf;
	la_int64_t at;
	size_t n;
	int err = 0, r = ARCHIVE_OK;

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	while (!err && (r = u->lib.archive_read_data_block(u->a, &buf, &n, &at)) == ARCHIVE_OK)
		err = write_block(u, f, buf, n, at);
	fput(u->t, f);
	if (!err && r != ARCHIVE_EOF)
		return complain(u->job, "the archive is broken: %s", u->lib.archive_error_string(u->a));
	if (!err && d_inode(file->dentry)->i_size < size)
		err = notify_change(u->t, file->dentry, &attr);
	return err;
}

static int
set_xattrs(struct unpack *u, struct dentry *d, struct archive_entry *e)
{
	const char *name;
	const void *value;
	size_t n;
	int err = 0;

	u->lib.archive_entry_xattr_reset(e);
	while (!err && u->lib.archive_entry_xattr_next(e, &name, &value, &n) == ARCHIVE_OK) {
		err = vfs_setxattr(u->t, d, name, value ? value : "", n, 0);
		if (err == -EOPNOTSUPP)
			err = 0; /* a name space that Linux's tmpfs would not take either */
	}
	return err;
}

static int
set_attrs(struct unpack *u, const struct path *file, struct archive_entry *e)
{
	const struct libarchive *l = &u->lib;
	struct iattr attr = { .ia_valid = ATTR_UID | ATTR_GID | ATTR_FORCE };
	int err;

	attr.ia_uid = (uint32_t)l->archive_entry_uid(e);
	attr.ia_gid = (uint32_t)l->archive_entry_gid(e);
	err = notify_change(u->t, file->dentry, &attr);
	if (!err)
		err = set_xattrs(u, file->dentry, e);
	if (err)
		return err;
	attr.ia_valid = ATTR_ATIME | ATTR_ATIME_SET | ATTR_MTIME | ATTR_MTIME_SET | ATTR_FORCE;
	if (!S_ISLNK(d_inode(file->dentry)->i_mode))
		attr.ia_valid |= ATTR_MODE; /* after the owner: a change of that takes set-user-ID away */
	attr.ia_mode = l->archive_entry_mode(e) & 07777;
	attr.ia_mtime = (struct k_timespec){ l->archive_entry_mtime(e), l->archive_entry_mtime_nsec(e) };
	attr.ia_atime = attr.ia_mtime;
	return notify_change(u->t, file->dentry, &attr);
}

static int
remember_dir(struct unpack *u, const char *path, struct archive_entry *e)
{
	struct dir_time *dt = malloc(sizeof(*dt) + strlen(path) + 2);

	if (!dt)
		return -ENOMEM;
	dt->mtime = (struct k_timespec){ u->lib.archive_entry_mtime(e), u->lib.archive_entry_mtime_nsec(e) };
	strcpy(dt->path, *path ? path : "/");
	dt->next = u->dirs;
	u->dirs = dt;
	return 0;
}

static int
unpack_entry(struct unpack *u, struct archive_entry *e)
{
	const char *name = u->lib.archive_entry_pathname(e);
	bool linked = u->lib.archive_entry_hardlink(e) != NULL;
	char *path = name ? inside_path(name) : NULL;
	int64_t size = u->lib.archive_entry_size(e);
	struct path file;
	int err;

	if (!path)
		return complain(u->job, "the name %s leads out of the archive", name ? name : "(none)");
	err = *path ? make_entry(u, path, e, &file) : kern_path(u->t, "/", 0, &file);
	if (!err) {
		if (S_ISREG(d_inode(file.dentry)->i_mode) && size > 0)
			err = unpack_data(u, &file, size);
		if (!err && !linked)
			err = set_attrs(u, &file, e);
		if (!err && S_ISDIR(d_inode(file.dentry)->i_mode))
			err = remember_dir(u, path, e);
		path_put(u->t, &file);
	}
	if (err && err != -ECANCELED)
		err = complain(u->job, "cannot make %s: %s", name, strerror(-err));
	free(path);
	return err;
}

static void
set_dir_times(struct unpack *u, bool apply)
{
	while (u->dirs) {
		struct dir_time *dt = u->dirs;
		struct iattr attr = { .ia_valid = ATTR_ATIME | ATTR_ATIME_SET | ATTR_MTIME | ATTR_MTIME_SET | ATTR_FORCE,
				      .ia_atime = dt->mtime,
				      .ia_mtime = dt->mtime };
		struct path path;

		if (apply && kern_path(u->t, dt->path, 0, &path) == 0) {
			ignore_err(notify_change(u->t, path.dentry, &attr), "only times");
			path_put(u->t, &path);
		}
		u->dirs = dt->next;
		free(dt);
	}
}

int
archive_unpack(struct task *t, void *job)
{
	struct unpack u = { .t = t, .job = job };
	struct archive_entry *e;
	int err = load_library(&u), r;

	if (err)
		return err;
	u.a = u.lib.archive_read_new();
	if (!u.a)
		return complain(job, "out of memory");
	u.lib.archive_read_support_filter_all(u.a);
	u.lib.archive_read_support_format_tar(u.a);
	if (u.lib.archive_read_open_fd(u.a, u.job->fd, 1 << 16) != ARCHIVE_OK)
		err = complain(job, "it is neither a directory nor a tar archive: %s", u.lib.archive_error_string(u.a));
	while (!err) {
		r = u.lib.archive_read_next_header(u.a, &e);
		if (r == ARCHIVE_EOF)
			break;
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			err = complain(job, "%s: %s",
				       u.entries ? "the archive is broken" : "it is neither a directory nor a tar archive",
				       u.lib.archive_error_string(u.a));
		else
			err = unpack_entry(&u, e);
		u.entries++;
	}
	set_dir_times(&u, !err);
	u.lib.archive_read_free(u.a);
	return err;
}
