/* SPDX-License-Identifier: MIT
 *
 * Calls that are not there: counted, logged once each, listed by `stead run --report-missing` (kernel/missing.c).
 */
#ifndef STEAD_KERNEL_MISSING_H
#define STEAD_KERNEL_MISSING_H

#include "kernel/types.h"

struct task;
struct kernel;

#define MISSING_MAX 600

struct missing_state {
	uint32_t count[MISSING_MAX]; /* by number; the last one counts all numbers beyond */
};

/**
 * missing_init() - make k->missing
 * @k: the instance
 *
 * Context: boot.
 * Return: 0, -ENOMEM.
 */
int missing_init(struct kernel *k) __must_check;

/**
 * missing_syscall() - a call that has no function
 * @t: the current task
 * @nr: its number
 *
 * Return: -ENOSYS.
 */
int64_t missing_syscall(struct task *t, uint64_t nr);

#endif
