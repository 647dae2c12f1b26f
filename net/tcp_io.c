/* SPDX-License-Identifier: MIT
 *
 * Bytes of connections: send, receive, urgent data, readiness. tcp(7).
 *
 * A stream is a list of segments in the receiver's queue, into which the sender copies. There is one writer (the sender's sendlock)
 * and one reader (our iolock); both copy outside of sk->lock, and only mark under it what is there: a segment a writer is at is not
 * freed. The last segment stays when it has been read, so that two who take turns need no memory.
 *
 * A queue has room for half of the receiver's SO_RCVBUF (the window Linux makes of it) and the sender's SO_SNDBUF.
 */
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <asm/sockios.h>

#include "kernel/task.h"
#include "net/inet.h"

#define SEG_SMALL ((uint32_t)(4096 - sizeof(struct tcp_seg)))
#define SEG_LARGE ((uint32_t)(32768 - sizeof(struct tcp_seg)))
#define PACKET_MAX 65483
#define MSG_ERRQUEUE 0x2000u
#define MSG_FASTOPEN 0x20000000u
#define POLL_OUT_ALL (K_POLLOUT | K_POLLWRNORM | K_POLLWRBAND)

void
tcp_purge(struct inet_sock *sk)
{
	struct tcp_seg *seg, *next;

	list_for_each_entry_safe(seg, next, &sk->queue, list) {
		seg->start = seg->end;
		if (seg->writing)
			continue;
		list_del(&seg->list);
		kfree(sk->k, seg);
	}
	sk->qbytes = 0;
	sk->copied_seq = sk->rcv_nxt;
}

int64_t
tcp_unsent(const struct inet_sock *peer)
{
	int64_t n = (int64_t)READ_ONCE(peer->qbytes) - (int64_t)(READ_ONCE(peer->o.rcvbuf) / 2);

	return MAX(n, 0);
}

static int64_t
room(const struct inet_sock *sk, const struct inet_sock *peer)
{
	return (int64_t)READ_ONCE(sk->o.sndbuf) - tcp_unsent(peer);
}

/* Worth telling a sender of: at least a third of its buffer is free. */
static bool
writable(const struct inet_sock *sk, const struct inet_sock *peer)
{
	return room(sk, peer) > 0 && room(sk, peer) >= tcp_unsent(peer) / 2;
}

/* ---- sending ---- */

/* A segment with space at the end of the queue, marked as written to. peer->lock is held. */
static struct tcp_seg *
tail(struct inet_sock *peer, size_t n)
{
	struct tcp_seg *seg;
	uint32_t cap;

	if (!list_empty(&peer->queue)) {
		seg = list_last_entry(&peer->queue, struct tcp_seg, list);
		if (seg->end < seg->cap && !seg->writing) {
			seg->writing = true;
			return seg;
		}
	}
	cap = n <= SEG_SMALL ? SEG_SMALL : SEG_LARGE;
	seg = kmalloc(peer->k, sizeof(*seg) + cap);
	if (!seg)
		return NULL;
	seg->start = seg->end = 0;
	seg->cap = cap;
	seg->writing = true;
	list_add_tail(&seg->list, &peer->queue);
	return seg;
}

/* The last byte that was written is urgent. peer->lock is held. */
static void
mark_urgent(struct inet_sock *peer, const struct tcp_seg *seg)
{
	peer->urg_seq = peer->rcv_nxt - 1;
	peer->urg = URG_VALID | (uint8_t)seg->data[seg->end - 1];
}

/* Bytes sent, -EAGAIN when there is no room, -EPIPE when the connection has ended (see the socket), -EFAULT, -ENOBUFS. */
static int64_t
send_piece(struct inet_sock *sk, struct inet_sock *peer, struct iov_iter *from, bool urgent)
{
	int64_t n = (int64_t)from->count, space, got;
	struct tcp_seg *seg;
	bool gone;

	mutex_lock(&peer->lock);
	if (peer->peer != sk || ((peer->shutdown & RCV_SHUTDOWN) && (peer->state == TCP_FIN_WAIT2 || peer->dead))) {
		mutex_unlock(&peer->lock);
		tcp_reset_both(sk, peer); /* what is sent now, a packet, comes back as a reset */
		n = MIN(n, PACKET_MAX);
		iov_iter_advance(from, (size_t)n);
		return n;
	}
	space = room(sk, peer);
	seg = space > 0 ? tail(peer, (size_t)n) : NULL;
	if (!seg) {
		if (space <= 0)
			__atomic_store_n(&peer->sender_waits, true, __ATOMIC_SEQ_CST);
		mutex_unlock(&peer->lock);
		return space <= 0 ? -EAGAIN : -ENOBUFS;
	}
	mutex_unlock(&peer->lock);
	n = MIN(n, MIN(space, (int64_t)(seg->cap - seg->end)));
	got = (int64_t)copy_from_iter(seg->data + seg->end, (size_t)n, from);
	mutex_lock(&peer->lock);
	seg->writing = false;
	gone = peer->peer != sk;
	if (!gone) {
		seg->end += (uint32_t)got;
		peer->rcv_nxt += (uint32_t)got;
		WRITE_ONCE(peer->qbytes, peer->qbytes + (uint64_t)got);
		peer->bytes_in += (uint64_t)got;
	}
	urgent = urgent && got && from->count == 0 && !gone;
	if (urgent)
		mark_urgent(peer, seg);
	mutex_unlock(&peer->lock);
	sk->bytes_out += (uint64_t)got;
	if (!got)
		return -EFAULT;
	inet_wake(peer, K_POLLIN | K_POLLRDNORM | K_POLLRDBAND | (urgent ? K_POLLPRI : 0));
	if (urgent)
		inet_sigurg(peer);
	return got;
}

/* Wait for room; sendlock is held and given up to wait. */
static int
wait_room(struct task *t, struct inet_sock *sk, struct inet_sock *peer, int64_t deadline) __requires_lock(sk->sendlock)
{
	struct wait_queue_entry we;
	int err = 0;

	if (deadline == 0)
		return -EAGAIN;
	inet_get(peer); /* the connection may be given up meanwhile */
	mutex_unlock(&sk->sendlock);
	init_wait_key(&we, t, K_POLLOUT);
	for (;;) {
		prepare_to_wait(&sk->wq, &we, TASK_INTERRUPTIBLE);
		__atomic_store_n(&peer->sender_waits, true, __ATOMIC_SEQ_CST);
		if (writable(sk, peer) || READ_ONCE(sk->err) || (READ_ONCE(sk->shutdown) & SEND_SHUTDOWN) || READ_ONCE(peer->dead) ||
		    READ_ONCE(sk->peer) != peer)
			break;
		if (signal_pending(t))
			err = sock_intr_errno(sk->o.sndtimeo);
		if (!err && schedule_until(t, deadline) == -ETIME)
			err = -EAGAIN;
		if (err)
			break;
	}
	finish_wait(&sk->wq, &we);
	inet_put(peer);
	mutex_lock(&sk->sendlock);
	return err;
}

static int64_t
send_all(struct task *t, struct inet_sock *sk, struct iov_iter *from, uint32_t flags) __requires_lock(sk->sendlock)
{
	int64_t deadline = sock_deadline(sk->o.sndtimeo, flags & MSG_DONTWAIT), done = 0, n = 0;

	for (;;) {
		struct inet_sock *peer = READ_ONCE(sk->peer);

		if (READ_ONCE(sk->err) || (READ_ONCE(sk->shutdown) & SEND_SHUTDOWN) || !peer)
			n = -EPIPE;
		else if (from->count == 0)
			break;
		else
			n = send_piece(sk, peer, from, flags & MSG_OOB);
		if (n == -EAGAIN)
			n = wait_room(t, sk, peer, deadline);
		if (n < 0)
			break;
		done += n;
	}
	return done > 0 ? done : n;
}

int64_t
tcp_sendmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags)
{
	struct inet_sock *sk = inet_sk(sock);
	int64_t ret;

	if ((flags & MSG_FASTOPEN) && msg->namelen && READ_ONCE(sk->ss) == SS_UNCONNECTED) {
		ret = tcp_connect(t, sock, msg->name, msg->namelen, flags & MSG_DONTWAIT);
		if (ret)
			return ret;
	}
	if (READ_ONCE(sk->state) == TCP_SYN_SENT) {
		ret = tcp_wait_connect(t, sk, sock_deadline(sk->o.sndtimeo, flags & MSG_DONTWAIT));
		if (ret)
			return ret == -EINPROGRESS ? -EAGAIN : ret;
	}
	mutex_lock(&sk->sendlock);
	ret = send_all(t, sk, msg->iter, flags);
	mutex_unlock(&sk->sendlock);
	if (ret == -EPIPE)
		ret = inet_error(sk) ?: -EPIPE;
	if (ret == -EPIPE && !(flags & MSG_NOSIGNAL))
		ignore_err(send_sig_info(SIGPIPE, SEND_SIG_NOINFO, t, PIDTYPE_PID, t), "the call says EPIPE");
	return ret;
}

/* ---- receiving ---- */

/* The byte @skip after the next: in which segment, and where. sk->lock is held. */
static struct tcp_seg *
find_byte(struct inet_sock *sk, uint32_t skip, uint32_t *at)
{
	struct tcp_seg *seg;

	list_for_each_entry(seg, &sk->queue, list) {
		uint32_t n = seg->end - seg->start;

		if (skip < n) {
			*at = seg->start + skip;
			return seg;
		}
		skip -= n;
	}
	return NULL;
}

/* The reader is through with the next @n bytes, all in @seg, the first that has any. */
static void
consume(struct inet_sock *sk, struct tcp_seg *seg, uint32_t n)
{
	struct inet_sock *peer = sk->peer;
	struct tcp_seg *first;

	mutex_lock(&sk->lock);
	seg->start += n;
	sk->copied_seq += n;
	WRITE_ONCE(sk->qbytes, sk->qbytes - n);
	if (sk->urg && (int32_t)(sk->copied_seq - sk->urg_seq) > 0)
		sk->urg = 0;
	for (;;) {
		first = list_first_entry(&sk->queue, struct tcp_seg, list);
		if (first->start != first->end || first->writing)
			break;
		if (first->list.next == &sk->queue && first->cap == SEG_SMALL) {
			first->start = first->end = 0;
			break;
		}
		list_del(&first->list);
		kfree(sk->k, first);
		if (list_empty(&sk->queue))
			break;
	}
	mutex_unlock(&sk->lock);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* room was made before the flag is looked at; a sender does it the other way round */
	if (READ_ONCE(sk->sender_waits) && peer && writable(peer, sk)) {
		__atomic_store_n(&sk->sender_waits, false, __ATOMIC_SEQ_CST);
		inet_wake(peer, POLL_OUT_ALL);
	}
}

/* State of one receive. */
struct tcp_read {
	uint32_t peeked; /* MSG_PEEK: bytes seen already */
	int64_t done;
};

/* Some bytes. Bytes passed, 0: there are none; 1 << 62: stop at urgent data; or -EFAULT. */
#define STOP (INT64_C(1) << 62)
static int64_t
read_piece(struct inet_sock *sk, struct sock_msg *msg, uint32_t flags, struct tcp_read *r)
{
	struct iov_iter *to = msg->iter;
	bool skip = false;
	struct tcp_seg *seg;
	uint32_t at = 0, n = 0;
	size_t got;

	mutex_lock(&sk->lock);
	seg = find_byte(sk, r->peeked, &at);
	if (seg)
		n = (uint32_t)MIN((size_t)(seg->end - at), to->count);
	if (seg && sk->urg) {
		uint32_t off = sk->urg_seq - (sk->copied_seq + r->peeked);

		if (off == 0 && r->done) {
			mutex_unlock(&sk->lock);
			return STOP;
		}
		if (off == 0 && !sock_flag(&sk->o, SO_OOBINLINE)) {
			skip = true;
			n = 1;
		} else if (off > 0 && off < n) {
			n = off;
		}
	}
	mutex_unlock(&sk->lock);
	if (!seg)
		return 0;
	if (!skip && (flags & MSG_TRUNC)) {
		iov_iter_advance(to, n);
	} else if (!skip) {
		got = copy_to_iter(seg->data + at, n, to);
		if (got == 0 && n > 0)
			return -EFAULT;
		n = (uint32_t)got;
	}
	if (flags & MSG_PEEK)
		r->peeked += n;
	else
		consume(sk, seg, n);
	if (!skip)
		r->done += n;
	return MAX(n, 1);
}

/* Why nothing more comes: 1: the end, or an error; 0: it may. */
static int
end_of_stream(struct inet_sock *sk)
{
	int err;

	if (sk->done) /* also if a reset came after the FIN: who sends is told of that */
		return 1;
	err = inet_error(sk);
	if (err)
		return err;
	if (READ_ONCE(sk->shutdown) & RCV_SHUTDOWN)
		return 1;
	if (READ_ONCE(sk->state) == TCP_CLOSE)
		return -ENOTCONN;
	return 0;
}

/* Wait for bytes beyond @seq; iolock is held and given up to wait. */
static int
wait_bytes(struct task *t, struct inet_sock *sk, uint32_t seq, int64_t deadline) __requires_lock(sk->iolock)
{
	struct wait_queue_entry we;
	int err = 0;

	mutex_unlock(&sk->iolock);
	init_wait_key(&we, t, K_POLLIN | K_POLLERR);
	for (;;) {
		prepare_to_wait_exclusive(&sk->wq, &we, TASK_INTERRUPTIBLE);
		if (READ_ONCE(sk->rcv_nxt) != seq || READ_ONCE(sk->err) || (READ_ONCE(sk->shutdown) & RCV_SHUTDOWN))
			break;
		if (READ_ONCE(sk->state) == TCP_CLOSE)
			break;
		if (signal_pending(t))
			err = sock_intr_errno(sk->o.rcvtimeo);
		if (!err && schedule_until(t, deadline) == -ETIME)
			err = -EAGAIN;
		if (err)
			break;
	}
	finish_wait(&sk->wq, &we);
	mutex_lock(&sk->iolock);
	return err;
}

static int64_t
read_stream(struct task *t, struct inet_sock *sk, struct sock_msg *msg, uint32_t flags) __requires_lock(sk->iolock)
{
	int64_t len = (int64_t)msg->iter->count, target = flags & MSG_WAITALL ? len : MIN((int64_t)sk->o.rcvlowat, len), n;
	int64_t deadline = sock_deadline(sk->o.rcvtimeo, flags & MSG_DONTWAIT);
	struct tcp_read r = { .done = 0 };
	int err = 0;

	target = MAX(target, 1);
	do { /* a receive of nothing waits for something, too */
		n = read_piece(sk, msg, flags, &r);
		if (n > 0 && n != STOP)
			continue;
		if (n || r.done >= target)
			break;
		if (r.done && (READ_ONCE(sk->err) || READ_ONCE(sk->state) == TCP_CLOSE || (READ_ONCE(sk->shutdown) & RCV_SHUTDOWN)))
			break;
		err = r.done ? 0 : end_of_stream(sk);
		if (!err && deadline == 0)
			err = -EAGAIN;
		if (!err)
			err = wait_bytes(t, sk, sk->copied_seq + r.peeked, deadline);
		if (err)
			break;
	} while (msg->iter->count > 0 || n == 0);
	if (r.done)
		return r.done;
	if (n < 0)
		return n;
	return err < 0 ? err : 0;
}

static int64_t
read_urgent(struct inet_sock *sk, struct sock_msg *msg, uint32_t flags)
{
	char c;

	mutex_lock(&sk->lock);
	if (sock_flag(&sk->o, SO_OOBINLINE) || !sk->urg || sk->urg == URG_READ) {
		mutex_unlock(&sk->lock);
		return -EINVAL;
	}
	c = (char)sk->urg;
	if (!(flags & MSG_PEEK))
		sk->urg = URG_READ;
	mutex_unlock(&sk->lock);
	msg->flags |= MSG_OOB;
	if (msg->iter->count == 0) {
		msg->flags |= MSG_TRUNC;
		return 0;
	}
	return (flags & MSG_TRUNC) || copy_to_iter(&c, 1, msg->iter) == 1 ? 1 : -EFAULT;
}

int64_t
tcp_recvmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags)
{
	struct inet_sock *sk = inet_sk(sock);
	int64_t ret;

	msg->namelen = 0;
	if (flags & MSG_ERRQUEUE)
		return -EAGAIN;
	if (READ_ONCE(sk->state) == TCP_LISTEN)
		return -ENOTCONN;
	if (flags & MSG_OOB)
		return read_urgent(sk, msg, flags);
	mutex_lock(&sk->iolock);
	ret = read_stream(t, sk, msg, flags);
	mutex_unlock(&sk->iolock);
	return ret;
}

/* ---- readiness ---- */

static bool
readable(const struct inet_sock *sk)
{
	uint64_t target = (uint64_t)MIN((int64_t)sk->o.rcvlowat, (int64_t)MAX(sk->o.rcvbuf / 2, 1u));

	if (sk->urg == (sk->urg & (URG_VALID | 0xff)) && sk->urg && sk->urg_seq == sk->copied_seq && !sock_flag(&sk->o, SO_OOBINLINE))
		target++;
	return sk->qbytes >= target && sk->qbytes > 0;
}

/* sk->lock is held. */
static bool
poll_writable(struct inet_sock *sk)
{
	struct inet_sock *peer = sk->peer;

	if (!peer || (READ_ONCE(sk->shutdown) & SEND_SHUTDOWN) || writable(sk, peer))
		return true;
	__atomic_store_n(&peer->sender_waits, true, __ATOMIC_SEQ_CST);
	return writable(sk, peer);
}

uint32_t
tcp_poll(struct task *t, struct file *file, struct socket *sock, struct poll_table *pt)
{
	struct inet_sock *sk = inet_sk(sock);
	uint32_t mask = 0, shutdown;

	poll_wait(file, &sk->wq, pt);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	mutex_guard(&sk->lock);
	if (sk->state == TCP_LISTEN)
		return list_empty(&sk->accept) ? 0 : K_POLLIN | K_POLLRDNORM;
	shutdown = READ_ONCE(sk->shutdown);
	if (shutdown == SHUTDOWN_MASK || sk->state == TCP_CLOSE)
		mask |= K_POLLHUP;
	if (shutdown & RCV_SHUTDOWN)
		mask |= K_POLLIN | K_POLLRDNORM | K_POLLRDHUP;
	if (sk->state != TCP_SYN_SENT) {
		if (readable(sk))
			mask |= K_POLLIN | K_POLLRDNORM;
		if (poll_writable(sk))
			mask |= K_POLLOUT | K_POLLWRNORM;
		if (sk->urg & URG_VALID)
			mask |= K_POLLPRI;
	}
	if (READ_ONCE(sk->err))
		mask |= K_POLLERR;
	return mask;
}

int64_t
tcp_ioctl(struct task *t, struct socket *sock, unsigned int cmd, uint64_t arg)
{
	struct inet_sock *sk = inet_sk(sock);
	uint32_t n;

	if (cmd != FIONREAD && cmd != TIOCOUTQ && cmd != SIOCATMARK)
		return -ENOIOCTLCMD;
	mutex_lock(&sk->lock);
	if (sk->state == TCP_LISTEN && cmd != SIOCATMARK) {
		mutex_unlock(&sk->lock);
		return -EINVAL;
	}
	if (cmd == SIOCATMARK)
		n = sk->urg && sk->urg_seq == sk->copied_seq;
	else if (cmd == TIOCOUTQ)
		n = sk->peer ? (uint32_t)tcp_unsent(sk->peer) : 0;
	else if (sk->urg && !sock_flag(&sk->o, SO_OOBINLINE) && (int32_t)(sk->urg_seq - sk->copied_seq) >= 0)
		n = sk->urg_seq - sk->copied_seq;
	else
		n = (uint32_t)sk->qbytes;
	mutex_unlock(&sk->lock);
	return put_user_u32(t, n, UADDR(arg));
}
