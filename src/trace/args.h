/* SPDX-License-Identifier: MIT
 *
 * Arguments whose meaning depends on other arguments: fcntl's and ioctl's third, prctl's, futex's, sockets' options.
 */
#ifndef STEAD_SRC_TRACE_ARGS_H
#define STEAD_SRC_TRACE_ARGS_H

#include "src/trace/format.h"

enum trace_when {
	TRACE_AT_ENTER,
	TRACE_AT_EXIT,
	TRACE_SKIP, /* the argument is not shown */
	TRACE_END,  /* nor are those that follow */
};

struct trace_special {
	const char *decode; /* the DECODE word of syscalls/table */
	enum trace_when (*when)(const struct trace_call *c, unsigned int i); /* NULL: at enter */
	void (*print)(struct trace_buf *b, const struct trace_call *c, unsigned int i);
};

/**
 * trace_special() - how to print an argument by its DECODE word
 * @decode: the word
 *
 * Return: the printer, or NULL: the word names a structure or constants.
 */
const struct trace_special *trace_special(const char *decode);

#endif
