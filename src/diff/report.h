/* SPDX-License-Identifier: MIT
 *
 * What a comparison found, for people and for machines.
 */
#ifndef STEAD_SRC_DIFF_REPORT_H
#define STEAD_SRC_DIFF_REPORT_H

#include <stdio.h>

#include "src/diff/compare.h"

struct report_options {
	FILE *f;
	bool color;
	unsigned int width, context; /* columns; calls before and after */
	const char *program;	     /* its command line */
	double seconds;
};

/* An expectation that nothing matched. */
struct unmet {
	const char *text;
	unsigned int line;
};

/**
 * report_text() - for people: the first unexpected difference of each task with both traces side by side, then a summary
 * @unmet, @nunmet: expectations that nothing matched
 */
void report_text(const struct report_options *o, const struct comparison *c, const struct unmet *unmet, size_t nunmet);

/**
 * report_json(), report_junit() - for machines: every difference, and the counts
 */
void report_json(const struct report_options *o, const struct comparison *c, const struct unmet *unmet, size_t nunmet);
void report_junit(const struct report_options *o, const struct comparison *c, const struct unmet *unmet, size_t nunmet);

/**
 * report_unexpected() - how many differences have no reason and are steady
 */
size_t report_unexpected(const struct comparison *c);

#endif
