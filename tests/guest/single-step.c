/* SPDX-License-Identifier: MIT
 *
 * A program that single-steps itself: the trap flag over system calls of every kind.
 */
#include <sys/syscall.h>
#include <ucontext.h>

#include "tests/guest/guest.h"

static volatile sig_atomic_t steps, inside;
static uintptr_t from, to;

static void
on_step(int sig, siginfo_t *info, void *u)
{
	ucontext_t *uc = u;
	uintptr_t rip = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];

	steps++;
	if (info->si_code == TRAP_TRACE && rip >= from && rip <= to)
		inside++;
}

static void
catch_steps(void)
{
	struct sigaction sa = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO };

	CHECK_EQ(sigaction(SIGTRAP, &sa, NULL), 0);
}

#define TF_ON  "pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\t"
#define TF_OFF "pushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq\n\t"

/* From the second instruction behind the call on, every step shows. */
static void
steps_go_on_behind_a_call(void)
{
	long r;

	catch_steps();
	for (int i = 0; i < 3; i++) {
		steps = inside = 0;
		__asm__ volatile("lea -256(%%rsp), %%rsp\n\t" /* past the red zone */
				 "lea 1f(%%rip), %%rbx\n\tmov %%rbx, %1\n\tlea 2f(%%rip), %%rbx\n\tmov %%rbx, %2\n\t" TF_ON
				 "mov $39, %%eax\n\tsyscall\n\tnop\n1:	nop\n\tnop\n\tnop\n2:	nop\n\t" TF_OFF "lea 256(%%rsp), %%rsp"
				 : "=&a"(r), "=m"(from), "=m"(to) : : "rbx", "rcx", "r11", "memory", "cc");
		CHECK_EQ(r, getpid());
		CHECK_EQ(inside, 4);
	}
}

static long
call_libc(void)
{
	char c;
	int p[2];
	long r = 0;

	if (pipe(p) || write(p[1], "x", 1) != 1)
		return -1;
	__asm__ volatile(TF_ON : : : "memory", "cc");
	r += read(p[0], &c, 1);
	r += getppid() > 0;
	r += lseek(p[0], 0, SEEK_SET) == -1;
	r += syscall(SYS_getpid) == getpid();
	__asm__ volatile(TF_OFF : : : "memory", "cc");
	close(p[0]);
	close(p[1]);
	return r;
}

static void
calls_of_libc_work(void)
{
	catch_steps();
	from = 0;
	to = UINTPTR_MAX;
	steps = inside = 0;
	CHECK_EQ(call_libc(), 4);
	CHECK(steps > 50 && inside == steps);
	steps = 0;
	CHECK(getppid() > 0);
	CHECK_EQ(steps, 0);
}

static void
fork_while_stepping(void)
{
	int status;
	pid_t pid;

	catch_steps();
	__asm__ volatile(TF_ON : : : "memory", "cc");
	pid = fork();
	if (pid == 0)
		_exit(steps > 10 ? 6 : 7);
	__asm__ volatile(TF_OFF : : : "memory", "cc");
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 6 << 8);
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(steps_go_on_behind_a_call), T(calls_of_libc_work), T(fork_while_stepping),
	};

	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
