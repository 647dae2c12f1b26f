/* SPDX-License-Identifier: MIT
 *
 * A host descriptor is not a number: a guest descriptor is.
 */
#include "kernel/types.h"

int use(hfd_t fd);
int f(int fd);

#ifdef MISUSE
int
f(int fd)
{
	return use(fd);
}
#else
int
f(int fd)
{
	return use(HFD(fd));
}
#endif
