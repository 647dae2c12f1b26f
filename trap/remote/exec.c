/* SPDX-License-Identifier: MIT
 *
 * Boot of the remote trap, and execve: a new host process for the task.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "kernel/entry.h"

#include "kernel/exec.h"
#include "trap/host.h"
#include "trap/remote/filter.h"
#include "trap/remote/ptrace.h"
#include "trap/remote/remote.h"

struct remote remote;

static pthread_mutex_t spawn_lock = PTHREAD_MUTEX_INITIALIZER;

/* One request at a time: the host pid of a child that runs @job. */
static int
spawn(struct spawn_job *job)
{
	struct spawn_area *a = remote.spawn;
	uint32_t seq;
	int pid;

	pthread_mutex_lock(&spawn_lock);
	a->job = job;
	seq = __atomic_add_fetch(&a->request, 1, __ATOMIC_RELEASE);
	host_futex_wake(&a->request, 1);
	for (uint32_t d; (d = __atomic_load_n(&a->done, __ATOMIC_ACQUIRE)) != seq;)
		host_futex_wait(&a->done, d, INT64_MAX);
	pid = a->result;
	pthread_mutex_unlock(&spawn_lock);
	return pid;
}

struct adopt_arg {
	struct task *t;
	struct trap_task *rt;
	pid_t pid;
};

/* On the tracer: attach, and take the task over from its old host thread. */
static int64_t
do_adopt(void *p)
{
	struct adopt_arg *arg = p;
	struct trap_process *proc = calloc(1, sizeof(*proc));
	int err;

	if (!proc)
		return -ENOMEM;
	proc->pid = arg->pid;
	proc->room = ROOM_OF_A_NEW_PROGRAM;
	err = seize(arg->pid);
	if (err < 0) {
		free(proc);
		return err;
	}
	arg->rt = rt_new(arg->t, arg->pid, proc);
	if (!arg->rt)
		return -ENOMEM;
	arg->rt->loading = true;
	gather_spawned(arg->rt);
	return 0;
}

static int64_t
do_finish(void *p)
{
	struct adopt_arg *arg = p;
	int64_t err = exec_finish(arg->rt);

	arg->rt->loading = false;
	return err;
}

static void
switch_host(struct task *t, struct trap_task *rt)
{
	struct trap_task *old = t->trap;

	pthread_mutex_lock(&leave_lock);
	t->trap = rt;
	t->host_tid = HPID(rt->tid);
	WRITE_ONCE(t->signal->host_process.id, rt->tid);
	if (old)
		old->t = NULL;
	pthread_mutex_unlock(&leave_lock);
	if (old)
		rt_leave(old);
}

static int
load_in(struct task *t, struct spawn_job *job)
{
	struct adopt_arg arg = { .t = t };
	int err;

	arg.pid = spawn(job);
	err = arg.pid < 0 ? arg.pid : (int)tracer_run(do_adopt, &arg);
	if (err < 0) {
		if (arg.pid > 0)
			kill(arg.pid, SIGKILL);
		remote.spawn_error = err;
		return err;
	}
	switch_host(t, arg.rt);
	__atomic_store_n(&job->seized, 1, __ATOMIC_RELEASE);
	host_futex_wake(&job->seized, 1);
	while (__atomic_load_n(&job->loaded, __ATOMIC_ACQUIRE) == 0) {
		/* A fault in exec_load() leaves it at a stop, or dead. */
		if (host_futex_wait(&job->loaded, 0, ktime_get() + NSEC_PER_SEC) == -ETIMEDOUT &&
		    (arg.rt->stop != STOP_NONE || atomic_load(&arg.rt->host_dead)))
			return -EFAULT;
	}
	if (job->error) {
		arg.rt->unloaded = true;
		return job->error;
	}
	err = (int)tracer_run(do_finish, &arg);
	return err;
}

int
remote_exec(struct task *t, struct linux_binprm *bprm)
{
	struct spawn_job *job = kzalloc(t->k, sizeof(*job));
	int err = -ENOMEM;

	if (!job)
		return err;
	*job = (struct spawn_job){ .t = t, .bprm = bprm, .area = remote.spawn };
	job->stack = page_alloc(t->k, SPAWN_STACK_PAGES, 1);
	if (job->stack)
		err = load_in(t, job);
	if (job->stack)
		page_free(t->k, job->stack, SPAWN_STACK_PAGES);
	kfree(t->k, job);
	t->direct = false;
	t->regs_valid = true;
	return err;
}

extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned int __rseq_size __attribute__((weak));

static void
note_rseq(struct spawn_area *a)
{
	if (&__rseq_size && __rseq_size) {
		a->rseq = (uint64_t)(uintptr_t)__builtin_thread_pointer() + (uint64_t)__rseq_offset;
		a->rseq_len = 32;
	}
}

static void
add_range(struct spawn_area *a, uint64_t s, uint64_t e)
{
	if (s >= e)
		return;
	if (a->nranges && a->ranges[a->nranges - 1].end == s)
		a->ranges[a->nranges - 1].end = e;
	else if (a->nranges < SPAWN_MAX_RANGES)
		a->ranges[a->nranges++] = (struct spawn_range){ s, e };
}

/* A mapping less what is kept of it. */
static void
add_without(struct spawn_area *a, uint64_t s, uint64_t e, const struct spawn_range *keep, unsigned int nkeep)
{
	for (unsigned int i = 0; i < nkeep; i++) {
		if (keep[i].end <= s || keep[i].start >= e)
			continue;
		add_range(a, s, keep[i].start);
		s = keep[i].end;
	}
	add_range(a, s, e);
}

int
spawn_prepare(struct spawn_area *a, struct kernel *k, const struct spawn_range *keep, unsigned int nkeep)
{
	FILE *f = fopen("/proc/self/maps", "re");
	uint32_t mxcsr = 0x1f80;
	char line[512], name[256];
	unsigned long s, e;

	if (!f)
		return -errno;
	a->supervisor = getpid();
	while (fgets(line, sizeof(line), f)) {
		name[0] = 0;
		if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %255s", &s, &e, name) < 2)
			continue;
		if (strcmp(name, "[vsyscall]") == 0)
			continue;
		if (strcmp(name, "[vdso]") == 0) {
			k->vdso_addr = s;
			k->vdso_size = e - s;
			continue;
		}
		if (strncmp(name, "[vvar", 5) == 0) {
			if (!k->vvar_addr)
				k->vvar_addr = s;
			k->vvar_size = e - k->vvar_addr;
			continue;
		}
		add_without(a, s, e, keep, nkeep);
	}
	fclose(f);
	note_rseq(a);
	memcpy(a->xinit + 24, &mxcsr, 4);
	a->k = k;
	a->image_start = k->image_start;
	a->image_end = k->image_end;
	a->arena_size = k->arena_size;
	return k->vdso_addr ? 0 : -ENOSYS;
}

static uint64_t
find_syscall(const uint8_t *p, uint64_t n)
{
	for (uint64_t i = 0; i + 1 < n; i++)
		if (p[i] == 0x0f && p[i + 1] == 0x05)
			return (uint64_t)(uintptr_t)(p + i);
	return 0;
}

static uint64_t
find_room(uint64_t addr, uint64_t size)
{
	uint64_t room = addr + size - 8;

	return *(const uint64_t *)(uintptr_t)room == 0 ? room : 0;
}

int
remote_boot(struct kernel *k)
{
	uint64_t allowed[3] = { (uintptr_t)host_syscall_insn, (uintptr_t)host_clone_insn, (uintptr_t)spawn_final_insn };
	uint64_t pages = ALIGN_UP(sizeof(struct spawn_area), PAGE_SIZE) / PAGE_SIZE;
	struct spawn_area *a = page_alloc(k, pages, 1);
	char *stack = page_alloc(k, SPAWN_STACK_PAGES, 1);
	struct spawn_range keep[2] = { { ARENA_BASE, ARENA_BASE + k->arena_size }, { k->image_start, k->image_end } };
	sigset_t set;
	int n;

	if (!a || !stack)
		return -ENOMEM;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, TRACER_SIGNAL); /* the tracer alone takes it */
	sigaddset(&set, LEADER_SIGNAL); /* and this one only notify workers */
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	xstate_boot();
	remote.k = k;
	remote.spawn = a;
	remote.tracer_tid = (pid_t)syscall(SYS_gettid);
	INIT_LIST_HEAD(&remote.turns);
	remote.by_tid = mmap(NULL, (4UL << 20) * sizeof(void *), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (remote.by_tid == MAP_FAILED)
		return -ENOMEM;
	n = spawn_prepare(a, k, keep, ARRAY_SIZE(keep));
	if (n < 0)
		return n;
	remote.vdso_syscall = find_syscall((void *)(uintptr_t)k->vdso_addr, k->vdso_size);
	remote.vdso_room = find_room(k->vdso_addr, k->vdso_size);
	n = build_filter(a->filter, ARRAY_SIZE(a->filter), allowed, ARRAY_SIZE(allowed));
	if (n < 0 || !remote.vdso_syscall)
		return -ENOSYS;
	a->prog = (struct sock_fprog){ (unsigned short)n, a->filter };
	n = (int)host_clone_fn(CLONE_FILES | SIGCHLD, stack + SPAWN_STACK_PAGES * PAGE_SIZE, spawner_main, a, NULL, NULL);
	if (n < 0)
		return n;
	remote.spawner = n;
	return 0;
}

int
remote_started(void)
{
	struct spawn_area *a = remote.spawn;

	while (__atomic_load_n(&a->ready, __ATOMIC_ACQUIRE) == 0)
		host_futex_wait(&a->ready, 0, INT64_MAX);
	remote.listener = a->listener;
	return a->listener < 0 ? a->listener : 0;
}

struct first_exec {
	const char **paths; /* tried in order */
	const char *const *argv, *const *envp;
	int *err;
};

static struct first_exec first;

static void
exec_first(struct trap_task *none)
{
	struct task *t = remote.k->main_task;
	int64_t ret = -ENOENT;
	bool denied = false;

	t->mode = MODE_KERNEL;
	for (const char **p = first.paths; *p; p++) {
		ret = do_execve_kernel(t, *p, first.argv, first.envp);
		if (ret == -EACCES)
			denied = true;
		if (ret != -ENOENT && ret != -ENOTDIR && ret != -EACCES)
			break;
	}
	if (denied && (ret == -ENOENT || ret == -ENOTDIR))
		ret = -EACCES; /* as execvp(3) */
	if (ret == SYSCALL_REGS_SET && !t->trap)
		ret = remote.spawn_error; /* beyond the point of no return, but there was nothing to return to anyway */
	if (ret == SYSCALL_REGS_SET) {
		finish_and_resume(t->trap);
	} else {
		*first.err = (int)ret;
		tracer_stop();
	}
}

int
remote_run(struct kernel *k, const char **paths, const char *const *argv, const char *const *envp, int *err)
{
	int ret = notify_start();

	if (ret < 0) {
		*err = ret;
		return 0;
	}
	*err = 0;
	first = (struct first_exec){ paths, argv, envp, err };
	pool_submit(exec_first, NULL);
	tracer_loop();
	return k->exit_code;
}
