/* SPDX-License-Identifier: MIT
 *
 * Sockets of the netlink family, netlink(7): of its protocols NETLINK_ROUTE alone, and of that what asks (net/rtnetlink.c).
 */
#ifndef STEAD_NET_NETLINK_H
#define STEAD_NET_NETLINK_H

#include "kernel/waitq.h"
#include "net/sock_opt.h"

#define AF_NETLINK 16

#define NETLINK_ROUTE 0

#define NLM_F_REQUEST 1u
#define NLM_F_MULTI   2u
#define NLM_F_ACK     4u
#define NLM_F_ROOT    0x100u
#define NLM_F_MATCH   0x200u
#define NLM_F_DUMP    (NLM_F_ROOT | NLM_F_MATCH)
#define NLMSG_ERROR   2
#define NLMSG_DONE    3
#define NLMSG_MIN_TYPE 16

struct nlmsghdr_k {
	uint32_t len;
	uint16_t type, flags;
	uint32_t seq, pid;
};
_Static_assert(sizeof(struct nlmsghdr_k) == 16, "ABI of nlmsghdr");

struct sockaddr_nl_k {
	uint16_t family, pad;
	uint32_t pid, groups;
};
_Static_assert(sizeof(struct sockaddr_nl_k) == 12, "ABI of sockaddr_nl");

/* A datagram of the kernel's. */
struct nl_reply {
	struct list_head list;
	uint32_t len, size;
	char data[];
};

struct netlink_sock {
	struct kernel *k;
	struct mutex lock;   /* RANK_TASK: all below; short */
	struct mutex iolock; /* RANK_PIPE: one reader */
	struct list_head bound; /* nn->lock */
	uint32_t portid, groups; /* portid: nn->lock to set */
	struct sockaddr_nl_k peer;
	bool connected;
	struct list_head queue;
	uint32_t qbytes;
	struct wait_queue_head wq;
	struct sock_opts o;
	uint32_t bits; /* options of level SOL_NETLINK that are on, by their number */
	int err;
	uint32_t shutdown;
};

struct netlink_net {
	struct mutex lock; /* RANK_LEAF: port ids */
	struct list_head bound;
	uint32_t next;
};

/**
 * netlink_init() - make k->net->nn
 * @k: the instance
 *
 * Context: boot.
 * Return: 0, -ENOMEM.
 */
int netlink_init(struct kernel *k) __must_check;

/**
 * netlink_create() - the family's part of socket(2)
 * @t: the current task
 * @sock: filled
 * @type: SOCK_RAW, SOCK_DGRAM
 * @protocol: NETLINK_*
 *
 * Return: 0, -ESOCKTNOSUPPORT, -EPROTONOSUPPORT, -ENOMEM.
 */
int netlink_create(struct task *t, struct socket *sock, int type, int protocol) __must_check;

/**
 * nl_reply_start(), nl_reply_add(), nl_reply_attr(), nl_reply_end() - a message after the other into a datagram
 * @r: the datagram; what finds no room in it is left out
 * @req: the request that is answered
 * @portid: who asks
 * @type: of the message
 * @flags: NLM_F_MULTI
 * @p: bytes, to a multiple of four
 * @n: how many
 * @attr: the attribute's type
 * @start: what nl_reply_start() gave
 *
 * Return: nl_reply_start(): where the message begins.
 */
uint32_t nl_reply_start(struct nl_reply *r, const struct nlmsghdr_k *req, uint32_t portid, uint16_t type, uint16_t flags);
void nl_reply_add(struct nl_reply *r, const void *p, uint32_t n);
void nl_reply_attr(struct nl_reply *r, uint16_t attr, const void *p, uint32_t n);
void nl_reply_end(struct nl_reply *r, uint32_t start);

/**
 * rtnetlink_rcv() - answer a request of NETLINK_ROUTE
 * @t: the current task
 * @req: the request, whole, at least with its header
 * @portid: who asks
 * @r: where the answer goes
 *
 * Return: 1: a dump, to be followed by NLMSG_DONE; 0; or negative errno, which is answered.
 */
int rtnetlink_rcv(struct task *t, const struct nlmsghdr_k *req, uint32_t portid, struct nl_reply *r) __must_check;

#endif
