/* SPDX-License-Identifier: MIT
 *
 * The seccomp filter of guest processes under the resident trap.
 */
#ifndef STEAD_TRAP_RESIDENT_FILTER_H
#define STEAD_TRAP_RESIDENT_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>

/**
 * build_resident_filter() - write the filter: the calls of trap/host-calls.h, made at kernel text's own syscall instructions
 * @f: room for @max instructions
 * @max: how many
 * @keys: memory is never asked to be writable and executable at once
 * @writable: the user gave a directory or file that may be changed
 *
 * Return: the number of instructions, or -E2BIG.
 */
int build_resident_filter(struct sock_filter *f, unsigned int max, bool keys, bool writable);

#endif
