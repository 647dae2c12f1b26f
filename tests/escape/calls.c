/* SPDX-License-Identifier: MIT
 *
 * Ways to make a call of the host's, or to change how calls are caught: rows 6, 8, 12, 17, 18, 19, 20. The host's own answer is
 * told from ours by the process id, which is small here.
 */
#include <pthread.h>
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

/* The page of old calls at a fixed address: what is there is ours, or is not executed. */
static int
vsyscall_page(void)
{
	long ret;

	__asm__ volatile("call *%1" : "=a"(ret) : "r"(0xffffffffff600400UL), "D"(0) : "memory", "rcx", "r11"); /* time() */
	return ret > 0 ? CONTAINED : ESCAPED;
}

static int
sysenter(void)
{
	__asm__ volatile("mov $20, %%eax; mov %%rsp, %%rbp; sysenter" : : : "memory", "rax", "rbp");
	return ESCAPED;
}

/* 32-bit code in low memory, through a far jump: getpid, then an exit status that tells. */
static int
far_jump_to_32_bit_code(void)
{
	static const volatile unsigned char code[] = {
		0xb8, 20, 0, 0, 0, 0xcd, 0x80,	   /* mov $20, eax; int 0x80 */
		0x89, 0xc3, 0xb8, 1, 0, 0, 0,	   /* mov eax, ebx; mov $1, eax */
		0x83, 0xe3, 0x7f, 0x80, 0xcb, 1,   /* and $127, ebx; or $1, bl */
		0xcd, 0x80, 0x0f, 0x0b,		   /* int 0x80; ud2 */
	};
	unsigned char *p = mmap(NULL, 8192, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct {
		uint32_t eip;
		uint16_t cs;
	} __attribute__((packed)) to = { (uint32_t)(uintptr_t)p, 0x23 };

	if (p == MAP_FAILED)
		return CONTAINED;
	put(p, code, sizeof(code));
	mprotect(p, 4096, 5);
	__asm__ volatile("mov %1, %%rsp; ljmpl *(%0)" : : "r"(&to), "r"(p + 8192) : "memory");
	return ESCAPED;
}

static int
still_ours(void)
{
	return syscall(SYS_getpid) == self && getpid() == self;
}

/* How the kernel catches calls, finds its task, and lays out memory: each asked for, whatever the answer. */
static int
state_of_the_thread(void)
{
	static const unsigned long codes[] = { 0x1001, 0x1002, 0x1003, 0x1004, 0x1011, 0x1012, 0x2001, 0x2002, 0x2003, 0x4001, 0x5001, 0x5003 };
	static char memory[8192] __attribute__((aligned(4096)));
	unsigned long places[] = { 0, ARENA, SCRATCH, SELECT, (unsigned long)memory };
	unsigned int ldt[4] = { 0, 0, 0xfffff, 0x7f };
	unsigned long fs;

	syscall(SYS_arch_prctl, 0x1003 /* ARCH_GET_FS */, &fs);
	for (size_t p = 0; p < 5; p++) {
		for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
			if (codes[i] != 0x1002) /* ARCH_SET_FS: the program's own */
				syscall(SYS_arch_prctl, codes[i], places[p]);
		for (int op = 1; op < 80; op++)
			if (op != 1 && op != 4 && op != 22 && op != 26) /* ends us: parent's death, seccomp, no timestamps */
				prctl(op, places[p], places[p], places[p], places[p]);
		for (int op = 0; op < 20; op++)
			prctl(35 /* PR_SET_MM */, op, places[p], 4096, 0);
		syscall(SYS_modify_ldt, 1, ldt, sizeof(ldt));
		syscall(SYS_modify_ldt, 0x11, ldt, sizeof(ldt));
		syscall(SYS_set_thread_area, ldt);
		syscall(SYS_rseq, places[p], 32, 0, 0x53053053);
		syscall(SYS_set_robust_list, places[p], 24);
		syscall(SYS_set_tid_address, places[p]);
		syscall(SYS_pkey_alloc, 0, 0);
		syscall(SYS_pkey_free, 1);
		syscall(SYS_pkey_free, 2);
		syscall(SYS_pkey_mprotect, places[p], 4096, 3, 0);
		syscall(SYS_userfaultfd, 0);
		syscall(SYS_io_uring_setup, 8, places[p]);
		syscall(SYS_io_setup, 8, places[p]);
		if (!still_ours())
			return ESCAPED;
	}
	syscall(SYS_set_tid_address, 0);
	return still_ours() && (no_keys || !readable((void *)ARENA)) ? CONTAINED : ESCAPED;
}

/* What a kernel does at a thread's end by addresses the program left with it: none of them is the kernel's own. */
static int
ends_that_write(void)
{
	unsigned long places[] = { ARENA, ARENA + 0x1000, SCRATCH - 4096, SELECT, SELECT + 4096 };
	static struct {
		void *next;
		long offset;
		void *pending;
	} head;

	for (size_t i = 0; i < 5; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			head.next = (void *)places[i];
			head.pending = (void *)(places[i] + 64);
			syscall(SYS_set_robust_list, &head, 24);
			syscall(SYS_set_tid_address, places[i]);
			syscall(SYS_exit, 0);
		}
		waitpid(pid, NULL, 0);
		if (!still_ours())
			return ESCAPED;
	}
	return CONTAINED;
}

/* The kernel's register for its task, emptied, while other threads of the process are in the kernel: all of it dies, and nothing else. */
static void *
busy(void *arg)
{
	char name[64];

	snprintf(name, sizeof(name), "/tmp/escape-busy.%d.%d", (int)getppid(), *(int *)arg);
	for (;;) {
		int p[2], fd = open(name, O_CREAT | O_RDWR, 0600);

		if (fd >= 0 && pipe(p) == 0) {
			(void)!write(p[1], name, 10);
			close(p[0]);
			close(p[1]);
		}
		close(fd);
		unlink(name);
		kill(getppid(), 0);
	}
	return NULL;
}

static int
an_empty_segment(void)
{
	static const unsigned int selectors[] = { 0, 3, 0x2b, 0x33, 0x7b };
	char name[64];

	for (int i = 0; i < 60; i++) {
		pid_t pid = fork();
		int status, fd;

		if (pid == 0) {
			static int ids[3] = { 0, 1, 2 };
			pthread_t th;

			for (int k = 0; k < 3; k++)
				pthread_create(&th, NULL, busy, &ids[k]);
			for (int k = 0; k < i % 7; k++)
				sched_yield();
			__asm__ volatile("mov %0, %%gs" : : "r"(selectors[i % 5]));
			if (i & 1)
				__asm__ volatile("ud2");
			for (;;)
				getppid();
		}
		alarm(20);
		if (i % 4 == 3) /* it may just go on, where %gs is nobody's */
			usleep(1000);
		else
			usleep(20000);
		kill(pid, SIGKILL);
		if (waitpid(pid, &status, 0) != pid)
			return ESCAPED;
		for (int k = 0; k < 3; k++) {
			snprintf(name, sizeof(name), "/tmp/escape-busy.%d.%d", self, k);
			unlink(name);
		}
		fd = open(name, O_CREAT | O_RDWR, 0600);
		if (fd < 0 || close(fd) != 0 || unlink(name) != 0 || !still_ours())
			return ESCAPED;
	}
	return CONTAINED;
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

/* All descriptors closed by number, in every way: none is the kernel's. */
static int
closing_the_hosts_descriptors(void)
{
	char name[] = "/tmp/escape.XXXXXX", c = 0;
	int fd;

	for (int i = 0; i < 4096; i++) {
		close(i);
		dup2(i + 1, i);
	}
	syscall(SYS_close_range, 0, ~0U, 0);
	fd = mkstemp(name); /* files are there still */
	if (fd < 0 || write(fd, "x", 1) != 1 || pread(fd, &c, 1, 0) != 1 || c != 'x' || unlink(name) != 0)
		return ESCAPED;
	return open("/bin/sh", O_RDONLY) >= 0 && still_ours() ? CONTAINED : ESCAPED;
}

/* The first instructions of a child are a call and a look at kernel memory; its status says what it found. */
#define FIRST_CALL_THEN_LOOK                                                                                              \
	"mov $110, %%eax; syscall; cmp %%ebx, %%eax; jne 2f\n\t" /* getppid() */                                          \
	"test %%r13, %%r13; jz 3f; mov (%%r13), %%al; 2: mov $9, %%edi; jmp 4f; 3: xor %%edi, %%edi; 4: mov $60, %%eax; syscall; ud2"

static int
child_escapes(unsigned long flags, void *stack)
{
	register unsigned long r10 __asm__("r10") = 0, r8 __asm__("r8") = 0, r13 __asm__("r13") = no_keys ? 0 : ARENA;
	long ret = SYS_clone;
	int status;

	__asm__ volatile("mov %5, %%ebx; syscall; test %%rax, %%rax; jnz 1f; " FIRST_CALL_THEN_LOOK "; 1:"
			 : "+a"(ret) : "D"(flags), "S"(stack), "d"(0UL), "r"(r10), "r"(self), "r"(r8), "r"(r13)
			 : "rbx", "rcx", "r11", "memory", "cc");
	if (ret < 0)
		return 0;
	if (waitpid((pid_t)ret, &status, __WALL) != ret)
		return 1;
	return WIFEXITED(status) && WEXITSTATUS(status) != 0;
}

static int
first_instructions_of_children(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	void *top = stack + sizeof(stack);

	for (int i = 0; i < 20; i++)
		if (child_escapes(SIGCHLD, NULL) || child_escapes(CLONE_VM | CLONE_VFORK | SIGCHLD, top) ||
		    child_escapes(CLONE_VM | SIGCHLD, top) || child_escapes(CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, top) ||
		    child_escapes(CLONE_VM | CLONE_SIGHAND | SIGCHLD, top) || child_escapes(CLONE_FILES | SIGCHLD, NULL))
			return ESCAPED;
	return still_ours() ? CONTAINED : ESCAPED;
}

static int
with(int (*fn)(void))
{
	self = getpid();
	return fn();
}

static int (*chosen)(void);

static int
run_chosen(void)
{
	return with(chosen);
}

#define C(fn)	    (chosen = fn, attack(#fn, run_chosen, 0))
#define C_LIVES(fn) (chosen = fn, attack(#fn, run_chosen, 1))

int
main(int argc, char **argv)
{
	arguments(argc, argv);
	C_LIVES(dispatch_off);
	C(int_0x80);
	C_LIVES(x32_number);
	C_LIVES(syscall_in_other_bytes);
	C(vsyscall_page);
	C(sysenter);
	C(far_jump_to_32_bit_code);
	C_LIVES(state_of_the_thread);
	C_LIVES(ends_that_write);
	C_LIVES(an_empty_segment);
	C(stack_inside_kernel_memory);
	C_LIVES(signals_made_up);
	C(made_up_frame);
	C_LIVES(host_descriptors);
	C_LIVES(closing_the_hosts_descriptors);
	C_LIVES(thread_without_signal_handlers);
	C_LIVES(first_instructions_of_children);
	return escaped;
}
