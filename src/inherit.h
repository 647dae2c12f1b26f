/* SPDX-License-Identifier: MIT
 *
 * What a program started natively would have inherited from whoever starts the stead command, and which of it is in stead's
 * way.
 */
#ifndef STEAD_SRC_INHERIT_H
#define STEAD_SRC_INHERIT_H

struct kernel_params;
struct task;

/**
 * inherit_note_fds() - remember which descriptors are open and would stay so on execve(2)
 *
 * Context: first of all: what the command opens later is its own.
 */
void inherit_note_fds(void);

/**
 * inherit_fds() - give the first task the command's descriptors
 * @t: it; it has its files
 * @n: 0: those that were noted, but for directories, through which a program could leave its root; else the first @n only
 *
 * Return: 0 or a negative errno.
 */
int inherit_fds(struct task *t, int n);

/**
 * inherit_note() - remember signal dispositions and mask and the umask, before the command changes its own; lift what it can
 *
 * Context: before other threads run.
 */
void inherit_note(void);

/**
 * inherit_params() - the CPUs there are, those to be used, niceness
 * @p: gets them
 */
void inherit_params(struct kernel_params *p);

/**
 * inherit_task() - give the first task what was noted
 * @t: it; it has its sighand and fs
 */
void inherit_task(struct task *t);

/**
 * inherit_advice() - what about the host explains that the instance does not come up
 * @err: the negative errno it failed with
 *
 * Return: text that follows the error's, and says what to do; "" when nothing is known.
 */
const char *inherit_advice(int err);

#endif
