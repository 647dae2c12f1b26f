/* SPDX-License-Identifier: MIT
 *
 * Tables of /proc that other kernels fill with hardware. Here they have the rows that this kernel has: caches of objects and
 * terminals, no interrupts and no disks.
 */
#include <linux/major.h>

#include "kernel/slab.h"
#include "vfs/internal.h"
#include "vfs/proc/proc.h"

int
proc_nothing(struct proc_seq *m __unused)
{
	return 0;
}

static void
cpu_columns(struct proc_seq *m, const char *indent, bool header, uint64_t value)
{
	uint32_t n = MAX(m->t->k->params.ncpus, 1u);

	seq_puts(m, indent);
	for (uint32_t i = 0; i < n; i++) {
		if (header)
			seq_printf(m, "CPU%-8u", i);
		else
			seq_printf(m, " %10lu", value);
	}
	seq_puts(m, "\n");
}

int
proc_interrupts(struct proc_seq *m)
{
	cpu_columns(m, "           ", true, 0);
	seq_puts(m, "ERR:          0\nMIS:          0\n");
	return 0;
}

int
proc_softirqs(struct proc_seq *m)
{
	static const char *const names[] = { "HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU" };
	char label[24];

	cpu_columns(m, "                    ", true, 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		ksnprintf(label, sizeof(label), "%12s:", names[i]);
		cpu_columns(m, label, false, 0);
	}
	return 0;
}

int
proc_slabinfo(struct proc_seq *m)
{
	struct kernel *k = m->t->k;
	struct kmem_cache *c;

	seq_puts(m, "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> "
		    "<batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
	list_for_each_entry(c, &k->slab_caches, caches) { /* only grows, at boot */
		uint64_t per = (uint64_t)c->pages * PAGE_SIZE / MAX(c->stride, 1u), total = READ_ONCE(c->total);
		uint64_t slabs = per ? (total + per - 1) / per : 0;

		seq_printf(m, "%-17s %6lu %6lu %6u %4lu %4u : tunables    0    0    0 : slabdata %6lu %6lu      0\n", c->name,
			   READ_ONCE(c->in_use), total, c->stride, per, c->pages, slabs, slabs);
	}
	return 0;
}

int
proc_locks(struct proc_seq *m)
{
	struct kernel *k = m->t->k;
	struct lock_text text = { .size = 2048 };
	bool done = false;

	while (!done && text.size <= 1u << 22) {
		text.size *= 2;
		text.buf = kmalloc(k, text.size);
		if (!text.buf)
			return -ENOMEM;
		done = show_all_file_locks(k, &text);
		if (done)
			seq_write(m, text.buf, text.len);
		kfree(k, text.buf);
	}
	return done ? 0 : -ENOMEM;
}

int
proc_tty_drivers(struct proc_seq *m)
{
	static const struct {
		uint32_t major, minor;
		const char *line;
	} rows[] = {
		{ TTYAUX_MAJOR, 0, "/dev/tty             /dev/tty        5       0 system:/dev/tty\n" },
		{ TTYAUX_MAJOR, 1, "/dev/console         /dev/console    5       1 system:console\n" },
		{ TTYAUX_MAJOR, 2, "/dev/ptmx            /dev/ptmx       5       2 system\n" },
		{ UNIX98_PTY_SLAVE_MAJOR, 0, "pty_slave            /dev/pts      136 0-1048575 pty:slave\n" },
		{ UNIX98_PTY_MASTER_MAJOR, 0, "pty_master           /dev/ptm      128 0-1048575 pty:master\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (cdev_lookup(m->t->k, (uint64_t)rows[i].major << 8 | rows[i].minor) || rows[i].major == UNIX98_PTY_SLAVE_MAJOR ||
		    rows[i].major == UNIX98_PTY_MASTER_MAJOR)
			seq_puts(m, rows[i].line);
	return 0;
}
