/* SPDX-License-Identifier: MIT
 *
 * epoll_create, epoll_create1, epoll_ctl, epoll_wait, epoll_pwait, epoll_pwait2.
 */
#include <linux/eventpoll.h>

#include "kernel/task.h"
#include "mm/uaccess.h"
#include "syscalls/proto.h"
#include "vfs/eventpoll.h"

int64_t
sys_epoll_create(struct task *t, int size)
{
	return size <= 0 ? -EINVAL : do_epoll_create(t, 0);
}

int64_t
sys_epoll_create1(struct task *t, int flags)
{
	return do_epoll_create(t, flags);
}

int64_t
sys_epoll_ctl(struct task *t, int epfd, int op, int fd, uaddr_t event)
{
	struct epoll_event ev = { .events = 0 };

	if (op != EPOLL_CTL_DEL && copy_in(t, &ev, event))
		return -EFAULT;
	return do_epoll_ctl(t, epfd, op, fd, &ev);
}

static int64_t
ms_end(int timeout)
{
	if (timeout < 0)
		return NO_DEADLINE;
	return timeout == 0 ? 0 : deadline_after(timeout * 1000000LL);
}

int64_t
sys_epoll_wait(struct task *t, int epfd, uaddr_t events, int maxevents, int timeout)
{
	return do_epoll_wait(t, epfd, events, maxevents, ms_end(timeout));
}

static int64_t
do_epoll_pwait(struct task *t, int epfd, uaddr_t events, int maxevents, int64_t end, uaddr_t sigmask, uint64_t sigsetsize)
{
	int64_t ret = set_user_sigmask(t, sigmask, sigsetsize);

	if (ret)
		return ret;
	ret = do_epoll_wait(t, epfd, events, maxevents, end);
	restore_saved_sigmask_unless(t, ret == -EINTR);
	return ret;
}

int64_t
sys_epoll_pwait(struct task *t, int epfd, uaddr_t events, int maxevents, int timeout, uaddr_t sigmask, uint64_t sigsetsize)
{
	return do_epoll_pwait(t, epfd, events, maxevents, ms_end(timeout), sigmask, sigsetsize);
}

int64_t
sys_epoll_pwait2(struct task *t, int epfd, uaddr_t events, int maxevents, uaddr_t timeout, uaddr_t sigmask, uint64_t sigsetsize)
{
	int64_t end = NO_DEADLINE, ns;

	if (!uaddr_null(timeout)) {
		int err = get_timespec64(t, &ns, timeout);

		if (err)
			return err;
		end = ns == 0 ? 0 : deadline_after(ns);
	}
	return do_epoll_pwait(t, epfd, events, maxevents, end, sigmask, sigsetsize);
}
