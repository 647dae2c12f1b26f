/* SPDX-License-Identifier: MIT
 *
 * Arguments of System V IPC and of POSIX message queues as text.
 */
#ifndef STEAD_SRC_TRACE_IPC_H
#define STEAD_SRC_TRACE_IPC_H

#include "src/trace/args.h"

/**
 * trace_print_ipc_key(), trace_print_ipc_get() - the key and the flags of shmget(2), semget(2) and msgget(2)
 * @b: appended to
 * @c: the call
 * @i: the argument
 */
void trace_print_ipc_key(struct trace_buf *b, const struct trace_call *c, unsigned int i);
void trace_print_ipc_get(struct trace_buf *b, const struct trace_call *c, unsigned int i);

/**
 * trace_ipc_ctl_when(), trace_print_ipc_ctl() - the last argument of shmctl(2), semctl(2) and msgctl(2)
 * trace_msgbuf_when(), trace_print_msgbuf() - the message of msgsnd(2) and msgrcv(2)
 * @b: appended to
 * @c: the call
 * @i: the argument
 *
 * Return: when it can be shown.
 */
enum trace_when trace_ipc_ctl_when(const struct trace_call *c, unsigned int i);
void trace_print_ipc_ctl(struct trace_buf *b, const struct trace_call *c, unsigned int i);
enum trace_when trace_msgbuf_when(const struct trace_call *c, unsigned int i);
void trace_print_msgbuf(struct trace_buf *b, const struct trace_call *c, unsigned int i);

/**
 * trace_print_sembuf(), trace_print_mq_attr() - an operation of semop(2), attributes of mq_open(3)
 * @b: appended to
 * @m: the program's memory
 * @raw: the structure
 */
void trace_print_sembuf(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_mq_attr(struct trace_buf *b, const struct trace_mem *m, const void *raw);
void trace_print_mq_create(struct trace_buf *b, const struct trace_mem *m, const void *raw);

#endif
