/* SPDX-License-Identifier: MIT
 *
 * What stead run says when it cannot.
 */
#ifndef STEAD_SRC_RUN_ERRORS_H
#define STEAD_SRC_RUN_ERRORS_H

struct run_options;

/**
 * run_error(), run_error_path(), run_error_exec() - say on stderr, in one line, why the program does not run
 * @what: could not be done
 * @option, @path: of the command line; the host's file system refuses it
 * @opt: the program cannot be executed
 * @err: negative errno; run_error_path(): errno
 *
 * Return: the negative of the exit status, for supervisor_run().
 */
int run_error(const char *what, int err);
int run_error_path(const char *option, const char *path, int err);
int run_error_exec(const struct run_options *opt, int err);

#endif
