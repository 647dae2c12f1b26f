/* SPDX-License-Identifier: MIT
 *
 * What a poll finds depends on when it looks.
 */
#ifndef STEAD_SRC_DIFF_READY_H
#define STEAD_SRC_DIFF_READY_H

#include "src/diff/record.h"

/**
 * ready_otherwise() - do two polls differ only in what was ready when they looked?
 * @a, @b: any two events
 *
 * Errors and ends are none of that; neither is a poll that found nothing.
 */
bool ready_otherwise(const struct event *a, const struct event *b);

#endif
