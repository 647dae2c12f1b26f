/* SPDX-License-Identifier: MIT
 *
 * Tasks (threads), thread groups (struct signal_struct) and what they share. Linux's task_struct, with Linux's names.
 *
 * Life: alloc_task() -> copy_process() fills it -> attach_pid() makes it visible -> trap_ops.clone starts a host thread
 * for it -> do_exit() -> zombie (leaders) -> release_task(). A reference (get_task_struct) keeps the memory; task memory is
 * type-stable.
 *
 * Locks: k->tasklist_lock protects the tree and the pid table; sighand->siglock the group's signal state and thread list
 * (changes to the thread list need both); t->alloc_lock the pointers files, fs, mm against other tasks' looks.
 */
#ifndef STEAD_KERNEL_TASK_H
#define STEAD_KERNEL_TASK_H

#include "kernel/kernel.h"
#include "kernel/list.h"
#include "kernel/lock.h"
#include "kernel/refcount.h"
#include "kernel/signal.h"
#include "kernel/time.h"
#include "kernel/waitq.h"

struct mm;
struct files_struct;
struct fs_struct;
struct cred;
struct file;
struct tty;
struct pid;
struct linux_binprm;

/* Registers of a program, in the order of Linux's struct pt_regs / user_regs_struct, so that ptrace can be read into it. */
struct pt_regs {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	uint64_t orig_rax; /* the call's number; (uint64_t)-1 when not in a call */
	uint64_t rip, cs, eflags, rsp, ss;
	uint64_t fs_base, gs_base, ds, es, fs, gs;
};

enum task_mode {
	MODE_USER = 0, /* in program code, or on the last instructions back to it */
	MODE_KERNEL,
};

/* t->work: reasons to do something before going back to program code. Atomic. */
#define WORK_SIGPENDING	  (1u << 0) /* a deliverable signal may be pending */
#define WORK_RESTORE_MASK (1u << 1) /* t->saved_sigmask waits to be restored (sigsuspend, ppoll, ...) */
#define WORK_NOTIFY	  (1u << 2) /* look again (text changed, trace toggled, ...) */
#define WORK_MM		  (1u << 3) /* a file that the address space maps became shorter (mm/truncate.c) */

#define PF_EXITING   (1u << 0)
#define PF_FORKNOEXEC (1u << 1)
#define PF_SIGNALED  (1u << 2)
#define PF_VFORK     (1u << 3)
#define PF_KTHREAD   (1u << 4)
#define PF_SUPERPRIV (1u << 5)
#define PF_NPROC_EXCEEDED (1u << 16) /* set*uid to a user with too many processes: execve fails, as long as that is so */

enum pid_type { PIDTYPE_PID = 0, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID, PIDTYPE_MAX };

/* A pid number and who bears it (kernel/pid.c). */
struct pid {
	refcount_t count;
	int nr;
	struct list_head hash;
	struct list_head tasks[PIDTYPE_MAX]; /* task->pid_links[type]; group leaders for PGID and SID */
	struct wait_queue_head wait_pidfd;   /* pollers of pidfds */
};

struct rlimit64_k {
	uint64_t cur, max;
};
#define K_RLIM_NLIMITS 16
#define K_RLIM_INFINITY UINT64_MAX

struct task_times {
	uint64_t utime, stime; /* ns */
	uint64_t minflt, majflt, nvcsw, nivcsw, inblock, oublock;
	uint64_t maxrss; /* KiB */
};

/* How much of a task's, or a group's, CPU time was seen of which host thread: exec may give it another one, which counts from zero. */
struct host_times {
	int tid; /* or the process, of a group's */
	uint64_t utime, stime;
};

/* What one has used is added to what others have; the larger maxrss stays. */
static inline void
add_task_times(struct task_times *to, const struct task_times *from)
{
	to->utime += from->utime;
	to->stime += from->stime;
	to->minflt += from->minflt;
	to->majflt += from->majflt;
	to->nvcsw += from->nvcsw;
	to->nivcsw += from->nivcsw;
	to->inblock += from->inblock;
	to->oublock += from->oublock;
	to->maxrss = MAX(to->maxrss, from->maxrss);
}

/* A thread group: Linux's signal_struct. */
struct signal_struct {
	refcount_t sigcnt;
	int nr_threads; /* siglock */
	int quick_threads; /* those not yet in do_exit(); siglock */
	refcount_t live;
	struct task *leader;
	struct list_head thread_head; /* task->thread_node */
	struct wait_queue_head wait_chldexit;
	struct sigpending shared_pending;

	struct task *curr_target; /* complete_signal() goes round from here */
	int group_exit_code;
	uint32_t flags; /* SIGNAL_*, siglock */
	struct task *group_exec_task;
	int notify_count; /* de_thread(): threads still to die */
	int group_stop_count;
	bool is_child_subreaper, has_child_subreaper;

	struct pid *pids[PIDTYPE_MAX]; /* TGID, PGID, SID */
	struct tty *tty;	       /* controlling terminal; siglock */
	struct pid *tty_old_pgrp;
	bool leader_of_session;

	struct mutex rlim_lock; /* RANK_LEAF */
	struct rlimit64_k rlim[K_RLIM_NLIMITS];

	/* timers: setitimer real/virtual/prof and POSIX timers (kernel/itimer.c, kernel/posix-timers.c) */
	struct ktimer real_timer;
	struct ktimer cpu_timer; /* looks at the two that run on CPU time */
	int64_t it_real_interval;
	int64_t it_virt_expires, it_virt_interval, it_prof_expires, it_prof_interval;
	struct posix_timers *posix_timers;

	struct task_times cums;	 /* waited-for children */
	struct task_times deads; /* dead threads of the group */
	struct mutex times_lock; /* RANK_LEAF; the next three: kernel/cputime.c */
	hpid_t host_process;	 /* the trap's, where it knows times of processes */
	struct host_times host_times;
	uint64_t utime, stime;
	struct mutex cred_guard; /* RANK_EXEC */
	int oom_score_adj;
	uint64_t start_time_ns; /* CLOCK_MONOTONIC */
};
#define SIGNAL_STOP_STOPPED   (1u << 0)
#define SIGNAL_STOP_CONTINUED (1u << 1)
#define SIGNAL_GROUP_EXIT     (1u << 2)
#define SIGNAL_CLD_STOPPED    (1u << 4)
#define SIGNAL_CLD_CONTINUED  (1u << 5)
#define SIGNAL_UNKILLABLE     (1u << 6)

/* Never given back to the slab, but to k->free_sighands: the lock of one found without a reference can always be taken. */
struct sighand_struct {
	refcount_t count;
	struct mutex siglock; /* RANK_SIGHAND */
	struct k_sigaction action[64];
	struct wait_queue_head signalfd_wqh; /* pollers and readers of signalfd: woken for every signal queued */
	struct list_head free;
};

/* What restart_syscall(2) calls again. */
struct restart_block {
	int64_t (*fn)(struct task *t, struct restart_block *rb);
	int64_t deadline;
	uint64_t a[5];
};

/* Whether it pays to look out for a wake-up before going to sleep: trap/resident/spin.c. */
struct task_spin {
	uint32_t limit;	   /* cycles; 0: it does not */
	uint32_t woken_on; /* CPU of who woke it, if it asked */
	uint32_t near, need, tries, sleeps;
	bool ask, apart; /* apart: that was not its own CPU */
};

struct task {
	struct kernel *k;
	refcount_t usage;

	/* kernel/entry.c: see doc/architecture.md */
	uint32_t mode; /* enum task_mode, atomic */
	uint32_t work; /* WORK_*, atomic */
	bool direct;   /* kernel code for this task runs in its own host process */
	struct pt_regs regs;
	bool regs_valid; /* regs holds all of the program's registers, and may be changed */
	int syscall_nr;	 /* the call being served, or -1 */

	/* sleeping */
	uint32_t state; /* enum task_state, atomic */
	uint32_t sched; /* the futex word schedule() waits in */
	uint32_t sleep_how, woken_by; /* trap/resident/sleep.c, with the next two */
	uint32_t sleep_streak, sleep_trust;
	struct task_spin spin;
	struct task *ready_next;
	struct fiber *fiber;
	struct ktimer sleep_timer; /* these three are the remote trap's: trap/remote/fiber.c */

	/* the host's side, private to the trap */
	hpid_t host_tid;
	struct trap_task *trap;	 /* trap's own data of the task */
	struct trap_process *host; /* the host process, shared by its tasks */

	/* identity */
	int pid, tgid; /* numbers, fixed while alive (de_thread() swaps pid) */
	struct pid *thread_pid;
	struct list_head pid_links[PIDTYPE_MAX];
	char comm[16];
	uint32_t flags; /* PF_*, own task only */
	uint32_t personality;
	int exit_state; /* 0, EXIT_ZOMBIE, EXIT_DEAD; tasklist_lock */
	int exit_code;
	int exit_signal; /* sent to the parent; -1 for threads that are not leaders */
	uint32_t self_exec_id, parent_exec_id; /* a parent that has exec'ed since gets SIGCHLD */
	int pdeath_signal;

	/* tree: tasklist_lock */
	struct task *group_leader;
	struct task *real_parent, *parent; /* parent differs while ptraced */
	struct list_head children, sibling;
	struct list_head ptraced, ptrace_entry;
	struct list_head thread_node;
	struct list_head tasks; /* leaders: k->tasks */

	struct signal_struct *signal;
	struct sighand_struct *sighand;
	struct sigpending pending;
	ksigset_t blocked, real_blocked, saved_sigmask;
	uint64_t trapno, err, cr2; /* of the last fault in program code: what a signal frame shows */
	uint64_t sas_ss_sp, sas_ss_size;
	uint32_t sas_ss_flags;
	uint32_t jobctl; /* siglock; a task that is stopped looks without */
	struct restart_block restart;
	struct k_siginfo *last_siginfo; /* ptrace stop */
	uint32_t ptrace; /* PT_* */

	struct mutex alloc_lock; /* RANK_TASK */
	struct mm *mm;
	struct files_struct *files;
	struct fs_struct *fs;
	struct cred *cred;
	struct io_context *io_context; /* or NULL; alloc_lock */
	struct sem_undo_list *sysvsem; /* or NULL; own task only (ipc/sem-undo.c) */
	struct ipc_sleeper *ipc_sleeper; /* or NULL; likewise (ipc/util.h) */

	/* memory words of the program the kernel writes or reads at exit */
	uaddr_t clear_child_tid, set_child_tid;
	uaddr_t robust_list;
	bool vfork_pending; /* the parent waits for exec or exit of this task; alloc_lock */
	struct wait_queue_head vfork_wait;

	struct task_times times;
	struct host_times host_times; /* kernel/cputime.c */
	int64_t start_time_ns, start_boottime_ns;
	uint64_t io_rchar, io_wchar, io_syscr, io_syscw;
	int32_t nice, sched_policy, sched_priority;
	bool sched_reset_on_fork;
	uint64_t timer_slack_ns, default_timer_slack_ns;
	uint64_t cpu_affinity[16]; /* 1,024 CPUs */
	bool no_new_privs, thp_disable, io_flusher;
	uint8_t mce_kill; /* PR_MCE_KILL_SET was told PR_MCE_KILL_LATE or _EARLY: that + 1 */
	int oom_score_adj_min;
	uint32_t loginuid, sessionid; /* UINT32_MAX: not set */

	struct linux_binprm *bprm; /* an exec under way */

	uint64_t fault_addr, fault_rip; /* the last fault that was only run again, and how often (mm/fault.c) */
	uint32_t fault_count;

	bool futex_pi_waited; /* atomic, as is the next (kernel/futex-pi.c) */
	uint8_t futex_pi_exited; /* atomic (kernel/futex-pi.c) */

	struct inject_state *inject; /* fault injection, or NULL */
	struct trace_state *trace;
	uint64_t trace_ip; /* resident trap: where the program is in its own text, for the trace; else 0, and regs has it */
};

#define EXIT_DEAD   16
#define EXIT_ZOMBIE 32

static inline bool
signal_pending(const struct task *t)
{
	return (__atomic_load_n(&t->work, __ATOMIC_SEQ_CST) & WORK_SIGPENDING) != 0;
}

/**
 * fatal_signal_pending() - will this task die before it sees program code again?
 * @t: any task
 *
 * Return: true once SIGKILL is queued to it (group exit and exec of another thread queue it too).
 */
bool fatal_signal_pending(const struct task *t);

/**
 * get_task_struct(), put_task_struct() - keep a task's memory
 * @t: the task; the last reference drops those it has to t->cred and t->signal (sigcnt)
 */
void get_task_struct(struct task *t);
void put_task_struct(struct task *t);

/**
 * find_task_by_pid() - a task by number
 * @k: the instance
 * @nr: thread id in the guest
 *
 * Context: takes tasklist_lock.
 * Return: the task with a reference, or NULL.
 */
struct task *find_task_by_pid(struct kernel *k, int nr) __must_check;

static inline bool
thread_group_leader(const struct task *t)
{
	return t->exit_signal >= 0;
}

/* All threads of a group; tasklist_lock or siglock is held. */
#define for_each_thread(sig, p) list_for_each_entry(p, &(sig)->thread_head, thread_node)
/* All groups' leaders; tasklist_lock is held. */
#define for_each_process(k, p) list_for_each_entry(p, &(k)->tasks, tasks)

static inline bool
thread_group_empty(const struct task *t)
{
	return thread_group_leader(t) && t->thread_node.next == t->thread_node.prev;
}

static inline struct pid *
task_pgrp(const struct task *t)
{
	return t->signal->pids[PIDTYPE_PGID];
}

static inline struct pid *
task_session(const struct task *t)
{
	return t->signal->pids[PIDTYPE_SID];
}

/**
 * lock_task_sighand() - take the siglock of a task that may be dying
 * @t: a task whose memory is kept
 *
 * Return: its sighand with siglock held, or NULL: it is dead and has none.
 */
struct sighand_struct *lock_task_sighand(struct task *t) __must_check;

/**
 * unlock_task_sighand() - the end of it
 * @sh: from lock_task_sighand(), not NULL
 */
__no_thread_safety static inline void
unlock_task_sighand(struct sighand_struct *sh)
{
	mutex_unlock(&sh->siglock);
}

static inline bool
same_thread_group(const struct task *a, const struct task *b)
{
	return a->signal == b->signal;
}

static inline int
task_tgid_nr(const struct task *t)
{
	return t->tgid;
}

/**
 * task_pgrp_nr(), task_session_nr() - process group and session of a task
 * @t: a task that is alive or not yet reaped
 *
 * Context: tasklist_lock, or the current task.
 */
int task_pgrp_nr(const struct task *t);
int task_session_nr(const struct task *t);

/**
 * rlimit() - the current task's soft limit
 * @t: the current task
 * @which: RLIMIT_* of asm-generic/resource.h
 */
static inline uint64_t
rlimit(const struct task *t, unsigned int which)
{
	return __atomic_load_n(&t->signal->rlim[which].cur, __ATOMIC_RELAXED);
}

/* kernel/pid.c */

/**
 * alloc_pid() - the next free pid number
 * @k: the instance
 *
 * Context: takes RANK_LEAF.
 * Return: a pid with one reference, or ERR_PTR: -EAGAIN (pid_max), -ENOMEM.
 */
struct pid *alloc_pid(struct kernel *k) __must_check;

/**
 * alloc_pid_nr() - a given number, for clone3's set_tid
 * @k: the instance
 * @nr: the number
 *
 * Context: takes RANK_LEAF.
 * Return: a pid with one reference, or ERR_PTR: -EINVAL (no such number), -EEXIST, -ENOMEM.
 */
struct pid *alloc_pid_nr(struct kernel *k, int nr) __must_check;

/**
 * get_pid(), put_pid() - references; the number becomes free when the last is gone
 * @pid: the pid, or NULL
 *
 * Context: any; the last put_pid() takes RANK_LEAF.
 */
struct pid *get_pid(struct pid *pid);
void put_pid(struct kernel *k, struct pid *pid);

/**
 * find_get_pid() - a pid by number
 * @k: the instance
 * @nr: the number
 *
 * Context: takes RANK_LEAF.
 * Return: with a reference, or NULL.
 */
struct pid *find_get_pid(struct kernel *k, int nr) __must_check;

/**
 * __find_pid() - the same without a reference
 * @k: the instance
 * @nr: the number
 *
 * Context: tasklist_lock is held.
 */
struct pid *__find_pid(struct kernel *k, int nr) __must_check;

/**
 * pid_task() - a bearer of a pid
 * @pid: may be NULL
 * @type: as what
 *
 * Context: tasklist_lock is held.
 * Return: a task or NULL; no reference.
 */
struct task *pid_task(struct pid *pid, enum pid_type type) __must_check;

/**
 * attach_pid(), detach_pid(), change_pid() - link a task under signal->pids[type] (or thread_pid for PIDTYPE_PID)
 * @t: the task
 * @type: as what
 * @pid: the new one
 *
 * A link has a reference of its own: attach_pid() takes it, detach_pid() drops it and leaves the pointer as it is.
 * Context: tasklist_lock is held.
 */
void attach_pid(struct task *t, enum pid_type type);
void detach_pid(struct task *t, enum pid_type type);
void change_pid(struct task *t, enum pid_type type, struct pid *pid);

/**
 * pid_max(), set_pid_max() - /proc/sys/kernel/pid_max: numbers stay below it
 * @k: the instance
 * @max: 301 to 4194304
 *
 * Return: the limit; 0, -EINVAL.
 */
int pid_max(struct kernel *k);
int set_pid_max(struct kernel *k, int max) __must_check;

#define do_each_pid_task(pid, type, p) list_for_each_entry(p, &(pid)->tasks[type], pid_links[type])

/* kernel/fork.c */

struct kernel_clone_args {
	uint64_t flags; /* CLONE_* without the exit signal */
	uaddr_t pidfd, child_tid, parent_tid;
	int exit_signal;
	uint64_t stack, stack_size;
	uint64_t tls;
	uaddr_t set_tid;
	uint64_t set_tid_size;
	int cgroup;
};

/**
 * kernel_clone() - fork, vfork, clone and clone3
 * @t: the current task, t->regs_valid
 * @args: checked flags
 *
 * Context: sleeps (vfork waits until the child execs or exits).
 * Return: the child's tid, or negative errno of clone(2).
 */
int64_t kernel_clone(struct task *t, struct kernel_clone_args *args) __must_check;

/**
 * create_init_task() - the first task of an instance: pid 1, runs no program, reaps orphans
 * create_main_task() - the task `stead run` execs its program in: pid 2, leader of its own session
 * @k: the instance
 *
 * Context: boot. The caller sets files, fs and the credentials of params are applied.
 * Return: the task, or ERR_PTR.
 */
struct task *create_init_task(struct kernel *k) __must_check;
struct task *create_main_task(struct kernel *k) __must_check;

/**
 * schedule_tail() - the first thing a new task does
 * @t: the new task, in its own context: its user memory can be written
 *
 * The trap calls it before the task first goes to exit_to_user().
 * Context: may sleep.
 */
void schedule_tail(struct task *t);

/**
 * set_task_comm() - the name of a thread, cut at 15 bytes
 * @t: the task
 * @name: the name
 */
void set_task_comm(struct task *t, const char *name);

/* kernel/sched.c */

/**
 * task_cputime() - CPU time a task has used so far
 * @t: the task
 * @utime: ns in program code
 * @stime: ns in the kernel
 */
void task_cputime(struct task *t, uint64_t *utime, uint64_t *stime);

/**
 * note_cputime() - bring t->times up to date with what the host knows (kernel/cputime.c)
 * @t: any task; one that has ended keeps the times it had
 *
 * Called before a task's host thread goes away (exit, exec), and whenever times are asked for.
 * Context: takes RANK_LEAF; some host calls.
 */
void note_cputime(struct task *t);

/**
 * note_maxrss() - look at the host's count of resident pages, for getrusage(2): the most that was ever seen
 * @t: a task with a host process
 *
 * Context: a host call of the supervisor; no lock.
 */
void note_maxrss(struct task *t);

/**
 * set_maxrss() - note_maxrss() for a caller that knows the number
 * @t: a task
 * @kb: KiB resident, now or at its highest
 *
 * Context: any.
 */
void set_maxrss(struct task *t, uint64_t kb);

/**
 * note_own_usage() - note_cputime() and note_maxrss() of the current task, in one host call where the trap can
 * @t: the current task
 *
 * Context: takes RANK_LEAF; as note_maxrss().
 */
void note_own_usage(struct task *t);

/**
 * group_cputime() - CPU time a whole group has used so far, dead threads included, where the trap knows it of host processes
 * @t: a task of the group
 * @utime: ns in program code
 * @stime: ns in the kernel
 *
 * Context: takes RANK_LEAF; some host calls.
 * Return: false if the trap does not: threads must be added up, and each noted before its host thread goes away.
 */
bool group_cputime(struct task *t, uint64_t *utime, uint64_t *stime);

/**
 * thread_group_times() - the same and the other counts of a whole group, dead threads included
 * @t: a task of the group
 * @out: the sums
 *
 * Context: takes siglock.
 */
void thread_group_times(struct task *t, struct task_times *out);

/**
 * own_group_times() - note_own_usage(), and thread_group_times() without asking the host again
 * @t: the current task
 * @out: the sums
 *
 * Context: takes siglock; as note_maxrss().
 */
void own_group_times(struct task *t, struct task_times *out);

/**
 * thread_group_times_locked() - the same for a caller that has tasklist_lock or siglock already
 * @t: a task of the group
 * @out: the sums
 *
 * Context: tasklist_lock or siglock is held.
 */
void thread_group_times_locked(struct task *t, struct task_times *out);

/* kernel/exit.c */

/**
 * do_exit() - end the current task: everything released, parent told, zombie
 * @t: the current task
 * @code: wait status: exit code << 8, or signal | 0x80
 *
 * After it only the trap may touch @t (trap_ops.exit), which drops the last reference.
 * Context: sleeps.
 */
void do_exit(struct task *t, int code);

/**
 * do_group_exit() - end the whole thread group: others get SIGKILL, then do_exit()
 * @t: the current task
 * @code: wait status
 *
 * Context: sleeps.
 */
void do_group_exit(struct task *t, int code);

/**
 * task_killed_by_host() - a task's host thread is gone (the host's OOM killer): it dies of SIGKILL with its group
 * @t: a task for which nobody runs kernel code; the calling thread takes that over, and calls trap_ops.exit afterwards
 *
 * Context: sleeps. User memory may be gone.
 */
void task_killed_by_host(struct task *t);

/**
 * de_thread() - exec: become the only thread of the group, and its leader; handlers are no longer shared
 * @t: the current task
 *
 * Return: 0; -EAGAIN when the group is being killed or another thread execs; -ENOMEM.
 */
int de_thread(struct task *t) __must_check;

/**
 * release_task() - forget a task that is EXIT_DEAD: its pid, its place in the tree and its signal state
 * @t: the task; the tree's reference is dropped
 *
 * Context: takes tasklist_lock and siglock.
 */
void release_task(struct task *t);

/**
 * is_current_pgrp_orphaned() - terminal job control: no parent outside the group could continue it
 * @t: the current task
 *
 * Context: takes tasklist_lock.
 */
bool is_current_pgrp_orphaned(struct task *t);

/**
 * zap_other_threads() - SIGKILL to all other threads of the group
 * @t: the current task
 *
 * Context: siglock is held.
 * Return: how many.
 */
int zap_other_threads(struct task *t);

/**
 * mm_release() - what ends with a task's use of its memory: robust lists, clear_child_tid, vfork_done
 * @t: the current task, in do_exit() or exec
 *
 * Context: sleeps; user memory is still there.
 */
void mm_release(struct task *t);

#endif
