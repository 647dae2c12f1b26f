/* SPDX-License-Identifier: MIT
 *
 * What system calls as text are made of: numbers, names, descriptors, and strings and buffers of the program.
 */
#ifndef STEAD_SRC_TRACE_PRINT_H
#define STEAD_SRC_TRACE_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_ITEMS_SHOWN 32   /* of arrays */
#define TRACE_PATH_SHOWN  4096 /* bytes of a path, and the most of any string or buffer */

struct trace_call;
struct trace_mem;

/* A line being put together; what does not fit is dropped. */
struct trace_buf {
	size_t n;
	unsigned char paths; /* descriptors: 1 with what they lead to, 2 and with the numbers of devices */
	unsigned char hex;   /* strings with \\x: 1 those that are not plain, 2 all */
	bool verbose;	     /* what is left out for brevity, too */
	char text[64000];
};

/**
 * trace_printf() - append to a line
 * @b: the line
 */
void trace_printf(struct trace_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

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
 * trace_print_string_vector() - strings of the program, as execve(2) has them
 * @b: appended to
 * @c: the call
 * @addr: the array of pointers, ended by NULL
 * @only_count: say how many there are
 */
void trace_print_string_vector(struct trace_buf *b, const struct trace_call *c, uint64_t addr, bool only_count);

/**
 * trace_string_shown() - how much of a string or buffer is shown
 * @c: the call
 *
 * Return: bytes.
 */
size_t trace_string_shown(const struct trace_call *c);

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
 * trace_format_signal() - a signal's name, SIGRT_n for realtime ones
 * @b: appended to
 * @sig: the number
 */
void trace_format_signal(struct trace_buf *b, int sig);

#endif
