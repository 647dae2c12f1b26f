/* SPDX-License-Identifier: MIT
 *
 * Jumps into kernel text, which a program under the resident trap can read: to every byte around the gate, and to every wrpkru, xrstor,
 * wrgsbase and syscall in it, with registers and stack made for it: rows 3 and 5. Where there is no gate nothing is left to do.
 */
#include <sys/time.h>

#include "escape.h"

static unsigned char *gate, *low, *high;
static uint64_t stack[2048] __attribute__((aligned(4096))), image[2048] __attribute__((aligned(4096)));


/* The way back to program code: is the key open, or was a call answered by the host? */
void landing(void);
__asm__("landing:\n"
	"	movabs $0x400000000000, %rcx\n"
	"	mov (%rcx), %cl\n"
	"	mov $60, %eax\n"
	"	mov $77, %edi\n"
	"	syscall\n"
	"	ud2\n");

static void
find_text(void)
{
	gate = (unsigned char *)selector_word(56);
	if (gate) {
		low = high = (unsigned char *)((uintptr_t)gate & ~4095UL);
		while (readable(low - 4096))
			low -= 4096;
		while (readable(high))
			high += 4096;
	}
}

/* What the way out loads: a return address, a stack, a frame for iretq. A program may write it. */
static void
prepare_scratch(void)
{
	static uint64_t iret[5];
	uint64_t sp = (uint64_t)(uintptr_t)&stack[1024];

	iret[0] = (uint64_t)(uintptr_t)landing;
	iret[1] = 0x33;
	iret[2] = 0x202;
	iret[3] = sp;
	iret[4] = 0x2b;
	for (unsigned long off = 0; off < 256; off += 8)
		__asm__ volatile("mov %0, %%gs:(%1)" : : "r"((uint64_t)(uintptr_t)landing), "r"(off) : "memory");
	__asm__ volatile("mov %0, %%gs:32; mov %1, %%gs:80" : : "r"(sp), "r"(iret) : "memory");
}

static void __attribute__((noreturn))
jump(const unsigned char *to, uint64_t rax, uint64_t rdx, uint64_t any)
{
	for (size_t i = 0; i < 2048; i++)
		stack[i] = (uint64_t)(uintptr_t)landing;
	stack[1024] = (uint64_t)(uintptr_t)to;
	prepare_scratch();
	__asm__ volatile("mov %0, %%rsp; mov %1, %%rax; mov %2, %%rdx; mov %3, %%rdi; xor %%ecx, %%ecx\n\t"
			 "mov %%rdi, %%rsi; mov %%rdi, %%rbx; mov %%rdi, %%rbp; mov %%rdi, %%r8; mov %%rdi, %%r9; mov %%rdi, %%r10\n\t"
			 "mov %%rdi, %%r12; mov %%rdi, %%r13; mov %%rdi, %%r14; mov %%rdi, %%r15; ret"
			 : : "r"(&stack[1024]), "r"(rax), "r"(rdx), "r"(any) : "memory");
	__builtin_unreachable();
}

/* Returns ESCAPED if the child got through. */
static int
try_jump(const unsigned char *to, uint64_t rax, uint64_t rdx, uint64_t any)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0); /* kernel text has calls of kill(2) in it */
		alarm(1);
		jump(to, rax, rdx, any);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 77;
}

/* The same with a stack pointer of one's choice, and a signal number. */
static int
try_enter(const unsigned char *to, uint64_t sp, uint64_t sig)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		alarm(1);
		for (size_t i = 0; i < 2048; i++)
			stack[i] = image[i] = (uint64_t)(uintptr_t)landing;
		__asm__ volatile("mov %1, %%rsp; mov %2, %%rdi; mov %3, %%rsi; mov %3, %%rdx; jmp *%0"
				 : : "r"(to), "r"(sp), "r"(sig), "r"(&image[512]) : "rdi", "rsi", "rdx", "memory");
		__builtin_unreachable();
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 77;
}

static int
every_byte_of_the_gate(void)
{
	for (int i = -256; gate && i < 768; i++)
		if (gate + i >= low && gate + i < high && try_jump(gate + i, 0, 0, (uint64_t)(uintptr_t)image)) {
			dprintf(1, "byte %d\n", i);
			return ESCAPED;
		}
	return CONTAINED;
}

/* Where the kernel opens its keys: xor eax, eax; xor ecx, ecx; xor edx, edx; wrpkru. The gate, and where host signals arrive. */
static int
entries_with_made_up_stacks(void)
{
	static const unsigned char entry[] = { 0x31, 0xc0, 0x31, 0xc9, 0x31, 0xd2, 0x0f, 0x01 };
	uint64_t alt_hi = selector_word(32), kstack = selector_word(8);
	uint64_t stacks[] = { (uint64_t)(uintptr_t)&stack[1024], alt_hi - 4096, alt_hi - 16384, alt_hi - 64, kstack - 256, kstack - 32768,
			      ARENA + 0x10000, SELECT + 2048, SCRATCH + 2048, 0 };
	int found = 0;

	for (const volatile unsigned char *p = low; gate && p + 16 < high; p++) {
		size_t n = 0;

		while (n < sizeof(entry) && p[n] == entry[n])
			n++;
		if (n < sizeof(entry))
			continue;
		found++;
		for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++)
			for (int sig = 0; sig < 41; sig += 5)
				for (int skip = 0; skip <= 9; skip += 3)
					if (try_enter((const unsigned char *)p + skip, stacks[i], (uint64_t)sig))
						return ESCAPED;
	}
	return gate && found < 2 ? ESCAPED : CONTAINED;
}

/* --- all of kernel text, many jumps a process: for a long run, `gate --all [FROM TO]` in percent --- */

static struct progress {
	volatile size_t at;
	volatile unsigned long faults, deaths, stuck;
} *progress;

static sigjmp_buf next_jump;

static void
came_back(int sig)
{
	siglongjmp(next_jump, 1);
}

static void __attribute__((noreturn))
jump_on(size_t end)
{
	static char handlers_stack[65536];
	static const int sigs[] = { SIGSEGV, SIGILL, SIGBUS, SIGFPE, SIGTRAP, SIGALRM, SIGSYS };
	struct sigaction sa = { .sa_handler = came_back, .sa_flags = SA_ONSTACK | SA_NODEFER };
	stack_t ss = { .ss_sp = handlers_stack, .ss_size = sizeof(handlers_stack) };
	struct itimerval soon = { { 0, 0 }, { 0, 400000 } };

	sigaltstack(&ss, NULL);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &sa, NULL);
	if (sigsetjmp(next_jump, 1))
		progress->faults++;
	if (++progress->at >= end)
		_exit(0);
	for (size_t i = 0; i < 2048; i++)
		image[i] = (uint64_t)(uintptr_t)landing;
	setitimer(ITIMER_REAL, &soon, NULL);
	jump(low + progress->at, 0, 0, (uint64_t)(uintptr_t)image);
}

/*
 * Waits for a process of jumps. One of them may make a call that sleeps, with signals blocked or the timer stopped, as any program may:
 * a process that makes no more jumps is killed, and its successor goes on after that one. Returns waitpid()'s status, or -1.
 */
static int
await_jumps(pid_t pid)
{
	size_t last = 0;
	int status, quiet = 0;

	while (quiet < 600) {
		pid_t done = waitpid(pid, &status, WNOHANG);

		if (done != 0)
			return done == pid ? status : -1;
		usleep(100000);
		quiet = progress->at == last ? quiet + 1 : 0;
		last = progress->at;
		if (quiet == 50) {
			progress->stuck++;
			printf("at %#zx: nothing for five seconds\n", progress->at);
			kill(pid, SIGKILL);
		}
	}
	printf("at %#zx: it cannot be killed\n", progress->at);
	return -1;
}

static int
all_of_kernel_text(unsigned int from, unsigned int to)
{
	size_t end = (size_t)(high - low) * to / 100;
	int status;

	progress = mmap(NULL, 4096, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	progress->at = (size_t)(high - low) * from / 100;
	while (gate && progress->at + 1 < end) {
		pid_t pid = fork();

		if (pid == 0) {
			setpgid(0, 0); /* it makes calls, and kill(0, ...) is one */
			jump_on(end);
		}
		status = await_jumps(pid);
		if (status == -1 || (WIFEXITED(status) && WEXITSTATUS(status) == 77)) {
			printf("ESCAPED: all_of_kernel_text: offset %#zx of %p\n", progress->at, (void *)low);
			return ESCAPED;
		}
		if (++progress->deaths % 50 == 0) {
			printf("at %#zx: %lu came back, %lu processes died\n", progress->at, progress->faults, progress->deaths);
		}
	}
	printf("contained: all_of_kernel_text: %lu came back, %lu processes died, of those %lu did nothing any more\n", progress->faults,
	       progress->deaths, progress->stuck);
	return CONTAINED;
}

static int
every_place(const volatile unsigned char *want, uint64_t rax, uint64_t any)
{
	for (unsigned char *p = low; gate && p + 4 < high; p++) {
		if (p[0] != 0x0f || p[1] != want[0] || (want[1] && (p[2] & want[1]) != want[2]))
			continue;
		for (int back = 0; back < 3; back++) /* with its prefixes, and without */
			if (try_jump(p - back, rax, 0, any)) {
				dprintf(1, "offset %lx\n", (unsigned long)(p - low));
				return ESCAPED;
			}
	}
	return CONTAINED;
}

static int
every_wrpkru(void)
{
	return every_place((const unsigned char[]){ 0x01, 0xff, 0xef }, 0, (uint64_t)(uintptr_t)image);
}

static int
every_xrstor(void)
{
	return every_place((const unsigned char[]){ 0xae, 0x38, 0x28 }, 0x200, (uint64_t)(uintptr_t)image);
}

static int
every_wrgsbase(void)
{
	for (uint64_t slot = 0; slot < 4; slot++)
		if (every_place((const unsigned char[]){ 0xae, 0xf8, 0xd8 }, SCRATCH + slot * 4096, SCRATCH + slot * 4096))
			return ESCAPED;
	return CONTAINED;
}

int
main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--all") == 0) {
		find_text();
		setvbuf(stdout, NULL, _IOLBF, 0);
		return all_of_kernel_text(argc > 2 ? (unsigned int)atoi(argv[2]) : 0, argc > 3 ? (unsigned int)atoi(argv[3]) : 100);
	}
	arguments(argc, argv);
	find_text();
	printf("%lu bytes of kernel text found\n", (unsigned long)(high - low));
	if (no_keys)
		return 0;
	A_LIVES(every_byte_of_the_gate);
	A_LIVES(entries_with_made_up_stacks);
	A_LIVES(every_wrpkru);
	A_LIVES(every_xrstor);
	A_LIVES(every_wrgsbase);
	return escaped;
}
