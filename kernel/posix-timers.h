/* SPDX-License-Identifier: MIT
 *
 * POSIX timers: timer_create(2) and its family.
 */
#ifndef STEAD_KERNEL_POSIX_TIMERS_H
#define STEAD_KERNEL_POSIX_TIMERS_H

#include "kernel/types.h"

struct clock;
struct itimer_value;
struct task;

/* struct sigevent of asm-generic, as far as it is looked at. */
struct k_sigevent {
	uint64_t value;
	int32_t signo, notify, tid;
	int32_t pad[11];
};

#define K_SIGEV_SIGNAL	  0
#define K_SIGEV_NONE	  1
#define K_SIGEV_THREAD	  2
#define K_SIGEV_THREAD_ID 4

/**
 * posix_timer_create() - a timer, not armed
 * @t: the current task
 * @c: its clock
 * @ev: what happens, or NULL: SIGALRM with the timer's id
 * @id: set
 *
 * The program does not know @id yet: on a failure to tell it, posix_timer_delete() takes it back.
 * Context: takes pt->lock, tasklist_lock.
 * Return: 0, -EINVAL, -EOPNOTSUPP, -EAGAIN (RLIMIT_SIGPENDING), -ENOMEM.
 */
int posix_timer_create(struct task *t, const struct clock *c, const struct k_sigevent *ev, int *id) __must_check;

/**
 * posix_timer_delete() - disarm and forget; a signal of it that is still pending is lost
 * @t: the current task
 * @id: any number
 *
 * Context: takes pt->lock, siglock; may wait for the timer's function.
 * Return: 0, -EINVAL.
 */
int posix_timer_delete(struct task *t, int id) __must_check;

/**
 * posix_timer_settime(), posix_timer_gettime() - arm, disarm; time left
 * @t: the current task
 * @id: any number
 * @absolute: TIMER_ABSTIME
 * @value: new values
 * @old: filled
 *
 * Context: as posix_timer_delete().
 * Return: 0, -EINVAL.
 */
int posix_timer_settime(struct task *t, int id, bool absolute, const struct itimer_value *value,
			struct itimer_value *old) __must_check;
int posix_timer_gettime(struct task *t, int id, struct itimer_value *old) __must_check;

/**
 * posix_timer_getoverrun() - expirations since the one whose signal was last taken
 * @t: the current task
 * @id: any number
 *
 * Return: the count, at most INT_MAX; -EINVAL.
 */
int posix_timer_getoverrun(struct task *t, int id) __must_check;

#endif
