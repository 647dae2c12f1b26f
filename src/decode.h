/* SPDX-License-Identifier: MIT
 *
 * What syscalls/table says of each call, for the tracer and for reports. The tables are made by syscalls/gen.awk.
 */
#ifndef STEAD_SRC_DECODE_H
#define STEAD_SRC_DECODE_H

#include <stdbool.h>
#include <stdint.h>

enum syscall_status { SYSCALL_UNKNOWN = 0, SYSCALL_ABSENT, SYSCALL_PARTIAL, SYSCALL_FULL };

struct syscall_arg {
	const char *name;
	const char *type; /* TYPE[.DECODE][[COUNT]], see the head of syscalls/table */
};

/* A type, taken apart. */
struct arg_type {
	char base[12], decode[24], count[24];
	bool in, out; /* the program's memory is read, and written */
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

/**
 * arg_type_split() - take a type apart
 * @type: of struct syscall_arg
 * @t: the parts
 */
void arg_type_split(const char *type, struct arg_type *t);

/**
 * arg_type_is_pointer() - does an argument point to the program's memory?
 * @t: its type
 */
bool arg_type_is_pointer(const struct arg_type *t);

/**
 * arg_type_count() - how many elements an argument points to
 * @t: its type
 * @d: the row
 * @args: the call's arguments
 * @result: the call's, or 0 while it is made
 *
 * Return: the number; negative as the program gave it.
 */
uint64_t arg_type_count(const struct arg_type *t, const struct syscall_desc *d, const uint64_t args[6], int64_t result);

#endif
