/* SPDX-License-Identifier: MIT
 *
 * Wait queues, sleeping and waking. kernel/waitq.h explains what users see; this is the protocol below it.
 *
 * t->state says how the task sleeps, or TASK_RUNNING. Only the task itself leaves TASK_RUNNING, anybody may go back to it: who
 * changes the state by compare and exchange has woken the task. t->sched is 1 while the task is, or is about to be, in the host
 * futex:
 *
 *	sleeper: sched = 1; look at state; futex_wait(sched, 1)
 *	waker:   state = TASK_RUNNING; if (exchange(sched, 0) == 1) futex_wake(sched)
 *
 * If the sleeper saw the old state, its 1 came before the waker's exchange, which so finds it. A task that has not got as far
 * as the futex costs its waker no host call. A wake that comes late hits another sleep, or a dead task's memory (which is
 * type-stable), as a spurious return of the futex only: the sleeper looks at its state again. So does one whose futex was
 * interrupted by a host signal. Where the trap has a better way to sleep than this futex (trap_ops.sleep) it may have another value in
 * t->sched: from the start, by t->sleep_how, which is added to the 1, or put there later. Who takes that from there tells it (trap_ops.wake).
 *
 * Lock: wq->lock, RANK_WAITQ, short. A queue may be woken from an entry function of another one (epoll in epoll).
 */
#include "kernel/errno.h"
#include "kernel/task.h"
#include "trap/host.h"
#include "trap/trap.h"

#define TASKS_NORMAL ((1u << TASK_INTERRUPTIBLE) | (1u << TASK_KILLABLE) | (1u << TASK_UNINTERRUPTIBLE))
#define TASKS_ASLEEP (TASKS_NORMAL | (1u << TASK_STOPPED) | (1u << TASK_TRACED))

/* Take the task out of its sleep, if it is in one of @states; finish_wake() must follow. */
static bool
claim_wake(struct task *t, unsigned int states)
{
	uint32_t state = __atomic_load_n(&t->state, __ATOMIC_SEQ_CST);

	do {
		if (state == TASK_RUNNING || !(states & (1u << state)))
			return false;
	} while (!__atomic_compare_exchange_n(&t->state, &state, TASK_RUNNING, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return true;
}

static void
finish_wake(struct task *t)
{
	uint32_t was = __atomic_exchange_n(&t->sched, 0, __ATOMIC_SEQ_CST);

	if (was == 1)
		host_futex_wake(&t->sched, 1);
	else if (was != 0)
		t->k->trap->wake(t, was);
}

bool
wake_up_state(struct task *t, unsigned int states)
{
	if (!claim_wake(t, states))
		return false;
	finish_wake(t);
	return true;
}

bool
wake_up_process(struct task *t)
{
	return wake_up_state(t, TASKS_ASLEEP);
}

static bool
is_meant(const struct wait_queue_entry *e, uint32_t key)
{
	return !e->key || !key || (e->key & key);
}

/*
 * What init_wait() sets: a woken entry leaves the queue, so that the next exclusive wake-up goes to another. __wake_up() does
 * this itself and wakes the host thread only when the queue is unlocked: it would run straight into the lock.
 */
static int
autoremove_wake_function(struct wait_queue_entry *e, uint32_t key)
{
	struct task *t = e->task;

	if (!is_meant(e, key) || !claim_wake(t, TASKS_NORMAL))
		return 0;
	/* Once it sees itself off the queue, its owner may be gone; the task's memory is not. */
	list_del_init(&e->entry);
	finish_wake(t);
	return 1;
}

void
init_waitqueue_head(struct wait_queue_head *wq)
{
	mutex_init(&wq->lock, RANK_WAITQ);
	INIT_LIST_HEAD(&wq->head);
}

void
init_wait(struct wait_queue_entry *e, struct task *t)
{
	*e = (struct wait_queue_entry){ .task = t, .func = autoremove_wake_function };
	INIT_LIST_HEAD(&e->entry);
}

void
init_wait_key(struct wait_queue_entry *e, struct task *t, uint32_t key)
{
	init_wait(e, t);
	e->key = key;
}

static bool
is_queued(const struct wait_queue_entry *e)
{
	return e->entry.next && !list_empty(&e->entry);
}

void
add_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *e)
{
	mutex_lock_nested(&wq->lock);
	if (e->exclusive)
		list_add_tail(&e->entry, &wq->head);
	else
		list_add(&e->entry, &wq->head);
	mutex_unlock(&wq->lock);
}

void
remove_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *e)
{
	mutex_lock_nested(&wq->lock);
	if (is_queued(e))
		list_del_init(&e->entry);
	mutex_unlock(&wq->lock);
}

void
set_current_state(struct task *t, enum task_state state)
{
	__atomic_store_n(&t->state, state, __ATOMIC_SEQ_CST);
}

static void
prepare(struct wait_queue_head *wq, struct wait_queue_entry *e, enum task_state state, bool exclusive)
{
	mutex_lock(&wq->lock);
	e->exclusive = exclusive;
	if (!is_queued(e)) {
		if (exclusive)
			list_add_tail(&e->entry, &wq->head);
		else
			list_add(&e->entry, &wq->head);
	}
	/* Under the lock: a waker that finds the entry finds the state too. */
	__atomic_store_n(&e->task->state, state, __ATOMIC_RELAXED);
	mutex_unlock_mb(&wq->lock);
}

void
prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *e, enum task_state state)
{
	prepare(wq, e, state, false);
}

void
prepare_to_wait_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *e, enum task_state state)
{
	prepare(wq, e, state, true);
}

void
finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *e)
{
	const struct list_head *l = &e->entry;

	if (__atomic_load_n(&e->task->state, __ATOMIC_RELAXED) != TASK_RUNNING)
		set_current_state(e->task, TASK_RUNNING);
	/* Both pointers: then the waker that took it off has done its last store to it. */
	if (__atomic_load_n(&l->next, __ATOMIC_ACQUIRE) == l && __atomic_load_n(&l->prev, __ATOMIC_ACQUIRE) == l)
		return;
	remove_wait_queue(wq, e);
}

/* Does a signal end this sleep? */
static bool
signal_ends_sleep(const struct task *t, uint32_t state)
{
	switch (state) {
	case TASK_INTERRUPTIBLE:
		return signal_pending(t);
	case TASK_KILLABLE:
	case TASK_STOPPED:
	case TASK_TRACED:
		return signal_pending(t) && fatal_signal_pending(t);
	default:
		return false;
	}
}

/* Ends the own sleep; false if a waker was faster. */
static bool
stop_sleeping(struct task *t, uint32_t state)
{
	return __atomic_compare_exchange_n(&t->state, &state, TASK_RUNNING, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

int
schedule_until(struct task *t, int64_t deadline)
{
	int err = 0, ret = 0;

	mutex_debug_may_sleep("schedule");
	deadline = MAX(deadline, 0);
	if (unlikely(t->spin.limit))
		t->k->trap->spin(t);
	for (;;) {
		uint32_t state;

		__atomic_store_n(&t->sched, 1 + t->sleep_how, __ATOMIC_SEQ_CST);
		state = __atomic_load_n(&t->state, __ATOMIC_SEQ_CST);
		if (state == TASK_RUNNING)
			break;
		if (signal_ends_sleep(t, state)) {
			stop_sleeping(t, state);
			break;
		}
		if (err == -ETIMEDOUT) {
			if (stop_sleeping(t, state))
				ret = -ETIME;
			break;
		}
		err = t->k->trap->sleep ? t->k->trap->sleep(t, deadline) : host_futex_wait(&t->sched, 1, deadline);
	}
	__atomic_store_n(&t->sched, 0, __ATOMIC_RELAXED);
	return ret;
}

void
schedule(struct task *t)
{
	ignore_err(schedule_until(t, NO_DEADLINE), "there is no deadline");
}

void
__wake_up(struct wait_queue_head *wq, int nr, uint32_t key)
{
	/* The condition was made true before; a sleeper queues itself before it tests it. One of us sees the other. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	__wake_up_after_mb(wq, nr, key);
}

void
__wake_up_waiters(struct wait_queue_head *wq, int nr, uint32_t key)
{
	struct wait_queue_entry *e, *next;
	struct task *tasks[8];
	unsigned int n = 0;

	mutex_lock_nested(&wq->lock);
	list_for_each_entry_safe(e, next, &wq->head, entry) {
		bool exclusive = e->exclusive;
		int woken;

		if (e->func == autoremove_wake_function && n < ARRAY_SIZE(tasks)) {
			tasks[n] = e->task;
			woken = is_meant(e, key) && claim_wake(tasks[n], TASKS_NORMAL);
			if (woken) {
				list_del_init(&e->entry);
				n++;
			}
		} else {
			woken = e->func(e, key);
		}
		if (woken && exclusive && nr > 0 && --nr == 0)
			break;
	}
	mutex_unlock(&wq->lock);
	for (unsigned int i = 0; i < n; i++)
		finish_wake(tasks[i]);
}
