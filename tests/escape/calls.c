/* SPDX-License-Identifier: MIT
 *
 * Ways to make a call of the host's, or to change how calls are caught: rows 6, 8, 17, 18, 20. The host's own answer is
 * told from ours by the process id, which is small here.
 */
#include <sched.h>

#include "escape.h"

static pid_t self;

static int
dispatch_off(void)
{
	static char selector;

	prctl(59 /* PR_SET_SYSCALL_USER_DISPATCH */, 0, 0, 0, 0);
	prctl(59, 1, 0, 0, &selector);
	return syscall(SYS_getpid) == self ? CONTAINED : ESCAPED;
}

static int
int_0x80(void)
{
	int ret = 20; /* getpid of 32-bit programs */

	__asm__ volatile("int $0x80" : "+a"(ret) : : "memory", "r8", "r9", "r10", "r11");
	return ret == self || ret < 0 ? CONTAINED : ESCAPED;
}

static int
x32_number(void)
{
	long ret = syscall(0x40000000 | SYS_getpid);

	return ret == self || ret < 0 ? CONTAINED : ESCAPED;
}

static int
syscall_in_other_bytes(void)
{
	static const volatile unsigned char code[] = { 0xb8, 0x0f, 0x05, 0xc3, 0x90, 0xc3 };
	unsigned char *p = mmap(NULL, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long ret = SYS_getpid;

	put(p, code, sizeof(code));
	mprotect(p, 4096, 5);
	__asm__ volatile("call *%1" : "+a"(ret) : "r"(p + 1) : "memory", "rcx", "r11");
	return ret == self ? CONTAINED : ESCAPED;
}

static int
stack_inside_kernel_memory(void)
{
	__asm__ volatile("mov %0, %%rsp; push %%rax; ud2" : : "r"(ARENA + 0x10000) : "memory");
	return ESCAPED;
}

static int
signals_made_up(void)
{
	static const int sigs[] = { SIGSYS, SIGSEGV, SIGTRAP, SIGILL, 40 };
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	for (size_t i = 0; i < 5; i++) {
		union sigval v = { .sival_ptr = (void *)ARENA };

		sigqueue(getpid(), sigs[i], v);
		kill(getpid(), sigs[i]);
		signal(sigs[i], SIG_IGN);
	}
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	return syscall(SYS_getpid) == self ? CONTAINED : ESCAPED;
}

static int
made_up_frame(void)
{
	static uint64_t frame[512] __attribute__((aligned(64)));

	__asm__ volatile("mov %0, %%rsp; mov $15, %%eax; syscall" : : "r"(&frame[64]) : "memory");
	return ESCAPED;
}

static int
host_descriptors(void)
{
	for (int fd = 3; fd < 1024; fd++) {
		char c;

		if (read(fd, &c, 1) >= 0 || mmap(NULL, 4096, 3, MAP_SHARED, fd, 0) != MAP_FAILED)
			return ESCAPED;
		close(fd);
	}
	return syscall(SYS_getpid) == self ? CONTAINED : ESCAPED;
}

static int
first_instruction_of_a_thread(void *arg)
{
	*(int *)arg = (int)syscall(SYS_getppid);
	return 0;
}

static int
thread_without_signal_handlers(void)
{
	static char stack[65536];
	int seen = -1, pid = clone(first_instruction_of_a_thread, stack + sizeof(stack), CLONE_VM | SIGCHLD, &seen);

	if (pid < 0)
		return CONTAINED;
	waitpid(pid, NULL, 0);
	return seen == self ? CONTAINED : ESCAPED;
}

static int
with(int (*fn)(void))
{
	self = getpid();
	return fn();
}

#define C(fn) static int fn##_(void) { return with(fn); }
C(dispatch_off) C(int_0x80) C(x32_number) C(syscall_in_other_bytes) C(stack_inside_kernel_memory)
C(signals_made_up) C(made_up_frame) C(host_descriptors) C(thread_without_signal_handlers)

int
main(void)
{
	attack("dispatch_off", dispatch_off_);
	attack("int_0x80", int_0x80_);
	attack("x32_number", x32_number_);
	attack("syscall_in_other_bytes", syscall_in_other_bytes_);
	attack("stack_inside_kernel_memory", stack_inside_kernel_memory_);
	attack("signals_made_up", signals_made_up_);
	attack("made_up_frame", made_up_frame_);
	attack("host_descriptors", host_descriptors_);
	attack("thread_without_signal_handlers", thread_without_signal_handlers_);
	return escaped;
}
