/* SPDX-License-Identifier: MIT
 *
 * Connections of unix sockets: connect, listen, accept.
 *
 * connect makes the other end itself, an *embryo*, and puts it in the listener's queue; it is connected from then on, whether
 * it is ever accepted or not.
 *
 * Locks: two sockets' locks in the order of their addresses.
 */
#include "kernel/cred.h"
#include "kernel/task.h"
#include "net/unix.h"
#include "vfs/poll.h"

int
unix_listen(struct task *t, struct socket *sock, int backlog)
{
	struct unix_sock *u = unix_sk(sock);
	struct cred *old = NULL;
	int err = 0;

	if ((unsigned int)backlog > READ_ONCE(t->k->net->somaxconn))
		backlog = (int)READ_ONCE(t->k->net->somaxconn);
	mutex_lock(&u->lock);
	if (!u->addr) {
		err = -EINVAL;
	} else if (u->state == UNIX_CONNECTED) {
		err = -EINVAL;
	} else {
		u->backlog = (uint32_t)backlog;
		u->state = UNIX_LISTENING;
		u->creds = unix_current_creds(t);
		u->peer_creds = u->creds;
		old = u->peer_cred;
		u->peer_cred = get_cred(t->cred);
	}
	mutex_unlock(&u->lock);
	if (old)
		put_cred(old);
	if (!err)
		__wake_up(&u->peer_wait, 0, 0);
	return err;
}

static bool
backlog_full(const struct unix_sock *l)
{
	return READ_ONCE(l->qlen) > READ_ONCE(l->backlog);
}

/* Wait until the listener has room, or is none any more. */
static int
wait_backlog(struct task *t, struct unix_sock *l, int64_t deadline, int64_t timeo)
{
	struct wait_queue_entry we;
	int err = 0;

	if (deadline == 0)
		return -EAGAIN;
	init_wait(&we, t);
	for (;;) {
		prepare_to_wait_exclusive(&l->peer_wait, &we, TASK_INTERRUPTIBLE);
		if (!backlog_full(l) || READ_ONCE(l->dead) || (READ_ONCE(l->shutdown) & RCV_SHUTDOWN))
			break;
		if (signal_pending(t)) {
			err = sock_intr_errno(timeo);
			break;
		}
		if (schedule_until(t, deadline) == -ETIME) {
			err = -EAGAIN;
			break;
		}
	}
	finish_wait(&l->peer_wait, &we);
	return err;
}

/* Join @u, @embryo and the listener's queue. 0, -EAGAIN: the backlog is full, or an error of connect(2). */
static int
try_connect(struct unix_sock *u, struct unix_sock *l, struct unix_sock *embryo, struct unix_skb *skb, struct task *t) __no_thread_safety
{
	int err = 0;

	if (u == l)
		return READ_ONCE(u->state) == UNIX_LISTENING ? -EINVAL : -ECONNREFUSED;
	mutex_lock(u < l ? &u->lock : &l->lock);
	mutex_lock_nested(u < l ? &l->lock : &u->lock);
	if (l->dead || l->state != UNIX_LISTENING || (l->shutdown & RCV_SHUTDOWN))
		err = -ECONNREFUSED;
	else if (backlog_full(l))
		err = -EAGAIN;
	else if (u->state == UNIX_CONNECTED)
		err = -EISCONN;
	else if (u->state == UNIX_LISTENING)
		err = -EINVAL;
	if (err)
		goto unlock;
	unix_get(u);
	unix_get(embryo);
	embryo->peer = u;
	u->peer = embryo;
	embryo->state = u->state = UNIX_CONNECTED;
	embryo->peer_creds = unix_current_creds(t);
	embryo->peer_cred = get_cred(t->cred);
	u->peer_creds = l->peer_creds;
	u->peer_cred = get_cred(l->peer_cred);
	if (l->addr) {
		refcount_inc(&l->addr->refs);
		__atomic_store_n(&embryo->addr, l->addr, __ATOMIC_RELEASE);
	}
	skb->embryo = embryo;
	list_add_tail(&skb->list, &l->queue);
	l->qlen++;
unlock:
	mutex_unlock(&u->lock);
	mutex_unlock(&l->lock);
	return err;
}

/* A listener by its name, and a place in its queue. */
static int
connect_to(struct task *t, struct unix_sock *u, const struct unix_address *name, int64_t deadline, struct unix_sock *embryo,
	   struct unix_skb *skb)
{
	int err;

	for (;;) {
		struct unix_sock *l = unix_find_other(t, name, u->type);

		if (IS_ERR(l))
			return (int)PTR_ERR(l);
		err = try_connect(u, l, embryo, skb, t);
		if (!err)
			unix_wake(l, K_POLLIN | K_POLLRDNORM);
		else if (err == -EAGAIN)
			err = wait_backlog(t, l, deadline, u->o.sndtimeo) ?: 1;
		unix_put(t, l);
		if (err <= 0)
			return err;
	}
}

int
unix_stream_connect(struct task *t, struct socket *sock, const char *addr, int len, bool nonblock)
{
	struct unix_sock *u = unix_sk(sock), *embryo;
	struct unix_address name;
	struct unix_skb *skb;
	int err;

	err = unix_mkname(addr, len, &name);
	if (err < 0)
		return err;
	if (u->o.passcred) {
		err = unix_autobind(t, u);
		if (err)
			return err;
	}
	embryo = unix_alloc(t, u->type);
	skb = embryo ? unix_skb_alloc(t->k, 0) : NULL;
	if (!skb) {
		unix_put(t, embryo);
		return -ENOMEM;
	}
	err = connect_to(t, u, &name, sock_deadline(u->o.sndtimeo, nonblock), embryo, skb);
	if (err) {
		unix_skb_free(t, t->k, skb);
		unix_put(t, embryo);
	}
	return err;
}

int
unix_dgram_connect(struct task *t, struct socket *sock, const char *addr, int len, bool nonblock)
{
	struct unix_sock *u = unix_sk(sock), *other = NULL, *old;
	struct unix_address name;
	uint16_t family;
	int err;

	if (len < 2)
		return -EINVAL;
	memcpy(&family, addr, sizeof(family));
	if (family != AF_UNSPEC) {
		err = unix_mkname(addr, len, &name);
		if (err < 0)
			return err;
		if (u->o.passcred) {
			err = unix_autobind(t, u);
			if (err)
				return err;
		}
		other = unix_find_other(t, &name, u->type);
		if (IS_ERR(other))
			return (int)PTR_ERR(other);
		/* Who is connected itself takes messages of its peer only. */
		if (other != u && READ_ONCE(other->peer) && READ_ONCE(other->peer) != u) {
			unix_put(t, other);
			return -EPERM;
		}
	}
	mutex_lock(&u->lock);
	old = u->peer;
	u->peer = other;
	u->state = other ? UNIX_CONNECTED : UNIX_CLOSED;
	u->peer_creds = other ? other->creds : (struct unix_creds){ 0 };
	mutex_unlock(&u->lock);
	if (old) {
		__wake_up(&old->peer_wait, 0, K_POLLOUT | K_POLLWRNORM | K_POLLWRBAND);
		if (old != other)
			unix_dgram_disconnected(t, u, old);
		unix_put(t, old);
	}
	return 0;
}

static struct unix_skb *
take_connection(struct unix_sock *u)
{
	struct unix_skb *skb = NULL;
	mutex_guard(&u->lock);

	if (!list_empty(&u->queue)) {
		skb = list_first_entry(&u->queue, struct unix_skb, list);
		list_del(&skb->list);
		u->qlen--;
	}
	return skb;
}

static int
wait_connection(struct task *t, struct unix_sock *u, struct unix_skb **skb, int64_t deadline)
{
	struct wait_queue_entry we;
	int err = 0;

	init_wait_key(&we, t, K_POLLIN);
	for (;;) {
		prepare_to_wait_exclusive(&u->wq, &we, TASK_INTERRUPTIBLE);
		*skb = take_connection(u);
		if (*skb)
			break;
		if (READ_ONCE(u->shutdown) & RCV_SHUTDOWN)
			err = -EINVAL;
		else if (deadline == 0)
			err = -EAGAIN;
		else if (signal_pending(t))
			err = sock_intr_errno(u->o.rcvtimeo);
		if (err)
			break;
		if (schedule_until(t, deadline) == -ETIME)
			deadline = 0;
	}
	finish_wait(&u->wq, &we);
	return err;
}

int
unix_accept(struct task *t, struct socket *sock, struct socket *fresh, bool nonblock)
{
	struct unix_sock *u = unix_sk(sock);
	struct unix_skb *skb;
	int err;

	if (READ_ONCE(u->state) != UNIX_LISTENING)
		return -EINVAL;
	err = wait_connection(t, u, &skb, sock_deadline(u->o.rcvtimeo, nonblock));
	if (err)
		return err;
	wake_up(&u->peer_wait);
	/* The queue's reference becomes the new socket's. */
	fresh->sk = skb->embryo;
	unix_set_socket(skb->embryo, fresh);
	skb->embryo = NULL;
	unix_skb_free(t, t->k, skb);
	return 0;
}
