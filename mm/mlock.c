/* SPDX-License-Identifier: MIT
 *
 * mlock(2) and its family: limits and VM_LOCKED are kept here, the pages are brought in. The host is asked to lock them too, but
 * its own limit may be lower than the program's: then they are only populated.
 */
#include <linux/mman.h>
#include <asm/unistd.h>

#include "kernel/errno.h"
#include "mm/internal.h"

void
mm_populate(struct task *t, uint64_t start, uint64_t end, uint32_t vm_flags)
{
	if ((vm_flags & VM_LOCKONFAULT) || !(vm_flags & VM_ACCESS_FLAGS) || start >= end)
		return;
	if (mm_host(t, __NR_mlock, start, end - start, 0, 0, 0, 0) == 0)
		return;
	ignore_err(mm_host(t, __NR_madvise, start, end - start,
			   (vm_flags & VM_WRITE) && !(vm_flags & VM_SHARED) ? MADV_POPULATE_WRITE : MADV_POPULATE_READ, 0, 0, 0),
		   "populating is best effort, as in mmap(2)");
}
