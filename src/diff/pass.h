/* SPDX-License-Identifier: MIT
 *
 * What the rules for one task know.
 */
#ifndef STEAD_SRC_DIFF_PASS_H
#define STEAD_SRC_DIFF_PASS_H

#include <stdbool.h>

#include "src/diff/compare.h"
#include "src/diff/streams.h"

struct pass {
	struct task_comparison *t;
	const struct run *rb;
	struct comparison *c;
	bool order_differs, tasks_meet, stream_used;
	bool have_streams; /* the next two are known */
	struct stream_total streams[2][2][STREAMS]; /* of each side */
};

#endif
