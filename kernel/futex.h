/* SPDX-License-Identifier: MIT
 *
 * Futexes: futex(2), robust lists' wake-ups, clear_child_tid. Deadlines are CLOCK_MONOTONIC ns or NO_DEADLINE.
 */
#ifndef STEAD_KERNEL_FUTEX_H
#define STEAD_KERNEL_FUTEX_H

#include "kernel/list.h"
#include "kernel/lock.h"
#include "kernel/types.h"
#include "mm/mm.h"

struct task;
struct kernel;

/* One word that somebody waits for. */
struct futex_bucket {
	struct mutex lock; /* RANK_FUTEX: the chain, and the look at the word before it is queued */
	uint32_t waiters;  /* who is queued or about to be; atomic */
	struct list_head chain;
};

/* A waiter, on its kernel stack. */
struct futex_q {
	struct list_head list;
	struct futex_bucket *bucket; /* NULL once woken: then nobody but the waiter touches it */
	struct futex_key key;
	struct task *task;
	uint32_t bitset;
	bool pi, got; /* priority inheriting; @got: the lock was handed over */
	uint32_t owner_tid, dead_tid;
};

/* One futex of futex_waitv(2). */
struct futex_vector {
	struct futex_q q;
	uaddr_t u;
	uint32_t val;
	bool shared;
};

/**
 * futex_init() - make k->futex
 * @k: the instance
 *
 * Context: boot.
 * Return: 0, -ENOMEM.
 */
int futex_init(struct kernel *k) __must_check;

/**
 * futex_wait() - sleep while a word has a value
 * @t: the current task
 * @u: the word
 * @shared: not FUTEX_PRIVATE_FLAG
 * @val: the value
 * @deadline: when to give up
 * @bitset: wake-ups that it is for
 *
 * Context: sleeps.
 * Return: 0 woken, -EAGAIN another value, -ETIMEDOUT, -ERESTARTSYS, -EFAULT, -EINVAL.
 */
int64_t futex_wait(struct task *t, uaddr_t u, bool shared, uint32_t val, int64_t deadline, uint32_t bitset) __must_check;

/**
 * futex_wait_multiple() - sleep while all words have their values
 * @t: the current task
 * @v: the words, values and flags
 * @n: how many
 * @deadline: when to give up
 *
 * Return: the index of one that was woken, or as futex_wait().
 */
int64_t futex_wait_multiple(struct task *t, struct futex_vector *v, unsigned int n, int64_t deadline) __must_check;

/**
 * futex_wake() - wake waiters of a word
 * @t: the current task
 * @u: the word
 * @shared: not FUTEX_PRIVATE_FLAG
 * @nr: how many, at least one
 * @bitset: which
 *
 * Return: how many were woken, -EFAULT, -EINVAL.
 */
int64_t futex_wake(struct task *t, uaddr_t u, bool shared, int nr, uint32_t bitset) __must_check;

/**
 * futex_wake_user() - FUTEX_WAKE by the kernel itself, for exit
 * @t: the current task
 * @u: the word
 * @shared: not FUTEX_PRIVATE_FLAG
 * @nr: how many
 *
 * Return: how many were woken, or an error that is nobody's to see.
 */
int futex_wake_user(struct task *t, uaddr_t u, bool shared, int nr);

/**
 * futex_requeue() - wake some waiters of one word, and make others wait for another
 * @t: the current task
 * @u1: the word waited for
 * @shared1: it is not private
 * @u2: the other
 * @shared2: it is not private
 * @nr_wake: how many to wake
 * @nr_requeue: how many to move
 * @cmp: the value expected at @u1, or NULL
 *
 * Return: how many were woken or moved, -EAGAIN, -EFAULT, -EINVAL.
 */
int64_t futex_requeue(struct task *t, uaddr_t u1, bool shared1, uaddr_t u2, bool shared2, int nr_wake, int nr_requeue,
		      const uint32_t *cmp) __must_check;

/**
 * futex_wake_op() - FUTEX_WAKE_OP
 * @t: the current task
 * @u1: woken always
 * @shared: neither is private
 * @u2: changed, and woken if its old value compares
 * @nr_wake: of @u1
 * @nr_wake2: of @u2
 * @op: encoded as futex(2) says
 *
 * Return: how many were woken, -EFAULT, -EINVAL, -ENOSYS.
 */
int64_t futex_wake_op(struct task *t, uaddr_t u1, bool shared, uaddr_t u2, int nr_wake, int nr_wake2, uint32_t op) __must_check;

/**
 * futex_lock_pi(), futex_unlock_pi() - locks whose owner is named in the word (kernel/futex-pi.c)
 * @t: the current task
 * @u: the word
 * @shared: not FUTEX_PRIVATE_FLAG
 * @deadline: when to give up
 * @try: FUTEX_TRYLOCK_PI
 *
 * Return: 0, -EDEADLK, -ESRCH, -EAGAIN, -ETIMEDOUT, -EPERM, -EFAULT, -EINVAL, -ERESTARTNOINTR.
 */
int64_t futex_lock_pi(struct task *t, uaddr_t u, bool shared, int64_t deadline, bool try) __must_check;
int64_t futex_unlock_pi(struct task *t, uaddr_t u, bool shared) __must_check;

/**
 * futex_exit() - the current task will own no lock any more: waiters for those it has go on with FUTEX_OWNER_DIED
 * @t: the current task, after its robust list was walked
 */
void futex_exit(struct task *t);

/* Shared by futex.c and futex-pi.c. */
struct futex_bucket *futex_hash(struct kernel *k, const struct futex_key *key);
struct futex_bucket *futex_buckets(struct kernel *k);
unsigned int futex_nr_buckets(void);
int futex_get_key(struct task *t, uaddr_t u, bool shared, struct futex_key *key) __must_check;
bool futex_match(const struct futex_q *q, const struct futex_key *key);
void futex_queue(struct futex_q *q, struct futex_bucket *b) __releases_lock(&b->lock);
bool futex_unqueue(struct futex_q *q);
struct task *futex_take(struct futex_q *q);
void futex_bucket_leave(struct futex_bucket *b) __releases_lock(&b->lock);
void futex_bucket_enter(struct futex_bucket *b) __acquires_lock(&b->lock);

#endif
