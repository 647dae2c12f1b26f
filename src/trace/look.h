/* SPDX-License-Identifier: MIT
 *
 * What a trace shows of a task on stead's kernel besides its calls: memory and descriptors. Runs in the supervisor.
 */
#ifndef STEAD_SRC_TRACE_LOOK_H
#define STEAD_SRC_TRACE_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace_fd;

/**
 * guest_peek() - read a program's memory
 * @task: struct task
 * @addr: from where
 * @buf, @n: to where, and how much
 *
 * Return: how many bytes could be read.
 */
size_t guest_peek(void *task, uint64_t addr, void *buf, size_t n);

/**
 * guest_look() - what a descriptor leads to
 * @task: struct task, which is in a call
 * @fd: the descriptor, or AT_FDCWD
 * @out: filled
 *
 * Return: whether there is such a descriptor.
 */
bool guest_look(void *task, int fd, struct trace_fd *out);

#endif
