/* SPDX-License-Identifier: MIT */
#ifndef STEAD_TRAP_REMOTE_FILTER_H
#define STEAD_TRAP_REMOTE_FILTER_H

#include <linux/filter.h>
#include <stdint.h>

/**
 * build_filter() - write the filter of guest processes
 * @f: room for @max instructions
 * @max: how many
 * @allowed: addresses just after the syscall instructions that are let through
 * @nallowed: how many
 *
 * Return: the number of instructions, or -E2BIG.
 */
int build_filter(struct sock_filter *f, unsigned int max, const uint64_t *allowed, unsigned int nallowed);

#endif
