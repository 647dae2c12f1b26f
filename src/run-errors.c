/* SPDX-License-Identifier: MIT
 *
 * What stead run says when it cannot.
 */
#include "src/run-errors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "src/inherit.h"
#include "src/options.h"

int
run_error(const char *what, int err)
{
	fprintf(stderr, "stead run: cannot %s: %s%s\n", what, strerror(-err), inherit_advice(err));
	return -EXIT_STEAD_FAILED;
}

int
run_error_path(const char *option, const char *path, int err)
{
	fprintf(stderr, "stead run: %s=%s: %s%s\n", option, path, strerror(err),
		err == ENOENT || err == ENOTDIR ? ": name something that exists on the host" : inherit_advice(-err));
	return -EXIT_STEAD_FAILED;
}

int
run_error_exec(const struct run_options *opt, int err)
{
	if (err == -ENOENT || err == -ENOTDIR) {
		fprintf(stderr, "stead run: %s: not found; give a path, or a name in PATH\n", opt->argv[0]);
		return -EXIT_NOT_FOUND;
	}
	fprintf(stderr, "stead run: %s: cannot execute: %s\n", opt->argv[0], strerror(-err));
	return -EXIT_NOT_EXECUTABLE;
}
