/* SPDX-License-Identifier: MIT
 *
 * The program's memory, of which the end is not known.
 */
#ifndef STEAD_SRC_TRACE_MEM_H
#define STEAD_SRC_TRACE_MEM_H

#include <stddef.h>
#include <stdint.h>

struct trace_mem;

/**
 * trace_mem_string() - read a string, page by page: it may end just before memory does
 * @m: the memory
 * @addr: the string
 * @buf: filled
 * @size: bytes that are read at most
 *
 * Return: how many were read; without a NUL among them the string goes on, or cannot be read further.
 */
size_t trace_mem_string(const struct trace_mem *m, uint64_t addr, char *buf, size_t size);

#endif
