/* SPDX-License-Identifier: MIT
 *
 * A timer of the queue has one kind of function.
 */
#include "kernel/time.h"

void f(struct ktimer *tm);
void fn(struct kernel *k, struct ktimer *tm);
void other(struct kernel *k, struct task *t);

#ifdef MISUSE
void
f(struct ktimer *tm)
{
	ktimer_init(tm, other);
}
#else
void
f(struct ktimer *tm)
{
	ktimer_init(tm, fn);
}
#endif
