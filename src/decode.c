/* SPDX-License-Identifier: MIT
 *
 * The generated rows of syscalls/table.
 */
#include <stddef.h>

#include "src/decode.h"
#include "syscalls/gen/decode.h"

const struct syscall_desc *
syscall_desc(uint64_t nr)
{
	if (nr >= nr_syscall_descs || !syscall_descs[nr].name)
		return NULL;
	return &syscall_descs[nr];
}
