/* SPDX-License-Identifier: MIT
 *
 * The events of src/trace/events.h as lines of text in strace's format, or as its table of counts.
 */
#ifndef STEAD_SRC_TRACE_TEXT_H
#define STEAD_SRC_TRACE_TEXT_H

#include <stdbool.h>

#include "src/syscall-set.h"
#include "src/trace/count.h"
#include "src/trace/events.h"

struct trace_text;

enum trace_stamp { TRACE_STAMP_NONE, TRACE_STAMP_SECONDS, TRACE_STAMP_MICROSECONDS, TRACE_STAMP_EPOCH };

struct trace_text_options {
	const char *file; /* output path, or NULL: stderr */
	bool append;	  /* to the file */
	bool follow;	  /* of all tasks, not of the first alone */
	bool separate;	  /* each task has a file of its own, FILE.TID; needs a file */
	bool no_lines;	  /* print no calls */
	bool counts;	  /* print the table of counts at the end */
	enum trace_sort sort;
	const struct syscall_set *calls; /* only these, or NULL: all */
	uint64_t signals;		 /* not these: bit 0 is signal 1 */
	bool quiet_exit;		 /* no "+++ exited with" */
	bool only_successful, only_failed;
	bool relative;		/* time since the line before */
	bool duration;		/* how long a call took */
	bool numbers;		/* the call's number before its name */
	bool places;		/* where the program is */
	enum trace_stamp stamp; /* when a line began */
	unsigned int column;	/* of results, 0: 40 */
	unsigned char paths, hex; /* as in struct trace_buf */
	bool verbose;
	const char *const
		*only_paths; /* only calls that are given one of these, or a descriptor of it; NULL-ended, or NULL: all */
	unsigned int string_shown; /* bytes of strings and buffers, 0: 32 */
};

/**
 * trace_text_open() - open the output
 * @o: options; what they point to is kept
 * @out: what trace_text_close() takes
 * @hooks: filled: to be called by a source of events
 *
 * Return: 0, or negative errno: the output cannot be opened.
 */
int trace_text_open(const struct trace_text_options *o, struct trace_text **out, struct trace_hooks *hooks);

/**
 * trace_text_close() - end an open line, print the counts and close the output
 * @x: from trace_text_open(); freed
 */
void trace_text_close(struct trace_text *x);

#endif
