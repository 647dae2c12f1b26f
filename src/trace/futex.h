/* SPDX-License-Identifier: MIT
 *
 * futex(2)'s arguments as text.
 */
#ifndef STEAD_SRC_TRACE_FUTEX_H
#define STEAD_SRC_TRACE_FUTEX_H

#include "src/trace/args.h"

/**
 * trace_print_futex_op() and the others - as struct trace_special has them
 * @b: appended to
 * @c: the call
 * @i: the argument
 */
void trace_print_futex_op(struct trace_buf *b, const struct trace_call *c, unsigned int i);
enum trace_when trace_futex_val_when(const struct trace_call *c, unsigned int i);
enum trace_when trace_futex_time_when(const struct trace_call *c, unsigned int i);
void trace_print_futex_time(struct trace_buf *b, const struct trace_call *c, unsigned int i);
enum trace_when trace_futex_addr2_when(const struct trace_call *c, unsigned int i);
enum trace_when trace_futex_val3_when(const struct trace_call *c, unsigned int i);
void trace_print_futex_val3(struct trace_buf *b, const struct trace_call *c, unsigned int i);

#endif
