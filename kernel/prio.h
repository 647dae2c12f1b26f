/* SPDX-License-Identifier: MIT
 *
 * Priorities of tasks for processors and for I/O (kernel/prio.c).
 */
#ifndef STEAD_KERNEL_PRIO_H
#define STEAD_KERNEL_PRIO_H

#include "kernel/task.h"

/* A task has none until its priority is set. */
struct io_context {
	refcount_t count;
	uint16_t ioprio;
};

/**
 * do_getpriority(), do_setpriority() - getpriority(2)
 * @t: the current task
 * @which: PRIO_*
 * @who: id, 0: the caller's
 * @prio: -20 to 19, others are cut
 *
 * Context: takes tasklist_lock.
 * Return: 20 - nice (1 to 40), 0; -EINVAL, -ESRCH, -EPERM, -EACCES.
 */
int do_getpriority(struct task *t, int which, int who) __must_check;
int do_setpriority(struct task *t, int which, int who, int prio) __must_check;

/**
 * do_ioprio_get(), do_ioprio_set() - ioprio_set(2)
 * @t: the current task
 * @which: IOPRIO_WHO_*
 * @who: id, 0: the caller's
 * @ioprio: class, hint and level
 *
 * Context: takes tasklist_lock.
 * Return: the priority (of several tasks the best), 0; -EINVAL, -ESRCH, -EPERM, -ENOMEM.
 */
int do_ioprio_get(struct task *t, int which, int who) __must_check;
int do_ioprio_set(struct task *t, int which, int who, int ioprio) __must_check;

/**
 * copy_io() - give a new task its I/O context
 * @t: the parent, current
 * @p: the child, which nobody knows yet
 * @share: CLONE_IO
 *
 * Context: takes alloc_lock.
 * Return: 0, -ENOMEM.
 */
int copy_io(struct task *t, struct task *p, bool share) __must_check;

/**
 * exit_io_context() - drop it
 * @t: a task that ends, or was never born
 *
 * Context: takes alloc_lock.
 */
void exit_io_context(struct task *t);

#endif
