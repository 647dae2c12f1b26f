/* SPDX-License-Identifier: MIT
 *
 * Host threads and processes of guests: what the remote trap knows of each.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/entry.h"
#include "trap/remote/remote.h"

struct trap_task *
rt_new(struct task *t, pid_t tid, struct trap_process *proc)
{
	struct trap_task *rt = calloc(1, sizeof(*rt));

	if (!rt)
		return NULL;
	rt->t = t;
	rt->tid = tid;
	rt->cpu = -1;
	rt->proc = proc;
	atomic_fetch_add(&proc->refs, 1);
	atomic_store(&rt->refs, 2);
	if (atomic_fetch_add(&proc->tasks, 1) > 0)
		atomic_store(&proc->threaded, true);
	atomic_fetch_add(&remote.nthreads, 1);
	list_add_tail(&rt->turn, &remote.turns);
	__atomic_store_n(&remote.by_tid[tid], rt, __ATOMIC_RELEASE);
	return rt;
}

int
rt_kick(struct trap_task *rt)
{
	return syscall(SYS_tgkill, rt->proc->pid, rt->tid, KICK_SIGNAL) < 0 ? -errno : 0;
}

void
rt_put(struct trap_task *rt)
{
	if (atomic_fetch_sub(&rt->refs, 1) != 1)
		return;
	atomic_fetch_sub(&remote.nthreads, 1);
	if (atomic_fetch_sub(&rt->proc->refs, 1) == 1)
		free(rt->proc);
	free(rt);
}

void
rt_leave(struct trap_task *rt)
{
	struct trap_process *proc = rt->proc;

	if (atomic_fetch_sub(&proc->tasks, 1) == 1) {
		/* Not reaped before the tracer has seen its death, so the pid cannot be somebody else's: rt is still in by_tid, or
		 * the process is dead and the call fails. */
		if (!atomic_load(&rt->host_dead))
			kill(proc->pid, SIGKILL);
	}
	rt_put(rt);
}
