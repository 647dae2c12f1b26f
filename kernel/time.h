/* SPDX-License-Identifier: MIT
 *
 * Time and timers. Instants are CLOCK_MONOTONIC nanoseconds of the host unless a name says otherwise.
 */
#ifndef STEAD_KERNEL_TIME_H
#define STEAD_KERNEL_TIME_H

#include "kernel/list.h"
#include "kernel/types.h"

struct kernel;
struct task;
struct ktimer;

#define NSEC_PER_SEC 1000000000LL
#define NSEC_PER_USEC 1000LL

/* A timer of the instance's timer queue. The function runs in a supervisor thread or in the task that finds it due: it must
 * only wake, queue signals and re-arm, and takes locks from RANK_SIGHAND on. */
struct ktimer {
	int64_t expires;
	void (*fn)(struct kernel *k, struct ktimer *tm);
	bool armed; /* in the queue; RANK_TIMER */
	struct ktimer *child, *next, *prev; /* places in the queue (kernel/timer.c) */
};

/**
 * ktime_get(), ktime_get_real() - CLOCK_MONOTONIC and CLOCK_REALTIME in ns
 */
int64_t ktime_get(void);
int64_t ktime_get_real(void);

/**
 * host_clock() - any host clock in ns
 * @clockid: CLOCK_* of linux/time.h that need no task (MONOTONIC, REALTIME, BOOTTIME, *_COARSE, RAW, TAI)
 *
 * Return: nanoseconds, or -EINVAL.
 */
int64_t host_clock(int clockid);

/**
 * ktimer_init() - prepare a timer
 * @tm: the timer, in arena memory
 * @fn: its function
 */
void ktimer_init(struct ktimer *tm, void (*fn)(struct kernel *k, struct ktimer *tm));

/**
 * ktimer_start() - arm, or re-arm
 * @k: the instance
 * @tm: the timer
 * @expires: CLOCK_MONOTONIC ns
 *
 * Context: takes RANK_TIMER.
 */
void ktimer_start(struct kernel *k, struct ktimer *tm, int64_t expires);

/**
 * ktimer_cancel() - disarm, also against its own function; on return that is not running (unless called from it)
 * @k: the instance
 * @tm: the timer
 *
 * Context: takes RANK_TIMER; may wait for a running function, so the caller holds no lock that the function takes.
 * Return: true if it was armed.
 */
bool ktimer_cancel(struct kernel *k, struct ktimer *tm);

/**
 * ktimer_try_to_cancel() - disarm, without waiting for the function
 * @k: the instance
 * @tm: the timer
 *
 * For callers that hold a lock the function takes: on -EBUSY they drop it, ktimer_wait_running(), and look again.
 * Context: takes RANK_TIMER.
 * Return: 1 if it was armed, 0 if not, -EBUSY while its function runs (then nothing was done).
 */
int ktimer_try_to_cancel(struct kernel *k, struct ktimer *tm) __must_check;

/**
 * ktimer_wait_running() - if a timer's function is running, wait until it has returned
 * @k: the instance
 * @tm: the timer; it is not looked at, so it may be gone
 *
 * Context: takes RANK_TIMER; the caller holds no lock that the function takes.
 */
void ktimer_wait_running(struct kernel *k, const struct ktimer *tm);

/**
 * ktimer_active() - is it armed, or its function running?
 * @k: the instance
 * @tm: the timer
 * @expires: set to when it is, or was, due
 *
 * Context: takes RANK_TIMER.
 */
bool ktimer_active(struct kernel *k, struct ktimer *tm, int64_t *expires);

/**
 * ktimers_poke() - make ktimers_run() look at k->dying
 * @k: the instance
 *
 * Context: takes RANK_TIMER.
 */
void ktimers_poke(struct kernel *k);

/**
 * ktimers_run() - the supervisor's timer thread: run what is due, sleep until the next, for ever
 * @k: the instance
 *
 * Return: when k->dying.
 */
void ktimers_run(struct kernel *k);

/**
 * next_period() - when a periodic timer that was due is due again
 * @expires: when it was due
 * @interval: its period, positive
 * @now: not before @expires
 * @missed: periods that ended since, beyond the one that was due, are added
 *
 * Return: the first @expires + n * @interval after @now, saturated.
 */
int64_t next_period(int64_t expires, int64_t interval, int64_t now, uint64_t *missed);

/**
 * get_timespec64() - a struct timespec of the program, as ns
 * @t: the current task
 * @out: nanoseconds, saturated at INT64_MAX
 * @u: where it is
 *
 * Return: 0, -EFAULT, -EINVAL (tv_nsec out of range or tv_sec negative).
 */
int get_timespec64(struct task *t, int64_t *out, uaddr_t u) __must_check;

/**
 * put_timespec64() - the way back
 * @t: the current task
 * @ns: nanoseconds
 * @u: where to
 *
 * Return: 0, -EFAULT.
 */
int put_timespec64(struct task *t, int64_t ns, uaddr_t u) __must_check;

/**
 * timespec_to_ns(), ns_to_timespec() - between the two forms of a time
 * @ts: the time of a program
 * @out: nanoseconds, saturated at INT64_MAX
 *
 * Return: 0, -EINVAL (tv_nsec out of range or tv_sec negative).
 */
int timespec_to_ns(const struct k_timespec *ts, int64_t *out) __must_check;
struct k_timespec ns_to_timespec(int64_t ns);

/**
 * deadline_after() - now + @ns, saturated to NO_DEADLINE
 * @ns: nanoseconds, not negative
 */
int64_t deadline_after(int64_t ns);

#endif
