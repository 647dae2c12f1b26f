/* SPDX-License-Identifier: MIT
 *
 * close, close_range, dup, dup2, dup3.
 */
#include <linux/fcntl.h>

#include "kernel/task.h"
#include "syscalls/proto.h"
#include "vfs/fdtable.h"

int64_t
sys_close(struct task *t, int fd)
{
	int err = close_fd(t, fd);

	/* The descriptor is gone: there is nothing to restart. */
	if (err == -ERESTARTSYS || err == -ERESTARTNOINTR || err == -ERESTARTNOHAND || err == -ERESTART_RESTARTBLOCK)
		err = -EINTR;
	return err;
}

int64_t
sys_close_range(struct task *t, unsigned int fd, unsigned int max_fd, unsigned int flags)
{
	return close_fd_range(t, fd, max_fd, flags);
}

int64_t
sys_dup(struct task *t, int fd)
{
	struct file *f = fget_raw(t, fd);
	int new;

	if (!f)
		return -EBADF;
	new = get_unused_fd_flags(t, 0);
	if (new >= 0)
		fd_install(t, new, f);
	else
		fput(t, f);
	return new;
}

int64_t
sys_dup2(struct task *t, int oldfd, int newfd)
{
	if (oldfd == newfd) {
		struct fd f = fdget_raw(t, oldfd);

		if (!f.file)
			return -EBADF;
		fdput(t, f);
		return oldfd;
	}
	return do_dup2(t, oldfd, newfd, 0);
}

int64_t
sys_dup3(struct task *t, int oldfd, int newfd, int flags)
{
	if ((flags & ~O_CLOEXEC) || oldfd == newfd)
		return -EINVAL;
	return do_dup2(t, oldfd, newfd, (uint32_t)flags);
}
