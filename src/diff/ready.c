/* SPDX-License-Identifier: MIT
 *
 * What a poll finds depends on when it looks.
 */
#include "src/diff/ready.h"

#include <poll.h>

#include "src/diff/calls.h"

/* How many of the events that it gave are @bits. */
static unsigned int
events_of(const struct event *e, uint64_t bits)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < e->nfields; i++)
		n += e->fields[i].out && e->fields[i].kind == FIELD_FLAGS && e->fields[i].value == bits;
	return n;
}

/* Did one look a little later, and found more beside what the other found? */
static bool
found_more(const struct event *a, const struct event *b)
{
	const struct event *less = a->result < b->result ? a : b, *more = less == a ? b : a;

	if (!is_epoll_wait(a) || a->nr != b->nr || less->result <= 0 || less->result == more->result)
		return false;
	for (unsigned int i = 0; i < less->nfields; i++) {
		const struct field *f = &less->fields[i];

		if (f->out && f->kind == FIELD_FLAGS && events_of(less, f->value) > events_of(more, f->value))
			return false;
	}
	return true;
}

/* Two polls that differ in what was ready when they looked. Errors and ends are none of that. */
static bool
same_but_readiness(const struct event *a, const struct event *b)
{
	if (!is_poll(a) || a->nr != b->nr || a->nfields != b->nfields || a->result <= 0 || b->result <= 0)
		return false;
	for (unsigned int i = 0; i < a->nfields; i++) {
		const struct field *x = &a->fields[i], *y = &b->fields[i];

		if (x->value != y->value && x->kind == FIELD_FLAGS &&
		    (!x->out || ((x->value ^ y->value) & (POLLERR | POLLHUP | POLLNVAL))))
			return false;
	}
	return true;
}

bool
ready_otherwise(const struct event *a, const struct event *b)
{
	return same_but_readiness(a, b) || found_more(a, b);
}
