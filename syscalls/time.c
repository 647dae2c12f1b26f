/* SPDX-License-Identifier: MIT
 *
 * Clocks, sleeping, interval and POSIX timers: arguments.
 */
#include <asm/unistd.h>
#include <linux/capability.h>
#include <linux/time.h>
#include <linux/timex.h>

#include "kernel/cred.h"
#include "kernel/errno.h"
#include "kernel/itimer.h"
#include "kernel/posix-clocks.h"
#include "kernel/posix-timers.h"
#include "kernel/task.h"
#include "mm/uaccess.h"
#include "syscalls/proto.h"
#include "trap/host.h"

#define USER_TICK (NSEC_PER_SEC / 100)
#define ADJ_ADJTIME 0x8000 /* the bit that ADJ_OFFSET_SINGLESHOT and ADJ_OFFSET_SS_READ have besides ADJ_OFFSET */

struct k_itimerspec {
	struct k_timespec interval, value;
};

struct k_itimerval {
	struct k_timeval interval, value;
};

/* Sleeping */

int64_t
sys_nanosleep(struct task *t, uaddr_t rqtp, uaddr_t rmtp)
{
	struct clock c = clock_decode(CLOCK_MONOTONIC);
	int64_t ns;
	int err = get_timespec64(t, &ns, rqtp);

	return err ? err : clock_sleep(t, &c, ns, false, rmtp);
}

int64_t
sys_clock_nanosleep(struct task *t, int clockid, int flags, uaddr_t rqtp, uaddr_t rmtp)
{
	struct clock c = clock_decode(clockid);
	int64_t ns;
	int err;

	if (c.kind == CLOCK_KIND_NONE)
		return -EINVAL;
	if (c.kind == CLOCK_KIND_HOST || clockid == CLOCK_THREAD_CPUTIME_ID)
		return -EOPNOTSUPP;
	err = get_timespec64(t, &ns, rqtp);
	if (!err && c.kind == CLOCK_KIND_ALARM)
		err = -EOPNOTSUPP; /* no clock that wakes the machine */
	return err ? err : clock_sleep(t, &c, ns, (flags & TIMER_ABSTIME) != 0, rmtp);
}

/* Clocks */

int64_t
sys_clock_gettime(struct task *t, int clockid, uaddr_t tp)
{
	struct clock c = clock_decode(clockid);
	int64_t ns;
	int err = clock_read(t, &c, &ns);

	return err ? err : put_timespec64(t, ns, tp);
}

static int
clock_resolution(struct task *t, const struct clock *c, int64_t *ns)
{
	struct k_timespec ts;
	struct task *owner;

	switch (c->kind) {
	case CLOCK_KIND_TIMER:
		*ns = 1;
		return 0;
	case CLOCK_KIND_HOST:
		*ns = host_call2(__NR_clock_getres, c->id, &ts) < 0 ? 1 : ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
		return 0;
	case CLOCK_KIND_CPU:
		owner = clock_task(t, c, false);
		if (!owner)
			return -EINVAL;
		put_task_struct(owner);
		*ns = c->which == CPUCLOCK_SCHED ? 1 : NSEC_PER_SEC / 250;
		return 0;
	default:
		return -EINVAL;
	}
}

int64_t
sys_clock_getres(struct task *t, int clockid, uaddr_t tp)
{
	struct clock c = clock_decode(clockid);
	int64_t ns;
	int err = clock_resolution(t, &c, &ns);

	return err || uaddr_null(tp) ? err : put_timespec64(t, ns, tp);
}

/* The host's clock is not ours to set, whatever the capabilities within. */
int64_t
sys_clock_settime(struct task *t, int clockid, uaddr_t tp)
{
	struct clock c = clock_decode(clockid);
	int64_t ns;
	int err;

	/* Of the CPU clocks only those named by a pid know of being set; and say EPERM. */
	if (clockid != CLOCK_REALTIME && (clockid >= 0 || c.kind != CLOCK_KIND_CPU))
		return -EINVAL;
	err = get_timespec64(t, &ns, tp);
	if (!err && clockid < 0)
		err = clock_resolution(t, &c, &ns);
	return err ? err : -EPERM;
}

int64_t
sys_gettimeofday(struct task *t, uaddr_t tv, uaddr_t tz)
{
	int64_t now = ktime_get_real();
	struct k_timeval k = { now / NSEC_PER_SEC, now % NSEC_PER_SEC / NSEC_PER_USEC };

	if (!uaddr_null(tv) && copy_out(t, tv, &k))
		return -EFAULT;
	if (!uaddr_null(tz) && put_user_u64(t, 0, tz))
		return -EFAULT;
	return 0;
}

int64_t
sys_settimeofday(struct task *t, uaddr_t tv, uaddr_t tz)
{
	struct k_timeval k;
	uint64_t zone;

	if (!uaddr_null(tv)) {
		if (copy_in(t, &k, tv))
			return -EFAULT;
		if (k.tv_usec < 0 || k.tv_usec > 1000000)
			return -EINVAL;
	}
	if (!uaddr_null(tz) && copy_in(t, &zone, tz))
		return -EFAULT;
	if (!uaddr_null(tv) && (k.tv_sec < 0 || k.tv_usec == 1000000))
		return -EINVAL;
	return -EPERM;
}

int64_t
sys_time(struct task *t, uaddr_t tloc)
{
	int64_t now = host_clock(CLOCK_REALTIME_COARSE) / NSEC_PER_SEC;

	if (!uaddr_null(tloc) && put_user_u64(t, (uint64_t)now, tloc))
		return -EFAULT;
	return now;
}

int64_t
sys_times(struct task *t, uaddr_t buf)
{
	struct task_times own, kids;
	struct {
		int64_t utime, stime, cutime, cstime;
	} tms;

	if (!uaddr_null(buf)) {
		thread_group_times(t, &own);
		mutex_lock(&t->sighand->siglock);
		kids = t->signal->cums;
		mutex_unlock(&t->sighand->siglock);
		tms.utime = (int64_t)own.utime / USER_TICK;
		tms.stime = (int64_t)own.stime / USER_TICK;
		tms.cutime = (int64_t)kids.utime / USER_TICK;
		tms.cstime = (int64_t)kids.stime / USER_TICK;
		if (copy_out(t, buf, &tms))
			return -EFAULT;
	}
	return ktime_get() / USER_TICK;
}

/* Reading the host's clock state is harmless; changing it is not ours. */
static int64_t
do_adjtimex(struct task *t, uaddr_t buf)
{
	struct timex tx;
	uint32_t modes;
	int64_t ret;

	if (copy_in(t, &tx, buf))
		return -EFAULT;
	modes = tx.modes;
	if (modes != 0 && modes != ADJ_OFFSET_SS_READ)
		return modes & ADJ_ADJTIME && !(modes & ADJ_OFFSET) ? -EINVAL : -EPERM;
	ret = host_call1(__NR_adjtimex, &tx);
	if (ret < 0)
		return ret;
	return copy_out(t, buf, &tx) ? -EFAULT : ret;
}

int64_t
sys_adjtimex(struct task *t, uaddr_t buf)
{
	return do_adjtimex(t, buf);
}

int64_t
sys_clock_adjtime(struct task *t, int clockid, uaddr_t buf)
{
	struct clock c = clock_decode(clockid);
	struct timex tx;

	if (copy_in(t, &tx, buf))
		return -EFAULT;
	if (c.kind == CLOCK_KIND_NONE)
		return -EINVAL;
	return clockid == CLOCK_REALTIME ? do_adjtimex(t, buf) : -EOPNOTSUPP;
}

/* Interval timers */

static bool
timeval_to_ns(const struct k_timeval *tv, int64_t *ns)
{
	struct k_timespec ts = { tv->tv_sec, tv->tv_usec * NSEC_PER_USEC };

	return (uint64_t)tv->tv_usec < 1000000 && timespec_to_ns(&ts, ns) == 0;
}

static int
put_itimerval(struct task *t, uaddr_t u, const struct itimer_value *v)
{
	struct k_itimerval k = {
		{ v->interval / NSEC_PER_SEC, v->interval % NSEC_PER_SEC / NSEC_PER_USEC },
		{ v->value / NSEC_PER_SEC, v->value % NSEC_PER_SEC / NSEC_PER_USEC },
	};

	return copy_out(t, u, &k);
}

int64_t
sys_getitimer(struct task *t, int which, uaddr_t value)
{
	struct itimer_value v;
	int err = do_getitimer(t, which, &v);

	return err ? err : put_itimerval(t, value, &v);
}

/* A null pointer disarms: documented nowhere, done by old programs. */
int64_t
sys_setitimer(struct task *t, int which, uaddr_t value, uaddr_t ovalue)
{
	struct itimer_value v = { 0, 0 }, old;
	struct k_itimerval k;
	int err;

	if (!uaddr_null(value)) {
		if (copy_in(t, &k, value))
			return -EFAULT;
		if (!timeval_to_ns(&k.value, &v.value) || !timeval_to_ns(&k.interval, &v.interval))
			return -EINVAL;
	}
	err = do_setitimer(t, which, &v, &old);
	if (err || uaddr_null(ovalue))
		return err;
	return put_itimerval(t, ovalue, &old);
}

int64_t
sys_alarm(struct task *t, unsigned int seconds)
{
	struct itimer_value v = { seconds * NSEC_PER_SEC, 0 }, old;
	int64_t left;

	ignore_err(do_setitimer(t, K_ITIMER_REAL, &v, &old), "the timer exists");
	left = old.value / NSEC_PER_SEC;
	/* Rounded, but never to zero: that means there was none. */
	if ((left == 0 && old.value > 0) || old.value % NSEC_PER_SEC >= NSEC_PER_SEC / 2)
		left++;
	return left;
}

/* POSIX timers */

int64_t
sys_timer_create(struct task *t, int clockid, uaddr_t event, uaddr_t timerid)
{
	struct clock c = clock_decode(clockid);
	struct k_sigevent ev;
	int err, id;

	if (!uaddr_null(event) && copy_in(t, &ev, event))
		return -EFAULT;
	err = posix_timer_create(t, &c, uaddr_null(event) ? NULL : &ev, &id);
	if (err)
		return err;
	if (put_user_u32(t, (uint32_t)id, timerid)) {
		ignore_err(posix_timer_delete(t, id), "it was made just now");
		return -EFAULT;
	}
	return 0;
}

static int
put_itimerspec(struct task *t, uaddr_t u, const struct itimer_value *v)
{
	struct k_itimerspec k = { ns_to_timespec(v->interval), ns_to_timespec(v->value) };

	return copy_out(t, u, &k);
}

int64_t
sys_timer_settime(struct task *t, int timerid, int flags, uaddr_t value, uaddr_t ovalue)
{
	struct itimer_value v, old;
	struct k_itimerspec k;
	int err;

	if (uaddr_null(value))
		return -EINVAL;
	if (copy_in(t, &k, value))
		return -EFAULT;
	if (timespec_to_ns(&k.value, &v.value) || timespec_to_ns(&k.interval, &v.interval))
		return -EINVAL;
	err = posix_timer_settime(t, timerid, (flags & TIMER_ABSTIME) != 0, &v, &old);
	if (err || uaddr_null(ovalue))
		return err;
	return put_itimerspec(t, ovalue, &old);
}

int64_t
sys_timer_gettime(struct task *t, int timerid, uaddr_t value)
{
	struct itimer_value v;
	int err = posix_timer_gettime(t, timerid, &v);

	return err ? err : put_itimerspec(t, value, &v);
}

int64_t
sys_timer_getoverrun(struct task *t, int timerid)
{
	return posix_timer_getoverrun(t, timerid);
}

int64_t
sys_timer_delete(struct task *t, int timerid)
{
	return posix_timer_delete(t, timerid);
}
