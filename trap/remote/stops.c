/* SPDX-License-Identifier: MIT
 *
 * Stops of guest threads, on the tracer thread: what happened, who serves it, and host calls made in a stopped thread.
 */
#include <errno.h>
#include <linux/sched.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/entry.h"
#include "kernel/fault.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "trap/remote/ptrace.h"
#include "trap/remote/remote.h"

int
seize(pid_t tid)
{
	if (pt(PTRACE_SEIZE, tid, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL) < 0)
		return -errno;
	return 0;
}

static bool
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

static bool
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

/* Waits for the next stop of one thread. False if it died: the death is handled as usual. */
static bool
wait_stop(struct trap_task *rt, int *status)
{
	for (;;) {
		pid_t tid = waitpid(rt->tid, status, __WALL);

		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0 || !WIFSTOPPED(*status)) {
			if (tid > 0)
				handle_wait_status(tid, *status);
			return false;
		}
		return true;
	}
}

static int
event_of(int status)
{
	return status >> 16;
}

static bool
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

/* The thread goes to a syscall instruction and stops before the call is made. */
static bool
run_to_entry(struct trap_task *rt)
{
	int status;

	for (;;) {
		if (pt(PTRACE_CONT, rt->tid, 0, 0) < 0 || !wait_stop(rt, &status))
			return false;
		if (event_of(status) == PTRACE_EVENT_SECCOMP)
			return true;
		if (event_of(status) == 0 && (WSTOPSIG(status) == SIGSEGV || WSTOPSIG(status) == SIGBUS))
			return false; /* the instruction is gone: somebody unmapped it */
		stopped_between(rt, status);
	}
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

/* Does the program make this very call? */
static bool
is_call(const struct pt_regs *r, long nr, const uint64_t a[6])
{
	const uint64_t b[6] = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 };

	return r->orig_rax == (uint64_t)nr && memcmp(a, b, call_nargs(nr) * sizeof(*a)) == 0;
}

/* Brings the thread to a stop in which orig_rax decides what call is made. */
static bool
at_call(struct trap_task *rt, long nr, const uint64_t a[6])
{
	struct pt_regs r = rt->stop == STOP_SECCOMP ? rt->regs : rt->t->regs;

	if (rt->stop == STOP_SECCOMP && is_call(&r, nr, a))
		return true;
	set_call(&r, nr, a);
	if (rt->stop == STOP_SECCOMP)
		return set_regs(rt, &r);
	r.rip = rt->stop == STOP_AFTER && !rt->loading ? rt->t->regs.rip - 2 : remote.vdso_syscall;
	r.rax = (uint64_t)nr;
	r.orig_rax = (uint64_t)-1;
	r.cs = 0x33;
	r.ss = 0x2b;
	if (!set_regs(rt, &r) || !run_to_entry(rt))
		return false;
	rt->regs.rip += 2;
	rt->regs.orig_rax = (uint64_t)nr;
	rt->regs.rcx = rt->regs.r11 = 0; /* the instruction changes them */
	return true;
}

int64_t
inject_call(struct trap_task *rt, long nr, const uint64_t a[6])
{
	if (atomic_load(&rt->host_dead) || !at_call(rt, nr, a))
		return -ESRCH;
	if (!run_to_exit(rt) || !get_result(rt))
		return -ESRCH;
	if (rt->stop == STOP_SECCOMP)
		rt->stop = STOP_AFTER; /* the program's own syscall instruction is before its rip; elsewhere there is none */
	return (int64_t)rt->regs.rax;
}

int64_t
inject_clone(struct trap_task *rt, const uint64_t a[6], pid_t *child)
{
	unsigned long msg;
	int status;

	*child = 0;
	if (atomic_load(&rt->host_dead) || !at_call(rt, SYS_clone, a))
		return -ESRCH;
	for (;;) {
		if (pt(PTRACE_SYSCALL, rt->tid, 0, 0) < 0 || !wait_stop(rt, &status))
			return -ESRCH;
		if (event_of(status) == PTRACE_EVENT_CLONE || event_of(status) == PTRACE_EVENT_FORK) {
			if (pt(PTRACE_GETEVENTMSG, rt->tid, 0, (uintptr_t)&msg) == 0)
				*child = (pid_t)msg;
			continue;
		}
		if (is_syscall_exit(status))
			break;
		stopped_between(rt, status);
	}
	if (rt->stop == STOP_SECCOMP)
		rt->stop = STOP_AFTER; /* the program's own syscall instruction is before its rip; elsewhere there is none */
	if (!get_result(rt))
		return -ESRCH;
	if (!*child)
		return (int64_t)rt->regs.rax < 0 ? (int64_t)rt->regs.rax : -EAGAIN;
	/* The child begins with a stop of its own. */
	while (waitpid(*child, &status, __WALL) < 0 && errno == EINTR)
		;
	return WIFSTOPPED(status) ? 0 : -EAGAIN;
}

bool
clone_is_quick(uint64_t flags)
{
	const uint64_t shared = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;

	return (flags & shared) == shared && !(flags & (CLONE_VFORK | CLONE_PIDFD));
}

/* Calls short enough, and taking no lock that is ever held over a request to the tracer, to be served here. */
static bool
is_quick(struct task *t)
{
	uint64_t flags;

	if (t->k->params.watch)
		return false; /* a trace may have to wait for its reader, and a call may be delayed */
	switch (t->regs.orig_rax) {
	case SYS_clone:
		return clone_is_quick(t->regs.rdi);
	case SYS_clone3:
		return !copy_in(t, &flags, UADDR(t->regs.rdi)) && clone_is_quick(flags);
	case SYS_mmap:
	case SYS_munmap:
	case SYS_mprotect:
	case SYS_brk:
	case SYS_mremap:
	case SYS_madvise:
	case SYS_mincore:
	case SYS_mlock:
	case SYS_mlock2:
	case SYS_munlock:
	case SYS_mlockall:
	case SYS_munlockall:
	case SYS_remap_file_pages:
	case SYS_pkey_mprotect:
	case SYS_rt_sigreturn:
	case SYS_arch_prctl:
		return true;
	default:
		return false;
	}
}

void
finish_here(struct trap_task *rt)
{
	if (!rt->t->k->params.watch && exit_to_user_quick(rt->t))
		resume_now(rt);
	else
		pool_submit(finish_and_resume, rt);
}

static void
serve_trace(struct trap_task *rt)
{
	struct task *t = rt->t;
	struct pt_regs *r = &t->regs;
	uint64_t a[6] = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 };
	int64_t ret = syscall_enter(t, r->orig_rax, a);

	if (ret != SYSCALL_REGS_SET)
		r->rax = (uint64_t)ret;
	if (is_tracer())
		finish_here(rt);
	else
		finish_and_resume(rt);
}

static void
stopped_at_call(struct trap_task *rt)
{
	struct task *t = rt->t;

	rt->stop = STOP_SECCOMP;
	__atomic_store_n(&t->mode, MODE_KERNEL, __ATOMIC_SEQ_CST);
	if (!get_regs(rt, &t->regs))
		return; /* dead: its status follows */
	t->regs_valid = true;
	if (is_quick(t))
		serve_trace(rt);
	else
		pool_submit(serve_trace, rt);
}

/* A notified call that nobody had received is made again after the stop. */
static void
undo_interrupted_call(struct pt_regs *r)
{
	if ((int64_t)r->orig_rax < 0)
		return;
	if (is_restart_code(r->rax)) {
		r->rax = r->orig_rax;
		r->rip -= 2;
	}
	r->orig_rax = (uint64_t)-1;
}

static void
stopped_by_kick(struct trap_task *rt)
{
	struct task *t = rt->t;

	rt->stop = STOP_OTHER;
	atomic_store(&rt->kick_pending, false);
	if (!get_regs(rt, &t->regs))
		return;
	t->regs_valid = true;
	if (rt->override) {
		rt->override = false;
		t->regs.rax = (uint64_t)rt->result;
		t->regs.orig_rax = (uint64_t)rt->nr;
	} else {
		undo_interrupted_call(&t->regs);
		__atomic_store_n(&t->mode, MODE_KERNEL, __ATOMIC_SEQ_CST);
		t->syscall_nr = -1;
	}
	finish_here(rt);
}

static void
stopped_by_signal(struct trap_task *rt, int sig)
{
	struct task *t = rt->t;
	siginfo_t host;
	struct k_siginfo info;
	unsigned int access = 0;
	int code;

	if (pt(PTRACE_GETSIGINFO, rt->tid, 0, (uintptr_t)&host) < 0)
		return;
	_Static_assert(sizeof(info) == sizeof(host), "siginfo");
	memcpy(&info, &host, sizeof(info));
	/* Only faults are the program's own; anything else somebody on the host sent, and guests do not see host signals. */
	if (host.si_code <= 0 || (sig != SIGSEGV && sig != SIGBUS && sig != SIGFPE && sig != SIGILL && sig != SIGTRAP)) {
		pt(PTRACE_CONT, rt->tid, 0, 0);
		return;
	}
	rt->stop = STOP_OTHER;
	__atomic_store_n(&t->mode, MODE_KERNEL, __ATOMIC_SEQ_CST);
	if (!get_regs(rt, &t->regs))
		return;
	t->regs.orig_rax = (uint64_t)-1;
	t->regs_valid = true;
	t->syscall_nr = -1;
	code = info.si_code;
	if ((sig == SIGSEGV || sig == SIGBUS) && code != SI_KERNEL) {
		access = fault_access(t, info.fault.addr);
		if (mm_fault(t, info.fault.addr, access, &sig, &code)) {
			finish_here(rt);
			return;
		}
		info.si_signo = sig;
		info.si_code = code;
	}
	note_fault(t, &info, access);
	force_sig_info(t, &info);
	finish_here(rt);
}

/* Between rt_leave() and a death seen here, one of them comes first. */
pthread_mutex_t leave_lock = PTHREAD_MUTEX_INITIALIZER;

static void
host_thread_died(struct trap_task *rt)
{
	uint32_t user = MODE_USER;

	__atomic_store_n(&remote.by_tid[rt->tid], NULL, __ATOMIC_RELEASE);
	pthread_mutex_lock(&leave_lock);
	atomic_store(&rt->host_dead, true);
	if (rt->t && !rt->loading) {
		if (__atomic_compare_exchange_n(&rt->t->mode, &user, MODE_KERNEL, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			pool_submit(serve_death, rt);
		else if (rt->override) { /* answered, and died before its stop */
			rt->override = false;
			pool_submit(serve_death, rt);
		} else
			ignore_err(send_sig_info(SIGKILL, SEND_SIG_PRIV, rt->t, PIDTYPE_PID, NULL), "it may be dead already");
	}
	pthread_mutex_unlock(&leave_lock);
	rt_put(rt);
}

void
handle_wait_status(pid_t tid, int status)
{
	struct trap_task *rt = rt_of(tid);

	if (!rt) {
		if (tid == remote.spawner && !WIFSTOPPED(status))
			kernel_panic(remote.k, "the spawner process died");
		if (WIFSTOPPED(status))
			pt(PTRACE_CONT, tid, 0, 0);
		return;
	}
	if (!WIFSTOPPED(status)) {
		host_thread_died(rt);
		return;
	}
	follow_cpu(rt);
	if (rt->loading || !rt->t) {
		rt->stop = STOP_OTHER; /* exec_finish() comes for it; or the process is about to be killed */
		rt->nr = WSTOPSIG(status);
	} else if (event_of(status) == PTRACE_EVENT_SECCOMP) {
		stopped_at_call(rt);
	} else if (is_kick(status)) {
		stopped_by_kick(rt);
	} else if (event_of(status) != 0) {
		pt(PTRACE_CONT, tid, 0, 0);
	} else {
		stopped_by_signal(rt, WSTOPSIG(status));
	}
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
