/* SPDX-License-Identifier: MIT
 *
 * The kernel's reports become hooks of src/trace/events.h. One lock orders them; hooks run under it. It is a leaf.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "kernel/task.h"
#include "src/trace/kernel.h"

/* task->trace, in the supervisor's own memory */
struct trace_state {
	struct traced t;
};

static struct {
	pthread_mutex_t lock;
	bool on;
	const struct trace_hooks *hooks;
	size_t (*peek)(void *task, uint64_t addr, void *buf, size_t n);
	bool (*look)(void *task, int fd, struct trace_fd *out);
	bool seen_first;
	const char *path;
	char *const *argv, *const *envp;
} tr = { .lock = PTHREAD_MUTEX_INITIALIZER };

#define HOOK(name, ...)                                                                                                     \
	do {                                                                                                               \
		if (tr.hooks->name)                                                                                        \
			tr.hooks->name(tr.hooks->ctx, __VA_ARGS__);                                                        \
	} while (0)

void
trace_start(const struct trace_hooks *hooks, size_t (*peek)(void *task, uint64_t addr, void *buf, size_t n),
	    bool (*look)(void *task, int fd, struct trace_fd *out), const char *path, char *const argv[], char *const envp[])
{
	tr.look = look;
	tr.hooks = hooks;
	tr.peek = peek;
	tr.path = path;
	tr.argv = argv;
	tr.envp = envp;
	__atomic_store_n(&tr.on, true, __ATOMIC_RELEASE);
}

void
trace_stop(void)
{
	pthread_mutex_lock(&tr.lock);
	__atomic_store_n(&tr.on, false, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&tr.lock);
}

static size_t
peek_own(void *ctx, uint64_t addr, void *buf, size_t n)
{
	memcpy(buf, (const void *)(uintptr_t)addr, n);
	return n;
}

/* The execve that stead made itself: its arguments are in our memory. */
static void
report_first_exec(struct traced *t)
{
	struct trace_mem mem = t->mem;
	uint64_t args[6] = { (uintptr_t)tr.path, (uintptr_t)tr.argv, (uintptr_t)tr.envp };

	t->mem = (struct trace_mem){ .peek = peek_own };
	HOOK(enter, t, SYS_execve, args);
	t->mem = mem;
	HOOK(exec, t, t->tid);
	HOOK(exit, t, SYS_execve, args, 0);
}

static struct traced *
add(struct task *t, int parent_tid, enum trace_how how)
{
	struct trace_state *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->t = (struct traced){ .tid = t->pid, .tgid = t->tgid, .mem = { t, tr.peek, tr.look } };
	t->trace = s;
	HOOK(new_task, &s->t, parent_tid, how);
	return &s->t;
}

/* Lock held, and tracing is on. A task is announced when it is made; the first one, when it is first heard of. */
static struct traced *
of(struct task *t)
{
	struct traced *tt;

	if (t->trace)
		return &t->trace->t;
	if (tr.seen_first)
		return add(t, t->real_parent->pid, TRACE_CLONE);
	tr.seen_first = true;
	tt = add(t, 0, TRACE_FIRST);
	report_first_exec(tt);
	return tt;
}

static bool
lock_trace(void)
{
	if (!__atomic_load_n(&tr.on, __ATOMIC_ACQUIRE))
		return false;
	pthread_mutex_lock(&tr.lock);
	if (tr.on)
		return true;
	pthread_mutex_unlock(&tr.lock);
	return false;
}

static void
unlock_trace(void)
{
	pthread_mutex_unlock(&tr.lock);
}

void
trace_new_task(struct task *t, struct task *parent, enum trace_how how)
{
	if (!lock_trace())
		return;
	of(parent);
	add(t, parent->pid, how);
	unlock_trace();
}

void
trace_enter(struct task *t, uint64_t nr, const uint64_t args[6])
{
	struct traced *tt;

	if (!lock_trace())
		return;
	tt = of(t);
	tt->sp = t->regs_valid ? t->regs.rsp : 0;
	tt->ip = t->trace_ip ? t->trace_ip : t->regs.rip;
	HOOK(enter, tt, nr, args);
	unlock_trace();
}

void
trace_exit(struct task *t, uint64_t nr, const uint64_t args[6], int64_t result, unsigned int tampered)
{
	struct traced *tt;
	int former;

	if (!lock_trace())
		return;
	tt = of(t);
	former = tt->tid;
	tt->tid = t->pid; /* de_thread() makes a thread that execs the leader */
	if ((nr == SYS_execve || nr == SYS_execveat) && result == 0)
		HOOK(exec, tt, former);
	tt->tampered = tampered;
	HOOK(exit, tt, nr, args, result);
	unlock_trace();
}

void
trace_signal(struct task *t, const siginfo_t *info)
{
	struct traced *tt;

	if (!lock_trace())
		return;
	tt = of(t);
	tt->ip = t->regs.rip;
	HOOK(signal, tt, info);
	unlock_trace();
}

void
trace_stopped(struct task *t, int sig)
{
	if (!lock_trace())
		return;
	HOOK(stopped, of(t), sig);
	unlock_trace();
}

void
trace_gone(struct task *t, int status)
{
	struct task *execer;
	struct traced *tt;

	if (!lock_trace())
		return;
	tt = of(t);
	tt->ip = 0;
	execer = t->signal->group_exec_task;
	if (t->tgid == t->pid && execer && execer != t) {
		tt->superseded_by = execer->pid;
		status = TRACE_SUPERSEDED;
	}
	HOOK(gone, tt, status);
	free(t->trace);
	t->trace = NULL;
	unlock_trace();
}
