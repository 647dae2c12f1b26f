/* SPDX-License-Identifier: MIT
 *
 * Opening files: open(2), openat2(2), and what exec opens.
 *
 * The last component is looked up, and with O_CREAT made, with the directory's i_rwsem held; then permissions are checked and the
 * file's own open runs, which may sleep long (FIFOs, terminals), without any lock. The descriptor comes last.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "vfs/fsnotify.h"
#include "vfs/internal.h"
#include "vfs/lease.h"
#include "vfs/pipe.h"

#define O_PATH_FLAGS (O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC)
#define VALID_RESOLVE                                                                                                     \
	(RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_CACHED)

/* What open flags mean to the walk. */
struct open_flags {
	uint32_t flags;
	uint16_t mode;
	int acc_mode; /* MAY_* */
	uint32_t lookup;
	bool exec;
};

static int
acc_mode_of(uint32_t flags)
{
	static const uint8_t may[4] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE, MAY_READ | MAY_WRITE };

	return may[flags & O_ACCMODE];
}

static uint32_t
lookup_of_resolve(uint64_t resolve)
{
	uint32_t l = 0;

	if (resolve & RESOLVE_NO_XDEV)
		l |= LOOKUP_NO_XDEV;
	if (resolve & RESOLVE_NO_MAGICLINKS)
		l |= LOOKUP_NO_MAGICLINKS;
	if (resolve & RESOLVE_NO_SYMLINKS)
		l |= LOOKUP_NO_SYMLINKS | LOOKUP_NO_MAGICLINKS;
	if (resolve & RESOLVE_BENEATH)
		l |= LOOKUP_BENEATH;
	if (resolve & RESOLVE_IN_ROOT)
		l |= LOOKUP_IN_ROOT;
	if (resolve & RESOLVE_CACHED)
		l |= LOOKUP_CACHED;
	return l;
}

static int
check_tmpfile_flags(uint32_t flags)
{
	if ((flags & O_TMPFILE) != O_TMPFILE || (flags & O_CREAT))
		return -EINVAL;
	return acc_mode_of(flags) & MAY_WRITE ? 0 : -EINVAL;
}

static int
build_open_flags(uint64_t flags64, uint16_t mode, uint64_t resolve, struct open_flags *op)
{
	uint32_t flags = (uint32_t)flags64;

	if ((flags64 & ~(uint64_t)VALID_OPEN_FLAGS) || (resolve & ~(uint64_t)VALID_RESOLVE))
		return -EINVAL;
	if ((resolve & RESOLVE_BENEATH) && (resolve & RESOLVE_IN_ROOT))
		return -EINVAL;
	if (!(flags & (O_CREAT | __O_TMPFILE)) && mode)
		return -EINVAL;
	if ((flags & (O_DIRECTORY | O_CREAT)) == (O_DIRECTORY | O_CREAT))
		return -EINVAL;
	if ((flags & __O_TMPFILE) && check_tmpfile_flags(flags))
		return -EINVAL;
	if ((flags & O_PATH) && (flags & ~(uint32_t)O_PATH_FLAGS))
		return -EINVAL;
	if (flags & __O_SYNC)
		flags |= O_DSYNC;

	*op = (struct open_flags){ .mode = (uint16_t)((mode & 07777) | S_IFREG), .lookup = lookup_of_resolve(resolve) };
	op->acc_mode = acc_mode_of(flags);
	if (flags & O_TRUNC)
		op->acc_mode |= MAY_WRITE;
	if (flags & O_APPEND)
		op->acc_mode |= MAY_APPEND;
	if (flags & O_PATH)
		op->acc_mode = 0;
	if (flags & O_DIRECTORY)
		op->lookup |= LOOKUP_DIRECTORY;
	if (!(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL))
		op->lookup |= LOOKUP_FOLLOW;
	if ((resolve & RESOLVE_CACHED) && (flags & (O_TRUNC | O_CREAT | __O_TMPFILE)))
		return -EAGAIN;
	op->flags = flags;
	return 0;
}

/* May an existing file be opened so? */
static int
may_open(struct task *t, const struct path *path, int acc_mode, uint32_t flags, bool exec)
{
	struct inode *inode = d_inode(path->dentry);
	int err;

	switch (inode->i_mode & S_IFMT) {
	case S_IFLNK:
		return -ELOOP;
	case S_IFDIR:
		if (acc_mode & MAY_WRITE)
			return -EISDIR;
		if (exec)
			return -EACCES;
		break;
	case S_IFBLK:
	case S_IFCHR:
		if (path->mnt->mnt_flags & MNT_NODEV)
			return -EACCES;
		__attribute__((fallthrough));
	case S_IFIFO:
	case S_IFSOCK:
		if (exec)
			return -EACCES;
		break;
	case S_IFREG:
		if (exec && (path->mnt->mnt_flags & MNT_NOEXEC))
			return -EACCES;
		break;
	default:
		break;
	}
	err = inode_permission(t, inode, MAY_OPEN | acc_mode);
	if (err)
		return err;
	if (inode->i_flags & S_APPEND) {
		if ((flags & O_ACCMODE) != O_RDONLY && !(flags & O_APPEND))
			return -EPERM;
		if (flags & O_TRUNC)
			return -EPERM;
	}
	if ((flags & O_NOATIME) && !inode_owner_or_capable(t, inode))
		return -EPERM;
	return 0;
}

static const struct file_operations *
fops_of_inode(struct task *t, struct inode *inode, int *err)
{
	*err = 0;
	if (inode->i_fop && inode->i_fop->open && !S_ISSOCK(inode->i_mode))
		return inode->i_fop;
	switch (inode->i_mode & S_IFMT) {
	case S_IFCHR: {
		const struct file_operations *fops = cdev_lookup(t->k, inode->i_rdev);

		*err = fops ? 0 : -ENXIO;
		return fops;
	}
	case S_IFBLK:
		*err = -ENXIO;
		return NULL;
	case S_IFSOCK:
		*err = -ENXIO;
		return NULL;
	case S_IFIFO:
		return &fifo_fops;
	default:
		if (!inode->i_fop)
			*err = -ENODEV;
		return inode->i_fop;
	}
}

static int
file_get_write_access(struct file *f)
{
	uint16_t type = f->f_inode->i_mode & S_IFMT;
	int err;

	if (type == S_IFCHR || type == S_IFBLK || type == S_IFIFO || type == S_IFSOCK)
		return 0;
	err = get_write_access(f->f_inode);
	if (err)
		return err;
	/* Count first, then look: a remount does it the other way round. */
	__atomic_add_fetch(&f->f_path.mnt->mnt_writers, 1, __ATOMIC_SEQ_CST);
	err = mnt_want_write(f->f_path.mnt);
	if (err) {
		__atomic_sub_fetch(&f->f_path.mnt->mnt_writers, 1, __ATOMIC_SEQ_CST);
		put_write_access(f->f_inode);
		return err;
	}
	f->f_mode |= FMODE_WRITER;
	return 0;
}

/**
 * vfs_open() - open what a path names; permissions are checked
 * @t: the current task
 * @path: referenced; the file takes references of its own
 * @f: from alloc_empty_file(); the caller's fput() cleans up after an error
 *
 * Context: sleeps; no lock.
 * Return: 0 or negative errno of open(2).
 */
int
vfs_open(struct task *t, const struct path *path, struct file *f)
{
	struct inode *inode = d_inode(path->dentry);
	int err;

	path_get(path);
	f->f_path = *path;
	f->f_inode = inode;
	if (f->f_mode & FMODE_PATH) {
		f->f_mode = FMODE_PATH | FMODE_OPENED;
		f->f_flags &= O_PATH_FLAGS & ~(uint32_t)O_CLOEXEC;
		return 0;
	}
	if (f->f_mode & FMODE_WRITE) {
		err = file_get_write_access(f);
		if (err)
			return err;
	} else if (f->f_mode & FMODE_READ) {
		__atomic_add_fetch(&inode->i_readcount, 1, __ATOMIC_SEQ_CST);
		f->f_mode |= FMODE_READER;
	}
	if (S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode))
		f->f_mode |= FMODE_ATOMIC_POS;
	f->f_op = fops_of_inode(t, inode, &err);
	if (err)
		return err;
	err = break_lease(t, inode, f->f_flags);
	if (err)
		return err;
	f->f_mode |= FMODE_PREAD | FMODE_PWRITE | (f->f_op->llseek ? FMODE_LSEEK : 0) | f->f_op->f_mode;
	if (f->f_op->open) {
		err = f->f_op->open(t, inode, f);
		if (err)
			return err;
	}
	f->f_flags &= ~(uint32_t)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC);
	f->f_mode |= FMODE_OPENED;
	if (f->f_mode & FMODE_STREAM)
		f->f_mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE | FMODE_ATOMIC_POS);
	if ((f->f_flags & O_DIRECT) && !S_ISREG(inode->i_mode))
		return -EINVAL;
	fsnotify_file(f, IN_OPEN);
	return 0;
}

/* O_CREAT of a name that is not there. The directory is locked; @d is negative. */
static int
create_last(struct nameidata *nd, const struct open_flags *op, struct dentry *d)
{
	struct inode *dir = d_inode(nd->path.dentry);
	int err = mnt_want_write(nd->path.mnt);

	if (err)
		return err;
	return vfs_create(nd->t, dir, d, vfs_prepare_mode(nd->t, dir, (uint16_t)op->mode), (op->flags & O_EXCL) != 0);
}

/* The last component with its directory locked; *@created is set if it was made. */
static struct dentry *
lookup_open(struct nameidata *nd, const struct open_flags *op, bool *created)
{
	struct inode *dir = d_inode(nd->path.dentry);
	struct dentry *d;
	int err;
	mutex_guard(&dir->i_rwsem);

	if (dir->i_flags & S_DEAD)
		return ERR_PTR(-ENOENT);
	d = lookup_slow_locked(nd->t, &nd->last, nd->path.dentry);
	if (IS_ERR(d) || d_inode(d) || !(op->flags & O_CREAT))
		return d;
	err = create_last(nd, op, d);
	if (err) {
		dput(d);
		return ERR_PTR(err);
	}
	*created = true;
	return d;
}

/* Takes the last step. NULL: nd->path is the file; else a link's text to walk on, or ERR_PTR. */
static const char *
open_last_lookups(struct nameidata *nd, const struct open_flags *op, bool *created)
{
	struct dentry *d;

	if (nd->last_type != LAST_NORM)
		return walk_component(nd, WALK_TRAILING);
	if (nd->last.name[nd->last.len]) {
		if (op->flags & O_CREAT)
			return ERR_PTR(-EISDIR);
		nd->flags |= LOOKUP_FOLLOW | LOOKUP_DIRECTORY;
	}
	d = lookup_fast(nd);
	if (IS_ERR(d))
		return (const char *)d;
	if (d && !d_inode(d) && (op->flags & O_CREAT)) {
		dput(d);
		d = NULL;
	}
	if (!d) {
		if (nd->flags & LOOKUP_CACHED)
			return ERR_PTR(-EAGAIN);
		d = lookup_open(nd, op, created);
		if (IS_ERR(d))
			return (const char *)d;
	}
	if (nd->depth > 0)
		nd_put_link(nd);
	if ((op->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL) && !*created && d_inode(d)) {
		dput(d);
		return ERR_PTR(-EEXIST);
	}
	return step_into(nd, WALK_TRAILING, d);
}

static int
handle_truncate(struct task *t, struct file *f)
{
	struct inode *inode = f->f_inode;
	int err = get_write_access(inode);

	if (err)
		return err;
	err = do_truncate(t, f->f_path.dentry, 0, ATTR_MTIME | ATTR_CTIME | ATTR_OPEN, f);
	put_write_access(inode);
	return err;
}

/* nd->path is the file: check and open it. */
static int
do_open(struct nameidata *nd, struct file *f, const struct open_flags *op, bool created)
{
	struct task *t = nd->t;
	struct inode *inode = d_inode(nd->path.dentry);
	int acc_mode = op->acc_mode, err;
	uint32_t flags = op->flags;
	bool truncate = false;

	err = complete_walk(nd);
	if (err)
		return err;
	if (flags & O_CREAT) {
		if ((flags & O_EXCL) && !created)
			return -EEXIST;
		if (S_ISDIR(inode->i_mode))
			return -EISDIR;
		err = may_create_in_sticky(nd, inode);
		if (err)
			return err;
	}
	if ((nd->flags & LOOKUP_DIRECTORY) && !S_ISDIR(inode->i_mode))
		return -ENOTDIR;
	if (flags & O_PATH)
		return vfs_open(t, &nd->path, f);
	if (created) {
		/* Whoever makes a file may open it, whatever its mode. */
		flags &= ~(uint32_t)O_TRUNC;
		acc_mode = 0;
		f->f_mode |= FMODE_CREATED;
	} else if (S_ISREG(inode->i_mode) && (flags & O_TRUNC)) {
		err = mnt_want_write(nd->path.mnt);
		if (err)
			return err;
		truncate = true;
	}
	err = may_open(t, &nd->path, acc_mode, flags, op->exec);
	if (!err)
		err = vfs_open(t, &nd->path, f);
	if (!err && truncate)
		err = handle_truncate(t, f);
	return err;
}

/* O_TMPFILE: nd->path is the directory. */
static int
do_tmpfile(struct nameidata *nd, struct file *f, const struct open_flags *op)
{
	static const struct qstr name = { "#", 1, 0 };
	struct task *t = nd->t;
	struct inode *dir = d_inode(nd->path.dentry);
	struct path path = { nd->path.mnt, NULL };
	uint16_t mode = vfs_prepare_mode(t, dir, (uint16_t)op->mode);
	int err = mnt_want_write(nd->path.mnt);

	if (!err)
		err = inode_permission(t, dir, MAY_WRITE | MAY_EXEC);
	if (err)
		return err;
	if (!dir->i_op || !dir->i_op->tmpfile)
		return -EOPNOTSUPP;
	path.dentry = d_alloc(nd->path.dentry, &name);
	if (!path.dentry)
		return -ENOMEM;
	/* The file system finds the dentry in the file; d_tmpfile() there gives it its inode. */
	f->f_path = path;
	mutex_lock(&dir->i_rwsem);
	err = dir->i_op->tmpfile(t, dir, f, mode);
	mutex_unlock(&dir->i_rwsem);
	f->f_path = (struct path){ NULL, NULL };
	if (!err && !d_inode(path.dentry))
		err = -EIO;
	if (!err) {
		if (!(op->flags & O_EXCL))
			set_bits(&d_inode(path.dentry)->i_state, I_LINKABLE);
		err = may_open(t, &path, 0, op->flags, false);
	}
	if (!err)
		err = vfs_open(t, &path, f);
	dput(path.dentry);
	return err;
}

/**
 * d_tmpfile() - i_op->tmpfile: the unnamed inode of a file that is being opened
 * @file: as given to i_op->tmpfile
 * @inode: consumed; its link count becomes 0
 */
void
d_tmpfile(struct file *file, struct inode *inode)
{
	clear_nlink(inode);
	d_name_tmpfile(file->f_path.dentry, inode->i_ino);
	d_instantiate(file->f_path.dentry, inode);
}

static int
path_openat(struct nameidata *nd, const char *name, struct file *f, const struct open_flags *op)
{
	bool created = false;
	int err;

	if (!*name)
		return (nd->flags & LOOKUP_EMPTY) ? do_open(nd, f, op, false) : -ENOENT;
	do {
		err = link_path_walk(nd, name);
		if (err)
			return err;
		if (op->flags & __O_TMPFILE) {
			if (nd->last_type == LAST_NORM && nd->last.name[nd->last.len])
				nd->flags |= LOOKUP_FOLLOW | LOOKUP_DIRECTORY;
			name = walk_component(nd, WALK_TRAILING);
		} else {
			name = open_last_lookups(nd, op, &created);
		}
		if (IS_ERR(name))
			return (int)PTR_ERR(name);
	} while (name);
	if (op->flags & __O_TMPFILE) {
		err = complete_walk(nd);
		if (err)
			return err;
		if (!S_ISDIR(d_inode(nd->path.dentry)->i_mode))
			return -ENOTDIR;
		return do_tmpfile(nd, f, op);
	}
	return do_open(nd, f, op, created);
}

/* An open file, or ERR_PTR. */
static struct file *
try_filp_open(struct task *t, int dfd, const char *name, const struct open_flags *op)
{
	struct file *f = alloc_empty_file(t, op->flags);
	struct nameidata nd;
	int err;

	if (IS_ERR(f))
		return f;
	err = path_init(&nd, t, dfd, name, op->lookup);
	if (!err)
		err = path_openat(&nd, name, f, op);
	nd_terminate(&nd);
	if (err) {
		fput(t, f);
		return ERR_PTR(err);
	}
	return f;
}

/* What was found may be another file's by the time it is opened, where somebody else changes the directory (hostfs): look again. */
static struct file *
do_filp_open(struct task *t, int dfd, const char *name, const struct open_flags *op)
{
	struct file *f;
	int tries = 0;

	do
		f = try_filp_open(t, dfd, name, op);
	while (IS_ERR(f) && PTR_ERR(f) == -ESTALE && ++tries < ESTALE_TRIES);
	return f;
}

int
check_open_flags(uint64_t flags, uint16_t mode, uint64_t resolve)
{
	struct open_flags op;

	return build_open_flags(flags, mode, resolve, &op);
}

int64_t
do_sys_open(struct task *t, int dfd, struct filename *name, uint64_t flags, uint16_t mode, uint64_t resolve)
{
	struct open_flags op;
	struct file *f;
	int fd, err = build_open_flags(flags, mode, resolve, &op);

	if (err)
		return err;
	fd = get_unused_fd_flags(t, (uint32_t)flags);
	if (fd < 0)
		return fd;
	f = do_filp_open(t, dfd, name->name, &op);
	if (IS_ERR(f)) {
		put_unused_fd(t, fd);
		return PTR_ERR(f);
	}
	fd_install(t, fd, f);
	return fd;
}

struct file *
filp_open(struct task *t, const char *name, uint32_t flags, uint16_t mode)
{
	struct open_flags op;
	int err = build_open_flags(flags, (flags & (O_CREAT | __O_TMPFILE)) ? mode : 0, 0, &op);

	return err ? ERR_PTR(err) : do_filp_open(t, AT_FDCWD, name, &op);
}

struct file *
dentry_open(struct task *t, const struct path *path, uint32_t flags)
{
	struct file *f = alloc_empty_file(t, flags);
	int err;

	if (IS_ERR(f))
		return f;
	err = vfs_open(t, path, f);
	if (err) {
		fput(t, f);
		return ERR_PTR(err);
	}
	return f;
}

/**
 * do_open_execat() - open a program
 * @t: the current task
 * @dfd: where relative names begin
 * @name: the path; may be empty with AT_EMPTY_PATH
 * @flags: AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW
 *
 * Return: the file, which nobody can open for writing until allow_write_access(); or ERR_PTR: -EACCES, -ETXTBSY, -ELOOP, ...
 */
struct file *
do_open_execat(struct task *t, int dfd, struct filename *name, int flags)
{
	struct open_flags op = {
		.flags = O_RDONLY | O_LARGEFILE,
		.acc_mode = MAY_EXEC,
		.lookup = LOOKUP_FOLLOW,
		.exec = true,
	};
	struct file *f;
	int err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return ERR_PTR(-EINVAL);
	if (flags & AT_SYMLINK_NOFOLLOW)
		op.lookup &= ~LOOKUP_FOLLOW;
	if (flags & AT_EMPTY_PATH)
		op.lookup |= LOOKUP_EMPTY;
	f = do_filp_open(t, dfd, name->name, &op);
	if (IS_ERR(f))
		return f;
	err = -EACCES;
	if (S_ISREG(f->f_inode->i_mode) && !(f->f_path.mnt->mnt_flags & MNT_NOEXEC))
		err = deny_write_access(f->f_inode);
	if (err) {
		fput(t, f);
		return ERR_PTR(err);
	}
	f->f_mode |= FMODE_EXEC;
	return f;
}
