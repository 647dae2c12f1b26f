/* SPDX-License-Identifier: MIT
 *
 * CPU time of tasks, and scheduling attributes: sched(7). The host schedules; policies and priorities are kept and
 * reported, and checked as Linux does, but are not given to the host. Affinity masks are (syscalls/sched.c).
 */
#include "kernel/task.h"
#include "trap/request.h"
#include "trap/trap.h"

void
task_cputime(struct task *t, uint64_t *utime, uint64_t *stime)
{
	if (!(t->flags & PF_EXITING)) /* do_exit() has noted it */
		note_cputime(t);
	*utime = __atomic_load_n(&t->times.utime, __ATOMIC_RELAXED);
	*stime = __atomic_load_n(&t->times.stime, __ATOMIC_RELAXED);
}

void
set_maxrss(struct task *t, uint64_t kb)
{
	uint64_t *max = &t->signal->deads.maxrss;

	if (kb > __atomic_load_n(max, __ATOMIC_RELAXED))
		__atomic_store_n(max, kb, __ATOMIC_RELAXED);
}

void
note_maxrss(struct task *t)
{
	if (!t->mm || !t->k->super || !t->k->super->rss_pages || t->host_tid.id == 0)
		return;
	set_maxrss(t, t->k->super->rss_pages(t->k, t->host_tid) << (PAGE_SHIFT - 10));
}

static void
sum_cputime(struct task *t, const struct task *noted, struct task_times *out)
{
	struct task *o;
	uint64_t ut, st;

	for_each_thread(t->signal, o) {
		if (o == noted) {
			ut = __atomic_load_n(&o->times.utime, __ATOMIC_RELAXED);
			st = __atomic_load_n(&o->times.stime, __ATOMIC_RELAXED);
		} else {
			task_cputime(o, &ut, &st);
		}
		out->utime += ut;
		out->stime += st;
	}
}

/* @noted: of this one the host has just been asked */
static void
sum_times(struct task *t, const struct task *noted, struct task_times *out)
{
	struct task *o;

	*out = t->signal->deads;
	if (!group_cputime(t, &out->utime, &out->stime))
		sum_cputime(t, noted, out);
	for_each_thread(t->signal, o) {
		const struct task_times *times = &o->times;

		out->minflt += times->minflt;
		out->majflt += times->majflt;
		out->nvcsw += times->nvcsw;
		out->nivcsw += times->nivcsw;
		out->inblock += times->inblock;
		out->oublock += times->oublock;
		out->maxrss = MAX(out->maxrss, times->maxrss);
	}
}

void
thread_group_times_locked(struct task *t, struct task_times *out)
{
	sum_times(t, NULL, out);
}

void
thread_group_times(struct task *t, struct task_times *out)
{
	struct sighand_struct *sh = lock_task_sighand(t);

	if (!sh) {
		*out = t->signal->deads;
		group_cputime(t, &out->utime, &out->stime);
		return;
	}
	sum_times(t, NULL, out);
	unlock_task_sighand(sh);
}

void
own_group_times(struct task *t, struct task_times *out)
{
	if (t->k->trap->process_times)
		note_maxrss(t);
	else
		note_own_usage(t);
	mutex_lock(&t->sighand->siglock);
	sum_times(t, t, out);
	mutex_unlock(&t->sighand->siglock);
}
