/* SPDX-License-Identifier: MIT
 *
 * getrlimit(2), prlimit(2), getrusage(2), getpriority(2), ioprio_set(2).
 */
#include <linux/capability.h>
#include <linux/resource.h>

#include "kernel/cred.h"
#include "kernel/prio.h"
#include "kernel/sys.h"
#include "kernel/wait.h"
#include "mm/uaccess.h"
#include "syscalls/proto.h"

int64_t
sys_getrlimit(struct task *t, unsigned int resource, uaddr_t rlim)
{
	struct rlimit64_k r;
	int err = do_prlimit(t, t, resource, NULL, &r);

	return err ? err : copy_out(t, rlim, &r);
}

int64_t
sys_setrlimit(struct task *t, unsigned int resource, uaddr_t rlim)
{
	struct rlimit64_k r;

	if (copy_in(t, &r, rlim))
		return -EFAULT;
	return do_prlimit(t, t, resource, &r, NULL);
}

static bool
may_prlimit(const struct task *t, struct task *other)
{
	const struct cred *c = t->cred;
	struct cred *o;
	bool same;

	if (t == other || capable(t, CAP_SYS_RESOURCE))
		return true;
	o = get_task_cred(other);
	same = c->uid == o->euid && c->uid == o->suid && c->uid == o->uid && c->gid == o->egid && c->gid == o->sgid &&
	       c->gid == o->gid;
	put_cred(o);
	return same;
}

int64_t
sys_prlimit64(struct task *t, int pid, unsigned int resource, uaddr_t unew, uaddr_t uold)
{
	struct rlimit64_k new, old;
	struct task *other = t;
	int err;

	if (!uaddr_null(unew) && copy_in(t, &new, unew))
		return -EFAULT;
	if (pid) {
		other = find_task_by_pid(t->k, pid);
		if (!other)
			return -ESRCH;
	}
	err = may_prlimit(t, other) ? do_prlimit(t, other, resource, uaddr_null(unew) ? NULL : &new, &old) : -EPERM;
	if (pid)
		put_task_struct(other);
	if (!err && !uaddr_null(uold))
		err = copy_out(t, uold, &old);
	return err;
}

int64_t
sys_getrusage(struct task *t, int who, uaddr_t usage)
{
	struct task_times times;
	struct k_rusage r;

	switch (who) {
	case RUSAGE_SELF:
		own_group_times(t, &times);
		break;
	case RUSAGE_CHILDREN:
		mutex_lock(&t->sighand->siglock);
		times = t->signal->cums;
		mutex_unlock(&t->sighand->siglock);
		break;
	case 1: /* RUSAGE_THREAD */
		times = t->times;
		task_cputime(t, &times.utime, &times.stime);
		break;
	default:
		return -EINVAL;
	}
	rusage_of(&r, &times);
	return copy_out(t, usage, &r);
}

int64_t
sys_getpriority(struct task *t, int which, int who)
{
	return do_getpriority(t, which, who);
}

int64_t
sys_setpriority(struct task *t, int which, int who, int prio)
{
	return do_setpriority(t, which, who, prio);
}

int64_t
sys_ioprio_get(struct task *t, int which, int who)
{
	return do_ioprio_get(t, which, who);
}

int64_t
sys_ioprio_set(struct task *t, int which, int who, int ioprio)
{
	return do_ioprio_set(t, which, who, ioprio);
}
