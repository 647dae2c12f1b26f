/* SPDX-License-Identifier: MIT
 *
 * Connections: connect, listen, accept, shutdown, close, reset. tcp(7).
 *
 * connect makes the other end, the *child*, and puts it into the listener's queue; both are established from then on. While that
 * queue is full the socket waits in the listener's list of pending ones, as if its SYN were dropped and sent again; accept lets
 * the next one in. What a FIN or a reset does is done to both ends at once, so the states in between (SYN_RECV, FIN_WAIT1,
 * LAST_ACK, CLOSING) are never seen. A socket that connects to its own place is its own peer. TIME_WAIT is an entry in the table of ports, the socket itself is closed.
 *
 * Locks: two sockets' locks in the order of their addresses. sk->node of a pending socket is under its listener's lock; it is on the
 * list of sk->listener or on none. sk->sendlock is held over a beginning (connect, listen) and a disconnect.
 * Left out: TCP_DEFER_ACCEPT is kept, and connections are given out at once.
 */
#include "kernel/cred.h"
#include "kernel/task.h"
#include "net/inet.h"

static void
lock_pair(struct inet_sock *a, struct inet_sock *b) __no_thread_safety
{
	mutex_lock(a < b ? &a->lock : &b->lock);
	if (a != b) /* else connected to itself */
		mutex_lock_nested(a < b ? &b->lock : &a->lock);
}

static void
unlock_pair(struct inet_sock *a, struct inet_sock *b) __no_thread_safety
{
	mutex_unlock(&a->lock);
	if (a != b)
		mutex_unlock(&b->lock);
}

static bool
is_connected(enum tcp_state state)
{
	return state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT || state == TCP_FIN_WAIT2;
}

static struct inet_sock *
get_peer(struct inet_sock *sk)
{
	mutex_guard(&sk->lock);

	if (sk->peer)
		inet_get(sk->peer);
	return sk->peer;
}

void
tcp_done(struct inet_sock *sk)
{
	__atomic_store_n(&sk->shutdown, SHUTDOWN_MASK, __ATOMIC_SEQ_CST);
	inet_set_state(sk, TCP_CLOSE);
	tcp_stop_timer(sk);
	if (sk->dead)
		inet_unhash(sk);
}

bool
tcp_reset(struct inet_sock *sk)
{
	if (sk->state == TCP_CLOSE)
		return false;
	__atomic_store_n(&sk->err, sk->state == TCP_CLOSE_WAIT ? EPIPE : ECONNRESET, __ATOMIC_SEQ_CST);
	tcp_done(sk);
	return true;
}

/* What has given up or been reset is told; @told: it was that, and not closed before. */
static void
tell_reset(struct inet_sock *sk, bool told)
{
	inet_wake(sk, 0);
	if (told)
		inet_signal(sk, FASYNC_ERR);
}

void
tcp_reset_both(struct inet_sock *sk, struct inet_sock *peer)
{
	bool told, peer_told = false;

	lock_pair(sk, peer);
	told = tcp_reset(sk);
	if (peer->peer == sk || peer->dead) /* else it has another connection by now */
		peer_told = tcp_reset(peer);
	unlock_pair(sk, peer);
	tell_reset(sk, told);
	tell_reset(peer, peer_told);
}

/* @sk sends its FIN. Both locks are held. Return: how @peer is told (tell_fin()), 0: it had it. */
static enum fasync_code
send_fin(struct inet_sock *sk, struct inet_sock *peer)
{
	switch (sk->state) {
	case TCP_ESTABLISHED:
		if (peer == sk) { /* as if both closed at the same time */
			inet_time_wait(sk);
			sk->done = true;
			tcp_done(sk);
			return FASYNC_HUP;
		}
		inet_set_state(sk, TCP_FIN_WAIT2);
		inet_set_state(peer, TCP_CLOSE_WAIT);
		peer->done = true;
		return __atomic_or_fetch(&peer->shutdown, RCV_SHUTDOWN, __ATOMIC_SEQ_CST) == SHUTDOWN_MASK ? FASYNC_HUP : FASYNC_IN;
	case TCP_CLOSE_WAIT:
		tcp_done(sk);
		if (peer->state == TCP_CLOSE) /* it did not wait so long */
			return 0;
		inet_time_wait(peer);
		peer->done = true;
		tcp_done(peer);
		return FASYNC_HUP;
	default:
		return 0;
	}
}

/* As Linux does: the end, and then something to read. */
static void
tell_fin(struct inet_sock *peer, enum fasync_code code)
{
	inet_wake(peer, 0);
	if (!code)
		return;
	inet_signal(peer, code);
	inet_signal(peer, FASYNC_IN);
}

/* ---- connect ---- */

/* The two ends find each other. Locks of @sk and @l are held. */
static void
establish(struct inet_sock *sk, struct inet_sock *l, struct inet_sock *child)
{
	child->uid = l->uid;
	child->v6only = l->v6only;
	child->o = l->o;
	child->io = l->io;
	child->to = l->to;
	child->b.addr = sk->b.raddr;
	child->b.port = sk->b.rport;
	child->b.raddr = sk->b.addr;
	child->b.rport = sk->b.port;
	child->b.state = child->state = TCP_ESTABLISHED;
	child->ss = SS_CONNECTED;
	if (!child->o.sndbuf_set)
		child->o.sndbuf = TCP_LO_SNDBUF;
	if (!sk->o.sndbuf_set)
		sk->o.sndbuf = TCP_LO_SNDBUF;
	inet_get(sk);
	inet_get(child);
	child->peer = sk;
	sk->peer = child;
	inet_hash_child(child);
	list_add_tail(&child->node, &l->accept); /* with the first reference */
	l->nr_accept++;
	tcp_stop_timer(sk);
	inet_set_state(sk, TCP_ESTABLISHED);
}

static bool
accept_full(const struct inet_sock *l)
{
	return l->nr_accept > l->backlog;
}

/* Out of the listener's list. Both locks are held. True: the list's reference is the caller's. */
static bool
leave_pending(struct inet_sock *sk)
{
	if (list_empty(&sk->node))
		return false;
	list_del_init(&sk->node);
	return true;
}

void
tcp_fail_connect(struct inet_sock *sk, int err) __no_thread_safety
{
	struct inet_sock *l;
	bool was = false, told = false;

	mutex_lock(&sk->lock);
	l = sk->listener;
	if (l)
		inet_get(l);
	mutex_unlock(&sk->lock);
	if (l)
		lock_pair(sk, l);
	else
		mutex_lock(&sk->lock);
	if (l && sk->listener == l) {
		sk->listener = NULL;
		was = true;
		if (leave_pending(sk))
			inet_put(sk);
	}
	if (sk->state == TCP_SYN_SENT) {
		__atomic_store_n(&sk->err, err, __ATOMIC_SEQ_CST);
		tcp_done(sk);
		told = true;
	}
	mutex_unlock(&sk->lock);
	if (l) {
		mutex_unlock(&l->lock);
		if (was)
			inet_put(l);
		inet_put(l);
	}
	tell_reset(sk, told);
}

/*
 * Lets @sk into the listener, or into its list; the child is used up. @waited: @sk was taken off that list, and may have given up or
 * begun anew since; its listener tells. 0, or -ECONNREFUSED.
 */
static int
join(struct inet_sock *sk, struct inet_sock *l, struct inet_sock *child, bool waited)
{
	bool joined = false, was = false;
	int err = 0;

	lock_pair(sk, l);
	if (sk->listener == l) {
		was = true;
		sk->listener = NULL;
		if (leave_pending(sk)) /* begun anew */
			inet_put(sk);
	}
	if (sk->state != TCP_SYN_SENT || was != waited || sk->listener) {
		err = 0; /* given up meanwhile */
	} else if (l->state != TCP_LISTEN || !child) {
		err = -ECONNREFUSED;
	} else if (accept_full(l)) {
		inet_get(sk);
		inet_get(l);
		sk->listener = l;
		list_add_tail(&sk->node, &l->pending);
		tcp_start_timer(sk, sk->syn_deadline);
	} else {
		establish(sk, l, child);
		joined = true;
	}
	unlock_pair(sk, l);
	if (was)
		inet_put(l); /* the caller has a reference, too */
	if (!joined) {
		inet_put(child);
		return err;
	}
	inet_wake(sk, K_POLLOUT | K_POLLWRNORM | K_POLLWRBAND);
	inet_wake(l, K_POLLIN | K_POLLRDNORM);
	return 0;
}

/* There is room: let in who waits. */
static void
admit_pending(struct inet_sock *l)
{
	for (;;) {
		struct inet_sock *sk = NULL;

		mutex_lock(&l->lock);
		if (l->state == TCP_LISTEN && !accept_full(l) && !list_empty(&l->pending)) {
			sk = list_first_entry(&l->pending, struct inet_sock, node);
			list_del_init(&sk->node); /* its reference is ours */
		}
		mutex_unlock(&l->lock);
		if (!sk)
			return;
		if (join(sk, l, inet_alloc(l->k, l->family, l->type), true))
			tcp_fail_connect(sk, ECONNREFUSED);
		inet_put(sk);
	}
}

/* The SYN comes to the socket that sent it, as if two opened to each other at the same time. */
static void
join_itself(struct inet_sock *sk)
{
	mutex_lock(&sk->lock);
	if (sk->state == TCP_SYN_SENT) {
		if (!sk->o.sndbuf_set)
			sk->o.sndbuf = TCP_LO_SNDBUF;
		inet_get(sk);
		sk->peer = sk;
		inet_set_state(sk, TCP_ESTABLISHED);
	}
	mutex_unlock(&sk->lock);
	inet_wake(sk, K_POLLOUT | K_POLLWRNORM | K_POLLWRBAND);
}

/* The SYN leaves. */
static void
send_syn(struct inet_sock *sk)
{
	struct inet_name to = { .addr = sk->b.raddr, .port = sk->b.rport }, from = { .addr = sk->b.addr, .port = sk->b.port };
	struct inet_sock *l;
	int err = -ECONNREFUSED;

	if (to.port == from.port && in16_equal(&to.addr, &from.addr)) {
		join_itself(sk);
		return;
	}
	l = inet_lookup(sk->k, IPPROTO_TCP, &to, &from);
	if (l) {
		err = join(sk, l, inet_alloc(sk->k, l->family, l->type), false);
		inet_put(l);
	}
	if (err)
		tcp_fail_connect(sk, -err);
}

static void
init_stream(struct inet_sock *sk)
{
	sk->done = false;
	sk->sender_waits = false;
	sk->copied_seq = sk->rcv_nxt = 0;
	sk->urg = 0;
	sk->bytes_in = sk->bytes_out = 0;
}

static int
start_connect(struct inet_sock *sk, const char *addr, int len)
{
	struct in16 any = sk->family == AF_INET ? in16_v4(0) : (struct in16){ .w = { 0 } }, from, was;
	struct inet_name to;
	int err = inet_name_get(sk, addr, len, false, &to);

	if (err)
		return err;
	mutex_guard(&sk->lock);
	if (sk->state != TCP_CLOSE || sk->peer || sk->ss != SS_UNCONNECTED)
		return -EISCONN;
	if (!sk->bound_addr)
		sk->b.addr = any;
	was = sk->b.addr;
	if (in16_multicast(&to.addr))
		return -ENETUNREACH;
	err = inet_route(sk, &to.addr, &from);
	if (err)
		return err;
	sk->b.addr = from;
	sk->b.raddr = to.addr;
	sk->b.rport = to.port;
	sk->flowinfo = to.flowinfo;
	err = inet_hash_connect(sk);
	if (err) {
		sk->b.addr = was;
		sk->b.rport = 0;
		return err;
	}
	init_stream(sk);
	sk->ss = SS_CONNECTING;
	sk->syn_deadline = deadline_after(tcp_syn_timeout(sk));
	inet_set_state(sk, TCP_SYN_SENT);
	return 0;
}

int
tcp_wait_connect(struct task *t, struct inet_sock *sk, int64_t deadline)
{
	struct wait_queue_entry we;
	int err = 0;

	if (READ_ONCE(sk->state) != TCP_SYN_SENT)
		return 0;
	init_wait(&we, t);
	for (;;) {
		prepare_to_wait(&sk->wq, &we, TASK_INTERRUPTIBLE);
		if (READ_ONCE(sk->state) != TCP_SYN_SENT)
			break;
		if (deadline == 0 || deadline <= ktime_get())
			err = -EINPROGRESS;
		else if (signal_pending(t))
			err = sock_intr_errno(sk->o.sndtimeo);
		if (err)
			break;
		ignore_err(schedule_until(t, deadline), "looked at above");
	}
	finish_wait(&sk->wq, &we);
	return err;
}

/* What became of it, told once. */
static int
finish_connect(struct inet_sock *sk)
{
	int err = 0;

	mutex_lock(&sk->lock);
	if (sk->state == TCP_CLOSE && !sk->peer) {
		err = inet_error(sk) ?: -ECONNABORTED;
		sk->ss = SS_UNCONNECTED;
		sk->shutdown = 0;
		sk->b.rport = 0;
		if (!sk->bound_port)
			sk->b.port = 0;
	} else {
		sk->ss = SS_CONNECTED;
		err = sk->state == TCP_CLOSE ? inet_error(sk) : 0;
	}
	mutex_unlock(&sk->lock);
	return err;
}

static void
stop_listening(struct inet_sock *l)
{
	struct list_head children;

	INIT_LIST_HEAD(&children);
	mutex_lock(&l->lock);
	list_splice_tail_init(&l->accept, &children);
	l->nr_accept = 0;
	inet_set_state(l, TCP_CLOSE);
	mutex_unlock(&l->lock);
	while (!list_empty(&children)) {
		struct inet_sock *child = list_first_entry(&children, struct inet_sock, node), *peer;
		bool told;

		list_del_init(&child->node);
		peer = child->peer;
		lock_pair(child, peer);
		child->peer = NULL;
		child->dead = true;
		told = tcp_reset(peer);
		tcp_reset(child);
		tcp_purge(child);
		unlock_pair(child, peer);
		tell_reset(peer, told);
		inet_put(peer);
		inet_put(child);
	}
	for (;;) {
		struct inet_sock *sk = NULL;

		mutex_lock(&l->lock);
		if (!list_empty(&l->pending)) {
			sk = list_first_entry(&l->pending, struct inet_sock, node);
			inet_get(sk);
		}
		mutex_unlock(&l->lock);
		if (!sk)
			break;
		tcp_fail_connect(sk, ECONNREFUSED);
		inet_put(sk);
	}
	inet_wake(l, 0);
}

/* Drop the other end. @fin: in good order, unless there is something unread. */
static void
part(struct inet_sock *sk, bool fin)
{
	struct inet_sock *peer = get_peer(sk);
	enum fasync_code code = 0;
	bool told = false;

	if (!peer)
		return;
	lock_pair(sk, peer);
	if (is_connected(sk->state) && (!fin || sk->qbytes)) {
		told = tcp_reset(peer);
		tcp_reset(sk);
	} else {
		code = send_fin(sk, peer);
	}
	__atomic_or_fetch(&sk->shutdown, SHUTDOWN_MASK, __ATOMIC_SEQ_CST);
	told |= tcp_orphan(sk, peer);
	sk->peer = NULL;
	tcp_purge(sk);
	unlock_pair(sk, peer);
	tell_fin(peer, code);
	if (told)
		inet_signal(peer, FASYNC_ERR);
	inet_put(peer); /* ours */
	inet_put(peer); /* the connection's */
}

void
tcp_release(struct task *t, struct inet_sock *sk)
{
	bool linger0 = sk->o.linger[0] && sk->o.linger[1] == 0;

	mutex_lock(&sk->lock);
	sk->dead = true;
	mutex_unlock(&sk->lock);
	if (sk->state == TCP_LISTEN)
		stop_listening(sk);
	else if (sk->state == TCP_SYN_SENT)
		tcp_fail_connect(sk, ECONNRESET);
	tcp_linger(t, sk);
	part(sk, !linger0);
	mutex_lock(&sk->lock);
	if (sk->state == TCP_CLOSE)
		inet_unhash(sk);
	mutex_unlock(&sk->lock);
}

/* connect(2) to AF_UNSPEC, and shutdown(2) of what is not connected. */
static void
disconnect(struct inet_sock *sk)
{
	enum tcp_state was;

	mutex_lock(&sk->iolock);
	mutex_lock_nested(&sk->sendlock);
	was = READ_ONCE(sk->state);
	if (was == TCP_LISTEN)
		stop_listening(sk);
	else if (was == TCP_SYN_SENT)
		tcp_fail_connect(sk, ECONNRESET);
	part(sk, false);
	mutex_lock(&sk->lock);
	tcp_purge(sk);
	init_stream(sk);
	sk->shutdown = 0;
	sk->ss = SS_UNCONNECTED;
	sk->err = was == TCP_SYN_SENT || is_connected(was) ? ECONNRESET : 0;
	inet_set_remote(sk, NULL, NULL);
	mutex_unlock(&sk->lock);
	mutex_unlock(&sk->sendlock);
	mutex_unlock(&sk->iolock);
	inet_wake(sk, 0);
}

int
tcp_connect(struct task *t, struct socket *sock, const char *addr, int len, bool nonblock)
{
	struct inet_sock *sk = inet_sk(sock);
	uint16_t family;
	int err;

	if (len < 2)
		return -EINVAL;
	memcpy(&family, addr, sizeof(family));
	if (family == AF_UNSPEC) {
		disconnect(sk);
		return 0;
	}
	switch (READ_ONCE(sk->ss)) {
	case SS_CONNECTED:
		return -EISCONN;
	case SS_CONNECTING:
		if (nonblock && READ_ONCE(sk->state) == TCP_SYN_SENT)
			return -EALREADY;
		break;
	case SS_UNCONNECTED:
		mutex_lock(&sk->sendlock);
		err = start_connect(sk, addr, len);
		if (!err)
			send_syn(sk);
		mutex_unlock(&sk->sendlock);
		if (err)
			return err;
		if (nonblock)
			return -EINPROGRESS;
		break;
	}
	err = tcp_wait_connect(t, sk, sock_deadline(sk->o.sndtimeo, nonblock));
	return err ? err : finish_connect(sk);
}

int
tcp_listen(struct task *t, struct socket *sock, int backlog)
{
	struct inet_sock *sk = inet_sk(sock);
	int err = 0;

	if ((unsigned int)backlog > READ_ONCE(t->k->net->somaxconn))
		backlog = (int)READ_ONCE(t->k->net->somaxconn);
	mutex_lock(&sk->sendlock);
	mutex_lock(&sk->lock);
	if (sk->state != TCP_LISTEN) {
		if (sk->ss != SS_UNCONNECTED || sk->state != TCP_CLOSE)
			err = -EINVAL;
		else if (!sk->b.port)
			err = inet_autobind(t, sk) ? -EADDRINUSE : 0;
		else
			err = inet_may_listen(sk);
		if (!err) {
			init_stream(sk);
			inet_set_state(sk, TCP_LISTEN);
		}
	}
	if (!err)
		sk->backlog = (uint32_t)backlog;
	mutex_unlock(&sk->lock);
	mutex_unlock(&sk->sendlock);
	if (!err)
		admit_pending(sk);
	return err;
}

static struct inet_sock *
take_child(struct inet_sock *l)
{
	struct inet_sock *child = NULL;
	mutex_guard(&l->lock);

	if (!list_empty(&l->accept)) {
		child = list_first_entry(&l->accept, struct inet_sock, node);
		list_del_init(&child->node);
		l->nr_accept--;
	}
	return child;
}

int
tcp_accept(struct task *t, struct socket *sock, struct socket *fresh, bool nonblock)
{
	struct inet_sock *l = inet_sk(sock), *child = NULL;
	int64_t deadline = sock_deadline(l->o.rcvtimeo, nonblock);
	struct wait_queue_entry we;
	int err = 0;

	init_wait_key(&we, t, K_POLLIN);
	for (;;) {
		prepare_to_wait_exclusive(&l->wq, &we, TASK_INTERRUPTIBLE);
		if (READ_ONCE(l->state) != TCP_LISTEN)
			err = -EINVAL;
		else
			child = take_child(l);
		if (child || err)
			break;
		if (deadline == 0)
			err = -EAGAIN;
		else if (signal_pending(t))
			err = sock_intr_errno(l->o.rcvtimeo);
		if (err)
			break;
		if (schedule_until(t, deadline) == -ETIME)
			deadline = 0;
	}
	finish_wait(&l->wq, &we);
	if (err)
		return err;
	fresh->sk = child; /* with the list's reference */
	inet_set_socket(child, fresh);
	admit_pending(l);
	return 0;
}

int
tcp_shutdown(struct task *t, struct socket *sock, int how)
{
	struct inet_sock *sk = inet_sk(sock), *peer;
	uint32_t mode = (uint32_t)how + 1;
	enum fasync_code code;
	enum tcp_state state = READ_ONCE(sk->state);

	if (how < 0 || how > 2)
		return -EINVAL;
	if (state == TCP_SYN_SENT || (state == TCP_LISTEN && (mode & RCV_SHUTDOWN))) {
		disconnect(sk);
		return 0;
	}
	__atomic_or_fetch(&sk->shutdown, mode, __ATOMIC_SEQ_CST);
	peer = get_peer(sk);
	if (peer && (mode & SEND_SHUTDOWN)) {
		lock_pair(sk, peer);
		code = send_fin(sk, peer);
		unlock_pair(sk, peer);
		tell_fin(peer, code);
	}
	inet_put(peer);
	inet_wake(sk, 0);
	return state == TCP_CLOSE ? -ENOTCONN : 0;
}
