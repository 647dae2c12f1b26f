/* SPDX-License-Identifier: MIT
 *
 * Stops of guest threads, on the tracer thread: what happened, and who serves it.
 */
#include <errno.h>
#include <linux/sched.h>
#include <stddef.h>
#include <sys/mman.h>
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
#include "trap/host.h"
#include "trap/remote/ptrace.h"
#include "trap/remote/remote.h"

int
seize(pid_t tid)
{
	if (pt(PTRACE_SEIZE, tid, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL) < 0)
		return -errno;
	return 0;
}

bool
clone_is_quick(uint64_t flags)
{
	const uint64_t shared = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;

	return (flags & shared) == shared && !(flags & (CLONE_VFORK | CLONE_PIDFD));
}

bool
remote_is_mm_call(uint64_t nr, const uint64_t a[6])
{
	switch (nr) {
	case SYS_mmap:
	case SYS_munmap:
	case SYS_mprotect:
	case SYS_brk:
	case SYS_mremap:
	case SYS_mincore:
	case SYS_mlock:
	case SYS_mlock2:
	case SYS_munlock:
	case SYS_mlockall:
	case SYS_munlockall:
	case SYS_remap_file_pages:
	case SYS_pkey_mprotect:
	case SYS_shmat:
	case SYS_shmdt:
		return true;
	case SYS_madvise:
		return (int)a[2] != MADV_REMOVE; /* a call of a file system */
	default:
		return false;
	}
}

/* Calls short enough, and taking no lock that is ever held over a request to the tracer, to be served here. */
static bool
is_quick(struct task *t, const uint64_t a[6])
{
	uint64_t flags;

	if (t->k->params.watch)
		return false; /* a trace may have to wait for its reader, and a call may be delayed */
	switch (t->regs.orig_rax) {
	case SYS_clone:
		return clone_is_quick(t->regs.rdi);
	case SYS_clone3:
		return !copy_in(t, &flags, UADDR(t->regs.rdi)) && clone_is_quick(flags);
	case SYS_rt_sigreturn:
	case SYS_arch_prctl:
		return true;
	default:
		return remote_is_mm_call(t->regs.orig_rax, a);
	}
}

void
finish_here(struct trap_task *rt)
{
	if (!rt->t->k->params.watch && exit_to_user_quick(rt->t)) {
		rt_get(rt);
		resume_now(rt);
	} else {
		pool_submit(finish_and_resume, rt);
	}
}

static void
call_args(const struct pt_regs *r, uint64_t a[6])
{
	a[0] = r->rdi;
	a[1] = r->rsi;
	a[2] = r->rdx;
	a[3] = r->r10;
	a[4] = r->r8;
	a[5] = r->r9;
}

static void
serve_trace(struct trap_task *rt)
{
	struct task *t = rt->t;
	struct pt_regs *r = &t->regs;
	uint64_t a[6];
	int64_t ret;

	call_args(r, a);
	ret = syscall_enter(t, r->orig_rax, a);
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
	uint64_t a[6];

	rt->stop = STOP_SECCOMP;
	if (!get_regs(rt, &t->regs))
		return; /* dead: its status follows, and should find the task in user mode, served by nobody */
	__atomic_store_n(&t->mode, MODE_KERNEL, __ATOMIC_SEQ_CST);
	t->regs_valid = true;
	call_args(&t->regs, a);
	if (is_quick(t, a))
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

static bool
parked(struct trap_task *rt)
{
	return __atomic_load_n(&rt->parking, __ATOMIC_ACQUIRE) != 0;
}

/* For stop_in_call(). */
static void
unpark(struct trap_task *rt)
{
	__atomic_store_n(&rt->parking, 0, __ATOMIC_RELEASE);
	host_futex_wake(&rt->parking, 1);
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
	if (parked(rt)) {
		t->regs.orig_rax = (uint64_t)rt->nr;
		unpark(rt);
		return;
	}
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
	if (!get_regs(rt, &t->regs))
		return;
	__atomic_store_n(&t->mode, MODE_KERNEL, __ATOMIC_SEQ_CST);
	t->regs.orig_rax = (uint64_t)-1;
	t->regs_valid = true;
	t->syscall_nr = -1;
	code = info.si_code;
	if (is_page_fault(sig, code)) {
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

/* Is there nobody who serves the task of a dead thread? Then nobody else will from now on. Under leave_lock. */
static bool
take_dead(struct trap_task *rt)
{
	uint32_t user = MODE_USER;

	if (__atomic_compare_exchange_n(&rt->t->mode, &user, MODE_KERNEL, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return true;
	if (!rt->override)
		return false;
	rt->override = false; /* answered, and died before its stop */
	return true;
}

static void
host_thread_died(struct trap_task *rt)
{
	struct task *served = NULL;

	list_del(&rt->turn);
	gather_gone(rt);
	pthread_mutex_lock(&leave_lock);
	__atomic_store_n(&remote.by_tid[rt->tid], NULL, __ATOMIC_RELEASE);
	atomic_store(&rt->host_dead, true);
	if (parked(rt))
		unpark(rt);
	if (rt->t && !rt->loading) {
		if (take_dead(rt)) {
			pool_submit(serve_death, rt);
		} else {
			served = rt->t;
			get_task_struct(served);
		}
	}
	pthread_mutex_unlock(&leave_lock);
	if (served) { /* without the lock: this kicks the threads of its group */
		ignore_err(send_sig_info(SIGKILL, SEND_SIG_PRIV, served, PIDTYPE_PID, NULL), "it may be dead already");
		put_task_struct(served);
	}
	rt_put(rt);
}

/* exec_load() runs on the arena as kernel code does elsewhere: it may have left a lock behind. */
static bool
is_in_kernel(const struct task *t)
{
	return t && READ_ONCE(t->direct);
}

void
handle_wait_status(pid_t tid, int status)
{
	struct trap_task *rt = rt_of(tid);

	if (!rt) {
		if (tid == remote.spawner && !WIFSTOPPED(status))
			kernel_panic(remote.k, "the spawner process died");
		if (WIFSTOPPED(status))
			kill(tid, SIGKILL); /* a child whose parent was killed before it was known: it must not run */
		return;
	}
	guest_comes(rt);
	if (!WIFSTOPPED(status)) {
		if (rt->loading && WIFSIGNALED(status) && is_in_kernel(rt->t))
			kernel_panic(remote.k, "the host has killed task %d in kernel code", rt->t->pid);
		host_thread_died(rt);
		return;
	}
	follow_cpu(rt);
	gather_stopped(rt);
	if (!rt->t && rt->exit_steps > 0) {
		step_to_exit(rt);
	} else if (rt->loading || !rt->t) {
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
