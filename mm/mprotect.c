/* SPDX-License-Identifier: MIT
 *
 * mprotect(2): vma by vma, as in Linux: what comes before the first error stays changed.
 */
#include <linux/mman.h>
#include <linux/personality.h>

#include "kernel/errno.h"
#include "mm/internal.h"

/*
 * Private memory counts as promised from when it can be written first. Linux gives a promise back where memory that nobody touched becomes
 * read-only; here that is assumed of all that is anonymous, and of no file, whose pages are the program's own after relocation, say.
 */
static uint32_t
accounted(const struct vma *v, uint32_t flags)
{
	if ((flags & VM_WRITE) && !(v->flags & (VM_WRITE | VM_SHARED | VM_NORESERVE)))
		return flags | VM_ACCOUNT;
	return (flags & VM_WRITE) || v->file ? flags : flags & ~VM_ACCOUNT;
}

/* Give [@start, @end) of @v new access flags; returns the vma that covers it then. */
static int
protect_one(struct task *t, struct vma **vp, uint64_t start, uint64_t end, uint32_t access, struct list_head *gone)
{
	struct mm *mm = t->mm;
	struct vma *v = *vp;
	uint32_t flags = (v->flags & ~VM_ACCESS_FLAGS) | access;
	uint64_t npages = (end - start) >> PAGE_SHIFT;
	int err;

	if (map_deny_write_exec(mm, v->flags, flags))
		return -EACCES;
	if (flags == v->flags)
		return 0;
	flags = accounted(v, flags);
	if (((flags & VM_ACCESS_FLAGS) & ~(flags >> 4)) != 0)
		return -EACCES;
	/* A private mapping that becomes writable counts as data from now on. */
	if ((flags & VM_WRITE) && !may_expand_vm(t, flags, npages) && may_expand_vm(t, v->flags, npages))
		return -ENOMEM;
	err = vma_isolate(mm, start, end);
	if (err)
		return err;
	v = find_vma(mm, start);
	if (v->flags & VM_SPECIAL)
		__atomic_store_n(&mm->vdso_touched, true, __ATOMIC_RELEASE);
	err = vma_protect_host(t, v, start, end, access);
	if (err)
		return err;
	vm_stat_account(mm, v->flags, -(int64_t)vma_pages(v));
	v->flags = flags;
	vm_stat_account(mm, v->flags, (int64_t)vma_pages(v));
	*vp = vma_merge(mm, v, gone);
	return 0;
}

static int
protect_range(struct task *t, uint64_t start, uint64_t end, uint32_t prot, bool growsdown, struct list_head *gone)
{
	struct mm *mm = t->mm;
	struct vma *v = find_vma(mm, start);
	bool read_exec = (t->personality & READ_IMPLIES_EXEC) && (prot & PROT_READ);
	int err;

	if (!v)
		return -ENOMEM;
	if (growsdown) {
		if (v->start >= end)
			return -ENOMEM;
		start = v->start;
		if (!(v->flags & VM_GROWSDOWN))
			return -EINVAL;
	} else if (v->start > start) {
		return -ENOMEM;
	}
	while (start < end) {
		uint32_t access = prot & (VM_READ | VM_WRITE | VM_EXEC); /* the same bits as PROT_* */
		uint64_t to;

		if (!v || v->start > start)
			return -ENOMEM;
		to = MIN(v->end, end);
		if (read_exec && (v->flags & VM_MAYEXEC))
			access |= VM_EXEC;
		err = protect_one(t, &v, start, to, access, gone);
		if (err)
			return err;
		start = to;
		if (v->end <= start)
			v = vma_next(mm, v);
	}
	return 0;
}

int
do_mprotect(struct task *t, uint64_t addr, uint64_t len, uint32_t prot)
{
	const uint32_t grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	struct list_head gone;
	int err;

	prot &= ~(uint32_t)(PROT_GROWSDOWN | PROT_GROWSUP);
	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || (addr & ~PAGE_MASK))
		return -EINVAL;
	if (len == 0)
		return 0;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (addr + len <= addr)
		return -ENOMEM;
	if (prot & ~(uint32_t)(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM))
		return -EINVAL;
	if (grows == PROT_GROWSUP)
		return -EINVAL;
	INIT_LIST_HEAD(&gone);
	mutex_lock(&t->mm->mmap_lock);
	err = protect_range(t, addr, addr + len, prot, grows != 0, &gone);
	mutex_unlock(&t->mm->mmap_lock);
	vma_free_list(&gone);
	return err;
}
