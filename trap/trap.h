/* SPDX-License-Identifier: MIT
 *
 * The interface of a trap. See doc/architecture.md. Kernel code calls these through t->k->trap; "current" below means that the
 * calling host thread runs kernel code for @t.
 */
#ifndef STEAD_TRAP_TRAP_H
#define STEAD_TRAP_TRAP_H

#include "kernel/types.h"

struct kernel;
struct task;
struct host_poll;
struct linux_binprm;

/* What the host has counted of a thread, and of the memory it runs in. */
struct host_usage {
	uint64_t utime, stime; /* ns */
	uint64_t maxrss;       /* KiB */
	bool whole_process;    /* the times are those of the host process, whose id the thread has, too */
};

struct trap_ops {
	const char *name; /* "remote", "resident" */

	/* User memory of the current task (mm/uaccess.c calls these after its range check). Return bytes copied. */
	size_t (*copy_from)(struct task *t, void *to, uint64_t from, size_t n);
	size_t (*copy_to)(struct task *t, uint64_t to, const void *from, size_t n);
	int (*cmpxchg32)(struct task *t, uint64_t u, uint32_t *expected, uint32_t desired);

	/* Memory of another task's address space (/proc/PID/mem, process_vm_readv, ptrace). Return bytes copied. */
	size_t (*copy_from_other)(struct task *other, void *to, uint64_t from, size_t n);
	size_t (*copy_to_other)(struct task *other, uint64_t to, const void *from, size_t n);

	/* Make a host memory call (mmap munmap mprotect mremap madvise msync mlock munlock mincore brk-less) in the current
	 * task's address space. The range was checked. Only from calls the table marks `trace`, or t->direct. */
	int64_t (*mm_call)(struct task *t, long nr, const uint64_t a[6]);

	/* Run a function that takes mmap_lock and makes mm_calls under it where all such functions run. The call that the current task
	 * makes ends in exit_to_user() afterwards. -ESRCH if its host thread is dead. NULL: anywhere. */
	int64_t (*mm_run)(struct task *t, int64_t (*fn)(void *arg), void *arg);

	/* Is this a call of that sort? NULL with mm_run. */
	bool (*is_mm_call)(uint64_t nr, const uint64_t a[6]);

	/* Start a host thread (CLONE_VM) or process for @child, which is complete and visible, with registers child->regs.
	 * @t is the current task and the parent. Sets child->host_tid. Return 0, -EAGAIN, -ENOMEM. */
	int (*clone)(struct task *t, struct task *child, uint64_t clone_flags);

	/* The current task gets an empty address space in which exec_load(t, bprm) is run; on success it goes on in program
	 * code with t->regs. Other tasks of the group are gone. May not return (resident). Return 0, or negative errno. */
	int (*exec)(struct task *t, struct linux_binprm *bprm);

	/* Wait while t->sched of the current task is what it is, 1 + t->sleep_how, to @deadline; may return for no reason. Takes no kernel
	 * lock. 0 or -ETIMEDOUT, or another error of the host's futex, which it is if this is NULL. */
	int (*sleep)(struct task *t, int64_t deadline);

	/* Before the current task goes to sleep: look out for a while whether t->state becomes TASK_RUNNING. Only if t->spin.limit is set, which
	 * is the trap's doing. */
	void (*spin)(struct task *t);

	/* t->sched was @was, neither 0 nor 1, which is @sleep's doing, and is now 0. Any context; the task may be gone. */
	void (*wake)(struct task *t, uint32_t was);

	/* @t is in user mode and has work: make it enter the kernel soon. Any context, takes no lock of ranks < LEAF. */
	void (*kick)(struct task *t);

	/* Has the host thread of the current task, whose registers are valid, died? Then what was done for it failed for that reason.
	 * NULL: such a task could not ask. */
	bool (*lost)(struct task *t);

	/* After do_exit(): end the host thread, and the host process with its last task. Drops the trap's reference.
	 * Does not return under the resident trap. */
	void (*exit)(struct task *t);

	/* Extended state (xsave image) for signal frames and sigreturn. xstate_size: bytes of a standard-format image.
	 * save writes one to user memory at 64-byte aligned @u; restore loads one. Return 0 or -EFAULT/-EINVAL. */
	size_t (*xstate_size)(struct task *t);
	int (*xstate_save)(struct task *t, uint64_t u);
	int (*xstate_restore)(struct task *t, uint64_t u);
	int (*xstate_reset)(struct task *t); /* exec, and a handler's clean start */

	/* What the host has counted of the current task's host thread, cheaply. NULL: only the supervisor can tell. */
	void (*own_usage)(struct task *t, struct host_usage *out);

	/* CPU time of a host process, dead threads included: the sum, and two numbers in the ratio of user to system time. NULL: not known. */
	bool (*process_times)(hpid_t host_process, uint64_t out[3]);

	/* Wait for input or room on a host descriptor: calls wake_up_poll on the queue given when it may be ready. */
	void (*host_poll_add)(struct kernel *k, hfd_t fd, struct host_poll *hp);
	void (*host_poll_del)(struct kernel *k, struct host_poll *hp);
};

extern const struct trap_ops remote_trap_ops;
extern const struct trap_ops resident_trap_ops;

#endif
