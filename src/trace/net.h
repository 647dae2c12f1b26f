/* SPDX-License-Identifier: MIT
 *
 * Addresses, messages and options of sockets as text.
 */
#ifndef STEAD_SRC_TRACE_NET_H
#define STEAD_SRC_TRACE_NET_H

#include "src/trace/args.h"

/**
 * trace_print_sockaddr() and the others - as struct trace_special has them
 * @b: appended to
 * @c: the call
 * @i: the argument. The length of an address is the next one, or what the next one points to; of a socket's option the level
 * is the one before the name.
 */
void trace_print_sockaddr(struct trace_buf *b, const struct trace_call *c, unsigned int i);
enum trace_when trace_sockaddr_when(const struct trace_call *c, unsigned int i);
void trace_print_addrlen(struct trace_buf *b, const struct trace_call *c, unsigned int i);
void trace_print_sockopt_name(struct trace_buf *b, const struct trace_call *c, unsigned int i);
enum trace_when trace_optval_when(const struct trace_call *c, unsigned int i);
void trace_print_optval(struct trace_buf *b, const struct trace_call *c, unsigned int i);
enum trace_when trace_msghdr_when(const struct trace_call *c, unsigned int i);
void trace_print_msghdr(struct trace_buf *b, const struct trace_call *c, unsigned int i);
void trace_print_mmsghdr(struct trace_buf *b, const struct trace_call *c, unsigned int i);

#endif
