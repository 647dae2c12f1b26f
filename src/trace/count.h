/* SPDX-License-Identifier: MIT
 *
 * stead trace -c: how often each call was made, how long it took, how often it failed.
 */
#ifndef STEAD_SRC_TRACE_COUNT_H
#define STEAD_SRC_TRACE_COUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "src/syscall-set.h"

struct trace_buf;

struct trace_count {
	struct trace_counted {
		uint64_t nr, calls, errors, ns;
	} call[SYSCALL_SET_MAX];
};

enum trace_sort { TRACE_SORT_TIME, TRACE_SORT_CALLS, TRACE_SORT_ERRORS, TRACE_SORT_NAME, TRACE_SORT_NONE };

/**
 * trace_count_add() - a call has returned
 * @t: zeroed at first
 * @nr: the call; numbers beyond the table are dropped
 * @ns: how long it took
 * @failed: it returned an error
 */
void trace_count_add(struct trace_count *t, uint64_t nr, uint64_t ns, bool failed);

/**
 * trace_count_print() - the table, as strace prints it
 * @b: appended to
 * @t: the counts; sorted
 * @sort: by what
 */
void trace_count_print(struct trace_buf *b, struct trace_count *t, enum trace_sort sort);

#endif
