/* SPDX-License-Identifier: MIT
 *
 * prctl(2)'s arguments as text.
 */
#ifndef STEAD_SRC_TRACE_PRCTL_H
#define STEAD_SRC_TRACE_PRCTL_H

#include "src/trace/args.h"

/**
 * trace_prctl_when(), trace_print_prctl() - as struct trace_special has them
 * @b: appended to
 * @c: the call; its first argument is the command
 * @i: the argument
 */
enum trace_when trace_prctl_when(const struct trace_call *c, unsigned int i);
void trace_print_prctl(struct trace_buf *b, const struct trace_call *c, unsigned int i);

#endif
