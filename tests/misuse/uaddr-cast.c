/* SPDX-License-Identifier: MIT
 *
 * A user address cannot be cast to a pointer.
 */
#include "mm/uaccess.h"

uint64_t f(uaddr_t u);

#ifdef MISUSE
uint64_t
f(uaddr_t u)
{
	return *(uint64_t *)u;
}
#else
uint64_t
f(uaddr_t u)
{
	return u.a;
}
#endif
