/* SPDX-License-Identifier: MIT
 *
 * Two events that stand at one place, compared field by field.
 */
#ifndef STEAD_SRC_DIFF_PAIR_H
#define STEAD_SRC_DIFF_PAIR_H

#include "src/diff/pass.h"

/**
 * compare_pair() - compare two events
 * @p: the task
 * @step: in its alignment
 * @a, @b: the native event and stead's
 * @report: note each difference; else only say whether there is one
 *
 * Return: enum rule, or RULE_DIFFERENT.
 */
int compare_pair(struct pass *p, size_t step, const struct event *a, const struct event *b, bool report);

/**
 * same_but_descriptors() - are two events equal but for numbers of descriptors? Those say how many others were open just
 * then.
 * @a, @b: any two events
 * @ra, @rb: their runs
 */
bool same_but_descriptors(const struct event *a, const struct run *ra, const struct event *b, const struct run *rb);

/**
 * note_difference() - count a difference, and add it to the comparison if there is one
 * @p: the task
 * @step: in its alignment
 * @a, @b: the native event and stead's; one may be NULL
 * @what: is different
 * @left, @right: as text, or NULL; kept
 */
void note_difference(struct pass *p, size_t step, const struct event *a, const struct event *b, const char *what, char *left,
		     char *right);

#endif
