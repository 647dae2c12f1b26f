/* SPDX-License-Identifier: MIT
 *
 * Processes: how they begin, stop and end, and who hears of it.
 */
#include <criterion/criterion.h>

#include <signal.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <linux/sched.h>

#include "kernel/cred.h"
#include "syscalls/proto.h"
#include "tests/unit/world.h"

static void
main_exit_status(struct task *t, uint64_t arg)
{
	int status = -1;
	int64_t pid = spawn(t, prog_exit, 7, 0);

	cr_assert_gt(pid, 2);
	cr_assert_eq(wait4_(t, (int)pid, &status, 0), pid);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	cr_expect_eq(wait4_(t, (int)pid, &status, 0), -ECHILD);
	cr_expect_eq(wait4_(t, -1, &status, 0), -ECHILD);
	CALL(t, sys_exit_group(t, 3));
}

Test(process, exit_status, .timeout = 20)
{
	world_run(main_exit_status, 0);
	cr_expect_eq(K->exit_code, 3 << 8);
	check_empty();
}

static void
main_killed(struct task *t, uint64_t sig)
{
	int status;
	int64_t pid = spawn(t, prog_pause, 0, 0);

	cr_assert_gt(pid, 0);
	cr_assert_eq(CALL(t, sys_kill(t, (int)pid, (int)sig)), 0);
	cr_assert_eq(wait4_(t, (int)pid, &status, 0), pid);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == (int)sig, "status %x", (unsigned int)status);
	cr_expect(!WCOREDUMP(status));
}

Test(process, sigkill, .timeout = 20)
{
	world_run(main_killed, SIGKILL);
	check_empty();
}

Test(process, sigsegv_without_core, .timeout = 20)
{
	world_run(main_killed, SIGSEGV);
	check_empty();
}

static void
main_job_control(struct task *t, uint64_t arg)
{
	int status;
	int64_t pid = spawn(t, prog_pause, 0, 0);

	CALL(t, sys_kill(t, (int)pid, SIGSTOP));
	cr_assert_eq(wait4_(t, (int)pid, &status, WUNTRACED), pid);
	cr_expect(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	cr_expect_eq(wait4_(t, (int)pid, &status, WUNTRACED | WNOHANG), 0, "told once");
	CALL(t, sys_kill(t, (int)pid, SIGCONT));
	cr_assert_eq(wait4_(t, (int)pid, &status, WCONTINUED), pid);
	cr_expect(WIFCONTINUED(status));
	/* a stopped process is killed all the same */
	CALL(t, sys_kill(t, (int)pid, SIGSTOP));
	cr_assert_eq(wait4_(t, (int)pid, &status, WUNTRACED), pid);
	CALL(t, sys_kill(t, (int)pid, SIGTERM));
	cr_expect_eq(wait4_(t, (int)pid, &status, WNOHANG), 0, "SIGTERM waits for SIGCONT");
	CALL(t, sys_kill(t, (int)pid, SIGKILL));
	cr_assert_eq(wait4_(t, (int)pid, &status, 0), pid);
	cr_expect(WIFSIGNALED(status) && (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGTERM));
}

Test(process, job_control, .timeout = 20)
{
	world_run(main_job_control, 0);
	check_empty();
}

static void
prog_thread_pause(struct task *t, uint64_t arg)
{
	prog_pause(t, arg);
}

static void
prog_threads_exit_group(struct task *t, uint64_t arg)
{
	for (int i = 0; i < 8; i++)
		cr_assert_gt(spawn(t, prog_thread_pause, 0, THREAD), 0);
	CALL(t, sys_exit_group(t, 9));
}

static void
prog_late_exit(struct task *t, uint64_t arg)
{
	usleep(30000);
	CALL(t, sys_exit_group(t, 5));
}

static void
prog_leader_exits_first(struct task *t, uint64_t arg)
{
	cr_assert_gt(spawn(t, prog_late_exit, 0, THREAD), 0);
	CALL(t, sys_exit(t, 1));
}

static void
main_threads(struct task *t, uint64_t arg)
{
	int status;
	int64_t pid = spawn(t, prog_threads_exit_group, 0, 0);

	cr_assert_eq(wait4_(t, (int)pid, &status, 0), pid);
	cr_expect_eq(status, 9 << 8);
	pid = spawn(t, prog_leader_exits_first, 0, 0);
	usleep(10000);
	cr_expect_eq(wait4_(t, (int)pid, &status, WNOHANG), 0, "a thread is left");
	cr_assert_eq(wait4_(t, (int)pid, &status, 0), pid);
	cr_expect_eq(status, 5 << 8);
}

Test(process, threads, .timeout = 20)
{
	world_run(main_threads, 0);
	check_empty();
}

static void
prog_exec(struct task *t, uint64_t leader)
{
	int pid = t->pid;

	cr_assert_neq(pid, t->tgid);
	if (CALL(t, de_thread(t)))
		return;
	cr_expect_eq(t->pid, t->tgid);
	cr_expect(thread_group_leader(t) && thread_group_empty(t));
	cr_expect_eq(t->signal->nr_threads, 1);
	CALL(t, sys_exit_group(t, 4));
}

static void
prog_exec_leader(struct task *t, uint64_t arg)
{
	for (int i = 0; i < 4; i++)
		cr_assert_gt(spawn(t, prog_thread_pause, 0, THREAD), 0);
	cr_assert_gt(spawn(t, prog_exec, (uint64_t)t->tgid, THREAD), 0);
	prog_pause(t, 0);
}

static void
main_exec(struct task *t, uint64_t arg)
{
	int status;
	int64_t pid = spawn(t, prog_exec_leader, 0, 0);

	cr_assert_eq(wait4_(t, (int)pid, &status, 0), pid);
	cr_expect_eq(status, 4 << 8, "%x", (unsigned int)status);
}

Test(process, exec_of_a_thread, .timeout = 20)
{
	world_run(main_exec, 0);
	check_empty();
}

/* Trees */

static void
prog_orphan_maker(struct task *t, uint64_t arg)
{
	spawn(t, arg ? prog_late_exit : prog_exit, 1, 0);
}

static void
main_orphans(struct task *t, uint64_t subreaper)
{
	int status;
	int64_t pid;

	if (subreaper)
		CALL(t, sys_prctl(t, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	pid = spawn(t, prog_orphan_maker, 1, 0);
	cr_assert_eq(wait4_(t, (int)pid, &status, 0), pid);
	if (subreaper) {
		cr_assert_gt(wait4_(t, -1, &status, 0), 0);
		cr_expect_eq(status, 5 << 8);
	} else {
		cr_expect_eq(wait4_(t, -1, &status, 0), -ECHILD, "it is init's now");
		usleep(60000);
	}
}

Test(process, orphans, .timeout = 20)
{
	world_run(main_orphans, 0);
	check_empty();
}

Test(process, subreaper, .timeout = 20)
{
	world_run(main_orphans, 1);
	check_empty();
}

static volatile int stopped_pid;

/* A group of its own, stopped; its only tie to the session is the parent, who goes: SIGHUP, SIGCONT. */
static void
prog_stopped_job(struct task *t, uint64_t arg)
{
	CALL(t, sys_setpgid(t, 0, 0));
	stopped_pid = t->pid;
	CALL(t, sys_kill(t, t->tgid, SIGSTOP));
	prog_pause(t, 0);
}

static void
prog_shell(struct task *t, uint64_t arg)
{
	int status;
	int64_t pid = spawn(t, prog_stopped_job, 0, 0);

	cr_assert_eq(wait4_(t, (int)pid, &status, WUNTRACED), pid);
}

static void
main_orphaned_group(struct task *t, uint64_t arg)
{
	int status;
	int64_t pid, job;

	CALL(t, sys_prctl(t, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	pid = spawn(t, prog_shell, 0, 0);
	/* the job's new parent is of the same session, but this is its leader's exit: it has a parent outside the group still */
	cr_assert_eq(wait4_(t, (int)pid, &status, 0), pid);
	job = stopped_pid;
	cr_expect_eq(wait4_(t, (int)job, &status, WNOHANG), 0);
	CALL(t, sys_kill(t, (int)job, SIGKILL));
	cr_assert_eq(wait4_(t, (int)job, &status, 0), job);
	CALL(t, sys_prctl(t, PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0));
	stopped_pid = 0;
	pid = spawn(t, prog_shell, 0, 0);
	cr_assert_eq(wait4_(t, (int)pid, &status, 0), pid);
	for (int i = 0; i < 1000 && K->nr_threads > 2; i++)
		usleep(1000);
	cr_expect_eq(K->nr_threads, 2, "hung up and reaped by init");
}

Test(process, orphaned_group, .timeout = 20)
{
	world_run(main_orphaned_group, 0);
	check_empty();
}

static void
main_ids(struct task *t, uint64_t arg)
{
	int64_t pid;
	int status;

	cr_expect_eq(CALL(t, sys_setsid(t)), -EPERM, "it leads one");
	pid = spawn(t, prog_pause, 0, 0);
	cr_expect_eq(CALL(t, sys_setpgid(t, (int)pid, 0)), 0);
	cr_expect_eq(CALL(t, sys_getpgid(t, (int)pid)), pid);
	cr_expect_eq(CALL(t, sys_setpgid(t, 0, (int)pid)), -EPERM, "a session leader");
	cr_expect_eq(CALL(t, sys_setpgid(t, (int)pid, 12345)), -EPERM);
	cr_expect_eq(CALL(t, sys_setpgid(t, 12345, 0)), -ESRCH);
	cr_expect_eq(CALL(t, sys_kill(t, -(int)pid, SIGKILL)), 0);
	cr_expect_eq(wait4_(t, -(int)pid, &status, 0), pid);
	cr_expect_eq(CALL(t, sys_kill(t, (int)pid, 0)), -ESRCH);
}

Test(process, ids, .timeout = 20)
{
	world_run(main_ids, 0);
	check_empty();
}

static void
prog_vfork_child(struct task *t, uint64_t flag)
{
	usleep(20000);
	*(volatile int *)(uintptr_t)flag = 1;
	CALL(t, sys_exit(t, 0));
}

static void
main_vfork(struct task *t, uint64_t arg)
{
	int flag = 0, status;
	int64_t pid = spawn(t, prog_vfork_child, (uintptr_t)&flag, CLONE_VM | CLONE_VFORK);

	cr_expect_eq(flag, 1);
	cr_expect_eq(wait4_(t, (int)pid, &status, 0), pid);
}

Test(process, vfork, .timeout = 20)
{
	world_run(main_vfork, 0);
	check_empty();
}

static void
main_nproc(struct task *t, uint64_t arg)
{
	struct rlimit64_k r = { 3, 3 };
	int status;

	cr_assert_eq(CALL(t, sys_setresuid(t, 1000, 1000, 1000)), 0);
	cr_expect_eq(CALL(t, sys_setuid(t, 0)), -EPERM);
	cr_assert_eq(do_prlimit(t, t, 6 /* RLIMIT_NPROC */, &r, NULL), 0);
	cr_expect_gt(spawn(t, prog_pause, 0, 0), 0);
	cr_expect_gt(spawn(t, prog_pause, 0, 0), 0);
	cr_expect_eq(spawn(t, prog_pause, 0, 0), -EAGAIN);
	CALL(t, sys_kill(t, -1, SIGKILL));
	cr_expect_gt(wait4_(t, -1, &status, 0), 0);
	cr_expect_gt(wait4_(t, -1, &status, 0), 0);
	cr_expect_gt(spawn(t, prog_exit, 0, 0), 0);
	cr_expect_gt(wait4_(t, -1, &status, 0), 0);
}

Test(process, nproc, .timeout = 20)
{
	world_run(main_nproc, 0);
}
