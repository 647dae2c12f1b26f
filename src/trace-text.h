/* SPDX-License-Identifier: MIT
 *
 * The events of src/trace-events.h as lines of text in strace's format.
 */
#ifndef STEAD_SRC_TRACE_TEXT_H
#define STEAD_SRC_TRACE_TEXT_H

#include <stdbool.h>

#include "src/trace-events.h"

struct trace_text;

struct trace_text_options {
	const char *file; /* output path, or NULL: stderr */
	bool follow;	  /* of all tasks, not of the first alone */
};

/**
 * trace_text_open() - open the output
 * @o: options; not kept
 * @out: what trace_text_close() takes
 * @hooks: filled: to be called by a source of events
 *
 * Return: 0, or negative errno: the output cannot be opened.
 */
int trace_text_open(const struct trace_text_options *o, struct trace_text **out, struct trace_hooks *hooks);

/**
 * trace_text_close() - end an open line and close the output
 * @x: from trace_text_open(); freed
 */
void trace_text_close(struct trace_text *x);

#endif
