/* SPDX-License-Identifier: MIT
 *
 * Who drops the last reference frees: the answer must be looked at.
 */
#include "kernel/refcount.h"

bool f(refcount_t *r);

#ifdef MISUSE
bool
f(refcount_t *r)
{
	refcount_dec_and_test(r);
	return true;
}
#else
bool
f(refcount_t *r)
{
	return refcount_dec_and_test(r);
}
#endif
