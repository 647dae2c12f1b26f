/* SPDX-License-Identifier: MIT
 *
 * Process groups, sessions and limits (kernel/sys.c).
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

#endif
