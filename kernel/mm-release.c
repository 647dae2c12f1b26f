/* SPDX-License-Identifier: MIT
 *
 * What a thread leaves in user memory when it stops using it (exit, exec): get_robust_list(2), set_tid_address(2), vfork(2).
 *
 * The list is the program's and may be anything: it is walked at most ROBUST_LIST_LIMIT entries far, and a fault ends the walk.
 */
#include <linux/futex.h>

#include "kernel/futex.h"
#include "kernel/task.h"
#include "mm/mm.h"
#include "mm/uaccess.h"

struct user_robust_list_head {
	uint64_t next;
	int64_t futex_offset;
	uint64_t list_op_pending;
};

/* The lowest bit of an entry says that its futex is a priority inheriting one. */
#define ENTRY_PI   1ULL
#define ENTRY(e)   ((e) & ~ENTRY_PI)
#define IS_PI(e)   (((e)&ENTRY_PI) != 0)

/* Mark the futex of a dead owner and wake one waiter. Returns false on a fault. */
static bool
handle_futex_death(struct task *t, uint64_t u, bool pi, bool pending_op)
{
	uint32_t val, found, want;

	if (u % sizeof(val) || get_user_u32(t, &val, UADDR(u)))
		return false;
	for (;;) {
		/* unlocked by us already, and died before the wake-up: others wait for one */
		if (pending_op && !pi && !val) {
			futex_wake_user(t, UADDR(u), true, 1);
			return true;
		}
		if ((val & FUTEX_TID_MASK) != (uint32_t)t->pid)
			return true;
		found = val;
		want = (val & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
		if (user_cmpxchg32(t, UADDR(u), &found, want))
			return false;
		if (found == val)
			break;
		val = found;
	}
	/* Where the exchange was not atomic a waiter may have set FUTEX_WAITERS in between: then it must look again. */
	if (!pi && ((val & FUTEX_WAITERS) || !t->direct))
		futex_wake_user(t, UADDR(u), true, 1);
	return true;
}

static void
exit_robust_list(struct task *t)
{
	uaddr_t head = t->robust_list;
	struct user_robust_list_head h;
	unsigned int limit = ROBUST_LIST_LIMIT;
	uint64_t entry, next;

	if (copy_in(t, &h, head))
		return;
	for (entry = h.next; ENTRY(entry) != head.a; entry = next) {
		/* before the futex is given up: its memory may be gone right after */
		bool fault = get_user_u64(t, &next, UADDR(ENTRY(entry)));

		if (ENTRY(entry) != ENTRY(h.list_op_pending) &&
		    !handle_futex_death(t, ENTRY(entry) + (uint64_t)h.futex_offset, IS_PI(entry), false))
			return;
		if (fault)
			return;
		if (--limit == 0)
			break;
	}
	if (ENTRY(h.list_op_pending))
		ignore_err(handle_futex_death(t, ENTRY(h.list_op_pending) + (uint64_t)h.futex_offset, IS_PI(h.list_op_pending), true),
			   "the last one");
}

static void
complete_vfork(struct task *t)
{
	bool pending;

	mutex_lock(&t->alloc_lock);
	pending = t->vfork_pending;
	__atomic_store_n(&t->vfork_pending, false, __ATOMIC_RELEASE);
	mutex_unlock(&t->alloc_lock);
	if (pending)
		wake_up_all(&t->vfork_wait);
}

void
mm_release(struct task *t)
{
	if (t->mm) {
		if (refcount_read(&t->mm->users) == 1)
			t->mm->actor = t->tgid;
		if (!uaddr_null(t->robust_list))
			exit_robust_list(t);
		futex_exit(t);
		/* nobody could see it in memory of our own */
		if (!uaddr_null(t->clear_child_tid) && refcount_read(&t->mm->users) > 1) {
			ignore_err(put_user_u32(t, 0, t->clear_child_tid), "set_tid_address(2): not checked");
			futex_wake_user(t, t->clear_child_tid, true, 1);
		}
	}
	t->robust_list = UNULL;
	t->clear_child_tid = UNULL;
	complete_vfork(t);
}
