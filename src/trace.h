/* SPDX-License-Identifier: MIT
 *
 * stead run --trace: calls as strace prints them, decoded from syscalls/table. Runs in the supervisor only.
 */
#ifndef STEAD_SRC_TRACE_H
#define STEAD_SRC_TRACE_H

#include <stddef.h>
#include <stdint.h>

struct task;
struct k_siginfo;

/**
 * trace_start() - open the output and take the reader of guest memory
 * @file: path, or NULL for stderr
 * @peek: reads up to @n bytes at @addr of a task's memory and returns how many it got; called inside the functions below
 *
 * Return: 0, or negative errno if @file cannot be opened.
 */
int trace_start(const char *file, size_t (*peek)(struct task *t, uint64_t addr, void *buf, size_t n));

/**
 * trace_enter() - a task makes a call
 * @t: the task; t->pid is printed
 * @nr, @args: number and arguments, as they arrived
 *
 * Context: any supervisor thread; the task's memory can be read by peek. Does nothing before trace_start().
 */
void trace_enter(struct task *t, uint64_t nr, const uint64_t args[6]);

/**
 * trace_exit() - the call's result goes back to the program
 * @t, @nr, @args: as given to trace_enter()
 * @result: the value for rax; -512 to -516 are printed as restarts
 *
 * Context: as trace_enter(); out-arguments are read now. A call that does not return (exit, a successful execve) may be ended
 * by trace_gone() instead, or left.
 */
void trace_exit(struct task *t, uint64_t nr, const uint64_t args[6], int64_t result);

/**
 * trace_signal() - a signal is delivered
 * @t: the task
 * @sig, @code, @pid, @addr: of its siginfo; @pid for codes up to SI_USER, @addr for faults
 */
void trace_signal(struct task *t, int sig, int code, int pid, uint64_t addr);

/**
 * trace_gone() - a task ended
 * @t: the task
 * @status: wait status of the task
 */
void trace_gone(struct task *t, int status);

/**
 * trace_stop() - flush and close
 */
void trace_stop(void);

#endif
