/* SPDX-License-Identifier: MIT
 *
 * Options of connections: tcp(7). What tunes packets (TCP_NODELAY, TCP_CORK, keep-alives, TCP_USER_TIMEOUT) is kept and given
 * back: a peer of this machine is always there, and what is written is at once in its queue.
 *
 * Left out: TCP_REPAIR, TCP_MD5SIG, TCP_ULP, TCP_ZEROCOPY_RECEIVE and other protocols: -ENOPROTOOPT.
 */
#include <linux/capability.h>
#include <linux/tcp.h>

#include "kernel/cred.h"
#include "kernel/task.h"
#include "net/inet.h"

#define MAX_KEEPIDLE  32767
#define MAX_KEEPINTVL 32767
#define MAX_KEEPCNT   127
#define MAX_SYNCNT    127
#define MIN_MSS	      88
#define MAX_WINDOW    32767
#define LO_MSS4	      65483 /* of 65,535 bytes, without headers and time stamps */
#define LO_MSS6	      65463
#define FIN_TIMEOUT   60
#define FASTOPEN_MAX  4096

void
tcp_opts_init(struct inet_sock *sk)
{
	sk->o.sndbuf = TCP_DEFAULT_SNDBUF;
	sk->o.rcvbuf = TCP_DEFAULT_RCVBUF;
	sk->to = (struct tcp_opts){
		.quickack = true,
		.keepidle = 7200,
		.keepintvl = 75,
		.keepcnt = 9,
		.syncnt = 6,
		.linger2 = FIN_TIMEOUT,
		.congestion = "cubic",
	};
}

static int
set_range(uint32_t *p, int v, int min, int max)
{
	if (v < min || v > max)
		return -EINVAL;
	*p = (uint32_t)v;
	return 0;
}

/* There are two to choose from, and both do nothing. */
static int
set_congestion(struct task *t, struct inet_sock *sk, uaddr_t val, int len)
{
	char name[16] = { 0 };

	if (len < 1)
		return -EINVAL;
	if (copy_from_user(t, name, val, (size_t)MIN(len, 15)))
		return -EFAULT;
	if (strcmp(name, "cubic") != 0 && strcmp(name, "reno") != 0)
		return -ENOENT;
	memcpy(sk->to.congestion, name, sizeof(name));
	return 0;
}

static int
set_defer_accept(struct inet_sock *sk, int v)
{
	uint32_t s = 0;

	/* Kept as a number of retransmissions, which double from one second on: rounded up. */
	for (uint32_t after = 1; v > 0 && s < (uint32_t)v; after *= 2)
		s += after;
	sk->to.defer_accept = s;
	return 0;
}

int
tcp_setsockopt(struct task *t, struct inet_sock *sk, int name, uaddr_t val, int len)
{
	struct tcp_opts *o = &sk->to;
	int v;

	if (name == TCP_CONGESTION)
		return set_congestion(t, sk, val, len);
	if (len < (int)sizeof(v))
		return -EINVAL;
	if (copy_in(t, &v, val))
		return -EFAULT;
	switch (name) {
	case TCP_NODELAY:
		o->nodelay = v != 0;
		return 0;
	case TCP_CORK:
		o->cork = v != 0;
		return 0;
	case TCP_QUICKACK:
		o->quickack = v & 1;
		return 0;
	case TCP_MAXSEG:
		return v ? set_range(&o->maxseg, v, MIN_MSS, MAX_WINDOW) : 0;
	case TCP_KEEPIDLE:
		return set_range(&o->keepidle, v, 1, MAX_KEEPIDLE);
	case TCP_KEEPINTVL:
		return set_range(&o->keepintvl, v, 1, MAX_KEEPINTVL);
	case TCP_KEEPCNT:
		return set_range(&o->keepcnt, v, 1, MAX_KEEPCNT);
	case TCP_SYNCNT:
		return set_range(&o->syncnt, v, 1, MAX_SYNCNT);
	case TCP_LINGER2:
		o->linger2 = v < 0 ? UINT32_MAX : v > 120 ? 120 : v ? (uint32_t)v : FIN_TIMEOUT;
		return 0;
	case TCP_DEFER_ACCEPT:
		return set_defer_accept(sk, v);
	case TCP_WINDOW_CLAMP:
		if (!v && sk->state != TCP_CLOSE)
			return -EINVAL;
		o->window_clamp = (uint32_t)(v ? MAX(v, SOCK_MIN_RCVBUF / 2) : 0);
		return 0;
	case TCP_USER_TIMEOUT:
		return set_range(&o->user_timeout, v, 0, INT32_MAX);
	case TCP_NOTSENT_LOWAT:
		o->notsent_lowat = (uint32_t)v;
		return 0;
	case TCP_FASTOPEN:
		if (v < 0 || (sk->state != TCP_CLOSE && sk->state != TCP_LISTEN))
			return -EINVAL;
		o->fastopen = (uint32_t)MIN(v, FASTOPEN_MAX);
		return 0;
	case TCP_FASTOPEN_CONNECT:
		/* Only where a listener gave a cookie before, which none does (net.ipv4.tcp_fastopen = 1): connects stay as they are. */
		if (v > 1 || v < 0 || sk->state != TCP_CLOSE)
			return -EINVAL;
		o->fastopen_connect = (uint32_t)v;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static uint32_t
mss(const struct inet_sock *sk)
{
	uint32_t lo = in16_is_v4(&sk->b.addr) ? LO_MSS4 : LO_MSS6;

	if (sk->state == TCP_CLOSE || sk->state == TCP_LISTEN)
		return sk->to.maxseg ? sk->to.maxseg : 536;
	return sk->to.maxseg ? MIN(sk->to.maxseg, lo) : lo;
}

static int
get_info(struct task *t, struct inet_sock *sk, uaddr_t val, uaddr_t ulen, uint32_t room)
{
	struct tcp_info i;

	memset(&i, 0, sizeof(i));
	mutex_lock(&sk->lock);
	i.tcpi_state = (uint8_t)sk->state;
	i.tcpi_rto = sk->peer ? 204000 : 1000000;
	i.tcpi_delivery_rate_app_limited = 1;
	i.tcpi_ato = sk->bytes_in ? 40000 : 0;
	i.tcpi_snd_mss = i.tcpi_rcv_mss = i.tcpi_advmss = mss(sk);
	i.tcpi_pmtu = LO_MTU;
	i.tcpi_rtt = 30;
	i.tcpi_rttvar = 15;
	i.tcpi_snd_ssthresh = INT32_MAX;
	i.tcpi_snd_cwnd = 10;
	i.tcpi_reordering = 3;
	i.tcpi_rcv_space = sk->o.rcvbuf / 2;
	i.tcpi_rcv_ssthresh = sk->o.rcvbuf / 2;
	if (sk->peer) {
		i.tcpi_options = TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE;
		i.tcpi_snd_wscale = i.tcpi_rcv_wscale = 7;
	}
	if (sk->state == TCP_LISTEN) {
		i.tcpi_unacked = sk->nr_accept;
		i.tcpi_sacked = sk->backlog;
	}
	i.tcpi_bytes_acked = i.tcpi_bytes_sent = sk->bytes_out;
	i.tcpi_bytes_received = sk->bytes_in;
	i.tcpi_pacing_rate = i.tcpi_max_pacing_rate = UINT64_MAX;
	mutex_unlock(&sk->lock);
	return sock_put_opt(t, val, ulen, room, &i, sizeof(i));
}

static int
get_int(struct inet_sock *sk, int name, int *v)
{
	const struct tcp_opts *o = &sk->to;

	switch (name) {
	case TCP_NODELAY:
		*v = o->nodelay;
		return 0;
	case TCP_CORK:
		*v = o->cork;
		return 0;
	case TCP_QUICKACK:
		*v = o->quickack;
		return 0;
	case TCP_MAXSEG:
		*v = (int)mss(sk);
		return 0;
	case TCP_KEEPIDLE:
		*v = (int)o->keepidle;
		return 0;
	case TCP_KEEPINTVL:
		*v = (int)o->keepintvl;
		return 0;
	case TCP_KEEPCNT:
		*v = (int)o->keepcnt;
		return 0;
	case TCP_SYNCNT:
		*v = (int)o->syncnt;
		return 0;
	case TCP_LINGER2:
		*v = (int)o->linger2;
		return 0;
	case TCP_DEFER_ACCEPT:
		*v = (int)o->defer_accept;
		return 0;
	case TCP_WINDOW_CLAMP:
		*v = (int)o->window_clamp;
		return 0;
	case TCP_USER_TIMEOUT:
		*v = (int)o->user_timeout;
		return 0;
	case TCP_NOTSENT_LOWAT:
		*v = (int)o->notsent_lowat;
		return 0;
	case TCP_FASTOPEN:
		*v = (int)o->fastopen;
		return 0;
	case TCP_FASTOPEN_CONNECT:
		*v = (int)o->fastopen_connect;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

int
tcp_getsockopt(struct task *t, struct inet_sock *sk, int name, uaddr_t val, uaddr_t ulen, uint32_t room)
{
	int v, err;

	if (name == TCP_INFO)
		return get_info(t, sk, val, ulen, room);
	if (name == TCP_CONGESTION)
		return sock_put_opt(t, val, ulen, room, sk->to.congestion, sizeof(sk->to.congestion));
	err = get_int(sk, name, &v);
	return err ? err : sock_put_opt(t, val, ulen, room, &v, sizeof(v));
}
