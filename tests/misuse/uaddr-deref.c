/* SPDX-License-Identifier: MIT
 *
 * A user address cannot be dereferenced: copy_in() does it.
 */
#include "kernel/task.h"
#include "mm/uaccess.h"

int f(struct task *t, uaddr_t u);

#ifdef MISUSE
int
f(struct task *t, uaddr_t u)
{
	return (int)*u;
}
#else
int
f(struct task *t, uaddr_t u)
{
	uint32_t v;

	return copy_in(t, &v, u);
}
#endif
