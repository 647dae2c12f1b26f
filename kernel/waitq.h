/* SPDX-License-Identifier: MIT
 *
 * Wait queues, sleeping and waking.
 *
 * A sleeper: prepare_to_wait() puts itself on the queue and sets t->state; then it tests its condition; then schedule()
 * sleeps unless somebody woke it in between; finish_wait() takes it off. A waker makes the condition true, then wake_up().
 * Because the state is set before the test and the condition before the wake, no wake-up is lost.
 *
 * schedule() waits in a host futex on t->sched. It returns when woken, at the deadline, or, in an interruptible sleep, when
 * signal_pending(t). Locks: wq->lock is RANK_WAITQ, held for a few instructions only; entry functions run under it and
 * must take nothing that ranks before.
 */
#ifndef STEAD_KERNEL_WAITQ_H
#define STEAD_KERNEL_WAITQ_H

#include "kernel/list.h"
#include "kernel/lock.h"

struct task;

struct wait_queue_head {
	struct mutex lock;
	struct list_head head;
};

struct wait_queue_entry;

/* Called under wq->lock. Returns 1 if it used up an exclusive wake-up, else 0. @key is a poll mask or NULL. */
typedef int (*wait_queue_func_t)(struct wait_queue_entry *e, uint32_t key);

struct wait_queue_entry {
	struct list_head entry;
	struct task *task;
	wait_queue_func_t func;
	uint32_t key; /* poll mask of what a task waits for; 0: anything */
	bool exclusive;
};

enum task_state {
	TASK_RUNNING = 0,
	TASK_INTERRUPTIBLE,	/* any signal wakes */
	TASK_KILLABLE,		/* only SIGKILL and group exit wake */
	TASK_UNINTERRUPTIBLE,	/* nothing but wake_up */
	TASK_STOPPED,		/* job control; SIGCONT and SIGKILL wake */
	TASK_TRACED,		/* ptrace */
	TASK_DEAD,
};

#define NO_DEADLINE INT64_MAX

/**
 * init_waitqueue_head() - prepare an empty queue
 * @wq: memory in the arena
 *
 * Context: the caller is the only user of @wq.
 */
void init_waitqueue_head(struct wait_queue_head *wq);

/**
 * init_wait() - prepare an entry that wakes a task
 * @e: the entry, on the stack or in an object
 * @t: the task to wake
 */
void init_wait(struct wait_queue_entry *e, struct task *t);

/**
 * init_wait_key() - the same, for a queue that is woken for several things: others leave the task asleep
 * @e: the entry
 * @t: the task to wake
 * @key: poll mask; wake-ups with a key that has none of it pass by
 */
void init_wait_key(struct wait_queue_entry *e, struct task *t, uint32_t key);

/**
 * add_wait_queue() - put an entry with a function of its own on a queue (poll, epoll)
 * @wq: the queue
 * @e: an entry that is on no queue, with func set
 *
 * Context: takes wq->lock.
 */
void add_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *e);

/**
 * remove_wait_queue() - take an entry off its queue; when it returns, its function is not running and will not run
 * @wq: the queue the entry is on
 * @e: the entry; nothing happens if it is on no queue
 *
 * Context: takes wq->lock.
 */
void remove_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *e);

/**
 * prepare_to_wait() - queue @e (if it is not queued yet) and set the task's state
 * @wq: the queue
 * @e: from init_wait()
 * @state: TASK_INTERRUPTIBLE, TASK_KILLABLE or TASK_UNINTERRUPTIBLE
 *
 * Context: takes wq->lock; called by e->task itself.
 */
void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *e, enum task_state state);

/**
 * prepare_to_wait_exclusive() - the same, at the tail, woken one at a time
 * @wq: the queue
 * @e: from init_wait()
 * @state: as above
 *
 * Context: as prepare_to_wait().
 */
void prepare_to_wait_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *e, enum task_state state);

/**
 * finish_wait() - state back to running, entry off the queue
 * @wq: the queue
 * @e: the entry
 *
 * Context: takes wq->lock; called by e->task itself.
 */
void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *e);

/**
 * set_current_state() - set the task's own state with a full barrier, for sleeps without a queue
 * @t: the current task
 * @state: the state
 */
void set_current_state(struct task *t, enum task_state state);

/**
 * schedule_until() - sleep until woken
 * @t: the current task, whose state was set before the condition was tested
 * @deadline: CLOCK_MONOTONIC nanoseconds, or NO_DEADLINE
 *
 * Returns at once if the task was woken since its state was set, or has a signal that the state admits.
 * Context: sleeps; the caller holds no lock.
 * Return: 0 woken (also for a signal: the caller looks at signal_pending()), -ETIME at the deadline. State is TASK_RUNNING.
 */
int schedule_until(struct task *t, int64_t deadline);

/**
 * schedule() - schedule_until() without a deadline
 * @t: the current task
 *
 * Context: sleeps; the caller holds no lock.
 */
void schedule(struct task *t);

/**
 * wake_up_process() - wake a task from any sleep
 * @t: the task; the caller holds a reference or a lock that keeps it
 *
 * Return: true if it was asleep.
 */
bool wake_up_process(struct task *t);

/**
 * wake_up_state() - wake a task if it sleeps in one of the given states
 * @t: the task
 * @states: mask of 1u << enum task_state
 *
 * Return: true if it was asleep in one of them.
 */
bool wake_up_state(struct task *t, unsigned int states);

/**
 * __wake_up() - wake waiters: all that are not exclusive and up to @nr exclusive ones
 * @wq: the queue
 * @nr: how many exclusive ones; 0 means all
 * @key: poll mask for the entries' functions, 0 for any
 *
 * Context: takes wq->lock. Cheap when the queue is empty: one load, after a full barrier.
 */
void __wake_up(struct wait_queue_head *wq, int nr, uint32_t key);

/**
 * __wake_up_waiters() - what __wake_up() does when the queue is not empty
 * @wq: the queue
 * @nr: as there
 * @key: as there
 *
 * Context: takes wq->lock.
 */
void __wake_up_waiters(struct wait_queue_head *wq, int nr, uint32_t key);

/* __wake_up(), if there was a full barrier since the condition was made true, as mutex_unlock_mb() and compare and exchange are. */
static inline void
__wake_up_after_mb(struct wait_queue_head *wq, int nr, uint32_t key)
{
	if (__atomic_load_n(&wq->head.next, __ATOMIC_RELAXED) != &wq->head)
		__wake_up_waiters(wq, nr, key);
}

#define wake_up_poll_after_mb(wq, key) __wake_up_after_mb(wq, 1, key)

#define wake_up(wq)	      __wake_up(wq, 1, 0)
#define wake_up_all(wq)	      __wake_up(wq, 0, 0)
#define wake_up_poll(wq, key) __wake_up(wq, 1, key)

/* Sleep until @cond; 0, or -ERESTARTSYS on a signal. @t is the current task. No lock may be held. */
#define wait_event_interruptible(t, wq, cond)                                                                             \
	({                                                                                                                \
		struct wait_queue_entry we_;                                                                              \
		int we_err_ = 0;                                                                                          \
		init_wait(&we_, (t));                                                                                     \
		for (;;) {                                                                                                \
			prepare_to_wait((wq), &we_, TASK_INTERRUPTIBLE);                                                  \
			if (cond)                                                                                         \
				break;                                                                                    \
			if (signal_pending(t)) {                                                                          \
				we_err_ = -ERESTARTSYS;                                                                   \
				break;                                                                                    \
			}                                                                                                 \
			schedule(t);                                                                                      \
		}                                                                                                         \
		finish_wait((wq), &we_);                                                                                  \
		we_err_;                                                                                                  \
	})

/* The same, only SIGKILL interrupts. */
#define wait_event_killable(t, wq, cond)                                                                                  \
	({                                                                                                                \
		struct wait_queue_entry we_;                                                                              \
		int we_err_ = 0;                                                                                          \
		init_wait(&we_, (t));                                                                                     \
		for (;;) {                                                                                                \
			prepare_to_wait((wq), &we_, TASK_KILLABLE);                                                       \
			if (cond)                                                                                         \
				break;                                                                                    \
			if (fatal_signal_pending(t)) {                                                                    \
				we_err_ = -ERESTARTSYS;                                                                   \
				break;                                                                                    \
			}                                                                                                 \
			schedule(t);                                                                                      \
		}                                                                                                         \
		finish_wait((wq), &we_);                                                                                  \
		we_err_;                                                                                                  \
	})

#endif
