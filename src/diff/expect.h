/* SPDX-License-Identifier: MIT
 *
 * Known differences. A line of the file: TASK CALL WHAT : REASON, where the first three are patterns as of fnmatch(3). A
 * task is known by its number and by its names (names.h). CALL with a parenthesis is a pattern for the whole call as the
 * report shows it; WHAT with an equals sign for WHAT=NATIVE|STEAD. A line that begins with host<X.Y or host>=X.Y counts on
 * such hosts only; a difference of the run as a whole has the task "-" and the call "status", "stdout", "stderr", or the
 * path in the tree.
 */
#ifndef STEAD_SRC_DIFF_EXPECT_H
#define STEAD_SRC_DIFF_EXPECT_H

#include "src/diff/report.h"

struct expectations;

/**
 * expect_read() - read a file of known differences
 * @file: its path
 * @out: lives as long as the process
 *
 * Return: 0, or -1 after saying on stderr what is wrong.
 */
int expect_read(const char *file, struct expectations **out);

/**
 * expect_apply() - give every known difference its reason
 * @x: from expect_read(), or NULL
 * @unmet: allocated: those that matched nothing
 *
 * Return: how many are unmet.
 */
size_t expect_apply(struct expectations *x, struct comparison *c, struct unmet **unmet);

#endif
