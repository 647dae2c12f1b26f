/* SPDX-License-Identifier: MIT
 *
 * Datagrams: udp(7). What is sent is put into the receiver's queue at once, or dropped if that is full by SO_RCVBUF; a sender never
 * waits. Nobody there: the socket's error becomes ECONNREFUSED if it is connected, as the ICMP message would have it.
 *
 * UDP-Lite (RFC 3828) is the same: nothing has checksums.
 * Left out: MSG_MORE and UDP_CORK (each call is a datagram), the error queue.
 */
#include "kernel/task.h"
#include "net/inet.h"

#define UDP_MAX4 65507
#define UDP_MAX6 65527
#define MSG_ERRQUEUE 0x2000u
#define MSG_PROBE    0x10u
#define MSG_CONFIRM  0x800u

int
udp_connect(struct task *t, struct socket *sock, const char *addr, int len, bool nonblock)
{
	struct inet_sock *sk = inet_sk(sock);
	struct inet_name to;
	struct in16 from;
	uint16_t family;
	int err;

	if (len < 2)
		return -EINVAL;
	memcpy(&family, addr, sizeof(family));
	if (family == AF_UNSPEC) {
		mutex_guard(&sk->lock);
		sk->connected = false;
		inet_set_remote(sk, NULL, NULL);
		return 0;
	}
	err = inet_name_get(sk, addr, len, false, &to);
	if (!err)
		err = inet_route(sk, &to.addr, &from);
	if (err)
		return err;
	mutex_guard(&sk->lock);
	if (sk->connected) { /* a new source, unless bind(2) gave one */
		struct in16 none = sk->family == AF_INET ? in16_v4(0) : (struct in16){ .w = { 0 } };

		if (!sk->bound_addr)
			sk->b.addr = none;
		err = inet_route(sk, &to.addr, &from);
		if (err)
			return err;
	}
	err = inet_autobind(t, sk);
	if (err)
		return err;
	inet_set_remote(sk, &to, &from);
	sk->connected = true;
	sk->flowinfo = to.flowinfo;
	return 0;
}

/* Where to and where from; the socket has a port after it. */
static int
destination(struct task *t, struct inet_sock *sk, struct sock_msg *msg, struct inet_name *to, struct inet_name *from)
{
	int err;

	memset(from, 0, sizeof(*from));
	if (msg->namelen) {
		err = inet_name_get(sk, msg->name, msg->namelen, false, to);
		if (err)
			return err;
		if (!to->port)
			return -EINVAL;
	}
	mutex_guard(&sk->lock);
	if (!msg->namelen) {
		if (!sk->connected)
			return -EDESTADDRREQ;
		memset(to, 0, sizeof(*to));
		to->addr = sk->b.raddr;
		to->port = sk->b.rport;
		from->addr = sk->b.addr;
	} else {
		err = inet_route(sk, &to->addr, &from->addr);
		if (err)
			return err;
	}
	err = sk->b.port ? 0 : inet_autobind(t, sk);
	from->port = sk->b.port;
	return err;
}

static struct inet_dgram *
make_dgram(struct task *t, struct inet_sock *sk, struct sock_msg *msg)
{
	size_t n = msg->iter->count;
	struct inet_dgram *d = kmalloc(t->k, sizeof(*d) + n);

	if (!d)
		return ERR_PTR(-ENOBUFS);
	memset(d, 0, sizeof(*d));
	if (copy_from_iter(d->data, n, msg->iter) < n) {
		kfree(t->k, d);
		return ERR_PTR(-EFAULT);
	}
	d->len = (uint32_t)n;
	/* What Linux charges for a buffer of this size: itself, its descriptor and its shared info, in the slab's sizes. */
	d->truesize = (uint32_t)ALIGN_UP(n + 320, (size_t)256) + 256;
	return d;
}

/* Into the queue, which takes it, or nowhere. */
static void
deliver(struct inet_sock *to, struct inet_dgram *d)
{
	bool room;

	mutex_lock(&to->lock);
	room = !to->dead && to->qmem <= to->o.rcvbuf;
	if (room) {
		if (sock_flag(&to->o, SO_TIMESTAMP_OLD) || sock_flag(&to->o, SO_TIMESTAMPNS_OLD))
			d->stamp = ktime_get_real();
		list_add_tail(&d->list, &to->queue);
		to->qmem += d->truesize;
		to->qbytes += d->len;
	} else {
		to->drops++;
	}
	mutex_unlock(&to->lock);
	if (room)
		inet_wake(to, K_POLLIN | K_POLLRDNORM | K_POLLRDBAND);
	else
		kfree(to->k, d);
}

/* Nobody has the port. */
static void
unreachable(struct inet_sock *sk, const struct in16 *to)
{
	bool v4 = in16_is_v4(to), told;

	if (!in16_local(to))
		return;
	told = READ_ONCE(sk->connected) || (sk->io.bits & (v4 && sk->family == AF_INET ? INET_OPT_RECVERR : INET_OPT_RECVERR6));
	if (told) {
		__atomic_store_n(&sk->err, ECONNREFUSED, __ATOMIC_SEQ_CST);
		inet_wake(sk, K_POLLERR);
	}
}

static void
set_header(const struct inet_sock *sk, struct inet_dgram *d, const struct inet_cmsg *c)
{
	bool v4 = in16_is_v4(&d->to);

	d->tos = v4 ? sk->io.tos : sk->io.tclass;
	if (v4)
		d->ttl = in16_multicast(&d->to) ? sk->io.mc_ttl : sk->io.ttl ? sk->io.ttl : 64;
	else
		d->ttl = sk->io.hops >= 0 ? (uint8_t)sk->io.hops : 64;
	if (c->have_tos)
		d->tos = (uint8_t)c->tos;
	if (c->have_ttl)
		d->ttl = (uint8_t)c->ttl;
}

/* To all that want it, each a copy. */
static void
deliver_group(struct inet_sock *sk, const struct inet_name *dst, const struct inet_name *src, struct inet_dgram *d)
{
	struct inet_sock **all;
	size_t n;

	all = inet_lookup_group(sk->k, sk->protocol, dst, src, &n);
	for (size_t i = 0; i < n; i++) {
		struct inet_dgram *copy = kmalloc(sk->k, sizeof(*d) + d->len);

		if (copy) {
			memcpy(copy, d, sizeof(*d) + d->len);
			deliver(all[i], copy);
		}
		inet_put(all[i]);
	}
	if (all)
		kfree(sk->k, all);
	kfree(sk->k, d);
}

int64_t
udp_sendmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags)
{
	struct inet_sock *sk = inet_sk(sock), *to;
	struct inet_cmsg c = { .have_tos = false };
	struct inet_name dst, src;
	struct inet_dgram *d;
	int64_t n = (int64_t)msg->iter->count;
	int err;

	if (n > 0xffff)
		return -EMSGSIZE;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	err = destination(t, sk, msg, &dst, &src);
	if (!err && msg->controllen)
		err = inet_cmsg_send(t, sk, msg, &c);
	if (err)
		return err;
	if (c.have_src)
		src.addr = c.src;
	if (n > (in16_is_v4(&dst.addr) ? UDP_MAX4 : UDP_MAX6))
		return -EMSGSIZE;
	err = inet_error(sk);
	if (err)
		return err;
	if (READ_ONCE(sk->shutdown) & SEND_SHUTDOWN)
		return -EPIPE;
	d = make_dgram(t, sk, msg);
	if (IS_ERR(d))
		return PTR_ERR(d);
	d->from = src;
	d->to = dst.addr;
	set_header(sk, d, &c);
	if (in16_multicast(&dst.addr)) {
		deliver_group(sk, &dst, &src, d);
		return n;
	}
	to = inet_lookup(t->k, sk->protocol, &dst, &src);
	if (to) {
		deliver(to, d);
		inet_put(to);
	} else {
		kfree(t->k, d);
		unreachable(sk, &dst.addr);
	}
	return n;
}

/* ---- receiving ---- */

/* Wait for a datagram; iolock is held and given up to wait. 0, 1 at the end, or negative errno. */
static int
first_dgram(struct task *t, struct inet_sock *sk, int64_t deadline, struct inet_dgram **out) __requires_lock(sk->iolock)
{
	struct wait_queue_entry we;
	int err;

	init_wait_key(&we, t, K_POLLIN | K_POLLERR);
	for (;;) {
		prepare_to_wait_exclusive(&sk->wq, &we, TASK_INTERRUPTIBLE);
		err = inet_error(sk); /* goes before data */
		if (err)
			break;
		mutex_lock(&sk->lock);
		*out = list_empty(&sk->queue) ? NULL : list_first_entry(&sk->queue, struct inet_dgram, list);
		mutex_unlock(&sk->lock);
		if (*out)
			break;
		if (deadline == 0)
			err = -EAGAIN;
		else if (READ_ONCE(sk->shutdown) & RCV_SHUTDOWN)
			err = 1;
		else if (signal_pending(t))
			err = sock_intr_errno(sk->o.rcvtimeo);
		if (err)
			break;
		mutex_unlock(&sk->iolock);
		if (schedule_until(t, deadline) == -ETIME)
			deadline = 0;
		mutex_lock(&sk->iolock);
	}
	finish_wait(&sk->wq, &we);
	return err;
}

static int64_t
receive(struct inet_sock *sk, struct sock_msg *msg, uint32_t flags, const struct inet_dgram *d)
{
	size_t n = MIN((size_t)d->len, msg->iter->count);

	if (copy_to_iter(d->data, n, msg->iter) < n)
		return -EFAULT;
	if (n < d->len)
		msg->flags |= MSG_TRUNC;
	if (msg->want_name)
		msg->namelen = inet_name_put(sk, &d->from, msg->name);
	return flags & MSG_TRUNC ? (int64_t)d->len : (int64_t)n;
}

int64_t
udp_recvmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags)
{
	struct inet_sock *sk = inet_sk(sock);
	struct inet_dgram *d = NULL;
	int64_t ret;

	msg->namelen = 0;
	if (flags & MSG_ERRQUEUE)
		return -EAGAIN;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	mutex_lock(&sk->iolock);
	ret = first_dgram(t, sk, sock_deadline(sk->o.rcvtimeo, flags & MSG_DONTWAIT), &d);
	if (ret) {
		mutex_unlock(&sk->iolock);
		return ret == 1 ? 0 : ret;
	}
	ret = receive(sk, msg, flags, d);
	if (ret >= 0)
		inet_cmsg_recv(t, sk, msg, d);
	if (!(flags & MSG_PEEK)) {
		mutex_lock(&sk->lock);
		list_del(&d->list);
		sk->qmem -= d->truesize;
		sk->qbytes -= d->len;
		mutex_unlock(&sk->lock);
		kfree(sk->k, d);
	}
	mutex_unlock(&sk->iolock);
	return ret;
}
