/* SPDX-License-Identifier: MIT
 *
 * Mappings that become smaller because something else did: those of a truncated file, and the stack with its limit.
 *
 * Pages of tmpfs files are the arena's, so the host does not take them out of anybody's mappings: each process does that itself.
 * Who made a file shorter marks the address spaces that map it (mm->cut) and gives each of their tasks work; one that runs
 * program code is kicked, and waited for, so that nobody sees pages past the end once the call has returned. A task in the
 * kernel does it before it leaves or copies from or to its memory, up to where the file ended in between (vma->cut_pgoff): it may have grown again. The file system
 * keeps such pages, empty, for as long as they may be mapped.
 */
#include <linux/mman.h>
#include <linux/resource.h>
#include <linux/stat.h>
#include <asm/unistd.h>

#include "kernel/errno.h"
#include "kernel/time.h"
#include "kernel/waitq.h"
#include "mm/internal.h"
#include "trap/trap.h"
#include "vfs/fs.h"

#define CUT_POLL_NS 200000
#define CUT_WAIT_NS 2000000000

static uint64_t
pages_of(const struct inode *inode)
{
	return ALIGN_UP((uint64_t)__atomic_load_n(&inode->i_size, __ATOMIC_ACQUIRE), PAGE_SIZE) >> PAGE_SHIFT;
}

void
vma_inherit_cut(struct vma *v, const struct vma *from)
{
	uint64_t pages;

	if (!v->file || __atomic_load_n(&from->cut_pgoff, __ATOMIC_RELAXED) == UINT64_MAX)
		return;
	mutex_guard(&v->file->f_inode->i_mmap_lock);
	pages = __atomic_load_n(&from->cut_pgoff, __ATOMIC_RELAXED);
	if (pages < __atomic_load_n(&v->cut_pgoff, __ATOMIC_RELAXED))
		__atomic_store_n(&v->cut_pgoff, pages, __ATOMIC_RELAXED);
}

/* Where the vma's pages past the end of its file begin: the nearest end there has been since it was cut last. */
static uint64_t
cut_of(struct vma *v)
{
	uint64_t low = __atomic_exchange_n(&v->cut_pgoff, UINT64_MAX, __ATOMIC_RELAXED);
	uint64_t pages = MIN(low, pages_of(v->file->f_inode));

	if (pages <= v->pgoff)
		return v->start;
	return MIN(v->end, v->start + ((pages - v->pgoff) << PAGE_SHIFT));
}

static bool
may_be_cut(const struct vma *v)
{
	return v->file && !(v->flags & VM_HOSTFILE) && (v->file->f_inode->i_state & I_CUT);
}

static int64_t
cut_mappings(void *arg)
{
	struct task *t = arg;
	struct mm *mm = t->mm;
	struct vma *v;
	mutex_guard(&mm->mmap_lock);

	WRITE_ONCE(mm->cut, false);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	list_for_each_entry(v, &mm->vmas, list) {
		uint64_t cut = may_be_cut(v) ? cut_of(v) : v->end;

		if (cut >= v->backed_end)
			continue;
		if (mm_host(t, __NR_mmap, cut, v->end - cut, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
			    (uint64_t)-1, 0) >= 0) {
			v->backed_end = cut;
			mm->seq++;
		}
	}
	return 0;
}

int64_t
mm_run(struct task *t, int64_t (*fn)(void *arg), void *arg)
{
	if (t->direct || !t->k->trap->mm_run)
		return fn(arg);
	return t->k->trap->mm_run(t, fn, arg);
}

void
mm_cut_mappings(struct task *t)
{
	clear_bits(&t->work, WORK_MM);
	if (!t->mm)
		return;
	if (READ_ONCE(t->mm->cut)) {
		mm_run(t, cut_mappings, t);
	} else { /* done, or another thread is at it */
		mutex_lock(&t->mm->mmap_lock);
		mutex_unlock(&t->mm->mmap_lock);
	}
}

/* Marks every address space that maps the file. */
static bool
mark_mappings(struct inode *inode)
{
	uint64_t pages = pages_of(inode);
	struct vma *v;
	bool any = false;
	mutex_guard(&inode->i_mmap_lock);

	list_for_each_entry(v, &inode->i_mmap, i_mmap) {
		if (v->flags & VM_HOSTFILE)
			continue;
		set_bits(&inode->i_state, I_CUT);
		if (pages < __atomic_load_n(&v->cut_pgoff, __ATOMIC_RELAXED))
			__atomic_store_n(&v->cut_pgoff, pages, __ATOMIC_RELAXED);
		__atomic_store_n(&v->mm->cut, true, __ATOMIC_RELEASE);
		any = true;
	}
	return any;
}

/* Are there tasks that run program code and have not cut their mappings yet? @first: give all of them the work. */
static bool
tasks_to_cut(struct task *t, bool first)
{
	struct task *p, *o;
	bool any = false;
	mutex_guard(&t->k->tasklist_lock);

	for_each_process (t->k, p)
		for_each_thread(p->signal, o) {
			struct mm *mm = READ_ONCE(o->mm);

			if (!mm || !READ_ONCE(mm->cut))
				continue;
			if (first)
				set_bits(&o->work, WORK_MM);
			if (o == t || __atomic_load_n(&o->mode, __ATOMIC_SEQ_CST) != MODE_USER)
				continue;
			if (first)
				t->k->trap->kick(o);
			any = true;
		}
	return any;
}

void
mm_file_truncated(struct task *t, struct inode *inode)
{
	int64_t end;

	if (!S_ISREG(inode->i_mode) || !mark_mappings(inode) || !tasks_to_cut(t, true))
		return;
	end = ktime_get() + CUT_WAIT_NS;
	do {
		set_current_state(t, TASK_KILLABLE);
		ignore_err(schedule_until(t, ktime_get() + CUT_POLL_NS), "it is time to look again");
	} while (tasks_to_cut(t, false) && ktime_get() < end && !fatal_signal_pending(t));
}

/* What lies below the stack pointer is dead. */
static int64_t
shrink_stack(void *arg)
{
	struct task *t = arg;
	struct mm *mm = t->mm;
	uint64_t limit = rlimit(t, RLIMIT_STACK), sp = t->regs.rsp, start;
	struct list_head gone;
	struct vma *v;

	INIT_LIST_HEAD(&gone);
	mutex_lock(&mm->mmap_lock);
	v = find_vma_intersection(mm, mm->start_stack, mm->start_stack + 1);
	if (v && (v->flags & VM_GROWSDOWN) && sp >= v->start && sp < v->end && limit < v->end - v->start) {
		start = MIN(ALIGN_DOWN(sp - PAGE_SIZE, PAGE_SIZE), v->end - ALIGN_DOWN(limit, PAGE_SIZE));
		if (start > v->start)
			ignore_err(munmap_locked(t, v->start, start, true, &gone), "the stack stays as large as it was");
	}
	mutex_unlock(&mm->mmap_lock);
	vma_free_list(&gone);
	return 0;
}

void
mm_stack_limited(struct task *t)
{
	struct mm *mm = t->mm;
	struct vma *v;
	bool larger;

	if (!mm || !t->regs_valid)
		return;
	mutex_lock(&mm->mmap_lock);
	v = find_vma_intersection(mm, mm->start_stack, mm->start_stack + 1);
	larger = v && v->end - v->start > rlimit(t, RLIMIT_STACK);
	mutex_unlock(&mm->mmap_lock);
	if (larger)
		mm_run(t, shrink_stack, t);
}
