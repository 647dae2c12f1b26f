/* SPDX-License-Identifier: MIT
 *
 * Groups: who is in which, and delivery to a group. ip(7), "IP_ADD_MEMBERSHIP" and "IP_MULTICAST_ALL"; ipv6(7), "IPV6_ADD_MEMBERSHIP".
 *
 * The one interface is `lo`, and what is sent to a group over it comes back whatever IP_MULTICAST_LOOP says, as on Linux. A datagram
 * gets in if anybody is in its group; then all sockets of the port have it that are in the group or never said IP_MULTICAST_ALL 0.
 * `lo` has no route to groups of IPv6: they can be joined, and not sent to.
 *
 * Memberships are in two lists, the socket's and one of all, both under in->lock.
 * Left out: sources (IP_ADD_SOURCE_MEMBERSHIP and the like), MCAST_JOIN_GROUP.
 */
#include "kernel/task.h"
#include "net/inet.h"

#define MAX_GROUPS4 20 /* net.ipv4.igmp_max_memberships */
#define MAX_GROUPS6 256 /* about what net.core.optmem_max has room for */

struct inet_member {
	struct list_head list, all;
	struct in16 group;
};

static struct inet_member *
find_member(const struct inet_sock *sk, const struct in16 *group)
{
	struct inet_member *m;

	list_for_each_entry(m, &sk->groups, list)
		if (in16_equal(&m->group, group))
			return m;
	return NULL;
}

int
inet_join_group(struct inet_sock *sk, const struct in16 *group)
{
	struct inet_net *in = inet_net(sk->k);
	struct inet_member *m;
	bool v4 = in16_is_v4(group);
	unsigned int n = 0;
	mutex_guard(&in->lock);

	list_for_each_entry(m, &sk->groups, list) {
		if (in16_equal(&m->group, group))
			return -EADDRINUSE;
		n += in16_is_v4(&m->group) == v4;
	}
	if (n >= (v4 ? MAX_GROUPS4 : MAX_GROUPS6))
		return v4 ? -ENOBUFS : -ENOMEM;
	m = kmalloc(sk->k, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->group = *group;
	list_add_tail(&m->list, &sk->groups);
	list_add_tail(&m->all, &in->members);
	return 0;
}

static void
drop(struct inet_sock *sk, struct inet_member *m)
{
	list_del(&m->list);
	list_del(&m->all);
	kfree(sk->k, m);
}

int
inet_leave_group(struct inet_sock *sk, const struct in16 *group)
{
	struct inet_net *in = inet_net(sk->k);
	struct inet_member *m;
	mutex_guard(&in->lock);

	m = find_member(sk, group);
	if (!m)
		return -EADDRNOTAVAIL;
	drop(sk, m);
	return 0;
}

void
inet_leave_all(struct inet_sock *sk)
{
	struct inet_net *in = inet_net(sk->k);
	mutex_guard(&in->lock);

	while (!list_empty(&sk->groups))
		drop(sk, list_first_entry(&sk->groups, struct inet_member, list));
}

/* Does a use of the port get what is sent to a group? */
static bool
wants(const struct inet_bind *b, int protocol, const struct inet_name *to, const struct inet_name *from)
{
	if (!b->sk || b->protocol != protocol || b->port != to->port || !(in16_is_v4(&to->addr) ? b->v4 : b->v6))
		return false;
	if (!in16_any(&b->addr) && !in16_equal(&b->addr, &to->addr))
		return false;
	if (b->rport && (b->rport != from->port || !in16_equal(&b->raddr, &from->addr)))
		return false;
	return b->sk->io.mc_all || find_member(b->sk, &to->addr);
}

static bool
has_members(struct inet_net *in, const struct in16 *group)
{
	struct inet_member *m;

	list_for_each_entry(m, &in->members, all)
		if (in16_equal(&m->group, group))
			return true;
	return false;
}

struct inet_sock **
inet_lookup_group(struct kernel *k, int protocol, const struct inet_name *to, const struct inet_name *from, size_t *count)
{
	struct inet_net *in = inet_net(k);
	struct list_head *uses = &in->ports[to->port % INET_HASH];
	struct inet_sock **found;
	struct inet_bind *b;
	size_t n = 0;
	mutex_guard(&in->lock);

	*count = 0;
	if (!has_members(in, &to->addr))
		return NULL;
	list_for_each_entry(b, uses, list)
		n += wants(b, protocol, to, from);
	found = n ? kmalloc(k, n * sizeof(struct inet_sock *)) : NULL;
	if (!found)
		return NULL;
	list_for_each_entry(b, uses, list)
		if (wants(b, protocol, to, from) && refcount_inc_not_zero(&b->sk->refs))
			found[(*count)++] = b->sk;
	return found;
}
