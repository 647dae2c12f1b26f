/* SPDX-License-Identifier: MIT
 *
 * The order of messages, writer by writer.
 */
#include "src/diff/messages.h"

#include <stdlib.h>

#include "src/diff/streams.h"

#define MESSAGES_MAX 2000 /* of one descriptor of a task */

struct message {
	uint64_t hash;
	const struct rtask *writer; /* on the native side */
};

static const struct field *
bytes_of(const struct event *e)
{
	for (unsigned int i = 0; i < e->nfields; i++)
		if (e->fields[i].kind == FIELD_BYTES)
			return &e->fields[i];
	return NULL;
}

static bool
is_read_of(const struct event *e, uint64_t fd)
{
	return is_stream_call(e) && is_input(e) && e->returned && e->result > 0 && event_value(e, "fd", UINT64_MAX) == fd;
}

/* The only other task that wrote just this, or NULL. */
static const struct rtask *
writer_of(const struct run *run, const struct rtask *reader, const struct event *read)
{
	const struct field *got = bytes_of(read), *put;
	const struct rtask *writer = NULL;

	for (size_t i = 0; got && i < run->ntasks; i++) {
		const struct rtask *t = &run->tasks[i];

		for (size_t j = 0; t != reader && !t->handler && j < t->nevents; j++) {
			const struct event *e = &t->events[j];

			if (!is_stream_call(e) || is_input(e) || e->result != read->result || !(put = bytes_of(e)) ||
			    put->len != got->len || put->digest != got->digest || writer == t)
				continue;
			if (writer)
				return NULL;
			writer = t;
		}
	}
	return writer;
}

/* Reads of @fd in a task; their number, MESSAGES_MAX when there are too many. */
static size_t
messages(const struct rtask *t, uint64_t fd, struct message *out)
{
	size_t n = 0;

	for (size_t i = 0; i < t->nevents && n < MESSAGES_MAX; i++)
		if (is_read_of(&t->events[i], fd))
			out[n++].hash = t->events[i].hash;
	return n;
}

static bool
find_writers(const struct task_comparison *t, uint64_t fd, struct message *out)
{
	size_t n = 0;

	for (size_t i = 0; i < t->a->nevents; i++) {
		if (!is_read_of(&t->a->events[i], fd))
			continue;
		out[n].writer = writer_of(t->ra, t->a, &t->a->events[i]);
		if (!out[n++].writer)
			return false;
	}
	return true;
}

/* Give each message of @b the writer of its equal in @a, in order; false if there is none. */
static bool
match(struct message *a, struct message *b, size_t n)
{
	bool *taken = must_alloc(n * sizeof(*taken)), all = true;
	size_t i, j;

	for (i = 0; i < n && all; i++) {
		for (j = 0; j < n && (taken[j] || a[j].hash != b[i].hash); j++)
			;
		all = j < n;
		if (all) {
			taken[j] = true;
			b[i].writer = a[j].writer;
		}
	}
	free(taken);
	return all;
}

/* Does each writer's come in the same order? */
static bool
same_orders(const struct message *a, const struct message *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t before = 0, j;

		for (j = 0; j < i; j++)
			before += a[j].writer == a[i].writer;
		for (j = 0; j < n; j++)
			if (b[j].writer == a[i].writer && before-- == 0)
				break;
		if (j == n || b[j].hash != a[i].hash)
			return false;
	}
	return true;
}

static bool
same_messages(const struct task_comparison *t, uint64_t fd)
{
	struct message *a = must_alloc(MESSAGES_MAX * sizeof(*a)), *b = must_alloc(MESSAGES_MAX * sizeof(*b));
	size_t na = messages(t->a, fd, a), nb = messages(t->b, fd, b);
	bool same = na == nb && na < MESSAGES_MAX && find_writers(t, fd, a) && match(a, b, na) && same_orders(a, b, na);

	free(a);
	free(b);
	return same;
}

/* The descriptor, if all that is in a step are reads of it; else UINT64_MAX. */
static uint64_t
read_in_step(const struct task_comparison *t, size_t i)
{
	const struct align_step s = t->al.steps[i];
	const struct event *a = s.a != ALIGN_NONE ? &t->a->events[s.a] : NULL,
			   *b = s.b != ALIGN_NONE ? &t->b->events[s.b] : NULL;
	uint64_t fd = event_value(a ? a : b, "fd", UINT64_MAX);

	return (!a || is_read_of(a, fd)) && (!b || is_read_of(b, fd)) ? fd : UINT64_MAX;
}

void
excuse_messages(struct task_comparison *t)
{
	for (size_t i = 0; i < t->al.n; i++) {
		uint64_t fd = t->outcome[i] == RULE_DIFFERENT ? read_in_step(t, i) : UINT64_MAX;

		if (fd == UINT64_MAX)
			continue;
		if (!same_messages(t, fd))
			return;
		for (size_t j = i; j < t->al.n; j++)
			if (t->outcome[j] == RULE_DIFFERENT && read_in_step(t, j) == fd)
				t->outcome[j] = RULE_STREAM;
	}
}
