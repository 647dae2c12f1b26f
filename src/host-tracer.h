/* SPDX-License-Identifier: MIT
 *
 * Runs a program natively, on the host's kernel, and reports what it does: the native side of stead trace and stead diff.
 */
#ifndef STEAD_SRC_HOST_TRACER_H
#define STEAD_SRC_HOST_TRACER_H

#include <stdbool.h>

#include "src/trace/events.h"

struct inject_rules;

struct host_trace_options {
	bool follow;		/* threads and children too; without, they run untraced and nobody waits for them */
	bool end_with_first;	/* when the first process has ended, the others are killed, as stead ends an instance */
	bool pass_signals;	/* TERM, HUP, USR1 and USR2 sent to us go to the program; INT, QUIT and TSTP are left to the
				   terminal */
	const struct inject_rules *inject; /* faults to inject, or NULL (src/inject.h) */
	/* Called in the new process before the program is executed: chdir, limits, uid. A negative errno gives up. Or NULL.
	 */
	int (*in_child)(void *ctx);
	void *in_child_ctx;
};

/**
 * host_trace() - run a program natively under ptrace until it and everything followed has ended
 * @argv: argv[0] is looked up in the PATH of @envp if it has no slash
 * @envp: its environment
 * @o: options
 * @hooks: called on this thread
 *
 * Context: a process without other children that this thread waits for; not while another host_trace() runs in the process.
 * Return: the program's wait status, or negative errno: nothing was run (-ENOENT: not found, -EACCES, -ENOEXEC, ... of
 * execve(2); -EPERM: ptrace is not allowed here).
 */
int host_trace(char *const argv[], char *const envp[], const struct host_trace_options *o, const struct trace_hooks *hooks);

#endif
