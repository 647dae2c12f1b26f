/* SPDX-License-Identifier: MIT
 *
 * Memory must not be dropped.
 */
#include "kernel/slab.h"

void f(struct kernel *k);

#ifdef MISUSE
void
f(struct kernel *k)
{
	kmalloc(k, 8);
}
#else
void
f(struct kernel *k)
{
	kfree(k, kmalloc(k, 8));
}
#endif
