/* SPDX-License-Identifier: MIT
 *
 * Notify workers: receive a call, serve it, answer it.
 */
#include <asm/unistd.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kernel/entry.h"
#include "trap/host.h"
#include "trap/remote/fiber.h"
#include "trap/remote/leader.h"
#include "trap/remote/ptrace.h"
#include "trap/remote/remote.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#define NOTIF_FD_SYNC_WAKE_UP 1UL

static void
answer(struct trap_task *rt, uint64_t id, int64_t ret)
{
	struct seccomp_notif_resp resp = { .id = id };

	if (ret < 0 && ret >= -MAX_ERRNO)
		resp.error = (int32_t)ret;
	else
		resp.val = ret;
	guest_goes(rt);
	ioctl(remote.listener, SECCOMP_IOCTL_NOTIF_SEND, &resp); /* fails if the thread is dead: the tracer sees that */
}

/*
 * exit(2) of a thread whose process lives on: the host thread ends by the same call. That the host makes the program's own call is safe
 * for this one alone: it reads no memory, and number and argument are those that were received.
 */
static void
let_exit(const struct seccomp_notif *n)
{
	struct seccomp_notif_resp resp = { .id = n->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	if (n->data.nr == __NR_exit)
		ioctl(remote.listener, SECCOMP_IOCTL_NOTIF_SEND, &resp); /* fails if it is dead already */
}

/* There is work, or a restart: the thread must stop before program code, where the tracer takes over. */
static void
answer_and_stop(struct trap_task *rt, const struct seccomp_notif *n, int64_t ret)
{
	bool dead;
	int err;

	rt_get(rt);
	rt->result = ret;
	rt->override = true; /* from now on the tracer may take it, at the stop or dead */
	err = rt_kick(rt);
	pthread_mutex_lock(&leave_lock);
	dead = (err < 0 || atomic_load(&rt->host_dead)) && rt->override;
	if (dead)
		rt->override = false;
	pthread_mutex_unlock(&leave_lock);
	if (dead)
		serve_death(rt);
	else
		answer(rt, n->id, 0);
	rt_put(rt);
}

bool
stop_in_call(struct trap_task *rt)
{
	if (rt->stop != STOP_NONE)
		return !atomic_load(&rt->host_dead);
	__atomic_store_n(&rt->parking, 1, __ATOMIC_SEQ_CST);
	if (atomic_load(&rt->host_dead) || rt_kick(rt) < 0)
		return false;
	answer(rt, rt->notif_id, 0);
	while (__atomic_load_n(&rt->parking, __ATOMIC_ACQUIRE) && !atomic_load(&rt->host_dead))
		host_futex_wait(&rt->parking, 1, INT64_MAX);
	return !atomic_load(&rt->host_dead);
}

/* The caller's task, which is in the kernel from now on. NULL: the thread has died; or its call is refused. */
static struct trap_task *
claim_caller(const struct seccomp_notif *n)
{
	struct trap_task *rt;
	uint32_t user = MODE_USER;
	bool claimed, left;

	pthread_mutex_lock(&leave_lock);
	rt = rt_of((pid_t)n->pid);
	left = rt && !rt->t;
	if (left)
		rt = NULL;
	claimed = rt && __atomic_compare_exchange_n(&rt->t->mode, &user, MODE_KERNEL, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&leave_lock);
	if (left)
		let_exit(n); /* inject_exit() */
	else if (rt && !claimed)
		answer(rt, n->id, -ENOSYS); /* code that the program put where a call was to be injected */
	return claimed ? rt : NULL;
}

void
serve_notified(const struct seccomp_notif *n)
{
	struct trap_task *rt = claim_caller(n);
	struct pt_regs *r;
	struct task *t;
	int64_t ret;

	if (!rt)
		return;
	guest_comes(rt);
	t = rt->t;
	rt->notif_id = n->id;
	rt->nr = n->data.nr;
	rt->cpu = sched_getcpu(); /* the caller's own: see NOTIF_FD_SYNC_WAKE_UP */
	rt->cpu_age = 0;
	r = &t->regs;
	r->orig_rax = (uint64_t)n->data.nr;
	r->rip = n->data.instruction_pointer;
	r->rdi = n->data.args[0]; /* for /proc/PID/syscall; the stack pointer is not known */
	r->rsi = n->data.args[1];
	r->rdx = n->data.args[2];
	r->r10 = n->data.args[3];
	r->r8 = n->data.args[4];
	r->r9 = n->data.args[5];
	ret = syscall_enter(t, (uint64_t)(uint32_t)n->data.nr, (const uint64_t *)n->data.args);
	if (t->flags & PF_EXITING) {
		t->k->trap->exit(t);
		let_exit(n);
	} else if (ret == SYSCALL_REGS_SET) {
		finish_and_resume(t->trap); /* execve: another host thread by now */
	} else if (atomic_load(&rt->host_dead)) {
		serve_death(rt);
	} else if (rt->stop != STOP_NONE) {
		t->regs.rax = (uint64_t)ret;
		finish_and_resume(rt);
	} else if (is_restart_code((uint64_t)ret) || !exit_to_user_fast(t)) {
		answer_and_stop(rt, n, ret);
	} else {
		leader_before_answer();
		answer(rt, n->id, ret);
	}
}

/* A call to serve, or to go on with. NULL: the instance ends. */
static struct fiber *
next_call(void)
{
	struct fiber *f = fiber_ready(), *fresh;
	int64_t err;

	if (f)
		return f;
	fresh = fiber_idle();
	for (;;) {
		memset(&fresh->n, 0, sizeof(fresh->n));
		err = receive_unless_ready(remote.listener, SECCOMP_IOCTL_NOTIF_RECV, &fresh->n, &remote.k->ready->head);
		if (err == 0)
			return fresh;
		f = fiber_ready();
		if (f || (err != -EINTR && err != -ENOENT)) {
			fiber_put(fresh);
			return f;
		}
	}
}

/* Until somebody else does. False: there is nothing to lead any more. */
static bool
lead(void)
{
	struct fiber *f;

	leader_begins();
	do {
		f = next_call();
		if (!f)
			return false;
		leader_serves();
		fiber_run(f);
	} while (leader_served());
	return true;
}

void *
notify_worker(void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, LEADER_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	do {
		if (!lead())
			return NULL;
	} while (leader_park());
	return arg;
}

int
notify_start(void)
{
	int err = fiber_init();

	if (err < 0)
		return err;
	ioctl(remote.listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, NOTIF_FD_SYNC_WAKE_UP); /* Linux 6.6; slower without */
	return leader_start();
}
