/* SPDX-License-Identifier: MIT
 *
 * What a handler's frame keeps and gives back: mask, registers, vector state; and leaving it by siglongjmp(3).
 */
#include <setjmp.h>
#include <sys/mman.h>
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

/* Where a frame's extended state is: in the fxsave area what the kernel says of it, then the header of xsave. */
#define FP_MAGIC1   464
#define FP_XSIZE    480
#define FP_BV	    512
#define FP_COMP_BV  520
#define FP_RESERVED 528
#define BAD_MXCSR   0xffff0000u

enum damage { NONE, RIP, CS, SS, FPSTATE, MOVED_1, MXCSR, MAGIC1, MAGIC2, XSIZE, XSTATE_BV, XCOMP_BV, RESERVED, CUT, SS_UNKNOWN };
static enum damage damage;
static uint64_t damage_value;

/* The legacy area alone, at the end of what there is. */
static void *
cut_state(const char *fp)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(p + 4096, 4096);
	return memcpy(p + 4096 - 512, fp, 512);
}

static void
do_damage(int sig, siginfo_t *si, void *ucv)
{
	ucontext_t *uc = ucv;
	greg_t *g = uc->uc_mcontext.gregs;
	uint16_t *selectors = (uint16_t *)&g[REG_CSGSFS]; /* cs, gs, fs, ss */
	char *fp = (char *)uc->uc_mcontext.fpregs;
	uint32_t n;

	switch (damage) {
	case NONE: break;
	case RIP: g[REG_RIP] = (greg_t)damage_value; break;
	case CS: selectors[0] = (uint16_t)damage_value; break;
	case SS_UNKNOWN: uc->uc_flags = 0; __attribute__((fallthrough));
	case SS: selectors[3] = (uint16_t)damage_value; break;
	case FPSTATE: uc->uc_mcontext.fpregs = (void *)damage_value; break;
	case MOVED_1: uc->uc_mcontext.fpregs = (void *)(fp + 1); break;
	case MXCSR: memcpy(fp + 24, &damage_value, 4); break;
	case MAGIC1: memset(fp + FP_MAGIC1, 0, 4); break;
	case MAGIC2: memcpy(&n, fp + FP_XSIZE, 4); memset(fp + n, 0, 4); break;
	case XSIZE: memcpy(fp + FP_XSIZE, &damage_value, 4); break;
	case XSTATE_BV: memcpy(fp + FP_BV, &damage_value, 8); break;
	case XCOMP_BV: memcpy(fp + FP_COMP_BV, &damage_value, 8); break;
	case RESERVED: memcpy(fp + FP_RESERVED, &damage_value, 8); break;
	case CUT: uc->uc_mcontext.fpregs = cut_state(fp); break;
	}
}

static void
report_fault(int sig, siginfo_t *si, void *ucv)
{
	_exit(sig == SIGSEGV && si->si_code == SI_KERNEL ? 2 : sig == SIGSEGV && si->si_code == SEGV_MAPERR ? 3 : 4);
}

/* What a frame that was changed leads to: 1 back in the program, 2 general protection, 3 a fetch from nowhere. */
static int
after_damage(enum damage d, uint64_t value)
{
	struct sigaction sa = { .sa_sigaction = do_damage, .sa_flags = SA_SIGINFO };
	stack_t stack = { .ss_size = 65536 };
	int status;
	pid_t pid = guest_fork();

	if (pid == 0) {
		damage = d;
		damage_value = value;
		sigaction(SIGUSR1, &sa, NULL);
		sa.sa_sigaction = report_fault;
		sa.sa_flags |= SA_ONSTACK;
		sigaction(SIGSEGV, &sa, NULL);
		stack.ss_sp = malloc(stack.ss_size);
		sigaltstack(&stack, NULL);
		raise(SIGUSR1);
		_exit(1);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void
frames_with_other_addresses_and_segments(void)
{
	CHECK_EQ(after_damage(NONE, 0), 1);
	CHECK_EQ(after_damage(RIP, 0), 3);
	CHECK_EQ(after_damage(RIP, 0xffffffff81000000), 3);
	CHECK_EQ(after_damage(RIP, 0x8000000000000000), 2);
	CHECK_EQ(after_damage(CS, 0x30), 1); /* the privilege is always that of programs */
	CHECK_EQ(after_damage(CS, 0), 2);
	CHECK_EQ(after_damage(CS, 0x10), 2);
	CHECK_EQ(after_damage(CS, 0x1234), 2);
	CHECK_EQ(after_damage(SS, 0x28), 1);
	CHECK_EQ(after_damage(SS, 0), 2);
	CHECK_EQ(after_damage(SS, 0x33), 2);
	CHECK_EQ(after_damage(SS, 0x1234), 2);
	CHECK_EQ(after_damage(SS_UNKNOWN, 0x1234), 1); /* an old frame's, which is not looked at */
}

static void
frames_with_other_extended_state(void)
{
	CHECK_EQ(after_damage(FPSTATE, 0), 1);
	CHECK_EQ(after_damage(FPSTATE, 64), 2);
	CHECK_EQ(after_damage(FPSTATE, 0x8000000000000000), 2);
	CHECK_EQ(after_damage(MOVED_1, 0), 2);
	CHECK_EQ(after_damage(MXCSR, 0x1f80), 1);
	CHECK_EQ(after_damage(MXCSR, BAD_MXCSR), 2);
	CHECK_EQ(after_damage(MAGIC1, 0), 1); /* without more than x87 and SSE, then */
	CHECK_EQ(after_damage(MAGIC2, 0), 1);
	CHECK_EQ(after_damage(XSIZE, 1), 1);
	CHECK_EQ(after_damage(XSIZE, UINT32_MAX), 1);
	CHECK_EQ(after_damage(XSTATE_BV, 0), 1);
	CHECK_EQ(after_damage(XSTATE_BV, UINT64_MAX), 2);
	CHECK_EQ(after_damage(XCOMP_BV, 1), 2);
	CHECK_EQ(after_damage(RESERVED, 1), 2);
	CHECK_EQ(after_damage(CUT, 0), 2);
}

static uint32_t mxcsr_seen;

static void
look_at_mxcsr(int sig, siginfo_t *si, void *ucv)
{
	ucontext_t *uc = ucv;
	uint64_t bv;

	mxcsr_seen = uc->uc_mcontext.fpregs->mxcsr;
	memcpy(&bv, (char *)uc->uc_mcontext.fpregs + FP_BV, 8);
	CHECK((bv & 3) == 3);
	uc->uc_mcontext.fpregs->mxcsr = 0x3f80; /* rounds down */
	memset((char *)uc->uc_mcontext.fpregs + FP_BV, 0, 8); /* all registers are initial, and that comes all the same */
}

static void
mxcsr_comes_without_its_registers(void)
{
	struct sigaction sa = { .sa_sigaction = look_at_mxcsr, .sa_flags = SA_SIGINFO };
	uint32_t mxcsr = 0x5f80;

	sigaction(SIGUSR1, &sa, NULL);
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
	raise(SIGUSR1);
	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	CHECK_EQ(mxcsr, 0x3f80);
	CHECK_EQ(mxcsr_seen, 0x5f80);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(mask_of_the_context_is_restored), T(siglongjmp_out_of_a_handler), T(registers_survive_handlers),
		T(context_changes_take_effect), T(vector_state_survives_timer_handlers),
		T(frames_with_other_addresses_and_segments), T(frames_with_other_extended_state), T(mxcsr_comes_without_its_registers),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
