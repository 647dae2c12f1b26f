/* SPDX-License-Identifier: MIT
 *
 * The tasks of a program on the host's kernel that are traced, and what the tracer knows of them: for host-*.c alone.
 */
#ifndef STEAD_SRC_HOST_TRACEE_H
#define STEAD_SRC_HOST_TRACEE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "src/trace/events.h"

#define TRACEE_BUCKETS 256

struct host_trace_options;
struct inject_rule;
struct inject_state;

struct tracee {
	struct tracee *next;
	struct traced t;
	bool announced; /* new_task was called */
	bool held;	/* stopped, and waits to be announced */
	int held_status;
	bool in_call, gone;
	uint64_t nr, args[6];
	const struct inject_rule *rule; /* for the call it is in */
	struct inject_state *inject;
	unsigned int order; /* of being announced, from 1 */
	uint64_t wake;	    /* delayed until then (CLOCK_MONOTONIC, ns), or 0 */
	int wake_signal;    /* and goes on with this signal */
};

struct host_tracer {
	const struct host_trace_options *o;
	const struct trace_hooks *hooks;
	pid_t first;
	bool executed;	 /* the first execve has been seen */
	bool first_exec; /* and has succeeded */
	int status;	 /* of the first process */
	bool first_ended;
	unsigned int announced; /* tasks so far */
	unsigned int held, delayed;
	timer_t timer; /* interrupts waitpid() while tracees are delayed */
	bool have_timer;
	struct sigaction old_alarm;
	struct tracee *tracees[TRACEE_BUCKETS]; /* by tid */
};

/**
 * tracee_find(), tracee_add() - the tracee of a task
 * @h: the tracer
 * @tid: the task
 *
 * Return: the tracee; tracee_find(): or NULL. tracee_add() makes it.
 */
struct tracee *tracee_find(struct host_tracer *h, pid_t tid);
struct tracee *tracee_add(struct host_tracer *h, pid_t tid);

/**
 * tracee_insert(), tracee_unlink() - put a tracee into the table, and take it out, as when its tid changes
 * @h: the tracer
 * @e: the tracee
 */
void tracee_insert(struct host_tracer *h, struct tracee *e);
void tracee_unlink(struct host_tracer *h, struct tracee *e);

/**
 * tracee_remove(), tracee_free_all() - forget one, and all
 * @h: the tracer
 * @e: freed
 */
void tracee_remove(struct host_tracer *h, struct tracee *e);
void tracee_free_all(struct host_tracer *h);

/**
 * tracee_go_on() - let a stopped tracee go on up to its next call's beginning or end
 * @e: the tracee
 * @sig: a signal it goes on with, or 0
 */
void tracee_go_on(struct tracee *e, int sig);

/**
 * host_ptrace() - ptrace(2) without libc's idea of the types
 * @request, @tid, @addr, @data: as there
 *
 * Return: as the system call: what PEEK finds is stored at @data.
 */
long host_ptrace(long request, pid_t tid, uintptr_t addr, uintptr_t data);

#endif
