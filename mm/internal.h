/* SPDX-License-Identifier: MIT
 *
 * What the files of mm/ share: the vma tree, accounting, and host mappings. All functions need mmap_lock unless they say otherwise.
 */
#ifndef STEAD_MM_INTERNAL_H
#define STEAD_MM_INTERNAL_H

#include "kernel/kernel.h"
#include "kernel/task.h"
#include "mm/mm.h"

struct mm_state {
	struct kmem_cache mm_cache, vma_cache, shm_cache;
	uint64_t shm_pages; /* of the arena, given to shared anonymous memory; atomic */
};

/* Flags of anonymous data as Linux's VM_DATA_DEFAULT_FLAGS, without VM_EXEC. */
#define VM_MAY_ALL   (VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC)
#define VM_DATA_FLAGS (VM_READ | VM_WRITE | VM_MAY_ALL | VM_ACCOUNT)

static inline uint64_t
vma_pages(const struct vma *v)
{
	return (v->end - v->start) >> PAGE_SHIFT;
}

/* Where the guard gap below a vma begins. */
static inline uint64_t
vma_start_gap(const struct vma *v)
{
	if (!(v->flags & VM_GROWSDOWN))
		return v->start;
	return v->start > STACK_GUARD_GAP ? v->start - STACK_GUARD_GAP : 0;
}

static inline bool
vma_is_accessible(const struct vma *v)
{
	return (v->flags & VM_ACCESS_FLAGS) != 0;
}

static inline uint64_t
vma_pgoff_at(const struct vma *v, uint64_t addr)
{
	return v->pgoff + ((addr - v->start) >> PAGE_SHIFT);
}

/* mm/vma.c */

/**
 * vma_alloc(), vma_free() - a zeroed vma of an mm, on no tree; freeing drops its file, so mmap_lock is not held
 * @mm: the mm
 * @v: the vma
 *
 * Return: the vma, or NULL.
 */
struct vma *vma_alloc(struct mm *mm) __must_check;
void vma_free(struct vma *v);
void vma_free_list(struct list_head *gone);

/**
 * vma_insert(), vma_remove() - tree, list, map_count; and the file's i_mmap
 * @mm: the mm
 * @v: overlaps nothing
 */
void vma_insert(struct mm *mm, struct vma *v);
void vma_remove(struct mm *mm, struct vma *v);

/**
 * vma_inherit_cut() - a new vma has pages of another that a truncation is still to take away
 * @v: the new one, inserted: a truncation from now on marks it, too
 * @from: whose pages it has, inserted
 *
 * Context: takes the inode's i_mmap_lock.
 */
void vma_inherit_cut(struct vma *v, const struct vma *from);

/**
 * vma_resize() - move the ends of a vma between its neighbours; pgoff is the caller's
 * @mm: the mm
 * @v: the vma
 * @start: new start
 * @end: new end
 */
void vma_resize(struct mm *mm, struct vma *v, uint64_t start, uint64_t end);

/**
 * vma_next(), vma_prev() - the neighbours by address
 * find_vma_intersection() - the first vma with a page in [@start, @end)
 * @mm: mmap_lock is held
 * @v: a vma of it
 *
 * Return: a vma, or NULL.
 */
struct vma *vma_next(struct mm *mm, struct vma *v) __must_check;
struct vma *vma_prev(struct mm *mm, struct vma *v) __must_check;
struct vma *find_vma_intersection(struct mm *mm, uint64_t start, uint64_t end) __must_check;

/**
 * vma_split() - cut in two
 * @mm: the mm
 * @v: becomes the lower part
 * @at: strictly inside
 *
 * Return: 0, -ENOMEM (memory, or too many maps).
 */
int vma_split(struct mm *mm, struct vma *v, uint64_t at) __must_check;

/**
 * vma_isolate() - cut so that no vma crosses the ends of a range
 * @mm: the mm
 * @start: of the range
 * @end: of the range
 *
 * Return: 0, -ENOMEM.
 */
int vma_isolate(struct mm *mm, uint64_t start, uint64_t end) __must_check;

/**
 * vma_merge() - join with neighbours that are the same in everything
 * @mm: the mm
 * @v: the vma; it may be freed
 * @gone: gets vmas that vanished, for vma_free_list() after unlock
 *
 * Return: the vma that now covers it.
 */
struct vma *vma_merge(struct mm *mm, struct vma *v, struct list_head *gone);

/**
 * vma_gap_topdown(), vma_gap_bottomup() - the highest or lowest free place
 * @mm: the mm
 * @len: bytes, guard gaps of stacks not counted
 * @low: not below
 * @high: not beyond
 * @align: power of two
 *
 * Return: the address, or 0 if there is none.
 */
uint64_t vma_gap_topdown(struct mm *mm, uint64_t len, uint64_t low, uint64_t high, uint64_t align) __must_check;
uint64_t vma_gap_bottomup(struct mm *mm, uint64_t len, uint64_t low, uint64_t high, uint64_t align) __must_check;

/* mm/layout.c */

/**
 * range_reserved() - does a range touch the kernel's own memory in the current task's process?
 * @t: the current task; only one that is direct has the kernel mapped
 * @start: of the range
 * @end: of the range
 * @lo: set to where that kernel range starts
 * @hi: set to where it ends
 */
bool range_reserved(const struct task *t, uint64_t start, uint64_t end, uint64_t *lo, uint64_t *hi);

/**
 * map_special() - note memory that the host process has already as a vma of our own (vDSO, trampolines)
 * @t: the current task, mmap_lock is held
 * @start: page aligned
 * @len: bytes
 * @flags: VM_*
 * @name: a constant, for /proc/PID/maps
 *
 * Return: 0, -ENOMEM.
 */
int map_special(struct task *t, uint64_t start, uint64_t len, uint32_t flags, const char *name) __must_check;

/* Left free below images of files, for the trampolines of their call sites (trap/resident/text.c). */
#define MM_TEXT_GAP (64 * 1024UL)

/**
 * get_unmapped_area() - where a mapping goes
 * @t: the current task
 * @addr: hint, or the place with MAP_FIXED
 * @len: page aligned
 * @flags: MAP_*
 *
 * Return: the address, -ENOMEM, -EINVAL (MAP_FIXED not aligned), -EPERM (below mmap_min_addr).
 */
int64_t get_unmapped_area(struct task *t, uint64_t addr, uint64_t len, uint32_t flags) __must_check;

/* mm/account.c */
void vm_stat_account(struct mm *mm, uint32_t flags, int64_t npages);
bool may_expand_vm(struct task *t, uint32_t flags, uint64_t npages) __must_check;
bool can_do_mlock(const struct task *t) __must_check;
bool mlock_future_ok(struct task *t, uint32_t flags, uint64_t bytes) __must_check;
uint64_t count_vma_pages_range(struct mm *mm, uint64_t start, uint64_t end) __must_check;

/* mm/host.c */

/**
 * mm_host() - a host memory call in the current task's address space
 * @t: the current task
 * @nr: number
 */
int64_t mm_host(struct task *t, long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) __must_check;

/**
 * vma_host_prot() - PROT_* of VM_READ, VM_WRITE and VM_EXEC
 * @vm_flags: of a vma
 */
uint32_t vma_host_prot(uint32_t vm_flags);

/**
 * vma_map_host() - make the host mappings of a part of a vma, over whatever is there
 * @t: the current task
 * @v: the vma; backed_end is set if the part reaches its end
 * @start: of the part
 * @end: of the part
 * @host_flags: MAP_POPULATE, MAP_NORESERVE
 *
 * Return: 0 or negative errno; then the part may be half mapped.
 */
int vma_map_host(struct task *t, struct vma *v, uint64_t start, uint64_t end, uint32_t host_flags) __must_check;

/**
 * vma_unmap_host() - unmap vmas on the host without touching the kernel's own ranges between them
 * @t: the current task
 * @start: of the range
 * @end: of the range
 *
 * Return: 0 or negative errno.
 */
int vma_unmap_host(struct task *t, uint64_t start, uint64_t end) __must_check;

/**
 * vma_protect_host() - change the protection of a part of a vma on the host
 * @t: the current task
 * @v: the vma
 * @start: of the part
 * @end: of the part
 * @vm_flags: VM_READ | VM_WRITE | VM_EXEC to have
 *
 * Return: 0 or negative errno.
 */
int vma_protect_host(struct task *t, struct vma *v, uint64_t start, uint64_t end, uint32_t vm_flags) __must_check;

/* mm/truncate.c */

/**
 * mm_run() - run a function that takes mmap_lock and makes host calls under it, outside of calls that the table marks `trace`
 * @t: the current task
 * @fn: the function
 * @arg: its argument
 *
 * Context: the caller does not hold mmap_lock. The task's host thread may be stopped: its call ends in exit_to_user() then.
 * Return: what @fn returned; -ESRCH if the host thread is dead.
 */
int64_t mm_run(struct task *t, int64_t (*fn)(void *arg), void *arg);

/* mm/mmap.c */

/**
 * munmap_locked() - take a range out of the tree and off the host
 * @t: the current task
 * @start: page aligned
 * @end: page aligned
 * @host: also on the host; false if the caller maps over it at once
 * @gone: gets the vmas
 *
 * Return: 0, -ENOMEM; then nothing is unmapped.
 */
int munmap_locked(struct task *t, uint64_t start, uint64_t end, bool host, struct list_head *gone) __must_check;

/* mm/mlock.c */

/**
 * populate_locked() - bring the pages of a locked range in
 * @t: the current task
 * @start: of the range
 * @end: of the range
 *
 * Context: mmap_lock is held or not.
 */
void mm_populate(struct task *t, uint64_t start, uint64_t end, uint32_t vm_flags);

/* mm/shm.c */

/**
 * shm_file() - shared anonymous memory as a file
 * @t: the current task
 * @len: bytes, page aligned
 *
 * Context: no lock.
 * Return: with a reference, or ERR_PTR.
 */
struct file *shm_file(struct task *t, uint64_t len) __must_check;
extern const char shm_name[];

#endif
