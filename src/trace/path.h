/* SPDX-License-Identifier: MIT
 *
 * -P: which calls have to do with a file.
 */
#ifndef STEAD_SRC_TRACE_PATH_H
#define STEAD_SRC_TRACE_PATH_H

#include <stdbool.h>

struct trace_call;

/**
 * trace_path_match() - is a call given one of some paths, or a descriptor that leads there?
 * @c: the call at its beginning
 * @paths: ended by NULL
 */
bool trace_path_match(const struct trace_call *c, const char *const *paths);

#endif
