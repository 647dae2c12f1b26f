/* SPDX-License-Identifier: MIT
 *
 * What syscalls/table says of each call, for the tracer and for reports. The tables are made by syscalls/gen.awk.
 */
#ifndef STEAD_SRC_DECODE_H
#define STEAD_SRC_DECODE_H

#include <stdint.h>

enum syscall_status { SYSCALL_UNKNOWN = 0, SYSCALL_ABSENT, SYSCALL_PARTIAL, SYSCALL_FULL };

struct syscall_arg {
	const char *name;
	const char *type; /* TYPE[.DECODE], see the head of syscalls/table */
};

struct syscall_desc {
	const char *name; /* NULL: the number is not used */
	enum syscall_status status;
	int trace; /* served at a trace stop */
	unsigned int nargs;
	const char *missing; /* partial: what is not there */
	struct syscall_arg args[6];
};

extern const struct syscall_desc syscall_descs[];
extern const unsigned int nr_syscall_descs;

/**
 * syscall_desc() - the row of a call
 * @nr: its number
 *
 * Return: the row, or NULL if the table has none.
 */
const struct syscall_desc *syscall_desc(uint64_t nr);

#endif
