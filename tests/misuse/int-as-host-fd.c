/* SPDX-License-Identifier: MIT
 *
 * A host descriptor is not given where a descriptor of a program is wanted.
 */
#include "vfs/fdtable.h"

void f(struct task *t, int fd, hfd_t host, struct file *file);

#ifdef MISUSE
void
f(struct task *t, int fd, hfd_t host, struct file *file)
{
	(void)fd;
	fd_install(t, host, file);
}
#else
void
f(struct task *t, int fd, hfd_t host, struct file *file)
{
	(void)host;
	fd_install(t, fd, file);
}
#endif
