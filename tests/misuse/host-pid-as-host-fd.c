/* SPDX-License-Identifier: MIT
 *
 * Two id spaces of the host are not mixed up.
 */
#include "kernel/types.h"

int use(hfd_t fd);
int f(hfd_t fd, hpid_t pid);

#ifdef MISUSE
int
f(hfd_t fd, hpid_t pid)
{
	(void)fd;
	return use(pid);
}
#else
int
f(hfd_t fd, hpid_t pid)
{
	(void)pid;
	return use(fd);
}
#endif
