/* SPDX-License-Identifier: MIT
 *
 * Events that have no equal at their place, one by one.
 */
#ifndef STEAD_SRC_DIFF_EXCUSE_H
#define STEAD_SRC_DIFF_EXCUSE_H

#include "src/diff/pass.h"

/**
 * excuse() - what allows that an event has no partner, or not an equal one
 * @p: the task
 * @e: the event
 * @left: it is a native one
 *
 * Return: enum rule, or RULE_DIFFERENT.
 */
int excuse(struct pass *p, const struct event *e, bool left);

/**
 * is_absent() - is an event a call that stead says it does not have?
 * @e: any event
 * @left: it is a native one: then its result says nothing
 */
bool is_absent(const struct event *e, bool left);

#endif
