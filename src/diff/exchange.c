/* SPDX-License-Identifier: MIT
 *
 * Empties the outputs of a running side, and feeds its input. Into a terminal it types: a line at a time, whenever the
 * program has done nothing for a while and so is likely to wait for it, and then end-of-file again and again.
 */
#include "src/diff/exchange.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "src/clock.h"
#include "src/diff/record.h"

#define CHUNK	     65536
#define TICK_NS	     50000000ULL
#define IDLE_LINE_NS 200000000ULL
#define IDLE_END_NS  500000000ULL
#define END_OF_FILE  "\004"

volatile sig_atomic_t exchange_interrupted;

static void
keep(struct channel *c, const unsigned char *data, size_t n)
{
	size_t kept = n < c->limit - c->n ? n : c->limit - c->n;

	if (c->n + kept > c->cap) {
		c->cap = 2 * c->cap + CHUNK;
		c->data = realloc(c->data, c->cap + 1);
		if (!c->data)
			abort();
	}
	memcpy(c->data + c->n, data, kept);
	c->n += kept;
	if (n > kept) {
		c->rest_digest = digest_join(c->rest_digest, digest(data + kept, n - kept), n - kept);
		c->rest += n - kept;
	}
}

static void
drain(struct channel *c)
{
	static unsigned char buf[CHUNK];
	ssize_t n = read(c->fd, buf, sizeof(buf));

	if (n > 0) {
		keep(c, buf, (size_t)n);
	} else if (n == 0 || errno != EAGAIN) { /* a terminal that nobody has open is EIO */
		close(c->fd);
		c->fd = -1;
	}
}

static void
close_input(struct exchange *x)
{
	if (x->in >= 0)
		close(x->in);
	x->in = -1;
}

static void
feed(struct exchange *x)
{
	ssize_t n = write(x->in, x->input + x->fed, x->input_len - x->fed);

	if (n > 0)
		x->fed += (size_t)n;
	if ((n < 0 && errno != EAGAIN) || x->fed == x->input_len)
		close_input(x);
}

/* Return: whether something was typed. */
static bool
type(struct exchange *x, uint64_t idle)
{
	const char *line = x->input + x->fed, *nl;
	size_t left = x->input_len - x->fed;
	ssize_t n;

	if (left == 0)
		return idle >= IDLE_END_NS && write(x->in, END_OF_FILE, 1) == 1;
	if (idle < IDLE_LINE_NS)
		return false;
	nl = memchr(line, '\n', left);
	n = write(x->in, line, nl ? (size_t)(nl + 1 - line) : left);
	if (n > 0)
		x->fed += (size_t)n;
	return n > 0;
}

/* What the program has done and shown: when this changes, it is not waiting for us. */
static uint64_t
state(const struct exchange *x)
{
	return *x->activity + x->out[0].n + x->out[0].rest;
}

static bool
is_open(const struct exchange *x)
{
	return x->out[0].fd >= 0 || x->out[1].fd >= 0 || x->report.fd >= 0;
}

enum exchange_end
exchange_run(struct exchange *x, int timeout)
{
	uint64_t at = clock_ns(CLOCK_MONOTONIC), end = at + (uint64_t)timeout * 1000000000, seen = 0, since = at, wait;
	struct channel *channels[3] = { &x->out[0], &x->out[1], &x->report };
	struct pollfd p[4];

	for (; is_open(x); at = clock_ns(CLOCK_MONOTONIC)) {
		if (exchange_interrupted)
			return EXCHANGE_INTERRUPTED;
		if (at >= end)
			return EXCHANGE_LATE;
		for (int i = 0; i < 3; i++)
			p[i] = (struct pollfd){ .fd = channels[i]->fd, .events = POLLIN };
		p[3] = (struct pollfd){ .fd = x->tty ? -1 : x->in, .events = POLLOUT };
		wait = end - at;
		if (x->tty && wait > TICK_NS)
			wait = TICK_NS;
		if (poll(p, 4, (int)(wait / 1000000) + 1) < 0)
			continue; /* EINTR */
		for (int i = 0; i < 3; i++)
			if (channels[i]->fd >= 0 && p[i].revents)
				drain(channels[i]);
		if (x->in >= 0 && !x->tty && p[3].revents)
			feed(x);
		if (state(x) != seen || (x->tty && x->in >= 0 && type(x, clock_ns(CLOCK_MONOTONIC) - since))) {
			seen = state(x);
			since = clock_ns(CLOCK_MONOTONIC);
		}
	}
	return EXCHANGE_DONE;
}

void
exchange_close(struct exchange *x)
{
	for (int i = 0; i < 2; i++)
		if (x->out[i].fd >= 0)
			close(x->out[i].fd);
	if (x->report.fd >= 0)
		close(x->report.fd);
	close_input(x);
}
