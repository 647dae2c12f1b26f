/* SPDX-License-Identifier: MIT
 *
 * The sets of descriptors of select(2) as text.
 */
#ifndef STEAD_SRC_TRACE_POLL_H
#define STEAD_SRC_TRACE_POLL_H

#include "src/trace/format.h"

/**
 * trace_format_fdset() - the descriptors in a set of the program
 * @b: appended to
 * @c: the call
 * @addr: the set, or 0
 * @n: descriptors below this one count
 */
void trace_format_fdset(struct trace_buf *b, const struct trace_call *c, uint64_t addr, int n);

/**
 * trace_fdset_empty() - is no descriptor in a set?
 * @c: the call
 * @addr: the set
 * @n: descriptors below this one count
 *
 * Return: true also when it cannot be read.
 */
bool trace_fdset_empty(const struct trace_call *c, uint64_t addr, int n);

#endif
