/* SPDX-License-Identifier: MIT
 *
 * Calls that sleep without a thread; fiber.c explains.
 */
#ifndef STEAD_TRAP_REMOTE_FIBER_H
#define STEAD_TRAP_REMOTE_FIBER_H

#include <linux/seccomp.h>
#include <stdbool.h>

#include "kernel/types.h"

struct task;

/* t->sched of a task that sleeps on a fiber. */
#define SCHED_ON_FIBER 2

/* In the arena: kernel code that wakes a task may run in a guest process, too (exec_load()). */
struct ready_calls {
	struct task *head; /* tasks whose sleep has ended, the last one first, linked by ->ready_next */
	uint64_t leader;   /* leader.c */
	int32_t pid, tid;  /* the leader's */
};

struct fiber {
	struct fiber *next;	/* on the list of the idle */
	void *sp;		/* while it does not run */
	struct task *sleeper;	/* it stopped in order to sleep as this task; NULL: its call has been served */
	struct seccomp_notif n; /* the call */
};

/**
 * fiber_idle() - a fiber for the next call
 *
 * Context: a notify worker.
 * Return: the fiber, whose n is to be filled in.
 */
struct fiber *fiber_idle(void);

/**
 * fiber_put() - give back a fiber that serves nothing
 * @f: the fiber
 *
 * Context: a notify worker.
 */
void fiber_put(struct fiber *f);

/**
 * fiber_ready() - the fiber of a call that has slept and been woken
 *
 * Context: the leader, while it does not serve.
 * Return: the fiber, or NULL if there is none.
 */
struct fiber *fiber_ready(void);

/**
 * fiber_run() - serve, or go on serving, until the call has been served or sleeps
 * @f: the fiber; it is somebody else's afterwards
 *
 * Context: a notify worker.
 */
void fiber_run(struct fiber *f);

/**
 * fiber_sleep() - trap_ops.sleep; on a fiber the thread is left to others, and the call may go on on another one
 * @t: the current task
 * @deadline: CLOCK_MONOTONIC ns, or NO_DEADLINE
 *
 * Return: 0 or negative errno.
 */
int fiber_sleep(struct task *t, int64_t deadline);

/**
 * fiber_wake() - trap_ops.wake
 * @t: a task whose t->sched the caller has taken from SCHED_ON_FIBER to 0
 * @was: SCHED_ON_FIBER
 *
 * Context: any, in any process.
 */
void fiber_wake(struct task *t, uint32_t was);

/**
 * fiber_init() - before there are any calls
 *
 * Return: 0 or negative errno.
 */
int fiber_init(void);

#endif
