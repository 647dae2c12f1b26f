/* SPDX-License-Identifier: MIT
 *
 * The summary of stead trace -c. Times are those between the beginning and the end of a call, as strace -c -w has them.
 */
#include "src/trace/count.h"

#include <stdlib.h>
#include <string.h>

#include "src/decode.h"
#include "src/trace/format.h"

void
trace_count_add(struct trace_count *t, uint64_t nr, uint64_t ns, bool failed)
{
	struct trace_counted *c;

	if (nr >= SYSCALL_SET_MAX)
		return;
	c = &t->call[nr];
	c->nr = nr;
	c->calls++;
	c->errors += failed;
	c->ns += ns;
}

static const char *
name_of(const struct trace_counted *c)
{
	const struct syscall_desc *d = syscall_desc(c->nr);

	return d ? d->name : "?";
}

#define DESCENDING(field)                                                                                                   \
	static int by_##field(const void *a, const void *b)                                                                \
	{                                                                                                                  \
		const struct trace_counted *x = a, *y = b;                                                                 \
		return x->field < y->field ? 1 : x->field > y->field ? -1 : strcmp(name_of(x), name_of(y));                 \
	}

DESCENDING(ns)
DESCENDING(calls)
DESCENDING(errors)

static int
by_name(const void *a, const void *b)
{
	return strcmp(name_of(a), name_of(b));
}

static void
print_row(struct trace_buf *b, const struct trace_counted *c, uint64_t all_ns, const char *name)
{
	double seconds = (double)c->ns / 1e9;

	trace_printf(b, "%6.2f %11.6f %11llu %9llu ", all_ns ? 100.0 * (double)c->ns / (double)all_ns : 0.0, seconds,
		     (unsigned long long)(c->calls ? c->ns / 1000 / c->calls : 0), (unsigned long long)c->calls);
	if (c->errors)
		trace_printf(b, "%9llu %s\n", (unsigned long long)c->errors, name);
	else
		trace_printf(b, "%9s %s\n", "", name);
}

void
trace_count_print(struct trace_buf *b, struct trace_count *t, enum trace_sort sort)
{
	static int (*const orders[])(const void *a, const void *b) = { by_ns, by_calls, by_errors, by_name, NULL };
	static const char line[] = "------ ----------- ----------- --------- --------- ----------------\n";
	struct trace_counted total = { .nr = 0 };
	size_t i;

	for (i = 0; i < SYSCALL_SET_MAX; i++) {
		total.calls += t->call[i].calls;
		total.errors += t->call[i].errors;
		total.ns += t->call[i].ns;
	}
	if (orders[sort])
		qsort(t->call, SYSCALL_SET_MAX, sizeof(t->call[0]), orders[sort]);
	trace_printf(b, "%6s %11s %11s %9s %9s %s\n%s", "% time", "seconds", "usecs/call", "calls", "errors", "syscall",
		     line);
	for (i = 0; i < SYSCALL_SET_MAX; i++) {
		if (t->call[i].calls)
			print_row(b, &t->call[i], total.ns, name_of(&t->call[i]));
	}
	trace_printf(b, "%s", line);
	print_row(b, &total, total.ns, "total");
}
