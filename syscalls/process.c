/* SPDX-License-Identifier: MIT
 *
 * Processes: fork(2), vfork(2), clone(2), exit(2), wait4(2), waitid(2), getpid(2), unshare(2), kcmp(2).
 */
#include <linux/capability.h>
#include <linux/kcmp.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "ipc/sem.h"
#include "kernel/cred.h"
#include "kernel/entry.h"
#include "kernel/jobctl.h"
#include "kernel/pidfd.h"
#include "kernel/wait.h"
#include "mm/uaccess.h"
#include "syscalls/proto.h"
#include "vfs/fdtable.h"

/* Identity */

int64_t
sys_getpid(struct task *t)
{
	return t->tgid;
}

int64_t
sys_gettid(struct task *t)
{
	return t->pid;
}

int64_t
sys_getppid(struct task *t)
{
	mutex_guard(&t->k->tasklist_lock);

	return t->real_parent->tgid;
}

/* New processes */

int64_t
sys_fork(struct task *t)
{
	struct kernel_clone_args args = { .exit_signal = SIGCHLD };

	return kernel_clone(t, &args);
}

int64_t
sys_vfork(struct task *t)
{
	struct kernel_clone_args args = { .flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD };

	return kernel_clone(t, &args);
}

int64_t
sys_clone(struct task *t, uint64_t flags, uint64_t stack, uaddr_t ptid, uaddr_t ctid, uint64_t tls)
{
	struct kernel_clone_args args = {
		.flags = (uint32_t)flags & ~(uint32_t)CSIGNAL,
		.pidfd = ptid,
		.child_tid = ctid,
		.parent_tid = ptid,
		.exit_signal = (int)(flags & CSIGNAL),
		.stack = stack,
		.tls = tls,
	};

	return kernel_clone(t, &args);
}

/* A structure that may grow: what a program knows more than we do must be zero. */
static int
copy_struct_from_user(struct task *t, void *dst, size_t ksize, uaddr_t src, uint64_t usize)
{
	uint8_t more[64];
	uint64_t at;

	memset(dst, 0, ksize);
	if (copy_from_user(t, dst, src, MIN(ksize, usize)))
		return -EFAULT;
	for (at = ksize; at < usize;) {
		size_t n = MIN(usize - at, sizeof(more)), i;

		if (copy_from_user(t, more, uaddr_add(src, at), n))
			return -EFAULT;
		for (i = 0; i < n; i++)
			if (more[i])
				return -E2BIG;
		at += n;
	}
	return 0;
}

static bool
clone3_args_valid(const struct kernel_clone_args *a)
{
	uint64_t f = a->flags;

	if (f & ~(uint64_t)(0xffffffff | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP))
		return false;
	if (f & (CLONE_DETACHED | (CSIGNAL & ~CLONE_NEWTIME)))
		return false;
	if ((f & (CLONE_SIGHAND | CLONE_CLEAR_SIGHAND)) == (CLONE_SIGHAND | CLONE_CLEAR_SIGHAND))
		return false;
	if ((f & (CLONE_THREAD | CLONE_PARENT)) && a->exit_signal)
		return false;
	/* both or none; and the sum is where the stack starts */
	if (!a->stack != !a->stack_size)
		return false;
	return a->stack < TASK_SIZE_MAX && a->stack_size <= TASK_SIZE_MAX - a->stack;
}

int64_t
sys_clone3(struct task *t, uaddr_t uargs, uint64_t size)
{
	struct kernel_clone_args a = { 0 };
	struct clone_args u;
	int err;

	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	err = copy_struct_from_user(t, &u, sizeof(u), uargs, size);
	if (err)
		return err;
	if (u.set_tid_size > 32 || !u.set_tid != !u.set_tid_size)
		return -EINVAL;
	if ((u.exit_signal & ~(uint64_t)CSIGNAL) || u.exit_signal > K_NSIG)
		return -EINVAL;
	if ((u.flags & CLONE_INTO_CGROUP) && (u.cgroup > INT32_MAX || size < CLONE_ARGS_SIZE_VER2))
		return -EINVAL;
	a = (struct kernel_clone_args){
		.flags = u.flags,
		.pidfd = UADDR(u.pidfd),
		.child_tid = UADDR(u.child_tid),
		.parent_tid = UADDR(u.parent_tid),
		.exit_signal = (int)u.exit_signal,
		.stack = u.stack,
		.stack_size = u.stack_size,
		.tls = u.tls,
		.set_tid = UADDR(u.set_tid),
		.set_tid_size = u.set_tid_size,
		.cgroup = (int)u.cgroup,
	};
	return clone3_args_valid(&a) ? kernel_clone(t, &a) : -EINVAL;
}

#define UNSHARE_NAMESPACES                                                                                                \
	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWCGROUP | CLONE_NEWTIME)

int64_t
sys_unshare(struct task *t, uint64_t flags)
{
	struct fs_struct *fs = NULL, *old;
	int err;

	if (flags & CLONE_NEWUSER)
		flags |= CLONE_THREAD | CLONE_FS;
	if (flags & CLONE_VM)
		flags |= CLONE_SIGHAND;
	if (flags & CLONE_SIGHAND)
		flags |= CLONE_THREAD;
	if (flags & CLONE_NEWNS)
		flags |= CLONE_FS;
	if (flags & ~(uint64_t)(CLONE_THREAD | CLONE_FS | CLONE_SIGHAND | CLONE_VM | CLONE_FILES | CLONE_SYSVSEM | CLONE_NEWUSER |
				UNSHARE_NAMESPACES))
		return -EINVAL;
	if ((flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)) && t->signal->nr_threads > 1)
		return -EINVAL;
	if ((flags & (CLONE_SIGHAND | CLONE_VM)) && refcount_read(&t->sighand->count) > 1)
		return -EINVAL;
	if (flags & CLONE_NEWUSER)
		return -EINVAL;
	if (flags & UNSHARE_NAMESPACES)
		return capable(t, CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	if ((flags & CLONE_FS) && refcount_read(&t->fs->count) > 1) {
		fs = copy_fs_struct(t->fs);
		if (!fs)
			return -ENOMEM;
	}
	err = flags & CLONE_FILES ? unshare_files(t) : 0;
	if (err) {
		if (fs)
			put_fs_struct(fs);
		return err;
	}
	if (fs) {
		mutex_lock(&t->alloc_lock);
		old = t->fs;
		t->fs = fs;
		mutex_unlock(&t->alloc_lock);
		put_fs_struct(old);
	}
	if (flags & CLONE_SYSVSEM)
		exit_sem(t);
	return 0;
}

/* The end */

int64_t
sys_exit(struct task *t, int code)
{
	do_exit(t, (code & 0xff) << 8);
	return SYSCALL_REGS_SET;
}

int64_t
sys_exit_group(struct task *t, int code)
{
	do_group_exit(t, (code & 0xff) << 8);
	return SYSCALL_REGS_SET;
}

/* Waiting */

int64_t
sys_wait4(struct task *t, int pid, uaddr_t status, int options, uaddr_t rusage)
{
	struct wait_opts wo = { .type = PIDTYPE_MAX, .want_rusage = !uaddr_null(rusage) };
	int ret;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | (int)__WNOTHREAD | (int)__WCLONE | (int)__WALL))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	wo.flags = options | WEXITED;
	if (pid < -1 || pid == 0) {
		wo.type = PIDTYPE_PGID;
		wo.pid = pid ? find_get_pid(t->k, -pid) : get_pid(task_pgrp(t));
	} else if (pid > 0) {
		wo.type = PIDTYPE_PID;
		wo.pid = find_get_pid(t->k, pid);
	}
	ret = do_wait(t, &wo);
	put_pid(t->k, wo.pid);
	if (ret > 0 && !uaddr_null(status) && put_user_u32(t, (uint32_t)wo.status, status))
		return -EFAULT;
	if (ret > 0 && wo.want_rusage && copy_out(t, rusage, &wo.rusage))
		return -EFAULT;
	return ret;
}

/* @nonblock: set if the pidfd is O_NONBLOCK. */
static int
waitid_target(struct task *t, int which, int id, struct wait_opts *wo, bool *nonblock)
{
	unsigned int f_flags;

	*nonblock = false;
	wo->type = PIDTYPE_MAX;
	wo->pid = NULL;
	switch (which) {
	case P_ALL:
		return 0;
	case P_PID:
		if (id <= 0)
			return -EINVAL;
		wo->type = PIDTYPE_PID;
		wo->pid = find_get_pid(t->k, id);
		return 0;
	case P_PGID:
		if (id < 0)
			return -EINVAL;
		wo->type = PIDTYPE_PGID;
		wo->pid = id ? find_get_pid(t->k, id) : get_pid(task_pgrp(t));
		return 0;
	case P_PIDFD:
		if (id < 0)
			return -EINVAL;
		wo->type = PIDTYPE_PID;
		wo->pid = pidfd_get_pid(t, id, &f_flags);
		if (IS_ERR(wo->pid))
			return (int)PTR_ERR(wo->pid);
		*nonblock = (f_flags & 04000) != 0;
		return 0;
	default:
		return -EINVAL;
	}
}

/* Only the fields that waitid(2) names are written. */
static int
put_wait_info(struct task *t, uaddr_t u, const struct wait_opts *wo, bool found)
{
	int32_t head[3] = { found ? SIGCHLD : 0, 0, found ? wo->code : 0 };
	int32_t chld[3] = { found ? wo->ret : 0, found ? (int32_t)wo->uid : 0, found ? wo->value : 0 };

	if (copy_out(t, u, &head))
		return -EFAULT;
	return copy_out(t, uaddr_add(u, offsetof(struct k_siginfo, chld)), &chld);
}

int64_t
sys_waitid(struct task *t, int which, int id, uaddr_t info, int options, uaddr_t rusage)
{
	struct wait_opts wo = { .flags = options, .want_rusage = !uaddr_null(rusage) };
	bool nonblock, found;
	int ret;

	if (options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | (int)__WNOTHREAD | (int)__WCLONE | (int)__WALL))
		return -EINVAL;
	if (!(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	ret = waitid_target(t, which, id, &wo, &nonblock);
	if (!ret) {
		if (nonblock)
			wo.flags |= WNOHANG;
		ret = do_wait(t, &wo);
		put_pid(t->k, wo.pid);
		if (ret == 0 && nonblock && !(options & WNOHANG))
			ret = -EAGAIN;
	}
	found = ret > 0;
	if (found && wo.want_rusage && copy_out(t, rusage, &wo.rusage))
		return -EFAULT;
	if (!uaddr_null(info) && put_wait_info(t, info, &wo, found))
		return -EFAULT;
	return found ? 0 : ret;
}

int64_t
sys_set_tid_address(struct task *t, uaddr_t tidptr)
{
	t->clear_child_tid = tidptr;
	return t->pid;
}

/* kcmp */

static int
compare(const void *a, const void *b)
{
	/* an order that says nothing about where the objects are */
	uint64_t x = ((uint64_t)(uintptr_t)a ^ 0x9e3779b97f4a7c15ULL) * 0x2545f4914f6cdd1dULL;
	uint64_t y = ((uint64_t)(uintptr_t)b ^ 0x9e3779b97f4a7c15ULL) * 0x2545f4914f6cdd1dULL;

	return x < y ? 1 : x > y ? 2 : 0;
}

static int
kcmp_files(struct task *t, struct task *a, struct task *b, uint64_t fd1, uint64_t fd2)
{
	struct file *f1 = fget_task(a, (int)fd1), *f2 = fget_task(b, (int)fd2);
	int ret = f1 && f2 ? compare(f1, f2) : -EBADF;

	if (f1)
		fput(t, f1);
	if (f2)
		fput(t, f2);
	return ret;
}

static int
kcmp_tasks(struct task *t, struct task *a, struct task *b, int type, uint64_t idx1, uint64_t idx2)
{
	switch (type) {
	case KCMP_FILE:
		return kcmp_files(t, a, b, idx1, idx2);
	case KCMP_VM:
		return compare(a->mm, b->mm);
	case KCMP_FILES:
		return compare(a->files, b->files);
	case KCMP_FS:
		return compare(a->fs, b->fs);
	case KCMP_SIGHAND:
		return compare(a->sighand, b->sighand);
	case KCMP_IO:
		return compare(a->io_context, b->io_context);
	case KCMP_SYSVSEM:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

int64_t
sys_kcmp(struct task *t, int pid1, int pid2, int type, uint64_t idx1, uint64_t idx2)
{
	struct task *a = find_task_by_pid(t->k, pid1), *b = find_task_by_pid(t->k, pid2);
	int ret = -ESRCH;

	if (a && b) {
		if (ptrace_may_access(t, a, PTRACE_MODE_READ | PTRACE_MODE_REALCREDS) &&
		    ptrace_may_access(t, b, PTRACE_MODE_READ | PTRACE_MODE_REALCREDS))
			ret = kcmp_tasks(t, a, b, type, idx1, idx2);
		else
			ret = -EPERM;
	}
	if (a)
		put_task_struct(a);
	if (b)
		put_task_struct(b);
	return ret;
}
