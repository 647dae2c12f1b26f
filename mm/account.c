/* SPDX-License-Identifier: MIT
 *
 * What mappings count for: RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK, and the VmSize family of /proc/PID/status.
 */
#include <linux/capability.h>
#include <linux/resource.h>

#include "kernel/cred.h"
#include "mm/internal.h"

static bool
is_data_mapping(uint32_t flags)
{
	return (flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE;
}

void
vm_stat_account(struct mm *mm, uint32_t flags, int64_t npages)
{
	mm->seq++;
	WRITE_ONCE(mm->total_vm, mm->total_vm + (uint64_t)npages);
	if (mm->total_vm > mm->hiwater_vm)
		mm->hiwater_vm = mm->total_vm;
	if (flags & VM_GROWSDOWN)
		mm->stack_vm += (uint64_t)npages;
	else if ((flags & (VM_EXEC | VM_WRITE)) == VM_EXEC)
		mm->exec_vm += (uint64_t)npages;
	else if (is_data_mapping(flags))
		mm->data_vm += (uint64_t)npages;
}

bool
may_expand_vm(struct task *t, uint32_t flags, uint64_t npages)
{
	struct mm *mm = t->mm;

	if (mm->total_vm + npages > rlimit(t, RLIMIT_AS) >> PAGE_SHIFT)
		return false;
	return !is_data_mapping(flags) || mm->data_vm + npages <= rlimit(t, RLIMIT_DATA) >> PAGE_SHIFT;
}

bool
can_do_mlock(const struct task *t)
{
	return rlimit(t, RLIMIT_MEMLOCK) != 0 || capable(t, CAP_IPC_LOCK);
}

bool
mlock_future_ok(struct task *t, uint32_t flags, uint64_t bytes)
{
	if (!(flags & VM_LOCKED) || capable(t, CAP_IPC_LOCK))
		return true;
	return t->mm->locked_vm + (bytes >> PAGE_SHIFT) <= rlimit(t, RLIMIT_MEMLOCK) >> PAGE_SHIFT;
}

uint64_t
count_vma_pages_range(struct mm *mm, uint64_t start, uint64_t end)
{
	uint64_t n = 0;

	for (struct vma *v = find_vma(mm, start); v && v->start < end; v = vma_next(mm, v))
		n += (MIN(v->end, end) - MAX(v->start, start)) >> PAGE_SHIFT;
	return n;
}
