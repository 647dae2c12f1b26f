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

#define SOCK_MIN_SNDBUF 4608
#define SOCK_MIN_RCVBUF 2304

/* Flags that are only remembered, by their bit in opt_bits. */
static const int flag_options[] = { SO_DEBUG, SO_REUSEADDR, SO_DONTROUTE, SO_BROADCAST, SO_KEEPALIVE, SO_OOBINLINE, SO_NO_CHECK,
				    SO_REUSEPORT, SO_TIMESTAMP_OLD, SO_TIMESTAMPNS_OLD, SO_RXQ_OVFL, SO_WIFI_STATUS,
				    SO_LOCK_FILTER, SO_SELECT_ERR_QUEUE, SO_PASSSEC, SO_NOFCS };

static int
flag_index(int name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(flag_options); i++)
		if (flag_options[i] == name)
			return (int)i;
	return -1;
}

static int
set_timeo(struct task *t, int64_t *timeo, uaddr_t val, int len)
{
	struct k_timeval tv;

	if (len < (int)sizeof(tv))
		return -EINVAL;
	if (copy_in(t, &tv, val))
		return -EFAULT;
	if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
		return -EDOM;
	if (tv.tv_sec < 0)
		*timeo = 1; /* over before it begins, as Linux has it */
	else if ((tv.tv_sec == 0 && tv.tv_usec == 0) || tv.tv_sec >= INT64_MAX / NSEC_PER_SEC - 1)
		*timeo = NO_DEADLINE;
	else
		*timeo = tv.tv_sec * NSEC_PER_SEC + tv.tv_usec * NSEC_PER_USEC;
	return 0;
}

static void
set_buf(uint32_t *buf, int v, int max, int min)
{
	int64_t n = v < 0 ? max : MIN(v, max);

	WRITE_ONCE(*buf, (uint32_t)MAX(n * 2, min));
}

/* Options whose value is an int. */
static int
set_int(struct task *t, struct unix_sock *u, int name, int v)
{
	int i = flag_index(name);

	if (i >= 0) {
		if (name == SO_DEBUG && v && !capable(t, CAP_NET_ADMIN))
			return -EACCES;
		u->opt_bits = v ? u->opt_bits | 1u << i : u->opt_bits & ~(1u << i);
		return 0;
	}
	switch (name) {
	case SO_TYPE:
	case SO_PROTOCOL:
	case SO_DOMAIN:
	case SO_ERROR:
		return -ENOPROTOOPT;
	case SO_SNDBUF:
		set_buf(&u->sndbuf, v, SOCK_BUF_MAX, SOCK_MIN_SNDBUF);
		unix_wake(u, K_POLLOUT | K_POLLWRNORM | K_POLLWRBAND);
		return 0;
	case SO_RCVBUF:
		set_buf(&u->rcvbuf, v, SOCK_BUF_MAX, SOCK_MIN_RCVBUF);
		return 0;
	case SO_SNDBUFFORCE:
	case SO_RCVBUFFORCE:
		if (!capable(t, CAP_NET_ADMIN))
			return -EPERM;
		set_buf(name == SO_SNDBUFFORCE ? &u->sndbuf : &u->rcvbuf, MAX(v, 0), INT32_MAX / 2,
			name == SO_SNDBUFFORCE ? SOCK_MIN_SNDBUF : SOCK_MIN_RCVBUF);
		return 0;
	case SO_PASSCRED:
		u->passcred = v != 0;
		return 0;
	case SO_RCVLOWAT:
		u->rcvlowat = v < 0 ? INT32_MAX : MAX(v, 1);
		return 0;
	case SO_PRIORITY:
		if ((v < 0 || v > 6) && !capable(t, CAP_NET_ADMIN))
			return -EPERM;
		u->priority = (uint32_t)v;
		return 0;
	case SO_MARK:
		if (!capable(t, CAP_NET_ADMIN))
			return -EPERM;
		u->mark = (uint32_t)v;
		return 0;
	case SO_PEEK_OFF:
		u->peek_off = MAX(v, -1);
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

	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (len < (int)sizeof(v))
		return -EINVAL;
	if (get_user_u32(t, &v, val)) /* whatever else the option is */
		return -EFAULT;
	switch (name) {
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
		return set_timeo(t, &u->rcvtimeo, val, len);
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		return set_timeo(t, &u->sndtimeo, val, len);
	case SO_LINGER:
		if (len < (int)sizeof(u->linger))
			return -EINVAL;
		return copy_in(t, &u->linger, val);
	default:
		return set_int(t, u, name, (int)v);
	}
}

/* The value of an option that is an int. */
static int
get_int(struct socket *sock, struct unix_sock *u, int name, int *v)
{
	int i = flag_index(name);

	if (i >= 0) {
		*v = (u->opt_bits >> i) & 1;
		return 0;
	}
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
	case SO_SNDBUF:
		*v = (int)u->sndbuf;
		return 0;
	case SO_RCVBUF:
		*v = (int)u->rcvbuf;
		return 0;
	case SO_PASSCRED:
		*v = u->passcred;
		return 0;
	case SO_RCVLOWAT:
		*v = u->rcvlowat;
		return 0;
	case SO_SNDLOWAT:
		*v = 1;
		return 0;
	case SO_PRIORITY:
		*v = (int)u->priority;
		return 0;
	case SO_MARK:
		*v = (int)u->mark;
		return 0;
	case SO_PEEK_OFF:
		*v = u->peek_off;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

/* @n bytes of @p, cut to what the caller has room for. */
static int
put_opt(struct task *t, uaddr_t val, uaddr_t ulen, uint32_t room, const void *p, uint32_t n)
{
	n = MIN(n, room);
	if (copy_to_user(t, val, p, n) || put_user_u32(t, n, ulen))
		return -EFAULT;
	return 0;
}

static int
get_timeo(struct task *t, int64_t timeo, uaddr_t val, uaddr_t ulen, uint32_t room)
{
	struct k_timeval tv = { 0, 0 };

	if (timeo != NO_DEADLINE)
		tv = (struct k_timeval){ timeo / NSEC_PER_SEC, timeo % NSEC_PER_SEC / NSEC_PER_USEC };
	return put_opt(t, val, ulen, room, &tv, sizeof(tv));
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
		err = put_opt(t, val, ulen, room, g->gid, n);
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
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
		return get_timeo(t, u->rcvtimeo, val, ulen, room);
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		return get_timeo(t, u->sndtimeo, val, ulen, room);
	case SO_LINGER:
		return put_opt(t, val, ulen, room, u->linger, sizeof(u->linger));
	case SO_PEERCRED:
		creds = u->peer_cred || u->peer_creds.pid ? u->peer_creds : (struct unix_creds){ 0, (uint32_t)-1, (uint32_t)-1 };
		return put_opt(t, val, ulen, room, &creds, sizeof(creds));
	case SO_PEERGROUPS:
		return get_peergroups(t, u, val, ulen, room);
	case SO_COOKIE:
		if (room < sizeof(cookie))
			return -EINVAL;
		cookie = (uint64_t)(uintptr_t)u >> 6;
		return put_opt(t, val, ulen, room, &cookie, sizeof(cookie));
	case SO_PEERNAME: {
		char addr[SOCK_ADDR_MAX];

		v = unix_getname(t, sock, addr, true);
		if (v < 0)
			return -ENOTCONN;
		return (uint32_t)v < room ? -EINVAL : put_opt(t, val, ulen, room, addr, room);
	}
	default:
		err = get_int(sock, u, name, &v);
		return err ? err : put_opt(t, val, ulen, room, &v, sizeof(v));
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
	writable = unix_writable(u);
	if (writable && (!pt || (pt->key & (K_POLLOUT | K_POLLWRNORM | K_POLLWRBAND)))) {
		peer = unix_peer_get(u);
		if (peer && READ_ONCE(peer->peer) != u && unix_recvq_full(peer)) {
			relay_from(t, u, peer);
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
