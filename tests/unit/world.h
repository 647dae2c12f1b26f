/* SPDX-License-Identifier: MIT
 *
 * Processes and signals without a host: under a fake trap every task is a thread of the test, and its program a C function that
 * enters the kernel through CALL().
 */
#ifndef STEAD_TESTS_UNIT_WORLD_H
#define STEAD_TESTS_UNIT_WORLD_H

#include "kernel/entry.h"
#include "kernel/sys.h"

/* of the kernel's headers, which cannot be included beside libc's */
#define SA_SIGINFO_  0x4ul
#define SA_RESTART_  0x10000000ul
#define SA_RESTORER_ 0x04000000ul

typedef void (*program_t)(struct task *t, uint64_t arg);

extern struct kernel *K;

/**
 * world_enter(), world_leave() - what CALL() does before a call and after it
 * @t: the task
 * @ret: the call's result; and what the program gets
 *
 * Return: whether the call is to be made again.
 */
void world_enter(struct task *t);
bool world_leave(struct task *t, int64_t *ret);

#define CALL(t, expr)                                                                                                     \
	({                                                                                                                \
		int64_t call_ret_;                                                                                        \
		do {                                                                                                      \
			world_enter(t);                                                                                         \
			call_ret_ = (expr);                                                                               \
		} while (world_leave((t), &call_ret_));                                                                         \
		call_ret_;                                                                                                \
	})

/**
 * world_run() - boot K, run the main task in a thread, and wait for its end
 * @program, @arg: what it runs
 */
void world_run(program_t program, uint64_t arg);

/**
 * check_empty() - no task but init is left in the pid table or in the caches
 */
void check_empty(void);

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

/**
 * spawn() - clone(2) a task
 * @t: the parent
 * @prog, @arg: what the new one runs
 * @flags: CLONE_*, THREAD
 *
 * Return: as clone(2).
 */
int64_t spawn(struct task *t, program_t prog, uint64_t arg, uint64_t flags);

/**
 * wait4_() - wait4(2) into memory of the test
 */
int64_t wait4_(struct task *t, int pid, int *status, int options);

/**
 * on_signal() - set a handler
 * @t: the task
 * @sig: the signal
 * @handler: a function (task, signal, siginfo), or SIG_IGN, SIG_DFL
 * @flags: SA_*_
 */
void on_signal(struct task *t, int sig, uint64_t handler, uint64_t flags);

/**
 * prog_exit(), prog_pause() - programs that exit with @code, and that pause(2) for ever
 */
void prog_exit(struct task *t, uint64_t code);
void prog_pause(struct task *t, uint64_t arg);

#endif
