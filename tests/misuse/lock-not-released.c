/* SPDX-License-Identifier: MIT
 *
 * A lock is released on every way out (clang).
 */
/* analyze */
#include "kernel/lock.h"

int f(struct mutex *m, int x);

#ifdef MISUSE
int
f(struct mutex *m, int x)
{
	mutex_lock(m);
	if (x)
		return 1;
	mutex_unlock(m);
	return 0;
}
#else
int
f(struct mutex *m, int x)
{
	mutex_lock(m);
	if (x) {
		mutex_unlock(m);
		return 1;
	}
	mutex_unlock(m);
	return 0;
}
#endif
