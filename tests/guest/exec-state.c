/* SPDX-License-Identifier: MIT
 *
 * What a program leaves behind when it calls execve by itself, without a fork in between: nothing in memory, registers, segments
 * or the vDSO that the next program could find.
 */
#include <elf.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include "tests/guest/guest.h"

extern char **environ;

static const uintptr_t places[] = { 0x10000, 0x7000000, 0x200000000, 0x3ffffff00000, 0x480000000000, 0x7f0000000000 };

static bool
is_mapped(uintptr_t at)
{
	return msync((void *)at, 4096, MS_ASYNC) == 0 || errno != ENOMEM;
}

static uint16_t
selector(char which)
{
	uint16_t s = 0;

	switch (which) {
	case 'd':
		__asm__("mov %%ds, %0" : "=r"(s));
		break;
	case 'e':
		__asm__("mov %%es, %0" : "=r"(s));
		break;
	case 'f':
		__asm__("mov %%fs, %0" : "=r"(s));
		break;
	}
	return s;
}

/* The program after: tells by its exit status what is wrong. */
static int
look(void)
{
	const Elf64_Ehdr *vdso = (const void *)getauxval(AT_SYSINFO_EHDR);
	uint32_t mxcsr;
	struct timespec ts;
	uint16_t fcw;
	size_t i;

	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(fcw));
	if ((mxcsr & ~0x3fU) != 0x1f80)
		return 10;
	if (fcw != 0x37f)
		return 11;
	if (selector('d') != 0 || selector('e') != 0 || selector('f') != 0)
		return 13;
	if (!vdso || memcmp(vdso, ELFMAG, SELFMAG) != 0 || vdso->e_type != ET_DYN)
		return 14;
	if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0)
		return 15;
	for (i = 0; i < ARRAY_SIZE(places); i++)
		if (is_mapped(places[i]))
			return 20 + (int)i;
	return 7;
}

static void
become_looker(void)
{
	char *argv[] = { "x", "--look", NULL };

	execv("/proc/self/exe", argv);
	_exit(50);
}

static void
maps_are_gone(void)
{
	size_t i;

	if (guest_fork() == 0) {
		for (i = 0; i < ARRAY_SIZE(places); i++)
			if (mmap((void *)places[i], 8192, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == (void *)places[i])
				memset((void *)places[i], 1, 8192);
		become_looker();
	}
	CHECK_EXITS(-1, 7);
}

static void
registers_are_reset(void)
{
	if (guest_fork() == 0) {
		uint32_t mxcsr = 0x3f80;
		uint16_t fcw = 0x27f;

		__asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(mxcsr), "m"(fcw));
		__asm__ volatile("mov %0, %%ds\n\tmov %0, %%es" : : "r"(0x2b));
		become_looker();
	}
	CHECK_EXITS(-1, 7);
}

/* A kernel may have sealed it (mseal(2)): then there is nothing to repair. */
static void
the_vdso_is_whole(void)
{
	char *vdso = (char *)getauxval(AT_SYSINFO_EHDR);

	CHECK(vdso != NULL);
	if (guest_fork() == 0) {
		munmap(vdso, 4096);
		become_looker();
	}
	CHECK_EXITS(-1, 7);
	if (guest_fork() == 0) {
		if (mprotect(vdso, 4096, PROT_READ | PROT_WRITE) == 0) {
			memset(vdso, 0, 64);
			mprotect(vdso, 4096, PROT_READ | PROT_EXEC);
		}
		become_looker();
	}
	CHECK_EXITS(-1, 7);
	if (guest_fork() == 0) {
		char *new = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		mremap(vdso, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, new);
		become_looker();
	}
	CHECK_EXITS(-1, 7);
	if (guest_fork() == 0) {
		mmap(vdso, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		become_looker();
	}
	CHECK_EXITS(-1, 7);
}

/* A child that shares the memory execs, and so does its parent while the child lives. */
static int
sharing_child(void *arg)
{
	int *pipes = arg;
	char c;

	if (read(pipes[0], &c, 1) != 1)
		_exit(1);
	become_looker();
	return 1;
}

static void
shared_memory_is_left_to_the_others(void)
{
	int to[2], status;
	char *stack;
	pid_t pid;

	CHECK_EQ(pipe(to), 0);
	if (guest_fork() == 0) {
		stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		pid = clone(sharing_child, stack + 65536, CLONE_VM | SIGCHLD, to);
		if (pid < 0 || write(to[1], "x", 1) != 1)
			_exit(2);
		if (waitpid(pid, &status, 0) != pid || status != 7 << 8)
			_exit(3);
		memset(stack, 0, 65536);
		pid = clone(sharing_child, stack + 65536, CLONE_VM | SIGCHLD, to);
		if (pid < 0 || fork() < 0)
			_exit(4);
		become_looker();
	}
	CHECK_EXITS(-1, 7);
	CHECK_EQ(write(to[1], "xx", 2), 2); /* lets the children of the others end */
}

static void
execs_in_a_row(void)
{
	if (guest_fork() == 0) {
		char *argv[] = { "x", "--again", "40", NULL };

		execv(guest_self, argv);
		_exit(50);
	}
	CHECK_EXITS(-1, 7);
}

static int
again(int left)
{
	char count[12], *argv[] = { "x", "--again", count, NULL };
	struct rusage ru;

	memset(sbrk(1 << 20), 1, 1 << 20);
	if (getrusage(RUSAGE_SELF, &ru) != 0 || ru.ru_maxrss < 1024)
		return 30;
	if (left == 0)
		become_looker();
	snprintf(count, sizeof(count), "%d", left - 1);
	execv("/proc/self/exe", argv);
	return 51;
}

int
main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		T(maps_are_gone), T(registers_are_reset), T(the_vdso_is_whole), T(shared_memory_is_left_to_the_others), T(execs_in_a_row),
	};

	if (argc > 1 && strcmp(argv[1], "--look") == 0)
		return look();
	if (argc > 2 && strcmp(argv[1], "--again") == 0)
		return again(atoi(argv[2]));
	return guest_main(argc, argv, cases, ARRAY_SIZE(cases));
}
