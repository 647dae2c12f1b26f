/* SPDX-License-Identifier: MIT
 *
 * The files of /proc about the system. What is the host's hardware (processors, their time, load) is read from the host's own
 * files, cut to the processors programs are told of; memory is what the instance may use; tasks are ours.
 */
#include <linux/major.h>
#include <linux/sysinfo.h>
#include <linux/time.h>
#include <asm/unistd.h>

#include "kernel/errno.h"
#include "kernel/uts.h"
#include "mm/mm.h"
#include "trap/host.h"
#include "trap/request.h"
#include "vfs/internal.h"
#include "vfs/proc/proc.h"

#define HUNDREDTH (NSEC_PER_SEC / 100)

uint64_t
proc_rss_pages(struct task *task, struct mm *mm)
{
	uint64_t pages = 0;

	if (task->k->super && task->k->super->rss_pages)
		pages = task->k->super->rss_pages(task->k, task->host_tid);
	return MIN(pages, READ_ONCE(mm->total_vm));
}

struct memory {
	uint64_t total, free, available, cached; /* KiB */
};

/* As sysinfo(2) has it: free is what the host has left, within what the instance was given and has not taken. */
static struct memory
memory_now(struct kernel *k)
{
	struct memory mem = { 0 };
	struct page_pool_stats st;
	struct sysinfo si;
	uint64_t limit = k->params.memory, unit;

	memset(&si, 0, sizeof(si));
	if (host_call1(__NR_sysinfo, &si) < 0)
		memset(&si, 0, sizeof(si));
	unit = si.mem_unit ? si.mem_unit : 1;
	mem.total = si.totalram * unit;
	mem.free = si.freeram * unit;
	if (limit && (limit < mem.total || !mem.total)) {
		page_pool_stats(k, &st);
		mem.total = limit;
		mem.free = MIN(mem.free, limit - MIN(limit, (st.total - st.free) * PAGE_SIZE));
	}
	mem.cached = MIN(si.bufferram * unit, mem.total - mem.free);
	mem.total >>= 10;
	mem.free >>= 10;
	mem.cached >>= 10;
	mem.available = mem.free + mem.cached;
	return mem;
}

static void
kb_line(struct proc_seq *m, const char *name, uint64_t kb)
{
	seq_printf(m, "%s%8lu kB\n", name, kb);
}

int
proc_meminfo(struct proc_seq *m)
{
	struct memory mem = memory_now(m->t->k);
	uint64_t used = mem.total - mem.free - mem.cached;

	kb_line(m, "MemTotal:       ", mem.total);
	kb_line(m, "MemFree:        ", mem.free);
	kb_line(m, "MemAvailable:   ", mem.available);
	kb_line(m, "Buffers:        ", 0);
	kb_line(m, "Cached:         ", mem.cached);
	kb_line(m, "SwapCached:     ", 0);
	kb_line(m, "Active:         ", used);
	kb_line(m, "Inactive:       ", mem.cached);
	kb_line(m, "Active(anon):   ", used);
	kb_line(m, "Inactive(anon): ", 0);
	kb_line(m, "Active(file):   ", 0);
	kb_line(m, "Inactive(file): ", mem.cached);
	kb_line(m, "Unevictable:    ", 0);
	kb_line(m, "Mlocked:        ", 0);
	kb_line(m, "SwapTotal:      ", 0);
	kb_line(m, "SwapFree:       ", 0);
	kb_line(m, "Dirty:          ", 0);
	kb_line(m, "Writeback:      ", 0);
	kb_line(m, "AnonPages:      ", used);
	kb_line(m, "Mapped:         ", 0);
	kb_line(m, "Shmem:          ", 0);
	kb_line(m, "KReclaimable:   ", 0);
	kb_line(m, "Slab:           ", 0);
	kb_line(m, "SReclaimable:   ", 0);
	kb_line(m, "SUnreclaim:     ", 0);
	kb_line(m, "KernelStack:    ", 0);
	kb_line(m, "PageTables:     ", 0);
	kb_line(m, "NFS_Unstable:   ", 0);
	kb_line(m, "Bounce:         ", 0);
	kb_line(m, "WritebackTmp:   ", 0);
	kb_line(m, "CommitLimit:    ", mem.total / 2);
	kb_line(m, "Committed_AS:   ", used);
	kb_line(m, "VmallocTotal:   ", 34359738367ul);
	kb_line(m, "VmallocUsed:    ", 0);
	kb_line(m, "VmallocChunk:   ", 0);
	seq_puts(m, "HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\nHugePages_Surp:        0\n");
	kb_line(m, "Hugepagesize:   ", 2048);
	kb_line(m, "Hugetlb:        ", 0);
	return 0;
}

int
proc_vmstat(struct proc_seq *m)
{
	struct memory mem = memory_now(m->t->k);

	seq_printf(m, "nr_free_pages %lu\nnr_file_pages %lu\n", mem.free / 4, mem.cached / 4);
	seq_puts(m, "pgpgin 0\npgpgout 0\npswpin 0\npswpout 0\npgfault 0\npgmajfault 0\noom_kill 0\n");
	return 0;
}

/* Paragraphs of the host's file, one a processor, as many as programs are told of. */
int
proc_cpuinfo(struct proc_seq *m)
{
	struct kernel *k = m->t->k;
	uint32_t left = MAX(k->params.ncpus, 1u);
	size_t i;

	seq_host_file(m, k->proc->host_cpuinfo);
	for (i = 1; i < m->len && left; i++)
		if (m->buf[i] == '\n' && m->buf[i - 1] == '\n' && --left == 0)
			m->len = i + 1;
	return m->len ? 0 : -EIO;
}

struct task_counts {
	int running, blocked, total, last_pid;
};

static struct task_counts
count_tasks(struct kernel *k)
{
	struct task_counts c = { 0 };
	struct task *p, *th;

	mutex_lock(&k->tasklist_lock);
	for_each_process(k, p) {
		for_each_thread(p->signal, th) {
			uint32_t state = READ_ONCE(th->state);

			c.total++;
			c.running += state == TASK_RUNNING && !th->exit_state && th != k->init_task;
			c.blocked += state == TASK_UNINTERRUPTIBLE || state == TASK_KILLABLE;
			c.last_pid = MAX(c.last_pid, th->pid);
		}
	}
	mutex_unlock(&k->tasklist_lock);
	return c;
}

/* The line that begins with "cpu" and is not one of the processors we have: the end of what is taken over. */
static bool
foreign_line(const char *line, size_t n, uint32_t ncpus)
{
	uint32_t nr = 0;
	size_t i = 3;

	if (n < 4 || memcmp(line, "cpu", 3) != 0)
		return true;
	if (line[3] == ' ')
		return false;
	for (; i < n && line[i] >= '0' && line[i] <= '9'; i++)
		nr = nr * 10 + (uint32_t)(line[i] - '0');
	return nr >= ncpus;
}

static void
keep_cpu_lines(struct proc_seq *m, uint32_t ncpus)
{
	size_t in = 0, out = 0;

	while (in < m->len) {
		const char *nl = memchr(m->buf + in, '\n', m->len - in);
		size_t n = nl ? (size_t)(nl - (m->buf + in)) + 1 : m->len - in;

		if (!foreign_line(m->buf + in, n, ncpus)) {
			memmove(m->buf + out, m->buf + in, n);
			out += n;
		}
		in += n;
	}
	m->len = out;
}

int
proc_stat(struct proc_seq *m)
{
	struct kernel *k = m->t->k;
	struct task_counts c = count_tasks(k);
	uint32_t ncpus = MAX(k->params.ncpus, 1u);
	int64_t btime = (host_clock(CLOCK_REALTIME) - host_clock(CLOCK_BOOTTIME)) / NSEC_PER_SEC;

	seq_host_file(m, k->proc->host_stat);
	keep_cpu_lines(m, ncpus);
	seq_printf(m, "intr 0\nctxt 0\nbtime %lld\nprocesses %lu\n", (long long)btime, k->total_forks);
	seq_printf(m, "procs_running %d\nprocs_blocked %d\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n", MAX(c.running, 1), c.blocked);
	return 0;
}

/* The three averages are the host's; tasks are ours. */
int
proc_loadavg(struct proc_seq *m)
{
	struct kernel *k = m->t->k;
	struct task_counts c = count_tasks(k);
	int blanks = 0;
	size_t i;

	seq_host_file(m, k->proc->host_loadavg);
	for (i = 0; i < m->len; i++)
		if (m->buf[i] == ' ' && ++blanks == 3)
			break;
	if (blanks == 3)
		m->len = i;
	else if (!m->err)
		m->len = 0, seq_puts(m, "0.00 0.00 0.00");
	seq_printf(m, " %d/%d %d\n", MAX(c.running, 1), c.total, c.last_pid);
	return 0;
}

/* Idle time is summed over processors, as the host counts it. */
static int64_t
idle_ticks(struct proc_seq *m)
{
	struct proc_seq host = { .t = m->t };
	int64_t idle = 0;
	size_t i = 0;

	seq_host_file(&host, m->t->k->proc->host_stat);
	/* "cpu  user nice system idle ..." */
	for (int field = 0; i < host.len && field < 4; field++) {
		while (i < host.len && host.buf[i] != ' ')
			i++;
		while (i < host.len && host.buf[i] == ' ')
			i++;
	}
	for (; i < host.len && host.buf[i] >= '0' && host.buf[i] <= '9'; i++)
		idle = idle * 10 + (host.buf[i] - '0');
	kfree(m->t->k, host.buf);
	return idle;
}

int
proc_uptime(struct proc_seq *m)
{
	int64_t up = host_clock(CLOCK_BOOTTIME) / HUNDREDTH, idle = idle_ticks(m);

	seq_printf(m, "%lld.%02d %lld.%02d\n", (long long)(up / 100), (int)(up % 100), (long long)(idle / 100), (int)(idle % 100));
	return 0;
}

int
proc_version(struct proc_seq *m)
{
	seq_printf(m, "%s version %s (stead) (gcc) %s\n", UTS_SYSNAME, UTS_RELEASE, UTS_VERSION);
	return 0;
}

int
proc_filesystems(struct proc_seq *m)
{
	struct vfs_state *v = m->t->k->vfs;

	for (int i = 0; i < NR_FS_TYPES; i++) {
		const struct file_system_type *type = READ_ONCE(v->fs_types[i]);

		if (type)
			seq_printf(m, "%s\t%s\n", type->nodev ? "nodev" : "", type->name);
	}
	return 0;
}

/* The majors that have drivers: found by asking for them, not by a second list. */
int
proc_devices(struct proc_seq *m)
{
	static const struct {
		uint32_t major, minor;
		const char *name;
	} majors[] = {
		{ MEM_MAJOR, 3, "mem" },	{ TTY_MAJOR, 0, "/dev/vc/0" },	      { TTYAUX_MAJOR, 0, "/dev/tty" },
		{ TTYAUX_MAJOR, 1, "/dev/console" }, { TTYAUX_MAJOR, 2, "/dev/ptmx" }, { MISC_MAJOR, 229, "misc" },
		{ UNIX98_PTY_MASTER_MAJOR, 0, "ptm" }, { UNIX98_PTY_SLAVE_MAJOR, 0, "pts" },
	};

	seq_puts(m, "Character devices:\n");
	for (size_t i = 0; i < ARRAY_SIZE(majors); i++)
		if (cdev_lookup(m->t->k, (uint64_t)majors[i].major << 8 | majors[i].minor))
			seq_printf(m, "%3u %s\n", majors[i].major, majors[i].name);
	seq_puts(m, "\nBlock devices:\n");
	return 0;
}
