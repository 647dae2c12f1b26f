/* SPDX-License-Identifier: MIT
 *
 * Arguments of system calls as text.
 */
#ifndef STEAD_SRC_TRACE_FORMAT_H
#define STEAD_SRC_TRACE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct syscall_desc;
struct trace_mem;

/* A line being put together; what does not fit is dropped. */
struct trace_buf {
	size_t n;
	char text[8000];
};

/**
 * trace_printf() - append to a line
 * @b: the line
 */
void trace_printf(struct trace_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * trace_args_before() - how many leading arguments can be printed before the call is made
 * @d: the call's row
 *
 * Return: the index of the first argument that the call fills in, or d->nargs.
 */
unsigned int trace_args_before(const struct syscall_desc *d);

/**
 * trace_format_args() - print arguments @from up to @to, with commas
 * @b: appended to
 * @m: the caller's memory
 * @d: the row
 * @args: the arguments
 * @from, @to: which
 * @done: the call has returned @result; else out-arguments are not read
 */
void trace_format_args(struct trace_buf *b, const struct trace_mem *m, const struct syscall_desc *d, const uint64_t args[6],
		       unsigned int from, unsigned int to, bool done, int64_t result);

/**
 * trace_format_signal() - a signal's name, SIGRT_n for realtime ones
 * @b: appended to
 * @sig: the number
 */
void trace_format_signal(struct trace_buf *b, int sig);

#endif
