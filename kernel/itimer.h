/* SPDX-License-Identifier: MIT
 *
 * Interval timers of setitimer(2), and the poll that CPU-time timers need.
 */
#ifndef STEAD_KERNEL_ITIMER_H
#define STEAD_KERNEL_ITIMER_H

#include "kernel/types.h"

struct kernel;
struct ktimer;
struct signal_struct;
struct task;

#define K_ITIMER_REAL	 0
#define K_ITIMER_VIRTUAL 1
#define K_ITIMER_PROF	 2

/* Nanoseconds; value 0: not armed. */
struct itimer_value {
	int64_t value, interval;
};

/**
 * do_getitimer() - time left, and period
 * @t: the current task
 * @which: ITIMER_*
 * @out: filled
 *
 * Context: takes siglock.
 * Return: 0, -EINVAL.
 */
int do_getitimer(struct task *t, int which, struct itimer_value *out) __must_check;

/**
 * do_setitimer() - arm or disarm
 * @t: the current task
 * @which: ITIMER_*
 * @value: not negative
 * @old: filled with what was, or NULL
 *
 * Context: takes siglock; may wait for the timer's function.
 * Return: 0, -EINVAL.
 */
int do_setitimer(struct task *t, int which, const struct itimer_value *value, struct itimer_value *old) __must_check;

/**
 * it_real_fn() - function of sig->real_timer
 * @k: the instance
 * @tm: the timer
 *
 * Context: the timer thread.
 */
void it_real_fn(struct kernel *k, struct ktimer *tm);

/**
 * watch_cpu_limit() - RLIMIT_CPU was set or inherited: look at the group's CPU time from now on
 * @k: the instance
 * @sig: the group, complete
 *
 * Context: takes RANK_TIMER.
 */
void watch_cpu_limit(struct kernel *k, struct signal_struct *sig);

/**
 * exit_cpu_itimers() - the group ends: no more ITIMER_VIRTUAL and ITIMER_PROF
 * @k: the instance
 * @sig: the group
 *
 * Context: may wait for the timer's function; the caller holds no siglock.
 */
void exit_cpu_itimers(struct kernel *k, struct signal_struct *sig);

/**
 * cpu_poll_delay() - when to look next at a CPU clock that has not reached its time
 * @left: CPU time left, in ns
 * @nr_threads: how many threads may use it up at once
 *
 * Return: ns of wall time.
 */
int64_t cpu_poll_delay(int64_t left, int nr_threads);

#endif
