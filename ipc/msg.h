/* SPDX-License-Identifier: MIT
 *
 * Queues of messages of System V: msgget(2), msgop(2), msgctl(2). ipc/msg.c is queues, sending and receiving, ipc/msgctl.c the
 * rest.
 */
#ifndef STEAD_IPC_MSG_H
#define STEAD_IPC_MSG_H

#include "ipc/util.h"
#include "mm/uaccess.h"

struct msg_msg {
	struct list_head list;
	int64_t type;
	size_t size;
	char text[];
};

/* perm.lock protects it. */
struct msg_queue {
	struct kern_ipc_perm perm; /* first */
	int64_t stime, rtime, ctime;
	uint64_t cbytes, qnum, qbytes;
	int lspid, lrpid;
	struct list_head messages, receivers, senders;
};

static inline struct msg_queue *
MSQ(struct kern_ipc_perm *ipcp)
{
	return container_of(ipcp, struct msg_queue, perm);
}

/**
 * msg_free() - ids->free of queues
 * @ipcp: nobody has it any more
 */
void msg_free(struct kern_ipc_perm *ipcp);

/**
 * msg_remove() - IPC_RMID
 * @msq: in the table; its reference goes to the caller
 * @wakes: gets those to wake
 *
 * Context: ids->lock and the queue's lock are held.
 */
void msg_remove(struct msg_queue *msq, struct ipc_wakes *wakes);

/**
 * msg_look_again() - owner, mode or size have changed: all who wait look whether they still may
 * @msq: the queue
 * @wakes: gets those to wake
 *
 * Context: the queue's lock is held.
 */
void msg_look_again(struct msg_queue *msq, struct ipc_wakes *wakes);

/**
 * ksys_msgget(), ksys_msgsnd(), ksys_msgrcv(), ksys_msgctl() - the calls
 * @t: the current task
 *
 * Context: may sleep.
 * Return: an id, a length, 0, or negative errno as in the man pages.
 * Source: msgget(2), msgop(2), msgctl(2)
 */
int64_t ksys_msgget(struct task *t, int32_t key, int flags) __must_check;
int64_t ksys_msgsnd(struct task *t, int id, uaddr_t msgp, uint64_t size, int flags) __must_check;
int64_t ksys_msgrcv(struct task *t, int id, uaddr_t msgp, uint64_t size, int64_t type, int flags) __must_check;
int64_t ksys_msgctl(struct task *t, int id, int cmd, uaddr_t buf) __must_check;

#endif
