/* SPDX-License-Identifier: MIT
 *
 * The supervisor: boots an instance of the kernel, runs one program in it, takes everything down again.
 */
#ifndef STEAD_SRC_SUPERVISOR_H
#define STEAD_SRC_SUPERVISOR_H

struct run_options;

/**
 * supervisor_run() - run a program in a new instance
 * @opt: from run_options_parse()
 *
 * When stead itself fails, it says why on stderr in one line.
 * Return: the program's wait status as waitpid(2) gives it, or the negative of an exit status: -125 stead could not start,
 * -126 the program cannot be executed, -127 it is not found.
 */
int supervisor_run(const struct run_options *opt);

#endif
