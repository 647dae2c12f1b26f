/* SPDX-License-Identifier: MIT
 *
 * Options, readiness and ioctls of unix sockets: socket(7), unix(7).
 *
 * Options that mean nothing to a unix socket (SO_KEEPALIVE and the like) are remembered and given back, as Linux does.
 */
#include <asm/ioctls.h>
#include <asm/socket.h>
#include <asm/sockios.h>
#include <linux/capability.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "net/unix.h"
#include "vfs/poll.h"

/* Options that only this family has, as ints. */
static int
set_own(struct unix_sock *u, int name, int v)
{
	switch (name) {
	case SO_PASSCRED:
		u->o.passcred = v != 0;
		return 0;
	case SO_PEEK_OFF:
		u->o.peek_off = MAX(v, -1);
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

int
unix_setsockopt(struct task *t, struct socket *sock, int level, int name, uaddr_t val, int len)
{
	struct unix_sock *u = unix_sk(sock);
	uint32_t v;
	int err;

	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	err = sock_opts_set(t, &u->o, name, val, len);
	if (err == -ENOPROTOOPT)
		err = get_user_u32(t, &v, val) ? -EFAULT : set_own(u, name, (int)v);
	if (name == SO_SNDBUF && !err)
		unix_write_space(u);
	return err;
}

/* The value of an option that is an int. */
static int
get_own(struct socket *sock, struct unix_sock *u, int name, int *v)
{
	switch (name) {
	case SO_TYPE:
		*v = sock->type;
		return 0;
	case SO_DOMAIN:
		*v = AF_UNIX;
		return 0;
	case SO_PROTOCOL:
		*v = sock->protocol;
		return 0;
	case SO_ERROR:
		*v = __atomic_exchange_n(&u->err, 0, __ATOMIC_SEQ_CST);
		return 0;
	case SO_ACCEPTCONN:
		*v = u->state == UNIX_LISTENING;
		return 0;
	case SO_PASSCRED:
		*v = u->o.passcred;
		return 0;
	case SO_PEEK_OFF:
		*v = u->o.peek_off;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int
get_peergroups(struct task *t, struct unix_sock *u, uaddr_t val, uaddr_t ulen, uint32_t room)
{
	const struct group_info *g;
	struct cred *cred;
	uint32_t n;
	int err;

	mutex_lock(&u->lock); /* listen(2) puts others in their place */
	cred = u->peer_cred ? get_cred(u->peer_cred) : NULL;
	mutex_unlock(&u->lock);
	if (!cred)
		return -ENODATA;
	g = cred->group_info;
	n = g->ngroups * (uint32_t)sizeof(g->gid[0]);
	if (room < n)
		err = put_user_u32(t, n, ulen) ? -EFAULT : -ERANGE;
	else
		err = sock_put_opt(t, val, ulen, room, g->gid, n);
	put_cred(cred);
	return err;
}

int
unix_getsockopt(struct task *t, struct socket *sock, int level, int name, uaddr_t val, uaddr_t ulen)
{
	struct unix_sock *u = unix_sk(sock);
	struct unix_creds creds;
	uint64_t cookie;
	uint32_t room;
	int v, err;

	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (get_user_u32(t, &room, ulen))
		return -EFAULT;
	if ((int)room < 0)
		return -EINVAL;
	switch (name) {
	case SO_PEERCRED:
		creds = u->peer_cred || u->peer_creds.pid ? u->peer_creds : (struct unix_creds){ 0, (uint32_t)-1, (uint32_t)-1 };
		return sock_put_opt(t, val, ulen, room, &creds, sizeof(creds));
	case SO_PEERGROUPS:
		return get_peergroups(t, u, val, ulen, room);
	case SO_COOKIE:
		if (room < sizeof(cookie))
			return -EINVAL;
		cookie = (uint64_t)(uintptr_t)u >> 6;
		return sock_put_opt(t, val, ulen, room, &cookie, sizeof(cookie));
	case SO_PEERNAME: {
		char addr[SOCK_ADDR_MAX];

		v = unix_getname(t, sock, addr, true);
		if (v < 0)
			return -ENOTCONN;
		return (uint32_t)v < room ? -EINVAL : sock_put_opt(t, val, ulen, room, addr, room);
	}
	default:
		err = sock_opts_get(t, &u->o, name, val, ulen, room);
		if (err != -ENOPROTOOPT)
			return err;
		err = get_own(sock, u, name, &v);
		return err ? err : sock_put_opt(t, val, ulen, room, &v, sizeof(v));
	}
}

static uint32_t
read_mask(struct unix_sock *u)
{
	uint32_t mask = 0, shutdown = __atomic_load_n(&u->shutdown, __ATOMIC_SEQ_CST);

	if (READ_ONCE(u->err))
		mask |= K_POLLERR;
	if (shutdown == SHUTDOWN_MASK)
		mask |= K_POLLHUP;
	if (shutdown & RCV_SHUTDOWN)
		mask |= K_POLLRDHUP | K_POLLIN | K_POLLRDNORM;
	if (READ_ONCE(u->qlen))
		mask |= K_POLLIN | K_POLLRDNORM;
	if (u->type != SOCK_DGRAM && READ_ONCE(u->state) == UNIX_CLOSED)
		mask |= K_POLLHUP;
	return mask;
}

uint32_t
unix_poll(struct task *t, struct file *file, struct socket *sock, struct poll_table *pt)
{
	struct unix_sock *u = unix_sk(sock);
	uint32_t mask;

	poll_wait(file, &u->wq, pt);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	mask = read_mask(u);
	if (!unix_writable(u))
		unix_no_space(u);
	if (READ_ONCE(u->state) != UNIX_LISTENING && unix_writable(u))
		mask |= K_POLLOUT | K_POLLWRNORM | K_POLLWRBAND;
	return mask;
}

/* The receiver's queue has room: tell who polls the sender. Under the receiver's peer_wait lock. */
static int
relay_wake(struct wait_queue_entry *e, uint32_t key)
{
	struct unix_sock *u = container_of(e, struct unix_sock, relay);

	list_del_init(&e->entry);
	__wake_up(&u->wq, 0, K_POLLOUT | K_POLLWRNORM | K_POLLWRBAND);
	return 0;
}

/* Have the next room in @peer's queue wake our own. */
static void
relay_from(struct task *t, struct unix_sock *u, struct unix_sock *peer)
{
	struct unix_sock *old = NULL;

	mutex_lock(&u->lock);
	if (u->relay_on != peer) {
		old = u->relay_on;
		if (old)
			remove_wait_queue(&old->peer_wait, &u->relay);
		unix_get(peer);
		u->relay_on = peer;
		init_wait(&u->relay, NULL);
		u->relay.func = relay_wake;
	}
	/* If it is firing just now, the poller is being woken and comes back here. */
	if (list_empty(&u->relay.entry))
		add_wait_queue(&peer->peer_wait, &u->relay);
	mutex_unlock(&u->lock);
	unix_put(t, old);
}

void
unix_relay_end(struct task *t, struct unix_sock *u)
{
	struct unix_sock *old;

	mutex_lock(&u->lock);
	old = u->relay_on;
	u->relay_on = NULL;
	if (old)
		remove_wait_queue(&old->peer_wait, &u->relay);
	mutex_unlock(&u->lock);
	unix_put(t, old);
}

/*
 * A datagram sender that is connected one way is writable only while the receiver's queue has room. The receiver may go away
 * before whoever polls does, so pollers wait on the sender's queue alone, and an entry of the sender relays.
 */
uint32_t
unix_dgram_poll(struct task *t, struct file *file, struct socket *sock, struct poll_table *pt)
{
	struct unix_sock *u = unix_sk(sock), *peer;
	bool writable;
	uint32_t mask;

	poll_wait(file, &u->wq, pt);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	mask = read_mask(u);
	if (READ_ONCE(u->state) == UNIX_LISTENING)
		return mask;
	if (!unix_writable(u))
		unix_no_space(u);
	writable = unix_writable(u);
	if (writable && (!pt || (pt->key & (K_POLLOUT | K_POLLWRNORM | K_POLLWRBAND)))) {
		peer = unix_peer_get(u);
		if (peer && READ_ONCE(peer->peer) != u && unix_recvq_full(peer)) {
			relay_from(t, u, peer);
			unix_no_space(u);
			__atomic_thread_fence(__ATOMIC_SEQ_CST);
			writable = !unix_recvq_full(peer);
		}
		unix_put(t, peer);
	}
	if (writable)
		mask |= K_POLLOUT | K_POLLWRNORM | K_POLLWRBAND;
	return mask;
}

static int64_t
inq(struct unix_sock *u)
{
	struct unix_skb *skb;
	mutex_guard(&u->lock);

	if (u->state == UNIX_LISTENING)
		return -EINVAL;
	if (u->type != SOCK_DGRAM)
		return (int64_t)u->qbytes;
	if (list_empty(&u->queue))
		return 0;
	skb = list_first_entry(&u->queue, struct unix_skb, list);
	return skb->len;
}

int
unix_fasync(struct task *t, struct socket *sock, int fd, struct file *file, bool on)
{
	struct unix_sock *u = unix_sk(sock);

	return u ? fasync_helper(u->k, fd, file, on, &u->fasync) : 0;
}

int64_t
unix_ioctl(struct task *t, struct socket *sock, unsigned int cmd, uint64_t arg)
{
	struct unix_sock *u = unix_sk(sock);
	int64_t n;

	switch (cmd) {
	case FIONREAD: /* SIOCINQ */
		n = inq(u);
		return n < 0 ? n : put_user_u32(t, (uint32_t)n, UADDR(arg));
	case TIOCOUTQ: /* SIOCOUTQ */
		return put_user_u32(t, READ_ONCE(u->wmem), UADDR(arg));
	default:
		return -ENOIOCTLCMD;
	}
}
