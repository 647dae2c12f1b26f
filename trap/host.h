/* SPDX-License-Identifier: MIT
 *
 * Host system calls of kernel code: this file is the only way, and the list of calls made here is the allow-list of the
 * resident trap's seccomp filter (trap/host-calls.h). All calls are made at one instruction, host_syscall_insn.
 */
#ifndef STEAD_TRAP_HOST_H
#define STEAD_TRAP_HOST_H

#include "kernel/types.h"

/**
 * host_call() - make a host system call from the current host thread
 * @nr: number; it must be in trap/host-calls.h
 * @a: arguments
 *
 * Context: as the call; may return -EINTR when the host thread is kicked.
 * Return: the call's result.
 */
int64_t host_call(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);

extern const char host_syscall_insn[]; /* the address just after the one `syscall` instruction */

#define host_call0(nr)		      host_call((nr), 0, 0, 0, 0, 0, 0)
#define host_call1(nr, a)	      host_call((nr), (uint64_t)(a), 0, 0, 0, 0, 0)
#define host_call2(nr, a, b)	      host_call((nr), (uint64_t)(a), (uint64_t)(b), 0, 0, 0, 0)
#define host_call3(nr, a, b, c)	      host_call((nr), (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), 0, 0, 0)
#define host_call4(nr, a, b, c, d)    host_call((nr), (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), 0, 0)
#define host_call5(nr, a, b, c, d, e) host_call((nr), (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e), 0)
#define host_call6(nr, a, b, c, d, e, f)                                                                                  \
	host_call((nr), (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e), (uint64_t)(f))

/**
 * host_futex_wait() - sleep while *@w == @val
 * @w: a word in the arena
 * @val: the value seen
 * @deadline: CLOCK_MONOTONIC ns, or INT64_MAX for none
 *
 * Return: 0, -EAGAIN, -EINTR, -ETIMEDOUT.
 */
int host_futex_wait(uint32_t *w, uint32_t val, int64_t deadline);

/**
 * host_futex_wake() - wake up to @n sleepers
 * @w: the word
 * @n: how many
 */
void host_futex_wake(uint32_t *w, int n);

/* clone(2) as the resident trap makes processes and threads: trap/host-calls.h allows these flags and no others. */
#define HOST_CLONE_TIDS	   (CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)
#define HOST_CLONE_PROCESS (CLONE_FILES | CLONE_PARENT | HOST_CLONE_TIDS | 17 /* SIGCHLD */)
#define HOST_CLONE_THREAD                                                                                                 \
	(CLONE_FILES | CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | HOST_CLONE_TIDS)

#endif
