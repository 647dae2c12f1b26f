/* SPDX-License-Identifier: MIT */
#include "tests/unit/env.h"

Test(slab, sizes_and_alignment)
{
	struct kernel *k = test_arena();

	for (size_t n = 0; n < 20000; n = n < 300 ? n + 1 : n + 97) {
		char *p = kmalloc(k, n);

		cr_assert(p, "%zu", n);
		cr_assert_eq((uintptr_t)p % 16, 0);
		memset(p, 0x11, n);
		kfree(k, p);
	}
	kfree(k, NULL);
	cr_assert_null(kmalloc(k, SIZE_MAX));
	cr_assert_null(kmalloc(k, TEST_ARENA + 1));
	cr_assert_neq(kmalloc(k, 0), kmalloc(k, 0));
}

Test(slab, objects_do_not_overlap)
{
	struct kernel *k = test_arena();
	static unsigned char *p[3000];
	static size_t size[3000];

	for (unsigned int i = 0; i < 3000; i++) {
		size[i] = 1 + i * 7 % 5000;
		p[i] = kmalloc(k, size[i]);
		cr_assert(p[i]);
		memset(p[i], (int)(i & 0xff), size[i]);
	}
	for (unsigned int i = 0; i < 3000; i++) {
		for (size_t b = 0; b < size[i]; b++)
			cr_assert_eq(p[i][b], i & 0xff);
		kfree(k, p[i]);
	}
}

Test(slab, zeroed)
{
	struct kernel *k = test_arena();

	for (size_t n = 1; n <= 8192; n *= 2) {
		unsigned char *p = kmalloc(k, n);

		memset(p, 0xff, n);
		kfree(k, p);
		p = kzalloc(k, n);
		for (size_t i = 0; i < n; i++)
			cr_assert_eq(p[i], 0);
		kfree(k, p);
	}
}

struct thing {
	refcount_t count;
	char name[52];
};

Test(slab, a_freed_object_can_be_looked_at)
{
	struct kernel *k = test_arena();
	static struct kmem_cache c;
	struct thing *a;

	kmem_cache_init(k, &c, "thing", sizeof(struct thing), 0);
	a = kmem_cache_zalloc(&c);
	refcount_set(&a->count, 1);
	cr_assert(refcount_dec_and_test(&a->count));
	kmem_cache_free(&c, a);
	cr_assert_not(refcount_inc_not_zero(&a->count), "the free list's link is where the count was");
	cr_assert_eq(kmem_cache_alloc(&c), a);
	cr_assert_eq(c.in_use, 1);
}

Test(slab, page_sized_objects_take_a_page)
{
	struct kernel *k = test_arena();
	static struct kmem_cache c;
	struct page_pool_stats a, b;

	kmem_cache_init(k, &c, "page", PAGE_SIZE, PAGE_SIZE);
	page_pool_stats(k, &a);
	for (int i = 0; i < 64; i++) {
		char *p = kmem_cache_alloc(&c);

		cr_assert_eq((uintptr_t)p % PAGE_SIZE, 0);
		memset(p, 1, PAGE_SIZE);
	}
	page_pool_stats(k, &b);
#ifndef STEAD_DEBUG
	cr_assert_leq(a.free - b.free, 80);
#endif
}

Test(slab, large_memory_goes_back)
{
	struct kernel *k = test_arena();
	struct page_pool_stats a, b;
	void *p;

	page_pool_stats(k, &a);
	p = kmalloc(k, 1 << 20);
	kfree(k, p);
	page_pool_stats(k, &b);
	cr_assert_eq(a.free, b.free);
}

Test(slab, strings)
{
	struct kernel *k = test_arena();
	char *s = kstrndup(k, "hello world", 5);

	cr_assert_str_eq(s, "hello");
}

Test(slab, a_full_arena)
{
	struct kernel *k;
	int n = 0;

	cr_assert_eq(arena_create(4UL << 20, &k), 0);
	cr_assert_eq(slab_init(k), 0);
	while (kmalloc(k, 4000))
		n++;
	cr_assert_gt(n, 400);
	cr_assert_null(kmalloc(k, 100000));
}

static void *
worker(void *arg)
{
	struct kernel *k = arg;
	unsigned int seed = (unsigned int)gettid();
	char *p[50] = { 0 };

	for (int r = 0; r < 20000; r++) {
		unsigned int i = (unsigned int)rand_r(&seed) % 50;

		if (p[i]) {
			cr_assert_eq(*p[i], (char)i);
			kfree(k, p[i]);
			p[i] = NULL;
		} else {
			p[i] = kmalloc(k, 1 + (size_t)rand_r(&seed) % 600);
			*p[i] = (char)i;
		}
	}
	return NULL;
}

Test(slab, threads)
{
	struct kernel *k = test_arena();
	pthread_t th[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&th[i], NULL, worker, k);
	for (int i = 0; i < 4; i++)
		pthread_join(th[i], NULL);
}

Test(slab, free_of_a_stray_pointer, .signal = SIGABRT)
{
	int x;

	kfree(test_arena(), &x);
}

Test(slab, free_of_the_middle, .signal = SIGABRT)
{
	struct kernel *k = test_arena();
	char *p = kmalloc(k, 64);

	kfree(k, p + 16);
}
