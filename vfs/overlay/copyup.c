/* SPDX-License-Identifier: MIT
 *
 * Copying a file up: it is made and filled in the work directory, then renamed into place, so that nobody sees half of it.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"
#include "vfs/overlay/overlay.h"

#define COPY_PAGES 64u

static int
copy_range(struct task *t, struct file *from, struct file *to, char *buf, int64_t pos, int64_t end)
{
	int64_t out = pos;

	while (pos < end) {
		int64_t n = kernel_read(t, from, buf, MIN((size_t)(end - pos), COPY_PAGES * PAGE_SIZE), &pos);
		int64_t done = 0;

		if (n <= 0)
			return (int)n;
		while (done < n) {
			int64_t m = kernel_write(t, to, buf + done, (size_t)(n - done), &out);

			if (m <= 0)
				return m ? (int)m : -EIO;
			done += m;
		}
		if (fatal_signal_pending(t))
			return -EINTR;
	}
	return 0;
}

/* The data, without its holes. A file that grows meanwhile (/proc of the host) is read to its end. */
static int
copy_data(struct task *t, const struct path *lower, const struct path *upper, int64_t size)
{
	struct file *from = dentry_open(t, lower, O_RDONLY), *to;
	int64_t pos = 0;
	char *buf;
	int err = 0;

	if (IS_ERR(from))
		return (int)PTR_ERR(from);
	to = dentry_open(t, upper, O_WRONLY);
	if (IS_ERR(to)) {
		fput(t, from);
		return (int)PTR_ERR(to);
	}
	buf = page_alloc(t->k, COPY_PAGES, 1);
	if (!buf)
		err = -ENOMEM;
	while (!err && pos < size) {
		int64_t data = vfs_llseek(t, from, pos, SEEK_DATA), hole;

		if (data == -ENXIO)
			break;
		if (data < 0)
			data = pos, hole = size;
		else
			hole = vfs_llseek(t, from, data, SEEK_HOLE);
		if (hole < 0)
			hole = size;
		err = copy_range(t, from, to, buf, data, MIN(hole, size));
		pos = hole;
	}
	if (buf)
		page_free(t->k, buf, COPY_PAGES);
	fput(t, to);
	fput(t, from);
	return err;
}

static int
copy_xattrs(struct task *t, const struct ovl_sb *ofs, struct dentry *lower, struct dentry *upper)
{
	struct inode *li = d_inode(lower);
	char *names, *value;
	int64_t len;
	int err = 0;

	if (!li->i_op->listxattr || !li->i_op->getxattr)
		return 0;
	names = page_alloc(t->k, 32, 1); /* 64 KiB of names, 64 KiB for a value: xattr(7) */
	if (!names)
		return -ENOMEM;
	value = names + 65536;
	len = li->i_op->listxattr(t, lower, names, 65536);
	for (int64_t at = 0; at < len && !err; at += (int64_t)strlen(names + at) + 1) {
		int64_t n;

		if (ovl_is_private_xattr(ofs, names + at))
			continue;
		n = li->i_op->getxattr(t, lower, names + at, value, 65536);
		if (n >= 0)
			err = vfs_setxattr(t, upper, names + at, value, (size_t)n, 0);
		if (err == -EOPNOTSUPP || err == -EPERM)
			err = 0;
	}
	page_free(t->k, names, 32);
	return err;
}

static int
make_temp(struct task *t, struct ovl_sb *ofs, struct dentry *lower, const struct inode *li, struct dentry **out)
{
	struct inode *work = d_inode(ofs->work);
	char name[24], *target = NULL;
	struct dentry *d;
	int err;

	if (S_ISLNK(li->i_mode)) {
		int64_t n;

		target = kmalloc(ofs->k, PATH_MAX + 1);
		if (!target)
			return -ENOMEM;
		n = vfs_readlink(t, lower, target, PATH_MAX);
		if (n < 0) {
			kfree(ofs->k, target);
			return (int)n;
		}
		target[n] = 0;
	}
	mutex_lock(&work->i_rwsem);
	for (;;) {
		ksnprintf(name, sizeof(name), "#%llx",
			  (unsigned long long)__atomic_add_fetch(&ofs->next_temp, 1, __ATOMIC_RELAXED));
		d = lookup_one(t, &QSTR(name), ofs->work);
		if (IS_ERR(d) || d_is_negative(d))
			break;
		dput(d); /* left by somebody who was killed, and it could not be removed */
	}
	err = IS_ERR(d) ? (int)PTR_ERR(d) : 0;
	if (!err && S_ISREG(li->i_mode))
		err = vfs_create(t, work, d, li->i_mode, true);
	else if (!err && S_ISDIR(li->i_mode))
		err = vfs_mkdir(t, work, d, li->i_mode & 07777);
	else if (!err && S_ISLNK(li->i_mode))
		err = vfs_symlink(t, work, d, target);
	else if (!err)
		err = vfs_mknod(t, work, d, li->i_mode, li->i_rdev);
	if (err && !IS_ERR(d))
		dput(d);
	mutex_unlock(&work->i_rwsem);
	kfree(ofs->k, target);
	if (!err)
		*out = d;
	return err;
}

static void
remove_temp(struct task *t, struct ovl_sb *ofs, struct dentry *temp)
{
	struct inode *work = d_inode(ofs->work);

	mutex_lock(&work->i_rwsem);
	ignore_err(S_ISDIR(d_inode(temp)->i_mode) ? vfs_rmdir(t, work, temp) : vfs_unlink(t, work, temp), "rubbish stays there");
	mutex_unlock(&work->i_rwsem);
}

static int
copy_attrs(struct task *t, const struct ovl_sb *ofs, const struct inode *li, struct dentry *temp)
{
	struct iattr attr = { .ia_valid = ATTR_UID | ATTR_GID | ATTR_ATIME | ATTR_ATIME_SET | ATTR_MTIME | ATTR_MTIME_SET |
					  ATTR_FORCE,
			      .ia_uid = li->i_uid,
			      .ia_gid = li->i_gid,
			      .ia_mode = li->i_mode & 07777,
			      .ia_atime = li->i_atime,
			      .ia_mtime = li->i_mtime };
	int err;

	if (!S_ISLNK(li->i_mode))
		attr.ia_valid |= ATTR_MODE;
	err = notify_change(t, temp, &attr);
	if (err == -EPERM && ofs->kept && ofs->userxattr) { /* the user cannot give files away: the copy is theirs */
		attr.ia_valid &= ~(ATTR_UID | ATTR_GID);
		err = notify_change(t, temp, &attr);
	}
	return err;
}

/* Put the finished file where it belongs. The directory does not look changed by that. */
static int
move_into_place(struct task *t, struct ovl_sb *ofs, struct dentry *temp, struct dentry *upperdir, struct dentry *dentry)
{
	struct inode *dir = d_inode(upperdir);
	struct iattr times = { .ia_valid = ATTR_ATIME | ATTR_ATIME_SET | ATTR_MTIME | ATTR_MTIME_SET | ATTR_FORCE };
	struct dentry *d;
	int err;

	lock_rename(ofs->work, upperdir);
	times.ia_atime = dir->i_atime;
	times.ia_mtime = dir->i_mtime;
	d = lookup_one(t, &dentry->d_name, upperdir);
	err = IS_ERR(d) ? (int)PTR_ERR(d) : d_is_negative(d) ? 0 : -ESTALE;
	if (!err)
		err = vfs_rename(t, d_inode(ofs->work), temp, dir, d, 0);
	if (!IS_ERR(d))
		dput(d);
	unlock_rename(ofs->work, upperdir);
	if (!err)
		ignore_err(notify_change(t, upperdir, &times), "only times");
	return err;
}

static int
copy_up_locked(struct task *t, struct dentry *parent, struct dentry *dentry, uint32_t flags)
{
	struct ovl_sb *ofs = OVL_SB(dentry->d_sb);
	struct inode *inode = d_inode(dentry), *li;
	struct path lower, upper = { .mnt = ofs->upper_mnt };
	int err;

	ovl_real_path(inode, &lower);
	li = d_inode(lower.dentry);
	err = make_temp(t, ofs, lower.dentry, li, &upper.dentry);
	if (err)
		return err;
	if (S_ISREG(li->i_mode) && !(flags & O_TRUNC) && li->i_size > 0)
		err = copy_data(t, &lower, &upper, li->i_size);
	if (!err)
		err = copy_xattrs(t, ofs, lower.dentry, upper.dentry);
	if (!err)
		err = copy_attrs(t, ofs, li, upper.dentry);
	if (!err)
		ignore_err(ovl_set_origin(t, ofs, upper.dentry, inode->i_ino), "a layer without xattrs: the number will change");
	if (!err && d_unhashed(dentry)) { /* removed, but still in use: the copy has no name either */
		ovl_set_upper(inode, upper.dentry);
		remove_temp(t, ofs, upper.dentry);
	} else if (!err) {
		err = move_into_place(t, ofs, upper.dentry, ovl_upper(d_inode(parent)), dentry);
		if (!err) {
			ovl_set_upper(inode, upper.dentry);
			ovl_set_impure(t, d_inode(parent));
		}
	}
	if (err)
		remove_temp(t, ofs, upper.dentry);
	dput(upper.dentry);
	return err;
}

static int
copy_up_one(struct task *t, struct dentry *parent, struct dentry *dentry, uint32_t flags)
{
	struct ovl_inode *oi = OVL_I(d_inode(dentry));
	struct cred *old;
	int err = 0;

	mutex_lock(&oi->copyup);
	if (!oi->upper) {
		old = ovl_override_creds(t);
		err = old ? copy_up_locked(t, parent, dentry, flags) : -ENOMEM;
		if (old)
			ovl_revert_creds(t, old);
	}
	mutex_unlock(&oi->copyup);
	return err;
}

int
ovl_copy_up(struct task *t, struct dentry *dentry, uint32_t flags)
{
	int err = 0;

	if (!OVL_SB(dentry->d_sb)->upper_mnt)
		return -EROFS;
	while (!err && !ovl_upper(d_inode(dentry))) {
		struct dentry *d = dget(dentry), *parent;

		/* the topmost directory that is not there yet */
		for (;;) {
			parent = dget_parent(d);
			if (parent == d || ovl_upper(d_inode(parent)))
				break;
			dput(d);
			d = parent;
		}
		err = copy_up_one(t, parent, d, d == dentry ? flags : 0);
		dput(parent);
		dput(d);
	}
	return err;
}
