/* SPDX-License-Identifier: MIT
 *
 * Waiting for children: wait(2), waitpid(2), waitid(2), wait4(2).
 *
 * The waiter queues itself on its group's wait_chldexit, then looks at all children under tasklist_lock; whoever changes a
 * child's state wakes that queue after the change. A zombie is taken by setting EXIT_DEAD under the lock: two waiters cannot
 * have the same one.
 *
 * Locks: tasklist_lock, then the child's siglock for stops.
 */
#include <linux/wait.h>

#include "kernel/cred.h"
#include "kernel/jobctl.h"
#include "kernel/wait.h"

void
rusage_of(struct k_rusage *out, const struct task_times *times)
{
	memset(out, 0, sizeof(*out));
	out->utime.tv_sec = (int64_t)(times->utime / NSEC_PER_SEC);
	out->utime.tv_usec = (int64_t)(times->utime % NSEC_PER_SEC / NSEC_PER_USEC);
	out->stime.tv_sec = (int64_t)(times->stime / NSEC_PER_SEC);
	out->stime.tv_usec = (int64_t)(times->stime % NSEC_PER_SEC / NSEC_PER_USEC);
	out->maxrss = (int64_t)times->maxrss;
	out->minflt = (int64_t)times->minflt;
	out->majflt = (int64_t)times->majflt;
	out->inblock = (int64_t)times->inblock;
	out->oublock = (int64_t)times->oublock;
	out->nvcsw = (int64_t)times->nvcsw;
	out->nivcsw = (int64_t)times->nivcsw;
}

static bool
eligible_pid(const struct wait_opts *wo, const struct task *p)
{
	if (wo->type == PIDTYPE_MAX)
		return true;
	return (wo->type == PIDTYPE_PID ? p->thread_pid : p->signal->pids[wo->type]) == wo->pid;
}

/* A "clone" child is one whose exit signal is not SIGCHLD. */
static bool
eligible_child(const struct wait_opts *wo, const struct task *p)
{
	if (!eligible_pid(wo, p))
		return false;
	if (wo->flags & __WALL)
		return true;
	return (READ_ONCE(p->exit_signal) != SIGCHLD) == ((wo->flags & __WCLONE) != 0);
}

static void
set_result(struct wait_opts *wo, struct task *p, int code, int value)
{
	struct task_times sum;

	wo->ret = p->pid;
	wo->uid = task_uid(p);
	wo->code = code;
	wo->value = value;
	if (wo->want_rusage) {
		thread_group_times_locked(p, &sum);
		add_task_times(&sum, &p->signal->cums);
		rusage_of(&wo->rusage, &sum);
	}
}

/* The child's counts, and those of its own waited-for children, go to the parent's. */
static void
account_child(struct task *t, struct task *p)
{
	struct task_times sum;

	thread_group_times_locked(p, &sum);
	add_task_times(&sum, &p->signal->cums);
	mutex_lock(&t->sighand->siglock);
	add_task_times(&t->signal->cums, &sum);
	mutex_unlock(&t->sighand->siglock);
}

/* tasklist_lock is held; it is dropped if true is returned. */
__no_thread_safety static bool
wait_task_zombie(struct task *t, struct wait_opts *wo, struct task *p)
{
	int status = p->signal->flags & SIGNAL_GROUP_EXIT ? p->signal->group_exit_code : p->exit_code;
	bool reap = !(wo->flags & WNOWAIT);

	if (!(wo->flags & WEXITED))
		return false;
	wo->status = status;
	if ((status & 0x7f) == 0)
		set_result(wo, p, CLD_EXITED, status >> 8);
	else
		set_result(wo, p, status & 0x80 ? CLD_DUMPED : CLD_KILLED, status & 0x7f);
	if (reap) {
		account_child(t, p);
		p->exit_state = EXIT_DEAD;
	}
	mutex_unlock(&t->k->tasklist_lock);
	if (reap)
		release_task(p);
	return true;
}

__no_thread_safety static bool
wait_task_stopped(struct task *t, struct wait_opts *wo, struct task *p)
{
	int sig = 0;

	if (!(wo->flags & WUNTRACED))
		return false;
	mutex_lock(&p->sighand->siglock);
	if (p->signal->flags & SIGNAL_STOP_STOPPED) {
		sig = p->signal->group_exit_code;
		if (!(wo->flags & WNOWAIT))
			p->signal->group_exit_code = 0;
	}
	mutex_unlock(&p->sighand->siglock);
	if (!sig)
		return false;
	wo->status = sig << 8 | 0x7f;
	set_result(wo, p, CLD_STOPPED, sig);
	mutex_unlock(&t->k->tasklist_lock);
	return true;
}

__no_thread_safety static bool
wait_task_continued(struct task *t, struct wait_opts *wo, struct task *p)
{
	bool continued;

	if (!(wo->flags & WCONTINUED))
		return false;
	mutex_lock(&p->sighand->siglock);
	continued = (p->signal->flags & SIGNAL_STOP_CONTINUED) != 0;
	if (continued && !(wo->flags & WNOWAIT))
		p->signal->flags &= ~SIGNAL_STOP_CONTINUED;
	mutex_unlock(&p->sighand->siglock);
	if (!continued)
		return false;
	wo->status = 0xffff;
	set_result(wo, p, CLD_CONTINUED, SIGCONT);
	mutex_unlock(&t->k->tasklist_lock);
	return true;
}

/* Returns true, with tasklist_lock dropped, if @p has something to tell. Notes in wo->ret that there is a child to wait for. */
static bool
wait_consider_task(struct task *t, struct wait_opts *wo, struct task *p)
{
	if (p->exit_state == EXIT_DEAD || !eligible_child(wo, p))
		return false;
	if (p->exit_state == EXIT_ZOMBIE && thread_group_empty(p))
		return wait_task_zombie(t, wo, p);
	wo->ret = 0;
	/* a leader that has ended does not stop, but its threads do: the group's state counts */
	return wait_task_stopped(t, wo, p) || wait_task_continued(t, wo, p);
}

/* tasklist_lock is held, and dropped if true is returned. */
static bool
look_at_children(struct task *t, struct wait_opts *wo)
{
	struct task *thread, *p;

	for_each_thread(t->signal, thread) {
		if ((wo->flags & __WNOTHREAD) && thread != t)
			continue;
		list_for_each_entry(p, &thread->children, sibling)
			if (wait_consider_task(t, wo, p))
				return true;
	}
	return false;
}

__no_thread_safety int
do_wait(struct task *t, struct wait_opts *wo)
{
	struct wait_queue_head *wq = &t->signal->wait_chldexit;
	struct wait_queue_entry e;

	init_wait(&e, t);
	for (;;) {
		prepare_to_wait(wq, &e, TASK_INTERRUPTIBLE);
		wo->ret = -ECHILD;
		mutex_lock(&t->k->tasklist_lock);
		if (look_at_children(t, wo))
			break;
		mutex_unlock(&t->k->tasklist_lock);
		if (wo->ret || (wo->flags & WNOHANG))
			break;
		if (signal_pending(t)) {
			wo->ret = -ERESTARTSYS;
			break;
		}
		schedule(t);
	}
	finish_wait(wq, &e);
	return wo->ret;
}
