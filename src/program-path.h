/* SPDX-License-Identifier: MIT
 *
 * Where execvp(3) looks for a program.
 */
#ifndef STEAD_SRC_PROGRAM_PATH_H
#define STEAD_SRC_PROGRAM_PATH_H

/**
 * program_candidates() - every place where a program may be, in the order in which they are tried
 * @name: a path, or a name to look up
 * @envp: with PATH
 *
 * Return: paths, ended by NULL; they are not freed.
 */
const char **program_candidates(const char *name, char *const envp[]);

#endif
