/* SPDX-License-Identifier: MIT
 *
 * A program on the host's kernel, seen by ptrace(2).
 *
 * The child waits in a read(2) until it is seized, then executes the program; nothing before that execve is reported. Every stop
 * is taken from one waitpid() of this thread's tracees and answered at once, so that there is never more than one stop in hand.
 * Threads and processes made by a tracee are seized by the kernel; one that stops before its parent's PTRACE_EVENT_* has told of
 * it is held until that comes, and released without it when no tracee is inside a call that could still tell (its parent was
 * killed on the way). A tracee may be killed at any moment: a request that finds none (ESRCH) is dropped, waitpid() will say why.
 *
 * PTRACE_O_TRACEEXIT shows a thread's end while its memory is there, and also that of a leader whose other threads live on.
 * A group stop is left as it is (PTRACE_LISTEN), so that SIGCONT ends it.
 */
#include "src/host-tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/reg.h>
#include <time.h>
#include <unistd.h>

#include "kernel/inject.h"

#define BUCKETS	     256
#define SYSCALL_TRAP (SIGTRAP | 0x80)

/* Signals that somebody sends us are meant for this process, the program. */
static volatile pid_t pass_to;

struct tracee {
	struct tracee *next;
	struct traced t;
	bool announced; /* new_task was called */
	bool held;	/* stopped, and waits to be announced */
	int held_status;
	bool in_call, gone;
	uint64_t nr, args[6];
	const struct inject_rule *rule; /* for the call it is in */
	struct inject_state *inject;
	unsigned int order; /* of being announced, from 1 */
	uint64_t wake;	 /* delayed until then (CLOCK_MONOTONIC, ns), or 0 */
	int wake_signal; /* and goes on with this signal */
};

struct host_tracer {
	unsigned int announced; /* tasks so far */
	const struct host_trace_options *o;
	const struct trace_hooks *hooks;
	pid_t first;
	bool executed; /* the first execve has been seen */
	bool first_exec; /* and has succeeded */
	int status;    /* of the first process */
	bool first_ended;
	unsigned int held, delayed;
	timer_t timer; /* interrupts waitpid() while tracees are delayed */
	bool have_timer;
	struct sigaction old_alarm;
	struct tracee *tracees[BUCKETS];
};

#define HOOK(h, name, ...)                                                                                                  \
	do {                                                                                                               \
		if ((h)->hooks->name)                                                                                      \
			(h)->hooks->name((h)->hooks->ctx, __VA_ARGS__);                                                    \
	} while (0)

static long
pt(long request, pid_t tid, uintptr_t addr, uintptr_t data)
{
	return syscall(SYS_ptrace, request, tid, addr, data);
}

static size_t
peek(void *ctx, uint64_t addr, void *buf, size_t n)
{
	const struct tracee *e = ctx;
	struct iovec to = { buf, n }, from = { (void *)(uintptr_t)addr, n };
	ssize_t got = process_vm_readv(e->t.tid, &to, 1, &from, 1, 0);

	return got < 0 ? 0 : (size_t)got;
}

static bool
look(void *ctx, int fd, struct trace_fd *out)
{
	const struct tracee *e = ctx;
	char link[64];
	struct stat st;
	ssize_t n;

	if (fd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", e->t.tid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", e->t.tid, fd);
	n = readlink(link, out->path, sizeof(out->path) - 1);
	if (n < 0 || stat(link, &st) < 0)
		return false;
	out->path[n] = '\0';
	out->mode = st.st_mode;
	out->major = major(st.st_rdev);
	out->minor = minor(st.st_rdev);
	return true;
}

static struct tracee *
find(struct host_tracer *h, pid_t tid)
{
	struct tracee *e;

	for (e = h->tracees[tid % BUCKETS]; e; e = e->next) {
		if (e->t.tid == tid)
			return e;
	}
	return NULL;
}

static void
insert(struct host_tracer *h, struct tracee *e)
{
	e->next = h->tracees[e->t.tid % BUCKETS];
	h->tracees[e->t.tid % BUCKETS] = e;
}

static void
unlink_tracee(struct host_tracer *h, struct tracee *e)
{
	struct tracee **p = &h->tracees[e->t.tid % BUCKETS];

	while (*p != e)
		p = &(*p)->next;
	*p = e->next;
}

static struct tracee *
add(struct host_tracer *h, pid_t tid)
{
	struct tracee *e = calloc(1, sizeof(*e));

	if (!e)
		abort();
	e->t = (struct traced){ .tid = tid, .tgid = tid, .mem = { e, peek, look } };
	insert(h, e);
	return e;
}

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
		for (i = 0; i < BUCKETS; i++) {
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
remove_tracee(struct host_tracer *h, struct tracee *e)
{
	unlink_tracee(h, e);
	if (e->held)
		h->held--;
	if (e->wake)
		h->delayed--;
	free(e->inject);
	free(e);
}

static void
go_on(struct tracee *e, int sig)
{
	pt(PTRACE_SYSCALL, e->t.tid, 0, (uintptr_t)sig);
}

static void
nothing(int sig)
{
}

static uint64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* The timer only interrupts waitpid(); that it goes on makes up for a signal that came just before. */
static void
arm_timer(struct host_tracer *h, uint64_t ns)
{
	struct itimerspec it = { .it_interval = { 0, 2000000 },
				 .it_value = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) } };

	timer_settime(h->timer, 0, &it, NULL);
}

static bool
make_timer(struct host_tracer *h)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM };
	struct sigaction sa = { .sa_handler = nothing };

	if (h->have_timer)
		return true;
	ev._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	sigaction(SIGALRM, &sa, &h->old_alarm);
	h->have_timer = timer_create(CLOCK_MONOTONIC, &ev, &h->timer) == 0;
	return h->have_timer;
}

/* Instead of letting a stopped tracee go on. */
static void
delay(struct host_tracer *h, struct tracee *e, uint64_t ns, int sig)
{
	if (!make_timer(h))
		return;
	e->wake = now() + ns;
	e->wake_signal = sig;
	h->delayed++;
	arm_timer(h, ns ? ns : 1);
}

/* Lets those go on whose time has come, and waits for the next. */
static void
wake_delayed(struct host_tracer *h)
{
	uint64_t next = UINT64_MAX, t = now();
	struct tracee *e;
	unsigned int i;

	for (i = 0; i < BUCKETS; i++) {
		for (e = h->tracees[i]; e; e = e->next) {
			if (e->wake && e->wake <= t) {
				e->wake = 0;
				h->delayed--;
				go_on(e, e->wake_signal);
			} else if (e->wake && e->wake < next) {
				next = e->wake;
			}
		}
	}
	if (h->delayed)
		arm_timer(h, next - t);
	else
		timer_settime(h->timer, 0, &(struct itimerspec){ .it_value = { 0, 0 } }, NULL);
}

static void
set_register(struct tracee *e, int reg, uint64_t v)
{
	pt(PTRACE_POKEUSR, e->t.tid, (uintptr_t)reg * 8, v);
}

/* Writes to where the arguments point, through the program's own protections. */
static void
poke(struct host_tracer *h, struct tracee *e, unsigned int after)
{
	const struct inject_rules *r = h->o->inject;
	unsigned int i, n = e->rule ? e->rule->npokes[after] : 0;
	char path[40];
	int fd;

	if (!n)
		return;
	snprintf(path, sizeof(path), "/proc/%d/mem", e->t.tid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	for (i = 0; fd >= 0 && i < n; i++) {
		const struct inject_poke *p = &e->rule->poke[after][i];

		if (p->arg < r->nargs[e->nr] && pwrite(fd, r->data + p->at, p->len, (off_t)e->args[p->arg]) == p->len)
			e->t.tampered |= TRACE_POKED;
	}
	if (fd >= 0)
		close(fd);
}

/* A call without a number is not made; its result is put in place at the end. */
static void
tamper_enter(struct host_tracer *h, struct tracee *e)
{
	const struct inject_rules *r = h->o->inject;

	e->rule = NULL;
	e->t.tampered = 0;
	if (!r || !h->first_exec || e->order <= r->spare)
		return; /* the execve of the program itself is not one of its calls */
	if (!e->inject)
		e->inject = calloc(1, sizeof(*e->inject));
	e->rule = inject_rule_hit(r, e->inject, e->nr);
	if (!e->rule)
		return;
	e->t.tampered = (e->rule->has_result ? TRACE_INJECTED : 0) | (e->rule->delay_enter || e->rule->delay_exit ? TRACE_DELAYED : 0);
	if (e->rule->has_result)
		set_register(e, ORIG_RAX, e->rule->instead ? e->rule->instead : UINT64_MAX);
	poke(h, e, 0);
}

static void
syscall_enter_stop(struct host_tracer *h, struct tracee *e, const struct ptrace_syscall_info *info)
{
	e->nr = info->entry.nr;
	e->t.sp = info->stack_pointer;
	e->t.ip = info->instruction_pointer;
	memcpy(e->args, info->entry.args, sizeof(e->args));
	if (!h->executed && e->nr != SYS_execve) {
		go_on(e, 0);
		return;
	}
	if (!h->executed && !e->announced)
		announce(h, e, 0, TRACE_FIRST);
	e->in_call = true;
	h->executed = true;
	tamper_enter(h, e);
	HOOK(h, enter, &e->t, e->nr, e->args);
	if (e->rule && e->rule->delay_enter)
		delay(h, e, e->rule->delay_enter, e->rule->signal);
	else
		go_on(e, e->rule ? e->rule->signal : 0);
}

static void
syscall_exit_stop(struct host_tracer *h, struct tracee *e, int64_t result)
{
	e->in_call = false;
	if (!h->first_exec && result < 0)
		h->executed = false; /* what follows is no program's */
	if (e->rule && e->rule->has_result) {
		result = e->rule->result;
		set_register(e, RAX, (uint64_t)result);
	}
	poke(h, e, 1);
	HOOK(h, exit, &e->t, e->nr, e->args, result);
	if (e->rule && e->rule->delay_exit)
		delay(h, e, e->rule->delay_exit, 0);
	else
		go_on(e, 0);
}

/* Lets the task go on, now or later. */
static void
syscall_stop(struct host_tracer *h, struct tracee *e)
{
	struct ptrace_syscall_info info;
	bool known = pt(PTRACE_GET_SYSCALL_INFO, e->t.tid, sizeof(info), (uintptr_t)&info) > 0;

	if (known && info.op == PTRACE_SYSCALL_INFO_ENTRY)
		syscall_enter_stop(h, e, &info);
	else if (known && info.op == PTRACE_SYSCALL_INFO_EXIT && e->in_call)
		syscall_exit_stop(h, e, info.exit.rval);
	else
		go_on(e, 0);
}

/* All other threads of the group are dead, and if the leader was among them this one has taken its place. */
static void
exec_stop(struct host_tracer *h, struct tracee *e)
{
	unsigned long former = 0;
	struct tracee *other;

	h->first_exec = true;
	if (pt(PTRACE_GETEVENTMSG, e->t.tid, 0, (uintptr_t)&former) == 0 && former && (pid_t)former != e->t.tid) {
		other = find(h, (pid_t)former);
		if (other) {
			e->t.superseded_by = (int)former;
			report_gone(h, e, TRACE_SUPERSEDED);
			unlink_tracee(h, other);
			other->t.tid = e->t.tid;
			remove_tracee(h, e);
			insert(h, other);
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

	if (pt(PTRACE_GETEVENTMSG, e->t.tid, 0, (uintptr_t)&tid) < 0)
		return;
	c = find(h, (pid_t)tid);
	if (c && c->announced)
		return;
	if (!c)
		c = add(h, (pid_t)tid);
	release_held(h, c, e->t.tid,
		     event == PTRACE_EVENT_FORK ? TRACE_FORK : event == PTRACE_EVENT_VFORK ? TRACE_VFORK : TRACE_CLONE);
}

/* A leader that another thread's execve kills is superseded when that succeeds. */
static bool
waits_for_execve(struct host_tracer *h, const struct tracee *leader)
{
	const struct tracee *e;
	unsigned int i;

	for (i = 0; i < BUCKETS && leader->t.tid == leader->t.tgid; i++) {
		for (e = h->tracees[i]; e; e = e->next) {
			if (e != leader && e->t.tgid == leader->t.tgid && e->in_call && (e->nr == SYS_execve || e->nr == SYS_execveat))
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
	if (pt(PTRACE_GETEVENTMSG, e->t.tid, 0, (uintptr_t)&status) == 0)
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
		pt(PTRACE_LISTEN, e->t.tid, 0, 0);
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
	if (pt(PTRACE_PEEKUSR, e->t.tid, RIP * 8, (uintptr_t)&e->t.ip) < 0)
		e->t.ip = 0;
	if (h->executed && pt(PTRACE_GETSIGINFO, e->t.tid, 0, (uintptr_t)&info) == 0)
		HOOK(h, signal, &e->t, &info);
	go_on(e, sig);
}

static void
kill_rest(struct host_tracer *h)
{
	struct tracee *e;
	unsigned int i;

	for (i = 0; i < BUCKETS; i++) {
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
		pass_to = 0;
	}
	remove_tracee(h, e);
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
			pt(PTRACE_SYSCALL, tid, 0, 0);
	} else if (sig == SYSCALL_TRAP) {
		syscall_stop(h, e);
	} else {
		signal_stop(h, e, sig);
	}
}

static void
handle(struct host_tracer *h, pid_t tid, int status)
{
	struct tracee *e = find(h, tid);

	if (!e && !WIFSTOPPED(status))
		return; /* a leader that another thread's execve has replaced, or one never heard of */
	if (!e)
		e = add(h, tid);
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
			wake_delayed(h);
		if (tid > 0)
			handle(h, tid, status);
		if (h->first_ended && !h->o->follow)
			return;
	}
}

static void
pass_on(int sig)
{
	int saved = errno;

	if (pass_to > 0) {
		kill(pass_to, sig);
	} else { /* what it left behind ends with us */
		signal(sig, SIG_DFL);
		raise(sig);
	}
	errno = saved;
}

static const int passed_on[] = { SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 }, terminals[] = { SIGINT, SIGQUIT, SIGTSTP };
#define NPASSED (sizeof(passed_on) / sizeof(passed_on[0]))
#define NTERMINALS (sizeof(terminals) / sizeof(terminals[0]))

static void
catch_signals(struct sigaction old[NPASSED + NTERMINALS])
{
	struct sigaction pass = { .sa_handler = pass_on }, leave = { .sa_handler = nothing };
	size_t i;

	for (i = 0; i < NPASSED; i++)
		sigaction(passed_on[i], &pass, &old[i]);
	for (i = 0; i < NTERMINALS; i++)
		sigaction(terminals[i], &leave, &old[NPASSED + i]);
}

static void
uncatch_signals(const struct sigaction old[NPASSED + NTERMINALS])
{
	size_t i;

	for (i = 0; i < NPASSED; i++)
		sigaction(passed_on[i], &old[i], NULL);
	for (i = 0; i < NTERMINALS; i++)
		sigaction(terminals[i], &old[NPASSED + i], NULL);
	pass_to = 0;
}

/* In the child. Only what says no error is left of it. */
static void __attribute__((noreturn))
be_program(const char *path, char *const argv[], char *const envp[], const struct host_trace_options *o, int go, int report)
{
	int err = o->in_child ? o->in_child(o->in_child_ctx) : 0;
	char c;

	if (err == 0) {
		while (read(go, &c, 1) < 0 && errno == EINTR)
			;
		execve(path, argv, envp);
		err = -errno;
	}
	if (write(report, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

/* The file execvp(3) would run; NULL with errno. */
static char *
find_program(const char *name, char *const envp[])
{
	const char *path = "/usr/local/bin:/bin:/usr/bin";
	int err = ENOENT;
	size_t len, i;
	char *full;

	if (strchr(name, '/'))
		return strdup(name);
	for (i = 0; envp[i]; i++) {
		if (strncmp(envp[i], "PATH=", 5) == 0)
			path = envp[i] + 5;
	}
	for (;; path += len + 1) {
		len = strcspn(path, ":");
		if (asprintf(&full, "%.*s%s%s", (int)len, path, len ? "/" : "", name) < 0)
			return NULL;
		if (access(full, X_OK) == 0)
			return full;
		if (errno == EACCES)
			err = EACCES;
		free(full);
		if (!path[len])
			break;
	}
	errno = err;
	return NULL;
}

/* Seizes the child while it waits in read(2), and lets it go. */
static int
seize(struct host_tracer *h, int go)
{
	unsigned long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL;

	if (h->o->follow)
		options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
	if (pt(PTRACE_SEIZE, h->first, 0, options) < 0 || pt(PTRACE_INTERRUPT, h->first, 0, 0) < 0)
		return -errno;
	add(h, h->first);
	return write(go, "", 1) == 1 ? 0 : -errno;
}

static int
run(struct host_tracer *h, const char *path, char *const argv[], char *const envp[], int go[2], int report[2])
{
	struct sigaction old[NPASSED + NTERMINALS];
	sigset_t all, before;
	int err;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before); /* until they can be passed on */
	h->first = fork();
	if (h->first == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		be_program(path, argv, envp, h->o, go[0], report[1]);
	}
	close(report[1]);
	report[1] = -1;
	err = h->first < 0 ? -errno : seize(h, go[1]);
	if (h->o->pass_signals) {
		pass_to = h->first;
		catch_signals(old);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (err == 0)
		loop(h);
	else if (h->first > 0) {
		kill(h->first, SIGKILL);
		waitpid(h->first, NULL, __WALL);
	}
	if (h->o->pass_signals)
		uncatch_signals(old);
	return err;
}

static void
free_all(struct host_tracer *h)
{
	unsigned int i;

	for (i = 0; i < BUCKETS; i++) {
		while (h->tracees[i])
			remove_tracee(h, h->tracees[i]);
	}
}

int
host_trace(char *const argv[], char *const envp[], const struct host_trace_options *o, const struct trace_hooks *hooks)
{
	struct host_tracer h = { .o = o, .hooks = hooks };
	int go[2] = { -1, -1 }, report[2] = { -1, -1 }, err, said, i;
	char *path = find_program(argv[0], envp);

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
	free_all(&h);
	if (h.have_timer) {
		timer_delete(h.timer);
		sigaction(SIGALRM, &h.old_alarm, NULL);
	}
	free(path);
	return err < 0 ? err : h.status;
}
