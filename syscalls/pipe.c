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
	int32_t fd[2];
	int err;

	if (flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK | O_DIRECT | O_NOTIFICATION_PIPE))
		return -EINVAL;
	if (flags & O_NOTIFICATION_PIPE)
		return -ENOPKG;
	err = create_pipe_files(t, files, flags);
	if (err)
		return err;
	err = fd[0] = get_unused_fd_flags(t, flags & O_CLOEXEC);
	if (err < 0)
		goto put_files;
	err = fd[1] = get_unused_fd_flags(t, flags & O_CLOEXEC);
	if (err < 0)
		goto put_fd0;
	err = copy_out(t, fds, &fd);
	if (err)
		goto put_fd1;
	fd_install(t, fd[0], files[0]);
	fd_install(t, fd[1], files[1]);
	return 0;
put_fd1:
	put_unused_fd(t, fd[1]);
put_fd0:
	put_unused_fd(t, fd[0]);
put_files:
	fput(t, files[0]);
	fput(t, files[1]);
	return err;
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
