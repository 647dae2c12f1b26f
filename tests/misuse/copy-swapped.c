/* SPDX-License-Identifier: MIT
 *
 * copy_to_user() takes the user address first, copy_from_user() second.
 */
#include "mm/uaccess.h"

int f(struct task *t, uaddr_t u, void *p);

#ifdef MISUSE
int
f(struct task *t, uaddr_t u, void *p)
{
	return copy_from_user(t, u, p, 8);
}
#else
int
f(struct task *t, uaddr_t u, void *p)
{
	return copy_from_user(t, p, u, 8);
}
#endif
