/* SPDX-License-Identifier: MIT
 *
 * futex(2): a hash of buckets, each a lock and the waiters of all words that fall into it.
 *
 * No wake-up is lost because a waiter looks at the word with the bucket's lock held and queues itself before it lets go, and a
 * waker takes that lock after the word was changed. A waker may skip the lock when bucket->waiters is zero: a waiter counts
 * itself before it looks at the word.
 *
 * A waiter is on the sleeper's stack. Whoever sets q->bucket to NULL (under the lock, after a reference to the task was taken)
 * has woken it and must not touch it again.
 *
 * Locks: mmap_lock (for a shared key) comes before and is dropped again; bucket->lock is RANK_FUTEX, two of them by address.
 * User memory is read and changed under it; a fault there drops the lock and is tried outside of it first.
 */
#include <linux/futex.h>

#include "kernel/errno.h"
#include "kernel/futex.h"
#include "kernel/kernel.h"
#include "kernel/task.h"
#include "mm/uaccess.h"

#define NR_BUCKETS 256u
#define WAKE_BATCH 16

struct futex_state {
	struct futex_bucket buckets[NR_BUCKETS];
};

/* Tasks to wake once the bucket's lock is gone. */
struct wake_batch {
	unsigned int n;
	struct task *task[WAKE_BATCH];
};

int
futex_init(struct kernel *k)
{
	k->futex = kzalloc(k, sizeof(*k->futex));
	if (!k->futex)
		return -ENOMEM;
	for (unsigned int i = 0; i < NR_BUCKETS; i++) {
		mutex_init(&k->futex->buckets[i].lock, RANK_FUTEX);
		INIT_LIST_HEAD(&k->futex->buckets[i].chain);
	}
	return 0;
}

struct futex_bucket *
futex_buckets(struct kernel *k)
{
	return k->futex->buckets;
}

unsigned int
futex_nr_buckets(void)
{
	return NR_BUCKETS;
}

struct futex_bucket *
futex_hash(struct kernel *k, const struct futex_key *key)
{
	uint64_t h = (key->object ^ (key->offset >> 2) * 0x9e3779b97f4a7c15ULL) * 0xff51afd7ed558ccdULL;

	return &k->futex->buckets[(h >> 40) % NR_BUCKETS];
}

int
futex_get_key(struct task *t, uaddr_t u, bool shared, struct futex_key *key)
{
	return u.a & 3 ? -EINVAL : mm_futex_key(t, u, shared, key);
}

bool
futex_match(const struct futex_q *q, const struct futex_key *key)
{
	return q->key.object == key->object && q->key.offset == key->offset;
}

void
futex_bucket_enter(struct futex_bucket *b) __acquires_lock(b->lock)
{
	__atomic_add_fetch(&b->waiters, 1, __ATOMIC_SEQ_CST);
	mutex_lock(&b->lock);
}

/* The caller does not queue itself after all. */
void
futex_bucket_leave(struct futex_bucket *b) __releases_lock(b->lock)
{
	mutex_unlock(&b->lock);
	__atomic_sub_fetch(&b->waiters, 1, __ATOMIC_RELAXED);
}

/* After futex_bucket_enter(): queue and let go. */
void
futex_queue(struct futex_q *q, struct futex_bucket *b) __releases_lock(b->lock)
{
	__atomic_store_n(&q->bucket, b, __ATOMIC_RELAXED);
	list_add_tail(&q->list, &b->chain);
	mutex_unlock_mb(&b->lock);
}

/* The waiter's own way off the queue. False: somebody woke it. */
bool
futex_unqueue(struct futex_q *q) __no_thread_safety
{
	struct futex_bucket *b;

	while ((b = __atomic_load_n(&q->bucket, __ATOMIC_ACQUIRE)) != NULL) {
		mutex_lock(&b->lock);
		if (q->bucket == b) {
			list_del(&q->list);
			q->bucket = NULL;
			futex_bucket_leave(b);
			return true;
		}
		mutex_unlock(&b->lock); /* requeued meanwhile */
	}
	return false;
}

/* A waker's way: returns the task with a reference; the waiter may be gone at once. */
struct task *
futex_take(struct futex_q *q)
{
	struct futex_bucket *b = q->bucket;
	struct task *task = q->task;

	get_task_struct(task);
	list_del(&q->list);
	__atomic_sub_fetch(&b->waiters, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&q->bucket, NULL, __ATOMIC_RELEASE);
	return task;
}

static void
wake_flush(struct wake_batch *w)
{
	for (unsigned int i = 0; i < w->n; i++) {
		wake_up_process(w->task[i]);
		put_task_struct(w->task[i]);
	}
	w->n = 0;
}

static void
wake_q(struct wake_batch *w, struct futex_q *q)
{
	if (w->n == WAKE_BATCH)
		wake_flush(w);
	w->task[w->n++] = futex_take(q);
}

/*
 * Look at the word with the bucket's lock held. 0: it has the value, the lock is still held. Otherwise the lock is dropped:
 * -EAGAIN another value, -EFAULT, or 1: it can be read now, try again.
 */
static int
check_word(struct task *t, struct futex_bucket *b, uaddr_t u, uint32_t val) __no_thread_safety
{
	uint32_t now;

	if (get_user_u32_atomic(t, &now, u)) {
		futex_bucket_leave(b);
		return get_user_u32(t, &now, u) ? -EFAULT : 1;
	}
	if (now == val)
		return 0;
	futex_bucket_leave(b);
	return -EAGAIN;
}

/* Queued, and the task's state set, when it returns 0. */
static int
wait_setup(struct task *t, struct futex_q *q, uaddr_t u, bool shared, uint32_t val) __no_thread_safety
{
	struct futex_bucket *b;
	int err;

	do {
		err = futex_get_key(t, u, shared, &q->key);
		if (err)
			return err;
		b = futex_hash(t->k, &q->key);
		futex_bucket_enter(b);
		err = check_word(t, b, u, val);
	} while (err == 1);
	if (err)
		return err;
	__atomic_store_n(&t->state, TASK_INTERRUPTIBLE, __ATOMIC_RELAXED);
	futex_queue(q, b);
	return 0;
}

int64_t
futex_wait(struct task *t, uaddr_t u, bool shared, uint32_t val, int64_t deadline, uint32_t bitset)
{
	struct futex_q q = { .task = t, .bitset = bitset };
	int err;

	if (bitset == 0)
		return -EINVAL;
	for (;;) {
		err = wait_setup(t, &q, u, shared, val);
		if (err)
			return err;
		err = schedule_until(t, deadline);
		if (!futex_unqueue(&q))
			return 0;
		if (err == -ETIME)
			return -ETIMEDOUT;
		if (signal_pending(t))
			return -ERESTARTSYS;
	}
}

/* Take all off their queues; the index of one that was woken, or -1. */
static int
unqueue_multiple(struct futex_vector *v, unsigned int n)
{
	int woken = -1;

	for (unsigned int i = 0; i < n; i++)
		if (!futex_unqueue(&v[i].q))
			woken = (int)i;
	return woken;
}

/* All queued: 0; one was woken meanwhile: its index + 1; or an error, with none queued. */
static int
setup_multiple(struct task *t, struct futex_vector *v, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		int err, woken;

		v[i].q.task = t;
		v[i].q.bitset = FUTEX_BITSET_MATCH_ANY;
		err = wait_setup(t, &v[i].q, v[i].u, v[i].shared, v[i].val);
		if (!err)
			continue;
		set_current_state(t, TASK_RUNNING);
		woken = unqueue_multiple(v, i);
		return woken >= 0 ? woken + 1 : err;
	}
	return 0;
}

int64_t
futex_wait_multiple(struct task *t, struct futex_vector *v, unsigned int n, int64_t deadline)
{
	for (;;) {
		int err = setup_multiple(t, v, n), woken;

		if (err)
			return err > 0 ? err - 1 : err;
		err = schedule_until(t, deadline);
		woken = unqueue_multiple(v, n);
		if (woken >= 0)
			return woken;
		if (err == -ETIME)
			return -ETIMEDOUT;
		if (signal_pending(t))
			return -ERESTARTSYS;
	}
}

/* Wake up to @nr waiters of @key in @b, whose lock is held. */
static int64_t
wake_matching(struct futex_bucket *b, const struct futex_key *key, int nr, uint32_t bitset, struct wake_batch *w)
{
	struct futex_q *q, *n;
	int64_t woken = 0;

	list_for_each_entry_safe(q, n, &b->chain, list) {
		if (!futex_match(q, key))
			continue;
		if (q->pi)
			return -EINVAL;
		if (!(q->bitset & bitset))
			continue;
		wake_q(w, q);
		if (++woken >= nr)
			break;
	}
	return woken;
}

int64_t
futex_wake(struct task *t, uaddr_t u, bool shared, int nr, uint32_t bitset)
{
	struct wake_batch w = { 0 };
	struct futex_bucket *b;
	struct futex_key key;
	int64_t ret;

	if (bitset == 0)
		return -EINVAL;
	ret = futex_get_key(t, u, shared, &key);
	if (ret)
		return ret;
	b = futex_hash(t->k, &key);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&b->waiters, __ATOMIC_SEQ_CST) == 0)
		return 0;
	mutex_lock(&b->lock);
	ret = wake_matching(b, &key, nr, bitset, &w);
	mutex_unlock(&b->lock);
	wake_flush(&w);
	return ret;
}

int
futex_wake_user(struct task *t, uaddr_t u, bool shared, int nr)
{
	return (int)futex_wake(t, u, shared, nr, FUTEX_BITSET_MATCH_ANY);
}

static void
lock_two(struct futex_bucket *a, struct futex_bucket *b) __no_thread_safety
{
	if (a > b) {
		struct futex_bucket *c = a;

		a = b;
		b = c;
	}
	mutex_lock(&a->lock);
	if (a != b)
		mutex_lock_nested(&b->lock);
}

static void
unlock_two(struct futex_bucket *a, struct futex_bucket *b) __no_thread_safety
{
	mutex_unlock(&a->lock);
	if (a != b)
		mutex_unlock(&b->lock);
}

static void
move_waiter(struct futex_q *q, struct futex_bucket *to, const struct futex_key *key)
{
	struct futex_bucket *from = q->bucket;

	q->key = *key;
	if (from == to)
		return;
	__atomic_add_fetch(&to->waiters, 1, __ATOMIC_SEQ_CST);
	list_move_tail(&q->list, &to->chain);
	__atomic_store_n(&q->bucket, to, __ATOMIC_RELEASE);
	__atomic_sub_fetch(&from->waiters, 1, __ATOMIC_RELAXED);
}

static int64_t
requeue_matching(struct futex_bucket *b1, const struct futex_key *k1, struct futex_bucket *b2, const struct futex_key *k2,
		 int nr_wake, int nr_requeue, struct wake_batch *w)
{
	struct futex_q *q, *n;
	int64_t count = 0;

	list_for_each_entry_safe(q, n, &b1->chain, list) {
		if (count - nr_wake >= nr_requeue)
			break;
		if (!futex_match(q, k1))
			continue;
		if (q->pi)
			return -EINVAL;
		if (++count <= nr_wake)
			wake_q(w, q);
		else
			move_waiter(q, b2, k2);
	}
	return count;
}

int64_t
futex_requeue(struct task *t, uaddr_t u1, bool shared1, uaddr_t u2, bool shared2, int nr_wake, int nr_requeue, const uint32_t *cmp)
{
	struct wake_batch w = { 0 };
	struct futex_bucket *b1, *b2;
	struct futex_key k1, k2;
	uint32_t now = 0;
	int64_t ret;
	int fault;

	if (nr_wake < 0 || nr_requeue < 0)
		return -EINVAL;
	for (;;) {
		ret = futex_get_key(t, u1, shared1, &k1);
		if (!ret)
			ret = futex_get_key(t, u2, shared2, &k2);
		if (ret)
			return ret;
		b1 = futex_hash(t->k, &k1);
		b2 = futex_hash(t->k, &k2);
		lock_two(b1, b2);
		fault = cmp ? get_user_u32_atomic(t, &now, u1) : 0;
		if (!fault)
			break;
		unlock_two(b1, b2);
		if (get_user_u32(t, &now, u1))
			return -EFAULT;
	}
	if (cmp && now != *cmp)
		ret = -EAGAIN;
	else
		ret = requeue_matching(b1, &k1, b2, &k2, nr_wake, nr_requeue, &w);
	unlock_two(b1, b2);
	wake_flush(&w);
	return ret;
}

static int32_t
sign_extend12(uint32_t v)
{
	return (int32_t)(v << 20) >> 20;
}

static int
apply_op(uint32_t op, uint32_t oldval, uint32_t arg, uint32_t *newval)
{
	switch (op) {
	case FUTEX_OP_SET:
		*newval = arg;
		return 0;
	case FUTEX_OP_ADD:
		*newval = oldval + arg;
		return 0;
	case FUTEX_OP_OR:
		*newval = oldval | arg;
		return 0;
	case FUTEX_OP_ANDN:
		*newval = oldval & ~arg;
		return 0;
	case FUTEX_OP_XOR:
		*newval = oldval ^ arg;
		return 0;
	default:
		return -ENOSYS;
	}
}

static int
compare_op(uint32_t cmp, int32_t oldval, int32_t arg)
{
	switch (cmp) {
	case FUTEX_OP_CMP_EQ:
		return oldval == arg;
	case FUTEX_OP_CMP_NE:
		return oldval != arg;
	case FUTEX_OP_CMP_LT:
		return oldval < arg;
	case FUTEX_OP_CMP_GE:
		return oldval >= arg;
	case FUTEX_OP_CMP_LE:
		return oldval <= arg;
	case FUTEX_OP_CMP_GT:
		return oldval > arg;
	default:
		return -ENOSYS;
	}
}

/* The atomic operation on user memory; whether the old value compares, or an error. */
static int
do_op(struct task *t, uint32_t enc, uaddr_t u)
{
	uint32_t op = (enc >> 28) & 7, arg = (uint32_t)sign_extend12((enc >> 12) & 0xfff), now, found, newval;
	int err;

	if ((enc >> 28) & FUTEX_OP_OPARG_SHIFT)
		arg = 1u << (arg & 31);
	err = apply_op(op, 0, arg, &newval);
	if (!err)
		err = get_user_u32_atomic(t, &now, u);
	if (err)
		return err;
	for (;;) {
		ignore_err(apply_op(op, now, arg, &newval), "checked above");
		found = now;
		err = user_cmpxchg32(t, u, &found, newval);
		if (err)
			return err;
		if (found == now)
			break;
		now = found;
	}
	return compare_op((enc >> 24) & 15, (int32_t)now, sign_extend12(enc & 0xfff));
}

int64_t
futex_wake_op(struct task *t, uaddr_t u1, bool shared, uaddr_t u2, int nr_wake, int nr_wake2, uint32_t op)
{
	struct wake_batch w = { 0 };
	struct futex_bucket *b1, *b2;
	struct futex_key k1, k2;
	int64_t ret, more = 0;
	int cond;

	for (;;) {
		uint32_t now;

		ret = futex_get_key(t, u1, shared, &k1);
		if (!ret)
			ret = futex_get_key(t, u2, shared, &k2);
		if (ret)
			return ret;
		b1 = futex_hash(t->k, &k1);
		b2 = futex_hash(t->k, &k2);
		lock_two(b1, b2);
		cond = do_op(t, op, u2);
		if (cond != -EFAULT)
			break;
		/* Nothing was changed. Can it be read and written outside? */
		unlock_two(b1, b2);
		if (get_user_u32(t, &now, u2) || user_cmpxchg32(t, u2, &now, now))
			return -EFAULT;
	}
	ret = cond < 0 ? cond : wake_matching(b1, &k1, nr_wake, FUTEX_BITSET_MATCH_ANY, &w);
	if (cond > 0 && ret >= 0)
		more = wake_matching(b2, &k2, nr_wake2, FUTEX_BITSET_MATCH_ANY, &w);
	unlock_two(b1, b2);
	wake_flush(&w);
	return ret < 0 ? ret : more < 0 ? more : ret + more;
}
