/* SPDX-License-Identifier: MIT
 *
 * Inside of process creation and end: kernel/fork.c, kernel/clone.c, kernel/exit.c.
 */
#ifndef STEAD_KERNEL_FORK_H
#define STEAD_KERNEL_FORK_H

#include "kernel/task.h"

/**
 * sighand_alloc(), sighand_put() - handlers of a new group; actions are not cleared
 * @k: the instance
 * @sh: the handlers, or NULL
 *
 * Return: with one reference, or NULL.
 */
struct sighand_struct *sighand_alloc(struct kernel *k) __must_check;
void sighand_put(struct kernel *k, struct sighand_struct *sh);

/**
 * check_clone_flags() - combinations that make no sense, and what this kernel has not
 * @t: the current task
 * @args: flags are looked at
 *
 * Return: 0, -EINVAL, -EPERM, -EBADF.
 */
int check_clone_flags(struct task *t, const struct kernel_clone_args *args) __must_check;

/**
 * clone_alloc_pid() - a pid for the child: the next one, or the one clone3's set_tid asks for
 * @t: the current task
 * @args: set_tid, set_tid_size
 *
 * Return: with one reference, or ERR_PTR: -EAGAIN, -ENOMEM, -EFAULT, -EINVAL, -EPERM, -EEXIST.
 */
struct pid *clone_alloc_pid(struct task *t, const struct kernel_clone_args *args) __must_check;

/* kernel/itimer.c: signal->real_timer's function. kernel/posix-timers.c: all timers of a group that ends or execs. */
void it_real_fn(struct kernel *k, struct ktimer *tm);
void exit_itimers(struct task *t);

#endif
