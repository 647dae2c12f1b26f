/* SPDX-License-Identifier: MIT
 *
 * Byte streams over unix sockets. A piece of a stream is a message of its own in the receiver's queue; a reader takes pieces
 * until it has enough, but stops where files arrive and where the sender's credentials change if it asked for them.
 *
 * Locks: see unix_core.c. The reader at work holds iolock, so the first message of the queue stays while it copies.
 */
#include <asm/signal.h>

#include "kernel/task.h"
#include "net/unix.h"
#include "vfs/fdtable.h"
#include "vfs/poll.h"

#define STREAM_CHUNK 32768u

/* Wait until there is buffer space, or the connection ends. */
static int
wait_space(struct task *t, struct unix_sock *u, int64_t deadline)
{
	struct wait_queue_entry we;
	int err = 0;

	if (READ_ONCE(u->wmem) < u->o.sndbuf)
		return 0;
	unix_no_space(u);
	if (deadline == 0)
		return __atomic_load_n(&u->wmem, __ATOMIC_SEQ_CST) < u->o.sndbuf ? 0 : -EAGAIN;
	init_wait_key(&we, t, K_POLLOUT);
	for (;;) {
		prepare_to_wait(&u->wq, &we, TASK_INTERRUPTIBLE);
		if (__atomic_load_n(&u->wmem, __ATOMIC_SEQ_CST) < u->o.sndbuf || (READ_ONCE(u->shutdown) & SEND_SHUTDOWN))
			break;
		if (signal_pending(t)) {
			err = sock_intr_errno(u->o.sndtimeo);
			break;
		}
		if (schedule_until(t, deadline) == -ETIME) {
			err = -EAGAIN;
			break;
		}
	}
	finish_wait(&u->wq, &we);
	return err;
}

static int
queue_piece(struct unix_sock *peer, struct unix_skb *skb)
{
	mutex_lock(&peer->lock);
	if (peer->dead || (READ_ONCE(peer->shutdown) & RCV_SHUTDOWN)) {
		mutex_unlock(&peer->lock);
		return -EPIPE;
	}
	list_add_tail(&skb->list, &peer->queue);
	peer->qlen++;
	peer->qbytes += skb->len;
	mutex_unlock(&peer->lock);
	unix_wake(peer, K_POLLIN | K_POLLRDNORM | K_POLLRDBAND);
	return 0;
}

/* One piece of the message. Bytes, or negative errno. */
static int64_t
send_piece(struct task *t, struct unix_sock *u, struct unix_sock *peer, struct iov_iter *from, struct scm *scm, int64_t deadline)
{
	size_t n = MIN(from->count, (size_t)MIN(STREAM_CHUNK, u->o.sndbuf / 2 - 64));
	struct unix_skb *skb;
	int err;

	err = wait_space(t, u, deadline);
	if (err)
		return err;
	if (READ_ONCE(u->shutdown) & SEND_SHUTDOWN)
		return -EPIPE;
	skb = unix_skb_alloc(t->k, n);
	if (!skb)
		return -ENOMEM;
	if (copy_from_iter(skb->data, n, from) < n) {
		unix_skb_free(t, t->k, skb);
		return -EFAULT;
	}
	skb->creds = scm->creds;
	skb->fp = scm->fp;
	unix_skb_charge(u, skb);
	err = queue_piece(peer, skb);
	if (err) {
		skb->fp = NULL; /* still the caller's */
		unix_skb_free(t, t->k, skb);
		return err;
	}
	scm->fp = NULL;
	return (int64_t)n;
}

int64_t
unix_stream_sendmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags)
{
	struct unix_sock *u = unix_sk(sock), *peer;
	int64_t deadline, done = 0, n = 0;
	struct scm scm;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	n = scm_send(t, msg, &scm);
	if (n)
		return n;
	peer = unix_peer_get(u);
	if (msg->namelen)
		n = READ_ONCE(u->state) == UNIX_CONNECTED ? -EISCONN : -EOPNOTSUPP;
	else if (!peer)
		/* Our side may be shut down for good, or never have been connected. */
		n = -ENOTCONN;
	if (!n && (READ_ONCE(u->shutdown) & SEND_SHUTDOWN))
		n = -EPIPE;
	deadline = sock_deadline(u->o.sndtimeo, flags & MSG_DONTWAIT);
	while (!n && msg->iter->count > 0) {
		n = send_piece(t, u, peer, msg->iter, &scm, deadline);
		if (n < 0)
			break;
		done += n;
		n = 0;
	}
	scm_destroy(t, &scm);
	unix_put(t, peer);
	if (done > 0)
		return done;
	if (n == -EPIPE && !(flags & MSG_NOSIGNAL))
		ignore_err(send_sig_info(SIGPIPE, SEND_SIG_NOINFO, t, PIDTYPE_PID, t), "the call says EPIPE");
	return n;
}

/* ---- receiving ---- */

static struct unix_skb *
peek_queue(struct unix_sock *u, uint32_t skip, uint32_t *off)
{
	struct unix_skb *skb;
	mutex_guard(&u->lock);

	*off = 0;
	list_for_each_entry(skb, &u->queue, list) {
		uint32_t left = skb->len - skb->done;

		if (skip < left || (skip == 0 && left == 0)) {
			*off = skip;
			return skb;
		}
		skip -= left;
	}
	return NULL;
}

/* Nothing is there: 0 to look again after a wait, 1 at the end of the stream, or negative errno. iolock is given up to wait. */
static int
wait_data(struct task *t, struct unix_sock *u, int64_t deadline) __no_thread_safety
{
	struct wait_queue_entry we;
	int ret = 0, err;

	err = __atomic_exchange_n(&u->err, 0, __ATOMIC_SEQ_CST);
	if (err)
		return -err;
	if (READ_ONCE(u->shutdown) & RCV_SHUTDOWN)
		return 1;
	if (deadline == 0)
		return -EAGAIN;
	mutex_unlock(&u->iolock);
	init_wait_key(&we, t, K_POLLIN);
	for (;;) {
		prepare_to_wait(&u->wq, &we, TASK_INTERRUPTIBLE);
		if (READ_ONCE(u->qlen) || READ_ONCE(u->err) || (READ_ONCE(u->shutdown) & RCV_SHUTDOWN))
			break;
		if (signal_pending(t)) {
			ret = sock_intr_errno(u->o.rcvtimeo);
			break;
		}
		if (schedule_until(t, deadline) == -ETIME) {
			ret = -EAGAIN;
			break;
		}
	}
	finish_wait(&u->wq, &we);
	mutex_lock(&u->iolock);
	return ret;
}

/* The reader has used up the first message. */
static void
drop_first(struct task *t, struct unix_sock *u, struct unix_skb *skb)
{
	mutex_lock(&u->lock);
	list_del(&skb->list);
	u->qlen--;
	mutex_unlock(&u->lock);
	unix_skb_free(t, u->k, skb);
}

static bool
same_creds(const struct unix_creds *a, const struct unix_creds *b)
{
	return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid;
}

/* State of one receive. */
struct stream_read {
	int64_t done;
	uint32_t skip; /* MSG_PEEK: bytes seen already */
	bool have_creds, stop;
	struct scm scm;
};

/* Copy from one piece. 0, or -EFAULT. */
static int
read_piece(struct task *t, struct unix_sock *u, struct unix_skb *skb, uint32_t off, struct iov_iter *to, bool peek,
	   struct stream_read *r)
{
	uint32_t at = skb->done + off, n = (uint32_t)MIN((size_t)(skb->len - at), to->count);
	size_t got = copy_to_iter(skb->data + at, n, to);

	if (got == 0 && n > 0)
		return -EFAULT;
	n = (uint32_t)got;
	r->done += n;
	if (skb->fp) {
		r->stop = true;
		r->scm.fp = peek ? scm_fp_dup(u->k, skb->fp) : skb->fp;
		if (!peek)
			skb->fp = NULL;
	}
	if (peek) {
		r->skip += n;
		return 0;
	}
	mutex_lock(&u->lock);
	skb->done += n;
	u->qbytes -= n;
	mutex_unlock(&u->lock);
	if (skb->done == skb->len)
		drop_first(t, u, skb);
	return 0;
}

/* iolock is held. */
static int64_t
read_stream(struct task *t, struct unix_sock *u, struct sock_msg *msg, uint32_t flags, struct stream_read *r)
{
	int64_t target = flags & MSG_WAITALL ? (int64_t)msg->iter->count : MAX(u->o.rcvlowat, 1);
	int64_t deadline = sock_deadline(u->o.rcvtimeo, flags & MSG_DONTWAIT), err = 0;
	bool peek = flags & MSG_PEEK;

	target = MIN(target, (int64_t)msg->iter->count);
	do { /* a receive of nothing waits for something, too */
		uint32_t off;
		struct unix_skb *skb = peek_queue(u, r->skip, &off);

		if (!skb) {
			if (r->done >= MAX(target, 1))
				break;
			if (peek && r->done)
				break;
			err = wait_data(t, u, deadline);
			if (err)
				break;
			continue;
		}
		if (r->have_creds && READ_ONCE(u->o.passcred) && !same_creds(&r->scm.creds, &skb->creds))
			break;
		r->scm.creds = skb->creds;
		r->have_creds = true;
		err = read_piece(t, u, skb, off, msg->iter, peek, r);
		if (err)
			break;
	} while (msg->iter->count > 0 && !r->stop);
	if (r->done > 0 || err == 1)
		return r->done;
	return err;
}

int64_t
unix_stream_recvmsg(struct task *t, struct socket *sock, struct sock_msg *msg, uint32_t flags)
{
	struct unix_sock *u = unix_sk(sock);
	struct stream_read r = { .done = 0 };
	int64_t ret;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (READ_ONCE(u->state) != UNIX_CONNECTED)
		return -EINVAL;
	if (flags & MSG_PEEK)
		r.skip = (uint32_t)MAX(u->o.peek_off, 0);
	mutex_lock(&u->iolock);
	ret = read_stream(t, u, msg, flags, &r);
	if (u->o.peek_off >= 0 && ret > 0)
		u->o.peek_off = flags & MSG_PEEK ? u->o.peek_off + (int32_t)ret : MAX(0, u->o.peek_off - (int32_t)ret);
	mutex_unlock(&u->iolock);
	msg->namelen = 0;
	if (r.have_creds && ret >= 0)
		scm_recv(t, u, msg, &r.scm, flags);
	else
		scm_destroy(t, &r.scm);
	return ret;
}
