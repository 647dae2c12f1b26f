/* SPDX-License-Identifier: MIT
 *
 * inotify_init, inotify_init1, inotify_add_watch, inotify_rm_watch.
 */
#include "kernel/errno.h"
#include "syscalls/proto.h"
#include "vfs/fsnotify.h"

int64_t
sys_inotify_init(struct task *t)
{
	return do_inotify_init(t, 0);
}

int64_t
sys_inotify_init1(struct task *t, int flags)
{
	return do_inotify_init(t, (uint32_t)flags);
}

int64_t
sys_inotify_add_watch(struct task *t, int fd, uaddr_t path, unsigned int mask)
{
	return do_inotify_add_watch(t, fd, path, mask);
}

int64_t
sys_inotify_rm_watch(struct task *t, int fd, int wd)
{
	return do_inotify_rm_watch(t, fd, wd);
}
