/* SPDX-License-Identifier: MIT
 *
 * What a host fault of program code means, and the keys of futexes: both ask the vma tree what is at an address.
 *
 * Mended here: growth of a VM_GROWSDOWN vma, and pages of a file that has grown since it was mapped. A fault that the tree
 * allows is run again: another thread has just changed the mapping. Should it come again and again at one place, the host
 * knows something that we do not, and it becomes a signal.
 */
#include <linux/mman.h>
#include <linux/resource.h>

#include "kernel/errno.h"
#include "mm/internal.h"
#include "mm/uaccess.h"
#include "vfs/fs.h"

#define K_SIGBUS       7
#define K_SIGSEGV      11
#define K_SEGV_MAPERR  1
#define K_SEGV_ACCERR  2
#define K_BUS_ADRERR   2
#define SAME_FAULT_MAX 64
#define STACK_STEP     (32UL << PAGE_SHIFT)
#define MAX_INSN_LEN   15

static bool
growth_allowed(struct task *t, struct vma *v, uint64_t start)
{
	struct vma *prev = vma_prev(t->mm, v);
	uint64_t npages = (v->start - start) >> PAGE_SHIFT, lo, hi;

	if (start < MMAP_MIN_ADDR || v->end - start > rlimit(t, RLIMIT_STACK) || range_reserved(t->k, start, v->start, &lo, &hi))
		return false;
	if (prev && prev->end > start)
		return false;
	if (prev && !(prev->flags & VM_GROWSDOWN) && vma_is_accessible(prev) && start - prev->end < STACK_GUARD_GAP)
		return false;
	return may_expand_vm(t, v->flags, npages) && mlock_future_ok(t, v->flags, npages << PAGE_SHIFT);
}

static bool
expand_stack(struct task *t, struct vma *v, uint64_t addr)
{
	uint64_t start = ALIGN_DOWN(addr, PAGE_SIZE), old = v->start, far;

	/* The main stack grows in steps: each costs a stop of the program. */
	far = ALIGN_DOWN(start, STACK_STEP);
	if (v->name && far > MMAP_MIN_ADDR && growth_allowed(t, v, far))
		start = far;
	else if (!growth_allowed(t, v, start))
		return false;
	v->pgoff -= (old - start) >> PAGE_SHIFT;
	vma_resize(t->mm, v, start, v->end);
	if (vma_map_host(t, v, start, old, MAP_NORESERVE)) {
		v->pgoff += (old - start) >> PAGE_SHIFT;
		vma_resize(t->mm, v, old, v->end);
		return false;
	}
	vm_stat_account(t->mm, v->flags, (int64_t)((old - start) >> PAGE_SHIFT));
	if (v->flags & VM_LOCKED)
		t->mm->locked_vm += (old - start) >> PAGE_SHIFT;
	return true;
}

/* x86: whatever is accessible can be read; a fetch shows as a read at the instruction itself. */
static bool
access_allowed(const struct task *t, const struct vma *v, uint64_t addr, bool write)
{
	bool fetch = !write && t->regs_valid &&
		     (addr == t->regs.rip || ((addr & ~PAGE_MASK) == 0 && addr - t->regs.rip < MAX_INSN_LEN));

	if (write)
		return (v->flags & VM_WRITE) != 0;
	if (fetch)
		return (v->flags & VM_EXEC) != 0;
	return vma_is_accessible(v);
}

static bool
again_and_again(struct task *t, uint64_t addr)
{
	if (t->fault_addr != addr || t->fault_rip != t->regs.rip) {
		t->fault_addr = addr;
		t->fault_rip = t->regs.rip;
		t->fault_count = 0;
	}
	return ++t->fault_count > SAME_FAULT_MAX;
}

static bool
fault_locked(struct task *t, uint64_t addr, bool write, int *sig, int *code)
{
	struct vma *v = addr < TASK_SIZE_MAX ? find_vma(t->mm, addr) : NULL;

	*sig = K_SIGSEGV;
	*code = K_SEGV_MAPERR;
	if (!v)
		return false;
	if (v->start > addr) {
		if (!(v->flags & VM_GROWSDOWN))
			return false;
		if (!access_allowed(t, v, addr, write)) {
			*code = K_SEGV_ACCERR;
			return false;
		}
		return expand_stack(t, v, addr);
	}
	*code = K_SEGV_ACCERR;
	if (!access_allowed(t, v, addr, write))
		return false;
	if (addr >= v->backed_end) {
		if (vma_map_host(t, v, v->backed_end, v->end, 0) == 0 && addr < v->backed_end)
			return true;
	} else if (!(v->flags & VM_HOSTFILE) && !again_and_again(t, addr)) {
		return true;
	}
	if (v->file) {
		*sig = K_SIGBUS;
		*code = K_BUS_ADRERR;
	}
	return false;
}

bool
mm_fault(struct task *t, uint64_t addr, bool write, int *sig, int *code)
{
	bool mended;

	mutex_lock(&t->mm->mmap_lock);
	mended = fault_locked(t, addr, write, sig, code);
	mutex_unlock(&t->mm->mmap_lock);
	return mended;
}

/* Bits of the offset keep private, shared anonymous and shared file keys apart, as Linux's FUT_OFF_*. */
int
mm_futex_key(struct task *t, uaddr_t u, bool shared, struct futex_key *key)
{
	struct vma *v;
	int err = 0;

	if (!access_ok(t, u, 4))
		return -EFAULT;
	*key = (struct futex_key){ (uint64_t)(uintptr_t)t->mm, u.a };
	if (!shared)
		return 0;
	mutex_lock(&t->mm->mmap_lock);
	v = find_vma_intersection(t->mm, u.a, u.a + 4);
	if (!v || v->start > u.a || !vma_is_accessible(v)) {
		err = -EFAULT;
	} else if ((v->flags & VM_MAYSHARE) && v->file && v->file->f_inode) {
		key->object = (uint64_t)(uintptr_t)v->file->f_inode;
		key->offset = ((v->pgoff << PAGE_SHIFT) + (u.a - v->start)) | 1;
	} else {
		key->offset |= 2;
	}
	mutex_unlock(&t->mm->mmap_lock);
	return err;
}
