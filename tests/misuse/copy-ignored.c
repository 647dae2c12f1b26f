/* SPDX-License-Identifier: MIT
 *
 * Whether a copy failed must be looked at.
 */
#include "mm/uaccess.h"

int f(struct task *t, uaddr_t u, void *p);

#ifdef MISUSE
int
f(struct task *t, uaddr_t u, void *p)
{
	copy_from_user(t, p, u, 8);
	return 0;
}
#else
int
f(struct task *t, uaddr_t u, void *p)
{
	ignore_err(copy_from_user(t, p, u, 8), "a program that must compile");
	return 0;
}
#endif
