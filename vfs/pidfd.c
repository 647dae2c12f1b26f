/* SPDX-License-Identifier: MIT
 *
 * Descriptors of processes: pidfd_open(2), pidfd_getfd(2), clone(2) CLONE_PIDFD.
 *
 * A pidfd holds a struct pid, so the number cannot be used for another process meanwhile. It is readable once the whole
 * thread group has ended; exit wakes pid->wait_pidfd.
 *
 * Locks: tasklist_lock to look at the pid's task.
 */
#include <linux/fcntl.h>

#include "kernel/pidfd.h"
#include "kernel/task.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"
#include "vfs/poll.h"

static uint32_t
pidfd_poll(struct task *t, struct file *file, struct poll_table *pt)
{
	struct pid *pid = file->private_data;
	struct task *p;

	poll_wait(file, &pid->wait_pidfd, pt);
	mutex_guard(&t->k->tasklist_lock);
	p = pid_task(pid, PIDTYPE_PID);
	if (!p)
		return K_POLLIN | K_POLLRDNORM | K_POLLHUP;
	return p->exit_state && ((file->f_flags & PIDFD_THREAD) || thread_group_empty(p)) ? K_POLLIN | K_POLLRDNORM : 0;
}

static void
pidfd_release(struct task *t, struct inode *inode, struct file *file)
{
	put_pid(file->k, file->private_data);
}

static int
pidfd_show_fdinfo(struct task *t, struct file *file, char *buf, size_t n)
{
	struct pid *pid = file->private_data;
	bool alive;

	mutex_lock(&file->k->tasklist_lock);
	alive = pid_task(pid, PIDTYPE_PID) != NULL;
	mutex_unlock(&file->k->tasklist_lock);
	return ksnprintf(buf, n, "Pid:\t%d\nNSpid:\t%d\n", alive ? pid->nr : -1, alive ? pid->nr : -1);
}

static const struct file_operations pidfd_fops = {
	.poll = pidfd_poll,
	.release = pidfd_release,
	.show_fdinfo = pidfd_show_fdinfo,
};

struct file *
pidfd_create(struct task *t, struct pid *pid, unsigned int flags)
{
	struct file *file;

	get_pid(pid);
	file = anon_inode_getfile(t, "[pidfd]", &pidfd_fops, pid, O_RDWR | (flags & O_NONBLOCK));
	if (IS_ERR(file))
		put_pid(t->k, pid);
	else
		file->f_flags |= flags & PIDFD_THREAD; /* O_EXCL, which opening drops */
	return file;
}

struct pid *
pidfd_get_pid(struct task *t, int fd, unsigned int *flags)
{
	struct fd f = fdget(t, fd);
	struct pid *pid;

	if (!f.file)
		return ERR_PTR(-EBADF);
	if (f.file->f_op == &pidfd_fops) {
		pid = get_pid(f.file->private_data);
		if (flags)
			*flags = f.file->f_flags;
	} else {
		pid = ERR_PTR(-EBADF);
	}
	fdput(t, f);
	return pid;
}
