/* SPDX-License-Identifier: MIT
 *
 * POSIX timers: timer_create(2). They belong to the thread group, are not inherited by fork, and end with exec.
 *
 * A timer has one queue entry, so at most one signal of it is pending; expirations meanwhile count as overruns in that entry
 * (si_overrun). A periodic timer arms itself again when it fires. While its signal is still pending, or ignored, it does so no
 * more often than every PENDING_DELAY: the periods in between are counted, not lived.
 *
 * CPU-time timers poll (kernel/itimer.c). A timer with SIGEV_NONE never fires: the time left is computed.
 *
 * Locks: pt->lock (RANK_ITIMER) protects the timers of a group, and is taken by their functions: who holds it never waits for
 * one. Inside it siglock. A clock that is set does not move timers that are armed.
 */
#include <asm/siginfo.h>

#include "kernel/binprm.h"
#include "kernel/errno.h"
#include "kernel/itimer.h"
#include "kernel/posix-clocks.h"
#include "kernel/posix-timers.h"
#include "kernel/task.h"

#define BUCKETS	      32
#define PENDING_DELAY 1000000
#define K_SIGALRM     14
#define K_SI_TIMER    (-2)

struct k_itimer {
	struct list_head hash;
	struct signal_struct *sig;
	int id;
	struct clock clock;
	struct task *owner; /* CPU clocks: whose; a reference */
	int notify;	    /* K_SIGEV_*, K_SIGEV_THREAD as K_SIGEV_SIGNAL */
	struct k_siginfo info;
	struct task *target; /* SIGEV_THREAD_ID; a reference */
	struct sigqueue *q;
	int last_overrun; /* of the signal last taken, while another is pending */
	bool armed;	  /* it has an expiry, also when that is past and tm is not armed: SIGEV_NONE */
	int64_t expires;  /* CLOCK_MONOTONIC, or time of a CPU clock */
	int64_t interval;
	struct ktimer tm;
};

struct posix_timers {
	struct mutex lock;
	int next_id;
	struct list_head hash[BUCKETS];
};

/* The group's timers, made with the first. */
static struct posix_timers *
get_posix_timers(struct task *t)
{
	struct posix_timers *pt = __atomic_load_n(&t->signal->posix_timers, __ATOMIC_ACQUIRE), *none = NULL;

	if (pt)
		return pt;
	pt = kzalloc(t->k, sizeof(*pt));
	if (!pt)
		return NULL;
	mutex_init(&pt->lock, RANK_ITIMER);
	for (int i = 0; i < BUCKETS; i++)
		INIT_LIST_HEAD(&pt->hash[i]);
	if (__atomic_compare_exchange_n(&t->signal->posix_timers, &none, pt, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return pt;
	kfree(t->k, pt);
	return none;
}

/* pt->lock is held. */
static struct k_itimer *
find_timer(struct posix_timers *pt, int id)
{
	struct k_itimer *it;

	list_for_each_entry(it, &pt->hash[(unsigned int)id % BUCKETS], hash)
		if (it->id == id)
			return it;
	return NULL;
}

/* The timer with pt->lock held, or NULL without. */
static struct k_itimer *
lock_timer(struct task *t, int id) __no_thread_safety
{
	struct posix_timers *pt = __atomic_load_n(&t->signal->posix_timers, __ATOMIC_ACQUIRE);
	struct k_itimer *it;

	if (!pt || id < 0)
		return NULL;
	mutex_lock(&pt->lock);
	it = find_timer(pt, id);
	if (!it)
		mutex_unlock(&pt->lock);
	return it;
}

static void
unlock_timer(struct k_itimer *it) __no_thread_safety
{
	mutex_unlock(&it->sig->posix_timers->lock);
}

/* The same, disarmed and with its function not running. */
static struct k_itimer *
lock_stopped_timer(struct task *t, int id)
{
	for (;;) {
		struct k_itimer *it = lock_timer(t, id);

		if (!it || ktimer_try_to_cancel(t->k, &it->tm) >= 0)
			return it;
		/* Its function waits for the lock. Once it has run another thread may delete the timer, so it is looked up again. */
		unlock_timer(it);
		ktimer_wait_running(t->k, &it->tm);
	}
}

/* Firing */

static bool
is_pending(const struct k_itimer *it)
{
	return !list_empty(&it->q->list);
}

static void
add_overrun(struct sigqueue *q, uint64_t n)
{
	uint64_t sum = (uint32_t)q->info.timer.overrun + MIN(n, (uint64_t)INT32_MAX);

	q->info.timer.overrun = (int32_t)MIN(sum, (uint64_t)INT32_MAX);
}

/* One expiration, and @missed more. True if it made its signal pending: not if that was already, or is ignored. */
static bool
fire(struct kernel *k, struct k_itimer *it, uint64_t missed)
{
	bool thread = it->notify == K_SIGEV_THREAD_ID;
	struct task *target = thread ? it->target : __atomic_load_n(&it->sig->leader, __ATOMIC_ACQUIRE);
	struct sighand_struct *sh = lock_task_sighand(target);

	if (!sh)
		return false;
	if (is_pending(it)) {
		add_overrun(it->q, missed + 1);
		unlock_task_sighand(sh);
		return false;
	}
	it->last_overrun = it->q->info.timer.overrun;
	it->q->info = it->info;
	add_overrun(it->q, missed);
	unlock_task_sighand(sh);
	return send_sigqueue(k, it->q, target, thread ? PIDTYPE_PID : PIDTYPE_TGID) == 0;
}

static int64_t
timer_now(const struct k_itimer *it)
{
	return it->owner ? cpu_clock_sample(it->owner, &it->clock) : ktime_get();
}

static void
start(struct kernel *k, struct k_itimer *it, int64_t now)
{
	if (it->owner)
		ktimer_start(k, &it->tm,
			     deadline_after(cpu_poll_delay(MAX(it->expires - now, 0),
							   it->clock.thread ? 1 : READ_ONCE(it->owner->signal->nr_threads))));
	else
		ktimer_start(k, &it->tm, it->expires);
}

static void
posix_timer_fn(struct kernel *k, struct ktimer *tm)
{
	struct k_itimer *it = container_of(tm, struct k_itimer, tm);
	int64_t now = timer_now(it);
	uint64_t missed = 0;

	mutex_guard(&it->sig->posix_timers->lock);
	if (now < it->expires) { /* a CPU clock */
		start(k, it, now);
		return;
	}
	if (it->interval <= 0) {
		it->armed = false;
		fire(k, it, 0);
		return;
	}
	it->expires = next_period(it->expires, it->interval, now, &missed);
	if (!fire(k, it, missed) && it->interval < PENDING_DELAY && !it->owner) {
		/* Late on purpose; the periods till then are found missing by the next call. */
		ktimer_start(k, &it->tm, now + PENDING_DELAY);
		return;
	}
	start(k, it, now);
}

/* Making and deleting */

static bool
good_sigevent(struct task *t, const struct k_sigevent *ev, struct task **target)
{
	switch (ev->notify) {
	case K_SIGEV_SIGNAL | K_SIGEV_THREAD_ID:
		*target = find_task_by_pid(t->k, ev->tid);
		if (!*target || !same_thread_group(*target, t))
			return false;
		return ev->signo > 0 && ev->signo <= K_NSIG;
	case K_SIGEV_SIGNAL:
	case K_SIGEV_THREAD:
		return ev->signo > 0 && ev->signo <= K_NSIG;
	default:
		return ev->notify == K_SIGEV_NONE;
	}
}

static void
free_timer(struct task *t, struct k_itimer *it)
{
	if (it->q)
		sigqueue_free(t, it->q);
	if (it->owner)
		put_task_struct(it->owner);
	if (it->target)
		put_task_struct(it->target);
	kfree(t->k, it);
}

/* What the clock must have; all but the place in the table. */
static int
prepare_timer(struct task *t, struct k_itimer *it, const struct clock *c, const struct k_sigevent *ev)
{
	it->sig = t->signal;
	it->clock = *c;
	ktimer_init(&it->tm, posix_timer_fn);
	it->q = sigqueue_alloc(t);
	if (!it->q)
		return -EAGAIN;
	it->q->info = (struct k_siginfo){ 0 };
	if (ev && !good_sigevent(t, ev, &it->target))
		return -EINVAL;
	it->notify = !ev || ev->notify == K_SIGEV_THREAD ? K_SIGEV_SIGNAL : ev->notify;
	it->info = (struct k_siginfo){ .si_signo = ev ? ev->signo : K_SIGALRM, .si_code = K_SI_TIMER };
	if (ev)
		it->info.timer.value = ev->value;
	if (c->kind == CLOCK_KIND_CPU) {
		it->owner = clock_task(t, c, false);
		if (!it->owner)
			return -EINVAL;
	}
	return 0;
}

/* pt->lock is held. Ids go round, so that a stale one is noticed. */
static int
take_id(struct posix_timers *pt)
{
	int id;

	do {
		id = pt->next_id;
		pt->next_id = (pt->next_id + 1) & INT32_MAX;
	} while (find_timer(pt, id));
	return id;
}

/* pt->lock is held. */
static void
insert_timer(struct posix_timers *pt, struct k_itimer *it, bool default_value)
{
	it->id = take_id(pt);
	it->info.timer.tid = it->id;
	if (default_value)
		it->info.timer.value = (uint64_t)it->id;
	list_add(&it->hash, &pt->hash[(unsigned int)it->id % BUCKETS]);
}

int
posix_timer_create(struct task *t, const struct clock *c, const struct k_sigevent *ev, int *id)
{
	struct posix_timers *pt;
	struct k_itimer *it;
	int err;

	if (c->kind == CLOCK_KIND_NONE)
		return -EINVAL;
	if (c->kind == CLOCK_KIND_HOST || c->kind == CLOCK_KIND_ALARM)
		return -EOPNOTSUPP;
	pt = get_posix_timers(t);
	it = kzalloc(t->k, sizeof(*it));
	if (!pt || !it) {
		kfree(t->k, it);
		return -EAGAIN;
	}
	err = prepare_timer(t, it, c, ev);
	if (err) {
		free_timer(t, it);
		if (err == -EINVAL) { /* Linux has given it one before it looks at the event */
			mutex_lock(&pt->lock);
			take_id(pt);
			mutex_unlock(&pt->lock);
		}
		return err;
	}
	mutex_lock(&pt->lock);
	insert_timer(pt, it, !ev);
	*id = it->id;
	mutex_unlock(&pt->lock);
	return 0;
}

int
posix_timer_delete(struct task *t, int id)
{
	struct k_itimer *it = lock_stopped_timer(t, id);

	if (!it)
		return -EINVAL;
	list_del(&it->hash);
	unlock_timer(it);
	free_timer(t, it);
	return 0;
}

void
exit_itimers(struct task *t)
{
	struct posix_timers *pt = t->signal->posix_timers;
	bool group_ends = refcount_read(&t->signal->live) == 0;

	if (group_ends)
		exit_cpu_itimers(t->k, t->signal);
	if (!pt)
		return;
	for (int i = 0; i < BUCKETS; i++)
		while (!list_empty(&pt->hash[i]))
			ignore_err(posix_timer_delete(t, list_first_entry(&pt->hash[i], struct k_itimer, hash)->id),
				   "nobody else can delete it: the task is alone");
	__atomic_store_n(&t->signal->posix_timers, NULL, __ATOMIC_RELEASE);
	kfree(t->k, pt);
}

/* Reading and setting; pt->lock is held */

static void
get_timer(struct k_itimer *it, int64_t now, struct itimer_value *out)
{
	int64_t left = it->expires - now;
	uint64_t missed = 0;

	*out = (struct itimer_value){ .interval = it->interval };
	if (!it->armed)
		return;
	if (left <= 0 && it->interval > 0)
		left = next_period(it->expires, it->interval, now, &missed) - now;
	/* One that is due but has not fired yet is not disarmed. One that never fires is. */
	if (left <= 0)
		left = it->notify == K_SIGEV_NONE ? 0 : 1;
	out->value = left;
}

int
posix_timer_gettime(struct task *t, int id, struct itimer_value *out)
{
	struct k_itimer *it = lock_timer(t, id);

	if (!it)
		return -EINVAL;
	get_timer(it, timer_now(it), out);
	unlock_timer(it);
	return 0;
}

int
posix_timer_settime(struct task *t, int id, bool absolute, const struct itimer_value *value, struct itimer_value *old)
{
	struct k_itimer *it = lock_stopped_timer(t, id);
	int64_t now;

	if (!it)
		return -EINVAL;
	now = timer_now(it);
	get_timer(it, now, old);
	it->armed = value->value != 0;
	it->interval = it->armed ? value->interval : 0;
	it->last_overrun = 0;
	if (!is_pending(it))
		it->q->info.timer.overrun = 0;
	if (it->armed) {
		if (absolute)
			it->expires = it->owner ? value->value : clock_to_monotonic(&it->clock, value->value);
		else if (__builtin_add_overflow(now, value->value, &it->expires))
			it->expires = INT64_MAX;
		if (it->notify != K_SIGEV_NONE)
			start(t->k, it, now);
	}
	unlock_timer(it);
	return 0;
}

int
posix_timer_getoverrun(struct task *t, int id)
{
	struct k_itimer *it = lock_timer(t, id);
	int n;

	if (!it)
		return -EINVAL;
	n = is_pending(it) ? it->last_overrun : it->q->info.timer.overrun;
	unlock_timer(it);
	return n;
}
