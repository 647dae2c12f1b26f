/* SPDX-License-Identifier: MIT
 *
 * The supervisor's side of the resident trap: protection keys, the spawner, requests, the reaper of host processes.
 */
#include <cpuid.h>
#include <errno.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/readiness.h"
#include "kernel/entry.h"
#include "mm/text.h"
#include "trap/host.h"
#include "trap/remote/spawn.h"
#include "trap/resident/filter.h"
#include "trap/resident/resident.h"
#include "trap/resident/scan.h"
#include "trap/resident/sleep.h"

#define SERVERS	      3
#define LOOK_MS	      100
#define MANY_PROCESSES 50
#define HUGE_SIZE      (2UL << 20)

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

extern const int32_t __start_kvetted[], __stop_kvetted[];
extern const char __start_ktext[], __stop_ktext[], __start_krodata[], __stop_krodata[], __start_krelro[], __stop_krelro[];

static const struct super_ops *real_super;

int
resident_prepare(struct kernel *k)
{
	uint64_t pages = ALIGN_UP(sizeof(struct resident), PAGE_SIZE) / PAGE_SIZE;
	struct resident *r = page_alloc(k, pages, 1);
	uint32_t a, b, c, d;

	if (!r)
		return -ENOMEM;
	if (k->arena_size != RES_ARENA_SIZE)
		return -EINVAL;
	if (mmap((void *)RES_SCRATCH, RES_SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
		return -errno;
	/* A child has slots of its own, and its parent's need not be copied; a favour. */
	madvise((void *)RES_SCRATCH, RES_SIZE, MADV_WIPEONFORK);
	r->bell = HFD(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
	if (r->bell.fd < 0)
		return -errno;
	k->arena_size += RES_SIZE; /* programs are kept off these places as off the arena */
	r->k = k;
	r->next_slot = 1; /* the first is struct space_page's */
	r->supervisor = getpid();
	mutex_init(&r->lock, RANK_LEAF);
	mutex_init(&r->queue_lock, RANK_LEAF);
	mutex_init(&r->spawn_lock, RANK_NONE);
	INIT_LIST_HEAD(&r->dead);
	INIT_LIST_HEAD(&r->free);
	r->tail = &r->head;
	__cpuid_count(0xd, 0, a, b, c, d);
	r->xsave_size = b;
	r->xfeatures = (((uint64_t)d << 32) | a) & ~(1ULL << 9);
	r->plain_futex = !resident_probe_sleep();
	if (r->xsave_size + 64 > XSAVE_MAX)
		return -E2BIG;
	k->resident = r;
	return 0;
}

/* Key 1 for the arena, key 2 for selector pages: PKRU_PROGRAM is a constant of the gate. */
static int
set_keys(struct kernel *k)
{
	long one = syscall(SYS_pkey_alloc, 0, 0), two = syscall(SYS_pkey_alloc, 0, 0);

	if (one != RES_KEY || two != RES_KEY_SEL)
		return -ENOSYS;
	if (syscall(SYS_pkey_mprotect, ARENA_BASE, RES_ARENA_SIZE, PROT_READ | PROT_WRITE, RES_KEY) < 0 ||
	    syscall(SYS_pkey_mprotect, RES_SCRATCH + RES_SEL_OFF, RES_SEL_OFF, PROT_READ | PROT_WRITE, RES_KEY_SEL) < 0)
		return -errno;
	return 0;
}

static int
seal_relro(void)
{
	return mprotect((void *)(uintptr_t)__start_krelro, (size_t)(__stop_krelro - __start_krelro), PROT_READ) < 0 ? -errno : 0;
}

/* Without keys they are invalid instructions: three bytes that do nothing take the place of each, or that read PKRU as open. */
static int
drop_pkru(void)
{
	static const unsigned char wrpkru[] = { 0x0f, 0x01, 0xef }, nop[] = { 0x0f, 0x1f, 0x00 };
	static const unsigned char rdpkru[] = { 0x0f, 0x01, 0xee }, zero[] = { 0x31, 0xc0, 0x90 }; /* xor %eax, %eax; nop */
	unsigned char *text = (unsigned char *)(uintptr_t)__start_ktext;
	size_t n = (size_t)(__stop_ktext - __start_ktext);

	if (mprotect(text, n, PROT_READ | PROT_WRITE) < 0)
		return -errno;
	for (const int32_t *v = __start_kvetted; v < __stop_kvetted; v++) {
		unsigned char *p = (unsigned char *)(uintptr_t)v + *v;

		if (memcmp(p, wrpkru, 3) == 0)
			memcpy(p, nop, 3);
		else if (memcmp(p, rdpkru, 3) == 0)
			memcpy(p, zero, 3);
	}
	return mprotect(text, n, PROT_READ | PROT_EXEC) < 0 ? -errno : 0;
}

/* Keys are worth nothing if programs can jump to what opens them, or if the host loses PKRU. One line, and no start. */
static int
trust_keys(void)
{
	size_t at = 0;
	const char *insn = scan_kernel_text(&at), *where = "kernel text";

	if (!insn) {
		insn = scan_vdso(&at);
		where = "the host's vDSO";
	}
	if (insn) {
		fprintf(stderr, "stead run: --trap=resident is not safe: %s holds an unvetted %s at %#zx\n", where, insn, at);
		return -ECANCELED;
	}
	if (probe_frame_pkru() == ENOTSUP) {
		fputs("stead run: --trap=resident is not safe: this host loses PKRU in signal frames\n", stderr);
		return -ECANCELED;
	}
	return 0;
}

int
resident_boot(struct kernel *k, bool keys)
{
	int err = keys ? trust_keys() : drop_pkru();

	kmem_cache_init(k, &k->resident->spaces, "trap_space", sizeof(struct trap_space), SPACE_ALIGN);
	if (err == 0 && keys)
		err = set_keys(k);
	if (err == 0)
		err = text_init(k);
	if (err == 0)
		err = resident_plans_init(k->resident);
	k->vet_text = keys;
	return err ? err : seal_relro();
}

#define RANGE(s) { (uintptr_t)__start_##s, (uintptr_t)__stop_##s }

/* Landlock if the host has it. */
static int
build_walls(struct spawn_area *a, bool keys, const struct wall_root *roots, unsigned int nroots)
{
	bool writable = false;
	int n;

	for (unsigned int i = 0; i < nroots; i++)
		writable |= roots[i].writable;
	n = build_resident_filter(a->filter, ARRAY_SIZE(a->filter), keys, writable);
	if (n < 0)
		return n;
	a->prog = (struct sock_fprog){ (unsigned short)n, a->filter };
	a->ruleset = walls_ruleset(roots, nroots);
	return a->ruleset >= 0 || a->ruleset == -ENOSYS || a->ruleset == -EOPNOTSUPP ? 0 : a->ruleset;
}

int
resident_start(struct kernel *k, const struct wall_root *roots, unsigned int n)
{
	struct spawn_range keep[] = { { ARENA_BASE, ARENA_BASE + k->arena_size }, RANGE(ktext), RANGE(krodata), RANGE(krelro) };
	uint64_t pages = ALIGN_UP(sizeof(struct spawn_area), PAGE_SIZE) / PAGE_SIZE;
	struct spawn_area *a = page_alloc(k, pages, 1);
	char *stack = page_alloc(k, SPAWN_STACK_PAGES, 1);
	int err, pid;

	if (!a || !stack)
		return -ENOMEM;
	err = build_walls(a, k->vet_text, roots, n);
	if (err == 0)
		err = spawn_prepare(a, k, keep, ARRAY_SIZE(keep));
	if (err < 0)
		return err;
	k->resident->area = a;
	/* What has taken a guest process over must not reach into this one: Landlock says so too, where it is. */
	prctl(PR_SET_DUMPABLE, 0);
	pid = (int)host_clone_fn(CLONE_FILES | SIGCHLD, stack + SPAWN_STACK_PAGES * PAGE_SIZE, resident_spawner_main, a, NULL, NULL);
	if (pid < 0)
		return pid;
	k->resident->spawner = pid;
	return 0;
}

int
resident_started(struct kernel *k)
{
	struct spawn_area *a = k->resident->area;

	while (__atomic_load_n(&a->ready, __ATOMIC_ACQUIRE) == 0)
		if (host_futex_wait(&a->ready, 0, ktime_get() + NSEC_PER_SEC) == -ETIMEDOUT &&
		    waitpid(k->resident->spawner, NULL, WNOHANG | __WALL) != 0)
			return -ESRCH;
	if (a->ruleset >= 0)
		close(a->ruleset);
	return a->listener;
}

static struct request *
next_request(struct resident *r)
{
	struct request *q;

	for (;;) {
		uint32_t seen = __atomic_load_n(&r->posted, __ATOMIC_ACQUIRE);

		mutex_lock(&r->queue_lock);
		q = r->head;
		if (q) {
			r->head = q->next;
			if (!r->head)
				r->tail = &r->head;
		}
		mutex_unlock(&r->queue_lock);
		if (q)
			return q;
		host_futex_wait(&r->posted, seen, INT64_MAX);
	}
}

static void *
ptr(uint64_t v)
{
	return (void *)(uintptr_t)v;
}

static int64_t
serve(struct kernel *k, const struct request *q)
{
	switch (q->kind) {
	case REQ_LOAD_PLAN:
		return real_super->load_plan(k, HFD((int)(int64_t)q->a[0]), q->a[1], ptr(q->a[2]), q->a[3], ptr(q->a[4]));
	case REQ_POLL_ADD:
		readiness_add(HFD((int)(int64_t)q->a[0]), ptr(q->a[1]));
		return 0;
	case REQ_POLL_DEL:
		readiness_del(ptr(q->a[0]));
		return 0;
	case REQ_TRUSTED_XATTR:
		return real_super->trusted_xattr(k, ptr(q->a[0]));
	case REQ_TIMES:
		return real_super->thread_times(k, HPID((int)q->a[0]), ptr(q->a[1]));
	case REQ_AFFINITY:
		return real_super->set_affinity(k, HPID((int)q->a[0]), ptr(q->a[1]), q->a[2]);
	case REQ_RSS:
		return (int64_t)real_super->rss_pages(k, HPID((int)q->a[0]));
	case REQ_TRACE_CALL:
		real_super->trace_call(ptr(q->a[0]), q->a[1], ptr(q->a[2]), ptr(q->a[3]), (uint32_t)q->a[4]);
		return 0;
	case REQ_TRACE_SIGNAL:
		real_super->trace_signal(ptr(q->a[0]), ptr(q->a[1]));
		return 0;
	case REQ_TRACE_STOPPED:
		real_super->trace_stopped(ptr(q->a[0]), (int)q->a[1]);
		return 0;
	case REQ_TRACE_NEW:
		real_super->trace_new(ptr(q->a[0]), ptr(q->a[1]), q->a[2], (int)q->a[3]);
		return 0;
	case REQ_TRACE_GONE:
		real_super->trace_gone(ptr(q->a[0]), (int)q->a[1]);
		return 0;
	case REQ_PANIC:
		real_super->panic(k, ptr(q->a[0]));
	}
	return -ENOSYS;
}

static void start_server(struct kernel *k);

/* Begun when there is something to serve. One more waits while this one serves, up to SERVERS. */
static void *
server_thread(void *arg)
{
	struct kernel *k = arg;

	for (;;) {
		struct request *q = next_request(k->resident);

		start_server(k);
		q->result = serve(k, q);
		__atomic_store_n(&q->done, 1, __ATOMIC_RELEASE);
		host_futex_wake(&q->done, 1);
	}
	return NULL;
}

static void
start_server(struct kernel *k)
{
	static unsigned int started;
	pthread_t th;

	if (__atomic_load_n(&started, __ATOMIC_RELAXED) < SERVERS && __atomic_fetch_add(&started, 1, __ATOMIC_RELAXED) < SERVERS)
		pthread_create(&th, NULL, server_thread, k);
	__atomic_store_n(&k->resident->served, true, __ATOMIC_SEQ_CST);
}

/* The tasks of a host process that has died without saying so. */
static struct task *
find_orphan(struct kernel *k, pid_t pid)
{
	struct task *p, *t;
	mutex_guard(&k->tasklist_lock);

	list_for_each_entry(p, &k->tasks, tasks)
		list_for_each_entry(t, &p->signal->thread_head, thread_node) {
			struct trap_task *rt = t->trap;

			if (rt && rt->t == t && rt->proc->pid == pid) {
				get_task_struct(t);
				return t;
			}
		}
	return NULL;
}

/* The struct of a process that is dead, and no task's any more: its host threads can be used again. @left: only if all tasks have said so. */
static struct trap_process *
forget_process(struct resident *r, pid_t pid, bool left)
{
	struct trap_process *proc = NULL;
	struct trap_task *rt, *n;
	mutex_guard(&r->lock);

	list_for_each_entry_safe(rt, n, &r->dead, list) {
		if (!rt->proc || rt->proc->pid != pid || (left && __atomic_load_n(&rt->proc->tasks, __ATOMIC_ACQUIRE) != 0))
			continue;
		proc = rt->proc;
		rt->proc = NULL;
		__atomic_store_n(&rt->alive, 0, __ATOMIC_RELEASE);
		if (!rt->lost) {
			list_del(&rt->list);
			list_add(&rt->list, &r->free);
		}
		if (--proc->retired == 0)
			break;
	}
	return proc;
}

/* What is left of a process that has ended. Nearly all have taken leave of their own accord. */
static void
bury(struct kernel *k, pid_t pid)
{
	struct trap_process *proc = forget_process(k->resident, pid, true);
	struct trap_task *rt;
	struct task *t;

	while (!proc && (t = find_orphan(k, pid)) != NULL) {
		rt = t->trap;
		t->trap = NULL;
		t->host_tid = HPID_NONE;
		t->direct = false;
		__atomic_store_n(&t->mode, MODE_KERNEL, __ATOMIC_SEQ_CST);
		task_killed_by_host(t);
		put_task_struct(t); /* the trap's */
		put_task_struct(t); /* find_orphan()'s */
		__atomic_sub_fetch(&rt->proc->space->tasks, 1, __ATOMIC_SEQ_CST);
		resident_retire(k, rt);
	}
	if (!proc)
		proc = forget_process(k->resident, pid, false);
	if (proc)
		resident_put_proc(k, proc);
}

/*
 * What each new process of an instance that makes many touches again, as two huge pages: the kernel's own struct with the records of
 * pages, and where small objects are. A favour of the host, if it can: then a child takes two faults for them all. It may take
 * long, on a host with much to do, and processes are to be reaped meanwhile: hence a thread of its own.
 */
static void *
make_huge(void *arg)
{
	struct kernel *k = arg;
	void *near = page_pool_near(k);

	if (near)
		madvise(near, HUGE_SIZE, MADV_COLLAPSE);
	madvise(k, HUGE_SIZE, MADV_COLLAPSE);
	return NULL;
}

/*
 * A process that a signal of the host has ended. What it was doing is looked up without a lock, since it may have held any: kernel code
 * that ran has left things half done, and nothing can go on. Who slept is on lists that lead to its stack: that one is not used again.
 */
static void
examine(struct kernel *k, pid_t pid, int sig)
{
	struct resident *r = k->resident;

	if (pid == r->spawner)
		real_super->panic(k, "the spawner process died");
	for (uint32_t i = 1, n = __atomic_load_n(&r->next_slot, __ATOMIC_ACQUIRE); i < n; i++) {
		struct trap_task *rt = __atomic_load_n(&r->by_slot[i], __ATOMIC_ACQUIRE);
		struct trap_process *proc = rt ? rt->proc : NULL;
		struct task *t = rt ? rt->t : NULL;

		if (!t || !proc || proc->pid != pid || __atomic_load_n(&t->mode, __ATOMIC_SEQ_CST) != MODE_KERNEL)
			continue;
		if (sig != SIGKILL)
			kernel_panic(k, "BUG: signal %d in kernel code ended the host process of task %d", sig, t->pid);
		if (__atomic_load_n(&t->state, __ATOMIC_SEQ_CST) == TASK_RUNNING)
			kernel_panic(k, "the host has killed task %d in kernel code", t->pid);
		rt->lost = true;
	}
}

static void *
reaper_thread(void *arg)
{
	unsigned int reaped = 0;
	pthread_t th;
	int status;

	for (;;) {
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid > 0) {
			if (WIFSIGNALED(status))
				examine(arg, pid, WTERMSIG(status));
			resident_bury_begin();
			bury(arg, pid);
			resident_bury_end();
			if (++reaped == MANY_PROCESSES)
				pthread_create(&th, NULL, make_huge, arg);
		} else if (errno != EINTR)
			usleep(1000);
	}
	return NULL;
}

void
resident_start_reaper(struct kernel *k)
{
	static bool started;
	pthread_t th;

	if (!started)
		started = pthread_create(&th, NULL, reaper_thread, k) == 0;
}

/* While the first program is loaded SIGCHLD is not looked at. */
static void
look_for_dead(struct kernel *k)
{
	siginfo_t si = { 0 };

	if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 && si.si_pid)
		resident_start_reaper(k);
}

static int
exec_first(struct kernel *k, const char **paths, const char *const *argv, const char *const *envp)
{
	struct task *t = k->main_task;
	int64_t ret = -ENOENT;
	bool denied = false;

	t->mode = MODE_KERNEL;
	for (const char **p = paths; *p; p++) {
		ret = do_execve_kernel(t, *p, argv, envp);
		if (ret == -EACCES)
			denied = true;
		if (ret != -ENOENT && ret != -ENOTDIR && ret != -EACCES)
			break;
	}
	if (denied && (ret == -ENOENT || ret == -ENOTDIR))
		ret = -EACCES; /* as execvp(3) */
	if (ret != SYSCALL_REGS_SET)
		return (int)ret;
	if (!rt_of(t) && k->resident->spawn_result < 0)
		return k->resident->spawn_result;
	if (!rt_of(t)) { /* beyond the point of no return: it dies, and has no other host thread to do so */
		ignore_err(exit_to_user(t), "it is exiting");
		k->trap->exit(t);
		return 0;
	}
	__atomic_store_n(&rt_of(t)->job->go, 1, __ATOMIC_RELEASE);
	host_futex_wake(&rt_of(t)->job->go, 1);
	return 0;
}

static void *
timer_thread(void *arg)
{
	ktimers_run(arg);
	return NULL;
}

/* Threads that not every instance needs begin when they are wanted: each is a twentieth of a millisecond of its start and end. */
static void
start_what_is_wanted(struct kernel *k)
{
	static bool timers;
	struct resident *r = k->resident;
	pthread_t th;

	if (__atomic_load_n(&r->posted, __ATOMIC_SEQ_CST) && !r->served)
		start_server(k);
	if (__atomic_load_n(&r->timers_wanted, __ATOMIC_SEQ_CST) && !timers)
		timers = pthread_create(&th, NULL, timer_thread, k) == 0;
}

int
resident_run(struct kernel *k, const char **paths, const char *const *argv, const char *const *envp, int *err,
	     const struct super_ops *real)
{
	struct resident *r = k->resident;

	real_super = real;
	r->serve = serve;
	r->look = look_for_dead;
	*err = readiness_add_bell(r->bell);
	if (*err < 0)
		return 0;
	if (k->params.watch) /* loading a program asks for nothing else */
		start_server(k);
	*err = exec_first(k, paths, argv, envp);
	if (*err < 0)
		return 0;
	while (__atomic_load_n(&r->ended, __ATOMIC_SEQ_CST) == END_NOT_YET) {
		start_what_is_wanted(k);
		resident_look_for_doomed(k);
		readiness_wait(LOOK_MS);
	}
	if (r->ended == END_PANIC)
		real->panic(k, r->panic_line);
	return k->exit_code;
}
