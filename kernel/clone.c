/* SPDX-License-Identifier: MIT
 *
 * What clone(2) and clone3(2) may be asked for.
 */
#include <linux/capability.h>
#include <linux/sched.h>

#include "kernel/cred.h"
#include "kernel/fork.h"
#include "mm/uaccess.h"

/* Namespaces other than the first are not there: EINVAL, to those who might have made one. CLONE_NEWTIME is in CSIGNAL's bits
 * and only means something to clone3. */
#define CLONE_NEW_MASK                                                                                                    \
	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWTIME)

int
check_clone_flags(struct task *t, const struct kernel_clone_args *args)
{
	uint64_t f = args->flags;

	if ((f & CLONE_FS) && (f & (CLONE_NEWNS | CLONE_NEWUSER)))
		return -EINVAL;
	if ((f & CLONE_THREAD) && !(f & CLONE_SIGHAND))
		return -EINVAL;
	if ((f & CLONE_SIGHAND) && !(f & CLONE_VM))
		return -EINVAL;
	if ((f & CLONE_SIGHAND) && (f & CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	if ((f & CLONE_PARENT) && (t->signal->flags & SIGNAL_UNKILLABLE))
		return -EINVAL;
	if ((f & CLONE_THREAD) && (f & (CLONE_NEWUSER | CLONE_NEWPID)))
		return -EINVAL;
	if (f & CLONE_PIDFD) {
		if (f & CLONE_DETACHED)
			return -EINVAL;
		if ((f & CLONE_PARENT_SETTID) && args->pidfd.a == args->parent_tid.a)
			return -EINVAL;
	}
	if (f & CLONE_INTO_CGROUP)
		return -EBADF; /* no descriptor can be a cgroup's */
	if (f & CLONE_NEWUSER)
		return -EINVAL;
	if (f & CLONE_NEW_MASK)
		return capable(t, CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	if ((f & CLONE_SETTLS) && args->tls >= TASK_SIZE_MAX)
		return -EPERM;
	return 0;
}

struct pid *
clone_alloc_pid(struct task *t, const struct kernel_clone_args *args)
{
	uint32_t nr;

	if (args->set_tid_size == 0)
		return alloc_pid(t->k);
	if (args->set_tid_size > 1)
		return ERR_PTR(-EINVAL);
	if (get_user_u32(t, &nr, args->set_tid))
		return ERR_PTR(-EFAULT);
	if ((int)nr < 1)
		return ERR_PTR(-EINVAL);
	if (!capable(t, CAP_SYS_ADMIN) && !capable(t, CAP_CHECKPOINT_RESTORE))
		return ERR_PTR(-EPERM);
	return alloc_pid_nr(t->k, (int)nr);
}
