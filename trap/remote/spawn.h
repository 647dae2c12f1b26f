/* SPDX-License-Identifier: MIT
 *
 * What the supervisor and the spawner share, in the arena. The spawner is a host process that holds nothing but the kernel image, the
 * arena and the vDSO, and that every guest process of the remote trap is cloned from at execve.
 */
#ifndef STEAD_TRAP_REMOTE_SPAWN_H
#define STEAD_TRAP_REMOTE_SPAWN_H

#include <linux/filter.h>

#include "kernel/types.h"

struct kernel;
struct task;
struct linux_binprm;

#define SPAWN_STACK_PAGES 16
#define SPAWN_MAX_RANGES  128

struct spawn_range {
	uint64_t start, end;
};

/* One at a time: the supervisor holds a lock around a request. */
struct spawn_area {
	struct kernel *k;
	uint32_t ready; /* 1: the spawner waits for requests; or a negative errno */
	int32_t listener;
	uint32_t request; /* futex: incremented for each */
	uint32_t done;	  /* futex: the request that has been answered */
	struct spawn_job *job;
	int32_t result; /* host pid of the child, or negative errno */
	/* what the spawner takes away from its copy of the supervisor */
	uint32_t nranges;
	struct spawn_range ranges[SPAWN_MAX_RANGES];
	uint64_t rseq;
	uint32_t rseq_len;
	struct sock_fprog prog;
	struct sock_filter filter[2048];
	int32_t ruleset; /* Landlock's, or negative */
	int32_t supervisor; /* host pid */
	uint64_t image_start, image_end, arena_size;
	uint8_t xinit[16384] __aligned(64); /* an all-zero xsave image: the initial extended state */
};

/* One execve. */
struct spawn_job {
	struct task *t;
	struct linux_binprm *bprm;
	char *stack; /* SPAWN_STACK_PAGES, in the arena */
	uint32_t seized; /* futex: set by the tracer */
	uint32_t loaded; /* futex: 1 exec_load() succeeded, 2 it failed with error */
	int32_t error;
	struct spawn_area *area;
};

/**
 * spawner_main() - the spawner's life: sheds the supervisor's memory, installs the filter, clones a child a request
 * @a: the shared area
 *
 * Context: a fresh copy of the supervisor, on a stack in the arena.
 */
void spawner_main(void *a) __noreturn;

/**
 * shed_supervisor() - a fresh copy of the supervisor gives up what is the supervisor's: memory, handlers, thread state
 * @a: says what
 *
 * Context: on a stack in the arena; libc is gone afterwards.
 */
void shed_supervisor(struct spawn_area *a);

/**
 * host_clone_fn() - clone a host process or thread that starts in a function on a new stack
 * @flags: CLONE_* and exit signal
 * @stack_top: 16-byte aligned end of its stack
 * @fn: must not return
 * @arg: its argument
 * @tid: with CLONE_PARENT_SETTID: gets the new tid before @fn runs
 * @alive: with CLONE_CHILD_CLEARTID: cleared at the end of a thread that is not the last of its process
 *
 * Return: the new host tid, or negative errno.
 */
int64_t host_clone_fn(uint64_t flags, void *stack_top, void (*fn)(void *), void *arg, int32_t *tid, uint32_t *alive);

/**
 * spawn_prepare() - note what a spawner sheds, and where the vDSO is (supervisor)
 * @a: the area
 * @k: the instance; its vdso and vvar fields are set
 * @keep: what stays mapped, besides the vDSO; sorted by address
 * @nkeep: how many
 *
 * Return: 0 or negative errno.
 */
int spawn_prepare(struct spawn_area *a, struct kernel *k, const struct spawn_range *keep, unsigned int nkeep);

extern const char host_clone_insn[];  /* after host_clone_fn()'s syscall instruction */
extern const char spawn_final_insn[]; /* after the last call a new process makes */

#endif
