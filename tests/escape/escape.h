/* SPDX-License-Identifier: MIT
 *
 * Programs that try to get out. Each attack runs in a child of its own, so that a death by signal is an answer too; it prints
 * "contained: NAME: how" or "ESCAPED: NAME: how", and the program's exit status is 1 if anything has escaped.
 */
#ifndef ESCAPE_H
#define ESCAPE_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where kernel memory is under the resident trap. */
#define ARENA	0x400000000000UL
#define SCRATCH 0x404000000000UL
#define SELECT	(SCRATCH + 134217728UL)

#define CONTAINED 0
#define ESCAPED	  1

static int escaped;
static int no_keys; /* the trap is one that protects nothing by keys: attacks on them are left out */
static unsigned int patience = 100; /* seconds an attack may take */

/* Bytes that the compiler must not make part of this program's own text. */
__attribute__((unused)) static void
put(volatile unsigned char *to, const volatile unsigned char *from, size_t n)
{
	while (n--)
		*to++ = *from++;
}

/* Open every key, then read the word at ARENA: only succeeds with the key open. wrpkru's last byte is spoilt here. */
__attribute__((unused)) static const volatile unsigned char open_and_read[] = {
	0x31, 0xc0, 0x31, 0xc9, 0x31, 0xd2,			    /* xor eax, ecx, edx */
	0x0f, 0x01, 0xee,					    /* + 1: wrpkru */
	0x48, 0xb8, 0, 0, 0, 0, 0, 0x40, 0, 0,			    /* mov ARENA, rax */
	0x8a, 0x00, 0xb8, 1, 0, 0, 0, 0xc3,			    /* mov (rax), al; mov 1, eax; ret */
};
#define OPEN_LEN   27
#define OPEN_SPOIL 8

__attribute__((unused)) static int
call(void *at)
{
	return ((int (*)(void))(uintptr_t)at)();
}

/* @lives: nothing in it may kill the attacker. */
static void
attack(const char *name, int (*fn)(void), int lives)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(patience);
		_exit(fn());
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		printf("ESCAPED: %s: the attacker was lost\n", name);
		escaped = 1;
	} else if (WIFEXITED(status) && WEXITSTATUS(status) != CONTAINED) {
		printf("ESCAPED: %s: status %d\n", name, WEXITSTATUS(status));
		escaped = 1;
	} else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
		printf("ESCAPED: %s: it did not end\n", name);
		escaped = 1;
	} else if (WIFSIGNALED(status) && lives) {
		printf("ESCAPED: %s: died: %s\n", name, strsignal(WTERMSIG(status)));
		escaped = 1;
	} else {
		printf("contained: %s: %s\n", name, WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "refused");
	}
}

#define A(fn)	    attack(#fn, fn, 0)
#define A_LIVES(fn) attack(#fn, fn, 1)
#define A_KEYS(fn)  (no_keys ? (void)0 : attack(#fn, fn, 0))

__attribute__((unused)) static void
arguments(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--no-keys") == 0)
			no_keys = 1;
		else /* a slow machine */
			patience = (unsigned int)atoi(argv[i]);
}

static sigjmp_buf peek_out;

__attribute__((unused)) static void
peek_fault(int sig)
{
	siglongjmp(peek_out, 1);
}

/* Is a byte there to be read? */
__attribute__((unused)) static int
readable(const volatile void *p)
{
	struct sigaction sa = { .sa_handler = peek_fault }, segv, bus;
	int ok = 0;

	sigaction(SIGSEGV, &sa, &segv);
	sigaction(SIGBUS, &sa, &bus);
	if (sigsetjmp(peek_out, 1) == 0) {
		(void)*(const volatile char *)p;
		ok = 1;
	}
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
	return ok;
}

/* A word of the task's own page in the kernel's eyes: 0 under a trap that has none. */
__attribute__((unused)) static unsigned long
selector_word(unsigned int off)
{
	unsigned long v = 0;

	if (readable((void *)SELECT))
		__asm__ volatile("mov %%gs:(%1), %0" : "=r"(v) : "r"(SELECT - SCRATCH + off));
	return v;
}
#endif
