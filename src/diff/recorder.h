/* SPDX-License-Identifier: MIT
 *
 * From the events of a running program (src/trace/events.h) to records in a file.
 */
#ifndef STEAD_SRC_DIFF_RECORDER_H
#define STEAD_SRC_DIFF_RECORDER_H

#include "src/diff/record.h"
#include "src/trace/events.h"

struct recorded_task;

struct recorder {
	struct record_sink sink;
	struct recorded_task *tasks; /* the living */
	uint32_t next_id;
	bool init_first; /* the first task is only the init of a namespace: the second counts as the first */
	bool native; /* tids are the host's: the program may see others */
};

/**
 * recorder_init() - start recording
 * @r: filled
 * @f: where records go
 * @native: the source is the host's kernel
 * @hooks: filled, to be called by a source of events
 */
void recorder_init(struct recorder *r, FILE *f, bool native, struct trace_hooks *hooks);

#endif
