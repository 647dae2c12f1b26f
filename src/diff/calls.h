/* SPDX-License-Identifier: MIT
 *
 * Kinds of calls.
 */
#ifndef STEAD_SRC_DIFF_CALLS_H
#define STEAD_SRC_DIFF_CALLS_H

#include "src/diff/record.h"

/**
 * is_poll(), is_epoll_wait(), is_wait(), is_wait_any() - is an event such a call?
 * @e: any event
 *
 * is_poll() are all that wait for descriptors. is_wait_any() waits for any child: which one it gives is a matter of who
 * ended first.
 */
bool is_poll(const struct event *e);
bool is_epoll_wait(const struct event *e);
bool is_wait(const struct event *e);
bool is_wait_any(const struct event *e);

#endif
