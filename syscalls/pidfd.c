/* SPDX-License-Identifier: MIT
 *
 * pidfd_open, pidfd_getfd.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>

#include "kernel/cred.h"
#include "kernel/pidfd.h"
#include "kernel/task.h"
#include "syscalls/proto.h"
#include "vfs/fdtable.h"

/* Put a complete file under a new descriptor, or drop it. */
static int64_t
install_cloexec(struct task *t, struct file *file)
{
	int fd = get_unused_fd_flags(t, O_CLOEXEC);

	if (fd < 0)
		fput(t, file);
	else
		fd_install(t, fd, file);
	return fd;
}

int64_t
sys_pidfd_open(struct task *t, int pid, unsigned int flags)
{
	struct file *file;
	struct pid *p;
	bool found;

	if ((flags & ~(O_NONBLOCK | PIDFD_THREAD)) || pid <= 0)
		return -EINVAL;
	p = find_get_pid(t->k, pid);
	if (!p)
		return -ESRCH;
	mutex_lock(&t->k->tasklist_lock);
	found = pid_task(p, flags & PIDFD_THREAD ? PIDTYPE_PID : PIDTYPE_TGID) != NULL;
	mutex_unlock(&t->k->tasklist_lock);
	file = found ? pidfd_create(t, p, O_RDWR | flags) : ERR_PTR(-EINVAL);
	put_pid(t->k, p);
	return IS_ERR(file) ? PTR_ERR(file) : install_cloexec(t, file);
}

int64_t
sys_pidfd_getfd(struct task *t, int pidfd, int fd, unsigned int flags)
{
	struct task *other = NULL;
	struct file *file;
	struct pid *pid;

	if (flags)
		return -EINVAL;
	pid = pidfd_get_pid(t, pidfd, NULL);
	if (IS_ERR(pid))
		return PTR_ERR(pid);
	mutex_lock(&t->k->tasklist_lock);
	other = pid_task(pid, PIDTYPE_PID);
	if (other)
		get_task_struct(other);
	mutex_unlock(&t->k->tasklist_lock);
	put_pid(t->k, pid);
	if (!other)
		return -ESRCH;
	if (!ptrace_may_access(t, other, PTRACE_MODE_REALCREDS))
		file = ERR_PTR(-EPERM);
	else
		file = fget_task(other, fd);
	put_task_struct(other);
	if (!file)
		return -EBADF;
	return IS_ERR(file) ? PTR_ERR(file) : install_cloexec(t, file);
}
