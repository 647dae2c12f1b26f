/* SPDX-License-Identifier: MIT
 *
 * Processes and signals without a host: under a fake trap every task is a thread of the test, and its program a C function that
 * enters the kernel through CALL(). What a real trap does on the way out is done here: deliver, restart, end.
 */
#include <criterion/criterion.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
#include <linux/sched.h>

#include "kernel/cred.h"
#include "kernel/entry.h"
#include "kernel/pidfd.h"
#include "kernel/sys.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "syscalls/proto.h"
#include "trap/request.h"
#include "trap/trap.h"
#include "vfs/fdtable.h"

/* of the kernel's headers, which cannot be included beside libc's */
#define SA_SIGINFO_  0x4ul
#define SA_RESTART_  0x10000000ul
#define SA_RESTORER_ 0x04000000ul

#define USER_STACK 65536
#define SYS_NR	   1000 /* any number: what orig_rax has in a call */

typedef void (*program_t)(struct task *t, uint64_t arg);

/* The trap */

static void
go_on(struct task *t)
{
	for (;;) {
		if (!exit_to_user(t)) {
			free((void *)(uintptr_t)t->fault_addr); /* the stack; the field is free here */
			put_task_struct(t);
			pthread_exit(NULL);
		}
		if (t->regs.rip < 0x10000)
			return;
		/* a handler: run it, and come back through its frame */
		((void (*)(struct task *, int, struct k_siginfo *))(uintptr_t)t->regs.rip)(t, (int)t->regs.rdi,
											  (void *)(uintptr_t)t->regs.rsi);
		__atomic_store_n(&t->mode, MODE_KERNEL, __ATOMIC_SEQ_CST);
		t->regs.rsp += 8;
		cr_assert_eq(rt_sigreturn(t), SYSCALL_REGS_SET);
	}
}

static void
enter(struct task *t)
{
	__atomic_store_n(&t->mode, MODE_KERNEL, __ATOMIC_SEQ_CST);
	t->regs.orig_rax = SYS_NR;
	t->regs.rip = 0x1000;
}

/* Returns true if the call is to be made again. */
static bool
leave(struct task *t, int64_t *ret)
{
	if (*ret != SYSCALL_REGS_SET)
		t->regs.rax = (uint64_t)*ret;
	go_on(t);
	*ret = (int64_t)t->regs.rax;
	return t->regs.rip == 0x1000 - 2;
}

#define CALL(t, expr)                                                                                                     \
	({                                                                                                                \
		int64_t call_ret_;                                                                                        \
		do {                                                                                                      \
			enter(t);                                                                                         \
			call_ret_ = (expr);                                                                               \
		} while (leave((t), &call_ret_));                                                                         \
		call_ret_;                                                                                                \
	})

static void *
run_task(void *p)
{
	struct task *t = p;
	program_t prog = (program_t)(uintptr_t)t->regs.r12;
	char *stack = malloc(USER_STACK);

	t->fault_addr = (uint64_t)(uintptr_t)stack;
	t->regs.rsp = (uint64_t)(uintptr_t)stack + USER_STACK;
	t->regs.rip = 0x1000;
	schedule_tail(t);
	t->regs.orig_rax = (uint64_t)-1;
	go_on(t);
	prog(t, t->regs.r13);
	CALL(t, sys_exit_group(t, 0));
	return NULL;
}

static int
fake_clone(struct task *t, struct task *child, uint64_t flags)
{
	pthread_t th;

	child->regs_valid = true;
	if (pthread_create(&th, NULL, run_task, child))
		return -EAGAIN;
	pthread_detach(th);
	return 0;
}

static size_t
fake_from(struct task *t, void *to, uint64_t from, size_t n)
{
	if (from < 0x10000)
		return 0;
	memcpy(to, (void *)(uintptr_t)from, n);
	return n;
}

static size_t
fake_to(struct task *t, uint64_t to, const void *from, size_t n)
{
	if (to < 0x10000)
		return 0;
	memcpy((void *)(uintptr_t)to, from, n);
	return n;
}

static int
fake_cmpxchg(struct task *t, uint64_t u, uint32_t *expected, uint32_t desired)
{
	if (u < 0x10000)
		return -EFAULT;
	__atomic_compare_exchange_n((uint32_t *)(uintptr_t)u, expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return 0;
}

static int64_t
fake_mm_call(struct task *t, long nr, const uint64_t a[6])
{
	return 0;
}

static void
fake_kick(struct task *t)
{
}

static size_t
fake_xsize(struct task *t)
{
	return 576;
}

static int
fake_xstate(struct task *t, uint64_t u)
{
	return 0;
}

static int
fake_xreset(struct task *t)
{
	return 0;
}

static void
fake_ended(struct kernel *k)
{
}

static void
fake_log(struct kernel *k, const char *line, size_t n)
{
	ignore_err(write(2, line, n) < 0, "a test's output");
}

static void __noreturn
fake_panic(struct kernel *k, const char *line)
{
	fprintf(stderr, "%s\n", line);
	abort();
}

static void
fake_timer_poke(struct kernel *k)
{
}

static const struct super_ops fake_super = {
	.log = fake_log, .panic = fake_panic, .timer_poke = fake_timer_poke, .ended = fake_ended,
};

static const struct trap_ops fake_trap = {
	.name = "fake", .copy_from = fake_from, .copy_to = fake_to, .cmpxchg32 = fake_cmpxchg, .mm_call = fake_mm_call,
	.clone = fake_clone, .kick = fake_kick, .xstate_size = fake_xsize, .xstate_save = fake_xstate,
	.xstate_restore = fake_xstate, .xstate_reset = fake_xreset,
};

/* The world: the main task is the thread @program runs in; the test waits for its end. */

static struct kernel *K;

static void
world_run(program_t program, uint64_t arg)
{
	struct task *t;
	pthread_t th;

	cr_assert_eq(arena_create(256UL << 20, &K), 0);
	K->trap = &fake_trap;
	K->super = &fake_super;
	K->params.ncpus = 2;
	K->params.memory = 1UL << 30;
	cr_assert_eq(kernel_init(K), 0);
	K->init_task = create_init_task(K);
	cr_assert(!IS_ERR(K->init_task));
	t = K->main_task = create_main_task(K);
	cr_assert(!IS_ERR(t));
	t->files = files_alloc(K);
	t->fs = fs_alloc(K);
	t->mm = mm_alloc(K);
	cr_assert(t->files && t->fs && t->mm);
	t->mm->dumpable = true;
	t->regs.r12 = (uint64_t)(uintptr_t)program;
	t->regs.r13 = arg;
	t->regs_valid = true;
	cr_assert_eq(pthread_create(&th, NULL, run_task, t), 0);
	pthread_join(th, NULL);
}

/* No task but init is left in the pid table or in the caches. */
static void
check_empty(void)
{
	for (int i = 0; i < 1000 && (K->nr_threads != 1 || K->task_cache.in_use != 2); i++)
		usleep(1000);
	cr_expect_eq(K->nr_threads, 1, "%u threads", K->nr_threads);
	cr_expect_eq(K->task_cache.in_use, 2, "%u tasks", (unsigned int)K->task_cache.in_use); /* main_task has a reference */
	cr_expect_eq(K->sigqueue_cache.in_use, 0, "%u signals", (unsigned int)K->sigqueue_cache.in_use);
	cr_expect_eq(K->cred_cache.in_use, 2, "%u creds", (unsigned int)K->cred_cache.in_use);
}

static int64_t
spawn(struct task *t, program_t prog, uint64_t arg, uint64_t flags)
{
	struct kernel_clone_args args = { .flags = flags, .exit_signal = flags & CLONE_THREAD ? 0 : SIGCHLD };
	uint64_t r12 = t->regs.r12, r13 = t->regs.r13;
	int64_t ret;

	t->regs.r12 = (uint64_t)(uintptr_t)prog;
	t->regs.r13 = arg;
	ret = CALL(t, kernel_clone(t, &args));
	t->regs.r12 = r12;
	t->regs.r13 = r13;
	return ret;
}

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

static int64_t
wait4_(struct task *t, int pid, int *status, int options)
{
	return CALL(t, sys_wait4(t, pid, UADDR((uintptr_t)status), options, UNULL));
}

static void
on_signal(struct task *t, int sig, uint64_t handler, uint64_t flags)
{
	struct k_sigaction act = { .handler = handler, .flags = flags | SA_RESTORER_, .restorer = 0x2000 };

	cr_assert_eq(do_sigaction(t, sig, &act, NULL), 0);
}

/* Programs */

static void
prog_exit(struct task *t, uint64_t code)
{
	CALL(t, sys_exit_group(t, (int)code));
}

static void
prog_pause(struct task *t, uint64_t arg)
{
	for (;;)
		CALL(t, sys_pause(t));
}

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

/* Handlers */

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

Test(process, handler, .timeout = 20)
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

Test(process, restart, .timeout = 20)
{
	world_run(main_restart, SA_RESTART_);
	check_empty();
}

Test(process, no_restart, .timeout = 20)
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

Test(process, queue, .timeout = 20)
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

Test(process, sigpending_limit, .timeout = 20)
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

Test(process, sigtimedwait, .timeout = 20)
{
	world_run(main_sigtimedwait, 0);
	check_empty();
}

/* Threads */

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
		CALL(t, sys_prctl(t, 36, 1, 0, 0, 0));
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

	CALL(t, sys_prctl(t, 36, 1, 0, 0, 0));
	pid = spawn(t, prog_shell, 0, 0);
	/* the job's new parent is of the same session, but this is its leader's exit: it has a parent outside the group still */
	cr_assert_eq(wait4_(t, (int)pid, &status, 0), pid);
	job = stopped_pid;
	cr_expect_eq(wait4_(t, (int)job, &status, WNOHANG), 0);
	CALL(t, sys_kill(t, (int)job, SIGKILL));
	cr_assert_eq(wait4_(t, (int)job, &status, 0), job);
	CALL(t, sys_prctl(t, 36, 0, 0, 0, 0));
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

/* Everything at once: groups whose threads start others, exec, exit and are shot at, stopped and continued. */

static void
prog_chaos_thread(struct task *t, uint64_t seed)
{
	for (int i = 0; i < 20; i++) {
		unsigned int r = (unsigned int)(seed = seed * 6364136223846793005ULL + 1442695040888963407ULL) >> 28 & 15;
		int status;

		switch (r) {
		case 0:
			if (!CALL(t, de_thread(t)))
				cr_assert(thread_group_leader(t) && t->pid == t->tgid);
			break;
		case 1:
			CALL(t, sys_exit(t, 1));
			break;
		case 2:
			CALL(t, sys_exit_group(t, 2));
			break;
		case 3:
		case 4:
		case 5:
			spawn(t, prog_chaos_thread, seed, THREAD);
			break;
		case 6:
			spawn(t, prog_chaos_thread, seed, 0);
			break;
		case 7:
			wait4_(t, -1, &status, WNOHANG | WUNTRACED | WCONTINUED);
			break;
		case 8:
			CALL(t, sys_tgkill(t, t->tgid, t->pid, SIGUSR1));
			break;
		case 9:
			CALL(t, sys_kill(t, t->tgid, SIGURG));
			break;
		default:
			usleep(100);
		}
	}
}

static void
main_chaos(struct task *t, uint64_t seed)
{
	static const int sigs[] = { SIGSTOP, SIGCONT, SIGCONT, SIGTERM, SIGKILL, SIGUSR1, SIGSEGV, SIGCONT };
	int status, n = 0;

	on_signal(t, SIGUSR1, (uintptr_t)catch, SA_SIGINFO_ | SA_RESTART_);
	CALL(t, sys_prctl(t, 36, 1, 0, 0, 0));
	for (int i = 0; i < 60; i++) {
		int64_t pid = spawn(t, prog_chaos_thread, seed + (uint64_t)i * 77, 0);

		cr_assert(pid > 0 || pid == -EAGAIN, "%ld", (long)pid);
		for (int j = 0; j < 8; j++) {
			usleep((unsigned int)(random() % 300));
			CALL(t, sys_kill(t, (int)pid, sigs[random() % 8]));
		}
		while (wait4_(t, -1, &status, WNOHANG) > 0)
			n++;
	}
	/* all that are left are ours: stopped ones too */
	for (;;) {
		int64_t r;

		CALL(t, sys_kill(t, -1, SIGKILL));
		r = wait4_(t, -1, &status, WNOHANG);
		if (r < 0)
			break;
		if (r == 0)
			usleep(500);
	}
}

Test(process, chaos, .timeout = 60)
{
	const char *seed = getenv("CHAOS_SEED"); /* another run than the usual one */

	srandom(seed ? (unsigned int)atoi(seed) : 1);
	world_run(main_chaos, (uint64_t)random());
	check_empty();
	cr_expect(list_empty(&K->init_task->children));
}
