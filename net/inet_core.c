/* SPDX-License-Identifier: MIT
 *
 * Sockets of the inet families: life and death, names asked for, the table of operations.
 *
 * A struct inet_sock is counted: by its struct socket until it is released, by its peer, and by a listener's lists (connections
 * nobody has accepted, sockets that wait for room). Memory is type-stable. The table of ports does not count: a socket leaves it
 * before its last reference goes, and who finds it there takes a reference under the table's lock.
 *
 * Locks: sk->iolock, then sk->sendlock (RANK_PIPE, one reader and one writer, held over copies); sk->lock (RANK_TASK, short; two of
 * them in address order); wait queues; in->lock (RANK_LEAF: ports, all sockets).
 * Left out: raw sockets and ICMP, error queues, repair mode.
 */
#include <asm/ioctls.h>
#include <linux/capability.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "net/inet.h"
#include "vfs/fs.h"

int
inet_init(struct kernel *k)
{
	struct inet_net *in = kzalloc(k, sizeof(*in));

	if (!in)
		return -ENOMEM;
	mutex_init(&in->lock, RANK_LEAF);
	INIT_LIST_HEAD(&in->all);
	INIT_LIST_HEAD(&in->tw_list);
	INIT_LIST_HEAD(&in->members);
	for (unsigned int i = 0; i < INET_HASH; i++)
		INIT_LIST_HEAD(&in->ports[i]);
	kmem_cache_init(k, &in->socks, "inet_sock", sizeof(struct inet_sock), 64);
	in->port_min = 32768;
	in->port_max = 60999;
	in->unpriv_start = 1024;
	in->rng = (uint64_t)ktime_get_real() | 1;
	k->net->in = in;
	return 0;
}

struct inet_sock *
inet_alloc(struct kernel *k, int family, int type)
{
	struct inet_net *in = inet_net(k);
	struct inet_sock *sk = kmem_cache_zalloc(&in->socks);

	if (!sk)
		return NULL;
	refcount_set(&sk->refs, 1);
	sk->k = k;
	sk->family = family;
	sk->type = type;
	sk->protocol = type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
	sk->state = TCP_CLOSE;
	mutex_init(&sk->lock, RANK_TASK);
	mutex_init(&sk->iolock, RANK_PIPE);
	mutex_init(&sk->sendlock, RANK_PIPE);
	INIT_LIST_HEAD(&sk->queue);
	INIT_LIST_HEAD(&sk->accept);
	INIT_LIST_HEAD(&sk->pending);
	INIT_LIST_HEAD(&sk->node);
	INIT_LIST_HEAD(&sk->groups);
	INIT_LIST_HEAD(&sk->b.list);
	INIT_LIST_HEAD(&sk->b.tw_list);
	init_waitqueue_head(&sk->wq);
	fasync_init(&sk->fasync);
	if (family == AF_INET)
		sk->b.addr = sk->b.raddr = in16_v4(0);
	sk->b.sk = sk;
	sk->b.protocol = (uint8_t)sk->protocol;
	sk->b.state = TCP_CLOSE;
	sk->b.family6 = family == AF_INET6;
	sock_opts_init(&sk->o);
	inet_opts_init(sk);
	if (type == SOCK_STREAM)
		tcp_opts_init(sk);
	tcp_timer_init(sk);
	mutex_lock(&in->lock);
	list_add_tail(&sk->all, &in->all);
	if (type == SOCK_STREAM)
		in->nr_tcp++;
	else
		in->nr_udp++;
	mutex_unlock(&in->lock);
	return sk;
}

void
inet_get(struct inet_sock *sk)
{
	refcount_inc(&sk->refs);
}

static void
free_queue(struct inet_sock *sk)
{
	while (!list_empty(&sk->queue)) {
		struct list_head *e = sk->queue.next;

		list_del(e);
		kfree(sk->k, e); /* the list is the first member of both kinds */
	}
}

void
inet_put(struct inet_sock *sk)
{
	struct inet_net *in;

	if (!sk || !refcount_dec_and_test(&sk->refs))
		return;
	in = inet_net(sk->k);
	mutex_lock(&in->lock);
	list_del(&sk->all);
	list_del_init(&sk->b.list);
	if (sk->type == SOCK_STREAM)
		in->nr_tcp--;
	else
		in->nr_udp--;
	mutex_unlock(&in->lock);
	_Static_assert(offsetof(struct inet_dgram, list) == 0 && offsetof(struct tcp_seg, list) == 0, "free_queue()");
	free_queue(sk);
	kmem_cache_free(&in->socks, sk);
}

void
inet_set_socket(struct inet_sock *sk, struct socket *sock)
{
	struct inet_net *in = inet_net(sk->k);

	mutex_lock(&sk->lock); /* for inet_sigurg() */
	mutex_lock(&in->lock); /* for /proc */
	sk->socket = sock;
	mutex_unlock(&in->lock);
	mutex_unlock(&sk->lock);
}

static int
create(struct task *t, struct socket *sock, int family, int type, int protocol)
{
	struct inet_sock *sk;

	switch (type) {
	case SOCK_STREAM:
		if (protocol && protocol != IPPROTO_TCP)
			return -EPROTONOSUPPORT;
		sock->ops = family == AF_INET ? &inet_stream_ops : &inet6_stream_ops;
		sock->protocol = IPPROTO_TCP;
		break;
	case SOCK_DGRAM:
		if (protocol && protocol != IPPROTO_UDP && protocol != IPPROTO_UDPLITE)
			return -EPROTONOSUPPORT;
		sock->ops = family == AF_INET ? &inet_dgram_ops : &inet6_dgram_ops;
		sock->protocol = protocol ? protocol : IPPROTO_UDP;
		break;
	case SOCK_RAW:
		if (protocol < 0 || protocol >= 256)
			return -EINVAL;
		if (!protocol)
			return -EPROTONOSUPPORT;
		return capable(t, CAP_NET_RAW) ? -EPROTONOSUPPORT : -EPERM;
	default:
		return protocol < 0 || protocol >= 256 ? -EINVAL : -ESOCKTNOSUPPORT;
	}
	sk = inet_alloc(t->k, family, type);
	if (!sk)
		return -ENOBUFS;
	sk->uid = t->cred->euid;
	sk->protocol = sock->protocol;
	sk->b.protocol = (uint8_t)sock->protocol;
	sock->sk = sk;
	inet_set_socket(sk, sock);
	return 0;
}

int
inet_create(struct task *t, struct socket *sock, int type, int protocol)
{
	return create(t, sock, AF_INET, type, protocol);
}

int
inet6_create(struct task *t, struct socket *sock, int type, int protocol)
{
	return create(t, sock, AF_INET6, type, protocol);
}

static void
inet_release(struct task *t, struct socket *sock)
{
	struct inet_sock *sk = inet_sk(sock);

	sock->sk = NULL;
	if (!sk)
		return;
	inet_set_socket(sk, NULL);
	inet_leave_all(sk);
	if (sk->type == SOCK_STREAM) {
		tcp_release(t, sk);
	} else {
		mutex_lock(&sk->lock);
		sk->dead = true;
		inet_unhash(sk);
		mutex_unlock(&sk->lock);
	}
	inet_put(sk);
}

int
inet_getname(struct task *t, struct socket *sock, char *addr, int peer)
{
	struct inet_sock *sk = inet_sk(sock);
	struct inet_name n = { .port = 0 };
	bool connected;

	mutex_lock(&sk->lock);
	if (sk->type == SOCK_DGRAM)
		connected = sk->connected;
	else /* a connection that is accepted has had another end, even if it is gone */
		connected = (sk->state != TCP_CLOSE || peer == 2) && sk->state != TCP_LISTEN && sk->state != TCP_SYN_SENT;
	if (peer) {
		n.addr = sk->b.raddr;
		n.port = sk->b.rport;
		n.flowinfo = sk->flowinfo;
	} else {
		n.addr = sk->b.addr;
		n.port = sk->b.port;
	}
	mutex_unlock(&sk->lock);
	if (peer && !connected)
		return -ENOTCONN;
	return inet_name_put(sk, &n, addr);
}

void
inet_wake(struct inet_sock *sk, uint32_t key)
{
	/* Waiting readers are exclusive; a change of state (0) and an error are for all. */
	__wake_up(&sk->wq, key & (K_POLLIN | K_POLLOUT) ? 1 : 0, key);
	if (key)
		inet_signal(sk, key & K_POLLOUT ? FASYNC_OUT : key & K_POLLIN ? FASYNC_IN : FASYNC_ERR);
}

void
inet_signal(struct inet_sock *sk, enum fasync_code code)
{
	kill_fasync(sk->k, &sk->fasync, (int)code);
}

void
inet_sigurg(struct inet_sock *sk)
{
	struct fown o;
	bool told = false;

	mutex_lock(&sk->lock);
	if (sk->socket && sk->socket->file)
		told = file_copy_owner(sk->socket->file, &o);
	mutex_unlock(&sk->lock);
	if (told)
		send_sigurg(sk->k, &o);
}

int
inet_error(struct inet_sock *sk)
{
	return READ_ONCE(sk->err) ? -__atomic_exchange_n(&sk->err, 0, __ATOMIC_SEQ_CST) : 0;
}

int
inet_fasync(struct task *t, struct socket *sock, int fd, struct file *file, bool on)
{
	struct inet_sock *sk = inet_sk(sock);

	return sk ? fasync_helper(sk->k, fd, file, on, &sk->fasync) : 0;
}

/* shutdown(2) of a datagram socket. */
static int
dgram_shutdown(struct task *t, struct socket *sock, int how)
{
	struct inet_sock *sk = inet_sk(sock);
	bool connected;

	if (how < 0 || how > 2)
		return -EINVAL;
	mutex_lock(&sk->lock);
	connected = sk->connected;
	__atomic_or_fetch(&sk->shutdown, (uint32_t)how + 1, __ATOMIC_SEQ_CST);
	mutex_unlock(&sk->lock);
	inet_wake(sk, 0);
	return connected ? 0 : -ENOTCONN;
}

static uint32_t
dgram_poll(struct task *t, struct file *file, struct socket *sock, struct poll_table *pt)
{
	struct inet_sock *sk = inet_sk(sock);
	uint32_t mask = K_POLLOUT | K_POLLWRNORM | K_POLLWRBAND, shutdown;

	poll_wait(file, &sk->wq, pt);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	shutdown = READ_ONCE(sk->shutdown);
	if (READ_ONCE(sk->err))
		mask |= K_POLLERR;
	if (shutdown & RCV_SHUTDOWN)
		mask |= K_POLLRDHUP | K_POLLIN | K_POLLRDNORM;
	if (shutdown == SHUTDOWN_MASK)
		mask |= K_POLLHUP;
	if (READ_ONCE(sk->queue.next) != &sk->queue)
		mask |= K_POLLIN | K_POLLRDNORM;
	return mask;
}

static int64_t
dgram_ioctl(struct task *t, struct socket *sock, unsigned int cmd, uint64_t arg)
{
	struct inet_sock *sk = inet_sk(sock);
	uint32_t n = 0;

	switch (cmd) {
	case FIONREAD: /* SIOCINQ: of the first datagram */
		mutex_lock(&sk->lock);
		if (!list_empty(&sk->queue))
			n = list_first_entry(&sk->queue, struct inet_dgram, list)->len;
		mutex_unlock(&sk->lock);
		return put_user_u32(t, n, UADDR(arg));
	case TIOCOUTQ:
		return put_user_u32(t, 0, UADDR(arg));
	default:
		return -ENOIOCTLCMD;
	}
}

#define COMMON_OPS                                                                                                        \
	.release = inet_release, .bind = inet_bind, .getname = inet_getname, .setsockopt = inet_setsockopt,               \
	.getsockopt = inet_getsockopt, .fasync = inet_fasync
#define DGRAM_OPS                                                                                                         \
	COMMON_OPS, .connect = udp_connect, .shutdown = dgram_shutdown, .sendmsg = udp_sendmsg, .recvmsg = udp_recvmsg,   \
	.poll = dgram_poll, .ioctl = dgram_ioctl
#define STREAM_OPS                                                                                                        \
	COMMON_OPS, .connect = tcp_connect, .listen = tcp_listen, .accept = tcp_accept, .shutdown = tcp_shutdown,         \
	.sendmsg = tcp_sendmsg, .recvmsg = tcp_recvmsg, .poll = tcp_poll, .ioctl = tcp_ioctl

const struct proto_ops inet_dgram_ops = { .family = AF_INET, DGRAM_OPS };
const struct proto_ops inet6_dgram_ops = { .family = AF_INET6, DGRAM_OPS };
const struct proto_ops inet_stream_ops = { .family = AF_INET, STREAM_OPS };
const struct proto_ops inet6_stream_ops = { .family = AF_INET6, STREAM_OPS };
