/* SPDX-License-Identifier: MIT
 *
 * Interval timers: setitimer(2), alarm(2).
 *
 * ITIMER_REAL is a ktimer that sends SIGALRM and arms itself again. While the last SIGALRM is still pending, or the signal is
 * ignored, another changes nothing, so a short period is stretched to PENDING_DELAY then (Linux stops the timer until the
 * signal is taken).
 *
 * ITIMER_VIRTUAL and ITIMER_PROF run on CPU time, which only the host knows: a ktimer looks at it no later than the group's
 * threads could have used up what is left, and no more often than every CPU_TICK, the tick of a host kernel with HZ=250 or so.
 *
 * Locks: siglock protects the values. The function of real_timer takes siglock, so setitimer never waits for it with that held.
 */
#include <asm/signal.h>
#include <linux/resource.h>

#include "kernel/errno.h"
#include "kernel/itimer.h"
#include "kernel/task.h"

#define PENDING_DELAY 1000000
#define CPU_TICK      4000000

static bool
alarm_pending(const struct signal_struct *sig)
{
	return (READ_ONCE(sig->shared_pending.signal) & sigmask_of(SIGALRM)) != 0;
}

void
it_real_fn(struct kernel *k, struct ktimer *tm)
{
	struct signal_struct *sig = container_of(tm, struct signal_struct, real_timer);
	struct task *leader = __atomic_load_n(&sig->leader, __ATOMIC_ACQUIRE);
	bool useless = alarm_pending(sig);
	uint64_t missed = 0;
	int64_t now, next;

	ignore_err(send_sig_info(SIGALRM, SEND_SIG_PRIV, leader, PIDTYPE_TGID, NULL), "pending already, or dead");
	if (sig->it_real_interval <= 0)
		return;
	useless |= !alarm_pending(sig);
	now = ktime_get();
	if (useless && sig->it_real_interval < PENDING_DELAY)
		now += PENDING_DELAY;
	next = next_period(tm->expires, sig->it_real_interval, now, &missed);
	ktimer_start(k, tm, next);
}

int64_t
cpu_poll_delay(int64_t left, int nr_threads)
{
	return MAX(left / MAX(nr_threads, 1), CPU_TICK);
}

/* One of the CPU timers has run out: when is it due again? 0: never. */
static int64_t
next_cpu_expiry(int64_t expires, int64_t interval, int64_t now)
{
	uint64_t missed = 0;

	return interval > 0 ? next_period(expires, interval, now, &missed) : 0;
}

static void
check_cpu_timer(struct task *t, int sig, int64_t now, int64_t *expires, int64_t interval, int64_t *nearest)
{
	if (*expires > 0 && now >= *expires) {
		ignore_err(send_signal_locked(sig, SEND_SIG_PRIV, t, PIDTYPE_TGID, NULL), "pending already");
		*expires = next_cpu_expiry(*expires, interval, now);
	}
	if (*expires > 0)
		*nearest = MIN(*nearest, *expires - now);
}

/* RLIMIT_CPU, getrlimit(2): SIGXCPU at the soft limit and each second after, SIGKILL at the hard one. */
static void
check_cpu_limit(struct task *t, int64_t now, int64_t *nearest)
{
	struct rlimit64_k *r = &t->signal->rlim[RLIMIT_CPU];
	uint64_t soft = READ_ONCE(r->cur), hard = READ_ONCE(r->max), secs = (uint64_t)now / NSEC_PER_SEC;

	if (soft >= INT64_MAX / NSEC_PER_SEC)
		return;
	if (secs >= hard) {
		ignore_err(send_signal_locked(SIGKILL, SEND_SIG_PRIV, t, PIDTYPE_TGID, NULL), "never queued");
		return;
	}
	if (secs >= soft) {
		ignore_err(send_signal_locked(SIGXCPU, SEND_SIG_PRIV, t, PIDTYPE_TGID, NULL), "pending already");
		soft = secs + 1;
		WRITE_ONCE(r->cur, soft);
	}
	*nearest = MIN(*nearest, (int64_t)soft * NSEC_PER_SEC - now);
}

static void
cpu_itimer_fn(struct kernel *k, struct ktimer *tm)
{
	struct signal_struct *sig = container_of(tm, struct signal_struct, cpu_timer);
	struct task *leader = __atomic_load_n(&sig->leader, __ATOMIC_ACQUIRE);
	struct sighand_struct *sh;
	struct task_times times;
	int64_t nearest = INT64_MAX;
	int nr_threads;

	thread_group_times(leader, &times);
	sh = lock_task_sighand(leader);
	if (!sh) {
		/* exec gives the group another leader just now; or it ends, and whoever ends it cancels this timer. */
		ktimer_start(k, tm, deadline_after(CPU_TICK));
		return;
	}
	check_cpu_timer(leader, SIGVTALRM, (int64_t)times.utime, &sig->it_virt_expires, sig->it_virt_interval, &nearest);
	check_cpu_timer(leader, SIGPROF, (int64_t)(times.utime + times.stime), &sig->it_prof_expires, sig->it_prof_interval,
			&nearest);
	check_cpu_limit(leader, (int64_t)(times.utime + times.stime), &nearest);
	nr_threads = sig->nr_threads;
	if (nearest != INT64_MAX)
		ktimer_start(k, tm, deadline_after(cpu_poll_delay(nearest, nr_threads)));
	unlock_task_sighand(sh);
}

void
watch_cpu_limit(struct kernel *k, struct signal_struct *sig)
{
	if (READ_ONCE(sig->rlim[RLIMIT_CPU].cur) == K_RLIM_INFINITY)
		return;
	if (!sig->cpu_timer.fn)
		ktimer_init(&sig->cpu_timer, cpu_itimer_fn);
	ktimer_start(k, &sig->cpu_timer, deadline_after(CPU_TICK));
}

static int64_t
cpu_clock(struct task *t, int which)
{
	struct task_times times;

	thread_group_times(t, &times);
	return (int64_t)(which == K_ITIMER_VIRTUAL ? times.utime : times.utime + times.stime);
}

/* siglock is held. */
static void
get_real(struct task *t, struct itimer_value *out)
{
	struct signal_struct *sig = t->signal;
	int64_t expires;

	*out = (struct itimer_value){ .interval = sig->it_real_interval };
	if (ktimer_active(t->k, &sig->real_timer, &expires))
		out->value = MAX(expires - ktime_get(), NSEC_PER_USEC);
}

/* siglock is held. */
static void
get_cpu(struct task *t, int which, int64_t now, struct itimer_value *out)
{
	struct signal_struct *sig = t->signal;
	int64_t expires = which == K_ITIMER_VIRTUAL ? sig->it_virt_expires : sig->it_prof_expires;

	out->interval = which == K_ITIMER_VIRTUAL ? sig->it_virt_interval : sig->it_prof_interval;
	out->value = expires > 0 ? MAX(expires - now, (int64_t)CPU_TICK) : 0;
}

int
do_getitimer(struct task *t, int which, struct itimer_value *out)
{
	int64_t now = 0;

	if (which != K_ITIMER_REAL && which != K_ITIMER_VIRTUAL && which != K_ITIMER_PROF)
		return -EINVAL;
	if (which != K_ITIMER_REAL)
		now = cpu_clock(t, which);
	mutex_guard(&t->sighand->siglock);
	if (which == K_ITIMER_REAL)
		get_real(t, out);
	else
		get_cpu(t, which, now, out);
	return 0;
}

static void
set_real(struct task *t, const struct itimer_value *value, struct itimer_value *old)
{
	struct signal_struct *sig = t->signal;

	for (;;) {
		mutex_lock(&t->sighand->siglock);
		get_real(t, old);
		if (ktimer_try_to_cancel(t->k, &sig->real_timer) >= 0)
			break;
		/* Its function wants siglock. */
		mutex_unlock(&t->sighand->siglock);
		ktimer_wait_running(t->k, &sig->real_timer);
	}
	sig->it_real_interval = value->value ? value->interval : 0;
	if (value->value)
		ktimer_start(t->k, &sig->real_timer, deadline_after(value->value));
	mutex_unlock(&t->sighand->siglock);
}

static void
set_cpu(struct task *t, int which, const struct itimer_value *value, struct itimer_value *old)
{
	struct signal_struct *sig = t->signal;
	int64_t now = cpu_clock(t, which), expires = 0;

	if (value->value && __builtin_add_overflow(now, value->value, &expires))
		expires = INT64_MAX;
	mutex_guard(&t->sighand->siglock);
	get_cpu(t, which, now, old);
	if (which == K_ITIMER_VIRTUAL) {
		sig->it_virt_expires = expires;
		sig->it_virt_interval = value->interval;
	} else {
		sig->it_prof_expires = expires;
		sig->it_prof_interval = value->interval;
	}
	if (!expires)
		return;
	if (!sig->cpu_timer.fn)
		ktimer_init(&sig->cpu_timer, cpu_itimer_fn);
	/* It may be armed for the other timer already: its function finds out what comes first. */
	ktimer_start(t->k, &sig->cpu_timer, deadline_after(CPU_TICK));
}

int
do_setitimer(struct task *t, int which, const struct itimer_value *value, struct itimer_value *old)
{
	struct itimer_value unused;

	if (!old)
		old = &unused;
	switch (which) {
	case K_ITIMER_REAL:
		set_real(t, value, old);
		return 0;
	case K_ITIMER_VIRTUAL:
	case K_ITIMER_PROF:
		set_cpu(t, which, value, old);
		return 0;
	default:
		return -EINVAL;
	}
}

void
exit_cpu_itimers(struct kernel *k, struct signal_struct *sig)
{
	if (sig->cpu_timer.fn)
		ktimer_cancel(k, &sig->cpu_timer);
}
