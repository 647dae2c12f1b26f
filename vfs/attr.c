/* SPDX-License-Identifier: MIT
 *
 * Changing attributes: chmod, chown, utimes and truncate come together here.
 *
 * notify_change() checks (setattr_prepare()), then calls i_op->setattr with i_rwsem held. Who may change what, and when the
 * set-user-id and set-group-id bits go: chmod(2), chown(2), inode(7).
 */
#include <asm/resource.h>
#include <asm/signal.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/signal.h"
#include "kernel/task.h"
#include "mm/mm.h"
#include "vfs/fsnotify.h"
#include "vfs/internal.h"
#include "vfs/lease.h"

static bool
chown_ok(struct task *t, const struct inode *inode, uint32_t uid)
{
	return (t->cred->fsuid == inode->i_uid && uid == inode->i_uid) || capable(t, CAP_CHOWN);
}

static bool
chgrp_ok(struct task *t, const struct inode *inode, uint32_t gid)
{
	if (t->cred->fsuid == inode->i_uid && (gid == inode->i_gid || in_group_p(t->cred, gid)))
		return true;
	return capable(t, CAP_CHOWN);
}

/**
 * setattr_prepare() - may the current task make these changes?
 * @t: the current task
 * @dentry: the file
 * @attr: ATTR_FORCE skips the checks; S_ISGID may be taken out of ia_mode
 *
 * Return: 0, -EPERM, -EFBIG.
 */
int
setattr_prepare(struct task *t, struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	uint32_t valid = attr->ia_valid;

	if (valid & ATTR_SIZE) {
		int err = inode_newsize_ok(t, inode, attr->ia_size);

		if (err)
			return err;
	}
	if (valid & ATTR_FORCE)
		return 0;
	if ((valid & ATTR_UID) && !chown_ok(t, inode, attr->ia_uid))
		return -EPERM;
	if ((valid & ATTR_GID) && !chgrp_ok(t, inode, attr->ia_gid))
		return -EPERM;
	if (valid & ATTR_MODE) {
		uint32_t gid = (valid & ATTR_GID) ? attr->ia_gid : inode->i_gid;

		if (!inode_owner_or_capable(t, inode))
			return -EPERM;
		if (!in_group_p(t->cred, gid) && !capable(t, CAP_FSETID))
			attr->ia_mode &= ~(uint32_t)S_ISGID;
	}
	if ((valid & (ATTR_MTIME_SET | ATTR_ATIME_SET | ATTR_TIMES_SET)) && !inode_owner_or_capable(t, inode))
		return -EPERM;
	return 0;
}

/**
 * setattr_copy() - put checked changes into the inode; the size is the file system's
 * @t: the current task
 * @inode: i_rwsem is held
 * @attr: the changes
 */
void
setattr_copy(struct task *t, struct inode *inode, const struct iattr *attr)
{
	uint32_t valid = attr->ia_valid;

	if (valid & ATTR_UID)
		inode->i_uid = attr->ia_uid;
	if (valid & ATTR_GID)
		inode->i_gid = attr->ia_gid;
	if (valid & ATTR_ATIME)
		inode->i_atime = attr->ia_atime;
	if (valid & ATTR_MTIME)
		inode->i_mtime = attr->ia_mtime;
	if (valid & ATTR_CTIME)
		inode->i_ctime = attr->ia_ctime;
	if (valid & ATTR_MODE) {
		uint32_t mode = attr->ia_mode;

		if (!in_group_p(t->cred, inode->i_gid) && !capable(t, CAP_FSETID))
			mode &= ~(uint32_t)S_ISGID;
		inode->i_mode = (uint16_t)((inode->i_mode & S_IFMT) | (mode & 07777));
	}
}

int
simple_setattr(struct task *t, struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);

	if (attr->ia_valid & ATTR_SIZE)
		__atomic_store_n(&inode->i_size, attr->ia_size, __ATOMIC_RELAXED);
	setattr_copy(t, inode, attr);
	return 0;
}

/* Set-user-id goes when the owner or the content changes; set-group-id only where it means execution as the group. */
static uint32_t
killed_mode(struct task *t, const struct inode *inode, const struct iattr *attr)
{
	uint32_t mode = (attr->ia_valid & ATTR_MODE) ? attr->ia_mode : inode->i_mode;

	if (attr->ia_valid & ATTR_KILL_SUID)
		mode &= ~(uint32_t)S_ISUID;
	if (attr->ia_valid & ATTR_KILL_SGID) {
		if ((mode & S_IXGRP) || (!in_group_p(t->cred, inode->i_gid) && !capable(t, CAP_FSETID)))
			mode &= ~(uint32_t)S_ISGID;
	}
	return mode;
}

/* The locked part of notify_change(). */
static int
notify_change_locked(struct task *t, struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	struct k_timespec now = current_time();
	int err;

	if ((attr->ia_valid & (ATTR_MODE | ATTR_UID | ATTR_GID | ATTR_TIMES_SET)) && (inode->i_flags & (S_IMMUTABLE | S_APPEND)))
		return -EPERM;
	/* utimes(path, NULL) needs write permission only. */
	if ((attr->ia_valid & ATTR_TOUCH) && !inode_owner_or_capable(t, inode)) {
		if (inode->i_flags & S_IMMUTABLE)
			return -EPERM;
		err = inode_permission(t, inode, MAY_WRITE);
		if (err)
			return err;
	}
	if ((attr->ia_valid & ATTR_MODE) && S_ISLNK(inode->i_mode))
		return -EOPNOTSUPP;
	attr->ia_ctime = now;
	attr->ia_valid |= ATTR_CTIME;
	if (!(attr->ia_valid & ATTR_ATIME_SET))
		attr->ia_atime = now;
	if (!(attr->ia_valid & ATTR_MTIME_SET))
		attr->ia_mtime = now;
	if (attr->ia_valid & (ATTR_KILL_SUID | ATTR_KILL_SGID)) {
		uint32_t mode = killed_mode(t, inode, attr);

		attr->ia_valid &= ~(ATTR_KILL_SUID | ATTR_KILL_SGID);
		if (mode != inode->i_mode) {
			attr->ia_valid |= ATTR_MODE;
			attr->ia_mode = mode;
		}
	}
	err = setattr_prepare(t, dentry, attr);
	if (err)
		return err;
	err = inode->i_op && inode->i_op->setattr ? inode->i_op->setattr(t, dentry, attr) : simple_setattr(t, dentry, attr);
	if (!err)
		fsnotify_change(dentry, attr->ia_valid);
	return err;
}

int
notify_change(struct task *t, struct dentry *dentry, struct iattr *attr)
{
	mutex_guard(&d_inode(dentry)->i_rwsem);

	return notify_change_locked(t, dentry, attr);
}

/* Does a write by @t take set-id bits away? */
static bool
needs_remove_privs(struct task *t, const struct inode *inode)
{
	uint16_t mode = inode->i_mode;

	if (!S_ISREG(mode) || !(mode & (S_ISUID | S_ISGID)))
		return false;
	if (!(mode & S_ISUID) && !(mode & S_IXGRP) && in_group_p(t->cred, inode->i_gid))
		return false;
	return !capable(t, CAP_FSETID);
}

int
file_remove_privs(struct task *t, struct file *file)
{
	struct inode *inode = file->f_inode;
	struct iattr attr = { .ia_valid = ATTR_FORCE | ATTR_KILL_SUID | ATTR_KILL_SGID, .ia_file = file };

	if (likely(!needs_remove_privs(t, inode)))
		return 0;
	return notify_change(t, file->f_path.dentry, &attr);
}

/**
 * do_truncate() - set a file's size
 * @t: the current task
 * @dentry: the file; permissions are checked
 * @length: not negative
 * @time_attrs: ATTR_MTIME and such besides
 * @file: the open file, or NULL
 *
 * Return: 0, or negative errno of truncate(2).
 */
int
do_truncate(struct task *t, struct dentry *dentry, int64_t length, uint32_t time_attrs, struct file *file)
{
	struct iattr attr = { .ia_valid = ATTR_SIZE | time_attrs, .ia_size = length, .ia_file = file };
	int64_t old;
	int err;

	if (length < 0)
		return -EINVAL;
	if (file)
		attr.ia_valid |= ATTR_FILE;
	if (needs_remove_privs(t, d_inode(dentry)))
		attr.ia_valid |= ATTR_KILL_SUID | ATTR_KILL_SGID | ATTR_FORCE;
	old = READ_ONCE(d_inode(dentry)->i_size);
	err = notify_change(t, dentry, &attr);
	if (!err && length < old)
		mm_file_truncated(t, d_inode(dentry));
	return err;
}

/**
 * vfs_truncate() - truncate(2) of a path
 * @t: the current task
 * @path: the file
 * @length: the new size
 *
 * Return: 0, -EISDIR, -EINVAL, -EACCES, -EROFS, -EPERM, -ETXTBSY, -EFBIG.
 */
int
vfs_truncate(struct task *t, const struct path *path, int64_t length)
{
	struct inode *inode = d_inode(path->dentry);
	int err;

	if (S_ISDIR(inode->i_mode))
		return -EISDIR;
	if (!S_ISREG(inode->i_mode))
		return -EINVAL;
	err = mnt_want_write(path->mnt);
	if (!err)
		err = inode_permission(t, inode, MAY_WRITE);
	if (!err && (inode->i_flags & S_APPEND))
		err = -EPERM;
	if (!err)
		err = get_write_access(inode);
	if (err)
		return err;
	err = break_lease(t, inode, O_WRONLY);
	if (!err)
		err = do_truncate(t, path->dentry, length, 0, NULL);
	put_write_access(inode);
	return err;
}
