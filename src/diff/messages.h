/* SPDX-License-Identifier: MIT
 *
 * Messages of several tasks on one pipe or socket: in which order they come is chance, but those of one task keep theirs.
 */
#ifndef STEAD_SRC_DIFF_MESSAGES_H
#define STEAD_SRC_DIFF_MESSAGES_H

#include "src/diff/compare.h"

/**
 * excuse_messages() - let reads of the same messages in another order pass
 * @t: judged: reads of a stream that differ are no difference any more if each gave what one other task wrote at once, both
 *	sides read the same messages, and those of each writer in one order
 */
void excuse_messages(struct task_comparison *t);

#endif
