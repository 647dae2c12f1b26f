/* SPDX-License-Identifier: MIT
 *
 * Queues of messages. A message that somebody waits for goes to the receiver directly: nobody else can take it in between. A
 * sender that found the queue full is woken when its message would fit, and then looks again.
 *
 * Locks: ids->lock (the table), then a queue's own. User memory is copied before and after, without a lock.
 */
#include <linux/ipc.h>
#include <linux/msg.h>

#include "ipc/msg.h"
#include "kernel/task.h"

enum msg_search { SEARCH_ANY, SEARCH_EQUAL, SEARCH_NOTEQUAL, SEARCH_LESSEQUAL, SEARCH_NUMBER };

/* Who sleeps in msgrcv(2), on its stack. Who takes it off the list sets what it gets, and then leaves it alone. */
struct msg_receiver {
	struct list_head list;
	struct task *task;
	enum msg_search mode;
	int64_t type;
	uint64_t max;
	struct msg_msg *msg; /* or ERR_PTR; -EAGAIN: still waiting */
};

/* Who sleeps in msgsnd(2). It takes itself off the list, unless the queue goes. */
struct msg_sender {
	struct list_head list;
	struct task *task;
	size_t size;
};

/* Queues */

void
msg_free(struct kern_ipc_perm *ipcp)
{
	struct kernel *k = ipcp->ids->k;
	struct msg_msg *msg, *next;

	list_for_each_entry_safe(msg, next, &MSQ(ipcp)->messages, list)
		kfree(k, msg);
	kfree(k, MSQ(ipcp));
}

static int
new_queue(struct task *t, int32_t key, int flags)
{
	struct ipc_namespace *ns = t->k->ipc;
	struct msg_queue *msq = kzalloc(t->k, sizeof(*msq));
	int id;

	if (!msq)
		return -ENOMEM;
	ipc_init_perm(t, &msq->perm, &ns->msg, key, flags);
	INIT_LIST_HEAD(&msq->messages);
	INIT_LIST_HEAD(&msq->receivers);
	INIT_LIST_HEAD(&msq->senders);
	msq->ctime = ipc_seconds();
	msq->qbytes = (uint64_t)READ_ONCE(ns->msg_ctlmnb);
	id = ipc_addid(&msq->perm, READ_ONCE(ns->msg_ctlmni));
	if (id < 0)
		kfree(t->k, msq);
	return id;
}

int64_t
ksys_msgget(struct task *t, int32_t key, int flags)
{
	struct ipc_ids *ids = &t->k->ipc->msg;
	int id = -EAGAIN;

	mutex_lock(&ids->lock);
	if (key != IPC_PRIVATE)
		id = ipc_find_key(t, ids, key, flags, NULL, 0);
	if (id == -EAGAIN)
		id = new_queue(t, key, flags);
	mutex_unlock(&ids->lock);
	return id;
}

static void
count(struct msg_queue *msq, int messages, int64_t bytes)
{
	struct ipc_namespace *ns = msq->perm.ids->k->ipc;

	msq->qnum += (uint64_t)(int64_t)messages;
	msq->cbytes += (uint64_t)bytes;
	__atomic_add_fetch(&ns->msg_hdrs, messages, __ATOMIC_RELAXED);
	__atomic_add_fetch(&ns->msg_bytes, bytes, __ATOMIC_RELAXED);
}

void
msg_remove(struct msg_queue *msq, struct ipc_wakes *wakes)
{
	struct msg_receiver *r, *rn;
	struct msg_sender *s, *sn;

	list_for_each_entry_safe(r, rn, &msq->receivers, list) {
		struct task *task = r->task;

		list_del_init(&r->list);
		__atomic_store_n(&r->msg, ERR_PTR(-EIDRM), __ATOMIC_RELEASE);
		ipc_wake_later(wakes, task);
	}
	list_for_each_entry_safe(s, sn, &msq->senders, list) {
		list_del_init(&s->list);
		ipc_wake_later(wakes, s->task);
	}
	count(msq, -(int)msq->qnum, -(int64_t)msq->cbytes);
	ipc_rmid(&msq->perm);
}

/* Sending */

static bool
fits(const struct msg_queue *msq, size_t size)
{
	return size + msq->cbytes <= msq->qbytes && 1 + msq->qnum <= msq->qbytes;
}

/* Senders whose message would fit now; the others change places with them, once. */
static void
wake_senders(struct msg_queue *msq, struct ipc_wakes *wakes)
{
	struct msg_sender *s, *next, *first = NULL;

	list_for_each_entry_safe(s, next, &msq->senders, list) {
		if (s == first)
			break;
		if (fits(msq, s->size)) {
			ipc_wake_later(wakes, s->task);
			continue;
		}
		if (!first)
			first = s;
		list_del(&s->list);
		list_add_tail(&s->list, &msq->senders);
	}
}

void
msg_look_again(struct msg_queue *msq, struct ipc_wakes *wakes)
{
	struct msg_receiver *r;

	list_for_each_entry(r, &msq->receivers, list)
		ipc_wake_later(wakes, r->task);
	wake_senders(msq, wakes);
}

static bool
wanted(const struct msg_msg *msg, int64_t type, enum msg_search mode)
{
	switch (mode) {
	case SEARCH_EQUAL:
		return msg->type == type;
	case SEARCH_NOTEQUAL:
		return msg->type != type;
	case SEARCH_LESSEQUAL:
		return msg->type <= type;
	default:
		return true;
	}
}

/* To the first who waits for such a message and can take it; those that have no room for it are told so. */
static bool
pipelined_send(struct msg_queue *msq, struct msg_msg *msg, struct ipc_wakes *wakes)
{
	struct msg_receiver *r, *next;

	list_for_each_entry_safe(r, next, &msq->receivers, list) {
		struct task *task = r->task;
		bool room = r->max >= msg->size;

		if (!wanted(msg, r->type, r->mode))
			continue;
		list_del_init(&r->list);
		if (room) {
			msq->lrpid = task->pid;
			msq->rtime = ipc_seconds();
		}
		__atomic_store_n(&r->msg, room ? msg : ERR_PTR(-E2BIG), __ATOMIC_RELEASE);
		ipc_wake_later(wakes, task);
		if (room)
			return true;
	}
	return false;
}

/* The queue is locked, before and after. 0: look again; or negative errno. */
static int
wait_for_room(struct task *t, struct msg_queue *msq, size_t size) __no_thread_safety
{
	struct msg_sender s = { .task = t, .size = size };

	list_add_tail(&s.list, &msq->senders);
	set_current_state(t, TASK_INTERRUPTIBLE);
	mutex_unlock(&msq->perm.lock);
	ignore_err(ipc_schedule(t, &s.list, &msq->perm.lock, NO_DEADLINE), "there is no deadline");
	mutex_lock(&msq->perm.lock);
	if (msq->perm.deleted)
		return -EIDRM;
	list_del_init(&s.list);
	return signal_pending(t) ? -ERESTARTNOHAND : 0;
}

static int
send_locked(struct task *t, struct msg_queue *msq, struct msg_msg *msg, int flags, struct ipc_wakes *wakes)
{
	int err;

	do {
		err = ipcperms(t, &msq->perm, IPC_WUGO);
		if (!err && msq->perm.deleted)
			err = -EIDRM;
		if (err)
			return err;
		if (fits(msq, msg->size))
			break;
		err = flags & IPC_NOWAIT ? -EAGAIN : wait_for_room(t, msq, msg->size);
	} while (!err);
	if (err)
		return err;
	msq->lspid = t->tgid;
	msq->stime = ipc_seconds();
	if (!pipelined_send(msq, msg, wakes)) {
		list_add_tail(&msg->list, &msq->messages);
		count(msq, 1, (int64_t)msg->size);
	}
	return 0;
}

static struct msg_msg *
load_msg(struct task *t, uaddr_t text, int64_t type, size_t size)
{
	struct msg_msg *msg = kmalloc(t->k, sizeof(*msg) + size);

	if (!msg)
		return ERR_PTR(-ENOMEM);
	msg->type = type;
	msg->size = size;
	if (copy_from_user(t, msg->text, text, size)) {
		kfree(t->k, msg);
		return ERR_PTR(-EFAULT);
	}
	return msg;
}

int64_t
ksys_msgsnd(struct task *t, int id, uaddr_t msgp, uint64_t size, int flags)
{
	struct ipc_wakes wakes = { .n = 0 };
	struct kern_ipc_perm *ipcp;
	struct msg_msg *msg;
	uint64_t type;
	int err;

	if (get_user_u64(t, &type, msgp))
		return -EFAULT;
	if (size > (uint64_t)READ_ONCE(t->k->ipc->msg_ctlmax) || id < 0 || (int64_t)type < 1)
		return -EINVAL;
	msg = load_msg(t, uaddr_add(msgp, sizeof(type)), (int64_t)type, size);
	if (IS_ERR(msg))
		return PTR_ERR(msg);
	ipcp = ipc_obtain(&t->k->ipc->msg, id);
	if (IS_ERR(ipcp)) {
		kfree(t->k, msg);
		return PTR_ERR(ipcp);
	}
	mutex_lock(&ipcp->lock);
	err = send_locked(t, MSQ(ipcp), msg, flags, &wakes);
	mutex_unlock(&ipcp->lock);
	ipc_wake(&wakes);
	if (err)
		kfree(t->k, msg);
	ipc_put(ipcp);
	return err;
}

/* Receiving */

static enum msg_search
convert_mode(int64_t *type, int flags)
{
	if (flags & MSG_COPY)
		return SEARCH_NUMBER;
	if (*type == 0)
		return SEARCH_ANY;
	if (*type < 0) {
		*type = *type == INT64_MIN ? INT64_MAX : -*type;
		return SEARCH_LESSEQUAL;
	}
	return flags & MSG_EXCEPT ? SEARCH_NOTEQUAL : SEARCH_EQUAL;
}

/* The first that is wanted; of those up to a type the first of the lowest type. */
static struct msg_msg *
find_msg(struct msg_queue *msq, int64_t type, enum msg_search mode)
{
	struct msg_msg *msg, *found = NULL;
	int64_t n = 0;

	list_for_each_entry(msg, &msq->messages, list) {
		if (!wanted(msg, type, mode))
			continue;
		if (mode == SEARCH_LESSEQUAL && msg->type != 1) {
			type = msg->type - 1;
			found = msg;
		} else if (mode != SEARCH_NUMBER || n++ == type) {
			return msg;
		}
	}
	return found;
}

static struct msg_msg *
copy_msg(struct kernel *k, const struct msg_msg *msg, uint64_t size)
{
	struct msg_msg *copy;

	if (msg->size > MIN(size, (uint64_t)READ_ONCE(k->ipc->msg_ctlmax)))
		return ERR_PTR(-EINVAL);
	copy = kmalloc(k, sizeof(*copy) + msg->size);
	if (!copy)
		return ERR_PTR(-ENOMEM);
	memcpy(copy, msg, sizeof(*copy) + msg->size);
	return copy;
}

/* What is there for @r: a message that is the caller's now; NULL: nothing; or ERR_PTR. */
static struct msg_msg *
take_msg(struct task *t, struct msg_queue *msq, const struct msg_receiver *r, uint64_t size, int flags,
	 struct ipc_wakes *wakes)
{
	struct msg_msg *msg = find_msg(msq, r->type, r->mode);

	if (!msg)
		return flags & IPC_NOWAIT ? ERR_PTR(-ENOMSG) : NULL;
	if (size < msg->size && !(flags & MSG_NOERROR))
		return ERR_PTR(-E2BIG);
	if (flags & MSG_COPY)
		return copy_msg(t->k, msg, size);
	list_del(&msg->list);
	count(msq, -1, -(int64_t)msg->size);
	msq->rtime = ipc_seconds();
	msq->lrpid = t->tgid;
	wake_senders(msq, wakes);
	return msg;
}

/* The queue is locked, before and after. NULL: look again. */
static struct msg_msg *
wait_for_msg(struct task *t, struct msg_queue *msq, struct msg_receiver *r) __no_thread_safety
{
	r->msg = ERR_PTR(-EAGAIN);
	list_add_tail(&r->list, &msq->receivers);
	set_current_state(t, TASK_INTERRUPTIBLE);
	mutex_unlock(&msq->perm.lock);
	ignore_err(ipc_schedule(t, &r->list, &msq->perm.lock, NO_DEADLINE), "there is no deadline");
	mutex_lock(&msq->perm.lock);
	if (PTR_ERR(r->msg) != -EAGAIN)
		return r->msg;
	list_del_init(&r->list);
	return signal_pending(t) ? ERR_PTR(-ERESTARTNOHAND) : NULL;
}

static struct msg_msg *
receive_locked(struct task *t, struct msg_queue *msq, struct msg_receiver *r, uint64_t size, int flags,
	       struct ipc_wakes *wakes)
{
	struct msg_msg *msg;
	int err;

	do {
		err = ipcperms(t, &msq->perm, IPC_RUGO);
		if (!err && msq->perm.deleted)
			err = -EIDRM;
		if (err)
			return ERR_PTR(err);
		msg = take_msg(t, msq, r, size, flags, wakes);
		if (!msg)
			msg = wait_for_msg(t, msq, r);
	} while (!msg);
	return msg;
}

static int64_t
store_msg(struct task *t, uaddr_t msgp, const struct msg_msg *msg, uint64_t size)
{
	size = MIN(size, (uint64_t)msg->size);
	if (put_user_u64(t, (uint64_t)msg->type, msgp) || copy_to_user(t, uaddr_add(msgp, sizeof(uint64_t)), msg->text, size))
		return -EFAULT;
	return (int64_t)size;
}

int64_t
ksys_msgrcv(struct task *t, int id, uaddr_t msgp, uint64_t size, int64_t type, int flags)
{
	struct msg_receiver r = { .task = t, .type = type, .max = flags & MSG_NOERROR ? INT32_MAX : size };
	struct ipc_wakes wakes = { .n = 0 };
	struct kern_ipc_perm *ipcp;
	struct msg_msg *msg;
	int64_t ret;

	if (id < 0 || (int64_t)size < 0)
		return -EINVAL;
	if ((flags & MSG_COPY) && ((flags & MSG_EXCEPT) || !(flags & IPC_NOWAIT)))
		return -EINVAL;
	r.mode = convert_mode(&r.type, flags);
	ipcp = ipc_obtain(&t->k->ipc->msg, id);
	if (IS_ERR(ipcp))
		return PTR_ERR(ipcp);
	mutex_lock(&ipcp->lock);
	msg = receive_locked(t, MSQ(ipcp), &r, size, flags, &wakes);
	mutex_unlock(&ipcp->lock);
	ipc_wake(&wakes);
	ipc_put(ipcp);
	if (IS_ERR(msg))
		return PTR_ERR(msg);
	ret = store_msg(t, msgp, msg, size);
	kfree(t->k, msg);
	return ret;
}
