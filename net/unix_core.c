/* SPDX-License-Identifier: MIT
 *
 * Unix sockets: life and death, pairs, names asked for, shutdown.
 *
 * A struct unix_sock is counted: by its struct socket (until unix_release()), by its peer, by messages it sent that nobody has
 * taken, and by a listener's queue (a connection not accepted yet). Names do not count: a bound socket leaves the table of names
 * when it is released.
 *
 * Locks: u->iolock (RANK_PIPE, one reader, held over copies); u->lock (RANK_TASK, short; two of them in address order); names'
 * lock, wait queues. A sender copies from its program before it takes any lock.
 * Left out: sockets sent through each other in a circle and then closed are never collected; out of band data.
 */
#include "kernel/cred.h"
#include "kernel/task.h"
#include "net/unix.h"
#include "vfs/fdtable.h"
#include "vfs/namei.h"
#include "vfs/poll.h"

int
unix_init(struct kernel *k)
{
	struct unix_net *un = kzalloc(k, sizeof(*un));

	if (!un)
		return -ENOMEM;
	mutex_init(&un->lock, RANK_LEAF);
	INIT_LIST_HEAD(&un->all);
	for (unsigned int i = 0; i < UNIX_HASH; i++)
		INIT_LIST_HEAD(&un->names[i]);
	kmem_cache_init(k, &un->socks, "unix_sock", sizeof(struct unix_sock), 64);
	un->max_dgram_qlen = UNIX_MAX_DGRAM_QLEN;
	k->net->un = un;
	return 0;
}

struct unix_creds
unix_current_creds(struct task *t)
{
	return (struct unix_creds){ .pid = t->tgid, .uid = t->cred->euid, .gid = t->cred->egid };
}

struct unix_sock *
unix_alloc(struct task *t, int type)
{
	struct unix_sock *u = kmem_cache_zalloc(&t->k->net->un->socks);

	if (!u)
		return NULL;
	refcount_set(&u->refs, 1);
	u->k = t->k;
	u->type = type;
	mutex_init(&u->lock, RANK_TASK);
	mutex_init(&u->iolock, RANK_PIPE);
	INIT_LIST_HEAD(&u->hash);
	INIT_LIST_HEAD(&u->queue);
	init_waitqueue_head(&u->wq);
	init_waitqueue_head(&u->peer_wait);
	fasync_init(&u->fasync);
	sock_opts_init(&u->o);
	u->backlog = t->k->net->un->max_dgram_qlen;
	u->creds = unix_current_creds(t);
	mutex_lock(&t->k->net->un->lock);
	list_add_tail(&u->all, &t->k->net->un->all);
	mutex_unlock(&t->k->net->un->lock);
	return u;
}

void
unix_get(struct unix_sock *u)
{
	refcount_inc(&u->refs);
}

void
unix_put(struct task *t, struct unix_sock *u)
{
	if (!u || !refcount_dec_and_test(&u->refs))
		return;
	mutex_lock(&u->k->net->un->lock);
	list_del(&u->all);
	mutex_unlock(&u->k->net->un->lock);
	unix_address_put(u->k, u->addr);
	if (u->inode)
		iput(u->inode);
	if (u->peer_cred)
		put_cred(u->peer_cred);
	kmem_cache_free(&u->k->net->un->socks, u);
}

int
unix_create(struct task *t, struct socket *sock, int type, int protocol)
{
	if (protocol && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	switch (type) {
	case SOCK_STREAM:
		sock->ops = &unix_stream_ops;
		break;
	case SOCK_RAW:
		type = SOCK_DGRAM;
		sock->type = SOCK_DGRAM;
		__attribute__((fallthrough));
	case SOCK_DGRAM:
		sock->ops = &unix_dgram_ops;
		break;
	case SOCK_SEQPACKET:
		sock->ops = &unix_seqpacket_ops;
		break;
	default:
		return -ESOCKTNOSUPPORT;
	}
	sock->sk = unix_alloc(t, type);
	if (!sock->sk)
		return -ENOMEM;
	unix_set_socket(unix_sk(sock), sock);
	return 0;
}

int
unix_socketpair(struct task *t, struct socket *a, struct socket *b)
{
	struct unix_sock *ua = unix_sk(a), *ub = unix_sk(b);

	unix_get(ua);
	unix_get(ub);
	ua->peer = ub;
	ub->peer = ua;
	ua->peer_creds = ub->peer_creds = unix_current_creds(t);
	ua->peer_cred = get_cred(t->cred);
	ub->peer_cred = get_cred(t->cred);
	if (ua->type != SOCK_DGRAM)
		ua->state = ub->state = UNIX_CONNECTED;
	return 0;
}

struct unix_sock *
unix_peer_get(struct unix_sock *u)
{
	struct unix_sock *peer;

	mutex_lock(&u->lock);
	peer = u->peer;
	if (peer)
		unix_get(peer);
	mutex_unlock(&u->lock);
	return peer;
}

/* Empty a queue: data is dropped, connections not accepted are reset. */
static bool
drain_queue(struct task *t, struct unix_sock *u)
{
	struct list_head gone;
	bool any;

	INIT_LIST_HEAD(&gone);
	mutex_lock(&u->iolock); /* a reader is at the first message */
	mutex_lock(&u->lock);
	list_splice_tail_init(&u->queue, &gone);
	u->qlen = 0;
	u->qbytes = 0;
	mutex_unlock(&u->lock);
	mutex_unlock(&u->iolock);
	any = !list_empty(&gone);
	while (!list_empty(&gone)) {
		struct unix_skb *skb = list_first_entry(&gone, struct unix_skb, list);

		list_del(&skb->list);
		unix_skb_free(t, u->k, skb);
	}
	return any;
}

void
unix_dgram_disconnected(struct task *t, struct unix_sock *u, struct unix_sock *other)
{
	bool told;

	if (!drain_queue(t, u))
		return;
	__wake_up(&u->peer_wait, 0, K_POLLOUT | K_POLLWRNORM | K_POLLWRBAND);
	mutex_lock(&other->lock);
	told = !other->dead && other->peer == u;
	if (told)
		__atomic_store_n(&other->err, ECONNRESET, __ATOMIC_SEQ_CST);
	mutex_unlock(&other->lock);
	if (told) {
		unix_wake(other, 0);
		kill_fasync(other->k, &other->fasync, FASYNC_ERR);
	}
}

/* Tell a connected peer that we are gone; @reset: it had sent what we never read. */
static void
abandon_peer(struct unix_sock *u, struct unix_sock *peer, bool reset)
{
	bool connected;

	mutex_lock(&peer->lock);
	connected = u->type != SOCK_DGRAM;
	if (connected) {
		__atomic_store_n(&peer->shutdown, SHUTDOWN_MASK, __ATOMIC_SEQ_CST);
		if (reset)
			__atomic_store_n(&peer->err, ECONNRESET, __ATOMIC_SEQ_CST);
	}
	mutex_unlock(&peer->lock);
	if (connected) {
		unix_wake(peer, 0);
		kill_fasync(peer->k, &peer->fasync, FASYNC_HUP);
	}
}

/* The end of @u as somebody's socket. */
static void
unix_release_sock(struct task *t, struct unix_sock *u, bool embryo)
{
	struct unix_sock *peer;
	bool unread;

	unix_unbind(t, u);
	unix_relay_end(t, u);
	mutex_lock(&u->lock);
	u->dead = true;
	__atomic_store_n(&u->shutdown, SHUTDOWN_MASK, __ATOMIC_SEQ_CST);
	u->state = UNIX_CLOSED;
	peer = u->peer;
	u->peer = NULL;
	unread = !list_empty(&u->queue);
	mutex_unlock(&u->lock);
	unix_wake(u, 0);
	__wake_up(&u->peer_wait, 0, 0);
	if (peer) {
		abandon_peer(u, peer, unread || embryo);
		unix_put(t, peer);
	}
	(void)drain_queue(t, u);
	unix_put(t, u);
}

void
unix_release(struct task *t, struct socket *sock)
{
	struct unix_sock *u = unix_sk(sock);

	sock->sk = NULL;
	if (!u)
		return;
	unix_set_socket(u, NULL);
	unix_release_sock(t, u, false);
}

/*
 * Files that go with a message nobody received may be sockets with such messages of their own, and so on without end: they are
 * put one after another by whoever came first, never one inside the other.
 */
void
scm_fp_put(struct task *t, struct kernel *k, struct scm_fp *fp)
{
	struct unix_net *un = k->net->un;
	bool first;

	if (!fp)
		return;
	if (fp->cred) {
		__atomic_sub_fetch(&fp->cred->user->unix_inflight, fp->n, __ATOMIC_RELAXED);
		put_cred(fp->cred);
	}
	mutex_lock(&un->lock);
	fp->next = un->gone;
	un->gone = fp;
	first = !un->putting;
	un->putting = true;
	mutex_unlock(&un->lock);
	while (first) {
		mutex_lock(&un->lock);
		fp = un->gone;
		if (fp)
			un->gone = fp->next;
		else
			first = un->putting = false;
		mutex_unlock(&un->lock);
		for (unsigned int i = 0; fp && i < fp->n; i++)
			fput(t, fp->files[i]);
		kfree(k, fp);
	}
}

void
unix_write_space(struct unix_sock *u)
{
	__wake_up(&u->wq, 0, K_POLLOUT | K_POLLWRNORM | K_POLLWRBAND);
	if (READ_ONCE(u->async_nospace) && unix_writable(u) && __atomic_exchange_n(&u->async_nospace, false, __ATOMIC_SEQ_CST))
		kill_fasync(u->k, &u->fasync, FASYNC_OUT);
}

void
unix_skb_free(struct task *t, struct kernel *k, struct unix_skb *skb)
{
	struct unix_sock *owner = skb->owner;

	scm_fp_put(t, k, skb->fp);
	unix_address_put(k, skb->addr);
	if (skb->embryo)
		unix_release_sock(t, skb->embryo, true);
	if (owner) {
		uint32_t left = __atomic_sub_fetch(&owner->wmem, skb->truesize, __ATOMIC_SEQ_CST);

		if (left * 4 <= owner->o.sndbuf || left < owner->o.sndbuf)
			unix_write_space(owner);
		unix_put(t, owner);
	}
	kfree(k, skb);
}

struct unix_skb *
unix_skb_alloc(struct kernel *k, size_t len)
{
	struct unix_skb *skb = kmalloc(k, sizeof(*skb) + len);

	if (!skb)
		return NULL;
	memset(skb, 0, sizeof(*skb));
	skb->len = (uint32_t)len;
	/* What Linux charges for a buffer of this size: itself, its descriptor and its shared info, in the slab's sizes. */
	skb->truesize = (uint32_t)ALIGN_UP(len + 320, (size_t)256) + 256;
	return skb;
}

void
unix_skb_charge(struct unix_sock *u, struct unix_skb *skb)
{
	unix_get(u);
	skb->owner = u;
	__atomic_add_fetch(&u->wmem, skb->truesize, __ATOMIC_SEQ_CST);
}

bool
unix_writable(const struct unix_sock *u)
{
	return (uint64_t)__atomic_load_n(&u->wmem, __ATOMIC_SEQ_CST) * 4 <= u->o.sndbuf;
}

int
unix_getname(struct task *t, struct socket *sock, char *addr, int peer)
{
	struct unix_sock *u = unix_sk(sock);
	int len = 2;

	if (peer) {
		u = unix_peer_get(u);
		if (!u)
			return -ENOTCONN;
	}
	addr[0] = AF_UNIX;
	addr[1] = 0;
	mutex_lock(&u->lock);
	if (u->addr) {
		len = u->addr->len;
		memcpy(addr, u->addr->name, (size_t)len);
	}
	mutex_unlock(&u->lock);
	if (peer)
		unix_put(t, u);
	return len;
}

int
unix_shutdown(struct task *t, struct socket *sock, int how)
{
	struct unix_sock *u = unix_sk(sock), *peer;
	uint32_t mode, other = 0;

	if (how < 0 || how > 2)
		return -EINVAL;
	mode = (uint32_t)how + 1;
	mutex_lock(&u->lock);
	__atomic_or_fetch(&u->shutdown, mode, __ATOMIC_SEQ_CST);
	peer = u->peer;
	if (peer)
		unix_get(peer);
	mutex_unlock(&u->lock);
	if (peer && u->type != SOCK_DGRAM) {
		if (mode & RCV_SHUTDOWN)
			other |= SEND_SHUTDOWN;
		if (mode & SEND_SHUTDOWN)
			other |= RCV_SHUTDOWN;
		__atomic_or_fetch(&peer->shutdown, other, __ATOMIC_SEQ_CST);
		unix_wake(peer, 0);
		if (other == SHUTDOWN_MASK)
			kill_fasync(peer->k, &peer->fasync, FASYNC_HUP);
		else if (other & RCV_SHUTDOWN)
			kill_fasync(peer->k, &peer->fasync, FASYNC_IN);
	}
	unix_wake(u, 0);
	unix_put(t, peer);
	return 0;
}

const struct proto_ops unix_stream_ops = {
	.family = AF_UNIX,
	.release = unix_release,
	.bind = unix_bind,
	.connect = unix_stream_connect,
	.listen = unix_listen,
	.accept = unix_accept,
	.getname = unix_getname,
	.shutdown = unix_shutdown,
	.setsockopt = unix_setsockopt,
	.getsockopt = unix_getsockopt,
	.sendmsg = unix_stream_sendmsg,
	.recvmsg = unix_stream_recvmsg,
	.poll = unix_poll,
	.ioctl = unix_ioctl,
	.fasync = unix_fasync,
};

const struct proto_ops unix_seqpacket_ops = {
	.family = AF_UNIX,
	.release = unix_release,
	.bind = unix_bind,
	.connect = unix_stream_connect,
	.listen = unix_listen,
	.accept = unix_accept,
	.getname = unix_getname,
	.shutdown = unix_shutdown,
	.setsockopt = unix_setsockopt,
	.getsockopt = unix_getsockopt,
	.sendmsg = unix_seqpacket_sendmsg,
	.recvmsg = unix_seqpacket_recvmsg,
	.poll = unix_dgram_poll,
	.ioctl = unix_ioctl,
	.fasync = unix_fasync,
};

const struct proto_ops unix_dgram_ops = {
	.family = AF_UNIX,
	.release = unix_release,
	.bind = unix_bind,
	.connect = unix_dgram_connect,
	.getname = unix_getname,
	.shutdown = unix_shutdown,
	.setsockopt = unix_setsockopt,
	.getsockopt = unix_getsockopt,
	.sendmsg = unix_dgram_sendmsg,
	.recvmsg = unix_dgram_recvmsg,
	.poll = unix_dgram_poll,
	.ioctl = unix_ioctl,
	.fasync = unix_fasync,
};
