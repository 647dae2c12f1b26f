/* SPDX-License-Identifier: MIT
 *
 * signalfd and signalfd4.
 */
#include "mm/uaccess.h"
#include "syscalls/proto.h"
#include "vfs/eventfd.h"

static int64_t
do_signalfd4(struct task *t, int fd, uaddr_t mask, uint64_t sizemask, int flags)
{
	uint64_t set;

	if (sizemask != sizeof(set))
		return -EINVAL;
	if (get_user_u64(t, &set, mask))
		return -EFAULT;
	return do_signalfd(t, fd, set, flags);
}

int64_t
sys_signalfd(struct task *t, int fd, uaddr_t mask, uint64_t sizemask)
{
	return do_signalfd4(t, fd, mask, sizemask, 0);
}

int64_t
sys_signalfd4(struct task *t, int fd, uaddr_t mask, uint64_t sizemask, int flags)
{
	return do_signalfd4(t, fd, mask, sizemask, flags);
}
