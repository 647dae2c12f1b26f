/* SPDX-License-Identifier: MIT
 *
 * The generated rows of syscalls/table, and the types in them.
 */
#include "src/decode.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "syscalls/gen/decode.h"

const struct syscall_desc *
syscall_desc(uint64_t nr)
{
	if (nr >= nr_syscall_descs || !syscall_descs[nr].name)
		return NULL;
	return &syscall_descs[nr];
}

void
arg_type_split(const char *type, struct arg_type *t)
{
	const char *dot = strchr(type, '.'), *bracket = strchr(type, '[');

	memset(t, 0, sizeof(*t));
	snprintf(t->base, sizeof(t->base), "%.*s", (int)strcspn(type, ".["), type);
	if (dot && (!bracket || dot < bracket))
		snprintf(t->decode, sizeof(t->decode), "%.*s", (int)strcspn(dot + 1, "["), dot + 1);
	if (bracket)
		snprintf(t->count, sizeof(t->count), "%.*s", (int)strcspn(bracket + 1, "]"), bracket + 1);
	t->out = !strcmp(t->base, "out") || !strcmp(t->base, "inout") || !strcmp(t->decode, "out") ||
		 !strcmp(t->decode, "random");
	t->in = !strcmp(t->base, "in") || !strcmp(t->base, "inout") || !strcmp(t->decode, "in");
}

bool
arg_type_is_pointer(const struct arg_type *t)
{
	static const char *const types[] = { "path", "str", "strv", "ptr", "buf", "iov", "in", "out", "inout" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(t->base, types[i]) == 0)
			return true;
	return false;
}

/* As the kernel takes it. */
static uint64_t
number_of(const char *type, uint64_t v)
{
	if (strcmp(type, "int") == 0)
		return (uint64_t)(int64_t)(int32_t)v;
	return strcmp(type, "uint") == 0 ? (uint32_t)v : v;
}

uint64_t
arg_type_count(const struct arg_type *t, const struct syscall_desc *d, const uint64_t args[6], int64_t result)
{
	if (!t->count[0])
		return 1;
	if (t->count[0] >= '0' && t->count[0] <= '9')
		return strtoul(t->count, NULL, 10);
	if (strcmp(t->count, "ret") == 0)
		return result > 0 ? (uint64_t)result : 0;
	for (unsigned int i = 0; i < d->nargs; i++)
		if (strcmp(d->args[i].name, t->count) == 0)
			return number_of(d->args[i].type, args[i]);
	return 1;
}
