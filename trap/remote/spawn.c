/* SPDX-License-Identifier: MIT
 *
 * The spawner and its children, until they run program code. Kernel code: libc is not there any more.
 *
 * The child loads the program by itself (exec_load()), gives the arena back with its last call and stops at an int3; the
 * tracer takes it from there: it removes the image and starts the program.
 */
#include <asm/unistd.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>

#include "kernel/errno.h"
#include "kernel/exec.h"
#include "kernel/task.h"
#include "trap/host.h"
#include "trap/remote/spawn.h"
#include "trap/resident/vetted.h"

#define SIGKILL_NR 9
#define SIGCHLD_NR 17

__asm__(".pushsection .text\n"
	".globl host_clone_fn\n.hidden host_clone_fn\n.type host_clone_fn, @function\n"
	"host_clone_fn:\n"
	"	sub $16, %rsi\n"
	"	mov %rdx, (%rsi)\n"
	"	mov %rcx, 8(%rsi)\n"
	"	mov %r8, %rdx\n"
	"	mov %r9, %r10\n"
	"	xor %r8d, %r8d\n"
	"	mov $56, %eax\n"
	"	syscall\n"
	".globl host_clone_insn\n.hidden host_clone_insn\n"
	"host_clone_insn:\n"
	"	test %rax, %rax\n"
	"	jz 1f\n"
	"	ret\n"
	"1:	xor %ebp, %ebp\n"
	"	pop %rax\n"
	"	pop %rdi\n"
	"	call *%rax\n"
	"	ud2\n"
	".size host_clone_fn, .-host_clone_fn\n"
	/* The stack is in the arena and goes with it: nothing after the call may touch memory. */
	".globl spawn_final\n.hidden spawn_final\n.type spawn_final, @function\n"
	"spawn_final:\n"
	"	mov $11, %eax\n"
	"	syscall\n"
	".globl spawn_final_insn\n.hidden spawn_final_insn\n"
	"spawn_final_insn:\n"
	"	int3\n"
	"	ud2\n"
	".size spawn_final, .-spawn_final\n"
	".popsection\n");

void spawn_final(uint64_t arena, uint64_t size) __noreturn;

static void __noreturn
host_exit(int code)
{
	for (;;)
		host_call1(__NR_exit_group, code);
}

/* The supervisor is the parent, of children too (CLONE_PARENT), and may have ended already: nothing waits for a start that is not needed. */
static void
die_with_supervisor(const struct spawn_area *a)
{
	host_call2(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL_NR);
	if (host_call0(__NR_getppid) != a->supervisor)
		host_exit(1);
}

static void
child_main(void *arg)
{
	struct spawn_job *job = arg;
	struct task *t = job->t;
	uint64_t size = job->area->arena_size;
	int err;

	die_with_supervisor(job->area);
	t->direct = true;
	err = exec_load(t, job->bprm);
	t->direct = false;
	while (__atomic_load_n(&job->seized, __ATOMIC_ACQUIRE) == 0)
		host_futex_wait(&job->seized, 0, INT64_MAX);
	job->error = err;
	__atomic_store_n(&job->loaded, err ? 2 : 1, __ATOMIC_RELEASE);
	host_futex_wake(&job->loaded, 1);
	if (err)
		host_exit(0);
	spawn_final(ARENA_BASE, size);
}

static void
serve_requests(struct spawn_area *a)
{
	uint32_t seen = 0;

	for (;;) {
		struct spawn_job *job;

		while (__atomic_load_n(&a->request, __ATOMIC_ACQUIRE) == seen)
			host_futex_wait(&a->request, seen, INT64_MAX);
		seen++;
		job = a->job;
		a->result = (int32_t)host_clone_fn(CLONE_FILES | CLONE_PARENT | SIGCHLD_NR,
						   job->stack + SPAWN_STACK_PAGES * PAGE_SIZE, child_main, job, NULL, NULL);
		__atomic_store_n(&a->done, seen, __ATOMIC_RELEASE);
		host_futex_wake(&a->done, 1);
	}
}

/* Handlers and mask of the supervisor mean nothing here. */
static void
reset_signals(void)
{
	uint64_t act[4] = { 0, 0, 0, 0 }, none = 0;

	for (int sig = 1; sig <= K_NSIG; sig++)
		host_call4(__NR_rt_sigaction, sig, act, NULL, 8);
	host_call4(__NR_rt_sigprocmask, 2 /* SIG_SETMASK */, &none, NULL, 8);
}

void
shed_supervisor(struct spawn_area *a)
{
	die_with_supervisor(a);
	if (a->rseq)
		host_call4(__NR_rseq, a->rseq, a->rseq_len, 1 /* RSEQ_FLAG_UNREGISTER */, 0x53053053);
	host_call2(__NR_set_robust_list, NULL, 24);
	host_call1(__NR_set_tid_address, NULL);
	host_call2(__NR_arch_prctl, 0x1002 /* ARCH_SET_FS */, 0);
	reset_signals();
	for (uint32_t i = 0; i < a->nranges; i++)
		host_call2(__NR_munmap, a->ranges[i].start, a->ranges[i].end - a->ranges[i].start);
	/* This text stays in guest processes of the resident trap: as resident_xrstor_mask(). */
	__asm__ volatile(VETTED("xrstor64 %0") "test $0x200, %%eax\n\tjz 1f\n\tud2\n1:"
			 : : "m"(a->xinit), "a"(0xffffffffU & ~(1U << 9)), "d"(0xffffffffU) : "memory", "cc");
	host_call5(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	host_call2(__NR_prctl, PR_SET_NAME, "stead-guest");
}

/*
 * What is sent to the whole group of processes, as by the ^C of a terminal, is for the command, which passes it on. Guest processes
 * inherit this, but are traced, which comes first.
 */
static void
ignore_signals(void)
{
	static const uint32_t faults = 1u << 4 | 1u << 5 | 1u << 7 | 1u << 8 | 1u << 11 | 1u << 31;
	uint64_t act[4] = { 1 /* SIG_IGN */, 0, 0, 0 };

	for (int sig = 1; sig <= K_NSIG; sig++)
		if (sig > 31 || !(faults & 1u << sig))
			host_call4(__NR_rt_sigaction, sig, act, NULL, 8);
}

void
spawner_main(void *arg)
{
	struct spawn_area *a = arg;
	int64_t fd;

	shed_supervisor(a);
	ignore_signals();
	fd = host_call3(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
			SECCOMP_FILTER_FLAG_NEW_LISTENER | 32 /* WAIT_KILLABLE_RECV */, &a->prog);
	a->listener = (int32_t)fd;
	__atomic_store_n(&a->ready, 1, __ATOMIC_RELEASE);
	host_futex_wake(&a->ready, 1);
	if (fd < 0)
		host_exit(1);
	serve_requests(a);
	host_exit(0);
}
