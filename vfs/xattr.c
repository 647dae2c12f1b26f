/* SPDX-License-Identifier: MIT
 *
 * Extended attributes: xattr(7). Who may use which name space is decided here; the values are the file system's.
 */
#include <linux/capability.h>
#include <linux/limits.h>
#include <linux/stat.h>
#include <linux/xattr.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "vfs/fsnotify.h"
#include "vfs/internal.h"

static bool
has_prefix(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* Name spaces' rules; mode bits are the last word for user attributes only. */
static int
xattr_permission(struct task *t, struct inode *inode, const char *name, int mask)
{
	if ((mask & MAY_WRITE) && (inode->i_flags & (S_IMMUTABLE | S_APPEND)))
		return -EPERM;
	if (has_prefix(name, XATTR_SECURITY_PREFIX) || has_prefix(name, XATTR_SYSTEM_PREFIX))
		return 0;
	if (has_prefix(name, XATTR_TRUSTED_PREFIX)) {
		if (!capable(t, CAP_SYS_ADMIN))
			return (mask & MAY_WRITE) ? -EPERM : -ENODATA;
		return 0;
	}
	if (has_prefix(name, XATTR_USER_PREFIX)) {
		if (!S_ISREG(inode->i_mode) && !S_ISDIR(inode->i_mode))
			return (mask & MAY_WRITE) ? -EPERM : -ENODATA;
		if (S_ISDIR(inode->i_mode) && (inode->i_mode & S_ISVTX) && (mask & MAY_WRITE) && !inode_owner_or_capable(t, inode))
			return -EPERM;
	}
	return inode_permission(t, inode, mask);
}

static bool
known_namespace(const char *name)
{
	static const char *const prefixes[] = { XATTR_USER_PREFIX, XATTR_TRUSTED_PREFIX, XATTR_SECURITY_PREFIX, XATTR_SYSTEM_PREFIX };

	for (unsigned int i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (has_prefix(name, prefixes[i]))
			return true;
	return false;
}

/* An empty name behind the prefix is no name. */
static int
check_name(const char *name)
{
	if (!known_namespace(name))
		return -EOPNOTSUPP;
	return strchr(name, '.')[1] ? 0 : -EINVAL;
}

int64_t
vfs_getxattr(struct task *t, struct dentry *dentry, const char *name, void *buf, size_t n)
{
	struct inode *inode = d_inode(dentry);
	int64_t err = xattr_permission(t, inode, name, MAY_READ);

	if (!err)
		err = check_name(name);
	if (err)
		return err;
	if (!inode->i_op || !inode->i_op->getxattr)
		return -EOPNOTSUPP;
	return inode->i_op->getxattr(t, dentry, name, buf, n);
}

int
vfs_setxattr(struct task *t, struct dentry *dentry, const char *name, const void *buf, size_t n, int flags)
{
	struct inode *inode = d_inode(dentry);
	int err;
	mutex_guard(&inode->i_rwsem);

	err = xattr_permission(t, inode, name, MAY_WRITE);
	if (!err && has_prefix(name, XATTR_SECURITY_PREFIX) &&
	    !capable(t, strcmp(name, XATTR_NAME_CAPS) == 0 ? CAP_SETFCAP : CAP_SYS_ADMIN))
		err = -EPERM;
	if (!err)
		err = check_name(name);
	if (err)
		return err;
	if (!inode->i_op || !inode->i_op->setxattr)
		return -EOPNOTSUPP;
	err = inode->i_op->setxattr(t, dentry, name, buf, n, flags);
	if (!err) {
		inode_update_times(inode, ATTR_CTIME);
		fsnotify_dentry(dentry, IN_ATTRIB);
	}
	return err;
}

int64_t
vfs_listxattr(struct task *t, struct dentry *dentry, char *buf, size_t n)
{
	struct inode *inode = d_inode(dentry);

	if (!inode->i_op || !inode->i_op->listxattr)
		return 0;
	return inode->i_op->listxattr(t, dentry, buf, n);
}
