/* SPDX-License-Identifier: MIT
 *
 * A user address does not fit an int.
 */
#include "mm/uaccess.h"

int f(uaddr_t u);

#ifdef MISUSE
int
f(uaddr_t u)
{
	return u;
}
#else
int
f(uaddr_t u)
{
	return (int)(u.a & 7);
}
#endif
