/* SPDX-License-Identifier: MIT
 *
 * The resident trap's own data. Kernel code runs in the guest's thread, on a kernel stack in the arena; see trap/resident/entry.c for
 * the way in and out.
 *
 * Places in every guest process, behind the arena's own range (k->arena_size is enlarged by them, so that no program maps there):
 * - RES_SCRATCH: a page a task that the program may write: registers pass through it. Private memory of the process.
 * - RES_SEL: a page a task that the program may read only (key 2): the dispatch selector, and where the task's stacks are. Private too.
 * Both are indexed by slot with a stride of a page, so that %gs, which points to the scratch page, reaches both.
 * The arena itself has key 1: not accessible while program code runs.
 */
#ifndef STEAD_TRAP_RESIDENT_RESIDENT_H
#define STEAD_TRAP_RESIDENT_RESIDENT_H

#define RES_SLOTS    32768
/* As numbers, for assembly: ARENA_BASE, and the arena's size under this trap. */
#ifdef __SANITIZE_THREAD__
#define ARENA_BASE_NUM 0x7e8000000000
#else
#define ARENA_BASE_NUM 0x400000000000
#endif
#define RES_ARENA_SIZE 0x4000000000
#define RES_SEL_OFF  134217728 /* RES_SLOTS pages: from a scratch page to its selector page */
#define RES_SIZE     (2 * RES_SEL_OFF)
#define RES_SCRATCH  (ARENA_BASE_NUM + RES_ARENA_SIZE)
#define RES_KEY	     1 /* kernel memory */
#define RES_KEY_SEL  2 /* selector pages */
#define PKRU_PROGRAM 0x2c /* key 1: no access, key 2: no write */
#define KICK_SIGNAL  40

/* Offsets in struct sel_page, for assembly. */
#define SEL_BYTE   0
#define SEL_KSTACK 8
#define SEL_TASK   16
#define SEL_ALT_LO 24
#define SEL_ALT_HI 32
#define SEL_KLO	   40
#define SEL_REGS   48
#define SEL_GATE   56

/* And in struct space_page, and of rip in the host's signal frame. */
#define SPACE_PAGE_SPACE  0
#define SPACE_PAGE_DOOMED 8
#define FRAME_RIP	  176

#ifndef __ASSEMBLER__

#include "kernel/exec.h"
#include "kernel/task.h"
#include "trap/request.h"
#include "trap/resident/boot.h"
#include "trap/trap.h"

#define KSTACK_PAGES 16
#define ALT_PAGES    8
#define XSAVE_MAX    12288

struct sel_page {
	uint8_t sel; /* 0: host calls go through (kernel code runs); 1: they raise SIGSYS */
	uint8_t pad[7];
	uint64_t kstack_top;
	struct trap_task *rt;
	uint64_t alt_lo, alt_hi;
	uint64_t kstack_lo;
	struct pt_regs *regs; /* of the task */
	uint64_t gate;	      /* what trampolines jump to */
};

/* Host processes with one memory: the others were made by vfork and its like. */
struct trap_space {
	uint32_t spinning; /* threads without %gs: resident_signal_entry */
	uint32_t tasks;
	uint32_t procs; /* references */
	uint64_t serial; /* no other has had it */
	uint32_t ending; /* futex: the warden looks whether only such threads are left; none may leave for the kernel now */
};

/* The first selector page is nobody's: what is known of the process without %gs. */
struct space_page {
	struct trap_space *space;
	struct trap_space **doomed;
};

struct trap_process {
	struct trap_space *space;
	uint32_t tasks; /* atomic */
	uint32_t retired; /* of its struct trap_tasks, on res->dead; res->lock */
	int32_t pid;
};

struct trap_task {
	struct task *t; /* NULL once the guest task has left this host thread */
	struct trap_process *proc;
	int32_t tid, pid; /* pid: as proc's, for who may not look at proc any more */
	uint32_t alive;	 /* the host clears it when the thread is gone; or the reaper with its process */
	uint32_t slot;
	char *kstack, *alt;
	uint8_t *xframe; /* extended state of the program, if it is not in the registers */
	bool rearm;	 /* the alternate stack was disarmed on the way in */
	bool stepped;	 /* TF was set on the way in */
	bool kicked;	 /* a kick arrived on the way out */
	uint64_t guarded_in; /* the space whose page below the kernel stack is gone */
	bool lost;	 /* its host process died while it slept in the kernel: something may still point to its stack */
	struct exec_job *job;  /* loaded by execve, waits to go */
	struct list_head list; /* res->dead or res->free */
	uint8_t xbuf[XSAVE_MAX] __aligned(64);
};

enum request_kind {
	REQ_LOAD_PLAN,
	REQ_POLL_ADD,
	REQ_POLL_DEL,
	REQ_PANIC,
	REQ_TRUSTED_XATTR,
	REQ_RSS,
	REQ_TIMES,
	REQ_AFFINITY,
	REQ_TRACE_CALL,
	REQ_TRACE_SIGNAL,
	REQ_TRACE_STOPPED,
	REQ_TRACE_NEW,
	REQ_TRACE_GONE,
};

struct request {
	struct request *next;
	enum request_kind kind;
	uint64_t a[6];
	int64_t result;
	uint32_t done; /* futex */
};

/* One execve: a new host process for the task. */
struct exec_job {
	struct task *t;
	struct linux_binprm *bprm;
	struct trap_task *rt;
	uint32_t loaded, go; /* futexes */
	int32_t error;
};

enum instance_end {
	END_NOT_YET,
	END_REGULAR,
	END_PANIC,
};

#define PANIC_LINE_LEN 256

/* k->resident */
struct resident {
	struct kernel *k;
	int32_t supervisor, spawner; /* host pids */
	struct mutex lock;	/* RANK_LEAF: dead, free, next_slot */
	struct list_head dead;	/* host threads that are leaving */
	struct list_head free;	/* host threads whose process is gone */
	uint32_t next_slot;
	/* requests to the supervisor */
	struct mutex queue_lock; /* RANK_LEAF */
	struct request *head, **tail;
	uint32_t posted; /* futex */
	int64_t (*serve)(struct kernel *k, const struct request *q); /* in the supervisor; NULL until it serves */
	void (*look)(struct kernel *k); /* in the supervisor: has a child died before anybody waits for that? */
	hfd_t bell; /* an eventfd: the main thread of the supervisor is to look at what follows */
	bool served; /* there is a thread for requests */
	bool timers_wanted;
	uint32_t ended;	 /* enum instance_end: needs no lock and no server, which a kernel that has failed may not have */
	uint32_t panicking;
	char panic_line[PANIC_LINE_LEN];
	/* the spawner */
	struct mutex spawn_lock; /* RANK_EXEC */
	uint32_t ready, spawn_seq, spawn_done;
	struct trap_space *doomed; /* for the warden */
	struct kmem_cache spaces;
	uint64_t spaces_made;
	bool plain_futex; /* sleep.c: the host has no other */
	struct exec_job *job;
	int32_t spawn_result;
	uint32_t xsave_size;
	uint64_t xfeatures; /* without PKRU */
	struct plans *plans; /* plans.c */
	struct spawn_area *area;
	struct trap_task *by_slot[RES_SLOTS]; /* once there, never gone */
};

static inline struct trap_task *
rt_of(const struct task *t)
{
	return t->trap;
}

/* entry.c */
extern const char resident_gate[], resident_gate_open[];
extern const char resident_spin_start[], resident_spin_end[];
extern const char resident_signal_entry[], resident_final_start[], resident_final_end[], resident_sigreturn_insn[];

/**
 * resident_final() - to program code: registers from @t->regs, extended state is loaded, dispatch is armed
 * @t: the task
 * @kicked: looked at on the way: if set, resident_redo() is called instead
 */
void resident_final(struct task *t, bool *kicked) __noreturn;

/* signal.c */
int resident_classify(int sig, void *frame);
void resident_from_program(int sig, void *frame) __noreturn;
void resident_redo(struct task *t) __noreturn;
bool *resident_gate_call(uint64_t nr, struct trap_task *rt) __must_check;

/**
 * resident_return() - the end of serving: work, then program code; or the end of the task
 * @t: the current task, t->regs hold its registers
 */
void resident_return(struct task *t) __noreturn;

/* thread.c */
struct trap_task *resident_rt_alloc(struct kernel *k, struct task *t, struct trap_process *proc) __must_check;
void resident_put_proc(struct kernel *k, struct trap_process *proc);
void resident_retire(struct kernel *k, struct trap_task *rt); /* its host thread leaves, or is dead */
void resident_thread_setup(struct trap_task *rt, bool process);
void resident_leave(struct trap_task *rt) __noreturn;
void resident_spawner_main(void *arg) __noreturn; /* @arg: struct spawn_area */
int resident_exec(struct task *t, struct linux_binprm *bprm);
void resident_exec_go(struct task *t, struct trap_task *old) __noreturn;

/* exec.c */
bool resident_can_exec_in_place(const struct trap_task *rt, const struct linux_binprm *bprm) __must_check;
int resident_exec_in_place(struct task *t, struct linux_binprm *bprm) __must_check;

/* xstate.c */
size_t resident_xstate_size(struct task *t);
int resident_xstate_save(struct task *t, uint64_t u);
int resident_xstate_restore(struct task *t, uint64_t u);
int resident_xstate_reset(struct task *t);
int resident_xstate_load(struct task *t, uint64_t u, uint64_t mask); /* xrstor by the program, without PKRU */
void resident_xrstor_mask(const uint8_t *img, uint64_t mask); /* @mask without PKRU */
void resident_xrstor(struct resident *r, const uint8_t *img);
void resident_xsave(struct resident *r, uint8_t *img);

/* warden.c */
void resident_look_for_doomed(struct kernel *k); /* to be called now and then */
void resident_bury_begin(void); /* only between these is a struct trap_process forgotten, with its space */
void resident_bury_end(void);

/* plans.c */
int resident_plans_init(struct resident *r) __must_check;
int resident_load_plan(struct kernel *k, hfd_t fd, uint64_t off, const void *image, size_t len, struct load_plan *plan);

/**
 * resident_end() - the instance is over, as the first caller says
 * @r: k->resident
 * @how: END_REGULAR, or END_PANIC with @line
 * @line: why
 *
 * Context: any, whatever locks are held.
 */
void resident_end(struct resident *r, enum instance_end how, const char *line);

/* request.c */
int64_t resident_request(struct kernel *k, enum request_kind kind, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e);
#endif
#endif
