/* SPDX-License-Identifier: MIT
 *
 * Extended attributes of tmpfs: user.*, trusted.* and security.*, kept in a list an inode. The VFS has checked who may.
 */
#include <linux/xattr.h>

#include "kernel/kernel.h"
#include "kernel/errno.h"
#include "vfs/namei.h"
#include "vfs/tmpfs/tmpfs.h"

static bool
supported(const char *name)
{
	return !strncmp(name, XATTR_USER_PREFIX, XATTR_USER_PREFIX_LEN) ||
	       !strncmp(name, XATTR_TRUSTED_PREFIX, XATTR_TRUSTED_PREFIX_LEN) ||
	       !strncmp(name, XATTR_SECURITY_PREFIX, XATTR_SECURITY_PREFIX_LEN);
}

static struct tmpfs_xattr **
find(struct tmpfs_inode *ti, const char *name)
{
	struct tmpfs_xattr **p = &ti->xattrs;

	while (*p && strcmp((*p)->name, name))
		p = &(*p)->next;
	return p;
}

int64_t
tmpfs_getxattr(struct task *t, struct dentry *dentry, const char *name, void *buf, size_t n)
{
	struct tmpfs_inode *ti = TMPFS_I(d_inode(dentry));
	struct tmpfs_xattr *x;
	mutex_guard(&ti->lock);

	if (!supported(name))
		return -EOPNOTSUPP;
	x = *find(ti, name);
	if (!x)
		return -ENODATA;
	if (buf && n) {
		if (n < x->size)
			return -ERANGE;
		memcpy(buf, x->value, x->size);
	}
	return (int64_t)x->size;
}

static struct tmpfs_xattr *
make(struct kernel *k, const char *name, const void *buf, size_t n)
{
	size_t len = strlen(name) + 1;
	struct tmpfs_xattr *x = kmalloc(k, sizeof(*x) + len);

	if (!x)
		return NULL;
	x->value = kmalloc(k, n);
	if (!x->value) {
		kfree(k, x);
		return NULL;
	}
	x->size = n;
	memcpy(x->name, name, len);
	if (n)
		memcpy(x->value, buf, n);
	return x;
}

static void
drop(struct kernel *k, struct tmpfs_xattr *x)
{
	if (!x)
		return;
	kfree(k, x->value);
	kfree(k, x);
}

int
tmpfs_setxattr(struct task *t, struct dentry *dentry, const char *name, const void *buf, size_t n, int flags)
{
	struct inode *inode = d_inode(dentry);
	struct tmpfs_inode *ti = TMPFS_I(inode);
	struct kernel *k = inode->i_sb->k;
	struct tmpfs_xattr **p, *old, *new = NULL;
	int err = 0;

	if (!supported(name))
		return -EOPNOTSUPP;
	if (buf) {
		new = make(k, name, buf, n);
		if (!new)
			return -ENOMEM;
	}
	mutex_lock(&ti->lock);
	p = find(ti, name);
	old = *p;
	if (old ? (flags & XATTR_CREATE) : (!new || (flags & XATTR_REPLACE))) {
		err = old ? -EEXIST : -ENODATA;
		old = new;
	} else if (new) {
		new->next = old ? old->next : NULL;
		*p = new;
	} else {
		*p = old->next;
	}
	mutex_unlock(&ti->lock);
	drop(k, old);
	if (!err)
		inode_update_times(inode, ATTR_CTIME);
	return err;
}

int64_t
tmpfs_listxattr(struct task *t, struct dentry *dentry, char *buf, size_t n)
{
	struct tmpfs_inode *ti = TMPFS_I(d_inode(dentry));
	size_t done = 0;
	mutex_guard(&ti->lock);

	for (struct tmpfs_xattr *x = ti->xattrs; x; x = x->next) {
		size_t len = strlen(x->name) + 1;

		if (buf && n) {
			if (done + len > n)
				return -ERANGE;
			memcpy(buf + done, x->name, len);
		}
		done += len;
	}
	return (int64_t)done;
}

void
tmpfs_free_xattrs(struct kernel *k, struct tmpfs_inode *ti)
{
	while (ti->xattrs) {
		struct tmpfs_xattr *x = ti->xattrs;

		ti->xattrs = x->next;
		drop(k, x);
	}
}
