/* SPDX-License-Identifier: MIT
 *
 * Where things go in an address space: Linux's x86-64 layout (top down below the stack, or bottom up), its randomness (28 bits
 * of pages for mappings, 22 for the stack, 13 for the heap), and its choice of a free place for each mapping.
 *
 * Different from Linux: where the arena and the kernel image are mapped they are never given out (mm/host.c has the rules), and the vDSO is where the host put it, so a stack
 * that would meet it goes below it.
 */
#include <linux/mman.h>
#include <linux/personality.h>
#include <linux/resource.h>
#include <asm/unistd.h>

#include "kernel/errno.h"
#include "mm/internal.h"
#include "mm/uaccess.h"
#include "trap/host.h"

#ifndef MAP_ABOVE4G
#define MAP_ABOVE4G 0x80
#endif

#define VVAR_FLAGS	  (VM_READ | VM_MAYREAD | VM_DONTDUMP)
#define VDSO_FLAGS	  (VM_READ | VM_EXEC | VM_MAY_ALL)

#define STACK_TOP	  TASK_SIZE_MAX
#define STACK_RND_PAGES	  (1UL << 22)
#define MMAP_RND_PAGES	  (1UL << 28)
#define BRK_RND_BYTES	  0x02000000UL
#define TASK_UNMAPPED_BASE ALIGN_UP(TASK_SIZE_MAX / 3, PAGE_SIZE)
#define HUGE_PAGE	  (2UL << 20)
#define GAP_MIN		  (128UL << 20)
#define GAP_MAX		  (TASK_SIZE_MAX / 6 * 5)

/* The stack is mapped at once, up to this and a part of RLIMIT_AS; what RLIMIT_STACK allows beyond is grown into by faults. */
#define STACK_MAP_MAX (64UL << 20)
#define STACK_MAP_MIN (33UL << PAGE_SHIFT)
#define STACK_MAP_UNLIMITED (16UL << 20)

static bool
randomize(const struct task *t)
{
	return t->k->params.aslr && !(t->personality & ADDR_NO_RANDOMIZE);
}

static uint64_t
random64(void)
{
	uint64_t r = 0;

	/* Eight bytes are never cut short; a kick may interrupt a call that waits for the pool at host boot. */
	while (host_call3(__NR_getrandom, &r, sizeof(r), 0) == -EINTR)
		;
	return r;
}

uint64_t
mm_mmap_rnd(struct task *t)
{
	return randomize(t) ? (random64() % MMAP_RND_PAGES) << PAGE_SHIFT : 0;
}

bool
range_reserved(const struct task *t, uint64_t start, uint64_t end, uint64_t *lo, uint64_t *hi)
{
	const struct kernel *k = t->k;

	if (!t->direct)
		return false;
	if (start < ARENA_BASE + k->arena_size && end > ARENA_BASE) {
		*lo = ARENA_BASE;
		*hi = ARENA_BASE + k->arena_size;
		return true;
	}
	if (start < k->image_end && end > k->image_start) {
		*lo = ALIGN_DOWN(k->image_start, PAGE_SIZE);
		*hi = ALIGN_UP(k->image_end, PAGE_SIZE);
		return true;
	}
	return false;
}

static uint64_t
search_topdown(struct task *t, uint64_t len, uint64_t low, uint64_t high, uint64_t align)
{
	struct mm *mm = t->mm;
	uint64_t addr, lo, hi;

	while ((addr = vma_gap_topdown(mm, len, low, high, align)) != 0 && range_reserved(t, addr, addr + len, &lo, &hi))
		high = lo;
	return addr;
}

static uint64_t
search_bottomup(struct task *t, uint64_t len, uint64_t low, uint64_t high, uint64_t align)
{
	struct mm *mm = t->mm;
	uint64_t addr, lo, hi;

	while ((addr = vma_gap_bottomup(mm, len, low, high, align)) != 0 && range_reserved(t, addr, addr + len, &lo, &hi))
		low = hi;
	return addr;
}

/* Memory that huge pages could fill goes where they can, as in Linux since 6.7. */
static uint64_t
search_area(struct task *t, uint64_t len, uint64_t low, uint32_t flags)
{
	struct mm *mm = t->mm;
	uint64_t found = 0;

	if (mm->bottom_up)
		return 0;
	if ((flags & MAP_ANONYMOUS) && (len & (HUGE_PAGE - 1)) == 0)
		found = search_topdown(t, len, low, mm->mmap_base, HUGE_PAGE);
	return found ? found : search_topdown(t, len, low, mm->mmap_base, PAGE_SIZE);
}

static bool
hint_usable(struct task *t, uint64_t addr, uint64_t len)
{
	struct vma *v;
	uint64_t lo, hi;

	if (addr > TASK_SIZE_MAX - len || addr < MMAP_MIN_ADDR || range_reserved(t, addr, addr + len, &lo, &hi))
		return false;
	v = find_vma(t->mm, addr);
	return !v || addr + len <= vma_start_gap(v);
}

static int64_t
fixed_area(struct task *t, uint64_t addr, uint64_t len)
{
	if (addr > TASK_SIZE_MAX - len)
		return -ENOMEM;
	if (addr & ~PAGE_MASK)
		return -EINVAL;
	return addr < MMAP_MIN_ADDR ? -EPERM : (int64_t)addr;
}

int64_t
get_unmapped_area(struct task *t, uint64_t addr, uint64_t len, uint32_t flags)
{
	struct mm *mm = t->mm;
	uint64_t low = MMAP_MIN_ADDR, found = 0;

	if (len > TASK_SIZE_MAX)
		return -ENOMEM;
	if (flags & MAP_FIXED)
		return fixed_area(t, addr, len);
	if (flags & MAP_32BIT) {
		low = 0x40000000 + (randomize(t) ? ALIGN_DOWN(random64() % BRK_RND_BYTES, PAGE_SIZE) : 0);
		if (addr && addr < 0x80000000 && len <= 0x80000000 - addr && hint_usable(t, addr, len))
			return (int64_t)addr;
		found = search_bottomup(t, len, low, 0x80000000, PAGE_SIZE);
		return found ? (int64_t)found : -ENOMEM;
	}
	addr &= PAGE_MASK;
	if (addr && hint_usable(t, addr, len))
		return (int64_t)addr;
	if (flags & MAP_ABOVE4G)
		low = 1UL << 32;
	found = search_area(t, len, low, flags);
	if (!found)
		found = search_bottomup(t, len, MAX(mm->mmap_legacy_base, low), TASK_SIZE_MAX, PAGE_SIZE);
	return found ? (int64_t)found : -ENOMEM;
}

static uint64_t
choose_stack_top(struct task *t, uint64_t room)
{
	struct kernel *k = t->k;
	uint64_t top = STACK_TOP, lo, hi;

	if (randomize(t))
		top -= (random64() % STACK_RND_PAGES) << PAGE_SHIFT;
	lo = k->vvar_size ? MIN(k->vvar_addr, k->vdso_addr) : k->vdso_addr;
	hi = MAX(k->vvar_addr + k->vvar_size, k->vdso_addr + k->vdso_size);
	if (k->vdso_size && top - room < hi + STACK_GUARD_GAP && top > lo)
		top = lo - PAGE_SIZE;
	return top;
}

int
mm_exec_layout(struct task *t, uint64_t *stack_top)
{
	struct mm *mm = t->mm;
	uint64_t limit = rlimit(t, RLIMIT_STACK), gap, pad, rnd = mm_mmap_rnd(t);

	pad = STACK_GUARD_GAP + (randomize(t) ? (STACK_RND_PAGES - 1) << PAGE_SHIFT : 0);
	gap = limit + pad > limit ? limit + pad : limit;
	gap = MIN(MAX(gap, GAP_MIN), GAP_MAX);
	mm->mmap_base = ALIGN_UP(TASK_SIZE_MAX - gap - rnd, PAGE_SIZE);
	mm->mmap_legacy_base = TASK_UNMAPPED_BASE + rnd;
	mm->bottom_up = (t->personality & ADDR_COMPAT_LAYOUT) || limit == K_RLIM_INFINITY;
	*stack_top = choose_stack_top(t, MIN(limit, GAP_MIN));
	return 0;
}

int
map_special(struct task *t, uint64_t start, uint64_t len, uint32_t flags, const char *name)
{
	struct vma *v = vma_alloc(t->mm);

	if (!v)
		return -ENOMEM;
	v->start = start;
	v->end = v->backed_end = start + len;
	v->flags = flags | VM_SPECIAL;
	v->name = name;
	vma_insert(t->mm, v);
	vm_stat_account(t->mm, v->flags, (int64_t)vma_pages(v));
	return 0;
}

int
mm_map_stack(struct task *t, uint64_t top, bool prot_exec)
{
	struct mm *mm = t->mm;
	uint64_t limit = rlimit(t, RLIMIT_STACK), size, lo, hi;
	struct vma *v;
	int err;

	size = limit == K_RLIM_INFINITY ? STACK_MAP_UNLIMITED : ALIGN_DOWN(limit, PAGE_SIZE);
	size = MIN(size, ALIGN_DOWN(rlimit(t, RLIMIT_AS) / 16, PAGE_SIZE));
	size = MIN(MAX(size, STACK_MAP_MIN), STACK_MAP_MAX);
	if (top > TASK_SIZE_MAX || range_reserved(t, top - size, top, &lo, &hi))
		return -ENOMEM;
	v = vma_alloc(mm);
	if (!v)
		return -ENOMEM;
	v->start = top - size;
	v->end = v->backed_end = top;
	v->flags = VM_DATA_FLAGS | VM_GROWSDOWN | mm->def_flags | (prot_exec ? VM_EXEC : 0);
	v->pgoff = v->start >> PAGE_SHIFT;
	v->name = "[stack]";
	mutex_lock(&mm->mmap_lock);
	err = -ENOMEM;
	if (!find_vma_intersection(mm, v->start, v->end))
		err = vma_map_host(t, v, v->start, v->end, MAP_NORESERVE);
	if (!err) {
		vma_insert(mm, v);
		vm_stat_account(mm, v->flags, (int64_t)vma_pages(v));
	}
	mutex_unlock(&mm->mmap_lock);
	if (err)
		vma_free(v);
	return err;
}

int
mm_adopt_vdso(struct task *t)
{
	struct kernel *k = t->k;
	struct mm *mm = t->mm;
	int err = 0;

	mutex_lock(&mm->mmap_lock);
	if (k->vvar_size)
		err = map_special(t, k->vvar_addr, k->vvar_size, VVAR_FLAGS, "[vvar]");
	if (!err && k->vdso_size)
		err = map_special(t, k->vdso_addr, k->vdso_size, VDSO_FLAGS, "[vdso]");
	if (!err)
		mm->vdso = k->vdso_addr;
	mutex_unlock(&mm->mmap_lock);
	return err;
}

static bool
is_special_at(struct mm *mm, uint64_t start, uint64_t len, uint32_t flags)
{
	struct vma *v = len ? find_vma(mm, start) : NULL;

	return !len || (v && v->start == start && v->end == start + len && v->flags == (flags | VM_SPECIAL));
}

bool
mm_host_reusable(struct mm *mm)
{
	struct kernel *k = mm->k;
	mutex_guard(&mm->mmap_lock);

	return refcount_read(&mm->users) == 1 && !mm->vdso_touched && is_special_at(mm, k->vvar_addr, k->vvar_size, VVAR_FLAGS) &&
	       is_special_at(mm, k->vdso_addr, k->vdso_size, VDSO_FLAGS);
}

void
mm_set_brk(struct task *t, uint64_t start)
{
	struct mm *mm = t->mm;

	start = ALIGN_UP(start, PAGE_SIZE);
	if (randomize(t))
		start += ALIGN_DOWN(random64() % BRK_RND_BYTES, PAGE_SIZE);
	mm->start_brk = mm->brk = start;
}
