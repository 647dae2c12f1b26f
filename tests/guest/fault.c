/* SPDX-License-Identifier: MIT
 *
 * Faults of the processor as signals: si_code, si_addr, what the handler sees and may repair.
 */
#include <setjmp.h>
#include <ucontext.h>

#include "tests/guest/guest.h"

static sigjmp_buf jump;
static siginfo_t info;
static uint64_t rip, err, trapno, cr2;

static void
on_fault(int sig, siginfo_t *si, void *ucv)
{
	ucontext_t *uc = ucv;

	info = *si;
	rip = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
	err = (uint64_t)uc->uc_mcontext.gregs[REG_ERR];
	trapno = (uint64_t)uc->uc_mcontext.gregs[REG_TRAPNO];
	cr2 = (uint64_t)uc->uc_mcontext.gregs[REG_CR2];
	siglongjmp(jump, 1);
}

static void
catch_all(void)
{
	static const int sigs[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sigs); i++)
		sigaction(sigs[i], &sa, NULL);
}

/* Run @statement, which must fault with this signal and code. */
#define FAULTS(statement, sig, code)                                                                                      \
	do {                                                                                                              \
		memset(&info, 0, sizeof(info));                                                                           \
		if (sigsetjmp(jump, 1) == 0) {                                                                            \
			statement;                                                                                        \
			guest_fail(__FILE__, __LINE__, "%s did not fault", #statement);                                   \
		}                                                                                                         \
		CHECK_EQ(info.si_signo, sig);                                                                             \
		CHECK_EQ(info.si_code, code);                                                                             \
	} while (0)

static void
read_of_nothing(void)
{
	volatile char *p = (char *)0x1234;

	catch_all();
	FAULTS((void)*p, SIGSEGV, SEGV_MAPERR);
	CHECK_EQ((uintptr_t)info.si_addr, 0x1234);
	CHECK_EQ(trapno, 14);
	CHECK_EQ(err, 4);
	CHECK_EQ(cr2, 0x1234);
}

static void
write_to_nothing(void)
{
	volatile char *p = NULL;

	catch_all();
	FAULTS(*p = 1, SIGSEGV, SEGV_MAPERR);
	CHECK(info.si_addr == NULL);
	CHECK_EQ(err, 6);
}

static void
write_to_read_only(void)
{
	volatile char *p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	catch_all();
	CHECK_EQ(p[4097], 0);
	FAULTS(p[4097] = 1, SIGSEGV, SEGV_ACCERR);
	CHECK(info.si_addr == p + 4097);
	CHECK_EQ(err, 7);
}

static void
access_to_prot_none(void)
{
	volatile char *p = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	catch_all();
	FAULTS((void)p[5], SIGSEGV, SEGV_ACCERR);
	CHECK(info.si_addr == p + 5);
}

static void
jump_to_data(void)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*fn)(void) = (void (*)(void))(uintptr_t)p;

	catch_all();
	p[0] = (char)0xc3;
	FAULTS(fn(), SIGSEGV, SEGV_ACCERR);
	CHECK(info.si_addr == p);
	CHECK_EQ(rip, (uintptr_t)p);
	CHECK_EQ(err & 0x10, 0x10);
}

static void
jump_to_nothing(void)
{
	void (*volatile fn)(void) = (void (*)(void))0x4321;

	catch_all();
	FAULTS(fn(), SIGSEGV, SEGV_MAPERR);
	CHECK_EQ((uintptr_t)info.si_addr, 0x4321);
	CHECK_EQ(rip, 0x4321);
}

static void
non_canonical_address(void)
{
	volatile char *volatile p = (char *)0x8000000000000000;

	catch_all();
	FAULTS((void)*p, SIGSEGV, SI_KERNEL);
	CHECK(info.si_addr == NULL);
	CHECK_EQ(trapno, 13);
}

static void
kernel_address(void)
{
	volatile char *volatile p = (char *)0xffffffff81000000;

	catch_all();
	FAULTS((void)*p, SIGSEGV, SEGV_MAPERR);
	CHECK_EQ((uintptr_t)info.si_addr, 0xffffffff81000000);
	CHECK_EQ(err, 5);
	FAULTS(*p = 1, SIGSEGV, SEGV_MAPERR);
	CHECK_EQ(err, 7);
}

static void
software_interrupt(void)
{
	catch_all();
	FAULTS(__asm__ volatile("int $0x13"), SIGSEGV, SI_KERNEL);
	CHECK_EQ(trapno, 13);
	CHECK_EQ(err, 0x13 << 3 | 2);
	FAULTS(__asm__ volatile("int $4"), SIGSEGV, SI_KERNEL);
	CHECK_EQ(trapno, 4);
	CHECK_EQ(err, 0);
}

static void
x87_exception(void)
{
	unsigned short cw = 0x37f & ~4; /* unmask division by zero */

	catch_all();
	FAULTS(__asm__ volatile("fldcw %0\n\tfld1\n\tfldz\n\tfdivrp\n\tfwait" ::"m"(cw)), SIGFPE, FPE_FLTDIV);
	CHECK_EQ(trapno, 16);
	__asm__ volatile("fninit");
}

static void
privileged_instruction(void)
{
	catch_all();
	FAULTS(__asm__ volatile("hlt"), SIGSEGV, SI_KERNEL);
	FAULTS(__asm__ volatile("cli"), SIGSEGV, SI_KERNEL);
}

static void
division_by_zero(void)
{
	catch_all();
	FAULTS(__asm__ volatile("xor %%ecx, %%ecx\n\txor %%edx, %%edx\n\tmov $1, %%eax\n\tdivl %%ecx" ::: "rax", "rcx", "rdx", "cc"),
	       SIGFPE, FPE_INTDIV);
	CHECK_EQ((uintptr_t)info.si_addr, rip);
	CHECK_EQ(trapno, 0);
}

static void
simd_exception(void)
{
	unsigned int mxcsr = 0x1f80 & ~0x200u; /* unmask division by zero */

	catch_all();
	FAULTS(__asm__ volatile("ldmxcsr %0\n\txorps %%xmm1, %%xmm1\n\tmov $1, %%eax\n\tcvtsi2ss %%eax, %%xmm0\n\t"
				"divss %%xmm1, %%xmm0" ::"m"(mxcsr) : "rax", "xmm0", "xmm1"),
	       SIGFPE, FPE_FLTDIV);
	mxcsr = 0x1f80;
	__asm__ volatile("ldmxcsr %0" ::"m"(mxcsr));
}

static void
undefined_instruction(void)
{
	catch_all();
	FAULTS(__asm__ volatile("ud2"), SIGILL, ILL_ILLOPN);
	CHECK_EQ((uintptr_t)info.si_addr, rip);
	CHECK_EQ(trapno, 6);
}

static void
breakpoint(void)
{
	catch_all();
	FAULTS(__asm__ volatile("int3"), SIGTRAP, SI_KERNEL);
	CHECK_EQ(trapno, 3);
}

/* libc is not made for the flag: it is off again before anything else is done. */
static void
on_misaligned(int sig, siginfo_t *si, void *ucv)
{
	__asm__ volatile("sub $128, %%rsp; pushfq; andl $~0x40000, (%%rsp); popfq; add $128, %%rsp" ::: "memory", "cc");
	on_fault(sig, si, ucv);
}

static void
misaligned(void)
{
	struct sigaction sa = { .sa_sigaction = on_misaligned, .sa_flags = SA_SIGINFO };
	static uint32_t words[4];
	uint32_t v;

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	FAULTS(__asm__ volatile("sub $128, %%rsp; pushfq; orl $0x40000, (%%rsp); popfq; mov 1(%1), %0"
				: "=r"(v) : "r"(words) : "memory", "cc"),
	       SIGBUS, BUS_ADRALN);
	CHECK_EQ(trapno, 17);
	CHECK_EQ(err, 0);
	CHECK(info.si_addr == NULL);
}

static volatile int steps;

static void
on_step(int sig, siginfo_t *si, void *ucv)
{
	ucontext_t *uc = ucv;

	info = *si;
	if (++steps == 3)
		uc->uc_mcontext.gregs[REG_EFL] &= ~0x100ll;
}

static void
single_step(void)
{
	struct sigaction sa = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO };

	sigaction(SIGTRAP, &sa, NULL);
	__asm__ volatile("pushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop" ::: "cc", "memory");
	CHECK_EQ(steps, 3);
	CHECK_EQ(info.si_code, TRAP_TRACE);
}

static void
beyond_the_end_of_a_file(void)
{
	volatile char *p;
	int fd;

	guest_tmpdir();
	catch_all();
	guest_write_file("f", "x", 1, 0644);
	fd = open("f", O_RDWR);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(p[0], 'x');
	CHECK_EQ(p[4095], 0);
	FAULTS((void)p[4096], SIGBUS, BUS_ADRERR);
	CHECK(info.si_addr == p + 4096);
	FAULTS(p[5000] = 1, SIGBUS, BUS_ADRERR);
	CHECK(info.si_addr == p + 5000);
	CHECK_EQ(ftruncate(fd, 8192), 0);
	CHECK_EQ(p[4096], 0);
	p[5000] = 1;
	CHECK_EQ(ftruncate(fd, 0), 0);
	FAULTS((void)p[0], SIGBUS, BUS_ADRERR);
}

static volatile char *repair_page;

static void
repair(int sig, siginfo_t *si, void *uc)
{
	info = *si;
	mprotect((void *)((uintptr_t)si->si_addr & ~4095ul), 4096, PROT_READ | PROT_WRITE);
}

static void
handler_repairs_and_the_instruction_restarts(void)
{
	struct sigaction sa = { .sa_sigaction = repair, .sa_flags = SA_SIGINFO };
	int i;

	repair_page = mmap(NULL, 64 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigaction(SIGSEGV, &sa, NULL);
	for (i = 0; i < 64; i++) {
		repair_page[i * 4096 + 7] = (char)i;
		CHECK(info.si_addr == repair_page + i * 4096 + 7);
		CHECK_EQ(repair_page[i * 4096 + 7], i);
	}
}

static void
skip_it(int sig, siginfo_t *si, void *ucv)
{
	ucontext_t *uc = ucv;

	uc->uc_mcontext.gregs[REG_RIP] += 2;
	uc->uc_mcontext.gregs[REG_RAX] = 55;
}

static void
handler_moves_the_program_counter(void)
{
	struct sigaction sa = { .sa_sigaction = skip_it, .sa_flags = SA_SIGINFO };
	long rax = 0;

	sigaction(SIGILL, &sa, NULL);
	__asm__ volatile("ud2" : "+a"(rax));
	CHECK_EQ(rax, 55);
}

static char altstack[64 << 10];

static volatile int stop_at = INT_MAX;

static __attribute__((noinline)) int
recurse(int n)
{
	volatile char pad[4096];

	pad[n & 4095] = (char)n;
	if (n == stop_at)
		return 0;
	return recurse(n + 1) + pad[(n + 1) & 4095];
}

static void
stack_overflow_on_the_alternate_stack(void)
{
	stack_t ss = { .ss_sp = altstack, .ss_size = sizeof(altstack) };
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	struct rlimit rl = { 1 << 20, 8 << 20 };
	int dummy = 0;

	setrlimit(RLIMIT_STACK, &rl);
	sigaltstack(&ss, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	FAULTS(dummy = recurse(0), SIGSEGV, SEGV_MAPERR);
	CHECK_EQ(dummy, 0);
	CHECK((uintptr_t)&dummy - (uintptr_t)info.si_addr < (2 << 20));
}

static void
the_stack_grows(void)
{
	volatile char *p = __builtin_alloca(4 << 20);

	p[0] = 1;
	CHECK_EQ(p[0], 1);
}

static void
dies_without_a_handler(void)
{
	static const int sigs[] = { SIGSEGV, SIGFPE, SIGILL, SIGTRAP };
	int i;

	for (i = 0; i < 4; i++) {
		pid_t pid = guest_fork();

		if (pid == 0) {
			struct rlimit rl = { 0, 0 };

			setrlimit(RLIMIT_CORE, &rl);
			if (i == 0)
				*(volatile char *)guest_bad_address() = 1;
			else if (i == 1)
				__asm__ volatile("xor %%ecx, %%ecx\n\tdivl %%ecx" ::: "rax", "rcx", "rdx");
			else if (i == 2)
				__asm__ volatile("ud2");
			else
				__asm__ volatile("int3");
			_exit(0);
		}
		CHECK_KILLED(pid, sigs[i]);
	}
}

static void
a_blocked_or_ignored_fault_kills(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		pid_t pid = guest_fork();

		if (pid == 0) {
			struct rlimit rl = { 0, 0 };
			sigset_t s;

			setrlimit(RLIMIT_CORE, &rl);
			catch_all();
			sigfillset(&s);
			if (i == 0)
				sigprocmask(SIG_SETMASK, &s, NULL);
			else
				signal(SIGSEGV, SIG_IGN);
			*(volatile char *)guest_bad_address() = 1;
			_exit(0);
		}
		CHECK_KILLED(pid, SIGSEGV);
	}
}

static void
a_fault_in_the_handler_kills(void)
{
	pid_t pid = guest_fork();

	if (pid == 0) {
		struct rlimit rl = { 0, 0 };

		setrlimit(RLIMIT_CORE, &rl);
		signal(SIGSEGV, (void (*)(int))8); /* not executable: a fault while SIGSEGV is blocked */
		*(volatile char *)guest_bad_address() = 1;
		_exit(0);
	}
	CHECK_KILLED(pid, SIGSEGV);
}

static void
sent_sigsegv_has_si_user(void)
{
	catch_all();
	FAULTS(kill(getpid(), SIGSEGV), SIGSEGV, SI_USER);
	CHECK_EQ(info.si_pid, getpid());
}

static void *
faulting_thread(void *arg)
{
	volatile char *p = arg;

	*p = 3;
	return NULL;
}

static volatile pid_t fault_tid;

static void
note_thread(int sig, siginfo_t *si, void *uc)
{
	fault_tid = gettid();
	repair(sig, si, uc);
}

static void
the_faulting_thread_gets_the_signal(void)
{
	struct sigaction sa = { .sa_sigaction = note_thread, .sa_flags = SA_SIGINFO };
	char *p = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t th;

	sigaction(SIGSEGV, &sa, NULL);
	pthread_create(&th, NULL, faulting_thread, p);
	pthread_join(th, NULL);
	CHECK_EQ(*p, 3);
	CHECK(fault_tid != 0 && fault_tid != getpid());
}

static void
efault_instead_of_a_signal(void)
{
	int p[2];

	catch_all();
	CHECK_EQ(pipe(p), 0);
	CHECK_ERR(syscall(SYS_write, p[1], guest_bad_address(), 1), EFAULT);
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_ERR(syscall(SYS_read, p[0], guest_bad_address(), 1), EFAULT);
	CHECK_ERR(syscall(SYS_read, p[0], (void *)0xffffffff81000000, 1), EFAULT);
	CHECK_ERR(open(guest_bad_address(), O_RDONLY), EFAULT);
	CHECK_ERR(syscall(SYS_pipe, 8), EFAULT);
	CHECK_ERR(syscall(SYS_clock_gettime, CLOCK_REALTIME, 8), EFAULT);
	CHECK_ERR(syscall(SYS_uname, mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)), EFAULT);
}

static char *shut; /* opened by the handler */
static _Atomic int mapping_threads;

static void
open_up(int sig)
{
	(void)sig;
	mprotect(shut, 4096, PROT_READ | PROT_WRITE);
}

static void *
map_again_and_again(void *arg)
{
	for (int i = 0; i < 300; i++) {
		void *p = mmap(NULL, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED || munmap(p, 65536) < 0)
			guest_fail(__FILE__, __LINE__, "mmap or munmap");
	}
	mapping_threads--;
	return arg;
}

static void
faults_while_others_map(void)
{
	pthread_t th[2];

	signal(SIGSEGV, open_up);
	shut = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(shut != MAP_FAILED);
	mapping_threads = 2;
	CHECK_EQ(pthread_create(&th[0], NULL, map_again_and_again, NULL), 0);
	CHECK_EQ(pthread_create(&th[1], NULL, map_again_and_again, NULL), 0);
	do {
		*(volatile char *)shut = 1;
		CHECK_EQ(mprotect(shut, 4096, PROT_NONE), 0);
	} while (mapping_threads > 0);
	CHECK_EQ(pthread_join(th[0], NULL), 0);
	CHECK_EQ(pthread_join(th[1], NULL), 0);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(read_of_nothing), T(write_to_nothing), T(write_to_read_only), T(access_to_prot_none), T(jump_to_data),
		T(jump_to_nothing), T(non_canonical_address), T(kernel_address), T(software_interrupt),
		T(x87_exception), T(privileged_instruction), T(division_by_zero),
		T(simd_exception), T(undefined_instruction), T(misaligned), T(breakpoint), T(single_step), T(beyond_the_end_of_a_file),
		T(handler_repairs_and_the_instruction_restarts), T(handler_moves_the_program_counter),
		T(stack_overflow_on_the_alternate_stack), T(the_stack_grows), T(dies_without_a_handler),
		T(a_blocked_or_ignored_fault_kills), T(a_fault_in_the_handler_kills), T(sent_sigsegv_has_si_user),
		T(the_faulting_thread_gets_the_signal), T(faults_while_others_map), T(efault_instead_of_a_signal),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
