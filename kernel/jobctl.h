/* SPDX-License-Identifier: MIT
 *
 * Inside of signals: classes of signals and the job control bits of a task, shared by kernel/signal*.c and kernel/exit.c.
 */
#ifndef STEAD_KERNEL_JOBCTL_H
#define STEAD_KERNEL_JOBCTL_H

#include <asm/siginfo.h>
#include <asm/signal.h>

#include "kernel/task.h"

#define SIG_IGN_ADDR 1ULL

/* t->jobctl */
#define JOBCTL_STOP_SIGMASK  0xffffu	 /* the signal of the last group stop */
#define JOBCTL_STOP_DEQUEUED (1u << 16) /* a stop signal was taken off the queue, and no SIGCONT has come since */
#define JOBCTL_STOP_PENDING  (1u << 17) /* the task has to stop for its group */
#define JOBCTL_STOP_CONSUME  (1u << 18) /* and counts in group_stop_count */
#define JOBCTL_STOPPED	     (1u << 19) /* it sleeps in do_signal_stop() */

#define SIG_KERNEL_ONLY_MASK (sigmask_of(SIGKILL) | sigmask_of(SIGSTOP))
#define SIG_KERNEL_STOP_MASK (sigmask_of(SIGSTOP) | sigmask_of(SIGTSTP) | sigmask_of(SIGTTIN) | sigmask_of(SIGTTOU))
#define SIG_KERNEL_COREDUMP_MASK                                                                                          \
	(sigmask_of(SIGQUIT) | sigmask_of(SIGILL) | sigmask_of(SIGTRAP) | sigmask_of(SIGABRT) | sigmask_of(SIGFPE) |         \
	 sigmask_of(SIGSEGV) | sigmask_of(SIGBUS) | sigmask_of(SIGSYS) | sigmask_of(SIGXCPU) | sigmask_of(SIGXFSZ))
#define SIG_KERNEL_IGNORE_MASK (sigmask_of(SIGCONT) | sigmask_of(SIGCHLD) | sigmask_of(SIGWINCH) | sigmask_of(SIGURG))
#define SYNCHRONOUS_MASK                                                                                                  \
	(sigmask_of(SIGSEGV) | sigmask_of(SIGBUS) | sigmask_of(SIGILL) | sigmask_of(SIGTRAP) | sigmask_of(SIGFPE) |          \
	 sigmask_of(SIGSYS))

static inline bool
sig_in(int sig, ksigset_t set)
{
	return (set & sigmask_of(sig)) != 0;
}

/**
 * task_clear_jobctl_pending() - forget a group stop the task was to take part in
 * @t: the task
 *
 * Context: siglock is held.
 */
static inline void
task_clear_jobctl_pending(struct task *t)
{
	WRITE_ONCE(t->jobctl, t->jobctl & ~(JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME));
}

/**
 * task_participate_group_stop() - count the task as stopped (or as gone)
 * @t: the task, with JOBCTL_STOP_PENDING
 *
 * Context: siglock is held.
 * Return: true if it was the last: the parent has to be told.
 */
bool task_participate_group_stop(struct task *t);

/**
 * do_notify_parent_cldstop() - SIGCHLD for a stop or a continuation
 * @t: a task of the group
 * @why: CLD_STOPPED or CLD_CONTINUED
 *
 * Context: tasklist_lock is held, siglock is not.
 */
void do_notify_parent_cldstop(struct task *t, int why);

/**
 * do_notify_parent() - tell a process's parent of its end
 * @t: the leader, a zombie, alone in its group
 * @sig: its exit_signal
 *
 * Context: tasklist_lock is held.
 * Return: true if nobody will wait for it: the caller makes it EXIT_DEAD and releases it.
 */
bool do_notify_parent(struct task *t, int sig) __must_check;

/**
 * retarget_shared_pending() - signals of the group that the task was to take: wake others for them
 * @t: a task that blocks them now, or exits
 * @which: signals that it does not take any more
 *
 * Context: siglock is held.
 */
void retarget_shared_pending(struct task *t, ksigset_t which);

/**
 * flush_sigqueue(), flush_sigqueue_mask() - drop everything queued, or some signals
 * @k: the instance
 * @mask: which
 * @q: the queue
 *
 * Context: siglock is held, or nobody else can see @q.
 */
void flush_sigqueue(struct kernel *k, struct sigpending *q);
void flush_sigqueue_mask(struct kernel *k, ksigset_t mask, struct sigpending *q);

/**
 * sigqueue_put() - free an entry that was taken off its queue, unless it belongs to a timer
 * @k: the instance
 * @q: the entry
 */
void sigqueue_put(struct kernel *k, struct sigqueue *q);

/**
 * check_kill_permission() - kill(2)
 * @sig: the signal
 * @t: the target
 * @from: who asks
 *
 * Context: tasklist_lock, or a reference to @t.
 * Return: 0, -EPERM, -EINVAL (no such signal).
 */
int check_kill_permission(int sig, struct task *t, struct task *from) __must_check;

static inline void
init_sigpending(struct sigpending *q)
{
	INIT_LIST_HEAD(&q->list);
	q->signal = 0;
}

#endif
