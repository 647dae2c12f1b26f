/* SPDX-License-Identifier: MIT
 *
 * Mappings that become smaller because something else did: those of a truncated file, and the stack with its limit.
 *
 * Only the caller's own address space is changed: another one cannot be reached while its program runs. A mapping of another
 * process keeps pages of zeros past the new end of file (the file system keeps them for as long as they may be mapped).
 */
#include <linux/mman.h>
#include <linux/resource.h>
#include <asm/unistd.h>

#include "kernel/errno.h"
#include "mm/internal.h"
#include "trap/trap.h"
#include "vfs/fs.h"

struct truncation {
	struct task *t;
	struct inode *inode;
	uint64_t pages;
};

/* Where the vma's pages past the end of file begin. */
static uint64_t
cut_of(const struct vma *v, uint64_t pages)
{
	if (pages <= v->pgoff)
		return v->start;
	return MIN(v->end, v->start + ((pages - v->pgoff) << PAGE_SHIFT));
}

static bool
is_cut(const struct vma *v, const struct inode *inode, uint64_t pages)
{
	return v->file && v->file->f_inode == inode && !(v->flags & VM_HOSTFILE) && cut_of(v, pages) < v->backed_end;
}

static int64_t
cut_mappings(void *arg)
{
	struct truncation *tr = arg;
	struct mm *mm = tr->t->mm;
	struct vma *v;
	mutex_guard(&mm->mmap_lock);

	list_for_each_entry(v, &mm->vmas, list) {
		uint64_t cut;
		int64_t ret;

		if (!is_cut(v, tr->inode, tr->pages))
			continue;
		cut = cut_of(v, tr->pages);
		ret = mm_host(tr->t, __NR_mmap, cut, v->end - cut, PROT_NONE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, (uint64_t)-1, 0);
		if (ret >= 0)
			v->backed_end = cut;
	}
	return 0;
}

static bool
any_cut(struct mm *mm, const struct truncation *tr)
{
	struct vma *v;
	mutex_guard(&mm->mmap_lock);

	list_for_each_entry(v, &mm->vmas, list)
		if (is_cut(v, tr->inode, tr->pages))
			return true;
	return false;
}

static int64_t
mm_run(struct task *t, int64_t (*fn)(void *arg), void *arg)
{
	if (t->direct || !t->k->trap->mm_run)
		return fn(arg);
	return t->k->trap->mm_run(t, fn, arg);
}

void
mm_file_truncated(struct task *t, struct inode *inode, uint64_t size)
{
	struct truncation tr = { t, inode, ALIGN_UP(size, PAGE_SIZE) >> PAGE_SHIFT };
	bool mapped;

	mutex_lock(&inode->i_mmap_lock);
	mapped = !list_empty(&inode->i_mmap);
	mutex_unlock(&inode->i_mmap_lock);
	if (mapped && t->mm && any_cut(t->mm, &tr))
		mm_run(t, cut_mappings, &tr);
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
