/* SPDX-License-Identifier: MIT
 *
 * The fake trap of world.h: every task is a thread of the test. What a real trap does on the way out is done here: deliver, restart,
 * end.
 */
#include "tests/unit/world.h"

#include <criterion/criterion.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/sched.h>

#include "mm/mm.h"
#include "mm/uaccess.h"
#include "syscalls/proto.h"
#include "trap/request.h"
#include "trap/trap.h"
#include "vfs/fdtable.h"

#define USER_STACK 65536
#define SYS_NR	   1000 /* any number: what orig_rax has in a call */
#define HANDLERS   0x10000 /* addresses of programs and handlers are above it, 0x1000 stands for the program */

static void
go_on(struct task *t)
{
	for (;;) {
		if (!exit_to_user(t)) {
			free((void *)(uintptr_t)t->fault_addr); /* the stack; the field is free here */
			put_task_struct(t);
			pthread_exit(NULL);
		}
		if (t->regs.rip < HANDLERS)
			return;
		/* a handler: run it, and come back through its frame */
		((void (*)(struct task *, int, struct k_siginfo *))(uintptr_t)t->regs.rip)(t, (int)t->regs.rdi,
											  (void *)(uintptr_t)t->regs.rsi);
		__atomic_store_n(&t->mode, MODE_KERNEL, __ATOMIC_SEQ_CST);
		t->regs.rsp += 8;
		cr_assert_eq(rt_sigreturn(t), SYSCALL_REGS_SET);
	}
}

void
world_enter(struct task *t)
{
	__atomic_store_n(&t->mode, MODE_KERNEL, __ATOMIC_SEQ_CST);
	t->regs.orig_rax = SYS_NR;
	t->regs.rip = 0x1000;
}

bool
world_leave(struct task *t, int64_t *ret)
{
	if (*ret != SYSCALL_REGS_SET)
		t->regs.rax = (uint64_t)*ret;
	go_on(t);
	*ret = (int64_t)t->regs.rax;
	return t->regs.rip == 0x1000 - 2;
}

static void *
run_task(void *p)
{
	struct task *t = p;
	program_t prog = (program_t)(uintptr_t)t->regs.r12;
	char *stack = malloc(USER_STACK);

	t->fault_addr = (uint64_t)(uintptr_t)stack;
	t->regs.rsp = (uint64_t)(uintptr_t)stack + USER_STACK;
	t->regs.rip = 0x1000;
	schedule_tail(t);
	t->regs.orig_rax = (uint64_t)-1;
	go_on(t);
	prog(t, t->regs.r13);
	CALL(t, sys_exit_group(t, 0));
	return NULL;
}

static int
fake_clone(struct task *t, struct task *child, uint64_t flags)
{
	pthread_t th;

	child->regs_valid = true;
	if (pthread_create(&th, NULL, run_task, child))
		return -EAGAIN;
	pthread_detach(th);
	return 0;
}

static size_t
fake_from(struct task *t, void *to, uint64_t from, size_t n)
{
	if (from < HANDLERS)
		return 0;
	memcpy(to, (void *)(uintptr_t)from, n);
	return n;
}

static size_t
fake_to(struct task *t, uint64_t to, const void *from, size_t n)
{
	if (to < HANDLERS)
		return 0;
	memcpy((void *)(uintptr_t)to, from, n);
	return n;
}

static int
fake_cmpxchg(struct task *t, uint64_t u, uint32_t *expected, uint32_t desired)
{
	if (u < HANDLERS)
		return -EFAULT;
	__atomic_compare_exchange_n((uint32_t *)(uintptr_t)u, expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return 0;
}

static int64_t
fake_mm_call(struct task *t, long nr, const uint64_t a[6])
{
	return 0;
}

static void
fake_kick(struct task *t)
{
}

static size_t
fake_xsize(struct task *t)
{
	return 576;
}

static int
fake_xstate(struct task *t, uint64_t u)
{
	return 0;
}

static int
fake_xreset(struct task *t)
{
	return 0;
}

static void
fake_ended(struct kernel *k)
{
}

static void
fake_log(struct kernel *k, const char *line, size_t n)
{
	ignore_err(write(2, line, n) < 0, "a test's output");
}

static void __noreturn
fake_panic(struct kernel *k, const char *line)
{
	fprintf(stderr, "%s\n", line);
	abort();
}

static const struct super_ops fake_super = {
	.log = fake_log, .panic = fake_panic, .ended = fake_ended,
};

static const struct trap_ops fake_trap = {
	.name = "fake", .copy_from = fake_from, .copy_to = fake_to, .cmpxchg32 = fake_cmpxchg, .mm_call = fake_mm_call,
	.clone = fake_clone, .kick = fake_kick, .xstate_size = fake_xsize, .xstate_save = fake_xstate,
	.xstate_restore = fake_xstate, .xstate_reset = fake_xreset,
};

struct kernel *K;

void
world_run(program_t program, uint64_t arg)
{
	struct task *t;
	pthread_t th;

	cr_assert_eq(arena_create(256UL << 20, &K), 0);
	K->trap = &fake_trap;
	K->super = &fake_super;
	K->params.ncpus = 2;
	K->params.memory = 1UL << 30;
	cr_assert_eq(kernel_init(K), 0);
	K->init_task = create_init_task(K);
	cr_assert(!IS_ERR(K->init_task));
	t = K->main_task = create_main_task(K);
	cr_assert(!IS_ERR(t));
	t->files = files_alloc(K);
	t->fs = fs_alloc(K);
	t->mm = mm_alloc(K);
	cr_assert(t->files && t->fs && t->mm);
	t->mm->dumpable = true;
	t->regs.r12 = (uint64_t)(uintptr_t)program;
	t->regs.r13 = arg;
	t->regs_valid = true;
	cr_assert_eq(pthread_create(&th, NULL, run_task, t), 0);
	pthread_join(th, NULL);
}

void
check_empty(void)
{
	for (int i = 0; i < 1000 && (K->nr_threads != 1 || K->task_cache.in_use != 2); i++)
		usleep(1000);
	cr_expect_eq(K->nr_threads, 1, "%u threads", K->nr_threads);
	cr_expect_eq(K->task_cache.in_use, 2, "%u tasks", (unsigned int)K->task_cache.in_use); /* main_task has a reference */
	cr_expect_eq(K->sigqueue_cache.in_use, 0, "%u signals", (unsigned int)K->sigqueue_cache.in_use);
	cr_expect_eq(K->cred_cache.in_use, 2, "%u creds", (unsigned int)K->cred_cache.in_use);
}

int64_t
spawn(struct task *t, program_t prog, uint64_t arg, uint64_t flags)
{
	struct kernel_clone_args args = { .flags = flags, .exit_signal = flags & CLONE_THREAD ? 0 : SIGCHLD };
	uint64_t r12 = t->regs.r12, r13 = t->regs.r13;
	int64_t ret;

	t->regs.r12 = (uint64_t)(uintptr_t)prog;
	t->regs.r13 = arg;
	ret = CALL(t, kernel_clone(t, &args));
	t->regs.r12 = r12;
	t->regs.r13 = r13;
	return ret;
}

int64_t
wait4_(struct task *t, int pid, int *status, int options)
{
	return CALL(t, sys_wait4(t, pid, UADDR((uintptr_t)status), options, UNULL));
}

void
on_signal(struct task *t, int sig, uint64_t handler, uint64_t flags)
{
	struct k_sigaction act = { .handler = handler, .flags = flags | SA_RESTORER_, .restorer = 0x2000 };

	cr_assert_eq(do_sigaction(t, sig, &act, NULL), 0);
}

void
prog_exit(struct task *t, uint64_t code)
{
	CALL(t, sys_exit_group(t, (int)code));
}

void
prog_pause(struct task *t, uint64_t arg)
{
	for (;;)
		CALL(t, sys_pause(t));
}
