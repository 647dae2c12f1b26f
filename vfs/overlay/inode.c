/* SPDX-License-Identifier: MIT
 *
 * Overlay inodes: which real files they stand for, and their attributes. How they are found and made: iget.c.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/stat.h>
#include <linux/xattr.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "vfs/hostfs/hostfs.h"
#include "vfs/namei.h"
#include "vfs/overlay/overlay.h"

void
ovl_real_path(const struct inode *inode, struct path *out)
{
	const struct ovl_sb *ofs = OVL_SB(inode->i_sb);
	const struct ovl_inode *oi = OVL_I(inode);
	struct dentry *upper = ovl_upper(inode);

	out->dentry = upper ? upper : oi->lower[0].dentry;
	out->mnt = upper ? ofs->upper_mnt : ofs->lower_mnt[oi->lower[0].layer];
}

struct inode *
ovl_real_inode(const struct inode *inode)
{
	struct path real;

	ovl_real_path(inode, &real);
	return d_inode(real.dentry);
}

bool
ovl_is_whiteout(const struct dentry *real)
{
	const struct inode *inode = d_inode(real);

	return inode && S_ISCHR(inode->i_mode) && inode->i_rdev == 0;
}

/* st_dev of the file system a real inode is on. */
static uint64_t
real_dev(const struct ovl_sb *ofs, const struct inode *real)
{
	if (is_hostfs(real->i_sb))
		return hostfs_dev(ofs->k, HOSTFS_SB(real->i_sb)->state, HOSTFS_I(real)->dev);
	return real->i_sb->s_dev;
}

/*
 * One number space for all layers: the number of the real file with the index of its file system in the top byte. Files of
 * the lowest layer's own file system, which is index 0, keep theirs.
 */
uint64_t
ovl_map_dev_ino(struct ovl_sb *ofs, uint64_t dev, uint64_t ino)
{
	uint64_t i, n = __atomic_load_n(&ofs->nr_devs, __ATOMIC_ACQUIRE);

	for (i = 0; i < n; i++)
		if (ofs->devs[i] == dev)
			return ino ^ i << 56;
	mutex_lock(&ofs->lock);
	for (i = 0; i < ofs->nr_devs && ofs->devs[i] != dev; i++)
		;
	if (i == ofs->nr_devs && i < OVL_MAX_DEVS) {
		ofs->devs[i] = dev;
		__atomic_store_n(&ofs->nr_devs, (uint32_t)i + 1, __ATOMIC_RELEASE);
	}
	mutex_unlock(&ofs->lock);
	return ino ^ i << 56;
}

uint64_t
ovl_map_ino(struct ovl_sb *ofs, const struct inode *real)
{
	return ovl_map_dev_ino(ofs, real_dev(ofs, real), real->i_ino);
}

static uint32_t
nlink_of(const struct inode *inode, const struct inode *real)
{
	const struct ovl_inode *oi = OVL_I(inode);

	if (S_ISDIR(real->i_mode))
		return inode->i_flags & S_DEAD ? 0 : oi->nr_lower + (ovl_upper(inode) != NULL) > 1 ? 1 : real->i_nlink;
	return oi->own_nlink ? inode->i_nlink : real->i_nlink;
}

static bool
same_time(const struct k_timespec *a, const struct k_timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Most often nothing has changed. Looks without the lock: who changes the real inode while we look copies afterwards. */
__attribute__((no_sanitize("thread"))) static bool
is_copied(const struct inode *inode, const struct inode *real)
{
	return inode->i_mode == real->i_mode && inode->i_uid == real->i_uid && inode->i_gid == real->i_gid &&
	       inode->i_rdev == real->i_rdev && same_time(&inode->i_atime, &real->i_atime) &&
	       same_time(&inode->i_mtime, &real->i_mtime) && same_time(&inode->i_ctime, &real->i_ctime) &&
	       inode->i_blocks == real->i_blocks && READ_ONCE(inode->i_size) == READ_ONCE(real->i_size) &&
	       inode->i_nlink == nlink_of(inode, real);
}

/* One at a time, so that the last to copy does not leave what it read before another's change, or of the lower file after a copy up. */
void
ovl_copyattr(struct inode *inode)
{
	const struct inode *real = ovl_real_inode(inode);

	if (is_copied(inode, real))
		return;
	mutex_lock(&OVL_I(inode)->attr);
	real = ovl_real_inode(inode);
	inode->i_mode = real->i_mode;
	inode->i_uid = real->i_uid;
	inode->i_gid = real->i_gid;
	inode->i_rdev = real->i_rdev;
	inode->i_atime = real->i_atime;
	inode->i_mtime = real->i_mtime;
	inode->i_ctime = real->i_ctime;
	inode->i_blocks = real->i_blocks;
	WRITE_ONCE(inode->i_size, READ_ONCE(real->i_size));
	inode->i_nlink = nlink_of(inode, real);
	mutex_unlock(&OVL_I(inode)->attr);
}

static const char *
ovl_get_link(struct task *t, struct dentry *dentry, struct inode *inode, void **done, struct path *jump)
{
	struct path real;

	ovl_real_path(inode, &real);
	return d_inode(real.dentry)->i_op->get_link(t, real.dentry, d_inode(real.dentry), done, jump);
}

void
ovl_set_upper(struct inode *inode, struct dentry *upper)
{
	struct ovl_sb *ofs = OVL_SB(inode->i_sb);
	struct ovl_inode *oi = OVL_I(inode);

	mutex_lock(&ofs->lock);
	d_inode(upper)->i_overlay = inode;
	if (oi->own_nlink && inode->i_nlink > 1 && list_empty(&oi->pinned) && igrab(inode))
		list_add(&oi->pinned, &ofs->pinned);
	mutex_unlock(&ofs->lock);
	__atomic_store_n(&oi->upper, dget(upper), __ATOMIC_RELEASE);
	ovl_copyattr(inode);
}

static struct dentry *
lookup_alias(struct task *t, struct dentry *dentry)
{
	char name[NAME_MAX + 1];
	struct dentry *parent = hostfs_name(dentry, name), *alias = ERR_PTR(-ENOENT);
	struct dentry *dir = ovl_upper(d_inode(parent));
	struct cred *old = dir ? ovl_override_creds(t) : NULL;

	if (old) {
		alias = lookup_one_unlocked(t, &QSTR(name), dir);
		ovl_revert_creds(t, old);
	}
	dput(parent);
	return alias;
}

void
ovl_follow_name(struct task *t, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	struct ovl_sb *ofs = OVL_SB(dentry->d_sb);
	struct dentry *upper = ovl_upper(inode), *alias;
	struct ovl_inode *oi = OVL_I(inode);
	struct ovl_old_name *o;

	if (!ofs->kept || !upper || !d_unhashed(upper) || S_ISDIR(inode->i_mode) || d_unhashed(dentry))
		return;
	alias = lookup_alias(t, dentry);
	if (IS_ERR(alias))
		return;
	o = d_inode(alias) == d_inode(upper) ? kmalloc(ofs->k, sizeof(*o)) : NULL;
	if (o) {
		mutex_lock(&ofs->lock);
		if (oi->upper == upper) {
			*o = (struct ovl_old_name){ oi->old, upper };
			oi->old = o;
			__atomic_store_n(&oi->upper, alias, __ATOMIC_RELEASE);
			alias = NULL;
			o = NULL;
		}
		mutex_unlock(&ofs->lock);
		kfree(ofs->k, o);
	}
	dput(alias);
}

void
ovl_evict_inode(struct kernel *k, struct inode *inode)
{
	struct ovl_sb *ofs = OVL_SB(inode->i_sb);
	struct ovl_inode *oi = OVL_I(inode);

	if (!oi)
		return;
	if (oi->upper) {
		mutex_lock(&ofs->lock);
		if (d_inode(oi->upper)->i_overlay == inode)
			d_inode(oi->upper)->i_overlay = NULL;
		mutex_unlock(&ofs->lock);
		dput(oi->upper);
	}
	while (oi->old) {
		struct ovl_old_name *o = oi->old;

		oi->old = o->next;
		dput(o->dentry);
		kfree(k, o);
	}
	if (oi->nr_lower > 0)
		ovl_forget_lower(inode, d_inode(oi->lower[0].dentry));
	for (unsigned int i = 0; i < oi->nr_lower; i++)
		dput(oi->lower[i].dentry);
	kfree(k, oi);
	inode->i_private = NULL;
}

/*
 * The caller's credentials with all capabilities. Only capabilities differ, so that other tasks that look at this one's
 * identity meanwhile (kill(2)) see no other.
 */
struct cred *
ovl_override_creds(struct task *t)
{
	struct cred *new = prepare_creds(t), *old;

	if (!new)
		return NULL;
	new->cap_effective = CAP_FULL;
	mutex_lock(&t->alloc_lock);
	old = t->cred;
	t->cred = new;
	mutex_unlock(&t->alloc_lock);
	return old;
}

void
ovl_revert_creds(struct task *t, struct cred *old)
{
	struct cred *new;

	mutex_lock(&t->alloc_lock);
	new = t->cred;
	t->cred = old;
	mutex_unlock(&t->alloc_lock);
	put_cred(new);
}

int
ovl_getattr(struct task *t, const struct path *path, struct kstat *st, uint32_t mask, unsigned int flags)
{
	struct inode *inode = d_inode(path->dentry);
	struct inode *ri;
	struct path real;
	int err = 0;

	ovl_follow_name(t, path->dentry);
	ovl_real_path(inode, &real);
	ri = d_inode(real.dentry);
	if (ri->i_op->getattr)
		err = ri->i_op->getattr(t, &real, st, mask, flags);
	else
		generic_fillattr(ri, st);
	if (err)
		return err;
	ovl_copyattr(inode);
	st->dev = inode->i_sb->s_dev;
	st->ino = inode->i_ino;
	st->nlink = inode->i_nlink;
	return 0;
}

int
ovl_setattr(struct task *t, struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	struct iattr up = *attr;
	struct cred *old;
	int err = ovl_copy_up(t, dentry, (attr->ia_valid & ATTR_SIZE) && attr->ia_size == 0 ? O_TRUNC : 0);

	if (err)
		return err;
	ovl_follow_name(t, dentry);
	up.ia_valid &= ~(ATTR_KILL_SUID | ATTR_KILL_SGID | ATTR_FILE | ATTR_OPEN);
	up.ia_valid |= ATTR_FORCE;
	up.ia_file = NULL;
	/* the time this change was given stays the time of both */
	if (up.ia_valid & ATTR_ATIME)
		up.ia_valid |= ATTR_ATIME_SET;
	if (up.ia_valid & ATTR_MTIME)
		up.ia_valid |= ATTR_MTIME_SET;
	old = ovl_override_creds(t);
	if (!old)
		return -ENOMEM;
	err = notify_change(t, ovl_upper(inode), &up);
	ovl_revert_creds(t, old);
	ovl_copyattr(inode);
	return err;
}

const struct inode_operations ovl_file_iops = {
	.setattr = ovl_setattr,
	.getattr = ovl_getattr,
	.getxattr = ovl_getxattr,
	.setxattr = ovl_setxattr,
	.listxattr = ovl_listxattr,
};

const struct inode_operations ovl_symlink_iops = {
	.get_link = ovl_get_link,
	.setattr = ovl_setattr,
	.getattr = ovl_getattr,
	.getxattr = ovl_getxattr,
	.setxattr = ovl_setxattr,
	.listxattr = ovl_listxattr,
};
