/* SPDX-License-Identifier: MIT
 *
 * The end of serving: work before program code runs, then registers and on.
 */
#include <sys/ptrace.h>

#include "kernel/entry.h"
#include "trap/remote/ptrace.h"
#include "trap/remote/remote.h"

/*
 * On the tracer. If the thread is dead its status follows, and finds the task in user mode; once that has been seen, the task is
 * its undertaker's (serve_death()), or gone.
 */
static int64_t
do_resume(void *arg)
{
	struct trap_task *rt = arg;

	if (!atomic_load(&rt->host_dead)) {
		const struct pt_regs *regs = &rt->t->regs;
		bool written = rt->put_off ? resume_put_off(rt, regs) : write_regs(rt, regs);

		rt->stop = STOP_NONE;
		rt->t->regs_valid = false;
		if (written) {
			guest_goes(rt);
			pt(PTRACE_CONT, rt->tid, 0, 0);
		}
	}
	rt_put(rt);
	return 0;
}

void
resume_now(struct trap_task *rt)
{
	if (is_tracer())
		do_resume(rt);
	else
		tracer_post(do_resume, rt);
}

void
finish_and_resume(struct trap_task *rt)
{
	struct task *t = rt->t;

	rt_get(rt); /* once the task is in user mode it may die any time */
	if (exit_to_user(t)) {
		resume_now(rt);
	} else {
		rt_put(rt);
		t->k->trap->exit(t);
	}
}

void
serve_death(struct trap_task *rt)
{
	struct task *t = rt->t;

	ignore_err(send_sig_info(9, SEND_SIG_PRIV, t, PIDTYPE_PID, NULL), "it may be dying already");
	t->regs_valid = true;
	if (!exit_to_user(t))
		t->k->trap->exit(t);
	else
		kernel_panic(t->k, "BUG: task %d outlived its host thread", t->pid);
}
