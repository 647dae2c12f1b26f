/* SPDX-License-Identifier: MIT
 *
 * fcntl(2)'s third argument: a number, flags, or a structure that is read or filled in, as the command says.
 */
#include "src/trace/fcntl.h"

#include <fcntl.h>

enum trace_when
trace_fcntl_when(const struct trace_call *c, unsigned int i)
{
	switch ((int)c->args[1]) {
	case F_GETFD:
	case F_GETFL:
	case F_GETOWN:
	case F_GETSIG:
	case F_GETLEASE:
	case F_GETPIPE_SZ:
	case F_GET_SEALS:
		return TRACE_END;
	case F_GETLK:
	case F_OFD_GETLK:
	case F_GETOWN_EX:
		return TRACE_AT_EXIT;
	}
	return TRACE_AT_ENTER;
}

static void
print_flock(struct trace_buf *b, const struct trace_call *c, uint64_t addr, bool pid)
{
	struct flock fl;

	if (!trace_peek(c, addr, &fl, sizeof(fl))) {
		trace_print_address(b, addr);
		return;
	}
	trace_printf(b, "{l_type=");
	trace_print_enum(b, "F_LK", (uint16_t)fl.l_type);
	trace_printf(b, ", l_whence=");
	trace_print_enum(b, "SEEK_", (uint16_t)fl.l_whence);
	trace_printf(b, ", l_start=%lld, l_len=%lld", (long long)fl.l_start, (long long)fl.l_len);
	trace_printf(b, pid ? ", l_pid=%d}" : "}", fl.l_pid);
}

static void
print_owner(struct trace_buf *b, const struct trace_call *c, uint64_t addr)
{
	static const char *const types[] = { "F_OWNER_TID", "F_OWNER_PID", "F_OWNER_PGRP" };
	struct {
		int type, pid;
	} ox;

	if (!trace_peek(c, addr, &ox, sizeof(ox)))
		trace_print_address(b, addr);
	else if (ox.type >= 0 && ox.type <= 2)
		trace_printf(b, "{type=%s, pid=%d}", types[ox.type], ox.pid);
	else
		trace_printf(b, "{type=%#x /* F_OWNER_??? */, pid=%d}", ox.type, ox.pid);
}

void
trace_print_fcntl(struct trace_buf *b, const struct trace_call *c, unsigned int i)
{
	uint64_t v = c->args[i];
	bool failed = c->done && c->result < 0;

	switch ((int)c->args[1]) {
	case F_SETFD:
		trace_print_flags(b, "FD_*", v);
		break;
	case F_SETFL:
		trace_print_flags(b, "O_*", v);
		break;
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
	case F_SETOWN:
	case F_SETPIPE_SZ:
		trace_printf(b, "%d", (int)v);
		break;
	case F_SETSIG:
		trace_format_signal(b, (int)v);
		break;
	case F_SETLEASE:
		trace_print_enum(b, "F_LK", v);
		break;
	case F_NOTIFY:
		trace_print_flags(b, "DN_*", v);
		break;
	case F_ADD_SEALS:
		trace_print_flags(b, "F_SEAL_*", v);
		break;
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		print_flock(b, c, v, false);
		break;
	case F_GETLK:
	case F_OFD_GETLK:
		if (failed)
			trace_print_address(b, v);
		else
			print_flock(b, c, v, true);
		break;
	case F_SETOWN_EX:
	case F_GETOWN_EX:
		if (failed)
			trace_print_address(b, v);
		else
			print_owner(b, c, v);
		break;
	default:
		trace_printf(b, "%#llx", (unsigned long long)v);
	}
}
