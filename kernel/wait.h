/* SPDX-License-Identifier: MIT
 *
 * Waiting for children: wait4(2), waitid(2).
 */
#ifndef STEAD_KERNEL_WAIT_H
#define STEAD_KERNEL_WAIT_H

#include "kernel/task.h"

/* asm-generic struct rusage. */
struct k_rusage {
	struct k_timeval utime, stime;
	int64_t maxrss, ixrss, idrss, isrss, minflt, majflt, nswap, inblock, oublock, msgsnd, msgrcv, nsignals, nvcsw, nivcsw;
};

/* What is waited for, and what was found. */
struct wait_opts {
	int flags;	  /* WNOHANG ... __WALL */
	int type;	  /* enum pid_type, or PIDTYPE_MAX: any child */
	struct pid *pid;

	int ret;	  /* the pid found, 0 or negative errno */
	int status;	  /* wait4's */
	int code, value;  /* waitid's si_code and si_status */
	uint32_t uid;
	bool want_rusage;
	struct k_rusage rusage;
};

/**
 * do_wait() - wait for a change of a child
 * @t: the current task
 * @wo: flags, type, pid; the results are set
 *
 * Context: sleeps.
 * Return: the child's pid, 0 (WNOHANG, nothing yet), -ECHILD, -ERESTARTSYS.
 */
int do_wait(struct task *t, struct wait_opts *wo) __must_check;

/**
 * rusage_of() - counts as getrusage(2) shows them
 * @out: filled
 * @times: the counts
 */
void rusage_of(struct k_rusage *out, const struct task_times *times);

#endif
