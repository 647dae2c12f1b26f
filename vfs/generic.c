/* SPDX-License-Identifier: MIT
 *
 * What file systems do alike around a write: limits and appending. Set-user-id bits are taken off by vfs/attr.c before.
 */
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/resource.h>

#include "kernel/task.h"
#include "vfs/generic.h"

int64_t
generic_write_check_limits(struct task *t, const struct inode *inode, int64_t pos)
{
	uint64_t limit = rlimit(t, RLIMIT_FSIZE), max = inode->i_sb->s_maxbytes;

	if (limit != K_RLIM_INFINITY) {
		if ((uint64_t)pos >= limit) {
			send_sig_info(SIGXFSZ, SEND_SIG_NOINFO, t, PIDTYPE_PID, t);
			return -EFBIG;
		}
		max = MIN(max, limit);
	}
	return (uint64_t)pos >= max ? -EFBIG : (int64_t)(max - (uint64_t)pos);
}

bool
write_appends(const struct file *file, uint32_t rwf)
{
	return (rwf & RWF_APPEND) || ((file->f_flags & O_APPEND) && !(rwf & RWF_NOAPPEND));
}

int64_t
generic_write_checks(struct task *t, struct file *file, struct iov_iter *from, int64_t *pos, uint32_t rwf)
{
	struct inode *inode = file->f_inode;
	int64_t room;

	if (from->count == 0)
		return 0;
	if (write_appends(file, rwf))
		*pos = inode->i_size;
	if (*pos < 0)
		return -EINVAL;
	room = generic_write_check_limits(t, inode, *pos);
	if (room < 0)
		return room;
	from->count = MIN(from->count, (uint64_t)room);
	return (int64_t)from->count;
}

int
inode_newsize_ok(struct task *t, const struct inode *inode, int64_t size)
{
	if (size <= inode->i_size)
		return 0;
	if ((uint64_t)size > rlimit(t, RLIMIT_FSIZE)) {
		send_sig_info(SIGXFSZ, SEND_SIG_NOINFO, t, PIDTYPE_PID, t);
		return -EFBIG;
	}
	return (uint64_t)size > inode->i_sb->s_maxbytes ? -EFBIG : 0;
}
