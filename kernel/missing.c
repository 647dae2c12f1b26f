/* SPDX-License-Identifier: MIT
 *
 * Calls that are not there: counted by number.
 */
#include "kernel/missing.h"
#include "kernel/task.h"

int
missing_init(struct kernel *k)
{
	k->missing = kzalloc(k, sizeof(*k->missing));
	return k->missing ? 0 : -ENOMEM;
}

int64_t
missing_syscall(struct task *t, uint64_t nr)
{
	uint64_t i = nr < MISSING_MAX ? nr : MISSING_MAX - 1;

	__atomic_add_fetch(&t->k->missing->count[i], 1, __ATOMIC_RELAXED);
	return -ENOSYS;
}
