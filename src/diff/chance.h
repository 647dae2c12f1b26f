/* SPDX-License-Identifier: MIT
 *
 * How far two tasks got that were ended from outside, and how often they went round waiting, is chance.
 */
#ifndef STEAD_SRC_DIFF_CHANCE_H
#define STEAD_SRC_DIFF_CHANCE_H

#include "src/diff/compare.h"

/**
 * ended_by_another() - was a task ended by SIGKILL, or by the exit or execve of another thread? Where that met it is chance.
 */
bool ended_by_another(const struct rtask *t);

/**
 * excuse_cut() - let pass what one of two tasks that were ended from outside did more
 * @t: judged
 */
void excuse_cut(struct task_comparison *t);

/**
 * excuse_rounds() - let pass rounds more of a loop that waits for something, or that goes round as often as chance has it
 * natively
 * @t: judged
 * @left: rounds on the native side
 */
void excuse_rounds(struct task_comparison *t, bool left);

#endif
