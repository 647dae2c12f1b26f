/* SPDX-License-Identifier: MIT
 *
 * Process groups, sessions, limits and priorities (kernel/sys.c).
 */
#ifndef STEAD_KERNEL_SYS_H
#define STEAD_KERNEL_SYS_H

#include "kernel/task.h"

/**
 * do_setpgid() - setpgid(2)
 * @t: the current task
 * @pid: 0: itself
 * @pgid: 0: the same as @pid
 *
 * Context: takes tasklist_lock.
 * Return: 0, -EINVAL, -ESRCH, -EPERM, -EACCES.
 */
int do_setpgid(struct task *t, int pid, int pgid) __must_check;

/**
 * do_getpgid(), do_getsid() - getpgid(2), getsid(2)
 * @t: the current task
 * @pid: 0: itself
 *
 * Context: takes tasklist_lock.
 * Return: the number, -ESRCH.
 */
int do_getpgid(struct task *t, int pid) __must_check;
int do_getsid(struct task *t, int pid) __must_check;

/**
 * do_setsid() - setsid(2)
 * @t: the current task
 *
 * Return: the session's number, -EPERM.
 */
int do_setsid(struct task *t) __must_check;

/**
 * do_prlimit() - read and set a limit
 * @t: the current task
 * @other: whose; the caller has checked that @t may
 * @resource: RLIMIT_*
 * @new: or NULL
 * @old: or NULL
 *
 * Context: takes rlim_lock.
 * Return: 0, -EINVAL, -EPERM.
 */
int do_prlimit(struct task *t, struct task *other, unsigned int resource, const struct rlimit64_k *new,
	       struct rlimit64_k *old) __must_check;

/**
 * do_getpriority(), do_setpriority() - getpriority(2)
 * @t: the current task
 * @which: PRIO_*
 * @who: id, 0: the caller's
 * @prio: -20 to 19, others are cut
 *
 * Return: 20 - nice (1 to 40), 0; -EINVAL, -ESRCH, -EPERM, -EACCES.
 */
int do_getpriority(struct task *t, int which, int who) __must_check;
int do_setpriority(struct task *t, int which, int who, int prio) __must_check;

#endif
