/* SPDX-License-Identifier: MIT
 *
 * timerfd_create, timerfd_settime, timerfd_gettime.
 */
#include "mm/uaccess.h"
#include "syscalls/proto.h"
#include "vfs/eventfd.h"

int64_t
sys_timerfd_create(struct task *t, int clockid, int flags)
{
	return do_timerfd_create(t, clockid, flags);
}

int64_t
sys_timerfd_settime(struct task *t, int fd, int flags, uaddr_t value, uaddr_t ovalue)
{
	struct k_itimerspec new, old;
	int64_t ret;

	if (copy_in(t, &new, value))
		return -EFAULT;
	ret = do_timerfd_settime(t, fd, flags, &new, &old);
	if (!ret && !uaddr_null(ovalue) && copy_out(t, ovalue, &old))
		return -EFAULT;
	return ret;
}

int64_t
sys_timerfd_gettime(struct task *t, int fd, uaddr_t value)
{
	struct k_itimerspec cur;
	int64_t ret = do_timerfd_gettime(t, fd, &cur);

	return ret ? ret : copy_out(t, value, &cur);
}
