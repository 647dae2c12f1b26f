/* SPDX-License-Identifier: MIT
 *
 * Host threads of guests: birth (clone, exec), kicks and death.
 *
 * A thread cannot give back the stack it runs on: its struct trap_task goes to res->dead, and is taken from there for a new thread once
 * the host has cleared ->alive (CLONE_CHILD_CLEARTID's mechanism, on a word of the arena; of a process's last thread it does not), or from
 * res->free once its process has been reaped.
 */
#include <asm/unistd.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/sched.h>

#include "kernel/entry.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "trap/host.h"
#include "trap/remote/spawn.h"
#include "trap/resident/resident.h"
#include "trap/resident/sleep.h"
#include "trap/resident/spin.h"
#include "trap/resident/vetted.h"

#define SIGKILL_NR 9
#define SIGCHLD_NR 17

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

static struct sel_page *
sel_of(const struct trap_task *rt)
{
	return (struct sel_page *)(uintptr_t)(RES_SCRATCH + RES_SEL_OFF + (uint64_t)rt->slot * PAGE_SIZE);
}

#define DEAD_LOOKED_AT 8

/* Of the dead a few are looked at, others next time: they may be many, where processes end faster than they are reaped. */
static struct trap_task *
reuse(struct resident *r)
{
	struct trap_task *rt;

	mutex_guard(&r->lock);
	if (!list_empty(&r->free)) {
		rt = list_first_entry(&r->free, struct trap_task, list);
		list_del(&rt->list);
		return rt;
	}
	for (int i = 0; i < DEAD_LOOKED_AT && !list_empty(&r->dead); i++) {
		rt = list_first_entry(&r->dead, struct trap_task, list);
		if (__atomic_load_n(&rt->alive, __ATOMIC_ACQUIRE) == 0 && !rt->lost) {
			list_del(&rt->list);
			if (rt->proc)
				rt->proc->retired--;
			return rt;
		}
		list_move_tail(&rt->list, &r->dead);
	}
	return NULL;
}

/*
 * The top of the kernel stack, the struct and the alternate stack lie in one piece of AROUND pages: so many the host maps at a fault for
 * reading (fault_around_bytes), and a child's first access is one, to its stack. From RT_AT on, behind the kernel stack:
 */
#define AROUND	 16UL
#define RT_PAGES (ALIGN_UP(sizeof(struct trap_task), PAGE_SIZE) / PAGE_SIZE)
#define RT_AT	 (2 * AROUND - ALT_PAGES - RT_PAGES)
_Static_assert(RT_AT >= KSTACK_PAGES + 1 && RT_AT > AROUND, "room for a kernel stack, whose top is in the second piece");

/*
 * The page below the kernel stack, which is nobody's, is not there in the task's own process. (MADV_GUARD_INSTALL would need no mappings
 * of its own, but then the host copies the page tables of the whole arena at each fork.)
 */
static void
guard_stack(struct trap_task *rt)
{
	uint64_t memory = rt->proc->space->serial;

	if (rt->guarded_in == memory)
		return; /* a thread of this process has had it before */
	rt->guarded_in = memory;
	ignore_err((int)host_call3(__NR_mprotect, rt->kstack - PAGE_SIZE, PAGE_SIZE, 0),
		   "a second line: the host may have too many mappings of this process");
}

static struct trap_task *
fresh(struct kernel *k)
{
	struct resident *r = k->resident;
	char *room = page_alloc(k, 2 * AROUND, AROUND);
	struct trap_task *rt;

	if (!room)
		return NULL;
	rt = (struct trap_task *)(room + RT_AT * PAGE_SIZE);
	rt->kstack = room + (RT_AT - KSTACK_PAGES) * PAGE_SIZE;
	rt->alt = room + (2 * AROUND - ALT_PAGES) * PAGE_SIZE;
	mutex_lock(&r->lock);
	rt->slot = r->next_slot < RES_SLOTS ? r->next_slot++ : RES_SLOTS;
	mutex_unlock(&r->lock);
	if (rt->slot < RES_SLOTS) {
		__atomic_store_n(&r->by_slot[rt->slot], rt, __ATOMIC_RELEASE);
		page_free(k, room, RT_AT - KSTACK_PAGES - 1); /* one is the guard */
		return rt;
	}
	page_free(k, room, 2 * AROUND);
	return NULL;
}

struct trap_task *
resident_rt_alloc(struct kernel *k, struct task *t, struct trap_process *proc)
{
	struct trap_task *rt = reuse(k->resident);

	if (!rt)
		rt = fresh(k);
	if (!rt)
		return NULL;
	rt->t = t;
	rt->proc = proc;
	rt->tid = 0;
	rt->alive = 1;
	rt->xframe = NULL;
	rt->pid = 0;
	rt->rearm = rt->kicked = rt->stepped = false;
	resident_sleep_init(t);
	__atomic_add_fetch(&proc->tasks, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&proc->space->tasks, 1, __ATOMIC_RELAXED);
	return rt;
}

/* @space: NULL for a new one */
static struct trap_process *
new_proc(struct kernel *k, struct trap_space *space)
{
	struct trap_process *proc = kzalloc(k, sizeof(*proc));

	if (!proc)
		return NULL;
	proc->space = space ? space : kmem_cache_zalloc(&k->resident->spaces);
	if (!proc->space) {
		kfree(k, proc);
		return NULL;
	}
	if (!space)
		proc->space->serial = __atomic_add_fetch(&k->resident->spaces_made, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&proc->space->procs, 1, __ATOMIC_RELAXED);
	return proc;
}

void
resident_put_proc(struct kernel *k, struct trap_process *proc)
{
	if (__atomic_sub_fetch(&proc->space->procs, 1, __ATOMIC_ACQ_REL) == 0)
		kmem_cache_free(&k->resident->spaces, proc->space);
	kfree(k, proc);
}

/* A program that jumps to the instruction, to pass for another task, has its keys closed. (Without keys: boot.c drops the check.) */
static void
set_gs(uint64_t base)
{
	uint32_t pkru, high;

	__asm__ volatile(VETTED("wrgsbase %2") "xor %%ecx, %%ecx\n" VETTED("rdpkru") "test $0x3c, %%eax\n\tjz 1f\n\tud2\n1:"
			 : "=&a"(pkru), "=&d"(high) : "r"(base) : "ecx", "cc", "memory");
}

/* In the new host thread itself: everything the host keeps per thread. */
void
resident_thread_setup(struct trap_task *rt, bool process)
{
	struct sel_page *sel = sel_of(rt);
	const struct resident *res = rt->t->k->resident;
	struct {
		uint64_t sp, flags, size;
	} ss = { (uint64_t)(uintptr_t)rt->alt, 1U << 31 /* SS_AUTODISARM */, ALT_PAGES * PAGE_SIZE };

	set_gs(RES_SCRATCH + (uint64_t)rt->slot * PAGE_SIZE);
	*sel = (struct sel_page){ .sel = 0,
				  .kstack_top = (uint64_t)(uintptr_t)rt->kstack + KSTACK_PAGES * PAGE_SIZE,
				  .rt = rt,
				  .alt_lo = ss.sp,
				  .alt_hi = ss.sp + ss.size,
				  .kstack_lo = (uint64_t)(uintptr_t)rt->kstack,
				  .regs = &rt->t->regs,
				  .gate = (uint64_t)(uintptr_t)resident_gate };
	if (!rt->tid)
		rt->tid = rt->t->host_tid.id;
	if (process) {
		struct space_page *page = (struct space_page *)(uintptr_t)(RES_SCRATCH + RES_SEL_OFF);

		*page = (struct space_page){ rt->proc->space, &rt->t->k->resident->doomed };
		rt->proc->pid = rt->tid;
		host_call2(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL_NR);
		/* It may have died before that. */
		if (host_call0(__NR_getppid) != res->supervisor)
			host_call1(__NR_exit_group, 1);
	}
	WRITE_ONCE(rt->pid, rt->proc->pid);
	guard_stack(rt);
	host_call2(__NR_sigaltstack, &ss, NULL);
	host_call5(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, &sel->sel);
	if (rt->t)
		rt->t->host_tid = HPID(rt->tid);
}

static void
child_start(void *arg)
{
	struct trap_task *rt = arg;
	struct task *t = rt->t;

	resident_thread_setup(rt, rt->proc->pid == 0);
	schedule_tail(t);
	resident_return(t);
}

/* The parent's extended state, where the child will load it from. */
static void
copy_xstate(struct resident *r, struct trap_task *from, struct trap_task *to)
{
	if (from->xframe)
		memcpy(to->xbuf, from->xframe, r->xsave_size);
	else
		resident_xsave(r, to->xbuf);
	*(uint64_t *)(to->xbuf + 512) &= r->xfeatures;
	memset(to->xbuf + 520, 0, 56);
	to->xframe = to->xbuf;
}

static int
resident_clone(struct task *t, struct task *child, uint64_t flags)
{
	struct kernel *k = t->k;
	struct trap_task *rt = rt_of(t), *crt;
	struct trap_process *proc = rt->proc;
	uint64_t host_flags = HOST_CLONE_PROCESS | (flags & CLONE_VM);
	int64_t tid;

	if (flags & CLONE_THREAD) {
		host_flags = HOST_CLONE_THREAD;
	} else {
		proc = new_proc(k, flags & CLONE_VM ? proc->space : NULL);
		if (!proc)
			return -ENOMEM;
	}
	crt = resident_rt_alloc(k, child, proc);
	if (!crt) {
		if (!(flags & CLONE_THREAD))
			resident_put_proc(k, proc);
		return -ENOMEM;
	}
	copy_xstate(k->resident, rt, crt);
	child->trap = crt;
	child->direct = true;
	child->regs.rax = 0;
	child->regs.orig_rax = (uint64_t)-1;
	child->regs_valid = true;
	child->mode = MODE_KERNEL;
	tid = host_flags & CLONE_VM ? 0 : mm_clone_begin(t, child);
	if (tid == 0) {
		tid = host_clone_fn(host_flags, crt->kstack + KSTACK_PAGES * PAGE_SIZE, child_start, crt, &child->host_tid.id,
				    &crt->alive);
		if (!(host_flags & CLONE_VM))
			mm_clone_end(t);
	}
	if (tid < 0) {
		crt->alive = 0;
		crt->t = NULL;
		child->trap = NULL;
		__atomic_sub_fetch(&proc->tasks, 1, __ATOMIC_RELAXED);
		__atomic_sub_fetch(&proc->space->tasks, 1, __ATOMIC_RELAXED);
		crt->proc = NULL;
		mutex_lock(&k->resident->lock);
		list_add(&crt->list, &k->resident->free);
		mutex_unlock(&k->resident->lock);
		if (!(flags & CLONE_THREAD))
			resident_put_proc(k, proc);
		return (int)tid;
	}
	return 0;
}

void
resident_leave(struct trap_task *rt)
{
	bool last;

	__atomic_sub_fetch(&rt->proc->space->tasks, 1, __ATOMIC_SEQ_CST);
	last = __atomic_sub_fetch(&rt->proc->tasks, 1, __ATOMIC_ACQ_REL) == 0;
	for (;;)
		host_call1(last ? __NR_exit_group : __NR_exit, 0);
}

void
resident_retire(struct kernel *k, struct trap_task *rt)
{
	rt->t = NULL;
	mutex_lock(&k->resident->lock);
	rt->proc->retired++;
	list_add_tail(&rt->list, &k->resident->dead);
	mutex_unlock(&k->resident->lock);
}

static void
resident_exit(struct task *t)
{
	struct kernel *k = t->k;
	struct trap_task *rt = rt_of(t);

	t->trap = NULL;
	t->host_tid = HPID_NONE;
	put_task_struct(t);
	if (!rt)
		return; /* the first program could not be loaded: this is the supervisor */
	resident_retire(k, rt);
	resident_leave(rt);
}

static void
resident_kick(struct task *t)
{
	struct trap_task *rt = rt_of(t);

	if (rt && rt->tid && rt->proc->pid)
		host_call3(__NR_tgkill, rt->proc->pid, rt->tid, KICK_SIGNAL);
}

/* execve: the spawner's child. */
static void
exec_main(void *arg)
{
	struct exec_job *job = arg;
	struct trap_task *rt = job->rt;
	struct task *t = job->t;
	struct kernel *k = t->k;
	int err;

	resident_thread_setup(rt, true);
	t->direct = true;
	err = exec_load(t, job->bprm);
	job->error = err;
	__atomic_store_n(&job->loaded, job->error ? 2 : 1, __ATOMIC_RELEASE);
	host_futex_wake(&job->loaded, 1);
	while (__atomic_load_n(&job->go, __ATOMIC_ACQUIRE) == 0)
		host_futex_wait(&job->go, 0, INT64_MAX);
	kfree(k, job);
	if (err) {
		resident_retire(k, rt);
		resident_leave(rt);
	}
	t->regs_valid = true;
	resident_return(t);
}

/* Until @word changes. @first: this is the supervisor, in which nobody else looks yet whether the process it waits for has died. */
static void
wait_for(struct resident *r, uint32_t *word, uint32_t value, bool first)
{
	if (host_futex_wait(word, value, first ? ktime_get() + NSEC_PER_SEC : INT64_MAX) == -ETIMEDOUT)
		r->look(r->k);
}

static int
spawn(struct resident *r, struct exec_job *job, bool first)
{
	uint32_t seq, d;

	mutex_guard(&r->spawn_lock);
	r->job = job;
	seq = __atomic_add_fetch(&r->spawn_seq, 1, __ATOMIC_RELEASE);
	host_futex_wake(&r->spawn_seq, 1);
	while ((d = __atomic_load_n(&r->spawn_done, __ATOMIC_ACQUIRE)) != seq)
		wait_for(r, &r->spawn_done, d, first);
	return r->spawn_result;
}

int
resident_exec(struct task *t, struct linux_binprm *bprm)
{
	struct trap_task *old = rt_of(t), *rt;
	struct kernel *k = t->k;
	struct trap_process *proc;
	struct exec_job *job;
	int err;

	if (old && resident_can_exec_in_place(old, bprm))
		return resident_exec_in_place(t, bprm);
	job = kzalloc(k, sizeof(*job));
	proc = new_proc(k, NULL);
	rt = job && proc ? resident_rt_alloc(k, t, proc) : NULL;
	if (!rt)
		return -ENOMEM;
	*job = (struct exec_job){ .t = t, .bprm = bprm, .rt = rt };
	t->trap = rt;
	if (old)
		old->t = NULL;
	err = spawn(k->resident, job, !old);
	if (err < 0) {
		t->trap = old;
		if (old)
			old->t = t;
		return err;
	}
	while (__atomic_load_n(&job->loaded, __ATOMIC_ACQUIRE) == 0)
		wait_for(k->resident, &job->loaded, 0, !old);
	err = job->error;
	rt->job = job;
	if (err) { /* the old host thread is where the task dies */
		t->trap = old;
		if (old)
			old->t = t;
		__atomic_store_n(&job->go, 1, __ATOMIC_RELEASE);
		host_futex_wake(&job->go, 1);
	}
	return err;
}

/* The old host thread of a task that has moved: lets it go on, and ends. */
void
resident_exec_go(struct task *t, struct trap_task *old)
{
	struct exec_job *job = rt_of(t)->job;

	resident_retire(t->k, old);
	__atomic_store_n(&job->go, 1, __ATOMIC_RELEASE);
	host_futex_wake(&job->go, 1);
	resident_leave(old);
}

/* Handlers for what the kernel takes; anything else the host may send is ignored. */
static void
install_handlers(void)
{
	static const uint8_t ours[] = { 4, 5, 7, 8, 11, 31, KICK_SIGNAL };
	uint64_t act[4] = { 1 /* SIG_IGN */, 0, 0, 0 }, none = 0;

	for (int sig = 1; sig <= K_NSIG; sig++)
		host_call4(__NR_rt_sigaction, sig, act, NULL, 8);
	act[0] = (uint64_t)(uintptr_t)resident_signal_entry;
	act[1] = 0x4 | 0x08000000 | 0x40000000 | 0x04000000; /* SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTORER */
	act[3] = 1ULL << (KICK_SIGNAL - 1); /* no kick before the entry has got hold of the registers */
	act[2] = (uint64_t)(uintptr_t)resident_signal_entry; /* required, never returned to */
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		host_call4(__NR_rt_sigaction, ours[i], act, NULL, 8);
	host_call4(__NR_rt_sigprocmask, 2 /* SIG_SETMASK */, &none, NULL, 8);
}

static void
serve_spawns(struct resident *r)
{
	struct trap_task *rt;
	uint32_t seen = 0;

	for (;;) {
		while (__atomic_load_n(&r->spawn_seq, __ATOMIC_ACQUIRE) == seen)
			host_futex_wait(&r->spawn_seq, seen, INT64_MAX);
		seen++;
		rt = r->job->rt;
		r->spawn_result = (int32_t)host_clone_fn(HOST_CLONE_PROCESS, rt->kstack + KSTACK_PAGES * PAGE_SIZE, exec_main, r->job,
							 &rt->tid, &rt->alive);
		__atomic_store_n(&r->spawn_done, seen, __ATOMIC_RELEASE);
		host_futex_wake(&r->spawn_done, 1);
	}
}

/* Privileges that files need, if the user has them; nothing else that root can do is done in a guest process. */
#define KEPT_CAPS 0x8000401fU /* CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK SETFCAP */

static int64_t
drop_capabilities(void)
{
	struct {
		uint32_t version;
		int32_t pid;
	} head = { 0x20080522, 0 };
	struct {
		uint32_t effective, permitted, inheritable;
	} data[2];
	int64_t err = host_call2(__NR_capget, &head, data);

	if (err < 0)
		return err;
	data[0].effective &= KEPT_CAPS;
	data[0].permitted &= KEPT_CAPS;
	data[0].inheritable = 0;
	memset(&data[1], 0, sizeof(data[1]));
	return host_call2(__NR_capset, &head, data);
}

/* Before the first guest process: what none of them may do, whatever happens in it. */
static int64_t
put_up_walls(struct spawn_area *a)
{
	uint64_t no_core[2] = { 0, 0 };
	int64_t err;

	/* The supervisor may not be looked into. These may by each other, as they share the kernel's memory, but leave no core. */
	host_call2(__NR_prctl, PR_SET_DUMPABLE, 1);
	err = host_call4(__NR_prlimit64, 0, RLIMIT_CORE, no_core, NULL);
	if (err == 0)
		err = drop_capabilities();
	if (err == 0 && a->ruleset >= 0)
		err = host_call2(__NR_landlock_restrict_self, a->ruleset, 0);
	return err < 0 ? err : host_call3(__NR_seccomp, 1 /* SECCOMP_SET_MODE_FILTER */, 0, &a->prog);
}

void
resident_spawner_main(void *arg)
{
	struct spawn_area *a = arg;

	shed_supervisor(a);
	install_handlers();
	a->listener = (int32_t)put_up_walls(a);
	__atomic_store_n(&a->ready, 1, __ATOMIC_RELEASE);
	host_futex_wake(&a->ready, 1);
	if (a->listener == 0)
		serve_spawns(a->k->resident);
	for (;;)
		host_call1(__NR_exit_group, 1);
}

static size_t
no_copy_from(struct task *t, void *to, uint64_t from, size_t n)
{
	return 0; /* t->direct is always set */
}

static size_t
no_copy_to(struct task *t, uint64_t to, const void *from, size_t n)
{
	return 0;
}

/* These calls of the host go past protection keys: kernel memory is at the same place in every process. Returns what lies before it. */
static size_t
program_bytes(const struct kernel *k, uint64_t addr, size_t n)
{
	const uint64_t start[] = { ARENA_BASE, k->image_start }, end[] = { ARENA_BASE + k->arena_size, k->image_end };

	if (addr > TASK_SIZE_MAX)
		return 0;
	n = MIN(n, TASK_SIZE_MAX - addr);
	for (int i = 0; i < 2; i++) {
		if (addr >= end[i] || addr + n <= start[i])
			continue;
		n = addr < start[i] ? start[i] - addr : 0;
	}
	return n;
}

static size_t
copy_from_other(struct task *other, void *to, uint64_t from, size_t n)
{
	size_t len = program_bytes(other->k, from, n);
	struct {
		void *base;
		size_t len;
	} l = { to, len }, rem = { (void *)(uintptr_t)from, len };
	int64_t got = host_call6(__NR_process_vm_readv, other->host_tid.id, &l, 1, &rem, 1, 0);

	return got > 0 ? (size_t)got : 0;
}

static size_t
copy_to_other(struct task *other, uint64_t to, const void *from, size_t n)
{
	size_t len = program_bytes(other->k, to, n);
	struct {
		const void *base;
		size_t len;
	} l = { from, len }, rem = { (void *)(uintptr_t)to, len };
	int64_t got = host_call6(__NR_process_vm_writev, other->host_tid.id, &l, 1, &rem, 1, 0);

	return got > 0 ? (size_t)got : 0;
}

static int
no_cmpxchg32(struct task *t, uint64_t u, uint32_t *expected, uint32_t desired)
{
	return -EFAULT;
}

/* getrusage(2), RUSAGE_THREAD: the first fields of its struct rusage. */
static void
own_usage(struct task *t, struct host_usage *out)
{
	struct {
		int64_t usec[4]; /* seconds and microseconds, user and system */
		int64_t maxrss, rest[13];
	} ru = { 0 };

	ignore_err((int)host_call2(__NR_getrusage, 1, &ru), "it cannot fail");
	out->utime = (uint64_t)(ru.usec[0] * NSEC_PER_SEC + ru.usec[1] * 1000);
	out->stime = (uint64_t)(ru.usec[2] * NSEC_PER_SEC + ru.usec[3] * 1000);
	out->maxrss = (uint64_t)ru.maxrss;
}

static int64_t
mm_call(struct task *t, long nr, const uint64_t a[6])
{
	return host_call(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void
poll_add(struct kernel *k, hfd_t fd, struct host_poll *hp)
{
	resident_request(k, REQ_POLL_ADD, (uint64_t)(int64_t)fd.fd, (uint64_t)(uintptr_t)hp, 0, 0, 0);
}

static void
poll_del(struct kernel *k, struct host_poll *hp)
{
	resident_request(k, REQ_POLL_DEL, (uint64_t)(uintptr_t)hp, 0, 0, 0, 0);
}

const struct trap_ops resident_trap_ops = {
	.name = "resident",
	.copy_from = no_copy_from,
	.copy_to = no_copy_to,
	.cmpxchg32 = no_cmpxchg32,
	.copy_from_other = copy_from_other,
	.copy_to_other = copy_to_other,
	.mm_call = mm_call,
	.clone = resident_clone,
	.exec = resident_exec,
	.sleep = resident_sleep,
	.spin = resident_spin,
	.wake = resident_wake,
	.kick = resident_kick,
	.exit = resident_exit,
	.xstate_size = resident_xstate_size,
	.xstate_save = resident_xstate_save,
	.xstate_restore = resident_xstate_restore,
	.xstate_reset = resident_xstate_reset,
	.own_usage = own_usage,
	.host_poll_add = poll_add,
	.host_poll_del = poll_del,
};
