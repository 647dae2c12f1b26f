/* SPDX-License-Identifier: MIT
 *
 * Who uses which port: bind(2), ports chosen by the kernel, TIME_WAIT, and who is meant by a destination.
 *
 * One table of struct inet_bind, by port, for both protocols and both families. A use has the sockets' state in it that conflicts
 * depend on, so nothing here looks at a socket under the table's lock.
 */
#include <linux/capability.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "net/inet.h"

#define TW_MAX	    65536u
#define TW_REUSE_NS NSEC_PER_SEC /* net.ipv4.tcp_tw_reuse = 2: over loopback, after a second */

static struct list_head *
bucket(struct inet_net *in, uint16_t port)
{
	return &in->ports[port % INET_HASH];
}

static uint32_t
random32(struct inet_net *in)
{
	in->rng ^= in->rng << 13;
	in->rng ^= in->rng >> 7;
	in->rng ^= in->rng << 17;
	return (uint32_t)(in->rng >> 16);
}

static bool
overlap(const struct inet_bind *a, const struct inet_bind *b)
{
	if (a->v4 && b->v4 && (in16_any(&a->addr) || in16_any(&b->addr) || a->addr.w[3] == b->addr.w[3]))
		return true;
	return a->v6 && b->v6 && (in16_any(&a->addr) || in16_any(&b->addr) || in16_equal(&a->addr, &b->addr));
}

/* May @b have its port although @other has it? */
static bool
conflict(const struct inet_bind *b, const struct inet_bind *other)
{
	if (other == b || other->protocol != b->protocol || other->port != b->port || !overlap(b, other))
		return false;
	if (b->reuse && other->reuse && (b->protocol != IPPROTO_TCP || other->state != TCP_LISTEN))
		return false;
	return !(b->reuseport && other->reuseport && (other->uid == b->uid || other->state == TCP_TIME_WAIT));
}

static void
drop_tw(struct kernel *k, struct inet_net *in, struct inet_bind *tw)
{
	list_del(&tw->list);
	list_del(&tw->tw_list);
	in->nr_tw--;
	kfree(k, tw);
}

static void
expire(struct kernel *k, struct inet_net *in)
{
	int64_t now = list_empty(&in->tw_list) ? 0 : ktime_get();

	while (!list_empty(&in->tw_list)) {
		struct inet_bind *tw = list_first_entry(&in->tw_list, struct inet_bind, tw_list);

		if (tw->expires > now && in->nr_tw <= TW_MAX)
			break;
		drop_tw(k, in, tw);
	}
}

static bool
port_in_use(struct inet_net *in, const struct inet_bind *b)
{
	const struct inet_bind *other;

	list_for_each_entry(other, bucket(in, b->port), list)
		if (conflict(b, other))
			return true;
	return false;
}

/* For a connection from @b's place: is it another than all that are or were? */
static bool
is_unique(struct kernel *k, struct inet_net *in, const struct inet_bind *b, bool shared)
{
	struct inet_bind *o, *next;

	list_for_each_entry_safe(o, next, bucket(in, b->port), list) {
		if (o == b || o->protocol != b->protocol || o->port != b->port || !overlap(b, o))
			continue;
		if (o->rport == b->rport && in16_equal(&o->raddr, &b->raddr) && in16_equal(&o->addr, &b->addr)) {
			if (o->state != TCP_TIME_WAIT || o->expires - ktime_get() > TCP_TIMEWAIT_NS - TW_REUSE_NS)
				return false;
			drop_tw(k, in, o);
			continue;
		}
		if (shared && !o->automatic && o->state != TCP_TIME_WAIT)
			return false;
	}
	return true;
}

static void
covers(struct inet_sock *sk)
{
	bool mapped = in16_is_v4(&sk->b.addr);

	sk->b.v4 = mapped || (in16_any(&sk->b.addr) && !sk->v6only);
	sk->b.v6 = !mapped;
	sk->b.reuse = sock_flag(&sk->o, SO_REUSEADDR);
	sk->b.reuseport = sock_flag(&sk->o, SO_REUSEPORT);
	sk->b.uid = sk->uid;
}

static void
insert(struct inet_net *in, struct inet_sock *sk)
{
	list_del_init(&sk->b.list);
	list_add(&sk->b.list, bucket(in, sk->b.port));
}

/* A port that @fits; of bind(2) odd ones first, of connect(2) even ones, as Linux. */
static bool
find_port(struct kernel *k, struct inet_net *in, struct inet_sock *sk, bool connecting)
{
	uint32_t range = in->port_max - in->port_min + 1, start = random32(in) % range & ~1u;

	for (uint32_t i = 0; i < range; i++) {
		uint32_t at = (start + (i < (range + 1) / 2 ? 2 * i : 2 * i + 1 - range % 2) + (connecting ? 0 : 1)) % range;

		sk->b.port = (uint16_t)(in->port_min + at);
		if (connecting ? is_unique(k, in, &sk->b, true) : !port_in_use(in, &sk->b))
			return true;
	}
	sk->b.port = 0;
	return false;
}

/* Take the port asked for, or any. in->lock is held. */
static int
take_port(struct kernel *k, struct inet_net *in, struct inet_sock *sk, uint16_t port)
{
	bool reuse = sk->b.reuse, reuseport = sk->b.reuseport;

	expire(k, in);
	sk->b.automatic = false;
	if (port) {
		sk->b.port = port;
		if (port_in_use(in, &sk->b)) {
			sk->b.port = 0;
			return -EADDRINUSE;
		}
	} else {
		bool found;

		sk->b.reuse = sk->b.reuseport = false; /* one of its own */
		found = find_port(k, in, sk, false);
		sk->b.reuse = reuse;
		sk->b.reuseport = reuseport;
		if (!found)
			return -EADDRINUSE;
	}
	insert(in, sk);
	return 0;
}

static int
may_bind(struct task *t, const struct inet_sock *sk, const struct inet_name *n)
{
	const struct in16 *a = &n->addr;
	bool v4 = in16_is_v4(a);

	if (sk->family == AF_INET6 && v4 && sk->v6only)
		return -EINVAL;
	if (!v4 && a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80)
		return n->scope ? -EADDRNOTAVAIL : -EINVAL;
	if (!in16_any(a) && !in16_local(a) && !(sk->io.bits & (INET_OPT_FREEBIND | INET_OPT_TRANSPARENT)) &&
	    !(v4 && a->w[3] == 0xffffff7fu) && !(v4 && a->w[3] == 0xffffffffu) && !(in16_multicast(a) && (v4 || sk->type == SOCK_DGRAM)))
		return -EADDRNOTAVAIL;
	if (n->port && n->port < READ_ONCE(inet_net(t->k)->unpriv_start) && !capable(t, CAP_NET_BIND_SERVICE))
		return -EACCES;
	return 0;
}

int
inet_bind(struct task *t, struct socket *sock, const char *addr, int len)
{
	struct inet_sock *sk = inet_sk(sock);
	struct inet_net *in = inet_net(t->k);
	struct in16 was;
	struct inet_name n;
	int err = inet_name_get(sk, addr, len, true, &n);

	if (!err)
		err = may_bind(t, sk, &n);
	if (err)
		return err;
	mutex_guard(&sk->lock);
	if (sk->b.port || sk->state != TCP_CLOSE || sk->connected)
		return -EINVAL;
	was = sk->b.addr;
	mutex_lock(&in->lock);
	sk->b.addr = n.addr;
	covers(sk);
	if (n.port || !(sk->io.bits & INET_OPT_BIND_NOPORT))
		err = take_port(t->k, in, sk, n.port);
	if (err)
		sk->b.addr = was;
	mutex_unlock(&in->lock);
	if (err)
		return err;
	sk->bound_addr = !in16_any(&n.addr);
	sk->bound_port = n.port != 0;
	sk->scope = n.scope;
	return 0;
}

int
inet_autobind(struct task *t, struct inet_sock *sk)
{
	struct inet_net *in = inet_net(sk->k);
	mutex_guard(&in->lock);

	if (sk->b.port)
		return 0;
	covers(sk);
	return take_port(sk->k, in, sk, 0) ? -EAGAIN : 0;
}

int
inet_hash_connect(struct inet_sock *sk)
{
	struct inet_net *in = inet_net(sk->k);
	mutex_guard(&in->lock);

	expire(sk->k, in);
	covers(sk);
	if (sk->b.port && list_empty(&sk->b.list))
		sk->b.port = 0; /* of a connection that was */
	if (sk->b.port)
		return is_unique(sk->k, in, &sk->b, false) ? 0 : -EADDRNOTAVAIL;
	if (!find_port(sk->k, in, sk, true))
		return -EADDRNOTAVAIL;
	sk->b.automatic = true;
	insert(in, sk);
	return 0;
}

void
inet_hash_child(struct inet_sock *sk)
{
	struct inet_net *in = inet_net(sk->k);
	mutex_guard(&in->lock);

	covers(sk);
	insert(in, sk);
}

void
inet_set_state(struct inet_sock *sk, enum tcp_state state)
{
	struct inet_net *in = inet_net(sk->k);

	mutex_lock(&in->lock);
	sk->b.state = (uint8_t)state;
	if (state == TCP_CLOSE && !sk->bound_port)
		list_del_init(&sk->b.list);
	mutex_unlock(&in->lock);
	__atomic_store_n(&sk->state, state, __ATOMIC_SEQ_CST);
}

int
inet_may_listen(struct inet_sock *sk)
{
	struct inet_net *in = inet_net(sk->k);
	mutex_guard(&in->lock);

	covers(sk);
	return port_in_use(in, &sk->b) ? -EADDRINUSE : 0;
}

void
inet_set_remote(struct inet_sock *sk, const struct inet_name *remote, const struct in16 *local)
{
	struct inet_net *in = inet_net(sk->k);
	mutex_guard(&in->lock);

	if (remote) {
		sk->b.raddr = remote->addr;
		sk->b.rport = remote->port;
		sk->b.addr = *local;
	} else {
		sk->b.raddr = sk->family == AF_INET ? in16_v4(0) : (struct in16){ .w = { 0 } };
		sk->b.rport = 0;
		if (!sk->bound_addr)
			sk->b.addr = sk->b.raddr;
	}
	sk->b.state = remote ? TCP_ESTABLISHED : TCP_CLOSE;
	covers(sk);
	if (!remote && !sk->bound_port) {
		list_del_init(&sk->b.list);
		sk->b.port = 0;
	}
}

void
inet_unhash(struct inet_sock *sk)
{
	struct inet_net *in = inet_net(sk->k);
	mutex_guard(&in->lock);

	list_del_init(&sk->b.list);
}

void
inet_time_wait(struct inet_sock *sk)
{
	struct inet_net *in = inet_net(sk->k);
	struct inet_bind *tw = kmalloc(sk->k, sizeof(*tw));

	if (!tw)
		return; /* as Linux: the port is free at once */
	mutex_guard(&in->lock);
	expire(sk->k, in);
	*tw = sk->b;
	tw->sk = NULL;
	tw->state = TCP_TIME_WAIT;
	tw->expires = ktime_get() + TCP_TIMEWAIT_NS;
	list_add_tail(&tw->tw_list, &in->tw_list);
	list_add_tail(&tw->list, bucket(in, tw->port));
	in->nr_tw++;
}

/* How well does a use fit a destination? 0: not at all. */
static int
score(const struct inet_bind *b, int protocol, const struct inet_name *to, const struct inet_name *from)
{
	bool v4 = in16_is_v4(&to->addr);
	int s = 2;

	if (!b->sk || b->protocol != protocol || b->port != to->port || !(v4 ? b->v4 : b->v6))
		return 0;
	if (protocol == IPPROTO_TCP && b->state != TCP_LISTEN)
		return 0;
	if (v4 && !b->family6)
		s++;
	if (!in16_any(&b->addr)) {
		if (!in16_equal(&b->addr, &to->addr))
			return 0;
		s += 4;
	}
	if (protocol != IPPROTO_TCP && b->rport) {
		if (b->rport != from->port || !in16_equal(&b->raddr, &from->addr))
			return 0;
		s += 8;
	}
	return s;
}

struct inet_sock *
inet_lookup(struct kernel *k, int protocol, const struct inet_name *to, const struct inet_name *from)
{
	uint32_t hash = (from->addr.w[3] ^ (uint32_t)from->port << 16 ^ to->port) * 0x9e3779b1u, n = 0;
	struct inet_net *in = inet_net(k);
	struct inet_bind *b, *best = NULL;
	int best_score = 0;
	mutex_guard(&in->lock);

	list_for_each_entry(b, bucket(in, to->port), list) {
		int s = score(b, protocol, to, from);

		if (s > best_score) {
			best = b;
			best_score = s;
			n = 1;
		} else if (s && s == best_score && b->reuseport && best->reuseport) {
			/* Each of a group with the same chance, and a connection always the same. */
			n++;
			hash = hash * 1664525u + 1013904223u;
			if (((uint64_t)hash * n) >> 32 == 0)
				best = b;
		}
	}
	if (!best || !refcount_inc_not_zero(&best->sk->refs))
		return NULL;
	return best->sk;
}
