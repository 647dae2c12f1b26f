/* SPDX-License-Identifier: MIT
 *
 * Clocks of the host, and times of programs. The host's vDSO is not used here: its address differs between processes.
 */
#include <asm/unistd.h>
#include <linux/time.h>

#include "kernel/errno.h"
#include "kernel/task.h"
#include "mm/uaccess.h"
#include "trap/host.h"

static int64_t
clock_ns(int clockid)
{
	struct k_timespec ts;
	int64_t err = host_call2(__NR_clock_gettime, clockid, &ts);

	return err < 0 ? err : ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

int64_t
ktime_get(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

int64_t
ktime_get_real(void)
{
	return clock_ns(CLOCK_REALTIME);
}

int64_t
host_clock(int clockid)
{
	switch (clockid) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		return clock_ns(clockid);
	default:
		return -EINVAL;
	}
}

int
timespec_to_ns(const struct k_timespec *ts, int64_t *out)
{
	if (ts->tv_sec < 0 || (uint64_t)ts->tv_nsec >= (uint64_t)NSEC_PER_SEC)
		return -EINVAL;
	if (ts->tv_sec >= INT64_MAX / NSEC_PER_SEC)
		*out = INT64_MAX;
	else
		*out = ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec;
	return 0;
}

int
get_timespec64(struct task *t, int64_t *out, uaddr_t u)
{
	struct k_timespec ts;

	if (copy_in(t, &ts, u))
		return -EFAULT;
	return timespec_to_ns(&ts, out);
}

struct k_timespec
ns_to_timespec(int64_t ns)
{
	struct k_timespec ts = { ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };

	if (ts.tv_nsec < 0) {
		ts.tv_sec--;
		ts.tv_nsec += NSEC_PER_SEC;
	}
	return ts;
}

int
put_timespec64(struct task *t, int64_t ns, uaddr_t u)
{
	struct k_timespec ts = ns_to_timespec(ns);

	return copy_out(t, u, &ts);
}

int64_t
deadline_after(int64_t ns)
{
	int64_t at;

	return __builtin_add_overflow(ktime_get(), ns, &at) ? NO_DEADLINE : at;
}
