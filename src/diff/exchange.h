/* SPDX-License-Identifier: MIT
 *
 * What flows between the stead command and one side of a comparison while that runs: output, the report of its first
 * process, input. Memory is bounded whatever the program writes.
 */
#ifndef STEAD_SRC_DIFF_EXCHANGE_H
#define STEAD_SRC_DIFF_EXCHANGE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUTPUT_KEPT (16u << 20) /* bytes of each output that are compared line by line; of more, length and digest */
#define REPORT_MAX  (64u << 20)

/* One direction. */
struct channel {
	int fd; /* our end, or -1 */
	unsigned char *data;
	size_t n, cap, limit;
	uint64_t rest, rest_digest; /* what came after @limit bytes */
};

struct exchange {
	struct channel out[2]; /* with a terminal: what it shows, and what its keeper complains of */
	struct channel report;
	int in; /* our end of standard input, or -1 */
	bool tty;
	const char *input; /* what to feed or type */
	size_t input_len, fed;
	const volatile uint64_t *activity; /* changes with everything that the program does */
};

extern volatile sig_atomic_t exchange_interrupted; /* a signal that tells us to stop, or 0 */

enum exchange_end { EXCHANGE_DONE, EXCHANGE_LATE, EXCHANGE_INTERRUPTED };

/**
 * exchange_run() - until the report and both outputs are closed
 * @x: its descriptors do not block
 * @timeout: seconds
 *
 * Return: how it ended.
 */
enum exchange_end exchange_run(struct exchange *x, int timeout);

/**
 * exchange_close() - close what is open
 * @x: its data stay
 */
void exchange_close(struct exchange *x);

#endif
