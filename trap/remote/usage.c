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
process_clock(int pid, unsigned int which)
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

bool
remote_process_times(hpid_t host_process, uint64_t out[3])
{
	uint64_t prof;

	out[0] = process_clock(host_process.id, CPUCLOCK_SCHED);
	out[1] = process_clock(host_process.id, CPUCLOCK_VIRT);
	prof = process_clock(host_process.id, CPUCLOCK_PROF);
	out[2] = prof > out[1] ? prof - out[1] : 0;
	return out[0] != 0;
}

void
remote_own_usage(struct task *t, struct host_usage *out)
{
	struct trap_process *proc = t->trap->proc;
	uint64_t times[3];

	*out = (struct host_usage){ .whole_process = !atomic_load(&proc->threaded) };
	if (out->whole_process ? remote_process_times(HPID(proc->pid), times) : t->k->super->thread_times(t->k, t->host_tid, times))
		split(out, times[0], times[1], times[2]);
	out->maxrss = t->k->super->rss_pages(t->k, t->host_tid) << (PAGE_SHIFT - 10);
}
