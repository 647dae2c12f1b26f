/* SPDX-License-Identifier: MIT
 *
 * Readiness: what poll, select and epoll ask of a file. f_op->poll returns the mask that holds now and, if @pt is not NULL and
 * has a function, registers on every queue that will be woken when the mask changes (poll_wait()).
 */
#ifndef STEAD_VFS_POLL_H
#define STEAD_VFS_POLL_H

#include "kernel/waitq.h"

struct file;

#define K_POLLIN     0x0001u
#define K_POLLPRI    0x0002u
#define K_POLLOUT    0x0004u
#define K_POLLERR    0x0008u
#define K_POLLHUP    0x0010u
#define K_POLLNVAL   0x0020u
#define K_POLLRDNORM 0x0040u
#define K_POLLRDBAND 0x0080u
#define K_POLLWRNORM 0x0100u
#define K_POLLWRBAND 0x0200u
#define K_POLLMSG    0x0400u
#define K_POLLRDHUP  0x2000u

struct poll_table {
	void (*qproc)(struct file *file, struct wait_queue_head *wq, struct poll_table *pt);
	uint32_t key; /* events of interest */
};

static inline void
poll_wait(struct file *file, struct wait_queue_head *wq, struct poll_table *pt)
{
	if (pt && pt->qproc)
		pt->qproc(file, wq, pt);
}

/* A host descriptor somebody polls: woken by the supervisor's readiness thread. */
struct host_poll {
	struct wait_queue_head *wq;
	uint32_t events;
	int32_t slot; /* the readiness thread's */
};

#endif
