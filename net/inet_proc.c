/* SPDX-License-Identifier: MIT
 *
 * Sockets of the inet families as the lines of /proc/net/{tcp,udp}{,6}, and how many there are.
 *
 * Sockets are in in->all from inet_alloc() to their end; what is shown of one is read without its lock. Nothing retransmits, so
 * those columns are zeros.
 */
#include "kernel/kernel.h"
#include "net/inet.h"

#define LINE_MAX_LEN 256u
#define WIDTH_TCP4   149u
#define WIDTH_UDP4   127u

struct inet_line {
	char *buf;
	size_t size, len;
	unsigned int n; /* of this table */
};

static void
put_place(struct inet_line *l, const struct in16 *a, uint16_t port, bool family6)
{
	char *at = l->buf + l->len;
	size_t left = l->size - l->len;

	if (family6)
		l->len += (size_t)ksnprintf(at, left, " %08X%08X%08X%08X:%04X", a->w[0], a->w[1], a->w[2], a->w[3], (unsigned int)port);
	else
		l->len += (size_t)ksnprintf(at, left, " %08X:%04X", a->w[3], (unsigned int)port);
}

/* The columns before the state, and the state. */
static void
put_names(struct inet_line *l, const struct inet_bind *b, unsigned int state)
{
	bool tcp = b->protocol == IPPROTO_TCP;

	l->len += (size_t)ksnprintf(l->buf + l->len, l->size - l->len, tcp ? "%4u:" : "%5u:", tcp ? l->n : b->port % INET_HASH);
	l->n++;
	put_place(l, &b->addr, b->port, b->family6);
	put_place(l, &b->raddr, b->rport, b->family6);
	l->len += (size_t)ksnprintf(l->buf + l->len, l->size - l->len, " %02X", state);
}

static void
end_line(struct inet_line *l, size_t start, size_t width)
{
	while (l->len - start < width)
		l->buf[l->len++] = ' ';
	l->buf[l->len++] = '\n';
}

static void
show_sock(struct inet_line *l, struct inet_sock *sk)
{
	uint64_t ino = sk->socket && sk->socket->file ? sk->socket->file->f_inode->i_ino : 0;
	bool listening = sk->state == TCP_LISTEN, tcp = sk->type == SOCK_STREAM;
	uint32_t rx = listening ? sk->nr_accept : (uint32_t)(tcp ? sk->qbytes : sk->qmem), tx = 0;
	size_t start = l->len;

	put_names(l, &sk->b, sk->b.state);
	l->len += (size_t)ksnprintf(l->buf + l->len, l->size - l->len, " %08X:%08X 00:00000000 00000000 %5u        0 %lu %u %016x", tx, rx,
				    sk->uid, ino, (unsigned int)refcount_read(&sk->refs) + !tcp, 0);
	if (tcp)
		l->len += (size_t)ksnprintf(l->buf + l->len, l->size - l->len, listening ? " 100 0 0 10 0" : " 20 0 0 10 -1");
	else
		l->len += (size_t)ksnprintf(l->buf + l->len, l->size - l->len, " %lu", sk->drops);
	end_line(l, start, sk->b.family6 ? 0 : tcp ? WIDTH_TCP4 : WIDTH_UDP4);
}

static void
show_tw(struct inet_line *l, const struct inet_bind *tw, int64_t now)
{
	size_t start = l->len;

	put_names(l, tw, TCP_TIME_WAIT);
	l->len += (size_t)ksnprintf(l->buf + l->len, l->size - l->len, " 00000000:00000000 03:%08lX 00000000     0        0 0 3 %016x",
				    (uint64_t)MAX(tw->expires - now, 0) / 10000000u, 0);
	end_line(l, start, tw->family6 ? 0 : WIDTH_TCP4);
}

static bool
is_shown(const struct inet_sock *sk, int protocol, bool family6)
{
	return sk->b.protocol == protocol && sk->b.family6 == family6 &&
	       (protocol == IPPROTO_TCP ? sk->b.state != TCP_CLOSE : !list_empty(&sk->b.list));
}

int64_t
inet_show(struct kernel *k, int protocol, bool family6, char *buf, size_t size)
{
	struct inet_line l = { .buf = buf, .size = size };
	struct inet_net *in = inet_net(k);
	struct inet_sock *sk;
	struct inet_bind *tw;
	int64_t now = ktime_get();
	mutex_guard(&in->lock);

	for (int listening = 1; listening >= 0; listening--) { /* listeners first */
		list_for_each_entry(sk, &in->all, all) {
			if (!is_shown(sk, protocol, family6) || (sk->b.state == TCP_LISTEN) != listening)
				continue;
			if (l.size - l.len < LINE_MAX_LEN)
				return -ENOSPC;
			show_sock(&l, sk);
		}
	}
	list_for_each_entry(tw, &in->tw_list, tw_list) {
		if (protocol != IPPROTO_TCP || tw->family6 != family6 || tw->expires <= now)
			continue;
		if (l.size - l.len < LINE_MAX_LEN)
			return -ENOSPC;
		show_tw(&l, tw, now);
	}
	return (int64_t)l.len;
}

void
inet_count(struct kernel *k, struct inet_counts *out)
{
	struct inet_net *in = inet_net(k);
	struct inet_sock *sk;
	mutex_guard(&in->lock);

	memset(out, 0, sizeof(*out));
	list_for_each_entry(sk, &in->all, all) {
		if (sk->type == SOCK_STREAM) {
			out->tcp_alloc[sk->b.family6]++;
			if (sk->b.state != TCP_CLOSE)
				out->tcp[sk->b.family6]++;
			out->orphan += sk->dead && sk->b.state != TCP_CLOSE;
		} else if (sk->b.protocol == IPPROTO_UDP) {
			out->udp_alloc[sk->b.family6]++;
			out->udp[sk->b.family6] += !list_empty(&sk->b.list);
		} else {
			out->udplite[sk->b.family6] += !list_empty(&sk->b.list);
		}
	}
	out->tw = in->nr_tw;
}
