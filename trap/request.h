/* SPDX-License-Identifier: MIT
 *
 * Services of the supervisor: what kernel code asks for because it needs libraries, paths or privileges. Under the remote trap a
 * plain call; under the resident one a message to the supervisor through the arena (5 to 13 us).
 */
#ifndef STEAD_TRAP_REQUEST_H
#define STEAD_TRAP_REQUEST_H

#include "kernel/types.h"

struct kernel;
struct task;
struct hostfs_xattr_call;
struct k_siginfo;
struct load_plan;

struct super_ops {
	/* Read an ELF file (host descriptor, or bytes of @image if HFD_NONE) into a plan. 0, -ENOEXEC, -EIO, ... */
	int (*load_plan)(struct kernel *k, hfd_t fd, uint64_t base_off, const void *image, size_t image_len,
			 struct load_plan *plan);
	/* Pages that the host process of a task has in memory, for /proc; 0 if nothing is known. NULL: never anything. */
	uint64_t (*rss_pages)(struct kernel *k, hpid_t host_tid);
	/* CPU time of a host thread of another process: see proc_thread_times(). */
	bool (*thread_times)(struct kernel *k, hpid_t host_tid, uint64_t out[3]);
	/* sched_setaffinity(2) of a host thread, any task's. Returns 0 or a negative errno: EINVAL, if none of @mask's CPUs is the
	 * instance's to use. NULL: there is no host thread. */
	int (*set_affinity)(struct kernel *k, hpid_t host_tid, const uint64_t *mask, size_t bytes);
	/* hostfs_xattr() for trusted.*, where the caller's process may not; NULL: the caller may. */
	int64_t (*trusted_xattr)(struct kernel *k, const struct hostfs_xattr_call *c);
	/* Wait on a host descriptor for the readiness thread; see trap_ops.host_poll_add. */
	void (*log)(struct kernel *k, const char *line, size_t n);
	void (*panic)(struct kernel *k, const char *line) __noreturn;
	/* The first timer is armed: ktimers_run() is to be called. Any lock may be held. NULL: it has been. */
	void (*timers_wanted)(struct kernel *k);
	/* Tracing (params.trace): a call begins (@result is NULL) or ends (@tampered: INJECT_*); a signal is delivered; the task stops for job control; a
	 * task was made by @parent and is about to start; a task ends. The task waits meanwhile, so that its memory and @a can be
	 * read. What is passed lies in the arena. No lock is held. */
	void (*trace_call)(struct task *t, uint64_t nr, const uint64_t a[6], const int64_t *result, uint32_t tampered);
	void (*trace_signal)(struct task *t, const struct k_siginfo *info);
	void (*trace_stopped)(struct task *t, int sig);
	void (*trace_new)(struct task *t, struct task *parent, uint64_t flags, int exit_signal);
	void (*trace_gone)(struct task *t, int status);
	/* main task ended: the instance ends */
	void (*ended)(struct kernel *k);
};

#endif
