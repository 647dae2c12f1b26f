/* SPDX-License-Identifier: MIT
 *
 * The host's clocks in nanoseconds.
 */
#ifndef STEAD_SRC_CLOCK_H
#define STEAD_SRC_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_SECOND 1000000000ull

static inline uint64_t
clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SECOND + (uint64_t)ts.tv_nsec;
}

#endif
