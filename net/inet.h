/* SPDX-License-Identifier: MIT
 *
 * Sockets of the families inet and inet6: ip(7), ipv6(7), udp(7), tcp(7). There is one network, with one interface, `lo`, that has
 * 127.0.0.0/8 and ::1; every other destination is -ENETUNREACH. There are no packets: what is sent is in the receiver's queue.
 *
 * Every address is kept in sixteen bytes, those of IPv4 mapped (::ffff:a.b.c.d), so that both families are one.
 * See net/inet_core.c for lifetimes and locks.
 */
#ifndef STEAD_NET_INET_H
#define STEAD_NET_INET_H

#include "kernel/refcount.h"
#include "kernel/slab.h"
#include "kernel/time.h"
#include "kernel/waitq.h"
#include "net/sock_opt.h"
#include "vfs/fcntl.h"
#include "vfs/poll.h"

#define AF_INET	 2
#define AF_INET6 10

#define IPPROTO_IP   0
#define IPPROTO_ICMP 1
#define IPPROTO_TCP  6
#define IPPROTO_UDP  17
#define IPPROTO_IPV6 41
#define IPPROTO_ICMPV6 58
#define IPPROTO_UDPLITE 136

#define INET_HASH	512u
#define LO_MTU		65536
#define LO_IFINDEX	1
#define TCP_TIMEWAIT_NS (60 * NSEC_PER_SEC)
#define TCP_DEFAULT_RCVBUF 131072
#define TCP_DEFAULT_SNDBUF 16384
#define TCP_LO_SNDBUF	2626560 /* what Linux makes of it for a connection over `lo` */

/* Numbers as in /proc/net/tcp and struct tcp_info. */
enum tcp_state {
	TCP_ESTABLISHED = 1, TCP_SYN_SENT, TCP_SYN_RECV, TCP_FIN_WAIT1, TCP_FIN_WAIT2, TCP_TIME_WAIT, TCP_CLOSE, TCP_CLOSE_WAIT,
	TCP_LAST_ACK, TCP_LISTEN, TCP_CLOSING,
};

/* A mapped IPv4 address or one of IPv6, in the network's byte order. */
struct in16 {
	union {
		uint8_t b[16];
		uint32_t w[4];
		uint64_t q[2];
	};
};

/* A place: ports in the host's byte order. */
struct inet_name {
	struct in16 addr;
	uint16_t port;
	uint32_t flowinfo, scope;
};

/*
 * The use of a port: of a socket, or of a connection that was and is in TIME_WAIT. It is in the table while it has a port.
 * Written under inet_net.lock (and the socket's own).
 */
struct inet_bind {
	struct list_head list;
	struct list_head tw_list; /* TIME_WAIT: among all, in order of time */
	struct inet_sock *sk; /* NULL: TIME_WAIT */
	uint8_t protocol, state;
	bool v4, v6; /* which kinds of address it is for */
	bool family6;
	bool reuse, reuseport, automatic; /* automatic: chosen by connect(2) */
	uint32_t uid;
	uint64_t ino;
	struct in16 addr, raddr;
	uint16_t port, rport;
	int64_t expires;
};

/* A datagram. */
struct inet_dgram {
	struct list_head list;
	uint32_t len, truesize, done; /* done: bytes that were peeked at do not count */
	struct inet_name from;
	struct in16 to;
	uint8_t tos, ttl;
	bool peeked;
	int64_t stamp;
	char data[];
};

/* A piece of a stream. Bytes from start to end are there; the writer at work adds behind, outside of locks. */
struct tcp_seg {
	struct list_head list;
	uint32_t start, end, cap;
	bool writing;
	char data[];
};

struct inet_opts {
	uint8_t tos, ttl, mc_ttl, hops_set, mc_loop, pmtudisc, mc_all;
	int16_t hops, mc_hops;
	int mc_if;
	uint8_t tclass, mtu_discover6;
	uint16_t cscov[2]; /* of UDP-Lite, sent and received */
	uint32_t bits; /* INET_OPT_* by number: what is only on or off */
};

struct tcp_opts {
	bool nodelay, cork, quickack;
	uint32_t keepidle, keepintvl, keepcnt, syncnt, linger2, defer_accept, window_clamp, user_timeout, notsent_lowat, maxseg;
	uint32_t fastopen, fastopen_connect;
	char congestion[16];
};

struct inet_sock {
	refcount_t refs;
	struct kernel *k;
	struct mutex lock;     /* RANK_TASK: the rest but where noted; short */
	struct mutex iolock;   /* RANK_PIPE: one reader at a time, over copies */
	struct mutex sendlock; /* RANK_PIPE: one writer to a stream at a time, over copies; inside of iolock */
	int family, type, protocol;
	struct socket *socket; /* in->lock; NULL: not accepted yet, or released */
	uint32_t uid;
	struct list_head all;	/* in->lock */
	struct list_head groups; /* in->lock: inet_mcast.c */
	struct inet_bind b;	/* names; the port stays when the use of it has ended */
	bool bound_addr, bound_port; /* by bind(2) */
	bool connected;		/* a datagram socket */
	bool dead;		/* released */
	bool v6only;
	uint32_t flowinfo, scope;
	uint32_t shutdown;	/* RCV_SHUTDOWN | SEND_SHUTDOWN; read without the lock */
	int err;		/* SO_ERROR; atomic */
	struct wait_queue_head wq;
	struct fasync_queue fasync;
	struct list_head queue;	/* inet_dgram, or tcp_seg */
	uint64_t qbytes;	/* that a reader can have */
	uint32_t qmem;		/* datagrams: their truesize */
	uint64_t drops;
	struct sock_opts o;
	struct inet_opts io;
	/* streams */
	enum tcp_state state;
	enum { SS_UNCONNECTED, SS_CONNECTING, SS_CONNECTED } ss; /* what connect(2) has told: connecting until it told how it ended */
	bool done;	 /* the other end has closed: reads end without an error */
	bool sender_waits; /* the peer wants to be told of room in our queue */
	struct inet_sock *peer; /* with a reference; once set only disconnecting changes it, under iolock and sendlock */
	struct list_head accept; /* of a listener: connections, by their node; each with a reference */
	struct list_head pending; /* of a listener: sockets that wait for room, by their node; each with a reference */
	struct list_head node;
	struct inet_sock *listener; /* that we are pending at, with a reference */
	uint32_t nr_accept, backlog;
	uint32_t copied_seq, rcv_nxt; /* of our queue, for the place of urgent data */
	uint32_t urg_seq;
	uint16_t urg; /* the byte, and: */
#define URG_VALID 0x100
#define URG_READ  0x200
	int64_t syn_deadline;
	struct ktimer timer; /* net/tcp_timer.c */
	uint64_t bytes_in, bytes_out;
	struct tcp_opts to;
};

struct inet_net {
	struct mutex lock; /* RANK_LEAF: uses of ports, all sockets */
	struct list_head all;
	struct list_head ports[INET_HASH];
	struct list_head tw_list;
	struct list_head members; /* of groups */
	uint32_t nr_tw;
	struct kmem_cache socks;
	uint32_t port_min, port_max, unpriv_start;
	uint64_t rng;
	uint32_t nr_tcp, nr_udp;
};

extern const struct proto_ops inet_dgram_ops, inet6_dgram_ops, inet_stream_ops, inet6_stream_ops;

static inline struct inet_sock *
inet_sk(const struct socket *sock)
{
	return sock->sk;
}

static inline struct inet_net *
inet_net(const struct kernel *k)
{
	return k->net->in;
}

static inline bool
in16_equal(const struct in16 *a, const struct in16 *b)
{
	return a->q[0] == b->q[0] && a->q[1] == b->q[1];
}

static inline bool
in16_is_v4(const struct in16 *a)
{
	return a->q[0] == 0 && a->w[2] == 0xffff0000u;
}

/* Is it the address of no place: 0.0.0.0 or ::? */
static inline bool
in16_any(const struct in16 *a)
{
	return a->q[0] == 0 && a->w[3] == 0 && (a->w[2] == 0 || a->w[2] == 0xffff0000u);
}

static inline uint16_t
swap16(uint16_t v)
{
	return __builtin_bswap16(v);
}

/* ---- inet_addr.c: addresses ---- */

/**
 * in16_v4() - an address of IPv4
 * @addr: in the network's byte order
 */
struct in16 in16_v4(uint32_t addr);

/**
 * in16_local(), in16_multicast() - is it an address of this network? Of a group?
 * @a: the address
 */
bool in16_local(const struct in16 *a);
bool in16_multicast(const struct in16 *a);

/**
 * inet_name_get() - what a program wrote as an address
 * @sk: whose family it must be of (AF_UNSPEC is taken for AF_INET if the address is 0.0.0.0 and @binding)
 * @addr: the bytes
 * @len: how many
 * @binding: for bind(2)
 * @out: the place
 *
 * Return: 0, -EINVAL, -EAFNOSUPPORT.
 */
int inet_name_get(const struct inet_sock *sk, const char *addr, int len, bool binding, struct inet_name *out) __must_check;

/**
 * inet_name_put() - a place as a program reads it
 * @sk: of which family
 * @n: the place
 * @addr: room for SOCK_ADDR_MAX
 *
 * Return: the length.
 */
int inet_name_put(const struct inet_sock *sk, const struct inet_name *n, char *addr);

/**
 * inet_route() - where a destination is, and from where one would send to it
 * @sk: the socket
 * @to: the destination; no place becomes this machine
 * @from: the source, unless the socket has one
 *
 * Return: 0, -ENETUNREACH, -EINVAL, -EACCES (SO_BROADCAST).
 */
int inet_route(const struct inet_sock *sk, struct in16 *to, struct in16 *from) __must_check;

/* ---- inet_core.c ---- */
int inet_init(struct kernel *k) __must_check;
int inet_create(struct task *t, struct socket *sock, int type, int protocol) __must_check;
int inet6_create(struct task *t, struct socket *sock, int type, int protocol) __must_check;

/**
 * inet_alloc() - a socket nobody knows, with one reference
 * @k: the instance
 * @family: AF_INET, AF_INET6
 * @type: SOCK_STREAM, SOCK_DGRAM
 *
 * Return: the socket, or NULL.
 */
struct inet_sock *inet_alloc(struct kernel *k, int family, int type) __must_check;
void inet_get(struct inet_sock *sk);
void inet_put(struct inet_sock *sk);
/* Who it belongs to for /proc and SIGURG; NULL: nobody any more. */
void inet_set_socket(struct inet_sock *sk, struct socket *sock);
int inet_getname(struct task *t, struct socket *sock, char *addr, int peer);
/*
 * Wake who waits or polls, and signal who asked for it. A change of state (0) is signalled by whoever makes it, if at all, with
 * inet_signal(). Under no lock but iolock and sendlock.
 */
void inet_wake(struct inet_sock *sk, uint32_t key);
void inet_signal(struct inet_sock *sk, enum fasync_code code);
/* SIGURG to the owner of the socket's file. */
void inet_sigurg(struct inet_sock *sk);
/* SO_ERROR, which is 0 from then on; negative. */
int inet_error(struct inet_sock *sk);
int inet_fasync(struct task *t, struct socket *sock, int fd, struct file *file, bool on);

/* ---- inet_ports.c: uses of ports. All take in->lock. ---- */
int inet_bind(struct task *t, struct socket *sock, const char *addr, int len);

/**
 * inet_autobind() - any port, for a socket that has none
 * @t: the current task
 * @sk: the socket; its lock is held
 *
 * Return: 0, -EAGAIN: there is none free.
 */
int inet_autobind(struct task *t, struct inet_sock *sk) __must_check;

/**
 * inet_hash_connect() - name both ends of a connection; the near port is chosen if there is none
 * @sk: the socket, its lock held, with b.addr, b.raddr and b.rport set
 *
 * Return: 0, -EADDRNOTAVAIL.
 */
int inet_hash_connect(struct inet_sock *sk) __must_check;

/**
 * inet_hash_child() - the use of a listener's port by a connection to it
 * @sk: the new socket, with all of b set but the list
 */
void inet_hash_child(struct inet_sock *sk);
/* Another state, or none: after listen(2), disconnect and so on. sk->lock is held. */
void inet_set_state(struct inet_sock *sk, enum tcp_state state);
/* May a bound socket listen? 0, -EADDRINUSE. sk->lock is held. */
int inet_may_listen(struct inet_sock *sk) __must_check;
/* A datagram socket's other end; NULL: none. sk->lock is held. */
void inet_set_remote(struct inet_sock *sk, const struct inet_name *remote, const struct in16 *local);
/* The port is free again. sk->lock is held. */
void inet_unhash(struct inet_sock *sk);
/* Remember the connection of @sk for its TIME_WAIT. */
void inet_time_wait(struct inet_sock *sk);
/* Who gets what is sent to a place, with a reference, or NULL. A listener for streams. */
struct inet_sock *inet_lookup(struct kernel *k, int protocol, const struct inet_name *to, const struct inet_name *from) __must_check;

/* ---- inet_mcast.c. All take in->lock. ---- */
/* 0, -EADDRINUSE, -ENOBUFS, -ENOMEM. */
int inet_join_group(struct inet_sock *sk, const struct in16 *group) __must_check;
/* 0, -EADDRNOTAVAIL. */
int inet_leave_group(struct inet_sock *sk, const struct in16 *group) __must_check;
void inet_leave_all(struct inet_sock *sk);

/**
 * inet_lookup_group() - who gets what is sent to a group
 * @k: the instance
 * @protocol: IPPROTO_UDP, IPPROTO_UDPLITE
 * @to: the group, and the port
 * @from: who sends
 * @count: set to how many
 *
 * Return: the sockets, each with a reference, for kfree(); or NULL.
 */
struct inet_sock **inet_lookup_group(struct kernel *k, int protocol, const struct inet_name *to, const struct inet_name *from,
				     size_t *count) __must_check;

/* ---- inet_opt.c ---- */
int inet_setsockopt(struct task *t, struct socket *sock, int level, int name, uaddr_t val, int len);
int inet_getsockopt(struct task *t, struct socket *sock, int level, int name, uaddr_t val, uaddr_t len);
void inet_opts_init(struct inet_sock *sk);
/* Bits of inet_opts.bits. */
#define INET_OPT_PKTINFO    1u
#define INET_OPT_PKTINFO6   2u
#define INET_OPT_RECVTTL    4u
#define INET_OPT_RECVTOS    8u
#define INET_OPT_RECVERR    16u
#define INET_OPT_RECVERR6   32u
#define INET_OPT_HDRINCL    64u
#define INET_OPT_FREEBIND   128u
#define INET_OPT_RECVHOPS   256u
#define INET_OPT_RECVTCLASS 512u
#define INET_OPT_NODEFRAG   1024u
#define INET_OPT_BIND_NOPORT 2048u
#define INET_OPT_RECVORIGDST 4096u
#define INET_OPT_TRANSPARENT 8192u
#define INET_OPT_MC_LOOP6_OFF 16384u
#define INET_OPT_RECVOPTS   32768u
#define INET_OPT_RETOPTS    65536u
#define INET_OPT_AUTOFLOW   131072u
#define INET_OPT_CHECKSUM   262144u

/* ---- inet_ioctl.c: about interfaces, through a socket of any family; -ENOIOCTLCMD: not that ---- */
int64_t inet_ioctl(struct task *t, unsigned int cmd, uint64_t arg);

/* ---- udp.c ---- */
int udp_connect(struct task *t, struct socket *sock, const char *addr, int len, bool nonblock);
int64_t udp_sendmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags);
int64_t udp_recvmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags);

/* ---- inet_cmsg.c: ancillary data ---- */
struct inet_cmsg {
	bool have_tos, have_ttl, have_src;
	int tos, ttl;
	struct in16 src;
};
int inet_cmsg_send(struct task *t, struct inet_sock *sk, struct sock_msg *msg, struct inet_cmsg *out) __must_check;
void inet_cmsg_recv(struct task *t, struct inet_sock *sk, struct sock_msg *msg, const struct inet_dgram *d);

/* ---- tcp_conn.c ---- */
int tcp_connect(struct task *t, struct socket *sock, const char *addr, int len, bool nonblock);
int tcp_listen(struct task *t, struct socket *sock, int backlog);
int tcp_accept(struct task *t, struct socket *sock, struct socket *fresh, bool nonblock);
int tcp_shutdown(struct task *t, struct socket *sock, int how);
void tcp_release(struct task *t, struct inet_sock *sk);
/* Wait until a connect that is under way has ended; 0, or an error of connect(2). */
int tcp_wait_connect(struct task *t, struct inet_sock *sk, int64_t deadline) __must_check;
/* Both ends are reset, as by what came for an end that takes no more. */
void tcp_reset_both(struct inet_sock *sk, struct inet_sock *peer);
/* A reset arrives; nothing comes or goes any more. sk->lock is held. True: it was not closed before, and POLL_ERR is to be told. */
bool tcp_reset(struct inet_sock *sk);
void tcp_done(struct inet_sock *sk);
/* Give up a connect, if it is still under way: @err is what the socket's error becomes. */
void tcp_fail_connect(struct inet_sock *sk, int err);

/* ---- tcp_timer.c ---- */
/* How long a connect tries, in ns. */
int64_t tcp_syn_timeout(const struct inet_sock *sk);
void tcp_timer_init(struct inet_sock *sk);
/* Arm the socket's timer, disarm it. sk->lock is held, and the caller has a reference. */
void tcp_start_timer(struct inet_sock *sk, int64_t when);
void tcp_stop_timer(struct inet_sock *sk);
/* @sk has been closed: if it waits for its peer to close, then not for ever. Both locks are held. True: @peer was reset. */
bool tcp_orphan(struct inet_sock *sk, struct inet_sock *peer);
/* SO_LINGER: wait until the peer has room for all that was sent. */
void tcp_linger(struct task *t, struct inet_sock *sk);

/* ---- tcp_io.c ---- */
int64_t tcp_sendmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags);
int64_t tcp_recvmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags);
uint32_t tcp_poll(struct task *t, struct file *file, struct socket *sock, struct poll_table *pt);
int64_t tcp_ioctl(struct task *t, struct socket *sock, unsigned int cmd, uint64_t arg);
/* Bytes on their way beyond what the window of @peer takes. */
int64_t tcp_unsent(const struct inet_sock *peer);
/* Everything in the queue that no writer is at. sk->lock is held. */
void tcp_purge(struct inet_sock *sk);

/* ---- inet_proc.c ---- */
struct inet_counts { /* [1]: of IPv6 */
	unsigned int tcp[2], tcp_alloc[2], udp[2], udp_alloc[2], udplite[2], tw, orphan;
};
/* The lines of /proc/net/tcp and its like: how long they are, or -ENOSPC. */
int64_t inet_show(struct kernel *k, int protocol, bool family6, char *buf, size_t size) __must_check;
void inet_count(struct kernel *k, struct inet_counts *out);

/* ---- tcp_opt.c ---- */
void tcp_opts_init(struct inet_sock *sk);
int tcp_setsockopt(struct task *t, struct inet_sock *sk, int name, uaddr_t val, int len);
int tcp_getsockopt(struct task *t, struct inet_sock *sk, int name, uaddr_t val, uaddr_t ulen, uint32_t room);

#endif
