/* SPDX-License-Identifier: MIT
 *
 * The newer futex calls (futex_wake, futex_wait, futex_requeue, futex_waitv), and locks that name their owner.
 */
#include <linux/futex.h>
#include <sched.h>

#include "guest.h"

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif
#define NR_WAITV   449
#define NR_WAKE	   454
#define NR_WAIT	   455
#define NR_REQUEUE 456
#define U32	   2u
#define PRIV	   128u

struct waitv {
	uint64_t val, uaddr;
	uint32_t flags, reserved;
};

static uint32_t words[8];

static long
futex(uint32_t *u, int op, uint32_t val, void *timeout, uint32_t *u2, uint32_t val3)
{
	return syscall(SYS_futex, u, op, val, timeout, u2, val3);
}

static long
wake2(uint32_t *u, unsigned long mask, int nr, unsigned int flags)
{
	return syscall(NR_WAKE, u, mask, nr, flags);
}

static long
wait2(uint32_t *u, unsigned long val, unsigned long mask, unsigned int flags, struct timespec *ts, int clock)
{
	return syscall(NR_WAIT, u, val, mask, flags, ts, clock);
}

struct waiter {
	pthread_t th;
	uint32_t *word;
	unsigned long mask;
	volatile long ret;
	volatile int err;
	volatile pid_t tid;
};

static void *
wait_thread(void *arg)
{
	struct waiter *w = arg;

	w->tid = (pid_t)syscall(SYS_gettid);
	w->ret = wait2(w->word, 0, w->mask, U32 | PRIV, NULL, CLOCK_MONOTONIC);
	w->err = errno;
	return NULL;
}

/* Sleeping in a call? */
static void
until_asleep(pid_t tid)
{
	char path[64], buf[512];

	for (;;) {
		FILE *f;
		char *p;

		snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
		f = fopen(path, "r");
		CHECK(f);
		CHECK(fgets(buf, sizeof(buf), f));
		fclose(f);
		p = strrchr(buf, ')');
		CHECK(p);
		if (p[2] == 'S')
			return;
		guest_sleep_ms(1);
	}
}

static void
start_waiter(struct waiter *w, uint32_t *word, unsigned long mask)
{
	*w = (struct waiter){ .word = word, .mask = mask };
	CHECK_EQ(pthread_create(&w->th, NULL, wait_thread, w), 0);
	while (!w->tid)
		guest_sleep_ms(1);
	until_asleep(w->tid);
}

static void
arguments(void)
{
	struct timespec ts = { 0, 1000 }, bad = { 0, 1000000000 };

	CHECK_ERR(wait2(words, 1, ~0u, U32 | PRIV, NULL, CLOCK_MONOTONIC), EAGAIN);
	CHECK_ERR(wait2(words, 0, ~0u, PRIV, NULL, CLOCK_MONOTONIC), EINVAL);
	CHECK_ERR(wait2(words, 0, ~0u, U32 | 0x100, NULL, CLOCK_MONOTONIC), EINVAL);
	CHECK_ERR(wait2(words, 1UL << 32, ~0u, U32 | PRIV, NULL, CLOCK_MONOTONIC), EINVAL);
	CHECK_ERR(wait2(words, 0, 1UL << 32, U32 | PRIV, NULL, CLOCK_MONOTONIC), EINVAL);
	CHECK_ERR(wait2(words, 0, 0, U32 | PRIV, NULL, CLOCK_MONOTONIC), EINVAL);
	CHECK_ERR(wait2(words, 0, ~0u, U32 | PRIV, &ts, CLOCK_BOOTTIME), EINVAL);
	CHECK_ERR(wait2(words, 0, ~0u, U32 | PRIV, &bad, CLOCK_MONOTONIC), EINVAL);
	CHECK_ERR(wait2(words, 0, ~0u, U32 | PRIV, &ts, CLOCK_MONOTONIC), ETIMEDOUT); /* absolute */
	CHECK_ERR(wait2(words, 0, ~0u, U32 | PRIV, &ts, CLOCK_REALTIME), ETIMEDOUT);
	CHECK_ERR(wait2((uint32_t *)((char *)words + 1), 0, ~0u, U32 | PRIV, NULL, CLOCK_MONOTONIC), EINVAL);
	CHECK_ERR(wait2((uint32_t *)8, 0, ~0u, U32 | PRIV, NULL, CLOCK_MONOTONIC), EFAULT);
	CHECK_ERR(wake2(words, 0, 1, U32 | PRIV), EINVAL);
	CHECK_ERR(wake2(words, ~0u, 1, PRIV), EINVAL);
	CHECK_EQ(wake2(words, ~0u, 1, U32 | PRIV), 0);
	CHECK_EQ(wake2(words, ~0u, 0, U32 | PRIV), 0);
}

static void
masks_choose(void)
{
	struct waiter a, b;

	start_waiter(&a, words, 1);
	start_waiter(&b, words, 2);
	CHECK_EQ(wake2(words, 4, 10, U32 | PRIV), 0);
	CHECK_EQ(wake2(words, ~0u, 0, U32 | PRIV), 0); /* none means none */
	CHECK_EQ(wake2(words, 2, 10, U32 | PRIV), 1);
	CHECK_EQ(pthread_join(b.th, NULL), 0);
	CHECK_EQ(futex(words, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 1);
	CHECK_EQ(pthread_join(a.th, NULL), 0);
	CHECK_EQ(a.ret | b.ret, 0);
}

static void
private_and_shared_differ(void)
{
	struct waiter a;

	start_waiter(&a, words, ~0u);
	CHECK_EQ(wake2(words, ~0u, 10, U32), 0);
	CHECK_EQ(wake2(words, ~0u, 10, U32 | PRIV), 1);
	CHECK_EQ(pthread_join(a.th, NULL), 0);
}

static void
requeue(void)
{
	struct waiter w[3];
	struct waitv v[2] = { { 0, (uintptr_t)&words[0], U32 | PRIV, 0 }, { 0, (uintptr_t)&words[1], U32 | PRIV, 0 } };

	for (int i = 0; i < 3; i++)
		start_waiter(&w[i], &words[0], ~0u);
	CHECK_ERR(syscall(NR_REQUEUE, v, 1, 1, 1), EINVAL);
	v[0].val = 1;
	CHECK_ERR(syscall(NR_REQUEUE, v, 0, 1, 1), EAGAIN);
	v[0].val = 0;
	CHECK_ERR(syscall(NR_REQUEUE, v, 0, -1, 1), EINVAL);
	CHECK_EQ(syscall(NR_REQUEUE, v, 0, 1, 1), 2);
	CHECK_EQ(wake2(&words[1], ~0u, 10, U32 | PRIV), 1);
	CHECK_EQ(wake2(&words[0], ~0u, 10, U32 | PRIV), 1);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_join(w[i].th, NULL), 0);
	/* the old call, whose count is of both too */
	for (int i = 0; i < 3; i++)
		start_waiter(&w[i], &words[0], ~0u);
	CHECK_EQ(futex(&words[0], FUTEX_REQUEUE_PRIVATE, 1, (void *)1, &words[1], 0), 2);
	CHECK_EQ(futex(&words[0], FUTEX_CMP_REQUEUE_PRIVATE, 0, (void *)5, &words[1], 0), 1);
	CHECK_ERR(futex(&words[0], FUTEX_CMP_REQUEUE_PRIVATE, 0, (void *)5, &words[1], 9), EAGAIN);
	CHECK_EQ(wake2(&words[1], ~0u, 10, U32 | PRIV), 2);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_join(w[i].th, NULL), 0);
}

static void *
wake_third(void *arg)
{
	(void)arg;
	guest_sleep_ms(30);
	words[2] = 1;
	wake2(&words[2], ~0u, 1, U32 | PRIV);
	return NULL;
}

static void
one_of_many(void)
{
	struct waitv v[4];
	struct timespec ts = { 0, 1 };
	pthread_t th;

	for (int i = 0; i < 4; i++)
		v[i] = (struct waitv){ 0, (uintptr_t)&words[i], U32 | PRIV, 0 };
	CHECK_ERR(syscall(NR_WAITV, v, 0, 0, NULL, 0), EINVAL);
	CHECK_ERR(syscall(NR_WAITV, v, 129, 0, NULL, 0), EINVAL);
	CHECK_ERR(syscall(NR_WAITV, v, 4, 0, &ts, CLOCK_MONOTONIC), ETIMEDOUT);
	v[3].val = 1;
	CHECK_ERR(syscall(NR_WAITV, v, 4, 0, NULL, 0), EAGAIN);
	v[3].val = 0;
	v[3].reserved = 1;
	CHECK_ERR(syscall(NR_WAITV, v, 4, 0, NULL, 0), EINVAL);
	v[3].reserved = 0;
	CHECK_EQ(pthread_create(&th, NULL, wake_third, NULL), 0);
	CHECK_EQ(syscall(NR_WAITV, v, 4, 0, NULL, 0), 2);
	CHECK_EQ(pthread_join(th, NULL), 0);
	CHECK_EQ(wake2(&words[0], ~0u, 10, U32 | PRIV), 0); /* nobody is left behind */
}

static void
owner_in_the_word(void)
{
	uint32_t tid = (uint32_t)syscall(SYS_gettid);

	words[0] = 0;
	CHECK_EQ(futex(words, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
	CHECK_EQ(words[0], tid);
	CHECK_ERR(futex(words, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), EDEADLK);
	CHECK_ERR(futex(words, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EDEADLK);
	CHECK_EQ(futex(words, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
	CHECK_EQ(words[0], 0);
	CHECK_ERR(futex(words, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EPERM);
	words[0] = 0x3ffffff0; /* nobody */
	CHECK_ERR(futex(words, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), ESRCH);
	words[0] = FUTEX_OWNER_DIED;
	CHECK_EQ(futex(words, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
	CHECK_EQ(words[0], tid | FUTEX_OWNER_DIED);
	CHECK_ERR(futex((uint32_t *)8, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), EFAULT);
	CHECK_ERR(futex((uint32_t *)((char *)words + 2), FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), EINVAL);
}

/* Who finds nobody to wait for says so, and has told the word that somebody wants it. */
static void
owner_that_is_gone(void)
{
	static const uint32_t bits[] = { 0, FUTEX_WAITERS, FUTEX_OWNER_DIED, FUTEX_WAITERS | FUTEX_OWNER_DIED };
	static const int ops[] = { FUTEX_LOCK_PI_PRIVATE, FUTEX_TRYLOCK_PI_PRIVATE, FUTEX_LOCK_PI, FUTEX_TRYLOCK_PI };
	pid_t gone = guest_fork(), zombie;
	siginfo_t si;

	if (gone == 0)
		_exit(0);
	guest_wait(gone);
	zombie = guest_fork();
	if (zombie == 0)
		_exit(0);
	CHECK_EQ(waitid(P_PID, (id_t)zombie, &si, WEXITED | WNOWAIT), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bits) * ARRAY_SIZE(ops); i++) {
		const uint32_t tids[] = { 0x3ffffff0, (uint32_t)gone, (uint32_t)zombie };

		for (size_t j = 0; j < ARRAY_SIZE(tids); j++) {
			words[0] = tids[j] | bits[i % ARRAY_SIZE(bits)];
			CHECK_ERR(futex(words, ops[i / ARRAY_SIZE(bits)], 0, NULL, NULL, 0), ESRCH);
			CHECK_EQ(words[0], tids[j] | bits[i % ARRAY_SIZE(bits)] | FUTEX_WAITERS);
		}
	}
	guest_wait(zombie);
	if (guest_fork() == 0) {
		words[0] = (uint32_t)getppid();
		CHECK_ERR(futex(words, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), EAGAIN);
		CHECK_EQ(words[0], (uint32_t)getppid() | FUTEX_WAITERS);
		_exit(0);
	}
	CHECK_EXITS(-1, 0);
}

static volatile long lock_ret;
static volatile uint32_t lock_tid, lock_word;

static void *
lock_thread(void *arg)
{
	lock_tid = (uint32_t)syscall(SYS_gettid);
	lock_ret = futex(words, FUTEX_LOCK_PI_PRIVATE, 0, arg, NULL, 0);
	if (lock_ret)
		lock_ret = -errno;
	lock_word = words[0];
	return NULL;
}

static void
lock_is_handed_over(void)
{
	pthread_t th;
	struct timespec past = { 1, 0 };

	words[0] = (uint32_t)syscall(SYS_gettid);
	CHECK_EQ(pthread_create(&th, NULL, lock_thread, &past), 0);
	CHECK_EQ(pthread_join(th, NULL), 0);
	CHECK_EQ(lock_ret, -ETIMEDOUT);
	CHECK_EQ(words[0] & FUTEX_TID_MASK, (uint32_t)syscall(SYS_gettid));
	lock_tid = 0;
	CHECK_EQ(pthread_create(&th, NULL, lock_thread, NULL), 0);
	while (!lock_tid)
		guest_sleep_ms(1);
	until_asleep((pid_t)lock_tid);
	CHECK(words[0] & FUTEX_WAITERS);
	CHECK_ERR(futex(words, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), EINVAL); /* not a way to wake those */
	CHECK_EQ(futex(words, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
	CHECK_EQ(pthread_join(th, NULL), 0);
	CHECK_EQ(lock_ret, 0);
	CHECK_EQ(lock_word & FUTEX_TID_MASK, lock_tid);
}

static void *
lock_and_die(void *arg)
{
	(void)arg;
	CHECK_EQ(futex(words, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
	words[1] = 1;
	while (!lock_tid)
		guest_sleep_ms(1);
	until_asleep((pid_t)lock_tid);
	syscall(SYS_exit, 0);
	return NULL;
}

static void
owner_dies_with_the_lock(void)
{
	pthread_t owner, th;

	CHECK_EQ(pthread_create(&owner, NULL, lock_and_die, NULL), 0);
	while (!__atomic_load_n(&words[1], __ATOMIC_SEQ_CST))
		guest_sleep_ms(1);
	CHECK_EQ(pthread_create(&th, NULL, lock_thread, NULL), 0);
	CHECK_EQ(pthread_join(th, NULL), 0);
	CHECK_EQ(lock_ret, 0);
	CHECK_EQ(lock_word & FUTEX_TID_MASK, lock_tid);
	CHECK(lock_word & FUTEX_OWNER_DIED);
}

/* What the kernel does to a word is one step to the threads that use it. */

static uint32_t added;
static bool adding;

static void *
add_thread(void *arg)
{
	while (__atomic_load_n(&adding, __ATOMIC_SEQ_CST)) {
		__atomic_add_fetch(&words[2], 1, __ATOMIC_SEQ_CST);
		added++;
		/* from time to time, so that it meets every moment of the call's */
		for (uint32_t i = added % 64 * 8; i > 0; i--)
			__asm__ volatile("pause");
	}
	return NULL;
}

static void
wake_op_is_one_step(void)
{
	pthread_t th;
	uint32_t i;

	adding = true;
	CHECK_EQ(pthread_create(&th, NULL, add_thread, NULL), 0);
	for (i = 0; i < 2000; i++)
		CHECK_EQ(futex(&words[3], FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &words[2], FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0)), 0);
	__atomic_store_n(&adding, false, __ATOMIC_SEQ_CST);
	pthread_join(th, NULL);
	CHECK_EQ(words[2], added + 2000);
}

/* The registers of a thread that does such a step are its own again afterwards. */
static void
wake_op_leaves_registers_alone(void)
{
	register long r10 __asm__("r10") = 1, r8 __asm__("r8") = (long)&words[2], r9 __asm__("r9");
	long a4, a5, ret, rdi = (long)&words[3], rsi = FUTEX_WAKE_OP_PRIVATE, rdx = 1, rbx = 0x1234567;

	words[2] = 7;
	r9 = FUTEX_OP(FUTEX_OP_OR, 8, FUTEX_OP_CMP_EQ, 1);
	__asm__ volatile("syscall"
			 : "=a"(ret), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+b"(rbx), "+r"(r10), "+r"(r8), "+r"(r9)
			 : "a"(SYS_futex)
			 : "rcx", "r11", "memory");
	a4 = r10;
	a5 = r8;
	CHECK_EQ(ret, 0);
	CHECK_EQ(words[2], 15);
	CHECK_EQ(rdi, (long)&words[3]);
	CHECK_EQ(rsi, FUTEX_WAKE_OP_PRIVATE);
	CHECK_EQ(rdx, 1);
	CHECK_EQ(rbx, 0x1234567);
	CHECK_EQ(a4, 1);
	CHECK_EQ(a5, (long)&words[2]);
}

static char unreadable[8192] __attribute__((aligned(4096)));

static void
wake_op_on_bad_memory(void)
{
	CHECK_EQ(mprotect(unreadable, 4096, PROT_READ), 0);
	CHECK_ERR(futex(&words[3], FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, (uint32_t *)(void *)unreadable,
			FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0)), EFAULT);
	CHECK_EQ(mprotect(unreadable, 4096, PROT_NONE), 0);
	CHECK_ERR(futex(&words[3], FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, (uint32_t *)(void *)unreadable,
			FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0)), EFAULT);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(arguments), T(masks_choose), T(private_and_shared_differ), T(requeue), T(one_of_many), T(owner_in_the_word),
		T(owner_that_is_gone),
		T(lock_is_handed_over), T(owner_dies_with_the_lock), T(wake_op_is_one_step), T(wake_op_leaves_registers_alone), T(wake_op_on_bad_memory),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
