/* SPDX-License-Identifier: MIT
 *
 * POSIX message queues: mq_overview(7). ipc/mqueuefs.c is the file system, names and limits, ipc/mqueue.c what is done to an open
 * queue.
 */
#ifndef STEAD_IPC_MQUEUE_H
#define STEAD_IPC_MQUEUE_H

#include <linux/mqueue.h>

#include "ipc/msg.h"
#include "kernel/waitq.h"
#include "vfs/fs.h"

struct file;
struct inode;

#define DFLT_QUEUESMAX	256
#define DFLT_MSG	10
#define DFLT_MSGMAX	10
#define HARD_MSGMAX	65536
#define DFLT_MSGSIZE	8192
#define DFLT_MSGSIZEMAX 8192
#define MIN_MSGSIZEMAX	128
#define HARD_MSGSIZEMAX (16 * 1024 * 1024)

/* Who is told when a message comes to an empty queue. */
struct mqueue_notify {
	struct pid *owner; /* with a reference, or NULL */
	uint32_t self_exec_id; /* of the program that asked */
	int notify, signo;
	uint64_t value;
};

/* inode->i_private of a queue. */
struct mqueue_inode_info {
	struct mutex lock; /* RANK_IPC: all of it */
	struct inode *inode;
	struct list_head messages; /* msg_msg.list: the highest priority (type) first, and of one the oldest */
	struct list_head senders, receivers; /* mq_waiter.list: who is served next is first */
	struct wait_queue_head poll;
	struct mq_attr attr;
	uint64_t qsize; /* bytes of all messages */
	struct mqueue_notify notify;
	struct user_struct *user; /* whose RLIMIT_MSGQUEUE; a reference */
	uint64_t bytes;	   /* that count for it */
	struct list_head all; /* of the file system, for readdir; ns->mq_lock */
	int64_t cookie;
	char *name;
};

extern const struct file_operations mqueue_fops;

static inline struct mqueue_inode_info *
MQUEUE_I(const struct file *file)
{
	return file->f_inode->i_private;
}

/**
 * mqueue_init() - boot: the file system, which nobody has to mount
 * @k: the instance; k->ipc is there
 *
 * Return: 0, -ENOMEM.
 */
int mqueue_init(struct kernel *k) __must_check;

/**
 * mqueue_remove_notification() - nobody is told any more
 * @k: the instance
 * @info: its lock is held
 */
void mqueue_remove_notification(struct kernel *k, struct mqueue_inode_info *info);

/* Operations of open queues that are in ipc/mqueue.c. */
uint32_t mqueue_poll(struct task *t, struct file *file, struct poll_table *pt);
int mqueue_flush(struct task *t, struct file *file);

/**
 * do_mq_open(), do_mq_unlink() - mq_open(3) and mq_unlink(3) without the slash
 * @t: the current task
 * @attr: may be null
 *
 * Context: sleeps.
 * Return: a descriptor, 0, or negative errno.
 */
int64_t do_mq_open(struct task *t, uaddr_t name, int oflag, uint32_t mode, uaddr_t attr) __must_check;
int64_t do_mq_unlink(struct task *t, uaddr_t name) __must_check;

/**
 * do_mq_timedsend(), do_mq_timedreceive(), do_mq_notify(), do_mq_getsetattr() - the rest
 * @t: the current task
 *
 * Context: sleeps.
 * Return: 0, a length, or negative errno.
 * Source: mq_send(3), mq_receive(3), mq_notify(3), mq_getsetattr(2)
 */
int64_t do_mq_timedsend(struct task *t, int fd, uaddr_t msg, uint64_t len, uint32_t prio, uaddr_t timeout) __must_check;
int64_t do_mq_timedreceive(struct task *t, int fd, uaddr_t msg, uint64_t len, uaddr_t prio, uaddr_t timeout) __must_check;
int64_t do_mq_notify(struct task *t, int fd, uaddr_t event) __must_check;
int64_t do_mq_getsetattr(struct task *t, int fd, uaddr_t new, uaddr_t old) __must_check;

#endif
