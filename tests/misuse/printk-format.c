/* SPDX-License-Identifier: MIT
 *
 * printk() checks its arguments.
 */
#include "kernel/kernel.h"

void f(struct kernel *k, uint64_t n);

#ifdef MISUSE
void
f(struct kernel *k, uint64_t n)
{
	printk(k, "%s", n);
}
#else
void
f(struct kernel *k, uint64_t n)
{
	printk(k, "%lu", n);
}
#endif
