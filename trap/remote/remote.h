/* SPDX-License-Identifier: MIT
 *
 * The remote trap's own data. See "The remote trap" in doc/architecture.md.
 *
 * Who owns a task at a moment: while t->mode is MODE_KERNEL, the thread that serves it (a notify worker, a pool thread or the
 * tracer), and only that thread touches its struct trap_task; while MODE_USER, whoever moves it to MODE_KERNEL first, by compare and
 * exchange: a worker that received its call, or the tracer at a stop or a death. The host may kill a thread at any moment. So who has
 * set MODE_USER (exit_to_user() does) touches the task no more, and its struct trap_task only with a reference of his own.
 */
#ifndef STEAD_TRAP_REMOTE_REMOTE_H
#define STEAD_TRAP_REMOTE_REMOTE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel/task.h"
#include "trap/remote/spawn.h"
#include "trap/trap.h"

/* Of functions that exec_load() calls in a new process, where a sanitizer's memory is not mapped any more. */
#define __runs_in_guest __attribute__((no_sanitize("address", "undefined", "thread")))

/*
 * A thread goes to its program and comes back: what was done before the one happens before what follows the other. The host sees to
 * that, and ThreadSanitizer has to be told.
 */
#ifdef __SANITIZE_THREAD__
void __tsan_acquire(void *p);
void __tsan_release(void *p);
#define guest_comes(rt) __tsan_acquire(rt)
#define guest_goes(rt)	__tsan_release(rt)
#else
#define guest_comes(rt) ((void)(rt))
#define guest_goes(rt)	((void)(rt))
#endif

/* A host process: ends when its last task has left it. Freed with the last of its threads. */
struct trap_process {
	_Atomic int tasks;
	_Atomic int refs; /* struct trap_task */
	_Atomic bool threaded; /* has, or had, more than one thread */
	pid_t pid;
	int room; /* the tracer's: see count_room(); 0: not known */
};

/* Wakes the tracer. No realtime signal: those get lost when their sender's user has as many pending as he may have. */
#define TRACER_SIGNAL SIGSTKFLT

/* Fetches the leader out of its wait for calls: fiber.c. */
#define LEADER_SIGNAL SIGPWR

/*
 * Makes a host thread stop before program code, with its registers to be seen. Unlike PTRACE_INTERRUPT any thread may send it. It
 * never reaches a program: the tracer drops it. By default it is ignored, should it ever hit another process.
 */
#define KICK_SIGNAL 23 /* SIGURG */

enum stop_kind {
	STOP_NONE = 0,	/* running, or inside a notified call */
	STOP_SECCOMP,	/* at a TRACE stop: the call has not been made */
	STOP_AFTER,	/* after a host call made there */
	STOP_OTHER,	/* kicked in program code, or after a notified call */
};

/* A host thread. Freed when both the guest task and the host thread are gone. */
struct trap_task {
	struct task *t; /* NULL once the guest task has left this host thread */
	pid_t tid;
	struct trap_process *proc;
	struct list_head turn; /* remote.turns, until its host thread is dead */
	enum stop_kind stop;
	_Atomic int refs;
	_Atomic bool host_dead;
	_Atomic bool kick_pending;
	bool loading;	    /* runs exec_load() */
	bool unloaded;	    /* its program could not be loaded: it ends by our doing */
	bool override;	    /* the next stop shows the end of a notified call: its result is here */
	bool put_off;	    /* the call that it has stopped at has a result, and is made when it goes on */
	int64_t result;
	int nr;
	uint64_t notif_id; /* of the notified call that is served */
	uint32_t parking;  /* futex: stop_in_call() waits for the stop */
	int exit_steps;	   /* step_to_exit() may be called as often */
	int cpu;     /* where it last made a notified call; -1 not known */
	int cpu_age; /* stops since then */
	struct list_head gather; /* the next six: gather.c */
	bool gathered;
	int burst; /* stops since @burst_start */
	int64_t burst_start;
	uint64_t stops, stops_seen;
	struct pt_regs regs; /* what the host has, as far as known: at a stop all but rcx and r11 */
};

struct remote {
	struct kernel *k;
	int listener;
	pid_t tracer_tid;
	struct trap_task **by_tid; /* indexed by host tid */
	struct list_head turns;	   /* the tracer's: all host threads, who was looked at last comes last */
	uint64_t vdso_syscall;	   /* a `syscall` instruction in the vDSO */
	uint64_t vdso_room;	   /* eight bytes without a meaning at the end of the vDSO; 0: there are none */
	struct spawn_area *spawn;
	pid_t spawner;
	int spawn_error; /* why there was no host process for a program, last time */
	_Atomic int nthreads; /* host threads of guests */
};

extern struct remote remote;

/* tracer.c */

/**
 * tracer_loop() - be the tracer until the instance ends
 *
 * Context: the supervisor's main thread, which is also the parent of the spawner.
 */
void tracer_loop(void);

/**
 * tracer_run() - run a function on the tracer thread and wait for it; directly if this is the tracer
 * @fn: the function
 * @arg: its argument
 *
 * Return: what it returned.
 */
int64_t tracer_run(int64_t (*fn)(void *arg), void *arg);

/**
 * tracer_post() - run a function on the tracer thread some time soon
 * @fn: the function
 * @arg: its argument
 */
void tracer_post(int64_t (*fn)(void *arg), void *arg);

/**
 * tracer_stop() - make tracer_loop() return
 */
void tracer_stop(void);

/**
 * is_tracer() - is the calling thread the tracer?
 */
bool is_tracer(void);

/* stops.c, inject.c: all of these on the tracer thread */

/**
 * handle_wait_status() - what waitpid() said of a host thread
 * @tid: the thread
 * @status: the status
 */
void handle_wait_status(pid_t tid, int status);

/**
 * seize() - become the tracer of a new host process
 * @tid: the process
 *
 * Return: 0 or negative errno.
 */
int seize(pid_t tid);

/**
 * inject_call() - make a host call in a stopped guest thread
 * @rt: stopped
 * @nr: a call of the trace class
 * @a: arguments
 *
 * A call of the program's own may be put off until it goes on: its result is known.
 *
 * Return: the call's result, -ESRCH if the thread died.
 */
int64_t inject_call(struct trap_task *rt, long nr, const uint64_t a[6]);

/**
 * clone_is_quick() - does clone(2) with these flags do nothing that could sleep?
 * @flags: CLONE_*
 *
 * A new thread shares everything, so that even a failure has nothing to close.
 */
bool clone_is_quick(uint64_t flags);

/**
 * finish_here() - finish_and_resume() on the tracer if nothing can sleep, else in a pool thread
 * @rt: stopped; t->regs hold the result
 */
void finish_here(struct trap_task *rt);

/**
 * write_regs() - give a stopped thread its registers, if it has others
 * @rt: stopped
 * @want: the registers; orig_rax does not matter
 *
 * Return: false if the thread died.
 */
bool write_regs(struct trap_task *rt, const struct pt_regs *want);

/* resume.c */

/**
 * finish_and_resume() - the task has been served: do its work, write its registers, let it run; or end it
 * @rt: stopped; t->regs hold the result
 *
 * Context: a pool thread (may sleep), not the tracer.
 */
void finish_and_resume(struct trap_task *rt);

/**
 * resume_now() - write the registers of a stopped thread and let it run
 * @rt: stopped, t->mode is MODE_USER; or dead, and its task may be gone. A reference to it is given up
 *
 * Context: any thread; done on the tracer.
 */
void resume_now(struct trap_task *rt);

/**
 * serve_death() - the host thread of a task died by itself: the task dies by SIGKILL
 * @rt: its host thread; t->mode is MODE_KERNEL
 *
 * Context: a pool thread.
 */
void serve_death(struct trap_task *rt);

/* pool.c */

/**
 * pool_submit() - have a pool thread run a function on a host thread's data
 * @fn: the function; may sleep as long as it likes
 * @rt: its argument
 */
void pool_submit(void (*fn)(struct trap_task *rt), struct trap_task *rt);

/* notify.c */

/**
 * notify_start() - start the first notify workers
 *
 * Return: 0 or negative errno.
 */
int notify_start(void);

/**
 * stop_in_call() - bring a thread whose notified call is being served to a stop; its registers are valid then
 * @rt: if it is stopped already, nothing is done
 *
 * Context: whoever serves the call; waits for the tracer. The call ends by finish_and_resume() afterwards.
 * Return: false if it died.
 */
bool stop_in_call(struct trap_task *rt);

/* tasks.c */

/**
 * rt_new() - data of a new host thread, registered by its tid
 * @t: the guest task
 * @tid: host thread
 * @proc: its host process; a count is taken
 *
 * Return: the data, with a reference each of the guest and of the host thread, or NULL.
 */
struct trap_task *rt_new(struct task *t, pid_t tid, struct trap_process *proc);

static inline void
rt_get(struct trap_task *rt)
{
	atomic_fetch_add(&rt->refs, 1);
}

/**
 * rt_put() - give up a reference; the data of a host thread, and of a host process, end with the last
 * @rt: the host thread; rt->t is NULL already
 */
void rt_put(struct trap_task *rt);

/**
 * rt_leave() - the guest task leaves its host thread; the host process is killed with the last of its tasks
 * @rt: the host thread; rt->t is NULL already
 */
void rt_leave(struct trap_task *rt);

/**
 * rt_kick() - make a host thread stop soon
 * @rt: the host thread, which the guest task has not left
 *
 * Return: 0, or negative errno if it is gone.
 */
int rt_kick(struct trap_task *rt);

/* The tracer takes dead threads out: others hold leave_lock until they have a reference, or the task in MODE_KERNEL. */
static inline struct trap_task *
rt_of(pid_t tid)
{
	return __atomic_load_n(&remote.by_tid[tid], __ATOMIC_ACQUIRE);
}

/* stops.c, ops.c, usage.c, xstate.c */

/**
 * remote_is_mm_call() - trap_ops.is_mm_call: is this a call about memory, which the tracer serves itself?
 * @nr: its number
 * @a: its arguments
 */
bool remote_is_mm_call(uint64_t nr, const uint64_t a[6]);

/**
 * xstate_boot() - ask the CPU how large its extended state is
 */
void xstate_boot(void);
void remote_own_usage(struct task *t, struct host_usage *out);
bool remote_process_times(hpid_t host_process, uint64_t out[3]);
size_t remote_xstate_size(struct task *t);
int remote_xstate_save(struct task *t, uint64_t u);
int remote_xstate_restore(struct task *t, uint64_t u);
int remote_xstate_reset(struct task *t);
int remote_exec(struct task *t, struct linux_binprm *bprm);

/**
 * remote_boot() - begin to make the spawner and its filter, before any thread exists
 * @k: the booted kernel
 *
 * Return: 0 or negative errno.
 */
int remote_boot(struct kernel *k);

/**
 * remote_started() - wait until the spawner is there
 *
 * Context: remote_boot() has succeeded.
 * Return: 0, or the negative errno of what the host refused.
 */
int remote_started(void);

/**
 * remote_run() - exec the first program in @k->main_task and serve until it has ended
 * @k: the kernel
 * @paths: what to exec: the first of these that is there; NULL-ended
 * @argv: NULL-ended
 * @envp: NULL-ended
 * @err: set to the negative errno if it could not be started
 *
 * Return: the main task's wait status.
 */
int remote_run(struct kernel *k, const char **paths, const char *const *argv, const char *const *envp, int *err);

#endif
