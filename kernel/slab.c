/* SPDX-License-Identifier: MIT
 *
 * The slab allocator: caches of one type each, and kmalloc() as a set of them.
 *
 * A cache takes slabs of a few pages from the page pool and never gives them back, so its memory is type-stable. Free objects
 * form one list. Its link lies behind the object where that costs little: a reference count seen in a freed object is then
 * still the zero it was freed with, and refcount_inc_not_zero() is safe. In large objects the link is the last word.
 * A new slab is handed out from its start, so that memory is touched only as it is needed.
 *
 * kfree() finds the class of its argument in the record of the page (kernel/pagepool.h). Larger memory is an extent of pages.
 *
 * Debug builds put a trailer behind each object: bytes past the size asked for must keep their pattern, the state must be right
 * (double frees), and a freed object must not change: kmalloc()'ed memory is poisoned, objects of other caches, which may be
 * looked at after being freed, are checked by a sum of their bytes.
 *
 * Lock: c->lock, RANK_SLAB, short, not held over calls of the page pool.
 */
#include "kernel/errno.h"
#include "kernel/pagepool.h"

#define KMALLOC_MAX    4096
#define SLAB_MAX_PAGES 16

static const uint16_t kmalloc_sizes[KMALLOC_CLASSES] = { 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 3072, 4096 };
static const char *const kmalloc_names[KMALLOC_CLASSES] = { "kmalloc-16",  "kmalloc-32",   "kmalloc-64",   "kmalloc-96",
							     "kmalloc-128", "kmalloc-192",  "kmalloc-256",  "kmalloc-512",
							     "kmalloc-1k",  "kmalloc-2k",   "kmalloc-3k",   "kmalloc-4k" };

static void **
link_of(const struct kmem_cache *c, void *p)
{
	return (void **)((char *)p + c->link);
}

#ifdef STEAD_DEBUG

#define STATE_USED   0x5eedab1e0b7ec700UL
#define STATE_FREE   0xdeadab1e0b7ec7ffUL
#define POISON_NEW   0x5a
#define POISON_FREED 0x6b
#define RED	     0xbb

/* Behind the object and its red zone. The link of the free list is separate, at c->link. */
struct trailer {
	uint64_t state;
	uint64_t sum;  /* free: of the object's bytes */
	uint32_t size; /* asked for: up to here is the caller's */
	uint32_t pad;
	const void *caller; /* of the last alloc or free */
};

static struct trailer *
trailer_of(const struct kmem_cache *c, void *p)
{
	return (struct trailer *)((char *)p + c->link - sizeof(struct trailer));
}

static uint64_t
sum_of(const struct kmem_cache *c, const void *p)
{
	uint64_t h = 0xcbf29ce484222325UL;

	for (uint32_t i = 0; i < c->size; i++)
		h = (h ^ ((const uint8_t *)p)[i]) * 0x100000001b3UL;
	return h;
}

static void
debug_fresh(struct kmem_cache *c, void *p)
{
	*trailer_of(c, p) = (struct trailer){ .state = STATE_FREE, .sum = c->poison ? 0 : sum_of(c, p) };
	if (c->poison)
		memset(p, POISON_FREED, c->size);
}

static void
debug_alloc(struct kmem_cache *c, void *p, uint32_t size, const void *caller)
{
	struct trailer *tr = trailer_of(c, p);
	bool changed = false;

	if (tr->state != STATE_FREE)
		kernel_panic(c->k, "slab %s: %p on the free list is not free", c->name, p);
	if (c->poison)
		for (uint32_t i = 0; i < c->size; i++)
			changed |= ((uint8_t *)p)[i] != POISON_FREED;
	else
		changed = tr->sum != sum_of(c, p);
	if (changed)
		kernel_panic(c->k, "slab %s: %p was written to after it was freed by %p", c->name, p, tr->caller);
	if (c->poison)
		memset(p, POISON_NEW, size);
	memset((char *)p + size, RED, (size_t)((char *)tr - (char *)p) - size);
	*tr = (struct trailer){ .state = STATE_USED, .size = size, .caller = caller };
}

static void
debug_free(struct kmem_cache *c, void *p, const void *caller)
{
	struct trailer *tr = trailer_of(c, p);

	if (tr->state == STATE_FREE)
		kernel_panic(c->k, "slab %s: %p freed twice, first by %p", c->name, p, tr->caller);
	if (tr->state != STATE_USED)
		kernel_panic(c->k, "slab %s: %p is no object, or its end was overwritten", c->name, p);
	for (uint8_t *b = (uint8_t *)p + tr->size; b < (uint8_t *)tr; b++)
		if (*b != RED)
			kernel_panic(c->k, "slab %s: %p of %u bytes, from %p, was written past its end", c->name, p, tr->size,
				     tr->caller);
	if (c->poison)
		memset(p, POISON_FREED, c->size);
	*tr = (struct trailer){ .state = STATE_FREE, .sum = c->poison ? 0 : sum_of(c, p), .caller = caller };
}

static void
layout(struct kmem_cache *c)
{
	c->link = ALIGN_UP(c->size + 8u, 8u) + (uint32_t)sizeof(struct trailer);
	c->stride = ALIGN_UP(c->link + 8u, c->align);
}

#else

#define debug_fresh(c, p)	     ((void)0)
#define debug_alloc(c, p, size, who) ((void)(size))
#define debug_free(c, p, who)	     ((void)0)

/* The link behind the object, if that makes it at most a quarter larger; else within. */
static void
layout(struct kmem_cache *c)
{
	uint32_t plain = ALIGN_UP(MAX(c->size, 8u), c->align);

	c->link = ALIGN_UP(c->size, 8u);
	c->stride = ALIGN_UP(c->link + 8u, c->align);
	if (c->poison || c->stride - plain > plain / 4) {
		c->stride = plain;
		c->link = ALIGN_DOWN(MAX(c->size, 8u) - 8u, 8u);
	}
}

#endif

static void
cache_init(struct kernel *k, struct kmem_cache *c, const char *name, size_t size, size_t align, bool poison)
{
	*c = (struct kmem_cache){ .k = k, .name = name, .size = (uint32_t)size, .poison = poison, .kmalloc_class = -1 };
	c->align = align ? MAX((uint32_t)align, 8u) : 16;
	layout(c);
	/* Enough for eight objects, or for few enough bytes to be lost at the end. */
	for (c->pages = 1; c->pages < SLAB_MAX_PAGES; c->pages++) {
		uint64_t bytes = c->pages * PAGE_SIZE;

		if (bytes >= 8UL * c->stride || (bytes >= 4UL * c->stride && bytes % c->stride <= bytes / 16))
			break;
	}
	while (c->pages * PAGE_SIZE < c->stride)
		c->pages++;
	mutex_init(&c->lock, RANK_SLAB);
	list_add_tail(&c->caches, &k->slab_caches);
}

void
kmem_cache_init(struct kernel *k, struct kmem_cache *c, const char *name, size_t size, size_t align)
{
	cache_init(k, c, name, size, align, false);
}

/* Pages of kmalloc() say so in their records, for kfree(). */
static void
mark_slab(struct kmem_cache *c, char *slab)
{
	for (uint32_t i = 0; i < c->pages; i++) {
		struct page *pg = page_of(c->k, slab + i * PAGE_SIZE);

		*pg = (struct page){ .a = (uint32_t)c->kmalloc_class, .b = i, .use = PAGE_USE_KMALLOC };
	}
}

/* Called and returns with the lock. False: no memory. */
static bool
grow(struct kmem_cache *c) __requires_lock(c->lock)
{
	char *slab;

	mutex_unlock(&c->lock);
	slab = page_alloc_raw(c->k, c->pages, MAX(1u, c->align >> PAGE_SHIFT));
	mutex_lock(&c->lock);
	if (c->free || c->fresh != c->fresh_end) { /* another thread was faster */
		if (slab) {
			mutex_unlock(&c->lock);
			page_free(c->k, slab, c->pages);
			mutex_lock(&c->lock);
		}
		return true;
	}
	if (!slab)
		return false;
	if (c->kmalloc_class >= 0)
		mark_slab(c, slab);
	c->fresh = slab;
	c->fresh_end = slab + c->pages * PAGE_SIZE / c->stride * c->stride;
	c->total += c->pages * PAGE_SIZE / c->stride;
	return true;
}

static void *
cache_alloc(struct kmem_cache *c, uint32_t size, const void *caller __unused)
{
	void *p;

	mutex_lock(&c->lock);
	while (!c->free && c->fresh == c->fresh_end)
		if (!grow(c)) {
			mutex_unlock(&c->lock);
			return NULL;
		}
	if (c->free) {
		p = c->free;
		c->free = *link_of(c, p);
	} else {
		p = c->fresh;
		c->fresh += c->stride;
		debug_fresh(c, p);
	}
	c->in_use++;
	mutex_unlock(&c->lock);
	debug_alloc(c, p, size, caller);
	return p;
}

static void
cache_free(struct kmem_cache *c, void *p, const void *caller __unused)
{
	debug_free(c, p, caller);
	mutex_lock(&c->lock);
	*link_of(c, p) = c->free;
	c->free = p;
	c->in_use--;
	mutex_unlock(&c->lock);
}

void *
kmem_cache_alloc(struct kmem_cache *c)
{
	return cache_alloc(c, c->size, __builtin_return_address(0));
}

void *
kmem_cache_zalloc(struct kmem_cache *c)
{
	void *p = cache_alloc(c, c->size, __builtin_return_address(0));

	return p ? memset(p, 0, c->size) : NULL;
}

void
kmem_cache_free(struct kmem_cache *c, void *p)
{
	if (p)
		cache_free(c, p, __builtin_return_address(0));
}

static int
class_of(size_t n)
{
	int i = 0;

	while (kmalloc_sizes[i] < n)
		i++;
	return i;
}

/* Whole pages. */
static void *
large_alloc(struct kernel *k, size_t n, bool zero)
{
	uint64_t npages;
	void *p;

	if (n > k->arena_size)
		return NULL;
	npages = ALIGN_UP((uint64_t)n, PAGE_SIZE) >> PAGE_SHIFT;
	p = zero ? page_alloc(k, npages, 1) : page_alloc_raw(k, npages, 1);
	if (p)
		*page_of(k, p) = (struct page){ .a = (uint32_t)npages, .use = PAGE_USE_LARGE };
	return p;
}

void *
kmalloc(struct kernel *k, size_t n)
{
	if (n > KMALLOC_MAX)
		return large_alloc(k, n, false);
	return cache_alloc(&k->kmalloc[class_of(n)], (uint32_t)n, __builtin_return_address(0));
}

void *
kzalloc(struct kernel *k, size_t n)
{
	void *p;

	if (n > KMALLOC_MAX)
		return large_alloc(k, n, true);
	p = cache_alloc(&k->kmalloc[class_of(n)], (uint32_t)n, __builtin_return_address(0));
	return p ? memset(p, 0, n) : NULL;
}

static void
kfree_large(struct kernel *k, void *p, struct page *pg)
{
	uint64_t npages = pg->a;

	KERNEL_BUG_ON(k, ((uintptr_t)p & ~PAGE_MASK) != 0);
	*pg = (struct page){ 0 };
	page_free(k, p, npages);
}

static void
kfree_small(struct kernel *k, void *p, const struct page *pg, const void *caller)
{
	uint64_t at = ((uintptr_t)p & ~PAGE_MASK) + (uint64_t)pg->b * PAGE_SIZE;

	if (at % k->kmalloc[pg->a].stride != 0)
		kernel_panic(k, "kfree of %p, which is inside an object", p);
	cache_free(&k->kmalloc[pg->a], p, caller);
}

void
kfree(struct kernel *k, const void *cp)
{
	void *p = (void *)(uintptr_t)cp;
	struct page *pg;

	if (!p)
		return;
	pg = page_of(k, p);
	if (pg && pg->use == PAGE_USE_LARGE)
		kfree_large(k, p, pg);
	else if (pg && pg->use == PAGE_USE_KMALLOC)
		kfree_small(k, p, pg, __builtin_return_address(0));
	else
		kernel_panic(k, "kfree of %p, which is no memory of kmalloc", p);
}

char *
kstrndup(struct kernel *k, const char *s, size_t n)
{
	char *d = n < SIZE_MAX ? kmalloc(k, n + 1) : NULL;

	if (!d)
		return NULL;
	memcpy(d, s, n);
	d[n] = '\0';
	return d;
}

int
slab_init(struct kernel *k)
{
	INIT_LIST_HEAD(&k->slab_caches);
	for (int i = 0; i < KMALLOC_CLASSES; i++) {
		cache_init(k, &k->kmalloc[i], kmalloc_names[i], kmalloc_sizes[i], 16, true);
		k->kmalloc[i].kmalloc_class = i;
	}
	return 0;
}
