/* SPDX-License-Identifier: MIT
 *
 * /proc/PID/stat, status, statm, limits, io, ...: what a task is, as text. Formats are proc(5)'s and Linux 6.1's, blank for blank:
 * programs parse them by position.
 */
#include <linux/capability.h>
#include <linux/resource.h>
#include <linux/stat.h>

#include "devices/tty.h"
#include "kernel/cred.h"
#include "kernel/errno.h"
#include "kernel/jobctl.h"
#include "kernel/tty-hooks.h"
#include "mm/mm.h"
#include "vfs/fdtable.h"
#include "vfs/proc/proc.h"

#define NSEC_PER_TICK 10000000L

/* One look at everything that a lock protects. */
struct task_look {
	int ppid, tracer, tgid, pid, pgrp, session, threads, exit_signal, exit_code, exit_state;
	uint32_t state;
	ksigset_t pending, shared_pending, blocked, ignored, caught;
	struct task_times times, children;
	int64_t utime, stime;
	uint32_t sigq;
	int tty_nr, tty_pgrp;
	struct cred *cred;
};

static void
look_at_signals(struct task *task, struct task_look *l) __no_thread_safety
{
	struct sighand_struct *sh = lock_task_sighand(task);

	if (!sh)
		return;
	l->pending = task->pending.signal;
	l->shared_pending = task->signal->shared_pending.signal;
	l->blocked = task->blocked;
	for (int i = 0; i < K_NSIG; i++) {
		if (sh->action[i].handler == SIG_IGN_ADDR)
			l->ignored |= sigmask_of(i + 1);
		else if (sh->action[i].handler != 0)
			l->caught |= sigmask_of(i + 1);
	}
	l->threads = task->signal->nr_threads;
	l->children = task->signal->cums;
	unlock_task_sighand(sh);
}

static void
look_at_tree(struct task *task, struct task_look *l)
{
	mutex_lock(&task->k->tasklist_lock);
	l->pid = task->pid;
	l->tgid = task->tgid;
	l->exit_signal = task->exit_signal;
	l->exit_state = task->exit_state;
	l->exit_code = task->exit_code;
	if (proc_task_linked(task)) {
		l->pgrp = task_pgrp_nr(task);
		l->session = task_session_nr(task);
		l->ppid = task->real_parent && task->real_parent != task ? task->real_parent->tgid : 0;
		l->tracer = task->ptrace && task->parent ? task->parent->pid : 0;
	} else {
		l->pgrp = l->session = -1;
	}
	mutex_unlock(&task->k->tasklist_lock);
}

static void
look_at_tty(struct task *task, struct task_look *l) __no_thread_safety
{
	struct sighand_struct *sh = lock_task_sighand(task);
	struct tty *tty = NULL;
	struct pid *pgrp;

	l->tty_pgrp = -1;
	if (!sh)
		return;
	tty = tty_kref_get(task->signal->tty);
	unlock_task_sighand(sh);
	if (!tty)
		return;
	l->tty_nr = (int)tty_devnum(tty);
	pgrp = tty_get_pgrp(tty);
	if (pgrp) {
		l->tty_pgrp = pgrp->nr;
		put_pid(task->k, pgrp);
	}
	tty_kref_put(task, tty);
}

/* The caller puts l->cred. */
static void
look(struct proc_seq *m, struct task_look *l, bool whole)
{
	struct task *task = m->task;
	uint64_t utime, stime;

	*l = (struct task_look){ .state = READ_ONCE(task->state) };
	look_at_tree(task, l);
	look_at_signals(task, l);
	l->cred = get_task_cred(task);
	l->sigq = l->cred->user ? READ_ONCE(l->cred->user->sigpending) : 0;
	if (whole) {
		thread_group_times(task, &l->times);
		l->utime = (int64_t)l->times.utime;
		l->stime = (int64_t)l->times.stime;
	} else {
		l->times = task->times;
		task_cputime(task, &utime, &stime);
		l->utime = (int64_t)utime;
		l->stime = (int64_t)stime;
	}
}

struct state_name {
	char letter;
	const char *name;
};

static struct state_name
state_of(const struct task *task, const struct task_look *l)
{
	if (l->exit_state == EXIT_ZOMBIE)
		return (struct state_name){ 'Z', "zombie" };
	if (l->exit_state == EXIT_DEAD || l->state == TASK_DEAD)
		return (struct state_name){ 'X', "dead" };
	if (task->jobctl & JOBCTL_STOPPED)
		return (struct state_name){ 'T', "stopped" };
	switch (l->state) {
	case TASK_INTERRUPTIBLE:
		return (struct state_name){ 'S', "sleeping" };
	case TASK_KILLABLE:
	case TASK_UNINTERRUPTIBLE:
		return (struct state_name){ 'D', "disk sleep" };
	case TASK_STOPPED:
		return (struct state_name){ 'T', "stopped" };
	case TASK_TRACED:
		return (struct state_name){ 't', "tracing stop" };
	default:
		if (task == task->k->init_task) /* runs no program: it waits for orphans */
			return (struct state_name){ 'S', "sleeping" };
		return (struct state_name){ 'R', "running" };
	}
}

static int
task_prio(const struct task *task)
{
	return task->sched_policy == 1 || task->sched_policy == 2 ? -1 - task->sched_priority : 20 + task->nice;
}

/* PF_* as Linux numbers them. */
static unsigned int
task_flags(const struct task *task)
{
	uint32_t f = READ_ONCE(task->flags);

	return (f & PF_EXITING ? 0x4u : 0) | (f & PF_FORKNOEXEC ? 0x40u : 0) | (f & PF_SUPERPRIV ? 0x100u : 0) |
	       (f & PF_SIGNALED ? 0x400u : 0) | (f & PF_KTHREAD ? 0x200000u : 0);
}

static void
stat_ids(struct proc_seq *m, const struct task_look *l)
{
	char comm[sizeof(m->task->comm) + 1] = { 0 };

	memcpy(comm, m->task->comm, sizeof(m->task->comm));
	seq_printf(m, "%d (%s) %c %d %d %d %d %d %u", l->pid, comm, state_of(m->task, l).letter, l->ppid, l->pgrp, l->session, l->tty_nr, l->tty_pgrp,
		   task_flags(m->task));
}

static void
stat_times(struct proc_seq *m, const struct task_look *l)
{
	const struct task_times *c = &l->children;

	seq_printf(m, " %lu %lu %lu %lu", l->times.minflt, c->minflt, l->times.majflt, c->majflt);
	seq_printf(m, " %lld %lld %lu %lu", (long long)(l->utime / NSEC_PER_TICK), (long long)(l->stime / NSEC_PER_TICK),
		   c->utime / NSEC_PER_TICK, c->stime / NSEC_PER_TICK);
	seq_printf(m, " %d %d %d 0 %lld", task_prio(m->task), m->task->nice, l->threads,
		   (long long)(m->task->start_boottime_ns / NSEC_PER_TICK));
}

static int
show_stat(struct proc_seq *m, bool whole)
{
	static const struct mm no_mm;
	struct mm *mm = proc_task_mm(m->task);
	const struct mm *s = mm ? mm : &no_mm;
	bool may = proc_may_access(m);
	const struct mm *p = may ? s : &no_mm;
	struct task_look l;

	look(m, &l, whole);
	look_at_tty(m->task, &l);
	stat_ids(m, &l);
	stat_times(m, &l);
	seq_printf(m, " %lu %lu %lu", READ_ONCE(s->total_vm) << PAGE_SHIFT, mm ? proc_rss_pages(m->task, mm) : 0,
		   READ_ONCE(m->task->signal->rlim[RLIMIT_RSS].cur));
	seq_printf(m, " %lu %lu %lu 0 0", mm && !may ? 1 : p->start_code, mm && !may ? 1 : p->end_code, p->start_stack);
	/* The signal sets are obsolete: 31 bits of them. */
	seq_printf(m, " %lu %lu %lu %lu", l.pending & 0x7fffffff, l.blocked & 0x7fffffff, l.ignored & 0x7fffffff,
		   l.caught & 0x7fffffff);
	seq_printf(m, " %d 0 0 %d 0 %d %d 0 0 0", may && l.state != TASK_RUNNING, l.exit_signal,
		   m->task->sched_priority, m->task->sched_policy);
	seq_printf(m, " %lu %lu %lu", p->start_data, p->end_data, p->start_brk);
	seq_printf(m, " %lu %lu %lu %lu", p->arg_start, p->arg_end, p->env_start, p->env_end);
	seq_printf(m, " %d\n", may ? l.exit_code : 0);
	put_cred(l.cred);
	if (mm)
		mmput(mm);
	return 0;
}

int
proc_pid_stat(struct proc_seq *m)
{
	return show_stat(m, true);
}

int
proc_tid_stat(struct proc_seq *m)
{
	return show_stat(m, false);
}

int
proc_pid_statm(struct proc_seq *m)
{
	struct mm *mm = proc_task_mm(m->task);
	uint64_t text, rss;

	if (!mm) {
		seq_puts(m, "0 0 0 0 0 0 0\n");
		return 0;
	}
	text = (ALIGN_UP(mm->end_code, PAGE_SIZE) - ALIGN_DOWN(mm->start_code, PAGE_SIZE)) >> PAGE_SHIFT;
	rss = proc_rss_pages(m->task, mm);
	seq_printf(m, "%lu %lu %lu %lu 0 %lu 0\n", mm->total_vm, rss, 0ul, text, mm->data_vm + mm->stack_vm);
	mmput(mm);
	return 0;
}

static void
status_ids(struct proc_seq *m, const struct task_look *l)
{
	const struct cred *c = l->cred;
	struct state_name st = state_of(m->task, l);
	int umask = -1;

	mutex_lock(&m->task->alloc_lock);
	if (m->task->fs)
		umask = (int)m->task->fs->umask;
	mutex_unlock(&m->task->alloc_lock);
	seq_puts(m, "Name:\t");
	for (size_t i = 0; i < sizeof(m->task->comm) && m->task->comm[i]; i++) {
		char ch = m->task->comm[i];

		if (ch == '\n' || ch == '\\')
			seq_puts(m, ch == '\n' ? "\\n" : "\\\\");
		else
			seq_write(m, &ch, 1);
	}
	seq_puts(m, "\n");
	if (umask >= 0)
		seq_printf(m, "Umask:\t%#04o\n", (unsigned int)umask);
	seq_printf(m, "State:\t%c (%s)\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t%d\n", st.letter, st.name, l->tgid,
		   l->pid, l->ppid, l->tracer);
	seq_printf(m, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", c->uid, c->euid, c->suid, c->fsuid, c->gid, c->egid, c->sgid,
		   c->fsgid);
	seq_printf(m, "FDSize:\t%u\nGroups:\t", fd_size_task(m->task));
	for (uint32_t i = 0; c->group_info && i < c->group_info->ngroups; i++)
		seq_printf(m, "%s%u", i ? " " : "", c->group_info->gid[i]);
	seq_printf(m, " \nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", l->tgid, l->pid, l->pgrp, l->session);
}

static void
status_line_kb(struct proc_seq *m, const char *name, uint64_t pages)
{
	seq_printf(m, "%s:\t%8lu kB\n", name, pages << (PAGE_SHIFT - 10));
}

static void
status_mm(struct proc_seq *m, struct mm *mm)
{
	uint64_t rss = proc_rss_pages(m->task, mm), text, lib;

	text = (ALIGN_UP(mm->end_code, PAGE_SIZE) - ALIGN_DOWN(mm->start_code, PAGE_SIZE)) >> PAGE_SHIFT;
	text = MIN(text, mm->exec_vm);
	lib = mm->exec_vm - text;
	status_line_kb(m, "VmPeak", MAX(mm->hiwater_vm, mm->total_vm));
	status_line_kb(m, "VmSize", mm->total_vm);
	status_line_kb(m, "VmLck", mm->locked_vm);
	status_line_kb(m, "VmPin", 0);
	status_line_kb(m, "VmHWM", MAX(mm->hiwater_rss, rss));
	status_line_kb(m, "VmRSS", rss);
	status_line_kb(m, "RssAnon", rss);
	status_line_kb(m, "RssFile", 0);
	status_line_kb(m, "RssShmem", 0);
	status_line_kb(m, "VmData", mm->data_vm);
	status_line_kb(m, "VmStk", mm->stack_vm);
	status_line_kb(m, "VmExe", text);
	status_line_kb(m, "VmLib", lib);
	status_line_kb(m, "VmPTE", 0);
	status_line_kb(m, "VmSwap", 0);
	seq_puts(m, "HugetlbPages:\t       0 kB\nCoreDumping:\t0\nTHP_enabled:\t");
	seq_printf(m, "%d\n", !m->task->thp_disable);
}

static void
status_signals(struct proc_seq *m, const struct task_look *l)
{
	const struct cred *c = l->cred;

	seq_printf(m, "Threads:\t%d\nSigQ:\t%u/%lu\n", l->threads, l->sigq,
		   READ_ONCE(m->task->signal->rlim[RLIMIT_SIGPENDING].cur));
	seq_printf(m, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n", l->pending,
		   l->shared_pending, l->blocked, l->ignored, l->caught);
	seq_printf(m, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016lx\nCapAmb:\t%016lx\n", c->cap_inheritable,
		   c->cap_permitted, c->cap_effective, c->cap_bset, c->cap_ambient);
	seq_printf(m, "NoNewPrivs:\t%d\nSeccomp:\t0\nSeccomp_filters:\t0\n", m->task->no_new_privs);
}

/* A mask in words of 32 bits, as many as CPUs need. */
static void
status_cpus(struct proc_seq *m)
{
	const struct task *task = m->task;
	uint32_t ncpus = MAX(m->t->k->params.ncpus, 1u), words = (ncpus + 31) / 32;
	bool first = true;

	seq_puts(m, "Cpus_allowed:\t");
	for (uint32_t w = words; w-- > 0;) {
		uint32_t bits = w + 1 == words && ncpus % 32 ? (1u << ncpus % 32) - 1 : UINT32_MAX;
		uint32_t digits = w + 1 == words ? (MIN(ncpus - w * 32, 32u) + 3) / 4 : 8;

		bits &= (uint32_t)(task->cpu_affinity[w / 2] >> (w % 2 * 32));
		seq_printf(m, "%0*x%s", (int)digits, bits, w ? "," : "\n");
	}
	seq_puts(m, "Cpus_allowed_list:\t");
	for (uint32_t i = 0; i < ncpus; i++) {
		uint32_t j = i;

		if (!(task->cpu_affinity[i / 64] >> (i % 64) & 1))
			continue;
		while (j + 1 < ncpus && (task->cpu_affinity[(j + 1) / 64] >> ((j + 1) % 64) & 1))
			j++;
		seq_printf(m, j > i ? "%s%u-%u" : "%s%u", first ? "" : ",", i, j);
		first = false;
		i = j;
	}
	seq_puts(m, "\nMems_allowed:\t00000000,00000001\nMems_allowed_list:\t0\n");
}

int
proc_pid_status(struct proc_seq *m)
{
	struct mm *mm = proc_task_mm(m->task);
	struct task_look l;

	look(m, &l, false);
	status_ids(m, &l);
	if (mm) {
		status_mm(m, mm);
		mmput(mm);
	}
	status_signals(m, &l);
	status_cpus(m);
	seq_printf(m, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n", l.times.nvcsw, l.times.nivcsw);
	put_cred(l.cred);
	return 0;
}

int
proc_pid_limits(struct proc_seq *m)
{
	static const struct {
		const char *name, *unit;
	} names[K_RLIM_NLIMITS] = {
		[RLIMIT_CPU] = { "Max cpu time", "seconds" },
		[RLIMIT_FSIZE] = { "Max file size", "bytes" },
		[RLIMIT_DATA] = { "Max data size", "bytes" },
		[RLIMIT_STACK] = { "Max stack size", "bytes" },
		[RLIMIT_CORE] = { "Max core file size", "bytes" },
		[RLIMIT_RSS] = { "Max resident set", "bytes" },
		[RLIMIT_NPROC] = { "Max processes", "processes" },
		[RLIMIT_NOFILE] = { "Max open files", "files" },
		[RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
		[RLIMIT_AS] = { "Max address space", "bytes" },
		[RLIMIT_LOCKS] = { "Max file locks", "locks" },
		[RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
		[RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
		[RLIMIT_NICE] = { "Max nice priority", NULL },
		[RLIMIT_RTPRIO] = { "Max realtime priority", NULL },
		[RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
	};

	seq_printf(m, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (int i = 0; i < K_RLIM_NLIMITS; i++) {
		struct rlimit64_k r = m->task->signal->rlim[i];

		seq_printf(m, r.cur == K_RLIM_INFINITY ? "%-25s %-20s " : "%-25s ", names[i].name, "unlimited");
		if (r.cur != K_RLIM_INFINITY)
			seq_printf(m, "%-20lu ", r.cur);
		if (r.max == K_RLIM_INFINITY)
			seq_printf(m, "%-20s ", "unlimited");
		else
			seq_printf(m, "%-20lu ", r.max);
		if (names[i].unit)
			seq_printf(m, "%-10s\n", names[i].unit);
		else
			seq_puts(m, "\n");
	}
	return 0;
}

struct io_sums {
	uint64_t rchar, wchar, syscr, syscw, inblock, oublock;
};

static void
add_io(struct io_sums *s, const struct task *task)
{
	s->rchar += task->io_rchar;
	s->wchar += task->io_wchar;
	s->syscr += task->io_syscr;
	s->syscw += task->io_syscw;
	s->inblock += task->times.inblock;
	s->oublock += task->times.oublock;
}

static int
show_io(struct proc_seq *m, bool whole) __no_thread_safety
{
	struct io_sums s = { 0 };
	struct sighand_struct *sh;
	struct task *p;

	if (!proc_may_access(m))
		return -EACCES;
	sh = whole ? lock_task_sighand(m->task) : NULL;
	if (sh) {
		for_each_thread(m->task->signal, p)
			add_io(&s, p);
		unlock_task_sighand(sh);
	} else {
		add_io(&s, m->task);
	}
	seq_printf(m, "rchar: %lu\nwchar: %lu\nsyscr: %lu\nsyscw: %lu\n", s.rchar, s.wchar, s.syscr, s.syscw);
	seq_printf(m, "read_bytes: %lu\nwrite_bytes: %lu\ncancelled_write_bytes: 0\n", s.inblock << 9, s.oublock << 9);
	return 0;
}

int
proc_pid_io(struct proc_seq *m)
{
	return show_io(m, true);
}

int
proc_tid_io(struct proc_seq *m)
{
	return show_io(m, false);
}

int
proc_pid_schedstat(struct proc_seq *m)
{
	uint64_t utime, stime;

	task_cputime(m->task, &utime, &stime);
	seq_printf(m, "%lu 0 %lu\n", utime + stime, m->task->times.nvcsw + m->task->times.nivcsw);
	return 0;
}

/* What a blocked task waits in; registers as far as the trap knows them. */
int
proc_pid_syscall(struct proc_seq *m)
{
	const struct task *task = m->task;
	struct pt_regs r = task->regs;
	int nr = READ_ONCE(task->syscall_nr);

	if (!proc_may_access(m))
		return -EACCES;
	if (READ_ONCE(task->mode) == MODE_USER || READ_ONCE(task->state) == TASK_RUNNING)
		seq_puts(m, "running\n");
	else if (nr < 0)
		seq_printf(m, "-1 0x%lx 0x%lx\n", r.rsp, r.rip);
	else
		seq_printf(m, "%d 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx\n", nr, r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9,
			   r.rsp, r.rip);
	return 0;
}

int
proc_pid_comm(struct proc_seq *m)
{
	char comm[sizeof(m->task->comm) + 1] = { 0 };

	memcpy(comm, m->task->comm, sizeof(m->task->comm));
	seq_printf(m, "%s\n", comm);
	return 0;
}

int
proc_pid_personality(struct proc_seq *m)
{
	if (!proc_may_access(m))
		return -EPERM;
	seq_printf(m, "%08x\n", m->task->personality);
	return 0;
}

/* Kernel addresses have no names here. */
int
proc_pid_wchan(struct proc_seq *m)
{
	seq_puts(m, "0");
	return 0;
}

int
proc_pid_children(struct proc_seq *m)
{
	struct task *p;

	mutex_lock(&m->task->k->tasklist_lock);
	if (proc_task_linked(m->task))
		list_for_each_entry(p, &m->task->children, sibling)
			seq_printf(m, "%d ", p->pid);
	mutex_unlock(&m->task->k->tasklist_lock);
	return 0;
}
