/* SPDX-License-Identifier: MIT
 *
 * Names in tmpfs directories: looking up, making, removing, renaming. The VFS holds i_rwsem and has checked permissions.
 */
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "vfs/namei.h"
#include "vfs/tmpfs/tmpfs.h"

static void
dir_changed(struct inode *dir)
{
	inode_update_times(dir, ATTR_MTIME | ATTR_CTIME);
	dir->i_version++;
}

static struct dentry *
tmpfs_lookup(struct task *t, struct inode *dir, struct dentry *dentry)
{
	struct tmpfs_dirent *de;

	if (dentry->d_name.len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	de = tmpfs_find(dir, dentry->d_name.name, dentry->d_name.len);
	d_add(dentry, de ? igrab(de->inode) : NULL);
	return NULL;
}

/* The name takes the reference of a new inode, the dentry one of its own. */
static int
publish(struct inode *dir, struct dentry *dentry, struct inode *inode)
{
	int err = tmpfs_add_name(dir, &dentry->d_name, inode);

	if (err) {
		iput(inode);
		return err;
	}
	if (S_ISDIR(inode->i_mode))
		inc_nlink(dir);
	dir_changed(dir);
	d_instantiate(dentry, igrab(inode));
	return 0;
}

static int
tmpfs_mknod(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode, uint64_t rdev)
{
	struct inode *inode = tmpfs_new_inode(t, dir->i_sb, dir, mode, rdev);

	return IS_ERR(inode) ? (int)PTR_ERR(inode) : publish(dir, dentry, inode);
}

static int
tmpfs_create(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode, bool excl)
{
	return tmpfs_mknod(t, dir, dentry, (uint16_t)(mode | S_IFREG), 0);
}

static int
tmpfs_mkdir(struct task *t, struct inode *dir, struct dentry *dentry, uint16_t mode)
{
	return tmpfs_mknod(t, dir, dentry, (uint16_t)(mode | S_IFDIR), 0);
}

static int
tmpfs_symlink(struct task *t, struct inode *dir, struct dentry *dentry, const char *target)
{
	size_t len = strlen(target);
	struct inode *inode = tmpfs_new_inode(t, dir->i_sb, dir, S_IFLNK | 0777, 0);

	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	TMPFS_I(inode)->link = kstrndup(t->k, target, len);
	if (!TMPFS_I(inode)->link) {
		iput(inode);
		return -ENOMEM;
	}
	inode->i_size = (int64_t)len;
	return publish(dir, dentry, inode);
}

static int
tmpfs_tmpfile(struct task *t, struct inode *dir, struct file *file, uint16_t mode)
{
	struct inode *inode = tmpfs_new_inode(t, dir->i_sb, dir, (uint16_t)(mode | S_IFREG), 0);

	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	clear_nlink(inode);
	d_instantiate(file->f_path.dentry, inode);
	return 0;
}

/* A link counts as an inode, as on Linux: the directory entry takes memory too. */
static int
tmpfs_link(struct task *t, struct dentry *old, struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = d_inode(old);
	bool counted = inode->i_nlink > 0; /* the first name of an O_TMPFILE file is paid for */
	int err;

	if (counted && !tmpfs_reserve_inode(TMPFS_SB(dir->i_sb)))
		return -ENOSPC;
	err = tmpfs_add_name(dir, &dentry->d_name, inode);
	if (err) {
		if (counted)
			tmpfs_unreserve_inode(TMPFS_SB(dir->i_sb));
		return err;
	}
	igrab(inode); /* the name's */
	inc_nlink(inode);
	inode_update_times(inode, ATTR_CTIME);
	dir_changed(dir);
	d_instantiate(dentry, igrab(inode));
	return 0;
}

static int
tmpfs_unlink(struct task *t, struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	struct tmpfs_dirent *de = tmpfs_find(dir, dentry->d_name.name, dentry->d_name.len);

	if (!de)
		return -ENOENT;
	if (inode->i_nlink > 1 && !S_ISDIR(inode->i_mode))
		tmpfs_unreserve_inode(TMPFS_SB(dir->i_sb));
	drop_nlink(inode);
	inode_update_times(inode, ATTR_CTIME);
	dir_changed(dir);
	tmpfs_remove_name(dir, de);
	return 0;
}

static bool
is_empty(const struct inode *dir)
{
	return TMPFS_I(dir)->dir.nr == 0;
}

static int
tmpfs_rmdir(struct task *t, struct inode *dir, struct dentry *dentry)
{
	int err;

	if (!is_empty(d_inode(dentry)))
		return -ENOTEMPTY;
	drop_nlink(d_inode(dentry)); /* its own "." */
	err = tmpfs_unlink(t, dir, dentry);
	drop_nlink(dir);
	return err;
}

static int
exchange(struct inode *odir, struct dentry *old, struct inode *ndir, struct dentry *new)
{
	struct tmpfs_dirent *a = tmpfs_find(odir, old->d_name.name, old->d_name.len);
	struct tmpfs_dirent *b = tmpfs_find(ndir, new->d_name.name, new->d_name.len);
	struct inode *inode;
	uint8_t type;

	if (!a || !b)
		return -ENOENT;
	inode = a->inode, type = a->type;
	a->inode = b->inode, a->type = b->type;
	b->inode = inode, b->type = type;
	if (odir != ndir && S_ISDIR(a->inode->i_mode) != S_ISDIR(b->inode->i_mode)) {
		inc_nlink(S_ISDIR(a->inode->i_mode) ? odir : ndir);
		drop_nlink(S_ISDIR(a->inode->i_mode) ? ndir : odir);
	}
	inode_update_times(a->inode, ATTR_CTIME);
	inode_update_times(b->inode, ATTR_CTIME);
	dir_changed(odir);
	dir_changed(ndir);
	return 0;
}

static int
tmpfs_rename(struct task *t, struct inode *odir, struct dentry *old, struct inode *ndir, struct dentry *new, unsigned int flags)
{
	struct inode *inode = d_inode(old), *target = d_inode(new), *whiteout = NULL;
	struct tmpfs_dirent *from = tmpfs_find(odir, old->d_name.name, old->d_name.len), *to;
	bool dir = S_ISDIR(inode->i_mode);
	int err;

	if (flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		return -EINVAL;
	if (flags & RENAME_EXCHANGE)
		return exchange(odir, old, ndir, new);
	if (!from)
		return -ENOENT;
	if (target && S_ISDIR(target->i_mode) && !is_empty(target))
		return -ENOTEMPTY;
	if (flags & RENAME_WHITEOUT) {
		whiteout = tmpfs_new_inode(t, odir->i_sb, odir, S_IFCHR, 0);
		if (IS_ERR(whiteout))
			return (int)PTR_ERR(whiteout);
	}
	to = tmpfs_find(ndir, new->d_name.name, new->d_name.len);
	if (to) { /* the name stays and stands for the other inode: nothing can fail */
		struct inode *gone = to->inode;

		to->inode = igrab(inode);
		to->type = from->type;
		if (S_ISDIR(gone->i_mode)) {
			drop_nlink(gone);
			drop_nlink(ndir);
		} else if (gone->i_nlink > 1) {
			tmpfs_unreserve_inode(TMPFS_SB(ndir->i_sb));
		}
		drop_nlink(gone);
		inode_update_times(gone, ATTR_CTIME);
		iput(gone);
	} else {
		err = tmpfs_add_name(ndir, &new->d_name, inode);
		if (err) {
			iput(whiteout);
			return err;
		}
		igrab(inode);
	}
	if (dir) {
		drop_nlink(odir);
		inc_nlink(ndir);
	}
	if (whiteout) {
		from->inode = whiteout;
		from->type = S_IFCHR >> 12;
		iput(inode);
	} else {
		tmpfs_remove_name(odir, from);
	}
	dir_changed(odir);
	dir_changed(ndir);
	inode_update_times(inode, ATTR_CTIME);
	return 0;
}

const struct inode_operations tmpfs_dir_iops = {
	.lookup = tmpfs_lookup,
	.create = tmpfs_create,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.symlink = tmpfs_symlink,
	.mkdir = tmpfs_mkdir,
	.rmdir = tmpfs_rmdir,
	.mknod = tmpfs_mknod,
	.rename = tmpfs_rename,
	.tmpfile = tmpfs_tmpfile,
	.setattr = tmpfs_setattr,
	.getattr = tmpfs_getattr,
	.getxattr = tmpfs_getxattr,
	.setxattr = tmpfs_setxattr,
	.listxattr = tmpfs_listxattr,
};
