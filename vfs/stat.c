/* SPDX-License-Identifier: MIT
 *
 * Attributes of files and file systems, symbolic links' texts, and syncing.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <asm/statfs.h>

#include "kernel/task.h"
#include "vfs/internal.h"

void
getattr_begin(struct kstat *st)
{
	*st = (struct kstat){ .result_mask = STATX_BASIC_STATS };
}

void
getattr_end(const struct mount *mnt, bool is_root, struct kstat *st)
{
	if (mnt) {
		st->mnt_id = (uint64_t)mnt->mnt_id;
		st->result_mask |= STATX_MNT_ID;
		if (is_root)
			st->attributes |= STATX_ATTR_MOUNT_ROOT;
	}
	st->attributes_mask |= STATX_ATTR_MOUNT_ROOT;
	if (st->btime.tv_sec || st->btime.tv_nsec)
		st->result_mask |= STATX_BTIME;
}

int
vfs_getattr(struct task *t, const struct path *path, struct kstat *st, uint32_t mask, unsigned int flags)
{
	struct inode *inode = d_inode(path->dentry);
	int err = 0;

	getattr_begin(st);
	if (inode->i_op && inode->i_op->getattr)
		err = inode->i_op->getattr(t, path, st, mask, flags);
	else
		generic_fillattr(inode, st);
	if (err)
		return err;
	getattr_end(path->mnt, path->mnt && path->dentry == path->mnt->mnt_root, st);
	return 0;
}

int
vfs_statfs(struct task *t, struct dentry *dentry, void *kstatfs)
{
	struct super_block *sb = dentry->d_sb;
	struct statfs64 *s = kstatfs;

	*s = (struct statfs64){
		.f_type = (__statfs_word)sb->s_magic,
		.f_bsize = (__statfs_word)sb->s_blocksize,
		.f_frsize = (__statfs_word)sb->s_blocksize,
		.f_namelen = K_NAME_MAX,
		.f_fsid = { .val = { (int)sb->s_dev, 0 } },
	};
	return sb->s_op && sb->s_op->statfs ? sb->s_op->statfs(t, dentry, s) : 0;
}

int64_t
vfs_readlink(struct task *t, struct dentry *dentry, char *buf, size_t n)
{
	struct inode *inode = d_inode(dentry);
	struct path jump = { NULL, NULL };
	void *done = NULL;
	const char *text;
	int64_t ret;

	if (!inode->i_op || !inode->i_op->get_link)
		return -EINVAL;
	text = inode->i_op->get_link(t, dentry, inode, &done, &jump);
	if (IS_ERR(text))
		return PTR_ERR(text);
	if (text) {
		ret = (int64_t)MIN(strlen(text), n);
		memcpy(buf, text, (size_t)ret);
	} else if (jump.dentry) {
		/* A link of /proc reads as the path of what it leads to. */
		char *tmp = kmalloc(t->k, K_PATH_MAX), *p = tmp ? d_path(t, &jump, tmp, K_PATH_MAX) : ERR_PTR(-ENOMEM);

		if (IS_ERR(p)) {
			ret = PTR_ERR(p);
		} else {
			ret = (int64_t)MIN(strlen(p), n);
			memcpy(buf, p, (size_t)ret);
		}
		kfree(t->k, tmp);
		path_put(t, &jump);
	} else {
		ret = -ENOENT;
	}
	kfree(t->k, done);
	return ret;
}

int
vfs_fsync_range(struct task *t, struct file *file, int64_t start, int64_t end, int datasync)
{
	if (!file->f_op || !file->f_op->fsync)
		return -EINVAL;
	return file->f_op->fsync(t, file, start, end, datasync);
}
