/* SPDX-License-Identifier: MIT
 *
 * fsync, fdatasync, sync, syncfs, sync_file_range.
 */
#include <linux/fs.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "syscalls/proto.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"

static int64_t
do_fsync(struct task *t, int fd, int datasync)
{
	struct fd f = fdget(t, fd);
	int64_t ret = f.file ? vfs_fsync_range(t, f.file, 0, INT64_MAX, datasync) : -EBADF;

	fdput(t, f);
	return ret;
}

int64_t
sys_fsync(struct task *t, int fd)
{
	return do_fsync(t, fd, 0);
}

int64_t
sys_fdatasync(struct task *t, int fd)
{
	return do_fsync(t, fd, 1);
}

static int
sync_sb(struct task *t, struct super_block *sb)
{
	if ((sb->s_flags & SB_RDONLY) || !sb->s_op || !sb->s_op->sync_fs)
		return 0;
	return sb->s_op->sync_fs(t, sb);
}

int64_t
sys_sync(struct task *t)
{
	for (struct mount *m = next_mount(t->k, NULL); m; m = next_mount(t->k, m))
		ignore_err(sync_sb(t, m->mnt_sb), "sync(2) has no errors");
	return 0;
}

int64_t
sys_syncfs(struct task *t, int fd)
{
	struct fd f = fdget(t, fd);
	int64_t ret = f.file ? sync_sb(t, f.file->f_inode->i_sb) : -EBADF;

	fdput(t, f);
	return ret;
}

static int64_t
check_sync_range(const struct file *file, int64_t offset, int64_t nbytes, unsigned int flags)
{
	uint16_t type = file->f_inode->i_mode & S_IFMT;

	if (flags & ~(unsigned int)(SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER))
		return -EINVAL;
	if (offset < 0 || nbytes < 0 || offset > INT64_MAX - nbytes)
		return -EINVAL;
	if (type != S_IFREG && type != S_IFBLK && type != S_IFDIR && type != S_IFLNK)
		return -ESPIPE;
	return 0;
}

int64_t
sys_sync_file_range(struct task *t, int fd, int64_t offset, int64_t nbytes, unsigned int flags)
{
	struct fd f = fdget(t, fd);
	int64_t ret;

	if (!f.file)
		return -EBADF;
	ret = check_sync_range(f.file, offset, nbytes, flags);
	if (!ret && flags)
		ret = vfs_fsync_range(t, f.file, offset, nbytes ? offset + nbytes - 1 : INT64_MAX, 1);
	fdput(t, f);
	return ret;
}
