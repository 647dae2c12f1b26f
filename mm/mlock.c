/* SPDX-License-Identifier: MIT
 *
 * mlock(2) and its family: limits and VM_LOCKED are kept here, the pages are brought in. The host is asked to lock them too, but
 * its own limit may be lower than the program's: then they are only populated. Memory that has no pages to bring in (PROT_NONE, past
 * the end of a file) is locked all the same, and makes mlock() fail afterwards with -ENOMEM.
 */
#include <linux/capability.h>
#include <linux/mman.h>
#include <linux/resource.h>
#include <linux/stat.h>
#include <asm/unistd.h>

#include "kernel/cred.h"
#include "kernel/errno.h"
#include "mm/internal.h"
#include "mm/uaccess.h"
#include "vfs/fs.h"

void
mm_populate(struct task *t, uint64_t start, uint64_t end, uint32_t vm_flags)
{
	if ((vm_flags & VM_LOCKONFAULT) || !(vm_flags & VM_ACCESS_FLAGS) || start >= end)
		return;
	if (mm_host(t, __NR_mlock, start, end - start, 0, 0, 0, 0) == 0)
		return;
	ignore_err(mm_host(t, __NR_madvise, start, end - start,
			   (vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE ? MADV_POPULATE_WRITE : MADV_POPULATE_READ, 0, 0, 0),
		   "populating is best effort, as in mmap(2)");
}

/* Set or clear VM_LOCKED | VM_LOCKONFAULT on a part of a vma. */
static int
lock_one(struct task *t, struct vma *v, uint64_t start, uint64_t end, uint32_t lock, struct list_head *gone)
{
	struct mm *mm = t->mm;
	uint32_t flags = (v->flags & ~(VM_LOCKED | VM_LOCKONFAULT)) | lock;
	bool was = (v->flags & VM_LOCKED) != 0;
	int err;

	if (flags == v->flags || (v->flags & VM_SPECIAL))
		return 0;
	err = vma_isolate(mm, start, end);
	if (err)
		return err;
	v = find_vma(mm, start);
	if (!was && lock)
		mm->locked_vm += vma_pages(v);
	else if (was && !lock)
		mm->locked_vm -= vma_pages(v);
	v->flags = flags;
	if (lock)
		mm_populate(t, start, end, flags);
	else
		ignore_err(mm_host(t, __NR_munlock, start, end - start, 0, 0, 0, 0), "it may never have been locked there");
	vma_merge(mm, v, gone);
	return 0;
}

/* Is there a page of [.., @end) of @v that nobody could touch? */
static bool
has_no_page(const struct vma *v, uint64_t end)
{
	const struct inode *inode = v->file ? v->file->f_inode : NULL;
	uint64_t last = v->pgoff + ((end - 1 - v->start) >> PAGE_SHIFT);

	if (v->flags & VM_SPECIAL)
		return false;
	if (!(v->flags & VM_ACCESS_FLAGS))
		return true;
	return inode && S_ISREG(inode->i_mode) && last << PAGE_SHIFT >= (uint64_t)__atomic_load_n(&inode->i_size, __ATOMIC_ACQUIRE);
}

static int
lock_range(struct task *t, uint64_t start, uint64_t end, uint32_t lock, struct list_head *gone)
{
	bool missing = false;

	while (start < end) {
		struct vma *v = find_vma(t->mm, start);
		uint64_t to;
		int err;

		if (!v || v->start > start)
			return -ENOMEM;
		to = MIN(v->end, end);
		missing |= lock && !(lock & VM_LOCKONFAULT) && has_no_page(v, to);
		err = lock_one(t, v, start, to, lock, gone);
		if (err)
			return err;
		start = to;
	}
	return missing ? -ENOMEM : 0;
}

/* Pages of the range that are locked already count once. */
static uint64_t
count_locked(struct mm *mm, uint64_t start, uint64_t end)
{
	uint64_t n = 0;

	for (struct vma *v = find_vma(mm, start); v && v->start < end; v = vma_next(mm, v))
		if (v->flags & VM_LOCKED)
			n += (MIN(v->end, end) - MAX(v->start, start)) >> PAGE_SHIFT;
	return n;
}

static bool
within_lock_limit(struct task *t, uint64_t start, uint64_t end)
{
	uint64_t limit = rlimit(t, RLIMIT_MEMLOCK) >> PAGE_SHIFT, want = t->mm->locked_vm + ((end - start) >> PAGE_SHIFT);

	if (want <= limit || capable(t, CAP_IPC_LOCK))
		return true;
	return want - count_locked(t->mm, start, end) <= limit;
}

int
do_mlock(struct task *t, uint64_t start, uint64_t len, bool lock, bool onfault)
{
	uint32_t flags = lock ? VM_LOCKED | (onfault ? VM_LOCKONFAULT : 0) : 0;
	struct list_head gone;
	uint64_t end;
	int err;

	if (lock && !can_do_mlock(t))
		return -EPERM;
	end = ALIGN_UP(start + len, PAGE_SIZE);
	start = ALIGN_DOWN(start, PAGE_SIZE);
	if (end == start)
		return 0;
	INIT_LIST_HEAD(&gone);
	mutex_lock(&t->mm->mmap_lock);
	err = -ENOMEM;
	if (!lock || within_lock_limit(t, start, end))
		err = end < start ? -EINVAL : lock_range(t, start, end, flags, &gone);
	mutex_unlock(&t->mm->mmap_lock);
	vma_free_list(&gone);
	return err;
}

int
do_mlockall(struct task *t, int how)
{
	struct mm *mm = t->mm;
	uint32_t lock = VM_LOCKED | (how & MCL_ONFAULT ? VM_LOCKONFAULT : 0);
	struct list_head gone;
	uint64_t addr = 0;
	struct vma *v;
	int err = 0;

	INIT_LIST_HEAD(&gone);
	mutex_lock(&mm->mmap_lock);
	if ((how & MCL_CURRENT) && mm->total_vm > rlimit(t, RLIMIT_MEMLOCK) >> PAGE_SHIFT && !capable(t, CAP_IPC_LOCK))
		err = -ENOMEM;
	if (!err)
		mm->def_flags = (mm->def_flags & ~(VM_LOCKED | VM_LOCKONFAULT)) | (how & MCL_FUTURE ? lock : 0);
	if (!err && (how == 0 || (how & MCL_CURRENT)))
		while ((v = find_vma(mm, addr)) != NULL) {
			addr = v->end;
			ignore_err(lock_one(t, v, v->start, v->end, how ? lock : 0, &gone), "as Linux: what can be");
		}
	mutex_unlock(&mm->mmap_lock);
	vma_free_list(&gone);
	return err;
}
