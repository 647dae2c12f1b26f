/* SPDX-License-Identifier: MIT
 *
 * What ends by itself: a connect nobody lets in, and an end that was closed and waits for the other to close (FIN_WAIT2); and the
 * wait of close(2) by SO_LINGER. tcp(7): TCP_SYNCNT, TCP_USER_TIMEOUT, TCP_LINGER2.
 *
 * A socket has one timer, since it is in one of these states at most. While it is armed, or its function runs, it has a reference. It
 * is stopped without waiting for the function, which looks under sk->lock at what the socket has become.
 * Left out: an end that was closed keeps its memory until the other end is closed, too.
 */
#include "kernel/task.h"
#include "net/inet.h"

#define RTO_MIN_NS NSEC_PER_SEC
#define RTO_MAX_NS (120 * NSEC_PER_SEC)

int64_t
tcp_syn_timeout(const struct inet_sock *sk)
{
	int64_t user = (int64_t)sk->to.user_timeout * 1000 * NSEC_PER_USEC, rto = RTO_MIN_NS, all = 0;

	for (uint32_t i = 0; i <= sk->to.syncnt; i++) {
		all += rto;
		rto = MIN(2 * rto, RTO_MAX_NS);
	}
	/* It is looked at when the first SYN is sent again, not before. */
	return user ? MIN(all, MAX(user, RTO_MIN_NS)) : all;
}

static void
expired(struct kernel *k, struct ktimer *tm)
{
	struct inet_sock *sk = container_of(tm, struct inet_sock, timer);
	bool syn;

	mutex_lock(&sk->lock);
	syn = sk->state == TCP_SYN_SENT && sk->syn_deadline <= ktime_get();
	if (sk->dead && sk->state == TCP_FIN_WAIT2)
		tcp_done(sk);
	mutex_unlock(&sk->lock);
	if (syn)
		tcp_fail_connect(sk, ETIMEDOUT);
	inet_put(sk);
}

void
tcp_timer_init(struct inet_sock *sk)
{
	ktimer_init(&sk->timer, expired);
}

void
tcp_stop_timer(struct inet_sock *sk)
{
	if (ktimer_try_to_cancel(sk->k, &sk->timer) == 1)
		inet_put(sk);
}

void
tcp_start_timer(struct inet_sock *sk, int64_t when)
{
	tcp_stop_timer(sk);
	inet_get(sk);
	ktimer_start(sk->k, &sk->timer, when);
}

bool
tcp_orphan(struct inet_sock *sk, struct inet_sock *peer)
{
	if (!sk->dead || sk->state != TCP_FIN_WAIT2)
		return false;
	if (sk->to.linger2 == UINT32_MAX) { /* negative: not at all */
		tcp_done(sk);
		return tcp_reset(peer);
	}
	tcp_start_timer(sk, deadline_after((int64_t)sk->to.linger2 * NSEC_PER_SEC));
	return false;
}

void
tcp_linger(struct task *t, struct inet_sock *sk)
{
	struct inet_sock *peer = sk->peer; /* it stays: nobody else has the socket */
	struct wait_queue_entry we;
	int64_t deadline;

	if (!t || (t->flags & PF_EXITING) || !sk->o.linger[0] || sk->o.linger[1] <= 0 || !peer || READ_ONCE(sk->qbytes))
		return;
	deadline = deadline_after((int64_t)sk->o.linger[1] * NSEC_PER_SEC);
	__atomic_or_fetch(&sk->shutdown, SHUTDOWN_MASK, __ATOMIC_SEQ_CST);
	init_wait(&we, t);
	for (;;) {
		prepare_to_wait(&sk->wq, &we, TASK_INTERRUPTIBLE);
		__atomic_store_n(&peer->sender_waits, true, __ATOMIC_SEQ_CST);
		if (tcp_unsent(peer) == 0 || READ_ONCE(sk->state) == TCP_CLOSE || READ_ONCE(peer->peer) != sk || signal_pending(t))
			break;
		if (schedule_until(t, deadline) == -ETIME)
			break;
	}
	finish_wait(&sk->wq, &we);
}
