/* SPDX-License-Identifier: MIT
 *
 * What a host fault of program code means, and the keys of futexes: both ask the vma tree what is at an address.
 *
 * Mended here: growth of a VM_GROWSDOWN vma, and pages of a file that has grown since it was mapped. A fault that the tree
 * allows is run again: another thread has just changed the mapping. Should it come again and again at one place, the host
 * knows something that we do not, and it becomes a signal. A tracer does not learn whether a fault was a read or a write; one
 * that only a write explains is run again once, in case it was a read and the mapping has just changed.
 */
#include <linux/mman.h>
#include <linux/resource.h>
#include <linux/stat.h>

#include "kernel/seeded.h"
#include "kernel/errno.h"
#include "mm/internal.h"
#include "mm/text.h"
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

	if (start < MMAP_MIN_ADDR || v->end - start > rlimit(t, RLIMIT_STACK) || range_reserved(t, start, v->start, &lo, &hi))
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

enum verdict { FORBIDDEN, PERHAPS, ALLOWED };

/* x86: whatever is accessible can be read; a fetch shows as an access at the instruction itself. */
static enum verdict
access_allowed(const struct task *t, const struct vma *v, uint64_t addr, unsigned int access)
{
	if (access == MM_FAULT_UNKNOWN && t->regs_valid &&
	    (addr == t->regs.rip || ((addr & ~PAGE_MASK) == 0 && addr - t->regs.rip < MAX_INSN_LEN)))
		access = MM_FAULT_EXEC;
	switch (access) {
	case MM_FAULT_WRITE:
		return v->flags & VM_WRITE ? ALLOWED : FORBIDDEN;
	case MM_FAULT_EXEC:
		return v->flags & VM_EXEC ? ALLOWED : FORBIDDEN;
	case MM_FAULT_READ:
		return vma_is_accessible(v) ? ALLOWED : FORBIDDEN;
	default:
		if (v->flags & VM_WRITE)
			return ALLOWED;
		return vma_is_accessible(v) ? PERHAPS : FORBIDDEN;
	}
}

/* Did the same instruction fault there at most @most times in a row? Counts. */
static bool
try_again(struct task *t, uint64_t addr, uint32_t most)
{
	if (t->fault_addr != addr || t->fault_rip != t->regs.rip) {
		t->fault_addr = addr;
		t->fault_rip = t->regs.rip;
		t->fault_count = 0;
	}
	if (++t->fault_count <= most)
		return true;
	t->fault_addr = 0;
	return false;
}

static bool
fault_below(struct task *t, struct vma *v, uint64_t addr, unsigned int access, int *code)
{
	*code = K_SEGV_MAPERR;
	if (!(v->flags & VM_GROWSDOWN))
		return false;
	if (access_allowed(t, v, addr, access) == FORBIDDEN) {
		*code = K_SEGV_ACCERR;
		return false;
	}
	return expand_stack(t, v, addr);
}

static bool
fault_inside(struct task *t, struct vma *v, uint64_t addr, unsigned int access, bool host_bus, int *sig, int *code)
{
	enum verdict verdict = access_allowed(t, v, addr, access);

	*code = SEEDED(K_SEGV_ACCERR, K_SEGV_MAPERR);
	if (verdict == FORBIDDEN)
		return false;
	if (addr >= v->backed_end) {
		if (vma_map_host(t, v, v->backed_end, v->end, 0) == 0 && addr < v->backed_end)
			return true;
		*sig = K_SIGBUS;
		*code = K_BUS_ADRERR;
		return false;
	}
	if (host_bus && (v->flags & VM_HOSTFILE)) {
		*sig = K_SIGBUS;
		*code = K_BUS_ADRERR;
		return false;
	}
	if (t->k->vet_text && (v->flags & VM_EXEC) && (access == MM_FAULT_WRITE || access == MM_FAULT_EXEC))
		return text_fault(t, v, addr, access);
	return try_again(t, addr, verdict == ALLOWED ? SAME_FAULT_MAX : 1);
}

bool
mm_fault(struct task *t, uint64_t addr, unsigned int access, int *sig, int *code)
{
	struct mm *mm = t->mm;
	bool host_bus = *sig == K_SIGBUS, mended = false;
	struct vma *v;

	*sig = K_SIGSEGV;
	*code = K_SEGV_MAPERR;
	mutex_lock(&mm->mmap_lock);
	v = addr < TASK_SIZE_MAX ? find_vma(mm, addr) : NULL;
	if (v && v->start > addr)
		mended = fault_below(t, v, addr, access, code);
	else if (v)
		mended = fault_inside(t, v, addr, access, host_bus, sig, code);
	mutex_unlock(&mm->mmap_lock);
	return mended;
}

bool
mm_fault_in(struct task *t, uint64_t addr, bool write)
{
	unsigned int access = write ? MM_FAULT_WRITE : MM_FAULT_READ;
	struct mm *mm = t->mm;
	struct vma *v;
	int code;
	mutex_guard(&mm->mmap_lock);

	v = addr < TASK_SIZE_MAX ? find_vma(mm, addr) : NULL;
	if (!v)
		return false;
	if (v->start > addr)
		return fault_below(t, v, addr, access, &code);
	if (access_allowed(t, v, addr, access) == FORBIDDEN)
		return false;
	if (addr < v->backed_end)
		return write && t->k->vet_text && (v->flags & VM_EXEC) ? text_fault(t, v, addr, access) : true;
	return vma_map_host(t, v, v->backed_end, v->end, 0) == 0 && addr < v->backed_end;
}

struct fault_in {
	struct task *t;
	uint64_t addr;
	bool write;
};

static int64_t
do_fault_in(void *arg)
{
	struct fault_in *f = arg;

	return mm_fault_in(f->t, f->addr, f->write);
}

/* Has the file no such page? One that has grown since it was mapped, as files of the host may without us, does. */
static bool
past_end_of_file(const struct vma *v, uint64_t addr)
{
	const struct inode *inode = v->file ? v->file->f_inode : NULL;
	uint64_t page = v->pgoff + ((addr - v->start) >> PAGE_SHIFT);

	if (addr < v->backed_end || !inode || !S_ISREG(inode->i_mode) || (v->flags & VM_HOSTFILE))
		return false;
	return page << PAGE_SHIFT >= (uint64_t)__atomic_load_n(&inode->i_size, __ATOMIC_ACQUIRE);
}

/* Whether a fault there is anything but the program's mistake; the thread need not be stopped to know. */
static bool
may_be_mended(struct mm *mm, uint64_t addr)
{
	struct vma *v;
	mutex_guard(&mm->mmap_lock);

	v = addr < TASK_SIZE_MAX ? find_vma(mm, addr) : NULL;
	if (!v)
		return false;
	if (v->start > addr)
		return (v->flags & VM_GROWSDOWN) != 0;
	return addr >= v->backed_end && v->file && !past_end_of_file(v, addr);
}

bool
mm_fault_in_remote(struct task *t, uint64_t addr, bool write)
{
	struct fault_in f = { t, addr, write };

	return t->mm && t->trap && may_be_mended(t->mm, addr) && mm_run(t, do_fault_in, &f) == 1;
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
	if (!v || v->start > u.a || !vma_is_accessible(v) || past_end_of_file(v, u.a)) {
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
