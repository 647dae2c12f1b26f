/* SPDX-License-Identifier: MIT
 *
 * The timer queue: a pairing heap of the armed timers, linked through them, so that arming a timer needs no memory.
 *
 * In the heap every timer is due no earlier than its parent. tm->child is its first child, tm->next its next sibling, and
 * tm->prev the sibling before it, or its parent if it is the first child.
 *
 * One thread of the supervisor (ktimers_run), begun when the first timer is armed if not before, takes what is due out of the queue and calls its function without the lock. It
 * sleeps in a futex on q->word till the first timer is due; who arms an earlier one changes the word and wakes it.
 *
 * Lock: q->lock, RANK_TIMER, short.
 */
#include <asm/unistd.h>

#include "kernel/errno.h"
#include "kernel/init.h"
#include "kernel/kernel.h"
#include "kernel/time.h"
#include "kernel/waitq.h"
#include "trap/host.h"
#include "trap/request.h"

struct timer_state {
	struct mutex lock;
	struct ktimer *root;
	int64_t sleeps_until; /* the thread wakes by itself then; INT64_MIN while it is awake */
	uint32_t word;	      /* futex of the thread */
	struct ktimer *running;
	bool wanted; /* somebody has armed a timer */
	bool running_cancelled; /* its function cannot arm it again */
	uint32_t runs;		/* functions begun */
	int64_t runner;		/* the thread, a host thread id */
	uint32_t done;	/* futex of ktimer_cancel(): a function has returned */
	uint32_t waiters;
};

int
timers_init(struct kernel *k)
{
	struct timer_state *q = kzalloc(k, sizeof(*q));

	if (!q)
		return -ENOMEM;
	mutex_init(&q->lock, RANK_TIMER);
	q->sleeps_until = INT64_MIN;
	k->timers = q;
	return 0;
}

/* The heap. Both are roots: no siblings. */
static struct ktimer *
meld(struct ktimer *a, struct ktimer *b)
{
	struct ktimer *tmp;

	if (!a || !b)
		return a ? a : b;
	if (b->expires < a->expires) {
		tmp = a;
		a = b;
		b = tmp;
	}
	b->next = a->child;
	if (b->next)
		b->next->prev = b;
	b->prev = a;
	a->child = b;
	return a;
}

/* A list of siblings becomes one heap: in pairs, then all pairs from the last to the first. */
static struct ktimer *
meld_all(struct ktimer *first)
{
	struct ktimer *pairs = NULL, *root = NULL;

	while (first) {
		struct ktimer *a = first, *b = a->next, *pair;

		first = b ? b->next : NULL;
		a->next = a->prev = NULL;
		if (b)
			b->next = b->prev = NULL;
		pair = meld(a, b);
		pair->next = pairs;
		pairs = pair;
	}
	while (pairs) {
		struct ktimer *pair = pairs;

		pairs = pair->next;
		pair->next = NULL;
		root = meld(root, pair);
	}
	return root;
}

static void
enqueue(struct timer_state *q, struct ktimer *tm)
{
	tm->child = tm->next = tm->prev = NULL;
	tm->armed = true;
	q->root = meld(q->root, tm);
}

static void
dequeue(struct timer_state *q, struct ktimer *tm)
{
	struct ktimer *rest = meld_all(tm->child);

	tm->armed = false;
	tm->child = NULL;
	if (tm == q->root) {
		q->root = rest;
		return;
	}
	if (tm->prev->child == tm)
		tm->prev->child = tm->next;
	else
		tm->prev->next = tm->next;
	if (tm->next)
		tm->next->prev = tm->prev;
	tm->next = tm->prev = NULL;
	q->root = meld(q->root, rest);
}

void
ktimer_init(struct ktimer *tm, void (*fn)(struct kernel *k, struct ktimer *tm))
{
	*tm = (struct ktimer){ .fn = fn };
}

static void
poke(struct timer_state *q)
{
	q->sleeps_until = INT64_MIN;
	__atomic_add_fetch(&q->word, 1, __ATOMIC_RELEASE);
}

/* Lock held. Does @tm's function run, in another thread? */
static bool
runs_elsewhere(const struct timer_state *q, const struct ktimer *tm)
{
	return q->running == tm && q->runner != host_call0(__NR_gettid);
}

void
ktimer_start(struct kernel *k, struct ktimer *tm, int64_t expires)
{
	struct timer_state *q = k->timers;
	bool wake = false, first;

	mutex_lock(&q->lock);
	first = !q->wanted;
	q->wanted = true;
	if (tm->armed)
		dequeue(q, tm);
	if (q->running == tm && q->running_cancelled && !runs_elsewhere(q, tm)) {
		mutex_unlock(&q->lock);
		return;
	}
	tm->expires = expires;
	enqueue(q, tm);
	if (expires < q->sleeps_until) {
		poke(q);
		wake = true;
	}
	mutex_unlock(&q->lock);
	if (wake)
		host_futex_wake(&q->word, 1);
	if (first && k->super && k->super->timers_wanted)
		k->super->timers_wanted(k);
}

void
ktimers_poke(struct kernel *k)
{
	struct timer_state *q = k->timers;

	mutex_lock(&q->lock);
	poke(q);
	mutex_unlock(&q->lock);
	host_futex_wake(&q->word, 1);
}

int
ktimer_try_to_cancel(struct kernel *k, struct ktimer *tm)
{
	struct timer_state *q = k->timers;
	bool was_armed;

	mutex_guard(&q->lock);
	if (runs_elsewhere(q, tm))
		return -EBUSY;
	was_armed = tm->armed;
	if (was_armed)
		dequeue(q, tm);
	return was_armed;
}

/* Called and returns with the lock: until a function has returned. */
static void
wait_done(struct timer_state *q) __requires_lock(q->lock)
{
	uint32_t done = q->done;

	q->waiters++;
	mutex_unlock(&q->lock);
	host_futex_wait(&q->done, done, NO_DEADLINE);
	mutex_lock(&q->lock);
	q->waiters--;
}

bool
ktimer_cancel(struct kernel *k, struct ktimer *tm)
{
	struct timer_state *q = k->timers;
	bool was_armed = false;

	mutex_lock(&q->lock);
	for (;;) {
		if (tm->armed) {
			dequeue(q, tm);
			was_armed = true;
		}
		if (!runs_elsewhere(q, tm))
			break;
		q->running_cancelled = true;
		wait_done(q);
	}
	mutex_unlock(&q->lock);
	return was_armed;
}

void
ktimer_wait_running(struct kernel *k, const struct ktimer *tm)
{
	struct timer_state *q = k->timers;
	uint32_t run;

	mutex_lock(&q->lock);
	/* This run only: a short period must not keep the caller here for ever. */
	for (run = q->runs; q->runs == run && runs_elsewhere(q, tm);)
		wait_done(q);
	mutex_unlock(&q->lock);
}

bool
ktimer_active(struct kernel *k, struct ktimer *tm, int64_t *expires)
{
	struct timer_state *q = k->timers;

	mutex_guard(&q->lock);
	*expires = tm->expires;
	return tm->armed || q->running == tm;
}

/* Called and returns with the lock. */
static void
run_one(struct kernel *k, struct timer_state *q, struct ktimer *tm) __requires_lock(q->lock)
{
	dequeue(q, tm);
	q->running = tm;
	q->running_cancelled = false;
	q->runs++;
	mutex_unlock(&q->lock);
	tm->fn(k, tm);
	/* The timer may be gone from here on. */
	mutex_lock(&q->lock);
	q->running = NULL;
	__atomic_add_fetch(&q->done, 1, __ATOMIC_RELEASE);
	if (q->waiters > 0)
		host_futex_wake(&q->done, INT32_MAX);
}

void
ktimers_run(struct kernel *k)
{
	struct timer_state *q = k->timers;

	mutex_lock(&q->lock);
	q->runner = host_call0(__NR_gettid);
	while (!__atomic_load_n(&k->dying, __ATOMIC_SEQ_CST)) {
		struct ktimer *tm = q->root;
		uint32_t word;
		int64_t deadline;

		if (tm && tm->expires <= ktime_get()) {
			run_one(k, q, tm);
			continue;
		}
		deadline = q->sleeps_until = tm ? tm->expires : NO_DEADLINE;
		word = q->word;
		mutex_unlock(&q->lock);
		host_futex_wait(&q->word, word, MAX(deadline, 0));
		mutex_lock(&q->lock);
		q->sleeps_until = INT64_MIN;
	}
	mutex_unlock(&q->lock);
}

int64_t
next_period(int64_t expires, int64_t interval, int64_t now, uint64_t *missed)
{
	uint64_t n = (uint64_t)(now - expires) / (uint64_t)interval;
	int64_t next;

	*missed += n;
	if (__builtin_add_overflow(expires, (int64_t)(n * (uint64_t)interval), &next) ||
	    __builtin_add_overflow(next, interval, &next))
		return INT64_MAX;
	return next;
}
