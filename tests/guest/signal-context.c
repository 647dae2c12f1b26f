/* SPDX-License-Identifier: MIT
 *
 * What a handler's frame keeps and gives back: mask, registers, vector state; and leaving it by siglongjmp(3).
 */
#include <setjmp.h>
#include <ucontext.h>

#include "tests/guest/guest.h"

static void
change_saved_mask(int sig, siginfo_t *si, void *ucv)
{
	ucontext_t *uc = ucv;

	sigaddset(&uc->uc_sigmask, SIGWINCH);
}

static void
mask_of_the_context_is_restored(void)
{
	struct sigaction sa = { .sa_sigaction = change_saved_mask, .sa_flags = SA_SIGINFO };
	sigset_t now;

	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	sigprocmask(SIG_SETMASK, NULL, &now);
	CHECK(sigismember(&now, SIGWINCH));
}

static sigjmp_buf jump;

static void
jump_out(int sig)
{
	siglongjmp(jump, sig);
}

static void
siglongjmp_out_of_a_handler(void)
{
	volatile int i;

	signal(SIGUSR1, jump_out);
	for (i = 0; i < 100; i++) {
		if (sigsetjmp(jump, 1) == 0) {
			raise(SIGUSR1);
			CHECK(false);
		}
	}
}

static volatile int counted;

static void
count(int sig)
{
	counted++;
}

static void
registers_survive_handlers(void)
{
	register uint64_t rbx asm("rbx"), r12 asm("r12"), r15 asm("r15");
	uint64_t rax, rdx, rsi, r8, r9, r10;
	double x[4] = { 1.5, 2.5, 3.5, 4.5 }, y[4];
	pid_t me = getpid();

	signal(SIGUSR1, count);
	rbx = 0x1111111111111111;
	r12 = 0x2222222222222222;
	r15 = 0x3333333333333333;
	__asm__ volatile("movupd (%[x]), %%xmm5\n\tmovupd 16(%[x]), %%xmm13\n\t"
			 "mov $62, %%eax\n\tmov %[pid], %%edi\n\tmov $10, %%esi\n\tmov $77, %%edx\n\tmov $78, %%r8\n\t"
			 "mov $79, %%r9\n\tmov $80, %%r10\n\tsyscall\n\t"
			 "movupd %%xmm5, (%[y])\n\tmovupd %%xmm13, 16(%[y])\n\t"
			 "mov %%r8, %[r8]\n\tmov %%r9, %[r9]\n\tmov %%r10, %[r10]"
			 : "=a"(rax), "=d"(rdx), "=S"(rsi), [r8] "=m"(r8), [r9] "=m"(r9), [r10] "=m"(r10), "+r"(rbx), "+r"(r12),
			   "+r"(r15)
			 : [x] "r"(x), [y] "r"(y), [pid] "m"(me)
			 : "rdi", "rcx", "r8", "r9", "r10", "r11", "xmm5", "xmm13", "memory", "cc");
	CHECK_EQ(rax, 0);
	CHECK_EQ(counted, 1);
	CHECK(rdx == 77 && rsi == 10 && r8 == 78 && r9 == 79 && r10 == 80);
	CHECK(rbx == 0x1111111111111111 && r12 == 0x2222222222222222 && r15 == 0x3333333333333333);
	CHECK(memcmp(x, y, sizeof(x)) == 0);
}

static void
change_registers(int sig, siginfo_t *si, void *ucv)
{
	ucontext_t *uc = ucv;

	uc->uc_mcontext.gregs[REG_RAX] = 4711;
}

static void
context_changes_take_effect(void)
{
	struct sigaction sa = { .sa_sigaction = change_registers, .sa_flags = SA_SIGINFO };
	long ret;

	sigaction(SIGUSR1, &sa, NULL);
	__asm__ volatile("syscall" : "=a"(ret) : "a"(SYS_kill), "D"(getpid()), "S"(SIGUSR1) : "rcx", "r11", "memory");
	CHECK_EQ(ret, 4711);
}

static volatile double handler_double;

static void
use_fpu(int sig)
{
	volatile double d = 3.0;
	int i;

	for (i = 0; i < 100; i++)
		d = d * 1.01 + 0.5;
	handler_double = d;
	__asm__ volatile("xorps %%xmm0, %%xmm0\n\txorps %%xmm1, %%xmm1\n\txorps %%xmm7, %%xmm7\n\tfldpi" ::: "xmm0", "xmm1", "xmm7");
}

static void
vector_state_survives_timer_handlers(void)
{
	struct itimerval it = { { 0, 1000 }, { 0, 1000 } };
	double sum = 0, expect = 0;
	long end = guest_ms() + 200;
	int round;

	signal(SIGALRM, use_fpu);
	setitimer(ITIMER_REAL, &it, NULL);
	while (guest_ms() < end) {
		sum = 0;
		for (round = 1; round <= 5000; round++)
			sum += 1.0 / round;
		if (expect == 0)
			expect = sum;
		CHECK(sum == expect);
	}
	memset(&it, 0, sizeof(it));
	setitimer(ITIMER_REAL, &it, NULL);
	CHECK(handler_double != 0);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(mask_of_the_context_is_restored), T(siglongjmp_out_of_a_handler), T(registers_survive_handlers),
		T(context_changes_take_effect), T(vector_state_survives_timer_handlers),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
