/* SPDX-License-Identifier: MIT
 *
 * Bytes that go through pipes, sockets and terminals: how they are cut into calls is chance, what they are together is not.
 */
#ifndef STEAD_SRC_DIFF_STREAMS_H
#define STEAD_SRC_DIFF_STREAMS_H

#include "src/diff/record.h"

#define STREAMS 64 /* descriptors that are learned of */

struct stream_total {
	uint64_t len, digest;
};

/**
 * is_stream_call(), is_input() - does a call read or write a stream; does it read
 */
bool is_stream_call(const struct event *e);
bool is_input(const struct event *e);

/**
 * stream_total() - everything that went through a descriptor of a task in one direction
 * @total: filled
 */
void stream_total(const struct rtask *t, uint64_t fd, bool input, struct stream_total *total);

/**
 * stream_totals() - the same of all descriptors below STREAMS
 * @out: by direction (1: in) and descriptor; zeroed
 */
void stream_totals(const struct rtask *t, struct stream_total out[2][STREAMS]);

/**
 * spliced() - how much a task moved with calls of splice(2) like this one
 * @e: the call; or any other: then 0
 */
uint64_t spliced(const struct rtask *t, const struct event *e);

/**
 * stream_learn() - mark the streams of a task that another native run has otherwise
 * @t: ->stream_varies is added to
 * @other: the same task of the other run
 */
void stream_learn(struct rtask *t, const struct rtask *other);

#endif
