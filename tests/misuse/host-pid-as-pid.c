/* SPDX-License-Identifier: MIT
 *
 * The pid of a host process is not a pid of the instance.
 */
#include "kernel/task.h"

struct task *f(struct task *t);

#ifdef MISUSE
struct task *
f(struct task *t)
{
	return find_task_by_pid(t->k, t->host_tid);
}
#else
struct task *
f(struct task *t)
{
	return find_task_by_pid(t->k, t->pid);
}
#endif
