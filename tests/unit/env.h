/* SPDX-License-Identifier: MIT
 *
 * For unit tests of kernel code: an instance of stead without a trap, in the process of the test.
 *
 * Criterion runs each test in a process of its own, so each has its own arena. libc headers come first: kernel headers declare
 * what they need of it in a compatible way, but define short macro names.
 */
#ifndef STEAD_TESTS_UNIT_ENV_H
#define STEAD_TESTS_UNIT_ENV_H

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/kernel.h"
#include "kernel/task.h"
#include "trap/trap.h"

#undef __unused
#define __unused __attribute__((unused))

#define TEST_ARENA (256UL << 20)

/* Nothing is trapped; sleeping asks the trap. */
__unused static const struct trap_ops no_trap = { .name = "none" };

/* An arena with slabs. */
static inline struct kernel *
test_arena(void)
{
	struct kernel *k;

	cr_assert_eq(arena_create(TEST_ARENA, &k), 0);
	cr_assert_eq(slab_init(k), 0);
	k->trap = &no_trap;
	return k;
}

/* A task that nobody knows, for sleeping and waking. */
static inline struct task *
test_task(struct kernel *k)
{
	struct task *t = kzalloc(k, sizeof(*t));

	cr_assert(t);
	t->k = k;
	t->mode = MODE_KERNEL;
	refcount_set(&t->usage, 1);
	for (int i = 0; i < PIDTYPE_MAX; i++)
		INIT_LIST_HEAD(&t->pid_links[i]);
	return t;
}

/* Runs @fn on a stack in the arena, as kernel code of a guest process does: wait queue entries on it are seen by all. */
static inline void
on_arena_stack(struct kernel *k, void *(*fn)(void *), void *arg)
{
	enum { PAGES = 32 };
	pthread_attr_t attr;
	pthread_t th;

	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, page_alloc(k, PAGES, 1), PAGES * PAGE_SIZE);
	cr_assert_eq(pthread_create(&th, &attr, fn, arg), 0);
	pthread_join(th, NULL);
}

#endif
