/* SPDX-License-Identifier: MIT
 *
 * fcntl(2)'s third argument as text.
 */
#ifndef STEAD_SRC_TRACE_FCNTL_H
#define STEAD_SRC_TRACE_FCNTL_H

#include "src/trace/args.h"

/**
 * trace_fcntl_when(), trace_print_fcntl() - as struct trace_special has them
 * @b: appended to
 * @c: the call; its second argument is the command
 * @i: the argument
 */
enum trace_when trace_fcntl_when(const struct trace_call *c, unsigned int i);
void trace_print_fcntl(struct trace_buf *b, const struct trace_call *c, unsigned int i);

#endif
