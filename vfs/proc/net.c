/* SPDX-License-Identifier: MIT
 *
 * /proc/PID/net: sockets, and the one interface. There are no packets: what counts them shows zeros, or is not there (snmp, netstat).
 */
#include <linux/stat.h>

#include "kernel/errno.h"
#include "net/inet.h"
#include "net/unix.h"
#include "vfs/proc/proc.h"

static int
net_unix_show(struct proc_seq *m)
{
	struct kernel *k = m->t->k;
	int64_t n = -ENOSPC;

	seq_puts(m, "Num       RefCount Protocol Flags    Type St Inode Path\n");
	for (size_t size = 4096; n == -ENOSPC && size <= 1u << 24; size *= 2) {
		char *buf = kmalloc(k, size);

		if (!buf)
			return -ENOMEM;
		n = unix_show(k, buf, size);
		if (n > 0)
			seq_write(m, buf, (size_t)n);
		kfree(k, buf);
	}
	return n < 0 ? -ENOMEM : 0;
}

static int
protocols_show(struct proc_seq *m)
{
	seq_puts(m, "protocol  size sockets  memory press maxhdr  slab module     cl co di ac io in de sh ss gs se re bi br ha uh gp em\n");
	for (int stream = 1; stream >= 0; stream--)
		seq_printf(m, "%-9s %4u %6u      -1   NI       0   yes  kernel      y  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n\n",
			   stream ? "UNIX-STREAM" : "UNIX", (unsigned int)sizeof(struct unix_sock), unix_count(m->t->k, stream));
	for (int six = 1; six >= 0; six--) {
		struct inet_counts c;

		inet_count(m->t->k, &c);
		seq_printf(m, "%-9s %4u %6u       0   NI       0   yes  kernel      y  y  y  n  y  y  y  n  y  y  y  y  n  n  y  y  y  n\n",
			   six ? "UDPv6" : "UDP", (unsigned int)sizeof(struct inet_sock), c.udp_alloc[six]);
		seq_printf(m, "%-9s %4u %6u       0   no     192   yes  kernel      y  y  y  y  y  y  y  y  y  y  y  y  n  y  y  y  y  y\n",
			   six ? "TCPv6" : "TCP", (unsigned int)sizeof(struct inet_sock), c.tcp_alloc[six]);
	}
	return 0;
}

/* The entry's arg: the protocol, and 256 for IPv6. */
static int
inet_show_all(struct proc_seq *m)
{
	int protocol = m->pi->entry->arg & 0xff;
	bool six = m->pi->entry->arg & 256;
	struct kernel *k = m->t->k;
	int64_t n = -ENOSPC;

	if (six)
		seq_printf(m, "  sl  local_address                         remote_address                        "
			      "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode%s\n", protocol == IPPROTO_TCP ? "" : " ref pointer drops");
	else if (protocol == IPPROTO_TCP)
		seq_printf(m, "%-149s\n", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode");
	else
		seq_printf(m, "%-127s\n", "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref "
				       "pointer drops");
	for (size_t size = 8192; n == -ENOSPC && size <= 1u << 26; size *= 2) {
		char *buf = kmalloc(k, size);

		if (!buf)
			return -ENOMEM;
		n = inet_show(k, protocol, six, buf, size);
		if (n > 0)
			seq_write(m, buf, (size_t)n);
		kfree(k, buf);
	}
	return n < 0 ? -ENOMEM : 0;
}

static int
sockstat_show(struct proc_seq *m)
{
	struct inet_counts c;

	inet_count(m->t->k, &c);
	seq_printf(m, "sockets: used %u\n", c.tcp_alloc[0] + c.tcp_alloc[1] + c.udp_alloc[0] + c.udp_alloc[1] + c.udplite[0] + c.udplite[1] +
						unix_count(m->t->k, true) + unix_count(m->t->k, false));
	seq_printf(m, "TCP: inuse %u orphan %u tw %u alloc %u mem 0\n", c.tcp[0], c.orphan, c.tw, c.tcp_alloc[0] + c.tcp_alloc[1]);
	seq_printf(m, "UDP: inuse %u mem 0\nUDPLITE: inuse %u\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n", c.udp[0], c.udplite[0]);
	return 0;
}

static int
sockstat6_show(struct proc_seq *m)
{
	struct inet_counts c;

	inet_count(m->t->k, &c);
	seq_printf(m, "TCP6: inuse %u\nUDP6: inuse %u\nUDPLITE6: inuse %u\nRAW6: inuse 0\nFRAG6: inuse 0 memory 0\n", c.tcp[1], c.udp[1],
		   c.udplite[1]);
	return 0;
}

#define INET(n, protocol) { .name = (n), .mode = S_IFREG | 0444, .show = inet_show_all, .flags = PROC_ITER, .arg = (protocol) }
#define NET_SHOW(n, fn) { .name = (n), .mode = S_IFREG | 0444, .show = (fn), .flags = PROC_ITER }
#define NOWHERE "00000000000000000000000000000000 00 "
#define NET_TEXT(n, s) { .name = (n), .mode = S_IFREG | 0444, .text = (s), .flags = PROC_ITER }

const struct proc_entry proc_net_table[PROC_NET_FILES] = {
	NET_TEXT("arp", "IP address       HW type     Flags       HW address            Mask     Device"),
	NET_TEXT("dev",
		 "Inter-|   Receive                                                |  Transmit\n"
		 " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
		 "    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0"),
	{ .name = "dev_mcast", .mode = S_IFREG | 0444, .show = proc_nothing, .flags = PROC_ITER },
	NET_TEXT("if_inet6", "00000000000000000000000000000001 01 80 10 80       lo"),
	NET_TEXT("ipv6_route",
		 NOWHERE NOWHERE "00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n"
		 "00000000000000000000000000000001 80 " NOWHERE "00000000000000000000000000000000 00000000 00000002 00000000 80200001       lo\n"
		 NOWHERE NOWHERE "00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo"),
	NET_SHOW("protocols", protocols_show),
	NET_TEXT("ptype", "Type Device      Function\n0800          ip_rcv\n86dd          ipv6_rcv"),
	NET_TEXT("route", "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT"
			  "                                                       "),
	NET_SHOW("sockstat", sockstat_show),
	NET_SHOW("sockstat6", sockstat6_show),
	INET("tcp", IPPROTO_TCP),
	INET("tcp6", IPPROTO_TCP | 256),
	INET("udp", IPPROTO_UDP),
	INET("udp6", IPPROTO_UDP | 256),
	INET("udplite", IPPROTO_UDPLITE),
	INET("udplite6", IPPROTO_UDPLITE | 256),
	NET_SHOW("unix", net_unix_show),
};
