/* SPDX-License-Identifier: MIT
 *
 * The arena and its page pool.
 *
 * The pool is a binary buddy allocator whose records (one struct page a page) lie in the arena too, next to nothing in a free
 * page is ever touched. An extent is cut out of the smallest block that holds it; what is left over goes back at once, so an
 * extent of any length costs just its pages.
 *
 * Pages are given out zeroed unless the caller does not need that: clearing an extent of which little is used would have the host
 * give it memory. Blocks of BIG_ORDER and above are always clean: never touched, or given back to the host by
 * FALLOC_FL_PUNCH_HOLE. Smaller free blocks may be dirty; they are kept for the next small request, which clears them, as that
 * is cheaper than a fault. Two dirty blocks that would make a big one stay apart while no more than DIRTY_KEEP pages are kept,
 * so that a free and an allocation at the boundary do not punch and fault each time.
 *
 * The first huge page's worth of the pool, the near part, is kept for small requests, and they are met there as long as they can be: what
 * every task touches then lies close together, which is fewer faults and page tables for each new process. It has free lists of its own,
 * or small requests would be met with what large ones leave over elsewhere.
 *
 * Lock: pool->lock, RANK_POOL. Clearing, and punching of what is freed as a large extent, happen outside it.
 * Left out: giving memory back when the host asks (memory cgroup pressure), huge pages.
 */
#include <asm/unistd.h>
#include <linux/falloc.h>
#include <linux/memfd.h>
#include <linux/mman.h>

#include "kernel/errno.h"
#include "kernel/pagepool.h"
#include "trap/host.h"

#define MAX_ORDER  32 /* 16 TiB */
#define BIG_ORDER  4  /* 16 pages */
#define BIG_PAGES  (1UL << BIG_ORDER)
#define DIRTY_KEEP 512
#define NEAR_ORDER 9 /* pages at the start of the pool that are for requests of less than FAR_PAGES */
#define FAR_PAGES  32
#define ARENA_MAX  (16UL << 40)
#define ARENA_STEP (2UL << 20)

struct pagepool {
	struct mutex lock; /* RANK_POOL, short */
	uint64_t first, end; /* page numbers: what the pool gives out */
	uint64_t free_pages, dirty_pages;
	struct free_lists {
		uint32_t clean[MAX_ORDER + 1]; /* page number of the first free block; 0 for none, as page 0 is struct kernel */
		uint32_t dirty[BIG_ORDER];
	} near, far;
	uint64_t near_end;
	struct page *pages; /* from ->first on */
};

static void *
page_address(uint64_t n)
{
	return (void *)(uintptr_t)(ARENA_BASE + (n << PAGE_SHIFT));
}

static unsigned int
order_of(uint64_t n)
{
	return n <= 1 ? 0 : 64 - (unsigned int)__builtin_clzl(n - 1);
}

struct page *
page_of(struct kernel *k, const void *p)
{
	if ((uintptr_t)p < ARENA_BASE + (k->pool->first << PAGE_SHIFT) || (uintptr_t)p >= ARENA_BASE + k->arena_size)
		return NULL;
	return &k->pool->pages[page_number(p)];
}

/* Where a free block at page @n belongs. */
static uint32_t *
free_list(struct pagepool *pool, uint64_t n, unsigned int order, bool dirty)
{
	struct free_lists *l = n < pool->near_end ? &pool->near : &pool->far;

	return dirty ? &l->dirty[order] : &l->clean[order];
}

static void
block_link(struct pagepool *pool, uint64_t n, unsigned int order, bool dirty)
{
	uint32_t *head = free_list(pool, n, order, dirty);
	struct page *pg = &pool->pages[n];

	*pg = (struct page){ .a = *head, .use = PAGE_USE_FREE, .order = (uint8_t)order, .dirty = dirty };
	if (*head)
		pool->pages[*head].b = (uint32_t)n;
	*head = (uint32_t)n;
	pool->free_pages += 1UL << order;
	if (dirty)
		pool->dirty_pages += 1UL << order;
}

static void
block_unlink(struct pagepool *pool, uint64_t n)
{
	struct page *pg = &pool->pages[n];

	if (pg->b)
		pool->pages[pg->b].a = pg->a;
	else
		*free_list(pool, n, pg->order, pg->dirty) = pg->a;
	if (pg->a)
		pool->pages[pg->a].b = pg->b;
	pool->free_pages -= 1UL << pg->order;
	if (pg->dirty)
		pool->dirty_pages -= 1UL << pg->order;
	*pg = (struct page){ 0 };
}

/* False if the host refuses: then the pages have to be cleared by hand. */
static bool
punch(struct kernel *k, uint64_t n, uint64_t npages)
{
	return host_call4(__NR_fallocate, k->arena_fd.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, n << PAGE_SHIFT,
			  npages << PAGE_SHIFT) == 0;
}

/* A hole would cost the near part its huge page, and it is small. */
static void
make_clean(struct kernel *k, uint64_t n, uint64_t npages)
{
	if (n < k->pool->near_end || !punch(k, n, npages))
		memset(page_address(n), 0, npages << PAGE_SHIFT);
}

/* A block becomes free: joined with its buddies as far as they are free. */
static void
block_free(struct kernel *k, uint64_t n, unsigned int order, bool dirty)
{
	struct pagepool *pool = k->pool;

	for (; order < MAX_ORDER; order++) {
		uint64_t buddy = n ^ (1UL << order);
		struct page *pg = &pool->pages[buddy];
		bool both_dirty;

		if (order == NEAR_ORDER && MIN(n, buddy) + (1UL << NEAR_ORDER) == pool->near_end)
			break;
		if (buddy < pool->first || buddy + (1UL << order) > pool->end || pg->use != PAGE_USE_FREE ||
		    pg->order != order)
			break;
		both_dirty = dirty || pg->dirty;
		if (order + 1 == BIG_ORDER && both_dirty && pool->dirty_pages + (1UL << order) <= DIRTY_KEEP)
			break;
		block_unlink(pool, buddy);
		n = MIN(n, buddy);
		dirty = both_dirty;
		if (order + 1 == BIG_ORDER && dirty) {
			make_clean(k, n, BIG_PAGES);
			dirty = false;
		}
	}
	block_link(pool, n, order, dirty);
}

/* Free pages [n, end) as the largest aligned blocks. */
static void
range_free(struct kernel *k, uint64_t n, uint64_t end, bool dirty)
{
	while (n < end) {
		unsigned int order = MIN((unsigned int)__builtin_ctzl(n), (unsigned int)MAX_ORDER);

		while (n + (1UL << order) > end || (dirty && order >= BIG_ORDER))
			order--;
		block_free(k, n, order, dirty);
		n += 1UL << order;
	}
}

/* The smallest block of at least this order; dirty ones first, since the host has memory for them already. */
static uint64_t
block_find(const struct free_lists *l, unsigned int order)
{
	for (unsigned int o = order; o < BIG_ORDER; o++)
		if (l->dirty[o])
			return l->dirty[o];
	for (unsigned int o = order; o <= MAX_ORDER; o++)
		if (l->clean[o])
			return l->clean[o];
	return 0;
}

/* *@dirty: the pages hold old data. */
static void *
extent_alloc(struct kernel *k, uint64_t npages, uint64_t align, bool *dirty)
{
	struct pagepool *pool = k->pool;
	bool far = npages >= FAR_PAGES;
	unsigned int order;
	uint64_t n;

	if (npages == 0 || npages > pool->end || align > pool->end || (align & (align - 1)) != 0)
		return NULL;
	mutex_lock(&pool->lock);
	order = MAX(order_of(npages), order_of(align));
	n = block_find(far ? &pool->far : &pool->near, order);
	if (n == 0)
		n = block_find(far ? &pool->near : &pool->far, order);
	if (n == 0) {
		mutex_unlock(&pool->lock);
		return NULL;
	}
	uint64_t end = n + (1UL << pool->pages[n].order);

	*dirty = pool->pages[n].dirty;
	block_unlink(pool, n);
	range_free(k, n + npages, end, *dirty);
	mutex_unlock(&pool->lock);
	return page_address(n);
}

void *
page_alloc(struct kernel *k, uint64_t npages, uint64_t align)
{
	bool dirty;
	void *p = extent_alloc(k, npages, align, &dirty);

	return p && dirty ? memset(p, 0, npages << PAGE_SHIFT) : p;
}

void *
page_alloc_raw(struct kernel *k, uint64_t npages, uint64_t align)
{
	bool dirty;

	return extent_alloc(k, npages, align, &dirty);
}

#ifdef STEAD_DEBUG
/* A page that is free already lies in a free block that begins at or before it. */
static bool
is_free(struct pagepool *pool, uint64_t n)
{
	for (unsigned int o = 0; o <= MAX_ORDER && ALIGN_DOWN(n, 1UL << o) >= pool->first; o++) {
		const struct page *pg = &pool->pages[ALIGN_DOWN(n, 1UL << o)];

		if (pg->use == PAGE_USE_FREE && pg->order >= o)
			return true;
	}
	return false;
}
#endif

void
page_free(struct kernel *k, void *p, uint64_t npages)
{
	struct pagepool *pool = k->pool;
	uint64_t n = page_number(p);
	bool dirty = true;

	if (npages == 0)
		return;
	if (((uintptr_t)p & ~PAGE_MASK) != 0 || n < pool->first || npages > pool->end || n + npages > pool->end)
		kernel_panic(k, "page_free: %p, %lu pages: not an extent", p, npages);
	if (npages >= BIG_PAGES) {
		make_clean(k, n, npages);
		dirty = false;
	}
	mutex_lock(&pool->lock);
#ifdef STEAD_DEBUG
	for (uint64_t i = n; i < n + npages; i++)
		if (is_free(pool, i))
			kernel_panic(k, "page_free: page %p is free already", page_address(i));
#endif
	range_free(k, n, n + npages, dirty);
	mutex_unlock(&pool->lock);
}

void
page_pool_stats(struct kernel *k, struct page_pool_stats *st)
{
	struct pagepool *pool = k->pool;

	mutex_guard(&pool->lock);
	st->total = pool->end - pool->first;
	st->free = pool->free_pages;
	st->kept = pool->dirty_pages;
}

void *
page_pool_near(struct kernel *k)
{
	return k->pool->near_end ? page_address(k->pool->first) : NULL;
}

/* What lies at the start: struct kernel, the pool, its records; then, in debug builds, the table of held locks. */
static void
pool_init(struct kernel *k)
{
	uint64_t at = ALIGN_UP(sizeof(struct kernel), 64UL);
	uint64_t npages = k->arena_size >> PAGE_SHIFT, near_pages = npages > 1UL << (NEAR_ORDER + 6) ? 1UL << NEAR_ORDER : 0;

	k->pool = (struct pagepool *)(ARENA_BASE + at);
	at = ALIGN_UP(at + sizeof(struct pagepool), 64UL);
	k->pool->pages = (struct page *)(ARENA_BASE + at);
	at += npages * sizeof(struct page); /* more than there will be: where they end says where the pool begins */
#ifdef STEAD_DEBUG
	at = ALIGN_UP(at, PAGE_SIZE);
	k->lock_debug = (struct lock_debug *)(ARENA_BASE + at);
	at += LOCK_DEBUG_SIZE;
#endif
	mutex_init(&k->pool->lock, RANK_POOL);
	k->pool->first = ALIGN_UP(at, MAX(near_pages, 1UL) << PAGE_SHIFT) >> PAGE_SHIFT;
	k->pool->pages -= k->pool->first;
	k->pool->end = npages;
	k->pool->near_end = near_pages ? k->pool->first + near_pages : 0;
	range_free(k, k->pool->first + near_pages, npages, false);
	range_free(k, k->pool->first, k->pool->first + near_pages, false);
}

int
arena_create(uint64_t size, struct kernel **out)
{
	struct kernel *k = (struct kernel *)ARENA_BASE;
	int64_t fd, err;

	if (size < ARENA_STEP || size > ARENA_MAX || size % ARENA_STEP != 0)
		return -EINVAL;
	fd = host_call2(__NR_memfd_create, "stead-arena", MFD_CLOEXEC);
	if (fd < 0)
		return (int)fd;
	err = host_call2(__NR_ftruncate, fd, size);
	if (err == 0)
		err = host_call6(__NR_mmap, ARENA_BASE, size, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_NORESERVE, fd, 0);
	/* A host kernel too old for MAP_FIXED_NOREPLACE takes the address as a hint. */
	if (err > 0 && (uint64_t)err != ARENA_BASE) {
		host_call2(__NR_munmap, err, size);
		err = -EEXIST;
	}
	if (err < 0) {
		host_call1(__NR_close, fd);
		return (int)err;
	}
	k->arena_size = size;
	k->arena_fd = HFD((int)fd);
	pool_init(k);
	*out = k;
	return 0;
}

void
arena_destroy(struct kernel *k)
{
	hfd_t fd = k->arena_fd;

	host_call2(__NR_munmap, ARENA_BASE, k->arena_size);
	host_call1(__NR_close, fd.fd);
}
