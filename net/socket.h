/* SPDX-License-Identifier: MIT
 *
 * Sockets: what all families share (net/socket.c), the table of families, and the interface of a family's sockets.
 */
#ifndef STEAD_NET_SOCKET_H
#define STEAD_NET_SOCKET_H

#include "kernel/list.h"
#include "kernel/lock.h"
#include "vfs/fs.h"

struct fd;
struct poll_table;
struct socket;

#define AF_UNSPEC 0
#define AF_UNIX	  1
#define AF_MAX	  46

#define SOCK_STREAM    1
#define SOCK_DGRAM     2
#define SOCK_RAW       3
#define SOCK_SEQPACKET 5
#define SOCK_MAX       11
#define SOCK_TYPE_MASK 0xf

#define MSG_OOB		 0x1u
#define MSG_PEEK	 0x2u
#define MSG_CTRUNC	 0x8u
#define MSG_TRUNC	 0x20u
#define MSG_DONTWAIT	 0x40u
#define MSG_EOR		 0x80u
#define MSG_WAITALL	 0x100u
#define MSG_NOSIGNAL	 0x4000u
#define MSG_WAITFORONE	 0x10000u
#define MSG_CMSG_CLOEXEC 0x40000000u
#define MSG_CMSG_COMPAT	 0x80000000u

#define RCV_SHUTDOWN  1u
#define SEND_SHUTDOWN 2u
#define SHUTDOWN_MASK 3u

#define SOMAXCONN     4096
#define SOCK_BUF_MAX  212992
#define SOCK_ADDR_MAX 128

/* One message on its way in or out. */
struct sock_msg {
	struct iov_iter *iter;
	char name[SOCK_ADDR_MAX];
	int namelen;	  /* sent: 0 for none; received: set by the family */
	bool want_name;	  /* received: the caller has room for one */
	uaddr_t control;  /* ancillary data of the program; received: advanced */
	size_t controllen; /* received: what is left */
	uint32_t flags;	  /* received: MSG_TRUNC and the like */
};

/* No lock is held in any of these; all may sleep. Absent ones are -EOPNOTSUPP. */
struct proto_ops {
	int family;
	void (*release)(struct task *t, struct socket *sock);
	int (*bind)(struct task *t, struct socket *sock, const char *addr, int len);
	int (*connect)(struct task *t, struct socket *sock, const char *addr, int len, bool nonblock);
	int (*listen)(struct task *t, struct socket *sock, int backlog);
	int (*accept)(struct task *t, struct socket *sock, struct socket *fresh, bool nonblock);
	int (*getname)(struct task *t, struct socket *sock, char *addr, int peer); /* the length, at most SOCK_ADDR_MAX; peer 2: for accept(2) */
	int (*shutdown)(struct task *t, struct socket *sock, int how);
	int (*setsockopt)(struct task *t, struct socket *sock, int level, int name, uaddr_t val, int len);
	int (*getsockopt)(struct task *t, struct socket *sock, int level, int name, uaddr_t val, uaddr_t len);
	int64_t (*sendmsg)(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags);
	int64_t (*recvmsg)(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags);
	uint32_t (*poll)(struct task *t, struct file *file, struct socket *sock, struct poll_table *pt);
	int64_t (*ioctl)(struct task *t, struct socket *sock, unsigned int cmd, uint64_t arg);
	int (*fasync)(struct task *t, struct socket *sock, int fd, struct file *file, bool on);
};

struct socket {
	struct kernel *k;
	const struct proto_ops *ops;
	int type, protocol;
	struct file *file;
	void *sk; /* the family's */
};

struct net_state {
	struct unix_net *un;
	struct inet_net *in;
	struct netlink_net *nn;
	uint32_t somaxconn; /* net.core.somaxconn */
};

/**
 * net_init() - make k->net
 * @k: the instance
 *
 * Context: boot.
 * Return: 0, -ENOMEM.
 */
int net_init(struct kernel *k) __must_check;

/**
 * sock_create() - a socket of any family
 * @t: the current task
 * @family: AF_*
 * @type: SOCK_* without flags
 * @protocol: of the family
 * @out: the socket, without a file
 *
 * Return: 0, -EAFNOSUPPORT, -EINVAL, -EPROTONOSUPPORT, -ESOCKTNOSUPPORT, -ENOMEM.
 */
int sock_create(struct task *t, int family, int type, int protocol, struct socket **out) __must_check;

/**
 * sock_release() - the end of a socket that has no file
 * @t: the current task, or NULL
 * @sock: the socket
 */
void sock_release(struct task *t, struct socket *sock);

/**
 * sock_alloc_file() - a file for a socket; on error the socket is released
 * @t: the current task
 * @sock: without file
 * @flags: O_NONBLOCK
 *
 * Return: the file, which owns the socket, or ERR_PTR.
 */
struct file *sock_alloc_file(struct task *t, struct socket *sock, uint32_t flags) __must_check;

/**
 * sock_from_file() - the socket of a file
 * @file: any file
 *
 * Return: the socket, valid while the file is referenced, or NULL (-ENOTSOCK).
 */
struct socket *sock_from_file(struct file *file);

/**
 * sockfd_get() - the socket of a descriptor
 * @t: the current task
 * @fd: the descriptor
 * @f: what was got: the caller gives it back with fdput(), but on failure
 * @err: set on failure: -EBADF, -ENOTSOCK
 *
 * Return: the socket, or NULL.
 */
struct socket *sockfd_get(struct task *t, int fd, struct fd *f, int *err) __must_check;

/**
 * sock_socketpair() - two connected sockets
 * @t: the current task
 * @a: the one
 * @b: the other, of the same family
 *
 * Return: 0, -EOPNOTSUPP.
 */
int sock_socketpair(struct task *t, struct socket *a, struct socket *b) __must_check;

/**
 * put_cmsg() - a piece of ancillary data for who receives, as far as there is room; MSG_CTRUNC tells that there was none
 * @t: the current task
 * @msg: the message
 * @level: SOL_SOCKET and so on
 * @type: SCM_* and so on
 * @data: what
 * @n: how much
 *
 * Context: copies to the program; the caller holds at most an iolock.
 */
void put_cmsg(struct task *t, struct sock_msg *msg, int level, int type, const void *data, size_t n);

#endif
