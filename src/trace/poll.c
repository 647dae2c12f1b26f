/* SPDX-License-Identifier: MIT
 *
 * What poll(2), select(2) and epoll_wait(2) wait for, as text.
 */
#include "src/trace/poll.h"

#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>

#include "src/trace/structs.h"

void
trace_print_pollfd(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct pollfd *p = raw;

	trace_printf(b, "{fd=");
	trace_print_fd(b, m, p->fd);
	if (p->fd >= 0) {
		trace_printf(b, ", events=");
		trace_print_flags(b, "POLLEV_*", (uint16_t)p->events);
	}
	trace_printf(b, "}");
}

void
trace_print_epoll_event(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	struct epoll_event ev;

	memcpy(&ev, raw, sizeof(ev));
	trace_printf(b, "{events=");
	trace_print_flags(b, "EPOLLEV_*", ev.events);
	trace_printf(b, ", data={u32=%u, u64=%llu}}", ev.data.u32, (unsigned long long)ev.data.u64);
}

#define FDSET_SHOWN (1u << 16)

/* How many bytes of a set can be read, and are in use. */
static size_t
read_fdset(const struct trace_call *c, uint64_t addr, int n, unsigned char *bits, size_t room)
{
	size_t want;

	if (n < 0 || !addr)
		return 0;
	want = ((size_t)n + 63) / 64 * 8;
	if (want > room)
		want = room;
	return trace_peek(c, addr, bits, want) ? want : 0;
}

bool
trace_fdset_empty(const struct trace_call *c, uint64_t addr, int n)
{
	unsigned char bits[FDSET_SHOWN / 8];
	int fd, max = (int)read_fdset(c, addr, n, bits, sizeof(bits)) * 8;

	for (fd = 0; fd < n && fd < max; fd++) {
		if (bits[fd / 8] & 1 << fd % 8)
			return false;
	}
	return true;
}

void
trace_format_fdset(struct trace_buf *b, const struct trace_call *c, uint64_t addr, int n)
{
	unsigned char bits[FDSET_SHOWN / 8];
	int fd, max = (int)read_fdset(c, addr, n, bits, sizeof(bits)) * 8;
	const char *sep = "";

	if (!addr || n <= 0 || max == 0) {
		trace_print_address(b, addr);
		return;
	}
	trace_printf(b, "[");
	for (fd = 0; fd < n && fd < max; fd++) {
		if (!(bits[fd / 8] & 1 << fd % 8))
			continue;
		trace_printf(b, "%s", sep);
		trace_print_fd(b, c->m, fd);
		sep = " ";
	}
	trace_printf(b, "]");
}
