/* SPDX-License-Identifier: MIT
 *
 * POSIX message queues: arguments only.
 */
#include "ipc/mqueue.h"
#include "kernel/task.h"
#include "syscalls/proto.h"

int64_t
sys_mq_open(struct task *t, uaddr_t name, int oflag, unsigned int mode, uaddr_t attr)
{
	return do_mq_open(t, name, oflag, mode, attr);
}

int64_t
sys_mq_unlink(struct task *t, uaddr_t name)
{
	return do_mq_unlink(t, name);
}

int64_t
sys_mq_timedsend(struct task *t, int mqdes, uaddr_t msg, uint64_t len, unsigned int prio, uaddr_t timeout)
{
	return do_mq_timedsend(t, mqdes, msg, len, prio, timeout);
}

int64_t
sys_mq_timedreceive(struct task *t, int mqdes, uaddr_t msg, uint64_t len, uaddr_t prio, uaddr_t timeout)
{
	return do_mq_timedreceive(t, mqdes, msg, len, prio, timeout);
}

int64_t
sys_mq_notify(struct task *t, int mqdes, uaddr_t notification)
{
	return do_mq_notify(t, mqdes, notification);
}

int64_t
sys_mq_getsetattr(struct task *t, int mqdes, uaddr_t mqstat, uaddr_t omqstat)
{
	return do_mq_getsetattr(t, mqdes, mqstat, omqstat);
}
