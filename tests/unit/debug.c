/* SPDX-License-Identifier: MIT
 *
 * The checks of debug builds: what they must catch. Compiled with STEAD_DEBUG, as is the kernel code it is linked with.
 */
#include "tests/unit/env.h"

/* What kernel/time.c needs beside. */
int copy_from_user(struct task *t, void *to, uaddr_t from, size_t n);
int copy_to_user(struct task *t, uaddr_t to, const void *from, size_t n);

int
copy_from_user(struct task *t __unused, void *to __unused, uaddr_t from __unused, size_t n __unused)
{
	return -EFAULT;
}

int
copy_to_user(struct task *t __unused, uaddr_t to __unused, const void *from __unused, size_t n __unused)
{
	return -EFAULT;
}

Test(debug, an_orderly_program)
{
	struct kernel *k = test_arena();
	static struct mutex a, b;

	mutex_init(&a, RANK_MM);
	mutex_init(&b, RANK_FILES);
	for (int i = 0; i < 100; i++) {
		mutex_lock(&a);
		mutex_lock(&b);
		mutex_assert_held(&a);
		kfree(k, kmalloc(k, (size_t)i * 40));
		mutex_unlock(&a);
		mutex_unlock(&b);
		mutex_debug_may_sleep("test");
	}
}

Test(debug, double_free, .signal = SIGABRT)
{
	struct kernel *k = test_arena();
	char *p = kmalloc(k, 50);

	kfree(k, p);
	kfree(k, p);
}

Test(debug, write_past_the_end, .signal = SIGABRT)
{
	struct kernel *k = test_arena();
	volatile char *p = kmalloc(k, 50);

	p[50] = 1;
	kfree(k, (void *)p);
}

Test(debug, write_after_free, .signal = SIGABRT)
{
	struct kernel *k = test_arena();
	volatile char *p = kmalloc(k, 50);

	kfree(k, (void *)p);
	p[3] = 1;
	cr_assert(kmalloc(k, 50));
}

Test(debug, new_memory_is_not_zero)
{
	struct kernel *k = test_arena();
	unsigned char *p = kmalloc(k, 50);

	cr_assert_eq(p[0], 0x5a);
	kfree(k, p);
	cr_assert_eq(((volatile unsigned char *)p)[0], 0x6b);
}

Test(debug, cache_objects_keep_their_bytes_and_are_checked, .signal = SIGABRT)
{
	struct kernel *k = test_arena();
	static struct kmem_cache c;
	volatile char *p;

	kmem_cache_init(k, &c, "thing", 100, 0);
	p = kmem_cache_zalloc(&c);
	p[7] = 42;
	kmem_cache_free(&c, (void *)p);
	if (p[7] != 42)
		exit(1);
	p[7] = 43;
	cr_assert(kmem_cache_alloc(&c));
}

Test(debug, free_of_a_free_page, .signal = SIGABRT)
{
	struct kernel *k = test_arena();
	char *p = page_alloc(k, 8, 1);

	page_free(k, p, 8);
	page_free(k, p + PAGE_SIZE, 1);
}

static struct mutex low, high, peer[2];

static void
init_locks(void)
{
	test_arena();
	mutex_init(&low, RANK_MM);
	mutex_init(&high, RANK_TASKLIST);
	mutex_init(&peer[0], RANK_TASK);
	mutex_init(&peer[1], RANK_TASK);
}

TestSuite(rank, .init = init_locks);

Test(rank, wrong_order, .signal = SIGABRT)
{
	mutex_lock(&high);
	mutex_lock(&low);
}

Test(rank, twice, .signal = SIGABRT)
{
	mutex_lock(&low);
	mutex_lock(&low);
}

Test(rank, peers_without_saying_so, .signal = SIGABRT)
{
	mutex_lock(&peer[0]);
	mutex_lock(&peer[1]);
}

Test(rank, peers_in_address_order)
{
	mutex_lock(&peer[0]);
	mutex_lock_nested(&peer[1]);
	mutex_unlock(&peer[0]);
	mutex_unlock(&peer[1]);
}

Test(rank, peers_against_address_order, .signal = SIGABRT)
{
	mutex_lock(&peer[1]);
	mutex_lock_nested(&peer[0]);
}

Test(rank, unlock_of_a_free_lock, .signal = SIGABRT)
{
	mutex_unlock(&low);
}

static void *
lock_low(void *arg __unused)
{
	mutex_lock(&low);
	return NULL;
}

Test(rank, unlock_of_anothers_lock, .signal = SIGABRT)
{
	pthread_t th;

	pthread_create(&th, NULL, lock_low, NULL);
	pthread_join(th, NULL);
	mutex_unlock(&low);
}

Test(rank, not_held, .signal = SIGABRT)
{
	mutex_lock(&low);
	mutex_assert_held(&high);
}

Test(rank, sleeping_with_a_short_lock, .signal = SIGABRT)
{
	mutex_lock(&high);
	mutex_debug_may_sleep("test");
}

Test(rank, trylock_is_never_out_of_order)
{
	mutex_lock(&high);
	cr_assert(mutex_trylock(&low));
	mutex_unlock(&low);
	mutex_unlock(&high);
}

static void *
orderly(void *arg __unused)
{
	for (int i = 0; i < 5000; i++) {
		mutex_lock(&low);
		mutex_lock(&high);
		mutex_unlock(&high);
		mutex_unlock(&low);
	}
	return NULL;
}

Test(rank, many_threads)
{
	pthread_t th[8];

	for (int i = 0; i < 8; i++)
		pthread_create(&th[i], NULL, orderly, NULL);
	for (int i = 0; i < 8; i++)
		pthread_join(th[i], NULL);
}
