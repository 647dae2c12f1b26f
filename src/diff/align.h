/* SPDX-License-Identifier: MIT
 *
 * Which event of one sequence stands for which of another.
 */
#ifndef STEAD_SRC_DIFF_ALIGN_H
#define STEAD_SRC_DIFF_ALIGN_H

#include "src/diff/record.h"

#define ALIGN_NONE ((size_t)-1)

/* One step through both sequences: an event of each, or of one with ALIGN_NONE for the other. */
struct align_step {
	size_t a, b;
};

struct alignment {
	struct align_step *steps;
	size_t n;
};

/**
 * align() - pair two sequences
 * @a, @na, @b, @nb: events with hashes
 * @out: every event of both, in order; two that are paired have the same type and number, and as much in common as can be
 * had
 */
void align(const struct event *a, size_t na, const struct event *b, size_t nb, struct alignment *out);

#endif
