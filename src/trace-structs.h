/* SPDX-License-Identifier: MIT
 *
 * Structures in system calls' arguments as text, by the DECODE word of syscalls/table.
 */
#ifndef STEAD_SRC_TRACE_STRUCTS_H
#define STEAD_SRC_TRACE_STRUCTS_H

#include <stdbool.h>
#include <stddef.h>

#include "src/trace-format.h"

#define TRACE_STRUCT_MAX 1024

struct trace_struct {
	const char *decode;
	size_t size;
	bool variable; /* size is an upper bound; a count in the table is in bytes */
	void (*print)(struct trace_buf *b, const struct trace_mem *m, const void *raw);
};

/**
 * trace_struct() - how to print a structure
 * @decode: its name in syscalls/table
 *
 * Return: the printer, or NULL: print the address.
 */
const struct trace_struct *trace_struct(const char *decode);

#endif
