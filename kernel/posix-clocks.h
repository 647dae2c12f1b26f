/* SPDX-License-Identifier: MIT
 *
 * Clock ids: clock_gettime(2), "Dynamic clocks" and CPU-time clocks of processes and threads, and sleeping on them.
 */
#ifndef STEAD_KERNEL_POSIX_CLOCKS_H
#define STEAD_KERNEL_POSIX_CLOCKS_H

#include "kernel/types.h"

struct task;

enum clock_kind {
	CLOCK_KIND_NONE,  /* no such clock */
	CLOCK_KIND_HOST,  /* the host's, only to be read */
	CLOCK_KIND_TIMER, /* the host's, with timers and sleeping: REALTIME, MONOTONIC, BOOTTIME, TAI */
	CLOCK_KIND_ALARM, /* needs a real-time clock that wakes the machine: there is none */
	CLOCK_KIND_CPU,   /* CPU time */
};

/* A clock id, decoded. */
struct clock {
	enum clock_kind kind;
	int id;
	/* CPU time: of whom, and which */
	int pid; /* 0: the current one */
	bool thread;
	int which; /* CPUCLOCK_* */
};

#define CPUCLOCK_PROF  0 /* user and system, by ticks */
#define CPUCLOCK_VIRT  1 /* user */
#define CPUCLOCK_SCHED 2 /* all, exact */

/**
 * clock_decode() - what a clock id means
 * @id: any value
 *
 * Return: the clock; kind CLOCK_KIND_NONE if there is no such one.
 */
struct clock clock_decode(int id);

/**
 * clock_task() - whose CPU time a clock counts
 * @t: the current task
 * @c: CLOCK_KIND_CPU
 * @reading: clock_gettime finds more than timers may use
 *
 * Context: takes tasklist_lock.
 * Return: a task (of the process) with a reference, or NULL: -EINVAL.
 */
struct task *clock_task(struct task *t, const struct clock *c, bool reading) __must_check;

/**
 * cpu_clock_sample() - CPU time so far
 * @owner: from clock_task()
 * @c: the clock
 *
 * Context: takes siglock.
 * Return: ns.
 */
int64_t cpu_clock_sample(struct task *owner, const struct clock *c);

/**
 * clock_read() - a clock's time
 * @t: the current task
 * @c: the clock
 * @ns: set
 *
 * Return: 0, -EINVAL.
 */
int clock_read(struct task *t, const struct clock *c, int64_t *ns) __must_check;

/**
 * clock_to_monotonic() - when a clock of CLOCK_KIND_TIMER shows a time, as CLOCK_MONOTONIC
 * @c: the clock
 * @at: its time, ns
 *
 * Return: ns, saturated; as long as nobody sets the clock.
 */
int64_t clock_to_monotonic(const struct clock *c, int64_t at);

/**
 * clock_sleep() - clock_nanosleep(2)
 * @t: the current task
 * @c: the clock
 * @ns: a duration, or with @absolute a time of the clock
 * @absolute: TIMER_ABSTIME
 * @rmtp: where the rest goes if a signal comes, or null; not for @absolute
 *
 * Context: sleeps.
 * Return: 0, -EINVAL, -EOPNOTSUPP, -EFAULT, -ERESTARTNOHAND, -ERESTART_RESTARTBLOCK.
 */
int64_t clock_sleep(struct task *t, const struct clock *c, int64_t ns, bool absolute, uaddr_t rmtp) __must_check;

/**
 * proc_thread_times() - what the host's /proc says of the CPU time of any host thread
 * @tid: the host thread
 * @out: set: nanoseconds in all, user ticks, system ticks
 *
 * Context: the supervisor only: it opens a host path.
 * Return: false if there is no such thread.
 */
bool proc_thread_times(int tid, uint64_t out[3]) __must_check;

#endif
