/* SPDX-License-Identifier: MIT
 *
 * Signals, the sending half: queues, what is ignored, what stops and continues, and which thread is made to look.
 * kernel/signal-deliver.c is the other half.
 *
 * A signal for a group is on signal->shared_pending, one for a task on t->pending; both under sighand->siglock. A fatal one
 * becomes SIGKILL of every thread at once (complete_signal()).
 *
 * Locks: siglock (RANK_SIGHAND), under it alloc_lock, waitq heads and the slab; tasklist_lock where a pid is walked.
 * Left out: core files, ptrace's part.
 */
#include "kernel/cred.h"
#include "kernel/jobctl.h"
#include "trap/trap.h"

#include <linux/capability.h>
#include <linux/resource.h>

__no_thread_safety struct sighand_struct *
lock_task_sighand(struct task *t)
{
	for (;;) {
		struct sighand_struct *sh = __atomic_load_n(&t->sighand, __ATOMIC_ACQUIRE);

		if (!sh)
			return NULL;
		mutex_lock(&sh->siglock);
		if (likely(sh == __atomic_load_n(&t->sighand, __ATOMIC_RELAXED)))
			return sh;
		mutex_unlock(&sh->siglock);
	}
}

bool
fatal_signal_pending(const struct task *t)
{
	return signal_pending(t) && sig_in(SIGKILL, __atomic_load_n(&t->pending.signal, __ATOMIC_RELAXED));
}

void
signal_wake_up(struct task *t, bool fatal)
{
	unsigned int states = 1u << TASK_INTERRUPTIBLE;

	if (fatal)
		states |= 1u << TASK_KILLABLE | 1u << TASK_STOPPED | 1u << TASK_TRACED;
	set_bits(&t->work, WORK_SIGPENDING);
	if (wake_up_state(t, states))
		return;
	if (__atomic_load_n(&t->mode, __ATOMIC_SEQ_CST) == MODE_USER)
		t->k->trap->kick(t);
}

ksigset_t
pending_signals(const struct task *t)
{
	return t->pending.signal | t->signal->shared_pending.signal;
}

static bool
has_pending_signals(const struct task *t)
{
	return (pending_signals(t) & ~t->blocked) != 0 || (t->jobctl & JOBCTL_STOP_PENDING);
}

void
recalc_sigpending(struct task *t)
{
	if (has_pending_signals(t) || (t->pending.signal & sigmask_of(SIGKILL)))
		set_bits(&t->work, WORK_SIGPENDING);
	else
		clear_bits(&t->work, WORK_SIGPENDING);
}

/* Queue entries */

static struct sigqueue *
__sigqueue_alloc(struct task *t, bool override_rlimit)
{
	struct kernel *k = t->k;
	struct cred *c = get_task_cred(t);
	struct user_struct *u = alloc_uid(k, c->user->uid);
	struct sigqueue *q = NULL;
	uint32_t n;

	put_cred(c);
	if (!u)
		return NULL;
	n = __atomic_add_fetch(&u->sigpending, 1, __ATOMIC_RELAXED);
	if (override_rlimit || n <= rlimit(t, RLIMIT_SIGPENDING))
		q = kmem_cache_alloc(&k->sigqueue_cache);
	if (!q) {
		__atomic_sub_fetch(&u->sigpending, 1, __ATOMIC_RELAXED);
		free_uid(k, u);
		return NULL;
	}
	INIT_LIST_HEAD(&q->list);
	q->user = u;
	q->prealloc = false;
	return q;
}

void
sigqueue_put(struct kernel *k, struct sigqueue *q)
{
	if (q->prealloc)
		return;
	__atomic_sub_fetch(&q->user->sigpending, 1, __ATOMIC_RELAXED);
	free_uid(k, q->user);
	kmem_cache_free(&k->sigqueue_cache, q);
}

struct sigqueue *
sigqueue_alloc(struct task *t)
{
	struct sigqueue *q = __sigqueue_alloc(t, false);

	if (q)
		q->prealloc = true;
	return q;
}

void
sigqueue_free(struct task *t, struct sigqueue *q)
{
	struct sighand_struct *sh = t->sighand;
	bool queued;

	mutex_lock(&sh->siglock);
	q->prealloc = false;
	queued = !list_empty(&q->list);
	mutex_unlock(&sh->siglock);
	if (!queued)
		sigqueue_put(t->k, q);
}

void
flush_sigqueue(struct kernel *k, struct sigpending *pending)
{
	struct sigqueue *q, *n;

	pending->signal = 0;
	list_for_each_entry_safe(q, n, &pending->list, list) {
		list_del_init(&q->list);
		sigqueue_put(k, q);
	}
}

void
flush_sigqueue_mask(struct kernel *k, ksigset_t mask, struct sigpending *pending)
{
	struct sigqueue *q, *n;

	if (!(pending->signal & mask))
		return;
	pending->signal &= ~mask;
	list_for_each_entry_safe(q, n, &pending->list, list) {
		if (sig_in(q->info.si_signo, mask)) {
			list_del_init(&q->list);
			sigqueue_put(k, q);
		}
	}
}

/* What is ignored */

static bool
sig_handler_ignored(uint64_t handler, int sig)
{
	return handler == SIG_IGN_ADDR || (handler == 0 && sig_in(sig, SIG_KERNEL_IGNORE_MASK));
}

static bool
sig_task_ignored(const struct task *t, int sig, bool force)
{
	uint64_t handler = t->sighand->action[sig - 1].handler;

	if ((t->signal->flags & SIGNAL_UNKILLABLE) && handler == 0 && !(force && sig_in(sig, SIG_KERNEL_ONLY_MASK)))
		return true;
	return sig_handler_ignored(handler, sig);
}

/* A blocked signal is never ignored: the handler may be another when it is unblocked. */
static bool
sig_ignored(const struct task *t, int sig, bool force)
{
	if (sig_in(sig, t->blocked | t->real_blocked))
		return false;
	/* as ptrace(2): a tracer wants to know of what is ignored, too */
	if (unlikely(t->k->params.trace) && sig != SIGKILL && !(t->signal->flags & SIGNAL_UNKILLABLE))
		return false;
	return sig_task_ignored(t, sig, force);
}

static bool
sig_fatal(const struct task *t, int sig)
{
	return t->sighand->action[sig - 1].handler == 0 && !sig_in(sig, SIG_KERNEL_IGNORE_MASK | SIG_KERNEL_STOP_MASK);
}

/* SIGCONT drops stop signals and the other way round, whether or not they are blocked, ignored or caught; and SIGCONT continues. */
static void
continue_group(struct task *p)
{
	struct signal_struct *sig = p->signal;
	struct task *t;
	uint32_t why = 0;

	flush_sigqueue_mask(p->k, SIG_KERNEL_STOP_MASK, &sig->shared_pending);
	for_each_thread(sig, t) {
		flush_sigqueue_mask(p->k, SIG_KERNEL_STOP_MASK, &t->pending);
		task_clear_jobctl_pending(t);
		WRITE_ONCE(t->jobctl, t->jobctl & ~(JOBCTL_STOP_DEQUEUED | JOBCTL_STOPPED));
		wake_up_state(t, 1u << TASK_STOPPED);
	}
	if (sig->flags & SIGNAL_STOP_STOPPED)
		why = SIGNAL_CLD_CONTINUED;
	else if (sig->group_stop_count)
		why = SIGNAL_CLD_STOPPED;
	if (why) {
		/* The first thread to wake tells the parent: siglock cannot be dropped here. */
		sig->flags = (sig->flags & ~SIGNAL_STOP_STOPPED) | why | SIGNAL_STOP_CONTINUED;
		sig->group_stop_count = 0;
		sig->group_exit_code = 0;
	}
}

/* Returns false if the signal is to be dropped. */
static bool
prepare_signal(int sig, struct task *p, bool force)
{
	struct signal_struct *sg = p->signal;
	struct task *t;

	if (sg->flags & SIGNAL_GROUP_EXIT)
		return false;
	if (sig_in(sig, SIG_KERNEL_STOP_MASK)) {
		flush_sigqueue_mask(p->k, sigmask_of(SIGCONT), &sg->shared_pending);
		for_each_thread(sg, t)
			flush_sigqueue_mask(p->k, sigmask_of(SIGCONT), &t->pending);
	} else if (sig == SIGCONT) {
		continue_group(p);
	}
	return !sig_ignored(p, sig, force);
}

/* Who takes it */

static bool
wants_signal(int sig, struct task *t)
{
	if (sig_in(sig, t->blocked) || (t->flags & PF_EXITING))
		return false;
	if (sig == SIGKILL)
		return true;
	if (t->jobctl & JOBCTL_STOPPED)
		return false;
	return !signal_pending(t);
}

static struct task *
next_thread(struct task *t)
{
	struct list_head *n = t->thread_node.next;

	if (n == &t->signal->thread_head)
		n = n->next;
	return list_entry(n, struct task, thread_node);
}

static void
complete_signal(int sig, struct task *p, int type)
{
	struct signal_struct *sg = p->signal;
	struct task *t, *first;

	if (wants_signal(sig, p)) {
		t = p;
	} else if (type == PIDTYPE_PID || sg->nr_threads <= 1) {
		return; /* it looks by itself when it unblocks the signal */
	} else {
		t = first = sg->curr_target ? sg->curr_target : p;
		while (!wants_signal(sig, t)) {
			t = next_thread(t);
			if (t == first)
				return;
		}
		sg->curr_target = t;
	}
	if (sig_fatal(p, sig) && !(sg->flags & SIGNAL_GROUP_EXIT) && !sig_in(sig, t->real_blocked) &&
	    !sig_in(sig, SIG_KERNEL_COREDUMP_MASK) && (sig == SIGKILL || !p->k->params.trace)) {
		sg->flags = (sg->flags & SIGNAL_UNKILLABLE) | SIGNAL_GROUP_EXIT;
		sg->group_exit_code = sig;
		sg->group_stop_count = 0;
		for_each_thread(sg, t) {
			task_clear_jobctl_pending(t);
			t->pending.signal |= sigmask_of(SIGKILL);
			signal_wake_up(t, true);
		}
		return;
	}
	signal_wake_up(t, sig == SIGKILL);
}

static void
fill_info(struct k_siginfo *to, int sig, const struct k_siginfo *info, struct task *from)
{
	if (info != SEND_SIG_NOINFO && info != SEND_SIG_PRIV) {
		*to = *info;
		return;
	}
	memset(to, 0, sizeof(*to));
	to->si_signo = sig;
	if (info == SEND_SIG_PRIV) {
		to->si_code = SI_KERNEL;
	} else {
		to->si_code = SI_USER;
		if (from) {
			to->kill.pid = from->tgid;
			to->kill.uid = from->cred->uid;
		}
	}
}

int
send_signal_locked(int sig, const struct k_siginfo *info, struct task *t, int type, struct task *from)
{
	bool special = info == SEND_SIG_NOINFO || info == SEND_SIG_PRIV;
	struct sigpending *pending = type == PIDTYPE_PID ? &t->pending : &t->signal->shared_pending;
	struct sigqueue *q;
	bool override;

	if (!prepare_signal(sig, t, info == SEND_SIG_PRIV))
		return 0;
	if (sig < SIGRTMIN && sig_in(sig, pending->signal))
		return 0; /* signals that are not real-time are queued once */
	if (sig != SIGKILL) {
		override = sig < SIGRTMIN && (special || info->si_code >= 0);
		q = __sigqueue_alloc(t, override);
		if (q) {
			fill_info(&q->info, sig, info, from);
			q->info.si_signo = sig;
			list_add_tail(&q->list, &pending->list);
		} else if (!special && sig >= SIGRTMIN && info->si_code != SI_USER) {
			return -EAGAIN;
		}
	}
	pending->signal |= sigmask_of(sig);
	wake_up_all(&t->sighand->signalfd_wqh);
	complete_signal(sig, t, type);
	return 0;
}

int
send_sig_info(int sig, const struct k_siginfo *info, struct task *t, int type, struct task *from)
{
	struct sighand_struct *sh = lock_task_sighand(t);
	int ret;

	if (!sh)
		return -ESRCH;
	ret = sig ? send_signal_locked(sig, info, t, type, from) : 0;
	unlock_task_sighand(sh);
	return ret;
}

int
send_sigqueue(struct kernel *k __unused, struct sigqueue *q, struct task *t, int type)
{
	struct sighand_struct *sh = lock_task_sighand(t);
	int sig = q->info.si_signo, ret = 0;
	struct sigpending *pending;

	if (!sh)
		return -ESRCH;
	if (!prepare_signal(sig, t, false)) {
		ret = 1;
	} else if (!list_empty(&q->list)) {
		q->info.timer.overrun++;
	} else {
		pending = type == PIDTYPE_PID ? &t->pending : &t->signal->shared_pending;
		list_add_tail(&q->list, &pending->list);
		pending->signal |= sigmask_of(sig);
		wake_up_all(&sh->signalfd_wqh);
		complete_signal(sig, t, type);
	}
	unlock_task_sighand(sh);
	return ret;
}

/* Sending by programs */

int
check_kill_permission(int sig, struct task *t, struct task *from)
{
	const struct cred *c = from->cred;
	struct cred *tc;
	bool ok;

	if (sig < 0 || sig > K_NSIG)
		return -EINVAL;
	if (same_thread_group(from, t))
		return 0;
	tc = get_task_cred(t);
	ok = c->euid == tc->suid || c->euid == tc->uid || c->uid == tc->suid || c->uid == tc->uid || capable(from, CAP_KILL) ||
	     (sig == SIGCONT && task_session(from) == task_session(t));
	put_cred(tc);
	return ok ? 0 : -EPERM;
}

int
group_send_sig_info(int sig, const struct k_siginfo *info, struct task *t, int type, struct task *from)
{
	int ret = from ? check_kill_permission(sig, t, from) : 0;

	if (ret == 0 && sig)
		ret = send_sig_info(sig, info, t, type, from);
	return ret;
}

int
kill_pid_info(struct kernel *k, int sig, const struct k_siginfo *info, struct pid *pid, struct task *from)
{
	struct task *t;
	mutex_guard(&k->tasklist_lock);

	t = pid_task(pid, PIDTYPE_TGID);
	if (!t)
		t = pid_task(pid, PIDTYPE_PID);
	if (!t)
		return -ESRCH;
	return group_send_sig_info(sig, info, t, PIDTYPE_TGID, from);
}

int
__kill_pgrp_info(struct kernel *k __unused, int sig, const struct k_siginfo *info, struct pid *pgrp, struct task *from)
{
	int ret = -ESRCH, err;
	bool success = false;
	struct task *t;

	do_each_pid_task (pgrp, PIDTYPE_PGID, t) {
		err = group_send_sig_info(sig, info, t, PIDTYPE_PGID, from);
		success |= !err;
		ret = err;
	}
	return success ? 0 : ret;
}

int
kill_pgrp(struct kernel *k, struct pid *pgrp, int sig)
{
	mutex_guard(&k->tasklist_lock);

	return pgrp ? __kill_pgrp_info(k, sig, SEND_SIG_PRIV, pgrp, NULL) : -ESRCH;
}
