/* SPDX-License-Identifier: MIT
 *
 * The end of tasks: do_exit() and what it tells the tree of processes.
 *
 * A task that is to die is sent SIGKILL, leaves its sleep, comes to do_signal(), and there runs do_exit() itself: always once
 * (PF_EXITING), always in its own context. Its order matters: user memory is needed for robust lists and clear_child_tid; files
 * close before the parent is told; once it is a zombie its parent may release it, and only the trap's reference keeps it.
 *
 * exit_state, under tasklist_lock: 0 -> EXIT_ZOMBIE (waits for wait(2), leaders only, or for its group to empty) -> EXIT_DEAD
 * (whoever set it calls release_task(), without the lock).
 *
 * Locks: tasklist_lock, then siglock.
 */
#include "ipc/sem.h"
#include "kernel/cred.h"
#include "kernel/fork.h"
#include "kernel/jobctl.h"
#include "kernel/prio.h"
#include "kernel/tty-hooks.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "trap/request.h"
#include "trap/trap.h"
#include "vfs/fdtable.h"

/* Telling the parent */

static void
wake_up_parent(struct task *parent)
{
	wake_up_all(&parent->signal->wait_chldexit);
}

static void
fill_child_info(struct k_siginfo *info, struct task *t, int signo)
{
	struct task_times sum;

	memset(info, 0, sizeof(*info));
	thread_group_times_locked(t, &sum);
	info->si_signo = signo;
	info->chld.pid = t->pid;
	info->chld.uid = task_uid(t);
	info->chld.utime = (int64_t)(sum.utime / 10000000); /* clock ticks */
	info->chld.stime = (int64_t)(sum.stime / 10000000);
}

/* do_notify_parent() but for the wake-up. */
static bool
signal_parent(struct task *t, int sig)
{
	struct task *parent = t->parent;
	struct k_siginfo info;
	struct k_sigaction *chld;
	bool autoreap = false;

	wake_up_all(&t->thread_pid->wait_pidfd);
	if (sig != SIGCHLD && t->parent_exec_id != parent->self_exec_id)
		sig = SIGCHLD; /* the parent is another program than the one that chose the signal */
	fill_child_info(&info, t, sig);
	info.chld.status = t->exit_code & 0x7f;
	if (t->exit_code & 0x80) {
		info.si_code = CLD_DUMPED;
	} else if (t->exit_code & 0x7f) {
		info.si_code = CLD_KILLED;
	} else {
		info.si_code = CLD_EXITED;
		info.chld.status = t->exit_code >> 8;
	}
	if (parent == t->k->init_task)
		autoreap = true;
	mutex_lock(&parent->sighand->siglock);
	chld = &parent->sighand->action[SIGCHLD - 1];
	if (sig == SIGCHLD && (chld->handler == SIG_IGN_ADDR || (chld->flags & SA_NOCLDWAIT))) {
		autoreap = true;
		if (chld->handler == SIG_IGN_ADDR)
			sig = 0;
	}
	if (sig > 0 && sig <= K_NSIG)
		ignore_err(send_signal_locked(sig, &info, parent, PIDTYPE_TGID, NULL), "a full queue loses it, as in Linux");
	mutex_unlock(&parent->sighand->siglock);
	return autoreap;
}

bool
do_notify_parent(struct task *t, int sig)
{
	bool autoreap = signal_parent(t, sig);

	wake_up_parent(t->parent);
	return autoreap;
}

void
do_notify_parent_cldstop(struct task *t, int why)
{
	struct task *leader = t->group_leader, *parent = leader->real_parent;
	struct k_siginfo info;
	struct k_sigaction *chld;

	fill_child_info(&info, leader, SIGCHLD);
	info.si_code = why;
	info.chld.status = why == CLD_CONTINUED ? SIGCONT : t->signal->group_exit_code & 0x7f;
	mutex_lock(&parent->sighand->siglock);
	chld = &parent->sighand->action[SIGCHLD - 1];
	if (chld->handler != SIG_IGN_ADDR && !(chld->flags & SA_NOCLDSTOP))
		ignore_err(send_signal_locked(SIGCHLD, &info, parent, PIDTYPE_TGID, NULL), "a full queue loses it");
	wake_up_parent(parent);
	mutex_unlock(&parent->sighand->siglock);
}

/* Orphaned process groups: setpgid(2), exit(2) */

/* Would @pgrp have no member with a parent in another group of its session, @ignored aside? */
static bool
will_become_orphaned_pgrp(struct pid *pgrp, const struct task *ignored)
{
	struct task *p;

	do_each_pid_task (pgrp, PIDTYPE_PGID, p) {
		if (p == ignored || (p->exit_state && thread_group_empty(p)) || p->real_parent == p->k->init_task)
			continue;
		if (task_pgrp(p->real_parent) != pgrp && task_session(p->real_parent) == task_session(p))
			return false;
	}
	return true;
}

static bool
has_stopped_jobs(struct pid *pgrp)
{
	struct task *p;

	do_each_pid_task (pgrp, PIDTYPE_PGID, p)
		if (p->signal->flags & SIGNAL_STOP_STOPPED)
			return true;
	return false;
}

bool
is_current_pgrp_orphaned(struct task *t)
{
	mutex_guard(&t->k->tasklist_lock);

	return will_become_orphaned_pgrp(task_pgrp(t), NULL);
}

/*
 * @t ends, or loses @parent (which ends): a group with stopped members that nobody can continue any more is hung up.
 */
static void
kill_orphaned_pgrp(struct task *t, struct task *parent)
{
	struct pid *pgrp = task_pgrp(t);
	struct task *ignored = t;

	if (parent)
		ignored = NULL; /* @t itself lives on, with another parent */
	else
		parent = t->real_parent;
	if (task_pgrp(parent) != pgrp && task_session(parent) == task_session(t) && will_become_orphaned_pgrp(pgrp, ignored) &&
	    has_stopped_jobs(pgrp)) {
		ignore_err(__kill_pgrp_info(t->k, SIGHUP, SEND_SIG_PRIV, pgrp, NULL), "no one may be left");
		ignore_err(__kill_pgrp_info(t->k, SIGCONT, SEND_SIG_PRIV, pgrp, NULL), "no one may be left");
	}
}

/* New parents */

static struct task *
find_alive_thread(struct task *p)
{
	struct task *t;

	for_each_thread(p->signal, t)
		if (!(t->flags & PF_EXITING))
			return t;
	return NULL;
}

static struct task *
find_new_reaper(struct task *father)
{
	struct task *r, *t = find_alive_thread(father);

	if (t)
		return t;
	if (father->signal->has_child_subreaper) {
		for (r = father->real_parent; r != father->k->init_task; r = r->real_parent) {
			if (!r->signal->is_child_subreaper)
				continue;
			t = find_alive_thread(r);
			if (t)
				return t;
		}
	}
	return father->k->init_task;
}

static void
reparent_leader(struct task *father, struct task *p, struct list_head *dead)
{
	if (p->exit_state == EXIT_DEAD)
		return;
	p->exit_signal = SIGCHLD;
	if (!p->ptrace && p->exit_state == EXIT_ZOMBIE && thread_group_empty(p) && do_notify_parent(p, p->exit_signal)) {
		p->exit_state = EXIT_DEAD;
		list_add_tail(&p->ptrace_entry, dead);
	}
	kill_orphaned_pgrp(p, father);
}

static void
forget_original_parent(struct task *father, struct list_head *dead)
{
	struct task *reaper, *p, *t;

	if (list_empty(&father->children))
		return;
	reaper = find_new_reaper(father);
	list_for_each_entry(p, &father->children, sibling) {
		for_each_thread(p->signal, t) {
			t->real_parent = reaper;
			if (!t->ptrace)
				t->parent = reaper;
			if (t->pdeath_signal)
				ignore_err(send_sig_info(t->pdeath_signal, SEND_SIG_NOINFO, t, PIDTYPE_TGID, father), "it may be dead");
		}
		if (!same_thread_group(reaper, father))
			reparent_leader(father, p, dead);
	}
	list_splice_tail_init(&father->children, &reaper->children);
}

/* Release */

/* Out of the group and of the pid table. tasklist_lock is held. */
static void
exit_signal_state(struct task *p, struct tty **tty)
{
	struct signal_struct *sig = p->signal;
	struct sighand_struct *sh = p->sighand;
	bool leader = thread_group_leader(p);
	uint64_t ut, st;

	mutex_lock(&sh->siglock);
	if (leader) {
		*tty = sig->tty;
		sig->tty = NULL;
	} else {
		/* exec of another thread waits for this */
		if (sig->notify_count > 0 && --sig->notify_count == 0)
			wake_up_process(sig->group_exec_task);
		if (sig->curr_target == p)
			sig->curr_target = NULL;
	}
	task_cputime(p, &ut, &st);
	p->times.utime = ut;
	p->times.stime = st;
	add_task_times(&sig->deads, &p->times);
	sig->nr_threads--;
	detach_pid(p, PIDTYPE_PID);
	if (leader) {
		detach_pid(p, PIDTYPE_TGID);
		detach_pid(p, PIDTYPE_PGID);
		detach_pid(p, PIDTYPE_SID);
		list_del_init(&p->tasks);
		list_del_init(&p->sibling);
	}
	list_del_init(&p->thread_node);
	__atomic_sub_fetch(&p->k->nr_threads, 1, __ATOMIC_RELAXED);
	flush_sigqueue(p->k, &p->pending);
	if (leader)
		flush_sigqueue(p->k, &sig->shared_pending);
	__atomic_store_n(&p->sighand, NULL, __ATOMIC_RELEASE);
	mutex_unlock(&sh->siglock);
	sighand_put(p->k, sh);
	put_pid(p->k, p->thread_pid);
}

void
release_task(struct task *p)
{
	struct kernel *k = p->k;
	struct task *leader, *next;
	struct tty *tty;

	for (; p; p = next) {
		next = NULL;
		tty = NULL;
		__atomic_sub_fetch(&p->cred->user->processes, 1, __ATOMIC_RELAXED);
		mutex_lock(&k->tasklist_lock);
		leader = p->group_leader;
		exit_signal_state(p, &tty);
		/* the last thread of a group whose leader ended before: now the leader's parent may be told */
		if (leader != p && leader->exit_state == EXIT_ZOMBIE && thread_group_empty(leader) &&
		    do_notify_parent(leader, leader->exit_signal)) {
			leader->exit_state = EXIT_DEAD;
			next = leader;
		}
		mutex_unlock(&k->tasklist_lock);
		if (tty)
			tty_kref_put(NULL, tty);
		put_task_struct(p);
	}
}

/* Ending */

int
zap_other_threads(struct task *t)
{
	struct task *o;
	int count = 0;

	t->signal->group_stop_count = 0;
	for_each_thread(t->signal, o) {
		if (o == t)
			continue;
		task_clear_jobctl_pending(o);
		count++;
		if (READ_ONCE(o->exit_state))
			continue;
		o->pending.signal |= sigmask_of(SIGKILL);
		signal_wake_up(o, true);
	}
	return count;
}

/* From here on no signal is for this task; those of the group that it would have taken are others'. */
static void
exit_signals(struct task *t, int code)
{
	struct signal_struct *sig = t->signal;
	bool notify = false;

	mutex_lock(&t->sighand->siglock);
	t->flags |= PF_EXITING;
	/* exit(2) of the last thread is the group's */
	if (--sig->quick_threads == 0 && !(sig->flags & SIGNAL_GROUP_EXIT)) {
		sig->flags = (sig->flags & SIGNAL_UNKILLABLE) | SIGNAL_GROUP_EXIT;
		sig->group_exit_code = code;
		sig->group_stop_count = 0;
	}
	if (sig->nr_threads > 1 && !(sig->flags & SIGNAL_GROUP_EXIT)) {
		if (signal_pending(t))
			retarget_shared_pending(t, ~t->blocked);
		if (t->jobctl & JOBCTL_STOP_PENDING)
			notify = task_participate_group_stop(t);
	}
	mutex_unlock(&t->sighand->siglock);
	if (notify) {
		mutex_lock(&t->k->tasklist_lock);
		do_notify_parent_cldstop(t, CLD_STOPPED);
		mutex_unlock(&t->k->tasklist_lock);
	}
}

static void
exit_mm(struct task *t)
{
	struct mm *mm = t->mm;

	mm_release(t);
	mutex_lock(&t->alloc_lock);
	t->mm = NULL;
	mutex_unlock(&t->alloc_lock);
	if (mm)
		mmput(mm);
}

static void
exit_files_and_fs(struct task *t)
{
	struct files_struct *files = t->files;
	struct fs_struct *fs = t->fs;

	mutex_lock(&t->alloc_lock);
	t->files = NULL;
	mutex_unlock(&t->alloc_lock);
	if (files)
		put_files_struct(t, files);
	mutex_lock(&t->alloc_lock);
	t->fs = NULL;
	mutex_unlock(&t->alloc_lock);
	if (fs)
		put_fs_struct(fs);
}

static void
exit_notify(struct task *t, bool group_dead)
{
	struct task *p, *n, *parent = NULL;
	struct list_head dead;
	bool autoreap;

	INIT_LIST_HEAD(&dead);
	mutex_lock(&t->k->tasklist_lock);
	forget_original_parent(t, &dead);
	if (group_dead)
		kill_orphaned_pgrp(t->group_leader, NULL);
	t->exit_state = EXIT_ZOMBIE;
	/* the last one tells them in do_notify_parent() */
	if (!thread_group_leader(t) || !thread_group_empty(t))
		wake_up_all(&t->thread_pid->wait_pidfd);
	if (!thread_group_leader(t)) {
		autoreap = true;
	} else if (!thread_group_empty(t)) {
		autoreap = false;
	} else {
		autoreap = signal_parent(t, t->exit_signal);
		parent = t->parent;
		get_task_struct(parent);
	}
	if (autoreap) {
		t->exit_state = EXIT_DEAD;
		list_add(&t->ptrace_entry, &dead);
	}
	/* exec of another thread waits for the leader to become a zombie */
	if (t->signal->notify_count < 0)
		wake_up_process(t->signal->group_exec_task);
	mutex_unlock(&t->k->tasklist_lock);
	/* Not before: it would run straight into the lock. */
	if (parent) {
		wake_up_parent(parent);
		put_task_struct(parent);
	}
	list_for_each_entry_safe(p, n, &dead, ptrace_entry) {
		list_del_init(&p->ptrace_entry);
		release_task(p);
	}
}

static void
end_instance(struct kernel *k, int status)
{
	k->exit_code = status;
	__atomic_store_n(&k->dying, 1, __ATOMIC_SEQ_CST);
	wake_up_all(&k->ended);
	k->super->ended(k);
}

void
do_exit(struct task *t, int code)
{
	struct signal_struct *sig = t->signal;
	struct kernel *k = t->k;
	bool group_dead, main_dead;
	int status = 0;

	if (t->flags & PF_EXITING)
		return;
	exit_signals(t, code);
	if (unlikely(t->k->params.trace))
		t->k->super->trace_gone(t, code);
	t->exit_code = code;
	group_dead = refcount_dec_and_test(&sig->live);
	/* the resident size is asked for once, where asking for it is dear */
	if (group_dead || t->direct)
		note_own_usage(t);
	else if (thread_group_leader(t) || !t->k->trap->process_times)
		note_cputime(t); /* of other threads nobody can ask any more */
	if (group_dead) {
		ktimer_cancel(k, &sig->real_timer);
		exit_itimers(t);
	}
	main_dead = group_dead && k->main_task && k->main_task->signal == sig;
	exit_mm(t);
	ipc_abandon(t);
	exit_sem(t);
	exit_files_and_fs(t);
	exit_io_context(t);
	if (group_dead)
		disassociate_ctty(t, true);
	if (main_dead)
		status = sig->group_exit_code; /* of the last thread, if nobody ended the group */
	exit_notify(t, group_dead);
	if (main_dead)
		end_instance(k, status);
}

void
do_group_exit(struct task *t, int code)
{
	struct signal_struct *sig = t->signal;

	if (t->flags & PF_EXITING)
		return;
	mutex_lock(&t->sighand->siglock);
	if (sig->flags & SIGNAL_GROUP_EXIT) {
		code = sig->group_exit_code; /* another thread was first */
	} else if (sig->group_exec_task) {
		code = 0; /* killed by the exec of another thread */
	} else {
		sig->group_exit_code = code;
		sig->flags = (sig->flags & SIGNAL_UNKILLABLE) | SIGNAL_GROUP_EXIT;
		zap_other_threads(t);
	}
	mutex_unlock(&t->sighand->siglock);
	do_exit(t, code);
}

void
task_killed_by_host(struct task *t)
{
	do_group_exit(t, SIGKILL);
}
