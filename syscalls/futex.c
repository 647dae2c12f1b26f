/* SPDX-License-Identifier: MIT
 *
 * futex(2), futex_waitv(2), the futex calls of Linux 6.7, and the robust list's head.
 *
 * An absolute CLOCK_REALTIME timeout is turned into a monotonic one at the call: a later change of the clock does not move it.
 */
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/time.h>

#include "kernel/cred.h"
#include "kernel/errno.h"
#include "kernel/futex.h"
#include "kernel/task.h"
#include "mm/uaccess.h"
#include "syscalls/proto.h"

/* Of the newer calls: the size, in place of FUTEX_32, and private. */
#define FUTEX2_SIZE_MASK 3u
#define FUTEX2_SIZE_U32	 2u
#define FUTEX2_VALID	 (FUTEX2_SIZE_MASK | FUTEX_PRIVATE_FLAG)

static int64_t
absolute_deadline(int64_t ns, bool realtime)
{
	int64_t now;

	if (!realtime || ns == INT64_MAX)
		return ns;
	now = ktime_get_real();
	return ns <= now ? 0 : deadline_after(ns - now);
}

static int64_t futex_wait_restart(struct task *t, struct restart_block *rb);

/* A wait with a timeout goes on with the same deadline after a stop; one without is just made again. */
static int64_t
wait_restartable(struct task *t, uaddr_t u, bool shared, uint32_t val, int64_t deadline, uint32_t bitset)
{
	int64_t ret = futex_wait(t, u, shared, val, deadline, bitset);

	if (ret != -ERESTARTSYS || deadline == NO_DEADLINE)
		return ret;
	t->restart.fn = futex_wait_restart;
	t->restart.deadline = deadline;
	t->restart.a[0] = u.a;
	t->restart.a[1] = shared;
	t->restart.a[2] = val;
	t->restart.a[3] = bitset;
	return -ERESTART_RESTARTBLOCK;
}

static int64_t
futex_wait_restart(struct task *t, struct restart_block *rb)
{
	return wait_restartable(t, UADDR(rb->a[0]), rb->a[1] != 0, (uint32_t)rb->a[2], rb->deadline, (uint32_t)rb->a[3]);
}

static bool
has_timeout(int cmd)
{
	return cmd == FUTEX_WAIT || cmd == FUTEX_LOCK_PI || cmd == FUTEX_LOCK_PI2 || cmd == FUTEX_WAIT_BITSET ||
	       cmd == FUTEX_WAIT_REQUEUE_PI;
}

static int
read_timeout(struct task *t, int op, uaddr_t timeout, int64_t *deadline)
{
	int cmd = op & FUTEX_CMD_MASK;
	int64_t ns;
	int err;

	*deadline = NO_DEADLINE;
	if (uaddr_null(timeout) || !has_timeout(cmd))
		return 0;
	err = get_timespec64(t, &ns, timeout);
	if (err)
		return err;
	if (cmd == FUTEX_WAIT)
		*deadline = deadline_after(ns);
	else
		*deadline = absolute_deadline(ns, cmd == FUTEX_LOCK_PI || (op & FUTEX_CLOCK_REALTIME));
	return 0;
}

int64_t
sys_futex(struct task *t, uaddr_t uaddr, int op, unsigned int val, uaddr_t timeout, uaddr_t uaddr2, unsigned int val3)
{
	int cmd = op & FUTEX_CMD_MASK, val2 = (int)timeout.a;
	bool shared = !(op & FUTEX_PRIVATE_FLAG);
	int64_t deadline;
	int err = read_timeout(t, op, timeout, &deadline);

	if (err)
		return err;
	if ((op & FUTEX_CLOCK_REALTIME) && cmd != FUTEX_WAIT_BITSET && cmd != FUTEX_WAIT_REQUEUE_PI && cmd != FUTEX_LOCK_PI2)
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
		return wait_restartable(t, uaddr, shared, val, deadline, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAIT_BITSET:
		return wait_restartable(t, uaddr, shared, val, deadline, val3);
	case FUTEX_WAKE:
		return futex_wake(t, uaddr, shared, (int)val, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return futex_wake(t, uaddr, shared, (int)val, val3);
	case FUTEX_REQUEUE:
		return futex_requeue(t, uaddr, shared, uaddr2, shared, (int)val, val2, NULL);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(t, uaddr, shared, uaddr2, shared, (int)val, val2, &val3);
	case FUTEX_WAKE_OP:
		return futex_wake_op(t, uaddr, shared, uaddr2, (int)val, val2, val3);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return futex_lock_pi(t, uaddr, shared, deadline, false);
	case FUTEX_TRYLOCK_PI:
		return futex_lock_pi(t, uaddr, shared, NO_DEADLINE, true);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(t, uaddr, shared);
	default:
		return -ENOSYS;
	}
}

static bool
futex2_flags_ok(uint32_t flags)
{
	return !(flags & ~FUTEX2_VALID) && (flags & FUTEX2_SIZE_MASK) == FUTEX2_SIZE_U32;
}

static int
read_timeout2(struct task *t, uaddr_t timeout, int clockid, int64_t *deadline)
{
	int64_t ns;
	int err;

	*deadline = NO_DEADLINE;
	if (uaddr_null(timeout))
		return 0;
	if (clockid != CLOCK_REALTIME && clockid != CLOCK_MONOTONIC)
		return -EINVAL;
	err = get_timespec64(t, &ns, timeout);
	if (!err)
		*deadline = absolute_deadline(ns, clockid == CLOCK_REALTIME);
	return err;
}

/* @v gets @n words from user memory. */
static int
read_waiters(struct task *t, uaddr_t waiters, unsigned int n, struct futex_vector *v)
{
	for (unsigned int i = 0; i < n; i++) {
		struct futex_waitv w;

		if (copy_in(t, &w, uaddr_add(waiters, i * sizeof(w))))
			return -EFAULT;
		if (!futex2_flags_ok(w.flags) || w.__reserved || w.val > UINT32_MAX)
			return -EINVAL;
		v[i] = (struct futex_vector){ .u = UADDR(w.uaddr), .val = (uint32_t)w.val,
					      .shared = !(w.flags & FUTEX_PRIVATE_FLAG) };
	}
	return 0;
}

int64_t
sys_futex_waitv(struct task *t, uaddr_t waiters, unsigned int nr_futexes, unsigned int flags, uaddr_t timeout, int clockid)
{
	struct futex_vector *v;
	int64_t deadline, ret;

	if (flags || nr_futexes == 0 || nr_futexes > FUTEX_WAITV_MAX || uaddr_null(waiters))
		return -EINVAL;
	ret = read_timeout2(t, timeout, clockid, &deadline);
	if (ret)
		return ret;
	v = kmalloc(t->k, nr_futexes * sizeof(*v));
	if (!v)
		return -ENOMEM;
	ret = read_waiters(t, waiters, nr_futexes, v);
	if (!ret)
		ret = futex_wait_multiple(t, v, nr_futexes, deadline);
	kfree(t->k, v);
	return ret;
}

int64_t
sys_futex_wake(struct task *t, uaddr_t uaddr, uint64_t mask, int nr, unsigned int flags)
{
	if (!futex2_flags_ok(flags) || mask > UINT32_MAX)
		return -EINVAL;
	if (nr == 0 && mask) {
		struct futex_key key;

		return futex_get_key(t, uaddr, !(flags & FUTEX_PRIVATE_FLAG), &key);
	}
	return futex_wake(t, uaddr, !(flags & FUTEX_PRIVATE_FLAG), nr, (uint32_t)mask);
}

int64_t
sys_futex_wait(struct task *t, uaddr_t uaddr, uint64_t val, uint64_t mask, unsigned int flags, uaddr_t timeout, int clockid)
{
	int64_t deadline;
	int err;

	if (!futex2_flags_ok(flags) || val > UINT32_MAX || mask > UINT32_MAX)
		return -EINVAL;
	err = read_timeout2(t, timeout, clockid, &deadline);
	if (err)
		return err;
	return futex_wait(t, uaddr, !(flags & FUTEX_PRIVATE_FLAG), (uint32_t)val, deadline, (uint32_t)mask);
}

int64_t
sys_futex_requeue(struct task *t, uaddr_t waiters, unsigned int flags, int nr_wake, int nr_requeue)
{
	struct futex_vector v[2];
	int err;

	if (flags || uaddr_null(waiters))
		return -EINVAL;
	err = read_waiters(t, waiters, 2, v);
	if (err)
		return err;
	return futex_requeue(t, v[0].u, v[0].shared, v[1].u, v[1].shared, nr_wake, nr_requeue, &v[0].val);
}

int64_t
sys_set_robust_list(struct task *t, uaddr_t head, uint64_t len)
{
	if (len != sizeof(struct robust_list_head))
		return -EINVAL;
	t->robust_list = head;
	return 0;
}

/* ptrace's PTRACE_MODE_READ with real ids, as far as credentials go. */
static bool
may_read(struct task *t, struct task *other)
{
	bool ok = same_thread_group(t, other) || capable(t, CAP_SYS_PTRACE);
	const struct cred *c;

	mutex_lock(&other->alloc_lock);
	c = other->cred;
	if (!ok && c)
		ok = t->cred->uid == c->uid && t->cred->uid == c->suid && t->cred->uid == c->euid;
	mutex_unlock(&other->alloc_lock);
	return ok;
}

int64_t
sys_get_robust_list(struct task *t, int pid, uaddr_t head, uaddr_t len)
{
	uaddr_t list = t->robust_list;
	int err = 0;

	if (pid) {
		struct task *other = find_task_by_pid(t->k, pid);

		if (!other)
			return -ESRCH;
		list = other->robust_list;
		if (!may_read(t, other))
			err = -EPERM;
		put_task_struct(other);
	}
	if (!err)
		err = put_user_u64(t, sizeof(struct robust_list_head), len);
	return err ? err : put_user_u64(t, list.a, head);
}
