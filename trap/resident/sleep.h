/* SPDX-License-Identifier: MIT
 *
 * How tasks of the resident trap sleep and are woken: trap_ops.sleep and trap_ops.wake.
 */
#ifndef STEAD_TRAP_RESIDENT_SLEEP_H
#define STEAD_TRAP_RESIDENT_SLEEP_H

#include "kernel/types.h"

struct task;

#define SPACE_ALIGN  64 /* of a struct trap_space, which is known by its place */
#define SLEEP_SHARED 1	/* t->sleep_how: in a futex that anybody can wake */

/**
 * resident_probe_sleep() - has the host futex_wait(2) and futex_wake(2)?
 *
 * Return: whether it has.
 */
bool resident_probe_sleep(void) __must_check;

/**
 * resident_sleep_init() - a task has got a host thread, perhaps in another process
 * @t: the task, which does not sleep now
 */
void resident_sleep_init(struct task *t);

/**
 * resident_sleep() - trap_ops.sleep
 * @t: the current task
 * @deadline: CLOCK_MONOTONIC nanoseconds, or NO_DEADLINE
 *
 * Context: the caller holds no lock.
 * Return: 0, -EAGAIN, -EINTR, -ETIMEDOUT.
 */
int resident_sleep(struct task *t, int64_t deadline);

/**
 * resident_wake() - trap_ops.wake
 * @t: the task
 * @was: t->sched before it became 0
 *
 * Context: any.
 */
void resident_wake(struct task *t, uint32_t was);

#endif
