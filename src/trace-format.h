/* SPDX-License-Identifier: MIT
 *
 * System calls as text in strace's style, driven by the types of syscalls/table. What depends on more than one argument is in
 * src/trace-args.c, results are in src/trace-result.c.
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
	unsigned char paths; /* descriptors: 1 with what they lead to, 2 and with the numbers of devices */
	unsigned char hex;   /* strings with \\x: 1 those that are not plain, 2 all */
	bool verbose;	     /* what is left out for brevity, too */
	char text[64000];
};

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

/* TYPE[.DECODE][[COUNT]], taken apart. */
struct trace_arg {
	char base[12], decode[24], count[24];
	bool in, out;
};

/**
 * trace_printf() - append to a line
 * @b: the line
 */
void trace_printf(struct trace_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

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
 * trace_arg_split() - take a type of syscalls/table apart
 * @spec: TYPE[.DECODE][[COUNT]]
 * @t: the parts
 */
void trace_arg_split(const char *spec, struct trace_arg *t);

/**
 * trace_format_signal() - a signal's name, SIGRT_n for realtime ones
 * @b: appended to
 * @sig: the number
 */
void trace_format_signal(struct trace_buf *b, int sig);

/* The pieces, for src/trace-args.c and the structures. */

/**
 * trace_print_address() - a pointer as a number, or NULL
 * @b: appended to
 * @a: the pointer
 */
void trace_print_address(struct trace_buf *b, uint64_t a);

/**
 * trace_print_fd() - a descriptor, with what it leads to if that is wanted
 * @b: appended to
 * @m: of the task
 * @fd: the descriptor, or AT_FDCWD
 */
void trace_print_fd(struct trace_buf *b, const struct trace_mem *m, int fd);

/**
 * trace_print_flags(), trace_print_enum() - a set of flags, or one of several values, by name
 * @b: appended to
 * @decode: the word of syscalls/table
 * @v: the value
 */
void trace_print_flags(struct trace_buf *b, const char *decode, uint64_t v);
void trace_print_enum(struct trace_buf *b, const char *decode, uint64_t v);

/**
 * trace_print_quoted() - bytes in quotes, as C writes them
 * @b: appended to
 * @s: the bytes
 * @n: how many
 */
void trace_print_quoted(struct trace_buf *b, const void *s, size_t n);

/**
 * trace_print_bytes() - the beginning of a buffer of the program
 * @b: appended to
 * @c: the call
 * @addr: the buffer
 * @len: its length
 */
void trace_print_bytes(struct trace_buf *b, const struct trace_call *c, uint64_t addr, uint64_t len);

/**
 * trace_print_string() - a string of the program
 * @b: appended to
 * @c: the call
 * @addr: the string
 * @max: bytes that are shown at most
 */
void trace_print_string(struct trace_buf *b, const struct trace_call *c, uint64_t addr, size_t max);

/**
 * trace_print_iov() - an array of struct iovec with what it points to
 * @b: appended to
 * @c: the call
 * @addr: the array
 * @n: its elements
 * @total: bytes that were transferred, UINT64_MAX: all
 */
void trace_print_iov(struct trace_buf *b, const struct trace_call *c, uint64_t addr, uint64_t n, uint64_t total);

/**
 * trace_print_struct() - one structure of the program, or its address
 * @b: appended to
 * @c: the call
 * @decode: its name in syscalls/table
 * @addr: where it is
 */
void trace_print_struct(struct trace_buf *b, const struct trace_call *c, const char *decode, uint64_t addr);

/**
 * trace_peek() - read the program's memory
 * @c: the call
 * @addr: from where
 * @buf: to where
 * @n: bytes
 *
 * Return: whether all of it could be read.
 */
bool trace_peek(const struct trace_call *c, uint64_t addr, void *buf, size_t n);

#endif
