/* SPDX-License-Identifier: MIT
 *
 * The structures of syscalls/table's DECODE words, field by field: where each lies and what it is.
 */
#ifndef STEAD_SRC_DIFF_STRUCTS_H
#define STEAD_SRC_DIFF_STRUCTS_H

#include <stddef.h>
#include <stdint.h>

#include "src/diff/record.h"

#define SIZE_TIMESPEC 100 /* two longs: seconds and ns */
#define SIZE_TIMEVAL  101 /* two longs: seconds and us */
#define SIZE_TEXT     102 /* a string, to its end or the structure's next field */

struct struct_field {
	const char *name, *decode;
	uint16_t offset;
	uint8_t size; /* bytes, negative numbers are FIELD_INT; or SIZE_* */
	uint8_t kind;
};

struct struct_layout {
	const char *decode;
	size_t size;
	const struct struct_field *fields;
	unsigned int nfields;
};

/**
 * struct_layout() - the layout of a structure
 * @decode: its name in syscalls/table
 *
 * Return: the layout, or NULL for what is no plain structure.
 */
const struct struct_layout *struct_layout(const char *decode);

/**
 * struct_value() - one number of a structure
 * @f: the field, not SIZE_TEXT
 * @raw: the structure
 *
 * Return: the number, sign-extended for FIELD_INT; times in ns.
 */
uint64_t struct_value(const struct struct_field *f, const void *raw);

#endif
