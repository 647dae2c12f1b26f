/* SPDX-License-Identifier: MIT
 *
 * Who may do what to an inode: mode bits, capabilities, read-only file systems, immutable and append-only inodes, sticky
 * directories. Access control lists are left out.
 */
#include <linux/capability.h>
#include <linux/stat.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "vfs/internal.h"

/* Mode bits for the task alone: owner, else group, else others. */
static bool
mode_allows(struct task *t, const struct inode *inode, int mask)
{
	const struct cred *c = t->cred;
	unsigned int mode = inode->i_mode;

	if (c->fsuid == inode->i_uid)
		mode >>= 6;
	else if (((mode >> 3) ^ mode) & 7 && in_group_p(c, inode->i_gid)) /* else both say the same */
		mode >>= 3;
	return ((unsigned int)mask & ~mode & 7) == 0;
}

/**
 * generic_permission() - mode bits and the capabilities that override them
 * @t: the current task
 * @inode: the inode
 * @mask: MAY_*
 *
 * Return: 0, -EACCES.
 */
int
generic_permission(struct task *t, struct inode *inode, int mask)
{
	mask &= MAY_READ | MAY_WRITE | MAY_EXEC;
	if (mode_allows(t, inode, mask))
		return 0;
	if (S_ISDIR(inode->i_mode)) {
		if (!(mask & MAY_WRITE) && capable(t, CAP_DAC_READ_SEARCH))
			return 0;
		return capable(t, CAP_DAC_OVERRIDE) ? 0 : -EACCES;
	}
	if (mask == MAY_READ && capable(t, CAP_DAC_READ_SEARCH))
		return 0;
	if ((!(mask & MAY_EXEC) || (inode->i_mode & 0111)) && capable(t, CAP_DAC_OVERRIDE))
		return 0;
	return -EACCES;
}

/**
 * inode_permission() - may the task?
 * @t: the current task
 * @inode: the inode
 * @mask: MAY_*
 *
 * Return: 0, -EROFS, -EPERM (immutable), -EACCES.
 */
int
inode_permission(struct task *t, struct inode *inode, int mask)
{
	if (unlikely(mask & MAY_WRITE)) {
		uint16_t m = inode->i_mode;

		if ((inode->i_sb->s_flags & SB_RDONLY) && (S_ISREG(m) || S_ISDIR(m) || S_ISLNK(m)))
			return -EROFS;
		if (inode->i_flags & S_IMMUTABLE)
			return -EPERM;
	}
	if (inode->i_op && inode->i_op->permission)
		return inode->i_op->permission(t, inode, mask);
	return generic_permission(t, inode, mask);
}

bool
inode_owner_or_capable(struct task *t, const struct inode *inode)
{
	return t->cred->fsuid == inode->i_uid || capable(t, CAP_FOWNER);
}

/* In a sticky directory only the owner of a file or of the directory removes it. */
static bool
check_sticky(struct task *t, const struct inode *dir, const struct inode *inode)
{
	if (!(dir->i_mode & S_ISVTX))
		return false;
	if (t->cred->fsuid == inode->i_uid || t->cred->fsuid == dir->i_uid)
		return false;
	return !capable(t, CAP_FOWNER);
}

/**
 * may_delete() - may @victim be removed from @dir?
 * @t: the current task
 * @dir: its directory, locked
 * @victim: positive
 * @isdir: a directory is wanted
 *
 * Return: 0, -EACCES, -EPERM, -ENOTDIR, -EISDIR, -EBUSY, -ENOENT.
 */
int
may_delete(struct task *t, struct inode *dir, struct dentry *victim, bool isdir)
{
	struct inode *inode = d_inode(victim);
	int err;

	if (!inode)
		return -ENOENT;
	err = inode_permission(t, dir, MAY_WRITE | MAY_EXEC);
	if (err)
		return err;
	if (dir->i_flags & S_APPEND)
		return -EPERM;
	if (check_sticky(t, dir, inode) || (inode->i_flags & (S_APPEND | S_IMMUTABLE)))
		return -EPERM;
	if (isdir) {
		if (!S_ISDIR(inode->i_mode))
			return -ENOTDIR;
		if (victim->d_parent == victim)
			return -EBUSY;
	} else if (S_ISDIR(inode->i_mode)) {
		return -EISDIR;
	}
	if (dir->i_flags & S_DEAD)
		return -ENOENT;
	return 0;
}

int
may_create(struct task *t, struct inode *dir, struct dentry *child)
{
	if (d_inode(child))
		return -EEXIST;
	if (dir->i_flags & S_DEAD)
		return -ENOENT;
	return inode_permission(t, dir, MAY_WRITE | MAY_EXEC);
}

/* What follows is fs.protected_*, proc_sys_fs(5): help against programs that use names in /tmp without care. */

#define STICKY_WORLD_WRITABLE (S_ISVTX | S_IWOTH)

/**
 * may_follow_link() - may the link that ends a path be followed?
 * @nd: the walk; its directory is known
 * @link: the link
 *
 * Return: 0, -EACCES: it lies where all may write, and is neither the task's own nor the directory owner's.
 */
int
may_follow_link(const struct nameidata *nd, const struct inode *link)
{
	if (!READ_ONCE(nd->t->k->vfs->protected_symlinks))
		return 0;
	if (nd->t->cred->fsuid == link->i_uid || (nd->dir_mode & STICKY_WORLD_WRITABLE) != STICKY_WORLD_WRITABLE)
		return 0;
	return nd->dir_uid == link->i_uid ? 0 : -EACCES;
}

/**
 * may_linkat() - may the task give this file another name?
 * @t: the current task
 * @inode: the file
 *
 * Return: 0, -EPERM: it is not its own, and it could not write it, or it is special or runs as somebody else.
 */
int
may_linkat(struct task *t, struct inode *inode)
{
	uint16_t m = inode->i_mode;

	if (!READ_ONCE(t->k->vfs->protected_hardlinks) || inode_owner_or_capable(t, inode))
		return 0;
	if (!S_ISREG(m) || (m & S_ISUID) || (m & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		return -EPERM;
	return inode_permission(t, inode, MAY_READ | MAY_WRITE) ? -EPERM : 0;
}

/**
 * may_create_in_sticky() - may open(2) with O_CREAT take what is there already?
 * @nd: the walk; its directory is known
 * @inode: what is there
 *
 * Return: 0, -EACCES: somebody else put it into a sticky directory, perhaps in wait for the task.
 */
int
may_create_in_sticky(const struct nameidata *nd, const struct inode *inode)
{
	uint32_t level = 1; /* devices and others are not given up */

	if (S_ISREG(inode->i_mode))
		level = READ_ONCE(nd->t->k->vfs->protected_regular);
	else if (S_ISFIFO(inode->i_mode))
		level = READ_ONCE(nd->t->k->vfs->protected_fifos);
	if (level == 0 || !(nd->dir_mode & S_ISVTX) || inode->i_uid == nd->dir_uid || inode->i_uid == nd->t->cred->fsuid)
		return 0;
	return (nd->dir_mode & S_IWOTH) || ((nd->dir_mode & S_IWGRP) && level >= 2) ? -EACCES : 0;
}
