/* SPDX-License-Identifier: MIT
 *
 * Address spaces. We keep the vmas and choose the addresses; the host's page tables do the rest: each vma is one or more
 * host mappings made with trap_ops.mm_call in the guest process, always MAP_FIXED. The vma tree is the truth for
 * /proc/PID/maps, for what a program may touch, and for keys of shared futexes.
 *
 * Locks: mm->mmap_lock (RANK_MM) protects the tree. It is held over host calls of the same address space only, never over
 * anything that waits for another task.
 */
#ifndef STEAD_MM_MM_H
#define STEAD_MM_MM_H

#include "kernel/list.h"
#include "kernel/lock.h"
#include "kernel/refcount.h"
#include "kernel/types.h"

struct kernel;
struct task;
struct file;
struct inode;

/* vma->flags */
#define VM_READ	    0x01u
#define VM_WRITE    0x02u
#define VM_EXEC	    0x04u
#define VM_SHARED   0x08u
#define VM_MAYREAD  0x10u
#define VM_MAYWRITE 0x20u
#define VM_MAYEXEC  0x40u
#define VM_MAYSHARE 0x80u
#define VM_GROWSDOWN 0x100u
#define VM_LOCKED   0x2000u
#define VM_SPECIAL  0x4000u /* vdso, vvar: cannot be grown or merged */
#define VM_NORESERVE 0x8000u
#define VM_DONTCOPY 0x20000u
#define VM_WIPEONFORK 0x40000u
#define VM_DONTDUMP 0x80000u
#define VM_HUGEPAGE 0x100000u
#define VM_NOHUGEPAGE 0x200000u
#define VM_MERGEABLE 0x400000u
#define VM_LOCKONFAULT 0x800000u
#define VM_SEQ_READ 0x2000000u
#define VM_RAND_READ 0x4000000u
#define VM_ACCOUNT  0x8000000u /* private memory that was promised when it became writable */
#define VM_HOSTFILE 0x1000000u /* pages of a host file: the host itself says what is past its end */
#define VM_ACCESS_FLAGS (VM_READ | VM_WRITE | VM_EXEC)

#define STACK_GUARD_GAP	  (256UL << PAGE_SHIFT)
#define MMAP_MIN_ADDR	  65536UL
#define MAX_MAP_COUNT	  65530u

struct vma {
	uint64_t start, end; /* page aligned, end exclusive */
	uint32_t flags;
	uint64_t pgoff;	    /* in pages: of the file, or start >> PAGE_SHIFT for private anonymous memory */
	struct file *file;  /* with a reference, or NULL */
	const char *name;   /* "[heap]", "[stack]", "[vdso]", ... or NULL; shown instead of the file's path if set */
	uint64_t backed_end; /* the file is mapped up to here; from here to end the host has PROT_NONE: past the end of file */
	uint64_t gap, gap_max; /* free bytes before it, and the most of any in its subtree */
	struct vma *left, *right; /* tree by address (mm/vma.c) */
	int level;
	struct list_head list;	  /* by address */
	struct mm *mm;
	struct list_head i_mmap;  /* of file's inode: all mappings of it */
	uint64_t cut_pgoff;	  /* the file was cut to this many pages, and the mapping not yet; UINT64_MAX: it was not (mm/truncate.c) */
};

struct mm {
	refcount_t users; /* tasks */
	refcount_t count; /* users (as one) and others who look */
	struct kernel *k;
	struct mutex mmap_lock; /* RANK_MM */
	struct vma *root;
	struct list_head vmas, stale; /* by address; of a child's copy made anew, to be freed by mm_clone_end() */
	uint64_t seq, fork_seq; /* changes of the tree; what it was when dup_mm() copied it */
	uint32_t map_count;
	uint64_t total_vm, locked_vm, data_vm, exec_vm, stack_vm; /* pages */
	uint64_t hiwater_rss, hiwater_vm;
	uint64_t mmap_base; /* top down from here */
	uint64_t mmap_legacy_base; /* bottom up from here, if nothing is free below mmap_base */
	bool bottom_up;	    /* ADDR_COMPAT_LAYOUT or an unlimited stack */
	uint64_t start_code, end_code, start_data, end_data, start_brk, brk, start_stack;
	uint64_t arg_start, arg_end, env_start, env_end;
	uint64_t saved_auxv[64];
	uint32_t def_flags; /* mlockall(MCL_FUTURE) */
	struct file *exe_file;
	bool dumpable;
	bool cut; /* some mapping may reach past the end of its file (mm/truncate.c) */
	uint32_t membarriers; /* atomic; membarrier(2): commands that registered it */
	uint8_t mdwe; /* PR_SET_MDWE of prctl(2): its bits; never fewer again */
	uint64_t vdso;
	bool static_image; /* no interpreter, and a fixed place: text mapped later is for its own use (tramps_place()) */
	bool vdso_touched; /* atomic; once protected anew, moved or unmapped: what is there may be the program's */
	int actor; /* the thread group that changes it now, for vma_open() and vma_close() of files; mmap_lock */
	void *trap; /* the trap's own data of the address space */
};

/**
 * map_deny_write_exec() - does PR_SET_MDWE refuse this?
 * @mm: of the current task
 * @old: what may be done there now (of a new mapping: the same as @new)
 * @new: what is to be allowed
 *
 * Nothing executable may be writable, and nothing becomes executable that was not.
 * Return: true: -EACCES.
 * Source: PR_SET_MDWE(2const)
 */
static inline bool
map_deny_write_exec(const struct mm *mm, uint32_t old, uint32_t new)
{
	return READ_ONCE(mm->mdwe) && (new & VM_EXEC) && ((new & VM_WRITE) || !(old & VM_EXEC));
}

/**
 * inherited_mdwe() - what fork and exec make of PR_SET_MDWE
 * @old: the address space before
 *
 * Return: mm->mdwe of the new one.
 */
static inline uint8_t
inherited_mdwe(const struct mm *old)
{
	uint8_t mdwe = READ_ONCE(old->mdwe);

	return mdwe & 2 /* PR_MDWE_NO_INHERIT */ ? 0 : mdwe;
}

/**
 * mm_init() - make k->mm: caches of vmas and mms
 * @k: the instance
 *
 * Context: boot.
 * Return: 0, -ENOMEM.
 */
int mm_init(struct kernel *k) __must_check;

/**
 * mm_alloc() - an empty address space
 * @k: the instance
 *
 * Return: with one user, or NULL.
 */
struct mm *mm_alloc(struct kernel *k) __must_check;

/**
 * dup_mm() - fork: a copy of the vma tree; the host's fork copies the memory itself
 * @t: the current task
 * @old: its mm
 *
 * VM_DONTCOPY vmas are left out of the copy, VM_WIPEONFORK ones kept; the host knows of both (madvise) and
 * its fork does the same.
 * Context: takes mmap_lock.
 * Return: the copy, or ERR_PTR(-ENOMEM).
 */
struct mm *dup_mm(struct task *t, struct mm *old) __must_check;

/**
 * mm_clone_begin(), mm_clone_end() - around the host's fork: the child's tree is what its memory will be
 * @t: the parent, current
 * @child: it, not running yet; it has an mm of its own
 *
 * Another thread may have changed the mm since dup_mm() copied it: then it is copied again.
 * Context: begin takes mmap_lock of @t and leaves it locked unless it fails; end releases it.
 * Return: 0, -ENOMEM.
 */
int mm_clone_begin(struct task *t, struct task *child) __must_check;
void mm_clone_end(struct task *t);

/**
 * mmget(), mmput() - users of an mm; the last mmput drops all vmas and files. Host memory goes with the host process.
 * @mm: the mm
 */
void mmget(struct mm *mm);
void mmput(struct mm *mm);

/**
 * mmget_not_zero() - a user of an mm found through mmgrab() or a task
 * @mm: the mm
 *
 * Return: false if its last user is gone.
 */
bool mmget_not_zero(struct mm *mm) __must_check;

/**
 * mmgrab(), mmdrop() - keep the struct alone, not what is mapped
 * @mm: the mm
 */
void mmgrab(struct mm *mm);
void mmdrop(struct mm *mm);

/**
 * set_mm_exe_file() - the program of an address space; nobody can write to it as long as it runs (ETXTBSY)
 * @mm: has none yet
 * @file: writers are denied; the mm takes a reference and a denial of its own
 */
void set_mm_exe_file(struct mm *mm, struct file *file);

/**
 * do_mmap() - map
 * @t: the current task
 * @file: with the caller's reference (another one is taken), or NULL for anonymous memory
 * @addr: a hint, or the place with MAP_FIXED
 * @len: bytes
 * @prot: PROT_*
 * @flags: MAP_*
 * @pgoff: pages
 *
 * Context: takes mmap_lock; host calls.
 * Return: the address, or negative errno of mmap(2).
 */
int64_t do_mmap(struct task *t, struct file *file, uint64_t addr, uint64_t len, uint32_t prot, uint32_t flags,
		uint64_t pgoff) __must_check;

/**
 * do_munmap() - unmap whatever is in a range
 * @t: the current task
 * @addr: page aligned
 * @len: bytes
 *
 * Context: takes mmap_lock; host calls.
 * Return: 0, -EINVAL, -ENOMEM (too many vmas).
 */
int do_munmap(struct task *t, uint64_t addr, uint64_t len) __must_check;

/**
 * do_mprotect(), do_mremap(), do_brk() - the work of mprotect(2), mremap(2) and brk(2)
 * @t: the current task
 *
 * Context: takes mmap_lock; host calls.
 * Return: 0, an address, or negative errno as in the man pages; do_brk() the end of the heap, changed or not.
 */
int do_mprotect(struct task *t, uint64_t addr, uint64_t len, uint32_t prot) __must_check;
int64_t do_mremap(struct task *t, uint64_t old, uint64_t old_len, uint64_t new_len, uint32_t flags, uint64_t new_addr) __must_check;
int64_t do_brk(struct task *t, uint64_t brk) __must_check;

/* The rest of sys/mman.h: errors as in their man pages. All take mmap_lock and make host calls. */
int do_madvise(struct task *t, uint64_t start, uint64_t len, int advice) __must_check;
int do_mlock(struct task *t, uint64_t start, uint64_t len, bool lock, bool onfault) __must_check;
int do_mlockall(struct task *t, int how) __must_check; /* 0: munlockall */
int do_msync(struct task *t, uint64_t start, uint64_t len, int flags) __must_check;
int do_mincore(struct task *t, uint64_t start, uint64_t len, uaddr_t vec) __must_check;
int do_remap_file_pages(struct task *t, uint64_t start, uint64_t size, uint64_t prot, uint64_t pgoff, uint64_t flags) __must_check;

/**
 * find_vma() - the first vma that ends above an address
 * @mm: mmap_lock is held
 * @addr: the address
 *
 * Return: it may start above @addr; NULL if there is none.
 */
struct vma *find_vma(struct mm *mm, uint64_t addr) __must_check;

/**
 * mm_exec_layout() - where a new program's mmap area, stack and heap go (ASLR by k->params.aslr and personality)
 * @t: the current task, with its new empty mm
 * @stack_top: set: the end of the stack
 *
 * Return: 0.
 */
int mm_exec_layout(struct task *t, uint64_t *stack_top) __must_check;

/**
 * mm_map_stack() - the stack vma, growing down to RLIMIT_STACK
 * @t: the current task
 * @top: page aligned end
 * @prot_exec: PT_GNU_STACK asked for it
 *
 * Return: 0, -ENOMEM.
 */
int mm_map_stack(struct task *t, uint64_t top, bool prot_exec) __must_check;

/**
 * mm_host_reusable() - could the host's address space below an mm take another program, once everything of this one is unmapped?
 * @mm: the mm of a task that execs
 *
 * Not if others use it, or the vDSO is not where and as the host made it.
 * Context: takes mmap_lock.
 * Return: true if so.
 */
bool mm_host_reusable(struct mm *mm) __must_check;

/**
 * mm_adopt_vdso() - note the vDSO and vvar that the host process already has as vmas
 * @t: the current task
 *
 * Return: 0, -ENOMEM.
 */
int mm_adopt_vdso(struct task *t) __must_check;

/**
 * mm_set_brk() - where the heap starts (exec)
 * @mm: the mm
 * @start: end of the program's bss; randomised by ASLR
 */
void mm_set_brk(struct task *t, uint64_t start);

/**
 * mm_mmap_rnd() - random offset of the mmap area or of a position independent program, in bytes
 * @t: the current task
 *
 * Return: page aligned, 28 bits of pages; 0 without ASLR.
 */
uint64_t mm_mmap_rnd(struct task *t) __must_check;

#define MM_FAULT_UNKNOWN 0u /* the tracer's view */
#define MM_FAULT_WRITE	 1u
#define MM_FAULT_READ	 2u
#define MM_FAULT_EXEC	 4u

/**
 * is_page_fault() - does mm_fault() know what to make of a signal of the host?
 * @sig: SIGSEGV or SIGBUS; other signals are none
 * @code: si_code; what the processor refused for other reasons (SI_KERNEL), or for its alignment (BUS_ADRALN), is none
 */
static inline bool
is_page_fault(int sig, int code)
{
	return (sig == 11 && code != 128) || (sig == 7 && code != 1 && code != 128);
}

/**
 * mm_fault() - a host fault in program code: is it SIGSEGV, SIGBUS or something to mend (a file page to bring in)?
 * @t: the current task
 * @addr: fault address
 * @access: MM_FAULT_*
 * @sig: the host's signal; set to the one to force
 * @code: the host's si_code; set to the one to force
 *
 * Context: takes mmap_lock; host calls.
 * Return: true if it was mended and the instruction can be run again.
 */
bool mm_fault(struct task *t, uint64_t addr, unsigned int access, int *sig, int *code);

/**
 * mm_file_truncated() - a file became shorter: mappings past its end give SIGBUS from now on, in every process
 * @t: the current task; its own mappings go on its way out of the kernel
 * @inode: the file, its new size set
 *
 * Context: sleeps, holds no lock.
 */
void mm_file_truncated(struct task *t, struct inode *inode);

/**
 * mm_cut_mappings() - WORK_MM: take what is past the end of files out of the current task's address space
 * @t: the current task, at a stop, in a call, or in its own thread
 *
 * Context: sleeps; takes mmap_lock, as any copy from or to user memory may.
 */
void mm_cut_mappings(struct task *t);

/**
 * mm_stack_limited() - the current task's RLIMIT_STACK became lower: the unused part of the main stack goes
 * @t: the current task, in a call that the table marks `trace`
 *
 * Context: as mm_file_truncated().
 */
void mm_stack_limited(struct task *t);

/**
 * mm_fault_in() - the same for a fault of kernel code on user memory
 * @t: the current task, t->direct
 * @addr: where
 * @write: it was a write
 *
 * Context: takes mmap_lock; host calls.
 * Return: true if it is worth another try.
 */
bool mm_fault_in(struct task *t, uint64_t addr, bool write) __must_check;

/**
 * mm_fault_in_remote() - the same for a copy that the trap has made from outside
 * @t: the current task, not t->direct
 * @addr: where the copy ended
 * @write: it was to be written
 *
 * The host mends nothing that program code could not touch either: the pages of a file that was shorter when it was mapped, and a stack
 * that has yet to grow.
 *
 * Context: takes mmap_lock; may stop the task's host thread, so that its call ends in exit_to_user().
 * Return: true if it is worth another try.
 */
bool mm_fault_in_remote(struct task *t, uint64_t addr, bool write) __must_check;

/* What a shared futex is keyed by. */
struct futex_key {
	uint64_t object; /* mm, or inode, address */
	uint64_t offset;
};

/**
 * mm_futex_key() - the key of a futex word
 * @t: the current task
 * @u: the word
 * @shared: not FUTEX_PRIVATE_FLAG
 * @key: set
 *
 * Context: takes mmap_lock if @shared.
 * Return: 0, -EFAULT (nothing mapped there).
 */
int mm_futex_key(struct task *t, uaddr_t u, bool shared, struct futex_key *key) __must_check;

/* How a file is mapped: file->f_op->mmap fills it for the range asked. */
struct mmap_source {
	hfd_t fd;	/* host descriptor to map, or HFD_NONE for anonymous memory */
	uint64_t off;	/* byte offset in it that belongs to the start of the range */
	uint64_t len;	/* bytes of the range it covers; do_mmap asks again for the rest; 0: the range starts past the end of file */
};

#endif
