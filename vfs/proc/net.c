/* SPDX-License-Identifier: MIT
 *
 * /proc/PID/net: what a kernel has that knows sockets of the unix family and no others. No interfaces, no protocols of the internet:
 * tcp, udp, route, sockstat, if_inet6 and their like are not there.
 */
#include <linux/stat.h>

#include "kernel/errno.h"
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
	return 0;
}

#define NET_TEXT(n, s) { .name = (n), .mode = S_IFREG | 0444, .text = (s), .flags = PROC_ITER }

const struct proc_entry proc_net_table[PROC_NET_FILES] = {
	NET_TEXT("dev",
		 "Inter-|   Receive                                                |  Transmit\n"
		 " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed"),
	{ .name = "dev_mcast", .mode = S_IFREG | 0444, .show = proc_nothing, .flags = PROC_ITER },
	{ .name = "protocols", .mode = S_IFREG | 0444, .show = protocols_show, .flags = PROC_ITER },
	NET_TEXT("ptype", "Type Device      Function"),
	{ .name = "unix", .mode = S_IFREG | 0444, .show = net_unix_show, .flags = PROC_ITER },
};
