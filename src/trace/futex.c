/* SPDX-License-Identifier: MIT
 *
 * futex(2): which arguments are looked at, and as what, depends on the operation.
 */
#include "src/trace/futex.h"

#include <linux/futex.h>

#include "src/trace/names.h"
#include "src/trace/structs.h"

static unsigned int
futex_cmd(const struct trace_call *c)
{
	return (uint32_t)c->args[1] & ~(uint32_t)(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
}

void
trace_print_futex_op(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	uint32_t v = (uint32_t)c->args[i];
	const char *name = const_name(const_table("FUTEX_"), futex_cmd(c));

	trace_printf(b, "%s%s%s", name ? name : "FUTEX_???", v & FUTEX_PRIVATE_FLAG ? "_PRIVATE" : "",
		     v & FUTEX_CLOCK_REALTIME ? "|FUTEX_CLOCK_REALTIME" : "");
}

enum trace_when
trace_futex_val_when(const struct trace_call *c, unsigned int i)
{
	switch (futex_cmd(c)) {
	case FUTEX_UNLOCK_PI:
	case FUTEX_TRYLOCK_PI:
		return TRACE_END;
	case FUTEX_LOCK_PI:
		return TRACE_SKIP;
	}
	return TRACE_AT_ENTER;
}

static bool
futex_has_timeout(const struct trace_call *c)
{
	switch (futex_cmd(c)) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
	case FUTEX_WAIT_REQUEUE_PI:
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return true;
	}
	return false;
}

enum trace_when
trace_futex_time_when(const struct trace_call *c, unsigned int i)
{
	switch (futex_cmd(c)) {
	case FUTEX_WAKE:
	case FUTEX_FD:
		return TRACE_END;
	case FUTEX_WAKE_BITSET:
		return TRACE_SKIP;
	}
	return TRACE_AT_ENTER;
}

void
trace_print_futex_time(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	if (futex_has_timeout(c))
		trace_print_struct(b, c, "timespec", c->args[i]);
	else
		trace_printf(b, "%u", (uint32_t)c->args[i]);
}

enum trace_when
trace_futex_addr2_when(const struct trace_call *c, unsigned int i)
{
	switch (futex_cmd(c)) {
	case FUTEX_WAIT:
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return TRACE_END;
	case FUTEX_WAIT_BITSET:
	case FUTEX_WAKE_BITSET:
		return TRACE_SKIP;
	}
	return TRACE_AT_ENTER;
}

enum trace_when
trace_futex_val3_when(const struct trace_call *c, unsigned int i)
{
	return futex_cmd(c) == FUTEX_REQUEUE || futex_cmd(c) == FUTEX_WAIT_REQUEUE_PI ? TRACE_END : TRACE_AT_ENTER;
}

void
trace_print_futex_val3(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	static const char *const ops[] = { "FUTEX_OP_SET", "FUTEX_OP_ADD", "FUTEX_OP_OR", "FUTEX_OP_ANDN", "FUTEX_OP_XOR" };
	static const char *const cmps[] = { "FUTEX_OP_CMP_EQ", "FUTEX_OP_CMP_NE", "FUTEX_OP_CMP_LT",
					    "FUTEX_OP_CMP_LE", "FUTEX_OP_CMP_GT", "FUTEX_OP_CMP_GE" };
	uint32_t v = (uint32_t)c->args[i], op = v >> 28 & 7, cmp = v >> 24 & 15;

	if (futex_cmd(c) == FUTEX_WAKE_OP) {
		trace_printf(b, v >> 31 ? "{FUTEX_OP_OPARG_SHIFT|%s, " : "{%s, ", op < 5 ? ops[op] : "FUTEX_OP_???");
		trace_printf(b, v >> 12 & 0xfff ? "%#x, " : "%x, ", v >> 12 & 0xfff);
		trace_printf(b, "%s, ", cmp < 6 ? cmps[cmp] : "FUTEX_OP_CMP_???");
		trace_printf(b, v & 0xfff ? "%#x}" : "%x}", v & 0xfff);
	} else if ((futex_cmd(c) == FUTEX_WAIT_BITSET || futex_cmd(c) == FUTEX_WAKE_BITSET) && v == UINT32_MAX) {
		trace_printf(b, "FUTEX_BITSET_MATCH_ANY");
	} else {
		trace_printf(b, futex_cmd(c) == FUTEX_CMP_REQUEUE || futex_cmd(c) == FUTEX_CMP_REQUEUE_PI ? "%u" : "%#x", v);
	}
}

void
trace_print_futex_waitv(struct trace_buf *b, const struct trace_mem *m, const void *raw)
{
	const struct {
		uint64_t val, uaddr;
		uint32_t flags, reserved;
	} *w = raw;

	trace_printf(b, "{val=%#llx, uaddr=", (unsigned long long)w->val);
	trace_print_address(b, w->uaddr);
	trace_printf(b, ", flags=");
	trace_print_flags(b, "FUTEX2_*", w->flags);
	trace_printf(b, w->reserved ? ", __reserved=%#x}" : "}", w->reserved);
}
