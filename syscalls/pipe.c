/* SPDX-License-Identifier: MIT
 *
 * pipe and pipe2: pipe(2).
 */
#include <linux/fcntl.h>

#include "kernel/task.h"
#include "mm/uaccess.h"
#include "syscalls/proto.h"
#include "vfs/fdtable.h"
#include "vfs/pipe.h"

#ifndef O_NOTIFICATION_PIPE
#define O_NOTIFICATION_PIPE O_EXCL
#endif

static int64_t
do_pipe2(struct task *t, uaddr_t fds, uint32_t flags)
{
	struct file *files[2];
	int err;

	if (flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK | O_DIRECT | O_NOTIFICATION_PIPE))
		return -EINVAL;
	if (flags & O_NOTIFICATION_PIPE)
		return -ENOPKG;
	err = create_pipe_files(t, files, flags);
	return err ? err : fd_install_pair(t, files, flags & O_CLOEXEC, fds);
}

int64_t
sys_pipe(struct task *t, uaddr_t fds)
{
	return do_pipe2(t, fds, 0);
}

int64_t
sys_pipe2(struct task *t, uaddr_t fds, int flags)
{
	return do_pipe2(t, fds, (uint32_t)flags);
}
