/* SPDX-License-Identifier: MIT
 *
 * Sockets of the unix family: unix(7). Shared by the files net/unix_*.c; see net/unix_core.c for locks.
 */
#ifndef STEAD_NET_UNIX_H
#define STEAD_NET_UNIX_H

#include "kernel/refcount.h"
#include "kernel/slab.h"
#include "kernel/waitq.h"
#include "net/sock_opt.h"
#include "vfs/fcntl.h"
#include "vfs/poll.h"

#define UNIX_PATH_MAX	   108
#define UNIX_ADDR_MAX	   (2 + UNIX_PATH_MAX)
#define UNIX_HASH	   256u
#define UNIX_MAX_DGRAM_QLEN 10u
#define SCM_MAX_FD	   253

enum unix_sock_state { UNIX_CLOSED, UNIX_CONNECTED, UNIX_LISTENING };

struct unix_address {
	refcount_t refs;
	int len; /* with the family */
	char name[UNIX_ADDR_MAX + 1];
};

struct unix_creds {
	int pid;
	uint32_t uid, gid;
};

/* Files on their way, with references. */
struct scm_fp {
	struct scm_fp *next;
	struct cred *cred; /* of the sender, whose user they count for; NULL: they count for nobody */
	unsigned int n;
	struct file *files[];
};

/* A message, or a piece of a stream. */
struct unix_skb {
	struct list_head list;
	struct unix_sock *owner; /* the sender, whose buffer space it takes; with a reference */
	struct unix_sock *embryo; /* in a listener's queue: the new end, with the queue's reference */
	uint32_t len, done; /* of data; bytes taken by readers of a stream */
	uint32_t truesize;
	bool peeked; /* u->lock: MSG_PEEK has shown it */
	struct unix_creds creds;
	struct unix_address *addr; /* of the sender */
	struct scm_fp *fp; /* files that go along, or NULL */
	char data[];
};

struct unix_sock {
	refcount_t refs;
	struct kernel *k;
	struct mutex lock; /* RANK_TASK: all below but where noted; short */
	struct mutex iolock; /* RANK_PIPE: one reader at a time, over copies */
	int type;
	enum unix_sock_state state;
	bool dead;
	uint32_t shutdown; /* RCV_SHUTDOWN | SEND_SHUTDOWN; read without the lock */
	struct unix_sock *peer; /* with a reference */
	struct unix_address *addr;
	struct inode *inode; /* bound to a name in a file system; with a reference */
	struct list_head all;  /* un->lock: among all */
	struct socket *socket; /* un->lock; NULL: not accepted yet, or released */
	struct list_head hash; /* un->lock: among the bound */
	struct list_head queue; /* unix_skb: data, or new connections */
	uint32_t qlen;
	uint64_t qbytes;
	uint32_t backlog; /* of connections, or of datagrams */
	struct wait_queue_head wq; /* readers, writers, pollers */
	struct fasync_queue fasync;
	bool async_nospace; /* atomic: found no room to write, and is to be signalled when there is */
	struct wait_queue_head peer_wait; /* who waits for room in our queue */
	struct wait_queue_entry relay; /* on relay_on's peer_wait: wakes our wq */
	struct unix_sock *relay_on;    /* with a reference, or NULL */
	uint32_t wmem; /* atomic: buffer space of what was sent and not taken */
	int err; /* SO_ERROR; atomic */
	struct unix_creds creds, peer_creds;
	struct cred *peer_cred; /* for SO_PEERGROUPS, or NULL */
	struct sock_opts o;
};

struct unix_net {
	struct mutex lock; /* RANK_LEAF: names, all sockets */
	struct list_head all;
	struct list_head names[UNIX_HASH];
	struct kmem_cache socks;
	struct scm_fp *gone; /* files to put */
	bool putting;
	uint32_t next_auto;
	uint32_t max_dgram_qlen;
};

extern const struct proto_ops unix_stream_ops, unix_seqpacket_ops, unix_dgram_ops;

static inline struct unix_sock *
unix_sk(const struct socket *sock)
{
	return sock->sk;
}

/*
 * Wake who waits or polls, and signal who asked for signals that there is something to read; @key as for __wake_up(). A change of
 * state (0) is signalled by whoever makes it, if at all, and room to write by unix_write_space(). Under no lock but iolock.
 */
static inline void
unix_wake(struct unix_sock *u, uint32_t key)
{
	__wake_up(&u->wq, 0, key);
	if (key & K_POLLIN)
		kill_fasync(u->k, &u->fasync, FASYNC_IN);
}

/* A writer or poller has found no room. It looks again afterwards: room may have been made just before. */
static inline void
unix_no_space(struct unix_sock *u)
{
	if (likely(READ_ONCE(u->fasync.files.next) == &u->fasync.files))
		return;
	__atomic_store_n(&u->async_nospace, true, __ATOMIC_SEQ_CST);
}

/* ---- unix_core.c ---- */
/* There is more room to write: wake, and signal who had found none, once. Under no lock but iolock. */
void unix_write_space(struct unix_sock *u);
int unix_init(struct kernel *k) __must_check;
int unix_create(struct task *t, struct socket *sock, int type, int protocol) __must_check;
int unix_socketpair(struct task *t, struct socket *a, struct socket *b) __must_check;
struct unix_sock *unix_alloc(struct task *t, int type) __must_check;
void unix_get(struct unix_sock *u);
void unix_put(struct task *t, struct unix_sock *u);
void unix_release(struct task *t, struct socket *sock);
/* The peer with a reference, or NULL. */
struct unix_sock *unix_peer_get(struct unix_sock *u) __must_check;
int unix_getname(struct task *t, struct socket *sock, char *addr, int peer);
int unix_shutdown(struct task *t, struct socket *sock, int how);
struct unix_creds unix_current_creds(struct task *t);

/* ---- unix_name.c ---- */
/* Is this an address? Its length with the family and, for a path, its end; or negative errno. */
int unix_mkname(const char *addr, int len, struct unix_address *out) __must_check;
int unix_bind(struct task *t, struct socket *sock, const char *addr, int len) __must_check;
int unix_autobind(struct task *t, struct unix_sock *u) __must_check;
/* Who is bound to an address, with a reference, or ERR_PTR. */
struct unix_sock *unix_find_other(struct task *t, const struct unix_address *name, int type) __must_check;
void unix_unbind(struct task *t, struct unix_sock *u);
void unix_address_put(struct kernel *k, struct unix_address *a);

/* ---- unix_conn.c ---- */
int unix_stream_connect(struct task *t, struct socket *sock, const char *addr, int len, bool nonblock);
int unix_dgram_connect(struct task *t, struct socket *sock, const char *addr, int len, bool nonblock);
int unix_listen(struct task *t, struct socket *sock, int backlog);
int unix_accept(struct task *t, struct socket *sock, struct socket *fresh, bool nonblock);

/* ---- unix_skb.c ---- */
/* A message of @len bytes that may hold files; takes no space yet. NULL: no memory. */
struct unix_skb *unix_skb_alloc(struct kernel *k, size_t len) __must_check;
void unix_skb_free(struct task *t, struct kernel *k, struct unix_skb *skb);
/* Make @u pay for it and hold the reference. */
void unix_skb_charge(struct unix_sock *u, struct unix_skb *skb);
bool unix_writable(const struct unix_sock *u);
/* @u, a datagram socket, has another peer than @other now: what is in its queue is lost, and @other told if it was connected to @u. */
void unix_dgram_disconnected(struct task *t, struct unix_sock *u, struct unix_sock *other);

/* ---- unix_msg.c ---- */
int64_t unix_stream_sendmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags);
int64_t unix_stream_recvmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags);
/* ---- unix_dgram.c ---- */
int64_t unix_dgram_sendmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags);
int64_t unix_dgram_recvmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags);
int64_t unix_seqpacket_sendmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags);
int64_t unix_seqpacket_recvmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags);
bool unix_recvq_full(struct unix_sock *u);

/* ---- unix_opt.c ---- */
int unix_setsockopt(struct task *t, struct socket *sock, int level, int name, uaddr_t val, int len);
int unix_getsockopt(struct task *t, struct socket *sock, int level, int name, uaddr_t val, uaddr_t len);
uint32_t unix_poll(struct task *t, struct file *file, struct socket *sock, struct poll_table *pt);
/* Nobody polls @u any more. */
void unix_relay_end(struct task *t, struct unix_sock *u);
uint32_t unix_dgram_poll(struct task *t, struct file *file, struct socket *sock, struct poll_table *pt);
int unix_fasync(struct task *t, struct socket *sock, int fd, struct file *file, bool on);
int64_t unix_ioctl(struct task *t, struct socket *sock, unsigned int cmd, uint64_t arg);

/* ---- unix_proc.c ---- */
/* @u is @sock's from now on; NULL: nobody's. For /proc alone. */
void unix_set_socket(struct unix_sock *u, struct socket *sock);
/* The lines of /proc/net/unix: how long they are, or -ENOSPC. */
int64_t unix_show(struct kernel *k, char *buf, size_t size) __must_check;
unsigned int unix_count(struct kernel *k, bool stream);

/* ---- scm.c: ancillary data ---- */
struct scm {
	struct scm_fp *fp; /* NULL if none */
	struct unix_creds creds;
};
/* What the program sends along. 0, -EBADF, -EINVAL, -EPERM, -ETOOMANYREFS, -EFAULT, -ENOMEM. */
int scm_send(struct task *t, struct sock_msg *msg, struct scm *scm) __must_check;
void scm_destroy(struct task *t, struct scm *scm);
void scm_fp_put(struct task *t, struct kernel *k, struct scm_fp *fp);
/* Another reference to each, for MSG_PEEK; NULL: none, or no memory. */
struct scm_fp *scm_fp_dup(struct kernel *k, const struct scm_fp *fp) __must_check;
/* Give credentials (if asked for) and files to the receiver; what has no room sets MSG_CTRUNC. The files are consumed. */
void scm_recv(struct task *t, struct unix_sock *u, struct sock_msg *msg, struct scm *scm, uint32_t flags);

#endif
