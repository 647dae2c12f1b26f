/* SPDX-License-Identifier: MIT
 *
 * Job control: controlling terminals, sessions and foreground groups. credentials(7), setsid(2), tcsetpgrp(3).
 *
 * Locks: tasklist_lock protects tty->session and tty->pgrp, the task's siglock protects signal->tty. put_pid() and
 * tty_kref_put() come after both.
 */
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/capability.h>

#include "devices/tty.h"
#include "kernel/cred.h"
#include "kernel/task.h"
#include "kernel/tty-hooks.h"
#include "mm/uaccess.h"

struct tty *
get_current_tty(struct task *t)
{
	struct tty *tty;

	mutex_lock(&t->sighand->siglock);
	tty = tty_kref_get(t->signal->tty);
	mutex_unlock(&t->sighand->siglock);
	return tty;
}

struct pid *
tty_get_pgrp(struct tty *tty)
{
	mutex_guard(&tty->k->tasklist_lock);

	return tty->pgrp ? get_pid(tty->pgrp) : NULL;
}

void
tty_kill_pgrp(struct tty *tty, int sig)
{
	struct pid *pgrp = tty_get_pgrp(tty);

	if (!pgrp)
		return;
	ignore_err(kill_pgrp(tty->k, pgrp, sig), "the group may be gone");
	put_pid(tty->k, pgrp);
}

/* As kill(2) by the task: its leader gives the terminal up while it lives. */
static void
tty_kill_pgrp_from(struct task *t, struct tty *tty, int sig)
{
	struct pid *pgrp = tty_get_pgrp(tty);

	if (!pgrp)
		return;
	mutex_lock(&t->k->tasklist_lock);
	ignore_err(__kill_pgrp_info(t->k, sig, SEND_SIG_NOINFO, pgrp, t), "the group may be gone");
	mutex_unlock(&t->k->tasklist_lock);
	put_pid(t->k, pgrp);
}

static bool
sig_is_ignored(struct task *t, int sig)
{
	mutex_guard(&t->sighand->siglock);

	return (t->blocked & sigmask_of(sig)) || t->sighand->action[sig - 1].handler == 1;
}

int
__tty_check_change(struct task *t, struct tty *tty, int sig)
{
	struct pid *pgrp = t->signal->pids[PIDTYPE_PGID], *fg = READ_ONCE(tty->pgrp);

	if (READ_ONCE(t->signal->tty) != tty || !fg || fg == pgrp)
		return 0;
	if (sig_is_ignored(t, sig))
		return sig == SIGTTIN ? -EIO : 0;
	if (is_current_pgrp_orphaned(t))
		return -EIO;
	ignore_err(kill_pgrp(t->k, pgrp, sig), "the current task is in it");
	return -ERESTARTSYS;
}

void
proc_set_tty(struct task *t, struct tty *tty)
{
	struct kernel *k = t->k;
	struct pid *old_session, *old_pgrp, *old_tty_pgrp;
	struct tty *old;

	mutex_lock(&k->tasklist_lock);
	old_session = tty->session;
	old_pgrp = tty->pgrp;
	tty->session = get_pid(t->signal->pids[PIDTYPE_SID]);
	WRITE_ONCE(tty->pgrp, get_pid(t->signal->pids[PIDTYPE_PGID]));
	mutex_lock(&t->sighand->siglock);
	old = t->signal->tty;
	old_tty_pgrp = t->signal->tty_old_pgrp;
	t->signal->tty_old_pgrp = NULL;
	t->signal->tty = tty_kref_get(tty);
	mutex_unlock(&t->sighand->siglock);
	mutex_unlock(&k->tasklist_lock);
	if (old_session)
		put_pid(k, old_session);
	if (old_pgrp)
		put_pid(k, old_pgrp);
	if (old_tty_pgrp)
		put_pid(k, old_tty_pgrp);
	tty_kref_put(t, old);
}

void
tty_open_proc_set_tty(struct task *t, struct tty *tty, struct file *file)
{
	/* Who can only write must not become able to read what is typed. */
	if (t->signal->leader_of_session && !t->signal->tty && !tty->session && (file->f_mode & FMODE_READ))
		proc_set_tty(t, tty);
}

void
proc_clear_tty(struct task *t)
{
	struct tty *tty;

	mutex_lock(&t->sighand->siglock);
	tty = t->signal->tty;
	t->signal->tty = NULL;
	mutex_unlock(&t->sighand->siglock);
	tty_kref_put(t, tty);
}

/* Take the terminal from every process of a session (or only those that have @only). References to drop. tasklist_lock is held. */
static unsigned int
clear_session(struct pid *session, struct tty **dropped)
{
	unsigned int refs = 0;
	struct task *p;

	do_each_pid_task(session, PIDTYPE_SID, p) {
		mutex_lock(&p->sighand->siglock);
		if (p->signal->tty) {
			*dropped = p->signal->tty;
			p->signal->tty = NULL;
			refs++;
		}
		mutex_unlock(&p->sighand->siglock);
	}
	return refs;
}

void
session_clear_tty(struct task *t, struct kernel *k, struct pid *session)
{
	struct tty *tty = NULL;
	unsigned int refs = 0;

	mutex_lock(&k->tasklist_lock);
	if (session)
		refs = clear_session(session, &tty);
	mutex_unlock(&k->tasklist_lock);
	while (refs--)
		tty_kref_put(t, tty);
}

/* One process of a session whose terminal hangs up. True if it had the terminal. */
static bool
hangup_task(struct task *p, struct tty *tty)
{
	struct pid *old = NULL;
	bool had;

	mutex_lock(&p->sighand->siglock);
	had = p->signal->tty == tty;
	if (had)
		p->signal->tty = NULL;
	if (p->signal->leader_of_session) {
		ignore_err(send_signal_locked(SIGHUP, SEND_SIG_PRIV, p, PIDTYPE_TGID, NULL), "never fails");
		ignore_err(send_signal_locked(SIGCONT, SEND_SIG_PRIV, p, PIDTYPE_TGID, NULL), "never fails");
		old = p->signal->tty_old_pgrp;
		if (tty->pgrp && !old)
			p->signal->tty_old_pgrp = get_pid(tty->pgrp);
	}
	mutex_unlock(&p->sighand->siglock);
	return had;
}

void
tty_signal_session_leader(struct task *t, struct tty *tty, bool exit_session)
{
	struct kernel *k = tty->k;
	struct pid *session, *pgrp;
	unsigned int refs = 0;
	struct task *p;

	mutex_lock(&k->tasklist_lock);
	session = tty->session;
	pgrp = tty->pgrp;
	if (session)
		do_each_pid_task(session, PIDTYPE_SID, p)
			refs += hangup_task(p, tty);
	tty->session = NULL;
	WRITE_ONCE(tty->pgrp, NULL);
	mutex_unlock(&k->tasklist_lock);
	if (pgrp && exit_session)
		ignore_err(kill_pgrp(k, pgrp, SIGHUP), "the group may be gone");
	if (pgrp)
		put_pid(k, pgrp);
	if (session)
		put_pid(k, session);
	while (refs--)
		tty_kref_put(t, tty);
}

/* A leader exits long after its terminal hung up: the group that was in the foreground then. */
static void
hangup_old_pgrp(struct task *t)
{
	struct pid *old;

	mutex_lock(&t->sighand->siglock);
	old = t->signal->tty_old_pgrp;
	t->signal->tty_old_pgrp = NULL;
	mutex_unlock(&t->sighand->siglock);
	if (!old)
		return;
	ignore_err(kill_pgrp(t->k, old, SIGHUP), "the group may be gone");
	ignore_err(kill_pgrp(t->k, old, SIGCONT), "the group may be gone");
	put_pid(t->k, old);
}

void
disassociate_ctty(struct task *t, bool on_exit)
{
	struct kernel *k = t->k;
	struct pid *session = NULL, *pgrp = NULL;
	struct tty *tty;

	if (!t->signal->leader_of_session)
		return;
	tty = get_current_tty(t);
	if (!tty) {
		if (on_exit)
			hangup_old_pgrp(t);
		return;
	}
	if (on_exit && tty->type == TTY_CONSOLE) {
		tty_hangup(t, tty, true);
	} else if (on_exit) {
		tty_kill_pgrp(tty, SIGHUP);
	} else {
		tty_kill_pgrp_from(t, tty, SIGHUP);
		tty_kill_pgrp_from(t, tty, SIGCONT);
	}
	mutex_lock(&k->tasklist_lock);
	if (t->signal->tty == tty) {
		session = tty->session;
		pgrp = tty->pgrp;
		tty->session = NULL;
		WRITE_ONCE(tty->pgrp, NULL);
	}
	mutex_unlock(&k->tasklist_lock);
	if (session)
		put_pid(k, session);
	if (pgrp)
		put_pid(k, pgrp);
	tty_kref_put(t, tty);
	session_clear_tty(t, k, t->signal->pids[PIDTYPE_SID]);
}

static int64_t
tiocsctty(struct task *t, struct tty *tty, struct file *file, uint64_t arg)
{
	struct signal_struct *sig = t->signal;

	if (sig->leader_of_session && sig->pids[PIDTYPE_SID] == tty->session)
		return 0;
	if (!sig->leader_of_session || sig->tty)
		return -EPERM;
	if (tty->session) {
		if (arg != 1 || !capable(t, CAP_SYS_ADMIN))
			return -EPERM;
		session_clear_tty(t, t->k, tty->session);
	}
	if (!(file->f_mode & FMODE_READ) && !capable(t, CAP_SYS_ADMIN))
		return -EPERM;
	proc_set_tty(t, tty);
	return 0;
}

static int64_t
tiocgpgrp(struct task *t, struct tty *tty, struct tty *real_tty, uint64_t arg)
{
	int nr;

	if (tty == real_tty && t->signal->tty != real_tty)
		return -ENOTTY;
	mutex_lock(&t->k->tasklist_lock);
	nr = real_tty->pgrp ? real_tty->pgrp->nr : 0;
	mutex_unlock(&t->k->tasklist_lock);
	return put_user_u32(t, (uint32_t)nr, UADDR(arg));
}

/* The session of a group, from one of its processes; NULL if it has none. tasklist_lock is held. */
static struct pid *
session_of_pgrp(struct pid *pgrp)
{
	struct task *p = pid_task(pgrp, PIDTYPE_PGID);

	return p ? p->signal->pids[PIDTYPE_SID] : NULL;
}

static int64_t
tiocspgrp(struct task *t, struct tty *real_tty, uint64_t arg)
{
	struct kernel *k = t->k;
	struct pid *pgrp, *old = NULL;
	int64_t err = tty_check_change(t, real_tty);
	uint32_t nr;

	if (err)
		return err == -EIO ? -ENOTTY : err;
	if (!t->signal->tty || t->signal->tty != real_tty || real_tty->session != t->signal->pids[PIDTYPE_SID])
		return -ENOTTY;
	if (get_user_u32(t, &nr, UADDR(arg)))
		return -EFAULT;
	if ((int)nr < 0)
		return -EINVAL;
	mutex_lock(&k->tasklist_lock);
	pgrp = __find_pid(k, (int)nr);
	if (!pgrp) {
		err = -ESRCH;
	} else if (session_of_pgrp(pgrp) != t->signal->pids[PIDTYPE_SID]) {
		err = -EPERM;
	} else {
		old = real_tty->pgrp;
		WRITE_ONCE(real_tty->pgrp, get_pid(pgrp));
	}
	mutex_unlock(&k->tasklist_lock);
	if (old)
		put_pid(k, old);
	return err;
}

static int64_t
tiocgsid(struct task *t, struct tty *tty, struct tty *real_tty, uint64_t arg)
{
	int nr = 0;

	if (tty == real_tty && t->signal->tty != real_tty)
		return -ENOTTY;
	mutex_lock(&t->k->tasklist_lock);
	if (real_tty->session)
		nr = real_tty->session->nr;
	mutex_unlock(&t->k->tasklist_lock);
	return nr ? put_user_u32(t, (uint32_t)nr, UADDR(arg)) : -ENOTTY;
}

int64_t
tty_jobctrl_ioctl(struct task *t, struct tty *tty, struct tty *real_tty, struct file *file, unsigned int cmd, uint64_t arg)
{
	switch (cmd) {
	case TIOCNOTTY:
		if (t->signal->tty != tty)
			return -ENOTTY;
		disassociate_ctty(t, false);
		proc_clear_tty(t);
		return 0;
	case TIOCSCTTY:
		return tiocsctty(t, real_tty, file, arg);
	case TIOCGPGRP:
		return tiocgpgrp(t, tty, real_tty, arg);
	case TIOCSPGRP:
		return tiocspgrp(t, real_tty, arg);
	case TIOCGSID:
		return tiocgsid(t, tty, real_tty, arg);
	default:
		return -ENOIOCTLCMD;
	}
}
