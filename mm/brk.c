/* SPDX-License-Identifier: MIT
 *
 * brk(2): the heap is private anonymous memory from start_brk up. Every failure returns the old break.
 */
#include <linux/personality.h>
#include <linux/resource.h>

#include "kernel/errno.h"
#include "mm/internal.h"
#include "mm/uaccess.h"

static bool
within_data_limit(struct task *t, uint64_t brk)
{
	struct mm *mm = t->mm;
	uint64_t limit = rlimit(t, RLIMIT_DATA);

	return limit == K_RLIM_INFINITY || (brk - mm->start_brk) + (mm->end_data - mm->start_data) <= limit;
}

static bool
room_above(struct task *t, uint64_t from, uint64_t to)
{
	struct vma *next = find_vma(t->mm, from);
	uint64_t lo, hi;

	return to + PAGE_SIZE <= TASK_SIZE_MAX && !range_reserved(t, from, to, &lo, &hi) &&
	       (!next || to + PAGE_SIZE <= vma_start_gap(next));
}

static int
grow(struct task *t, uint64_t from, uint64_t to, struct list_head *gone)
{
	struct mm *mm = t->mm;
	uint32_t flags = VM_DATA_FLAGS | mm->def_flags | (t->personality & READ_IMPLIES_EXEC ? VM_EXEC : 0);
	struct vma *v;
	int err;

	if (!room_above(t, from, to) || mm->map_count > READ_ONCE(t->k->max_map_count) || !mlock_future_ok(t, flags, to - from) ||
	    !may_expand_vm(t, flags, (to - from) >> PAGE_SHIFT))
		return -ENOMEM;
	v = vma_alloc(mm);
	if (!v)
		return -ENOMEM;
	v->start = from;
	v->end = v->backed_end = to;
	v->flags = flags;
	v->pgoff = from >> PAGE_SHIFT;
	v->name = "[heap]";
	err = vma_map_host(t, v, from, to, 0);
	if (err) {
		list_add_tail(&v->list, gone);
		return err;
	}
	vma_insert(mm, v);
	vm_stat_account(mm, flags, (int64_t)vma_pages(v));
	if (flags & VM_LOCKED) {
		mm->locked_vm += vma_pages(v);
		mm_populate(t, from, to, flags);
	}
	vma_merge(mm, v, gone);
	return 0;
}

static int
set_brk_locked(struct task *t, uint64_t brk, struct list_head *gone)
{
	struct mm *mm = t->mm;
	uint64_t old = ALIGN_UP(mm->brk, PAGE_SIZE), new = ALIGN_UP(brk, PAGE_SIZE);
	int err = 0;

	if (brk < mm->start_brk || brk > TASK_SIZE_MAX || !within_data_limit(t, brk))
		return -ENOMEM;
	if (new < old)
		err = munmap_locked(t, new, old, true, gone);
	else if (new > old)
		err = grow(t, old, new, gone);
	if (!err)
		mm->brk = brk;
	return err;
}

int64_t
do_brk(struct task *t, uint64_t brk)
{
	struct mm *mm = t->mm;
	struct list_head gone;
	int64_t ret;

	INIT_LIST_HEAD(&gone);
	mutex_lock(&mm->mmap_lock);
	ignore_err(set_brk_locked(t, brk, &gone), "the old break tells the caller");
	ret = (int64_t)mm->brk;
	mutex_unlock(&mm->mmap_lock);
	vma_free_list(&gone);
	return ret;
}
