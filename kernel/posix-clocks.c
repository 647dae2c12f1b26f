/* SPDX-License-Identifier: MIT
 *
 * Clock ids, and sleeping on clocks.
 *
 * A negative id is a CPU clock of some process or thread, as Linux encodes it: ~pid << 3, bit 2 for a thread, and in the lowest
 * two bits which time. Programs get them from clock_getcpuclockid(3) and pthread_getcpuclockid(3).
 *
 * A sleep until a time of a clock that can be set looks at the clock again when it wakes: a clock set back makes it go on. One
 * set forward is noticed late (Linux wakes the sleeper). A sleep on CPU time polls, as its timers do (kernel/itimer.c).
 *
 * Left out: clocks of descriptors (PTP devices), alarm clocks.
 */
#include <linux/time.h>

#include "kernel/errno.h"
#include "kernel/itimer.h"
#include "kernel/posix-clocks.h"
#include "kernel/task.h"
#include "mm/uaccess.h"

struct clock
clock_decode(int id)
{
	struct clock c = { .kind = CLOCK_KIND_NONE, .id = id, .which = CPUCLOCK_SCHED };

	if (id < 0) {
		if ((id & 3) == 3)
			return c;
		c.kind = CLOCK_KIND_CPU;
		c.pid = ~(id >> 3);
		c.thread = (id & 4) != 0;
		c.which = id & 3;
		return c;
	}
	switch (id) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		c.kind = CLOCK_KIND_TIMER;
		break;
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		c.kind = CLOCK_KIND_HOST;
		break;
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		c.kind = CLOCK_KIND_ALARM;
		break;
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
		c.kind = CLOCK_KIND_CPU;
		c.thread = id == CLOCK_THREAD_CPUTIME_ID;
		break;
	}
	return c;
}

/* tasklist_lock is held. */
static struct task *
find_clock_task(struct task *t, const struct clock *c, bool reading)
{
	struct pid *pid = __find_pid(t->k, c->pid);
	struct task *o = pid_task(pid, PIDTYPE_PID);

	if (c->thread)
		return o && same_thread_group(o, t) ? o : NULL;
	/* A program that knows only its thread id may still read its process's clock. */
	if (reading && o == t)
		return t->group_leader;
	return pid_task(pid, PIDTYPE_TGID);
}

struct task *
clock_task(struct task *t, const struct clock *c, bool reading)
{
	struct task *o = c->thread ? t : t->group_leader;

	mutex_guard(&t->k->tasklist_lock);
	if (c->pid != 0)
		o = find_clock_task(t, c, reading);
	if (o)
		get_task_struct(o);
	return o;
}

int64_t
cpu_clock_sample(struct task *owner, const struct clock *c)
{
	struct task_times times;
	uint64_t ut, st;

	if (c->thread) {
		task_cputime(owner, &ut, &st);
	} else {
		thread_group_times(owner, &times);
		ut = times.utime;
		st = times.stime;
	}
	return (int64_t)(c->which == CPUCLOCK_VIRT ? ut : ut + st);
}

int
clock_read(struct task *t, const struct clock *c, int64_t *ns)
{
	struct task *owner;

	switch (c->kind) {
	case CLOCK_KIND_HOST:
	case CLOCK_KIND_TIMER:
		*ns = host_clock(c->id);
		return 0;
	case CLOCK_KIND_CPU:
		owner = clock_task(t, c, true);
		if (!owner)
			return -EINVAL;
		*ns = cpu_clock_sample(owner, c);
		put_task_struct(owner);
		return 0;
	default:
		return -EINVAL;
	}
}

int64_t
clock_to_monotonic(const struct clock *c, int64_t at)
{
	int64_t res;

	if (c->id == CLOCK_MONOTONIC)
		return at;
	/* A time long past is as good as now. */
	at = MAX(at, 0);
	return __builtin_add_overflow(at - host_clock(c->id), ktime_get(), &res) ? INT64_MAX : res;
}

/* Sleep until @target on @c. -EINTR for a signal. */
static int
sleep_until(struct task *t, const struct clock *c, int64_t target)
{
	int64_t now;

	for (;;) {
		set_current_state(t, TASK_INTERRUPTIBLE);
		if (signal_pending(t)) {
			set_current_state(t, TASK_RUNNING);
			return -EINTR;
		}
		if (schedule_until(t, target == INT64_MAX ? NO_DEADLINE : clock_to_monotonic(c, target)) != -ETIME)
			continue;
		now = host_clock(c->id);
		if (now >= target)
			return 0;
	}
}

static int
sleep_until_cpu(struct task *t, const struct clock *c, int64_t target)
{
	struct task *owner = clock_task(t, c, false);
	int64_t left;
	int err = 0;

	if (!owner)
		return -EINVAL;
	while ((left = target - cpu_clock_sample(owner, c)) > 0) {
		set_current_state(t, TASK_INTERRUPTIBLE);
		if (signal_pending(t)) {
			set_current_state(t, TASK_RUNNING);
			err = -EINTR;
			break;
		}
		ignore_err(schedule_until(t, deadline_after(cpu_poll_delay(left, READ_ONCE(owner->signal->nr_threads)))),
			   "looked at again");
	}
	put_task_struct(owner);
	return err;
}

static int64_t sleep_restart(struct task *t, struct restart_block *rb);

/* A relative sleep: goes on to the same target when it is restarted. */
static int64_t
sleep_or_restart(struct task *t, const struct clock *c, int64_t target, uaddr_t rmtp)
{
	int64_t now, left;
	int err = c->kind == CLOCK_KIND_CPU ? sleep_until_cpu(t, c, target) : sleep_until(t, c, target);

	if (err != -EINTR)
		return err;
	err = clock_read(t, c, &now);
	if (err)
		return err;
	left = target - now;
	if (left <= 0)
		return 0;
	if (!uaddr_null(rmtp) && put_timespec64(t, left, rmtp))
		return -EFAULT;
	t->restart = (struct restart_block){ .fn = sleep_restart, .deadline = target, .a = { (uint64_t)c->id, rmtp.a } };
	return -ERESTART_RESTARTBLOCK;
}

static int64_t
sleep_restart(struct task *t, struct restart_block *rb)
{
	struct clock c = clock_decode((int)rb->a[0]);

	return sleep_or_restart(t, &c, rb->deadline, UADDR(rb->a[1]));
}

int64_t
clock_sleep(struct task *t, const struct clock *c, int64_t ns, bool absolute, uaddr_t rmtp)
{
	/* A duration on REALTIME does not change when that is set; one on TAI neither. */
	struct clock clk = absolute || c->kind == CLOCK_KIND_CPU || c->id == CLOCK_BOOTTIME ? *c : clock_decode(CLOCK_MONOTONIC);
	int64_t now, target;
	int err;

	if (c->kind == CLOCK_KIND_NONE)
		return -EINVAL;
	if (c->kind != CLOCK_KIND_TIMER && (c->kind != CLOCK_KIND_CPU || c->id == CLOCK_THREAD_CPUTIME_ID))
		return -EOPNOTSUPP;
	if (c->kind == CLOCK_KIND_CPU && c->thread && (c->pid == 0 || c->pid == t->pid))
		return -EINVAL; /* it would never wake */
	if (absolute) {
		err = clk.kind == CLOCK_KIND_CPU ? sleep_until_cpu(t, &clk, ns) : sleep_until(t, &clk, ns);
		return err == -EINTR ? -ERESTARTNOHAND : err;
	}
	err = clock_read(t, &clk, &now);
	if (err)
		return err;
	if (__builtin_add_overflow(now, ns, &target))
		target = INT64_MAX;
	return sleep_or_restart(t, &clk, target, rmtp);
}
