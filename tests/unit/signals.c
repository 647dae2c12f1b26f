/* SPDX-License-Identifier: MIT
 *
 * Signals: handlers, restarts, queues, waits.
 */
#include <criterion/criterion.h>

#include <signal.h>
#include <unistd.h>
#include <sys/wait.h>
#include <linux/sched.h>

#include "kernel/cred.h"
#include "mm/uaccess.h"
#include "syscalls/proto.h"
#include "tests/unit/world.h"

static int caught[65], caught_code;

static void
catch(struct task *t, int sig, struct k_siginfo *info)
{
	caught[sig]++;
	caught_code = info->si_code;
}

static void
main_handler(struct task *t, uint64_t arg)
{
	ksigset_t chld = sigmask_of(SIGCHLD), none = 0;
	int64_t pid;
	int status;

	on_signal(t, SIGUSR1, (uintptr_t)catch, SA_SIGINFO_);
	CALL(t, sys_kill(t, t->tgid, SIGUSR1));
	cr_expect_eq(caught[SIGUSR1], 1);
	cr_expect_eq(caught_code, 0 /* SI_USER */);
	/* sigsuspend lets it in, and the mask from before is there again after it */
	on_signal(t, SIGCHLD, (uintptr_t)catch, SA_SIGINFO_);
	CALL(t, sys_rt_sigprocmask(t, 0, UADDR((uintptr_t)&chld), UNULL, 8));
	pid = spawn(t, prog_exit, 0, 0);
	cr_expect_eq(CALL(t, sys_rt_sigsuspend(t, UADDR((uintptr_t)&none), 8)), -EINTR);
	cr_expect_eq(t->blocked, chld);
	cr_expect_eq(caught[SIGCHLD], 1);
	cr_expect_eq(caught_code, 1 /* CLD_EXITED */);
	cr_expect_eq(wait4_(t, (int)pid, &status, 0), pid);
}

Test(signals, handler, .timeout = 20)
{
	world_run(main_handler, 0);
}

static void
prog_signal_parent(struct task *t, uint64_t pid)
{
	usleep(20000);
	CALL(t, sys_kill(t, (int)pid, SIGUSR1));
	usleep(20000);
}

static void
main_restart(struct task *t, uint64_t flags)
{
	int64_t pid, ret;
	int status;

	on_signal(t, SIGUSR1, (uintptr_t)catch, SA_SIGINFO_ | flags);
	pid = spawn(t, prog_signal_parent, (uint64_t)t->tgid, 0);
	ret = wait4_(t, (int)pid, &status, 0);
	cr_expect_eq(ret, flags ? pid : -EINTR, "%ld", (long)ret);
	cr_expect_eq(caught[SIGUSR1], 1);
	if (!flags)
		cr_expect_eq(wait4_(t, (int)pid, &status, 0), pid);
}

Test(signals, restart, .timeout = 20)
{
	world_run(main_restart, SA_RESTART_);
	check_empty();
}

Test(signals, no_restart, .timeout = 20)
{
	world_run(main_restart, 0);
	check_empty();
}

/* Queues */

static int order[16], norder;

static void
catch_order(struct task *t, int sig, struct k_siginfo *info)
{
	order[norder++] = sig * 1000 + (int)info->rt.value;
}

static void
queue(struct task *t, int sig, int value)
{
	struct k_siginfo info = { .si_signo = sig, .si_code = -1 };

	info.rt.value = (uint64_t)value;
	cr_assert_eq(CALL(t, sys_rt_sigqueueinfo(t, t->tgid, sig, UADDR((uintptr_t)&info))), 0);
}

static void
main_queue(struct task *t, uint64_t arg)
{
	ksigset_t all = ~0ULL, none = 0;
	int sigs[] = { 36, 34, SIGUSR2 };

	for (int i = 0; i < 3; i++)
		on_signal(t, sigs[i], (uintptr_t)catch_order, SA_SIGINFO_);
	CALL(t, sys_rt_sigprocmask(t, 2, UADDR((uintptr_t)&all), UNULL, 8));
	queue(t, 36, 1);
	queue(t, 34, 2);
	queue(t, 34, 3);
	queue(t, SIGUSR2, 4);
	queue(t, SIGUSR2, 5); /* is not queued twice */
	CALL(t, sys_rt_sigprocmask(t, 2, UADDR((uintptr_t)&none), UNULL, 8));
	cr_expect_eq(norder, 4);
	/* taken lowest first, and each frame is put on the one before it; the second 34 waits until the first is done with */
	cr_expect_eq(order[0], 36001);
	cr_expect_eq(order[1], 34002);
	cr_expect_eq(order[2], 34003);
	cr_expect_eq(order[3], SIGUSR2 * 1000 + 4);
}

Test(signals, queue, .timeout = 20)
{
	world_run(main_queue, 0);
	check_empty();
}

static void
main_sigpending_limit(struct task *t, uint64_t arg)
{
	struct rlimit64_k r = { 3, 3 };
	struct k_siginfo info = { .si_signo = 40, .si_code = -1 };
	ksigset_t all = ~0ULL;

	CALL(t, sys_rt_sigprocmask(t, 2, UADDR((uintptr_t)&all), UNULL, 8));
	cr_assert_eq(do_prlimit(t, t, 11 /* RLIMIT_SIGPENDING */, &r, NULL), 0);
	for (int i = 0; i < 3; i++)
		queue(t, 40, i);
	cr_expect_eq(CALL(t, sys_rt_sigqueueinfo(t, t->tgid, 40, UADDR((uintptr_t)&info))), -EAGAIN);
	cr_expect_eq(CALL(t, sys_kill(t, t->tgid, 41)), 0, "kill(2) needs no room");
	cr_expect_eq(CALL(t, sys_kill(t, t->tgid, SIGTERM)), 0);
}

Test(signals, sigpending_limit, .timeout = 20)
{
	world_run(main_sigpending_limit, 0);
	check_empty();
}

static void
main_sigtimedwait(struct task *t, uint64_t arg)
{
	struct k_timespec ts = { 0, 5000000 };
	ksigset_t set = sigmask_of(SIGUSR1);
	struct k_siginfo info;

	CALL(t, sys_rt_sigprocmask(t, 0, UADDR((uintptr_t)&set), UNULL, 8));
	cr_expect_eq(CALL(t, sys_rt_sigtimedwait(t, UADDR((uintptr_t)&set), UNULL, UADDR((uintptr_t)&ts), 8)), -EAGAIN);
	CALL(t, sys_kill(t, t->tgid, SIGUSR1));
	cr_expect_eq(CALL(t, sys_rt_sigtimedwait(t, UADDR((uintptr_t)&set), UADDR((uintptr_t)&info), UNULL, 8)), SIGUSR1);
	cr_expect_eq(info.kill.pid, t->tgid);
	cr_expect_eq(t->blocked, set);
	/* SIGCONT takes stop signals off the queue, and the other way round */
	set = sigmask_of(SIGCONT) | sigmask_of(SIGTSTP);
	CALL(t, sys_rt_sigprocmask(t, 0, UADDR((uintptr_t)&set), UNULL, 8));
	CALL(t, sys_kill(t, t->tgid, SIGTSTP));
	CALL(t, sys_kill(t, t->tgid, SIGCONT));
	cr_expect_eq(pending_signals(t), sigmask_of(SIGCONT));
	CALL(t, sys_kill(t, t->tgid, SIGTSTP));
	cr_expect_eq(pending_signals(t), sigmask_of(SIGTSTP));
	CALL(t, sys_rt_sigtimedwait(t, UADDR((uintptr_t)&set), UNULL, UNULL, 8));
}

Test(signals, sigtimedwait, .timeout = 20)
{
	world_run(main_sigtimedwait, 0);
	check_empty();
}
