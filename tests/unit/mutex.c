/* SPDX-License-Identifier: MIT */
#include "tests/unit/env.h"

struct shared {
	struct mutex m;
	uint64_t a, b; /* equal while nobody holds m */
};

static void
hammer(struct shared *s, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		mutex_guard(&s->m);
		cr_assert_eq(s->a, s->b);
		s->a++;
		if (i % 512 == 0)
			usleep(1); /* holders lose their CPU */
		s->b++;
	}
}

static void *
hammer_thread(void *s)
{
	hammer(s, 20000);
	return NULL;
}

Test(mutex, word)
{
	struct shared s = { 0 };

	mutex_init(&s.m, RANK_LEAF);
	test_arena();
	cr_assert_not(mutex_is_locked(&s.m));
	mutex_lock(&s.m);
	cr_assert(mutex_is_locked(&s.m));
	cr_assert_not(mutex_trylock(&s.m));
	mutex_unlock(&s.m);
	cr_assert(mutex_trylock(&s.m));
	mutex_unlock(&s.m);
	cr_assert_eq(s.m.word, 0);
}

Test(mutex, threads)
{
	struct kernel *k = test_arena();
	struct shared *s = kzalloc(k, sizeof(*s));
	pthread_t th[4];

	mutex_init(&s->m, RANK_LEAF);
	for (int i = 0; i < 4; i++)
		pthread_create(&th[i], NULL, hammer_thread, s);
	for (int i = 0; i < 4; i++)
		pthread_join(th[i], NULL);
	cr_assert_eq(s->a, 80000);
	cr_assert_eq(s->m.word, 0);
}

Test(mutex, processes)
{
	struct kernel *k = test_arena();
	struct shared *s = kzalloc(k, sizeof(*s));
	int status;

	mutex_init(&s->m, RANK_LEAF);
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			hammer(s, 20000);
			_exit(0);
		}
	for (int i = 0; i < 4; i++) {
		cr_assert_gt(wait(&status), 0);
		cr_assert_eq(status, 0);
	}
	cr_assert_eq(s->a, 80000);
	cr_assert_eq(s->m.word, 0);
}
