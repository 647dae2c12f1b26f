/* SPDX-License-Identifier: MIT
 *
 * Signals, the receiving half: masks, dequeuing, stops, handlers, death, and the restart of interrupted calls (signal(7)).
 *
 * do_signal() runs on the way to program code with t->regs valid. A task that was stopped, or whose group is being killed,
 * comes through here too: its sleep ended with a restart code, and nothing but do_signal() acts on a signal.
 *
 * Locks: siglock; tasklist_lock (taken first, never under siglock) to tell the parent.
 */
#include <asm/unistd.h>
#include <linux/resource.h>
#include <linux/signal.h>

#include "kernel/jobctl.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "trap/request.h"
#include "trap/trap.h"

struct ksignal {
	struct k_sigaction ka;
	struct k_siginfo info;
	int sig;
};

/* Masks */

static ksigset_t
group_signals(const struct task *t)
{
	return t->signal->shared_pending.signal;
}

void
retarget_shared_pending(struct task *t, ksigset_t which)
{
	ksigset_t retarget = group_signals(t) & which;
	struct task *o;

	if (!retarget)
		return;
	for_each_thread(t->signal, o) {
		if (o == t || (o->flags & PF_EXITING) || !(retarget & ~o->blocked))
			continue;
		retarget &= o->blocked;
		if (!signal_pending(o))
			signal_wake_up(o, false);
		if (!retarget)
			break;
	}
}

static void
set_blocked_locked(struct task *t, ksigset_t set)
{
	if (signal_pending(t) && t->signal->nr_threads > 1)
		retarget_shared_pending(t, set & ~t->blocked);
	t->blocked = set;
	recalc_sigpending(t);
}

void
set_current_blocked(struct task *t, ksigset_t set)
{
	set &= ~SIG_KERNEL_ONLY_MASK;
	if (set == t->blocked)
		return;
	mutex_lock(&t->sighand->siglock);
	set_blocked_locked(t, set);
	mutex_unlock(&t->sighand->siglock);
}

int
set_user_sigmask(struct task *t, uaddr_t u, size_t sigsetsize)
{
	ksigset_t set;

	if (uaddr_null(u))
		return 0;
	if (sigsetsize != sizeof(set))
		return -EINVAL;
	if (copy_in(t, &set, u))
		return -EFAULT;
	t->saved_sigmask = t->blocked;
	set_bits(&t->work, WORK_RESTORE_MASK);
	set_current_blocked(t, set);
	return 0;
}

static void
restore_saved_sigmask(struct task *t)
{
	if (!(__atomic_load_n(&t->work, __ATOMIC_SEQ_CST) & WORK_RESTORE_MASK))
		return;
	clear_bits(&t->work, WORK_RESTORE_MASK);
	set_current_blocked(t, t->saved_sigmask);
}

void
restore_saved_sigmask_unless(struct task *t, bool interrupted)
{
	if (!interrupted)
		restore_saved_sigmask(t);
}

/* Dequeuing */

static int
next_signal(const struct sigpending *pending, ksigset_t mask)
{
	ksigset_t x = pending->signal & ~mask;

	if (!x)
		return 0;
	if (x & SYNCHRONOUS_MASK)
		x &= SYNCHRONOUS_MASK;
	return __builtin_ctzll(x) + 1;
}

/* Takes the first entry of @sig; the bit stays set while another one is queued. */
static void
collect_signal(struct kernel *k, int sig, struct sigpending *pending, struct k_siginfo *info)
{
	struct sigqueue *q, *first = NULL;
	bool more = false;

	list_for_each_entry(q, &pending->list, list) {
		if (q->info.si_signo != sig)
			continue;
		if (first) {
			more = true;
			break;
		}
		first = q;
	}
	if (!more)
		WRITE_ONCE(pending->signal, pending->signal & ~sigmask_of(sig));
	if (first) {
		*info = first->info;
		list_del_init(&first->list);
		sigqueue_put(k, first);
	} else {
		/* there was no room to queue it: only the bit */
		memset(info, 0, sizeof(*info));
		info->si_signo = sig;
		info->si_code = SI_USER;
	}
}

int
dequeue_signal(struct task *t, ksigset_t mask, struct k_siginfo *info)
{
	struct sigpending *pending = &t->pending;
	int sig = next_signal(pending, mask);

	if (!sig) {
		pending = &t->signal->shared_pending;
		sig = next_signal(pending, mask);
	}
	if (sig)
		collect_signal(t->k, sig, pending, info);
	recalc_sigpending(t);
	if (!sig)
		return 0;
	if (sig_in(sig, SIG_KERNEL_STOP_MASK))
		t->jobctl |= JOBCTL_STOP_DEQUEUED;
	return sig;
}

/* While it sleeps the signals waited for are not blocked: real_blocked says that they are not to kill either. */
__no_thread_safety static int
sleep_for_signals(struct task *t, ksigset_t set, int64_t deadline)
{
	struct sighand_struct *sh = t->sighand;
	int err;

	t->real_blocked = t->blocked;
	t->blocked &= ~set;
	recalc_sigpending(t);
	set_current_state(t, TASK_INTERRUPTIBLE);
	mutex_unlock(&sh->siglock);
	err = schedule_until(t, deadline);
	mutex_lock(&sh->siglock);
	set_blocked_locked(t, t->real_blocked);
	t->real_blocked = 0;
	return err;
}

int
do_sigtimedwait(struct task *t, ksigset_t set, struct k_siginfo *info, int64_t ns)
{
	struct sighand_struct *sh = t->sighand;
	int sig, err = -ETIME;

	set &= ~SIG_KERNEL_ONLY_MASK;
	mutex_lock(&sh->siglock);
	sig = dequeue_signal(t, ~set, info);
	if (!sig && ns != 0) {
		err = sleep_for_signals(t, set, ns < 0 ? NO_DEADLINE : deadline_after(ns));
		sig = dequeue_signal(t, ~set, info);
	}
	mutex_unlock(&sh->siglock);
	if (sig)
		return sig;
	return err == -ETIME ? -EAGAIN : -EINTR;
}

/* A fault of the current instruction comes before signals of others, so that its frame shows that instruction. */
static int
dequeue_synchronous_signal(struct task *t, struct k_siginfo *info)
{
	struct sigqueue *q;

	if (!(t->pending.signal & ~t->blocked & SYNCHRONOUS_MASK))
		return 0;
	list_for_each_entry(q, &t->pending.list, list) {
		int sig = q->info.si_signo;

		if (q->info.si_code > SI_USER && sig_in(sig, SYNCHRONOUS_MASK & ~t->blocked)) {
			collect_signal(t->k, sig, &t->pending, info);
			recalc_sigpending(t);
			return sig;
		}
	}
	return 0;
}

/* Forced signals */

static void
force_sig_info_to_task(const struct k_siginfo *info, struct task *t, bool exit)
{
	int sig = info->si_signo;
	struct k_sigaction *act;
	bool blocked, ignored;

	mutex_lock(&t->sighand->siglock);
	act = &t->sighand->action[sig - 1];
	ignored = act->handler == SIG_IGN_ADDR;
	blocked = sig_in(sig, t->blocked);
	if (blocked || ignored || exit) {
		act->handler = 0;
		if (blocked) {
			t->blocked &= ~sigmask_of(sig);
			recalc_sigpending(t);
		}
	}
	ignore_err(send_signal_locked(sig, info, t, PIDTYPE_PID, NULL), "it is not a real-time signal, or the bit is set anyway");
	if (blocked || ignored || exit)
		signal_wake_up(t, false);
	mutex_unlock(&t->sighand->siglock);
}

void
force_sig_info(struct task *t, const struct k_siginfo *info)
{
	force_sig_info_to_task(info, t, false);
}

void
force_sig_fault(struct task *t, int sig, int code, uint64_t addr)
{
	struct k_siginfo info;

	memset(&info, 0, sizeof(info));
	info.si_signo = sig;
	info.si_code = code;
	info.fault.addr = addr;
	force_sig_info_to_task(&info, t, false);
}

void
force_fatal_sig(struct task *t, int sig)
{
	struct k_siginfo info;

	memset(&info, 0, sizeof(info));
	info.si_signo = sig;
	info.si_code = SI_KERNEL;
	force_sig_info_to_task(&info, t, true);
}

/* The stack cannot take a frame: SIGSEGV, and a SIGSEGV that cannot be delivered kills. */
static void
force_sigsegv(struct task *t, int sig)
{
	struct k_siginfo info;

	if (sig == SIGSEGV) {
		force_fatal_sig(t, SIGSEGV);
		return;
	}
	memset(&info, 0, sizeof(info));
	info.si_signo = SIGSEGV;
	info.si_code = SI_KERNEL;
	force_sig_info(t, &info);
}

/* Job control */

bool
task_participate_group_stop(struct task *t)
{
	struct signal_struct *sig = t->signal;
	bool consume = (t->jobctl & JOBCTL_STOP_CONSUME) != 0;

	task_clear_jobctl_pending(t);
	if (!consume)
		return false;
	if (sig->group_stop_count > 0)
		sig->group_stop_count--;
	if (sig->group_stop_count == 0 && !(sig->flags & SIGNAL_STOP_STOPPED)) {
		sig->flags = (sig->flags & ~(SIGNAL_STOP_CONTINUED | SIGNAL_CLD_CONTINUED | SIGNAL_CLD_STOPPED)) |
			     SIGNAL_STOP_STOPPED;
		return true;
	}
	return false;
}

static bool
set_stop_pending(struct task *t, int signr)
{
	if (fatal_signal_pending(t) || (t->flags & PF_EXITING))
		return false;
	t->jobctl = (t->jobctl & ~JOBCTL_STOP_SIGMASK) | (uint32_t)signr | JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME;
	return true;
}

static void
start_group_stop(struct task *t, int signr)
{
	struct signal_struct *sig = t->signal;
	struct task *o;

	if (!(sig->flags & SIGNAL_STOP_STOPPED))
		sig->group_exit_code = signr;
	sig->group_stop_count = 0;
	if (set_stop_pending(t, signr))
		sig->group_stop_count++;
	for_each_thread(sig, o) {
		if (o != t && !(o->jobctl & JOBCTL_STOPPED) && set_stop_pending(o, signr)) {
			sig->group_stop_count++;
			signal_wake_up(o, false);
		}
	}
}

/*
 * Stop, with siglock held, if a group stop is on (@signr 0) or starts one. Returns true when the task has been stopped and
 * continued (siglock is then released), false with siglock held.
 */
__no_thread_safety static bool
do_signal_stop(struct task *t, int signr)
{
	struct signal_struct *sig = t->signal;
	struct sighand_struct *sh = t->sighand;
	int stop_signal;
	bool notify;

	if (!(t->jobctl & JOBCTL_STOP_PENDING)) {
		/* SIGCONT since it was dequeued, or the end of the group, has precedence */
		if (!(t->jobctl & JOBCTL_STOP_DEQUEUED) || (sig->flags & SIGNAL_GROUP_EXIT) || sig->group_exec_task)
			return false;
		start_group_stop(t, signr);
		if (!(t->jobctl & JOBCTL_STOP_PENDING))
			return false;
	}
	notify = task_participate_group_stop(t);
	t->jobctl |= JOBCTL_STOPPED;
	stop_signal = sig->group_exit_code;
	mutex_unlock(&sh->siglock);
	if (unlikely(t->k->params.trace))
		t->k->super->trace_stopped(t, stop_signal);
	if (notify) {
		mutex_lock(&t->k->tasklist_lock);
		do_notify_parent_cldstop(t, CLD_STOPPED);
		mutex_unlock(&t->k->tasklist_lock);
	}
	for (;;) {
		set_current_state(t, TASK_STOPPED);
		if (!(__atomic_load_n(&t->jobctl, __ATOMIC_SEQ_CST) & JOBCTL_STOPPED) || fatal_signal_pending(t))
			break;
		schedule(t);
	}
	set_current_state(t, TASK_RUNNING);
	mutex_lock(&sh->siglock);
	t->jobctl &= ~JOBCTL_STOPPED;
	mutex_unlock(&sh->siglock);
	return true;
}

/* A continuation (or a stop cut short) that the parent has not been told of. Returns true if it was; siglock is then released. */
__no_thread_safety static bool
notify_continued(struct task *t)
{
	struct signal_struct *sig = t->signal;
	int why;

	if (!(sig->flags & (SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED)))
		return false;
	why = sig->flags & SIGNAL_CLD_CONTINUED ? CLD_CONTINUED : CLD_STOPPED;
	sig->flags &= ~(SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED);
	mutex_unlock(&t->sighand->siglock);
	mutex_lock(&t->k->tasklist_lock);
	do_notify_parent_cldstop(t, why);
	mutex_unlock(&t->k->tasklist_lock);
	return true;
}

/* Delivery */

/* Wait status of a death that would write a core file: none is written, the bit tells what the limit allowed. */
static int
coredump_status(const struct task *t, int sig)
{
	bool dump = t->mm && t->mm->dumpable && rlimit(t, RLIMIT_CORE) >= PAGE_SIZE;

	return dump ? sig | 0x80 : sig;
}

enum get_signal_result { SIGNAL_NONE, SIGNAL_HANDLER, SIGNAL_DYING };

static enum get_signal_result
die(struct task *t, int sig)
{
	t->flags |= PF_SIGNALED;
	do_group_exit(t, sig_in(sig, SIG_KERNEL_COREDUMP_MASK) ? coredump_status(t, sig) : sig);
	return SIGNAL_DYING;
}

/* The default action of a stop signal, siglock held. Returns with siglock released if true: look again from the start. */
__no_thread_safety static bool
default_stop(struct task *t, int sig)
{
	if (sig != SIGSTOP) {
		mutex_unlock(&t->sighand->siglock);
		if (is_current_pgrp_orphaned(t)) {
			mutex_lock(&t->sighand->siglock);
			return false;
		}
		mutex_lock(&t->sighand->siglock);
	}
	return do_signal_stop(t, sig);
}

/* The tracer sees a signal before its action is looked up, as under ptrace(2): also one that will be ignored. */
__no_thread_safety static void
report_signal(struct task *t, const struct ksignal *ks)
{
	mutex_unlock(&t->sighand->siglock);
	t->k->super->trace_signal(t, &ks->info);
	mutex_lock(&t->sighand->siglock);
}

/* A host thread that is killed may look like one that faults: its memory, or its registers, are gone. */
static int
cause_of_death(struct task *t, int sig)
{
	if ((sig == SIGSEGV || sig == SIGBUS) && t->k->trap->lost && t->k->trap->lost(t))
		return SIGKILL;
	return sig;
}

__no_thread_safety static enum get_signal_result
get_signal(struct task *t, struct ksignal *ks)
{
	struct signal_struct *sig = t->signal;
	struct sighand_struct *sh = t->sighand;
	struct k_sigaction *ka;

relock:
	mutex_lock(&sh->siglock);
	if (notify_continued(t))
		goto relock;
	for (;;) {
		if ((sig->flags & SIGNAL_GROUP_EXIT) || sig->group_exec_task || sig_in(SIGKILL, t->pending.signal)) {
			t->pending.signal &= ~sigmask_of(SIGKILL);
			mutex_unlock(&sh->siglock);
			return die(t, SIGKILL);
		}
		if ((t->jobctl & JOBCTL_STOP_PENDING) && do_signal_stop(t, 0))
			goto relock;
		ks->sig = dequeue_synchronous_signal(t, &ks->info);
		if (!ks->sig)
			ks->sig = dequeue_signal(t, t->blocked, &ks->info);
		if (!ks->sig)
			break;
		if (unlikely(t->k->params.trace))
			report_signal(t, ks);
		ka = &sh->action[ks->sig - 1];
		if (ka->handler == SIG_IGN_ADDR)
			continue;
		if (ka->handler != 0) {
			ks->ka = *ka;
			if (ka->flags & SA_ONESHOT)
				ka->handler = 0;
			mutex_unlock(&sh->siglock);
			return SIGNAL_HANDLER;
		}
		if (sig_in(ks->sig, SIG_KERNEL_IGNORE_MASK))
			continue;
		if ((sig->flags & SIGNAL_UNKILLABLE) && !sig_in(ks->sig, SIG_KERNEL_ONLY_MASK))
			continue;
		if (sig_in(ks->sig, SIG_KERNEL_STOP_MASK)) {
			if (default_stop(t, ks->sig))
				goto relock;
			continue;
		}
		mutex_unlock(&sh->siglock);
		return die(t, cause_of_death(t, ks->sig));
	}
	mutex_unlock(&sh->siglock);
	return SIGNAL_NONE;
}

static bool
in_syscall(const struct task *t)
{
	return (int)t->regs.orig_rax != -1;
}

static void
restart_call(struct task *t, uint64_t nr)
{
	t->regs.rax = nr;
	t->regs.rip -= 2;
}

/* The interrupted call before a handler runs: it fails with EINTR, or is made again afterwards. */
static void
handler_restart(struct task *t, const struct k_sigaction *ka)
{
	if (!in_syscall(t))
		return;
	switch ((int64_t)t->regs.rax) {
	case -ERESTARTSYS:
		if (ka->flags & SA_RESTART)
			restart_call(t, t->regs.orig_rax);
		else
			t->regs.rax = (uint64_t)-EINTR;
		break;
	case -ERESTARTNOINTR:
		restart_call(t, t->regs.orig_rax);
		break;
	case -ERESTARTNOHAND:
	case -ERESTART_RESTARTBLOCK:
		t->regs.rax = (uint64_t)-EINTR;
		break;
	}
}

static void
no_handler_restart(struct task *t)
{
	if (!in_syscall(t))
		return;
	switch ((int64_t)t->regs.rax) {
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
	case -ERESTARTNOHAND:
		restart_call(t, t->regs.orig_rax);
		break;
	case -ERESTART_RESTARTBLOCK:
		restart_call(t, __NR_restart_syscall);
		break;
	}
}

/* The handler runs with its mask; the mask from before the call went into the frame. */
static void
signal_delivered(struct task *t, const struct ksignal *ks)
{
	ksigset_t blocked = t->blocked | ks->ka.mask;

	clear_bits(&t->work, WORK_RESTORE_MASK);
	if (!(ks->ka.flags & SA_NODEFER))
		blocked |= sigmask_of(ks->sig);
	set_current_blocked(t, blocked);
	if (t->sas_ss_flags & SS_AUTODISARM)
		sas_ss_reset(t);
}

static void
act_on_signal(struct task *t, enum get_signal_result what, const struct ksignal *ks)
{
	switch (what) {
	case SIGNAL_DYING:
		return;
	case SIGNAL_HANDLER:
		handler_restart(t, &ks->ka);
		if (setup_rt_frame(t, ks->sig, &ks->info, &ks->ka))
			force_sigsegv(t, ks->sig);
		else
			signal_delivered(t, ks);
		return;
	case SIGNAL_NONE:
		no_handler_restart(t);
		restore_saved_sigmask(t);
		return;
	}
}

void
do_signal(struct task *t)
{
	struct ksignal ks;
	enum get_signal_result what = get_signal(t, &ks);

	act_on_signal(t, what, &ks);
}

/* Is there nothing to do but perhaps to run a handler? Siglock held. */
static bool
only_handlers(struct task *t)
{
	struct signal_struct *sig = t->signal;
	ksigset_t set = (t->pending.signal | sig->shared_pending.signal) & ~t->blocked;

	if ((sig->flags & (SIGNAL_GROUP_EXIT | SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED)) || sig->group_exec_task ||
	    (t->jobctl & JOBCTL_STOP_PENDING) || sig_in(SIGKILL, t->pending.signal))
		return false;
	for (; set; set &= set - 1) {
		uint64_t handler = t->sighand->action[__builtin_ctzll(set)].handler;

		if (handler == 0 || handler == SIG_IGN_ADDR)
			return false;
	}
	return true;
}

bool
do_signal_quick(struct task *t)
{
	struct ksignal ks;

	mutex_lock(&t->sighand->siglock);
	if (!only_handlers(t)) {
		mutex_unlock(&t->sighand->siglock);
		return false;
	}
	ks.sig = dequeue_synchronous_signal(t, &ks.info);
	if (!ks.sig)
		ks.sig = dequeue_signal(t, t->blocked, &ks.info);
	if (ks.sig) {
		struct k_sigaction *ka = &t->sighand->action[ks.sig - 1];

		ks.ka = *ka;
		if (ka->flags & SA_ONESHOT)
			ka->handler = 0;
	}
	mutex_unlock(&t->sighand->siglock);
	act_on_signal(t, ks.sig ? SIGNAL_HANDLER : SIGNAL_NONE, &ks);
	return true;
}

/* Actions */

int
do_sigaction(struct task *t, int sig, const struct k_sigaction *act, struct k_sigaction *old)
{
	struct k_sigaction *ka;
	struct task *o;

	if (sig < 1 || sig > K_NSIG || (act && sig_in(sig, SIG_KERNEL_ONLY_MASK)))
		return -EINVAL;
	ka = &t->sighand->action[sig - 1];
	mutex_lock(&t->sighand->siglock);
	if (old)
		*old = *ka;
	if (act) {
		*ka = *act;
		ka->mask &= ~SIG_KERNEL_ONLY_MASK;
		/* what is pending and ignored from now on is discarded, blocked or not */
		if (ka->handler == SIG_IGN_ADDR || (ka->handler == 0 && sig_in(sig, SIG_KERNEL_IGNORE_MASK))) {
			flush_sigqueue_mask(t->k, sigmask_of(sig), &t->signal->shared_pending);
			for_each_thread(t->signal, o)
				flush_sigqueue_mask(t->k, sigmask_of(sig), &o->pending);
		}
	}
	mutex_unlock(&t->sighand->siglock);
	return 0;
}

void
flush_signal_handlers(struct task *t)
{
	int i;

	mutex_lock(&t->sighand->siglock);
	for (i = 0; i < K_NSIG; i++) {
		struct k_sigaction *ka = &t->sighand->action[i];

		if (ka->handler != SIG_IGN_ADDR)
			ka->handler = 0;
		ka->flags = 0;
		ka->restorer = 0;
		ka->mask = 0;
	}
	mutex_unlock(&t->sighand->siglock);
}
