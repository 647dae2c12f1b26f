/* SPDX-License-Identifier: MIT
 *
 * The vma tree and the choice of addresses. Random calls are made on a small part of an address space while a fake trap keeps
 * what the host would have mapped, page by page; after each the tree and the host must agree, and the tree be in order.
 */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <sys/mman.h>
#include <asm/unistd.h>

#include "kernel/cred.h"
#include "mm/internal.h"
#include "mm/uaccess.h"
#include "trap/trap.h"

#define BASE  0x100000000UL
#define PAGES 256u

/* The host: protection of each page + 1, 0 where nothing is mapped. */
static unsigned char host_prot[PAGES];

static unsigned int
page_index(uint64_t addr)
{
	cr_assert(addr >= BASE && addr < BASE + PAGES * PAGE_SIZE, "host call outside: %lx", (unsigned long)addr);
	return (unsigned int)((addr - BASE) >> PAGE_SHIFT);
}

static int64_t
fake_mremap(const uint64_t a[6])
{
	unsigned int n = (unsigned int)(a[1] >> PAGE_SHIFT), from = page_index(a[0]), to = page_index(a[4]);

	cr_assert(a[1] == a[2] && (a[3] & MREMAP_FIXED));
	for (unsigned int i = 0; i < n; i++) {
		/* one host mapping only, as the host wants it */
		if (host_prot[from + i] == 0 || host_prot[from + i] != host_prot[from])
			return -EFAULT;
	}
	for (unsigned int i = 0; i < n; i++) {
		host_prot[to + i] = host_prot[from + i];
		if (!(a[3] & MREMAP_DONTUNMAP))
			host_prot[from + i] = 0;
	}
	return (int64_t)a[4];
}

static int64_t
fake_mm_call(struct task *t, long nr, const uint64_t a[6])
{
	unsigned int n = (unsigned int)(a[1] >> PAGE_SHIFT), first;

	/* the next free place may be below the space, a mapping may grow out of it: the host refuses, and is told to clean up */
	if (a[0] < BASE || a[0] + a[1] > BASE + PAGES * PAGE_SIZE) {
		cr_assert(nr == __NR_mmap || nr == __NR_munmap);
		return nr == __NR_mmap ? -ENOMEM : 0;
	}
	first = page_index(a[0]);
	cr_assert(n > 0 && first + n <= PAGES && (a[0] & ~PAGE_MASK) == 0);
	if (nr == __NR_mremap)
		return fake_mremap(a);
	for (unsigned int i = first; i < first + n; i++) {
		switch (nr) {
		case __NR_mmap:
			cr_assert(a[3] & MAP_FIXED);
			host_prot[i] = (unsigned char)(a[2] + 1);
			break;
		case __NR_munmap:
			host_prot[i] = 0;
			break;
		case __NR_mprotect:
			cr_assert(host_prot[i], "mprotect of a hole");
			host_prot[i] = (unsigned char)(a[2] + 1);
			break;
		case __NR_madvise:
			cr_assert(host_prot[i], "madvise of a hole");
			break;
		default:
			cr_assert(false, "host call %ld", nr);
		}
	}
	return nr == __NR_mmap ? (int64_t)a[0] : 0;
}

static const struct trap_ops fake_trap = { .name = "fake", .mm_call = fake_mm_call };

struct world {
	struct kernel *k;
	struct signal_struct signal;
	struct task t;
	struct cred cred;
	struct mm *mm;
};

static void
world_make(struct world *w)
{
	*w = (struct world){ 0 };
	cr_assert_eq(arena_create(64UL << 20, &w->k), 0);
	cr_assert_eq(slab_init(w->k), 0);
	cr_assert_eq(mm_init(w->k), 0);
	w->k->trap = &fake_trap;
	for (int i = 0; i < K_RLIM_NLIMITS; i++)
		w->signal.rlim[i] = (struct rlimit64_k){ K_RLIM_INFINITY, K_RLIM_INFINITY };
	w->mm = mm_alloc(w->k);
	cr_assert(w->mm);
	w->mm->mmap_base = BASE + PAGES * PAGE_SIZE;
	w->mm->mmap_legacy_base = TASK_SIZE_MAX; /* nothing is to be placed above */
	w->t.k = w->k;
	w->t.signal = &w->signal;
	w->t.mm = w->mm;
	w->t.cred = &w->cred;
}

/* Levels, order, gaps; returns the number of nodes. */
static unsigned int
check_tree(const struct vma *v, uint64_t lo, uint64_t hi)
{
	uint64_t most;
	unsigned int n = 1;

	if (!v)
		return 0;
	cr_assert(v->start < v->end && v->start >= lo && v->end <= hi);
	cr_assert_eq(v->left ? v->left->level : 0, v->level - 1);
	cr_assert((v->right ? v->right->level : 0) == v->level || (v->right ? v->right->level : 0) == v->level - 1);
	cr_assert(!v->right || !v->right->right || v->right->right->level < v->level);
	n += check_tree(v->left, lo, v->start);
	n += check_tree(v->right, v->end, hi);
	most = v->gap;
	if (v->left && v->left->gap_max > most)
		most = v->left->gap_max;
	if (v->right && v->right->gap_max > most)
		most = v->right->gap_max;
	cr_assert_eq(v->gap_max, most);
	return n;
}

static void
check_world(struct world *w)
{
	uint64_t prev = 0, pages = 0;
	unsigned int n = 0, page = 0;
	struct vma *v;

	list_for_each_entry(v, &w->mm->vmas, list) {
		uint64_t start = vma_start_gap(v);

		cr_assert(v->start >= prev);
		cr_assert_eq(v->gap, start > prev ? start - prev : 0);
		cr_assert_eq(v->backed_end, v->end);
		for (; page < page_index(v->start); page++)
			cr_assert_eq(host_prot[page], 0, "page %u mapped on the host only", page);
		for (; page < PAGES && page < page_index(v->end - 1) + 1; page++)
			cr_assert_eq(host_prot[page], vma_host_prot(v->flags) + 1, "page %u: host %d", page, host_prot[page] - 1);
		prev = v->end;
		pages += vma_pages(v);
		n++;
	}
	for (; page < PAGES; page++)
		cr_assert_eq(host_prot[page], 0);
	cr_assert_eq(n, w->mm->map_count);
	cr_assert_eq(pages, w->mm->total_vm);
	cr_assert_eq(check_tree(w->mm->root, 0, UINT64_MAX), n);
}

static uint64_t
random_range(uint64_t *len)
{
	unsigned int first = (unsigned int)rand() % PAGES, n = 1 + (unsigned int)rand() % 24;

	if (first + n > PAGES)
		n = PAGES - first;
	*len = n * PAGE_SIZE;
	return BASE + first * PAGE_SIZE;
}

/* Where Linux would put it: the highest place below mmap_base. */
static uint64_t
reference_topdown(struct world *w, uint64_t len)
{
	for (unsigned int first = PAGES - (unsigned int)(len >> PAGE_SHIFT) + 1; first-- > 0;) {
		uint64_t addr = BASE + first * PAGE_SIZE;
		struct vma *v = find_vma(w->mm, addr);

		if (!v || addr + len <= v->start)
			return addr;
	}
	return 0;
}

static void
random_step(struct world *w)
{
	static const uint32_t prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC };
	uint32_t prot = prots[rand() % 4];
	uint64_t len, len2, addr = random_range(&len), to, want;
	int64_t ret;

	switch (rand() % 6) {
	case 0:
		want = reference_topdown(w, len);
		ret = do_mmap(&w->t, NULL, 0, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, 0);
		if (want)
			cr_assert_eq((uint64_t)ret, want, "%lx, not %lx", (unsigned long)ret, (unsigned long)want);
		else
			cr_assert_eq(ret, -ENOMEM);
		break;
	case 1:
		ret = do_mmap(&w->t, NULL, addr, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0);
		cr_assert_eq(ret, (int64_t)addr);
		break;
	case 2:
		cr_assert_eq(do_munmap(&w->t, addr, len), 0);
		break;
	case 3:
		ret = do_mprotect(&w->t, addr, len, prot);
		cr_assert(ret == 0 || ret == -ENOMEM);
		break;
	case 4:
		to = random_range(&len2);
		ret = do_mremap(&w->t, addr, len, len2, MREMAP_MAYMOVE | MREMAP_FIXED | (len == len2 ? MREMAP_DONTUNMAP : 0), to);
		cr_assert(ret == (int64_t)to || ret == -EFAULT || ret == -EINVAL, "%ld", (long)ret);
		break;
	default:
		ret = do_mremap(&w->t, addr, len, len + (1 + (unsigned int)rand() % 4) * PAGE_SIZE, 0, 0);
		cr_assert(ret == (int64_t)addr || ret == -EFAULT || ret == -ENOMEM);
		break;
	}
}

Test(vma, random_calls_agree_with_host)
{
	struct world w;

	world_make(&w);
	for (unsigned int seed = 1; seed <= 20; seed++) {
		srand(seed);
		for (int i = 0; i < 400; i++) {
			random_step(&w);
			check_world(&w);
		}
	}
	cr_assert_eq(do_munmap(&w.t, BASE, PAGES * PAGE_SIZE), 0);
	cr_assert_eq(w.mm->map_count, 0);
	cr_assert_null(w.mm->root);
	mmput(w.mm);
	arena_destroy(w.k);
}

Test(vma, fork_copies_the_tree)
{
	struct world w;
	struct mm *copy;

	world_make(&w);
	srand(7);
	for (int i = 0; i < 100; i++) {
		uint64_t len, addr = random_range(&len);

		cr_assert_eq(do_mmap(&w.t, NULL, addr, len, i & 1 ? PROT_READ : PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0), (int64_t)addr);
	}
	cr_assert_eq(do_madvise(&w.t, w.mm->root->start, PAGE_SIZE, MADV_DONTFORK), 0);
	copy = dup_mm(&w.t, w.mm);
	cr_assert(!IS_ERR(copy));
	cr_assert_eq(copy->map_count, w.mm->map_count - 1);
	cr_assert_eq(copy->total_vm, w.mm->total_vm - 1);
	cr_assert_eq(check_tree(copy->root, 0, UINT64_MAX), copy->map_count);
	mmput(copy);
	check_world(&w);
	mmput(w.mm);
	arena_destroy(w.k);
}

Test(vma, merge_and_split)
{
	struct world w;
	const uint32_t rw = PROT_READ | PROT_WRITE, fixed = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

	world_make(&w);
	for (unsigned int i = 0; i < 8; i++)
		cr_assert_gt(do_mmap(&w.t, NULL, BASE + i * PAGE_SIZE, PAGE_SIZE, rw, fixed, 0), 0);
	cr_assert_eq(w.mm->map_count, 1);
	cr_assert_eq(do_mprotect(&w.t, BASE + 2 * PAGE_SIZE, PAGE_SIZE, PROT_READ), 0);
	cr_assert_eq(w.mm->map_count, 3);
	cr_assert_eq(do_mprotect(&w.t, BASE + 2 * PAGE_SIZE, PAGE_SIZE, rw), 0);
	cr_assert_eq(w.mm->map_count, 1);
	cr_assert_eq(do_munmap(&w.t, BASE + 4 * PAGE_SIZE, PAGE_SIZE), 0);
	cr_assert_eq(w.mm->map_count, 2);
	cr_assert_eq(find_vma(w.mm, BASE + 4 * PAGE_SIZE)->start, BASE + 5 * PAGE_SIZE);
	check_world(&w);
	mmput(w.mm);
	arena_destroy(w.k);
}

Test(vma, errors)
{
	struct world w;
	const uint32_t anon = MAP_PRIVATE | MAP_ANONYMOUS;

	world_make(&w);
	cr_assert_eq(do_mmap(&w.t, NULL, 0, 0, PROT_READ, anon, 0), -EINVAL);
	cr_assert_eq(do_mmap(&w.t, NULL, 0, PAGE_SIZE, PROT_READ, MAP_ANONYMOUS, 0), -EINVAL);
	cr_assert_eq(do_mmap(&w.t, NULL, 0, UINT64_MAX, PROT_READ, anon, 0), -ENOMEM);
	cr_assert_eq(do_mmap(&w.t, NULL, 0, TASK_SIZE_MAX + PAGE_SIZE, PROT_READ, anon, 0), -ENOMEM);
	cr_assert_eq(do_mmap(&w.t, NULL, BASE + 1, PAGE_SIZE, PROT_READ, anon | MAP_FIXED, 0), -EINVAL);
	cr_assert_eq(do_mmap(&w.t, NULL, 0, PAGE_SIZE, PROT_READ, anon | MAP_FIXED, 0), -EPERM);
	cr_assert_eq(do_munmap(&w.t, BASE, 0), -EINVAL);
	cr_assert_eq(do_munmap(&w.t, BASE + 1, PAGE_SIZE), -EINVAL);
	cr_assert_eq(do_munmap(&w.t, BASE, PAGE_SIZE), 0);
	cr_assert_eq(do_mprotect(&w.t, BASE, PAGE_SIZE, PROT_READ), -ENOMEM);
	cr_assert_eq(do_mremap(&w.t, BASE, PAGE_SIZE, PAGE_SIZE, 0, 0), -EFAULT);
	cr_assert_eq(do_madvise(&w.t, BASE, PAGE_SIZE, MADV_DONTNEED), -ENOMEM);
	w.signal.rlim[9].cur = 4 * PAGE_SIZE; /* RLIMIT_AS */
	cr_assert_eq(do_mmap(&w.t, NULL, 0, 5 * PAGE_SIZE, PROT_READ, anon, 0), -ENOMEM);
	cr_assert_gt(do_mmap(&w.t, NULL, 0, 4 * PAGE_SIZE, PROT_READ, anon, 0), 0);
	cr_assert_eq(do_mmap(&w.t, NULL, 0, PAGE_SIZE, PROT_READ, anon, 0), -ENOMEM);
	check_world(&w);
	mmput(w.mm);
	arena_destroy(w.k);
}
