/* SPDX-License-Identifier: MIT
 *
 * The way in and out of the kernel, for both traps.
 */
#ifndef STEAD_KERNEL_ENTRY_H
#define STEAD_KERNEL_ENTRY_H

#include "kernel/types.h"

struct task;

/* t->regs.rax after a call that set all registers itself (sigreturn, exec). */
#define SYSCALL_REGS_SET INT64_C(-4096)

/**
 * syscall_enter() - serve one system call
 * @t: the current task; mode is MODE_KERNEL; t->syscall_nr is set by it
 * @nr: the number, any value
 * @a: six arguments
 *
 * Context: sleeps.
 * Return: the result, a restart code, or SYSCALL_REGS_SET. The trap puts it in rax, then looks at t->work and PF_EXITING.
 */
int64_t syscall_enter(struct task *t, uint64_t nr, const uint64_t a[6]);

/**
 * exit_to_user() - do all work there is before program code runs; registers are valid
 * @t: the current task, t->regs_valid, regs.orig_rax is the number if a call is just ending, else -1
 *
 * Context: sleeps (stops).
 * Return: true: t->work has been seen empty after t->mode = MODE_USER was set, and the task may go. Under the remote trap it may be
 * gone already: whoever finds it in user mode with a dead host thread ends it. false: it is exiting, and the trap must call
 * trap_ops.exit.
 */
bool exit_to_user(struct task *t) __must_check;

/**
 * exit_to_user_fast() - the same when there is no work: sets MODE_USER and looks again
 * @t: the current task
 *
 * Return: true if the task may go, or somebody else has taken it; false: MODE_KERNEL again, there is work for exit_to_user().
 */
bool exit_to_user_fast(struct task *t) __must_check;

/**
 * exit_to_user_quick() - the same when there is no work, or only handlers to run
 * @t: as exit_to_user()
 *
 * Context: does not sleep.
 * Return: true if the task may go; false: MODE_KERNEL, and exit_to_user() is to be called.
 */
bool exit_to_user_quick(struct task *t) __must_check;

#endif
