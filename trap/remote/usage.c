/* SPDX-License-Identifier: MIT
 *
 * What the host has counted for a task's host thread. The clock of another process can be read, that of another process's thread
 * cannot: a host process that has only ever had one thread is asked by its clocks, others are looked up in /proc.
 */
#include <errno.h>
#include <time.h>

#include "kernel/posix-clocks.h"
#include "kernel/task.h"
#include "trap/remote/remote.h"
#include "trap/request.h"
#include "trap/trap.h"

static uint64_t
process_clock(pid_t pid, unsigned int which)
{
	struct timespec ts;

	if (clock_gettime((clockid_t)((~(unsigned int)pid << 3) | which), &ts) < 0)
		return 0;
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* The sum is exact, the parts may be counted in ticks: they only give the ratio. */
static void
split(struct host_usage *out, uint64_t sum, uint64_t ut, uint64_t st)
{
	out->stime = ut + st ? (uint64_t)((unsigned __int128)sum * st / (ut + st)) : 0;
	out->utime = sum - out->stime;
}

void
remote_own_usage(struct task *t, struct host_usage *out)
{
	struct trap_process *proc = t->trap->proc;
	uint64_t ut, prof, times[3];

	*out = (struct host_usage){ 0 };
	if (!atomic_load(&proc->threaded)) {
		ut = process_clock(proc->pid, CPUCLOCK_VIRT);
		prof = process_clock(proc->pid, CPUCLOCK_PROF);
		split(out, process_clock(proc->pid, CPUCLOCK_SCHED), ut, prof > ut ? prof - ut : 0);
	} else if (t->k->super->thread_times(t->k, t->host_tid, times)) {
		split(out, times[0], times[1], times[2]);
	}
	out->maxrss = t->k->super->rss_pages(t->k, t->host_tid) << (PAGE_SHIFT - 10);
}
