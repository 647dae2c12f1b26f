/* SPDX-License-Identifier: MIT
 *
 * System calls as text in strace's style, driven by the types of syscalls/table. What depends on more than one argument is
 * in src/trace/args.c, structures are in src/trace/structs.c, results in src/trace/result.c, the pieces in
 * src/trace/print.c.
 */
#ifndef STEAD_SRC_TRACE_FORMAT_H
#define STEAD_SRC_TRACE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/trace/print.h"

struct syscall_desc;

/* A call at its beginning, or (done) at its end. */
struct trace_call {
	const struct syscall_desc *d; /* NULL: a number that the table does not have */
	const struct syscall_desc *before; /* the task's call before this one, or NULL */
	const struct trace_mem *m;
	const uint64_t *args;
	uint64_t saved[6]; /* trace_call_enter(): what small inout arguments pointed to then */
	uint64_t sp;	   /* stack pointer at the beginning, 0 if not known */
	unsigned int string_shown; /* bytes of strings and buffers, 0: 32 */
	bool done;
	int64_t result;
};

/**
 * trace_call_enter() - print what is known before a call is made: arguments up to the first that the call fills in
 * @b: appended to
 * @c: d, m, args (and sp) are set; saved is filled for trace_call_exit()
 *
 * Return: whether trace_call_exit() has more arguments to print.
 */
bool trace_call_enter(struct trace_buf *b, struct trace_call *c);

/**
 * trace_call_exit() - print the other arguments
 * @b: appended to
 * @c: as trace_call_enter() left it, with done and result
 */
void trace_call_exit(struct trace_buf *b, const struct trace_call *c);

/**
 * trace_call_result() - print what a call returned
 * @b: appended to
 * @c: as for trace_call_exit()
 */
void trace_call_result(struct trace_buf *b, const struct trace_call *c);

/**
 * trace_print_struct() - one structure of the program, or its address
 * @b: appended to
 * @c: the call
 * @decode: its name in syscalls/table
 * @addr: where it is
 */
void trace_print_struct(struct trace_buf *b, const struct trace_call *c, const char *decode, uint64_t addr);

#endif
