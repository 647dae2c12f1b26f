/* SPDX-License-Identifier: MIT
 *
 * stead's own side of src/trace/events.h: what the kernel reports under any trap becomes calls of hooks. Runs in the
 * supervisor.
 */
#ifndef STEAD_SRC_TRACE_KERNEL_H
#define STEAD_SRC_TRACE_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "src/trace/events.h"

struct task;

/**
 * trace_start() - take the hooks and the reader of guest memory
 * @hooks: called from here on, one at a time, on any supervisor thread; lives until trace_stop()
 * @peek: reads up to @n bytes at @addr of a task's memory and returns how many it got
 * @look: what a descriptor of a task is
 * @path, @argv, @envp: the first program, whose execve(2) no program makes; it is reported before anything else is
 *
 * Context: before the first program runs.
 */
void trace_start(const struct trace_hooks *hooks, size_t (*peek)(void *task, uint64_t addr, void *buf, size_t n),
		 bool (*look)(void *task, int fd, struct trace_fd *out), const char *path, char *const argv[],
		 char *const envp[]);

/**
 * trace_enter(), trace_exit() - a task makes a call; the call's result goes back to the program
 * @t: the task
 * @nr, @args: number and arguments, as they arrived
 * @result: the value for rax
 * @tampered: TRACE_INJECTED, TRACE_DELAYED
 *
 * Context: any supervisor thread; the task waits. These and the following do nothing before trace_start() and after
 * trace_stop().
 */
void trace_enter(struct task *t, uint64_t nr, const uint64_t args[6]);
void trace_exit(struct task *t, uint64_t nr, const uint64_t args[6], int64_t result, unsigned int tampered);

/**
 * trace_new_task() - a task was made, and does not run yet
 * @t: the new one
 * @parent: whose call made it
 * @how: by what
 */
void trace_new_task(struct task *t, struct task *parent, enum trace_how how);

/**
 * trace_signal() - a signal is delivered
 * @t: the task
 * @info: the whole siginfo
 */
void trace_signal(struct task *t, const siginfo_t *info);

/**
 * trace_stopped() - a task stops for job control
 * @t: the task
 * @sig: why
 */
void trace_stopped(struct task *t, int sig);

/**
 * trace_gone() - a task ended
 * @t: the task
 * @status: its wait status
 */
void trace_gone(struct task *t, int status);

/**
 * trace_stop() - the end: no hook is called any more
 */
void trace_stop(void);

#endif
