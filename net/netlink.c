/* SPDX-License-Identifier: MIT
 *
 * Sockets of the netlink family, netlink(7). The kernel answers in the caller's own call, so a reply is there when sendmsg returns;
 * and since nothing about the network changes, groups hear nothing.
 *
 * Left out: protocols but NETLINK_ROUTE, messages between programs (-ECONNREFUSED).
 */
#include <linux/capability.h>

#include "kernel/cred.h"
#include "kernel/slab.h"
#include "kernel/task.h"
#include "net/netlink.h"
#include "vfs/poll.h"

#define SOL_NETLINK 270
#define NETLINK_ADD_MEMBERSHIP 1
#define NETLINK_DROP_MEMBERSHIP 2
#define NETLINK_LIST_MEMBERSHIPS 9
#define NETLINK_OPT_MAX 12
#define REPLY_SIZE 4096u
#define REQUEST_MAX 65536u

static const struct proto_ops netlink_ops;

int
netlink_init(struct kernel *k)
{
	struct netlink_net *nn = kzalloc(k, sizeof(*nn));

	if (!nn)
		return -ENOMEM;
	mutex_init(&nn->lock, RANK_LEAF);
	INIT_LIST_HEAD(&nn->bound);
	nn->next = (uint32_t)-4097;
	k->net->nn = nn;
	return 0;
}

int
netlink_create(struct task *t, struct socket *sock, int type, int protocol)
{
	struct netlink_sock *nl;

	if (type != SOCK_RAW && type != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	if (protocol != NETLINK_ROUTE)
		return -EPROTONOSUPPORT;
	nl = kzalloc(t->k, sizeof(*nl));
	if (!nl)
		return -ENOMEM;
	nl->k = t->k;
	mutex_init(&nl->lock, RANK_TASK);
	mutex_init(&nl->iolock, RANK_PIPE);
	INIT_LIST_HEAD(&nl->bound);
	INIT_LIST_HEAD(&nl->queue);
	init_waitqueue_head(&nl->wq);
	sock_opts_init(&nl->o);
	sock->ops = &netlink_ops;
	sock->sk = nl;
	return 0;
}

static void
release(struct task *t, struct socket *sock)
{
	struct netlink_sock *nl = sock->sk;
	struct nl_reply *r, *next;

	mutex_lock(&nl->k->net->nn->lock);
	list_del(&nl->bound);
	mutex_unlock(&nl->k->net->nn->lock);
	list_for_each_entry_safe(r, next, &nl->queue, list)
		kfree(nl->k, r);
	kfree(nl->k, nl);
}

/* ---- names ---- */

static bool
id_used(struct netlink_net *nn, uint32_t id)
{
	struct netlink_sock *nl;

	list_for_each_entry(nl, &nn->bound, bound)
		if (nl->portid == id)
			return true;
	return false;
}

/* A port id: the one asked for, or the process's number, or any. */
static int
bind_id(struct task *t, struct netlink_sock *nl, uint32_t id)
{
	struct netlink_net *nn = t->k->net->nn;
	mutex_guard(&nn->lock);

	if (!list_empty(&nl->bound))
		return id && id != nl->portid ? -EINVAL : 0;
	if (id && id_used(nn, id))
		return -EADDRINUSE;
	if (!id) {
		id = (uint32_t)t->tgid;
		while (id_used(nn, id))
			id = nn->next--;
	}
	nl->portid = id;
	list_add_tail(&nl->bound, &nn->bound);
	return 0;
}

static int
get_addr(const char *addr, int len, struct sockaddr_nl_k *out)
{
	if (len < (int)sizeof(*out))
		return -EINVAL;
	memcpy(out, addr, sizeof(*out));
	return out->family == AF_NETLINK ? 0 : -EINVAL;
}

static int
do_bind(struct task *t, struct socket *sock, const char *addr, int len)
{
	struct netlink_sock *nl = sock->sk;
	struct sockaddr_nl_k a;
	int err = get_addr(addr, len, &a);

	if (!err)
		err = bind_id(t, nl, a.pid);
	if (!err)
		WRITE_ONCE(nl->groups, a.groups);
	return err;
}

static int
do_connect(struct task *t, struct socket *sock, const char *addr, int len, bool nonblock)
{
	struct netlink_sock *nl = sock->sk;
	struct sockaddr_nl_k a;
	uint16_t family;
	int err;

	if (len < 2)
		return -EINVAL;
	memcpy(&family, addr, sizeof(family));
	if (family == 0) {
		mutex_guard(&nl->lock);
		nl->peer = (struct sockaddr_nl_k){ .family = AF_NETLINK };
		nl->connected = false;
		return 0;
	}
	err = get_addr(addr, len, &a);
	if (err)
		return err;
	if ((a.pid || a.groups) && !capable(t, CAP_NET_ADMIN))
		return -EPERM;
	err = bind_id(t, nl, 0);
	if (err)
		return err;
	mutex_guard(&nl->lock);
	nl->peer = a;
	nl->connected = true;
	return 0;
}

static int
getname(struct task *t, struct socket *sock, char *addr, int peer)
{
	struct netlink_sock *nl = sock->sk;
	struct sockaddr_nl_k a = { .family = AF_NETLINK, .pid = READ_ONCE(nl->portid), .groups = READ_ONCE(nl->groups) };

	if (peer) {
		mutex_lock(&nl->lock);
		a = nl->peer;
		mutex_unlock(&nl->lock);
		a.family = AF_NETLINK;
	}
	memcpy(addr, &a, sizeof(a));
	return sizeof(a);
}

/* ---- requests ---- */

uint32_t
nl_reply_start(struct nl_reply *r, const struct nlmsghdr_k *req, uint32_t portid, uint16_t type, uint16_t flags)
{
	struct nlmsghdr_k h = { .type = type, .flags = flags, .seq = req->seq, .pid = portid };
	uint32_t start = r->len;

	nl_reply_add(r, &h, sizeof(h));
	return start;
}

void
nl_reply_add(struct nl_reply *r, const void *p, uint32_t n)
{
	uint32_t whole = ALIGN_UP(n, 4u);

	if (whole > r->size - r->len)
		return;
	memcpy(r->data + r->len, p, n);
	memset(r->data + r->len + n, 0, whole - n);
	r->len += whole;
}

void
nl_reply_attr(struct nl_reply *r, uint16_t attr, const void *p, uint32_t n)
{
	struct {
		uint16_t len, type;
	} a = { .len = (uint16_t)(sizeof(a) + n), .type = attr };

	if (sizeof(a) + ALIGN_UP(n, 4u) > r->size - r->len)
		return;
	nl_reply_add(r, &a, sizeof(a));
	nl_reply_add(r, p, n);
}

void
nl_reply_end(struct nl_reply *r, uint32_t start)
{
	uint32_t len = r->len - start;

	memcpy(r->data + start, &len, sizeof(len));
}

static struct nl_reply *
new_reply(struct kernel *k, uint32_t size)
{
	struct nl_reply *r = kmalloc(k, sizeof(*r) + size);

	if (r) {
		r->len = 0;
		r->size = size;
	}
	return r;
}

/* Into the queue, or back to where it came from. */
static void
queue_reply(struct netlink_sock *nl, struct nl_reply *r)
{
	bool room = false;

	if (!r)
		return;
	if (r->len) {
		mutex_lock(&nl->lock);
		room = nl->qbytes <= nl->o.rcvbuf;
		if (room) {
			list_add_tail(&r->list, &nl->queue);
			nl->qbytes += r->size;
		} else {
			nl->err = ENOBUFS;
		}
		mutex_unlock(&nl->lock);
	}
	if (!room)
		kfree(nl->k, r);
	__wake_up(&nl->wq, 0, K_POLLIN | K_POLLRDNORM);
}

/* NLMSG_ERROR (an acknowledgement, if @err is 0) or NLMSG_DONE. */
static void
answer(struct netlink_sock *nl, const struct nlmsghdr_k *req, uint16_t type, int32_t err)
{
	struct nl_reply *r = new_reply(nl->k, (uint32_t)sizeof(*req) + 4 + ALIGN_UP(req->len, 4u));
	uint32_t start;

	if (!r)
		return;
	start = nl_reply_start(r, req, nl->portid, type, type == NLMSG_DONE ? NLM_F_MULTI : 0);
	nl_reply_add(r, &err, sizeof(err));
	if (type == NLMSG_ERROR)
		nl_reply_add(r, req, err ? req->len : (uint32_t)sizeof(*req));
	nl_reply_end(r, start);
	queue_reply(nl, r);
}

static void
handle(struct task *t, struct netlink_sock *nl, const struct nlmsghdr_k *req)
{
	struct nl_reply *r;
	int err;

	if (!(req->flags & NLM_F_REQUEST) || req->type < NLMSG_MIN_TYPE) {
		if (req->flags & NLM_F_ACK)
			answer(nl, req, NLMSG_ERROR, 0);
		return;
	}
	r = new_reply(nl->k, REPLY_SIZE);
	err = r ? rtnetlink_rcv(t, req, nl->portid, r) : -ENOBUFS;
	queue_reply(nl, r);
	if (err == 1)
		answer(nl, req, NLMSG_DONE, 0);
	else if (err || (req->flags & NLM_F_ACK))
		answer(nl, req, NLMSG_ERROR, err);
}

static int64_t
do_sendmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags)
{
	struct netlink_sock *nl = sock->sk;
	size_t n = msg->iter->count, at = 0;
	struct sockaddr_nl_k to;
	char *buf;
	int err;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (msg->namelen) {
		err = get_addr(msg->name, msg->namelen, &to);
		if (err)
			return err;
	} else {
		to = nl->peer;
	}
	if ((to.pid || to.groups) && !capable(t, CAP_NET_ADMIN))
		return -EPERM;
	if (to.pid)
		return -ECONNREFUSED;
	err = bind_id(t, nl, 0);
	if (err)
		return err;
	if (n > nl->o.sndbuf - 32 || n > REQUEST_MAX)
		return -EMSGSIZE;
	buf = kmalloc(t->k, n);
	if (!buf)
		return -ENOBUFS;
	if (copy_from_iter(buf, n, msg->iter) < n) {
		kfree(t->k, buf);
		return -EFAULT;
	}
	while (n - at >= sizeof(struct nlmsghdr_k)) {
		const struct nlmsghdr_k *req = (const void *)(buf + at);

		if (req->len < sizeof(*req) || req->len > n - at)
			break;
		handle(t, nl, req);
		at += ALIGN_UP((size_t)req->len, (size_t)4);
		if (at > n)
			break;
	}
	kfree(t->k, buf);
	return (int64_t)n;
}

/* ---- replies ---- */

static int
first_reply(struct task *t, struct netlink_sock *nl, int64_t deadline, struct nl_reply **out) __requires_lock(nl->iolock)
{
	struct wait_queue_entry we;
	int err;

	init_wait(&we, t);
	for (;;) {
		prepare_to_wait(&nl->wq, &we, TASK_INTERRUPTIBLE);
		mutex_lock(&nl->lock);
		err = -nl->err;
		nl->err = 0;
		*out = list_empty(&nl->queue) ? NULL : list_first_entry(&nl->queue, struct nl_reply, list);
		mutex_unlock(&nl->lock);
		if (err || *out)
			break;
		if (READ_ONCE(nl->shutdown) & RCV_SHUTDOWN)
			err = 1;
		else if (deadline == 0)
			err = -EAGAIN;
		else if (signal_pending(t))
			err = sock_intr_errno(nl->o.rcvtimeo);
		if (err)
			break;
		mutex_unlock(&nl->iolock);
		if (schedule_until(t, deadline) == -ETIME)
			deadline = 0;
		mutex_lock(&nl->iolock);
	}
	finish_wait(&nl->wq, &we);
	return err;
}

static int64_t
do_recvmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags)
{
	struct sockaddr_nl_k from = { .family = AF_NETLINK };
	struct netlink_sock *nl = sock->sk;
	struct nl_reply *r = NULL;
	int64_t ret;
	size_t n;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	mutex_lock(&nl->iolock);
	ret = first_reply(t, nl, sock_deadline(nl->o.rcvtimeo, flags & MSG_DONTWAIT), &r);
	if (ret) {
		mutex_unlock(&nl->iolock);
		return ret == 1 ? 0 : ret;
	}
	n = MIN((size_t)r->len, msg->iter->count);
	ret = flags & MSG_TRUNC ? (int64_t)r->len : (int64_t)n;
	if (copy_to_iter(r->data, n, msg->iter) < n)
		ret = -EFAULT;
	if (n < r->len)
		msg->flags |= MSG_TRUNC;
	if (!(flags & MSG_PEEK)) {
		mutex_lock(&nl->lock);
		list_del(&r->list);
		nl->qbytes -= r->size;
		mutex_unlock(&nl->lock);
		kfree(nl->k, r);
	}
	mutex_unlock(&nl->iolock);
	msg->namelen = sizeof(from);
	memcpy(msg->name, &from, sizeof(from));
	return ret;
}

static uint32_t
do_poll(struct task *t, struct file *file, struct socket *sock, struct poll_table *pt)
{
	struct netlink_sock *nl = sock->sk;
	uint32_t mask = K_POLLOUT | K_POLLWRNORM | K_POLLWRBAND;

	poll_wait(file, &nl->wq, pt);
	mutex_guard(&nl->lock);
	if (!list_empty(&nl->queue))
		mask |= K_POLLIN | K_POLLRDNORM;
	if (nl->err)
		mask |= K_POLLERR;
	return mask;
}

static int
do_shutdown(struct task *t, struct socket *sock, int how)
{
	return -EOPNOTSUPP;
}

/* ---- options ---- */

static int
do_setsockopt(struct task *t, struct socket *sock, int level, int name, uaddr_t val, int len)
{
	struct netlink_sock *nl = sock->sk;
	uint32_t v;

	if (level == SOL_SOCKET)
		return sock_opts_set(t, &nl->o, name, val, len);
	if (level != SOL_NETLINK)
		return -ENOPROTOOPT;
	if (len < (int)sizeof(v) || get_user_u32(t, &v, val))
		return len < (int)sizeof(v) ? -EINVAL : -EFAULT;
	if (name == NETLINK_ADD_MEMBERSHIP || name == NETLINK_DROP_MEMBERSHIP) {
		if (v == 0 || v > 36)
			return -EINVAL;
		mutex_guard(&nl->lock);
		if (v <= 32 && name == NETLINK_ADD_MEMBERSHIP)
			nl->groups |= 1u << (v - 1);
		else if (v <= 32)
			nl->groups &= ~(1u << (v - 1));
		return 0;
	}
	if (name < 1 || name > NETLINK_OPT_MAX || name == NETLINK_LIST_MEMBERSHIPS || (name > 5 && name < 8))
		return -ENOPROTOOPT;
	mutex_guard(&nl->lock);
	nl->bits = v ? nl->bits | 1u << name : nl->bits & ~(1u << name);
	return 0;
}

static int
get_int(struct socket *sock, struct netlink_sock *nl, int name, int *v)
{
	switch (name) {
	case SO_TYPE:
		*v = sock->type;
		return 0;
	case SO_DOMAIN:
		*v = AF_NETLINK;
		return 0;
	case SO_PROTOCOL:
		*v = sock->protocol;
		return 0;
	case SO_ERROR:
		mutex_lock(&nl->lock);
		*v = nl->err;
		nl->err = 0;
		mutex_unlock(&nl->lock);
		return 0;
	case SO_ACCEPTCONN:
		*v = 0;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int
do_getsockopt(struct task *t, struct socket *sock, int level, int name, uaddr_t val, uaddr_t ulen)
{
	struct netlink_sock *nl = sock->sk;
	uint32_t room;
	int v, err;

	if (get_user_u32(t, &room, ulen))
		return -EFAULT;
	if ((int)room < 0)
		return -EINVAL;
	if (level == SOL_SOCKET) {
		err = sock_opts_get(t, &nl->o, name, val, ulen, room);
		if (err != -ENOPROTOOPT)
			return err;
		err = get_int(sock, nl, name, &v);
	} else {
		err = level == SOL_NETLINK && (name == 3 || name == 4 || name == 5 || (name >= 10 && name <= 12)) ? 0 : -ENOPROTOOPT;
		v = err ? 0 : nl->bits >> name & 1;
	}
	return err ? err : sock_put_opt(t, val, ulen, room, &v, sizeof(v));
}

static const struct proto_ops netlink_ops = {
	.family = AF_NETLINK,
	.release = release,
	.bind = do_bind,
	.connect = do_connect,
	.getname = getname,
	.shutdown = do_shutdown,
	.setsockopt = do_setsockopt,
	.getsockopt = do_getsockopt,
	.sendmsg = do_sendmsg,
	.recvmsg = do_recvmsg,
	.poll = do_poll,
};
