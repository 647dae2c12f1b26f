/* SPDX-License-Identifier: MIT
 *
 * Strings in the program's memory.
 */
#include "src/trace/mem.h"

#include <string.h>

#include "src/trace/events.h"

#define PAGE 4096

size_t
trace_mem_string(const struct trace_mem *m, uint64_t addr, char *buf, size_t size)
{
	size_t got = 0, n;

	while (got < size) {
		n = PAGE - (addr + got) % PAGE;
		n = m->peek(m->ctx, addr + got, buf + got, n < size - got ? n : size - got);
		got += n;
		if (n == 0 || memchr(buf + got - n, '\0', n))
			break;
	}
	return got;
}
