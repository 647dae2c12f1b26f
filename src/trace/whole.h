/* SPDX-License-Identifier: MIT
 *
 * Calls that strace writes in another order than that of their arguments.
 */
#ifndef STEAD_SRC_TRACE_WHOLE_H
#define STEAD_SRC_TRACE_WHOLE_H

#include "src/trace/format.h"

struct trace_whole {
	const char *name;
	/* Print everything between the parentheses. */
	bool (*enter)(struct trace_buf *b, struct trace_call *c); /* returns whether exit has more */
	void (*exit)(struct trace_buf *b, const struct trace_call *c);
};

/**
 * trace_whole() - how to print a whole call
 * @name: its name
 *
 * Return: the printer, or NULL: argument by argument.
 */
const struct trace_whole *trace_whole(const char *name);

#endif
