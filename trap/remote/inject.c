/* SPDX-License-Identifier: MIT
 *
 * What is done to a stopped guest thread, on the tracer: its registers, host calls made in it, and an instruction executed by it.
 *
 * A host call is made at the program's own TRACE stop where there is one. Elsewhere the thread is sent to a syscall instruction, of
 * the program or the vDSO. Either may have been replaced by whatever the program likes, so no more than one instruction is run: if it
 * is a syscall instruction, the thread stops before the call.
 *
 * Where the program's own call is what is asked for, and it cannot fail, it is put off: the thread makes it on its way, which saves a stop.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel/entry.h"
#include "mm/mm.h"
#include "trap/remote/ptrace.h"
#include "trap/remote/remote.h"

bool
get_regs(struct trap_task *rt, struct pt_regs *regs)
{
	if (pt(PTRACE_GETREGS, rt->tid, 0, (uintptr_t)regs) < 0)
		return false;
	rt->regs = *regs;
	return true;
}

static bool
set_regs(struct trap_task *rt, const struct pt_regs *regs)
{
	rt->regs = *regs;
	return pt(PTRACE_SETREGS, rt->tid, 0, (uintptr_t)regs) == 0;
}

/* After a call: nothing else has changed. */
static bool
get_result(struct trap_task *rt)
{
	return pt(PTRACE_PEEKUSER, rt->tid, offsetof(struct pt_regs, rax), (uintptr_t)&rt->regs.rax) == 0;
}

bool
is_restart_code(uint64_t rax)
{
	int64_t e = (int64_t)rax;

	return e == -ERESTARTSYS || e == -ERESTARTNOINTR || e == -ERESTARTNOHAND || e == -ERESTART_RESTARTBLOCK;
}

bool
write_regs(struct trap_task *rt, const struct pt_regs *want)
{
	struct pt_regs r = *want;

	/* At a TRACE stop the number must go, or the host makes the call; elsewhere only a restart code gives it a meaning. */
	r.orig_rax = rt->regs.orig_rax;
	if (rt->stop != STOP_SECCOMP && !is_restart_code(r.rax) && memcmp(&r, &rt->regs, sizeof(r)) == 0)
		return true;
	r.orig_rax = (uint64_t)-1;
	return set_regs(rt, &r);
}

/*
 * The death of a leader can be waited for only when its other threads have been: they are taken here, once dead, and handled as
 * usual. Stops of the living stay where they are.
 */
static void
reap_siblings(struct trap_task *rt)
{
	char path[32];
	struct dirent *e;
	siginfo_t info;
	int status;
	pid_t tid;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", rt->tid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((e = readdir(dir)) != NULL) {
		tid = atoi(e->d_name);
		info.si_pid = 0;
		/* a tracer is given stops too, whether it asks for them or not */
		if (tid <= 0 || tid == rt->tid || waitid(P_PID, (id_t)tid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0)
			continue;
		if (info.si_pid == tid && (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED) &&
		    waitpid(tid, &status, WNOHANG | __WALL) == tid)
			handle_wait_status(tid, status);
	}
	closedir(dir);
}

#define LEADER_PATIENCE_NS 2000000

/* TRACER_SIGNAL every @ns: it ends a wait, whether it comes before it or in it. 0: no more. */
static void
set_alarm(long ns)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TRACER_SIGNAL };
	struct itimerspec its = { { 0, ns }, { 0, ns } };
	static timer_t timer;
	static bool made;

	if (!made) {
		ev._sigev_un._tid = remote.tracer_tid;
		if (timer_create(CLOCK_MONOTONIC, &ev, &timer) < 0)
			kernel_panic(remote.k, "no timer for the tracer; raise the limit on pending signals (ulimit -i)");
		made = true;
	}
	timer_settime(timer, 0, &its, NULL);
}

/* waitpid() for a stop or the death of a thread. */
static pid_t
wait_thread(struct trap_task *rt, int *status)
{
	bool leader = rt->tid == rt->proc->pid && atomic_load(&rt->proc->threaded);
	pid_t tid;

	if (leader) {
		tid = waitpid(rt->tid, status, __WALL | WNOHANG);
		if (tid != 0)
			return tid;
		set_alarm(LEADER_PATIENCE_NS);
	}
	while ((tid = waitpid(rt->tid, status, __WALL)) < 0 && errno == EINTR)
		if (leader)
			reap_siblings(rt);
	if (leader)
		set_alarm(0);
	return tid;
}

/* Waits for the next stop of one thread. False if it died: the death is handled as usual. */
static bool
wait_stop(struct trap_task *rt, int *status)
{
	pid_t tid = wait_thread(rt, status);

	if (tid > 0 && WIFSTOPPED(*status))
		return true;
	if (tid > 0)
		handle_wait_status(tid, *status);
	return false;
}

int
event_of(int status)
{
	return status >> 16;
}

bool
is_kick(int status)
{
	return event_of(status) == 0 && WSTOPSIG(status) == KICK_SIGNAL;
}

static bool
is_syscall_exit(int status)
{
	return WSTOPSIG(status) == (SIGTRAP | 0x80) || (WSTOPSIG(status) == SIGTRAP && event_of(status) == 0);
}

/* A kick or a host signal while the task is served: what it was kicked for is looked at when it goes on, others are dropped. */
static void
stopped_between(struct trap_task *rt, int status)
{
	if (is_kick(status))
		atomic_store(&rt->kick_pending, false);
}

/* Runs the thread until the call just started has ended. */
static bool
run_to_exit(struct trap_task *rt)
{
	int status;

	for (;;) {
		if (pt(PTRACE_SYSCALL, rt->tid, 0, 0) < 0 || !wait_stop(rt, &status))
			return false;
		if (is_syscall_exit(status))
			return true;
		stopped_between(rt, status);
	}
}

#define STEPS_MAX 4

/* One instruction. False if the thread died or faulted; else *status says why it stopped. */
static bool
step(struct trap_task *rt, int *status)
{
	for (;;) {
		if (pt(PTRACE_SINGLESTEP, rt->tid, 0, 0) < 0 || !wait_stop(rt, status))
			return false;
		if (event_of(*status) == PTRACE_EVENT_SECCOMP)
			return true;
		if (event_of(*status) == 0 && (WSTOPSIG(*status) == SIGSEGV || WSTOPSIG(*status) == SIGBUS))
			return false;
		if (is_syscall_exit(*status))
			return true; /* or a step */
		stopped_between(rt, *status);
	}
}

/* The thread goes to a syscall instruction and stops before the call is made. */
static bool
run_to_entry(struct trap_task *rt)
{
	int status;

	/* The end of an earlier call may show as a step too. */
	for (int i = 0; i < STEPS_MAX; i++) {
		if (!step(rt, &status))
			return false;
		if (event_of(status) == PTRACE_EVENT_SECCOMP)
			return true;
	}
	return false;
}

static void
set_call(struct pt_regs *r, long nr, const uint64_t a[6])
{
	r->orig_rax = (uint64_t)nr;
	r->rdi = a[0];
	r->rsi = a[1];
	r->rdx = a[2];
	r->r10 = a[3];
	r->r8 = a[4];
	r->r9 = a[5];
}

static unsigned int
call_nargs(long nr)
{
	return nr == SYS_munmap ? 2 : nr == SYS_mprotect || nr == SYS_madvise ? 3 : 6;
}

/* Does the program make this very call? A length counts in pages. */
static bool
is_call(const struct pt_regs *r, long nr, const uint64_t a[6])
{
	uint64_t b[6] = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 };

	if (nr == SYS_munmap || nr == SYS_mprotect || nr == SYS_madvise)
		b[1] = ALIGN_UP(b[1], PAGE_SIZE);
	return r->orig_rax == (uint64_t)nr && memcmp(a, b, call_nargs(nr) * sizeof(*a)) == 0;
}

/* Sets the registers for a call. Where the thread has not stopped at one, its next instruction is to make it. */
static bool
prepare_call(struct trap_task *rt, long nr, const uint64_t a[6])
{
	struct pt_regs r = rt->stop == STOP_SECCOMP || !rt->t ? rt->regs : rt->t->regs;

	if (rt->stop == STOP_SECCOMP && is_call(&r, nr, a))
		return true;
	set_call(&r, nr, a);
	if (rt->stop == STOP_SECCOMP)
		return set_regs(rt, &r);
	r.rip = rt->stop == STOP_AFTER && !rt->loading ? r.rip - 2 : remote.vdso_syscall;
	r.rax = (uint64_t)nr;
	r.orig_rax = (uint64_t)-1;
	r.cs = 0x33;
	r.ss = 0x2b;
	return set_regs(rt, &r);
}

/* Brings the thread to a stop in which orig_rax decides what call is made. */
static bool
at_call(struct trap_task *rt, long nr, const uint64_t a[6])
{
	if (!prepare_call(rt, nr, a))
		return false;
	if (rt->stop == STOP_SECCOMP)
		return true;
	if (!run_to_entry(rt))
		return false;
	rt->regs.rip += 2;
	rt->regs.orig_rax = (uint64_t)nr;
	rt->regs.rcx = rt->regs.r11 = 0; /* the instruction changes them */
	return true;
}

static bool
make_call(struct trap_task *rt)
{
	if (!run_to_exit(rt) || !get_result(rt))
		return false;
	if (rt->stop == STOP_SECCOMP)
		rt->stop = STOP_AFTER; /* the program's own syscall instruction is before its rip; elsewhere there is none */
	return true;
}

/* Each host call on memory makes two mappings more at most: some can be made before any could meet the host's limit. */
static bool
has_room(struct trap_process *proc)
{
	if (proc->room == 0)
		proc->room = count_room(proc->pid);
	return proc->room > 0;
}

/*
 * Can it only succeed? Others with the same memory would see it as changed before it is, but for advice, which the host looks at as it finds
 * things. The room is for what splits mappings.
 */
static bool
may_put_off(struct trap_task *rt, long nr, const uint64_t a[6])
{
	const struct task *t = rt->t;

	if (rt->stop != STOP_SECCOMP || !t || t->k->params.watch || !is_call(&rt->regs, nr, a))
		return false;
	if (nr == SYS_madvise)
		return a[2] == MADV_DONTNEED || a[2] == MADV_FREE;
	if (nr != SYS_munmap && (nr != SYS_mprotect || (a[2] != PROT_NONE && a[2] != PROT_READ)))
		return false;
	return refcount_read(&t->mm->users) == 1 && has_room(rt->proc);
}

int64_t
inject_call(struct trap_task *rt, long nr, const uint64_t a[6])
{
	if (rt->put_off) {
		rt->put_off = false;
		if (!make_call(rt))
			return -ESRCH;
	}
	if (rt->proc->room != 0)
		rt->proc->room += rt->proc->room < 0 ? 1 : -1;
	if (atomic_load(&rt->host_dead))
		return -ESRCH;
	if (may_put_off(rt, nr, a)) {
		rt->put_off = true;
		return 0;
	}
	return at_call(rt, nr, a) && make_call(rt) ? (int64_t)rt->regs.rax : -ESRCH;
}

bool
resume_put_off(struct trap_task *rt, const struct pt_regs *want)
{
	struct pt_regs r = *want;

	rt->put_off = false;
	r.orig_rax = rt->regs.orig_rax;
	r.rax = rt->regs.rax;
	if (want->rax == 0 && memcmp(&r, &rt->regs, sizeof(r)) == 0)
		return true; /* it makes the call now */
	return make_call(rt) && write_regs(rt, want);
}

int64_t
inject_clone(struct trap_task *rt, const uint64_t a[6], pid_t *child)
{
	int64_t ret = inject_call(rt, SYS_clone, a);
	int status;
	pid_t got;

	*child = 0;
	if (ret <= 0)
		return ret < 0 ? ret : -EAGAIN;
	*child = (pid_t)ret;
	/* It begins with a stop of its own, since CLONE_PTRACE makes it traced as its parent is. */
	while ((got = waitpid(*child, &status, __WALL)) < 0 && errno == EINTR)
		;
	return got == *child && WIFSTOPPED(status) ? 0 : -EAGAIN;
}

/* lock cmpxchg %edx, (%rdi), in the last bytes of the vDSO, where there is nothing */
#define CMPXCHG_INSN	 0x17b10ff0UL
#define CMPXCHG_INSN_LEN 4

/*
 * Does the program have the host's vDSO, as it was? The instruction is put there when it is first needed, in a page of its own. No
 * lock of the mm here: who holds it may be waiting for the tracer.
 */
static bool
has_cmpxchg(struct trap_task *rt)
{
	struct mm *mm = rt->t->mm;
	long word;

	if (!remote.vdso_room || !mm->vdso || __atomic_load_n(&mm->vdso_touched, __ATOMIC_ACQUIRE))
		return false;
	if (pt(PTRACE_PEEKDATA, rt->tid, remote.vdso_room, (uintptr_t)&word) < 0)
		return false;
	return word == (long)CMPXCHG_INSN ||
	       (word == 0 && pt(PTRACE_POKEDATA, rt->tid, remote.vdso_room, CMPXCHG_INSN) == 0);
}

int64_t
inject_cmpxchg(struct trap_task *rt, uint64_t addr, uint32_t *expected, uint32_t desired)
{
	struct pt_regs r = rt->t->regs;
	int status;

	if (atomic_load(&rt->host_dead))
		return -ESRCH;
	if (!has_cmpxchg(rt))
		return -ENOSYS;
	r.rip = remote.vdso_room;
	r.rax = *expected;
	r.rdx = desired;
	r.rdi = addr;
	r.orig_rax = (uint64_t)-1;
	r.eflags &= ~(uint64_t)0x100; /* TF */
	r.cs = 0x33;
	r.ss = 0x2b;
	if (!set_regs(rt, &r))
		return -ESRCH;
	rt->stop = STOP_OTHER; /* the program's call, if it stopped at one, is not made any more */
	for (int i = 0; i < STEPS_MAX && r.rip == remote.vdso_room; i++)
		if (!step(rt, &status) || event_of(status) != 0 || !get_regs(rt, &r))
			return atomic_load(&rt->host_dead) ? -ESRCH : -EFAULT;
	if (r.rip != remote.vdso_room + CMPXCHG_INSN_LEN)
		return -EFAULT;
	*expected = (uint32_t)r.rax;
	return 0;
}

/* exit(2) is a notified call, and let through where the guest task has left. No more than one instruction is run here either. */
void
inject_exit(struct trap_task *rt)
{
	const uint64_t a[6] = { 0 };

	if (atomic_load(&rt->host_dead) || !prepare_call(rt, SYS_exit, a))
		return;
	rt->put_off = false;
	rt->exit_steps = STEPS_MAX;
	step_to_exit(rt);
}

/* The end of an earlier call may show as a step too. */
void
step_to_exit(struct trap_task *rt)
{
	if (rt->exit_steps-- > 0)
		pt(PTRACE_SINGLESTEP, rt->tid, 0, 0);
}

int64_t
exec_finish(struct trap_task *rt)
{
	struct spawn_area *a = remote.spawn;
	uint64_t image[6] = { a->image_start, a->image_end - a->image_start };
	int status;

	if (rt->stop == STOP_NONE) {
		if (!wait_stop(rt, &status))
			return -ESRCH;
		rt->stop = STOP_OTHER;
		rt->nr = WSTOPSIG(status);
	}
	if (rt->nr != SIGTRAP)
		return -EFAULT; /* it faulted: a bug of exec_load() */
	return inject_call(rt, SYS_munmap, image);
}
