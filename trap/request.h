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
struct load_plan;

struct super_ops {
	/* Read an ELF file (host descriptor, or bytes of @image if HFD_NONE) into a plan. 0, -ENOEXEC, -EIO, ... */
	int (*load_plan)(struct kernel *k, hfd_t fd, uint64_t base_off, const void *image, size_t image_len,
			 struct load_plan *plan);
	/* Pages that the host process of a task has in memory, for /proc; 0 if nothing is known. NULL: never anything. */
	uint64_t (*rss_pages)(struct kernel *k, hpid_t host_tid);
	/* Wait on a host descriptor for the readiness thread; see trap_ops.host_poll_add. */
	void (*log)(struct kernel *k, const char *line, size_t n);
	void (*panic)(struct kernel *k, const char *line) __noreturn;
	/* The timer thread has to look at the queue again. */
	void (*timer_poke)(struct kernel *k);
	/* One decoded call for --trace: supervisor formats and writes it. */
	void (*trace_line)(struct kernel *k, const char *line, size_t n);
	/* main task ended: the instance ends */
	void (*ended)(struct kernel *k);
};

#endif
