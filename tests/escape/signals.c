/* SPDX-License-Identifier: MIT
 *
 * Host signals turned against the kernel: forged frames, stack pointers in kernel memory, made-up signals, and signals at every
 * instruction of the way in and out: rows 4, 6, 8, 9.
 */
#include <cpuid.h>
#include <pthread.h>
#include <sched.h>
#include <sys/time.h>
#include <ucontext.h>

#include "escape.h"

#define PKRU_BIT (1UL << 9)

static uint32_t pkru_offset;
static volatile int spoil; /* 1: the frame of the next signal is spoilt; 2: by another thread */
static uint8_t *volatile live_frame;

static void
open_in_frame(uint8_t *xsave)
{
	uint64_t bv;

	memcpy(&bv, xsave + 512, 8);
	bv |= PKRU_BIT;
	memcpy(xsave + 512, &bv, 8);
	memset(xsave + pkru_offset, 0, 4);
	memcpy(&bv, xsave + 472, 8); /* sw_reserved.xfeatures */
	bv |= PKRU_BIT;
	memcpy(xsave + 472, &bv, 8);
}

static void
spoil_frame(int sig, siginfo_t *info, void *context)
{
	uint8_t *xsave = (uint8_t *)((ucontext_t *)context)->uc_mcontext.fpregs;

	if (spoil == 1)
		open_in_frame(xsave);
	live_frame = xsave;
	for (int i = 0; spoil == 2 && i < 200; i++)
		sched_yield();
	live_frame = NULL;
}

static int
have_pkru(void)
{
	uint32_t a, b, c, d;

	if (!__get_cpuid_count(0xd, 9, &a, &b, &c, &d) || a < 4)
		return 0;
	pkru_offset = b;
	return 1;
}

static void
take_spoilt(int sig)
{
	struct sigaction sa = { .sa_sigaction = spoil_frame, .sa_flags = SA_SIGINFO };

	sigaction(sig, &sa, NULL);
}

static int
pkru_in_a_signal_frame(void)
{
	if (!have_pkru())
		return CONTAINED;
	take_spoilt(SIGUSR1);
	spoil = 1;
	raise(SIGUSR1);
	return readable((void *)ARENA);
}

static void *
editor(void *arg)
{
	for (;;) {
		uint8_t *f = live_frame;

		if (f)
			open_in_frame(f);
	}
	return NULL;
}

static int
a_thread_edits_a_live_frame(void)
{
	pthread_t th;

	if (!have_pkru() || pthread_create(&th, NULL, editor, NULL) != 0)
		return CONTAINED;
	take_spoilt(SIGUSR1);
	spoil = 2;
	for (int i = 0; i < 20; i++) {
		raise(SIGUSR1);
		if (readable((void *)ARENA))
			return ESCAPED;
	}
	return CONTAINED;
}

/* --- stack pointers --- */

static char own_stack[65536];
static sigjmp_buf again;

static void
back(int sig)
{
	siglongjmp(again, 1);
}

enum how { BY_UD2, BY_SYSCALL, BY_FAULT, BY_INT3 };

static void __attribute__((noinline))
trap_at(unsigned long sp, enum how how)
{
	if (sigsetjmp(again, 1))
		return;
	switch (how) {
	case BY_UD2:
		__asm__ volatile("mov %0, %%rsp; ud2" : : "r"(sp) : "memory");
		break;
	case BY_SYSCALL: /* and then what is not there to be read */
		__asm__ volatile("mov %0, %%rsp; mov $39, %%eax; syscall; mov (0), %%eax" : : "r"(sp) : "memory", "rax", "rcx", "r11");
		break;
	case BY_FAULT:
		__asm__ volatile("mov %0, %%rsp; push %%rax; pop %%rax; mov (0), %%eax" : : "r"(sp) : "memory", "rax");
		break;
	case BY_INT3:
		__asm__ volatile("mov %0, %%rsp; int3" : : "r"(sp) : "memory");
		break;
	}
}

static int
stack_pointers_in_kernel_memory(void)
{
	unsigned long alt_lo = selector_word(24), alt_hi = selector_word(32), kstack = selector_word(8), klo = selector_word(40);
	unsigned long places[] = { alt_lo + 64, (alt_lo + alt_hi) / 2, alt_hi - 8, alt_hi, alt_lo, kstack, kstack - 64, klo + 4096, ARENA, ARENA + 0x100000,
				   SELECT + 2048, SCRATCH + 2048, 8, ~7UL, 1UL << 63, (1UL << 47) - 8 };
	stack_t ss = { .ss_sp = own_stack, .ss_size = sizeof(own_stack) };
	struct sigaction sa = { .sa_handler = back, .sa_flags = SA_ONSTACK };
	static const int sigs[] = { SIGSEGV, SIGILL, SIGBUS, SIGTRAP };
	pid_t parent = getppid();

	sigaltstack(&ss, NULL);
	for (size_t i = 0; i < 4; i++)
		sigaction(sigs[i], &sa, NULL);
	for (int round = 0; round < 20; round++)
		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
			for (enum how how = BY_UD2; how <= BY_INT3; how++) {
				trap_at(places[i], how);
				if (!no_keys && readable((void *)ARENA))
					return ESCAPED;
			}
	return getppid() == parent ? CONTAINED : ESCAPED;
}

/* --- made-up signals --- */

static volatile int syscalls_seen;

static void
count(int sig)
{
	syscalls_seen++;
}

/* What the kernel itself takes from the host, as a program may write it. */
static int
made_up_siginfo(void)
{
	static const int sigs[] = { SIGSYS, SIGSEGV, SIGBUS, SIGTRAP, SIGILL, SIGFPE, 40 };
	pid_t self = getpid(), tid = (pid_t)syscall(SYS_gettid);

	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
		siginfo_t info;

		signal(sigs[i], count);
		for (int code = -70; code < 8; code++) {
			memset(&info, 0, sizeof(info));
			info.si_signo = sigs[i];
			info.si_code = code;
			info.si_addr = (void *)ARENA;
			syscall(SYS_rt_sigqueueinfo, self, sigs[i], &info);
			syscall(SYS_rt_tgsigqueueinfo, self, tid, sigs[i], &info);
			if (syscall(SYS_getpid) != self)
				return ESCAPED;
		}
	}
	return syscalls_seen > 0 && syscall(SYS_getpid) == self ? CONTAINED : ESCAPED;
}

/* Timers that fire the signals the kernel needs, blocked, ignored and handled. */
static int
timers_of_the_kernels_signals(void)
{
	static const int sigs[] = { SIGSYS, SIGSEGV, SIGTRAP, SIGILL, 40 };
	struct timespec ms = { 0, 1000000 };
	pid_t self = getpid();

	for (int how = 0; how < 3; how++)
		for (size_t i = 0; i < 5; i++) {
			struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = sigs[i], .sigev_value.sival_ptr = (void *)ARENA };
			struct itimerspec its = { { 0, 300000 }, { 0, 300000 } };
			sigset_t set;
			timer_t t;

			sigemptyset(&set);
			sigaddset(&set, sigs[i]);
			sigprocmask(how == 0 ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
			signal(sigs[i], how == 1 ? SIG_IGN : count);
			if (timer_create(CLOCK_MONOTONIC, &ev, &t) != 0 || timer_settime(t, 0, &its, NULL) != 0)
				return CONTAINED;
			for (int n = 0; n < 5; n++)
				if (nanosleep(&ms, NULL) == 0 && syscall(SYS_getpid) != self)
					return ESCAPED;
			timer_delete(t);
			if (how == 0) { /* what the program did block must not stop a call from being caught */
				signal(sigs[i], SIG_IGN);
				sigprocmask(SIG_UNBLOCK, &set, NULL);
			}
		}
	return syscall(SYS_getpid) == self ? CONTAINED : ESCAPED;
}

/* --- at every instruction --- */

static volatile int open_seen, steps;

static void
stepped(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	if (readable((void *)ARENA))
		open_seen = 1;
	if (++steps > 3000)
		uc->uc_mcontext.gregs[REG_EFL] &= ~0x100L;
}

/* The trap flag: a signal after each instruction of a call's way in and out that runs as program code. */
static int
every_step_of_a_call(void)
{
	struct sigaction sa = { .sa_sigaction = stepped, .sa_flags = SA_SIGINFO };
	pid_t parent = getppid();

	sigaction(SIGTRAP, &sa, NULL);
	for (int i = 0; i < 10 && !open_seen; i++) {
		steps = 0;
		__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq" : : : "memory", "cc");
		(void)getppid(); /* libc's call site, which may be a jump to the gate */
		__asm__ volatile("pushfq; andq $~0x100, (%%rsp); popfq" : : : "memory", "cc");
	}
	if (steps == 0 || getppid() != parent)
		return ESCAPED;
	return open_seen;
}

static volatile int stop_storm;
static pthread_t victim;

static void
in_storm(int sig)
{
	/* readable() is not for two at a time: a fault is all there is if the key is closed, and the answer if not is a death. */
	syscalls_seen++;
}

static void *
storm(void *arg)
{
	while (!stop_storm) {
		int seen = syscalls_seen;

		pthread_kill(victim, SIGUSR2);
		while (syscalls_seen == seen && !stop_storm)
			sched_yield();
	}
	return NULL;
}

/* Signals from other threads while calls go in and out; each call's answer and all registers stay right, and the key closed. */
static int
a_storm_of_signals(void)
{
	pthread_t th[2];
	pid_t self = getpid();
	int bad = 0;

	victim = pthread_self();
	signal(SIGUSR2, in_storm);
	for (int i = 0; i < 2; i++)
		if (pthread_create(&th[i], NULL, storm, NULL) != 0)
			return CONTAINED;
	for (int i = 0; i < 1000 && !bad; i++) {
		unsigned long rbx = 0x1111111111111111UL * (unsigned long)(i & 15), r12 = ~rbx, ret = SYS_getpid;

		__asm__ volatile("mov %1, %%rbx; mov %2, %%r12; syscall; cmp %1, %%rbx; jne 1f; cmp %2, %%r12; je 2f; 1: mov $-1, %0; 2:"
				 : "+a"(ret) : "r"(rbx), "r"(r12) : "rbx", "r12", "rcx", "r11", "memory", "cc");
		bad = (pid_t)ret != self || (pid_t)getpid() != self || syscall(SYS_getppid) != getppid();
		if (i % 100 == 0 && !no_keys)
			bad |= readable((void *)ARENA);
	}
	stop_storm = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(th[i], NULL);
	return bad ? ESCAPED : CONTAINED;
}

int
main(int argc, char **argv)
{
	arguments(argc, argv);
	A_KEYS(pkru_in_a_signal_frame);
	A_KEYS(a_thread_edits_a_live_frame);
	A_LIVES(stack_pointers_in_kernel_memory);
	A_LIVES(made_up_siginfo);
	A_LIVES(timers_of_the_kernels_signals);
	A_KEYS(every_step_of_a_call);
	A_LIVES(a_storm_of_signals);
	return escaped;
}
