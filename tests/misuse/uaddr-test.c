/* SPDX-License-Identifier: MIT
 *
 * A user address cannot be tested for truth: uaddr_null().
 */
#include "mm/uaccess.h"

bool f(uaddr_t u);

#ifdef MISUSE
bool
f(uaddr_t u)
{
	return u ? true : false;
}
#else
bool
f(uaddr_t u)
{
	return !uaddr_null(u);
}
#endif
