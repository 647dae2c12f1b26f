/* SPDX-License-Identifier: MIT
 *
 * Memory mapping calls.
 */
#include <linux/capability.h>
#include <linux/mman.h>
#include <linux/resource.h>

#include "kernel/cred.h"
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

int64_t
sys_madvise(struct task *t, uint64_t start, uint64_t len, int advice)
{
	return do_madvise(t, start, len, advice);
}

int64_t
sys_msync(struct task *t, uint64_t start, uint64_t len, int flags)
{
	return do_msync(t, start, len, flags);
}

int64_t
sys_mincore(struct task *t, uint64_t start, uint64_t len, uaddr_t vec)
{
	return do_mincore(t, start, len, vec);
}

int64_t
sys_mlock(struct task *t, uint64_t start, uint64_t len)
{
	return do_mlock(t, start, len, true, false);
}

int64_t
sys_mlock2(struct task *t, uint64_t start, uint64_t len, int flags)
{
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	return do_mlock(t, start, len, true, flags != 0);
}

int64_t
sys_munlock(struct task *t, uint64_t start, uint64_t len)
{
	return do_mlock(t, start, len, false, false);
}

int64_t
sys_mlockall(struct task *t, int flags)
{
	if (flags == 0 || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) || flags == MCL_ONFAULT)
		return -EINVAL;
	if (rlimit(t, RLIMIT_MEMLOCK) == 0 && !capable(t, CAP_IPC_LOCK))
		return -EPERM;
	return do_mlockall(t, flags);
}

int64_t
sys_munlockall(struct task *t)
{
	return do_mlockall(t, 0);
}

int64_t
sys_remap_file_pages(struct task *t, uint64_t start, uint64_t size, uint64_t prot, uint64_t pgoff, uint64_t flags)
{
	return do_remap_file_pages(t, start, size, prot, pgoff, flags);
}

/* Protection keys as on a machine without them: mprotect works with no key, and there is no key to be had. */
int64_t
sys_pkey_mprotect(struct task *t, uint64_t start, uint64_t len, uint64_t prot, int pkey)
{
	return pkey == -1 ? sys_mprotect(t, start, len, prot) : -EINVAL;
}

int64_t
sys_pkey_alloc(struct task *t, uint64_t flags, uint64_t rights)
{
	if (flags || (rights & ~(uint64_t)(PKEY_DISABLE_ACCESS | PKEY_DISABLE_WRITE)))
		return -EINVAL;
	return -ENOSPC;
}

int64_t
sys_pkey_free(struct task *t, int pkey)
{
	return -EINVAL;
}
