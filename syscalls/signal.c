/* SPDX-License-Identifier: MIT
 *
 * Signal calls: kill(2), tgkill(2), rt_sigaction(2), rt_sigprocmask(2), rt_sigsuspend(2), rt_sigtimedwait(2), sigaltstack(2), ...
 */
#include <linux/signal.h>

#include "kernel/cred.h"
#include "kernel/jobctl.h"
#include "kernel/pidfd.h"
#include "mm/uaccess.h"
#include "syscalls/proto.h"
#include "vfs/fdtable.h"

#define SA_KNOWN                                                                                                          \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND | SA_RESTORER |       \
	 SA_EXPOSE_TAGBITS)
#ifndef SA_EXPOSE_TAGBITS
#define SA_EXPOSE_TAGBITS 0x800
#endif

int64_t
sys_rt_sigaction(struct task *t, int sig, uaddr_t act, uaddr_t oact, uint64_t sigsetsize)
{
	struct k_sigaction new, old; /* laid out as the program's */
	int err;

	if (sigsetsize != sizeof(ksigset_t))
		return -EINVAL;
	if (!uaddr_null(act)) {
		if (copy_in(t, &new, act))
			return -EFAULT;
		/* unknown flags are cleared, so that a program can find out which are known */
		new.flags &= SA_KNOWN;
	}
	err = do_sigaction(t, sig, uaddr_null(act) ? NULL : &new, uaddr_null(oact) ? NULL : &old);
	if (err || uaddr_null(oact))
		return err;
	return copy_out(t, oact, &old);
}

int64_t
sys_rt_sigprocmask(struct task *t, int how, uaddr_t set, uaddr_t oset, uint64_t sigsetsize)
{
	ksigset_t old = t->blocked, new;

	if (sigsetsize != sizeof(ksigset_t))
		return -EINVAL;
	if (!uaddr_null(set)) {
		if (copy_in(t, &new, set))
			return -EFAULT;
		if (how == SIG_BLOCK)
			new = old | (new & ~SIG_KERNEL_ONLY_MASK);
		else if (how == SIG_UNBLOCK)
			new = old & ~new;
		else if (how != SIG_SETMASK)
			return -EINVAL;
		set_current_blocked(t, new);
	}
	return uaddr_null(oset) ? 0 : copy_out(t, oset, &old);
}

int64_t
sys_rt_sigpending(struct task *t, uaddr_t set, uint64_t sigsetsize)
{
	ksigset_t pending;

	if (sigsetsize > sizeof(pending))
		return -EINVAL;
	mutex_lock(&t->sighand->siglock);
	pending = pending_signals(t) & t->blocked;
	mutex_unlock(&t->sighand->siglock);
	return copy_to_user(t, set, &pending, sigsetsize);
}

int64_t
sys_rt_sigreturn(struct task *t)
{
	return rt_sigreturn(t);
}

int64_t
sys_restart_syscall(struct task *t)
{
	return t->restart.fn ? t->restart.fn(t, &t->restart) : -EINTR;
}

static int64_t
sleep_until_signal(struct task *t)
{
	for (;;) {
		set_current_state(t, TASK_INTERRUPTIBLE);
		if (signal_pending(t))
			break;
		schedule(t);
	}
	set_current_state(t, TASK_RUNNING);
	return -ERESTARTNOHAND;
}

int64_t
sys_pause(struct task *t)
{
	return sleep_until_signal(t);
}

int64_t
sys_rt_sigsuspend(struct task *t, uaddr_t u, uint64_t sigsetsize)
{
	ksigset_t set;

	if (sigsetsize != sizeof(set))
		return -EINVAL;
	if (copy_in(t, &set, u))
		return -EFAULT;
	t->saved_sigmask = t->blocked;
	set_current_blocked(t, set);
	set_bits(&t->work, WORK_RESTORE_MASK);
	return sleep_until_signal(t);
}

int64_t
sys_rt_sigtimedwait(struct task *t, uaddr_t uset, uaddr_t uinfo, uaddr_t uts, uint64_t sigsetsize)
{
	struct k_siginfo info;
	int64_t ns = -1;
	ksigset_t set;
	int sig, err;

	if (sigsetsize != sizeof(set))
		return -EINVAL;
	if (copy_in(t, &set, uset))
		return -EFAULT;
	if (!uaddr_null(uts)) {
		err = get_timespec64(t, &ns, uts);
		if (err)
			return err;
	}
	sig = do_sigtimedwait(t, set, &info, ns);
	if (sig > 0 && !uaddr_null(uinfo) && copy_siginfo_to_user(t, uinfo, &info))
		return -EFAULT;
	return sig;
}

/* struct sigaltstack */
struct user_stack {
	uint64_t sp;
	uint32_t flags, pad;
	uint64_t size;
};

int64_t
sys_sigaltstack(struct task *t, uaddr_t uss, uaddr_t uoss)
{
	struct user_stack new, old = { .sp = t->sas_ss_sp, .size = t->sas_ss_size };
	int err;

	old.flags = sas_ss_state(t, t->regs.rsp) | (t->sas_ss_flags & SS_AUTODISARM);
	if (!uaddr_null(uss)) {
		if (copy_in(t, &new, uss))
			return -EFAULT;
		err = restore_altstack(t, t->regs.rsp, new.sp, new.flags, new.size);
		if (err)
			return err;
	}
	return uaddr_null(uoss) ? 0 : copy_out(t, uoss, &old);
}

/* Sending */

/* All processes but init and the caller's own. */
static int
kill_all(struct task *t, int sig)
{
	int ret = 0, count = 0, err;
	struct task *p;

	for_each_process (t->k, p) {
		if (p->pid <= 1 || same_thread_group(p, t))
			continue;
		err = group_send_sig_info(sig, SEND_SIG_NOINFO, p, PIDTYPE_MAX, t);
		count++;
		if (err != -EPERM)
			ret = err;
	}
	return count ? ret : -ESRCH;
}

int64_t
sys_kill(struct task *t, int pid, int sig)
{
	struct kernel *k = t->k;
	struct pid *p;
	int ret;

	if (pid > 0) {
		p = find_get_pid(k, pid);
		ret = kill_pid_info(k, sig, SEND_SIG_NOINFO, p, t);
		put_pid(k, p);
		return ret;
	}
	if (pid == INT32_MIN)
		return -ESRCH;
	mutex_lock(&k->tasklist_lock);
	if (pid == -1) {
		ret = kill_all(t, sig);
	} else {
		p = pid ? __find_pid(k, -pid) : task_pgrp(t);
		ret = p ? __kill_pgrp_info(k, sig, SEND_SIG_NOINFO, p, t) : -ESRCH;
	}
	mutex_unlock(&k->tasklist_lock);
	return ret;
}

/* To one thread; @tgid 0: of any group. */
static int
send_specific(struct task *t, int tgid, int pid, int sig, const struct k_siginfo *info)
{
	struct task *p = find_task_by_pid(t->k, pid);
	int err = -ESRCH;

	if (!p)
		return -ESRCH;
	if (!tgid || p->tgid == tgid) {
		err = check_kill_permission(sig, p, t);
		if (!err && sig) {
			err = send_sig_info(sig, info, p, PIDTYPE_PID, t);
			/* it dies while we look: as if it had died after the signal */
			if (err == -ESRCH)
				err = 0;
		}
	}
	put_task_struct(p);
	return err;
}

static void
fill_tkill_info(struct task *t, int sig, struct k_siginfo *info)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_code = SI_TKILL;
	info->kill.pid = t->tgid;
	info->kill.uid = t->cred->uid;
}

static int
do_tkill(struct task *t, int tgid, int pid, int sig)
{
	struct k_siginfo info;

	fill_tkill_info(t, sig, &info);
	return send_specific(t, tgid, pid, sig, &info);
}

int64_t
sys_tkill(struct task *t, int pid, int sig)
{
	return pid <= 0 ? -EINVAL : do_tkill(t, 0, pid, sig);
}

int64_t
sys_tgkill(struct task *t, int tgid, int pid, int sig)
{
	return pid <= 0 || tgid <= 0 ? -EINVAL : do_tkill(t, tgid, pid, sig);
}

/* A siginfo that claims to come from the kernel or from kill(2) can only be sent to oneself. */
static bool
may_send_info(const struct k_siginfo *info, bool self)
{
	return self || (info->si_code < 0 && info->si_code != SI_TKILL);
}

int64_t
sys_rt_sigqueueinfo(struct task *t, int tgid, int sig, uaddr_t uinfo)
{
	struct k_siginfo info;
	struct pid *pid;
	int ret = copy_siginfo_from_user(t, &info, uinfo, MAX(sig, 0));

	if (ret)
		return ret;
	if (!may_send_info(&info, t->tgid == tgid))
		return -EPERM;
	pid = find_get_pid(t->k, tgid);
	ret = kill_pid_info(t->k, sig, &info, pid, t);
	put_pid(t->k, pid);
	return ret;
}

int64_t
sys_rt_tgsigqueueinfo(struct task *t, int tgid, int pid, int sig, uaddr_t uinfo)
{
	struct k_siginfo info;
	int err = copy_siginfo_from_user(t, &info, uinfo, MAX(sig, 0));

	if (err)
		return err;
	if (pid <= 0 || tgid <= 0)
		return -EINVAL;
	if (!may_send_info(&info, t->pid == pid))
		return -EPERM;
	return send_specific(t, tgid, pid, sig, &info);
}

/* The process that a pidfd or a directory /proc/PID stands for, and whom a signal to it reaches: PIDTYPE_*. */
static struct pid *
pidfd_target(struct task *t, int fd, unsigned int flags, int *type)
{
	struct fd f = fdget(t, fd);
	struct pid *pid = ERR_PTR(-EBADF);
	unsigned int f_flags = 0;

	if (!f.file)
		return pid;
	if (proc_file_pid(f.file))
		pid = get_pid(proc_file_pid(f.file));
	else
		pid = pidfd_get_pid(t, fd, &f_flags);
	fdput(t, f);
	if (flags == PIDFD_SIGNAL_PROCESS_GROUP)
		*type = PIDTYPE_PGID;
	else if (flags == PIDFD_SIGNAL_THREAD || (!flags && (f_flags & PIDFD_THREAD)))
		*type = PIDTYPE_PID;
	else
		*type = PIDTYPE_TGID;
	return pid;
}

static int
pidfd_kill(struct task *t, struct pid *pid, int type, int sig, const struct k_siginfo *info)
{
	struct task *p;
	mutex_guard(&t->k->tasklist_lock);

	if (type == PIDTYPE_PGID)
		return __kill_pgrp_info(t->k, sig, info, pid, t);
	p = pid_task(pid, (enum pid_type)type);
	return p ? group_send_sig_info(sig, info, p, type, t) : -ESRCH;
}

int64_t
sys_pidfd_send_signal(struct task *t, int pidfd, int sig, uaddr_t uinfo, unsigned int flags)
{
	struct k_siginfo info;
	struct pid *pid;
	int ret = 0, type;

	if (flags > PIDFD_SIGNAL_PROCESS_GROUP || (flags & (flags - 1)))
		return -EINVAL;
	pid = pidfd_target(t, pidfd, flags, &type);
	if (IS_ERR(pid))
		return PTR_ERR(pid);
	if (!uaddr_null(uinfo)) {
		ret = copy_siginfo_from_user(t, &info, uinfo, -1);
		if (ret)
			; /* said */
		else if (info.si_signo != sig)
			ret = -EINVAL;
		else if (!may_send_info(&info, pid == t->thread_pid && type != PIDTYPE_PGID))
			ret = -EPERM;
	} else if (type == PIDTYPE_PID) {
		fill_tkill_info(t, sig, &info);
	}
	if (!ret)
		ret = pidfd_kill(t, pid, type, sig, uaddr_null(uinfo) && type != PIDTYPE_PID ? SEND_SIG_NOINFO : &info);
	put_pid(t->k, pid);
	return ret;
}
