/* SPDX-License-Identifier: MIT
 *
 * Memory mapping calls.
 */
#include <linux/mman.h>

#include "kernel/errno.h"
#include "kernel/task.h"
#include "mm/mm.h"
#include "syscalls/proto.h"
#include "vfs/fdtable.h"

/* Stands for bits that a uint32_t does not hold: no PROT_* or MREMAP_* flag, so -EINVAL, in its order among other errors. */
#define INVALID_BITS 0x40000000u

int64_t
sys_mmap(struct task *t, uint64_t addr, uint64_t length, uint64_t prot, uint64_t flags, int fd, uint64_t offset)
{
	struct fd f;
	int64_t ret;

	if (offset & ~PAGE_MASK)
		return -EINVAL;
	if (flags & MAP_ANONYMOUS) {
		if (flags & MAP_HUGETLB)
			return -EINVAL;
		return do_mmap(t, NULL, addr, length, (uint32_t)prot, (uint32_t)flags, offset >> PAGE_SHIFT);
	}
	f = fdget(t, fd);
	if (!f.file)
		return -EBADF;
	if (flags & MAP_HUGETLB)
		ret = -EINVAL;
	else
		ret = do_mmap(t, f.file, addr, length, (uint32_t)prot, (uint32_t)flags, offset >> PAGE_SHIFT);
	fdput(t, f);
	return ret;
}

int64_t
sys_munmap(struct task *t, uint64_t addr, uint64_t length)
{
	return do_munmap(t, addr, length);
}

int64_t
sys_mprotect(struct task *t, uint64_t addr, uint64_t length, uint64_t prot)
{
	return do_mprotect(t, addr, length, prot > UINT32_MAX ? INVALID_BITS : (uint32_t)prot);
}

int64_t
sys_brk(struct task *t, uint64_t addr)
{
	return do_brk(t, addr);
}

int64_t
sys_mremap(struct task *t, uint64_t addr, uint64_t old_len, uint64_t new_len, uint64_t flags, uint64_t new_addr)
{
	return do_mremap(t, addr, old_len, new_len, flags > UINT32_MAX ? INVALID_BITS : (uint32_t)flags, new_addr);
}
