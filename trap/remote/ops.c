/* SPDX-License-Identifier: MIT
 *
 * trap_ops of the remote trap: what kernel code asks for.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "kernel/exec.h"
#include "mm/mm.h"
#include "src/readiness.h"
#include "trap/host.h"
#include "trap/remote/fiber.h"
#include "trap/remote/ptrace.h"
#include "trap/remote/remote.h"

static size_t
copy_vm(pid_t pid, void *local, uint64_t addr, size_t n, bool write)
{
	size_t done = 0;

	if (pid <= 0)
		return 0;
	/* A call moves as much as it can up to the first bad page of the remote side. */
	while (done < n) {
		struct iovec l = { (char *)local + done, n - done };
		struct iovec r = { (void *)(uintptr_t)(addr + done), n - done };
		ssize_t got = write ? process_vm_writev(pid, &l, 1, &r, 1, 0) : process_vm_readv(pid, &l, 1, &r, 1, 0);

		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return done;
}

static size_t
remote_copy_from(struct task *t, void *to, uint64_t from, size_t n)
{
	return copy_vm(t->host_tid.id, to, from, n, false);
}

static size_t
remote_copy_to(struct task *t, uint64_t to, const void *from, size_t n)
{
	return copy_vm(t->host_tid.id, (void *)from, to, n, true);
}

struct cmpxchg_arg {
	struct trap_task *rt;
	uint64_t addr;
	uint32_t *expected, desired;
};

static int64_t
do_cmpxchg(void *p)
{
	struct cmpxchg_arg *arg = p;

	return inject_cmpxchg(arg->rt, arg->addr, arg->expected, arg->desired);
}

/*
 * Done by the thread itself, which is stopped for it: nobody else can do it in one step. A look first costs less, and brings the page
 * in. A program that has taken its vDSO away, and a thread that the host has killed, have it in two steps.
 */
static int
remote_cmpxchg32(struct task *t, uint64_t u, uint32_t *expected, uint32_t desired)
{
	struct cmpxchg_arg arg = { t->trap, u, expected, desired };
	uint32_t now;
	int64_t err;

	if (remote_copy_from(t, &now, u, 4) != 4)
		return -EFAULT;
	if (now != *expected) {
		*expected = now;
		return 0;
	}
	err = stop_in_call(arg.rt) ? tracer_run(do_cmpxchg, &arg) : -ESRCH;
	if (err == 0 || err == -EFAULT)
		return (int)err;
	return remote_copy_to(t, u, &desired, 4) == 4 ? 0 : -EFAULT;
}

struct mm_call_arg {
	struct trap_task *rt;
	long nr;
	const uint64_t *a;
};

static int64_t
do_mm_call(void *p)
{
	struct mm_call_arg *arg = p;

	return inject_call(arg->rt, arg->nr, arg->a);
}

static int64_t
remote_mm_call(struct task *t, long nr, const uint64_t a[6])
{
	struct mm_call_arg arg = { t->trap, nr, a };

	return tracer_run(do_mm_call, &arg);
}

/*
 * mmap_lock is held over mm_call on the tracer only, which takes it for faults and forks: it could not wait for a worker that waits
 * for it.
 */
static int64_t
remote_mm_run(struct task *t, int64_t (*fn)(void *arg), void *arg)
{
	return stop_in_call(t->trap) ? tracer_run(fn, arg) : -ESRCH;
}

static int64_t
do_look(void *p)
{
	struct trap_task *rt = p;

	return rt->stop != STOP_NONE && pt(PTRACE_PEEKUSER, rt->tid, 0, (uintptr_t)&(long){ 0 }) < 0;
}

/* A thread that has been killed is no longer at its stop, long before its death shows. */
static bool
remote_lost(struct task *t)
{
	struct trap_task *rt = t->trap;

	return rt && !rt->unloaded && (atomic_load(&rt->host_dead) || tracer_run(do_look, rt));
}

struct clone_arg {
	struct task *t, *child;
	uint64_t flags;
};

/* The child's first moments, in a thread that may sleep. */
static void
start_child(struct trap_task *crt)
{
	schedule_tail(crt->t);
	finish_and_resume(crt);
}

/* The same on the tracer, where that does not have to wait for whoever watches. */
static void
start_child_here(struct task *child)
{
	child->regs.rax = 0;
	child->regs_valid = true;
	if (child->k->params.watch) {
		pool_submit(start_child, child->trap);
	} else {
		schedule_tail(child);
		finish_here(child->trap);
	}
}

/* On the tracer: clone, adopt, start. */
static int64_t
do_clone(void *p)
{
	struct clone_arg *arg = p;
	struct task *child = arg->child;
	struct trap_task *rt = arg->t->trap, *crt;
	struct trap_process *proc = rt->proc;
	bool thread = (arg->flags & CLONE_THREAD) != 0, forks;
	uint64_t flags = CLONE_PTRACE | CLONE_FILES | CLONE_PARENT | (arg->flags & (CLONE_VM | CLONE_SETTLS));
	uint64_t a[6] = { flags, child->regs.rsp, 0, 0, child->regs.fs_base };
	pid_t pid;
	int64_t err;

	if (thread)
		a[0] = CLONE_PTRACE | CLONE_FILES | CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
		       (arg->flags & CLONE_SETTLS);
	forks = !(a[0] & CLONE_VM);
	if (forks) {
		err = mm_clone_begin(arg->t, child);
		if (err)
			return err;
	}
	err = inject_clone(rt, a, &pid);
	if (forks)
		mm_clone_end(arg->t);
	if (err < 0)
		return err;
	if (!thread) {
		proc = calloc(1, sizeof(*proc));
		if (!proc)
			return -ENOMEM;
		proc->pid = pid;
		proc->room = rt->proc->room;
		WRITE_ONCE(child->signal->host_process.id, pid);
	}
	child->mode = MODE_KERNEL; /* before anybody could hear of its death */
	crt = rt_new(child, pid, proc);
	if (!crt)
		return -ENOMEM;
	crt->stop = STOP_OTHER;
	gather_child(rt, crt);
	child->trap = crt;
	child->host_tid = HPID(pid);
	start_child_here(child);
	return 0;
}

static int
remote_clone(struct task *t, struct task *child, uint64_t flags)
{
	struct clone_arg arg = { t, child, flags };

	/* Another thread has changed the flags since clone_is_quick() saw them: what is this now could sleep. */
	if (is_tracer() && !clone_is_quick(flags))
		return -EAGAIN;
	return (int)tracer_run(do_clone, &arg);
}

static void
remote_kick(struct task *t)
{
	struct trap_task *rt;

	pthread_mutex_lock(&leave_lock);
	rt = t->trap;
	if (rt && rt->t == t && !atomic_exchange(&rt->kick_pending, true))
		ignore_err(rt_kick(rt), "it has died, and its tracer will hear of it");
	pthread_mutex_unlock(&leave_lock);
}

/* Of one thread: the host thread makes the call itself. */
static int64_t
do_let_exit(void *p)
{
	struct trap_task *rt = p;

	inject_exit(rt);
	rt_put(rt);
	return 0;
}

static void
remote_exit(struct task *t)
{
	struct trap_task *rt = t->trap;

	if (rt) {
		bool last = atomic_load(&rt->proc->tasks) == 1;

		pthread_mutex_lock(&leave_lock);
		t->trap = NULL;
		t->host_tid = HPID_NONE;
		rt->t = NULL;
		pthread_mutex_unlock(&leave_lock);
		if (!last && rt->stop != STOP_NONE) {
			rt_get(rt);
			tracer_post(do_let_exit, rt);
		}
		rt_leave(rt);
	}
	put_task_struct(t);
}

static void
remote_poll_add(struct kernel *k, hfd_t fd, struct host_poll *hp)
{
	readiness_add(fd, hp);
}

static void
remote_poll_del(struct kernel *k, struct host_poll *hp)
{
	readiness_del(hp);
}

const struct trap_ops remote_trap_ops = {
	.name = "remote",
	.copy_from = remote_copy_from,
	.copy_to = remote_copy_to,
	.cmpxchg32 = remote_cmpxchg32,
	.copy_from_other = remote_copy_from,
	.copy_to_other = remote_copy_to,
	.mm_call = remote_mm_call,
	.mm_run = remote_mm_run,
	.is_mm_call = remote_is_mm_call,
	.lost = remote_lost,
	.clone = remote_clone,
	.exec = remote_exec,
	.own_usage = remote_own_usage,
	.process_times = remote_process_times,
	.sleep = fiber_sleep,
	.wake = fiber_wake,
	.kick = remote_kick,
	.exit = remote_exit,
	.xstate_size = remote_xstate_size,
	.xstate_save = remote_xstate_save,
	.xstate_restore = remote_xstate_restore,
	.xstate_reset = remote_xstate_reset,
	.host_poll_add = remote_poll_add,
	.host_poll_del = remote_poll_del,
};
