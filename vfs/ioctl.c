/* SPDX-License-Identifier: MIT
 *
 * ioctl(2): what every file knows, then the file's own. vfs_poll() is here too: the other question any file can be asked.
 */
#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "kernel/task.h"
#include "vfs/internal.h"
#include "vfs/ioctl.h"
#include "vfs/poll.h"

uint32_t
vfs_poll(struct task *t, struct file *file, struct poll_table *pt)
{
	if (!file->f_op || !file->f_op->poll)
		return K_POLLIN | K_POLLOUT | K_POLLRDNORM | K_POLLWRNORM;
	return file->f_op->poll(t, file, pt);
}

static void
file_set_flag(struct file *file, uint32_t flag, bool on)
{
	mutex_guard(&file->f_lock);

	if (on)
		set_bits(&file->f_flags, flag);
	else
		clear_bits(&file->f_flags, flag);
}

static int
ioctl_fioasync(struct task *t, int fd, struct file *file, bool on)
{
	int err;

	if (on == ((file->f_flags & FASYNC) != 0))
		return 0;
	if (!file->f_op->fasync)
		return -ENOTTY;
	err = file->f_op->fasync(t, fd, file, on);
	if (!err)
		file_set_flag(file, FASYNC, on);
	return err;
}

/* FIONREAD of a regular file: what is left. */
static int
ioctl_fionread(struct task *t, struct file *file, uaddr_t arg)
{
	int64_t left = __atomic_load_n(&file->f_inode->i_size, __ATOMIC_RELAXED) - file->f_pos;

	return put_user_u32(t, (uint32_t)(int32_t)left, arg);
}

int64_t
vfs_ioctl(struct task *t, struct file *file, unsigned int cmd, uint64_t arg)
{
	int64_t ret;

	if (!file->f_op || !file->f_op->ioctl)
		return -ENOTTY;
	ret = file->f_op->ioctl(t, file, cmd, arg);
	return ret == -ENOIOCTLCMD ? -ENOTTY : ret;
}

int64_t
do_ioctl(struct task *t, int fd, struct file *file, unsigned int cmd, uint64_t arg)
{
	uint16_t type = file->f_inode->i_mode & S_IFMT;
	uint32_t on;

	switch (cmd) {
	case FIOCLEX:
	case FIONCLEX:
		set_close_on_exec(t, fd, cmd == FIOCLEX);
		return 0;
	case FIONBIO:
		if (get_user_u32(t, &on, UADDR(arg)))
			return -EFAULT;
		file_set_flag(file, O_NONBLOCK, on != 0);
		return 0;
	case FIOASYNC:
		if (get_user_u32(t, &on, UADDR(arg)))
			return -EFAULT;
		return ioctl_fioasync(t, fd, file, on != 0);
	case FIOQSIZE:
		if (type == S_IFREG || type == S_IFDIR || type == S_IFLNK)
			return put_user_u64(t, (uint64_t)file->f_inode->i_size, UADDR(arg));
		return -ENOTTY;
	case FIGETBSZ:
		if (!file->f_inode->i_sb->s_blocksize)
			return -EINVAL;
		return put_user_u32(t, file->f_inode->i_sb->s_blocksize, UADDR(arg));
	case FICLONE:
	case FICLONERANGE: /* no file system here shares blocks */
		return type == S_IFREG ? -EOPNOTSUPP : type == S_IFDIR ? -EISDIR : -EINVAL;
	case FIONREAD:
		if (type == S_IFREG)
			return ioctl_fionread(t, file, UADDR(arg));
		break;
	default:
		break;
	}
	return vfs_ioctl(t, file, cmd, arg);
}
