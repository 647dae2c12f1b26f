/* SPDX-License-Identifier: MIT
 *
 * eventfd and eventfd2.
 */
#include "kernel/errno.h"
#include "syscalls/proto.h"
#include "vfs/eventfd.h"

int64_t
sys_eventfd(struct task *t, unsigned int count)
{
	return do_eventfd(t, count, 0);
}

int64_t
sys_eventfd2(struct task *t, unsigned int count, int flags)
{
	return do_eventfd(t, count, flags);
}
