/* SPDX-License-Identifier: MIT
 *
 * Futexes that name their owner: FUTEX_LOCK_PI, _LOCK_PI2, _TRYLOCK_PI, _UNLOCK_PI. The word holds the owner's tid; the kernel
 * sets FUTEX_WAITERS when somebody waits, so that the owner has to call to unlock, and then hands the lock to the waiter that
 * came first. An owner that dies leaves it to the next with FUTEX_OWNER_DIED.
 *
 * Left out: the inheritance of priority (the host schedules); FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI.
 *
 * Locks: as futex.c. The owner is looked up (tasklist_lock) before the bucket is locked, then the word is read again.
 */
#include <linux/futex.h>

#include "kernel/errno.h"
#include "kernel/futex.h"
#include "kernel/kernel.h"
#include "kernel/task.h"
#include "mm/uaccess.h"

#define RETRY 1
#define WAIT  2

/* task->futex_pi_exited */
#define PI_EXITED    1 /* whoever waits for it is being told */
#define PI_UNCLAIMED 2 /* and nobody did */

struct pi_lock {
	uaddr_t u;
	bool shared, try;
	struct futex_bucket *b;
	struct futex_q q;
};

static struct futex_q *
top_waiter(struct futex_bucket *b, const struct futex_key *key)
{
	struct futex_q *q;

	list_for_each_entry(q, &b->chain, list)
		if (futex_match(q, key))
			return q;
	return NULL;
}

/* 0 changed, RETRY somebody else changed it, -EFAULT. */
static int
change_word(struct task *t, uaddr_t u, uint32_t old, uint32_t new)
{
	uint32_t found = old;

	if (user_cmpxchg32(t, u, &found, new))
		return -EFAULT;
	return found == old ? 0 : RETRY;
}

/* The owner has let go of what it knew of, and the word named it just before. */
static int
exited_owner(struct task *t, const struct pi_lock *l, uint32_t val, uint8_t exited)
{
	uint32_t now;

	if (exited != PI_UNCLAIMED || get_user_u32_atomic(t, &now, l->u) || now != val)
		return RETRY;
	return -ESRCH;
}

/* With the bucket locked and @val just read: 0 we own it, WAIT, RETRY, or an error. */
static int
try_lock(struct task *t, struct pi_lock *l, uint32_t val, struct task *owner)
{
	struct futex_q *top = top_waiter(l->b, &l->q.key);
	uint32_t tid = val & FUTEX_TID_MASK;
	uint8_t exited;
	int err;

	if (tid == (uint32_t)t->pid)
		return -EDEADLK;
	if (top && !top->pi)
		return -EINVAL;
	if (tid == 0 || tid == l->q.dead_tid) {
		uint32_t died = tid ? FUTEX_OWNER_DIED : val & FUTEX_OWNER_DIED;

		return change_word(t, l->u, val, (uint32_t)t->pid | died | (top ? FUTEX_WAITERS : 0));
	}
	/* whatever becomes of it: from now on the owner cannot unlock alone */
	if (!(val & FUTEX_WAITERS)) {
		err = change_word(t, l->u, val, val | FUTEX_WAITERS);
		if (err)
			return err;
		val |= FUTEX_WAITERS;
	}
	if (!owner)
		return -ESRCH;
	exited = __atomic_load_n(&owner->futex_pi_exited, __ATOMIC_SEQ_CST);
	if (exited)
		return exited_owner(t, l, val, exited);
	if (l->try)
		return -EAGAIN;
	/* Either the owner's exit sees that somebody waits, or this sees that it has looked already. */
	__atomic_store_n(&owner->futex_pi_waited, true, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&owner->futex_pi_exited, __ATOMIC_SEQ_CST))
		return RETRY;
	l->q.owner_tid = tid;
	return WAIT;
}

/* One attempt: 0 we own it, WAIT: queued, RETRY, or an error. */
static int
lock_attempt(struct task *t, struct pi_lock *l)
{
	struct task *owner = NULL;
	uint32_t guess, val;
	int ret = futex_get_key(t, l->u, l->shared, &l->q.key);

	if (ret)
		return ret;
	if (get_user_u32(t, &guess, l->u))
		return -EFAULT;
	if (guess & FUTEX_TID_MASK)
		owner = find_task_by_pid(t->k, (int)(guess & FUTEX_TID_MASK));
	l->b = futex_hash(t->k, &l->q.key);
	futex_bucket_enter(l->b);
	ret = RETRY;
	if (get_user_u32_atomic(t, &val, l->u))
		ret = RETRY; /* it was there just now; the next attempt will tell */
	else if ((val & FUTEX_TID_MASK) == (guess & FUTEX_TID_MASK))
		ret = try_lock(t, l, val, owner);
	if (ret == WAIT) {
		l->q.got = false;
		l->q.dead_tid = 0;
		set_current_state(t, TASK_INTERRUPTIBLE);
		futex_queue(&l->q, l->b);
	} else {
		futex_bucket_leave(l->b);
	}
	if (owner)
		put_task_struct(owner);
	return ret;
}

int64_t
futex_lock_pi(struct task *t, uaddr_t u, bool shared, int64_t deadline, bool try)
{
	struct pi_lock l = { .u = u, .shared = shared, .try = try };
	int ret, slept;

	l.q.task = t;
	l.q.bitset = FUTEX_BITSET_MATCH_ANY;
	l.q.pi = true;
	for (;;) {
		ret = lock_attempt(t, &l);
		if (ret == RETRY) {
			if (fatal_signal_pending(t))
				return -ERESTARTNOINTR;
			/* the owner is just going away, or the word changes quickly */
			set_current_state(t, TASK_KILLABLE);
			schedule_until(t, deadline_after(50 * 1000));
			continue;
		}
		if (ret != WAIT)
			return ret;
		slept = schedule_until(t, deadline);
		if (!futex_unqueue(&l.q)) {
			if (l.q.got)
				return 0;
			continue; /* the owner died: l.q.dead_tid may be replaced */
		}
		if (slept == -ETIME)
			return -ETIMEDOUT;
		if (signal_pending(t))
			return -ERESTARTNOINTR;
	}
}

/* Waiters that stay wait for the new owner now. */
static void
set_owner(struct futex_bucket *b, const struct futex_key *key, struct task *owner)
{
	struct futex_q *q;

	list_for_each_entry(q, &b->chain, list) {
		if (!futex_match(q, key))
			continue;
		q->owner_tid = (uint32_t)owner->pid;
		__atomic_store_n(&owner->futex_pi_waited, true, __ATOMIC_SEQ_CST);
	}
}

/* The bucket is locked, the word is ours. 0, RETRY, or an error; *@next is to be woken. */
static int
hand_over(struct task *t, struct futex_bucket *b, const struct futex_key *key, uaddr_t u, uint32_t val, struct task **next)
{
	struct futex_q *top = top_waiter(b, key);
	int err;

	if (!top)
		return change_word(t, u, val, 0);
	if (!top->pi)
		return -EINVAL;
	err = change_word(t, u, val, (uint32_t)top->task->pid | FUTEX_WAITERS);
	if (err)
		return err;
	top->got = true;
	*next = futex_take(top);
	set_owner(b, key, *next);
	return 0;
}

int64_t
futex_unlock_pi(struct task *t, uaddr_t u, bool shared)
{
	struct task *next = NULL;
	struct futex_bucket *b;
	struct futex_key key;
	uint32_t val;
	int err;

	do {
		if (get_user_u32(t, &val, u))
			return -EFAULT;
		if ((val & FUTEX_TID_MASK) != (uint32_t)t->pid)
			return -EPERM;
		err = futex_get_key(t, u, shared, &key);
		if (err)
			return err;
		b = futex_hash(t->k, &key);
		mutex_lock(&b->lock);
		err = hand_over(t, b, &key, u, val, &next);
		mutex_unlock(&b->lock);
	} while (err == RETRY);
	if (next) {
		wake_up_process(next);
		put_task_struct(next);
	}
	return err;
}

/* All of them look again: the first takes the lock, the others wait for that one. True: there were some. */
static bool
owner_died(struct futex_bucket *b, uint32_t tid)
{
	struct futex_q *q, *n;
	bool claimed = false;

	mutex_lock(&b->lock);
	list_for_each_entry_safe(q, n, &b->chain, list) {
		struct task *next;

		if (!q->pi || q->owner_tid != tid)
			continue;
		q->dead_tid = tid;
		next = futex_take(q);
		wake_up_process(next);
		put_task_struct(next);
		claimed = true;
	}
	mutex_unlock(&b->lock);
	return claimed;
}

void
futex_exit(struct task *t)
{
	struct futex_bucket *b = futex_buckets(t->k);
	bool claimed = false;

	__atomic_store_n(&t->futex_pi_exited, PI_EXITED, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&t->futex_pi_waited, __ATOMIC_SEQ_CST))
		for (unsigned int i = 0; i < futex_nr_buckets(); i++, b++)
			claimed |= owner_died(b, (uint32_t)t->pid);
	if (!(t->flags & PF_EXITING)) {
		/* exec: a new life */
		__atomic_store_n(&t->futex_pi_waited, false, __ATOMIC_SEQ_CST);
		__atomic_store_n(&t->futex_pi_exited, 0, __ATOMIC_SEQ_CST);
	} else if (!claimed) {
		__atomic_store_n(&t->futex_pi_exited, PI_UNCLAIMED, __ATOMIC_SEQ_CST);
	}
}
