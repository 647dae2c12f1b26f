/* SPDX-License-Identifier: MIT
 *
 * Names of the constants in system calls' arguments, by the DECODE word of syscalls/table.
 */
#ifndef STEAD_SRC_TRACE_NAMES_H
#define STEAD_SRC_TRACE_NAMES_H

#include <stdint.h>

struct const_name {
	uint64_t value;
	const char *name;
};

struct const_table {
	const char *decode; /* "MAP_*" a set of flags, "SEEK_" one of them */
	const struct const_name *names;
	unsigned int count;
	const char *rest; /* flags: what unknown bits are called, as in strace's comments */
	const char *zero; /* flags: what no bit at all is called; NULL: 0 */
};

/* src/trace/flags.c */
extern const struct const_table flag_tables[];
extern const unsigned int nr_flag_tables;

/**
 * const_table() - the names of a DECODE word
 * @decode: the word
 *
 * Return: the table, or NULL when there is none: print a number.
 */
const struct const_table *const_table(const char *decode);

/**
 * const_name() - the name of one value
 * @t: the table
 * @value: the value
 *
 * Return: the name or NULL.
 */
const char *const_name(const struct const_table *t, uint64_t value);

/**
 * errno_name(), signal_name() - "ENOENT", "SIGINT"
 * @n: positive number
 *
 * Return: the name, or NULL if it has none (realtime signals too).
 */
const char *errno_name(int n);
const char *signal_name(int n);

#endif
