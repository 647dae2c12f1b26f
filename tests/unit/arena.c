/* SPDX-License-Identifier: MIT */
#include "tests/unit/env.h"

#include <sys/stat.h>

static uint64_t
arena_blocks(struct kernel *k)
{
	struct stat st;

	cr_assert_eq(fstat(k->arena_fd.fd, &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

static bool
all_zero(const void *p, size_t n)
{
	const char *c = p;

	for (size_t i = 0; i < n; i++)
		if (c[i])
			return false;
	return true;
}

Test(arena, sizes_that_make_no_sense)
{
	struct kernel *k;

	cr_assert_eq(arena_create(0, &k), -EINVAL);
	cr_assert_eq(arena_create(4096, &k), -EINVAL);
	cr_assert_eq(arena_create((2UL << 20) + 4096, &k), -EINVAL);
	cr_assert_eq(arena_create(32UL << 40, &k), -EINVAL);
}

Test(arena, sparse_and_only_once)
{
	struct kernel *k, *k2;

	cr_assert_eq(arena_create(1UL << 40, &k), 0);
	cr_assert_eq((uintptr_t)k, ARENA_BASE);
	cr_assert_lt(arena_blocks(k), 1UL << 20, "a terabyte of arena takes %lu bytes", arena_blocks(k));
	cr_assert_eq(arena_create(1UL << 30, &k2), -EEXIST);
	arena_destroy(k);
	cr_assert_eq(arena_create(1UL << 30, &k2), 0);
}

Test(arena, alignment_and_bounds)
{
	struct kernel *k = test_arena();

	for (uint64_t align = 1; align <= 256; align *= 2)
		for (uint64_t n = 1; n < 70; n += 7) {
			char *p = page_alloc(k, n, align);

			cr_assert(p);
			cr_assert_eq((uintptr_t)p % (align * PAGE_SIZE), 0);
			cr_assert_geq((uintptr_t)p, ARENA_BASE);
			cr_assert_leq((uintptr_t)p + n * PAGE_SIZE, ARENA_BASE + TEST_ARENA);
		}
	cr_assert_null(page_alloc(k, 0, 1));
	cr_assert_null(page_alloc(k, 1, 3));
	cr_assert_null(page_alloc(k, TEST_ARENA, 1));
	cr_assert_null(page_alloc(k, UINT64_MAX, 1));
	cr_assert_null(page_alloc(k, 1, 1UL << 63));
}

Test(arena, pages_come_back_zeroed)
{
	struct kernel *k = test_arena();

	for (uint64_t n = 1; n <= 64; n++) {
		char *p = page_alloc(k, n, 1);

		cr_assert(all_zero(p, n * PAGE_SIZE), "%lu pages", n);
		memset(p, 0xff, n * PAGE_SIZE);
		page_free(k, p, n);
	}
}

Test(arena, large_extents_go_back_to_the_host)
{
	struct kernel *k = test_arena();
	uint64_t before = arena_blocks(k);
	char *p = page_alloc(k, 4096, 1);

	memset(p, 1, 4096 * PAGE_SIZE);
	cr_assert_geq(arena_blocks(k), before + 4096 * PAGE_SIZE);
	page_free(k, p, 4096);
	cr_assert_leq(arena_blocks(k), before + 64 * PAGE_SIZE);
}

Test(arena, small_extents_go_back_when_there_are_many)
{
	enum { N = 8192 };
	struct kernel *k = test_arena();
	static char *p[N];
	struct page_pool_stats st;
	uint64_t before = arena_blocks(k);

	for (int i = 0; i < N; i++) {
		p[i] = page_alloc(k, 1, 1);
		*p[i] = 1;
	}
	for (int i = 0; i < N; i++)
		page_free(k, p[i], 1);
	page_pool_stats(k, &st);
	cr_assert_leq(st.kept, 1024);
	cr_assert_lt(arena_blocks(k), before + 2048 * PAGE_SIZE);
}

Test(arena, parts_of_an_extent)
{
	struct kernel *k = test_arena();
	struct page_pool_stats a, b;
	char *p;

	page_pool_stats(k, &a);
	p = page_alloc(k, 100, 1);
	page_free(k, p + 40 * PAGE_SIZE, 20);
	page_free(k, p, 40);
	page_free(k, p + 60 * PAGE_SIZE, 40);
	page_pool_stats(k, &b);
	cr_assert_eq(a.free, b.free);
	cr_assert_eq(a.total, b.total);
}

Test(arena, all_of_it)
{
	struct kernel *k = test_arena();
	struct page_pool_stats st;
	uint64_t n = 0;
	char *first = NULL, *p;

	/* Every page once, and the first bytes are its own. */
	while ((p = page_alloc(k, 1, 1))) {
		cr_assert_eq(*(char **)p, NULL);
		*(char **)p = first;
		first = p;
		n++;
	}
	page_pool_stats(k, &st);
	cr_assert_eq(st.free, 0);
	cr_assert_leq(n, st.total);
	for (; first; first = p, n--) {
		p = *(char **)first;
		page_free(k, first, 1);
	}
	cr_assert_eq(n, 0);
	/* All joined again, but for the few dirty blocks kept apart. */
	page_pool_stats(k, &st);
	p = page_alloc(k, st.free / 4, 1);
	cr_assert(p);
}

/* Random allocations, each marked with its own number at both ends. */
static void
churn(struct kernel *k, unsigned int seed, int rounds)
{
	enum { N = 64 };
	struct {
		uint64_t *p;
		uint64_t n;
	} x[N] = { 0 };

	for (int r = 0; r < rounds; r++) {
		unsigned int i = (unsigned int)rand_r(&seed) % N;
		uint64_t mark = ((uint64_t)seed << 32) | i;

		if (x[i].p) {
			uint64_t *last = x[i].p + x[i].n * 512 - 1;

			cr_assert_eq(*x[i].p, *last);
			page_free(k, x[i].p, x[i].n);
			x[i].p = NULL;
			continue;
		}
		x[i].n = 1 + (uint64_t)rand_r(&seed) % (rand_r(&seed) % 8 == 0 ? 200 : 12);
		x[i].p = page_alloc(k, x[i].n, 1UL << (rand_r(&seed) % 4));
		cr_assert(x[i].p);
		cr_assert(all_zero(x[i].p, x[i].n * PAGE_SIZE));
		*x[i].p = x[i].p[x[i].n * 512 - 1] = mark;
	}
	for (int i = 0; i < N; i++)
		if (x[i].p)
			page_free(k, x[i].p, x[i].n);
}

static void *
churn_thread(void *k)
{
	churn(k, (unsigned int)gettid(), 2000);
	return NULL;
}

Test(arena, churn_by_threads_and_processes)
{
	struct kernel *k = test_arena();
	struct page_pool_stats a, b;
	pthread_t th[3];
	pid_t pid;
	int status;

	page_pool_stats(k, &a);
	pid = fork();
	if (pid == 0) {
		churn(k, 12345, 2000);
		_exit(0);
	}
	for (int i = 0; i < 3; i++)
		pthread_create(&th[i], NULL, churn_thread, k);
	for (int i = 0; i < 3; i++)
		pthread_join(th[i], NULL);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
	page_pool_stats(k, &b);
	cr_assert_eq(a.free, b.free);
}

Test(arena, free_of_what_is_not_the_pools, .signal = SIGABRT)
{
	struct kernel *k = test_arena();

	page_free(k, k, 1);
}
