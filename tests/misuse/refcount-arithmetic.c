/* SPDX-License-Identifier: MIT
 *
 * A reference count is not a number.
 */
#include "kernel/refcount.h"

void f(refcount_t *r);

#ifdef MISUSE
void
f(refcount_t *r)
{
	*r += 1;
}
#else
void
f(refcount_t *r)
{
	refcount_inc(r);
}
#endif
