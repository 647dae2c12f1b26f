/* SPDX-License-Identifier: MIT
 *
 * What is seen of running programs: one stream of events with two sources. stead's own kernel (src/trace/kernel.c, fed by
 * every trap) and the native recorder (src/host-tracer.c, ptrace) call the same hooks, so that a consumer need not know
 * where a program runs.
 *
 * The stream: a source calls one hook at a time, in the order in which things happened. The program waits meanwhile, so that
 * its memory and arguments can be read; what a hook does costs the program time. For each task: new_task, then enter and
 * exit in turn, signal and stopped between or inside them, gone at the end. A call that never returns (exit, a killed task)
 * has no exit.
 */
#ifndef STEAD_SRC_TRACE_EVENTS_H
#define STEAD_SRC_TRACE_EVENTS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a descriptor of a program leads to: the text of its link in /proc, and what stat(2) says. */
struct trace_fd {
	char path[4096];
	uint32_t mode;
	unsigned int major, minor; /* of a device */
};

/* How to read a program's memory: up to @n bytes at @addr; returns how many it got, less at the first page that is not
 * there. */
struct trace_mem {
	void *ctx;
	size_t (*peek)(void *ctx, uint64_t addr, void *buf, size_t n);
	bool (*look)(void *ctx, int fd,
		     struct trace_fd *out); /* AT_FDCWD: the working directory; in enter and exit only; or NULL */
};

/* A thread that is traced; from new_task until gone, at the same address. */
struct traced {
	int tid, tgid; /* as the program sees them natively, and inside under stead */
	uint64_t sp;   /* in enter: the stack pointer, 0 if not known */
	uint64_t ip;   /* where it is: behind its call, or where a signal comes; 0 if not known */
	unsigned int tampered; /* in exit: what fault injection did to the call */
	int superseded_by; /* in gone with TRACE_SUPERSEDED: the thread that did execve(2) */
	struct trace_mem mem;
	void *user; /* the consumer's own: NULL at new_task, and the consumer frees it in gone */
};

enum trace_how {
	TRACE_FIRST, /* the program itself; the parent is 0 */
	TRACE_FORK,
	TRACE_VFORK,
	TRACE_CLONE, /* clone(2) otherwise; a thread if tgid is that of the parent */
};

#define TRACE_INJECTED 1u
#define TRACE_DELAYED  2u
#define TRACE_POKED    4u /* memory that arguments point to was written */

#define TRACE_SUPERSEDED (-1) /* status at gone: another thread of its group did execve(2) and took over its tid */

/* Any may be NULL. */
struct trace_hooks {
	void *ctx; /* passed to each */

	void (*new_task)(void *ctx, struct traced *t, int parent_tid, enum trace_how how);
	/* A call begins. The first call of all is the execve(2) of the program. */
	void (*enter)(void *ctx, struct traced *t, uint64_t nr, const uint64_t args[6]);
	/* It returns @result for rax: -1 to -4095 are errors, and -512 to -516 are restarts, as the kernel has them inside.
	 */
	void (*exit)(void *ctx, struct traced *t, uint64_t nr, const uint64_t args[6], int64_t result);
	/* A signal is delivered: to a handler, to its default action, or to be ignored. */
	void (*signal)(void *ctx, struct traced *t, const siginfo_t *info);
	/* The whole group stops for job control; called for each thread. */
	void (*stopped)(void *ctx, struct traced *t, int sig);
	/* execve(2) has succeeded and returns soon. A thread that was not its group's leader becomes it: @t->tid has changed
	 * from
	 * @former_tid, after gone(TRACE_SUPERSEDED) of the leader. */
	void (*exec)(void *ctx, struct traced *t, int former_tid);
	/* @status: as wait(2) has it, of this thread; or TRACE_SUPERSEDED */
	void (*gone)(void *ctx, struct traced *t, int status);
};

#endif
