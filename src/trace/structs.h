/* SPDX-License-Identifier: MIT
 *
 * Structures in system calls' arguments as text, by the DECODE word of syscalls/table.
 */
#ifndef STEAD_SRC_TRACE_STRUCTS_H
#define STEAD_SRC_TRACE_STRUCTS_H

#include <stdbool.h>
#include <stddef.h>

#include "src/trace/format.h"

#define TRACE_STRUCT_MAX 1024

struct trace_struct {
	const char *decode;
	size_t size;
	bool variable; /* size is an upper bound; a count in the table is in bytes */
	bool scalar;   /* a number: stands in brackets */
	void (*print)(struct trace_buf *b, const struct trace_mem *m, const void *raw);
};

/**
 * trace_print_sigset() and the others - printers of structures in signal.c, time.c, file.c, process.c, poll.c and futex.c
 * @b: appended to
 * @m: the program's memory
 * @raw: the structure
 */
void trace_print_sigset(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_sigaction(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_siginfo(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_stack(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_sigevent(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_timespec(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_utimespec(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_timeval(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_utimeval(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_itimerspec(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_itimerval(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_utimbuf(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_timezone(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_tms(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_timex(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_stat(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_statx(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_statfs(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_open_how(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_rlimit(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_rusage(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_waitstatus(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_clone_args(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_sched_attr(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_cpumask(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_caphdr(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_capdata(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_utsname(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_sysinfo(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_pollfd(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_epoll_event(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_futex_waitv(struct trace_buf *b, const struct trace_mem *m, const void *raw);

/**
 * trace_format_mode() - a file's type and permissions
 * @b: appended to
 * @mode: st_mode
 */
void trace_format_mode(struct trace_buf *b, unsigned int mode);

/**
 * trace_struct() - how to print a structure
 * @decode: its name in syscalls/table
 *
 * Return: the printer, or NULL: print the address.
 */
const struct trace_struct *trace_struct(const char *decode);

#endif
