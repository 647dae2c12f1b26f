/* SPDX-License-Identifier: MIT
 *
 * execve(2), execveat(2).
 */
#include <linux/fcntl.h>

#include "kernel/exec.h"
#include "syscalls/proto.h"

int64_t
sys_execve(struct task *t, uaddr_t path, uaddr_t argv, uaddr_t envp)
{
	return do_execve(t, AT_FDCWD, path, argv, envp, 0);
}

int64_t
sys_execveat(struct task *t, int dirfd, uaddr_t path, uaddr_t argv, uaddr_t envp, int flags)
{
	return do_execve(t, dirfd, path, argv, envp, flags);
}
