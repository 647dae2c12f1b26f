/* SPDX-License-Identifier: MIT
 *
 * Streams: the bytes of all calls on a descriptor, by length and digest.
 */
#include "src/diff/streams.h"

#include <sys/syscall.h>

bool
is_stream_call(const struct event *e)
{
	switch (e->nr) {
	case SYS_read:
	case SYS_readv:
	case SYS_recvfrom:
	case SYS_recvmsg:
	case SYS_write:
	case SYS_writev:
	case SYS_sendto:
	case SYS_sendmsg:
		return e->type == EVENT_CALL && e->fd_kind == FD_STREAM;
	default:
		return false;
	}
}

bool
is_input(const struct event *e)
{
	return e->nr == SYS_read || e->nr == SYS_readv || e->nr == SYS_recvfrom || e->nr == SYS_recvmsg;
}

static void
add_call(struct stream_total *total, const struct event *e)
{
	uint64_t n = (uint64_t)e->result;

	total->len += n;
	for (unsigned int k = 0; k < e->nfields; k++) {
		const struct field *f = &e->fields[k];

		if (f->kind != FIELD_BYTES || f->len < n) /* a write may have taken less */
			continue;
		total->digest =
			digest_join(total->digest, f->len == n ? f->digest : digest(f->bytes, f->kept < n ? f->kept : n), n);
		return;
	}
}

void
stream_total(const struct rtask *t, uint64_t fd, bool input, struct stream_total *total)
{
	*total = (struct stream_total){ 0, 0 };
	for (size_t i = 0; i < t->nevents; i++) {
		const struct event *e = &t->events[i];
		const struct field *f;

		if (is_stream_call(e) && is_input(e) == input && e->result > 0 && (f = field_by_name(e, "fd")) &&
		    f->value == fd)
			add_call(total, e);
	}
}

uint64_t
spliced(const struct rtask *t, const struct event *e)
{
	uint64_t in = event_value(e, "fd_in", 0), out = event_value(e, "fd_out", 0), sum = 0;

	for (size_t i = 0; e->type == EVENT_CALL && e->nr == SYS_splice && i < t->nevents; i++) {
		const struct event *o = &t->events[i];

		if (o->type == EVENT_CALL && o->nr == SYS_splice && o->returned && o->result > 0 &&
		    event_value(o, "fd_in", 0) == in && event_value(o, "fd_out", 0) == out)
			sum += (uint64_t)o->result;
	}
	return sum;
}

void
stream_totals(const struct rtask *t, struct stream_total out[2][STREAMS])
{
	for (size_t i = 0; i < t->nevents; i++) {
		const struct event *e = &t->events[i];
		const struct field *f;

		if (is_stream_call(e) && e->result > 0 && (f = field_by_name(e, "fd")) && f->value < STREAMS)
			add_call(&out[is_input(e)][f->value], e);
	}
}

void
stream_learn(struct rtask *t, const struct rtask *other)
{
	struct stream_total a[2][STREAMS] = { 0 }, b[2][STREAMS] = { 0 };

	stream_totals(t, a);
	stream_totals(other, b);
	for (int input = 0; input < 2; input++)
		for (int fd = 0; fd < STREAMS; fd++)
			if (a[input][fd].len != b[input][fd].len || a[input][fd].digest != b[input][fd].digest)
				t->stream_varies[input] |= 1ULL << fd;
}
