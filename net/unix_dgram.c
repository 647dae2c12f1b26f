/* SPDX-License-Identifier: MIT
 *
 * Messages over unix sockets: datagrams, and the packets of SOCK_SEQPACKET.
 *
 * A receiver's queue holds few messages; who sends to a full one waits on the receiver's peer_wait.
 */
#include <asm/signal.h>

#include "kernel/task.h"
#include "net/unix.h"
#include "vfs/fdtable.h"
#include "vfs/poll.h"

bool
unix_recvq_full(struct unix_sock *u)
{
	return READ_ONCE(u->qlen) > READ_ONCE(u->backlog);
}

/* Wait for buffer space of the sender. */
static int
wait_space(struct task *t, struct unix_sock *u, int64_t deadline)
{
	struct wait_queue_entry we;
	int err = 0;

	if (READ_ONCE(u->wmem) < u->o.sndbuf)
		return 0;
	unix_no_space(u);
	init_wait_key(&we, t, K_POLLOUT);
	for (;;) {
		prepare_to_wait(&u->wq, &we, TASK_INTERRUPTIBLE);
		if (__atomic_load_n(&u->wmem, __ATOMIC_SEQ_CST) < u->o.sndbuf || (READ_ONCE(u->shutdown) & SEND_SHUTDOWN))
			break;
		err = deadline == 0 ? -EAGAIN : signal_pending(t) ? sock_intr_errno(u->o.sndtimeo) : 0;
		if (err)
			break;
		if (schedule_until(t, deadline) == -ETIME)
			deadline = 0;
	}
	finish_wait(&u->wq, &we);
	return err;
}

static int
wait_queue_room(struct task *t, struct unix_sock *u, struct unix_sock *to, int64_t deadline)
{
	struct wait_queue_entry we;
	int err = 0;

	if (deadline == 0)
		return -EAGAIN;
	init_wait(&we, t);
	for (;;) {
		prepare_to_wait_exclusive(&to->peer_wait, &we, TASK_INTERRUPTIBLE);
		if (!unix_recvq_full(to) || READ_ONCE(to->dead) || (READ_ONCE(to->shutdown) & RCV_SHUTDOWN))
			break;
		err = deadline == 0 ? -EAGAIN : signal_pending(t) ? sock_intr_errno(u->o.sndtimeo) : 0;
		if (err)
			break;
		if (schedule_until(t, deadline) == -ETIME)
			deadline = 0;
	}
	finish_wait(&to->peer_wait, &we);
	return err;
}

/* 1: the queue is full. */
static int
try_queue(struct unix_sock *u, struct unix_sock *to, struct unix_skb *skb)
{
	mutex_guard(&to->lock);

	if (to->dead)
		return -ECONNREFUSED;
	if (to->peer && to->peer != u && u->type == SOCK_DGRAM)
		return -EPERM;
	if (READ_ONCE(to->shutdown) & RCV_SHUTDOWN)
		return -EPIPE;
	/* Two that are connected to each other are held up by the buffer alone. */
	if (to != u && to->peer != u && unix_recvq_full(to))
		return 1;
	list_add_tail(&skb->list, &to->queue);
	to->qlen++;
	to->qbytes += skb->len;
	return 0;
}

static int
queue_message(struct task *t, struct unix_sock *u, struct unix_sock *to, struct unix_skb *skb, int64_t deadline)
{
	int err;

	for (;;) {
		err = try_queue(u, to, skb);
		if (err <= 0)
			break;
		err = wait_queue_room(t, u, to, deadline);
		if (err)
			break;
	}
	if (!err)
		unix_wake(to, K_POLLIN | K_POLLRDNORM | K_POLLRDBAND);
	return err;
}

/* Our peer is gone: forget it. */
static void
disconnect_dead(struct task *t, struct unix_sock *u, struct unix_sock *peer)
{
	bool was;

	mutex_lock(&u->lock);
	was = u->peer == peer && u->type == SOCK_DGRAM;
	if (was) {
		u->peer = NULL;
		u->state = UNIX_CLOSED;
	}
	mutex_unlock(&u->lock);
	if (was) {
		unix_dgram_disconnected(t, u, peer);
		unix_put(t, peer);
	}
}

static struct unix_sock *
destination(struct task *t, struct unix_sock *u, struct sock_msg *msg)
{
	struct unix_address name;
	struct unix_sock *to;
	int err;

	if (!msg->namelen) {
		to = unix_peer_get(u);
		return to ? to : ERR_PTR(-ENOTCONN);
	}
	err = unix_mkname(msg->name, msg->namelen, &name);
	return err < 0 ? ERR_PTR(err) : unix_find_other(t, &name, u->type);
}

static struct unix_skb *
make_message(struct task *t, struct unix_sock *u, struct sock_msg *msg, struct scm *scm)
{
	size_t n = msg->iter->count;
	struct unix_skb *skb = unix_skb_alloc(t->k, n);

	if (!skb)
		return ERR_PTR(-ENOMEM);
	if (copy_from_iter(skb->data, n, msg->iter) < n) {
		unix_skb_free(t, t->k, skb);
		return ERR_PTR(-EFAULT);
	}
	skb->creds = scm->creds;
	skb->fp = scm->fp;
	scm->fp = NULL;
	mutex_lock(&u->lock);
	if (u->addr) {
		refcount_inc(&u->addr->refs);
		skb->addr = u->addr;
	}
	mutex_unlock(&u->lock);
	unix_skb_charge(u, skb);
	return skb;
}

static int64_t
send_message(struct task *t, struct unix_sock *u, struct sock_msg *msg, struct scm *scm, uint32_t flags)
{
	int64_t deadline = sock_deadline(u->o.sndtimeo, flags & MSG_DONTWAIT), n = (int64_t)msg->iter->count;
	struct unix_sock *to = destination(t, u, msg);
	struct unix_skb *skb;
	int err;

	if (IS_ERR(to))
		return PTR_ERR(to);
	err = -EMSGSIZE;
	if (n > (int64_t)u->o.sndbuf - 32)
		goto put;
	err = wait_space(t, u, deadline);
	if (!err && (READ_ONCE(u->shutdown) & SEND_SHUTDOWN))
		err = -EPIPE;
	if (err)
		goto put;
	skb = make_message(t, u, msg, scm);
	if (IS_ERR(skb)) {
		err = (int)PTR_ERR(skb);
		goto put;
	}
	err = queue_message(t, u, to, skb, deadline);
	if (err)
		unix_skb_free(t, t->k, skb);
	if (err == -ECONNREFUSED && !msg->namelen)
		disconnect_dead(t, u, to);
put:
	unix_put(t, to);
	return err ? err : n;
}

int64_t
unix_dgram_sendmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags)
{
	struct unix_sock *u = unix_sk(sock);
	struct scm scm;
	int64_t ret;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (u->o.passcred) {
		ret = unix_autobind(t, u);
		if (ret)
			return ret;
	}
	ret = scm_send(t, msg, &scm);
	if (ret)
		return ret;
	ret = send_message(t, u, msg, &scm, flags);
	scm_destroy(t, &scm);
	return ret;
}

int64_t
unix_seqpacket_sendmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags)
{
	struct unix_sock *u = unix_sk(sock);
	int64_t ret;

	if (READ_ONCE(u->err))
		return -__atomic_exchange_n(&u->err, 0, __ATOMIC_SEQ_CST);
	if (READ_ONCE(u->state) != UNIX_CONNECTED)
		return -ENOTCONN;
	msg->namelen = 0;
	ret = unix_dgram_sendmsg(t, sock, msg, flags);
	if (ret == -ECONNREFUSED)
		ret = -EPIPE;
	return ret;
}

/* ---- receiving ---- */

/*
 * The first message. For MSG_PEEK with an offset the one that byte of the queue is in, where an empty message that was seen before counts
 * as passed. @off: of that byte in it. u->lock is held.
 */
static struct unix_skb *
find_message(struct unix_sock *u, bool peek, uint32_t *off)
{
	bool at = peek && u->o.peek_off >= 0;
	struct unix_skb *skb;

	*off = at ? (uint32_t)u->o.peek_off : 0;
	list_for_each_entry(skb, &u->queue, list) {
		if (at && *off >= skb->len && (skb->len || *off || skb->peeked)) {
			*off -= skb->len;
			continue;
		}
		skb->peeked |= peek;
		return skb;
	}
	return NULL;
}

/* Wait for a message; iolock is held and given up to wait. 0, 1 at the end, or negative errno. */
static int
first_message(struct task *t, struct unix_sock *u, int64_t deadline, bool peek, struct unix_skb **out, uint32_t *off)
	__requires_lock(u->iolock)
{
	struct wait_queue_entry we;
	int err = 0;

	init_wait_key(&we, t, K_POLLIN);
	for (;;) {
		prepare_to_wait_exclusive(&u->wq, &we, TASK_INTERRUPTIBLE);
		err = READ_ONCE(u->err) ? -__atomic_exchange_n(&u->err, 0, __ATOMIC_SEQ_CST) : 0; /* goes before data */
		if (err)
			break;
		mutex_lock(&u->lock);
		*out = find_message(u, peek, off);
		mutex_unlock(&u->lock);
		if (*out)
			break;
		if (READ_ONCE(u->shutdown) & RCV_SHUTDOWN) {
			err = 1;
			break;
		}
		err = deadline == 0 ? -EAGAIN : signal_pending(t) ? sock_intr_errno(u->o.rcvtimeo) : 0;
		if (err)
			break;
		mutex_unlock(&u->iolock);
		if (schedule_until(t, deadline) == -ETIME)
			deadline = 0;
		mutex_lock(&u->iolock);
	}
	finish_wait(&u->wq, &we);
	return err;
}

static void
copy_name(struct sock_msg *msg, const struct unix_skb *skb)
{
	msg->namelen = 0;
	if (!skb->addr)
		return;
	msg->namelen = skb->addr->len;
	memcpy(msg->name, skb->addr->name, (size_t)skb->addr->len);
}

/* Take the message (or look at it) and give it to the program, from @off on. iolock is held. */
static int64_t
receive(struct task *t, struct unix_sock *u, struct sock_msg *msg, uint32_t flags, struct unix_skb *skb, uint32_t off, struct scm *scm)
{
	size_t n = MIN((size_t)(skb->len - off), msg->iter->count);
	bool peek = flags & MSG_PEEK;

	copy_name(msg, skb);
	if (copy_to_iter(skb->data + off, n, msg->iter) < n)
		return -EFAULT;
	if (n < skb->len - off)
		msg->flags |= MSG_TRUNC;
	scm->creds = skb->creds;
	if (peek) {
		scm->fp = scm_fp_dup(u->k, skb->fp);
		if (u->o.peek_off >= 0)
			u->o.peek_off += (int32_t)n;
	} else {
		scm->fp = skb->fp;
		skb->fp = NULL;
		if (u->o.peek_off >= 0)
			u->o.peek_off = MAX(u->o.peek_off - (int32_t)skb->len, 0);
	}
	return flags & MSG_TRUNC ? (int64_t)(skb->len - off) : (int64_t)n;
}

int64_t
unix_dgram_recvmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags)
{
	struct unix_sock *u = unix_sk(sock);
	struct scm scm = { .fp = NULL };
	struct unix_skb *skb;
	uint32_t off;
	int64_t ret;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	msg->namelen = 0;
	mutex_lock(&u->iolock);
	ret = first_message(t, u, sock_deadline(u->o.rcvtimeo, flags & MSG_DONTWAIT), flags & MSG_PEEK, &skb, &off);
	if (ret) {
		mutex_unlock(&u->iolock);
		/* A datagram socket that was shut down says so by EOF only when it would have waited. */
		return ret == 1 ? 0 : ret;
	}
	ret = receive(t, u, msg, flags, skb, off, &scm);
	if (!(flags & MSG_PEEK)) {
		mutex_lock(&u->lock);
		list_del(&skb->list);
		u->qlen--;
		u->qbytes -= skb->len;
		mutex_unlock(&u->lock);
	}
	mutex_unlock(&u->iolock);
	if (!(flags & MSG_PEEK)) {
		__wake_up(&u->peer_wait, 1, K_POLLOUT | K_POLLWRNORM | K_POLLWRBAND);
		unix_skb_free(t, u->k, skb);
	}
	if (ret >= 0)
		scm_recv(t, u, msg, &scm, flags);
	else
		scm_destroy(t, &scm);
	return ret;
}

int64_t
unix_seqpacket_recvmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags)
{
	if (READ_ONCE(unix_sk(sock)->state) != UNIX_CONNECTED)
		return -ENOTCONN;
	return unix_dgram_recvmsg(t, sock, msg, flags);
}
