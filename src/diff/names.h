/* SPDX-License-Identifier: MIT
 *
 * Names of tasks. The number of a task says how it was born, and shifts when a program makes one more before it. Its name
 * does not: it is what the kernel calls comm, given by execve(2) (the last part of the path) or by the task itself with
 * prctl(PR_SET_NAME), here not cut off at 15 bytes. A descendant is named by where it is below: the second child of the
 * first child of "build" is "build.0.1", the handlers of SIGCHLD in it "build.0.1 in SIGCHLD".
 */
#ifndef STEAD_SRC_DIFF_NAMES_H
#define STEAD_SRC_DIFF_NAMES_H

#include "src/diff/compare.h"

/**
 * names_of_task() - all that a task can be called by, beside its number
 * @c: names are those of all its runs
 * @path: the task's
 * @each: called for every name, that of the nearest ancestor (or itself) first, the latest name of each first; the text
 *	lives during the call; returns true to stop
 *
 * Return: true if @each stopped it.
 */
bool names_of_task(const struct comparison *c, const char *path, bool (*each)(void *ctx, const char *name), void *ctx);

/**
 * name_matches() - does a pattern mean a task?
 * @pattern: as of fnmatch(3), for the number or one of the names
 */
bool name_matches(const struct comparison *c, const char *path, const char *pattern);

/**
 * names_text() - the names of a task for people
 *
 * Return: " (cc1, gcc.0)" or "", allocated; not those that are the program's name with the same numbers behind.
 */
char *names_text(const struct comparison *c, const char *path);

#endif
