/* SPDX-License-Identifier: MIT
 *
 * A function that needs a lock is not called without (clang).
 */
/* analyze */
#include "kernel/lock.h"

struct thing {
	struct mutex lock;
	int n;
};
int thing_next(struct thing *t) __requires_lock(t->lock);
int f(struct thing *t);

#ifdef MISUSE
int
f(struct thing *t)
{
	return thing_next(t);
}
#else
int
f(struct thing *t)
{
	mutex_guard(&t->lock);
	return thing_next(t);
}
#endif
