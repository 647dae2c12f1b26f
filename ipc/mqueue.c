/* SPDX-License-Identifier: MIT
 *
 * What is done to open POSIX message queues. Who waits is served in the order of priorities, and of one priority in that of
 * arrival: a message that comes goes to a waiting receiver directly, and a place that becomes free to the message of a waiting
 * sender.
 *
 * Locks: info->lock, then (to signal) tasklist_lock and siglock.
 * Left out: notification by SIGEV_THREAD: a netlink socket would be sent the cookie (EINVAL, as if it were another socket).
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "ipc/mqueue.h"
#include "kernel/cred.h"
#include "kernel/task.h"
#include "net/socket.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"
#include "vfs/poll.h"

#define SIGEV_SIGNAL 0
#define SIGEV_NONE   1
#define SIGEV_THREAD 2
#define SI_MESGQ     (-3)
#define MAX_RT_PRIO  100

/* Who sleeps, on its stack. Who takes it off the list sets ready, and then leaves it alone. */
struct mq_waiter {
	struct list_head list;
	struct task *task;
	struct msg_msg *msg; /* to be sent; or received */
	int prio;	     /* as Linux counts: less is more urgent */
	bool ready;
};

/* struct sigevent of asm-generic, as far as it is looked at. */
struct mq_sigevent {
	uint64_t value;
	int32_t signo, notify;
	int32_t pad[12];
};

/* An open queue that may be used as @mode says. */
static int
get_queue(struct task *t, int fd, uint32_t mode, struct fd *f)
{
	*f = fdget(t, fd);
	if (!f->file)
		return -EBADF;
	if (f->file->f_op == &mqueue_fops && (f->file->f_mode & mode) == mode)
		return 0;
	fdput(t, *f);
	return -EBADF;
}

/* Notification */

void
mqueue_remove_notification(struct kernel *k, struct mqueue_inode_info *info)
{
	put_pid(k, info->notify.owner);
	info->notify.owner = NULL;
}

/* A message has come that nobody waited for. */
static void
notify(struct task *t, struct mqueue_inode_info *info)
{
	const struct mqueue_notify *n = &info->notify;
	struct k_siginfo si;
	struct task *p;

	if (n->owner && info->attr.mq_curmsgs == 1) {
		if (n->notify == SIGEV_SIGNAL && n->signo) {
			memset(&si, 0, sizeof(si));
			si.si_signo = n->signo;
			si.si_code = SI_MESGQ;
			si.rt.pid = t->tgid;
			si.rt.uid = t->cred->uid;
			si.rt.value = n->value;
			mutex_lock(&t->k->tasklist_lock);
			p = pid_task(n->owner, PIDTYPE_TGID);
			if (p && p->self_exec_id == n->self_exec_id)
				ignore_err(send_sig_info(n->signo, &si, p, PIDTYPE_TGID, NULL), "it may be dead, or its queue full");
			mutex_unlock(&t->k->tasklist_lock);
		}
		mqueue_remove_notification(t->k, info);
	}
	__wake_up(&info->poll, 0, K_POLLIN | K_POLLRDNORM);
}

int
mqueue_flush(struct task *t, struct file *file)
{
	struct mqueue_inode_info *info = MQUEUE_I(file);
	mutex_guard(&info->lock);

	if (t && info->notify.owner && info->notify.owner == t->signal->pids[PIDTYPE_TGID])
		mqueue_remove_notification(t->k, info);
	return 0;
}

uint32_t
mqueue_poll(struct task *t __unused, struct file *file, struct poll_table *pt)
{
	struct mqueue_inode_info *info = MQUEUE_I(file);
	uint32_t mask = 0;

	poll_wait(file, &info->poll, pt);
	mutex_lock(&info->lock);
	if (info->attr.mq_curmsgs)
		mask = K_POLLIN | K_POLLRDNORM;
	if (info->attr.mq_curmsgs < info->attr.mq_maxmsg)
		mask |= K_POLLOUT | K_POLLWRNORM;
	mutex_unlock(&info->lock);
	return mask;
}

/* Messages */

static void
insert(struct mqueue_inode_info *info, struct msg_msg *msg)
{
	struct list_head *at = info->messages.prev;

	while (at != &info->messages && list_entry(at, struct msg_msg, list)->type < msg->type)
		at = at->prev;
	list_add(&msg->list, at);
	info->attr.mq_curmsgs++;
	info->qsize += msg->size;
}

static struct msg_msg *
take(struct mqueue_inode_info *info)
{
	struct msg_msg *msg = list_first_entry(&info->messages, struct msg_msg, list);

	list_del_init(&msg->list);
	info->attr.mq_curmsgs--;
	info->qsize -= msg->size;
	return msg;
}

/* Waiting */

static int
task_prio(const struct task *t)
{
	return t->sched_policy == 1 || t->sched_policy == 2 ? MAX_RT_PRIO - 1 - t->sched_priority : MAX_RT_PRIO + 20 + t->nice;
}

static void
enqueue(struct list_head *queue, struct mq_waiter *w)
{
	struct list_head *at = queue->prev;

	while (at != queue && list_entry(at, struct mq_waiter, list)->prio > w->prio)
		at = at->prev;
	list_add(&w->list, at);
}

/* The next in turn, off its queue: from here on @msg is its own (a receiver), or taken from it. */
static struct mq_waiter *
first_waiter(struct list_head *queue)
{
	struct mq_waiter *w;

	if (list_empty(queue))
		return NULL;
	w = list_first_entry(queue, struct mq_waiter, list);
	list_del_init(&w->list);
	return w;
}

static void
set_ready(struct mq_waiter *w, struct ipc_wakes *wakes)
{
	struct task *task = w->task;

	__atomic_store_n(&w->ready, true, __ATOMIC_RELEASE);
	ipc_wake_later(wakes, task);
}

/* Sleeps in a queue of waiters, with the lock held, and drops it. */
static int
wait_in(struct mqueue_inode_info *info, struct list_head *queue, struct mq_waiter *w, int64_t deadline) __no_thread_safety
{
	int err = 0, slept;

	enqueue(queue, w);
	for (;;) {
		set_current_state(w->task, TASK_INTERRUPTIBLE);
		mutex_unlock(&info->lock);
		slept = ipc_schedule(w->task, &w->list, &info->lock, deadline);
		if (__atomic_load_n(&w->ready, __ATOMIC_ACQUIRE))
			return 0;
		mutex_lock(&info->lock);
		if (w->ready)
			break;
		if (signal_pending(w->task))
			err = -ERESTARTSYS;
		else if (slept == -ETIME)
			err = -ETIMEDOUT;
		if (err) {
			list_del_init(&w->list);
			break;
		}
	}
	mutex_unlock(&info->lock);
	return err;
}

/* An absolute time of CLOCK_REALTIME, as a deadline. */
static int
get_deadline(struct task *t, uaddr_t timeout, int64_t *deadline)
{
	struct k_timespec ts;
	int64_t ns;
	int err;

	*deadline = NO_DEADLINE;
	if (uaddr_null(timeout))
		return 0;
	if (copy_in(t, &ts, timeout))
		return -EFAULT;
	err = timespec_to_ns(&ts, &ns);
	if (!err)
		*deadline = deadline_after(MAX(ns - ktime_get_real(), 0));
	return err;
}

/* mq_send(3) */

/* With the lock held; drops it. The message is the queue's, or the receiver's, unless there is an error. */
static int
send_locked(struct task *t, struct mqueue_inode_info *info, struct msg_msg *msg, bool nonblock,
	    int64_t deadline) __no_thread_safety
{
	struct mq_waiter w = { .task = t, .msg = msg, .prio = task_prio(t) }, *receiver;
	struct ipc_wakes wakes = { .n = 0 };

	if (info->attr.mq_curmsgs == info->attr.mq_maxmsg) {
		if (!nonblock)
			return wait_in(info, &info->senders, &w, deadline);
		mutex_unlock(&info->lock);
		return -EAGAIN;
	}
	receiver = first_waiter(&info->receivers);
	if (receiver) {
		receiver->msg = msg;
		set_ready(receiver, &wakes);
	} else {
		insert(info, msg);
		notify(t, info);
	}
	inode_update_times(info->inode, ATTR_ATIME | ATTR_MTIME | ATTR_CTIME);
	mutex_unlock(&info->lock);
	ipc_wake(&wakes);
	return 0;
}

static int
send(struct task *t, struct file *file, uaddr_t umsg, uint64_t len, uint32_t prio, int64_t deadline) __no_thread_safety
{
	struct mqueue_inode_info *info = MQUEUE_I(file);
	struct msg_msg *msg;
	int err;

	if (len > (uint64_t)info->attr.mq_msgsize)
		return -EMSGSIZE;
	msg = kmalloc(t->k, sizeof(*msg) + len);
	if (!msg)
		return -ENOMEM;
	msg->type = prio;
	msg->size = len;
	err = copy_from_user(t, msg->text, umsg, len);
	if (!err) {
		mutex_lock(&info->lock);
		err = send_locked(t, info, msg, (READ_ONCE(file->f_flags) & O_NONBLOCK) != 0, deadline);
	}
	if (err)
		kfree(t->k, msg);
	return err;
}

int64_t
do_mq_timedsend(struct task *t, int fd, uaddr_t msg, uint64_t len, uint32_t prio, uaddr_t timeout)
{
	int64_t deadline;
	struct fd f;
	int err = get_deadline(t, timeout, &deadline);

	if (err)
		return err;
	if (prio >= MQ_PRIO_MAX)
		return -EINVAL;
	err = get_queue(t, fd, FMODE_WRITE, &f);
	if (err)
		return err;
	err = send(t, f.file, msg, len, prio, deadline);
	fdput(t, f);
	return err;
}

/* mq_receive(3) */

/* With the lock held; drops it. */
static int
receive_locked(struct task *t, struct mqueue_inode_info *info, struct msg_msg **msg, bool nonblock,
	       int64_t deadline) __no_thread_safety
{
	struct mq_waiter w = { .task = t, .prio = task_prio(t) }, *sender;
	struct ipc_wakes wakes = { .n = 0 };
	int err = 0;

	if (info->attr.mq_curmsgs == 0) {
		if (nonblock) {
			mutex_unlock(&info->lock);
			return -EAGAIN;
		}
		err = wait_in(info, &info->receivers, &w, deadline);
		*msg = w.msg;
		return err;
	}
	*msg = take(info);
	inode_update_times(info->inode, ATTR_ATIME | ATTR_MTIME | ATTR_CTIME);
	sender = first_waiter(&info->senders);
	if (sender) {
		insert(info, sender->msg);
		set_ready(sender, &wakes);
	} else {
		__wake_up(&info->poll, 0, K_POLLOUT | K_POLLWRNORM);
	}
	mutex_unlock(&info->lock);
	ipc_wake(&wakes);
	return 0;
}

static int64_t
receive(struct task *t, struct file *file, uaddr_t umsg, uint64_t len, uaddr_t uprio, int64_t deadline) __no_thread_safety
{
	struct mqueue_inode_info *info = MQUEUE_I(file);
	struct msg_msg *msg = NULL;
	int64_t ret;

	if (len < (uint64_t)info->attr.mq_msgsize)
		return -EMSGSIZE;
	mutex_lock(&info->lock);
	ret = receive_locked(t, info, &msg, (READ_ONCE(file->f_flags) & O_NONBLOCK) != 0, deadline);
	if (ret)
		return ret;
	ret = (int64_t)msg->size;
	if ((!uaddr_null(uprio) && put_user_u32(t, (uint32_t)msg->type, uprio)) || copy_to_user(t, umsg, msg->text, msg->size))
		ret = -EFAULT;
	kfree(t->k, msg);
	return ret;
}

int64_t
do_mq_timedreceive(struct task *t, int fd, uaddr_t msg, uint64_t len, uaddr_t prio, uaddr_t timeout)
{
	int64_t deadline, ret = get_deadline(t, timeout, &deadline);
	struct fd f;

	if (ret)
		return ret;
	ret = get_queue(t, fd, FMODE_READ, &f);
	if (ret)
		return ret;
	ret = receive(t, f.file, msg, len, prio, deadline);
	fdput(t, f);
	return ret;
}

/* mq_notify(3), mq_getattr(3), mq_setattr(3) */

#define NOTIFY_COOKIE_LEN 32

/* SIGEV_THREAD names a netlink socket, which would be sent the cookie. None takes it here. */
static int
check_thread_event(struct task *t, const struct mq_sigevent *ev)
{
	char cookie[NOTIFY_COOKIE_LEN];
	struct fd f;
	int err;

	if (copy_from_user(t, cookie, UADDR(ev->value), sizeof(cookie)))
		return -EFAULT;
	f = fdget(t, ev->signo);
	if (!f.file)
		return -EBADF;
	err = (f.file->f_inode->i_mode & S_IFMT) == S_IFSOCK ? -EINVAL : -ENOTSOCK;
	fdput(t, f);
	return err;
}

static int
check_event(struct task *t, const struct mq_sigevent *ev)
{
	switch (ev->notify) {
	case SIGEV_NONE:
		return 0;
	case SIGEV_SIGNAL:
		return ev->signo < 0 || ev->signo > K_NSIG ? -EINVAL : 0;
	case SIGEV_THREAD:
		return check_thread_event(t, ev);
	default:
		return -EINVAL;
	}
}

/* @ev: NULL: no more. */
static int
set_notification(struct task *t, struct mqueue_inode_info *info, const struct mq_sigevent *ev)
{
	struct pid *self = t->signal->pids[PIDTYPE_TGID];
	struct mqueue_notify *n = &info->notify;
	mutex_guard(&info->lock);

	if (!ev && n->owner != self)
		return 0;
	if (!ev)
		mqueue_remove_notification(t->k, info);
	else if (n->owner)
		return -EBUSY;
	else
		*n = (struct mqueue_notify){ .owner = get_pid(self), .self_exec_id = t->self_exec_id, .notify = ev->notify,
					     .signo = ev->signo, .value = ev->value };
	inode_update_times(info->inode, ATTR_ATIME | ATTR_CTIME);
	return 0;
}

int64_t
do_mq_notify(struct task *t, int fd, uaddr_t event)
{
	struct mq_sigevent ev;
	struct fd f;
	int err = 0;

	if (!uaddr_null(event)) {
		if (copy_in(t, &ev, event))
			return -EFAULT;
		err = check_event(t, &ev);
	}
	if (!err)
		err = get_queue(t, fd, 0, &f);
	if (err)
		return err;
	err = set_notification(t, MQUEUE_I(f.file), uaddr_null(event) ? NULL : &ev);
	fdput(t, f);
	return err;
}

static void
get_set_attr(struct file *file, const struct mq_attr *new, struct mq_attr *old)
{
	struct mqueue_inode_info *info = MQUEUE_I(file);
	mutex_guard(&info->lock);

	*old = info->attr;
	old->mq_flags = READ_ONCE(file->f_flags) & O_NONBLOCK;
	if (!new)
		return;
	mutex_lock(&file->f_lock);
	WRITE_ONCE(file->f_flags, (file->f_flags & ~(uint32_t)O_NONBLOCK) | ((uint32_t)new->mq_flags & O_NONBLOCK));
	mutex_unlock(&file->f_lock);
	inode_update_times(info->inode, ATTR_ATIME | ATTR_CTIME);
}

int64_t
do_mq_getsetattr(struct task *t, int fd, uaddr_t unew, uaddr_t uold)
{
	struct mq_attr new, old;
	struct fd f;
	int err;

	if (!uaddr_null(unew) && copy_in(t, &new, unew))
		return -EFAULT;
	if (!uaddr_null(unew) && (new.mq_flags & ~(long)O_NONBLOCK))
		return -EINVAL;
	err = get_queue(t, fd, 0, &f);
	if (err)
		return err;
	get_set_attr(f.file, uaddr_null(unew) ? NULL : &new, &old);
	fdput(t, f);
	return !uaddr_null(uold) && copy_out(t, uold, &old) ? -EFAULT : 0;
}
