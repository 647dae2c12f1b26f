/* SPDX-License-Identifier: MIT
 *
 * Host descriptors are compared by number on purpose only.
 */
#include "kernel/types.h"

bool f(hfd_t a);

#ifdef MISUSE
bool
f(hfd_t a)
{
	return a < 0;
}
#else
bool
f(hfd_t a)
{
	return a.fd < 0;
}
#endif
