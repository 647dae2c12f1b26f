/* SPDX-License-Identifier: MIT
 *
 * New tasks: fork, vfork, clone and clone3 (kernel/clone.c decodes the calls' flags), and the two tasks of boot.
 *
 * copy_process() makes a child that is complete but that nobody sees, and publishes it last, under tasklist_lock. There it looks
 * once more for a signal: a signal to a process group finds parent and child, or makes the call start again. Only then does
 * trap_ops.clone start a host thread or process; if the host refuses, the child is taken back as one that died unseen.
 *
 * References to a task: one for the tree and the pid table, dropped by release_task(), one for whoever runs it, dropped by
 * trap_ops.exit.
 *
 * Locks: tasklist_lock, then siglock.
 * Left out: namespaces, CLONE_INTO_CGROUP (there are no cgroups).
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/time.h>

#include "ipc/sem.h"
#include "kernel/cred.h"
#include "kernel/itimer.h"
#include "kernel/fork.h"
#include "kernel/jobctl.h"
#include "kernel/pidfd.h"
#include "kernel/prio.h"
#include "kernel/tty-hooks.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "trap/request.h"
#include "trap/trap.h"
#include "vfs/fdtable.h"

/* Parts of a task */

/* One that was used before keeps its lock and its queue: somebody may still be about to take the lock of the old one. */
struct sighand_struct *
sighand_alloc(struct kernel *k)
{
	struct sighand_struct *sh = NULL;

	mutex_lock(&k->sighand_free_lock);
	if (!list_empty(&k->free_sighands)) {
		sh = list_first_entry(&k->free_sighands, struct sighand_struct, free);
		list_del(&sh->free);
	}
	mutex_unlock(&k->sighand_free_lock);
	if (!sh) {
		sh = kmem_cache_zalloc(&k->sighand_cache);
		if (!sh)
			return NULL;
		mutex_init(&sh->siglock, RANK_SIGHAND);
		init_waitqueue_head(&sh->signalfd_wqh);
	}
	refcount_set(&sh->count, 1);
	return sh;
}

void
sighand_put(struct kernel *k, struct sighand_struct *sh)
{
	if (!sh || !refcount_dec_and_test(&sh->count))
		return;
	mutex_lock(&k->sighand_free_lock);
	list_add(&sh->free, &k->free_sighands);
	mutex_unlock(&k->sighand_free_lock);
}

void
set_task_comm(struct task *t, const char *name)
{
	size_t n = strnlen(name, sizeof(t->comm) - 1);

	mutex_lock(&t->alloc_lock);
	memset(t->comm, 0, sizeof(t->comm));
	memcpy(t->comm, name, n);
	mutex_unlock(&t->alloc_lock);
}

static struct signal_struct *
signal_alloc(struct kernel *k)
{
	struct signal_struct *sig = kmem_cache_zalloc(&k->signal_cache);

	if (!sig)
		return NULL;
	sig->nr_threads = sig->quick_threads = 1;
	refcount_set(&sig->live, 1);
	refcount_set(&sig->sigcnt, 1);
	INIT_LIST_HEAD(&sig->thread_head);
	init_waitqueue_head(&sig->wait_chldexit);
	init_sigpending(&sig->shared_pending);
	mutex_init(&sig->cred_guard, RANK_EXEC);
	mutex_init(&sig->rlim_lock, RANK_LEAF);
	mutex_init(&sig->times_lock, RANK_LEAF);
	ktimer_init(&sig->real_timer, it_real_fn);
	sig->start_time_ns = (uint64_t)ktime_get();
	return sig;
}

/* What every new task starts with, whatever was copied. */
static void
task_reset(struct task *t)
{
	unsigned int i;

	refcount_set(&t->usage, 2);
	t->mode = MODE_KERNEL;
	t->work = 0;
	t->state = TASK_RUNNING;
	t->sched = 0;
	t->syscall_nr = -1;
	t->regs_valid = false;
	t->host_tid = HPID_NONE;
	t->trap = NULL;
	t->host = NULL;
	t->thread_pid = NULL;
	for (i = 0; i < PIDTYPE_MAX; i++)
		INIT_LIST_HEAD(&t->pid_links[i]);
	t->exit_state = t->exit_code = 0;
	t->default_timer_slack_ns = t->timer_slack_ns; /* prctl(2), PR_SET_TIMERSLACK */
	t->pdeath_signal = 0;
	INIT_LIST_HEAD(&t->children);
	INIT_LIST_HEAD(&t->sibling);
	INIT_LIST_HEAD(&t->ptraced);
	INIT_LIST_HEAD(&t->ptrace_entry);
	INIT_LIST_HEAD(&t->thread_node);
	INIT_LIST_HEAD(&t->tasks);
	init_sigpending(&t->pending);
	t->jobctl = 0;
	t->ptrace = 0;
	t->last_siginfo = NULL;
	memset(&t->restart, 0, sizeof(t->restart));
	mutex_init(&t->alloc_lock, RANK_TASK);
	t->clear_child_tid = t->set_child_tid = t->robust_list = UNULL;
	t->futex_pi_waited = false;
	t->futex_pi_exited = 0;
	t->vfork_pending = false;
	init_waitqueue_head(&t->vfork_wait);
	memset(&t->times, 0, sizeof(t->times));
	t->io_rchar = t->io_wchar = t->io_syscr = t->io_syscw = 0;
	t->start_time_ns = ktime_get();
	t->start_boottime_ns = host_clock(CLOCK_BOOTTIME);
	t->inject = NULL;
	t->trace_ip = 0;
	t->trace = NULL;
	t->bprm = NULL;
}

/* Copies fields that others change meanwhile, and sets all of those anew: not for the thread sanitizer to see. */
__attribute__((no_sanitize("thread"))) static struct task *
dup_task_struct(struct task *t)
{
	struct task *p = kmem_cache_alloc(&t->k->task_cache);

	if (!p)
		return NULL;
	*p = *t;
	task_reset(p);
	p->flags = (t->flags & ~(PF_SUPERPRIV | PF_VFORK | PF_SIGNALED | PF_EXITING)) | PF_FORKNOEXEC;
	p->signal = NULL;
	p->sighand = NULL;
	p->files = NULL;
	p->fs = NULL;
	p->mm = NULL;
	p->io_context = NULL;
	p->sysvsem = NULL;
	p->ipc_sleeper = NULL;
	if (p->sched_reset_on_fork) {
		if (p->sched_policy == 1 || p->sched_policy == 2) {
			p->sched_policy = 0;
			p->sched_priority = 0;
			p->nice = 0;
		}
		if (p->nice < 0)
			p->nice = 0;
		p->sched_reset_on_fork = false;
	}
	p->cred = get_cred(t->cred);
	__atomic_add_fetch(&p->cred->user->processes, 1, __ATOMIC_RELAXED);
	return p;
}

static int
copy_sighand(struct task *t, struct task *p, uint64_t flags)
{
	struct sighand_struct *sh = t->sighand;

	if (flags & CLONE_SIGHAND) {
		refcount_inc(&sh->count);
		p->sighand = sh;
		return 0;
	}
	p->sighand = sighand_alloc(t->k);
	if (!p->sighand)
		return -ENOMEM;
	mutex_lock(&sh->siglock);
	memcpy(p->sighand->action, sh->action, sizeof(sh->action));
	mutex_unlock(&sh->siglock);
	if (flags & CLONE_CLEAR_SIGHAND)
		flush_signal_handlers(p);
	return 0;
}

static int
copy_signal(struct task *t, struct task *p, uint64_t flags)
{
	struct signal_struct *sig, *old = t->signal;

	if (flags & CLONE_THREAD) {
		p->signal = old;
		refcount_inc(&old->sigcnt);
		return 0;
	}
	sig = signal_alloc(t->k);
	if (!sig)
		return -ENOMEM;
	mutex_lock(&old->rlim_lock);
	memcpy(sig->rlim, old->rlim, sizeof(sig->rlim));
	mutex_unlock(&old->rlim_lock);
	sig->leader = p;
	sig->oom_score_adj = old->oom_score_adj;
	sig->has_child_subreaper = old->has_child_subreaper || old->is_child_subreaper;
	p->signal = sig;
	return 0;
}

static int
copy_files_and_fs(struct task *t, struct task *p, uint64_t flags)
{
	if (flags & CLONE_FILES) {
		refcount_inc(&t->files->count);
		p->files = t->files;
	} else {
		struct files_struct *files = dup_files(t->files, 0x7fffffff);

		if (IS_ERR(files))
			return (int)PTR_ERR(files);
		p->files = files;
	}
	if (flags & CLONE_FS) {
		refcount_inc(&t->fs->count);
		p->fs = t->fs;
	} else {
		p->fs = copy_fs_struct(t->fs);
	}
	return p->fs ? 0 : -ENOMEM;
}

static int
copy_mm(struct task *t, struct task *p, uint64_t flags)
{
	struct mm *mm;

	if (flags & CLONE_VM) {
		mmget(t->mm);
		p->mm = t->mm;
		return 0;
	}
	mm = dup_mm(t, t->mm);
	if (IS_ERR(mm))
		return (int)PTR_ERR(mm);
	p->mm = mm;
	return 0;
}

static void
copy_thread(struct task *t, struct task *p, const struct kernel_clone_args *args)
{
	p->regs = t->regs;
	p->regs.rax = 0;
	if (args->stack)
		p->regs.rsp = args->stack + args->stack_size;
	if (args->flags & CLONE_SETTLS)
		p->regs.fs_base = args->tls;
	if ((args->flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM)
		sas_ss_reset(p);
	if (args->flags & CLONE_CHILD_SETTID)
		p->set_child_tid = args->child_tid;
	if (args->flags & CLONE_CHILD_CLEARTID)
		p->clear_child_tid = args->child_tid;
	p->vfork_pending = (args->flags & CLONE_VFORK) != 0;
}

/* The reverse of the copy_ functions, for a child that was never visible or is not any more. */
static void
drop_parts(struct task *p)
{
	if (p->mm)
		mmput(p->mm);
	if (p->fs)
		put_fs_struct(p->fs);
	if (p->files)
		put_files_struct(NULL, p->files);
	exit_io_context(p);
	exit_sem(p);
	p->mm = NULL;
	p->fs = NULL;
	p->files = NULL;
}

static void
free_unborn(struct task *p)
{
	drop_parts(p);
	sighand_put(p->k, p->sighand);
	p->sighand = NULL;
	__atomic_sub_fetch(&p->cred->user->processes, 1, __ATOMIC_RELAXED);
	refcount_set(&p->usage, 1);
	put_task_struct(p);
}

static int
copy_parts(struct task *t, struct task *p, uint64_t flags)
{
	int err = copy_sighand(t, p, flags);

	if (!err)
		err = copy_signal(t, p, flags);
	if (!err)
		err = copy_files_and_fs(t, p, flags);
	if (!err)
		err = copy_io(t, p, (flags & CLONE_IO) != 0);
	if (!err)
		err = copy_semundo(t, p, (flags & CLONE_SYSVSEM) != 0);
	if (!err)
		err = copy_mm(t, p, flags);
	return err;
}

/* Publishing */

static void
set_relations(struct task *t, struct task *p, const struct kernel_clone_args *args)
{
	if (args->flags & CLONE_THREAD) {
		p->group_leader = t->group_leader;
		p->tgid = t->tgid;
		p->exit_signal = -1;
	} else {
		p->group_leader = p;
		p->tgid = p->pid;
		p->exit_signal = args->flags & CLONE_PARENT ? t->group_leader->exit_signal : args->exit_signal;
	}
	if (args->flags & (CLONE_PARENT | CLONE_THREAD)) {
		p->real_parent = t->real_parent;
		p->parent_exec_id = t->parent_exec_id;
	} else {
		p->real_parent = t;
		p->parent_exec_id = t->self_exec_id;
	}
	p->parent = p->real_parent;
}

static void
link_process(struct task *t, struct task *p)
{
	struct signal_struct *sig = p->signal;

	sig->pids[PIDTYPE_TGID] = p->thread_pid;
	sig->pids[PIDTYPE_PGID] = task_pgrp(t);
	sig->pids[PIDTYPE_SID] = task_session(t);
	sig->tty = tty_kref_get(t->signal->tty);
	list_add_tail(&p->sibling, &p->real_parent->children);
	list_add_tail(&p->tasks, &p->k->tasks);
	list_add_tail(&p->thread_node, &sig->thread_head);
	attach_pid(p, PIDTYPE_TGID);
	attach_pid(p, PIDTYPE_PGID);
	attach_pid(p, PIDTYPE_SID);
}

static void
link_thread(struct task *p)
{
	p->signal->nr_threads++;
	p->signal->quick_threads++;
	refcount_inc(&p->signal->live);
	list_add_tail(&p->thread_node, &p->signal->thread_head);
	/* a stop that the group is on its way to takes the new thread along */
	if (p->signal->group_stop_count > 0) {
		p->jobctl = JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME;
		p->signal->group_stop_count++;
		set_bits(&p->work, WORK_SIGPENDING);
	}
}

/* Makes @p visible, unless a signal came in the meantime: that one is handled first, and the call made again. */
static int
publish(struct task *t, struct task *p, const struct kernel_clone_args *args)
{
	struct kernel *k = t->k;
	int err = 0;

	mutex_lock(&k->tasklist_lock);
	set_relations(t, p, args);
	mutex_lock(&t->sighand->siglock);
	recalc_sigpending(t);
	if (signal_pending(t)) {
		err = -ERESTARTNOINTR;
	} else {
		p->blocked = t->blocked;
		if (args->flags & CLONE_THREAD)
			link_thread(p);
		else
			link_process(t, p);
		attach_pid(p, PIDTYPE_PID);
		if (p->mm && READ_ONCE(p->mm->cut))
			set_bits(&p->work, WORK_MM);
		__atomic_add_fetch(&k->nr_threads, 1, __ATOMIC_RELAXED);
		k->total_forks++;
	}
	mutex_unlock(&t->sighand->siglock);
	mutex_unlock(&k->tasklist_lock);
	return err;
}

/* A descriptor for CLONE_PIDFD, written to the program but not yet installed. */
static int
prepare_pidfd(struct task *t, struct pid *pid, unsigned int flags, uaddr_t where, struct file **file)
{
	int fd = get_unused_fd_flags(t, O_CLOEXEC), err;

	if (fd < 0)
		return fd;
	*file = pidfd_create(t, pid, O_RDWR | O_CLOEXEC | flags);
	if (IS_ERR(*file)) {
		err = (int)PTR_ERR(*file);
		put_unused_fd(t, fd);
		return err;
	}
	if (put_user_u32(t, (uint32_t)fd, where)) {
		put_unused_fd(t, fd);
		fput(t, *file);
		return -EFAULT;
	}
	return fd;
}

/* A child with everything but a host thread; *@pidfd is its descriptor or -1. */
static struct task *
copy_process(struct task *t, const struct kernel_clone_args *args, int *pidfd)
{
	struct file *file = NULL;
	struct task *p;
	int err;

	*pidfd = -1;
	mutex_lock(&t->sighand->siglock);
	recalc_sigpending(t);
	mutex_unlock(&t->sighand->siglock);
	if (signal_pending(t))
		return ERR_PTR(-ERESTARTNOINTR);
	p = dup_task_struct(t);
	if (!p)
		return ERR_PTR(-ENOMEM);
	if ((nproc_exceeded(t, t->cred) && !capable(t, CAP_SYS_RESOURCE) && !capable(t, CAP_SYS_ADMIN))) {
		free_unborn(p);
		return ERR_PTR(-EAGAIN);
	}
	err = copy_parts(t, p, args->flags);
	if (err)
		goto fail;
	copy_thread(t, p, args);
	p->thread_pid = clone_alloc_pid(t, args);
	if (IS_ERR(p->thread_pid)) {
		err = (int)PTR_ERR(p->thread_pid);
		goto fail;
	}
	p->pid = p->thread_pid->nr;
	if (!(args->flags & CLONE_VM))
		p->mm->actor = p->pid;
	if (args->flags & CLONE_PIDFD) {
		err = *pidfd = prepare_pidfd(t, p->thread_pid, args->flags & CLONE_THREAD ? PIDFD_THREAD : 0, args->pidfd, &file);
		if (err < 0)
			goto fail_pid;
	}
	err = publish(t, p, args);
	if (err)
		goto fail_pidfd;
	if (!(args->flags & CLONE_THREAD))
		watch_cpu_limit(t->k, p->signal);
	if (file)
		fd_install(t, *pidfd, file);
	return p;

fail_pidfd:
	if (file) {
		put_unused_fd(t, *pidfd);
		fput(t, file);
	}
fail_pid:
	put_pid(t->k, p->thread_pid); /* afterwards release_task() does it */
fail:
	free_unborn(p);
	return ERR_PTR(err);
}

/* The host would not start it. To others it is a child that was killed and that nobody had to wait for. */
static void
take_back(struct task *t, struct task *p, int pidfd)
{
	struct kernel *k = t->k;

	if (unlikely(k->params.trace))
		k->super->trace_gone(p, SIGKILL);
	if (pidfd >= 0)
		ignore_err(close_fd(t, pidfd), "another thread may have closed it");
	drop_parts(p);
	mutex_lock(&k->tasklist_lock);
	mutex_lock(&p->sighand->siglock);
	p->flags |= PF_EXITING;
	p->signal->quick_threads--;
	if (p->jobctl & JOBCTL_STOP_PENDING)
		ignore_err(task_participate_group_stop(p), "not the last: @t has yet to stop");
	mutex_unlock(&p->sighand->siglock);
	ignore_err(refcount_dec_and_test(&p->signal->live), "@t is alive, or @p was alone");
	p->exit_state = EXIT_DEAD;
	wake_up_all(&p->parent->signal->wait_chldexit);
	mutex_unlock(&k->tasklist_lock);
	release_task(p);
	put_task_struct(p);
}

static void
wait_for_vfork_done(struct task *t, struct task *p)
{
	/* a killed parent does not wait: the child lives on in the memory they share */
	ignore_err(wait_event_killable(t, &p->vfork_wait, !__atomic_load_n(&p->vfork_pending, __ATOMIC_ACQUIRE)),
		   "the parent dies");
}

int64_t
kernel_clone(struct task *t, struct kernel_clone_args *args)
{
	int err = check_clone_flags(t, args), pidfd, nr;
	struct task *p;

	if (err)
		return err;
	p = copy_process(t, args, &pidfd);
	if (IS_ERR(p))
		return PTR_ERR(p);
	nr = p->pid;
	if (args->flags & CLONE_PARENT_SETTID)
		ignore_err(put_user_u32(t, (uint32_t)nr, args->parent_tid), "clone(2): not checked");
	get_task_struct(p);
	if (unlikely(t->k->params.trace))
		t->k->super->trace_new(p, t, args->flags, args->exit_signal);
	err = t->k->trap->clone(t, p, args->flags);
	if (err)
		take_back(t, p, pidfd);
	else if (args->flags & CLONE_VFORK)
		wait_for_vfork_done(t, p);
	put_task_struct(p);
	return err ? err : nr;
}

void
schedule_tail(struct task *t)
{
	if (!uaddr_null(t->set_child_tid))
		ignore_err(put_user_u32(t, (uint32_t)t->pid, t->set_child_tid), "clone(2): not checked");
}

/* Boot */

static void
init_rlimits(struct kernel *k, struct signal_struct *sig)
{
	struct rlimit64_k *r = sig->rlim;
	uint64_t threads = k->params.memory / (8 * 16384) / 2;
	int i;

	if (threads < 1024 || threads > 32768)
		threads = threads < 1024 ? 1024 : 32768;
	for (i = 0; i < K_RLIM_NLIMITS; i++)
		r[i].cur = r[i].max = K_RLIM_INFINITY;
	r[RLIMIT_STACK].cur = 8 << 20;
	r[RLIMIT_CORE].cur = 0;
	r[RLIMIT_NPROC].cur = r[RLIMIT_NPROC].max = threads;
	r[RLIMIT_NOFILE] = (struct rlimit64_k){ 1024, 1048576 };
	r[RLIMIT_MEMLOCK].cur = r[RLIMIT_MEMLOCK].max = 8 << 20;
	r[RLIMIT_SIGPENDING].cur = r[RLIMIT_SIGPENDING].max = threads;
	r[RLIMIT_MSGQUEUE].cur = r[RLIMIT_MSGQUEUE].max = 819200;
	r[RLIMIT_NICE].cur = r[RLIMIT_NICE].max = 0;
	r[RLIMIT_RTPRIO].cur = r[RLIMIT_RTPRIO].max = 0;
}

static struct task *
create_boot_task(struct kernel *k, struct task *parent, const char *name)
{
	struct task *t = kmem_cache_zalloc(&k->task_cache);
	struct pid *pid;
	unsigned int i;

	if (!t)
		return ERR_PTR(-ENOMEM);
	t->k = k;
	task_reset(t);
	t->signal = signal_alloc(k);
	t->sighand = sighand_alloc(k);
	t->cred = init_cred(k);
	pid = alloc_pid(k);
	if (!t->signal || !t->sighand || !t->cred || IS_ERR(pid))
		return ERR_PTR(-ENOMEM); /* the instance does not come up: nothing is freed */
	set_task_comm(t, name);
	t->thread_pid = pid;
	t->pid = t->tgid = pid->nr;
	t->exit_signal = SIGCHLD;
	t->timer_slack_ns = t->default_timer_slack_ns = 50000;
	t->loginuid = t->sessionid = UINT32_MAX;
	t->group_leader = t->signal->leader = t;
	t->real_parent = t->parent = parent ? parent : t;
	memcpy(t->cpu_affinity, k->params.affinity, sizeof(t->cpu_affinity));
	t->nice = k->params.nice;
	init_rlimits(k, t->signal);
	t->signal->leader_of_session = true;
	__atomic_add_fetch(&t->cred->user->processes, 1, __ATOMIC_RELAXED);

	mutex_lock(&k->tasklist_lock);
	for (i = PIDTYPE_TGID; i < PIDTYPE_MAX; i++) {
		t->signal->pids[i] = pid;
		attach_pid(t, i);
	}
	attach_pid(t, PIDTYPE_PID);
	list_add_tail(&t->thread_node, &t->signal->thread_head);
	list_add_tail(&t->tasks, &k->tasks);
	if (parent)
		list_add_tail(&t->sibling, &parent->children);
	__atomic_add_fetch(&k->nr_threads, 1, __ATOMIC_RELAXED);
	mutex_unlock(&k->tasklist_lock);
	return t;
}

struct task *
create_init_task(struct kernel *k)
{
	struct task *t = create_boot_task(k, NULL, "init");

	if (!IS_ERR(t)) {
		t->signal->flags = SIGNAL_UNKILLABLE;
		t->flags = PF_KTHREAD;
		t->sighand->action[SIGCHLD - 1].handler = SIG_IGN_ADDR; /* reaps by itself */
	}
	return t;
}

struct task *
create_main_task(struct kernel *k)
{
	struct task *t = create_boot_task(k, k->init_task, "stead");

	if (!IS_ERR(t)) {
		t->flags = PF_FORKNOEXEC;
		get_task_struct(t); /* k->main_task */
	}
	return t;
}
