/* SPDX-License-Identifier: MIT
 *
 * Copies within a file system. The native side works in an overlay whose upper layer is in memory: there copy_file_range(2)
 * and FICLONE from a file of the host to a new one are EXDEV, and the program copies in another way.
 */
#ifndef STEAD_SRC_DIFF_COPIES_H
#define STEAD_SRC_DIFF_COPIES_H

#include "src/diff/compare.h"

/**
 * excuse_copies() - let such copies pass
 * @t: judged: what the native side does instead, up to the close of the file, is no difference any more. What is in the
 *	files in the end is compared with the tree.
 */
void excuse_copies(struct task_comparison *t);

#endif
