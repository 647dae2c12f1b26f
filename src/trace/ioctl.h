/* SPDX-License-Identifier: MIT
 *
 * ioctl(2)'s commands and arguments as text.
 */
#ifndef STEAD_SRC_TRACE_IOCTL_H
#define STEAD_SRC_TRACE_IOCTL_H

#include "src/trace/args.h"

/**
 * trace_print_ioctl_cmd(), trace_ioctl_arg_when(), trace_print_ioctl_arg() - as struct trace_special has them
 * @b: appended to
 * @c: the call
 * @i: the argument; the command is the one before an ioctl's argument
 */
void trace_print_ioctl_cmd(struct trace_buf *b, const struct trace_call *c, unsigned int i);
enum trace_when trace_ioctl_arg_when(const struct trace_call *c, unsigned int i);
void trace_print_ioctl_arg(struct trace_buf *b, const struct trace_call *c, unsigned int i);

#endif
