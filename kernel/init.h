/* SPDX-License-Identifier: MIT
 *
 * What kernel_init() calls: one function a subsystem that keeps state in struct kernel. A subsystem with a header of its own
 * declares it there.
 */
#ifndef STEAD_KERNEL_INIT_H
#define STEAD_KERNEL_INIT_H

#include "kernel/types.h"

struct kernel;

/**
 * pid_init() - the table of pids
 * timers_init() - the timer queue
 * task_caches_init() - the caches of tasks and of what they share
 * @k: the instance
 *
 * Context: boot, after slab_init(), in the order of kernel/init.c.
 * Return: 0, -ENOMEM.
 */
int pid_init(struct kernel *k) __must_check;
int timers_init(struct kernel *k) __must_check;
int task_caches_init(struct kernel *k) __must_check;

#endif
