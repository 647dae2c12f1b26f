/* SPDX-License-Identifier: MIT
 *
 * exec of a group with several threads: all others die, and the one that execs becomes the leader, under the leader's pid.
 *
 * Locks: siglock; tasklist_lock and siglock for the change of identity. Only one thread of a group can be here
 * (signal->group_exec_task); a group that is being killed refuses.
 */
#include "kernel/fork.h"
#include "kernel/jobctl.h"

static int
kill_others(struct task *t)
{
	struct signal_struct *sig = t->signal;
	struct sighand_struct *sh = t->sighand;

	mutex_lock(&sh->siglock);
	if ((sig->flags & SIGNAL_GROUP_EXIT) || sig->group_exec_task) {
		mutex_unlock(&sh->siglock);
		return -EAGAIN;
	}
	sig->group_exec_task = t;
	sig->notify_count = zap_other_threads(t);
	if (!thread_group_leader(t))
		sig->notify_count--; /* the leader is not released before it has given us its pid */
	while (sig->notify_count > 0) {
		set_current_state(t, TASK_KILLABLE);
		mutex_unlock(&sh->siglock);
		schedule(t);
		if (fatal_signal_pending(t))
			return -EAGAIN;
		mutex_lock(&sh->siglock);
	}
	mutex_unlock(&sh->siglock);
	return 0;
}

static void
list_replace(struct list_head *old, struct list_head *new)
{
	new->next = old->next;
	new->next->prev = new;
	new->prev = old->prev;
	new->prev->next = new;
	INIT_LIST_HEAD(old);
}

static void
exchange_tids(struct task *t, struct task *leader)
{
	struct pid *mine = t->thread_pid;

	list_del(&t->pid_links[PIDTYPE_PID]);
	list_del(&leader->pid_links[PIDTYPE_PID]);
	t->thread_pid = leader->thread_pid;
	leader->thread_pid = mine;
	list_add(&t->pid_links[PIDTYPE_PID], &t->thread_pid->tasks[PIDTYPE_PID]);
	list_add(&leader->pid_links[PIDTYPE_PID], &mine->tasks[PIDTYPE_PID]);
	leader->pid = t->pid;
	t->pid = t->tgid;
}

/* tasklist_lock is held, the leader is a zombie, and nobody else is left. */
static void
take_over(struct task *t, struct task *leader)
{
	int type;

	t->start_time_ns = leader->start_time_ns;
	t->start_boottime_ns = leader->start_boottime_ns;
	exchange_tids(t, leader);
	for (type = PIDTYPE_TGID; type < PIDTYPE_MAX; type++)
		list_replace(&leader->pid_links[type], &t->pid_links[type]);
	list_replace(&leader->tasks, &t->tasks);
	list_replace(&leader->sibling, &t->sibling);
	/* the leader's children went to a live thread of the group when it became a zombie: to us, the only one */
	t->group_leader = t;
	leader->group_leader = t;
	t->signal->leader = t;
	t->exit_signal = SIGCHLD;
	leader->exit_signal = -1;
	leader->exit_state = EXIT_DEAD;
	if (t->k->main_task == leader) {
		get_task_struct(t);
		t->k->main_task = t;
		put_task_struct(leader); /* never the last: release_task() drops another */
	}
}

static int
become_leader(struct task *t)
{
	struct signal_struct *sig = t->signal;
	struct task *leader = t->group_leader;
	struct kernel *k = t->k;

	for (;;) {
		mutex_lock(&k->tasklist_lock);
		/* exit_notify() wakes us; the count is only looked at under the lock */
		sig->notify_count = -1;
		if (leader->exit_state)
			break;
		set_current_state(t, TASK_KILLABLE);
		mutex_unlock(&k->tasklist_lock);
		schedule(t);
		if (fatal_signal_pending(t))
			return -EAGAIN;
	}
	mutex_lock(&t->sighand->siglock);
	take_over(t, leader);
	mutex_unlock(&t->sighand->siglock);
	mutex_unlock(&k->tasklist_lock);
	release_task(leader);
	return 0;
}

/* Handlers shared with another process (CLONE_SIGHAND without CLONE_THREAD) are its own from now on. */
static int
unshare_sighand(struct task *t)
{
	struct sighand_struct *old = t->sighand, *new;

	if (refcount_read(&old->count) == 1)
		return 0;
	new = sighand_alloc(t->k);
	if (!new)
		return -ENOMEM;
	mutex_lock(&t->k->tasklist_lock);
	mutex_lock(&old->siglock);
	memcpy(new->action, old->action, sizeof(new->action));
	__atomic_store_n(&t->sighand, new, __ATOMIC_RELEASE);
	mutex_unlock(&old->siglock);
	mutex_unlock(&t->k->tasklist_lock);
	sighand_put(t->k, old);
	return 0;
}

int
de_thread(struct task *t)
{
	struct signal_struct *sig = t->signal;
	int err = 0;

	if (!thread_group_empty(t)) {
		err = kill_others(t);
		if (err && sig->group_exec_task != t)
			return err;
		if (!err && !thread_group_leader(t))
			err = become_leader(t);
		mutex_lock(&t->k->tasklist_lock);
		mutex_lock(&t->sighand->siglock);
		sig->group_exec_task = NULL;
		sig->notify_count = 0;
		mutex_unlock(&t->sighand->siglock);
		mutex_unlock(&t->k->tasklist_lock);
		if (err)
			return err;
	}
	WRITE_ONCE(t->exit_signal, SIGCHLD); /* a parent that waits may be looking */
	return unshare_sighand(t);
}
