/* SPDX-License-Identifier: MIT
 *
 * A program on the host's kernel, seen by ptrace(2).
 *
 * The child waits in a read(2) until it is seized, then executes the program; nothing before that execve is reported. Every
 * stop is taken from one waitpid() of this thread's tracees and answered at once, so that there is never more than one stop
 * in hand. Threads and processes made by a tracee are seized by the kernel; one that stops before its parent's
 * PTRACE_EVENT_* has told of it is held until that comes, and released without it when no tracee is inside a call that could
 * still tell (its parent was killed on the way). A tracee may be killed at any moment: a request that finds none (ESRCH) is
 * dropped, waitpid() will say why.
 *
 * PTRACE_O_TRACEEXIT shows a thread's end while its memory is there, and also that of a leader whose other threads live on.
 * A group stop is left as it is (PTRACE_LISTEN), so that SIGCONT ends it.
 */
#include "src/host-tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/reg.h>
#include <unistd.h>

#include "kernel/inject.h"
#include "src/host-program.h"
#include "src/host-tamper.h"
#include "src/host-tracee.h"

#define SYSCALL_TRAP (SIGTRAP | 0x80) /* PTRACE_O_TRACESYSGOOD */

#define HOOK(h, name, ...)                                                                                                  \
	do {                                                                                                               \
		if ((h)->hooks->name)                                                                                      \
			(h)->hooks->name((h)->hooks->ctx, __VA_ARGS__);                                                    \
	} while (0)

static void
announce(struct host_tracer *h, struct tracee *e, int parent_tid, enum trace_how how)
{
	e->announced = true;
	e->order = ++h->announced;
	HOOK(h, new_task, &e->t, parent_tid, how);
}

static void
report_gone(struct host_tracer *h, struct tracee *e, int status)
{
	e->t.ip = 0;
	if (e->announced && !e->gone && h->executed)
		HOOK(h, gone, &e->t, status);
	e->gone = true;
}

/* A number from /proc/TID/status, or -1. */
static int
proc_number(pid_t tid, const char *field)
{
	char path[40], line[128];
	int n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	f = fopen(path, "re");
	if (!f)
		return -1;
	while (n < 0 && fgets(line, sizeof(line), f)) {
		if (strncmp(line, field, strlen(field)) == 0 && line[strlen(field)] == ':')
			n = atoi(line + strlen(field) + 1);
	}
	fclose(f);
	return n;
}

static void handle(struct host_tracer *h, pid_t tid, int status);

static void
release_held(struct host_tracer *h, struct tracee *e, int parent_tid, enum trace_how how)
{
	int tgid = proc_number(e->t.tid, "Tgid");

	if (tgid > 0)
		e->t.tgid = tgid;
	announce(h, e, parent_tid, how);
	if (!e->held)
		return;
	e->held = false;
	h->held--;
	handle(h, e->t.tid, e->held_status);
}

static bool
makes_tasks(uint64_t nr)
{
	return nr == SYS_clone || nr == SYS_clone3 || nr == SYS_fork || nr == SYS_vfork;
}

/* The parent of a held task may have died before it could tell. */
static void
release_orphans(struct host_tracer *h)
{
	struct tracee *e, *orphan;
	unsigned int i;

	do {
		orphan = NULL;
		for (i = 0; i < TRACEE_BUCKETS; i++) {
			for (e = h->tracees[i]; e; e = e->next) {
				if (e->in_call && !e->gone && makes_tasks(e->nr))
					return;
				if (e->held)
					orphan = e;
			}
		}
		if (orphan)
			release_held(h, orphan, proc_number(orphan->t.tid, "PPid"), TRACE_CLONE);
	} while (orphan && h->held);
}

static void
syscall_enter_stop(struct host_tracer *h, struct tracee *e, const struct ptrace_syscall_info *info)
{
	e->nr = info->entry.nr;
	e->t.sp = info->stack_pointer;
	e->t.ip = info->instruction_pointer;
	memcpy(e->args, info->entry.args, sizeof(e->args));
	if (!h->executed && e->nr != SYS_execve) {
		tracee_go_on(e, 0);
		return;
	}
	if (!h->executed && !e->announced)
		announce(h, e, 0, TRACE_FIRST);
	e->in_call = true;
	h->executed = true;
	tamper_enter(h, e);
	HOOK(h, enter, &e->t, e->nr, e->args);
	if (e->rule && e->rule->delay_enter)
		tamper_delay(h, e, e->rule->delay_enter, e->rule->signal);
	else
		tracee_go_on(e, e->rule ? e->rule->signal : 0);
}

static void
syscall_exit_stop(struct host_tracer *h, struct tracee *e, int64_t result)
{
	e->in_call = false;
	if (!h->first_exec && result < 0)
		h->executed = false; /* what follows is no program's */
	result = tamper_exit(h, e, result);
	HOOK(h, exit, &e->t, e->nr, e->args, result);
	if (e->rule && e->rule->delay_exit)
		tamper_delay(h, e, e->rule->delay_exit, 0);
	else
		tracee_go_on(e, 0);
}

/* Lets the task go on, now or later. */
static void
syscall_stop(struct host_tracer *h, struct tracee *e)
{
	struct ptrace_syscall_info info;
	bool known = host_ptrace(PTRACE_GET_SYSCALL_INFO, e->t.tid, sizeof(info), (uintptr_t)&info) > 0;

	if (known && info.op == PTRACE_SYSCALL_INFO_ENTRY)
		syscall_enter_stop(h, e, &info);
	else if (known && info.op == PTRACE_SYSCALL_INFO_EXIT && e->in_call)
		syscall_exit_stop(h, e, info.exit.rval);
	else
		tracee_go_on(e, 0);
}

/* All other threads of the group are dead, and if the leader was among them this one has taken its place. */
static void
exec_stop(struct host_tracer *h, struct tracee *e)
{
	unsigned long former = 0;
	struct tracee *other;

	h->first_exec = true;
	if (host_ptrace(PTRACE_GETEVENTMSG, e->t.tid, 0, (uintptr_t)&former) == 0 && former && (pid_t)former != e->t.tid) {
		other = tracee_find(h, (pid_t)former);
		if (other) {
			e->t.superseded_by = (int)former;
			report_gone(h, e, TRACE_SUPERSEDED);
			tracee_unlink(h, other);
			other->t.tid = e->t.tid;
			tracee_remove(h, e);
			tracee_insert(h, other);
			e = other;
		}
	}
	HOOK(h, exec, &e->t, former ? (int)former : e->t.tid);
}

static void
clone_stop(struct host_tracer *h, struct tracee *e, int event)
{
	unsigned long tid = 0;
	struct tracee *c;

	if (host_ptrace(PTRACE_GETEVENTMSG, e->t.tid, 0, (uintptr_t)&tid) < 0)
		return;
	c = tracee_find(h, (pid_t)tid);
	if (c && c->announced)
		return;
	if (!c)
		c = tracee_add(h, (pid_t)tid);
	release_held(h, c, e->t.tid,
		     event == PTRACE_EVENT_FORK ? TRACE_FORK : event == PTRACE_EVENT_VFORK ? TRACE_VFORK : TRACE_CLONE);
}

/* A leader that another thread's execve kills is superseded when that succeeds. */
static bool
waits_for_execve(struct host_tracer *h, const struct tracee *leader)
{
	const struct tracee *e;
	unsigned int i;

	for (i = 0; i < TRACEE_BUCKETS && leader->t.tid == leader->t.tgid; i++) {
		for (e = h->tracees[i]; e; e = e->next) {
			if (e != leader && e->t.tgid == leader->t.tgid && e->in_call &&
			    (e->nr == SYS_execve || e->nr == SYS_execveat))
				return true;
		}
	}
	return false;
}

static void
exit_stop(struct host_tracer *h, struct tracee *e)
{
	unsigned long status = 0;

	if (waits_for_execve(h, e))
		return; /* reported by exec_stop(), or when the process has ended */
	if (host_ptrace(PTRACE_GETEVENTMSG, e->t.tid, 0, (uintptr_t)&status) == 0)
		report_gone(h, e, (int)status);
}

/* Returns whether the task is to go on; a group stop lasts. */
static bool
event_stop(struct host_tracer *h, struct tracee *e, int event, int sig)
{
	switch (event) {
	case PTRACE_EVENT_STOP:
		if (sig != SIGSTOP && sig != SIGTSTP && sig != SIGTTIN && sig != SIGTTOU)
			return true;
		HOOK(h, stopped, &e->t, sig);
		host_ptrace(PTRACE_LISTEN, e->t.tid, 0, 0);
		return false;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		clone_stop(h, e, event);
		return true;
	case PTRACE_EVENT_EXEC:
		exec_stop(h, e);
		return true;
	case PTRACE_EVENT_EXIT:
		exit_stop(h, e);
		return true;
	}
	return true;
}

static void
signal_stop(struct host_tracer *h, struct tracee *e, int sig)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = sig;
	if (host_ptrace(PTRACE_PEEKUSR, e->t.tid, RIP * 8, (uintptr_t)&e->t.ip) < 0)
		e->t.ip = 0;
	if (h->executed && host_ptrace(PTRACE_GETSIGINFO, e->t.tid, 0, (uintptr_t)&info) == 0)
		HOOK(h, signal, &e->t, &info);
	tracee_go_on(e, sig);
}

static void
kill_rest(struct host_tracer *h)
{
	struct tracee *e;
	unsigned int i;

	for (i = 0; i < TRACEE_BUCKETS; i++) {
		for (e = h->tracees[i]; e; e = e->next)
			kill(e->t.tgid, SIGKILL);
	}
}

static void
ended(struct host_tracer *h, struct tracee *e, int status)
{
	report_gone(h, e, status);
	if (e->t.tid == h->first) {
		h->status = status;
		h->first_ended = true;
		host_program_ended();
	}
	tracee_remove(h, e);
	if (h->first_ended && h->o->end_with_first)
		kill_rest(h);
}

static void
stopped(struct host_tracer *h, struct tracee *e, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16;
	pid_t tid = e->t.tid;

	if (event) {
		if (event_stop(h, e, event, sig))
			host_ptrace(PTRACE_SYSCALL, tid, 0, 0);
	} else if (sig == SYSCALL_TRAP) {
		syscall_stop(h, e);
	} else {
		signal_stop(h, e, sig);
	}
}

static void
handle(struct host_tracer *h, pid_t tid, int status)
{
	struct tracee *e = tracee_find(h, tid);

	if (!e && !WIFSTOPPED(status))
		return; /* a leader that another thread's execve has replaced, or one never heard of */
	if (!e)
		e = tracee_add(h, tid);
	if (WIFEXITED(status) || WIFSIGNALED(status)) {
		ended(h, e, status);
	} else if (!e->announced && tid != h->first) {
		e->held = true;
		e->held_status = status;
		h->held++;
	} else if (WIFSTOPPED(status)) {
		stopped(h, e, status);
	}
	if (h->held)
		release_orphans(h);
}

static void
loop(struct host_tracer *h)
{
	int status;
	pid_t tid;

	for (;;) {
		tid = waitpid(-1, &status, __WALL | __WNOTHREAD);
		if (tid < 0 && errno != EINTR)
			return;
		if (h->delayed)
			tamper_wake(h);
		if (tid > 0)
			handle(h, tid, status);
		if (h->first_ended && !h->o->follow)
			return;
	}
}

/* Seizes the child while it waits in read(2), and lets it go. */
static int
seize(struct host_tracer *h, int go)
{
	unsigned long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL;

	if (h->o->follow)
		options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
	if (host_ptrace(PTRACE_SEIZE, h->first, 0, options) < 0 || host_ptrace(PTRACE_INTERRUPT, h->first, 0, 0) < 0)
		return -errno;
	tracee_add(h, h->first);
	return write(go, "", 1) == 1 ? 0 : -errno;
}

static int
run(struct host_tracer *h, const char *path, char *const argv[], char *const envp[], int go[2], int report[2])
{
	struct caught_signals old;
	sigset_t all, before;
	int err;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before); /* until they can be passed on */
	h->first = fork();
	if (h->first == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		host_program_start(path, argv, envp, h->o, go[0], report[1]);
	}
	close(report[1]);
	report[1] = -1;
	err = h->first < 0 ? -errno : seize(h, go[1]);
	if (h->o->pass_signals) {
		host_program_catch(h->first, &old);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (err == 0)
		loop(h);
	else if (h->first > 0) {
		kill(h->first, SIGKILL);
		waitpid(h->first, NULL, __WALL);
	}
	if (h->o->pass_signals)
		host_program_uncatch(&old);
	return err;
}

int
host_trace(char *const argv[], char *const envp[], const struct host_trace_options *o, const struct trace_hooks *hooks)
{
	struct host_tracer h = { .o = o, .hooks = hooks };
	int go[2] = { -1, -1 }, report[2] = { -1, -1 }, err, said, i;
	const char *path = host_program_find(argv[0], envp);

	if (!path)
		return -errno;
	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0)
		err = -errno;
	else
		err = run(&h, path, argv, envp, go, report);
	if (err == 0 && read(report[0], &said, sizeof(said)) == sizeof(said))
		err = said;
	for (i = 0; i < 2; i++) {
		close(go[i]);
		if (report[i] >= 0)
			close(report[i]);
	}
	tracee_free_all(&h);
	tamper_end(&h);
	return err < 0 ? err : h.status;
}
