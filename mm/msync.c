/* SPDX-License-Identifier: MIT
 *
 * msync(2), mincore(2) and remap_file_pages(2). Shared mappings are the file's own pages, so there is nothing to write back but
 * what the file system itself keeps from its disk: MS_SYNC is an fsync of the range.
 */
#include <linux/mman.h>
#include <asm/unistd.h>

#include "kernel/errno.h"
#include "mm/internal.h"
#include "mm/uaccess.h"
#include "vfs/fdtable.h"

/* The file to sync for the vma at @start, with a reference, or NULL; @to: where the vma ends. */
static int
sync_target(struct task *t, uint64_t *start, uint64_t end, int flags, uint64_t *to, struct file **file, int64_t *off, bool *hole)
{
	struct vma *v = find_vma(t->mm, *start);

	if (!v)
		return -ENOMEM;
	if (v->start > *start) {
		/* With MS_ASYNC alone nothing is done anyway: the hole is found at once. */
		if (flags == MS_ASYNC)
			return -ENOMEM;
		*hole = true;
		*start = v->start;
		if (*start >= end)
			return -ENOMEM;
	}
	if ((flags & MS_INVALIDATE) && (v->flags & VM_LOCKED))
		return -EBUSY;
	*to = MIN(v->end, end);
	*file = NULL;
	if ((flags & MS_SYNC) && v->file && (v->flags & VM_SHARED) && v->file->f_op->fsync) {
		*file = v->file;
		get_file(*file);
		*off = (int64_t)(vma_pgoff_at(v, *start) << PAGE_SHIFT);
	}
	return 0;
}

int
do_msync(struct task *t, uint64_t start, uint64_t len, int flags)
{
	uint64_t end, to = 0;
	bool hole = false;
	int err = 0;

	if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || (start & ~PAGE_MASK) || ((flags & MS_ASYNC) && (flags & MS_SYNC)))
		return -EINVAL;
	end = start + ALIGN_UP(len, PAGE_SIZE);
	if (end < start)
		return -ENOMEM;
	while (!err && start < end) {
		struct file *file = NULL;
		int64_t off = 0;

		mutex_lock(&t->mm->mmap_lock);
		err = sync_target(t, &start, end, flags, &to, &file, &off, &hole);
		mutex_unlock(&t->mm->mmap_lock);
		if (file) {
			err = file->f_op->fsync(t, file, off, off + (int64_t)(to - start) - 1, 1);
			fput(t, file);
		}
		start = to;
	}
	return err ? err : hole ? -ENOMEM : 0;
}

int
do_mincore(struct task *t, uint64_t start, uint64_t len, uaddr_t vec)
{
	struct mm *mm = t->mm;
	uint64_t end, addr, npages = (len >> PAGE_SHIFT) + ((len & ~PAGE_MASK) != 0);
	int err = 0;

	if (start & ~PAGE_MASK)
		return -EINVAL;
	if (start > TASK_SIZE_MAX || len > TASK_SIZE_MAX - start)
		return -ENOMEM;
	if (!access_ok(t, vec, npages))
		return -EFAULT;
	if (len == 0)
		return 0;
	end = start + (npages << PAGE_SHIFT);
	mutex_lock(&mm->mmap_lock);
	for (addr = start; addr < end && !err;) {
		struct vma *v = find_vma(mm, addr);

		if (!v || v->start > addr)
			err = -ENOMEM;
		else
			addr = v->end;
	}
	/* The whole vector is written by the host in the program's own memory: it was checked to be the program's. */
	if (!err)
		err = (int)mm_host(t, __NR_mincore, start, end - start, vec.a, 0, 0, 0);
	mutex_unlock(&mm->mmap_lock);
	return err;
}

/* As Linux since 4.0: an ordinary mapping of the other part of the file over this one. */
int
do_remap_file_pages(struct task *t, uint64_t start, uint64_t size, uint64_t prot, uint64_t pgoff, uint64_t flags)
{
	struct mm *mm = t->mm;
	struct file *file = NULL;
	uint32_t vm_flags = 0;
	struct vma *v;
	int64_t ret;

	start &= PAGE_MASK;
	size &= PAGE_MASK;
	if (prot || start + size <= start || pgoff + (size >> PAGE_SHIFT) < pgoff)
		return -EINVAL;
	mutex_lock(&mm->mmap_lock);
	v = find_vma_intersection(mm, start, start + 1);
	if (v && (v->flags & VM_SHARED) && v->file && start + size <= v->end) {
		file = v->file;
		vm_flags = v->flags;
		get_file(file);
	}
	mutex_unlock(&mm->mmap_lock);
	if (!file)
		return -EINVAL;
	ret = do_mmap(t, file, start, size, vma_host_prot(vm_flags),
		      MAP_SHARED | MAP_FIXED | MAP_POPULATE | ((uint32_t)flags & MAP_NONBLOCK) |
			      (vm_flags & VM_LOCKED ? MAP_LOCKED : 0),
		      pgoff);
	fput(t, file);
	return ret < 0 ? (int)ret : 0;
}
