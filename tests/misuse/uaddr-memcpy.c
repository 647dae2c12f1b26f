/* SPDX-License-Identifier: MIT
 *
 * A user address is no place to memcpy() to.
 */
#include "mm/uaccess.h"

int f(struct task *t, uaddr_t u, const void *p);

#ifdef MISUSE
int
f(struct task *t, uaddr_t u, const void *p)
{
	memcpy(u, p, 8);
	return 0;
}
#else
int
f(struct task *t, uaddr_t u, const void *p)
{
	return copy_to_user(t, u, p, 8);
}
#endif
