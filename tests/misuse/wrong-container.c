/* SPDX-License-Identifier: MIT
 *
 * The list of a wait queue is not a wait queue.
 */
#include "kernel/waitq.h"

void f(struct wait_queue_head *wq);

#ifdef MISUSE
void
f(struct wait_queue_head *wq)
{
	wake_up(&wq->head);
}
#else
void
f(struct wait_queue_head *wq)
{
	wake_up(wq);
}
#endif
