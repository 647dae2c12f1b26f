/* SPDX-License-Identifier: MIT
 *
 * struct kernel: one instance of stead, at the start of the arena. Each subsystem keeps its own state behind a pointer of its
 * own type, made by its NAME_init(k) at boot (kernel/init.c lists them in order).
 */
#ifndef STEAD_KERNEL_KERNEL_H
#define STEAD_KERNEL_KERNEL_H

#include "kernel/arena.h"
#include "kernel/list.h"
#include "kernel/lock.h"
#include "kernel/slab.h"
#include "kernel/waitq.h"

struct task;
struct trap_ops;
struct super_ops;

#define KMALLOC_CLASSES 12 /* 16 32 64 96 128 192 256 512 1024 2048 3072 4096 */

/* Options of `stead run` that kernel code looks at. */
struct kernel_params {
	bool aslr;
	bool trace;	     /* report calls to the supervisor's tracer */
	bool watch;	     /* trace is set, or there are rules of fault injection */
	bool report_missing; /* count calls that are not there */
	bool debug_log;
	uint32_t uid, gid;
	uint32_t ngroups;
	uint32_t groups[64];
	uint64_t memory; /* bytes of RAM reported to programs (sysinfo, meminfo); the arena's limit */
	uint32_t ncpus;
	uint64_t affinity[16]; /* of the first task: 1,024 CPUs */
	int32_t nice;	       /* likewise */
	char hostname[65];
};

/* Of one format string: lines of printk() in the second it was last used. */
struct printk_site {
	const char *fmt;
	uint32_t second, lines;
};

struct kernel {
	/* arena and page pool (kernel/arena.c); the first fields so that arena_create() can set them */
	uint64_t arena_size;
	hfd_t arena_fd;
	struct pagepool *pool;
	struct lock_debug *lock_debug; /* debug builds: who holds what (kernel/lock.c) */

	/* slab */
	struct kmem_cache kmalloc[KMALLOC_CLASSES];
	struct list_head slab_caches;

	struct kernel_params params;
	uint32_t max_map_count; /* vm.max_map_count */
	bool affinity_chosen;	/* sched_setaffinity(2) has been called */
	uint32_t memfd_noexec;  /* vm.memfd_noexec */
	struct printk_site printk[64];
	const struct inject_rules *inject; /* fault injection (kernel/inject.h), or NULL */
	struct mutex uts_lock; /* RANK_LEAF, short: params.hostname, domainname */
	char domainname[65];
	const struct trap_ops *trap;  /* the trap in use */
	const struct super_ops *super; /* rare services of the supervisor (trap/request.h) */

	/* tasks: RANK_TASKLIST protects the tree of processes, groups, sessions and the pid table */
	struct mutex tasklist_lock;
	struct list_head tasks; /* thread group leaders: task->tasks */
	struct pid_table *pids;
	struct user_table *users;	/* per-uid counts (kernel/cred.h) */
	struct mutex sighand_free_lock; /* RANK_LEAF */
	struct list_head free_sighands;
	uint32_t nr_threads; /* atomic */
	uint64_t total_forks;
	struct task *init_task; /* pid 1: reaps orphans, runs no program */
	struct task *main_task; /* the program given to `stead run`; its end ends the instance */
	struct kmem_cache task_cache, signal_cache, sighand_cache, sigqueue_cache, cred_cache, files_cache, fs_cache;

	/* states of other subsystems, each private to its own file */
	struct futex_state *futex;
	struct timer_state *timers;
	struct mm_state *mm;
	struct vfs_state *vfs;
	struct hostfs_state *hostfs;
	uint64_t coarse_seq, coarse_cycles; /* current_time() */
	int64_t coarse_ns;
	struct mount *shm_mnt; /* tmpfs of memfds */
	struct pipe_state *pipe;
	struct epoll_state *epoll;
	struct tty_state *tty;
	struct proc_state *proc;
	struct dev_state *dev;
	struct net_state *net;
	struct ipc_namespace *ipc;
	struct text_state *text; /* resident: text cache */
	struct resident *resident; /* trap/resident */
	struct ready_calls *ready; /* trap/remote/fiber.h */
	bool vet_text; /* executable pages are vetted (mm/text.c); never without protection keys */
	struct missing_state *missing; /* calls asked for in vain */

	/* the end of the instance */
	uint32_t dying;		/* atomic: set once, everything is being killed */
	int32_t exit_code;	/* wait status of main_task */
	struct wait_queue_head ended;

	int64_t boot_time_ns;	   /* CLOCK_MONOTONIC at boot */
	uint64_t vdso_addr, vdso_size; /* the host's vDSO and vvar: [vvar][vdso] */
	uint64_t vvar_addr, vvar_size;
	uint64_t image_start, image_end; /* the supervisor's image: refused to programs */
};

/**
 * kernel_init() - boot: every subsystem's init, in order
 * @k: from arena_create(), with params, trap and super set
 *
 * Context: single threaded.
 * Return: 0 or negative errno.
 */
int kernel_init(struct kernel *k) __must_check;

/**
 * printk() - a line for the operator: stderr of the supervisor, at most 10 a second of one call site
 * @k: the instance
 * @fmt: %s %d %u %lx %llx %p %c and widths; no newline at the end
 *
 * Context: any; makes one host write.
 */
void printk(struct kernel *k, const char *fmt, ...) __printf(2, 3);

/**
 * kvsnprintf(), ksnprintf() - format into a buffer, as snprintf(3) without floating point
 * @buf: room for @n bytes, always ended by NUL when @n > 0
 * @n: bytes
 * @fmt: printf format: d i u x X o c s p %, flags - 0 + space #, width, precision, *, h hh l ll z
 *
 * Return: the length the whole text would have.
 */
int kvsnprintf(char *buf, size_t n, const char *fmt, __builtin_va_list ap);
int ksnprintf(char *buf, size_t n, const char *fmt, ...) __printf(3, 4);

/**
 * kernel_panic() - the instance cannot go on: says why and ends every guest process and the supervisor
 * @k: the instance
 * @fmt: as printk()
 */
void kernel_panic(struct kernel *k, const char *fmt, ...) __printf(2, 3) __noreturn;

#define KERNEL_BUG_ON(k, cond)                                                                                            \
	do {                                                                                                              \
		if (unlikely(cond))                                                                                       \
			kernel_panic((k), "BUG: %s at %s:%d", #cond, __FILE__, __LINE__);                                 \
	} while (0)

#endif
