/* SPDX-License-Identifier: MIT
 *
 * Signals. Guest signals are virtual: they never are host signals. The rules are signal(7)'s and Linux's.
 *
 * Sending: a signal is queued to a task or to its group under sighand->siglock, then signal_wake_up() makes a task look.
 * Delivery: exit_to_user() -> do_signal(), with t->regs valid: dequeue, act (ignore, stop, core, handler frame), restart.
 */
#ifndef STEAD_KERNEL_SIGNAL_H
#define STEAD_KERNEL_SIGNAL_H

#include "kernel/errno.h"
#include "kernel/list.h"
#include "kernel/types.h"

struct task;
struct kernel;
struct pid;
struct signal_struct;
struct sighand_struct;
struct user_struct;

#define K_NSIG 64
#define sigmask_of(sig) (1ULL << ((sig)-1))

/* asm-generic siginfo_t: 128 bytes. Offsets are asserted in tests/unit/abi.c. */
struct k_siginfo {
	int32_t si_signo, si_errno, si_code, pad0;
	union {
		int32_t pad[28];
		struct {
			int32_t pid;
			uint32_t uid;
		} kill;
		struct {
			int32_t tid, overrun;
			uint64_t value;
			int32_t sys_private;
		} timer;
		struct {
			int32_t pid;
			uint32_t uid;
			uint64_t value;
		} rt;
		struct {
			int32_t pid;
			uint32_t uid;
			int32_t status, pad;
			int64_t utime, stime;
		} chld;
		struct {
			uint64_t addr;
			int16_t addr_lsb;
			uint64_t lower, upper;
		} fault;
		struct {
			int64_t band;
			int32_t fd;
		} poll;
		struct {
			uint64_t call_addr;
			int32_t syscall;
			uint32_t arch;
		} sys;
	};
};

struct k_sigaction {
	uint64_t handler; /* SIG_DFL 0, SIG_IGN 1, or a user address */
	uint64_t flags;
	uint64_t restorer;
	ksigset_t mask;
};

struct sigqueue {
	struct list_head list;
	struct k_siginfo info;
	struct user_struct *user; /* whose RLIMIT_SIGPENDING; a reference */
	bool prealloc; /* belongs to a POSIX timer: not freed on dequeue */
};

struct sigpending {
	struct list_head list;
	ksigset_t signal;
};

/* "from the kernel": no siginfo but signo and SI_KERNEL; SI_USER from the kernel itself. As Linux's SEND_SIG_*. */
#define SEND_SIG_NOINFO ((const struct k_siginfo *)0)
#define SEND_SIG_PRIV	((const struct k_siginfo *)1)

/**
 * send_signal_locked() - queue a signal
 * @sig: 1..64
 * @info: siginfo, SEND_SIG_NOINFO (a kill(2) by the current task @from) or SEND_SIG_PRIV
 * @t: the target, alive
 * @type: PIDTYPE_PID for the task alone, else its group
 * @from: the current task for SEND_SIG_NOINFO, else NULL
 *
 * Context: t->sighand->siglock is held.
 * Return: 0, -EAGAIN (real-time queue full).
 */
int send_signal_locked(int sig, const struct k_siginfo *info, struct task *t, int type, struct task *from);

/**
 * send_sig_info() - the same, taking the lock; does nothing (returns -ESRCH) on a dead task
 * @sig: the signal
 * @info: as above
 * @t: a task the caller has a reference to, or tasklist_lock
 * @type: as above
 * @from: as above
 *
 * Context: takes siglock.
 * Return: 0, -ESRCH, -EAGAIN.
 */
int send_sig_info(int sig, const struct k_siginfo *info, struct task *t, int type, struct task *from);

/**
 * group_send_sig_info() - send_sig_info() for a program: with the permission check of kill(2)
 * @sig: the signal; 0 only checks
 * @info: siginfo, or SEND_SIG_NOINFO
 * @t: the target
 * @type: as send_signal_locked()
 * @from: the current task
 *
 * Context: takes siglock. Return: 0, -EPERM, -ESRCH, -EAGAIN.
 */
int group_send_sig_info(int sig, const struct k_siginfo *info, struct task *t, int type, struct task *from);

/**
 * kill_pid_info() - kill one process, found by its pid
 * @k: the instance
 * @sig: the signal; 0 only checks
 * @info: siginfo, or SEND_SIG_NOINFO with @from
 * @pid: the pid, may be NULL
 * @from: the current task: its permission is checked; NULL: no check
 *
 * Context: takes tasklist_lock and siglock. Return: 0, -ESRCH, -EPERM, -EAGAIN.
 */
int kill_pid_info(struct kernel *k, int sig, const struct k_siginfo *info, struct pid *pid, struct task *from);

/**
 * __kill_pgrp_info() - the same for a group
 * @k: the instance
 * @sig: the signal
 * @info: siginfo, SEND_SIG_NOINFO with @from, or SEND_SIG_PRIV
 * @pgrp: the group
 * @from: the current task: its permission is checked; NULL: no check
 *
 * Context: tasklist_lock is held. Return: 0 if one got it, -ESRCH, -EPERM.
 */
int __kill_pgrp_info(struct kernel *k, int sig, const struct k_siginfo *info, struct pid *pgrp, struct task *from);

/**
 * sigqueue_alloc(), sigqueue_free() - the entry a POSIX timer queues again and again
 * @t: the current task (any of the group): its limit counts
 * @q: it may still be queued: then it is freed when taken off
 *
 * Return: the entry, or NULL (RLIMIT_SIGPENDING, memory).
 */
struct sigqueue *sigqueue_alloc(struct task *t) __must_check;
void sigqueue_free(struct task *t, struct sigqueue *q);

/**
 * send_sigqueue() - queue a timer's entry, with q->info filled
 * @k: the instance
 * @q: from sigqueue_alloc()
 * @target: a task whose memory is kept; any of the group will do
 * @type: PIDTYPE_PID (SIGEV_THREAD_ID), else its group
 *
 * An entry that is still queued has its overrun count increased instead.
 * Context: takes siglock; tasklist_lock is not needed. Return: 0 queued, 1 ignored, -ESRCH.
 */
int send_sigqueue(struct kernel *k, struct sigqueue *q, struct task *target, int type);

/**
 * dequeue_signal() - take the next signal that is not in @mask off the task's or group's queue
 * @t: the current task
 * @mask: signals to leave
 * @info: filled
 *
 * Context: siglock is held.
 * Return: the signal, or 0.
 */
int dequeue_signal(struct task *t, ksigset_t mask, struct k_siginfo *info);

/**
 * pending_signals() - signals queued to the task or its group
 * @t: the task
 *
 * Context: siglock is held, or a look without guarantee.
 */
ksigset_t pending_signals(const struct task *t);

/**
 * do_sigtimedwait() - wait for one of some signals
 * @t: the current task
 * @set: the signals
 * @info: filled
 * @ns: how long, negative: for ever
 *
 * Context: sleeps.
 * Return: the signal, -EAGAIN (time), -EINTR (another signal).
 */
int do_sigtimedwait(struct task *t, ksigset_t set, struct k_siginfo *info, int64_t ns) __must_check;

/**
 * copy_siginfo_to_user() - 128 bytes, unused ones zero
 * @t: the current task
 *
 * Return: 0, -EFAULT.
 */
int copy_siginfo_to_user(struct task *t, uaddr_t u, const struct k_siginfo *info) __must_check;

/**
 * copy_siginfo_from_user() - what a program says of a signal it sends
 * @t: the current task
 * @info: filled
 * @u: where the program has it
 * @sig: what si_signo becomes, negative: as the program has it
 *
 * Return: 0, -EFAULT, -E2BIG (a code the kernel does not know, with more than it would keep).
 */
int copy_siginfo_from_user(struct task *t, struct k_siginfo *info, uaddr_t u, int sig) __must_check;

/**
 * kill_pgrp() - a signal of the kernel to a process group (terminal, hangup)
 * @k: the instance
 * @pgrp: the group, may be NULL
 * @sig: the signal
 *
 * Context: takes tasklist_lock and siglock.
 * Return: 0, -ESRCH.
 */
int kill_pgrp(struct kernel *k, struct pid *pgrp, int sig);

/**
 * force_sig_fault() - a fault of the program itself: SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP
 * @t: the current task
 * @sig: the signal
 * @code: si_code
 * @addr: si_addr
 *
 * A blocked or ignored one kills. Context: takes siglock.
 */
void force_sig_fault(struct task *t, int sig, int code, uint64_t addr);

/**
 * force_sig_info() - the same with a whole siginfo (pkey, bounds)
 * @t: the current task
 * @info: siginfo
 */
void force_sig_info(struct task *t, const struct k_siginfo *info);

/**
 * force_fatal_sig() - kill the task with a signal that nothing can catch (a frame that cannot be written, failed exec)
 * @t: the current task
 * @sig: the signal
 */
void force_fatal_sig(struct task *t, int sig);

/**
 * signal_wake_up() - make a task look at its signals: sets WORK_SIGPENDING, wakes interruptible sleeps, kicks user code
 * @t: the task
 * @fatal: also wakes killable sleeps and stopped tasks
 *
 * Context: siglock is held.
 */
void signal_wake_up(struct task *t, bool fatal);

/**
 * recalc_sigpending() - set or clear WORK_SIGPENDING from queues and mask
 * @t: the current task
 *
 * Context: siglock is held.
 */
void recalc_sigpending(struct task *t);

/**
 * set_current_blocked() - change the current task's mask
 * @t: the current task
 * @set: SIGKILL and SIGSTOP are taken out
 *
 * Context: takes siglock.
 */
void set_current_blocked(struct task *t, ksigset_t set);

/**
 * set_user_sigmask() - the temporary mask of ppoll, pselect6, epoll_pwait, io_pgetevents
 * @t: the current task
 * @set: user address of the mask, or null: nothing happens
 * @sigsetsize: must be 8
 *
 * restore_saved_sigmask_unless() puts the old mask back at the end of the call unless it was interrupted (then delivery does).
 * Return: 0, -EINVAL, -EFAULT.
 */
int set_user_sigmask(struct task *t, uaddr_t set, size_t sigsetsize) __must_check;
void restore_saved_sigmask_unless(struct task *t, bool interrupted);

/**
 * do_signal() - deliver what is pending; called by exit_to_user() with t->regs_valid
 * @t: the current task
 *
 * Does the restart of an interrupted call. May stop (sleep) or end the task (then it returns with PF_EXITING set).
 * Context: sleeps.
 */
void do_signal(struct task *t);

/**
 * do_signal_quick() - do_signal() if all that is pending has handlers
 * @t: as do_signal()
 *
 * Context: does not sleep, but for locks.
 * Return: false: do_signal() is to be called.
 */
bool do_signal_quick(struct task *t) __must_check;

/**
 * do_sigaction() - rt_sigaction's work
 * @t: the current task
 * @sig: 1..64
 * @act: new action or NULL
 * @old: where the old one goes, or NULL
 *
 * Return: 0, -EINVAL.
 */
int do_sigaction(struct task *t, int sig, const struct k_sigaction *act, struct k_sigaction *old) __must_check;

/**
 * flush_signal_handlers() - exec: caught signals back to default
 * @t: the current task, alone in its group, sighand not shared
 */
void flush_signal_handlers(struct task *t);

/**
 * setup_rt_frame() - put a signal frame on the user stack and aim the registers at the handler (kernel/sigframe.c)
 * @t: the current task
 * @sig: the signal
 * @info: its siginfo
 * @act: the action taken
 *
 * The frame is Linux's struct rt_sigframe: return address, ucontext with sigcontext and xstate, siginfo.
 * Return: 0, -EFAULT.
 */
int setup_rt_frame(struct task *t, int sig, const struct k_siginfo *info, const struct k_sigaction *act) __must_check;

/**
 * rt_sigreturn() - the way back from a handler: registers from the frame above rsp, which the program may have forged
 * @t: the current task, t->regs_valid
 *
 * Return: SYSCALL_REGS_SET; for a bad frame with SIGSEGV pending.
 */
int64_t rt_sigreturn(struct task *t) __must_check;

/**
 * sas_ss_state() - SS_DISABLE, SS_ONSTACK or 0, as sigaltstack(2) reports
 * @t: the current task
 * @sp: its stack pointer
 */
uint32_t sas_ss_state(const struct task *t, uint64_t sp);

/**
 * restore_altstack() - set the alternate stack
 * @t: the current task
 * @sp: its stack pointer
 *
 * Return: 0, -EPERM (@sp is on it), -EINVAL, -ENOMEM (too small).
 */
int restore_altstack(struct task *t, uint64_t sp, uint64_t ss_sp, uint32_t ss_flags, uint64_t ss_size) __must_check;

/**
 * sas_ss_reset() - no alternate stack: exec, and threads
 * @t: the task
 */
void sas_ss_reset(struct task *t);

#endif
