/* SPDX-License-Identifier: MIT
 *
 * Process groups and sessions (setpgid(2), setsid(2), credentials(7)), resource limits (getrlimit(2)).
 *
 * Locks: tasklist_lock for the tree and the pids; rlim_lock for limits.
 * Left out: RLIMIT_RTTIME is kept but not enforced.
 */
#include <linux/capability.h>
#include <linux/resource.h>

#include "kernel/cred.h"
#include "kernel/itimer.h"
#include "kernel/sys.h"
#include "mm/mm.h"
#include "kernel/tty-hooks.h"

#define NR_OPEN_MAX 1048576

static bool
is_child_of(const struct task *p, const struct task *t)
{
	return same_thread_group(p->real_parent, t);
}

/* tasklist_lock is held. */
static int
setpgid_locked(struct task *t, int pid, int pgid)
{
	struct kernel *k = t->k;
	struct task *p = pid_task(__find_pid(k, pid), PIDTYPE_PID), *g;
	struct pid *pgrp;

	if (!p)
		return -ESRCH;
	if (!thread_group_leader(p))
		return -EINVAL;
	if (is_child_of(p, t)) {
		if (task_session(p) != task_session(t))
			return -EPERM;
		if (!(p->flags & PF_FORKNOEXEC))
			return -EACCES;
	} else if (p != t->group_leader) {
		return -ESRCH;
	}
	if (p->signal->leader_of_session)
		return -EPERM;
	pgrp = p->thread_pid;
	if (pgid != pid) {
		pgrp = __find_pid(k, pgid);
		g = pid_task(pgrp, PIDTYPE_PGID);
		if (!g || task_session(g) != task_session(t))
			return -EPERM;
	}
	if (task_pgrp(p) != pgrp)
		change_pid(p, PIDTYPE_PGID, pgrp);
	return 0;
}

int
do_setpgid(struct task *t, int pid, int pgid)
{
	mutex_guard(&t->k->tasklist_lock);

	if (!pid)
		pid = t->tgid;
	if (!pgid)
		pgid = pid;
	if (pgid < 0)
		return -EINVAL;
	return setpgid_locked(t, pid, pgid);
}

static int
signal_pid_nr(struct task *t, int pid, enum pid_type type)
{
	struct task *p;
	mutex_guard(&t->k->tasklist_lock);

	p = pid ? pid_task(__find_pid(t->k, pid), PIDTYPE_PID) : t;
	return p ? p->signal->pids[type]->nr : -ESRCH;
}

int
do_getpgid(struct task *t, int pid)
{
	return signal_pid_nr(t, pid, PIDTYPE_PGID);
}

int
do_getsid(struct task *t, int pid)
{
	return signal_pid_nr(t, pid, PIDTYPE_SID);
}

int
task_pgrp_nr(const struct task *t)
{
	return task_pgrp(t)->nr;
}

int
task_session_nr(const struct task *t)
{
	return task_session(t)->nr;
}

int
do_setsid(struct task *t)
{
	struct task *leader = t->group_leader;
	struct pid *sid;

	mutex_lock(&t->k->tasklist_lock);
	sid = leader->thread_pid;
	/* not if some process group has its number already: a group has one session */
	if (t->signal->leader_of_session || pid_task(sid, PIDTYPE_PGID)) {
		mutex_unlock(&t->k->tasklist_lock);
		return -EPERM;
	}
	t->signal->leader_of_session = true;
	change_pid(leader, PIDTYPE_SID, sid);
	change_pid(leader, PIDTYPE_PGID, sid);
	mutex_unlock(&t->k->tasklist_lock);
	proc_clear_tty(t);
	return sid->nr;
}

/* Limits */

int
do_prlimit(struct task *t, struct task *other, unsigned int resource, const struct rlimit64_k *new, struct rlimit64_k *old)
{
	struct rlimit64_k *r;
	int err = 0;

	if (resource >= K_RLIM_NLIMITS)
		return -EINVAL;
	if (new) {
		if (new->cur > new->max)
			return -EINVAL;
		if (resource == RLIMIT_NOFILE && new->max > NR_OPEN_MAX)
			return -EPERM;
	}
	r = &other->signal->rlim[resource];
	mutex_lock(&other->signal->rlim_lock);
	if (new && new->max > r->max && !capable(t, CAP_SYS_RESOURCE))
		err = -EPERM;
	if (!err && old)
		*old = *r;
	if (!err && new) {
		__atomic_store_n(&r->cur, new->cur, __ATOMIC_RELAXED);
		__atomic_store_n(&r->max, new->max, __ATOMIC_RELAXED);
	}
	mutex_unlock(&other->signal->rlim_lock);
	if (!err && new && resource == RLIMIT_STACK && other->signal == t->signal)
		mm_stack_limited(t);
	if (!err && new && resource == RLIMIT_CPU)
		watch_cpu_limit(t->k, other->signal);
	return err;
}
