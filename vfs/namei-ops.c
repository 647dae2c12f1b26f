/* SPDX-License-Identifier: MIT
 *
 * Operations on names: create, mkdir, mknod, symlink, link, unlink, rmdir, rename.
 *
 * Locks: i_rwsem of the directory, then of the victim (unlink, rmdir) or the linked file (link). rename between two directories
 * takes s_vfs_rename first, then both directories, an ancestor before its descendant and else by address, then the files or
 * directories that are replaced, by address. What follows a success in the dentry cache is done here, not by the file system.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "vfs/fsnotify.h"
#include "vfs/internal.h"
#include "vfs/namei-ops.h"

/**
 * filename_create() - look a name up that is to be made, and lock its directory
 * @t: the current task
 * @dfd: where relative names begin
 * @name: the path
 * @path: set: the directory, with references
 * @flags: LOOKUP_DIRECTORY: a trailing slash is fine
 *
 * Return: a negative dentry, the directory locked, done_path_create() due; or ERR_PTR with nothing held.
 */
struct dentry *
filename_create(struct task *t, int dfd, struct filename *name, struct path *path, uint32_t flags) __no_thread_safety
{
	enum last_type type;
	struct dentry *d;
	struct qstr last;
	int err, ro;

	err = filename_parentat(t, dfd, name->name, 0, path, &last, &type);
	if (err)
		return ERR_PTR(err);
	if (type != LAST_NORM) {
		path_put(t, path);
		return ERR_PTR(-EEXIST);
	}
	ro = mnt_want_write(path->mnt);
	mutex_lock(&d_inode(path->dentry)->i_rwsem);
	d = lookup_slow_locked(t, &last, path->dentry);
	err = IS_ERR(d) ? (int)PTR_ERR(d) : 0;
	if (!err && d_inode(d))
		err = -EEXIST;
	else if (!err && last.name[last.len] && !(flags & LOOKUP_DIRECTORY))
		err = -ENOENT;
	else if (!err)
		err = ro;
	if (!err)
		return d;
	if (!IS_ERR(d))
		dput(d);
	mutex_unlock(&d_inode(path->dentry)->i_rwsem);
	path_put(t, path);
	return ERR_PTR(err);
}

void
done_path_create(struct task *t, struct path *path, struct dentry *dentry) __no_thread_safety
{
	if (!IS_ERR(dentry))
		dput(dentry);
	mutex_unlock(&d_inode(path->dentry)->i_rwsem);
	path_put(t, path);
}

uint16_t
vfs_prepare_mode(struct task *t, const struct inode *dir, uint16_t mode)
{
	return mode_strip_sgid(t, dir, mode) & (uint16_t)~current_umask(t);
}

int
vfs_create(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode, bool excl)
{
	int err = may_create(t, dir, dentry);

	if (err)
		return err;
	if (!dir->i_op || !dir->i_op->create)
		return -EACCES;
	err = dir->i_op->create(t, dir, dentry, mode_strip_sgid(t, dir, (uint16_t)((mode & 07777) | S_IFREG)), excl);
	if (!err)
		fsnotify_name(dir, IN_CREATE, &dentry->d_name, 0);
	return err;
}

int
vfs_mkdir(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode)
{
	int err = may_create(t, dir, dentry);

	if (err)
		return err;
	if (!dir->i_op || !dir->i_op->mkdir)
		return -EPERM;
	err = dir->i_op->mkdir(t, dir, dentry, (uint16_t)((mode & 01777) | S_IFDIR));
	if (!err)
		fsnotify_name(dir, IN_CREATE | IN_ISDIR, &dentry->d_name, 0);
	return err;
}

int
vfs_mknod(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode, uint64_t rdev)
{
	bool whiteout = S_ISCHR(mode) && rdev == 0;
	int err = may_create(t, dir, dentry);

	if (err)
		return err;
	if ((S_ISCHR(mode) || S_ISBLK(mode)) && !whiteout && !capable(t, CAP_MKNOD))
		return -EPERM;
	if (!dir->i_op || !dir->i_op->mknod)
		return -EPERM;
	err = dir->i_op->mknod(t, dir, dentry, mode_strip_sgid(t, dir, mode), rdev);
	if (!err)
		fsnotify_name(dir, IN_CREATE, &dentry->d_name, 0);
	return err;
}

int
vfs_symlink(struct task *t, struct inode *dir, struct dentry *dentry, const char *target)
{
	int err = may_create(t, dir, dentry);

	if (err)
		return err;
	if (!dir->i_op || !dir->i_op->symlink)
		return -EPERM;
	err = dir->i_op->symlink(t, dir, dentry, target);
	if (!err)
		fsnotify_name(dir, IN_CREATE, &dentry->d_name, 0);
	return err;
}

int
vfs_link(struct task *t, struct dentry *old, struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = d_inode(old);
	int err;

	if (!inode)
		return -ENOENT;
	err = may_create(t, dir, dentry);
	if (err)
		return err;
	if (dir->i_sb != inode->i_sb)
		return -EXDEV;
	if (inode->i_flags & (S_APPEND | S_IMMUTABLE))
		return -EPERM;
	if (!dir->i_op || !dir->i_op->link || S_ISDIR(inode->i_mode))
		return -EPERM;
	mutex_lock_nested(&inode->i_rwsem);
	if (inode->i_nlink == 0 && !(inode->i_state & I_LINKABLE))
		err = -ENOENT;
	else
		err = dir->i_op->link(t, old, dir, dentry);
	if (!err)
		clear_bits(&inode->i_state, I_LINKABLE);
	mutex_unlock(&inode->i_rwsem);
	if (!err) {
		fsnotify_inode(inode, IN_ATTRIB);
		fsnotify_name(dir, IN_CREATE, &dentry->d_name, 0);
	}
	return err;
}

static bool
is_mountpoint(const struct dentry *d)
{
	return __atomic_load_n(&d->d_mounted, __ATOMIC_ACQUIRE) != 0;
}

/* After unlink or rmdir. Marks on the inode go here when nobody has the name open, so that they are told before the directory's. */
static void
notify_removed(struct inode *dir, struct dentry *dentry, struct inode *inode)
{
	if (refcount_read(&dentry->d_count) == 1)
		fsnotify_inoderemove(inode);
	fsnotify_name(dir, IN_DELETE | (S_ISDIR(inode->i_mode) ? IN_ISDIR : 0), &dentry->d_name, 0);
}

int
vfs_unlink(struct task *t, struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	int err = may_delete(t, dir, dentry, false);

	if (err)
		return err;
	if (!dir->i_op || !dir->i_op->unlink)
		return -EPERM;
	mutex_lock_nested(&inode->i_rwsem);
	err = is_mountpoint(dentry) ? -EBUSY : dir->i_op->unlink(t, dir, dentry);
	mutex_unlock(&inode->i_rwsem);
	if (!err) {
		fsnotify_inode(inode, IN_ATTRIB);
		d_drop(dentry);
		d_make_discardable(dentry);
		notify_removed(dir, dentry, inode);
	}
	return err;
}

int
vfs_rmdir(struct task *t, struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	int err = may_delete(t, dir, dentry, true);

	if (err)
		return err;
	if (!dir->i_op || !dir->i_op->rmdir)
		return -EPERM;
	mutex_lock_nested(&inode->i_rwsem);
	err = is_mountpoint(dentry) ? -EBUSY : dir->i_op->rmdir(t, dir, dentry);
	if (!err)
		set_bits(&inode->i_flags, S_DEAD);
	mutex_unlock(&inode->i_rwsem);
	if (!err) {
		shrink_dcache_parent(dentry);
		d_drop(dentry);
		d_make_discardable(dentry);
		notify_removed(dir, dentry, inode);
	}
	return err;
}

static void
lock_two(struct inode *a, struct inode *b) __no_thread_safety
{
	if (a > b) {
		struct inode *x = a;

		a = b;
		b = x;
	}
	if (a)
		mutex_lock_nested(&a->i_rwsem);
	if (b && b != a)
		mutex_lock_nested(&b->i_rwsem);
}

static void
unlock_two(struct inode *a, struct inode *b) __no_thread_safety
{
	if (a)
		mutex_unlock(&a->i_rwsem);
	if (b && b != a)
		mutex_unlock(&b->i_rwsem);
}

/* The child of @ancestor that leads to @d, or NULL. Names of directories do not move: s_vfs_rename is held. */
static struct dentry *
d_ancestor(struct dentry *ancestor, struct dentry *d)
{
	for (; d->d_parent != d; d = d->d_parent)
		if (d->d_parent == ancestor)
			return d;
	return NULL;
}

/**
 * lock_rename() - lock two directories of one file system
 * @a: one
 * @b: the other, may be the same
 *
 * Return: the child of one of them by which the other is reached, or NULL.
 */
struct dentry *
lock_rename(struct dentry *a, struct dentry *b) __no_thread_safety
{
	struct dentry *p;

	if (a == b) {
		mutex_lock(&d_inode(a)->i_rwsem);
		return NULL;
	}
	mutex_lock(&a->d_sb->s_vfs_rename);
	p = d_ancestor(b, a);
	if (p) {
		mutex_lock(&d_inode(b)->i_rwsem);
		mutex_lock_nested(&d_inode(a)->i_rwsem);
		return p;
	}
	p = d_ancestor(a, b);
	if (p) {
		mutex_lock(&d_inode(a)->i_rwsem);
		mutex_lock_nested(&d_inode(b)->i_rwsem);
		return p;
	}
	lock_two(d_inode(a), d_inode(b));
	return NULL;
}

void
unlock_rename(struct dentry *a, struct dentry *b) __no_thread_safety
{
	mutex_unlock(&d_inode(a)->i_rwsem);
	if (a != b) {
		mutex_unlock(&d_inode(b)->i_rwsem);
		mutex_unlock(&a->d_sb->s_vfs_rename);
	}
}

/* Permissions of a rename, both directories locked. */
static int
may_rename(struct task *t, struct inode *odir, struct dentry *old, struct inode *ndir, struct dentry *new, unsigned int flags)
{
	bool isdir = S_ISDIR(d_inode(old)->i_mode);
	int err = may_delete(t, odir, old, isdir);

	if (err)
		return err;
	if (!d_inode(new)) {
		err = may_create(t, ndir, new);
	} else if (!(flags & RENAME_EXCHANGE)) {
		err = may_delete(t, ndir, new, isdir);
	} else {
		err = may_delete(t, ndir, new, S_ISDIR(d_inode(new)->i_mode));
	}
	if (err)
		return err;
	if (!odir->i_op || !odir->i_op->rename)
		return -EPERM;
	/* A directory that moves has its ".." written. */
	if (odir != ndir) {
		if (isdir)
			err = inode_permission(t, d_inode(old), MAY_WRITE);
		if (!err && (flags & RENAME_EXCHANGE) && S_ISDIR(d_inode(new)->i_mode))
			err = inode_permission(t, d_inode(new), MAY_WRITE);
	}
	return err;
}

/* The two names, as they are before they change. */
struct rename_names {
	struct qstr old, new;
	char old_text[K_NAME_MAX], new_text[K_NAME_MAX];
};

static void
keep_names(struct rename_names *r, const struct dentry *old, const struct dentry *new)
{
	r->old = (struct qstr){ r->old_text, old->d_name.len, 0 };
	r->new = (struct qstr){ r->new_text, new->d_name.len, 0 };
	memcpy(r->old_text, old->d_name.name, old->d_name.len);
	memcpy(r->new_text, new->d_name.name, new->d_name.len);
}

/* Who watches either directory, what moved or what was replaced. */
static void
notify_renamed(const struct rename_names *r, struct inode *odir, struct inode *source, struct inode *ndir, struct inode *target, bool exchange)
{
	fsnotify_move(odir, ndir, &r->old, &r->new, exchange ? NULL : target, source);
	if (exchange)
		fsnotify_move(ndir, odir, &r->new, &r->old, NULL, target);
}

int
vfs_rename(struct task *t, struct inode *odir, struct dentry *old, struct inode *ndir, struct dentry *new, unsigned int flags)
{
	struct inode *source = d_inode(old), *target = d_inode(new);
	bool isdir = S_ISDIR(source->i_mode), notify = fsnotify_any(t->k);
	struct rename_names names;
	int err;

	if (source == target)
		return 0;
	err = may_rename(t, odir, old, ndir, new, flags);
	if (err)
		return err;
	if (notify)
		keep_names(&names, old, new);
	dget(new);
	lock_two(source, target);
	if (is_mountpoint(old) || is_mountpoint(new))
		err = -EBUSY;
	else
		err = odir->i_op->rename(t, odir, old, ndir, new, flags);
	if (!err && !(flags & RENAME_EXCHANGE) && target && isdir)
		set_bits(&target->i_flags, S_DEAD);
	unlock_two(source, target);
	if (!err) {
		if (flags & RENAME_EXCHANGE) {
			d_exchange(old, new);
		} else {
			if (target && isdir)
				shrink_dcache_parent(new);
			d_move(old, new);
			d_make_discardable(new);
		}
		if (notify)
			notify_renamed(&names, odir, source, ndir, target, (flags & RENAME_EXCHANGE) != 0);
	}
	dput(new);
	return err;
}

/* The calls: each looks its paths up and consumes none of its names. */

int
do_mkdirat(struct task *t, int dfd, struct filename *name, uint16_t mode)
{
	struct path path;
	struct dentry *d = filename_create(t, dfd, name, &path, LOOKUP_DIRECTORY);
	int err;

	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	err = vfs_mkdir(t, d_inode(path.dentry), d, (uint16_t)(mode & ~current_umask(t)));
	done_path_create(t, &path, d);
	return err;
}

int
do_mknodat(struct task *t, int dfd, struct filename *name, uint16_t mode, uint64_t rdev)
{
	struct path path;
	struct dentry *d;
	int err;

	switch (mode & S_IFMT) {
	case 0:
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	if (IS_ERR(name))
		return (int)PTR_ERR(name);
	d = filename_create(t, dfd, name, &path, 0);
	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	mode = vfs_prepare_mode(t, d_inode(path.dentry), mode);
	if ((mode & S_IFMT) == 0 || S_ISREG(mode))
		err = vfs_create(t, d_inode(path.dentry), d, mode, true);
	else
		err = vfs_mknod(t, d_inode(path.dentry), d, mode, S_ISCHR(mode) || S_ISBLK(mode) ? rdev : 0);
	done_path_create(t, &path, d);
	return err;
}

int
do_symlinkat(struct task *t, struct filename *target, int dfd, struct filename *name)
{
	struct path path;
	struct dentry *d = filename_create(t, dfd, name, &path, 0);
	int err;

	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	err = vfs_symlink(t, d_inode(path.dentry), d, target->name);
	done_path_create(t, &path, d);
	return err;
}

int
do_linkat(struct task *t, int odfd, struct filename *oldname, int ndfd, struct filename *newname, int flags)
{
	unsigned int how = 0;
	struct path old, path;
	struct dentry *d;
	int err;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH) {
		how |= LOOKUP_EMPTY;
		/* A descriptor may have come from anywhere: who has not opened it may not give it a name. */
		if (oldname->name[0] == 0)
			how |= LOOKUP_LINKAT_EMPTY;
	}
	if (flags & AT_SYMLINK_FOLLOW)
		how |= LOOKUP_FOLLOW;
	err = filename_lookup(t, odfd, oldname, how, &old);
	if (err)
		return err;
	d = IS_ERR(newname) ? ERR_PTR(PTR_ERR(newname)) : filename_create(t, ndfd, newname, &path, 0);
	if (IS_ERR(d)) {
		path_put(t, &old);
		return (int)PTR_ERR(d);
	}
	err = old.mnt != path.mnt ? -EXDEV : may_linkat(t, d_inode(old.dentry));
	if (!err)
		err = vfs_link(t, old.dentry, d_inode(path.dentry), d);
	done_path_create(t, &path, d);
	path_put(t, &old);
	return err;
}

int
do_unlinkat(struct task *t, int dfd, struct filename *name)
{
	struct inode *keep = NULL;
	enum last_type type;
	struct path path;
	struct qstr last;
	struct dentry *d;
	int err = filename_parentat(t, dfd, name->name, 0, &path, &last, &type);

	if (err)
		return err;
	if (type != LAST_NORM) {
		path_put(t, &path);
		return -EISDIR;
	}
	err = mnt_want_write(path.mnt);
	if (err) {
		path_put(t, &path);
		return err;
	}
	mutex_lock(&d_inode(path.dentry)->i_rwsem);
	d = lookup_slow_locked(t, &last, path.dentry);
	if (IS_ERR(d)) {
		err = (int)PTR_ERR(d);
	} else if (!d_inode(d)) {
		err = -ENOENT;
	} else if (last.name[last.len]) {
		err = S_ISDIR(d_inode(d)->i_mode) ? -EISDIR : -ENOTDIR;
	} else {
		keep = igrab(d_inode(d));
		err = vfs_unlink(t, d_inode(path.dentry), d);
	}
	if (!IS_ERR(d))
		dput(d);
	mutex_unlock(&d_inode(path.dentry)->i_rwsem);
	iput(keep); /* freeing a large file takes time: not under the directory's lock */
	path_put(t, &path);
	return err;
}

int
do_rmdir(struct task *t, int dfd, struct filename *name)
{
	enum last_type type;
	struct path path;
	struct qstr last;
	struct dentry *d;
	int err = filename_parentat(t, dfd, name->name, 0, &path, &last, &type);

	if (err)
		return err;
	if (type != LAST_NORM) {
		path_put(t, &path);
		return type == LAST_DOTDOT ? -ENOTEMPTY : type == LAST_DOT ? -EINVAL : -EBUSY;
	}
	err = mnt_want_write(path.mnt);
	if (err) {
		path_put(t, &path);
		return err;
	}
	mutex_lock(&d_inode(path.dentry)->i_rwsem);
	d = lookup_slow_locked(t, &last, path.dentry);
	err = IS_ERR(d) ? (int)PTR_ERR(d) : !d_inode(d) ? -ENOENT : vfs_rmdir(t, d_inode(path.dentry), d);
	if (!IS_ERR(d))
		dput(d);
	mutex_unlock(&d_inode(path.dentry)->i_rwsem);
	path_put(t, &path);
	return err;
}

/* Both directories are locked, @trap as lock_rename() said. */
static int
rename_locked(struct task *t, struct path *op, struct qstr *olast, struct path *np, struct qstr *nlast, struct dentry *trap,
	      unsigned int flags)
{
	struct dentry *old, *new = NULL;
	int err = 0;

	old = lookup_slow_locked(t, olast, op->dentry);
	if (IS_ERR(old))
		return (int)PTR_ERR(old);
	if (!d_inode(old)) {
		err = -ENOENT;
		goto out;
	}
	new = lookup_slow_locked(t, nlast, np->dentry);
	if (IS_ERR(new)) {
		err = (int)PTR_ERR(new);
		new = NULL;
		goto out;
	}
	if ((flags & RENAME_NOREPLACE) && d_inode(new)) {
		err = -EEXIST;
	} else if ((flags & RENAME_EXCHANGE) && !d_inode(new)) {
		err = -ENOENT;
	} else if ((flags & RENAME_EXCHANGE) && !S_ISDIR(d_inode(new)->i_mode) && nlast->name[nlast->len]) {
		err = -ENOTDIR;
	} else if (!S_ISDIR(d_inode(old)->i_mode) &&
		   (olast->name[olast->len] || (!(flags & RENAME_EXCHANGE) && nlast->name[nlast->len]))) {
		err = -ENOTDIR;
	} else if (old == trap) { /* into its own descendant */
		err = -EINVAL;
	} else if (new == trap) { /* over its own ancestor */
		err = (flags & RENAME_EXCHANGE) ? -EINVAL : -ENOTEMPTY;
	} else {
		err = vfs_rename(t, d_inode(op->dentry), old, d_inode(np->dentry), new, flags);
	}
out:
	dput(new);
	dput(old);
	return err;
}

/* The flags have been checked. */
int
do_renameat2(struct task *t, int odfd, struct filename *oldname, int ndfd, struct filename *newname, unsigned int flags)
{
	struct qstr olast, nlast;
	enum last_type otype, ntype;
	struct path op, np;
	struct dentry *trap;
	int err;

	err = filename_parentat(t, odfd, oldname->name, 0, &op, &olast, &otype);
	if (err)
		return err;
	err = IS_ERR(newname) ? (int)PTR_ERR(newname) : filename_parentat(t, ndfd, newname->name, 0, &np, &nlast, &ntype);
	if (err) {
		path_put(t, &op);
		return err;
	}
	if (op.mnt != np.mnt)
		err = -EXDEV;
	else if (otype != LAST_NORM)
		err = -EBUSY;
	else if (ntype != LAST_NORM)
		err = (flags & RENAME_NOREPLACE) ? -EEXIST : -EBUSY;
	else
		err = mnt_want_write(op.mnt);
	if (!err) {
		trap = lock_rename(np.dentry, op.dentry);
		err = rename_locked(t, &op, &olast, &np, &nlast, trap, flags);
		unlock_rename(np.dentry, op.dentry);
	}
	path_put(t, &np);
	path_put(t, &op);
	return err;
}
